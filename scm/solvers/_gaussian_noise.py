"""Noises as multiples of independent sources: standard normal ones, and others of which two moments are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from .._continuous import ContinuousLaw, ContinuousNoise, GaussianCopula, MultivariateNormal
from .._model import Model
from ..mechanisms._law_arrays import mean_and_variance
from ._gaussian_space import EPS, Array
from ._refusal import Refusal

NEARLY = 1e-10
"""A correlation matrix with an eigenvalue below this share of its largest, yet not zero, cannot be told from one."""


@dataclass(frozen=True)
class Loadings:
    """Noises as a mean and multiples of independent sources of mean 0 and variance 1.

    Attributes:
        of: for each noise its mean and its coefficients, shape (sources,).
        count: how many sources there are.
        odd: sources that are not normal, each with the reason: only their mean and variance may matter.
    """

    of: Mapping[str, tuple[float, Array]]
    count: int
    odd: Mapping[int, str]


def loadings(model: Model, wanted: Iterable[str]) -> Loadings:
    """The wanted noises of a model.

    Raises:
        Refusal: a law that is not known; noises that depend on one another and are not normal; or a covariance too
            near to a singular one.
    """
    names = frozenset(wanted)
    blocks: list[tuple[tuple[str, ...], Array, Array]] = []
    odd: dict[int, str] = {}
    count = 0
    for block in model.continuous_noises:
        mine = [k for k, name in enumerate(block.names) if name in names]
        if mine:
            mean, root, why = _moments(block, mine)
            blocks.append((tuple(block.names[k] for k in mine), mean, root))
            odd |= {count + k: why for k in range(root.shape[1]) if why}
            count += root.shape[1]
    found: dict[str, tuple[float, Array]] = {}
    start = 0
    for own, mean, root in blocks:
        width = root.shape[1]
        for k, name in enumerate(own):
            row = np.zeros(count)
            row[start : start + width] = root[k]
            found[name] = float(mean[k]), row
        start += width
    return Loadings(found, count, odd)


def _moments(block: ContinuousNoise, mine: list[int]) -> tuple[Array, Array, str]:
    """Mean of some noises of a block, a root of their covariance; and why they are not normal, where they are not."""
    match block.law:
        case ContinuousLaw():
            loc, scale, why = _single(block.names[0], block.law)
            return np.array([loc]), np.full((1, 1 if scale else 0), scale), why
        case MultivariateNormal(mean, covariance):
            return np.array(mean)[mine], _root(block, np.array(covariance)[np.ix_(mine, mine)]), ""
        case GaussianCopula(margins, correlation):
            own = [_single(block.names[k], margins[k]) for k in mine]
            inside = np.array(correlation)[np.ix_(mine, mine)]
            why = next((w for _, _, w in own if w), "")
            if why and len(mine) > 1:
                raise Refusal(why)
            scales = np.array([scale for _, scale, _ in own])
            return np.array([loc for loc, _, _ in own]), _root(block, inside) * scales[:, None], why
        case _:
            raise Refusal(f"the law of the noise {block.names[0]!r} is not known; a normal one is needed")


def _single(name: str, law: ContinuousLaw) -> tuple[float, float, str]:
    """Mean and standard deviation of one noise; and why it is not normal, where it is not."""
    if law.distribution == "Normal":
        parameters = dict(law.parameters)
        return parameters.get("loc", 0.0), parameters.get("scale", 1.0), ""
    why = f"the noise {name!r} is {law}, which is not normal"
    mean, variance = mean_and_variance(law)
    if not (np.isfinite(mean) and np.isfinite(variance)):
        raise Refusal(why)
    return mean, float(np.sqrt(variance)), why


def _root(block: ContinuousNoise, covariance: Array) -> Array:
    """A matrix whose product with its transpose is the covariance; without columns for what does not vary."""
    scales = np.sqrt(np.diag(covariance))
    live = scales > 0
    inner = covariance[np.ix_(live, live)] / np.outer(scales[live], scales[live])
    root = np.zeros((len(scales), 0))
    if not live.any():
        return root
    try:
        factor = np.linalg.cholesky(inner)
    except np.linalg.LinAlgError:
        factor = np.zeros((0, 0))
    values, vectors = np.linalg.eigh(inner)
    zero = np.abs(values) <= 16 * len(values) * EPS * values[-1]
    if (~zero & (values < NEARLY * values[-1])).any():
        raise Refusal(
            f"the covariance of {', '.join(map(repr, block.names))} is nearly singular (its smallest eigenvalue is "
            f"{values[0]:.3g} of correlations whose largest is {values[-1]:.3g}), so rounding would decide the answer"
        )
    if zero.any() or not len(factor):
        factor = vectors[:, ~zero] * np.sqrt(values[~zero])
    root = np.zeros((len(scales), factor.shape[1]))
    root[live] = factor * scales[live, None]
    return root
