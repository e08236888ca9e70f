"""Small questions without rows: each joint state of what is random is one bit of a whole number.

Random are the noises, and variables given by a table. An instance is then one set of states, a whole number, for each
of its values, and a formula is `&`, `|` and `^` of such sets. Nothing is planned and no array is made before the end,
where laws and tables weigh what is left.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidQuery
from .._evaluate import evaluate
from .._mechanism import Equation, Table
from .._model import Model
from .._noise import probabilities
from .._syntax import Const, Expr, Op, Placeholder, Value, Var, terms
from .._worlds import Fresh, Instance, Policy, Worlds

Array = NDArray[np.float64]
Values: TypeAlias = tuple[Value, ...]
Spread: TypeAlias = tuple[Values, tuple[int, ...]]
"""Values, and for each of them the states in which it is taken."""
Scope: TypeAlias = Mapping[tuple[str, object], Spread]
"""What each term of a formula is, by its name and world."""

MOST_STATES = 1 << 12
"""Most joint states of what is random."""
MOST_INSTANCES = 64
MOST_ROWS = 1 << 6
"""Most combinations of values that one formula is looked up for, where its operations are not those of truth values."""
MOST_DIGITS = 900.0
"""Most binary places before the first digit of the smallest product; floating point holds some more."""


@dataclass(frozen=True, slots=True)
class Enumerated:
    """Joint weights of outputs and of the states of roots of unknown law.

    Attributes:
        weights: axes: outputs, roots.
        roots: the noises of unknown law, with how many states each has.
        rounding: bound on the relative error of a weight.
    """

    weights: Array
    roots: Mapping[str, int]
    rounding: float


class _Apart(Exception):
    """This question is not one for here."""


def enumerated(
    model: Model, worlds: Worlds, outputs: Sequence[tuple[Expr, Values]], conditions: Sequence[Expr]
) -> Enumerated | None:
    """The weights of the outputs' values beside the evidence, or None where a contraction is to find them.

    Args:
        model: mechanisms and noise laws.
        worlds: instances; `worlds.fixed` is the evidence that fixes one instance each.
        outputs: expressions over terms of `worlds`, with the values that each may have.
        conditions: evidence that is no equality.
    """
    if len(worlds.instances) > MOST_INSTANCES:
        return None
    try:
        return _Sets(model, worlds).weigh(outputs, conditions)
    except (_Apart, InvalidQuery):  # what is wrong with a formula, the network says
        return None


class _Sets:
    """The states in which each instance takes each of its values."""

    def __init__(self, model: Model, worlds: Worlds) -> None:
        self.model, self.worlds = model, worlds
        self.tables: dict[int, Table] = {}
        sizes = self._axes()
        self.sizes = tuple(sizes.values())
        self.states = math.prod(self.sizes)
        if self.states > MOST_STATES:
            raise _Apart
        self.full = (1 << self.states) - 1
        self.of_axis: dict[str | int, tuple[int, ...]] = {}
        stride = self.states
        for name, size in sizes.items():
            stride //= size
            # Blocks of `stride` bits, again and again after `size` of them.
            block = ((1 << stride) - 1) * (self.full // ((1 << stride * size) - 1))
            self.of_axis[name] = tuple([block << stride * k for k in range(size)])
        self.evidence = self.full
        self.found: list[Spread] = []
        self.read: dict[int, list[Spread]] = {}
        for i, instance in enumerate(worlds.instances):
            self.found.append(self._instance(i, instance))

    def _axes(self) -> dict[str | int, int]:
        """What has states to go through, and how many: noises, those of unknown law first, then instances of tables."""
        names: dict[str, None] = {}
        for i, instance in enumerate(self.worlds.instances):
            if isinstance(instance.mechanism, Fresh):
                raise _Apart
            if isinstance(instance.mechanism, Policy):
                continue
            mechanism = self.model.mechanisms[instance.variable]
            for name in mechanism.inputs:
                if name in self.model.noises:
                    names[name] = None
            if isinstance(mechanism, Table):
                if len(self.worlds.of_variable(instance.variable)) > 1:
                    raise _Apart  # what they have to do with one another is not for here
                self.tables[i] = mechanism
        laws = {n: probabilities(self.model.noises[n].law) for n in names}
        self.laws = {n: law for n, law in laws.items() if law is not None}
        self._check_range()
        self.roots = {n: len(self.model.states[n]) for n in names if n not in self.laws}
        free = {i: len(table.rows[0]) for i, table in self.tables.items() if i not in self.worlds.fixed}
        return {**self.roots, **{n: len(law) for n, law in self.laws.items()}, **free}

    def _check_range(self) -> None:
        """That no product of probabilities is too small for floating point."""
        least = [min([p for p in law if p > 0]) for law in self.laws.values()]
        least += [float(table.array[table.array > 0].min()) for table in self.tables.values()]
        if -sum(map(math.log2, least)) > MOST_DIGITS:
            raise _Apart

    def _imposed(self, value: Const | Placeholder) -> Spread:
        if not isinstance(value, Const):
            raise _Apart
        return (value.value,), (self.full,)

    def _instance(self, i: int, instance: Instance) -> Spread:
        """An instance as those that read it see it: with its value, where the evidence fixes that."""
        states = self.model.states[instance.variable]
        sets = self._sets(i, instance, states)
        if i not in self.worlds.fixed:
            return states, sets
        known = self._imposed(self.worlds.fixed[i])
        if known[0][0] not in states:
            raise _Apart
        if i not in self.tables:
            self.evidence &= sets[states.index(known[0][0])]
        return known

    def _sets(self, i: int, instance: Instance, states: Values) -> tuple[int, ...]:
        """For each of `states`, where the instance is in it."""
        scope: dict[tuple[str, object], Spread] = {}
        for name, slot in instance.slots:
            scope[name, ()] = self.found[slot] if isinstance(slot, int) else self._imposed(slot)
        if isinstance(instance.mechanism, Policy):
            return _outcome(instance.mechanism.expr, scope, states, self.full)
        mechanism = self.model.mechanisms[instance.variable]
        for name in mechanism.inputs:
            if (name, ()) not in scope:
                scope[name, ()] = self.model.states[name], self.of_axis[name]
        if isinstance(mechanism, Equation):
            return _outcome(mechanism.expr, scope, states, self.full)
        inputs = [scope[n, ()] for n in mechanism.inputs]
        if isinstance(mechanism, Table):
            self.read[i] = inputs
            return self.of_axis.get(i, ())
        domains = [self.model.states[n] for n in mechanism.inputs]
        rows = dict(zip(itertools.product(*domains), mechanism.outcomes, strict=True))
        return _looked_up(inputs, states, self.full, rows.get)

    def weigh(self, outputs: Sequence[tuple[Expr, Values]], conditions: Sequence[Expr]) -> Enumerated:
        """The weights of the outputs' values beside the evidence."""
        of_term: dict[tuple[str, object], Spread] = {}
        for t, slot in self.worlds.terms.items():
            of_term[t.name, t.world] = self.found[slot] if isinstance(slot, int) else self._imposed(slot)
        held = self.evidence
        for expr in conditions:
            held &= _outcome(expr, of_term, (False, True), self.full)[1]
        shape = [len(values) for _, values in outputs]
        if math.prod(shape) * self.states > 4 * MOST_STATES:
            raise _Apart
        sets = [held]
        for expr, values in outputs:
            own = _outcome(expr, of_term, values, self.full)
            sets = [a & b for a in sets for b in own]
        weights: Array = self._bits(sets).astype(float)
        for share in self._shares():
            weights = weights * share
        weights = weights.reshape((*shape, *self.sizes))
        operations = 1 + len(self.tables)
        for size in self.sizes[len(self.roots) + len(self.laws) :]:
            weights = weights.sum(axis=-1)
            operations += size
        for law in reversed(self.laws.values()):
            weights = weights @ np.array(law)
            operations += len(law) + 1
        return Enumerated(weights, self.roots, 4 * operations * float(np.finfo(float).eps))

    def _shares(self) -> Iterator[Array]:
        """For each instance of a table, the probability of its value in every state."""
        for i, table in self.tables.items():
            own = self.model.states[self.worlds.instances[i].variable]
            domains = [*(self.model.states[n] for n in table.inputs), own]
            spreads = [*self.read[i], self.found[i]]
            places = [self._places(spread, domain) for spread, domain in zip(spreads, domains, strict=True)]
            yield np.asarray(table.array.reshape([len(d) for d in domains])[tuple(places)])

    def _places(self, spread: Spread, domain: Values) -> Any:
        """Where among `domain` the value is in every state; one place where it is the same in all."""
        values, sets = spread
        if any([value not in domain for value in values]):
            raise _Apart
        if len(values) == 1:
            return domain.index(values[0])
        return np.array([domain.index(value) for value in values]) @ self._bits(sets)

    def _bits(self, sets: Sequence[int]) -> NDArray[np.uint8]:
        """Of each set, 1 where it has the state."""
        length = (self.states + 7) // 8
        packed = np.frombuffer(b"".join([one.to_bytes(length, "little") for one in sets]), np.uint8)
        return np.unpackbits(packed.reshape(-1, length), axis=1, count=self.states, bitorder="little")


