"""Numbers misread: another number of the text in the place of one, or two exchanged."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations

from pydantic import ValidationError

from scm import Var, print_quantity, quantity_nodes

from .._problem import Problem, Statement
from ._cite import Citer
from ._slip import Slip, Slips


def misread(problem: Problem, cites: Citer) -> Slips:
    """The slips, by form: a number replaced; two exchanged; a count replaced."""
    return [_replaced(problem, cites), _exchanged(problem, cites), _miscounted(problem, cites)]


def _replaced(problem: Problem, cites: Citer) -> list[Slip]:
    found: list[Slip] = []
    for i, statement in enumerate(problem.statements):
        for number in cites.numbers:
            if statement.value is None or _same(number, statement.value) or _unlike(number, statement.value):
                continue
            what = f"{print_quantity(statement.term)}: {statement.value} read as {number}"
            found.append(Slip(what, partial(_with, problem, cites, {i: number})))
    return found


def _exchanged(problem: Problem, cites: Citer) -> list[Slip]:
    valued = [(i, s, s.value) for i, s in enumerate(problem.statements) if s.value is not None]
    return [
        Slip(
            f"the numbers of {print_quantity(one.term)} and {print_quantity(two.term)} exchanged",
            partial(_with, problem, cites, {i: second, j: first}),
        )
        for (i, one, first), (j, two, second) in combinations(valued, 2)
        if not _same(first, second)
    ]


def _miscounted(problem: Problem, cites: Citer) -> list[Slip]:
    found: list[Slip] = []
    whole = [int(plain) for number in cites.numbers if (plain := number.replace(",", "")).isdecimal()]
    for i, statement in enumerate(problem.statements):
        if statement.counts is None:
            continue
        for counts in _other_counts(statement.counts, whole):
            what = f"{print_quantity(statement.term)}: {statement.counts} read as {counts}"
            found.append(Slip(what, partial(_counting, problem, cites, i, counts)))
    return found


def _other_counts(counts: tuple[int, int], whole: list[int]) -> Iterator[tuple[int, int]]:
    successes, total = counts
    for number in whole:
        if number not in counts:
            if number <= total:
                yield number, total
            if number >= successes:
                yield successes, number


def _with(problem: Problem, cites: Citer, values: dict[int, str]) -> Problem | None:
    statements = list(problem.statements)
    for i, value in values.items():
        old = statements[i]
        words = cites.words((*_names(old), value), near=old.words) if old.words else ""
        try:
            statements[i] = Statement(term=old.term, value=value, relation=old.relation, words=words)
        except ValidationError:
            return None
    return problem.model_copy(update={"statements": tuple(statements)})


def _counting(problem: Problem, cites: Citer, place: int, counts: tuple[int, int]) -> Problem | None:
    statements = list(problem.statements)
    old = statements[place]
    words = cites.words((*_names(old), *map(str, counts)), near=old.words) if old.words else ""
    try:
        statements[place] = Statement(term=old.term, counts=counts, words=words)
    except ValidationError:
        return None
    return problem.model_copy(update={"statements": tuple(statements)})


def _names(statement: Statement) -> tuple[str, ...]:
    names = [node.name for node in quantity_nodes(statement.term) if isinstance(node, Var)]
    return tuple(dict.fromkeys(names))


def _same(one: str, other: str) -> bool:
    return one.replace(" ", "") == other.replace(" ", "")


def _unlike(one: str, other: str) -> bool:
    """Whether one is a share and the other is not: nobody reads a year as a percentage."""
    return one.endswith("%") != other.endswith("%")
