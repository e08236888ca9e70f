"""Edges misread where a complete list of independences stands for the graph, and where a claim names causes.

One line too few or too many seldom leaves a list that any graph has; the engine then refuses it, and nothing is
tested. So a slip here is also made on a graph of the class, and the list is the one that a reader with that graph in
mind would find.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, combinations
from random import Random

from scm import (
    Adjusts,
    CausalClaim,
    CausalGraph,
    Claim,
    Independence,
    Relation,
    ScmError,
    class_from_independences,
    print_claim,
    separated,
)

from .._crosscheck import find_cycle
from .._problem import Problem, ProblemQuery
from ._slip import Slip, Slips

MOST_MEMBERS = 500
"""Most graphs of a class among which the misread one is drawn; of a larger class, one graph is taken."""

MOST_LINES = 20
"""Most lines that are looked at for one whose loss or gain leaves the list of some graph."""

Edges = tuple[tuple[str, str], ...]


def turned(problem: Problem, rng: Random) -> Slips:
    """A claim read the wrong way round; or an edge of the graph behind the list."""
    return [_reclaimed(problem, _reversed), _relisted(problem, rng, _each_turned)]


def left_out(problem: Problem, rng: Random) -> Slips:
    """A step of a claim overlooked; an edge missed, by more independences in the list; a variable not adjusted for."""
    return [
        _reclaimed(problem, lambda claim: _related(claim, {"indirect cause": "direct cause"})),
        _reclaimed(problem, lambda claim: _adjusting(claim, rng, more=None)),
        _lines(problem, rng, more=True),
        _relisted(problem, rng, _each_dropped),
    ]


def made_up(problem: Problem, rng: Random) -> Slips:
    """A step read into a claim; an edge too many, by fewer independences in the list; a variable adjusted for."""
    names = [variable.name for variable in problem.variables]
    return [
        _reclaimed(problem, lambda claim: _related(claim, {"direct cause": "indirect cause"})),
        _reclaimed(problem, lambda claim: _adjusting(claim, rng, more=names)),
        _lines(problem, rng, more=False),
        _relisted(problem, rng, _each_added),
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Claims


def _reclaimed(problem: Problem, change: Callable[[Claim], Claim | None]) -> list[Slip]:
    """One slip for each claim asked about that can be misread so."""
    found: list[Slip] = []
    for i, asked in enumerate(problem.queries):
        if asked.claim is not None and (claim := change(asked.claim)) is not None:
            what = f"{print_claim(asked.claim)} read as {print_claim(claim)}"
            found.append(Slip(what, partial(_asking, problem, i, claim)))
    return found


def _asking(problem: Problem, place: int, claim: Claim) -> Problem:
    queries = list(problem.queries)
    queries[place] = ProblemQuery(claim=claim, words=queries[place].words)
    return problem.model_copy(update={"queries": tuple(queries)})


def _reversed(claim: Claim) -> Claim | None:
    match claim:
        case CausalClaim("common cause" | "common effect"):
            return _related(claim, {"common cause": "common effect", "common effect": "common cause"})
        case CausalClaim(relation, first, second):
            return CausalClaim(relation, second, first)
        case Adjusts(cause, effect, by):
            return Adjusts(effect, cause, by)
        case _:
            return None


def _related(claim: Claim, other: dict[Relation, Relation]) -> Claim | None:
    match claim:
        case CausalClaim(relation, first, second) if relation in other:
            return CausalClaim(other[relation], first, second)
        case _:
            return None


def _adjusting(claim: Claim, rng: Random, more: Sequence[str] | None) -> Claim | None:
    """Adjusting for one variable less, or for one more of `more`."""
    if not isinstance(claim, Adjusts):
        return None
    free = [n for n in more or () if n not in (claim.cause, claim.effect, *claim.by)]
    if more is None and claim.by:
        gone = rng.choice(claim.by)
        return Adjusts(claim.cause, claim.effect, tuple(name for name in claim.by if name != gone))
    return Adjusts(claim.cause, claim.effect, (*claim.by, rng.choice(free))) if free else None


# ---------------------------------------------------------------------------------------------------------------------
# Lists


def _lines(problem: Problem, rng: Random, more: bool) -> list[Slip]:
    """One line more or less, wherever a graph has exactly what is then listed; of many, some are looked at."""
    if problem.independences is None:
        return []
    listed = problem.independences
    names = [variable.name for variable in problem.variables]
    if more:
        known = {_unordered(line) for line in listed}
        free = [
            Independence(a, b, given)
            for a, b in combinations(names, 2)
            for given in _subsets([name for name in names if name not in (a, b)])
            if (frozenset((a, b)), frozenset(given)) not in known
        ]
        found = [Slip(f"{print_claim(line)} made up", partial(_listing, problem, (*listed, line))) for line in free]
    else:
        found = [
            Slip(f"{print_claim(line)} left out", partial(_listing, problem, listed[:i] + listed[i + 1 :]))
            for i, line in enumerate(listed)
        ]
    return rng.sample(found, min(len(found), MOST_LINES))


def _subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(names, size) for size in range(len(names) + 1)))


def _listing(problem: Problem, lines: tuple[Independence, ...]) -> Problem | None:
    names = tuple(variable.name for variable in problem.variables)
    try:
        class_from_independences(names, lines)
    except ScmError:
        return None
    return problem.model_copy(update={"independences": lines})


def _relisted(problem: Problem, rng: Random, change: Callable[[CausalGraph], list[tuple[str, Edges]]]) -> list[Slip]:
    """The list of a graph that differs in one edge from one of the class."""
    if problem.independences is None:
        return []
    names = tuple(variable.name for variable in problem.variables)
    try:
        found = class_from_independences(names, problem.independences)
        members = list(found.members(MOST_MEMBERS)) if found.size <= MOST_MEMBERS else [found.member]
    except ScmError:
        return []
    graph = rng.choice(members)
    return [
        Slip(f"{what} in the graph behind the list", partial(_list_of, problem, names, edges))
        for what, edges in change(graph)
    ]


def _list_of(problem: Problem, names: tuple[str, ...], edges: Edges) -> Problem | None:
    causes = {name: [cause for cause, effect in edges if effect == name] for name in names}
    if find_cycle(causes):
        return None
    graph = CausalGraph(names, edges)
    lines = tuple(
        Independence(a, b, given)
        for a, b in combinations(names, 2)
        for given in _subsets([name for name in names if name not in (a, b)])
        if separated(graph, a, b, given)
    )
    same = {_unordered(line) for line in lines} == {_unordered(line) for line in problem.independences or ()}
    return None if same else problem.model_copy(update={"independences": lines})


def _unordered(line: Independence) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset((line.first, line.second)), frozenset(line.given)


def _each_turned(graph: CausalGraph) -> list[tuple[str, Edges]]:
    return [
        (f"{a} -> {b} turned round", tuple((y, x) if (x, y) == (a, b) else (x, y) for x, y in graph.edges))
        for a, b in graph.edges
    ]


def _each_dropped(graph: CausalGraph) -> list[tuple[str, Edges]]:
    return [(f"{a} -> {b} left out", tuple(e for e in graph.edges if e != (a, b))) for a, b in graph.edges]


def _each_added(graph: CausalGraph) -> list[tuple[str, Edges]]:
    joined = {frozenset(edge) for edge in graph.edges}
    names = graph.variables
    return [
        (f"{a} -> {b} made up", (*graph.edges, (a, b)))
        for a in names
        for b in names
        if a != b and frozenset((a, b)) not in joined
    ]
