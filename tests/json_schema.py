"""A checker and a sampler of JSON schemas, for the keywords that strict endpoints know; any other is an error."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

KEYWORDS = {"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "$ref", "$defs"}
_TYPES = {
    "object": lambda x: isinstance(x, dict),
    "array": lambda x: isinstance(x, list),
    "string": lambda x: isinstance(x, str),
    "boolean": lambda x: isinstance(x, bool),
    "null": lambda x: x is None,
    "integer": lambda x: isinstance(x, int) and not isinstance(x, bool),
    "number": lambda x: isinstance(x, int | float) and not isinstance(x, bool),
}


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """What a schema refers to, where it refers."""
    while "$ref" in schema:
        assert list(schema) == ["$ref"], "a reference stands alone"
        top, name = schema["$ref"].rsplit("/", 1)
        assert top == "#/$defs", "a reference is to a definition at the top"
        schema = root["$defs"][name]
    return schema


def fits(data: Any, schema: dict[str, Any], root: dict[str, Any] | None = None) -> bool:
    """Whether `data` is what `schema` describes."""
    root = schema if root is None else root
    schema = resolved(schema, root)
    assert set(schema) <= KEYWORDS, set(schema) - KEYWORDS
    if "anyOf" in schema:
        return any(fits(data, one, root) for one in schema["anyOf"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(_TYPES[kind](data) for kind in kinds) or ("enum" in schema and data not in schema["enum"]):
        return False
    if isinstance(data, list):
        return all(fits(item, schema["items"], root) for item in data)
    if isinstance(data, dict):
        known = schema["properties"]
        return (
            set(schema["required"]) <= set(data)
            and set(data) <= set(known)
            and all(fits(value, known[key], root) for key, value in data.items())
        )
    return True


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema, itself first. The names of keys and definitions are no keywords."""
    yield schema
    for key, inner in schema.items():
        if key in ("properties", "$defs"):
            for one in inner.values():
                yield from parts(one)
        elif key == "items":
            yield from parts(inner)
        elif key == "anyOf":
            for one in inner:
                yield from parts(one)


def sample(rng: random.Random, schema: dict[str, Any], root: dict[str, Any] | None = None, depth: int = 0) -> Any:
    """Something that `schema` describes, its keys in the schema's order; shallow where it could be deep."""
    root = schema if root is None else root
    schema = resolved(schema, root)
    if "anyOf" in schema:
        # The first alternative is the plainest, or is not null.
        pool = schema["anyOf"][:1] if depth > 14 else schema["anyOf"]
        return sample(rng, rng.choice(pool), root, depth + 1)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = rng.choice(schema["type"]) if isinstance(schema["type"], list) else schema["type"]
    match kind:
        case "object":
            return {key: sample(rng, one, root, depth + 1) for key, one in schema["properties"].items()}
        case "array":
            count = rng.choice((0, 1, 2, 2) if depth > 1 else (0, 0, 1)) if depth < 12 else 0
            return [sample(rng, schema["items"], root, depth + 1) for _ in range(count)]
        case "string":
            return rng.choice(("", "tide", "26%", "9 in 10", "low", "\u202e", "x" * 300))
        case "boolean":
            return rng.random() < 0.5
        case "null":
            return None
        case "integer":
            return rng.choice((0, 1, 9, -1, 10**30))
        case _:
            return rng.choice((0, 1, 0.25, -3.5, 1e300))
