"""The sequential back-door criterion: several treatments, each with covariates of its own (the g-formula)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from .._bitgraph import BitGraph, members
from .._cuts import smallest, undirected
from .._graph import CausalGraph
from .._separation import connected
from ._adjustment import Effect, Names, effect_of, set_of

Plan = tuple[tuple[str, tuple[str, ...]], ...]
"""For each treatment, in the order they are given, the covariates that are read before it."""
MOST_ORDERED = 4
"""Treatments whose every order is tried; of more, only the causal order of the graph."""


def sequential_plan(graph: CausalGraph, cause: Names, effect: Names) -> Plan | None:
    """Covariates for each of several treatments, by which their joint effect is the g-formula; None where none do.

    The sequential back-door criterion (Pearl & Robins 1995, theorem 1; Pearl 2009, theorem 4.4.1): the covariates of a
    treatment are affected neither by it nor by a later one, and with the earlier treatments and covariates they block
    its back doors where the later treatments are imposed. Then with z_1, ..., z_n the covariates
    `P(y | do(x_1, ..., x_n)) = sum_z P(y | x, z) prod_k P(z_k | x_1, ..., x_k-1, z_1, ..., z_k-1)`.
    Choosing the fewest covariates at each step finds a plan wherever the order of treatments has one (Pearl 2009,
    theorem 4.4.6). Orders that the graph leaves open are tried for up to four treatments.

    Args:
        graph: an acyclic mixed graph; its hidden variables stay on the paths.
        cause: a name, or names of joint treatments.
        effect: a name, or names.

    Raises:
        UnknownName, InvalidQuery: as for `is_adjustment_set`.
    """
    found = effect_of(graph, cause, effect)
    steps = find_plan(found)
    if steps is None:
        return None
    return tuple((found.bits.names[i], found.bits.named(chosen)) for i, chosen in steps)


def is_sequential_plan(graph: CausalGraph, plan: Plan, effect: Names) -> bool:
    """Whether a plan satisfies the sequential back-door criterion (Pearl 2009, theorem 4.4.1).

    Args:
        graph: as for `is_adjustment_set`.
        plan: the treatments in the order they are given, each with its covariates.
        effect: a name, or names.

    Raises:
        UnknownName, InvalidQuery: as for `is_adjustment_set`.
    """
    found = effect_of(graph, [name for name, _ in plan], effect)
    order = [found.bits.place[name] for name, _ in plan]
    fixed = 0
    for k, (_, covariates) in enumerate(plan):
        chosen = set_of(graph, found, covariates)
        if chosen & ~_readable(found, order, k):
            return False
        fixed |= chosen
        if connected(_stage(found.bits, order, k), 1 << order[k], fixed) & found.effect:
            return False
        fixed |= 1 << order[k]
    return not fixed & found.effect and _in_time(found.bits, order)


def find_plan(effect: Effect) -> tuple[tuple[int, int], ...] | None:
    """`sequential_plan` as bits: each treatment with its covariates."""
    causes = tuple(members(effect.cause))
    orders = permutations(causes) if len(causes) <= MOST_ORDERED else (causes,)
    for order in orders:
        steps = _plan(effect, order) if _in_time(effect.bits, order) else None
        if steps is not None:
            return steps
    return None


def _in_time(bits: BitGraph, order: Sequence[int]) -> bool:
    """Whether no treatment affects an earlier one."""
    return not any(bits.descendants(1 << late) >> early & 1 for k, late in enumerate(order) for early in order[:k])


def _plan(effect: Effect, order: Sequence[int]) -> tuple[tuple[int, int], ...] | None:
    steps: list[tuple[int, int]] = []
    fixed = 0
    for k, i in enumerate(order):
        graph = _stage(effect.bits, order, k)
        chosen = 0
        if connected(graph, 1 << i, fixed) & effect.effect:
            near = undirected(graph, 1 << i, effect.effect, _readable(effect, order, k) & ~fixed, fixed)
            found = smallest(near, 1 << i, effect.effect)
            if found is None:
                return None
            chosen = found
        steps.append((i, chosen))
        fixed |= chosen | 1 << i
    return tuple(steps)


def _readable(effect: Effect, order: Sequence[int], k: int) -> int:
    """What may be read before the treatment `k`: what neither it nor a later one affects."""
    later = 0
    for i in order[k:]:
        later |= 1 << i
    return effect.observed & ~(effect.bits.descendants(later) | effect.cause | effect.effect)


def _stage(bits: BitGraph, order: Sequence[int], k: int) -> BitGraph:
    """The graph that decides about the treatment `k`: the later ones are imposed, and its own effects cut."""
    later = 0
    for i in order[k + 1 :]:
        later |= 1 << i
    return bits.without_edges(into=later, out_of=1 << order[k])
