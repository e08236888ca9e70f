"""Text to syntax: queries, expressions (events, equations), with a caret in every error.

A thin layer: `query.lark` says what is accepted, the callbacks of `_grammar` build the values of `_syntax` and
`_query`. No text is ever evaluated.
"""

# lark types its parser, its errors and the classes that it decorates only in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

from lark import Lark, UnexpectedInput
from lark.exceptions import UnexpectedCharacters, VisitError

from ._errors import InvalidQuery, QuerySyntaxError, near
from ._grammar import NAMELESS, Build, Wrong
from ._query import Contrast, Number, Query, term_parts
from ._syntax import MAX_DEPTH, Expr, Placeholder, depth, walk

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


@lru_cache(maxsize=2)
def _parser(start: str) -> Lark:
    grammar = resources.files(__package__ or "scm").joinpath("query.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", start=start, transformer=Build(), maybe_placeholders=False)


def _read(start: str, text: str, what: str, known: Iterable[str]) -> Any:
    """What `text` says, or an error that suggests the nearest known name."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers outside the type checker
        raise InvalidQuery(f"{what} must be text, got {type(text).__name__}.")
    try:
        return _run(start, text, what)
    except RecursionError:
        raise QuerySyntaxError(text, 0, "Nested too deep to read. Split it into parts.") from None
    except QuerySyntaxError as wrong:
        word = re.match(r"\w+", text[wrong.position :])
        hint = near(word.group(), known) if word else ""
        raise QuerySyntaxError(text, wrong.position, wrong.problem + hint) from None


def _run(start: str, text: str, what: str) -> Any:
    if not text.strip():
        raise QuerySyntaxError(text, 0, f"Empty text where {what} is wanted, such as P(Y=1 | do(X=1)).")
    if len(text) > MAX_LENGTH:
        raise QuerySyntaxError(
            text, MAX_LENGTH, f"{what} of {len(text):,} characters; at most {MAX_LENGTH:,} are read."
        )
    try:
        return _parser(start).parse(text)
    except UnexpectedInput as wrong:
        raise _syntax_error(text, wrong) from None
    except (Wrong, InvalidQuery) as wrong:
        raise QuerySyntaxError(text, 0, str(wrong)) from None
    except VisitError as wrong:
        if isinstance(wrong.orig_exc, (Wrong, InvalidQuery)):
            raise QuerySyntaxError(text, 0, str(wrong.orig_exc)) from None
        raise


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


# ---------------------------------------------------------------------------------------------------------------------
# Errors

_READABLE = {
    "BAR": "|", "RPAR": ")", "RSQB": "]", "RBRACE": "}", "COMMA": ",", "NAME": "a name", "QUOTED": "a name",
    "NUMBER": "a number", "LABEL": "a 'label'", "PLACEHOLDER": "?", "EQUALS": "=", "COMPARE": "a comparison",
    "PROBABILITY": "P(", "EXPECTATION": "E[", "OPEN_WORLD": "[", "OPEN_SUBSCRIPT": "[", "DO": "do(", "LPAR": "(",
    "$END": "the end", "MINUS": "-", "PLUS": "+", "STAR": "*", "SLASH": "/", "__ANON_0": "->", "__ANON_1": ":=",
    "TILDE": "~", "COLON": ":", "LBRACE": "{", "TRUE": "True", "FALSE": "False", "FUNCTION": "min(",
    "_AND": "and", "_OR": "or", "_XOR": "xor", "_NOT": "not", "_IF": "if", "_ELSE": "else", "_IN": "in",
}  # fmt: skip


def _syntax_error(text: str, wrong: UnexpectedInput) -> QuerySyntaxError:
    raw: set[str] = set(
        getattr(wrong, "accepts", None) or getattr(wrong, "expected", None) or getattr(wrong, "allowed", None) or ()
    )
    expected = list(dict.fromkeys(_READABLE.get(name, name) for name in sorted(raw)))
    position = wrong.pos_in_stream
    if position is None or position < 0 or getattr(getattr(wrong, "token", None), "type", "") == "$END":
        position, got = len(text), "the text ends"
    elif isinstance(wrong, UnexpectedCharacters):
        got = f"{text[position]!r} cannot stand"
    else:
        got = f"{str(getattr(wrong, 'token', text[position]))!r} cannot stand"
    wanted = ", ".join(expected[:14]) or "something else"
    return QuerySyntaxError(text, position, f"Cannot read this: {got} here; expected {wanted}.")
