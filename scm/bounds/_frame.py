"""`Frame`: what the laws of response types are about: variables, their parents, and which share a hidden cause.

Hidden variables are projected out first: a variable that nobody measures may have any number of states. The variables
that are left are told apart by *coordinates*: one for each combination of states of a variable's parents. A *code* is a
coordinate with a state at it, as one number.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._bitgraph import members
from .._errors import InvalidQuery, listing
from .._evaluate import evaluate
from .._graph import CausalGraph
from .._graph_ops import bits_of, latent_projection, union
from .._resolve import state_of
from .._syntax import Expr, Value, Var, terms
from ._programme import Coordinate

Ints: TypeAlias = NDArray[np.int64]
States: TypeAlias = Mapping[str, tuple[Value, ...]]


@dataclass(frozen=True, eq=False)
class Frame:
    """The variables that are not projected out.

    Attributes:
        graph: over them.
        states: of each.
        equations: of the variables whose mechanism is known, formulas of their parents.
        faces: sets of variables with one hidden cause, as the hidden variables of the graph say.
        drawn: pairs with a hidden common cause that the graph draws itself.
    """

    graph: CausalGraph
    states: States
    equations: Mapping[str, Expr]
    faces: tuple[frozenset[str], ...]
    drawn: frozenset[frozenset[str]]

    @staticmethod
    def of(graph: CausalGraph, states: States, kept: Collection[str], equations: Mapping[str, Expr]) -> Frame:
        """The frame over the variables of `kept`, and observed causes of theirs.

        An observed cause that is not in `kept` goes too, where a hidden cause may stand for it however many states
        it has: it has no causes, and what it touches is one variable, or has a hidden cause in common as it is.
        """
        near = set[str]().union(*(graph.ancestors[name] for name in kept)) - (set(graph.hidden) - set(kept))
        onto = [name for name in graph.variables if name in near]
        while True:
            drawn = frozenset(frozenset(pair) for pair in graph.confounded if set(pair) <= set(onto))
            frame = Frame(latent_projection(graph, onto), states, equations, _faces(graph, onto), drawn)
            idle = next((name for name in onto if name not in kept and frame._may_go(name)), None)
            if idle is None:
                return frame
            onto.remove(idle)

    def _may_go(self, name: str) -> bool:
        bits = bits_of(self.graph)
        i = bits.place[name]
        near = bits.named(bits.children[i] | bits.siblings[i])
        return not bits.parents[i] and (len(near) < 2 or not self.relaxed(near))

    def size(self, name: str) -> int:
        """How many states a variable has."""
        return len(self.states[name])

    def parents(self, name: str) -> tuple[str, ...]:
        """Its parents."""
        return self.graph.parents[name]

    def rows(self, name: str) -> int:
        """How many coordinates it has."""
        return math.prod(self.size(parent) for parent in self.parents(name))

    @cached_property
    def place(self) -> dict[str, dict[Value, int]]:
        """The position of each state of each variable."""
        return {name: {state: i for i, state in enumerate(self.states[name])} for name in self.graph.variables}

    @cached_property
    def widest(self) -> int:
        """The most states that a variable has."""
        return max(self.size(name) for name in self.graph.variables)

    @cached_property
    def first(self) -> dict[str, int]:
        """The number of the first coordinate of each variable; causes before effects."""
        order = self.graph.order
        starts = itertools.accumulate((self.rows(name) for name in order), initial=0)
        return dict(zip(order, starts, strict=False))

    def codes(self, name: str, row: Ints, state: Ints) -> Ints:
        """Codes of the states `state` of a variable, at the rows `row` of its parents' states."""
        return (self.first[name] + row) * self.widest + state

    def followed(self, name: str) -> Ints:
        """The state that a variable's equation gives at each row of its parents' states.

        Raises:
            InvalidQuery: the equation reads something else than the parents, or gives no state of the variable.
        """
        if name not in self._followed:
            parents, expr = self.parents(name), self.equations[name]
            if strange := [t.name for t in terms(expr) if t.name not in parents]:
                raise InvalidQuery(f"The equation of {name!r} reads {listing(strange)}, no cause of it in the graph.")
            rows = itertools.product(*(self.states[p] for p in parents))
            places = (dict(zip(parents, row, strict=True)) for row in rows)
            values = [evaluate(expr, partial(_named, place)) for place in places]
            found = [self.place[name][state_of(name, value, self.states[name])] for value in values]
            self._followed[name] = np.array(found, dtype=np.int64)
        return self._followed[name]

    @cached_property
    def _followed(self) -> dict[str, Ints]:
        return {}

    @cached_property
    def _starts(self) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        return np.array([self.first[name] for name in self.graph.order], dtype=np.int64), self.graph.order

    def coordinate(self, number: int) -> Coordinate:
        """A coordinate by its number."""
        starts, order = self._starts
        # Of variables that start at the same number all but the last have no coordinates: there are none such.
        name = order[int(np.searchsorted(starts, number, side="right")) - 1]
        row, found = number - self.first[name], list[tuple[str, Value]]()
        for parent in reversed(self.parents(name)):
            row, state = divmod(row, self.size(parent))
            found.append((parent, self.states[parent][state]))
        return Coordinate(name, tuple(reversed(found)))

    def blocks(self, names: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """The c-components of some variables: those joined by chains of hidden causes inside; causes first."""
        bits = bits_of(self.graph)
        return tuple(bits.named(found) for found in bits.districts(bits.bits(names)))

    def causes(self, block: Sequence[str]) -> tuple[frozenset[str], ...]:
        """Which of a block each hidden cause touches, without those that another one touches with more.

        Pairs that the graph draws are read as one cause where they are drawn between all of some variables.
        """
        drawn = {name: {b for b in block if frozenset((name, b)) in self.drawn} for name in block}
        found = [*(face & set(block) for face in self.faces), *_cliques(frozenset(), set(block), set(), drawn)]
        wide = [face for face in dict.fromkeys(found) if not any(face < other for other in found)]
        return tuple(wide)

    def relaxed(self, block: Sequence[str]) -> str:
        """Why one hidden cause of all of a block is only a relaxation; empty where it is what the graph says."""
        causes = self.causes(block)
        if len(causes) < 2:
            return ""
        apart = [p for p in itertools.combinations(block, 2) if not any(set(p) <= face for face in causes)]
        if not apart:
            return f"{listed(block)} have hidden common causes of some of them, but none of all"
        a, b = apart[0]
        return f"{a} and {b} have no hidden common cause, but each has one with another of {listed(block)}"

    def star(self, block: Sequence[str]) -> tuple[tuple[str, ...], ...] | None:
        """The parts of a block that are independent but for the variables in the middle, which share a cause with each.

        With one hidden cause for each part and the middle, a law of response types can be had if and only if those of
        different parts are independent: the middle may follow any kernel given the others. None where the hidden
        causes do not have this form.
        """
        causes = self.causes(block)
        middle = causes[0].intersection(*causes[1:])
        parts = [tuple(name for name in block if name in cause - middle) for cause in causes]
        if not middle or len(causes) < 2 or sum(map(len, parts)) + len(middle) != len(block):
            return None
        return tuple(sorted(parts))


def _named(values: Mapping[str, Value], term: Var) -> Value:
    return values[term.name]


def listed(names: Sequence[str]) -> str:
    """`A, B and C`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _cliques(
    inside: frozenset[str], open_: set[str], done: set[str], near: Mapping[str, set[str]]
) -> Iterator[frozenset[str]]:
    """The maximal cliques (Bron & Kerbosch 1973)."""
    if not open_ and not done:
        yield inside
    for name in sorted(open_):
        yield from _cliques(inside | {name}, open_ & near[name], done & near[name], near)
        open_, done = open_ - {name}, done | {name}


def _faces(graph: CausalGraph, onto: Iterable[str]) -> tuple[frozenset[str], ...]:
    """The variables of `onto` that each hidden cause reaches through hidden ones, several of them."""
    bits = bits_of(graph)
    keep = bits.bits(onto)

    def reached(i: int) -> int:
        return 1 << i if keep >> i & 1 else union(bits.children, bits.descendants(1 << i, ~keep)) & keep

    found = [reached(i) for i in range(len(bits.names)) if not keep >> i & 1]
    for a, b in graph.confounded:
        pair = bits.place[a], bits.place[b]
        if not all(keep >> i & 1 for i in pair):
            found.append(reached(pair[0]) | reached(pair[1]))
    return tuple(frozenset(bits.names[i] for i in members(face)) for face in dict.fromkeys(found) if face & (face - 1))
