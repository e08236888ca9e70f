"""Confidence intervals: how often they hold the truth, the bootstrap, and errors worked out by hand or by others."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from scm import Bootstrap, CausalGraph, InvalidQuery, Sample, Study, ask, ate, estimate_estimand, ett, parse_estimand
from scm._estimand import Index
from tests.verify_coverage import BACK_DOOR, DESIGNS, coverage, populations, sample_of, study

STUDIES = 200
ALARM = 1e-4
"""How often a figure below falls out though the interval is right; seeds are fixed, so it does always or never."""
FIRST = 10_000
ADJUSTED = "sum_z P(Y=1 | X=1, Z=z) P(Z=z) - sum_z P(Y=1 | X=0, Z=z) P(Z=z)"
BINARY = {"X": (0, 1), "Y": (0, 1), "Z": (0, 1)}


@pytest.mark.parametrize("design", DESIGNS[:3], ids=lambda design: design.name)
def test_intervals_hold_the_truth(design: Any):
    """A few studies; `tests.verify_coverage` does thousands. Intervals half as wide would be found out."""
    found = coverage(design, STUDIES, FIRST, draws=300)
    low, high = (float(binom.ppf(tail, STUDIES, 0.95)) / STUDIES for tail in (ALARM / 2, 1 - ALARM / 2))
    assert low <= found.influence <= high
    assert low <= found.bootstrap <= high
    assert binom.cdf(low * STUDIES - 1, STUDIES, 0.673) > 0.999  # half as wide: 1.96 / 2 standard errors


def cells(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Counts over (Z, X, Y) as one row a unit."""
    at = np.array(list(itertools.product((0, 1), repeat=3)))
    units = np.repeat(at, counts, axis=0)
    return {name: units[:, k] for k, name in enumerate(("Z", "X", "Y"))}


def counted(seed: int) -> np.ndarray:
    """Counts over (Z, X, Y) of a random study."""
    laws, _ = populations(DESIGNS[0], 0)
    return study(laws[seed], np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_the_error_of_an_effect_is_that_of_the_efficient_influence_function(seed: int):
    """Hahn (1998), theorem 1: augmented inverse weighting with saturated fits is the plug-in."""
    data = cells(counted(seed))
    z, x, y = (data[name] for name in ("Z", "X", "Y"))
    propensity = np.array([x[z == k].mean() for k in (0, 1)])[z]
    outcome = {v: np.array([y[(x == v) & (z == k)].mean() for k in (0, 1)])[z] for v in (0, 1)}
    scores = outcome[1] - outcome[0]
    scores = scores + x * (y - outcome[1]) / propensity - (1 - x) * (y - outcome[0]) / (1 - propensity)
    found = ask(Study(BACK_DOOR, Sample(data)), ate("X", "Y"))
    assert found.value == pytest.approx(scores.mean())
    assert found.uncertainty.sampling == pytest.approx(scores.std() / np.sqrt(len(y)))
    between: Any = found.uncertainty.confidence
    assert between.upper - between.lower == pytest.approx(2 * 1.959964 * scores.std() / np.sqrt(len(y)))


@pytest.mark.parametrize("seed", range(5))
def test_the_error_of_the_effect_on_the_treated(seed: int):
    """Hahn (1998), theorem 1, for the treated."""
    data = cells(counted(seed))
    z, x, y = (data[name] for name in ("Z", "X", "Y"))
    share = x.mean()
    propensity = np.array([x[z == k].mean() for k in (0, 1)])[z]
    outcome = {v: np.array([y[(x == v) & (z == k)].mean() for k in (0, 1)])[z] for v in (0, 1)}
    effect = (outcome[1] - outcome[0])[x == 1].mean()
    scores = x * (y - outcome[1]) - propensity * (1 - x) * (y - outcome[0]) / (1 - propensity)
    scores = (scores + x * (outcome[1] - outcome[0] - effect)) / share
    for query in (ett("X", "Y"), "E[Y[X=1] - Y[X=0] | X=1]"):
        found = ask(Study(BACK_DOOR, Sample(data)), query)
        assert found.value == pytest.approx(effect)
        assert found.uncertainty.sampling == pytest.approx(scores.std() / np.sqrt(len(y)))


def test_a_saturated_regression_has_the_same_error():
    """Within a stratum the plug-in is a regression with robust errors (White 1980), as statsmodels works it out."""
    linear = pytest.importorskip("statsmodels.api")
    data = cells(counted(3))
    z, x, y = (data[name] for name in ("Z", "X", "Y"))
    fit = linear.OLS(y, np.column_stack([np.ones(len(y)), x, z, x * z])).fit(cov_type="HC0")
    found = ask(Study(BACK_DOOR, Sample(data)), "P(Y=1 | X=1, Z=0) - P(Y=1 | X=0, Z=0)")
    assert found.value == pytest.approx(fit.params[1])
    assert found.uncertainty.sampling == pytest.approx(fit.bse[1])


# ---------------------------------------------------------------------------------------------------------------------
# The bootstrap


def test_resamples_are_those_of_units():
    """Counts drawn at once, against rows drawn again one by one."""
    counts = counted(1)
    estimand = parse_estimand(ADJUSTED)
    found = estimate_estimand(estimand, [sample_of(("Z", "X", "Y"), counts)], BINARY, bootstrap=Bootstrap(0, 4_000))
    assert found.method == "bootstrap"
    data = np.stack(list(cells(counts).values()))
    rng = np.random.default_rng(1)
    values: list[float] = []
    for _ in range(4_000):
        z, x, y = data[:, rng.integers(0, data.shape[1], data.shape[1])]
        share = [(z == k).mean() for k in (0, 1)]
        effects = [y[(z == k) & (x == 1)].mean() - y[(z == k) & (x == 0)].mean() for k in (0, 1)]
        values.append(float(np.dot(share, effects)))
    error = float(np.std(values))
    assert found.standard_error == pytest.approx(error, rel=0.05)
    assert [found.low, found.high] == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.15 * error)


