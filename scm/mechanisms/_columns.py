"""Expressions over columns: numbers, truth values, and positions among states."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeAlias, assert_never

import numpy as np

from .._domain import Domain, Real
from .._errors import InvalidModel, InvalidQuery
from .._syntax import BOOLEAN_OPERATORS, Const, Expr, Op, Operator, Placeholder, Value, Var, print_const
from ._kinds import kind_of, states_of
from ._types import Column, Columns

Domains: TypeAlias = Mapping[str, Domain]
"""What each name in a formula can be."""


def quietly(xp: Any) -> AbstractContextManager[object]:
    """Arithmetic in which a division by zero is an infinity or NaN in its column, and no warning."""
    return xp.errstate(all="ignore") if hasattr(xp, "errstate") else nullcontext()


def numbers(states: tuple[Value, ...]) -> tuple[float, ...] | None:
    """The numbers that states stand for, True as 1; None if one is a label."""
    return None if any(isinstance(s, str) for s in states) else tuple(float(s) for s in states)


def column(expr: Expr, values: Columns, scope: Domains, xp: Any) -> Column:
    """What `expr` is for each unit, as numbers; a comparison is a column of truth values.

    Args:
        expr: checked (see `kind_of`); no labels but in comparisons.
        values: a column for each name in it: floats, or positions of a finite variable.
        scope: the domain of each name.
        xp: the array module.
    """
    match expr:
        case Const(value):
            if isinstance(value, str):
                raise InvalidQuery(f"The label {value!r} stands where a number is wanted.")
            return float(value)
        case Placeholder(name):
            raise InvalidQuery(f"The placeholder ?{name} stands in an equation; equations have none.")
        case Var(name):
            return _numbers_of(name, values, scope, xp)
        case Op("=" | "!=" | "in") if (found := _by_position(expr, values, scope, xp)) is not None:
            return found
        case Op(op, args):
            return _apply(op, [column(a, values, scope, xp) for a in args], xp)
        case _:
            assert_never(expr)


def _numbers_of(name: str, values: Columns, scope: Domains, xp: Any) -> Column:
    domain = scope[name]
    if isinstance(domain, Real):
        return values[name]
    own = numbers(domain)
    if own is None:
        raise InvalidQuery(f"{name!r} has labels {domain}; compare it with one: {name} = {domain[0]!r}.")
    codes = values[name]
    return codes * 1.0 if own == (0.0, 1.0) else xp.asarray(own)[codes]


def _by_position(expr: Op, values: Columns, scope: Domains, xp: Any) -> Column | None:
    """A comparison of labels, or of a variable with its states: by position; None where numbers are compared."""
    kinds = [kind_of(a, scope) for a in expr.args]
    if "real" in kinds or not ("label" in kinds or isinstance(expr.args[0], Var)):
        return None
    states = tuple(dict.fromkeys(s for a in expr.args for s in states_of(a, scope)))
    first, *others = (places(a, states, values, scope, xp) for a in expr.args)
    found = first == others[0]
    for other in others[1:]:
        found = found | (first == other)
    return xp.logical_not(found) if expr.op == "!=" else found


def places(expr: Expr, states: tuple[Value, ...], values: Columns, scope: Domains, xp: Any) -> Column:
    """The positions of a finite expression among `states`; -1 where its number is none of them.

    Raises:
        InvalidModel: a label, truth value or state in it that is none of them.
    """
    match expr:
        case Const(value):
            return _place(value, states)
        case Var(name):
            own = scope[name]
            assert not isinstance(own, Real)
            to = [_place(s, states) for s in own]
            return values[name] if to == list(range(len(own))) else xp.asarray(to)[values[name]]
        case Op("if", (condition, then, other)):
            chosen = xp.asarray(column(condition, values, scope, xp), dtype=bool)
            return xp.where(chosen, places(then, states, values, scope, xp), places(other, states, values, scope, xp))
        case Op(op, _) if op in BOOLEAN_OPERATORS:
            found = column(expr, values, scope, xp)
            if states[:2] == (False, True):
                return xp.asarray(found, dtype=xp.int32)
            return xp.where(found, _place(True, states), _place(False, states))
        case _:
            return _nearest(xp.asarray(column(expr, values, scope, xp)), states, xp)


def _place(value: Value, states: tuple[Value, ...]) -> int:
    if value not in states:
        raise InvalidModel(f"A formula can give {print_const(value)}, which is not among the states {states}.")
    return states.index(value)


def _nearest(found: Column, states: tuple[Value, ...], xp: Any) -> Column:
    """The state that a number is: the nearest, as columns may have fewer digits than states were worked out with."""
    own = [math.nan if isinstance(s, str) else float(s) for s in states]
    off = xp.stack([xp.where(xp.isnan(found - x), xp.inf, xp.abs(found - x)) for x in own])
    sizes = xp.maximum(xp.abs(found), 1.0)
    return xp.where(off.min(axis=0) <= 1e-5 * sizes, xp.argmin(off, axis=0), -1)


def _apply(op: Operator, args: list[Column], xp: Any) -> Column:
    if op == "if":
        return xp.where(xp.asarray(args[0], dtype=bool), args[1], args[2])
    if op == "in":
        found = xp.equal(args[0], args[1])
        for other in args[2:]:
            found = found | xp.equal(args[0], other)
        return found
    if op in _LOGIC:
        found = args[0]
        for other in args[1:]:
            found = getattr(xp, _LOGIC[op])(found, other)
        return found if len(args) > 1 else xp.logical_not(found)
    first, *others = (as_numbers(a) for a in args)
    if not others:
        return getattr(xp, _FUNCTIONS.get(op, op))(first)
    for other in others:
        first = getattr(xp, _FOLDS.get(op, op))(first, other)
    return first


def as_numbers(found: Column) -> Column:
    """Truth values as 0 and 1: they add up, where `numpy` would join them by "or"."""
    return found * 1.0 if getattr(found, "dtype", None) == np.bool_ else found


_LOGIC: Mapping[str, str] = {"and": "logical_and", "or": "logical_or", "xor": "logical_xor", "not": "logical_not"}
_FUNCTIONS: Mapping[str, str] = {"neg": "negative", "min": "asarray", "max": "asarray"}
_FOLDS: Mapping[str, str] = {
    "=": "equal", "!=": "not_equal", "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal",
    "+": "add", "*": "multiply", "/": "divide", "**": "power", "min": "minimum", "max": "maximum",
}  # fmt: skip
