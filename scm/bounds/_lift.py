"""Lift and relax: a linear programme over products of the columns of all blocks, whose ends are outer ends.

The unknown is a joint law X of one column from each block. Were it the product of a law for each block, a polynomial
would be a linear function of it, and whatever is known of one block would hold in X after multiplying with any column
of the others (the reformulation-linearisation technique, Sherali & Adams 1990). All of that is kept, and only that X
is a product is not. Every row is homogeneous (`... >= 0`), so that a ratio needs no more than another normalisation
(Charnes & Cooper 1962).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ._apart import beside, known_of_part, part_read
from ._effort import Meter
from ._one import POSSIBLE
from ._polynomials import joint_limits, linear_rows, masses, reads
from ._programme import Array, Block, Polynomial, Programme
from ._sparse import Optimum, SparseRows, excess, least, stacked

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
        meter: what may be spent; one programme takes no more than half of what is left.
    """

    programme: Programme
    parts: dict[tuple[int, int], int] = field(default_factory=lambda: {})
    meter: Meter = field(default_factory=Meter)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many columns each block has."""
        return tuple(block.columns for block in self.programme.blocks)

    @cached_property
    def cells(self) -> int:
        """How many products of columns there are."""
        return int(np.prod(self.sizes))

    @cached_property
    def entries(self) -> int:
        """A forecast of how many entries the rows of `base` have."""
        total = len(joint_limits(self.programme)) * self.cells
        for b, block in enumerate(self.programme.blocks):
            own = int(np.count_nonzero(linear_rows(self.programme, b)[0])) + (len(masses(block)) - 1) * block.columns
            total += (own if block.apart is None else 2 * own) * (self.cells // block.columns)
        return total

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
            parts += self._of_parts(b, rows, low, high)
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

    def _of_parts(self, b: int, rows: Array, low: Array, high: Array) -> Iterator[SparseRows]:
        """What is known of the labels of one part, multiplied with the labels of the others."""
        block, equal = self.programme.blocks[b], low == high
        if block.apart is None:
            return
        groups = masses(block)
        known, ends = np.concatenate([rows[equal], groups]), np.concatenate([low[equal], np.ones(len(groups))])
        for part in range(len(block.apart)):
            told = [(row, value, value) for row, value in known_of_part(block, part, known, ends)]
            told += [x for x in zip(rows, low, high, strict=True) if part_read(block, x[0]) == part and x[1] < x[2]]
            for row, least_, most in told:
                for other in beside(block, part):
                    yield self._between([b], (row * other)[None], np.array([least_]), np.array([most]), other)

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

    def cut_rows(self, cuts: tuple[Cut, ...]) -> list[SparseRows]:
        """The rows of branches: `form - low >= 0` and `high - form >= 0`, beside every column of the others."""
        found: list[SparseRows] = []
        for cut in cuts:
            start, index, form, one = self._pattern(cut.block, cut.form)
            zeros, free = np.zeros(len(start) - 1), np.full(len(start) - 1, np.inf)
            found.append(SparseRows(start, index, form - cut.low * one, zeros, free))
            found.append(SparseRows(start, index, cut.high * one - form, zeros, free))
        return found

    def _pattern(self, b: int, form: int) -> tuple[NDArray[np.int32], NDArray[np.int32], Array, Array]:
        """The rows of a form beside every column of the others, and those of one; remembered.

        Beside the columns of other blocks and, for the label of a part, the labels of the other parts.
        """
        if (b, form) not in self._patterns:
            block, part = self.programme.blocks[b], self.parts.get((b, form))
            others = self.ones[b][None, :] if part is None else beside(block, part)
            row = block.forms[form]
            # Adding a number that no form takes keeps entries where the two would cancel.
            both = [
                self.spread([b], (x * others), np.zeros(len(others), dtype=bool)) for x in (row + 2.0, 1.0 + 0.0 * row)
            ]
            first, second = both
            self._patterns[b, form] = first.start, first.index, first.value - 2.0 * second.value, second.value
        return self._patterns[b, form]

    @cached_property
    def _patterns(self) -> dict[tuple[int, int], tuple[NDArray[np.int32], NDArray[np.int32], Array, Array]]:
        return {}

    def least(self, above: Array, below: Array | None, cuts: tuple[Cut, ...], meter: Meter | None = None) -> Bound:
        """The least `above X / below X` over the relaxation, with what is proved of it.

        Args:
            above: shape (cells,).
            below: shape (cells,); None for one.
            cuts: branches.
            meter: what may be spent; None for that of all.
        """
        rows = stacked([self.base, *self.cut_rows(cuts)])
        scale = self.mass if below is None else below
        index = np.flatnonzero(scale)
        one = SparseRows(
            np.array([0, len(index)], dtype=np.int32), index.astype(np.int32), scale[index], np.ones(1), np.ones(1)
        )
        meter, known = (self.meter if meter is None else meter).part(0.5), stacked([rows, one])
        found = least(above, known, meter)
        if found.status == "infeasible" and not found.multipliers.any():
            found = replace(found, multipliers=excess(known, self.cells, meter).multipliers)
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
