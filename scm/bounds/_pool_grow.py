"""Pools for programmes whose dual vertices are too many to be listed: grown from linear programmes at some of the rows.

Each programme that is solved leaves a dual vector, which bounds every row, and a basis: a few columns. Where these
columns alone meet the numbers of another row, with no weight below zero, they are a law that attains the bound there:
that row is sharp, by a proof at both sides, and needs no programme of its own. Programmes are solved at rows that are
not proved yet, until all are or the budget is spent; rows that are left have ends that hold, and may not be sharp.
"""

# SciPy has no complete types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportAssignmentType=false

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ._highs import Solver
from ._pool import Pool, Vectors, below_of, sides_of, sound
from ._programme import Array
from ._standard import Standard

SAMPLE = 4096
"""Rows that a pool is grown on."""
MOST_SOLVES = 2000
SECONDS = 20.0
NEAR = 1e-9
"""How far below zero a weight may be, and how far numbers may be missed, by rounding."""


@dataclass(frozen=True, eq=False)
class Basis:
    """Weights of a few columns as linear functions of the right-hand sides, and how far these are missed.

    Attributes:
        turn: shape (columns, rows): the weights are `turn @ right`.
        rest: shape (rows, rows): what is missed is `rest @ right`.
    """

    turn: Array
    rest: Array

    def meets(self, right: Array) -> NDArray[np.bool_]:
        """The rows of `right`, shape (batch, rows), that the columns meet."""
        held = (right @ self.turn.T).min(axis=1, initial=0.0) >= -NEAR
        held[held] = np.abs(right[held] @ self.rest.T).max(axis=1, initial=0.0) <= NEAR
        return held


@dataclass(eq=False)
class _Side:
    """One end at the rows that the pool is grown on.

    Attributes:
        cost: what is made least.
        right: all right-hand sides of each row, shape (batch, rows and groups).
        best: the best bound so far, shape (batch,).
        proved: which rows are known to be sharp.
        which: the vector that is best at each row, -1 for none yet.
        tight: of each vector, the columns that can have weight where it is the best bound.
        columns: these.
        vectors: found so far, each once.
        bases: of each; where several laws could attain a bound, one vector has several.
        place: where each vector stands.
    """

    form: Standard
    cost: Array
    right: Array
    best: Array
    proved: NDArray[np.bool_]
    which: NDArray[np.intp]
    tight: list[NDArray[np.intp]] = field(default_factory=lambda: [])
    columns: list[Array] = field(default_factory=lambda: [])
    vectors: list[Vectors] = field(default_factory=lambda: [])
    bases: list[list[Basis]] = field(default_factory=lambda: [])
    place: dict[tuple[float, ...], int] = field(default_factory=lambda: {})

    def add(self, duals: Array, x: Array) -> None:
        """The dual vector and the basis of a solution."""
        vector = sound(self.form, self.cost, duals[None, :])
        key = tuple(np.round(np.r_[vector.values[0], vector.constants], 9).tolist())
        if key not in self.place:
            self.place[key] = len(self.vectors)
            columns = with_slacks(self.form)
            self.vectors.append(vector)
            self.bases.append([])
            spare = np.r_[self.cost, np.zeros(columns.shape[1] - len(self.cost))] - duals @ columns
            self.tight.append(np.flatnonzero(np.abs(spare) <= NEAR))
            self.columns.append(columns[:, self.tight[-1]])
        k = self.place[key]
        varied = self.right[:, : self.form.varied] + self.form.shift
        value = varied @ vector.values[0] + vector.constants[0]
        self.which[value > self.best] = k
        self.best = np.maximum(self.best, value)
        weights = np.r_[x, (self.form.rows @ x - self.form.right)[~self.form.free]]  # inequalities do not vary
        self.prove(k, np.flatnonzero(weights[self.tight[k]] > NEAR))

    def prove(self, k: int, used: NDArray[np.intp]) -> None:
        """The rows that a basis of the k-th vector proves: columns with weight, and others that could have it."""
        every = np.arange(len(self.tight[k]))
        kept = independent(self.columns[k], used, np.setdiff1d(every, used))
        turn = np.asarray(np.linalg.pinv(self.columns[k][:, kept]), dtype=float)
        basis = Basis(turn, np.eye(len(turn.T)) - self.columns[k][:, kept] @ turn)
        self.bases[k].append(basis)
        leads = np.flatnonzero(~self.proved & (self.which == k))
        self.proved[leads] = basis.meets(self.right[leads])

    def settled(self, row: int) -> bool:
        """Whether the best vector so far is proved to be the best at a row: its columns alone meet the numbers."""
        from scipy.optimize import nnls  # what is listed does not need it

        k = int(self.which[row])
        if not self.proved[row] and k >= 0:
            try:
                x, missed = nnls(self.columns[k], self.right[row])
            except RuntimeError:  # too many steps
                return False
            if missed <= NEAR:
                self.prove(k, np.flatnonzero(x > NEAR))
                self.proved[row] = True
        return bool(self.proved[row])

    def pool(self) -> Vectors:
        """All vectors."""
        empty = Vectors(np.zeros((0, self.form.varied)), np.zeros(0))
        for vector in self.vectors:
            empty = empty.joined(vector)
        return empty


def with_slacks(form: Standard) -> Array:
    """All columns, and one for each inequality that takes what is over; inequalities are then equations too."""
    known = sides_of(form)
    slacks = -np.eye(len(known))[:, np.flatnonzero(~form.free)]
    return np.hstack([known, slacks])


