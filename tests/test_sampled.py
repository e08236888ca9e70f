"""Units whose noise is not determined: against closed forms, integration on a grid, and enumeration.

Statistical comparisons allow `FALSE` standard errors: with about sixty of them, a right engine fails once in
10,000 runs at most, and the keys are fixed.
"""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

import scm
from scm import (
    Bernoulli,
    Categorical,
    ContinuousLaw,
    ContinuousNoise,
    Execution,
    GaussianCopula,
    Model,
    MultivariateNormal,
    Noise,
    Real,
    Threshold,
    UnknownLaw,
    Variable,
    independent,
    normal,
    rank_preserving,
)
from scm.solvers._abduct_gate import estimate, pareto_k, proportion_error, split_rhat
from scm.solvers._refusal import Refusal
from scm.solvers.sampled import Sampled
from tests.abductions import Choice, Probit, task_of

FALSE = 5.0
"""Standard errors: 6e-7 for each comparison."""


def solve(model, query, rows=None, key: Any = 1, grants=(), **more) -> Any:
    return Sampled().solve(task_of(model, query, rows, key, grants, **more))


def near(solution, truth, row=0):
    """Within the allowed standard errors, and these are not wide."""
    error = solution.monte_carlo[row]
    assert error > 0
    assert abs(solution.lower[row] - truth) <= FALSE * error, (solution.lower[row], truth, error)


def exact(solution, truth, row=0):
    assert solution.monte_carlo is None
    assert solution.lower[row] == pytest.approx(truth, abs=1e-12, rel=1e-12)


def unit(**more):
    return ContinuousLaw("Uniform", low=0.0, high=1.0, **more)


COLLIDER = Model(
    Variable("X", noise=normal(0, 1), equation="u_X"),
    Variable("Y", noise=normal(0, 1), equation="u_Y"),
    Variable("Z", noise={"u_Z": normal(0, 0.5)}, equation="X + Y + u_Z"),
)


# ---------------------------------------------------------------------------------------------------------------------
# Closed forms


def test_collider_evidence_is_joint():
    """X -> Z <- Y, Z seen: the noises of X and Y are dependent, and a product of their margins is visibly wrong."""
    z, s = 2.0, 0.5
    total = 2 + s * s
    mean, variance = z / total, 1 - 1 / total
    covariance = -1 / total
    near(solve(COLLIDER, f"E[X | Z={z}]"), mean)
    near(solve(COLLIDER, f"E[X*Y | Z={z}]"), mean * mean + covariance)
    both: Any = multivariate_normal(np.full(2, mean), np.array([[variance, covariance], [covariance, variance]]))  # pyright: ignore[reportArgumentType]
    truth = 1 - 2 * norm.cdf(0.5, mean, math.sqrt(variance)) + both.cdf([0.5, 0.5])
    found = solve(COLLIDER, f"P(X > 0.5 and Y > 0.5 | Z={z})")
    near(found, truth)
    product = (1 - norm.cdf(0.5, mean, math.sqrt(variance))) ** 2
    assert abs(found.lower[0] - product) > 10 * found.monte_carlo[0]


def test_counterfactuals_of_partly_seen_units_are_the_normal_closed_form():
    """Y[X=1] given Z alone: linear and normal, so that conditioning is a formula."""
    model = Model(
        Variable("X", noise=normal(1, 2), equation="u_X"),
        Variable("M", noise={"u_M": normal(0, 1)}, equation="0.7*X + u_M"),
        Variable("Y", noise={"u_Y": normal(0, 0.5)}, equation="X - 2*M + u_Y"),
    )
    # Rows: X, M, Y, and M, Y under X = 1; columns: noises.
    f = np.array([[1, 0, 0], [0.7, 1, 0], [1 - 1.4, -2, 1], [0, 1, 0], [0, -2, 1]], dtype=float)
    sd = np.array([2, 1, 0.5])
    mean = f @ np.array([1.0, 0, 0]) + np.array([0, 0, 0, 0.7, 1 - 1.4])
    cov = (f * sd**2) @ f.T
    y = 0.3
    gain = cov[4, 2] / cov[2, 2]
    near(solve(model, f"E[Y[X=1] | Y={y}]"), mean[4] + gain * (y - mean[2]))
    left = math.sqrt(cov[4, 4] - gain * cov[4, 2])
    found = solve(model, "P(Y[X=1] > Y | Y=?Y)", {"Y": [0.3, -4.0]})
    for row, seen in enumerate((0.3, -4.0)):
        near(found, 1 - norm.cdf(seen, mean[4] + gain * (seen - mean[2]), left), row)


