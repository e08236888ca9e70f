"""Sums over weighted draws, and what they say: a ratio, its standard error, and whether either can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEAST_SIZE = 100.0
"""Effective sample size below which a run is refused."""
LARGEST_SHARE = 0.05
"""Share of the whole weight that no single draw may have."""
LARGEST_UNSEEN = 0.1
"""Share of the whole weight that what was not drawn may have: else a rare cause that explains the evidence far better
than all that was drawn could hide."""
MISSED = 3.0
"""Events that could be missed by all draws: the rule of three (Hanley & Lippman-Hand 1983)."""
ROUNDING = 1e-20
"""Relative variances below this are rounding."""


@dataclass(frozen=True)
class Moments:
    """Sums over the draws of each row, weights scaled by the largest so far.

    Attributes:
        draws: shape (rows,).
        top: logarithm of the scale of the weights; minus infinity where every weight is zero.
        weight, square, peak: sum, sum of squares and largest of the weights; shape (rows,).
        value, value_square, cross: sums of the weighted values, of their squares, and of their products with the
            weights; shape (cells, rows).
    """

    draws: NDArray[np.intp]
    top: Array
    weight: Array
    square: Array
    peak: Array
    value: Array
    value_square: Array
    cross: Array

    @staticmethod
    def none(cells: int, rows: int) -> Moments:
        """Before any draw."""
        zeros, many = np.zeros((3, rows)), np.zeros((3, cells, rows))
        return Moments(np.zeros(rows, dtype=np.intp), np.full(rows, -np.inf), *zeros, *many)

    @staticmethod
    def of(scale: Array, weight: Array, value: Array) -> Moments:
        """From draws.

        Args:
            scale: logarithm of a factor of each draw's weight, shape (rows, draws).
            weight: the rest of the weight, shape (rows, draws).
            value: that times what is asked, shape (cells, rows, draws).
        """
        scale = np.where(weight > 0, scale, -np.inf)
        top = scale.max(axis=1)
        with np.errstate(invalid="ignore"):
            factor = np.where(scale > -np.inf, np.exp(scale - np.where(top > -np.inf, top, 0.0)[:, None]), 0.0)
        w, v = weight * factor, value * factor
        return Moments(
            np.full(len(top), scale.shape[1], dtype=np.intp),
            top,
            w.sum(axis=1),
            (w * w).sum(axis=1),
            w.max(axis=1),
            v.sum(axis=2),
            (v * v).sum(axis=2),
            (v * w).sum(axis=2),
        )

    def plus(self, other: Moments) -> Moments:
        """The sums over both."""
        top = np.maximum(self.top, other.top)
        finite = np.where(top > -np.inf, top, 0.0)
        a, b = np.exp(self.top - finite), np.exp(other.top - finite)
        return Moments(
            self.draws + other.draws,
            top,
            self.weight * a + other.weight * b,
            self.square * a**2 + other.square * b**2,
            np.maximum(self.peak * a, other.peak * b),
            self.value * a + other.value * b,
            self.value_square * a**2 + other.value_square * b**2,
            self.cross * a**2 + other.cross * b**2,
        )

    def rows(self, at: NDArray[np.intp]) -> Moments:
        """The sums of some rows."""
        return Moments(
            self.draws[at],
            self.top[at],
            self.weight[at],
            self.square[at],
            self.peak[at],
            self.value[:, at],
            self.value_square[:, at],
            self.cross[:, at],
        )

    def put(self, at: NDArray[np.intp], other: Moments) -> None:
        """Replace the sums of some rows."""
        for name in ("draws", "top", "weight", "square", "peak", "value", "value_square", "cross"):
            getattr(self, name)[..., at] = getattr(other, name)

    @property
    def estimate(self) -> Array:
        """Weighted mean; shape (cells, rows), NaN where every weight is zero."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.weight > 0, self.value / self.weight, np.nan)

    @property
    def effective_size(self) -> Array:
        """Kish's effective sample size of each row."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.square > 0, self.weight**2 / self.square, 0.0)

    def unseen(self, most: float) -> Array:
        """The share that the weight of what was not drawn could have, beside that of what was, in each row.

        What `draws` independent draws all miss has a probability below 3 / draws (at 95%); `most` is the logarithm of
        the largest weight there can be.
        """
        with np.errstate(divide="ignore", over="ignore"):
            return MISSED * np.exp(most - self.top - np.log(self.weight))

    def error(self, spread: float) -> Array:
        """Standard error of `estimate` by the delta method (a ratio of two means); shape (cells, rows).

        Where all draws say the same, the next might not: then as if two more draws of `effective_size + 4` had said
        otherwise (Agresti & Coull 1998), by `spread`, the most that two values can differ.
        """
        mean, size = self.estimate, np.maximum(self.effective_size, 1.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            variance = (self.value_square - 2 * mean * self.cross + mean**2 * self.square) / self.weight**2
            largest = self.value_square / self.weight**2 + mean**2 / size
            variance = np.where(variance > 1e-12 * largest, variance, 0.0)
            variance *= self.draws / np.maximum(self.draws - 1, 1)
        share = 2 / (size + 4)
        floor = spread**2 * share * (1 - share) / (size + 4)
        return np.sqrt(np.where(variance > ROUNDING * spread**2, variance, floor))
