"""Rows whose coefficients differ, solved a coefficient at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ._gaussian_space import RowsDiffer
from ._refusal import Refusal, refuse_together
from ._solution import Solution, point
from ._task import Task

MOST_GROUPS = 256
"""Groups of rows with coefficients of their own."""


def solve_apart(task: Task, found: RowsDiffer, solve: Callable[[Task], Solution]) -> Solution:
    """Rows with one coefficient each together.

    Args:
        task: whose rows differ.
        found: which rows go together.
        solve: how each group is solved.

    Raises:
        Refusal: too many groups, or no group that is answered.
    """
    labels = np.unique(found.labels)
    if not 1 < len(labels) <= MOST_GROUPS:
        raise Refusal(
            f"{found.what} has a coefficient that differs between rows, with {len(labels)} different values; at "
            f"most {MOST_GROUPS} are solved apart"
        )
    value, defined = np.full(task.rows, np.nan), np.zeros(task.rows, bool)
    drawn = np.zeros(task.rows)
    diagnostics: dict[str, Any] = {}
    refused: list[Refusal] = []
    for label in labels:
        rows = np.flatnonzero(found.labels == label)
        columns = {name: np.asarray(c)[rows] for name, c in task.columns.items()}
        try:
            part = solve(replace(task, columns=columns, rows=len(rows)))
        except Refusal as refusal:
            refused.append(refusal.among(rows, task.rows))
            continue
        value[rows], defined[rows] = part.lower, part.defined
        drawn[rows] = 0.0 if part.monte_carlo is None else part.monte_carlo
        for name, figure in part.diagnostics.items():
            diagnostics[name] = max(diagnostics.get(name, figure), figure)
    refuse_together(refused)
    return replace(point(value, defined), monte_carlo=drawn if drawn.any() else None, diagnostics=diagnostics)
