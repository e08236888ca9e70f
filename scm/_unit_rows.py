"""Columns of units: numbers for continuous variables, positions for finite ones, every cell filled."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._codes import NOT_OBSERVED, code_column, smallest_kind
from ._domain import Real
from ._errors import InvalidRows, listing, near
from ._frames import Cells, Column, Encoded, Frame, FrameKind, Labels, Numbers, frame_of, kind_of
from ._model import Model
from ._noise import as_number
from .solvers._unit_straight import all_finite

Array = NDArray[Any]


@dataclass(frozen=True)
class UnitRows:
    """Units as columns.

    Attributes:
        columns: by name, shape (rows,): floats, or positions.
        variables: the names that are variables of the model.
        count: how many units.
        kind: of float that the columns have: float32 where all came so, else float64.
        frame_kind: what they came in.
    """

    columns: dict[str, Array]
    variables: tuple[str, ...]
    count: int
    kind: np.dtype[Any]
    frame_kind: FrameKind | None


def read_units(model: Model, rows: object, extra: Sequence[str], ignored: Sequence[str]) -> UnitRows:
    """The columns of some units.

    Args:
        model: whose variables they are.
        rows: see `frame_of`.
        extra: columns that are no variables, and are used.
        ignored: columns that mean nothing here.

    Raises:
        InvalidRows: a column that is missing or means nothing, a cell that is empty, NaN, infinite, no number or no
            state, with its row.
    """
    frame = frame_of(rows)
    variables = tuple(v.name for v in model.variables)
    _check_names(frame, variables, extra, ignored)
    used = [name for name in frame.names if name not in ignored or name in extra]
    read = {name: frame.column(name) for name in used}
    columns = {name: _column(model, name, column) for name, column in read.items()}
    for name, domain in model.reals.items():
        if name in columns:
            check_range(name, name, columns[name], domain)
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidRows(f"The columns have different lengths: {lengths}. Every column needs one value a row.")
    count = next(iter(lengths.values()), frame.count or 0)
    kind = _float_kind(columns)
    for name, column in columns.items():
        if column.dtype.kind == "f" and column.dtype != kind:
            columns[name] = column.astype(kind)
    return UnitRows(columns, tuple(n for n in used if n in variables), count, kind, kind_of(rows))


def _check_names(frame: Frame, variables: Sequence[str], extra: Sequence[str], ignored: Sequence[str]) -> None:
    for name in ignored:
        if name not in frame.names:
            raise InvalidRows(f"There is no column {name!r} to ignore.{near(str(name), map(str, frame.names))}")
    for name in extra:
        if name not in frame.names:
            raise InvalidRows(f"No column fills ?{name}. The rows have {listing(frame.names)}.")
    for name in frame.names:
        if name not in variables and name not in extra and name not in ignored:
            raise InvalidRows(
                f"The rows have a column {name!r} that is no variable of the model; those are {listing(variables)}."
                f"{near(str(name), variables)} If it means nothing here, leave it out: ignored=({name!r},)."
            )


def _column(model: Model, name: str, column: Column) -> Array:
    states = model.variable_states.get(name)
    if states is None:
        return real_column(name, column)
    codes = code_column(name, name, column, states).astype(smallest_kind(len(states)))
    if len(codes) and codes.min() == NOT_OBSERVED:
        raise _empty(name, int(np.argmax(codes == NOT_OBSERVED)) + 1)
    return codes


def _empty(name: str, row: int) -> InvalidRows:
    return InvalidRows(
        f"column {name!r}: the cell is empty, and a unit's row has every value here. ask() takes partial evidence.",
        row=row,
    )


def real_column(name: str, column: Column) -> Array:
    """A column of numbers, as floats; whether they are finite is not looked at.

    Raises:
        InvalidRows: a cell is none, with its row.
    """
    match column:
        case Numbers(values, missing):
            found = (
                values if values.dtype.kind == "f" and values.dtype.itemsize in (4, 8) else values.astype(np.float64)
            )
            if missing is not None and missing.any():
                raise _empty(name, int(np.argmax(missing)) + 1)
        case Cells(values):
            found = _of_cells(name, values)
        case Encoded(codes, values):
            each = [as_number(v) for v in values]
            wrong = np.array([v is None for v in each] + [True])[codes]
            if wrong.any():
                raise _no_number(name, int(np.argmax(wrong)), values[codes[int(np.argmax(wrong))]])
            found = np.array([0.0 if v is None else float(v) for v in each])[codes] if values else np.zeros(0)
        case Labels(values):
            if len(values):
                raise _no_number(name, 0, values[0])
            found = np.zeros(0)
    return found


def _of_cells(name: str, values: list[object]) -> Array:
    out = np.empty(len(values))
    for i, value in enumerate(values):
        number = as_number(int(value) if isinstance(value, bool) else value)
        if value is None:
            raise _empty(name, i + 1)
        if number is None:
            raise _no_number(name, i, value)
        out[i] = float(number)
    return out


def _no_number(name: str, row: int, value: object) -> InvalidRows:
    return InvalidRows(f"column {name!r}: {value!r} is no number, and {name!r} is continuous.", row=row + 1)


def check_columns(table: UnitRows, names: Container[str], *, inside: bool = True) -> None:
    """That every number in the columns of those names, or of all others, is one.

    Raises:
        InvalidRows: NaN or infinity, with its row.
    """
    for name, column in table.columns.items():
        if column.dtype.kind == "f" and (name in names) == inside:
            check_finite(name, column)


def check_range(name: str, variable: str, column: Array, domain: Real) -> None:
    """That no value lies outside what a variable was declared to be; NaN is looked for elsewhere.

    Raises:
        InvalidRows: one does, with its row.
    """
    if math.isinf(domain.lower) and math.isinf(domain.upper):
        return
    if (wrong := (column < domain.lower) | (column > domain.upper)).any():
        row = int(np.argmax(wrong))
        raise InvalidRows(
            f"column {name!r}: {float(column[row])!r} is outside: {variable!r} takes {domain}.", row=row + 1
        )


def check_finite(name: str, column: Array) -> None:
    """That every number is one.

    Raises:
        InvalidRows: NaN or infinity, with its row.
    """
    if not all_finite(column):
        row = int(np.argmin(np.isfinite(column)))
        said = "the cell is empty (NaN)" if np.isnan(column[row]) else f"{float(column[row])!r} is no finite number"
        raise InvalidRows(f"column {name!r}: {said}.", row=row + 1)


def _float_kind(columns: dict[str, Array]) -> np.dtype[Any]:
    kinds = {column.dtype for column in columns.values() if column.dtype.kind == "f"}
    return np.dtype(np.float32) if kinds == {np.dtype(np.float32)} else np.dtype(np.float64)
