"""The law of one continuous noise over arrays: drawn from, weighed, and turned into ranks and back.

The common laws are worked out here, in NumPy or JAX and in the precision of the array that comes in; the others are
NumPyro's, loaded when first used.
"""

# NumPyro has no types, and those of JAX are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._continuous import ContinuousLaw
from .._domain import Real
from .._errors import InvalidModel
from .._execution import precision_of
from .._sample import random_key, uniform
from ._law_families import FAMILIES
from ._law_standard import Array
from ._law_table import LAWS, NO_CDF, complete, support

if TYPE_CHECKING:
    from jax import Array as PRNGKey


@dataclass(frozen=True)
class ArrayLaw:
    """A law with its parameters, which may differ from unit to unit.

    Attributes:
        distribution: one of `LAWS`.
        parameters: all of them, each a number or a column.
    """

    distribution: str
    parameters: Mapping[str, Array]

    def log_density(self, x: Array, xp: Any) -> Array:
        """Minus infinity outside the support; NaN where `x` is NaN."""
        x, p = _floats(x, xp), self.parameters
        family = FAMILIES.get(self.distribution)
        if family is None:
            low, high = self._ends
            seen = xp.where((x >= low) & (x <= high), x, self.quantile(0.5, xp) if has_cdf(self) else 0.0)
            return self._within(_of_numpyro(self, lambda law, y: law.log_prob(y), seen, xp), x, -xp.inf, -xp.inf, xp)
        with np.errstate(all="ignore"):
            z = family.standardised(x, p, xp)
            slope = xp.log(family.place(p, xp)[1])
            found = family.standard.log_density(z, family.shape(p), xp) - slope
            return xp.where(x <= 0, -xp.inf, found - xp.log(xp.abs(x))) if family.exponential else found

    def cdf(self, x: Array, xp: Any) -> Array:
        """Probability of at most `x`."""
        x = _floats(x, xp)
        family = FAMILIES.get(self.distribution)
        if family is None:
            return self._within(_of_numpyro(self, _cdf, x, xp), x, 0.0, 1.0, xp)
        with np.errstate(all="ignore"):
            return family.standard.cdf(family.standardised(x, self.parameters, xp), family.shape(self.parameters), xp)

    def survival(self, x: Array, xp: Any) -> Array:
        """Probability of more than `x`, precise where it is small (for NumPyro's own laws: 1 - cdf)."""
        x = _floats(x, xp)
        family = FAMILIES.get(self.distribution)
        if family is None:
            return 1.0 - self.cdf(x, xp)
        with np.errstate(all="ignore"):
            return family.standard.survival(
                family.standardised(x, self.parameters, xp), family.shape(self.parameters), xp
            )

    def quantile(self, p: Array, xp: Any) -> Array:
        """The value with probability `p` below it; NaN where `p` is no probability."""
        p = _floats(p, xp)
        family = FAMILIES.get(self.distribution)
        if family is None:
            return self._numpyro_quantile(p, xp)
        with np.errstate(all="ignore"):
            z = family.standard.quantile(p, family.shape(self.parameters), xp)
            return self._between_ends(family.of_standard(z, self.parameters, xp), p, False, xp)

    def upper_quantile(self, q: Array, xp: Any) -> Array:
        """The value with probability `q` above it, precise where `q` is small."""
        q = _floats(q, xp)
        family = FAMILIES.get(self.distribution)
        if family is None:
            return self._numpyro_quantile(1.0 - q, xp)
        with np.errstate(all="ignore"):
            z = family.standard.upper(q, family.shape(self.parameters), xp)
            return self._between_ends(family.of_standard(z, self.parameters, xp), q, True, xp)

    def moments(self, xp: Any) -> tuple[Array, Array]:
        """Mean and variance; NaN where the law has none, or none is known."""
        p, family = self.parameters, FAMILIES.get(self.distribution)
        if self.distribution in _WITHOUT_MOMENTS:
            return xp.asarray(xp.nan), xp.asarray(xp.nan)
        if family is None:
            zero = xp.zeros(())
            return (
                _of_numpyro(self, lambda law, y: law.mean + y, zero, xp),
                _of_numpyro(self, lambda law, y: law.variance + y, zero, xp),
            )
        if family.moments is not None:
            return family.moments(p, xp)
        mean, variance = family.standard.moments(family.shape(p), xp)
        location, scale = family.place(p, xp)
        return location + scale * mean, scale * scale * variance

    @property
    def _ends(self) -> tuple[Array, Array]:
        low, high = (self.parameters[e] if isinstance(e, str) else e for e in LAWS[self.distribution].ends)
        return low, high

    def _between_ends(self, found: Array, p: Array, upper: bool, xp: Any) -> Array:
        """Quantiles, with those of 0 and 1 at the ends of the support, and NaN for what is no probability."""
        none, all_ = self._ends[::-1] if upper else self._ends
        return xp.where((p >= 0) & (p <= 1), xp.where(p == 0, none, xp.where(p == 1, all_, found)), xp.nan)

    def _within(self, found: Array, x: Array, below: float, above: float, xp: Any) -> Array:
        low, high = self._ends
        return xp.where(xp.isnan(x), xp.nan, xp.where(x < low, below, xp.where(x > high, above, found)))

    def _numpyro_quantile(self, p: Array, xp: Any) -> Array:
        found = _of_numpyro(self, lambda law, y: law.icdf(y), p, xp)
        return self._between_ends(found, p, False, xp)


