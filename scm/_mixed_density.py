"""`Density`: a continuous variable has no single value with a probability, P(Y = 0.2) is zero.

That is so where a noise of its own, of which nothing was observed, moves it: whatever else is known, it has a density.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ._domain import Real
from ._syntax import Const, Expr, Op, Placeholder, Var, walk
from ._worlds import Own
from .mechanisms._formula import AdditiveFormula, InvertibleFormula
from .mechanisms._layers import has_flat
from .mechanisms._types import Forward
from .solvers import Refusal, Solution, Task, TaskSolver
from .solvers._solution import point

NOTE = (
    "a continuous variable has a density, so a single value has probability zero but where its mechanism gives it to "
    "many noises (as max(0, ...) does); ask for an interval"
)


@dataclass(frozen=True, slots=True)
class Density:
    """The solver; see the module.

    Attributes:
        others: that tell whether the evidence is possible.
    """

    others: tuple[TaskSolver, ...]
    name: str = "density"

    def solve(self, task: Task) -> Solution:
        """See `TaskSolver.solve`."""
        place = _equated(task)
        if place is None or not _moves(task, place):
            raise Refusal("no equality of a continuous variable with a noise of its own is asked for")
        defined = self._defined(replace(task, asked=Const(1.0), event=False))
        return point(np.where(defined, 0.0, np.nan), defined)

    def _defined(self, task: Task) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        why = ""
        for solver in self.others:
            try:
                return solver.solve(task).defined
            except Refusal as refusal:
                why = str(refusal)
        raise Refusal(f"whether the evidence is possible is not worked out: {why}")


def equates(expr: Expr, reals: Sequence[str]) -> bool:
    """Whether an event is the equality of a continuous term with a value."""
    match expr:
        case Op("=", (Var(name), Const() | Placeholder())) | Op("=", (Const() | Placeholder(), Var(name))):
            return name in reals
        case _:
            return False


def _equated(task: Task) -> int | None:
    """The instance that is asked to have a value."""
    if not task.event or not equates(task.asked, tuple(task.model.reals)):
        return None
    term = next(node for node in walk(task.asked) if isinstance(node, Var))
    place = task.worlds.terms[term]
    return place if isinstance(place, int) and place not in task.worlds.fixed else None


def _moves(task: Task, place: int) -> bool:
    """Whether a noise that nothing else depends on gives the instance a density."""
    instances, model = task.worlds.instances, task.model
    how = model.columnar.get(instances[place].variable)
    if not isinstance(instances[place].mechanism, Own) or how is None or not _never_flat(how):
        return False
    (noise,) = how.noises
    alone = any(block.names == (noise,) for block in model.continuous_noises)
    for i, other in enumerate(instances):
        if i == place:
            continue
        read = model.columnar[other.variable].noises if other.variable in model.columnar else ()
        if noise in read or any(slot == place for _, slot in other.slots if isinstance(slot, int)):
            return False
    return alone and isinstance(model.domains[noise], Real)


def _never_flat(how: Forward) -> bool:
    return isinstance(how, AdditiveFormula) or (
        isinstance(how, InvertibleFormula) and not has_flat(how.layers, how.scope)
    )
