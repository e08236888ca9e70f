"""Laws of continuous noises over arrays, beside those of SciPy and NumPyro; correlated blocks; units of models."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats as scipy_stats

from scm import (
    Bernoulli,
    ContinuousLaw,
    ContinuousNoise,
    GaussianCopula,
    InvalidModel,
    Model,
    MultivariateNormal,
    Real,
    UnknownLaw,
    Variable,
    normal,
)
from scm.mechanisms._law_arrays import array_law, cdf, draw, has_cdf, log_density, mean_and_variance, quantile
from scm.mechanisms._law_blocks import Block, draw_block
from scm.mechanisms._law_families import FAMILIES
from scm.mechanisms._law_table import LAWS, support

stats: Any = scipy_stats

FALSE_ALARM = 1e-6
"""Chance that one right law fails one statistical check; the keys are fixed, so that a run repeats."""
TYPICAL = {"real": 0.7, "positive": 1.6, "share": 0.3, "below -1": -3.5}


def law_of(name: str) -> ContinuousLaw:
    given = {k: TYPICAL[kind] for k, kind in LAWS[name].ranges.items()}
    return ContinuousLaw(name, **(given | {"high": 2.9} if "high" in given else given))


@pytest.mark.parametrize("name", LAWS)
def test_the_table_has_the_parameters_of_numpyro(name):
    law = law_of(name)
    cls = getattr(dist, name)
    assert set(cls.arg_constraints) == set(LAWS[name].ranges)
    theirs = cls(**dict(law.parameters)).support
    ends = (getattr(theirs, "lower_bound", -math.inf), getattr(theirs, "upper_bound", math.inf))
    assert (support(law).lower, support(law).upper) == pytest.approx(ends)
    defaults = LAWS[name].defaults
    required = {k: v for k, v in law.parameters if k not in defaults}
    bare = cls(**required)
    assert {k: float(getattr(bare, k)) for k in defaults} == pytest.approx(dict(defaults))


SCIPY: dict[str, Callable[..., Any]] = {
    "Beta": lambda concentration1, concentration0: stats.beta(concentration1, concentration0),
    "BetaProportion": lambda mean, concentration: stats.beta(mean * concentration, (1 - mean) * concentration),
    "Cauchy": stats.cauchy,
    "Chi2": stats.chi2,
    "Exponential": lambda rate: stats.expon(scale=1 / rate),
    "Gamma": lambda concentration, rate: stats.gamma(concentration, scale=1 / rate),
    "Gumbel": stats.gumbel_r,
    "HalfCauchy": stats.halfcauchy,
    "HalfNormal": stats.halfnorm,
    "InverseGamma": lambda concentration, rate: stats.invgamma(concentration, scale=rate),
    "Laplace": stats.laplace,
    "LogNormal": lambda loc, scale: stats.lognorm(scale, scale=math.exp(loc)),
    "LogUniform": lambda low, high: stats.loguniform(low, high),
    "Logistic": stats.logistic,
    "Normal": stats.norm,
    "Pareto": lambda scale, alpha: stats.pareto(alpha, scale=scale),
    "StudentT": stats.t,
    "Uniform": lambda low, high: stats.uniform(low, high - low),
    "Weibull": lambda scale, concentration: stats.weibull_min(concentration, scale=scale),
}


@pytest.mark.parametrize("name", SCIPY)
def test_density_and_distribution_function_are_scipys(name):
    law = law_of(name)
    theirs = SCIPY[name](**dict(law.parameters))
    x = theirs.ppf(np.concatenate([[1e-6], np.linspace(0.01, 0.99, 50)]))
    np.testing.assert_allclose(log_density(law, x, np), theirs.logpdf(x), atol=1e-12, rtol=1e-10)
    np.testing.assert_allclose(cdf(law, x, np), theirs.cdf(x), atol=1e-14, rtol=1e-8)
    np.testing.assert_allclose(array_law(law).survival(x, np), theirs.sf(x), atol=1e-14, rtol=1e-8)


@pytest.mark.parametrize("name", LAWS)
def test_the_density_is_numpyros(name):
    """In single precision: that names and parameters mean the same there."""
    law = law_of(name)
    x = quantile(law, np.array([0.1, 0.4, 0.9]), np) if has_cdf(law) else np.array([0.1, 0.4, 0.9])
    theirs = getattr(dist, name)(**dict(law.parameters)).log_prob(jnp.asarray(x, dtype=np.float32))
    np.testing.assert_allclose(log_density(law, x, np), theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", sorted(FAMILIES.keys() - {"BetaProportion", "Chi2", "Gamma", "LogUniform"}))
def test_numpy_and_jax_agree(name):
    """One law for each way to work one out here; the others are NumPyro's in both."""
    arrays = array_law(law_of(name))
    p = np.concatenate([[1e-9, 1e-5], np.linspace(0.001, 0.999, 30)])
    x = arrays.quantile(p, np)

    def everything(p: Any, x: Any, xp: Any) -> tuple[Any, ...]:
        found = arrays.log_density(x, xp), arrays.cdf(x, xp), arrays.survival(x, xp)
        return *found, arrays.quantile(p, xp), arrays.upper_quantile(p, xp)

    with jax.enable_x64(True):
        theirs = jax.jit(lambda p, x: everything(p, x, jnp))(p, x)
    for mine, found in zip(everything(p, x, np), theirs, strict=True):
        np.testing.assert_allclose(found, mine, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", LAWS)
def test_outside_the_support_there_is_no_density_and_what_is_nan_stays_nan(name):
    law, ends = law_of(name), support(law_of(name))
    out = [e for e in (ends.lower - 0.5, ends.upper + 0.5) if math.isfinite(e)]
    assert (log_density(law, np.array([*out]), np) == -np.inf).all()
    assert np.isnan(log_density(law, np.array([np.nan]), np)).all()
    if has_cdf(law):
        assert cdf(law, np.array([*out]), np) == pytest.approx([0.0 if e < ends.lower else 1.0 for e in out])
        assert np.isnan(quantile(law, np.array([-0.1, 1.1, np.nan]), np)).all()
        low, high = quantile(law, np.array([0.0, 1.0]), np)
        assert (low, high) == pytest.approx((ends.lower, ends.upper))


@pytest.mark.parametrize("name", [name for name in LAWS if has_cdf(law_of(name))])
def test_quantiles_and_the_distribution_function_undo_each_other(name):
    law = law_of(name)
    p = np.concatenate([[1e-9, 1e-5], np.linspace(0.001, 0.999, 50)])
    x = quantile(law, p, np)
    np.testing.assert_allclose(cdf(law, x, np), p, rtol=1e-9, atol=1e-13)
    arrays = array_law(law)
    np.testing.assert_allclose(arrays.survival(arrays.upper_quantile(p, np), np), p, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(
    "name", ["Normal", "Logistic", "Laplace", "Cauchy", "Gumbel", "Exponential", "StudentT", "Gamma"]
)
def test_a_far_tail_keeps_its_precision(name):
    arrays = array_law(law_of(name))
    for tail, value in ((arrays.survival, arrays.upper_quantile),):
        p = np.array([1e-15, 1e-12, 1e-6])
        np.testing.assert_allclose(tail(value(p, np), np), p, rtol=1e-8)


@pytest.mark.parametrize("name", LAWS)
def test_draws_follow_the_law(name):
    """Kolmogorov and Smirnov's test, at a level of `FALSE_ALARM` over all laws together."""
    law = law_of(name)
    drawn = draw(law, 5, 4000)
    assert drawn.dtype == np.float64
    assert np.array_equal(drawn, draw(law, 5, 4000))
    assert not np.array_equal(drawn, draw(law, 5, 4000, stream=1))

    def own_cdf(x):
        if has_cdf(law):
            return cdf(law, x, np)
        grid = np.linspace(support(law).lower, support(law).upper, 20001)
        mass = np.cumsum(np.exp(log_density(law, grid, np)))
        return np.interp(x, grid, mass / mass[-1])

    found = stats.kstest(drawn, own_cdf)
    assert found.pvalue > FALSE_ALARM / len(LAWS)


@pytest.mark.parametrize("name", LAWS)
def test_moments(name):
    """By a sum over quantiles, where they have finite fourth moments or so."""
    law = law_of(name)
    mean, variance = mean_and_variance(law)
    if name in ("Gompertz", "LowerTruncatedPowerLaw", "RelaxedBernoulliLogits", "VonMises", "Cauchy", "HalfCauchy"):
        assert math.isnan(mean)
        assert math.isnan(variance)
    elif math.isfinite(mean) and math.isfinite(variance):
        u = (np.arange(400_000) + 0.5) / 400_000
        x = quantile(law, u, np)
        assert mean == pytest.approx(x.mean(), rel=1e-2)
        assert variance == pytest.approx(x.var(), rel=0.2)


@pytest.mark.parametrize(
    ("law", "says"),
    [
        (ContinuousLaw("Nromal", loc=0.0), "Did you mean 'Normal'"),
        (ContinuousLaw("Poisson", rate=1.0), "over single real numbers"),
        (ContinuousLaw("Normal", scale=-1.0), "scale is a number above 0"),
        (ContinuousLaw("Normal", scale=0.0), "scale is a number above 0"),
        (ContinuousLaw("Normal", sigma=1.0), "no parameter 'sigma'"),
        (ContinuousLaw("Gamma"), "needs concentration="),
        (ContinuousLaw("Uniform", low=1.0, high=1.0), "low comes before high"),
        (ContinuousLaw("__class__"), "over single real numbers"),
    ],
)  # fmt: skip
def test_a_law_that_cannot_be_is_refused_when_the_model_is_made(law, says):
    with pytest.raises(InvalidModel, match=says) as found:
        Model(Variable("X", noise=law))
    assert "u_X" in str(found.value)


def test_no_numpyro_for_the_common_laws():
    import subprocess
    import sys

    probe = (
        "import sys; from scm import *; "
        "m = Model(Variable('X', noise=normal()),"
        "Variable('Y', equation='2*X + u_Y', noise=ContinuousLaw('StudentT', df=3.0)));"
        "m.sample(3, key=0); sys.exit('numpyro' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


# ---------------------------------------------------------------------------------------------------------------------
# Blocks

COVARIANCE: Any = np.array([[2.0, 0.6, -0.3], [0.6, 1.0, 0.4], [-0.3, 0.4, 1.5]])
MEAN: Any = np.array([1.0, -2.0, 0.5])
CORRELATION = COVARIANCE / np.sqrt(np.outer(np.diag(COVARIANCE), np.diag(COVARIANCE)))
MARGINS = (ContinuousLaw("Exponential", rate=2.0), ContinuousLaw("StudentT", df=4.0), normal(1.0, 2.0))


def test_the_density_of_a_normal_block():
    x = np.random.default_rng(0).normal(size=(3, 20))
    found = Block(MultivariateNormal(MEAN, COVARIANCE)).log_density(x, range(3), np)
    np.testing.assert_allclose(found, stats.multivariate_normal(MEAN, COVARIANCE).logpdf(x.T), rtol=1e-10)
    some = Block(MultivariateNormal(MEAN, COVARIANCE)).log_density(x[[2, 0]], (2, 0), np)
    want = stats.multivariate_normal(MEAN[[2, 0]], COVARIANCE[np.ix_([2, 0], [2, 0])]).logpdf(x[[2, 0]].T)
    np.testing.assert_allclose(some, want, rtol=1e-10)


def test_a_singular_covariance_has_density_on_its_subspace_alone():
    law = Block(MultivariateNormal((0.0, 1.0), [[1.0, 2.0], [2.0, 4.0]]))
    on, off = np.array([[0.3], [1.6]]), np.array([[0.3], [1.7]])
    assert law.log_density(off, range(2), np) == -np.inf
    # Along the line its length is sqrt(5) times the first coordinate.
    want = stats.norm.logpdf(0.3) - 0.5 * math.log(5)
    assert law.log_density(on, range(2), np) == pytest.approx(want)
    z = np.array([[9.0, -3.0]])
    np.testing.assert_allclose(law.draw_given(np.array([[0.3, 0.5]]), (0,), z, np), [[1.6, 2.0]], rtol=1e-12)
    drawn = draw_block(("a", "b"), law.law, 0, 1000)
    np.testing.assert_allclose(drawn[1], 1 + 2 * drawn[0], rtol=1e-9)
    assert stats.kstest(drawn[0], stats.norm.cdf).pvalue > FALSE_ALARM


def test_a_normal_block_given_some():
    """Its conditional law by the inverse of the covariance, which the engine does not form."""
    law, known, x = Block(MultivariateNormal(MEAN, COVARIANCE)), (1,), np.array([[0.3, -2.0]])
    precision = np.linalg.inv(COVARIANCE)[np.ix_([0, 2], [0, 2])]
    mean = MEAN[[0, 2]][:, None] - np.linalg.inv(precision) @ np.linalg.inv(COVARIANCE)[np.ix_([0, 2], [1])] * (x + 2)
    found = law.draw_given(x, known, np.zeros((2, 2)), np)
    np.testing.assert_allclose(found, mean, rtol=1e-12)
    step = np.stack([law.draw_given(x, known, np.eye(2)[:, [i, i]], np)[:, 0] - mean[:, 0] for i in range(2)], axis=1)
    np.testing.assert_allclose(step @ step.T, np.linalg.inv(precision), rtol=1e-12)
    with jax.enable_x64(True):
        same = law.draw_given(jnp.asarray(x), known, jnp.zeros((2, 2)), jnp)
        np.testing.assert_allclose(same, mean, rtol=1e-12)


def test_the_density_of_a_copula_is_the_derivative_of_its_distribution_function():
    law = GaussianCopula(MARGINS[:2], [[1.0, 0.6], [0.6, 1.0]])
    x, h = np.array([0.4, 0.9]), 1e-3
    ours = [stats.expon(scale=0.5), stats.t(4)]
    both = stats.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]])

    def joint(a, b):
        return both.cdf([stats.norm.ppf(ours[0].cdf(a)), stats.norm.ppf(ours[1].cdf(b))])

    a, b = x
    density = (joint(a + h, b + h) - joint(a + h, b - h) - joint(a - h, b + h) + joint(a - h, b - h)) / (4 * h * h)
    assert np.exp(Block(law).log_density(x[:, None], range(2), np)) == pytest.approx(density, rel=1e-3)
    assert Block(law).log_density(np.array([[-0.1], [0.9]]), range(2), np) == -np.inf


