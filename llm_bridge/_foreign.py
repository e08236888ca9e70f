"""What a Problem's fields accept, and how every fault of a foreign document is worded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, TypeVar, cast

from scm import (
    MAX_NUMBER,
    Adjusts,
    CausalClaim,
    Contrast,
    Correlation,
    Expectation,
    Expr,
    Independence,
    Number,
    Placeholder,
    Probability,
    Query,
    ScmError,
    Shape,
    Value,
    claim_from_data,
    expr_from_data,
    near,
    parse_claim,
    parse_expression,
    parse_quantity,
    parse_query,
    parse_shape,
    placeholders,
    print_quantity,
    quantity_from_data,
    quantity_nodes,
    query_from_data,
)

from ._printed import ADVICE

MAX_JSON = 1_000_000
"""Longest Problem file, in characters."""

T = TypeVar("T")
A = TypeVar("A")


class InvalidProblem(ScmError):
    """A Problem that cannot be used. `faults` holds one message each: where, what was got and wanted, what to try."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        more = len(self.faults) - 10
        shown = [*self.faults[:10], *([f"... and {more} more faults."] if more > 0 else [])]
        super().__init__(shown[0] if len(shown) == 1 else "\n".join(f"- {fault}" for fault in shown))


# ---------------------------------------------------------------------------------------------------------------------
# Values of fields


def _scm(read: Callable[[A], T], value: A) -> T:
    try:
        return read(value)
    except ScmError as wrong:
        raise ValueError(str(wrong)) from None


def read_expression(value: object) -> object:
    """An expression from text, data or itself."""
    if isinstance(value, dict):
        return _scm(expr_from_data, cast("object", value))
    if isinstance(value, str):
        return _scm(parse_expression, value)
    if isinstance(value, Expr):
        return value
    raise ValueError(f"got {type(value).__name__}, wanted an expression as text or as an object")


def read_query(value: object) -> object:
    """A query from text, data or itself, with nothing left open."""
    if isinstance(value, dict):
        value = _scm(query_from_data, cast("object", value))
    elif isinstance(value, str):
        value = _scm(parse_query, value)
    if not isinstance(value, Query) or isinstance(value, Number):
        raise ValueError(f"got {shown(value)}, wanted a query as text or as an object, such as P(Y = True | X = True)")
    if names := placeholders(value):
        raise ValueError(f"the query leaves ?{names[0]} open. Write the value: a Problem has no rows to fill it from")
    return value


def read_term(value: object) -> object:
    """A quantity with one number (a probability, a contrast, a correlation ...), from text, data or itself."""
    if isinstance(value, dict):
        value = _scm(quantity_from_data, cast("object", value))
    elif isinstance(value, str):
        value = _scm(parse_quantity, value)
    if not isinstance(value, Probability | Expectation | Contrast | Correlation):
        raise ValueError(f"got {shown(value)}, wanted one probability of an event, such as P(Y = True | X = True)")
    if names := [node.name for node in quantity_nodes(value) if isinstance(node, Placeholder)]:
        raise ValueError(f"{print_quantity(value)} leaves ?{names[0]} open. Write the value")
    return value


def read_claim(value: object) -> object:
    """A claim about causes or independence, from text, data or itself."""
    if isinstance(value, dict):
        return _scm(claim_from_data, cast("object", value))
    if isinstance(value, str):
        return _scm(parse_claim, value)
    if isinstance(value, CausalClaim | Independence | Adjusts):
        return value
    raise ValueError(f"got {shown(value)}, wanted a claim as text or as an object, such as cause(A, B)")


def read_independence(value: object) -> object:
    """An independence, from text, data or itself."""
    claim = read_claim(value)
    if not isinstance(claim, Independence):
        raise ValueError(f"got {shown(value)}, wanted an independence, such as independent(A, B | C)")
    return claim


def read_shape(value: object) -> object:
    """A granted shape, from text or itself."""
    if isinstance(value, str):
        return _scm(parse_shape, value)
    if isinstance(value, Shape):
        return value
    raise ValueError(f"got {shown(value)}, wanted a shape as text, such as no_prevention(A, B)")


