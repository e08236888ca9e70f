"""`Effort`: how hard to try before ends that do not meet are given as they stand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to try. The same effort on the same programme gives the same ends, unless `seconds` ran out.

    Attributes:
        tolerance: inner and outer ends that lie no further apart are said to meet.
        seconds: after how many seconds no further branch is looked at.
        branches: how many branches are looked at, at each end.
        starts: from how many random laws inner ends are sought, beside those that relaxations suggest.
        cells: how many products of columns a relaxation may have: 2,000 take about a second a side.
        seed: of the random laws.
    """

    tolerance: float = 1e-6
    seconds: float = 20.0
    branches: int = 2000
    starts: int = 4
    cells: int = 4_000
    seed: int = 0
