"""One query after another over the same strata: pools for the numbers that each stratum has."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._execution import Execution
from .._graph import CausalGraph
from .._query import Query
from .._syntax import Expr
from ._frame import Frame, States
from ._known import Known
from ._pool_rows import OK, RowEnds
from ._programme import Array, TooLarge
from ._row_cells import RowCells, RowLaw, all_cells
from ._row_pools import RowPools, refuted, row_pools
from ._sources import Sources
from ._standard import NotOneProgramme

MOST_PATTERNS = 64
"""Most sets of numbers that some stratum lacks for which pools are made."""
MOST_UNPROVED = 500
"""So few strata whose ends are not proved to be attained are left to be answered one by one."""
KEPT = 32
"""Pools that are kept for the next question."""
_POOLS: OrderedDict[Hashable, RowPools] = OrderedDict()


class NotTogether(ValueError):
    """The strata cannot be answered together; the message says why."""


@dataclass(eq=False)
class RowQuery:
    """What is known of every stratum.

    Attributes:
        graph: of the study.
        states: of its variables.
        parts: what is known with other numbers in each stratum.
        wrong: strata whose laws are no laws of the graph.
        known: what is known with the same numbers in all of them.
        sources: what both come from, in words.
        equations: mechanisms that are known.
        pools: that the last query was answered by, where a stratum has all numbers.
        told: figures about the last query.
        left: strata that the last query was not answered for.
    """

    graph: CausalGraph
    states: States
    parts: Sequence[RowCells]
    wrong: NDArray[np.bool_]
    known: tuple[Known, ...]
    sources: tuple[str, ...]
    equations: Mapping[str, Expr]
    pools: RowPools | None = None
    told: dict[str, Any] = field(default_factory=lambda: {})
    left: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    @classmethod
    def of(cls, graph: CausalGraph, states: States, laws: Sequence[RowLaw], same: Sources) -> RowQuery:
        """What laws of strata, and what holds in all strata, say.

        Raises:
            NotTogether: something known cannot be written down for all strata at once.
        """
        reading = same.rounded or same.face
        if reading.left or same.counted is not None:
            raise NotTogether("what is known beside the laws depends on numbers that differ between strata")
        spoken = {name for law in laws for name in law.axes}
        frame = Frame.of(graph, states, spoken, same.equations)
        parts, wrong = all_cells(frame, laws)
        names = [law.law.name or f"the law of {', '.join(law.law.variables)}" for law in laws]
        known = tuple(Known(k.combination, k.low, k.high, k.source + len(names)) for k in reading.known)
        return cls(graph, states, parts, wrong, known, (*names, *same.sources), same.equations)

    def ends(self, query: Query, execution: Execution | None = None) -> RowEnds:
        """The ends of a query for one number in every stratum.

        Raises:
            NotTogether: the query is not linear in one unknown law, or its pool would be too large.
        """
        right = self.right()
        count = len(right)
        self.left = np.zeros(count, dtype=bool)
        self.pools = self.pools_of(query)
        missing = np.isnan(right) if np.isnan(right.sum()) else None
        if missing is None:
            found = self.pools.ends(right, execution)
        else:
            found = self._by_pattern(query, right, missing, execution)
        unproved = (found.codes == OK) & ~found.sharp
        if 0 < unproved.sum() <= MOST_UNPROVED:
            self.left |= unproved
        pool = self.pools.asked.pool
        self.told = {
            "vectors": dict(zip(("lower", "upper", "rays"), found.vectors, strict=True)),
            "complete": pool.complete,
            "executor": found.executor,
            "rounding": found.error,
        }
        return refuted(found, self.wrong) if self.wrong.any() else found

    def right(self) -> Array:
        """The known numbers, shape (strata, numbers)."""
        values = [part.values for part in self.parts]
        return values[0] if len(values) == 1 else np.concatenate(values, axis=1)

    def _by_pattern(
        self, query: Query, right: Array, missing: NDArray[np.bool_], execution: Execution | None
    ) -> RowEnds:
        """Strata that lack numbers, as what they depend on has no probability there: pools without these."""
        patterns, which = _patterns(missing)
        ends = [np.full(len(right), np.nan) for _ in range(4)]
        codes, sharp = np.full(len(right), np.uint8(OK)), np.zeros(len(right), dtype=bool)
        missed, error, executor, vectors = np.full(len(right), -np.inf), 0.0, "numpy", (0, 0, 0)
        order = np.argsort(-np.bincount(which), kind="stable")
        for k in order.tolist():
            rows = which == k
            if k in order[MOST_PATTERNS:]:
                self.left |= rows
                continue
            pools = self.pools_of(query, patterns[k])
            found = pools.ends(np.ascontiguousarray(right[rows][:, ~patterns[k]]), execution)
            for end, new in zip(ends, (found.lower, found.upper, found.outer_lower, found.outer_upper), strict=True):
                end[rows] = new
            codes[rows], sharp[rows], missed[rows] = found.codes, found.sharp, found.missed
            error, executor, vectors = max(error, found.error), found.executor, max(vectors, found.vectors)
        return RowEnds(ends[0], ends[1], ends[2], ends[3], codes, sharp, error, executor, missed, vectors)

    def pools_of(self, query: Query, lacking: NDArray[np.bool_] | None = None) -> RowPools:
        """The pools of a query where some numbers are lacking.

        Raises:
            NotTogether: the query is not linear in one unknown law, or its pool would be too large.
        """
        parts = [_without(part, gone) for part, gone in self._split(lacking)]
        asked = (query, tuple(part.events for part in parts), tuple(part.labels for part in parts))
        key = (self.graph, tuple(self.states.items()), *asked, self.known, tuple(self.equations.items()))
        if key in _POOLS:
            _POOLS.move_to_end(key)
            return _POOLS[key]
        try:
            made = row_pools(self.graph, self.states, query, parts, self.known, self.sources, self.equations)
        except (NotOneProgramme, TooLarge) as wrong:
            raise NotTogether(str(wrong)) from None
        _POOLS[key] = made
        if len(_POOLS) > KEPT:
            _POOLS.popitem(last=False)
        return made

    def _split(self, lacking: NDArray[np.bool_] | None) -> list[tuple[RowCells, NDArray[np.bool_]]]:
        found: list[tuple[RowCells, NDArray[np.bool_]]] = []
        start = 0
        for part in self.parts:
            count = len(part.events)
            gone = np.zeros(count, dtype=bool) if lacking is None else lacking[start : start + count]
            found.append((part, gone))
            start += count
        return found


def _patterns(missing: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """The different rows, that of nothing missing first, and which of them each row is."""
    which = np.zeros(len(missing), dtype=np.intp)
    some = np.flatnonzero(missing.any(axis=1))
    others, place = np.unique(missing[some], axis=0, return_inverse=True)
    which[some] = place.reshape(-1) + 1
    return np.concatenate([np.zeros((1, missing.shape[1]), dtype=bool), others]), which


def _without(part: RowCells, gone: NDArray[np.bool_]) -> RowCells:
    if not gone.any():
        return part
    kept = np.flatnonzero(~gone).tolist()
    return RowCells(
        tuple(part.events[k] for k in kept), tuple(part.labels[k] for k in kept), part.values, part.members,
        part.source,
    )  # fmt: skip
