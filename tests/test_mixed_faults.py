"""Faults found by use of models with continuous variables, each with the right answer from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from scm import Answer, Choice, ContinuousLaw, Model, Variable, ask, normal

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
    utilities = {"car": 1.0, "bus": "0.5 - 0.1 * dist", "walk": "2 - dist"}
    return Model(
        Variable("dist", noise=ContinuousLaw("Gamma", concentration=2.0, rate=0.5)),
        Variable("mode", ("car", "bus", "walk"), mechanism=Choice(utilities)),
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
