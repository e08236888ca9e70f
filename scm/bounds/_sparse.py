"""Linear programmes with sparse rows, over unknowns that are not negative. HiGHS solves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._programme import Array

_STRICT = 1e-9


@dataclass(frozen=True, eq=False)
class SparseRows:
    """`low <= A x <= high`, row by row (compressed sparse rows).

    Attributes:
        start: where each row begins in `index` and `value`, and where the last ends; shape (rows + 1,).
        index, value: the columns and coefficients.
        low, high: shape (rows,).
    """

    start: NDArray[np.int32]
    index: NDArray[np.int32]
    value: Array
    low: Array
    high: Array

    def turned(self, multipliers: Array, columns: int) -> Array:
        """`A^T multipliers`, shape (columns,)."""
        each = np.repeat(multipliers, np.diff(self.start))
        return np.asarray(np.bincount(self.index, weights=self.value * each, minlength=columns), dtype=float)


def dense_rows(rows: Array, low: Array, high: Array) -> SparseRows:
    """SparseRows from a matrix, shape (rows, columns)."""
    where, index = np.nonzero(rows)
    start = np.searchsorted(where, np.arange(len(rows) + 1))
    return SparseRows(start.astype(np.int32), index.astype(np.int32), rows[where, index], low, high)


def stacked(parts: list[SparseRows]) -> SparseRows:
    """All rows of all parts."""
    offsets = np.cumsum([0, *(part.start[-1] for part in parts)])
    starts = [part.start[:-1] + offset for part, offset in zip(parts, offsets, strict=False)]
    return SparseRows(
        np.concatenate([*starts, offsets[-1:]]).astype(np.int32),
        np.concatenate([np.zeros(0, dtype=np.int32), *(part.index for part in parts)]),
        np.concatenate([np.zeros(0), *(part.value for part in parts)]),
        np.concatenate([np.zeros(0), *(part.low for part in parts)]),
        np.concatenate([np.zeros(0), *(part.high for part in parts)]),
    )


@dataclass(frozen=True, eq=False)
class Optimum:
    """What HiGHS found.

    Attributes:
        status: `optimal`, `infeasible`, `unbounded` or `failed`.
        value: of the cost.
        x: the unknowns.
        multipliers: one for each row, so that `cost - A^T multipliers` is not negative; where the rows cannot hold
            together, a ray that proves it (all zeros if none came back).
    """

    status: str
    value: float
    x: Array
    multipliers: Array


def least(cost: Array, rows: SparseRows) -> Optimum:
    """The least `cost x` over `x >= 0` within the rows."""
    import highspy

    solver: Any = highspy.Highs()
    solver.silent()
    for name, option in (("threads", 1), ("presolve", "off"), ("solver", "simplex")):
        solver.setOptionValue(name, option)
    solver.setOptionValue("primal_feasibility_tolerance", _STRICT)
    solver.setOptionValue("dual_feasibility_tolerance", _STRICT)
    solver.passModel(_as_highs(cost, rows))
    solver.run()
    kinds = highspy.HighsModelStatus
    if solver.getModelStatus() not in (kinds.kOptimal, kinds.kInfeasible, kinds.kUnbounded):
        for name, option in (("presolve", "on"), ("solver", "choose")):
            solver.setOptionValue(name, option)
        solver.clearSolver()
        solver.run()
    return _found(solver, kinds, len(cost), len(rows.low))


def _found(solver: Any, kinds: Any, columns: int, rows: int) -> Optimum:
    status = solver.getModelStatus()
    if status == kinds.kOptimal:
        solution = solver.getSolution()
        x, multipliers = np.array(solution.col_value), np.array(solution.row_dual)
        return Optimum("optimal", float(solver.getObjectiveValue()), x, multipliers)
    names = {kinds.kInfeasible: "infeasible", kinds.kUnbounded: "unbounded"}
    ray = np.zeros(rows)
    if status == kinds.kInfeasible:
        found = solver.getDualRay()
        ray = np.array(found[2]) if found[1] else ray
    return Optimum(names.get(status, "failed"), np.nan, np.full(columns, np.nan), ray)


def _as_highs(cost: Array, rows: SparseRows) -> Any:
    import highspy

    programme: Any = highspy.HighsLp()
    programme.num_col_, programme.num_row_ = len(cost), len(rows.low)
    programme.col_cost_ = cost
    programme.col_lower_, programme.col_upper_ = np.zeros(len(cost)), np.full(len(cost), highspy.kHighsInf)
    programme.row_lower_, programme.row_upper_ = rows.low, rows.high
    matrix = programme.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_, matrix.index_, matrix.value_ = rows.start, rows.index, rows.value
    return programme
