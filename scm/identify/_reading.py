"""A query as identification reads it: equalities, numbers that depend on values, axes. No model and no states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from .._errors import InvalidQuery, UnknownName, near
from .._estimand import Index
from .._graph import CausalGraph
from .._parse import parse_query
from .._query import Contrast, Distribution, Expectation, Number, Probability, Query, Term, query_nodes
from .._relevance import check_world
from .._syntax import (
    Assignment,
    Const,
    Draw,
    Expr,
    Op,
    Placeholder,
    Set,
    Var,
    conjuncts,
    print_assignment,
    substitute,
    terms,
    world,
)

Fixed: TypeAlias = Const | Placeholder
Fact: TypeAlias = tuple[Var, Fixed]
Valued: TypeAlias = tuple[Expr, tuple[Var, ...]]
"""A number or an event, and the terms whose values it depends on."""


@dataclass(frozen=True)
class Reading:
    """One probability, expectation or distribution.

    Attributes:
        facts, given: equalities asked, and conditioned on.
        weights, doubts: what else multiplies the joint law, and the law of the condition.
        axes: the terms of a distribution with their open indices.
    """

    facts: tuple[Fact, ...] = ()
    given: tuple[Fact, ...] = ()
    weights: tuple[Valued, ...] = ()
    doubts: tuple[Valued, ...] = ()
    axes: tuple[tuple[Var, Index], ...] = ()

    @property
    def terms(self) -> Iterator[Var]:
        """Every term, in order; some more than once."""
        for t, _ in (*self.facts, *self.given, *self.axes):
            yield t
        for _, found in (*self.weights, *self.doubts):
            yield from found


def query_of(graph: CausalGraph, query: str | Query) -> Query:
    """A query over observed variables of `graph`; a name beside a variable that is none itself is a label.

    Raises:
        QuerySyntaxError, UnknownName: as their messages say.
        InvalidQuery: no query, one about a hidden variable, or a world that cannot be made.
    """
    if isinstance(query, str):
        query = parse_query(query, graph.variables)
    elif not isinstance(query, (Probability, Expectation, Distribution, Number, Contrast)):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"A query is text or a Query, got {type(query).__name__}.")
    known = graph.parents
    nodes = [node for node in query_nodes(query) if isinstance(node, Var)]
    if any(node.name not in known for node in nodes):
        query = _labelled(graph, query)
        nodes = [node for node in query_nodes(query) if isinstance(node, Var)]
    worlds = dict.fromkeys(node.world for node in nodes)
    for node in nodes:
        if node.name not in known:
            raise UnknownName(node.name, graph.variables)
    for one in worlds:
        check_world(graph, one)
        for a in one:
            if isinstance(a, Draw) and a.policy is not None:
                raise InvalidQuery(
                    f"{print_assignment(a)} names a policy without a law: bind it first, or write the law out."
                )
    if graph.hidden:
        _refuse_hidden(graph, nodes)
    return query


def _refuse_hidden(graph: CausalGraph, nodes: Sequence[Var]) -> None:
    hidden = set(graph.hidden)
    for node in nodes:
        for name in (node.name, *(n for a in node.world for n in (a.target, a.parent) if n is not None)):
            if name in hidden:
                raise InvalidQuery(
                    f"The query is about {name!r}, which is hidden: no law of it is ever available, so nothing about "
                    f"it can be identified. Ask about the variables that are observed: {', '.join(graph.observed)}."
                )


def _labelled(graph: CausalGraph, query: Query) -> Query:
    """Names that are no variables as labels, where they stand beside a variable and resemble none."""
    match query:
        case Number():
            return query
        case Contrast(_, left, right):
            return replace(query, left=_labelled(graph, left), right=_labelled(graph, right))
        case Probability(event, given):
            return Probability(_with_labels(graph, event), None if given is None else _with_labels(graph, given))
        case Expectation(expr, given):
            return Expectation(_with_labels(graph, expr), None if given is None else _with_labels(graph, given))
        case Distribution(of, given):
            return Distribution(
                tuple(_term_labels(graph, t) for t in of), None if given is None else _with_labels(graph, given)
            )


def _with_labels(graph: CausalGraph, expr: Expr) -> Expr:
    if isinstance(expr, Var):
        return _term_labels(graph, expr)
    if not isinstance(expr, Op):
        return expr
    beside = expr.op in ("=", "!=", "in") and any(isinstance(a, Var) and a.name in graph.parents for a in expr.args)
    found = ((_label(graph, a) if beside and isinstance(a, Var) else None) or a for a in expr.args)
    return Op(expr.op, tuple(_with_labels(graph, a) for a in found))


def _label(graph: CausalGraph, term: Var) -> Const | None:
    return None if term.name in graph.parents or near(term.name, graph.variables) else Const(term.name)


def _term_labels(graph: CausalGraph, term: Var) -> Var:
    """The labels that its world imposes."""

    def assignment(a: Assignment) -> Assignment:
        if isinstance(a, Set) and isinstance(a.value, Var):
            return replace(a, value=_label(graph, a.value) or _term_labels(graph, a.value))
        return a

    return Var(term.name, world(*map(assignment, term.world)))


def read(term: Term, expr: Expr | None = None) -> Reading:
    """The parts of one term; of an expectation, with `expr` as what is expected."""
    given, doubts = _split(conjuncts(term.given))
    match term:
        case Probability(event):
            facts, weights = _split(conjuncts(event))
            return Reading(facts, given, weights, doubts)
        case Expectation(whole):
            asked = whole if expr is None else expr
            return Reading((), given, ((asked, terms(asked)),), doubts)
        case Distribution(of):
            return Reading((), given, (), doubts, axes_of(of))


def axes_of(of: Sequence[Var]) -> tuple[tuple[Var, Index], ...]:
    """An open index for each term: the first of its variable, the second, ..."""
    count: dict[str, int] = {}
    found: list[tuple[Var, Index]] = []
    for term in of:
        found.append((term, Index(term.name, count.get(term.name, 0))))
        count[term.name] = count.get(term.name, 0) + 1
    return tuple(found)


def _split(parts: Sequence[Expr]) -> tuple[tuple[Fact, ...], tuple[Valued, ...]]:
    facts: list[Fact] = []
    others: list[Valued] = []
    for part in parts:
        fact = equality(part)
        if fact is not None:
            facts.append(fact)
        else:
            others.append((part, terms(part)))
    return tuple(dict.fromkeys(facts)), tuple(others)


def equality(part: Expr) -> Fact | None:
    """`Y = y` as a term and its value; None for any other event."""
    if isinstance(part, Op) and part.op in ("=", "in") and len(part.args) == 2:
        match part.args:
            case (Var() as term, Const() | Placeholder() as value):
                return term, value
            case (Const() | Placeholder() as value, Var() as term):
                return term, value
            case _:
                return None
    return None


def linear(expr: Expr) -> tuple[list[tuple[float, Expr]], float]:
    """An expectation's expression as coefficients times parts, and a number: expectation is linear."""
    found: dict[Expr, float] = {}
    constant = 0.0
    stack: list[tuple[float, Expr]] = [(1.0, expr)]
    while stack:
        factor, part = stack.pop()
        match part:
            case Const(bool() | int() | float() as value):
                constant += factor * value
            case Op("+", args):
                stack += [(factor, a) for a in reversed(args)]
            case Op("neg", (inner,)):
                stack.append((-factor, inner))
            case Op("*", args) if sum(not isinstance(a, Const) for a in args) <= 1:
                rest: Expr = Const(1)
                for a in args:
                    match a:
                        case Const(bool() | int() | float() as value):
                            factor *= value
                        case _:
                            rest = a
                stack.append((factor, rest))
            case Op("/", (above, Const(bool() | int() | float() as value))) if value:
                stack.append((factor / value, above))
            case _:
                found[part] = found.get(part, 0.0) + factor
    return [(c, part) for part, c in found.items() if c], constant


def renamed(expr: Expr, names: dict[Var, str]) -> Expr:
    """`expr` with each term as a plain variable of the name it is given."""
    return substitute(expr, lambda leaf: Var(names[leaf]) if isinstance(leaf, Var) else leaf)


def moved(reading: Reading, to: Mapping[Var, Var]) -> Reading:
    """The reading with each term replaced."""

    def valued(parts: tuple[Valued, ...]) -> tuple[Valued, ...]:
        return tuple(
            (
                substitute(e, lambda leaf: to[leaf] if isinstance(leaf, Var) else leaf),
                tuple(dict.fromkeys(to[t] for t in ts)),
            )
            for e, ts in parts
        )

    return Reading(
        tuple(dict.fromkeys((to[t], v) for t, v in reading.facts)),
        tuple(dict.fromkeys((to[t], v) for t, v in reading.given)),
        valued(reading.weights),
        valued(reading.doubts),
        tuple((to[t], i) for t, i in reading.axes),
    )
