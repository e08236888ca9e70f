"""The two sides of a causal marker: which mentions stand there for certain, and which perhaps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from .._problem import ProblemVariable
from ._lexicon import STOP
from ._markers import Marker, markers
from ._mentions import Mention, found_in
from ._text import Scan, Sentence, Token, remembered, words

_SPLITS = frozenset(",;:()")
_RELATIVE = words("which that who this it these both")
_SMALL = words(
    "a an the this that these those we know and or but not no both either each also together then nor is are was "
    "were be "
    "being has have had having of to in with by for people person individuals individual someone who does do did if it"
)
_ANDS = words("and or nor")
_INSTEAD = words("instead rather")


class Side(NamedTuple):
    """One side of a marker: what stands there `surely`, and all that stands there `perhaps`, the sure ones included."""

    surely: tuple[Mention, ...] = ()
    perhaps: tuple[Mention, ...] = ()


class Segment(NamedTuple):
    """A stretch between two commas.

    Attributes:
        mentions: its mentions.
        rest: its tokens outside mentions.
        joined: whether each mention is joined to the next by "and" or "or", with nothing else between them.
    """

    mentions: tuple[Mention, ...]
    rest: Sequence[Token]
    joined: bool

    @property
    def sure(self) -> tuple[Mention, ...]:
        """Its mentions, where it is one of them or a list."""
        return self.mentions if len(self.mentions) < 2 or self.joined else ()

    @property
    def listed(self) -> bool:
        """Whether it holds nothing else but small words."""
        return all([t.word in _SMALL or not t.word[0].isalpha() for t in self.rest])

    @property
    def relative(self) -> bool:
        """Whether it holds a "which"."""
        return not _RELATIVE.isdisjoint([t.word for t in self.rest])


@remembered
def markers_of(text: Scan, variables: tuple[ProblemVariable, ...]) -> dict[int, list[Marker]]:
    """The markers of each sentence that speaks of one of `variables`, outside its mentions."""
    found = found_in(text, variables)
    here = [text.sentences[at] for at in found.by_sentence]
    return {one.index: markers(text.tokens, one.first, one.last, found.covered) for one in here}


def _segment(text: Scan, first: int, last: int, inside: Sequence[Mention]) -> Segment:
    """The stretch from `first` to `last`, with the mentions `inside` it."""
    tokens, at = text.tokens, first
    rest: list[Token] = []
    for one in inside:
        rest += tokens[at : one.first]
        at = one.last
    rest += tokens[at:last]
    dropped = [i for i in range(first, last) if tokens[i].word in _INSTEAD]
    kept = tuple([m for m in inside if m.first < dropped[0]] if dropped else inside)
    joined = len(kept) < 2 or all([_join(text, one, two) for one, two in pairwise(kept)])
    return Segment(kept, rest, joined)


def _join(text: Scan, one: Mention, two: Mention) -> bool:
    between = [t.word for t in text.tokens[one.last : two.first]]
    plain = [word for word in between if word in _SMALL or word in STOP or not word[0].isalpha()]
    return len(plain) == len(between) and not _ANDS.isdisjoint(between)


def gaps_of(text: Scan, sentence: Sentence, here: Sequence[Mention], found: Sequence[Marker]) -> list[list[Segment]]:
    """What stands before, between and after the markers of a sentence, cut at commas."""
    splits = [at for at in range(sentence.first, sentence.last) if text.tokens[at].word in _SPLITS]
    gaps: list[list[Segment]] = []
    start = sentence.first
    for end, behind in (*((m.first, m.last) for m in found), (sentence.last, sentence.last)):
        cuts = [at for at in splits if start <= at < end]
        near = [m for m in here if start <= m.first < end]
        gap: list[Segment] = []
        for cut in (*cuts, end):
            gap.append(_segment(text, start, cut, [m for m in near if start <= m.first < cut]))
            start = cut + 1
        gaps.append(gap)
        start = behind
    return gaps


def sides_of(text: Scan, gaps: Sequence[Sequence[Segment]], found: Sequence[Marker]) -> list[tuple[Side, Side]]:
    """Left and right side of each verb of a sentence, in order."""
    lefts: list[Side] = [_opening(gaps[0])]
    rights: list[Side] = []
    for gap in gaps[1:-1]:
        right, left = _between(gap, lefts[-1])
        rights.append(right)
        lefts.append(left)
    rights.append(_closing(gaps[-1]))
    sides = list(zip(lefts, rights, strict=True))
    for i, marker in enumerate(found):
        if marker.direction == "of-on":
            sides[i] = _of_on(text, rights[i])
    return sides


def unjoined(gaps: Sequence[Sequence[Segment]]) -> list[tuple[Mention, ...]]:
    """Mentions of a sentence that stand together and are no list: another verb may join them."""
    return [segment.mentions for gap in gaps for segment in gap if not segment.joined]


def _all(gap: Sequence[Segment]) -> tuple[Mention, ...]:
    return tuple([m for segment in gap for m in segment.mentions])


def _opening(gap: Sequence[Segment]) -> Side:
    """Before the first marker: the last segment, and lists before it."""
    filled = [segment for segment in gap if segment.mentions]
    if not filled:
        return Side()
    sure = list(filled[-1].sure) if filled[-1] is gap[-1] else []
    if sure:
        for segment in reversed(filled[:-1]):
            if not segment.listed or not segment.joined:
                break
            sure = [*segment.mentions, *sure]
    return Side(tuple(sure), _all(gap))


def _closing(gap: Sequence[Segment]) -> Side:
    """After the last marker: the first segment, and lists after it."""
    sure: list[Mention] = []
    for place, segment in enumerate(gap):
        if place and not (segment.listed and segment.joined):
            break
        sure += segment.sure
    return Side(tuple(sure), _all(gap))


def _between(gap: Sequence[Segment], subject: Side) -> tuple[Side, Side]:
    """Between two markers: what belongs to the first (its right side), and to the second (its left side)."""
    every = _all(gap)
    filled = [segment for segment in gap if segment.mentions]
    if not every:
        return Side(), Side((), subject.perhaps)
    last = gap[-1]
    if not last.mentions:  # ", which causes ...", ", and leads to ..."
        right = Side(filled[0].sure, every)
        if last.relative:
            return right, Side(every if len(every) == 1 else (), (*every, *subject.perhaps))
        return right, Side((), (*subject.perhaps, *every))
    if len(filled) == 1:
        return _shared(filled[0].mentions, relative=last.relative, subject=subject)
    right, left = list(filled[0].sure), list(last.sure)
    for segment in filled[1:-1]:
        for one in segment.mentions:
            if any(one.variable == other.variable for other in left):
                right.append(one)
            elif any(one.variable == other.variable for other in right):
                left.append(one)
    middle = tuple(m for segment in filled[1:-1] for m in segment.mentions)
    sure_left, sure_right = {*left}, {*right}
    return (
        Side(tuple(right), (*filled[0].mentions, *(m for m in middle if m not in sure_left))),
        Side(tuple(left), (*(m for m in middle if m not in sure_right), *last.mentions)),
    )


def _shared(these: tuple[Mention, ...], *, relative: bool, subject: Side) -> tuple[Side, Side]:
    """One segment between two markers, without a comma: the nearest mention is sure, the rest is open."""
    if len(these) == 1:
        return Side(these, these), Side(these if relative else (), (*these, *subject.perhaps))
    return Side(these[:1], these), Side(these[-1:], (*these, *subject.perhaps))


def _of_on(text: Scan, right: Side) -> tuple[Side, Side]:
    """The sides in "the effect of X on Y": the cause stands before "on", the effect after it."""
    first = right.perhaps[0].first if right.perhaps else 0
    last = right.perhaps[-1].last if right.perhaps else 0
    on = next((at for at in range(first, last) if text.tokens[at].word in ("on", "upon")), None)
    if on is None:
        return Side((), right.perhaps), Side((), right.perhaps)
    causes = tuple(m for m in right.perhaps if m.last <= on)
    effects = tuple(m for m in right.perhaps if m.first > on)
    return Side(causes, causes), Side(effects[:1], effects)


# ---------------------------------------------------------------------------------------------------------------------
# Conditions


def conditional(text: Scan, sentence: Sentence, here: Sequence[Mention], marker: Marker) -> tuple[Side, Side]:
    """The condition and what follows from it: (antecedent, consequent)."""
    tokens = text.tokens
    every = tuple(here)
    opening = all(
        tokens[at].word in _BEFORE_IF or tokens[at].word in _SPLITS for at in range(sentence.first, marker.first)
    )
    if not opening:
        before = tuple(m for m in here if m.last <= marker.first)
        after = tuple(m for m in here if m.first >= marker.last)
        commas = any(tokens[at].word in _SPLITS for at in range(sentence.first, sentence.last))
        return (Side((), every), Side((), every)) if commas else (_side(text, after), _side(text, before))
    end = _condition_end(text, sentence, here, marker)
    if end is None:
        return Side((), every), Side((), every)
    causes = tuple(m for m in here if marker.last <= m.first < end)
    effects = tuple(m for m in here if m.first >= end)
    return _side(text, causes), _side(text, effects)


def _side(text: Scan, these: tuple[Mention, ...]) -> Side:
    """One mention, or a list; what is neither stands there perhaps."""
    listed = all(_join(text, one, two) for one, two in pairwise(these))
    return Side(these if listed else (), these)


_BEFORE_IF = words("and but we know that only also then even")


def _condition_end(text: Scan, sentence: Sentence, here: Sequence[Mention], marker: Marker) -> int | None:
    """Where the condition at the start of a sentence ends: at "then", or at its only comma between mentions."""
    then = [at for at in range(marker.last, sentence.last) if text.tokens[at].word == "then"]
    if len(then) == 1:
        return then[0]
    commas = [
        at
        for at in range(marker.last, sentence.last)
        if text.tokens[at].word in _SPLITS
        and any(marker.last <= m.first < at for m in here)
        and any(m.first > at for m in here)
    ]
    return commas[0] if len(commas) == 1 and not then else None
