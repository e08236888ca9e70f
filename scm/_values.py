"""The values an expression can take, found by enumeration where that is small and by parts where it is not."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from ._errors import InvalidModel
from ._evaluate import evaluate
from ._syntax import BOOLEAN_OPERATORS, Const, Expr, Op, Placeholder, Value, Var, terms

GRID = 1 << 12
"""Up to so many combinations, an expression is enumerated whole; beyond, its arguments are taken one by one."""

MAX_VALUES = 1 << 12
"""Most different values that one expression may take."""

_TRUTH: tuple[Value, ...] = (False, True)
_TRUTHS: frozenset[Value] = frozenset(_TRUTH)
_CONNECTIVES = frozenset({"and", "or", "xor", "not"})


def outcomes(expr: Expr, leaves: tuple[Var, ...], domains: tuple[tuple[Value, ...], ...]) -> tuple[Value, ...]:
    """The value of `expr` for every combination of its leaves' values, the last leaf varying fastest."""
    place = {leaf: i for i, leaf in enumerate(leaves)}
    return tuple(
        evaluate(expr, lambda term, combination=combination: combination[place[term]])
        for combination in itertools.product(*domains)
    )


def is_logical(expr: Expr, scope: Mapping[str, Sequence[Value]]) -> bool:
    """Whether `expr` is made of connectives and of names that are truth values, each in `scope`, and nothing else.

    It then has a meaning and is a truth value whatever each name is.
    """
    if isinstance(expr, Var):
        return not expr.world and expr.name in scope and _TRUTHS.issuperset(scope[expr.name])
    return isinstance(expr, Op) and expr.op in _CONNECTIVES and all([is_logical(part, scope) for part in expr.args])


def possible_values(expr: Expr, scope: Mapping[str, Sequence[Value]], where: str) -> tuple[tuple[Value, ...], bool]:
    """The values of `expr` when each name takes any of its states, and whether each is surely reached.

    Raises:
        InvalidModel: too many different values.
        InvalidQuery: an operation that has no meaning on some combination of values.
    """
    leaves = terms(expr)
    domains = tuple(tuple(scope[leaf.name]) for leaf in leaves)
    if math.prod(map(len, domains)) <= GRID:
        return domains[0] if isinstance(expr, Var) else tuple(dict.fromkeys(outcomes(expr, leaves, domains))), True
    return _by_parts(expr, scope, where), False


def ordered_states(values: Sequence[Value]) -> tuple[Value, ...]:
    """Values as the states of a variable: truth values, or numbers in order and then labels."""
    if all(not isinstance(x, str) and x in (0, 1) for x in values):
        return (False, True) if any(isinstance(x, bool) for x in values) else (0, 1)
    return tuple(sorted(values, key=lambda x: (isinstance(x, str), x)))


def _by_parts(expr: Expr, scope: Mapping[str, Sequence[Value]], where: str) -> tuple[Value, ...]:
    match expr:
        case Const(value):
            return (value,)
        case Var(name):
            return tuple(scope[name])
        case Placeholder(name):
            raise InvalidModel(f"{where} has the placeholder ?{name}; equations have none.")
        case Op(op, args):
            if op in BOOLEAN_OPERATORS:
                return _TRUTH
            return _combined(expr, [_by_parts(a, scope, where) for a in args], where)


def _combined(expr: Op, parts: list[tuple[Value, ...]], where: str) -> tuple[Value, ...]:
    if expr.op == "if":
        return tuple(dict.fromkeys(parts[1] + parts[2]))
    found = parts[0]
    steps = [(found, part) for part in parts[1:]] or [(found, None)]
    for _, part in steps:
        leaves = (Var("a"), Var("b"))[: 1 if part is None else 2]
        domains = (found,) if part is None else (found, part)
        if math.prod(map(len, domains)) > MAX_VALUES * 16:
            raise InvalidModel(f"{where} can take too many different values. Use fewer numeric states.")
        found = tuple(dict.fromkeys(outcomes(Op(expr.op, leaves), leaves, domains)))
        if len(found) > MAX_VALUES:
            raise InvalidModel(f"{where} can take more than {MAX_VALUES:,} different values. Use fewer numeric states.")
    return found
