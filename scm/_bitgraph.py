"""A causal graph as sets of bits: what identification walks over.

Variables stand in causal order, so that bit `i` never causes a bit below it. A set of variables is one whole number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ._graph import CausalGraph, check_graph


@dataclass(frozen=True)
class BitGraph:
    """An acyclic mixed graph over the numbers 0, 1, ..., in causal order; `within` arguments take an induced subgraph.

    Attributes:
        names: the variable of each number, causes first.
        parents: direct causes of each, as bits.
        children: direct effects of each, as bits.
        siblings: those with which each shares a hidden cause, as bits.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    children: tuple[int, ...]
    siblings: tuple[int, ...]

    @classmethod
    def of(cls, graph: CausalGraph) -> BitGraph:
        """The bits of `graph`; its hidden variables are variables like others here (project them away first)."""
        names = check_graph(graph).order
        place = {name: i for i, name in enumerate(names)}
        parents, children, siblings = ([0] * len(names) for _ in range(3))
        for cause, effect in graph.edges:
            parents[place[effect]] |= 1 << place[cause]
            children[place[cause]] |= 1 << place[effect]
        for a, b in graph.confounded:
            siblings[place[a]] |= 1 << place[b]
            siblings[place[b]] |= 1 << place[a]
        return cls(names, tuple(parents), tuple(children), tuple(siblings))

    @cached_property
    def everything(self) -> int:
        """All variables."""
        return (1 << len(self.names)) - 1

    @cached_property
    def place(self) -> dict[str, int]:
        """The number of each variable."""
        return {name: i for i, name in enumerate(self.names)}

    def bits(self, names: Iterable[str]) -> int:
        """A set of variables as bits."""
        found = 0
        for name in names:
            found |= 1 << self.place[name]
        return found

    def named(self, bits: int) -> tuple[str, ...]:
        """The names of a set of variables, causes first."""
        return tuple(self.names[i] for i in members(bits))

    def ancestors(self, of: int, within: int = -1) -> int:
        """`of` and everything that causes it, in the subgraph of `within`."""
        return _closure(of & within, self.parents, within)

    def descendants(self, of: int, within: int = -1) -> int:
        """`of` and everything it causes, in the subgraph of `within`."""
        return _closure(of & within, self.children, within)

    def district(self, of: int, within: int = -1) -> int:
        """The districts (c-components) that `of` lies in, together, in the subgraph of `within`."""
        return _closure(of & within, self.siblings, within)

    def districts(self, within: int = -1) -> list[int]:
        """The districts of the subgraph of `within`, ordered by their first variable."""
        left, found = self.everything & within, list[int]()
        while left:
            found.append(self.district(left & -left, within))
            left &= ~found[-1]
        return found

    def parents_of(self, of: int) -> int:
        """Direct causes of any variable in `of`."""
        found = 0
        for i in members(of):
            found |= self.parents[i]
        return found

    def without_edges(self, *, into: int = 0, out_of: int = 0) -> BitGraph:
        """The mutilated graph: no edge (of either kind) points into `into`, no directed one leaves `out_of`."""
        keep = ~into
        return BitGraph(
            self.names,
            tuple(0 if into >> i & 1 else p & ~out_of for i, p in enumerate(self.parents)),
            tuple(0 if out_of >> i & 1 else c & keep for i, c in enumerate(self.children)),
            tuple(0 if into >> i & 1 else s & keep for i, s in enumerate(self.siblings)),
        )


def members(bits: int) -> Iterator[int]:
    """The numbers in a set, smallest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def _closure(start: int, steps: Sequence[int], within: int) -> int:
    found = left = start
    while left:
        low = left & -left
        left ^= low
        new = steps[low.bit_length() - 1] & within & ~found
        found |= new
        left |= new
    return found