def bounded_state(value: Value) -> Value:
    """A state that is finite and not huge."""
    if not isinstance(value, (bool, str)) and not abs(value) <= MAX_NUMBER:
        raise ValueError("got a number that is not finite or is past 1e15, wanted a state of size at most 1e15")
    return value


def number_as_text(value: object) -> object:
    """A JSON number is taken as its own print."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not abs(value) <= MAX_NUMBER:
            raise ValueError(f"got a number that is not finite or is huge. {ADVICE}")
        text = format(Decimal(repr(value)), "f")  # every digit, and no exponent
        return text.removesuffix(".0") if value < 1e-4 else text
    return value


def not_blank(value: str) -> str:
    """A name with something in it."""
    if not value.strip():
        raise ValueError("got an empty name, wanted a name")
    return value


# ---------------------------------------------------------------------------------------------------------------------
# Documents


def document(text: str) -> object:
    """The JSON data of `text`.

    Raises:
        InvalidProblem: not JSON, or JSON made to hurt.
    """
    if len(text) > MAX_JSON:
        raise InvalidProblem([f"The file has {len(text):,} characters; a Problem has at most {MAX_JSON:,}."])
    try:
        if text.startswith("\ufeff"):
            return json.loads(text)  # it says what is wrong
        return _STRICT.decode(text)
    except json.JSONDecodeError as wrong:
        place = f"line {wrong.lineno}, column {wrong.colno}"
        raise InvalidProblem(
            [f"Got text that is not JSON ({wrong.msg} at {place}), wanted {{...}}. Is the file cut off?"]
        ) from None
    except RecursionError:
        raise InvalidProblem(["The file is nested too deep to read, wanted a Problem. Is it the right file?"]) from None
    except ValueError as wrong:
        # Integers of thousands of digits end here too: Python will not convert them.
        reason = (
            "got a number of thousands of digits, wanted one of at most 15" if "int_max" in str(wrong) else str(wrong)
        )
        raise InvalidProblem([f"Not a Problem: {reason}."]) from None


def loose_document(text: str, each: Callable[[dict[str, Any]], dict[str, Any]]) -> object:
    """As `document`, at half the cost, but of equal keys in one object the last is taken without a word.

    Args:
        text: the document.
        each: what to make of every object of it, innermost first.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_hook=each)
    except (ValueError, RecursionError):
        return document(text)  # it says what is wrong


def _refuse_constant(name: str) -> object:
    raise ValueError(f"got the number {name}, wanted a finite number.")


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        raise ValueError(
            f"the key {next(k for k in names if names.count(k) > 1)[:40]!r} stands twice in one object. Keep one."
        )
    return found


_STRICT = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique_keys)


def shown(value: object) -> str:
    """A foreign value for a message, cut short."""
    text = value if isinstance(value, str) else repr(value)
    return repr(text if len(text) <= 60 else text[:60] + "...") if isinstance(value, str) else text[:60]


_WANTED = {
    "missing": "this key is missing",
    "string_type": "wanted text in quotes",
    "string_too_long": "the text is too long; at most {max_length} characters are read",
    "too_short": "wanted at least {min_length}",
    "too_long": "wanted at most {max_length}",
    "tuple_type": "wanted a list [...]",
    "bool_type": "wanted true or false",
    "int_type": "wanted a whole number",
    "float_type": "wanted a number",
    "literal_error": "wanted {expected}",
    "model_type": "wanted an object {{...}}",
    "dict_type": "wanted an object {{...}}",
}


def fault_of(error: dict[str, Any], known_keys: Iterable[str]) -> str:
    """One fault that pydantic found, in our words: where, what was got, what was wanted."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"])
    where = path.lstrip(".")[:200] or "The Problem"
    kind = str(error["type"])
    if kind == "extra_forbidden":
        key = str(error["loc"][-1])[:60]
        return f"{where}: the key {key!r} is not known here. Leave it out.{near(key, known_keys)}"
    if kind == "value_error":
        message = str(error["msg"]).removeprefix("Value error, ")
        return f"{where}: {message}" if message.endswith(("^", ".", "?")) else f"{where}: {message}."
    wanted = _WANTED[kind].format(**error.get("ctx", {})) if kind in _WANTED else str(error["msg"])
    got = "" if kind == "missing" else f"got {shown(error.get('input'))}, "
    return f"{where}: {got}{wanted}."
