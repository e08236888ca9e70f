"""Adjustment: which sets of variables give the effect of `cause` on `effect` by standardising over them.

For joint treatments in graphs with hidden common causes: a set is valid exactly where it holds no descendant of a
variable on a proper causal path, and m-separates cause and effect in the proper back-door graph, which lacks the first
edge of every proper causal path (Shpitser, VanderWeele & Robins 2010; Perkovic et al. 2018; van der Zander, Liskiewicz
& Textor 2019). A proper path leaves the set of causes at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from .._bitgraph import BitGraph, members
from .._cuts import Near, minimal_sets, nearest, smallest, undirected
from .._errors import InvalidQuery, listing
from .._graph import CausalGraph
from .._graph_ops import bits_of, graph_names
from .._separation import connected

Names = str | Iterable[str]


@dataclass(frozen=True)
class Effect:
    """One effect in one graph, as bits, and what decides which sets may be adjusted for.

    Attributes:
        bits: the graph.
        cause, effect: the two sides.
        observed: the variables that can be measured.
        fixed: variables, affected by no cause, that are asked about or given and so adjusted for in any case.
        barred: what must not be adjusted for besides.
    """

    bits: BitGraph
    cause: int
    effect: int
    observed: int
    fixed: int = 0
    barred: int = 0

    @cached_property
    def causal(self) -> int:
        """The variables on proper causal paths, without the causes."""
        free = ~self.cause
        below = self.bits.descendants(_children(self.bits, self.cause) & free, free)
        return below & self.bits.ancestors(self.effect, free)

    @cached_property
    def forbidden(self) -> int:
        """What no valid set holds: the variables on proper causal paths and all they affect."""
        return self.bits.descendants(self.causal)

    @cached_property
    def allowed(self) -> int:
        """What a valid set may hold."""
        return self.observed & ~(self.forbidden | self.cause | self.effect | self.fixed | self.barred)

    @cached_property
    def back_door(self) -> BitGraph:
        """The proper back-door graph."""
        g, cause, causal = self.bits, self.cause, self.causal
        return BitGraph(
            g.names,
            tuple(p & ~cause if causal >> i & 1 else p for i, p in enumerate(g.parents)),
            tuple(c & ~causal if cause >> i & 1 else c for i, c in enumerate(g.children)),
            g.siblings,
        )

    @cached_property
    def near(self) -> Near:
        """The undirected graph whose cuts are the valid sets."""
        return undirected(self.back_door, self.cause, self.effect, self.allowed, self.fixed)

    def valid(self, by: int) -> bool:
        """Whether adjusting for `by` gives the effect."""
        return not by & ~self.allowed and not connected(self.back_door, self.cause, by | self.fixed) & self.effect

    def some(self) -> int | None:
        """A valid set, if there is any: every allowed ancestor of the two sides."""
        every = self.bits.ancestors(self.cause | self.effect | self.fixed) & self.allowed
        return every if self.valid(every) else None


def _children(bits: BitGraph, of: int) -> int:
    found = 0
    for i in members(of):
        found |= bits.children[i]
    return found


def effect_of(graph: CausalGraph, cause: Names, effect: Names) -> Effect:
    """The effect of `cause` on `effect`, names checked.

    Raises:
        UnknownName: a variable that the graph does not have.
        InvalidQuery: a side that is empty or hidden, or a variable on both.
    """
    sides = [graph_names(graph, names, "The effect") for names in (cause, effect)]
    for names, what in zip(sides, ("cause", "effect"), strict=True):
        if not names:
            raise InvalidQuery(f"No {what} is named; an effect of at least one variable on another is wanted.")
        check_observed(graph, names)
    both = [name for name in sides[0] if name in sides[1]]
    if both:
        raise InvalidQuery(f"{listing(both)} is on both sides; the effect of a variable on itself is no question.")
    bits = bits_of(graph)
    return Effect(bits, bits.bits(sides[0]), bits.bits(sides[1]), bits.bits(graph.observed))


def check_observed(graph: CausalGraph, names: Iterable[str]) -> None:
    """That none of `names` is hidden.

    Raises:
        InvalidQuery: one that is.
    """
    hidden = [name for name in names if name in graph.hidden]
    if hidden:
        raise InvalidQuery(
            f"{listing(hidden)} is hidden in this graph: nobody measures it, so nothing can be asked of it or "
            "adjusted for it. Name observed variables."
        )


def set_of(graph: CausalGraph, effect: Effect, by: Names) -> int:
    """The bits of a set to adjust for.

    Raises:
        UnknownName: a variable that the graph does not have.
        InvalidQuery: a hidden variable.
    """
    names = graph_names(graph, by, "The set to adjust for")
    check_observed(graph, names)
    return effect.bits.bits(names)


def is_adjustment_set(graph: CausalGraph, cause: Names, effect: Names, by: Names = ()) -> bool:
    """Whether `sum_z P(effect | cause, z) P(z)` over the values of `by` is `P(effect | do(cause))` in every model.

    The adjustment criterion, sound and complete (Shpitser, VanderWeele & Robins 2010, theorem 5; for hidden common
    causes, each bidirected edge stands for one more variable that nobody measures). A set that holds a cause or an
    effect is not valid.

    Args:
        graph: an acyclic mixed graph; its hidden variables stay on the paths.
        cause: a name, or names of joint treatments.
        effect: a name, or names.
        by: the variables that are adjusted for.

    Raises:
        UnknownName: a variable that the graph does not have.
        InvalidQuery: a side that is empty, a hidden variable, or a variable that is cause and effect.
    """
    found = effect_of(graph, cause, effect)
    return found.valid(set_of(graph, found, by))


def is_back_door_set(graph: CausalGraph, cause: Names, effect: Names, by: Names = ()) -> bool:
    """Whether `by` satisfies the back-door criterion (Pearl 2009, definition 3.3.1), a narrower test than adjustment.

    No member is affected by a cause, and every path into a cause is blocked. What passes is a valid adjustment set; a
    valid one may fail, such as one with a harmless effect of the cause.

    Args:
        graph: an acyclic mixed graph; its hidden variables stay on the paths.
        cause: a name, or names of joint treatments.
        effect: a name, or names.
        by: the variables that are adjusted for.

    Raises:
        UnknownName, InvalidQuery: as for `is_adjustment_set`.
    """
    found = effect_of(graph, cause, effect)
    chosen = set_of(graph, found, by)
    if chosen & (found.bits.descendants(found.cause) | found.effect):
        return False
    # For joint causes a path to the effect through another cause is no back door of the joint intervention.
    cut = found.bits.without_edges(out_of=found.cause)
    return not connected(cut, found.cause, chosen) & found.effect


def adjustment_sets(graph: CausalGraph, cause: Names, effect: Names) -> Iterator[tuple[str, ...]]:
    """Every minimal adjustment set, each once: no part of it is valid.

    With polynomial delay (van der Zander, Liskiewicz & Textor 2019, section 5, over the cuts of Takata 2010), so that a
    first few are found at once in a graph that has millions. Nothing is found where no set is valid; the empty set `()`
    alone where nothing confounds.

    Args:
        graph: an acyclic mixed graph; its hidden variables stay on the paths.
        cause: a name, or names of joint treatments.
        effect: a name, or names.

    Raises:
        UnknownName, InvalidQuery: as for `is_adjustment_set`, before the first set is asked for.
    """
    found = effect_of(graph, cause, effect)
    sets = iter(()) if found.some() is None else minimal_sets(found.near, found.cause, found.effect)
    return (found.bits.named(chosen) for chosen in sets)


def smallest_adjustment_set(graph: CausalGraph, cause: Names, effect: Names) -> tuple[str, ...] | None:
    """An adjustment set with the fewest variables, of these the one nearest to the effect; None where none is valid.

    Args:
        graph: an acyclic mixed graph; its hidden variables stay on the paths.
        cause: a name, or names of joint treatments.
        effect: a name, or names.

    Raises:
        UnknownName, InvalidQuery: as for `is_adjustment_set`.
    """
    found = effect_of(graph, cause, effect)
    chosen = smallest_set(found)
    return None if chosen is None else found.bits.named(chosen)


def smallest_set(effect: Effect) -> int | None:
    """`smallest_adjustment_set` as bits; the empty set is tried before any search."""
    if effect.valid(0):
        return 0
    return None if effect.some() is None else smallest(effect.near, effect.cause, effect.effect)


def parent_adjustment_set(graph: CausalGraph, cause: Names, effect: Names) -> tuple[str, ...] | None:
    """The direct causes of the causes (Pearl 2009, theorem 3.2.2), where adjusting for them is valid; else None.

    It is always valid for one cause whose parents are all observed and which shares no hidden cause.

    Args:
        graph: an acyclic mixed graph; its hidden variables stay on the paths.
        cause: a name, or names of joint treatments.
        effect: a name, or names.

    Raises:
        UnknownName, InvalidQuery: as for `is_adjustment_set`.
    """
    found = effect_of(graph, cause, effect)
    parents = found.bits.parents_of(found.cause) & ~found.cause
    return found.bits.named(parents) if found.valid(parents) else None


@dataclass(frozen=True, slots=True)
class EfficientSet:
    """The adjustment set that estimates an effect with the smallest variance, as far as the graph can say.

    Attributes:
        by: the set.
        optimal: no other valid set has a smaller asymptotic variance, in any model over the graph.
        reason: why, or what is known of the set instead.
    """

    by: tuple[str, ...]
    optimal: bool
    reason: str


def efficient_adjustment_set(graph: CausalGraph, cause: Names, effect: Names) -> EfficientSet | None:
    """The O-set: the parents of the variables on causal paths that are not themselves on or below such a path.

    Among all valid sets it has the smallest asymptotic variance, for least squares in linear models (Henckel, Perkovic
    & Maathuis 2022) and for efficient nonparametric estimators of one treatment (Rotnitzky & Smucler 2020). That needs
    every such parent to be observed, those behind bidirected edges too. Where a hidden cause spoils it, no set need be
    best in all models; then the minimal set nearest to the effect is returned, which for one treatment is best
    among the minimal ones (Smucler, Sapienza & Rotnitzky 2022), and `optimal` is False.

    Args:
        graph: an acyclic mixed graph; its hidden variables stay on the paths.
        cause: a name, or names of joint treatments.
        effect: a name, or names.

    Returns:
        None where no set is valid.

    Raises:
        UnknownName, InvalidQuery: as for `is_adjustment_set`.
    """
    found = effect_of(graph, cause, effect)
    if found.some() is None:
        return None
    named, bits = found.bits.named, found.bits
    shared = [i for i in members(found.causal) if bits.siblings[i]]
    best = bits.parents_of(found.causal) & ~(found.forbidden | found.cause)
    if found.causal and not shared and found.valid(best):
        reason = f"the parents of {_set_text(named(found.causal))}, which lie on the causal paths, are all observed"
        return EfficientSet(named(best), True, reason)
    near = nearest(found.near, found.effect, found.cause) or 0
    if not found.causal:
        reason = "no causal path leads from cause to effect: the effect is zero, and no set is better than knowing that"
        return EfficientSet(named(near), False, reason)
    hidden = bits.named(1 << shared[0])[0] if shared else ", ".join(named(best & ~found.observed))
    why = f"{hidden} shares a hidden cause" if shared else f"{hidden or 'a parent'} cannot be adjusted for"
    reason = f"{why}, so that no set need be best in every model; this is the minimal set nearest to the effect"
    return EfficientSet(named(near), False, reason)


def _set_text(names: Iterable[str]) -> str:
    return "{" + ", ".join(names) + "}"
