"""The questions that are put to a model, to tell whether another gives the same answers: families of probes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from scm import (
    Answer,
    Const,
    Expr,
    Model,
    Op,
    Probability,
    Query,
    ScmError,
    Set,
    Value,
    Var,
    ask,
    conjunction,
    query_nodes,
    query_terms,
    world,
)

from .._problem import Problem
from .._rounding import ends_of
from ._spots import At, Key

MOST_ASKED = 60
"""Most questions of one family."""
CLOSE = 1e-7
"""Answers nearer than this are the same: far above the arithmetic error, far below what any text means."""
FAULTS = (ScmError, RecursionError, MemoryError, OverflowError, ValueError)
"""What the engine may raise on a question that cannot be meant or worked out."""

Found: TypeAlias = "tuple[float | str | None, ...]"
"""What a probe gave: the ends of the value where there is one, or else the finding."""
Family: TypeAlias = "dict[Key, Found] | None"
"""Probes of one kind with what each gave; None where they were not asked."""
Pair: TypeAlias = tuple[str, Value]


def close(first: Found, second: Found) -> bool:
    """Whether two probes gave the same."""
    return len(first) == len(second) and all(
        abs(a - b) <= CLOSE * max(1.0, abs(a)) if isinstance(a, float | int) and isinstance(b, float | int) else a == b
        for a, b in zip(first, second, strict=True)
    )


def _is(name: str, state: Value, *imposed: Pair) -> Expr:
    there = world(*(Set(target, Const(value)) for target, value in imposed))
    return Op("=", (Var(name, there), Const(state)))


def _ends(answer: Answer) -> Found:
    return ends_of(answer) or (answer.finding,)


class Probes:
    """The questions that are put to one model."""

    def __init__(self, problem: Problem, model: Model) -> None:
        self.model = model
        self.states = {variable.name: variable.states for variable in problem.variables}
        self.hidden = {variable.name for variable in problem.variables if not variable.observed}
        self.seen = _evidence([item.query for item in problem.queries if item.query is not None])
        self.given: dict[tuple[str, Expr | None], dict[Value, Found]] = {}

    def ask(self, event: Expr, given: Expr | None = None) -> Found:
        """The ends of one probability."""
        try:
            return _ends(ask(self.model, Probability(event, given)))
        except FAULTS:
            return ("refused",)

    def law(self, name: str, imposed: Sequence[Pair], given: Expr | None) -> dict[Value, Found]:
        """The probability of each state; of two, the second is worked out from the first."""
        states = self.states[name]
        if len(states) != 2:
            return {state: self.ask(_is(name, state, *imposed), given) for state in states}
        found = self.ask(_is(name, states[1], *imposed), given)
        match found:
            case (float(low), float(high)):
                return {states[0]: (1 - high, 1 - low), states[1]: found}
            case _:
                return dict.fromkeys(states, found)

    def cost(self, name: str) -> int:
        """Questions that one law takes."""
        return 1 if len(self.states[name]) == 2 else len(self.states[name])

    def as_it_is(self, name: str, given: Expr | None) -> dict[Value, Found]:
        """The law of a variable with nothing changed."""
        if (name, given) not in self.given:
            self.given[name, given] = self.law(name, (), given)
        return self.given[name, given]

    def laws(self) -> Family:
        """The law of each variable, and its law given what was seen."""
        if sum(map(self.cost, self.states)) > MOST_ASKED:
            return None
        found: dict[Key, Found] = {}
        for name in self.states:
            found |= {("law", At(name, state)): ends for state, ends in self.as_it_is(name, None).items()}
            if self.seen is not None:
                found |= {("seen", At(name, state)): ends for state, ends in self.as_it_is(name, self.seen).items()}
        return found

    def causes(self, name: str) -> frozenset[str]:
        """The nearest causes that are seen."""
        found: set[str] = set()
        waiting, passed = list(self.model.graph.parents[name]), {name}
        while waiting:
            cause = waiting.pop()
            if cause in passed:
                continue
            passed.add(cause)
            if cause in self.hidden:
                waiting += self.model.graph.parents[cause]
            else:
                found.add(cause)
        return frozenset(found)

    def responses(self) -> Family:
        """The law of each variable for every setting of its causes; where some are hidden, also of those seen."""
        wanted = {(name, frozenset(self.model.graph.parents[name])) for name in self.states}
        wanted |= {(name, self.causes(name)) for name in self.states if name not in self.hidden}
        cost = sum(self.cost(name) * _settings(self.states[cause] for cause in causes) for name, causes in wanted)
        if cost > 2 * MOST_ASKED:
            return None
        found: dict[Key, Found] = {}
        for name, causes in wanted:
            found |= self.response(name, sorted(causes))
        return found

    def response(self, name: str, causes: Sequence[str]) -> dict[Key, Found]:
        """The law of one variable for every setting of its causes, without those that never matter."""
        settings = itertools.product(*(self.states[cause] for cause in causes))
        table = {row: self.law(name, list(zip(causes, row, strict=True)), None) for row in settings}
        matter = [place for place in range(len(causes)) if _matters(table, place)]
        return {
            ("response", At(name, state), frozenset(At(causes[place], row[place]) for place in matter)): ends
            for row, law in table.items()
            for state, ends in law.items()
        }

    def below(self) -> list[tuple[str, str]]:
        """Pairs of a variable that is seen and one that it may affect."""
        return [
            (cause, effect)
            for cause in self.states
            if cause not in self.hidden
            for effect in self.model.graph.descendants([cause])
            if effect != cause and effect not in self.hidden
        ]

    def effects(self, given: Expr | None) -> Family:
        """The law of each variable when another is set, where that differs from its law as it is."""
        pairs = self.below()
        if sum(len(self.states[cause]) * self.cost(effect) for cause, effect in pairs) > MOST_ASKED:
            return None
        found: dict[Key, Found] = {}
        for cause, effect in pairs:
            usual = self.as_it_is(effect, given)
            for value in self.states[cause]:
                for state, ends in self.law(effect, [(cause, value)], given).items():
                    if not close(ends, usual[state]):
                        found["effect", At(cause, value), At(effect, state)] = ends
        return found

    def crossings(self) -> Family:
        """`P(Y[X=x] = y | X=x', Y=y')` for each pair, both otherwise than they were."""
        asked = [
            (At(cause, a), At(cause, b), At(effect, c), At(effect, d))
            for cause, effect in self.below()
            for a, b in itertools.permutations(self.states[cause], 2)
            for c, d in itertools.permutations(self.states[effect], 2)
        ][: MOST_ASKED + 1]
        if len(asked) > MOST_ASKED:
            return None
        return {
            ("crossing", imposed, was, would, other): self.ask(
                _is(*would, imposed), conjunction(_is(*was), _is(*other))
            )
            for imposed, was, would, other in asked
        }


def _settings(states: Iterator[tuple[Value, ...]]) -> int:
    count = 1
    for one in states:
        count *= len(one)
    return count


def _matters(table: Mapping[tuple[Value, ...], Mapping[Value, Found]], place: int) -> bool:
    """Whether the cause at `place` makes a difference to the law anywhere."""
    rows: dict[tuple[Value, ...], Mapping[Value, Found]] = {}
    for row, law in table.items():
        first = rows.setdefault(row[:place] + row[place + 1 :], law)
        if not all(close(first[state], ends) for state, ends in law.items()):
            return True
    return False


def _evidence(queries: Sequence[Query]) -> Expr | None:
    """What the question says was seen, where every condition is of the world as it is."""
    for query in queries:
        for term in query_terms(query):
            if term.given is not None and not any(
                isinstance(node, Var) and node.world for node in query_nodes(Probability(term.given))
            ):
                return term.given
    return None
