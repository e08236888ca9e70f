"""Counts to a simultaneous confidence region for the probabilities behind them, and to frequencies.

Each share has the exact interval of Clopper & Pearson (1934), at a level such that by Bonferroni's inequality all of
them hold at once with the probability that is wanted, whatever the number of units and however rare a cell. The region
is therefore never too small; Sison & Glaz (1995) and likelihood regions are narrower, but hold only for many units.

The shares are those that the graph takes a law apart into (Tian & Pearl 2002): of each variable among units that are
alike in what it depends on, its causes and what shares a hidden cause with it. So the rows of a region read one law of
response types each. A sample that lacks causes of its columns has shares of its cells instead.

Ends of a query over the region are a confidence interval for the whole identified set: wherever the region holds the
true law, they hold every value that is compatible with it (Duarte et al. 2023, section 6; Horowitz & Manski 2000).
"""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import listing
from .._frames import frame_of
from .._graph import CausalGraph
from .._graph_ops import districts, latent_projection, mutilated
from .._study import KnownLaw, Sample
from .._syntax import Const, Expr, Op, Set, Value, Var, conjunction, world
from ..solvers import SampleLaws
from ._known import Known
from ._numbers import Box, Part
from ._programme import TooLarge

Array = NDArray[np.float64]
LEVEL = 0.95
"""Level of a region, where none is declared."""
MOST_CELLS = 1_000_000
"""Most cells of a sample that are counted."""


@dataclass(frozen=True, eq=False)
class Shares:
    """How units that are alike in some variables fall into the states of others.

    Attributes:
        of: the variables that are counted.
        given: those in which the units are alike, imposed ones among them.
        before: those of `given` that share hidden causes with `of`, directly or by way of each other; all that were
            not imposed, where the causes of `of` were not measured.
        counts: shape (states of each of `given`..., states of each of `of`...).
        single: of one variable, all of whose causes were measured.
    """

    of: tuple[str, ...]
    given: tuple[str, ...]
    before: tuple[str, ...]
    counts: Array
    single: bool = True

    @property
    def strata(self) -> Array:
        """The counts with one row for each combination of states of `given`."""
        return self.counts.reshape(int(np.prod(self.counts.shape[: len(self.given)])), -1)

    @property
    def intervals(self) -> int:
        """How many intervals a region needs: one for each cell of a stratum that was seen; of two cells, one."""
        cells = self.strata.shape[1]
        return int((self.strata.sum(axis=1) > 0).sum()) * (1 if cells == 2 else cells)

    @property
    def frequencies(self) -> Array:
        """The shares that were seen, in the shape of the counts; not a number where nobody was."""
        with np.errstate(invalid="ignore"):
            return (self.strata / self.strata.sum(axis=1, keepdims=True)).reshape(self.counts.shape)

    def ends(self, alpha: float | None) -> tuple[Array, Array]:
        """The ends of each share, in the shape of the counts; each misses with probability `alpha` at most."""
        if alpha is None:
            seen = self.frequencies
            return np.nan_to_num(seen, nan=0.0), np.nan_to_num(seen, nan=1.0)
        total = np.broadcast_to(self.strata.sum(axis=1, keepdims=True), self.strata.shape)
        low, high = clopper_pearson(self.strata, total, alpha)
        return low.reshape(self.counts.shape), high.reshape(self.counts.shape)


