"""Which noise of an observed instance can be solved for, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .._domain import Domain
from ..mechanisms._columns import quietly
from ..mechanisms._formula import AffineFormula, Formula
from ..mechanisms._layers import Layer, layers_of, log_slope, undo
from ..mechanisms._types import Column, Columns, Forward, Invertible


class Inverse(Protocol):
    """One noise of a mechanism, from the variable, its parents and the mechanism's other noises."""

    def noise_of(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible.noise_of`."""
        ...

    def log_slope(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible.log_slope`."""
        ...


@dataclass(frozen=True)
class InOneNoise:
    """A formula of several noises, solved for one that stands in it once, below operations that can be undone.

    Attributes:
        layers: those operations, from the outside in; they read parents and the other noises.
        scope: the domain of each name.
    """

    layers: tuple[Layer, ...]
    scope: Mapping[str, Domain]

    def noise_of(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`."""
        with quietly(xp):
            for layer in self.layers:
                value = undo(layer, value, values, self.scope, xp)
            return value

    def log_slope(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`; by the chain rule."""
        total: Column = 0.0
        with quietly(xp):
            for layer in self.layers:
                inside = undo(layer, value, values, self.scope, xp)
                total = total + log_slope(layer, value, inside, values, self.scope, xp)
                value = inside
            return xp.where(xp.isnan(value), xp.nan, total)


def inverse_in(mechanism: Forward, noise: str) -> Inverse | None:
    """How to solve a mechanism for one of its noises; None where that is not known."""
    if isinstance(mechanism, Invertible) and mechanism.noises == (noise,):
        return mechanism
    if isinstance(mechanism, (Formula, AffineFormula)):
        layers = layers_of(mechanism.expr, noise, mechanism.scope)
        return None if layers is None else InOneNoise(layers, mechanism.scope)
    return None
