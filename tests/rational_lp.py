"""Linear programmes in rational numbers: a small simplex method, and all vertices of a small polytope.

Nothing is rounded: the tableau holds whole numbers over one common denominator (Edmonds 1967), and Bland's rule (1977)
ends every run. Shares no code with the engine, and no linear programming code with anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

Row = Sequence[Fraction | int]


class Unbounded(Exception):
    """The objective has no end."""


class TooMany(Exception):
    """More vertices than were asked for."""


def whole(row: Row) -> list[int]:
    """The row times the smallest number that makes it whole."""
    unit = math.lcm(*(Fraction(x).denominator for x in row))
    return [int(x * unit) for x in row]


@dataclass
class Tableau:
    """A feasible basis: `rows / below` is the tableau, its last column the values of the basic unknowns."""

    rows: Any
    basis: list[int]
    below: int = 1

    def copy(self) -> Tableau:
        return Tableau(self.rows.copy(), list(self.basis), self.below)

    def pivot(self, r: int, s: int) -> None:
        """Unknown s enters the basis in row r; further rows (objectives) follow."""
        if self.rows[r, s] < 0:
            self.rows[r] = -self.rows[r]
        p, row, column = self.rows[r, s], self.rows[r].copy(), self.rows[:, s].copy()
        self.rows = (self.rows * p - np.outer(column, row)) // self.below
        self.rows[r] = row
        self.below = p
        self.basis[r] = s

    def leaving(self, s: int) -> list[int]:
        """The rows whose unknown reaches zero first where unknown s grows."""
        found: list[int] = []
        for i in range(len(self.basis)):
            if self.rows[i, s] > 0:
                if found:
                    ahead = self.rows[i, -1] * self.rows[found[0], s] - self.rows[found[0], -1] * self.rows[i, s]
                    if ahead > 0:
                        continue
                    found = found if ahead == 0 else []
                found.append(i)
        return found

    def minimise(self, objective: int, columns: int) -> None:
        """Pivot until no reduced cost in row `objective` is negative.

        Raises:
            Unbounded: there is no least value.
        """
        steps = 0
        while True:
            costs = self.rows[objective, :columns]
            negative = [j for j in range(columns) if costs[j] < 0]
            if not negative:
                return
            # The steepest column is quick; where that may go in circles, the first one, which cannot.
            s = min(negative, key=lambda j: costs[j]) if steps < 10 * len(self.basis) else negative[0]
            rows = self.leaving(s)
            if not rows:
                raise Unbounded
            self.pivot(min(rows, key=lambda i: self.basis[i]), s)
            steps += 1


@dataclass
class Polytope:
    """`equal @ x = to`, `low <= within @ x <= high`, `x >= 0`.

    Attributes:
        columns: how many unknowns.
        equal: pairs of a row and what it equals.
        within: triples of a row and its ends, of which one may be None.
    """

    columns: int
    equal: list[tuple[Row, Any]] = field(default_factory=list)
    within: list[tuple[Row, Any, Any]] = field(default_factory=list)

    def standard(self) -> tuple[list[list[int]], int]:
        """Equations in whole numbers with their right side last, and the number of unknowns with slacks."""
        sides = [(row, end, sign) for row, low, high in self.within for end, sign in ((low, -1), (high, 1))]
        sides = [side for side in sides if side[1] is not None]
        wide = self.columns + len(sides)
        out = [whole([*row, *[0] * len(sides), to]) for row, to in self.equal]
        for k, (row, end, sign) in enumerate(sides):
            slack = [0] * len(sides)
            slack[k] = sign
            out.append(whole([*row, *slack, end]))
        return [[-x for x in row] if row[-1] < 0 else row for row in out], wide

    def start(self, objectives: Sequence[Row] = ()) -> Tableau | None:
        """A feasible basis, with the objectives as further rows; None where there is none."""
        rows, wide = self.standard()
        further = [whole([*(-Fraction(x) for x in row), *[0] * (wide - self.columns), 0]) for row in objectives]
        count = len(rows)
        missing = [-sum(column) for column in zip(*rows, strict=True)]
        made = Tableau(np.array([*rows, *further, missing], dtype=object), [wide + i for i in range(count)])
        made.minimise(len(made.rows) - 1, wide)
        if made.rows[-1, -1] != 0:
            return None
        made.rows = made.rows[:-1]
        for i in reversed(range(count)):
            if made.basis[i] >= wide:
                columns = [j for j in range(wide) if made.rows[i, j] != 0]
                if columns:
                    made.pivot(i, columns[0])
                else:  # it follows from the others
                    made.rows = np.delete(made.rows, i, axis=0)
                    del made.basis[i]
        return made

    def point(self, tableau: Tableau) -> list[Fraction]:
        """The unknowns at a basis."""
        x = [Fraction(0)] * self.columns
        for i, j in enumerate(tableau.basis):
            if j < self.columns:
                x[j] = Fraction(int(tableau.rows[i, -1]), int(tableau.below))
        return x

    def ends(self, objective: Row) -> tuple[Fraction, Fraction] | None:
        """Least and greatest value of `objective`; None where nothing is feasible."""
        made = self.start([objective, [-Fraction(x) for x in objective]])
        if made is None:
            return None
        wide, found = made.rows.shape[1] - 1, []
        for k in (1, 0):  # the row of an objective says how far it can still grow
            tableau = made.copy()
            tableau.minimise(len(tableau.basis) + k, wide)
            x = self.point(tableau)
            found.append(sum((Fraction(c) * v for c, v in zip(objective, x, strict=True) if c), Fraction(0)))
        return found[0], found[1]

    def ratio_ends(self, above: Row, below: Row) -> tuple[Fraction, Fraction] | None:
        """Ends of `above / below` where `below` is not zero (Charnes & Cooper 1962); None where it always is."""
        n = self.columns
        scaled = Polytope(n + 1)
        scaled.equal = [([*row, -Fraction(to)], 0) for row, to in self.equal]
        scaled.equal.append(([*below, 0], 1))
        for row, low, high in self.within:
            if low is not None:
                scaled.within.append(([*row, -Fraction(low)], 0, None))
            if high is not None:
                scaled.within.append(([*row, -Fraction(high)], None, 0))
        return scaled.ends([*above, 0])

    def vertices(self, most: int = 2000) -> list[list[Fraction]]:
        """All vertices, by going from basis to basis.

        Raises:
            TooMany: more than `most` vertices, or ten times as many bases.
        """
        made = self.start()
        if made is None:
            return []
        wide = made.rows.shape[1] - 1
        seen, waiting, points = {frozenset(made.basis)}, [made], {tuple(self.point(made))}
        while waiting:
            tableau = waiting.pop()
            outside = [j for j in range(wide) if j not in tableau.basis]
            for s in outside:
                for r in tableau.leaving(s):
                    basis = frozenset(tableau.basis) - {tableau.basis[r]} | {s}
                    if basis in seen:
                        continue
                    seen.add(basis)
                    other = tableau.copy()
                    other.pivot(r, s)
                    waiting.append(other)
                    points.add(tuple(self.point(other)))
                    if len(points) > most or len(seen) > 10 * most:
                        raise TooMany
        return [list(p) for p in sorted(points)]
