"""`Unit`: what the evidence of a unit determines, exactly.

Abduction, action and prediction (Pearl 2009, theorem 7.1.7) where the noise is determined: every value asked for
follows from observed ones by mechanisms that can be inverted or transported, so that a probability is zero or one and
an expectation is the number itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidQuery, InvalidRows
from ._refusal import Refusal
from ._solution import Solution, point
from ._task import Task
from ._unit_plan import UnitPlan, make_unit_plan
from ._unit_run import HIDDEN, UnitRun, error_of
from ._unit_terms import evaluated, instances_of


@dataclass(frozen=True)
class Unit:
    """Units whose evidence determines all that is asked."""

    name = "unit"

    def solve(self, task: Task) -> Solution:
        """See `TaskSolver`.

        Raises:
            Refusal: something asked is not determined, or whether the evidence is possible is not.
            InvalidModel: a mechanism gives no number for a unit that can be; it is named, with the row.
        """
        plan = unit_plan(task)
        check_finite(task, plan)
        if task.worlds.impossible:
            return point(np.full(task.rows, np.nan), np.zeros(task.rows, dtype=bool))
        value, defined = run_task(task, plan)
        return point(np.where(defined, value, np.nan), defined)


def unit_plan(task: Task) -> UnitPlan:
    """The steps that determine a task.

    Raises:
        Refusal: it is not determined, with the reasons.
    """
    plan = make_unit_plan(task.model, task.worlds, instances_of(task.worlds, (task.asked, *task.conditions)))
    if reasons := plan.unknown or plan.unchecked:
        raise Refusal(f"not determined by the evidence: {'; '.join(reasons)}")
    return plan


def check_finite(task: Task, plan: UnitPlan) -> None:
    """That every number given is one.

    Raises:
        InvalidRows: NaN or infinity, with its place.
    """
    del plan
    for name, column in task.columns.items():
        if column.dtype.kind == "f" and not (fine := np.isfinite(column)).all():
            row = int(np.argmin(fine))
            raise InvalidRows(f"column {name!r}: {float(column[row])!r} is no finite number.", row=row + 1)


def run_task(task: Task, plan: UnitPlan) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The value and whether the conditions can hold, for each row, in NumPy and double precision."""
    floats = [c.dtype for c in task.columns.values() if c.dtype.kind == "f"]
    spacing = max((float(np.finfo(kind).eps) for kind in floats), default=float(np.finfo(np.float64).eps))
    columns = {n: c.astype(np.float64) if c.dtype.kind == "f" else c for n, c in task.columns.items()}
    with np.errstate(all="ignore"):
        run = UnitRun(plan, columns, np, spacing).go()
        value = np.broadcast_to(evaluated(task.asked, run, task.model.domains), (task.rows,)).astype(np.float64)
        defined = np.broadcast_to(run.defined, (task.rows,)).astype(bool)
        for condition in task.conditions:
            defined = defined & np.asarray(evaluated(condition, run, task.model.domains), dtype=bool)
    sound = np.broadcast_to(run.sound, (task.rows,))
    if not sound.all():
        if np.any(run.hidden):
            row = int(np.argmax(np.broadcast_to(run.hidden, (task.rows,))))
            raise Refusal(f"not determined by the evidence of row {row + 1}: {HIDDEN}")
        row = int(np.argmin(sound))
        raise error_of(plan, columns, row, row + 1)
    check_value(value, defined)
    return value, defined


def check_value(value: NDArray[np.float64], defined: NDArray[np.bool_]) -> None:
    """That what is asked is a number wherever the evidence is possible.

    Raises:
        InvalidQuery: it is not, with the row.
    """
    if (wrong := defined & ~np.isfinite(value)).any():
        row = int(np.argmax(wrong))
        raise InvalidQuery(
            f"Row {row + 1}: what is asked is {value[row]!r} there, as a division by zero is. Guard it with an if."
        )
