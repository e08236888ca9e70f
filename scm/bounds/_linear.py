"""A programme over one block as matrices: rows, columns that nothing tells apart, what weak duality proves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._programme import Array, Block, Limit, Polynomial

ROUNDING = float(np.finfo(float).eps)
_ALIKE = 1e-12
_SMALL = 100_000
"""Most entries of a matrix that is summed in extended precision."""


@dataclass(frozen=True, eq=False)
class Form:
    """`coefficients @ x + constant`."""

    coefficients: Array
    constant: float

    def at(self, x: Array) -> float:
        """Its value under the law x."""
        return float(self.coefficients @ x) + self.constant

    def same(self, other: Form) -> bool:
        """Whether two forms are the same, number by number."""
        return np.array_equal(self.coefficients, other.coefficients) and self.constant == other.constant

    def times(self, weight: float) -> Form:
        """The form times a number."""
        return Form(weight * self.coefficients, weight * self.constant)

    def plus(self, other: Form) -> Form:
        """The sum of two forms."""
        return Form(self.coefficients + other.coefficients, self.constant + other.constant)


@dataclass(frozen=True, eq=False)
class Rows:
    """`low <= matrix @ x <= high` over laws x: not negative, each group adds up to one.

    Attributes:
        matrix: shape (rows, columns).
        low, high: shape (rows,); may be infinite.
        groups: shape (columns,), counted from 0.
        most: what each x can be at most by the rows, shape (columns,).
    """

    matrix: Array
    low: Array
    high: Array
    groups: NDArray[np.intp]
    most: Array

    @property
    def sums(self) -> Array:
        """The rows that add up the groups, shape (groups, columns)."""
        return sums_of(self.groups)

    def widened(self, by: float) -> Rows:
        """Rows that may be missed by so much."""
        return rows_of(self.matrix, self.low - by, self.high + by, self.groups)

    def missed(self, x: Array) -> float:
        """By how much x misses the worst row; 0 where it meets all."""
        found = self.matrix @ x
        return float(np.maximum(self.low - found, found - self.high).max(initial=0.0))

    def only(self, columns: NDArray[np.intp]) -> Rows:
        """The rows over some of the columns; the others are zero."""
        return replace(self, matrix=self.matrix[:, columns], groups=self.groups[columns], most=self.most[columns])


def linear(forms: Array, polynomial: Polynomial) -> Form:
    """A polynomial of one block, with these forms, is a linear form with a constant."""
    read = polynomial.factors[:, 0]
    constant = float(polynomial.weights[read < 0].sum())
    weights = polynomial.weights[read >= 0]
    own: Array = forms[read[read >= 0]]
    # One form alone is kept as it is: no sum rounds it.
    total = np.multiply(own[0], weights[0]) if len(weights) == 1 else weights @ own
    return Form(np.asarray(total, dtype=float), constant)


def sums_of(groups: NDArray[np.intp]) -> Array:
    """The rows that add up groups counted from 0, shape (groups, columns)."""
    return np.asarray(np.arange(int(groups.max(initial=0)) + 1)[:, None] == groups, dtype=float)


def rows_of_limits(block: Block, limits: Sequence[Limit]) -> Rows:
    """What is known as rows over the columns of the block."""
    forms = [linear(block.forms, limit.polynomial) for limit in limits]
    matrix = np.stack([form.coefficients for form in forms]) if forms else np.zeros((0, block.columns))
    constants = np.array([form.constant for form in forms])
    low = np.array([limit.low for limit in limits], dtype=float) - constants
    high = np.array([limit.high for limit in limits], dtype=float) - constants
    return rows_of(matrix, low, high, block.groups)


def rows_of(matrix: Array, low: Array, high: Array, groups: NDArray[np.intp]) -> Rows:
    """Rows with what each unknown can be at most.

    Less its least entry in each group a row has no negative entry, so no x is above the rest of the row's upper end
    divided by its entry; and likewise for lower ends. Where that is zero the column is out.
    """
    groups = np.unique(groups, return_inverse=True)[1].astype(np.intp)
    most = np.ones(matrix.shape[1])
    for entries, end in [*zip(matrix, high, strict=True), *zip(-matrix, -low, strict=True)]:
        if np.isfinite(end):
            floor = np.full(int(groups.max()) + 1, np.inf)
            np.minimum.at(floor, groups, entries)
            above, total = entries - floor[groups], float(floor.sum())
            rest = max(0.0, float(end) - total)
            exact = not floor.any() or (rest == 0 and bool((floor == np.rint(floor)).all()))
            rest += 4.0 * ROUNDING * (rest if exact else abs(float(end)) + float(np.abs(floor).sum()))
            # Entries that differ by rounding alone say nothing.
            held = (above > rest) & (above > _ALIKE * float(np.abs(entries).max()))
            most[held] = np.minimum(most[held], rest / above[held])
    return Rows(matrix, low, high, groups, most)


def alike(matrix: Array, groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """A class for each column, shape (columns,): columns of a group with the same entries have the same one."""
    entries = np.ascontiguousarray(np.vstack([matrix, groups.astype(float)]).T + 0.0)  # no negative zeros
    bits = entries.view(np.uint64)
    odd: NDArray[np.uint64] = np.random.default_rng(7).integers(1, 2**62, size=(1, entries.shape[1]), dtype=np.uint64)
    keys = np.asarray(((bits ^ (bits >> np.uint64(29))) * (odd * np.uint64(2) + np.uint64(1))).sum(axis=1))
    first, classes = np.unique(keys, return_index=True, return_inverse=True)[1:]
    if not np.array_equal(entries[first[classes]], entries):
        classes = np.unique(entries, axis=0, return_inverse=True)[1]
    return np.asarray(classes, dtype=np.intp).reshape(-1)


def cheapest(classes: NDArray[np.intp], cost: Array) -> NDArray[np.intp]:
    """The column of least cost in each class."""
    order = np.lexsort((cost, classes))
    return order[np.unique(classes[order], return_index=True)[1]]


def proved(rows: Rows, cost: Form, duals: Array) -> float:
    """What `cost` is at least over all laws that meet the rows, by weak duality: true for any multipliers whatever.

    `cost = sum duals row + (cost - sum duals row)`: the first sum is at least what the ends say, and the rest at least
    its least entry in each group, as the weights of a group add up to one. Taken off is what rounding can do: that of
    the numbers that came in, and that of the sums here, which small programmes do in extended precision.

    Args:
        rows: what is known.
        cost: over the same columns.
        duals: shape (rows,).
    """
    exact = np.longdouble if rows.matrix.size <= _SMALL else np.float64
    up = np.where(np.isfinite(rows.low), np.maximum(duals, 0.0), 0.0)
    down = np.where(np.isfinite(rows.high), np.minimum(duals, 0.0), 0.0)
    used, ends = up + down, np.where(up > 0, rows.low, np.where(down < 0, rows.high, 0.0))
    possible = rows.most > 0
    if not possible.any():
        return np.inf
    summed = float(np.finfo(exact).eps) * (len(duals) + 8)
    rest = cost.coefficients.astype(exact) - used.astype(exact) @ rows.matrix.astype(exact)
    rest -= summed * (np.abs(cost.coefficients) + np.abs(used) @ np.abs(rows.matrix))
    rest -= 2.0 * ROUNDING * (np.abs(used) @ _rounded(rows.matrix))
    total = cost.constant + used.astype(exact) @ ends.astype(exact) + _least(rest, rows, possible)
    numbers = float(np.abs(used) @ np.abs(ends)) + abs(cost.constant)
    return float(total) - summed * numbers - ROUNDING * (4.0 * numbers + abs(float(total)))


def _rounded(matrix: Array) -> Array:
    """By how many roundings of one each entry may be off: whole numbers are what they are."""
    return np.where(matrix == np.rint(matrix), 0.0, 1.0 + np.abs(matrix))


def _least(rest: Any, rows: Rows, possible: NDArray[np.bool_]) -> Any:
    """The least `rest @ x` as far as sums of groups tell, or also what each x can be at most: the better of the two."""
    total = rest.dtype.type(0.0)
    for group in range(int(rows.groups.max()) + 1):
        here = possible & (rows.groups == group)
        if not here.any():
            return np.inf
        entries, most = rest[here], rows.most[here]
        order = np.argsort(entries)
        filled = np.minimum(np.cumsum(most[order]), 1.0)
        packed = np.diff(filled, prepend=0.0) @ entries[order] + (1.0 - filled[-1]) * entries.min()
        reached = entries[order][: int(np.searchsorted(filled, 1.0)) + 1]
        packed -= ROUNDING * 4 * len(reached) * (reached[-1] - reached[0])
        total += max(entries.min(), packed)
    return total
