"""Terms of one world, `E[weight | condition]` in a regime, as vectors over the atoms; what separation says of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .._errors import InvalidQuery
from .._evaluate import evaluate, truth
from .._graph import CausalGraph
from .._graph_ops import mutilated
from .._query import Expectation, Probability
from .._relevance import relevant_world
from .._separation import separated
from .._syntax import Const, Expr, Placeholder, Set, Value, Var, conjunction, conjuncts, substitute, terms
from ._atoms import Array, Atoms, Cell, Regime, fixed_cells


@dataclass(frozen=True)
class Flat:
    """A term whose variables all live in one world: that of a regime.

    Attributes:
        asked: an event, or with `worth` a number, without worlds.
        given: the condition, without worlds.
        worth: an expectation of `asked`, not the probability of it.
        regime: what is imposed.
    """

    asked: Expr
    given: Expr | None
    worth: bool
    regime: Regime

    @property
    def names(self) -> set[str]:
        """The variables it speaks of."""
        parts = [self.asked, *([] if self.given is None else [self.given])]
        return {leaf.name for part in parts for leaf in terms(part)} | {name for name, _ in self.regime}


def flat(graph: CausalGraph, term: Probability | Expectation) -> Flat | None:
    """`term` as one of a single world where constants are imposed; None where it joins worlds or imposes more."""
    asked = term.event if isinstance(term, Probability) else term.expr
    parts = [asked, *([] if term.given is None else [term.given])]
    leaves = [leaf for part in parts for leaf in terms(part)]
    worlds = {leaf: relevant_world(graph, leaf.name, leaf.world) for leaf in leaves}
    imposed: dict[str, Cell] = {}
    for a in (a for world in worlds.values() for a in world):
        match a:
            case Set(name, Const(value), None) if imposed.get(name, (name, value)) == (name, value):
                imposed[name] = (name, value)
            case _:
                return None
    common = tuple(Set(name, Const(value)) for name, (_, value) in sorted(imposed.items()))
    if any(relevant_world(graph, leaf.name, common) != worlds[leaf] for leaf in leaves):
        return None

    def bare(leaf: Const | Placeholder | Var) -> Expr:
        if isinstance(leaf, Var) and leaf.name in imposed:  # it is what it is set to
            return Const(imposed[leaf.name][1])
        return Var(leaf.name) if isinstance(leaf, Var) else leaf

    given = None if term.given is None else _left(substitute(term.given, bare))
    return Flat(substitute(asked, bare), given, isinstance(term, Expectation), tuple(sorted(imposed.values())))


def _left(given: Expr) -> Expr | None:
    """A condition without the parts that hold whatever the variables are."""
    parts = [part for part in conjuncts(given) if terms(part) or not truth(evaluate(part, _nothing))]
    return conjunction(*parts) if parts else None


def _nothing(term: Var) -> Value:
    raise AssertionError(f"{term} is read where there are no variables")


@dataclass(frozen=True, eq=False)
class Fraction:
    """`above / below`, two vectors over the atoms: what a statement or a law is a number for."""

    above: Array
    below: Array

    @cached_property
    def key(self) -> bytes:
        """Equal fractions have equal keys."""
        return self.above.tobytes() + self.below.tobytes()


class Reading:
    """Terms over given atoms of a graph, with what separation lets one add to or drop from their conditions."""

    def __init__(self, graph: CausalGraph, atoms: Atoms) -> None:
        self.graph, self.atoms = graph, atoms
        self._cut: dict[tuple[str, ...], CausalGraph] = {}
        self._apart: dict[tuple[frozenset[str], str, frozenset[str], tuple[str, ...]], bool] = {}

    def weight(self, term: Flat) -> Array:
        """What is asked, in each atom of a block."""
        if term.worth:
            return self.atoms.numbers(term.asked, _number)
        return self.atoms.event(term.asked)

    def fraction(self, term: Flat) -> Fraction:
        """The term itself."""
        below = self.atoms.event(term.given) * self.atoms.cells(term.regime)
        weight = self.weight(term)
        return Fraction(self.atoms.placed(term.regime, weight * below), self.atoms.placed(term.regime, below))

    def law(self, of: Iterable[Cell], given: Iterable[Cell], regime: Regime = ()) -> Fraction:
        """`P(of | given)` in a regime."""
        below = self.atoms.cells([*given, *regime])
        above = below & self.atoms.cells(list(of))
        return Fraction(self.atoms.placed(regime, above), self.atoms.placed(regime, below))

    def apart(self, names: frozenset[str], other: str, given: frozenset[str], regime: Regime) -> bool:
        """Whether `given` separates `names` from `other` where the regime is imposed."""
        imposed = tuple(name for name, _ in regime)
        key = (names, other, given, imposed)
        if key not in self._apart:
            graph = self._cut.setdefault(imposed, mutilated(self.graph, into=imposed) if imposed else self.graph)
            self._apart[key] = separated(graph, names, other, given | set(imposed))
        return self._apart[key]

    def least(self, names: frozenset[str], given: frozenset[str], regime: Regime) -> frozenset[str]:
        """The part of `given` that matters to `names`; unique, since separation obeys the intersection axiom."""
        for name in sorted(given):
            if self.apart(names, name, given - {name}, regime):
                given = given - {name}
        return given

    def beside(self, names: frozenset[str], given: frozenset[str], regime: Regime) -> tuple[str, ...]:
        """Every variable that may be added to the condition `given` without changing the law of `names`."""
        imposed = {name for name, _ in regime}
        free = [v for v in self.atoms.variables if v not in names | given | imposed]
        return tuple(v for v in free if self.apart(names, v, given, regime))

    def spread(self, first: Flat, second: Flat | None = None) -> Iterator[tuple[Array, Array, Array]]:
        """A term, or two of one condition, under every condition that by separation leaves the values the same.

        Yields:
            The vector above of each of the two (the second nothing where there is none), and the one below both.
        """
        regime, cells = first.regime, fixed_cells(first.given)
        weights = [self.weight(term) if term is not None else np.zeros(self.atoms.block) for term in (first, second)]
        names = frozenset(leaf.name for term in (first, second) if term is not None for leaf in terms(term.asked))
        if cells is None or names & cells.keys() or names & {name for name, _ in regime}:
            conditions = [self.atoms.event(first.given) * self.atoms.cells(regime)]
        else:
            conditions = list(self._conditions(names, cells, regime))
        for below in conditions:
            top, other = (self.atoms.placed(regime, weight * below) for weight in weights)
            yield top, other, self.atoms.placed(regime, below)

    def _conditions(self, names: frozenset[str], cells: dict[str, Value], regime: Regime) -> Iterator[Array]:
        kept = self.least(names, frozenset(cells), regime)
        base = [(name, value) for name, value in cells.items() if name in kept]
        free = self.beside(names, kept, regime)
        for values in itertools.product(*(self.atoms.states[name] for name in free)):
            yield self.atoms.cells([*base, *zip(free, values, strict=True), *regime]).astype(float)


def _number(value: Value) -> float:
    if isinstance(value, str):
        raise InvalidQuery(f"E[...] needs numbers, got the label {value!r}. Ask for P(... = {value!r}) instead.")
    return float(value)
