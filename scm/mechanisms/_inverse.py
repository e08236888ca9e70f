"""Monotone functions undone by halving an interval, and mechanisms carried to other parents through their noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .._domain import Real
from ._columns import quietly
from ._maps import unchanged
from ._types import Column, Columns, Invertible

_HALVINGS = 76
"""Enough to halve 1400 down to the last bit of a double."""


def inverted(function: Callable[[Column], Column], value: Column, domain: Real, xp: Any, size: Column = 0.0) -> Column:
    """The number in `domain` at which a strictly monotone function is `value`; NaN where it is nowhere.

    The function may work with numbers as large as `size`, and is precise to their rounding.

    Which way it runs is seen for each entry by itself. Intervals are halved evenly over the orders of magnitude.
    """
    value = xp.asarray(value)
    value = value if value.dtype.kind == "f" else value.astype(float)
    double = value.dtype == xp.float64
    far = 700.0 if double else 80.0
    with quietly(xp):
        ones = xp.ones_like(value)
        rising, level = _ends(function, ones, domain, xp)

        def halve(_: Any, interval: tuple[Column, Column]) -> tuple[Column, Column]:
            low, high = interval
            middle = 0.5 * (low + high)
            found = function(_at(middle, domain, xp))
            # What overflows to NaN lies too far out.
            more = xp.where(xp.isnan(found), middle < 0, xp.where(rising, found < value, found > value))
            return xp.where(more, middle, low), xp.where(more, high, middle)

        shape = xp.broadcast_shapes(xp.shape(value), xp.shape(rising))
        ends = (xp.full(shape, -far, dtype=value.dtype), xp.full(shape, far, dtype=value.dtype))
        if xp.__name__ == "numpy":
            for i in range(_HALVINGS):
                ends = halve(i, ends)
        else:
            import jax

            lax: Any = jax.lax
            ends = lax.fori_loop(0, _HALVINGS, halve, ends)
        found = _at(0.5 * (ends[0] + ends[1]), domain, xp)
        # Where it is flat every number would do, and none is found.
        return xp.where(near(function(found), value, xp, size) & xp.isnan(level), found, xp.nan)


def hidden_from(function: Callable[[Column], Column], value: Column, domain: Real, xp: Any) -> Column:
    """Where `value` is what a monotone function gives everywhere in `domain`."""
    value = xp.asarray(value)
    with quietly(xp):
        _, level = _ends(function, xp.ones_like(value, dtype=float), domain, xp)
        return near(level, value, xp)


def _ends(function: Callable[[Column], Column], ones: Column, domain: Real, xp: Any) -> tuple[Column, Column]:
    """Whether a monotone function rises, and the number that it always is where it is flat (NaN elsewhere)."""
    low, high = function(_at(-ones, domain, xp)), function(_at(ones, domain, xp))
    return high > low, xp.where(high == low, low, xp.nan)


PROBES = (-3.0, -1.0, -0.3, 0.0, 0.3, 1.0, 3.0)
"""Where a function that is said to be monotone is tried, on the scale of `inverted`."""


def probed(function: Callable[[Column], Column], ones: Column, domain: Real, xp: Any) -> tuple[Column, Column]:
    """A function of the noise at some noises in order, and those; shape (probes, ...)."""
    noises = [_at(t * ones, domain, xp) for t in PROBES]
    with quietly(xp):
        return xp.stack(xp.broadcast_arrays(*map(function, noises))), xp.stack(noises)


def turns(found: Column, xp: Any) -> Column:
    """Whether what was `probed` both rises and falls, by more than rounding."""
    with quietly(xp):
        step = xp.diff(found, axis=0)
        slack = 1e-6 * (xp.abs(found[1:]) + xp.abs(found[:-1]))
        return (step > slack).any(axis=0) & (step < -slack).any(axis=0)


def near(found: Column, value: Column, xp: Any, size: Column = 0.0) -> Column:
    """Whether what was worked out back from an inverse is the value, up to rounding in numbers of this size."""
    tolerance, spacing = (1e-7, 1e-14) if xp.asarray(value).dtype == xp.float64 else (1e-3, 1e-5)
    return xp.abs(found - value) <= tolerance * (1.0 + xp.abs(value)) + spacing * size


def _at(t: Column, domain: Real, xp: Any) -> Column:
    """The real line onto a domain."""
    low, high = domain.lower, domain.upper
    if math.isinf(low) and math.isinf(high):
        return xp.sinh(t)
    if math.isinf(high):
        return low + xp.exp(t)
    if math.isinf(low):
        return high - xp.exp(-t)
    # Precise near both ends of the interval: tiny distances from either are kept.
    part = xp.exp(-xp.abs(t))
    share = part / (1.0 + part)
    return xp.where(t < 0, low + (high - low) * share, high - (high - low) * share)


def by_noise(mechanism: Invertible, value: Column, old: Columns, new: Columns, xp: Any) -> Column:
    """What `value`, seen under the parents `old`, would have been under `new`: the same noise, pushed through.

    Equal parents give `value` itself.
    """
    same = unchanged(mechanism.parents, old, new)
    if same is True:
        return value
    noise = mechanism.noise_of(value, old, xp)
    found = mechanism.forward({**new, mechanism.noises[0]: noise}, xp)
    return xp.where(same, value, xp.where(xp.isnan(noise), xp.nan, found))
