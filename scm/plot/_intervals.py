"""Where a value lies under each assumption: intervals beside point answers."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
import textwrap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from .._answer import Answer
from .._errors import InvalidQuery
from .._finding import Interval
from .._text import number_text, outward_text
from ._style import COUNTERFACTUAL, INK, SIZE, SOFT, axes_or_new, dress, is_number, plain_text, without_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Found: TypeAlias = "Answer | Interval | float | tuple[float, float]"

_THICK = 9.0
_LETTERS = 34
"""Most letters of a label in one line, but for a longer word."""
_BELOW = 0.33
"""Whiskers stand so far below their interval, in rows: what chance leaves open is another thing."""


@dataclass(frozen=True)
class _Row:
    """One line of the picture; ends that are not known are NaN.

    Attributes:
        outer: ends that nothing passes.
        inner: ends that are attained.
        sharp: whether they are proved to be the same.
        chance: ends of a confidence interval.
    """

    outer: tuple[float, float]
    inner: tuple[float, float]
    sharp: bool
    chance: tuple[float, float]

    @property
    def point(self) -> bool:
        """Whether it is one number."""
        return self.outer[0] == self.outer[1]

    @property
    def numbers(self) -> Iterator[float]:
        """All that has a place on the axis."""
        yield from (x for pair in (self.outer, self.inner, self.chance) for x in pair if math.isfinite(x))

    @property
    def text(self) -> str:
        """The outer ends, rounded outwards."""
        if self.point:
            return number_text(self.outer[0]).replace("-", "\u2212")
        return " to ".join(end.replace("-", "\u2212") for end in outward_text(*self.outer))


def intervals(
    found: Mapping[str, Found],
    *,
    reference: float | None = None,
    name: str = "",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw where a value lies under each assumption, one line each, the first at the top.

    What is attained is dark; what is only not ruled out is pale, and there is none of it where an interval is sharp,
    which closed ends show. A value that is determined is a dot. Whiskers below are a confidence interval.

    Args:
        found: a mapping, for each assumption an answer, an interval, a number, or a pair of ends that are sharp.
        reference: a value to compare with, such as no effect: a dashed line.
        name: of what is bounded, along the axis.
        title: above.
        ax: where; by default a figure of its own.

    Returns:
        The axes.

    Raises:
        InvalidQuery: no mapping; nothing to draw; an answer without one number or two ends, or of many rows; ends the
            wrong way round.
        MissingPackage: matplotlib is not installed.
    """
    if not isinstance(cast(object, found), Mapping):
        raise InvalidQuery(
            f"The intervals are a mapping from what is assumed to what was found, got {type(found).__name__}. Write "
            'intervals({"nothing granted": answer, ...}).'
        )
    rows = {_wrapped(str(label)): _row(label, one) for label, one in found.items()}
    if not rows:
        raise InvalidQuery("There is nothing to draw: name at least one assumption, or none, with its answer.")
    if reference is not None and not is_number(reference):
        raise InvalidQuery(f"The reference is {reference!r}; a finite number is wanted.")
    ax = axes_or_new(ax, 6.4, 1.0 + sum(0.5 + 0.12 * label.count("\n") for label in rows))
    if reference is not None:
        ax.axvline(reference, color=SOFT, linewidth=1.0, linestyle=(0, (4, 3)), zorder=0.5)
    for place, row in enumerate(reversed(rows.values())):
        _draw(ax, place, row)
        ax.annotate(row.text, (1, place), xycoords=("axes fraction", "data"), xytext=(8, 0), va="center_baseline",
                    textcoords="offset points", color=INK if row.point else COUNTERFACTUAL, fontsize=SIZE - 1,
                    annotation_clip=False)  # fmt: skip
    dress(ax, x=name, title=title, grid="x")
    without_side(ax, "left")
    ax.set_yticks(range(len(rows)), [plain_text(label) for label in reversed(rows)], color=INK, fontsize=SIZE)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    _room(ax, [*(x for row in rows.values() for x in row.numbers), *([] if reference is None else [reference])])
    _legend(ax, rows.values())
    return ax


