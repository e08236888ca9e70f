"""One block: exact ends by linear programming.

A linear query takes one programme a side. A ratio whose condition the limits fix is linear too. Otherwise the query is
linear-fractional (Charnes & Cooper 1962), and is solved by the parametric form of Dinkelbach (1967), a few programmes
that start from each other's bases: the least `above / below` is the a at which the least `above - a below` is zero.
Such a ratio takes its ends at vertices, so they are attained also where its condition may have probability zero.

Outer ends are never the solver's word: they are worked out again from its multipliers (`_linear.proved`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from ._asked import ZERO, Asked, Quotient, ZeroCondition, asked_of
from ._clash import clash_or_widened
from ._face import Face
from ._linear import Form, Rows, alike, cheapest, rows_of_limits
from ._programme import Array, Clash, End, Ends, Programme
from ._ratio_sums import Box, branched

POSSIBLE = 1e-6
"""Where a condition may be impossible, ends are proved for laws that give it this share of the most that it can."""
_CLOSE = 1e-9
_ROUNDS = 50
_NOTHING = 1e-15
"""Below this share of the most that it can be, a condition has no probability."""
_STEPS = 30
_SHARES = (1.0, 0.9, 0.75, 0.5, 0.25, 0.1, 0.03, 0.01)


@dataclass(frozen=True, eq=False)
class Side:
    """The lower end of something.

    Attributes:
        proved: no law that meets the rows goes below.
        x: a law that meets them, the lowest that was found.
        duals: a multiplier for each row, for a linear query.
        open: where the condition may have probability zero, the one from which on `proved` holds; else 0.
        solves: how many programmes were solved.
    """

    proved: float
    x: Array
    duals: Array | None
    open: float
    solves: int


def solve_one(programme: Programme, tolerance: float = 1e-9) -> Ends | Clash:
    """Between which ends the query of a programme over one block lies.

    Where a condition may have probability zero, the ends are over the laws under which it has not; `spent` then has
    `least condition`, from which probability on the outer ends are proved.

    Args:
        programme: with one block.
        tolerance: how far apart outer and inner ends of a sharp interval may be.

    Returns:
        The ends, or what clashes.

    Raises:
        ZeroCondition: a condition of the query is impossible.
    """
    started = perf_counter()
    rows = rows_of_limits(programme.blocks[0], programme.limits)
    found = _both(programme, rows)
    if found is None:
        wider = clash_or_widened(programme, rows)
        if isinstance(wider, Clash):
            return wider
        found = _both(programme, wider)
    if found is None:
        return _unknown(programme, perf_counter() - started)
    lower, upper, spent = found
    return _ends(programme, lower, upper, tolerance, {**spent, "seconds": perf_counter() - started})


def _unknown(programme: Programme, seconds: float) -> Ends:
    """The solver found nothing, and nothing shows that there is nothing."""
    low, high = End(programme.floor, np.nan), End(programme.ceiling, np.nan)
    return Ends(low, high, sharp=False, spent={"seconds": seconds, "unsolved": 1.0})


def _both(programme: Programme, rows: Rows) -> tuple[Side, Side, dict[str, float]] | None:
    asked = asked_of(programme, rows)
    lower = lower_end(rows, asked)
    upper = None if lower is None else lower_end(rows, asked.negated())
    if lower is None or upper is None:
        return None
    spent = {"programmes": float(lower.solves + upper.solves)}
    if (least := max(lower.open, upper.open)) > 0:
        spent["least condition"] = least
    return lower, upper, spent


def lower_end(rows: Rows, asked: Asked) -> Side | None:
    """The lower end of a query; None where the solver finds no law that meets the rows."""
    sides: list[Side] = []
    for part in asked.parts():
        side = _quotient(rows, part)
        if side is None:
            return None
        sides.append(side)
    best = min(sides, key=lambda side: _known(asked.at(side.x)))
    if len(sides) > 1:
        return _sum(rows, asked, sides, _descended(rows, asked, best))
    return Side(
        sum(side.proved for side in sides) - asked.off,
        best.x,
        sides[0].duals if len(sides) == 1 and not asked.ratios else None,
        max(side.open for side in sides),
        sum(side.solves for side in sides),
    )


def _sum(rows: Rows, asked: Asked, sides: list[Side], best: Side) -> Side | None:
    """The lower end of a sum of ratios: that of its parts, and what branching adds."""
    apart = sum(side.proved for side in sides)
    least, solves = max(side.open for side in sides), sum(side.solves for side in sides)
    ranges: list[list[float]] = []
    below: list[list[float]] = []
    for ratio, side in zip(asked.ratios, sides[-len(asked.ratios) :], strict=True):
        other = _quotient(rows, Quotient(ratio.above.times(-1.0), ratio.below))
        ends = _condition(ratio.below, Face(rows, np.arange(rows.matrix.shape[1], dtype=np.intp)))
        if other is None or ends is None:
            return None
        ranges.append([side.proved, -other.proved])
        below.append([max(ends[0], side.open), ends[2]])
    box = Box(np.array(below), np.array(ranges))
    found = branched(rows, asked, box, best.x, _CLOSE)
    if found is not None:
        best, apart, solves = replace(best, x=found.x), max(apart, found.proved), solves + found.solves
    return Side(apart - asked.off, best.x, None, least, solves)


def _known(value: float) -> float:
    return np.inf if np.isnan(value) else value


def _quotient(rows: Rows, ratio: Quotient) -> Side | None:
    """The lower end of a ratio of linear forms, by Dinkelbach's iteration."""
    plain = not ratio.below.coefficients.any()
    told = rows.matrix if plain else np.vstack([rows.matrix, ratio.below.coefficients])
    face = Face(rows, cheapest(alike(told, rows.groups), ratio.above.coefficients))
    if plain:
        found = face.least(ratio.above)
        return None if found is None else Side(found.proved, found.x, found.duals, 0.0, face.solves)
    ends = _condition(ratio.below, face)
    return None if ends is None else _dinkelbach(ratio, face, *ends[:2])


