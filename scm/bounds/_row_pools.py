"""The pools that answer one query for every stratum: one for the block that the query reads, others to refute rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .._estimand import Estimand
from .._execution import Execution
from .._graph import CausalGraph
from .._query import Query
from .._syntax import Expr
from ._canonical import programme_of
from ._frame import States
from ._known import Known
from ._polynomials import number, on_blocks, reads
from ._pool import Pool, Vectors, below_of, listed
from ._pool_grow import grown
from ._pool_rows import CONTRADICTION, NOTHING, OK, UNDEFINED, RowEnds, row_ends
from ._programme import Array, Programme, Ratio, TooLarge
from ._row_cells import RowCells, events_of
from ._row_factors import Factored, factored
from ._shorter import tidied
from ._standard import NotOneProgramme, Standard, standard

_NONE: Mapping[str, Expr] = {}


@dataclass(frozen=True, eq=False)
class BlockPool:
    """A pool with the positions of the known numbers that it reads."""

    pool: Pool
    cells: NDArray[np.intp]
    members: tuple[str, ...]

    def ends(self, right: Array, execution: Execution | None) -> RowEnds:
        """The ends of every row; a pool that is not complete is grown on these rows first."""
        own = self.of(right)
        if self.pool.complete:
            found = row_ends(self.pool, own, execution)
            if not self.pool.standard.relaxed:
                return found
            nothing = np.full(len(own), np.nan)  # no law of the graph need attain these ends
            return replace(found, lower=nothing, upper=nothing.copy())
        more = grown(self.pool.standard, own)
        found = row_ends(more.pool, own, execution)
        sharp = (found.codes == OK) & more.proved(own) & (not self.pool.standard.relaxed)
        lower, upper = (np.where(sharp, end, np.nan) for end in (found.lower, found.upper))
        return replace(found, lower=lower, upper=upper, sharp=sharp)

    def of(self, right: Array) -> Array:
        """The numbers of every row that it reads; no copy where it reads all."""
        whole = self.cells.tolist() == list(range(right.shape[1]))
        return right if whole else np.ascontiguousarray(right[:, self.cells])


@dataclass(frozen=True, eq=False)
class RowPools:
    """What answers a query for every stratum.

    Attributes:
        asked: for the block that the query reads.
        others: for blocks that it does not read, whose numbers may still belong to no law.
        labels: what each known number is called.
        factored: known factors of the query beside what the pool bounds.
        range: ends of the whole query that hold anyway.
    """

    asked: BlockPool
    others: tuple[BlockPool, ...]
    labels: tuple[Estimand, ...]
    factored: Factored
    range: tuple[float, float]

    def ends(self, right: Array, execution: Execution | None = None) -> RowEnds:
        """The ends of every row; see `row_ends`."""
        found = self.asked.ends(right, execution)
        if self.factored.scale or self.factored.possible:
            found = self.scaled(found, right)
        for other in self.others:
            missed = other.ends(right, execution).codes == CONTRADICTION
            if missed.any():
                found = refuted(found, missed)
        return found

    def names(self, pool: BlockPool) -> list[Estimand]:
        """What the numbers that a pool reads are called."""
        return [self.labels[int(k)] for k in pool.cells]

    def scaled(self, found: RowEnds, right: Array) -> RowEnds:
        """With the known factors."""
        scale = np.ones(len(right))
        for factor in self.factored.scale:
            scale *= _at(factor, right)
        error = found.error * (len(self.factored.scale) + 1)
        ends = [end * scale for end in (found.lower, found.upper, found.outer_lower, found.outer_upper)]
        ends[2:] = [ends[2] - error, ends[3] + error]
        ends = [np.clip(end, *self.range) for end in ends]
        codes = found.codes.copy()
        for factor in self.factored.possible:
            codes[(codes == OK) & (_at(factor, right) < NOTHING + error)] = UNDEFINED
        for end in ends:
            end[codes != OK] = np.nan
        return replace(
            found, lower=ends[0], upper=ends[1], outer_lower=ends[2], outer_upper=ends[3], codes=codes, error=error
        )


def _at(factor: Vectors, right: Array) -> Array:
    """A known factor in every row."""
    return np.clip(right @ factor.values[0] + factor.constants[0], 0.0, 1.0)


def refuted(found: RowEnds, rows: NDArray[np.bool_]) -> RowEnds:
    """The same with some rows as contradictions."""
    ends = [np.where(rows, np.nan, end) for end in (found.lower, found.upper, found.outer_lower, found.outer_upper)]
    codes = np.where(rows, np.uint8(CONTRADICTION), found.codes)
    return replace(
        found, lower=ends[0], upper=ends[1], outer_lower=ends[2], outer_upper=ends[3], codes=codes,
        sharp=found.sharp & (codes == OK),
    )  # fmt: skip


def row_pools(
    graph: CausalGraph,
    states: States,
    query: Query,
    parts: Sequence[RowCells],
    known: Sequence[Known] = (),
    sources: Sequence[str] = (),
    equations: Mapping[str, Expr] = _NONE,
) -> RowPools:
    """The pools of a query.

    Args:
        graph: of the study.
        states: of its variables.
        query: for one number.
        parts: what is known with another number in every stratum.
        known: what is known with the same numbers in all of them.
        sources: what both come from, in words.
        equations: mechanisms that are known.

    Raises:
        NotOneProgramme: the query reads the unknown laws of several blocks, or divides by what is not known.
        TooLarge: there are too many response types.
    """
    varied = [Known(((1.0, event),), 0.5, 0.5, source) for event, source in events_of(parts)]
    programme = programme_of(graph, states, query, (), (*varied, *known), sources, equations=equations)
    if len(programme.limits) != len(varied) + len(known):
        raise NotOneProgramme("one of the unknown laws is too large to be written out")
    where = _blocks_of(programme)
    every = range(len(programme.blocks))
    plain = {b: _part(programme, b, where, (Ratio(1.0, number(0.0, 1)),)) for b in every}
    own = {b: [k for k, at in enumerate(where) if at == b and k < len(varied)] for b in every}
    known_forms = {b: (standard(part, range(len(own[b]))), own[b]) for b, part in plain.items()}
    asked = factored(programme, known_forms, len(varied))
    pools: dict[int, BlockPool] = {}
    for b, block in enumerate(programme.blocks):
        if b == asked.block:
            part = _part(programme, b, where, asked.query)
            if asked.scale:
                part = replace(part, floor=-np.inf, ceiling=np.inf)
        elif len(block.members) > 1 or any(where[k] == b for k in range(len(varied), len(where))):
            part = plain[b]
        else:
            continue
        pool = _listed(standard(part, range(len(own[b]))))
        pools[b] = BlockPool(pool, np.array(own[b], dtype=np.intp), block.members)
    labels = tuple(label for part in parts for label in part.labels)
    others = tuple(pool for b, pool in pools.items() if b != asked.block)
    return RowPools(pools[asked.block], others, labels, asked, (programme.floor, programme.ceiling))


def _listed(form: Standard) -> Pool:
    """All vertices; an empty pool, to be grown on the rows that are asked, where they are too many."""
    try:
        return tidied(listed(form))
    except TooLarge:
        none = Vectors(np.zeros((0, form.varied)), np.zeros(0))
        return Pool(form, none, none, none, False, below_of(form))


def _blocks_of(programme: Programme) -> list[int]:
    """The block that each limit reads.

    Raises:
        NotOneProgramme: one reads none or several.
    """
    found: list[int] = []
    for limit in programme.limits:
        blocks = reads(limit.polynomial)
        if len(blocks) != 1:
            raise NotOneProgramme(
                f"what is known joins {len(blocks)} unknown laws; rows are answered together where each number is "
                "about one of them"
            )
        found += blocks
    return found


def _part(programme: Programme, b: int, where: Sequence[int], query: tuple[Ratio, ...]) -> Programme:
    """The programme of one block, limits in their order."""
    limits = tuple(
        replace(limit, polynomial=on_blocks(limit.polynomial, [b]))
        for limit, at in zip(programme.limits, where, strict=True)
        if at == b
    )
    return replace(programme, blocks=(programme.blocks[b],), limits=limits, query=query)
