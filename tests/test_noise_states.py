"""Small questions that take no plan: the same answers as by contraction, the plan made for who asks, budgets kept."""

import random
from typing import Any

import numpy as np
import pytest

import scm
from scm import Bernoulli, Categorical, Model, Variable, ask
from scm.solvers import _weights
from tests.bridge_to_engine import to_model
from tests.generators import pair
from tests.plain import to_text

CASES = 40

FORK = Model(
    Variable("Z", noise={"u": Bernoulli(0.3)}),
    Variable("X", parents=["Z"], table={False: (0.8, 0.2), True: (0.1, 0.9)}),
    Variable("Y", equation="X or (Z and not v)", noise={"v": Bernoulli(0.25)}),
)


def contracted(built: Model, text: str, **how: Any) -> scm.Answer:
    """The answer by contraction, whatever the size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_weights, "enumerated", lambda *_: None)  # pyright: ignore[reportUnknownLambdaType]
        answer = ask(built, text, **how)
        _ = dict(answer.plan), answer.derivation if answer.finding == "exact" else ()
    return answer


def same(one: scm.Answer, other: scm.Answer) -> None:
    assert one.finding == other.finding
    assert one.status == other.status
    if one.finding == "exact":
        assert [(s.name, s.claim) for s in one.derivation] == [(s.name, s.claim) for s in other.derivation]
    for a, b in ((one.value, other.value), (one.interval, other.interval)):
        assert (a is None) == (b is None)
    if one.value is not None and other.value is not None:
        np.testing.assert_allclose(one.value, other.value, rtol=0, atol=1e-12)
    if one.interval is not None and other.interval is not None:
        for end in ("lower", "upper", "outer_lower", "outer_upper"):
            np.testing.assert_allclose(getattr(one.interval, end), getattr(other.interval, end), rtol=0, atol=1e-12)
        assert one.interval.lower_at == other.interval.lower_at
        assert one.interval.upper_at == other.interval.upper_at
    assert dict(one.plan) == dict(other.plan)


@pytest.mark.parametrize("block", range(4))
def test_it_says_what_a_contraction_says(block: int) -> None:
    rng = random.Random(block)
    for i in range(CASES):
        plain, query = pair(f"states {block}-{i}", bare=rng.choice((0, 0, 0.3, 0.6)))
        text = to_text(query)
        same(ask(to_model(plain), text), contracted(to_model(plain), text))


@pytest.mark.parametrize(
    "text",
    [
        "P(Y = 1)",
        "P(Y[X=0] = 1 | Y = 1, Z = 0)",
        "P(Y[X=1] = 1) - P(Y[X=0] = 1)",
        "P(Y, Z | X = 1)",
        "E[Y + Z | X or Z]",
    ],
)
def test_no_plan_is_made_until_someone_asks(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    real = _weights.make_plan
    monkeypatch.setattr(_weights, "make_plan", lambda *each: made.append(each) or real(*each))
    built = Model(*FORK.items)
    answer = ask(built, text)
    assert not made
    assert answer.plan["contractions"][0]["factors"] > 0
    assert made
    same(answer, contracted(Model(*FORK.items), text))


@pytest.mark.parametrize("budget", ["1us", "1s,64B"])
def test_a_small_budget_is_for_a_forecast(budget: str) -> None:
    both = [find(Model(*FORK.items), "P(Y[X=0] = 1 | Y = 1)", budget=budget) for find in (ask, contracted)]
    assert both[0].finding == both[1].finding
    assert both[0].refusals == both[1].refusals


def test_tiny_probabilities_are_left_to_what_holds_them() -> None:
    names = [f"V{i}" for i in range(10)]
    tiny = Model(
        *(Variable(n, noise={f"u{n}": Categorical({False: 1 - 1e-60, True: 1e-60})}) for n in names),
        Variable("W", equation=" and ".join(names)),
    )
    found = ask(tiny, f"P(V0 = 1 | {', '.join(f'{n} = 1' for n in names)})")
    assert (found.finding, found.value) == ("exact", 1.0)
    assert ask(tiny, "P(V0 = 0 | W = 1)").value == 0.0
