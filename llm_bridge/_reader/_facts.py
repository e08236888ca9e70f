"""Sentences that say what was so: their frames, and what keeps a sentence from being a plain fact."""

from __future__ import annotations

import re

from ._clause import verb_at
from ._combine import Tree, combine
from ._lemma import told
from ._story import Unreadable, quoted

_CONCESSION = re.compile(r" (?:, )?(?:although|even though|though|whereas|despite the fact that) ", re.IGNORECASE)
_CONCEDED = re.compile(
    r"^(?:although|even though|though|despite the fact that|whereas) (?P<a>.+?) , (?P<b>.+)$", re.IGNORECASE
)
_SEEN_TO = re.compile(
    r"^(?P<who>.+?) (?:was|were|is|are) (?:observed|seen|found|noticed|known) (?P<no>not )?to (?P<what>.+)$",
    re.IGNORECASE,
)
_SO_DID = re.compile(r"^(?P<first>[^,]+?) (?:, )?and so (?:did|does|do|was|is|has|were) (?P<who>[^,]+)$", re.IGNORECASE)
_HYPOTHETICAL = re.compile(r"\b(?:would|should|going to|had to|supposed to|tried to|wants? to)\b", re.IGNORECASE)
_SOME_NOT = re.compile(r"^(?:a|[Aa]n|[Aa]ny|[Ss]ome|[Oo]ne) .*\b(?:not|never)\b")
_ANY = re.compile(r"^any ", re.IGNORECASE)
_TIME = (
    r"today|yesterday|tonight|this (?:morning|afternoon|evening|time|week|year)|last (?:night|week|month|year)|one day"
)
_WHEN = re.compile(rf"^(?P<first>{_TIME}) (?:, )?(?=\S)| (?:, )?(?P<last>{_TIME})$", re.IGNORECASE)


def read_fact(phrase: str, words: str, times: set[str]) -> Tree:
    """What a sentence says was so.

    Args:
        phrase: the sentence without what frames it ("we saw that").
        words: as the text has it, for messages.
        times: the times that facts have named so far; it grows.

    Raises:
        Unreadable: it is no plain fact.
    """
    if match := _WHEN.search(phrase):
        times.add((match["first"] or match["last"]).lower())
        phrase = _WHEN.sub("", phrase, count=1)
    if len(times) > 1:
        raise Unreadable(f"{quoted(words)} speaks of another time than a fact before it. Tell of one time only.")
    if _HYPOTHETICAL.search(phrase):
        raise Unreadable(f"{quoted(words)} does not say what was so. Say it as a plain fact, or as a rule with 'if'.")
    if _SOME_NOT.match(phrase) or _ANY.match(phrase):
        raise Unreadable(f"Which one is meant in {quoted(words)}? Say 'the', or name it.")
    return combine(_plainer(phrase))


def _plainer(phrase: str) -> str:
    if match := _CONCEDED.match(phrase):
        phrase = f"{match['a']} , but {match['b']}"
    phrase = _CONCESSION.sub(" , but ", phrase)
    if match := _SEEN_TO.match(phrase):
        phrase = told(match["who"], f"{match['no'] or ''}{match['what']}")
    if match := _SO_DID.match(phrase):
        first = match["first"].split()
        if (verb := verb_at(first)) and len(match["who"].split()) <= 4:
            return f"{match['first']} and {match['who']} {' '.join(first[verb:])}"
    return phrase
