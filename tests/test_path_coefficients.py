"""Linear models: coefficients of paths, and covariances against sums over paths and draws in rational numbers."""

import itertools
import math

import numpy as np
import pytest

from scm import (
    Bernoulli,
    Model,
    Noise,
    Variable,
    ask,
    covariance_ratio,
    effect_along,
    implied_covariance,
    linear_effect,
    path_coefficients,
    total_effect,
)
from scm._continuous import ContinuousLaw, ContinuousNoise, GaussianCopula, MultivariateNormal, UnknownLaw, normal
from scm._errors import InvalidModel, InvalidQuery, UnknownName
from tests import gaussian_oracle as oracle
from tests.test_gaussian import model_of

IV = Model(
    Variable("Z", noise=normal()),
    Variable("X", equation="0.8*Z + u_X + U", noise=normal()),
    Variable("Y", equation="1.5*X + u_Y + U", noise=normal()),
    ContinuousNoise(("U",), normal()),
)
JOE = Model(
    Variable("X", noise=normal()),
    Variable("H", equation="0.5*X + u_H", noise=normal()),
    Variable("Y", equation="0.7*X + 0.4*H + u_Y", noise=normal()),
)
M_BIAS = Model(
    Variable("U1", noise=normal()),
    Variable("U2", noise=normal()),
    Variable("Z", equation="U1 + U2 + u_Z", noise=normal()),
    Variable("X", equation="U1 + u_X", noise=normal()),
    Variable("Y", equation="U2 + u_Y", noise=normal()),
)


def test_an_instrument():
    names = ("Z", "X", "Y")
    covariance = implied_covariance(IV, names)
    assert covariance_ratio(covariance, names, "X", "Y") == pytest.approx(1.8788, abs=5e-5)
    found = linear_effect(IV.graph, "X", "Y")
    assert found is not None
    assert found.via == "Z"
    assert found.value(covariance, names) == pytest.approx(1.5, rel=1e-14)
    assert total_effect(IV, "X", "Y") == 1.5
    assert ask(IV, "E[Y[X=1] - Y[X=0]]").value == pytest.approx(1.5)


def test_encouragement():
    assert dict(path_coefficients(JOE)) == {("X", "H"): 0.5, ("X", "Y"): 0.7, ("H", "Y"): 0.4}
    assert total_effect(JOE, "X", "Y") == pytest.approx(0.9)
    assert effect_along(JOE, ("X", "H", "Y")) == pytest.approx(0.2)
    assert effect_along(JOE, ("X", "H", "Y"), ("X", "Y"), ("X", "Y")) == pytest.approx(0.9)
    assert total_effect(JOE, "Y", "X") == 0.0
    assert total_effect(JOE, "Y", "Y") == 1.0


def test_m_bias():
    names = tuple(v.name for v in M_BIAS.variables)
    covariance = implied_covariance(M_BIAS)
    assert total_effect(M_BIAS, "X", "Y") == 0.0
    assert covariance_ratio(covariance, names, "X", "Y") == pytest.approx(0.0, abs=1e-15)
    assert covariance_ratio(covariance, names, "X", "Y", given=("Z",)) == pytest.approx(-0.2)


def test_standardised_coefficients_give_correlations():
    """Wright's rule: the correlation of X and Y is the sum over the open paths of products of coefficients."""
    found = path_coefficients(JOE, standardised=True)
    covariance = implied_covariance(JOE, ("X", "Y"))
    correlation = covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1])
    assert found["X", "Y"] + found["X", "H"] * found["H", "Y"] == pytest.approx(correlation, rel=1e-14)
    assert total_effect(JOE, "X", "Y", standardised=True) == pytest.approx(correlation, rel=1e-14)
    assert effect_along(JOE, ("X", "H", "Y"), standardised=True) == pytest.approx(found["X", "H"] * found["H", "Y"])


def causal_paths(plain, cause, effect):
    """Every directed path, by trying all subsets of variables."""
    for size in range(len(plain.names)):
        for inner in itertools.combinations(plain.names, size):
            path = (cause, *inner, effect)
            if all(edge in plain.weights for edge in itertools.pairwise(path)):
                yield path