class _NoTruth(Exception):
    """A formula is not one of truth values alone."""


def _outcome(expr: Expr, scope: Scope, states: Values, full: int) -> tuple[int, ...]:
    """For each of `states`, where `expr` has that value; `full` is everywhere."""
    if isinstance(expr, Var):
        values, sets = scope[expr.name, expr.world]
        if values is states:
            return sets
        found = dict(zip(values, sets, strict=True))
        sets = tuple([found.pop(state, 0) for state in states])
        if found:
            raise _Apart
        return sets
    if len(states) == 2 and states[0] == 0 and states[1] == 1:
        try:
            true = _truth(expr, scope, full)
            return full ^ true, true
        except _NoTruth:
            pass
    leaves = terms(expr)
    place = {leaf: k for k, leaf in enumerate(leaves)}
    spreads = [scope[leaf.name, leaf.world] for leaf in leaves]
    return _looked_up(spreads, states, full, lambda row: evaluate(expr, lambda leaf: row[place[leaf]]))


def _truth(expr: Expr, scope: Scope, full: int) -> int:
    """Where `expr` is true."""
    if isinstance(expr, Var):
        return _true_of(*scope[expr.name, expr.world])
    if isinstance(expr, Const):
        return _true_of((expr.value,), (full,))
    if not isinstance(expr, Op):
        raise _Apart
    if expr.op == "=":
        return _equal(expr, scope)
    if expr.op not in ("and", "or", "xor", "not", "if"):
        raise _NoTruth
    return _operated(expr.op, [_truth(arg, scope, full) for arg in expr.args], full)


