"""m-separation in acyclic mixed graphs; in a graph without hidden common causes it is d-separation."""

from __future__ import annotations

from collections.abc import Iterable

from ._bitgraph import BitGraph
from ._errors import InvalidQuery, listing
from ._graph import CausalGraph
from ._graph_ops import bits_of, graph_names


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
    together = [name for names in found for name in names]
    twice = [name for name in dict.fromkeys(together) if together.count(name) > 1]
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
