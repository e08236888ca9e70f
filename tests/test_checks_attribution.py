"""Questions of necessity and sufficiency beside a query: the right one passes, every other one is a fault."""

from __future__ import annotations

import json

import pytest

from llm_bridge import Problem, read
from llm_bridge._checks import CHECKS, Reading, examine
from llm_bridge._checks._text import stem
from tests.test_reader_attribution import BOTH, COUNTS, NECESSITY, QUESTIONS, SUFFICIENCY

TEXT = tuple(check for check in CHECKS if check.costs != "engine")
OTHERS = [
    NECESSITY,
    SUFFICIENCY,
    BOTH,
    "P(recovery[drug=True] = True) - P(recovery[drug=False] = True)",
    "P(recovery[drug=False] = True | drug = True, recovery = True)",
    "P(recovery[drug=True] = False | drug = False, recovery = True)",
    "P(recovery[drug=False] = False | drug = True)",
    "P(recovery = True | drug = True)",
]
"""Queries that a model might take for each other."""
NAMED = [(question, query) for question, query in QUESTIONS if "cause" in question or "ecessity" in question]


def faults(text: str, query: str | None = None) -> set[str]:
    """The checks that find a fault in the offline reader's Problem, or in that Problem with another query."""
    problem = read(text)
    assert problem.cannot is None
    if query is not None:
        data = json.loads(problem.to_json())
        data["queries"][0]["query"] = query
        problem = Problem.from_data(data)
    return {fault.check for fault in examine(Reading(text, problem), TEXT) if fault.severity == "fault"}


@pytest.mark.parametrize(("question", "query"), QUESTIONS)
def test_the_right_query_passes(question: str, query: str):
    assert faults(COUNTS + question) == set()


@pytest.mark.parametrize(("question", "query"), NAMED)
@pytest.mark.parametrize("other", OTHERS)
def test_every_other_query_is_a_fault(question: str, query: str, other: str):
    assert ("rung" in faults(COUNTS + question, other)) is (other != query)


def test_a_cause_and_its_effect_may_not_change_places():
    turned = "P(drug[recovery=False] = False | recovery = True, drug = True)"
    assert "rung" in faults(COUNTS + NAMED[0][0], turned)


@pytest.mark.parametrize(
    "forms",
    [
        "recovery recovered recover recovers recovering",
        "treatment treat treated treating treats",
        "discovery discovered discover",
        "creation create created creating",
        "agree agreed agrees",
    ],
)
def test_forms_of_a_word_have_one_stem(forms: str):
    assert len({stem(word) for word in forms.split()}) == 1


def test_what_is_prevented_is_not_taken_to_happen():
    text = (
        "If the thermostat is high, the heater runs. If the heater runs, the room is warm. The room is warm. "
        "Would the room be warm if we prevented the heater from running?"
    )
    assert faults(text) == set()


@pytest.mark.parametrize(
    "question",
    [
        "For recovery, what is the probability of necessity of the drug?",
        "What is the probability that recovery was brought about by the drug as a necessary cause?",
        "How likely is it that the drug is a necessary but not a sufficient cause of recovery?",
    ],
)
def test_where_the_effect_may_come_first_no_query_is_wanted(question: str):
    data = json.loads(read(COUNTS + NAMED[0][0]).to_json())
    data["queries"][0] |= {"words": question, "query": NECESSITY}
    found = examine(Reading(COUNTS + question, Problem.from_data(data)), TEXT)
    assert not [fault for fault in found if "comes first" in fault.message]
