"""A plan as a program: which arrays are multiplied, in which order, and when the rows come in.

A factor that differs by row has *open axes*: one for each placeholder that it reads. While the joint values of the open
axes are few, a step is done once for all of them; where they become many, the rows' entries are gathered and the step
is done for each row. What is done once is the *prelude*; its results are the arguments of what is done for each row, so
that other tables of the same shape need no new program.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

from ._network import Factor
from ._path import BATCH, Path

OPEN_ENTRIES = 1 << 22
"""Most products in one step over open axes."""
LEAST_OPEN = 1 << 8
MOST_OPEN = 1 << 16
"""Bounds of how many joint values of open axes are worked out once."""

Labels: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Multiply two arrays and sum out what nothing else needs. `right` is None for a sum alone.

    Attributes:
        left, right: slots of the operands.
        left_axes, right_axes, out_axes: labels of their axes. Open axes have labels of their own; `BATCH` is last.
    """

    left: int
    right: int | None
    left_axes: Labels
    right_axes: Labels
    out_axes: Labels


@dataclass(frozen=True, slots=True)
class Gather:
    """Take the entries of each row: open axes, which are last, become `BATCH`."""

    source: int
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    axes: Labels


@dataclass(frozen=True, slots=True)
class Rescale:
    """Bring the largest entry of each row near one by a power of two, and keep the power.

    Where it is not `kept`, the scale of what follows does not matter.
    """

    source: int
    axes: Labels
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Stack:
    """Several results as one array: each flattened, one below the other; what has no rows is the same in all."""

    sources: Labels
    batched: tuple[bool, ...]
    axes: Labels


Op: TypeAlias = Pair | Gather | Rescale | Stack
"""Each operation fills the next slot; the first slots are the factors."""


@dataclass(frozen=True)
class Program:
    """Operations of the prelude, then those for each row.

    Attributes:
        factors: how many slots the factors take.
        prelude: operations on arrays without rows; their results follow the factors.
        names: placeholders, in the order of the columns.
        each: operations for each row. The first slots are the arguments (`arguments`).
        arguments: slots of factors and prelude results that `each` reads, in the order of its first slots.
        output: labels of the result, without rows.
        batched: whether the result has rows.
        sizes: positions of each label.
        opened: labels of open axes.
        factor_axes: labels of each factor's axes, open ones last.
        weighed: how many of the first arguments and operations make up the first result of several. Only their powers
            of two are kept: the scale of the other results does not matter. None where there is one result.
    """

    factors: int
    prelude: tuple[Pair, ...]
    names: tuple[str, ...]
    each: tuple[Op, ...]
    arguments: tuple[int, ...]
    output: Labels
    batched: bool
    sizes: tuple[tuple[int, int], ...]
    opened: tuple[int, ...]
    factor_axes: tuple[Labels, ...]
    weighed: tuple[int, int] | None = None

    @cached_property
    def widest(self) -> int:
        """Numbers in the largest array of one row."""
        size = dict(self.sizes) | {BATCH: 1}
        found = [op.out_axes if isinstance(op, Pair) else op.axes for op in self.each]
        return max((math.prod(size[x] for x in axes) for axes in found), default=1)

    @cached_property
    def spent(self) -> tuple[Labels, ...]:
        """For each operation, the slots that nothing after it reads."""
        last: dict[int, int] = {}
        for k, op in enumerate(self.each):
            for slot in _sources(op):
                last[slot] = k
        out: list[list[int]] = [[] for _ in self.each]
        for slot, k in last.items():
            out[k].append(slot)
        return tuple(map(tuple, out))

    @cached_property
    def held(self) -> int:
        """Numbers of one row that are held at once: of several results, the last needs what the first was made of."""
        if self.weighed is None:
            return self.widest
        size = dict(self.sizes) | {BATCH: 1}
        found = [op.out_axes if isinstance(op, Pair) else op.axes for op in self.each]
        return sum(math.prod(size[x] for x in axes) for axes in found)

    @cached_property
    def taken(self) -> int:
        """Numbers gathered for each row."""
        size = dict(self.sizes) | {BATCH: 1}
        return sum(math.prod(size[x] for x in op.axes) for op in self.each if isinstance(op, Gather))

    @cached_property
    def argument_names(self) -> tuple[tuple[str, ...], ...]:
        """For each argument, the placeholders of its open axes."""
        found = {op.source: op.names for op in self.each if isinstance(op, Gather)}
        return tuple(found.get(i, ()) for i in range(len(self.arguments)))

    @cached_property
    def operations(self) -> tuple[float, float]:
        """Multiply-adds of the prelude, and for each row (a gathered number counts as one)."""
        size = dict(self.sizes) | {BATCH: 1}
        each = 0.0
        for op in self.each:
            if isinstance(op, Pair):
                each += math.prod(size[x] for x in {*op.left_axes, *op.right_axes})
        return sum(float(math.prod(size[x] for x in {*p.left_axes, *p.right_axes})) for p in self.prelude), each


