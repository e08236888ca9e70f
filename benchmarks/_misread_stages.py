"""The stages of formalising, one more at a time, over one text; nothing that they share is worked out twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from llm_bridge._chat._types import ChatModel
from llm_bridge._checks import CHECKS, Check, Fault, Reading
from llm_bridge._formalise._formaliser import Formaliser
from llm_bridge._pipeline import Reply, solve_problem
from llm_bridge._problem import Problem
from llm_bridge._verdict import Said

T = TypeVar("T")

KEPT = 4_096
"""Problems of one text that are remembered with what the engine and each check say of them."""


@dataclass(frozen=True)
class Stage:
    """How far formalising goes.

    Attributes:
        name: what the tables call it.
        checks: whether the checks are run.
        options: the further options of `Formaliser`.
    """

    name: str
    checks: bool
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


TRIES = 3
"""Readings that are put to the vote."""

STAGES = (
    Stage("schema and engine", checks=False, options={"repairs": 0}),
    Stage("and checks", checks=True, options={"repairs": 0}),
    Stage("and repair", checks=True, options={"repairs": 2}),
    Stage(f"and voting of {TRIES}", checks=True, options={"repairs": 2, "votes": TRIES}),
    Stage("and back-translation", checks=True, options={"repairs": 2, "votes": TRIES, "back_translation": True}),
)
"""Each has what the one before has, and one thing more."""


class Bridge:
    """The stages over one text."""

    def __init__(self, text: str) -> None:
        self.text = text

    async def said(self, stage: Stage, chat: ChatModel) -> Said:
        """The reply that is given after a stage; None where there is none."""
        checks = self.checks if stage.checks else ()
        found = await Formaliser(chat, checks=checks, solve=self.solve, **stage.options).formalise(self.text)
        if found.failure:
            raise AssertionError(f"a double that does not fail failed: {found.fault}")
        return None if found.reply is None else found.reply.reply

    @cached_property
    def solve(self) -> Callable[[Problem], Reply]:
        """The engine's reply to a Problem, worked out once."""
        return once(solve_problem)

    @cached_property
    def checks(self) -> Sequence[Check]:
        """The checks, each looking at a Problem once."""
        return [replace(check, examine=self._once(check)) for check in CHECKS]

    def _once(self, check: Check) -> Callable[[Reading], Iterable[Fault]]:
        found = once(lambda problem: tuple(check.examine(Reading(self.text, problem, self.solve))))
        return lambda reading: found(reading.problem)


def once(work: Callable[[Problem], T]) -> Callable[[Problem], T]:
    """`work` that remembers what it found."""
    return lru_cache(KEPT)(work)  # pyright: ignore  # pydantic makes frozen models hashable
