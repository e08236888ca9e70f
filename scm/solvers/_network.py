"""Networks of factors over labelled indices, and how a factor is placed in one.

A known value slices a factor's axis; a value that comes row by row (a placeholder) leaves an axis that is gathered at
run time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from .._coupling import Coupling
from .._syntax import Value

Array = NDArray[np.float64]
Values: TypeAlias = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Free:
    """An index of the network, and the value that each of its positions stands for."""

    label: int
    values: Values


@dataclass(frozen=True, slots=True)
class Known:
    """A value known when the plan is made."""

    value: Value


@dataclass(frozen=True, slots=True)
class Run:
    """A value that each row gives: the position of a placeholder's value in `values`."""

    name: str
    values: Values


Axis: TypeAlias = Free | Known | Run


@dataclass(frozen=True, slots=True)
class Factor:
    """An array with one axis a label; `gathers` name the placeholders of its leading axes, gathered before use."""

    array: Array
    labels: tuple[int, ...]
    gathers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the entries of a factor come from: a table, the joint law of several of its instances, or a noise's law.

    Attributes:
        name: of the variable or noise.
        factor: its place among the network's factors.
        axes, values: with which the array was placed, see `Network.place`.
        configurations: for several instances, shape (combinations, instances): the row of the table that each reads.
        possible: for several instances, the combinations whose values are states.
        coupling: what joined several instances, where something was granted.
    """

    name: str
    factor: int
    axes: tuple[Axis, ...]
    values: tuple[Values, ...]
    configurations: NDArray[np.intp] | None = None
    possible: NDArray[np.bool_] | None = None
    coupling: Coupling | None = None


@dataclass
class Network:
    """Factors over labelled indices; `outputs` stay, every other index is summed out.

    Attributes:
        factors: their product, summed, is the joint weight of outputs and evidence.
        sizes: states of each label.
        outputs: one label for each expression asked.
        values: what each position of each output stands for.
        open: labels of noises of unknown law, with the noises' names.
        noises: labels of all noises that are there.
        instances: what carries the value of each instance.
        couplings: for each variable that needed one, the coupling that was used.
        origins: for each factor whose entries are probabilities of the model, where they come from.
        impossible: the evidence contradicts itself: its weight is zero.
    """

    factors: list[Factor] = field(default_factory=list[Factor])
    sizes: dict[int, int] = field(default_factory=dict[int, int])
    outputs: list[int] = field(default_factory=list[int])
    values: list[Values] = field(default_factory=list[Values])
    open: dict[str, int] = field(default_factory=dict[str, int])
    noises: dict[str, int] = field(default_factory=dict[str, int])
    instances: dict[int, Axis] = field(default_factory=dict[int, Axis])
    couplings: dict[str, Coupling] = field(default_factory=dict[str, Coupling])
    origins: list[Origin] = field(default_factory=list[Origin])
    impossible: bool = False

    def label(self, size: int) -> int:
        """A new index with so many positions."""
        label = len(self.sizes)
        self.sizes[label] = size
        return label

    def free(self, values: Values) -> Free:
        """A new index over `values`."""
        return Free(self.label(len(values)), values)

    def drop_apart(self, kept: Collection[int]) -> None:
        """Leave out parts that share no index with `kept` and in which everything is possible.

        Such a part only multiplies the weight of each row by a positive number (d-separation: Geiger, Verma & Pearl
        1990). Where something in it is impossible, it may say that a row's evidence is.
        """
        leader: dict[int, int] = {}

        def find(x: int) -> int:
            while leader.get(x, x) != x:
                x = leader[x]
            return x

        for factor in self.factors:
            for label in factor.labels[1:]:
                leader[find(label)] = find(factor.labels[0])
        wanted = {find(x) for x in kept}
        impossible = {find(f.labels[0]) for f in self.factors if f.labels and not (f.array > 0).all()}
        self.factors = [
            f
            for f in self.factors
            if (find(f.labels[0]) in wanted | impossible if f.labels else not (f.array > 0).all())
        ]

    def place(self, array: Array, axes: Sequence[Axis], values: Sequence[Values]) -> None:
        """Add a factor: known axes sliced, row-wise axes first, repeated labels taken along the diagonal.

        Args:
            array: one axis for each of `axes`.
            axes: what stands at each axis.
            values: what each position of each axis of `array` stands for.
        """
        index: list[int | slice] = []
        kept: list[Free | Run] = []
        for axis, own in zip(axes, values, strict=True):
            if not isinstance(axis, Known):
                if axis.values != own:  # by nesting, what stands here may be another variable's, with other states
                    array = _relabelled(array, len(index), own, axis.values)
                index.append(slice(None))
                kept.append(axis)
            elif axis.value in own:
                index.append(own.index(axis.value))
            else:
                self.impossible = True
                return
        self.factors.append(_factor(array[tuple(index)], kept))


def _factor(array: Array, axes: Sequence[Free | Run]) -> Factor:
    """`array` with row-wise axes first, and each label and each placeholder once."""
    labels = tuple(dict.fromkeys(axis.label for axis in axes if isinstance(axis, Free)))
    if len(labels) == len(axes):  # nothing to turn, nothing twice
        return Factor(np.array(array, order="C"), labels)
    gathers = tuple(dict.fromkeys(axis.name for axis in axes if isinstance(axis, Run)))
    place = {x: i for i, x in enumerate((*gathers, *labels))}
    subscripts = [place[axis.label if isinstance(axis, Free) else axis.name] for axis in axes]
    # The stubs of einsum leave out this form.
    turned: Any = cast(Any, np.einsum)(array, subscripts, list(range(len(place))))
    return Factor(np.array(turned, order="C"), labels, gathers)


def _relabelled(array: Array, axis: int, own: Values, values: Values) -> Array:
    """`array` with one axis over `values` instead of `own`; a value that is not there has no weight."""
    nothing = np.zeros_like(np.take(array, [0], axis=axis))
    place = [own.index(v) if v in own else -1 for v in values]
    return np.take(np.concatenate([array, nothing], axis=axis), place, axis=axis)
