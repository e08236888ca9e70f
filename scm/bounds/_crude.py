"""Ends from ranges alone: outer ends of programmes whose products are too many to relax."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ._one import solve_one
from ._polynomials import on_blocks, reads
from ._programme import Clash, Polynomial, Programme, Ratio

Range = tuple[float, float]


def crude(programme: Programme) -> Range:
    """Between which numbers the query lies whatever the products are: each form is somewhere in its own range.

    Where its condition may have probability zero, a ratio has only the ends that the signs of what is above give it.
    """
    ranges: dict[tuple[int, int], Range] = {}
    low, high = 0.0, 0.0
    for ratio in programme.query:
        above = _range(programme, ratio.above, ranges)
        below = (1.0, 1.0) if ratio.below is None else _range(programme, ratio.below, ranges)
        ends = [_quotient(a, b) * ratio.weight for a in above for b in below]
        low, high = low + min(ends), high + max(ends)
    rounding = 1e-12 * (1.0 + abs(low) + abs(high))
    return max(low - rounding, programme.floor), min(high + rounding, programme.ceiling)


def _quotient(above: float, below: float) -> float:
    if below > 0:
        return above / below
    return 0.0 if above == 0 else math.copysign(math.inf, above)


def _range(programme: Programme, polynomial: Polynomial, ranges: dict[tuple[int, int], Range]) -> Range:
    low, high = 0.0, 0.0
    for weight, factors in zip(polynomial.weights, polynomial.factors, strict=True):
        term = (float(weight), float(weight))
        for b, form in enumerate(factors):
            if form >= 0:
                key = (b, int(form))
                if key not in ranges:
                    ranges[key] = _of_form(programme, *key)
                ends = [x * y for x in term for y in ranges[key]]
                term = min(ends), max(ends)
        low, high = low + term[0], high + term[1]
    return low, high


def _of_form(programme: Programme, b: int, form: int) -> Range:
    """The range of a form by what is known of its block alone."""
    limits = tuple(
        replace(x, polynomial=on_blocks(x.polynomial, [b]))
        for x in programme.limits
        if reads(x.polynomial) == frozenset((b,))
    )
    block = programme.blocks[b]
    query = Ratio(1.0, Polynomial(np.ones(1), np.array([[form]], dtype=np.intp)))
    widest = float(block.forms[form].min()), float(block.forms[form].max())
    if len(np.unique(block.groups)) > 1:
        widest = -np.inf, np.inf
    found = solve_one(Programme((replace(block, relaxed="", apart=None),), limits, (query,)))
    if isinstance(found, Clash):
        return widest
    return max(found.lower.outer, widest[0]), min(found.upper.outer, widest[1])
