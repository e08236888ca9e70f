"""Two worlds that share their noises: the twin network (Balke and Pearl 1994)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from .._graph import CausalGraph
from .._model import Model
from .._syntax import Value
from ._graph import box_widths, ends, graph_of, kind_of
from ._ink import Canvas, Kind, canvas, label, valued
from ._layout import HEIGHT, Box, Point, arc, bend, layered
from ._style import COUNTERFACTUAL, FACTUAL, LINE, SIZE, shown, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 0.82
_DOT = 0.11
"""The width of a noise."""
_TIE = 0.35
"""How far the line between two noises bends."""


def worlds(
    of: Model | CausalGraph,
    *,
    do: Mapping[str, Value] | Iterable[str],
    given: Mapping[str, Value] | Iterable[str] | None = None,
    titles: tuple[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the world as it was and the world that is imagined, side by side, with the noises that they share.

    Each variable has a row of its own, causes at the top. What is set in the imagined world is a square, cut from its
    causes and its noise; what was seen in the world as it was is shaded. A dashed line joins noises that depend on one
    another.

    Args:
        of: a model, or a graph, whose variables then have one noise each and one more for each hidden common cause.
        do: what is set in the imagined world, with values or without.
        given: what was seen, with values or without.
        titles: of the two worlds; by default they say what was set.
        ax: where; by default a figure of its own, just large enough.

    Returns:
        The axes. One unit of them is one inch of the layout.

    Raises:
        UnknownName: `do` or `given` names no variable.
        MissingPackage: matplotlib is not installed.
    """
    found = graph_of(of)
    done, seen = valued(do, found.variables, "do"), valued(given, found.variables, "given")
    left = {name: label(name, seen.get(name)) for name in found.variables}
    right = {name: label(name, done.get(name)) for name in found.variables}
    widths = box_widths({n: max(left[n], right[n], key=width_of) for n in found.variables})
    noises = noises_of(of)
    ties = [t for b in of.continuous_noises for t in b.dependent] if isinstance(of, Model) else []
    ties = [(one, other) for one, other in ties if one in noises and other in noises]
    boxes = _places(found, widths, noises)
    heads = titles or ("as it was", "had " + ", ".join(_had(n, v) for n, v in done.items()) if done else "the same")
    sides = (
        _Side("<", left, {n: kind_of(n, found, {}, seen) for n in left}, heads[0], FACTUAL),
        _Side(">", right, {n: kind_of(n, found, done, {}) for n in right}, heads[1], COUNTERFACTUAL),
    )
    lines = {side.sign: _lines(found, boxes, side.sign, noises) for side in sides}
    room = [p for side in sides for line in lines[side.sign] for p in arc(line.start, line.end, line.rad, 9)]
    room += [p for side in sides for p in _around(side, boxes)]
    drawn = canvas(ax, boxes.values(), room, above=0.42)
    for side in sides:
        _draw(drawn, boxes, side, lines[side.sign])
        drawn.text(Point(_middle(side, boxes), drawn.ax.get_ylim()[1] - 0.24), side.head, color=side.colour,
                   weight="bold", fontsize=SIZE + 0.5)  # fmt: skip
    for noise in noises:
        drawn.dot(boxes["u", noise], noise)
    for one, other in ties:
        a, b = boxes["u", one], boxes["u", other]
        drawn.arrow(Point(a.x, a.y), Point(b.x, b.y), _TIE, (None, None), arrowstyle="-", linestyle=(0, (3, 2)))
    return drawn.ax


class _Side(NamedTuple):
    """One of the two worlds."""

    sign: str
    texts: Mapping[str, str]
    kinds: Mapping[str, Kind]
    head: str
    colour: str


class _Line(NamedTuple):
    """From a cause, or from a noise, to an effect."""

    cause: str | None
    effect: str
    start: Point
    end: Point
    rad: float


def _had(name: str, value: Value | None) -> str:
    return f"{name} been {'set' if value is None else shown(value)}"


def _middle(side: _Side, boxes: _Places) -> float:
    column = [boxes[side.sign, name].x for name in side.texts]
    return (min(column) + max(column)) / 2