def test_a_noise_that_the_evidence_determines_is_not_drawn():
    """X and Y seen: their noises are known, and Y[X=1] is exact, though the query has a random part elsewhere."""
    model = Model(
        Variable("X", noise=normal(0, 1), equation="u_X"),
        Variable("Y", noise={"u_Y": normal(0, 1)}, equation="exp(X) + u_Y"),
    )
    exact(solve(model, "E[Y[X=1] | X=0.5, Y=2]", key=None), math.e + 2 - math.exp(0.5))


def correlated(law):
    return Model(
        ContinuousNoise(("a", "b"), law),
        Variable("X", Real(), equation="a"),
        Variable("Y", Real(), equation="X + b"),
    )


def test_correlated_noises_are_drawn_given_those_that_are_known():
    """X seen fixes its noise, and with it shifts the law of Y's."""
    model = correlated(MultivariateNormal((1.0, -1.0), [[4.0, 1.5], [1.5, 1.0]]))
    mean, sd = -1 + 1.5 / 4 * (3 - 1), math.sqrt(1 - 1.5**2 / 4)
    near(solve(model, "E[Y[X=0] | X=3]"), mean)
    near(solve(model, "P(Y[X=0] > 0 | X=3)"), 1 - norm.cdf(0, mean, sd))
    exact(solve(model, "E[Y[X=0] | X=3, Y=2]", key=None), -1.0)
    # Y alone seen: its noise is solved for given the one that was drawn.
    cov = np.array([[4.0, 5.5], [5.5, 8.0]])
    near(solve(model, "E[X | Y=2]"), 1 + cov[0, 1] / cov[1, 1] * (2 - 0))


def test_a_gaussian_copula_keeps_its_margins():
    law = GaussianCopula(
        (ContinuousLaw("Exponential", rate=1.0), ContinuousLaw("Uniform", low=0.0, high=1.0)), [[1, 0.8], [0.8, 1]]
    )
    model = correlated(law)
    x = 2.5
    score = norm.ppf(1 - math.exp(-x))
    near(solve(model, f"P(Y[X=0] > 0.5 | X={x})"), 1 - norm.cdf(0, 0.8 * score, 0.6))
    # X from Y: on a grid of the noise of X.
    z = (np.arange(40000) + 0.5) / 40000
    a, y = -np.log1p(-z), 1.2
    b = y - a
    inside = (b > 0) & (b < 1)
    s, t = norm.ppf(z[inside]), norm.ppf(b[inside])
    weight = norm.pdf(t, 0.8 * s, 0.6) / norm.pdf(t)
    near(solve(model, f"E[X | Y={y}]"), (weight * a[inside]).sum() / weight.sum())


def test_a_noise_that_others_of_its_block_determine():
    """A singular covariance: b = 2a. What X shows of the one, it shows of the other."""
    model = correlated(MultivariateNormal((0.0, 0.0), [[1.0, 2.0], [2.0, 4.0]]))
    exact(solve(model, "E[Y[X=0] | X=3]", key=None), 6.0)
    assert not solve(model, "E[Y[X=0] | X=3, Y=2]", key=None).defined[0]
    exact(solve(model, "E[Y[X=0] | X=3, Y=9]", key=None), 6.0)


# ---------------------------------------------------------------------------------------------------------------------
# Thresholds, finite parts


PROBIT = Model(
    Variable("X", noise=normal(0, 1), equation="u_X"),
    Variable("D", parents=("X",), noise={"u_D": normal(0, 1)}, mechanism=Probit((2.0,), -0.5)),
    Variable("Y", noise={"u_Y": normal(0, 1)}, equation="X + 3*D + u_Y"),
)


def grid(count=2000, most=8.0):
    """Midpoints of a normal variable, and their probabilities."""
    x = (np.arange(count) + 0.5) / count * 2 * most - most
    return x, norm.pdf(x) * 2 * most / count


