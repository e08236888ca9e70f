"""Several noises that depend on one another: drawn, weighed, and the law of some given the others.

Both kinds are normal underneath: a Gaussian copula is a normal law whose coordinates go through their margins'
distribution functions (Nelsen 2006, section 2.3). A singular covariance is allowed: densities are then with respect to
the subspace that the law lives on, and minus infinity off it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._continuous import AnyContinuousLaw, ContinuousLaw, JointLaw, MultivariateNormal, UnknownLaw
from .._errors import InvalidModel
from ._law_arrays import array_law, draw, log_density, open_uniforms
from ._law_standard import NORMAL, Array

if TYPE_CHECKING:
    from jax import Array as PRNGKey

Matrix = NDArray[np.float64]

SAME = 1e-10
"""Share of the largest eigenvalue below which one is rounding alone."""
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def _as(matrix: Matrix, like: Array, xp: Any) -> Array:
    """A matrix in the precision of the columns."""
    return xp.asarray(matrix, dtype=like.dtype)


@dataclass(frozen=True)
class NormalBlock:
    """A normal law with its factors; scores are columns of shape (noises, units).

    Attributes:
        mean: shape (noises,).
        covariance: shape (noises, noises).
    """

    mean: Matrix
    covariance: Matrix

    @cached_property
    def _axes(self) -> tuple[Matrix, Matrix, Matrix]:
        """Spreads along the principal axes that have any; those axes, and the others; columns of unit length."""
        values, vectors = np.linalg.eigh(self.covariance)
        kept = values > SAME * max(float(values.max(initial=0.0)), 1e-300)
        return np.sqrt(values[kept]), vectors[:, kept], vectors[:, ~kept]

    @property
    def rank(self) -> int:
        """Of the covariance."""
        return len(self._axes[0])

    @cached_property
    def factor(self) -> Matrix:
        """F with F F' = covariance, triangular where the covariance is regular; shape (noises, noises)."""
        if self.rank == len(self.mean):
            return np.asarray(np.linalg.cholesky(self.covariance), dtype=np.float64)
        spread, axes, rest = self._axes
        return np.concatenate([axes * spread, 0.0 * rest], axis=1)

    def from_standard(self, z: Array, xp: Any) -> Array:
        """Draws from independent standard normal ones, shape (noises, units)."""
        return _as(self.mean, z, xp)[:, None] + _as(self.factor, z, xp) @ z

    def log_density(self, x: Array, xp: Any) -> Array:
        """Log density of each unit's noises, shape (units,)."""
        spread, axes, rest = self._axes
        away = x - _as(self.mean, x, xp)[:, None]
        z = (_as(axes, x, xp).T @ away) / _as(spread, x, xp)[:, None]
        found = -0.5 * (z * z).sum(axis=0) - (len(spread) * _HALF_LOG_2PI + float(np.log(spread).sum()))
        if not rest.shape[1]:
            return found
        # Off the subspace, by more than rounding of the values themselves.
        slack = 64 * float(xp.finfo(away.dtype).eps) ** 0.5
        size = xp.abs(x).max(axis=0) + float(np.abs(self.mean).max(initial=0.0)) + float(spread.max(initial=0.0))
        off = xp.abs(_as(rest, x, xp).T @ away).max(axis=0)
        return xp.where(xp.isnan(off), xp.nan, xp.where(off > slack * size, -xp.inf, found))

    def marginal(self, some: Sequence[int]) -> NormalBlock:
        """The law of some of them, by position."""
        at = np.asarray(some, dtype=np.intp)
        return NormalBlock(self.mean[at], self.covariance[np.ix_(at, at)])

    def given(self, known: Sequence[int]) -> tuple[Matrix, NormalBlock]:
        """The law of the others given those at `known`.

        Returns:
            Weights W, shape (others, known), and the law of the others where the known ones have their means: given
            x, the mean moves by W (x - mean of the known), and the covariance stays.
        """
        at = np.asarray(known, dtype=np.intp)
        others = np.asarray([i for i in range(len(self.mean)) if i not in set(known)], dtype=np.intp)
        inverse = np.linalg.pinv(self.covariance[np.ix_(at, at)], rcond=SAME, hermitian=True)
        weights = self.covariance[np.ix_(others, at)] @ inverse
        left = self.covariance[np.ix_(others, others)] - weights @ self.covariance[np.ix_(at, others)]
        # What is left by rounding where the known ones determine the others is nothing.
        scale = float(np.abs(self.covariance).max(initial=0.0))
        left = np.where(np.abs(left) <= SAME * scale, 0.0, (left + left.T) / 2)
        return weights, NormalBlock(self.mean[others], left)


