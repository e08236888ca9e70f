"""Laws of one noise in closed form, over arrays of NumPy or JAX: a standard law, stretched and shifted.

Every tail is worked out on its own side, so that a probability of 1e-30 above is as precise as one below.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

Array: TypeAlias = Any
Parameters: TypeAlias = Mapping[str, Array]
"""The parameters of a law by name: numbers, or one for each unit."""
Shape: TypeAlias = tuple[Array, ...]
"""What a standard law still depends on, such as its degrees of freedom."""


def special(xp: Any) -> Any:
    """The special functions of an array module."""
    if xp.__name__ == "numpy":
        return _scipy_special()
    from jax.scipy import special as found  # whoever computes with jax.numpy has loaded JAX

    return found


@lru_cache(maxsize=1)
def _scipy_special() -> Any:
    from scipy import special as found  # pyright: ignore[reportMissingTypeStubs]  # only where a law needs it

    return found


@dataclass(frozen=True)
class Standard:
    """A standard law. Functions take (value or probability, shape, xp).

    Attributes:
        log_density: minus infinity outside the support.
        cdf, survival: probability up to a value, and beyond.
        quantile, upper: the value that has this probability below, or above.
        moments: mean and variance, NaN where there is none, given (shape, xp).
    """

    log_density: Callable[[Array, Shape, Any], Array]
    cdf: Callable[[Array, Shape, Any], Array]
    survival: Callable[[Array, Shape, Any], Array]
    quantile: Callable[[Array, Shape, Any], Array]
    upper: Callable[[Array, Shape, Any], Array]
    moments: Callable[[Shape, Any], tuple[Array, Array]]


def _symmetric(
    log_density: Callable[[Array, Shape, Any], Array],
    cdf: Callable[[Array, Shape, Any], Array],
    quantile: Callable[[Array, Shape, Any], Array],
    moments: Callable[[Shape, Any], tuple[Array, Array]],
) -> Standard:
    """A law that is the same upside down."""
    return Standard(
        log_density,
        cdf,
        lambda z, s, xp: cdf(-z, s, xp),
        quantile,
        lambda q, s, xp: -quantile(q, s, xp),
        moments,
    )


def _fixed(mean: float, variance: float) -> Callable[[Shape, Any], tuple[Array, Array]]:
    return lambda s, xp: (mean, variance)


def inside(z: Array, low: float, high: float, found: Array, xp: Any) -> Array:
    """`found` within the ends, minus infinity outside, NaN where z is NaN."""
    return xp.where((z < low) | (z > high), -xp.inf, found)


def solved(
    below: Callable[[Array], Array], above: Callable[[Array], Array], p: Array, tail: bool, ends: str, xp: Any
) -> Array:
    """The value with probability `p` below it (or above it, where `tail`), by halving an interval.

    Args:
        below: probability up to a value.
        above: probability beyond it.
        p: probabilities.
        tail: whether they are of the upper tail.
        ends: `line`, `half` (above 0) or `share` (between 0 and 1).
        xp: the array module.
    """
    p = xp.asarray(p)
    far = 700.0 if p.dtype == xp.float64 else 80.0

    def value(t: Array) -> Array:
        # Evenly over the orders of magnitude: tiny values keep their relative precision.
        if ends == "line":
            return xp.sinh(t)
        return xp.exp(t) if ends == "half" else 0.5 * (1 + xp.tanh(t / 2))

    def halve(_: Any, interval: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = interval
        middle = 0.5 * (low + high)
        x = value(middle)
        left = above(x) > p if tail else below(x) < p
        return xp.where(left, middle, low), xp.where(left, high, middle)

    shape = xp.broadcast_shapes(p.shape, xp.shape(below(value(xp.zeros_like(p)))))
    start = (xp.full(shape, -far, dtype=p.dtype), xp.full(shape, far, dtype=p.dtype))
    if xp.__name__ == "numpy":
        for i in range(_HALVINGS):
            start = halve(i, start)
    else:
        import jax

        lax: Any = jax.lax
        start = lax.fori_loop(0, _HALVINGS, halve, start)
    found = value(0.5 * (start[0] + start[1]))
    bottom, top = {"line": (-xp.inf, xp.inf), "half": (0.0, xp.inf), "share": (0.0, 1.0)}[ends]
    lowest, highest = (p >= 1, p <= 0) if tail else (p <= 0, p >= 1)
    found = xp.where(lowest, bottom, xp.where(highest, top, found))
    return xp.where((p >= 0) & (p <= 1), found, xp.nan)


_HALVINGS = 72
"""Enough to halve 1400 down to the last bit of a double."""

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)

NORMAL = _symmetric(
    lambda z, s, xp: -0.5 * z * z - _HALF_LOG_2PI,
    lambda z, s, xp: special(xp).ndtr(z),
    lambda p, s, xp: special(xp).ndtri(p),
    _fixed(0.0, 1.0),
)


def _share_quantile(p: Array, s: Shape, xp: Any) -> Array:
    return xp.where((p >= 0) & (p <= 1), p, xp.nan)


UNIFORM = Standard(
    lambda z, s, xp: inside(z, 0.0, 1.0, 0.0 * z, xp),
    lambda z, s, xp: xp.clip(z, 0.0, 1.0),
    lambda z, s, xp: xp.clip(1.0 - z, 0.0, 1.0),
    _share_quantile,
    lambda q, s, xp: 1.0 - _share_quantile(q, s, xp),
    _fixed(0.5, 1 / 12),
)


def _expit(z: Array, xp: Any) -> Array:
    small = xp.exp(-xp.abs(z))
    return xp.where(z >= 0, 1.0, small) / (1.0 + small)


LOGISTIC = _symmetric(
    lambda z, s, xp: -xp.abs(z) - 2 * xp.log1p(xp.exp(-xp.abs(z))),
    lambda z, s, xp: _expit(z, xp),
    lambda p, s, xp: xp.log(p) - xp.log1p(-p),
    _fixed(0.0, math.pi**2 / 3),
)
LAPLACE = _symmetric(
    lambda z, s, xp: -xp.abs(z) - math.log(2.0),
    lambda z, s, xp: xp.where(z < 0, 0.5 * xp.exp(-xp.abs(z)), 1.0 - 0.5 * xp.exp(-xp.abs(z))),
    lambda p, s, xp: xp.where(p < 0.5, xp.log(2 * p), -xp.log(2 * (1 - p))),
    _fixed(0.0, 2.0),
)
CAUCHY = _symmetric(
    lambda z, s, xp: -math.log(math.pi) - xp.log1p(z * z),
    # arctan2 keeps the far lower tail, where 1/2 + arctan(z)/pi would cancel.
    lambda z, s, xp: xp.arctan2(xp.ones_like(z), -z) / math.pi,
    lambda p, s, xp: xp.where(
        p <= 0, xp.where(p < 0, xp.nan, -xp.inf), xp.where(p >= 1, xp.where(p > 1, xp.nan, xp.inf), _cot(p, xp))
    ),
    _fixed(math.nan, math.nan),
)


def _cot(p: Array, xp: Any) -> Array:
    """-1 / tan(pi p), precise near both ends and exact in the middle."""
    inner = xp.where((p > 0) & (p < 1), p, 0.25)
    return xp.where(xp.abs(inner - 0.5) < 0.25, xp.tan(math.pi * (inner - 0.5)), -1.0 / xp.tan(math.pi * inner))


GUMBEL = Standard(
    lambda z, s, xp: -z - xp.exp(-z),
    lambda z, s, xp: xp.exp(-xp.exp(-z)),
    lambda z, s, xp: -xp.expm1(-xp.exp(-z)),
    lambda p, s, xp: -xp.log(-xp.log(p)),
    lambda q, s, xp: -xp.log(-xp.log1p(-q)),
    _fixed(0.57721566490153286, math.pi**2 / 6),
)
EXPONENTIAL = Standard(
    lambda z, s, xp: inside(z, 0.0, math.inf, -z, xp),
    lambda z, s, xp: -xp.expm1(-xp.maximum(z, 0.0)),
    lambda z, s, xp: xp.exp(-xp.maximum(z, 0.0)),
    lambda p, s, xp: -xp.log1p(-p),
    lambda q, s, xp: -xp.log(q),
    _fixed(1.0, 1.0),
)


def _folded(
    base: Standard, cdf: Callable[[Array, Any], Array], quantile: Callable[[Array, Any], Array], moments: Shape
) -> Standard:
    """The absolute value of a symmetric law; its distribution function is given, as 1 - survival is coarse near 0."""
    return Standard(
        lambda z, s, xp: inside(z, 0.0, math.inf, base.log_density(z, s, xp) + math.log(2.0), xp),
        lambda z, s, xp: cdf(xp.maximum(z, 0.0), xp),
        lambda z, s, xp: 2.0 * base.survival(xp.maximum(z, 0.0), s, xp),
        lambda p, s, xp: quantile(p, xp),
        lambda q, s, xp: base.upper(0.5 * q, s, xp),
        _fixed(*moments),
    )


HALF_NORMAL = _folded(
    NORMAL,
    lambda z, xp: special(xp).erf(z * math.sqrt(0.5)),
    lambda p, xp: math.sqrt(2.0) * special(xp).erfinv(xp.where(p >= 0, p, xp.nan)),
    (math.sqrt(2 / math.pi), 1 - 2 / math.pi),
)
HALF_CAUCHY = _folded(
    CAUCHY,
    lambda z, xp: (2 / math.pi) * xp.arctan(z),
    lambda p, xp: xp.where(
        (p >= 0) & (p <= 1),
        xp.where(p < 0.5, xp.tan(0.5 * math.pi * p), CAUCHY.quantile(0.5 + 0.5 * p, (), xp)),
        xp.nan,
    ),
    (math.nan, math.nan),
)


def _t_lower(z: Array, s: Shape, xp: Any) -> Array:
    (df,) = s
    square = z * z
    # betainc takes the side on which its argument is small; the other is its mirror image.
    far = 0.5 * special(xp).betainc(0.5 * df, 0.5, df / (df + square))
    near = 0.5 - 0.5 * special(xp).betainc(0.5, 0.5 * df, square / (df + square))
    tail = xp.where(square < df, near, far)
    return xp.where(z < 0, tail, 1.0 - tail)


def _t_density(z: Array, s: Shape, xp: Any) -> Array:
    (df,), lgamma = s, special(xp).gammaln
    start = lgamma(0.5 * (df + 1)) - lgamma(0.5 * df) - 0.5 * xp.log(math.pi * df)
    return start - 0.5 * (df + 1) * xp.log1p(z * z / df)


def _t_quantile(p: Array, s: Shape, xp: Any) -> Array:
    p = xp.asarray(p)
    tail = xp.minimum(p, 1.0 - p)
    if xp.__name__ == "numpy":
        low = special(xp).stdtrit(*s, tail)
        return xp.where(p < 0.5, low, -low)
    low = solved(lambda z: _t_lower(z, s, xp), lambda z: _t_lower(-z, s, xp), tail, False, "line", xp)
    return xp.where(p < 0.5, low, xp.where(p == 0.5, 0.0, -low))


def _t_moments(s: Shape, xp: Any) -> tuple[Array, Array]:
    (df,) = s
    variance = xp.where(df > 2, df / xp.where(df > 2, df - 2.0, 1.0), xp.where(df > 1, xp.inf, xp.nan))
    return xp.where(df > 1, 0.0, xp.nan), variance


STUDENT_T = _symmetric(_t_density, _t_lower, _t_quantile, _t_moments)


def _gamma_quantile(p: Array, s: Shape, xp: Any, tail: bool) -> Array:
    functions = special(xp)
    if xp.__name__ == "numpy":
        return (functions.gammainccinv if tail else functions.gammaincinv)(*s, p)
    return solved(lambda z: functions.gammainc(*s, z), lambda z: functions.gammaincc(*s, z), p, tail, "half", xp)


def _gamma_density(z: Array, s: Shape, xp: Any) -> Array:
    (shape,), functions = s, special(xp)
    clipped = xp.maximum(z, 0.0)
    return inside(z, 0.0, math.inf, functions.xlogy(shape - 1.0, clipped) - z - functions.gammaln(shape), xp)


GAMMA = Standard(
    _gamma_density,
    lambda z, s, xp: special(xp).gammainc(*s, xp.maximum(z, 0.0)),
    lambda z, s, xp: special(xp).gammaincc(*s, xp.maximum(z, 0.0)),
    lambda p, s, xp: _gamma_quantile(p, s, xp, False),
    lambda q, s, xp: _gamma_quantile(q, s, xp, True),
    lambda s, xp: (s[0], s[0]),
)


def _beta_quantile(p: Array, s: Shape, xp: Any, tail: bool) -> Array:
    (a, b), functions = s, special(xp)
    if xp.__name__ == "numpy":
        return (functions.betainccinv if tail else functions.betaincinv)(a, b, p)
    return solved(
        lambda z: functions.betainc(a, b, z), lambda z: functions.betainc(b, a, 1.0 - z), p, tail, "share", xp
    )


def _beta_density(z: Array, s: Shape, xp: Any) -> Array:
    (a, b), functions = s, special(xp)
    clipped = xp.clip(z, 0.0, 1.0)
    weight = functions.gammaln(a) + functions.gammaln(b) - functions.gammaln(a + b)
    found = functions.xlogy(a - 1.0, clipped) + functions.xlog1py(b - 1.0, -clipped) - weight
    return inside(z, 0.0, 1.0, found + 0.0 * z, xp)


BETA = Standard(
    _beta_density,
    lambda z, s, xp: special(xp).betainc(*s, xp.clip(z, 0.0, 1.0)),
    lambda z, s, xp: special(xp).betainc(s[1], s[0], 1.0 - xp.clip(z, 0.0, 1.0)),
    lambda p, s, xp: _beta_quantile(p, s, xp, False),
    lambda q, s, xp: _beta_quantile(q, s, xp, True),
    lambda s, xp: (s[0] / (s[0] + s[1]), s[0] * s[1] / ((s[0] + s[1]) ** 2 * (s[0] + s[1] + 1.0))),
)


def _inverse_gamma_density(z: Array, s: Shape, xp: Any) -> Array:
    safe = xp.where(z > 0, z, 1.0)
    return inside(
        z,
        0.0,
        math.inf,
        xp.where(z == 0, -xp.inf, GAMMA.log_density(1.0 / safe, s, xp) - 2 * xp.log(safe) + 0.0 * z),
        xp,
    )


def _inverse_gamma_moments(s: Shape, xp: Any) -> tuple[Array, Array]:
    (a,) = s
    above = xp.where(a > 2, a, 3.0)
    variance = xp.where(a > 2, 1.0 / ((above - 1.0) ** 2 * (above - 2.0)), xp.inf)
    return xp.where(a > 1, 1.0 / xp.where(a > 1, a - 1.0, 1.0), xp.inf), variance


def _inverse(z: Array, xp: Any) -> Array:
    return 1.0 / xp.maximum(z, 0.0)


INVERSE_GAMMA = Standard(
    _inverse_gamma_density,
    lambda z, s, xp: GAMMA.survival(_inverse(z, xp), s, xp),
    lambda z, s, xp: GAMMA.cdf(_inverse(z, xp), s, xp),
    lambda p, s, xp: 1.0 / GAMMA.upper(p, s, xp),
    lambda q, s, xp: 1.0 / GAMMA.quantile(q, s, xp),
    _inverse_gamma_moments,
)


def _kumaraswamy_density(z: Array, s: Shape, xp: Any) -> Array:
    (a, b), functions = s, special(xp)
    clipped = xp.clip(z, 0.0, 1.0)
    found = functions.xlogy(a - 1.0, clipped) + functions.xlog1py(b - 1.0, -(clipped**a)) + xp.log(a * b)
    return inside(z, 0.0, 1.0, found + 0.0 * z, xp)


def _kumaraswamy_moments(s: Shape, xp: Any) -> tuple[Array, Array]:
    (a, b), lgamma = s, special(xp).gammaln
    first, second = (b * xp.exp(lgamma(1 + k / a) + lgamma(b) - lgamma(1 + k / a + b)) for k in (1, 2))
    return first, second - first * first


KUMARASWAMY = Standard(
    _kumaraswamy_density,
    lambda z, s, xp: -xp.expm1(s[1] * xp.log1p(-(xp.clip(z, 0.0, 1.0) ** s[0]))),
    lambda z, s, xp: xp.exp(s[1] * xp.log1p(-(xp.clip(z, 0.0, 1.0) ** s[0]))),
    lambda p, s, xp: (-xp.expm1(xp.log1p(-p) / s[1])) ** (1.0 / s[0]),
    lambda q, s, xp: (-xp.expm1(xp.log(q) / s[1])) ** (1.0 / s[0]),
    _kumaraswamy_moments,
)
