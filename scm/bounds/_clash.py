"""Limits that no law meets: a smallest set of sources that cannot hold together, and by how much.

Every limit may be missed by t, and the least such t is a linear programme that always has a solution. Its multipliers
are the Farkas certificate: a combination of limits that no law can meet, worked out again by `_linear.proved`.
Only where that proves more than rounding is there a clash.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._highs import Solver
from ._linear import ROUNDING, Form, Rows, alike, proved
from ._programme import Array, Clash, Programme

SLACK = 1e-9
"""By how much limits may be missed before they clash: probabilities are rounded."""


def clash_or_widened(programme: Programme, rows: Rows) -> Clash | Rows:
    """What clashes; or rows that are wide enough to be met, where they are missed by no more than rounding."""
    chosen = np.arange(len(rows.low))
    by, missed, weights = _missed(rows, chosen)
    if by <= SLACK:
        return rows.widened(2.0 * min(missed, SLACK) + 1e-15)
    held = {programme.limits[k].source for k in np.flatnonzero(weights)}
    for source in sorted(held):
        fewer = held - {source}
        chosen = np.array([k for k, limit in enumerate(programme.limits) if limit.source in fewer], dtype=np.intp)
        if _missed(rows, chosen)[0] > SLACK:
            held = fewer
    chosen = np.array([k for k, limit in enumerate(programme.limits) if limit.source in held], dtype=np.intp)
    return Clash(tuple(sorted(held)), _missed(rows, chosen)[0])


def _missed(rows: Rows, chosen: NDArray[np.intp]) -> tuple[float, float, Array]:
    """By how much some rows are missed at least (proved), what a law was found to miss, and the multipliers.

    Returns:
        Multipliers of all rows, zero where not chosen; their sizes add up to one.
    """
    weights = np.zeros(len(rows.low))
    if not len(chosen):
        return 0.0, 0.0, weights
    low, high = rows.low[chosen], rows.high[chosen]
    down, up = np.isfinite(low), np.isfinite(high)
    inside = rows.matrix[chosen]
    kept = np.unique(alike(inside, rows.groups), return_index=True)[1]
    inside, groups = inside[:, kept], rows.groups[kept]
    sums = np.asarray(np.arange(int(groups.max()) + 1)[:, None] == groups, dtype=float)
    slack = np.concatenate([np.ones(int(down.sum())), -np.ones(int(up.sum())), np.zeros(len(sums))])
    every = np.column_stack([np.vstack([inside[down], inside[up], sums]), slack])
    ones, least, most = np.ones(len(sums)), np.full(int(up.sum()), -np.inf), np.full(int(down.sum()), np.inf)
    solver = Solver(every, np.concatenate([low[down], least, ones]), np.concatenate([most, high[up], ones]))
    found = solver.least(np.eye(len(kept) + 1)[-1])
    if found is None:
        return 0.0, SLACK, weights
    duals = np.zeros(len(chosen))
    duals[down] += found.duals[: int(down.sum())]
    duals[up] += found.duals[int(down.sum()) : int(down.sum() + up.sum())]
    duals /= np.abs(duals).sum() or 1.0
    plain = Rows(inside, low, high, groups, np.ones(len(kept)))
    by = proved(plain, Form(np.zeros(len(kept)), 0.0), duals)
    weights[chosen] = np.where(np.abs(duals) > 1e-9, duals, 0.0)
    x = np.maximum(found.x[:-1], 0.0)
    x /= np.maximum(np.bincount(groups, weights=x), ROUNDING)[groups]
    return by, plain.missed(x), weights
