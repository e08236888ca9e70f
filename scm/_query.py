"""Queries: probabilities, expectations and distributions over counterfactual terms, and their contrasts.

Famous quantities are functions that build these (`_quantities`); text is parsed to these (`_parse`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from ._syntax import Const, Expr, Op, Placeholder, Var, conjunction, conjuncts, print_expr, walk


class _Arithmetic:
    """`+ - * /` between queries and numbers build a `Contrast`."""

    __slots__ = ()

    def __add__(self, other: Query | float) -> Contrast:
        return Contrast("+", _query(self), _query(other))

    def __sub__(self, other: Query | float) -> Contrast:
        return Contrast("-", _query(self), _query(other))

    def __mul__(self, other: Query | float) -> Contrast:
        return Contrast("*", _query(self), _query(other))

    def __truediv__(self, other: Query | float) -> Contrast:
        return Contrast("/", _query(self), _query(other))

    def __rsub__(self, other: float) -> Contrast:
        return Contrast("-", _query(other), _query(self))

    def __str__(self) -> str:
        return print_query(_query(self))


@dataclass(frozen=True, slots=True)
class Probability(_Arithmetic):
    """`P(event | given)`; the event may speak of any number of worlds."""

    event: Expr
    given: Expr | None = None

    def __post_init__(self) -> None:
        """A bare term as an event says that it is true."""
        object.__setattr__(self, "event", _explicit(self.event))
        _explicit_given(self)


@dataclass(frozen=True, slots=True)
class Expectation(_Arithmetic):
    """`E[expr | given]`; needs numeric states."""

    expr: Expr
    given: Expr | None = None

    def __post_init__(self) -> None:
        """A bare term as a condition says that it is true."""
        _explicit_given(self)


@dataclass(frozen=True, slots=True)
class Distribution(_Arithmetic):
    """`P(Y | given)`: the joint law of one or more terms, an array with one axis a term."""

    of: tuple[Var, ...]
    given: Expr | None = None

    def __post_init__(self) -> None:
        """A bare term as a condition says that it is true."""
        _explicit_given(self)


@dataclass(frozen=True, slots=True)
class Number(_Arithmetic):
    """A number in a contrast."""

    value: float


@dataclass(frozen=True, slots=True)
class Contrast(_Arithmetic):
    """Two queries combined. Each is planned and answered by itself: a joint plan would invent a coupling."""

    op: Literal["+", "-", "*", "/"]
    left: Query
    right: Query


Term: TypeAlias = Probability | Expectation | Distribution
"""What one plan answers."""
Query: TypeAlias = Probability | Expectation | Distribution | Number | Contrast
"""A question of any rung."""


def _explicit(event: Expr) -> Expr:
    return conjunction(*(Op("=", (part, Const(True))) if isinstance(part, Var) else part for part in conjuncts(event)))


def _explicit_given(term: Probability | Expectation | Distribution) -> None:
    if term.given is not None:
        object.__setattr__(term, "given", _explicit(term.given))


def _query(value: object) -> Query:
    if isinstance(value, (Probability, Expectation, Distribution, Number, Contrast)):
        return value
    if isinstance(value, (int, float)):
        return Number(value)
    raise TypeError(f"a query or a number is wanted, got {type(value).__name__}")


def query_terms(query: Query) -> tuple[Term, ...]:
    """The terms of a contrast, left to right, each once."""
    match query:
        case Number():
            return ()
        case Contrast(_, left, right):
            return tuple(dict.fromkeys(query_terms(left) + query_terms(right)))
        case _:
            return (query,)


def term_parts(term: Term) -> tuple[Expr, ...]:
    """The expressions of one term: what is asked, then what is given."""
    asked: tuple[Expr, ...]
    match term:
        case Probability(event):
            asked = (event,)
        case Expectation(expr):
            asked = (expr,)
        case Distribution(of):
            asked = of
        case _:
            assert_never(term)
    return asked if term.given is None else (*asked, term.given)


def query_nodes(query: Query) -> Iterator[Expr]:
    """Every sub-expression of every term, worlds included."""
    return iter([node for term in query_terms(query) for part in term_parts(term) for node in walk(part)])


def placeholders(query: Query) -> tuple[str, ...]:
    """Names that rows of data must fill, in order of appearance."""
    return tuple(dict.fromkeys([node.name for node in query_nodes(query) if isinstance(node, Placeholder)]))


# ---------------------------------------------------------------------------------------------------------------------
# Text


def print_query(query: Query, level: int = 0) -> str:
    """`query` as text that parses back to it."""
    match query:
        case Probability(event, given):
            return f"P({_print_list(event, given)})"
        case Expectation(expr, given):
            return f"E[{print_expr(expr)}{_print_given(given)}]"
        case Distribution(of, given):
            return f"P({', '.join(print_expr(v) for v in of)}{_print_given(given)})"
        case Number(value):
            text = str(int(value)) if float(value).is_integer() else repr(value)
            return f"({text})" if value < 0 and level else text
        case Contrast(op, left, right):
            own = 1 if op in "+-" else 2
            text = f"{print_query(left, own)} {op} {print_query(right, own + 1)}"
            return f"({text})" if own < level else text
        case _:
            assert_never(query)


def _print_list(event: Expr, given: Expr | None) -> str:
    return _commas(event) + _print_given(given)


def _print_given(given: Expr | None) -> str:
    return "" if given is None else " | " + _commas(given)


def _commas(event: Expr) -> str:
    parts = conjuncts(event)
    return ", ".join(print_expr(part, 4 if len(parts) > 1 else 0) for part in parts)
