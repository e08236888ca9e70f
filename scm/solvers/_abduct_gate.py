"""Estimates from weighted draws, and whether the draws support them.

Effective sample size (Kong 1992), Pareto k-hat of the weights' tail (Vehtari, Simpson, Gelman, Yao & Gabry 2024; fit of
Zhang & Stephens 2009), split R-hat (Gelman et al. 2013), standard errors of ratios by the delta method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST_SIZE = 200.0
"""Effective draws below which no estimate is given."""
LARGEST_K = 0.7
"""Pareto k-hat above which weights say nothing (Vehtari et al. 2024)."""
LARGEST_TAIL = 0.5
"""Pareto k-hat of what is averaged above which it has no variance, so that a standard error would say nothing."""
LARGEST_RHAT = 1.01
"""R-hat above which chains have not mixed (Vehtari et al. 2021)."""
LEAST_TAIL = 25
"""Weights that a tail needs before a Pareto law is fitted to it."""
SAME = 1e-9
"""Values of a tail that differ by less than this share of the largest are one value."""
TIED = 5
"""Draws on average that share a value of a tail of few values."""
MILD = 10.0
"""How much larger than a value that most draws share a handful may be, and not matter."""
ROUNDING = 1e-13
"""The least relative error that is claimed: draws may agree to the last digits, where what is asked is determined."""
FEW = 5.0
"""Effective draws, for and against, below which a proportion's standard error is taken as Agresti and Coull do."""


@dataclass(frozen=True)
class Estimate:
    """For each row.

    Attributes:
        value: the mean of what is asked.
        error: its standard error.
        size: effective draws.
        khat: the worse of the weights' and of their products with what is asked.
        tail: of those products alone.
        fault: whether it is the weights that do not do, so that other draws might.
        spread: the standard deviation of what is asked.
        draws: how many.
    """

    value: Array
    error: Array
    size: Array
    khat: Array
    tail: Array
    fault: Flags
    spread: Array
    draws: NDArray[np.intp]

    def replaced(self, at: NDArray[np.intp], other: Estimate) -> Estimate:
        """With the estimates of these rows from `other`."""
        found = {f.name: getattr(self, f.name).copy() for f in fields(Estimate)}
        for name, own in found.items():
            own[at] = getattr(other, name)
        return Estimate(**found)


def estimate(log_weight: Array, asked: Array, event: bool) -> Estimate:
    """The self-normalised estimate of each row from weighted draws; shapes (rows, draws).

    The standard error is that of a ratio of means, to first order: sqrt(sum w^2 (h - mean)^2) / sum w.
    """
    top = np.max(log_weight, axis=1, keepdims=True)
    weight = np.exp(log_weight - np.where(np.isfinite(top), top, 0.0))
    total = weight.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = weight / total[:, None]
        value = (share * asked).sum(axis=1)
        away = asked - value[:, None]
        error = np.sqrt(((share * away) ** 2).sum(axis=1))
        size = 1.0 / (share**2).sum(axis=1)
        spread = np.sqrt((share * away**2).sum(axis=1))
        tail = np.full(len(value), -np.inf) if event else _tail(share * asked, share * away, spread, value)
    size, own = np.nan_to_num(size, nan=0.0), pareto_k(log_weight)
    khat, fault = np.maximum(own, tail), (size < LEAST_SIZE) | (own > (LARGEST_K if event else LARGEST_TAIL))
    error = np.maximum(error, proportion_error(value, size) if event else ROUNDING * (1.0 + np.abs(value)))
    draws = np.full(len(value), log_weight.shape[1], dtype=np.intp)
    return Estimate(value, error, size, khat, tail, fault, spread, draws)


def _tail(parts: Array, away: Array, spread: Array, value: Array) -> Array:
    """Pareto k-hat of what is averaged, and of its distance from the mean; minus infinity where it differs by rounding.

    Where one draw makes the mean, all others are as far from it as each other, and only the parts show the tail. Where
    many values are nearly the same, as bounded ones are at their bound, the fit goes wrong just there: a tail that is
    heavy is so farther out too.
    """
    same = spread <= ROUNDING * (1.0 + np.abs(value))
    with np.errstate(divide="ignore"):
        logs = [np.log(np.abs(parts)), np.log(np.abs(away))]
    khat = np.maximum(*(np.minimum(pareto_k(x), pareto_k(x, 3)) for x in logs))
    return np.where(same, -np.inf, khat)


