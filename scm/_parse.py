"""Text to syntax: queries, expressions (events, equations), with a caret in every error.

A thin layer: `query.lark` says what is accepted, the callbacks of `_grammar` build the values of `_syntax` and
`_query`. No text is ever evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ._errors import InvalidQuery, QuerySyntaxError, near
from ._query import Contrast, Number, Query, term_parts
from ._syntax import MAX_DEPTH, NAMELESS, Expr, Placeholder, depth, walk

MAX_LENGTH = 20_000
"""Longest query or equation text, in characters."""


def parse_query(text: str, known: Iterable[str] = ()) -> Query:
    """Query text to a `Query`.

    Args:
        text: for example `P(Y[X=0]=0 | X=1, Y=1)` or `E[Y[X=1, M=M[X=0]]] - E[Y[X=0]]`.
        known: names to suggest when a name in an unreadable text is close to one of them.

    Raises:
        QuerySyntaxError: the text is not in the grammar; the message has a caret.
    """
    query: Query = _read("query", text, "a query", known)
    _check_contrast(text, query)
    _check_parts(text, _parts(query))
    return query


def parse_expression(text: str, known: Iterable[str] = ()) -> Expr:
    """The text of an event or equation to an expression, for example `order or u_nervous`.

    Raises:
        QuerySyntaxError: the text is not in the grammar; the message has a caret.
    """
    expr: Expr = _read("expr", text, "an equation", known)
    _check_parts(text, [expr])
    return expr


def _read(start: str, text: str, what: str, known: Iterable[str]) -> Any:
    """What `text` says, or an error that suggests the nearest known name."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers outside the type checker
        raise InvalidQuery(f"{what} must be text, got {type(text).__name__}.")
    if not text.strip():
        raise QuerySyntaxError(text, 0, f"Empty text where {what} is wanted, such as P(Y=1 | do(X=1)).")
    if len(text) > MAX_LENGTH:
        raise QuerySyntaxError(
            text, MAX_LENGTH, f"{what} of {len(text):,} characters; at most {MAX_LENGTH:,} are read."
        )
    from ._lalr import run  # lark and the grammar cost a tenth of a second that questions in words do not need

    try:
        return run(start, text)
    except RecursionError:
        raise QuerySyntaxError(text, 0, "Nested too deep to read. Split it into parts.") from None
    except QuerySyntaxError as wrong:
        word = re.match(r"\w+", text[wrong.position :])
        hint = near(word.group(), known) if word else ""
        raise QuerySyntaxError(text, wrong.position, wrong.problem + hint) from None


# ---------------------------------------------------------------------------------------------------------------------
# Bounds that the grammar does not hold. Nothing here recurses or hashes: what came may still be of any depth.


def _check_contrast(text: str, query: Query) -> None:
    level: list[Query] = [query]
    for _ in range(MAX_DEPTH * 4):
        level = [part for q in level if isinstance(q, Contrast) for part in (q.left, q.right)]
        if not level:
            return
    raise QuerySyntaxError(text, 0, f"A contrast of more than {MAX_DEPTH * 4} parts. Split it.")


def _parts(query: Query) -> list[Expr]:
    """What is asked and given in every term."""
    found: list[Expr] = []
    stack: list[Query] = [query]
    while stack:
        part = stack.pop()
        if isinstance(part, Contrast):
            stack += [part.left, part.right]
        elif not isinstance(part, Number):
            found += term_parts(part)
    return found


def _check_parts(text: str, parts: Sequence[Expr]) -> None:
    if any(depth(part) > MAX_DEPTH for part in parts):
        raise QuerySyntaxError(text, 0, f"Nested deeper than {MAX_DEPTH} levels. Split it into parts.")
    if any(isinstance(node, Placeholder) and not node.name for part in parts for node in walk(part)):
        raise QuerySyntaxError(text, 0, NAMELESS)
