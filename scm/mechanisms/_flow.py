"""`Flow`: a conditional normalising flow of flowjax, from the noise to the variable."""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._continuous import ContinuousLaw
from .._domain import Domain
from .._errors import InvalidModel
from .._execution import precision_of
from ._columns import quietly
from ._inverse import by_noise
from ._maps import argument, one_noise, real_domain
from ._types import Column, Columns, Forward, Scope


@dataclass(frozen=True, eq=False)
class Flow:
    """`variable = flow(noise | parents)`: one to one in the noise (Rezende & Mohamed 2015; Durkan et al. 2019).

    Args:
        flow: a bijection of flowjax over one number (of shape () or (1,)), conditional on as many numbers as there are
            parents, in the order of `parents=`; or a distribution of flowjax made by one from a standard normal, whose
            variable has noise=normal(0, 1).

    Raises:
        InvalidModel: something else.
    """

    flow: Any

    def __post_init__(self) -> None:
        """Check the shape."""
        bijection = self.bijection
        if not all(hasattr(bijection, m) for m in ("transform", "inverse_and_log_det", "shape", "cond_shape")):
            raise InvalidModel(f"Flow({type(self.flow).__name__}): a bijection or distribution of flowjax is wanted.")
        if tuple(bijection.shape) not in ((), (1,)):
            raise InvalidModel(f"Flow: the flow is of shape {tuple(bijection.shape)}; one over one number is wanted.")

    @property
    def bijection(self) -> Any:
        """From the noise to the variable."""
        return getattr(self.flow, "bijection", self.flow) if hasattr(self.flow, "base_dist") else self.flow

    def reads(self, parents: tuple[str, ...] | None, known: Container[str]) -> tuple[str, ...]:
        """See `Unbound`."""
        del known
        return parents or ()

    def bind(self, scope: Scope) -> Forward:
        """See `Unbound`."""
        noise, domain = one_noise(scope, "Flow"), real_domain(scope, "Flow")
        wanted, count = self.bijection.cond_shape, len(scope.parents)
        if (tuple(wanted) if wanted is not None else (0,)) not in ((count,), () if count == 1 else (count,)):
            raise InvalidModel(
                f"{scope.variable!r} has {count} parents {scope.parents} and a Flow that is conditional on "
                f"{'nothing' if wanted is None else f'shape {tuple(wanted)}'}; one number for each parent is wanted."
            )
        law = scope.laws.get(noise)
        if hasattr(self.flow, "base_dist") and not _standard(self.flow, law):
            raise InvalidModel(
                f"{scope.variable!r} has a Flow from the distribution {type(self.flow.base_dist).__name__} and the "
                f"noise {law}; a standard normal is wanted on both sides. Or give the flow's bijection, and the noise "
                "that it is for."
            )
        scopes = tuple(scope.domains[n] for n in scope.parents)
        return FlowMap(self.bijection, scope.parents, scope.noises, domain, scopes, scope.variable)


def _standard(flow: Any, law: ContinuousLaw | None) -> bool:
    """Whether a flow starts from a standard normal, and the noise is one."""
    import jax.numpy as jnp

    x = jnp.asarray([-1.5, 0.0, 2.0])
    start = flow.base_dist
    found = start.log_prob(x.reshape(-1, *[1] * len(start.shape)))
    normal = jnp.allclose(found, -0.5 * x * x - 0.9189385332046727, atol=1e-5)
    own = law is None or (law.distribution == "Normal" and {**dict(law.parameters)} in _STANDARD)
    return bool(normal) and own


_STANDARD: tuple[dict[str, float], ...] = ({}, {"loc": 0.0}, {"scale": 1.0}, {"loc": 0.0, "scale": 1.0})


@dataclass(frozen=True, eq=False)
class FlowMap:
    """A bijection of one number given the parents.

    Attributes:
        bijection: of flowjax.
        parents, noises, domain: see `Forward`.
        scopes: the domain of each parent.
        variable: whose mechanism it is.
    """

    bijection: Any
    parents: tuple[str, ...]
    noises: tuple[str, ...]
    domain: Domain
    scopes: tuple[Domain, ...]
    variable: str

    @cached_property
    def _compiled(self) -> Mapping[str, Any]:
        """Methods of the bijection over units: without compilation each call would cost most of a second."""
        import jax

        vmap: Any = jax.vmap
        axes = (0, None if self.bijection.cond_shape is None else 0)
        return {
            m: jax.jit(vmap(getattr(self.bijection, m), in_axes=axes)) for m in ("transform", "inverse_and_log_det")
        }

    def forward(self, values: Columns, xp: Any) -> Column:
        """See `Forward`."""
        return self._run("transform", values[self.noises[0]], values, xp)

    def noise_of(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`."""
        found = self._run("inverse_and_log_det", value, values, xp)[0]
        return xp.where(xp.isfinite(found), found, xp.nan)

    def log_slope(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Invertible`."""
        noise, slope = self._run("inverse_and_log_det", value, values, xp)
        return xp.where(xp.isfinite(noise), slope, xp.nan)

    def transport(self, value: Column, old: Columns, new: Columns, xp: Any) -> Column:
        """See `Transporting`."""
        return by_noise(self, value, old, new, xp)

    def _run(self, method: str, x: Column, values: Columns, xp: Any) -> Any:
        """A method of the bijection for every unit: arrays of shape (units,)."""
        if xp.__name__ != "numpy":
            return self._mapped(method, x, values, xp)
        with precision_of("double"), quietly(xp):
            found = self._mapped(method, x, values, xp)
            return tuple(map(xp.asarray, found)) if isinstance(found, tuple) else xp.asarray(found)

    def _mapped(self, method: str, x: Column, values: Columns, xp: Any) -> Any:
        import jax.numpy as jnp

        columns = [argument(n, d, values[n], xp) for n, d in zip(self.parents, self.scopes, strict=True)]
        shape = jnp.broadcast_shapes(jnp.shape(x), *(jnp.shape(c) for c in columns))
        flat = [jnp.broadcast_to(jnp.asarray(c) * 1.0, shape).reshape(-1) for c in (x, *columns)]
        one, conditions = tuple(self.bijection.shape), self.bijection.cond_shape
        given = None if conditions is None else jnp.stack(flat[1:], axis=-1).reshape(-1, *conditions)

        found = self._compiled[method](flat[0].reshape(-1, *one), given)
        if isinstance(found, tuple):
            return found[0].reshape(shape), found[1].reshape(shape)
        return found.reshape(shape)
