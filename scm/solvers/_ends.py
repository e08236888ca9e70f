"""From the values of a query's terms under every state of the roots of unknown law to the ends of the query.

A ratio of linear functions of a law takes its extremes at point masses (Charnes & Cooper 1962). So the ends over the
states of the roots are the ends over all laws where the terms add up and the same states weigh the same under the
evidence of each; elsewhere they are attained, but a mixture may pass them, and interval arithmetic says how far.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from .._query import Contrast, Number, Query
from .._syntax import Value
from ._leaves import Leaf, align_all
from ._setting import Setting
from ._solution import AGREE, Solution, point

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]


def query_ends(setting: Setting, query: Query, terms: Mapping[Query, Leaf]) -> Solution:
    """The ends of `query` from the leaves of its terms, of which there is at least one."""
    if not any(leaf.roots for leaf in terms.values()):
        return _point_ends(setting, query, terms)
    leaves = dict(zip(terms, align_all(list(terms.values())), strict=True))
    low, high = _by_state(query, leaves)
    _state_error(setting, query, leaves)
    states = tuple(range(len(next(iter(leaves.values())).roots)))
    lower, upper = low.min(axis=states), high.max(axis=states)
    outer_lower, outer_upper = lower, upper
    linear = _linear(query, leaves)
    if states and not linear.all():
        # A law with every state possible: where no state alone defines all terms, it still does.
        mixed = np.where(linear, np.nan, combine(query, {term: _mixture(leaf) for term, leaf in leaves.items()}))
        lower, upper = np.fmin(lower, mixed), np.fmax(upper, mixed)
        widest = _outer(query, leaves)
        outer_lower = np.where(linear, lower, np.minimum(widest[0], lower))
        outer_upper = np.where(linear, upper, np.maximum(widest[1], upper))
    ok = np.asarray(np.isfinite(lower))
    slack = AGREE * np.nanmax(
        np.asarray(_size(query, {term: leaf.value for term, leaf in leaves.items()})), axis=states, initial=0.0
    )
    with np.errstate(invalid="ignore"):  # ends that are both infinite, where nothing is defined
        agree = ok & (outer_upper - outer_lower <= slack)
        outer_lower = np.where(lower - outer_lower <= slack, lower, outer_lower)
        outer_upper = np.where(outer_upper - upper <= slack, upper, outer_upper)
    upper, outer_lower, outer_upper = (np.where(agree, lower, end) for end in (upper, outer_lower, outer_upper))
    ends: list[Array] = [np.where(ok, end, np.nan) for end in (lower, upper, outer_lower, outer_upper)]
    rows: Bools = np.asarray(ok.reshape(-1, setting.rows).all(axis=0))
    found = Solution(ends[0], ends[1], ends[2], ends[3], rows)
    if not states or lower.shape != (1,) or not ok[0] or agree[0]:
        return found
    return replace(
        found, lower_at=_state_of(setting, leaves, low, lower), upper_at=_state_of(setting, leaves, high, upper)
    )


def term_ends(setting: Setting, term: Query, leaf: Leaf) -> Solution:
    """The ends of a query that is one term."""
    record = setting.record
    scale = leaf.scale if math.isfinite(leaf.scale) else 0.0
    record.error = max(record.rounding * scale, record.rounding, record.error or 0.0)
    return _ends_of_term(setting, term, leaf) if leaf.roots else _defined(setting, leaf.value, leaf.defined)


def _ends_of_term(setting: Setting, term: Query, leaf: Leaf) -> Solution:
    """The ends of one term over the states of its roots: it is linear in their law, so point masses attain them."""
    states = tuple(range(len(leaf.roots)))
    defined = _beside(leaf.defined, leaf.value) & ~np.isnan(leaf.value)
    low: Array = np.where(defined, leaf.value, np.inf)
    high: Array = np.where(defined, leaf.value, -np.inf)
    lower: Array = low.min(axis=states)
    upper: Array = high.max(axis=states)
    ok: Bools = np.isfinite(lower)
    agree = ok & (upper - lower <= AGREE * np.maximum(np.abs(lower), np.abs(upper)))
    upper = np.where(agree, lower, upper)
    rows: Bools = np.asarray(ok.reshape(-1, setting.rows).all(axis=0))
    lower_at = upper_at = None
    if lower.shape == (1,) and ok[0] and not agree[0]:
        leaves = {term: leaf}
        lower_at, upper_at = _state_of(setting, leaves, low, lower), _state_of(setting, leaves, high, upper)
    if not ok.all():
        lower, upper = np.where(ok, lower, np.nan), np.where(ok, upper, np.nan)
    return Solution(lower, upper, lower, upper, rows, lower_at, upper_at)


def _defined(setting: Setting, value: Array, defined: Bools) -> Solution:
    rows: Bools = np.asarray(np.isfinite(value).reshape(-1, setting.rows).all(axis=0)) & defined
    return point(value if rows.all() else np.where(rows, value, np.nan), rows)


def _point_ends(setting: Setting, query: Query, leaves: Mapping[Query, Leaf]) -> Solution:
    """Without roots of unknown law, the value is both ends."""
    value = np.asarray(combine(query, {term: leaf.value for term, leaf in leaves.items()}))
    _state_error(setting, query, leaves)
    return _defined(setting, value, np.logical_and.reduce([leaf.defined for leaf in leaves.values()]))


def _state_error(setting: Setting, query: Query, leaves: Mapping[Query, Leaf]) -> None:
    """Tell the record how far rounding may have moved the value."""
    record = setting.record
    relative = record.rounding
    found = np.asarray(_error(query, leaves, {term: leaf.value for term, leaf in leaves.items()}, relative))
    largest = float(np.max(found, initial=0.0, where=np.isfinite(found)))
    record.error = max(largest, relative, record.error or 0.0)


def _error(query: Query, leaves: Mapping[Query, Leaf], values: Mapping[Query, Array], relative: float) -> Array | float:
    """Bound on the absolute error of `query` where each term is off by `relative` of its scale."""
    match query:
        case Number():
            return 0.0
        case Contrast(op, left, right):
            a, b = _error(left, leaves, values, relative), _error(right, leaves, values, relative)
            if op in ("+", "-"):
                return np.add(a, b)
            x, y = np.abs(combine(left, values)), np.abs(combine(right, values))
            if op == "*":
                return x * b + y * a + np.multiply(a, b)
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.divide(a + np.divide(x, y) * b, np.maximum(y - b, 0.0))
        case _:
            return relative * leaves[query].scale


def _size(query: Query, values: Mapping[Query, Array]) -> Array | float:
    """How large the numbers are that rounding acts on: sums instead of differences, everything positive."""
    match query:
        case Number(value):
            return abs(value)
        case Contrast("/", left, right):
            divisor = np.abs(np.asarray(combine(right, values)))
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(divisor > 0, np.divide(_size(left, values), divisor), 0.0)
        case Contrast(op, left, right):
            a, b = _size(left, values), _size(right, values)
            return np.multiply(a, b) if op == "*" else np.add(a, b)
        case _:
            return np.abs(values[query])


def _by_state(query: Query, leaves: Mapping[Query, Leaf]) -> tuple[Array, Array]:
    """The value of `query` for each state of the roots; where it has none, infinite: no minimum, no maximum."""
    value = np.asarray(combine(query, {term: leaf.value for term, leaf in leaves.items()}))
    defined = np.logical_and.reduce([_beside(leaf.defined, leaf.value) for leaf in leaves.values()])
    defined = defined & ~np.isnan(value)
    return np.where(defined, value, np.inf), np.where(defined, value, -np.inf)


def _beside(of_evidence: NDArray[Any], value: Array) -> NDArray[Any]:
    """An array over roots and rows with axes of length one for the states of a distribution."""
    cells = value.ndim - of_evidence.ndim
    return np.expand_dims(of_evidence, tuple(range(of_evidence.ndim - 1, of_evidence.ndim - 1 + cells)))


def _state_of(setting: Setting, leaves: Mapping[Query, Leaf], by_state: Array, end: Array) -> dict[str, Value] | None:
    """The state of the roots that attains an end, if one does: in `by_state`, every axis but the last is a root."""
    hits = np.argwhere(by_state[..., 0] == end[0])
    if not len(hits):
        return None
    roots = next(iter(leaves.values())).roots
    return {root: setting.model.states[root][k] for root, k in zip(roots, hits[0].tolist(), strict=True)}


def _mixture(leaf: Leaf) -> Array:
    """A term's value where every state of the roots is equally likely; NaN where the evidence has no weight in any."""
    states = tuple(range(len(leaf.roots)))
    weight = _beside(leaf.weight, leaf.value)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nansum(leaf.value * weight, axis=states) / weight.sum(axis=states)


