"""The stages of formalising, one more at a time, and what each makes of a text that a noisy reader reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from llm_bridge._chat._types import ChatModel, ChatRequest
from llm_bridge._checks import CHECKS, Check, Fault, Reading, examine
from llm_bridge._formalise._back import compare
from llm_bridge._formalise._schemas import problem_schema
from llm_bridge._formalise._vote import settle
from llm_bridge._formalise._wire import problem_from_reply, problem_to_wire
from llm_bridge._pipeline import Reply, solve_problem
from llm_bridge._problem import Problem
from llm_bridge._prompts import Prompt
from llm_bridge._verdict import Said

KEPT = 4_096


@dataclass(frozen=True)
class Stage:
    """How far formalising goes.

    Attributes:
        name: what the tables call it.
        checks: whether the checks are run.
        repairs: most repairs of one try.
        tries: how many readings are put to the vote; 1 for no vote.
        compares: whether the reading taken is said back and compared with the text.
    """

    name: str
    checks: bool = False
    repairs: int = 0
    tries: int = 1
    compares: bool = False


STAGES = (
    Stage("schema and engine alone"),
    Stage("+ checks", True),
    Stage("+ repair", True, 2),
    Stage("+ voting of 3", True, 2, 3),
    Stage("+ back-translation", True, 2, 3, True),
)


class Bridge:
    """The stages over one text; what the engine and the checks say of a Problem is worked out once."""

    def __init__(self, text: str, checks: tuple[Check, ...] = CHECKS, threshold: float = 0.6) -> None:
        self.text = text
        self.checks = checks
        self.threshold = threshold

    @cached_property
    def solve(self) -> Callable[[Problem], Reply]:
        """The engine's reply to a Problem."""
        return lru_cache(KEPT)(solve_problem)

    @cached_property
    def faults(self) -> Callable[[Problem], tuple[Fault, ...]]:
        """What the checks find in a Problem."""
        return lru_cache(KEPT)(lambda problem: examine(Reading(self.text, problem, self.solve), self.checks))

    async def said(self, stage: Stage, chat: ChatModel) -> Said:
        """The reply that is given after a stage; None where there is none."""
        problem = await self._read(stage, chat)
        return None if problem is None else self.solve(problem).reply

    async def _read(self, stage: Stage, chat: ChatModel) -> Problem | None:
        tries = [await self._try(stage, chat, attempt) for attempt in range(stage.tries)]
        sound = [problem for problem in tries if problem is not None]
        if stage.tries > 1:
            hints = [len(self.faults(problem)) for problem in sound]
            problem = settle(self.text, sound, self.threshold, hints, stage.tries).problem
        else:
            problem = sound[0] if sound else None
        if problem is None or not stage.compares:
            return problem
        found = await compare(self.text, problem, chat)
        return None if any(fault.severity == "fault" for fault in found) else problem

    async def _try(self, stage: Stage, chat: ChatModel, attempt: int) -> Problem | None:
        request = ChatRequest(_PAGE.messages(text=self.text), "problem", problem_schema(), attempt=attempt, text=self.text)
        problem = problem_from_reply((await chat.complete(request)).text)
        if not stage.checks:
            return problem
        for again in range(stage.repairs):
            faults = _grave(self.faults(problem))
            if not faults:
                break
            told = [{"check": f.check, "part": f.part, "message": f.message} for f in faults]
            messages = _PAGE.messages(text=self.text, problem=problem_to_wire(problem), faults=told, again=again)
            mended = problem_from_reply((await chat.complete(replace(request, messages=messages, purpose="repair"))).text)
            if len(_grave(self.faults(mended))) < len(faults):
                problem = mended
        return None if _grave(self.faults(problem)) else problem


_PAGE = Prompt("misreading", "", "")


def _grave(faults: tuple[Fault, ...]) -> list[Fault]:
    return [fault for fault in faults if fault.severity == "fault"]
