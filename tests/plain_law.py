"""Laws of random binary models over a mixed graph, and estimands worked out from them cell by cell.

Plain loops over every assignment; shares no code with the engine's solvers.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from scm import CausalGraph
from scm._estimand import At, Cells, Estimand, Law, Linear, Product, Quotient, Sum, Weight
from scm._syntax import Const, Expr, Op, Placeholder, Var

Array = NDArray[np.float64]


class BinaryModel:
    """A random model with states 0 and 1 over exactly this graph: one hidden coin for each bidirected edge."""

    def __init__(self, graph: CausalGraph, rng: np.random.Generator) -> None:
        self.graph = graph
        self.coins = [rng.uniform(0.2, 0.8) for _ in graph.confounded]
        self.reads = {
            v: (graph.parents[v], [k for k, pair in enumerate(graph.confounded) if v in pair]) for v in graph.variables
        }
        self.tables = {v: rng.uniform(0.05, 0.95, (2,) * (len(p) + len(c))) for v, (p, c) in self.reads.items()}

    def law(self, do: Mapping[str, int] | None = None) -> Array:
        """The joint law of the observed variables where `do` is imposed; axes as in `graph.observed`."""
        graph, imposed = self.graph, do or {}
        joint = np.zeros((2,) * len(graph.variables))
        for coins in itertools.product((0, 1), repeat=len(self.coins)):
            weight = np.prod([p if u else 1 - p for p, u in zip(self.coins, coins, strict=True)])
            part = np.full((2,) * len(graph.variables), weight)
            for v in graph.variables:
                parents, shared = self.reads[v]
                table = self.tables[v][(..., *(coins[k] for k in shared))] if shared else self.tables[v]
                if v in imposed:
                    table = np.full_like(table, float(imposed[v]))
                axes = [graph.variables.index(p) for p in (*parents, v)]
                full = np.stack([1 - table, table], axis=-1)
                order = np.argsort(axes)
                shape = [2 if i in axes else 1 for i in range(len(graph.variables))]
                part = part * full.transpose(tuple(order)).reshape(shape)
            joint += part
        hidden = tuple(i for i, v in enumerate(graph.variables) if v in graph.hidden)
        return joint.sum(axis=hidden)

    def joint_with(self, do: Mapping[str, int], event: Mapping[str, int], facts: Mapping[str, int]) -> float:
        """P(event where `do` is imposed | facts where nothing is), unit by unit: coins, then a threshold a variable.

        A variable is 1 where its noise, uniform on [0, 1], lies below the chance that its table gives; so the two
        worlds cut the noise into at most three intervals.
        """
        names = self.graph.order
        both = known = 0.0
        for coins in itertools.product((0, 1), repeat=len(self.coins)):
            weight = float(np.prod([p if u else 1 - p for p, u in zip(self.coins, coins, strict=True)]))
            stack: list[tuple[int, float, dict[str, int], dict[str, int]]] = [(0, weight, {}, {})]
            while stack:
                k, share, fact, done = stack.pop()
                if any(fact.get(v, value) != value for v, value in facts.items()):
                    continue
                if k == len(names):
                    known += share
                    both += share * all(done[v] == value for v, value in event.items())
                    continue
                v = names[k]
                parents, shared = self.reads[v]
                own = tuple(coins[c] for c in shared)
                chances = [float(self.tables[v][(*(world[p] for p in parents), *own)]) for world in (fact, done)]
                for low, high in itertools.pairwise(sorted({0.0, 1.0, *chances})):
                    values = [int(low < chance) for chance in chances]
                    after = {**done, v: do.get(v, values[1])}
                    stack.append((k + 1, share * (high - low), {**fact, v: values[0]}, after))
        return both / known


def probability(names: tuple[str, ...], joint: Array, cells: Mapping[str, int]) -> float:
    """The chance that every variable of `cells` has its value."""
    return float(joint[tuple(cells.get(name, slice(None)) for name in names)].sum())


def evaluate(
    estimand: Estimand | None, names: tuple[str, ...], joint: Array, values: Mapping[At, int] | None = None
) -> float:
    """The value of an estimand over the law of what is seen; `values` are those of indices and placeholders."""
    assert estimand is not None
    known = dict(values or {})

    def at(cells: Cells) -> dict[str, int]:
        return {name: int(a.value) if isinstance(a, Const) else known[a] for name, a in cells}

    match estimand:
        case Law(of, given, _, _):
            below = probability(names, joint, at(given))
            return probability(names, joint, at(of) | at(given)) / below
        case Weight(expr, where):
            return float(_number(expr, at(where)))
        case Sum(over, body):
            every = itertools.product((0, 1), repeat=len(over))
            return sum(evaluate(body, names, joint, known | dict(zip(over, states, strict=True))) for states in every)
        case Product(factors):
            return float(np.prod([evaluate(part, names, joint, known) for part in factors]))
        case Quotient(above, below):
            return evaluate(above, names, joint, known) / evaluate(below, names, joint, known)
        case Linear(parts, constant):
            return constant + sum(factor * evaluate(part, names, joint, known) for factor, part in parts)


def _number(expr: Expr, where: Mapping[str, int]) -> float:
    match expr:
        case Const(value):
            return float(value)
        case Var(name):
            return where[name]
        case Op(op, args):
            found = [_number(arg, where) for arg in args]
            return {
                "+": lambda: sum(found),
                "*": lambda: float(np.prod(found)),
                "neg": lambda: -found[0],
                "or": lambda: float(any(found)),
                "and": lambda: float(all(found)),
                "=": lambda: float(found[0] == found[1]),
            }[op]()
        case Placeholder():
            raise ValueError(expr)
