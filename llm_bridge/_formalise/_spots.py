"""Parts of a Problem as nested tuples whose names stand in leaves of their own, so that they can be renamed.

Order that means nothing is dropped: conjuncts, the pair of a hidden common cause, what is given, are sets.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple, TypeAlias, cast

from scm import (
    Adjusts,
    CausalClaim,
    Claim,
    Const,
    Contrast,
    Correlation,
    Distribution,
    Draw,
    Expectation,
    Expr,
    Independence,
    Number,
    Op,
    Placeholder,
    Probability,
    Quantity,
    Query,
    Set,
    Soft,
    Value,
    Var,
    World,
    print_assignment,
)


class Of(NamedTuple):
    """A variable, by name."""

    name: str


class At(NamedTuple):
    """A variable in one of its states."""

    name: str
    state: Value


Key: TypeAlias = Hashable
"""Nested tuples and frozen sets of words, numbers, `Of` and `At`."""

_UNORDERED = frozenset({"and", "or", "xor", "+", "*", "min", "max"})


class Unnamed(Exception):
    """A name or a state that the renaming does not have."""


def renamed(key: Key, leaves: Mapping[Key, Key]) -> Key:
    """`key` with other leaves.

    Raises:
        Unnamed: it speaks of something that has no other name.
    """
    match key:
        case At() | Of():
            if key not in leaves:
                raise Unnamed
            return leaves[key]
        case tuple():
            return tuple(renamed(part, leaves) for part in cast("tuple[Key, ...]", key))
        case frozenset():
            return frozenset(renamed(part, leaves) for part in cast("frozenset[Key]", key))
        case _:
            return key


def key_of_expr(expr: Expr) -> Key:
    """An event, a formula or an equation's right side."""
    match expr:
        case Const(value):
            return ("const", value)
        case Placeholder(name):
            return ("placeholder", name)
        case Var(name, there):
            return ("var", Of(name), key_of_world(there))
        case Op("=" | "!=" as op, (Var(name, there), Const(value))):
            return (op, At(name, value), key_of_world(there))
        case Op("in", (Var(name, there), *rest)) if all(isinstance(a, Const) for a in rest):
            return ("in", frozenset(At(name, a.value) for a in rest if isinstance(a, Const)), key_of_world(there))
        case Op(op, args) if op in _UNORDERED:
            parts = [key_of_expr(arg) for arg in args]
            return (op, frozenset((part, parts.count(part)) for part in parts))
        case Op(op, args):
            return (op, *(key_of_expr(arg) for arg in args))


def key_of_world(there: World) -> Key:
    """What is imposed."""
    return frozenset(_key_of_assignment(item) for item in there)


def _key_of_assignment(item: Set | Soft | Draw) -> Key:
    edge = None if item.parent is None else Of(item.parent)
    match item:
        case Set(target, Const(value), None):
            return ("set", At(target, value))
        case Set(target, value) | Soft(target, value):
            return ("set" if isinstance(item, Set) else "rule", Of(target), edge, key_of_expr(value))
        case Draw(target):
            return ("draw", Of(target), edge, print_assignment(item))


def key_of_query(query: Query | Quantity) -> Key:
    """A query, or what a statement is about."""
    match query:
        case Number(value):
            return ("number", value)
        case Probability(event, given):
            return ("P", key_of_expr(event), _key_of_given(given))
        case Expectation(expr, given):
            return ("E", key_of_expr(expr), _key_of_given(given))
        case Distribution(of, given):
            return ("law", tuple(key_of_expr(term) for term in of), _key_of_given(given))
        case Correlation(first, second, given):
            return ("corr", frozenset({Of(first), Of(second)}), _key_of_given(given))
        case Contrast(op, left, right):
            return (op, key_of_query(left), key_of_query(right))


def _key_of_given(given: Expr | None) -> Key:
    return None if given is None else key_of_expr(given)


def key_of_claim(claim: Claim) -> Key:
    """A claim about causes."""
    match claim:
        case CausalClaim("common cause" | "common effect" as relation, first, second):
            return (relation, frozenset({Of(first), Of(second)}))
        case CausalClaim(relation, first, second):
            return (relation, Of(first), Of(second))
        case Independence(first, second, given):
            return ("independent", frozenset({Of(first), Of(second)}), frozenset(map(Of, given)))
        case Adjusts(cause, effect, by):
            return ("adjusts", Of(cause), Of(effect), frozenset(map(Of, by)))
