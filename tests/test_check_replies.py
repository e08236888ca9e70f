"""Numbers and choices that a reading gets wrong are found, and right ones are let through."""

from __future__ import annotations

from typing import Any

import pytest

from llm_bridge import Problem
from llm_bridge._checks import Fault, Reading, examine
from llm_bridge._formalise._vote import settle

MIXED = "Of the fields under frost, {} sell. Is a field under frost likely to sell?"
VAGUE = "A field under frost is likely to sell. How likely is a field under frost to sell?"
TANKS = (
    "If the valve is open, the tank fills. If the pump runs, the tower fills. The valve is open with probability 0.9. "
    "The pump runs with probability 0.2. Which is {} likely: the tank fills or the tower fills?"
)


def stated(text: str, words: str, value: str, relation: str = "=") -> tuple[Fault, ...]:
    """What the check of numbers finds in a reading with one statement."""
    data = {
        "variables": [{"name": "frost", "words": "frost"}, {"name": "sell", "words": "sell"}],
        "edges": [{"cause": "frost", "effect": "sell", "words": words}],
        "statements": [{"term": "P(sell = True | frost = True)", "value": value, "relation": relation, "words": words}],
        "queries": [{"query": "P(sell = True | frost = True)"}],
    }
    found = examine(Reading(text, Problem.from_data(data)))
    return tuple(fault for fault in found if fault.check == "numbers" and fault.part.startswith("statements["))


@pytest.mark.parametrize(
    ("printed", "right", "wrong"),
    [
        ("30%", ("30%", "0.3"), ("0.3%", "0.003", "3%")),
        ("30 percent", ("30%", "0.30"), ("0.3%", "0.003")),
        ("0.3", ("0.3", "30%"), ("0.3%", "0.003")),
        ("between 30 and 40%", ("30%", "40%"), ("0.3%", "0.4%")),
        ("3 in 10", ("3 in 10", "30%"), ("0.3%",)),
    ],
)
def test_a_share_is_not_read_a_hundred_times_smaller(printed: str, right: tuple[str, ...], wrong: tuple[str, ...]):
    words = f"Of the fields under frost, {printed} sell"
    for value in right:
        assert not stated(MIXED.format(printed), words, value)
    for value in wrong:
        assert stated(MIXED.format(printed), words, value)


@pytest.mark.parametrize(("relation", "value", "fine"), [(">", "0.5", True), (">", "0.9", False), ("<=", "1%", False)])
def test_a_bound_that_no_word_prints_is_found(relation: str, value: str, fine: bool):
    assert (not stated(VAGUE, "A field under frost is likely to sell", value, relation)) is fine


def chosen(how: str = "more", **reply: Any) -> Problem:
    """A reading of the tanks, right but for what `reply` says."""
    asked = f"Which is {how} likely: the tank fills or the tower fills?"
    options = ["the tank fills", "the tower fills"]
    return Problem.from_data(
        {
            "variables": [
                {"name": "valve open", "words": "the valve is open"},
                {"name": "tank fills", "words": "the tank fills"},
                {"name": "pump runs", "words": "the pump runs"},
                {"name": "tower fills", "words": "the tower fills"},
            ],
            "equations": [
                {"variable": "tank fills", "expression": '"valve open"', "words": TANKS[:37]},
                {"variable": "tower fills", "expression": '"pump runs"', "words": TANKS[38:74]},
            ],
            "statements": [
                {"term": 'P("valve open" = True)', "value": "0.9", "words": "The valve is open with probability 0.9"},
                {"term": 'P("pump runs" = True)', "value": "0.2", "words": "The pump runs with probability 0.2"},
            ],
            "queries": [
                {"query": 'P("tank fills" = True)', "words": asked},
                {"query": 'P("tower fills" = True)', "words": asked},
            ],
            "reply": {"kind": "choice", "comparison": ">" if how in ("more", "most") else "<", "options": options}
            | reply,
        }
    )


@pytest.mark.parametrize("how", ["more", "less", "most", "least"])
def test_a_choice_that_is_right_has_no_fault(how: str):
    reading = Reading(TANKS.format(how), chosen(how))
    assert not [fault for fault in examine(reading) if fault.check == "asked"]
    assert reading.reply.reply == ("the tank fills" if how in ("more", "most") else "the tower fills")


@pytest.mark.parametrize(
    "wrong",
    [
        {"options": ["the tower fills", "the tank fills"]},
        {"options": ["the tank fills", "The tank  fills"]},
        {"options": ["the tank fills"]},
        {"comparison": "<"},
        {"comparison": "="},
        {"kind": "number", "options": []},
        {"kind": "yes-no", "options": []},
    ],
)
def test_a_choice_that_is_wrong_is_found(wrong: dict[str, Any]):
    found = examine(Reading(TANKS.format("more"), chosen(**wrong)))
    assert "asked" in {fault.check for fault in found if fault.severity == "fault"}


def test_the_same_options_for_other_queries_are_another_reading():
    right, swapped = chosen(), chosen(options=["the tower fills", "the tank fills"])
    worded = chosen(options=["it is the tank", "it is the tower"])
    settled = settle(TANKS.format("more"), [right, swapped, right], 0.6)
    assert [one.votes for one in settled.competing] == [2, 1]
    assert settle(TANKS.format("more"), [right, worded], 0.6).support == 1.0


FROST = (
    "Frost lowers sales. Of the fields under frost, 30% sell. Of the fields without frost, 60% sell. Among the fields "
    "under frost, how likely is it that a field sells?"
)


def read_frost(words: str, value: str, queries: int = 1) -> tuple[tuple[str, str], ...]:
    """The faults of a reading of the fields, by check and part."""
    states = [True, False][:queries]
    data = {
        "variables": [{"name": "frost", "words": "frost"}, {"name": "sell", "words": "sell"}],
        "edges": [{"cause": "frost", "effect": "sell", "words": "Frost lowers sales."}],
        "statements": [
            {"term": "P(sell = True | frost = True)", "value": value, "words": words},
            {
                "term": "P(sell = True | frost = False)",
                "value": "60%",
                "words": "Of the fields without frost, 60% sell.",
            },
        ],
        "queries": [{"query": f"P(sell = True | frost = {state})"} for state in states],
    }
    found = examine(Reading(FROST, Problem.from_data(data)))
    return tuple((fault.check, fault.part) for fault in found if fault.severity == "fault")


def test_words_are_not_put_together_from_several_sentences():
    assert read_frost("Of the fields ... 30% sell", "30%") == ()
    assert ("spans", "statements[0]") in read_frost("Of the fields under frost, ... 60% sell", "60%")
    assert ("spans", "statements[0]") in read_frost("60% sell ... Of the fields under frost", "60%")


def test_one_question_has_one_query():
    assert ("asked", "queries") in read_frost("Of the fields under frost, 30% sell.", "30%", queries=2)
