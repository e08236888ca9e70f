"""Composition and exclusion: a counterfactual term as the plainest one that always has the same value.

In a graph where X acts on Y through M only, `Y[X=0, M=M[X=1]]` is `Y[X=1]`: M takes the value that it has where X is 1,
and nothing else of X reaches Y (Pearl 2009, section 7.3; Halpern 2000). Fewer worlds need fewer numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace

from ._graph import CausalGraph
from ._query import Contrast, Distribution, Expectation, Number, Probability, Query
from ._relevance import relevant_world
from ._syntax import Const, Expr, Placeholder, Set, Var, World, substitute, world

MOST_SETTINGS = 6
"""Most different settings of a term that are recombined."""


def plainest(graph: CausalGraph, query: Query) -> Query:
    """`query` with each term replaced by the plainest one that has the same value in every model over `graph`.

    Terms of distributions stay as they are, since their columns carry their names.
    """
    match query:
        case Contrast(_, left, right):
            return replace(query, left=plainest(graph, left), right=plainest(graph, right))
        case Probability(event, given):
            return replace(query, event=_plain(graph, event), given=None if given is None else _plain(graph, given))
        case Expectation(expr, given):
            return replace(query, expr=_plain(graph, expr), given=None if given is None else _plain(graph, given))
        case Distribution() | Number():
            return query


def _plain(graph: CausalGraph, expr: Expr) -> Expr:
    def plain(leaf: Const | Placeholder | Var) -> Expr:
        return _term(graph, leaf) if isinstance(leaf, Var) and any(map(_nested, leaf.world)) else leaf

    return substitute(expr, plain)


def _nested(assignment: object) -> bool:
    return isinstance(assignment, Set) and isinstance(assignment.value, Var)


def _term(graph: CausalGraph, term: Var) -> Var:
    """The term in the smallest world of constants alone that makes it the same instance; itself if there is none."""
    settings = sorted(dict.fromkeys(_constants(term.world)), key=str)
    if len(settings) > MOST_SETTINGS or any(name not in graph.parents for name, _ in settings):
        return term
    instances = _Instances(graph)
    wanted = instances.of(term.name, term.world)
    for size in range(len(settings) + 1):
        for chosen in itertools.combinations(settings, size):
            if len({name for name, _ in chosen}) == size:
                there = world(*(Set(name, value) for name, value in chosen))
                if instances.of(term.name, there) == wanted:
                    return Var(term.name, there)
    return term


def _constants(there: World) -> Iterator[tuple[str, Const | Placeholder]]:
    """Every constant that is imposed in a world, or in a world inside it."""
    for a in there:
        if isinstance(a, Set) and a.parent is None:
            if isinstance(a.value, Var):
                yield from _constants(a.value.world)
            else:
                yield a.target, a.value


@dataclass(slots=True)
class _Instances:
    """What decides the value of a variable in a world, numbered: equal numbers, equal values in every model.

    An instance is a variable with the instances of its causes, or a constant, or a variable as it is in fact. Two terms
    with one instance read the same noise through the same mechanisms.
    """

    graph: CausalGraph
    numbers: dict[Hashable, int] = field(default_factory=dict[Hashable, int])
    known: dict[tuple[str, World], int] = field(default_factory=dict[tuple[str, World], int])

    def of(self, name: str, there: World) -> int:
        """The number of a term's instance."""
        there = relevant_world(self.graph, name, there)
        match next((a for a in there if a.target == name and a.parent is None), None):
            case Set(_, Var(inner, nested)):
                return self.of(inner, nested)
            case _:
                key = name, there
        if key not in self.known:
            self.known[key] = self.numbers.setdefault(self._made(*key), len(self.numbers))
        return self.known[key]

    def _made(self, name: str, there: World) -> Hashable:
        own = next((a for a in there if a.target == name and a.parent is None), None)
        match own:
            case None if not there:
                return name
            case None if all(a.parent is None for a in there):
                causes = self.graph.parents[name]
                slots = tuple(self.of(cause, there) for cause in causes)
                return name if slots == tuple(self.of(cause, ()) for cause in causes) else (name, slots)
            case Set(_, value):
                return value
            case _:
                return name, there  # a policy, or a setting of one edge: equal only if it is written the same
