"""What laws say of each c-component, for any number of strata at once: cells with their labels and their numbers.

A law whose variables are closed under causes is a product over its c-components (Tian & Pearl 2002), and each factor is
a probability under an intervention on the causes from outside, which one block alone decides: see `_factors`, which
does this for one law. Here the numbers of all strata are worked out together, and each has a formula to be called by.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._bitgraph import members
from .._estimand import Estimand, Law, Product, cells
from .._graph_ops import bits_of
from .._study import KnownLaw
from .._syntax import Const, Expr, Op, Set, Var, conjunction, world
from ._factors import closed
from ._frame import Frame
from ._programme import Array

Names = tuple[str, ...]
APART = 1e-7
"""Laws that differ from a product over c-components by more contradict the graph."""


@dataclass(frozen=True, eq=False)
class RowCells:
    """Probabilities that are known in every stratum.

    Attributes:
        events: of which; each is about one c-component, where the law is closed under causes.
        labels: each as a formula of the known laws.
        values: shape (strata, events); NaN where a stratum has no such number.
        members: the c-component; empty for a law that is not closed.
        source: the position of the law.
    """

    events: tuple[Expr, ...]
    labels: tuple[Estimand, ...]
    values: Array
    members: Names
    source: int


@dataclass(frozen=True, eq=False)
class RowLaw:
    """A law with one array a stratum: shape (strata, states of `do`..., states of `variables`...)."""

    law: KnownLaw
    array: Array
    source: int

    @property
    def axes(self) -> Names:
        """The variables of the axes behind that of the strata."""
        return (*self.law.do, *self.law.variables)

    def joint(self, names: Names) -> Array:
        """The law of some variables where all of `do` is imposed, axes of the others of length one."""
        lost = tuple(i + 1 for i, name in enumerate(self.axes) if name not in names and name not in self.law.do)
        return self.array.sum(axis=lost, keepdims=True) if lost else self.array


def row_cells(frame: Frame, law: RowLaw) -> tuple[list[RowCells], NDArray[np.bool_]]:
    """All that a law says, and the strata in which it is no law of the graph."""
    own = closed(frame, law.law)
    found: list[RowCells] = []
    wrong = np.zeros(len(law.array), dtype=bool)
    if own:
        inner = law if len(own) == len(law.law.variables) else _only(law, own)
        bits = bits_of(frame.graph)
        parts = [bits.named(d) for d in bits.districts(bits.bits(own))]
        factors = [_Factor(frame, inner, own, part) for part in parts]
        found = [factor.cells() for factor in factors]
        wrong = _apart(inner, factors)
    if len(own) < len(law.law.variables):
        found.append(_whole(frame, law))
    return found, wrong


def _only(law: RowLaw, names: Names) -> RowLaw:
    """A law of some of its variables."""
    kept = tuple(name for name in law.law.variables if name in names)
    lost = tuple(i + 1 for i, name in enumerate(law.axes) if name not in kept and name not in law.law.do)
    return RowLaw(KnownLaw(kept, (), law.law.do, law.law.name), law.array.sum(axis=lost), law.source)


def _apart(law: RowLaw, factors: Sequence[_Factor]) -> NDArray[np.bool_]:
    """The strata whose law is not the product of its factors."""
    if len(factors) == 1 and factors[0].plain:
        return np.zeros(len(law.array), dtype=bool)
    product = np.ones_like(law.array)
    for factor in factors:
        product *= np.nan_to_num(factor.numbers())
    return np.abs(product - law.array).reshape(len(product), -1).max(axis=1, initial=0.0) > APART


@dataclass(frozen=True, eq=False)
class _Factor:
    """The factor of one c-component."""

    frame: Frame
    law: RowLaw
    order: Names
    block: Names

    def steps(self) -> list[tuple[Names, Names]]:
        """The factor as conditional probabilities P(first | second), those that are one by the chain rule joined."""
        bits, found = bits_of(self.frame.graph), list[tuple[Names, Names]]()
        for last in self.block:
            before = self.order[: self.order.index(last) + 1]
            district = bits.district(1 << bits.place[last], bits.bits(before))
            near = {bits.names[i] for i in members(district | bits.parents_of(district))} & set(before)
            given = tuple(name for name in self.order if name in near and name != last)
            if found and set(given) == {*found[-1][0], *found[-1][1]}:
                found[-1] = ((*found[-1][0], last), found[-1][1])
            else:
                found.append(((last,), given))
        return found

    @property
    def plain(self) -> bool:
        """Whether it is the law itself."""
        return self.steps() == [(self.block, ())] and len(self.block) == len(self.law.law.variables)

    def numbers(self) -> Array:
        """Its values, in the axes of the law; NaN where a condition has no probability."""
        if self.plain:
            return self.law.array
        product = np.ones([1] * self.law.array.ndim)
        for of, given in self.steps():
            joint = self.law.joint((*of, *given))
            if not given:
                product = product * joint
                continue
            below = joint.sum(axis=tuple(1 + self.law.axes.index(name) for name in of), keepdims=True)
            with np.errstate(invalid="ignore", divide="ignore"):
                step = np.where(below > 0, joint / below, np.nan)
            # What has no probability has none whatever comes after it.
            product = np.where(product == 0, 0.0, product * step)
        return product

    def cells(self) -> RowCells:
        """One cell for each value of the block and of its causes from outside."""
        numbers = self.numbers()
        varied = [name for name, size in zip(self.law.axes, numbers.shape[1:], strict=True) if size > 1]
        grid = itertools.product(*(self.frame.states[name] for name in varied))
        at = [{name: Const(value) for name, value in zip(varied, row, strict=True)} for row in grid]
        return RowCells(
            tuple(map(self.event, at)), tuple(map(self.label, at)), numbers.reshape(len(numbers), -1), self.block,
            self.law.source,
        )  # fmt: skip

    def event(self, at: Mapping[str, Const]) -> Expr:
        """That the block takes its values where its causes from outside have theirs."""
        outside = {p for name in self.block for p in self.frame.parents(name)} - set(self.block)
        here = world(*(Set(name, at[name]) for name in self.order_of(outside)))
        parts = [Op("=", (Var(name, here), at[name])) for name in self.block]
        return conjunction(*parts)

    def order_of(self, names: set[str]) -> Names:
        """Names in the order of the axes."""
        return tuple(name for name in self.law.axes if name in names)

    def label(self, at: Mapping[str, Const]) -> Estimand:
        """The same as a formula of the law."""
        factors = tuple(
            Law(_at(of, at), _at(given, at), _at(self.law.law.do, at), self.law.law.name) for of, given in self.steps()
        )
        return factors[0] if len(factors) == 1 else Product(factors)


def _at(names: Names, at: Mapping[str, Const]) -> tuple[tuple[str, Const], ...]:
    return tuple((name, at[name]) for name, _ in cells({name: at[name] for name in names}))


def _whole(frame: Frame, law: RowLaw) -> RowCells:
    """The cells of a law as they are."""
    axes, do = law.axes, law.law.do
    events: list[Expr] = []
    labels: list[Estimand] = []
    for row in itertools.product(*(frame.states[name] for name in axes)):
        at = {name: Const(value) for name, value in zip(axes, row, strict=True)}
        here = world(*(Set(name, at[name]) for name in do))
        events.append(conjunction(*(Op("=", (Var(name, here), at[name])) for name in law.law.variables)))
        labels.append(Law(_at(law.law.variables, at), (), _at(do, at), law.law.name))
    return RowCells(tuple(events), tuple(labels), law.array.reshape(len(law.array), -1), (), law.source)


def all_cells(frame: Frame, laws: Sequence[RowLaw]) -> tuple[list[RowCells], NDArray[np.bool_]]:
    """What several laws say, and the strata in which one of them is no law of the graph."""
    found: list[RowCells] = []
    wrong: NDArray[np.bool_] = np.zeros(max((len(law.array) for law in laws), default=0), dtype=bool)
    for law in laws:
        parts, bad = row_cells(frame, law)
        found += parts
        wrong = wrong | bad
    return found, wrong


def events_of(parts: Sequence[RowCells]) -> Iterator[tuple[Expr, int]]:
    """The events of several parts with their sources, in order."""
    for part in parts:
        for event in part.events:
            yield event, part.source
