"""Truth on random models over a mixed graph, by tensor contraction in NumPy. Shares no code with the engine.

Queries are the plain tuples of `tests.oracle`. Every (variable, world) is a copy of its own, with nothing merged and
nothing dropped: copies share hidden causes and noise, and that is all there is to a counterfactual.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import opt_einsum

Array = np.ndarray
MOST_ENTRIES = 1 << 24
"""Largest intermediate array: a question that needs a larger one is counted as too large, not as right."""


class TooLarge(Exception):
    """A contraction would not fit."""


@dataclass(frozen=True)
class Mixed:
    """An acyclic mixed graph: variables causes first."""

    names: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    confounded: tuple[tuple[str, str], ...]

    def parents(self, name: str) -> list[str]:
        return [a for a, b in self.edges if b == name]


@dataclass(eq=False)
class RandomModel:
    """A structural model over a mixed graph: a hidden cause for every pair, a noise for every variable.

    `tables[v]` holds codes, with axes parents..., hidden causes..., noise; whatever the others are, some state of the
    noise leads to each state of the variable.
    """

    graph: Mixed
    states: Mapping[str, int]
    hidden: list[Array]
    noise: Mapping[str, Array]
    tables: Mapping[str, Array]

    @classmethod
    def draw(cls, graph: Mixed, rng: np.random.Generator, states: Mapping[str, int]) -> RandomModel:
        """Random mechanisms; every probability of every law is positive."""
        hidden = [_law(rng, 2) for _ in graph.confounded]
        noise: dict[str, Array] = {}
        tables: dict[str, Array] = {}
        for name in graph.names:
            axes = [states[p] for p in graph.parents(name)] + [2 for pair in graph.confounded if name in pair]
            size = 3 * states[name]
            rows = int(np.prod(axes, dtype=int))
            all_states = np.argsort(rng.random((rows, states[name])), axis=1)
            free = rng.integers(states[name], size=(rows, size - states[name]))
            tables[name] = np.concatenate([all_states, free], axis=1).reshape([*axes, size])
            noise[name] = _law(rng, size)
        return cls(graph, states, hidden, noise, tables)

    def causes(self, name: str) -> list[int]:
        return [i for i, pair in enumerate(self.graph.confounded) if name in pair]

    def table(self, name: str) -> Array:
        """P(name | parents, hidden causes), the states of `name` last."""
        return np.einsum("...ns,n->...s", np.eye(self.states[name])[self.tables[name]], self.noise[name])

    def law(self, names: Sequence[str], do: Sequence[str]) -> Array:
        """P(names | do(do)) at every value: axes names..., do...; a name that is imposed equals its value."""
        index = {name: i for i, name in enumerate(self.graph.names)}
        shift = len(index)
        arrays: list[Any] = []
        for name in self.graph.names:
            if name not in do:
                axes = [index[p] for p in self.graph.parents(name)] + [shift + i for i in self.causes(name)]
                arrays += [self.table(name), [*axes, index[name]]]
        for i, law in enumerate(self.hidden):
            arrays += [law, [shift + i]]
        for name in do:
            arrays += [np.ones(self.states[name]), [index[name]]]
        return contract(arrays, [index[name] for name in (*names, *do)])


def _law(rng: np.random.Generator, size: int) -> Array:
    law = rng.dirichlet(np.full(size, 2.0)) + 0.1
    return law / law.sum()


def contract(arrays: list[Any], out: list[int]) -> Array:
    """Sum of products; `arrays` are array, indices, array, indices, ...

    Raises:
        TooLarge: an intermediate array would not fit.
    """
    path, info = opt_einsum.contract_path(*arrays, out, optimize="greedy")
    if info.largest_intermediate > MOST_ENTRIES:
        raise TooLarge
    return np.asarray(opt_einsum.contract(*arrays, out, optimize=path))


# ---------------------------------------------------------------------------------------------------------------------
# Queries


RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


@dataclass(eq=False)
class Copies:
    """The copies that a query's terms need, as tensors over the indices of an einsum; states are 0, 1, ..."""

    model: RandomModel
    arrays: list[Any] = field(default_factory=list)
    index: dict[Any, int] = field(default_factory=dict)

    def number(self, key: Any) -> int:
        return self.index.setdefault(key, len(self.index))

    def cause(self, i: int) -> int:
        if ("hidden", i) not in self.index:
            self.arrays += [self.model.hidden[i], [self.number(("hidden", i))]]
        return self.index["hidden", i]

    def noise(self, name: str) -> int:
        if ("noise", name) not in self.index:
            self.arrays += [self.model.noise[name], [self.number(("noise", name))]]
        return self.index["noise", name]

    def value(self, name: str, world: Any) -> int:
        """The index of a variable in a world."""
        if (name, world) in self.index:
            return self.index[name, world]
        imposed = next((a[2] for a in world if a[0] == "set" and a[1] == name), None)
        if imposed is not None:
            self.index[name, world] = self.imposed(name, imposed, world)
            return self.index[name, world]
        carried = {a[1]: a[3] for a in world if a[0] == "edge" and a[2] == name}
        read = [
            self.imposed(p, carried[p], (world, name)) if p in carried else self.value(p, world)
            for p in self.model.graph.parents(name)
        ]
        read += [self.cause(i) for i in self.model.causes(name)] + [self.noise(name)]
        own = self.number((name, world))
        self.arrays += [np.eye(self.model.states[name])[self.model.tables[name]], [*read, own]]
        return own

    def imposed(self, name: str, x: Any, where: Any) -> int:
        match x:
            case ("const", value):
                place = self.number(("const", name, value, where))
                self.arrays += [np.eye(self.model.states[name])[value], [place]]
                return place
            case ("var", other, inner):
                return self.value(other, inner)
        raise ValueError(x)

    def condition(self, event: Any) -> None:
        """One more factor for each part of a conjunction."""
        for part in event[1:] if event[0] == "and" else (event,):
            self.factor(part)

    def factor(self, x: Any) -> None:
        """The value of an expression (an event is 0 or 1) as a factor."""
        terms = list(dict.fromkeys(terms_of(x)))
        sizes = [self.model.states[name] for _, name, _ in terms]
        table = np.zeros(sizes)
        for row in itertools.product(*map(range, sizes)):
            table[row] = float(evaluate(x, dict(zip(terms, row, strict=True))))
        self.arrays += [table, [self.value(name, world) for _, name, world in terms]]


