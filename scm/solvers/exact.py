"""Exact inference for finite models: every rung, any evidence, any number of worlds, by tensor-network contraction.

Balke & Pearl (1994) for twin networks, Shpitser & Pearl (2007) for merging, Gray & Kourtis (2021) for contraction
paths.
Roots of unknown law are enumerated (see `_ends`) or, where they are too many, only their support is looked at.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .._bind import replace_placeholders
from .._groups import row_groups
from .._noise import Unknown
from .._query import Contrast, Distribution, Number, Probability, Query, query_terms
from .._syntax import Const, Placeholder
from ._cells import NeedsRows
from ._ends import combine, query_ends, term_ends
from ._laws import term_leaf, term_outputs
from ._leaves import Leaf, TooManyRoots
from ._setting import DRAW, Setting, split_given
from ._solution import Solution, point
from ._weights import Kind, Planned, joint_plan, joint_weights


def solve(setting: Setting, query: Query) -> Solution:
    """The ends of `query` for every row.

    Raises:
        NeedsCoupling, TooWide, InvalidQuery: see `term_leaf`.
    """
    if not setting.rows:
        return _of_no_rows(setting, query)
    if not setting.columns:  # without a placeholder, all rows ask one thing, and it is worked out in double precision
        return _solve_group(setting, query)
    if _needs_double(setting, query):
        setting = replace(setting, execution=replace(setting.execution, precision="double"))
    parts: list[tuple[NDArray[np.intp], Solution]] = []
    for group in row_groups(query, setting.columns, setting.rows, setting.domains, setting.empty):
        here = replace(setting, columns=group.columns(setting.columns), rows=len(group.rows))
        asked = group.query(query)
        try:
            parts.append((group.rows, _solve_group(here, asked)))
        except NeedsRows:
            parts += _solve_each(here, asked, group.rows)
    return parts[0][1] if len(parts) == 1 and len(parts[0][0]) == setting.rows else _gather(parts, setting.rows)


def plans_of(setting: Setting, query: Query) -> list[tuple[Query, int, Planned | None]]:
    """The contractions that `solve` would run, nothing of them run: the term, its rows, and the plan.

    None stands for evidence that contradicts itself.

    Raises:
        NeedsCoupling, TooWide, InvalidQuery: see `term_leaf`.
    """
    found: list[tuple[Query, int, Planned | None]] = []
    for group in row_groups(query, setting.columns, setting.rows, setting.domains, setting.empty):
        here = replace(setting, columns=group.columns(setting.columns), rows=len(group.rows))
        for term in query_terms(group.query(query)):
            facts, conditions = split_given(setting.model, term.given)
            for outputs in term_outputs(here, term):
                found.append((term, len(group.rows), joint_plan(here, facts, conditions, outputs, Kind(whole=False))))
    return found


def _needs_double(setting: Setting, query: Query) -> bool:
    """Single precision cannot tell a divisor that is zero, or ends that meet, from rounding."""
    return _divides(query) or any(isinstance(noise.law, Unknown) for noise in setting.model.noises.values())


def _divides(query: Query) -> bool:
    return isinstance(query, Contrast) and (query.op == "/" or _divides(query.left) or _divides(query.right))


def _of_no_rows(setting: Setting, query: Query) -> Solution:
    of = next((term.of for term in query_terms(query) if isinstance(term, Distribution)), ())
    return point(np.zeros((*(len(setting.model.states[t.name]) for t in of), 0)), np.ones(0, bool))


def _solve_each(setting: Setting, query: Query, rows: NDArray[np.intp]) -> list[tuple[NDArray[np.intp], Solution]]:
    """Each different row with its values in the query, under all its draws."""
    names = [n for n in setting.columns if n != DRAW]
    drawn = {n: c for n, c in setting.columns.items() if n == DRAW}
    domains = [setting.domains[n] for n in names]
    table = np.stack([setting.columns[n] for n in names], axis=1)
    distinct, inverse = np.unique(table, axis=0, return_inverse=True)
    out: list[tuple[NDArray[np.intp], Solution]] = []
    for k, codes in enumerate(distinct):
        leaf: dict[Placeholder, Const | Placeholder] = {
            Placeholder(n): Const(d[int(c)]) for n, d, c in zip(names, domains, codes, strict=True)
        }
        mine = np.flatnonzero(inverse.reshape(-1) == k)
        same = rows[mine]
        asked = replace_placeholders(query, leaf)
        if drawn:
            here = replace(setting, columns={n: c[mine] for n, c in drawn.items()}, rows=len(same))
            out.append((same, _solve_group(here, asked)))
            continue
        one = _solve_group(replace(setting, columns={}, rows=1), asked)
        lower, upper, outer_lower, outer_upper = (np.repeat(end, len(same), axis=-1) for end in one.ends)
        out.append((same, Solution(lower, upper, outer_lower, outer_upper, np.repeat(one.defined, len(same)))))
    return out


def _gather(parts: list[tuple[NDArray[np.intp], Solution]], rows: int) -> Solution:
    shape = (*parts[0][1].lower.shape[:-1], rows)
    found = Solution(np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape), np.ones(rows, bool))
    for at, part in parts:
        for end, own in zip(found.ends, part.ends, strict=True):
            end[..., at] = own
        found.defined[at] = part.defined
    return found


def _solve_group(setting: Setting, query: Query) -> Solution:
    try:
        if not isinstance(query, (Contrast, Number)):
            leaf = term_leaf(setting, query)
            return term_ends(setting, query, leaf)
        leaves: dict[Query, Leaf] = {term: term_leaf(setting, term) for term in query_terms(query)}
        if not leaves:
            value = float(np.asarray(combine(query, {})))
            return point(np.full(setting.rows, value), np.full(setting.rows, np.isfinite(value)))
        return query_ends(setting, query, leaves)
    except TooManyRoots:
        decided = _by_support(setting, query)
        if decided is None:
            raise
        return decided


def _by_support(setting: Setting, query: Query) -> Solution | None:
    """A yes or no where roots are too many to enumerate: is there any state of them with, and without, the event?

    Every state of the roots gets positive weight. If the event (or its absence) then has weight zero, it is impossible
    under every law that allows the evidence. Otherwise, where nothing else is random, both ends are attained.
    """
    if not isinstance(query, Probability):
        return None
    facts, conditions = split_given(setting.model, query.given)
    outputs, rows = [(query.event, (False, True))], setting.rows
    planned = joint_plan(setting, facts, conditions, outputs, Kind(weigh_roots=True, whole=False))
    found = joint_weights(setting, facts, conditions, outputs, weigh_roots=True, exponents=False)
    if planned is None or found is None:
        return point(np.full(rows, np.nan), np.zeros(rows, bool))
    no, yes = found[0].mantissa
    decided = (no == 0) | (yes == 0)
    random = any(((f.array > 0) & (f.array < 1)).any() for f in planned.network.factors)
    if random and not decided.all():
        return None
    defined = (no + yes) > 0
    lower = np.where(defined, (no == 0).astype(float), np.nan)
    upper = np.where(defined, (yes > 0).astype(float), np.nan)
    return Solution(lower, upper, lower, upper, defined)
