"""Several readings of one text put to the vote: readings are counted together where the engine finds them the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._problem import Problem
from ._formalisation import Competing
from ._probes import equivalent, signature


@dataclass(frozen=True, slots=True)
class Settled:
    """What a vote settles.

    Attributes:
        problem: the reading taken; None where no reading has enough votes.
        support: the share of the tries that amount to the reading with most votes; 0 without any.
        competing: where the tries are divided, the readings that compete, most votes first.
    """

    problem: Problem | None
    support: float
    competing: tuple[Competing, ...] = ()


def settle(
    text: str, problems: Sequence[Problem], threshold: float, hints: Sequence[int] = (), tries: int | None = None
) -> Settled:
    """The reading to which most of `problems` amount.

    A tie is broken by hints alone: a reading of which some try has none beats one of which every try has some. A tie
    that is left settles nothing.

    Args:
        text: what was read.
        problems: the tries that came to a Problem, in order.
        threshold: the least share of the tries for a reading to be taken.
        hints: how many hints the checks gave for each Problem; none by default.
        tries: how many tries there were, where some came to no Problem; those count for nothing but the share.
    """
    noticed = list(hints) or [0] * len(problems)
    classes: list[list[int]] = []
    for place, problem in enumerate(problems):
        same = next((one for one in classes if equivalent(problems[one[0]], problem, text)), None)
        if same is None:
            classes.append([place])
        else:
            same.append(place)
    if not classes:
        return Settled(None, 0.0)

    def rank(one: list[int]) -> tuple[int, bool]:
        return len(one), min(noticed[place] for place in one) == 0

    classes.sort(key=rank, reverse=True)
    taken = [problems[min(one, key=lambda place: noticed[place])] for one in classes]
    support = len(classes[0]) / max(tries or 0, len(problems))
    tied = len(classes) > 1 and rank(classes[0]) == rank(classes[1])
    competing = tuple(
        _competing(problem, len(one)) for problem, one in zip(taken, classes, strict=True) if len(classes) > 1
    )
    return Settled(None if tied or support < threshold else taken[0], support, competing)


def _competing(problem: Problem, votes: int) -> Competing:
    reply = signature(problem).reply
    return Competing(problem, votes, reply.reply, reply.line)
