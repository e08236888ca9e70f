"""The part of a question that matters to a search for two models: relevant variables, needed edges, states.

A model of a graph with fewer edges is a model of the graph, so a witness over a smaller graph is a witness. Edges are
taken away one at a time as long as the query stays not identified: what is left is little more than a hedge, or one
conflict, with what ties it to the query.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from .._bind import replace_placeholders
from .._errors import ScmError
from .._graph import CausalGraph
from .._query import Contrast, Distribution, Number, Probability, Query, query_nodes, query_terms, term_parts
from .._relevance import relevant_world
from .._syntax import Const, Op, Placeholder, Set, Value, Var, World, conjunction, terms, walk, world
from ..identify import Available, Identification, identify
from ._level_set import Context

COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">=", "in"})
MOST_CELLS = 16
"""Cells of a distribution that are tried."""


@dataclass(frozen=True, eq=False)
class Question:
    """What a pair of models must be made for.

    Attributes:
        graph: over all observed variables, with the edges that are kept.
        query: with a value for each placeholder.
        contexts: the joint laws to agree on, of relevant variables alone; the others are draws of their own.
        states: of every variable.
        relevant: the query's variables with their ancestors, causes first.
        imagined: those of which several instances matter: how they respond to their noise counts.
    available: the laws that the contexts come from.
    """

    graph: CausalGraph
    query: Query
    contexts: tuple[Context, ...]
    states: Mapping[str, tuple[Value, ...]]
    relevant: tuple[str, ...]
    imagined: frozenset[str]
    available: tuple[Available, ...]

    def wider(self) -> Question:
        """The same question with one more state of each variable that the query imposes.

        Some queries are known wherever a cause has two states, and only there: with an experiment on X, the effect on
        the treated is one.
        """
        imposed = {
            a.target if a.parent is None else a.parent
            for node in query_nodes(self.query)
            if isinstance(node, Var)
            for a in node.world
        }
        states = {v: (*s, _fresh(list(s))) if v in imposed else s for v, s in self.states.items()}
        return _question(self.graph, self.query, self.available, states)


def smaller_questions(identification: Identification, rng: np.random.Generator) -> Iterator[Question]:
    """Questions whose witnesses are witnesses for `identification`, each with another choice of edges left out."""
    query, states = filled(identification.query, identification.graph)
    whole = replace(identification, query=query, graph=_restricted(identification.graph, query))
    # What is left of a hedge for one term of a contrast may leave nothing of the contrast: then some edges stay.
    shares = (1.0, 0.0, 0.5) if isinstance(query, Contrast) else (1.0, 1.0, 0.5)
    for share in itertools.cycle(shares):
        yield _question(_minimal(whole, rng, share), query, identification.available, states)


def _restricted(graph: CausalGraph, query: Query) -> CausalGraph:
    """The graph without edges of variables that are no ancestors of the query's."""
    kept = _relevant(graph, query)
    edges = tuple((a, b) for a, b in graph.edges if b in kept)
    pairs = dict.fromkeys((min(p), max(p)) for p in graph.confounded if kept.issuperset(p))
    return CausalGraph(graph.variables, tuple(dict.fromkeys(edges)), tuple(pairs))


def _relevant(graph: CausalGraph, query: Query) -> frozenset[str]:
    names = {node.name for node in query_nodes(query) if isinstance(node, Var)}
    return frozenset(cause for name in names for cause in graph.ancestors[name])


def _minimal(identification: Identification, rng: np.random.Generator, share: float) -> CausalGraph:
    """The graph with as few edges as leave the query not identified, tried in a random order.

    Args:
        identification: of the query over the whole graph.
        rng: for the order.
        share: of the edges that are tried.
    """
    graph = identification.graph
    items = [(True, edge) for edge in graph.edges] + [(False, pair) for pair in graph.confounded]
    for place in rng.permutation(len(items))[: math.ceil(share * len(items))]:
        directed, item = items[int(place)]
        less = CausalGraph(
            graph.variables,
            tuple(e for e in graph.edges if not (directed and e == item)),
            tuple(p for p in graph.confounded if directed or p != item),
        )
        try:
            if not identify(less, identification.query, identification.available).identified:
                graph = less
        except ScmError:  # the query speaks of this edge
            continue
    return _restricted(graph, identification.query)


def _question(
    graph: CausalGraph, query: Query, available: tuple[Available, ...], states: Mapping[str, tuple[Value, ...]]
) -> Question:
    kept = _relevant(graph, query)
    relevant = tuple(v for v in graph.order if v in kept)
    contexts: dict[Context, None] = {}
    for law in available:
        names = tuple(v for v in law.variables if v in kept)
        do = [v for v in law.do if v in kept]
        for row in itertools.product(*(states[v] for v in do)) if names else ():
            contexts[names, world(*(Set(v, Const(x)) for v, x in zip(do, row, strict=True)))] = None
    return Question(graph, query, tuple(contexts), states, relevant, _imagined(graph, query), available)