def test_a_threshold_is_weighed_by_its_law_and_its_noise_drawn_in_hindsight():
    x, p = grid()
    seen = p * norm.cdf(2 * x - 0.5)
    near(solve(PROBIT, "E[X | D=True]"), (seen * x).sum() / seen.sum())
    # D[X=0] given D = True: the same noise u > 0.5 - 2x, asked whether u > 0.5.
    both = p * norm.cdf(np.minimum(2 * x - 0.5, -0.5))
    found = solve(PROBIT, "P(D[X=0] = True | D=True)")
    near(found, both.sum() / seen.sum())
    assert abs(found.lower[0] - norm.cdf(-0.5)) > 10 * found.monte_carlo[0]


def test_a_threshold_with_known_causes_needs_its_truncated_noise_only():
    truth = norm.cdf(-0.5) / norm.cdf(1.5)
    found = solve(PROBIT, "P(D[X=0] = True | D=True, X=?X)", {"X": [1.0, 1.0]})
    near(found, truth)
    assert found.lower[0] == found.lower[1]
    # Not needed in any other world: nothing is left to draw.
    exact(solve(PROBIT, "E[Y[D=False] | D=True, X=1, Y=2]", key=None), 2.0 - 3.0)


def test_a_threshold_that_only_runs_forward_is_met_by_draws():
    model = Model(
        Variable("X", noise=normal(0, 1), equation="u_X"),
        Variable("D", parents=("X",), noise={"u_D": normal(0, 1)}, mechanism=Probit((2.0,), -0.5, knows=False)),
        Variable("B", noise={"u_B": normal(0, 1)}, equation="X + u_B > 1"),
    )
    x, p = grid()
    seen = p * norm.cdf(2 * x - 0.5)
    near(solve(model, "E[X | D=True]"), (seen * x).sum() / seen.sum())
    joint = p * norm.cdf(2 * x - 0.5) * norm.cdf(x - 1)
    near(solve(model, "P(B=True | D=True)"), joint.sum() / seen.sum())


MIXTURE = Model(
    Variable("A", (False, True), noise=Bernoulli(0.3)),
    Variable("T", ("low", "mid", "high"), parents=("A",), table={False: (0.5, 0.25, 0.25), True: (0.125, 0.125, 0.75)}),
    Variable("X", noise={"u": unit()}, equation="(1 + 3*A) * (u + 2*(T = 'high'))"),
)


def test_a_finite_mixture_is_exact():
    """Uniform noises: every density is a fraction, and so is the answer."""
    # X = 3 has density 1/4 under A alone: (1 + 3)(u + 0) for u = 3/4, and 0 under T = high, A (from 8 on);
    # without A: u + 2 = 3 at the very end; take X = 2.5 instead.
    # A=0: T=high, density 1, probability 0.7 * 0.25. A=1: T not high, density 1/4, probability 0.3 * 0.25.
    weights = {False: 0.7 * 0.25, True: 0.3 * 0.25 / 4}
    share = weights[True] / sum(weights.values())
    exact(solve(MIXTURE, "P(A=True | X=2.5)", key=None), share)
    # Under A = False, what X would have been: u + 2 [T = high], u from 2.5.
    exact(solve(MIXTURE, "E[X | X=2.5]", key=None), 2.5)
    found = solve(MIXTURE, "E[X[A=False, T='low'] | X=?X]", {"X": [2.5, 9.0, 5.0]}, key=None)
    assert list(found.defined) == [True, True, False]
    exact(found, (1 - share) * 0.5 + share * 2.5 / 4)
    exact(found, 0.25, 1)


def test_a_table_in_two_worlds_needs_a_coupling():
    with pytest.raises(Refusal, match="Grant a coupling"):
        solve(MIXTURE, "P(T[A=True]='high' | X=2.5)", key=None)
    # A = False: T = high, u = 1/2. A = True: T is low or mid, so that it stays what it is.
    share = 0.7 * 0.25 / (0.7 * 0.25 + 0.3 * 0.25 / 4)
    exact(solve(MIXTURE, "P(T[A=True]='high' | X=2.5)", key=None, grants=(independent,)), share * 0.75)
    # Ranks: high without A means the top quarter, which is high with A too.
    exact(solve(MIXTURE, "P(T[A=True]='high' | X=2.5)", key=None, grants=(rank_preserving,)), share)


