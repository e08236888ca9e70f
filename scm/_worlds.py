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


_Node: TypeAlias = tuple[str, MechanismId | None, tuple[tuple[str, Slot], ...]]
"""An instance while worlds are built; None stands for `OWN`. Tuples are quick to hash, and that is most of the work."""


class _Builder:
    """Instances of terms, hash-consed."""

    def __init__(self, graph: CausalGraph) -> None:
        self.graph = graph
        self.nodes: list[_Node] = []
        self.known: dict[_Node, int] = {}
        self.memo: dict[World, dict[str, Slot]] = {}

    def term(self, name: str, world: World) -> Slot:
        """The instance of `name` in `world`. Assignments that cannot reach it change no slot of it (exclusion)."""
        made = self.memo.setdefault(world, {})
        if name not in made:
            # Causes first, so that a long chain of them is no deep recursion.
            for cause in self._to_make(name, made):
                made[cause] = self._make(cause, world, made)
        return made[name]

    def _to_make(self, name: str, made: Mapping[str, Slot]) -> list[str]:
        """Causes of `name` that this world has no instance of yet, and `name`, in causal order."""
        new, stack = {name}, [name]
        while stack:
            for cause in self.graph.parents[stack.pop()]:
                if cause not in new and cause not in made:
                    new.add(cause)
                    stack.append(cause)
        return sorted(new, key=self.graph.place.__getitem__)

    def _make(self, name: str, world: World, made: Mapping[str, Slot]) -> Slot:
        edges: dict[str, Assignment] = {}
        for a in world:
            if a.target == name:
                if a.parent is None:
                    return self._assigned(name, a, world)
                edges.setdefault(a.parent, a)
        return self._cons(
            name,
            None,
            tuple(
                [
                    (parent, self._assigned(parent, edges[parent], world) if parent in edges else made[parent])
                    for parent in self.graph.parents[name]
                ]
            ),
        )

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
                return self._cons(carrier, mechanism, slots)
            case _:
                assert_never(a)

    def _cons(self, variable: str, mechanism: MechanismId | None, slots: tuple[tuple[str, Slot], ...]) -> int:
        node = variable, mechanism, slots
        number = self.known.setdefault(node, len(self.nodes))
        if number == len(self.nodes):
            self.nodes.append(node)
        return number


# ---------------------------------------------------------------------------------------------------------------------
# Consistency: congruence closure under the values that the event fixes


class _Closure:
    def __init__(self, nodes: list[_Node]) -> None:
        self.nodes = nodes
        self.leader = list(range(len(nodes)))
        self.fixed: dict[int, Fixed] = {}
        self.impossible = False

    def find(self, i: int) -> int:
        while self.leader[i] != i:
            i = self.leader[i]
        return i

    def fix(self, i: int, value: Fixed) -> None:
        root = self.find(i)
        if root not in self.fixed:
            self.fixed[root] = value
        elif self.fixed[root] != value:
            self.impossible = True

    def close(self) -> None:
        """Merge instances whose inputs agree; without a fixed value, none do that are not one already."""
        changed = bool(self.fixed)
        while changed:
            changed = False
            seen: dict[_Node, int] = {}
            for i, (variable, mechanism, slots) in enumerate(self.nodes):
                if self.leader[i] != i:
                    continue
                found: list[tuple[str, Slot]] = []
                for name, slot in slots:
                    if isinstance(slot, int):
                        root = self.find(slot)
                        slot = self.fixed.get(root, root)
                    found.append((name, slot))
                self.nodes[i] = now = (variable, mechanism, tuple(found))
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
    for term in asked:
        place[term] = _placed(builder, term)
    known = [(_placed(builder, term), value) for term, value in facts]
    closure = _Closure(builder.nodes)
    for (term, value), (slot, _) in zip(facts, known, strict=True):
        place[term] = slot
        if isinstance(slot, int):
            closure.fix(slot, value)
        elif slot != value:
            closure.impossible = True
    closure.close()
    return _trimmed(closure, place)


def _placed(builder: _Builder, term: Var) -> Slot:
    if term.name not in builder.graph.parents:
        raise UnknownName(term.name, builder.graph.variables)
    check_world(builder.graph, term.world)
    return builder.term(term.name, term.world)


def _trimmed(closure: _Closure, place: Mapping[Var, Slot]) -> Worlds:
    """Only what a term still depends on, renumbered in topological order."""
    number: dict[int, int] = {}
    instances: list[Instance] = []

    def visit(start: int) -> None:
        stack = [start]
        while stack:
            i = closure.find(stack.pop())
            if i in number:
                continue
            variable, mechanism, slots = closure.nodes[i]
            after = [s for _, s in slots if isinstance(s, int) and closure.find(s) not in number]
            if after:
                stack.append(i)
                stack += reversed(after)
                continue
            number[i] = len(instances)
            renumbered = tuple([(n, number[closure.find(s)] if isinstance(s, int) else s) for n, s in slots])
            instances.append(Instance(variable, OWN if mechanism is None else mechanism, renumbered))

    found: dict[Var, Slot] = {}
    for term, slot in place.items():
        if isinstance(slot, int):
            visit(slot)
            slot = number[closure.find(slot)]
        found[term] = slot
    fixed = {number[i]: value for i, value in closure.fixed.items() if i in number}
    return Worlds(tuple(instances), found, fixed, closure.impossible)
