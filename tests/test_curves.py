"""Sensitivity curves: ends by hand, tipping points by hand, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import scm

LAW = scm.KnownLaw(("X", "Y"), [[0.24, 0.16], [0.24, 0.36]])
STUDY = scm.Study("X -> Y, X <-> Y", LAW)
ATE = scm.ate("X", "Y")


def additive(strength: float) -> scm.Shape:
    return scm.additive_confounding("X", "Y", strength)


def test_ends_and_tipping_point_of_additive_confounding():
    """P(Y=1 | X) = 0.4 and 0.6: the effect is 0.2 -+ delta, as long as no probability leaves [0, 1]."""
    found = scm.sensitivity_curve(STUDY, ATE, additive, over=(0, 0.1, 0.25, 0.4))
    assert found.lower == pytest.approx(0.2 - found.strengths, abs=1e-7)
    assert found.upper == pytest.approx(0.2 + found.strengths, abs=1e-7)
    assert found.outer_lower == pytest.approx(found.lower, abs=1e-7)
    assert found.tipping == pytest.approx(0.2, abs=2e-4)
    assert found.confidence_tipping is None
    assert "0 is no longer ruled out from 0.2" in found.to_text()


def test_the_tipping_point_of_the_marginal_sensitivity_model():
    """By hand: odds 2/3 of treatment; the ends meet zero where the factor is 1.5."""
    found = scm.sensitivity_curve(
        STUDY, ATE, lambda odds: scm.marginal_sensitivity("X", "Y", odds), over=(1, 1.25, 2, 4), tolerance=1e-6
    )
    assert found.outer_lower[0] == pytest.approx(found.outer_upper[0], abs=1e-7)
    assert found.tipping == pytest.approx(1.5, abs=1e-5)
    assert (np.diff(found.outer_lower) < 0).all()
    assert (np.diff(found.outer_upper) > 0).all()


def test_a_share_of_units_in_which_a_shape_fails():
    """The effect is what the cause brings about less what it prevents: at least minus the share."""
    found = scm.sensitivity_curve(
        STUDY, ATE, lambda share: scm.no_prevention("X", "Y", violated=share), over=(0, 0.1, 0.3), reference=-0.05
    )
    assert found.lower == pytest.approx([0, -0.1, -0.3], abs=1e-7)
    assert found.tipping == pytest.approx(0.05, abs=2e-4)


def test_what_the_data_refute_is_said_so():
    study = scm.Study("X -> Y, X <-> Y", LAW, "P(Y[X=1]=1) = 3/10", "P(Y[X=0]=1) = 4/10")
    found = scm.sensitivity_curve(
        study, scm.pns("X", "Y"), lambda share: scm.no_prevention("X", "Y", violated=share), over=(0, 0.05, 0.2)
    )
    assert found.refuted.tolist() == [True, True, True]
    assert np.isnan(found.lower).all()
    assert found.tipping is None
    assert "refuted" in found.to_text()


def test_confidence_is_kept_apart():
    rows = {"X": [0, 0, 1, 1], "Y": [0, 1, 0, 1], "n": [240, 160, 240, 360]}
    study = scm.Study("X -> Y, X <-> Y", scm.Sample(rows, weights="n"))
    found = scm.sensitivity_curve(study, ATE, additive, over=(0, 0.1, 0.3))
    assert found.outer_lower == pytest.approx(0.2 - found.strengths, abs=1e-6)
    assert (found.confidence_lower < found.outer_lower - 0.01).all()
    assert (found.confidence_upper > found.outer_upper + 0.01).all()
    assert found.confidence_tipping is not None
    assert found.tipping is not None
    assert found.confidence_tipping < found.tipping
    assert "sampling error" in str(found)


def test_a_curve_as_data():
    found = scm.sensitivity_curve(STUDY, ATE, additive, over=(0, 0.1))
    assert found.to_columns()["strength"] == [0.0, 0.1]
    assert found.to_json()["confidence_lower"] == [None, None]
    assert found.to_json()["tipping"] is None
    with pytest.raises(ValueError, match="read-only"):
        found.lower[0] = 1.0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"over": ()}, "rise"),
        ({"over": (0.2, 0.1)}, "rise"),
        ({"over": (0, math.nan)}, "rise"),
        ({"over": "low"}, "rise"),
        ({"over": (0.1, 2.0)}, "between 0 and 1"),
        ({"family": lambda strength: strength}, "float"),
        ({"family": lambda strength: additive(1 - strength), "over": (0.1, 0.5, 0.9)}, "less"),
        ({"query": "P(Y | do(X=1))"}, "one number"),
        ({"query": "P(Q=1)"}, "'Q'"),
        ({"reference": math.inf}, "reference"),
        ({"study": 3}, "Study"),
    ],
)
def test_what_is_no_curve_is_refused(change: dict[str, object], says: str):
    given: dict[str, object] = {"study": STUDY, "query": ATE, "family": additive, "over": (0, 0.1)} | change
    with pytest.raises(scm.ScmError, match=says):
        scm.sensitivity_curve(given.pop("study"), given.pop("query"), given.pop("family"), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("family", "axis"),
    [
        (additive, "hidden confounding of X and Y (difference of probabilities)"),
        (lambda odds: scm.marginal_sensitivity("X", "Y", 1 + odds), "hidden confounding of X and Y (odds ratio)"),
        (lambda share: scm.no_prevention("X", "Y", violated=share), "share of units in which raising X may lower Y"),
    ],
)
def test_the_strengths_are_numbers_of_something_that_is_said(family: Any, axis: str):
    assert scm.sensitivity_curve(STUDY, ATE, family, over=(0, 0.1)).measure == axis


def test_what_tips_at_once_is_said_so():
    rows = {"X": [0, 0, 1, 1], "Y": [0, 1, 0, 1], "n": [24, 16, 24, 36]}
    study = scm.Study("X -> Y, X <-> Y", scm.Sample(rows, weights="n"))
    found = scm.sensitivity_curve(study, ATE, additive, over=(0.1, 0.3))
    assert "with sampling error, 0 is not ruled out at any of these strengths" in found.to_text()
    assert "\n  0 is no longer ruled out from 0.2" in found.to_text()
    sure = scm.sensitivity_curve(study, ATE, additive, over=(0.25, 0.3))
    assert "\n  0 is not ruled out at any of these strengths" in sure.to_text()
