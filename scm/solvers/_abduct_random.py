"""Random numbers of lanes: of one row and one batch, or one island, each.

They come from the key, the row's own values and the lane's number alone, by a counter-based generator (Philox: Salmon,
Moraes, Dror & Shaw 2011), so that neither the order of the rows nor how they are chunked changes any of them.
"""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._abduct_part import stream_of

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
Words = NDArray[np.uint64]

Kind: TypeAlias = "Literal['normal', 'uniform'] | Callable[[np.random.Generator, tuple[int, ...]], Array]"
"""Standard normal numbers, uniform ones in [0, 1), or those of a law that has a sampler of its own."""

_OTHER = np.uint64(0x9E3779B97F4A7C15)


class Streams:
    """Streams of random numbers under one key.

    Args:
        key: a JAX key.
        columns: the values of each row.
        rows: how many.
    """

    def __init__(self, key: Any, columns: Mapping[str, NDArray[Any]], rows: int) -> None:
        import jax

        seed = np.asarray(jax.random.key_data(key), dtype=np.uint64)
        with np.errstate(over="ignore"):
            start = np.zeros((), dtype=np.uint64)
            for word in seed:
                start = _mixed(start * np.uint64(3) + word + np.uint64(1))
            self.words = np.full(rows, start)
            for name in sorted(columns):
                number = np.asarray(columns[name], dtype=np.float64) + 0.0  # one zero, not two
                self.words = _mixed(self.words ^ _mixed(number.view(np.uint64) + np.uint64(stream_of(name))))
            self.others = _mixed(self.words + _OTHER)

    def _generator(self, row: int, number: int, stream: int) -> np.random.Generator:
        key = np.array([self.words[row], self.others[row]], dtype=np.uint64)
        counter = np.array([0, 0, number, stream], dtype=np.uint64)
        return np.random.Generator(np.random.Philox(key=key, counter=counter))

    def draw(self, rows: Rows, numbers: Rows, stream: int, shape: tuple[int, ...], kind: Kind) -> Array:
        """Random numbers, shape (lanes, *shape)."""
        lanes = zip(rows.tolist(), numbers.tolist(), strict=True)
        return np.stack([_drawn(self._generator(row, number, stream), shape, kind) for row, number in lanes])

    def keys(self, key: Any, rows: Rows, numbers: Rows) -> Any:
        """A JAX key for each lane."""
        words = np.stack([self.words[rows] >> np.uint64(32), self.words[rows] & np.uint64(0xFFFFFFFF)], axis=1)
        return _folded()(key, words.astype(np.uint32), numbers)


def _drawn(generator: np.random.Generator, shape: tuple[int, ...], kind: Kind) -> Array:
    if kind == "normal":
        return generator.standard_normal(shape)
    if kind == "uniform":
        return generator.random(shape)
    return kind(generator, shape)


def _mixed(x: Any) -> Any:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@lru_cache(maxsize=1)
def _folded() -> Any:
    import jax

    fold = jax.random.fold_in

    def lane(key: Any, words: Any, number: Any) -> Any:
        return fold(fold(fold(key, words[0]), words[1]), number)

    return jax.jit(jax.vmap(lane, (None, 0, 0)))