def _sources(op: Op) -> Labels:
    """The slots that an operation reads."""
    match op:
        case Pair(left, right):
            return (left,) if right is None else (left, right)
        case Stack(sources):
            return sources
        case _:
            return (op.source,)


@dataclass
class _Held:
    """An array while the program is built: where it is and what its axes are."""

    slot: int
    labels: Labels
    names: tuple[str, ...] = ()
    batched: bool = False


@dataclass
class _Build:
    sizes: dict[int, int]
    open_label: dict[str, int]
    most_open: float
    factors: int
    prelude: list[Pair] = field(default_factory=list[Pair])
    each: list[Op] = field(default_factory=list[Op])
    arguments: dict[int, int] = field(default_factory=dict[int, int])

    def opened(self, names: Sequence[str]) -> int:
        return math.prod(self.sizes[self.open_label[n]] for n in names)

    def axes(self, held: _Held) -> Labels:
        last = (BATCH,) if held.batched else tuple(self.open_label[n] for n in held.names)
        return (*held.labels, *last)

    def argument(self, held: _Held) -> int:
        """A slot of the part for each row that holds a result of the prelude (numbered when all are known: < 0)."""
        return -1 - self.arguments.setdefault(held.slot, len(self.arguments))

    def gathered(self, held: _Held) -> _Held:
        """`held` as an operand of the part for each row."""
        if held.batched:
            return held
        source = self.argument(held)
        if not held.names:
            return _Held(source, held.labels)
        sizes = tuple(self.sizes[self.open_label[n]] for n in held.names)
        self.each.append(Gather(source, held.names, sizes, (*held.labels, BATCH)))
        return _Held(len(self.each) - 1, held.labels, batched=True)

    def pair(self, left: _Held, right: _Held, out: Labels) -> _Held:
        names = tuple(dict.fromkeys((*left.names, *right.names)))
        labels = {*left.labels, *right.labels}
        opened = self.opened(names)
        entries = math.prod(self.sizes[x] for x in labels) * opened
        few = not names or (opened <= self.most_open and entries <= OPEN_ENTRIES)
        if few and not (left.batched or right.batched):
            held = _Held(self.factors + len(self.prelude), out, names)
            self.prelude.append(Pair(left.slot, right.slot, self.axes(left), self.axes(right), self.axes(held)))
            return held
        left, right = self.gathered(left), self.gathered(right)
        held = _Held(0, out, batched=left.batched or right.batched)
        self.each.append(Pair(left.slot, right.slot, self.axes(left), self.axes(right), self.axes(held)))
        held.slot = len(self.each) - 1
        return held


def most_open(rows: int) -> int:
    """How many joint values of open axes are worked out once, for so many rows."""
    return min(max(1 << (rows - 1).bit_length(), LEAST_OPEN), MOST_OPEN)


def make_program(
    factors: Sequence[Factor], output: Labels, sizes: dict[int, int], path: Path, opened: int, names: Sequence[str]
) -> Program:
    """The program of a path.

    Args:
        factors: with their open axes last (see `open_axes_last`), sliced labels taken away.
        output: labels that stay.
        sizes: positions of each label.
        path: the order of contraction.
        opened: how many joint values of open axes may be worked out once, see `most_open`.
        names: placeholders, in the order of the columns.
    """
    known: dict[str, int] = {}  # in how many states each placeholder comes
    for f in factors:
        known |= dict(zip(f.gathers, f.array.shape[len(f.labels) :], strict=True))
    top = max(sizes, default=0) + 1
    label = {n: top + i for i, n in enumerate(sorted(known))}
    build = _Build({**sizes, **{label[n]: k for n, k in known.items()}}, label, opened, len(factors))
    held = {i: _Held(i, f.labels, f.gathers) for i, f in enumerate(factors)}
    users = Counter([x for h in held.values() for x in h.labels])
    for number, step in enumerate(path.steps, len(factors)):
        left, right = (held.pop(i) for i in step)
        for x in (*left.labels, *right.labels):
            users[x] -= 1
        union = tuple(dict.fromkeys((*right.labels, *left.labels)))
        out = tuple([x for x in union if users[x] > 0 or x in output])
        for x in out:
            users[x] += 1
        held[number] = build.pair(right, left, out)
    axes = tuple(build.axes(_Held(i, f.labels, f.gathers)) for i, f in enumerate(factors))
    (last,) = held.values()
    return _finished(build, last, output, tuple(names), axes)


