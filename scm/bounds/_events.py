"""Events across worlds as sums over the states of instances.

The probability of an event is a sum, over the states of the instances that it depends on (see `_worlds`), of the
probability that the response types give each instance that state where its parents have theirs. `enumerated` lists
the assignments in which the event holds, and the codes (see `_frame`) that each of them needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidQuery
from .._evaluate import evaluate, truth
from .._resolve import state_of
from .._syntax import Const, Expr, Op, Value, Var, conjuncts, print_expr, terms
from .._worlds import Fixed, Fresh, Instance, Own, Policy, Slot, Worlds, build_worlds
from ._frame import Frame, Ints
from ._programme import Array, TooLarge

MOST_ROWS = 2_000_000
"""Most assignments that one event is summed over."""


@dataclass(frozen=True, eq=False)
class Rows:
    """A sum over assignments, each a product of response types' probabilities.

    Attributes:
        variables: whose mechanisms are read, one for each instance.
        codes: what each assignment needs of them, shape (assignments, instances).
        weights: shape (assignments,).
        cell: the position of each assignment among the cells that were asked apart, shape (assignments,).
    """

    variables: tuple[str, ...]
    codes: Ints
    weights: Array
    cell: Ints


def enumerated(frame: Frame, event: Expr | None, weight: Expr | None = None, by: Sequence[Var] = ()) -> Rows:
    """The assignments where `event` holds.

    Args:
        frame: the variables.
        event: None is the sure event.
        weight: a formula whose value weighs each assignment: an expectation's.
        by: terms whose states are to be told apart; `Rows.cell` is their position, the last varying fastest.

    Raises:
        TooLarge: too many assignments.
        InvalidQuery, UnknownName: see `build_worlds`.
    """
    facts, checks = facts_of(conjuncts(event))
    asked = [t for check in (*checks, *(() if weight is None else (weight,)), *by) for t in terms(check)]
    worlds = build_worlds(frame.graph, list(dict.fromkeys(asked)), facts)
    walk = _Walk(frame, worlds, print_expr(event or weight or Const(True)))
    if worlds.impossible:
        walk.keep(np.zeros(1, dtype=bool))
    waiting = [(_last(worlds, check), check) for check in checks]
    for last, check in waiting:
        if last < 0:
            walk.require(check)
    for i, instance in enumerate(worlds.instances):
        walk.step(i, instance)
        for last, check in waiting:
            if last == i:
                walk.require(check)
    return walk.rows(weight, by)


def facts_of(parts: Sequence[Expr]) -> tuple[list[tuple[Var, Fixed]], list[Expr]]:
    """Conjuncts of the form `term = state`, and the others."""
    facts: list[tuple[Var, Fixed]] = []
    checks: list[Expr] = []
    for part in parts:
        match part:
            case Op("=", (Var() as term, Const() as value)) | Op("=", (Const() as value, Var() as term)):
                facts.append((term, value))
            case _:
                checks.append(part)
    return facts, checks


def _last(worlds: Worlds, check: Expr) -> int:
    """The last instance that a check reads."""
    slots = [worlds.terms[t] for t in terms(check)]
    return max((slot for slot in slots if isinstance(slot, int)), default=-1)


@dataclass
class _Walk:
    """Assignments grown by one instance at a time."""

    frame: Frame
    worlds: Worlds
    label: str
    values: list[Ints] = field(default_factory=lambda: [])
    own: list[int] = field(default_factory=lambda: [])
    read: list[Ints] = field(default_factory=lambda: [])
    weights: Array = field(default_factory=lambda: np.ones(1))

    def step(self, i: int, instance: Instance) -> None:
        """Give an instance its states: all of them, the one that is fixed, or what a known mechanism says."""
        name, fixed = instance.variable, self.worlds.fixed.get(i)
        if isinstance(instance.mechanism, Policy):
            self.values.append(self.worked_out(name, instance.mechanism.expr, instance))
        elif isinstance(instance.mechanism, Own) and name in self.frame.equations:
            self.values.append(self.frame.followed(name)[self.row(instance)])
        else:
            self.grow(i, self.open(name, fixed))
            if isinstance(instance.mechanism, Fresh):
                self.drawn(name, instance.mechanism, instance)
            else:
                self.respond(i, instance)
            return
        if fixed is not None:
            self.keep(np.isin(self.values[-1], self.open(name, fixed)))

    def open(self, name: str, fixed: Fixed | None) -> list[int]:
        """The states that an instance may have."""
        place = self.frame.place[name]
        return list(place.values()) if fixed is None else [place[value_of(fixed)]] if value_of(fixed) in place else []

    def grow(self, i: int, states: list[int]) -> None:
        """Every assignment so far with each of `states`."""
        before = len(self.weights)
        if before * len(states) > MOST_ROWS:
            raise TooLarge(self.forecast(i, before))
        self.spread(np.repeat(np.arange(before), len(states)))
        self.values.append(np.tile(np.array(states, dtype=np.int64), before))

    def forecast(self, i: int, before: int) -> str:
        """What the whole enumeration would need."""
        left = [
            (self.frame.size(x.variable), x.variable)
            for k, x in enumerate(self.worlds.instances[i:], i)
            if k not in self.worlds.fixed and not isinstance(x.mechanism, Policy)
        ]
        total = before * math.prod(size for size, _ in left)
        names = ", ".join(dict.fromkeys(x.variable for x in self.worlds.instances))
        return (
            f"P({self.label}) is a sum over the states of {len(self.worlds.instances)} instances of {names}: up to "
            f"{total:.2g} terms, and {MOST_ROWS:,} are the most that are written out. Leave out variables that do not "
            "matter (make them hidden), ask about fewer worlds, or give the variables fewer states."
        )

    def spread(self, which: NDArray[np.intp]) -> None:
        """Only the assignments at these positions, which may repeat."""
        self.values = [v[which] for v in self.values]
        self.read = [r[which] for r in self.read]
        self.weights = self.weights[which]

    def keep(self, where: NDArray[np.bool_]) -> None:
        """Only the assignments where this is true."""
        if not where.all():
            self.spread(np.flatnonzero(where))

    def slot(self, name: str, slot: Slot) -> Ints:
        """What stands in a slot that carries states of `name`."""
        frame = self.frame
        if not isinstance(slot, int):
            return np.full(len(self.weights), frame.place[name][value_of(slot)], dtype=np.int64)
        other = self.worlds.instances[slot].variable
        if other == name or frame.states[other] == frame.states[name]:
            return self.values[slot]
        # A value set from a term of another variable: the state that is the same value.
        where = [frame.place[name][state_of(name, state, frame.states[name])] for state in frame.states[other]]
        return np.array(where, dtype=np.int64)[self.values[slot]]

    def row(self, instance: Instance) -> Ints:
        """Which combination of states its parents have."""
        row = np.zeros(len(self.weights), dtype=np.int64)
        for parent, slot in instance.slots:
            row = row * self.frame.size(parent) + self.slot(parent, slot)
        return row

    def respond(self, i: int, instance: Instance) -> None:
        """Note the code that the newest instance needs; one response type has one state at each coordinate."""
        name = instance.variable
        code = self.frame.codes(name, self.row(instance), self.values[i])
        possible = np.ones(len(code), dtype=bool)
        for k, earlier in zip(self.own, self.read, strict=True):
            if self.worlds.instances[k].variable == name:
                possible &= (earlier == code) | (earlier // self.frame.widest != code // self.frame.widest)
        self.own.append(i)
        self.read.append(code)
        self.keep(possible)

    def worked_out(self, name: str, expr: Expr, instance: Instance) -> Ints:
        """The states that a formula of the slots gives."""
        states, place = self.frame.states[name], self.frame.place[name]
        slots = [(n, self.frame.states[n], self.slot(n, s)) for n, s in instance.slots]

        def state(row: dict[str, Value]) -> float:
            return place[state_of(name, evaluate(expr, lambda t: row[t.name]), states)]

        return self.tabulated(slots, state).astype(np.int64)

    def drawn(self, name: str, law: Fresh, instance: Instance) -> None:
        """Weigh each state of the newest instance by the law that is imposed."""
        slots = [(n, self.frame.states[n], self.slot(n, s)) for n, s in instance.slots]
        own = ("", self.frame.states[name], self.values[-1])

        def chance(row: dict[str, Value]) -> float:
            for condition, cases in law.cases.cases:
                if condition is None or truth(evaluate(condition, lambda t: row[t.name])):
                    return sum(p for value, p in cases if state_of(name, value, self.frame.states[name]) == row[""])
            return 0.0

        self.weights = self.weights * self.tabulated([*slots, own], chance)
        self.keep(self.weights > 0)

    def tabulated(
        self, columns: Sequence[tuple[str, tuple[Value, ...], Ints]], value: Callable[[dict[str, Value]], float]
    ) -> Array:
        """A function of some columns at every assignment, worked out once for each combination that occurs."""
        index = np.zeros(len(self.weights), dtype=np.int64)
        for _, states, column in columns:
            index = index * len(states) + column
        _, first, inverse = np.unique(index, return_index=True, return_inverse=True)
        rows = [{name: states[column[k]] for name, states, column in columns} for k in first]
        return np.array([value(row) for row in rows], dtype=float)[inverse.reshape(-1)]

    def at(self, expr: Expr) -> Array:
        """The value of an expression of terms at every assignment."""
        place = {t: self.worlds.terms[t] for t in terms(expr)}
        numbers = {t: str(i) for i, t in enumerate(place)}
        columns = [
            (numbers[t], self.frame.states[self.worlds.instances[s].variable], self.values[s])
            for t, s in place.items()
            if isinstance(s, int)
        ]
        imposed = {numbers[t]: value_of(s) for t, s in place.items() if not isinstance(s, int)}

        def value(row: dict[str, Value]) -> float:
            found = evaluate(expr, lambda t: imposed[numbers[t]] if numbers[t] in imposed else row[numbers[t]])
            return float(truth(found) if isinstance(found, str) else found)

        return self.tabulated(columns, value)

    def require(self, check: Expr) -> None:
        """Only the assignments where a condition holds."""
        self.keep(self.at(check) != 0)

    def rows(self, weight: Expr | None, by: Sequence[Var]) -> Rows:
        """What was found."""
        if weight is not None and len(self.weights):
            self.weights = self.weights * self.at(weight)
        cell = np.zeros(len(self.weights), dtype=np.int64)
        for term in by:
            slot = self.worlds.terms[term]
            cell = cell * self.frame.size(term.name) + self.slot(term.name, slot)
        codes = np.stack(self.read, axis=1) if self.read else np.zeros((len(self.weights), 0), dtype=np.int64)
        return Rows(tuple(self.worlds.instances[i].variable for i in self.own), codes, self.weights, cell)


def value_of(fixed: Fixed) -> Value:
    """The value that stands there.

    Raises:
        InvalidQuery: a placeholder.
    """
    if isinstance(fixed, Const):
        return fixed.value
    raise InvalidQuery(f"?{fixed.name} has no value here: bounds are worked out for one row at a time; bind it first.")
