"""Rows in any kind of frame: every cell is the state it says, or the row, the column and the reason are named."""

from __future__ import annotations

import decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import scm
from scm import Bernoulli, Encoded, Model, Variable

N = 7
STATES: dict[str, tuple[Any, ...]] = {
    "label": ("low", "middle", "high"),
    "truth": (False, True),
    "number": (0, 1, 2),
    "sparse": (-5, 3, 100_000),
    "float": (0.1, 0.5, 2.0),
    "mixed": (0, 1, "many"),
    "digits": ("3", "2", "1"),
    "places": ("0", "1", "2"),
}


def law(cause: int, states: int) -> tuple[float, ...]:
    """Every state has a chance of its own, so that an answer tells which one was read."""
    weights = [1 + cause * i * i for i in range(states)]
    return tuple(w / sum(weights) for w in weights)


def is_(name: str, state: Any) -> scm.Op:
    return scm.Op("=", (scm.Var(name), scm.Const(state)))


MODEL = Model(
    Variable("C", (0, 1), noise=Bernoulli(0.3)),
    *(Variable(name, s, parents=("C",), table={c: law(c, len(s)) for c in (0, 1)}) for name, s in STATES.items()),
)
WANTED = {
    name: [scm.ask(MODEL, scm.Probability(is_("C", 1), is_(name, state))).value for state in states]
    for name, states in STATES.items()
}
CODES = np.array([0, 1, 1, 0, 1, 0, 0])


def found(name: str, column: object) -> list[int]:
    """The position of the state that the engine reads in each cell; -1 where it reads none."""
    answer = scm.ask(MODEL, "P(C=1)", rows={name: column})
    values = np.atleast_1d(np.asarray(answer.value))
    points = np.array([0.3, *WANTED[name]])
    return (np.abs(values[:, None] - points[None, :]).argmin(axis=1) - 1).tolist()


def problem(name: str, column: object) -> str:
    with pytest.raises(scm.InvalidRows) as caught:
        scm.ask(MODEL, "P(C=1)", rows={name: column})
    return str(caught.value)


# ---------------------------------------------------------------------------------------------------------------------
# Kinds of column


def text(codes: np.ndarray[Any, Any], name: str = "label") -> np.ndarray[Any, Any]:
    return np.array(STATES[name], dtype=object)[codes]


