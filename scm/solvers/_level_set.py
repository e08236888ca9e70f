"""Moving the laws of hidden causes so that what is available stays as it is and the query changes.

All available laws and both parts of every term are linear in the law of one hidden cause, or in the table of one
variable, and multilinear in all of them. Directions are found in the null space of the available laws, scaled by the
laws themselves (affine scaling), so that a step never leaves the simplex. One block of laws at a time is exact; all at
once is corrected by Gauss-Newton steps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._query import Contrast, Expectation, Number, Probability, Query, Term, query_terms
from .._syntax import World, conjuncts
from ._noise_model import Laws, NoiseModel, Unsupported, together

Array: TypeAlias = NDArray[np.float64]
Context: TypeAlias = tuple[tuple[str, ...], World]
"""The joint law of some variables in a world."""

AGREE = 1e-13
"""How near the available laws of two models must be: rounding of sums of products below one."""
REACH = 0.9
"""The share of the way to the end of a law's simplex that one step goes: all probabilities stay positive."""
STEPS = 4
LITTLE = 1e-4
"""A step that changes the query by less is the last one."""
SMALLEST = 1e-4
"""Least probability of a state of a hidden cause."""
ROUNDING = 1e-12
"""Slopes below this are none."""
SLIGHT = 1e-9
"""Singular values below this, relative to the largest, are taken for zero."""


