"""Laws that are given for many strata at once: checked row by row, the bad row named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidModel, InvalidRows, listing

OFF = 1e-9
"""How far from one the probabilities of a law may add up."""
CHUNK = 1 << 15


def strata_array(given: Any, shape: tuple[int, ...], imposed: int, variables: Sequence[str]) -> NDArray[np.float64]:
    """The law of every stratum as numbers.

    Args:
        given: what stands in `KnownLaw.array`.
        shape: wanted behind the axis of the strata.
        imposed: how many of the first axes of `shape` are of imposed variables.
        variables: for messages.

    Raises:
        InvalidModel: no numbers, another shape, no stratum.
        InvalidRows: a stratum in which a number is no probability, or they do not add up to one.
    """
    names = listing(variables)
    try:
        array = np.ascontiguousarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidModel(f"The law of {names} is no array of numbers, one law a stratum.") from None
    if array.ndim != len(shape) + 1 or array.shape[1:] != shape:
        wanted = f"(strata, {', '.join(map(str, shape))})"
        raise InvalidModel(
            f"The law of {names} has the shape {array.shape}; with strata=True {wanted} is wanted: the first axis is "
            "that of the strata."
        )
    if not len(array):
        raise InvalidModel(f"The law of {names} has no strata. Give at least one.")
    _check_rows(array.reshape(len(array), -1), int(np.prod(shape[:imposed], dtype=int)), names)
    return array


def _check_rows(rows: NDArray[np.float64], regimes: int, names: str) -> None:
    cells = rows.shape[1] // regimes
    add_up = np.kron(np.eye(regimes), np.ones((cells, 1)))
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        totals = part @ add_up  # much faster than a sum over a short axis
        good = part.min() >= 0 and np.abs(totals - 1).max() <= OFF  # false for NaN too
        if not good:
            wrong = ~((part >= 0).all(axis=1) & (np.abs(totals - 1) <= OFF).all(axis=1))
            first = int(np.argmax(wrong))
            raise InvalidRows(_problem(part[first], totals[first], names), start + first + 1)


def _problem(row: NDArray[np.float64], totals: NDArray[np.float64], names: str) -> str:
    where = f"a stratum of the law of {names},"
    if not np.isfinite(row).all():
        bad = row[~np.isfinite(row)][0]
        return f"{where} has {bad:g} for a probability. Leave strata out whose law is not known."
    if (row < 0).any():
        return f"{where} has a probability of {row.min():.6g}, below zero."
    off = totals[np.argmax(np.abs(totals - 1))]
    return f"{where} has probabilities that add up to {off:.12g}, not to 1. Divide each law by its sum."
