"""How much narrower a query would be if one further number were known.

The further number is a limit whose ends are open: what it can be is an interval too, and for each of its values the
query has one. Where one block is unknown and the query is linear, the width as a function of the number is concave, and
the widest comes from one linear programme over two laws that both meet the limits and agree on the number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ._asked import asked_of
from ._effort import Effort
from ._linear import rows_of_limits
from ._one import solve_one
from ._polynomials import reads
from ._programme import Block, Clash, Ends, Limit, Polynomial, Programme, Ratio
from ._reduce import linked, part_of, reduced
from ._solve import solve

POINTS = 8
"""At so many values of the number the width is worked out."""
_NARROW = 1e-7


@dataclass(frozen=True)
class Narrowed:
    """What a further number would do.

    Attributes:
        lower, upper: between which ends the number itself lies.
        expected: the mean width of the query's interval, all values of the number being as likely.
        widest: the greatest width.
    """

    lower: float
    upper: float
    expected: float
    widest: float


def width(found: Ends) -> float:
    """The distance of the outer ends."""
    return max(0.0, found.upper.outer - found.lower.outer)


def narrowed(programme: Programme, source: int, effort: Effort, points: int = POINTS) -> Narrowed | Clash | None:
    """What a further number would do to the interval of the query.

    Args:
        programme: the query, with what is known and one limit on the further number.
        source: of that limit; its ends may be anything the number can be.
        effort: for each programme over several blocks.
        points: at how many values the width is worked out.

    Returns:
        None where the number is known already, or nothing ties it to the query.
    """
    part = _tied(programme, source)
    if part is None:
        return None
    at = next(k for k, limit in enumerate(part.limits) if limit.source == source)
    number = part.limits[at]
    own = solve(replace(part, query=(Ratio(1.0, number.polynomial),), floor=number.low, ceiling=number.high), effort)
    if isinstance(own, Clash):
        return own
    lower, upper = own.lower.outer, own.upper.outer
    if upper - lower < _NARROW:
        return None
    values = lower + (np.arange(points) + 0.5) / points * (upper - lower)
    widths: list[float] = []
    for value in values.tolist():
        found = solve(_with(part, at, value), effort)
        if isinstance(found, Ends):
            widths.append(width(found))
    if not widths:
        return None
    mean, most = float(np.mean(widths)), max(*widths, _widest(part, at))
    return Narrowed(lower, upper, mean if mean > _NARROW else 0.0, most if most > _NARROW else 0.0)


def _tied(programme: Programme, source: int) -> Programme | None:
    """The blocks that the query depends on, where the further number is about them."""
    less = reduced(programme).programme
    blocks, *_ = linked(less)
    if not blocks:
        return None
    part = part_of(less, blocks, less.query)
    limits = [limit for limit in part.limits if limit.source == source]
    return part if len(limits) == 1 and reads(limits[0].polynomial) else None


def _with(programme: Programme, at: int, value: float) -> Programme:
    """With the further number known."""
    limits = list(programme.limits)
    limits[at] = replace(limits[at], low=value, high=value)
    return replace(programme, limits=tuple(limits))


def _widest(part: Programme, at: int) -> float:
    """The greatest width over all values of the number; minus infinity where it is no linear programme."""
    if len(part.blocks) != 1 or asked_of(part, rows_of_limits(part.blocks[0], part.limits)).ratios:
        return -np.inf
    block, forms = part.blocks[0], len(part.blocks[0].forms)
    zeros = np.zeros_like(block.forms)
    groups = np.concatenate([block.groups, block.groups + int(block.groups.max()) + 1])
    both = Block(
        block.name,
        block.members,
        block.coordinates,
        np.concatenate([block.types, block.types]),
        np.block([[block.forms, zeros], [zeros, block.forms]]),
        groups,
        block.relaxed,
    )
    limits = [replace(x, polynomial=_of(x.polynomial, k * forms)) for k in (0, 1) for x in part.limits]
    number = part.limits[at].polynomial
    same = _minus(_of(number, 0), _of(number, forms))
    query = [
        replace(x.each(partial(_of, by=by)), weight=sign * x.weight)
        for sign, by in ((1.0, 0), (-1.0, forms))
        for x in part.query
    ]
    found = solve_one(Programme((both,), (*limits, Limit(same, 0.0, 0.0, part.limits[at].source)), tuple(query)))
    return found.upper.outer if isinstance(found, Ends) else -np.inf


def _of(polynomial: Polynomial, by: int) -> Polynomial:
    """The polynomial with other forms of the one block: so many further on."""
    return replace(polynomial, factors=np.where(polynomial.factors >= 0, polynomial.factors + by, -1))


def _minus(one: Polynomial, other: Polynomial) -> Polynomial:
    return Polynomial(
        np.concatenate([one.weights, -other.weights]), np.concatenate([one.factors, other.factors]).astype(np.intp)
    )
