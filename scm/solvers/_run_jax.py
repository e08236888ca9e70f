"""The JAX executor: the part of a program that differs by row, compiled once for a chunk of rows.

Arrays keep the rows as their last axis. Tables are arguments, so that other tables of the same shape, slices and draws
of parameters run on the same executable. Where one operand has no rows a step is a matrix product; where both have
them it is a product and a sum, which the compiler fuses.
"""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._execution import Precision, precision_of
from ._path import BATCH
from ._program import NARROW, Gather, Labels, Op, Pair, Program, Rescale, Stack
from ._run_numpy import Raw

Codes = NDArray[np.intp]
Kernel: TypeAlias = Literal["sum", "dot"]
"""How two arrays with rows are multiplied: products that are summed, or a stack of matrix products. Neither is always
the faster."""
Compiled: TypeAlias = Callable[[Sequence[Any], Any], tuple[Any, ...]]

SMALLEST: dict[Precision, float] = {"single": -126.0, "double": -1022.0}
"""Binary logarithm of the smallest number that each precision holds in full."""
TRIED = 32769
"""Rows of the start-up test: the size at which jaxlib 0.10.2 goes wrong in single precision (jax issue 39103)."""

_LOCK = threading.Lock()


@lru_cache(maxsize=1)
def keep_executables() -> None:
    """Let JAX keep compiled programs on disk where the user named a folder.

    `TWINWORLD_CACHE` names one for this process unless JAX was told of its own (`JAX_COMPILATION_CACHE_DIR`). Programs
    that took a tenth of a second are kept: by default JAX keeps only those that took a whole one.
    """
    import jax

    settings: Any = jax.config
    folder = os.environ.get("TWINWORLD_CACHE")
    if folder and settings.jax_compilation_cache_dir is None:
        settings.update("jax_compilation_cache_dir", os.path.expanduser(folder))
    if settings.jax_compilation_cache_dir and "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        settings.update("jax_persistent_cache_min_compile_time_secs", 0.1)


@lru_cache(maxsize=256)
def compiled(
    each: tuple[Op, ...], arguments: int, names: tuple[str, ...], precision: Precision, kernel: Kernel
) -> Compiled:
    """The jitted part for each row; one executable for each shape of its arguments."""
    import jax

    keep_executables()

    def run(tables: Sequence[Any], columns: Any) -> tuple[Any, ...]:
        return traced(each, tables, {n: columns[i] for i, n in enumerate(names)}, precision, kernel)

    del arguments  # part of the key: the same operations on fewer arguments are another program
    jitted: Any = jax.jit(run)
    return jitted


def traced(
    each: Sequence[Op], tables: Sequence[Any], columns: Mapping[str, Any], precision: Precision, kernel: Kernel = "sum"
) -> tuple[Any, ...]:
    """Weights, and with rescales also exponent, narrow and raised (see `Raw`)."""
    import jax.numpy as jnp

    slots: list[Any] = list(tables)
    index: dict[tuple[str, ...], Any] = {}
    kept: tuple[Any, ...] = ()
    for op in each:
        match op:
            case Pair():
                slots.append(jax_pair(op, slots, kernel))
            case Gather(source, names, sizes):
                if names not in index:
                    index[names] = _flat_index(names, sizes, columns)
                table = slots[source]
                flat = table.reshape(*table.shape[: table.ndim - len(names)], -1)
                slots.append(jnp.take(flat, index[names], axis=-1, mode="clip"))
            case Rescale(source, _, counts):
                array, power, *now = _rescale(slots[source], SMALLEST[precision] * NARROW)
                power = power if counts else jnp.zeros_like(power)
                kept = (kept[0] + power, kept[1] | now[0], kept[2] + now[1]) if kept else (power, *now)
                slots.append(array)
            case Stack(sources, batched):
                slots.append(_stacked([slots[x] for x in sources], batched))
    return slots[-1], *kept


def _stacked(arrays: Sequence[Any], batched: Sequence[bool]) -> Any:
    import jax.numpy as jnp

    rows = arrays[0].shape[-1]  # the first result has rows
    flat = [
        a.reshape(-1, rows) if b else jnp.broadcast_to(a.reshape(-1, 1), (a.size, rows))
        for a, b in zip(arrays, batched, strict=True)
    ]
    return jnp.concatenate(flat)


def _flat_index(names: tuple[str, ...], sizes: tuple[int, ...], columns: Mapping[str, Any]) -> Any:
    out = columns[names[0]].astype(np.int32)
    for name, size in zip(names[1:], sizes[1:], strict=True):
        out = out * size + columns[name].astype(np.int32)
    return out


def _rescale(array: Any, narrow: float) -> tuple[Any, Any, Any, Any]:
    import jax.numpy as jnp

    axes = tuple(range(array.ndim - 1))
    power, scale = _power(array.max(axis=axes))
    out = array * scale
    least = jnp.where(out > 0, out, 1.0).min(axis=axes)
    return out, power.astype(np.int32), least < 2.0**narrow, jnp.maximum(-power, 0).astype(np.int32)


