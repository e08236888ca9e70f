"""Stated conditionals as what would be done, where seeing and doing are the same.

`P(Y | Z)` of a cause that nothing confounds is `P(Y[Z])` (rule 2 of Pearl's calculus). As a row about what is seen,
`P(Y, Z) - p P(Z) = 0`, it says nothing where the programme is free to take `P(Z) = 0`, although whoever states the
number takes Z to happen; and it ties the law of Z to that of Y, which makes a polynomial of what is linear.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from .._graph import CausalGraph
from .._graph_ops import mutilated
from .._query import Contrast, Expectation, Probability, Query
from .._separation import separated
from .._syntax import Const, Expr, Op, Set, Var, World, conjunction, conjuncts, substitute, terms, world

MOST_CONDITIONS = 6
"""Most conditions of which every part is tried."""


def as_done(graph: CausalGraph, quantity: Query) -> Query:
    """`quantity` with each condition imposed that may be; equal to it in every model where the conditions can hold."""
    match quantity:
        case Contrast(_, left, right):
            return replace(quantity, left=as_done(graph, left), right=as_done(graph, right))
        case Probability(event, given) if given is not None:
            return _imposed(graph, quantity, event, given)
        case Expectation(expr, given) if given is not None:
            return _imposed(graph, quantity, expr, given)
        case _:
            return quantity


def _imposed(graph: CausalGraph, query: Probability | Expectation, said: Expr, given: Expr) -> Query:
    parts = list(conjuncts(given))
    if any(term.world for term in (*terms(said), *terms(given))):
        return query
    settings = {place: found for place, part in enumerate(parts) if (found := _setting(part)) is not None}
    for chosen in _choices(tuple(settings)):
        names = [settings[place].target for place in chosen]
        rest = [part for place, part in enumerate(parts) if place not in chosen]
        others = dict.fromkeys(term.name for part in (said, *rest) for term in terms(part))
        if len(set(names)) < len(names) or not others.keys().isdisjoint(names) or not others:
            continue
        if separated(mutilated(graph, out_of=names), tuple(others), names):
            there = world(*(settings[place] for place in chosen))
            moved, kept = _moved(said, there), [_moved(part, there) for part in rest]
            condition = conjunction(*kept) if kept else None
            if isinstance(query, Probability):
                return Probability(moved, condition)
            return Expectation(moved, condition)
    return query


def _choices(places: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Sets of conditions, the largest first."""
    if len(places) > MOST_CONDITIONS:
        yield places
        return
    for size in range(len(places), 0, -1):
        yield from itertools.combinations(places, size)


def _setting(part: Expr) -> Set | None:
    match part:
        case Op("=", (Var(name, ()), Const() as value)):
            return Set(name, value)
        case _:
            return None


def _moved(expr: Expr, there: World) -> Expr:
    return substitute(expr, lambda leaf: Var(leaf.name, there) if isinstance(leaf, Var) else leaf)
