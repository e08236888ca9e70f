"""The command, in this process: what it prints, for people and for programs, and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import scm
from llm_bridge import cli
from scm import Bernoulli, Model, Variable

ROOT = Path(__file__).resolve().parent.parent
FIRING_SQUAD = (
    "If the court orders the execution, the captain gives the signal. If the captain gives the signal, rifleman A "
    "shoots and rifleman B shoots. If rifleman A or rifleman B shoots, the prisoner dies. We observed that the "
    "prisoner died. Would the prisoner have died if rifleman A had not shot?"
)
PROMISED = {"answer", "reply", "finding", "value", "interval", "query", "problem", "assumptions", "derivation"}


def strict(text: str) -> Any:
    """JSON data without NaN or infinity."""

    def refuse(name: str) -> None:
        pytest.fail(f"{name} in the output")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def model_file(tmp_path: Path) -> str:
    model = Model(
        Variable("order", noise=Bernoulli(0.6)),
        Variable("rifleman_a", equation="order or u_nervous", noise={"u_nervous": Bernoulli(0.1)}),
        Variable("rifleman_b", equation="order"),
        Variable("prisoner_dead", equation="rifleman_a or rifleman_b"),
    )
    path = tmp_path / "squad.json"
    path.write_text(model.to_json())
    return str(path)


# ---------------------------------------------------------------------------------------------------------------------
# ask


def test_ask_says_the_answer_its_steps_and_its_assumptions(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["ask", FIRING_SQUAD]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    words, steps, assumed = out.strip().split("\n\n")
    assert words.startswith("Yes. The prisoner would still have died if rifleman A had not shot.")
    assert steps.startswith("How it follows\n  1. abduction")
    assert "because" not in steps
    assert "What is not said to cause something does not cause it." in assumed
    assert max(map(len, out.splitlines())) <= 100


def test_ask_reads_a_file_and_standard_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "story"
    path.write_text("\ufeff" + FIRING_SQUAD, encoding="utf-8")
    assert cli.main(["ask", str(path)]) == 0
    from_file = capsys.readouterr().out
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    piped = subprocess.run(
        [sys.executable, "-m", "llm_bridge.cli", "ask", "-"],
        input=FIRING_SQUAD,
        capture_output=True,
        text=True,
        env=env,
    )
    assert piped.stdout == from_file


def test_ask_with_all_steps_or_none(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["ask", FIRING_SQUAD, "--derivation"]) == 0
    out = capsys.readouterr().out
    assert "because" in out
    assert "Pearl (2009)" in out
    assert cli.main(["ask", FIRING_SQUAD, "--no-derivation"]) == 0
    assert "How it follows" not in capsys.readouterr().out


def test_ask_explains(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["ask", FIRING_SQUAD, "--explain"]) == 0
    out = capsys.readouterr().out
    titles = [line for line in out.splitlines()[1:] if line and not line.startswith(" ")]
    for title in ("How it was read", "How it follows", "The same question on each rung", "Plan", "Assumed", "Stages"):
        assert title in titles
    for rung in ("seeing", "doing", "imagining"):
        assert f"  {rung}" in out
    assert '"captain gives the signal" = "court orders the execution"' in out
    assert max(map(len, out.splitlines())) <= 100


def test_ask_prints_json(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["ask", FIRING_SQUAD, "--json", "--explain"]) == 0
    data = strict(capsys.readouterr().out)
    assert data.keys() >= PROMISED | {"trace", "plan", "rungs"}
    assert (data["reply"], data["finding"], data["value"], data["interval"]) == ("yes", "exact", 1.0, None)
    assert data["query"] == 'P("prisoner dies"["rifleman A shoots"=False] = True | "prisoner dies" = True)'
    assert [step["name"] for step in data["derivation"]][:3] == ["abduction", "action", "prediction"]
    assert {"text", "granted_by"} == data["assumptions"][0].keys()
    assert [stage["name"] for stage in data["trace"]] == ["read", "compile", "ask"]
    assert data["rungs"]["doing"]["interval"]["lower"] == 0


def test_ask_tells_bounds(capsys: pytest.CaptureFixture[str]):
    text = "We know that Ziklo or Gorp causes Blaf. Would Blaf occur if not Ziklo?"
    assert cli.main(["ask", text, "--json"]) == 0
    data = strict(capsys.readouterr().out)
    assert (data["reply"], data["finding"], data["value"]) == (None, "bounds", None)
    assert (data["interval"]["lower"], data["interval"]["upper"]) == (0, 1)
    assert "yes if Gorp occurs, and no if Gorp does not occur" in data["answer"]


def test_the_problem_in_the_json_can_be_solved_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["ask", FIRING_SQUAD, "--json"]) == 0
    first = strict(capsys.readouterr().out)
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(first["problem"]))
    assert cli.main(["solve", str(path), "--json"]) == 0
    again = strict(capsys.readouterr().out)
    assert {k: again[k] for k in PROMISED} == {k: first[k] for k in PROMISED}


# ---------------------------------------------------------------------------------------------------------------------
# query


def test_query_prints_the_answer(model_file: str, capsys: pytest.CaptureFixture[str]):
    query = "P(prisoner_dead[rifleman_a=False] = False | prisoner_dead = True)"
    assert cli.main(["query", model_file, query, "--explain"]) == 0
    out = capsys.readouterr().out
    assert "= 0.0625" in out.splitlines()[0] + out.splitlines()[1]
    assert "The same question on each rung" in out
    assert max(map(len, out.splitlines())) <= 100


def test_query_prints_json(model_file: str, capsys: pytest.CaptureFixture[str]):
    query = "P(prisoner_dead[rifleman_a=?a] = False | prisoner_dead = ?d)"
    assert cli.main(["query", model_file, query, "--set", "a=false", "--set", "?d=1", "--json"]) == 0
    data = strict(capsys.readouterr().out)
    assert data.keys() >= PROMISED
    assert data["reply"] == data["value"] == pytest.approx(0.0625)
    assert data["problem"] is None


def test_query_prints_a_distribution(model_file: str, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["query", model_file, "P(order)", "--json"]) == 0
    data = strict(capsys.readouterr().out)
    assert data["reply"] is None
    assert data["value"] == pytest.approx([0.4, 0.6])


def test_query_on_what_has_probability_zero_is_an_answer(model_file: str, capsys: pytest.CaptureFixture[str]):
    query = "P(order=True | rifleman_b=True, prisoner_dead=False)"
    assert cli.main(["query", model_file, query, "--json"]) == 0
    data = strict(capsys.readouterr().out)
    assert (data["finding"], data["value"], data["reply"]) == ("undefined", None, None)


def test_query_with_a_granted_coupling(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    effect = Variable("Y", (False, True), parents=("X",), table={False: (0.9, 0.1), True: (0.3, 0.7)})
    model = Model(Variable("X", noise=Bernoulli(0.5)), effect)
    path = tmp_path / "model.json"
    path.write_text(model.to_json())
    query = "P(Y[X=False]=False | X=True, Y=True)"
    assert cli.main(["query", str(path), query, "--json"]) == 0
    data = strict(capsys.readouterr().out)
    assert data["finding"] == "bounds"
    assert (data["interval"]["lower"], data["interval"]["upper"]) == pytest.approx((6 / 7, 1))
    assert cli.main(["query", str(path), query, "--assume", "rank_preserving", "--json"]) == 0
    data = strict(capsys.readouterr().out)
    assert data["value"] == pytest.approx(6 / 7)
    assert data["assumptions"][0]["granted_by"] == "the user"


# ---------------------------------------------------------------------------------------------------------------------
# bench


def test_bench_scores_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rules = "We know that Ziklo causes Blaf. "
    items = [
        {"id": 1, "text": f"{rules}Would Blaf occur if not Ziklo?", "answer": "no"},
        {"id": 2, "text": f"{rules}We observed Ziklo. Would Blaf occur?", "answer": "yes"},
        {"id": 3, "text": "Nobody can read this.", "answer": "yes"},
    ]
    suite, out = tmp_path / "suite.jsonl", tmp_path / "out.jsonl"
    suite.write_text("".join(json.dumps(item) + "\n" for item in items))
    assert cli.main(["bench", str(suite), "--json", "--no-progress", "--out", str(out)]) == 0
    data = strict(capsys.readouterr().out)
    assert (data["n"], data["answered"], data["correct"]) == (3, 2, 2)
    assert data.keys() >= {"accuracy", "accuracy_plain", "by_type", "conventions"}
    assert len(out.read_text().splitlines()) == 3
    assert cli.main(["bench", str(suite), "--no-progress", "--limit", "1"]) == 0
    assert "1 right" in capsys.readouterr().out


# ---------------------------------------------------------------------------------------------------------------------
# The command line itself


@pytest.mark.parametrize("command", [[], ["ask"], ["solve"], ["query"], ["bench"]])
def test_help_has_an_example(command: list[str], capsys: pytest.CaptureFixture[str]):
    assert cli.main([*command, "--help"]) == 0
    out = capsys.readouterr().out
    assert "twinworld ask" in out if not command else f"twinworld {command[0]} " in out.split("example")[1]


def test_version(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("twinworld")


def test_help_loads_nothing_heavy():
    probe = "import sys; from llm_bridge import cli; cli.main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "argparse" in loaded, "the probe sees what is loaded"
    assert not loaded & {"numpy", "pydantic", "scm", "networkx", "lark", "asyncio"}


def test_an_interruption_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scm, "ask", interrupted)
    monkeypatch.setattr("llm_bridge._pipeline.ask", interrupted)
    assert cli.main(["ask", FIRING_SQUAD]) == 130
    assert capsys.readouterr().err == "twinworld: interrupted\n"


def test_an_error_of_our_own_is_one_line_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def broken(*_: object, **__: object) -> None:
        raise AssertionError("a bug")

    monkeypatch.setattr("llm_bridge._pipeline.ask", broken)
    assert cli.main(["ask", FIRING_SQUAD]) == 70
    err = capsys.readouterr().err
    assert "AssertionError: a bug" in err
    assert "TWINWORLD_TRACEBACK=1" in err
    monkeypatch.setenv("TWINWORLD_TRACEBACK", "1")
    with pytest.raises(AssertionError, match="a bug"):
        cli.main(["ask", FIRING_SQUAD])


@pytest.mark.parametrize("columns", ["40", "80", "300"])
def test_lines_fit_the_terminal(columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("COLUMNS", columns)
    text = "We know that Ziklo causes Blaf, and Blaf causes Trune. We observed Trune. Would Trune occur if not Ziklo?"
    assert cli.main(["ask", text, "--no-derivation"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= min(int(columns), 100)
