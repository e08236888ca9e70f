"""Sentences that count units with a description.

"Of the 350 patients who got treatment A, 87 had small stones, of whom 81 recovered" becomes counts of a description
within a description: 87 of the 350 with (treatment a) have (small stone). What the descriptions are states of is
settled later, when all are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from ._clause import PASSIVE, STRUCTURE, clause
from ._lemma import AUXILIARIES, is_past, lemma
from ._lemma import words as word_set
from ._story import Unreadable, quoted

Trait: TypeAlias = tuple[tuple[str, ...], bool]
"""A description by its key, and whether it holds."""

PEOPLE = r"(?:patients|people|persons|students|individuals|participants|subjects|of them|users|employees)"
"""Words for those who are counted, as a question uses them."""
_N = r"\d[\d,]*"
_NOUN = (
    r"(?:patients|people|persons|students|individuals|participants|subjects|cases|users|employees|children|adults"
    r"|applicants|customers|units|workers|plants|players|drivers|animals|mice)"
)
_GROUP = re.compile(
    rf"^(?:of|among|out of) (?:the |these |those |all |all the )?(?P<n>{_N})(?: (?:others?"
    rf"|remaining))?(?P<who>(?: .*?)?) , (?P<rest>.+)$",
    re.IGNORECASE,
)
_FRACTION = re.compile(
    rf"^(?P<k>{_N}) (?:out )?of (?:the |these |those |all )?(?P<n>{_N})(?P<rest> .+)$"
    rf"|^(?P<k2>\d+)/(?P<n2>\d+)(?: of)?(?: the)?(?P<rest2> .+)$",
    re.IGNORECASE,
)
_ITEM = re.compile(rf"^(?P<k>{_N})(?: of (?:them|these|those|whom))?(?P<rest> .+)$", re.IGNORECASE)
_WHOM = re.compile(r" , (?:of whom|and of these|of these|of those|of which|and of those|of them) ", re.IGNORECASE)
_SPLIT = re.compile(rf"(?: , and | , | and | but )(?=(?:the other |of the )?{_N}(?:/\d+)?(?: |$))", re.IGNORECASE)
_DID_NOT = re.compile(rf"^(?P<k>{_N}) (?:did|do|were|was|had) not$", re.IGNORECASE)
_EMPTY_WORDS = AUXILIARIES | word_set(
    """get receive take give have with on who that in the a an of use under undergo choose be as were was group choice
    assign to treat by patient person individual participant subject case user their only"""
)


@dataclass(frozen=True, slots=True)
class Count:
    """`part` of the `whole` units with the traits `given` have the traits `found` too."""

    given: tuple[Trait, ...]
    found: tuple[Trait, ...]
    part: int
    whole: int | None
    words: str


def looks_counted(phrase: str) -> bool:
    """Whether a sentence counts units."""
    return bool(
        re.match(rf"^(?:of|among|out of) (?:the |these |those |all |all the )?{_N} ", phrase, re.IGNORECASE)
        or re.match(rf"^{_N} (?:out )?of (?:the )?{_N} |^\d+/\d+ .*[a-z]", phrase, re.IGNORECASE)
        or re.match(rf"^{_N} {_NOUN} ", phrase, re.IGNORECASE)
    )


_HEADED = re.compile(
    rf"^(?!(?:of|among|out of|in) )(?P<who>[^\d]+) , (?P<k>{_N}) (?:out )?of (?P<n>{_N})(?P<rest> .+)$", re.IGNORECASE
)


def as_group(phrase: str) -> str:
    """`treatment A , small stones , 81 of 87 recovered` the other way round."""
    match = _HEADED.match(phrase)
    if match is None:
        return phrase
    who = " and ".join(f"with {re.sub(r'^with ', '', part.strip())}" for part in match["who"].split(" , "))
    return f"of {match['n']} patients {who} , {match['k']}{match['rest']}"


def read_counts(phrase: str, words: str) -> list[Count]:
    """The counts of one sentence.

    Raises:
        Unreadable: a part that fits no pattern.
    """
    head = _GROUP.match(phrase)
    if head is None:
        return _items(phrase, (), None, words)
    given = traits(head["who"])
    return _items(head["rest"], given, _number(head["n"]), words)


def _items(phrase: str, given: tuple[Trait, ...], whole: int | None, words: str) -> list[Count]:
    """Counts in `87 had small stones, of whom 81 recovered, and 263 had large stones, of whom ...`."""
    out: list[Count] = []
    for item in _split_outside_whom(phrase):
        if out and (rest := _DID_NOT.match(item.strip(" ,"))):
            opposite = tuple((key, not holds) for key, holds in out[-1].found)
            out.append(_checked(replace(out[-1], found=opposite, part=_number(rest["k"]))))
            continue
        outer, *inner = _WHOM.split(item)
        count = _item(outer.strip(" ,"), given, whole, words)
        out.append(count)
        for piece in inner:
            for sub in _SPLIT.split(piece):
                out.append(_item(sub.strip(" ,"), (*count.given, *count.found), count.part, words))
    _check_total(given, whole, out, words)
    return out


def _check_total(given: tuple[Trait, ...], whole: int | None, counts: list[Count], words: str) -> None:
    """Parts that bring totals of their own must make up the whole: no number of the text is dropped."""
    own = {
        count.given: count.whole for count in counts if count.whole is not None and count.given[: len(given)] == given
    }
    if whole is None or any(count.whole == whole and count.given == given for count in counts):
        return
    if sum(own.values()) != whole:
        raise Unreadable(
            f"{quoted(words)} speaks of {whole}, but its parts make up {sum(own.values())}. Correct one of them."
        )


def _split_outside_whom(phrase: str) -> list[str]:
    """Items of one level: what "of whom" introduces ends at the next comma or "and" before a number."""
    return [piece for piece in _SPLIT.split(phrase) if piece.strip(" ,")]


def _item(phrase: str, given: tuple[Trait, ...], whole: int | None, words: str) -> Count:
    if match := _FRACTION.match(phrase):
        part, total = _number(match["k"] or match["k2"]), _number(match["n"] or match["n2"])
        who, what = _tail(match["rest"] or match["rest2"], words)
        return _checked(Count((*given, *traits(who)), traits(what), part, total, words))
    match = _ITEM.match(phrase)
    if match is None:
        raise Unreadable(
            f"What is counted in {quoted(phrase)}? Write 'Of the 87 patients with small stones, 81 recovered.'"
        )
    return _checked(Count(given, traits(match["rest"]), _number(match["k"]), whole, words))


def _checked(count: Count) -> Count:
    if not count.found:
        raise Unreadable(f"What do the {count.part} in {quoted(count.words)} have or do? Say it.")
    if count.whole is not None and count.part > count.whole:
        raise Unreadable(f"{count.part} of only {count.whole} in {quoted(count.words)}. Correct one of the numbers.")
    return count


def _tail(rest: str, words: str) -> tuple[str, str]:
    """Split `patients with small stones who got A recovered` before its last verb in the past."""
    tokens = rest.split()
    places = [i for i, t in enumerate(tokens) if is_past(t.lower()) or t.lower() in ("did", "were", "was", "recover")]
    while len(places) > 1 and places[-1] == places[-2] + 1:
        places.pop()
    if not places or (places[-1] > 0 and tokens[places[-1] - 1].lower() == "who"):
        raise Unreadable(
            f"What happened to those counted in {quoted(words)}? Name the outcome last, as in '... recovered'."
        )
    return " ".join(tokens[: places[-1]]), " ".join(tokens[places[-1] :])


def traits(phrase: str) -> tuple[Trait, ...]:
    """The descriptions in `patients with small stones who got treatment A`, in order.

    Raises:
        Unreadable: a word that has no place in a description.
    """
    phrase = re.sub(
        rf"^ ?(?:of (?:them|whom|these|those)\b)?(?:{_NOUN}\b)?", "", f" {phrase.strip()}".rstrip(), flags=re.IGNORECASE
    )
    phrase = re.sub(rf"^ *{_NOUN}\b", "", phrase, flags=re.IGNORECASE)
    out: list[Trait] = []
    for piece in re.split(
        r" (?:who|that) | and (?:who |that |had |got )?(?=(?:with|had|got|were|took|treatment|did|received)\b)"
        r"| (?=with |without )",
        f" {phrase} ",
    ):
        if piece.strip(" ,"):
            trait = _trait(piece.strip(" ,"))
            if trait is not None:
                out.append(trait)
    return tuple(dict.fromkeys(out))


def _trait(piece: str) -> Trait | None:
    negative = bool(re.match(r"without\b", piece, re.IGNORECASE))
    said = clause(re.sub(r"^(?:without|with|on|in|under|given) ", "", piece, flags=re.IGNORECASE))
    key = plain(said.key)
    if not key:
        return None
    if any(word in STRUCTURE for word in key):
        raise Unreadable(f"{quoted(piece)} is no plain description. Say it in fewer words.")
    return key, said.positive != negative


def plain(key: Iterable[str]) -> tuple[str, ...]:
    """A key without words that describe nothing, such as "had" and "got"."""
    return tuple(
        w
        for w in (k.rstrip(PASSIVE) for k in key)
        if (w not in _EMPTY_WORDS and lemma(w) not in _EMPTY_WORDS) or w == "a"
    )


def alias(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one key is the other with more words before it, or with its label alone."""
    short, long = sorted((one, other), key=len)
    return long[len(long) - len(short) :] == short or (len(short) == 1 and len(short[0]) == 1 and long[-1] == short[0])


def _number(text: str) -> int:
    return int(text.replace(",", "")[:15])
