"""The law of every variable beside the weight of the evidence: a program followed by its backward pass.

The weight is linear in each array that goes into it, so what multiplies an array (its adjoint) times the array itself
is the joint weight of the array's labels and the evidence (Darwiche 2003, "A differential approach to inference in
Bayesian networks"). The adjoint of each operand of a `Pair` is another `Pair`: the adjoint of the result times the
other operand. One backward pass gives them all, with the same operations, so every executor can run it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ._path import BATCH
from ._program import Gather, Labels, Op, Pair, Program, Stack, renumbered_op


@dataclass(frozen=True, slots=True)
class _Node:
    """An array: a slot of the prelude or, with rows, the number of an operation; its labels without the rows."""

    slot: int
    labels: Labels
    batched: bool

    @property
    def axes(self) -> Labels:
        return (*self.labels, BATCH) if self.batched else self.labels


@dataclass(frozen=True, slots=True)
class _Step:
    """`out` is the sum of `left` times `right`."""

    left: _Node
    right: _Node | None
    out: _Node


class _Builder:
    """A program that grows. An adjoint of None is one everywhere; a label that it lacks does not change it."""

    def __init__(self, program: Program) -> None:
        self.size = dict(program.sizes)
        self.factors = program.factors
        self.prelude = list(program.prelude)
        self.each = list[Op]()
        self.arguments = {slot: i for i, slot in enumerate(program.arguments)}

    def use(self, node: _Node) -> int:
        """The slot of a node for the part for each row; arguments are below zero until all are known."""
        return node.slot if node.batched else -1 - self.arguments.setdefault(node.slot, len(self.arguments))

    def pair(self, left: _Node, right: _Node | None, labels: Labels) -> _Node:
        right_axes = () if right is None else right.axes
        if left.batched or (right is not None and right.batched):
            node = _Node(len(self.each), labels, batched=True)
            other = None if right is None else self.use(right)
            self.each.append(Pair(self.use(left), other, left.axes, right_axes, node.axes))
            return node
        node = _Node(self.factors + len(self.prelude), labels, batched=False)
        self.prelude.append(Pair(left.slot, None if right is None else right.slot, left.axes, right_axes, node.axes))
        return node

    def product(self, adjoint: _Node | None, other: _Node | None, labels: Labels) -> _Node | None:
        """`adjoint` times `other`, summed to those of `labels` that they have."""
        if adjoint is None or other is None:
            only = adjoint or other
            kept = () if only is None else tuple(x for x in only.labels if x in labels)
            return only if only is None or kept == only.labels else self.pair(only, None, kept)
        kept = tuple(x for x in labels if x in adjoint.labels or x in other.labels)
        return self.pair(adjoint, other, kept)


def with_laws(program: Program, laws: Sequence[int]) -> Program:
    """`program` followed by its backward pass.

    Args:
        program: its result is one weight a row.
        laws: the labels wanted.

    Returns:
        A program whose result is a stack: the weight, then for each label its joint weights with the evidence, each
        right up to a factor of the row's own.
    """
    build = _Builder(program)
    steps = _forward(build, program)
    weighed = len(program.arguments), len(program.each)
    root = _Node(len(program.each) - 1, (), batched=True)
    at = _places(build, steps, root, laws)
    adjoints = _adjoints(build, steps, root, set(at.values()))
    results = [root]
    for label in laws:
        node = at[label]
        adjoint = adjoints[node]
        found = build.pair(node, adjoint, (label,)) if adjoint or node.labels != (label,) else node
        results.append(found)
    total = max(build.size, default=0) + 1
    build.size[total] = 1 + sum(build.size[x] for x in laws)
    build.each.append(Stack(tuple(map(build.use, results)), tuple(r.batched for r in results), (total, BATCH)))
    taken = len(build.arguments)
    return replace(
        program,
        prelude=tuple(build.prelude),
        each=tuple(renumbered_op(op, taken) for op in build.each),
        arguments=tuple(build.arguments),
        output=(total,),
        sizes=tuple(build.size.items()),
        weighed=weighed,
    )


def _forward(build: _Builder, program: Program) -> list[_Step]:
    """The products of a program, in their order; its operations for each row go into `build` as they are."""
    taken = len(program.arguments)
    steps = [
        _Step(
            _Node(op.left, op.left_axes, batched=False),
            None if op.right is None else _Node(op.right, op.right_axes, batched=False),
            _Node(program.factors + i, op.out_axes, batched=False),
        )
        for i, op in enumerate(program.prelude)
    ]

    def node(slot: int, axes: Labels) -> _Node:
        if slot < taken:
            return _Node(program.arguments[slot], axes, batched=False)
        return _Node(slot - taken, axes[:-1], batched=True)

    for i, op in enumerate(program.each):
        match op:
            case Pair(left, right):
                first, second = node(left, op.left_axes), None if right is None else node(right, op.right_axes)
                steps.append(_Step(first, second, _Node(i, op.out_axes[:-1], batched=True)))
                use = [None if n is None else build.use(n) for n in (first, second)]
                assert use[0] is not None
                build.each.append(Pair(use[0], use[1], op.left_axes, op.right_axes, op.out_axes))
            case Gather(source, names, sizes, axes):
                build.each.append(Gather(-1 - source, names, sizes, axes))
            case _:
                raise AssertionError("a program is rescaled, and its results stacked, after its backward pass is made")
    return steps


def _places(build: _Builder, steps: Sequence[_Step], root: _Node, laws: Sequence[int]) -> dict[int, _Node]:
    """For each label, the smallest array that has it: there its law is read. Of equals, the nearest to the root."""
    nodes = [root] + [n for s in reversed(steps) for n in (s.left, s.right) if n is not None]
    out: dict[int, _Node] = {}
    for label in laws:
        with_label = [n for n in nodes if label in n.labels]
        out[label] = min(with_label, key=lambda n: math.prod(build.size[x] for x in n.axes if x != BATCH))
    return out


def _adjoints(build: _Builder, steps: Sequence[_Step], root: _Node, wanted: set[_Node]) -> dict[_Node, _Node | None]:
    """The adjoint of every wanted array, and of those on the way to it from the root."""
    below: dict[_Node, bool] = {}  # whether a wanted array went into it, or it is one
    for step in steps:
        parts = [n for n in (step.left, step.right) if n is not None]
        below[step.out] = any(n in wanted or below.get(n, False) for n in parts)
    found: dict[_Node, _Node | None] = {root: None}
    for step in reversed(steps):
        if step.out not in found:
            continue
        for own, other in ((step.left, step.right), (step.right, step.left)):
            if own is not None and (own in wanted or below.get(own, False)):
                found[own] = build.product(found[step.out], other, own.labels)
    return found
