"""Boxes, arrows and cuts: what pictures of graphs are made of. One unit of the axes is one inch of the layout."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from .._errors import UnknownName
from .._syntax import Value
from ._layout import Box, Point, arc
from ._style import COUNTERFACTUAL, INK, LINE, SEEN, SET, SIZE, SOFT, plain_text, pyplot, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

Kind = Literal["plain", "seen", "set", "hidden"]
Values = Mapping[str, Value | None]

_MARGIN = 0.18


def valued(given: Mapping[str, Value] | Iterable[str] | None, known: Iterable[str], where: str) -> Values:
    """Names, each with its value or None, checked.

    Raises:
        UnknownName: a name that is not there.
    """
    known = tuple(known)
    names = () if given is None else (given,) if isinstance(given, str) else given
    found: dict[str, Value | None] = dict(names) if isinstance(names, Mapping) else dict.fromkeys(names)
    for name in found:
        if name not in known:
            raise UnknownName(name, known, where)
    return found


def label(name: str, value: Value | None) -> str:
    """A variable's name, with its value if there is one."""
    return name if value is None else f"{name} = {shown(value)}"


@dataclass(frozen=True)
class Canvas:
    """Axes on which boxes keep their proportions to the text in them."""

    ax: Axes
    scale: float

    def box(self, at: Box, text: str, kind: Kind = "plain") -> Patch:
        """A variable: rounded, shaded if it was seen, square if it was set, dashed if it is hidden."""
        patches: Any = import_module("matplotlib.patches")
        fill = {"plain": "white", "seen": SEEN, "set": SET, "hidden": "white"}[kind]
        edge = {"plain": INK, "seen": INK, "set": COUNTERFACTUAL, "hidden": SOFT}[kind]
        found = patches.FancyBboxPatch(
            (at.x - at.width / 2, at.y - at.height / 2),
            at.width,
            at.height,
            boxstyle="square,pad=0" if kind == "set" else f"round,pad=0,rounding_size={at.height / 2.2}",
            facecolor=fill,
            edgecolor=edge,
            linewidth=(1.8 if kind == "set" else 1.0) * self.scale,
            linestyle=(0, (3, 2)) if kind == "hidden" else "-",
            zorder=3,
        )
        self.ax.add_patch(found)
        self.text(Point(at.x, at.y), text, color=SOFT if kind == "hidden" else INK, zorder=4)
        return found

    def dot(self, at: Box, name: str) -> None:
        """A noise: a small circle with its name above."""
        patches: Any = import_module("matplotlib.patches")
        self.ax.add_patch(patches.Circle((at.x, at.y), at.width / 2, facecolor=SOFT, edgecolor="none", zorder=3))
        self.text(Point(at.x, at.y + 0.15), name, color=SOFT, fontsize=SIZE - 1.5, zorder=4)

    def text(self, at: Point, text: str, **look: Any) -> None:
        """Words, centred unless told otherwise."""
        look = {"ha": "center", "va": "center_baseline", "fontsize": SIZE, "color": INK, **look}
        self.ax.text(at.x, at.y, plain_text(text), **{**look, "fontsize": look["fontsize"] * self.scale})

    def arrow(self, start: Point, end: Point, rad: float, ends: tuple[Patch | None, Patch | None], **look: Any) -> None:
        """An edge between two boxes, which ends at their borders."""
        patches: Any = import_module("matplotlib.patches")
        look = {"arrowstyle": "-|>", "color": SOFT, "linewidth": 1.1, "zorder": 2, **look}
        look["linewidth"] *= self.scale
        self.ax.add_patch(
            patches.FancyArrowPatch(
                start,
                end,
                connectionstyle=f"arc3,rad={rad}",
                patchA=ends[0],
                patchB=ends[1],
                shrinkA=0,
                shrinkB=1.5 * self.scale,
                mutation_scale=11 * self.scale,
                joinstyle="miter",
                **look,
            )
        )

    def cut(
        self, start: Point, end: Point, rad: float, ends: tuple[Patch | None, Patch | None], boxes: Iterable[Box]
    ) -> None:
        """An edge that no longer acts: faint, with a cross in the middle of what is seen of it."""
        self.arrow(start, end, rad, ends, color=LINE, linestyle=(0, (2, 2)), zorder=1)
        path = arc(start, end, rad, 201)
        near = list(boxes)
        clear = [i for i, p in enumerate(path) if all(box.distance(p) > 0 for box in near)] or [100]
        i = min(max((clear[0] + clear[-1]) // 2, 1), 199)
        along = math.atan2(path[i + 1].y - path[i - 1].y, path[i + 1].x - path[i - 1].x)
        for turn in (math.pi / 4, -math.pi / 4):
            dx, dy = 0.06 * math.cos(along + turn), 0.06 * math.sin(along + turn)
            self.ax.plot(
                [path[i].x - dx, path[i].x + dx],
                [path[i].y - dy, path[i].y + dy],
                color=COUNTERFACTUAL,
                linewidth=1.6 * self.scale,
                solid_capstyle="round",
                zorder=2.5,
            )


def canvas(ax: Axes | None, boxes: Iterable[Box], points: Iterable[Point] = (), *, above: float = 0.0) -> Canvas:
    """Axes that hold the boxes, in a new figure just large enough, or scaled into the axes that were given.

    Args:
        ax: the axes, if any.
        boxes: what they hold.
        points: what they hold too.
        above: room for words, in inches.
    """
    found = [*boxes, *(Box(p.x, p.y, 0.0, 0.0) for p in points)]
    left = min(b.x - b.width / 2 for b in found) - _MARGIN
    right = max(b.x + b.width / 2 for b in found) + _MARGIN
    bottom = min(b.y - b.height / 2 for b in found) - _MARGIN
    top = max(b.y + b.height / 2 for b in found) + _MARGIN + above
    width, height = right - left, top - bottom
    if ax is None:
        figure = pyplot().figure(figsize=(width, height))
        ax = figure.add_axes((0, 0, 1, 1))
        scale = 1.0
    else:
        figure = ax.get_figure(root=True)
        assert figure is not None
        place = ax.get_position()
        size = figure.get_size_inches()
        scale = min(place.width * size[0] / width, place.height * size[1] / height)
    assert ax is not None
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    ax.set_axis_off()
    return Canvas(ax, scale)
