"""Statements that cannot hold together: a smallest set of them, or none.

Every statement is held to what its printed digits leave open, under every condition that the graph says leaves it the
same. Whether some law meets all of that is one linear programme; a condition that a statement makes is held to be
possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from .._query import Contrast, Expectation, Probability
from .._statement import Correlation, Statement
from ._atoms import Array
from ._programme import best
from ._system import System
from ._terms import flat

SLACK = 1e-9
"""How far beyond their digits numbers may be: rounding of the machine."""
BROKEN = 1e-7
"""From so far off on, the programme cannot be met."""
LIKELY = 1e-3
"""A law that gives every condition this much meets the statements without further questions."""
POSSIBLE = 1e-6
"""A condition that no law gives more than this is impossible."""
STRICT = 1e-6
"""How far beyond its number a strict comparison is."""

_ENDS = {"<": (-np.inf, 0.0), "<=": (-np.inf, 0.0), ">": (0.0, np.inf), ">=": (0.0, np.inf)}

_CLOSED: dict[str, Literal["<=", ">="]] = {"<": "<=", "<=": "<=", ">": ">=", ">=": ">="}


def clashing(system: System, statements: Sequence[Statement]) -> tuple[int, ...]:
    """The positions of a smallest set of statements that cannot hold together; empty where all can."""
    for k, given in enumerate(statements):
        if isinstance(given.quantity, Probability) and _beyond(given):
            return (k,)
    rows = [_rows(system, given) for given in statements]
    kept = [k for k in range(len(statements)) if rows[k]]
    if not kept or _possible(system, [r for k in kept for r in rows[k]]):
        return ()
    for k in list(kept):
        fewer = [other for other in kept if other != k]
        if fewer and not _possible(system, [r for other in fewer for r in rows[other]]):
            kept = fewer
    return tuple(kept)


def _beyond(given: Statement) -> bool:
    low, high = _ends(given)
    return low > 1 + SLACK or high < -SLACK


def _ends(given: Statement) -> tuple[float, float]:
    """What a statement leaves open."""
    if given.relation == "=":
        return given.low, given.high
    low, high = _ENDS[given.relation]
    shift = STRICT * (given.relation == ">") - STRICT * (given.relation == "<")
    return given.value + low + shift, given.value + high + shift


def _rows(system: System, given: Statement) -> list[tuple[Array, Array | None]]:
    """Rows that are at most zero, each with the condition that must be possible."""
    low, high = _ends(given)
    if given.total is not None:
        return []
    out: list[tuple[Array, Array | None]] = []
    match given.quantity:
        case Probability() | Expectation() as quantity:
            term = flat(system.graph, quantity)
            if term is None or term.regime not in system.atoms.regimes:
                return []
            condition = system.reading.fraction(term).below
            for above, _, below in system.reading.spread(term):
                out += _between(above, below, low, high, condition)
        case Contrast(op, (Probability() | Expectation()) as left, (Probability() | Expectation()) as right):
            first, second = flat(system.graph, left), flat(system.graph, right)
            if first is None or second is None or (first.given, first.regime) != (second.given, second.regime):
                return []
            condition = system.reading.fraction(first).below
            for one, two, below in system.reading.spread(first, second):
                if op == "-":
                    out += _between(one - two, below, low, high, condition)
                elif op == "/":
                    out += _between(one, two, low, high, condition)
        case _:
            return []
    return out


def _between(above: Array, below: Array, low: float, high: float, condition: Array) -> list[tuple[Array, Array | None]]:
    """`low <= above / below <= high`, as rows that are at most zero."""
    out: list[tuple[Array, Array | None]] = []
    if np.isfinite(high):
        out.append((above - (high + SLACK) * below, condition))
    if np.isfinite(low):
        out.append(((low - SLACK) * below - above, condition))
    return out


def _possible(system: System, rows: Sequence[tuple[Array, Array | None]]) -> bool:
    """Whether some law meets every row and leaves every condition possible.

    If no law makes all conditions likely at once, each is asked about by itself: laws that each make one possible have
    a mixture that makes all of them so.
    """
    table = np.array([row for row, _ in rows])
    conditions = list({c.tobytes(): c for _, c in rows if c is not None}.values())
    if _excess(system, table, conditions, LIKELY) <= BROKEN:
        return True
    excess = _excess(system, table, [], 0.0)
    if excess > BROKEN:
        return False
    equal, ones = _totals(system)
    for condition in conditions:
        found = best(-condition, table, equal, ones, np.full(len(table), max(excess, 0.0)))
        if found is not None and -found[0] < POSSIBLE:
            return False
    return True


def _totals(system: System) -> tuple[Array, Array]:
    """That the law of each regime adds up to one."""
    equal = np.array([system.atoms.total(regime) for regime in system.atoms.regimes])
    return equal, np.ones(len(equal))


def _excess(system: System, table: Array, conditions: Sequence[Array], floor: float) -> float:
    """How far off the rows must be for some law that gives each condition the probability `floor`.

    The programme with an excess can always be met, so that a solver's word for "infeasible" is never relied on.
    """
    rows = np.vstack([table, *(-condition for condition in conditions)])
    most = np.concatenate([np.zeros(len(table)), np.full(len(conditions), -floor)])
    equal, ones = _totals(system)
    below = np.hstack([rows, -np.ones((len(rows), 1))])
    cost = np.append(np.zeros(system.atoms.size), 1.0)
    found = best(cost, below, np.hstack([equal, np.zeros((len(equal), 1))]), ones, most)
    return 0.0 if found is None else found[0]


def inequalities(system: System, statements: Sequence[Statement]) -> Array:
    """The comparisons among the statements, as rows that are at most zero; shape (rows, atoms).

    Strict ones as if they were not: an end is the number itself, though only values beside it are attained.
    """
    closed = [replace(s, relation=_CLOSED[s.relation]) for s in statements if s.relation != "="]
    rows = [row for s in closed for row, _ in _rows(system, s)]
    return np.array(rows).reshape(len(rows), system.atoms.size)


def impossible(statements: Sequence[Statement]) -> tuple[int, ...]:
    """Statements that no law meets: correlations and probabilities beyond one, in whatever worlds."""
    return tuple(k for k, s in enumerate(statements) if s.relation == "=" and _past_one(s))


def _past_one(given: Statement) -> bool:
    match given.quantity:
        case Correlation():
            return given.low > 1 or given.high < -1
        case Probability():
            return given.low > 1 or given.high < 0
        case _:
            return False
