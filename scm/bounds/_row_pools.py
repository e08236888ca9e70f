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
from ._pool import Pool, listed
from ._pool_rows import CONTRADICTION, OK, RowEnds, row_ends
from ._programme import Array, Limit, Programme, Ratio
from ._row_cells import RowCells, events_of
from ._shorter import tidied
from ._standard import NotOneProgramme, standard

_NONE: Mapping[str, Expr] = {}


@dataclass(frozen=True, eq=False)
class BlockPool:
    """A pool with the positions of the known numbers that it reads."""

    pool: Pool
    cells: NDArray[np.intp]
    members: tuple[str, ...]

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
    """

    asked: BlockPool
    others: tuple[BlockPool, ...]
    labels: tuple[Estimand, ...]

    def ends(self, right: Array, execution: Execution | None = None) -> RowEnds:
        """The ends of every row; see `row_ends`."""
        found = row_ends(self.asked.pool, self.asked.of(right), execution)
        for other in self.others:
            missed = row_ends(other.pool, other.of(right), execution).codes == CONTRADICTION
            if missed.any():
                found = refuted(found, missed)
        return found


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
        TooLarge: the vertices are too many to be listed.
    """
    varied = [Known(((1.0, event),), 0.5, 0.5, source) for event, source in events_of(parts)]
    programme = programme_of(graph, states, query, (), (*varied, *known), sources, equations=equations)
    if len(programme.limits) != len(varied) + len(known):
        raise NotOneProgramme("one of the unknown laws is too large to be written out")
    where = _blocks_of(programme)
    asked = {b for ratio in programme.query for p in (ratio.above, ratio.below) if p is not None for b in reads(p)}
    if len(asked) != 1:
        names = " and ".join(programme.blocks[b].name for b in sorted(asked)) or "none"
        raise NotOneProgramme(f"the query depends on {len(asked)} unknown laws ({names}), whose product is not linear")
    pools: dict[int, BlockPool] = {}
    for b, block in enumerate(programme.blocks):
        if b in asked or len(block.members) > 1 or any(where[k] == b for k in range(len(varied), len(where))):
            pools[b] = _block_pool(programme, b, where, len(varied), asked=b in asked)
    (one,) = asked
    labels = tuple(label for part in parts for label in part.labels)
    return RowPools(pools[one], tuple(pool for b, pool in pools.items() if b != one), labels)


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


def _block_pool(programme: Programme, b: int, where: Sequence[int], varied: int, *, asked: bool) -> BlockPool:
    """All vertices for one block."""
    own = [k for k, at in enumerate(where) if at == b]
    limits = [_on(programme.limits[k], b) for k in own]
    query = tuple(
        replace(r, above=on_blocks(r.above, [b]), below=None if r.below is None else on_blocks(r.below, [b]))
        for r in programme.query
    )
    if not asked:
        query = (Ratio(1.0, number(0.0, 1)),)
    part = replace(programme, blocks=(programme.blocks[b],), limits=tuple(limits), query=query)
    vary = [i for i, k in enumerate(own) if k < varied]
    pool = tidied(listed(standard(part, vary)))
    return BlockPool(pool, np.array([own[i] for i in vary], dtype=np.intp), programme.blocks[b].members)


def _on(limit: Limit, b: int) -> Limit:
    return replace(limit, polynomial=on_blocks(limit.polynomial, [b]))
