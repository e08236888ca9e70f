"""What ties blocks and parts together: limits on several blocks, and independence; with their slopes, all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._apart import pairs
from ._polynomials import joint_limits
from ._programme import Array, Block, Programme


@dataclass(frozen=True, eq=False)
class Pairs:
    """Labels of a block that must be independent: forms of both, the one and the other, shape (pairs, columns)."""

    block: int
    both: Array
    one: Array
    other: Array

    def missed(self, law: Array) -> Array:
        """P(i, k) - P(i) P(k), shape (pairs,)."""
        return self.both @ law - (self.one @ law) * (self.other @ law)

    def slopes(self, law: Array) -> Array:
        """How that changes with each weight of the law, shape (pairs, columns)."""
        return self.both - (self.one @ law)[:, None] * self.other - (self.other @ law)[:, None] * self.one


@dataclass(frozen=True, eq=False)
class Ties:
    """What ties the blocks of a programme together.

    Attributes:
        blocks: of the programme.
        weights, factors: the terms of all limits on several blocks.
        of: the limit of each term.
        low, high: of each limit.
        pairs: labels that must be independent.
    """

    blocks: tuple[Block, ...]
    weights: Array
    factors: NDArray[np.intp]
    of: NDArray[np.intp]
    low: Array
    high: Array
    pairs: tuple[Pairs, ...]

    @classmethod
    def of_programme(cls, programme: Programme) -> Ties:
        """Those of a programme."""
        limits, blocks = joint_limits(programme), programme.blocks
        sizes = [len(limit.polynomial.weights) for limit in limits]
        found = [(b, list(pairs(block))) for b, block in enumerate(blocks)]
        return cls(
            blocks,
            np.concatenate([np.zeros(0), *(limit.polynomial.weights for limit in limits)]),
            np.concatenate([np.zeros((0, len(blocks)), np.intp), *(limit.polynomial.factors for limit in limits)]),
            np.repeat(np.arange(len(limits)), sizes),
            np.array([limit.low for limit in limits], dtype=float),
            np.array([limit.high for limit in limits], dtype=float),
            tuple(Pairs(b, *(np.array(forms) for forms in zip(*own, strict=True))) for b, own in found if own),
        )

    @property
    def count(self) -> int:
        """How many limits and pairs there are."""
        return len(self.low) + sum(len(pair.both) for pair in self.pairs)

    def _factors(self, laws: tuple[Array, ...]) -> Array:
        """What each block gives to each term, shape (terms, blocks)."""
        found = np.ones(self.factors.shape)
        for b, (block, law) in enumerate(zip(self.blocks, laws, strict=True)):
            read = self.factors[:, b] >= 0
            found[read, b] = (block.forms @ law)[self.factors[read, b]]
        return found

    def values(self, laws: tuple[Array, ...]) -> Array:
        """The limits' polynomials, shape (limits,)."""
        terms = self.weights * self._factors(laws).prod(axis=1)
        return np.asarray(np.bincount(self.of, weights=terms, minlength=len(self.low)), dtype=float)

    def missed(self, laws: tuple[Array, ...]) -> float:
        """By how much laws miss them, added up."""
        values = self.values(laws)
        total = np.maximum(np.maximum(self.low - values, values - self.high), 0.0).sum()
        return float(total + sum(np.abs(pair.missed(laws[pair.block])).sum() for pair in self.pairs))

    def linear(self, laws: tuple[Array, ...]) -> tuple[Array, Array]:
        """The ties as linear rows near some laws: shape (ties, columns of all blocks), and their ends (ties, 2)."""
        start = np.cumsum([0, *(len(law) for law in laws)])
        rows, ends = np.zeros((self.count, start[-1])), np.zeros((self.count, 2))
        given, now = self._factors(laws), np.concatenate(laws)
        limits = len(self.low)
        for b, block in enumerate(self.blocks):
            read = np.flatnonzero(self.factors[:, b] >= 0)
            rest = self.weights[read] * np.delete(given[read], b, axis=1).prod(axis=1)
            at = self.of[read] * len(block.forms) + self.factors[read, b]
            each = np.bincount(at, weights=rest, minlength=limits * len(block.forms))
            rows[:limits, start[b] : start[b + 1]] = each.reshape(limits, len(block.forms)) @ block.forms
        shift = rows[:limits] @ now - self.values(laws)
        ends[:limits] = np.stack([self.low + shift, self.high + shift], axis=1)
        first = limits
        for pair in self.pairs:
            own, law, last = slice(start[pair.block], start[pair.block + 1]), laws[pair.block], first + len(pair.both)
            rows[first:last, own] = pair.slopes(law)
            ends[first:last] = (rows[first:last, own] @ law - pair.missed(law))[:, None]
            first = last
        return rows, ends
