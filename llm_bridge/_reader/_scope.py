"""How far a negation or a number reaches in a list: "does not call or answer", "at least two of A, B and C vote"."""

from __future__ import annotations

import itertools
import re

from ._clause import verb_at
from ._lemma import AUXILIARIES, BE, DO, HAVE, VERBS, WILL, is_participle, is_past, lemma
from ._story import Unreadable, quoted

_DENIALS = frozenset({"not", "never"})
_NOBODY = re.compile(r"^(?:nobody|no one|no-one|none|no) |\bfail(?:s|ed|ing)? to\b", re.IGNORECASE)


def denied_parts(parts: list[str], joint: str, phrase: str) -> list[int]:
    """Which of the later parts share the negation of the first: all that "or" joins to "does not call".

    Raises:
        Unreadable: "does not call and answer" may deny both, or that both happen together.
    """
    first = parts[0].split()
    if _NOBODY.search(f"{parts[0]} "):
        sharing = [i for i, part in enumerate(parts) if i and not _is_whole(part)]
    else:
        sharing = [i for i, part in enumerate(parts) if i and _continues(first, part.split())]
    if not sharing or re.search(r" (?:but|yet) ", phrase, re.IGNORECASE):
        return []
    if joint == "and" or len(sharing) < len(parts) - 1:
        raise Unreadable(f"What does the negation in {quoted(phrase)} reach? Make each part a full statement.")
    return sharing


def _is_whole(part: str) -> bool:
    return bool(verb_at(part.split()))


def _continues(first: list[str], part: list[str]) -> bool:
    """Whether `part` goes on behind the "did not", "is not" or "never" of `first`."""
    low = [word.lower() for word in first]
    place = next((i for i, word in enumerate(low) if word in _DENIALS and i), None)
    if place is None or not part or part[0].lower() in AUXILIARIES | _DENIALS or verb_at(part):
        return False
    word, auxiliary = part[0].lower(), low[place - 1]
    if auxiliary in BE:
        return True
    if auxiliary in HAVE:
        return is_participle(word) or word.endswith("ed")
    if auxiliary in DO | WILL:
        return not (lemma(word) in VERBS and lemma(word) != word) or (is_past(word) and lemma(word) == word)
    return low[place] == "never"


_LEFT_OUT = re.compile(
    r"^(?P<who>.+?) (?P<aux>did|does|do|was|were|is|are|has|have|had)(?P<no> not)?(?: too| either| as well)?$",
    re.IGNORECASE,
)


def filled(first: list[str], part: list[str]) -> list[str]:
    """`Bob did not`, behind `Ann agreed`, with the words that it leaves out."""
    match = _LEFT_OUT.match(" ".join(part))
    verb = verb_at(first)
    if match is None or not verb or verb_at(part) is None:
        return part
    told = [word for word in first[verb:] if word.lower() not in _DENIALS]
    if told[0].lower() in AUXILIARIES and len(told) > 1:
        told = told[1:]
    elif told[0].lower() in AUXILIARIES or match["aux"].lower() in BE:
        return part
    return [*match["who"].split(), match["aux"], *(["not"] if match["no"] else []), *told]


# ---------------------------------------------------------------------------------------------------------------------
# Numbers of a list

_SMALL = {
    word: n
    for n, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], start=1)
}
_N = rf"(?:[1-9]|10|{'|'.join(_SMALL)})"
_OF = re.compile(
    rf"^(?P<how>at least|exactly|no fewer than) (?P<n>{_N}) of (?P<list>.+)$"
    rf"|^(?P<some>any one|any|one or more|some) of (?P<list2>.+)$"
    rf"|^(?P<all>all|both|each|all {_N}) of (?P<list3>.+)$"
    rf"|^(?P<none>none|neither) of (?P<list4>.+)$"
    rf"|^(?:a|the) majority of (?P<list5>.+)$|^most of (?P<list6>.+)$",
    re.IGNORECASE,
)
_WHO = re.compile(rf"^the (?:{_N} )?[a-z]+s(?: ,)? (?=[A-Z])")
_LAST_JOINT = re.compile(r" (?:, )?(?:and|or) ", re.IGNORECASE)
MOST_OF = 8
"""Longest list of which some number may be asked for."""


def number_of(phrase: str) -> tuple[str, int | None, bool] | None:
    """The list of `at least two of A, B and C vote`, how many of it, and whether exactly so many.

    The number is `None` for a majority, 0 for none, -1 for all.

    Raises:
        Unreadable: what follows "of" is no plain list.
    """
    match = _OF.match(phrase)
    if match is None:
        return None
    named = match.groupdict()
    listed = next(named[name] for name in ("list", "list2", "list3", "list4", "list5", "list6") if named[name])
    listed = _WHO.sub("", listed)
    if len(_LAST_JOINT.findall(listed)) != 1:
        raise Unreadable(f"Of what is it a number, in {quoted(phrase)}? Write 'at least two of A, B and C'.")
    if named["n"]:
        word = named["n"].lower()
        return listed, _SMALL.get(word) or int(word), named["how"].lower() == "exactly"
    return listed, 1 if named["some"] else -1 if named["all"] else 0 if named["none"] else None, False


def choices(size: int, number: int, *, exactly: bool) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Which of `size` hold and which do not, case by case, where `number` of them (or more) hold."""
    everything = range(size)
    return [
        (chosen, tuple(i for i in everything if i not in chosen) if exactly else ())
        for chosen in itertools.combinations(everything, number)
    ]
