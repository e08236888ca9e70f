"""The ends of every row of a batch from a pool of dual vectors: one matrix product for a chunk of rows, then maxima."""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._execution import Execution, Executor, Precision, precision_of
from ._pool import Pool, Vectors
from ._programme import Array

CHUNK = 16_384
"""Rows that are worked on at once: what they need stays in the processor's cache."""
WORTH_COMPILING = 100_000_000
"""Multiplications from which on JAX is worth being loaded."""
CHECKED = 16
"""First rows of a compiled chunk that NumPy does again,"""
CHECK_EVERY = CHUNK * 16
"""in one of so many rows."""
AHEAD = 2
"""Chunks that are begun before the first of them is waited for."""
ROUNDING: dict[Precision, float] = {"double": 2.0**-53, "single": 2.0**-24}
CONTRADICTS = 1e-9
"""By how much probability numbers must miss every law before they are said to contradict it."""
NOTHING = 1e-15
"""A condition less probable than this has no probability: a zero that was rounded."""
OK, UNDEFINED, CONTRADICTION = 0, 1, 2
"""As `Statuses` counts them."""

Extremes: TypeAlias = tuple[Array, Array, Array, Array]
"""Greatest of the lower vectors, least of the upper ones, greatest of the rays, and what is below; one each a row."""


@dataclass(frozen=True, eq=False)
class RowEnds:
    """Between which ends each row's query lies; arrays with one entry a row.

    Attributes:
        lower, upper: the best of the pool; NaN where the row is not ok.
        outer_lower, outer_upper: these, moved outwards by what rounding can have done: no law goes beyond.
        codes: `OK`, `UNDEFINED` or `CONTRADICTION`.
        sharp: which rows' ends some law is known to attain.
        error: the most that rounding can have moved a number above the fraction line.
        executor: what the work was done on.
        vectors: how many there were for the lower end, for the upper end, and to refute rows.
        missed: how much probability each row's numbers miss every law by, at least; below zero where a law may be.
    """

    lower: Array
    upper: Array
    outer_lower: Array
    outer_upper: Array
    codes: NDArray[np.uint8]
    sharp: NDArray[np.bool_]
    error: float
    executor: Executor
    missed: Array
    vectors: tuple[int, int, int]


class WrongKernel(RuntimeError):
    """The compiled program and NumPy differ by more than rounding."""


def row_ends(pool: Pool, right: Array, execution: Execution | None = None) -> RowEnds:
    """The ends for every row of right-hand sides.

    Args:
        pool: of the programme.
        right: shape (rows, `pool.standard.varied`), in the order of the limits that vary.
        execution: executor, precision and chunk; by default NumPy for few rows and JAX in double precision for many.

    Raises:
        WrongKernel: JAX and NumPy do not agree on a few rows.
    """
    wanted = Execution() if execution is None else execution
    stacked, sizes = _stacked(pool)
    executor = wanted.executor
    if executor is None:
        executor = "jax" if right.size * len(stacked) >= WORTH_COMPILING else "numpy"
    precision: Precision = (wanted.precision or "double") if executor == "jax" else "double"
    error = _error(stacked, right.shape[1], precision)
    out = _Ends(pool, len(right), error)
    run = _with_jax if executor == "jax" else _with_numpy
    for start, found in run(stacked, sizes, right, wanted.chunk or CHUNK, precision):
        if executor == "jax" and start % CHECK_EVERY == 0:
            _check(stacked, sizes, right[start : start + CHECKED], found, precision)
        out.put(start, found)
    return out.ends(executor)


def _stacked(pool: Pool) -> tuple[Vectors, tuple[int, int, int]]:
    """All vectors, upper ones turned, then what is below; and how many of each kind."""
    below = Vectors(np.zeros((1, pool.standard.varied)), np.ones(1)) if pool.below is None else pool.below
    lower, upper, rays = pool.lower, pool.upper, pool.rays
    values = np.concatenate([lower.values, -upper.values, rays.values, below.values])
    constants = np.concatenate([lower.constants, -upper.constants, rays.constants, below.constants])
    return Vectors(np.ascontiguousarray(values), constants), (len(lower), len(upper), len(rays))


def _extremes(product: Any, sizes: tuple[int, int, int], largest: Callable[[Any], Any]) -> tuple[Any, ...]:
    """From the values of all vectors, shape (vectors, rows)."""
    a, b, c = np.cumsum(sizes)
    parts = [product[:a], product[a:b], product[b:c]]
    return (*(largest(part) if len(part) else product[-1] * 0 - np.inf for part in parts), product[-1])


def _with_numpy(
    stacked: Vectors, sizes: tuple[int, int, int], right: Array, chunk: int, _: Precision = "double"
) -> Iterator[tuple[int, Extremes]]:
    constants = stacked.constants[:, None]
    for start in range(0, len(right), chunk):
        product = stacked.values @ right[start : start + chunk].T
        product += constants
        yield start, _extremes(product, sizes, _greatest)


def _greatest(part: Array) -> Array:
    return part.max(axis=0)


