"""What a few plain words settle, and where the checks leave a text alone that says things in other words."""

from __future__ import annotations

from typing import Any

import pytest

from llm_bridge import Problem
from llm_bridge._checks import Reading, examine
from llm_bridge._checks._numerals import numerals
from llm_bridge._checks._text import scan

PUMP = (
    "The cellar floods if the pump has stopped and the drain is blocked. The pump had stopped because the fuse blew. "
    "The drain was blocked, and the cellar flooded. Would the cellar have flooded if the drain had not been blocked?"
)


def pump(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "variables": [{"name": "pump stopped"}, {"name": "drain blocked"}, {"name": "cellar floods"}],
        "equations": [
            {
                "variable": "cellar floods",
                "expression": '"pump stopped" and "drain blocked"',
                "words": "The cellar floods if the pump has stopped and the drain is blocked",
            }
        ],
        "queries": [
            {
                "query": 'P("cellar floods"["drain blocked"=False] = True | "pump stopped" = True, '
                '"drain blocked" = True, "cellar floods" = True)',
                "words": "Would the cellar have flooded if the drain had not been blocked?",
            }
        ],
        "reply": {"kind": "yes-no", "comparison": ">", "threshold": 0.5},
    }
    return data | changes


def found(text: str, data: dict[str, Any]) -> list[tuple[str, str]]:
    faults = examine(Reading(text, Problem.from_data(data)))
    return [(fault.check, fault.part) for fault in faults if fault.severity == "fault"]


def test_what_a_because_clause_reports_was_observed() -> None:
    assert found(PUMP, pump()) == []


def test_an_equation_uses_every_variable_of_its_own_words() -> None:
    short = pump()
    short["equations"][0]["expression"] = '"pump stopped"'
    assert ("coverage", "equations[0]") in found(PUMP, short)


def test_one_sentence_may_be_cited_for_two_effects() -> None:
    text = (
        "When the fuse blows, the fan stops, and so does the heater. The fuse blew. Would the fan run without a fuse?"
    )
    words = "When the fuse blows, the fan stops, and so does the heater"
    data = {
        "variables": [{"name": "fuse blows"}, {"name": "fan stops"}, {"name": "heater stops"}],
        "equations": [
            {"variable": "fan stops", "expression": '"fuse blows"', "words": words},
            {"variable": "heater stops", "expression": '"fuse blows"', "words": words},
        ],
        "queries": [{"query": 'P("fan stops"["fuse blows"=False] = False | "fuse blows" = True)', "words": ""}],
        "reply": {"kind": "yes-no"},
    }
    assert ("coverage", "equations[0]") not in found(text, data)


def test_a_yes_for_a_low_probability_needs_a_word_for_it() -> None:
    turned = pump(reply={"kind": "yes-no", "comparison": "<", "threshold": 0.5})
    assert ("asked", "reply") in found(PUMP, turned)


def test_what_is_imposed_and_acts_on_nothing_is_a_doubt() -> None:
    cut = pump(edges=[{"cause": "pump stopped", "effect": "cellar floods"}], equations=[])
    told = examine(Reading(PUMP, Problem.from_data(cut)))
    assert [fault.severity for fault in told if (fault.check, fault.part) == ("sense", "queries[0]")] == ["doubt"]


COUNTS = (
    "Of the fields with frost, 30% rot. Rain falls one day in five. Fuel prices rose by 14% over the same period. "
    "How likely is rot in a field with frost?"
)


def counts(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "variables": [{"name": "frost"}, {"name": "rot"}, {"name": "rain"}],
        "statements": [
            {"term": "P(rot = True | frost = True)", "value": "30%", "words": "Of the fields with frost, 30% rot."},
            {"term": "P(rain = True)", "value": "1 in 5", "words": "Rain falls one day in five."},
        ],
        "queries": [
            {"query": "P(rot = True | frost = True)", "words": "How likely is rot in a field with frost?"},
        ],
        "reply": {"kind": "number"},
    }
    return data | changes


def test_a_number_of_an_aside_is_left_alone() -> None:
    assert found(COUNTS, counts()) == []


def test_a_state_that_the_words_name_is_not_taken_as_false() -> None:
    data = counts()
    data["statements"][0]["term"] = "P(rot = False | frost = True)"
    assert ("sign", "statements[0]") in found(COUNTS, data)


def test_a_question_with_two_halves_may_want_a_yes() -> None:
    text = PUMP.replace("Would the cellar", "What if the drain had not been blocked: would the cellar")
    text = text.replace(" if the drain had not been blocked?", "?")
    data = pump()
    data["queries"][0]["words"] = "What if the drain had not been blocked: would the cellar have flooded?"
    assert found(text, data) == []


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("one time in five", 0.2),
        ("nine cases out of ten", 0.9),
        ("26 of our 40 reps", 0.65),
        ("3 in a thousand", 0.003),
    ],
)
def test_fractions_as_they_are_printed(printed: str, value: float) -> None:
    (one,) = numerals(scan(printed))
    assert one.value == pytest.approx(value)
    assert one.probable


def test_two_numbers_that_need_not_be_a_fraction_are_none_that_must_be_used() -> None:
    assert [one.probable for one in numerals(scan("He took 2 pills in 10 days."))] == [False]


def test_a_statement_cites_the_words_with_its_number() -> None:
    data = counts()
    data["statements"][1]["words"] = ""
    assert found(COUNTS, data) == [("spans", "statements[1]")]


@pytest.mark.parametrize(
    ("relation", "words"),
    [("=", "Of the fields with frost, at least 30% rot."), (">=", "Of the fields with frost, 30% rot.")],
)
def test_a_bound_is_no_value_and_a_value_no_bound(relation: str, words: str) -> None:
    data = counts()
    data["statements"][0] |= {"relation": relation, "words": words}
    text = COUNTS.replace("Of the fields with frost, 30% rot.", words)
    assert found(text, data) == [("numbers", "statements[0]")]


def test_a_count_is_of_the_number_that_it_is_printed_of():
    text = (
        "Of the 38 goats on the hill, 12 of the 19 that ate ivy fell ill, and 3 of the 19 others did. "
        "How likely is it that a goat that ate ivy fell ill?"
    )

    def read(counts: list[int]) -> set[str]:
        data = {
            "variables": [{"name": "ate ivy", "words": "ate ivy"}, {"name": "fell ill", "words": "fell ill"}],
            "edges": [{"cause": "ate ivy", "effect": "fell ill", "words": ""}],
            "statements": [
                {
                    "term": 'P("fell ill" = True | "ate ivy" = True)',
                    "counts": counts,
                    "words": "Of the 38 goats on the hill, 12 of the 19 that ate ivy fell ill",
                },
                {
                    "term": 'P("fell ill" = True | "ate ivy" = False)',
                    "counts": [3, 19],
                    "words": "3 of the 19 others did",
                },
            ],
            "queries": [
                {
                    "query": 'P("fell ill" = True | "ate ivy" = True)',
                    "words": "How likely is it that a goat that ate ivy fell ill?",
                }
            ],
        }
        return {f.check for f in examine(Reading(text, Problem.from_data(data))) if f.severity == "fault"}

    assert "numbers" not in read([12, 19])
    assert "numbers" in read([12, 38])