def _condition(below: Form, face: Face) -> tuple[float, Array, float] | None:
    """What a condition has at least, a law that gives it the most, and what it has at most."""
    most, least = face.least(below.times(-1.0)), face.least(below)
    if most is None or least is None:
        return None
    if -most.proved <= ZERO or below.at(most.x) <= 0:
        raise ZeroCondition
    return least.proved, most.x, -most.proved


def _dinkelbach(ratio: Quotient, face: Face, least: float, start: Array) -> Side | None:
    best, a = start, ratio.at(start)
    floor = POSSIBLE * ratio.below.at(start)
    short, duals, endless = list[tuple[float, float]](), np.zeros(0), False
    for _ in range(_ROUNDS):
        found = face.least(ratio.above.plus(ratio.below.times(-a)))
        if found is None:
            return None
        duals = found.duals
        short.append((a, min(found.proved, 0.0)))
        new = _known(ratio.at(found.x))
        if new >= a:
            endless = least < floor and _endless(ratio, found.x, start)
            break
        best, a = found.x, new
    # An end that is attained where the condition is fainter than `floor` is proved for such laws too.
    under = least if ratio.below.at(best) < floor else max(least, floor)
    outer = -np.inf if endless else max(_lowest(a, by, under) for a, by in short)
    return Side(outer, best, duals, 0.0 if least >= floor else floor, face.solves)


def _lowest(a: float, short: float, under: float) -> float:
    """What a ratio is at least, `above - a below` being at least `short`, not positive, and below at least `under`."""
    if short == 0:
        return a
    return a + short / under if under > 0 else -np.inf


def _endless(ratio: Quotient, x: Array, start: Array) -> bool:
    """Whether a law has nothing below the line and less than nothing above it: beside it the ratio has no end."""
    none = ratio.below.at(x) <= _NOTHING * ratio.below.at(start)
    return none and ratio.above.at(x) < -_NOTHING * (1.0 + float(np.abs(ratio.above.coefficients).max(initial=0.0)))


def _descended(rows: Rows, asked: Asked, side: Side) -> Side:
    """A law with a lower value of several ratios: steps towards the vertex that is best for the slopes here."""
    face = Face(rows, np.arange(rows.matrix.shape[1], dtype=np.intp))
    x, value = side.x, asked.at(side.x)
    for _ in range(_STEPS):
        found = face.least(_slopes(asked, x))
        if found is None:
            break
        tried = [(1 - step) * x + step * found.x for step in _SHARES]
        values = [_known(asked.at(other)) for other in tried]
        k = int(np.argmin(values))
        if values[k] >= value - 1e-12:
            break
        x, value = tried[k], values[k]
    return Side(side.proved, x, side.duals, side.open, side.solves)


def _slopes(asked: Asked, x: Array) -> Form:
    """The derivatives of the query by the law."""
    total = asked.linear.coefficients
    for ratio in asked.ratios:
        below = ratio.below.at(x)
        if below > 0:
            slope = ratio.above.coefficients - ratio.at(x) * ratio.below.coefficients
            total = total + slope / below
    return Form(total, 0.0)


def _ends(programme: Programme, lower: Side, upper: Side, tolerance: float, spent: dict[str, float]) -> Ends:
    """Both sides as ends."""
    low = _end(programme, lower, 1.0)
    high = _end(programme, upper, -1.0)
    close = abs(low.inner - low.outer) <= tolerance and abs(high.outer - high.inner) <= tolerance
    return Ends(low, high, close and not programme.blocks[0].relaxed, spent)


def _end(programme: Programme, side: Side, sign: float) -> End:
    """A lower end, or with sign -1 an upper one: within floor and ceiling, the inner end not beyond the outer one."""
    outer = min(max(sign * side.proved, programme.floor), programme.ceiling)
    duals = None if side.duals is None else sign * side.duals
    inner = programme.at((side.x,))
    if np.isnan(inner):
        return End(outer, np.nan, duals=duals)
    inner = min(max(inner, programme.floor), programme.ceiling)
    return End(min(outer, inner) if sign > 0 else max(outer, inner), inner, (side.x,), duals)
