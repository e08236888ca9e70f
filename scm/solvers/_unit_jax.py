"""A kernel on JAX: columns, chunks of one padded shape, spread over devices; the first rows checked against NumPy."""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._execution import Execution, Precision
from . import _run_jax as device
from ._unit_chunk import (
    CHUNK,
    DEVICE_CHUNK,
    LOOKED_AT,
    ChunkResult,
    Columns,
    Disbelieved,
    Ran,
    check_sound,
    refuse_fault,
)
from ._unit_kernel import Kernel, Worked, at_point, numpy_chunk, start
from ._unit_tally import Figures, Tally, merged

CHECKED = 8
"""Units of a new compiled program that are worked out in NumPy too."""
TILE = 1 << 12
"""Rows that a CPU works on at once: what is worked out on the way stays in the cache."""
CPU_CHUNK = 1 << 17
"""Rows that it is sent at once: room for what is on the way is taken once for all of them."""
TOLERANCE: dict[Precision, float] = {"single": 2e-3, "double": 1e-9}
"""How far a compiled program may be from NumPy: rounding, and no wrong formula."""


@dataclass(frozen=True)
class Sent:
    """A chunk on its way."""

    columns: Columns
    rows: int
    first: int
    found: Any


@dataclass
class JaxWorker:
    """Chunks on JAX, sent without waiting."""

    kernel: Kernel
    points: Mapping[str, NDArray[Any]]
    chunk: int
    precision: Precision
    devices: tuple[Any, ...] | None
    started: float = field(default_factory=time.monotonic)
    compile_seconds: float = 0.0

    @staticmethod
    def of(
        kernel: Kernel, points: Mapping[str, NDArray[Any]], execution: Execution, rows: int, kind: np.dtype[Any]
    ) -> JaxWorker:
        """A worker for a population.

        Raises:
            Disbelieved: the compiler fails its start-up test.
        """
        precision = execution.precision or ("single" if kind == np.float32 else "double")
        if wrong := device.self_test(precision):
            raise Disbelieved(wrong)
        return JaxWorker(kernel, points, _chunk(rows, execution), precision, execution.devices)

    @property
    def ran(self) -> Ran:
        """See `Worker`."""
        seconds = time.monotonic() - self.started
        checked = self.kernel.kept.get(("checked", self._key))
        name = f"jax {self.precision}"
        return Ran(name, self.chunk, seconds, self.compile_seconds, checked, None, device.release())

    @property
    def _key(self) -> tuple[Any, ...]:
        return self.precision, self.chunk, self.devices

    def send(self, columns: Columns, rows: int, first: int) -> Sent:
        """See `Worker`."""
        began = time.monotonic()
        with device.precision_of(self.precision):
            given = [self._placed(_padded(columns[name], rows, self.chunk)) for name in self.kernel.names]
            points = [p.astype(self._float) if p.dtype.kind == "f" else p for p in self.points.values()]
            found = self._compiled()(tuple(given), tuple(points), np.int32(rows))
        sent = Sent(columns, rows, first, found)
        if ("checked", self._key) not in self.kernel.kept:
            self._check(sent)
            self.compile_seconds += time.monotonic() - began
        return sent

    def finish(self, sent: Sent) -> ChunkResult:
        """See `Worker`."""
        outputs, tallies, noises, defined, all_defined, sound = sent.found
        if not bool(np.all(sound)):
            self._refuse(sent)
        rows = sent.rows
        result = ChunkResult(
            [np.asarray(o)[:, :rows] for o in outputs],
            [_joined(t, f) for t, f in zip(self.kernel.tallies, tallies, strict=True)],
            [np.asarray(n)[:rows] for n in noises],
            None if bool(all_defined) else np.asarray(defined)[:rows],
        )
        if result.defined is not None:
            self._look_again(sent, np.flatnonzero(~result.defined)[:LOOKED_AT])
        return result

    # --- the compiled program -----------------------------------------------------------------------------------------

    @property
    def _float(self) -> type[np.floating[Any]]:
        return np.float32 if self.precision == "single" else np.float64

    def _placed(self, column: Any) -> Any:
        if isinstance(column, np.ndarray) and column.dtype.kind == "f" and column.dtype != self._float:
            column = column.astype(self._float)
        if self.devices is None:
            return column
        import jax

        return jax.device_put(column, _spread(self.devices))

    def _compiled(self) -> Callable[..., Any]:
        key = ("jitted", self.precision, self.chunk)
        if key not in self.kernel.kept:
            import jax

            device.keep_executables()
            spacing = float(np.finfo(self._float).eps)
            tiled = self.devices is None and jax.default_backend() == "cpu" and self.chunk % TILE == 0
            tile = TILE if tiled else self.chunk
            program = partial(_program, self.kernel, tuple(self.points), spacing, self.chunk, tile)
            self.kernel.kept[key] = jax.jit(program)
            self.kernel.kept["jitted"] = True
        return self.kernel.kept[key]

    # --- trust --------------------------------------------------------------------------------------------------------

    def _check(self, sent: Sent) -> None:
        """Compare the first units, and the figures of the whole chunk, with NumPy in double precision.

        Raises:
            Disbelieved: they differ.
        """
        rows = sent.rows if self.kernel.tallies else min(CHECKED, sent.rows)
        columns = {name: _double(sent.columns[name][:rows]) for name in self.kernel.names}
        spacing = float(np.finfo(self._float).eps)
        wanted = numpy_chunk(self.kernel, columns, self.points, rows, spacing)
        check_sound(self.kernel, columns, self.points, wanted, rows, sent.first)
        outputs, tallies = sent.found[0], sent.found[1]
        worst = 0.0
        for k, work in enumerate(wanted):
            defined = np.broadcast_to(work.defined, (rows,))
            for values, true in zip(outputs, work.outputs, strict=True):
                worst = max(worst, _off(np.asarray(values[k])[:rows][defined], np.asarray(true)[defined]))
            for tally, figures, true in zip(self.kernel.tallies, tallies, work.tallies, strict=True):
                worst = max(worst, _off(_joined(tally, figures)[k], np.asarray(true)))
        if not worst <= TOLERANCE[self.precision]:
            raise Disbelieved(f"{device.release()} differed from NumPy by {worst:.2g}, relative to the values")
        self.kernel.kept["checked", self._key] = worst

    def _refuse(self, sent: Sent) -> None:
        columns = {name: _double(column) for name, column in sent.columns.items()}
        found = numpy_chunk(self.kernel, columns, self.points, sent.rows, float(np.finfo(self._float).eps))
        check_sound(self.kernel, columns, self.points, found, sent.rows, sent.first)
        sound = np.asarray(sent.found[-1]).reshape(-1)
        point = {name: p[int(np.argmin(sound))] for name, p in self.points.items()}
        refuse_fault(self.kernel, columns, point, 0, sent.first + 1)

    def _look_again(self, sent: Sent, rows: NDArray[np.intp]) -> None:
        """Undefined units in NumPy, which tells impossible evidence from a mechanism that gives no number."""
        columns = {name: _double(column)[rows] for name, column in sent.columns.items()}
        found = numpy_chunk(self.kernel, columns, self.points, len(rows), float(np.finfo(self._float).eps))
        for worked in found:
            if not np.all(worked.sound):
                at = int(np.argmin(np.broadcast_to(worked.sound, (len(rows),))))
                refuse_fault(self.kernel, columns, {n: p[0] for n, p in self.points.items()}, at,
                             sent.first + int(rows[at]) + 1)  # fmt: skip


