"""Faults found by use of models with continuous variables, each with the right answer from elsewhere."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import norm

from scm import (
    Answer,
    Bernoulli,
    Choice,
    ContinuousLaw,
    ContinuousNoise,
    Execution,
    Function,
    InvalidModel,
    Model,
    MultivariateNormal,
    PostNonlinear,
    Real,
    Variable,
    ask,
    imagine,
    normal,
)
from scm.solvers._abduct_gate import pareto_k

MOST = 6.0
"""Standard errors that an estimate may be off: one false alarm in 500 million comparisons of a normal law."""


def number(answer: Answer) -> float:
    """The one number of an answer."""
    assert answer.value is not None, answer.refusals
    return np.asarray(answer.value).item()


# ---------------------------------------------------------------------------------------------------------------------
# A choice by its law alone


def by_law() -> Model:
    """How one goes, from the distance alone; no noise says how a unit would go elsewhere."""
    return Model(
        Variable("dist", noise=ContinuousLaw("Gamma", concentration=2.0, rate=0.5)),
        Variable(
            "mode",
            ("car", "bus", "walk"),
            mechanism=Choice({"car": 1.0, "bus": "0.5 - 0.1 * dist", "walk": "2 - dist"}),
        ),
        Variable("time", equation="dist * (2 if mode=car else 4 if mode=bus else 12) + u_time", noise=normal(0, 1)),
    )


def shares(dist: float) -> np.ndarray:
    """P(mode | dist)."""
    return softmax([1.0, 0.5 - 0.1 * dist, 2 - dist])


def elsewhere(count: int = 400_000) -> np.ndarray:
    """The modes at distance 1 of units that drive at 2, by rejection: one standard Gumbel noise a mode."""
    noise = np.random.default_rng(4).gumbel(size=(count, 3))
    drives = (np.log(shares(2.0)) + noise).argmax(axis=1) == 0
    return (np.log(shares(1.0)) + noise).argmax(axis=1)[drives]


def test_one_instance_of_a_choice_needs_no_coupling() -> None:
    answer = ask(by_law(), "P(mode | dist=2)")
    assert answer.finding == "exact"
    assert answer.value == pytest.approx(shares(2.0))
    assert number(ask(by_law(), "P(mode=walk | dist=?d)", rows={"d": [1.0]})) == pytest.approx(shares(1.0)[2])


def test_a_coupling_that_was_granted_answers_for_two_worlds() -> None:
    modes = elsewhere()
    for query, found in (
        ("P(mode[dist=1]=walk | dist=2, mode=car)", modes == 2),
        ("E[time[dist=1] | dist=2, mode=car, time=4.5]", 0.5 + np.array([2.0, 4.0, 12.0])[modes]),
    ):
        answer = ask(by_law(), query, assume="gumbel_max", key=1)
        spread = float(found.std() / np.sqrt(found.size))
        assert answer.finding == "exact"
        assert abs(number(answer) - float(found.mean())) <= MOST * spread
    refused = ask(by_law(), "P(mode[dist=1]=walk | dist=2, mode=car)", key=1)
    assert "Grant a coupling" in dict(refused.refusals)["sampled"]


def test_the_ranks_of_a_choice_are_kept() -> None:
    """One uniform number decides: those who drive at 2 have one below P(car | dist=2)."""
    drives, now = shares(2.0)[0], shares(1.0).cumsum()
    wanted = [min(now[0], drives) / drives, max(min(now[1], drives) - now[0], 0.0) / drives]
    for state, share in zip(("car", "bus"), wanted, strict=True):
        answer = ask(by_law(), f"P(mode[dist=1]={state} | dist=2, mode=car)", assume="rank_preserving", key=1)
        assert number(answer) == pytest.approx(share)


# ---------------------------------------------------------------------------------------------------------------------
# The tail of weights that take a few values


def switch() -> Model:
    """X decides with a noise whether C; both move Y."""
    return Model(
        Variable("x", noise=normal(0, 1)),
        Variable("c", equation="x + u_c > 0", noise=normal(0, 1)),
        Variable("y", equation="2*x + 3*c + u_y", noise=normal(0, 1)),
    )


@pytest.mark.parametrize("shares", [(0.0054, 0.15), (1e-4, 0.5), (2e-5, 0.0)])
def test_a_few_values_have_no_heavy_tail(shares: tuple[float, float]) -> None:
    rng = np.random.default_rng(7)
    u = rng.random((4, 1 << 16))
    values = np.where(u < shares[0], 3.0, np.where(u < sum(shares), 2.0, 1.0))
    values = values * (1 + 3e-15 * rng.standard_normal(u.shape))  # rounding
    assert (pareto_k(np.log(values)) < 0.0).all()


def test_ties_hide_no_heavy_tail() -> None:
    """Above a value that most draws share, and among copies; the shapes are 2, 3 and -1."""
    rng = np.random.default_rng(8)
    u, far = rng.random((32, 1 << 14)), rng.pareto(1 / 2, (32, 1 << 14))
    assert pareto_k(np.log(np.where(u < 0.003, 3 + far, 1.0))).mean() > 0.8
    assert (pareto_k(np.log(np.where(u < 0.003, 3 + rng.random(u.shape), 1.0))) < 0.5).all()
    copies = np.take_along_axis(rng.pareto(1 / 3, u.shape), rng.integers(0, u.shape[1], u.shape), axis=1)
    assert (pareto_k(np.log(copies)) > 0.7).all()
    one = np.ones((1, 4096))
    one[0, 0] = 1e4  # nothing can be said of a tail of one
    assert pareto_k(np.log(one))[0] == np.inf


def test_bounded_weights_are_no_reason_to_refuse() -> None:
    """C = 1 moves by what u_c is in a narrow strip: three values of what is asked, all of them far from heavy."""
    x, y = 1.0223, 1.218
    on, off = norm.cdf(x) * norm.pdf(y - 2 * x - 3), norm.cdf(-x) * norm.pdf(y - 2 * x)
    wanted = y - 2 * (x - 1) - 3 * on / (on + off) * (norm.cdf(x) - norm.cdf(1)) / norm.cdf(x)
    answer = ask(switch(), f"E[y[x=1] | x={x}, y={y}]", key=1)
    assert answer.finding == "estimate"
    assert abs(number(answer) - wanted) <= MOST * float(np.asarray(answer.uncertainty.monte_carlo))


# ---------------------------------------------------------------------------------------------------------------------
# Chains with nowhere to start


def test_chains_that_cannot_start_are_no_traceback() -> None:
    """Y is at most 2: every start has weight zero."""
    model = Model(
        Variable("x", noise=normal(0, 1)),
        Variable("y", Real(), equation="sin(x) + u_y", noise=ContinuousLaw("Uniform", low=0.0, high=1.0)),
    )
    answer = ask(model, "E[x | y = 5]", key=1)
    assert answer.finding == "refused"
    assert "no draw" in dict(answer.refusals)["sampled"]


def test_two_noises_of_which_one_makes_the_other() -> None:
    """b = 2a: one number decides X and Y, and no draw of a meets Y. Where X shows a, Y only has to agree."""
    model = Model(
        ContinuousNoise(("a", "b"), MultivariateNormal([0, 0], [[1, 2], [2, 4]])),
        Variable("X", Real(), equation="exp(a)"),
        Variable("Y", Real(), equation="X + b"),
    )
    for query in ("E[X | Y = 1]", "E[Y[X=5] | Y = 3]"):
        answer = ask(model, query, key=1)
        assert answer.finding == "refused"
        assert "'b' is what 'a' makes it" in dict(answer.refusals)["sampled"]
    assert number(ask(model, "E[Y[X=5] | X = 1, Y = 1]")) == pytest.approx(5.0)


# ---------------------------------------------------------------------------------------------------------------------
# What is improbable, and what is impossible


def coin() -> Model:
    """A coin moves Y by 3."""
    return Model(
        Variable("c", (0, 1), noise=Bernoulli(0.5)),
        Variable("x", noise=normal(0, 1)),
        Variable("y", Real(), equation="2*x + 3*c + u_y", noise=normal(0, 1)),
    )


@pytest.mark.parametrize("query", ["E[y | x > 7, c = False]", "E[y | y > 50]"])
def test_what_is_too_improbable_to_work_out_is_not_called_impossible(query: str) -> None:
    answer = ask(switch(), query)
    assert answer.finding == "refused"
    assert "is possible, and so improbable" in dict(answer.refusals)["gaussian"]


@pytest.mark.parametrize(
    ("query", "finding"),
    [
        ("E[x | x > 20, y > 60, y < 3*x]", "refused"),
        ("E[x | y > 50, x < -1]", "refused"),
        ("E[x | x > 3, y > x, y < 2]", "undefined"),
        ("E[x | x > 1, x < -1]", "undefined"),
        ("E[x | y < 2, x > 1, y - x > 1]", "undefined"),
    ],
)
def test_regions_that_are_empty_and_regions_that_are_far_out(query: str, finding: str) -> None:
    assert ask(coin(), query).finding == finding


def test_a_circle_of_comparisons_is_impossible() -> None:
    model = Model(*(Variable(n, noise=normal(0, 1)) for n in "xyz"))
    assert ask(model, "E[x | x < y, y < z, z < x]").finding == "undefined"
    assert number(ask(model, "E[x | x < y, y < z]")) == pytest.approx(-1.5 / np.sqrt(np.pi))


@pytest.mark.parametrize("least", [3.0, 50.0, 90.0, 400.0])
def test_cases_of_a_mixture_are_weighed_far_out(least: float) -> None:
    """P(Y > 90) is 1e-353, which no double holds; its logarithm does."""
    away = (least - np.array([0.0, 3.0])) / np.sqrt(5)
    logs = norm.logsf(away)
    share = float(np.exp(logs[1] - np.logaddexp(*logs)))
    assert number(ask(coin(), f"P(c = 1 | y > {least})")) == pytest.approx(share)
    hazard = np.exp(norm.logpdf(away) - logs)
    wanted = (1 - share) * 2 * hazard[0] / np.sqrt(5) + share * 2 * hazard[1] / np.sqrt(5)
    assert number(ask(coin(), f"E[x | y > {least}]")) == pytest.approx(wanted, rel=1e-6)


def test_evidence_whose_density_no_double_holds_is_refused() -> None:
    for query in ("P(c = 1 | y = ?y)", "P(c = 1 | y > ?y)"):
        assert ask(coin(), query, rows={"y": [1e160]}).finding == "refused"


# ---------------------------------------------------------------------------------------------------------------------
# An inverse that is none


def given(mechanism: Any) -> Model:
    """X, and Y by a mechanism that a user wrote."""
    return Model(
        Variable("x", noise=normal(0, 1)),
        Variable("y", Real(), mechanism=mechanism, parents=("x",), noise=normal(0, 1)),
    )


FALSE = {
    "another function's inverse": (
        Function(lambda x, u: x + 2 * u, inverse=lambda x, y: y - x),
        "inverse of 'y' gives u_y=0.5 for 1, for which the function gives 1.5",
    ),
    "not monotone": (Function(lambda x, u: x + u * u, monotone=True), "said to be monotone in 'u_y'"),
    "not the outer function's": (PostNonlinear("x", lambda z: z**3, lambda v: v / 3), "which its inverse gives for 1"),
    "no inverse at all": (PostNonlinear("x", lambda z: z * z), "rises and falls"),
}


@pytest.mark.parametrize("case", FALSE)
@pytest.mark.parametrize("executor", ["numpy", "jax"])
def test_an_inverse_that_is_none_is_the_models_fault(case: str, executor: Any) -> None:
    mechanism, says = FALSE[case]
    model, run = given(mechanism), Execution(executor=executor)
    rows = {"x": [0.5, 0.5, 0.5], "y": [0.5, 1.0, 2.0]}
    for found in (
        lambda: ask(model, "E[y[x=1]]", rows=rows, execution=run),
        lambda: imagine(model, rows, {"x": 1}, execution=run),
    ):
        with pytest.raises(InvalidModel, match=r"Row [123]: the "):
            found()
    with pytest.raises(InvalidModel, match="Row 1: the ") as fault:
        ask(model, "E[y[x=1] | x=0.5, y=1]", execution=run)
    assert says in str(fault.value)
    with pytest.raises(InvalidModel, match="Row 1: the "):
        ask(model, "E[x | y=1]", key=1, execution=run)


@pytest.mark.parametrize(
    "mechanism",
    [
        Function(lambda x, u: x + 2 * u, inverse=lambda x, y: (y - x) / 2),
        Function(lambda x, u: x + 2 * u, monotone=True),
        PostNonlinear("x", lambda z: 2 * z, lambda v: v / 2),
        PostNonlinear("x", lambda z: 2 * z),
    ],
)
def test_an_inverse_that_is_one_is_believed(mechanism: Any) -> None:
    """Where the numbers are large beside what they give too."""
    model = given(mechanism)
    rows = {"x": [0.5, 1e9, -1e9], "y": [1.0, 2.0, 3.0]}
    found = ask(model, "E[y[x=1]]", rows=rows)
    slope = 1.0 if isinstance(mechanism, Function) else 2.0
    wanted = [y + slope * (1 - x) for x, y in zip(*rows.values(), strict=True)]
    assert np.asarray(found.value) == pytest.approx(wanted, rel=1e-12)
    assert ask(model, "E[y[x=1] | x=0.5, y=1]").finding == "exact"


def test_a_value_that_no_noise_gives_is_no_fault_of_an_inverse() -> None:
    """Under x = 0 the noise is hidden, and no noise gives a negative exponential."""
    hidden = given(
        Function(lambda x, u: x * u, inverse=lambda x, y: jnp.where(x == 0, 0.0, y / jnp.where(x == 0, 1, x)))
    )
    found = ask(hidden, "E[y]", rows={"x": [0.0, 2.0], "y": [1.0, 1.0]})
    assert list(found.status) == ["undefined", "ok"]
    away = given(Function(lambda x, u: x + jnp.exp(u), inverse=lambda x, y: jnp.log(y - x)))
    assert ask(away, "E[y[x=0] | x=1, y=0.5]").finding == "undefined"
