"""A question read on another rung of the ladder: done for seen, seen for done, what was observed forgotten or moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import cast

from scm import (
    Const,
    Distribution,
    Expectation,
    Expr,
    Op,
    Probability,
    Query,
    Set,
    Var,
    conjuncts,
    print_query,
    world,
)

from .._problem import Problem, ProblemQuery
from ._slip import Slip, Slips, Term, each_leaf, each_term, empty, literal, parts_of, settings_of, together

Asked = Probability | Expectation | Distribution
Change = Callable[[Asked], Asked]


def misplaced(problem: Problem) -> Slips:
    """The slips of every query, by form."""
    forms: list[Callable[[Query], list[tuple[str, Query]]]] = [_seen, _done, _forgotten, _afterwards, _flattened]
    return [
        [
            Slip(f"{what}: {print_query(item.query)} read as {print_query(query)}", partial(_asking, problem, i, query))
            for i, item in enumerate(problem.queries)
            if item.query is not None
            for what, query in form(item.query)
            if query != item.query and not empty(query)
        ]
        for form in forms
    ]


def _asking(problem: Problem, place: int, query: Query) -> Problem:
    queries = list(problem.queries)
    queries[place] = ProblemQuery(query=query, words=queries[place].words)
    return problem.model_copy(update={"queries": tuple(queries)})


def _everywhere(query: Query, change: Change) -> Query:
    def term(part: Term) -> Term:
        return change(part) if isinstance(part, Probability | Expectation | Distribution) else part

    return each_term(query, term)


def _events(term: Asked, change: Callable[[Expr], Expr | None]) -> Asked:
    match term:
        case Probability(event):
            return replace(term, event=each_leaf(event, change))
        case Expectation(expr):
            return replace(term, expr=each_leaf(expr, change))
        case Distribution(of):
            return replace(term, of=tuple(cast("Var", change(var) or var) for var in of))


def _variables(term: Asked) -> tuple[Var, ...]:
    """The terms that an event speaks of, each once."""
    found: dict[Var, None] = {}

    def note(part: Expr) -> Expr | None:
        if isinstance(part, Var):
            found.setdefault(part)
        return None

    _events(term, note)
    return tuple(found)


# ---------------------------------------------------------------------------------------------------------------------
# Forms


def _seen(query: Query) -> list[tuple[str, Query]]:
    """An intervention read as an observation."""

    def change(term: Asked) -> Asked:
        settings = [a for var in _variables(term) for a in settings_of(var)]
        states = {a.target: a.value for a in settings}
        bare = _events(term, lambda part: _without_settings(part) if isinstance(part, Var) else None)
        kept = [part for part in conjuncts(term.given) if (lit := literal(part)) is None or lit[0].name not in states]
        asked = {var.name for var in _variables(term)}
        seen = [Op("=", (Var(name), value)) for name, value in states.items() if name not in asked]
        return replace(bare, given=together([*kept, *seen]))

    return [("an intervention taken for an observation", _everywhere(query, change))]


def _without_settings(var: Var) -> Var:
    """The term in the world as it is; nested terms go with the settings."""
    return Var(var.name, tuple(a for a in var.world if not isinstance(a, Set)))


def _done(query: Query) -> list[tuple[str, Query]]:
    """An observation read as an intervention, one observed variable at a time."""

    def change(name: str, term: Asked) -> Asked:
        found = [lit for part in conjuncts(term.given) if (lit := literal(part)) and lit[0] == Var(name)]
        if not found:
            return term
        kept = [part for part in conjuncts(term.given) if (lit := literal(part)) is None or lit[0] != Var(name)]
        setting = Set(name, Const(found[0][1]))

        def settle(part: Expr) -> Expr | None:
            if not isinstance(part, Var) or any(a.target == name for a in part.world):
                return None
            return Var(part.name, world(*part.world, setting))

        return replace(_events(term, settle), given=together(kept))

    return [
        (f"{name} observed taken for {name} set", _everywhere(query, partial(change, name)))
        for name in _observed(query)
    ]


def _forgotten(query: Query) -> list[tuple[str, Query]]:
    """What was observed left out: one variable at a time, or all of it."""

    def change(names: frozenset[str], term: Asked) -> Asked:
        kept = [part for part in conjuncts(term.given) if (lit := literal(part)) is None or lit[0].name not in names]
        return replace(term, given=together(kept))

    observed = _observed(query)
    groups = [frozenset((name,)) for name in observed] + ([frozenset(observed)] if len(observed) > 1 else [])
    return [
        (f"the observation of {', '.join(sorted(group))} left out", _everywhere(query, partial(change, group)))
        for group in groups
    ]


def _afterwards(query: Query) -> list[tuple[str, Query]]:
    """A counterfactual read as a prediction: what was observed is taken to be seen after the intervention."""

    def change(term: Asked) -> Asked:
        worlds = {var.world for var in _variables(term) if var.world}
        if len(worlds) != 1 or term.given is None:
            return term
        (there,) = worlds
        targets = {a.target for a in there}

        def move(part: Expr) -> Expr | None:
            return Var(part.name, there) if isinstance(part, Var) and not part.world else None

        kept = [each_leaf(part, move) for part in conjuncts(term.given) if not _names(part) & targets]
        return replace(term, given=together(kept))

    return [("what was observed taken to be seen afterwards", _everywhere(query, change))]


def _flattened(query: Query) -> list[tuple[str, Query]]:
    """A nested counterfactual read as a plain intervention: the mediator's setting dropped, or taken as the whole."""

    def outer(part: Expr) -> Expr | None:
        if not isinstance(part, Var) or not _nested(part):
            return None
        return Var(part.name, world(*(a for a in part.world if a not in _nested(part))))

    def inner(part: Expr) -> Expr | None:
        if not isinstance(part, Var) or not _nested(part):
            return None
        (first, *_) = _nested(part)
        assert isinstance(first.value, Var)  # what _nested finds
        return Var(part.name, first.value.world)

    what = "a path-specific effect taken for the whole"
    return [(what, _everywhere(query, partial(_events, change=change))) for change in (outer, inner)]


# ---------------------------------------------------------------------------------------------------------------------
# Parts


def _nested(var: Var) -> tuple[Set, ...]:
    return tuple(a for a in var.world if isinstance(a, Set) and isinstance(a.value, Var))


def _observed(query: Query) -> tuple[str, ...]:
    """The variables that are observed, each once, in the order of mention."""
    found = [literal(part) for where, whole in parts_of(query) if where == "given" for part in conjuncts(whole)]
    return tuple(dict.fromkeys(lit[0].name for lit in found if lit is not None and not lit[0].world))


def _names(expr: Expr) -> set[str]:
    lit = literal(expr)
    return set() if lit is None else {lit[0].name}
