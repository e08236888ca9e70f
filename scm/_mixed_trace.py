"""One unit of a task, followed through its worlds: the noises that its evidence determines, and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from ._domain import Real
from ._syntax import Const, Placeholder
from ._worlds import Own
from .mechanisms._types import Forward, Invertible, NeedsCoupling
from .solvers import Task


@dataclass(frozen=True)
class Trace:
    """What is determined of one unit.

    Attributes:
        noises: by name, in the order in which they are found.
        imagined: the values that follow, each with the variable's name; an instance that was observed is left out.
    """

    noises: Mapping[str, float]
    imagined: Mapping[str, float]


def traced(task: Task, row: int = 0) -> Trace:
    """The unit in one row of a task, as far as its mechanisms are invertible and over continuous variables."""
    model, worlds = task.model, task.worlds

    def given(name: str, value: Const | Placeholder) -> Any:
        if isinstance(value, Placeholder):
            return np.asarray(task.columns[value.name])[row]
        domain = model.domains[name]
        return float(value.value) if isinstance(domain, Real) else domain.index(value.value)

    noises: dict[str, float] = {}
    values: list[Any] = []
    imagined: dict[str, float] = {}
    for i, x in enumerate(worlds.instances):
        inputs = {n: values[s] if isinstance(s, int) else given(n, s) for n, s in x.slots}
        mechanism = model.columnar.get(x.variable)
        known = not any(v is None for v in inputs.values()) and isinstance(x.mechanism, Own)
        value = given(x.variable, worlds.fixed[i]) if i in worlds.fixed else None
        if value is not None and known and isinstance(mechanism, Invertible) and len(mechanism.noises) == 1:
            found = float(np.asarray(mechanism.noise_of(np.asarray([value]), _columns(inputs), np))[0])
            noises.setdefault(mechanism.noises[0], found)
        elif value is None and known and _decides(mechanism) and all(n in noises for n in mechanism.noises):
            own = {n: noises[n] for n in mechanism.noises}
            value = np.broadcast_to(np.asarray(mechanism.forward(_columns({**inputs, **own}), np)), 1)[0]
            if isinstance(mechanism.domain, Real):
                imagined[x.variable] = float(value)
        values.append(value)
    return Trace(noises, imagined)


def _decides(mechanism: Forward | None) -> TypeGuard[Forward]:
    """Whether inputs and noises give a value; probabilities alone do not."""
    return mechanism is not None and not isinstance(mechanism, NeedsCoupling)


def factual(task: Task) -> list[int]:
    """Instances of continuous variables in the factual world that were not observed, causes first."""
    worlds = task.worlds
    found: dict[str, int] = {}
    for i, x in enumerate(worlds.instances):
        as_it_is = all(
            name in found and (slot == found[name] or worlds.fixed.get(found[name]) == slot) for name, slot in x.slots
        )
        if isinstance(x.mechanism, Own) and as_it_is:
            found.setdefault(x.variable, i)
    return [i for name, i in found.items() if i not in worlds.fixed and name in task.model.reals]


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: np.asarray([value]) for name, value in values.items()}