@lru_cache(maxsize=64)
def _compiled(sizes: tuple[int, int, int]) -> Callable[..., Any]:
    import jax

    def run(values: Any, constants: Any, rows: Any) -> Any:
        # On an accelerator the default would multiply in fewer bits than the numbers have.
        product = jax.numpy.matmul(values, rows.T, precision=jax.lax.Precision.HIGHEST) + constants[:, None]
        return _extremes(product, sizes, lambda x: x.max(axis=0))

    jitted: Any = jax.jit(run)
    return jitted


def _with_jax(
    stacked: Vectors, sizes: tuple[int, int, int], right: Array, chunk: int, precision: Precision
) -> Iterator[tuple[int, Extremes]]:
    kind = np.float32 if precision == "single" else np.float64
    count = len(right)
    chunk = min(chunk, max(count, 1))
    values, constants = stacked.values.astype(kind), stacked.constants.astype(kind)
    sent: list[tuple[int, Any]] = []
    for start in range(0, count, chunk):
        rows = right[start : start + chunk].astype(kind, copy=False)
        if len(rows) < chunk:  # one shape for all chunks: the last one is filled up
            rows = np.concatenate([rows, np.zeros((chunk - len(rows), rows.shape[1]), dtype=kind)])
        with precision_of(precision):
            sent.append((start, _compiled(sizes)(values, constants, rows)))
        if len(sent) > AHEAD:
            yield _fetched(*sent.pop(0), count)
    for start, found in sent:
        yield _fetched(start, found, count)


def _fetched(start: int, found: Any, count: int) -> tuple[int, Extremes]:
    """What was computed for a chunk, in double precision, without the rows that filled it up."""
    parts = [np.asarray(part)[: count - start].astype(np.float64, copy=False) for part in found]
    return start, (parts[0], parts[1], parts[2], parts[3])


def _check(stacked: Vectors, sizes: tuple[int, int, int], some: Array, found: Extremes, precision: Precision) -> None:
    """A compiled program may be wrong (jax issue 39103): the first rows of some chunks are done again."""
    (_, wanted), *_ = _with_numpy(stacked, sizes, some, CHUNK)
    allowed = 2 * _error(stacked, some.shape[1], precision) + 1e-300
    for one, other in zip(found, wanted, strict=True):
        part = one[: len(some)]
        same = (part == other) | (np.abs(part - np.where(np.isfinite(other), other, 0.0)) <= allowed)
        if not (same | np.isnan(other)).all():
            raise WrongKernel("JAX and NumPy differ on the bounds of a few rows by more than rounding")


def _error(stacked: Vectors, varied: int, precision: Precision) -> float:
    """The most that rounding can move a value, where known numbers lie between 0 and 1."""
    size = np.abs(stacked.values).sum(axis=1) + np.abs(stacked.constants)
    return float((varied + 3) * ROUNDING[precision] * size.max(initial=0.0))


class _Ends:
    """Ends and statuses, filled in chunk by chunk while its numbers are in the processor's cache."""

    def __init__(self, pool: Pool, rows: int, error: float) -> None:
        self.pool, self.form, self.error = pool, pool.standard, error
        self.arrays = [np.empty(rows) for _ in range(4)]
        self.missed = np.empty(rows)
        self.sizes = len(pool.lower), len(pool.upper), len(pool.rays)
        self.codes = np.empty(rows, dtype=np.uint8)

    def put(self, start: int, found: Extremes) -> None:
        """The ends of a chunk, from what was computed for it."""
        form, error = self.form, self.error
        least, turned, missed, below = found
        greatest = -turned
        at = slice(start, start + len(least))
        if form.constant:
            least, greatest = least + form.constant, greatest + form.constant
        missed = np.maximum(missed, least - greatest - 2 * error)  # ends that cross leave no law
        ends = [np.minimum(least, greatest), np.maximum(least, greatest)]
        ends += [ends[0] - error, ends[1] + error]
        bad = missed > CONTRADICTS + error
        codes = np.where(bad, np.uint8(CONTRADICTION), np.uint8(OK))
        if self.pool.below is not None:
            codes[~bad & (below < NOTHING + error)] = UNDEFINED
            bad = codes != OK
            with np.errstate(divide="ignore", invalid="ignore"):
                down, up = np.maximum(below - error, 0.0), below + error
                ends = [
                    ends[0] / below, ends[1] / below,
                    np.minimum(ends[2] / down, ends[2] / up), np.maximum(ends[3] / down, ends[3] / up),
                ]  # fmt: skip
        wrong = bad if bad.any() else None
        for whole, end in zip(self.arrays, ends, strict=True):
            np.clip(end, form.floor, form.ceiling, out=whole[at])
            if wrong is not None:
                whole[at][wrong] = np.nan
        self.missed[at], self.codes[at] = missed, codes

    def ends(self, executor: Executor) -> RowEnds:
        """All of them."""
        sharp = np.full(len(self.codes), self.pool.complete and not self.form.relaxed)
        a, b, c, d = self.arrays
        return RowEnds(a, b, c, d, self.codes, sharp, self.error, executor, self.missed, self.sizes)
