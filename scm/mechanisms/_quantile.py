"""`Quantile`: a uniform noise pushed through the quantiles of a law that depends on the parents."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from .._domain import Domain, Real
from .._errors import InvalidModel
from ._columns import quietly
from ._function import Function
from ._law_arrays import ArrayLaw, has_cdf
from ._law_table import LAWS, check_names, in_range
from ._maps import (
    BoundMap,
    KeptMap,
    Map,
    PythonFunction,
    as_function,
    as_map,
    bind_map,
    names_read,
    one_noise,
    real_domain,
    unchanged,
)
from ._types import Column, Columns, Forward, Scope


@dataclass(frozen=True, init=False)
class Quantile:
    """`variable = Q(noise | parents)` with a noise that is uniform between 0 and 1: the ranks of units are kept.

    Args:
        law: a distribution of `numpyro.distributions` by name, such as `"Gamma"`; or the quantile function itself,
            `law(parents..., noise)`, increasing in the noise.
        parameters: of the distribution, a `Map` of the parents each.
        inverse: of a quantile function: `inverse(parents..., value)`; without one it is undone numerically.

    Raises:
        InvalidModel: an unknown distribution or parameter.
    """

    law: str | PythonFunction
    parameters: tuple[tuple[str, KeptMap], ...]
    inverse: PythonFunction | None

    def __init__(
        self,
        law: str | PythonFunction,
        parameters: Mapping[str, Map] | None = None,
        inverse: PythonFunction | None = None,
    ) -> None:
        """Check names."""
        given = {n: as_map(m, f"Quantile({law!r}): {n}") for n, m in dict(parameters or {}).items()}
        if isinstance(law, str):
            check_names(law, frozenset(given), f"Quantile({law!r})")
            if not has_cdf(ArrayLaw(law, {})):
                raise InvalidModel(f"Quantile({law!r}): the distribution function of {law} is not known here.")
            if inverse is not None:
                raise InvalidModel(f"Quantile({law!r}): a distribution by name has no inverse=.")
        else:
            as_function(law, "The quantile function of Quantile")
            if given:
                raise InvalidModel("Quantile: a quantile function takes the parents themselves; it has no parameters=.")
        if inverse is not None:
            as_function(inverse, "The inverse of Quantile")
        object.__setattr__(self, "law", law)
        object.__setattr__(self, "parameters", tuple(given.items()))
        object.__setattr__(self, "inverse", inverse)

    def reads(self, parents: tuple[str, ...] | None, known: Container[str]) -> tuple[str, ...]:
        """See `Unbound`."""
        return names_read([m for _, m in self.parameters], parents, known)

    def bind(self, scope: Scope) -> Forward:
        """See `Unbound`."""
        noise = one_noise(scope, "Quantile")
        if scope.domains[noise] != Real(0.0, 1.0):
            raise InvalidModel(
                f"{scope.variable!r} has Quantile and the noise {noise!r} over {scope.domains[noise]}; one between 0 "
                'and 1 is wanted: noise=ContinuousLaw("Uniform").'
            )
        if not isinstance(self.law, str):
            return Function(self.law, self.inverse, monotone=True).bind(scope)
        bound = {n: bind_map(m, scope, f"{n} of Quantile") for n, m in self.parameters}
        domain = real_domain(scope, "Quantile")
        return QuantileMap(self.law, tuple(bound.items()), scope.parents, scope.noises, domain)


@dataclass(frozen=True)
class QuantileMap:
    """Quantiles of a distribution whose parameters depend on the parents.

    Attributes:
        law: its name.
        parameters: a map for each that is given.
        parents, noises, domain: see `Forward`.
    """

    law: str
    parameters: tuple[tuple[str, BoundMap], ...]
    parents: tuple[str, ...]
    noises: tuple[str, ...]
    domain: Domain

    def forward(self, values: Columns, xp: Any) -> Column:
        """See `Forward`; NaN where a parameter is none."""
        with quietly(xp):
            return self._law(values, xp).quantile(values[self.noises[0]], xp)

    def noise_of(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`: the distribution function."""
        with quietly(xp):
            law = self._law(values, xp)
            rank = law.cdf(value, xp)
            # A value so far out that its rank rounds to 0 or 1 is still in the range.
            limits = xp.finfo(xp.asarray(rank).dtype)
            rank = xp.clip(rank, limits.tiny, 1.0 - limits.eps / 2)
            return xp.where(xp.isfinite(law.log_density(value, xp)), rank, xp.nan)

    def log_slope(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`: the log density."""
        with quietly(xp):
            found = self._law(values, xp).log_density(value, xp)
            return xp.where(xp.isfinite(found), found, xp.nan)

    def transport(self, value: Column, old: Columns, new: Columns, xp: Any) -> Column:
        """See `Transporting`: the same rank, each tail on its own side."""
        same = unchanged(self.parents, old, new)
        if same is True:
            return value
        with quietly(xp):
            before, after = self._law(old, xp), self._law(new, xp)
            below, above = before.cdf(value, xp), before.survival(value, xp)
            found = xp.where(below <= 0.5, after.quantile(below, xp), after.upper_quantile(above, xp))
            found = xp.where(xp.isfinite(before.log_density(value, xp)), found, xp.nan)
            return xp.where(same, value, found)

    def _law(self, values: Columns, xp: Any) -> ArrayLaw:
        known = LAWS[self.law]
        found = {n: m(values, xp) for n, m in self.parameters}
        given = {n: xp.where(in_range(v, known.ranges[n]), v, xp.nan) for n, v in found.items()}
        full: dict[str, Column] = {**known.defaults, **given}
        if known.ends == ("low", "high"):
            full["high"] = xp.where(full["high"] > full["low"], full["high"], xp.nan)
        return ArrayLaw(self.law, full)
