"""The NumPy executor: float64, nothing to compile; small jobs, and the check on the compiled one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._path import BATCH
from ._program import NARROW, Gather, Labels, Pair, Program, Rescale, Stack

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Kernel: TypeAlias = Callable[[Array, Array], Array]
Keep: TypeAlias = Callable[[Array], Array]

SMALLEST = -1022.0
"""Binary logarithm of the smallest number that float64 holds in full."""


@dataclass(frozen=True)
class Raw:
    """What an executor gives back.

    Attributes:
        weights: outputs, then rows where the program has any.
        exponent: powers of two taken out of each row, or None where none were.
        narrow: rows in which a rescale found entries too small beside the largest; None where nothing was rescaled.
        raised: powers of two by which each row was multiplied up.
    """

    weights: Array
    exponent: NDArray[np.int64] | None = None
    narrow: NDArray[np.bool_] | None = None
    raised: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Open:
    """A result of the prelude: `array * 2**exponent`, the exponent over the open axes (or absent)."""

    array: Array
    exponent: NDArray[np.int64] | None = None


def run_prelude(program: Program, factors: Sequence[Array], keep: Keep | None = None) -> list[Array]:
    """Every slot of the prelude: the factors, then what is worked out once.

    Args:
        program: what to do.
        factors: open axes last.
        keep: done to every array (see `support`).
    """
    slots: list[Any] = [f if keep is None else keep(f) for f in factors]
    wanted = set(program.arguments)
    for op in program.prelude:
        found = _pair(op, slots)
        slots.append(found if keep is None else keep(found))
        drop(slots, op, wanted)
    return slots


def drop(slots: list[Any], op: Pair, wanted: AbstractSet[int]) -> None:
    """Forget operands: each is read once, and the memory of a run is that of the arrays still to be read."""
    for slot in (op.left, op.right):
        if slot is not None and slot not in wanted:
            slots[slot] = None


def run_careful(program: Program, factors: Sequence[Array]) -> tuple[dict[int, Open], bool]:
    """As `run_prelude`, every array brought near one for each joint value of its open axes.

    Returns:
        The arguments of the part for each row, by slot, and whether some entries are so small beside the largest
        that products of them may be lost.
    """
    narrow = False
    arrays: list[Any] = []
    exponents: list[Any] = []
    wanted = set(program.arguments)
    opened = set(program.opened)

    def near_one(array: Array, axes: Labels, exponent: Any) -> None:
        nonlocal narrow
        free = tuple(i for i, x in enumerate(axes) if x not in opened)
        _, power = np.frexp(array.max(axis=free, initial=0.0))
        out = np.ldexp(array, -power)
        narrow = narrow or bool((out[out > 0] < 2.0 ** (SMALLEST * NARROW)).any())
        arrays.append(out)
        exponents.append(power + exponent)

    for f, axes in zip(factors, program.factor_axes, strict=True):
        near_one(f, axes, 0)
    for op in program.prelude:
        array = _pair(op, arrays)
        names = [x for x in op.out_axes if x in opened]
        exponent: Any = 0
        for slot, axes in ((op.left, op.left_axes), (op.right, op.right_axes)):
            if slot is not None:
                own = [x for x in axes if x in opened]
                exponent = exponent + _spread(exponents[slot], own, names)
        near_one(array, op.out_axes, exponent)
        drop(arrays, op, wanted)
    return {i: Open(arrays[i], exponents[i]) for i in program.arguments}, narrow


def _spread(exponent: Any, own: Sequence[int], names: Sequence[int]) -> Any:
    """An exponent over `own` open axes as one that broadcasts over `names`."""
    exponent = np.asarray(exponent).transpose([own.index(x) for x in names if x in own])
    return exponent.reshape([exponent.shape[[y for y in names if y in own].index(x)] if x in own else 1 for x in names])


def support(array: Array) -> Array:
    """Where `array` is positive, as 0 and 1: what is possible at all, however improbable."""
    return (array > 0).astype(float)


def run_each(
    program: Program, arguments: Sequence[Array], columns: Mapping[str, Codes], keep: Keep | None = None
) -> Raw:
    """The part for each row, for one chunk of rows.

    Args:
        program: what to do.
        arguments: arrays in the order of `program.arguments`.
        columns: for each placeholder, the positions of the rows' values.
        keep: done to every product (see `support`).
    """
    slots: list[Any] = list(arguments)
    index: dict[tuple[str, ...], Codes] = {}
    scale = _Scale()
    for k, op in enumerate(program.each):
        match op:
            case Pair():
                found = _pair(op, slots)
                slots.append(found if keep is None else keep(found))
            case Gather(source, names, sizes):
                if names not in index:
                    index[names] = flat_index(names, sizes, columns)
                table = slots[source]
                flat = table.reshape(*table.shape[: table.ndim - len(names)], math.prod(sizes))
                slots.append(flat.take(index[names], axis=-1))
            case Rescale(source, _, kept):
                slots.append(slots[source] if keep is not None else scale.rescale(slots[source], kept=kept))
            case Stack(sources, batched):
                slots.append(_stacked([slots[x] for x in sources], batched))
        for slot in program.spent[k]:
            slots[slot] = None
    return Raw(slots[-1], scale.exponent, scale.narrow, scale.raised)


def _stacked(arrays: Sequence[Array], batched: Sequence[bool]) -> Array:
    rows = arrays[0].shape[-1]  # the first result has rows
    sizes = [math.prod(a.shape[:-1]) if b else a.size for a, b in zip(arrays, batched, strict=True)]
    out = np.empty((sum(sizes), rows))
    top = 0
    for array, size in zip(arrays, sizes, strict=True):
        out[top : top + size] = array.reshape(size, -1)
        top += size
    return out


def flat_index(names: tuple[str, ...], sizes: tuple[int, ...], columns: Mapping[str, Codes]) -> Codes:
    """Where each row's values stand in the flattened open axes."""
    out = columns[names[0]]
    for name, size in zip(names[1:], sizes[1:], strict=True):
        out = out * size + columns[name]
    return out


