"""Checks of a Problem against its text: right readings pass, and each kind of misreading is named by its check."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_bridge import Problem
from llm_bridge._checks import CHECKS, Fault, Reading, examine

CASES = [
    json.loads(line) for line in (Path(__file__).parent / "reading_cases" / "checked.jsonl").read_text().splitlines()
]
LIGHT = tuple(check for check in CHECKS if check.costs != "engine")


def faults(text: str, data: dict[str, Any], *, engine: bool = False) -> list[Fault]:
    found = examine(Reading(text, Problem.from_data(data)), CHECKS if engine else LIGHT)
    return [fault for fault in found if fault.severity == "fault"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:40])
def test_right_readings_of_free_english_pass(case: dict[str, Any]) -> None:
    assert faults(case["text"], case["problem"]) == []


# ---------------------------------------------------------------------------------------------------------------------
# Misreadings of one text of rules


RULES = (
    "We know that frost causes ice, ice and wind together cause outage, and outage causes not heating. "
    "We observed wind. Would heating occur if not frost instead of frost?"
)


def rules(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "variables": [{"name": name} for name in ("frost", "ice", "wind", "outage", "heating")],
        "equations": [
            {"variable": "ice", "expression": "frost", "words": "frost causes ice"},
            {"variable": "outage", "expression": "ice and wind", "words": "ice and wind together cause outage"},
            {"variable": "heating", "expression": "not outage", "words": "outage causes not heating"},
        ],
        "queries": [
            {
                "query": "P(heating[frost=False] = True | wind = True)",
                "words": "Would heating occur if not frost instead of frost?",
            }
        ],
        "reply": {"kind": "yes-no"},
    }
    return data | changes


def equation(place: int, variable: str, expression: str) -> Callable[[], dict[str, Any]]:
    def change() -> dict[str, Any]:
        data = rules()
        data["equations"][place] |= {"variable": variable, "expression": expression}
        return data

    return change


def query(text: str, **more: Any) -> Callable[[], dict[str, Any]]:
    def change() -> dict[str, Any]:
        data = rules()
        data["queries"][0] |= {"query": text, **more}
        return data

    return change


def test_the_right_reading_of_the_rules_passes_with_the_engine() -> None:
    assert faults(RULES, rules(), engine=True) == []


@pytest.mark.parametrize(
    ("change", "check", "says"),
    [
        (equation(0, "frost", "ice"), "direction", "the reverse"),
        (equation(1, "outage", "ice"), "coverage", "'wind'"),
        (equation(2, "heating", "not outage and not frost"), "coverage", "'frost' a cause of 'heating'"),
        (equation(1, "outage", "ice or wind"), "sign", '"and"'),
        (equation(2, "heating", "outage"), "sign", "push the other way"),
        (equation(1, "outage", "ice and not wind"), "sign", "push the other way"),
        (query("P(heating = True | frost = False, wind = True)"), "rung", "only conditions on 'frost'"),
        (query("P(heating = True | wind = True)"), "rung", "does not impose 'frost'"),
        (query("P(heating[frost=False] = True)"), "rung", "what was observed of 'wind'"),
        (query("P(heating[frost=False] = True | wind[frost=False] = True)"), "rung", "seen after the intervention"),
        (query("P(heating[frost=False] = True | wind = True, ice = True)"), "rung", "takes 'ice' as observed"),
        (query("P(heating[frost=False] = True | wind = False)"), "sign", "takes 'wind' as False"),
        (query("P(heating[frost=True] = True | wind = True)"), "sign", "sets 'frost' to True"),
        (query("P(heating[frost=False] = False | wind = True)"), "asked", "heating = True is less likely"),
        (query("P(outage[frost=False] = True | wind = True)"), "asked", "asks about 'heating'"),
        (query("P(heating[frost=False] = True | wind = True)", words="frost causes ice"), "asked", "asks nothing"),
        (query("P(heating[frost=False] = True | wind = True)", words="Would snow fall?"), "spans", "do not stand"),
        (lambda: rules(reply={"kind": "yes-no", "comparison": "<"}), "asked", "less likely"),
        (lambda: rules(reply={"kind": "number"}), "asked", "wants a yes or a no"),
    ],
)
def test_a_misread_rule_or_question_is_named(change: Callable[[], dict[str, Any]], check: str, says: str) -> None:
    found = faults(RULES, change())
    assert [f for f in found if f.check == check and says in f.message], found
    assert all("Wanted:" in fault.message for fault in found)


# ---------------------------------------------------------------------------------------------------------------------
# Misreadings of one text of numbers


FIGURES = (
    "Fertilizer affects harvest. Weather affects fertilizer and harvest. "
    "For fields with fertilizer, the probability of harvest is 72%. "
    "For fields without fertilizer, the probability of harvest is 40%. The probability of fertilizer is 0.3. "
    "Will fertilizer increase the chance of harvest?"
)


def figures(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "variables": [{"name": name} for name in ("fertilizer", "weather", "harvest")],
        "edges": [
            {"cause": "fertilizer", "effect": "harvest", "words": "Fertilizer affects harvest."},
            {"cause": "weather", "effect": "fertilizer", "words": "Weather affects fertilizer and harvest."},
            {"cause": "weather", "effect": "harvest", "words": "Weather affects fertilizer and harvest."},
        ],
        "statements": [
            {
                "term": "P(harvest = True | fertilizer = True)",
                "value": "72%",
                "words": "For fields with fertilizer, the probability of harvest is 72%.",
            },
            {
                "term": "P(harvest = True | fertilizer = False)",
                "value": "40%",
                "words": "For fields without fertilizer, the probability of harvest is 40%.",
            },
            {
                "term": "P(fertilizer = True)",
                "value": "0.3",
                "words": "The probability of fertilizer is 0.3.",
            },
        ],
        "queries": [
            {
                "query": "P(harvest[fertilizer=True] = True) - P(harvest[fertilizer=False] = True)",
                "words": "Will fertilizer increase the chance of harvest?",
            }
        ],
        "reply": {"kind": "yes-no", "threshold": 0.0},
    }
    return data | changes


def statement(place: int, **more: Any) -> Callable[[], dict[str, Any]]:
    def change() -> dict[str, Any]:
        data = figures()
        data["statements"][place] |= more
        return data

    return change


def edge(place: int, cause: str, effect: str) -> Callable[[], dict[str, Any]]:
    def change() -> dict[str, Any]:
        data = figures()
        data["edges"][place] |= {"cause": cause, "effect": effect}
        return data

    return change


def effect(text: str) -> Callable[[], dict[str, Any]]:
    def change() -> dict[str, Any]:
        data = figures()
        data["queries"][0]["query"] = text
        return data

    return change


def test_the_right_reading_of_the_figures_passes() -> None:
    assert faults(FIGURES, figures()) == []


@pytest.mark.parametrize(
    ("change", "check", "says"),
    [
        (edge(0, "harvest", "fertilizer"), "direction", "the reverse"),
        (lambda: figures(edges=figures()["edges"][:2]), "coverage", "no edge 'weather' -> 'harvest'"),
        (statement(0, value="40%"), "numbers", "where 72% stands"),
        (statement(0, value="40%", words="the probability of harvest is 40%"), "sign", "'fertilizer' as True"),
        (statement(0, term="P(harvest = False | fertilizer = True)"), "sign", "'harvest' as False"),
        (statement(2, value="0.7"), "numbers", "no statement uses the 0.3"),
        (statement(1, term="P(fertilizer = False | harvest = True)"), "direction", "has 'harvest' as its condition"),
        (lambda: figures(statements=figures()["statements"][:2]), "numbers", "no statement uses the 0.3"),
        (
            effect("P(harvest = True | fertilizer = True) - P(harvest = True | fertilizer = False)"),
            "rung",
            "asks what 'fertilizer' does",
        ),
        (
            effect("P(harvest[fertilizer=False] = True) - P(harvest[fertilizer=True] = True)"),
            "asked",
            "less likely",
        ),
        (lambda: figures(reply={"kind": "yes-no", "threshold": 0.5}), "asked", "Wanted: 0."),
    ],
)
def test_a_misread_figure_is_named(change: Callable[[], dict[str, Any]], check: str, says: str) -> None:
    found = faults(FIGURES, change())
    assert [f for f in found if f.check == check and says in f.message], found


# ---------------------------------------------------------------------------------------------------------------------
# Independences and claims


LISTED = (
    "P correlates with Q. Q correlates with R. However, P is independent of R. "
    "Q and S are independent given P and R. Does Q directly cause R?"
)


def listed(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "variables": [{"name": name} for name in "PQRS"],
        "independences": ["independent(P, R)", "independent(Q, S | P, R)"],
        "queries": [{"claim": "direct_cause(Q, R)", "words": "Does Q directly cause R?"}],
        "reply": {"kind": "yes-no"},
    }
    return data | changes


def claim(text: str) -> dict[str, Any]:
    return listed(queries=[{"claim": text, "words": "Does Q directly cause R?"}])


@pytest.mark.parametrize(
    ("data", "check", "says"),
    [
        (listed(independences=["independent(P, R)"]), "coverage", "independent(Q, S | P, R)"),
        (listed(independences=["independent(P, R)", "independent(Q, S | P)"]), "coverage", "no sentence"),
        (
            listed(independences=["independent(P, R)", "independent(Q, S | P, R)", "independent(P, Q)"]),
            "coverage",
            "P correlates with Q",
        ),
        (claim("indirect_cause(Q, R)"), "asked", "indirect cause"),
        (claim("direct_cause(R, Q)"), "asked", "it is the effect"),
        (claim("direct_cause(Q, S)"), "asked", "does not mention"),
        (listed(reply={"kind": "yes-no", "comparison": "<"}), "asked", "asserts the claim"),
    ],
)
def test_a_misread_independence_or_claim_is_named(data: dict[str, Any], check: str, says: str) -> None:
    assert faults(LISTED, listed()) == []
    found = faults(LISTED, data)
    assert [f for f in found if f.check == check and says in f.message], found


# ---------------------------------------------------------------------------------------------------------------------
# The Problem alone, and the engine


def test_a_circle_and_clashing_parts_are_named_before_the_text_is_asked() -> None:
    circle = Problem.model_validate(
        {
            "variables": [{"name": "A"}, {"name": "B"}],
            "edges": [{"cause": "A", "effect": "B"}, {"cause": "B", "effect": "A"}],
            "queries": [{"query": "P(A)"}],
        }
    )
    found = examine(Reading("A causes B. B causes A. How likely is A?", circle))
    assert [f.check for f in found if f.severity == "fault"][:1] == ["acyclic"]
    twice = circle.model_copy(update={"edges": circle.edges[:1], "variables": (*circle.variables, circle.variables[0])})
    assert "consistent" in {f.check for f in examine(Reading("A causes B. How likely is A?", twice))}


def test_the_engine_says_what_is_impossible_and_what_is_open() -> None:
    text = "Frost causes ice, and ice causes outage. We observed frost and not ice. Is outage likely?"
    data = {
        "variables": [{"name": "frost"}, {"name": "ice"}, {"name": "outage"}],
        "equations": [
            {"variable": "ice", "expression": "frost", "words": "Frost causes ice"},
            {"variable": "outage", "expression": "ice", "words": "ice causes outage"},
        ],
        "queries": [{"query": "P(outage = True | frost = True, ice = False)", "words": "Is outage likely?"}],
        "reply": {"kind": "yes-no"},
    }
    found = examine(Reading(text, Problem.from_data(data)))
    assert [f.check for f in found if f.severity != "hint"] == ["possible"]
    open_ = {
        "variables": [{"name": "A"}, {"name": "B"}],
        "confounded": [{"pair": ["A", "B"]}],
        "statements": [{"term": "corr(A, B)", "value": "0.2", "words": "The correlation of A and B is 0.2."}],
        "queries": [{"query": "P(B[A=True] = True)", "words": "How likely is B if we set A?"}],
    }
    found = examine(
        Reading("The correlation of A and B is 0.2. How likely is B if we set A?", Problem.from_data(open_))
    )
    assert [f.check for f in found if f.severity != "hint"] == ["determined"]


def test_evidence_that_makes_no_difference_is_a_hint() -> None:
    text = "A causes B. We observed C. Would B occur if not A?"
    data = {
        "variables": [{"name": "A"}, {"name": "B"}, {"name": "C"}],
        "equations": [{"variable": "B", "expression": "A", "words": "A causes B."}],
        "queries": [{"query": "P(B[A=False] = True | C = True)", "words": "Would B occur if not A?"}],
        "reply": {"kind": "yes-no"},
    }
    found = examine(Reading(text, Problem.from_data(data)))
    assert [(f.check, f.severity) for f in found] == [("abduction", "hint")]


def test_what_cannot_be_formalised_has_nothing_to_check() -> None:
    assert examine(Reading("Hello.", Problem(cannot="There is no question."))) == ()


@pytest.mark.parametrize(
    "names", [["red light", "red door", "noise", "fog"], ["fog", "red light", "red door", "noise"]]
)
def test_a_cause_that_is_not_clear_says_nothing_of_another(names: list[str]) -> None:
    data = {
        "variables": [{"name": name} for name in names],
        "equations": [{"variable": "noise", "expression": "not fog", "words": "Fog causes noise."}],
        "queries": [{"query": "P(noise[fog=False] = True)", "words": "Would noise occur if not fog?"}],
        "reply": {"kind": "yes-no"},
    }
    found = faults("Red causes noise. Fog causes noise. Would noise occur if not fog?", data)
    assert [(f.check, f.part) for f in found] == [("sign", "equations[0]")]


# ---------------------------------------------------------------------------------------------------------------------
# Laws


WORDS = (
    "frost ice wind outage heating causes cause not and or , . ? if because of would when effect on 40% 3 of 10 no "
    "given observed by is the depends leads to than ( ) : ; - ' % 0.2 without instead two thirds had"
)
PIECES = st.sampled_from(WORDS.split())


@given(st.lists(PIECES, max_size=40).map(" ".join), st.sampled_from(range(3)))
def test_no_text_breaks_a_check(text: str, which: int) -> None:
    problem = Problem.from_data((rules(), figures(), listed())[which])
    for fault in examine(Reading(text, problem), LIGHT):
        assert fault.check in {check.name for check in CHECKS}


def test_the_checks_know_nothing_of_the_offline_reader() -> None:
    folder = Path(__file__).parent.parent / "llm_bridge" / "_checks"
    assert not [path.name for path in folder.glob("*.py") if "_reader" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("suite", ["counterbench", "cladder", "corr2cause"])
def test_right_readings_of_the_suites_pass(suite: str, shared_data: Path) -> None:
    from llm_bridge import read

    lines = (shared_data / f"{suite}_dev.jsonl").read_text(encoding="utf-8").splitlines()[::3]
    items = [json.loads(line) for line in lines]
    texts = [i.get("prompt") or i.get("input") or f"{i['given_info']} {i['question']}" for i in items]
    problems = [(text, read(text)) for text in texts]
    false = [
        (text, fault.message)
        for text, problem in problems
        for fault in examine(Reading(text, problem), LIGHT)
        if fault.severity == "fault"
    ]
    assert len({text for text, _ in false}) <= 0.01 * len(texts), false[:3]


def test_names_of_the_checks_are_stable() -> None:
    names = [check.name for check in CHECKS]
    assert names == [
        "consistent", "acyclic", "sense", "spans", "mentions", "numbers", "coverage", "direction", "sign", "rung",
        "asked", "possible", "determined", "abduction",
    ]  # fmt: skip


def test_importing_the_checks_loads_no_client() -> None:
    code = "import sys, llm_bridge._checks; print('openai' in sys.modules, 'asyncio' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split()[0] == "False"
