"""Probabilities of boxes under normal laws of more than three dimensions: a randomly shifted lattice (Genz 1992).

One dimension after the other is drawn within its interval given those before it; the weight of a point is the product
of the intervals' probabilities. Several independent shifts of the lattice tell the error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .._sample import random_key, uniform
from ._gaussian_space import Array
from ._normal_intervals import cdf, interval, quantile

if TYPE_CHECKING:
    from .._sample import PRNGKey

SHIFTS = 16
POINTS = 4096
"""Of a lattice, for few rows; fewer for many."""
FEWEST = 256
AT_ONCE = 1 << 19
"""Points of several rows that are weighed at a time."""
MOST = 1 << 27
"""Points over all rows and shifts that are weighed, before lattices get smaller."""
MOST_DIMENSIONS = 30
_PRIMES = np.array([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
                    103, 107, 109, 113])  # fmt: skip


@dataclass(frozen=True)
class Lattice:
    """Random shifts, which `key` decides: the same for every box, so that differences and ratios of them err alike."""

    key: PRNGKey | int

    def box(self, units: Sequence[Array], lows: Sequence[Array], highs: Sequence[Array]) -> tuple[Array, Array]:
        """P(low < unit @ z < high for every unit), and its standard error; shape (rows,) each."""
        rows = len(lows[0])
        # Narrow intervals first: the weights then spread less.
        widths = [float(np.mean(interval(low, high))) for low, high in zip(lows, highs, strict=True)]
        order = sorted(range(len(units)), key=widths.__getitem__)
        steps = _steps([units[k] for k in order])
        points = int(np.clip(MOST // max(rows * SHIFTS, 1), FEWEST, POINTS))
        shifts = uniform(random_key(self.key), 0, SHIFTS * MOST_DIMENSIONS).reshape(SHIFTS, MOST_DIMENSIONS)
        found = np.empty((SHIFTS, rows))
        chunk = max(AT_ONCE // points, 1)
        for s in range(SHIFTS):
            lattice = np.arange(1, points + 1)[:, None] * np.sqrt(_PRIMES) + shifts[s]
            folded = np.abs(2 * (lattice % 1.0) - 1)  # a periodic integrand, which lattices are best for
            for start in range(0, rows, chunk):
                part = slice(start, start + chunk)
                found[s, part] = _weigh(steps, [(lows[k][part], highs[k][part]) for k in order], folded)
        return found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(SHIFTS)


def _steps(units: Sequence[Array]) -> list[tuple[Array, float]]:
    """Each direction's coefficients on those drawn before it, and what it adds of its own (zero: nothing)."""
    basis: list[Array] = []
    found: list[tuple[Array, float]] = []
    for unit in units:
        past = np.array([b @ unit for b in basis])
        left = unit - sum((c * b for c, b in zip(past, basis, strict=True)), np.zeros_like(unit))
        left = left - sum(((b @ left) * b for b in basis), np.zeros_like(unit))
        own = float(np.linalg.norm(left))
        own = own if own > 1e-12 else 0.0
        if own:
            basis.append(left / own)
        found.append((past, own))
    return found


def _weigh(steps: Sequence[tuple[Array, float]], ends: Sequence[tuple[Array, Array]], points: Array) -> Array:
    """The mean weight of the points for each row."""
    shape = len(ends[0][0]), len(points)
    weight = np.ones(shape)
    drawn: list[Array] = []
    for (coefficients, own), (low, high) in zip(steps, ends, strict=True):
        past = np.zeros(shape)
        for c, z in zip(coefficients, drawn, strict=True):
            past += c * z
        if not own:  # those before it determine it
            weight = np.where((past >= low[:, None]) & (past <= high[:, None]), weight, 0.0)
            continue
        a, b = (low[:, None] - past) / own, (high[:, None] - past) / own
        # In the upper tail by its mirror image, which has digits left there.
        flip = a > 0
        below, above = cdf(np.where(flip, -b, a)), cdf(np.where(flip, -a, b))
        inside = np.maximum(above - below, 0.0)
        weight = weight * inside
        z = quantile(np.clip(below + points[:, len(drawn)] * inside, 1e-300, 1.0 - 1e-16))
        drawn.append(np.where(flip, -z, z))
    return weight.mean(axis=1)