def _program(
    kernel: Kernel,
    grid: tuple[str, ...],
    spacing: float,
    size: int,
    tile: int,
    columns: tuple[Any, ...],
    points: tuple[Any, ...],
    count: Any,
) -> Any:
    """A chunk, tile by tile: what is worked out on the way stays in the cache, and takes little room.

    Returns:
        Outputs, shape (points, size); tallies, (tiles, points, ...); noises and which units are defined, (size,);
        whether all are, and whether every mechanism gave numbers.
    """
    import jax
    import jax.numpy as jnp

    def one(at: tuple[Any, ...]) -> Any:
        return _traced(kernel, grid, spacing, tile, at[1:], points, count - at[0], count)

    tiles = size // tile
    starts = jnp.arange(tiles, dtype=jnp.int32) * tile
    parts = (starts, *(column.reshape(tiles, tile) for column in columns))
    if tiles > 1:
        outputs, tallies, noises, defined, all_defined, sound = jax.lax.map(one, parts)
    else:
        found = one(tuple(part[0] for part in parts))
        outputs, tallies, noises, defined, all_defined, sound = jax.tree.map(_lifted, found)
    outputs = tuple(jnp.moveaxis(o, 0, 1).reshape(o.shape[1], size) for o in outputs)
    noises = tuple(n.reshape(size) for n in noises)
    return outputs, tallies, noises, defined.reshape(size), jnp.all(all_defined), jnp.all(sound)


