"""m-separation in acyclic mixed graphs, and the sets that do it; without hidden common causes it is d-separation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations

from ._bitgraph import BitGraph, members
from ._claims import Independence
from ._cuts import minimal_sets, smallest, undirected
from ._errors import InvalidQuery, listing
from ._graph import CausalGraph
from ._graph_ops import bits_of, graph_names, latent_projection


def separated(
    graph: CausalGraph, first: str | Iterable[str], second: str | Iterable[str], given: str | Iterable[str] = ()
) -> bool:
    """Whether `given` m-separates `first` from `second` (Pearl 1988; Richardson 2003).

    A path is open if every collider on it is in `given` or causes something there, and no other variable of it is in
    `given`; separated means that no path between the two sides is open. Hidden variables are variables like others
    here, so that what conditioning on them would do can be asked. The walk visits each variable at most twice.

    Args:
        graph: any acyclic mixed graph.
        first: a name or names; an empty side is separated from everything.
        second: the other side.
        given: what is conditioned on.

    Raises:
        UnknownName: a variable that the graph does not have.
        InvalidQuery: a variable that stands on two sides.
    """
    bits = bits_of(graph)
    left, right, known = (bits.bits(names) for names in _sides(graph, first, second, given))
    return not connected(bits, left, known) & right


def _sides(graph: CausalGraph, *sides: str | Iterable[str]) -> list[tuple[str, ...]]:
    """The names of each side.

    Raises:
        UnknownName: a variable that the graph does not have.
        InvalidQuery: a variable that stands on two sides.
    """
    found = [graph_names(graph, names, "A question of separation") for names in sides]
    times = Counter(name for names in found for name in names)
    twice = [name for name, count in times.items() if count > 1]
    if twice:
        raise InvalidQuery(
            f"{listing(twice)} stands on two sides of one question of separation. The two sides and what is given must "
            "have no variable in common: leave it out of one of them."
        )
    return found


def connected(bits: BitGraph, start: int, given: int) -> int:
    """Every variable with a path from `start` that `given` leaves open, `start` with it.

    A walk over (variable, the mark with which it was entered): entered by a tail it may be left by any edge unless it
    is given; entered by an arrowhead it may be left by a tail unless it is given, and by an arrowhead if it is given or
    causes something that is.
    """
    opens = bits.ancestors(given)  # a collider among these is open
    by_tail, by_head = start & ~given, 0
    tails, heads = by_tail, 0  # still to be left
    while tails | heads:
        low = tails & -tails or heads & -heads
        i = low.bit_length() - 1
        from_tail = bool(tails)
        if from_tail:
            tails ^= low
        else:
            heads ^= low
        if from_tail or low & opens:
            new = bits.parents[i] & ~given & ~by_tail
            by_tail, tails = by_tail | new, tails | new
            new = bits.siblings[i] & ~by_head
            by_head, heads = by_head | new, heads | new
        if not low & given:
            new = bits.children[i] & ~by_head
            by_head, heads = by_head | new, heads | new
    return (by_tail | by_head) & ~given


def minimal_separator(
    graph: CausalGraph,
    first: str | Iterable[str],
    second: str | Iterable[str],
    *,
    among: Iterable[str] | None = None,
    containing: str | Iterable[str] = (),
) -> tuple[str, ...] | None:
    """A set that m-separates `first` from `second` and of which nothing can be left out: the one closest to `first`.

    Arguments and errors are those of `minimal_separators`.

    Returns:
        The set, causes first; None where no set separates them.
    """
    return next(minimal_separators(graph, first, second, among=among, containing=containing), None)


def minimal_separators(
    graph: CausalGraph,
    first: str | Iterable[str],
    second: str | Iterable[str],
    *,
    among: Iterable[str] | None = None,
    containing: str | Iterable[str] = (),
) -> Iterator[tuple[str, ...]]:
    """Every set that m-separates `first` from `second` and of which nothing can be left out, one by one.

    Minimal separators are those of an undirected graph, the augmented graph of the ancestors of both sides and of
    `containing` (van der Zander, Liskiewicz & Textor 2019). There they are listed by the component on the side of
    `first` (Takata 2010), so that the time from one to the next is polynomial, however many there are.

    Args:
        graph: any acyclic mixed graph.
        first: a name or names.
        second: the other side.
        among: the variables that may be used; by default the observed ones.
        containing: what every set must contain; only the rest is minimal then.

    Returns:
        An iterator over sets, each with causes first.

    Raises:
        UnknownName: a variable that the graph does not have.
        InvalidQuery: a variable that stands on both sides, or on one side and in `containing`.
    """
    bits = bits_of(graph)
    left, right, must = (bits.bits(names) for names in _sides(graph, first, second, containing))
    usable = graph.observed if among is None else graph_names(graph, among, "The list of variables that may be used")
    near = undirected(bits, left, right, bits.bits(usable), must)
    return (bits.named(found | must) for found in minimal_sets(near, left, right))


def implied_independences(graph: CausalGraph) -> tuple[Independence, ...]:
    """For every pair of observed variables that some set of observed ones separates: the pair and a smallest such set.

    These are the missing edges, one statement for each: what a table can be tested against. They are not all the
    independences that the graph implies (`separated` decides those), nor do they imply all of them by the axioms of
    independence. For the pairs without an edge that nothing separates see `inducing_paths`.

    Returns:
        At most one statement for a pair, in the order of declaration; no set with fewer variables separates it.
    """
    projected = latent_projection(graph)
    bits = bits_of(projected)
    found: list[Independence] = []
    for a, b in _without_edge(projected):
        left, right = bits.bits((a,)), bits.bits((b,))
        given = smallest(undirected(bits, left, right, bits.everything), left, right)
        if given is not None:
            found.append(Independence(a, b, bits.named(given)))
    return tuple(found)


def inducing_paths(graph: CausalGraph) -> tuple[tuple[str, ...], ...]:
    """A shortest inducing path for every pair of observed variables that has no edge and that no set separates.

    Every variable between the ends is a collider on the path and causes one of the ends (Verma & Pearl 1990), in the
    latent projection on the observed variables. What such a pair implies is no independence: at most an inequality, or
    an equality between laws such as Verma's.

    Returns:
        The variables of each path, ends included; pairs in the order of declaration.
    """
    projected = latent_projection(graph)
    bits = bits_of(projected)
    found = (_inducing_path(bits, bits.place[a], bits.place[b]) for a, b in _without_edge(projected))
    return tuple(tuple(bits.names[i] for i in path) for path in found if path)


def _without_edge(graph: CausalGraph) -> Iterator[tuple[str, str]]:
    joined = {frozenset(pair) for pair in (*graph.edges, *graph.confounded)}
    return (pair for pair in combinations(graph.variables, 2) if frozenset(pair) not in joined)


def _inducing_path(bits: BitGraph, a: int, b: int) -> tuple[int, ...]:
    """The variables of a shortest inducing path from `a` to `b`, empty if there is none: breadth first."""
    above = bits.ancestors(1 << a | 1 << b) & ~(1 << a | 1 << b)
    last = (bits.siblings[b] | bits.children[b]) & above
    edge = (bits.siblings[a] | bits.children[a]) & above
    paths: dict[int, tuple[int, ...]] = {i: (a, i) for i in members(edge)}
    for i, path in (queue := list(paths.items())):
        if last >> i & 1:
            return (*path, b)
        for j in members(bits.siblings[i] & above):
            if j not in paths:
                paths[j] = (*path, j)
                queue.append((j, paths[j]))
    return ()
