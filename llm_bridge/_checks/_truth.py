"""What an expression is for every combination of the states of its variables; small ones only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from operator import eq, ne
from typing import TypeAlias

from scm import Const, Expr, Op, Value, Var

MOST = 8
"""Causes of an equation that is still looked at; more would take long."""

Column: TypeAlias = Sequence[Value]
"""The value of one thing in every combination of the causes: the last cause changes fastest."""


class NotRead(Exception):
    """An expression with operations that are not looked at here."""


def columns(names: Sequence[str], states: Mapping[str, Sequence[Value]]) -> dict[str, Column]:
    """The state of each of `names` in every combination of their states."""
    return dict(zip(names, zip(*product(*[states[name] for name in names]), strict=True), strict=True))


def column(expr: Expr, causes: Mapping[str, Column], size: int) -> Column:
    """What `expr` is in each of the `size` combinations of its causes; all of it is of one world.

    Raises:
        NotRead: it uses an operation other than those on truth values and equality.
    """
    if isinstance(expr, Var):
        return causes[expr.name]
    if isinstance(expr, Op):
        return _applied(expr.op, [column(arg, causes, size) for arg in expr.args])
    if isinstance(expr, Const):
        return (expr.value,) * size
    raise NotRead


def _applied(op: str, parts: Sequence[Column]) -> Column:
    match op:
        case "not":
            return [not value for value in parts[0]]
        case "and":
            return list(map(all, zip(*parts, strict=True)))
        case "or":
            return list(map(any, zip(*parts, strict=True)))
        case "xor":
            return [sum(map(bool, row)) % 2 == 1 for row in zip(*parts, strict=True)]
        case "=":
            return list(map(eq, *parts))
        case "!=":
            return list(map(ne, *parts))
        case "if":
            return [yes if holds else no for holds, yes, no in zip(*parts, strict=True)]
        case _:
            raise NotRead


def slope(outcome: Sequence[bool], place: int, count: int) -> int:
    """How the outcome moves with the cause at `place` of `count`, each with two states.

    Returns:
        1 if it only ever rises with it, -1 if it only ever falls, 0 otherwise.
    """
    step = 1 << (count - 1 - place)
    changes = {(outcome[row], outcome[row + step]) for row in range(len(outcome)) if not row & step}
    up, down = (False, True) in changes, (True, False) in changes
    return 0 if up == down else 1 if up else -1
