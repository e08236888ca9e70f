"""Graphs in GML (Himsolt 1997), as networkx, igraph and yEd write it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5
from typing import TypeAlias

from .._document import shown
from .._graph import CausalGraph
from ._drawing import Attribute, Drawing

MAX_DEPTH = 20
"""How deep lists may be nested; a graph needs two."""

_SKIPPED = re.compile(r"(?:\s|^#[^\n]*)*+", re.MULTILINE)
_TOKEN = re.compile(
    r'(?P<key>[A-Za-z]\w*+)|(?P<number>[+-]?(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?)|"(?P<quoted>[^"]*+)"|(?P<mark>[\[\]])',
    re.ASCII,
)
_ENTITY = re.compile(r"&(#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{0,40});")


@dataclass(frozen=True, slots=True)
class _Pair:
    """A key and its value, and where the key stands."""

    key: str
    value: _Value
    at: int


_Value: TypeAlias = "int | str | list[_Pair]"


class _Pairs:
    """The pairs of a GML text, read from left to right."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing, self._text, self._at = drawing, drawing.text, 0

    def read(self, depth: int = 0) -> list[_Pair]:
        """The pairs up to the end of the list, or of the text at depth 0."""
        found: list[_Pair] = []
        while True:
            kind, text, at = self._next()
            if kind == "end" if depth == 0 else text == "]" and kind == "mark":
                return found
            if kind != "key":
                raise self._drawing.fault(at, f"got {_got(kind, text)}, wanted a key such as node, edge or label.")
            found.append(_Pair(text, self._value(depth), at))

    def _value(self, depth: int) -> _Value:
        kind, text, at = self._next()
        if kind == "quoted":
            return _ENTITY.sub(_character, text)
        if kind == "number":
            return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else text
        if kind == "mark" and text == "[":
            if depth == MAX_DEPTH:
                raise self._drawing.fault(at, f"lists are nested more than {MAX_DEPTH} deep.")
            return self.read(depth + 1)
        raise self._drawing.fault(at, f"got {_got(kind, text)}, wanted a number, a text in quotes, or '['.")

    def _next(self) -> tuple[str, str, int]:
        skipped = _SKIPPED.match(self._text, self._at)
        start = skipped.end() if skipped else self._at
        if start >= len(self._text):
            return "end", "", start
        found = _TOKEN.match(self._text, start)
        if not found:
            what = "a quote that is not closed" if self._text[start] == '"' else repr(self._text[start])
            raise self._drawing.fault(start, f"got {what}, wanted a key, a number, a text in quotes, or [ ].")
        self._at = found.end()
        kind = str(found.lastgroup)
        return kind, found[kind], start


def _character(entity: re.Match[str]) -> str:
    """The character that an entity stands for; what is none stays as it is."""
    name = entity[1]
    if not name.startswith("#"):
        return html5.get(f"{name};", entity[0])
    number = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    return chr(number) if number <= sys.maxunicode else entity[0]


def _got(kind: str, text: str) -> str:
    return "the end of the text" if kind == "end" else shown(text)


def read_gml(text: str) -> CausalGraph:
    """The graph of a GML text; a variable's name is its `label`, or else its `id`.

    Raises:
        InvalidFile: no GML text, with a caret at the place; undirected edges, or attributes that may have a meaning.
        InvalidGraph: a cycle, printed.
    """
    drawing = Drawing(text)
    top = _Pairs(drawing).read()
    graphs = [pair for pair in top if pair.key.lower() == "graph"]
    if len(graphs) != 1 or not isinstance(graphs[0].value, list):
        raise drawing.fault(0, f"got {len(graphs)} graphs, wanted one: graph [ directed 1 node [ ... ] edge [ ... ] ].")
    pairs = graphs[0].value
    if not any(pair.key.lower() == "directed" and pair.value == 1 for pair in pairs):
        raise drawing.fault(
            graphs[0].at, "the graph is undirected, which does not say what causes what. Wanted directed 1."
        )
    known = ("node", "edge", "directed", "multigraph")
    for found in _attributes(drawing, [pair for pair in pairs if pair.key.lower() not in known]):
        drawing.only_looks(found)
    names: dict[int | str, str] = {}
    for node in pairs:
        if node.key.lower() == "node":
            _node(drawing, node, names)
    for edge in pairs:
        if edge.key.lower() == "edge":
            _edge(drawing, edge, names)
    return drawing.graph()


def _node(drawing: Drawing, node: _Pair, names: dict[int | str, str]) -> None:
    inside = _inside(drawing, node)
    number = _only(drawing, node, inside, "id")
    label = next((pair for pair in inside if pair.key.lower() == "label"), None)
    name = str(number) if label is None else str(label.value)
    if number in names or name in drawing.variables:
        raise drawing.fault(
            node.at, f"the id {shown(number)} or the label {shown(name)} is there twice; each is of one node."
        )
    names[number] = name
    drawing.variable(name, node.at)
    rest = [pair for pair in inside if pair.key.lower() not in ("id", "label")]
    drawing.describe(name, _attributes(drawing, rest))


def _edge(drawing: Drawing, edge: _Pair, names: dict[int | str, str]) -> None:
    inside = _inside(drawing, edge)
    ends = [_only(drawing, edge, inside, key) for key in ("source", "target")]
    for end in ends:
        if end not in names:
            raise drawing.fault(edge.at, f"an end of this edge is {shown(end)}, which is no node's id.")
    rest = [pair for pair in inside if pair.key.lower() not in ("source", "target")]
    drawing.join(names[ends[0]], "->", names[ends[1]], list(_attributes(drawing, rest)), edge.at)


def _inside(drawing: Drawing, pair: _Pair) -> list[_Pair]:
    if not isinstance(pair.value, list):
        raise drawing.fault(pair.at, f"got {shown(pair.value)} for {pair.key!r}, wanted [ ... ].")
    return pair.value


def _only(drawing: Drawing, of: _Pair, inside: list[_Pair], key: str) -> int | str:
    """The one number or text that a node or an edge has under a key."""
    found = [pair.value for pair in inside if pair.key.lower() == key]
    if len(found) != 1 or isinstance(found[0], list):
        raise drawing.fault(of.at, f"this {of.key} has {len(found)} values for {key!r}, one number or text is wanted.")
    return found[0]


def _attributes(drawing: Drawing, pairs: list[_Pair]) -> Iterator[Attribute]:
    """Pairs as attributes; a list can only be a look."""
    for pair in pairs:
        found = Attribute(pair.key, None if isinstance(pair.value, list) else str(pair.value), pair.at)
        if isinstance(pair.value, list):
            drawing.only_looks(found)
        else:
            yield found