def test_draws_of_a_copula_have_its_margins_and_ranks():
    law = GaussianCopula(MARGINS, CORRELATION)
    drawn = draw_block(("a", "b", "c"), law, 3, 20_000)
    for margin, values in zip(MARGINS, drawn, strict=True):
        assert stats.kstest(values, lambda x, m=margin: cdf(m, x, np)).pvalue > FALSE_ALARM
    # Spearman's rho of a Gaussian copula is 6/pi arcsin(r/2) (Kruskal 1958); its error is below 1/sqrt(n).
    rho = stats.spearmanr(drawn.T).statistic
    np.testing.assert_allclose(rho, 6 / math.pi * np.arcsin(CORRELATION / 2), atol=5 / math.sqrt(20_000))


def test_a_copula_given_some_is_the_law_of_units_that_have_about_that_value():
    law = Block(GaussianCopula(MARGINS, CORRELATION))
    drawn = draw_block(("a", "b", "c"), law.law, 4, 400_000)
    near = drawn[:, np.abs(drawn[0] - 0.8) < 0.01]
    z = np.random.default_rng(1).normal(size=(2, near.shape[1]))
    given = law.draw_given(near[:1], (0,), z, np)
    for i in range(2):
        assert stats.ks_2samp(given[i], near[i + 1]).pvalue > FALSE_ALARM
    found, want = (stats.pearsonr(*pair).statistic for pair in (given, near[1:]))
    assert found == pytest.approx(want, abs=6 / math.sqrt(near.shape[1]))


