"""How figures look: few colours that colour-blind people tell apart, thin axes, words beside lines and no boxes."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from .._errors import InvalidQuery, MissingPackage
from ._layout import apart

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

# Blue and vermilion, and then green, purple and amber, of Okabe and Ito (2008).
FACTUAL = "#0072B2"
COUNTERFACTUAL = "#D55E00"
CYCLE = (FACTUAL, COUNTERFACTUAL, "#009E73", "#AA4499", "#B8860B", "#56B4E9")
INK = "#222222"
SOFT = "#5F6670"
"""Text that is not the message: axis labels, noises."""
LINE = "#B9BEC6"
"""Axes, and edges that no longer act."""
SEEN = "#D6E4F0"
"""The fill of what was seen."""
SET = "#FBE3D6"
"""The fill of what was set."""
SIZE = 10.0
"""Of text, in points."""


def pyplot() -> Any:
    """Matplotlib's pyplot.

    Raises:
        MissingPackage: it is not installed.
    """
    try:
        return import_module("matplotlib.pyplot")
    except ImportError:
        raise MissingPackage("matplotlib", "plot", "Figures are drawn by matplotlib") from None


def axes_or_new(ax: Axes | None, width: float, height: float) -> Axes:
    """The axes that were given, or those of a new figure, of so many inches."""
    plt = pyplot()
    return plt.subplots(figsize=(width, height), layout="constrained")[1] if ax is None else ax


def dress(ax: Axes, *, x: str = "", y: str = "", title: str | None = None, grid: str = "", pad: float = 10) -> None:
    """Thin axes at the left and below, soft labels, the title at the left."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set(color=LINE, linewidth=0.8)
    ax.tick_params(colors=SOFT, labelsize=SIZE - 1, color=LINE, width=0.8, length=3.5)
    ax.tick_params(which="minor", length=0)
    ax.set_xlabel(plain_text(x), color=SOFT, fontsize=SIZE)
    ax.set_ylabel(plain_text(y), color=SOFT, fontsize=SIZE)
    if title:
        ax.set_title(plain_text(title), loc="left", color=INK, fontsize=SIZE + 1.5, pad=pad)
    if grid:
        ax.grid(axis=grid, color="#ECEEF1", linewidth=0.8)  # pyright: ignore[reportArgumentType]
        ax.set_axisbelow(True)


class Label(NamedTuple):
    """Words beside the end of a line."""

    x: float
    y: float
    text: str
    colour: str
    size: float = SIZE
    weight: str = "normal"


def beside(ax: Axes, labels: Iterable[Label]) -> None:
    """Words at the right of where lines end, moved apart where they would overlap; the limits of the axes are final."""
    import numpy as np

    found = list(labels)
    _ = ax.get_xlim(), ax.get_ylim()  # limits that wait to be worked out are so now
    place: Any = ax.transScale + ax.transLimits
    heights = place.transform(np.array([(label.x, label.y) for label in found]))[:, 1]
    figure = ax.get_figure(root=True)
    assert figure is not None
    inches = ax.get_position().height * figure.get_size_inches()[1]
    line = max(label.size for label in found) * 1.25 / 72 / inches
    order = np.argsort(-heights, kind="stable")
    moved = np.array(apart([float(h) / line for h in heights[order]])) * line
    for i, height in zip(order, moved, strict=True):
        x, _, text, colour, size, weight = found[i]
        ax.annotate(plain_text(text), (x, height), xycoords=("data", "axes fraction"), xytext=(6, 0), va="center",
                    textcoords="offset points", color=colour, fontsize=size, weight=weight,
                    annotation_clip=False)  # fmt: skip


def without_side(ax: Axes, side: str) -> None:
    """Hide one axis with its ticks."""
    ax.spines[side].set_visible(False)
    if side in ("left", "right"):
        ax.set_yticks([])
    else:
        ax.set_xticks([])


def halo() -> list[Any]:
    """What keeps words readable over lines: white around each letter."""
    return [import_module("matplotlib.patheffects").withStroke(linewidth=3, foreground="white")]


def plain_text(text: str) -> str:
    """Text in which a dollar sign is one: matplotlib would read mathematics between two."""
    return text.replace("$", r"\$")


def shown(value: object) -> str:
    """A value as a figure says it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | int):
        return f"{value:.4g}".replace("-", "−")
    return str(value)


def width_of(text: str, size: float = SIZE, *, bold: bool = False) -> float:
    """How wide a text is, in inches."""
    pyplot()
    path: Any = import_module("matplotlib.textpath").TextPath
    fonts: Any = import_module("matplotlib.font_manager").FontProperties
    if not text.strip():
        return 0.0
    box = path((0, 0), text.replace("$", "S"), size=size, prop=fonts(weight="bold" if bold else "normal"))
    return float(box.get_extents().width) / 72


def numbers(values: ArrayLike, what: str, dimensions: tuple[int, ...] = (1,)) -> NDArray[np.float64]:
    """Finite numbers in an array.

    Raises:
        InvalidQuery: none, something else, or another number of axes.
    """
    import numpy as np

    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidQuery(f"{what} holds something that is no number.") from None
    if found.ndim not in dimensions or not found.size:
        raise InvalidQuery(
            f"{what} has the shape {found.shape}; numbers in {' or '.join(map(str, dimensions))} axes are wanted."
        )
    if not np.isfinite(found).all():
        bad = int(np.flatnonzero(~np.isfinite(found))[0])
        raise InvalidQuery(f"{what} has {found.ravel()[bad]} at place {bad}; a figure shows finite numbers.")
    return found


def is_number(value: object) -> bool:
    """Whether a value has a place on an axis."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
