"""`Threshold`: ordered states, by where a latent number falls among cuts."""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import itertools
import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any, cast

from .._domain import Real
from .._errors import InvalidModel
from .._noise import as_number
from .._syntax import Value
from ._branched import inside
from ._columns import quietly
from ._law_arrays import ArrayLaw, array_law, has_cdf
from ._maps import BoundMap, KeptMap, Map, as_map, bind_map, names_read, one_noise
from ._types import Column, Columns, Forward, Scope


@dataclass(frozen=True, init=False)
class Threshold:
    """State number k where k of the cuts lie below `score(parents) + noise` (McKelvey & Zavoina 1975).

    With a normal noise this is an ordered probit, with a logistic one an ordered logit.

    Args:
        score: a `Map` of the parents.
        cuts: increasing numbers, one fewer than the variable has states.

    Raises:
        InvalidModel: cuts that are not increasing numbers.
    """

    score: KeptMap
    cuts: tuple[float, ...]

    def __init__(self, score: Map, cuts: Sequence[float] = (0.0,)) -> None:
        """Check the cuts."""
        found = [as_number(c) for c in cuts] if isinstance(cuts, (tuple, list)) else []
        if not found or not all(c is not None and math.isfinite(c) for c in found):
            raise InvalidModel(f"Threshold(cuts={cuts!r}): a tuple of finite numbers, at least one, is wanted.")
        numbers = tuple(float(cast(float, c)) for c in found)
        if any(b <= a for a, b in itertools.pairwise(numbers)):
            raise InvalidModel(f"Threshold(cuts={cuts!r}): every cut is above the one before it.")
        object.__setattr__(self, "score", as_map(score, "The score of Threshold"))
        object.__setattr__(self, "cuts", numbers)

    def reads(self, parents: tuple[str, ...] | None, known: Container[str]) -> tuple[str, ...]:
        """See `Unbound`."""
        return names_read((self.score,), parents, known)

    def bind(self, scope: Scope) -> Forward:
        """See `Unbound`."""
        noise, count = one_noise(scope, "Threshold"), len(self.cuts) + 1
        if isinstance(scope.own, Real):
            raise InvalidModel(f"{scope.variable!r} has Threshold, which gives states, and is declared Real().")
        states: tuple[Value, ...] = scope.own or ((False, True) if count == 2 else tuple(range(count)))
        if len(states) != count:
            raise InvalidModel(
                f"{scope.variable!r} has the {len(states)} states {states} and {len(self.cuts)} cuts; "
                f"{len(states) - 1} are wanted."
            )
        common = (bind_map(self.score, scope, "score"), self.cuts, scope.parents, scope.noises, states)
        law = scope.laws.get(noise)
        return CutScore(*common) if law is None or not has_cdf(law) else WeighedScore(*common, array_law(law))


@dataclass(frozen=True)
class CutScore:
    """A latent number among cuts, of whose noise nothing is known here.

    Attributes:
        score: of the parents.
        cuts: increasing.
        parents, noises, domain: see `Forward`.
    """

    score: BoundMap
    cuts: tuple[float, ...]
    parents: tuple[str, ...]
    noises: tuple[str, ...]
    domain: tuple[Value, ...]

    def forward(self, values: Columns, xp: Any) -> Column:
        """See `Forward`."""
        with quietly(xp):
            latent = self.score(values, xp) + values[self.noises[0]]
            found = sum((xp.asarray(latent > c, dtype=xp.int32) for c in self.cuts), xp.zeros((), dtype=xp.int32))
            # NaN is in no state; -1 is refused wherever columns are checked.
            return xp.where(xp.isnan(latent), -1, found).astype(xp.int32)


@dataclass(frozen=True)
class WeighedScore(CutScore):
    """A latent number among cuts, with a noise of its own.

    Attributes:
        law: of the noise.
    """

    law: ArrayLaw

    def log_probability(self, value: Column, values: Columns, xp: Any) -> Column:
        """See `Conditional`: of the interval that the noise is in, on the side where its tail is small."""
        with quietly(xp):
            low, high = self._ends(value, values, xp)
            lower, upper = self._masses(low, high, xp)
            return xp.log(xp.where(self._left(high, xp), lower, upper))

    def noise_given(self, value: Column, values: Columns, key: Any) -> Columns:
        """See `NoiseGiven`: by the quantiles of the interval."""
        import jax
        import jax.numpy as jnp

        value = jnp.asarray(value)
        low, high = self._ends(value, values, jnp)
        random: Any = jax.random
        u = random.uniform(key, jnp.broadcast_shapes(jnp.shape(low), value.shape), dtype=jnp.result_type(float))
        lower, upper = self._masses(low, high, jnp)
        below = self.law.quantile(self.law.cdf(low, jnp) + u * lower, jnp)
        above = self.law.upper_quantile(self.law.survival(high, jnp) + u * upper, jnp)
        drawn = jnp.clip(jnp.where(self._left(high, jnp), below, above), low, high)
        # At an end of the interval rounding may fall on the wrong side.
        right = self.forward({**values, self.noises[0]: drawn}, jnp) == value
        return {self.noises[0]: jnp.where(right, drawn, inside(low, high, jnp))}

    def _ends(self, value: Column, values: Columns, xp: Any) -> tuple[Column, Column]:
        """The noises between which the value is `value`."""
        ends, score = (-math.inf, *self.cuts, math.inf), self.score(values, xp)
        low, high = xp.asarray(xp.nan), xp.asarray(xp.nan)
        for k in range(len(ends) - 1):
            low = xp.where(value == k, ends[k] - score, low)
            high = xp.where(value == k, ends[k + 1] - score, high)
        return low, high

    def _left(self, high: Column, xp: Any) -> Column:
        return self.law.cdf(high, xp) <= 0.5

    def _masses(self, low: Column, high: Column, xp: Any) -> tuple[Column, Column]:
        """The probability between two numbers, as differences of lower and of upper tails."""
        lower = self.law.cdf(high, xp) - self.law.cdf(low, xp)
        return lower, self.law.survival(low, xp) - self.law.survival(high, xp)
