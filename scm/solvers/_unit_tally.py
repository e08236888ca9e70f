"""Aggregates over units: figures of one chunk, which alone leave the device, and how those of chunks are merged.

Moments are merged in double precision by the update of Chan, Golub & LeVeque (1983).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._syntax import Expr
from ..mechanisms._types import Column

Figures: TypeAlias = NDArray[np.float64]
MOST_LOOPED = 32
"""Groups that are summed one by one; more are scattered."""
BLOCK = 256
"""Numbers that are added up before their sum joins others: what rounding adds grows with this, not with the chunk."""


@dataclass(frozen=True)
class Moments:
    """Count, mean and sum of squared deviations of an expression, in each group.

    Attributes:
        of: the expression; truth values count as one and zero.
        by: the placeholder whose positions are the groups; None for one group of all.
        groups: how many.
    """

    of: Expr
    by: str | None = None
    groups: int = 1


@dataclass(frozen=True)
class Counts:
    """How many units lie in each bin: `edges[k] <= of < edges[k + 1]`, the last edge included; below and above all."""

    of: Expr
    edges: tuple[float, ...]


Tally: TypeAlias = Moments | Counts


def figures(tally: Tally, values: Column, groups: Column | None, among: Any, xp: Any) -> Any:
    """The figures of one chunk.

    Args:
        tally: what is wanted.
        values: of its expression, for each unit.
        groups: each unit's group, where there are some.
        among: which units count.
        xp: the array module.

    Returns:
        Shape (3, groups) for moments, (bins + 2,) for counts.
    """
    if isinstance(tally, Counts):
        return _counts(tally, values, among, xp)
    if xp.asarray(values).dtype.kind not in "f":
        values = xp.asarray(values) * 1.0
    if groups is None or tally.groups <= MOST_LOOPED:
        parts = [_moments(values, among if groups is None else among & (groups == g), xp) for g in range(tally.groups)]
        return xp.stack([xp.stack(part) for part in parts], axis=1)
    return _scattered(values, groups, among, tally.groups, xp)


def _moments(values: Any, among: Any, xp: Any) -> tuple[Any, Any, Any]:
    count = _total(xp.where(among, 1.0, 0.0).astype(values.dtype), xp)
    mean = _total(xp.where(among, values, 0.0), xp) / xp.maximum(count, 1.0)
    spread = _total(xp.where(among, (values - mean) ** 2, 0.0), xp)
    return count, mean, spread


def _total(values: Any, xp: Any) -> Any:
    if xp is not np and values.shape[0] % BLOCK == 0:
        values = values.reshape(BLOCK, -1).sum(axis=1)
    return values.sum()


def _scattered(values: Any, groups: Any, among: Any, many: int, xp: Any) -> Any:
    """As `_moments` for many groups at once; units that do not count are put into a group of their own."""
    at = xp.where(among, groups, many)

    def total(weights: Any) -> Any:
        if xp is np:
            return np.bincount(at, weights=weights, minlength=many + 1)
        return xp.zeros(many + 1, values.dtype).at[at].add(weights)

    count = total(xp.ones_like(values))
    mean = total(xp.where(among, values, 0.0)) / xp.maximum(count, 1.0)
    spread = total(xp.where(among, (values - mean[at]) ** 2, 0.0))
    return xp.stack([count, mean, spread])[:, :many]


def _counts(tally: Counts, values: Any, among: Any, xp: Any) -> Any:
    edges = [xp.asarray(edge, dtype=values.dtype) for edge in tally.edges]
    above = [(among & (values >= edge)).sum() for edge in edges[:-1]]
    above += [(among & (values > edges[-1])).sum()]
    heads = [among.sum(), *above]
    tails = [*above, xp.zeros_like(heads[0])]
    return xp.stack([a - b for a, b in zip(heads, tails, strict=True)])


def merged(tally: Tally, one: Figures | None, other: Figures) -> Figures:
    """The figures of two sets of units together, in double precision."""
    other = np.asarray(other, dtype=np.float64)
    if one is None:
        return other
    if isinstance(tally, Counts):
        return one + other
    count = one[..., 0, :] + other[..., 0, :]
    share = np.divide(other[..., 0, :], count, out=np.zeros_like(count), where=count > 0)
    change = other[..., 1, :] - one[..., 1, :]
    mean = one[..., 1, :] + change * share
    spread = one[..., 2, :] + other[..., 2, :] + change**2 * one[..., 0, :] * share
    return np.stack([count, mean, spread], axis=-2)
