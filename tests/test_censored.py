"""Censored, clipped and folded variables: values with a probability beside values with a density.

The oracle is quadrature over the causes and SciPy's laws; it shares no code with the engine. Statistical tests have a
false-alarm rate of 1e-6 each, with fixed keys.
"""

from typing import Any

import jax
import numpy as np
import pytest
from scipy import integrate
from scipy.stats import chi2, kstest, laplace, norm

from scm import ContinuousLaw, ContinuousNoise, Model, Real, Variable, ask, normal
from scm._execution import precision_of
from scm.solvers.gaussian import Gaussian
from scm.solvers.sampled import Sampled
from tests.abductions import task_of

ALARM = 1e-6
LAPLACE = ContinuousLaw("Laplace", loc=0.0, scale=1.0)
INF = np.inf


def model(equation, law=None, cause=None):
    """X with a noise of its own, and Y by an equation of X and u."""
    return Model(
        Variable("X", Real(), equation="v", noise={"v": cause or normal()}),
        Variable("Y", Real(), equation=equation, noise={"u": law or normal()}),
    )


TOBIT = "max(0, 0.5*X + u)"


def whole(part):
    return integrate.quad(part, -INF, INF, epsabs=1e-12, epsrel=1e-11, limit=400)[0]


FORMULAS = [
    "max(0, 0.5*X + u)", "min(2, max(0, X + u))", "abs(X + u)", "(X + u)**2", "max(0, X + u)**2",
    "X + u if X + u > 0 else 0", "0 if abs(X + u) < 1 else X + u", "exp(max(0, u) + X)", "min(X, u)", "max(0, X*u)",
    "abs(max(-1, u)) + 0*X", "sqrt(max(0.25, X + u))", "2*u if u > 1 or u < -1 else X",
    "3 - 2*max(-1, min(1, tanh(u)*2)) + X", "2**max(0, u) - X", "-u if not (u > 0 and X > 0) else u + X",
]  # fmt: skip


@pytest.mark.parametrize("equation", FORMULAS)
def test_noises_drawn_given_a_value_give_it_back(equation):
    """The round trip; and over values of the model they have the law of the noise, which is to say that laws agree."""
    how: Any = model(equation).columnar["Y"]
    rng = np.random.default_rng(3)
    x, u = rng.normal(size=800), rng.normal(size=800)
    x[:30] = 0.0
    seen = how.forward({"X": x, "u": u}, np)
    assert np.isfinite(how.log_probability(seen, {"X": x}, np)).all()
    with precision_of("double"):
        drawn = np.asarray(how.noise_given(seen, {"X": x}, jax.random.key(1))["u"])
    again = how.forward({"X": x, "u": drawn}, np)
    assert np.abs(again - seen).max() <= 1e-12 * (1 + np.abs(seen).max())
    assert kstest(drawn, "norm").pvalue > ALARM


@pytest.mark.parametrize("x", [0.0, 0.7, -1.3])
@pytest.mark.parametrize(
    ("equation", "atoms"),
    [
        (TOBIT, lambda x: [0.0]),
        ("min(2, max(0, X + u))", lambda x: [0.0, 2.0]),
        ("abs(X + u)", lambda x: []),
        ("0 if abs(X + u) < 1 else X + u", lambda x: [0.0]),
        ("min(X, u)", lambda x: [x]),
        ("2*u if u > 1 or u < -1 else X", lambda x: [x]),
    ],
)
def test_probabilities_and_densities_add_up_to_one(equation, atoms, x):
    how: Any = model(equation).columnar["Y"]

    def law(values):
        values = np.asarray(values, float)
        parents = {"X": np.full(values.shape, x)}
        return np.exp(how.log_probability(values, parents, np)), how.atom(values, parents, np)

    known = np.array(atoms(x))
    mass, is_atom = law(known)
    assert is_atom.all()
    grid = np.arange(-12, 12, 1e-4) + 0.5e-4 + 1e-7  # midpoints: no edge and no atom is one of them
    density, is_atom = law(grid)
    assert not is_atom.any()
    assert mass.sum() + density.sum() * 1e-4 == pytest.approx(1.0, abs=2e-4)


def test_a_value_far_in_a_tail_is_drawn_there():
    how: Any = model("max(0, X + u)").columnar["Y"]
    x = np.array([30.0, -30.0])
    with precision_of("double"):
        drawn = np.asarray(how.noise_given(np.zeros(2), {"X": x}, jax.random.key(0))["u"])
    assert drawn[0] <= -30
    assert drawn[0] > -31
    assert drawn[1] <= 30
    assert how.log_probability(np.zeros(2), {"X": x}, np)[0] == pytest.approx(norm.logcdf(-30), rel=1e-9)


