"""`Formula`: a mechanism written as an expression of parents and noises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from .._domain import Domain, Real
from .._errors import InvalidModel, InvalidQuery
from .._resolve import resolve_expr
from .._syntax import Const, Expr, Op, Placeholder, Value, Var, print_expr
from ._types import Column, Columns, Forward, Scope

_BOOLEAN = frozenset({"and", "or", "xor", "not", "=", "!=", "<", "<=", ">", ">=", "in"})


@dataclass(frozen=True)
class Formula:
    """`variable = expr`.

    Attributes:
        expr: of parents and noises, names and states checked.
        parents, noises: what it reads.
        domain: what it gives.
        scope: the domain of each name in it.
    """

    expr: Expr
    parents: tuple[str, ...]
    noises: tuple[str, ...]
    domain: Domain
    scope: Mapping[str, Domain]

    def forward(self, values: Columns, xp: Any) -> Column:
        """See `Forward`."""
        found = column(self.expr, values, self.scope, xp)
        return found if isinstance(self.domain, Real) else positions(found, self.domain, xp)

    def __str__(self) -> str:
        return print_expr(self.expr)


def bind_formula(expr: Expr, scope: Scope) -> Forward:
    """The mechanism over columns that an equation describes.

    Raises:
        InvalidModel, InvalidQuery, UnknownName, UnknownState: a name or an operation without meaning.
    """
    states = {n: d for n, d in scope.domains.items() if not isinstance(d, Real)}
    reals = {n: d for n, d in scope.domains.items() if isinstance(d, Real)}
    own = scope.own if isinstance(scope.own, tuple) else ()
    found = resolve_expr(expr, states, own, f"The equation of {scope.variable!r}", reals=reals)
    domain = scope.own or ((False, True) if isinstance(found, Op) and found.op in _BOOLEAN else Real())
    return Formula(found, scope.parents, scope.noises, domain, scope.domains)


def numbers(states: tuple[Value, ...]) -> tuple[float, ...] | None:
    """The numbers that states stand for, True as 1; None if one is a label."""
    return None if any(isinstance(s, str) for s in states) else tuple(float(s) for s in states)


def positions(found: Column, states: tuple[Value, ...], xp: Any) -> Column:
    """Positions among `states` of a column of their numbers."""
    own = numbers(states)
    if own is None:
        raise InvalidModel(f"A formula gives numbers, and {states} has labels.")
    if own == (0.0, 1.0):
        return xp.asarray(found, dtype=xp.int32)
    return xp.argmax(xp.stack([xp.asarray(found) == x for x in own]), axis=0)


def column(expr: Expr, values: Columns, scope: Mapping[str, Domain], xp: Any) -> Column:
    """What `expr` is for each unit, as numbers; a comparison is a column of truth values."""
    match expr:
        case Const(value):
            if isinstance(value, str):
                raise InvalidQuery(f"The label {value!r} stands where a number is wanted.")
            return float(value)
        case Placeholder(name):
            raise InvalidQuery(f"The placeholder ?{name} stands in an equation; equations have none.")
        case Var(name):
            domain = scope[name]
            if isinstance(domain, Real):
                return values[name]
            own = numbers(domain)
            if own is None:
                raise InvalidQuery(f"{name!r} has labels {domain}; compare it with one: {name} = {domain[0]!r}.")
            codes = values[name]
            return codes * 1.0 if own == (0.0, 1.0) else xp.asarray(own)[codes]
        case Op(op, args):
            if op in ("=", "!=", "in") and (found := _by_label(expr, values, scope, xp)) is not None:
                return found
            return _apply(op, [column(a, values, scope, xp) for a in args], xp)
        case _:
            assert_never(expr)


def _by_label(expr: Op, values: Columns, scope: Mapping[str, Domain], xp: Any) -> Column | None:
    """A comparison of a finite variable with its states, by position."""
    first, *others = expr.args
    if isinstance(first, Const):
        first, others = others[0], [first]
    if not isinstance(first, Var) or not all(isinstance(o, Const) for o in others):
        return None
    domain = scope[first.name]
    if isinstance(domain, Real):
        return None
    codes = xp.asarray(values[first.name])
    found = codes != codes
    for other in others:
        assert isinstance(other, Const)
        found = found | (codes == domain.index(other.value))
    return ~found if expr.op == "!=" else found


def _apply(op: str, args: list[Column], xp: Any) -> Column:
    first = args[0]
    match op:
        case "not":
            return xp.logical_not(first)
        case "if":
            return xp.where(xp.asarray(first, dtype=bool), args[1], args[2])
        case "=" | "in":
            found = first == args[1]
            for other in args[2:]:
                found = found | (first == other)
            return found
        case "neg":
            return -first
        case "abs":
            return xp.abs(first)
        case _:
            fold = getattr(xp, _FOLDS[op])
            for other in args[1:]:
                first = fold(first, other)
            return first


_FOLDS = {
    "and": "logical_and", "or": "logical_or", "xor": "logical_xor", "!=": "not_equal",
    "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal",
    "+": "add", "*": "multiply", "/": "divide", "min": "minimum", "max": "maximum",
}  # fmt: skip