@dataclass(frozen=True)
class Block:
    """A joint law over arrays of shape (noises, units).

    Attributes:
        law: as data.
    """

    law: JointLaw

    @cached_property
    def scores(self) -> NormalBlock:
        """The normal law underneath."""
        if isinstance(self.law, MultivariateNormal):
            return NormalBlock(np.array(self.law.mean), np.array(self.law.covariance))
        return NormalBlock(np.zeros(len(self.law.margins)), np.array(self.law.correlation))

    def to_scores(self, x: Array, some: Sequence[int], xp: Any) -> Array:
        """Normal scores of the values of some noises, by position; shape (some, units)."""
        if isinstance(self.law, MultivariateNormal):
            return x
        return xp.stack([_score(self.law.margins[i], x[row], xp) for row, i in enumerate(some)])

    def from_scores(self, z: Array, some: Sequence[int], xp: Any) -> Array:
        """The values of some noises, by position, from their normal scores."""
        if isinstance(self.law, MultivariateNormal):
            return z
        return xp.stack([_of_score(self.law.margins[i], z[row], xp) for row, i in enumerate(some)])

    def from_standard(self, z: Array, xp: Any) -> Array:
        """Draws of all noises from independent standard normal numbers, shape (noises, units)."""
        return self.from_scores(self.scores.from_standard(z, xp), range(len(self.scores.mean)), xp)

    def log_density(self, x: Array, some: Sequence[int], xp: Any) -> Array:
        """Log density of the values of some noises, by position (all of them: `range(noises)`); shape (units,)."""
        with np.errstate(all="ignore"):
            z = self.to_scores(x, some, xp)
            found = self.scores.marginal(some).log_density(z, xp)
            if isinstance(self.law, MultivariateNormal):
                return found
            weights = [log_density(self.law.margins[i], x[row], xp) for row, i in enumerate(some)]
            # An end of a support has an infinite score: nothing is seen there, whatever its density.
            outside = (xp.stack(weights) == -xp.inf).any(axis=0) | xp.isinf(z).any(axis=0)
            return xp.where(outside, -xp.inf, found + sum(weights) - NORMAL.log_density(z, (), xp).sum(axis=0))

    def draw_given(self, x: Array, known: Sequence[int], z: Array, xp: Any) -> Array:
        """Draws of the other noises given the values of those at `known`.

        Args:
            x: those values, shape (known, units).
            known: their positions.
            z: independent standard normal numbers, shape (others, units).
            xp: the array module.

        Returns:
            Shape (others, units), in the order of the block.
        """
        weights, law = self.scores.given(known)
        others = [i for i in range(len(self.scores.mean)) if i not in set(known)]
        with np.errstate(all="ignore"):
            away = self.to_scores(x, known, xp) - _as(self.scores.mean[list(known)], x, xp)[:, None]
            return self.from_scores(law.from_standard(z, xp) + _as(weights, x, xp) @ away, others, xp)


def _score(law: ContinuousLaw, x: Array, xp: Any) -> Array:
    """The normal score of a value; each tail on its own side."""
    if law.distribution == "Normal":
        p = dict(law.parameters)
        return (x - p.get("loc", 0.0)) / p.get("scale", 1.0)
    arrays = array_law(law)
    below, above = arrays.cdf(x, xp), arrays.survival(x, xp)
    return xp.where(below < 0.5, NORMAL.quantile(below, (), xp), NORMAL.upper(above, (), xp))


def _of_score(law: ContinuousLaw, z: Array, xp: Any) -> Array:
    if law.distribution == "Normal":
        p = dict(law.parameters)
        return p.get("loc", 0.0) + p.get("scale", 1.0) * z
    arrays = array_law(law)
    below, above = NORMAL.cdf(z, (), xp), NORMAL.survival(z, (), xp)
    return xp.where(z < 0, arrays.quantile(below, xp), arrays.upper_quantile(above, xp))


def standard_normals(key: PRNGKey | int, stream: int, n: int) -> NDArray[np.float64]:
    """`n` standard normal numbers, float64."""
    return np.asarray(NORMAL.quantile(open_uniforms(key, stream, n), (), np))


def draw_block(
    names: Sequence[str], law: AnyContinuousLaw, key: PRNGKey | int, n: int, stream: int = 0
) -> NDArray[np.float64]:
    """`n` draws of every noise of a block, shape (noises, n); noise i takes stream `stream + i`.

    Raises:
        InvalidModel: the law is unknown.
    """
    match law:
        case UnknownLaw():
            raise InvalidModel(
                f"The noise {names[0]!r} has an unknown law: nothing can be drawn from it. Give it a law first."
            )
        case ContinuousLaw():
            return draw(law, key, n, stream)[None]
        case _:
            z = np.stack([standard_normals(key, stream + i, n) for i in range(len(names))])
            return np.asarray(Block(law).from_standard(z, np))
