"""How a number follows from stated ones: as data that is worked out for many readings of the statements at once.

Values are arrays with one entry a reading: the face values first, then whatever the digits leave open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._atoms import Array

TINY = 1e-12
"""Probabilities below this are zero."""
MOST_ENTRIES = 2_000_000
"""Entries of the systems that are solved at once."""
SINGULAR = 1e11
"""A system worse conditioned than this has no solution of its own: something in it has no probability."""


@dataclass(frozen=True)
class Stated:
    """The number of a statement, by its position."""

    position: int


@dataclass(frozen=True, eq=False)
class Row:
    """Vectors over the atoms, each times the worked-out number at a position: their sum gives zero on the law."""

    parts: tuple[tuple[Array, int], ...]

    def at(self, places: NDArray[np.intp]) -> Row:
        """The same, at some atoms only."""
        return Row(tuple((vector[places], position) for vector, position in self.parts))


@dataclass(frozen=True, eq=False)
class Solved:
    """`above - p * below` is a combination of rows: the p for which that is so.

    Attributes:
        above, below: of the number wanted, at the atoms that are looked at.
        rows: those that are combined, at the same atoms.
    """

    above: Array
    below: Array
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class JointOfCorrelation:
    """`P(A, B)` from a correlation and the two margins: pq + r sqrt(p(1-p) q(1-q))."""

    correlation: int
    first: int
    second: int


@dataclass(frozen=True)
class Undone:
    """The one unknown operand of a contrast whose result is known.

    Attributes:
        result: the position of the known result.
        steps: from the outside in: the operator, the position of the known operand, whether the unknown is on the left.
    """

    result: int
    steps: tuple[tuple[str, int, bool], ...]


@dataclass(frozen=True)
class Fixed:
    """A number in a contrast."""

    value: float


@dataclass(frozen=True)
class Combined:
    """Two numbers combined."""

    op: str
    left: int
    right: int


Recipe: TypeAlias = Stated | Solved | JointOfCorrelation | Undone | Fixed | Combined


def operands(recipe: Recipe) -> tuple[int, ...]:
    """The positions of the numbers that a recipe needs."""
    match recipe:
        case Stated() | Fixed():
            return ()
        case Solved(_, _, rows):
            return tuple(position for row in rows for _, position in row.parts)
        case JointOfCorrelation(correlation, first, second):
            return (correlation, first, second)
        case Undone(result, steps):
            return (result, *(known for _, known, _ in steps))
        case Combined(_, left, right):
            return (left, right)


Found: TypeAlias = "Mapping[int, Array] | Sequence[Array]"


def work_out(recipe: Recipe, stated: Array, found: Found) -> Array:
    """The number of a recipe for every reading; NaN where it is not defined.

    Args:
        recipe: what to do.
        stated: the statements' numbers, shape (statements, readings).
        found: the numbers worked out before.
    """
    with np.errstate(all="ignore"):
        match recipe:
            case Stated(position):
                return stated[position]
            case Solved():
                return _solved(recipe, found, stated.shape[1])
            case JointOfCorrelation(r, first, second):
                p, q = found[first], found[second]
                return p * q + found[r] * np.sqrt(p * (1 - p) * q * (1 - q))
            case Undone(result, steps):
                return _undone(found[result], steps, found)
            case Fixed(value):
                return np.full((stated.shape[1],), float(value))
            case Combined(op, left, right):
                return combine(op, found[left], found[right])


def combine(op: str, left: Array, right: Array) -> Array:
    """Two numbers combined.

    `|` divides an event by one that it is a part of: NaN where that has probability zero. Any other division by zero is
    infinite and stays so: nothing bounds it.
    """
    with np.errstate(all="ignore"):
        match op:
            case "+":
                value = left + right
            case "-":
                value = left - right
            case "*":
                # An undefined conditional probability (NaN) is bounded, so that a weight of zero outdoes it.
                none = ((left == 0) & ~np.isinf(right)) | ((right == 0) & ~np.isinf(left))
                value = np.where(none, 0.0, left * right)
            case "|":
                value = np.where(np.abs(right) < TINY, np.nan, left / right)
            case _:
                value = np.where(np.abs(right) < TINY, np.inf, left / right)
        return np.where(np.isinf(left) | np.isinf(right), np.inf, value)


def _undone(result: Array, steps: Sequence[tuple[str, int, bool]], found: Found) -> Array:
    value = result
    for op, known, left in steps:
        value = _undo(op, value, found[known], left)
    return value


def _undo(op: str, value: Array, known: Array, left: bool) -> Array:
    """The unknown operand: `unknown op known` is `value` where `left`, else `known op unknown`."""
    match op, left:
        case "+", _:
            return value - known
        case "-", True:
            return value + known
        case "-", False:
            return known - value
        case "*", _:
            return combine("/", value, known)
        case "/", True:
            return value * known
        case _:
            return combine("/", known, value)


def _solved(recipe: Solved, found: Found, readings: int) -> Array:
    """The p of `sum of weights * row + p * below = above`, at as many atoms as there are unknowns."""
    size = len(recipe.rows) + 1
    chunk = max(MOST_ENTRIES // size**2, 1)
    if readings > chunk:
        parts = [range(start, min(start + chunk, readings)) for start in range(0, readings, chunk)]
        needed = dict.fromkeys(operands(recipe))
        return np.concatenate([_solved(recipe, {k: found[k][p.start : p.stop] for k in needed}, len(p)) for p in parts])
    system = np.empty((readings, size, size))
    for k, row in enumerate(recipe.rows):
        system[:, :, k] = sum(found[position][:, None] * vector for vector, position in row.parts)
    system[:, :, -1] = recipe.below
    wanted = np.broadcast_to(recipe.above, (readings, size))[:, :, None]
    lengths = np.linalg.norm(system, axis=1)
    fine = np.flatnonzero(np.isfinite(system).all(axis=(1, 2)) & (lengths > TINY).all(axis=1))
    scaled = system[fine] / lengths[fine][:, None, :]
    firm = np.linalg.cond(scaled) < SINGULAR if fine.size else np.zeros(0, bool)
    out = np.full(readings, np.nan)
    if firm.any():
        fine = fine[firm]
        out[fine] = np.linalg.solve(scaled[firm], wanted[fine])[:, -1, 0] / lengths[fine, -1]
    return out
