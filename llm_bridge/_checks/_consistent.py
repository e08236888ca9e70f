"""The checks of the Problem alone: its parts agree, its causes do not run in a circle."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from .._crosscheck import find_cycle
from ._reading import Fault, Reading

_CIRCLE = "The causes run in a circle"


def consistent(reading: Reading) -> Iterable[Fault]:
    """Parts that disagree with each other: duplicates, unknown states, an edge beside an equation that lacks it."""
    for message in reading.problem.disagreements:
        if not message.startswith(_CIRCLE):
            yield Fault("consistent", "", message)


def acyclic(reading: Reading) -> Iterable[Fault]:
    """A circle of causes, through edges and equations."""
    problem = reading.problem
    if not problem.disagreements or not (path := find_cycle(problem.causes)):
        return  # a circle is one, which other ones may hide
    rules = {e.variable: e.words for e in problem.equations if e.words}
    rules |= {f"{e.cause}\0{e.effect}": e.words for e in problem.edges if e.words}
    steps = [
        f"{effect} has the cause {cause}"
        + (f' ("{words}")' if (words := rules.get(f"{cause}\0{effect}") or rules.get(effect)) else "")
        for cause, effect in pairwise(path)
    ]
    yield Fault(
        "acyclic",
        "",
        f"{_CIRCLE}: {' -> '.join(path)}. Here {'; '.join(steps)}. Wanted: no variable that is a cause of itself. Read "
        "each of these sentences again: which of them is turned round?",
    )
