"""What cannot be meant of a model with continuous variables is refused in words, wherever it comes in."""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

import scm
from llm_bridge import _cli_rows, cli
from scm import (
    Categorical,
    ContinuousLaw,
    ContinuousNoise,
    InvalidModel,
    InvalidQuery,
    InvalidRows,
    Model,
    MultivariateNormal,
    Real,
    ScmError,
    UnknownLaw,
    Variable,
    ask,
    explain,
    normal,
)

MODEL = Model(
    Variable("X", noise=normal(0, 1)),
    Variable("S", ("lo", "hi"), noise={"u_S": Categorical({"lo": 0.4, "hi": 0.6})}),
    Variable("Z", Real(0, 10), equation="abs(X) / (1 + abs(X)) + u_Z", noise=ContinuousLaw("Uniform", low=0, high=1)),
    Variable("Y", Real(), equation="2 * X + (3 if S = 'hi' else 0) + u_Y", noise=normal(0, 1)),
)
ROWS: dict[str, Any] = {"X": [1.0, 2.0], "S": ["lo", "hi"], "Y": [1.0, 2.0]}
QUERY = "E[Y[X=1.5]]"


@pytest.mark.parametrize(
    ("rows", "row", "words"),
    [
        ({**ROWS, "Y": [1.0, float("nan")]}, 2, "column 'Y': NaN is no observation. Leave the cell empty"),
        ({**ROWS, "Y": np.array([np.nan, 1.0])}, 1, "NaN is no observation"),
        ([{"X": 1.0, "S": "lo", "Y": float("nan")}], 1, "NaN is no observation"),
        (pl.DataFrame({**ROWS, "Y": [1.0, float("nan")]}), 2, "NaN is no observation"),
        (pa.table({**ROWS, "Y": [1.0, float("nan")]}), 2, "NaN is no observation"),
        ({**ROWS, "Y": [1.0, float("inf")]}, 2, "column 'Y': inf is not finite; 'Y' takes the real numbers"),
        (pd.DataFrame({**ROWS, "Y": [-np.inf, 1.0]}), 1, "-inf is not finite"),
        ({**ROWS, "Y": np.array([1.0, np.inf], np.float32)}, 2, "inf is not finite"),
        ({**ROWS, "Y": [1.0, 10**400]}, 2, r"10000.*\.\.\. is not finite"),
        ({**ROWS, "Y": [1.0, "2.5"]}, 2, "'2.5' is no number, .* The cell is text; give the number"),
        ({**ROWS, "Y": np.array(["abc", "d"])}, 1, "'abc' is no number, and 'Y' is continuous"),
        (pd.DataFrame({**ROWS, "Y": ["1", "x"]}), 1, "'1' is no number"),
        (pl.DataFrame({**ROWS, "Y": ["1", "x"]}), 1, "'1' is no number"),
        ({**ROWS, "Y": [1.0, "NA"]}, 2, "Leave the cell empty where nothing was observed"),
        ({**ROWS, "Y": [1.0, True]}, 2, "True is no number, .* Write 1 for True"),
        ({**ROWS, "Y": np.array([True, False])}, 1, "True is no number"),
        ({**ROWS, "Y": [1.0, [2.0]]}, 2, r"\[2.0\] is no number"),
        ({**ROWS, "Z": [0.5, -2.0]}, 2, "-2.0 is outside: 'Z' takes the numbers from 0 to 10"),
        ({**ROWS, "S": ["lo", "mid"]}, 2, "'mid' is not a state of 'S'"),
        ({**ROWS, "Y": [1.0]}, None, "different lengths"),
        ({**ROWS, "Q": [1.0, 2.0]}, None, "no variable of the model"),
    ],
)
def test_cells(rows: Any, row: int | None, words: str) -> None:
    for door in (ask, explain):
        with pytest.raises(InvalidRows, match=words) as found:
            door(MODEL, QUERY, rows=rows)
        assert found.value.row == row


@pytest.mark.parametrize(
    "empty",
    [
        {**ROWS, "Y": [1.0, None]},
        {**ROWS, "Y": np.ma.MaskedArray([1.0, 2.0], [False, True])},
        pd.DataFrame({**ROWS, "Y": [1.0, None]}),
        pd.DataFrame({**ROWS, "Y": [1.0, np.nan]}),
        pd.DataFrame({**ROWS, "Y": pd.array([1.0, None], dtype="Float64")}),
        {**ROWS, "Y": pd.Series([1.0, np.nan])},
        pl.DataFrame({**ROWS, "Y": [1.0, None]}),
        pa.table({**ROWS, "Y": [1.0, None]}),
        pa.table({**ROWS, "Y": pa.array([1.0, None], pa.float32())}),
        [{"X": 1.0, "S": "lo", "Y": 1.0}, {"X": 2.0, "S": "hi"}],
    ],
)
def test_an_empty_cell_is_no_observation(empty: Any) -> None:
    answer = ask(MODEL, QUERY, rows=empty)
    assert (answer.finding, list(answer.status)) == ("exact", ["ok", "ok"])
    assert answer.value == pytest.approx([2.0, 6.0])


