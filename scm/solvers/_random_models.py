"""Random structural models over a given mixed graph, many at once, and their laws: what estimands are checked on.

Every variable is a random function of its parents, of one hidden root for each pair it is confounded in, and of a noise
of its own; every law is drawn, and keeps away from zero. Each value of a variable has positive probability whatever
its parents and roots are, so that every law is positive, and every edge matters.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .._errors import UnknownName
from .._graph import CausalGraph
from .._model import Model
from .._noise import Categorical, Noise
from .._syntax import Value
from .._variable import Variable
from ._kernels import TooWide
from ._law_source import Names, conditional
from ._named import MAX_ENTRIES, MODELS, Array, Label, Named, contract

Pair = tuple[str, str]
LEAST = 0.1
"""Least probability of a state of a noise or root, times the number of its states."""
SPARE = 2
"""States of a variable's own noise beyond the one that each of its values needs in every row."""
MOST_OUTCOMES = 1 << 21
"""Most entries of the functions of all variables together, over all models."""
WHOLE = 1 << 17
"""Largest joint law, over all models, that is worked out at once for all smaller ones."""


@dataclass(frozen=True, eq=False)
class RandomModel:
    """One or more structural models over one graph. An axis of models is the first of every array.

    Attributes:
        graph: exactly their mixed graph; its hidden variables are variables like others.
        states: of every variable.
        count: how many models.
        roots: the law of the hidden cause of each confounded pair, shape (count, states).
        own: the law of each variable's own noise, shape (count, states).
        outcomes: the position of each variable's value, shape (count, states of each parent..., of each root..., of its
            own noise); parents in the order of `graph.parents`, roots in the order of `roots_of`.
        largest: most numbers in one array that is worked out from them.
    """

    graph: CausalGraph
    states: Mapping[str, tuple[Value, ...]]
    count: int
    roots: Mapping[Pair, Array]
    own: Mapping[str, Array]
    outcomes: Mapping[str, NDArray[np.intp]]
    largest: int = MAX_ENTRIES
    _kept: dict[tuple[Names, Names], Named] = field(default_factory=lambda: {}, repr=False)

    def roots_of(self, name: str) -> tuple[Pair, ...]:
        """The confounded pairs that a variable is in."""
        return tuple(pair for pair in self.roots if name in pair)

    @cached_property
    def responses(self) -> Mapping[str, Array]:
        """`outcomes` as 0 and 1: shape (count, parents..., roots..., own noise, states)."""
        return {name: np.eye(len(self.states[name]))[table] for name, table in self.outcomes.items()}

    @cached_property
    def tables(self) -> Mapping[str, Array]:
        """`P(variable | parents, roots)`: shape (count, parents..., roots..., states)."""
        return {
            name: np.einsum("m...os,mo->m...s", response, self.own[name]) for name, response in self.responses.items()
        }

    def those(self, chosen: NDArray[np.bool_]) -> RandomModel:
        """The models where `chosen`, of shape (count,), is true."""
        return RandomModel(
            self.graph,
            self.states,
            int(chosen.sum()),
            {pair: law[chosen] for pair, law in self.roots.items()},
            {name: law[chosen] for name, law in self.own.items()},
            {name: table[chosen] for name, table in self.outcomes.items()},
            self.largest,
        )

    def law(self, of: Names, given: Names, do: Names, source: str = "") -> Array:
        """`P(of | given; do)` of every model, see `LawSource.law`; models are the last axis.

        Raises:
            UnknownName: a variable that the graph does not have.
            TooWide: an array past the limit.
        """
        wanted = (*of, *given)
        for name in (*wanted, *do):
            if name not in self.states:
                raise UnknownName(name, self.states, "A law")
        joint = self._joint(wanted, tuple(sorted(do))).along((*wanted, *do, MODELS))
        if absent := [axis for axis, name in enumerate((*wanted, *do)) if joint.shape[axis] != len(self.states[name])]:
            shape = [len(self.states[(*wanted, *do)[i]]) if i in absent else n for i, n in enumerate(joint.shape)]
            joint = np.broadcast_to(joint, shape)
        return conditional(joint, len(of)) if given else joint

    def _joint(self, wanted: Names, do: Names) -> Named:
        names = tuple(name for name in self.graph.variables if name not in do)
        whole = math.prod(len(states) for states in self.states.values()) * self.count <= WHOLE
        key = (names if whole else tuple(sorted(wanted)), do)
        if key not in self._kept:
            self._kept[key] = self._contracted(key[0], do)
        return contract([self._kept[key]], {*wanted, *do, MODELS})

    def _contracted(self, wanted: Names, do: Names) -> Named:
        """The joint law of `wanted` under every value of `do`."""
        reached, stack = set[str](), list(wanted)
        while stack:
            name = stack.pop()
            if name not in reached and name not in do:
                reached.add(name)
                stack += self.graph.parents[name]
        factors = [
            Named(self.tables[name], (MODELS, *self.graph.parents[name], *self.roots_of(name), name))
            for name in self.graph.order
            if name in reached
        ]
        pairs = dict.fromkeys(pair for name in reached for pair in self.roots_of(name))
        factors += [Named(self.roots[pair], (MODELS, pair)) for pair in pairs]
        keep: set[Label] = {*wanted, *do, MODELS}
        return contract(factors, keep, self.largest)

    def model(self, k: int = 0) -> Model:
        """One of the models, to ask, print or keep; hidden roots are shared noises."""
        names = {pair: f"u_{pair[0]}_{pair[1]}" for pair in self.roots}
        items: list[Noise | Variable] = [
            Noise(name, Categorical(dict(enumerate(map(float, self.roots[pair][k]))))) for pair, name in names.items()
        ]
        for name in self.graph.order:
            inputs = (*self.graph.parents[name], *(names[pair] for pair in self.roots_of(name)))
            table = self.outcomes[name][k]
            places: list[int] = table.ravel().tolist()
            domains = [self.states.get(i, ()) for i in self.graph.parents[name]]
            domains += [tuple(range(n)) for n in table.shape[len(domains) :]]
            function = {
                key: self.states[name][place] for key, place in zip(itertools.product(*domains), places, strict=True)
            }
            noise = {f"u_{name}": Categorical(dict(enumerate(map(float, self.own[name][k]))))}
            items.append(Variable(name, self.states[name], parents=inputs, function=function, noise=noise))
        return Model(*items)


