"""Distributions over one another: what was against what would have been."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from .._errors import InvalidQuery, UnknownName
from .._syntax import Value
from ._style import (
    CYCLE,
    INK,
    SIZE,
    SOFT,
    axes_or_new,
    dress,
    halo,
    is_number,
    numbers,
    plain_text,
    shown,
    without_side,
)

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

_CELLS = 1024


def distributions(
    of: Mapping[str, ArrayLike | Mapping[Value, float]],
    *,
    weights: Mapping[str, ArrayLike] | None = None,
    marks: Mapping[str, float] | None = None,
    name: str = "",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw distributions over one another, each named beside it: smooth densities of draws, or bars for states.

    Densities are Gaussian kernel estimates with the bandwidth of Silverman (1986, 3.30), which does not know of the
    ends of an interval; a line marks each mean.

    Args:
        of: for each name, in the order of the colours (what was, what would have been, others), draws of a continuous
            variable, or {state: probability}; of draws that are text or truth values, the share of each is drawn.
        weights: of the draws, by the same names; equal where none are given.
        marks: values to point at, by what they are (such as the truth of a simulation).
        name: of the variable, for the axis.
        title: above.
        ax: where; by default a figure of its own.

    Returns:
        The axes.

    Raises:
        InvalidQuery: nothing to draw, draws and states together, or numbers that are not finite.
        UnknownName: weights of something that is not there.
        MissingPackage: matplotlib is not installed.
    """
    if not isinstance(of, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(
            f"Distributions are {{name: draws}} or {{name: {{state: probability}}}}, got {type(of).__name__}."
        )
    if not of:
        raise InvalidQuery("There is nothing to draw: name at least one distribution.")
    of = {k: _shares(k, v, weights) for k, v in of.items()}
    laws = {k: v for k, v in of.items() if isinstance(v, Mapping)}
    if laws and len(laws) < len(of):
        raise InvalidQuery("Draws and laws over states do not share an axis; draw them on axes of their own.")
    ax = axes_or_new(ax, 5.6, 3.2)
    if laws:
        _bars(ax, laws)
        dress(ax, x=name, y="probability", title=title, grid="y")
    else:
        for label in weights or {}:
            if label not in of:
                raise UnknownName(label, of, "weights")
        _densities(ax, {k: _draws(k, v, weights) for k, v in of.items()})
        dress(ax, x=name, title=title)
        without_side(ax, "left")
        ax.set_ylim(bottom=0)
    for text, value in (marks or {}).items():
        ax.axvline(value, color=INK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
        ax.annotate(plain_text(text), (value, 1), xycoords=("data", "axes fraction"), xytext=(4, -2),
                    textcoords="offset points", color=INK, fontsize=SIZE - 1, va="top")  # fmt: skip
    return ax


def _shares(
    label: str, values: ArrayLike | Mapping[Value, float], weights: Mapping[str, ArrayLike] | None
) -> ArrayLike | Mapping[Value, float]:
    """Draws of states as the share of each; anything else as it is."""
    import numpy as np

    if isinstance(values, Mapping):
        return values
    drawn = np.asarray(values)
    if drawn.ndim != 1 or not len(drawn) or not all(isinstance(x, (str, bool)) for x in drawn.tolist()):
        return values
    if weights and label in weights:
        raise InvalidQuery(f"The draws of {label!r} are states, and have weights. Give {{state: probability}}.")
    states, counts = np.unique(drawn.astype(str) if drawn.dtype == object else drawn, return_counts=True)
    return {cast(Value, s): c / len(drawn) for s, c in zip(states.tolist(), counts.tolist(), strict=True)}


def _draws(
    label: str, values: ArrayLike | Mapping[Value, float], weights: Mapping[str, ArrayLike] | None
) -> tuple[Floats, Floats]:
    import numpy as np

    found = numbers(cast("ArrayLike", values), f"The draws of {label!r}")
    weight = np.ones(len(found)) if weights is None or label not in weights else numbers(weights[label], "weights")
    if weight.shape != found.shape or (weight < 0).any() or weight.sum() <= 0:
        raise InvalidQuery(f"The weights of {label!r} are one each for {len(found)} draws, none below zero.")
    return found, weight / weight.sum()


def _densities(ax: Axes, draws: Mapping[str, tuple[Floats, Floats]]) -> None:
    import numpy as np

    curves = {label: density(*found) for label, found in draws.items()}
    top = max(float(height.max()) for _, height in curves.values())
    placed: list[tuple[float, float]] = []
    span = max(x[-1] for x, _ in curves.values()) - min(x[0] for x, _ in curves.values())
    for i, (label, (x, height)) in enumerate(curves.items()):
        colour = CYCLE[i % len(CYCLE)]
        values, weight = draws[label]
        mean = float(values @ weight)
        ax.fill_between(x, height, color=colour, alpha=0.16, linewidth=0, zorder=2)
        ax.plot(x, height, color=colour, linewidth=1.8, zorder=3, label=label)
        ax.plot([mean, mean], [0, np.interp(mean, x, height)], color=colour, linewidth=1.0, zorder=3)
        peak = int(height.argmax())
        at, up = float(x[peak]), float(height[peak]) + 0.03 * top
        while any(abs(at - a) < 0.3 * span and abs(up - b) < 0.09 * top for a, b in placed):
            up += 0.1 * top
        placed.append((at, up))
        ax.text(at, up, plain_text(label), color=colour, fontsize=SIZE, ha="center", va="bottom", weight="bold",
                path_effects=halo(), zorder=5)  # fmt: skip
    ax.set_ylim(0, max(up for _, up in placed) + 0.16 * top)
    ax.margins(x=0.02)


def density(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """A Gaussian kernel estimate on a grid: places, and density there.

    Args:
        values: draws.
        weights: that sum to one.
    """
    import numpy as np

    mean = values @ weights
    spread = float(np.sqrt((values - mean) ** 2 @ weights))
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    quarter, most = np.interp([0.25, 0.75], cumulative, values[order])
    effective = 1 / float(weights @ weights)
    narrow = min(spread, (most - quarter) / 1.34) or spread
    # Draws that are all one value still have a peak that can be seen.
    width = (
        max(1.06 * narrow * effective**-0.2, max(abs(mean), 1e-300) * 1e-6) if spread else max(abs(mean), 1.0) * 1e-3
    )
    grid = np.linspace(values.min() - 4 * width, values.max() + 4 * width, _CELLS)
    step = grid[1] - grid[0]
    cells = np.histogram(values, np.append(grid - step / 2, grid[-1] + step / 2), weights=weights)[0]
    reach = min(max(int(np.ceil(5 * width / step)), 1), _CELLS // 2 - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / width) ** 2)
    found = np.convolve(cells, kernel / kernel.sum(), mode="same") / step
    return grid, found


def _bars(ax: Axes, laws: Mapping[str, Mapping[Value, float]]) -> None:
    import numpy as np

    states = list(dict.fromkeys(state for law in laws.values() for state in law))
    wide = 0.8 / len(laws)
    for i, (label, law) in enumerate(laws.items()):
        heights = [law.get(state, 0.0) for state in states]
        if not all(is_number(h) and 0 <= h <= 1 + 1e-9 for h in heights):
            raise InvalidQuery(f"The law {label!r} is {dict(law)}; probabilities from 0 to 1 are wanted.")
        places = np.arange(len(states)) + (i - (len(laws) - 1) / 2) * wide
        colour = CYCLE[i % len(CYCLE)]
        ax.bar(places, heights, wide * 0.92, color=colour, label=label, zorder=2)
        for x, height in zip(places, heights, strict=True):
            ax.text(float(x), height, f" {height:.2g}", color=colour, fontsize=SIZE - 1.5, ha="center", va="bottom")
    ax.set_xticks(range(len(states)), [plain_text(shown(state)) for state in states])
    ax.tick_params(axis="x", length=0)
    ax.legend(frameon=False, fontsize=SIZE, labelcolor=SOFT, handlelength=0.9, handleheight=0.9, loc="best")
    ax.margins(y=0.14)
