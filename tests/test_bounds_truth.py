"""A sample of the long run (`make verify`): random models with hidden causes, and the ends that are found for them."""

from __future__ import annotations

from collections import Counter

import pytest

from scm.bounds._programme import Clash
from scm.bounds._solve import Effort, solve
from tests.bounds_cases import CASES, Case, knowledge
from tests.bounds_checks import check, described

SAMPLE = 64
CHUNKS = 8
TABLES = 12


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_truth_is_inside_and_every_end_is_attained(chunk: int):
    outcomes = [check(f"test-{number}", 200, Effort(seconds=0.5)) for number in range(chunk, SAMPLE, CHUNKS)]
    count = sum((outcome.kinds for outcome in outcomes), Counter[str]())
    wrong = [f"{outcome.wrong}\n{described(outcome.number, 200)}" for outcome in outcomes if outcome.wrong]
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