def test_an_empty_cell_where_a_value_must_be() -> None:
    with pytest.raises(InvalidRows, match=r"Row 2, column 'x': the cell is empty, but \?x is imposed"):
        ask(MODEL, "E[Y[X=?x]]", rows={**ROWS, "x": [1.0, None]})


@pytest.mark.parametrize("rows", [{"X": [], "S": [], "Y": []}, [], pd.DataFrame({"X": [], "Y": []}), pd.DataFrame()])
def test_no_rows_at_all(rows: Any) -> None:
    answer = ask(MODEL, QUERY, rows=rows)
    assert (answer.finding, np.asarray(answer.value).shape, len(answer.status)) == ("exact", (0,), 0)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("E[Y[X='a']]", "'X' takes the real numbers, and 'a' is none of them"),
        ("E[Y[Z=11]]", "'Z' takes the numbers from 0 to 10, and 11 is none"),
        ("E[Y | Z=-3]", "'Z' takes the numbers from 0 to 10, and -3 is none"),
        ("P(Y)", "'Y' is continuous: it has a density, not a table"),
        ("P(S, Y)", "'Y' is continuous: it has a density, not a table"),
        ("E[S]", "the states of 'S' are labels"),
        ("E[Y + S]", "the states of 'S' are labels"),
        ("P(S > 1)", "the states of 'S' are labels"),
        ("P(X or Y > 1)", "'X' is continuous. Compare it with a number: X > 0"),
        ("P(not Y)", "'Y' is continuous. Compare it with a number"),
        ("P(Y = S)", "its sides differ in kind"),
        ("P(Y + 1)", r"Y \+ 1 is a number; compare it"),
        ("E[Y[S=X]]", "one of 'S' and 'X' is continuous"),
        ("E[Y[X := S]]", "the states of 'S' are labels"),
        ("E[Y[X ~ {1: 0.5, 2: 0.5}]]", "'X' is continuous: a law over states cannot be drawn"),
        ("E[X / 0 | X=1]", "Division by zero"),
        ("E[?a]", r"\?a is not compared with a variable|leaves 'a' open"),
        ("E[Q]", "speaks of 'Q'"),
    ],
)
def test_queries(query: str, words: str) -> None:
    for door in (ask, explain):
        with pytest.raises(ScmError, match=words):
            door(MODEL, query)


def test_evidence_that_cannot_be_is_undefined_for_its_row() -> None:
    """Outside the support of a noise, outside the range of a mechanism, against itself."""
    answer = ask(MODEL, "E[Z[X=2]]", rows={"X": [1.0, 1.0], "Z": [0.6, 9.0]})
    assert list(answer.status) == ["ok", "undefined"]
    assert np.isnan(np.asarray(answer.value)[1])
    apart = ask(MODEL, "E[Y[X=2]]", rows={**ROWS, "Z": [0.6, 9.0]})  # Z does not bear on Y here
    assert list(apart.status) == ["ok", "undefined"]
    assert ask(MODEL, "E[Y | X=1, X=2]").finding == "undefined"
    grows = Model(Variable("X", noise=normal(0, 1)), Variable("W", Real(), equation="exp(X + u_W)", noise=normal(0, 1)))
    answer = ask(grows, "E[W[X=1]]", rows={"X": [0.0, 0.0], "W": [2.0, -1.0]})
    assert list(answer.status) == ["ok", "undefined"]


def test_a_singular_covariance() -> None:
    """Noises that are one and the same: consistent evidence is answered, other evidence is impossible."""
    model = Model(
        ContinuousNoise(("a", "b"), MultivariateNormal((0.0, 0.0), [[1.0, 1.0], [1.0, 1.0]])),
        Variable("X", Real(), equation="a"),
        Variable("Y", Real(), equation="X + b"),
    )
    answer = ask(model, "E[Y[X=0]]", rows={"X": [1.5, 1.5], "Y": [3.0, 4.0]})
    assert list(answer.status) == ["ok", "undefined"]
    assert np.asarray(answer.value)[0] == pytest.approx(1.5)
    with pytest.raises(InvalidModel, match="not positive semidefinite"):
        MultivariateNormal((0.0, 0.0), [[1.0, 2.0], [2.0, 1.0]])


