"""What is said of claims about causes: whether they hold in every graph that fits, and which graphs say otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from scm import Adjusts, CausalClaim, CausalGraph, Claim, EquivalenceClass, Independence, separated

from ._judged import Judged, edges_text
from ._phrases import capital, joined
from ._verdict import Said


def claim_words(claim: Claim) -> str:
    """A claim as a clause: `A is a direct cause of B`."""
    match claim:
        case CausalClaim("common cause" | "common effect" as relation, first, second):
            return f"{first} and {second} have a {relation}"
        case CausalClaim(relation, first, second):
            article = "an" if relation == "indirect cause" else "a"
            return f"{first} is {article} {relation} of {second}"
        case Independence(first, second, given):
            return f"{first} and {second} are independent{f' given {joined(given)}' if given else ''}"
        case Adjusts(cause, effect, by):
            how = f"adjusting for {joined(by)}" if by else "taking everyone together"
            return f"{how} gives the effect of {cause} on {effect}"


def claims_line(judged: Sequence[Judged], said: Said) -> str:
    """The reply to claims, with the graphs that decide it."""
    if len(judged) == 2 and all(isinstance(one.claim, Adjusts) for one in judged):
        return _two_ways(judged, said)
    told = " ".join(_one(one) for one in judged)
    return f"{capital(str(said))}. {told}" if said is not None else told


def _one(one: Judged) -> str:
    claim = claim_words(one.claim)
    if isinstance(one.graph, CausalGraph):
        if isinstance(one.claim, Adjusts):
            return adjusting(one)
        verdict = "" if one.members == "all" else "it is not so that "
        return f"In the graph {edges_text(one.graph)}, {verdict}{claim}."
    return _in_class(one, claim, one.graph)


def _in_class(one: Judged, claim: str, graph: EquivalenceClass) -> str:
    count = "one graph has" if one.total == 1 else f"{one.total:,} graphs have" if one.total else "several graphs have"
    opening = f"{count.capitalize()} exactly these independences ({graph}; a line without a head may point either way)"
    if one.members == "all":
        which = "in it" if one.total == 1 else "in all of them"
        return f"{opening}, and {which} {claim}."
    if one.members == "none":
        which = "in it" if one.total == 1 else "in none of them"
        joint = "is it so" if one.total != 1 else "it is not so"
        return f"{opening}, and {which} {joint} that {claim}{_against(one)}."
    share = f"in {one.holding:,} of them" if one.holding is not None else "in some of them"
    return f"{opening}. That {claim} holds {share}, but not in all{_against(one)}. So it does not follow."


def _against(one: Judged) -> str:
    return f": for example not in {edges_text(one.against[0])}" if one.against else ""


def _two_ways(judged: Sequence[Judged], said: Said) -> str:
    first, second = judged
    both = f"{adjusting(first)} {adjusting(second)}"
    if said in ("yes", "no"):
        return f"{str(said).capitalize()}. {both}"
    verdict = "Both ways are right" if first.members == "all" else "Neither way is right"
    return f"{verdict}, so neither is more correct. {both}"


def adjusting(one: Judged) -> str:
    """Whether one adjustment is right, and why."""
    claim = one.claim
    assert isinstance(claim, Adjusts), "only an adjustment is explained here"
    text = claim_words(claim)
    if one.members == "all":
        return f"{text[:1].upper()}{text[1:]}: it blocks every path between them that is not causal."
    return f"It is not so that {text}{_why_not(one.graph, claim)}."


def _why_not(graph: CausalGraph | EquivalenceClass, claim: Adjusts) -> str:
    if not isinstance(graph, CausalGraph):
        return ""
    after = graph.descendants((claim.cause,)) - {claim.cause}
    forbidden = [name for name in claim.by if name in after]
    if forbidden:
        return f": {joined(forbidden)} {'is' if len(forbidden) == 1 else 'are'} affected by {claim.cause}"
    opened = [name for name in claim.by if _opens(graph, claim, name)]
    if opened:
        return f": adjusting for {joined(opened)} opens a path between the causes of {joined(opened)}"
    return ": a path that is not causal stays open"


def _opens(graph: CausalGraph, claim: Adjusts, name: str) -> bool:
    """Whether leaving `name` out would separate cause and effect, but for the causal paths."""
    edges = tuple((a, b) for a, b in graph.edges if a != claim.cause)
    back = CausalGraph(graph.variables, edges, graph.confounded, graph.hidden)
    rest = tuple(other for other in claim.by if other != name)
    return separated(back, claim.cause, claim.effect, rest)
