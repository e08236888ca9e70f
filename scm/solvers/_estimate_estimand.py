"""Plug-in estimates of estimands from samples, with their sampling error and what they rest on.

An estimate is the estimand at the observed frequencies. It is a smooth function of them, so its error is, for many
rows, that of its linear part (the delta method; van der Vaart 1998, Asymptotic Statistics, chapters 3 and 20): the mean
of an influence function over the units. For a table P(a | b) with derivative G(a, b) a unit with values (a, b) adds
(G(a, b) - sum over a' of G(a', b) P(a' | b)) / P(b). Samples are independent of each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from .._estimand import At, Estimand, Index, Law
from .._estimand_parts import laws_of, placed
from .._estimand_text import print_estimand
from .._study import Sample
from .._syntax import Const, Value
from ._bootstrap import Bootstrap, percentiles, resampled
from ._estimand_gradient import law_gradients
from ._evaluate_estimand import evaluate_estimand
from ._law_source import Array, Names, conditional, position
from ._sample_laws import SampleLaws, States, Tally

Known: TypeAlias = Mapping[str, tuple[Value, ...]]

LEVEL = 0.95
"""Of confidence intervals."""
POOR, FEW = 0.02, 10
"""A propensity, and a number of units behind one, below which an average over strata rests on too little."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How well a law that is conditioned on is supported where it is averaged over strata.

    Attributes:
        law: as text, such as `P(Y=1 | X=1, Z=z)`.
        stratum: the one where the least share has what is conditioned on, such as `P(X=1 | Z='old')`.
        smallest: that share (the smallest propensity).
        units: how many units in that stratum have it.
        effective: the size of the sample that would estimate as well, were every stratum alike: (sum of weights)^2 over
            the sum of their squares, each unit weighing one over its propensity (Kish 1965).
        of: the units that have what is conditioned on.
    """

    law: str
    stratum: str
    smallest: float
    units: float
    effective: float
    of: float

    @property
    def poor(self) -> bool:
        """Whether some stratum has next to nobody with what is conditioned on; the error may then be understated."""
        return self.smallest < POOR or self.units < FEW

    @property
    def text(self) -> str:
        """One line for an answer."""
        return (
            f"{self.law}: the smallest propensity is {self.stratum} = {self.smallest:.3g} ({self.units:g} units); "
            f"the {self.of:g} units weigh as much as {self.effective:.0f}"
        )


@dataclass(frozen=True)
class EstimandEstimate:
    """An estimate from samples. Shapes are those of `evaluate_estimand`.

    Attributes:
        value: the estimand at the observed frequencies.
        standard_error: of sampling; NaN where no unit's value varies, so that the data say nothing of it.
        low: lower end of the confidence interval.
        high: its upper end; where the standard error is NaN both ends are NaN too.
        level: of the interval.
        method: how its ends were found: `influence function` or `bootstrap`.
        units: how many units of each sample were counted.
        dropped: rows of each sample left out because a cell was empty.
        overlap: for each law that is averaged over strata.
    """

    value: Any
    standard_error: Any
    low: Any
    high: Any
    level: float
    units: Mapping[str, float]
    dropped: Mapping[str, int]
    overlap: tuple[Overlap, ...]
    method: Literal["influence function", "bootstrap"] = "influence function"


def estimate_estimand(
    estimand: Estimand,
    samples: Sequence[Sample],
    states: States,
    *,
    values: Mapping[str, Value] | None = None,
    axes: Sequence[Index] = (),
    level: float = LEVEL,
    bootstrap: Bootstrap | None = None,
) -> EstimandEstimate:
    """The estimand at the frequencies of samples, with its standard error.

    Args:
        estimand: over laws of which `samples` are samples.
        samples: of units drawn at random; the name of each is what estimands call its law.
        states: of every variable; `seen_states` reads them off the columns.
        values: a state for each placeholder.
        axes: the open indices of a distribution.
        level: of the confidence intervals.
        bootstrap: gives percentile intervals and the standard deviation of resamples; left out, the influence function
            gives both, in one pass and without chance. An end is NaN where too many resamples have nobody in a stratum
            that is needed.

    Raises:
        ZeroCell: a stratum that the estimand divides by was never seen, though it has weight.
        InvalidRows: see `SampleLaws`.
        The other errors of `evaluate_estimand`.
    """
    laws = SampleLaws.for_estimand(estimand, samples, states)
    known = {name: tuple(own) for name, own in states.items()}
    value: Any = evaluate_estimand(estimand, laws, known, values=values, axes=axes)
    error, low, high = (
        _by_influence(estimand, laws, known, values, axes, value, level)
        if bootstrap is None
        else _by_resampling(estimand, laws, known, values, axes, bootstrap, level)
    )
    return EstimandEstimate(
        value,
        error if axes else float(error),
        low if axes else float(low),
        high if axes else float(high),
        level,
        {name: tally.units for name, tally in laws.tallies.items()},
        {name: tally.dropped for name, tally in laws.tallies.items()},
        tuple(_overlaps(estimand, laws, known, values or {})),
        "influence function" if bootstrap is None else "bootstrap",
    )


def _by_influence(
    estimand: Estimand,
    laws: SampleLaws,
    states: Known,
    values: Mapping[str, Value] | None,
    axes: Sequence[Index],
    value: Any,
    level: float,
) -> tuple[Array, Array, Array]:
    """The standard error, and the ends of the interval of the normal law around the value."""
    from statistics import NormalDist  # slow to import, and needed here alone

    errors: Array = np.zeros([len(states[index.variable]) for index in axes])
    for place in np.ndindex(errors.shape):
        cells = zip(axes, place, strict=True)
        at: dict[Index, At] = {index: Const(states[index.variable][int(k)]) for index, k in cells}
        errors[place] = _standard_error(placed(estimand, at), laws, states, values)
    half = NormalDist().inv_cdf((1 + level) / 2) * errors
    return errors, value - half, value + half


def _by_resampling(
    estimand: Estimand,
    laws: SampleLaws,
    states: Known,
    values: Mapping[str, Value] | None,
    axes: Sequence[Index],
    bootstrap: Bootstrap,
    level: float,
) -> tuple[Array, Array, Array]:
    """The standard deviation of the resamples that have a value, and the percentiles of all."""
    drawn = resampled(estimand, laws, states, bootstrap, values, axes)
    low, high = percentiles(drawn, level)
    none = np.isnan(drawn)
    held = np.maximum((~none).sum(axis=-1), 2)
    filled = np.where(none, 0.0, drawn)
    mean = filled.sum(axis=-1, keepdims=True) / held[..., None]
    spread = np.sqrt(np.where(none, 0.0, (filled - mean) ** 2).sum(axis=-1) / (held - 1))
    flat = spread <= 1e-12 * np.maximum(np.abs(mean[..., 0]), 1.0)
    error = np.where(flat, np.nan, spread)
    return error, np.where(flat, np.nan, low), np.where(flat, np.nan, high)


def influences(
    estimand: Estimand, laws: SampleLaws, states: Known, values: Mapping[str, Value] | None
) -> dict[str, Array]:
    """The influence function at every cell of each sample's tally; its mean over the units is zero.

    Args:
        estimand: without open indices.
        laws: of the samples.
        states: of every variable.
        values: a state for each placeholder.
    """
    found = {name: np.zeros(len(tally.counts)) for name, tally in laws.tallies.items()}
    for (of, given, do, source), slope in law_gradients(estimand, laws, states, values).items():
        tally = laws.tallies[source]
        counts = tally.table((*of, *given, *do), states)
        law = np.nan_to_num(conditional(counts, len(of)))
        mean = (slope * law).sum(axis=tuple(range(len(of))))
        share = counts.sum(axis=tuple(range(len(of)))) / tally.units
        with np.errstate(divide="ignore", invalid="ignore"):
            table = np.where(share > 0, (slope - mean) / share, 0.0)
        found[source] += table.reshape(-1)[tally.places((*of, *given, *do), states)]
    return found


def _standard_error(estimand: Estimand, laws: SampleLaws, states: Known, values: Mapping[str, Value] | None) -> float:
    variance, rough = 0.0, 0.0
    for name, own in influences(estimand, laws, states, values).items():
        tally = laws.tallies[name]
        variance += float(tally.counts @ own**2) / tally.units**2
        rough = max(rough, float(np.abs(own).max(initial=0.0)))
    # A share of none or of all among the units seen varies in no direction that they show.
    flat = variance <= (1e-12 * max(rough, 1.0)) ** 2
    return math.nan if flat and laws_of(estimand) else math.sqrt(variance)


# ---------------------------------------------------------------------------------------------------------------------
# Overlap


def _overlaps(estimand: Estimand, laws: SampleLaws, states: Known, values: Mapping[str, Value]) -> list[Overlap]:
    found: list[Overlap] = []
    for law in laws_of(estimand):
        strata = tuple(name for name, at in law.given if isinstance(at, Index))
        fixed = [(name, at) for name, at in (*law.given, *law.do) if not isinstance(at, Index)]
        if strata and fixed:
            places = {
                name: position(name, at.value if isinstance(at, Const) else values[at.name], states[name])
                for name, at in fixed
            }
            one = _overlap(law, laws.tallies[law.source], strata, places, states)
            if one.law not in {other.law for other in found}:
                found.append(one)
    return found


def _overlap(law: Law, tally: Tally, strata: Names, fixed: Mapping[str, int], states: Known) -> Overlap:
    counts = tally.table((*fixed, *strata), states)
    have = counts[tuple(fixed.values())].reshape(-1)
    everybody = counts.sum(axis=tuple(range(len(fixed)))).reshape(-1)
    seen = everybody > 0
    propensity = have[seen] / everybody[seen]
    worst = int(np.argmin(propensity))
    at = np.unravel_index(int(np.flatnonzero(seen)[worst]), [len(states[name]) for name in strata])
    point = [states[name][int(k)] for name, k in zip(strata, at, strict=True)]
    event = tuple((name, Const(states[name][k])) for name, k in fixed.items())
    stratum = Law(event, tuple((name, Const(state)) for name, state in zip(strata, point, strict=True)))
    held = have[seen] > 0
    weight = 1 / propensity[held]
    mine = have[seen][held]
    return Overlap(
        print_estimand(law),
        print_estimand(stratum),
        float(propensity[worst]),
        float(have[seen][worst]),
        float((mine @ weight) ** 2 / (mine @ weight**2)),
        float(have.sum()),
    )
