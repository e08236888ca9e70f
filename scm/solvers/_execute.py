"""Run a plan: choose the executor by the forecast of the whole time, take the rows in chunks, check what was compiled.

A compiled program is believed only after the compiler's start-up test and after a few rows of it agreed with NumPy in
float64; otherwise NumPy does the work, and the answer names the release.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .._execution import Execution
from ._budget import Budget
from ._contract import Plan, Ready, get_ready, program_of
from ._job import Codes, Job, Run, Weights, chunk_of, jax_chunk, numpy_chunk, refuse_underflow, space
from ._program import Program

NUMPY_STEP, NUMPY_PRODUCT, NUMPY_GATHER = 4e-6, 1.2e-9, 4e-9
JAX_START, JAX_COMPILE, JAX_COMPILE_STEP = 0.8, 0.15, 0.03
JAX_CHUNK, JAX_PRODUCT, JAX_GATHER = 2e-4, 1e-9, 2e-9
ACCELERATED = 50.0
"""Seconds, measured on one core, that the choice between executors goes by: for a step of a chunk, for a product, for
a gathered number; to load JAX, to compile a program and each of its steps. An accelerator is counted on to be
`ACCELERATED` times as fast."""


def run_plan(
    plan: Plan,
    columns: Mapping[str, Codes],
    rows: int,
    budget: Budget,
    execution: Execution | None = None,
    *,
    exponents: bool = True,
    until: float | None = None,
) -> Weights:
    """The weights of every output value, for each row.

    Args:
        plan: from `make_plan`.
        columns: for each placeholder, the position of each row's value.
        rows: how many rows (1 where there are no columns).
        budget: rows are taken in chunks that keep arrays within it.
        execution: what the user wants of the executor.
        exponents: whether they are wanted; without them, each row's weights are right up to a factor of its own.
        until: when the budget of time runs out, on the clock of `time.monotonic`.

    Raises:
        TooWide: weights that floating point cannot tell from zero, or the budget ran out.
    """
    found: Weights | None = None
    sliced = plan.path.sliced
    wanted = Execution() if execution is None else execution
    for codes in itertools.product(*(range(plan.network.sizes[x]) for x in sliced)):
        fixed = dict(zip(sliced, codes, strict=True))
        job = Job(plan, fixed, columns, rows, budget, wanted, exponents or bool(sliced), until)
        if sliced:
            job.check_time(0)
        part = run_slice(job)
        found = part if found is None else _sum(found, part)
    assert found is not None
    return found


def _sum(a: Weights, b: Weights) -> Weights:
    top = np.maximum(a.exponent, b.exponent)
    mantissa = np.ldexp(a.mantissa, a.exponent - top) + np.ldexp(b.mantissa, b.exponent - top)
    return Weights(mantissa, top, _both(a.run, b.run))


def _both(a: Run | None, b: Run | None) -> Run | None:
    if a is None or b is None:
        return a or b
    return replace(
        a,
        seconds=a.seconds + b.seconds,
        compile_seconds=a.compile_seconds + b.compile_seconds,
        redone=a.redone + b.redone,
        fallback=a.fallback or b.fallback,
        checked=max((c for c in (a.checked, b.checked) if c is not None), default=None),
    )


def run_slice(job: Job) -> Weights:
    """The weights of one slice of a plan."""
    ready = get_ready(job.plan, job.fixed, job.rows)
    if not ready.program.batched:
        return _without_rows(job, ready)
    executor, forecast = choose(job.plan, ready.program, job.rows, job.budget, job.execution)
    fallback = None
    if executor == "jax":
        # Imported when used: it loads JAX.
        from ._on_jax import Disbelieved, run_jax

        try:
            return _told(run_jax(job, ready), forecast, None)
        except Disbelieved as wrong:
            fallback = str(wrong)
    return _told(_run_numpy(job, ready), forecast, fallback)


def _told(found: Weights, forecast: Mapping[str, float], fallback: str | None) -> Weights:
    assert found.run is not None
    return Weights(found.mantissa, found.exponent, replace(found.run, forecast=forecast, fallback=fallback))


def _without_rows(job: Job, ready: Ready) -> Weights:
    shape = tuple(job.plan.network.sizes[x] for x in job.plan.output)
    weights = ready.arguments[0]
    if ready.lost and not weights.all():
        refuse_underflow(job, {}, weights[..., None], np.ones(1, dtype=bool))
    exponent = np.broadcast_to(ready.exponents[0], (job.rows,)).astype(np.int64)
    run = Run("numpy", "double", job.rows, job.rows, 0.0)
    return Weights(np.broadcast_to(weights[..., None], (*shape, job.rows)), exponent, run)


def structure_of(plan: Plan, rows: int) -> Program:
    """The program of a plan for so many rows (of its first slice), nothing worked out."""
    return program_of(plan, dict.fromkeys(plan.path.sliced, 0), rows)


def forecast_of(plan: Plan, rows: int, budget: Budget, execution: Execution) -> tuple[str, Mapping[str, float]]:
    """The executor that would be chosen, and the forecasts in seconds."""
    return choose(plan, structure_of(plan, rows), rows, budget, execution)


def choose(
    plan: Plan, program: Program, rows: int, budget: Budget, execution: Execution
) -> tuple[str, Mapping[str, float]]:
    """The executor with the shorter forecast, compiling included, and the forecasts in seconds."""
    _, each = program.operations
    taken, steps, chunk = program.taken, len(program.each), chunk_of(program, budget)
    jax_rate = 1.0
    if "jax" in sys.modules and sys.modules["jax"].default_backend() != "cpu":
        jax_rate = 1 / ACCELERATED
    forecast = {
        "numpy": rows * (each * NUMPY_PRODUCT + taken * NUMPY_GATHER) + -(-rows // chunk) * steps * NUMPY_STEP,
        "jax": rows * (each * JAX_PRODUCT + taken * JAX_GATHER) * jax_rate
        + -(-rows // jax_chunk(program, rows, budget, execution)) * JAX_CHUNK,
    }
    if not any(key[0] == "checked" for key in plan.seen):
        forecast["jax"] += JAX_COMPILE + steps * JAX_COMPILE_STEP
    if "jax" not in sys.modules:
        forecast["jax"] += JAX_START
    if execution.executor is not None:
        return execution.executor, forecast
    if execution.precision == "single" or execution.devices is not None:
        return "jax", forecast
    return min(forecast, key=forecast.__getitem__), forecast


# ---------------------------------------------------------------------------------------------------------------------
# NumPy


def _run_numpy(job: Job, ready: Ready) -> Weights:
    started = time.monotonic()
    first = min(job.rows, job.execution.chunk or chunk_of(ready.program, job.budget))
    mantissa, exponent = space(job)
    # Long runs try other chunk sizes on their first rows; what they work out is kept.
    trials = [first, first // 2, first // 8] if job.execution.chunk is None and job.rows > 32 * first > 2048 else []
    speed: dict[int, float] = {}
    start, chunk = 0, first
    while start < job.rows:
        job.check_time(start)
        chunk = trials.pop() if trials else max(speed, key=speed.__getitem__, default=first)
        began = time.perf_counter()
        numpy_chunk(job, ready, slice(start, min(start + chunk, job.rows)), mantissa, exponent)
        if len(speed) < 3 and job.rows > 32 * first:
            speed[chunk] = chunk / (time.perf_counter() - began)
        start += chunk
    return Weights(mantissa, exponent, Run("numpy", "double", job.rows, chunk, time.monotonic() - started))


def rounding_of(plan: Plan, run: Run | None) -> float:
    """Bound on the relative error of a plan's weights as they were run."""
    return plan.rounding * (2.0**29 if run is not None and run.precision == "single" else 1.0)