@dataclass(frozen=True, eq=False)
class View:
    """One law, or one term, at every place.

    Attributes:
        parts: of an available law, the cell; of a term, what is averaged, then the condition.
        count: how many cells.
        rows: under which row of its table each variable drew that matters here.
    """

    parts: tuple[NDArray[Any], ...]
    count: int
    rows: Mapping[int, NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class Level:
    """What must stay and what should change.

    Attributes:
        model: the mechanisms, with the laws to start from.
        known: the available laws.
        terms: of the query.
        query: made of these terms.
    """

    model: NoiseModel
    known: tuple[View, ...]
    terms: Mapping[Term, View]
    query: Query

    @classmethod
    def of(cls, model: NoiseModel, contexts: Sequence[Context], query: Query) -> Level:
        """Lay out a model, what is available of it, and the query.

        Raises:
            Unsupported: the query says something that cannot be laid out.
        """
        states = model.shape.states
        known: list[View] = []
        for names, world in contexts:
            seen = model.cell(names, world)
            known.append(View((seen.codes,), math.prod(len(states[v]) for v in names), seen.rows))
        return cls(model, tuple(known), {term: _term(model, term) for term in query_terms(query)}, query)

    def available(self, laws: Laws) -> Array:
        """Every available probability, one after the other."""
        found: list[Array] = [np.zeros(0)]
        for view in self.known:
            weights = self.model.weights(laws, view.rows)
            found.append(np.bincount(view.parts[0], weights, view.count).astype(np.float64))
        return np.concatenate(found)

    def answer(self, laws: Laws) -> float:
        """The value of the query; NaN where a condition has probability zero."""
        return _fold(self.query, {term: self._moments(laws, view) for term, view in self.terms.items()})[0]

    def _moments(self, laws: Laws, view: View) -> tuple[float, float]:
        weights = self.model.weights(laws, view.rows)
        return float(view.parts[0] @ weights), float(view.parts[1] @ weights)

    def known_slopes(self, laws: Laws) -> list[Array]:
        """Of every available probability (one row each) by each probability in each block of laws."""
        found = [[np.zeros((0, law.size))] for law in laws]
        for view in self.known:
            weights = self.model.weights(laws, view.rows)
            for rows, law, entry in zip(found, laws, self._entries(laws, view), strict=True):
                if entry is None:
                    rows.append(np.zeros((view.count, law.size)))
                    continue
                cell = view.parts[0] * law.size + entry
                sums = np.bincount(cell, weights / law.reshape(-1)[entry], view.count * law.size)
                rows.append(sums.reshape(view.count, law.size).astype(np.float64))
        return [np.concatenate(rows) for rows in found]

    def asked_slopes(self, laws: Laws) -> list[Array] | None:
        """Of the query by each probability in each block of laws; None where the query is not defined."""
        found = [np.zeros(law.size) for law in laws]
        values = {term: self._moments(laws, view) for term, view in self.terms.items()}
        if not all(below > 0 for _, below in values.values()):
            return None
        for term, view in self.terms.items():
            top, below = values[term]
            change = _fold(self.query, values, term)[1] * (view.parts[0] * below - view.parts[1] * top) / below**2
            change = change * self.model.weights(laws, view.rows)
            for slope, law, entry in zip(found, laws, self._entries(laws, view), strict=True):
                if entry is not None:
                    slope += np.bincount(entry, change / law.reshape(-1)[entry], law.size)
        return found

    def _entries(self, laws: Laws, view: View) -> list[NDArray[np.intp] | None]:
        """At every place the entry of each block that its weight has as a factor; None where that does not matter."""
        found: list[NDArray[np.intp] | None] = []
        for i, law in enumerate(laws):
            if len(law) == 1:
                found.append(self.model.draws[i])
            else:
                rows = view.rows.get(i)
                found.append(None if rows is None else rows * law.shape[1] + self.model.draws[i])
        return found


def _term(model: NoiseModel, term: Term) -> View:
    asked, given = np.ones(model.places), np.ones(model.places)
    rows: list[Mapping[int, NDArray[np.intp]]] = []
    event = term.event if isinstance(term, Probability) else term.expr if isinstance(term, Expectation) else None
    if event is None:
        raise Unsupported("a distribution")
    for part in conjuncts(term.given):
        seen, used = model.expression(part)
        given = given * seen
        rows.append(used)
    for part in conjuncts(event) if isinstance(term, Probability) else (event,):
        seen, used = model.expression(part)
        asked = asked * seen
        rows.append(used)
    return View((asked * given, given), 2, together(rows))


def _fold(query: Query, values: Mapping[Term, tuple[float, float]], by: Term | None = None) -> tuple[float, float]:
    """The value of a query from the parts of its terms, and its derivative by the value of one term."""
    match query:
        case Number(value):
            return value, 0.0
        case Contrast(op, left, right):
            (a, da), (b, db) = _fold(left, values, by), _fold(right, values, by)
            match op:
                case "+":
                    return a + b, da + db
                case "-":
                    return a - b, da - db
                case "*":
                    return a * b, da * b + a * db
                case "/":
                    return (a / b, (da * b - a * db) / b**2) if b else (math.nan, math.nan)
        case _:
            top, below = values[query]
            return (top / below if below > 0 else math.nan), float(query == by)


# ---------------------------------------------------------------------------------------------------------------------
# Moves


@dataclass(frozen=True, eq=False)
class Move:
    """A change of the laws of some hidden causes, in proportion to each probability, along which the query grows."""

    which: tuple[int, ...]
    factors: tuple[Array, ...]
    gain: float

    def far(self, laws: Laws, share: float) -> Laws:
        """The laws after going this share (negative: backwards) of the way to where a probability would be zero."""
        lowest = max(float((-np.sign(share) * f).max()) for f in self.factors)
        step = share / lowest
        moved = list(laws)
        for i, factor in zip(self.which, self.factors, strict=True):
            law = laws[i] * (1 + step * factor)
            moved[i] = law / law.sum(axis=1, keepdims=True)
        return tuple(moved)


def best_move(level: Level, laws: Laws, jointly: bool) -> Move | None:
    """The move along which the query changes most: of one block, or of all `jointly`; None where none does."""
    asked = level.asked_slopes(laws)
    if asked is None:
        return None
    known = level.known_slopes(laws)
    groups = [tuple(range(len(laws)))] if jointly else [(i,) for i in range(len(laws))]
    moves = [move for group in groups if (move := _move(laws, group, known, asked)) is not None]
    return max(moves, key=lambda move: move.gain, default=None)


def _move(laws: Laws, which: tuple[int, ...], known: list[Array], asked: list[Array]) -> Move | None:
    own = [laws[i] for i in which]
    slope = _flat([asked[i] for i in which])
    if not np.isfinite(slope).all() or not slope.any():
        return None
    factor = np.concatenate([_scaled(asked[i][None], laws[i]) for i in which], axis=1)[0]
    rows = np.concatenate([_scaled(known[i], laws[i]) for i in which], axis=1)
    _, sizes, basis = np.linalg.svd(rows, full_matrices=False)
    kept = basis[sizes > np.maximum(ROUNDING, SLIGHT * sizes[:1])]
    for _ in range(2):  # the second time takes away what rounding left
        factor = factor - kept.T @ (kept @ factor)
    largest = float(np.abs(factor).max())
    if largest <= max(ROUNDING, 1e-7 * np.abs(slope * _flat(own)).max()):
        return None
    return Move(which, _split(factor, own), float(factor @ (slope * _flat(own))) / largest)


def _scaled(slopes: Array, law: Array) -> Array:
    """Slopes by changes in proportion to each probability, without what would change the sum of a law."""
    wide = slopes.reshape(len(slopes), *law.shape) * law
    unit = law / np.sqrt((law**2).sum(axis=1, keepdims=True))
    return (wide - (wide * unit).sum(axis=2, keepdims=True) * unit).reshape(len(slopes), law.size)


def corrected(level: Level, laws: Laws, wanted: Array) -> Laws | None:
    """The nearest laws found whose available probabilities are `wanted` (Gauss-Newton); None where there are none."""
    for _ in range(12):
        off = level.available(laws) - wanted
        if np.abs(off).max(initial=0.0) <= AGREE:
            return laws
        rows = [_scaled(rows, law) for rows, law in zip(level.known_slopes(laws), laws, strict=True)]
        factor: Array = np.linalg.lstsq(np.concatenate(rows, axis=1), off, rcond=SLIGHT)[0].astype(np.float64)
        if not np.isfinite(factor).all() or factor.max() >= 1:
            return None
        parts = [law * (1 - part) for law, part in zip(laws, _split(factor, laws), strict=True)]
        laws = tuple(part / part.sum(axis=1, keepdims=True) for part in parts)
    return None


def _flat(parts: Sequence[Array]) -> Array:
    return np.concatenate([part.reshape(-1) for part in parts])


def _split(flat: Array, like: Sequence[Array]) -> Laws:
    parts = np.split(flat, np.cumsum([law.size for law in like])[:-1])
    return tuple(part.reshape(law.shape) for part, law in zip(parts, like, strict=True))


# ---------------------------------------------------------------------------------------------------------------------
# Both ends


@dataclass(frozen=True, eq=False)
class Ends:
    """Laws of one model's hidden causes under which a query is low and high, and all that is available the same."""

    query: Query
    model: NoiseModel
    low: Laws
    high: Laws
    apart: float


def ends_of(model: NoiseModel, contexts: Sequence[Context], query: Query, until: float) -> Ends | None:
    """Move a model's laws both ways along its level set; None where nothing changes the query.

    Args:
        model: the mechanisms, and laws to start from.
        contexts: the joint laws that stay.
        query: of one number.
        until: when to stop with what there is, on the clock of `time.monotonic`.

    Raises:
        Unsupported: the query says something that cannot be laid out.
    """
    level = Level.of(model, contexts, query)
    jointly = best_move(level, model.laws, False) is None
    if jointly and best_move(level, model.laws, True) is None:
        return None
    wanted = level.available(model.laws)
    low, high = (_climb(level, wanted, jointly, sign, until) for sign in (-1, 1))
    values = [level.answer(laws) for laws in (low, high)]
    return Ends(query, model, low, high, values[1] - values[0])


def _climb(level: Level, wanted: Array, jointly: bool, sign: int, until: float) -> Laws:
    """The laws after some steps along which the query grows (`sign` 1) or falls (-1)."""
    laws = level.model.laws
    value = level.answer(laws)
    for _ in range(STEPS):
        if time.monotonic() > until:
            break
        move = best_move(level, laws, jointly)
        new = None if move is None else _step(level, laws, wanted, move, sign)
        if new is None:
            break
        found = level.answer(new)
        if not sign * (found - value) > LITTLE:
            break
        laws, value = new, found
    return laws


def _step(level: Level, laws: Laws, wanted: Array, move: Move, sign: int) -> Laws | None:
    share = REACH
    for _ in range(6):
        found = corrected(level, move.far(laws, sign * share), wanted)
        if found is not None and min(law.min() for law in found) > SMALLEST:
            return found
        share /= 2
    return None
