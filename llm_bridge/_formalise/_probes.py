"""Whether two readings are the same: the same answers of the engine to every probe, however they are written.

A reading's probes come in families, cheap ones first: what is asked; the law of each variable, and the law given what
the question says was seen; how each variable responds to its causes; the effect of each variable on each other, as
things are and for the case that was seen; and what would have been in a case that went the other way. A study has its
graph (hidden variables projected out) and its statements in place of the last four, and claims their graph or class of
graphs. A family that would take more than `MOST_ASKED` questions is left out, and only families that both readings
have are compared: the number of questions depends on the shape of a Problem alone, never on its names or their order.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TypeAlias, cast

from scm import (
    Answer,
    CausalGraph,
    Const,
    EquivalenceClass,
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
    latent_projection,
    query_nodes,
    query_terms,
    world,
)

from .._judged import graph_of
from .._pipeline import Reply, solve_problem
from .._problem import Problem
from .._rounding import ends_of
from ._renaming import Renaming, renamings
from ._spots import At, Key, Of, Unnamed, key_of_claim, key_of_expr, key_of_query, renamed

MOST_ASKED = 60
"""Most questions of one family."""
CLOSE = 1e-7
"""Answers nearer than this are the same: far above the arithmetic error, far below what any text means."""
_FAULTS = (ScmError, RecursionError, MemoryError, OverflowError, ValueError)

Found: TypeAlias = "tuple[float | str | None, ...]"
"""What a probe gave: the ends of the value where there is one, or else the finding."""
Family: TypeAlias = "dict[Key, Found] | None"
Pair: TypeAlias = tuple[str, Value]


class Signature:
    """What one Problem answers to its probes. Families are worked out when they are first looked at.

    Attributes:
        problem: the Problem.
        reply: the whole chain's reply to it.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.reply: Reply = solve_problem(problem)
        self._probes = None if self._model is None else _Probes(problem, self._model)

    @property
    def _model(self) -> Model | None:
        return None if self.reply.compiled is None else self.reply.compiled.model

    @property
    def kind(self) -> str:
        """What the Problem amounts to: readings of different kinds are never the same."""
        if self.problem.cannot is not None:
            return "cannot"
        compiled = self.reply.compiled
        if compiled is None:
            return "fault"
        asked = "claims" if not compiled.queries else "numbers" if not compiled.claims else "both"
        return f"{asked} of a {'model' if compiled.model is not None else 'study'}"

    @cached_property
    def bare(self) -> dict[str, object]:
        """The Problem without its words, which no answer depends on."""
        parts = self.problem.model_dump()
        for items in parts.values():
            for item in cast("tuple[object, ...]", items) if isinstance(items, tuple) else ():
                if isinstance(item, dict):
                    for key in ("words", "description"):
                        cast("dict[str, object]", item).pop(key, None)
        return parts

    @cached_property
    def asked(self) -> dict[Key, Found]:
        """What is asked: for each query or claim its answer, and what is said."""
        reply = self.reply
        said = _said(reply)
        found: dict[Key, Found] = {("said",): (said if isinstance(said, float | int) else str(said),)}
        answers, judged = iter(reply.answers), iter(reply.judged)
        for place, item in enumerate(self.problem.queries):
            if item.query is not None:
                answer = next(answers, None)
                ends = None if answer is None else ends_of(answer)
                # Without a value there is nothing to tell two questions apart but the questions.
                key = ("asked", place) if ends is not None else ("asked", place, key_of_query(item.query))
                found[key] = ("no answer",) if answer is None else (answer.finding, *(ends or ()))
            else:
                one = next(judged, None)
                key = ("claim", place) if one is not None else ("claim", place, key_of_claim(item.asserted))
                found[key] = ("no answer",) if one is None else (one.members, one.holding, one.total)
        return found

    @cached_property
    def laws(self) -> Family:
        """The law of each variable, and its law given what was seen."""
        return None if self._probes is None else self._probes.laws()

    @cached_property
    def responses(self) -> Family:
        """The law of each variable for every setting of its causes, causes without effect left out."""
        return None if self._probes is None else self._probes.responses()

    @cached_property
    def effects(self) -> Family:
        """The law of each variable when another is set, where that changes it."""
        return None if self._probes is None else self._probes.effects(None)

    @cached_property
    def effects_seen(self) -> Family:
        """The same for the case that was seen."""
        if self._probes is None or self._probes.seen is None:
            return None
        return self._probes.effects(self._probes.seen)

    @cached_property
    def crossings(self) -> Family:
        """What would have been, had another variable been otherwise, in a case where both are known."""
        return None if self._probes is None else self._probes.crossings()

    @cached_property
    def graph(self) -> Family:
        """Of a study or of claims: the edges among the variables that are seen, or of their class of graphs."""
        return None if self._probes is not None else _graph(self.problem)

    @cached_property
    def statements(self) -> Family:
        """Of a study: what is stated."""
        return None if self._probes is not None else _statements(self.problem)

    @cached_property
    def written(self) -> Family:
        """Of a Problem that comes to nothing: all it says."""
        return _written(self.problem) if self.kind == "fault" else None

    @property
    def families(self) -> Iterator[Callable[[Signature], Family]]:
        """The families, cheap ones first."""
        yield lambda one: one.asked
        yield lambda one: one.graph
        yield lambda one: one.statements
        yield lambda one: one.written
        yield lambda one: one.laws
        yield lambda one: one.responses
        yield lambda one: one.effects
        yield lambda one: one.effects_seen
        yield lambda one: one.crossings


