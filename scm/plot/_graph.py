"""The causal graph, with what was set and what was seen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .._errors import InvalidQuery
from .._graph import CausalGraph
from .._model import Model
from .._syntax import Value
from ._ink import Kind, Values, canvas, label, valued
from ._layout import HEIGHT, Box, Point, arc, bend, layered
from ._style import SIZE, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PADDING = 0.26
"""What a box is wider than its text."""


def graph(
    of: Model | CausalGraph,
    *,
    do: Mapping[str, Value] | Iterable[str] | None = None,
    given: Mapping[str, Value] | Iterable[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a causal graph: causes at the left, a hidden common cause as a dashed arc with two heads.

    Args:
        of: the graph, or a model that has one.
        do: variables that are set, with their values or without: squares, and the edges into them cut.
        given: variables that are seen, with their values or without: shaded.
        title: above the graph.
        ax: where; by default a figure of its own, just large enough.

    Returns:
        The axes. One unit of them is one inch of the layout.

    Raises:
        UnknownName: `do` or `given` names no variable.
        MissingPackage: matplotlib is not installed.
    """
    found = graph_of(of)
    done, seen = valued(do, found.variables, "do"), valued(given, found.variables, "given")
    texts = {name: label(name, {**seen, **done}.get(name)) for name in found.variables}
    boxes = layered(found, box_widths(texts))
    bends = {pair: bend(*ends(*pair, boxes)) for pair in found.edges}
    dashed = arcs(found, boxes, curves(bends, boxes))
    drawn = canvas(ax, boxes.values(), curves(bends, boxes) + curves(dashed, boxes), above=0.42 if title else 0.0)
    patches = {name: drawn.box(boxes[name], texts[name], kind_of(name, found, done, seen)) for name in found.variables}
    for both_ways, pair, rad in (*((False, *b) for b in bends.items()), *((True, *b) for b in dashed.items())):
        start, end, _ = ends(*pair, boxes)
        both = (patches[pair[0]], patches[pair[1]])
        if pair[1] in done or (both_ways and pair[0] in done):
            drawn.cut(start, end, rad, both, [boxes[name] for name in pair])
        elif both_ways:
            drawn.arrow(start, end, rad, both, arrowstyle="<|-|>", linestyle=(0, (3, 2)))
        else:
            drawn.arrow(start, end, rad, both)
    if title:
        left, top = drawn.ax.get_xlim()[0], drawn.ax.get_ylim()[1]
        drawn.text(Point(left + 0.18, top - 0.24), title, ha="left", fontsize=SIZE + 1.5)
    return drawn.ax


def graph_of(of: Model | CausalGraph) -> CausalGraph:
    """A model's graph, or the graph itself.

    Raises:
        InvalidQuery: it is neither.
    """
    if isinstance(of, Model):
        return of.graph
    if isinstance(of, CausalGraph):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        return of
    raise InvalidQuery(
        f"A Model or a CausalGraph is drawn, got {type(of).__name__}. graph_from_text reads the text of a graph."
    )


def box_widths(texts: Mapping[str, str]) -> dict[str, float]:
    """Wide enough for the texts."""
    return {name: max(width_of(text) + _PADDING, 0.46) for name, text in texts.items()}


def kind_of(name: str, graph: CausalGraph, done: Values, seen: Values) -> Kind:
    """How a variable's box looks."""
    return "set" if name in done else "seen" if name in seen else "hidden" if name in graph.hidden else "plain"


def ends(one: str, other: str, boxes: Mapping[str, Box]) -> tuple[Point, Point, list[Box]]:
    """The centres that an edge joins, and the boxes that it should pass by."""
    a, b = boxes[one], boxes[other]
    return Point(a.x, a.y), Point(b.x, b.y), [box for name, box in boxes.items() if name not in (one, other)]


def arcs(graph: CausalGraph, boxes: Mapping[str, Box], taken: list[Point]) -> dict[tuple[str, str], float]:
    """How far each bidirected edge bends: out from behind the boxes that it joins, and away from other curves."""
    out: dict[tuple[str, str], float] = {}
    for pair in graph.confounded:
        start, end, rest = ends(*pair, boxes)
        rest += [Box(p.x, p.y, 0.0, 0.0) for p in taken]
        out[pair] = bend(start, end, rest, least=max(0.3, 2 * HEIGHT / math.dist(start, end)))
        taken += arc(start, end, out[pair], 9)[2:-2]
    return out


def curves(bends: Mapping[tuple[str, str], float], boxes: Mapping[str, Box]) -> list[Point]:
    """Points along edges, for which there must be room."""
    out: list[Point] = []
    for (one, other), rad in bends.items():
        start, end, _ = ends(one, other, boxes)
        out += arc(start, end, rad, 9) if rad else []
    return out
