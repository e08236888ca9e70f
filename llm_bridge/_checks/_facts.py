"""What a text says was observed: the evidence of its question."""

from __future__ import annotations

from dataclasses import dataclass

from .._problem import ProblemVariable
from ._lexicon import HEDGES, SEEN, STOP
from ._markers import markers
from ._mentions import Mention, found_in
from ._numerals import numerals
from ._sides import markers_of
from ._text import Scan, Sentence, remembered, scan, words

_NO_FACT = words(
    "unobserved hidden latent unmeasured unobservable correlates correlate correlated correlation independent "
    "independence associated variables variable method probability chance likelihood"
)

_SEERS = words(
    "we i they it he she you was were been is has have who scientists doctors police turned happened happens"
)

_PAST = words("was were did didn't wasn't weren't happened had")
_GENERIC = words(
    "always usually often sometimes generally every each whenever study survey if because so would could either of all"
)

_REPORTS = words("was were did didn't wasn't weren't had hadn't hasn't haven't been since thanks owing today yesterday")
_ALIKE = 4
"""So many letters at the start make two words alike: "oversleep" and "overslept"."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was observed.

    Attributes:
        surely: mentions after a word of seeing ("We observed ...").
        perhaps: mentions in plain sentences that assert no rule.
        told: those of them in the past tense with a clear state: "there was a strike".
        unread: whether a sentence tells of something seen that is no known word for a variable.
    """

    surely: tuple[Mention, ...]
    perhaps: tuple[Mention, ...]
    told: tuple[Mention, ...] = ()
    unread: bool = False


@remembered
def facts(text: Scan, variables: tuple[ProblemVariable, ...], asked: frozenset[int]) -> Facts:
    """What `text` says was observed, outside the sentences `asked`."""
    by_sentence = found_in(text, variables).by_sentence
    numbered = {text.tokens[n.first].sentence for n in numerals(text) if n.probable}
    counted = {text.tokens[n.first].sentence for n in numerals(text) if n.kind == "whole"}
    surely: list[Mention] = []
    perhaps: list[Mention] = []
    told: list[Mention] = []
    unread = False
    for sentence in text.sentences:
        here = by_sentence.get(sentence.index, ())
        tokens = text.of(sentence)
        spoken = {t.word for t in tokens}
        if sentence.index in asked or sentence.question or sentence.index in numbered or spoken & _NO_FACT:
            continue
        unread = unread or (not any(not m.weak for m in here) and any(t.stem in SEEN for t in tokens))
        if not here:
            continue
        if markers_of(text, variables)[sentence.index]:
            continue
        before = tokens[: here[0].first - sentence.first]
        seen = any(t.stem in SEEN for t in before) and bool({t.word for t in before} & _SEERS) and not spoken & HEDGES
        (surely if seen else perhaps).extend(here)
        plain = not spoken & HEDGES and not spoken & _GENERIC and sentence.index not in counted
        if not seen and spoken & _PAST and plain:
            told += [m for m in here if m.state is not None and not m.odd and not m.weak]
    return Facts(tuple(surely), tuple(perhaps), tuple(told), unread)


def hinted(text: Scan, variable: ProblemVariable, asked: frozenset[int]) -> bool:
    """Whether a sentence that reports, or asserts no rule, has a word like one of those for `variable`."""
    own = scan(" ".join((variable.name, variable.description, variable.words)))
    alike = {t.stem[:_ALIKE] for t in own.tokens if t.word[0].isalpha() and t.word not in STOP}
    numbered = {text.tokens[n.first].sentence for n in numerals(text) if n.probable}
    return any(
        reports(text, sentence) and any(t.stem[:_ALIKE] in alike for t in text.of(sentence))
        for sentence in text.sentences
        if sentence.index not in asked | numbered and not sentence.question
    )


def reports(text: Scan, sentence: Sentence) -> bool:
    """Whether a sentence may tell what happened: in the past tense, or without a word of a rule."""
    spoken = [t.word for t in text.of(sentence)]
    past = any(word in _REPORTS or (word.endswith("ed") and len(word) > 4) for word in spoken)
    return past or not markers(text.tokens, sentence.first, sentence.last, ())
