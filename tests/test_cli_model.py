"""The command with a language model as the reader, over HTTP: what it tells beside the answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llm_bridge._chat._server import LocalServer
from llm_bridge._chat._server_wire import ServedRequest
from llm_bridge.cli import main

TEXT = "If it rains, the road is wet. It rained. Would the road have been wet if it had not rained?"
READING = json.dumps(
    {
        "variables": [{"name": "it rains", "words": "it rains"}, {"name": "road is wet", "words": "the road is wet"}],
        "equations": [
            {"variable": "road is wet", "expression": '"it rains"', "words": "If it rains, the road is wet."}
        ],
        "queries": [
            {
                "query": 'P("road is wet"["it rains"=False] = True | "it rains" = True)',
                "words": "Would the road have been wet if it had not rained?",
            }
        ],
        "reply": {"kind": "yes-no"},
    }
)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "found"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def said(request: ServedRequest) -> str:
    """A right reading; a comparison is answered with something else."""
    return "It is all there." if '"sentences"' in request.messages[-1].content else READING


def ask(*options: str) -> int:
    with LocalServer(said, models=("m",)).running() as url:
        return main(["ask", TEXT, "--model", "m", "--base-url", url, *options])


def test_an_answer_alone_comes_without_remarks(capsys: pytest.CaptureFixture[str]):
    assert ask() == 0
    told = capsys.readouterr()
    assert told.out.startswith("No")
    assert told.err == ""


def test_a_damaged_cache_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    cache = tmp_path / "replies.sqlite"
    cache.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 16)
    assert ask("--cache", str(cache)) == 0
    told = capsys.readouterr()
    assert told.out.startswith("No")
    assert "damaged" in told.err
    assert f"moved to {cache}.damaged-1" in told.err
    assert ask("--cache", str(cache)) == 0
    assert capsys.readouterr().err == ""


def test_a_reading_that_nothing_confirmed_is_told_of(capsys: pytest.CaptureFixture[str]):
    assert ask("--back-translate") == 0
    told = capsys.readouterr()
    assert told.out.startswith("No")
    assert "stands unconfirmed" in told.err


@pytest.mark.parametrize("option", [("--repairs", "-1"), ("--repairs", "\u00b2"), ("--votes", "\u00b2")])
def test_a_number_that_is_none_is_named(option: tuple[str, str], capsys: pytest.CaptureFixture[str]):
    assert main(["ask", TEXT, "--model", "m", *option]) == 2
    told = capsys.readouterr().err
    assert f"got {option[1]!r}, wanted a whole number" in told
    assert ("or 0" in told) == (option[0] == "--repairs")
