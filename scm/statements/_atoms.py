"""Atoms: every combination of the states of the variables that matter, in each regime (set of imposed values).

An event is a vector over the atoms. The vectors of all regimes stand one behind the other; the law of each adds up to
the same total, so that a statement `P(A | B) = p` is the row `1[A and B] - p 1[B]`, which is to give zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._evaluate import evaluate, truth
from .._syntax import Const, Expr, Op, Value, Var, conjuncts, terms

Array: TypeAlias = NDArray[np.float64]
Cell: TypeAlias = tuple[str, Value]
Regime: TypeAlias = tuple[Cell, ...]
"""Imposed values, sorted by name; empty where nothing is imposed."""

MAX_ATOMS = 256
"""Most combinations of states that are looked at."""


@dataclass(frozen=True, eq=False)
class Atoms:
    """The atoms over `variables` in each of `regimes`.

    Attributes:
        variables: those that statements or the query speak of, in causal order.
        states: of each.
        regimes: the first is the empty one.
    """

    variables: tuple[str, ...]
    states: Mapping[str, tuple[Value, ...]]
    regimes: tuple[Regime, ...] = ((),)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """States of each variable."""
        return tuple(len(self.states[name]) for name in self.variables)

    @cached_property
    def block(self) -> int:
        """Atoms of one regime."""
        return int(np.prod(self.shape, dtype=np.int64))

    @cached_property
    def size(self) -> int:
        """Atoms of all regimes."""
        return self.block * len(self.regimes)

    @cached_property
    def codes(self) -> NDArray[np.intp]:
        """The state of each variable in each atom of a block, shape (variables, atoms)."""
        return np.indices(self.shape).reshape(len(self.variables), -1)

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each variable stands."""
        return {name: i for i, name in enumerate(self.variables)}

    def cell(self, name: str, value: Value) -> NDArray[np.bool_]:
        """Which atoms of a block have `name` at `value`."""
        return self.codes[self.place[name]] == self.states[name].index(value)

    def cells(self, cells: Sequence[Cell]) -> NDArray[np.bool_]:
        """Which atoms of a block have every cell."""
        found = np.ones(self.block, dtype=bool)
        for name, value in cells:
            found &= self.cell(name, value)
        return found

    def numbers(self, expr: Expr, read: Callable[[Value], float]) -> Array:
        """The value of a one-world expression in each atom of a block."""
        leaves = terms(expr)
        axes = [self.place[leaf.name] for leaf in leaves]
        shape = tuple(self.shape[axis] for axis in axes)
        table = np.empty(shape)
        for codes in np.ndindex(*shape):
            at: dict[str, Value] = {
                leaf.name: self.states[leaf.name][code] for leaf, code in zip(leaves, codes, strict=True)
            }
            table[codes] = read(evaluate(expr, _Lookup(at)))
        return table[tuple(self.codes[axis] for axis in axes)] if axes else np.full(self.block, float(table))

    def event(self, event: Expr | None) -> Array:
        """1 for each atom of a block in which a one-world event holds, else 0."""
        found = np.ones(self.block)
        for part in conjuncts(event):
            match part:
                case Op("=", (Var(name), Const(value)) | (Const(value), Var(name))):
                    found *= self.cell(name, value)
                case _:
                    found *= self.numbers(part, lambda value: float(truth(value)))
        return found

    def placed(self, regime: Regime, vector: NDArray[np.generic]) -> Array:
        """A vector over one block, as one over all of them."""
        out = np.zeros(self.size)
        start = self.regimes.index(regime) * self.block
        out[start : start + self.block] = vector
        return out

    def total(self, regime: Regime = ()) -> Array:
        """1 for every atom of a regime; what is imposed there keeps its value."""
        return self.placed(regime, self.cells(regime))


@dataclass(frozen=True)
class _Lookup:
    at: Mapping[str, Value]

    def __call__(self, term: Var) -> Value:
        return self.at[term.name]


def fixed_cells(event: Expr | None) -> dict[str, Value] | None:
    """The cells of a conjunction of equalities; None for any other event."""
    found: dict[str, Value] = {}
    for part in conjuncts(event):
        match part:
            case Op("=", (Var(name), Const(value)) | (Const(value), Var(name))) if found.get(name, value) == value:
                found[name] = value
            case _:
                return None
    return found
