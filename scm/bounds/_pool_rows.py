"""The ends of every row of a batch from a pool of dual vectors: one matrix product for a chunk of rows, then maxima."""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable
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
CHECKED = 64
"""Rows of a compiled run that NumPy does again."""
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
    chunk = wanted.chunk or CHUNK
    if executor == "jax":
        found = _with_jax(stacked, sizes, right, chunk, precision)
        _check(stacked, sizes, right, found, precision)
    else:
        found = _with_numpy(stacked, sizes, right, chunk)
    error = _error(stacked, right.shape[1], precision)
    return _made(pool, found, error, executor)


def _stacked(pool: Pool) -> tuple[Vectors, tuple[int, int, int]]:
    """All vectors, upper ones turned, then what is below; and how many of each kind."""
    form = pool.standard
    below = np.zeros((1, form.varied))
    constant = 1.0
    if form.below is not None:
        fixed = np.r_[form.right, np.ones(len(form.groups))]
        below = form.below[None, : form.varied]
        constant = float(form.below[form.varied :] @ fixed[form.varied :] - below[0] @ form.shift)
    lower, upper, rays = pool.lower, pool.upper, pool.rays
    values = np.concatenate([lower.values, -upper.values, rays.values, below])
    constants = np.concatenate([lower.constants, -upper.constants, rays.constants, [constant]])
    return Vectors(np.ascontiguousarray(values), constants), (len(lower), len(upper), len(rays))


def _extremes(product: Any, sizes: tuple[int, int, int], largest: Callable[[Any], Any]) -> tuple[Any, ...]:
    """From the values of all vectors, shape (vectors, rows)."""
    a, b, c = np.cumsum(sizes)
    parts = [product[:a], product[a:b], product[b:c]]
    return (*(largest(part) if len(part) else product[-1] * 0 - np.inf for part in parts), product[-1])


def _with_numpy(stacked: Vectors, sizes: tuple[int, int, int], right: Array, chunk: int) -> Extremes:
    out = [np.empty(len(right)) for _ in range(4)]
    constants = stacked.constants[:, None]
    for start in range(0, len(right), chunk):
        product = stacked.values @ right[start : start + chunk].T
        product += constants
        for whole, part in zip(out, _extremes(product, sizes, lambda x: x.max(axis=0)), strict=True):
            whole[start : start + chunk] = part
    return out[0], -out[1], out[2], out[3]


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
) -> Extremes:
    kind = np.float32 if precision == "single" else np.float64
    count = len(right)
    chunk = min(chunk, max(count, 1))
    out = [np.empty(count) for _ in range(4)]
    with precision_of(precision):
        run = _compiled(sizes)
        values, constants = stacked.values.astype(kind), stacked.constants.astype(kind)
        sent: list[tuple[int, Any]] = []
        for start in range(0, count, chunk):
            rows = right[start : start + chunk].astype(kind, copy=False)
            if len(rows) < chunk:  # one shape for all chunks: the last one is filled up
                rows = np.concatenate([rows, np.zeros((chunk - len(rows), rows.shape[1]), dtype=kind)])
            sent.append((start, run(values, constants, rows)))
            if len(sent) > 4:
                _store(out, *sent.pop(0))
        for start, found in sent:
            _store(out, start, found)
    return out[0], np.negative(out[1], out=out[1]), out[2], out[3]


def _store(out: list[Array], start: int, found: Any) -> None:
    for whole, part in zip(out, found, strict=True):
        whole[start : start + len(part)] = np.asarray(part)[: len(whole) - start]


def _check(stacked: Vectors, sizes: tuple[int, int, int], right: Array, found: Extremes, precision: Precision) -> None:
    """A compiled program may be wrong (jax issue 39103): a few rows are done again."""
    if not len(right):
        return
    some = np.unique(np.linspace(0, len(right) - 1, CHECKED).astype(np.intp))
    wanted = _with_numpy(stacked, sizes, right[some], CHUNK)
    allowed = 2 * _error(stacked, right.shape[1], precision) + 1e-300
    for one, other in zip(found, wanted, strict=True):
        part = one[some]
        same = (part == other) | (np.abs(part - np.where(np.isfinite(other), other, 0.0)) <= allowed)
        if not (same | np.isnan(other)).all():
            raise WrongKernel("JAX and NumPy differ on the bounds of a few rows by more than rounding")


def _error(stacked: Vectors, varied: int, precision: Precision) -> float:
    """The most that rounding can move a value, where known numbers lie between 0 and 1."""
    size = np.abs(stacked.values).sum(axis=1) + np.abs(stacked.constants)
    return float((varied + 3) * ROUNDING[precision] * size.max(initial=0.0))


def _made(pool: Pool, found: Extremes, error: float, executor: Executor) -> RowEnds:
    """Ends and statuses from the extremes."""
    form = pool.standard
    lower, upper, missed, below = found
    if form.constant:
        lower, upper = lower + form.constant, upper + form.constant
    np.maximum(missed, lower - upper - 2 * error, out=missed)  # ends that cross leave no law
    codes = np.where(missed > CONTRADICTS + error, np.uint8(CONTRADICTION), np.uint8(OK))
    outer_lower, outer_upper = np.minimum(lower, upper) - error, np.maximum(lower, upper) + error
    if form.below is not None:
        codes[(codes == OK) & (below < NOTHING + error)] = UNDEFINED
        with np.errstate(divide="ignore", invalid="ignore"):
            lower, upper = lower / below, upper / below
            down, up = np.maximum(below - error, 0.0), below + error
            outer_lower = np.minimum(outer_lower / down, outer_lower / up)
            outer_upper = np.maximum(outer_upper / down, outer_upper / up)
    ends = (np.minimum(lower, upper), np.maximum(lower, upper), outer_lower, outer_upper)
    bad = codes != OK
    for end in ends:
        np.clip(end, form.floor, form.ceiling, out=end)
        if bad.any():
            end[bad] = np.nan
    sharp = np.full(len(lower), pool.complete and not form.relaxed)
    return RowEnds(*ends, codes, sharp, error, executor, missed)
