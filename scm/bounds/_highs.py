"""Linear programmes by HiGHS, kept between solves; what HiGHS does not solve is tried again in other ways.

HiGHS has called a few programmes infeasible that are not, where probabilities are near zero. Its word is therefore
never the last: `Solver.least` gives a solution or nothing, and nothing only means that it found none.
"""

# highspy has no complete types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._programme import Array

Options: TypeAlias = dict[str, Any]

_USUAL: Options = {
    "output_flag": False,
    "threads": 1,
    "presolve": "choose",
    "solver": "simplex",
    "simplex_strategy": 1,
    "simplex_scale_strategy": 2,
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
    "small_matrix_value": 1e-12,
}
# Not by interior points: HiGHS 1.15 has gone round for ever on 10 rows and 14 columns with entries of 1e-12.
_STEPS = 2_000
_AGAIN: tuple[Options, ...] = (
    {"presolve": "off"},
    {"presolve": "off", "simplex_scale_strategy": 4},
    {"presolve": "off", "simplex_strategy": 4},
    {"presolve": "off", "simplex_scale_strategy": 0},
    {"presolve": "off", "primal_feasibility_tolerance": 1e-7, "dual_feasibility_tolerance": 1e-7},
)


@dataclass(frozen=True, eq=False)
class Point:
    """A solution.

    Attributes:
        value: of the cost.
        x: shape (columns,).
        duals: a multiplier for each row, shape (rows,): not negative where the lower end is met, not positive where
            the upper one is.
    """

    value: float
    x: Array
    duals: Array


class Solver:
    """The least cost over `low <= matrix @ x <= high`, `0 <= x <= upper`; costs and ends can be changed.

    Args:
        matrix: shape (rows, columns).
        low, high: shape (rows,); may be infinite.
        upper: shape (columns,); left out, infinite.
    """

    def __init__(self, matrix: Array, low: Array, high: Array, upper: Array | None = None) -> None:
        import highspy  # a tenth of a second that most questions do not need

        self._highs: Any = highspy.Highs()
        self._optimal: Any = highspy.HighsModelStatus.kOptimal
        self._set(_USUAL)
        self.rows, self.columns = matrix.shape
        self._set({"simplex_iteration_limit": _STEPS + 20 * (self.rows + self.columns)})
        most = np.full(self.columns, np.inf) if upper is None else np.asarray(upper, dtype=float)
        starts, places, values = columnwise(matrix)
        zeros = np.zeros(self.columns)
        self._highs.passModel(
            *(self.columns, self.rows, len(values), 1, 1, 0.0, zeros, zeros, most, low, high),
            *(starts, places, values, np.zeros(self.columns, dtype=np.int32)),
        )
        self.solves = 0

    def _set(self, options: Options) -> None:
        for name, value in options.items():
            self._highs.setOptionValue(name, value)

    def limit(self, low: Array, high: Array) -> None:
        """Other ends for all rows; the next solve starts from the last basis."""
        rows = np.arange(self.rows, dtype=np.int32)
        self._highs.changeRowsBounds(self.rows, rows, np.asarray(low, dtype=float), np.asarray(high, dtype=float))

    def least(self, cost: Array) -> Point | None:
        """The least `cost @ x` with an x and multipliers, or None where none was found.

        Costs are brought to a size of about one first: tolerances are absolute.
        """
        size = float(np.abs(cost).max(initial=0.0)) or 1.0
        columns = np.arange(self.columns, dtype=np.int32)
        self._highs.changeColsCost(self.columns, columns, np.asarray(cost / size, dtype=float))
        if (found := self._run(cost, size)) is not None:
            return found
        for options in _AGAIN:
            self._highs.clearSolver()
            self._set(_USUAL | options)
            found = self._run(cost, size)
            self._set(_USUAL)
            if found is not None:
                return found
        return None

    def _run(self, cost: Array, size: float) -> Point | None:
        self.solves += 1
        self._highs.run()
        if self._highs.getModelStatus() != self._optimal:
            return None
        solution = self._highs.getSolution()
        x, duals = np.array(solution.col_value, dtype=float), np.array(solution.row_dual, dtype=float)
        if not (np.isfinite(x).all() and np.isfinite(duals).all()):
            return None
        return Point(float(cost @ x), x, duals * size)


def columnwise(matrix: Array) -> tuple[NDArray[np.int32], NDArray[np.int32], Array]:
    """A matrix as HiGHS takes it: where each column starts, the rows of its entries, the entries."""
    across = np.ascontiguousarray(matrix.T)
    columns, rows = np.nonzero(across)
    counts = np.bincount(columns, minlength=matrix.shape[1])
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return starts, rows.astype(np.int32), across[columns, rows]