def test_random_models():
    identified = 0
    for seed in range(300):
        rng = oracle.rng_of(seed)
        plain = oracle.random_model(rng, rng.randint(2, 5), singular=rng.random() < 0.3)
        model = model_of(plain)
        vectors = [oracle.value(plain, n, {}) for n in plain.names]
        wanted = np.array([[float(oracle.cov(plain, a, b)) for b in vectors] for a in vectors])
        covariance = implied_covariance(model)
        np.testing.assert_allclose(covariance, wanted, rtol=1e-12, atol=1e-12 * np.abs(wanted).max(initial=1.0))
        cause, effect = sorted(rng.sample(plain.names, 2))
        higher, lower = (oracle.value(plain, effect, {cause: x}) for x in (1, 0))
        slope = float(oracle.mean(oracle.plus(higher, lower, oracle.Fraction(-1))))
        assert total_effect(model, cause, effect) == pytest.approx(slope, abs=1e-12)
        paths = list(causal_paths(plain, cause, effect))
        if paths:
            assert effect_along(model, *paths) == pytest.approx(slope, abs=1e-12)
        regular = min(np.linalg.eigvalsh(wanted)) > 1e-6
        direct = float(plain.weights.get((cause, effect), 0))
        for estimand, truth in (
            (linear_effect(model.graph, cause, effect), slope),
            (linear_effect(model.graph, cause, effect, kind="direct"), direct),
        ):
            if estimand is None or not regular:
                continue
            try:
                value = estimand.value(covariance, plain.names)
            except InvalidQuery:
                continue  # an instrument that happens not to move the cause
            assert value == pytest.approx(truth, rel=1e-6, abs=1e-8), seed
            identified += 1
    assert identified > 150


def test_noises_need_only_variances():
    model = Model(
        Variable("T", noise=Bernoulli(0.25)),
        Variable("X", equation="2*T + g + s", noise=None),
        Variable("Y", equation="3*X + s", noise=None),
        ContinuousNoise(("g",), ContinuousLaw("Gumbel", loc=1.0, scale=2.0)),
        Noise("s", Bernoulli(0.5)),
    )
    found = implied_covariance(model, ("T", "X", "Y"))
    gumbel, t, s = math.pi**2 / 6 * 4, 0.25 * 0.75, 0.25
    x = 4 * t + gumbel + s
    wanted = [[t, 2 * t, 6 * t], [2 * t, x, 3 * x + s], [6 * t, 3 * x + s, 9 * x + 7 * s]]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    assert total_effect(model, "T", "Y") == 6.0


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Model(Variable("X", noise=normal()), Variable("Y", equation="X*X + u_Y", noise=normal())), "'Y' is no linear"),
        (Model(Variable("X", noise=UnknownLaw())), "law of 'u_X' is not known"),
        (Model(Variable("X", noise=ContinuousLaw("Cauchy", loc=0, scale=1))), "no finite variance"),
        (
            Model(
                Variable("X", equation="a"),
                Variable("Y", equation="b"),
                ContinuousNoise(
                    ("a", "b"),
                    GaussianCopula([normal(), ContinuousLaw("Gumbel", loc=0, scale=1)], [[1, 0.5], [0.5, 1]]),
                ),
            ),
            "Gaussian copula",
        ),
        (
            Model(
                Variable("T", noise=Bernoulli(0.5)),
                Variable("S", equation="not T"),
                Variable("Y", equation="S + u", noise={"u": normal()}),
            ),
            "'S' is finite",
        ),
    ],
)
def test_what_is_not_linear_or_has_no_variance_is_named(model, message):
    with pytest.raises(InvalidModel, match=message):
        implied_covariance(model)


def test_a_copula_of_normal_margins_is_a_normal_law():
    law = GaussianCopula([normal(0, 2), normal(1, 3)], [[1, 0.5], [0.5, 1]])
    same = MultivariateNormal([0, 1], [[4, 3], [3, 9]])
    first, other = (
        Model(Variable("X", equation="a"), Variable("Y", equation="X + b"), ContinuousNoise(("a", "b"), x))
        for x in (law, same)
    )
    np.testing.assert_allclose(implied_covariance(first), implied_covariance(other), rtol=1e-14)
    np.testing.assert_allclose(implied_covariance(first), [[4, 7], [7, 19]], rtol=1e-14)


def test_bad_paths():
    with pytest.raises(UnknownName, match="'Q'"):
        total_effect(JOE, "Q", "Y")
    with pytest.raises(InvalidQuery, match="no edge Y -> H"):
        effect_along(JOE, ("X", "Y", "H"))
    with pytest.raises(InvalidQuery, match="one cause to one effect"):
        effect_along(JOE, ("X", "H"), ("X", "Y"))
    with pytest.raises(InvalidQuery, match="wanted"):
        effect_along(JOE)
    with pytest.raises(InvalidModel, match="'X' does not vary"):
        path_coefficients(
            Model(Variable("X", equation="1.0*2"), Variable("Y", equation="X + u_Y", noise=normal())), standardised=True
        )
