"""Which state of its variable each phrase names: by opposite words, denials, words in common, and order of mention."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

from .._story import Unreadable, quoted
from ._evidence import NAMED_ONE, Evidence, Net
from ._tie import Group, Tied, lexicon_of
from ._words import Bag, agreement, lesser, name_bag

CLEARLY = 0.25
"""By how much the best reading of the phrases of one variable must lead."""
FIRST_IS_ZERO = 1.0
LIKELY_UNLIKE = 0.35


def states(net: Net, evidence: Evidence, tied: Tied) -> dict[str, tuple[str, bool]]:
    """For each phrase its variable, and whether it names state 1.

    Raises:
        Unreadable: it is not clear whether two phrases name the same state.
    """
    lexicon = lexicon_of(net, evidence)
    out: dict[str, tuple[str, bool]] = {}
    for name in net.names:
        groups = [group for group, to in zip(tied.groups, tied.names, strict=True) if to == name]
        if not groups:
            continue
        bags = {p: lexicon.bag(p) for group in groups for p in group.phrases}
        rest = frozenset(w for p in evidence.phrases if p not in bags for w in lexicon.bag(p).words)
        signs = _signs(name, groups, _Words(bags, name_bag(name), rest), evidence)
        for group, sign in zip(groups, signs, strict=True):
            out |= {p: (name, sign * group.side[p] > 0) for p in group.phrases}
    return out


@dataclass(frozen=True, slots=True)
class _Words:
    """The bags of one variable's phrases, the words of its name, and the words said of other variables."""

    bags: dict[str, Bag]
    neutral: frozenset[str]
    elsewhere: frozenset[str]


def _signs(name: str, groups: list[Group], words: _Words, evidence: Evidence) -> tuple[int, ...]:
    """Which side of each group is state 1."""
    if len(groups) > 10:
        raise Unreadable(f"{quoted(name)} is spoken of in too many ways. Use the same words for the same thing.")
    bags, neutral = words.bags, words.neutral
    links = {(i, j): _link(groups[i], groups[j], words, evidence) for i, j in combinations(range(len(groups)), 2)}
    anchors = [_anchor(group, evidence, words) for group in groups]
    ranked: list[tuple[float, tuple[int, ...]]] = []
    for rest in product((1, -1), repeat=len(groups) - 1):
        signs = (1, *rest)
        inner = sum(link * signs[i] * signs[j] for (i, j), link in links.items())
        outer = sum(anchor * sign for anchor, sign in zip(anchors, signs, strict=True))
        ranked.append((inner + abs(outer), signs if outer >= 0 else tuple(-s for s in signs)))
    ranked.sort(reverse=True)
    if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < CLEARLY:
        best, other = ranked[0][1], ranked[1][1]
        odd = next(i for i in range(1, len(groups)) if best[i] * best[0] != other[i] * other[0])
        raise Unreadable(
            f"Whether {quoted(groups[odd].phrases[0])} says the same of {quoted(name)} as "
            f"{quoted(groups[0].phrases[0])} is not clear. Use the same words, or 'not'."
        )
    signs = ranked[0][1]
    if any(anchors):
        if abs(sum(a * s for a, s in zip(anchors, signs, strict=True))) >= 0.05:
            return signs
        if evidence.asked:  # only the sign of an effect between names depends on which state is 1
            raise Unreadable(f"Which state of {quoted(name)} comes first is said in two ways.")
    lean = sum(
        s * group.side[p] * lesser(bags[p], neutral)
        for s, group in zip(signs, groups, strict=True)
        for p in group.phrases
    )
    first = next(p for p in evidence.phrases if p in bags)
    lean = lean or next(s * g.side[first] for s, g in zip(signs, groups, strict=True) if first in g.side)
    return signs if lean > 0 else tuple(-s for s in signs)


def _link(one: Group, other: Group, words: _Words, evidence: Evidence) -> float:
    """How surely the first phrases of two groups agree (above 0) or differ."""
    found = [
        one.side[a] * other.side[b] * agreement(words.bags[a], words.bags[b], words.neutral, words.elsewhere)
        for a in one.phrases
        for b in other.phrases
    ]
    score = sum(found) / len(found)
    for a, b in evidence.unlike:
        for x, y in ((a, b), (b, a)):
            if x in one.side and y in other.side:
                score -= LIKELY_UNLIKE * one.side[x] * other.side[y]
    return score


def _anchor(group: Group, evidence: Evidence, words: _Words) -> float:
    """How surely the first phrase of a group names state 1 (above 0) or state 0, by order of mention.

    What is first listed is state 0, but for a pair of which only the second is a denial.
    """
    score = 0.0
    for first, second in evidence.ordered:
        if second in group.side:
            later = first if words.bags[second].denied and not words.bags[first].denied else second
            score += FIRST_IS_ZERO * group.side[later]
    for phrase in evidence.selected:
        if phrase in group.side:
            least = lesser(words.bags[phrase], words.neutral) < 0
            score += NAMED_ONE * group.side[phrase] * (-1 if least else 1)
    return score + sum(weight * group.side[phrase] for phrase, weight in evidence.ones if phrase in group.side)