@pytest.mark.parametrize(
    "law",
    [
        MultivariateNormal(MEAN, COVARIANCE),
        GaussianCopula((MARGINS[0], ContinuousLaw("Logistic"), MARGINS[2]), CORRELATION),
    ],
)
def test_blocks_in_single_precision(law):
    block = Block(law)
    x = draw_block(("a", "b", "c"), law, 6, 50)
    z = np.random.default_rng(2).normal(size=(2, 50))
    want = (block.log_density(x, range(3), np), block.draw_given(x[:1], (0,), z, np))
    run = jax.jit(lambda x, z: (block.log_density(x, range(3), jnp), block.draw_given(x[:1], (0,), z, jnp)))
    for mine, theirs in zip(want, run(x.astype(np.float32), z.astype(np.float32)), strict=True):
        assert theirs.dtype == np.float32
        np.testing.assert_allclose(theirs, mine, rtol=2e-4, atol=2e-4)


def test_a_copula_needs_distribution_functions():
    noise = ContinuousNoise(
        ("a", "b"), GaussianCopula((ContinuousLaw("VonMises", loc=0.0, concentration=1.0), normal()), np.eye(2))
    )
    with pytest.raises(InvalidModel, match="VonMises"):
        Model(noise, Variable("X", noise="a"), Variable("Y", noise="b"))


