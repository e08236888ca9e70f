"""The stages of formalising, one more at a time, over one text; nothing that they share is worked out twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TypeVar

from llm_bridge._chat._types import ChatModel
from llm_bridge._checks import CHECKS, Check, Fault, Reading
from llm_bridge._formalise._formalisation import Formalisation
from llm_bridge._formalise._formaliser import Formaliser
from llm_bridge._formalise._probes import signature
from llm_bridge._pipeline import Reply
from llm_bridge._problem import Problem
from llm_bridge._verdict import Said

T = TypeVar("T")

KEPT = 4_096
"""Problems of one text that are remembered with what the engine and each check say of them."""


TRIES = 3
"""Readings that are put to the vote."""
STAGES = ("schema and engine", "and checks", "and repair", f"and voting of {TRIES}", "and back-translation")
"""Each has what the one before has, and one thing more."""


class Bridge:
    """The stages over one text. What they share is asked and worked out once: one try, then three with all the rest."""

    def __init__(self, text: str) -> None:
        self.text = text

    async def said(self, chat: ChatModel) -> list[Said]:
        """The reply that is given after each stage; None where there is none."""
        alone = await self._formalised(Formaliser(chat, checks=self.checks, solve=solved))
        first = alone.attempts[0]
        every = await self._formalised(
            Formaliser(chat, checks=self.checks, solve=solved, votes=TRIES, back_translation=True)
        )
        voted = next((attempt for attempt in every.attempts if attempt.step == "back-translation"), None)
        taken = [
            first.problem,
            first.problem if first.sound else None,
            alone.problem,
            None if voted is None else voted.problem,
            every.problem,
        ]
        return [None if problem is None else solved(problem).reply for problem in taken]

    async def _formalised(self, formaliser: Formaliser) -> Formalisation:
        found = await formaliser.formalise(self.text)
        if found.failure:
            raise AssertionError(f"a double that does not fail failed: {found.fault}")
        return found

    @cached_property
    def checks(self) -> Sequence[Check]:
        """The checks, each looking at a Problem once."""
        return [replace(check, examine=self._once(check)) for check in CHECKS]

    def _once(self, check: Check) -> Callable[[Reading], Iterable[Fault]]:
        found = once(lambda problem: tuple(check.examine(Reading(self.text, problem, solved))))
        return lambda reading: found(reading.problem)


def solved(problem: Problem) -> Reply:
    """The engine's reply to a Problem; the vote looks at the same."""
    return signature(problem).reply


def once(work: Callable[[Problem], T]) -> Callable[[Problem], T]:
    """`work` that remembers what it found."""
    return lru_cache(KEPT)(work)  # pyright: ignore  # pydantic makes frozen models hashable
