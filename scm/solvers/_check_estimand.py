"""Every estimand is tried before it is trusted: on random models over the same graph, against the truth.

An estimand that is wrong agrees with the truth on no random model but by a coincidence of real numbers, so one model
would do nearly always; twenty cost little more. This catches errors of the theory as it is printed, and of our code.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .._bind import replace_placeholders
from .._errors import InvalidQuery, ScmError, UnknownName
from .._estimand import At, Estimand, Index, Law, Weight
from .._estimand_parts import cells_of, nodes_of
from .._graph import CausalGraph
from .._query import Query, query_nodes
from .._syntax import Assignment, Const, Draw, Expr, Op, Placeholder, Set, Soft, Value, Var, carrier_of, walk
from ..identify import Available, Identification
from ._evaluate_estimand import evaluate_estimand
from ._kernels import TooWide
from ._law_source import Array, Names, check_available
from ._random_models import random_model
from ._random_truth import truth

LARGEST = 1 << 21
"""Most numbers in one array of a check, over all models: an answer does not wait long for it."""
FEW = 2
"""Models that are tried where arrays for all would be too large."""
TOLERANCE = 1e-9
"""Largest difference that is put down to rounding."""
GRANTED = frozenset({"instrument", "linear paths"})
"""Methods whose estimand is right only under what was granted beyond the graph, which random models do not obey."""

States = dict[str, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class EstimandCheck:
    """How an estimand was checked.

    Attributes:
        status: `checked`: it agreed with the truth on every model; `failed`: it did not, and must not be used;
            `unchecked`: it could not be tried, for the reason given.
        models: how many random models were tried.
        largest_difference: between the estimand and the truth, over models and entries; None where nothing was tried.
        reason: why not, or what failed.
    """

    status: Literal["checked", "failed", "unchecked"]
    models: int = 0
    largest_difference: float | None = None
    reason: str = ""

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """One line for an answer."""
        if self.status == "unchecked":
            return f"not checked on random models: {self.reason}"
        if not self.models:
            return f"FAILED its check: {self.reason}"
        text = f"on {self.models} random models over the same graph; largest difference {self.largest_difference:.0e}"
        return f"checked {text}" if self.status == "checked" else f"FAILED its check {text}. {self.reason}".rstrip()


def check_estimand(identification: Identification, models: int = 20, seed: int = 0) -> EstimandCheck:
    """Compare an estimand with the truth on random models over the same graph.

    The estimand sees only the exact laws that are available; the truth is worked out from the mechanisms. Only the
    causes of what is mentioned are built. Placeholders stand for different states. The models have the states on which
    the identification rests.

    Args:
        identification: with an estimand.
        models: how many models.
        seed: of the models; the same seed gives the same check.

    Returns:
        `failed` where one difference is larger than `TOLERANCE`, or where the estimand speaks of a law that is not
        available; `unchecked` where there is no estimand, where it rests on more than the graph, and where the models
        would be too large.

    Raises:
        InvalidQuery: no identification, or less than one model.
    """
    if not isinstance(identification, Identification):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"check_estimand takes what identify returns, got {type(identification).__name__}.")
    if models < 1:
        raise InvalidQuery(f"models= is how many models are tried, at least 1, got {models}.")
    estimand = identification.estimand
    if estimand is None:
        return EstimandCheck("unchecked", reason="the query is not identified")
    if identification.method in GRANTED:
        return EstimandCheck("unchecked", reason="it rests on what was granted beyond the graph")
    for node in nodes_of(estimand):
        if isinstance(node, Law) and (wrong := _misuse(node, identification.available)):
            return EstimandCheck("failed", 0, float("inf"), wrong)
    try:
        return _tried(identification, estimand, models, seed, LARGEST)
    except TooWide:
        pass  # fewer models leave more room
    except ScmError as wrong:
        return EstimandCheck("unchecked", reason=str(wrong))
    try:
        return _tried(identification, estimand, min(models, FEW), seed, LARGEST)
    except TooWide as wrong:
        return EstimandCheck("unchecked", reason=f"models over the variables that matter are too large. {wrong}")


def _tried(identification: Identification, estimand: Estimand, models: int, seed: int, largest: int) -> EstimandCheck:
    """The comparison itself.

    Raises:
        TooWide: an array past the limit.
        ScmError: there is no truth of this query on random models.
    """
    states, values = states_for(identification.graph, identification.query, estimand)
    states |= identification.states
    query = replace_placeholders(identification.query, {Placeholder(n): Const(v) for n, v in values.items()})
    within = _relevant(identification.graph, query, estimand)
    rng = np.random.default_rng(seed)
    made = random_model(identification.graph, rng, states, count=models, within=within, largest=largest)
    wanted = truth(made, query)
    defined: NDArray[np.bool_] = np.isfinite(wanted.reshape(-1, models).sum(axis=0))
    if not defined.any():
        return EstimandCheck("unchecked", reason="the condition of the query has probability zero on random models")
    if not defined.all():  # noises of few states do not allow every event of several worlds
        made, wanted, models = made.those(defined), wanted[..., defined], int(defined.sum())
    try:
        found = evaluate_estimand(estimand, made, made.states, values=values, axes=identification.axes, largest=largest)
    except TooWide:
        raise
    except ScmError as wrong:
        return EstimandCheck("failed", models, float("inf"), f"The estimand has no value: {wrong}")
    return _compared(np.asarray(found), wanted, models)


def _compared(found: Array, wanted: Array, models: int) -> EstimandCheck:
    if found.ndim == wanted.ndim - 1:
        found = found[..., None]  # an estimand without any law is the same on every model
    if found.ndim != wanted.ndim:
        return EstimandCheck("failed", models, float("inf"), "The estimand has other axes than the query.")
    difference = float(np.max(np.abs(found - wanted)))
    return EstimandCheck("checked" if difference <= TOLERANCE else "failed", models, difference)


def _misuse(law: Law, available: Sequence[Available]) -> str:
    """Why a law does not follow from what is available; '' where it does."""
    names: list[Names] = [tuple(name for name, _ in part) for part in (law.of, law.given, law.do)]
    source = next((a for a in available if a.name == law.source), None)
    if source is None:
        return f"The estimand speaks of the law {law.source!r}, which is not available."
    try:
        check_available(names[0] + names[1], names[2], source.variables, source.do, source.name)
    except ScmError as wrong:
        return str(wrong)
    return ""


def _relevant(graph: CausalGraph, query: Query, estimand: Estimand) -> tuple[str, ...]:
    """What the query and the estimand speak of, with everything that causes it."""
    names = {name for name, _ in _mentions(graph, query, estimand)}
    for name in names:
        if name not in graph.ancestors:
            raise UnknownName(name, graph.variables)
    closed = set[str]().union(*(graph.ancestors[name] for name in names))
    return tuple(name for name in graph.variables if name in closed)


# ---------------------------------------------------------------------------------------------------------------------
# States


def states_for(graph: CausalGraph, query: Query, estimand: Estimand) -> tuple[States, dict[str, Value]]:
    """At least two states of every variable, those that are mentioned among them; a state for each placeholder.

    Raises:
        InvalidQuery: see `replace_placeholders`.
    """
    mentioned: dict[str, dict[Value, None]] = {name: {} for name in graph.variables}
    waiting: dict[str, list[str]] = {}
    for name, at in _mentions(graph, query, estimand):
        if isinstance(at, Const):
            mentioned.setdefault(name, {}).setdefault(at.value)
        elif isinstance(at, Placeholder):
            waiting.setdefault(at.name, []).append(name)
    values: dict[str, Value] = {}
    for placeholder, names in waiting.items():
        taken = {state for name in names for state in mentioned[name]}
        values[placeholder] = next(state for state in _fillers(taken) if state not in taken)
        for name in names:
            mentioned[name].setdefault(values[placeholder])
    return {name: _at_least_two(known) for name, known in mentioned.items()}, values


def _at_least_two(known: Mapping[Value, None]) -> tuple[Value, ...]:
    states = list(known)
    fillers = (state for state in _fillers(known) if state not in known)
    while len(states) < 2:
        states.append(next(fillers))
    numbers = [state for state in states if not isinstance(state, str)]
    return tuple(sorted(numbers)) if len(numbers) == len(states) else tuple(states)


def _fillers(known: Mapping[Value, None] | set[Value]) -> Iterator[Value]:
    """States that may stand beside those that are known: numbers beside numbers, labels beside labels."""
    if any(isinstance(state, str) for state in known):
        return (f"other {i}" for i in itertools.count(1))
    return itertools.count()


def _mentions(graph: CausalGraph, query: Query, estimand: Estimand) -> Iterator[tuple[str, At | None]]:
    """Every variable that is spoken of, with the value at which it stands where there is one."""
    for node in query_nodes(query):
        yield from _mentions_of(node)
    for part in nodes_of(estimand):
        if isinstance(part, Law):
            yield from cells_of(part)
        if isinstance(part, Weight):  # the names in it need not be variables
            yield from ((at.variable, None) for _, at in part.where if isinstance(at, Index))
            cells = (cell for node in walk(part.expr) for cell in _mentions_of(node))
            yield from (cell for cell in (*part.where, *cells) if cell[0] in graph.place)


def _mentions_of(node: Expr) -> Iterator[tuple[str, At | None]]:
    match node:
        case Op("<" | "<=" | ">" | ">=", (Var(name), Const(value)) | (Const(value), Var(name))):
            if not isinstance(value, str):  # states on both sides, so that the event is neither sure nor impossible
                yield from ((name, Const(value + step)) for step in (-1, 0, 1))
        case Var(name, world):
            yield name, None
            for a in world:
                yield a.target, None
                yield from ((carrier_of(a), value) for value in _imposed(a))
        case Op("=" | "!=" | "in", args):
            names = [arg.name for arg in args if isinstance(arg, Var)]
            yield from ((name, arg) for name in names for arg in args if isinstance(arg, (Const, Placeholder)))
        case _:
            pass


def _imposed(a: Assignment) -> Iterator[At]:
    """The values that an assignment may put in place of another."""
    match a:
        case Set(_, value) | Soft(_, value):
            if isinstance(value, (Const, Placeholder)):
                yield value
        case Draw(_, cases):
            yield from (Const(value) for _, law in cases for value, _ in law)
