"""Drawing units: the right frequencies, with the chance that a right sampler fails one check declared."""

import math
from collections import Counter
from typing import Any

import jax
import numpy as np
import pytest

import scm
from scm import Bernoulli, Categorical, Model, Noise, Unknown, Variable

FALSE_ALARM = 1e-9
"""Chance that a right sampler fails one check of frequencies."""
UNITS = 20_000
MODEL = Model(
    Noise("u", Bernoulli(0.3)),
    Variable("Y", equation="A + 2 * u"),
    Variable("A", (0, 1, 2), table=(0.2, 0.3, 0.5)),
    Variable("size", ("small", "large"), parents=("A",), table={0: (0.9, 0.1), 1: (0.5, 0.5), 2: (1, 0)}),
    Variable("F", parents=("A", "u"), function={(a, u): a == 1 or u for a in range(3) for u in (False, True)}),
    Variable("rare", noise=Categorical({"never": 0.0, "once": 1e-3, "often": 0.999, "not ever": 0.0})),
)


def surprise(found: list[int], wanted: list[float]) -> float:
    """How far the most surprising count is past its bound; above 1 with chance `FALSE_ALARM` at most.

    A count of n draws has a tail below exp(-n KL(share, p)) on each side (Chernoff 1952), exactly and for every n; the
    chance is shared out over cells and sides.
    """
    units = sum(found)
    bound = math.log(2 * len(found) / FALSE_ALARM)
    return max(units * divergence(n / units, p) for n, p in zip(found, wanted, strict=True)) / bound


def divergence(share: float, p: float) -> float:
    """Kullback-Leibler divergence of two laws of a coin."""
    pairs = [(share, p), (1 - share, 1 - p)]
    return math.fsum(a * math.log(a / b) for a, b in pairs if a > 0)


@pytest.mark.parametrize("names", [("A", "size"), ("A", "Y"), ("F", "size"), ("rare",), ("Y", "F")])
def test_frequencies(names: tuple[str, ...]) -> None:
    drawn = MODEL.sample(UNITS, key=jax.random.key(7))
    counted = Counter(zip(*(drawn[name].tolist() for name in names), strict=True))
    answer = scm.ask(MODEL, f"P({', '.join(names)})")
    law = dict(np.ndenumerate(np.asarray(answer.value)))
    cells = {tuple(states[k] for (_, states), k in zip(answer.states, at, strict=True)): p for at, p in law.items()}
    assert counted.keys() <= {cell for cell, p in cells.items() if p > 0}
    positive = [cell for cell, p in cells.items() if p > 0]
    assert surprise([counted[cell] for cell in positive], [cells[cell] for cell in positive]) < 1


def test_the_check_of_frequencies_can_fail() -> None:
    """A law that is off by a fortieth is noticed."""
    drawn = MODEL.sample(UNITS, key=jax.random.key(7))["A"].tolist()
    counts = [drawn.count(a) for a in range(3)]
    assert surprise(counts, [0.2, 0.3, 0.5]) < 1 < surprise(counts, [0.225, 0.275, 0.5])


def test_the_key_alone_decides() -> None:
    def same(a: Any, b: Any) -> bool:
        return all(np.array_equal(a[name], b[name]) for name in a)

    first = MODEL.sample(100, key=jax.random.key(0))
    assert list(first) == ["Y", "A", "size", "F", "rare"]
    assert same(first, MODEL.sample(100, key=jax.random.key(0)))
    assert not same(first, MODEL.sample(100, key=jax.random.key(1)))


def test_what_is_drawn_is_a_state() -> None:
    drawn = MODEL.sample(50, key=jax.random.key(3))
    for name, column in drawn.items():
        assert len(column) == 50
        assert set(column.tolist()) <= set(MODEL.states[name])
    assert all(len(column) == 0 for column in MODEL.sample(0, key=jax.random.key(3)).values())
    done = MODEL.do(A=2, size="large").sample(50, key=jax.random.key(3))
    assert set(done["size"].tolist()) == {"large"}
    assert set(done["Y"].tolist()) == {2, 4}


def test_an_unknown_law_is_not_drawn_from() -> None:
    with pytest.raises(scm.InvalidModel, match="The noise 'u' has an unknown law: nothing can be drawn from it"):
        Model(Noise("u", Unknown()), Variable("X", equation="u")).sample(1, key=jax.random.key(0))
    with pytest.raises(scm.InvalidModel, match="from 0 up, got -1"):
        MODEL.sample(-1, key=jax.random.key(0))
