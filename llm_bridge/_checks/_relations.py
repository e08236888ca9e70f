"""What the sentences of a text say of causes and effects, as far as their markers, lists and commas tell.

Each marker has two sides. What stands nearest to it is on that side for certain; what a comma or an "and" leaves open
is there perhaps. A certain relation that a Problem lacks is a fault; a relation of a Problem that is not even possible
is one too; all else is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from .._problem import ProblemVariable
from ._lexicon import HEDGES, ROUNDABOUT
from ._markers import Marker
from ._mentions import Mention, found_in
from ._numerals import numerals
from ._sides import Side, conditional, gaps_of, markers_of, sides_of, unjoined
from ._text import Scan, Sentence, remembered, spoken_in, words

Pair: TypeAlias = tuple[int, int]
_OPENINGS = words("hypothesis question claim")
_PLAIN = words(
    "correlates correlate correlated correlation independent independence associated association "
    "observed observe saw noticed found method"
)
_ALSO = words("so as nor neither")
_LIKEWISE = {(a, b) for a in _ALSO for b in words("does do did is are has will")}
_CHANCE = words("probability chance likelihood odds rate risk proportion percent likely")


class Rule(NamedTuple):
    """What one marker says: the causes and the effects.

    Attributes:
        marker: it.
        causes, effects: its sides.
        joined: how the causes are joined; "unclear" where both words stand there, or an "unless".
        firm: whether the sentence asserts a direct relation: not asked, hedged or told as going through others.
        sentence: where it stands.
    """

    marker: Marker
    causes: Side
    effects: Side
    joined: Literal["and", "or", "one", "unclear"]
    firm: bool
    sentence: Sentence

    @property
    def whole(self) -> bool:
        """Whether both sides are known completely."""
        return all(set(s.surely) == set(s.perhaps) and s.surely for s in (self.causes, self.effects))


@dataclass(frozen=True, slots=True)
class Told:
    """What a text says of causes.

    Attributes:
        rules: one for each marker whose direction is known.
        surely: pairs (cause, effect) that the text says for certain, with the rules that say so.
        perhaps: pairs that it may say.
        faintly: pairs that a question or a number joins, which says nothing of how.
        denied: pairs of which it says that the first does not act on the second.
        somewhere: variables that stand in a sentence which may speak of causes.
    """

    rules: tuple[Rule, ...]
    surely: dict[Pair, tuple[Rule, ...]] = field(default_factory=dict[Pair, tuple[Rule, ...]])
    perhaps: frozenset[Pair] = frozenset()
    faintly: frozenset[Pair] = frozenset()
    denied: dict[Pair, Rule] = field(default_factory=dict[Pair, Rule])
    somewhere: frozenset[int] = frozenset()


@remembered
def told(text: Scan, variables: tuple[ProblemVariable, ...]) -> Told:
    """What `text` says of causes among `variables`."""
    by_sentence, marked = found_in(text, variables).by_sentence, markers_of(text, variables)
    numbered = {text.tokens[n.first].sentence for n in numerals(text) if n.probable}
    rules: list[Rule] = []
    loose: set[Pair] = set()
    faintly: set[Pair] = set()
    somewhere: set[int] = set()
    for sentence in text.sentences:
        here = by_sentence.get(sentence.index, ())
        if not here or _no_assertion(text, sentence):
            faintly |= _all_pairs(here)
            continue
        chance = sentence.index in numbered or not _CHANCE.isdisjoint(spoken_in(text, sentence.index))
        if chance:
            faintly |= _all_pairs(here)
        before = by_sentence.get(sentence.index - 1, ())
        found, open_pairs = _sentence(text, sentence, here, before, marked[sentence.index], chance)
        rules += found
        loose |= open_pairs
        if found or open_pairs:
            somewhere |= {v for m in here for v in m.variables}
    return _told(rules, loose, faintly, somewhere)


def _told(rules: Sequence[Rule], loose: set[Pair], faintly: set[Pair], somewhere: set[int]) -> Told:
    surely: defaultdict[Pair, list[Rule]] = defaultdict(list)
    denied: dict[Pair, Rule] = {}
    perhaps = set(loose)
    for rule in rules:
        causes = [m.variable for m in rule.causes.surely if not m.weak]
        effects = [m.variable for m in rule.effects.surely if not m.weak]
        sure = {(c, e) for c in causes for e in effects if c >= 0 and e >= 0 and c != e}
        if rule.marker.denied:
            denied |= dict.fromkeys(sure, rule) if rule.firm else {}
            continue
        caused = [v for m in rule.effects.perhaps for v in m.variables]
        perhaps |= {(c, e) for m in rule.causes.perhaps for c in m.variables for e in caused}
        if rule.firm:
            for pair in sure:
                surely[pair].append(rule)
    return Told(
        tuple(rules),
        {pair: tuple(them) for pair, them in surely.items()},
        frozenset(perhaps),
        frozenset(faintly - perhaps),
        {pair: rule for pair, rule in denied.items() if pair not in perhaps},
        frozenset(somewhere),
    )


def _no_assertion(text: Scan, sentence: Sentence) -> bool:
    tokens = text.of(sentence)
    return sentence.question or tokens[0].word in _OPENINGS


def _sentence(
    text: Scan,
    sentence: Sentence,
    here: Sequence[Mention],
    before: Sequence[Mention],
    found: Sequence[Marker],
    chance: bool,
) -> tuple[list[Rule], set[Pair]]:
    """The rules of one sentence, and the pairs that it may relate in a way that is not understood."""
    spoken = spoken_in(text, sentence.index)
    if not _ALSO.isdisjoint(spoken) and any((a.word, b.word) in _LIKEWISE for a, b in pairwise(text.of(sentence))):
        return [], _all_pairs([*here, *before])  # "so does fog"
    if not found:
        plain = chance or not _PLAIN.isdisjoint(spoken)
        return [], set() if plain else _all_pairs(here)
    conditions = [m for m in found if m.direction == "if"]
    if any(m.direction == "unclear" for m in found) or (conditions and len(found) > 1) or "neither" in spoken:
        return [], _all_pairs([*here, *before])
    firm = not chance and HEDGES.isdisjoint(spoken) and ROUNDABOUT.isdisjoint(spoken)
    gaps = gaps_of(text, sentence, here, found)
    sides = [conditional(text, sentence, here, found[0])] if conditions else sides_of(text, gaps, found)
    rules: list[Rule] = []
    for marker, (left, right) in zip(found, sides, strict=True):
        causes, effects = (right, left) if marker.direction == "backward" else (left, right)
        if not causes.perhaps and before:
            causes = Side((), tuple(before))
        if not effects.perhaps and before:
            effects = Side((), tuple(before))
        rules.append(Rule(marker, causes, effects, _joined(text, causes, marker), firm, sentence))
    loose = _all_pairs(here) if not firm else set[Pair]()
    for together in unjoined(gaps):
        loose |= _all_pairs(together)
    return rules, loose


def _all_pairs(these: Iterable[Mention]) -> set[Pair]:
    variables = {v for m in these for v in m.variables}
    return {(a, b) for a in variables for b in variables if a != b}


def _joined(text: Scan, causes: Side, marker: Marker) -> Literal["and", "or", "one", "unclear"]:
    if marker.against and marker.direction == "if":
        return "unclear"
    if len(causes.surely) < 2:
        return "one"
    between = {t.word for t in text.tokens[causes.surely[0].first : causes.surely[-1].last]}
    if "and" in between and "or" in between:
        return "unclear"
    return "or" if "or" in between else "and" if "and" in between else "unclear"
