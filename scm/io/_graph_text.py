"""Graphs in texts of arrows: Graphviz's DOT, dagitty's, and plain lists such as `X -> Y <- Z, X <-> Y`.

One reader for the three: they differ in what stands around the statements and between them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

from .._document import shown
from .._errors import InvalidFile
from .._graph import CausalGraph
from ._drawing import Attribute, Drawing

MAX_DEPTH = 50
"""How deep groups may be nested."""

# What is possessive gives nothing back, so that no text takes longer than its length to look through.
SKIPPED = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/|#[^\n]*)*+", re.DOTALL)
_QUOTED = r'"(?P<quoted>(?:[^"\\]|\\.)*+)"'
_TOKEN = re.compile(
    _QUOTED + r"|(?P<arrow><?-{1,3}>?|[←→↔⟵⟶⟷])|(?P<name>\w++(?:\.\w++)*+)|(?P<mark>[{}\[\];,=])", re.DOTALL
)
_RAW = re.compile(_QUOTED + r'|(?P<raw>[^\s,;\[\]"]++)', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
_ARROWS = {"←": "<-", "⟵": "<-", "→": "->", "⟶": "->", "↔": "<->", "⟷": "<->"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What sets one format apart.

    Attributes:
        separators: what may stand between statements, beside spaces.
        apart: whether something must: a separator or a new line.
        keywords: names that are none unless they stand in quotes.
    """

    separators: str
    apart: bool = False
    keywords: frozenset[str] = frozenset()


DOT = Dialect(";", keywords=frozenset(("graph", "digraph", "subgraph", "node", "edge", "strict")))
DAGITTY = Dialect(";")
EDGES = Dialect(",;", apart=True)


