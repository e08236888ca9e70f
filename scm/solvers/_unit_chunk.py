"""Chunks of a population: what one gives, and how NumPy works one out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidQuery
from .._syntax import Var
from ._unit_kernel import Kernel, Worked, numpy_chunk
from ._unit_run import error_of
from ._unit_tally import Figures

Columns = Mapping[str, Any]

CHUNK = 1 << 16
"""Rows that are worked on at once: their columns stay in a processor's cache."""
DEVICE_CHUNK = 1 << 20
"""The same on an accelerator."""
LOOKED_AT = 4096
"""Undefined units of a chunk that are looked at again, for mechanisms that give no number."""


@dataclass(frozen=True)
class ChunkResult:
    """What a chunk gave, on the host.

    Attributes:
        outputs: shape (points, rows) each.
        tallies: for each, figures with the points first.
        noises: shape (rows,) each.
        defined: for each row; None where all are.
    """

    outputs: list[NDArray[Any]]
    tallies: list[Figures]
    noises: list[NDArray[Any]]
    defined: NDArray[np.bool_] | None


@dataclass(frozen=True)
class Ran:
    """How a population was worked on.

    Attributes:
        executor: `numpy`, or `jax` with its precision.
        chunk: rows at once.
        seconds: of wall time, `compile_seconds` of them compiling.
        checked: how far the compiled program was from NumPy on some rows, relative to the values.
        fallback: why a compiled program was not believed.
        device: release and kind.
    """

    executor: str
    chunk: int
    seconds: float = 0.0
    compile_seconds: float = 0.0
    checked: float | None = None
    fallback: str | None = None
    device: str | None = None


class Disbelieved(Exception):
    """Why a compiled program is not believed."""


class Worker(Protocol):
    """Works on chunks, perhaps several at a time."""

    def send(self, columns: Columns, rows: int, first: int) -> Any:
        """Start a chunk whose first row is `first`."""
        ...

    def finish(self, sent: Any) -> ChunkResult:
        """Wait for a chunk that was started."""
        ...

    @property
    def ran(self) -> Ran:
        """How, so far."""
        ...


@dataclass
class NumpyWorker:
    """Chunks in NumPy, as they are sent."""

    kernel: Kernel
    points: Mapping[str, NDArray[Any]]
    spacing: float
    chunk: int
    started: float = field(default_factory=time.monotonic)
    fallback: str | None = None

    def send(self, columns: Columns, rows: int, first: int) -> ChunkResult:
        """See `Worker`."""
        found = numpy_chunk(self.kernel, columns, self.points, rows, self.spacing)
        check_sound(self.kernel, columns, self.points, found, rows, first)
        return gather(found, rows)

    def finish(self, sent: ChunkResult) -> ChunkResult:
        """See `Worker`."""
        return sent

    @property
    def ran(self) -> Ran:
        """See `Worker`."""
        return Ran("numpy", self.chunk, time.monotonic() - self.started, fallback=self.fallback)


def gather(found: Sequence[Worked], rows: int) -> ChunkResult:
    """One chunk's results at every point, together."""
    defined = found[0].defined
    return ChunkResult(
        [_points([w.outputs[k] for w in found]) for k in range(len(found[0].outputs))],
        [np.stack([w.tallies[k] for w in found]) for k in range(len(found[0].tallies))],
        [np.asarray(n) for n in found[0].noises],
        None if np.all(defined) else np.broadcast_to(np.asarray(defined), (rows,)),
    )


def _points(columns: list[Any]) -> NDArray[Any]:
    return np.stack(columns) if len(columns) > 1 else np.asarray(columns[0])[None]


def check_sound(
    kernel: Kernel, columns: Columns, points: Mapping[str, Any], found: Sequence[Worked], rows: int, first: int
) -> None:
    """That every mechanism gave a number for each unit that can be.

    Raises:
        InvalidModel: with the mechanism and the row.
        InvalidQuery: a division by zero, or the like, in what is asked.
    """
    for k, worked in enumerate(found):
        at = {name: p[k] for name, p in points.items()}
        if not np.all(worked.sound):
            row = int(np.argmin(np.broadcast_to(worked.sound, (rows,))))
            refuse_fault(kernel, columns, at, row, first + row + 1)
        for expr, values in zip(kernel.outputs, worked.outputs, strict=True):
            if isinstance(expr, Var) or values.dtype.kind != "f":
                continue  # a variable itself was looked at when it was worked out
            if (wrong := ~np.isfinite(values) & np.asarray(worked.defined)).any():
                row = int(np.argmax(wrong))
                raise InvalidQuery(
                    f"Row {first + row + 1}: what is asked is {float(values[row])!r} there, as a division by zero is. "
                    "Guard it with an if."
                )


def refuse_fault(kernel: Kernel, columns: Columns, point: Mapping[str, Any], row: int, number: int) -> None:
    """Raise the error for a unit in which a mechanism gave no number.

    Raises:
        InvalidModel: with the mechanism and the row, counted from 1.
        InvalidRows: the evidence does not show a noise that is needed.
    """
    raise error_of(kernel.plan, {**columns, **point}, row, number)
