"""Intervals of the standard normal law: probabilities and moments, exact in both tails."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from ._gaussian_space import Array


def special() -> Any:
    """SciPy, loaded where a probability is wanted; it has no types."""
    import importlib

    return importlib.import_module("scipy.special")


def cdf(x: Array) -> Array:
    """The standard normal law's distribution function."""
    return cast(Array, special().ndtr(x))


def quantile(p: Array) -> Array:
    """The value with probability `p` below it."""
    return cast(Array, special().ndtri(p))


def interval(low: Array, high: Array) -> Array:
    """P(low < t < high) of a standard normal, exact in both tails."""
    flip = low > 0
    return np.maximum(cdf(np.where(flip, -low, high)) - cdf(np.where(flip, -high, low)), 0.0)


def scaled_moments(low: Array, high: Array, shift: Array, degree: int) -> list[Array]:
    """Integrals of `t^k exp(shift) density(t)` from `low` to `high`, for k up to `degree`.

    Args:
        low: shape (rows,); it may be infinite.
        high: likewise.
        shift: at most half the square of the point of the interval that is nearest to zero, so that nothing underflows
            where only the ratio of two such integrals matters.
        degree: of the highest moment.
    """
    if np.isneginf(low).all() and np.isposinf(high).all() and not shift.any():
        return [np.full(len(low), _moment(k)) for k in range(degree + 1)]
    flip = (low + high > 0) & (low > 0)
    mirrored = ~flip & (high < 0)
    near, far = np.where(mirrored, -high, low), np.where(mirrored, -low, high)  # 0 < near < far in a tail
    tail = flip | mirrored
    a, b = np.where(tail, near, 1.0), np.where(tail, far, 2.0)
    erfcx = special().erfcx
    with np.errstate(over="ignore", invalid="ignore"):
        drop = np.exp(np.where(np.isinf(b), -np.inf, (a - b) * (a + b) / 2))
        outer = np.where(np.isinf(b), 0.0, erfcx(np.where(np.isinf(b), 1.0, b) / np.sqrt(2)))
        inside = erfcx(a / np.sqrt(2)) - drop * outer
        in_tail = 0.5 * np.exp(np.where(tail, shift - a * a / 2, 0.0)) * inside
    found = [np.maximum(np.where(tail, in_tail, interval(low, high)), 0.0)]
    ends = [_density(low, shift), _density(high, shift)]
    if degree >= 1:
        width = np.where(np.isinf(a) | np.isinf(b), np.inf, (b - a) * (b + a) / 2)
        by_tail = -_density(a, shift) * np.expm1(-width) * np.where(mirrored, -1.0, 1.0)
        found.append(np.where(tail, by_tail, ends[0] - ends[1]))
    at = [np.where(np.isinf(x), 0.0, x) for x in (low, high)]
    for k in range(2, degree + 1):
        found.append((k - 1) * found[k - 2] + at[0] ** (k - 1) * ends[0] - at[1] ** (k - 1) * ends[1])
    return found


def _moment(k: int) -> float:
    return 0.0 if k % 2 else float(np.prod(np.arange(1, k, 2), dtype=float))


def _density(x: Array, shift: Array) -> Array:
    """The standard normal density times exp(shift)."""
    with np.errstate(over="ignore"):
        return np.exp(shift - x * x / 2) / np.sqrt(2 * np.pi)
