"""Whether posteriors, and the errors that are given with estimates, are what they say they are.

Simulation-based calibration (Talts, Betancourt, Simpson, Vehtari & Gelman 2018): a unit is drawn from the model, part
of it is shown, and what was hidden is ranked within the posterior. Ranks of a right posterior are uniform. Tests by
chi square have a false-alarm rate of 1e-6 each; the keys are fixed, so that a run that passes always does.
"""

import functools
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2, norm

from scm import (
    Bernoulli,
    Categorical,
    ContinuousLaw,
    ContinuousNoise,
    GaussianCopula,
    Model,
    MultivariateNormal,
    Noise,
    Real,
    Variable,
    normal,
)
from scm.solvers.sampled import Sampled
from tests.abductions import Probit, task_of

ALARM = 1e-6
BINS = 10
UNITS = 400


def gamma(shape, rate):
    return ContinuousLaw("Gamma", concentration=shape, rate=rate)


def mixed():
    """A hidden finite cause, a continuous one, a threshold and an invertible reading."""
    model = Model(
        Noise("h", Bernoulli(0.4)),
        Variable("X", noise={"u_X": gamma(2.0, 1.0)}, equation="u_X"),
        Variable("G", (False, True), equation="h"),
        Variable("D", parents=("X", "G"), noise={"u_D": normal(0, 1)}, mechanism=Probit((1.0, -1.5), -1.0)),
        Variable("Y", noise={"u_Y": ContinuousLaw("Laplace", loc=0.0, scale=0.7)}, equation="X*(1 + h) - D + u_Y"),
    )
    return model, ("D", "Y"), "X"


def draw_mixed(rng, n):
    h = rng.uniform(size=n) < 0.4
    x, u = rng.gamma(2.0, 1.0, n), rng.normal(size=n)
    d = x - 1.5 * h - 1.0 + u > 0
    y = x * (1 + h) - d + rng.laplace(0, 0.7, n)
    # In the other world, D is off and X is 1: Y keeps its noise.
    return {"X": x, "D": d, "Y": y, "Y[X=1, D=False]": 1 + h + (y - x * (1 + h) + d)}


def correlated():
    """Hidden common causes as correlated noise, and a collider."""
    model = Model(
        ContinuousNoise(("a", "b"), MultivariateNormal((0.0, 0.5), [[1.0, 0.8], [0.8, 1.5]])),
        Variable("X", Real(), equation="exp(a / 2)"),
        Variable("Y", Real(), equation="b - X"),
        Variable("Z", noise={"u_Z": normal(0, 0.4)}, equation="X * Y + u_Z"),
    )
    return model, ("Z",), "Y"


def draw_correlated(rng, n):
    a, b = rng.multivariate_normal([0.0, 0.5], [[1.0, 0.8], [0.8, 1.5]], size=n).T
    x = np.exp(a / 2)
    y = b - x
    z = x * y + rng.normal(0, 0.4, n)
    return {"X": x, "Y": y, "Z": z, "Y[X=1]": b - 1}


def copula():
    """A Gaussian copula over margins that are not normal, and two noises in one equation."""
    margins = (ContinuousLaw("Exponential", rate=1.0), ContinuousLaw("Uniform", low=-1.0, high=1.0))
    model = Model(
        ContinuousNoise(("a", "b"), GaussianCopula(margins, [[1.0, -0.6], [-0.6, 1.0]])),
        Variable("X", Real(), equation="a"),
        Variable("Y", Real(), noise={"v": normal(0, 0.5)}, equation="2*X + b + v"),
    )
    return model, ("Y",), "X"


def draw_copula(rng, n):
    s, t = rng.multivariate_normal([0.0, 0.0], [[1.0, -0.6], [-0.6, 1.0]], size=n).T
    a, b, v = -np.log(norm.sf(s)), 2 * norm.cdf(t) - 1, rng.normal(0, 0.5, n)
    return {"X": a, "Y": 2 * a + b + v, "Y[X=0]": b + v}


CASES = {"mixed": (mixed, draw_mixed), "correlated": (correlated, draw_correlated), "copula": (copula, draw_copula)}


@functools.cache
def shown(name):
    """Units of a model, drawn by the test's own arithmetic."""
    return CASES[name][1](np.random.default_rng(20), UNITS)


def posterior(model, term, hidden, seen, units, key=5):
    """P(hidden variable <= its true value | what is seen), and its standard error, for every unit."""
    rows = {n: units[n] for n in seen} | {"truth": hidden}
    given = f" | {', '.join(f'{n}=?{n}' for n in seen)}" if seen else ""
    found: Any = Sampled(accuracy=0.05).solve(task_of(model, f"P({term} <= ?truth{given})", rows, key))
    return found.lower, found.monte_carlo