# ---------------------------------------------------------------------------------------------------------------------
# Units of a model


def mixed() -> Model:
    return Model(
        ContinuousNoise(("e", "f"), MultivariateNormal((0.0, 0.0), [[1.0, 0.5], [0.5, 1.0]])),
        Variable("A", ("low", "high"), table=[0.3, 0.7]),
        Variable("X", equation="(2 if A = 'high' else 0) + e"),
        Variable("Y", equation="0.5*X + f"),
        Variable("Z", equation="Y > 1"),
        Variable("B", table={False: [0.9, 0.1], True: [0.2, 0.8]}, parents=("Z",)),
    )


def test_units_of_a_mixed_model():
    n = 20_000
    units = mixed().sample(n, key=jax.random.key(2))
    assert list(units) == ["A", "X", "Y", "Z", "B"]
    assert units["X"].dtype == units["Y"].dtype == np.float64
    assert set(units["A"]) == {"low", "high"}
    assert units["Z"].dtype == bool
    high = units["A"] == "high"
    noise = units["X"] - 2.0 * high
    assert stats.kstest(noise, stats.norm.cdf).pvalue > FALSE_ALARM
    assert np.array_equal(units["Z"], units["Y"] > 1)
    residual = units["Y"] - 0.5 * units["X"]
    assert np.corrcoef(noise, residual)[0, 1] == pytest.approx(0.5, abs=5 / math.sqrt(n))
    assert stats.binomtest(int(high.sum()), n, 0.7).pvalue > FALSE_ALARM
    assert stats.binomtest(int((units["B"] & units["Z"]).sum()), int(units["Z"].sum()), 0.8).pvalue > FALSE_ALARM


