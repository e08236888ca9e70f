"""Units moved along additive mechanisms, straight into the results: `mean(parents) + noise`, in NumPy.

`x' = x - sum of weights times (g(before) - g(now))`, over the parents that changed, where a mean is a weighted sum of
functions of one parent each. What a parent's change makes of `g` is worked out once for all of its children, tile by
tile: nothing on the way leaves the cache.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._domain import Real
from .._syntax import Const, Expr, Op, Placeholder, Var
from .._worlds import Slot
from ..mechanisms._formula import AdditiveFormula, InvertibleFormula
from ..mechanisms._layers import Stretch
from ._unit_chunk import Columns, Ran
from ._unit_kernel import Kernel
from ._unit_plan import Carry, Move, Step
from ._unit_room import room
from ._unit_run import constant

TILE = 1 << 18
"""Bytes of one column at once."""
CURVES = ("cos", "exp", "sin", "tanh")

Change: TypeAlias = tuple[str, str, Slot, Slot]
"""A function ('' for none), the parent, what stands in it, and what stood there before."""


@dataclass(frozen=True)
class Shift:
    """The value of an instance: that of `source`, less the sum of weights times changes."""

    instance: int
    source: int
    parts: tuple[tuple[float, Change], ...]


def shifts_of(kernel: Kernel) -> tuple[Shift, ...] | None:
    """The steps of a kernel as shifts; None where one is none, or more is wanted than numbers."""
    plan = kernel.plan
    if kernel.tallies or kernel.noises or kernel.conditions or kernel.checks or plan.ends:
        return None
    found: list[Shift] = []
    for step in plan.steps:
        shift = _shift(kernel, step)
        if shift is None:
            return None
        found.append(shift)
    known = {shift.instance for shift in found} | set(plan.worlds.fixed)
    for expr in kernel.outputs:
        slot = plan.worlds.terms[expr] if isinstance(expr, Var) else None
        if not isinstance(expr, Var) or slot not in known or not isinstance(kernel.domains[expr.name], Real):
            return None
    return tuple(found)


def _shift(kernel: Kernel, step: Step) -> Shift | None:
    plan = kernel.plan
    if not isinstance(step, (Carry, Move)) or step.source not in plan.worlds.fixed:
        return None
    if isinstance(step, Move):
        parts = [(effect, ("", name, now, before)) for name, now, before, effect in step.parts]
    else:
        weights = _weights(plan.mechanisms[step.instance])
        if weights is None:
            return None
        before = dict(plan.slots(step.source))
        now = dict(plan.slots(step.instance))
        parts = [(w, (curve, n, now[n], before[n])) for w, curve, n in weights if now[n] != before[n]]
    if not parts or not all(isinstance(kernel.domains[change[1]], Real) for _, change in parts):
        return None
    # Those that add to what is lost first: a sum of nothing is then +0.0, and x - 0.0 is x, bit for bit.
    ordered = sorted(((w, change) for w, change in parts if w != 0), key=lambda part: part[0] < 0)
    return Shift(step.instance, step.source, tuple(ordered)) if ordered else None


def _weights(mechanism: object) -> list[tuple[float, str, str]] | None:
    """A mean as weights, functions and parents."""
    if isinstance(mechanism, AdditiveFormula):
        return [(w, "", n) for n, w in mechanism.coefficients.coefficients.items() if n not in mechanism.noises]
    if not isinstance(mechanism, InvertibleFormula) or len(mechanism.layers) != 1:
        return None
    layer = mechanism.layers[0]
    return _sum(layer.shift, 1.0) if isinstance(layer, Stretch) and isinstance(layer.scale, Const) else None


def _sum(expr: Expr, weight: float) -> list[tuple[float, str, str]] | None:
    match expr:
        case Const():
            return []
        case Var(name):
            return [(weight, "", name)]
        case Op("neg", (arg,)):
            return _sum(arg, -weight)
        case Op("*", (Const(value), arg)) | Op("*", (arg, Const(value))) if not isinstance(value, str):
            return _sum(arg, weight * float(value))
        case Op("+", args):
            parts = [_sum(arg, weight) for arg in args]
            return None if None in parts else [one for part in parts if part is not None for one in part]
        case Op(curve, (Var(name),)) if curve in CURVES:
            return [(weight, curve, name)]
        case _:
            return None


def run_bent(
    kernel: Kernel,
    shifts: Sequence[Shift],
    columns: Columns,
    points: Mapping[str, NDArray[Any]],
    rows: int,
    outputs: list[NDArray[Any]],
    kind: np.dtype[Any],
) -> Ran | None:
    """Fill the outputs, shape (points, rows) each; None where a number on the way is not finite, as a cell may be.

    Args:
        kernel: whose steps the shifts are.
        shifts: in order.
        columns: what it reads, of that kind of float.
        points: of a grid.
        rows: how many.
        outputs: to be filled.
        kind: of float.
    """
    began = time.monotonic()
    slots = [kernel.plan.worlds.terms[e] for e in kernel.outputs if isinstance(e, Var)]
    many = max((len(p) for p in points.values()), default=1)
    size = max(min(TILE // kind.itemsize, rows), 1)
    bench = _Bench(kernel, shifts, size, kind)
    # Infinity that is moved shows in the results; tanh makes a number of it.
    fixed = kernel.plan.worlds.fixed
    shown = {value.name for shift in shifts if isinstance(value := fixed[shift.source], Placeholder)}
    hiding = [name for name in kernel.names if columns[name].dtype == kind and name not in shown]
    with np.errstate(all="ignore"):
        for start in range(0, rows, size):
            at = slice(start, min(start + size, rows))
            own = {name: np.ascontiguousarray(columns[name][at]) for name in kernel.names}
            if not all(_finite(own[name]) for name in hiding):
                return None
            for k in range(many):
                point = {name: p[k] for name, p in points.items()}
                filled = [out[k, at] for out in outputs]
                if not bench.work(own | point, dict(zip(slots, filled, strict=True)), at.stop - start):
                    return None
                for slot, out in zip(slots, filled, strict=True):
                    if (value := bench.values.get(slot)) is not out:  # observed, or asked for twice
                        out[...] = bench.observed(slot) if value is None else value
    return Ran("numpy", size, time.monotonic() - began)


class _Bench:
    """Where one tile after the other is worked on.

    Attributes:
        values: of the instances that were worked out last.
    """

    def __init__(self, kernel: Kernel, shifts: Sequence[Shift], size: int, kind: np.dtype[Any]) -> None:
        self.kernel, self.shifts, self.kind = kernel, shifts, kind
        self.keys = list(dict.fromkeys(change for shift in shifts for _, change in shift.parts))
        rooms = iter(room((len(self.keys) + len(shifts) + 2, size), kind))
        self.rooms = [next(rooms) for _ in self.keys]
        at = {key: k for k, key in enumerate(self.keys)}  # to hash a key takes as long as a small column
        self.parts = [[(at[key], w > 0, kind.type(abs(w))) for w, key in shift.parts] for shift in shifts]
        self.own = {shift.instance: next(rooms) for shift in shifts}
        self.lost, self.other = next(rooms), next(rooms)
        self.columns: Columns = {}
        self.values: dict[Any, NDArray[Any]] = {}

    def work(self, columns: Columns, places: Mapping[Any, NDArray[Any]], rows: int) -> bool:
        """One tile, at one point of a grid; whether every value is finite."""
        self.columns, self.values = columns, {}
        changes: dict[int, NDArray[Any]] = {}
        lost, other = self.lost[:rows], self.other[:rows]
        for shift, parts in zip(self.shifts, self.parts, strict=True):
            for k, (key, adds, weight) in enumerate(parts):
                if key not in changes:
                    changes[key] = self.rooms[key][:rows]
                    self._change(self.keys[key], changes[key], other)
                np.multiply(changes[key], weight, out=other if k else lost)
                if k:
                    (np.add if adds else np.subtract)(lost, other, out=lost)
                elif not adds:
                    np.subtract(weight.dtype.type(0.0), lost, out=lost)
            found = places.get(shift.instance)
            own = self.values[shift.instance] = self.own[shift.instance][:rows] if found is None else found
            np.subtract(self.observed(shift.source), lost, out=own)
            if not _finite(own):
                return False
        return True

    def observed(self, slot: Slot) -> Any:
        """A value that the row has, or a number for all."""
        assert isinstance(slot, int)
        return self._fixed(self.kernel.plan.worlds.fixed[slot], self.kernel.plan.worlds.instances[slot].variable)

    def _fixed(self, value: Const | Placeholder, name: str) -> Any:
        if isinstance(value, Placeholder):
            return self.columns[value.name]
        return constant(value.value, self.kernel.domains[name])

    def _change(self, key: Change, out: NDArray[Any], other: NDArray[Any]) -> None:
        """What a parent's change makes of a function of it: before less now."""
        curve, name, now, before = key
        values: list[Any] = []
        for slot, into in ((before, out), (now, other)):
            if isinstance(slot, int):
                value = self.values[slot] if slot in self.values else self.observed(slot)
            else:
                value = self._fixed(slot, name)
            if np.ndim(value) == 0:
                into[...] = value  # a function of a number by itself need not be rounded as that of a column is
                value = into
            values.append(getattr(np, curve)(value, out=into) if curve else value)
        np.subtract(*values, out=out)


def _finite(column: NDArray[Any]) -> bool:
    return math.isfinite(np.dot(column, column)) or bool(np.isfinite(column).all())
