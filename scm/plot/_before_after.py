"""One unit, or a few, before and after: as it was, and as it would have been."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import InvalidQuery, UnknownName
from .._syntax import Value
from ._style import (
    COUNTERFACTUAL,
    FACTUAL,
    INK,
    LINE,
    SIZE,
    SOFT,
    axes_or_new,
    dress,
    is_number,
    numbers,
    plain_text,
    shown,
    without_side,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def before_after(
    before: Mapping[str, Value],
    after: Mapping[str, Value],
    *,
    scales: Mapping[str, float] | None = None,
    intervals: Mapping[str, tuple[float, float]] | None = None,
    heads: tuple[str, str] = ("as it was", "as it would have been"),
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one unit: for each variable, its value as it was and as it would have been, joined.

    Args:
        before: the values that were.
        after: the values that would have been, of the same variables or some.
        scales: what one step along the axis is for each variable, such as its standard deviation in the population;
            rows then start at zero and show change. Without them, all numbers share one axis.
        intervals: (low, high) around values that would have been, where they are not known exactly.
        heads: of the two values.
        title: above.
        ax: where; by default a figure of its own.

    Returns:
        The axes; the first variable is at the top. A variable with labels for states is told in words.

    Raises:
        UnknownName: a value of something that was not seen before.
        InvalidQuery: nothing to draw, or a scale that is none.
        MissingPackage: matplotlib is not installed.
    """
    for name in (*after, *(intervals or {})):
        if name not in before:
            raise UnknownName(name, before, "after")
    rows = [name for name in before if name in after]
    if not rows:
        raise InvalidQuery("There is nothing to draw: before and after name no variable both.")
    numeric = [n for n in rows if is_number(before[n]) and is_number(after[n])]
    for name in numeric if scales is not None else ():
        if not is_number(found := (scales or {}).get(name)) or not found or found < 0:
            raise InvalidQuery(f"The scale of {name!r} is {found!r}; a number above zero is wanted.")
    ax = axes_or_new(ax, 5.6, 0.9 + 0.5 * len(rows))
    for i, name in enumerate(rows):
        y = len(rows) - 1 - i
        if name in numeric:
            _dumbbell(ax, y, _row(name, before, after, scales, intervals), (before[name], after[name]))
        else:
            changed = before[name] != after[name]
            text = f"{shown(before[name])} → {shown(after[name])}" if changed else f"{shown(before[name])}, unchanged"
            ax.annotate(plain_text(text), (0.02, y), xycoords=("axes fraction", "data"), fontsize=SIZE - 0.5,
                        color=COUNTERFACTUAL if changed else SOFT, va="center")  # fmt: skip
    below = "" if scales is None else "change, each in its own scale"
    dress(ax, x=below, title=title, grid="x" if numeric else "", pad=24 if numeric else 10)
    without_side(ax, "left")
    ax.set_yticks(range(len(rows)), [plain_text(name) for name in reversed(rows)], color=INK, fontsize=SIZE)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.6, len(rows) - 0.1)
    if numeric:
        ax.margins(x=0.16)
        _heads(ax, heads)
    else:
        without_side(ax, "bottom")
    return ax


def _row(
    name: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    scales: Mapping[str, float] | None,
    intervals: Mapping[str, tuple[float, float]] | None,
) -> tuple[float, float, tuple[float, float] | None]:
    """Where the two values and the interval stand along the axis."""
    zero, step = (float(before[name]), scales[name]) if scales is not None else (0.0, 1.0)
    ends = (intervals or {}).get(name)
    moved = None if ends is None else ((ends[0] - zero) / step, (ends[1] - zero) / step)
    return (before[name] - zero) / step, (after[name] - zero) / step, moved


