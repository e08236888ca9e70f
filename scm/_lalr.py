"""Lark's side of reading a query: the parser, and its errors with a caret."""

# lark types its parser, its errors and the classes that it decorates only in part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from lark import Lark, UnexpectedInput
from lark import __version__ as lark_release
from lark.exceptions import UnexpectedCharacters, VisitError

from ._errors import InvalidQuery, QuerySyntaxError
from ._grammar import Build, Wrong
from ._syntax import FUNCTIONS

STARTS = ("query", "expr")
"""Rules of the grammar that a text may be read by."""
TABLES = "query.tables.json"
"""The parser's tables ready-made, for the release of lark that made them: working them out takes as long as importing
the rest. `make tables` writes them."""


def grammar_text() -> str:
    """The grammar of queries and expressions."""
    return resources.files(__package__ or "scm").joinpath("query.lark").read_text(encoding="utf-8")


def made_for(grammar: str) -> str:
    """What ready-made tables must have been made from."""
    return f"lark {lark_release} {hashlib.sha256(grammar.encode()).hexdigest()}"


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = grammar_text()
    kept = resources.files(__package__ or "scm").joinpath(TABLES)
    # JSON has no whole numbers as keys, and lark's tables have nothing else that looks like one.
    tables = json.loads(kept.read_text(encoding="utf-8"), object_hook=_numbered) if kept.is_file() else {}
    load: Any = getattr(Lark, "_load_from_dict", None)
    if load is not None and tables.get("made_for") == made_for(grammar):
        return load(tables["data"], tables["memo"], transformer=Build())
    return built(grammar, Build())


def built(grammar: str, transformer: Any) -> Lark:
    """The parser, its tables worked out from the grammar."""
    return Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        start=list(STARTS),
        transformer=transformer,
        maybe_placeholders=False,
    )


def _numbered(table: dict[str, Any]) -> dict[Any, Any]:
    return {int(key) if key.isdecimal() else key: value for key, value in table.items()}


def write_tables(path: Path) -> None:
    """Write the parser's tables for the release of lark that is installed."""
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    grammar = grammar_text()
    data, memo = built(grammar, None).memo_serialize([TerminalDef, Rule])
    path.write_text(json.dumps({"made_for": made_for(grammar), "data": data, "memo": memo}, separators=(",", ":")))


def run(start: str, text: str) -> Any:
    """What `text` says, by the rule `start` of the grammar.

    Raises:
        QuerySyntaxError: the text is not in the grammar.
    """
    try:
        return _parser().parse(text, start)
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
    "TILDE": "~", "COLON": ":", "LBRACE": "{", "TRUE": "True", "FALSE": "False", "FUNCTION": "min(", "POWER": "**",
    "_AND": "and", "_OR": "or", "_XOR": "xor", "_NOT": "not", "_IF": "if", "_ELSE": "else", "_IN": "in",
}  # fmt: skip


_COMPARED = re.compile(r"(==|!=|<=|>=|:=|[=<>≤≥≠|,])\s*\Z")
_CALLED = re.compile(r"(?<!\w)([^\W\d]\w*)\s*\Z")
_CLOSING = {"RPAR": ")", "RSQB": "]", "RBRACE": "}"}


def _missing(text: str, position: int, wanted: set[str]) -> str:
    """What is wrong or left out at `position`, where the text itself tells; '' where it does not."""
    here = text[position : position + 1]
    if here == "(" and (called := _CALLED.search(text, 0, position)):
        return f"{called[1]!r} is no function; the functions are {', '.join(sorted((*FUNCTIONS, 'abs', 'min', 'max')))}"
    if here not in ("", ")", "]", "}", "|", ","):
        return ""
    closing = sorted(_CLOSING[name] for name in wanted & set(_CLOSING))
    if len(closing) == 1 and here not in ("|", ","):
        return f"the closing {closing[0]!r} is missing" + (f" before {here!r}" if here else " at the end")
    before = _COMPARED.search(text, 0, position)
    if before is None:
        return ""
    what = {"|": "a condition", ",": "what comes next", ":=": "an expression"}.get(before[1], "a value")
    return f"{what} is missing after {before[1]!r}"


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
    if known := _missing(text, position, raw):
        return QuerySyntaxError(text, position, f"Cannot read this: {known}.")
    wanted = ", ".join(expected[:14]) or "something else"
    return QuerySyntaxError(text, position, f"Cannot read this: {got} here; expected {wanted}.")
