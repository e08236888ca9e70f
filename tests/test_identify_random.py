"""A sample of the long run (`make verify`): random questions to `identify`, every answer checked."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from tests import oracle
from tests.admg_truth import Mixed, RandomModel, truth
from tests.admgs import asked
from tests.identify_checks import check, question_text

SAMPLE = 240
CHUNKS = 8
TRIES = 100
"""Random mechanisms for each refusal; the sample needs 12 at most. Not seconds: a busy machine changes nothing."""


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_formula_is_right_and_every_refusal_has_its_witness(chunk: int):
    outcomes = [check(f"test-{number}", 9, math.inf, TRIES) for number in range(chunk, SAMPLE, CHUNKS)]
    count = Counter(outcome.verdict for outcome in outcomes)
    assert not [outcome.problem for outcome in outcomes if outcome.verdict in ("wrong", "no witness")]
    assert count["formula"] >= SAMPLE / CHUNKS / 4
    assert count["witness"] >= SAMPLE / CHUNKS / 4
    assert count["undecided"] <= 1


@pytest.mark.parametrize("chunk", range(3))
def test_the_truth_by_contraction_is_the_truth_by_enumeration(chunk: int):
    """The truth that formulas are compared with, on models small enough for every noise state in rational numbers."""
    compared = 0
    for seed in range(1000 * chunk, 1000 * chunk + 200):
        question = asked(f"oracle-{seed}", 3)
        if len(question.graph.confounded) > 1:
            continue
        model, plain = as_plain(RandomModel.draw(question.graph, np.random.default_rng(seed), question.states))
        want, got = oracle.truth(plain, oracle.freeze(question.query)), truth(model, question.query)
        if want is None:
            assert got is None, question_text(question)
            continue
        numbers = [float(x) for x in want.values()] if isinstance(want, dict) else [float(want)]
        np.testing.assert_allclose(np.ravel(got), numbers, atol=1e-12, err_msg=question_text(question))
        compared += 1
        if compared == 8:
            break
    assert compared == 8


def as_plain(model: RandomModel) -> tuple[RandomModel, oracle.Plain]:
    """A model with its laws rounded to thousandths, and the same model for the oracle."""
    laws = {f"h{i}": _rounded(law) for i, law in enumerate(model.hidden)}
    laws |= {f"u_{name}": _rounded(law) for name, law in model.noise.items()}
    graph = model.graph
    rounded = RandomModel(
        graph,
        model.states,
        [np.array(laws[f"h{i}"], dtype=float) for i in range(len(model.hidden))],
        {name: np.array(laws[f"u_{name}"], dtype=float) for name in graph.names},
        model.tables,
    )
    variables = [
        {
            "name": name,
            "states": tuple(range(model.states[name])),
            "parents": tuple(graph.parents(name)),
            "noises": (*(f"h{i}" for i in model.causes(name)), f"u_{name}"),
            "function": {row: int(model.tables[name][row]) for row in np.ndindex(*model.tables[name].shape)},
        }
        for name in graph.names
    ]
    noises = {name: {"states": tuple(range(len(law))), "law": law} for name, law in laws.items()}
    return rounded, {"noises": noises, "variables": variables}


def _rounded(law: np.ndarray) -> tuple[Fraction, ...]:
    parts = [Fraction(round(1000 * p), 1000) for p in law[:-1]]
    return (*parts, 1 - sum(parts, Fraction(0)))


def test_a_wrong_formula_is_noticed():
    """The check can fail: the observed conditional is not the effect on the bow arc."""
    graph = Mixed(("X", "Y"), (("X", "Y"),), (("X", "Y"),))
    model = RandomModel.draw(graph, np.random.default_rng(0), {"X": 2, "Y": 2})
    effect = ("prob", ("=", ("var", "Y", (("set", "X", ("const", 1)),)), ("const", 1)), None)
    seen = ("prob", ("=", ("var", "Y", ()), ("const", 1)), ("=", ("var", "X", ()), ("const", 1)))
    assert abs(truth(model, effect) - truth(model, seen)) > 1e-3
