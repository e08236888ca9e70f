"""The values that the rules of `query.lark` build: one callback a rule."""

# lark types its decorators and transformers only in part.
# pyright: reportUnknownVariableType=false, reportUntypedClassDecorator=false

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from lark import Token, Transformer, v_args

from ._query import Contrast, Distribution, Expectation, Number, Probability, Query
from ._syntax import (
    MAX_NUMBER,
    NAMELESS,
    Assignment,
    Const,
    Draw,
    Expr,
    Law,
    Op,
    Placeholder,
    Set,
    Soft,
    Value,
    Var,
    World,
    conjunction,
    target_text,
    world,
)

_COMPARE = {"==": "=", "≤": "<=", "≥": ">=", "≠": "!="}


class Wrong(Exception):
    """A problem found by a callback; becomes a `QuerySyntaxError` that shows the text."""


@dataclass(frozen=True)
class _Do:
    """`do(...)` among the conditions."""

    world: World


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _number(text: str) -> int | float:
    if re.fullmatch(r"\d+", text):
        if len(text) > 15:
            raise Wrong(f"The number {text[:15]}... is too long; states have at most 15 digits.")
        return int(text)
    value = float(text)
    if value > MAX_NUMBER:
        raise Wrong(f"The number {text} is too large; states go up to 1e15.")
    return value


def _negated(expr: Expr) -> Expr:
    if isinstance(expr, Const) and not isinstance(expr.value, (bool, str)):
        return Const(-expr.value)
    return Op("neg", (expr,))


def _name_placeholders(args: Sequence[Expr]) -> tuple[Expr, ...]:
    """`Z = ?` is `Z = ?Z`."""
    named = [a for a in args if isinstance(a, Var)]
    filled: list[Expr] = []
    for a in args:
        if isinstance(a, Placeholder) and not a.name:
            if len(named) != 1:
                raise Wrong(NAMELESS)
            a = Placeholder(named[0].name)
        filled.append(a)
    return tuple(filled)


