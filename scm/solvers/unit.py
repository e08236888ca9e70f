"""`Unit`: what the evidence of a unit determines, exactly.

Abduction, action and prediction (Pearl 2009, theorem 7.1.7) where the noise is determined: every value asked for
follows from observed ones by mechanisms that can be inverted or transported, so that a probability is zero or one and
an expectation is the number itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .._errors import InvalidRows
from ._refusal import Refusal
from ._solution import Solution, point
from ._task import Task
from ._unit_batch import run_columns
from ._unit_kernel import Kernel
from ._unit_plan import make_unit_plan
from ._unit_rounding import rounding_of
from ._unit_run import HIDDEN, NotShown
from ._unit_straight import all_finite
from ._unit_terms import instances_of


@dataclass(frozen=True)
class Unit:
    """Units whose evidence determines all that is asked."""

    name = "unit"

    def solve(self, task: Task) -> Solution:
        """See `TaskSolver`.

        Raises:
            Refusal: something asked is not determined, or whether the evidence is possible is not.
            InvalidModel: a mechanism gives no number for a unit that can be; it is named, with the row.
            InvalidQuery: what is asked is no number for a unit, as a division by zero is.
            InvalidRows: rounding decides whether an event happened.
        """
        kernel = unit_kernel(task)
        _check_finite(task)
        if task.worlds.impossible:
            return point(np.full(task.rows, np.nan), np.zeros(task.rows, dtype=bool))
        kinds = {column.dtype for column in task.columns.values() if column.dtype.kind == "f"}
        kind = np.dtype(np.float32) if kinds == {np.dtype(np.float32)} else np.dtype(np.float64)
        try:
            found = run_columns(kernel, task.columns, {}, task.rows, task.execution, kind)
        except NotShown as hidden:
            raise Refusal(f"not determined by the evidence of row {hidden.row}: {HIDDEN}") from None
        value = found.outputs[0][0].astype(np.float64)
        error = rounding_of(task, kernel, value, found.defined, kind)
        return replace(point(value, found.defined), diagnostics=_told(found.ran) | ({"error": error} if error else {}))


def unit_kernel(task: Task) -> Kernel:
    """What is to be worked out for a task; kept with the model.

    Raises:
        Refusal: it is not determined, with the reasons.
    """
    worlds = task.worlds
    key = (
        "unit",
        worlds.instances,
        tuple(worlds.fixed.items()),
        tuple(worlds.terms.items()),
        task.asked,
        task.conditions,
    )
    kernel = task.model.plans.get(key)
    if kernel is None:
        plan = make_unit_plan(task.model, worlds, instances_of(worlds, (task.asked, *task.conditions)))
        kernel = Kernel(plan, task.model.domains, (task.asked,), conditions=task.conditions, numbers=True)
        task.model.plans[key] = kernel
    if reasons := kernel.plan.unknown or kernel.plan.unchecked:
        raise Refusal(f"not determined by the evidence: {'; '.join(reasons)}")
    return kernel


def _check_finite(task: Task) -> None:
    """That every number given is one.

    Raises:
        InvalidRows: NaN or infinity, with its row.
    """
    for name, column in task.columns.items():
        if column.dtype.kind == "f" and not all_finite(column):
            row = int(np.argmin(np.isfinite(column)))
            raise InvalidRows(f"column {name!r}: {float(column[row])!r} is no finite number.", row=row + 1)


def _told(ran: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(ran).items() if value is not None}
