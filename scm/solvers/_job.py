"""One run of a plan: what is asked of an executor, what it gives back, and when its numbers may not be believed."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from .._execution import Execution, Precision
from ._budget import Budget
from ._contract import Plan, Ready, factor_arrays, program_of
from ._kernels import TooWide
from ._program import Program
from ._run_far import MOST_PRODUCTS, far_each, far_prelude, most_products, near
from ._run_numpy import SMALLEST, Raw, run_each, run_prelude, support

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

SPARE = 60.0
"""Binary digits by which a row's weight must exceed what may have been lost."""


@dataclass(frozen=True)
class Run:
    """How a plan was run, for `explain`.

    Attributes:
        executor: `numpy` or `jax`.
        precision: of the arithmetic.
        rows, chunk: how many there were, and how many at once.
        seconds: that it took; `compile_seconds` of them until the first chunk of a new program was there.
        forecast: seconds that were forecast, for each executor that could do it.
        checked: the largest difference between the compiled program and NumPy on a few rows, relative to the row's
            weight; None where nothing was compiled.
        redone: rows that single precision could not hold, done again in double.
        fallback: why a compiled program was not believed.
        device: where it ran.
    """

    executor: str
    precision: Precision
    rows: int
    chunk: int
    seconds: float
    compile_seconds: float = 0.0
    forecast: Mapping[str, float] | None = None
    checked: float | None = None
    redone: int = 0
    fallback: str | None = None
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Weights:
    """`mantissa * 2**exponent`: outputs, then one axis of rows; the exponent is one a row."""

    mantissa: Array
    exponent: NDArray[np.int64]
    run: Run | None = None


@dataclass(frozen=True)
class Job:
    """What is to be run."""

    plan: Plan
    fixed: Mapping[int, int]
    columns: Mapping[str, Codes]
    rows: int
    budget: Budget
    execution: Execution
    exponents: bool
    until: float | None

    def check_time(self, done: int) -> None:
        if self.until is not None and time.monotonic() > self.until and done < self.rows:
            if self.rows == 1:
                raise TooWide("The budget of time ran out. Raise it, or the budget of memory: slices cost time.")
            raise TooWide(
                f"The budget of time ran out after {done:,} of {self.rows:,} rows. Raise the budget, or ask for fewer "
                "rows at once."
            )


def chunk_of(program: Program, budget: Budget) -> int:
    """Rows that NumPy works on at once: few enough that what a step reads stays in the cache."""
    near = (1 << 17) // program.widest if program.weighed is None else (1 << 19) // program.held
    return max(1, min(int(budget.entries / program.held), max(256, min(8192, near))))