_WITHOUT_MOMENTS = frozenset({"Gompertz", "LowerTruncatedPowerLaw", "RelaxedBernoulliLogits", "VonMises"})
"""Laws whose mean NumPyro does not know, or means otherwise: that of a circle."""


def _cdf(law: Any, x: Any) -> Any:
    return law.cdf(x)


def _floats(x: Array, xp: Any) -> Array:
    found = xp.asarray(x)
    return found if found.dtype.kind == "f" else found.astype(float)


def _of_numpyro(law: ArrayLaw, method: Callable[[Any, Any], Any], x: Array, xp: Any) -> Array:
    """What a method of NumPyro's distribution gives; in float64 where `xp` is NumPy."""
    from numpyro import distributions  # pyright: ignore[reportMissingTypeStubs]  # most of a second

    cls = getattr(distributions, law.distribution)  # a name of the closed list `LAWS`

    def call(y: Any) -> Any:
        try:
            return method(cls(**law.parameters, validate_args=False), y)
        except NotImplementedError:
            raise InvalidModel(f"{law.distribution} has no distribution function that is known here.") from None

    if xp.__name__ != "numpy":
        return call(x)
    with precision_of("double"):
        return np.asarray(call(np.asarray(x, dtype=np.float64)))


# ---------------------------------------------------------------------------------------------------------------------
# Of a law as data


def array_law(law: ContinuousLaw, where: str = "A noise") -> ArrayLaw:
    """The law over arrays.

    Raises:
        InvalidModel: it cannot be; see `_law_table.complete`.
    """
    return ArrayLaw(law.distribution, complete(law, where))


def log_density(law: ContinuousLaw, x: Array, xp: Any) -> Array:
    """Log density of the law at `x`; minus infinity outside its support."""
    return array_law(law).log_density(x, xp)


def cdf(law: ContinuousLaw, x: Array, xp: Any) -> Array:
    """Probability of at most `x`."""
    return array_law(law).cdf(x, xp)


def survival(law: ContinuousLaw, x: Array, xp: Any) -> Array:
    """Probability of more than `x`."""
    return array_law(law).survival(x, xp)


def quantile(law: ContinuousLaw, p: Array, xp: Any) -> Array:
    """The value with probability `p` below it."""
    return array_law(law).quantile(p, xp)


def domain_of(law: ContinuousLaw) -> Real:
    """The numbers that the law can give."""
    return support(law)


def has_cdf(law: ContinuousLaw | ArrayLaw) -> bool:
    """Whether its distribution function, and with it its quantiles, is known."""
    return law.distribution not in NO_CDF


def mean_and_variance(law: ContinuousLaw) -> tuple[float, float]:
    """NaN or infinite where the law has none."""
    mean, variance = array_law(law).moments(np)
    return float(mean), float(variance)


def open_uniforms(key: PRNGKey | int, stream: int, n: int) -> NDArray[np.float64]:
    """`n` numbers strictly between 0 and 1, of 52 random bits each, the same in number on both sides of 1/2."""
    return (np.floor(uniform(random_key(key), stream, n) * 4503599627370496.0) + 0.5) / 4503599627370496.0


def draw(law: ContinuousLaw, key: PRNGKey | int, n: int, stream: int = 0) -> NDArray[np.float64]:
    """`n` draws, float64: quantiles of uniform numbers where the law has them, so that they follow its parameters.

    Args:
        law: what is drawn from.
        key: a JAX random key, or a seed.
        n: how many.
        stream: which independent sequence under this key.
    """
    if has_cdf(law):
        return np.asarray(quantile(law, open_uniforms(key, stream, n), np))
    import jax

    folded = jax.random.fold_in(random_key(key), stream)
    return np.asarray(_of_numpyro(array_law(law), lambda d, _: d.sample(folded, (n,)), np.zeros(()), np))
