"""Faults found by review in models with continuous variables, each with the right answer from elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scm import (
    Answer,
    Bernoulli,
    ContinuousLaw,
    ContinuousNoise,
    InvalidModel,
    LocationScale,
    Model,
    MultivariateNormal,
    Real,
    Variable,
    ask,
    imagine,
    normal,
)

MOST = 6.0
"""Standard errors that an estimate may be off: one false alarm in 500 million comparisons of a normal law."""


def near(answer: Answer, wanted: float, spread: float = 0.0) -> bool:
    """Whether an answer is right, up to its own standard error and that of what is wanted."""
    assert answer.finding in ("exact", "estimate"), answer
    assert answer.value is not None
    drawn = answer.uncertainty.monte_carlo
    error = 0.0 if drawn is None else float(np.asarray(drawn))
    return abs(float(np.asarray(answer.value)) - wanted) <= MOST * float(np.hypot(error, spread)) + 1e-7 * abs(wanted)


# ---------------------------------------------------------------------------------------------------------------------
# Mixtures whose noises are not normal


@pytest.mark.parametrize("query", ["P(V > C)", "E[max(V, C)]", "E[V | V > C]", "P(C = 1 | T = 1)", "P(T = 1)"])
def test_a_coin_and_a_noise_that_is_not_normal(query: str) -> None:
    """Two moments of a Gumbel noise do not decide where it passes a number."""
    model = Model(
        Variable("C", (0, 1), noise={"c": Bernoulli(0.4)}),
        Variable("V", Real(), equation="u", noise={"u": ContinuousLaw("Gumbel", loc=0.0, scale=1.0)}),
        Variable("T", (0, 1), equation="V + C > 1"),
    )
    rng = np.random.default_rng(3)
    v, c = rng.gumbel(size=400_000), rng.random(400_000) < 0.4
    t = v + c > 1
    found = {
        "P(V > C)": v > c,
        "E[max(V, C)]": np.maximum(v, c),
        "E[V | V > C]": v[v > c],
        "P(C = 1 | T = 1)": c[t],
        "P(T = 1)": t,
    }[query]
    wanted, spread = float(found.mean()), float(found.std() / np.sqrt(found.size))
    assert near(ask(model, query, key=1), wanted, spread)


# ---------------------------------------------------------------------------------------------------------------------
# A scale that is zero


def test_a_value_that_every_noise_gives() -> None:
    """Y = 1 has a probability where C = 0, and only a density where C = 1."""
    model = Model(
        Variable("C", (0, 1), noise={"c": Bernoulli(0.5)}),
        Variable("Y", Real(), equation="1 + C * v", noise={"v": normal(0, 1)}),
    )
    for query, wanted in [("P(C = 1 | Y = 1)", 0.0), ("E[Y | C = 0, Y = 1]", 1.0), ("E[Y[C=1] | C = 0, Y = 1]", 1.0)]:
        answer = ask(model, query, key=1)
        assert answer.finding == "refused" or answer.value == pytest.approx(wanted), answer


def test_a_branch_without_noise_is_not_lost() -> None:
    """Y = X wherever X < 0: E[X | Y = -1] is -0.867, by quadrature; without that branch it would be 1.279."""
    model = Model(
        Variable("X", Real(), equation="u", noise={"u": normal(0, 1)}),
        Variable("Y", Real(), mechanism=LocationScale("X", "max(0, X)"), noise={"v": normal(0, 1)}),
    )
    answer = ask(model, "E[X | Y = -1]", key=1)
    assert answer.finding == "refused" or near(answer, -0.8670591145679483)
    assert ask(model, "E[Y[X=?x]]", rows={"X": [-1.0], "Y": [-1.0], "x": [-1.0]}).value == [-1.0]


# ---------------------------------------------------------------------------------------------------------------------
# One noise for a cause and its effect; means that do not exist


def test_a_noise_that_a_cause_shares_with_its_effect() -> None:
    model = Model(
        ContinuousNoise(("a",), normal(0, 1)),
        Variable("X", Real(), equation="a"),
        Variable("Y", Real(), equation="X + a"),
        Variable("Z", Real(), equation="tanh(Y) + a"),
    )
    assert ask(model, "E[X | Y = 2]").value == pytest.approx(1.0)
    assert ask(model, "E[X | Z = 0.5]").finding == "refused"


@pytest.mark.parametrize(
    ("law", "query"),
    [
        (ContinuousLaw("Pareto", scale=1.0, alpha=0.9), "E[X * X]"),
        (ContinuousLaw("HalfCauchy", scale=1.0), "E[X * X]"),
        (ContinuousLaw("Cauchy", loc=0.0, scale=1.0), "E[exp(X / 4)]"),
        (normal(0.0, 1.0), "E[1 / X]"),
        (normal(0.0, 1.0), "E[exp(X * X)]"),
    ],
)
def test_a_mean_that_does_not_exist(law: ContinuousLaw, query: str) -> None:
    """One draw makes the mean of all: no estimate, whatever its standard error says."""
    model = Model(Variable("X", Real(), equation="u", noise={"u": law}))
    for key in range(4):
        assert ask(model, query, key=key).finding == "refused"


def test_noises_that_determine_each_other_and_no_start_for_chains() -> None:
    """Draws of the one never meet what was seen of the other: a refusal."""
    model = Model(
        ContinuousNoise(("a", "b"), MultivariateNormal([0, 0], [[1, 2], [2, 4]])),
        Variable("X", Real(), equation="exp(a)"),
        Variable("Y", Real(), equation="X + b"),
    )
    answer = ask(model, "E[X | Y = 1]", key=1)
    assert answer.finding == "refused" or near(answer, 1.0)
    assert ask(model, "E[Y | X = 1]").value == pytest.approx(1.0)


def test_a_value_outside_its_declared_range_is_no_answer() -> None:
    """Y would be -6 and is declared from 0 up; sampling says so, and so does asking."""
    model = Model(
        Variable("X", Real(0, 10), equation="u", noise={"u": normal(5, 1)}),
        Variable("Y", Real(0, math.inf), equation="X + v", noise={"v": normal(0, 1)}),
    )
    with pytest.raises(InvalidModel, match="'Y' gives -6"):
        ask(model, "E[Y[X=1] | X = 9, Y = 2]")
    with pytest.raises(InvalidModel, match="'Y' gives -6"):
        imagine(model, {"X": [9.0], "Y": [2.0]}, {"X": 1})
