"""Values of terms for every state of the roots of unknown law, and sums of such values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._kernels import TooWide
from ._setting import Values

Array = NDArray[np.float64]

MAX_ROOT_STATES = 1 << 16
"""Most joint states of roots of unknown law that are enumerated."""


class TooManyRoots(TooWide):
    """The states of the roots of unknown law are too many to enumerate."""


@dataclass(frozen=True)
class Leaf:
    """A term's value for every state of the roots of unknown law.

    Attributes:
        value: axes: roots, then states of a distribution, then rows; NaN where not `defined`.
        weight: axes: roots, then rows: of the evidence, up to a factor for each row.
        roots: names of the noises of unknown law.
        states: of each root.
        scale: the largest number whose mean this is: rounding is relative to it.
    """

    value: Array
    weight: Array
    roots: tuple[str, ...] = ()
    states: tuple[Values, ...] = ()
    scale: float = 1.0

    @property
    def defined(self) -> NDArray[np.bool_]:
        """Where the evidence has positive weight."""
        return self.weight > 0


def add_leaves(parts: Sequence[tuple[float, Leaf]]) -> Leaf:
    """A weighted sum of at least one leaf, all under one evidence; roots are aligned by name."""
    leaves = align_all([leaf for _, leaf in parts])
    value = sum((c * leaf.value for (c, _), leaf in zip(parts, leaves, strict=True)), np.zeros(()))
    defined = np.logical_and.reduce([leaf.defined for leaf in leaves])
    scale = sum(abs(c) * leaf.scale for c, leaf in parts)
    return Leaf(np.asarray(value), np.where(defined, leaves[0].weight, 0.0), leaves[0].roots, leaves[0].states, scale)


def union_roots(leaves: Sequence[Leaf]) -> tuple[tuple[str, ...], tuple[Values, ...]]:
    """The roots of all leaves, each once."""
    found = {name: states for leaf in leaves for name, states in zip(leaf.roots, leaf.states, strict=True)}
    if math.prod(len(s) for s in found.values()) > MAX_ROOT_STATES:
        raise TooManyRoots(
            f"The roots of unknown law have more than {MAX_ROOT_STATES:,} joint states. State the law of some of them."
        )
    return tuple(found), tuple(found.values())


def align_all(leaves: Sequence[Leaf]) -> list[Leaf]:
    """The same leaves over the roots of all of them."""
    roots, states = union_roots(leaves)
    return [align(leaf, roots, states) for leaf in leaves]


def align(leaf: Leaf, roots: tuple[str, ...], states: tuple[Values, ...]) -> Leaf:
    """The same leaf with one axis for each of `roots`, in that order."""

    def spread(array: Array) -> Array:
        own = len(leaf.roots)
        order = [leaf.roots.index(r) for r in roots if r in leaf.roots]
        array = np.transpose(array, [*order, *range(own, array.ndim)])
        shape = [len(s) if r in leaf.roots else 1 for r, s in zip(roots, states, strict=True)]
        return array.reshape([*shape, *array.shape[own:]])

    full = tuple(len(s) for s in states)
    value, weight = spread(leaf.value), spread(leaf.weight)
    return Leaf(
        np.broadcast_to(value, full + value.shape[len(full) :]),
        np.broadcast_to(weight, full + weight.shape[len(full) :]),
        roots,
        states,
        leaf.scale,
    )