@pytest.mark.parametrize("name", list(CASES))
def test_the_truth_is_a_draw_from_its_posterior(name):
    """Ranks of hidden variables, factual and counterfactual ones, are uniform."""
    model, seen, hidden = CASES[name][0]()
    units = shown(name)
    counterfactual = next(n for n in units if "[" in n)
    for term in (hidden, counterfactual):
        rank, error = posterior(model, term, units[term], seen, units)
        assert np.all(error < 0.06)
        count = np.histogram(rank, bins=BINS, range=(0, 1))[0]
        statistic = ((count - UNITS / BINS) ** 2 / (UNITS / BINS)).sum()
        assert statistic < chi2.isf(ALARM, BINS - 1), (term, count)


def test_a_product_of_margins_would_not_pass():
    """The check can fail: the posterior of a collider's cause, its evidence left out, has no uniform ranks given it."""
    model, _, hidden = correlated()
    units = shown("correlated")
    rank, _ = posterior(model, hidden, units[hidden], (), units)
    high = units["Z"] > np.quantile(units["Z"], 0.7)
    count = np.histogram(rank[high], bins=BINS, range=(0, 1))[0]
    wanted = high.sum() / BINS
    assert ((count - wanted) ** 2 / wanted).sum() > chi2.isf(ALARM, BINS - 1)


def _linear(rng):
    """A random linear-normal model of four variables, evidence on two of them, and the closed form."""
    weights = np.tril(rng.uniform(-1.2, 1.2, (4, 4)), -1)
    sd = rng.uniform(0.5, 1.5, 4)
    names = ["A", "B", "C", "D"]
    variables = []
    for i, n in enumerate(names):
        parts = [f"{float(weights[i, j])!r}*{names[j]}" for j in range(i)]
        equation = " + ".join([*parts, f"u{n}"]).replace("+ -", "- ")
        variables.append(Variable(n, Real(), noise={f"u{n}": normal(0, float(sd[i]))}, equation=equation))
    total = np.linalg.inv(np.eye(4) - weights)
    seen = sorted(rng.choice(4, 2, replace=False).tolist())
    hidden = next(i for i in range(4) if i not in seen)
    value = (total @ (sd * rng.normal(size=4)))[seen]
    cov = (total * sd**2) @ total.T
    gain = cov[hidden, seen] @ np.linalg.inv(cov[np.ix_(seen, seen)])
    mean = gain @ value
    spread = np.sqrt(cov[hidden, hidden] - gain @ cov[seen, hidden])
    given = ", ".join(f"{names[s]}={float(v)!r}" for s, v in zip(seen, value, strict=True))
    return Model(*variables), names[hidden], given, mean, spread


def test_standard_errors_are_calibrated():
    """z-scores of 320 random queries: the share within 2.6 is 0.9907, and their squares average one.

    The binomial share and the chi square of the sum are each allowed a false alarm of about 1e-6.
    """
    rng = np.random.default_rng(33)
    scores: list[float] = []
    for number in range(160):
        model, hidden, given, mean, spread = _linear(rng)
        cut = float(mean + spread * rng.uniform(-1, 1))
        asked = {f"E[{hidden} | {given}]": mean, f"P({hidden} > {cut!r} | {given})": norm.sf((cut - mean) / spread)}
        for query, truth in asked.items():
            found: Any = Sampled(accuracy=0.04).solve(task_of(model, query, key=number))
            scores.append(float((found.lower[0] - truth) / found.monte_carlo[0]))
    z = np.array(scores)
    assert (np.abs(z) > 2.6).sum() <= 14
    assert chi2.isf(1 - ALARM, len(z)) < (z**2).sum() < chi2.isf(ALARM, len(z))


def test_categories_and_draws_together_are_calibrated():
    """A hidden finite cause of three states: of the units with posterior p, a share p has the state."""
    model = Model(
        Variable("K", ("a", "b", "c"), noise=Categorical({"a": 0.5, "b": 0.3, "c": 0.2})),
        Variable("X", noise={"u": normal(0, 1)}, equation="u + 2*(K = 'b') - (K = 'c')"),
        Variable("Y", noise={"v": normal(0, 1)}, equation="X * (1 - 0.5*(K = 'c')) + v"),
    )
    rng = np.random.default_rng(4)
    n = 600
    k = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    x = rng.normal(size=n) + 2 * (k == 1) - (k == 2)
    y = x * (1 - 0.5 * (k == 2)) + rng.normal(size=n)
    found: Any = Sampled(accuracy=0.05).solve(task_of(model, "P(K = 'b' | Y=?Y)", {"Y": y}, 2))
    p = found.lower
    score = ((k == 1) - p).sum() / np.sqrt((p * (1 - p)).sum())
    assert abs(score) < norm.isf(ALARM / 2)
    both: Any = Sampled().solve(task_of(model, "P(K = 'b' | X=?X, Y=?Y)", {"X": x, "Y": y}))
    p = both.lower
    assert both.monte_carlo is None
    assert abs(((k == 1) - p).sum() / np.sqrt((p * (1 - p)).sum())) < norm.isf(ALARM / 2)
