"""Checks of a Problem against the text it was read from, cheapest first; none of them asks a language model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ._asked import asked
from ._causal import coverage, direction
from ._consistent import acyclic, consistent
from ._engine import abduction, determined, possible
from ._given import spans
from ._listed import claims, independences
from ._numbers import numbers
from ._plainly import lacking, plainly
from ._reading import Check as Check
from ._reading import Fault as Fault
from ._reading import Reading as Reading
from ._reading import Severity as Severity
from ._rung import rung
from ._sense import sense
from ._signs import sign
from ._spoken import spoken


def _coverage(reading: Reading) -> Iterable[Fault]:
    yield from coverage(reading)
    yield from independences(reading)
    yield from lacking(reading)


def _sign(reading: Reading) -> Iterable[Fault]:
    found = list(sign(reading))
    yield from found or plainly(reading)


def _asked(reading: Reading) -> Iterable[Fault]:
    yield from asked(reading)
    yield from claims(reading)


CHECKS: tuple[Check, ...] = (
    Check("consistent", consistent, "problem", "The parts of the Problem agree with each other."),
    Check("acyclic", acyclic, "problem", "No variable is a cause of itself."),
    Check("sense", sense, "problem", "The query leaves something to ask: nothing settles its outcome beforehand."),
    Check("spans", spans, "text", "The words that a part cites stand in the text."),
    Check("mentions", spoken, "text", "The words that a part cites speak of its variables."),
    Check("numbers", numbers, "text", "Numbers are those of the words cited, and every number of the text is used."),
    Check("coverage", _coverage, "text", "Every cause that the text tells is in the Problem, and no other."),
    Check("direction", direction, "text", "Causes run as the text says."),
    Check("sign", _sign, "text", "States and negations are those of the words."),
    Check("rung", rung, "text", "The query sees, does or imagines what the question does."),
    Check("asked", _asked, "text", "Outcome, comparison and kind of reply are those of the question."),
    Check("possible", possible, "engine", "What was observed can happen."),
    Check("determined", determined, "engine", "The engine has an answer, or bounds."),
    Check("abduction", abduction, "engine", "Evidence that makes no difference (a hint)."),
)
"""All checks, the cheapest first."""


def examine(reading: Reading, checks: Sequence[Check] = CHECKS) -> tuple[Fault, ...]:
    """What the checks find, in their order.

    Checks of the Problem and of the text are all run, so that one repair can mend all that they find; the engine is
    asked only where they find no fault (a hint is none).

    Args:
        reading: a Problem beside its text. One that says why it cannot be formalised has no parts to check.
        checks: which ones.

    Returns:
        Faults and hints; empty where all is well, as far as the checks can tell.
    """
    if reading.problem.cannot is not None:
        return ()
    found: list[Fault] = []
    for check in checks:
        if check.costs != "engine":
            found += check.examine(reading)
    for check in checks:
        if check.costs == "engine" and not any([fault.severity == "fault" for fault in found]):
            found += check.examine(reading)
    return tuple(found)
