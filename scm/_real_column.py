"""Columns of numbers for continuous variables: what is a number, what is an empty cell, what is neither.

An empty cell (None, null, NA, masked) says that nothing was observed. NaN says so only in a pandas frame, where a
column of floats has no other way to; anywhere else it is a number that went wrong somewhere, and dropping the evidence
in silence would answer another question.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._codes import not_observed
from ._domain import Real
from ._errors import InvalidRows
from ._frames import Cells, Column, Encoded, Labels, Numbers
from ._noise import as_number, plain

MOST = 60
"""Letters of a cell that are shown."""

Reals: TypeAlias = "NDArray[np.float64] | NDArray[np.float32]"


def real_column(name: str, variable: str, column: Column, domain: Real, *, nan_is_empty: bool) -> Reals:
    """The numbers of a column, NaN where nothing was observed; single precision is kept.

    Args:
        name: the column's name, for messages.
        variable: whose values they are.
        column: what to read.
        domain: what the variable can be.
        nan_is_empty: whether NaN says that nothing was observed.

    Raises:
        InvalidRows: a cell that is text, a truth value, not finite, or outside the domain; the first such row is named,
            counted from 1.
    """
    read = _Reader(name, variable, domain, nan_is_empty)
    match column:
        case Numbers(values, missing):
            return read.numbers(values, missing)
        case Labels(values):
            if len(values):
                raise read.no_number(0, values[0].item())
            return np.empty(0)
        case Encoded(codes, values):
            used = np.unique(codes[codes >= 0])
            table = np.full(len(values) + 1, np.nan)  # code -1 is the last
            for code in used.tolist():
                found = read.cell(values[code])
                if isinstance(found, str):
                    raise read.no_number(int(np.argmax(codes == code)), values[code], found)
                table[code] = found
            return table[codes]
        case Cells(values):
            return read.cells(values)


class _Reader:
    """One column, with what messages about it say."""

    def __init__(self, name: str, variable: str, domain: Real, nan_is_empty: bool) -> None:
        self.name, self.variable, self.domain, self.nan_is_empty = name, variable, domain, nan_is_empty

    def numbers(self, values: NDArray[Any], missing: NDArray[np.bool_] | None) -> Reals:
        """A column of numbers as it came."""
        if values.dtype.kind == "b":
            shown = np.ones(len(values), dtype=bool) if missing is None else ~missing
            if shown.any():
                at = int(np.argmax(shown))
                raise self.no_number(at, bool(values[at]))
            return np.full(len(values), np.nan)
        out = values if values.dtype.kind == "f" and values.dtype.itemsize in (4, 8) else values.astype(np.float64)
        if not out.dtype.isnative:
            out = out.astype(out.dtype.newbyteorder("="))
        bad = ~np.isfinite(out)
        if self.nan_is_empty:
            bad &= ~np.isnan(out)
        if not (math.isinf(self.domain.lower) and math.isinf(self.domain.upper)):
            bad |= (out < self.domain.lower) | (out > self.domain.upper)
        if missing is not None:
            bad &= ~missing
        if bad.any():
            at = int(np.argmax(bad))
            found = values[at].item()
            raise self.no_number(at, found, self.outside(float(found)))
        if missing is not None and missing.any():
            out = np.where(missing, out.dtype.type(np.nan), out)
        return out

    def cells(self, values: list[object]) -> Reals:
        """A list of Python values."""
        if {type(value) for value in values} <= {float, int}:
            try:
                return self.numbers(np.array(values, dtype=np.float64), None)
            except OverflowError:
                pass  # a whole number that no float holds: found below
        out = np.full(len(values), np.nan)
        for row, value in enumerate(values):
            found = self.cell(value)
            if isinstance(found, str):
                raise self.no_number(row, value, found)
            out[row] = found
        return out

    def cell(self, value: object) -> float | str:
        """The number in a cell, NaN where it is empty; text says what is wrong with it."""
        number = as_number(value)
        if number is None:
            return math.nan if not_observed(value) else "number"
        try:
            found = float(number)
        except OverflowError:
            return "finite"
        if math.isnan(found) and self.nan_is_empty:
            return found
        return self.outside(found) or found

    def outside(self, number: float) -> str:
        """What is wrong with a number, '' for nothing."""
        if math.isnan(number):
            return "nan"
        if math.isinf(number):
            return "finite"
        return "" if self.domain.lower <= number <= self.domain.upper else "outside"

    def no_number(self, row: int, value: object, why: str = "number") -> InvalidRows:
        """That a cell cannot be read, and what may have been meant."""
        shown = plain(value)
        told = repr(shown) if len(repr(shown)) <= MOST else f"{repr(shown)[:MOST]}..."
        match why:
            case "nan":
                text = "NaN is no observation. Leave the cell empty (None, null) where nothing was observed."
            case "finite":
                text = f"{told} is not finite; {self.variable!r} takes {self.domain}."
            case "outside":
                text = f"{told} is outside: {self.variable!r} takes {self.domain}."
            case _:
                text = f"{told} is no number, and {self.variable!r} is continuous: it takes {self.domain}."
                text += _hint(shown)
        return InvalidRows(f"column {self.name!r}: {text}", row=row + 1)


def _hint(value: object) -> str:
    """What may have been meant by something that is no number."""
    if isinstance(value, bool):
        return f" Write {int(value)} for {value}."
    if not isinstance(value, str):
        return ""
    if value.strip().lower() in ("", "na", "nan", "n/a", "null", "none", "?"):
        return " Leave the cell empty where nothing was observed."
    try:
        return " The cell is text; give the number." if math.isfinite(float(value.replace("_", "?"))) else ""
    except ValueError:
        return ""


def numbers_from_text(name: str, variable: str, cells: Sequence[str], domain: Real) -> np.ma.MaskedArray[Any, Any]:
    """A column of a text file as numbers; an empty cell, where nothing was observed, is masked.

    Args:
        name: the column's name, for messages.
        variable: whose values they are.
        cells: the text of each cell.
        domain: what the variable can be.

    Raises:
        InvalidRows: a cell that is no finite number in the domain, with its row.
    """
    read = _Reader(name, variable, domain, nan_is_empty=False)
    values = np.zeros(len(cells))
    missing = np.zeros(len(cells), dtype=bool)
    for row, cell in enumerate(cells):
        try:
            values[row] = float(cell)
        except ValueError:
            if cell.strip():
                raise read.no_number(row, cell) from None
            missing[row] = True
            continue
        if "_" in cell or math.isnan(values[row]):  # 1_000 is Python's, and no file's
            raise read.no_number(row, cell)
    return np.ma.MaskedArray(read.numbers(values, missing), mask=missing)
