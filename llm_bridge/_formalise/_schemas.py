"""The schemas that a model's replies must keep to, made from the one description in `_forms`.

They stay inside what the strictest endpoints accept (OpenAI's structured outputs, and grammars made from a schema):
every object closed and all its keys required, alternatives by `anyOf` of objects that begin with different keys,
recursion by `$ref` alone to a definition at the top, and no limits on numbers, lengths or patterns. What a schema
cannot say (how many arguments an operator takes, what comes with what) is checked when the reply is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from .._chat._types import ReplySchema
from ._forms import OBJECTS, PROBLEM, UNIONS, VALUES, VARIABLES, Schema

MOST_NAMES = 250
"""Most names that become an enumeration; endpoints bound its length (OpenAI: 250 without a further condition)."""


def variables_schema() -> ReplySchema:
    """What the first of two calls replies: the variables alone, or why the text cannot be formalised."""
    return _schema("variables", VARIABLES, ())


def problem_schema(names: Sequence[str] | None = None) -> ReplySchema:
    """What a Problem must look like.

    Args:
        names: the variables that an earlier call declared: the rest may speak of these only, and does not declare them
            again. None where the reply declares its own, as in one call and in a repair.
    """
    if names is None:
        return _schema("problem", tuple(PROBLEM), ())
    rest = tuple(key for key in PROBLEM if key != "variables")
    return _schema("problem", rest, tuple(names) if len(names) <= MOST_NAMES else ())


@lru_cache(maxsize=256)
def _schema(name: str, keys: tuple[str, ...], names: tuple[str, ...]) -> ReplySchema:
    entries = {key: PROBLEM[key] for key in keys}
    whole = _closed(entries)
    definitions = {kind: _definition(kind) for kind in _reached(entries)}
    if names and "name" in definitions:
        definitions["name"] = {"type": "string", "enum": list(dict.fromkeys(names))}
    # The order of keys is the order in which a model fills them in: it must not be sorted.
    return ReplySchema.of(name, {**whole, "$defs": definitions})


def _closed(entries: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": dict(entries),
        "required": list(entries),
        "additionalProperties": False,
    }


def _definition(kind: str) -> Schema:
    if kind in OBJECTS:
        return _closed(OBJECTS[kind])
    if kind in UNIONS:
        return {"anyOf": [{"$ref": f"#/$defs/{member}"} for member in UNIONS[kind]]}
    return VALUES[kind]


def _reached(entries: Mapping[str, Schema]) -> list[str]:
    """The definitions that `entries` need, in order of first need."""
    found: dict[str, None] = {}
    waiting = [*_references(entries)]
    while waiting:
        kind = waiting.pop(0)
        if kind not in found:
            found[kind] = None
            waiting += _references(_definition(kind))
    return list(found)


def _references(part: Any) -> Iterable[str]:
    if isinstance(part, list):
        for item in cast("list[Any]", part):
            yield from _references(item)
    elif isinstance(part, Mapping):
        for key, value in cast("Mapping[str, Any]", part).items():
            if key == "$ref":
                yield str(value).removeprefix("#/$defs/")
            else:
                yield from _references(value)
