"""Graphs made from graphs: latent projections, districts, moral and mutilated graphs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ._bitgraph import BitGraph, members
from ._errors import InvalidQuery, UnknownName
from ._graph import CausalGraph, check_graph
from ._memo import by_identity

if TYPE_CHECKING:
    import networkx as nx

    Undirected = nx.Graph[str]

bits_of = by_identity(BitGraph.of)
"""The bits of a graph, kept for graphs that are asked about again."""


def graph_names(graph: CausalGraph, names: str | Iterable[str], where: str) -> tuple[str, ...]:
    """A name, or names, each once, all of them variables of `graph`.

    Raises:
        UnknownName: one that the graph does not have; `where` begins the message.
        InvalidGraph, InvalidQuery: not a graph, or not names.
    """
    if not isinstance(names, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"{where} takes a variable's name, or several, got {type(names).__name__}.")
    found = (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))
    for name in found:
        if name not in check_graph(graph).parents:
            raise UnknownName(name, graph.variables, where)
    return found


def latent_projection(graph: CausalGraph, onto: Iterable[str] | None = None) -> CausalGraph:
    """The graph over fewer variables that says the same about them (Verma & Pearl 1990; Tian & Pearl 2002).

    A kept pair gets the edge a -> b if a directed path leads from a to b through dropped variables alone, and a <-> b
    if a path without colliders, arrowheads at both ends, does. The projection has the m-separations of `graph` among
    the kept variables, and the same answers to which effects of theirs can be identified.

    Args:
        graph: any acyclic mixed graph.
        onto: the variables that are kept; by default the observed ones.

    Returns:
        A graph over `onto`, in the order declared; a hidden variable that is kept stays hidden. `graph` itself where
        nothing is dropped.

    Raises:
        UnknownName: a variable that the graph does not have.
    """
    check_graph(graph)
    kept = set(graph.observed if onto is None else graph_names(graph, onto, "The list of variables to keep"))
    if len(kept) == len(graph.variables):
        return graph
    bits = bits_of(graph)
    keep = bits.bits(kept)
    reached = [_reached(bits, i, keep) for i in range(len(bits.names))]
    edges: list[tuple[str, str]] = []
    partners = [0] * len(bits.names)
    for i, found in enumerate(reached):
        if keep >> i & 1:
            effects = union(reached, bits.children[i])
            edges += [(bits.names[i], bits.names[j]) for j in members(effects)]
        both = union(reached, bits.siblings[i]) | (0 if keep >> i & 1 else found)
        for a in members(found):
            partners[a] |= both
    confounded = [(bits.names[i], bits.names[j]) for i, both in enumerate(partners) for j in members(both) if i < j]
    variables = tuple(name for name in graph.variables if name in kept)
    hidden = tuple(name for name in graph.hidden if name in kept)
    return CausalGraph(variables, tuple(edges), tuple(confounded), hidden)


def _reached(bits: BitGraph, start: int, keep: int) -> int:
    """The kept variables that a directed path from `start` reaches first: `start` itself where it is kept."""
    if keep >> start & 1:
        return 1 << start
    dropped = bits.descendants(1 << start, ~keep)
    return union(bits.children, dropped) & keep


def union(sets: Sequence[int], which: int) -> int:
    """The union of some of the sets."""
    found = 0
    for i in members(which):
        found |= sets[i]
    return found


def districts(graph: CausalGraph) -> tuple[tuple[str, ...], ...]:
    """The districts (c-components): variables joined by chains of hidden common causes (Tian & Pearl 2002).

    The graph is taken as drawn: for the districts of the observed variables project the hidden ones away first.

    Returns:
        Each variable in exactly one district; causes first, within each and among them.
    """
    bits = bits_of(graph)
    return tuple(bits.named(found) for found in bits.districts())


def augmented(bits: BitGraph, within: int) -> list[int]:
    """The neighbours of each variable in the augmented graph (see `moral_graph`) of the subgraph of `within`."""
    found = [0] * len(bits.names)
    for district in bits.districts(within):
        clique = district | bits.parents_of(district) & within
        for i in members(clique):
            found[i] |= clique & ~(1 << i)
    return found


def moral_graph(graph: CausalGraph) -> Undirected:
    """Undirected: two variables are joined if they are adjacent, or meet in a common effect.

    Of a graph with hidden common causes this is the augmented graph: two variables are joined if a path between them
    has nothing but colliders on it (Richardson 2003). In the moral graph of the ancestors of A, B and Z, Z separates A
    from B exactly where it m-separates them in the graph.

    Returns:
        A networkx graph of your own over all variables.
    """
    import networkx as nx  # a tenth of a second that most questions do not need

    bits = bits_of(graph)
    found: Undirected = nx.Graph()
    found.add_nodes_from(graph.variables)
    for i, near in enumerate(augmented(bits, -1)):
        found.add_edges_from((bits.names[i], bits.names[j]) for j in members(near) if i < j)
    return found


def mutilated(graph: CausalGraph, *, into: str | Iterable[str] = (), out_of: str | Iterable[str] = ()) -> CausalGraph:
    """The graph without some edges, as do-calculus writes it: G with a bar over `into` and one under `out_of`.

    Args:
        graph: any acyclic mixed graph.
        into: no edge points into these, neither a cause's nor a hidden common cause's.
        out_of: no directed edge leaves these; hidden common causes stay.

    Raises:
        UnknownName: a variable that the graph does not have.
    """
    ends = set(graph_names(graph, into, "The list `into`"))
    starts = set(graph_names(graph, out_of, "The list `out_of`"))
    return CausalGraph(
        graph.variables,
        tuple((a, b) for a, b in graph.edges if b not in ends and a not in starts),
        tuple((a, b) for a, b in graph.confounded if not {a, b} & ends),
        graph.hidden,
    )


def joined_parts(size: int, groups: Iterable[Sequence[int]]) -> list[list[int]]:
    """The numbers below `size` in parts, such that the members of each group are in one part.

    Returns:
        The parts in the order of their least members, each in rising order.
    """
    leader = list(range(size))

    def head(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    for group in groups:
        for i in group[1:]:
            leader[head(i)] = head(group[0])
    parts: dict[int, list[int]] = {}
    for i in range(size):
        parts.setdefault(head(i), []).append(i)
    return list(parts.values())
