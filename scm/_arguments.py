"""Arguments that every front door takes, read and checked; and how arrays are shown."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidQuery
from ._execution import Execution
from .solvers import Budget

Array = NDArray[np.float64]


def checked_execution(execution: object) -> None:
    """That `execution` is one.

    Raises:
        InvalidQuery: it is something else.
    """
    if execution is not None and not isinstance(execution, Execution):
        raise InvalidQuery(f"`execution` takes an Execution, got {type(execution).__name__}.")


def shaper(batch: bool) -> Callable[[Array], float | Array]:
    """How arrays with rows last are shown: rows first, and none where no rows were given."""

    def shape(array: Array) -> float | Array:
        # Inside, rows are the last axis; a user reads them first.
        out = np.moveaxis(np.asarray(array, dtype=float), -1, 0) if batch else np.asarray(array, dtype=float)[..., 0]
        if out.ndim == 0:
            return float(out)
        out = np.ascontiguousarray(out)
        out.flags.writeable = False  # an answer is a value
        return out

    return shape


def parse_budget(budget: float | str | Budget | None) -> Budget:
    """A budget from seconds, or from text such as `30s`, `500ms`, `2min,4GB`.

    Raises:
        InvalidQuery: text that is no budget.
    """
    if isinstance(budget, Budget):
        return budget
    if budget is None:
        return Budget()
    if isinstance(budget, (int, float)):
        if not budget > 0:
            raise InvalidQuery(f"A budget is a positive number of seconds, got {budget!r}.")
        return Budget.of(float(budget))
    found = re.fullmatch(
        r"\s*(\d+\.?\d*|\.\d+)\s*(us|µs|ms|s|sec|min|m|h)?\s*(?:,\s*(\d+\.?\d*|\.\d+)\s*(kB|KB|MB|GB|B)?\s*)?", budget
    )
    if found is None:
        raise InvalidQuery(
            f"Cannot read the budget {budget!r}; write TIME[,MEMORY], for example 30s or 2min,4GB. "
            "Times are in us, ms, s, min or h; memory in B, kB, MB or GB."
        )
    seconds = float(found[1]) * {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "min": 60, "m": 60, "h": 3600}.get(
        found[2] or "s", 1
    )
    scale = {"kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9}.get(found[4] or "B", 1)
    return Budget.of(seconds, None if found[3] is None else float(found[3]) * scale)
