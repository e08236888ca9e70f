"""`State`: what is known of every entry of a column while an abduction runs."""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._domain import Domain, Real
from .._errors import ScmError
from .._syntax import Const, Placeholder
from .._worlds import Slot
from ..mechanisms._types import Column, Columns

ROUNDING = 1e-14
"""Share of the numbers that a value is worked out from, by which rounding may put it past the end of its range."""


@dataclass
class State:
    """What is known of every entry so far.

    Attributes:
        xp: the array module.
        size: how many entries.
        columns: a value of each placeholder.
        values: of instances.
        noises: by name.
        normals: for what is drawn, a standard normal number each (continuous noises) or a uniform one (finite things).
        axes: for what is enumerated, the position of its state.
        keys: one JAX key for each lane, for mechanisms that draw their own noise; a lane is `size / lanes` entries.
        log_weight: of each entry.
        outside: entries in which a value lies outside the range that its variable was declared with.
        strays: such values in NumPy: the error for one in a row, in which entries, and the values.
        broken: where the inverse that a user gave is none, in NumPy, and how in one such entry.
        unshown: entries in which a noise that is needed is not shown by the evidence that was to show it.
    """

    xp: Any
    size: int
    columns: Columns
    values: dict[int, Column] = field(default_factory=lambda: {})
    noises: dict[str, Column] = field(default_factory=lambda: {})
    normals: Columns = field(default_factory=lambda: {})
    axes: Columns = field(default_factory=lambda: {})
    keys: Any = None
    log_weight: Column = 0.0
    unshown: Column = False
    outside: Column = False
    strays: list[tuple[Callable[[float, int], ScmError], Column, Column]] = field(default_factory=lambda: [])
    broken: list[tuple[Column, Callable[[int], str]]] = field(default_factory=lambda: [])

    def weigh(self, log_factor: Column) -> None:
        """Multiply the weights; what is no number counts as impossible."""
        xp = self.xp
        self.log_weight = self.log_weight + xp.where(xp.isnan(log_factor), -xp.inf, log_factor)

    def keep(self, holds: Column) -> None:
        """Only entries where this holds stay possible."""
        self.weigh(self.xp.where(holds, 0.0, -self.xp.inf))

    def kept(self, found: Column, ends: Real, sizes: Column, error: Callable[[float, int], ScmError]) -> Column:
        """A value inside its declared range: at an end where rounding put it past it; noted where it is farther out."""
        xp = self.xp
        inside = xp.clip(found, ends.lower, ends.upper)
        off = abs(found - inside) > ROUNDING * (abs(inside) + sizes)  # False where it is NaN
        self.outside = self.outside | off
        if xp is np and off.any():
            self.strays.append((error, off, found))
        return xp.where(off, found, inside)

    def slot(self, slot: Slot, domain: Domain) -> Column:
        """What stands in a slot."""
        if isinstance(slot, int):
            return self.values[slot]
        if isinstance(slot, Placeholder):
            return self.columns[slot.name]
        return self.full(constant(slot, domain))

    def full(self, number: float) -> Column:
        """The same in every entry."""
        return self.xp.full(self.size, number)


def constant(value: Const, domain: Domain) -> float | int:
    """A constant as columns hold it: a float, or the position of a state."""
    return float(value.value) if isinstance(domain, Real) else domain.index(value.value)


def expand(state: State, index: Any, size: int, xp: Any) -> State:
    """The state of rows, repeated for entries: entry k is of row `index[k]`."""

    def each(found: Mapping[Any, Column]) -> dict[Any, Column]:
        return {n: xp.asarray(x)[index] for n, x in found.items()}

    return State(xp, size, each(state.columns), each(state.values), each(state.noises), log_weight=xp.zeros(size))
