"""Linear programmes with sparse rows, over unknowns that are not negative. HiGHS solves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._effort import Meter
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
# Steps of the simplex method that one of the interior point method takes as long as.
_INTERIOR = 3.0


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


def least(
    cost: Array, rows: SparseRows, meter: Meter | None = None, *, most: Array | None = None, ray: bool = True
) -> Optimum:
    """The least `cost x` over `x >= 0` within the rows.

    Args:
        cost: shape (columns,).
        rows: what x must meet.
        meter: what may be spent, and what this takes it from.
        most: shape (columns, 2): ends of x itself; None for nothing but `x >= 0`.
        ray: whether to say why rows cannot hold together, where that is at hand: an interior point method does not
            know. `excess` does.
    """
    import highspy

    kinds = highspy.HighsModelStatus
    ways = _LARGE if len(cost) > _MANY else _SMALL
    programme = _as_highs(cost, rows, most)
    solver = _run(programme, len(rows.value), ways[0], meter)
    given_up = kinds.kTimeLimit, kinds.kIterationLimit
    if solver.getModelStatus() not in (kinds.kOptimal, kinds.kInfeasible, kinds.kUnbounded, *given_up):
        solver = _run(programme, len(rows.value), ways[1], meter)
    return _found(solver, kinds, len(cost), len(rows.low), ray and ways is _SMALL)


def excess(rows: SparseRows, columns: int, meter: Meter) -> Optimum:
    """By how much `rows` are missed at least, all added up, over `x >= 0`; the last row is met exactly.

    Where that is more than nothing the multipliers prove that rows which are said to be infeasible are (Farkas).
    """
    count = len(rows.low) - 1
    up, down = np.flatnonzero(np.isfinite(rows.low[:-1])), np.flatnonzero(np.isfinite(rows.high[:-1]))
    where = np.concatenate([up, down])
    order = np.argsort(where, kind="stable")
    signs = np.repeat([1.0, -1.0], [len(up), len(down)])[order]
    starts = np.searchsorted(where[order], np.arange(count + 2)).astype(np.int32)
    own = np.repeat(np.arange(count + 1), np.diff(rows.start))
    places = np.concatenate([own, where[order]])
    together = np.argsort(places, kind="stable")
    index = np.concatenate([rows.index, columns + order]).astype(np.int32)[together]
    value = np.concatenate([rows.value, signs])[together]
    cost = np.concatenate([np.zeros(columns), np.ones(len(where))])
    return least(cost, SparseRows(rows.start + starts, index, value, rows.low, rows.high), meter)


def _run(programme: Any, entries: int, options: dict[str, Any], meter: Meter | None) -> Any:
    import highspy

    solver: Any = highspy.Highs()
    for name, option in {**_USUAL, **options}.items():
        solver.setOptionValue(name, option)
    entries += programme.num_row_ + programme.num_col_
    if meter is not None:
        if np.isfinite(meter.until):
            solver.setOptionValue("time_limit", max(meter.seconds, 0.01))
        if np.isfinite(meter.work):
            steps = int(min(max(meter.steps(entries), 100.0), 1e8))
            solver.setOptionValue("simplex_iteration_limit", steps)
            solver.setOptionValue("ipm_iteration_limit", max(int(steps / _INTERIOR), 100))
    solver.passModel(programme)
    solver.run()
    if meter is not None:
        done = solver.getInfo()
        meter.take(max(done.simplex_iteration_count, 0) + _INTERIOR * max(done.ipm_iteration_count, 0), entries)
    return solver


def _found(solver: Any, kinds: Any, columns: int, rows: int, wanted: bool) -> Optimum:
    status = solver.getModelStatus()
    if status == kinds.kOptimal:
        solution = solver.getSolution()
        x, multipliers = np.array(solution.col_value), np.array(solution.row_dual)
        return Optimum("optimal", float(solver.getObjectiveValue()), x, multipliers)
    names = {kinds.kInfeasible: "infeasible", kinds.kUnbounded: "unbounded"}
    ray = np.zeros(rows)
    if wanted and status == kinds.kInfeasible:
        found = solver.getDualRay()
        ray = np.array(found[2]) if found[1] else ray
    return Optimum(names.get(status, "failed"), np.nan, np.full(columns, np.nan), ray)


def _as_highs(cost: Array, rows: SparseRows, most: Array | None) -> Any:
    import highspy

    programme: Any = highspy.HighsLp()
    programme.num_col_, programme.num_row_ = len(cost), len(rows.low)
    programme.col_cost_ = cost
    if most is None:
        programme.col_lower_, programme.col_upper_ = np.zeros(len(cost)), np.full(len(cost), highspy.kHighsInf)
    else:
        programme.col_lower_, programme.col_upper_ = most[:, 0], most[:, 1]
    programme.row_lower_, programme.row_upper_ = rows.low, rows.high
    matrix = programme.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_, matrix.index_, matrix.value_ = rows.start, rows.index, rows.value
    return programme
