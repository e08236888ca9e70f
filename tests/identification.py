"""Random models over a mixed graph, what a query is worth there, and what an estimand gives: all by enumeration.

Nothing here uses the engine but the values that queries and estimands are written in.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scm import (
    CausalGraph,
    Const,
    Contrast,
    Distribution,
    Expectation,
    Number,
    Op,
    Probability,
    Set,
    Soft,
    Var,
    conjunction,
    world,
)
from scm._estimand import Index, Law, Linear, Product, Quotient, Sum, Weight
from scm._syntax import Draw, Placeholder

COMPARE = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "+": operator.add, "*": operator.mul, "/": operator.truediv, "xor": operator.ne,
}  # fmt: skip


def graph_of(text: str, hidden: Sequence[str] = ()) -> CausalGraph:
    """`X -> M -> Y, X <-> Y` as a graph."""
    names: dict[str, None] = {}
    edges: list[tuple[str, str]] = []
    pairs: list[tuple[str, str]] = []
    for part in text.split(","):
        both = "<->" in part
        chain = [name.strip() for name in part.split("<->" if both else "->")]
        names.update(dict.fromkeys(chain))
        (pairs if both else edges).extend(itertools.pairwise(chain))
    return CausalGraph(tuple(names), tuple(edges), tuple(pairs), tuple(hidden))


def random_graph(rng: np.random.Generator, size: int, edge: float = 0.4, pair: float = 0.25) -> CausalGraph:
    """A random acyclic mixed graph over A, B, ...; its names are not in causal order."""
    names = [chr(65 + i) for i in range(size)]
    order = [names[i] for i in rng.permutation(size)]
    both = list(itertools.combinations(order, 2))
    edges = tuple(p for p in both if rng.random() < edge)
    return CausalGraph(tuple(names), edges, tuple(p for p in both if rng.random() < pair))


class RandomModel:
    """A random model with exactly that graph: a hidden coin for each bidirected edge, a noise for each variable.

    Two states of each noise force a value, so that every law is positive; the others answer at random to the causes.
    """

    def __init__(self, graph: CausalGraph, rng: np.random.Generator, states: int = 2, answers: int = 2) -> None:
        self.graph, self.states = graph, states
        coins = len(graph.confounded)
        sizes = [2] * coins + [states + answers] * len(graph.variables)
        grid = np.indices(sizes).reshape(len(sizes), -1)
        laws = [rng.dirichlet(np.full(k, 3.0)) for k in sizes]
        self.mass = np.prod([law[row] for law, row in zip(laws, grid, strict=True)], axis=0)
        self.coins = grid[:coins]
        self.noise = dict(zip(graph.variables, grid[coins:], strict=True))
        self.tables: dict[str, Any] = {}
        for name in graph.variables:
            shape = [states] * len(graph.parents[name]) + [2] * len(self.of(name)) + [answers]
            self.tables[name] = rng.integers(0, states, size=shape)
        self.memo: dict[Var, Any] = {}

    def of(self, name: str) -> list[int]:
        """The coins that `name` sees."""
        return [i for i, pair in enumerate(self.graph.confounded) if name in pair]

    def value(self, term: Var) -> Any:
        """The value of a counterfactual term in every state of the noises."""
        if term not in self.memo:
            self.memo[term] = self._value(term)
        return self.memo[term]

    def _value(self, term: Var) -> Any:
        for a in term.world:
            if a.target == term.name and a.parent is None:
                return self.imposed(a, term)
        parents: list[Any] = []
        for parent in self.graph.parents[term.name]:
            edge = next((a for a in term.world if a.target == term.name and a.parent == parent), None)
            parents.append(self.value(Var(parent, term.world)) if edge is None else self.imposed(edge, term))
        noise = self.noise[term.name]
        random = self.tables[term.name][
            (*parents, *(self.coins[i] for i in self.of(term.name)), np.maximum(noise - self.states, 0))
        ]
        return np.where(noise < self.states, noise, random)

    def imposed(self, a: Any, term: Var) -> Any:
        """What an assignment puts in place; a law that is drawn afresh is left to `draws`."""
        if isinstance(a, Set):
            assert not isinstance(a.value, Placeholder)
            return self.value(a.value) if isinstance(a.value, Var) else np.full(self.mass.shape, a.value.value)
        assert isinstance(a, Soft)
        rest = tuple(b for b in term.world if b is not a)
        carrier = a.target if a.parent is None else a.parent
        return np.asarray(
            self.worth(a.value, lambda t: self.value(Var(t.name, rest if t.name == carrier else term.world)))
        ).astype(int) + np.zeros(self.mass.shape, int)

    def worth(self, expr: Any, value: Any = None) -> Any:
        """An expression in every state of the noises."""
        look = value or self.value
        if isinstance(expr, Const):
            return expr.value
        if isinstance(expr, Var):
            return look(expr)
        return apply(expr, [self.worth(a, value) for a in expr.args])

    def law(self, names: Sequence[str], do: Mapping[str, int] | None = None) -> Any:
        """The joint law of `names` where `do` is imposed, as an array."""
        world = tuple(Set(k, Const(v)) for k, v in (do or {}).items())
        found = np.zeros([self.states] * len(names))
        np.add.at(found, tuple(self.value(Var(n, world)) for n in names), self.mass)
        return found

    def truth(self, query: Any) -> Any:
        """What the query is worth; NaN where its condition has probability zero."""
        if isinstance(query, Number):
            return query.value
        if isinstance(query, Contrast):
            left, right = self.truth(query.left), self.truth(query.right)
            ops = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
            return ops[query.op](left, right)
        with np.errstate(invalid="ignore"):
            return self._term(query)

    def _term(self, query: Any) -> Any:
        given = self.mass if query.given is None else self.mass * self.worth(query.given)
        if isinstance(query, Distribution):
            found = np.zeros([self.states] * len(query.of))
            np.add.at(found, tuple(self.value(t) for t in query.of), given)
            return found / given.sum()
        return (given * self.worth(query.event if isinstance(query, Probability) else query.expr)).sum() / given.sum()


def apply(expr: Op, args: list[Any]) -> Any:
    """One operation on arrays."""
    match expr.op:
        case "and":
            return np.logical_and.reduce(np.broadcast_arrays(*args))
        case "or":
            return np.logical_or.reduce(np.broadcast_arrays(*args))
        case "not":
            return np.logical_not(args[0])
        case "neg":
            return -np.asarray(args[0], float)
        case "if":
            return np.where(args[0], args[1], args[2])
        case "in":
            return np.logical_or.reduce(np.broadcast_arrays(*[args[0] == a for a in args[1:]]))
        case _:
            found = args[0]
            for a in args[1:]:
                found = COMPARE[expr.op](found, a)
            return found


class Laws:
    """The available laws of a model, `{name: (variables, imposed)}`, and estimands over them."""

    def __init__(self, model: RandomModel, available: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> None:
        self.model, self.available = model, available
        self.kept: dict[Any, Any] = {}

    def joint(self, source: str, names: tuple[str, ...], do: tuple[tuple[str, int], ...]) -> Any:
        key = (source, names, do)
        if key not in self.kept:
            measured, imposed = self.available[source]
            assert set(names) <= set(measured), f"{names} is not measured in {source!r}"
            assert {k for k, _ in do} == set(imposed), f"{source!r} imposes {imposed}, got {do}"
            self.kept[key] = self.model.law(names, dict(do))
        return self.kept[key]

    def evaluate(self, e: Any, at: Mapping[Index, int]) -> float:
        match e:
            case Law(of, given, do, source):
                cell = {n: self.cell(v, at) for n, v in (*of, *given)}
                imposed = tuple((n, self.cell(v, at)) for n, v in do)
                below = tuple(sorted(n for n, _ in given))
                both = tuple(sorted(cell))
                found = self.joint(source, both, imposed)[tuple(cell[n] for n in both)]
                return found / self.joint(source, below, imposed)[tuple(cell[n] for n in below)] if below else found
            case Weight(expr, where):
                cells = {n: self.cell(v, at) for n, v in where}
                return float(self.model.worth(expr, lambda t: cells[t.name]))
            case Sum(over, body):
                assert not set(over) & set(at), "an index is bound twice"
                states = range(self.model.states)
                return sum(
                    self.evaluate(body, {**at, **dict(zip(over, values, strict=True))})
                    for values in itertools.product(states, repeat=len(over))
                )
            case Product(factors):
                found = 1.0
                for f in factors:
                    found *= self.evaluate(f, at)
                return found
            case Quotient(above, below):
                return self.evaluate(above, at) / self.evaluate(below, at)
            case Linear(parts, constant):
                return constant + sum(c * self.evaluate(part, at) for c, part in parts)
        raise TypeError(e)

    @staticmethod
    def cell(value: Any, at: Mapping[Index, int]) -> int:
        assert not isinstance(value, Placeholder)
        return at[value] if isinstance(value, Index) else value.value

    def worth(self, identification: Any) -> Any:
        """The estimand; of a distribution, at every value of its axes."""
        axes = identification.axes
        found = np.zeros([self.model.states] * len(axes))
        for values in np.ndindex(*found.shape):
            found[values] = self.evaluate(identification.estimand, dict(zip(axes, values, strict=True)))
        return found if axes else float(found)


def random_world(rng: np.random.Generator, graph: CausalGraph, most: int = 2) -> tuple[Any, ...]:
    """Up to `most` variables set to constants."""
    names = rng.permutation(graph.variables)[: rng.integers(0, most + 1)]
    return world(*(Set(str(n), Const(int(rng.integers(2)))) for n in names))


def random_term(rng: np.random.Generator, graph: CausalGraph, nested: bool, spare: set[str]) -> Var:
    """A variable in a random world; perhaps with a cause at the value that it has in another world, or an edge set."""
    names = [n for n in graph.variables if n not in spare] or list(graph.variables)
    name = str(rng.choice(names))
    found = {a.target: a for a in random_world(rng, graph) if a.target != name}
    causes = [n for n in graph.variables if n != name and name in graph.descendants([n]) and n not in found]
    if nested and causes:
        inner = str(rng.choice(causes))
        found[inner] = Set(inner, Var(inner, tuple(a for a in random_world(rng, graph) if a.target != inner)))
    edges = [e for e in graph.edges if name in graph.descendants([e[1]]) and e[1] not in found]
    if nested and edges and rng.random() < 0.3:
        parent, target = edges[rng.integers(len(edges))]
        found[target] = Set(target, Const(int(rng.integers(2))), parent)
    return Var(name, world(*found.values()))


def random_query(rng: np.random.Generator, graph: CausalGraph) -> Any:
    """A query on any rung: several worlds, nested terms, conditions, joint events, expectations, distributions."""
    shared = random_world(rng, graph)
    kind = rng.integers(4)
    spare: set[str] = set()

    def term() -> Var:
        if kind == 0:
            inside = [n for n in graph.variables if n not in {a.target for a in shared} | spare]
            found = Var(str(rng.choice(inside or graph.variables)), shared)
        elif kind == 1:
            found = Var(str(rng.choice(graph.variables)), shared if rng.random() < 0.5 else ())
        else:
            found = random_term(rng, graph, kind == 3 and rng.random() < 0.6, spare)
        if rng.random() < 0.8:
            spare.add(found.name)
        return found

    def equal(found: Var) -> Op:
        value = int(rng.integers(2))
        return Op("=", (found, Const(value))) if rng.random() < 0.93 else Op(">=", (found, Const(value)))

    asked = [term() for _ in range(rng.integers(1, 3))]
    given = [equal(term()) for _ in range(rng.integers(0, 3))]
    condition = conjunction(*given) if given else None
    match rng.integers(4):
        case 0:
            return Distribution(tuple(asked), condition)
        case 1:
            return Expectation(asked[0] if len(asked) == 1 else Op("*", tuple(asked)), condition)
        case _:
            return Probability(conjunction(*map(equal, asked)), condition)


__all__ = ["Draw", "Expectation", "Laws", "RandomModel", "graph_of", "random_graph", "random_query"]
