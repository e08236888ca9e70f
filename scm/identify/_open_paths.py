"""Open paths in words: what confounds a cause and its effect, and what a set of variables opens or closes."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice, pairwise

from .._bitgraph import BitGraph, members
from .._graph import CausalGraph
from ._adjustment import Effect, Names, effect_of, set_of

MOST_STEPS = 5_000
"""Most partial paths followed: the open paths of a dense graph have no end."""

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
    """Open proper paths, shortest first: those are followed first that can be the shortest in the end (A*)."""
    opens = graph.ancestors(given)
    by_tail, by_head = _distances(graph, effect.effect, given, opens)
    left: list[tuple[int, int, int, Path]] = [
        (by_tail[i], 0, i, ((i, ""),)) for i in members(effect.cause) if i in by_tail
    ]
    heapq.heapify(left)
    made = len(graph.names)  # tells apart what is equally long, so that paths are never compared
    while left:
        _, _, _, path = heapq.heappop(left)
        i, arrow = path[-1]
        if effect.effect >> i & 1:
            yield path
        if effect.effect >> i & 1 or made > MOST_STEPS:
            continue
        passed = effect.cause
        for j, _ in path:
            passed |= 1 << j
        free = not given >> i & 1
        turn = opens >> i & 1 if arrow in ("->", "<->") else free  # whether it may go on by an edge with a head here
        for way, onto, far in (
            ("<-", graph.parents[i] if turn else 0, by_tail),
            ("->", graph.children[i] if free else 0, by_head),
            ("<->", graph.siblings[i] if turn else 0, by_head),
        ):
            for j in members(onto & ~passed):
                if j in far:
                    made += 1
                    heapq.heappush(left, (len(path) + far[j], -len(path), made, (*path, (j, way))))


def _distances(graph: BitGraph, effect: int, given: int, opens: int) -> tuple[dict[int, int], dict[int, int]]:
    """How many steps an open walk to the effect takes at least, from each variable entered by a tail, and by a head."""
    by_tail, by_head = ({i: 0 for i in members(effect)} for _ in range(2))
    tails = heads = effect
    steps = 0
    while tails | heads:
        steps += 1
        new_tails = new_heads = 0
        for i in members(tails):
            new_tails |= graph.children[i] & ~given
            new_heads |= graph.children[i] & opens
        for i in members(heads):
            new_tails |= (graph.parents[i] | graph.siblings[i]) & ~given
            new_heads |= graph.parents[i] & ~given | graph.siblings[i] & opens
        tails = heads = 0
        for i in members(new_tails):
            if by_tail.setdefault(i, steps) == steps:
                tails |= 1 << i
        for i in members(new_heads):
            if by_head.setdefault(i, steps) == steps:
                heads |= 1 << i
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
