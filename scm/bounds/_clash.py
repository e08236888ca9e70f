"""Limits that no law meets: a smallest set of sources that cannot hold together, and by how much.

Every limit may be missed by t, and the least such t is a linear programme that always has a solution. Its multipliers
are the Farkas certificate: a combination of limits that no law can meet, worked out again by `_linear.proved`.
Only where that proves more than rounding is there a clash.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._clash_words import reason
from ._highs import Solver
from ._linear import ROUNDING, Form, Rows, alike, proved
from ._programme import Array, Clash, Programme

SLACK = 1e-9
"""By how much limits may be missed before they clash: probabilities are rounded."""
_HEAVY = 1e-7


@dataclass(frozen=True, eq=False)
class Miss:
    """How some rows are missed.

    Attributes:
        least: every law misses one of them by so much; proved.
        found: by how much a law was found to miss the worst.
        weights: multipliers of all rows that prove it, zero where not chosen; their sizes add up to one.
    """

    least: float
    found: float
    weights: Array


def clash_or_widened(programme: Programme, rows: Rows) -> Clash | Rows:
    """What clashes; or rows that are wide enough to be met, where they are missed by no more than rounding.

    Args:
        programme: over one block.
        rows: its limits.
    """
    of = np.array([limit.source for limit in programme.limits], dtype=np.intp)
    miss = missed(rows, np.arange(len(of)))
    if miss.least <= SLACK:
        return rows.widened(2.0 * min(miss.found, SLACK) + 1e-15)
    chosen, miss = _smallest(rows, of, miss)
    kept = _smallest(rows, np.arange(len(of)), missed(rows, np.flatnonzero(miss.weights)))
    return Clash(tuple(sorted({int(k) for k in of[chosen]})), miss.least, reason(programme, rows, kept[1].weights))


def _smallest(rows: Rows, of: NDArray[np.intp], miss: Miss) -> tuple[NDArray[np.intp], Miss]:
    """Rows that cannot hold together, all of some sources, where no source can be left out.

    Only sources in the support of a certificate are tried: the others are not needed. Each certificate that is found
    on the way may have a smaller support.

    Args:
        rows: all rows.
        of: the source of each row.
        miss: of rows that cannot hold together.
    """
    needed: set[int] = set()
    open_ = _sources(of, miss)
    while open_:
        tried = open_.pop()
        without = missed(rows, _rows_of(of, needed | set(open_)))
        if without.least > SLACK:
            miss = without
            open_ = [source for source in open_ if source in set(_sources(of, miss))]
        else:
            needed.add(tried)
    chosen = _rows_of(of, needed)
    return chosen, missed(rows, chosen)


def _sources(of: NDArray[np.intp], miss: Miss) -> list[int]:
    return sorted({int(k) for k in of[miss.weights != 0]})


def _rows_of(of: NDArray[np.intp], sources: Iterable[int]) -> NDArray[np.intp]:
    return np.flatnonzero(np.isin(of, sorted(sources)))


def missed(rows: Rows, chosen: NDArray[np.intp]) -> Miss:
    """By how much some of the rows are missed at least.

    Args:
        rows: all rows.
        chosen: positions of some.
    """
    weights = np.zeros(len(rows.low))
    if not len(chosen):
        return Miss(0.0, 0.0, weights)
    inside = rows.matrix[chosen]
    kept = np.unique(alike(inside, rows.groups), return_index=True)[1]
    groups = rows.groups[kept]
    plain = Rows(inside[:, kept], rows.low[chosen], rows.high[chosen], groups, np.ones(len(kept)))
    found = _elastic(plain)
    if found is None:
        return Miss(0.0, SLACK, weights)
    x, duals = found
    duals = np.where(np.abs(duals) > _HEAVY * np.abs(duals).max(initial=0.0), duals, 0.0)
    duals /= np.abs(duals).sum() or 1.0
    weights[chosen] = duals
    return Miss(proved(plain, Form(np.zeros(len(kept)), 0.0), duals), plain.missed(x), weights)


def _elastic(rows: Rows) -> tuple[Array, Array] | None:
    """A law that misses the worst row by as little as can be, and the multipliers of the rows."""
    down, up = np.flatnonzero(np.isfinite(rows.low)), np.flatnonzero(np.isfinite(rows.high))
    sums = rows.sums
    slack = np.concatenate([np.ones(len(down)), -np.ones(len(up)), np.zeros(len(sums))])
    matrix = np.column_stack([np.vstack([rows.matrix[down], rows.matrix[up], sums]), slack])
    ones = np.ones(len(sums))
    solver = Solver(
        matrix,
        np.concatenate([rows.low[down], np.full(len(up), -np.inf), ones]),
        np.concatenate([np.full(len(down), np.inf), rows.high[up], ones]),
    )
    found = solver.least(np.append(np.zeros(rows.matrix.shape[1]), 1.0))
    if found is None:
        return None
    duals = np.zeros(len(rows.low))
    duals[down] += found.duals[: len(down)]
    duals[up] += found.duals[len(down) : len(down) + len(up)]
    x = np.maximum(found.x[:-1], 0.0)
    x /= np.maximum(np.bincount(rows.groups, weights=x), ROUNDING)[rows.groups]
    return x, duals
