"""`Function`: any function of parents and noises, written with operators and `jax.numpy`."""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._domain import Domain, Real
from ._columns import quietly
from ._inverse import by_noise, hidden_from, inverted, near, probed, turns
from ._maps import (
    PythonFunction,
    argument,
    as_function,
    called,
    check_by_itself,
    elementwise_slope,
    name_of,
    one_noise,
    real_domain,
)
from ._types import Column, Columns, Forward, Scope


@dataclass(frozen=True)
class Function:
    """`variable = function(parents..., noises...)`.

    The function works on arrays with one entry a unit, each unit by itself: parents in the order of `parents=`, then
    noises in the order of `noise=`. For a finite variable (declare its states) it gives positions among them, or truth
    values.

    Args:
        function: written with operators and `jax.numpy`.
        inverse: `inverse(parents..., value)`, the one noise for which the function gives `value`, and NaN where none
            does. It is held against the function wherever it is used.
        monotone: that the function is strictly monotone in its one noise, whatever the parents: its inverse is then
            found numerically.

    Raises:
        InvalidModel: something that is no function.
    """

    function: PythonFunction
    inverse: PythonFunction | None = None
    monotone: bool = False

    def __post_init__(self) -> None:
        """Check the functions."""
        as_function(self.function, "The function of Function")
        if self.inverse is not None:
            as_function(self.inverse, "The inverse of Function")

    def reads(self, parents: tuple[str, ...] | None, known: Container[str]) -> tuple[str, ...]:
        """See `Unbound`."""
        del known
        return parents or ()

    def bind(self, scope: Scope) -> Forward:
        """See `Unbound`."""
        domain = scope.own or Real()
        common = (self.function, scope.parents, scope.noises, domain, scope.domains, scope.variable)
        if self.inverse is None and not self.monotone:
            return FunctionMap(*common)
        real_domain(scope, "Function with an inverse")
        one_noise(scope, "Function with an inverse")
        if self.inverse is None:
            return MonotoneFunction(*common)
        return InverseFunction(*common, self.inverse)


@dataclass(frozen=True)
class FunctionMap:
    """A function of columns.

    Attributes:
        function: of parents, then noises.
        parents, noises, domain: see `Forward`.
        scope: the domain of each name.
        variable: whose mechanism it is.
    """

    function: PythonFunction
    parents: tuple[str, ...]
    noises: tuple[str, ...]
    domain: Domain
    scope: Mapping[str, Domain]
    variable: str

    def __str__(self) -> str:
        """As derivations show it."""
        return f"{name_of(self.function)}({', '.join((*self.parents, *self.noises))})"

    def forward(self, values: Columns, xp: Any) -> Column:
        """See `Forward`."""
        names, where = (*self.parents, *self.noises), f"The mechanism of {self.variable!r}"
        given = self._arguments(names, values, xp)
        found = called(self.function, given, where, xp, names=names)
        check_by_itself(self.function, given, found, where, xp)
        if isinstance(self.domain, Real):
            return found
        # What is no whole number is no position: -1 is refused wherever columns are checked.
        return xp.where(found == xp.round(found), found, -1).astype(xp.int32)

    def _arguments(self, names: tuple[str, ...], values: Columns, xp: Any) -> list[Column]:
        return [argument(n, self.scope[n], values[n], xp) for n in names]

    def _of_noise(self, values: Columns, xp: Any) -> Callable[[Column], Column]:
        """The function of its noise alone."""
        parents = self._arguments(self.parents, values, xp)

        def run(noise: Column) -> Column:
            return called(self.function, [*parents, noise], f"The mechanism of {self.variable!r}", xp)

        return run


