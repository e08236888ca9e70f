"""What statements determine: numbers that follow from them by the laws of probability and the separations of the graph.

A statement `P(A | B) = p` is a row over the atoms; where the graph separates A from C given B it holds for every value
of C, which gives more rows with coefficients that are known: so independence enters without products of unknowns. What
follows is found on a random law of the graph, where every statement holds exactly, and kept as recipes that are then
worked out with the printed numbers. A second random law checks every recipe.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .._graph import CausalGraph
from .._statement import Statement
from ._atoms import Array, Atoms, Cell, Regime
from ._recipes import (
    Combined,
    Fixed,
    Recipe,
    Row,
    Solved,
    operands,
    work_out,
)
from ._reference import reference_law
from ._terms import Flat, Fraction, Reading

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
        self.known: dict[bytes, int] = {}
        self.stated = np.zeros((len(self.statements), 2))
        self.unused: list[int] = []
        """Statements that nothing could be made of."""
        self.one = self.add(Fixed(1.0))
        for regime in atoms.regimes:
            self.add_row(Fraction(atoms.total(regime), atoms.total()), self.one)

    # --- the numbers

    def add(self, recipe: Recipe) -> int:
        self.recipes.append(recipe)
        self.found.append(work_out(recipe, self.stated, self.found))
        return len(self.recipes) - 1

    def fixed(self, value: float) -> int:
        """The position of a plain number."""
        return self.add(Fixed(value))

    def is_fixed(self, position: int, value: float) -> bool:
        """Whether the number at a position is a plain one of this value."""
        recipe = self.recipes[position]
        return isinstance(recipe, Fixed) and recipe.value == value

    def combined(self, op: str, left: int, right: int) -> int:
        """The position of two numbers combined; what is added to zero, or multiplied by one, stays itself."""
        if (op == "+" and self.is_fixed(left, 0.0)) or (op == "*" and self.is_fixed(left, 1.0)):
            return right
        if (op in "+-" and self.is_fixed(right, 0.0)) or (op in "*/|" and self.is_fixed(right, 1.0)):
            return left
        if op == "*" and (self.is_fixed(left, 0.0) or self.is_fixed(right, 0.0)):
            return self.fixed(0.0)
        return self.add(Combined(op, left, right))

    def truth(self, part: Fraction) -> Array:
        """A fraction on the two random laws."""
        with np.errstate(all="ignore"):
            return (self.laws @ part.above) / (self.laws @ part.below)

    def add_row(self, part: Fraction, value: int) -> bool:
        """Take a row in; False where it says nothing new."""
        return self.add_parts(((part.above, self.one), (-part.below, value)))

    def add_parts(self, parts: tuple[tuple[Array, int], ...]) -> bool:
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
        if part.key in self.known:
            return self.known[part.key]
        recipe = self._solve(part)
        if recipe is None:
            return None
        position = self.add(recipe)
        if not np.abs(self.found[position] - self.truth(part)).max() < CHECKED:
            return None
        self.known[part.key] = position
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

    # --- what is stated, and what follows by separation

    def state(self, term: Flat, value: int) -> None:
        """That a term has a number: rows under every condition that leaves it the same, unless it follows already."""
        part = self.reading.fraction(term)
        fresh = self.number(part) is None
        self.known[part.key] = value
        if fresh:
            for above, _, below in self.reading.spread(term):
                self.known.setdefault(Fraction(above, below).key, value)
                self.add_row(Fraction(above, below), value)

    def extend(self) -> bool:
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
            self.known.setdefault(part.key, number)
            grown |= self.add_row(part, number)
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