def named_edges(query: Query) -> frozenset[tuple[str, str]]:
    """The edges that the query speaks of: a model needs them even where nothing depends on them."""
    found = (a for node in query_nodes(query) if isinstance(node, Var) for a in node.world)
    return frozenset((a.parent, a.target) for a in found if a.parent is not None)


def _imagined(graph: CausalGraph, query: Query) -> frozenset[str]:
    """Variables of which one term has several instances."""
    found: set[str] = set()
    for term in query_terms(query):
        seen: dict[str, set[World]] = {}
        nodes = (node for part in term_parts(term) for node in walk(part))
        for node in (node for node in nodes if isinstance(node, Var)):
            for name in graph.ancestors[node.name]:
                here = relevant_world(graph, name, node.world)
                if not any(a.target == name and a.parent is None and isinstance(a, Set) for a in here):
                    seen.setdefault(name, set()).add(here)
        found |= {name for name, worlds in seen.items() if len(worlds) > 1}
    return frozenset(found)


# ---------------------------------------------------------------------------------------------------------------------
# States


def filled(query: Query, graph: CausalGraph) -> tuple[Query, dict[str, tuple[Value, ...]]]:
    """The query with a value for each placeholder, and states for every variable: those it names, two at least."""
    named: dict[str, dict[Value | Placeholder, None]] = {v: {} for v in graph.variables}
    alike: list[tuple[str, str]] = []
    for node in query_nodes(query):
        match node:
            case Op(op, args) if op in COMPARISONS:
                for term in (t for arg in args for t in terms(arg)):
                    named[term.name] |= {_plain(a): None for a in args if isinstance(a, (Const, Placeholder))}
                alike += itertools.combinations([a.name for a in args if isinstance(a, Var)], 2)
            case Var(_, assignments):
                for a in assignments:
                    carrier = a.target if a.parent is None else a.parent
                    match a:
                        case Set(_, Var(other)):
                            alike.append((carrier, other))
                        case Set(_, (Const() | Placeholder()) as value):
                            named[carrier][_plain(value)] = None
                        case _:
                            pass
            case _:
                pass
    for a, b in alike * 2:  # a value that is imposed or compared must be a state of both
        if a != b:
            named[a] |= named[b]
            named[b] |= named[a]
    fillers: dict[Placeholder, Const | Placeholder] = {}
    states = {name: _states(list(found), fillers) for name, found in named.items()}
    return replace_placeholders(query, fillers), states


def _plain(value: Const | Placeholder) -> Value | Placeholder:
    return value.value if isinstance(value, Const) else value


def _states(named: list[Value | Placeholder], fillers: dict[Placeholder, Const | Placeholder]) -> tuple[Value, ...]:
    """At least two states, those that the query names among them; a placeholder gets a state of its own."""
    found: list[Value] = [value for value in named if not isinstance(value, Placeholder)]
    for hole in (value for value in named if isinstance(value, Placeholder)):
        if hole not in fillers:
            fillers[hole] = Const(_fresh(found))
        value = fillers[hole]
        if isinstance(value, Const) and value.value not in found:
            found.append(value.value)
    while len(found) < 2:
        found.append(_fresh(found))
    numbers = [value for value in found if not isinstance(value, str)]
    return tuple(sorted(numbers)) if len(numbers) == len(found) else tuple(found)


def _fresh(taken: list[Value]) -> Value:
    if any(isinstance(value, str) for value in taken):
        names = (f"other {i}" for i in itertools.count(1))
        return next(name for name in names if name not in taken)
    if any(isinstance(value, bool) for value in taken) and len(taken) < 2:
        return not taken[0]
    return next(i for i in itertools.count() if i not in taken)


def scalar_queries(query: Query, states: Mapping[str, tuple[Value, ...]]) -> Iterator[Query]:
    """Queries of one number, each a cell of `query` where that is a distribution."""
    laws = [term for term in query_terms(query) if isinstance(term, Distribution)]
    if not laws:
        yield query
        return
    cells = itertools.product(*(states[term.name] for term in laws[0].of))
    for cell in itertools.islice(cells, MOST_CELLS):
        yield _at(query, cell)


def _at(query: Query, cell: tuple[Value, ...]) -> Query:
    match query:
        case Distribution(of, given):
            parts = [Op("=", (term, Const(value))) for term, value in zip(of, cell, strict=True)]
            return Probability(conjunction(*parts), given)
        case Contrast(op, left, right):
            return Contrast(op, _at(left, cell), _at(right, cell))
        case Number() | _:
            return query
