"""Which assignments of a world can matter to a variable, and which rung of the ladder a question needs.

Graphs and syntax only: dropping what cannot reach a term is exclusion, and what is left says how far up one must go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ._errors import InvalidQuery, UnknownName
from ._graph import CausalGraph
from ._syntax import (
    Assignment,
    Draw,
    Expr,
    Set,
    Soft,
    Var,
    World,
    assignment_parts,
    carrier_of,
    print_assignment,
    terms,
)


def check_world(graph: CausalGraph, world: World) -> None:
    """That every assignment of `world`, nested ones included, can be made on `graph`.

    Raises:
        UnknownName: a variable that the graph does not have.
        InvalidQuery: an edge that is not there, or a policy that reads what it affects.
    """
    for a in world:
        for name in (a.target, a.parent):
            if name is not None and name not in graph.parents:
                raise UnknownName(name, graph.variables)
        if a.parent is not None and a.parent not in graph.parents[a.target]:
            raise InvalidQuery(
                f"{print_assignment(a)} needs an edge {a.parent} -> {a.target}; the causes of {a.target!r} are "
                f"{', '.join(map(repr, graph.parents[a.target])) or 'none'}."
            )
        for part in assignment_parts(a):
            for term in terms(part):
                if isinstance(a, Set):
                    check_world(graph, term.world)
                else:
                    _check_policy(graph, a, term)


def _check_policy(graph: CausalGraph, a: Soft | Draw, term: Var) -> None:
    if term.world:
        raise InvalidQuery(f"{print_assignment(a)}: a policy reads variables of its own world, without subscripts.")
    if term.name not in graph.parents:
        raise UnknownName(term.name, graph.variables)
    affected = graph.descendants([a.target]) - ({a.target} if a.parent is None else set())
    if term.name in affected:
        raise InvalidQuery(
            f"{print_assignment(a)} reads {term.name!r}, which {a.target!r} affects: the policy would go in a circle."
        )


def relevant_world(graph: CausalGraph, name: str, world: World) -> World:
    """The assignments of `world` that can reach `name`: those on a path into it not cut by another assignment."""
    if not world:
        return world
    cut = {a.target: k for k, a in enumerate(world) if a.parent is None}
    edges = {(a.parent, a.target): k for k, a in enumerate(world) if a.parent is not None}
    used: set[int] = set()
    seen: set[tuple[str, bool]] = set()
    stack: list[tuple[str, bool]] = [(name, False)]
    while stack:
        node, natural = stack.pop()
        if (node, natural) in seen:
            continue
        seen.add((node, natural))
        own = None if natural else cut.get(node)
        if own is not None:
            used.add(own)
            stack += _policy_reads(world[own])
            continue
        for parent in graph.parents[node]:
            edge = edges.get((parent, node))
            if edge is None:
                stack.append((parent, False))
            else:
                used.add(edge)
                stack += _policy_reads(world[edge])
    return tuple([a for k, a in enumerate(world) if k in used])


def _policy_reads(a: Assignment) -> list[tuple[str, bool]]:
    """What a policy reads in its own world; its own target naturally, without the policy."""
    if isinstance(a, Set):
        return []
    carrier = carrier_of(a)
    return [(t.name, t.name == carrier and a.parent is None) for part in assignment_parts(a) for t in terms(part)]


def rung(graph: CausalGraph, parts: Sequence[Expr]) -> Literal[1, 2, 3]:
    """Step of the causal ladder: 1 seeing, 2 doing, 3 imagining; after interventions that cannot matter are dropped."""
    found: list[tuple[Var, World]] = []
    seen = True
    for term in [t for part in parts for t in terms(part)]:
        world = relevant_world(graph, term.name, term.world)
        found.append((term, world))
        for a in world:
            if _imagines(a):
                return 3
            seen = seen and a.parent is None and a.target == term.name and isinstance(a, Set)
    return 1 if seen else 2 if _fit_one_world(graph, found) else 3


def _fit_one_world(graph: CausalGraph, found: Sequence[tuple[Var, World]]) -> bool:
    """Whether one of the worlds means for every term what the term's own world means for it.

    A term that only reads a world's own setting, or an ancestor of it, fits any world with the same setting.

    Args:
        graph: the causal graph.
        found: each term, and what of its world is relevant to it.
    """
    tried: list[World] = []
    for world in [t.world for t, _ in found]:
        if world not in tried:  # few, and dear to hash
            tried.append(world)
            if all([t.world == world or relevant_world(graph, t.name, world) == own for t, own in found]):
                return True
    return False


def _imagines(a: Assignment) -> bool:
    """Whether an assignment reads another world, a natural value, or one edge only."""
    if a.parent is not None:
        return True
    if isinstance(a, Set):
        return isinstance(a.value, Var)
    return any(t.name == a.target for part in assignment_parts(a) for t in terms(part))
