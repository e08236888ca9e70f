"""Checks on JSON data that may come from anyone: every error names the place inside the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, cast

from ._errors import InvalidFile, listing, near
from ._syntax import MAX_NUMBER, Value

MAX_NAME = 200
"""Longest name or label, in characters."""

Where: TypeAlias = "str | tuple[Where, str] | tuple[Where, str, int]"
"""A place in a document: its name, or a key of another place, or one item of the list there. In words see `place`."""


def place(where: Where) -> str:
    """A place in words, as in `query.probability.args[0]`; only errors need them."""
    after = ""
    while not isinstance(where, str):
        after = f".{where[1]}{after}" if len(where) == 2 else f".{where[1]}[{where[2]}]{after}"
        where = where[0]
    return where + after


def misfit(where: Where, got: object, wanted: str, hint: str = "") -> InvalidFile:
    """The error of a value that is not what belongs at its place."""
    return InvalidFile(f"{place(where)}: got {shown(got)}, wanted {wanted}.{' ' + hint if hint else ''}")


def shown(value: object) -> str:
    """A foreign value for a message: never longer than a line, whatever it is."""
    match value:
        case str():
            return repr(value if len(value) <= 40 else value[:40] + "...")
        case dict():
            keys = [str(key)[:40] for key in cast("dict[object, object]", value)]
            return f"an object with {listing(keys, 6)}" if keys else "an empty object"
        case list():
            return f"a list of {len(cast('list[object]', value))}"
        case int() if not isinstance(value, bool) and abs(value) > MAX_NUMBER:
            return "a number past 1e15"
        case None:
            return "null"
        case _:
            return repr(value)[:40]


def shortened(where: str) -> str:
    """The head of a path that has grown absurdly long."""
    return where if len(where) <= 80 else where[:80] + "..."


def only_kind(given: Mapping[str, object], kinds: tuple[str, ...], where: Where) -> str:
    """The one key that says what an object is."""
    found = given.keys() & kinds
    if len(found) != 1:
        raise misfit(where, given, f"an object with exactly one of {listing(kinds)}")
    return found.pop()


def check_keys(given: Mapping[str, object], where: Where, *needed: str, optional: tuple[str, ...] = ()) -> None:
    """That an object has every key that is needed, and none that is not allowed."""
    allowed = (*needed, *optional)
    for key in given:
        if key not in allowed:
            hint = near(str(key)[:MAX_NAME], allowed).strip()
            raise misfit(where, str(key), f"only the keys {listing(allowed)}", hint or "Leave it out.")
    for key in needed:
        if key not in given:
            raise misfit(where, given, f"the key {key!r} too")


def as_list(data: object, where: Where) -> list[object]:
    """A list."""
    if not isinstance(data, list):
        raise misfit(where, data, "a list", "Write [...].")
    return cast("list[object]", data)


def as_name(data: object, where: Where) -> str:
    """Text that can be a name."""
    if not isinstance(data, str):
        raise misfit(where, data, "a name in quotes")
    if not data.strip():
        raise misfit(where, data, "a name that is not empty")
    if len(data) > MAX_NAME:
        raise misfit(where, data, f"a name of at most {MAX_NAME} characters")
    return data


def as_value(data: object, where: Where) -> Value:
    """A state: a truth value, a bounded finite number, or a short label."""
    if isinstance(data, bool):
        return data
    if isinstance(data, str):
        if len(data) > MAX_NAME:
            raise misfit(where, data, f"a label of at most {MAX_NAME} characters")
        return data
    # Size first: NaN fails the comparison, and isfinite would choke on a huge integer.
    if isinstance(data, (int, float)) and abs(data) <= MAX_NUMBER:
        return data
    raise misfit(where, data, "true, false, a label, or a finite number of size at most 1e15")


def as_number(data: object, where: Where) -> float:
    """A bounded finite number."""
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        # An integer past the range of floats makes isfinite raise, so its size is looked at first.
        if abs(data) <= MAX_NUMBER:
            return float(data)
        raise misfit(where, data, "a finite number of size at most 1e15")
    raise misfit(where, data, "a number")
