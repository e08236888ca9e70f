"""Sentences that say what acts on what, without saying how: the arrows of the causal graph."""

from __future__ import annotations

import re

from ._combine import all_of, combine
from ._rules import Reading
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