@v_args(inline=True)
class Build(Transformer[Token, Any]):
    """One callback a rule of the grammar."""

    # --- queries
    def probability(self, _open: Token, items: list[Expr], *rest: Any) -> Query:
        given, imposed = self._given(rest)
        if all(isinstance(item, Var) for item in items):
            of = tuple(cast(Var, _impose(item, imposed)) for item in items)
            return Distribution(of, given)
        bare = [item for item in items if isinstance(item, Var)]
        if bare:
            raise Wrong(
                f"{bare[0].name!r} has no value beside parts that have one. Write a value for each part, or for none."
            )
        return Probability(_impose(conjunction(*items), imposed), given)

    def expectation(self, _open: Token, items: list[Expr], *rest: Any) -> Query:
        given, imposed = self._given(rest)
        if len(items) != 1:
            raise Wrong("E[...] takes one expression.")
        return Expectation(_impose(items[0], imposed), given)

    def _given(self, rest: tuple[Any, ...]) -> tuple[Expr | None, World]:
        conditions: list[Expr | _Do] = rest[1] if len(rest) > 1 else []
        imposed: list[Assignment] = [a for c in conditions if isinstance(c, _Do) for a in c.world]
        plain = [c for c in conditions if not isinstance(c, _Do)]
        for part in plain:
            if isinstance(part, Var):
                raise Wrong(
                    f"The condition {part.name!r} has no value. "
                    f"Write {part.name} = value, or {part.name} = ? for one a row."
                )
        together = world(*imposed)
        return (_impose(conjunction(*plain), together) if plain else None), together

    def do_world(self, _open: Token, assignments: list[Assignment], _close: Token | None = None) -> _Do:
        return _Do(world(*assignments))

    def query_number(self, token: Token) -> Query:
        return Number(float(_number(token)))

    def query_neg(self, query: Query) -> Query:
        return Number(-query.value) if isinstance(query, Number) else Contrast("-", Number(0.0), query)

    def query_add(self, left: Query, right: Query) -> Query:
        return Contrast("+", left, right)

    def query_sub(self, left: Query, right: Query) -> Query:
        return Contrast("-", left, right)

    def query_mul(self, left: Query, right: Query) -> Query:
        return Contrast("*", left, right)

    def query_div(self, left: Query, right: Query) -> Query:
        return Contrast("/", left, right)

    def items(self, *items: Expr) -> list[Expr]:
        return list(items)

    def conditions(self, *items: Any) -> list[Any]:
        return list(items)

    # --- expressions
    def if_else(self, then: Expr, condition: Expr, other: Expr) -> Expr:
        return Op("if", (condition, then, other))

    def or_(self, *args: Expr) -> Expr:
        return args[0] if len(args) == 1 else Op("or", args)

    def xor(self, *args: Expr) -> Expr:
        return args[0] if len(args) == 1 else Op("xor", args)

    def and_(self, *args: Expr) -> Expr:
        return conjunction(*args)

    def not_(self, arg: Expr) -> Expr:
        return Op("not", (arg,))

    def compare(self, left: Expr, op: Token, right: Expr) -> Expr:
        return Op(cast(Any, _COMPARE.get(op, str(op))), _name_placeholders((left, right)))

    def member(self, *args: Expr) -> Expr:
        return Op("in", args)

    def add(self, left: Expr, right: Expr) -> Expr:
        return Op("+", (left, right))

    def sub(self, left: Expr, right: Expr) -> Expr:
        return Op("+", (left, Op("neg", (right,))))

    def mul(self, left: Expr, right: Expr) -> Expr:
        return Op("*", (left, right))

    def div(self, left: Expr, right: Expr) -> Expr:
        return Op("/", (left, right))

    def power(self, base: Expr, _sign: Token, exponent: Expr) -> Expr:
        return Op("**", (base, exponent))

    def neg(self, arg: Expr) -> Expr:
        return _negated(arg)

    def number(self, token: Token) -> Expr:
        return Const(_number(token))

    def true(self, _token: Token) -> Expr:
        return Const(True)

    def false(self, _token: Token) -> Expr:
        return Const(False)

    def label(self, token: Token) -> Expr:
        return Const(_unquote(token))

    def placeholder(self, token: Token) -> Expr:
        name = token[1:]
        return Placeholder(_unquote(name) if name.startswith('"') else name)

    def var(self, name: str, in_world: World = ()) -> Expr:
        return Var(name, in_world)

    def function(self, token: Token, *args: Expr) -> Expr:
        op = token[:-1].rstrip()
        if op not in ("min", "max") and len(args) != 1:
            raise Wrong(f"{op}() takes one value.")
        return Op(cast(Any, op), args)

    def bracket(self, items: list[Expr]) -> Expr:
        return conjunction(*items)

    def name(self, token: Token) -> str:
        name = _unquote(token) if token.type == "QUOTED" else str(token)
        if not name.strip():
            raise Wrong("A name cannot be empty.")
        return name

    # --- worlds
    def world(self, _open: Token, assignments: list[Assignment]) -> World:
        return world(*assignments)

    def assignments(self, *assignments: Assignment) -> list[Assignment]:
        return list(assignments)

    def target(self, *names: str) -> tuple[str, str | None]:
        return (names[0], None) if len(names) == 1 else (names[1], names[0])

    def set_value(self, target: tuple[str, str | None], _equals: Token, value: Expr) -> Assignment:
        if isinstance(value, Placeholder) and not value.name:
            value = Placeholder(target[0] if target[1] is None else target[1])
        if isinstance(value, Op):
            raise Wrong(
                f"{target[0]} is set with = to a value or to another term. For a formula of other variables write :=."
            )
        return Set(target[0], value, target[1])

    def soft(self, target: tuple[str, str | None], value: Expr) -> Assignment:
        return Soft(target[0], value, target[1])

    def draw(self, target: tuple[str, str | None], cases: tuple[tuple[Expr | None, Law], ...]) -> Assignment:
        return Draw(target[0], cases, target[1])

    def draw_policy(self, target: tuple[str, str | None], policy: str) -> Assignment:
        return Draw(target[0], (), target[1], policy)

    def law_last(self, law: Law) -> tuple[tuple[Expr | None, Law], ...]:
        return ((None, law),)

    def law_case(self, law: Law, condition: Expr, rest: tuple[Any, ...]) -> tuple[tuple[Expr | None, Law], ...]:
        return ((condition, law), *rest)

    def weights(self, *weights: tuple[Value, float]) -> Law:
        return weights

    def weight(self, state: Expr, probability: Expr) -> tuple[Value, float]:
        if isinstance(state, Var) and not state.world:
            state = Const(state.name)
        match state, probability:
            case Const(value), Const(p) if not isinstance(p, (str, bool)):
                return value, float(p)
            case _:
                raise Wrong("A law is written {state: probability, ...}.")


def _impose(expr: Expr, imposed: World) -> Expr:
    """`do(...)` beside an expression puts every term of it in that world."""
    if not imposed:
        return expr
    if isinstance(expr, Op):
        return Op(expr.op, tuple(_impose(a, imposed) for a in expr.args))
    if isinstance(expr, Var):
        if expr.world:
            raise Wrong(
                f"{expr.name} has a world of its own beside do(...). Write every world as a subscript: "
                f"{expr.name}[{', '.join(target_text(a) + '=...' for a in imposed)}, ...]."
            )
        return Var(expr.name, imposed)
    return expr
