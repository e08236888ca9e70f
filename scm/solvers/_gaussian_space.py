"""Affine functions of known columns and standard normal noises, with the size of the numbers they were summed from.

Sizes are a running error analysis: a coefficient that is smaller than what rounding may have left of larger ones is
zero, which makes relations that hold by the model's structure hold exactly. Roundings are taken to be as good as
independent (Higham & Mary 2019): sums of absolute values grow without bound along the paths of a deep graph, where
what they bound does not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._refusal import Refusal

Array = NDArray[np.float64]
OVERFLOW = "the numbers grow past what double precision holds"
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Form:
    """`sum of known[k] * column k + noise @ z`, where z are independent standard normals.

    Attributes:
        known: coefficient of each known column; column 0 is one for all rows.
        noise: coefficients of z, shape (noises,).
        known_size, noise_size: root mean squares of what was summed, at least the sum; the rounding is a share of it.
    """

    known: Mapping[int, float]
    noise: Array
    known_size: Mapping[int, float]
    noise_size: Array

    @property
    def is_known(self) -> bool:
        """Whether no noise matters to it."""
        return not self.noise.any()

    @property
    def constant(self) -> float | None:
        """Its one value for all rows; None where it has none."""
        return self.known.get(0, 0.0) if self.is_known and not any(self.known.keys() - {0}) else None


class RowsDiffer(Exception):
    """A coefficient is not the same in every row: rows with one label are to be solved together."""

    def __init__(self, labels: NDArray[np.intp], what: str) -> None:
        self.labels, self.what = labels, what
        super().__init__(what)


@dataclass
class Space:
    """The known columns that forms are over, and how many noises there are.

    Attributes:
        rows: of every column.
        noises: how many independent standard normals.
        unit: relative rounding of one coefficient, as a share of its size.
        columns: known values, shape (rows,) each.
    """

    rows: int
    noises: int
    unit: float
    columns: list[Array] = field(default_factory=lambda: [])
    placed: dict[Any, int] = field(default_factory=lambda: {})

    def __post_init__(self) -> None:
        """Column 0 is one."""
        self.columns.append(np.ones(self.rows))

    def constant(self, value: float) -> Form:
        """The same value for all rows."""
        none = np.zeros(self.noises)
        return Form({0: value} if value else {}, none, {0: abs(value)}, none)

    def column(self, values: NDArray[Any], key: Any = None) -> Form:
        """A value for each row; `key`, where given, names it for the next time."""
        if key is not None and key in self.placed:
            k = self.placed[key]
        else:
            found = np.asarray(values, dtype=np.float64)
            if len(found) and (found == found[0]).all():
                return self.constant(float(found[0]))
            k = len(self.columns)
            self.columns.append(found)
            if key is not None:
                self.placed[key] = k
        none = np.zeros(self.noises)
        return Form({k: 1.0}, none, {k: 1.0}, none)

    def noise(self, mean: float, loadings: Array) -> Form:
        """A noise: its mean, and its coefficients on z."""
        if not (math.isfinite(mean) and np.isfinite(loadings).all()):
            raise Refusal(OVERFLOW)
        return Form({0: mean} if mean else {}, loadings, {0: abs(mean)}, np.abs(loadings))

    def combine(self, parts: Sequence[tuple[float, Form]]) -> Form:
        """The sum of multiples of forms."""
        if len(parts) == 1 and parts[0][0] == 1:
            return parts[0][1]
        noise, size = np.zeros(self.noises), np.zeros(self.noises)
        known: dict[int, float] = {}
        known_size: dict[int, float] = {}
        for scale, form in parts:
            noise += scale * form.noise
            size = np.hypot(size, scale * form.noise_size)
            for k, x in form.known.items():
                known[k] = known.get(k, 0.0) + scale * x
            for k, x in form.known_size.items():
                known_size[k] = math.hypot(known_size.get(k, 0.0), scale * x)
        size = np.maximum(size, np.abs(noise))
        known_size |= {k: max(known_size[k], abs(x)) for k, x in known.items()}
        if not (np.isfinite(noise).all() and all(map(math.isfinite, known.values()))):
            raise Refusal(OVERFLOW)
        noise[np.abs(noise) <= self.unit * size] = 0.0
        known = {k: x for k, x in known.items() if abs(x) > self.unit * known_size[k]}
        return Form(known, noise, known_size, size)

    def values(self, form: Form) -> Array:
        """The known part of a form for each row."""
        return self.sum(form.known)

    def sum(self, coefficients: Mapping[int, float], *, absolute: bool = False) -> Array:
        """Columns, or their absolute values, times coefficients."""
        found = np.zeros(self.rows)
        for k, x in coefficients.items():
            column = self.columns[k]
            found += x * (np.abs(column) if absolute else column)
        return found

    def rounding(self, form: Form) -> Array:
        """Bound on the rounding in `values`."""
        return self.unit * self.sum(form.known_size, absolute=True)

    def matrix(self, rows: Sequence[Mapping[int, float]]) -> Array:
        """Coefficients of several forms as one array, shape (forms, columns)."""
        found = np.zeros((len(rows), len(self.columns)))
        for i, row in enumerate(rows):
            for k, x in row.items():
                found[i, k] = x
        return found
