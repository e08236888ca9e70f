"""Open paths in words: what confounds a cause and its effect, and what a set of variables opens or closes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise

from .._bitgraph import BitGraph, members
from .._graph import CausalGraph
from ._adjustment import Effect, Names, effect_of, set_of

MOST_STEPS = 2_000
"""Most partial paths looked at: the open paths of a dense graph have no end."""

State = tuple[int, str]
"""A variable, and the arrow by which the path came into it."""
Path = tuple[State, ...]


def confounding_paths(
    graph: CausalGraph, cause: Names, effect: Names, given: Names = (), *, most: int = 10
) -> tuple[str, ...]:
    """The proper non-causal paths from cause to effect that `given` leaves open, such as `X <- Z -> Y`.

    Short paths first; a proper path leaves the set of causes at once and ends where it first meets an effect. In a
    graph with very many paths the search ends early: what is listed is open, but more may be.

    Args:
        graph: an acyclic mixed graph; its hidden variables stay on the paths.
        cause: a name, or names of joint treatments.
        effect: a name, or names.
        given: what is held fixed or adjusted for.
        most: how many paths are listed.

    Raises:
        UnknownName, InvalidQuery: as for `is_adjustment_set`.
    """
    found = effect_of(graph, cause, effect)
    paths = open_paths(found, set_of(graph, found, given) & ~(found.cause | found.effect), most)
    return tuple(path_text(found.bits, path) for path in paths)


def open_paths(effect: Effect, given: int, most: int) -> list[Path]:
    """The proper non-causal paths that are open, at most so many."""
    # Without a forbidden variable given, an open path is open in the back-door graph too, where no causal one is left.
    graph = effect.bits if given & effect.forbidden else effect.back_door
    return list(islice((path for path in _paths(graph, effect, given) if not _directed(path)), most))


def is_open(bits: BitGraph, path: Path, given: int) -> bool:
    """Whether `given` leaves a path open."""
    opens = bits.ancestors(given)
    for (i, into), (_, out) in pairwise(path[1:]):
        collider = into != "<-" and out != "->"
        if not (opens if collider else ~given) >> i & 1:
            return False
    return True


def _paths(graph: BitGraph, effect: Effect, given: int) -> Iterator[Path]:
    """Open proper paths, shortest first; only ways on that can lead to the effect are followed."""
    opens = graph.ancestors(given)
    by_tail, by_head = _leading(graph, effect.effect, given, opens)
    queue: list[Path] = [((i, ""),) for i in members(effect.cause)]
    for path in queue:
        i, arrow = path[-1]
        passed = effect.cause
        for j, _ in path:
            passed |= 1 << j
        free = not given >> i & 1
        turn = opens >> i & 1 if arrow in ("->", "<->") else free  # whether it may go on by an edge with a head here
        ways = (
            ("<-", graph.parents[i] & by_tail if turn else 0),
            ("->", graph.children[i] & by_head if free else 0),
            ("<->", graph.siblings[i] & by_head if turn else 0),
        )
        for way, onto in ways:
            for j in members(onto & effect.effect):
                yield (*path, (j, way))
        if len(queue) <= MOST_STEPS:
            queue += [(*path, (j, way)) for way, onto in ways for j in members(onto & ~(passed | effect.effect))]


def _leading(graph: BitGraph, effect: int, given: int, opens: int) -> tuple[int, int]:
    """The variables from which an open walk leads to the effect: entered by a tail, and by an arrowhead."""
    by_tail = by_head = tails = heads = effect
    while tails | heads:
        low = tails & -tails or heads & -heads
        i = low.bit_length() - 1
        if tails:
            tails ^= low
            before = graph.children[i]
            new_tail, new_head = before & ~given, before & opens
        else:
            heads ^= low
            parents, siblings = graph.parents[i], graph.siblings[i]
            new_tail, new_head = (parents | siblings) & ~given, parents & ~given | siblings & opens
        tails, by_tail = tails | new_tail & ~by_tail, by_tail | new_tail
        heads, by_head = heads | new_head & ~by_head, by_head | new_head
    return by_tail, by_head


def _directed(path: Path) -> bool:
    return all(arrow == "->" for _, arrow in path[1:])


def path_text(graph: BitGraph, path: Path) -> str:
    """A path as text, with its arrows."""
    return " ".join(f"{arrow} {graph.names[i]}" for i, arrow in path).lstrip()


def directed_path(bits: BitGraph, start: int, end: int, avoiding: int = 0) -> tuple[int, ...]:
    """A shortest directed path between two sets that passes through none of `avoiding`; () where there is none."""
    before: dict[int, int | None] = {i: None for i in members(start)}
    queue = list(before)
    for i in queue:
        if end >> i & 1:
            path, at = list[int](), i
            while at is not None:
                path.append(at)
                at = before[at]
            return tuple(reversed(path))
        for j in members(bits.children[i] & ~avoiding):
            if j not in before:
                before[j] = i
                queue.append(j)
    return ()
