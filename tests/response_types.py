"""Laws of response types, enumerated: what every query is worth under them. Shares no code with the engine's sums.

A model is one column for each block; the value of a term is worked out by recursion over the coordinates' parents.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from scm._query import Contrast, Expectation, Number, Probability
from scm._syntax import Const, Draw, Op, Set, Soft, Var

OPERATIONS: dict[str, Any] = {
    "and": lambda *x: all(x),
    "or": lambda *x: any(x),
    "not": operator.not_,
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "+": lambda *x: sum(x),
    "*": lambda *x: math.prod(x),
    "neg": operator.neg,
}


class Unit:
    """One column of each block, with the draws of stochastic interventions."""

    def __init__(self, parents: Mapping[str, Any], states: Any, responses: Mapping[Any, Any], draws: Any) -> None:
        self.parents, self.states, self.responses, self.draws = parents, states, responses, draws

    def value(self, name: str, world: tuple[Any, ...]) -> Any:
        for a in world:
            if a.target == name and a.parent is None:
                return self.imposed(name, a, world)
        return self.natural(name, world)

    def natural(self, name: str, world: tuple[Any, ...]) -> Any:
        edges = {a.parent: a for a in world if a.target == name and a.parent is not None}
        row = tuple(
            (p, self.imposed(p, edges[p], world) if p in edges else self.value(p, world))
            for p in self.parents.get(name, ())
        )
        return self.responses.get((name, row), self.states[name][0])

    def imposed(self, carrier: str, a: Any, world: tuple[Any, ...]) -> Any:
        if isinstance(a, Set):
            return self.at(a.value)
        if isinstance(a, Draw):
            return self.draws[a]
        without = tuple(b for b in world if b is not a)
        return self.at(a.value, lambda t: self.value(t.name, without if t.name == carrier else world))

    def at(self, expr: Any, value: Any = None) -> Any:
        match expr:
            case Const(x):
                return x
            case Var(name, world):
                return self.value(name, world) if value is None else value(expr)
            case Op(op, args):
                return OPERATIONS[op](*(self.at(a, value) for a in args))
        raise TypeError(f"the enumeration knows no {expr!r}")


def draws_in(expr: Any) -> set[Any]:
    """The stochastic interventions in an expression."""
    match expr:
        case Op(_, args):
            return set().union(*map(draws_in, args))
        case Var(_, world):
            inner = [draws_in(a.value) for a in world if isinstance(a, (Set, Soft))]
            return {a for a in world if isinstance(a, Draw)}.union(*inner)
    return set()


def units(states: Any, programme: Any, laws: Sequence[Any], exprs: Sequence[Any]) -> Iterator[Any]:
    """Every unit with its weight."""
    parents = {c.variable: [p for p, _ in c.parents] for block in programme.blocks for c in block.coordinates}
    draws = sorted(set().union(*map(draws_in, exprs)), key=repr)
    tables = [a.cases[0][1] for a in draws]
    parts = [
        (block, law, np.flatnonzero(block.groups == g))
        for block, law in zip(programme.blocks, laws, strict=True)
        for g in np.unique(block.groups)
    ]
    for columns in itertools.product(*(part for _, _, part in parts)):
        weight, responses = 1.0, {}
        for (block, law, _), k in zip(parts, columns, strict=True):
            weight *= law[k]
            for c, state in zip(block.coordinates, block.types[k], strict=True):
                if state >= 0:
                    responses[c.variable, c.parents] = states[c.variable][state]
        for drawn in itertools.product(*tables):
            part = weight * np.prod([p for _, p in drawn])
            yield part, Unit(parents, states, responses, {a: x for a, (x, _) in zip(draws, drawn, strict=True)})


def value_of(states: Any, programme: Any, laws: Sequence[Any], query: Any) -> float:
    """The value of a query; NaN where its condition has no probability."""
    match query:
        case Number(x):
            return x
        case Contrast(op, a, b):
            x, y = (value_of(states, programme, laws, part) for part in (a, b))
            return {"+": x + y, "-": x - y, "*": x * y, "/": x / y if y else np.nan}[op]
        case Probability(expr, given) | Expectation(expr, given):
            above = below = 0.0
            for weight, unit in units(states, programme, laws, [expr] if given is None else [expr, given]):
                held = 1.0 if given is None else float(unit.at(given))
                below += weight * held
                above += weight * held * float(unit.at(expr)) if held else 0.0
            return above / below if below else np.nan
    raise TypeError(f"the enumeration knows no {query!r}")