def test_the_same_key_draws_the_same_units_and_fewer_are_fewer():
    one, two = (mixed().sample(50, key=key) for key in (7, jax.random.key(7)))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert all(len(column) == 0 for column in mixed().sample(0, key=7).values())


def test_an_unknown_law_cannot_be_drawn_from():
    with pytest.raises(InvalidModel, match=r"u_X.*unknown law"):
        Model(Variable("X", noise=UnknownLaw())).sample(3, key=0)


def test_a_mechanism_that_gives_nan_is_named_with_its_row():
    model = Model(
        Variable("A", table=[0.5, 0.5]),
        Variable("X", Real(), equation="u/(1 if A else 0) - u/(1 if A else 0)", noise={"u": normal()}),
    )
    with pytest.raises(InvalidModel, match=r"'X' gave nan in row \d+"):
        model.sample(50, key=1)


def test_a_value_outside_the_declared_range_is_named():
    model = Model(Variable("X", Real(0.0, 5.0), noise=normal()))
    with pytest.raises(InvalidModel, match=r"'X' gave -.* in row \d+ .*the numbers from 0 to 5"):
        model.sample(50, key=1)


def test_finite_variables_are_drawn_as_without_continuous_ones():
    plain = Model(Variable("A", noise=Bernoulli(0.3)), Variable("B", equation="not A"))
    assert np.array_equal(
        plain.sample(20, key=3)["A"], Model(*plain.items, Variable("X", noise=normal())).sample(20, key=3)["A"]
    )
