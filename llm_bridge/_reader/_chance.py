"""Probabilities in a phrase: "with probability 0.9", "90% of the time", "there is a 3 in 10 chance that ..."."""

from __future__ import annotations

import re
from typing import NamedTuple

from .._printed import printed_probability
from ._lemma import base_form, told
from ._story import Unreadable, quoted

_WORDS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_COUNT = rf"(?:\d+|one|{'|'.join(_WORDS)})"
_SHARE = rf"{_COUNT} (?:times )?(?:in|out of) (?:{_COUNT}|a hundred)"
_TENS = {"ten": 10, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
         "ninety": 90}  # fmt: skip
_PARTS = {"a third": "1/3", "one third": "1/3", "two thirds": "2/3", "a quarter": "1/4", "one quarter": "1/4",
          "three quarters": "3/4", "half": "1 in 2", "one half": "1 in 2"}  # fmt: skip
_DIGITS = r"-?\d*\.?\d+"
NUMBER = (
    rf"(?:\d+/\d+|{_SHARE}|(?:{'|'.join(_TENS)}) (?:percent|per cent)|{'|'.join(_PARTS)}"
    rf"|{_DIGITS} ?(?:%|percent|per cent)|{_DIGITS})"
)
"""A probability as texts print it."""
_TIMES = rf"{_COUNT} times out of {_COUNT}"
_KIND = r"(?:probability|chance|likelihood)"
_BEHIND = re.compile(
    rf"^(?P<rest>.+?) (?:, )?(?:with (?:a |an )?{_KIND}(?: of)? (?P<a>{NUMBER})|with (?:a |an )?(?P<b>{NUMBER}) {_KIND}"
    rf"|(?P<c>{NUMBER}) of the time|in (?P<d>{NUMBER}) (?:of )?(?:the |all )?cases|(?P<e>{_TIMES}))$",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"^(?:with (?:a |an )?{_KIND}(?: of)? (?P<a>{NUMBER})|with (?:a |an )?(?P<b>{NUMBER}) {_KIND}"
    rf"|(?P<c>{NUMBER}) of the time"
    rf"|in (?P<d>{NUMBER}) (?:of )?(?:the |all )?cases|there is (?:a |an )?(?P<e>{NUMBER}) {_KIND} (?:that|of)"
    rf"|there is (?:a )?{_KIND} of (?P<f>{NUMBER}) that"
    rf"|it is (?P<g>{NUMBER}) (?:likely|probable) that|(?P<h>{_TIMES})) (?:, )?(?P<rest>.+)$",
    re.IGNORECASE,
)
_IS = re.compile(
    rf"^(?:the )?(?:overall )?{_KIND} (?:(?:that|of)) (?P<rest>.+?) (?:is|equals) (?:about )?(?P<a>{NUMBER})$",
    re.IGNORECASE,
)
_HAS = re.compile(
    rf"^(?P<rest>.+?) has (?:a |an )?(?:{_KIND}(?: of)? (?P<a>{NUMBER})|(?P<b>{NUMBER}) {_KIND})$", re.IGNORECASE
)
_LIKELY = re.compile(
    rf"^(?P<who>.+?) (?:is|are|was|were) (?P<a>{NUMBER}) (?:likely|probable)(?: to (?P<what>.+))?$"
    rf"|^(?P<who2>.+?) ha(?:s|ve|d) (?:a |an )?(?:{_KIND} of (?P<b>{NUMBER})|(?P<c>{NUMBER}) {_KIND}) to (?P<what2>.+)$"
    rf"|^(?P<who3>.+?) ha(?:s|ve|d) (?:a |an )?(?P<d>{NUMBER}) {_KIND} of (?P<doing>[a-z]+ing)(?P<rest> .+)?$",
    re.IGNORECASE,
)


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
    if match := _LIKELY.match(phrase):
        return _likely(match.groupdict(), phrase)
    return None


def _likely(named: dict[str, str | None], phrase: str) -> Chance:
    """`the pump is 30% likely to fail`, `rain is 30% likely`, `the pump has a 30% chance of failing`."""
    who = named["who"] or named["who2"] or named["who3"] or ""
    what = named["what"] or named["what2"]
    if named["doing"]:
        what = base_form(named["doing"].lower()) + (named["rest"] or "")
    number = next(value for name in "abcd" if (value := named[name]))
    return Chance(told(who, what) if what else who, as_printed(number, phrase))


def as_printed(number: str, phrase: str) -> str:
    """A number of the text as a Problem prints it: "30 percent" is "30%", "one in ten" is "1 in 10".

    Raises:
        Unreadable: it is no probability.
    """
    text = re.sub(r" ?(?:percent|per cent)$", "%", number.lower().replace("a hundred", "100"))
    text = _PARTS.get(text) or re.sub(r"\bone\b", "1", text.replace(" times out of ", " out of "))
    for word, value in _TENS.items():
        text = text.replace(f"{word}%", f"{value}%")
    for value, word in enumerate(_WORDS, start=2):
        text = re.sub(rf"\b{word}\b", str(value), text)
    try:
        printed_probability(text)
    except ValueError as wrong:
        raise Unreadable(f"The probability in {quoted(phrase)}: {wrong}") from None
    return text
