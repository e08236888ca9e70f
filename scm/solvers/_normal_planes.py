"""P(s < h, t < k, ...) of two and of three standard normals, for many ends under one law."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import cast

import numpy as np

from ._gaussian_space import Array
from ._normal_intervals import cdf, special

FAR = 9.0
"""A standard normal is beyond this with probability 1e-19."""
AT_ONCE = 1 << 13
"""Rows that are integrated at a time."""
CLOSE = 1e-12
"""Two rules that differ by less agree; where they do not, finer panels are taken."""


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


def three(units: list[Array], ends: list[Array]) -> tuple[Array, float]:
    """P(unit @ z < end) of three directions, and a bound on its error.

    By Plackett's (1954) integral over correlations, as Genz (2004) has it; where that bends too sharply, because
    directions are nearly dependent, by an integral over one of the directions.
    """
    found = [_three(units, [e[k : k + AT_ONCE] for e in ends]) for k in range(0, len(ends[0]), AT_ONCE)]
    return np.concatenate([f for f, _ in found]), max((e for _, e in found), default=0.0)


def _three(units: list[Array], ends: list[Array]) -> tuple[Array, float]:
    with np.errstate(all="ignore"):
        fine, coarse = (_plackett(units, ends, nodes) for nodes in (32, 22))
    wrong = np.abs(fine - coarse)
    rough = ~(wrong <= CLOSE)  # NaN too
    error = float(wrong[~rough].max(initial=0.0)) + 2e-15
    if rough.any():
        fine[rough], own = _by_panels(units, [e[rough] for e in ends])
        error = max(error, own)
    return np.clip(fine, 0.0, 1.0), error


def _plackett(units: list[Array], ends: list[Array], nodes: int) -> Array:
    """The two most dependent directions as they are, the third brought in from independence."""
    pairs = ((0, 1), (0, 2), (1, 2))
    strongest = max(pairs, key=lambda pair: abs(angle(units[pair[0]], units[pair[1]])[0]))
    order = ({0, 1, 2} - {*strongest}).pop(), *strongest
    first, second, third = (units[k] for k in order)
    h, k, m = (ends[j] for j in order)
    a, b = angle(first, second)[0], angle(first, third)[0]
    c, sine = angle(second, third)
    points, weights = np.polynomial.legendre.leggauss(nodes)
    total = np.zeros(len(h))
    for t, w in zip((points + 1) / 2, weights / 2, strict=True):
        at, bt = t * a, t * b
        determinant = max((1 - c) * (1 + c) - at * at - bt * bt + 2 * at * bt * c, 0.0)
        for x, r, s, y, z in ((a, at, bt, k, m), (b, bt, at, m, k)):
            left = (1 - r) * (1 + r)
            inside = z - ((s - r * c) * h + (c - r * s) * y) / left
            density = np.exp(-(h * h - 2 * r * h * y + y * y) / (2 * left)) / (2 * np.pi * np.sqrt(left))
            total += w * x * density * cdf(inside / np.sqrt(determinant / left))
    return cdf(h) * two(k, m, c, sine) + total


def _by_panels(units: list[Array], ends: list[Array]) -> tuple[Array, float]:
    """The integral over one direction of what the other two do given it, in panels that end where it bends."""
    others = [max(abs(angle(units[k], units[j])[0]) for j in range(3) if j != k) for k in range(3)]
    first = int(np.argmin(others))
    rest = [k for k in range(3) if k != first]
    left, angles = given_line([units[k] for k in rest], units[first])
    cosine, sine = angle(left[0], left[1])
    top = np.clip(ends[first], -FAR, FAR)
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
