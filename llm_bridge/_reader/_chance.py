"""Probabilities in a phrase: "with probability 0.9", "90% of the time", "there is a 3 in 10 chance that ..."."""

from __future__ import annotations

import re
from typing import NamedTuple

from .._printed import printed_probability
from ._story import Unreadable, quoted

_WORDS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_COUNT = rf"(?:\d+|one|{'|'.join(_WORDS)})"
_SHARE = rf"{_COUNT} (?:in|out of) (?:{_COUNT}|a hundred)"
NUMBER = rf"(?:\d+/\d+|{_SHARE}|-?\d*\.?\d+ ?(?:%|percent|per cent)|-?\d*\.?\d+|one half|half)"
"""A probability as texts print it."""
_KIND = r"(?:probability|chance|likelihood)"
_BEHIND = re.compile(
    rf"^(?P<rest>.+?) (?:, )?(?:with (?:a |an )?{_KIND}(?: of)? (?P<a>{NUMBER})|with (?:a |an )?(?P<b>{NUMBER}) {_KIND}"
    rf"|(?P<c>{NUMBER}) of the time|in (?P<d>{NUMBER}) (?:of )?(?:the |all )?cases)$",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"^(?:with (?:a |an )?{_KIND}(?: of)? (?P<a>{NUMBER})|with (?:a |an )?(?P<b>{NUMBER}) {_KIND}"
    rf"|(?P<c>{NUMBER}) of the time"
    rf"|in (?P<d>{NUMBER}) (?:of )?(?:the |all )?cases|there is (?:a |an )?(?P<e>{NUMBER}) {_KIND} (?:that|of)"
    rf"|there is (?:a )?{_KIND} of (?P<f>{NUMBER}) that) (?:, )?(?P<rest>.+)$",
    re.IGNORECASE,
)
_IS = re.compile(
    rf"^(?:the )?(?:overall )?{_KIND} (?:(?:that|of)) (?P<rest>.+?) (?:is|equals) (?:about )?(?P<a>{NUMBER})$",
    re.IGNORECASE,
)
_HAS = re.compile(
    rf"^(?P<rest>.+?) has (?:a |an )?(?:{_KIND}(?: of)? (?P<a>{NUMBER})|(?P<b>{NUMBER}) {_KIND})$", re.IGNORECASE
)
_BROKEN = re.compile(rf"\b{_KIND}\b|\bof the time\b", re.IGNORECASE)


class Chance(NamedTuple):
    """A phrase without its probability, and the probability as a Problem prints it."""

    rest: str
    value: str


def split_chance(phrase: str) -> Chance | None:
    """What `phrase` says, and with what probability; `None` where it speaks of no probability.

    Raises:
        Unreadable: the number is no probability.
    """
    for pattern in (_BEHIND, _BEFORE, _IS, _HAS):
        if match := pattern.match(phrase):
            named = match.groupdict()
            number = next(value for name, value in named.items() if name != "rest" and value)
            return Chance(named["rest"].strip(" ,"), as_printed(number, phrase))
    return None


def as_printed(number: str, phrase: str) -> str:
    """A number of the text as a Problem prints it: "30 percent" is "30%", "one in ten" is "1 in 10".

    Raises:
        Unreadable: it is no probability.
    """
    text = re.sub(r" ?(?:percent|per cent)$", "%", number.lower().replace("a hundred", "100"))
    text = "1 in 2" if text in ("half", "one half") else re.sub(r"\bone\b", "1", text)
    for value, word in enumerate(_WORDS, start=2):
        text = re.sub(rf"\b{word}\b", str(value), text)
    try:
        printed_probability(text)
    except ValueError as wrong:
        raise Unreadable(f"The probability in {quoted(phrase)}: {wrong}") from None
    return text
