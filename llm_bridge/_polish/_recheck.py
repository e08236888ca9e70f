"""A polished wording beside its template: every difference that is not one of style is a fault."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from .._checks._reading import Fault
from .._pipeline import Reply
from ._alike import plain
from ._canonical import Statement, canonical, upright
from ._tokens import lexicon, strange, tokens

MOST_LONGER = 2
"""So many times as long as its template a wording may be, and then some."""
SOME = 200
_SHOWN = 5
_DOUBLED = re.compile(r"[.;:,?!][ \n]*[.;:,?!]")
_KEPT = (
    ("figures", "figures", re.compile(r"[-+]?[\d.,]*\d%?\Z")),
    ("quotes", "quoted words", re.compile(r"[\"']")),
    ("formulas", "marks of formulas", re.compile(r"[^\w\s\"'.,;:()!?\u2014-]")),
    ("negation", "denials", re.compile(r"(?:not|no|never|none|nothing|nobody|neither|nor|without|cannot|hardly)\Z")),
)
"""What is counted in both texts: the name of the check, what is counted, and how it looks."""


def recheck(template: str, wording: str, reply: Reply) -> tuple[Fault, ...]:
    """What a wording says other than its template.

    A wording passes only if it can be turned into the template by steps that are known to keep the meaning. What is
    right but put in a way that is not known here is refused as well: that costs style, and nothing else.

    Args:
        template: what the bridge says by itself.
        wording: what a language model made of it: not trusted.
        reply: what both are about; its names are left as they are.

    Returns:
        Nothing if it may stand in place of the template; else the faults, of which each alone is enough to discard it.
    """
    if len(wording) > MOST_LONGER * len(template) + SOME:
        return (Fault("length", "", f"The wording has {len(wording):,} characters, the text {len(template):,}."),)
    if len(_DOUBLED.findall(wording)) > len(_DOUBLED.findall(template)):
        return (Fault("marks", "", "The wording has two marks in a row."),)
    if template.count('"') % 2 and wording != template:
        return (Fault("quotes", "", "Where a quotation begins or ends is in doubt in the text: it stays as it is."),)
    known = lexicon(template, reply)
    if character := strange(wording, known):
        shown = f"U+{ord(character):04X}"
        return (Fault("characters", "", f"The wording has the character {shown}, which has no place in it."),)
    told = canonical(template, known)
    said = upright(canonical(wording, known), told)
    faults = tuple(_counted(tokens(template, known), tokens(wording, known)))
    if told == said:
        return tuple(fault for fault in faults if fault.check != "negation")  # two ways to deny may say the same
    return faults or tuple(_said(told, said))


def _counted(told: list[str], said: list[str]) -> Iterator[Fault]:
    """What no way of wording may change: the verdict, figures, what is quoted, formulas, and what is denied."""
    verdicts = [words[:1] if words[:1] in (["yes"], ["no"]) else [] for words in (told, said)]
    if verdicts[0] != verdicts[1]:
        yield Fault("verdict", "", f"Wanted {_listed(verdicts[0])} at the beginning, got {_listed(verdicts[1])}.")
    for check, what, pattern in _KEPT:
        yield from _different(check, what, filter(pattern.match, told), filter(pattern.match, said))


def _different(check: str, what: str, told: Iterable[str], said: Iterable[str]) -> Iterator[Fault]:
    wanted, got = Counter(told), Counter(said)
    if wanted != got:
        lost, new = list((wanted - got).elements()), list((got - wanted).elements())
        yield Fault(check, "", f"The {what} differ: {_listed(new)} in place of {_listed(lost)}.")


def _said(told: tuple[Statement, ...], said: tuple[Statement, ...]) -> Iterator[Fault]:
    """Where two canonical forms part."""
    words, other = _all_words(told), _all_words(said)
    if words != other:
        yield from _different("words", "words", words.elements(), other.elements())
        return
    place = next((i for i, (a, b) in enumerate(zip(told, said, strict=False)) if a != b), min(len(told), len(said)))
    yield Fault("order", f"statement {place + 1}", "The words are the same, but what belongs to what may differ.")


def _all_words(statements: tuple[Statement, ...]) -> Counter[str]:
    found = Counter[str]()
    for one in statements:
        found.update(one.says)
        for kind, clause in one.conditions:
            found.update([kind, *clause])
        found.update([one.joined] if one.joined else [])
    return found


def _listed(words: Iterable[str]) -> str:
    found = list(words)
    shown = ", ".join(repr(plain(word)[:60]) for word in found[:_SHOWN])
    return f"{shown} and {len(found) - _SHOWN} more" if len(found) > _SHOWN else shown or "nothing"
