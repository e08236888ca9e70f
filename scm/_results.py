"""Answers over rows as tables: one line a row, in the kind of frame the rows came in."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidQuery, InvalidRows
from ._finding import Number
from ._frames import FrameKind, frame_of, kind_of
from ._query import Distribution
from ._render import Printable

Array: TypeAlias = NDArray[np.float64]
ResultColumns: TypeAlias = "dict[str, np.ma.MaskedArray[Any, Any] | NDArray[np.str_]]"
Columns: TypeAlias = "Mapping[str, np.ma.MaskedArray[Any, Any] | NDArray[Any]]"
"""Masked numbers, text, or states (objects, None where there is none)."""

ENDS = ("lower", "upper", "outer_lower", "outer_upper")


def result_columns(answer: Printable) -> ResultColumns:
    """The columns of a table of results, one entry a row (one in all for an answer without rows).

    `value`; with bounds also `lower`, `upper` (attained) and `outer_lower`, `outer_upper` (never passed), and a value
    only where the outer ends meet; `standard_error` of what was counted, with `confidence_lower` and `confidence_upper`
    for estimates from samples, and `monte_carlo_error` of what was drawn,
    where there is one; `status`. A distribution has a column for each state instead, `P(Y=a)`, or `value(Y=a)` for a
    contrast of distributions, and `P(Y=a) lower` and so on. Cells of rows whose status is not ok are masked.

    Raises:
        InvalidQuery: the answer was refused and has no statuses of rows, so that there is nothing to show.
    """
    count = len(answer.status)
    if not count:
        check_results(answer.finding, answer.refusals)
    cells = _cell_names(answer)
    ok = answer.status.ok
    parts: dict[str, Array] = {"value": _table(answer.value, count, len(cells))}
    if answer.interval is not None:
        ends = {name: _table(getattr(answer.interval, name), count, len(cells)) for name in ENDS}
        met = ends["outer_lower"] == ends["outer_upper"]
        parts = {"value": np.where(met, ends["outer_lower"], np.nan)} | ends
    between = answer.uncertainty.confidence
    for name, error in (
        ("standard_error", answer.uncertainty.sampling),
        ("confidence_lower", None if between is None else between.lower),
        ("confidence_upper", None if between is None else between.upper),
        ("monte_carlo_error", answer.uncertainty.monte_carlo),
    ):
        if error is not None:
            parts[name] = _table(error, count, len(cells))
    out: ResultColumns = {}
    for part, table in parts.items():
        for k, cell in enumerate(cells):
            name = part if not cell else cell if part == "value" else f"{cell} {part}"
            out[name] = masked(table[:, k], ok)
    out["status"] = answer.status.words
    return out


def check_results(finding: str, refusals: Sequence[tuple[str, str]]) -> None:
    """That there is something to show.

    Raises:
        InvalidQuery: the question was refused.
    """
    if finding == "refused":
        reasons = "; ".join(f"{solver}: {reason}" for solver, reason in refusals)
        raise InvalidQuery(f"There are no results to show: {reasons or 'the question was refused'}.")


def masked(column: Array, ok: NDArray[np.bool_]) -> np.ma.MaskedArray[Any, Any]:
    """A column of numbers without those of rows that are not ok."""
    return np.ma.MaskedArray(column, mask=~ok | np.isnan(column))


def results_frame(answer: Printable, like: object = None) -> Any:
    """The columns of `result_columns` as a table of the kind of `like`.

    Args:
        answer: what `ask` returned.
        like: the rows that were asked about. A pandas frame gives one with the same index and nullable columns, a
            polars frame or Arrow table their own kind with nulls, a list of dicts another one with None; anything else
            a dict of masked arrays.

    Raises:
        InvalidQuery: the answer was refused.
        InvalidRows: `like` has another number of rows.
    """
    return table_of(result_columns(answer), len(answer.status), like)


def table_of(columns: Columns, count: int, like: object = None, kind: FrameKind | None = None) -> Any:
    """Columns as a table of the kind of `like`, or else of `kind`; see `results_frame`.

    Raises:
        InvalidRows: `like` has another number of rows.
    """
    if like is not None:
        rows = frame_of(like).count
        if rows is not None and rows != count:
            raise InvalidRows(
                f"The answer has {count} rows, but `like` has {rows}. Give the rows that were asked about."
            )
        kind = kind_of(like)
    match kind:
        case FrameKind("pandas", index):
            import pandas

            return pandas.DataFrame({name: _pandas_column(c) for name, c in columns.items()}, index=index)
        case FrameKind("polars"):
            import polars

            return polars.DataFrame({name: _filled(column) for name, column in columns.items()}).fill_nan(None)
        case FrameKind("pyarrow"):
            import pyarrow

            return pyarrow.table({name: arrow_column(column) for name, column in columns.items()})
        case FrameKind("records"):
            lists = [column.tolist() for column in columns.values()]
            return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]
        case _:
            return columns


def arrow_column(column: NDArray[Any]) -> Any:
    """A column of results as an Arrow array, null where it is masked."""
    import pyarrow

    if isinstance(column, np.ma.MaskedArray):
        return pyarrow.array(np.ma.getdata(column), mask=np.ma.getmaskarray(column), type=pyarrow.float64())
    if column.dtype == object:
        return pyarrow.array(_of_one_type(column))
    if column.dtype.kind in "biuf":
        return pyarrow.array(column, from_pandas=True)  # NaN, where a unit is undefined, is null
    return pyarrow.array(column.tolist(), type=pyarrow.string())


def _pandas_column(column: NDArray[Any]) -> Any:
    import pandas

    if isinstance(column, np.ma.MaskedArray):
        return pandas.arrays.FloatingArray(np.ma.getdata(column), np.ma.getmaskarray(column))
    return column if column.dtype.kind in "biuf" else column.astype(object)


def _of_one_type(states: NDArray[Any]) -> list[Any]:
    """States for a column of one type: as text where a variable mixes labels, truth values and numbers."""
    found = states.tolist()
    types = {type(state) for state in found if state is not None}
    if len(types) < 2 or types == {int, float}:
        return [float(x) if isinstance(x, int) and len(types) > 1 else x for x in found]
    return [None if state is None else str(state) for state in found]


def _filled(column: NDArray[Any]) -> NDArray[Any] | list[Any]:
    if column.dtype == object:
        return _of_one_type(column)
    return column.filled(np.nan) if isinstance(column, np.ma.MaskedArray) else column


def _table(number: Number | None, count: int, cells: int) -> Array:
    """A number for each row and cell; NaN where there is none."""
    if number is None:
        return np.full((count, cells), np.nan)
    return np.array(number, dtype=float).reshape(count, cells)


def _cell_names(answer: Printable) -> list[str]:
    """What each cell of a distribution is called; one nameless cell for a number."""
    if not answer.states:
        return [""]
    head = "P" if isinstance(answer.query, Distribution) else "value"
    terms = [term for term, _ in answer.states]
    combinations = itertools.product(*(states for _, states in answer.states))
    return [
        f"{head}({', '.join(f'{term}={state}' for term, state in zip(terms, combination, strict=True))})"
        for combination in combinations
    ]
