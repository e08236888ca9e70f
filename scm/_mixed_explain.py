"""`explain` for models with continuous variables: which solver would take which part, tried on one row of each pattern.

Solvers of such models say whether they can only by looking at the evidence, so that the first row of every pattern is
worked out; nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._groups import row_groups
from ._mixed_account import refusals_of, task_data
from ._mixed_kinds import cells, is_distribution
from ._mixed_rows import MixedRows
from ._mixed_solve import Setting, Solved, solve
from ._query import Distribution, Query, query_terms
from .solvers import Refusal, Solution, Task
from .solvers._abduct_plan import make_plan
from .solvers._abduct_view import View
from .solvers._solution import point
from .solvers.sampled import Sampled

Refusals = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Planning:
    """What `Sampled` would draw, nothing of it drawn."""

    name: str = "sampled"

    def solve(self, task: Task) -> Solution:
        """No value; the plan in the diagnostics."""
        solver = Sampled()
        plan = make_plan(View(task), solver.enumerated, solver.enumerated_with_draws).main
        if plan.draws and task.key is None:
            raise Refusal("what is not determined is drawn, which needs a random key: give key=")
        figures = {"drawn": [*plan.normals, *plan.uniforms], "enumerated": list(plan.axes)}
        return replace(point(np.zeros(task.rows), np.ones(task.rows, bool)), diagnostics=figures)


def forecast(setting: Setting, query: Query) -> tuple[tuple[Mapping[str, Any], ...], Refusals]:
    """The tasks of a query, one entry each with how many rows it stands for; and why none would take one.

    Args:
        setting: of the whole rows.
        query: as the rows ask it.
    """
    rows = setting.rows
    firsts, counts = _first_rows(rows, query)
    few = MixedRows({name: c[firsts] for name, c in rows.columns.items()}, rows.domains, len(firsts), rows.empty)
    here = replace(setting, rows=few, drawing=(_Planning(),), report=[], notes={})
    asked = query
    if is_distribution(query):
        sizes = {len(term.of) for term in query_terms(query) if isinstance(term, Distribution)}
        asked = cells(query, setting.model.variable_states, (0,) * max(sizes))
    found = solve(here, asked)
    return tuple(_entries(here.report, counts)), refusals_of(found.turned)


def _first_rows(rows: MixedRows, query: Query) -> tuple[Any, list[int]]:
    firsts: list[int] = []
    counts: list[int] = []
    for group in row_groups(query, rows.columns, rows.count, rows.domains, rows.empty):
        if len(group.rows):
            firsts.append(int(group.rows[0]))
            counts.append(len(group.rows))
    return np.array(firsts, dtype=np.intp), counts


def _entries(report: list[Solved], counts: list[int]) -> Iterator[Mapping[str, Any]]:
    for solved in report:
        data = task_data(solved) | {"rows": counts[int(solved.rows[0])] if len(solved.rows) else 0}
        figures = solved.solution.diagnostics
        yield data | {name: figures[name] for name in ("drawn", "enumerated") if figures.get(name)}
