"""Queries in a single world, seen or made by `do`: ID and IDC over sets of bits.

The joint law of an ancestral set is the product of its districts' kernels; conditioning keeps the part of it that the
question is connected to once the edges out of what is conditioned on are cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .._bitgraph import BitGraph, members
from .._estimand import At, Estimand, Index, Weight
from ._asking import Asked
from ._kernels import Base, Conditional, Env, Scope, Stuck, chained, law, marginal, total
from ._known import Found, Known, find, formula
from ._tidy import quotient, sum_of

MOST_JOINED = 8
"""Most variables whose conditionals are written as one law."""


@dataclass(frozen=True)
class Part:
    """One factored joint law: what was summed, and where each district came from."""

    variables: int
    summed: int
    found: tuple[Found, ...]
    estimand: Estimand
    exchanged: int = 0
    seen: bool = False


@dataclass(frozen=True)
class Solved:
    """The estimand, and what a derivation tells of it."""

    estimand: Estimand
    above: Part
    below: Part | None = None
    kept: int = 0


@dataclass(frozen=True)
class Failed:
    """The district that no source gives, and the hedge in the first one."""

    wanted: int
    stuck: Stuck | None


def in_one_world(known: Known, asked: Asked, scope: Scope) -> Solved | Failed:
    """The estimand of one term in one world."""
    graph = known.graph
    world = graph.without_edges(into=asked.done) if asked.done else graph
    wanted = asked.asked | asked.given | asked.doubtful
    everything = world.ancestors(wanted, known.within & ~asked.done)
    done = graph.parents_of(everything) & asked.done
    kept = _connected(graph, everything, asked)
    kept_doubts = [i for i, group in enumerate(asked.groups) if group & kept]
    doubts = [asked.doubts[i] for i in kept_doubts]
    doubts_below = [asked.doubts_below[i] for i in kept_doubts]
    given, doubtful = asked.given & kept, asked.doubtful & kept
    above = _seen(known, asked, asked.asked | doubtful, done, asked.values, scope)
    below: Part | Failed | None = None
    if above is None:
        above = joint(known, world, kept, asked.asked | given | doubtful, asked.given, asked.values, scope)
        if isinstance(above, Failed):
            return above
        if given | doubtful:
            below = joint(known, world, kept, given | doubtful, asked.given, asked.below, scope)
    elif doubtful:
        below = _seen(known, asked, doubtful, done, asked.below, scope)
    if isinstance(below, Failed):
        return below
    top = weighed(above.estimand, asked.asked | doubtful, asked.values, [*asked.weights, *doubts], asked.open)
    if below is None:
        return Solved(top, above, None, kept)
    scope.divides = True
    bottom = weighed(below.estimand, doubtful, asked.below, doubts_below, asked.open)
    return Solved(quotient(top, bottom), above, below, kept)


def weighed(
    body: Estimand, over: int, values: Mapping[int, At], weights: list[Weight], open_: frozenset[Index]
) -> Estimand:
    """The sum of weights and `body` over the values of `over` that are not open."""
    indices = [i for v in members(over) if isinstance(i := values[v], Index) and i not in open_]
    return total(indices, [*weights, body])


def _connected(graph: BitGraph, everything: int, asked: Asked) -> int:
    """What the question is connected to within an ancestral set, when no edge leaves what is conditioned on.

    Correa, Lee & Bareinboim (2021), ancestral components.
    """
    found = left = asked.asked
    mute = asked.given
    while left:
        low = left & -left
        left ^= low
        v = low.bit_length() - 1
        near = graph.parents[v] & ~mute | graph.siblings[v]
        if not low & mute:
            near |= graph.children[v]
        for group in asked.groups:
            if group & low:
                near |= group & ~asked.done
        new = near & everything & ~found
        found |= new
        left |= new
    return found


def _seen(known: Known, asked: Asked, wanted: int, done: int, values: Mapping[int, At], scope: Scope) -> Part | None:
    """The law as a conditional of what is seen: nothing is imposed that matters, or rule 2 exchanges all of it."""
    seen = known.seen
    if seen is None:
        return None
    graph = known.graph
    whole = asked.asked | asked.doubtful
    if done and not separate(graph.without_edges(out_of=done), whole, done, asked.given, known.within):
        return None
    return Part(wanted, 0, (), law(seen, wanted, asked.given | done, values, scope), exchanged=done, seen=True)


def separate(graph: BitGraph, first: int, second: int, given: int, within: int) -> bool:
    """Whether `given` m-separates the two sets."""
    above = graph.ancestors(given, within)
    # (variable, arrived at by an arrowhead): what is reached, as two sets of bits.
    heads = tails = 0
    new_heads, new_tails = 0, first & ~given
    while new_heads or new_tails:
        if new_tails:
            low = new_tails & -new_tails
            v = low.bit_length() - 1
            tails |= low
            into, out = graph.parents[v], graph.children[v] | graph.siblings[v]
            up, down = (into, out) if not low & given else (0, 0)
        else:
            low = new_heads & -new_heads
            v = low.bit_length() - 1
            heads |= low
            up = graph.parents[v] if low & above else 0
            down = graph.siblings[v] if low & above else 0
            if not low & given:
                down |= graph.children[v]
        new_tails = (new_tails | up & within) & ~tails
        new_heads = (new_heads | down & within) & ~heads
    return not (heads | tails) & second


def joint(
    known: Known, world: BitGraph, kept: int, wanted: int, mute: int, values: Mapping[int, At], scope: Scope
) -> Part | Failed:
    """The joint law of `wanted`, a part of the connected set `kept`: a sum over the rest of its causes.

    Args:
        known: what is known.
        world: the graph without edges into what is imposed.
        kept: a union of ancestral components.
        wanted: variables whose values stay.
        mute: variables at fixed values, so that their causes do not reach through them.
        values: the value of every variable imposed, asked or given.
        scope: of indices.
    """
    causes = world.without_edges(out_of=mute).ancestors(wanted, kept)
    districts = known.graph.districts(causes)
    found: list[Found] = []
    for district in districts:
        one = find(known, district)
        if not isinstance(one, Found):
            return Failed(district, one)
        found.append(one)
    summed = causes & ~wanted
    env = dict(values)
    for v in members(summed):
        env[v] = scope.fresh(v)
    estimand = written(known, found, causes, summed, wanted, env, scope)
    return Part(causes, summed, tuple(found), estimand)


def written(
    known: Known, found: list[Found], causes: int, summed: int, wanted: int, env: Env, scope: Scope
) -> Estimand:
    """The sum of the product of the districts' formulas, with conditionals of one law chained and summed where it fits.

    Args:
        known: what is known.
        found: where each district comes from.
        causes: all districts together.
        summed: whose indices are summed over.
        wanted: whose values stay.
        env: the value of every variable, one in all districts.
        scope: of indices.
    """
    first = known.sources[0]
    factors: list[Estimand] = []
    conditionals: list[Conditional] = []
    busy = wanted
    for f in found:
        if f.source is first and not first.imposed and f.plain and isinstance(f.kernel, Base):
            conditionals += f.kernel.conditionals
            continue
        near = f.district | known.graph.parents_of(f.district)
        busy |= near
        # Only the values that the district depends on: what else its formula speaks of is bound inside it.
        factors.append(formula(f, {v: env[v] for v in members(near)}, scope))
    conditionals.sort()
    laws = _joined(known, conditionals, busy)
    left = busy
    for of, given in laws:
        left |= of | given
    factors = [*(law(first, of, given, env, scope) for of, given in reversed(laws)), *factors]
    over = [i for v in members(summed & left) if isinstance(i := env[v], Index)]
    return sum_of(over, factors) if len(factors) > len(laws) else total(over, factors)


def _joined(known: Known, conditionals: list[Conditional], busy: int) -> list[Conditional]:
    """Conditionals as few laws: those of causes with all their causes are one joint law, unless that is large."""
    chain = marginal(chained(conditionals), busy)
    seen = known.seen
    if seen is None or len(chain) <= 1:
        return chain
    head = 0
    for of, _ in conditionals:
        head |= of
    head &= ~known.graph.descendants(known.graph.ancestors(head, known.within) & ~head, known.within)
    expected = {c for d in known.graph.districts(head) for c in Base.of(seen, d, head).conditionals}
    if not head or expected != {c for c in conditionals if c[0] & head}:
        return chain
    joined = marginal(chained([(head, 0), *(c for c in conditionals if not c[0] & head)]), busy)
    return joined if max((of.bit_count() for of, _ in joined), default=0) <= MOST_JOINED else chain
