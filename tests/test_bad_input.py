"""Bad input, through the real command: what was got, what was wanted, what to try; a status; and no traceback, ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
MISUSE, REFUSED = 2, 3

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The command in a folder of its own."""

    def command(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [sys.executable, "-m", "llm_bridge.cli", *arguments],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=120,
        )
        assert b"Traceback" not in done.stderr + done.stdout, done.stderr.decode()
        return done

    return command


def says(done: subprocess.CompletedProcess[bytes], status: int, *words: str) -> str:
    """The complaint, checked for its exit status and for words, whatever their case and line breaks."""
    told = " ".join(done.stderr.decode().split())
    assert done.returncode == status, (done.returncode, told)
    for word in words:
        assert word.lower() in told.lower(), (word, told)
    return told


def problem(**changes: Any) -> dict[str, Any]:
    """A good Problem, and what a test makes of it."""
    good = {
        "variables": [{"name": "X"}, {"name": "Y"}],
        "edges": [{"cause": "X", "effect": "Y"}],
        "statements": [
            {"term": "P(X=True)", "value": "50%"},
            {"term": "P(Y=True | X=True)", "value": "90%"},
            {"term": "P(Y=True | X=False)", "value": "20%"},
        ],
        "queries": [{"query": "P(Y=True)"}],
    }
    return {k: v for k, v in {**good, **changes}.items() if v is not None}


def with_value(value: object) -> dict[str, Any]:
    """The good Problem with another probability of X."""
    statements = problem()["statements"]
    return problem(statements=[{"term": "P(X=True)", "value": value}, *statements[1:]])


# ---------------------------------------------------------------------------------------------------------------------
# Texts