def _operated(op: str, args: Sequence[int], full: int) -> int:
    """Where an operation on truth values is true."""
    first, *others = args
    if op == "not":
        return full ^ first
    if op == "if":
        return (first & others[0]) | (~first & others[1])
    for other in others:
        first = first & other if op == "and" else first | other if op == "or" else first ^ other
    return first


def _true_of(values: Values, sets: tuple[int, ...]) -> int:
    true = 0
    for value, own in zip(values, sets, strict=True):
        if isinstance(value, str) or value not in (0, 1):
            raise _NoTruth
        if value:
            true |= own
    return true


def _equal(expr: Op, scope: Scope) -> int:
    """Where a term has a value."""
    term, value = expr.args
    if isinstance(term, Const):
        term, value = value, term
    if not isinstance(term, Var) or not isinstance(value, Const):
        raise _NoTruth
    values, sets = scope[term.name, term.world]
    return sets[values.index(value.value)] if value.value in values else 0


def _looked_up(
    spreads: Sequence[Spread], states: Values, full: int, value_of: Callable[[Values], object]
) -> tuple[int, ...]:
    """For each of `states`, where `value_of` the terms' values is that."""
    if math.prod(len(values) for values, _ in spreads) > MOST_ROWS:
        raise _Apart
    found = [0] * len(states)
    for row in itertools.product(*(zip(values, sets, strict=True) for values, sets in spreads)):
        value = value_of(tuple([v for v, _ in row]))
        if value not in states:
            raise _Apart
        held = full
        for _, own in row:
            held &= own
        found[states.index(value)] |= held
    return tuple(found)
