"""`Pool`: dual vectors of one linear programme, which bound the query for any number of right-hand sides at once.

Where only the known numbers b differ, as they do between strata, every vector that is feasible for the dual programme
gives a bound `vector @ b + constant` that holds for every b (weak duality): a pool can be too small, and then its ends
are too wide, but never wrong. It is *complete* once it holds every vertex of the dual polyhedron; then the best of its
bounds is the sharp one. Rays of the dual polyhedron (Farkas vectors) say which b belong to no law at all.

Rounding cannot make a vector unsound: what it lacks to feasibility is taken off its constant.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ._programme import Array, TooLarge
from ._standard import Standard
from ._vertices import MOST_RAYS, Whole, extreme_rays, independent_rows, null_rows, whole_rows

LARGEST_LISTED = 400
"""Most columns (merged) of a programme whose vertices are listed."""
EPSILON = float(np.finfo(float).eps)
WIDEST = 24
"""Most dimensions in which vertices are listed."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """Linear functions of the known numbers: `values @ b + constants`.

    Attributes:
        values: shape (vectors, varied).
        constants: shape (vectors,).
    """

    values: Array
    constants: Array

    def __len__(self) -> int:
        return len(self.constants)

    def joined(self, other: Vectors) -> Vectors:
        """With those of another."""
        return Vectors(np.concatenate([self.values, other.values]), np.concatenate([self.constants, other.constants]))


@dataclass(frozen=True, eq=False)
class Pool:
    """What bounds the upper part of the query for every row.

    Attributes:
        standard: the programme.
        lower: the query is at least the greatest of these.
        upper: and at most the least of these.
        rays: where one of these is above zero, no law has the row's numbers.
        complete: all vertices and rays are there: every row is sharp, and every row that no ray forbids has a law.
        below: for a query with a condition, its probability, one vector.
    bases: for a pool that is not complete, the columns at which each vector of `lower`, then `upper`, was found:
            a row is sharp where these columns alone meet its numbers.
    """

    standard: Standard
    lower: Vectors
    upper: Vectors
    rays: Vectors
    complete: bool
    below: Vectors | None = None
    bases: tuple[tuple[NDArray[np.intp], ...], tuple[NDArray[np.intp], ...]] = ((), ())


def listed(form: Standard, most: int = MOST_RAYS) -> Pool:
    """The pool of all vertices, found in whole numbers.

    Raises:
        TooLarge: there are too many of them, or too many columns.
    """
    lower, rays = _one_end(form, form.cost, most)
    upper, _ = _one_end(form, -form.cost, most)
    upper = Vectors(-upper.values, -upper.constants)
    known = sides_of(form)
    equations = np.flatnonzero(np.r_[form.free, np.ones(len(form.groups), dtype=bool)])
    for row in null_rows(whole_rows_alike(known[equations])):
        combination = np.zeros(len(known))
        combination[equations] = [float(x) for x in row]
        for sign in (1.0, -1.0):
            rays = rays.joined(folded(form, sign * combination[None, :]))
    return Pool(form, plain(lower), plain(upper), useful(scaled(rays)), True, below_of(form))


def below_of(form: Standard) -> Vectors | None:
    """The probability of the condition of the query, if it has one."""
    return None if form.below is None else folded(form, form.below[None, :])


def sides_of(form: Standard) -> Array:
    """The left sides of what is known, then of the groups."""
    return np.vstack([form.rows, form.groups])


def whole_rows_alike(rows: Array) -> Whole:
    """Rows times one common number that makes all of them whole: their linear dependences stay what they are."""
    if (rows == np.round(rows)).all():
        return rows.astype(np.int64)
    flat = whole_rows(np.concatenate([rows.ravel(), [1.0]])[None, :])[0]
    return flat[:-1].reshape(rows.shape)


def _one_end(form: Standard, cost: Array, most: int) -> tuple[Vectors, Vectors]:
    """All vertices of `{v : v @ columns <= cost}` as vectors, and all rays."""
    known = sides_of(form)
    columns, least = merged(known, cost)
    if columns.shape[1] > LARGEST_LISTED:
        raise TooLarge(f"{columns.shape[1]:,} columns; vertices are listed for at most {LARGEST_LISTED:,}")
    equations = np.r_[form.free, np.ones(len(form.groups), dtype=bool)]
    kept = np.flatnonzero(equations)[independent_rows(whole_rows_alike(columns[equations]))]
    kept = np.sort(np.r_[kept, np.flatnonzero(~equations)])
    if len(kept) >= WIDEST:
        raise TooLarge(f"{len(kept)} dimensions; vertices are listed in at most {WIDEST}")
    sides = np.hstack([-columns[kept].T, least[:, None]])
    signs = np.eye(len(kept) + 1)[np.r_[~equations[kept], True]]
    found = extreme_rays(whole_rows(np.vstack([sides, signs])), most)
    depth = found[:, -1].astype(float)
    every = np.zeros((len(found), len(known)))
    every[:, kept] = found[:, :-1].astype(float)
    proper = depth > 0
    vertices = every[proper] / depth[proper, None]
    return sound(form, cost, vertices), sound(form, np.zeros(len(cost)), every[~proper])


def merged(columns: Array, cost: Array) -> tuple[Array, Array]:
    """Columns that what is known does not tell apart as one, at the least of their costs."""
    kept, place = np.unique(columns.T, axis=0, return_inverse=True)
    least = np.full(len(kept), np.inf)
    np.minimum.at(least, place.ravel(), cost)
    return kept.T, least


def sound(form: Standard, cost: Array, vectors: Array) -> Vectors:
    """Dual vectors as functions of the numbers that vary, made feasible: what a column lacks is taken off its group.

    Args:
        form: the programme.
        cost: what the columns cost; zeros for rays.
        vectors: one a row, shape (vectors, rows and groups). Entries of inequalities are made at least zero.
    """
    known = sides_of(form)
    vectors = vectors.copy()
    inside = np.flatnonzero(~form.free)
    vectors[:, inside] = np.maximum(vectors[:, inside], 0.0)
    sides = [vectors, known, cost]
    plain = all((x == np.round(x)).all() and np.abs(x).max(initial=0.0) < 1 << 24 for x in sides)
    slack = cost - vectors @ known
    if not plain:
        slack -= (len(known) + 2) * EPSILON * (np.abs(vectors) @ np.abs(known) + np.abs(cost))
    shift = np.stack([slack[:, group > 0].min(axis=1) for group in form.groups], axis=1)
    vectors[:, len(form.rows) :] += np.minimum(shift, 0.0)
    return folded(form, vectors)


def folded(form: Standard, vectors: Array) -> Vectors:
    """What does not vary, in the constant."""
    fixed = np.r_[form.right, np.ones(len(form.groups))]
    constants = vectors[:, form.varied :] @ fixed[form.varied :]
    values = vectors[:, : form.varied]
    return Vectors(values + 0.0, constants - values @ form.shift)


def plain(vectors: Vectors) -> Vectors:
    """Each once."""
    both = np.unique(np.hstack([vectors.values, vectors.constants[:, None]]), axis=0)
    return Vectors(np.ascontiguousarray(both[:, :-1]), np.ascontiguousarray(both[:, -1]))


def scaled(vectors: Vectors) -> Vectors:
    """With a largest entry of one: what a ray says is then off by that much probability."""
    top = np.maximum(np.abs(vectors.values).max(axis=1, initial=0.0), np.abs(vectors.constants))
    kept = top > 0
    return plain(Vectors(vectors.values[kept] / top[kept, None], vectors.constants[kept] / top[kept]))


def useful(rays: Vectors) -> Vectors:
    """Without those that no numbers from 0 up can meet."""
    kept = ~((rays.values <= 0).all(axis=1) & (rays.constants <= 0))
    return Vectors(rays.values[kept], rays.constants[kept])


def with_vectors(
    pool: Pool, *, lower: Vectors | None = None, upper: Vectors | None = None, rays: Vectors | None = None
) -> Pool:
    """The pool with more of them."""
    return replace(
        pool,
        lower=pool.lower if lower is None else pool.lower.joined(lower),
        upper=pool.upper if upper is None else pool.upper.joined(upper),
        rays=pool.rays if rays is None else pool.rays.joined(rays),
    )
