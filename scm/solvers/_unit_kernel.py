"""A plan with what is wanted of it, as one function over columns: NumPy runs it as it stands, JAX traces it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from .._domain import Domain
from .._syntax import Expr, Placeholder, Var
from ..mechanisms._types import Column
from ._unit_plan import Abduct, Admit, Carry, Compare, Move, Predict, Step, UnitPlan
from ._unit_run import UnitRun
from ._unit_tally import Moments, Tally, figures
from ._unit_terms import evaluated, leaves


@dataclass(frozen=True, eq=False)
class Kernel:
    """What is to be worked out of each unit.

    Attributes:
        plan: the steps.
        domains: of each variable and noise.
        outputs: an expression each; a variable by itself comes as columns hold it.
        tallies: aggregates.
        noises: by name, where they are asked for.
        point: placeholders that the points of a grid fill, with one number at a time for all units.
        conditions: that make a unit undefined where they do not hold.
        numbers: whether outputs are numbers even where they are finite variables by themselves.
        kept: compiled programs, and what they were found to be like.
    """

    plan: UnitPlan
    domains: Mapping[str, Domain]
    outputs: tuple[Expr, ...]
    tallies: tuple[Tally, ...] = ()
    noises: tuple[str, ...] = ()
    point: tuple[str, ...] = ()
    conditions: tuple[Expr, ...] = ()
    numbers: bool = False
    kept: dict[Any, Any] = field(default_factory=lambda: {}, repr=False)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns that are read."""
        found: dict[str, None] = {}
        for step in self.plan.steps:
            for name in _read(self.plan, step):
                found.setdefault(name)
        for expr in (*self.outputs, *self.conditions, *(t.of for t in self.tallies)):
            for leaf in leaves(expr):
                slot = self.plan.worlds.terms[leaf] if isinstance(leaf, Var) else leaf
                value = self.plan.worlds.fixed.get(slot) if isinstance(slot, int) else slot
                if isinstance(value, Placeholder):
                    found.setdefault(value.name)
        for tally in self.tallies:
            if isinstance(tally, Moments) and tally.by is not None:
                found.setdefault(tally.by)
        return tuple(name for name in found if name not in self.point)

    @cached_property
    def checks(self) -> bool:
        """Whether some evidence may be impossible."""
        return bool(self.conditions) or any(isinstance(s, (Abduct, Compare, Admit)) for s in self.plan.steps)

    @cached_property
    def parted(self) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """Steps that are the same at every point of the grid, and the others."""
        changing: set[int] = set()
        still: list[Step] = []
        moving: list[Step] = []
        for step in self.plan.steps:
            slots = [s for _, s in self.plan.slots(step.instance)]
            slots += [s for _, *both, _ in step.parts for s in both] if isinstance(step, Move) else []
            at_point = any(isinstance(s, Placeholder) and s.name in self.point for s in slots)
            if at_point or any(isinstance(s, int) and s in changing for s in slots):
                changing.add(step.instance)
                moving.append(step)
            else:
                still.append(step)
        return tuple(still), tuple(moving)


def _read(plan: UnitPlan, step: Step) -> list[str]:
    """The placeholders that a step reads."""
    i = step.instance
    if isinstance(step, Move):
        slots = [slot for _, *both, _ in step.parts for slot in both] + [step.source]
    else:
        slots = [slot for _, slot in plan.slots(i)]
        other = step.source if isinstance(step, Carry) else step.like if isinstance(step, Predict) else None
        if other is not None:
            slots += [other, *(slot for _, slot in plan.slots(other))]
        if isinstance(step, (Abduct, Compare, Admit)):
            slots.append(i)
    values = [plan.worlds.fixed.get(slot) if isinstance(slot, int) else slot for slot in slots]
    return [value.name for value in values if isinstance(value, Placeholder)]


@dataclass
class Worked:
    """What a kernel made of one chunk.

    Attributes:
        outputs: a column each, for this point of the grid.
        tallies: figures each.
        noises: a column each.
        defined, sound: for each unit; or one value for all.
    """

    outputs: list[Column]
    tallies: list[Any]
    noises: list[Column]
    defined: Any
    sound: Any


def kept_as_is(value: Column) -> Column:
    """The value: NumPy works out nothing twice."""
    return value


def start(
    kernel: Kernel,
    columns: Mapping[str, Column],
    xp: Any,
    spacing: float,
    hold: Callable[[Column], Column] = kept_as_is,
) -> UnitRun:
    """The steps that are the same at every point of a grid."""
    run = UnitRun(kernel.plan, columns, xp, spacing, hold=hold)
    for step in kernel.parted[0]:
        run.step(step)
    for condition in kernel.conditions:
        run.defined = run.defined & xp.asarray(evaluated(condition, run, kernel.domains), dtype=bool)
    return run


def at_point(kernel: Kernel, run: UnitRun, point: Mapping[str, Any], among: Any, rows: int) -> Worked:
    """The rest of a run that was started, for one point of the grid.

    Args:
        kernel: what is wanted.
        run: from `start`; it is left as it is.
        point: a number for each of the grid's placeholders.
        among: which units there are (others only fill the chunk up); True for all.
        rows: in the chunk.
    """
    xp = run.xp
    columns = {**run.columns, **point}
    own = replace(run, columns=columns, values=dict(run.values), changes=dict(run.changes))
    for step in kernel.parted[1]:
        own.step(step)
    outputs = [_output(kernel, expr, own, rows) for expr in kernel.outputs]
    present = xp.broadcast_to(own.defined & xp.asarray(among), (rows,))
    tallies = [_tallied(tally, own, kernel.domains, present, rows) for tally in kernel.tallies]
    noises = [xp.broadcast_to(own.noises[name], (rows,)) for name in kernel.noises]
    sound = own.sound if xp is np else own.sound & xp.isfinite(own.taint) | xp.logical_not(own.defined)
    sound = sound & xp.logical_not(own.outside & own.defined)
    return Worked(outputs, tallies, noises, own.defined, sound)


def _output(kernel: Kernel, expr: Expr, run: UnitRun, rows: int) -> Column:
    domains = kernel.domains
    if isinstance(expr, Var) and not kernel.numbers:
        slot = run.plan.worlds.terms[expr]
        found = run.instance(slot) if isinstance(slot, int) else run.fixed(slot, domains[expr.name])
    else:
        found = evaluated(expr, run, domains)
    return run.xp.broadcast_to(run.xp.asarray(found), (rows,))


def _tallied(tally: Tally, run: UnitRun, domains: Mapping[str, Domain], among: Any, rows: int) -> Any:
    xp = run.xp
    values = xp.broadcast_to(xp.asarray(evaluated(tally.of, run, domains)), (rows,))
    groups = run.columns[tally.by] if isinstance(tally, Moments) and tally.by is not None else None
    return figures(tally, values, groups, among, xp)


def numpy_chunk(
    kernel: Kernel, columns: Mapping[str, Any], points: Mapping[str, Any], rows: int, spacing: float
) -> list[Worked]:
    """What a kernel makes of one chunk in NumPy, for each point of the grid (one where there is none)."""
    count = max((len(p) for p in points.values()), default=1)
    with np.errstate(all="ignore"):
        run = start(kernel, columns, np, spacing)
        return [at_point(kernel, run, {name: p[k] for name, p in points.items()}, np.True_, rows) for k in range(count)]