def test_a_choice_with_a_continuous_cause():
    model = Model(
        Variable("X", noise=normal(0, 1), equation="u_X"),
        Variable("C", parents=("X",), mechanism=Choice((0.0, 1.0, 2.0), ("a", "b", "c"))),
        Variable("Y", noise={"u_Y": normal(0, 1)}, equation="X + 2*(C = 'b') + u_Y"),
    )
    x, p = grid()
    law = np.exp(np.array([0.0, 1.0, 2.0])[:, None] * x)
    law = law / law.sum(axis=0)
    seen = p * law[1]
    near(solve(model, "E[X | C='b']"), (seen * x).sum() / seen.sum())
    both = p * (law[1] * norm.pdf(1.0, x + 2) + (1 - law[1]) * norm.pdf(1.0, x))
    near(solve(model, "P(C='b' | Y=1)"), (p * law[1] * norm.pdf(1.0, x + 2)).sum() / both.sum())
    exact(
        solve(model, "P(C='b' | X=0.5, Y=1)", key=None), _bayes(np.exp([0.0, 0.5, 1.0]), norm.pdf(1.0, [0.5, 2.5, 0.5]))
    )
    with pytest.raises(Refusal, match="Grant a coupling"):
        solve(model, "P(C[X=0]='b' | C='b', X=1)")
    cuts = [np.cumsum(np.exp(np.arange(3) * t) / np.exp(np.arange(3) * t).sum()) for t in (0.0, 1.0)]
    meet = min(cuts[0][1], cuts[1][1]) - max(cuts[0][0], cuts[1][0])
    ranks = solve(model, "P(C[X=0]='b' | C='b', X=1)", key=None, grants=(rank_preserving,))
    exact(ranks, meet / (cuts[1][1] - cuts[1][0]))
    exact(solve(model, "P(C[X=1]='b' | C='b', X=1)", key=None), 1.0)


def test_gumbel_noises_in_three_worlds_are_drawn_in_hindsight():
    """No closed form: against draws of the noises themselves, kept where they give what was seen."""
    slopes = np.array([0.0, 1.0, 2.0])
    model = Model(
        Variable("X", noise=normal(0, 1), equation="u_X"),
        Variable("C", parents=("X",), mechanism=Choice((0.0, 1.0, 2.0), ("a", "b", "c"))),
    )
    query = "P(C[X=1]='c' and C[X=-1]='a' | C='b', X=0.2)"
    with pytest.raises(Refusal, match="Grant a coupling"):
        solve(model, query)
    rng = np.random.default_rng(0)
    noise = rng.gumbel(size=(2_000_000, 3))
    fact, high, low = ((noise + slopes * x).argmax(axis=1) for x in (0.2, 1.0, -1.0))
    both = ((high == 2) & (low == 0))[fact == 1]
    found = solve(model, query, grants=(scm.gumbel_max,))
    error = math.hypot(found.monte_carlo[0], both.std() / math.sqrt(both.size))
    assert abs(found.lower[0] - both.mean()) < FALSE * error


def test_a_mechanism_that_gives_no_number_is_named_with_its_row():
    model = Model(
        Variable("X", noise=normal(0, 1), equation="u_X"),
        Variable("M", equation="log(X)"),
        Variable("Y", noise={"u_Y": normal(0, 1)}, equation="M + u_Y"),
    )
    with pytest.raises(Refusal, match=r"row 2: the mechanism of 'M' gives NaN"):
        solve(model, "E[M | X=?X]", {"X": [1.0, -1.0]}, key=None)
    with pytest.raises(Refusal, match="the mechanism of 'M' gives NaN"):
        solve(model, "E[Y]")


def _bayes(prior, likelihood):
    joint = np.asarray(prior) * np.asarray(likelihood)
    return joint[1] / joint.sum()


