"""`Worlds`: the one intermediate form of all rungs, built from a graph and the terms of a query.

A node is an instance of a variable: (variable, mechanism id, noise id, slots). Each slot, one per input of the
mechanism, holds another instance or a constant. Intervention, nesting, edge, soft and stochastic interventions and the
factual world differ only in what stands in the slots. Equal instances are one, which gives exclusion and merging (the
pairwise lemmas of make-cg, Shpitser & Pearl 2007); an observed value is substituted into the slots that read it, which
gives consistency.

Mechanisms enter by an opaque id alone, so nothing here needs a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, assert_never

from ._errors import UnknownName
from ._graph import CausalGraph
from ._relevance import check_world
from ._syntax import Assignment, Const, Draw, Expr, Placeholder, Set, Soft, Var, World, assignment_parts, terms

Fixed: TypeAlias = Const | Placeholder
Slot: TypeAlias = "int | Const | Placeholder"


@dataclass(frozen=True, slots=True)
class Own:
    """The variable's own mechanism and its own noise, shared by every world."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A deterministic policy that replaces the mechanism (`:=`)."""

    expr: Expr


@dataclass(frozen=True, slots=True)
class Fresh:
    """A law that replaces the mechanism (`~`), with a draw of its own."""

    cases: Draw


MechanismId: TypeAlias = Own | Policy | Fresh
OWN = Own()


@dataclass(frozen=True, slots=True)
class Instance:
    """A variable under one mechanism, with what stands in each input of it."""

    variable: str
    mechanism: MechanismId
    slots: tuple[tuple[str, Slot], ...]


@dataclass(frozen=True)
class Worlds:
    """Instances in topological order, what each term of the query became, and the values known of some.

    Attributes:
        instances: every instance that a term depends on.
        terms: for each term of the query, its instance or the value that was imposed on it.
        fixed: instances whose value the evidence fixes.
        impossible: two different values are required of one instance: the event has probability zero.
    """

    instances: tuple[Instance, ...]
    terms: Mapping[Var, Slot]
    fixed: Mapping[int, Fixed]
    impossible: bool

    def of_variable(self, name: str) -> tuple[int, ...]:
        """Instances of `name` under its own mechanism."""
        return self._own.get(name, ())

    @cached_property
    def _own(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, list[int]] = {}
        for i, x in enumerate(self.instances):
            if isinstance(x.mechanism, Own):
                found.setdefault(x.variable, []).append(i)
        return {name: tuple(members) for name, members in found.items()}


class _Builder:
    """Instances of terms, hash-consed."""

    def __init__(self, graph: CausalGraph) -> None:
        self.graph = graph
        self.instances: list[Instance] = []
        self.known: dict[Instance, int] = {}
        self.memo: dict[tuple[str, World], Slot] = {}

    def term(self, name: str, world: World) -> Slot:
        """The instance of `name` in `world`. Assignments that cannot reach it change no slot of it (exclusion)."""
        if (name, world) not in self.memo:
            # Causes first, so that a long chain of them is no deep recursion.
            for cause in self._to_make(name, world):
                self.memo[cause, world] = self._make(cause, world)
        return self.memo[name, world]

    def _to_make(self, name: str, world: World) -> list[str]:
        """Causes of `name` that this world has no instance of yet, and `name`, in causal order."""
        new, stack = {name}, [name]
        while stack:
            for cause in self.graph.parents[stack.pop()]:
                if cause not in new and (cause, world) not in self.memo:
                    new.add(cause)
                    stack.append(cause)
        return sorted(new, key=self.graph.place.__getitem__)

    def _make(self, name: str, world: World) -> Slot:
        for a in world:
            if a.target == name and a.parent is None:
                return self._assigned(name, a, world)
        slots: list[tuple[str, Slot]] = []
        for parent in self.graph.parents[name]:
            edge = next((a for a in world if a.target == name and a.parent == parent), None)
            slots.append((parent, self.term(parent, world) if edge is None else self._assigned(parent, edge, world)))
        return self._cons(Instance(name, OWN, tuple(slots)))

    def _assigned(self, carrier: str, a: Assignment, world: World) -> Slot:
        """What an assignment puts in place of `carrier`'s value."""
        match a:
            case Set(_, value):
                return self.term(value.name, value.world) if isinstance(value, Var) else value
            case Soft() | Draw():
                mechanism: MechanismId = Policy(a.value) if isinstance(a, Soft) else Fresh(a)
                without = tuple(b for b in world if b is not a)
                names = dict.fromkeys(t.name for part in assignment_parts(a) for t in terms(part))
                slots = tuple((n, self.term(n, without if n == carrier else world)) for n in names)
                return self._cons(Instance(carrier, mechanism, slots))
            case _:
                assert_never(a)

    def _cons(self, instance: Instance) -> int:
        if instance not in self.known:
            self.known[instance] = len(self.instances)
            self.instances.append(instance)
        return self.known[instance]


