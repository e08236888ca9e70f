"""A witness that a query is not identified: two models that agree on all that is available and differ on the query."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .._errors import InvalidQuery
from .._mechanism import NoiseTable, Table
from .._model import Model
from .._noise import probabilities
from .._query import Distribution, Query, print_query
from .._syntax import Var, print_const, print_name
from ..identify import Available, Identification
from ._contract import Budget
from ._level_set import Ends, ends_of
from ._noise_model import PLACES, Shape, Unsupported, as_model, random_noise_model
from ._parities import parity_pair
from ._setting import Record, Setting
from ._smaller_graph import Question, named_edges, scalar_queries, smaller_questions
from .exact import solve

APART = 1e-3
"""Answers nearer than this do not make a witness that a reader would look at."""
ENOUGH = 0.05
"""A difference from which the search does not go on for a larger one."""
MORE = 8
"""Pairs that are tried for a larger difference when there is one."""
SAME = 1e-12
"""How near everything available must be."""
SECONDS = 10.0
TRIES = 1000
ROUND = 6
"""Choices of edges for parities; then tries of random mechanisms until there is one more."""
MOST_PLACES = 4 * PLACES
"""Joint states of hidden causes from which nothing is tried."""


@dataclass(frozen=True, eq=False)
class TwoModels:
    """Two models over the same graph that agree on everything available and differ on the query.

    A mechanism need not read every parent that the graph allows it; a hidden common cause is a noise that two variables
    share. All available probabilities are positive, so it is not for want of positivity that the query is not known.

    Attributes:
        query: with a value for each placeholder; of a distribution, one cell.
        first, second: the models.
        values: what each answers.
        largest_disagreement: on what is available, worked out by the exact solver.
        available: on what they agree.
    """

    query: Query
    first: Model
    second: Model
    values: tuple[float, float]
    largest_disagreement: float
    available: tuple[Available, ...]

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self) -> str:
        """What the models are, where they agree and where they differ."""
        known = "; ".join(_said(law) for law in self.available)
        lines = [
            f"Two models agree on {known} (to {self.largest_disagreement:.0e}) and differ on the query:",
            f"  {print_query(self.query)} is {self.values[0]:.6g} in the first, {self.values[1]:.6g} in the second.",
        ]
        for name in self.first.noises:
            shown = [_law_text(model, name) for model in (self.first, self.second)]
            lines.append(f"  {print_name(name)} ~ {_both(*shown)}")
        for name in self.first.mechanisms:
            shown = [_mechanism_text(model, name) for model in (self.first, self.second)]
            lines.append(f"  {print_name(name)}: {_both(*shown)}")
        return "\n".join(lines)

    def to_json(self, *, indent: int | None = 2) -> str:
        """Everything as JSON text; each model as `Model.to_json` writes it."""
        data = {
            "query": print_query(self.query),
            "values": list(self.values),
            "largest_disagreement": self.largest_disagreement,
            "available": [{"variables": a.variables, "do": a.do, "name": a.name} for a in self.available],
            "first": json.loads(self.first.to_json()),
            "second": json.loads(self.second.to_json()),
        }
        return json.dumps(data, indent=indent, ensure_ascii=False)


def _said(law: Available) -> str:
    given = f" | do({', '.join(map(print_name, law.do))})" if law.do else ""
    return f"P({', '.join(map(print_name, law.variables))}{given})"


def _both(first: str, second: str) -> str:
    return f"{first} in both" if first == second else f"{first} in the first; {second} in the second"


def _law_text(model: Model, name: str) -> str:
    shares = probabilities(model.noises[name].law) or ()
    return f"({', '.join(f'{p:.6g}' for p in shares)})"


def _mechanism_text(model: Model, name: str) -> str:
    mechanism = model.mechanisms[name]
    inputs = f"({', '.join(map(print_name, mechanism.inputs))})"
    match mechanism:
        case NoiseTable(_, outcomes):
            return f"by {inputs}, the last fastest: {' '.join(map(print_const, outcomes))}"
        case Table(_, rows):
            laws = " ".join(f"({', '.join(f'{p:.6g}' for p in row)})" for row in rows)
            return f"given {inputs}, the last fastest: {laws}" if mechanism.inputs else laws
        case _:
            return str(mechanism)


# ---------------------------------------------------------------------------------------------------------------------
# The search


def two_models(
    identification: Identification, *, seed: int = 0, budget: float = SECONDS, tries: int = TRIES
) -> TwoModels | None:
    """Two models that show that a query is not identified, each with the exact graph's hidden causes and no other.

    Random mechanisms over the part of the graph that matters, with the laws of hidden causes moved along the level set
    of what is available until the query has changed; the result is checked by the exact solver before it is returned.

    Args:
        identification: of a query that is not identified.
        seed: of the random mechanisms; while the budget lasts, the same seed gives the same models.
        budget: seconds; may be infinite.
        tries: random mechanisms that are looked at, at most: a limit that no busy machine changes.

    Returns:
        None where nothing was found: the query is identified, the part that matters is too large to search, or the
        query has a stochastic intervention.

    Raises:
        InvalidQuery: no identification.
    """
    if not isinstance(identification, Identification):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"two_models takes what identify returns, got {type(identification).__name__}.")
    if identification.identified:
        return None
    rng, until, more = np.random.default_rng(seed), time.monotonic() + budget, MORE
    best: TwoModels | None = None
    try:
        for question, found in _pairs(identification, rng, until, tries):
            if found is not None and found.apart > max(APART, 0.0 if best is None else _apart(best)):
                best = _verified(identification, question, found) or best
            more -= best is not None
            if time.monotonic() > until or more < 0 or (best is not None and _apart(best) >= ENOUGH):
                break
    except Unsupported:
        return None
    return best


def _apart(witness: TwoModels) -> float:
    return abs(witness.values[1] - witness.values[0])


def _pairs(
    identification: Identification, rng: np.random.Generator, until: float, tries: int
) -> Iterator[tuple[Question, Ends | None]]:
    """Pairs of models for smaller and smaller questions: of parities first, then of random mechanisms.

    Raises:
        Unsupported: the query says something that cannot be laid out.
    """
    questions = smaller_questions(identification, rng)
    kept = [next(questions)]
    for _ in range(0 if kept[0].imagined else ROUND):
        yield kept[-1], _parities_of(kept[-1], rng)
        kept.append(next(questions))
    for attempt in range(tries):
        kept.sort(key=lambda question: (len(question.graph.confounded), len(question.relevant)))
        question = kept[int(len(kept) * rng.random() ** 2)]
        if attempt % 4 == 3:
            question = question.wider()
        yield question, _random_pair(question, _shape(question, attempt, rng), rng, until)
        if attempt % ROUND == ROUND - 1:
            kept.append(next(questions))


def _shape(question: Question, attempt: int, rng: np.random.Generator) -> Shape:
    """Numbers of states of hidden causes: as many as the attempt wants and the row has room for."""
    graph, states = question.graph, question.states
    names = [v for v in graph.order if v in question.relevant]
    shared = tuple(dict.fromkeys((min(pair), max(pair)) for pair in graph.confounded))
    several, parents = question.imagined, {v: graph.parents[v] for v in names}
    sizes = [2] * len(shared)
    for v in names:
        # Ways to respond: as many as there are, or as there is room for; the constraints on them must leave some free.
        reads = math.prod(len(states[p]) for p in parents[v]) * 2 ** sum(v in pair for pair in shared)
        ways = (
            [len(states[v]) * factor for factor in (1, 2, 4, 8)[: 2 + attempt % 3]]
            if v in several
            else [len(states[v])]
        )
        most_ways = len(states[v]) ** min(reads, 6)
        sizes.append(next((n for n in reversed(ways) if n <= most_ways and math.prod(sizes) * n <= PLACES), ways[0]))
    most = (2, 3, 4, 6)[attempt % 4]
    order = [int(i) for i in rng.permutation(len(shared))]
    grown = True
    while grown:
        grown = False
        for i in order:
            if sizes[i] < most and math.prod(sizes) // sizes[i] * (sizes[i] + 1) <= PLACES:
                sizes[i] += 1
                grown = True
    return Shape(parents, {v: states[v] for v in names}, shared, tuple(sizes), several)


def _parities_of(question: Question, rng: np.random.Generator) -> Ends | None:
    shape = _shape(question, 0, rng)
    found = (
        parity_pair(shape, question.contexts, query, APART) for query in scalar_queries(question.query, shape.states)
    )
    return next((pair for pair in found if pair is not None), None)


def _random_pair(question: Question, shape: Shape, rng: np.random.Generator, until: float) -> Ends | None:
    if math.prod(shape.sizes) > MOST_PLACES:
        return None
    model = random_noise_model(shape, rng)
    queries = scalar_queries(question.query, shape.states)
    try:
        found = [ends_of(model, question.contexts, query, until) for query in queries]
    except np.linalg.LinAlgError:  # no convergence: these mechanisms are given up
        return None
    return max((ends for ends in found if ends is not None), key=lambda ends: ends.apart, default=None)


# ---------------------------------------------------------------------------------------------------------------------
# The check


def _verified(identification: Identification, question: Question, found: Ends) -> TwoModels | None:
    """The two models, if the exact solver says that they agree where they must and differ where they should."""
    trivial = {v: question.states[v] for v in identification.graph.variables if v not in question.relevant}
    edges = named_edges(identification.query)
    first, second = (as_model(found.model, laws, trivial, edges) for laws in (found.low, found.high))
    values = _exact(first, found.query), _exact(second, found.query)
    if values[0] is None or values[1] is None or not abs(values[0] - values[1]) >= APART:
        return None
    off = 0.0
    for names, do in question.contexts:
        law = Distribution(tuple(Var(name, do) for name in names))
        one, other = (_array(model, law) for model in (first, second))
        if min(one.min(), other.min()) <= 0:
            return None
        off = max(off, float(np.abs(one - other).max()))
    if off > SAME:
        return None
    return TwoModels(found.query, first, second, (values[0], values[1]), off, identification.available)


def _array(model: Model, query: Query) -> np.ndarray:
    setting = Setting(model, (), Budget(), {}, {}, 1, Record())
    found = solve(setting, query)
    return found.lower if found.defined.all() else np.full(1, np.nan)


def _exact(model: Model, query: Query) -> float | None:
    value = float(_array(model, query).reshape(-1)[0])
    return value if math.isfinite(value) else None
