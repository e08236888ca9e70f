"""Programmes over several blocks: both ends of the interval, from inside and from outside."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from ._apart import with_labels
from ._asked import ZeroCondition
from ._branch import Search
from ._crude import crude
from ._effort import Effort, Meter
from ._inner import Descent, explored
from ._lift import Lift
from ._one import POSSIBLE
from ._programme import Clash, End, Ends, Limit, Programme

# Limits that miss each other by less than this hold together: numbers are rounded.
_TOGETHER = 1e-9
# How much work it may take to see whether limits hold together.
_CLASH = 1.0


def solve_several(programme: Programme, effort: Effort | None = None) -> Ends | Clash:
    """Between which ends the query lies, over laws of several blocks.

    Outer ends are proved by relaxations and branching, inner ends are attained. They meet unless the effort runs out.
    Where products are more than the effort allows, outer ends are what the ranges of the forms say; `spent` then has
    `products`, how many there are.

    Where a condition may have probability zero, the ends are over the laws under which it has not; `spent` then has
    `least condition`, from which probability on the outer ends are proved.

    Raises:
        ZeroCondition: a condition of the query is impossible.
    """
    effort = Effort() if effort is None else effort
    begun, meter = time.monotonic(), effort.begun()
    lift = Lift(*with_labels(programme), meter)
    if lift.cells > effort.cells or lift.entries > effort.entries:
        return _by_ranges(lift, effort, begun)
    lower = Search(lift, 1.0, effort, meter.part(0.5))
    low = lower.run()
    upper = Search(lift, -1.0, effort, meter)
    high = None if low is None else upper.run()
    if low is None or high is None:
        return _clash(programme, effort)
    spent = {name: lower.spent[name] + upper.spent[name] for name in lower.spent}
    conditions = [below for _, below in lower.parts if below is not None]
    if any(lift.least_of(below) < POSSIBLE for below in conditions):
        spent["least condition"] = POSSIBLE
    meet = _meet(low, effort) and _meet(high, effort)
    sharp = meet and not any(block.loose for block in programme.blocks)
    return Ends(low, high, sharp, spent | {"seconds": time.monotonic() - begun})


def _meet(end: End, effort: Effort) -> bool:
    return abs(end.inner - end.outer) <= effort.tolerance


def _by_ranges(lift: Lift, effort: Effort, begun: float) -> Ends:
    """Outer ends by ranges, inner ends by descents: no relaxation."""
    low, high = crude(lift.programme)
    ends: list[End] = []
    for outer, sign in ((low, 1.0), (high, -1.0)):
        laws = explored(Descent(lift.programme, sign, lift.meter.part(0.75 - 0.25 * sign)), effort)
        inner = np.nan if laws is None else lift.programme.at(laws)
        ends.append(End(outer if laws is None else sign * min(sign * outer, sign * inner), inner, laws))
    meet = all(_meet(end, effort) for end in ends) and not any(block.loose for block in lift.programme.blocks)
    spent = {"products": float(lift.cells), "seconds": time.monotonic() - begun}
    if any(ratio.below is not None for ratio in lift.programme.query):
        spent["least condition"] = POSSIBLE
    return Ends(ends[0], ends[1], meet, spent)


def _clash(programme: Programme, effort: Effort) -> Ends | Clash:
    """By how much the limits miss each other; the ends where that is no more than rounding."""
    if any(ratio.below is not None for ratio in programme.query) and _holds(programme):
        raise ZeroCondition
    if _holds(_widened(programme, _TOGETHER)):
        by = _apart(programme, 1e-12, _TOGETHER)
        return solve_several(_widened(programme, 2.0 * by + 1e-12), effort)
    by = _apart(programme, _TOGETHER, 1.0) if effort.measure else _TOGETHER
    return Clash(tuple(sorted({limit.source for limit in programme.limits})), by)


def _holds(programme: Programme) -> bool:
    """Whether no proof was found that the limits cannot hold together."""
    lift = Lift(*with_labels(replace(programme, query=(), floor=-np.inf, ceiling=np.inf)))
    return Search(lift, 1.0, Effort(branches=200, starts=0), Meter(_CLASH)).run() is not None


def _apart(programme: Programme, low: float, high: float) -> float:
    """The number by which all limits must be widened, from below: halving finds it between two others."""
    while high > 1.01 * low:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if _holds(_widened(programme, middle)) else (middle, high)
    return low


def _widened(programme: Programme, by: float) -> Programme:
    return replace(
        programme, limits=tuple(Limit(x.polynomial, x.low - by, x.high + by, x.source) for x in programme.limits)
    )
