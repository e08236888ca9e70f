"""Posterior draws of the ends: sampling apart from identification."""

from __future__ import annotations

import numpy as np
import pytest

from scm import InvalidQuery, KnownLaw, Sample, Study, bound_draws

EFFECT = "P(Y=1 | do(X=1)) - P(Y=1 | do(X=0))"
CONFOUNDED = "X -> Y, X <-> Y"


def sample(counts, **more):
    counts = np.asarray(counts)
    codes = np.argwhere(counts >= 0)
    return Sample({n: codes[:, i] for i, n in enumerate("XY")} | {"n": counts.ravel()}, weights="n", **more)


def test_the_ends_of_a_confounded_effect_have_beta_posteriors():
    """The lower end is -(p01 + p10). Drawn factor by factor its mean and variance are those of products of betas."""
    counts = np.array([[30, 20], [10, 40]])
    found = bound_draws(Study(CONFOUNDED, sample(counts)), EFFECT, draws=40_000)
    n0, n1 = counts.sum(axis=1) + 1.0
    x, y0, y1 = beta(n1, n0), beta(21, 31), beta(11, 41)
    mean = -((1 - x[0]) * y0[0] + x[0] * y1[0])
    assert found.ends()[0] == pytest.approx(mean, abs=5 * 0.05 / 200)  # 5 standard errors of the mean
    assert found.ends()[1] == pytest.approx(1 + mean, abs=5 * 0.05 / 200)
    np.testing.assert_allclose(found.upper - found.lower, 1.0, atol=1e-9)
    square = (x[1] + (1 - x[0]) ** 2) * (y0[1] + y0[0] ** 2) + (x[1] + x[0] ** 2) * (y1[1] + y1[0] ** 2)
    square += 2 * (x[0] * (1 - x[0]) - x[1]) * y0[0] * y1[0]
    assert found.spread()[0] == pytest.approx(np.sqrt(square - mean**2), rel=0.03)
    assert (found.refuted, found.undefined, found.sharp) == (0, 0, True)


def beta(a, b):
    """Mean and variance."""
    return a / (a + b), a * b / (a + b) ** 2 / (a + b + 1)


def test_more_units_bring_the_draws_together_and_not_the_ends():
    few, many = (
        bound_draws(Study(CONFOUNDED, sample(k * np.array([[3, 2], [1, 4]]))), EFFECT, draws=2000) for k in (1, 1000)
    )
    assert many.spread()[0] < few.spread()[0] / 10
    assert many.ends()[1] - many.ends()[0] == pytest.approx(1)
    low, high = few.credible(0.9)
    assert low < few.ends()[0] < few.ends()[1] < high
    assert "Bayesian" in str(few)
    assert "not identified" in str(few)


def test_draws_that_the_graph_refutes_are_left_out():
    """Arms that nearly break the instrumental inequality: many draws do."""
    arms = np.array([[[45, 5], [25, 25]], [[2, 48], [25, 25]]])
    codes = np.argwhere(arms >= 0)
    rows = {n: codes[:, i] for i, n in enumerate("ZXY")} | {"n": arms.ravel()}
    found = bound_draws(Study("Z -> X -> Y, X <-> Y", Sample(rows, do=("Z",), weights="n")), EFFECT, draws=3000)
    assert 0.02 < found.refuted < 0.98
    assert len(found.lower) == round(3000 * (1 - found.refuted))
    assert (found.lower <= found.upper + 1e-9).all()


def test_an_identified_effect_has_one_end():
    found = bound_draws(Study("X -> Y", sample([[30, 20], [10, 40]])), EFFECT, draws=2000)
    np.testing.assert_allclose(found.lower, found.upper, atol=1e-12)
    assert found.ends()[0] == pytest.approx(41 / 52 - 21 / 52, abs=0.01)


def test_a_law_beside_a_sample():
    trial = KnownLaw(("Y",), np.array([[0.5, 0.5], [0.3, 0.7]]), ("X",))
    found = bound_draws(Study(CONFOUNDED, sample([[30, 20], [10, 40]]), trial), "P(Y[X=0]=0 | X=1, Y=1)", draws=500)
    assert (found.lower > 0.1).mean() < 1
    assert found.spread()[0] > 0


@pytest.mark.parametrize(
    ("change", "says"),
    [({"draws": 0}, "whole number from 1"), ({"prior": 0}, "above 0"), ({"draws": True}, "whole number")],
)
def test_bad_input_is_said(change, says):
    with pytest.raises(InvalidQuery, match=says):
        bound_draws(Study(CONFOUNDED, sample([[1, 1], [1, 1]])), EFFECT, **change)


def test_studies_without_samples_and_laws_are_refused():
    with pytest.raises(InvalidQuery, match="no samples"):
        bound_draws(Study(CONFOUNDED, "P(Y=1) = 0.5"), EFFECT)
    with pytest.raises(InvalidQuery, match="one number"):
        bound_draws(Study(CONFOUNDED, sample([[1, 1], [1, 1]])), "P(Y | do(X=1))")
    with pytest.raises(InvalidQuery, match="between 0 and 1"):
        bound_draws(Study(CONFOUNDED, sample([[1, 1], [1, 1]])), EFFECT, draws=10).credible(95)