def _power(top: Any) -> tuple[Any, Any]:
    """The power of two that brings `top` near one, as a number and as a factor, read off its bits: cheap to compile."""
    import jax
    import jax.numpy as jnp

    integer, digits, bias = (np.int32, 23, 127) if top.dtype == np.float32 else (np.int64, 52, 1023)
    power = (jax.lax.bitcast_convert_type(top, integer) >> digits) - (bias - 1)
    power = jnp.where(top > 0, jnp.clip(power, 1 - bias, bias - 1), 0)
    return power, jax.lax.bitcast_convert_type((bias - power) << digits, top.dtype)


def jax_pair(op: Pair, slots: Sequence[Any], kernel: Kernel = "sum") -> Any:
    """One step on JAX arrays."""
    import jax
    import jax.numpy as jnp

    left, axes, out = slots[op.left], op.left_axes, op.out_axes
    if op.right is None:
        gone = tuple(i for i, x in enumerate(axes) if x not in out)
        kept = [x for x in axes if x in out]
        return jnp.transpose(left.sum(axis=gone), [kept.index(x) for x in out])
    right = slots[op.right]
    if kernel == "sum" and BATCH in axes and BATCH in op.right_axes:
        return _product_and_sum(left, right, axes, op.right_axes, out)
    number = {x: i for i, x in enumerate(dict.fromkeys((*axes, *op.right_axes)))}
    # On an accelerator the default would multiply in fewer bits than the numbers have.
    return jnp.einsum(
        left,
        [number[x] for x in axes],
        right,
        [number[x] for x in op.right_axes],
        [number[x] for x in out],
        precision=jax.lax.Precision.HIGHEST,
    )


def _product_and_sum(left: Any, right: Any, left_axes: Labels, right_axes: Labels, out: Labels) -> Any:
    summed = [x for x in dict.fromkeys((*left_axes, *right_axes)) if x not in out]
    order = [*summed, *out]

    def spread(array: Any, axes: Labels) -> Any:
        array = array.transpose([axes.index(x) for x in order if x in axes])
        return array.reshape([array.shape[[y for y in order if y in axes].index(x)] if x in axes else 1 for x in order])

    product = spread(left, left_axes) * spread(right, right_axes)
    return product.sum(axis=tuple(range(len(summed)))) if summed else product


# ---------------------------------------------------------------------------------------------------------------------
# One chunk


def _raw(found: Sequence[Any], rows: int) -> Raw:
    weights = np.asarray(found[0])[..., :rows].astype(np.float64)
    if len(found) == 1:
        return Raw(weights)
    exponent, narrow, raised = (np.asarray(x)[:rows] for x in found[1:])
    return Raw(weights, exponent.astype(np.int64), narrow, raised.astype(np.int64))


def start_chunk(
    program: Program, tables: Sequence[Any], columns: Any, precision: Precision, kernel: Kernel
) -> tuple[Any, ...]:
    """As `run_chunk`, without waiting: the device goes on while the next chunk is made ready."""
    with precision_of(precision):
        return compiled(program.each, len(tables), program.names, precision, kernel)(tables, columns)


def finish_chunk(found: tuple[Any, ...], rows: int) -> Raw:
    """Wait for a chunk that was started."""
    return _raw(found, rows)


def to_device(arrays: Sequence[NDArray[np.float64]], precision: Precision, devices: Sequence[Any] | None) -> list[Any]:
    """Tables on the device, a copy on each where there are several."""
    import jax

    kind = np.float32 if precision == "single" else np.float64
    with precision_of(precision):
        return [jax.device_put(a.astype(kind), _placed(devices, None)) for a in arrays]


def columns_to_device(codes: NDArray[Any], devices: Sequence[Any] | None) -> Any:
    """Codes on the device, the rows spread where there are several."""
    import jax

    return jax.device_put(codes, _placed(devices, "rows"))


def _placed(devices: Sequence[Any] | None, axis: str | None) -> Any:
    if devices is None:
        return None
    if len(devices) == 1:
        return devices[0]
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    mesh = Mesh(np.array(devices), ("rows",))
    return NamedSharding(mesh, PartitionSpec() if axis is None else PartitionSpec(None, axis))


# ---------------------------------------------------------------------------------------------------------------------
# Trust


@lru_cache(maxsize=4)
def self_test(precision: Precision) -> str | None:
    """What the compiler gets wrong on a known pattern, or None: the vmapped product of jax issue 39103."""
    import jax
    import jax.numpy as jnp

    with _LOCK, precision_of(precision):
        kind = np.float32 if precision == "single" else np.float64
        count = np.arange(TRIED, dtype=kind)
        rows = np.stack([count, 0 * count, 0 * count], axis=1)
        matrix = jnp.eye(3, dtype=kind)

        def square(row: Any) -> Any:
            return jnp.sum((matrix @ row) ** 2)

        run: Any = jax.jit(jax.vmap(square))
        found = float(np.asarray(run(rows))[-1])
    wanted = float((TRIED - 1) ** 2)
    if found == wanted:
        return None
    return f"{release()} computed {found:.0f} for {wanted:.0f} in its start-up test (jax issue 39103)"


def release() -> str:
    """The compiler's release and the kind of device, for messages."""
    import jax
    import jaxlib

    version: Any = jaxlib
    return f"jax {jax.__version__}, jaxlib {version.__version__} on {jax.default_backend()}"
