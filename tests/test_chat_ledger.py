"""The ledger: what calls take, budgets that calls at once cannot exceed, and a journal that outlives kills."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from llm_bridge._chat._failures import BudgetSpent, ChatFailure, RateLimited, TimedOut, Truncated, Unreachable
from llm_bridge._chat._ledger import Budget, Ledger, Metered, Price
from llm_bridge._chat._openai import OpenAIChat
from llm_bridge._chat._scripted import ScriptedChat
from llm_bridge._chat._spending import percentiles
from llm_bridge._chat._types import ChatReply, ChatRequest, Message, ReplySchema, Usage
from scm import InvalidFile, ScmError

PRICE = Price(2.0, 10.0, "EUR")
REQUEST = ChatRequest((Message("system", "s" * 36), Message("user", "u" * 76)), "problem", max_tokens=100)
"""Of 36 tokens by size: 9 + 19 for the words, 4 for each message."""

MOST = 2 * 36 + 100


def run(ledger: Ledger, chat: ScriptedChat, times: int = 1, request: ChatRequest = REQUEST) -> list[ChatReply | str]:
    """What comes of so many requests, one after another; a failure by its kind."""

    async def main() -> list[ChatReply | str]:
        said: list[ChatReply | str] = []
        for _ in range(times):
            try:
                said.append(await Metered(chat, ledger).complete(request))
            except ChatFailure as failure:
                said.append(failure.kind)
        return said

    return asyncio.run(main())


def test_calls_are_written_down_with_their_cost():
    ledger = Ledger(price=PRICE)
    (reply,) = run(ledger, ScriptedChat([ChatReply("yes", usage=Usage(40, 7))]))
    assert isinstance(reply, ChatReply)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (40, 7)
    assert reply.usage.cost == pytest.approx(150e-6)
    (call,) = ledger.calls
    assert (call.purpose, call.kind, call.input_tokens, call.output_tokens) == ("problem", "reply", 40, 7)
    assert (call.counted, call.cost) == ("endpoint", pytest.approx(150e-6))
    assert call.seconds > 0


def test_what_the_endpoint_does_not_count_is_an_estimate_and_says_so():
    ledger = Ledger(price=PRICE)
    schema = ReplySchema.of("problem", {"a": "x" * 40})
    (reply,) = run(ledger, ScriptedChat(["y" * 41]), request=ChatRequest(REQUEST.messages, "problem", schema))
    assert isinstance(reply, ChatReply)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (None, None)
    (call,) = ledger.calls
    assert (call.input_tokens, call.output_tokens, call.counted) == (36 + 12, 11, "size")
    assert reply.usage.cost == call.cost == pytest.approx((48 * 2 + 11 * 10) / 1e6)
    assert ledger.summary().estimated_tokens == 59
    assert "59 estimated by size" in ledger.summary().text()


def test_without_a_price_there_is_no_cost():
    ledger = Ledger()
    (reply,) = run(ledger, ScriptedChat([ChatReply("yes", usage=Usage(40, 7))]))
    assert isinstance(reply, ChatReply)
    assert reply.usage.cost is None
    assert ledger.summary().cost is None
    assert "cost" not in ledger.summary().text()


def test_failures_cost_nothing_or_the_most():
    ledger = Ledger(price=PRICE)
    spent = Truncated("cut", usage=Usage(40, 100))
    said = run(ledger, ScriptedChat([RateLimited("slow"), TimedOut("late"), Unreachable("gone"), spent]), 4)
    assert said == ["RateLimited", "TimedOut", "Unreachable", "Truncated"]
    assert [call.tokens for call in ledger.calls] == [0, MOST, MOST, 140]
    assert spent.usage.cost == pytest.approx((40 * 2 + 100 * 10) / 1e6)
    summary = ledger.summary()
    assert (summary.calls, summary.replies) == (4, 0)
    assert summary.uncertain_tokens == 2 * MOST
    assert summary.cost == pytest.approx((2 * (72 * 2 + 100 * 10) + 40 * 2 + 100 * 10) / 1e6)
    assert dict(summary.failures) == {"RateLimited": 1, "TimedOut": 1, "Unreachable": 1, "Truncated": 1}


def test_an_endpoint_that_is_not_there_costs_nothing():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ledger = Ledger(price=PRICE)
    chat = OpenAIChat("some-model", base_url=f"http://127.0.0.1:{port}/v1")
    with pytest.raises(Unreachable, match="Nothing listens"):
        asyncio.run(Metered(chat, ledger).complete(REQUEST))
    assert [(call.kind, call.tokens, call.counted) for call in ledger.calls] == [("Unreachable", 0, "endpoint")]


def test_the_summary_says_it_all():
    ledger = Ledger(price=PRICE)
    run(ledger, ScriptedChat([ChatReply("a", usage=Usage(1_000, 100)), RateLimited("slow"), TimedOut("late")]), 3)
    other = ChatRequest(REQUEST.messages, "repair")
    run(ledger, ScriptedChat([ChatReply("a", usage=Usage(10, 1))]), request=other)
    text = ledger.summary().text()
    for words in (
        "4 calls, 2 replies",
        "RateLimited 1",
        "1,082 tokens in, 201 out",
        "EUR, of which",
        "median",
        "repair: 1",
    ):
        assert words in text
    data = json.loads(ledger.summary().to_json())
    assert data["failures"] == {"RateLimited": 1, "TimedOut": 1}
    assert data["latency"].keys() == {"p50", "p90", "p95", "p99", "p100"}
    assert [share["purpose"] for share in data["purposes"]] == ["problem", "repair"]
    assert data["currency"] == "EUR"


def test_percentiles():
    assert dict(percentiles(float(n) for n in range(1, 101))) == {50: 50.0, 90: 90.0, 95: 95.0, 99: 99.0, 100: 100.0}
    assert dict(percentiles([3.0])) == dict.fromkeys((50, 90, 95, 99, 100), 3.0)
    assert percentiles([]) == ()


# --- budgets


@pytest.mark.parametrize(
    ("budget", "sent", "words"),
    [
        (Budget(calls=3), 3, "3 calls is used up"),
        (Budget(tokens=MOST + 2 * 50), 3, "of 272 tokens are spent"),
        (Budget(tokens=MOST + 2 * 50 - 1), 2, "of 271 tokens are spent"),
        (Budget(tokens=MOST - 1), 0, "0 of 171 tokens"),
        (Budget(cost=(144 + 1_000) / 1e6 + 2 * 180e-6 + 1e-9), 3, "EUR are spent"),
        (Budget(cost=0), 0, "0.0000 EUR"),
        (Budget(seconds=0), 0, "0 seconds is used up"),
    ],
)
def test_a_budget_stops_the_run_before_it_is_exceeded(budget: Budget, sent: int, words: str):
    ledger = Ledger(budget=budget, price=PRICE)
    chat = ScriptedChat(lambda _: ChatReply("yes", usage=Usage(40, 10)))
    said = run(ledger, chat, 10)
    assert said[sent:] == ["BudgetSpent"] * (10 - sent)
    assert len(chat.requests) == len(ledger.calls) == sent
    with pytest.raises(BudgetSpent, match=words):
        asyncio.run(Metered(chat, ledger).complete(REQUEST))


@pytest.mark.parametrize("budget", [Budget(tokens=20_000), Budget(cost=0.1), Budget(calls=150)])
def test_calls_at_once_cannot_exceed_a_budget(budget: Budget):
    """Replies of any size up to the most allowed, failures between them, and as much of the budget used as can be."""
    ledger = Ledger(budget=budget, price=PRICE)
    rng = random.Random(5)
    spent = held = 0

    async def reply(request: ChatRequest) -> ChatReply | ChatFailure:
        nonlocal spent, held
        held += MOST
        assert budget.tokens is None or spent + held <= budget.tokens
        usage = Usage(rng.randint(36, 72), rng.randint(0, 100))
        await asyncio.sleep(rng.random() * 0.005)
        held -= MOST
        if rng.random() < 0.3:
            return RateLimited("slow")
        spent += (usage.input_tokens or 0) + (usage.output_tokens or 0)
        return ChatReply("yes", usage=usage)

    async def main() -> int:
        chat = Metered(ScriptedChat(reply), ledger)
        said = await asyncio.gather(*(chat.complete(REQUEST) for _ in range(400)), return_exceptions=True)
        assert all(isinstance(one, ChatReply | RateLimited | BudgetSpent) for one in said)
        return sum(isinstance(one, BudgetSpent) for one in said)

    assert asyncio.run(main()) > 0
    summary = ledger.summary()
    assert spent == summary.input_tokens + summary.output_tokens
    if budget.tokens is not None:
        assert budget.tokens - MOST < spent <= budget.tokens, "waiting calls use what others leave"
    if budget.cost is not None:
        assert 0.1 - (144 + 1_000) / 1e6 < (summary.cost or 0) <= 0.1
    if budget.calls is not None:
        assert summary.calls == 150


def test_threads_share_a_ledger():
    ledger = Ledger(budget=Budget(tokens=50 * 100 + MOST), price=PRICE)

    async def reply(_: ChatRequest) -> ChatReply:
        await asyncio.sleep(0.001)
        return ChatReply("yes", usage=Usage(40, 10))

    async def main() -> None:
        chat = Metered(ScriptedChat(reply), ledger)
        await asyncio.gather(*(chat.complete(REQUEST) for _ in range(50)), return_exceptions=True)

    threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(call.tokens for call in ledger.calls) == 50 * 101


def test_a_call_given_up_is_spent_and_does_not_block():
    ledger = Ledger(budget=Budget(tokens=2 * MOST + 60))

    async def never(_: ChatRequest) -> ChatReply:
        await asyncio.sleep(3_600)
        return ChatReply("")

    async def main() -> ChatReply:
        first, second = (
            asyncio.ensure_future(Metered(ScriptedChat(never), ledger).complete(REQUEST)) for _ in range(2)
        )
        waiting = asyncio.ensure_future(Metered(ScriptedChat([RateLimited("no")]), ledger).complete(REQUEST))
        other = asyncio.ensure_future(Metered(ScriptedChat(["yes"]), ledger).complete(REQUEST))
        await asyncio.sleep(0)
        waiting.cancel()
        first.cancel()
        await asyncio.wait((first, waiting, other), timeout=0.1)
        assert first.cancelled()
        assert waiting.cancelled()
        assert not other.done(), "what the second may still take is set aside"
        second.cancel()
        with pytest.raises(BudgetSpent, match="2 calls without an outcome"):
            await other
        return ChatReply("")

    asyncio.run(main())
    assert [(call.kind, call.counted, call.tokens) for call in ledger.calls] == [("unfinished", "most", MOST)] * 2


@pytest.mark.parametrize("wrong", [{"cost": -1.0}, {"tokens": -5}, {"seconds": float("nan")}])
def test_a_budget_that_cannot_be_is_refused(wrong: dict[str, float]):
    with pytest.raises(ScmError, match="wanted 0 or more"):
        Budget(**wrong)  # type: ignore


def test_prices_that_cannot_be_are_refused():
    with pytest.raises(ScmError, match="wanted two numbers"):
        Price(float("inf"), 1)
    with pytest.raises(ScmError, match="needs the price"):
        Ledger(budget=Budget(cost=1))


# --- the journal


def test_a_run_goes_on_with_what_was_spent(tmp_path: Path):
    path = tmp_path / "ledger.jsonl"
    chat = ScriptedChat(lambda _: ChatReply("yes", usage=Usage(40, 10)))
    for sent in (2, 1, 0):
        with Ledger(path, budget=Budget(tokens=MOST + 100), price=PRICE) as ledger:
            assert [isinstance(one, ChatReply) for one in run(ledger, chat, 2)] == [n < sent for n in range(2)]
    assert len(chat.requests) == 3
    with Ledger(path, price=PRICE) as ledger:
        assert ledger.summary().cost == pytest.approx(3 * 180e-6)
        assert len(ledger.calls) == 3


def test_time_adds_up_over_runs(tmp_path: Path):
    path = tmp_path / "ledger.jsonl"
    for _ in range(2):
        with Ledger(path) as ledger:
            time.sleep(0.02)
            run(ledger, ScriptedChat(["yes"]))
    with Ledger(path) as ledger:
        assert ledger.summary().seconds >= 0.04


def test_a_call_under_way_at_the_end_counts_at_its_most(tmp_path: Path):
    path = tmp_path / "ledger.jsonl"
    with Ledger(path, price=PRICE) as ledger:
        run(ledger, ScriptedChat([ChatReply("yes", usage=Usage(40, 10))]))
    content = path.read_bytes()
    done = content.index(b'{"done"')
    for size in range(len(content)):
        path.write_bytes(content[:size])
        with Ledger(path, price=PRICE) as ledger:
            expected = [] if size < done else [MOST]
            assert [call.tokens for call in ledger.calls] == expected
        with Ledger(path, price=PRICE) as ledger:
            assert [call.tokens for call in ledger.calls] == expected, "it is written down once"


def _spend(path: str, told: str) -> None:
    async def slow(_: ChatRequest) -> ChatReply:
        await asyncio.sleep(random.random() * 0.01)
        return ChatReply("yes", usage=Usage(40, 10))

    async def main() -> None:
        with Ledger(path, price=PRICE) as ledger, open(told, "ab", buffering=0) as file:
            chat = Metered(ScriptedChat(slow), ledger)

            async def ask() -> None:
                while True:
                    file.write(b"sent\n")
                    await chat.complete(REQUEST)
                    file.write(b"done\n")

            await asyncio.gather(*(ask() for _ in range(20)))

    asyncio.run(main())


def test_the_ledger_outlives_kill_9(tmp_path: Path):
    path, told = tmp_path / "ledger.jsonl", tmp_path / "told"
    for n in range(2):
        process = multiprocessing.get_context("spawn").Process(target=_spend, args=(str(path), str(told)))
        process.start()
        while not told.exists() or told.read_bytes().count(b"done") < 200 * (n + 1):
            time.sleep(0.01)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
    content = told.read_bytes()
    sent, done = content.count(b"sent"), content.count(b"done")
    with Ledger(path, price=PRICE) as ledger:
        finished = [call for call in ledger.calls if call.kind == "reply"]
        cut_off = [call for call in ledger.calls if call.kind == "unfinished"]
        # Between a line here and the line there, a kill may fall once in each run for each of 20 at once.
        assert done <= len(finished) <= done + 40
        assert sent - 40 <= len(ledger.calls) <= sent
        assert len(cut_off) <= 40
        assert ledger.summary().uncertain_tokens == len(cut_off) * MOST


def test_one_run_at_a_time(tmp_path: Path):
    path = tmp_path / "ledger.jsonl"
    with Ledger(path), pytest.raises(InvalidFile, match="in use by another run"):
        Ledger(path)
    Ledger(path).close()


@pytest.mark.parametrize(
    "content",
    [b"hello\n", b"no line end", b'{"opened": 1}\n', b'{"done": 3}\n', b"[]\n", b'{"sent": 1, "at": 1}\n', b"\xff\n"],
)
def test_another_file_is_left_alone(tmp_path: Path, content: bytes):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(InvalidFile, match="line 1 is none that a ledger wrote"):
        Ledger(path)
    assert path.read_bytes() == content


def test_two_currencies_do_not_mix(tmp_path: Path):
    path = tmp_path / "ledger.jsonl"
    Ledger(path, price=PRICE).close()
    with pytest.raises(ScmError, match="kept in EUR, and the price is in USD"):
        Ledger(path, price=Price(1, 1))
    with pytest.raises(InvalidFile, match="cannot be written"):
        Ledger(tmp_path)


@pytest.mark.parametrize(("torn", "calls"), [(False, 2), (True, 3)])
def test_a_reply_that_was_paid_for_is_handed_on_where_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torn: bool, calls: int
):
    """What it took is written before the next call, which is not sent while it cannot be; half a line is made whole."""
    file, price, whole = tmp_path / "ledger.jsonl", Price(1.0, 1.0), os.write
    full = False

    def write(descriptor: int, content: bytes) -> int:
        if not full:
            return whole(descriptor, content)
        if not torn or len(content) < 20:
            raise OSError(28, "No space left on device")
        return whole(descriptor, content[: len(content) // 2])  # as much as there is room for

    def reply(_: ChatRequest) -> str:
        nonlocal full
        full = True
        return "yes"

    monkeypatch.setattr(os, "write", write)
    request = ChatRequest((Message("user", "?"),), "direct")
    with Ledger(file, price=price) as ledger:
        chat = Metered(ScriptedChat(reply), ledger)
        assert asyncio.run(chat.complete(request)).text == "yes"
        with pytest.raises(InvalidFile, match="No space left"):
            asyncio.run(chat.complete(request))
        full = False
        assert asyncio.run(chat.complete(request)).text == "yes"
        full = False
        spent = ledger.summary().calls
    assert spent == 2
    with Ledger(file, price=price) as again:
        assert again.summary().calls == calls  # the third was begun in the file, but never sent