def jax_chunk(program: Program, rows: int, budget: Budget, execution: Execution) -> int:
    """Rows that JAX works on at once: a power of two, so that few shapes are compiled; the last chunk is padded."""
    fits = max(1, int(budget.entries / program.held))
    wanted = execution.chunk or max(1024, min(1 << 16, (1 << 20) // program.widest))
    chunk = min(wanted, 1 << (rows - 1).bit_length(), fits)
    if program.weighed is not None and execution.chunk is None:
        chunk = _little_padding(chunk, rows)
    devices = len(execution.devices or (None,))
    return -(-chunk // devices) * devices


def _little_padding(chunk: int, rows: int) -> int:
    """Chunks of one size, at most `chunk`, with few rows to pad: much is done for each. Few sizes are compiled."""
    each = -(-rows // -(-rows // chunk))
    unit = max(1, 1 << max(each.bit_length() - 4, 0))
    return min(-(-each // unit) * unit, max(chunk, 1))


def space(job: Job) -> tuple[Array, NDArray[np.int64]]:
    """Room for the weights and exponents of a job."""
    blocks = job.plan.blocks(job.fixed)
    shape = (sum(blocks),) if blocks else tuple(job.plan.network.sizes[x] for x in job.plan.output)
    return np.empty((*shape, job.rows)), np.zeros(job.rows, dtype=np.int64)


def numpy_chunk(job: Job, ready: Ready, at: Any, mantissa: Array, exponent: NDArray[np.int64]) -> None:
    """Work out the rows `at` (a slice, or positions) and put them where they belong."""
    part = {name: job.columns[name][at] for name in ready.program.names}
    raw = run_each(ready.program, ready.arguments, part)
    mantissa[..., at] = raw.weights
    if job.exponents:
        exponent[at] = exponents(ready, raw, part)
    lost = doubtful(raw, ready, SMALLEST, job.plan.blocks(job.fixed))
    if lost is None or not lost.any():
        return
    if ready.lost:
        refuse_underflow(job, part, raw.weights, lost)
    _apart(job, ready, np.arange(job.rows)[at][lost], mantissa, exponent)


def _apart(job: Job, ready: Ready, at: Codes, mantissa: Array, exponent: NDArray[np.int64]) -> None:
    """Work out rows again with an exponent for each entry, different ones once."""
    program, size = ready.program, dict(ready.program.sizes)
    products = max(most_products(program.each, size), most_products(program.prelude, size))
    if products > MOST_PRODUCTS:
        _refuse_too_small()
    table = np.stack([job.columns[name][at] for name in program.names])
    distinct, inverse = np.unique(table, axis=1, return_inverse=True)
    arguments = far_prelude(program, factor_arrays(job.plan, job.fixed))
    taken = [arguments[i] for i in program.arguments]
    step = max(1, MOST_PRODUCTS // (16 * products))
    for start in range(0, distinct.shape[1], step):
        job.check_time(start)
        part = dict(zip(program.names, distinct[:, start : start + step], strict=True))
        weights, power = near(far_each(program, taken, part), 1)
        here = (inverse.reshape(-1) >= start) & (inverse.reshape(-1) < start + step)
        mantissa[..., at[here]] = weights[..., inverse.reshape(-1)[here] - start]
        exponent[at[here]] = power[inverse.reshape(-1)[here] - start]


def exponents(ready: Ready, raw: Raw, columns: Mapping[str, Codes]) -> NDArray[np.int64]:
    """Of each row: what was taken out of the arguments, and by rescales."""
    out = np.zeros((), dtype=np.int64)
    for exponent, names in zip(ready.exponents, ready.program.argument_names, strict=True):
        out = out + (exponent[tuple(columns[n] for n in names)] if names else exponent)
    return out if raw.exponent is None else out + raw.exponent


def doubtful(raw: Raw, ready: Ready, smallest: float, blocks: tuple[int, ...] = ()) -> NDArray[np.bool_] | None:
    """Rows whose weight (or the least total of several results) may have lost terms that were too small to hold."""
    if raw.narrow is None and not ready.narrow:
        return None
    total = totals(raw.weights, blocks).min(axis=0)
    raised = np.zeros(()) if raw.raised is None else raw.raised
    narrow = ready.narrow if raw.narrow is None else raw.narrow | ready.narrow
    with np.errstate(divide="ignore"):
        lost = raised + smallest + SPARE + math.log2(max(ready.program.operations[1], 1.0))
        return narrow & (np.log2(total) < lost)


def totals(weights: Array, blocks: tuple[int, ...]) -> Array:
    """The sum of each result, of shape (results, rows)."""
    flat = weights.reshape(-1, weights.shape[-1])
    ends = np.cumsum(blocks or (len(flat),)).tolist()
    return np.stack([flat[a:b].sum(axis=0) for a, b in itertools.pairwise((0, *ends))])


def refuse_underflow(job: Job, columns: Mapping[str, Codes], weights: Array, lost: NDArray[np.bool_]) -> None:
    """A weight of zero where the evidence is possible at all would be an underflow, not an answer."""
    program = program_of(job.plan, job.fixed, 1)
    slots = run_prelude(program, factor_arrays(job.plan, job.fixed), support)
    possible = run_each(program, [slots[i] for i in program.arguments], columns, support).weights
    possible = possible if program.batched else possible[..., None]
    if np.any(((weights > 0) != (possible > 0)) & lost):
        _refuse_too_small()


def _refuse_too_small() -> NoReturn:
    raise TooWide(
        "Some weights are positive but smaller than floating point can hold beside the others: a zero here would be "
        "an underflow, not an answer. Ask about less evidence at once."
    )
