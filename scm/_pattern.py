"""Graphs with directed and undirected edges, as bits: Meek's rules, and the acyclic graphs that they stand for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ._bitgraph import members

MOST_PARTS = 4_000
"""Most undirected parts that counting the members of a class goes through before it gives up."""


@dataclass(frozen=True)
class Pattern:
    """Directed and undirected edges over the numbers 0, 1, ..., n - 1; at most one edge joins a pair.

    Attributes:
        parents: where directed edges into each come from, as bits.
        beside: what an undirected edge joins each with, as bits.
    """

    parents: tuple[int, ...]
    beside: tuple[int, ...]

    @classmethod
    def of(cls, n: int, directed: Iterable[tuple[int, int]], undirected: Iterable[tuple[int, int]]) -> Pattern:
        """The pattern over `n` numbers with these edges."""
        parents, beside = [0] * n, [0] * n
        for a, b in directed:
            parents[b] |= 1 << a
        for a, b in undirected:
            beside[a] |= 1 << b
            beside[b] |= 1 << a
        return cls(tuple(parents), tuple(beside))

    @property
    def near(self) -> list[int]:
        """What each is joined with by an edge of either kind."""
        found = [p | b for p, b in zip(self.parents, self.beside, strict=True)]
        for i, above in enumerate(self.parents):
            for j in members(above):
                found[j] |= 1 << i
        return found

    def completed(self) -> Pattern:
        """Of an acyclic graph: the CPDAG of its class. Keeps the v-structures and applies Meek's rules."""
        near, n = self.near, len(self.parents)
        parents = [0] * n
        for c, above in enumerate(self.parents):
            for a in members(above):
                if above & ~near[a] & ~(1 << a):  # another cause of c that a is not joined with
                    parents[c] |= 1 << a
        beside = [near[i] & ~parents[i] for i in range(n)]
        for c, above in enumerate(parents):
            for a in members(above):
                beside[a] &= ~(1 << c)
        return Pattern(tuple(parents), tuple(beside)).closed()

    def closed(self) -> Pattern:
        """With every direction that Meek's four rules give (Meek 1995, figure 1)."""
        open_ = _Orienting(list(self.parents), list(self.beside), self.near)
        open_.settle(range(len(self.parents)))
        return Pattern(tuple(open_.parents), tuple(open_.beside))

    def directed(self, a: int, b: int) -> Pattern:
        """With the undirected edge a - b as a -> b, and what follows by Meek's rules."""
        open_ = _Orienting(list(self.parents), list(self.beside), self.near)
        open_.point(a, b)
        open_.settle((a, b))
        return Pattern(tuple(open_.parents), tuple(open_.beside))

    def extended(self) -> tuple[Pattern, bool]:
        """An acyclic graph with these edges and no further v-structure (Dor & Tarsi 1992), and whether there is one.

        Where there is none, a graph with the same adjacencies that keeps what it can.
        """
        near, n = self.near, len(self.parents)
        parents, left, faithful = [0] * n, (1 << n) - 1, True
        while left:
            sink = next((i for i in members(left) if self._may_end(i, left, near)), None)
            if sink is None:
                sink, faithful = left.bit_length() - 1, False
            left &= ~(1 << sink)
            parents[sink] = near[sink] & left
        return Pattern(tuple(parents), (0,) * n), faithful

    def _may_end(self, i: int, left: int, near: list[int]) -> bool:
        """Whether every edge of `i` in `left` may point into it."""
        if any(self.parents[j] >> i & 1 for j in members(near[i] & left)):
            return False
        around = near[i] & left
        return all(not around & ~near[j] & ~(1 << j) for j in members(self.beside[i] & left))

    def members(self) -> Iterator[Pattern]:
        """Of a CPDAG: every acyclic graph of the class. No branch is empty, since Meek's rules are complete."""
        branches = [self]
        while branches:
            found = branches.pop()
            a = next((i for i, near in enumerate(found.beside) if near), None)
            if a is None:
                yield found
                continue
            b = (found.beside[a] & -found.beside[a]).bit_length() - 1
            branches += [found.directed(b, a), found.directed(a, b)]

    def parts(self, within: int = -1) -> list[int]:
        """The components of the undirected edges, those of a single number left out."""
        found: list[int] = []
        left = sum(1 << i for i, near in enumerate(self.beside) if near) & within
        while left:
            part = new = left & -left
            while new:
                i = new.bit_length() - 1
                new &= ~(1 << i)
                new |= self.beside[i] & within & ~part
                part |= self.beside[i] & within
            found.append(part)
            left &= ~part
        return found


