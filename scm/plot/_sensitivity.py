"""How an interval widens as something that was assumed gives way, and where it reaches a reference."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._curves import SensitivityCurve
from .._errors import InvalidQuery
from ._style import COUNTERFACTUAL, INK, SIZE, SOFT, Label, axes_or_new, beside, dress, is_number, numbers, shown

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

STRENGTH, EFFECT = "strength of a hidden confounder", "effect"
"""What the axes are called where nobody says it."""


def sensitivity(
    strengths: SensitivityCurve | ArrayLike,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    *,
    inner: tuple[ArrayLike, ArrayLike] | None = None,
    chance: tuple[ArrayLike, ArrayLike] | None = None,
    reference: float | None = 0.0,
    tipping: float | None = None,
    names: tuple[str, str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the ends of an interval against how strong a hidden confounder may be, and where they reach a reference.

    Args:
        strengths: what `sensitivity_curve` returns, which says all but the names and the title; or shape (strengths,),
            rising. Strengths at which what is known refutes what is granted have no ends, and are left out.
        lower: shape (strengths,), the outer lower end at each.
        upper: shape (strengths,), the outer upper end.
        inner: (lower, upper) ends that are attained, where they are not the same; darker.
        chance: (lower, upper) of a confidence region around the ends: thin lines.
        reference: what the effect is compared with, such as none; None for nothing.
        tipping: the strength from which on the interval holds the reference. Left out, it is read off the curve (by a
            straight line between the two strengths beside it), where it is there.
        names: of the two axes; by default what a curve says its strengths are numbers of, and the effect.
        title: above.
        ax: where; by default a figure of its own.

    Returns:
        The axes.

    Raises:
        InvalidQuery: shapes that do not fit, strengths that do not rise, ends the wrong way round, no finite numbers.
        MissingPackage: matplotlib is not installed.
    """
    import numpy as np

    if isinstance(strengths, SensitivityCurve):
        curve = _of_curve(strengths)
        names = names or (strengths.measure, EFFECT)
        return sensitivity(**curve, names=names, title=title, ax=ax)
    if lower is None or upper is None:
        raise InvalidQuery("lower and upper are wanted beside strengths, or a SensitivityCurve alone.")
    x = numbers(strengths, "strengths")
    if (np.diff(x) <= 0).any():
        raise InvalidQuery("strengths rise from one to the next; sort them, each once.")
    low, high = _ends(lower, upper, "the ends", len(x))
    for value, what in ((reference, "reference"), (tipping, "tipping point")):
        if value is not None and not is_number(value):
            raise InvalidQuery(f"The {what} is {value!r}; a finite number is wanted.")
    ax = axes_or_new(ax, 5.8, 3.6)
    ax.fill_between(x, low, high, color=COUNTERFACTUAL, alpha=0.15, linewidth=0, zorder=1)
    if inner is not None:
        attained = _ends(*inner, "the inner ends", len(x))
        ax.fill_between(x, *attained, color=COUNTERFACTUAL, alpha=0.25, linewidth=0, zorder=1.5)
    for end in (low, high):
        ax.plot(x, end, color=COUNTERFACTUAL, linewidth=1.8, zorder=3)
    for end in () if chance is None else _ends(*chance, "the confidence region", len(x)):
        ax.plot(x, end, color=SOFT, linewidth=1.0, linestyle=(0, (1, 1.5)), zorder=2)
    x_name, y_name = names or (STRENGTH, EFFECT)
    dress(ax, x=x_name, y=y_name, title=title, grid="y")
    if reference is not None:
        ax.axhline(reference, color=SOFT, linewidth=1.0, linestyle=(0, (4, 3)), zorder=2)
        found = _tipping(x, low, high, float(reference)) if tipping is None else float(tipping)
        _tip(ax, found, float(reference), (float(x[0]), float(x[-1])))
    ax.set_xlim(x[0], x[-1] if len(x) > 1 else x[0] + 1)
    ax.margins(y=0.12)
    beside(ax, _labels(x, (low, high), inner, chance))
    return ax


def _of_curve(curve: SensitivityCurve) -> dict[str, Any]:
    """The arguments that draw a curve."""
    import numpy as np

    kept = np.isfinite(curve.outer_lower) & np.isfinite(curve.outer_upper)
    if not kept.any():
        raise InvalidQuery("The curve has no ends at any strength: what is known refutes what is granted.")
    outer = curve.outer_lower[kept], curve.outer_upper[kept]
    inner = curve.lower[kept], curve.upper[kept]
    chance = curve.confidence_lower[kept], curve.confidence_upper[kept]
    apart = np.isfinite(inner).all() and not np.allclose(inner, outer, atol=1e-6)
    return {
        "strengths": curve.strengths[kept],
        "lower": outer[0],
        "upper": outer[1],
        "inner": inner if apart else None,
        "chance": chance if np.isfinite(chance).all() else None,
        "reference": curve.reference,
        "tipping": curve.tipping,
    }


def _labels(
    x: Floats,
    ends: tuple[Floats, Floats],
    inner: tuple[ArrayLike, ArrayLike] | None,
    chance: tuple[ArrayLike, ArrayLike] | None,
) -> list[Label]:
    """What stands at the right of each line."""
    words = ("at least", "at most")
    out = [Label(x[-1], end[-1], word, COUNTERFACTUAL, SIZE - 1) for end, word in zip(ends, words, strict=True)]
    if inner is not None:
        middle = sum(float(numbers(end, "an inner end")[-1]) for end in inner) / 2
        out.append(Label(x[-1], middle, "attained", COUNTERFACTUAL, SIZE - 1.5))
    if chance is not None:
        out.append(Label(x[-1], float(numbers(chance[1], "a region's end")[-1]), "with chance", SOFT, SIZE - 1.5))
    return out


def _ends(lower: ArrayLike, upper: ArrayLike, what: str, length: int) -> tuple[Floats, Floats]:
    low, high = numbers(lower, what), numbers(upper, what)
    if len(low) != length or len(high) != length:
        raise InvalidQuery(f"{what} have {len(low)} and {len(high)} rows for {length} strengths; one each is wanted.")
    if (low > high).any():
        bad = int((low > high).argmax())
        raise InvalidQuery(f"{what} at place {bad} are {low[bad]:g} and {high[bad]:g}: the lower one comes first.")
    return low, high


def _tipping(x: Floats, low: Floats, high: Floats, reference: float) -> float | None:
    """The least strength at which the interval holds the reference; None where it never does."""
    import numpy as np

    gap = np.maximum(low - reference, reference - high)  # above zero where the reference lies outside
    inside = np.flatnonzero(gap <= 0)
    if not len(inside):
        return None
    first = int(inside[0])
    if first == 0:
        return float(x[0])
    before, after = gap[first - 1], gap[first]
    return float(x[first - 1] + (x[first] - x[first - 1]) * before / (before - after))


def _tip(ax: Axes, at: float | None, reference: float, ends: tuple[float, float]) -> None:
    """A dot where the interval first holds the reference, and its strength in words."""
    if at is None:
        return
    ax.plot(at, reference, "o", markersize=7, color=INK, zorder=5, clip_on=False)
    left = at > sum(ends) / 2
    ax.annotate(f"tips at {shown(at)}", (at, reference), xytext=(-8 if left else 8, 9), textcoords="offset points",
                ha="right" if left else "left", color=INK, fontsize=SIZE - 0.5, weight="bold", zorder=6)  # fmt: skip
