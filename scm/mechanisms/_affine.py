"""Affine formulas: which they are, and arithmetic with their coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._domain import Domain, Real
from .._evaluate import evaluate
from .._syntax import Const, Expr, Op, Placeholder, Var, terms
from ._columns import column
from ._types import Affine, Column, Columns

ONE = ""
"""Stands for the constant among the coefficients: no variable has an empty name."""


def affine_of(expr: Expr, scope: Mapping[str, Domain]) -> Affine | None:
    """`expr` as an affine function of its names, a coefficient for each; None if it is none as it is written.

    Raises:
        InvalidQuery: arithmetic of constants without a value, such as 1 / 0.
    """
    found = _coefficients(expr, scope)
    if found is None:
        return None
    return Affine(found.get(ONE, 0.0), {t.name: found.get(t.name, 0.0) for t in terms(expr)})


def _coefficients(expr: Expr, scope: Mapping[str, Domain]) -> dict[str, float] | None:
    if isinstance(expr, Placeholder) or (isinstance(expr, Const) and isinstance(expr.value, str)):
        return None
    if isinstance(expr, Var):
        domain = scope[expr.name]
        labels = not isinstance(domain, Real) and any(isinstance(s, str) for s in domain)
        return None if labels else {expr.name: 1.0}
    if not terms(expr):
        value = evaluate(expr, _none)
        return None if isinstance(value, str) else {ONE: float(value)}
    assert isinstance(expr, Op)
    if expr.op not in ("+", "neg", "*", "/"):
        return None
    parts: list[dict[str, float]] = []
    for arg in expr.args:
        part = _coefficients(arg, scope)
        if part is None:
            return None
        parts.append(part)
    return _combined(expr.op, parts)


def _none(term: Var) -> float:
    raise AssertionError(f"a constant has no {term.name}")


def _combined(op: str, parts: list[dict[str, float]]) -> dict[str, float] | None:
    first, *others = parts
    if op == "neg":
        return {name: -x for name, x in first.items()}
    for other in others:
        if op == "+":
            first = {name: first.get(name, 0.0) + other.get(name, 0.0) for name in {**first, **other}}
        elif other.keys() <= {ONE}:
            scale = other.get(ONE, 0.0)
            if op == "/" and scale == 0:
                return None
            first = {name: x / scale if op == "/" else x * scale for name, x in first.items()}
        elif op == "*" and first.keys() <= {ONE}:
            first = {name: x * first.get(ONE, 0.0) for name, x in other.items()}
        else:
            return None
    return first


def sum_of(affine: Affine, values: Columns, scope: Mapping[str, Domain], xp: Any, *, without: str) -> Column:
    """The constant and every term but one."""
    total: Column = affine.constant
    for name, c in affine.coefficients.items():
        if name != without and c != 0:
            total = total + c * column(Var(name), values, scope, xp)
    return total


def moved(
    value: Column, affine: Affine, old: Columns, new: Columns, scope: Mapping[str, Domain], names: list[str], xp: Any
) -> Column:
    """`value` plus what the affine function of `names` gains from `old` to `new`.

    Each gain is a coefficient times a difference, and never the difference of two sums: where nothing changed it is
    +0.0 exactly, however a compiler fuses multiplications with additions; and x - 0.0 is x, bit for bit.
    """
    lost: Column | None = None
    for name in names:
        c = affine.coefficients.get(name, 0.0)
        if c == 0:
            continue
        before, after = (column(Var(name), values, scope, xp) for values in (old, new))
        step = (before - after) * c if c > 0 else (after - before) * -c
        lost = step if lost is None else lost + step
    return value if lost is None else value - lost
