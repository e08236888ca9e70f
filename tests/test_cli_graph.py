"""`twinworld identify`, and `twinworld query` about a graph: what is printed, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llm_bridge import cli
from llm_bridge._cli_graph import available_of, columns_of
from scm import CausalGraph, InvalidQuery, UnknownName, graph_from_text, graph_to_text

FRONT_DOOR = "X -> M -> Y, X <-> Y"
BOW = "X -> Y, X <-> Y"
CONFOUNDED = "Z -> X -> Y, Z -> Y"
EFFECT = "P(Y=1 | do(X=1))"
PROMISED = {"answer", "reply", "finding", "value", "interval", "query", "problem", "assumptions", "derivation"}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = cli.main(list(argv))
    out, err = capsys.readouterr()
    return status, out, err


def data(capsys: pytest.CaptureFixture[str], *argv: str) -> Any:
    status, out, err = run(capsys, *argv, "--json")
    assert status == 0, err
    return json.loads(out)


def test_an_identified_query_is_shown_with_its_derivation_and_check(capsys):
    status, out, err = run(capsys, "identify", FRONT_DOOR, EFFECT)
    assert (status, err) == (0, "")
    assert "sum_m P(M=m | X=1) sum_x' P(Y=1 | M=m, X=x') P(X=x')" in out
    assert "front" in out
    assert "Checked on 20 random models" in out
    found = data(capsys, "identify", FRONT_DOOR, EFFECT)
    assert found.keys() >= PROMISED
    assert (found["identified"], found["finding"], found["check"]["status"]) == (True, "exact", "checked")
    assert found["derivation"]


def test_what_is_not_identified_comes_with_two_models(capsys):
    status, out, _ = run(capsys, "identify", BOW, EFFECT)
    assert status == 0
    assert "hedge" in out
    assert "Two models agree on P(X, Y)" in out
    found = data(capsys, "identify", BOW, EFFECT)
    assert (found["identified"], found["finding"], found["estimand"]) == (False, "not_identified", None)
    assert found["obstacle"]["type"] == "hedge"
    first, second = found["witness"]["values"]
    assert first != second


def test_an_experiment_that_is_available(capsys):
    """z-identification (Bareinboim & Pearl 2012): Z is randomised in place of X."""
    chain = "Z -> X -> Y, X <-> Y, Z <-> X"
    assert not data(capsys, "identify", BOW, EFFECT)["identified"]
    found = data(capsys, "identify", chain, EFFECT, "--available", "P(Y | do(X))")
    assert found["identified"]
    assert found["available"] == [{"variables": ["Y"], "do": ["X"], "name": "do(X)"}]


def test_what_is_granted_and_latex(capsys):
    instrument = "Z -> X -> Y, X <-> Y"
    difference = "P(Y=1 | do(X=1)) - P(Y=1 | do(X=0))"
    assert not data(capsys, "identify", instrument, difference)["identified"]
    found = data(capsys, "identify", instrument, difference, "--assume", "homogeneity")
    assert found["method"] == "instrument"
    status, out, _ = run(capsys, "identify", FRONT_DOOR, EFFECT, "--latex")
    assert status == 0
    assert "\\sum" in out


@pytest.mark.parametrize("ending", ["dot", "gml", "json", "dagitty", "edges"])
def test_a_graph_in_a_file(capsys, tmp_path, ending):
    path = tmp_path / f"graph.{ending}"
    path.write_text(graph_to_text(graph_from_text(FRONT_DOOR), ending))
    assert data(capsys, "identify", str(path), EFFECT)["method"] == "front-door"
    answer = data(capsys, "query", str(path), "P(Y=1 | X=1)", "--given", "P(Y=1 | X=1) = 1/4")
    assert (answer["finding"], answer["value"]) == ("exact", 0.25)


GIVEN = ("--given", "P(Z=1) = 40%", "--given", "P(Y=1 | X=1, Z=0) = 31%", "--given", "P(Y=1 | X=1, Z=1) = 85%")


def test_a_query_from_statements_says_what_confounds_and_shows_the_arithmetic(capsys):
    status, out, err = run(capsys, "query", CONFOUNDED, EFFECT, *GIVEN)
    assert (status, err) == (0, "")
    flat = " ".join(out.split())
    assert "is 0.526" in flat
    assert "X <- Z -> Y" in flat
    assert "Adjusting for Z is enough" in flat
    assert "0.31*0.6 + 0.85*0.4 = 0.526" in flat
    assert "positivity" in flat
    found = data(capsys, "query", CONFOUNDED, EFFECT, *GIVEN)
    assert found.keys() >= PROMISED
    assert found["reply"] == pytest.approx(0.526)
    assert found["uncertainty"]["rounding"][0] < 0.526 < found["uncertainty"]["rounding"][1]


def test_a_missing_number_is_named(capsys):
    found = data(capsys, "query", CONFOUNDED, EFFECT, *GIVEN[:4])
    assert found["finding"] == "bounds"
    assert "P(Y=1 | X=1, Z=1)" in found["answer"]
    nothing = data(capsys, "query", CONFOUNDED, EFFECT)
    assert (nothing["finding"], nothing["reply"]) == ("bounds", None)
    assert "can be anything from 0 to 1" in nothing["answer"]


def test_statements_that_clash_are_named(capsys):
    found = data(capsys, "query", CONFOUNDED, "P(Y=1)", "--given", "P(Y=1) = 40%", "--given", "P(Y=0) = 70%")
    assert found["finding"] == "contradiction"
    assert "0.4" in found["answer"]
    assert "0.7" in found["answer"]


def test_states_are_those_that_are_named(capsys):
    told = data(capsys, "query", "X -> Y", "P(Y=True | do(X=True))", "--given", "P(Y=True | X=True) = 3/4")
    assert told["value"] == 0.75
    status, _, err = run(capsys, "query", "X -> Y", "P(Y='good' | X=1)", "--given", "P(Y='good' | X=1) = 0.5")
    assert status == 2
    assert "another one that is not named" in err
    labels = data(
        capsys, "query", "X -> Y", "P(Y='bad' | X=1)", "--given", "P(Y='good' | X=1) = 1/2", "--given", "P(Y='bad') > 0"
    )
    assert labels["value"] == 0.5


def test_set_fills_a_placeholder(capsys):
    found = data(capsys, "query", CONFOUNDED, "P(Y=1 | do(X=?x))", "--set", "x=1", *GIVEN)
    assert found["value"] == pytest.approx(0.526)


def test_standard_input(capsys, monkeypatch):
    import io
    import sys

    class Piped:
        buffer = io.BytesIO(CONFOUNDED.encode())

    monkeypatch.setattr(sys, "stdin", Piped())
    assert data(capsys, "query", "-", EFFECT, *GIVEN)["value"] == pytest.approx(0.526)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["identify", "X -> Y -> X", EFFECT], "circle"),
        (["identify", "X -> ", EFFECT], "^"),
        (["identify", "nowhere.dot", EFFECT], "nowhere.dot"),
        (["identify", FRONT_DOOR, "P(W=1)"], "'W'"),
        (["identify", FRONT_DOOR, "P(Y=1 | "], "^"),
        (["identify", FRONT_DOOR, EFFECT, "--assume", "luck"], "luck"),
        (["identify", FRONT_DOOR, EFFECT, "--available", "Y given X"], "wanted a law"),
        (["identify", FRONT_DOOR, EFFECT, "--available", "P(W)"], "'W'"),
        (["query", FRONT_DOOR, EFFECT, "--given", "P(Y=1) is 3"], "relation"),
        (["query", FRONT_DOOR, EFFECT, "--given", "P(W=1) = 0.3"], "'W'"),
        (["query", FRONT_DOOR, "P(Y=?y)"], "--set y=VALUE"),
        (["query", FRONT_DOOR, EFFECT, "--rows", "units.csv", "--out", "out.csv"], "--data"),
        (["query", FRONT_DOOR, EFFECT, "--data", "nowhere.csv"], "not there"),
        (["query", "L [latent], L -> X, X -> Y", "P(L=1)"], "L"),
    ],
)
def test_misuse_is_named(capsys, argv, says):
    status, out, err = run(capsys, *argv)
    assert status == 2, out + err
    assert out == ""
    assert says in err
    assert "Traceback" not in err


def test_a_model_takes_no_sources(capsys, tmp_path):
    from scm import Bernoulli, Model, Variable

    path = tmp_path / "model.json"
    path.write_text(Model(Variable("X", noise=Bernoulli(0.5))).to_json())
    status, _, err = run(capsys, "query", str(path), "P(X=True)", "--given", "P(X=True) = 0.5")
    assert status == 2
    assert "sources behind a graph" in err


@pytest.mark.parametrize(
    ("text", "of", "do", "name"),
    [
        ("P(X, Y)", ("X", "Y"), (), ""),
        ("P(Y | do(X))", ("Y",), ("X",), "do(X)"),
        ("trial: P(X, Y; do(Z, W))", ("X", "Y"), ("Z", "W"), "trial"),
        ('P("blood pressure", Y)', ("blood pressure", "Y"), (), ""),
    ],
)
def test_laws_that_are_available(text, of, do, name):
    graph = CausalGraph(("X", "Y", "Z", "W", "blood pressure"))
    found = available_of(text, graph)
    assert (found.variables, found.do, found.name) == (of, do, name)


def test_laws_that_are_none():
    graph = CausalGraph(("X", "Y"))
    for text in ("", "P()", "P(X", "Q(X)", "P(X) P(Y)", "P(X | Y)"):
        with pytest.raises(InvalidQuery):
            available_of(text, graph)
    with pytest.raises(UnknownName):
        available_of("P(X | do(Z))", graph)


def test_a_table_of_units_keeps_numbers_truth_values_and_gaps(tmp_path: Path):
    path = tmp_path / "units.csv"
    path.write_text("X,Y,label,half\n1,true,a,0.5\n0,,b,\n1,False,,2\n")
    assert columns_of(str(path)) == {
        "X": [1, 0, 1],
        "Y": [True, None, False],
        "label": ["a", "b", None],
        "half": [0.5, None, 2.0],
    }


def units(path: Path, *, header: str = "Z,X,Y", gap: bool = False) -> str:
    """A table in which Z confounds X and Y, one line a unit: P(Y=1 | do(X=1)) = 0.6 * 0.4 + 0.4 * 0.8 = 0.56."""
    lines = [header]
    for z, x, y, count in (
        (0, 0, 0, 36), (0, 0, 1, 12), (0, 1, 0, 18), (0, 1, 1, 12),
        (1, 0, 0, 10), (1, 0, 1, 10), (1, 1, 0, 6), (1, 1, 1, 24),
    ):  # fmt: skip
        lines += [f"{z},{x},{y}"] * count
    found = sum(line.startswith("0") for line in lines[1:]) / (len(lines) - 1)
    assert found == pytest.approx(78 / 128)
    if gap:
        lines[5] = "0,,1"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_a_table_of_units_gives_an_estimate(capsys, tmp_path):
    path = units(tmp_path / "units.csv")
    found = data(capsys, "query", CONFOUNDED, EFFECT, "--data", path)
    assert found["finding"] == "estimate"
    assert found["value"] == pytest.approx(78 / 128 * 0.4 + 50 / 128 * 0.8)
    assert found["uncertainty"]["sampling"] > 0
    status, out, _ = run(capsys, "query", CONFOUNDED, EFFECT, "--data", path)
    assert status == 0
    assert "standard error" in out
    assert "Adjusting for Z is enough" in " ".join(out.split())


def test_a_table_that_cannot_be_used_is_named(capsys, tmp_path):
    lacking = units(tmp_path / "lacking.csv", header="W,X,Y")
    status, out, err = run(capsys, "query", CONFOUNDED, EFFECT, "--data", lacking)
    assert status in (0, 2, 3), out + err
    assert "Z" in out + err
    gaps = units(tmp_path / "gaps.csv", gap=True)
    status, _, err = run(capsys, "query", CONFOUNDED, EFFECT, "--data", gaps)
    assert status in (2, 3)
    assert "'X'" in err


def test_the_help_of_identify_loads_nothing(capsys):
    status, out, _ = run(capsys, "identify", "--help")
    assert status == 0
    assert "--available" in out
