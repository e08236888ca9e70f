"""Sentences that say what acts on what, without saying how: the arrows of the causal graph."""

from __future__ import annotations

import re

from ._combine import all_of, combine
from ._counts import PEOPLE
from ._reading import Reading
from ._story import Unreadable, quoted

AFFECTS = re.compile(
    r"^(?P<causes>.+?) (?:directly |both )*(?:affects?|influences?|has an? (?:direct )?(?:effect|influence) on"
    r"|acts? on) "
    r"(?P<effects>.+)$",
    re.IGNORECASE,
)
DEPENDS = re.compile(
    r"^(?P<effects>.+?) (?:directly )?(?:depends?|is influenced by|is affected by)(?: on)? (?P<causes>.+)$",
    re.IGNORECASE,
)


_ACTS = r"(?:affects?|influences?|depends?|acts?|has an? )"


def arrow_pieces(phrase: str) -> list[str]:
    """`X affects Y and Z, and Z affects W`: one piece for each verb."""
    return re.split(rf" (?:, )?and (?=(?:(?!and\b)\S+ ){{1,4}}?{_ACTS}\b)", phrase, flags=re.IGNORECASE)


def affects(phrase: str, words: str, reading: Reading) -> bool:
    """`X affects Y and Z`: arrows of the causal graph. Returns False for any other sentence."""
    if not (AFFECTS.match(phrase) or DEPENDS.match(phrase)):
        return False
    for piece in arrow_pieces(phrase):
        match = AFFECTS.match(piece) or DEPENDS.match(piece)
        if match is None:
            raise Unreadable(f"What affects what in {quoted(words)}? Use one sentence for each cause.")
        for cause in all_of(combine(match["causes"], noun=True), "The cause"):
            for effect in all_of(combine(match["effects"], noun=True), "The effect"):
                reading.affects.append((cause, effect, words))
    return True


_WHETHER = re.compile(
    rf"\bwhether (?:or not )?(?:the |a )?(?:{PEOPLE}|patient|person|student|they|somebody|one) "
    r"(?:takes?|gets?|receives?|uses?|has|have) ",
    re.IGNORECASE,
)


def arrow_phrases(causes: str, effects: str, words: str) -> list[tuple[str, str, str]]:
    """`X affects both Y and Z` as pairs of phrases."""
    found: list[tuple[str, str, str]] = []
    causes, effects = _WHETHER.sub("", causes), _WHETHER.sub("", effects)
    for cause in all_of(combine(causes), "The cause"):
        found += [(cause.words, effect.words, words) for effect in all_of(combine(effects), "The effect")]
    return found
