"""Small questions without rows: each joint state of the noises is one bit of a whole number.

An instance is then one set of noise states, a whole number, for each of its values, and a formula is `&`, `|` and `^`
of such sets. Nothing is planned and no array is made before the end, where the laws of the noises weigh what is left.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidQuery
from .._evaluate import evaluate
from .._mechanism import Equation, NoiseTable
from .._model import Model
from .._noise import probabilities
from .._syntax import Const, Expr, Op, Placeholder, Value, Var, terms
from .._worlds import Fresh, Instance, Policy, Worlds

Array = NDArray[np.float64]
Values: TypeAlias = tuple[Value, ...]
Spread: TypeAlias = tuple[Values, tuple[int, ...]]
"""Values, and for each of them the noise states in which it is taken."""
Scope: TypeAlias = Mapping[tuple[str, object], Spread]
"""What each term of a formula is, by its name and world."""

MOST_STATES = 1 << 10
"""Most joint states of the noises."""
MOST_INSTANCES = 64
MOST_ROWS = 1 << 6
"""Most combinations of values that one formula is looked up for, where its operations are not those of truth values."""
LEAST_PROBABILITY = 2.0**-60
"""Products of ten numbers as large as this are far from the smallest that floating point can hold."""


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
    """The noise states in which each instance takes each of its values."""

    def __init__(self, model: Model, worlds: Worlds) -> None:
        self.model, self.worlds = model, worlds
        self.noises = self._noises()
        sizes = [len(model.states[n]) for n in self.noises]
        self.states = math.prod(sizes)
        self.full = (1 << self.states) - 1
        self.of_noise: dict[str, Spread] = {}
        stride = self.states
        for name, size in zip(self.noises, sizes, strict=True):
            stride //= size
            # Blocks of `stride` bits, again and again after `size` of them.
            block = ((1 << stride) - 1) * (self.full // ((1 << stride * size) - 1))
            self.of_noise[name] = model.states[name], tuple(block << stride * k for k in range(size))
        self.evidence = self.full
        self.found: list[Spread] = []
        for i, instance in enumerate(worlds.instances):
            spread = self._instance(instance)
            self.found.append(self._known(i, spread) if i in worlds.fixed else spread)

    def _noises(self) -> list[str]:
        """The noises that the instances read, those of unknown law first."""
        names: dict[str, None] = {}
        for instance in self.worlds.instances:
            if isinstance(instance.mechanism, Fresh):
                raise _Apart
            if not isinstance(instance.mechanism, Policy):
                mechanism = self.model.mechanisms[instance.variable]
                if not isinstance(mechanism, (Equation, NoiseTable)):
                    raise _Apart
                names.update(dict.fromkeys(n for n in mechanism.inputs if n in self.model.noises))
        if math.prod(len(self.model.states[n]) for n in names) > MOST_STATES:
            raise _Apart
        laws = {n: probabilities(self.model.noises[n].law) for n in names}
        self.laws = {n: law for n, law in laws.items() if law is not None}
        if any(0 < p < LEAST_PROBABILITY for law in self.laws.values() for p in law):
            raise _Apart
        self.roots = tuple(n for n in names if n not in self.laws)
        return [*self.roots, *self.laws]

    def _imposed(self, value: Const | Placeholder) -> Spread:
        if not isinstance(value, Const):
            raise _Apart
        return (value.value,), (self.full,)

    def _instance(self, instance: Instance) -> Spread:
        states = self.model.states[instance.variable]
        scope: dict[tuple[str, object], Spread] = {}
        for name, slot in instance.slots:
            scope[name, ()] = self.found[slot] if isinstance(slot, int) else self._imposed(slot)
        if isinstance(instance.mechanism, Policy):
            return states, _outcome(instance.mechanism.expr, scope, states, self.full)
        mechanism = self.model.mechanisms[instance.variable]
        for name in mechanism.inputs:
            if (name, ()) not in scope:
                scope[name, ()] = self.of_noise[name]
        if isinstance(mechanism, Equation):
            return states, _outcome(mechanism.expr, scope, states, self.full)
        assert isinstance(mechanism, NoiseTable)
        domains = [self.model.states[n] for n in mechanism.inputs]
        rows = dict(zip(itertools.product(*domains), mechanism.outcomes, strict=True))
        inputs = [scope[n, ()] for n in mechanism.inputs]
        return states, _looked_up(inputs, states, self.full, rows.get)

    def _known(self, i: int, spread: Spread) -> Spread:
        """An instance whose value the evidence fixes, as those that read it see it."""
        fixed, (states, sets) = self.worlds.fixed[i], spread
        if not isinstance(fixed, Const) or fixed.value not in states:
            raise _Apart
        self.evidence &= sets[states.index(fixed.value)]
        return (fixed.value,), (self.full,)

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
        length = (self.states + 7) // 8
        packed = np.frombuffer(b"".join([one.to_bytes(length, "little") for one in sets]), np.uint8)
        bits = np.unpackbits(packed.reshape(-1, length), axis=1, count=self.states, bitorder="little")
        sizes = [len(self.model.states[n]) for n in self.noises]
        weights: Array = bits.reshape((*shape, *sizes)).astype(float)
        for law in reversed(self.laws.values()):
            weights = weights @ np.array(law)
        operations = 1 + sum(len(law) + 1 for law in self.laws.values())
        roots = dict(zip(self.roots, sizes, strict=False))
        return Enumerated(weights, roots, 4 * operations * float(np.finfo(float).eps))


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
