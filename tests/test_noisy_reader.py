"""The noisy reader errs as often, and as alike from try to try, as it says; and always in the same way."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from math import exp, lgamma, log, log1p
from typing import Literal

import pytest

from llm_bridge import Formalisation, LocalServer, Polished, open_model, read, solve_problem
from llm_bridge._chat._failures import BadRequest
from llm_bridge._chat._types import ChatReply, ChatRequest, Message, Purpose
from llm_bridge._checks._reading import Fault
from llm_bridge._formalise._back import compare
from llm_bridge._formalise._formaliser import Formaliser
from llm_bridge._formalise._restate import restate
from llm_bridge._formalise._schemas import problem_schema, variables_schema
from llm_bridge._formalise._wire import problem_from_reply, problem_to_wire
from llm_bridge._noisy import NoisyReader
from llm_bridge._noisy._differences import differences
from llm_bridge._polish import polish
from llm_bridge._problem import Problem
from llm_bridge._styles import say
from scm import ScmError
from tests.test_noisy import DIRECT, RULES, SHARES, TEXTS, right

FALSE_ALARM = 1e-6
"""Chance that a right reader fails one statistical check."""
SEEDS = 1_000


def reader(
    rate: float, seed: int = 0, correlation: float = 0.5, heeds: float = 0.5, alarms: float = 0.0
) -> NoisyReader:
    return NoisyReader(rate, seed=seed, correlation=correlation, heeds=heeds, alarms=alarms, read=right)


def said(chat: NoisyReader, request: ChatRequest) -> ChatReply:
    return asyncio.run(chat.complete(request))


def asked(text: str, purpose: Purpose = "problem", attempt: int = 0, **data: object) -> ChatRequest:
    message = Message("user", json.dumps({"text": text, **data}))
    return ChatRequest((Message("system", "{}"), message), purpose, attempt=attempt, text=text)


def assert_share(hits: int, of: int, share: float) -> None:
    """Exact binomial: fails a right share with probability `FALSE_ALARM` at most, and must have the power to tell."""

    def tail(ks: range) -> float:
        ways = (lgamma(of + 1) - lgamma(k + 1) - lgamma(of - k + 1) for k in ks)
        return sum(exp(way + k * log(share) + (of - k) * log1p(-share)) for k, way in zip(ks, ways, strict=True))

    assert tail(range(hits + 1)) > FALSE_ALARM / 2, (hits, of, share)
    assert tail(range(hits, of + 1)) > FALSE_ALARM / 2, (hits, of, share)
    assert of >= 100, "too few to tell"


# --- how often, and how alike


@pytest.mark.parametrize(("rate", "correlation"), [(0.2, 0.5), (0.3, 0.0), (0.1, 0.9)])
def test_the_rate_of_every_try_and_the_correlation_of_two(rate: float, correlation: float) -> None:
    readers = [reader(rate, seed, correlation) for seed in range(SEEDS)]
    wrong = [[one.misread(RULES, attempt) is not None for attempt in (0, 1)] for one in readers]
    for attempt in (0, 1):
        assert_share(sum(pair[attempt] for pair in wrong), SEEDS, rate)
    assert_share(sum(all(pair) for pair in wrong), SEEDS, correlation * rate + (1 - correlation) * rate**2)


def test_an_error_of_habit_is_the_same_at_every_try() -> None:
    readers = [reader(1.0, seed) for seed in range(100)]
    habitual = [one for one in readers if one.habitual(RULES)]
    assert_share(len(habitual), len(readers), 0.5)
    for one in habitual:
        assert len({one.problem(RULES, attempt).to_json() for attempt in range(4)}) == 1
    others = [one for one in readers if not one.habitual(RULES)]
    assert all(len({one.problem(RULES, attempt).to_json() for attempt in range(4)}) > 1 for one in others)


def test_every_kind_is_drawn_and_only_the_kinds_that_are_asked_for() -> None:
    kinds = {reader(1.0, seed).misread(RULES).kind for seed in range(80)}  # pyright: ignore[reportOptionalMemberAccess]
    assert kinds == {"flip_edge", "drop_edge", "add_edge", "change_rung", "swap_states"}
    only = NoisyReader(1.0, seed=0, read=right, kinds=("misread_number",))
    assert only.misread(RULES) is None  # there is no number
    found = only.misread(SHARES)
    assert found is not None
    assert found.kind == "misread_number"


def test_what_is_misread_may_cite_nothing() -> None:
    for seed in range(10):
        silent = NoisyReader(1.0, seed=seed, read=right, cites=False).problem(RULES)
        loud = NoisyReader(1.0, seed=seed, read=right).problem(RULES)
        assert differences(silent, loud) == ()
        for mine, theirs in zip(silent.equations, loud.equations, strict=True):
            assert mine.words == (theirs.words if theirs in right(RULES).equations else "")


def test_some_misreadings_only() -> None:
    def of_the_question(sure: Problem, misread: Problem) -> bool:
        return sure.queries != misread.queries

    chat = NoisyReader(1.0, seed=3, read=right, only=of_the_question)
    assert all(chat.problem(RULES, attempt).queries != right(RULES).queries for attempt in range(5))


def test_a_share_is_a_share() -> None:
    with pytest.raises(ScmError, match="rate is 20, wanted a share"):
        NoisyReader(20, seed=0)
    with pytest.raises(ScmError, match="heeds"):
        NoisyReader(0.2, seed=0, heeds=-1)


# --- replies


@pytest.mark.parametrize("text", TEXTS)
def test_the_replies_of_one_and_of_two_calls_are_the_problem(text: str) -> None:
    for chat in (reader(0.0), reader(1.0)):
        wanted = chat.problem(text)
        assert problem_from_reply(said(chat, asked(text)).text) == wanted
        names = [variable.name for variable in wanted.variables]
        message = (Message("user", "{}"),)
        first = ChatRequest(message, "variables", variables_schema(), text=text)
        rest = ChatRequest(message, "problem", problem_schema(names), text=text)
        both = json.loads(said(chat, first).text) | json.loads(said(chat, rest).text)
        assert problem_from_reply(json.dumps(both)) == wanted
    assert reader(0.0).problem(text) == right(text)
    assert reader(1.0).problem(text) != right(text)


def test_the_offline_reader_is_right_unless_told_otherwise() -> None:
    assert NoisyReader(0.0, seed=0).problem(RULES) == right(RULES)


def test_words_are_polished_to_themselves() -> None:
    reply = solve_problem(right(SHARES))
    polished = asyncio.run(polish(reply, reader(1.0)))
    assert polished.accepted
    assert polished.text == say(reply, "paragraph")


@pytest.mark.parametrize("calls", [1, 2])
def test_the_whole_bridge_over_a_reader_without_error(calls: Literal[1, 2]) -> None:
    for text in TEXTS:
        bridge = Formaliser(reader(0.0), calls=calls, votes=3, back_translation=True)
        found = asyncio.run(bridge.formalise(text))
        assert found.reply is not None, found.fault
        assert found.reply.reply == solve_problem(read(text)).reply


def test_it_does_nothing_but_read() -> None:
    for purpose in ("direct", "reasoned", "probe"):
        with pytest.raises(BadRequest, match="only reads"):
            said(reader(0.0), asked(RULES, purpose))


def test_the_same_request_has_the_same_reply_in_any_order_and_any_process() -> None:
    requests = [asked(text, "problem", attempt) for text in TEXTS for attempt in range(3)]
    one, other = reader(0.5, 7), reader(0.5, 7)
    first = [said(one, request).text for request in requests]
    assert first == [said(other, request).text for request in reversed(requests)][::-1]
    code = (
        "from tests.test_noisy_reader import *\n"
        "print([NoisyReader(0.5, seed=7).problem(t, k).to_json() for t in TEXTS for k in range(3)].__repr__())"
    )
    command = [sys.executable, "-c", code]
    again = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert again == repr([problem_from_reply(text).to_json() for text in first])


# --- repair


def repair(text: str, seed: int, fault: Fault, attempt: int = 0) -> ChatRequest:
    stated = problem_to_wire(reader(1.0, seed).problem(text))
    told = {"check": fault.check, "part": fault.part, "message": fault.message}
    return asked(text, "repair", attempt, problem=stated, faults=[told])


def test_a_fault_that_names_the_part_is_heeded_at_a_rate() -> None:
    heeded = named = 0
    for seed in range(250):
        chat = reader(1.0, seed, heeds=0.3)
        parts = [one.part for one in differences(chat.problem(RULES), right(RULES)) if one.part]
        if not parts:
            continue
        named += 1
        after = problem_from_reply(said(chat, repair(RULES, seed, Fault("spans", parts[0], "Correct it."))).text)
        assert after in (right(RULES), chat.problem(RULES))
        heeded += after == right(RULES)
    assert_share(heeded, named, 0.3)


def test_a_fault_that_names_another_part_is_not_heeded() -> None:
    for seed in range(40):
        chat = reader(1.0, seed, heeds=1.0)
        wrong = chat.problem(RULES)
        named = {one.part for one in differences(wrong, right(RULES))}
        other = next(f"equations[{i}]" for i in range(len(wrong.equations)) if f"equations[{i}]" not in named)
        fault = Fault("mentions", other, "Correct it.")
        assert problem_from_reply(said(chat, repair(RULES, seed, fault)).text) == wrong


def test_what_is_missing_is_named_by_what_it_speaks_of() -> None:
    without = right(RULES).model_copy(update={"equations": right(RULES).equations[1:]})
    chat = reader(0.0, heeds=1.0)
    for message, mended in [
        ('Nothing says "Dravo causes Mell".', True),
        ('Nothing says "Tisk causes Mell".', False),
    ]:
        fault = {"check": "coverage", "part": "", "message": message}
        request = asked(RULES, "repair", problem=problem_to_wire(without), faults=[fault])
        assert problem_from_reply(said(chat, request).text) == (right(RULES) if mended else without)


def test_differences_are_the_parts_that_differ_whatever_they_cite() -> None:
    problem = right(SHARES)
    assert differences(problem, problem) == ()
    uncited = problem.model_copy(update={"edges": tuple(e.model_copy(update={"words": ""}) for e in problem.edges)})
    assert differences(uncited, problem) == ()
    for seed in range(30):
        assert differences(reader(1.0, seed).problem(SHARES), problem)


# --- comparing


def compared(text: str, chat: NoisyReader, shown: NoisyReader, attempt: int = 0) -> tuple[Fault, ...]:
    return asyncio.run(compare(text, shown.problem(text), chat, attempt))


@pytest.mark.parametrize("text", [RULES, SHARES, DIRECT])
def test_a_reader_without_error_finds_what_is_wrong_and_nothing_else(text: str) -> None:
    sure = reader(0.0)
    assert compared(text, sure, sure) == ()
    for seed in range(15):
        wrong = reader(1.0, seed)
        found = compared(text, sure, wrong)
        assert [fault for fault in found if fault.severity == "fault"], wrong.misread(text)
        places = {one.part.partition("[")[0] for one in restate(wrong.problem(text))}
        assert {fault.part.partition("[")[0] for fault in found} <= places | {"statements", "equations", "edges"}


def test_an_error_of_habit_is_confirmed_and_another_overlooked_at_their_rates() -> None:
    confirmed = habits = overlooked = others = 0
    for seed in range(1_200):
        chat = reader(0.4, seed, correlation=0.7)
        wrong = chat.misread(RULES)
        if wrong is None:
            continue
        passed = asyncio.run(compare(RULES, wrong.problem, chat)) == ()
        if chat.habitual(RULES):
            habits, confirmed = habits + 1, confirmed + passed
            assert passed == (asyncio.run(compare(RULES, wrong.problem, chat, 1)) == ())
        else:
            others, overlooked = others + 1, overlooked + passed
    assert_share(confirmed, habits, 0.7)
    assert_share(overlooked, others, 0.4)


def test_a_right_sentence_is_denied_at_a_rate() -> None:
    denied = [compared(RULES, reader(0.0, seed, alarms=0.1), reader(0.0)) for seed in range(1_000)]
    assert_share(sum(map(bool, denied)), len(denied), 0.1)
    assert all(len(found) <= 1 for found in denied)


@pytest.mark.parametrize("form", ["schema", "schema and words", "words"])
def test_over_http_it_reads_compares_and_polishes_as_it_does_directly(form):
    text = (
        "If it rains or the sprinkler runs, the lawn is wet. It rained. "
        "Would the lawn have been wet if it had not rained?"
    )

    async def asked() -> tuple[Formalisation, Polished]:
        async with (
            LocalServer(NoisyReader(0.0, seed=1, alarms=0.0), models=()) as server,
            open_model("noisy", base_url=server.url, form=form) as chat,
        ):
            found = await Formaliser(chat, back_translation=True).formalise(text)
            assert found.reply is not None, found.fault
            return found, await polish(found.reply, chat)

    found, polished = asyncio.run(asked())
    assert [attempt.step for attempt in found.attempts] == ["problem", "back-translation"]
    assert not [hint for hint in found.hints if hint.check == "back-translation"]
    assert polished.accepted