def _traced(
    kernel: Kernel,
    grid: tuple[str, ...],
    spacing: float,
    size: int,
    columns: tuple[Any, ...],
    points: tuple[Any, ...],
    count: Any,
    whole: Any,
) -> Any:
    """One tile, of which the first `count` units are there; `whole` of the chunk are."""
    import jax
    import jax.numpy as jnp

    among = jnp.arange(size) < count

    def hold(value: Any) -> Any:
        # XLA on a CPU puts cheap operations into every loop that reads their result, and those that they read in turn,
        # without end: a model of 20 variables took twice the time. A condition that is only known at run time is a
        # boundary (optimization_barrier is none there).
        return jax.lax.cond(whole >= 0, _same, _other, value)

    on_cpu = jax.default_backend() == "cpu"
    given = dict(zip(kernel.names, columns, strict=True))
    run = start(kernel, given, jnp, spacing, hold) if on_cpu else start(kernel, given, jnp, spacing)

    def one(point: tuple[Any, ...]) -> Any:
        worked: Worked = at_point(kernel, run, dict(zip(grid, point, strict=True)), among, size)
        sound = jnp.all(jnp.asarray(worked.sound) | ~among)
        return tuple(worked.outputs), tuple(worked.tallies), tuple(worked.noises), sound

    if points:
        outputs, tallies, noises, sound = jax.lax.map(one, points)
        noises = tuple(n[0] for n in noises)
    else:
        outputs, tallies, noises, sound = one(())
        outputs, tallies = tuple(o[None] for o in outputs), tuple(t[None] for t in tallies)
    defined = jnp.broadcast_to(jnp.asarray(run.defined), (size,))
    return outputs, tallies, noises, defined, jnp.all(defined | ~among), jnp.all(sound)


def _lifted(value: Any) -> Any:
    return value[None]


def _same(value: Any) -> Any:
    return value


def _other(value: Any) -> Any:
    return value + 1


def _chunk(rows: int, execution: Execution) -> int:
    import jax

    many = len(execution.devices or (None,))
    usual = (CPU_CHUNK if many == 1 else CHUNK * many) if jax.default_backend() == "cpu" else DEVICE_CHUNK * many
    chunk = execution.chunk or min(usual, 1 << max(rows - 1, 255).bit_length())
    return -(-chunk // many) * many


def _padded(column: Any, rows: int, chunk: int) -> Any:
    """A column as long as a chunk: the last unit again, which is possible wherever the others are."""
    if rows == chunk:
        return column
    column = np.asarray(column)
    return (
        np.concatenate([column, np.broadcast_to(column[-1:], (chunk - rows,))])
        if rows
        else np.zeros(chunk, column.dtype)
    )


def _joined(tally: Tally, figures: Any) -> Figures:
    """The figures of all tiles together, in double precision."""
    found: Figures | None = None
    for part in np.asarray(figures, dtype=np.float64):
        found = merged(tally, found, part)
    assert found is not None
    return found


def _double(column: Any) -> NDArray[Any]:
    column = np.asarray(column)
    return column.astype(np.float64) if column.dtype.kind == "f" else column


def _off(found: Any, true: Any) -> float:
    """The largest difference, relative to the largest value."""
    scale = float(np.max(np.abs(true), initial=0.0)) or 1.0
    return float(np.max(np.abs(np.asarray(found, dtype=np.float64) - true), initial=0.0)) / scale


def _spread(devices: tuple[Any, ...]) -> Any:
    if len(devices) == 1:
        return devices[0]
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    return NamedSharding(Mesh(np.array(devices), ("rows",)), PartitionSpec("rows"))