def independent(columns: Array, first: NDArray[np.intp], then: NDArray[np.intp]) -> NDArray[np.intp]:
    """Columns that are linearly independent and span the rest: those of `first` before those of `then`."""
    from scipy.linalg import qr  # what is listed does not need it

    kept = first
    for more in (first, then):
        if not len(more):
            continue
        fixed = np.zeros(0, dtype=np.intp) if more is first else kept
        left = columns[:, more]
        if len(fixed):
            span = np.linalg.qr(columns[:, fixed])[0]
            left = left - span @ (span.T @ left)
        _, upper, order = qr(left, mode="economic", pivoting=True)
        rank = int((np.abs(np.diag(upper)) > 1e-9).sum())
        kept = np.r_[fixed, more[order[:rank]]]
    return kept


@dataclass(frozen=True, eq=False)
class Grown:
    """A pool and how it was grown.

    Attributes:
        pool: not complete.
        bases: of each vector of `pool.lower`, then of `pool.upper`.
        solves: linear programmes that were solved.
    """

    pool: Pool
    bases: tuple[list[list[Basis]], list[list[Basis]]]
    solves: int

    def proved(self, right: Array) -> NDArray[np.bool_]:
        """The rows whose ends are attained: the basis of the best vector meets their numbers, at both ends."""
        form = self.pool.standard
        every = whole_right(form, right)
        held = np.ones(len(right), dtype=bool)
        for vectors, bases, sign in zip((self.pool.lower, self.pool.upper), self.bases, (1.0, -1.0), strict=True):
            if not bases:
                return np.zeros(len(right), dtype=bool)
            best = np.argmax(sign * (right @ vectors.values.T + vectors.constants), axis=1)
            for k in np.unique(best).tolist():
                rows = np.flatnonzero(best == k)
                held[rows] &= _any_meets(bases[k], every[rows])
        return held


def _any_meets(bases: list[Basis], right: Array) -> NDArray[np.bool_]:
    """The rows that one of several bases meets."""
    met = np.zeros(len(right), dtype=bool)
    for basis in bases:
        left = np.flatnonzero(~met)
        met[left] = basis.meets(right[left])
    return met


def whole_right(form: Standard, right: Array) -> Array:
    """All right-hand sides of every row: those that vary, those that do not, and ones for the groups."""
    fixed = np.r_[form.right[form.varied :], np.ones(len(form.groups))]
    return np.hstack([right - form.shift, np.broadcast_to(fixed, (len(right), len(fixed)))])


def grown(form: Standard, right: Array, seconds: float = SECONDS, solves: int = MOST_SOLVES) -> Grown:
    """A pool that proves as many of the rows as the budget allows.

    Args:
        form: the programme.
        right: the numbers of every row, shape (batch, varied); a sample is taken of many.
        seconds: after which no further programme is solved.
        solves: most programmes.
    """
    draws = np.random.default_rng(0)
    some = draws.permutation(len(right))[:SAMPLE]
    every = whole_right(form, right[some])
    known = sides_of(form)
    solver = Solver(known, np.zeros(len(known)), np.zeros(len(known)))
    sides = [
        _Side(form, c, every, np.full(len(some), -np.inf), np.zeros(len(some), bool), np.full(len(some), -1))
        for c in (form.cost, -form.cost)
    ]
    rays: list[Vectors] = []
    high = np.where(np.r_[form.free, np.ones(len(form.groups), dtype=bool)], 0.0, np.inf)
    lost, done, end = np.zeros(len(some), dtype=bool), 0, time.monotonic() + seconds
    while done < solves and time.monotonic() < end:
        left = np.flatnonzero(~lost & ~(sides[0].proved & sides[1].proved))
        if not len(left):
            break
        row = int(left[0])
        solver.limit(every[row], every[row] + high)
        for side in sides:
            if side.settled(row):
                continue
            done += 1
            point = solver.least(side.cost)
            if point is None:
                ray = _ray(form, every[row])
                lost[row] = True
                if ray is not None:
                    rays.append(ray)
                    varied = every[:, : form.varied] + form.shift
                    lost |= varied @ ray.values[0] + ray.constants[0] > NEAR
                break
            side.add(point.duals, point.x)
            lost[row] |= not side.proved[row]  # a programme of its own did not prove it: rounding
    return _grown(form, sides, rays, done)


def _grown(form: Standard, sides: list[_Side], rays: list[Vectors], solves: int) -> Grown:
    lower, upper = sides[0].pool(), sides[1].pool()
    upper = Vectors(-upper.values, -upper.constants)
    none = Vectors(np.zeros((0, form.varied)), np.zeros(0))
    for ray in rays:
        none = none.joined(ray)
    pool = Pool(form, lower, upper, none, False, below_of(form))
    return Grown(pool, (sides[0].bases, sides[1].bases), solves)


def _ray(form: Standard, right: Array) -> Vectors | None:
    """A Farkas vector of a row that no law has: the multipliers of the least total miss."""
    known = sides_of(form)
    free = np.r_[form.free, np.ones(len(form.groups), dtype=bool)]
    size = len(known)
    over = np.eye(size)[:, free]
    solver = Solver(np.hstack([known, np.eye(size), -over]), right, np.where(free, right, np.inf))
    cost = np.r_[np.zeros(known.shape[1]), np.ones(size + over.shape[1])]
    point = solver.least(cost)
    if point is None or point.value <= NEAR:
        return None
    ray = sound(form, np.zeros(known.shape[1]), point.duals[None, :])
    top = max(np.abs(ray.values).max(initial=0.0), abs(float(ray.constants[0])), 1e-300)
    ray = Vectors(ray.values / top, ray.constants / top)
    value = float((right[: form.varied] + form.shift) @ ray.values[0] + ray.constants[0])
    return ray if value > 0 else None