def test_the_mechanisms_of_the_package():
    """Its ordered threshold and its choice by Gumbel noises, whose noise is drawn in hindsight."""
    model = Model(
        Variable("X", noise=normal(0, 1), equation="u_X"),
        Variable("S", parents=("X",), noise={"u_S": normal(0, 1)}, mechanism=Threshold("2*X", (-1.0, 1.0))),
        Variable(
            "C",
            ("a", "b", "c"),
            parents=("X",),
            noise={n: ContinuousLaw("Gumbel", loc=0.0, scale=1.0) for n in ("g_a", "g_b", "g_c")},
            mechanism=scm.Choice({"a": "0", "b": "X", "c": "2*X"}),
        ),
    )
    x, p = grid()
    seen = p * (norm.cdf(1 - 2 * x) - norm.cdf(-1 - 2 * x))
    near(solve(model, "E[X | S=1]"), (seen * x).sum() / seen.sum())
    near(
        solve(model, "P(S[X=1]=2 | S=1, X=0.2)"),
        norm.cdf(0.6) / (norm.cdf(0.6) - norm.cdf(-1.4)) - norm.cdf(-1.0) / (norm.cdf(0.6) - norm.cdf(-1.4)),
    )
    # Gumbel-max in two worlds has a closed form.
    before, after = (np.exp(np.arange(3) * t) / np.exp(np.arange(3) * t).sum() for t in (0.2, 1.0))
    joint = scm.gumbel_max.kernel(np.stack([before, after])[None], np.zeros((1, 2), dtype=np.intp))[0]
    near(solve(model, "P(C[X=1]='c' | C='b', X=0.2)"), joint[1, 2] / before[1])


# ---------------------------------------------------------------------------------------------------------------------
# Nonlinear, on a grid


def test_two_unknown_noises_on_a_grid():
    """Y = exp(X / 2) + V * X + W, with V and W both unknown: Y is solved for one and weighed."""
    model = Model(
        Variable("X", noise=normal(0, 1), equation="u_X"),
        Variable(
            "Y",
            noise={"v": ContinuousLaw("Logistic", loc=0.0, scale=0.5), "w": normal(0, 1)},
            equation="exp(X/2) + v*X + w",
        ),
    )
    x, p = grid(400, 7)
    v = np.linspace(-12, 12, 1201)
    q = np.exp(-v / 0.5) / (1 + np.exp(-v / 0.5)) ** 2
    w = 1.5 - np.exp(x[:, None] / 2) - v * x[:, None]
    weight = p[:, None] * q * norm.pdf(w)
    after = np.exp(0.5) + v + w
    near(solve(model, "E[Y[X=1] | Y=1.5]"), (weight * after).sum() / weight.sum())
    near(solve(model, "P(Y[X=1] > 2 | Y=1.5)"), (weight * (after > 2)).sum() / weight.sum())


def test_conditions_that_are_no_equalities_weigh_too():
    x, p = grid()
    seen = p * norm.pdf(1.0, x, math.sqrt(1.25)) * (x > 0.2)
    near(solve(COLLIDER, "E[X | Z=1, X > 0.2]"), (seen * x).sum() / seen.sum())


def test_a_shared_noise_and_a_finite_one():
    model = Model(
        Noise("h", Categorical({0: 0.25, 1: 0.75})),
        ContinuousNoise(("c",), normal(0, 1)),
        Variable("X", Real(), equation="c + h"),
        Variable("Y", noise={"u_Y": normal(0, 1)}, equation="X - 2*c + h + u_Y"),
        Variable("Z", (0, 1), equation="h"),
    )
    # X = 1, Y = 0 seen: h = 0, c = 1, u_Y = 1; or h = 1, c = 0, u_Y = -2.
    low, high = 0.25 * norm.pdf(1.0) * norm.pdf(1.0), 0.75 * norm.pdf(0.0) * norm.pdf(-2.0)
    exact(solve(model, "P(X > 0 | X=1)", key=None), 1.0)
    exact(solve(model, "E[Y[X=0] | X=1, Y=0]", key=None), -1.0)
    share = high / (low + high)
    exact(solve(model, "E[Z | X=1, Y=0]", key=None), share)


# ---------------------------------------------------------------------------------------------------------------------
# Evidence that leaves nearly no draw of the prior any weight


def sharp_model(sd):
    return Model(
        Variable("X", noise=normal(0, 1), equation="u_X"),
        Variable("Y", noise=normal(0, 1), equation="u_Y"),
        Variable("Z", noise={"u_Z": normal(0, sd)}, equation="X + Y + u_Z"),
        Variable("W", noise={"u_W": normal(0, sd)}, equation="X - 2*Y + u_W"),
    )


def sharp_mean(z, w, sd):
    a = np.array([[1.0, 1.0], [1.0, -2.0]])
    return np.linalg.solve(np.eye(2) + a.T @ a / sd**2, a.T @ np.array([z, w]) / sd**2)


