"""Probabilities of boxes under normal laws of one, two and three dimensions, for many boxes under one law."""

from __future__ import annotations

import numpy as np

from ._gaussian_space import Array

FAR = 9.0
"""A standard normal is beyond this with probability 1e-19."""


def cdf(x: Array) -> Array:
    """The standard normal law's distribution function."""
    from scipy.special import ndtr  # scipy is loaded where a probability is wanted

    return ndtr(x)


def interval(low: Array, high: Array) -> Array:
    """P(low < t < high), exact in both tails."""
    flip = low > 0
    return np.maximum(cdf(np.where(flip, -low, high)) - cdf(np.where(flip, -high, low)), 0.0)


def two(h: Array, k: Array, correlation: float, root: float) -> Array:
    """P(s < h, t < k) of two standard normals, by Owen's T function (Owen 1956).

    Args:
        h, k: shape (rows,); infinite where there is no end.
        correlation: of s and t.
        root: sqrt(1 - correlation^2), by itself so that it is exact near one.
    """
    from scipy.special import owens_t

    if root == 0:
        both = np.minimum(cdf(h), cdf(k)) if correlation > 0 else cdf(h) - cdf(-k)
        return np.maximum(both, 0.0)
    finite = np.isfinite(h) & np.isfinite(k)
    a, b = np.where(finite, h, 1.0), np.where(finite, k, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope_a = np.where(a == 0, np.sign(b) * np.inf, (b - correlation * a) / (a * root))
        slope_b = np.where(b == 0, np.sign(a) * np.inf, (a - correlation * b) / (b * root))
    opposite = (a * b < 0) | ((a * b == 0) & (a + b < 0))
    found = (cdf(a) + cdf(b)) / 2 - owens_t(a, slope_a) - owens_t(b, slope_b) - np.where(opposite, 0.5, 0.0)
    found = np.where((a == 0) & (b == 0), 0.25 + np.arctan2(correlation, root) / (2 * np.pi), found)
    # One end is infinite: all of the other margin, or nothing.
    found = np.where(finite, found, np.minimum(cdf(h), cdf(k)))
    return np.clip(found, 0.0, np.minimum(cdf(h), cdf(k)))
