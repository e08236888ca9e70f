"""Conditions that statements presume to be possible, and what is divided out of their rows with them.

`P(Y=1 | X=1) = p` says that X=1 has some probability, and its row is P(Y=1, X=1) - p P(X=1) = 0. Where X has no hidden
cause in common with Y, both terms are the law of X times a form of the law of Y: the first is not zero, so that the row
speaks of the second alone. Left as it is, a law without X=1 would meet it whatever Y does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from .._query import Expectation, Probability
from .._statement import Statement
from ._known import Known
from ._programme import Limit, Polynomial, Programme, Ratio

FAINT = 1e-12
"""Weights of a row below this are rounding, where the events that it adds up weigh one."""


def presumed(statements: Sequence[Statement], first: int) -> Iterator[Known]:
    """A row without ends for each condition of a statement; `divided` takes it out again.

    Args:
        statements: of a study.
        first: the source that the first of them is.
    """
    for k, given in enumerate(statements):
        quantity = given.quantity
        if isinstance(quantity, (Probability, Expectation)) and quantity.given is not None:
            yield Known(((1.0, quantity.given),), -math.inf, math.inf, first + k)


def divided(programme: Programme) -> Programme:
    """A programme with rows divided by the probabilities that their sources presume to be positive."""
    marks = [limit for limit in programme.limits if _is_mark(limit)]
    common = {limit.source: _common(limit.polynomial) for limit in marks}
    if not marks:
        return programme
    limits = (_divided(limit, common.get(limit.source, ())) for limit in programme.limits if not _is_mark(limit))
    return replace(programme, limits=tuple(limits), presumed=tuple(marks))


def without_rounding(programme: Programme) -> Programme:
    """A programme with rows without the terms that rounding left; their ends are wider by as much.

    A ratio of 1.0000000000000002 between two numbers that are one by independence would say that both are zero.
    """
    limits = tuple(map(_without_rounding, programme.limits))
    return replace(programme, limits=tuple(x for x in limits if len(x.polynomial.weights) or not x.low <= 0 <= x.high))


def _without_rounding(limit: Limit) -> Limit:
    weights = limit.polynomial.weights
    faint = np.abs(weights) < FAINT
    if not faint.any():
        return limit
    by = float(np.abs(weights[faint]).sum())
    kept = Polynomial(weights[~faint], limit.polynomial.factors[~faint])
    return replace(limit, polynomial=kept, low=limit.low - by, high=limit.high + by)


def simpler(programme: Programme) -> Programme:
    """A programme whose ratios have no factor above and below: a form that a condition reads is not zero there."""
    return replace(programme, query=tuple(map(_simpler, programme.query)))


def _simpler(ratio: Ratio) -> Ratio:
    if ratio.below is None:
        return ratio
    above, below = ratio.above.factors.copy(), ratio.below.factors.copy()
    for block, form in _common(ratio.below):
        if (above[:, block] == form).all():
            above[:, block], below[:, block] = -1, -1
    weights = ratio.above.weights, ratio.below.weights
    return Ratio(ratio.weight, Polynomial(weights[0], above), Polynomial(weights[1], below))


def _is_mark(limit: Limit) -> bool:
    return math.isinf(limit.low) and math.isinf(limit.high)


def _common(polynomial: Polynomial) -> tuple[tuple[int, int], ...]:
    """The blocks of which every term reads the same form, each with the form."""
    factors = polynomial.factors[polynomial.weights != 0]
    if not len(factors):
        return ()
    same = (factors == factors[0]).all(axis=0) & (factors[0] >= 0)
    return tuple((int(b), int(factors[0, b])) for b in np.flatnonzero(same))


def _divided(limit: Limit, common: Iterable[tuple[int, int]]) -> Limit:
    """A row that is zero, or on one side of it, without factors that are positive."""
    if not {limit.low, limit.high} <= {0.0, -math.inf, math.inf}:
        return limit
    factors = limit.polynomial.factors.copy()
    for block, form in common:
        if (factors[:, block] == form).all():
            factors[:, block] = -1
    return replace(limit, polynomial=Polynomial(limit.polynomial.weights, factors))
