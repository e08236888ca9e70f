"""`Effort`: how hard to try before ends that do not meet are given as they stand; `Meter` counts what is left of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np

# What a linear programme takes at least, and each step of the simplex method for each entry: about as many seconds.
_SOLVE = 1e-3
_STEP = 2e-8


@dataclass(eq=False, slots=True)
class Meter:
    """What may still be spent, by a count that is the same every time and, as a backstop, by the clock.

    Attributes:
        work: what is left, in units that take roughly a second of one processor.
        until: when to stop whatever is left, as `time.monotonic` counts.
        whole: what this is a part of: work is taken from both.
    """

    work: float = np.inf
    until: float = np.inf
    whole: Meter | None = None

    @property
    def over(self) -> bool:
        """Whether nothing is left."""
        return self.work <= 0 or time.monotonic() >= self.until

    @property
    def seconds(self) -> float:
        """How many are left by the clock."""
        return self.until - time.monotonic()

    def steps(self, entries: int) -> float:
        """How many steps of a linear programme with so many entries are left."""
        return max(self.work, 0.0) / (_STEP * entries)

    def take(self, steps: float, entries: int) -> None:
        """Counts one linear programme that took so many steps."""
        spent = _SOLVE + _STEP * steps * entries
        meter: Meter | None = self
        while meter is not None:
            meter.work -= spent
            meter = meter.whole

    def part(self, share: float) -> Meter:
        """A meter with a share of what is left."""
        return Meter(share * max(self.work, 0.0), time.monotonic() + share * max(self.seconds, 0.0), self)


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to try. The same effort on the same programme gives the same ends, unless `seconds` ran out.

    Attributes:
        tolerance: inner and outer ends that lie no further apart are said to meet.
        work: after how much work no further branch is looked at, in units that take roughly a second.
        seconds: the same by the clock; so much longer than the work takes that it decides nothing, unless it is asked
            for.
        branches: how many branches are looked at, at each end.
        starts: from how many random laws inner ends are sought, beside those that relaxations suggest.
        cells: how many products of columns a relaxation may have: 2,000 take about a second a side.
        entries: how many entries the rows of a relaxation may have.
        seed: of the random laws.
        measure: whether to say by how much limits miss each other that clash.
        meter: what is left of `work` and `seconds`, where several programmes share them.
    """

    tolerance: float = 1e-6
    work: float = 10.0
    seconds: float = 120.0
    branches: int = 2000
    starts: int = 4
    cells: int = 4_000
    entries: int = 400_000
    seed: int = 0
    measure: bool = True
    meter: Meter | None = field(default=None, compare=False, repr=False)

    def begun(self) -> Meter:
        """What may be spent from now on."""
        return Meter(self.work, time.monotonic() + self.seconds) if self.meter is None else self.meter

    def shared(self) -> Effort:
        """The same, with work and seconds counted from now over all programmes that are solved with it."""
        return replace(self, meter=self.begun())

    def part(self, share: float) -> Effort:
        """The same with a share of what is left."""
        return replace(self, meter=self.begun().part(share))
