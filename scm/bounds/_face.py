"""`Face`: the laws that meet the rows, over merged and scaled columns, kept ready for many costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._highs import Point, Solver
from ._linear import Form, Rows, proved
from ._programme import Array

MISSED = 1e-9
"""By how much a law may miss what is known and still count as one that meets it."""
_CLOSE = 1e-10
_UNITS = (0.0, 1e-9, 1e-5, 1.0)
"""Unknowns are counted in units of what they can be at most, but in none smaller than this: the first, or else the
next, where the solver does not get through."""


@dataclass(frozen=True, eq=False)
class Least:
    """The least value of a cost.

    Attributes:
        proved: no law that meets the rows is below.
        x: a law that meets the rows, shape (columns,), with the least value that was found.
        duals: the multipliers that prove it, one a row.
    """

    proved: float
    x: Array
    duals: Array


class Face:
    """Least values of costs over the laws that meet rows.

    Each unknown is counted in units of what it can be at most, and each row is divided by its greatest entry then: a
    cell of probability 1e-12 is as visible to the solver's absolute tolerances as one of probability a half.

    Args:
        rows: what is known.
        kept: the columns to solve over; the others are left at zero.
    """

    def __init__(self, rows: Rows, kept: NDArray[np.intp]) -> None:
        self.rows = rows
        self._kept = kept[rows.most[kept] > 0]
        self._scaled: list[_Scaled] = []

    @property
    def solves(self) -> int:
        """How many programmes were solved."""
        return sum(scaled.solver.solves for scaled in self._scaled)

    def least(self, cost: Form) -> Least | None:
        """The least cost; None where no law was found that meets the rows."""
        best: Least | None = None
        for k, unit in enumerate(_UNITS):
            if k == len(self._scaled):
                self._scaled.append(_Scaled(self.rows, self._kept, unit))
            found = self._scaled[k].least(cost)
            if found is not None:
                best = _better(best, Least(proved(self.rows, cost, found[1]), *found), cost)
                if cost.at(best.x) - best.proved <= _CLOSE:
                    break
        return best


def _better(one: Least | None, two: Least, cost: Form) -> Least:
    """The law of the one and the proof of the other."""
    if one is None:
        return two
    x = one.x if cost.at(one.x) <= cost.at(two.x) else two.x
    proof = one if one.proved >= two.proved else two
    return Least(proof.proved, x, proof.duals)


class _Scaled:
    """A solver over scaled columns and rows."""

    def __init__(self, rows: Rows, kept: NDArray[np.intp], unit: float) -> None:
        self._rows, self._kept = rows, kept
        inside = rows.only(kept)
        self._units = np.maximum(inside.most, unit)
        matrix = inside.matrix * self._units
        sizes = np.abs(matrix).max(axis=1, initial=0.0)
        self._sizes = np.where(sizes > 0, sizes, 1.0)
        every = np.arange(int(rows.groups.max()) + 1)[:, None] == inside.groups
        ones = np.ones(len(every))
        self.solver = Solver(
            np.vstack([matrix / self._sizes[:, None], every * self._units]),
            np.concatenate([rows.low / self._sizes, ones]),
            np.concatenate([rows.high / self._sizes, ones]),
        )

    def least(self, cost: Form) -> tuple[Array, Array] | None:
        """A law over all columns that gives the least cost, and a multiplier for each row."""
        found = self.solver.least(cost.coefficients[self._kept] * self._units)
        return None if found is None else self._read(found)

    def _read(self, found: Point) -> tuple[Array, Array] | None:
        x = np.zeros(self._rows.matrix.shape[1])
        x[self._kept] = np.maximum(found.x, 0.0) * self._units
        sums = np.bincount(self._rows.groups, weights=x)
        if (sums <= 0).any():
            return None
        x /= sums[self._rows.groups]
        if self._rows.missed(x) > MISSED:
            return None
        return x, found.duals[: len(self._sizes)] / self._sizes