def _around(side: _Side, boxes: _Places) -> list[Point]:
    """The ends of a heading."""
    half, y = width_of(side.head, SIZE + 0.5, bold=True) / 2, max(box.y for box in boxes.values())
    return [Point(_middle(side, boxes) - half, y), Point(_middle(side, boxes) + half, y)]


def noises_of(of: Model | CausalGraph) -> dict[str, tuple[str, ...]]:
    """Each noise with the variables that read it; those that a table or a graph leaves unnamed too."""
    if isinstance(of, CausalGraph):
        own: dict[str, tuple[str, ...]] = {f"u_{name}": (name,) for name in of.variables}
        many = len(of.confounded) > 1
        return own | {f"U{i + 1 if many else ''}": pair for i, pair in enumerate(of.confounded)}
    out: dict[str, tuple[str, ...]] = {}
    for v in of.variables:
        if v.name in of.columnar:
            read = of.columnar[v.name].noises
        else:
            inputs = of.mechanisms[v.name].inputs
            tabled = v.table is not None or v.counts is not None
            read = (*(n for n in inputs if n in of.noises), *((f"u_{v.name}",) if tabled else ()))
        for noise in read:
            out[noise] = (*out.get(noise, ()), v.name)
    return out


_Places = dict[tuple[str, str], Box]
"""Of `("<", variable)`, `(">", variable)` and `("u", noise)`."""


def _places(graph: CausalGraph, widths: Mapping[str, float], noises: Mapping[str, tuple[str, ...]]) -> _Places:
    layers = layered(graph, dict.fromkeys(widths, 0.5))
    order = sorted(graph.order, key=lambda n: (layers[n].x, -layers[n].y))
    row = {name: -_ROW * i for i, name in enumerate(order)}
    shift = {name: 0.95 * layers[name].y for name in order}
    widest = max(width_of(noise, SIZE - 1) for noise in (*noises, "u"))
    inner = max(widths[n] / 2 + shift[n] for n in order) + 0.75 + widest / 2
    out: _Places = {}
    for name in order:
        out["<", name] = Box(-inner + shift[name], row[name], widths[name], HEIGHT)
        out[">", name] = Box(inner - shift[name], row[name], widths[name], HEIGHT)
    taken: list[float] = []
    for noise, readers in sorted(noises.items(), key=lambda item: len(item[1])):
        middle = sum(row[n] for n in readers) / len(readers)
        free = (middle + sign * step * _ROW / 2 for step in range(99) for sign in (1, -1))
        y = next(y for y in free if all(abs(y - other) > 0.38 for other in taken))
        taken.append(y)
        out["u", noise] = Box(0.0, y, _DOT, _DOT)
    return out


def _lines(graph: CausalGraph, boxes: _Places, sign: str, noises: Mapping[str, tuple[str, ...]]) -> list[_Line]:
    """The edges of one world, and the lines from the noises to it."""
    own = {name: boxes[sign, name] for name in graph.variables}
    out: list[_Line] = []
    for cause, effect in graph.edges:
        start, end, rest = ends(cause, effect, own)
        out.append(_Line(cause, effect, start, end, bend(start, end, rest)))
    for noise, readers in noises.items():
        dot = boxes["u", noise]
        for name in readers:
            start, end = Point(dot.x, dot.y), Point(own[name].x, own[name].y)
            rest = [box for other, box in own.items() if other != name]
            out.append(_Line(None, name, start, end, bend(start, end, rest)))
    return out


def _draw(drawn: Canvas, boxes: _Places, side: _Side, lines: Iterable[_Line]) -> None:
    own = {name: boxes[side.sign, name] for name in side.texts}
    patches = {name: drawn.box(own[name], side.texts[name], side.kinds[name]) for name in side.texts}
    for line in lines:
        both = (None if line.cause is None else patches[line.cause], patches[line.effect])
        if side.kinds[line.effect] == "set":
            near = [own[name] for name in (line.cause, line.effect) if name is not None]
            drawn.cut(line.start, line.end, line.rad, both, near)
        elif line.cause is None:
            drawn.arrow(line.start, line.end, line.rad, both, color=LINE, linewidth=0.9, zorder=1)
        else:
            drawn.arrow(line.start, line.end, line.rad, both)