def test_a_noise_that_is_shared_or_of_unknown_law_is_left_alone():
    shared = Model(
        ContinuousNoise(("u",), normal()),
        Variable("X", Real(), equation="u"),
        Variable("Y", Real(), equation="max(0, X + u)"),
    )
    assert not hasattr(shared.columnar["Y"], "log_probability")


# ---------------------------------------------------------------------------------------------------------------------
# Tobit with normal noises: exact, and no key


def value(query, equation=TOBIT, **more):
    found = ask(model(equation, more.pop("law", None)), query, **more)
    assert found.finding == "exact", found
    return found.value


def moved(u, shift):
    return max(0.0, shift + u)


def test_the_counterfactual_at_the_atom():
    """X = 0, Y = 0 says u <= 0."""
    want = integrate.quad(lambda u: moved(u, 0.5) * norm.pdf(u), -0.5, 0)[0] / 0.5
    assert value("E[Y[X=1] | X=0, Y=0]") == pytest.approx(want, abs=1e-10)
    assert value("P(Y[X=1] = 0 | X=0, Y=0)") == pytest.approx(norm.cdf(-0.5) / 0.5, abs=1e-10)
    assert value("P(Y[X=1] > 0.2 | X=0, Y=0)") == pytest.approx((0.5 - norm.cdf(-0.3)) / 0.5, abs=1e-10)


def test_the_counterfactual_above_the_atom_is_determined():
    assert value("E[Y[X=1] | X=0, Y=0.7]") == pytest.approx(1.2, abs=1e-12)
    assert value("P(Y[X=-2] = 0 | X=0, Y=0.7)") == 1.0


def test_unknown_causes_are_weighed_by_probability_or_by_density():
    at = whole(lambda x: norm.pdf(x) * norm.cdf(-x / 2))
    assert value("E[X | Y=0]") == pytest.approx(whole(lambda x: x * norm.pdf(x) * norm.cdf(-x / 2)) / at, abs=1e-9)
    assert value("P(Y = 0)") == pytest.approx(at, abs=1e-10)
    above = whole(lambda x: norm.pdf(x) * norm.pdf(0.5 - x / 2))
    want = whole(lambda x: x * norm.pdf(x) * norm.pdf(0.5 - x / 2)) / above
    assert value("E[X | Y=0.5]") == pytest.approx(want, abs=1e-9)


def test_rows_of_both_kinds_are_answered_together_and_one_by_one():
    rows = {"x": [0.0, 0.3, -1.0, 0.2], "y": [0.0, 0.7, 0.0, -1.0]}
    found = ask(model(TOBIT), "E[Y[X=1] | X=?x, Y=?y]", rows=rows)
    values: Any = found.value
    assert found.finding == "exact"
    for k in range(3):
        alone = value(f"E[Y[X=1] | X={rows['x'][k]}, Y={rows['y'][k]}]")
        assert values[k] == pytest.approx(alone, abs=1e-12)
    assert np.isnan(values[3])


def test_clipping_at_both_ends():
    equation = "min(2, max(0, X + u))"
    want = integrate.quad(lambda u: min(2.0, max(0.0, u)) * norm.pdf(u), 1, 12, points=[2.0])[0] / norm.sf(1)
    assert value("E[Y[X=0] | X=1, Y=2]", equation) == pytest.approx(want, abs=1e-9)
    assert value("P(Y[X=0] = 2 | X=1, Y=2)", equation) == pytest.approx(norm.sf(2) / norm.sf(1), abs=1e-9)
    assert value("E[Y[X=0] | X=1, Y=1.5]", equation) == pytest.approx(0.5, abs=1e-12)
    for impossible in ("Y=2.5", "Y=-0.1"):
        found = ask(model(equation), f"E[Y[X=0] | X=1, {impossible}]")
        assert found.value is None


@pytest.mark.parametrize(("law", "given"), [(normal(), "X=0, Y=-1"), (normal(), "Y=-1"), (LAPLACE, "X=0, Y=-1")])
def test_impossible_evidence_is_undefined(law, given):
    found = ask(model(TOBIT, law), f"E[Y[X=1] | {given}]", key=0)
    assert found.value is None
    assert found.finding != "refused"


# ---------------------------------------------------------------------------------------------------------------------
# Other laws, and several branches


def test_branches_are_enumerated_where_the_value_has_a_density():
    """abs(X + u) = 0.5 with X known: two noises, no draw."""
    one, other = 0.5 - 0.3, -0.5 - 0.3
    weights = np.array([laplace.pdf(one), laplace.pdf(other)])
    want = (weights * np.abs([1 + one, 1 + other])).sum() / weights.sum()
    assert value("E[Y[X=1] | X=0.3, Y=0.5]", "abs(X + u)", law=LAPLACE) == pytest.approx(want, abs=1e-12)
    assert value("E[Y[X=1] | X=0, Y=0.7]", law=LAPLACE) == pytest.approx(1.2, abs=1e-12)