@dataclass(frozen=True, slots=True)
class _Token:
    """`kind` is name, quoted, arrow, mark or end; `fresh`: first on its line."""

    kind: str
    text: str
    at: int
    fresh: bool = False

    def is_(self, mark: str) -> bool:
        """Whether it is this punctuation."""
        return self.kind == "mark" and self.text == mark

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words, unquoted and in any case."""
        return self.kind == "name" and self.text.lower() in words


class _Tokens:
    """The token in front, and those behind it as they are wanted."""

    def __init__(self, drawing: Drawing) -> None:
        self.drawing, self._text = drawing, drawing.text
        self._at = 0
        self._read: _Token | None = None

    @property
    def now(self) -> _Token:
        """The token in front. It is read when it is looked at: what is a value has rules of its own."""
        if self._read is None:
            self._read = self._next()
        return self._read

    def take(self) -> _Token:
        """The token in front; the next one comes to the front."""
        taken, self._read = self.now, None
        return taken

    def expect(self, mark: str) -> None:
        """Take this punctuation."""
        if not self.now.is_(mark):
            raise self.fault(repr(mark))
        self.take()

    def value(self) -> str:
        """What stands in front up to a space, a comma, a semicolon or a bracket, or in quotes."""
        skipped = SKIPPED.match(self._text, self._at)
        found = _RAW.match(self._text, skipped.end() if skipped else self._at)
        if not found:
            raise self.fault("the value of an attribute")
        self._at = found.end()
        return found["raw"] if found["quoted"] is None else _unescaped(found["quoted"])

    def fault(self, wanted: str, hint: str = "") -> InvalidFile:
        """The error of the token in front."""
        got = "the end of the text" if self.now.kind == "end" else shown(self.now.text)
        return self.drawing.fault(self.now.at, f"got {got}, wanted {wanted}.{hint}")

    def _next(self) -> _Token:
        skipped = SKIPPED.match(self._text, self._at)
        start = skipped.end() if skipped else self._at
        fresh = "\n" in self._text[self._at : start]
        if start >= len(self._text):
            return _Token("end", "", start, fresh)
        found = _TOKEN.match(self._text, start)
        if not found:
            what = "a quote that is not closed" if self._text[start] == '"' else repr(self._text[start])
            raise self.drawing.fault(start, f"got {what}, wanted a name, an arrow, or {{ }} [ ] ; ,")
        self._at = found.end()
        kind = str(found.lastgroup)
        text = found[kind]
        if kind == "quoted":
            text = _unescaped(text)
        elif kind == "arrow":
            text = self._arrow(text, start)
        return _Token(kind, text, start, fresh)

    def _arrow(self, text: str, at: int) -> str:
        plain = _ARROWS.get(text) or ("--" if set(text) == {"-"} and len(text) > 1 else re.sub("-+", "-", text))
        if plain not in ("->", "<-", "<->", "--"):
            raise self.drawing.fault(at, f"got {text!r}, wanted an arrow: ->, <- or <->.")
        return plain


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def read_dot(text: str) -> CausalGraph:
    """The graph of a DOT text.

    Raises:
        InvalidFile: no DOT text, with a caret at the place; undirected edges, or attributes that may have a meaning.
        InvalidGraph: a cycle, printed.
    """
    tokens = _Tokens(Drawing(text))
    if tokens.now.is_word("strict"):
        tokens.take()
    if tokens.now.is_word("graph"):
        raise tokens.fault("'digraph'", " An undirected graph does not say what causes what.")
    return _braced(tokens, "digraph", DOT)


def read_dagitty(text: str) -> CausalGraph:
    """The graph of a dagitty text (Textor et al. 2016): `dag { X [exposure] U [latent] X -> Y X <-> Y }`.

    Positions and the roles exposure, outcome and adjusted are passed over: they are no part of a graph.

    Raises:
        InvalidFile: as `read_dot`; a graph of another type than dag.
        InvalidGraph: a cycle, printed.
    """
    tokens = _Tokens(Drawing(text))
    if tokens.now.is_word("pdag", "mag", "pag", "cpdag", "graph"):
        raise tokens.fault("'dag'", " Graphs of other types leave open what causes what.")
    return _braced(tokens, "dag", DAGITTY)


def read_edges(text: str) -> CausalGraph:
    """The graph of a list of edges: `X -> Y <- Z, X <-> Y`.

    Statements stand on lines of their own or between commas or semicolons. Names of several words stand in quotes, `{A
    B} -> C` is two edges, `U [latent]` is a hidden variable, a name alone a variable without edges.

    Raises:
        InvalidFile: as `read_dot`.
        InvalidGraph: a cycle, printed.
    """
    drawing = Drawing(text)
    tokens = _Tokens(drawing)
    _Body(tokens, EDGES).statements("", 0, _Defaults())
    return drawing.graph()


def _braced(tokens: _Tokens, keyword: str, dialect: Dialect) -> CausalGraph:
    if not tokens.now.is_word(keyword):
        raise tokens.fault(f"{keyword!r}")
    tokens.take()
    if tokens.now.kind in ("name", "quoted"):
        tokens.take()
    tokens.expect("{")
    _Body(tokens, dialect).statements("}", 0, _Defaults())
    tokens.expect("}")
    if tokens.now.kind != "end":
        raise tokens.fault("the end of the text", " One graph is read from one text.")
    return tokens.drawing.graph()


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What `node [...]` and `edge [...]` say of all that follow in a group."""

    node: tuple[Attribute, ...] = ()
    edge: tuple[Attribute, ...] = ()


