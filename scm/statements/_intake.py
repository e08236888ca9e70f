"""Statements taken into a `System`: probabilities, correlations once margins are known, ratios and differences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from .._graph import CausalGraph
from .._query import Contrast, Expectation, Number, Probability, Query
from .._statement import Correlation, Quantity, Statement
from .._syntax import Const, Op, Var, conjunction, conjuncts
from ._atoms import Array, Atoms
from ._recipes import Fixed, JointOfCorrelation, Stated, Undone, combine
from ._system import System
from ._terms import Flat, Fraction, flat


def settled(graph: CausalGraph, atoms: Atoms, statements: Sequence[Statement], first: int | None = None) -> System:
    """The system of what `statements` determine; statement `first` is taken in before the others."""
    system = System(graph, atoms, statements)
    _Intake(system).settle(first)
    return system


class _Intake:
    def __init__(self, system: System) -> None:
        self.system = system

    def settle(self, first: int | None) -> None:
        """Take in statements, and what follows by separation, until nothing new follows."""
        waiting = [k for k, s in enumerate(self.system.statements) if s.relation == "="]
        waiting.sort(key=lambda k: (k != first, -_conditions(self.system.statements[k].quantity)))
        for k in waiting:
            self.system.stated[k] = self._reference(self.system.statements[k].quantity)
        while True:
            rest = [k for k in waiting if not self._take(k)]
            if len(rest) == len(waiting) and not self.system.extend():
                break
            waiting = rest
        self.system.unused = waiting

    def _reference(self, quantity: Quantity) -> Array:
        """What a quantity is on the two random laws; NaN for what lives in several worlds."""
        match quantity:
            case Correlation():
                both, first, second = (self.system.truth(part) for part in self._margins(quantity))
                return (both - first * second) / np.sqrt(first * (1 - first) * second * (1 - second))
            case _:
                return self._on_laws(quantity)

    def _on_laws(self, query: Query) -> Array:
        match query:
            case Number(value):
                return np.full(2, value)
            case Contrast(op, left, right):
                return combine(op, self._on_laws(left), self._on_laws(right))
            case Probability() | Expectation():
                term = flat(self.system.graph, query)
                return np.full(2, np.nan) if term is None else self.system.truth(self.system.reading.fraction(term))
            case _:
                return np.full(2, np.nan)

    def _take(self, k: int) -> bool:
        """Take statement `k` in; False where that has to wait for other numbers."""
        quantity = self.system.statements[k].quantity
        if not np.isfinite(self.system.stated[k]).all():
            return False
        match quantity:
            case Correlation():
                return self._take_correlation(k, quantity)
            case Probability() | Expectation():
                term = flat(self.system.graph, quantity)
                assert term is not None  # it has a number
                self.system.state(term, self.system.add(Stated(k)))
                return True
            case _:
                return self._take_contrast(k, quantity)

    def _margins(self, quantity: Correlation) -> tuple[Fraction, Fraction, Fraction]:
        """The joint of the second states of two variables, then the margin of each."""
        first, second = (
            Op("=", (Var(name), Const(self.system.atoms.states[name][1]))) for name in (quantity.first, quantity.second)
        )
        events = (conjunction(first, second), first, second)
        both, one, two = (self.system.reading.fraction(Flat(event, quantity.given, False, ())) for event in events)
        return both, one, two

    def _take_correlation(self, k: int, quantity: Correlation) -> bool:
        both, first, second = self._margins(quantity)
        p, q = self.system.number(first), self.system.number(second)
        if p is None or q is None:
            return False
        value = self.system.add(JointOfCorrelation(self.system.add(Stated(k)), p, q))
        if self.system.number(both) is None:
            self.system.known[both.key] = value
            self.system.add_row(both, value)
        return True

    def _take_contrast(self, k: int, quantity: Quantity) -> bool:
        terms = [t for t in _leaves(quantity)]
        flats = [flat(self.system.graph, t) for t in terms]
        numbers = [None if f is None else self.system.number(self.system.reading.fraction(f)) for f in flats]
        unknown = [i for i, number in enumerate(numbers) if number is None]
        if len(unknown) == 1:
            term = flats[unknown[0]]
            steps = self._steps(quantity, dict(zip(terms, numbers, strict=True)))
            if term is None or steps is None:
                return False
            self.system.state(term, self.system.add(Undone(self.system.add(Stated(k)), steps)))
            return True
        return self._take_pair(k, quantity) if unknown else True

    def _take_pair(self, k: int, quantity: Quantity) -> bool:
        """A ratio or difference of two unknown terms with the same condition is a row too."""
        match quantity:
            case Contrast(
                ("-" | "/") as op, (Probability() | Expectation()) as left, (Probability() | Expectation()) as right
            ):
                first, second = flat(self.system.graph, left), flat(self.system.graph, right)
            case _:
                return False
        if first is None or second is None:
            return False
        if (first.given, first.regime) != (second.given, second.regime):
            return self._take_apart(k, op, self.system.reading.fraction(first), self.system.reading.fraction(second))
        value = self.system.add(Stated(k))
        for one, two, below in self.system.reading.spread(first, second):
            self.system.add_row(Fraction(one - two, below) if op == "-" else Fraction(one, two), value)
        return True

    def _take_apart(self, k: int, op: str, first: Fraction, second: Fraction) -> bool:
        """A ratio or difference under two conditions is a row where it is known how likely one is beside the other."""
        scale = self.system.number(Fraction(first.below, second.below))
        if scale is None:
            return False
        value, minus = self.system.add(Stated(k)), self.system.add(Fixed(-1.0))
        if op == "-":
            other = self.system.combined("*", minus, scale)
            self.system.add_parts(((first.above, self.system.one), (second.above, other), (-first.below, value)))
            return True
        other = self.system.combined("*", minus, self.system.combined("*", value, scale))
        self.system.add_parts(((first.above, self.system.one), (second.above, other)))
        return True

    def _steps(
        self, quantity: Quantity, numbers: dict[Quantity, int | None]
    ) -> tuple[tuple[str, int, bool], ...] | None:
        """How to undo a contrast around its one unknown term; None where that occurs twice."""
        steps: list[tuple[str, int, bool]] = []
        while isinstance(quantity, Contrast):
            sides = [self._side(side, numbers) for side in (quantity.left, quantity.right)]
            if (sides[0] is None) == (sides[1] is None):
                return None
            left = sides[0] is None
            known = sides[1] if left else sides[0]
            assert known is not None
            steps.append((quantity.op, known, left))
            quantity = quantity.left if left else quantity.right  # type: ignore[assignment]
        return tuple(steps)

    def _side(self, side: object, numbers: dict[Quantity, int | None]) -> int | None:
        match side:
            case Number(value):
                return self.system.add(Fixed(value))
            case Contrast(op, left, right):
                one, two = self._side(left, numbers), self._side(right, numbers)
                return None if one is None or two is None else self.system.combined(op, one, two)
            case _:
                return numbers[side]  # type: ignore[index]


def _leaves(quantity: object) -> Iterable[Probability | Expectation]:
    match quantity:
        case Contrast(_, left, right):
            return dict.fromkeys([*_leaves(left), *_leaves(right)])
        case Probability() | Expectation():
            return (quantity,)
        case _:
            return ()


def _conditions(quantity: Quantity) -> int:
    given = quantity.given if isinstance(quantity, (Probability, Expectation, Correlation)) else None
    return len(conjuncts(given)) if not isinstance(quantity, Contrast) else -1