KINDS: dict[str, tuple[str, Any]] = {
    "list of labels": ("label", text(CODES).tolist()),
    "tuple": ("label", tuple(text(CODES))),
    "positions of labels": ("label", CODES.tolist()),
    "array of positions": ("label", CODES.astype(np.uint8)),
    "floats that are positions": ("label", CODES.astype(float)),
    "fixed width": ("label", text(CODES).astype(str)),
    "fixed width, wider": ("label", text(CODES).astype("U40")),
    "fixed width, other byte order": ("label", text(CODES).astype(str).astype(">U9")),
    "every second of an array": ("label", np.repeat(text(CODES).astype(str), 2)[::2]),
    "bytes": ("label", text(CODES).astype("S")),
    "objects": ("label", text(CODES)),
    "variable width": ("label", text(CODES).astype(np.dtypes.StringDType())),
    "NumPy scalars": ("label", list(text(CODES).astype(str))),
    "encoded": ("label", Encoded(CODES, ("low", "middle"))),
    "pandas strings": ("label", pd.Series(text(CODES).tolist())),
    "pandas objects": ("label", pd.Series(text(CODES), dtype=object)),
    "pandas categorical": ("label", pd.Categorical(text(CODES), categories=["middle", "unused", "low"])),
    "pandas index": ("label", pd.Index(text(CODES).tolist())),
    "pandas integers": ("number", pd.Series(CODES)),
    "pandas nullable integers": ("number", pd.Series(CODES, dtype="Int8")),
    "pandas truth": ("truth", pd.Series(CODES.astype(bool), dtype="boolean")),
    "pandas over Arrow": ("label", pd.Series(text(CODES).tolist(), dtype=pd.ArrowDtype(pa.string()))),
    "polars strings": ("label", pl.Series(text(CODES).tolist())),
    "polars categories": ("label", pl.Series(text(CODES).tolist(), dtype=pl.Categorical)),
    "polars enumeration": ("label", pl.Series(text(CODES).tolist(), dtype=pl.Enum(["high", "middle", "low"]))),
    "polars integers": ("number", pl.Series(CODES, dtype=pl.UInt8)),
    "polars truth": ("truth", pl.Series(CODES.astype(bool))),
    "Arrow strings": ("label", pa.array(text(CODES).tolist())),
    "Arrow large strings": ("label", pa.array(text(CODES).tolist(), pa.large_string())),
    "Arrow dictionary": ("label", pa.array(text(CODES).tolist()).dictionary_encode()),
    "Arrow dictionary of unsigned": (
        "label",
        pa.array(text(CODES).tolist()).cast(pa.dictionary(pa.uint8(), pa.string())),
    ),
    "Arrow chunks": ("label", pa.chunked_array([text(CODES)[:2].tolist(), text(CODES)[2:].tolist()])),
    "Arrow chunks of dictionaries": (
        "label",
        pa.chunked_array([pa.array(text(CODES)[a:b].tolist()).dictionary_encode() for a, b in ((0, 1), (1, N))]),
    ),
    "Arrow integers": ("number", pa.array(CODES)),
    "Arrow truth": ("truth", pa.array(CODES.astype(bool))),
    "truth as numbers": ("truth", CODES),
    "numbers as truth": ("number", CODES.astype(bool)),
    "numbers as floats": ("number", CODES.astype(np.float32)),
    "sparse": ("sparse", np.array([-5, 3])[CODES]),
    "sparse and small": ("sparse", np.array([-5, 3], dtype=np.int8)[CODES]),
    "sparse as floats": ("sparse", np.array([-5.0, 3.0])[CODES]),
    "floats": ("float", np.array([0.1, 0.5])[CODES]),
    "floats of single precision": ("float", np.array([0.1, 0.5], dtype=np.float32)[CODES]),
    "decimals": ("float", [decimal.Decimal("0.5"), 0.1]),
    "mixed": ("mixed", [1, "many", True]),
    "numerals": ("digits", ["3", "2"]),
    "numerals at their places": ("places", [0, 1]),
}
SHORT = {"decimals": [1, 0], "mixed": [1, 2, 1], "numerals": [0, 1], "numerals at their places": [0, 1]}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_columns(kind: str) -> None:
    name, column = KINDS[kind]
    assert found(name, column) == SHORT.get(kind, CODES.tolist())


def test_large_numbers_far_apart() -> None:
    column = np.array([-5, 100_000, 3], dtype=np.int64)
    assert found("sparse", column) == [0, 2, 1]
    assert "Row 2, column 'sparse': 18446744073709551615 is not" in problem(
        "sparse", np.array([3, 2**64 - 1], dtype=np.uint64)
    )


EMPTY: dict[str, tuple[str, Any]] = {
    "None": ("label", ["low", None]),
    "NaN among labels": ("label", ["low", float("nan")]),
    "NaN": ("number", np.array([0, np.nan])),
    "NaN among positions": ("label", np.array([0, np.nan])),
    "NA": ("label", ["low", pd.NA]),
    "NaT": ("label", ["low", pd.NaT]),
    "NumPy's NaT": ("label", ["low", np.datetime64("NaT")]),
    "masked numbers": ("number", np.ma.MaskedArray([0, 77], mask=[False, True])),
    "masked text": ("label", np.ma.MaskedArray(["low", "?"], mask=[False, True])),
    "pandas": ("label", pd.Series(["low", None])),
    "pandas objects": ("label", pd.Series(["low", None], dtype=object)),
    "pandas floats": ("number", pd.Series([0, None])),
    "pandas nullable": ("number", pd.Series([0, None], dtype="Int64")),
    "pandas categorical": ("label", pd.Categorical(["low", None])),
    "polars": ("label", pl.Series(["low", None])),
    "polars categories": ("label", pl.Series(["low", None], dtype=pl.Categorical)),
    "polars numbers": ("number", pl.Series([0, None])),
    "polars NaN": ("number", pl.Series([0.0, float("nan")])),
    "polars truth": ("truth", pl.Series([False, None])),
    "Arrow": ("label", pa.array(["low", None])),
    "Arrow dictionary": ("label", pa.array(["low", None]).dictionary_encode()),
    "Arrow dictionary of unsigned": ("label", pa.array(["low", None]).cast(pa.dictionary(pa.uint8(), pa.string()))),
    "Arrow dictionary with null in it": ("label", pa.DictionaryArray.from_arrays([0, 1], pa.array(["low", None]))),
    "Arrow numbers": ("number", pa.array([0, None])),
    "Arrow truth": ("truth", pa.array([False, None])),
    "encoded": ("label", Encoded(np.array([0, -1]), ("low",))),
}


