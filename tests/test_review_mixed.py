"""Faults found by review in models with continuous variables, each with the right answer from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from scm import Answer, Bernoulli, ContinuousLaw, Model, Real, Variable, ask

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
