"""Composition: a variable set to the value it takes anyway changes nothing (Galles & Pearl 1998)."""

from __future__ import annotations

from dataclasses import replace

from .._graph import CausalGraph
from .._query import Contrast, Distribution, Expectation, Probability, Query
from .._relevance import relevant_world
from .._syntax import Const, Expr, Placeholder, Set, Var, substitute, world


def composed(graph: CausalGraph, query: Query) -> Query:
    """`query` with `Y[M=M[w]]` written as `Y[w]` wherever the rest of the world agrees with w.

    Natural indirect effects through all mediators are total effects, and then need no numbers about the mediators.
    """

    def term(leaf: Const | Placeholder | Var) -> Expr:
        return _composed(graph, leaf) if isinstance(leaf, Var) else leaf

    match query:
        case Contrast(_, left, right):
            return replace(query, left=composed(graph, left), right=composed(graph, right))
        case Probability(event, given):
            return Probability(substitute(event, term), None if given is None else substitute(given, term))
        case Expectation(expr, given):
            return Expectation(substitute(expr, term), None if given is None else substitute(given, term))
        case Distribution(of, given):
            terms = tuple(_composed(graph, leaf) for leaf in of)
            return Distribution(terms, None if given is None else substitute(given, term))
        case _:
            return query


def _composed(graph: CausalGraph, term: Var) -> Var:
    """A term without nesting, where all nested values are those of one world that the rest agrees with."""
    own = relevant_world(graph, term.name, term.world)
    nested = [a for a in own if isinstance(a, Set) and isinstance(a.value, Var)]
    inner = [a.value for a in nested if isinstance(a.value, Var)]
    if not nested or any(a.parent is not None or v.name != a.target for a, v in zip(nested, inner, strict=True)):
        return Var(term.name, own)
    other = inner[0].world
    reached = {a.target for a in nested}
    if any(relevant_world(graph, v.name, v.world) != relevant_world(graph, v.name, other) for v in inner):
        return Var(term.name, own)
    if any(a.target in reached for a in other):
        return Var(term.name, own)
    together = relevant_world(graph, term.name, world(*nested, *other))
    return Var(term.name, other) if together == own else Var(term.name, own)
