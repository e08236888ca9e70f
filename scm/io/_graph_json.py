"""Graphs as versioned JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import cast

from .._document import as_list, as_name, check_keys, misfit
from .._errors import InvalidFile, caret
from .._graph import CausalGraph

FORMAT = "twinworld-graph"
VERSION = 1


def graph_json(graph: CausalGraph) -> str:
    """The graph as JSON text; `read_json` gives an equal one back."""
    rows = [
        f'"format": "{FORMAT}"',
        f'"version": {VERSION}',
        f'"variables": {_plain(graph.variables)}',
        f'"edges": {_plain(graph.edges)}',
        f'"confounded": {_plain(graph.confounded)}',
        f'"hidden": {_plain(graph.hidden)}',
    ]
    return "{\n  " + ",\n  ".join(rows) + "\n}\n"


def _plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def read_json(text: str) -> CausalGraph:
    """The graph of a JSON text: variables, and perhaps edges, confounded and hidden.

    Raises:
        InvalidFile: not JSON, with a caret at the place; a key that is not known, or an entry that is not what it
            should be, with its place.
        InvalidGraph: a cycle, printed; a variable declared twice.
        UnknownName: an edge with a name that is not a variable.
    """
    data = _load(text)
    if not isinstance(data, dict):
        raise misfit("the graph", data, "an object {...}")
    given = cast("dict[str, object]", data)
    if given.get("format", FORMAT) != FORMAT:
        raise misfit("format", given["format"], repr(FORMAT), "Is it a model? Then use read_model.")
    if given.get("version", VERSION) != VERSION:
        raise misfit("version", given["version"], str(VERSION))
    check_keys(given, "the graph", "variables", optional=("format", "version", "edges", "confounded", "hidden"))
    return CausalGraph(
        _names(given["variables"], "variables"),
        tuple(_pairs(given.get("edges", []), "edges")),
        tuple(_pairs(given.get("confounded", []), "confounded")),
        _names(given.get("hidden", []), "hidden"),
    )


def _load(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as wrong:
        raise InvalidFile(f"line {wrong.lineno}: not JSON: {wrong.msg}.\n{caret(text, wrong.pos)}") from None
    except RecursionError:
        raise InvalidFile("The text is nested too deep to read. Is it a graph?") from None
    except InvalidFile:
        raise
    except ValueError as wrong:  # an integer of thousands of digits
        raise InvalidFile(f"Not a graph: {str(wrong)[:120]}.") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    twice = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    if twice:
        raise InvalidFile(f"The key {twice[0][:40]!r} is there twice in one object.")
    return dict(pairs)


def _no_constant(name: str) -> object:
    raise InvalidFile(f"The text holds {name}; a graph has no such number.")


def _names(data: object, where: str) -> tuple[str, ...]:
    return tuple(as_name(name, f"{where}[{i}]") for i, name in enumerate(as_list(data, where)))


def _pairs(data: object, where: str) -> Iterable[tuple[str, str]]:
    for i, entry in enumerate(as_list(data, where)):
        ends = as_list(entry, f"{where}[{i}]")
        if len(ends) != 2:
            raise misfit(f"{where}[{i}]", entry, "a list of two names")
        yield as_name(ends[0], f"{where}[{i}][0]"), as_name(ends[1], f"{where}[{i}][1]")
