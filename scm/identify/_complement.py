"""Queries in other words where states are known: what holds of the rest follows from the whole.

Of a variable with the states 0 and 1, P(A, X=1) = P(A) - P(A, X=0); identification itself knows no states. This is how
the effect of treatment on the treated follows from a trial beside what is seen (Pearl 2009, section 8.2.1; Shpitser &
Pearl 2009), P(Y[X=0], X=1) = P(Y[X=0]) - P(Y, X=0).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .._errors import InvalidQuery
from .._evaluate import evaluate, truth
from .._finding import Assumption, Step
from .._query import Contrast, Distribution, Expectation, Number, Probability, Query, Term, print_query, query_terms
from .._syntax import Const, Expr, Op, Placeholder, Value, Var, conjunction, conjuncts, print_const, terms, walk
from ._reading import equality, linear

MOST_TRIED = 60
"""Most probabilities that are looked up for one query."""
MOST_CELLS = 32
"""Most joint states of what is expected."""

States: TypeAlias = Mapping[str, Sequence[Value]]
Known: TypeAlias = Callable[[Query], bool]
Parts: TypeAlias = tuple[Expr, ...]


@dataclass(frozen=True)
class Complement:
    """A query in other words.

    Attributes:
        query: of the same value, as long as the variables have just these states; its terms are known.
        steps: how it came about.
        states: the variables it rests on, with all their states.
    """

    query: Query
    steps: tuple[Step, ...] = ()
    states: Mapping[str, tuple[Value, ...]] = field(default_factory=lambda: {})

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """That the variables have no other states."""
        texts = (f"{name} has no other states than {_states_text(own)}" for name, own in self.states.items())
        return tuple(Assumption(text, "the user") for text in texts)


def complement(query: Query, states: States, known: Known) -> Complement | None:
    """`query` as one whose terms are all known, by sums over states and their complements; None where none is found.

    Args:
        query: with its states written as the variables have them.
        states: of the variables whose states are known.
        known: whether a term (a probability, or a distribution) is known; it is asked a bounded number of times.
    """
    found = _Search(states, known).query(query)
    return None if found is None or not found.states else found


def probabilities_in(query: Query, states: States) -> Iterator[Probability]:
    """The probability of each state that the terms of a query ask about: between 0 and 1, whatever the law.

    A trial and what is seen can contradict each other, and a difference of the two shows it.
    """
    for term in query_terms(query):
        match term:
            case Probability():
                yield term
            case Distribution(of):
                yield from _cells(of, term.given, states)
            case Expectation(expr):
                for _, part in linear(expr)[0]:
                    yield from _cells(terms(part), term.given, states)


def _cells(of: Sequence[Var], given: Expr | None, states: States) -> Iterator[Probability]:
    """Each joint state of some terms; nothing where there are too many, or no term."""
    domains = [tuple(states.get(one.name, ())) for one in of]
    if of and math.prod(map(len, domains)) <= MOST_CELLS:
        for values in itertools.product(*domains):
            cell = (Op("=", (one, Const(value))) for one, value in zip(of, values, strict=True))
            yield Probability(conjunction(*cell), given)


class _Search:
    """One search. Each probability is looked up once."""

    def __init__(self, states: States, known: Known) -> None:
        self.states, self._known = states, known
        self._looked_up: dict[Query, bool] = {}
        self._joints: dict[tuple[frozenset[Expr], Parts, frozenset[Var]], Complement | None] = {}

    def known(self, term: Term) -> bool:
        """Whether a term is known; no term is once too many were looked up."""
        if term not in self._looked_up:
            if len(self._looked_up) >= MOST_TRIED:
                return False
            try:
                self._looked_up[term] = self._known(term)
            except InvalidQuery:  # its condition contradicts itself
                self._looked_up[term] = False
        return self._looked_up[term]

    def query(self, query: Query) -> Complement | None:
        """A query, term by term."""
        match query:
            case Number():
                return Complement(query)
            case Contrast(op, left, right):
                one = self.query(left)
                other = None if one is None else self.query(right)
                return None if one is None or other is None else _joined(op, one, other)
            case _:
                return self.term(query)

    def term(self, term: Term) -> Complement | None:
        """A term as it stands where it is known, else in other words."""
        if self.known(term):
            return Complement(term)
        match term:
            case Probability():
                return self._probability(term)
            case Expectation():
                return self._expectation(term)
            case Distribution():
                return self._distribution(term)

    # --- probabilities

    def _probability(self, term: Probability) -> Complement | None:
        """P(A | B, C) = P(A, B | C) / P(B | C) for a part B of the condition, both by complements."""
        asked, given = conjuncts(term.event), conjuncts(term.given)
        for moved in _parts_of(given):
            kept = tuple(part for part in given if part not in moved)
            above = self._joint(tuple(dict.fromkeys((*asked, *moved))), kept, frozenset())
            below = self._joint(moved, kept, frozenset()) if above is not None else None
            if above is None or below is None:
                continue
            return _divided(term, _probability((*asked, *moved), kept), _probability(moved, kept), above, below)
        return None

    def _joint(self, event: Parts, given: Parts, done: frozenset[Var]) -> Complement | None:
        """The probability of a conjunction; `done` are the terms whose states are not summed over again."""
        if not event:
            return Complement(Number(1))
        key = frozenset(event), given, done
        if key not in self._joints:
            whole = _probability(event, given)
            self._joints[key] = Complement(whole) if self.known(whole) else self._by_parts(event, given, done)
        return self._joints[key]

    def _by_parts(self, event: Parts, given: Parts, done: frozenset[Var]) -> Complement | None:
        """One part of the event by its states: a sum over those it allows, or the whole less those it excludes."""
        for part, term in sorted(_about_one(event), key=lambda found: len(found[1].world)):
            own = tuple(self.states.get(term.name, ()))
            others = None if term in done or not own else _excluded(part, term, own)
            if others is None:
                continue
            rest = tuple(other for other in event if other != part)
            at = {state: (*rest, Op("=", (term, Const(state)))) for state in own}
            ways = [("-", [rest, *(at[state] for state in others)])]
            if equality(part) is None:
                ways.insert(0, ("+", [at[state] for state in own if state not in others]))
            for sign, smaller in ways:
                found = self._all(smaller, given, done | {term})
                if found:
                    shown = [_probability(one, given) for one in smaller]
                    return _summed(sign, _probability(event, given), term, own, shown, found)
        return None

    def _all(self, events: Sequence[Parts], given: Parts, done: frozenset[Var]) -> list[Complement]:
        """Each of several joint probabilities; none where one is not found."""
        found: list[Complement] = []
        for one in events:
            by = self._joint(one, given, done)
            if by is None:
                return []
            found.append(by)
        return found

    # --- expectations and distributions

    def _expectation(self, term: Expectation) -> Complement | None:
        """A sum over the states of what is expected, each probability by itself."""
        parts, constant = linear(term.expr)
        total = Complement(Number(constant))
        for factor, part in parts:
            found = terms(part)
            domains = [tuple(self.states.get(one.name, ())) for one in found]
            if not 0 < math.prod(map(len, domains)) <= MOST_CELLS:
                return None
            for values in itertools.product(*domains):
                worth = evaluate(part, dict(zip(found, values, strict=True)).__getitem__)
                if isinstance(worth, str):
                    return None
                if not worth:
                    continue
                cell = (Op("=", (one, Const(value))) for one, value in zip(found, values, strict=True))
                by = self.term(Probability(conjunction(*cell), term.given))
                if by is None:
                    return None
                total = _joined("+", total, _joined("*", Complement(Number(factor * worth)), by))
            total = Complement(total.query, total.steps, {**total.states, **_of(found, self.states)})
        step = Step(
            "states", f"{print_query(term)} = {print_query(total.query)}", "an expectation is a sum over states"
        )
        return Complement(total.query, (*total.steps, step), total.states)

    def _distribution(self, term: Distribution) -> Complement | None:
        """P(Y | B, X=1) P(X=1 | B) = P(Y | B) - P(Y | B, X=0) P(X=0 | B)."""
        given = conjuncts(term.given)
        for part, one in _about_one(given):
            own = tuple(self.states.get(one.name, ()))
            others = _excluded(part, one, own) if own else None
            if others is None:
                continue
            kept = tuple(other for other in given if other != part)
            total = self.term(Distribution(term.of, conjunction(*kept) if kept else None))
            for state in others:
                fact = Op("=", (one, Const(state)))
                law = Distribution(term.of, conjunction(*kept, fact))
                share = self._joint((fact,), kept, frozenset())
                if total is None or share is None or not self.known(law):
                    total = None
                    break
                total = _joined("-", total, _joined("*", Complement(law), share))
            below = self._joint((part,), kept, frozenset())
            if total is None or below is None:
                continue
            found = _joined("/", total, below)
            claim = f"{print_query(term)} = {print_query(found.query)}"
            step = Step("complement", claim, _reason(one, own))
            return Complement(found.query, (step, *found.steps), {**found.states, one.name: own})
        return None


def _parts_of(given: Parts) -> Iterator[Parts]:
    """What of a condition is written as part of the event: one part, or all."""
    yield from ((part,) for part in given)
    if len(given) != 1:
        yield given


def _about_one(event: Parts) -> Iterator[tuple[Expr, Var]]:
    """The parts of a conjunction that speak of a single term, with it."""
    for part in event:
        found = terms(part)
        if len(found) == 1 and not any(isinstance(node, Placeholder) for node in walk(part)):
            yield part, found[0]


def _excluded(part: Expr, term: Var, states: Sequence[Value]) -> tuple[Value, ...] | None:
    """The states of a term at which an event about it alone does not hold; None where it has no truth value."""
    try:
        return tuple(state for state in states if not truth(evaluate(part, {term: state}.__getitem__)))
    except InvalidQuery:
        return None


def _probability(event: Parts, given: Parts) -> Probability:
    event = tuple(dict.fromkeys(event))
    return Probability(conjunction(*event) if event else Const(True), conjunction(*given) if given else None)


def _of(found: Sequence[Var], states: States) -> dict[str, tuple[Value, ...]]:
    return {one.name: tuple(states[one.name]) for one in found}


# ---------------------------------------------------------------------------------------------------------------------
# What was found, put together


def _joined(op: str, one: Complement, other: Complement) -> Complement:
    """Two parts of a query, without what adds nothing."""
    steps = tuple(dict.fromkeys((*one.steps, *other.steps)))
    return Complement(_combined(op, one.query, other.query), steps, {**one.states, **other.states})


def _combined(op: str, one: Query, other: Query) -> Query:
    match op, one, other:
        case "+", Number(0), _:
            return other
        case "*", Number(1), _:
            return other
        case "*" | "/", _, Number(1):
            return one
        case "+" | "-" | "*" | "/", _, _:
            return Contrast(op, one, other)
        case _:
            raise ValueError(op)


def _divided(term: Probability, top: Query, bottom: Query, above: Complement, below: Complement) -> Complement:
    found = _joined("/", above, below)
    if isinstance(below.query, Number):
        return found
    claim = f"{print_query(term)} = {print_query(_combined('/', top, bottom))}"
    step = Step("conditioning", claim, "the definition of a conditional probability")
    return Complement(found.query, (step, *found.steps), found.states)


def _summed(
    sign: str,
    whole: Query,
    term: Var,
    own: tuple[Value, ...],
    shown: Sequence[Query],
    found: Sequence[Complement],
) -> Complement:
    """The first part, and the others added to it or taken from it."""
    total, text = found[0], "1" if isinstance(found[0].query, Number) else print_query(shown[0])
    for one, by in zip(shown[1:], found[1:], strict=True):
        total, text = _joined(sign, total, by), f"{text} {sign} {print_query(one)}"
    step = Step("complement" if sign == "-" else "states", f"{print_query(whole)} = {text}", _reason(term, own))
    return Complement(total.query, (step, *total.steps), {**total.states, term.name: own})


def _reason(term: Var, own: Sequence[Value]) -> str:
    count = "two" if len(own) == 2 else str(len(own))
    return f"{term.name} has only {count} states, {_states_text(own)}"


def _states_text(own: Sequence[Value]) -> str:
    *first, last = (print_const(state) for state in own)
    return f"{', '.join(first)} and {last}"
