"""Numbers as a text prints them: the face value, and the interval that rounding to those digits leaves open."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

_DECIMAL = r"\d{1,15}(?:\.\d{0,15})?|\.\d{1,15}"
_SIGNED = re.compile(rf"(?P<sign>[-+\u2212]?)\s?(?P<size>{_DECIMAL})(?P<percent>\s?%)?\Z")
_SHARE = re.compile(r"(?P<part>\d{1,15})\s?(?P<how>/|in|of|out of)\s?(?P<whole>\d{1,15})\Z")

ADVICE = "Write 0.26, 26%, 3/10 or 3 in 10 for a law, and 81 of 87 for a share that was counted."


class Printed(NamedTuple):
    """A printed number: `value` at face value, the truth behind it in `[low, high]`; `total` of a counted share."""

    value: float
    low: float
    high: float
    total: int | None = None


def printed_number(text: str) -> Printed:
    """The number that `text` prints.

    "26%" is 0.26 with [0.255, 0.265]: half a unit of the last printed digit each way. A whole number without a percent
    sign ("twice as likely", 0, 1) and a fraction ("3/10", "3 in 10") are exact; "81 of 87" is a share that was counted.

    Args:
        text: the number as printed.

    Raises:
        ValueError: not a printed number; the message says what was got and what to write.
    """
    clean = text.strip()
    if match := _SHARE.match(clean):
        part, whole = int(match["part"]), int(match["whole"])
        if whole == 0:
            raise ValueError(f"got {clean!r}, a part of nothing. {ADVICE}")
        counted = match["how"].endswith("of")
        if counted and part > whole:
            raise ValueError(f"got {clean!r}, more than were counted. {ADVICE}")
        value = part / whole
        return Printed(value, value, value, whole if counted else None)
    match = _SIGNED.match(clean)
    if match is None:
        raise ValueError(f"got {clean[:40]!r}, wanted a printed number. {ADVICE}")
    unit = Decimal(100) if match["percent"] else Decimal(1)
    size = Decimal(match["size"])
    value = size / unit * (-1 if match["sign"] in ("-", "\u2212") else 1)
    _, _, decimals = match["size"].partition(".")
    exact = not match["percent"] and not decimals
    half = Decimal(0) if exact else Decimal(5).scaleb(-len(decimals) - 1) / unit
    return Printed(float(value), float(value - half), float(value + half))
