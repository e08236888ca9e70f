"""Queries as LaTeX, worlds as subscripts."""

from __future__ import annotations

import re
from typing import assert_never

from ._query import Contrast, Distribution, Expectation, Number, Probability, Query
from ._syntax import FUNCTIONS, Assignment, Const, Draw, Expr, Op, Placeholder, Set, Soft, Value, Var, conjuncts
from ._text import number_text

_SYMBOLS = {
    "and": r"\land",
    "or": r"\lor",
    "xor": r"\oplus",
    "=": "=",
    "!=": r"\neq",
    "<": "<",
    "<=": r"\leq",
    ">": ">",
    ">=": r"\geq",
    "*": r"\cdot",
}
_LEVELS = {
    "if": 0,
    "or": 1,
    "xor": 2,
    "and": 3,
    "not": 4,
    "+": 6,
    "*": 7,
    "/": 9,
    "neg": 8,
    "min": 10,
    "max": 10,
    "abs": 10,
    "in": 5,
    "**": 9,
    **dict.fromkeys(FUNCTIONS, 10),
}


def query_latex(query: Query) -> str:
    """`query` as LaTeX mathematics."""
    match query:
        case Probability(event, given):
            return rf"P({_events(event)}{_given(given)})"
        case Expectation(expr, given):
            return rf"\mathbb{{E}}[{_expr(expr)}{_given(given)}]"
        case Distribution(of, given):
            return rf"P({', '.join(map(_expr, of))}{_given(given)})"
        case Number(value):
            return number_text(value)
        case Contrast("/", left, right):
            return rf"\frac{{{query_latex(left)}}}{{{query_latex(right)}}}"
        case Contrast(op, left, right):
            right_text = query_latex(right)
            if isinstance(right, Contrast) and right.op in "+-" and op != "+":
                right_text = rf"\left({right_text}\right)"
            left_text = query_latex(left)
            if op == "*" and isinstance(left, Contrast) and left.op in "+-":
                left_text = rf"\left({left_text}\right)"
            return f"{left_text} {_SYMBOLS.get(op, op)} {right_text}"
        case _:
            assert_never(query)


def _events(event: Expr) -> str:
    return r",\ ".join(_expr(part, 4) for part in conjuncts(event))


def _given(given: Expr | None) -> str:
    return "" if given is None else r" \mid " + _events(given)


def latex_name(name: str) -> str:
    """A name: one letter stands in italics, with a number as its index; longer names are set as words."""
    if re.fullmatch(r"[A-Za-z]", name):
        return name
    if found := re.fullmatch(r"([A-Za-z])_?(\d+)", name):
        return f"{found[1]}_{{{found[2]}}}"
    return rf"\mathit{{{_escape(name)}}}"


def _escape(text: str) -> str:
    text = text.replace("\\", r"\backslash ")
    return re.sub(r"([&%$#_{}])", r"\\\1", text).replace("^", r"\hat{}").replace("~", r"\sim ").replace(" ", r"\ ")


def latex_value(value: Value) -> str:
    """A state."""
    if isinstance(value, str):
        return rf"\text{{{_escape(value)}}}"
    return rf"\text{{{value}}}" if isinstance(value, bool) else number_text(value)


def _expr(expr: Expr, level: int = 0) -> str:
    match expr:
        case Const(value):
            return latex_value(value)
        case Placeholder(name):
            return rf"?_{{{_escape(name)}}}"
        case Var(name, world):
            base = latex_name(name)
            return f"{{{base}}}_{{{', '.join(map(_assignment, world))}}}" if world else base
        case Op(op, _):
            text = _op(expr)
            return rf"\left({text}\right)" if _LEVELS.get(op, 5) < level else text
        case _:
            assert_never(expr)


def _called(op: str, args: tuple[Expr, ...]) -> str | None:
    """A function of its arguments; None for an operation between them."""
    shown = ", ".join(map(_expr, args))
    match op:
        case "abs":
            return rf"\left|{shown}\right|"
        case "sqrt":
            return rf"\sqrt{{{shown}}}"
        case "min" | "max" | "exp" | "log" | "tanh" | "sin" | "cos":
            return rf"\{op}\left({shown}\right)"
        case _:
            return None


def _op(expr: Op) -> str:
    if called := _called(expr.op, expr.args):
        return called
    op, args, level = expr.op, expr.args, _LEVELS.get(expr.op, 5)
    match op:
        case "not":
            return rf"\lnot {_expr(args[0], level)}"
        case "neg":
            return f"-{_expr(args[0], level)}"
        case "**":
            below = _expr(args[0], level + 1)
            base = rf"\left({below}\right)" if below.startswith("-") else below
            return rf"{base}^{{{_expr(args[1])}}}"
        case "in":
            return rf"{_expr(args[0], 6)} \in \{{{', '.join(map(_expr, args[1:]))}\}}"
        case "if":
            return rf"{_expr(args[1], 1)}\ \text{{if}}\ {_expr(args[0], 1)}\ \text{{else}}\ {_expr(args[2])}"
        case "/":
            return rf"\frac{{{_expr(args[0])}}}{{{_expr(args[1])}}}"
        case "+":
            return _expr(args[0], level) + "".join(
                f" - {_expr(a.args[0], level + 1)}" if isinstance(a, Op) and a.op == "neg" else f" + {_expr(a, level)}"
                for a in args[1:]
            )
        case _:
            return f" {_SYMBOLS[op]} ".join(_expr(a, level + 1) for a in args)


def _assignment(a: Assignment) -> str:
    target = latex_name(a.target) if a.parent is None else rf"{latex_name(a.parent)} \to {latex_name(a.target)}"
    match a:
        case Set(_, value):
            return f"{target} = {_expr(value)}"
        case Soft(_, value):
            return f"{target} := {_expr(value)}"
        case Draw(_, cases, _, policy):
            if policy is not None:
                return rf"{target} \sim {latex_name(policy)}"
            laws = [
                r"\{"
                + ", ".join(f"{latex_value(v)}: {number_text(p)}" for v, p in law)
                + r"\}"
                + ("" if c is None else rf"\ \text{{if}}\ {_expr(c)}\ \text{{else}}\ ")
                for c, law in cases
            ]
            return rf"{target} \sim {''.join(laws)}"
        case _:
            assert_never(a)