@dataclass(frozen=True)
class MonotoneFunction(FunctionMap):
    """A function that is strictly monotone in its one noise."""

    def noise_of(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`; by halving, to the last digits of the noise."""
        domain = self.scope[self.noises[0]]
        assert isinstance(domain, Real)
        parents = self._arguments(self.parents, values, xp)
        size = sum((xp.abs(x * 1.0) for x in parents), start=xp.abs(xp.asarray(value)))
        return inverted(self._of_noise(values, xp), value, domain, xp, size)

    def hidden(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Hiding`: where the function is flat."""
        domain = self.scope[self.noises[0]]
        assert isinstance(domain, Real)
        return hidden_from(self._of_noise(values, xp), value, domain, xp)

    def log_slope(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`; by differentiation of the function."""
        return _log_slope(self, self.noise_of(value, values, xp), values, xp)

    def transport(self, value: Column, old: Columns, new: Columns, xp: Any) -> Column:
        """See `Transporting`."""
        return by_noise(self, value, old, new, xp)

    def broken(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Vouched`: where the function rises and falls."""
        return turns(self._probed(value, values, xp)[0], xp)

    def breach(self, value: float, values: Mapping[str, float]) -> str:
        """See `Vouched`."""
        noise, given = self.noises[0], {n: np.array([x]) for n, x in values.items()}
        found, noises = (x[:, 0].tolist() for x in self._probed(np.array([value]), given, np))
        seen = ", ".join(f"{y:.4g} at {noise}={u:.4g}" for y, u in zip(found, noises, strict=True))
        return f"the function of {self.variable!r} is said to be monotone in {noise!r}, and it gives {seen}"

    def _probed(self, value: Column, values: Columns, xp: Any) -> tuple[Column, Column]:
        domain = self.scope[self.noises[0]]
        assert isinstance(domain, Real)
        return probed(self._of_noise(values, xp), xp.ones_like(xp.asarray(value), dtype=float), domain, xp)


@dataclass(frozen=True)
class InverseFunction(FunctionMap):
    """A function with its inverse.

    Attributes:
        inverse: of parents, then the value.
    """

    inverse: PythonFunction

    def noise_of(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`; NaN too where the inverse is none of the function."""
        noise, right = self._undone(value, values, xp)
        return xp.where(right & xp.isfinite(noise), noise, xp.nan)

    def broken(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Vouched`; where the function is flat, no inverse is right."""
        noise, right = self._undone(value, values, xp)
        with quietly(xp):
            function = self._of_noise(values, xp)
            found, other = function(noise), function(self._other(noise, xp))
            return xp.isfinite(noise) & xp.isfinite(found) & ~right & (found != other)

    def breach(self, value: float, values: Mapping[str, float]) -> str:
        """See `Vouched`."""
        given = {n: np.array([x]) for n, x in values.items()}
        noise, _ = self._undone(np.array([value]), given, np)
        found = self._of_noise(given, np)(noise)
        return (
            f"the inverse of {self.variable!r} gives {self.noises[0]}={np.ravel(noise)[0]:.6g} for {value:.6g}, for "
            f"which the function gives {np.ravel(found)[0]:.6g}"
        )

    def _other(self, noise: Column, xp: Any) -> Column:
        """Another noise that may be."""
        domain = self.scope[self.noises[0]]
        assert isinstance(domain, Real)
        middle = float(np.clip(0.5, domain.lower, domain.upper))
        return xp.where(
            xp.abs(noise - middle) > 1e-3, middle, 0.5 * (middle + np.clip(1.5, domain.lower, domain.upper))
        )

    def _undone(self, value: Column, values: Columns, xp: Any) -> tuple[Column, Column]:
        """The noise, and whether the function gives the value back, up to what rounding does to its numbers."""
        parents = self._arguments(self.parents, values, xp)
        noise = called(self.inverse, [*parents, value], f"The inverse of the mechanism of {self.variable!r}", xp)
        with quietly(xp):
            size = sum((xp.abs(x * 1.0) for x in (*parents, noise)), start=xp.abs(value))
            return noise, near(self._of_noise(values, xp)(noise), value, xp, size)

    def hidden(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Hiding`: where the function is flat."""
        domain = self.scope[self.noises[0]]
        assert isinstance(domain, Real)
        return hidden_from(self._of_noise(values, xp), value, domain, xp)

    def log_slope(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`; by differentiation of the function."""
        return _log_slope(self, self.noise_of(value, values, xp), values, xp)

    def transport(self, value: Column, old: Columns, new: Columns, xp: Any) -> Column:
        """See `Transporting`."""
        return by_noise(self, value, old, new, xp)


def _log_slope(mechanism: FunctionMap, noise: Column, values: Columns, xp: Any) -> Column:
    import jax.numpy as jnp  # to differentiate, whatever the array module

    where = f"The mechanism of {mechanism.variable!r}"

    def run(u: Column) -> Column:
        parents = [jnp.asarray(argument(n, mechanism.scope[n], values[n], xp)) for n in mechanism.parents]
        return called(mechanism.function, [*parents, u], where, jnp)

    slope = elementwise_slope(run, noise, xp)
    with quietly(xp):
        return -xp.log(xp.abs(slope))