@dataclass
class _Orienting:
    """Edges while Meek's rules give them directions."""

    parents: list[int]
    beside: list[int]
    near: list[int]
    children: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.children = [0] * len(self.parents)
        for i, above in enumerate(self.parents):
            for j in members(above):
                self.children[j] |= 1 << i

    def point(self, a: int, b: int) -> None:
        """Make a - b point from a to b."""
        self.beside[a] &= ~(1 << b)
        self.beside[b] &= ~(1 << a)
        self.parents[b] |= 1 << a
        self.children[a] |= 1 << b

    def settle(self, changed: Iterable[int]) -> None:
        """Apply the rules to the edges around `changed`, and around what changes then, until nothing follows."""
        todo = {j for i in changed for j in (i, *members(self.near[i]))}
        while todo:
            a = todo.pop()
            for b in members(self.beside[a]):
                for start, end in ((a, b), (b, a)):
                    if self._follows(start, end):
                        self.point(start, end)
                        todo.update(members(self.near[start] | self.near[end] | 1 << start | 1 << end))
                        break

    def _follows(self, a: int, b: int) -> bool:
        """Whether a - b must point from a to b: else a new v-structure or a cycle would come."""
        near, above = self.near, self.parents[b]
        if self.parents[a] & ~near[b]:  # rule 1: c -> a - b, c apart from b
            return True
        if self.children[a] & above:  # rule 2: a -> c -> b
            return True
        through = self.beside[a] & above  # a - c -> b
        if any(through & ~near[c] & ~(1 << c) for c in members(through)):  # rule 3: two of them, apart
            return True
        # rule 4: a - d -> c -> b with d apart from b, a joined with c
        return any(self.parents[c] & self.beside[a] & ~near[b] for c in members(above & near[a]))


def count_members(pattern: Pattern) -> int | None:
    """How many acyclic graphs a CPDAG stands for; None where that would take too long.

    The undirected parts are independent of each other, and a member of a part is one choice of its only root and of
    a member of each part that is left when that root's directions are drawn (He, Jia & Yu 2015, theorem 1).
    """
    kept: dict[int, int] = {}

    def count(part: int) -> int:
        if part not in kept:
            if len(kept) >= MOST_PARTS:
                raise OverflowError
            size = part.bit_count()
            edges = sum((pattern.beside[i] & part).bit_count() for i in members(part)) // 2
            if edges == size - 1:  # a tree: its root decides
                kept[part] = size
            elif 2 * edges == size * (size - 1):  # complete: any order
                kept[part] = math.factorial(size)
            else:
                kept[part] = sum(math.prod(map(count, _left_when(pattern, root, part))) for root in members(part))
        return kept[part]

    try:
        return math.prod(map(count, pattern.parts()))
    except (OverflowError, RecursionError):
        return None


def _left_when(pattern: Pattern, root: int, part: int) -> list[int]:
    """The undirected parts of `part` when `root` is its only root."""
    beside = tuple(near & part if part >> i & 1 else 0 for i, near in enumerate(pattern.beside))
    parents = [0] * len(beside)
    alone = Pattern(tuple(parents), beside)
    open_ = _Orienting(parents, list(beside), alone.near)
    for b in members(beside[root]):
        open_.point(root, b)
    open_.settle((root, *members(beside[root])))
    return Pattern(tuple(open_.parents), tuple(open_.beside)).parts()
