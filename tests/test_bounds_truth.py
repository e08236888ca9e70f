"""A sample of the long run (`make verify`): random models with hidden causes, and the ends that are found for them."""

from __future__ import annotations

from collections import Counter

import pytest

from scm.bounds._programme import Clash
from scm.bounds._solve import Effort, solve
from tests.bounds_cases import ASKED_CASES, CASES, Case, answered, knowledge
from tests.bounds_checks import check, described

SAMPLE = 32
CHUNKS = 8
TABLES = 6


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_truth_is_inside_and_every_end_is_attained(chunk: int):
    outcomes = [check(f"some-{number}", 150, Effort(seconds=0.3)) for number in range(chunk, SAMPLE, CHUNKS)]
    count = sum((outcome.kinds for outcome in outcomes), Counter[str]())
    wrong = [f"{outcome.wrong}\n{described(outcome.number, 150)}" for outcome in outcomes if outcome.wrong]
    assert not wrong, "\n\n".join(wrong)
    assert count["sharp"] >= SAMPLE / CHUNKS / 4
    assert count["attained"] >= SAMPLE / CHUNKS / 4


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_closed_forms(case: Case):
    """Against the published formula, on random tables."""
    tables = case.tables(TABLES, 7)
    low, high = case.ends(tables)
    for i in range(TABLES):
        found = solve(knowledge(case, tables, i))
        assert not isinstance(found, Clash)
        for end, exact in ((found.lower, low[i]), (found.upper, high[i])):
            assert abs(end.inner - exact) <= 1e-9
            assert abs(end.outer - exact) <= 1e-9


@pytest.mark.parametrize("case", [*CASES, *ASKED_CASES], ids=lambda case: case.name)
def test_closed_forms_through_ask(case: Case):
    tables = case.tables(2, 11)
    low, high = case.ends(tables)
    for i in range(2):
        outer_low, inner_low, inner_high, outer_high = answered(case, tables, i)
        assert max(abs(outer_low - low[i]), abs(inner_low - low[i])) <= 1e-9
        assert max(abs(outer_high - high[i]), abs(inner_high - high[i])) <= 1e-9
