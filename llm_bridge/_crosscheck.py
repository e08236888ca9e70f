"""Faults between the parts of a Problem that are each well formed: what `Problem.check` reports."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeAlias

from scm import (
    Const,
    Correlation,
    Expr,
    Independence,
    Op,
    Probability,
    Quantity,
    Set,
    UnknownState,
    Value,
    Var,
    conjuncts,
    listing,
    print_expr,
    print_name,
    print_quantity,
)

from ._parts import Confounded, Edge, Equation, ProblemQuery, ProblemVariable, Statement

Condition: TypeAlias = frozenset[Expr]
SLACK = 1e-9
"""Floating-point room when sums of printed numbers are compared with one; rounding itself is counted exactly."""


class Parts(Protocol):
    """What is looked at here of a Problem."""

    @property
    def variables(self) -> tuple[ProblemVariable, ...]: ...
    @property
    def edges(self) -> tuple[Edge, ...]: ...
    @property
    def confounded(self) -> tuple[Confounded, ...]: ...
    @property
    def equations(self) -> tuple[Equation, ...]: ...
    @property
    def statements(self) -> tuple[Statement, ...]: ...
    @property
    def queries(self) -> tuple[ProblemQuery, ...]: ...
    @property
    def independences(self) -> tuple[Independence, ...] | None: ...
    def states(self, name: str) -> tuple[Value, ...]: ...


def faults(problem: Parts, causes: Mapping[str, tuple[str, ...]]) -> list[str]:
    """One message for each fault, given what `causes_of` finds; empty when the parts agree."""
    found = [
        *_duplicates(problem),
        *_loops(problem),
        *_unknown_states(problem),
        *_correlated(problem),
        *_edges_against_equations(problem),
        *_beside_independences(problem),
    ]
    return found or [*_cycle(causes), *_laws(problem)]


def causes_of(problem: Parts) -> dict[str, tuple[str, ...]]:
    """Direct causes of every variable: those of its equation, or else of its edges, in order of mention."""
    found: dict[str, tuple[str, ...]] = {variable.name: () for variable in problem.variables}
    for equation in problem.equations:
        found[equation.variable] = tuple(dict.fromkeys((*found[equation.variable], *equation.names)))
    for edge in problem.edges:
        if edge.cause not in found[edge.effect]:
            found[edge.effect] += (edge.cause,)
    return found


def _duplicates(problem: Parts) -> Iterator[str]:
    for name, times in _repeated([variable.name for variable in problem.variables]):
        yield f"The variable {name!r} is declared {times} times. Declare it once, or rename one."
    for name, times in _repeated([equation.variable for equation in problem.equations]):
        yield f"{name!r} has {times} equations. Join them into one, for example with `or`."


def _repeated(names: list[str]) -> Iterable[tuple[str, int]]:
    """Those that stand more than once, with how often."""
    if len(set(names)) == len(names):
        return ()
    return [(name, times) for name, times in Counter(names).items() if times > 1]


def _loops(problem: Parts) -> Iterator[str]:
    for edge in problem.edges:
        if edge.cause == edge.effect:
            yield f"The edge {edge.cause!r} -> {edge.effect!r} is a self-loop. Nothing causes itself: drop it."
    for both in problem.confounded:
        if both.pair[0] == both.pair[1]:
            yield f"The confounded pair names {both.pair[0]!r} twice. Name two variables."


def _unknown_states(problem: Parts) -> Iterator[str]:
    states = {variable.name: variable.states for variable in problem.variables}
    for place in (*problem.equations, *problem.statements, *problem.queries):
        for name, value in (pair for node in place.nodes for pair in _values(node)):
            if value not in states[name]:
                yield f"{_called(place)}: {UnknownState(name, value, states[name])}"


def _called(place: Equation | Statement | ProblemQuery) -> str:
    match place:
        case Equation():
            return f"The equation of {place.variable!r}"
        case Statement():
            return f"The statement {print_quantity(place.term)}"
        case ProblemQuery():
            return f"The query {place.query}"


def _values(node: Expr) -> Iterable[tuple[str, Value]]:
    """The states that `node` compares a variable with, or sets it to."""
    if isinstance(node, Op):
        if node.op not in ("=", "!=", "in") or not isinstance(first := node.args[0], Var):
            return ()
        return [(first.name, a.value) for a in node.args[1:] if isinstance(a, Const)]
    if isinstance(node, Var) and node.world:
        set_to = [(a.target, a.value) for a in node.world if isinstance(a, Set) and a.parent is None]
        return [(target, value.value) for target, value in set_to if isinstance(value, Const)]
    return ()


def _correlated(problem: Parts) -> Iterator[str]:
    for statement in problem.statements:
        if not isinstance(statement.term, Correlation):
            continue
        where, pair = f"The statement {print_quantity(statement.term)}", (statement.term.first, statement.term.second)
        if pair[0] == pair[1]:
            yield f"{where}: a variable correlates with itself by 1, whatever it is. Name two variables."
        for name in pair:
            if (count := len(problem.states(name))) != 2:
                yield (
                    f"{where}: {name!r} has {count} states; a correlation is of two variables with two states each. "
                    "State the probabilities instead."
                )


def _beside_independences(problem: Parts) -> Iterator[str]:
    """A complete list of independences stands for the graph."""
    if problem.independences is None:
        return
    parts = {
        "edges": problem.edges,
        "confounded pairs": problem.confounded,
        "equations": problem.equations,
        "statements": problem.statements,
    }
    if filled := [name for name, value in parts.items() if value]:
        yield (
            f"A complete list of independences comes with {' and '.join(filled)}. Keep one: the list says everything "
            f"that is known of the graph."
        )
    for item in problem.queries:
        if item.claim is None:
            yield f"The query {item.text}: independences alone give no number. Ask for a claim, such as cause(A, B)."


def _edges_against_equations(problem: Parts) -> Iterator[str]:
    used = {e.variable: set(e.names) for e in problem.equations} if problem.edges else {}
    for edge in problem.edges:
        if edge.effect in used and edge.cause not in used[edge.effect]:
            yield (
                f"The edge {edge.cause!r} -> {edge.effect!r} disagrees with the equation of {edge.effect!r}, which "
                f"speaks of {listing(sorted(used[edge.effect]))} only. Put the cause into the equation, or drop the "
                f"edge."
            )


def _cycle(causes: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    if path := find_cycle(causes):
        shown = " -> ".join(print_name(name) for name in path)
        yield f"The causes run in a circle: {shown}. Nothing may be a cause of itself: drop one of these rules."


def find_cycle(causes: Mapping[str, Iterable[str]]) -> list[str]:
    """A cycle as cause -> ... -> the same cause, or nothing. No recursion: the graph may be a long chain."""
    if _all_behind_their_causes(causes):
        return []
    done: set[str] = set()
    for start in causes:
        path: dict[str, Iterator[str]] = {}
        node: str | None = start
        while node is not None and node not in done:
            path.setdefault(node, iter(causes.get(node, ())))
            following = next(path[node], None)
            if following in path:
                trail = list(path)
                return [following, *reversed(trail[trail.index(following) :])]
            if following is None or following in done:
                node = node if following is not None else _step_back(path, done)
            else:
                node = following
    return []


def _all_behind_their_causes(causes: Mapping[str, Iterable[str]]) -> bool:
    """Whether each name stands after all of its causes, so that there is no cycle: most texts tell them like that."""
    before: set[str] = set()
    for name, own in causes.items():
        if not before.issuperset(own):
            return False
        before.add(name)
    return True


def _step_back(path: dict[str, Iterator[str]], done: set[str]) -> str | None:
    """Leave the last node of `path`, which leads nowhere new."""
    done.add(path.popitem()[0])
    return next(reversed(path), None)


def split_term(term: Quantity) -> tuple[str, Value, Condition] | None:
    """`P(Y = y | condition)` as (Y, y, condition); `None` when it is anything else."""
    match term:
        case Probability(Op("=", (Var(name, ()), Const(value))), given):
            return name, value, frozenset(conjuncts(given))
        case _:
            return None


def _laws(problem: Parts) -> Iterator[str]:
    """Statements of one law must be able to sum to one within the rounding of what was printed."""
    laws: defaultdict[tuple[str, Condition], dict[Value, list[tuple[float, float]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for statement in problem.statements:
        if statement.relation == "=" and (parts := split_term(statement.term)) is not None:
            name, value, condition = parts
            printed = statement.printed()
            laws[name, condition][value].append((printed.low, printed.high))
    for (name, condition), law in laws.items():
        given = f" given {', '.join(sorted(map(print_expr, condition)))}" if condition else ""
        yield from (f"P({print_name(name)} ...{given}): {fault}" for fault in _law(law, problem.states(name)))


def _law(law: Mapping[Value, list[tuple[float, float]]], states: tuple[Value, ...]) -> Iterator[str]:
    for value, intervals in law.items():
        low, high = max(i[0] for i in intervals), min(i[1] for i in intervals)
        if low > high + SLACK:
            yield f"the state {value!r} is given two different probabilities. Keep one."
            return
    low, high = (sum(intervals[0][end] for intervals in law.values()) for end in (0, 1))
    complete = set(law) >= set(states)
    if low > 1 + SLACK or (complete and high < 1 - SLACK):
        middle = sum((i[0][0] + i[0][1]) / 2 for i in law.values())
        yield (
            f"the probabilities of {listing(law)} add up to about {middle:.4g}, beyond what rounding allows; wanted 1. "
            "Correct one of them."
        )
