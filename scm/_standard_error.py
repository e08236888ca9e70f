"""Sampling error of answers whose tables are counts: the delta method, one table row at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ._mechanism import Table
from ._model import with_mechanism
from ._query import Query
from .solvers import NeedsCoupling, Record, Setting, solve

Array = NDArray[np.float64]
STEP = 1e-6
"""How far a row is moved towards each state to find the slope; answers are ratios of polynomials in the rows."""


def counted_totals(setting: Setting) -> dict[str, tuple[float, ...]]:
    """Variables that the answer depends on whose tables are counts: for each, the units counted for every row."""
    if not setting.model.counted:
        return {}
    used = {x.variable for w in setting.record.worlds for x in w.instances}
    found = {name: setting.model.mechanisms[name] for name in setting.model.graph.order if name in used}
    return {name: m.totals for name, m in found.items() if isinstance(m, Table) and m.totals is not None}


def standard_error(setting: Setting, query: Query) -> Array | None:
    """Standard error of the answer, for every cell and row.

    None where a share of 0 or 1 is all that makes a coupling unnecessary: next to it the answer is not determined.

    Rows of different tables and parents are independent multinomials. Shares of 0 and 1 are shrunk by half a count for
    the variance (Agresti & Coull 1998 argue why a plain share of 1 must not claim certainty).
    """
    base = solve(replace(setting, record=Record()), query).lower
    variance = np.zeros_like(base)
    for name, totals in counted_totals(setting).items():
        table = setting.model.mechanisms[name]
        assert isinstance(table, Table)
        for r, total in enumerate(totals):
            row = np.array(table.rows[r])
            shares = (row * total + 0.5) / (total + 0.5 * len(row))
            try:
                moved = np.stack([_moved(setting, query, name, table, r, s) for s in range(len(row))])
            except NeedsCoupling:
                return None
            slopes = (moved - base) / STEP
            mean = np.tensordot(shares, slopes, axes=(0, 0))
            variance += np.tensordot(shares, (slopes - mean) ** 2, axes=(0, 0)) / total
    return np.sqrt(variance)


def _moved(setting: Setting, query: Query, name: str, table: Table, r: int, s: int) -> Array:
    """The answer after row `r` of a table has moved a step towards state `s`."""
    row = np.array(table.rows[r]) * (1 - STEP)
    row[s] += STEP
    rows = (*table.rows[:r], tuple(float(p) for p in row), *table.rows[r + 1 :])
    model = with_mechanism(setting.model, name, replace(table, rows=rows))
    return solve(replace(setting, model=model, record=Record(), plans={}), query).lower
