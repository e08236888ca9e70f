"""A query as a sum of ratios of sums of moments, and the ends that hold whatever is known."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

from .._errors import InvalidQuery
from .._evaluate import evaluate, truth
from .._query import Contrast, Distribution, Expectation, Number, Probability, Query, print_query
from .._syntax import Const, Expr, Op, conjunction, conjuncts, terms
from ._frame import States

MOST_VALUES = 1 << 12
"""Most combinations of states that the ends of a formula are looked for in."""


@dataclass(frozen=True)
class Moment:
    """`E[weight; event]`: a probability where `weight` is None; the sure event where `event` is."""

    weight: Expr | None
    event: Expr | None


Sum: TypeAlias = tuple[tuple[float, Moment], ...]
SURE = Moment(None, None)


@dataclass(frozen=True)
class Fraction:
    """`weight * above / below`; `below` is None for one."""

    weight: float
    above: Sum
    below: Sum | None = None


def fractions(query: Query, known: Callable[[Expr], float | None]) -> tuple[Fraction, ...]:
    """A query as a sum of fractions, those with one denominator joined.

    Args:
        query: with names and states checked.
        known: the probability of a condition, where it is a number that what is known fixes; else None.

    Raises:
        InvalidQuery: a law (ask for its cells), a product of unknowns, a division that is no ratio.
    """
    match query:
        case Number(value):
            return (Fraction(value, ((1.0, SURE),)),)
        case Probability(event, given):
            return (_under(_linear(None, event, given), given, known),)
        case Expectation(expr, given):
            return (_under(_linear(expr, None, given), given, known),)
        case Distribution():
            raise InvalidQuery(f"{print_query(query)}: bounds are of one number; ask for each of its probabilities.")
        case Contrast(op, left, right):
            first, second = fractions(left, known), fractions(right, known)
            if op in "+-":
                sign = 1.0 if op == "+" else -1.0
                return _joined((*first, *(replace(f, weight=sign * f.weight) for f in second)))
            return _product(query, first, second) if op == "*" else _quotient(query, first, second)
        case _:
            assert_never(query)


def _under(above: Sum, given: Expr | None, known: Callable[[Expr], float | None]) -> Fraction:
    if given is None:
        return Fraction(1.0, above)
    number = known(given)
    return Fraction(1.0, above, ((1.0, Moment(None, given)),)) if not number else Fraction(1 / number, above)


def _linear(expr: Expr | None, event: Expr | None, given: Expr | None) -> Sum:
    """An expectation as a weighted sum of simpler ones, so that worlds which need not be joined are not."""
    if expr is None:
        return ((1.0, Moment(None, conjunction(*conjuncts(event), *conjuncts(given)))),)
    match expr:
        case Const(value):
            return ((_number(value), Moment(None, given)),)
        case Op("+", args):
            return tuple(part for arg in args for part in _linear(arg, None, given))
        case Op("neg", (arg,)):
            return tuple((-w, m) for w, m in _linear(arg, None, given))
        case Op("*", args) if sum(not isinstance(a, Const) for a in args) == 1:
            factor = math.prod(_number(a.value) for a in args if isinstance(a, Const))
            inner = next(a for a in args if not isinstance(a, Const))
            return tuple((factor * w, m) for w, m in _linear(inner, None, given))
        case _:
            return ((1.0, Moment(expr, given)),)


def _number(value: object) -> float:
    if isinstance(value, str):
        raise InvalidQuery(f"{value!r} is a label; an expectation is of numbers.")
    return float(value)  # pyright: ignore[reportArgumentType]


def _joined(parts: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    """Fractions with the same denominator as one."""
    found: dict[Sum | None, list[tuple[float, Moment]]] = {}
    for part in parts:
        found.setdefault(part.below, []).extend((part.weight * w, m) for w, m in part.above)
    return tuple(Fraction(1.0, tuple(above), below) for below, above in found.items())


def _plain(parts: tuple[Fraction, ...]) -> float | None:
    """The number that it is, if it is one."""
    if any(f.below is not None or any(m != SURE for _, m in f.above) for f in parts):
        return None
    return sum(f.weight * sum(w for w, _ in f.above) for f in parts)


def _product(query: Query, first: tuple[Fraction, ...], second: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    for number, other in ((_plain(first), second), (_plain(second), first)):
        if number is not None:
            return tuple(replace(f, weight=f.weight * number) for f in other)
    raise InvalidQuery(f"{print_query(query)} is a product of two unknown numbers; bounds are of sums and ratios.")


def _quotient(query: Query, first: tuple[Fraction, ...], second: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    number = _plain(second)
    if number is not None:
        if number == 0:
            raise InvalidQuery(f"{print_query(query)} divides by zero.")
        return tuple(replace(f, weight=f.weight / number) for f in first)
    if len(second) == 1:
        (below,) = second
        if all(f.below == below.below for f in first):
            return tuple(Fraction(f.weight / below.weight, f.above, below.above) for f in first)
    raise InvalidQuery(
        f"{print_query(query)} is no ratio of two probabilities under one condition; ask for its two parts, or for a "
        "ratio under one condition."
    )


# ---------------------------------------------------------------------------------------------------------------------
# Ends that always hold


def ends(query: Query, states: States) -> tuple[float, float]:
    """Between which ends the query lies whatever is known: a probability between 0 and 1."""
    match query:
        case Number(value):
            return value, value
        case Probability():
            return 0.0, 1.0
        case Expectation(expr):
            return _values(expr, states)
        case Distribution():
            return 0.0, 1.0
        case Contrast(op, left, right):
            return interval(op, ends(left, states), ends(right, states))
        case _:
            assert_never(query)


def _values(expr: Expr, states: States) -> tuple[float, float]:
    read = terms(expr)
    if math.prod(len(states[t.name]) for t in read) > MOST_VALUES:
        return -math.inf, math.inf
    found: list[float] = []
    for row in itertools.product(*(states[t.name] for t in read)):
        place = dict(zip(read, row, strict=True))
        value = evaluate(expr, place.__getitem__)
        found.append(float(truth(value) if isinstance(value, str) else value))
    return min(found), max(found)


def interval(op: str, a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    """The ends of `x op y` for x and y anywhere between their ends."""
    if op == "+":
        return a[0] + b[0], a[1] + b[1]
    if op == "-":
        return a[0] - b[1], a[1] - b[0]
    if op == "/" and b[0] <= 0 <= b[1]:
        positive = a[0] >= 0 and b[0] >= 0
        return (a[0] / b[1] if positive and b[1] > 0 else -math.inf), math.inf
    every = (x * y if op == "*" else x / y for x in a for y in b)
    corners = [corner for corner in every if not math.isnan(corner)]
    return min(corners, default=-math.inf), max(corners, default=math.inf)
