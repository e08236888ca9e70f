"""Evidence on finite variables beside normal ones: it bears on nothing that is asked, but it must be possible."""

from __future__ import annotations

import numpy as np

from .._mechanism import Equation, Table
from .._noise import probabilities
from .._syntax import Const, Var
from .._worlds import Fixed, Own
from ._refusal import Refusal
from ._task import Task


def check_possible(task: Task, place: int, fixed: Fixed) -> None:
    """That a finite variable can have the states that are observed, whatever its causes.

    Raises:
        Refusal: a closed form over normal laws cannot tell.
    """
    variable = task.worlds.instances[place].variable
    states = task.model.states[variable]
    if isinstance(fixed, Const):
        seen = [states.index(fixed.value)]
    else:
        seen = [int(k) for k in np.unique(np.asarray(task.columns[fixed.name], dtype=np.intp))]
    law = _least(task, place)
    if law is None or any(law[k] <= 0 for k in seen):
        raise Refusal(f"whether the evidence on {variable!r}, which is finite, is possible is not told by normal laws")


def _least(task: Task, place: int) -> list[float] | None:
    """The least probability of each state over all causes; None where it is not known by itself."""
    model, instance = task.model, task.worlds.instances[place]
    mechanism = model.mechanisms.get(instance.variable)
    if not isinstance(instance.mechanism, Own) or task.worlds.of_variable(instance.variable) != (place,):
        return None
    if isinstance(mechanism, Table) and not set(mechanism.inputs) & set(model.noises):
        return mechanism.array.min(axis=0).tolist()
    if isinstance(mechanism, Equation) and isinstance(mechanism.expr, Var) and mechanism.expr.name in model.noises:
        noise = model.noises[mechanism.expr.name]
        shared = any(noise.name in m.inputs for v, m in model.mechanisms.items() if v != instance.variable)
        read = any(noise.name in m.noises for m in model.columnar.values())
        law = probabilities(noise.law)
        if law is None or shared or read or noise.law.states != model.states[instance.variable]:
            return None
        return list(law)
    return None
