"""Kernels of couplings against rationals: what is impossible has weight exactly 0, what is possible a positive one."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest

from scm import Coupling, Model, Variable, ask, gumbel_max, independent, rank_preserving, sensitivity
from scm._coupling import ROUNDING, SHARE
from tests.oracle import race

Law = tuple[Fraction, ...]
UNITS = (10, 10, 10, 20, 100, 1000, 3, 6, 7)
CHANCES = ("1e-10", "3e-10", "1e-13", "1e-15", "2e-15", "1e-17", "1e-40", "1e-200", "5e-324")


def coarse(rng: random.Random, states: int) -> Law:
    """A law in tenths or the like: sums of such doubles are off by an ulp, and cut points coincide all the time."""
    unit = rng.choice(UNITS)
    cuts = sorted(rng.randint(0, unit) for _ in range(states - 1))
    return tuple(Fraction(b - a, unit) for a, b in itertools.pairwise([0, *cuts, unit]))


def faint(rng: random.Random, states: int) -> Law:
    """The same with some of its probability moved to faint states, wherever they are."""
    law = list(coarse(rng, states))
    most = law.index(max(law))
    for k in range(states):
        if k != most and rng.random() < 0.5:
            law[most] += law[k] - (moved := Fraction(rng.choice(CHANCES)))
            law[k] = moved
    return tuple(law)


def quantile(laws: tuple[Law, ...], cell: tuple[int, ...]) -> Fraction:
    """How much of the unit interval lies in these states under all laws."""
    high = min(sum(law[: x + 1], Fraction(0)) for law, x in zip(laws, cell, strict=True))
    low = max(sum(law[:x], Fraction(0)) for law, x in zip(laws, cell, strict=True))
    return max(high - low, Fraction(0))


def product(laws: tuple[Law, ...], cell: tuple[int, ...]) -> Fraction:
    """The chance of these states in independent draws."""
    out = Fraction(1)
    for law, x in zip(laws, cell, strict=True):
        out *= law[x]
    return out


def first(laws: tuple[Law, ...], cell: tuple[int, ...]) -> Fraction:
    """The chance that these states win the race under two laws."""
    (p, q), (i, j) = laws, cell
    return race(p, q, i, j)


TRUTHS = {"rank_preserving": quantile, "independent": product, "gumbel_max": first}


@pytest.mark.parametrize("states", [2, 3, 4])
@pytest.mark.parametrize(
    ("coupling", "worlds"),
    [(rank_preserving, 2), (rank_preserving, 3), (independent, 2), (independent, 3), (gumbel_max, 2)],
)
def test_cells_are_zero_where_they_are_impossible_and_nowhere_else(
    coupling: Coupling, worlds: int, states: int
) -> None:
    rng = random.Random(f"{coupling.name} {worlds} {states}")
    for _ in range(100):
        agrees(coupling, tuple(coarse(rng, states) for _ in range(worlds)), 1e-11)


@pytest.mark.parametrize("states", [2, 3, 4])
@pytest.mark.parametrize("worlds", [2, 3])
def test_faint_states_keep_their_weight(worlds: int, states: int) -> None:
    rng = random.Random(f"faint {worlds} {states}")
    for _ in range(100):
        draw = rng.choice((faint, faint, coarse))
        laws = (faint(rng, states), *(draw(rng, states) for _ in range(worlds - 1)))
        agrees(rank_preserving, laws, 1e-5)


def agrees(coupling: Coupling, laws: tuple[Law, ...], within: float) -> None:
    """Every cell of a kernel, against the truth in rationals.

    What is small beside 1 and beside each of its states is not told from rounding: the law next to it has a cut point
    that differs by as little. No coarse law has such cells.
    """
    states = len(laws[0])
    found = coupling.kernel(np.array([[[float(p) for p in law] for law in laws]]), np.arange(len(laws))[None])[0]
    for cell in itertools.product(range(states), repeat=len(laws)):
        truth = TRUTHS[coupling.name](laws, cell)
        if truth == 0:
            assert found[cell] == 0.0, (laws, cell, found[cell])
        elif truth > ROUNDING or truth > SHARE * min(law[x] for law, x in zip(laws, cell, strict=True)):
            assert found[cell] == pytest.approx(float(truth), rel=within, abs=0), (laws, cell)


@pytest.mark.parametrize("chance", [1e-12, 1e-15, 1e-17, 1e-200])
@pytest.mark.parametrize("law", [("faint", "rest"), ("rest", "faint"), ("half", "faint", "half")])
@pytest.mark.parametrize("coupling", ["rank_preserving", "gumbel_max", "independent"])
def test_evidence_however_unlikely_is_answered(chance: float, law: tuple[str, ...], coupling: str) -> None:
    """The state that was seen under X=0 lies within state 0 under X=1, up to 0.6 of the order."""
    row = tuple({"faint": chance, "rest": 1 - chance, "half": 0.5}[part] for part in law)
    seen, states = law.index("faint"), len(law)
    other = (0.6, 0.4) if states == 2 else (0.6, 0.3, 0.1)
    model = Model(
        Variable("X", (0, 1), table=(0.5, 0.5)),
        Variable("Y", tuple(range(states)), parents=("X",), table={0: row, 1: other}),
    )
    answer = ask(model, f"P(Y[X=1]=0 | X=0, Y={seen})", assume=coupling)
    assert answer.finding == "exact"
    if coupling == "rank_preserving":
        assert answer.value == (0 if law == ("rest", "faint") else 1)


def test_equal_faint_laws_give_equal_states() -> None:
    """Two configurations with one law: under ranks the unit does the same."""
    law = (0.5, 1e-17, 0.25, 0.25)
    found = rank_preserving.kernel(np.array([[law, law]]), np.array([[0, 1]]))[0]
    np.testing.assert_allclose(found, np.diag(law), rtol=1e-15, atol=0)


@pytest.mark.parametrize("chance", [1e-7, 1e-10, 1e-15])
def test_slopes_at_faint_states_are_right_or_not_told(chance: float) -> None:
    """Of the first 0.4 of what was below the one cut, below the other: the slope is 1 over the chance that was seen."""
    laws = {0: (chance, 0.4, 0.6 - chance), 1: (0.4 * chance, 0.3, 0.7 - 0.4 * chance)}
    model = Model(Variable("X", (0, 1), table=(0.5, 0.5)), Variable("Y", (0, 1, 2), parents=("X",), table=laws))
    query = "P(Y[X=1]=0 | X=0, Y=0)"
    assert ask(model, query, assume="rank_preserving").value == pytest.approx(0.4, rel=1e-9)
    found = sensitivity(model, query, assume="rank_preserving").tables["Y"]
    if chance < 1e-12:
        assert found.kink.all()
        assert np.isnan(found.partial).all()
    else:
        partial = np.asarray(found.partial)
        assert partial[1, 0] - partial[1, 1] == pytest.approx(1 / chance, rel=1e-6)
