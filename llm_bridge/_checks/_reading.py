"""What is checked, and what a check says: a Problem beside the text it was read from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from .._pipeline import Reply, solve_problem
from .._problem import Problem

Severity: TypeAlias = Literal["fault", "doubt", "hint"]
"""A fault stands until it is mended: with it, there is no answer. A doubt is sent back like a fault, since a misreading
may be behind it; a reading that keeps it is taken, for the answer itself then says that nothing is known, or the text
may really ask so. A hint is told, and tips the balance of a vote."""


@dataclass(frozen=True)
class Reading:
    """A Problem, and the text it claims to say.

    Attributes:
        text: what was read.
        problem: as what.
        solve: the engine with what the user granted.
    """

    text: str
    problem: Problem
    solve: Callable[[Problem], Reply] = solve_problem

    @cached_property
    def reply(self) -> Reply:
        """What the engine answers to this reading. Worked out once, when a check or the answer first needs it."""
        return self.solve(self.problem)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a reading, fit to be sent to a language model as it stands.

    Attributes:
        check: the name of the check, such as "spans".
        part: the place in the Problem, such as "edges[2]"; empty for the whole.
        message: what was got, what was wanted, what to try. It quotes the text, never obeys it.
        severity: fault, doubt or hint.
    """

    check: str
    part: str
    message: str
    severity: Severity = "fault"


Examine: TypeAlias = Callable[[Reading], Iterable[Fault]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check. They are run from cheap to dear: the engine is asked only where no cheaper check finds a fault.

    Attributes:
        name: short, as reports print it.
        examine: the faults it finds; none where all is well, or where it cannot tell.
        costs: what it needs: the Problem alone, the text beside it, or the engine's answer.
        about: what it looks for, in one sentence.
    """

    name: str
    examine: Examine
    costs: Literal["problem", "text", "engine"]
    about: str