def terms_of(x: Any) -> Iterator[Any]:
    """The outer terms of an expression or event."""
    if x[0] == "var":
        yield x
    elif x[0] != "const":
        for part in x[1:]:
            yield from terms_of(part)


def evaluate(x: Any, row: Mapping[Any, int]) -> Any:
    match x:
        case ("const", value):
            return value
        case ("var", _, _):
            return row[x]
        case ("and", *parts):
            return all(evaluate(part, row) for part in parts)
        case ("or", *parts):
            return any(evaluate(part, row) for part in parts)
        case ("not", part):
            return not evaluate(part, row)
        case (sign, left, right):
            return RELATIONS[sign](evaluate(left, row), evaluate(right, row))
    raise ValueError(x)


def truth(model: RandomModel, query: Any) -> Any:
    """The value of a plain query: a number, or an array for a distribution; None where the condition is impossible.

    Raises:
        TooLarge: it would take an array that does not fit.
    """
    if query[0] == "sum":
        values = [truth(model, part) for _, part in query[1]]
        if any(value is None for value in values):
            return None
        return sum(float(c) * value for (c, _), value in zip(query[1], values, strict=True))
    kind, asked, given = query
    copies = Copies(model)
    if given is not None:
        copies.condition(given)
    below = float(contract(copies.arrays, [])) if copies.arrays else 1.0
    if below == 0:
        return None
    if kind == "dist":
        out = [copies.value(name, world) for _, name, world in asked]
        return contract(copies.arrays, out) / below
    if kind == "prob":
        copies.condition(asked)
    else:
        copies.factor(asked)
    return float(contract(copies.arrays, [])) / below


# ---------------------------------------------------------------------------------------------------------------------
# Estimands: read by their attributes, so that nothing of the engine's evaluation is used


def estimate(estimand: Any, axes: Sequence[Any], model: RandomModel, sources: Mapping[str, Any]) -> Any:
    """What an estimand is worth, from the laws that are available in a model.

    Args:
        estimand: of the engine's syntax.
        axes: indices that stay open.
        model: where the laws come from.
        sources: of each name, the variables of the law and those that are imposed in it.

    Raises:
        TooLarge: too many indices at once.
    """
    found, array = _Reading(model, sources).node(estimand)
    # An index that is neither summed nor an axis is an imposed value that does not matter: any will do.
    for place in reversed([i for i, key in enumerate(found) if key not in {_key(axis) for axis in axes}]):
        if np.ptp(array, axis=place).max() > 1e-9:
            raise ValueError(f"the value of {found[place]} is left open, and it matters")
        array = array.take(0, axis=place)
        found = [key for i, key in enumerate(found) if i != place]
    order = [found.index(_key(axis)) for axis in axes if _key(axis) in found]
    if len(order) == len(axes):
        array = array.transpose(order)
        return float(array) if not axes else array
    full = np.asarray(array).reshape([model.states[i.variable] if _key(i) in found else 1 for i in axes])
    return np.broadcast_to(full, [model.states[i.variable] for i in axes])


def _key(index: Any) -> tuple[str, int]:
    return index.variable, index.number


