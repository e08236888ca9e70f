"""Mechanisms that are affine in their one noise: linear, additive, location-scale, multiplicative."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, cast

from .._domain import Domain, Real
from .._errors import InvalidModel
from .._noise import as_number
from .._syntax import Const, Expr, Op, Var
from ._columns import quietly
from ._formula import bind_formula
from ._layer_arithmetic import alike
from ._maps import BoundMap, KeptMap, Map, as_map, bind_map, is_expr, names_read, one_noise, real_domain, unchanged
from ._types import Column, Columns, Forward, Scope


@dataclass(frozen=True, init=False)
class Linear:
    """`variable = constant + sum of coefficients times parents + noise` (Wright 1921; Bollen 1989).

    Args:
        coefficients: {parent: number}. A noise may be among them, such as a hidden common cause; those that are not
            have the coefficient one.
        constant: a number.

    Raises:
        InvalidModel: a coefficient that is no finite number.
    """

    coefficients: tuple[tuple[str, float], ...]
    constant: float

    def __init__(self, coefficients: Mapping[str, float], constant: float = 0.0) -> None:
        """Keep the numbers."""
        kept: list[tuple[str, float]] = []
        try:
            pairs = dict(coefficients)
        except (TypeError, ValueError):
            raise InvalidModel(f"Linear: the coefficients are {{parent: number}}, got {coefficients!r}.") from None
        for name, given in pairs.items():
            if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InvalidModel(f"Linear: the coefficients are {{parent: number}}, got {name!r}.")
            kept.append((name, _number(given, f"Linear: the coefficient of {name!r}")))
        object.__setattr__(self, "coefficients", tuple(kept))
        object.__setattr__(self, "constant", _number(constant, "Linear: the constant"))

    def reads(self, parents: tuple[str, ...] | None, known: Container[str]) -> tuple[str, ...]:
        """See `Unbound`."""
        return tuple(dict.fromkeys((*(parents or ()), *(name for name, _ in self.coefficients))))

    def bind(self, scope: Scope) -> Forward:
        """See `Unbound`: what the formula that says the same is bound to."""
        real_domain(scope, "Linear")
        named = dict(self.coefficients)
        if extra := [n for n in scope.parents if n not in named]:
            raise InvalidModel(
                f"{scope.variable!r} has the parent {extra[0]!r}, which Linear has no coefficient for. "
                "Give it one, or leave it out of parents=."
            )
        added = [Var(n) for n in scope.noises if n not in named]
        parts: list[Expr] = [Op("*", (Const(c), Var(n))) for n, c in self.coefficients]
        if self.constant != 0 or not (parts or added):
            parts.append(Const(self.constant))
        parts += added
        own = Scope(scope.variable, scope.parents, scope.noises, scope.domains, scope.own or Real(), scope.laws)
        return bind_formula(parts[0] if len(parts) == 1 else Op("+", tuple(parts)), own)


def _number(given: object, where: str) -> float:
    number = as_number(given)
    if number is None or not math.isfinite(number):
        raise InvalidModel(f"{where} is {given!r}; a finite number is wanted.")
    return float(number)


@dataclass(frozen=True, init=False)
class Additive:
    """`variable = mean(parents) + noise` (Hoyer et al. 2009).

    Args:
        mean: a `Map` of the parents.
    """

    mean: KeptMap

    def __init__(self, mean: Map) -> None:
        """Keep the map."""
        object.__setattr__(self, "mean", as_map(mean, "The mean of Additive"))

    def reads(self, parents: tuple[str, ...] | None, known: Container[str]) -> tuple[str, ...]:
        """See `Unbound`."""
        return names_read((self.mean,), parents, known)

    def bind(self, scope: Scope) -> Forward:
        """See `Unbound`."""
        return _bound(scope, "Additive", mean=self.mean)


@dataclass(frozen=True, init=False)
class LocationScale:
    """`variable = mean(parents) + scale(parents) * noise` (Immer et al. 2023).

    Args:
        mean: a `Map` of the parents.
        scale: another; nothing is known of the noise of a unit where it is zero.
    """

    mean: KeptMap
    scale: KeptMap

    def __init__(self, mean: Map, scale: Map) -> None:
        """Keep the maps."""
        object.__setattr__(self, "mean", as_map(mean, "The mean of LocationScale"))
        object.__setattr__(self, "scale", as_map(scale, "The scale of LocationScale"))

    def reads(self, parents: tuple[str, ...] | None, known: Container[str]) -> tuple[str, ...]:
        """See `Unbound`."""
        return names_read((self.mean, self.scale), parents, known)

    def bind(self, scope: Scope) -> Forward:
        """See `Unbound`."""
        return _bound(scope, "LocationScale", mean=self.mean, scale=self.scale)


@dataclass(frozen=True, init=False)
class Multiplicative:
    """`variable = factor(parents) * noise`.

    Args:
        factor: a `Map` of the parents.
    """

    factor: KeptMap

    def __init__(self, factor: Map) -> None:
        """Keep the map."""
        object.__setattr__(self, "factor", as_map(factor, "The factor of Multiplicative"))

    def reads(self, parents: tuple[str, ...] | None, known: Container[str]) -> tuple[str, ...]:
        """See `Unbound`."""
        return names_read((self.factor,), parents, known)

    def bind(self, scope: Scope) -> Forward:
        """See `Unbound`."""
        return _bound(scope, "Multiplicative", scale=self.factor)


def _bound(scope: Scope, kind: str, mean: KeptMap | None = None, scale: KeptMap | None = None) -> Forward:
    """Formulas of all maps are one formula, which knows most about itself; functions are called."""
    noise, domain = one_noise(scope, kind), real_domain(scope, kind)
    shift = None if mean is None else bind_map(mean, scope, "mean")
    factor = None if scale is None else bind_map(scale, scope, "scale" if mean is not None else "factor")
    if all(m is None or is_expr(m.given) for m in (shift, factor)):
        own = Scope(scope.variable, scope.parents, scope.noises, scope.domains, domain, scope.laws)
        expr: Expr = Var(noise) if factor is None else Op("*", (cast(Expr, factor.given), Var(noise)))
        return bind_formula(expr if shift is None else Op("+", (cast(Expr, shift.given), expr)), own)
    return Stretched(shift, factor, scope.parents, scope.noises, domain)


@dataclass(frozen=True)
class Stretched:
    """`variable = shift(parents) + scale(parents) * noise`, with functions among the maps.

    Attributes:
        shift: None for zero.
        scale: None for one.
        parents, noises, domain: see `Forward`.
    """

    shift: BoundMap | None
    scale: BoundMap | None
    parents: tuple[str, ...]
    noises: tuple[str, ...]
    domain: Domain

    def forward(self, values: Columns, xp: Any) -> Column:
        """See `Forward`."""
        with quietly(xp):
            found = values[self.noises[0]]
            if self.scale is not None:
                found = self.scale(values, xp) * found
            return found if self.shift is None else self.shift(values, xp) + found

    def noise_of(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`; NaN where the scale is zero."""
        with quietly(xp):
            rest = value if self.shift is None else value - self.shift(values, xp)
            if self.scale is not None:
                rest = rest / _divisor(self.scale(values, xp), xp)
            return xp.where(xp.isfinite(rest), rest, xp.nan)

    def hidden(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Hiding`: where the scale is zero."""
        if self.scale is None:
            return False
        with quietly(xp):
            level = 0.0 if self.shift is None else self.shift(values, xp)
            return (self.scale(values, xp) == 0) & alike(value, level, xp)

    def log_slope(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`."""
        with quietly(xp):
            slope = 0.0 if self.scale is None else -xp.log(xp.abs(_divisor(self.scale(values, xp), xp)))
            return xp.where(xp.isnan(self.noise_of(value, values, xp)), xp.nan, slope)

    def transport(self, value: Column, old: Columns, new: Columns, xp: Any) -> Column:
        """See `Transporting`: the difference of shifts, and the ratio of scales."""
        same = unchanged(self.parents, old, new)
        if same is True:
            return value
        with quietly(xp):
            if self.scale is None:
                assert self.shift is not None
                found = value + (self.shift(new, xp) - self.shift(old, xp))
            else:
                before, after = (0.0 if self.shift is None else self.shift(c, xp) for c in (old, new))
                ratio = self.scale(new, xp) / _divisor(self.scale(old, xp), xp)
                found = after + (value - before) * ratio
            # Not even a difference of equal terms is surely nothing where a compiler fuses one of them.
            return xp.where(same, value, found)


def _divisor(scale: Column, xp: Any) -> Column:
    return xp.where(scale != 0, scale, xp.nan)
