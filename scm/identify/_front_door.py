"""The front-door criterion: an effect through what carries all of it (Pearl 2009, theorem 3.3.4)."""

from __future__ import annotations

from collections.abc import Iterator

from .._bitgraph import members
from .._graph import CausalGraph
from .._separation import connected
from ._adjustment import Effect, Names, effect_of, set_of


def is_front_door_set(graph: CausalGraph, cause: Names, effect: Names, by: Names) -> bool:
    """Whether `by` satisfies the front-door criterion (Pearl 2009, definition 3.3.3; for sets, Jeong et al. 2022).

    It cuts every directed path from cause to effect; no back-door path leads from the cause to it; the cause blocks
    every back-door path from it to the effect. Then
    `P(y | do(x)) = sum_z P(z | x) sum_x' P(y | x', z) P(x')`.

    Args:
        graph: an acyclic mixed graph; its hidden variables stay on the paths.
        cause: a name, or names of joint treatments.
        effect: a name, or names.
        by: the variables between.

    Raises:
        UnknownName, InvalidQuery: as for `is_adjustment_set`.
    """
    found = effect_of(graph, cause, effect)
    chosen = set_of(graph, found, by)
    return not chosen & (found.cause | found.effect) and largest_front_door(found, chosen) == chosen


def front_door_sets(graph: CausalGraph, cause: Names, effect: Names) -> Iterator[tuple[str, ...]]:
    """Every minimal front-door set, each once: no part of it is one.

    The first takes polynomial time (after Jeong, Tian & Bareinboim 2022: the sets among given variables have a largest
    one); for each further one a member of an earlier set is left out, which ends but has no bound on its delay.

    Args:
        graph: an acyclic mixed graph; its hidden variables stay on the paths.
        cause: a name, or names of joint treatments.
        effect: a name, or names.

    Raises:
        UnknownName, InvalidQuery: as for `is_adjustment_set`, before the first set is asked for.
    """
    found = effect_of(graph, cause, effect)
    return (found.bits.named(chosen) for chosen in _minimal(found))


def _minimal(effect: Effect) -> Iterator[int]:
    start = effect.observed
    stack, tried, seen = [start], {start}, set[int]()
    while stack:
        within = stack.pop()
        chosen = minimal_front_door(effect, within)
        if chosen is None:
            continue
        if chosen not in seen:
            seen.add(chosen)
            yield chosen
        for i in members(chosen):
            less = within & ~(1 << i)
            if less not in tried:
                tried.add(less)
                stack.append(less)


def minimal_front_door(effect: Effect, within: int) -> int | None:
    """A front-door set in `within` of which no part is one; None where `within` holds none."""
    largest = largest_front_door(effect, within)
    if largest is None:
        return None
    # Only what lies on a causal path is ever needed to cut them, but the rest may be needed to block back doors.
    for i in (*members(largest & ~effect.causal), *members(largest & effect.causal)):
        if largest >> i & 1:
            less = largest_front_door(effect, largest & ~(1 << i))
            largest = largest if less is None else less
    return largest


def largest_front_door(effect: Effect, within: int) -> int | None:
    """The front-door set in `within` that has all others in it; None where there is none."""
    bits, cause = effect.bits, effect.cause
    confounded = connected(bits.without_edges(out_of=cause), cause, 0)
    kept = within & effect.observed & ~(confounded | cause | effect.effect)
    # A union of sets whose back doors the cause blocks is such a set: what fails beside all others fails with fewer.
    while fails := kept & connected(bits.without_edges(out_of=kept), effect.effect, cause):
        kept &= ~fails
    leak = bits.descendants(cause, ~kept) & effect.effect
    return None if leak else kept