@pytest.mark.parametrize("kind", EMPTY)
def test_empty_cells(kind: str) -> None:
    name, column = EMPTY[kind]
    assert found(name, column) == [0, -1]


def test_a_column_of_nothing() -> None:
    for column in (pa.nulls(2), pl.Series([None, None]), [None, None], pd.Series([None, None]), np.full(2, np.nan)):
        assert found("label", column) == [-1, -1]


@pytest.mark.parametrize(
    ("name", "column", "words"),
    [
        (
            "label",
            ["low", "hihg"],
            "Row 2, column 'label': 'hihg' is not a state of 'label'; its states are 'low', 'mid",
        ),
        ("label", ["low", "hihg"], "Did you mean 'high'?"),
        ("label", np.array(["low", "hihg"]), "Row 2, column 'label': 'hihg'"),
        ("label", np.array(["lo"]), "Row 1, column 'label': 'lo'"),
        ("label", ["low", 3], "Row 2, column 'label': 3 is not"),
        ("label", ["low", 3], "a whole number from 0 to 2 is a position among them"),
        ("label", np.array([0, -1]), "Row 2, column 'label': -1 is not"),
        ("label", np.array([0, 0.5]), "Row 2, column 'label': 0.5 is not"),
        ("label", [True], "True is not a state"),
        ("label", np.array([False]), "False is not a state"),
        ("digits", [1], "look like numbers, so a number could be a label or a place: give text"),
        ("digits", np.array([1]), "give text"),
        ("number", ["1"], "The cell is text; give the value"),
        ("number", np.array(["1"]), "The cell is text; give the value"),
        ("number", [1, [2]], "Row 2, column 'number': [2] is not"),
        ("number", [1, np.array([2, 3])], "Row 2, column 'number'"),
        ("number", np.array([1, np.inf]), "Row 2, column 'number': inf"),
        ("number", np.array([1, 2], dtype=np.int64) * 10**12, "Row 1, column 'number': 1000000000000"),
        ("number", np.array([1j]), "an array of complex128; numbers, truth values or text are wanted"),
        ("number", np.array(["2020-01-01"], dtype="datetime64[ns]"), "an array of datetime64"),
        ("number", np.zeros((2, 2)), "an array of shape (2, 2); one value a row is wanted"),
        ("number", np.array(1), "an array of shape (); one value a row is wanted"),
        ("number", pd.DataFrame({"a": [1]}), "a table of its own"),
        ("number", pd.Series(pd.to_datetime(["2020-01-01"])), "datetime64"),
        ("number", pd.Series(["0", "7"]), "Row 1, column 'number': '0'"),
        ("number", pl.Series(["0", "7"]), "Row 1, column 'number': '0'"),
        ("number", pl.Series([0, 7]), "Row 2, column 'number': 7"),
        ("number", pa.array([None, 7]), "Row 2, column 'number': 7"),
        ("label", pd.Categorical(["low", "none"]), "Row 2, column 'label': 'none'"),
        ("label", pl.Series(["low", "none"], dtype=pl.Categorical), "Row 2, column 'label': 'none'"),
        ("label", pa.array(["low", "none"]).dictionary_encode(), "Row 2, column 'label': 'none'"),
        ("label", "low", "The column 'label' is str; a list of values is wanted"),
        ("label", {"low"}, "The column 'label' is set; a list of values is wanted"),
        ("label", {0: "low"}, "The column 'label' is dict; a list of values is wanted"),
        ("label", (x for x in ["low"]), "The column 'label' is generator; make it a list"),
        ("label", ["low", "nan"], "Leave the cell empty where nothing was observed"),
    ],
)
def test_cells_that_are_no_state(name: str, column: Any, words: str) -> None:
    assert words in problem(name, column)


