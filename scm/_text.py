"""Numbers, states and events as people read them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from ._syntax import Value, print_const, print_name

_DIGITS = 6


def number_text(value: float) -> str:
    """At most six significant digits, no trailing zeros."""
    text = f"{value:.{_DIGITS}g}"
    return "0" if text == "-0" else text


def exact_text(value: float) -> str:
    """A number in as few digits as read back to the same one."""
    return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


_SLACK = 1e-9
"""Relative: an end this near to a printed number is that number, since arithmetic is no more exact."""


def outward_text(lower: float, upper: float) -> tuple[str, str]:
    """Two ends, the lower rounded down and the upper rounded up: what is printed is never narrower than what is so."""
    return _rounded(lower, ROUND_FLOOR), _rounded(upper, ROUND_CEILING)


def inward_text(lower: float, upper: float) -> tuple[str, str]:
    """Two ends that are attained, the lower rounded up and the upper down: no more is claimed than is so."""
    if upper - lower <= 10 ** (1 - _DIGITS) * max(abs(lower), abs(upper)):
        return number_text(lower), number_text(upper)  # so near to each other that they would change places
    return _rounded(lower, ROUND_CEILING), _rounded(upper, ROUND_FLOOR)


def ends_text(lower: float, upper: float) -> str:
    """`between 0.392 and 0.780001`."""
    low, high = outward_text(lower, upper)
    return f"between {low} and {high}"


def _rounded(value: float, way: str) -> str:
    if not math.isfinite(value) or value == 0:
        return number_text(value)
    exact = Decimal(value)
    unit = Decimal(1).scaleb(exact.adjusted() - _DIGITS + 1)
    nearest = exact.quantize(unit, ROUND_HALF_EVEN)
    near = abs(nearest - exact) <= abs(exact) * Decimal(_SLACK)
    return number_text(float(nearest if near else exact.quantize(unit, way)))


def settings_text(values: Mapping[str, Value]) -> str:
    """`A = True, B = 'low'`."""
    return ", ".join(f"{print_name(name)} = {print_const(value)}" for name, value in values.items())