def _wrapped(label: str) -> str:
    """A label in lines that leave room for the picture."""
    return textwrap.fill(label, _LETTERS, break_long_words=False) or label


def _row(label: str, one: Found) -> _Row:
    """What there is to draw of an answer.

    Raises:
        InvalidQuery: it is not one number or two ends, or they stand the wrong way round.
    """
    nothing = (math.nan, math.nan)
    chance, interval, value = nothing, None, None
    match one:
        case Answer():
            if len(one.status) > 1:
                raise InvalidQuery(
                    f"{label!r} is an answer for {len(one.status):,} rows; one number or interval makes a line. "
                    "Name the rows that are wanted, each by itself."
                )
            between, interval, value = one.uncertainty.confidence, one.interval, one.value
            if between is not None and is_number(between.lower) and is_number(between.upper):
                chance = (float(between.lower), float(between.upper))
        case Interval():
            interval = one
        case tuple():
            interval = Interval(*one, *one, True) if len(one) == 2 else None
        case _:
            value = one
    if is_number(value):
        assert isinstance(value, (int, float))
        return _Row((value, value), (value, value), True, chance)
    if interval is None or not (is_number(interval.outer_lower) and is_number(interval.outer_upper)):
        told = f"is {one.finding}" if isinstance(one, Answer) else f"is {one!r:.60}"
        raise InvalidQuery(f"{label!r} {told}; one number, or two finite ends, is wanted.")
    outer = (float(interval.outer_lower), float(interval.outer_upper))
    if outer[0] > outer[1]:
        raise InvalidQuery(f"{label!r} has the ends {outer[0]:g} and {outer[1]:g}: the lower one comes first.")
    inner = (float(interval.lower), float(interval.upper))
    return _Row(outer, outer if interval.sharp else inner, interval.sharp, chance)


def _draw(ax: Axes, y: float, row: _Row) -> None:
    if not math.isnan(row.chance[0]):
        low, high = row.chance
        below = y - _BELOW
        ax.plot((low, high), (below, below), color=SOFT, linewidth=1.0, zorder=2, marker="|", markersize=5)
    if row.point:
        ax.plot(row.outer[0], y, "o", markersize=7, color=INK, zorder=4)
        return
    look: dict[str, Any] = {"color": COUNTERFACTUAL, "solid_capstyle": "butt"}
    ax.plot(row.outer, (y, y), alpha=0.25, linewidth=_THICK, zorder=1.5, **look)
    if not any(map(math.isnan, row.inner)):
        ax.plot(row.inner, (y, y), linewidth=_THICK if row.sharp else 0.6 * _THICK, zorder=2, **look)
    if row.sharp:
        ax.plot(row.outer, (y, y), "|", markersize=_THICK + 7, markeredgewidth=1.8, color=COUNTERFACTUAL, zorder=3)


def _room(ax: Axes, numbers: list[float]) -> None:
    """Limits with some room at both sides."""
    low, high = min(numbers), max(numbers)
    room = 0.05 * (high - low) or 0.05 * max(abs(high), 1.0)
    ax.set_xlim(low - room, high + room)


def _legend(ax: Axes, rows: Collection[_Row]) -> None:
    """What is dark and what is pale, where there is something pale; what whiskers are."""
    lines: Any = import_module("matplotlib.lines").Line2D
    look: dict[str, Any] = {"color": COUNTERFACTUAL, "solid_capstyle": "butt"}
    told: list[tuple[Any, str]] = []
    if any(not row.sharp for row in rows):
        told.append((lines([], [], linewidth=0.6 * _THICK, **look), "attained"))
        told.append((lines([], [], linewidth=_THICK, alpha=0.25, **look), "not ruled out"))
    if any(not math.isnan(row.chance[0]) for row in rows):
        told.append((lines([], [], color=SOFT, linewidth=1.0, marker="|", markersize=5), "with chance in the counts"))
    if told:
        ax.legend(*zip(*told, strict=True), frameon=False, fontsize=SIZE - 1, labelcolor=SOFT, ncols=len(told),
                  loc="upper center", bbox_to_anchor=(0.5, -0.24 if ax.get_xlabel() else -0.12))  # fmt: skip