def test_an_error_carries_its_row() -> None:
    with pytest.raises(scm.InvalidRows) as caught:
        scm.ask(MODEL, "P(C=1)", rows={"number": [0, 5]})
    assert (caught.value.row, caught.value.problem[:17]) == (2, "column 'number': ")


def test_codes_of_an_encoded_column_are_checked() -> None:
    for codes in ([0, 2], [-2, 0]):
        with pytest.raises(scm.InvalidRows, match="run from -1 to 1"):
            Encoded(np.array(codes), ("low", "high"))


def test_a_million_rows_of_every_kind() -> None:
    """The states themselves are compared, cell by cell, with what was put in."""
    from scm._codes import code_column
    from scm._frames import column_of

    codes = np.random.default_rng(7).integers(-1, 3, 1_000_000)
    states = STATES["label"]
    words = np.array([*states, None], dtype=object)[codes]
    columns: list[Any] = [
        words,
        words.tolist(),
        pd.Series(words),
        pd.Categorical(words),
        pl.Series(words.tolist()),
        pa.array(words),
        np.where(codes < 0, np.nan, codes),
        Encoded(codes, states),
    ]
    for column in columns:
        assert np.array_equal(code_column("c", "label", column_of("c", column), states), codes)
    full = np.abs(codes)
    fixed = np.array(states)[full]
    assert np.array_equal(code_column("c", "label", column_of("c", fixed), states), full)
    fixed[-1] = "no"
    with pytest.raises(scm.InvalidRows, match="Row 1000000"):
        code_column("c", "label", column_of("c", fixed), states)


# ---------------------------------------------------------------------------------------------------------------------
# Text


def test_text_is_the_state_that_prints_so() -> None:
    def read(name: str, *cells: str) -> list[int]:
        return scm.encode_text(name, name, cells, STATES[name]).codes.tolist()

    assert read("label", "low", " high ", "", " ", "1", "2.0") == [0, 2, -1, -1, 1, 2]
    assert read("truth", "True", "true", "TRUE", "1", "1.0", "False", "0", "") == [1, 1, 1, 1, 1, 0, 0, -1]
    assert read("number", "2", "2.0", "+2", "2e0", "true") == [2, 2, 2, 2, 1]
    assert read("float", "0.1", ".5", "2") == [0, 1, 2]
    assert read("mixed", "many", "1") == [2, 1]
    assert read("digits", "3", "1") == [0, 2]
    for name, cell in [
        ("label", "Low"), ("label", "3"), ("label", "true"), ("number", "1_0"), ("number", "nan"), ("digits", "0"),
        ("digits", "1.0"), ("number", "-"), ("number", "²"), ("number", "9" * 400),
    ]:  # fmt: skip
        with pytest.raises(scm.InvalidRows, match="Row 2, column") as caught:
            read(name, "", cell)
        assert caught.value.row == 2
    with pytest.raises(scm.InvalidRows, match="empty text is itself a state"):
        scm.encode_text("a", "a", ["x"], ("", "x"))


# ---------------------------------------------------------------------------------------------------------------------
# Frames in, frames out

DATA = {"label": ["low", "high", None], "x": [1, 0, 1], "id": ["a", "b", "c"]}
QUERY = "P(number=2 | do(C=?x))"


def frames() -> dict[str, Any]:
    return {
        "mapping": DATA,
        "records": [dict(zip(DATA, row, strict=True)) for row in zip(*DATA.values(), strict=True)],
        "records with gaps": [{"label": "low", "x": 1, "id": "a"}, {"label": "high", "x": 0, "id": "b"}, {"x": 1}],
        "pandas": pd.DataFrame(DATA, index=[10, 20, 30]),
        "polars": pl.DataFrame(DATA),
        "arrow": pa.table(DATA),
        "arrow batch": pa.record_batch(DATA),
    }


