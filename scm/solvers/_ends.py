"""From the values of a query's terms under every state of the roots of unknown law to the ends of the query.

A ratio of linear functions of a law takes its extremes at point masses (Charnes & Cooper 1962). So the ends over the
states of the roots are the ends over all laws where the terms add up and the same states weigh the same under the
evidence of each; elsewhere they are attained, but a mixture may pass them, and interval arithmetic says how far.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from .._finding import Status
from .._query import Contrast, Number, Query
from .._syntax import Value
from ._leaves import Leaf, align_all
from ._setting import Setting
from ._solution import AGREE, Solution

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]


def query_ends(setting: Setting, query: Query, terms: Mapping[Query, Leaf]) -> Solution:
    """The ends of `query` from the leaves of its terms, of which there is at least one."""
    leaves = dict(zip(terms, align_all(list(terms.values())), strict=True))
    some = next(iter(leaves.values()))
    own = len(some.roots)
    value = np.asarray(combine(query, {term: leaf.value for term, leaf in leaves.items()}))
    defined = np.logical_and.reduce([leaf.defined for leaf in leaves.values()])
    cells = value.ndim - defined.ndim
    mask = defined.reshape(defined.shape[:own] + (1,) * cells + defined.shape[own:]) & ~np.isnan(value)
    states = tuple(range(own))
    low, high = np.where(mask, value, np.inf), np.where(mask, value, -np.inf)
    lower, upper, ok = low.min(axis=states), high.max(axis=states), mask.any(axis=states)
    outer_lower, outer_upper = lower, upper
    linear = _linear(query, leaves)
    if own and not linear.all():
        widest = _outer(query, leaves, own)
        outer_lower = np.where(linear, lower, np.minimum(widest[0], lower))
        outer_upper = np.where(linear, upper, np.maximum(widest[1], upper))
    with np.errstate(invalid="ignore"):  # ends that are both infinite, where nothing is defined
        agree = ok & (outer_upper - outer_lower <= AGREE)
    ends = (
        lower,
        np.where(agree, lower, upper),
        np.where(agree, lower, outer_lower),
        np.where(agree, lower, outer_upper),
    )
    lower, upper, outer_lower, outer_upper = (np.where(ok, end, np.nan) for end in ends)
    row_ok = ok.reshape(-1, ok.shape[-1]).all(axis=0)
    status: list[Status] = ["ok" if x else "undefined" for x in row_ok.tolist()]
    if not own or cells or setting.rows != 1 or not row_ok[0] or agree.all():
        return Solution(lower, upper, outer_lower, outer_upper, status)
    at = [_state_at(setting, some.roots, value.shape[:own], int(k)) for k in (low.argmin(), high.argmax())]
    return Solution(lower, upper, outer_lower, outer_upper, status, *at)


def _state_at(setting: Setting, roots: tuple[str, ...], shape: tuple[int, ...], at: int) -> dict[str, Value]:
    codes = np.unravel_index(at, shape)
    return {r: setting.model.states[r][int(c)] for r, c in zip(roots, codes, strict=True)}


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
                    return np.where(np.asarray(b) == 0, np.nan, quotient)
                case _:
                    assert_never(op)
        case _:
            return values[query]


def _linear(query: Query, leaves: Mapping[Query, Leaf]) -> Bools:
    """For each row, whether the query is one ratio of linear functions of the roots' law: point masses attain its ends."""
    weights = [leaf.weight for leaf in leaves.values()]
    states = tuple(range(weights[0].ndim - 1))
    shares = [weight / np.maximum(weight.max(axis=states), np.finfo(float).tiny) for weight in weights]
    same = np.logical_and.reduce([np.abs(share - shares[0]).max(axis=states) <= AGREE for share in shares])
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


def _outer(query: Query, leaves: Mapping[Query, Leaf], own: int) -> tuple[Array, Array]:
    """Ends that no law can pass: interval arithmetic over the ends of each term."""
    match query:
        case Number(value):
            return np.asarray(value), np.asarray(value)
        case Contrast(op, left, right):
            return _interval(op, _outer(left, leaves, own), _outer(right, leaves, own))
        case _:
            value, states = leaves[query].value, tuple(range(own))
            low, high = np.where(np.isnan(value), np.inf, value), np.where(np.isnan(value), -np.inf, value)
            return low.min(axis=states), high.max(axis=states)


def _interval(op: str, left: tuple[Array, Array], right: tuple[Array, Array]) -> tuple[Array, Array]:
    """The ends of `left op right`. A term that no state defines has ends in reverse, infinite: its row is masked later."""
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