_kept = lru_cache(maxsize=512)(Signature)


def signature(problem: Problem) -> Signature:
    """What `problem` answers to its probes; kept for the next comparison."""
    return _kept(problem)  # pyright: ignore[reportArgumentType]  # pydantic makes frozen models hashable


def equivalent(first: Problem, second: Problem, text: str = "") -> bool:
    """Whether two Problems are the same reading: the engine answers every probe of one as that of the other.

    Variables are matched by name, then by their words, by order of mention, or by their place in the structure (see
    `_renaming`); where no match or no single one is found, the readings count as different.

    Args:
        first: one Problem.
        second: another.
        text: what they were read from, where it is at hand: the order of mention is told from it.
    """
    one, other = signature(first), signature(second)
    if one.kind != other.kind:
        return False
    if one.kind == "cannot" or one.bare == other.bare:
        return True
    if not _agree(one.asked, other.asked, None):
        return False
    return any(_same(one, other, renaming) for renaming in renamings(first, second, text))


def _same(one: Signature, other: Signature, renaming: Renaming) -> bool:
    for family in one.families:
        here, there = family(one), family(other)
        if here is not None and there is not None and not _agree(here, there, renaming):
            return False
    return True


def _agree(here: Mapping[Key, Found], there: Mapping[Key, Found], renaming: Renaming | None) -> bool:
    """Whether two families say the same; without a renaming, only the values of what is asked are looked at."""
    if renaming is None:
        return len(here) == len(there) and all(map(_close, here.values(), there.values()))
    mine, theirs = _named(here, renaming.first), _named(there, renaming.second)
    return mine.keys() == theirs.keys() and all(_close(found, theirs[key]) for key, found in mine.items())


def _named(family: Mapping[Key, Found], leaves: Mapping[Key, Key]) -> dict[Key, Found]:
    """What a family says of the variables that both readings have."""
    found: dict[Key, Found] = {}
    for key, value in family.items():
        try:
            found[renamed(key, leaves)] = value
        except Unnamed:
            continue
    return found


def _close(first: Found, second: Found) -> bool:
    return len(first) == len(second) and all(
        abs(a - b) <= CLOSE * max(1.0, abs(a)) if isinstance(a, float | int) and isinstance(b, float | int) else a == b
        for a, b in zip(first, second, strict=True)
    )


# ---------------------------------------------------------------------------------------------------------------------
# What is asked, and what is written


def _said(reply: Reply) -> object:
    """What is said; of options, which one: readings may word them in different ways."""
    form = None if reply.problem is None else reply.problem.reply
    if form is not None and form.kind == "choice" and reply.reply in form.options:
        return f"option {form.options.index(str(reply.reply))}"
    return reply.reply


def _graph(problem: Problem) -> Family:
    try:
        graph = graph_of(problem)
        if isinstance(graph, CausalGraph):
            graph = latent_projection(graph)
    except _FAULTS:
        return None
    match graph:
        case EquivalenceClass(_, directed, undirected):
            pairs = {("edge", Of(a), Of(b)) for a, b in directed}
            return dict.fromkeys([*pairs, *(("line", frozenset({Of(a), Of(b)})) for a, b in undirected)], ())
        case CausalGraph(_, edges, confounded):
            pairs = {("edge", Of(a), Of(b)) for a, b in edges}
            return dict.fromkeys([*pairs, *(("confounded", frozenset({Of(a), Of(b)})) for a, b in confounded)], ())


def _statements(problem: Problem) -> Family:
    said: dict[Key, list[tuple[str, float, float, float]]] = {}
    for statement in problem.statements:
        term, relation = statement.term, statement.relation
        value, low, high = statement.printed()
        match term:
            case Probability(Op("=", (Var(name, there), Const(state))), given):
                # Of two states, what is said of one is said of the other.
                states = problem.states(name)
                if len(states) == 2 and state == states[0]:
                    term = Probability(Op("=", (Var(name, there), Const(states[1]))), given)
                    value, low, high = 1 - value, 1 - high, 1 - low
                    relation = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(relation, relation)
            case _:
                pass
        said.setdefault(key_of_query(term), []).append((relation, value, low, high))
    return {key: tuple(itertools.chain(*sorted(values))) for key, values in said.items()}


def _written(problem: Problem) -> Family:
    found: dict[Key, Found] = {("hidden", Of(v.name)): () for v in problem.variables if not v.observed}
    found |= {("edge", Of(edge.cause), Of(edge.effect)): () for edge in problem.edges}
    found |= {("confounded", frozenset(map(Of, both.pair))): () for both in problem.confounded}
    found |= {("equation", Of(e.variable), key_of_expr(e.expression)): () for e in problem.equations}
    found |= {("claim", key_of_claim(claim)): () for claim in problem.independences or ()}
    found |= {("asked", key_of_query(q.query)): () for q in problem.queries if q.query is not None}
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Probes of a model


def _is(name: str, state: Value, *imposed: Pair) -> Expr:
    there = world(*(Set(target, Const(value)) for target, value in imposed))
    return Op("=", (Var(name, there), Const(state)))


def _ends(answer: Answer) -> Found:
    return ends_of(answer) or (answer.finding,)


class _Probes:
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
        except _FAULTS:
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
                    if not _close(ends, usual[state]):
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
        if not all(_close(first[state], ends) for state, ends in law.items()):
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
