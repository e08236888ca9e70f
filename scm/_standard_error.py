"""Sampling error of answers whose tables are counts: the delta method on exact derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._mechanism import Table
from ._query import Query
from .solvers import NeedsCoupling, NeedsSampling, NotOneNumber, Setting, Slopes, TooWide, slopes

Array = NDArray[np.float64]

CERTAIN = "what was never counted cannot happen; if it could, the answer would depend on a coupling"
KINK = (
    "no standard error is given where the answer has a kink in the counted shares (the slopes on its sides differ), or "
    "where nothing granted says what it would be beside them"
)


@dataclass(frozen=True)
class SamplingError:
    """A standard error for every cell and row (NaN where there is none), and why there is none."""

    error: Array | None
    notes: tuple[str, ...] = ()


def counted_totals(setting: Setting) -> dict[str, tuple[float, ...]]:
    """Variables that the answer depends on whose tables are counts: for each, the units counted for every row."""
    if not setting.model.counted:
        return {}
    used = {x.variable for w in setting.record.worlds for x in w.instances}
    found = {name: setting.model.mechanisms[name] for name in setting.model.graph.order if name in used}
    return {name: m.totals for name, m in found.items() if isinstance(m, Table) and m.totals is not None}


def standard_error(setting: Setting, query: Query, shape: tuple[int, ...]) -> SamplingError:
    """Standard error of the answer, for every cell and row; `shape` is that of the solution.

    There is none where a share of 0 or 1 is all that makes a coupling unnecessary (next to it the answer is not
    determined), at a kink of a coupling, and where the budget does not allow the derivatives.

    Rows of different tables and parents are independent multinomials. Shares of 0 and 1 are shrunk by half a count for
    the variance (Agresti & Coull 1998 argue why a plain share of 1 must not claim certainty).
    """
    totals = counted_totals(setting)
    error = np.full((int(np.prod(shape[:-1])), shape[-1]), np.nan)
    notes: dict[str, None] = {}
    try:
        for part in slopes(setting, query, totals):
            error[:, part.rows] = np.sqrt(_variance(setting, totals, part, notes))[:, part.at]
    except (TooWide, NotOneNumber, NeedsCoupling, NeedsSampling) as wrong:
        return SamplingError(None, (f"no standard error is given: {wrong}",))
    if notes and np.isnan(error).all():
        return SamplingError(None, tuple(notes))
    return SamplingError(error.reshape(shape), tuple(notes))


def _variance(setting: Setting, totals: Mapping[str, tuple[float, ...]], part: Slopes, notes: dict[str, None]) -> Array:
    variance = np.where(np.isnan(part.value), np.nan, 0.0)
    for name, partial in part.partial.items():
        table = setting.model.mechanisms[name]
        assert isinstance(table, Table)
        counted = np.array(totals[name])[:, None]
        rows = np.array(table.rows)
        shares = (rows * counted + 0.5) / (counted + 0.5 * rows.shape[1])
        mean = np.einsum("rs,rscn->rcn", shares, partial)
        variance += np.einsum("rs,rscn,r->cn", shares, (partial - mean[:, None]) ** 2, 1 / counted[:, 0])
        if name in part.missing:
            missing = part.missing[name]
            certain = (missing & (rows == 0)[:, :, None, None]).any()
            notes[CERTAIN if certain else KINK] = None
            variance = np.where(missing.any(axis=(0, 1)), np.nan, variance)
    return variance
