"""The steps of a unit's plan; and those along linear mechanisms put together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .._domain import Domain, Real
from .._worlds import Slot, Worlds
from ..mechanisms._types import Linear
from ._unit_maps import UnitMechanism


@dataclass(frozen=True, slots=True)
class Abduct:
    """The noise of an observed instance, from its value and inputs."""

    instance: int


@dataclass(frozen=True, slots=True)
class Predict:
    """The value of an instance, from its inputs and noises.

    `like` is another instance of the variable that is known: where their inputs are equal, so are their values.
    """

    instance: int
    like: int | None = None


@dataclass(frozen=True, slots=True)
class Carry:
    """The value of an instance from an observed one of the same variable, without the noise."""

    instance: int
    source: int


@dataclass(frozen=True, slots=True)
class Move:
    """As `Carry`, along linear mechanisms from where something was set to here, in one step.

    `parts` are (name, slot, slot before, total effect): the value moves by the sum of effects
    times changes (Wright 1921).
    """

    instance: int
    source: int
    parts: tuple[tuple[str, Slot, Slot, float], ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """That an observed instance has the value that follows from what else is known."""

    instance: int


@dataclass(frozen=True, slots=True)
class Admit:
    """That an observed instance can have its value at all, given its inputs; its noise stays unknown."""

    instance: int


Step: TypeAlias = Abduct | Predict | Carry | Move | Compare | Admit


def moved(
    steps: Sequence[Step],
    worlds: Worlds,
    mechanisms: Sequence[UnitMechanism | None],
    domains: Mapping[str, Domain],
    ends: Collection[int] = (),
) -> list[Step]:
    """The steps, with those along linear mechanisms put together, but past no instance that has ends to be kept.

    A step that would need more changes than its variable has changed parents is left as it is.
    """
    found: dict[int, Move] = {}
    out: list[Step] = []
    for step in steps:
        mechanism = mechanisms[step.instance]
        if isinstance(step, Carry) and isinstance(mechanism, Linear):
            own = _move(step, mechanism, worlds, found)
            if own is not None and all(isinstance(domains[name], Real) for name, *_ in own.parts):
                step = own
                if own.instance not in ends:
                    found[own.instance] = own
        out.append(step)
    return out


def _move(step: Carry, mechanism: Linear, worlds: Worlds, found: Mapping[int, Move]) -> Move | None:
    coefficients = mechanism.affine().coefficients
    effects: dict[tuple[str, Slot, Slot], float] = {}
    changed = 0
    before = dict(worlds.instances[step.source].slots)
    for name, slot in worlds.instances[step.instance].slots:
        if slot == before[name]:
            continue
        changed += 1
        earlier = found.get(slot) if isinstance(slot, int) else None
        parts = ((name, slot, before[name], 1.0),)
        if earlier is not None and worlds.fixed.get(earlier.source) == before[name]:
            parts = earlier.parts
        for part, now, then, effect in parts:
            key = (part, now, then)
            effects[key] = effects.get(key, 0.0) + coefficients.get(name, 0.0) * effect
    if len(effects) > max(changed, 1):
        return None
    return Move(step.instance, step.source, tuple((*key, effect) for key, effect in effects.items()))
