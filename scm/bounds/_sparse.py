"""Linear programmes with sparse rows, over unknowns that are not negative. HiGHS solves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._programme import Array

_USUAL: dict[str, Any] = {
    "output_flag": False,
    "threads": 1,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
    "ipm_optimality_tolerance": 1e-10,
}
_SMALL: tuple[dict[str, Any], ...] = (
    {"presolve": "off", "solver": "simplex"},
    {"presolve": "on", "solver": "choose"},
)
# Programmes over products are so degenerate that simplex steps get nowhere. An interior point is no vertex, but the
# multipliers are what counts: what they prove is worked out again.
_LARGE: tuple[dict[str, Any], ...] = (
    {"presolve": "on", "solver": "ipm", "run_crossover": "off"},
    {"presolve": "on", "solver": "simplex"},
)
_MANY = 400


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


def least(cost: Array, rows: SparseRows, seconds: float = np.inf) -> Optimum:
    """The least `cost x` over `x >= 0` within the rows.

    Args:
        cost: shape (columns,).
        rows: what x must meet.
        seconds: after how many to give up.
    """
    import highspy

    kinds = highspy.HighsModelStatus
    ways = _LARGE if len(cost) > _MANY else _SMALL
    solver = _run(cost, rows, ways[0], seconds)
    if solver.getModelStatus() not in (kinds.kOptimal, kinds.kInfeasible, kinds.kUnbounded, kinds.kTimeLimit):
        solver = _run(cost, rows, ways[1], seconds)
    return _found(solver, kinds, len(cost), len(rows.low))


def _run(cost: Array, rows: SparseRows, options: dict[str, Any], seconds: float) -> Any:
    import highspy

    solver: Any = highspy.Highs()
    for name, option in {**_USUAL, **options}.items():
        solver.setOptionValue(name, option)
    if np.isfinite(seconds):
        solver.setOptionValue("time_limit", max(seconds, 0.01))
    solver.passModel(_as_highs(cost, rows))
    solver.run()
    return solver


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