def test_a_mechanism_that_gives_no_number_is_named_with_the_row() -> None:
    model = Model(Variable("X", noise=normal(0, 1)), Variable("Y", Real(), equation="log(X) + u_Y", noise=normal(0, 1)))
    rows = {"X": [1.0, 2.0, 1.0], "Y": [1.0, 2.0, None], "x": [1.0, 1.0, -1.0]}
    with pytest.raises(ScmError, match=r"Y.*[Rr]ow 2|[Rr]ow 2.*Y"):
        ask(model, "E[Y[X=?x]]", rows={**rows, "Y": [1.0, 2.0, 3.0], "x": [1.0, -1.0, 1.0]})


def test_an_unknown_law_is_enough_where_the_evidence_determines_the_noise() -> None:
    model = Model(
        Variable("X", noise=normal(0, 1)), Variable("Y", Real(), equation="2 * X + u", noise={"u": UnknownLaw()})
    )
    assert ask(model, "E[Y[X=2] | X=1, Y=3]").value == 5.0
    assert ask(model, "E[Y[X=2] | X=1]").finding == "refused"


def test_arguments() -> None:
    with pytest.raises(InvalidQuery, match="Unknown assumption"):
        ask(MODEL, "E[Y]", assume="nope")
    with pytest.raises(InvalidQuery, match="key= takes"):
        ask(MODEL, "E[Y]", key="a")  # type: ignore[arg-type]
    with pytest.raises(InvalidQuery, match="takes an Execution"):
        ask(MODEL, "E[Y]", execution=3)  # type: ignore[arg-type]
    with pytest.raises(InvalidRows, match="got int"):
        ask(MODEL, "E[Y]", rows=3)
    with pytest.raises(InvalidQuery, match="Cannot read the budget"):
        ask(MODEL, "E[Y]", budget="soon")


# ---------------------------------------------------------------------------------------------------------------------
# What is for finite models alone


FINITE_ONLY: dict[str, Callable[[Model], Any]] = {
    "prepare": lambda m: scm.prepare(m, "E[Y]"),
    "posteriors": lambda m: scm.posteriors(m),
    "most_probable": lambda m: scm.most_probable(m),
    "sensitivity": lambda m: scm.sensitivity(m, "E[Y]"),
    "possible_units": lambda m: scm.possible_units(m, "E[Y]"),
    "ask_draws": lambda m: scm.ask_draws(m, "E[Y]", {}),
    "to_pgmpy": lambda m: scm.to_pgmpy(m),
    "ModelLaws": lambda m: scm.ModelLaws(m),
}
"""Functions that take a model and refuse one that is not finite."""
OTHERS: dict[str, Callable[[Model], Any]] = {
    "ask": lambda m: ask(m, "E[Y]", key=1),
    "explain": lambda m: explain(m, "E[Y]", key=1),
    "ladder": lambda m: scm.ladder(m, "E[Y[X=1] | X=2]", key=1),
    "coupling_range": lambda m: scm.coupling_range(m, "E[Y]", key=1),
    "draw_tables": lambda m: scm.draw_tables(m, 2, key=cast(Any, 1)),
    "by_noise": lambda m: scm.by_noise(m, "Y", {1: 1.0}, {}),
}
"""Those that take any; they may still say that this one has nothing for them."""


@pytest.mark.parametrize("name", FINITE_ONLY)
def test_what_is_for_finite_models_alone_says_so(name: str) -> None:
    with pytest.raises(
        InvalidModel, match=rf"{name}\(\) works on finite models, and this one has continuous variables"
    ):
        FINITE_ONLY[name](MODEL)
    with pytest.raises(InvalidModel, match=rf"{name}\(\) takes a Model first, got str"):
        FINITE_ONLY[name]("model")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", OTHERS)
def test_the_others_answer_or_say_why(name: str) -> None:
    found: object = None
    with contextlib.suppress(ScmError):
        found = OTHERS[name](MODEL)
    assert found is not None or name in ("draw_tables", "by_noise")


def test_no_public_function_that_takes_a_model_is_left_out() -> None:
    """Every public function with a model among its arguments is in one of the lists, or is for such models alone."""
    elsewhere = ("scm._imagine", "scm._path_coefficients", "scm.plot")
    found = set[str]()
    for name in scm.__all__:
        thing = getattr(scm, name)
        if str(getattr(thing, "__module__", "")).startswith(elsewhere):
            continue
        if callable(thing) and not (inspect.isclass(thing) and issubclass(thing, Exception)):
            try:
                parameters = inspect.signature(thing).parameters.values()
            except ValueError:
                continue
            if any(
                str(p.annotation).partition(" ")[0] == "Model" and p.name in ("model", "knowledge") for p in parameters
            ):
                found.add(name)
    found -= {"Prepared", "TwoModels", "TableDraws"}  # results, which hold one
    assert found - FINITE_ONLY.keys() - OTHERS.keys() == set()


