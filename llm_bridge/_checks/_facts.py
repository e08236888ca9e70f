"""What a text says was observed: the evidence of its question."""

from __future__ import annotations

from dataclasses import dataclass

from .._problem import ProblemVariable
from ._lexicon import HEDGES, SEEN
from ._markers import markers
from ._mentions import Mention, mentions
from ._numerals import numerals
from ._text import Scan, remembered, words

_NO_FACT = words(
    "unobserved hidden latent unmeasured unobservable correlates correlate correlated correlation independent "
    "independence associated variables variable method probability chance likelihood"
)

_SEERS = words(
    "we i they it he she you was were been is has have who scientists doctors police turned happened happens"
)

_PAST = words("was were did didn't wasn't weren't happened had")
_GENERIC = words("always usually often sometimes generally every each whenever study survey if because so")


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
    every = mentions(text, variables)
    numbered = {text.tokens[n.first].sentence for n in numerals(text) if n.probable}
    surely: list[Mention] = []
    perhaps: list[Mention] = []
    told: list[Mention] = []
    unread = False
    for sentence in text.sentences:
        here = [m for m in every if m.sentence == sentence.index]
        tokens = text.of(sentence)
        spoken = {t.word for t in tokens}
        if sentence.index in asked or sentence.question or sentence.index in numbered or spoken & _NO_FACT:
            continue
        unread = unread or (not any(not m.weak for m in here) and any(t.stem in SEEN for t in tokens))
        if not here:
            continue
        taken = {at for m in here for at in range(m.first, m.last)}
        if markers(text.tokens, sentence.first, sentence.last, taken):
            continue
        before = tokens[: here[0].first - sentence.first]
        seen = any(t.stem in SEEN for t in before) and bool({t.word for t in before} & _SEERS) and not spoken & HEDGES
        (surely if seen else perhaps).extend(here)
        if not seen and spoken & _PAST and not spoken & HEDGES and not spoken & _GENERIC:
            told += [m for m in here if m.state is not None and not m.odd and not m.weak]
    return Facts(tuple(surely), tuple(perhaps), tuple(told), unread)
