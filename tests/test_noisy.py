"""Misreadings made on purpose: every one is a Problem that could have been meant, and cites the text."""

from __future__ import annotations

import random
from functools import cache

import pytest

from llm_bridge import Problem, read
from llm_bridge._noisy import KINDS, Corruption, Kind, corrupt
from llm_bridge._noisy._cite import Citer, cited
from scm import class_from_independences
from tests.wire_problems import random_problem

RULES = (
    "We know that Dravo causes Mell, Mell and Tisk together cause Orrin, and Orrin causes not Pelto. We observed Tisk. "
    "Would Pelto occur if not Dravo instead of Dravo?"
)
SHARES = (
    "Imagine a self-contained, hypothetical world with only the following conditions, and without any unmentioned "
    "factors or causal relationships: Watering has a direct effect on mildew and bloom. Mildew has a direct effect on "
    "bloom. The overall probability of watering is 40%. For plants without watering, the probability of mildew is 10%. "
    "For plants with watering, the probability of mildew is 35%. For plants without watering and without mildew, the "
    "probability of bloom is 30%. For plants without watering and with mildew, the probability of bloom is 12%. For "
    "plants with watering and without mildew, the probability of bloom is 81%. For plants with watering and with "
    "mildew, the probability of bloom is 52%. Will watering increase the chance of bloom?"
)
LIST = (
    "Premise: Suppose there is a closed system of 4 variables, A, B, C and D. All the statistical relations among "
    "these 4 variables are as follows: A correlates with C. B correlates with C. A correlates with D. B correlates "
    "with D. C correlates with D. However, A is independent of B. A and D are independent given C. A and D are "
    "independent given B and C. B and D are independent given C. B and D are independent given A and C.\nHypothesis: "
)
DIRECT = LIST + "C directly causes D."
COLLIDER = LIST + "There exists at least one collider (i.e., common effect) of A and B."
COUNTS = "Of 40 barrels from the old cellar, 12 leaked. Of 50 from the new one, 9 leaked. What share leaks?"
BARRELS = {
    "variables": [
        {"name": "cellar", "states": ["old", "new"], "words": "cellar"},
        {"name": "leaked", "words": "leaked"},
    ],
    "edges": [{"cause": "cellar", "effect": "leaked", "words": "40 barrels from the old cellar, 12 leaked"}],
    "statements": [
        {
            "term": "P(leaked = True | cellar='old')",
            "counts": [12, 40],
            "words": "Of 40 barrels from the old cellar, 12 leaked",
        },
        {"term": "P(leaked = True | cellar='new')", "counts": [9, 50], "words": "Of 50 from the new one, 9 leaked"},
    ],
    "queries": [{"query": "P(leaked = True | cellar='old')", "words": "What share leaks?"}],
}
TEXTS = (RULES, SHARES, DIRECT, COLLIDER)


@cache
def right(text: str) -> Problem:
    return Problem.from_data(BARRELS) if text == COUNTS else cited(read(text), text)


def corruptions(text: str, kind: Kind, seeds: int = 20) -> list[Corruption]:
    made = (corrupt(right(text), text, kind, random.Random(seed)) for seed in range(seeds))
    return [one for one in made if one is not None]


def words_of(problem: Problem) -> list[str]:
    lists = (
        problem.variables,
        problem.edges,
        problem.confounded,
        problem.equations,
        problem.statements,
        problem.queries,
    )
    return [part.words for parts in lists for part in parts]


def edges_of(problem: Problem) -> set[tuple[str, str]]:
    return {(cause, effect) for effect, causes in problem.causes.items() for cause in causes}


