"""What statements determine: numbers that follow from them by the laws of probability and the separations of the graph.

A statement `P(A | B) = p` is a row over the atoms; where the graph separates A from C given B it holds for every value
of C, which gives more rows with coefficients that are known: so independence enters without products of unknowns. What
follows is found on a random law of the graph, where every statement holds exactly, and kept as recipes that are then
worked out with the printed numbers. A second random law checks every recipe.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .._graph import CausalGraph
from .._query import Contrast, Expectation, Number, Probability, Query
from .._statement import Correlation, Quantity, Statement
from .._syntax import Const, Op, Var, conjunction, conjuncts
from ._atoms import Array, Atoms, Cell, Regime
from ._recipes import (
    Combined,
    Fixed,
    JointOfCorrelation,
    Recipe,
    Row,
    Solved,
    Stated,
    Undone,
    combine,
    operands,
    work_out,
)
from ._reference import reference_law
from ._terms import Flat, Fraction, Reading, flat

NEAR = 1e-8
"""How far a vector may be from the rows, relative to its size, to be counted as a combination of them."""
CHECKED = 1e-6
"""How far a recipe may be off on the second law."""
MOST_GIVEN = 3
"""Conditions of more variables than this are not looked at by themselves in graphs of more than `SMALL` variables."""
SMALL = 6


class System:
    """The numbers that a list of statements determines."""

    def __init__(self, graph: CausalGraph, atoms: Atoms, statements: Sequence[Statement]) -> None:
        self.graph, self.atoms, self.statements = graph, atoms, tuple(statements)
        self.reading = Reading(graph, atoms)
        self.laws = np.stack([reference_law(graph, atoms, seed) for seed in (1, 2)])
        self.recipes: list[Recipe] = []
        self.found: list[Array] = []
        """The numbers on the two random laws, shape (2,) each."""
        self.rows: list[Row] = []
        self._basis: list[Array] = []
        self._known: dict[bytes, int] = {}
        self.stated = np.zeros((len(self.statements), 2))
        self.unused: list[int] = []
        """Statements that nothing could be made of."""
        self._one = self._add(Fixed(1.0))
        for regime in atoms.regimes:
            self._add_row(Fraction(atoms.total(regime), atoms.total()), self._one)
        self._settle()

    # --- the numbers

    def _add(self, recipe: Recipe) -> int:
        self.recipes.append(recipe)
        self.found.append(work_out(recipe, self.stated, self.found))
        return len(self.recipes) - 1

    def fixed(self, value: float) -> int:
        """The position of a plain number."""
        return self._add(Fixed(value))

    def combined(self, op: str, left: int, right: int) -> int:
        """The position of two numbers combined."""
        return self._add(Combined(op, left, right))

    def truth(self, part: Fraction) -> Array:
        """A fraction on the two random laws."""
        with np.errstate(all="ignore"):
            return (self.laws @ part.above) / (self.laws @ part.below)

    def _add_row(self, part: Fraction, value: int) -> bool:
        """Take a row in; False where it says nothing new."""
        return self._add_parts(((part.above, self._one), (-part.below, value)))

    def _add_parts(self, parts: tuple[tuple[Array, int], ...]) -> bool:
        row = self._on_first(Row(parts))
        size = float(np.linalg.norm(row))
        if size < NEAR:
            return False
        rest = self._beyond(row / size)
        length = float(np.linalg.norm(rest))
        if length < NEAR:
            return False
        self._basis.append(rest / length)
        self.rows.append(Row(parts))
        return True

    def _on_first(self, row: Row) -> Array:
        """A row as one vector, with the numbers of the first random law."""
        return np.sum([self.found[position][0] * vector for vector, position in row.parts], axis=0)

    def _beyond(self, vector: Array) -> Array:
        """The part of a vector that is no combination of the rows."""
        if not self._basis:
            return vector
        basis = np.array(self._basis)
        vector = vector - basis.T @ (basis @ vector)
        return vector - basis.T @ (basis @ vector)

    def number(self, part: Fraction) -> int | None:
        """The position of the number that a fraction is, if the statements determine it."""
        if part.key in self._known:
            return self._known[part.key]
        recipe = self._solve(part)
        if recipe is None:
            return None
        position = self._add(recipe)
        if not np.abs(self.found[position] - self.truth(part)).max() < CHECKED:
            return None
        self._known[part.key] = position
        return position

    def _solve(self, part: Fraction) -> Solved | None:
        above, below = self._beyond(part.above), self._beyond(part.below)
        size = float(below @ below)
        if size < NEAR:
            return None
        p = float(above @ below) / size
        if np.linalg.norm(above - p * below) > NEAR * max(1.0, float(np.linalg.norm(part.above))):
            return None
        table = np.array([self._on_first(row) for row in self.rows] + [part.below])
        weights = np.linalg.lstsq(table.T, part.above, rcond=None)[0]
        used = [row for row, weight in zip(self.rows, weights[:-1], strict=True) if abs(weight) > NEAR]
        at = _pivots(np.array([self._on_first(row) for row in used] + [part.below]))
        return Solved(part.above[at], part.below[at], tuple(row.at(at) for row in used))

    # --- the statements

    def _settle(self) -> None:
        """Take in statements, and what follows by separation, until nothing new follows."""
        waiting = [k for k, s in enumerate(self.statements) if s.relation == "="]
        waiting.sort(key=lambda k: -_conditions(self.statements[k].quantity))
        for k in waiting:
            self.stated[k] = self._reference(self.statements[k].quantity)
        while True:
            rest = [k for k in waiting if not self._take(k)]
            if len(rest) == len(waiting) and not self._extend():
                break
            waiting = rest
        self.unused = waiting

    def _reference(self, quantity: Quantity) -> Array:
        """What a quantity is on the two random laws; NaN for what lives in several worlds."""
        match quantity:
            case Correlation():
                both, first, second = (self.truth(part) for part in self._margins(quantity))
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
                term = flat(self.graph, query)
                return np.full(2, np.nan) if term is None else self.truth(self.reading.fraction(term))
            case _:
                return np.full(2, np.nan)

    def _take(self, k: int) -> bool:
        """Take statement `k` in; False where that has to wait for other numbers."""
        quantity = self.statements[k].quantity
        if not np.isfinite(self.stated[k]).all():
            return False
        match quantity:
            case Correlation():
                return self._take_correlation(k, quantity)
            case Probability() | Expectation():
                term = flat(self.graph, quantity)
                assert term is not None  # it has a number
                self._state(term, self._add(Stated(k)))
                return True
            case _:
                return self._take_contrast(k, quantity)

    def _state(self, term: Flat, value: int) -> None:
        """That a term has a number: rows under every condition that leaves it the same, unless it follows already."""
        part = self.reading.fraction(term)
        fresh = self.number(part) is None
        self._known[part.key] = value
        if fresh:
            for above, _, below in self.reading.spread(term):
                self._known.setdefault(Fraction(above, below).key, value)
                self._add_row(Fraction(above, below), value)

    def _margins(self, quantity: Correlation) -> tuple[Fraction, Fraction, Fraction]:
        """The joint of the second states of two variables, then the margin of each."""
        first, second = (
            Op("=", (Var(name), Const(self.atoms.states[name][1]))) for name in (quantity.first, quantity.second)
        )
        events = (conjunction(first, second), first, second)
        both, one, two = (self.reading.fraction(Flat(event, quantity.given, False, ())) for event in events)
        return both, one, two

    def _take_correlation(self, k: int, quantity: Correlation) -> bool:
        both, first, second = self._margins(quantity)
        p, q = self.number(first), self.number(second)
        if p is None or q is None:
            return False
        value = self._add(JointOfCorrelation(self._add(Stated(k)), p, q))
        if self.number(both) is None:
            self._known[both.key] = value
            self._add_row(both, value)
        return True

    def _take_contrast(self, k: int, quantity: Quantity) -> bool:
        terms = [t for t in _leaves(quantity)]
        flats = [flat(self.graph, t) for t in terms]
        numbers = [None if f is None else self.number(self.reading.fraction(f)) for f in flats]
        unknown = [i for i, number in enumerate(numbers) if number is None]
        if len(unknown) == 1:
            term = flats[unknown[0]]
            steps = self._steps(quantity, dict(zip(terms, numbers, strict=True)))
            if term is None or steps is None:
                return False
            self._state(term, self._add(Undone(self._add(Stated(k)), steps)))
            return True
        return self._take_pair(k, quantity) if unknown else True

    def _take_pair(self, k: int, quantity: Quantity) -> bool:
        """A ratio or difference of two unknown terms with the same condition is a row too."""
        match quantity:
            case Contrast(
                ("-" | "/") as op, (Probability() | Expectation()) as left, (Probability() | Expectation()) as right
            ):
                first, second = flat(self.graph, left), flat(self.graph, right)
            case _:
                return False
        if first is None or second is None:
            return False
        if (first.given, first.regime) != (second.given, second.regime):
            return self._take_apart(k, op, self.reading.fraction(first), self.reading.fraction(second))
        value = self._add(Stated(k))
        for one, two, below in self.reading.spread(first, second):
            self._add_row(Fraction(one - two, below) if op == "-" else Fraction(one, two), value)
        return True

    def _take_apart(self, k: int, op: str, first: Fraction, second: Fraction) -> bool:
        """A ratio or difference under two conditions is a row where it is known how likely one is beside the other."""
        scale = self.number(Fraction(first.below, second.below))
        if scale is None:
            return False
        value, minus = self._add(Stated(k)), self._add(Fixed(-1.0))
        if op == "-":
            other = self.combined("*", minus, scale)
            self._add_parts(((first.above, self._one), (second.above, other), (-first.below, value)))
            return True
        other = self.combined("*", minus, self.combined("*", value, scale))
        self._add_parts(((first.above, self._one), (second.above, other)))
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
                return self._add(Fixed(value))
            case Contrast(op, left, right):
                one, two = self._side(left, numbers), self._side(right, numbers)
                return None if one is None or two is None else self._add(Combined(op, one, two))
            case _:
                return numbers[side]  # type: ignore[index]

    # --- what follows by separation

    def _extend(self) -> bool:
        """Numbers of one variable under a least condition, spread over all that the graph separates it from."""
        grown = False
        for regime in self.atoms.regimes:
            for name, given in self._families(regime):
                free = self.reading.beside(frozenset([name]), frozenset(given), regime)
                for values in itertools.product(*(self.atoms.states[g] for g in given)):
                    base = list(zip(given, values, strict=True))
                    for state in self.atoms.states[name][:-1]:
                        grown |= self._spread_cell((name, state), base, free, regime)
        return grown

    def _spread_cell(self, cell: Cell, base: list[Cell], free: tuple[str, ...], regime: Regime) -> bool:
        number = self.number(self.reading.law([cell], base, regime))
        if number is None:
            number = self._elsewhere(cell, base, free, regime)
        if number is None:
            return False
        grown = False
        for values in itertools.product(*(self.atoms.states[name] for name in free)):
            part = self.reading.law([cell], [*base, *zip(free, values, strict=True)], regime)
            self._known.setdefault(part.key, number)
            grown |= self._add_row(part, number)
        return grown

    def _elsewhere(self, cell: Cell, base: list[Cell], free: tuple[str, ...], regime: Regime) -> int | None:
        """The number under a larger condition, where that is known and the graph says it is the same."""
        for size in range(1, len(free) + 1):
            for names in itertools.combinations(free, size):
                for values in itertools.product(*(self.atoms.states[name] for name in names)):
                    number = self.number(self.reading.law([cell], [*base, *zip(names, values, strict=True)], regime))
                    if number is not None:
                        return number
        return None

    def _families(self, regime: Regime) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each variable with each least condition that separates it from something."""
        names = [v for v in self.atoms.variables if v not in {name for name, _ in regime}]
        most = len(names) if len(names) <= SMALL else MOST_GIVEN
        for name in names:
            others = [v for v in names if v != name]
            for size in range(min(most, len(others)) + 1):
                for given in itertools.combinations(others, size):
                    own = frozenset([name])
                    if self.reading.least(own, frozenset(given), regime) == frozenset(given) and self.reading.beside(
                        own, frozenset(given), regime
                    ):
                        yield name, given

    # --- with the printed numbers

    def value(self, position: int, stated: Array) -> Array:
        """A number for each reading of the statements.

        Args:
            position: which number.
            stated: shape (statements, readings).
        """
        needed, todo = {position}, [position]
        while todo:
            new = set(operands(self.recipes[todo.pop()])) - needed
            needed |= new
            todo += new
        out: dict[int, Array] = {}
        for k in sorted(needed):
            out[k] = work_out(self.recipes[k], stated, out)
        return out[position]


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


def _pivots(table: Array) -> NDArray[np.intp]:
    """As many columns as there are rows, chosen so that the square they make can be inverted."""
    work = table.copy()
    at: list[int] = []
    left = list(range(len(work)))
    while left:
        row, column = np.unravel_index(np.argmax(np.abs(work[left])), (len(left), work.shape[1]))
        pivot = left.pop(int(row))
        at.append(int(column))
        for other in left:
            work[other] -= work[other, column] / work[pivot, column] * work[pivot]
    return np.array(sorted(at), dtype=np.intp)