def test_the_bootstrap_of_a_law():
    sample = [sample_of(("Z", "X", "Y"), counted(2))]
    law = parse_estimand("sum_z P(Y=y | X=1, Z=z) P(Z=z)")
    found = estimate_estimand(law, sample, BINARY, axes=[Index("Y")], bootstrap=Bootstrap(5))
    plain = estimate_estimand(law, sample, BINARY, axes=[Index("Y")])
    assert found.low.shape == (2,)
    assert found.standard_error == pytest.approx(plain.standard_error, rel=0.1)
    again = estimate_estimand(law, sample, BINARY, axes=[Index("Y")], bootstrap=Bootstrap(5))
    assert np.array_equal(found.low, again.low)
    other = estimate_estimand(law, sample, BINARY, axes=[Index("Y")], bootstrap=Bootstrap(6))
    assert not np.array_equal(found.low, other.low)
    with pytest.raises(InvalidQuery, match="at least 100"):
        Bootstrap(0, 20)


@pytest.mark.parametrize("formula", ["sum_z P(Y=1 | X=1, Z=z) P(Z=z)", "sum_z P(X=1, Y=1, Z=z) / P(X=1 | Z=z)"])
def test_resamples_without_a_stratum_widen_the_interval(formula: str):
    """One unit has X=1 in its stratum: a third of the resamples have none, and could have had any value."""
    counts = np.array([300, 300, 150, 250, 300, 300, 0, 1])
    sample = [sample_of(("Z", "X", "Y"), counts)]
    found = estimate_estimand(parse_estimand(formula), sample, BINARY, bootstrap=Bootstrap(0))
    assert np.isnan(found.low)
    assert np.isnan(found.high)
    thicker = np.array([0, 0, 0, 0, 0, 0, 3, 3])
    few = estimate_estimand(
        parse_estimand(formula), [sample_of(("Z", "X", "Y"), counts + thicker)], BINARY, bootstrap=Bootstrap(0)
    )
    assert few.low < few.value < few.high


def test_two_samples_are_resampled_apart():
    graph = CausalGraph(("X", "Y"))
    one = {"X": [0, 0, 1, 1], "Y": [0, 1, 0, 1], "n": [300, 100, 200, 400]}
    samples = [Sample(one, weights="n"), Sample(one, weights="n", name="b")]
    difference = parse_estimand("P(Y=1 | X=1) - P[b](Y=1 | X=1)")
    states = dict.fromkeys(graph.variables, (0, 1))
    found = estimate_estimand(difference, samples, states, bootstrap=Bootstrap(1, 2_000))
    assert found.standard_error == pytest.approx(np.sqrt(2 * (2 / 3) * (1 / 3) / 600), rel=0.06)


def test_what_does_not_vary_has_no_interval():
    sample = [Sample({"X": [0, 1, 1], "Y": [0, 1, 1]})]
    states = {"X": (0, 1), "Y": (0, 1)}
    found = estimate_estimand(parse_estimand("P(Y=1 | X=1)"), sample, states, bootstrap=Bootstrap(0))
    assert found.value == 1
    assert np.isnan([found.low, found.high, found.standard_error]).all()
