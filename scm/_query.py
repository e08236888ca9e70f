"""Queries: probabilities, expectations and distributions over counterfactual terms, and their contrasts.

Famous quantities are functions that build these (`_quantities`); text is parsed to these (`_parse`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, assert_never

from ._errors import InvalidQuery
from ._syntax import (
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
    conjuncts,
    print_expr,
    substitute,
    walk,
    world,
)


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


@dataclass(frozen=True, slots=True, repr=True)
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
    for term in query_terms(query):
        for part in term_parts(term):
            yield from walk(part)


def placeholders(query: Query) -> tuple[str, ...]:
    """Names that rows of data must fill, in order of appearance."""
    return tuple(dict.fromkeys(node.name for node in query_nodes(query) if isinstance(node, Placeholder)))


# ---------------------------------------------------------------------------------------------------------------------
# Rewriting


def map_expr(
    expr: Expr,
    leaf: Mapping[Placeholder, Const | Placeholder],
    policies: Mapping[str, tuple[tuple[Expr | None, Law], ...]],
) -> Expr:
    """`expr` with placeholders and policy names filled, inside worlds too."""

    def fill(node: Const | Placeholder | Var) -> Const | Placeholder | Var:
        if isinstance(node, Placeholder) and node in leaf:
            return leaf[node]
        if isinstance(node, Var):
            return Var(node.name, map_world(node.world, leaf, policies))
        return node

    return substitute(expr, fill)


def map_world(
    assignments: World,
    leaf: Mapping[Placeholder, Const | Placeholder],
    policies: Mapping[str, tuple[tuple[Expr | None, Law], ...]],
) -> World:
    """A world with placeholders and policy names filled."""
    out: list[Set | Soft | Draw] = []
    for a in assignments:
        match a:
            case Set(target, value, parent):
                new = map_expr(value, leaf, policies)
                assert not isinstance(new, Op)
                out.append(Set(target, new, parent))
            case Soft(target, value, parent):
                out.append(Soft(target, map_expr(value, leaf, policies), parent))
            case Draw(target, cases, parent, policy):
                if policy is not None and policy in policies:
                    out.append(Draw(target, policies[policy], parent))
                else:
                    filled = tuple((None if c is None else map_expr(c, leaf, policies), law) for c, law in cases)
                    out.append(Draw(target, filled, parent, policy))
            case _:
                assert_never(a)
    return world(*out)


def map_term(
    term: Term,
    leaf: Mapping[Placeholder, Const | Placeholder],
    policies: Mapping[str, tuple[tuple[Expr | None, Law], ...]] | None = None,
) -> Term:
    """A term with placeholders and policy names filled."""
    policies = policies or {}
    given = None if term.given is None else map_expr(term.given, leaf, policies)
    match term:
        case Probability(event):
            return Probability(map_expr(event, leaf, policies), given)
        case Expectation(expr):
            return Expectation(map_expr(expr, leaf, policies), given)
        case Distribution(of):
            return Distribution(tuple(Var(v.name, map_world(v.world, leaf, policies)) for v in of), given)
        case _:
            assert_never(term)


def bind(query: Query, **values: Value | Mapping[Value, float]) -> Query:
    """`query` with placeholders (a value) and policy names (a mapping state -> probability) filled in.

    Raises:
        InvalidQuery: a name that the query does not leave open.
    """
    leaf: dict[Placeholder, Const | Placeholder] = {
        Placeholder(k): Const(v) for k, v in values.items() if not isinstance(v, Mapping)
    }
    policies = {k: ((None, tuple(v.items())),) for k, v in values.items() if isinstance(v, Mapping)}
    open_names = set(placeholders(query)) | set(_policy_names(query))
    for name in values:
        if name not in open_names:
            raise InvalidQuery(f"The query leaves {sorted(open_names) or 'nothing'} open, not {name!r}.")
    return map_query(query, leaf, policies)


def map_query(
    query: Query,
    leaf: Mapping[Placeholder, Const | Placeholder],
    policies: Mapping[str, tuple[tuple[Expr | None, Law], ...]],
) -> Query:
    """A query with placeholders and policy names filled."""
    match query:
        case Number():
            return query
        case Contrast(_, left, right):
            return replace(query, left=map_query(left, leaf, policies), right=map_query(right, leaf, policies))
        case _:
            return map_term(query, leaf, policies)


def _policy_names(query: Query) -> tuple[str, ...]:
    draws = (a for node in query_nodes(query) if isinstance(node, Var) for a in node.world)
    return tuple(a.policy for a in draws if isinstance(a, Draw) and a.policy is not None)


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
