"""Probabilities of boxes under normal laws: in closed form up to two dimensions, by one integral of those in three."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from ._gaussian_space import Array
from ._normal_intervals import cdf, interval, special
from ._normal_lattice import MOST_DIMENSIONS as WIDEST
from ._normal_lattice import Lattice
from ._refusal import Refusal

FAR = 9.0
"""A standard normal is beyond this with probability 1e-19."""
MOST_DIMENSIONS = 3
AT_ONCE = 1 << 13
"""Rows that are integrated at a time."""


def two(h: Array, k: Array, correlation: float, root: float) -> Array:
    """P(s < h, t < k) of two standard normals, by Owen's T function (Owen 1956).

    Args:
        h: end of the first, shape (rows,); infinite where there is none.
        k: end of the second.
        correlation: of s and t.
        root: sqrt(1 - correlation^2), by itself so that it is exact near one.
    """
    if root == 0:
        both = np.minimum(cdf(h), cdf(k)) if correlation > 0 else cdf(h) - cdf(-k)
        return np.maximum(both, 0.0)
    finite = np.isfinite(h) & np.isfinite(k)
    a, b = np.where(finite, h, 1.0), np.where(finite, k, 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope_a = np.where(a == 0, np.sign(b) * np.inf, (b - correlation * a) / (a * root))
        slope_b = np.where(b == 0, np.sign(a) * np.inf, (a - correlation * b) / (b * root))
    slopes = [np.where(np.isnan(s), 0.0, s) for s in (slope_a, slope_b)]
    t_a, t_b = (cast(Array, special().owens_t(x, slope)) for x, slope in zip((a, b), slopes, strict=True))
    opposite = (a * b < 0) | ((a * b == 0) & (a + b < 0))
    found = (cdf(a) + cdf(b)) / 2 - t_a - t_b - np.where(opposite, 0.5, 0.0)
    found = np.where((a == 0) & (b == 0), 0.25 + np.arctan2(correlation, root) / (2 * np.pi), found)
    # Where one end is infinite: all of the other margin, or nothing.
    found = np.where(finite, found, np.minimum(cdf(h), cdf(k)))
    return np.clip(found, 0.0, np.minimum(cdf(h), cdf(k)))


@dataclass(frozen=True)
class Weight:
    """The probability of a box for each row.

    Attributes:
        value: shape (rows,).
        error: bound on what rounding and quadrature may do to it.
        drawn: standard error of what was drawn; None where nothing was.
    """

    value: Array
    error: float = 0.0
    drawn: Array | None = None


def box(
    units: Sequence[Array], lows: Sequence[Array], highs: Sequence[Array], lattice: Lattice | None = None
) -> Weight:
    """P(low < unit @ z < high for every unit).

    Args:
        units: directions of length one, shape (noises,) each.
        lows: where each interval begins, shape (rows,).
        highs: where each ends.
        lattice: for more than three that depend on one another.

    Raises:
        Refusal: too many of them depend on one another.
    """
    total = Weight(np.ones(np.broadcast_shapes(*(x.shape for x in (*lows, *highs)))))
    for part in components(units):
        own = [units[k] for k in part], [lows[k] for k in part], [highs[k] for k in part]
        if len(part) <= MOST_DIMENSIONS:
            value, error = _component(*own)
            drawn = None if total.drawn is None else total.drawn * value
        elif lattice is None or len(part) > WIDEST:
            raise Refusal(
                f"the event compares {len(part)} combinations of noises that depend on one another; at most "
                f"{MOST_DIMENSIONS} are worked out exactly, and up to {WIDEST} drawn for a probability with key="
            )
        else:
            value, spread = lattice.box(*own)
            error = 0.0
            drawn = spread * total.value + (0.0 if total.drawn is None else total.drawn)
        total = Weight(total.value * value, total.error + error, drawn)
    return total


def _component(units: list[Array], lows: list[Array], highs: list[Array]) -> tuple[Array, float]:
    if len(units) == 1:
        return interval(lows[0], highs[0]), 0.0
    total, error = np.zeros(1), 0.0
    for below in itertools.product((False, True), repeat=len(units)):
        ends = [low if down else high for down, low, high in zip(below, lows, highs, strict=True)]
        if any(np.isneginf(e).all() for e in ends):
            continue
        found, own = orthant(units, ends)
        total, error = total + (-1.0) ** sum(below) * found, error + own
    return np.maximum(total, 0.0), error


def orthant(units: list[Array], ends: list[Array]) -> tuple[Array, float]:
    """P(unit @ z < end for each of two or three units), and a bound on its error."""
    if len(units) == 2:
        cosine, sine = angle(units[0], units[1])
        return two(ends[0], ends[1], cosine, sine), 8e-16 / sine if sine else 1e-15
    everywhere = [k for k in range(3) if np.isposinf(ends[k]).all()]
    if everywhere:
        rest = [k for k in range(3) if k != everywhere[0]]
        return orthant([units[k] for k in rest], [ends[k] for k in rest])
    parts = [slice(k, k + AT_ONCE) for k in range(0, len(ends[0]), AT_ONCE)]
    found = [_three(units, [e[part] for e in ends]) for part in parts]
    return np.concatenate([f for f, _ in found]), max((e for _, e in found), default=0.0)


def angle(one: Array, other: Array) -> tuple[float, float]:
    """Cosine and sine of the angle between two directions; the sine is zero where they are one line."""
    cosine = float(one @ other)
    sine = float(np.linalg.norm(other - cosine * one))
    return (cosine, sine) if sine > 1e-14 else (float(np.sign(cosine)), 0.0)


def given_line(units: Sequence[Array], pivot: Array) -> tuple[list[Array], list[tuple[float, float]]]:
    """Directions given `pivot @ z`: what is left of each, of length one, and its (cosine, sine) with the pivot."""
    found: list[Array] = []
    angles: list[tuple[float, float]] = []
    for unit in units:
        cosine, sine = angle(pivot, unit)
        found.append((unit - cosine * pivot) / (sine or 1.0))
        angles.append((cosine, sine))
    return found, angles


def _three(units: list[Array], ends: list[Array]) -> tuple[Array, float]:
    """Three directions: the integral over the first of what the other two do given it."""
    others = [max(abs(angle(units[k], units[j])[0]) for j in range(3) if j != k) for k in range(3)]
    first = int(np.argmin(others))
    rest = [k for k in range(3) if k != first]
    left, angles = given_line([units[k] for k in rest], units[first])
    cosine, sine = angle(left[0], left[1])
    top = np.minimum(ends[first], FAR)
    breaks = [np.full(len(top), x) for x in np.linspace(-FAR, FAR, 13)] + [top]
    for k, (c, s) in zip(rest, angles, strict=True):
        if c:
            breaks += [(ends[k] + spread * s) / c for spread in (-6.0, -2.0, 0.0, 2.0, 6.0)]
    breaks += _crossings([ends[k] for k in rest], angles, cosine, sine)
    found: list[Array] = []
    panels = np.sort([np.clip(np.nan_to_num(b, nan=-FAR), -FAR, top) for b in breaks], axis=0)
    for nodes in (10, 16):
        points, weights = np.polynomial.legendre.leggauss(nodes)
        total = np.zeros(len(top))
        for low, high in itertools.pairwise(panels):
            half, middle = (high - low) / 2, (high + low) / 2
            x = middle + half * points[:, None]
            args = [(ends[k] - c * x) / s for k, (c, s) in zip(rest, angles, strict=True)]
            inner = two(args[0].ravel(), args[1].ravel(), cosine, sine).reshape(x.shape)
            total += half * (weights @ (inner * np.exp(-x * x / 2))) / np.sqrt(2 * np.pi)
        found.append(np.where(ends[first] <= -FAR, 0.0, total))
    return found[1], float(np.abs(found[1] - found[0]).max(initial=0.0)) + 2e-15


def _crossings(ends: list[Array], angles: list[tuple[float, float]], cosine: float, sine: float) -> list[Array]:
    """Where the two inner ends meet: strongly dependent directions bend there."""
    if abs(cosine) < 0.9:
        return []
    (c, s), (d, r) = angles
    way = np.sign(cosine)
    slope = c / s - way * d / r
    if slope == 0:
        return []
    return [(ends[0] / s - way * ends[1] / r + spread * sine) / slope for spread in (-6.0, -2.0, 0.0, 2.0, 6.0)]


def components(units: Sequence[Array]) -> list[tuple[int, ...]]:
    """Groups of directions that depend on one another."""
    left = list(range(len(units)))
    found: list[tuple[int, ...]] = []
    while left:
        group, stack = [left[0]], [left.pop(0)]
        while stack:
            one = stack.pop()
            for other in [k for k in left if abs(float(units[one] @ units[k])) > 1e-15]:
                left.remove(other)
                group.append(other)
                stack.append(other)
        found.append(tuple(sorted(group)))
    return found
