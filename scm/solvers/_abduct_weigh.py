"""Importance sampling with as many draws as each row needs.

Likelihood weighting (Fung & Chang 1990; Shachter & Peot 1990) over the noises that are left, what can be enumerated
summed out within every draw. How many draws a row takes depends on that row alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._abduct_gate import LEAST_SIZE, Array, Estimate, Flags, estimate, reliable
from ._abduct_run import BATCH

Rows: TypeAlias = NDArray[np.intp]
Run: TypeAlias = Callable[[Rows, Rows], tuple[Array, Array]]
"""Log weights and what is asked, for lanes of a row and the number of a batch."""

AT_ONCE = 64
"""Rows whose draws are kept at once."""
FIRST = 2
"""Batches that every row has at first."""
TRIED = 16
"""Batches after which a row whose draws are nearly all useless is given up."""
HOPELESS = 20.0
"""Effective draws that it must have by then."""


def weighted(run: Run, rows: Rows, event: bool, accuracy: float, most: int) -> Estimate:
    """Estimates for these rows.

    Args:
        run: draws lanes.
        rows: which rows.
        event: whether a probability is asked for.
        accuracy: standard error that is enough, in standard deviations of what is asked (1/2 for a probability).
        most: draws of one row.
    """
    parts = [_chunk(run, rows[k : k + AT_ONCE], event, accuracy, most) for k in range(0, len(rows), AT_ONCE)]
    return joined(parts)


def joined(parts: list[Estimate]) -> Estimate:
    """The estimates of rows, one after the other."""
    return Estimate(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Estimate)))


def _chunk(run: Run, rows: Rows, event: bool, accuracy: float, most: int) -> Estimate:
    found: Estimate | None = None
    active, done, more = np.arange(len(rows)), 0, FIRST
    weights, asked = np.zeros((len(rows), 0)), np.zeros((len(rows), 0))
    while active.size:
        numbers = np.arange(done, done + more)
        new_weights, new_asked = run(np.repeat(rows[active], more), np.tile(numbers, len(active)))
        weights = np.concatenate([weights, new_weights.reshape(len(active), -1)], axis=1)
        asked = np.concatenate([asked, new_asked.reshape(len(active), -1)], axis=1)
        new = estimate(weights, asked, event)
        found = new if found is None else found.replaced(active, new)
        done += more
        more = min(done, max(most // BATCH - done, 0))
        going = ~_enough(new, event, accuracy, done) & (more > 0)
        active, weights, asked = active[going], weights[going], asked[going]
    assert found is not None
    return found


def _enough(found: Estimate, event: bool, accuracy: float, done: int) -> Flags:
    """Which rows need no more draws, or more would be of no use to."""
    spread = 0.5 if event else found.spread
    accurate = reliable(found) & (found.error <= accuracy * spread)
    return accurate | ((done >= TRIED) & (found.size < min(HOPELESS, LEAST_SIZE)))
