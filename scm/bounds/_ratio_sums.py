"""Sums of ratios whose conditions differ: branch and bound over the values of conditions and ratios.

Within ranges of a condition D and of its ratio R, `above = R D` lies in the envelope of McCormick (1976), and the least
of the sum is a linear programme in the law and the ratios. A ratio is written as a law over the two ends of its range,
so that `_linear.proved` holds for these programmes as it stands. Ranges are halved where the envelope is loosest.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from ._asked import Asked, Quotient
from ._clash import SLACK, missed
from ._face import Face, Least
from ._linear import Form, Rows, alike
from ._programme import Array

MOST_CELLS = 200_000
"""Programmes with larger matrices are not branched on."""
_BRANCHES = 400


@dataclass(frozen=True, eq=False)
class Box:
    """Ranges of the conditions and the ratios, shape (ratios, 2) each."""

    below: Array
    ratio: Array


@dataclass(frozen=True, eq=False)
class Found:
    """What branching found: no law in the box is below `proved`; `x` is the lowest that was found, with its value."""

    proved: float
    x: Array
    value: float
    solves: int


def branched(rows: Rows, asked: Asked, box: Box, x: Array, tolerance: float) -> Found | None:
    """The least sum over laws in a box.

    Args:
        rows: what is known.
        asked: the sum, with at least two ratios or a linear part.
        box: what conditions and ratios can be.
        x: a law that meets the rows.
        tolerance: how near proof and law are to come.

    Returns:
        None where the programme is too large to be branched on.
    """
    told = [asked.linear.coefficients, *(f.coefficients for r in asked.ratios for f in (r.above, r.below))]
    kept = np.unique(alike(np.vstack([rows.matrix, *told]), rows.groups), return_index=True)[1].astype(np.intp)
    if (len(rows.low) + 5 * len(asked.ratios)) * len(kept) > MOST_CELLS:
        return None
    less, small = rows.only(kept), _only(asked, kept)
    best, value, solves, order = x, asked.at(x), 0, count()
    heap: list[tuple[float, int, Box, Array]] = [(-np.inf, next(order), box, np.zeros(0))]
    while heap and solves < _BRANCHES:
        bound, _, here, at = heapq.heappop(heap)
        if bound >= value - tolerance / 2:
            heapq.heappush(heap, (bound, next(order), here, at))
            break
        for part in _halves(small, here, at) if len(at) else [here]:
            found, solves = _least(less, small, part), solves + 1
            if found is None:
                continue
            law = np.zeros(len(x))
            law[kept] = found.x[: len(kept)]
            if (now := asked.at(law)) < value:
                best, value = law, now
            heapq.heappush(heap, (max(bound, found.proved), next(order), part, found.x))
    return Found(min((bound for bound, *_ in heap), default=value), best, value, solves)


def _only(asked: Asked, kept: NDArray[np.intp]) -> Asked:
    def of(form: Form) -> Form:
        return Form(form.coefficients[kept], form.constant)

    return replace(
        asked, linear=of(asked.linear), ratios=tuple(Quotient(of(r.above), of(r.below)) for r in asked.ratios)
    )


def _least(rows: Rows, asked: Asked, box: Box) -> Least | None:
    """The least of the relaxation in a box; None where no law is in it."""
    wider, cost = _relaxed(rows, asked, box)
    found = Face(wider, np.arange(len(wider.groups), dtype=np.intp)).least(cost)
    if found is None and missed(wider, np.arange(len(wider.low), dtype=np.intp)).least <= SLACK:
        x = np.zeros(len(wider.groups))  # neither solved nor shown to be empty: nothing better than before is proved
        return Least(-np.inf, x, np.zeros(len(wider.low)))
    return found


def _relaxed(rows: Rows, asked: Asked, box: Box) -> tuple[Rows, Form]:
    """The rows with the envelope of each ratio, over the law and two weights for each ratio."""
    n, k = rows.matrix.shape[1], len(asked.ratios)
    entries, low, high = [np.column_stack([rows.matrix, np.zeros((len(rows.low), 2 * k))])], [rows.low], [rows.high]
    cost = np.concatenate([asked.linear.coefficients, np.zeros(2 * k)])
    for i, ratio in enumerate(asked.ratios):
        (d0, d1), (r0, r1) = box.below[i].tolist(), box.ratio[i].tolist()
        cost[n + 2 * i : n + 2 * i + 2] = (r0, r1)
        for r, d, sign in ((r0, d0, 1.0), (r1, d1, 1.0), (r1, d0, -1.0), (r0, d1, -1.0)):
            row = np.zeros(n + 2 * k)
            row[:n] = ratio.above.coefficients - r * ratio.below.coefficients
            row[n + 2 * i : n + 2 * i + 2] = (-d * r0, -d * r1)
            entries.append(sign * row[None])
            low.append(np.array([sign * (r * ratio.below.constant - ratio.above.constant - r * d)]))
            high.append(np.array([np.inf]))
        entries.append(np.concatenate([ratio.below.coefficients, np.zeros(2 * k)])[None])
        low.append(np.array([d0 - ratio.below.constant]))
        high.append(np.array([d1 - ratio.below.constant]))
    groups = np.concatenate([rows.groups, int(rows.groups.max()) + 1 + np.repeat(np.arange(k), 2)]).astype(np.intp)
    most = np.concatenate([rows.most, np.ones(2 * k)])
    return Rows(np.vstack(entries), np.concatenate(low), np.concatenate(high), groups, most), Form(
        cost, asked.linear.constant
    )


def _halves(asked: Asked, box: Box, at: Array) -> list[Box]:
    """The box in two, across the ratio whose envelope is loosest at the solution."""
    n = len(asked.linear.coefficients)
    off: list[float] = []
    for i, ratio in enumerate(asked.ratios):
        r = float(at[n + 2 * i : n + 2 * i + 2] @ box.ratio[i])
        off.append(abs(ratio.above.at(at[:n]) - r * ratio.below.at(at[:n])))
    i = int(np.argmax(off)) if max(off) > 0 else int(np.argmax(np.ptp(box.below, axis=1)))
    wide = np.ptp(box.below[i]) / max(float(box.below[i, 1]), 1e-12), np.ptp(box.ratio[i])
    name = "below" if wide[0] > wide[1] else "ratio"
    ends = box.below if name == "below" else box.ratio
    middle = float(ends[i].mean())
    first, second = ends.copy(), ends.copy()
    first[i, 1], second[i, 0] = middle, middle
    return [replace(box, **{name: first}), replace(box, **{name: second})]
