"""Units moved along linear mechanisms, straight into the results: as fast as memory is, with nothing to compile.

`x' = x - sum of effects times (before - after)`: what changed is worked out once, and every result is written once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._domain import Real
from .._syntax import Const, Placeholder, Var
from .._worlds import Slot
from ._unit_chunk import Columns, Ran
from ._unit_kernel import Kernel
from ._unit_plan import Move
from ._unit_room import room
from ._unit_run import constant

TILE = 1 << 19
"""Bytes of one result at once: they and the change stay in the fastest large cache."""
SPAN = 1 << 20
"""Rows for which a change is kept."""


def is_straight(kernel: Kernel) -> bool:
    """Whether every output is a variable that is moved, or stays as it is, and nothing else is wanted."""
    if kernel.tallies or kernel.noises or kernel.conditions or kernel.checks:
        return False
    plan = kernel.plan
    if not all(isinstance(step, Move) and _outside(kernel, step) for step in plan.steps):
        return False
    slots = [plan.worlds.terms[e] if isinstance(e, Var) else None for e in kernel.outputs]
    moved = {step.instance for step in plan.steps} | set(plan.worlds.fixed)
    return (
        all(
            isinstance(slot, int) and slot in moved and isinstance(kernel.domains[e.name], Real)
            for e, slot in zip(kernel.outputs, slots, strict=True)
            if isinstance(e, Var)
        )
        and None not in slots
    )


def _outside(kernel: Kernel, step: Move) -> bool:
    """Whether a step moves by columns and numbers only, and its value needs no look."""
    if step.instance in kernel.plan.ends:
        return False
    fixed = kernel.plan.worlds.fixed
    slots = [slot for _, *both, _ in step.parts for slot in both]
    return all(not isinstance(slot, int) or slot in fixed for slot in slots)


def run_straight(
    kernel: Kernel, columns: Columns, points: Mapping[str, NDArray[Any]], rows: int, outputs: list[NDArray[Any]]
) -> Ran | None:
    """Fill the outputs, shape (points, rows) each; None where a result is no finite number, as a cell may be.

    Args:
        kernel: one that `is_straight`.
        columns: what it reads, of one kind of float.
        points: of a grid.
        rows: how many.
        outputs: to be filled.
    """
    began = time.monotonic()
    steps = {step.instance: step for step in kernel.plan.steps if isinstance(step, Move)}
    slots = [kernel.plan.worlds.terms[e] for e in kernel.outputs if isinstance(e, Var)]
    many = max((len(p) for p in points.values()), default=1)
    with np.errstate(all="ignore"):
        for start in range(0, rows, SPAN):
            at = slice(start, min(start + SPAN, rows))
            for k in range(many):
                span = _Span(kernel, columns, {name: p[k] for name, p in points.items()}, at)
                for slot, out in zip(slots, outputs, strict=True):
                    assert isinstance(slot, int)
                    if not span.fill(steps.get(slot), slot, out[k, at]):
                        return None
    return Ran("numpy", min(SPAN, max(rows, 1)), time.monotonic() - began)


def all_finite(column: NDArray[Any]) -> bool:
    """Whether every number is one. A product of the column with itself is quicker than a look at each."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(np.dot(column, column)) or np.isfinite(column).all())


class _Span:
    """Some rows, with what has been worked out of them."""

    def __init__(self, kernel: Kernel, columns: Columns, point: Mapping[str, Any], at: slice) -> None:
        self.kernel, self.columns, self.point, self.at = kernel, columns, point, at
        self.changes: dict[tuple[str, Slot, Slot], Any] = {}

    def value(self, name: str, slot: Slot) -> Any:
        value = self.kernel.plan.worlds.fixed[slot] if isinstance(slot, int) else slot
        if isinstance(value, Placeholder):
            return self.point[value.name] if value.name in self.point else self.columns[value.name][self.at]
        assert isinstance(value, Const)
        return constant(value.value, self.kernel.domains[name])

    def change(self, name: str, slot: Slot, other: Slot, kind: np.dtype[Any]) -> NDArray[Any]:
        key = (name, slot, other)
        if key not in self.changes:
            own = self.changes[key] = room((self.at.stop - self.at.start,), kind)
            np.subtract(self.value(name, slot), self.value(name, other), out=own, casting="same_kind")
        return self.changes[key]

    def fill(self, step: Move | None, slot: int, out: NDArray[Any]) -> bool:
        """One result; whether all of it is finite.

        A change of nothing is +0.0 times a positive number; and x - 0.0 is x, bit for bit.
        """
        name = self.kernel.plan.worlds.instances[slot].variable
        seen = np.broadcast_to(self.value(name, slot if step is None else step.source), out.shape)
        parts = [
            (
                self.change(p, before, now, out.dtype) if effect > 0 else self.change(p, now, before, out.dtype),
                abs(effect),
            )
            for p, now, before, effect in (() if step is None else step.parts)
        ]
        tile = TILE // out.itemsize
        for start in range(0, len(out), tile):
            at = slice(start, start + tile)
            own = out[at]
            for k, (change, effect) in enumerate(parts):
                if k == 0:
                    np.multiply(change[at], out.dtype.type(effect), out=own)
                else:
                    np.add(own, change[at] * out.dtype.type(effect), out=own)
            if parts:
                np.subtract(seen[at], own, out=own)
            else:
                own[...] = seen[at]
            if not (np.isfinite(np.dot(own, own)) or all_finite(own)):
                return False
        return True
