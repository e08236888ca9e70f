"""What a solver found: ends for every cell and row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._finding import Interval
from .._syntax import Value

Array = NDArray[np.float64]

AGREE = 1e-12
"""Ends closer than this, relative to the numbers they were worked out from, are one answer."""


@dataclass(frozen=True)
class Solution:
    """Ends for every cell and row; equal ends are a value.

    Attributes:
        lower, upper: inner ends, each attained by some law; the last axis is rows.
        outer_lower, outer_upper: ends that no law passes.
        defined: for each row, whether its conditions have positive probability.
        lower_at, upper_at: for a single number, a state of the roots of unknown law that attains each end.
        monte_carlo: standard error of what was drawn at random, same shape as `lower`; None where nothing was.
        effective_size: of the draws, for each row.
        diagnostics: figures about the run.
        refused: rows that the solver does not answer, though it answers others: they hold NaN; None where there are
            none. `reason` is why, in words fit for a user.
    """

    lower: Array
    upper: Array
    outer_lower: Array
    outer_upper: Array
    defined: NDArray[np.bool_]
    lower_at: Mapping[str, Value] | None = None
    upper_at: Mapping[str, Value] | None = None
    monte_carlo: Array | None = None
    effective_size: Array | None = None
    diagnostics: Mapping[str, Any] = field(default_factory=lambda: {})
    refused: NDArray[np.bool_] | None = None
    reason: str = ""

    @property
    def ends(self) -> tuple[Array, Array, Array, Array]:
        """Inner ends, then outer ones."""
        return self.lower, self.upper, self.outer_lower, self.outer_upper


def point(value: Array, defined: NDArray[np.bool_]) -> Solution:
    """A solution whose ends are one value."""
    return Solution(value, value, value, value, defined)


def sharp(solution: Solution) -> bool:
    """Whether inner and outer ends are the same everywhere."""
    if solution.outer_lower is solution.lower and solution.outer_upper is solution.upper:
        return True
    ok = ~np.isnan(solution.lower)
    return bool(
        np.all(solution.outer_lower[ok] == solution.lower[ok])
        and np.all(solution.outer_upper[ok] == solution.upper[ok])
    )


def interval(solution: Solution, shape: Callable[[Array], float | Array]) -> Interval:
    """The ends as an `Interval`, each through `shape` (a function from arrays to what the answer holds)."""
    lower, upper, outer_lower, outer_upper = map(shape, solution.ends)
    return Interval(lower, upper, outer_lower, outer_upper, sharp(solution), solution.lower_at, solution.upper_at)
