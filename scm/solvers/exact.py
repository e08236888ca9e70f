"""Exact inference for finite models: every rung, any evidence, any number of worlds, by tensor-network contraction.

Balke & Pearl (1994) for twin networks, Shpitser & Pearl (2007) for merging, Gray & Kourtis (2021) for contraction paths.
Roots of unknown law are enumerated: a ratio of linear functions of a law takes its extremes at point masses, so the ends
found are attained, and sharp for a single condition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from .._answer import Interval, Status
from .._query import Contrast, Number, Probability, Query, map_query, query_terms
from .._rows import row_groups
from .._syntax import Const, Placeholder, Value
from ._laws import Leaf, NeedsRows, Setting, TooManyRoots, align, joint_weights, split_given, term_leaf, union_roots

Array = NDArray[np.float64]

AGREE = 1e-12
"""Ends closer than this are one answer."""


@dataclass
class Solution:
    """Ends for every cell and row; equal ends are a value."""

    lower: Array
    upper: Array
    outer_lower: Array
    outer_upper: Array
    status: list[Status]
    lower_at: Mapping[str, Value] | None = None
    upper_at: Mapping[str, Value] | None = None


def solve(setting: Setting, query: Query) -> Solution:
    """The ends of `query` for every row.

    Raises:
        NeedsCoupling, TooWide, InvalidQuery: see `term_leaf`.
    """
    parts: list[tuple[NDArray[np.intp], Solution]] = []
    for group in row_groups(query, setting.columns, setting.rows, setting.domains):
        columns = {n: c[group.rows] for n, c in setting.columns.items() if Placeholder(n) not in group.replace}
        here = replace(setting, columns=columns, rows=len(group.rows))
        asked = map_query(query, group.replace, {})
        try:
            parts.append((group.rows, _solve_group(here, asked)))
        except NeedsRows:
            parts += _solve_each(setting, query, group.rows)
    return parts[0][1] if len(parts) == 1 and len(parts[0][0]) == setting.rows else _gather(parts, setting.rows)


def _solve_each(setting: Setting, query: Query, rows: NDArray[np.intp]) -> list[tuple[NDArray[np.intp], Solution]]:
    """Each different row with its values in the query."""
    names = list(setting.columns)
    domains = [setting.domains[n] for n in names]
    table = np.stack([setting.columns[n][rows] for n in names], axis=1)
    distinct, inverse = np.unique(table, axis=0, return_inverse=True)
    out: list[tuple[NDArray[np.intp], Solution]] = []
    for k, codes in enumerate(distinct):
        leaf: dict[Placeholder, Const | Placeholder] = {
            Placeholder(n): Const(d[int(c)]) for n, d, c in zip(names, domains, codes, strict=True)
        }
        same = rows[inverse.reshape(-1) == k]
        one = _solve_group(replace(setting, columns={}, rows=1), map_query(query, leaf, {}))
        ends = [np.repeat(end, len(same), axis=-1) for end in (one.lower, one.upper, one.outer_lower, one.outer_upper)]
        out.append((same, Solution(*ends, one.status * len(same))))
    return out


def _gather(parts: list[tuple[NDArray[np.intp], Solution]], rows: int) -> Solution:
    shape = (*parts[0][1].lower.shape[:-1], rows)
    ends = [np.empty(shape) for _ in range(4)]
    status: list[Status] = ["ok"] * rows
    for at, part in parts:
        for end, own in zip(ends, (part.lower, part.upper, part.outer_lower, part.outer_upper), strict=True):
            end[..., at] = own
        for i, s in zip(at, part.status, strict=True):
            status[int(i)] = s
    return Solution(*ends, status)


def _solve_group(setting: Setting, query: Query) -> Solution:
    leaves: dict[Query, Leaf] = {}
    try:
        for term in query_terms(query):
            leaves[term] = term_leaf(setting, term)
        roots, states = union_roots(list(leaves.values()))
    except TooManyRoots:
        decided = _by_support(setting, query)
        if decided is None:
            raise
        return decided
    if not leaves:
        value = np.full(setting.rows, _number(query))
        return Solution(value, value, value, value, ["ok"] * setting.rows)
    spread = {term: align(leaf, roots, states) for term, leaf in leaves.items()}
    defined = np.logical_and.reduce([leaf.defined for leaf in spread.values()])
    value = np.asarray(_combine(query, {t: leaf.value for t, leaf in spread.items()}))
    return _ends(setting, query, spread, value, defined, roots)


def _number(query: Query) -> float:
    return float(np.asarray(_combine(query, {})))


def _combine(query: Query, values: Mapping[Query, Array]) -> Array | float:
    match query:
        case Number(value):
            return value
        case Contrast(op, left, right):
            a, b = _combine(left, values), _combine(right, values)
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


def _ends(
    setting: Setting,
    query: Query,
    leaves: Mapping[Query, Leaf],
    value: Array,
    defined: NDArray[np.bool_],
    roots: tuple[str, ...],
) -> Solution:
    own = len(roots)
    cells = value.ndim - defined.ndim
    mask = defined.reshape(defined.shape[:own] + (1,) * cells + defined.shape[own:]) & ~np.isnan(value)
    flat, allowed = (
        value.reshape(-1, *value.shape[own:]),
        np.broadcast_to(mask, value.shape).reshape(-1, *value.shape[own:]),
    )
    low, high = np.where(allowed, flat, np.inf), np.where(allowed, flat, -np.inf)
    lower, upper = low.min(axis=0), high.max(axis=0)
    ok = allowed.any(axis=0)
    agree = ok & (upper - lower <= AGREE)
    upper = np.where(agree, lower, upper)
    lower, upper = np.where(ok, lower, np.nan), np.where(ok, upper, np.nan)
    row_ok = ok.reshape(-1, ok.shape[-1]).all(axis=0)
    status: list[Status] = ["ok" if x else "undefined" for x in row_ok]
    outer = (lower, upper)
    if own and not agree.all() and not _linear(query):
        outer = _outer(query, leaves, own)
        outer = np.where(agree, lower, np.minimum(outer[0], lower)), np.where(agree, upper, np.maximum(outer[1], upper))
    found = Solution(lower, upper, *outer, status)
    if own and value.ndim == own + 1 and setting.rows == 1 and row_ok[0] and not agree.all():
        found.lower_at = _state_at(setting, roots, value.shape[:own], int(low[:, 0].argmin()))
        found.upper_at = _state_at(setting, roots, value.shape[:own], int(high[:, 0].argmax()))
    return found


def _state_at(setting: Setting, roots: tuple[str, ...], shape: tuple[int, ...], at: int) -> dict[str, Value]:
    codes = np.unravel_index(at, shape)
    return {r: setting.model.states[r][int(c)] for r, c in zip(roots, codes, strict=True)}


def _linear(query: Query) -> bool:
    """Whether the query is linear in the law of the roots given one condition: then point masses attain the ends."""
    given = {term.given for term in query_terms(query)}
    return len(given) <= 1 and _degree(query) <= 1


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
    axes = tuple(range(own))
    match query:
        case Number(value):
            return np.asarray(value), np.asarray(value)
        case Contrast(op, left, right):
            (a, b), (c, d) = _outer(left, leaves, own), _outer(right, leaves, own)
            if op == "+":
                return a + c, b + d
            if op == "-":
                return a - d, b - c
            if op == "/":
                inside = (c <= 0) & (d >= 0)
                with np.errstate(divide="ignore"):
                    c, d = np.where(inside, -np.inf, 1 / d), np.where(inside, np.inf, 1 / c)
            corners = np.stack(np.broadcast_arrays(a * c, a * d, b * c, b * d))
            return np.nanmin(corners, axis=0), np.nanmax(corners, axis=0)
        case _:
            value = leaves[query].value
            low, high = np.where(np.isnan(value), np.inf, value), np.where(np.isnan(value), -np.inf, value)
            return low.min(axis=axes), high.max(axis=axes)


def _by_support(setting: Setting, query: Query) -> Solution | None:
    """A yes or no where roots are too many to enumerate: is there any state of them with, and without, the event?

    Every state of the roots gets positive weight. If the event (or its absence) then has weight zero, it is impossible
    under every law that allows the evidence. Otherwise, where nothing else is random, both ends are attained.
    """
    if not isinstance(query, Probability):
        return None
    facts, conditions = split_given(setting.model, query.given)
    found = joint_weights(setting, facts, conditions, [(query.event, (False, True))], weigh_roots=True)
    rows = setting.rows
    if found is None:
        nan = np.full(rows, np.nan)
        return Solution(nan, nan, nan, nan, ["undefined"] * rows)
    weights, network = found
    no, yes = weights.mantissa
    decided = (no == 0) | (yes == 0)
    random = any(((f.array > 0) & (f.array < 1)).any() for f in network.factors)
    if random and not decided.all():
        return None
    defined = (no + yes) > 0
    lower = np.where(defined, (no == 0).astype(float), np.nan)
    upper = np.where(defined, (yes > 0).astype(float), np.nan)
    status: list[Status] = ["ok" if d else "undefined" for d in defined]
    return Solution(lower, upper, lower, upper, status)


def sharp(solution: Solution) -> bool:
    """Whether inner and outer ends are the same everywhere."""
    ok = ~np.isnan(solution.lower)
    return bool(
        np.all(np.abs(solution.outer_lower - solution.lower)[ok] <= AGREE)
        and np.all(np.abs(solution.outer_upper - solution.upper)[ok] <= AGREE)
    )


def interval(solution: Solution, shape: Callable[[Array], float | Array]) -> Interval:
    """The ends as an `Interval`, each through `shape` (a function from arrays to what the answer holds)."""
    return Interval(
        shape(solution.lower), shape(solution.upper), shape(solution.outer_lower), shape(solution.outer_upper),
        sharp(solution), solution.lower_at, solution.upper_at,
    )  # fmt: skip


__all__ = ["Solution", "interval", "sharp", "solve"]
