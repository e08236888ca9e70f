"""How far a reply came: judged by itself, and compared with the best before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._checks import Check, Fault, Reading, examine
from .._foreign import InvalidProblem
from .._pipeline import Reply
from .._problem import Problem
from ._assume import with_assumptions
from ._formalisation import Attempt, Step
from ._wire import data_of_reply, formed

MOST_FAULTS = 20
"""Faults of one reply that are kept and sent back; with more than these, mending a few shows more."""
_FORM = "schema"
_STAGES = {"problem": 2, "text": 3, "engine": 4}
_SOUND = 5
_LONGEST = 600
_PREVIOUS = 20_000


@dataclass(frozen=True)
class Made:
    """What one reply amounts to.

    Attributes:
        attempt: the record of it.
        data: its JSON data, without what stands for absent keys; None where it has none.
        reading: the Problem in it beside the text; None where there is none.
        stage: how far it came: 0 no JSON, 1 no Problem, 2 to 4 a fault of the Problem, the text or the engine, 5 sound.
    """

    attempt: Attempt
    data: Mapping[str, Any] | None
    reading: Reading | None
    stage: int

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """What is sent back: faults and doubts."""
        return tuple(fault for fault in self.attempt.faults if fault.severity != "hint")

    @property
    def sound(self) -> bool:
        """Whether there is nothing to send back."""
        return self.stage == _SOUND

    @property
    def stands(self) -> bool:
        """Whether it can be taken if nothing better comes: it has doubts at most."""
        return self.attempt.sound

    def passes_more_than(self, other: Made | None) -> bool:
        """Whether it can be taken and the other cannot; or else came to a later stage, or as far with fewer faults."""
        return other is None or self._passed > other._passed

    @property
    def _passed(self) -> tuple[bool, int, int]:
        return self.stands, self.stage, -len(self.faults)

    @property
    def previous(self) -> object:
        """This reply as data of a further request."""
        return self.attempt.reply[:_PREVIOUS] if self.data is None else self.data


@dataclass(frozen=True)
class Judge:
    """What replies are held against.

    Attributes:
        checks: the checks, in any order.
        solve: the engine with what the user granted.
    """

    checks: Sequence[Check]
    solve: Callable[[Problem], Reply]

    def judged(self, step: Step, text: str, reply: str, declared: Mapping[str, Any], start: float) -> Made:
        """What a reply amounts to.

        Args:
            step: the stage that it is of.
            text: what was read.
            reply: what the model said.
            declared: the data of an earlier call that this one goes on from.
            start: when it was asked for, in seconds of `time.perf_counter`.
        """
        data: dict[str, Any] | None = None
        problem: Problem | None = None
        reading: Reading | None = None
        try:
            data = _joined(declared, data_of_reply(reply))
            problem = with_assumptions(formed(data) if self._sees_disagreement else formed(data).check())
            reading = Reading(text, problem, self.solve)
            faults = examine(reading, self.checks)
            stage = self._stage(faults)
        except InvalidProblem as wrong:
            faults = tuple(form_fault(message) for message in wrong.faults[:MOST_FAULTS])
            stage = 0 if data is None else 1
        except Exception as bug:  # whatever a model says, what comes of it is a value
            faults, stage = (_broken(bug),), _STAGES["problem"]
        attempt = Attempt(step, reply, problem, _most(faults), True, "", time.perf_counter() - start)
        return Made(attempt, data, reading, stage)

    @cached_property
    def _sees_disagreement(self) -> bool:
        return {"consistent", "acyclic"} <= {check.name for check in self.checks}

    @cached_property
    def _reached(self) -> Mapping[str, int]:
        """How far a reply came in which a check finds a fault."""
        return {check.name: _STAGES[check.costs] for check in self.checks}

    def _stage(self, faults: Sequence[Fault]) -> int:
        reached = [self._reached.get(fault.check, _STAGES["text"]) for fault in faults if fault.severity != "hint"]
        return min(reached, default=_SOUND)


def with_faults(made: Made, faults: Sequence[Fault]) -> Made:
    """`made` with faults that were found later; it is then as good as one that the engine finds fault with."""
    attempt = Attempt("back-translation", made.attempt.reply, made.attempt.problem, _most(faults), kept=False)
    return Made(attempt, made.data, made.reading, _STAGES["engine"])


def form_fault(message: str) -> Fault:
    """The fault of a reply that is no Problem: its place is what stands before the colon, if that is one."""
    place, mark, _ = message.partition(": ")
    return Fault(_FORM, place if mark and " " not in place and len(place) <= 100 else "", message)


def _broken(bug: Exception) -> Fault:
    """The fault of a Problem over which this program stumbles."""
    return Fault(
        "determined",
        "",
        f"This Problem cannot be worked on, by an error of this program ({type(bug).__name__}: {bug}). Wanted: the "
        "same in a plainer form. Leave out what the text does not need.",
    )


def told(fault: Fault) -> dict[str, str]:
    """A fault as data of a request."""
    message = fault.message
    return {
        "check": fault.check,
        "part": fault.part,
        "message": message if len(message) <= _LONGEST else f"{message[:_LONGEST]}...",
    }


def _joined(declared: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of two calls. Variables that a reply declares in spite of being told not to are the reply's own."""
    return {**declared, **data} if data.get("cannot") is None else dict(data)


_ORDER = ("fault", "doubt", "hint")


def _most(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Faults before hints, and not more than are kept."""
    return tuple(sorted(faults, key=lambda fault: _ORDER.index(fault.severity)))[:MOST_FAULTS]
