"""A whole law as numbers for each c-component.

Tian & Pearl (2002): where the variables of a law are closed under causes, it is a product over their c-components of
`Q[C]`, the probability that C's response types give the values that are seen, and each is a number wherever what stands
before it has a probability. A whole law is then linear in each block, not a product of blocks.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .._bitgraph import members
from .._graph_ops import bits_of
from .._study import KnownLaw
from ._frame import Frame, Ints
from ._programme import Array

NEAR = 1e-7
"""Laws that differ from a product over c-components by more contradict the graph."""

MOST_LEFT_OUT = 5
"""Most variables of a block that are left out at once."""


@dataclass(frozen=True, eq=False)
class Given:
    """Values of linear forms of one c-component.

    Attributes:
        variables: whose codes stand in each column.
        codes: one form a row, shape (forms, variables).
        values: what the forms come to.
        source: the position of the law.
    """

    variables: tuple[str, ...]
    codes: Ints
    values: Array
    source: int


def closed(frame: Frame, law: KnownLaw) -> tuple[str, ...]:
    """The variables of a law whose causes, up to what is imposed, are all in it; causes first."""
    found: list[str] = []
    for name in frame.graph.order:
        if name in law.variables and all(p in law.do or p in found for p in frame.parents(name)):
            found.append(name)
    return tuple(found)


def factored(frame: Frame, law: KnownLaw, source: int, blocks: Sequence[tuple[str, ...]]) -> Iterator[Given]:
    """What the closed part of a law says of each block, for each value that is imposed.

    A block of which the law measures only some may fall apart into several c-components: the form of all of them
    together then has the product of their numbers, which says that they are independent.
    """
    own = closed(frame, law)
    parts = (tuple(name for name in own if name in block) for block in blocks)
    measured = tuple(part for part in parts if part)
    for world in _worlds(frame, law, source, own):
        yield from world.given(measured)


def smaller(frame: Frame, law: KnownLaw, source: int, block: tuple[str, ...]) -> Iterator[Given]:
    """What a law says of the c-components that a block falls apart into, where some of its variables are left out.

    For a block that one hidden cause only relaxes: of one that is none, larger forms say it too.
    """
    own, bits = closed(frame, law), bits_of(frame.graph)
    part = [name for name in own if name in block]
    for size in range(max(0, min(len(part), MOST_LEFT_OUT))):
        for out in itertools.combinations(part, size):
            left = tuple(name for name in own if name not in out)
            if all(p in law.do or p in left for name in left for p in frame.parents(name)):
                inner = bits.bits(name for name in part if name not in out)
                districts = [bits.named(d) for d in bits.districts(inner)]
                for world in _worlds(frame, law, source, left):
                    for district in districts:
                        yield from world.cells(world.prefixes(district))


def _worlds(frame: Frame, law: KnownLaw, source: int, own: tuple[str, ...]) -> Iterator[_World]:
    """A law summed over all but `own`, for each value that is imposed."""
    if not own:
        return
    array = np.asarray(law.array, dtype=float)
    axes = (*law.do, *law.variables)
    rest = tuple(i for i, name in enumerate(axes) if i >= len(law.do) and name not in own)
    table = array.sum(axis=rest) if rest else array
    left = [name for name in axes if name in law.do or name in own]
    table = np.transpose(table, [left.index(name) for name in (*law.do, *own)])
    for imposed in itertools.product(*(range(frame.size(name)) for name in law.do)):
        here = table[imposed] / table[imposed].sum()
        yield _World(frame, own, dict(zip(law.do, imposed, strict=True)), here, source)


@dataclass(frozen=True, eq=False)
class _World:
    """A law of closed variables, in causal order, where some others are imposed."""

    frame: Frame
    names: tuple[str, ...]
    imposed: Mapping[str, int]
    table: Array
    source: int

    def given(self, blocks: Sequence[tuple[str, ...]]) -> Iterator[Given]:
        """The numbers of every block; two that differ where the law is no product over them."""
        whole = np.ones([1] * len(self.names))
        for block in blocks:
            before = self.prefixes(block)
            whole = whole * np.nan_to_num(before[-1][1])
            yield from self.cells(before)
        if np.abs(whole - self.table).max() > NEAR:
            yield from self.apart(blocks)

    def prefixes(self, block: Sequence[str]) -> list[tuple[tuple[str, ...], Array]]:
        """The numbers of the first variables of a block, the first two, and so on."""
        numbers, found = np.ones([1] * len(self.names)), list[tuple[tuple[str, ...], Array]]()
        for k in range(len(block)):
            numbers = numbers * self.conditional(block[: k + 1])
            found.append((tuple(block[: k + 1]), numbers))
        return found

    def axes(self, names: Sequence[str]) -> tuple[int, ...]:
        """Axes of the table of all but `names`."""
        return tuple(i for i, name in enumerate(self.names) if name not in names)

    def pillow(self, block: Sequence[str]) -> set[str]:
        """What the last of a block depends on: those joined to it so far by hidden causes, and all their parents."""
        bits, last = bits_of(self.frame.graph), block[-1]
        before = self.names[: self.names.index(last) + 1]
        district = bits.district(1 << bits.place[last], bits.bits(before))
        near = {bits.names[i] for i in members(district | bits.parents_of(district))}
        return near & set(before)

    def conditional(self, block: Sequence[str]) -> Array:
        """P(last of the block | what it depends on), NaN where that has no probability; axes of length one else."""
        near = self.pillow(block)
        joint = self.table.sum(axis=self.axes(tuple(near)), keepdims=True)
        below = joint.sum(axis=self.names.index(block[-1]), keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            return joint / below

    def cells(self, before: list[tuple[tuple[str, ...], Array]]) -> Iterator[Given]:
        """Numbers of the longest prefixes of a c-component that have one: shorter ones are sums of them."""
        longer: Array | None = None
        for block, numbers in reversed(before):
            wanted = ~np.isnan(numbers)
            if longer is not None:
                lost = np.isnan(longer)
                beyond = tuple(i for i, (a, b) in enumerate(zip(lost.shape, wanted.shape, strict=True)) if a > b)
                wanted = wanted & (lost.any(axis=beyond, keepdims=True) if beyond else lost)
            where = np.argwhere(wanted)
            if len(where):
                yield Given(block, self.codes(block, where), numbers[wanted], self.source)
            longer = numbers

    def codes(self, block: Sequence[str], where: Ints) -> Ints:
        """The codes of a c-component at some cells of the table, shape (cells, variables)."""
        found: list[Ints] = []
        for name in block:
            row = np.zeros(len(where), dtype=np.int64)
            for parent in self.frame.parents(name):
                state = self.imposed[parent] if parent in self.imposed else where[:, self.names.index(parent)]
                row = row * self.frame.size(parent) + state
            found.append(self.frame.codes(name, row, where[:, self.names.index(name)]))
        return np.stack(found, axis=1)

    def apart(self, blocks: Sequence[tuple[str, ...]]) -> Iterator[Given]:
        """The form whose number depends most on what it may not depend on, at its value there."""
        worst, found = 0.0, None
        for block in blocks:
            numbers = np.ones([1] * len(self.names))
            for k in range(len(block)):
                at = self.names.index(block[k])
                joint = self.table.sum(axis=tuple(range(at + 1, len(self.names))), keepdims=True)
                below = joint.sum(axis=at, keepdims=True)
                usual = self.conditional(block[: k + 1])
                gap = np.nan_to_num(np.abs(joint - usual * below))
                gap = gap * np.nan_to_num(numbers)
                if gap.max() > worst:
                    cell = np.unravel_index(int(gap.argmax()), gap.shape)
                    scale = np.broadcast_to(numbers, gap.shape)[cell]
                    value = scale * joint[cell] / np.broadcast_to(below, gap.shape)[cell]
                    codes = self.codes(block[: k + 1], np.array([cell]))
                    worst, found = float(gap.max()), Given(block[: k + 1], codes, np.array([value]), self.source)
                numbers = numbers * usual
        if found is not None:
            yield found