@pytest.mark.parametrize("kind", frames())
def test_frames(kind: str) -> None:
    rows = frames()[kind]
    answer = scm.ask(MODEL, QUERY, rows=rows, ignored=["id"])
    alone = [
        scm.ask(MODEL, f"P(number[C={x}]=2{'' if w is None else f' | label={w!r}'})").value
        for w, x in zip(DATA["label"], DATA["x"], strict=True)
    ]
    assert answer.value == pytest.approx(alone, abs=1e-15)
    assert answer.text == "P(number[C=?x] = 2 | label = ?label)"
    frame = scm.results_frame(answer, rows)
    if kind == "pandas":
        assert list(frame.index) == [10, 20, 30]
        assert str(frame["value"].dtype) == "Float64"
    elif kind.startswith("records"):
        assert frame[0] == {"value": pytest.approx(alone[0]), "status": "ok"}
        return
    else:
        assert type(frame) is {"polars": pl.DataFrame, "mapping": dict}.get(kind, pa.Table)
    value = frame["value"]
    assert [float(v) for v in (value.to_pylist() if kind.startswith("arrow") else value)] == pytest.approx(alone)


@pytest.mark.parametrize("kind", frames())
def test_an_unknown_column_is_named_unless_ignored(kind: str) -> None:
    rows = frames()[kind]
    with pytest.raises(scm.InvalidRows, match=r"a column 'id' that the query does not use and that is no variable"):
        scm.ask(MODEL, QUERY, rows=rows)
    with pytest.raises(scm.InvalidRows, match=r"no column 'ids' to ignore\. Did you mean 'id'\?"):
        scm.ask(MODEL, QUERY, rows=rows, ignored=["ids"])
    with pytest.raises(scm.InvalidRows, match=r"No column fills \?z"):
        scm.ask(MODEL, "P(number=2 | do(C=?z))", rows=rows, ignored=["id", "x"])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"lable": ["low"], "x": [1]}, "Did you mean 'label'?"),
        (pl.DataFrame(DATA).lazy(), "got LazyFrame. Collect it first"),
        (pd.Series([1]), "got Series"),
        ("label.csv", "got str"),
        (5, "got int"),
        ([{"x": 1}, 5], "Row 2 of the list is int; a dict of names and values is wanted"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "more than one column named 'x'"),
        (pa.table([[1], [2]], names=["x", "x"]), "more than one column named 'x'"),
        ({"x": [1, 0], "label": ["low"]}, "The columns have different lengths: {'x': 2, 'label': 1}"),
        (pd.DataFrame({0: [1], "x": [1]}), "a column 0 that"),
    ],
)
def test_rows_that_are_no_table_of_these(rows: Any, words: str) -> None:
    with pytest.raises(scm.InvalidRows) as caught:
        scm.ask(MODEL, QUERY, rows=rows)
    assert words in str(caught.value)


def test_no_rows() -> None:
    for rows in ([], {"x": []}, pd.DataFrame({"x": []}), pl.DataFrame({"x": []}), pa.table({"x": pa.array([])})):
        answer = scm.ask(MODEL, QUERY, rows=rows)
        assert answer.status == ()
        assert len(scm.results_frame(answer, rows)) in (0, 2)  # a dict has two columns


def test_only_ignored_columns_still_count() -> None:
    for rows in ({"id": ["a", "b"]}, pd.DataFrame({"id": ["a", "b"]}), [{"id": "a"}, {"id": "b"}]):
        assert scm.ask(MODEL, "P(C=1)", rows=rows, ignored=["id"]).value == pytest.approx([0.3, 0.3])


UNSURE = Model(
    Variable("A", noise=scm.Unknown((False, True))),
    Variable("B", (0, 1), parents=("A",), table={False: (0.5, 0.5), True: (0.0, 1.0)}),
)


