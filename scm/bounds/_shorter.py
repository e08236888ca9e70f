"""Dual vectors written in few terms: what always adds up to zero among known numbers is added or taken off.

The numbers of a law add up to one, so `P(X=0) - 1` and `-P(X=1)` are the same; printed is the shorter one. Of all ways
to write a vector that with the least sum of sizes of coefficients is taken (a constant counts a little more, so that
there is none where it is not needed): this gives the formulas of Balke & Pearl (1997) as they printed them.
"""

from __future__ import annotations

import numpy as np

from ._highs import Solver
from ._pool import Pool, Vectors, folded, plain, sides_of, useful, whole_rows_alike
from ._programme import Array
from ._standard import Standard
from ._vertices import null_rows

CONSTANT = 1.001
"""What a constant counts beside a term."""
EARLIER = 1e-7
"""By how much a later term counts more: of two equally short ways the one with the earlier terms is taken."""
SAME = 1e-9


def vanishing(form: Standard) -> Array:
    """Combinations of the known numbers and 1 that are zero for every law, shape (combinations, varied + 1)."""
    equations = np.flatnonzero(np.r_[form.free, np.ones(len(form.groups), dtype=bool)])
    known = sides_of(form)
    found = null_rows(whole_rows_alike(known[equations]))
    rows = np.zeros((len(found), len(known)))
    for row, fractions in zip(rows, found, strict=True):
        row[equations] = [float(x) for x in fractions]
    vectors = folded(form, rows)
    return np.hstack([vectors.values, vectors.constants[:, None]])


def shorter(vectors: Vectors, zero: Array) -> Vectors:
    """The same functions of all numbers that laws can have, in fewer terms.

    Args:
        vectors: linear functions of the known numbers.
        zero: see `vanishing`.
    """
    count, size = zero.shape
    if not count or not len(vectors):
        return vectors
    weights = np.r_[1.0 + EARLIER * np.arange(size - 1), CONSTANT]
    turn = np.vstack([np.hstack([zero.T, -zero.T, np.eye(size)]), np.hstack([-zero.T, zero.T, np.eye(size)])])
    cost = np.r_[np.zeros(2 * count), weights]
    # x = (what is added, twice, as it has no sign; sizes), sizes >= v + x zero and >= -(v + x zero)
    turn[:size, : 2 * count] *= -1.0
    turn[size:, : 2 * count] *= -1.0
    top = np.full(len(turn), np.inf)
    solver = Solver(turn, np.zeros(len(turn)), top)
    made: list[Array] = []
    for row in np.hstack([vectors.values, vectors.constants[:, None]]):
        solver.limit(np.r_[row, -row], top)
        point = solver.least(cost)
        made.append(row if point is None else _tidy(row, (point.x[:count] - point.x[count : 2 * count]), zero))
    both = np.array(made)
    return plain(Vectors(both[:, :-1], both[:, -1]))


def _tidy(row: Array, added: Array, zero: Array) -> Array:
    """`row + added @ zero` with what is added as plain fractions."""
    exact = np.round(added * 5040) / 5040
    if np.abs(exact - added).max() > SAME:
        return row
    out = row + exact @ zero
    near = np.round(out * 5040) / 5040
    return np.where(np.abs(near - out) <= 1e-13, near, out) + 0.0


def tidied(pool: Pool) -> Pool:
    """The pool with all vectors in few terms, without rays that no probabilities can meet."""
    zero = vanishing(pool.standard)
    rays = useful(shorter(pool.rays, zero))
    below = None if pool.below is None else shorter(pool.below, zero)
    lower, upper = shorter(pool.lower, zero), shorter(pool.upper, zero)
    return Pool(pool.standard, lower, upper, rays, pool.complete, below, pool.bases)
