"""Statements as text: `P(Y=1 | X=0) = 26%`, `corr(X, Y | Z=1) = -0.14`, `P(Y=1) > 0.5`, `P(Y=1 | X=1) = 81 of 87`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ._claims_text import parse_quantity, print_quantity
from ._errors import InvalidQuery, QuerySyntaxError
from ._printed import printed_number
from ._query import Probability
from ._statement import Statement

_RELATION = re.compile(r"<=|>=|≤|≥|==|<|>|=|≈")
_RELATIONS = {"≤": "<=", "≥": ">=", "==": "=", "≈": "="}
_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
EXAMPLE = "Write for example P(Y=1 | X=0) = 26%, corr(X, Y) = -0.14 or P(Y=1) > 0.5."


def statement(text: str, *, words: str = "") -> Statement:
    """The text of a statement to a `Statement`.

    The left side is a probability, an expectation, a contrast of such terms or a correlation, on any rung; the right
    side a number as printed. "26%" and "0.26" keep what rounding leaves open (0.255 to 0.265); "3/10", "3 in 10" and
    whole numbers are exact; "81 of 87" and "81 out of 87" are counts, a share of a sample.

    Args:
        text: the statement.
        words: how the source puts it, for messages and answers.

    Raises:
        QuerySyntaxError: the text is no statement; the message has a caret.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"A statement must be text, got {type(text).__name__}.")
    found = next(_relations(text), None)
    if found is None:
        raise QuerySyntaxError(text, len(text), f"A statement needs a relation and a number. {EXAMPLE}")
    try:
        quantity = parse_quantity(text[: found.start()])
    except QuerySyntaxError as wrong:
        raise QuerySyntaxError(text, wrong.position, wrong.problem) from None
    except InvalidQuery as wrong:
        raise QuerySyntaxError(text, 0, str(wrong)) from None
    try:
        printed = printed_number(text[found.end() :])
    except ValueError as wrong:
        place = found.end() + len(text[found.end() :]) - len(text[found.end() :].lstrip())
        raise QuerySyntaxError(text, place, f"The value of the statement: {wrong}") from None
    relation: Any = _RELATIONS.get(found.group(), found.group())
    if printed.total is not None and (relation != "=" or not isinstance(quantity, Probability)):
        raise QuerySyntaxError(
            text, found.end(), "Counts are shares of a probability, and equal to it. Write a number such as 0.93."
        )
    low, high = (printed.low, printed.high) if relation == "=" else (printed.value, printed.value)
    if isinstance(quantity, Probability) and 0 <= printed.value <= 1:
        low, high = max(low, 0.0), min(high, 1.0)
    return Statement(quantity, printed.value, low, high, relation, printed.total, words)


def _relations(text: str) -> Iterator[re.Match[str]]:
    """Signs of relation outside brackets and quotes."""
    depth, quote, at = 0, "", 0
    while at < len(text):
        sign = text[at]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in _BRACKETS:
            depth += _BRACKETS[sign]
        elif depth == 0 and (match := _RELATION.match(text, at)):
            yield match
            at = match.end() - 1
        at += 1


def print_statement(given: Statement) -> str:
    """A statement as text, its face value to six digits."""
    value = f"{given.value:.6g}"
    if given.total is not None:
        value = f"{round(given.value * given.total)} of {given.total}"
    return f"{print_quantity(given.quantity)} {given.relation} {value}"
