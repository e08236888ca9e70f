"""Rows of data for models with continuous variables: positions among states beside columns of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._codes import code_column, smallest_kind
from ._domain import Domain, Real
from ._errors import InvalidQuery, listing
from ._frames import Frame, frame_of, library
from ._groups import not_seen
from ._query import Query, placeholders
from ._real_column import real_column
from ._rows import carriers, check_observed, row_count, row_variables, with_evidence


@dataclass(frozen=True)
class MixedRows:
    """Placeholders' values.

    Attributes:
        columns: for each placeholder positions among its states (`NOT_OBSERVED` where a cell is empty), or numbers (NaN
            where it is empty).
        domains: what they stand for.
        count: how many rows.
        empty: placeholders that have an empty cell in some row.
    """

    columns: Mapping[str, NDArray[Any]]
    domains: Mapping[str, Domain]
    count: int
    empty: tuple[str, ...] = ()


def read_mixed_rows(
    query: Query, rows: object, domains: Mapping[str, Domain], ignored: Sequence[str] = ()
) -> tuple[Query, MixedRows]:
    """The query with the evidence that the rows bring, and the rows; one row where nothing is left open.

    As `read_rows` does it for finite models; see `real_column` for cells of continuous variables.

    Args:
        query: names and states checked.
        rows: a mapping of columns, a list of dicts, a pandas or polars DataFrame, an Arrow table; None for none.
        domains: what every variable can be.
        ignored: columns that mean nothing here.

    Raises:
        InvalidQuery: the query has placeholders but no rows came, or one that no variable gives its values.
        InvalidRows: a column is missing, means nothing, has another length, or holds a value that its variable cannot
            have (with its row); a cell is empty where a value must be.
    """
    if rows is None:
        if wanted := placeholders(query):
            raise InvalidQuery(
                f"The query leaves {listing(wanted)} open. Give rows={{name: values}}, or bind(query, name=value)."
            )
        return query, MixedRows({}, {}, 1)
    frame = frame_of(rows)
    names = list(row_variables(query, frame.names, domains, ignored)) if frame.names or frame.count != 0 else []
    left = carriers(query)
    asked = with_evidence(query, tuple(name for name in names if name not in left))
    wanted = carriers(asked)
    own = {name: _domain(name, variables, domains) for name, variables in wanted.items()}
    count = row_count(frame, {name: frame.column(name) for name in names})
    columns = {name: _column(frame, name, wanted[name][0], own[name], name in names) for name in wanted}
    empty = {name: cells for name, column in columns.items() if (cells := not_seen(column)).any()}
    check_observed(asked, empty)
    return asked, MixedRows(columns, own, count, tuple(empty))


def _column(frame: Frame, name: str, variable: str, domain: Domain, there: bool) -> NDArray[Any]:
    if not there:  # no records at all have no names either
        return np.empty(0) if isinstance(domain, Real) else np.empty(0, dtype=np.int8)
    if isinstance(domain, Real):
        return real_column(name, variable, frame.column(name), domain, nan_is_empty=_from_pandas(frame, name))
    return code_column(name, variable, frame.column(name), domain).astype(smallest_kind(len(domain)))


def _from_pandas(frame: Frame, name: str) -> bool:
    """Whether a column of floats could not have said otherwise that a cell is empty."""
    source = frame.source
    return "pandas" in (library(source), "" if library(source) else library(source[name]))


def _domain(name: str, variables: Sequence[str], domains: Mapping[str, Domain]) -> Domain:
    """What a placeholder stands for: a value that every variable it is given to can have."""
    if not variables:
        raise InvalidQuery(f"?{name} is not compared with a variable, so its values are not known. Write X = ?{name}.")
    found = domains[variables[0]]
    for other in variables[1:]:
        second = domains[other]
        if isinstance(found, Real) and isinstance(second, Real):
            low, high = max(found.lower, second.lower), min(found.upper, second.upper)
            if low < high:
                found = Real(low, high)
                continue
        if found != second:
            raise InvalidQuery(
                f"?{name} stands for {variables[0]!r} and {other!r}, which take different values. "
                "Use a placeholder for each."
            )
    return found
