"""Where the variables of a graph stand: in layers from cause to effect, with few crossings (Sugiyama et al. 1981).

Everything is in inches. Nothing here draws.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .._graph import CausalGraph

GAP = 0.62
"""Between the layers, from box to box."""
ROW = 0.78
"""Between two variables of a layer, from centre to centre."""
HEIGHT = 0.36
"""Of a box."""
CLEAR = 0.10
"""What an edge keeps from a box that it passes."""


class Point(NamedTuple):
    """A place."""

    x: float
    y: float


class Box(NamedTuple):
    """A variable's box: its centre and size."""

    x: float
    y: float
    width: float
    height: float

    def distance(self, at: Point) -> float:
        """From the box to a point; zero inside."""
        return math.hypot(max(abs(at.x - self.x) - self.width / 2, 0.0), max(abs(at.y - self.y) - self.height / 2, 0.0))


def layered(graph: CausalGraph, widths: Mapping[str, float]) -> dict[str, Box]:
    """A box for each variable, causes at the left.

    Args:
        graph: its variables and edges.
        widths: of the boxes.
    """
    layer = _layers(graph)
    columns, neighbours = _columns(graph, layer)
    _reorder(columns, neighbours)
    heights = _heights(columns, neighbours)
    out: dict[str, Box] = {}
    left = 0.0
    for column in columns:
        names = [n for n in column if isinstance(n, str)]
        widest = max((widths[n] for n in names), default=0.3)
        out |= {n: Box(left + widest / 2, heights[n], widths[n], HEIGHT) for n in names}
        left += widest + GAP
    return {name: out[name] for name in graph.variables}


_Node = str | tuple[str, str, int]
"""A variable, or where an edge passes a layer."""


def _layers(graph: CausalGraph) -> dict[str, int]:
    """One after the last cause; a variable without causes, one before its first effect."""
    layer: dict[str, int] = {}
    for name in graph.order:
        layer[name] = max((layer[p] + 1 for p in graph.parents[name]), default=0)
    effects: dict[str, list[str]] = {}
    for cause, effect in graph.edges:
        effects.setdefault(cause, []).append(effect)
    for name in graph.variables:
        if not graph.parents[name] and name in effects:
            layer[name] = min(layer[e] for e in effects[name]) - 1
    return layer


def _columns(graph: CausalGraph, layer: Mapping[str, int]) -> tuple[list[list[_Node]], dict[_Node, list[_Node]]]:
    columns: list[list[_Node]] = [[] for _ in range(max(layer.values()) + 1)]
    neighbours: dict[_Node, list[_Node]] = {name: [] for name in graph.variables}
    for name in graph.variables:
        columns[layer[name]].append(name)
    for cause, effect in graph.edges:
        path: list[_Node] = [cause]
        for at in range(layer[cause] + 1, layer[effect]):
            path.append((cause, effect, at))
            columns[at].append(path[-1])
        path.append(effect)
        for one, other in itertools.pairwise(path):
            neighbours.setdefault(one, []).append(other)
            neighbours.setdefault(other, []).append(one)
    return columns, neighbours


def _reorder(columns: list[list[_Node]], neighbours: Mapping[_Node, Sequence[_Node]]) -> None:
    """Order each layer by the mean place of its neighbours, keeping the order with the fewest crossings."""
    best, fewest = [list(c) for c in columns], _crossings(columns, neighbours)
    for sweep in range(12):
        place = {n: i - len(c) / 2 for c in columns for i, n in enumerate(c)}
        for column in columns if sweep % 2 else columns[::-1]:
            own = {n: [place[m] for m in neighbours[n]] for n in column}
            means = {n: sum(ps) / len(ps) if (ps := own[n]) else place[n] for n in column}
            column.sort(key=means.__getitem__)
            place |= {n: i - len(column) / 2 for i, n in enumerate(column)}
        if (found := _crossings(columns, neighbours)) < fewest:
            best, fewest = [list(c) for c in columns], found
    columns[:] = best


def _crossings(columns: Sequence[Sequence[_Node]], neighbours: Mapping[_Node, Sequence[_Node]]) -> int:
    count = 0
    for left, right in itertools.pairwise(columns):
        place = {n: i for i, n in enumerate(right)}
        ends = [sorted(place[m] for m in neighbours[n] if m in place) for n in left]
        count += sum(a > b for i, one in enumerate(ends) for other in ends[i + 1 :] for a in one for b in other)
    return count


def _heights(columns: Sequence[Sequence[_Node]], neighbours: Mapping[_Node, Sequence[_Node]]) -> dict[_Node, float]:
    """Near the mean of the neighbours, with a row between two of a layer."""
    height = {n: (len(c) - 1) / 2 - i for c in columns for i, n in enumerate(c)}
    for sweep in range(24):
        for column in columns if sweep % 2 else columns[::-1]:
            if not column:
                continue
            wanted = [sum(height[m] for m in neighbours[n]) / len(neighbours[n]) if neighbours[n] else height[n]
                      for n in column]  # fmt: skip
            height |= dict(zip(column, apart(wanted), strict=True))
    named = [h for n, h in height.items() if isinstance(n, str)]
    middle = (max(named) + min(named)) / 2
    return {n: (h - middle) * ROW for n, h in height.items()}


def apart(wanted: Sequence[float]) -> list[float]:
    """The heights nearest to `wanted` that fall by one at least from each to the next (pooled violators)."""
    pools: list[tuple[float, int]] = []
    for i, want in enumerate(wanted):
        mean, count = want + i, 1
        while pools and pools[-1][0] < mean:
            before, many = pools.pop()
            mean, count = (before * many + mean * count) / (many + count), many + count
        pools.append((mean, count))
    level = [mean for mean, count in pools for _ in range(count)]
    return [height - i for i, height in enumerate(level)]


# ---------------------------------------------------------------------------------------------------------------------
# How an edge bends


def bend(start: Point, end: Point, others: Iterable[Box], least: float = 0.0) -> float:
    """How far an edge bends so that it passes no box, as matplotlib's `arc3,rad=`: zero if it can be straight.

    Args:
        start: the centre that it leaves.
        end: the centre that it goes to.
        others: the boxes in its way.
        least: it bends at least so far, to either side.
    """
    boxes = list(others)
    sizes = [s for s in (0.0, 0.12, 0.2, 0.28, 0.36, 0.46, 0.58, 0.72, 0.9, 1.2, 1.6) if s >= least] or [least]

    def cost(rad: float) -> tuple[float, float]:
        path = arc(start, end, rad)
        # To hide behind a box is worse than to cross another curve, of which points stand among the boxes.
        near = sum((9 if b.width else 1) * max(0.0, CLEAR - min(b.distance(p) for p in path)) for b in boxes)
        return round(near, 3), abs(rad)

    return min((sign * size for size in sizes for sign in (1, -1)), key=cost)


def arc(start: Point, end: Point, rad: float, points: int = 33) -> list[Point]:
    """Points along an edge that bends: a quadratic Bézier curve."""
    dx, dy = end.x - start.x, end.y - start.y
    middle = Point((start.x + end.x) / 2 + rad * dy, (start.y + end.y) / 2 - rad * dx)
    out: list[Point] = []
    for i in range(points):
        t = i / (points - 1)
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
        out.append(Point(a * start.x + b * middle.x + c * end.x, a * start.y + b * middle.y + c * end.y))
    return out
