"""Declared ranges in closed forms: a normal law has no ends, so they are kept by the formula or not at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._domain import Domain, Real
from .._syntax import Placeholder
from .._worlds import Instance, Own, Policy, Slot
from ..mechanisms._formula import Formula
from ._declared import ADVICE, out_of_range, set_out_of_range, strays, unkept
from ._gaussian_system import System
from ._refusal import Refusal

SLACK = 1e-9
"""Share of a value and of the ends that rounding may put it past one."""


def check_ranges(system: System) -> None:
    """That no instance of a task can leave the range that its variable was declared with.

    Raises:
        Refusal: one could, as far as can be told; or it is known to, in a row whose evidence may be impossible.
    """
    for place, instance in enumerate(system.task.worlds.instances):
        if place not in system.task.worlds.fixed:
            _check_own(system, place, instance)
        _check_slots(system, instance)


def _check_own(system: System, place: int, instance: Instance) -> None:
    model, name = system.task.model, instance.variable
    match instance.mechanism:
        case Own():
            how: object = model.columnar.get(name)
        case Policy(expr):
            how = Formula(expr, (), (), model.domains[name], model.domains)
        case _:
            return
    ends = unkept(how, model.domains[name], model.domains)
    if ends is None:
        return
    found = system.numbers[place]
    known = system.algebra.known(found) if isinstance(found, tuple) else None
    if known is None:
        raise Refusal(
            f"{name!r} is declared as {ends}, and its mechanism is not known to keep that: a normal law has no ends. "
            f"{ADVICE}"
        )
    if (at := _outside(known, ends)) is not None:
        raise Refusal(str(out_of_range(instance, ends, float(known[at]), at + 1)))


def _check_slots(system: System, instance: Instance) -> None:
    model = system.task.model
    for name, slot in instance.slots:
        carrier = _carrier(system, slot)
        own: Domain = model.domains[name]
        if carrier is None or carrier == name or (ends := strays(model.domains[carrier], own)) is None:
            continue
        found = system.slot(name, slot)
        known = system.algebra.known(found) if isinstance(found, tuple) else None
        if known is None:
            raise Refusal(f"{name!r} is set to {carrier!r}, which need not keep to {ends}, as {name!r} is declared")
        if (at := _outside(known, ends)) is not None:
            raise Refusal(str(set_out_of_range(name, ends, float(known[at]), at + 1)))


def _carrier(system: System, slot: Slot) -> str | None:
    worlds = system.task.worlds
    if isinstance(slot, int):
        return worlds.instances[slot].variable
    if isinstance(slot, Placeholder):
        return next((worlds.instances[i].variable for i, v in worlds.fixed.items() if v == slot), None)
    return None


def _outside(values: NDArray[np.float64], ends: Real) -> int | None:
    """The first row whose value lies outside, rounding aside."""
    inside = np.clip(values, ends.lower, ends.upper)
    off = np.abs(values - inside) > SLACK * (np.abs(inside) + np.abs(values))
    return int(np.argmax(off)) if off.any() else None
