"""The same recipe for every reading of the printed numbers: its rounding interval, and the error of counted shares."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .._statement import Statement
from ._atoms import Array
from ._system import System

MOST_CORNERS = 10
"""Up to so many rounded numbers, every corner of their intervals is tried; beyond, ascent from the best."""
INSIDE = 200
"""Readings drawn from inside the intervals, besides the corners."""


@dataclass(frozen=True)
class Read:
    """A number with what is left open.

    Attributes:
        value: at face value; NaN where it is undefined.
        rounding: where it can lie within the printed digits; None where every number is exact.
        error: standard error from counted shares; None where none was counted.
        used: the positions of the statements that it depends on.
    """

    value: float
    rounding: tuple[float, float] | None
    error: float | None
    used: tuple[int, ...]


def read(system: System, position: int, statements: Sequence[Statement]) -> Read:
    """The number at `position`, for the face values and for whatever the digits and counts leave open."""
    face = np.array([s.value for s in statements], dtype=float).reshape(-1)
    ends = np.array([[s.low, s.high] for s in statements], dtype=float).reshape(-1, 2)

    def at(readings: Array) -> Array:
        return system.value(position, readings)

    value = _rounded(float(at(face[:, None] if len(face) else np.zeros((0, 1)))[0]))
    slopes = _slopes(at, face)
    used = tuple(int(k) for k in np.flatnonzero(slopes != 0))
    rounded = [k for k in range(len(face)) if ends[k, 0] < ends[k, 1] and _matters(at, face, ends, k)]
    counted = [k for k in used if statements[k].total is not None]
    error = None
    if counted:
        error = float(np.sqrt(sum(slopes[k] ** 2 * _variance(statements[k]) for k in counted)))
    rounding = _interval(at, face, ends, rounded, value) if rounded else None
    return Read(value, rounding, error, tuple(sorted({*used, *rounded})))


def _variance(counted: Statement) -> float:
    """Of a counted share; none or all of the units do not make it certain, so such a share is moved by half a count.

    Agresti & Coull (1998) argue why.
    """
    total = counted.total or 1
    share = counted.value
    if certain(counted):
        share = (share * total + 0.5) / (total + 1)
    return share * (1 - share) / total


def certain(counted: Statement) -> bool:
    """Whether none or all of the counted units were such."""
    return counted.total is not None and counted.value in (0.0, 1.0)


def _rounded(value: float) -> float:
    """Without what the machine's rounding leaves of a difference that is zero."""
    return 0.0 if abs(value) < 1e-14 else value


def _slopes(at: Callable[[Array], Array], face: Array) -> Array:
    """The derivative by each statement's number."""
    if not len(face):
        return np.zeros(0)
    step = 1e-6
    shifts = np.concatenate([step * np.eye(len(face)), -step * np.eye(len(face))], axis=1)
    moved = at(face[:, None] + shifts)
    with np.errstate(invalid="ignore"):  # infinite on both sides
        slopes = (moved[: len(face)] - moved[len(face) :]) / (2 * step)
    return np.where(np.isfinite(slopes) & (np.abs(slopes) > 1e-9), slopes, 0.0)


def _matters(at: Callable[[Array], Array], face: Array, ends: Array, k: int) -> bool:
    readings = np.repeat(face[:, None], 3, axis=1)
    readings[k, 1:] = ends[k]
    values = at(readings)
    with np.errstate(invalid="ignore"):
        return bool(np.nanmax(np.abs(values - values[0]), initial=0.0) > 1e-13)


def _interval(
    at: Callable[[Array], Array], face: Array, ends: Array, rounded: list[int], value: float
) -> tuple[float, float] | None:
    """Ends over the box of the rounded numbers.

    A function that is a quotient of two linear ones in each number alone has its ends at corners; readings from inside
    stand in for the rest.
    """
    rng = np.random.default_rng(0)
    parts = [face[:, None]]
    inside = np.repeat(face[:, None], INSIDE, axis=1)
    inside[rounded] = rng.uniform(ends[rounded, 0][:, None], ends[rounded, 1][:, None], (len(rounded), INSIDE))
    parts.append(inside)
    if len(rounded) <= MOST_CORNERS:
        corners = np.repeat(face[:, None], 2 ** len(rounded), axis=1)
        corners[rounded] = np.array(list(itertools.product(*ends[rounded]))).T
        parts.append(corners)
    else:
        parts += [_climbed(at, face, ends, rounded, sign) for sign in (-1.0, 1.0)]
    values = np.concatenate([at(part) for part in parts])
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    return min(_rounded(float(values.min())), value), max(_rounded(float(values.max())), value)


def _climbed(at: Callable[[Array], Array], face: Array, ends: Array, rounded: list[int], sign: float) -> Array:
    """The best corner by moving one number at a time, from the face values."""
    here = face.copy()
    best = sign * float(at(here[:, None])[0])
    for _ in range(4):
        before = best
        for k in rounded:
            readings = np.repeat(here[:, None], 2, axis=1)
            readings[k] = ends[k]
            values = sign * at(readings)
            pick = int(np.nanargmax(np.where(np.isfinite(values), values, -np.inf)))
            if values[pick] >= best:
                best, here = float(values[pick]), readings[:, pick].copy()
        if best <= before:
            break
    return here[:, None]
