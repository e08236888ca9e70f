"""What is tried again, and how many requests are under way at once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from llm_bridge._chat import _failures
from llm_bridge._chat._failures import (
    BadRequest,
    BudgetSpent,
    ChatFailure,
    Malformed,
    NoReplyKept,
    NoSuchModel,
    QuotaSpent,
    RateLimited,
    Refused,
    ServerFault,
    TimedOut,
    Truncated,
    Unreachable,
    WrongFinish,
    WrongKey,
)
from llm_bridge._chat._openai import OpenAIChat
from llm_bridge._chat._policy import Policy, Retrying, Throttled, Waiting
from llm_bridge._chat._scripted import ScriptedChat
from llm_bridge._chat._server import Faults, LocalServer
from llm_bridge._chat._types import ChatReply, ChatRequest, Message, Usage

REQUEST = ChatRequest((Message("user", "?"),), "direct", max_tokens=100)
QUICK = Policy(first_wait=0.001, most_wait=0.004)
ONCE = (WrongKey, NoSuchModel, QuotaSpent, BadRequest, BudgetSpent, NoReplyKept)


def tried(*lines: str | ChatReply | ChatFailure, policy: Policy = QUICK) -> tuple[object, ScriptedChat, list[Waiting]]:
    """What comes of a request to a model that says `lines`."""
    chat, waits = ScriptedChat(lines), list[Waiting]()
    retrying = Retrying(chat, policy, rng=random.Random(1), listener=waits.append)
    try:
        return asyncio.run(retrying.complete(REQUEST)), chat, waits
    except ChatFailure as failure:
        return failure, chat, waits


# --- retries


@pytest.mark.parametrize("kind", [kind for kind, _ in Policy().tries])
def test_each_class_is_tried_as_often_as_the_table_says(kind):
    most = QUICK.allowed(kind)
    assert most > 1
    last, chat, waits = tried(*[kind("no") for _ in range(20)])
    assert type(last) is kind
    assert len(chat.requests) == most == len(waits) + 1
    assert f"Given up after {most} tries" in str(last)
    reply, chat, _ = tried(*[kind("no") for _ in range(most - 1)], "yes")
    assert isinstance(reply, ChatReply)
    assert (reply.text, reply.tries) == ("yes", most)


@pytest.mark.parametrize("kind", ONCE)
def test_what_the_user_must_mend_is_not_tried_again(kind):
    failure = kind("no")
    assert tried(failure, "yes")[0] is failure
    assert str(failure) == "no"


def test_every_class_that_passes_is_tried_again():
    for kind in (RateLimited, ServerFault, Unreachable, Malformed, TimedOut):
        assert kind.passing
        assert Policy().allowed(kind) > 1
    assert not any(kind.passing for kind in ONCE)


def test_the_table_names_every_class():
    table = Policy().table()
    rows = {line.split()[0]: line.split()[1] for line in table.splitlines()[2:]}
    kinds = [kind for kind in vars(_failures).values() if isinstance(kind, type) and issubclass(kind, ChatFailure)]
    assert len(kinds) > 12
    for kind in kinds:
        if kind is not ChatFailure:
            assert rows[kind.__name__] == str(Policy().allowed(kind))
    assert "900 s" in table.splitlines()[-1]


def test_different_failures_share_the_number_of_tries():
    lines = [kind("no") for _ in range(7) for kind in (RateLimited, ServerFault, Unreachable, Malformed)]
    last, chat, _ = tried(*lines, policy=replace(QUICK, most_tries=6))
    assert len(chat.requests) == 6
    assert isinstance(last, ServerFault)


def test_a_cut_off_reply_is_asked_for_with_twice_the_tokens_at_once():
    reply, chat, waits = tried(Truncated("cut", usage=Usage(10, 100)), ChatReply("yes", usage=Usage(10, 130, 0.5)))
    assert isinstance(reply, ChatReply)
    assert [request.max_tokens for request in chat.requests] == [100, 200]
    assert [wait.seconds for wait in waits] == [0.0]
    assert reply.usage == Usage(20, 230, 0.5), "what the first try took is counted"


def test_waits_are_drawn_evenly_from_a_range_that_doubles():
    policy, rng = Policy(first_wait=0.5, most_wait=3.0), random.Random(7)
    for failed, most in ((1, 0.5), (2, 1.0), (3, 2.0), (4, 3.0), (400, 3.0)):
        drawn = [policy.wait(ServerFault("no"), failed, rng) for _ in range(2_000)]
        assert 0 <= min(drawn) < 0.05 * most
        assert 0.95 * most < max(drawn) <= most
        assert sum(drawn) / len(drawn) == pytest.approx(most / 2, rel=0.1)


def test_the_same_seed_waits_alike():
    waits = [[wait.seconds for wait in tried(*[ServerFault("no")] * 5)[2]] for _ in range(2)]
    assert waits[0] == waits[1]
    assert len(set(waits[0])) == 4


def test_the_wait_that_the_endpoint_asks_for_is_granted_and_capped():
    policy, rng = Policy(first_wait=0.5, most_asked=60.0), random.Random(7)
    assert 5.0 <= policy.wait(RateLimited("no", 5.0), 1, rng) <= 5.5
    assert 60.0 <= policy.wait(RateLimited("no", 86_400.0), 1, rng) <= 60.5


def test_no_wait_goes_past_the_deadline():
    last, chat, waits = tried(RateLimited("no", 50.0), "yes", policy=Policy(deadline=20.0))
    assert isinstance(last, RateLimited)
    assert (len(chat.requests), waits) == (1, [])
    assert last.retry_after == 50.0


def test_each_wait_is_told():
    _, _, waits = tried(RateLimited("slow", 0.01), Unreachable("gone"), "yes")
    assert [(type(wait.failure), wait.tries, wait.purpose) for wait in waits] == [
        (RateLimited, 1, "direct"),
        (Unreachable, 2, "direct"),
    ]
    assert waits[0].seconds >= 0.01


def test_a_cancelled_wait_ends():
    async def run() -> int:
        chat = ScriptedChat([RateLimited("no", 100.0), "yes"])
        waiting = asyncio.create_task(Retrying(chat).complete(REQUEST))
        while not chat.requests:
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return len(chat.requests)

    assert asyncio.run(run()) == 1


def test_a_failure_tells_no_more_than_its_message():
    last = tried(*[ServerFault("no", status=503)] * 9)[0]
    assert isinstance(last, ServerFault)
    assert (last.status, last.__context__, last.__cause__) == (503, None, None)


# --- how many at once


class Watched:
    """A model that counts how many requests are with it, and fails those that `verdict` names."""

    def __init__(self, verdict: Callable[[int, int], ChatFailure | None] = lambda number, active: None) -> None:
        self.active = self.most = self.count = 0
        self.order: list[str] = []
        self._verdict = verdict

    async def complete(self, request: ChatRequest) -> ChatReply:
        number, self.count = self.count, self.count + 1
        self.order.append(request.text)
        self.active += 1
        self.most = max(self.most, self.active)
        failure = self._verdict(number, self.active)
        try:
            for _ in range(3):
                await asyncio.sleep(0)
            if failure:
                raise failure
            return ChatReply("yes")
        finally:
            self.active -= 1


def requests(count: int) -> list[ChatRequest]:
    return [replace(REQUEST, text=str(number)) for number in range(count)]


def all_of(chat: Throttled, count: int) -> Counter[str]:
    async def run() -> Counter[str]:
        outcomes = await asyncio.gather(*map(chat.complete, requests(count)), return_exceptions=True)
        return Counter(type(outcome).__name__ for outcome in outcomes)

    return asyncio.run(run())


def test_success_lets_more_through_up_to_the_most():
    watched = Watched()
    chat = Throttled(watched, start=2, most=20)
    assert all_of(chat, 300) == {"ChatReply": 300}
    assert watched.most == chat.limit == 20


def test_waiting_is_in_order():
    watched = Watched()
    all_of(Throttled(watched, start=1, most=3), 100)
    assert watched.order == [str(number) for number in range(100)]


def test_the_limit_settles_where_the_endpoint_complains():
    """An endpoint that bears 12 at once, found from below and from above."""
    for start in (1, 100):
        watched = Watched(lambda _, active: RateLimited("slow") if active > 12 else None)
        chat = Throttled(watched, start=start, most=200)
        assert all_of(chat, 1_000)["ChatReply"] > 500
        assert 4 <= chat.limit <= 13


def test_complaints_about_one_moment_count_once():
    watched = Watched(lambda number, _: RateLimited("slow") if number < 50 else None)
    chat = Throttled(watched, start=50, most=50, share=0.5)
    assert all_of(chat, 50) == {"RateLimited": 50}
    assert chat.limit == 25


def test_the_limit_never_falls_below_one():
    chat = Throttled(Watched(lambda number, active: TimedOut("late")), start=4)
    assert all_of(chat, 60) == {"TimedOut": 60}
    assert chat.limit == 1


@pytest.mark.parametrize(
    ("failure", "limit"),
    [
        (RateLimited("slow"), 6),
        (TimedOut("late"), 6),
        (ServerFault("full", status=503), 6),
        (ServerFault("broken", status=500), 10),
        (Refused("no"), 10),
        (WrongFinish("odd"), 10),
        (Unreachable("gone"), 10),
    ],
)
def test_only_complaints_of_load_lower_the_limit(failure, limit):
    chat = Throttled(Watched(lambda number, active: failure), start=10, most=10)
    with pytest.raises(type(failure)):
        asyncio.run(chat.complete(REQUEST))
    assert chat.limit == limit


def test_all_wait_while_the_endpoint_asks_to():
    async def run() -> tuple[int, int, float]:
        watched = Watched(lambda number, _: RateLimited("slow", 0.15) if number == 0 else None)
        chat = Throttled(watched, start=4)
        loop = asyncio.get_running_loop()
        with pytest.raises(RateLimited):
            await chat.complete(REQUEST)
        began = loop.time()
        waiting = [asyncio.create_task(chat.complete(request)) for request in requests(10)]
        await asyncio.sleep(0.03)
        early = watched.count
        await asyncio.gather(*waiting)
        return early, watched.count, loop.time() - began

    early, count, seconds = asyncio.run(run())
    assert (early, count) == (1, 11)
    assert seconds >= 0.14


def test_cancelled_requests_lose_no_turn():
    """Requests are cancelled while they wait, as their turn comes, and under way: every other one is answered."""

    async def run(seed: int) -> tuple[Counter[str], Watched, int]:
        watched = Watched()
        chat, rng = Throttled(watched, start=3, most=5), random.Random(seed)
        tasks = [asyncio.create_task(chat.complete(request)) for request in requests(250)]
        doomed = rng.sample(tasks, 120)
        for task in doomed:
            task.cancel()
            if rng.random() < 0.5:
                await asyncio.sleep(0)
        outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        answered = Counter(type(outcome).__name__ for outcome in outcomes)
        assert all(isinstance(task.exception() if not task.cancelled() else None, type(None)) for task in tasks)
        assert await chat.complete(REQUEST) == ChatReply("yes")
        return answered, watched, sum(task in doomed for task in tasks if task.cancelled())

    for seed in range(20):
        answered, watched, cancelled = asyncio.run(run(seed))
        assert answered["ChatReply"] + cancelled == 250
        assert answered["ChatReply"] >= 130
        assert (watched.active, watched.most) == (0, 5)


def test_cancelling_whoever_waits_for_a_pause_holds_nobody_up():
    async def run() -> None:
        chat = Throttled(Watched(lambda number, _: RateLimited("slow", 0.05) if number == 0 else None), start=1)
        with pytest.raises(RateLimited):
            await chat.complete(REQUEST)
        first, second = (asyncio.create_task(chat.complete(REQUEST)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await asyncio.wait_for(second, 10) == ChatReply("yes")

    asyncio.run(run())


def test_one_object_serves_several_event_loops():
    chat = Throttled(Watched(), start=1)
    for _ in range(3):
        assert all_of(chat, 20) == {"ChatReply": 20}


def test_many_requests_through_a_server_that_misbehaves():
    """Over real HTTP, with each way to fail at 6%: every request is answered, within the policy."""
    # What shows only in the words of a reply is for the checks of those words.
    kinds = ("delay", "drop", "rate_limit", "server_error", "truncate", "malformed", "refuse")
    faults = Faults(rate=0.06, kinds=kinds, delay=0.01, retry_after=0.01, seed=3)
    policy = replace(QUICK, tries=tuple((kind, 8) for kind, _ in QUICK.tries))

    async def run() -> tuple[Counter[str], set[int]]:
        async with (
            LocalServer(lambda request: request.messages[-1].content, faults=faults, models=()) as server,
            OpenAIChat("m", base_url=server.url) as endpoint,
        ):
            chat = Retrying(Throttled(endpoint), policy, rng=random.Random(5))
            asked = [replace(REQUEST, messages=(Message("user", str(number)),)) for number in range(120)]
            replies = await asyncio.gather(*map(chat.complete, asked))
            assert [reply.text for reply in replies] == [str(number) for number in range(120)]
            return Counter(note.misdeed.kind for note in server.log if note.misdeed), {r.tries for r in replies}

    befallen, tries = asyncio.run(run())
    assert set(befallen) == set(kinds)
    assert {1, 2} <= tries
