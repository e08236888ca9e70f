"""How far rounding may have moved what a unit determines: looked for where an answer is far smaller than its inputs.

Such rows are worked out again with every input moved by a few roundings up or down (stochastic arithmetic, Vignes 1993,
with fixed signs): what then changes is what rounding decides. It is an estimate, in NumPy and double precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._domain import Real
from .._errors import InvalidRows
from .._syntax import Const, Placeholder
from ._task import Task
from ._unit_kernel import Kernel
from ._unit_run import UnitRun, constant
from ._unit_terms import evaluated

SMALL = 1e-6
"""An answer smaller than this share of the numbers that it was worked out from is looked at; events beside one."""
MOVED = 32
"""Roundings that every input is moved by."""


def rounding_of(
    task: Task, kernel: Kernel, value: NDArray[np.float64], defined: NDArray[np.bool_], kind: np.dtype[Any]
) -> float:
    """About how far rounding may have moved the answer of any row; 0 where none is much smaller than its inputs.

    Raises:
        InvalidRows: rounding decides whether an event happened, with the row; no solver could tell.
    """
    inputs = _inputs(task, kernel)
    if not inputs or not task.rows:
        return 0.0
    size = np.max([np.broadcast_to(np.abs(x), (task.rows,)) for x in inputs.values()], axis=0)
    small = 1.0 if task.event else np.abs(value)
    rows = np.flatnonzero(defined & (small < SMALL * size))
    if not rows.size:
        return 0.0
    spacing = float(np.finfo(kind).eps)
    worst = np.zeros(len(rows))
    for pattern in (0, 1):
        share = {name: MOVED * spacing * _sign(k, pattern) for k, name in enumerate(inputs)}
        columns = {n: np.asarray(c)[rows] for n, c in task.columns.items()}
        run = _Moved(kernel.plan, columns, np, spacing, share=share)
        with np.errstate(all="ignore"):
            found = np.broadcast_to(evaluated(task.asked, run.go(), task.model.domains), (len(rows),))
            off = np.abs(found.astype(np.float64) - value[rows])
        worst = np.maximum(worst, np.where(np.isfinite(off), off, 0.0))
    if task.event and worst.any():
        raise InvalidRows(
            "the numbers are too large for their differences: rounding decides what is asked.",
            row=int(rows[int(np.argmax(worst))]) + 1,
        )
    return float(worst.max())


def _sign(k: int, pattern: int) -> float:
    return 1.0 if (k >> pattern) % 2 == 0 else -1.0


def _inputs(task: Task, kernel: Kernel) -> dict[Const | Placeholder, Any]:
    """What was observed of continuous variables."""
    worlds, domains = kernel.plan.worlds, task.model.domains
    found: dict[Const | Placeholder, Any] = {}
    for i, given in worlds.fixed.items():
        domain = domains[worlds.instances[i].variable]
        if isinstance(domain, Real):
            found[given] = task.columns[given.name] if isinstance(given, Placeholder) else constant(given.value, domain)
    return found


class _Moved(UnitRun):
    """A run whose inputs are moved by a share of themselves each."""

    def __init__(self, *given: Any, share: dict[Const | Placeholder, float]) -> None:
        super().__init__(*given)
        self.share = share

    def fixed(self, value: Const | Placeholder, domain: Any) -> Any:
        """See `UnitRun.fixed`."""
        found = super().fixed(value, domain)
        return found * (1.0 + self.share.get(value, 0.0)) if isinstance(domain, Real) else found
