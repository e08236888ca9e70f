"""Probabilities that are known as numbers, or between ends: what makes a quantity about two conditions linear."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._evaluate import evaluate, truth
from .._graph import CausalGraph
from .._query import Probability
from .._relevance import relevant_world
from .._syntax import Const, Expr, Op, Set, Value, Var, conjuncts, terms
from ._quantity_rows import Range, joined

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Part:
    """Ends for the shares of one variable among units that are alike in others: narrower than ratios of cells give.

    Attributes:
        of: the variable.
        given: those in which the units are alike, imposed ones among them.
        low, high: shape (states of each of `given`..., states of `of`).
    """

    of: str
    given: tuple[str, ...]
    low: Array
    high: Array


@dataclass(frozen=True, eq=False)
class Box:
    """Ends for each cell of a law; for a law that is known they are the same.

    Attributes:
        variables: the axes behind those of `do`.
        do: what is imposed.
        low, high: shape (states of each of `do`..., states of each of `variables`...); where nothing was imposed so,
            0 and 1.
        parts: what the ends of the cells were made of, where they were counted.
    """

    variables: tuple[str, ...]
    do: tuple[str, ...]
    low: Array
    high: Array
    parts: tuple[Part, ...] = ()

    def of(self, event: Expr, imposed: Mapping[str, Value], states: Mapping[str, tuple[Value, ...]]) -> Range | None:
        """The ends of an event about the variables where `imposed` is; None where this law does not say."""
        names = [leaf.name for leaf in terms(event)]
        if set(imposed) != set(self.do) or not set(names) <= {*self.variables, *self.do}:
            return None
        at = tuple(states[name].index(imposed[name]) for name in self.do)
        low, high = self.low[at], self.high[at]
        holds = self._holds(event, imposed, states)
        least, most = float(low[holds].sum()), float(high[holds].sum())
        if least == most:
            return least, most
        return max(least, 1 - float(high[~holds].sum()), 0.0), min(most, 1 - float(low[~holds].sum()), 1.0)

    def share(
        self, event: Expr, given: Expr, imposed: Mapping[str, Value], states: Mapping[str, tuple[Value, ...]]
    ) -> Range | None:
        """The ends of an event among the units of a stratum; None where that was not counted as such."""
        at = dict(imposed)
        for condition in conjuncts(given):
            match condition:
                case Op("=", (Var(name), Const(value))) if at.get(name, value) == value:
                    at[name] = value
                case _:
                    return None
        names = {leaf.name for leaf in terms(event)}
        for part in self.parts:
            if names == {part.of} and at.keys() == {*part.given, *self.do} and set(imposed) == set(self.do):
                place = tuple(states[name].index(at[name]) for name in part.given)
                return Box((part.of,), (), part.low[place], part.high[place]).of(event, {}, states)
        return None

    def _holds(
        self, event: Expr, imposed: Mapping[str, Value], states: Mapping[str, tuple[Value, ...]]
    ) -> NDArray[np.bool_]:
        """In which cells each part of an event holds."""
        shape = tuple(len(states[name]) for name in self.variables)
        holds = np.ones(shape, dtype=bool)
        for part in conjuncts(event):
            own = [leaf.name for leaf in terms(part)]
            free = [name for name in self.variables if name in own]
            table = np.empty([len(states[name]) for name in free], dtype=bool)
            for codes in np.ndindex(*table.shape):
                at: dict[str, Value] = {name: states[name][code] for name, code in zip(free, codes, strict=True)}
                at.update(imposed)
                table[codes] = truth(evaluate(part, lambda term, at=at: at[term.name]))
            holds &= table.reshape([len(states[name]) if name in free else 1 for name in self.variables])
        return holds


@dataclass(frozen=True, eq=False)
class Numbers:
    """What is known of single probabilities.

    Attributes:
        graph, states: of the study.
        boxes: laws, known or counted.
        more: what statements say; asked last, as it takes longest.
    """

    graph: CausalGraph
    states: Mapping[str, tuple[Value, ...]]
    boxes: Sequence[Box]
    more: Callable[[Probability], Range | None] = lambda _: None

    def of(self, term: Probability) -> Range | None:
        """The ends of a probability; None where nothing is known of it."""
        event = joined(term.event, term.given)
        if event is None:
            return 1.0, 1.0
        found = self._by_law(event) if term.given is None else self._given(term.event, event, term.given)
        return self.more(term) if found is None else found

    def _given(self, event: Expr, both: Expr, given: Expr) -> Range | None:
        imposed = _imposed(self.graph, both)
        shares = [] if imposed is None else [box.share(event, given, imposed, self.states) for box in self.boxes]
        if counted := [ends for ends in shares if ends is not None]:
            return min(counted, key=lambda ends: ends[1] - ends[0])
        above, below = self._by_law(both), self._by_law(given)
        if above is None or below is None or below[0] <= 0:
            return None
        return above[0] / below[1], min(above[1] / below[0], 1.0)

    def _by_law(self, event: Expr) -> Range | None:
        """The narrowest ends that a law gives to an event of one world."""
        imposed = _imposed(self.graph, event)
        if imposed is None:
            return None
        found = [ends for box in self.boxes if (ends := box.of(event, imposed, self.states)) is not None]
        return min(found, key=lambda ends: ends[1] - ends[0]) if found else None


def _imposed(graph: CausalGraph, event: Expr) -> dict[str, Value] | None:
    """The constants that are imposed in the one world of an event; None where there are several, or other settings."""
    leaves = terms(event)
    worlds = [relevant_world(graph, leaf.name, leaf.world) for leaf in leaves]
    imposed: dict[str, Value] = {}
    for a in itertools.chain.from_iterable(worlds):
        match a:
            case Set(name, Const(value), None) if imposed.get(name, value) == value:
                imposed[name] = value
            case _:
                return None
    common = tuple(Set(name, Const(value)) for name, value in sorted(imposed.items()))
    same = all(relevant_world(graph, leaf.name, common) == own for leaf, own in zip(leaves, worlds, strict=True))
    return imposed if same else None
