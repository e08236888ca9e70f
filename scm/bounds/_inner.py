"""Inner ends: laws that meet the limits and take a query as low as local steps can bring it.

Without limits on several blocks at once, one block is moved at a time: all others fixed, the query is linear (or a sum
of ratios) in its law, and a linear programme gives the best step. Where a limit ties blocks together such steps get
stuck, and all blocks move at once, within a region where the linear picture holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from ._apart import independent
from ._effort import Effort, Meter
from ._lift import as_law
from ._polynomials import linear_rows, masses, share
from ._programme import Array, Polynomial, Programme
from ._sparse import SparseRows, dense_rows, least, stacked
from ._ties import Ties

# Laws that miss no limit by more than this meet them: the tolerance of the programmes that find them.
ATTAINED = 1e-8
_STEPS = (1.0, 0.5, 0.25, 0.1, 0.01)
_PENALTIES = (30.0, 1e3, 3e4)
# Steps of all blocks at once end where they would be shorter: what they still miss is the square of that.
_NEAR = 1e-7
# Laws that miss what ties them by less than this are brought to meet it, in at most so many steps.
_NEARLY = 1e-2
_LAST = 12


@dataclass(frozen=True, eq=False)
class Descent:
    """Local search for the least `sign * query`.

    Attributes:
        programme: what is known, and the query.
        sign: 1 for the least value, -1 for the greatest.
        meter: what may be spent; a descent that it ends is judged by the laws where it stands.
    """

    programme: Programme
    sign: float
    meter: Meter = field(default_factory=Meter)

    @cached_property
    def ties(self) -> Ties:
        """The limits that read several blocks, and labels that must be independent."""
        return Ties.of_programme(self.programme)

    @cached_property
    def own(self) -> tuple[SparseRows, ...]:
        """What a law of each block must meet by itself."""
        rows: list[SparseRows] = []
        for b, block in enumerate(self.programme.blocks):
            known, low, high, _ = linear_rows(self.programme, b)
            groups = masses(block)
            one = np.ones(len(groups))
            rows.append(stacked([dense_rows(known, low, high), dense_rows(groups, one, one)]))
        return tuple(rows)

    @cached_property
    def _all_own(self) -> SparseRows:
        """The same over the columns of all blocks."""
        start = np.cumsum([0, *(block.columns for block in self.programme.blocks)]).astype(np.int32)
        return stacked([replace(own, index=own.index + start[b]) for b, own in enumerate(self.own)])

    @property
    def tied(self) -> bool:
        """Whether steps of one block at a time would get stuck."""
        return self.ties.count > 0

    def value(self, laws: tuple[Array, ...]) -> float:
        """`sign * query`, NaN where it is undefined."""
        return self.sign * self.programme.at(laws)

    def slopes(self, laws: tuple[Array, ...], b: int) -> Array:
        """How `sign * query` changes with each weight of the law of block b, shape (columns,)."""
        values, slope = self.programme.forms_at(laws), np.zeros(self.programme.blocks[b].columns)
        for ratio in self.programme.query:
            up = self._part(ratio.above, b, values)
            if ratio.below is None:
                slope += ratio.weight * up
                continue
            below = ratio.below.at(values)
            now = ratio.above.at(values) / below
            slope += ratio.weight / below * (up - now * self._part(ratio.below, b, values))
        return self.sign * slope

    def _part(self, polynomial: Polynomial, b: int, values: tuple[Array, ...]) -> Array:
        block = self.programme.blocks[b]
        return share(polynomial, b, len(block.forms), values)[0] @ block.forms

    def improved(self, laws: tuple[Array, ...]) -> tuple[Array, ...] | None:
        """Laws that meet the limits, from these on; no worse than these where these meet them. None if none found."""
        if self.tied:
            return self._together(laws)
        if self.programme.broken(laws) > ATTAINED:
            laws = tuple(self.vertex(b, law) for b, law in enumerate(laws))
        if np.isnan(self.value(laws)) or self.programme.broken(laws) > ATTAINED:
            return None
        return self._one_by_one(laws)

    def vertex(self, b: int, law: Array) -> Array:
        """A law of block b that meets its limits: the one with most weight where this one has most."""
        found = least(-law, self.own[b], self.meter, ray=False)
        return as_law(self.programme.blocks[b], found.x) if found.status == "optimal" else law

    def anywhere(self, key: np.random.Generator) -> tuple[Array, ...]:
        """Random laws, each a vertex of what its own limits allow."""
        blocks = self.programme.blocks
        laws = [as_law(block, key.exponential(size=block.columns) ** 3) for block in blocks]
        return tuple(self.vertex(b, law) for b, law in enumerate(laws))

    def _one_by_one(self, laws: tuple[Array, ...]) -> tuple[Array, ...] | None:
        still = 0
        for turn in range(200):
            if still >= len(laws) or self.meter.over:
                break
            b = turn % len(laws)
            moved = self._step(laws, b)
            if moved is None:
                still += 1
            else:
                laws, still = moved, 0
        return laws if self.programme.broken(laws) <= ATTAINED else None

    def _step(self, laws: tuple[Array, ...], b: int) -> tuple[Array, ...] | None:
        found = least(self.slopes(laws, b), self.own[b], self.meter, ray=False)
        if found.status != "optimal":
            return None
        target = as_law(self.programme.blocks[b], found.x)
        now = self.value(laws)
        for share_ in _STEPS:
            moved = (*laws[:b], laws[b] + share_ * (target - laws[b]), *laws[b + 1 :])
            if self.value(moved) < now - 1e-13:
                return moved
        return None

    def _together(self, laws: tuple[Array, ...]) -> tuple[Array, ...] | None:
        """Steps of all blocks at once, with dearer and dearer penalties until the limits are met."""
        start = tuple(self.vertex(b, x) if self._misses(b, x) else x for b, x in enumerate(laws))
        for penalty in _PENALTIES:
            slid = self._slid(start, penalty)
            found = self.met(slid)
            if found is None and self.ties.missed(slid) < _NEARLY:
                found = self.met(self._slid(slid, _PENALTIES[-1], _LAST, pressed=True))
            if found is not None or self.meter.over:
                return found
        return self.met(laws)

    def met(self, laws: tuple[Array, ...]) -> tuple[Array, ...] | None:
        """The laws with parts independent that are so but for rounding; None where these miss a limit."""
        laws = tuple(independent(block, law) for block, law in zip(self.programme.blocks, laws, strict=True))
        return laws if self.programme.broken(laws) <= ATTAINED and not np.isnan(self.value(laws)) else None

    def _slid(
        self, laws: tuple[Array, ...], penalty: float, steps: int = 120, *, pressed: bool = False
    ) -> tuple[Array, ...]:
        """Sequential linear programmes with a penalty and a trust region; `pressed` ones are made in any case."""
        radius, merit = 0.25, self._merit(laws, penalty)
        for _ in range(steps):
            if radius < _NEAR or np.isnan(merit) or (self.meter.over and not pressed):
                break
            moved = self._joint_step(laws, radius, penalty)
            new = np.nan if moved is None else self._merit(moved, penalty)
            if moved is not None and new < merit - 1e-14 * penalty:
                much = merit - new > 1e-3 * radius
                laws, merit, radius = moved, new, min(1.0, radius * 2.0) if much else radius / 2.0
            else:
                radius /= 4.0
        return laws

    def _misses(self, b: int, law: Array) -> bool:
        rows, low, high, _ = linear_rows(self.programme, b)
        found = rows @ law
        return bool((found < low - ATTAINED).any() or (found > high + ATTAINED).any())

    def _merit(self, laws: tuple[Array, ...], penalty: float) -> float:
        return self.value(laws) + penalty * self.ties.missed(laws)

    def _joint_step(self, laws: tuple[Array, ...], radius: float, penalty: float) -> tuple[Array, ...] | None:
        blocks, ties = range(len(laws)), self.ties.count
        start = np.cumsum([0, *(len(law) for law in laws)])
        now, (rows, ends) = np.concatenate(laws), self.ties.linear(laws)
        slack = np.stack([np.eye(ties), -np.eye(ties)], axis=2).reshape(ties, 2 * ties)  # above and below, penalised
        known = dense_rows(np.hstack([rows, slack]), ends[:, 0], ends[:, 1])
        most = np.full((len(now) + 2 * ties, 2), (0.0, np.inf))
        most[: len(now)] = np.stack([np.maximum(now - radius, 0.0), now + radius], axis=1)
        slopes = np.concatenate([*(self.slopes(laws, b) for b in blocks), np.full(2 * ties, penalty)])
        found = least(slopes, stacked([self._all_own, known]), self.meter, most=most, ray=False)
        if found.status != "optimal":
            return None
        return tuple(as_law(self.programme.blocks[b], found.x[start[b] : start[b + 1]]) for b in blocks)


def explored(descent: Descent, effort: Effort) -> tuple[Array, ...] | None:
    """The best laws that descents from random ones find; None where none meets the limits."""
    key, best = np.random.default_rng(effort.seed), None
    for _ in range(effort.starts):
        found = descent.improved(descent.anywhere(key))
        if found is not None and (best is None or descent.value(found) < descent.value(best)):
            best = found
        if descent.meter.over:
            break
    return best