TEXTS = {
    "empty": ("", ["empty", "what causes what"]),
    "blank": (" \n\t ", ["empty"]),
    "German": ("Wenn es regnet, ist die Straße nass. Wäre die Straße nass, wenn es nicht geregnet hätte?", []),
    "Japanese": ("雨が降ると道が濡れる。雨が降らなかったら、道は濡れただろうか。", []),
    "no question": ("If it rains, the road is wet.", ["question", "Would"]),
    "unknown name": ("We know that Ziklo causes Blaf. Would Blof occur if not Ziklo?", ["Blof"]),
    "unknown clause": ("If it rains, the road is wet. Would the garden be wet if it had not rained?", ["garden"]),
    "code": ("__import__('os').system('touch pwned')", []),
    "more than one": ("We know that A causes B. A probability of 140% for A. Would B occur?", []),
    "controls": ("\x01\x02 \u202e\ufeff", []),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_cannot_be_read(run: Run, tmp_path: Path, name: str):
    text, words = TEXTS[name]
    says(run("ask", "-", stdin=text.encode()), REFUSED, *words)
    assert not list(tmp_path.iterdir())


def test_a_text_that_cannot_be_read_as_json(run: Run):
    done = run("ask", "The weather is nice.", "--json")
    data = json.loads(done.stdout)
    assert done.returncode == REFUSED
    assert (data["finding"], data["reply"], data["value"]) == ("unreadable", None, None)
    assert data["fault"]
    assert data["fault"] in " ".join(done.stderr.decode().split())


def test_a_megabyte_of_text(run: Run):
    text = "We know that Ziklo causes Blaf. " * 32_768
    says(run("ask", "-", stdin=text.encode()), REFUSED, "1,048,576 characters", "at most", "Cut")


def test_rules_that_run_in_a_circle(run: Run):
    done = run("ask", "We know that Aa causes Bb, and Bb causes Aa. Would Aa occur if not Bb?", "--json")
    says(done, REFUSED, "circle", "Aa -> Bb -> Aa", "drop one")
    assert json.loads(done.stdout)["finding"] == "refused"


def test_an_observation_that_cannot_be(run: Run):
    text = "We know that Ziklo causes Blaf. We observed Ziklo and not Blaf. Would Blaf occur if not Ziklo?"
    done = run("ask", text, "--json")
    data = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (data["finding"], data["reply"], data["value"]) == ("undefined", None, None)
    assert "Blaf would not occur if Ziklo did not occur" in data["answer"]


# ---------------------------------------------------------------------------------------------------------------------
# Files


def test_a_file_that_is_not_there(run: Run):
    says(run("ask", "story.txt"), MISUSE, "no file story.txt", "Check the path")
    says(run("solve", "problem.json"), MISUSE, "no file", "problem.json", "a Problem as JSON")
    says(run("query", "model.json", "P(Y=1)"), MISUSE, "no file", "model.json", "a model as JSON")
    says(run("bench", "suite.jsonl"), MISUSE, "no file", "suite.jsonl")


def test_a_file_that_is_no_text(run: Run, tmp_path: Path):
    (tmp_path / "latin.txt").write_bytes("Wenn es regnet, ist die Straße nass.".encode("latin-1"))
    for command in ("ask", "solve"):
        says(run(command, "latin.txt"), MISUSE, "latin.txt is not UTF-8", "0xdf", "position 28", "Save it as UTF-8")


def test_a_folder(run: Run, tmp_path: Path):
    for arguments in (("ask", "."), ("solve", "."), ("query", ".", "P(Y)"), ("bench", ".")):
        says(run(*arguments), MISUSE, "is a folder")


def test_a_huge_file(run: Run, tmp_path: Path):
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(30_000_000)
    for command in ("ask", "solve"):
        says(run(command, "huge.txt"), MISUSE, "more than 20,000,000 bytes", "Cut it")


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_an_argument_that_is_no_text(tmp_path: Path, locale: str):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for text, status, words in (
        (b"We know that \xff causes Blaf. Would Blaf occur?", MISUSE, "the question is not UTF-8"),
        ("Wäre die Straße nass?".encode(), REFUSED, "nass"),
    ):
        command = [sys.executable, "-m", "llm_bridge.cli", "ask", text]
        says(subprocess.run(command, capture_output=True, cwd=tmp_path, env=env, timeout=120), status, words)


def test_a_terminal_that_lacks_letters(tmp_path: Path):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    text = "We know that Émile causes Zoë. Would Zoë occur if not Émile?"
    command = [sys.executable, "-m", "llm_bridge.cli", "ask", text]
    plain = subprocess.run(command, capture_output=True, cwd=tmp_path, env=env, timeout=120)
    assert (plain.returncode, plain.stderr) == (0, b"")
    assert plain.stdout.startswith(rb"No. Zo\xeb would not occur if \xc9mile did not occur.")
    data = subprocess.run([*command, "--json"], capture_output=True, cwd=tmp_path, env=env, timeout=120)
    assert json.loads(data.stdout)["answer"].startswith("No. Zoë would not occur")


def test_standard_input_that_is_no_text(run: Run):
    says(run("ask", "-", stdin=b"\xff\xfe\x00"), MISUSE, "standard input is not UTF-8")


# ---------------------------------------------------------------------------------------------------------------------
# Problem files

PROBLEMS: dict[str, tuple[object, list[str]]] = {
    "sum above one": (
        problem(
            variables=[{"name": "X", "states": ["a", "b", "c"]}, {"name": "Y"}],
            edges=None,
            statements=[{"term": f"P(X='{s}')", "value": "50%"} for s in "abc"],
        ),
        ["add up to about 1.5", "wanted 1", "Correct one"],
    ),
    "negative": (with_value("-0.2"), ["-0.2", "wanted", "0.26"]),
    "above one": (with_value("1.2"), ["1.2", "not between 0 and 1"]),
    "95 percent": (with_value("95 percent"), ["95 percent", "wanted a printed number"]),
    "a list": (with_value([0.5]), ["statements[0].value", "wanted text in quotes"]),
    "self-loop": (problem(edges=[{"cause": "X", "effect": "X"}]), ["'X' -> 'X'", "self-loop", "drop it"]),
    "duplicate": (
        problem(variables=[{"name": "X"}, {"name": "Y"}, {"name": "X"}]),
        ["'X' is declared 2 times", "rename"],
    ),
    "cycle": (
        problem(edges=None, statements=None, equations=[{"variable": v, "expression": e} for v, e in ("XY", "YX")]),
        ["circle", "X -> Y -> X"],
    ),
    "unknown name": (problem(queries=[{"query": "P(Z=True)"}]), ["'Z'", "'X', 'Y'"]),
    "unknown state": (problem(queries=[{"query": "P(Y='high')"}]), ["high", "not a state of 'Y'"]),
    "unknown key": (problem(querys=[]), ["querys", "Did you mean 'queries'"]),
    "nothing": ({}, ["variables", "cannot"]),
    "an array": ([1, 2], ["wanted an object"]),
    "code in an equation": (
        problem(
            edges=None, statements=None, equations=[{"variable": "Y", "expression": "__import__('os').system('ls')"}]
        ),
        ["equations[0].expression", "^"],
    ),
    "a huge number in an equation": (
        problem(edges=None, statements=None, equations=[{"variable": "Y", "expression": "9" * 400}]),
        ["equations[0].expression"],
    ),
    "deep nesting in an equation": (
        problem(edges=None, statements=None, equations=[{"variable": "Y", "expression": "not " * 5_000 + "X"}]),
        ["equations[0].expression"],
    ),
    "unbalanced brackets": (problem(queries=[{"query": "P(Y=True | (X=True)"}]), ["queries[0].query", "^"]),
    "a placeholder": (problem(queries=[{"query": "P(Y=?y)"}]), ["?y", "Write the value"]),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_that_cannot_be(run: Run, tmp_path: Path, name: str):
    data, words = PROBLEMS[name]
    (tmp_path / "p.json").write_text(json.dumps(data))
    says(run("solve", "p.json"), MISUSE, "p.json is no usable Problem", *words)


DOCUMENTS = {
    "truncated": (json.dumps(problem())[:-20], ["not JSON", "cut off"]),
    "NaN": (json.dumps(with_value(float("nan"))), ["NaN", "finite"]),
    "a number of many digits": ('{"variables": ' + "9" * 6_000 + "}", ["thousands of digits"]),
    "deep": ('{"variables": ' + "[" * 100_000 + "]" * 100_000 + "}", ["nested too deep"]),
    "a key twice": ('{"cannot": "a", "cannot": "b"}', ["'cannot'", "twice"]),
    "long": (json.dumps(problem(cannot="x" * 1_100_000)), ["1,000,000"]),
    "empty": ("", ["not JSON"]),
    "no JSON": ("variables: X, Y", ["not JSON", "line 1"]),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_is_no_problem(run: Run, name: str):
    document, words = DOCUMENTS[name]
    says(run("solve", "-", stdin=document.encode()), MISUSE, *words)


def test_a_problem_that_says_too_little(run: Run):
    """What follows is said, and the number that is missing."""
    data = problem(statements=problem()["statements"][:2])
    done = run("solve", "-", "--json", stdin=json.dumps(data).encode())
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["finding"] in ("bounds", "not_identified")
    assert found["reply"] is None
    assert "missing" in found["answer"]
    assert "P(Y" in found["answer"]


# ---------------------------------------------------------------------------------------------------------------------
# Models and queries

MODEL = {
    "format": "twinworld-model",
    "version": 1,
    "order": ["X", "Y"],
    "noises": [],
    "variables": [
        {"name": "X", "noise": [{"name": "u_X", "bernoulli": 0.5}]},
        {
            "name": "Y",
            "parents": ["X"],
            "table": [[[False], [0.9, 0.1]], [[True], [0.3, 0.7]]],
            "states": [False, True],
        },
    ],
}

QUERIES: dict[str, tuple[list[str], list[str]]] = {
    "unbalanced brackets": (["P(Y=1 | (X=1)"], ["P(Y=1 | (X=1)", "^"]),
    "unclosed": (["P(Y=1"], ["^"]),
    "empty": ([""], []),
    "unknown name": (["P(Yy=1)"], ["'Yy'", "Did you mean 'Y'"]),
    "unknown state": (["P(Y=7)"], ["7", "not a state of 'Y'"]),
    "code": (["__import__('os')"], ["^"]),
    "deep": (["P(" + "not " * 3_000 + "Y)"], ["nested"]),
    "an open placeholder": (["P(Y=1 | X=?x)"], ["?x", "--set x=VALUE"]),
    "a setting for nothing": (["P(Y=1)", "--set", "x=1"], ["x"]),
    "a setting without value": (["P(Y=1 | X=?x)", "--set", "x"], ["wanted NAME=VALUE"]),
    "two settings": (["P(Y=1 | X=?x)", "--set", "x=1", "--set", "x=0"], ["twice"]),
    "unknown assumption": (["P(Y=1)", "--assume", "monotone"], ["monotone", "rank_preserving"]),
    "bad budget": (["P(Y=1)", "--budget", "soon"], ["soon", "30s"]),
    "bad seed": (["P(Y=1)", "--seed", "x"], ["--seed", "invalid int value"]),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_that_cannot_be_meant(run: Run, tmp_path: Path, name: str):
    arguments, words = QUERIES[name]
    (tmp_path / "model.json").write_text(json.dumps(MODEL))
    says(run("query", "model.json", *arguments), MISUSE, *words)


MODELS: dict[str, tuple[object, list[str]]] = {
    "another version": ({**MODEL, "version": 99}, ["99"]),
    "another format": ({"nodes": []}, ["twinworld-model"]),
    "a law that does not sum to one": (
        {
            **MODEL,
            "variables": [
                MODEL["variables"][0],
                {**MODEL["variables"][1], "table": [[[False], [0.9, 0.3]], [[True], [0.3, 0.7]]]},
            ],
        },
        ["sums to 1.2"],
    ),
    "a self-loop": (
        {**MODEL, "order": ["X"], "variables": [{"name": "X", "equation": "not X", "states": [False, True]}]},
        ["X"],
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_cannot_be(run: Run, name: str):
    data, words = MODELS[name]
    says(run("query", "-", "P(Y=1)", stdin=json.dumps(data).encode()), MISUSE, *words)


def test_a_query_that_is_refused(run: Run):
    options = ("--json", "--budget", "0.000001us")
    done = run("query", "-", "P(Y=1)", *options, stdin=json.dumps(MODEL).encode())
    says(done, REFUSED, "budget")
    assert json.loads(done.stdout)["finding"] == "refused"


# ---------------------------------------------------------------------------------------------------------------------
# The command line itself


@pytest.mark.parametrize(
    "arguments", [(), ("aks", "x"), ("ask",), ("ask", "x", "--calls", "3"), ("bench", "x", "--limit", "0")]
)
def test_arguments_that_do_not_fit(run: Run, arguments: tuple[str, ...]):
    says(run(*arguments), MISUSE, "usage: twinworld", "error:")


@pytest.mark.parametrize("out", ["no/such/folder/out.jsonl", "."])
def test_an_output_path_that_cannot_be_written(run: Run, tmp_path: Path, out: str):
    item = {"id": 1, "text": "We know that Ziklo causes Blaf. Would Blaf occur if not Ziklo?", "answer": "no"}
    (tmp_path / "suite.jsonl").write_text(json.dumps(item) + "\n")
    done = run("bench", "suite.jsonl", "--out", out)
    says(done, MISUSE, f"--out {out}")
    assert done.stdout == b""
    assert [path.name for path in tmp_path.iterdir()] == ["suite.jsonl"]


def test_a_suite_that_is_none(run: Run, tmp_path: Path):
    (tmp_path / "suite.jsonl").write_text('{"question": 1}\n')
    says(run("bench", "suite.jsonl"), MISUSE, "suite.jsonl")


def test_a_reader_that_leaves(tmp_path: Path):
    """`twinworld ask ... | head -0`: quiet, whatever the output is."""
    reading, writing = os.pipe()
    os.close(reading)
    text = "We know that Ziklo causes Blaf. Would Blaf occur if not Ziklo?"
    done = subprocess.run(
        [sys.executable, "-m", "llm_bridge.cli", "ask", text, "--json"],
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
    )
    os.close(writing)
    assert (done.stderr, done.returncode) == (b"", 141)
