"""The truth of a query on random models, from the meaning of worlds alone.

Nothing is taken from identification, nor from the worlds of the exact solver: each term is followed through its own
world to the noises, a variable with equal inputs being one variable, and the noises are summed out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TypeAlias, assert_never

import numpy as np

from .._errors import InvalidQuery, UnknownName, UnknownState
from .._evaluate import evaluate
from .._evaluate import truth as truth_value
from .._query import Contrast, Distribution, Expectation, Number, Probability, Query, Term
from .._syntax import (
    Assignment,
    Const,
    Draw,
    Expr,
    Op,
    Placeholder,
    Set,
    Soft,
    Value,
    Var,
    World,
    assignment_parts,
    carrier_of,
    conjuncts,
    terms,
)
from ._kernels import TooWide
from ._law_source import position
from ._named import MODELS, Array, Label, Named, contract, named
from ._random_models import RandomModel

Slot: TypeAlias = "int | Const"
"""What carries the value of a term: a number of an instance, or a value that was imposed."""
Instance: TypeAlias = "tuple[str, Soft | Draw | None, tuple[Slot, ...]]"
"""A variable, the policy or draw in place of its own mechanism (None: its own), and what stands in each input."""
MAX_GRID = 1 << 16
"""Most combinations of values at which an expression is worked out."""


def truth(models: RandomModel, query: Query) -> Array:
    """The value of `query` on every model.

    Returns:
        Shape (states of each term of a distribution..., models); NaN where the condition has probability zero.

    Raises:
        InvalidQuery: a placeholder, or a policy without a law: these are not worked out here.
        UnknownName, UnknownState: see `RandomModel.states`.
        TooWide: a computation past the limit.
    """
    match query:
        case Number(value):
            return np.full(models.count, value)
        case Contrast(op, left, right):
            first, second = truth(models, left), truth(models, right)
            with np.errstate(divide="ignore", invalid="ignore"):
                match op:
                    case "+":
                        return first + second
                    case "-":
                        return first - second
                    case "*":
                        return first * second
                    case "/":
                        return np.where(second == 0, np.nan, first / second)
        case _:
            return _Term(models).value(query)


class _Term:
    """The instances of one term of a query."""

    def __init__(self, models: RandomModel) -> None:
        self.models = models
        self.instances: dict[Instance, int] = {}
        self.memo: dict[tuple[str, World], Slot] = {}

    def value(self, term: Term) -> Array:
        facts: dict[int, int] = {}
        tables: list[Named] = []
        possible = self.condition(conjuncts(term.given), facts, tables)
        below = self.weight(facts, tables, ()) if possible else np.zeros(self.models.count)
        labels: tuple[Label, ...] = ()
        match term:
            case Probability(event):
                possible = self.condition(conjuncts(event), facts, tables) and possible
            case Expectation(expr):
                tables.append(self.table(expr))
            case Distribution(of):
                labels = tuple(("term", k) for k in range(len(of)))
                tables += [self.marker(var, label) for var, label in zip(of, labels, strict=True)]
            case _:
                assert_never(term)
        above = self.weight(facts, tables, labels) if possible else np.zeros(self.models.count)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(below > 0, above / below, np.nan)

    # --- instances

    def slot(self, name: str, world: World) -> Slot:
        """What carries the value of `name` in `world`."""
        if (name, world) not in self.memo:
            self.memo[name, world] = self._made(name, world)
        return self.memo[name, world]

    def _made(self, name: str, world: World) -> Slot:
        if name not in self.models.states:
            raise UnknownName(name, self.models.states)
        edges: dict[str, Slot] = {}
        for a in world:
            if a.target == name:
                value = self._assigned(a, world)
                if a.parent is None:
                    return value
                edges[a.parent] = value
        parents = self.models.graph.parents[name]
        slots = tuple(edges[p] if p in edges else self.slot(p, world) for p in parents)
        return self._instance(name, None, slots)

    def _assigned(self, a: Assignment, world: World) -> Slot:
        """What an assignment puts in place of a value; a policy reads its own target as it would be without it."""
        if isinstance(a, Set):
            return self.slot(a.value.name, a.value.world) if isinstance(a.value, Var) else _constant(a.value)
        carrier = carrier_of(a)
        without = tuple(b for b in world if b is not a)
        slots = tuple(self.slot(n, without if n == carrier else world) for n in _read(a))
        return self._instance(carrier, a, slots)

    def _instance(self, name: str, policy: Soft | Draw | None, slots: tuple[Slot, ...]) -> int:
        return self.instances.setdefault((name, policy, slots), len(self.instances))

    def states(self, slot: int) -> tuple[Value, ...]:
        """Of the variable that an instance is of."""
        return self.models.states[self.listed()[slot][0]]

    def listed(self) -> list[Instance]:
        """Every instance, in the order of their numbers."""
        return list(self.instances)

    # --- events

    def condition(self, parts: tuple[Expr, ...], facts: dict[int, int], tables: list[Named]) -> bool:
        """Take in the parts of an event; whether none contradicts another."""
        possible = True
        for part in parts:
            match part:
                case Op("=", (Var() as var, Const(value))) | Op("=", (Const(value), Var() as var)):
                    slot = self.slot(var.name, var.world)
                    place = position(var.name, value, self.models.states[var.name])
                    if isinstance(slot, Const):
                        possible = possible and slot.value == value
                    else:
                        possible = possible and facts.setdefault(slot, place) == place
                case _:
                    tables.append(self.table(part))
        return possible

    def table(self, expr: Expr) -> Named:
        """The value of an expression at every value of the instances in it."""
        slots = {var: self.slot(var.name, var.world) for var in terms(expr)}
        free = tuple(dict.fromkeys(slot for slot in slots.values() if isinstance(slot, int)))
        domains = [self.states(slot) for slot in free]
        if math.prod(map(len, domains)) > MAX_GRID:
            raise TooWide("An expression has too many combinations of values.")
        numbers: list[float] = []
        for point in itertools.product(*domains):
            known = dict(zip(free, point, strict=True))

            def lookup(var: Var, known: Mapping[int, Value] = known) -> Value:
                slot = slots[var]
                return slot.value if isinstance(slot, Const) else known[slot]

            value = evaluate(expr, lookup)
            if isinstance(value, str):
                raise InvalidQuery(f"An expectation needs numbers, got the label {value!r}.")
            numbers.append(float(value))
        return Named(np.array(numbers).reshape([len(d) for d in domains]), free)

    def marker(self, var: Var, label: Label) -> Named:
        """An axis of its own that has the value of a term."""
        slot, states = self.slot(var.name, var.world), self.models.states[var.name]
        one = np.eye(len(states))
        return (
            Named(one[position(var.name, slot.value, states)], (label,))
            if isinstance(slot, Const)
            else Named(one, (slot, label))
        )

    # --- weights

    def weight(self, facts: Mapping[int, int], tables: list[Named], keep: tuple[Label, ...]) -> Array:
        """The sum over every noise of the product of the tables, where the facts hold."""
        listed = self.listed()
        own = [name for name, policy, _ in listed if policy is None]
        times = {name: own.count(name) for name in own}
        factors = [_fixed(table, facts) for table in tables]
        for number, (name, policy, slots) in enumerate(listed):
            if policy is None:
                factors.append(_fixed(self._mechanism(number, name, slots, alone=times[name] == 1), facts))
            else:
                factors.append(_fixed(self._policy(number, name, policy, slots), facts))
        factors += [Named(self.models.own[name], (MODELS, ("\0own", name))) for name, n in times.items() if n > 1]
        pairs = dict.fromkeys(pair for name in times for pair in self.models.roots_of(name))
        factors += [Named(self.models.roots[pair], (MODELS, pair)) for pair in pairs]
        found = contract([*factors, Named(np.ones(self.models.count), (MODELS,))], {*keep, MODELS}, self.models.largest)
        return found.along((*keep, MODELS))

    def _mechanism(self, number: int, name: str, slots: tuple[Slot, ...], *, alone: bool) -> Named:
        """A variable's own mechanism; several instances of it share its noise."""
        array: Array = self.models.tables[name] if alone else self.models.responses[name]
        labels: list[Label] = [MODELS, *slots, *self.models.roots_of(name)]
        labels += [number] if alone else [("\0own", name), number]
        for axis in reversed(range(len(slots))):
            slot, parent = slots[axis], self.models.graph.parents[name][axis]
            if isinstance(slot, Const):
                place = position(parent, slot.value, self.models.states[parent])
                array = array[(slice(None),) * (axis + 1) + (place,)]
                labels.pop(axis + 1)
            elif self.states(slot) != self.models.states[parent]:
                raise UnknownState(parent, self.states(slot), self.models.states[parent])
        return named(array, labels)

    def _policy(self, number: int, name: str, policy: Soft | Draw, slots: tuple[Slot, ...]) -> Named:
        """What a policy, or a draw afresh, makes of the values that it reads."""
        carried = dict(zip(_read(policy), slots, strict=True))
        free = tuple(dict.fromkeys(slot for slot in slots if isinstance(slot, int)))
        states = self.models.states[name]
        laws: list[Array] = []
        for point in itertools.product(*map(self.states, free)):
            known = dict(zip(free, point, strict=True))
            at = {n: slot.value if isinstance(slot, Const) else known[slot] for n, slot in carried.items()}
            laws.append(_law(policy, states, at))
        shape = [len(self.states(slot)) for slot in free]
        return Named(np.array(laws).reshape([*shape, len(states)]), (*free, number))


