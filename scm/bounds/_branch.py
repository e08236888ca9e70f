"""One end of the interval by branch and bound: relaxations prove the outer end, descents find the inner one."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from ._apart import beside, branching
from ._crude import crude
from ._effort import Effort, Meter
from ._inner import ATTAINED, Descent
from ._lift import Cut, Lift
from ._polynomials import is_linear, masses
from ._programme import Array, End, Polynomial, Programme

# Where the joint law of a relaxation is this close to a product, no branch makes it closer.
_PRODUCT = 1e-11
# The share of what may be spent that descents may take.
_DESCENTS = 0.4


@dataclass(eq=False)
class Search:
    """A search for the least `sign * query`; its state is the best laws so far and what was spent.

    Attributes:
        lift: the relaxation.
        sign: 1 for the lower end, -1 for the upper.
        effort: when to stop.
        meter: what may be spent.
        laws: the best laws found.
        best: their value, in the sign of the search; infinite while there are none.
        spent: relaxations and descents so far.
    """

    lift: Lift
    sign: float
    effort: Effort
    meter: Meter
    laws: tuple[Array, ...] | None = None
    best: float = np.inf
    spent: dict[str, float] = field(default_factory=lambda: {"relaxations": 0.0, "descents": 0.0})

    def __post_init__(self) -> None:
        self.descent = Descent(self.programme, self.sign, self.meter.part(_DESCENTS))
        self.parts = parts_of(self.lift, self.sign)
        self.forms = forms_that_multiply(self.programme) + branching(self.programme, self.lift.parts)

    @property
    def programme(self) -> Programme:
        """What is searched."""
        return self.lift.programme

    def run(self) -> End | None:
        """The end; None where no law meets the limits."""
        floor = self.programme.floor if self.sign > 0 else -self.programme.ceiling
        root: tuple[Cut, ...] = ()
        value, x = self._bound(root)
        if value < np.inf and (root := self._root()):
            value, x = self._bound(root)
        if np.isinf(value) and value > 0:
            return None
        if np.isinf(value):  # the solver gave up
            floor = max(floor, min(self.sign * end for end in crude(self.programme)))
        self._start(max(value, floor), x)
        heap: list[tuple[float, int, tuple[Cut, ...], Array | None]] = [(max(value, floor), 0, root, x)]
        proved = np.inf
        count = 1
        while heap and heap[0][0] < self.best - self.effort.tolerance / 4 and self._may_go_on(count):
            value, _, cuts, x = heapq.heappop(heap)
            split = self._split(cuts, x)
            if split is None:
                proved = min(proved, value)
                continue
            for cut in split:
                below, inside = self._bound((*_others(cuts, cut), cut))
                if below < np.inf:
                    self._look(inside, count)
                    heapq.heappush(heap, (max(value, below), count, (*_others(cuts, cut), cut), inside))
                count += 1
        outer = min(proved, heap[0][0]) if heap else proved
        return self._end(outer)

    def _root(self) -> tuple[Cut, ...]:
        """The ranges of the labels of parts that are independent, with which their products are relaxed at first."""
        return tuple(Cut(b, form, *self._range((), b, form)) for b, form in branching(self.programme, self.lift.parts))

    def _end(self, outer: float) -> End | None:
        if np.isinf(outer) and outer > 0 and self.laws is None:
            return None
        outer = min(outer, self.best)
        floor = self.programme.floor if self.sign > 0 else -self.programme.ceiling
        inner = self.sign * max(self.best, floor) if self.laws is not None else np.nan
        return End(self.sign * max(outer, floor) + 0.0, inner, self.laws)

    def _may_go_on(self, count: int) -> bool:
        return count < self.effort.branches and not self.meter.over

    def _bound(self, cuts: tuple[Cut, ...]) -> tuple[float, Array | None]:
        """What the query is at least within the cuts, and where the relaxation of its first part is least."""
        total, where = 0.0, None
        for above, below in self.parts:
            found = self.lift.least(above, below, cuts, self.meter)
            self.spent["relaxations"] += 1
            total, where = total + found.value, where if where is not None else found.x
            if np.isinf(found.value):
                break
        return total, where

    def _split(self, cuts: tuple[Cut, ...], x: Array | None) -> tuple[Cut, Cut] | None:
        """Two halves of the range of the form that is furthest from being multiplied as in a product."""
        best, chosen = _PRODUCT, None
        joint = None if x is None else self._joint(x)
        for b, form in self.forms:
            low, high = self._range(cuts, b, form)
            far, mean = (high - low, (low + high) / 2) if joint is None else self._apart(joint, b, form)
            if far > best and high - low > 1e-9:
                best, chosen = far, (b, form, low, high, mean)
        if chosen is None:
            return None
        b, form, low, high, mean = chosen
        at = float(np.clip(0.75 * mean + 0.125 * (low + high), low + 0.1 * (high - low), high - 0.1 * (high - low)))
        return Cut(b, form, low, at), Cut(b, form, at, high)

    def _joint(self, x: Array) -> Array:
        return (x / (float(self.lift.mass @ x) or 1.0)).reshape(self.lift.sizes)

    def _apart(self, joint: Array, b: int, form: int) -> tuple[float, float]:
        """How much the form moves with the columns of the other blocks, and its mean."""
        turned = np.moveaxis(joint, b, 0).reshape(self.lift.sizes[b], -1)
        block, part = self.programme.blocks[b], self.lift.parts.get((b, form))
        others = self.lift.ones[b][None, :] if part is None else beside(block, part)
        weights, values = others @ turned, (others * block.forms[form]) @ turned
        mean = float(values.sum() / (weights.sum() or 1.0))
        return float(np.abs(values - mean * weights).sum()), mean

    def _range(self, cuts: tuple[Cut, ...], b: int, form: int) -> tuple[float, float]:
        for cut in cuts:
            if (cut.block, cut.form) == (b, form):
                return cut.low, cut.high
        cost = self.lift.cost(_only(self.programme, b, form))
        low, high = self.lift.least_of(cost), -self.lift.least_of(-cost)
        if np.isfinite(low) and np.isfinite(high):
            return low, high
        block = self.programme.blocks[b]  # the solver gave up: groups add up to one each
        sides = masses(block) * block.forms[form]
        return float(sides.min(axis=1).sum()), float(sides.max(axis=1).sum())

    def _start(self, bound: float, x: Array | None) -> None:
        """Descents from what the first relaxation suggests and, if they do not meet it, from random laws."""
        self._look(x, 1)
        key = np.random.default_rng(self.effort.seed)
        for _ in range(self.effort.starts):
            if self.best - bound <= self.effort.tolerance / 4 or self.descent.meter.over:
                break
            self._descend(self.descent.anywhere(key))

    def _look(self, x: Array | None, count: int) -> None:
        """A descent from the laws in a relaxation, where that promises something."""
        if x is None:
            return
        laws = self.lift.laws_of(x)
        self._take(self.descent.met(laws))
        if self.descent.tied:
            promising = count & (count - 1) == 0
        else:
            promising = self.descent.value(laws) <= self.best and self.programme.broken(laws) <= ATTAINED
        if (promising or self.laws is None) and not self.descent.meter.over:
            self._descend(laws)

    def _descend(self, laws: tuple[Array, ...]) -> None:
        self.spent["descents"] += 1
        self._take(self.descent.improved(laws))

    def _take(self, found: tuple[Array, ...] | None) -> None:
        if found is not None and (value := self.descent.value(found)) < self.best:
            self.laws, self.best = found, value


def parts_of(lift: Lift, sign: float) -> list[tuple[Array, Array | None]]:
    """The query as numerators and denominators over the cells; those with one denominator are added up."""
    found: dict[bytes, tuple[Array, Array | None]] = {}
    for ratio in lift.programme.query:
        above = sign * ratio.weight * lift.cost(ratio.above)
        below = None if ratio.below is None else lift.cost(ratio.below)
        key = b"" if below is None else below.tobytes()
        found[key] = (above + found[key][0], below) if key in found else (above, below)
    return list(found.values()) or [(np.zeros(lift.cells), None)]


def forms_that_multiply(programme: Programme) -> list[tuple[int, int]]:
    """Forms that some polynomial multiplies by a form of another block, of all blocks but the largest.

    Where these are numbers the relaxation is exact, so branching on them closes the gap.
    """
    polynomials = [limit.polynomial for limit in programme.limits]
    polynomials += programme.asked
    products = [x for x in polynomials if not is_linear(x)]
    read = {(b, int(f)) for x in products for b in range(len(programme.blocks)) for f in x.factors[:, b] if f >= 0}
    counts = [(len({f for at, f in read if at == b}), block.columns, b) for b, block in enumerate(programme.blocks)]
    largest = max(counts)[2]
    return sorted(pair for pair in read if pair[0] != largest)


def _only(programme: Programme, b: int, form: int) -> Polynomial:
    factors = np.full((1, len(programme.blocks)), -1, dtype=np.intp)
    factors[0, b] = form
    return Polynomial(np.ones(1), factors)


def _others(cuts: tuple[Cut, ...], cut: Cut) -> tuple[Cut, ...]:
    return tuple(x for x in cuts if (x.block, x.form) != (cut.block, cut.form))
