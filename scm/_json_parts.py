"""JSON that may come from anyone, read into plain values: sizes are bounded, and every error names its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from ._errors import InvalidFile, listing, near
from ._syntax import Value

MAX_CHARACTERS = 20_000_000
MAX_NUMBER = 1e300
"""Largest size of a number in a law or a mechanism; a state has at most 1e15."""


def load_json(text: str) -> object:
    """The document that a text holds.

    Raises:
        InvalidFile: no JSON, too long or too deep, a number that is not finite, or a key twice in one object.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidFile(f"A model file is text, got {type(text).__name__}.")
    if len(text) > MAX_CHARACTERS:
        raise InvalidFile(f"The file has {len(text):,} characters; a model file has at most {MAX_CHARACTERS:,}.")
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_each_once)
    except json.JSONDecodeError as wrong:
        raise InvalidFile(
            f"Not JSON: {wrong.msg} at line {wrong.lineno}, column {wrong.colno}. Is the file cut off?"
        ) from None
    except RecursionError:
        raise InvalidFile("The file is nested too deep to read. Is it a model?") from None
    except InvalidFile:
        raise
    except ValueError as wrong:  # an integer of thousands of digits
        raise InvalidFile(f"Not a model: {str(wrong)[:120]}.") from None


def _no_constant(name: str) -> object:
    raise InvalidFile(f"The file holds {name}; numbers in a model are finite.")


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for i, key in enumerate(keys) if key in keys[:i])
        raise InvalidFile(f"The file has the entry {twice[:60]!r} twice in one object; which of them counts?")
    return found


def as_object(data: object, where: str) -> dict[str, object]:
    """An object."""
    if not isinstance(data, dict):
        raise InvalidFile(f"{where}: got {type(data).__name__}, an object {{...}} is wanted.")
    return cast("dict[str, object]", data)


def as_list(data: object, where: str) -> list[object]:
    """A list."""
    if not isinstance(data, list):
        raise InvalidFile(f"{where}: got {type(data).__name__}, a list [...] is wanted.")
    return cast("list[object]", data)


def as_text(data: object, where: str) -> str:
    """Text."""
    if not isinstance(data, str):
        raise InvalidFile(f"{where}: got {str(data)[:60]!r}, text is wanted.")
    return data


def as_state(data: object, where: str) -> Value:
    """A state: a bounded number, a truth value or a label."""
    if not isinstance(data, (bool, int, float, str)):
        raise InvalidFile(f"{where}: got {str(data)[:60]!r}; a state is a number, true/false or a label.")
    if not isinstance(data, (bool, str)) and abs(data) > 1e15:
        raise InvalidFile(f"{where}: got a number beyond 1e15; states are smaller.")
    return data


def as_real(data: object, where: str) -> float:
    """A bounded number."""
    if isinstance(data, bool) or not isinstance(data, (int, float)):
        raise InvalidFile(f"{where}: got {str(data)[:60]!r}, a number is wanted.")
    # Compared before float() could choke on a huge integer.
    if not abs(data) <= MAX_NUMBER:
        raise InvalidFile(f"{where}: got a number beyond {MAX_NUMBER:g}; smaller ones are wanted.")
    return float(data)


def as_reals(data: object, where: str) -> list[float]:
    """A list of bounded numbers."""
    return [as_real(x, where) for x in as_list(data, where)]


def as_pair(data: object, where: str) -> tuple[object, object]:
    """A pair."""
    pair = as_list(data, where)
    if len(pair) != 2:
        raise InvalidFile(f"{where}: got {len(pair)} entries, a pair [.., ..] is wanted.")
    return pair[0], pair[1]


def by_state(pairs: list[tuple[object, object]], where: str) -> dict[Value, object]:
    """Pairs of a state and something, by state."""
    found: dict[Value, object] = {}
    for state, entry in pairs:
        if as_state(state, where) in found:
            raise InvalidFile(f"{where}: the state {state!r} stands there twice.")
        found[as_state(state, where)] = entry
    return found


def only(data: Mapping[str, object], keys: tuple[str, ...], where: str) -> None:
    """That an object has no key but these."""
    for key in data:
        if key not in keys:
            raise InvalidFile(
                f"{where} has the entry {key[:60]!r}; what may stand there is {listing(keys)}.{near(key[:200], keys)}"
            )
