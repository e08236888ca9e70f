"""The value of an expression without terms, for each row: what the evidence alone decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._domain import Domain, Real
from ._mixed_fold import folded
from ._syntax import Const, Expr, Placeholder, Value, Var, substitute, walk
from .mechanisms._formula import column

Columns = Mapping[str, NDArray[Any]]


def evaluated(expr: Expr, columns: Columns, domains: Mapping[str, Domain], count: int) -> NDArray[np.float64]:
    """The value of an expression without terms, shape (rows,).

    Args:
        expr: placeholders and constants.
        columns: of the placeholders.
        domains: of the placeholders.
        count: how many rows.
    """
    finite = [n for n in _open(expr) if not isinstance(domains[n], Real)]
    if not finite:
        return np.broadcast_to(_value(expr, {}, columns, domains), count).astype(np.float64)
    out = np.empty(count)
    codes = np.stack([columns[n] for n in finite], axis=1)
    distinct, which = np.unique(codes, axis=0, return_inverse=True)
    for k, found in enumerate(distinct.tolist()):
        at = np.flatnonzero(which.reshape(-1) == k)
        states = {n: _state(domains[n], code) for n, code in zip(finite, found, strict=True)}
        out[at] = _value(expr, states, {n: c[at] for n, c in columns.items()}, domains)
    return out


def _state(domain: Domain, code: int) -> Value:
    assert not isinstance(domain, Real)
    return domain[code]


def _open(expr: Expr) -> list[str]:
    return list(dict.fromkeys(node.name for node in walk(expr) if isinstance(node, Placeholder)))


def _value(
    expr: Expr, states: Mapping[str, Value], columns: Mapping[str, NDArray[Any]], domains: Mapping[str, Domain]
) -> Any:
    """The value of an expression without terms, where the finite placeholders have one state each."""

    def leaf(node: Const | Placeholder | Var) -> Expr:
        if not isinstance(node, Placeholder):
            return node
        return Const(states[node.name]) if node.name in states else Var(node.name)

    return column(folded(substitute(expr, leaf)), columns, domains, np)
