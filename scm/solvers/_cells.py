"""Terms that only consistency decides: the event's cells one by one, each value put where it is read."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from .._evaluate import evaluate
from .._syntax import Const, Expr, terms
from ._job import Weights
from ._kernels import NeedsCoupling, TooWide
from ._leaves import Leaf, add_leaves, align, union_roots
from ._setting import DRAW, Fact, Setting
from ._weights import Roots, joint_weights, make_leaf, undefined_leaf

MAX_CELLS = 1 << 12
"""Most joint values of the terms that consistency is tried on one by one."""


class NeedsRows(Exception):
    """Consistency can only be tried with the values of each row put in place of the placeholders."""


def by_cells(setting: Setting, event: Expr, facts: tuple[Fact, ...], conditions: tuple[Expr, ...]) -> Leaf:
    """P(event | facts) as a sum over the joint values of its terms, each value substituted where it is read.

    Knowing the value of every term of the event can make instances equal (consistency), so that no coupling is needed.
    """
    if setting.columns.keys() - {DRAW}:
        raise NeedsRows
    total = joint_weights(setting, facts, conditions, [])
    if total is None:
        return undefined_leaf(setting)
    cells = cells_of(setting, event)
    try:
        found, flip = _sum_cells(setting, cells[True], facts, conditions, total), False
    except NeedsCoupling:
        found, flip = _sum_cells(setting, cells[False], facts, conditions, total), True
    setting.record.consistency = True
    ones = make_leaf(total[0].mantissa, total[0].mantissa, total[1], 0)
    leaf = add_leaves([(0.0, ones), (1.0, found)])
    return add_leaves([(1.0, ones), (-1.0, leaf)]) if flip else leaf


def cells_of(setting: Setting, event: Expr) -> dict[bool, list[tuple[Fact, ...]]]:
    """Joint values of the terms of `event`, those where it holds and those where it does not."""
    asked = terms(event)
    domains = [setting.model.states[t.name] for t in asked]
    if math.prod(map(len, domains)) > MAX_CELLS:
        raise TooWide(
            f"The event has {math.prod(map(len, domains)):,} joint values of its terms; "
            f"consistency is tried on at most {MAX_CELLS:,}."
        )
    cells: dict[bool, list[tuple[Fact, ...]]] = {True: [], False: []}
    for cell in itertools.product(*domains):
        values = dict(zip(asked, cell, strict=True))
        cells[bool(evaluate(event, values.__getitem__))].append(tuple((t, Const(v)) for t, v in values.items()))
    return cells


def _sum_cells(
    setting: Setting,
    cells: Sequence[tuple[Fact, ...]],
    facts: tuple[Fact, ...],
    conditions: tuple[Expr, ...],
    total: tuple[Weights, Roots],
) -> Leaf:
    base = make_leaf(total[0].mantissa, total[0].mantissa, total[1], 0)
    parts: list[tuple[float, Leaf]] = [(0.0, base)]
    for cell in cells:
        found = joint_weights(setting, (*facts, *cell), conditions, [])
        if found is None:
            continue
        weights, own = found
        scaled = np.ldexp(weights.mantissa, weights.exponent - total[0].exponent)
        part = Leaf(scaled, np.ones(scaled.shape), own.names, own.states)
        roots, states = union_roots([part, base])
        bottom = Leaf(total[0].mantissa, base.weight, base.roots, base.states)
        top, low = align(part, roots, states), align(bottom, roots, states)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(low.defined, top.value / low.value, np.nan)
        parts.append((1.0, Leaf(share, low.weight, roots, states)))
    return add_leaves(parts)
