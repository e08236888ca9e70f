"""Interval arithmetic: between which ends a part of a formula lies, whatever its variables are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

from .._domain import Domain, Real
from .._syntax import BOOLEAN_OPERATORS, Const, Expr, Op, Var

Range: TypeAlias = tuple[float, float]
"""The lower and the upper end, infinite where there is none."""
ALL: Range = (-math.inf, math.inf)


def range_of(expr: Expr, scope: Mapping[str, Domain]) -> Range:
    """Ends between which `expr` lies wherever it is a number; not always the closest."""
    match expr:
        case Const(value):
            return ALL if isinstance(value, str) else (float(value), float(value))
        case Var(name):
            domain = scope[name]
            if isinstance(domain, Real):
                return domain.lower, domain.upper
            found = [float(s) for s in domain if not isinstance(s, str)]
            return (min(found), max(found)) if len(found) == len(domain) else ALL
        case Op(op, _) if op in BOOLEAN_OPERATORS:
            return 0.0, 1.0
        case Op("if", (_, then, other)):
            (a, b), (c, d) = range_of(then, scope), range_of(other, scope)
            return min(a, c), max(b, d)
        case Op(op, args) if op in _FOLDS:
            found = range_of(args[0], scope)
            for arg in args[1:]:
                found = _FOLDS[op](found, range_of(arg, scope))
            return found
        case Op(op, args) if op in _FUNCTIONS:
            return _FUNCTIONS[op](range_of(args[0], scope))
        case _:
            return ALL


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b  # an end that is never reached, however often nothing


def _product(one: Range, other: Range) -> Range:
    ends = [_times(a, b) for a in one for b in other]
    return min(ends), max(ends)


def _quotient(one: Range, other: Range) -> Range:
    low, high = other
    if low < 0 < high:
        return ALL
    # At zero itself there is no quotient; beside it, one without end.
    turned = (
        1 / high if high else -math.inf,
        1 / low if low else math.inf,
    )
    return _product(one, turned)


def _power(base: Range, exponent: Range) -> Range:
    low, high = base
    if exponent[0] != exponent[1]:
        return (0.0, math.inf) if low >= 0 else ALL
    p = exponent[0]
    if p != math.floor(p) or p % 2 == 0:
        return 0.0, math.inf
    return (0.0, math.inf) if low >= 0 else (-math.inf, 0.0) if high <= 0 else ALL


def _exp(x: float) -> float:
    return math.inf if x > 700 else math.exp(x)


def _log(x: float) -> float:
    return -math.inf if x <= 0 else math.log(x)


def _root(x: float) -> float:
    return math.sqrt(max(x, 0.0))


def _size(x: Range) -> Range:
    return (0.0 if x[0] <= 0 <= x[1] else min(map(abs, x))), max(map(abs, x))


_FOLDS: Mapping[str, Callable[[Range, Range], Range]] = {
    "+": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "*": _product,
    "/": _quotient,
    "**": _power,
    "min": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "max": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
}
_FUNCTIONS: Mapping[str, Callable[[Range], Range]] = {
    "neg": lambda x: (-x[1], -x[0]),
    "abs": _size,
    "exp": lambda x: (_exp(x[0]), _exp(x[1])),
    "log": lambda x: (_log(x[0]), _log(x[1])),
    "sqrt": lambda x: (_root(x[0]), _root(x[1])),
    "tanh": lambda x: (math.tanh(x[0]), math.tanh(x[1])),
    "sin": lambda x: (-1.0, 1.0),
    "cos": lambda x: (-1.0, 1.0),
}