def _read(policy: Soft | Draw) -> tuple[str, ...]:
    """The variables that a policy reads."""
    return tuple(dict.fromkeys(t.name for part in assignment_parts(policy) for t in terms(part)))


def _law(policy: Soft | Draw, states: tuple[Value, ...], at: Mapping[str, Value]) -> Array:
    """The law that a policy gives when what it reads has these values."""
    found = np.zeros(len(states))
    if isinstance(policy, Soft):
        value = evaluate(policy.value, lambda var: at[var.name])
        found[position(carrier_of(policy), value, states)] = 1.0
        return found
    for condition, law in policy.cases:
        if condition is None or truth_value(evaluate(condition, lambda var: at[var.name])):
            for value, p in law:
                found[position(carrier_of(policy), value, states)] += p
            return found
    raise InvalidQuery(f"The policy ~ {policy.policy} has no law. Give it one with bind().")


def _fixed(factor: Named, facts: Mapping[int, int]) -> Named:
    """A factor where facts hold."""
    if not any(label in facts for label in factor.labels if isinstance(label, int)):
        return factor
    at = tuple(facts[label] if isinstance(label, int) and label in facts else slice(None) for label in factor.labels)
    left = tuple(label for label in factor.labels if not (isinstance(label, int) and label in facts))
    return Named(factor.array[at], left)


def _constant(value: Const | Placeholder) -> Const:
    if isinstance(value, Placeholder):
        raise InvalidQuery(f"The placeholder ?{value.name} has no value.")
    return value