def random_model(
    graph: CausalGraph,
    rng: np.random.Generator,
    states: int | Mapping[str, Sequence[Value]] = 2,
    *,
    count: int = 1,
    within: Sequence[str] | None = None,
    largest: int = MAX_ENTRIES,
) -> RandomModel:
    """Random models with exactly this mixed graph.

    Args:
        graph: directed and bidirected edges; its hidden variables become variables like others.
        rng: where the randomness comes from; the same state gives the same models.
        states: how many states every variable has (0, 1, ...), or the states of each.
        count: how many models.
        within: only these variables (closed under causes) are made; all by default.
        largest: see `RandomModel`.

    Raises:
        TooWide: a variable with so many causes that its functions are not built.
    """
    names = graph.variables if within is None else tuple(name for name in graph.variables if name in set(within))
    own_graph = graph if within is None else _induced(graph, names)
    domains = {name: tuple(range(states)) if isinstance(states, int) else tuple(states[name]) for name in names}
    pairs = tuple(dict.fromkeys((a, b) if a <= b else (b, a) for a, b in own_graph.confounded))
    inputs = {
        name: [len(domains[p]) for p in own_graph.parents[name]] + [2 for pair in pairs if name in pair]
        for name in names
    }
    entries = {name: math.prod(inputs[name]) * (len(domains[name]) + SPARE) * count for name in names}
    if sum(entries.values()) > MOST_OUTCOMES:
        worst = max(entries, key=entries.__getitem__)
        raise TooWide(
            f"{worst!r} has {math.prod(inputs[worst]):,} combinations of causes; models with so many are not built."
        )
    roots = {pair: _laws(rng, count, 2) for pair in pairs}
    own = {name: _laws(rng, count, len(domains[name]) + SPARE) for name in names}
    outcomes = {name: _functions(rng, inputs[name], len(domains[name]), own[name]) for name in names}
    return RandomModel(own_graph, domains, count, roots, own, outcomes, largest)


def _induced(graph: CausalGraph, names: Names) -> CausalGraph:
    kept = set(names)
    return CausalGraph(
        names,
        tuple(edge for edge in graph.edges if kept.issuperset(edge)),
        tuple(pair for pair in graph.confounded if kept.issuperset(pair)),
        tuple(name for name in graph.hidden if name in kept),
    )


def _laws(rng: np.random.Generator, count: int, states: int) -> Array:
    """Dirichlet laws, each mixed with the uniform one."""
    return (1 - LEAST) * rng.dirichlet(np.ones(states), count) + LEAST / states


def _functions(rng: np.random.Generator, inputs: Sequence[int], states: int, own: Array) -> NDArray[np.intp]:
    """Random functions that need every input, and reach every state in every row.

    Returns:
        Shape (models, *inputs, states of the own noise).
    """
    count, noise = own.shape
    rows = math.prod(inputs)
    table = _rows(rng, (count, rows), states, noise)
    for _ in range(20 if states > 1 else 0):
        # The mean position tells laws apart: those that differ have another mean, but by a coincidence of reals.
        means = np.matmul(table, own[:, :, None]).reshape(count, *inputs)
        idle = np.zeros(count, bool)
        for axis in (axis for axis, n in enumerate(inputs, 1) if n > 1):
            idle |= np.all(np.abs(means - means.take([0], axis=axis)) < 1e-12, axis=tuple(range(1, means.ndim)))
        if not idle.any():
            break
        table[idle] = _rows(rng, (int(idle.sum()), rows), states, noise)
    return table.reshape(count, *inputs, noise)


def _rows(rng: np.random.Generator, shape: tuple[int, int], states: int, noise: int) -> NDArray[np.intp]:
    """Rows in which the first noise states reach every state, in random order, and the others any."""
    every = rng.random((*shape, states)).argsort(axis=-1)
    return np.concatenate([every, rng.integers(0, states, (*shape, noise - states))], axis=-1)
