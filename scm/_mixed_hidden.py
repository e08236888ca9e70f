"""Evidence that other evidence makes certain is left out: with X = 0, that `X * u` is 0 says nothing of its noise.

Such a value has a probability (one) where others have a density, and its mechanism cannot be solved for its noise: left
out, the rows are answered as those are in which it was not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._model import Model
from ._query import Contrast, Distribution, Expectation, Probability, Query, query_terms
from ._syntax import Const, Expr, Placeholder, Var, conjunction, conjuncts
from .mechanisms._types import Hiding
from .solvers import as_fact

Columns = Mapping[str, NDArray[Any]]
Rows = NDArray[np.intp]


def without_hidden(model: Model, query: Query, columns: Columns, count: int) -> list[tuple[Rows, Query]]:
    """Rows by which of their evidence is certain given the rest, each with the query without it.

    Args:
        model: whose mechanisms tell.
        query: with placeholders.
        columns: of the placeholders.
        count: how many rows.
    """
    found: dict[tuple[Expr, Expr], NDArray[np.bool_]] = {}
    for term in query_terms(query):
        given = term.given
        for part in conjuncts(given) if given is not None else ():
            certain = _certain(model, part, given, columns, count)
            if given is not None and certain is not None and certain.any():
                found[given, part] = certain
    if not found:
        return [(np.arange(count), query)]
    masks = np.stack(list(found.values()))
    patterns, which = np.unique(masks, axis=1, return_inverse=True)
    out: list[tuple[Rows, Query]] = []
    for k, pattern in enumerate(patterns.T):
        left = {place for place, gone in zip(found, pattern, strict=True) if gone}
        out.append((np.flatnonzero(which.reshape(-1) == k), _without(query, left)))
    return out


def _certain(model: Model, part: Expr, given: Expr | None, columns: Columns, count: int) -> NDArray[np.bool_] | None:
    """For each row, whether a part of a condition is certain given the rest; None where that cannot be."""
    facts = dict(fact for p in conjuncts(given) if (fact := as_fact(model, p)) is not None and not fact[0].world)
    fact = as_fact(model, part)
    if fact is None or fact[0].world:
        return None
    mechanism = model.columnar.get(fact[0].name)
    if not isinstance(mechanism, Hiding) or any(Var(name) not in facts for name in mechanism.parents):
        return None
    values = {name: _column(model, name, facts[Var(name)], columns, count) for name in mechanism.parents}
    seen = _column(model, fact[0].name, fact[1], columns, count)
    with np.errstate(all="ignore"):
        return np.broadcast_to(np.asarray(mechanism.hidden(seen, values, np)), (count,))


def _column(model: Model, name: str, value: Const | Placeholder, columns: Columns, count: int) -> NDArray[Any]:
    if isinstance(value, Placeholder):
        return columns[value.name]
    domain = model.domains[name]
    return np.full(count, domain.index(value.value) if isinstance(domain, tuple) else float(value.value))


def _without(query: Query, left: set[tuple[Expr, Expr]]) -> Query:
    match query:
        case Contrast(_, one, other):
            return replace(query, left=_without(one, left), right=_without(other, left))
        case Probability() | Expectation() | Distribution() if query.given is not None:
            kept = [part for part in conjuncts(query.given) if (query.given, part) not in left]
            return replace(query, given=conjunction(*kept) if kept else None)
        case _:
            return query
