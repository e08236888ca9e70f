"""Aggregates over units, as values: what `imagine` works out in place of a column for every unit.

What each is of is a formula of the unit's variables in the imagined world; `?Y` in it is the value of Y in the unit's
own row, so that `Y - ?Y` is an effect.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ._errors import InvalidQuery


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of `of`, over all units or in each subgroup.

    Attributes:
        of: a formula.
        by: a finite variable; the subgroups are its values in the units' own rows.
    """

    of: str
    by: str | None = None

    def __str__(self) -> str:
        return _named(f"E[{self.of}]", self.by)


@dataclass(frozen=True, slots=True)
class Variance:
    """The variance of `of` (mean squared deviation), over all units or in each subgroup; see `Mean`."""

    of: str
    by: str | None = None

    def __str__(self) -> str:
        return _named(f"Var[{self.of}]", self.by)


@dataclass(frozen=True, slots=True)
class Chance:
    """The share of units for which `event` holds, of all or of each subgroup; see `Mean`."""

    event: str
    by: str | None = None

    def __str__(self) -> str:
        return _named(f"P({self.event})", self.by)


@dataclass(frozen=True, slots=True, init=False)
class Quantiles:
    """The values of `of` below which the given shares of units lie (between two units: in proportion).

    Args:
        of: a formula.
        at: shares from 0 to 1.

    Raises:
        InvalidQuery: a share that is none.
    """

    of: str
    at: tuple[float, ...]

    def __init__(self, of: str, at: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> None:
        """Check the shares."""
        shares = tuple(float(p) for p in at)
        if not shares or not all(0 <= p <= 1 for p in shares):
            raise InvalidQuery(f"Quantiles({of!r}, {at!r}): shares from 0 to 1 are wanted, such as (0.1, 0.5, 0.9).")
        object.__setattr__(self, "of", of)
        object.__setattr__(self, "at", shares)

    def __str__(self) -> str:
        return f"quantiles of {self.of}"


@dataclass(frozen=True, slots=True, init=False)
class Histogram:
    """How many units have `of` in each bin: from an edge up to the next, the last edge included.

    Two more numbers stand around the bins: how many lie below the first edge, and above the last.

    Args:
        of: a formula.
        edges: rising numbers.

    Raises:
        InvalidQuery: edges that do not rise.
    """

    of: str
    edges: tuple[float, ...]

    def __init__(self, of: str, edges: Sequence[float]) -> None:
        """Check the edges."""
        found = tuple(float(e) for e in edges)
        rising = all(a < b for a, b in itertools.pairwise(found))
        if len(found) < 2 or not rising or not all(map(math.isfinite, found)):
            raise InvalidQuery(f"Histogram({of!r}, {edges!r}): at least two finite numbers that rise are wanted.")
        object.__setattr__(self, "of", of)
        object.__setattr__(self, "edges", found)

    def __str__(self) -> str:
        return f"histogram of {self.of}"


Aggregate: TypeAlias = Mean | Variance | Chance | Quantiles | Histogram
"""A figure over units."""


def _named(text: str, by: str | None) -> str:
    return text if by is None else f"{text} by {by}"
