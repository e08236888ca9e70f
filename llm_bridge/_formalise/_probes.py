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
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import cast

from scm import (
    CausalGraph,
    Const,
    EquivalenceClass,
    Model,
    Op,
    Probability,
    Var,
    latent_projection,
)

from .._judged import graph_of
from .._pipeline import Reply, solve_problem
from .._problem import Problem
from .._rounding import ends_of
from ._asking import FAULTS, Family, Found, Probes, close
from ._renaming import Renaming, renamings
from ._spots import Key, Of, Unnamed, key_of_claim, key_of_expr, key_of_query, renamed


class Signature:
    """What one Problem answers to its probes. Families are worked out when they are first looked at.

    Attributes:
        problem: the Problem.
        reply: the whole chain's reply to it.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.reply: Reply = solve_problem(problem)
        self._probes = None if self._model is None else Probes(problem, self._model)

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
                # So there is where only ends are known, which many a question shares.
                known = ends is not None and ends[0] == ends[1]
                key = ("asked", place) if known else ("asked", place, key_of_query(item.query))
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
    if _regrouped(first, second) or not _agree(one.asked, other.asked, None):
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
        return len(here) == len(there) and all(map(close, here.values(), there.values()))
    mine, theirs = _named(here, renaming.first), _named(there, renaming.second)
    return mine.keys() == theirs.keys() and all(close(found, theirs[key]) for key, found in mine.items())


def _named(family: Mapping[Key, Found], leaves: Mapping[Key, Key]) -> dict[Key, Found]:
    """What a family says of the variables that both readings have."""
    found: dict[Key, Found] = {}
    for key, value in family.items():
        try:
            found[renamed(key, leaves)] = value
        except Unnamed:
            continue
    return found


# ---------------------------------------------------------------------------------------------------------------------
# What is asked, and what is written


def _regrouped(first: Problem, second: Problem) -> bool:
    """Whether two readings have the same options for other queries: the same place is then another answer."""
    here, there = ([" ".join(option.split()).casefold() for option in one.reply.options] for one in (first, second))
    shared = set(here) & set(there)
    return [option if option in shared else None for option in here] != [
        option if option in shared else None for option in there
    ]


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
    except FAULTS:
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
    found: dict[Key, Found] = {key: tuple(itertools.chain(*sorted(values))) for key, values in said.items()}
    for grant in problem.granted:
        shape = grant.shape
        key = ("granted", shape.name, Of(shape.cause), Of(shape.effect), frozenset(map(Of, shape.given)))
        found[key] = (shape.low, shape.high, str((shape.x1, shape.x0, shape.y1)))
    return found


def _written(problem: Problem) -> Family:
    found: dict[Key, Found] = {("hidden", Of(v.name)): () for v in problem.variables if not v.observed}
    found |= {("edge", Of(edge.cause), Of(edge.effect)): () for edge in problem.edges}
    found |= {("confounded", frozenset(map(Of, both.pair))): () for both in problem.confounded}
    found |= {("equation", Of(e.variable), key_of_expr(e.expression)): () for e in problem.equations}
    found |= {("claim", key_of_claim(claim)): () for claim in problem.independences or ()}
    found |= {("asked", key_of_query(q.query)): () for q in problem.queries if q.query is not None}
    return found
