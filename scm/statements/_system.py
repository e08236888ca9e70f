"""What statements determine: numbers that follow from them by the laws of probability and the separations of the graph.

A statement `P(A | B) = p` is a row over the atoms; where the graph separates A from C given B it holds for every value
of C, which gives more rows with coefficients that are known: so independence enters without products of unknowns. What
follows is found on a random law of the graph, where every statement holds exactly, and kept as recipes that are then
worked out with the printed numbers. A second random law checks every recipe.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
SMALL = 8


@dataclass(frozen=True)
class _Families:
    """Conditions of one variable: as cells, the variables that matter, and the atoms of a block."""

    given: list[tuple[Cell, ...]]
    least: list[frozenset[str]]
    below: NDArray[np.bool_]


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
        self._basis = np.zeros((atoms.size, atoms.size))
        self._weights = np.zeros((atoms.size, atoms.size))
        """Each vector of the basis as a combination of the rows."""
        self._spread: set[tuple[Cell, tuple[Cell, ...], Regime]] = set()
        self._conditions: dict[tuple[str, Regime], _Families] = {}
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
        inside, rest = self._split(row)
        length = float(np.linalg.norm(rest))
        if length < NEAR * size:
            return False
        k = len(self.rows)
        self._basis[k] = rest / length
        self._weights[k, :k], self._weights[k, k] = -(inside @ self._weights[:k, :k]) / length, 1 / length
        self.rows.append(Row(parts))
        return True

    def _on_first(self, row: Row) -> Array:
        """A row as one vector, with the numbers of the first random law."""
        return np.sum([self.found[position][0] * vector for vector, position in row.parts], axis=0)

    def _split(self, vectors: Array) -> tuple[Array, Array]:
        """The coordinates of vectors in the basis of the rows, and the parts that are no combination of them."""
        basis = self._basis[: len(self.rows)]
        first = vectors @ basis.T
        rest = vectors - first @ basis
        again = rest @ basis.T
        return first + again, rest - again @ basis

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
        (inside, inside_below), (above, below) = self._split(np.array([part.above, part.below]))
        size = float(below @ below)
        if size < NEAR:
            return None
        p = float(above @ below) / size
        if np.linalg.norm(above - p * below) > NEAR * max(1.0, float(np.linalg.norm(part.above))):
            return None
        k = len(self.rows)
        weights: Array = (inside - p * inside_below) @ self._weights[:k, :k]
        used = [row for row, weight in zip(self.rows, weights, strict=True) if abs(weight) > NEAR]
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
        """Numbers of one variable, spread over all that the graph separates it from; whether that gave new rows."""
        rows = len(self.rows)
        for regime in self.atoms.regimes:
            imposed = {name for name, _ in regime}
            for name in self.atoms.variables:
                if name not in imposed:
                    self._extend_variable(name, regime)
        return len(self.rows) > rows

    def _extend_variable(self, name: str, regime: Regime) -> None:
        families = self._families(name, regime)
        if not families.below.size:
            return
        below = np.array([self.atoms.placed(regime, row) for row in families.below])
        rest_below = self._split(below)[1]
        size = np.einsum("ij,ij->i", rest_below, rest_below)
        for state in self.atoms.states[name][:-1]:
            above = below * self.atoms.placed(regime, self.atoms.cell(name, state))
            rest_above, rest_below = self._split(above)[1], self._split(below)[1]
            with np.errstate(all="ignore"):
                p = np.einsum("ij,ij->i", rest_above, rest_below) / size
            off = np.linalg.norm(rest_above - p[:, None] * rest_below, axis=1)
            near = NEAR * np.maximum(1.0, np.linalg.norm(above, axis=1))
            for k in np.flatnonzero((size >= NEAR) & (off <= near)):
                self._spread_cell((name, state), families.given[k], families.least[k], regime)

    def _spread_cell(self, cell: Cell, given: tuple[Cell, ...], least: frozenset[str], regime: Regime) -> None:
        """A number under a condition, under every condition that by separation leaves it the same."""
        base = tuple(c for c in given if c[0] in least)
        if (cell, base, regime) in self._spread:
            return
        self._spread.add((cell, base, regime))
        free = self.reading.beside(frozenset([cell[0]]), least, regime)
        places = itertools.product(*(self.atoms.states[name] for name in free))
        parts = [self.reading.law([cell], [*base, *zip(free, values, strict=True)], regime) for values in places]
        whole = self.reading.law([cell], given, regime)
        p = float(self.truth(whole)[0])
        new = np.linalg.norm(self._split(np.array([part.above - p * part.below for part in parts]))[1], axis=1)
        if new.max() < NEAR:
            return
        number = self.number(whole)
        if number is not None:
            for part in parts:
                self.known.setdefault(part.key, number)
                self.add_row(part, number)

    def _families(self, name: str, regime: Regime) -> _Families:
        """Every condition on other variables from which the graph separates `name` from something more."""
        key = (name, regime)
        if key not in self._conditions:
            self._conditions[key] = self._made(name, regime)
        return self._conditions[key]

    def _made(self, name: str, regime: Regime) -> _Families:
        own, found = frozenset([name]), _Families([], [], np.zeros((0, 0), dtype=bool))
        others = [v for v in self.atoms.variables if v != name and v not in {n for n, _ in regime}]
        most = len(others) if len(others) < SMALL else MOST_GIVEN
        rows: list[NDArray[np.bool_]] = []
        for size in range(min(most, len(others)) + 1):
            for names in itertools.combinations(others, size):
                least = self.reading.least(own, frozenset(names), regime)
                if not self.reading.beside(own, least, regime):
                    continue
                for values in itertools.product(*(self.atoms.states[n] for n in names)):
                    given = tuple(zip(names, values, strict=True))
                    found.given.append(given)
                    found.least.append(least)
                    rows.append(self.atoms.cells([*given, *regime]))
        return replace(found, below=np.array(rows, dtype=bool).reshape(len(rows), -1 if rows else 0))

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
