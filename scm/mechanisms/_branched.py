"""The law of a value over the pieces that its noises are in: probabilities of intervals, densities of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._law_arrays import ArrayLaw
from ._preimage import Piece
from ._types import Column


def masses(pieces: Sequence[Piece], law: ArrayLaw, xp: Any) -> Column:
    """Probabilities of the pieces, shape (pieces, units); none for points."""
    found: list[Column] = []
    for p in pieces:
        low, high = xp.where(p.live, p.low, 0.0), xp.where(p.live, p.high, 0.0)
        lower, upper = _tails(low, high, law, xp)
        mass = xp.where(_left(high, law, xp), lower, upper)
        found.append(xp.where(p.live & xp.logical_not(p.point), xp.maximum(mass, 0.0), 0.0))
    return xp.stack(xp.broadcast_arrays(*found))


def log_densities(pieces: Sequence[Piece], law: ArrayLaw, xp: Any) -> Column:
    """Log densities of the value that the points bring, shape (pieces, units); minus infinity for intervals."""
    found: list[Column] = []
    for p in pieces:
        live = p.live & p.point
        density = law.log_density(xp.where(live, p.low, 0.0), xp) + p.log_slope
        found.append(xp.where(live & ~xp.isnan(density), density, -xp.inf))
    return xp.stack(xp.broadcast_arrays(*found))


def log_sum(found: Column, xp: Any) -> Column:
    """Log of the sum of exponentials along the first axis."""
    top = found.max(axis=0)
    base = xp.where(xp.isfinite(top), top, 0.0)
    return base + xp.log(xp.exp(found - base).sum(axis=0))


def drawn_from(pieces: Sequence[Piece], law: ArrayLaw, key: Any) -> tuple[Column, Column, Column]:
    """A noise of each unit, and the ends of the piece that it was drawn from; NaN where there is none.

    An interval counts by its probability; only where there is none, points count by their densities.
    """
    import jax
    import jax.numpy as jnp

    random: Any = jax.random
    mass, density = masses(pieces, law, jnp), log_densities(pieces, law, jnp)
    top = density.max(axis=0)
    weights = jnp.where(mass.sum(axis=0) > 0, mass, jnp.exp(density - jnp.where(jnp.isfinite(top), top, 0.0)))
    which, within = random.split(key)
    shape = weights.shape[1:]
    passed = jnp.cumsum(weights, axis=0) <= random.uniform(which, shape, weights.dtype) * weights.sum(axis=0)
    place = jnp.clip(passed.sum(axis=0), 0, len(pieces) - 1)[None]

    def chosen(ends: Sequence[Column]) -> Column:
        return jnp.take_along_axis(jnp.stack([jnp.broadcast_to(e, shape) for e in ends]), place, axis=0)[0]

    low, high = chosen([p.low for p in pieces]), chosen([p.high for p in pieces])
    point = chosen([p.point for p in pieces])
    u = random.uniform(within, shape, weights.dtype)
    lower, upper = _tails(low, high, law, jnp)
    below = law.quantile(law.cdf(low, jnp) + u * lower, jnp)
    above = law.upper_quantile(law.survival(high, jnp) + u * upper, jnp)
    inside = jnp.clip(jnp.where(_left(high, law, jnp), below, above), low, high)
    found = jnp.where(weights.sum(axis=0) > 0, jnp.where(point, low, inside), jnp.nan)
    return found, low, high


def _left(high: Column, law: ArrayLaw, xp: Any) -> Column:
    return law.cdf(high, xp) <= 0.5


def _tails(low: Column, high: Column, law: ArrayLaw, xp: Any) -> tuple[Column, Column]:
    """The probability between two numbers, as differences of lower and of upper tails."""
    lower = law.cdf(high, xp) - law.cdf(low, xp)
    return lower, law.survival(low, xp) - law.survival(high, xp)


def inside(low: Column, high: Column, xp: Any) -> Column:
    """Some number between two, one of which may be infinite."""
    left, right = xp.isfinite(low), xp.isfinite(high)
    near_low = low + 1e-6 * (1.0 + xp.abs(low))
    near_high = high - 1e-6 * (1.0 + xp.abs(high))
    return xp.where(left & right, 0.5 * (low + high), xp.where(left, near_low, near_high))
