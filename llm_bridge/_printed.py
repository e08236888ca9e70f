"""Numbers as a text prints them: the face value, and the interval that rounding to those digits leaves open."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import NamedTuple

_DECIMAL = r"(?:\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})"
_PLAIN = re.compile(rf"{_DECIMAL}\Z")
_PERCENT = re.compile(rf"({_DECIMAL})\s?%\Z")
_FRACTION = re.compile(r"(\d{1,15})\s?(?:/|in|of|out of)\s?(\d{1,15})\Z")

_SIGNED = re.compile(rf"(?P<sign>[-+\u2212]?)\s?(?P<size>{_DECIMAL})(?P<percent>\s?%)?\Z")

ADVICE = 'Write a number between 0 and 1 as it is printed: "0.26", "26%", "9 in 10" or "9/10".'

NUMBER_ADVICE = 'Write a number as it is printed: "-0.33", "0.5", "12%" or "2".'


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


def printed_number(text: str, lowest: float | None = None, highest: float | None = None) -> Printed:
    """A printed number with a sign, such as a correlation, a difference or a ratio.

    Digits behind the point, and percentages, are rounded to half a unit of the last one; a whole number is exact
    ("twice as likely"), and so is a fraction.

    Args:
        text: the number as printed.
        lowest: the least that it may be; the rounding interval is cut there.
        highest: the most that it may be.

    Raises:
        ValueError: not a printed number, or beyond its ends; the message says what was got and what to write.
    """
    clean = text.strip()
    if match := _FRACTION.match(clean):
        if int(match[2]) == 0:
            raise ValueError(f"got {text!r}, a part of nothing. {NUMBER_ADVICE}")
        value, half = Decimal(int(match[1])) / Decimal(int(match[2])), Decimal(0)
    elif match := _SIGNED.match(clean):
        unit = Decimal(100) if match["percent"] else Decimal(1)
        whole = "." not in match["size"] and not match["percent"]
        value = Decimal(match["size"]) / unit * (-1 if match["sign"] in ("-", "\u2212") else 1)
        half = Decimal(0) if whole else _half_unit(match["size"]) / unit
    else:
        raise ValueError(f"got {text[:40]!r}, wanted a printed number. {NUMBER_ADVICE}")
    face = float(value)
    low = max(float(value - half), -math.inf if lowest is None else lowest)
    high = min(float(value + half), math.inf if highest is None else highest)
    if not low <= face <= high:
        raise ValueError(f"got {text!r}, wanted a number from {lowest} to {highest}. {NUMBER_ADVICE}")
    return Printed(face, low, high)


def _half_unit(digits: str) -> Decimal:
    _, _, decimals = digits.partition(".")
    return Decimal(5).scaleb(-len(decimals) - 1)
