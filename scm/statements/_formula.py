"""Queries and estimands over the numbers of a `System`: numbers where they are determined, else linear in what is not.

A product in which one factor is not determined still bounds a query, as long as the others are; a product of two such
factors does not, here.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .._estimand import At, Cells, Estimand, Index, Law, Linear, Product, Quotient, Sum, Weight
from .._estimand_parts import is_part
from .._evaluate import evaluate
from .._query import Contrast, Expectation, Number, Probability, Query
from .._syntax import Const, Value
from ._atoms import Cell, Regime, fixed_cells
from ._system import System
from ._terms import Flat, Fraction, flat

CellLaw: TypeAlias = tuple[tuple[Cell, ...], tuple[Cell, ...], Regime]
"""`P(of | given)` in a regime, every variable at a value."""


@dataclass(frozen=True)
class Line:
    """A number plus numbers times fractions that are not determined.

    Attributes:
        constant: the position of the number.
        parts: each fraction, by its key, with the position of its coefficient.
    """

    constant: int
    parts: Mapping[bytes, tuple[Fraction, int]] = field(default_factory=lambda: {})


class Formula:
    """Builds the number, or the line, of one query or estimand.

    Attributes:
        missing: the laws that the statements do not determine.
        laws: those that are used, with their positions.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.missing: dict[CellLaw, None] = {}
        self.laws: dict[CellLaw, int] = {}

    def query(self, query: Query) -> Line | None:
        """The line of a query whose terms are each of one world and a regime that is looked at."""
        match query:
            case Number(value):
                return Line(self.system.fixed(value))
            case Contrast(op, left, right):
                one, two = self.query(left), self.query(right)
                return None if one is None or two is None else self._combined(op, one, two)
            case Probability() | Expectation():
                term = flat(self.system.graph, query)
                if term is None or term.regime not in self.system.atoms.regimes:
                    return None
                return self._term(term)
            case _:
                return None

    def _term(self, term: Flat) -> Line:
        part = self.system.reading.fraction(term)
        number = self.system.number(part)
        of, given = fixed_cells(term.asked), fixed_cells(term.given)
        if not term.worth and of is not None and given is not None:
            law = tuple(of.items()), tuple(given.items()), term.regime
            if number is None:
                self.missing[law] = None
            else:
                self.laws[law] = number
        return self._open(part) if number is None else Line(number)

    def _open(self, part: Fraction) -> Line:
        return Line(self.system.fixed(0.0), {part.key: (part, self.system.fixed(1.0))})

    def estimand(self, part: Estimand, at: Mapping[Index, Value]) -> Line | None:
        """The line of an estimand with its open indices at given values; None where it is no line."""
        match part:
            case Law(of, given, do):
                return self._law(of, given, do, at)
            case Weight(expr, where):
                values = {name: value_at(cell, at) for name, cell in where}
                return Line(self.system.fixed(float(evaluate(expr, lambda term: values[term.name]))))
            case Sum(over, body):
                states = [self.system.atoms.states[index.variable] for index in over]
                places = (dict(zip(over, values, strict=True)) for values in itertools.product(*states))
                return self._joined("+", 0.0, [(body, {**at, **place}) for place in places])
            case Product(factors):
                return self._joined("*", 1.0, [(factor, at) for factor in sorted(factors, key=_weights_first)])
            case Quotient(above, below):
                one, two = self.estimand(above, at), self.estimand(below, at)
                if one is None or two is None:
                    return None
                return self._combined("|" if is_part(above, below) else "/", one, two)
            case Linear(parts, constant):
                scaled = [(Product((Linear((), weight), body)), at) for weight, body in parts]
                return self._joined("+", constant, scaled)

    def _joined(self, op: str, start: float, parts: Sequence[tuple[Estimand, Mapping[Index, Value]]]) -> Line | None:
        """Parts joined by `+` or `*`; what stands behind a factor of zero is not looked at."""
        total: Line | None = Line(self.system.fixed(start))
        for part, at in parts:
            if op == "*" and total is not None and self._is_zero(total):
                return total
            one = self.estimand(part, at)
            total = None if one is None or total is None else self._combined(op, total, one)
        return total

    def _is_zero(self, line: Line) -> bool:
        return not line.parts and self.system.is_fixed(line.constant, 0.0)

    def _combined(self, op: str, left: Line, right: Line) -> Line | None:
        """Two lines combined; None where the result is no line."""
        if op in "+-":
            constant = self.system.combined(op, left.constant, right.constant)
            parts = dict(left.parts)
            for key, (part, weight) in right.parts.items():
                old = parts[key][1] if key in parts else self.system.fixed(0.0)
                parts[key] = part, self.system.combined(op, old, weight)
            return Line(constant, parts)
        if op == "*" and not left.parts:
            left, right = right, left
        if right.parts:
            return None
        constant = self.system.combined(op, left.constant, right.constant)
        scaled = {k: (p, self.system.combined(op, weight, right.constant)) for k, (p, weight) in left.parts.items()}
        return Line(constant, scaled)

    def _law(self, of: Cells, given: Cells, do: Cells, at: Mapping[Index, Value]) -> Line | None:
        sides = [tuple((name, value_at(cell, at)) for name, cell in side) for side in (of, given)]
        regime = tuple(sorted((name, value_at(cell, at)) for name, cell in do))
        fixed = dict(sides[1])
        if any(fixed.get(name, value) != value for name, value in sides[0]):
            return Line(self.system.fixed(0.0))
        key = (sides[0], sides[1], regime)
        spoken = {name for name, _ in (*sides[0], *sides[1])}
        if regime not in self.system.atoms.regimes or not spoken <= self.system.atoms.place.keys():
            self.missing[key] = None
            return None
        part = self.system.reading.law(*key)
        number = self.system.number(part)
        if number is None:
            self.missing[key] = None
            return self._open(part)
        self.laws[key] = number
        return Line(number)


def _weights_first(part: Estimand) -> int:
    return 0 if isinstance(part, (Weight, Linear)) else 1


def value_at(cell: At, at: Mapping[Index, Value]) -> Value:
    """The value of a cell with its indices at given values."""
    if isinstance(cell, Index):
        return at[cell]
    if isinstance(cell, Const):
        return cell.value
    raise TypeError(f"a placeholder ?{cell.name} is left open")
