"""Texts as people write them: their right Problems, the answers worked out by hand, and how often a check is wrong."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from llm_bridge import Problem
from llm_bridge._checks import Fault, Reading, examine
from llm_bridge._checks._mentions import mentions, perhaps
from llm_bridge._checks._text import scan
from tests.natural_texts import NaturalText, natural_texts

TEXTS = natural_texts()
FALSE_ALARMS = {"development": 0, "held out": 1}
"""Most texts of a half whose right Problem may be found at fault. A ratchet: it is what was measured when the checks
last changed, never to be raised for a new check."""

each_text = pytest.mark.parametrize("case", TEXTS, ids=[f"{case.number} {case.name}" for case in TEXTS])


def folded(text: str) -> str:
    return " ".join(text.lower().split())


def cited(problem: Problem) -> list[str]:
    lists = (
        problem.variables,
        problem.edges,
        problem.confounded,
        problem.equations,
        problem.statements,
        problem.queries,
    )
    return [part.words for parts in lists for part in parts]


@cache
def reading(number: int) -> Reading:
    case = TEXTS[number - 1]
    return Reading(case.text, case.problem)


def faults(case: NaturalText) -> tuple[Fault, ...]:
    return tuple(fault for fault in examine(reading(case.number)) if fault.severity == "fault")


def half(held_out: bool) -> list[NaturalText]:
    return [case for case in TEXTS if case.held_out == held_out]


@each_text
def test_its_words_stand_in_the_text(case: NaturalText) -> None:
    assert 40 <= len(case.text.split()) <= 180
    assert [words for words in cited(case.problem) if folded(words) not in folded(case.text)] == []
    assert Problem.from_json(case.problem.to_json()) == case.problem


@each_text
def test_its_answer_is_the_one_worked_out_by_hand(case: NaturalText) -> None:
    assert case.why, "an answer comes with its reason"
    reply = reading(case.number).reply.reply
    if isinstance(reply, float):
        assert reply == pytest.approx(float(case.answer), abs=5e-5)
    else:
        assert (reply or "none") == case.answer


def test_there_is_something_of_everything() -> None:
    answers = Counter("number" if case.answer[0].isdigit() else case.answer for case in TEXTS)
    assert min(answers["number"], answers["yes"], answers["no"]) >= 15
    assert answers["none"] >= 8
    assert len({case.name for case in TEXTS}) == len({case.text for case in TEXTS}) == len(TEXTS) >= 100


@pytest.mark.parametrize("name", FALSE_ALARMS)
def test_right_problems_are_seldom_found_at_fault(name: str) -> None:
    found = {case.name: faults(case) for case in half(name == "held out")}
    alarms = {case: {fault.check for fault in those} for case, those in found.items() if those}
    assert len(alarms) <= FALSE_ALARMS[name], alarms


@each_text
def test_no_mention_is_outside_what_single_words_allow(case: NaturalText) -> None:
    """By single words it is decided whether to look for mentions at all, so that none may be missed there."""
    problem = case.problem
    for sentence in scan(case.text).sentences:
        found = {v for one in mentions(scan(sentence.text), problem.variables) for v in one.variables}
        assert found <= perhaps(sentence.text, problem.variables)
