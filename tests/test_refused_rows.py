"""A batch in which a few rows cannot be answered keeps the answers of the others."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from llm_bridge import cli
from scm import InvalidRows, Model, Real, Variable, ask, explain, normal
from scm._finding import Statuses

MODEL = Model(
    Variable("x", Real(), noise=normal(0, 1)),
    Variable("w", Real(), equation="x*u_w", noise={"u_w": normal(0, 1)}),
    Variable("c", equation="x > 0"),
)
HOPELESS = "E[x*x | w > ?t]"
"""Nothing is known of the law of `w`, so that it is drawn for, and no draw is as large as 10,000."""
T = [0.0, 1e4, 0.5, 2e4]

PATTERNS = Model(
    Variable("x", Real(), noise=normal(0, 1)),
    Variable("c", equation="x + u_c > 0", noise={"u_c": normal(0, 1)}),
    Variable("y", Real(), equation="2*x + 3*(1 if c else 0) + u_y", noise={"u_y": normal(0, 1)}),
)
ROWS = [
    {"x": 0.5, "c": True, "y": 4.0},
    {"x": None, "c": None, "y": 2.0},
    {"x": None, "c": True, "y": 3.0},
    {"x": 0.1, "c": None, "y": 2.0},
]


def numbers(answer: Any) -> np.ndarray:
    return np.asarray(answer.value)


@pytest.fixture(scope="module")
def some() -> Any:
    return ask(MODEL, HOPELESS, rows={"t": T}, key=1)


def test_the_other_rows_keep_their_answers(some: Any) -> None:
    assert some.finding == "estimate"
    assert some.status == ("ok", "refused", "ok", "refused")
    assert list(np.isnan(numbers(some))) == [False, True, False, True]
    assert list(np.isnan(some.uncertainty.monte_carlo)) == [False, True, False, True]
    u = np.random.default_rng(7).normal(size=(2, 2_000_000))
    for k in (0, 2):
        seen = u[0][u[0] * u[1] > T[k]] ** 2
        error = np.hypot(some.uncertainty.monte_carlo[k], seen.std() / np.sqrt(seen.size))
        assert abs(numbers(some)[k] - seen.mean()) < 5.5 * error  # a false alarm in about 4e-8


def test_each_row_is_answered_as_it_is_alone(some: Any) -> None:
    for k, t in enumerate(T):
        alone = ask(MODEL, HOPELESS, rows={"t": [t]}, key=1)
        if some.status[k] == "refused":
            assert (alone.finding, alone.value, alone.status) == ("refused", None, ("refused",))
        else:
            assert numbers(alone)[0] == pytest.approx(numbers(some)[k], rel=1e-12)


def test_it_is_said_how_many_were_refused_and_why(some: Any) -> None:
    told = some.diagnostics["refused"]
    assert (told["count"], told["rows"]) == (2, [2, 4])
    [group] = told["groups"]
    assert (group["count"], group["rows"], group["refusals"][-1][0]) == (2, [2, 4], "sampled")
    assert dict(some.refusals)["sampled"].startswith("no draw out of")
    assert {"finite", "unit", "gaussian", "sampled"} <= set(dict(some.refusals))
    text = some.to_text()
    assert "#2: refused" in text
    assert "2 of 4 rows refused (rows 2, 4):" in text
    assert some.derivation[-1].name == "refusal"
    assert some.diagnostics["effective_size"] >= 200  # of the rows that were answered


def test_as_data(some: Any) -> None:
    data = json.loads(json.dumps(some.to_json(), allow_nan=False))
    assert data["status"] == ["ok", "refused", "ok", "refused"]
    assert [value is None for value in data["value"]] == [False, True, False, True]
    assert data["diagnostics"]["refused"]["rows"] == [2, 4]
    assert data["refusals"]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table, lambda t: pd.DataFrame(t).to_dict("records")])
def test_as_a_frame_of_any_kind(some: Any, kind: Any) -> None:
    rows = kind({"t": T})
    frame = some.to_frame(rows)
    if isinstance(frame, pd.DataFrame):
        found = frame["status"].tolist(), frame["value"].isna().tolist()
    elif isinstance(frame, list):
        found = [row["status"] for row in frame], [row["value"] is None for row in frame]
    else:
        status, value = (
            c.to_pylist() if isinstance(frame, pa.Table) else c.to_list() for c in (frame["status"], frame["value"])
        )
        found = status, [x is None for x in value]
    assert found == (["ok", "refused", "ok", "refused"], [False, True, False, True])


def test_every_row_refused_is_a_refusal() -> None:
    answer = ask(MODEL, HOPELESS, rows={"t": [1e4, 2e4]}, key=1)
    assert (answer.finding, answer.value, answer.status) == ("refused", None, ("refused", "refused"))
    assert answer.refusals
    assert answer.diagnostics["partial"]["rows"] == [1, 2]
    frame = answer.to_frame()
    assert list(frame["status"]) == ["refused", "refused"]
    assert frame["value"].mask.all()


def test_impossible_rows_beside_refused_ones() -> None:
    rows = [{"t": 0.0, "c": None}, {"t": 1e4, "c": None}, {"t": 0.0, "c": True, "x": -1.0}]
    answer = ask(MODEL, HOPELESS, rows=rows, key=1)
    assert (answer.finding, answer.status) == ("estimate", ("ok", "refused", "undefined"))
    rest = ask(MODEL, HOPELESS, rows=rows[1:], key=1)
    assert (rest.finding, rest.value, rest.status) == ("undefined", None, ("refused", "undefined"))
    assert rest.refusals


def test_several_conditions() -> None:
    """Refused under one condition or the other; terms under each are drawn together."""
    query = "E[x*x | w > ?t] - E[w | w > ?t] + E[x*x | w > ?s] - E[w | w > ?s]"
    answer = ask(MODEL, query, rows={"t": [1e4, 0.0, 0.0], "s": [0.0, 1e4, 0.0]}, key=1)
    assert answer.status == ("refused", "refused", "ok")
    assert list(np.isnan(numbers(answer))) == [True, True, False]
    assert answer.diagnostics["refused"]["rows"] == [1, 2]


def test_terms_and_tables() -> None:
    both = ask(MODEL, "E[x*x | w > ?t] - E[w | w > ?t]", rows={"t": T[:2]}, key=1)
    assert (both.finding, both.status) == ("estimate", ("ok", "refused"))
    table = ask(MODEL, "P(c | w > ?t)", rows={"t": T[:2]}, key=1)
    assert table.status == ("ok", "refused")
    assert numbers(table)[0].sum() == pytest.approx(1, abs=0.05)
    assert np.isnan(numbers(table)[1]).all()
    assert "#2: refused" in table.to_text()


def test_a_pattern_that_is_refused_leaves_the_others() -> None:
    """Two patterns of empty cells are exact; the other two would be drawn, and there is no key."""
    answer = ask(PATTERNS, "E[y[x=1]]", rows=ROWS)
    assert (answer.finding, answer.status) == ("exact", ("ok", "refused", "ok", "refused"))
    assert numbers(answer)[0] == pytest.approx(5.0)
    assert numbers(answer)[2] == ask(PATTERNS, "E[y[x=1]]", rows=ROWS[2:3]).value
    assert "give key=" in dict(answer.refusals)["sampled"]
    assert answer.uncertainty.monte_carlo is None
    assert explain(PATTERNS, "E[y[x=1]]", rows=ROWS).refusals


def test_rows_whose_mechanism_has_no_number_come_apart() -> None:
    """The closed form refuses them all for the sake of one row; without it the others are exact."""
    model = Model(
        Variable("X", noise=normal(0, 1), equation="u_X"),
        Variable("M", equation="log(X)"),
        Variable("Y", noise={"u_Y": normal(0, 1)}, equation="M + u_Y"),
    )
    answer = ask(model, "E[Y | X=?x]", rows={"x": [1.0, -1.0, 2.0, -3.0]}, key=1)
    assert answer.status == ("ok", "refused", "ok", "refused")
    assert numbers(answer)[[0, 2]] == pytest.approx([0.0, np.log(2.0)], abs=1e-12)
    assert answer.finding == "exact"
    assert any("row 2" in reason for _, reason in answer.refusals)


@pytest.mark.parametrize("key", [None, 1])
def test_rows_that_a_closed_form_refuses_leave_the_others(key: int | None) -> None:
    """Y below 0.5 shows X, since X <= 0 gives at least that; above, it has two causes."""
    model = Model(
        Variable("X", Real(), noise=normal(0, 1)),
        Variable("Y", Real(), equation="X if X > 0 else 0.5 - X"),
        Variable("Z", Real(), noise={"v": normal(0, 1)}, equation="X + v"),
    )
    answer = ask(model, "E[Z]", rows={"Y": [0.2, 1.0, 0.3]}, key=key)
    assert (answer.finding, answer.status) == ("exact", ("ok", "refused", "ok"))
    assert numbers(answer)[[0, 2]] == pytest.approx([0.2, 0.3], abs=1e-12)
    assert "in row 2" in dict(answer.refusals)["gaussian"]


def test_errors_of_the_user_are_errors() -> None:
    with pytest.raises(InvalidRows):
        ask(MODEL, HOPELESS, rows={"t": [0.0, float("inf")]}, key=1)


def test_the_words_of_statuses() -> None:
    made = Statuses.of(np.array([True, False, False]), np.array([False, False, True]))
    assert made == ("ok", "undefined", "refused")
    assert Statuses(made) == made
    assert list(made.ok) == [True, False, False]


# ---------------------------------------------------------------------------------------------------------------------
# The command line


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    PATTERNS.save("m.json")
    return tmp_path


def command(rows: list[dict[str, Any]], *arguments: str, name: str = "r.csv", out: str = "o.csv") -> int:
    table = pa.Table.from_pylist(rows)
    if name.endswith(".csv"):
        pd.DataFrame(rows, dtype=object).to_csv(name, index=False)
    else:
        parquet.write_table(table, name)
    return cli.main(["query", "m.json", "E[y[x=1]]", "--rows", name, "--out", out, *arguments])


@pytest.mark.parametrize("chunk", ["1", "2", "100"])
def test_a_file_of_rows_is_written_whole(here: Path, capsys: pytest.CaptureFixture[str], chunk: str) -> None:
    assert command(ROWS, "--chunk", chunk) == 0
    out, err = capsys.readouterr()
    assert out == "4 rows (2 ok, 2 refused) are in o.csv.\n"
    assert "twinworld: 2 of 4 rows were refused (rows 2, 4) by every method:" in err
    assert "sampled: the evidence does not determine" in err
    with open("o.csv", newline="") as file:
        found = list(csv.DictReader(file))
    wanted = ask(PATTERNS, "E[y[x=1]]", rows=ROWS)
    assert [row["status"] for row in found] == list(wanted.status)
    assert [row["value"] == "" for row in found] == [False, True, False, True]
    assert [float(found[k]["value"]) for k in (0, 2)] == pytest.approx(numbers(wanted)[[0, 2]])


def test_a_parquet_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(ROWS, "--json", name="r.parquet", out="o.parquet") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["status"] == {"ok": 2, "refused": 2}
    assert "2 of 4 rows were refused" in err
    found = parquet.read_table("o.parquet")
    assert found["status"].to_pylist() == ["ok", "refused", "ok", "refused"]
    assert [x is None for x in found["value"].to_pylist()] == [False, True, False, True]


def test_a_file_of_which_no_row_is_answered(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command([ROWS[1], ROWS[3]], "--chunk", "1") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "no method can work out" in err
    assert "give --seed N" in err
    assert not Path("o.csv").exists()
    assert not Path("o.csv.part").exists()
