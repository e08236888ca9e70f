"""The states of variables as they stand in tables of data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np

from ._codes import not_observed
from ._errors import InvalidRows
from ._frames import Column, Encoded, Labels, Numbers, frame_of
from ._syntax import Value

MOST_SEEN = 100
"""Most states of a variable whose states are read off a column."""


def seen_states(tables: Sequence[object], names: Iterable[str]) -> dict[str, tuple[Value, ...]]:
    """The states that stand in the columns of tables: numbers in order, then labels in order.

    Args:
        tables: frames, Arrow tables, lists of dicts, mappings of columns.
        names: of the columns; one that no table has is left out, and so is one without any value.

    Raises:
        InvalidRows: a column of more than `MOST_SEEN` different values, which is no finite variable, or of values that
            can be no states.
    """
    found: dict[str, tuple[Value, ...]] = {}
    frames = [frame_of(rows) for rows in tables]
    for name in names:
        columns = [frame.column(name) for frame in frames if name in frame.names]
        seen = {value for column in columns for value in _values(name, column)}
        if len(seen) > MOST_SEEN:
            raise InvalidRows(
                f"The column {name!r} has {len(seen):,} different values; at most {MOST_SEEN} states are counted. "
                "Put a variable of many values into classes first."
            )
        if seen:
            numbers = sorted(value for value in seen if not isinstance(value, str))
            found[name] = (*numbers, *sorted(value for value in seen if isinstance(value, str)))
    return found


def _values(name: str, column: Column) -> set[Value]:
    """The different values of a column, empty cells left out."""
    if isinstance(column, Numbers):
        held = column.values if column.missing is None else column.values[~column.missing]
        raw: list[object] = np.unique(held[held == held]).tolist()
    elif isinstance(column, Encoded):
        raw = [column.values[k] for k in np.unique(column.codes) if k >= 0]
    elif isinstance(column, Labels):
        raw = np.unique(column.values).tolist()
    else:
        raw = column.values
    out: set[Value] = set()
    for value in raw:
        plain: object = cast("Any", value).item() if isinstance(value, np.generic) else value
        if not_observed(plain):
            continue
        if not isinstance(plain, (bool, int, float, str)):
            raise InvalidRows(f"The column {name!r} holds {type(plain).__name__}; numbers or labels are wanted.")
        out.add(plain)
    return out
