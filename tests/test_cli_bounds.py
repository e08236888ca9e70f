"""Bounds on the command line: how they are told, what `--assume` grants, what `--explain` shows, the exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llm_bridge import cli
from llm_bridge._cli_bounds import grants_of
from llm_bridge._cli_print import optioned
from scm import no_prevention

IV = "Z -> X -> Y, X <-> Y"
EFFECT = "P(Y=1 | do(X=1)) - P(Y=1 | do(X=0))"
SAID = ("P(X=1 | Z=0) = 0", "P(X=1 | Z=1) = 61%", "P(Y=1 | Z=0) = 0.5%", "P(Y=1 | Z=1) = 48%")
GIVEN = [part for said in SAID for part in ("--given", said)]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = cli.main(list(argv))
    out, err = capsys.readouterr()
    return status, " ".join(out.split()), err


def data(capsys: pytest.CaptureFixture[str], *argv: str) -> Any:
    status = cli.main([*argv, "--json"])
    out, err = capsys.readouterr()
    assert (status, err) == (0, "")
    return json.loads(out)


def test_bounds_are_told_with_what_rounding_leaves_open(capsys: pytest.CaptureFixture[str]):
    status, out, err = run(capsys, "query", IV, EFFECT, *GIVEN)
    assert (status, err) == (0, "")
    # At face value 0.47 to 0.865, by hand: see `test_seen_as_done`.
    assert "lies between 0.47 and 0.865; what is given cannot say more" in out
    assert "Within the rounding of the printed numbers: 0.464 to 0.8755." in out
    assert "Z could serve as an instrument" in out


def test_the_interval_is_in_the_json(capsys: pytest.CaptureFixture[str]):
    found = data(capsys, "query", IV, EFFECT, *GIVEN)
    assert (found["finding"], found["value"], found["reply"]) == ("bounds", None, None)
    interval = found["interval"]
    assert interval["sharp"] is True
    assert interval["outer_lower"] <= interval["lower"] + 1e-12
    assert interval["upper"] <= interval["outer_upper"] + 1e-12
    assert (interval["lower"], interval["upper"]) == pytest.approx((0.47, 0.865), abs=1e-9)


def test_a_shape_that_is_granted_narrows_and_is_listed(capsys: pytest.CaptureFixture[str]):
    status, out, _ = run(capsys, "query", IV, EFFECT, *GIVEN, "--assume", "no_prevention(X, Y)")
    assert status == 0
    assert "lies between 0.475 and 0.865" in out
    assert "no prevention: raising X lowers Y in no unit" in out
    assert "(by the user)" in out


def test_explain_shows_models_at_the_ends_and_what_it_took(capsys: pytest.CaptureFixture[str]):
    _, out, _ = run(capsys, "query", IV, EFFECT, *GIVEN, "--explain")
    assert "A model that attains the lower end" in out
    assert "A model that attains the upper end" in out
    assert "X: given (Z, U_X_Y), the last fastest:" in out
    assert "What it took unknowns:" in out


def test_nothing_ruled_out_and_one_end_are_said_so(capsys: pytest.CaptureFixture[str]):
    bow = ("query", "X -> Y, X <-> Y", "P(Y=1 | do(X=1))")
    status, out, _ = run(capsys, *bow, "--given", "P(X=1) = 30%")
    assert status == 0
    assert "can be anything from 0 to 1: what is given says nothing about it." in out
    _, out, _ = run(capsys, *bow, "--given", "P(X=1, Y=1) = 3/10")
    assert "is at least 0.3; what is given cannot say more, and an experiment that sets X would settle it." in out
    _, out, _ = run(capsys, *bow, "--given", "P(X=1, Y=0) = 1/3")
    assert "is at most 0.666667; what is given" in out  # rounded up


def test_chance_in_the_counts_is_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rng = np.random.default_rng(5)
    x = rng.integers(0, 2, 400)
    y = (rng.random(400) < 0.2 + 0.5 * x).astype(int)
    file = tmp_path / "units.csv"
    file.write_text("X,Y\n" + "\n".join(f"{a},{b}" for a, b in zip(x, y, strict=True)))
    found = data(capsys, "query", "X -> Y, X <-> Y", "P(Y=1 | do(X=1))", "--data", str(file))
    assert found["finding"] == "bounds"
    both = float(((x == 1) & (y == 1)).mean())
    assert found["interval"]["lower"] == pytest.approx(both, abs=1e-9)  # Manski (1990)
    assert found["interval"]["upper"] == pytest.approx(both + float((x == 0).mean()), abs=1e-9)
    chance = found["uncertainty"]["confidence"]
    assert chance["lower"] < found["interval"]["lower"]
    assert chance["upper"] > found["interval"]["upper"]
    assert "With 95% confidence, chance in the counts allowed for:" in found["answer"]


def test_identify_says_that_there_are_bounds(capsys: pytest.CaptureFixture[str]):
    status, out, _ = run(capsys, "identify", IV, EFFECT)
    assert status == 0
    assert "not identified" in out
    assert "What is known may still bound it: twinworld query" in out
    assert "bounds" in data(capsys, "identify", IV, EFFECT)
    _, out, _ = run(capsys, "identify", IV, EFFECT, *GIVEN, "--assume", "no_prevention(X, Y)")
    assert "With what is given: " in out
    assert "between 0.475 and 0.865" in out
    assert "bounds" not in data(capsys, "identify", "X -> Y", "P(Y=1 | do(X=1))")


def test_grants_are_read_and_never_executed():
    assert grants_of(["homogeneity", "no_prevention(X, Y)"]) == ("homogeneity", no_prevention("X", "Y"))


@pytest.mark.parametrize(
    ("grant", "words"),
    [
        ("no_preventoin(X, Y)", "Did you mean 'no_prevention'"),
        ("__import__('os').system('true')", "Expected one of"),
        ("no_prevention(X, W)", "'W'"),
        ("no_prevention(Y, X)", "other way round"),
        ("no_such_grant", "no_such_grant"),
    ],
)
def test_a_grant_that_cannot_be_meant_is_misuse(capsys: pytest.CaptureFixture[str], grant: str, words: str):
    status, out, err = run(capsys, "query", IV, EFFECT, *GIVEN, "--assume", grant)
    assert (status, out) == (2, "")
    assert words in err


def test_a_contradiction_is_told_with_its_reason(capsys: pytest.CaptureFixture[str]):
    said = ("--given=P(X=0, Y=1 | Z=0) = 80%", "--given=P(X=0, Y=0 | Z=1) = 60%", "--no-derivation")
    status, out, _ = run(capsys, "query", IV, EFFECT, *said)
    assert status == 0
    assert "cannot hold together, rounding included: " in out
    assert "P(X[Z=1]=0, Y[Z=1]=0) is at least 1.39, " in out
    assert "but under no law is it above 1" in out
    bow = ("query", "X -> Y, X <-> Y", "P(Y=1 | do(X=1))", "--given=P(X=1) = 50%", "--given=P(Y=1 | X=1) = 50%")
    _, out, _ = run(capsys, *bow, "--given=P(Y=1 | do(X=1)) = 10%", "--no-derivation")
    assert out.endswith("cannot hold together, rounding included: no law over this graph meets them.")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("P(Y=1 | X=1) = 60", "a probability lies between 0 and 1, got 60; for a percentage write 60%."),
        ("P(Y=1 | X=1) = 160%", "a probability lies between 0 and 1, got 1.6."),
        ("P(Y=1 | X=1) = -0.2", "a probability lies between 0 and 1, got -0.2."),
    ],
)
def test_a_probability_that_is_none_is_misuse(capsys: pytest.CaptureFixture[str], said: str, words: str):
    for command in ("query", "identify"):
        status, out, err = run(capsys, command, "X -> Y, X <-> Y", "P(Y=1 | do(X=1))", f"--given={said}")
        assert (status, out) == (2, "")
        assert words in err


def test_what_rounding_leaves_open_is_told_of_a_point_that_bounds_found(capsys: pytest.CaptureFixture[str]):
    """Pearl's legal case: at face value surely due to the drug; within the printed digits anything is possible."""
    said = (
        "P(Y=1 | do(X=1)) = 1.6%",
        "P(Y=1 | do(X=0)) = 1.4%",
        "P(Y=1|X=1) = .002",
        "P(Y=1|X=0) = .028",
        "P(X=1) = .5",
    )
    given = [f"--given={one}" for one in said]
    _, out, _ = run(capsys, "query", "X -> Y, X <-> Y", "P(Y[X=0]=0 | X=1, Y=1)", *given, "--no-derivation")
    assert out == "P(Y[X=0] = 0 | X = 1, Y = 1) is 1. Within the rounding of the printed numbers: 0 to 1."


def test_a_table_that_is_given_as_the_graph_is_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "units.csv"
    file.write_text("X,Y\n0,1\n1,0\n")
    for command in ("query", "identify"):
        status, out, err = run(capsys, command, str(file), "P(Y=1 | do(X=1))")
        assert (status, out) == (2, "")
        assert (
            f'is a table, by its name. Give the graph, such as "X -> Y", and the table beside it: --data {file}' in err
        )


def test_a_key_is_called_as_the_command_calls_it():
    from scm.solvers.sampled import NO_KEY

    reason = NO_KEY
    assert "--seed N" in optioned(reason)
    assert "key=" not in optioned(reason)


def test_the_steps_of_an_interval_are_short_unless_all_is_asked_for(capsys: pytest.CaptureFixture[str]):
    _, out, _ = run(capsys, "query", IV, EFFECT, *GIVEN)
    assert "How it follows 1. hedge: " in out
    assert " 2. response types: " in out
    assert " scope: " not in out
    _, out, _ = run(capsys, "query", IV, EFFECT, *GIVEN, "--derivation")
    assert " 2. scope: " in out
