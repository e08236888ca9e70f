"""Columns of units: numbers for continuous variables, positions for finite ones, every cell filled."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._codes import NOT_OBSERVED, code_column, smallest_kind
from ._domain import Real
from ._errors import InvalidRows, listing, near
from ._frames import Column, Frame, FrameKind, Numbers, frame_of, kind_of
from ._model import Model
from ._real_column import real_column
from .solvers._unit_straight import all_finite

Array = NDArray[Any]
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


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


def read_units(model: Model, rows: object, extra: Mapping[str, str], ignored: Sequence[str]) -> UnitRows:
    """The columns of some units.

    Args:
        model: whose variables they are.
        rows: see `frame_of`.
        extra: columns that are no variables, and are used, each with the variable whose values it has, or ''.
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
    columns = {name: _column(model, name, extra.get(name) or name, column) for name, column in read.items()}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidRows(f"The columns have different lengths: {lengths}. Every column needs one value a row.")
    count = next(iter(lengths.values()), frame.count or 0)
    kind = _float_kind(columns)
    for name, column in columns.items():
        if column.dtype.kind == "f" and column.dtype != kind:
            columns[name] = column.astype(kind)
    return UnitRows(columns, tuple(n for n in used if n in variables), count, kind, kind_of(rows))


def _check_names(frame: Frame, variables: Sequence[str], extra: Mapping[str, str], ignored: Sequence[str]) -> None:
    if isinstance(ignored, str):
        raise InvalidRows(f"ignored={ignored!r}: several names are wanted, ignored=({ignored!r},).")
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


def _column(model: Model, name: str, variable: str, column: Column) -> Array:
    states = model.variable_states.get(variable)
    if states is None:
        return _numbers(name, variable, column, model.reals.get(variable, Real()))
    codes = code_column(name, variable, column, states).astype(smallest_kind(len(states)))
    if len(codes) and codes.min() == NOT_OBSERVED:
        raise _empty(name, int(np.argmax(codes == NOT_OBSERVED)) + 1)
    return codes


def _empty(name: str, row: int) -> InvalidRows:
    return InvalidRows(
        f"column {name!r}: the cell is empty, and a unit's row has every value here. ask() takes partial evidence.",
        row=row,
    )


def _numbers(name: str, variable: str, column: Column, domain: Real) -> Array:
    """A column of numbers without empty cells; whether floats are finite is looked at later, where that costs less.

    Raises:
        InvalidRows: a cell is none, lies outside the domain, or is empty, with its row.
    """
    bounded = math.isfinite(domain.lower) or math.isfinite(domain.upper)
    if isinstance(column, Numbers) and column.missing is None and not bounded and column.values.dtype in _FLOATS:
        return column.values
    found = real_column(name, variable, column, domain, nan_is_empty=True)
    if np.isnan(found).any():
        raise _empty(name, int(np.argmax(np.isnan(found))) + 1)
    return found


def check_columns(table: UnitRows, names: Container[str], *, inside: bool = True) -> None:
    """That every number in the columns of those names, or of all others, is one.

    Raises:
        InvalidRows: NaN or infinity, with its row.
    """
    for name, column in table.columns.items():
        if column.dtype.kind == "f" and (name in names) == inside:
            check_finite(name, column)


def check_finite(name: str, column: Array) -> None:
    """That every number is one.

    Raises:
        InvalidRows: NaN or infinity, with its row.
    """
    if not all_finite(column):
        row = int(np.argmin(np.isfinite(column)))
        said = "the cell is empty (NaN)" if np.isnan(column[row]) else f"{float(column[row])!r} is not finite"
        raise InvalidRows(f"column {name!r}: {said}.", row=row + 1)


def _float_kind(columns: dict[str, Array]) -> np.dtype[Any]:
    kinds = {column.dtype for column in columns.values() if column.dtype.kind == "f"}
    return np.dtype(np.float32) if kinds == {np.dtype(np.float32)} else np.dtype(np.float64)