APPLIES: dict[str, frozenset[Kind]] = {
    RULES: frozenset(KINDS) - {"misread_number"},
    SHARES: frozenset(KINDS) - {"add_edge"},  # every two of its three variables are joined
    DIRECT: frozenset(KINDS) - {"change_rung", "misread_number"},
    COLLIDER: frozenset(KINDS) - {"change_rung", "misread_number"},
    COUNTS: frozenset(KINDS) - {"add_edge"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", APPLIES, ids=["rules", "shares", "direct", "collider", "counts"])
def test_a_corruption_is_another_problem_that_could_have_been_meant(text: str, kind: Kind) -> None:
    made = corruptions(text, kind)
    assert bool(made) == (kind in APPLIES[text])
    for one in made:
        assert one.kind == kind
        assert one.what
        assert one.problem != right(text)
        assert Problem.from_json(one.problem.to_json()) == one.problem  # well formed, acyclic, consistent
        assert one.problem.variables == right(text).variables
        assert [words for words in words_of(one.problem) if words not in text] == []
        if one.problem.independences is not None:
            names = tuple(variable.name for variable in one.problem.variables)
            class_from_independences(names, one.problem.independences)  # some graph has exactly this list


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_drawn_by_the_generator_alone(kind: Kind) -> None:
    for text in TEXTS:
        first = corruptions(text, kind, 12)
        assert first == corruptions(text, kind, 12)
    drawn = {one.what for text in APPLIES for one in corruptions(text, kind)}
    assert len(drawn) > 4, "too few kinds of slip to be worth drawing"


@pytest.mark.parametrize("kind", KINDS)
def test_random_problems_of_every_form(kind: Kind) -> None:
    made = 0
    for seed in range(100):
        problem = random_problem(seed)
        one = corrupt(problem, "the tide turns 26% “so” it said X and Y, 31 of 40", kind, random.Random(seed))
        if one is not None:
            made += 1
            assert one.problem != problem
            assert Problem.from_json(one.problem.to_json()) == one.problem
    assert made > 10


def test_what_cannot_be_read_cannot_be_misread() -> None:
    problem = Problem(cannot="no question")
    assert all(corrupt(problem, "Hello.", kind, random.Random(0)) is None for kind in KINDS)


# --- what each kind changes


@pytest.mark.parametrize("text", [RULES, SHARES])
def test_an_edge_less_more_or_turned(text: str) -> None:
    before = edges_of(right(text))
    assert all(len(before - edges_of(c.problem)) == 1 for c in corruptions(text, "drop_edge"))
    assert all(edges_of(c.problem) < before for c in corruptions(text, "drop_edge"))
    assert all(before < edges_of(c.problem) for c in corruptions(text, "add_edge"))
    for one in corruptions(text, "flip_edge"):
        (gone,), (new,) = before - edges_of(one.problem), edges_of(one.problem) - before
        assert new == gone[::-1] or new[0] == gone[0]
        assert one.problem.queries == right(text).queries


def test_both_the_list_and_the_claim_are_misread() -> None:
    for kind in ("flip_edge", "drop_edge", "add_edge"):
        changed = {
            (c.problem.queries != right(text).queries, c.problem.independences != right(text).independences)
            for text in (DIRECT, COLLIDER)
            for c in corruptions(text, kind)
        }
        assert changed <= {(True, False), (False, True)}
        assert (False, True) in changed
    claims = {c.problem.queries[0].text for c in corruptions(DIRECT, "flip_edge")}
    assert "direct_cause(D, C)" in claims
    assert "common_cause(A, B)" in {c.problem.queries[0].text for c in corruptions(COLLIDER, "flip_edge")}


def test_the_rung_is_changed_in_the_query_alone() -> None:
    for text in (RULES, SHARES, COUNTS):
        for one in corruptions(text, "change_rung"):
            assert one.problem.model_copy(update={"queries": right(text).queries}) == right(text)
    assert {c.problem.queries[0].text for c in corruptions(RULES, "change_rung")} == {
        "P(Pelto = True | Tisk = True, Dravo = False)",
        "P(Pelto[Dravo=False] = True)",
        "P(Pelto[Dravo=False] = True | Tisk[Dravo=False] = True)",
        "P(Pelto[Dravo=False, Tisk=True] = True)",
    }
    assert {c.problem.queries[0].text for c in corruptions(SHARES, "change_rung")} == {
        "P(bloom = True | watering = True) - P(bloom = True | watering = False)"
    }


def test_a_path_specific_effect_is_taken_for_the_whole() -> None:
    effect = "P(bloom[watering=True, mildew=mildew[watering=False]] = True) - P(bloom[watering=False] = True)"
    problem = Problem.from_data({**right(SHARES).model_dump(mode="json"), "queries": [{"query": effect}]})
    made = {corrupt(problem, SHARES, "change_rung", random.Random(seed)) for seed in range(20)}
    whole = "P(bloom[watering=True] = True) - P(bloom[watering=False] = True)"
    assert whole in {one.problem.queries[0].text for one in made if one is not None}


def test_states_are_exchanged_wherever_there_are_some() -> None:
    places = {c.what.split(":")[0].split(" read")[0] for c in corruptions(SHARES, "swap_states", 80)}
    assert {"event of the query", "setting of the query", "the reply the other way round"} <= places
    assert any("exchanged in" in place for place in places)
    assert any(place.startswith("P(") for place in places)
    rules = {c.what for c in corruptions(RULES, "swap_states", 80)}
    assert "Pelto = not Orrin read as Orrin" in rules
    assert any(what.startswith("given of the query") for what in rules)


def test_a_number_is_replaced_by_one_of_the_text() -> None:
    before = {s.term: s.value for s in right(SHARES).statements}
    printed = set(before.values())
    sizes: set[int] = set()
    for one in corruptions(SHARES, "misread_number"):
        changed = [s for s in one.problem.statements if s.value != before[s.term]]
        sizes.add(len(changed))
        assert all(s.value in printed and str(s.value) in s.words for s in changed)
    assert sizes == {1, 2}  # replaced, exchanged
    for one in corruptions(COUNTS, "misread_number"):
        assert {n for s in one.problem.statements for n in s.counts or ()} <= {9, 12, 40, 50}


# --- citing


def test_the_nearest_words_are_cited() -> None:
    cites = Citer.of(right(RULES), RULES)
    assert cites.words(("Tisk", "Orrin")) == "Tisk together cause Orrin"
    assert cites.words(("Mell", "Tisk", "Orrin")) == "Mell and Tisk together cause Orrin"
    assert cites.words(("Orrin", "Pelto"), denied=True) == "and Orrin causes not Pelto"
    assert cites.words(("Dravo", "Tisk")) in RULES
    assert cites.words(("nobody",)) == ""
    shares = Citer.of(right(SHARES), SHARES)
    assert shares.words(("watering", "mildew", "35%")) == "For plants with watering, the probability of mildew is 35%"


def test_a_bracket_that_was_left_out_is_cited_again() -> None:
    assert "There exists at least one collider of A and B" in words_of(read(COLLIDER))
    assert "There exists at least one collider (i.e., common effect) of A and B" in words_of(right(COLLIDER))