def test_the_graph_of_such_a_model_is_identified() -> None:
    found = scm.identify(MODEL.graph, "E[Y | do(X=1)]")
    assert found.estimand is not None


# ---------------------------------------------------------------------------------------------------------------------
# The command line


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("m.json").write_text(MODEL.to_json())
    return tmp_path


def command(*arguments: str, text: str = QUERY) -> int:
    return cli.main(["query", "m.json", text, *arguments])


def table(count: int) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=count).round(3)
    y = (2 * x + rng.normal(size=count)).round(3)
    return {"X": x.tolist(), "S": np.array(["lo", "hi"])[rng.integers(0, 2, count)].tolist(), "Y": y.tolist()}


def test_rows_of_a_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = table(50)
    wanted = np.asarray(ask(MODEL, QUERY, rows=rows).value)
    pd.DataFrame(rows).to_csv("r.csv", index=False)
    parquet.write_table(pa.table(rows), "r.parquet")
    for name, chunk in (("r.csv", "7"), ("r.csv", "1000"), ("r.parquet", "7")):
        assert command("--rows", name, "--out", "o.parquet", "--chunk", chunk) == 0
        out = parquet.read_table("o.parquet")
        assert np.array_equal(out["value"].to_numpy(), wanted)
        assert set(out["status"].to_pylist()) == {"ok"}
        Path("o.parquet").unlink()
    capsys.readouterr()


def test_drawn_rows_are_the_same_again(here: Path) -> None:
    pd.DataFrame({"Z": [0.5, 0.7, 0.9], "Y": [1.0, None, 2.0]}).to_csv("r.csv", index=False)
    seen: list[str] = []
    for name in ("a.csv", "b.csv"):
        assert command("--rows", "r.csv", "--out", name, "--seed", "4", "--chunk", "2", text="E[X]") == 0
        seen.append(Path(name).read_text())
    assert seen[0] == seen[1]
    assert "monte_carlo_error" in seen[0]
    assert command("--rows", "r.csv", "--out", "c.csv", text="E[X]") == 3  # no seed


def test_an_interrupted_run_goes_on(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished chunks are kept, and draws do not depend on where a run was stopped."""
    rows = table(60)
    rows["X"] = [None if k % 7 == 0 else x for k, x in enumerate(rows["X"])]
    pd.DataFrame(rows).to_csv("r.csv", index=False)
    options = ("--rows", "r.csv", "--seed", "2", "--chunk", "10")
    assert command(*options, "--out", "whole.csv") == 0
    asked: list[int] = []

    def interrupted(*arguments: Any, **named: Any) -> Any:
        asked.append(len(named["rows"]["Y"]))
        if len(asked) == 4:
            raise KeyboardInterrupt
        return ask(*arguments, **named)

    monkeypatch.setattr(_cli_rows, "ask", interrupted)
    assert command(*options, "--out", "o.csv") == 130
    assert command(*options, "--out", "o.csv") == 0
    assert asked == [10] * 3 + [10] + [10] * 3 + [0]
    assert Path("o.csv").read_text() == Path("whole.csv").read_text()


@pytest.mark.parametrize(
    ("cell", "words"),
    [("abc", "line 3, column 'Y': 'abc' is no number"), ("inf", "inf is not finite"), ("nan", "Leave the cell empty")],
)
def test_a_bad_cell_of_a_file_is_named(here: Path, capsys: pytest.CaptureFixture[str], cell: str, words: str) -> None:
    Path("r.csv").write_text(f"X,S,Y\n1,lo,2\n1,hi,{cell}\n")
    assert command("--rows", "r.csv", "--out", "o.csv") == 2
    assert words in capsys.readouterr().err
    assert not Path("o.csv").exists()


def test_a_parquet_file_cut_off_in_the_middle(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parquet.write_table(pa.table(table(500)), "r.parquet")
    whole = Path("r.parquet").read_bytes()
    Path("r.parquet").write_bytes(whole[: len(whole) // 2])
    assert command("--rows", "r.parquet", "--out", "o.csv") == 2
    assert "cut off or damaged" in capsys.readouterr().err


def test_one_question_on_the_command_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--json", "--set", "x=2.5", text="E[Y[X=?x] | X=1, S='lo', Y=3]") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["value"] == pytest.approx(6.0)
    assert data["plan"]["solver"] == "unit"
    assert command("--explain", text="E[Y[X=1.5] | X=1, S='lo', Y=3]") == 0
    out = capsys.readouterr().out
    assert "chosen: unit" in out
    assert "u_Y = 1" in " ".join(out.split())
    assert command(text="E[X | Z=0.5]") == 3
    assert "give --seed N" in capsys.readouterr().err
