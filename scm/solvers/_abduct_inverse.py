"""Which noise of an observed instance can be solved for, and how."""

from __future__ import annotations

from typing import Any, Protocol

from ..mechanisms._formula import Formula, solved_for
from ..mechanisms._types import Column, Columns, Forward, Invertible


class Inverse(Protocol):
    """One noise of a mechanism, from the variable, its parents and the mechanism's other noises."""

    def noise_of(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible.noise_of`."""
        ...

    def log_slope(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible.log_slope`."""
        ...


def inverse_in(mechanism: Forward, noise: str) -> Inverse | None:
    """How to solve a mechanism for one of its noises; None where that is not known."""
    if isinstance(mechanism, Invertible) and mechanism.noises == (noise,):
        return mechanism
    return solved_for(mechanism, noise) if isinstance(mechanism, Formula) else None
