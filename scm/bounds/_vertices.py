"""The extreme rays of a cone, in whole numbers: double description (Motzkin et al. 1953; Fukuda & Prodon 1996).

All vertices of a polyhedron and the rays along which it goes on for ever are the extreme rays of one cone, and in whole
numbers nothing is lost to rounding: a list that is found here is the whole list.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._programme import Array, TooLarge

Whole: TypeAlias = NDArray[Any]
"""Whole numbers: int64 while they fit, Python's own beyond."""
MOST_RAYS = 4000
"""Most extreme rays that are kept on the way."""
FITS = 1 << 30
"""Products of two numbers below it fit into 64 bits."""
NEAR = 10**6
"""Denominators up to this are what a decimal number is read as."""


def fraction_of(number: float) -> Fraction:
    """A number as a fraction: 0.26 is 13/50, where that is the number that the machine holds."""
    plain = Fraction(number).limit_denominator(NEAR)
    return plain if float(plain) == number else Fraction(number)


def whole_rows(rows: Array) -> Whole:
    """Each row times a positive number that makes it whole numbers without a common factor."""
    if (rows == np.round(rows)).all() and np.abs(rows).max(initial=0.0) < FITS:
        return _primitive(rows.astype(np.int64))
    made = [[fraction_of(float(x)) for x in row] for row in rows]
    scales = [math.lcm(*(x.denominator for x in row)) for row in made]
    return _primitive(np.array([[int(x * s) for x in row] for row, s in zip(made, scales, strict=True)], dtype=object))


def independent_rows(rows: Whole) -> list[int]:
    """The first rows that are linearly independent and span all of them."""
    kept: list[int] = []
    reduced: list[tuple[int, list[Fraction]]] = []
    for at, row in enumerate(rows):
        left = [Fraction(int(x)) for x in row]
        for pivot, other in reduced:
            if left[pivot]:
                factor = left[pivot]
                left = [a - factor * b if b else a for a, b in zip(left, other, strict=True)]
        first = next((k for k, x in enumerate(left) if x), None)
        if first is not None:
            reduced.append((first, [x / left[first] for x in left]))
            kept.append(at)
            if len(kept) == rows.shape[1]:
                break
    return kept


def null_rows(rows: Whole) -> list[list[Fraction]]:
    """A basis of the combinations of rows that vanish."""
    count = len(rows)
    reduced: list[tuple[int, list[Fraction], list[Fraction]]] = []
    found: list[list[Fraction]] = []
    for at, row in enumerate(rows):
        left = [Fraction(int(x)) for x in row]
        used = [Fraction(int(k == at)) for k in range(count)]
        for pivot, other, how in reduced:
            if left[pivot]:
                factor = left[pivot]
                left = [a - factor * b if b else a for a, b in zip(left, other, strict=True)]
                used = [a - factor * b if b else a for a, b in zip(used, how, strict=True)]
        first = next((k for k, x in enumerate(left) if x), None)
        if first is None:
            found.append(used)
        else:
            scale = left[first]
            reduced.append((first, [x / scale for x in left], [x / scale for x in used]))
    return found


def extreme_rays(rows: Whole, most: int = MOST_RAYS) -> Whole:
    """The extreme rays of `{x : rows @ x >= 0}`, one a row, in whole numbers without a common factor.

    Args:
        rows: shape (inequalities, dimensions), whole numbers, of full column rank (the cone has a tip).
        most: rays on the way beyond which it stops.

    Raises:
        TooLarge: more rays than that.
    """
    size = rows.shape[1]
    first = independent_rows(rows)
    rays = _inverse(rows[first])
    done = list(first)
    left = [k for k in range(len(rows)) if k not in set(first)]
    while left:
        values = _product(rows[left], rays)
        cost = (values > 0).sum(axis=1) * (values < 0).sum(axis=1)
        pick = int(np.argmin(cost))
        rays = _cut(rays, values[pick], _product(rows[done], rays) == 0, size)
        done.append(left.pop(pick))
        if len(rays) > most:
            raise TooLarge(f"more than {most:,} extreme rays in {size} dimensions")
    return rays


def _cut(rays: Whole, values: Whole, zero: NDArray[np.bool_], size: int) -> Whole:
    """The rays that are left where one more inequality holds, whose values at the rays are given."""
    above, below = np.flatnonzero(values > 0), np.flatnonzero(values < 0)
    kept = rays[values >= 0]
    if not len(below):
        return rays
    bits = np.packbits(zero.T, axis=1)  # a byte holds eight inequalities
    made: list[Whole] = []
    for up in above:
        common = bits[up] & bits[below]
        enough = np.flatnonzero(np.bitwise_count(common).sum(axis=1) >= size - 2)
        pairs = [k for k in enough if ((bits & common[k]) == common[k]).all(axis=1).sum() == 2]
        if pairs:
            down = below[pairs]
            made.append(_combined(values[up], rays[down], values[down], rays[up]))
    return _same_kind([kept, *made])


def _combined(up: Any, lower: Whole, down: Whole, upper: Whole) -> Whole:
    if max(_top(lower), _top(upper), _top(down), abs(int(up))) >= FITS:
        lower, upper, down, up = lower.astype(object), upper.astype(object), down.astype(object), int(up)
    return _primitive(up * lower - down[:, None] * upper[None, :])


def _primitive(rows: Whole) -> Whole:
    """Rows without a common factor."""
    if not rows.size:
        return rows
    factor: Any = np.gcd.reduce(rows, axis=1)
    rows = rows // np.where(factor == 0, 1, factor)[:, None]
    return rows.astype(np.int64) if _top(rows) < FITS else rows


def _top(array: Whole) -> int:
    return int(np.abs(array).max()) if array.size else 0


def _product(rows: Whole, rays: Whole) -> Whole:
    """`rows @ rays.T`, without overflow."""
    if _top(rows) * _top(rays) * rows.shape[1] >= 1 << 62:
        rows, rays = rows.astype(object), rays.astype(object)
    return rows @ rays.T


def _same_kind(parts: Sequence[Whole]) -> Whole:
    return np.concatenate([p.astype(object) for p in parts] if any(p.dtype == object for p in parts) else list(parts))


def _inverse(matrix: Whole) -> Whole:
    """The columns of the inverse, one a row, as whole numbers: the extreme rays of `{x : matrix @ x >= 0}`."""
    size = len(matrix)
    work = [[Fraction(int(x)) for x in row] + [Fraction(int(i == k)) for k in range(size)]
            for i, row in enumerate(matrix)]  # fmt: skip
    for at in range(size):
        pivot = next(k for k in range(at, size) if work[k][at])
        work[at], work[pivot] = work[pivot], work[at]
        scale = work[at][at]
        work[at] = [x / scale for x in work[at]]
        for k in range(size):
            if k != at and work[k][at]:
                factor = work[k][at]
                work[k] = [a - factor * b if b else a for a, b in zip(work[k], work[at], strict=True)]
    columns = [[work[i][size + k] for i in range(size)] for k in range(size)]
    scales = [math.lcm(*(x.denominator for x in column)) for column in columns]
    whole = [[int(x * s) for x in column] for column, s in zip(columns, scales, strict=True)]
    return _primitive(np.array(whole, dtype=object))