def _finished(
    build: _Build, last: _Held, output: Labels, names: tuple[str, ...], factor_axes: tuple[Labels, ...]
) -> Program:
    if last.labels != output:
        turned = _Held(0, output, last.names, last.batched)
        step = Pair(last.slot, None, build.axes(last), (), build.axes(turned))
        if last.batched:
            build.each.append(step)
            turned.slot = len(build.each) - 1
        else:
            build.prelude.append(step)
            turned.slot = build.factors + len(build.prelude) - 1
        last = turned
    last = build.gathered(last)
    taken = len(build.arguments)
    return Program(
        build.factors,
        tuple(build.prelude),
        names,
        tuple(renumbered_op(op, taken) for op in build.each),
        tuple(build.arguments),
        output,
        last.batched,
        tuple(build.sizes.items()),
        tuple(build.open_label.values()),
        factor_axes,
    )


def renumbered_op(op: Op, taken: int) -> Op:
    """Slots of arguments (below zero while the program was built) come first, then the results, one an operation."""

    def slot(own: int) -> int:
        return -1 - own if own < 0 else taken + own

    match op:
        case Pair(left, right):
            return Pair(slot(left), None if right is None else slot(right), op.left_axes, op.right_axes, op.out_axes)
        case Gather(source, names, sizes, axes):
            return Gather(slot(source), names, sizes, axes)
        case Rescale(source, axes, kept):
            return Rescale(slot(source), axes, kept)
        case Stack(sources, batched, axes):
            return Stack(tuple(map(slot, sources)), batched, axes)


# ---------------------------------------------------------------------------------------------------------------------
# Where rescaling is needed

Range: TypeAlias = tuple[float, float]
"""Binary logarithms of the smallest positive and the largest entry that an array can have in any row."""


def rescaled(program: Program, ranges: Sequence[Range], smallest: float) -> tuple[Program, tuple[Range, ...]]:
    """The same program with `Rescale`s wherever a positive number could fall below what the arithmetic can hold.

    Args:
        program: without rescales.
        ranges: of each argument.
        smallest: binary logarithm of the smallest number that is held in full, such as -126.

    Returns:
        The program, and the range of each slot of its part for each row, for rows that no rescale finds too narrow.
    """
    narrow, size = smallest * NARROW, dict(program.sizes) | {BATCH: 1}
    place = list(range(len(program.arguments)))
    found = list(ranges)
    out: list[Op] = []

    def add(op: Op, span: Range) -> None:
        out.append(op)
        found.append(span)

    for k, op in enumerate(program.each):
        match op:
            case Gather(source, names, sizes, axes):
                add(Gather(place[source], names, sizes, axes), found[place[source]])
            case Pair(left, right):
                slots = [(x, axes) for x, axes in ((left, op.left_axes), (right, op.right_axes)) if x is not None]
                small = sum(found[place[x]][0] for x, _ in slots) < smallest
                if small or sum(found[place[x]][1] for x, _ in slots) > -smallest / 2:
                    for x, axes in slots:
                        low, high = found[place[x]]
                        if BATCH in axes and (low < narrow / 4 or high > -narrow / 4):
                            kept = program.weighed is None or k < program.weighed[1]
                            add(Rescale(place[x], axes, kept), (max(low - high, narrow), 0.0))
                            place[x] = len(program.arguments) + len(out) - 1
                summed = {*op.left_axes, *op.right_axes} - {*op.out_axes}
                low = sum(found[place[x]][0] for x, _ in slots)
                high = sum(found[place[x]][1] for x, _ in slots) + math.log2(math.prod(size[x] for x in summed))
                at = [place[x] for x, _ in slots]
                second = at[1] if right is not None else None
                add(Pair(at[0], second, op.left_axes, op.right_axes, op.out_axes), (low, high))
            case Stack(sources, batched, axes):
                add(Stack(tuple(place[x] for x in sources), batched, axes), (0.0, 0.0))
            case Rescale():
                raise AssertionError("a program is rescaled once")
        place.append(len(program.arguments) + len(out) - 1)
    return replace(program, each=tuple(out)), tuple(found)


NARROW = 0.4
"""Share of the exponent's range that a row may take up after a rescale: two such arrays can be multiplied."""