class _Scale:
    """Powers of two taken out so far, one a row."""

    def __init__(self) -> None:
        self.exponent: NDArray[np.int64] | None = None
        self.narrow: NDArray[np.bool_] | None = None
        self.raised: NDArray[np.int64] | None = None

    def rescale(self, array: Array, *, kept: bool = True) -> Array:
        axes = tuple(range(array.ndim - 1))
        _, power = np.frexp(array.max(axis=axes, initial=0.0))
        out = np.ldexp(array, -power)
        least = np.where(out > 0, out, 1.0).min(axis=axes, initial=1.0)
        narrow = least < 2.0 ** (SMALLEST * NARROW)
        power = power.astype(np.int64)
        up = np.maximum(-power, 0)
        if kept:
            self.exponent = power if self.exponent is None else self.exponent + power
        self.narrow = narrow if self.narrow is None else self.narrow | narrow
        self.raised = up if self.raised is None else self.raised + up
        return out


def _pair(op: Pair, slots: Sequence[Any]) -> Array:
    if op.right is None:
        return _sum_alone(slots[op.left], op.left_axes, op.out_axes)
    return kernel(op.left_axes, op.right_axes, op.out_axes)(slots[op.left], slots[op.right])


def _sum_alone(array: Array, axes: Labels, out: Labels) -> Array:
    gone = tuple(i for i, x in enumerate(axes) if x not in out)
    left = [x for x in axes if x in out]
    return np.transpose(array.sum(axis=gone) if gone else array, [left.index(x) for x in out])


@lru_cache(maxsize=8192)
def kernel(left: Labels, right: Labels, out: Labels) -> Kernel:
    """How two arrays with these axes are multiplied and summed: by matrix product where only one has rows."""
    summed = [x for x in left if x in right and x not in out]
    if summed and not (BATCH in left and BATCH in right):
        return _matrix_product(left, right, out, summed)
    letters = {x: chr(97 + i) if i < 26 else chr(39 + i) for i, x in enumerate(dict.fromkeys((*left, *right)))}
    if len(letters) > 52:
        return _by_number(left, right, out)
    spec = ",".join("".join(letters[x] for x in axes) for axes in (left, right))
    spec += "->" + "".join(letters[x] for x in out)
    return lambda a, b: _einsum(spec, a, b)


_einsum: Any = np.einsum


def _by_number(left: Labels, right: Labels, out: Labels) -> Kernel:
    number = {x: i for i, x in enumerate(dict.fromkeys((*left, *right)))}
    at = [[number[x] for x in axes] for axes in (left, right, out)]
    return lambda a, b: _einsum(a, at[0], b, at[1], at[2])


def _matrix_product(left: Labels, right: Labels, out: Labels, summed: list[int]) -> Kernel:
    """[shared, own left, summed] @ [shared, summed, own right], as one stack of matrix products."""
    shared = [x for x in out if x in left and x in right]
    # Labels that only one operand has and the result has not are summed out of it first.
    own = [x for x in out if x in left and x not in right], [x for x in out if x in right and x not in left]
    first = _arranged(left, [*shared, *own[0], *summed])
    second = _arranged(right, [*shared, *summed, *own[1]])
    found = [*shared, *own[0], *own[1]]
    back = tuple(found.index(x) for x in out)
    k, s, p, q = len(shared), len(summed), len(own[0]), len(own[1])

    def run(a: Array, b: Array) -> Array:
        a, b = first(a), second(b)
        heads, rows, ends = a.shape[:k], a.shape[k : k + p], b.shape[k + s :]
        inner = math.prod(b.shape[k : k + s])
        product = np.matmul(
            a.reshape((*heads, math.prod(rows), inner)), b.reshape((*heads, inner, math.prod(ends)))
        ).reshape((*heads, *rows, *ends))
        return product.transpose(back)

    del q
    return run


def _arranged(axes: Labels, wanted: list[int]) -> Callable[[Array], Array]:
    gone = tuple(i for i, x in enumerate(axes) if x not in wanted)
    left = [x for x in axes if x in wanted]
    order = tuple(left.index(x) for x in wanted)
    if not gone and order == tuple(range(len(order))):
        return lambda array: array
    if not gone:
        return lambda array: array.transpose(order)
    return lambda array: array.sum(axis=gone).transpose(order)
