"""Room for large results: what nobody holds any more is used again.

The system clears every page that it hands out, which takes as long as the work along linear mechanisms does.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

SMALLEST = 1 << 20
"""Bytes below which the allocator does as well."""
MOST = 1 << 28
"""Bytes that are kept at most, in all."""


def room(shape: tuple[int, ...], kind: np.dtype[Any]) -> NDArray[Any]:
    """An array with whatever is in it, as `np.empty` gives one."""
    size = math.prod(shape) * kind.itemsize
    if not SMALLEST <= size <= MOST:
        return np.empty(shape, dtype=kind)
    found = next(
        (p for at, raw in list(_Lent.free.items()) if _fits(raw, size) and (p := _Lent.free.pop(at, None)) is not None),
        None,
    )
    lent = _Lent(
        np.empty(max(size, 1 << 22), dtype=np.uint8) if found is None else found
    )  # large enough for large pages
    return np.asarray(lent)[:size].view(kind).reshape(shape)


def _fits(raw: NDArray[np.uint8], size: int) -> bool:
    return size <= raw.nbytes <= max(2 * size, 1 << 22)


class _Lent:
    """Memory that comes back when the last array that shows it is gone."""

    free: ClassVar[dict[int, NDArray[np.uint8]]] = {}

    def __init__(self, raw: NDArray[np.uint8]) -> None:
        self.raw = raw
        self.__array_interface__ = raw.__array_interface__

    def __del__(self, MOST: int = MOST) -> None:  # noqa: N803 (bound early: globals may be gone when a process ends)
        free = self.free
        free[id(self.raw)] = self.raw
        try:
            while sum(raw.nbytes for raw in list(free.values())) > MOST:
                free.pop(next(iter(free)), None)
        except (StopIteration, RuntimeError):  # another thread took it first
            pass
