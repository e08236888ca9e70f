"""`Face`: the laws that meet the rows, over merged and scaled columns, kept ready for many costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._highs import Point, Solver
from ._linear import Form, Rows
from ._programme import Array

MISSED = 1e-9
"""By how much a law may miss what is known and still count as one that meets it."""


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
        self.kept = kept[rows.most[kept] > 0]
        inside = rows.only(self.kept)
        self._units = inside.most
        matrix = inside.matrix * self._units
        sizes = np.abs(matrix).max(axis=1, initial=0.0)
        self._sizes = np.where(sizes > 0, sizes, 1.0)
        every = np.arange(int(rows.groups.max()) + 1)[:, None] == inside.groups
        ones = np.ones(len(every))
        self._solver = Solver(
            np.vstack([matrix / self._sizes[:, None], every * self._units]),
            np.concatenate([rows.low / self._sizes, ones]),
            np.concatenate([rows.high / self._sizes, ones]),
        )

    @property
    def solves(self) -> int:
        """How many programmes were solved."""
        return self._solver.solves

    def least(self, cost: Form) -> tuple[Array, Array] | None:
        """A law that gives the least cost, with a multiplier for each row; None where none was found."""
        found = self._solver.least(cost.coefficients[self.kept] * self._units)
        return None if found is None else self._read(found)

    def _read(self, found: Point) -> tuple[Array, Array] | None:
        x = np.zeros(self.rows.matrix.shape[1])
        x[self.kept] = np.maximum(found.x, 0.0) * self._units
        sums = np.bincount(self.rows.groups, weights=x)
        if (sums <= 0).any():
            return None
        x /= sums[self.rows.groups]
        if self.rows.missed(x) > MISSED:
            return None
        return x, found.duals[: len(self._sizes)] / self._sizes
