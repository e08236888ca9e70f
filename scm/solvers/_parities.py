"""Pairs of models made of parities: the construction that shows a hedge to be an obstacle.

In both models a variable is the parity of what it reads and a hidden cause is a fair coin; in the second the variables
of an inner part of the hedge read nothing from outside it (Shpitser & Pearl 2006, theorem 4). The parity of the roots
is the same in both, with one noise on it so that all probabilities are positive; imposing a variable outside the inner
part makes it a fair coin in the first alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from .._query import Query
from ._level_set import AGREE, Context, Ends, Laws, Level
from ._noise_model import NoiseModel, Shape

NOISE = 0.1
"""How often a parity is turned round."""
MOST_HEDGED = 8
LARGEST = 1 << 14


def parity_pair(shape: Shape, contexts: Sequence[Context], query: Query, apart: float) -> Ends | None:
    """Two models of parities that agree on `contexts` and differ on `query` by `apart` at least, if there are any.

    Raises:
        Unsupported: the query says something that cannot be laid out.
    """
    if shape.imagined or any(size != 2 for size in shape.sizes) or math.prod(shape.sizes) > LARGEST:
        return None
    hedged = [name for name in shape.names if shape.causes(name)]
    if len(hedged) > MOST_HEDGED:
        return None
    level: Level | None = None
    for inner in _parts(hedged):
        noisy = inner[-1]  # causes come first: a root of the inner part
        first, second = _parities(shape, noisy, frozenset()), _parities(shape, noisy, frozenset(inner))
        level = level or Level.of(NoiseModel(shape, {}, first), contexts, query)
        gap = abs(level.answer(first) - level.answer(second))
        if gap >= apart and np.abs(level.available(first) - level.available(second)).max(initial=0.0) <= AGREE:
            return Ends(query, level.model, first, second, gap)
    return None


def _parts(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Proper subsets, small ones first."""
    for count in range(1, len(names)):
        yield from itertools.combinations(names, count)


def _parities(shape: Shape, noisy: str, inner: frozenset[str]) -> Laws:
    """The laws: a variable without hidden causes is turned round now and then, of the others only `noisy`."""
    laws = [np.full((1, 2), 0.5) for _ in shape.shared]
    for name in shape.names:
        causes = shape.causes(name)
        partners = [next(v for v in shape.shared[i] if v != name) for i in causes]
        total = np.zeros(1, dtype=np.intp)
        for other in (*shape.parents[name], *partners):
            ignored = name in inner and other not in inner
            total = np.add.outer(total, np.zeros(2, np.intp) if ignored else np.arange(2)).reshape(-1)
        noise = NOISE if name == noisy or not causes else 0.0
        laws.append(np.abs(np.eye(2)[total % 2] - noise))
    return tuple(laws)
