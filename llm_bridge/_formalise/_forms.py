"""The structured form of a Problem, described once: what the wire form fills in and what the schemas demand.

An object is its keys in order, each with the JSON schema of its value; `_ref` names another entry. A key that a Problem
may leave out is there all the same, with null or an empty list: a strict schema knows no optional key.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]
"""A JSON schema."""


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _many(name: str) -> Schema:
    return {"type": "array", "items": _ref(name)}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _one_of(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


TEXT: Schema = {"type": "string"}
NAME = _ref("name")
OPERATORS = (
    *("and", "or", "xor", "not", "=", "!=", "<", "<=", ">", ">=", "in"),
    *("+", "*", "/", "neg", "if", "min", "max", "abs"),
)
CAUSAL = ("cause", "direct cause", "indirect cause", "common cause", "common effect")

VALUES: dict[str, Schema] = {
    "name": TEXT,
    "state": {"anyOf": [{"type": "boolean"}, {"type": "number"}, {"type": "string"}]},
    "operator": _one_of(*OPERATORS),
}

OBJECTS: dict[str, dict[str, Schema]] = {
    # Expressions: in an equation all is in one world; elsewhere a variable names its world.
    "constant": {"const": _ref("state")},
    "cause": {"var": NAME},
    "formula_operation": {"op": _ref("operator"), "args": _many("formula")},
    "term": {"var": NAME, "world": _many("assignment")},
    "operation": {"op": _ref("operator"), "args": _many("expression")},
    "set": {"set": NAME, "value": _ref("settable"), "parent": _or_null(NAME)},
    "soft": {"soft": NAME, "value": _ref("expression"), "parent": _or_null(NAME)},
    "draw": {"draw": NAME, "cases": _many("case"), "parent": _or_null(NAME)},
    "case": {"if": _or_null(_ref("expression")), "law": _many("weight")},
    "weight": {"state": _ref("state"), "probability": {"type": "number"}},
    # Queries and what statements are about.
    "probability": {"probability": _ref("expression"), "given": _or_null(_ref("expression"))},
    "expectation": {"expectation": _ref("expression"), "given": _or_null(_ref("expression"))},
    "distribution": {"distribution": _many("term"), "given": _or_null(_ref("expression"))},
    "number": {"number": {"type": "number"}},
    "contrast": {"contrast": _one_of("+", "-", "*", "/"), "left": _ref("operand"), "right": _ref("operand")},
    "correlation": {"correlation": {"type": "array", "items": NAME}, "given": _or_null(_ref("expression"))},
    # One object for every claim: endpoints refuse alternatives that begin with the same key.
    "claim": {
        "claim": _one_of(*CAUSAL, "independent", "adjusts"),
        "first": NAME,
        "second": NAME,
        "given": _or_null({"type": "array", "items": NAME}),
        "by": _or_null({"type": "array", "items": NAME}),
    },
    "independence": {
        "claim": _one_of("independent"),
        "first": NAME,
        "second": NAME,
        "given": {"type": "array", "items": NAME},
    },
    # The parts of a Problem. The words come first: a model copies what it goes by, then says what it makes of it.
    "variable": {
        "words": TEXT,
        "name": TEXT,
        "states": _many("state"),
        "description": TEXT,
        "observed": {"type": "boolean"},
    },
    "edge": {"words": TEXT, "cause": NAME, "effect": NAME},
    "confounded": {"words": TEXT, "pair": {"type": "array", "items": NAME}},
    "equation": {"words": TEXT, "variable": NAME, "expression": _ref("formula")},
    "statement": {
        "words": TEXT,
        "term": _ref("quantity"),
        "relation": _one_of("=", "<", "<=", ">", ">="),
        "value": {"type": ["string", "null"]},
        "counts": _or_null({"type": "array", "items": {"type": "integer"}}),
    },
    "asked": {"words": TEXT, "query": _or_null(_ref("query")), "claim": _or_null(_ref("claim"))},
    "reply": {
        "kind": _one_of("number", "yes-no", "choice"),
        "comparison": _one_of(">", ">=", "<", "<=", "="),
        "threshold": {"type": "number"},
        "options": {"type": "array", "items": TEXT},
    },
}

UNIONS: dict[str, tuple[str, ...]] = {
    "formula": ("constant", "cause", "formula_operation"),
    "expression": ("constant", "term", "operation"),
    "settable": ("constant", "term"),
    "assignment": ("set", "soft", "draw"),
    "query": ("probability", "expectation", "distribution", "contrast"),
    "operand": ("probability", "expectation", "distribution", "contrast", "number"),
    "quantity": ("probability", "expectation", "contrast", "correlation"),
}

PROBLEM: dict[str, Schema] = {
    # Whether the text can be formalised at all is settled before anything is filled in.
    "cannot": {"type": ["string", "null"]},
    "variables": _many("variable"),
    "edges": _many("edge"),
    "confounded": _many("confounded"),
    "equations": _many("equation"),
    "statements": _many("statement"),
    "independences": _or_null(_many("independence")),
    "queries": _many("asked"),
    "reply": _ref("reply"),
    "assumptions": {"type": "array", "items": TEXT},
}

VARIABLES: tuple[str, ...] = ("cannot", "variables")
"""The keys of the first of two calls."""