# ---------------------------------------------------------------------------------------------------------------------
# Consistency: congruence closure under the values that the event fixes


class _Closure:
    def __init__(self, instances: Sequence[Instance]) -> None:
        self.instances = list(instances)
        self.leader = list(range(len(instances)))
        self.fixed: dict[int, Fixed] = {}
        self.impossible = False

    def find(self, i: int) -> int:
        while self.leader[i] != i:
            i = self.leader[i]
        return i

    def slot(self, slot: Slot) -> Slot:
        if isinstance(slot, int):
            root = self.find(slot)
            return self.fixed.get(root, root)
        return slot

    def fix(self, i: int, value: Fixed) -> None:
        root = self.find(i)
        if root not in self.fixed:
            self.fixed[root] = value
        elif self.fixed[root] != value:
            self.impossible = True

    def close(self) -> None:
        changed = True
        while changed:
            changed = False
            seen: dict[Instance, int] = {}
            for i, instance in enumerate(self.instances):
                if self.find(i) != i:
                    continue
                now = Instance(
                    instance.variable, instance.mechanism, tuple((n, self.slot(s)) for n, s in instance.slots)
                )
                self.instances[i] = now
                first = seen.setdefault(now, i)
                if first != i:
                    self.leader[i] = first
                    if i in self.fixed:
                        self.fix(first, self.fixed[i])
                    changed = True


def build_worlds(graph: CausalGraph, asked: Sequence[Var], facts: Sequence[tuple[Var, Fixed]]) -> Worlds:
    """The instances that `asked` and `facts` depend on.

    Args:
        graph: the causal graph.
        asked: terms whose values matter.
        facts: equalities that hold in the whole event, such as evidence. Two of them that differ must differ in value:
            a placeholder that equals a constant, or another placeholder, is to be replaced by it first.

    Raises:
        UnknownName, InvalidQuery: a world that cannot be made on this graph.
    """
    builder = _Builder(graph)
    place: dict[Var, Slot] = {}
    for term in (*asked, *(t for t, _ in facts)):
        if term.name not in graph.parents:
            raise UnknownName(term.name, graph.variables)
        check_world(graph, term.world)
        place[term] = builder.term(term.name, term.world)
    closure = _Closure(builder.instances)
    for term, value in facts:
        slot = place[term]
        if isinstance(slot, int):
            closure.fix(slot, value)
        elif slot != value:
            closure.impossible = True
    closure.close()
    return _trimmed(closure, place)


def _trimmed(closure: _Closure, place: Mapping[Var, Slot]) -> Worlds:
    """Only what a term still depends on, renumbered in topological order."""
    wanted = {t: closure.find(s) if isinstance(s, int) else s for t, s in place.items()}
    number: dict[int, int] = {}
    order: list[int] = []

    def visit(start: int) -> None:
        stack: list[tuple[int, bool]] = [(start, False)]
        while stack:
            i, done = stack.pop()
            if i in number:
                continue
            if done:
                number[i] = len(order)
                order.append(i)
                continue
            stack.append((i, True))
            slots = closure.instances[i].slots
            stack += [(closure.find(s), False) for _, s in reversed(slots) if isinstance(s, int)]

    for slot in wanted.values():
        if isinstance(slot, int):
            visit(slot)

    def renumber(slot: Slot) -> Slot:
        return number[closure.find(slot)] if isinstance(slot, int) else slot

    instances = tuple(
        Instance(x.variable, x.mechanism, tuple((n, renumber(s)) for n, s in x.slots))
        for x in (closure.instances[i] for i in order)
    )
    fixed = {number[i]: value for i, value in closure.fixed.items() if i in number}
    return Worlds(instances, {t: renumber(s) for t, s in wanted.items()}, fixed, closure.impossible)