def test_particles_are_tempered_and_moved_where_weights_collapse():
    seen = {"Z": [3.0, 1.0, 0.2], "W": [4.0, 0.0, 0.1]}
    found = solve(sharp_model(0.01), "E[X | Z=?Z, W=?W]", seen)
    for row, (z, w) in enumerate(zip(seen["Z"], seen["W"], strict=True)):
        near(found, sharp_mean(z, w, 0.01)[0], row)
        assert found.monte_carlo[row] < 0.001
    assert "tempered" in found.diagnostics["method"]
    assert found.diagnostics["rhat"] < 1.01
    alone = solve(sharp_model(0.01), "E[X | Z=?Z, W=?W]", {"Z": [1.0], "W": [0.0]})
    assert alone.lower[0] == found.lower[1]


def test_both_modes_of_a_posterior_are_kept():
    """Y = X^2 + v: the sign of X is not known. Particles find both; chains of Hamiltonian Monte Carlo do not."""
    model = Model(
        Variable("X", noise=normal(0, 1), equation="u_X"),
        Variable("Y", noise={"v": normal(0, 0.002)}, equation="X*X + v"),
    )
    near(solve(model, "P(X > 0 | Y=1)"), 0.5)
    near(solve(model, "E[abs(X) | Y=1]"), 1.0 - 0.002**2 / 8)


# ---------------------------------------------------------------------------------------------------------------------
# Laws


def test_neither_chunks_nor_the_order_of_rows_change_a_number(monkeypatch):
    rows = {"Z": np.linspace(-2, 2, 9)}
    whole = solve(COLLIDER, "E[X | Z=?Z]", rows)
    back = solve(COLLIDER, "E[X | Z=?Z]", {"Z": rows["Z"][::-1]})
    np.testing.assert_array_equal(whole.lower, back.lower[::-1])
    monkeypatch.setattr("scm.solvers._abduct_weigh.AT_ONCE", 2)
    monkeypatch.setattr("scm.solvers._abduct_run.ENTRIES", 1 << 12)
    chunked = solve(COLLIDER, "E[X | Z=?Z]", rows)
    np.testing.assert_array_equal(whole.lower, chunked.lower)
    np.testing.assert_array_equal(whole.monte_carlo, chunked.monte_carlo)


def test_compiled_or_not_is_the_same_answer():
    rows = {"D": [True, False]}
    for query in ("E[Y[X=1] | D=?D]", "P(D[X=1] = True | D=?D)"):
        plain = solve(PROBIT, query, rows, execution=Execution(executor="numpy"))
        compiled = solve(PROBIT, query, rows, execution=Execution(executor="jax"))
        np.testing.assert_allclose(plain.lower, compiled.lower, rtol=1e-9)
        np.testing.assert_allclose(plain.monte_carlo, compiled.monte_carlo, rtol=1e-9)


def test_the_key_decides():
    one, same, other = (solve(COLLIDER, "E[X | Z=1]", key=k).lower[0] for k in (3, 3, 4))
    assert one == same != other


def test_an_intervention_that_changes_nothing_gives_the_fact():
    found = solve(PROBIT, "P(D[X=1] = True | D=True, X=1)", key=None)
    exact(found, 1.0)
    found = solve(COLLIDER, "E[Z[X=1] | X=1, Z=0.25]", key=None)
    assert found.lower[0] == 0.25


def test_no_rows():
    found = solve(COLLIDER, "E[X | Z=?Z]", {"Z": []})
    assert found.lower.shape == (0,)


# ---------------------------------------------------------------------------------------------------------------------
# Refusals, and what is undefined


def test_a_key_is_needed_where_something_is_drawn():
    with pytest.raises(Refusal, match="key="):
        solve(COLLIDER, "E[X | Z=1]", key=None)


def test_what_cannot_be_met_by_draws_is_refused():
    model = Model(
        Variable("X", noise=normal(0, 1), equation="u_X"),
        Variable("Y", Real(), equation="X*X"),
    )
    with pytest.raises(Refusal, match="'Y' was observed"):
        solve(model, "E[X | Y=1]")
    exact(solve(model, "E[Y[X=3] | X=1, Y=1]", key=None), 9.0)
    assert not solve(model, "E[Y[X=3] | X=1, Y=2]", key=None).defined[0]