def test_bounds_and_impossible_rows() -> None:
    rows = pl.DataFrame({"A": [None, True, True], "B": [1, 0, 1]})
    answer = scm.ask(UNSURE, "P(B=1 | A=?)", rows=rows.select("A", "B"))
    assert answer.status == ("ok", "undefined", "ok")
    bounds = scm.ask(UNSURE, "P(A=True)", rows=rows.select("B"))
    frame = scm.results_frame(bounds, rows)
    assert frame.columns == ["value", "lower", "upper", "outer_lower", "outer_upper", "status"]
    assert frame["value"].to_list() == [None, 0.0, None]
    assert frame["upper"].to_list() == [1.0, 0.0, 1.0]
    for like in (rows, rows.to_pandas(), rows.to_arrow(), rows.to_dicts()):
        one = scm.results_frame(answer, like)
        undefined = one[1]["value"] if isinstance(one, list) else one["value"][1]
        undefined = undefined.as_py() if isinstance(undefined, pa.Scalar) else undefined
        assert undefined is None or undefined is pd.NA
    plain = scm.results_frame(answer)
    assert plain["value"].mask.tolist() == [False, True, False]
    assert plain["status"].tolist() == ["ok", "undefined", "ok"]


def test_nothing_but_impossible_rows() -> None:
    answer = scm.ask(UNSURE, "P(B)", rows={"A": [True], "B": [0]} | {"B": [0]})
    frame = scm.results_frame(answer, pd.DataFrame({"A": [True]}))
    assert list(frame.columns) == ["P(B=0)", "P(B=1)", "status"]
    assert frame.isna().to_numpy().tolist() == [[True, True, False]]


def test_columns_of_distributions() -> None:
    def names(query: str, rows: Any = None, model: Model = MODEL) -> list[str]:
        return list(scm.result_columns(scm.ask(model, query, rows=rows)))

    assert names("P(label | C=1)") == ["P(label=low)", "P(label=middle)", "P(label=high)", "status"]
    assert names("P(truth, C)", {"number": [0, 1]})[:2] == ["P(truth=False, C=0)", "P(truth=False, C=1)"]
    assert names("P(truth | do(C=1))") == ["P(truth[C=1]=False)", "P(truth[C=1]=True)", "status"]
    assert names("P(C | truth=True) - P(C)") == ["value(C=0)", "value(C=1)", "status"]
    assert names("P(A)", {"B": [1]}, UNSURE)[:4] == ["P(A=False)", "P(A=True)", "P(A=False) lower", "P(A=True) lower"]
    both = scm.result_columns(scm.ask(MODEL, "P(C, truth)", rows={"number": [0, 2]}))
    each = scm.result_columns(scm.ask(MODEL, "P(C, truth)", rows={"number": [2]}))
    assert [both[k][1] for k in both] == [each[k][0] for k in each]


def test_a_standard_error_has_its_column() -> None:
    counted = Model(
        Variable("X", (0, 1), counts=(3, 7)), Variable("Y", (0, 1), parents=("X",), counts={0: (1, 4), 1: (6, 2)})
    )
    columns = scm.result_columns(scm.ask(counted, "P(Y=1)", rows={"X": [0, 1]}))
    assert list(columns) == ["value", "standard_error", "status"]
    assert min(columns["standard_error"].tolist()) > 0


def test_results_that_do_not_fit() -> None:
    answer = scm.ask(MODEL, QUERY, rows={"x": [1]})
    with pytest.raises(scm.InvalidRows, match="has 1 rows, but `like` has 3"):
        scm.results_frame(answer, pd.DataFrame(DATA))
    refused = scm.ask(MODEL, "P(number=0)", budget="0.000001us")
    assert refused.finding == "refused"
    with pytest.raises(scm.InvalidQuery, match="There are no results to show: exact: "):
        scm.results_frame(refused)


def test_to_frame_remembers_the_kind_of_the_rows_and_not_their_data() -> None:
    model = scm.Model(scm.Variable("X", table=(0.5, 0.5)), scm.Variable("Y", equation="not X"))
    data = {"X": [True, False]}
    indexed = pd.DataFrame(data, index=["a", "b"])
    found = scm.ask(model, "P(Y=1)", rows=indexed)
    assert found.frame_kind is not None
    assert found.frame_kind.library == "pandas"
    assert list(found.to_frame().index) == ["a", "b"]
    assert found.to_frame()["value"].tolist() == [0.0, 1.0]
    for rows in (pl.DataFrame(data), pa.table(data), [{"X": True}, {"X": False}], data):
        assert type(scm.ask(model, "P(Y=1)", rows=rows).to_frame()) is type(rows)
    assert isinstance(scm.ask(model, "P(Y=1)").to_frame(), dict)
