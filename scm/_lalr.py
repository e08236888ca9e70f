"""Lark's side of reading a query: the parser, and its errors with a caret."""

# lark types its parser, its errors and the classes that it decorates only in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any

from lark import Lark, UnexpectedInput
from lark.exceptions import UnexpectedCharacters, VisitError

from ._errors import InvalidQuery, QuerySyntaxError
from ._grammar import Build, Wrong


@lru_cache(maxsize=2)
def _parser(start: str) -> Lark:
    grammar = resources.files(__package__ or "scm").joinpath("query.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", start=start, transformer=Build(), maybe_placeholders=False)


def run(start: str, text: str) -> Any:
    """What `text` says, by the rule `start` of the grammar.

    Raises:
        QuerySyntaxError: the text is not in the grammar.
    """
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


_READABLE = {
    "BAR": "|", "RPAR": ")", "RSQB": "]", "RBRACE": "}", "COMMA": "a comma", "NAME": "a name", "QUOTED": "a name",
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