def _tail_of(asked: Array, spread: Array, value: Array, event: bool) -> Array:
    """The same of draws that count alike, shape (rows, chains, draws), with their variance; none of events."""
    if event:
        return np.full(len(value), -np.inf)
    every = asked.reshape(len(asked), -1)
    return _tail(every, every - value[:, None], np.sqrt(spread), value)


def proportion_error(share: Array, size: Array) -> Array:
    """The least standard error of a probability near 0 or 1, of which draws may have seen nothing (Agresti & Coull).

    Zero where there are enough draws on both sides.
    """
    few = np.minimum(share, 1 - share) * size < FEW
    moved = (share * size + 2) / (size + 4)
    return np.where(few, np.sqrt(np.maximum(moved * (1 - moved), 0.0) / (size + 4)), 0.0)


def pareto_k(log_values: Array, share: int = 1) -> Array:
    """The shape of the generalised Pareto law of each row's largest values; shape (rows, draws) in, (rows,) out.

    Of one part in `share` of the usual number of largest values.

    Values that are zero are left out. Infinite where there are too few; minus infinity where the largest are a few
    values that many draws share, as they are where what is drawn decides between states: such a tail ends.
    """
    rows = np.sort(np.where(np.isnan(log_values), -np.inf, log_values), axis=1)
    positive = np.isfinite(rows).sum(axis=1)
    length = np.minimum(np.ceil(0.2 * positive), np.ceil(3 * np.sqrt(positive))).astype(int) // share
    out = np.full(len(rows), np.inf)
    for m in np.unique(length):
        at = np.flatnonzero(length == m)
        if m + 1 > rows.shape[1] or m < LEAST_TAIL / 5:
            continue
        tail = np.exp(rows[at, -m - 1 :] - rows[at, -1:])
        x = tail[:, 1:] - tail[:, :1]
        found = np.where(_ties(tail), -np.inf, _shape(x))
        for k in np.flatnonzero((x[:, m // 4] <= SAME) & (x[:, -1] > SAME) & (found > -np.inf)):
            found[k] = _above(x[k : k + 1, x[k] > SAME], float(tail[k, 0]))
        out[at] = found
    return out


def _above(x: Array, least: float) -> float:
    """The shape of the tail above a value that many draws share, from the exceedances of one row, shape (1, m)."""
    if x.shape[1] >= TIED:
        return float(_shape(x)[0])
    return -np.inf if x[0, -1] <= MILD * least else np.inf  # too few to say


def _ties(tail: Array) -> Flags:
    """Whether a rising tail, whose last is one, is a few values up to rounding, and many draws share the largest.

    A continuous law has no ties; moved particles and chains have some, but each value few times.
    """
    same = np.diff(tail, axis=1) <= SAME
    largest = (tail > 1.0 - SAME).sum(axis=1)
    return (largest >= TIED) & ((~same).sum(axis=1) + 1 <= tail.shape[1] / TIED)


def _shape(x: Array) -> Array:
    """The fit of Zhang & Stephens (2009) to rising exceedances, with the prior of Vehtari et al.; shape (rows, m)."""
    m = x.shape[1]
    flat = x[:, -1] <= 1e-12
    x = np.where(flat[:, None], np.linspace(1, 2, m), np.maximum(x, 1e-300))
    count = 30 + int(np.sqrt(m))
    j = np.arange(1, count + 1) - 0.5
    quarter = x[:, int(m / 4 + 0.5) - 1]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        b = (1 - np.sqrt(count / j))[None] / (3 * quarter[:, None]) + 1 / x[:, -1:]
        k = np.stack([np.log1p(-b[:, i : i + 1] * x).mean(axis=1) for i in range(count)], axis=1)
        fit = m * (np.log(-b / k) - k - 1)
        fit = np.where(np.isnan(fit), -np.inf, fit)
        weight = np.exp(fit - fit.max(axis=1, keepdims=True))
        best = (b * weight).sum(axis=1) / weight.sum(axis=1)
        found = np.log1p(-best[:, None] * x).mean(axis=1)
    found = (m * found + 10 * 0.5) / (m + 10)
    return np.where(flat, -np.inf, found)


def reliable(found: Estimate) -> Flags:
    """Whether the draws of each row support its estimate."""
    light = (found.khat <= LARGEST_K) & (found.tail <= LARGEST_TAIL)
    return (found.size >= LEAST_SIZE) & light & np.isfinite(found.value) & np.isfinite(found.error)


@dataclass(frozen=True)
class Chains:
    """Estimates from chains, or islands of particles, for each row.

    Attributes:
        value, error, size, draws: as of `Estimate`; the size is that of independent draws with this error.
        khat: of what is asked.
        rhat: of the chains.
    """

    value: Array
    error: Array
    size: Array
    khat: Array
    rhat: Array
    draws: NDArray[np.intp]

    @property
    def reliable(self) -> Flags:
        """Whether the chains agree, and say enough."""
        return (
            (self.size >= LEAST_SIZE)
            & (self.khat <= LARGEST_TAIL)
            & (self.rhat <= LARGEST_RHAT)
            & np.isfinite(self.value)
            & np.isfinite(self.error)
        )

    @staticmethod
    def joined(parts: Sequence[Chains]) -> Chains:
        """The estimates of rows, one after the other."""
        return Chains(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Chains)))

    def replaced(self, at: NDArray[np.intp], other: Chains) -> Chains:
        """With the estimates of these rows from `other`."""
        found = {f.name: getattr(self, f.name).copy() for f in fields(Chains)}
        for name, own in found.items():
            own[at] = getattr(other, name)[at]
        return Chains(**found)


def of_islands(asked: Array, log_weight: Array, event: bool) -> Chains:
    """Estimates from islands of particles that never met: their disagreement is the error.

    An island counts by its mean weight, which makes numerator and denominator of the estimate unbiased.

    Args:
        asked: shape (rows, islands, particles).
        log_weight: the logarithm of each island's mean weight, shape (rows, islands).
        event: whether a probability is asked for.
    """
    rows, islands, particles = asked.shape
    top = log_weight.max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.exp(log_weight - np.where(np.isfinite(top), top, 0.0))
        share = weight / weight.sum(axis=1, keepdims=True)
        means = asked.mean(axis=2)
        value = (share * means).sum(axis=1)
        error = np.sqrt(((share * (means - value[:, None])) ** 2).sum(axis=1) * islands / (islands - 1))
        spread = (share * ((asked - value[:, None, None]) ** 2).mean(axis=2)).sum(axis=1)
        size = np.where(error > 0, spread / error**2, float(islands * particles))
        alive = 1.0 / (share**2).sum(axis=1)
        tail = _tail_of(asked, spread, value, event)
    size = np.nan_to_num(np.minimum(size, islands * particles), nan=0.0)
    rhat = np.where(alive >= islands / 2, split_rhat(asked), np.inf)
    error = np.maximum(error, proportion_error(value, size) if event else ROUNDING * (1.0 + np.abs(value)))
    return Chains(value, error, size, tail, rhat, np.zeros(rows, dtype=np.intp) + islands * particles)


MOST_DIVERGED = 0.001
"""Share of the transitions of Hamiltonian chains that may diverge."""


def of_chains(asked: Array, diverged: int, event: bool) -> Chains:
    """Estimates from Markov chains of the posterior.

    The error is by batch means within the chains (Flegal & Jones 2010): batches of the square root of their length.

    Args:
        asked: shape (rows, chains, draws).
        diverged: draws that diverged; where they are more than `MOST_DIVERGED`, R-hat is infinite.
        event: whether a probability is asked for.
    """
    rows, chains, draws = asked.shape
    length = int(np.sqrt(draws))
    count = draws // length
    batches = asked[:, :, : count * length].reshape(rows, chains, count, length).mean(axis=3)
    value = asked.mean(axis=(1, 2))
    flat = batches.reshape(rows, -1)
    error = np.sqrt(flat.var(axis=1, ddof=1) / flat.shape[1])
    spread = asked.reshape(rows, -1).var(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.minimum(np.where(error > 0, spread / error**2, np.inf), float(chains * draws))
        tail = _tail_of(asked, spread, value, event)
    rhat = split_rhat(asked)
    if diverged > MOST_DIVERGED * chains * draws:
        rhat = np.full(rows, np.inf)
    error = np.maximum(error, proportion_error(value, size) if event else ROUNDING * (1.0 + np.abs(value)))
    return Chains(value, error, size, tail, rhat, np.zeros(rows, dtype=np.intp) + chains * draws)


def split_rhat(chains: Array) -> Array:
    """R-hat of each row's chains, each cut in two; shape (rows, chains, draws)."""
    rows, count, n = chains.shape
    half = n // 2
    x = chains[:, :, : 2 * half].reshape(rows, 2 * count, half)
    within = x.var(axis=2, ddof=1).mean(axis=1)
    between = x.mean(axis=2).var(axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.sqrt((half - 1) / half + between / within)
    return np.where(within > 0, found, np.where(between > 0, np.inf, 1.0))
