"""How `further_numbers` is worked out: each candidate as one more known number, at its possible values."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from ._ask_beside import beside_laws
from ._ask_study import ask_study
from ._bounds_ends import Facts, ends_of, is_linear
from ._errors import InvalidQuery, ScmError
from ._further_number import FurtherNumber
from ._graph import CausalGraph
from ._query import Distribution, Probability, Query, print_query, query_nodes
from ._resolve import read_query
from ._study import Study
from ._syntax import Const, Expr, Op, Set, Value, Var, World, conjunction, world
from .bounds._effort import Effort
from .bounds._further import narrowed
from .bounds._granted import Grants, granted
from .bounds._known import Known
from .bounds._programme import Clash, TooLarge
from .bounds._regions import reach
from .bounds._sources import sources_of
from .bounds._stated import stated_law
from .statements import names_of

MOST = 60
"""So many candidates are tried."""
_NEARER = 1e-6
_POINTS = 5


def narrowing(
    study: Study,
    query: str | Query,
    assume: Grants,
    candidates: Iterable[str | Query] | None,
    seconds: float | None,
) -> tuple[FurtherNumber, ...]:
    """See `further_numbers`."""
    if not isinstance(study, Study):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"Further numbers are looked for in a Study, got {type(study).__name__}.")
    asked = read_query(query, study.states)
    if not is_linear(asked) or any(isinstance(node, Distribution) for node in query_nodes(asked)):
        raise InvalidQuery(
            f"{print_query(asked)} is not one probability, expectation or difference of them, and what would pin it "
            "down is looked for one number at a time. Ask for a single one of its parts."
        )
    # Statements may clash over a condition that each takes to be possible, which a programme by itself lets vanish.
    if (
        study.statements
        and not study.samples
        and (answer := ask_study(study, asked, assume)).finding == "contradiction"
    ):
        why = "; ".join(step.claim for step in answer.derivation[-1:])
        raise ScmError(f"What is known cannot hold together, so no further number helps. {why}".rstrip())
    facts = _facts(study, asked, assume, Effort(work=1.0, branches=40) if seconds is None else Effort(seconds=seconds))
    now = ends_of(facts, asked)
    if isinstance(now, Clash):
        raise ScmError(f"What is known cannot hold together, so no further number helps. {now.reason}".rstrip())
    if now.undefined or now.met:
        return ()
    tried = _suggested(study, asked) if candidates is None else _chosen(study, candidates)
    width = now.outer_upper - now.outer_lower
    found = [one for number in tried if (one := _further(facts, asked, number, width)) is not None]
    return tuple(sorted(found, key=lambda one: (round(one.expected, 9), round(one.widest, 9))))


def _facts(study: Study, query: Query, assume: Grants, effort: Effort) -> Facts:
    """What is known, at face value."""
    less = beside_laws(study)
    study = study if less is None else less.study
    shapes = granted(study.graph, study.states, query, assume).shapes
    spoken = names_of(query)
    found = sources_of(study, shapes, reach(study.graph, spoken))
    facts = Facts.of(study, found, found.face, effort)
    law = stated_law(study, spoken) if study.statements else None
    return facts if law is None else facts.with_law(study, law)


def _further(facts: Facts, query: Query, number: Probability, width: float) -> FurtherNumber | None:
    """What a number would do; None where it does not narrow the answer, or would make it too large to work out."""
    source = len(facts.sources)
    row = Known(((1.0, number.event),), 0.0, 1.0, source)
    try:
        wider = replace(facts, known=(*facts.known, row), sources=(*facts.sources, print_query(number)))
        found = narrowed(wider.programme(query), source, facts.effort, _POINTS)
    except TooLarge:
        return None
    if found is None or isinstance(found, Clash) or found.expected > width - _NEARER:
        return None
    return FurtherNumber(number, found.lower, found.upper, width, found.expected, min(found.widest, width))


def _chosen(study: Study, candidates: Iterable[str | Query]) -> list[Probability]:
    numbers: list[Probability] = []
    single = isinstance(candidates, str) or not isinstance(cast(object, candidates), Iterable)
    for candidate in cast("Iterable[str | Query]", (candidates,)) if single else candidates:
        number = read_query(candidate, study.states)
        if not isinstance(number, Probability) or number.given is not None:
            raise InvalidQuery(
                f"A candidate is a probability without a condition, such as P(Y=1), got {print_query(number)}."
            )
        numbers.append(number)
    return numbers


# ---------------------------------------------------------------------------------------------------------------------
# Candidates


def _suggested(study: Study, query: Query) -> list[Probability]:
    """What a person could learn, the plainest first; not the query itself."""
    spoken = names_of(query)
    near = reach(study.graph, spoken)
    names = [name for name in near if name in study.states and name not in study.graph.hidden]
    events = itertools.chain(
        _shares(study.states, names),
        _pairs(study.states, [name for name in names if name in spoken]),
        _experiments(study.graph, study.states, names, spoken),
        _types(study.graph, study.states, names, spoken),
    )
    found = dict.fromkeys(Probability(event) for event in events)
    found.pop(query, None) if isinstance(query, Probability) else None
    return list(itertools.islice(found, MOST))


def _shares(states: Mapping[str, tuple[Value, ...]], names: Sequence[str]) -> Iterator[Expr]:
    """P(V = v), for all states but the first."""
    for name in names:
        yield from (_is(name, value) for value in states[name][1:])


def _pairs(states: Mapping[str, tuple[Value, ...]], names: Sequence[str]) -> Iterator[Expr]:
    """P(V = v, W = w)."""
    for one, other in itertools.combinations(names, 2):
        for value, second in itertools.product(states[one], states[other]):
            yield conjunction(_is(one, value), _is(other, second))


def _causes(graph: CausalGraph, names: Sequence[str], spoken: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Causes with effects that the query speaks of, both measured."""
    wanted = set(spoken)
    for effect in (name for name in names if name in wanted):
        yield from ((cause, effect) for cause in names if cause != effect and cause in graph.ancestors[effect])


def _experiments(
    graph: CausalGraph, states: Mapping[str, tuple[Value, ...]], names: Sequence[str], spoken: Iterable[str]
) -> Iterator[Expr]:
    """P(E[C = c] = e), for all states e but the first."""
    for cause, effect in _causes(graph, names, spoken):
        for imposed, value in itertools.product(states[cause], states[effect][1:]):
            yield _is(effect, value, _do(cause, imposed))


def _types(
    graph: CausalGraph, states: Mapping[str, tuple[Value, ...]], names: Sequence[str], spoken: Iterable[str]
) -> Iterator[Expr]:
    """P(E[C = c] = e, E[C = c'] = e'): compliers and their like; then P(C = c, E[C = c'] = e)."""
    for cause, effect in _causes(graph, names, spoken):
        for one, other in itertools.combinations(states[cause], 2):
            for value, second in itertools.product(states[effect], repeat=2):
                yield conjunction(_is(effect, value, _do(cause, one)), _is(effect, second, _do(cause, other)))
    for cause, effect in _causes(graph, names, spoken):
        for had, imposed in itertools.permutations(states[cause], 2):
            for value in states[effect][1:]:
                yield conjunction(_is(cause, had), _is(effect, value, _do(cause, imposed)))


def _do(name: str, value: Value) -> World:
    return world(Set(name, Const(value)))


def _is(name: str, value: Value, where: World | None = None) -> Expr:
    return Op("=", (Var(name) if where is None else Var(name, where), Const(value)))