@dataclass(frozen=True, eq=False)
class Counted:
    """Counts of a sample, one experiment for each value of what was imposed.

    Attributes:
        variables: the axes behind those of `do`.
        do: what was imposed.
        counts: shape (states of each of `do`..., states of each of `variables`...).
        graph: over these, what is imposed without causes.
        name: of the sample.
    """

    variables: tuple[str, ...]
    do: tuple[str, ...]
    counts: Array
    graph: CausalGraph
    name: str = ""

    @property
    def arms(self) -> Array:
        """The counts with one row for each value of what was imposed."""
        cells = int(np.prod(self.counts.shape[len(self.do) :]))
        return self.counts.reshape(-1, cells)

    @cached_property
    def shares(self) -> tuple[Shares, ...]:
        """What the law is taken apart into; variables whose causes were not all measured come last, all at once."""
        own: list[str] = []
        for name in self.graph.order:
            if name in self.variables and all(p in self.do or p in own for p in self.graph.parents[name]):
                own.append(name)
        found = tuple(self._of(own[: k + 1]) for k in range(len(own)))
        rest = tuple(name for name in self.variables if name not in own)
        if not rest:
            return found
        axes, kept = (*self.do, *self.variables), (*self.do, *own, *rest)
        counts = np.transpose(self.counts, [axes.index(name) for name in kept])
        return (*found, Shares(rest, (*self.do, *own), tuple(own), counts, single=False))

    def _of(self, names: list[str]) -> Shares:
        """The share of the last of `names`, which hold all causes of each."""
        last = names[-1]
        part = latent_projection(self.graph, [n for n in self.graph.variables if n in names or n in self.do])
        joined = next(district for district in districts(part) if last in district)
        causes = {parent for name in joined for parent in part.parents[name]}
        given = tuple(n for n in (*self.do, *names[:-1]) if n in causes or n in joined)
        axes = (*self.do, *self.variables)
        kept = (*given, last)
        table = self.counts.sum(axis=tuple(i for i, name in enumerate(axes) if name not in kept))
        left = [name for name in axes if name in kept]
        before = tuple(name for name in joined if name != last)
        return Shares((last,), given, before, np.transpose(table, [left.index(name) for name in kept]))

    def box(self, alpha: float | None) -> Box:
        """Ends for each cell that hold wherever those of the shares do; without `alpha` the shares that were seen."""
        axes = (*self.do, *self.variables)
        low, high, parts = np.ones(self.counts.shape), np.ones(self.counts.shape), list[Part]()
        for share in self.shares:
            own = share.ends(alpha)
            ends = [_spread(end, (*share.given, *share.of), axes) for end in own]
            low, high = low * ends[0], high * ends[1]
            if share.single:
                parts.append(Part(share.of[0], share.given, *own))
        return Box(self.variables, self.do, low, high, tuple(parts))

    def law(self) -> KnownLaw | None:
        """The shares that were seen, put together as the graph has them; None where something was never seen.

        Independences of the graph hold in it, which in the counts they do not quite.
        """
        if self.unseen:
            return None
        axes = (*self.do, *self.variables)
        array = np.ones(self.counts.shape)
        for share in self.shares:
            array = array * _spread(share.frequencies, (*share.given, *share.of), axes)
        return KnownLaw(self.variables, array, self.do, self.name)

    @property
    def unseen(self) -> bool:
        """Whether in some stratum nobody was seen: the shares are then no law."""
        return any((share.strata.sum(axis=1) == 0).any() for share in self.shares)

    def rows(self, alpha: float | None, states: Mapping[str, Sequence[Value]], source: int) -> Iterator[Known]:
        """The region as rows.

        Args:
            alpha: how often each interval may miss; see `Shares.intervals` for how many there are. None for the shares
                that were seen, as if they were certain.
            states: of each variable.
            source: the position of the sample among the sources.
        """
        for share in self.shares:
            low, high = share.ends(alpha)
            names = (*share.given, *share.of)
            for codes in np.ndindex(*low.shape):
                at = {name: Const(states[name][code]) for name, code in zip(names, map(int, codes), strict=True)}
                yield from self._between(share, at, float(low[codes]), float(high[codes]), source)

    def _between(self, share: Shares, at: Mapping[str, Const], low: float, high: float, source: int) -> Iterator[Known]:
        """One share between its ends."""
        whole = self._event((*share.before, *share.of), at, single=share.single)
        if not share.before:
            if low > 0 or high < 1:
                yield Known(((1.0, whole),), low, high, source)
            return
        below = self._event(share.before, at, single=share.single)
        if low == high:
            yield Known(((1.0, whole), (-low, below)), 0.0, 0.0, source)
            return
        if low > 0:
            yield Known(((1.0, whole), (-low, below)), 0.0, math.inf, source)
        if high < 1:
            yield Known(((1.0, whole), (-high, below)), -math.inf, 0.0, source)

    def _event(self, names: Sequence[str], at: Mapping[str, Const], *, single: bool) -> Expr:
        """That variables have their states, each where its causes (`single`) or what was imposed have theirs."""
        parts: list[Expr] = []
        for name in names:
            imposed = self.graph.parents[name] if single else self.do
            parts.append(Op("=", (Var(name, world(*(Set(n, at[n]) for n in imposed))), at[name])))
        return conjunction(*parts)


def _spread(table: Array, names: Sequence[str], axes: Sequence[str]) -> Array:
    """A table over `names` with an axis of length one for each of `axes` that is not among them."""
    order = [names.index(name) for name in axes if name in names]
    sizes = iter(np.transpose(table, order).shape)
    return np.transpose(table, order).reshape([next(sizes) if name in names else 1 for name in axes])


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
        TooLarge: too many combinations of states.
    """
    held = frame_of(sample.rows).names
    own = tuple(n for n in graph.observed if n in held and n in names and n not in sample.do)
    cells = math.prod(len(states[name]) for name in (*sample.do, *own))
    if cells > MOST_CELLS:
        raise TooLarge(
            f"the columns that can say something ({listing(own)}) have {cells:,} combinations of states, more than the "
            f"{MOST_CELLS:,} that are counted; leave out variables, or merge states"
        )
    tally = SampleLaws([sample], states, {sample.name: own}).tallies[sample.name]
    kept = [name for name in graph.variables if name in graph.observed or name in sample.do]
    seen = mutilated(latent_projection(graph, kept), into=sample.do)
    return Counted(own, sample.do, tally.table((*sample.do, *own), states), seen, sample.name)


def stratified(graph: CausalGraph) -> CausalGraph:
    """A graph that says less, in which a programme over a region is a linear one.

    Covariates that cause every variable of a district get hidden common causes with it, and with each other. Nothing
    ties the strata of such covariates together, so that nothing is lost but that the covariates are independent of each
    other where the graph says so. Ends over the models of this graph hold for those of the graph itself.
    """
    seen = latent_projection(graph)
    added: dict[tuple[str, str], None] = {}
    for district in districts(seen):
        common = set(seen.parents[district[0]]).intersection(*(seen.parents[name] for name in district))
        if len(district) > 1 and common:
            added |= dict.fromkeys(itertools.combinations((*sorted(common), *district), 2))
    drawn = {frozenset(pair) for pair in graph.confounded}
    more = tuple(pair for pair in added if frozenset(pair) not in drawn)
    return replace(graph, confounded=(*graph.confounded, *more)) if more else graph


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
