"""Every closed form of `tests.bounds_closed` for many random tables in one question."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bounds_cases import ASKED_CASES, CASES, Case, answered


@pytest.mark.parametrize("case", [*CASES, *ASKED_CASES], ids=lambda case: case.name)
def test_closed_forms_in_a_thousand_strata(case: Case):
    """One question for all tables: never beyond what is right, and right."""
    tables = case.tables(1_000, 5)
    low, high = case.ends(tables)
    outer_low, inner_low, inner_high, outer_high = answered(case, tables)
    assert np.abs(inner_low - low).max() <= 1e-9
    assert np.abs(inner_high - high).max() <= 1e-9
    assert (outer_low <= inner_low).all()
    assert (outer_high >= inner_high).all()
    assert np.abs(outer_low - low).max() <= 1e-9
    assert np.abs(outer_high - high).max() <= 1e-9
