"""What came of reading a text with a language model: the Problem, or why there is none, with every try on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from .._checks._reading import Fault
from .._pipeline import Reply
from .._problem import Problem
from .._verdict import Said

Step: TypeAlias = Literal["variables", "problem", "repair", "vote", "back-translation"]
"""The stages of formalising, in order."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a Problem.

    Attributes:
        step: the stage that made it.
        reply: what the model said, as it came.
        problem: the Problem in it; None where there is none.
        faults: what the checks found, hints included; where there is no Problem, why.
        kept: whether it passed more than what came before; what did not was dropped.
        failure: the class of failure, where the endpoint or the model gave no reply; empty where it did.
        seconds: time that it took, the model's reply and the checks together.
    """

    step: Step
    reply: str
    problem: Problem | None
    faults: tuple[Fault, ...] = ()
    kept: bool = True
    failure: str = ""
    seconds: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether there is a Problem without a fault; doubts and hints do not count."""
        return self.problem is not None and all(fault.severity != "fault" for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Competing:
    """One of the readings between which the tries are divided.

    Attributes:
        problem: the reading.
        votes: the tries that amount to it: readings are the same where the engine answers every probe the same.
        said: what the answer would be under it.
        words: the answer in a sentence.
    """

    problem: Problem
    votes: int
    said: Said
    words: str


@dataclass(frozen=True, slots=True)
class Formalisation:
    """A text as a language model read it.

    Attributes:
        text: what was read.
        problem: as what; None where no reading is good enough: the bridge abstains.
        reply: the engine's answer to the problem; None without one.
        fault: why it abstains, in words for the user; empty where it does not.
        failed: the stage that failed; None where none did.
        attempts: every try, in order.
        competing: where tries disagree, or none passed the checks, the readings and the answer of each.
        support: the share of tries that amount to the reading taken; 1 where there was one try.
        hints: what was noticed and is not decisive.
        failure: the class of failure where the endpoint, rather than the text or the model, is why there is no reading.
    """

    text: str
    problem: Problem | None
    reply: Reply | None = None
    fault: str = ""
    failed: Step | None = None
    attempts: tuple[Attempt, ...] = ()
    competing: tuple[Competing, ...] = ()
    support: float = 1.0
    hints: tuple[Fault, ...] = ()
    failure: str = ""

    @property
    def abstains(self) -> bool:
        """Whether no reading is good enough."""
        return self.problem is None
