"""The derivation: abduction, action, prediction (Pearl 2009, theorem 7.1.7), each step with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from ._answer import Answer, Step
from ._query import Query
from .solvers._laws import Setting
from .solvers.exact import Solution


@dataclass(frozen=True)
class Scene:
    """What there is to tell of."""

    setting: Setting
    query: Query
    solution: Solution
    rung: int
    answer: Answer


def derive(scene: Scene) -> tuple[Step, ...]:
    """The steps of one answer."""
    return ()
