"""What the outcome would be at each dose."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._errors import InvalidQuery
from ._style import COUNTERFACTUAL, FACTUAL, INK, SIZE, SOFT, Label, axes_or_new, beside, dress, numbers

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Band = tuple[Floats, Floats, float | None]

_SHARES = (0.9, 0.5)
"""The share of units in each band, the widest first."""


def dose_response(
    doses: ArrayLike,
    outcomes: ArrayLike,
    *,
    bands: Sequence[tuple[ArrayLike, ArrayLike]] = (),
    units: ArrayLike | None = None,
    truth: ArrayLike | None = None,
    seen: tuple[ArrayLike, ArrayLike] | None = None,
    names: tuple[str, str] = ("dose", "outcome"),
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the outcome at each dose with bands around it.

    Args:
        doses: shape (doses,), rising.
        outcomes: shape (doses,), the mean outcome had everybody had that dose; or (doses, units), of which the mean is
            drawn, and two bands that hold the middle 90 and 50 percent of the units.
        bands: (low, high) pairs of shape (doses,), the widest first.
        units: shape (doses, some units): a thin line for each.
        truth: shape (doses,): a dashed line to compare with.
        seen: the doses that were given and the outcomes that were seen: points.
        names: of the two axes.
        title: above.
        ax: where; by default a figure of its own.

    Returns:
        The axes.

    Raises:
        InvalidQuery: shapes that do not fit, doses that do not rise, numbers that are not finite.
        MissingPackage: matplotlib is not installed.
    """
    import numpy as np

    x = numbers(doses, "doses")
    if (np.diff(x) <= 0).any():
        raise InvalidQuery("doses rise from one to the next; sort them, each once.")
    y = _curve(outcomes, "outcomes", len(x), (1, 2))
    drawn: list[Band] = [(_curve(a, "a band", len(x)), _curve(b, "a band", len(x)), None) for a, b in bands]
    if y.ndim == 2:
        drawn += [(*np.quantile(y, ((1 - s) / 2, (1 + s) / 2), axis=1), s) for s in _SHARES]
        y = y.mean(axis=1)
    ax = axes_or_new(ax, 5.6, 3.4)
    if seen is not None:
        _points(ax, *seen)
    labels = [Label(x[-1], y[-1], "mean", COUNTERFACTUAL, weight="bold")]
    for low, high, share in drawn:
        ax.fill_between(x, low, high, color=COUNTERFACTUAL, alpha=0.15, linewidth=0, zorder=2)
        labels += [] if share is None else [Label(x[-1], high[-1], f"{share:.0%} of units", COUNTERFACTUAL, SIZE - 2)]
    if units is not None:
        for line in _curve(units, "units", len(x), (2,)).T:
            ax.plot(x, line, color=SOFT, linewidth=0.8, alpha=0.55, zorder=2.5)
    ax.plot(x, y, color=COUNTERFACTUAL, linewidth=2.0, zorder=4)
    if truth is not None:
        ax.plot(
            x, _curve(truth, "truth", len(x)), color=INK, linewidth=1.2, linestyle=(0, (4, 3)), zorder=5, label="truth"
        )
    dress(ax, x=names[0], y=names[1], title=title, grid="y")
    if seen is not None or truth is not None:
        ax.legend(frameon=False, fontsize=SIZE - 1, labelcolor=SOFT, loc="best")
    ax.margins(x=0.01)
    beside(ax, labels)
    return ax


def _points(ax: Axes, doses: ArrayLike, outcomes: ArrayLike) -> None:
    x, y = numbers(doses, "the doses seen"), numbers(outcomes, "the outcomes seen")
    if x.shape != y.shape:
        raise InvalidQuery(f"seen has {len(x)} doses and {len(y)} outcomes; one outcome each is wanted.")
    ax.scatter(x, y, s=9, color=FACTUAL, alpha=0.35, linewidths=0, zorder=1, label="as seen")


def _curve(values: ArrayLike, what: str, length: int, dimensions: tuple[int, ...] = (1,)) -> Floats:
    found = numbers(values, what, dimensions)
    if len(found) != length:
        raise InvalidQuery(f"{what} has {len(found)} rows for {length} doses; one each is wanted.")
    return found