def combine(query: Query, values: Mapping[Query, Array]) -> Array | float:
    """The value of `query` where each of its terms has a value; NaN where it divides by zero."""
    match query:
        case Number(value):
            return value
        case Contrast(op, left, right):
            a, b = combine(left, values), combine(right, values)
            match op:
                case "+":
                    return np.add(a, b)
                case "-":
                    return np.subtract(a, b)
                case "*":
                    return np.multiply(a, b)
                case "/":
                    with np.errstate(divide="ignore", invalid="ignore"):
                        quotient = np.divide(a, b)
                    zero = np.abs(np.asarray(b)) <= AGREE * np.asarray(_size(right, values))
                    return np.where(zero, np.nan, quotient)
                case _:
                    assert_never(op)
        case _:
            return values[query]


def slopes_of(query: Query, values: Mapping[Query, Array]) -> dict[Query, Array]:
    """The derivative of a contrast with respect to each of its terms, cell by cell."""
    match query:
        case Number():
            return {}
        case Contrast(op, left, right):
            a, b = np.asarray(combine(left, values)), np.asarray(combine(right, values))
            with np.errstate(divide="ignore", invalid="ignore"):
                by_left, by_right = {
                    "+": (1.0, 1.0),
                    "-": (1.0, -1.0),
                    "*": (b, a),
                    "/": (np.divide(1.0, b), -np.divide(a, b * b)),
                }[op]
                out = {term: by_left * slope for term, slope in slopes_of(left, values).items()}
                for term, slope in slopes_of(right, values).items():
                    out[term] = out.get(term, np.zeros(())) + by_right * slope
            return out
        case _:
            return {query: np.ones_like(values[query])}


