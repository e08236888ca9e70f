"""The fault run in small: a server that misbehaves at every turn, and a client killed and resumed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks._faults_worker import MODEL, PRICE, Reader, ask
from benchmarks.faults import count, killed, records, worker
from benchmarks.questions import questions
from llm_bridge._chat._server import Faults, LocalServer

N = 60


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text(questions(N, 3), encoding="utf-8")
    return path


def test_no_fault_becomes_an_answer_and_no_item_is_lost_or_doubled(file: Path, tmp_path: Path):
    reader = Reader(str(file))
    # Twice the faults of the fault run; a delayed reply comes in time here, so that nothing waits long.
    server = LocalServer(reader, models=(MODEL,), faults=Faults(rate=0.1, seed=11, delay=0.01, retry_after=0.01))
    with server.running() as url:
        arguments = {"url": url, "file": str(file), "folder": str(tmp_path), "at_once": 8, "timeout": 60.0}
        out = tmp_path / "out.jsonl"
        killed(worker("ask", budget=1e6, **arguments), out, N // 3)
        assert N // 3 <= count(out) < N
        spent = ask(budget=1e6, **arguments)["spending"]  # type: ignore
    found = records(out)
    assert Counter(record["id"] for record in found) == Counter(range(1, N + 1))
    assert not [record for record in found if record["answered"] and not record["correct"]]
    # How many bad replies outlast the repairs depends on the order of requests: one item in ten or so. With 60 items,
    # fewer than half right would be chance once in 1e13 runs.
    assert sum(record["correct"] for record in found) >= N // 2
    assert len({entry.misdeed.kind for entry in server.log if entry.misdeed}) >= 7, "the faults were there"
    assert PRICE.of(*reader.tokens) <= spent["cost"]
