"""Queries and estimands as recipes over the numbers of a `System`; what they need and the statements do not give."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from .._estimand import At, Cells, Estimand, Index, Law, Linear, Product, Quotient, Sum, Weight
from .._estimand_parts import is_part
from .._evaluate import evaluate
from .._query import Contrast, Expectation, Number, Probability, Query
from .._syntax import Const, Value
from ._atoms import Cell, Regime
from ._system import System
from ._terms import flat


class Formula:
    """Builds the recipe of one query or estimand.

    Attributes:
        missing: the laws that the statements do not determine, as `(of, given, regime)`.
        laws: those that are used, with their positions.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.missing: dict[tuple[tuple[Cell, ...], tuple[Cell, ...], Regime], None] = {}
        self.laws: dict[tuple[tuple[Cell, ...], tuple[Cell, ...], Regime], int] = {}

    def query(self, query: Query) -> int | None:
        """The number of a query whose terms are each of one world and regime that the statements speak of."""
        match query:
            case Number(value):
                return self.system.fixed(value)
            case Contrast(op, left, right):
                return self._combined(op, self.query(left), self.query(right))
            case Probability() | Expectation():
                term = flat(self.system.graph, query)
                if term is None or term.regime not in self.system.atoms.regimes:
                    return None
                return self.system.number(self.system.reading.fraction(term))
            case _:
                return None

    def _combined(self, op: str, left: int | None, right: int | None) -> int | None:
        return None if left is None or right is None else self.system.combined(op, left, right)

    def estimand(self, part: Estimand, at: Mapping[Index, Value]) -> int | None:
        """The number of an estimand with its open indices at given values; None where something is missing."""
        match part:
            case Law(of, given, do, source):
                return self._law(of, given, do, source, at)
            case Weight(expr, where):
                values = {name: _value(cell, at) for name, cell in where}
                return self.system.fixed(float(evaluate(expr, lambda term: values[term.name])))
            case Sum(over, body):
                return self._sum(over, body, at)
            case Product(factors):
                return self._chain("*", 1.0, [self.estimand(f, at) for f in factors])
            case Quotient(above, below):
                op = "|" if is_part(above, below) else "/"
                return self._combined(op, self.estimand(above, at), self.estimand(below, at))
            case Linear(parts, constant):
                return self._linear(parts, constant, at)

    def _linear(
        self, parts: Sequence[tuple[float, Estimand]], constant: float, at: Mapping[Index, Value]
    ) -> int | None:
        out: list[int | None] = [] if constant == 0 else [self.system.fixed(constant)]
        for weight, body in parts:
            number = self.estimand(body, at)
            out.append(number if weight == 1 else self._combined("*", self.system.fixed(weight), number))
        return self._chain("+", 0.0, out)

    def _sum(self, over: Sequence[Index], body: Estimand, at: Mapping[Index, Value]) -> int | None:
        states = [self.system.atoms.states[index.variable] for index in over]
        parts = [
            self.estimand(body, {**at, **dict(zip(over, values, strict=True))}) for values in itertools.product(*states)
        ]
        return self._chain("+", 0.0, parts)

    def _chain(self, op: str, start: float, parts: Sequence[int | None]) -> int | None:
        """Parts joined by `+` or `*`."""
        found = [part for part in parts if part is not None]
        if len(found) < len(parts):
            return None
        if not found:
            return self.system.fixed(start)
        total = found[0]
        for part in found[1:]:
            total = self.system.combined(op, total, part)
        return total

    def _law(self, of: Cells, given: Cells, do: Cells, source: str, at: Mapping[Index, Value]) -> int | None:
        sides = [tuple((name, _value(cell, at)) for name, cell in side) for side in (of, given)]
        regime = tuple(sorted((name, _value(cell, at)) for name, cell in do))
        fixed = dict(sides[1])
        clash = any(fixed.get(name, value) != value for name, value in sides[0])
        key = (sides[0], sides[1], regime)
        number = self.system.fixed(0.0) if clash else self.law(*key)
        if number is None:
            self.missing[key] = None
        else:
            self.laws[key] = number
        return number

    def law(self, of: tuple[Cell, ...], given: tuple[Cell, ...], regime: Regime) -> int | None:
        """The number of a law, if the statements determine it."""
        if regime not in self.system.atoms.regimes:
            return None
        return self.system.number(self.system.reading.law(of, given, regime))


def _value(cell: At, at: Mapping[Index, Value]) -> Value:
    if isinstance(cell, Index):
        return at[cell]
    if isinstance(cell, Const):
        return cell.value
    raise TypeError(f"a placeholder ?{cell.name} is left open")
