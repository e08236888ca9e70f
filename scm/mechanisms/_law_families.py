"""From a standard law to those with parameters that need no NumPyro: stretched, shifted, and its exponential."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from . import _law_standard as standard
from ._law_standard import GUMBEL, Array, Parameters, Shape, Standard, special


@dataclass(frozen=True)
class Family:
    """A standard law z, and x = location + scale * z, or the exponential of that.

    Attributes:
        standard: the law of z.
        place: location and scale, from (parameters, xp).
        shape: what the standard law depends on, from the parameters.
        exponential: whether x is the exponential.
        moments: mean and variance where they do not follow from those of z, from (parameters, xp).
    """

    standard: Standard
    place: Callable[[Parameters, Any], tuple[Array, Array]]
    shape: Callable[[Parameters], Shape] = lambda p: ()
    exponential: bool = False
    moments: Callable[[Parameters, Any], tuple[Array, Array]] | None = None

    def standardised(self, x: Array, p: Parameters, xp: Any) -> Array:
        """The z of x."""
        location, scale = self.place(p, xp)
        if not self.exponential:
            return (x - location) / scale
        return xp.where(x > 0, (xp.log(xp.where(x > 0, x, 1.0)) - location) / scale, xp.where(x <= 0, -xp.inf, xp.nan))

    def of_standard(self, z: Array, p: Parameters, xp: Any) -> Array:
        """The x of z."""
        location, scale = self.place(p, xp)
        found = location + scale * z
        return xp.exp(found) if self.exponential else found


def _loc_scale(p: Parameters, xp: Any) -> tuple[Array, Array]:
    return p["loc"], p["scale"]


def _no_place(p: Parameters, xp: Any) -> tuple[Array, Array]:
    return 0.0, 1.0


def _log_normal(p: Parameters, xp: Any) -> tuple[Array, Array]:
    square = xp.square(p["scale"])
    return xp.exp(p["loc"] + 0.5 * square), xp.expm1(square) * xp.exp(2 * p["loc"] + square)


def _log_uniform(p: Parameters, xp: Any) -> tuple[Array, Array]:
    low, high = p["low"], p["high"]
    width = xp.log(high) - xp.log(low)
    mean = (high - low) / width
    return mean, (high * high - low * low) / (2 * width) - mean * mean


def _pareto(p: Parameters, xp: Any) -> tuple[Array, Array]:
    scale, alpha = p["scale"], p["alpha"]
    mean = xp.where(alpha > 1, scale * alpha / xp.where(alpha > 1, alpha - 1.0, 1.0), xp.inf)
    safe = xp.where(alpha > 2, alpha, 3.0)
    return mean, xp.where(alpha > 2, scale * scale * safe / ((safe - 1.0) ** 2 * (safe - 2.0)), xp.inf)


def _weibull(p: Parameters, xp: Any) -> tuple[Array, Array]:
    first, second = (xp.exp(special(xp).gammaln(1.0 + k / p["concentration"])) for k in (1, 2))
    return p["scale"] * first, p["scale"] ** 2 * (second - first * first)


# The log of a standard exponential: a Gumbel law upside down.
_LOG_EXPONENTIAL = Standard(
    lambda z, s, xp: GUMBEL.log_density(-z, s, xp),
    lambda z, s, xp: GUMBEL.survival(-z, s, xp),
    lambda z, s, xp: GUMBEL.cdf(-z, s, xp),
    lambda p, s, xp: -GUMBEL.upper(p, s, xp),
    lambda q, s, xp: -GUMBEL.quantile(q, s, xp),
    lambda s, xp: (-0.57721566490153286, math.pi**2 / 6),
)

FAMILIES: Mapping[str, Family] = MappingProxyType({
    "Normal": Family(standard.NORMAL, _loc_scale),
    "Logistic": Family(standard.LOGISTIC, _loc_scale),
    "Laplace": Family(standard.LAPLACE, _loc_scale),
    "Gumbel": Family(standard.GUMBEL, _loc_scale),
    "Cauchy": Family(standard.CAUCHY, _loc_scale),
    "StudentT": Family(standard.STUDENT_T, _loc_scale, lambda p: (p["df"],)),
    "Uniform": Family(standard.UNIFORM, lambda p, xp: (p["low"], p["high"] - p["low"])),
    "Exponential": Family(standard.EXPONENTIAL, lambda p, xp: (0.0, 1.0 / p["rate"])),
    "HalfNormal": Family(standard.HALF_NORMAL, lambda p, xp: (0.0, p["scale"])),
    "HalfCauchy": Family(standard.HALF_CAUCHY, lambda p, xp: (0.0, p["scale"])),
    "Gamma": Family(standard.GAMMA, lambda p, xp: (0.0, 1.0 / p["rate"]), lambda p: (p["concentration"],)),
    "Chi2": Family(standard.GAMMA, lambda p, xp: (0.0, 2.0), lambda p: (0.5 * p["df"],)),
    "InverseGamma": Family(standard.INVERSE_GAMMA, lambda p, xp: (0.0, p["rate"]), lambda p: (p["concentration"],)),
    "Kumaraswamy": Family(standard.KUMARASWAMY, _no_place, lambda p: (p["concentration1"], p["concentration0"])),
    "Beta": Family(standard.BETA, _no_place, lambda p: (p["concentration1"], p["concentration0"])),
    "BetaProportion": Family(
        standard.BETA, _no_place, lambda p: (p["mean"] * p["concentration"], (1.0 - p["mean"]) * p["concentration"])
    ),
    "LogNormal": Family(standard.NORMAL, _loc_scale, exponential=True, moments=_log_normal),
    "LogUniform": Family(
        standard.UNIFORM,
        lambda p, xp: (xp.log(p["low"]), xp.log(p["high"]) - xp.log(p["low"])),
        exponential=True,
        moments=_log_uniform,
    ),
    "Pareto": Family(
        standard.EXPONENTIAL, lambda p, xp: (xp.log(p["scale"]), 1.0 / p["alpha"]), exponential=True, moments=_pareto
    ),
    "Weibull": Family(
        _LOG_EXPONENTIAL,
        lambda p, xp: (xp.log(p["scale"]), 1.0 / p["concentration"]),
        exponential=True,
        moments=_weibull,
    ),
})  # fmt: skip
"""The laws that need no NumPyro."""
