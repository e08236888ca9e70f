"""`PostNonlinear`: a one-to-one function around an additive mechanism."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from .._domain import Domain, Real
from .._errors import InvalidModel
from .._syntax import Expr, Op, Operator, Var
from ._columns import quietly
from ._formula import bind_formula
from ._inverse import inverted, near, probed, turns
from ._maps import (
    BoundMap,
    KeptMap,
    Map,
    PythonFunction,
    as_function,
    as_map,
    bind_map,
    called,
    elementwise_slope,
    is_expr,
    name_of,
    names_read,
    one_noise,
    real_domain,
    unchanged,
)
from ._types import Column, Columns, Forward, Scope

OUTER = ("exp", "log", "sqrt", "tanh")
"""Outer functions that go by a name, and whose inverses are known."""


@dataclass(frozen=True, init=False)
class PostNonlinear:
    """`variable = outer(inner(parents) + noise)` (Zhang & Hyvärinen 2009).

    Args:
        inner: a `Map` of the parents.
        outer: strictly monotone: `"exp"`, `"log"`, `"sqrt"`, `"tanh"`, or a function of one column.
        inverse: of an outer function that is no name; without one it is undone numerically.

    Raises:
        InvalidModel: an outer function without meaning.
    """

    inner: KeptMap
    outer: str | PythonFunction
    inverse: PythonFunction | None

    def __init__(self, inner: Map, outer: str | PythonFunction, inverse: PythonFunction | None = None) -> None:
        """Check the functions."""
        if isinstance(outer, str) and (outer not in OUTER or inverse is not None):
            raise InvalidModel(
                f"PostNonlinear(outer={outer!r}): one of {OUTER} is wanted, without an inverse; or a Python function."
            )
        if not isinstance(outer, str):
            as_function(outer, "The outer function of PostNonlinear")
        if inverse is not None:
            as_function(inverse, "The inverse of PostNonlinear")
        object.__setattr__(self, "inner", as_map(inner, "The inner map of PostNonlinear"))
        object.__setattr__(self, "outer", outer)
        object.__setattr__(self, "inverse", inverse)

    def reads(self, parents: tuple[str, ...] | None, known: Container[str]) -> tuple[str, ...]:
        """See `Unbound`."""
        return names_read((self.inner,), parents, known)

    def bind(self, scope: Scope) -> Forward:
        """See `Unbound`."""
        noise, domain = one_noise(scope, "PostNonlinear"), real_domain(scope, "PostNonlinear")
        inner = bind_map(self.inner, scope, "inner map")
        if isinstance(self.outer, str) and is_expr(inner.given):
            own = Scope(scope.variable, scope.parents, scope.noises, scope.domains, domain, scope.laws)
            inside = Op("+", (cast(Expr, inner.given), Var(noise)))
            return bind_formula(Op(cast(Operator, self.outer), (inside,)), own)
        outer = _of_name(self.outer) if isinstance(self.outer, str) else self.outer
        inverse = _inverse_of_name(self.outer) if isinstance(self.outer, str) else self.inverse
        where = f"The outer function of {scope.variable!r}"
        return OuterMap(inner, outer, inverse, scope.parents, scope.noises, domain, where)


def _of_name(name: str) -> PythonFunction:
    def outer(z: Column) -> Column:
        return getattr(_module_of(z), name)(z)

    return outer


def _inverse_of_name(name: str) -> PythonFunction:
    def inverse(v: Column) -> Column:
        xp = _module_of(v)
        match name:
            case "exp":
                return xp.log(v)
            case "log":
                return xp.exp(v)
            case "sqrt":
                return xp.where(v >= 0, v * v, xp.nan)
            case _:
                return xp.arctanh(v)

    return inverse


def _module_of(array: Column) -> Any:
    if type(array).__module__.partition(".")[0] == "numpy":
        return np
    import jax.numpy as jnp

    return jnp


@dataclass(frozen=True)
class OuterMap:
    """`variable = outer(inner(parents) + noise)`, with functions among its parts.

    Attributes:
        inner: of the parents.
        outer: strictly monotone.
        inverse: None where it is found numerically.
        parents, noises, domain: see `Forward`.
        where: what the outer function is, for messages.
    """

    inner: BoundMap
    outer: PythonFunction
    inverse: PythonFunction | None
    parents: tuple[str, ...]
    noises: tuple[str, ...]
    domain: Domain
    where: str

    def forward(self, values: Columns, xp: Any) -> Column:
        """See `Forward`."""
        with quietly(xp):
            return self._outer(self.inner(values, xp) + values[self.noises[0]], xp)

    def noise_of(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`."""
        with quietly(xp):
            return self._undone(value, xp) - self.inner(values, xp)

    def broken(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Vouched`."""
        del values
        value = xp.asarray(value)
        if self.inverse is None:
            return turns(probed(lambda z: self._outer(z, xp), xp.ones_like(value, dtype=float), Real(), xp)[0], xp)
        inside, found, right = self._tried(value, xp)
        return xp.isfinite(inside) & xp.isfinite(found) & ~right

    def breach(self, value: float, values: Mapping[str, float]) -> str:
        """See `Vouched`."""
        del values
        if self.inverse is None:
            return f"{self.where[0].lower()}{self.where[1:]} rises and falls; a strictly monotone one is wanted"
        inside, found, _ = self._tried(np.array([value]), np)
        return (
            f"{self.where[0].lower()}{self.where[1:]} gives {np.ravel(found)[0]:.6g} for {np.ravel(inside)[0]:.6g}, "
            f"which its inverse gives for {value:.6g}"
        )

    def log_slope(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`; by differentiation of the outer function."""
        del values
        import jax.numpy as jnp

        slope = elementwise_slope(lambda z: self._outer(z, jnp), self._undone(value, xp), xp)
        with quietly(xp):
            return -xp.log(xp.abs(slope))

    def transport(self, value: Column, old: Columns, new: Columns, xp: Any) -> Column:
        """See `Transporting`: the sum inside is shifted."""
        same = unchanged(self.parents, old, new)
        if same is True:
            return value
        with quietly(xp):
            inside = self._undone(value, xp) + (self.inner(new, xp) - self.inner(old, xp))
            return xp.where(same, value, self._outer(inside, xp))

    def _outer(self, inside: Column, xp: Any) -> Column:
        return called(self.outer, [inside], self.where, xp)

    def _undone(self, value: Column, xp: Any) -> Column:
        """What stood inside the outer function; NaN where nothing did, or its inverse is none."""
        if self.inverse is None:
            return inverted(lambda z: self._outer(z, xp), value, Real(), xp)
        inside, _, right = self._tried(value, xp)
        return xp.where(right & xp.isfinite(inside), inside, xp.nan)

    def _tried(self, value: Column, xp: Any) -> tuple[Column, Column, Column]:
        """What the inverse gives, what the outer function gives for that, and whether this is the value."""
        assert self.inverse is not None
        with quietly(xp):
            inside = called(self.inverse, [value], f"{self.where}, inverted by {name_of(self.inverse)}", xp)
            found = self._outer(inside, xp)
            return inside, found, near(found, value, xp, xp.abs(inside))