def test_an_unknown_law_is_no_obstacle_where_the_noise_is_determined():
    model = Model(
        Variable("X", noise={"u": UnknownLaw()}, equation="u"),
        Variable("Y", noise={"v": UnknownLaw()}, equation="X + exp(v)"),
    )
    exact(solve(model, "E[Y[X=1] | X=0, Y=2]", key=None), 3.0)
    assert not solve(model, "E[Y[X=1] | X=0, Y=-2]", key=None).defined[0]
    with pytest.raises(Refusal, match="law of the noise 'u' is unknown"):
        solve(model, "E[X | Y=2]")


def test_evidence_outside_the_support_is_undefined():
    model = Model(
        Variable("X", noise={"u": ContinuousLaw("Exponential", rate=1.0)}, equation="u"),
        Variable("Y", noise={"v": normal(0, 1)}, equation="X + v"),
    )
    found = solve(model, "E[Y | X=?X]", {"X": [1.0, -1.0, 2.0]})
    assert list(found.defined) == [True, False, True]
    assert np.isnan(found.lower[1])
    near(found, 1.0)
    near(found, 2.0, 2)


def test_evidence_that_no_draw_meets_is_refused_with_what_was_found():
    with pytest.raises(Refusal, match="no draw out of") as caught:
        solve(COLLIDER, "E[X | Z=1, X > 40]")
    assert caught.value.partial is not None


def test_a_mean_that_does_not_exist_is_refused():
    """The mean of a Cauchy variable: draws always have one, and it says nothing."""
    model = Model(Variable("X", noise={"u": ContinuousLaw("Cauchy", loc=0.0, scale=1.0)}, equation="u"))
    with pytest.raises(Refusal, match="k-hat"):
        solve(model, "E[X]")
    near(solve(model, "P(X > 1)"), 0.25)


# ---------------------------------------------------------------------------------------------------------------------
# The gate


def test_pareto_k_finds_the_shape_of_a_tail():
    rng = np.random.default_rng(0)
    for shape in (0.3, 0.6, 1.0):
        draws = (rng.uniform(size=(200, 4000)) ** -shape - 1) / shape
        found = pareto_k(np.log(draws))
        assert abs(found.mean() - shape) < 0.1
    assert np.all(pareto_k(np.log(rng.normal(size=(50, 4000)) ** 2)) < 0.5)
    assert np.all(pareto_k(np.zeros((2, 4000))) == -np.inf)


def test_errors_of_ratios_are_right():
    """The delta method against the spread of many estimates."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 2048))
    found = estimate(-0.5 * (x - 1) ** 2 + 0.25 * x**2, x, False)
    z = (found.value - found.value.mean()) / found.error
    assert abs(z.std() - 1) < 0.1


def test_a_probability_is_never_given_without_an_error():
    assert proportion_error(np.array([0.0, 1.0, 0.5]), np.array([1000.0, 1000.0, 1000.0])) == pytest.approx(
        [math.sqrt(2 / 1004 * 1002 / 1004 / 1004)] * 2 + [0.0], rel=1e-6
    )
    found = solve(COLLIDER, "P(X > 30 | Z=1)")
    assert found.lower[0] == 0.0
    assert 0 < found.monte_carlo[0] < 0.01


def test_rhat_sees_chains_that_disagree():
    rng = np.random.default_rng(2)
    good = rng.normal(size=(3, 4, 1000))
    assert np.all(split_rhat(good) < 1.01)
    good[1, 0] += 3
    assert split_rhat(good)[1] > 1.1


def test_a_solution_says_how_it_came_about():
    found = solve(COLLIDER, "E[X | Z=1]")
    assert {"method", "draws", "ess", "khat"} <= set(found.diagnostics)
    assert found.effective_size is not None
    assert dataclasses.replace(found).diagnostics["ess"] == found.effective_size.min()


def test_chains_that_cannot_start_are_a_refusal() -> None:
    """b = 2 a exactly, so that exp(a) + b = 1 has one solution, which no draw meets."""
    model = Model(
        ContinuousNoise(("a", "b"), MultivariateNormal([0, 0], [[1, 2], [2, 4]])),
        Variable("X", Real(), equation="exp(a)"),
        Variable("Y", Real(), equation="X + b"),
    )
    found = scm.ask(model, "E[X | Y=1]", key=1)
    assert found.finding == "refused"
    assert "its noise 'b' is what 'a'" in dict(found.refusals)["sampled"]
