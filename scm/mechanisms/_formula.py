"""Formulas: mechanisms written as an expression of parents and noises. What one can do is read off the expression."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._domain import Domain, Real
from .._errors import InvalidModel, InvalidQuery
from .._resolve import resolve_expr
from .._syntax import Expr, print_const, print_expr, terms, walk
from ._affine import affine_of, moved, sum_of
from ._branched import drawn_from, inside, log_densities, log_sum, masses
from ._branches import Node, branches_of, count, levels_of
from ._columns import as_numbers, places, quietly
from ._columns import column as column
from ._kinds import check_part, kind_of, states_of
from ._law_arrays import ArrayLaw, array_law, has_cdf
from ._layer_arithmetic import carried, finite, hidden, log_slope_of, undo_all
from ._layers import Path, Stretch, layers_of, levels
from ._preimage import Piece, preimage
from ._ranges import range_of
from ._types import Affine, Column, Columns, Forward, Scope


@dataclass(frozen=True)
class Formula:
    """`variable = expr`, whatever it is; formulas that can do more are of the classes below.

    Attributes:
        expr: of parents and noises, names and states checked.
        parents, noises: what it reads.
        domain: what it gives.
        scope: the domain of each name in it.
    """

    expr: Expr
    parents: tuple[str, ...]
    noises: tuple[str, ...]
    domain: Domain
    scope: Mapping[str, Domain]

    def forward(self, values: Columns, xp: Any) -> Column:
        """See `Forward`."""
        with quietly(xp):
            if not isinstance(self.domain, Real):
                return places(self.expr, self.domain, values, self.scope, xp)
            return as_numbers(column(self.expr, values, self.scope, xp))

    def __str__(self) -> str:
        return print_expr(self.expr)


@dataclass(frozen=True)
class AffineFormula(Formula):
    """An affine formula that does not determine its noise: it has none, or several."""

    coefficients: Affine

    def affine(self) -> Affine:
        """See `Linear`."""
        return self.coefficients


@dataclass(frozen=True)
class AdditiveFormula(Formula):
    """An affine formula of one noise, with a coefficient that is not zero."""

    coefficients: Affine

    def affine(self) -> Affine:
        """See `Linear`."""
        return self.coefficients

    def noise_of(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`."""
        (noise,) = self.noises
        with quietly(xp):
            rest = value - sum_of(self.coefficients, values, self.scope, xp, without=noise)
            return finite(rest / self.coefficients.coefficients[noise], xp)

    def log_slope(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`; one number for all."""
        (noise,) = self.noises
        return -math.log(abs(self.coefficients.coefficients[noise]))

    def transport(self, value: Column, old: Columns, new: Columns, xp: Any) -> Column:
        """See `Transporting`."""
        with quietly(xp):
            return moved(value, self.coefficients, old, new, self.scope, _changed(self.parents, old, new), xp)


@dataclass(frozen=True)
class InvertibleFormula(Formula):
    """A formula whose one noise stands in it once, below operations that can be undone.

    Attributes:
        layers: those operations, from the outside in.
    """

    layers: Path

    @property
    def levels(self) -> tuple[str, ...]:
        """See `Levelled`."""
        return levels(self.layers, self.scope)

    def noise_of(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`."""
        with quietly(xp):
            return undo_all(self.layers, value, values, self.scope, xp)

    def log_slope(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`; by the chain rule. One number for all where the noise is a shift."""
        first = self.layers[0]
        if len(self.layers) == 1 and isinstance(first, Stretch) and not terms(first.scale):
            return -math.log(abs(float(column(first.scale, values, self.scope, math))))
        with quietly(xp):
            return log_slope_of(self.layers, value, values, self.scope, xp)

    def hidden(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Hiding`."""
        with quietly(xp):
            return hidden(self.layers, value, values, self.scope, xp)

    def transport(self, value: Column, old: Columns, new: Columns, xp: Any) -> Column:
        """See `Transporting`."""
        changed = _changed(self.parents, old, new)
        if not changed:
            return value
        with quietly(xp):
            found = carried(value, self.layers, old, new, self.scope, xp)
            # Not even a difference of equal terms is surely nothing: a compiler may fuse one of them and not the other.
            same = True
            for name in changed:
                same = same & (old[name] == new[name])
            return xp.where(same, value, found)


@dataclass(frozen=True)
class BranchedFormula(Formula):
    """A formula of one noise of known law, of which several may give one value: max(0, X + u), abs(X + u).

    Attributes:
        branches: what stands around the noise.
        law: of the noise.
    """

    branches: Node
    law: ArrayLaw

    @property
    def levels(self) -> tuple[str, ...]:
        """See `Levelled`."""
        return levels_of(self.branches, self.scope)

    def atom(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Censored`."""
        with quietly(xp):
            return masses(self._pieces(value, values, xp), self.law, xp).sum(axis=0) > 0

    @property
    def most(self) -> int:
        """See `Branching`."""
        return count(self.branches)

    def points(self, value: Column, values: Columns, xp: Any) -> tuple[Column, Column]:
        """See `Branching`."""
        with quietly(xp):
            pieces = self._pieces(value, values, xp)
            densities = log_densities(pieces, self.law, xp)
            return xp.stack([xp.broadcast_to(p.low, densities.shape[1:]) for p in pieces]), densities

    def log_probability(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Conditional`: a probability where `atom` holds, elsewhere a density, the sum over branches."""
        with quietly(xp):
            pieces = self._pieces(value, values, xp)
            mass = masses(pieces, self.law, xp).sum(axis=0)
            return xp.where(mass > 0, xp.log(mass), log_sum(log_densities(pieces, self.law, xp), xp))

    def noise_given(self, value: Column, values: Columns, key: Any) -> Columns:
        """See `NoiseGiven`: by the quantiles of an interval, or one of the points by its density."""
        import jax.numpy as jnp

        (noise,) = self.noises
        seen: Any = jnp.asarray(value)  # pyright: ignore[reportUnknownMemberType]
        found, low, high = drawn_from(self._pieces(seen, values, jnp), self.law, key)
        # At an end of an interval rounding may fall on the wrong side.
        right = self._gives(seen, found, values, jnp) | (low == high)
        return {noise: jnp.where(right, found, jnp.where(jnp.isnan(found), found, inside(low, high, jnp)))}

    def _pieces(self, value: Column, values: Columns, xp: Any) -> list[Piece]:
        found = preimage(self.branches, value, values, self.scope, xp)
        # A point at the edge of a case may lie on its other side.
        return [replace(p, live=p.live & (~p.point | self._gives(value, p.low, values, xp))) for p in found]

    def _gives(self, value: Column, noise: Column, values: Columns, xp: Any) -> Column:
        found = self.forward({**values, self.noises[0]: noise}, xp)
        return xp.abs(found - value) <= 1e-6 * (1.0 + xp.abs(value))


def _changed(parents: tuple[str, ...], old: Columns, new: Columns) -> list[str]:
    """Parents that may differ: those whose column is not the very same one."""
    return [name for name in parents if old[name] is not new[name]]


def bind_formula(expr: Expr, scope: Scope) -> Forward:
    """The mechanism over columns that an equation describes.

    Raises:
        InvalidModel, UnknownName, UnknownState: a name or an operation without meaning, or a value that the variable
            cannot have.
    """
    where = f"The equation of {scope.variable!r}"
    states = {n: d for n, d in scope.domains.items() if not isinstance(d, Real)}
    reals = {n: d for n, d in scope.domains.items() if isinstance(d, Real)}
    own = scope.own if isinstance(scope.own, tuple) else ()
    try:
        for part in walk(expr):
            check_part(part)
        found = resolve_expr(expr, states, own, where, reals=reals)
        domain = _domain_of(found, scope, where)
        return _able(found, domain, scope)
    except InvalidQuery as wrong:
        raise InvalidModel(f"{where}: {wrong}") from None


def _domain_of(expr: Expr, scope: Scope, where: str) -> Domain:
    """What the variable can be, checked against what it was declared to be."""
    kind, own = kind_of(expr, scope.domains), scope.own
    if kind == "real":
        if isinstance(own, tuple):
            raise InvalidModel(
                f"{where} gives real numbers, and the states {own} are declared. Compare it, as in "
                f"{print_const(own[-1])} if ... > 0 else {print_const(own[0])}; or declare Real()."
            )
        _check_range(expr, own, scope, where)
        return own or Real()
    if isinstance(own, Real):
        if kind == "label":
            raise InvalidModel(f"{where} gives labels, and {own} are declared. Leave Real() out, or give numbers.")
        strangers = [x for x in states_of(expr, scope.domains, where) if not own.lower <= float(x) <= own.upper]
        if strangers:
            raise InvalidModel(f"{where} can give {print_const(strangers[0])}, and {own} are declared.")
        return own
    values = states_of(expr, scope.domains, where)
    strangers = [] if own is None else [x for x in values if x not in own]
    if strangers:
        raise InvalidModel(
            f"{where} can give {print_const(strangers[0])}, which is not among its states {own}. "
            "Add the state, or change the equation."
        )
    return own or values


def _check_range(expr: Expr, own: Real | None, scope: Scope, where: str) -> None:
    """That some value of the formula is one that the variable may have."""
    lower, upper = range_of(expr, scope.domains)
    if own is not None and (upper < own.lower or lower > own.upper):
        raise InvalidModel(f"{where} lies between {lower:g} and {upper:g}, and {own} are declared: none fits.")


def solved_for(formula: Formula, noise: str) -> AdditiveFormula | InvertibleFormula | None:
    """A formula solved for one of its noises, where the others are given beside its parents; None where it cannot be.

    Args:
        formula: of any number of noises.
        noise: the continuous one that is sought.

    Returns:
        The same formula with the other noises among its parents: they are looked up in `values`.
    """
    if noise not in formula.noises or not isinstance(formula.scope[noise], Real):
        return None
    others = tuple(n for n in formula.noises if n != noise)
    found = _able(formula.expr, formula.domain, Scope("", (*formula.parents, *others), (noise,), formula.scope))
    return found if isinstance(found, (AdditiveFormula, InvertibleFormula)) else None


def _able(expr: Expr, domain: Domain, scope: Scope) -> Formula:
    """The formula as the class that says what it can do."""
    common = (expr, scope.parents, scope.noises, domain, scope.domains)
    if not isinstance(domain, Real):
        return Formula(*common)
    affine = affine_of(expr, scope.domains)
    one = scope.noises[0] if len(scope.noises) == 1 and isinstance(scope.domains[scope.noises[0]], Real) else None
    if affine is not None:
        determined = one is not None and affine.coefficients.get(one, 0.0) != 0
        return AdditiveFormula(*common, affine) if determined else AffineFormula(*common, affine)
    layers = None if one is None else layers_of(expr, one, scope.domains)
    if layers is not None:
        return InvertibleFormula(*common, layers)
    law = None if one is None else scope.laws.get(one)
    branches = None if one is None else branches_of(expr, one, scope.domains)
    if law is None or branches is None or not has_cdf(law):
        return Formula(*common)
    return BranchedFormula(*common, branches, array_law(law))
