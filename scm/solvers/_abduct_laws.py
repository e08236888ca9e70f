"""Continuous noises one at a time: their density and their draws, given those of their block that are known already.

Every noise is drawn as a function of a standard normal number, so that whatever moves draws about (importance
sampling, tempering, Hamiltonian Monte Carlo) works in one space with one prior.
"""

# The types that JAX and SciPy declare for their own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from .._continuous import ContinuousLaw, ContinuousNoise, GaussianCopula, MultivariateNormal, UnknownLaw
from .._model import Model
from ..mechanisms._law_arrays import ArrayLaw, array_law, has_cdf
from ..mechanisms._law_standard import special
from ..mechanisms._types import Column, Columns

Sampler: TypeAlias = Callable[[np.random.Generator, tuple[int, ...]], Any]
"""Draws of one law."""

EQUAL = 1e-8
"""Numbers that differ by less, relative to their size, are equal where an equation leaves no noise to differ by."""
SINGULAR = 1e-10
"""A noise with less than this share of its variance left, given others, is determined by them."""
_NEAREST = 1e-16
"""How near to 0 and 1 a rank is allowed to come before its normal score is taken."""


def log_normal(x: Column, mean: Column, sd: float, xp: Any) -> Column:
    """Log density of a normal law."""
    z = (x - mean) / sd
    return -0.5 * z * z - (math.log(sd) + 0.5 * math.log(2 * math.pi)) + 0.0 * xp.asarray(z)


@dataclass(frozen=True)
class Given:
    """A noise's normal score given those of its block that are known: `offset + sum of weights times scores`.

    Attributes:
        names: which are known.
        weights: one each.
        offset: what is added.
        sd: the standard deviation that is left; zero where the others determine it.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...]
    offset: float
    sd: float

    def mean(self, scores: Columns) -> Column:
        """Of the noise's score, from those of the known ones."""
        return sum((w * scores[n] for n, w in zip(self.names, self.weights, strict=True)), 0.0) + self.offset


class NoiseLaws:
    """The continuous noises of a model."""

    def __init__(self, model: Model) -> None:
        self.block_of: dict[str, ContinuousNoise] = {n: b for b in model.continuous_noises for n in b.names}

    def unknown(self, name: str) -> bool:
        """Whether nothing is known of the law."""
        return isinstance(self.block_of[name].law, UnknownLaw)

    def mates(self, name: str) -> tuple[str, ...]:
        """The noises of its block, itself included."""
        return self.block_of[name].names

    def drawable(self, name: str) -> bool:
        """Whether it can be drawn as a function of a normal number."""
        margin = self._margin(name)
        return margin is None or has_cdf(margin)

    @cached_property
    def _margins(self) -> Mapping[str, ContinuousLaw]:
        found: dict[str, ContinuousLaw] = {}
        for name, block in self.block_of.items():
            match block.law:
                case ContinuousLaw():
                    found[name] = block.law
                case GaussianCopula(margins, _):
                    found[name] = margins[block.names.index(name)]
                case _:
                    pass
        return found

    def _margin(self, name: str) -> ContinuousLaw | None:
        return self._margins.get(name)

    def _array(self, name: str) -> ArrayLaw:
        return array_law(self._margins[name], f"The noise {name!r}")

    def given(self, name: str, known: tuple[str, ...]) -> Given:
        """The law of a noise's score given others of its block, by the formulas of a conditional normal law."""
        block = self.block_of[name]
        match block.law:
            case MultivariateNormal(mean, covariance):
                means, matrix = np.array(mean), np.array(covariance)
            case GaussianCopula(_, correlation):
                means, matrix = np.zeros(len(block.names)), np.array(correlation)
            case _:
                return Given((), (), 0.0, 1.0)
        place = {n: i for i, n in enumerate(block.names)}
        j, own = place[name], tuple(n for n in block.names if n in known)
        s = [place[n] for n in own]
        # A block may be singular: known noises that say the same thing share the weight.
        weights = matrix[j, s] @ np.linalg.pinv(matrix[np.ix_(s, s)], rcond=SINGULAR, hermitian=True)
        left = float(matrix[j, j] - weights @ matrix[s, j])
        sd = math.sqrt(left) if left > SINGULAR * float(matrix[j, j]) else 0.0
        return Given(own, tuple(map(float, weights)), float(means[j] - weights @ means[s]), sd)

    def score(self, name: str, value: Column, xp: Any) -> Column:
        """The normal score of a noise of a correlated block: itself where the block is normal."""
        if self._margin(name) is None:
            return value
        law = self._array(name)
        below, above = law.cdf(value, xp), law.survival(value, xp)
        ndtri = special(xp).ndtri
        low = ndtri(xp.clip(below, _NEAREST, 0.5))
        return xp.where(below <= 0.5, low, -ndtri(xp.clip(above, _NEAREST, 0.5)))

    def sampler(self, name: str) -> Sampler | None:
        """How a noise is drawn directly, where its quantiles are dear; None where they are not, or it has mates."""
        margin = self._margin(name)
        if margin is None or len(self.mates(name)) > 1 or margin.distribution not in ("Gamma", "Beta"):
            return None
        p = self._array(name).parameters
        if margin.distribution == "Gamma":
            return lambda generator, shape: generator.standard_gamma(p["concentration"], shape) / p["rate"]
        return lambda generator, shape: generator.beta(p["concentration1"], p["concentration0"], shape)

    def from_normal(self, name: str, given: Given, noises: Columns, z: Column, xp: Any) -> Column:
        """The noise, from a standard normal number and the known noises of its block."""
        margin = self._margin(name)
        correlated = len(self.mates(name)) > 1
        if correlated:
            z = given.mean({n: self.score(n, noises[n], xp) for n in given.names}) + given.sd * z
        if margin is None:
            return z
        if margin.distribution == "Normal":
            of = dict(margin.parameters)
            return of.get("loc", 0.0) + of.get("scale", 1.0) * z
        law, ndtr = self._array(name), special(xp).ndtr
        tail = xp.maximum(ndtr(-xp.abs(z)), 1e-300)
        return xp.where(z < 0, law.quantile(tail, xp), law.upper_quantile(tail, xp))

    def log_density(self, name: str, given: Given, noises: Columns, xp: Any) -> Column:
        """Log density of the noise (its value among `noises`) given the known ones of its block.

        Where these determine it: 0 if it is what they say, minus infinity if it is not. NaN gives minus infinity.
        """
        value, margin = noises[name], self._margin(name)
        if len(self.mates(name)) == 1:
            found = self._array(name).log_density(value, xp)
        else:
            score = self.score(name, value, xp)
            mean = given.mean({n: self.score(n, noises[n], xp) for n in given.names})
            if given.sd == 0.0:
                close = xp.abs(score - mean) <= 1e-6 * (1.0 + xp.abs(score))
                return xp.where(close & ~xp.isnan(value), 0.0, -xp.inf)
            found = log_normal(score, mean, given.sd, xp)
            if margin is not None:
                found = found + self._array(name).log_density(value, xp) - log_normal(score, 0.0, 1.0, xp)
        return xp.where(xp.isnan(value), -xp.inf, found)
