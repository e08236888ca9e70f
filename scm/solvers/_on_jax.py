"""Run a plan on JAX: chunks of one shape, the next one sent while the last is worked on.

A compiled program is believed only after the compiler's start-up test, and after a few rows of it agreed with NumPy in
float64.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._execution import Precision
from . import _run_jax as device
from ._contract import Plan, Ready, get_ready
from ._job import Array, Job, Run, Weights, doubtful, exponents, jax_chunk, numpy_chunk, space, totals
from ._program import Gather, Program
from ._run_numpy import Raw, run_each

CHECKED = 8
"""Rows of a new compiled program that are worked out in NumPy too."""
TUNE_ABOVE = 3e10
"""Products above which other chunk sizes and kernels are tried on the first chunks: each costs a compilation."""
MOST_SEEN = 256
"""Most tables and checks kept for a plan."""


class Disbelieved(Exception):
    """Why a compiled program is not believed."""


@dataclass
class _Stream:
    """Chunks on their way through the device."""

    job: Job
    ready: Ready
    double: Ready
    precision: Precision
    chunk: int
    kernel: device.Kernel
    tables: Sequence[Any]
    codes: NDArray[Any]
    mantissa: Array
    exponent: NDArray[np.int64]
    lost: list[NDArray[np.intp]] = field(default_factory=list[NDArray[np.intp]])

    @property
    def checked(self) -> tuple[Any, ...]:
        """Where the plan keeps how far this very program was from NumPy."""
        return ("checked", self.ready.program.each, self.precision, self.chunk, self.kernel, self.job.execution.devices)

    @property
    def worth_tuning(self) -> bool:
        """Whether the run is long enough for other programs to be compiled and timed."""
        _, each = self.ready.program.operations
        tuned = ("tuned", self.precision, self.job.execution.devices) in self.job.plan.seen
        work = each * self.job.rows
        return self.job.execution.chunk is None and not tuned and work > TUNE_ABOVE and self.job.rows > 8 * self.chunk

    def send(self, start: int) -> tuple[slice, tuple[Any, ...]]:
        """Start a chunk, without waiting for it."""
        at = slice(start, min(start + self.chunk, self.job.rows))
        block = self.codes[:, at]
        short = self.chunk - block.shape[1]
        block = np.pad(block, ((0, 0), (0, short))) if short else np.ascontiguousarray(block)
        sent = device.columns_to_device(block, self.job.execution.devices)
        return at, device.start_chunk(self.ready.program, self.tables, sent, self.precision, self.kernel)

    def check(self, begun: tuple[slice, tuple[Any, ...]]) -> float | None:
        """The largest difference from NumPy on a few rows of a chunk, as a share of the row's weight.

        Rows that this precision cannot hold are done again anyway; None where there are no others.
        """
        at, found = begun
        raw = device.finish_chunk(found, at.stop - at.start)
        lost = doubtful(raw, self.ready, device.SMALLEST[self.precision], self.job.plan.blocks(self.job.fixed))
        rows = at.stop - at.start
        held: NDArray[np.intp] = np.flatnonzero(np.ones(rows, dtype=bool) if lost is None else ~lost)
        if not held.size:
            return None
        some = held[np.linspace(0, held.size - 1, CHECKED).astype(np.intp)]  # the last too: where sizes go wrong
        difference = _difference(self, raw, at, some)
        if not difference <= _tolerance(self.job.plan, self.precision):  # so written that NaN is refused
            raise Disbelieved(
                f"{device.release()} differs from NumPy by {difference:.2g} of a row's weight on {CHECKED} rows of "
                "this plan"
            )
        return difference

    def store(self, begun: tuple[slice, tuple[Any, ...]]) -> NDArray[np.intp]:
        """Put a chunk where it belongs; the rows that this precision cannot hold."""
        at, found = begun
        raw = device.finish_chunk(found, at.stop - at.start)
        self.mantissa[..., at] = raw.weights
        if self.job.exponents:
            part = {name: self.job.columns[name][at] for name in self.ready.program.names}
            self.exponent[at] = exponents(self.ready, raw, part)
        blocks = self.job.plan.blocks(self.job.fixed)
        lost = doubtful(raw, self.ready, device.SMALLEST[self.precision], blocks)
        return np.zeros(0, dtype=np.intp) if lost is None else np.flatnonzero(lost) + at.start


def run_jax(job: Job, double: Ready) -> Weights:
    """The weights of a job.

    Args:
        job: what is to be run.
        double: the program as NumPy runs it, for the check and for rows that single precision cannot hold.

    Raises:
        Disbelieved: the compiler gave a wrong number; nothing of it was kept.
        TooWide: the budget ran out.
    """
    started = time.monotonic()
    precision: Precision = job.execution.precision or "single"
    if (wrong := device.self_test(precision)) is not None:
        raise Disbelieved(wrong)
    stream = _stream(job, double, precision)
    compile_seconds, again = 0.0, list[NDArray[np.intp]]()
    waiting, start = None, 0
    if stream.worth_tuning:
        start, compile_seconds = _tune(stream)
    checked = stream.checked
    while start < job.rows:
        job.check_time(start)
        begun = stream.send(start)
        start = begun[0].stop
        if checked not in job.plan.seen:
            if (difference := stream.check(begun)) is not None:
                job.plan.seen[checked] = difference
            compile_seconds = time.monotonic() - started
        if waiting is not None:
            again.append(stream.store(waiting))
        waiting = begun
    if waiting is not None:
        again.append(stream.store(waiting))
    again += stream.lost
    redone = np.concatenate(again)  # there is at least one chunk
    if redone.size:
        numpy_chunk(job, double, redone, stream.mantissa, stream.exponent)
    many = f", {len(job.execution.devices)} devices" if job.execution.devices else ""
    run = Run(
        "jax",
        precision,
        job.rows,
        stream.chunk,
        time.monotonic() - started,
        compile_seconds,
        checked=job.plan.seen.get(checked),
        redone=int(redone.size),
        device=device.release() + many,
    )
    return Weights(stream.mantissa, stream.exponent, run)


def _tune(stream: _Stream) -> tuple[int, float]:
    """Time a few programs on the first chunks, keep the fastest in the plan, and the rows that they worked out.

    Returns:
        The first row that is still to do, and the seconds spent on compiling.
    """
    start, compiling = 0, 0.0
    speed: dict[tuple[int, device.Kernel], float] = {}
    devices = len(stream.job.execution.devices or (None,))
    first = stream.chunk
    for chunk in (first, -(-max(first // 8, 256) // devices) * devices):
        for kernel in ("sum", "dot"):
            stream.chunk, stream.kernel = chunk, kernel
            began = time.monotonic()
            begun = stream.send(start)
            if (difference := stream.check(begun)) is not None:
                stream.job.plan.seen[stream.checked] = difference
            compiled = time.monotonic()
            begun = stream.send(start)
            stream.lost.append(stream.store(begun))
            done = time.monotonic()
            speed[chunk, kernel] = chunk / (done - compiled)
            compiling += compiled - began
            start = begun[0].stop
    stream.chunk, stream.kernel = max(speed, key=speed.__getitem__)
    stream.job.plan.seen["tuned", stream.precision, stream.job.execution.devices] = stream.chunk, stream.kernel
    return start, compiling


def _stream(job: Job, double: Ready, precision: Precision) -> _Stream:
    ready = get_ready(job.plan, job.fixed, job.rows, device.SMALLEST[precision])
    devices = job.execution.devices
    key = ("tables", tuple(job.fixed.values()), ready.program, precision, devices)
    if key not in job.plan.seen:
        if len(job.plan.seen) > MOST_SEEN:
            job.plan.seen.clear()
        job.plan.seen[key] = device.to_device(ready.arguments, precision, devices)
    chunk: int = jax_chunk(ready.program, job.rows, job.budget, job.execution)
    kernel: device.Kernel = "sum"
    if job.execution.chunk is None:
        chunk, kernel = job.plan.seen.get(("tuned", precision, devices), (chunk, kernel))
    codes = _codes(job, ready.program)
    return _Stream(job, ready, double, precision, chunk, kernel, job.plan.seen[key], codes, *space(job))


def _codes(job: Job, program: Program) -> NDArray[Any]:
    """Columns as small whole numbers: what goes to the device."""
    sizes = {n: s for op in program.each if isinstance(op, Gather) for n, s in zip(op.names, op.sizes, strict=True)}
    kind = np.uint8 if max(sizes.values(), default=1) <= 256 else np.int32
    out = np.empty((len(program.names), job.rows), dtype=kind)
    for line, name in zip(out, program.names, strict=True):
        line[:] = job.columns[name]
    return out


def _difference(stream: _Stream, raw: Raw, at: slice, some: NDArray[np.intp]) -> float:
    job, double = stream.job, stream.double
    part = {name: job.columns[name][at][some] for name in double.program.names}
    wanted = run_each(double.program, double.arguments, part)
    blocks = job.plan.blocks(job.fixed)
    shares = [_shares(weights, blocks) for weights in (raw.weights[..., some], wanted.weights)]
    difference = float(np.abs(shares[0] - shares[1]).max(initial=0.0))
    if blocks:  # the weight is a result by itself: its shares say nothing
        scale = exponents(stream.ready, _some(raw, some), part) - exponents(double, wanted, part)
        found = np.ldexp(raw.weights[0, some], np.clip(scale, -2000, 2000))
        difference = max(difference, float(np.abs(_ratio(found, wanted.weights[0]) - 1).max(initial=0.0)))
    return difference


def _some(raw: Raw, rows: NDArray[np.intp]) -> Raw:
    return Raw(raw.weights[..., rows], None if raw.exponent is None else raw.exponent[rows])


def _ratio(found: Array, wanted: Array) -> Array:
    both_zero = (found == 0) & (wanted == 0)
    return np.where(both_zero, 1.0, found) / np.where(both_zero, 1.0, np.where(wanted == 0, np.nan, wanted))


def _shares(weights: Array, blocks: tuple[int, ...]) -> Array:
    total = totals(weights, blocks)
    total = np.where(total > 0, total, 1.0)
    if not blocks:
        return weights / total[0]
    return weights / np.repeat(total, blocks, axis=0)


def _tolerance(plan: Plan, precision: Precision) -> float:
    """How far a compiled program may be from NumPy on a row's shares: rounding, and no wrong formula."""
    return 1e-4 if precision == "single" else max(plan.rounding, 1e-11)
