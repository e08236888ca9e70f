"""Graphs from files and texts, and as texts: one name for each format, recognised by what the text begins with."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from .._errors import InvalidFile, InvalidGraph, ScmError, listing, near
from .._graph import CausalGraph, check_graph
from ._drawing import Drawing
from ._graph_text import DOT, SKIPPED

GraphFormat: TypeAlias = Literal["dot", "dagitty", "gml", "json", "edges"]
"""How a graph is written down: Graphviz's DOT, dagitty's text, GML, Twinworld's JSON, or a list of edges."""

MAX_CHARACTERS = 5_000_000
"""Longest text of a graph that is read."""

_FORMATS: tuple[GraphFormat, ...] = ("dot", "dagitty", "gml", "json", "edges")
_EXTENSIONS: Mapping[str, GraphFormat] = MappingProxyType(
    {".dot": "dot", ".gv": "dot", ".gml": "gml", ".json": "json", ".dagitty": "dagitty"}
)
_BEGINNINGS: tuple[tuple[GraphFormat, str], ...] = (
    ("json", r'\{\s*("[^"]*"\s*:|\})'),
    ("gml", r"(graph\s*\[|(creator|version|directed)\s+[\"\d])"),
    ("dagitty", r'(dag|pdag|mag|pag|cpdag)\b\s*("[^"]*"|\w*)\s*\{'),
    ("dot", r'(strict\b\s*)?(di)?graph\b\s*("[^"]*"|\w*)\s*\{'),
)
_BARE = re.compile(r"[^\W\d]\w*\Z")


def read_graph(path: str | os.PathLike[str], *, format: GraphFormat | None = None) -> CausalGraph:
    """The graph in a file: DOT, dagitty, GML, Twinworld's JSON, or a list of edges; no code is run.

    Args:
        path: the file; a name that ends in `.gz` is unpacked.
        format: by default what the extension says (.dot, .gv, .gml, .json, .dagitty), or else what the text looks like.

    Raises:
        InvalidFile: no such file, another format, cut off, a cycle, or no graph; the message names the path and the
            line, and points at the character.
    """
    from ._read import decoded, file_bytes

    name = os.fspath(path)
    text = decoded(file_bytes(name), name)
    plain = name.lower().removesuffix(".gz")
    by_name = next((found for extension, found in _EXTENSIONS.items() if plain.endswith(extension)), None)
    try:
        return graph_from_text(text, format or by_name)
    except ScmError as wrong:
        raise InvalidFile(f"{name!r}: {wrong}") from None


