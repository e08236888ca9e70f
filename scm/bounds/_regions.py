"""Counts to a simultaneous confidence region for the probabilities behind them, and to frequencies.

Each cell has the exact interval of Clopper & Pearson (1934), at a level such that by Bonferroni's inequality all of
them hold at once with the probability that is wanted, whatever the number of units and however rare a cell. The region
is therefore never too small; Sison & Glaz (1995) and likelihood regions are narrower, but hold only for many units.
Ends of a query over the region are a confidence interval for the whole identified set: wherever the region holds the
true law, they hold every value that is compatible with it (Duarte et al. 2023, section 6; Horowitz & Manski 2000).
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._frames import frame_of
from .._graph import CausalGraph
from .._graph_ops import districts
from .._study import KnownLaw, Sample
from .._syntax import Value
from ..solvers import SampleLaws
from ._numbers import Box

Array = NDArray[np.float64]
LEVEL = 0.95
"""Level of a region, where none is declared."""


@dataclass(frozen=True, eq=False)
class Counted:
    """Counts of a sample, one experiment for each value of what was imposed.

    Attributes:
        variables: the axes behind those of `do`.
        do: what was imposed.
        counts: shape (states of each of `do`..., states of each of `variables`...).
        name: of the sample.
    """

    variables: tuple[str, ...]
    do: tuple[str, ...]
    counts: Array
    name: str = ""

    @property
    def arms(self) -> Array:
        """The counts with one row for each value of what was imposed."""
        cells = int(np.prod(self.counts.shape[len(self.do) :]))
        return self.counts.reshape(-1, cells)

    @property
    def intervals(self) -> int:
        """How many intervals a region needs: one for each cell of each arm that was seen; of two cells, one."""
        cells = self.arms.shape[1]
        return int((self.arms.sum(axis=1) > 0).sum()) * (1 if cells == 2 else cells)

    def frequencies(self) -> Box:
        """The law as the shares that were seen; between 0 and 1 in an arm that nobody was in."""
        total = self.arms.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            share = np.where(total > 0, self.arms / total, np.nan)
        low, high = np.where(np.isnan(share), 0.0, share), np.where(np.isnan(share), 1.0, share)
        return Box(self.variables, self.do, low.reshape(self.counts.shape), high.reshape(self.counts.shape))

    def region(self, alpha: float) -> Box:
        """Ends for each cell, each of which misses with probability `alpha` at most.

        Args:
            alpha: for one cell; see `intervals` for how many there are.
        """
        total = np.broadcast_to(self.arms.sum(axis=1, keepdims=True), self.arms.shape)
        low, high = clopper_pearson(self.arms, total, alpha)
        return Box(self.variables, self.do, low.reshape(self.counts.shape), high.reshape(self.counts.shape))

    def law(self) -> KnownLaw | None:
        """The shares as a law; None where an arm was not seen."""
        if (self.arms.sum(axis=1) == 0).any():
            return None
        return KnownLaw(self.variables, self.frequencies().low, self.do, self.name)


def clopper_pearson(counts: Any, totals: Any, alpha: float) -> tuple[Array, Array]:
    """The exact interval for a share: it misses with probability `alpha` at most (Clopper & Pearson 1934).

    Args:
        counts: how many units were such; none gives 0 as the lower end, all give 1 as the upper one.
        totals: of how many; none gives 0 and 1.
        alpha: half of it at each side.
    """
    betaincinv: Any = importlib.import_module("scipy.special").betaincinv  # only where there are counts
    counts, totals = np.asarray(counts, dtype=float), np.asarray(totals, dtype=float)
    others = totals - counts
    with np.errstate(all="ignore"):
        low = np.where(counts > 0, betaincinv(np.maximum(counts, 1e-9), others + 1, alpha / 2), 0.0)
        high = np.where(others > 0, betaincinv(counts + 1, np.maximum(others, 1e-9), 1 - alpha / 2), 1.0)
    return low, high


def counted(
    sample: Sample,
    graph: CausalGraph,
    states: Mapping[str, Sequence[Value]],
    names: Collection[str],
) -> Counted:
    """The counts of a sample over those of its columns that are in `names`, in the order of the graph.

    Raises:
        InvalidRows: a column holds a value that is no state, or an empty cell; no rows.
    """
    held = frame_of(sample.rows).names
    own = tuple(n for n in graph.observed if n in held and n in names and n not in sample.do)
    tally = SampleLaws([sample], states, {sample.name: own}).tallies[sample.name]
    return Counted(own, sample.do, tally.table((*sample.do, *own), states), sample.name)


def reach(graph: CausalGraph, names: Collection[str]) -> tuple[str, ...]:
    """The variables whose laws can say something about `names`: their causes, and what shares a hidden cause with them.

    The law of the others is a factor of its own, which no constraint over these reaches (Tian & Pearl 2002).
    """
    parts = [set(part) for part in districts(graph)]
    parts += [{name, *(effect for cause, effect in graph.edges if cause == name)} for name in graph.hidden]
    found = set(names)
    while True:
        more = found.union(*(graph.ancestors[name] for name in found))
        more |= set[str]().union(*(part for part in parts if more & part))
        if more == found:
            return tuple(name for name in graph.order if name in found)
        found = more
