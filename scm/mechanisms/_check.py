"""What a mechanism over columns gave, checked: the shape, the kind, and no NaN where there should be none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._domain import Domain, Real
from .._errors import InvalidModel
from ._types import Column, Columns, Forward, NeedsCoupling


def checked_column(name: str, found: Column, rows: int, domain: Domain | None = None, first: int = 1) -> NDArray[Any]:
    """A column that a mechanism gave, with one entry a row.

    Args:
        name: of the variable.
        found: what its mechanism gave; a single number stands for every row.
        rows: how many are wanted.
        domain: what the variable is declared to be; None to look only at shape and kind.
        first: the number of the first row, for messages.

    Returns:
        Shape (rows,): floats, or positions among the states of a finite variable.

    Raises:
        InvalidModel: another shape or kind, NaN or infinity, or a value outside the domain; with variable and row.
    """
    try:
        column = np.asarray(found)
    except (TypeError, ValueError) as wrong:
        raise InvalidModel(
            f"The mechanism of {name!r} gave {type(found).__name__}, which is no column: {wrong}"
        ) from None
    if column.dtype.kind not in "biuf":
        raise InvalidModel(f"The mechanism of {name!r} gave a column of {column.dtype}; numbers are wanted.")
    if column.ndim == 0 or column.shape == (1,):
        column = np.broadcast_to(column.reshape(()), (rows,))
    if column.shape != (rows,):
        raise InvalidModel(
            f"The mechanism of {name!r} gave an array of shape {column.shape}; one value for each of the {rows} rows, "
            f"shape ({rows},), is wanted."
        )
    if column.dtype.kind == "f":
        _refuse(name, column, ~np.isfinite(column), first, "; a mechanism gives a finite number for every row")
    if isinstance(domain, Real):
        off = (column < domain.lower) | (column > domain.upper)
        _refuse(name, column, off, first, f", and {name!r} is declared as {domain}")
    elif domain is not None:
        if column.dtype.kind == "f":
            raise InvalidModel(f"The mechanism of {name!r} gave floats; positions among its states are wanted.")
        _refuse(name, column, (column < 0) | (column >= len(domain)), first, f"; {name!r} has {len(domain)} states")
    return column


def _refuse(name: str, column: NDArray[Any], bad: NDArray[np.bool_], first: int, why: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        more = f" (and {int(bad.sum()) - 1} more)" if bad.sum() > 1 else ""
        raise InvalidModel(f"The mechanism of {name!r} gave {column[row]} in row {row + first}{more}{why}.")


def run_forward(name: str, mechanism: Forward, values: Columns, rows: int, first: int = 1) -> NDArray[Any]:
    """A variable of `rows` units in NumPy, checked.

    Raises:
        InvalidModel: the mechanism failed, or gave what `checked_column` refuses.
    """
    try:
        with np.errstate(all="ignore"):
            found = mechanism.forward(values, np)
    except InvalidModel:
        raise
    except Exception as wrong:  # whatever a user's function raises
        raise InvalidModel(f"The mechanism of {name!r} failed: {type(wrong).__name__}: {wrong}") from wrong
    return checked_column(name, found, rows, mechanism.domain, first)


def checked_laws(
    name: str, mechanism: NeedsCoupling, values: Columns, rows: int, first: int = 1
) -> NDArray[np.float64]:
    """P(each state | parents) of a variable given by probabilities alone, in NumPy; shape (states, rows).

    Raises:
        InvalidModel: the mechanism failed, or a row is no law.
    """
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(mechanism.laws(values, np), dtype=np.float64)
    except InvalidModel:
        raise
    except Exception as wrong:  # whatever a user's function raises
        raise InvalidModel(f"The mechanism of {name!r} failed: {type(wrong).__name__}: {wrong}") from wrong
    states = len(mechanism.domain) if isinstance(mechanism.domain, tuple) else 0
    if found.ndim != 2 or found.shape[0] != states or found.shape[1] not in (1, rows):
        raise InvalidModel(f"The laws of {name!r} have shape {found.shape}; ({states}, {rows}) is wanted.")
    found = np.broadcast_to(found, (states, rows))
    bad = ~(np.isfinite(found).all(axis=0) & (found >= 0).all(axis=0) & (np.abs(found.sum(axis=0) - 1) < 1e-6))
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidModel(
            f"The mechanism of {name!r} gave the probabilities {found[:, row].tolist()} in row {row + first}; "
            "numbers from 0 up that sum to 1 are wanted."
        )
    return found