class _Reading:
    """Each part becomes an array with one axis for each open index (a pair of variable and number)."""

    def __init__(self, model: RandomModel, sources: Mapping[str, Any]) -> None:
        self.model, self.sources = model, sources
        self.laws: dict[Any, Array] = {}

    def node(self, part: Any) -> tuple[list[Any], Array]:
        return getattr(self, type(part).__name__.lower())(part)

    def law(self, part: Any) -> tuple[list[Any], Array]:
        variables, imposed = self.sources[part.source]
        names = [name for name, _ in (*part.of, *part.given)]
        do = [name for name, _ in part.do]
        # An imposed variable that the law does not name may have any value only if it does not matter.
        outside = [name for name in imposed if name not in do]
        if not set(names) <= set(variables) or not set(do) <= set(imposed):
            raise ValueError(f"{part} is not in the law of {variables} under do({imposed})")
        key = (tuple(names), len(part.of), part.source, tuple(do))
        if key not in self.laws:
            array = self.model.law(names, [*do, *outside])
            if outside:
                flat = array.reshape(*array.shape[: len(names) + len(do)], -1)
                if np.ptp(flat, axis=-1).max() > 1e-12:
                    raise ValueError(f"{part} leaves open what is imposed on {outside}, which matters")
                array = flat[..., 0]
            if part.given:
                array = array / array.sum(axis=tuple(range(len(part.of))), keepdims=True)
            self.laws[key] = array
        cells = (*part.of, *part.given, *part.do)
        return self._at(self.laws[key], [value for _, value in cells])

    def _at(self, array: Array, values: list[Any]) -> tuple[list[Any], Array]:
        """Constants are picked; an index twice is the diagonal."""
        picked = array[tuple(v.value if type(v).__name__ == "Const" else slice(None) for v in values)]
        open_ = [_key(v) for v in values if type(v).__name__ == "Index"]
        out = list(dict.fromkeys(open_))
        places = [out.index(key) for key in open_]
        return out, np.einsum(picked, places, list(range(len(out))))

    def weight(self, part: Any) -> tuple[list[Any], Array]:
        keys = list(dict.fromkeys(_key(v) for _, v in part.where if type(v).__name__ == "Index"))
        sizes = [self.model.states[name] for name, _ in keys]
        table = np.zeros(sizes)
        for row in itertools.product(*map(range, sizes)):
            at = dict(zip(keys, row, strict=True))
            values = {name: at[_key(v)] if type(v).__name__ == "Index" else v.value for name, v in part.where}
            table[row] = float(_worth(part.expr, values))
        return keys, table

    def product(self, part: Any) -> tuple[list[Any], Array]:
        arrays, keys = [np.ones(())], [[]]
        for factor in part.factors:
            found, array = self.node(factor)
            arrays.append(array)
            keys.append(found)
        return self._together(keys, arrays, {})

    def sum(self, part: Any) -> tuple[list[Any], Array]:
        over = {_key(index) for index in part.over}
        if type(part.body).__name__ == "Product":
            found = [self.node(factor) for factor in part.body.factors] or [([], np.ones(()))]
        else:
            found = [self.node(part.body)]
        keys = [key for key, _ in found]
        # An index that nothing reads still counts: its sum is the number of its states.
        unread = over - {k for key in keys for k in key}
        times = np.prod([self.model.states[name] for name, _ in unread], dtype=float)
        out, array = self._together(keys, [array for _, array in found], over)
        return out, array * times

    def _together(self, keys: list[list[Any]], arrays: list[Array], over: Any) -> tuple[list[Any], Array]:
        number = {key: i for i, key in enumerate(dict.fromkeys(k for key in keys for k in key))}
        out = [key for key in number if key not in over]
        if np.prod([self.model.states[name] for name, _ in out], dtype=float) > MOST_ENTRIES:
            raise TooLarge
        pairs = [x for key, array in zip(keys, arrays, strict=True) for x in (array, [number[k] for k in key])]
        return out, contract(pairs, [number[key] for key in out])

    def quotient(self, part: Any) -> tuple[list[Any], Array]:
        (a, above), (b, below) = self.node(part.above), self.node(part.below)
        out = list(dict.fromkeys([*a, *b]))
        return out, self._wide(a, above, out) / self._wide(b, below, out)

    def linear(self, part: Any) -> tuple[list[Any], Array]:
        found = [(c, *self.node(inner)) for c, inner in part.parts]
        out = list(dict.fromkeys(k for _, key, _ in found for k in key))
        return out, sum((c * self._wide(key, array, out) for c, key, array in found), np.full((), part.constant))

    def _wide(self, keys: list[Any], array: Array, out: list[Any]) -> Array:
        array = array.transpose([keys.index(key) for key in out if key in keys])
        return array.reshape([self.model.states[key[0]] if key in keys else 1 for key in out])


def _worth(expr: Any, values: Mapping[str, Any]) -> Any:
    """The value of an expression of the engine's syntax, with its names standing for values."""
    kind = type(expr).__name__
    if kind == "Const":
        return expr.value
    if kind == "Var":
        return values[expr.name]
    args = [_worth(arg, values) for arg in expr.args]
    match expr.op:
        case "and":
            return all(args)
        case "or":
            return any(args)
        case "not":
            return not args[0]
        case "neg":
            return -args[0]
        case "in":
            return args[0] in args[1:]
        case "+" | "*":
            total = args[0]
            for arg in args[1:]:
                total = RELATIONS[expr.op](total, arg)
            return total
        case _:
            return RELATIONS[expr.op](*args)
