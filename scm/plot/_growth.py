"""How a cost grows with a size, on logarithmic axes."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .._errors import InvalidQuery
from ._style import CYCLE, SIZE, Label, axes_or_new, beside, dress, numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def growth(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    names: tuple[str, str] = ("size", "seconds"),
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw costs against sizes, each curve named at its end.

    Args:
        curves: for each name, sizes and costs, both above zero.
        names: of the two axes.
        title: above.
        ax: where; by default a figure of its own.

    Returns:
        The axes.

    Raises:
        InvalidQuery: nothing to draw, shapes that differ, or numbers without a logarithm.
        MissingPackage: matplotlib is not installed.
    """
    import numpy as np

    if not curves:
        raise InvalidQuery("There is nothing to draw: name at least one curve.")
    ax = axes_or_new(ax, 5.6, 3.6)
    ends: list[Label] = []
    for i, (label, (sizes, costs)) in enumerate(curves.items()):
        x, y = numbers(sizes, f"The sizes of {label!r}"), numbers(costs, f"The costs of {label!r}")
        if x.shape != y.shape or (x <= 0).any() or (y <= 0).any():
            raise InvalidQuery(f"{label!r} has {len(x)} sizes and {len(y)} costs; one each, above zero, is wanted.")
        order = np.argsort(x)
        ax.plot(x[order], y[order], "o-", color=CYCLE[i % len(CYCLE)], linewidth=1.6, markersize=4.5, label=label)
        ends.append(Label(float(x[order][-1]), float(y[order][-1]), label, CYCLE[i % len(CYCLE)], SIZE - 1))
    ax.set(xscale="log", yscale="log")
    dress(ax, x=names[0], y=names[1], title=title, grid="y")
    beside(ax, ends)
    return ax
