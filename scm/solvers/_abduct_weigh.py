"""Importance sampling with as many draws as each row needs.

Likelihood weighting (Fung & Chang 1990; Shachter & Peot 1990) over the noises that are left, what can be enumerated
summed out within every draw. How many draws a row takes depends on that row alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._abduct_gate import LEAST_SIZE, Array, Estimate, estimate, reliable
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


@dataclass
class _Kept:
    weights: list[Array] = field(default_factory=lambda: [])
    asked: list[Array] = field(default_factory=lambda: [])

    def joined(self) -> tuple[Array, Array]:
        return np.concatenate(self.weights)[None], np.concatenate(self.asked)[None]


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
    kept = [_Kept() for _ in rows]
    found: list[Estimate | None] = [None] * len(rows)
    active, done, more = np.arange(len(rows)), 0, FIRST
    while active.size:
        numbers = np.arange(done, done + more)
        weights, asked = run(np.repeat(rows[active], more), np.tile(numbers, len(active)))
        for k, place in enumerate(active.tolist()):
            at = slice(k * more, (k + 1) * more)
            kept[place].weights.append(weights[at].reshape(-1))
            kept[place].asked.append(asked[at].reshape(-1))
            found[place] = estimate(*kept[place].joined(), event)
        done, more = done + more, min(done + more, max(most // BATCH - done - more, 0))
        going = [place for place in active.tolist() if not _enough(found[place], event, accuracy, done)]
        for place in set(active.tolist()) - set(going):
            kept[place] = _Kept()
        active = np.array(going if more else [], dtype=np.intp)
    return joined([part for part in found if part is not None])


def _enough(found: Estimate | None, event: bool, accuracy: float, done: int) -> bool:
    """Whether a row needs no more draws, or more would be of no use."""
    assert found is not None
    spread = 0.5 if event else float(found.spread[0])
    accurate = bool(reliable(found)[0]) and float(found.error[0]) <= accuracy * spread
    size = float(found.size[0])
    return accurate or (done >= TRIED and size < min(HOPELESS, LEAST_SIZE))
