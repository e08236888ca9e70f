"""Whether a claim holds in a graph, or in all, some or none of the graphs that imply the same independences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from ._bitgraph import BitGraph
from ._claims import Adjusts, CausalClaim, Claim, Independence
from ._equivalence import EquivalenceClass
from ._errors import InvalidQuery, UnknownName
from ._graph import CausalGraph, check_graph
from ._graph_ops import bits_of
from ._separation import connected

Members: TypeAlias = Literal["all", "some", "none"]
"""In which members of a class a claim holds; a single graph is a class of one, where `some` does not occur."""


def holds(graph: CausalGraph | EquivalenceClass, claim: Claim) -> Members:
    """In which members of a class a claim holds: all, some or none; of a single graph all or none.

    A claim about causes is read off each graph as drawn: see `Relation`. A hidden common cause (A <-> B) counts as a
    common cause, of A and B and of what they cause. Adjusting is right by the adjustment criterion (Shpitser,
    VanderWeele & Robins 2010; Perkovic et al. 2018), whether or not what is adjusted for is measured.

    An independence is the same in every member, and the edges of the class say what is a direct cause; for other claims
    the members are gone through.

    Raises:
        UnknownName: a variable that the graph does not have.
        InvalidQuery: a claim with a variable on two sides, or too many members to go through.
    """
    _check(graph.variables if isinstance(graph, EquivalenceClass) else check_graph(graph).variables, claim)
    if isinstance(graph, CausalGraph):
        return "all" if _true(bits_of(graph), claim) else "none"
    match claim:
        case Independence():
            return "all" if _true(BitGraph.of(graph.member), claim) else "none"
        case CausalClaim("direct cause", a, b):
            return "all" if (a, b) in graph.directed else "some" if {(a, b), (b, a)} & {*graph.undirected} else "none"
        case _:
            answers = (_true(BitGraph.of(member), claim) for member in graph.members())
            first = next(answers)
            return "some" if (not first) in answers else "all" if first else "none"


def _check(names: tuple[str, ...], claim: Claim) -> None:
    match claim:
        case CausalClaim(_, a, b):
            spoken = (a, b)
        case Independence(a, b, rest) | Adjusts(a, b, rest):
            spoken = (a, b, *dict.fromkeys(rest))
        case _:  # untyped callers
            raise InvalidQuery(f"A claim is wanted, got {type(claim).__name__}. parse_claim makes one of text.")
    for name in spoken:
        if name not in names:
            raise UnknownName(name, names, "The claim")
    if len(set(spoken)) < len(spoken):
        twice = next(name for name in spoken if spoken.count(name) > 1)
        raise InvalidQuery(f"The claim has {twice!r} on two sides; the variables of a claim are different ones.")


def _true(bits: BitGraph, claim: Claim) -> bool:
    match claim:
        case CausalClaim(relation, a, b):
            return _RELATIONS[relation](bits, bits.place[a], bits.place[b])
        case Independence(a, b, given):
            return not connected(bits, bits.bits((a,)), bits.bits(given)) & bits.bits((b,))
        case Adjusts(a, b, by):
            return _adjusts(bits, bits.place[a], bits.place[b], bits.bits(by))


def _direct(bits: BitGraph, a: int, b: int) -> bool:
    return bool(bits.children[a] >> b & 1)


def _indirect(bits: BitGraph, a: int, b: int) -> bool:
    return bool(bits.descendants(bits.children[a] & ~(1 << b)) >> b & 1)


def _cause(bits: BitGraph, a: int, b: int) -> bool:
    return bool(bits.descendants(1 << a) >> b & 1)


def _common_cause(bits: BitGraph, a: int, b: int) -> bool:
    left, right = bits.ancestors(1 << a, ~(1 << b)), bits.ancestors(1 << b, ~(1 << a))
    return bool(left & right) or any(left >> i & 1 and s & right for i, s in enumerate(bits.siblings))


def _common_effect(bits: BitGraph, a: int, b: int) -> bool:
    return bool(bits.descendants(1 << a, ~(1 << b)) & bits.descendants(1 << b, ~(1 << a)))


_RELATIONS: dict[str, Callable[[BitGraph, int, int], bool]] = {
    "direct cause": _direct,
    "indirect cause": _indirect,
    "cause": _cause,
    "common cause": _common_cause,
    "common effect": _common_effect,
}


def _adjusts(bits: BitGraph, cause: int, effect: int, by: int) -> bool:
    """The adjustment criterion: nothing forbidden, and every path that is not causal is blocked.

    Forbidden are the effects of what lies on a causal path. Without the first edges of the causal paths what is left
    is the proper back-door graph (van der Zander, Liskiewicz & Textor 2019, definition 4.1).
    """
    on_path = bits.descendants(1 << cause) & bits.ancestors(1 << effect) & ~(1 << cause)
    if bits.descendants(on_path) & by:
        return False
    parents = tuple(p & ~(1 << cause) if on_path >> i & 1 else p for i, p in enumerate(bits.parents))
    children = tuple(c & ~on_path if i == cause else c for i, c in enumerate(bits.children))
    rest = BitGraph(bits.names, parents, children, bits.siblings)
    return not connected(rest, 1 << cause, by) >> effect & 1