def _linear(query: Query, leaves: Mapping[Query, Leaf]) -> Bools:
    """For each row, whether the query is one ratio of linear functions of the law: point masses attain its ends."""
    weights = [leaf.weight for leaf in leaves.values()]
    states = tuple(range(weights[0].ndim - 1))
    shares = [weight / np.maximum(weight.max(axis=states), np.finfo(float).tiny) for weight in weights]
    close = [np.abs(share - shares[0]) <= AGREE * np.maximum(share, shares[0]) for share in shares]
    same = np.logical_and.reduce([each.all(axis=states) for each in close])
    return same & (_degree(query) <= 1)


def _degree(query: Query) -> int:
    match query:
        case Number():
            return 0
        case Contrast("*", left, right):
            return _degree(left) + _degree(right)
        case Contrast("/", left, right):
            return _degree(left) if _degree(right) == 0 else 2
        case Contrast(_, left, right):
            return max(_degree(left), _degree(right))
        case _:
            return 1


def _outer(query: Query, leaves: Mapping[Query, Leaf]) -> tuple[Array, Array]:
    """Ends that no law can pass: interval arithmetic over the ends of each term."""
    match query:
        case Number(value):
            return np.asarray(value), np.asarray(value)
        case Contrast(op, left, right):
            return _interval(op, _outer(left, leaves), _outer(right, leaves))
        case _:
            value, states = leaves[query].value, tuple(range(len(leaves[query].roots)))
            low, high = np.where(np.isnan(value), np.inf, value), np.where(np.isnan(value), -np.inf, value)
            return low.min(axis=states), high.max(axis=states)


def _interval(op: str, left: tuple[Array, Array], right: tuple[Array, Array]) -> tuple[Array, Array]:
    """The ends of `left op right`; a term that no state defines has infinite ends, and its row is masked later."""
    (a, b), (c, d) = left, right
    with np.errstate(divide="ignore", invalid="ignore"):
        if op == "+":
            return a + c, b + d
        if op == "-":
            return a - d, b - c
        if op == "/":
            inside = (c <= 0) & (d >= 0)
            c, d = np.where(inside, -np.inf, 1 / d), np.where(inside, np.inf, 1 / c)
        corners = np.stack(np.broadcast_arrays(a * c, a * d, b * c, b * d))
    corners = np.where(np.isnan(corners), 0.0, corners)  # nothing times anything, however large, is nothing
    return corners.min(axis=0), corners.max(axis=0)
