"""Normal noises as multiples of independent standard ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from .._continuous import AnyContinuousLaw, ContinuousLaw, ContinuousNoise, GaussianCopula, MultivariateNormal
from .._model import Model
from ._gaussian_space import EPS, Array
from ._refusal import Refusal

NEARLY = 1e-10
"""A correlation matrix with an eigenvalue below this share of its largest, yet not zero, cannot be told from one."""


def loadings(model: Model, wanted: Iterable[str]) -> tuple[dict[str, tuple[float, Array]], int]:
    """For each wanted noise its mean and its coefficients on independent standard normals, and how many those are.

    Raises:
        Refusal: a noise that is not normal; or a covariance too near to a singular one.
    """
    names = frozenset(wanted)
    blocks: list[tuple[tuple[str, ...], Array, Array]] = []
    for block in model.continuous_noises:
        mine = [k for k, name in enumerate(block.names) if name in names]
        if mine:
            mean, covariance = _moments(block, mine)
            blocks.append((tuple(block.names[k] for k in mine), mean, _root(block, covariance)))
    count = sum(root.shape[1] for _, _, root in blocks)
    found: dict[str, tuple[float, Array]] = {}
    start = 0
    for own, mean, root in blocks:
        width = root.shape[1]
        for k, name in enumerate(own):
            row = np.zeros(count)
            row[start : start + width] = root[k]
            found[name] = float(mean[k]), row
        start += width
    return found, count


def variances(model: Model, wanted: Iterable[str]) -> tuple[tuple[str, ...], Array]:
    """Noises and their covariance matrix; laws that are not normal count with their variance where it is known."""
    found, _ = loadings(model, wanted)
    rows = np.array([row for _, row in found.values()]).reshape(len(found), -1)
    return tuple(found), rows @ rows.T


def _moments(block: ContinuousNoise, mine: list[int]) -> tuple[Array, Array]:
    """Mean and covariance of some noises of a block."""
    match block.law:
        case ContinuousLaw():
            loc, scale = _normal(block.names[0], block.law)
            return np.array([loc]), np.array([[scale * scale]])
        case MultivariateNormal(mean, covariance):
            return np.array(mean)[mine], np.array(covariance)[np.ix_(mine, mine)]
        case GaussianCopula(margins, correlation):
            own = [_normal(block.names[k], margins[k]) for k in mine]
            scales = np.array([scale for _, scale in own])
            return np.array([loc for loc, _ in own]), np.array(correlation)[np.ix_(mine, mine)] * np.outer(
                scales, scales
            )
        case _:
            raise Refusal(f"the law of the noise {block.names[0]!r} is not known; a normal one is needed")


def _normal(name: str, law: AnyContinuousLaw) -> tuple[float, float]:
    """Mean and standard deviation."""
    if not isinstance(law, ContinuousLaw) or law.distribution != "Normal":
        raise Refusal(f"the noise {name!r} is {law}, which is not normal")
    parameters: Mapping[str, float] = dict(law.parameters)
    return parameters.get("loc", 0.0), parameters.get("scale", 1.0)


def _root(block: ContinuousNoise, covariance: Array) -> Array:
    """A matrix whose product with its transpose is the covariance; without columns for what does not vary."""
    scales = np.sqrt(np.diag(covariance))
    if len(scales) == 1:
        return scales.reshape(1, 1) if scales[0] else np.zeros((1, 0))
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
