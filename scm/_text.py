"""Numbers, states and events as people read them."""

from __future__ import annotations

from collections.abc import Mapping

from ._syntax import Value, print_const, print_name


def number_text(value: float) -> str:
    """At most six significant digits, no trailing zeros."""
    text = f"{value:.6g}"
    return "0" if text == "-0" else text


def settings_text(values: Mapping[str, Value]) -> str:
    """`A = True, B = 'low'`."""
    return ", ".join(f"{print_name(name)} = {print_const(value)}" for name, value in values.items())
