"""The bootstrap of plug-in estimates: resamples are counts, and all of them are worked out at once.

Units drawn again with replacement change a sample only through how many of them are in each cell, so a resample is one
multinomial draw of counts (Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapters 5, 6 and 13).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .._errors import InvalidQuery, ZeroCell
from .._estimand import Estimand, Index
from .._syntax import Value
from ._evaluate_estimand import Evaluation, States
from ._law_source import Array, Names, conditional
from ._named import MODELS, check_entries
from ._sample_laws import SampleLaws, Tally

BLOCK = 250
"""Resamples worked out together."""


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Percentile intervals from resamples.

    Attributes:
        seed: of the random draws; the same seed gives the same interval.
        draws: how many resamples.
    """

    seed: int
    draws: int = 1000

    def __post_init__(self) -> None:
        """Check that percentiles of so few draws mean something."""
        if self.draws < 100:
            raise InvalidQuery(f"An interval of percentiles needs at least 100 resamples, got {self.draws}.")


def resampled(
    estimand: Estimand,
    laws: SampleLaws,
    states: States,
    bootstrap: Bootstrap,
    values: Mapping[str, Value] | None = None,
    axes: Sequence[Index] = (),
) -> Array:
    """The estimand at resamples of the units, shape (states of each of `axes`..., draws).

    NaN where a resample has nobody in a stratum that the estimand divides by.

    Raises:
        The errors of `evaluate_estimand`, but not `ZeroCell`.
    """
    rng = np.random.default_rng(bootstrap.seed)
    blocks: list[Array] = []
    for start in range(0, bootstrap.draws, BLOCK):
        drawn = {name: _drawn(rng, tally, min(BLOCK, bootstrap.draws - start)) for name, tally in laws.tallies.items()}
        blocks.append(_block(estimand, _Resamples(laws, drawn), states, values or {}, axes))
    return np.concatenate(blocks, axis=-1)


def _drawn(rng: np.random.Generator, tally: Tally, draws: int) -> Array:
    return rng.multinomial(int(tally.units), tally.counts / tally.units, draws).astype(float)


def percentiles(drawn: Array, level: float) -> tuple[Array, Array]:
    """The ends between which the middle share `level` of the last axis lies.

    A resample without a value could have had any: it counts as lowest for the lower end and as highest for the upper.
    NaN where too many have none.
    """
    tail = (1 - level) / 2
    none = np.isnan(drawn)
    low = np.quantile(np.where(none, -np.inf, drawn), tail, axis=-1, method="lower")
    high = np.quantile(np.where(none, np.inf, drawn), 1 - tail, axis=-1, method="higher")
    return np.where(np.isfinite(low), low, np.nan), np.where(np.isfinite(high), high, np.nan)


class _Resamples:
    """Laws as frequencies in many resamples at once."""

    def __init__(self, laws: SampleLaws, drawn: Mapping[str, Array]) -> None:
        self.laws = laws
        self.drawn = drawn
        self.count = next((len(counts) for counts in drawn.values()), 1)

    def law(self, of: Names, given: Names, do: Names, source: str) -> Array:
        """See `LawSource.law`; the last axis is that of the resamples."""
        self.laws.check(of, given, do, source)
        tally, states = self.laws.tallies[source], self.laws.states
        names = (*of, *given, *do)
        shape = [len(states[name]) for name in names]
        check_entries(int(np.prod(shape, dtype=float)) * self.count)
        table = np.zeros((int(np.prod(shape)), self.count))
        np.add.at(table, tally.places(names, states), self.drawn[source].T)
        return conditional(table.reshape(*shape, self.count), len(of))


def _block(
    estimand: Estimand, laws: _Resamples, states: States, values: Mapping[str, Value], axes: Sequence[Index]
) -> Array:
    shape = [*(len(states[index.variable]) for index in axes), laws.count]
    try:
        found = Evaluation(laws, states, values).total(estimand, {}).named
    except ZeroCell:
        if laws.count == 1:
            return np.full(shape, np.nan)
        # One resample without a value would take the others with it.
        alone = (_Resamples(laws.laws, {n: c[k : k + 1] for n, c in laws.drawn.items()}) for k in range(laws.count))
        return np.concatenate([_block(estimand, one, states, values, axes) for one in alone], axis=-1)
    return np.broadcast_to(found.along([*axes, MODELS]), shape)
