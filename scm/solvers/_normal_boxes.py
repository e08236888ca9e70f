"""Probabilities of boxes under normal laws: in closed form up to two dimensions, by one integral of those in three."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ._gaussian_space import Array
from ._normal_intervals import interval
from ._normal_lattice import MOST_DIMENSIONS as WIDEST
from ._normal_lattice import Lattice
from ._normal_planes import angle, three, two
from ._refusal import Refusal

MOST_DIMENSIONS = 3


@dataclass(frozen=True)
class Weight:
    """The probability of a box for each row.

    Attributes:
        value: shape (rows,).
        error: bound on what rounding and quadrature may do to it.
        drawn: standard error of what was drawn; None where nothing was.
    """

    value: Array
    error: float = 0.0
    drawn: Array | None = None


def box(
    units: Sequence[Array], lows: Sequence[Array], highs: Sequence[Array], lattice: Lattice | None = None
) -> Weight:
    """P(low < unit @ z < high for every unit).

    Args:
        units: directions of length one, shape (noises,) each.
        lows: where each interval begins, shape (rows,).
        highs: where each ends.
        lattice: for more than three that depend on one another.

    Raises:
        Refusal: too many of them depend on one another.
    """
    total = Weight(np.ones(np.broadcast_shapes(*(x.shape for x in (*lows, *highs)))))
    for part in components(units):
        own = [units[k] for k in part], [lows[k] for k in part], [highs[k] for k in part]
        if len(part) <= MOST_DIMENSIONS:
            value, error = _component(*own)
            drawn = None if total.drawn is None else total.drawn * value
        elif lattice is None or len(part) > WIDEST:
            raise Refusal(
                f"the event compares {len(part)} combinations of noises that depend on one another; at most "
                f"{MOST_DIMENSIONS} are worked out exactly, and up to {WIDEST} drawn for a probability with key="
            )
        else:
            value, spread = lattice.box(*own)
            error = 0.0
            drawn = spread * total.value + (0.0 if total.drawn is None else total.drawn)
        total = Weight(total.value * value, total.error + error, drawn)
    return total


def _component(units: list[Array], lows: list[Array], highs: list[Array]) -> tuple[Array, float]:
    if len(units) == 1:
        return interval(lows[0], highs[0]), 0.0
    total, error = np.zeros(1), 0.0
    for below in itertools.product((False, True), repeat=len(units)):
        ends = [low if down else high for down, low, high in zip(below, lows, highs, strict=True)]
        if any(np.isneginf(e).all() for e in ends):
            continue
        found, own = orthant(units, ends)
        total, error = total + (-1.0) ** sum(below) * found, error + own
    return np.maximum(total, 0.0), error


def orthant(units: list[Array], ends: list[Array]) -> tuple[Array, float]:
    """P(unit @ z < end for each of two or three units), and a bound on its error."""
    if len(units) == 2:
        cosine, sine = angle(units[0], units[1])
        return two(ends[0], ends[1], cosine, sine), 8e-16 / sine if sine else 1e-15
    everywhere = [k for k in range(3) if np.isposinf(ends[k]).all()]
    if everywhere:
        rest = [k for k in range(3) if k != everywhere[0]]
        return orthant([units[k] for k in rest], [ends[k] for k in rest])
    return three(units, ends)


def components(units: Sequence[Array]) -> list[tuple[int, ...]]:
    """Groups of directions that depend on one another."""
    left = list(range(len(units)))
    found: list[tuple[int, ...]] = []
    while left:
        group, stack = [left[0]], [left.pop(0)]
        while stack:
            one = stack.pop()
            for other in [k for k in left if abs(float(units[one] @ units[k])) > 1e-15]:
                left.remove(other)
                group.append(other)
                stack.append(other)
        found.append(tuple(sorted(group)))
    return found