def graph_from_text(text: str, format: str | None = None) -> CausalGraph:
    """The graph that a text says, such as `X -> Y <- Z, X <-> Y`.

    A hidden common cause is `X <-> Y` (in DOT and GML also dir=both), a hidden variable has the attribute latent,
    unobserved or hidden (or observed=no). Attributes that only say how it is drawn are passed over; one that may
    mean more is refused.

    Args:
        text: the graph.
        format: dot, dagitty, gml, json or edges; by default what the text looks like.

    Raises:
        InvalidFile: the text is no graph in that format; the message shows the place with a caret.
        InvalidGraph: the edges go round in a circle, which is printed; in JSON also a variable declared twice.
        UnknownName: in JSON, an edge with a name that is not a variable.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidFile(f"A graph is read from text, got {type(text).__name__}. For a file use read_graph.")
    if len(text) > MAX_CHARACTERS:
        raise InvalidFile(f"The text has {len(text):,} characters; a graph's text has at most {MAX_CHARACTERS:,}.")
    if not text.strip():
        raise InvalidFile("The text is empty; a graph is wanted, such as X -> Y <- Z, X <-> Y.")
    # Each reader costs a little to import, and most questions read no graph.
    match _looks_like(text) if format is None else _known(format):
        case "json":
            from ._graph_json import read_json as read
        case "gml":
            from ._gml import read_gml as read
        case "dot":
            from ._graph_text import read_dot as read
        case "dagitty":
            from ._graph_text import read_dagitty as read
        case "edges":
            from ._graph_text import read_edges as read
    graph = read(text)
    if not graph.variables:
        raise InvalidFile("The text names no variable; a graph is wanted, such as X -> Y <- Z, X <-> Y.")
    return graph


def graph_of(graph: CausalGraph | str) -> CausalGraph:
    """A graph, or the one that a text says.

    Raises:
        InvalidFile, InvalidGraph: see `graph_from_text`; something that is neither.
    """
    return check_graph(graph_from_text(graph) if isinstance(graph, str) else graph)


def _known(format: str) -> GraphFormat:
    for known in _FORMATS:
        if known == format.lower():
            return known
    raise InvalidFile(f"There is no format {format!r}; there are {listing(_FORMATS)}.{near(format, _FORMATS)}")


def _looks_like(text: str) -> GraphFormat:
    skipped = SKIPPED.match(text)
    at = skipped.end() if skipped else 0
    for format, beginning in _BEGINNINGS:
        if re.compile(beginning, re.IGNORECASE).match(text, at, at + 2000):
            return format
    return "edges"


def graph_to_text(graph: CausalGraph, format: GraphFormat = "edges") -> str:
    """A graph as text; `graph_from_text` gives an equal one back.

    Args:
        graph: what is written. An edge that it lists twice comes back once.
        format: dot, dagitty, gml, json or edges.

    Raises:
        InvalidFile: there is no such format.
        InvalidGraph: no variables, or a name that no text can hold: empty, or longer than 200 characters.
    """
    known = _known(format)
    if not check_graph(graph).variables:
        raise InvalidGraph("The graph has no variables; there is nothing to write.")
    check = Drawing("")
    for name in graph.variables:
        try:
            check.variable(name, 0)
        except InvalidFile:
            raise InvalidGraph(f"The name {name[:40]!r} is empty or too long to be written. Rename it.") from None
    match known:
        case "json":
            from ._graph_json import graph_json

            return graph_json(graph)
        case "gml":
            return _gml(graph)
        case "dot":
            return _dot(graph)
        case "dagitty":
            return _dagitty(graph)
        case "edges":
            return _edges(graph)


def _name(name: str) -> str:
    if _BARE.match(name) and name.lower() not in DOT.keywords:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _dot(graph: CausalGraph) -> str:
    hidden = set(graph.hidden)
    rows = [f"{_name(v)} [latent=true, style=dashed];" if v in hidden else f"{_name(v)};" for v in graph.variables]
    rows += [f"{_name(a)} -> {_name(b)};" for a, b in graph.edges]
    rows += [f"{_name(a)} -> {_name(b)} [dir=both, style=dashed];" for a, b in graph.confounded]
    return "digraph {\n" + "".join(f"  {row}\n" for row in rows) + "}\n"


def _arrows(graph: CausalGraph) -> list[str]:
    pairs = [f"{_name(a)} -> {_name(b)}" for a, b in graph.edges]
    return pairs + [f"{_name(a)} <-> {_name(b)}" for a, b in graph.confounded]


def _declared(graph: CausalGraph) -> list[str]:
    return [f"{_name(v)} [latent]" if v in set(graph.hidden) else _name(v) for v in graph.variables]


def _dagitty(graph: CausalGraph) -> str:
    return "\n".join(("dag {", *_declared(graph), *_arrows(graph), "}\n"))


def _edges(graph: CausalGraph) -> str:
    """Variables are declared only where the edges would not give the same ones in the same order."""
    mentioned = tuple(dict.fromkeys(name for pair in (*graph.edges, *graph.confounded) for name in pair))
    arrows = "\n".join(_arrows(graph))
    if mentioned == graph.variables and not graph.hidden:
        return arrows + "\n"
    return "\n".join(part for part in ("; ".join(_declared(graph)), arrows) if part) + "\n"


def _gml(graph: CausalGraph) -> str:
    place = {name: i for i, name in enumerate(graph.variables)}
    hidden = set(graph.hidden)
    rows = [
        f'node [ id {place[v]} label "{_entities(v)}"{" latent 1" if v in hidden else ""} ]' for v in graph.variables
    ]
    rows += [f"edge [ source {place[a]} target {place[b]} ]" for a, b in graph.edges]
    rows += [f'edge [ source {place[a]} target {place[b]} dir "both" ]' for a, b in graph.confounded]
    return "graph [\n  directed 1\n" + "".join(f"  {row}\n" for row in rows) + "]\n"


def _entities(name: str) -> str:
    """GML is ASCII, with the entities of HTML."""
    return html.escape(name, quote=True).encode("ascii", "xmlcharrefreplace").decode("ascii")
