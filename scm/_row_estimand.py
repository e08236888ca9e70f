"""The value of an estimand at every stratum of laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ._errors import ZeroCell
from ._estimand import Estimand, Index
from ._study import KnownLaw
from ._syntax import Value
from .solvers import StrataLaws
from .solvers._evaluate_estimand import Evaluation
from .solvers._named import MAX_ENTRIES, MODELS, Label

Array = NDArray[np.float64]
CHUNK = 1 << 14
"""Strata that are worked on at once: what they need stays in the processor's cache."""


def row_values(
    estimand: Estimand,
    laws: Sequence[KnownLaw],
    states: Mapping[str, tuple[Value, ...]],
    axes: Sequence[Index] = (),
) -> Array:
    """The value of `estimand` in each stratum, NaN where it divides by the probability of something that has none.

    Args:
        estimand: over the laws.
        laws: with `strata`, one array a stratum; others are the same in all of them.
        states: of every variable.
        axes: the open indices of a distribution.

    Returns:
        Shape (strata, states of each of `axes`...).
    """
    count = next(len(law.array) for law in laws if law.strata)
    shape = tuple(len(states[index.variable]) for index in axes)
    out = np.empty((count, *shape))
    for start in range(0, count, CHUNK):
        at = slice(start, min(start + CHUNK, count))
        _fill(out, at, estimand, laws, states, axes)
    return out


def _fill(
    out: Array, at: slice, estimand: Estimand, laws: Sequence[KnownLaw], states: Mapping[str, tuple[Value, ...]],
    axes: Sequence[Index],
) -> None:  # fmt: skip
    """A part of the strata; where a stratum stops the evaluation, the others are done without it."""
    try:
        found = Evaluation(StrataLaws(laws, at), states, {}, MAX_ENTRIES).total(estimand, {}).named
    except ZeroCell:
        if at.stop - at.start == 1:
            out[at] = np.nan
            return
        middle = (at.start + at.stop) // 2
        for half in (slice(at.start, middle), slice(middle, at.stop)):
            _fill(out, half, estimand, laws, states, axes)
        return
    labels: list[Label] = [MODELS, *axes]
    out[at] = np.broadcast_to(found.along(labels), out[at].shape)
