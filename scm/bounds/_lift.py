"""Lift and relax: a linear programme over products of the columns of all blocks, whose ends are outer ends.

The unknown is a joint law X of one column from each block. Were it the product of a law for each block, a polynomial
would be a linear function of it, and whatever is known of one block would hold in X after multiplying with any column
of the others (the reformulation-linearisation technique, Sherali & Adams 1990). All of that is kept, and only that X
is a product is not. Every row is homogeneous (`... >= 0`), so that a ratio needs no more than another normalisation
(Charnes & Cooper 1962).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ._apart import beside, part_read
from ._one import POSSIBLE
from ._polynomials import joint_limits, linear_rows, masses, reads
from ._programme import Array, Block, Polynomial, Programme
from ._sparse import Optimum, SparseRows, least, stacked

# What is known is itself rounded: a multiplier counts as if its row could be missed by this much.
_ROW_ROUNDING = 1e-14


@dataclass(frozen=True, slots=True)
class Cut:
    """A linear form of a block lies between two numbers: what branching adds.

    Attributes:
        block, form: which; `form` is a row of `Block.forms`.
        low, high: the ends.
    """

    block: int
    form: int
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Lift:
    """The relaxation of a programme.

    Attributes:
        programme: what is relaxed.
        parts: forms that are the probability of a label of a part of a block, and the part.
    """

    programme: Programme
    parts: dict[tuple[int, int], int] = field(default_factory=lambda: {})

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many columns each block has."""
        return tuple(block.columns for block in self.programme.blocks)

    @cached_property
    def cells(self) -> int:
        """How many products of columns there are."""
        return int(np.prod(self.sizes))

    @cached_property
    def ones(self) -> tuple[Array, ...]:
        """For each block a linear form that is one: the weights of its first group; shape (columns,) each."""
        return tuple(masses(block)[0] for block in self.programme.blocks)

    def cost(self, polynomial: Polynomial) -> Array:
        """The polynomial as a linear function of X, shape (cells,)."""
        total = np.zeros(self.sizes)
        for weight, factors in zip(polynomial.weights, polynomial.factors, strict=True):
            total += weight * self._product(factors, range(len(self.sizes)))
        return total.ravel()

    def _product(self, factors: NDArray[np.intp], blocks: range | list[int]) -> Array:
        product = np.ones(())
        for b in blocks:
            form = self.programme.blocks[b].forms[factors[b]] if factors[b] >= 0 else self.ones[b]
            product = np.multiply.outer(product, form)
        return product

    @cached_property
    def mass(self) -> Array:
        """The linear function of X that is one, shape (cells,)."""
        return self._product(np.full(len(self.sizes), -1), range(len(self.sizes))).ravel()

    @cached_property
    def classes(self) -> NDArray[np.intp]:
        """Which cells add up to one together (a group of each block), shape (cells,)."""
        classes = np.zeros((), dtype=np.intp)
        for block in self.programme.blocks:
            _, group = np.unique(block.groups, return_inverse=True)
            classes = np.add.outer(classes * (group.max() + 1), group.ravel())
        return classes.ravel()

    def spread(self, over: list[int], rows: Array, equal: NDArray[np.bool_]) -> SparseRows:
        """Rows `rows @ (product of laws of some blocks) >= 0` (or = 0), multiplied by each column of the others.

        Args:
            over: the positions of these blocks, in order.
            rows: shape (rows, *columns of these blocks).
            equal: which are equations, shape (rows,).
        """
        positions = np.arange(self.cells).reshape(self.sizes)
        others = [b for b in range(len(self.sizes)) if b not in over]
        width = int(np.prod([self.sizes[b] for b in over]))
        table = positions.transpose(others + over).reshape(-1, width)
        parts: list[SparseRows] = []
        for row, is_equal in zip(rows.reshape(len(rows), width), equal, strict=True):
            read = np.flatnonzero(row)
            count = len(table)
            parts.append(
                SparseRows(
                    np.arange(count + 1, dtype=np.int32) * len(read),
                    table[:, read].ravel().astype(np.int32),
                    np.tile(row[read], count),
                    np.zeros(count),
                    np.zeros(count) if is_equal else np.full(count, np.inf),
                )
            )
        return stacked(parts)

    @cached_property
    def base(self) -> SparseRows:
        """Everything known, as rows over X."""
        parts: list[SparseRows] = []
        for b, block in enumerate(self.programme.blocks):
            groups = masses(block)
            same = groups[1:] - groups[0]
            parts.append(self.spread([b], same, np.ones(len(same), dtype=bool)))
            rows, low, high, _ = linear_rows(self.programme, b)
            parts.append(self._between([b], rows, low, high))
            for row, least_, most in zip(rows, low, high, strict=True):
                if (part := part_read(block, row)) is not None:
                    parts.append(self._beside(b, part, row, least_, most))
        for limit in joint_limits(self.programme):
            over = sorted(reads(limit.polynomial))
            row = sum(
                (
                    w * self._product(f, over)
                    for w, f in zip(limit.polynomial.weights, limit.polynomial.factors, strict=True)
                ),
                start=np.zeros(()),
            )
            parts.append(self._between(over, row[None], np.array([limit.low]), np.array([limit.high])))
        return stacked(parts)

    def _beside(self, b: int, part: int, row: Array, low: float, high: float) -> SparseRows:
        """A limit on the labels of one part of a block, multiplied with those of the others."""
        return stacked(
            [
                self._between([b], (row * other)[None], np.array([low]), np.array([high]), other)
                for other in beside(self.programme.blocks[b], part)
            ]
        )

    def _between(self, over: list[int], rows: Array, low: Array, high: Array, one: Array | None = None) -> SparseRows:
        """`low <= rows @ (product of laws) / one <= high`, made homogeneous and spread."""
        one = self._product(np.full(len(self.sizes), -1), over) if one is None else one
        shaped = (len(rows),) + (1,) * one.ndim
        equal = low == high
        at_least, at_most = np.isfinite(low), np.isfinite(high) & ~equal
        above = (rows - np.where(at_least, low, 0.0).reshape(shaped) * one)[at_least]
        below = (np.where(at_most, high, 0.0).reshape(shaped) * one - rows)[at_most]
        kinds = np.concatenate([equal[at_least], np.zeros(len(below), dtype=bool)])
        return self.spread(over, np.concatenate([above, below]), kinds)

    def cut_rows(self, cuts: tuple[Cut, ...]) -> SparseRows:
        """The rows of branches."""
        return stacked([self._cut(cut) for cut in cuts])

    def _cut(self, cut: Cut) -> SparseRows:
        row, part = self.programme.blocks[cut.block].forms[cut.form], self.parts.get((cut.block, cut.form))
        if part is not None:
            return self._beside(cut.block, part, row, cut.low, cut.high)
        return self._between([cut.block], row[None], np.array([cut.low]), np.array([cut.high]))

    def least(
        self, above: Array, below: Array | None, cuts: tuple[Cut, ...], extra: tuple[SparseRows, ...] = ()
    ) -> Bound:
        """The least `above X / below X` over the relaxation, with what is proved of it.

        Args:
            above: shape (cells,).
            below: shape (cells,); None for one.
            cuts: branches.
            extra: further rows.
        """
        rows = stacked([self.base, self.cut_rows(cuts), *extra])
        scale = self.mass if below is None else below
        index = np.flatnonzero(scale)
        one = SparseRows(
            np.array([0, len(index)], dtype=np.int32), index.astype(np.int32), scale[index], np.ones(1), np.ones(1)
        )
        found = least(above, stacked([rows, one]))
        return self._proved(above, below, rows, found)

    def _proved(self, above: Array, below: Array | None, rows: SparseRows, found: Optimum) -> Bound:
        if found.status == "infeasible":
            empty = self._empty(below, rows, found.multipliers) or self._empty(below, rows, -found.multipliers)
            return Bound(np.inf if empty else -np.inf, None)
        if found.status != "optimal":
            return Bound(-np.inf, None)
        ray = _right_signs(rows, found.multipliers[:-1])
        turned = rows.turned(ray, self.cells)
        slack = _ROW_ROUNDING * float(np.abs(ray).sum())
        if below is None:
            return Bound(self._surely(above - turned) - slack, found.x)
        return Bound(self._ratio(above - turned, below, found.multipliers[-1], slack), found.x)

    def _empty(self, below: Array | None, rows: SparseRows, multipliers: Array) -> bool:
        """Whether multipliers prove that no X meets the rows, or none with `below` above `POSSIBLE` (Farkas)."""
        size = float(np.abs(multipliers).max(initial=0.0)) or 1.0
        ray, last = _right_signs(rows, multipliers[:-1] / size), float(multipliers[-1] / size)
        slack = _ROW_ROUNDING * float(np.abs(ray).sum())
        left = -rows.turned(ray, self.cells)
        if below is None:
            return self._surely(left) > slack
        return last > 0 and slack - self._surely(left - last * below) < POSSIBLE * last

    def _surely(self, cost: Array) -> float:
        """What a cost is at least, whatever the rows: cells of a class add up to one."""
        floor = np.full(int(self.classes.max()) + 1, np.inf)
        np.minimum.at(floor, self.classes, cost)
        return float(floor.sum()) - 1e-15 * len(floor) * float(np.abs(cost).max(initial=0.0))

    def _ratio(self, rest: Array, below: Array, ratio: float, slack: float) -> float:
        """The largest number near `ratio` for which `rest - number * below` is surely not negative."""
        short = self._surely(rest - ratio * below) - slack
        return ratio + min(short, 0.0) / max(self.least_of(below), POSSIBLE)

    def least_of(self, cost: Array) -> float:
        """What a cost is at least over the relaxation, proved; remembered."""
        key = cost.tobytes()
        if key not in self._remembered:
            self._remembered[key] = self.least(cost, None, ()).value
        return self._remembered[key]

    @cached_property
    def _remembered(self) -> dict[bytes, float]:
        return {}

    def laws_of(self, x: Array) -> tuple[Array, ...]:
        """The law of each block in X, the others added up."""
        joint, laws = x.reshape(self.sizes), list[Array]()
        for b, block in enumerate(self.programme.blocks):
            law = joint
            for other in reversed(range(len(self.sizes))):
                if other != b:
                    law = np.tensordot(law, self.ones[other], axes=(other, 0))
            laws.append(as_law(block, law))
        return tuple(laws)


@dataclass(frozen=True, eq=False)
class Bound:
    """What a relaxation says.

    Attributes:
        value: no law within the limits and cuts has less: infinite where there is none, -infinite where nothing was
            proved.
        x: where the relaxation is least, shape (cells,), in any scale; None where it found nothing.
    """

    value: float
    x: Array | None


def as_law(block: Block, weights: Array) -> Array:
    """Weights made into a law: nothing negative, each group adds up to one."""
    positive = np.maximum(weights, 0.0)
    groups = masses(block)
    total = groups @ positive
    even = groups.T @ (1.0 / groups.sum(axis=1))
    whole = groups.T @ total
    return np.where(whole > 0, positive / np.where(whole > 0, whole, 1.0), even)


def _right_signs(rows: SparseRows, multipliers: Array) -> Array:
    """Multipliers of `>= 0` rows that are not negative."""
    return np.where(np.isinf(rows.high), np.maximum(multipliers, 0.0), multipliers)
