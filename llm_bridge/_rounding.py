"""How far an answer can move within the rounding of the numbers that a text prints."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from scm import Answer, ScmError

from ._crosscheck import split_term
from ._problem import Problem, Statement

ALL_CORNERS = 6
"""Up to so many rounded numbers, every combination of their ends is asked."""

Ends: TypeAlias = "tuple[float, float] | None"
Asker: TypeAlias = Callable[[Problem], Sequence[Answer]]


@dataclass(frozen=True, slots=True)
class Spread:
    """Where one query's value lies within rounding, and whether every combination of ends was tried."""

    lower: float
    upper: float
    every_corner: bool


def ends_of(answer: Answer) -> Ends:
    """The least and the greatest value of a single-number answer, by outer ends; None where there is none."""
    if isinstance(answer.value, float):
        return answer.value, answer.value
    found = answer.interval
    if found is None or not isinstance(found.outer_lower, float) or not isinstance(found.outer_upper, float):
        return None
    low, high = found.outer_lower, found.outer_upper
    return None if math.isnan(low) or math.isnan(high) else (low, high)


def known_spreads(answers: Sequence[Answer]) -> list[Spread | None] | None:
    """What the engine itself has found of the rounding behind bounds; None where it has not for some of them.

    It looks at all the numbers at once, so that its ends hold. Where that would take too long it gives only ends that
    were found to be attained, and there may be wider ones. None in a place means that nothing is to be added.
    """
    found: list[Spread | None] = []
    for answer in answers:
        ends, attained = ends_of(answer), answer.diagnostics.get("rounding_attained")
        if answer.finding != "bounds" or ends is None or answer.uncertainty.rounding is not None:
            found.append(None)
        elif attained is None:
            return None
        else:
            found.append(Spread(min(ends[0], attained[0]), max(ends[1], attained[1]), False))
    return found


def spreads(
    problem: Problem, answers: Sequence[Answer], asker: Asker, corners: int = ALL_CORNERS
) -> list[Spread | None]:
    """For each query, where its value lies if each printed number is anywhere within its rounding.

    A conditional probability is monotone in each stated number, so it takes its ends where every number is at an end:
    with few numbers all corners are asked. With many, each is moved alone and the moves are added up, which is
    approximate. None where nothing is rounded, or where the answer is no single number.

    Args:
        problem: with the printed numbers.
        answers: at face value.
        asker: answers the queries of a Problem with other numbers.
        corners: up to so many rounded numbers, every combination of their ends is asked.
    """
    free, remainders = _free(problem)
    if not free:
        return [None] * len(answers)
    ends = [(s.printed().low, s.printed().high) for s in free]
    faces = [s.printed().value for s in free]

    def at(values: Sequence[float]) -> list[Ends]:
        texts = {id(s): _text(v) for s, v in zip(free, values, strict=True)}
        kept = [s for s in problem.statements if id(s) not in remainders]
        moved = [s.model_copy(update={"value": texts[id(s)]}) if id(s) in texts else s for s in kept]
        try:
            found = asker(problem.model_copy(update={"statements": tuple(moved)}))
        except ScmError:
            return [None] * len(answers)
        return [ends_of(answer) for answer in found]

    if len(free) <= corners:
        found = [at(corner) for corner in itertools.product(*ends)]
        return [_hull(ends_of(answer), [c[i] for c in found]) for i, answer in enumerate(answers)]
    pairs = [[at([*faces[:i], end, *faces[i + 1 :]]) for end in pair] for i, pair in enumerate(ends)]
    return [_added(ends_of(answer), [[e[i] for e in pair] for pair in pairs]) for i, answer in enumerate(answers)]


def _free(problem: Problem) -> tuple[list[Statement], set[int]]:
    """Rounded statements to move, and those left out: in a law stated in full the largest number is the remainder."""
    laws: dict[tuple[str, object], list[Statement]] = {}
    for statement in problem.statements:
        if statement.value is not None and (parts := split_term(statement.term)) is not None:
            laws.setdefault((parts[0], parts[2]), []).append(statement)
    remainders: set[int] = set()
    for (name, _), stated in laws.items():
        if len({s.term for s in stated}) == len(problem.states(name)):
            remainders.add(id(max(stated, key=lambda s: s.printed().value)))
    rounded = [s for s in problem.statements if s.value is not None and s.printed().low < s.printed().high]
    free = [s for s in rounded if id(s) not in remainders]
    return free, remainders if free else set()


def _text(value: float) -> str:
    return f"{value:.15f}".rstrip("0").rstrip(".")


def _hull(face: Ends, corners: Iterable[Ends]) -> Spread | None:
    found = [c for c in corners if c is not None]
    if face is None or not found:
        return None
    return Spread(min(face[0], *(c[0] for c in found)), max(face[1], *(c[1] for c in found)), True)


def _added(face: Ends, pairs: Iterable[Sequence[Ends]]) -> Spread | None:
    if face is None:
        return None
    lower, upper = face
    for pair in pairs:
        found = [e for e in pair if e is not None]
        lower += min((e[0] - face[0] for e in found), default=0.0)
        upper += max((e[1] - face[1] for e in found), default=0.0)
    return Spread(lower, upper, False)