def test_laws_that_are_not_normal_are_drawn():
    """Within 5.5 standard errors (1e-6 is 4.9 of a normal law; the error is itself estimated)."""
    tobit, solver = model(TOBIT, LAPLACE), Sampled(accuracy=0.05)
    at = integrate.quad(lambda u: moved(u, 0.5) * laplace.pdf(u), -0.5, 0)[0] / 0.5
    total = whole(lambda x: norm.pdf(x) * laplace.cdf(-x / 2))

    def inner(x):  # E[max(0, 1/2 + u); u <= -x/2]
        return integrate.quad(lambda u: (0.5 + u) * laplace.pdf(u), -0.5, -x / 2)[0] if x < 1 else 0.0

    beyond = integrate.quad(lambda x: norm.pdf(x) * inner(x), -9, 1, points=[0.0])[0] / total
    for query, want in (("E[Y[X=1] | X=0, Y=0]", at), ("E[Y[X=1] | Y=0]", beyond)):
        found: Any = solver.solve(task_of(tobit, query, key=2))
        assert abs(found.lower[0] - want) <= 5.5 * found.monte_carlo[0]


def larger(law):
    """The larger of a finite cause and a noise."""
    return Model(Variable("X", (0, 1), table=[0.7, 0.3]), Variable("Y", Real(), equation="max(X, u)", noise={"u": law}))


def test_a_probability_counts_before_a_density():
    """Y = max(X, u) with X of 0 and 1: that Y is 1 has a probability where X is 1, and elsewhere a density."""
    for law in (normal(), LAPLACE):
        finite = larger(law)
        for query, want in (
            ("P(X=1 | Y=1)", 1.0), ("P(X=1 | Y=0)", 0.0), ("P(X=1 | Y=0.5)", 0.0), ("P(X=1 | Y=1.5)", 0.3)
        ):  # fmt: skip
            assert ask(finite, query).value == pytest.approx(want, abs=1e-8)
    assert ask(larger(normal()), "P(Y = 1)").value == pytest.approx(0.3 * norm.cdf(1), abs=1e-10)


@pytest.mark.parametrize("equation", ["max(X, u)", "X if X > 0 else u", "X + max(0, u)"])
def test_what_no_draw_meets_is_refused(equation):
    """That Y is 1 may be because X is: a density of X, which draws of X would leave out in silence."""
    assert ask(model(equation), "E[X | Y=1]", key=0).finding == "refused"


# ---------------------------------------------------------------------------------------------------------------------
# Equalities that are asked for


def test_an_equality_of_a_continuous_variable_is_zero_with_the_reason():
    for law in (normal(), LAPLACE):
        found = ask(model("X + u", law, law), "P(Y = 0.2)")
        assert found.value == 0.0
        assert found.finding == "exact"
        assert "density" in str(found)
    assert ask(model("X + u", LAPLACE), "P(Y[X=1] = 0.2)").value == 0.0
    assert ask(model("X + u", LAPLACE), "P(Y[X=1] = 1.5 | X=0, Y=0.5)").value == 1.0


# ---------------------------------------------------------------------------------------------------------------------
# Calibration


@pytest.mark.parametrize("law", [normal(), LAPLACE])
def test_the_truth_is_a_draw_from_its_posterior(law):
    """Simulation-based calibration: ranks of counterfactual truths, at random within atoms, are uniform."""
    rng, units, bins = np.random.default_rng(8), 200, 10
    x = rng.normal(size=units)
    u = rng.normal(size=units) if law == normal() else rng.laplace(size=units)
    y, other = np.maximum(0, 0.5 * x + u), np.maximum(0, 0.5 * (x + 1) + u)
    censored = np.flatnonzero(y == 0)
    rows = {"x": x[censored], "y": y[censored], "z": x[censored] + 1, "t": other[censored]}
    query = "P(Y[X=?z] {} ?t | X=?x, Y=?y)"
    solver = Gaussian() if law == normal() else Sampled(accuracy=0.05)
    below, least = (solver.solve(task_of(model(TOBIT, law), query.format(op), rows, 4)).lower for op in ("<", "<="))
    rank = below + rng.uniform(size=len(censored)) * (least - below)
    counts = np.histogram(rank, bins, (0, 1))[0]
    expected = len(censored) / bins
    assert chi2.sf(((counts - expected) ** 2 / expected).sum(), bins - 1) > ALARM
