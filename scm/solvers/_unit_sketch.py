"""Quantiles of numbers that come in batches and are not kept: sorted samples of equal weight, merged two by two.

Munro & Paterson (1980): two samples of one weight, merged and every other number of them kept, are one of twice the
weight. Each merge moves a rank by at most the weight, so the error of a rank is known, not estimated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = 1 << 16
"""Numbers in a sample; so many, or fewer in all, are kept whole and the quantiles are exact."""

Array = NDArray[np.float64]


@dataclass
class Sketch:
    """Numbers seen so far.

    Attributes:
        waiting: those not yet in a sample.
        levels: a sorted sample of weight 2**level, or None.
        count: how many were seen.
        error: how far a rank may be off, in numbers.
    """

    waiting: list[Array] = field(default_factory=lambda: [])
    levels: list[Array | None] = field(default_factory=lambda: [])
    count: int = 0
    error: float = 0.0
    turn: int = 0

    def add(self, values: NDArray[Any]) -> None:
        """See some more."""
        self.count += len(values)
        self.waiting.append(values.astype(np.float64))
        if sum(map(len, self.waiting)) < SIZE:
            return
        together = np.concatenate(self.waiting)
        whole = len(together) // SIZE * SIZE
        for start in range(0, whole, SIZE):
            self._carry(np.sort(together[start : start + SIZE]), 0)
        self.waiting = [together[whole:]]

    def _carry(self, sample: Array, level: int) -> None:
        while len(self.levels) <= level:
            self.levels.append(None)
        other = self.levels[level]
        if other is None:
            self.levels[level] = sample
            return
        self.levels[level] = None
        # Odd and even places by turns, so that errors do not add up in one direction.
        self.turn = 1 - self.turn
        self.error += 2.0**level
        self._carry(np.sort(np.concatenate([other, sample]))[self.turn :: 2], level + 1)

    def quantiles(self, shares: Sequence[float]) -> Array:
        """The numbers below which the shares lie; NaN where nothing was seen."""
        if not self.count:
            return np.full(len(shares), np.nan)
        parts = [(np.concatenate(self.waiting), 1.0)] if self.waiting else []
        parts += [(sample, 2.0**k) for k, sample in enumerate(self.levels) if sample is not None]
        values = np.concatenate([sample for sample, _ in parts])
        if not self.error and all(weight == 1.0 for _, weight in parts):
            return np.quantile(values, shares)
        order = np.argsort(values)
        ranks = np.cumsum(np.concatenate([np.full(len(sample), weight) for sample, weight in parts])[order])
        return np.interp(np.asarray(shares) * (self.count - 1) + 1, ranks, values[order])
