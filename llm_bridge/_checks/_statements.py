"""What a sentence about a probability says: the event, for whom it holds, and the states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from scm import Value

from .._problem import ProblemVariable, Statement
from ._mentions import Mention, mentions
from ._numerals import numerals
from ._text import Scan, scan, words

_OF = words("probability probabilities chance chances likelihood odds risk rate percentage proportion share prob")
_FOR = words("for among amongst given if when whenever where conditional provided assuming with")
_OTHERS = words("others other rest otherwise remaining remainder former latter respectively")
_SET_ASIDE = words("than rather instead versus vs compared")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence about a probability.

    Attributes:
        event: mentions of what it is a probability of; empty where that is unclear.
        given: mentions of those for whom it holds.
        every: all mentions.
        elliptical: whether it says more than its words: "72% of these and 41% of the others".
    """

    event: tuple[Mention, ...]
    given: tuple[Mention, ...]
    every: tuple[Mention, ...]
    elliptical: bool = False

    def states(self, number: int) -> set[Value | None]:
        """The states in which the variable is mentioned; with None where one of them is unclear."""
        found: set[Value | None] = {m.state for m in self.every if m.variable == number}
        if any(number in m.variables and m.variable < 0 for m in self.every):
            found.add(None)
        return found

    def misplaced(self, number: int, *, event: bool) -> bool:
        """Whether the variable is mentioned on the other side only, and this is clear."""
        if not self.event:
            return False
        in_event = any(number in m.variables for m in self.event)
        in_given = any(number in m.variables for m in self.given)
        return (in_given and not in_event) if event else (in_event and not in_given)


@lru_cache(maxsize=128)
def said_of(text: Scan, variables: tuple[ProblemVariable, ...]) -> Said:
    """What `text`, the words of a statement, says."""
    every = tuple(m for m in mentions(text, variables) if not _set_aside(text, m))
    found = numerals(text)
    opens = [at for at, token in enumerate(text.tokens) if token.word in _OF]
    spoken = {t.word for t in text.tokens}
    if len(found) > 1 or spoken & _OTHERS:
        return Said((), (), every, elliptical=True)
    if len(opens) != 1:
        return Said((), (), every)
    event: list[Mention] = []
    given: list[Mention] = []
    for one in every:
        cue = _cue(text, one, opens[0], every)
        if cue == "?":
            return Said((), (), every)
        (event if cue == "of" else given).append(one)
    return Said(tuple(event), tuple(given), every)


def sentence_of(text: Scan, statement: Statement) -> Scan:
    """The sentence of `text` whose number a statement prints, as its words point to it; else the words themselves."""
    start = text.text.casefold().find(statement.words.casefold()) if statement.words else -1
    if start < 0 or statement.value is None:
        return scan(statement.words)
    value, end = statement.printed().value, start + len(statement.words)
    for one in numerals(text):
        token = text.tokens[one.first]
        if start <= token.start < end and abs(one.value - value) < 1e-9:
            sentence = text.sentences[token.sentence]
            whole = scan(sentence.text)
            return whole if len([n for n in numerals(whole) if n.probable]) == 1 else scan(statement.words)
    return scan(statement.words)


def _set_aside(text: Scan, one: Mention) -> bool:
    return any(text.tokens[at].word in _SET_ASIDE for at in range(max(0, one.first - 3), one.first))


def _cue(text: Scan, one: Mention, opening: int, every: Sequence[Mention]) -> str:
    """The cue before a mention: "of" for the event, "for" for the condition, "?" where no word tells."""
    for at in range(one.first - 1, -1, -1):
        word = text.tokens[at].word
        if word in _OF:
            return "of"
        if word in _FOR and not (word == "with" and any(m.first <= at < m.last for m in every)):
            return "of" if word == "with" and at > opening and not _comma(text, opening, at) else "for"
        if word in ("who", "whose") and at > opening:
            return "for"
        if word == "," and at > opening:
            return "?"
    return "?"


def _comma(text: Scan, first: int, last: int) -> bool:
    return any(text.tokens[at].word == "," for at in range(first, last))
