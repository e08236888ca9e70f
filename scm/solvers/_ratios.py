"""What a term of a query is as a function of weights: sums of ratios, each of linear functions of plans' weights.

The same cases as `_laws` and `_cells`, told instead of worked out, so that they can be differentiated.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._query import Distribution, Expectation, Probability, Term
from .._syntax import Const, Expr, Op, Value, conjunction
from ._cells import NeedsRows, cells_of
from ._kernels import NeedsCoupling
from ._laws import linear_parts, numeric_values
from ._setting import Fact, Setting, split_given
from ._weights import Planned, joint_plan

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ratio:
    """`constant + sum(coefficients * weights of tops) / (all weights of bottom)`, for each cell of a term.

    Attributes:
        constant: shape (cells,).
        tops: plans with coefficients of shape (cells, outputs...).
        bottom: a plan; None where the evidence contradicts itself.
    """

    constant: Array
    tops: tuple[tuple[Planned, Array], ...]
    bottom: Planned | None


def term_ratios(setting: Setting, term: Term) -> tuple[Ratio, ...]:
    """The ratios whose sum is the term; a distribution has one cell for each joint state, flattened.

    Raises:
        NeedsCoupling, NeedsRows, TooWide, InvalidQuery: see `term_leaf`.
    """
    facts, conditions = split_given(setting.model, term.given)
    match term:
        case Probability(event):
            return (_event(setting, event, facts, conditions),)
        case Distribution(of):
            domains = [setting.model.states[t.name] for t in of]
            outputs = list(zip(of, domains, strict=True))
            cells = list(itertools.product(*domains))
            try:
                every = np.eye(len(cells)).reshape(-1, *map(len, domains))
                return (_plain(setting, outputs, every, facts, conditions),)
            except NeedsCoupling:
                return tuple(
                    _on_cell(_by_cells(setting, _all_equal(outputs, cell), facts, conditions), k, len(cells))
                    for k, cell in enumerate(cells)
                )
        case Expectation(expr):
            found = [(c, _expected(setting, part, facts, conditions)) for c, part in linear_parts(expr)]
            return tuple(_scaled(c, ratio) for c, ratios in found for ratio in ratios)


def _plain(
    setting: Setting,
    outputs: Sequence[tuple[Expr, tuple[Value, ...]]],
    coefficients: Array,
    facts: tuple[Fact, ...],
    conditions: tuple[Expr, ...],
) -> Ratio:
    planned = joint_plan(setting, facts, conditions, outputs)
    nothing = np.zeros(len(coefficients))
    return Ratio(nothing, () if planned is None else ((planned, coefficients),), planned)


def _event(setting: Setting, event: Expr, facts: tuple[Fact, ...], conditions: tuple[Expr, ...]) -> Ratio:
    try:
        return _plain(setting, [(event, (False, True))], np.array([[0.0, 1.0]]), facts, conditions)
    except NeedsCoupling:
        return _by_cells(setting, event, facts, conditions)


def _expected(setting: Setting, expr: Expr, facts: tuple[Fact, ...], conditions: tuple[Expr, ...]) -> tuple[Ratio, ...]:
    values = numeric_values(setting, expr)
    try:
        return (_plain(setting, [(expr, values)], np.array([values], dtype=float), facts, conditions),)
    except NeedsCoupling:
        wanted = [v for v in values if v != 0] or values
        return tuple(
            _scaled(float(v), _by_cells(setting, Op("=", (expr, Const(v))), facts, conditions)) for v in wanted
        )


def _by_cells(setting: Setting, event: Expr, facts: tuple[Fact, ...], conditions: tuple[Expr, ...]) -> Ratio:
    """See `by_cells`: the event's cells one by one, or those where it does not hold."""
    if setting.columns:
        raise NeedsRows
    bottom = joint_plan(setting, facts, conditions, [])
    if bottom is None:
        return Ratio(np.zeros(1), (), None)
    cells = cells_of(setting, event)
    try:
        return Ratio(np.zeros(1), _cell_plans(setting, cells[True], 1.0, facts, conditions), bottom)
    except NeedsCoupling:
        return Ratio(np.ones(1), _cell_plans(setting, cells[False], -1.0, facts, conditions), bottom)


def _cell_plans(
    setting: Setting,
    cells: Sequence[tuple[Fact, ...]],
    sign: float,
    facts: tuple[Fact, ...],
    conditions: tuple[Expr, ...],
) -> tuple[tuple[Planned, Array], ...]:
    plans = [joint_plan(setting, (*facts, *cell), conditions, []) for cell in cells]
    return tuple((planned, np.array([sign])) for planned in plans if planned is not None)


def _all_equal(outputs: Sequence[tuple[Expr, tuple[Value, ...]]], cell: Sequence[Value]) -> Expr:
    return conjunction(*(Op("=", (t, Const(v))) for (t, _), v in zip(outputs, cell, strict=True)))


def _on_cell(ratio: Ratio, k: int, cells: int) -> Ratio:
    """A ratio of one cell as the `k`-th of so many."""
    place = np.zeros((cells, 1))
    place[k] = 1.0
    return Ratio(place @ ratio.constant, tuple((p, place @ c) for p, c in ratio.tops), ratio.bottom)


def _scaled(factor: float, ratio: Ratio) -> Ratio:
    return Ratio(factor * ratio.constant, tuple((p, factor * c) for p, c in ratio.tops), ratio.bottom)
