"""What an equation says for every combination of its causes; small ones only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

from scm import Const, Expr, Op, Value, Var

MOST = 8
"""Causes of an equation that is still looked at; more would take long."""
Setting = Mapping[str, Value]


class NotRead(Exception):
    """An expression with operations that are not looked at here."""


def value_of(expr: Expr, setting: Setting) -> Value:
    """What `expr` is where its variables are as `setting` says.

    Raises:
        NotRead: it uses an operation other than those on truth values and equality.
    """
    match expr:
        case Const(value):
            return value
        case Var(name, ()):
            return setting[name]
        case Op("and", args):
            return all(value_of(a, setting) for a in args)
        case Op("or", args):
            return any(value_of(a, setting) for a in args)
        case Op("not", (arg,)):
            return not value_of(arg, setting)
        case Op("xor", args):
            return sum(bool(value_of(a, setting)) for a in args) % 2 == 1
        case Op("=", (first, second)):
            return value_of(first, setting) == value_of(second, setting)
        case Op("!=", (first, second)):
            return value_of(first, setting) != value_of(second, setting)
        case Op("if", (condition, yes, no)):
            return value_of(yes if value_of(condition, setting) else no, setting)
        case _:
            raise NotRead


def settings(names: Sequence[str], states: Callable[[str], Sequence[Value]]) -> list[dict[str, Value]]:
    """Every combination of the states of `names`."""
    return [dict(zip(names, values, strict=True)) for values in product(*(states(name) for name in names))]


def slope(table: Sequence[tuple[Setting, Value]], name: str, states: Sequence[Value]) -> int:
    """How the outcome moves with `name`: 1 if it only ever rises with it, -1 if it only ever falls, 0 otherwise."""
    low = {_rest(s, name): v for s, v in table if s[name] == states[0]}
    high = {_rest(s, name): v for s, v in table if s[name] == states[1]}
    changes = {(bool(low[rest]), bool(high[rest])) for rest in low if rest in high}
    up, down = (False, True) in changes, (True, False) in changes
    return 0 if up == down else 1 if up else -1


def _rest(setting: Setting, name: str) -> tuple[tuple[str, Value], ...]:
    return tuple((n, v) for n, v in setting.items() if n != name)
