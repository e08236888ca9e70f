"""The arithmetic of an answer in the numbers that were stated: `0.31*0.6 + 0.85*0.4`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .._estimand import Estimand, Index, Law, Linear, Product, Quotient, Sum, Weight
from .._evaluate import evaluate
from .._query import Contrast, Number, Probability, Query
from .._syntax import Value
from .._text import number_text
from ._atoms import Array, Cell, Regime, fixed_cells
from ._formula import CellLaw, value_at
from ._recipes import Stated
from ._system import System
from ._terms import flat

DEEPEST = 3
"""Most rules of probability in a row that are tried to show a number."""
LONGEST = 300
"""Longest arithmetic that is shown, in characters."""
NEAR = 1e-9
MOST_LAWS = 150
"""Most laws that are looked at to show the numbers of one answer."""


@dataclass(frozen=True)
class Shown:
    """An expression in stated numbers.

    Attributes:
        text: such as `0.31*0.6 + 0.85*0.4`.
        value: what it comes to.
        level: how loosely its parts hang together: 0 a number, 1 a product or quotient, 2 a sum.
    """

    text: str
    value: float
    level: int = 0

    def within(self, level: int) -> str:
        """The text, in brackets where it binds looser than `level`."""
        return f"({self.text})" if self.level > level else self.text


def total(parts: Sequence[Shown]) -> Shown:
    """The sum of parts; those that are zero are left out."""
    kept = [p for p in parts if p.value != 0]
    if len(kept) < 2:
        return kept[0] if kept else Shown("0", 0.0)
    text = kept[0].text + "".join(f" - {p.text[1:]}" if p.text.startswith("-") else f" + {p.text}" for p in kept[1:])
    return Shown(text, sum(p.value for p in kept), 2)


def product(parts: Sequence[Shown]) -> Shown:
    """The product of parts; ones are left out."""
    if any(p.value == 0 for p in parts):
        return Shown("0", 0.0)
    kept = [p for p in parts if p.text != "1"]
    if len(kept) < 2:
        return kept[0] if kept else Shown("1", 1.0)
    return Shown("*".join(p.within(1) for p in kept), float(np.prod([p.value for p in kept])), 1)


def quotient(above: Shown, below: Shown) -> Shown | None:
    """One part over another; None where that is not defined."""
    if below.value == 0:
        return None
    return Shown(f"{above.within(1)}/{below.within(0)}", above.value / below.value, 1)


def difference(left: Shown, right: Shown) -> Shown:
    """One part less another."""
    return Shown(f"{left.text} - {right.within(1)}", left.value - right.value, 2)


class Arithmetic:
    """Laws and estimands in stated numbers, found by the rules of probability: a few of them in a row."""

    def __init__(self, system: System, face: Array) -> None:
        self.system, self.face = system, face
        self._laws: dict[tuple[CellLaw, int], Shown | None] = {}

    def value(self, position: int) -> float:
        """A number at face value."""
        return float(self.system.value(position, self.face)[0])

    def query(self, query: Query) -> Shown | None:
        """A query about what is seen, in stated numbers."""
        match query:
            case Number(value):
                return self._plain(value)
            case Contrast(op, left, right):
                one, two = self.query(left), self.query(right)
                return None if one is None or two is None else _combined(op, one, two)
            case Probability():
                term = flat(self.system.graph, query)
                of, given = (None, None) if term is None else (fixed_cells(term.asked), fixed_cells(term.given))
                if term is None or of is None or given is None or of.keys() & given.keys():
                    return None
                return self.law((tuple(of.items()), tuple(given.items()), term.regime))
            case _:
                return None

    def estimand(self, part: Estimand, at: Mapping[Index, Value]) -> Shown | None:
        """An estimand with its numbers; a law that was not stated itself stands as what it comes to."""
        match part:
            case Law(of, given, do):
                sides = [tuple((name, value_at(cell, at)) for name, cell in side) for side in (of, given, do)]
                position = self.system.number(self.system.reading.law(sides[0], sides[1], tuple(sorted(sides[2]))))
                return None if position is None else self._plain(self.value(position))
            case Weight(expr, where):
                values = {name: value_at(cell, at) for name, cell in where}
                return self._plain(float(evaluate(expr, lambda term: values[term.name])))
            case Sum(over, body):
                states = [self.system.atoms.states[index.variable] for index in over]
                places = (dict(zip(over, values, strict=True)) for values in itertools.product(*states))
                return _all(total, [self.estimand(body, {**at, **place}) for place in places])
            case Product(factors):
                return self._product(factors, at)
            case Quotient(above, below):
                one, two = self.estimand(above, at), self.estimand(below, at)
                return None if one is None or two is None else quotient(one, two)
            case Linear(parts, constant):
                found = [self._scaled(weight, body, at) for weight, body in parts]
                return _all(total, [self._plain(constant), *found])

    def _product(self, factors: Sequence[Estimand], at: Mapping[Index, Value]) -> Shown | None:
        found: list[Shown] = []
        for factor in sorted(factors, key=lambda f: not isinstance(f, Weight)):
            one = self.estimand(factor, at)
            if one is None or one.value == 0:
                return one
            found.append(one)
        return product(found)

    def _scaled(self, weight: float, body: Estimand, at: Mapping[Index, Value]) -> Shown | None:
        one = self.estimand(body, at)
        if one is None or weight == 1:
            return one
        if weight == -1:
            return Shown(f"-{one.within(1)}", -one.value, 2)
        return product([self._plain(weight), one])

    def _plain(self, value: float) -> Shown:
        return Shown(number_text(value), value)

    # --- one law

    def law(self, law: CellLaw, depth: int = DEEPEST) -> Shown | None:
        """A law in stated numbers; None where more rules than `depth` would be needed."""
        key = (law, depth)
        if key not in self._laws:
            if len(self._laws) >= MOST_LAWS:
                return None
            self._laws[key] = None  # no law by way of itself
            self._laws[key] = self._law(law, depth)
        return self._laws[key]

    def _law(self, law: CellLaw, depth: int) -> Shown | None:
        position = self.system.number(self.system.reading.law(*law))
        if position is None:
            return None
        value = self.value(position)
        for found in self._ways(law, depth):
            if found is not None and abs(found.value - value) < NEAR and len(found.text) <= LONGEST:
                return found
        return None

    def _ways(self, law: CellLaw, depth: int) -> Iterator[Shown | None]:
        of, given, regime = law
        position = self.system.number(self.system.reading.law(*law))
        if position is not None and isinstance(self.system.recipes[position], Stated):
            yield self._plain(self.value(position))
        if depth == 0 or not of:
            return
        yield self._complement(of, given, regime)
        if given:
            yield self._ratio(of, given, regime, depth)
        for name in self.system.atoms.variables:
            if name not in {n for n, _ in (*of, *given, *regime)}:
                yield self._mixed(name, of, given, regime, depth)
        if len(of) > 1:
            rest = of[1:], given, regime
            first = of[:1], (*of[1:], *given), regime
            yield _all(product, [self.law(rest, depth - 1), self.law(first, depth - 1)])

    def _complement(self, of: tuple[Cell, ...], given: tuple[Cell, ...], regime: Regime) -> Shown | None:
        """One less the other states, where each of these was stated."""
        if len(of) != 1:
            return None
        name, state = of[0]
        others = [self.law((((name, s),), given, regime), 0) for s in self.system.atoms.states[name] if s != state]
        rest = _all(total, others)
        return None if rest is None else difference(Shown("1", 1.0), rest)

    def _ratio(self, of: tuple[Cell, ...], given: tuple[Cell, ...], regime: Regime, depth: int) -> Shown | None:
        """Of the joint law and that of the condition."""
        above, below = self.law(((*of, *given), (), regime), depth - 1), self.law((given, (), regime), depth - 1)
        return None if above is None or below is None else quotient(above, below)

    def _mixed(
        self, name: str, of: tuple[Cell, ...], given: tuple[Cell, ...], regime: Regime, depth: int
    ) -> Shown | None:
        """The mixture over the states of one more variable."""
        parts: list[Shown | None] = []
        for state in self.system.atoms.states[name]:
            cell: tuple[Cell, ...] = ((name, state),)
            pair = [self.law((of, (*given, *cell), regime), depth - 1), self.law((cell, given, regime), depth - 1)]
            parts.append(_all(product, pair))
        joint = [self.law(((*of, (name, s)), given, regime), 0) for s in self.system.atoms.states[name]]
        return _all(total, joint) or _all(total, parts)


def _combined(op: str, left: Shown, right: Shown) -> Shown | None:
    match op:
        case "+":
            return total([left, right])
        case "-":
            return difference(left, right)
        case "*":
            return product([left, right])
        case _:
            return quotient(left, right)


def _all(join: Callable[[Sequence[Shown]], Shown], parts: Sequence[Shown | None]) -> Shown | None:
    found = [part for part in parts if part is not None]
    return join(found) if len(found) == len(parts) else None
