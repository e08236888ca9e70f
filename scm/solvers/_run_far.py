"""Numbers with an exponent each, for weights that float64 cannot hold beside one another.

Slow; only for rows, and tables, in which something that counts may have been too small for ordinary numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._program import Gather, Labels, Pair, Program, Rescale, Stack
from ._run_numpy import Array, Codes, drop, flat_index

Exponents = NDArray[np.int64]

NOTHING = -(1 << 40)
"""The exponent of zero, while a largest exponent is sought."""
TINY = 5e-324
"""The smallest positive number: what is positive stays so."""
MOST_PRODUCTS = 1 << 24
"""Most products that one step may hold at once."""


@dataclass(frozen=True, slots=True)
class Far:
    """`mantissa * 2**exponent`, entry by entry; a mantissa is zero, or from a half up to one."""

    mantissa: Array
    exponent: Exponents


def far(array: Array, exponent: Any = 0) -> Far:
    """`array * 2**exponent`."""
    mantissa, power = np.frexp(array)
    return Far(mantissa, np.where(mantissa > 0, power.astype(np.int64) + exponent, 0))


def near(found: Far, opened: int) -> tuple[Array, Exponents]:
    """Ordinary numbers, near one for each joint value of the last `opened` axes, and the powers taken out."""
    axes = tuple(range(found.mantissa.ndim - opened))
    top = np.where(found.mantissa > 0, found.exponent, NOTHING).max(axis=axes, initial=NOTHING)
    top = np.where(top == NOTHING, 0, top)
    out = _shifted(found, top)
    return np.where(found.mantissa > 0, np.maximum(out, TINY), 0.0), top


def _shifted(found: Far, top: Any) -> Array:
    return np.ldexp(found.mantissa, np.maximum(found.exponent - top, -2000))


def far_prelude(program: Program, factors: Sequence[Array]) -> list[Far]:
    """As `run_prelude`."""
    slots: list[Any] = [far(f) for f in factors]
    wanted = set(program.arguments)
    for op in program.prelude:
        slots.append(_pair(op, slots))
        drop(slots, op, wanted)
    return slots


def far_each(program: Program, arguments: Sequence[Far], columns: Mapping[str, Codes]) -> Far:
    """As `run_each`, for one chunk of rows; nothing needs a rescale."""
    slots: list[Any] = list(arguments)
    for k, op in enumerate(program.each):
        match op:
            case Pair():
                slots.append(_pair(op, slots))
            case Gather(source, names, sizes):
                index, table = flat_index(names, sizes, columns), slots[source]
                shape = (*table.mantissa.shape[: table.mantissa.ndim - len(names)], math.prod(sizes))
                mantissa = table.mantissa.reshape(shape).take(index, axis=-1)
                slots.append(Far(mantissa, table.exponent.reshape(shape).take(index, axis=-1)))
            case Rescale(source):
                slots.append(slots[source])
            case Stack(sources, batched):
                slots.append(_stacked([slots[x] for x in sources], batched))
        for slot in program.spent[k]:
            slots[slot] = None
    return slots[-1]


def _stacked(found: Sequence[Far], batched: Sequence[bool]) -> Far:
    rows = found[0].mantissa.shape[-1]

    def flat(array: Any, has_rows: bool) -> Any:
        return array.reshape(-1, rows) if has_rows else np.broadcast_to(array.reshape(-1, 1), (array.size, rows))

    parts = list(zip(found, batched, strict=True))
    return Far(
        np.concatenate([flat(f.mantissa, b) for f, b in parts]), np.concatenate([flat(f.exponent, b) for f, b in parts])
    )


def most_products(ops: Sequence[Any], sizes: Mapping[int, int]) -> int:
    """Products in the largest step, for one row."""
    found = [math.prod(sizes.get(x, 1) for x in {*op.left_axes, *op.right_axes}) for op in ops if isinstance(op, Pair)]
    return max(found, default=1)


def _pair(op: Pair, slots: Sequence[Far]) -> Far:
    axes = tuple(dict.fromkeys((*op.left_axes, *op.right_axes)))
    summed = [x for x in axes if x not in op.out_axes]
    order = (*summed, *op.out_axes)
    mantissa, exponent = _spread(slots[op.left], op.left_axes, order)
    if op.right is not None:
        other = _spread(slots[op.right], op.right_axes, order)
        mantissa, exponent = mantissa * other[0], exponent + other[1]
    gone = tuple(range(len(summed)))
    top = np.where(mantissa > 0, exponent, NOTHING).max(axis=gone, initial=NOTHING)
    return far(_shifted(Far(mantissa, exponent), top).sum(axis=gone), top)


def _spread(found: Far, axes: Labels, order: Labels) -> tuple[Array, Exponents]:
    """Axes in `order`, those that are not there with length one."""
    at = [axes.index(x) for x in order if x in axes]
    shape = [found.mantissa.shape[axes.index(x)] if x in axes else 1 for x in order]
    return found.mantissa.transpose(at).reshape(shape), found.exponent.transpose(at).reshape(shape)