def _latest(before: tuple[Attribute, ...], after: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
    """Each key once, as it was said last."""
    return tuple({attribute.key.lower(): attribute for attribute in (*before, *after)}.values())


class _Said(NamedTuple):
    """Whether a statement was an edge or a name alone, None where it was neither, and where it began."""

    edge: bool | None
    at: int


class _Body:
    """The statements of a graph."""

    def __init__(self, tokens: _Tokens, dialect: Dialect) -> None:
        self._tokens, self._drawing, self._dialect = tokens, tokens.drawing, dialect

    def statements(self, closing: str, depth: int, defaults: _Defaults) -> dict[str, None]:
        """Every statement up to `closing`, which is left in front; the names that they mention."""
        tokens, names = self._tokens, dict[str, None]()
        before, comma = _Said(None, 0), False
        while not (tokens.now.is_(closing) or tokens.now.kind == "end"):
            start = tokens.now
            if self._is_separator(start):
                tokens.take()
                comma = start.text == "," and not tokens.now.fresh
                continue
            defaults, edge = self._statement(depth, defaults, names)
            if comma and None not in (edge, before.edge) and edge != before.edge:
                raise self._drawing.fault(
                    before.at if edge else start.at,
                    "a name alone and an edge with a comma between them: the name may be meant as one more end of the "
                    "arrow. Write X -> {Y Z}, or a semicolon instead of the comma.",
                )
            before, comma = _Said(edge, start.at), False
            if not closing:
                self._check_apart()
        return names

    def _is_separator(self, token: _Token) -> bool:
        return token.kind == "mark" and token.text in self._dialect.separators

    def _check_apart(self) -> None:
        now = self._tokens.now
        if self._dialect.apart and not (now.kind == "end" or now.fresh or self._is_separator(now)):
            raise self._tokens.fault("an arrow, a comma or a new line", " A name of several words stands in quotes.")

    def _statement(self, depth: int, defaults: _Defaults, names: dict[str, None]) -> tuple[_Defaults, bool | None]:
        """One statement: the defaults after it, and whether it was an edge or a name alone (None where neither)."""
        tokens, start = self._tokens, self._tokens.now
        if start.is_word("node", "edge", "graph") and start.text.lower() in self._dialect.keywords:
            tokens.take()
            return self._new_defaults(start.text.lower(), defaults), None
        left = self._operand(depth, defaults)
        if not self._dialect.apart and tokens.now.is_("="):
            tokens.take()
            tokens.value()
            self._drawing.only_looks(Attribute(start.text, None, start.at))
            return defaults, None
        links: list[tuple[dict[str, None], _Token, dict[str, None]]] = []
        names |= left
        while tokens.now.kind == "arrow":
            arrow = tokens.take()
            right = self._operand(depth, defaults)
            links.append((left, arrow, right))
            names |= right
            left = right
        attributes = self._attributes()
        both = _latest(defaults.edge, attributes)
        for first, arrow, second in links:
            for a, b in product(first, second):
                self._drawing.join(a, arrow.text, b, both, arrow.at)
        for name in () if links else left:
            self._drawing.describe(name, attributes)
        return defaults, None if attributes and not links else bool(links)

    def _new_defaults(self, of: str, defaults: _Defaults) -> _Defaults:
        if not self._tokens.now.is_("["):
            raise self._tokens.fault("'['", f" {of!r} is a keyword; as a variable's name it stands in quotes.")
        found = self._attributes()
        if of == "node":
            return replace(defaults, node=_latest(defaults.node, found))
        if of == "edge":
            return replace(defaults, edge=_latest(defaults.edge, found))
        for attribute in found:
            self._drawing.only_looks(attribute)
        return defaults

    def _operand(self, depth: int, defaults: _Defaults) -> dict[str, None]:
        """A name, or a group of names."""
        tokens = self._tokens
        if tokens.now.is_word("subgraph") and "subgraph" in self._dialect.keywords:
            tokens.take()
            if tokens.now.kind in ("name", "quoted"):
                tokens.take()
        if tokens.now.is_("{"):
            if depth == MAX_DEPTH:
                raise tokens.fault("fewer groups inside each other", f" At most {MAX_DEPTH} are read.")
            tokens.take()
            names = self.statements("}", depth + 1, defaults)
            tokens.expect("}")
            return names
        if tokens.now.kind not in ("name", "quoted") or tokens.now.is_word(*self._dialect.keywords):
            raise tokens.fault("a variable's name")
        token = tokens.take()
        if not self._dialect.apart and tokens.now.is_("="):  # of the drawing, no variable
            return {}
        new = token.text not in self._drawing.variables
        self._drawing.variable(token.text, token.at)
        if new:
            self._drawing.describe(token.text, defaults.node)
        return {token.text: None}

    def _attributes(self) -> tuple[Attribute, ...]:
        """The attributes in front: `[latent, pos="0,1"]`."""
        tokens, found = self._tokens, list[Attribute]()
        while tokens.now.is_("["):
            tokens.take()
            while not tokens.now.is_("]"):
                if tokens.now.is_(",") or tokens.now.is_(";"):
                    tokens.take()
                    continue
                if tokens.now.kind not in ("name", "quoted"):
                    raise tokens.fault("an attribute or ']'")
                key, value = tokens.take(), None
                if tokens.now.is_("="):
                    tokens.take()
                    value = tokens.value()
                found.append(Attribute(key.text, value, key.at))
            tokens.take()
        return tuple(found)
