"""Whole populations through a kernel: chunks of rows, in NumPy or on JAX, results put together as they come."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._domain import Real
from .._execution import Execution
from .._syntax import Var
from ._unit_bent import run_bent, shifts_of
from ._unit_chunk import CHUNK, ChunkResult, Columns, Disbelieved, NumpyWorker, Ran, Worker
from ._unit_kernel import Kernel
from ._unit_room import room
from ._unit_straight import is_straight, run_straight
from ._unit_tally import Figures, merged

NUMPY_STEP = 8e-9
JAX_START, JAX_COMPILE = 0.8, 0.4
"""Seconds that the choice of executor goes by: for a step of one unit in NumPy; to load JAX, and to compile."""


@dataclass
class Gathered:
    """Results of all chunks.

    Attributes:
        outputs: shape (points, rows) each; NaN (or -1) where undefined.
        tallies: for each, figures with the points first.
        noises: shape (rows,) each.
        defined: for each row.
        ran: how.
    """

    outputs: list[NDArray[Any]]
    tallies: list[Figures]
    noises: list[NDArray[Any]]
    defined: NDArray[np.bool_]
    ran: Ran


def choose(kernel: Kernel, rows: int, points: int, execution: Execution) -> str:
    """`numpy` or `jax`: what the user wants, or what is forecast to be done sooner."""
    if execution.executor is not None:
        return execution.executor
    if execution.devices is not None or execution.precision is not None:
        return "jax"
    # A question that keeps coming back is compiled sooner or later.
    spent = kernel.kept.get("spent", 0.0) + rows * points * len(kernel.plan.steps) * NUMPY_STEP
    start = 0.0 if "jitted" in kernel.kept else JAX_COMPILE + (0.0 if "jax" in sys.modules else JAX_START)
    return "jax" if spent > 2 * start + 0.01 else "numpy"


def make_worker(
    kernel: Kernel, points: Mapping[str, NDArray[Any]], execution: Execution, rows: int, kind: np.dtype[Any]
) -> Worker:
    """Who is to work on a population of so many rows, whose columns are of this kind of float."""
    many = max((len(p) for p in points.values()), default=1)
    spacing = float(np.finfo(kind).eps)
    chunk = execution.chunk or max(CHUNK // max(many, 1), 1 << 12)
    if choose(kernel, rows, many, execution) == "numpy":
        return NumpyWorker(kernel, points, spacing, chunk)
    # Imported when used: it loads JAX.
    from ._unit_jax import JaxWorker

    try:
        return JaxWorker.of(kernel, points, execution, rows, kind)
    except Disbelieved as wrong:
        return NumpyWorker(kernel, points, spacing, chunk, fallback=str(wrong))


def results(worker: Worker, chunks: Iterable[tuple[Columns, int]], first: int) -> Iterator[tuple[ChunkResult, int]]:
    """The result of each chunk with its number of rows, in order; the next one is sent before one is waited for."""
    waiting: tuple[Any, int] | None = None
    for columns, rows in chunks:
        sent = worker.send(columns, rows, first)
        first += rows
        if waiting is not None:
            yield worker.finish(waiting[0]), waiting[1]
        waiting = sent, rows
    if waiting is not None:
        yield worker.finish(waiting[0]), waiting[1]


def goes_straight(kernel: Kernel, execution: Execution) -> bool:
    """Whether units are moved along linear or additive mechanisms only, and nobody wants that done in another way."""
    if execution not in (Execution(), Execution(executor="numpy")):
        return False
    if "shifts" not in kernel.kept:
        kernel.kept["straight"] = is_straight(kernel)
        kernel.kept["shifts"] = shifts_of(kernel)
    return kernel.kept["straight"] or kernel.kept["shifts"] is not None


def run_straightly(
    kernel: Kernel, columns: Columns, points: Mapping[str, NDArray[Any]], rows: int, kind: np.dtype[Any]
) -> Gathered | None:
    """As `run_columns`, where it `goes_straight`; None where a result is no finite number, as a cell may be."""
    outputs = _space(kernel, points, rows, kind)
    if kernel.kept["straight"]:
        ran = run_straight(kernel, columns, points, rows, outputs)
    else:
        ran = run_bent(kernel, kernel.kept["shifts"], columns, points, rows, outputs, kind)
    return None if ran is None else Gathered(outputs, [], [], np.broadcast_to(np.True_, (rows,)), ran)


def run_columns(
    kernel: Kernel,
    columns: Columns,
    points: Mapping[str, NDArray[Any]],
    rows: int,
    execution: Execution,
    kind: np.dtype[Any],
    first: int = 0,
) -> Gathered:
    """A kernel over columns in memory.

    Args:
        kernel: what is wanted.
        columns: for each name that it reads, shape (rows,).
        points: for each placeholder of the grid, its values.
        rows: how many.
        execution: what the user wants of the executor.
        kind: of float that outputs have.
        first: rows before these, for messages.
    """
    worker = make_worker(kernel, points, execution, rows, kind)
    try:
        found = _run_columns(kernel, columns, points, rows, worker, kind, first)
    except Disbelieved as wrong:
        again = NumpyWorker(kernel, points, float(np.finfo(kind).eps), CHUNK, fallback=str(wrong))
        found = _run_columns(kernel, columns, points, rows, again, kind, first)
    if found.ran.executor == "numpy":
        kernel.kept["spent"] = kernel.kept.get("spent", 0.0) + found.ran.seconds
    return found


def _run_columns(
    kernel: Kernel,
    columns: Columns,
    points: Mapping[str, NDArray[Any]],
    rows: int,
    worker: Worker,
    kind: np.dtype[Any],
    first: int,
) -> Gathered:
    chunk = worker.ran.chunk
    outputs = _space(kernel, points, rows, kind)
    noises = [np.empty(rows, dtype=_noise_kind(kernel, name, kind)) for name in kernel.noises]
    tallies: list[Figures | None] = [None] * len(kernel.tallies)
    defined = np.ones(rows, dtype=bool)
    parts = (
        ({name: columns[name][start : start + chunk] for name in kernel.names}, min(chunk, rows - start))
        for start in range(0, max(rows, 1), chunk)
    )
    start = 0
    for found, count in results(worker, parts, first):
        at = slice(start, start + count)
        for out, values in zip((*outputs, *noises), (*found.outputs, *found.noises), strict=True):
            out[..., at] = values
        tallies = [merged(t, a, b) for t, a, b in zip(kernel.tallies, tallies, found.tallies, strict=True)]
        if found.defined is not None:
            defined[at] = found.defined
        start += count
    if not defined.all():
        for out in (*outputs, *noises):
            out[..., ~defined] = np.nan if out.dtype.kind == "f" else -1
    return Gathered(outputs, [t for t in tallies if t is not None], noises, defined, worker.ran)


def _space(kernel: Kernel, points: Mapping[str, NDArray[Any]], rows: int, kind: np.dtype[Any]) -> list[NDArray[Any]]:
    """Room for the outputs, those of one kind in one piece: the system gives large pieces large pages."""
    many = max((len(p) for p in points.values()), default=1)
    kinds = [_kind(kernel, k, kind) for k in range(len(kernel.outputs))]
    pieces = {own: iter(room((kinds.count(own), many, rows), own)) for own in set(kinds)}
    return [next(pieces[own]) for own in kinds]


def _kind(kernel: Kernel, k: int, kind: np.dtype[Any]) -> np.dtype[Any]:
    expr = kernel.outputs[k]
    finite = isinstance(expr, Var) and not kernel.numbers and not isinstance(kernel.domains[expr.name], Real)
    return np.dtype(np.int32) if finite else kind


def _noise_kind(kernel: Kernel, name: str, kind: np.dtype[Any]) -> np.dtype[Any]:
    return kind if isinstance(kernel.domains[name], Real) else np.dtype(np.int32)
