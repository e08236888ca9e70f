"""What an expression is for every combination of the states of its variables; small ones only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
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
    match expr:
        case Var(name):
            return causes[name]
        case Op(op, args):
            return _applied(op, [column(arg, causes, size) for arg in args])
        case Const(value):
            return (value,) * size
        case _:
            raise NotRead


def _applied(op: str, args: Sequence[Column]) -> Column:
    match op, args:
        case "not", [arg]:
            return [not value for value in arg]
        case "and", _:
            return list(map(all, zip(*args, strict=True)))
        case "or", _:
            return list(map(any, zip(*args, strict=True)))
        case "xor", _:
            return [sum(map(bool, row)) % 2 == 1 for row in zip(*args, strict=True)]
        case "=", [first, second]:
            return [a == b for a, b in zip(first, second, strict=True)]
        case "!=", [first, second]:
            return [a != b for a, b in zip(first, second, strict=True)]
        case "if", [condition, yes, no]:
            return [a if holds else b for holds, a, b in zip(condition, yes, no, strict=True)]
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
