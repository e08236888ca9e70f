"""Numbers as a text prints them: the face value, and the interval that rounding to those digits leaves open."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

_DECIMAL = r"(?:\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})"
_PLAIN = re.compile(rf"{_DECIMAL}\Z")
_PERCENT = re.compile(rf"({_DECIMAL})\s?%\Z")
_FRACTION = re.compile(r"(\d{1,15})\s?(?:/|in|of|out of)\s?(\d{1,15})\Z")

ADVICE = 'Write a number between 0 and 1 as it is printed: "0.26", "26%", "9 in 10" or "9/10".'


class Printed(NamedTuple):
    """A printed probability: `value` at face value; the truth behind it lies in `[low, high]`."""

    value: float
    low: float
    high: float


def printed_probability(text: str) -> Printed:
    """The probability that `text` prints.

    "26%" is 0.26 with [0.255, 0.265]: half a unit of the last printed digit each way. A fraction ("9 in 10"), and a
    bare 0 or 1, are exact.

    Raises:
        ValueError: not a printed number, or not between 0 and 1; the message says what was got and what to write.
    """
    clean = text.strip()
    if match := _FRACTION.match(clean):
        part, whole = int(match[1]), int(match[2])
        if whole == 0:
            raise ValueError(f"got {text!r}, a part of nothing. {ADVICE}")
        value, half = Decimal(part) / Decimal(whole), Decimal(0)
    elif match := _PERCENT.match(clean):
        value, half = Decimal(match[1]) / 100, _half_unit(match[1]) / 100
    elif _PLAIN.match(clean):
        value, half = Decimal(clean), Decimal(0) if clean in ("0", "1") else _half_unit(clean)
    else:
        raise ValueError(f"got {text[:40]!r}, wanted a printed number. {ADVICE}")
    if not 0 <= value <= 1:
        raise ValueError(f"got {text!r}, which is not between 0 and 1. {ADVICE}")
    return Printed(float(value), float(max(value - half, Decimal(0))), float(min(value + half, Decimal(1))))


def _half_unit(digits: str) -> Decimal:
    _, _, decimals = digits.partition(".")
    return Decimal(5).scaleb(-len(decimals) - 1)