def _dumbbell(
    ax: Axes, y: float, at: tuple[float, float, tuple[float, float] | None], values: tuple[Value, Value]
) -> None:
    start, end, ends = at
    if ends is not None:
        ax.plot(ends, (y, y), color=COUNTERFACTUAL, alpha=0.3, linewidth=7, solid_capstyle="round", zorder=1)
    ax.plot((start, end), (y, y), color=LINE, linewidth=2.2, zorder=2)
    ax.plot(
        start, y, "o", markersize=8, markerfacecolor="white", markeredgecolor=FACTUAL, markeredgewidth=1.8, zorder=3
    )
    left = start < end or (start == end)
    if start != end:
        ax.plot(end, y, "o", markersize=8.5, color=COUNTERFACTUAL, zorder=3)
        far = end if ends is None else (max(ends[1], end) if left else min(ends[0], end))
        _value(ax, far, y, shown(values[1]), COUNTERFACTUAL, not left)
    _value(ax, start, y, shown(values[0]), FACTUAL, left)


def _value(ax: Axes, x: float, y: float, text: str, colour: str, left: bool) -> None:
    ax.annotate(text, (x, y), xytext=(-9 if left else 9, 0), textcoords="offset points", color=colour,
                fontsize=SIZE - 1, ha="right" if left else "left", va="center_baseline")  # fmt: skip


def _heads(ax: Axes, heads: tuple[str, str]) -> None:
    for text, colour, x, side in ((heads[0], FACTUAL, 0.0, "left"), (heads[1], COUNTERFACTUAL, 1.0, "right")):
        ax.annotate(plain_text(text), (x, 1), xycoords="axes fraction", color=colour, fontsize=SIZE - 0.5, ha=side,
                    va="bottom", weight="bold", xytext=(0, 3), textcoords="offset points")  # fmt: skip


def slopes(
    before: ArrayLike,
    after: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    highlight: Sequence[int] = (),
    heads: tuple[str, str] = ("as it was", "as it would have been"),
    name: str = "",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw units: one variable of each as it was and as it would have been, joined by a line.

    Args:
        before: shape (units,).
        after: shape (units,).
        labels: of the units, at the right; by default none.
        highlight: the units to bring forward, by position; by default all alike.
        heads: of the two sides.
        name: of the variable.
        title: above.
        ax: where; by default a figure of its own.

    Returns:
        The axes.

    Raises:
        InvalidQuery: shapes that differ, or numbers that are not finite.
        MissingPackage: matplotlib is not installed.
    """
    left, right = numbers(before, "before"), numbers(after, "after")
    if left.shape != right.shape or (labels is not None and len(labels) != len(left)):
        raise InvalidQuery(f"before has {len(left)} units and after {len(right)}; one each, and one label, is wanted.")
    ax = axes_or_new(ax, 4.2, 3.8)
    forward = set(highlight) or set(range(len(left)))
    for i, (a, b) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        front = i in forward
        ax.plot(
            (0, 1), (a, b), color=SOFT if front else LINE, linewidth=1.4 if front else 0.7, zorder=2 if front else 1
        )
        ax.plot(0, a, "o", markersize=5, color=FACTUAL if front else LINE, zorder=3)
        ax.plot(1, b, "o", markersize=5, color=COUNTERFACTUAL if front else LINE, zorder=3)
        if labels is not None and front:
            ax.annotate(plain_text(labels[i]), (1, b), xytext=(8, 0), textcoords="offset points", color=SOFT,
                        fontsize=SIZE - 1.5, va="center")  # fmt: skip
    dress(ax, y=name, title=title, grid="y")
    ax.spines["bottom"].set_visible(False)
    ax.set_xticks((0, 1), [plain_text(h) for h in heads], fontsize=SIZE, weight="bold")
    ax.tick_params(axis="x", length=0)
    for tick, colour in zip(ax.get_xticklabels(), (FACTUAL, COUNTERFACTUAL), strict=True):
        tick.set_color(colour)
    ax.set_xlim(-0.2, 1.2 if labels is None else 1.35)
    return ax
