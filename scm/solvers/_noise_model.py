"""Finite structural models with all that is random laid out in one row: what the search for two models works on.

A place of the row is a joint state of the hidden causes and of what each variable draws for itself. The value of a term
in a world is a row of codes; a probability is a sum, over the places where an event holds, of products of laws. So
everything is linear in any one law, or in the whole table of one variable.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._evaluate import evaluate, truth
from .._model import Model
from .._noise import Categorical, Noise
from .._syntax import Assignment, Const, Expr, Set, Soft, Value, Var, World, terms
from .._variable import Variable

Codes: TypeAlias = NDArray[np.intp]
Laws: TypeAlias = tuple[NDArray[np.float64], ...]
"""For each hidden cause, then for each variable's own draw: laws, shape (rows, states); most have one row."""


PLACES = 1 << 16
"""Most joint states of hidden causes that a search makes room for."""
FLOOR = 0.02
"""Least probability in a law to start from, or nearly."""


class Unsupported(Exception):
    """The query says something that is not laid out here, such as a stochastic intervention."""


@dataclass(frozen=True)
class Shape:
    """Who reads what, and how many states there are.

    Attributes:
        parents: of each variable, causes first.
        states: of each variable.
        shared: pairs of variables with a hidden common cause.
        sizes: how many states each hidden cause has, then each variable's own draw.
        imagined: variables whose draw is a noise of one law and whose value is a function of it; the others draw their
            value itself, by a law for each state of what they read.
    """

    parents: Mapping[str, tuple[str, ...]]
    states: Mapping[str, tuple[Value, ...]]
    shared: tuple[tuple[str, str], ...]
    sizes: tuple[int, ...]
    imagined: frozenset[str]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The variables, causes first."""
        return tuple(self.parents)

    def own(self, name: str) -> int:
        """The number of a variable's own draw."""
        return len(self.shared) + self.names.index(name)

    def causes(self, name: str) -> tuple[int, ...]:
        """The numbers of the hidden causes that a variable reads."""
        return tuple(i for i, pair in enumerate(self.shared) if name in pair)

    def reads(self, name: str) -> list[int]:
        """How many states each thing has that a variable reads: its parents, then its hidden causes."""
        return [*(len(self.states[p]) for p in self.parents[name]), *(self.sizes[i] for i in self.causes(name))]


@dataclass(frozen=True, eq=False)
class Seen:
    """Codes at every place, and under which row of its table each variable drew that they depend on."""

    codes: Codes
    rows: Mapping[int, Codes]


@dataclass(frozen=True, eq=False)
class NoiseModel:
    """Outcomes of imagined variables, and every law.

    Attributes:
        shape: who reads what.
        tables: of each imagined variable, the code of its state; axes: what it reads, then its own draw.
        laws: of the hidden causes and of the variables' own draws.
    """

    shape: Shape
    tables: Mapping[str, Codes]
    laws: Laws
    _seen: dict[tuple[str, World], Seen] = field(default_factory=lambda: {}, repr=False)

    @property
    def places(self) -> int:
        """The length of the row."""
        return math.prod(self.shape.sizes)

    @cached_property
    def draws(self) -> tuple[Codes, ...]:
        """The state of each hidden cause and each own draw at every place."""
        found: list[Codes] = []
        after = self.places
        for size in self.shape.sizes:
            after //= size
            found.append(np.tile(np.repeat(np.arange(size), after), self.places // (after * size)))
        return tuple(found)

    def weights(self, laws: Laws, rows: Mapping[int, Codes]) -> NDArray[np.float64]:
        """The probability of every place, where the draws were made under these rows (those not named: under any)."""
        found = np.ones(self.places)
        for i, law in enumerate(laws):
            if len(law) == 1:
                found *= law[0][self.draws[i]]
            elif i in rows:
                found *= law.reshape(-1)[rows[i] * law.shape[1] + self.draws[i]]
            else:
                found /= law.shape[1]
        return found

    def value(self, name: str, world: World = ()) -> Seen:
        """The code of a variable's state in a world, at every place.

        Raises:
            Unsupported: a stochastic intervention, or a value that the variable does not have.
        """
        key = (name, world)
        if key not in self._seen:
            imposed = next((a for a in world if a.parent is None and a.target == name), None)
            if imposed is None:
                self._seen[key] = self._natural(name, world)
            else:
                self._seen[key] = self._imposed(imposed, name, world)
        return self._seen[key]

    def _natural(self, name: str, world: World) -> Seen:
        shape, own = self.shape, self.shape.own(name)
        edges = {a.parent: a for a in world if a.parent is not None and a.target == name}
        parts = [
            self._imposed(edges[parent], parent, world) if parent in edges else self.value(parent, world)
            for parent in shape.parents[name]
        ]
        read = [*(part.codes for part in parts), *(self.draws[i] for i in shape.causes(name))]
        row = joint(read, shape.reads(name))
        rows = together([part.rows for part in parts])
        if name in shape.imagined:
            return Seen(self.tables[name].reshape(-1)[row * shape.sizes[own] + self.draws[own]], rows)
        return Seen(self.draws[own], together([rows, {own: row}]))

    def _imposed(self, assignment: Assignment, carrier: str, world: World) -> Seen:
        match assignment:
            case Set(_, Const(value)):
                return Seen(np.full(1, self._code(carrier, value)), {})
            case Set(_, Var(other, inner)):
                places = [self._code(carrier, value) for value in self.shape.states[other]]
                seen = self.value(other, inner)
                return Seen(np.array(places)[seen.codes], seen.rows)
            case Soft(_, expr, parent):
                own = carrier if parent is None else None
                read = terms(expr)
                parts = [self._natural(t.name, world) if t.name == own else self.value(t.name, world) for t in read]
                states = [self.shape.states[t.name] for t in read]
                table = [self._code(carrier, evaluate(expr, row.__getitem__)) for row in _rows(read, states)]
                codes = np.array(table)[joint([part.codes for part in parts], [len(s) for s in states])]
                return Seen(codes, together([part.rows for part in parts]))
            case _:
                raise Unsupported(f"{type(assignment).__name__} of {carrier}")

    def _code(self, name: str, value: Value) -> int:
        if value not in self.shape.states[name]:
            raise Unsupported(f"{name} = {value!r}")
        return self.shape.states[name].index(value)

    def cell(self, names: Sequence[str], world: World) -> Seen:
        """The cell of the joint law of some variables in a world; the last varies fastest."""
        parts = [self.value(name, world) for name in names]
        codes = joint([part.codes for part in parts], [len(self.shape.states[name]) for name in names])
        return Seen(np.broadcast_to(codes, self.places), together([part.rows for part in parts]))

    def expression(self, expr: Expr) -> tuple[NDArray[np.float64], Mapping[int, Codes]]:
        """The value of an event (0 or 1) or a formula at every place, and the rows that it depends on."""
        read = terms(expr)
        states = [self.shape.states[t.name] for t in read]
        table = np.array([_number(evaluate(expr, row.__getitem__)) for row in _rows(read, states)])
        parts = [self.value(t.name, t.world) for t in read]
        codes = joint([part.codes for part in parts], [len(s) for s in states])
        return np.broadcast_to(table[codes], self.places), together([part.rows for part in parts])


def joint(codes: Sequence[Codes], sizes: Sequence[int]) -> Codes:
    """One code for several; the last varies fastest."""
    found = np.zeros(1, dtype=np.intp)
    for code, size in zip(codes, sizes, strict=True):
        found = found * size + code
    return found


def together(parts: Sequence[Mapping[int, Codes]]) -> dict[int, Codes]:
    """The rows of several terms.

    Raises:
        Unsupported: one variable draws under two rows at once; it should have been imagined.
    """
    found: dict[int, Codes] = {}
    for part in parts:
        for own, row in part.items():
            if not bool((found.get(own, row) == row).all()):
                raise Unsupported("two instances of a variable that only has a table")
            found[own] = row
    return found


def _rows(read: Sequence[Var], states: Sequence[Sequence[Value]]) -> Iterator[dict[Var, Value]]:
    return (dict(zip(read, row, strict=True)) for row in itertools.product(*states))


def _number(value: Value) -> float:
    return float(truth(value) if isinstance(value, str) else value)


# ---------------------------------------------------------------------------------------------------------------------
# Made and handed out


def random_noise_model(shape: Shape, rng: np.random.Generator) -> NoiseModel:
    """Random mechanisms and laws; whatever its inputs, a variable can take every state, so all laws are positive.

    Half of the models have tables near to sums of their inputs, which hide every input behind the others: the models
    of the proof that hedges are obstacles (Shpitser & Pearl 2006, theorem 4) are made of such sums.
    """
    tables = {name: _random_table(shape, name, rng) for name in shape.names if name in shape.imagined}
    sums = rng.random() < 0.5
    laws = [_law(rng.dirichlet(np.full(size, 9.0 if sums else 4.0), 1)) for size in shape.sizes[: len(shape.shared)]]
    for name in shape.names:
        size = shape.sizes[shape.own(name)]
        if name in shape.imagined:
            laws.append(_law(rng.dirichlet(np.full(size, 1.5), 1)))
        elif sums:
            laws.append(_near_sums(shape, name, rng))
        else:
            laws.append(_law(rng.dirichlet(np.full(size, 1.5), math.prod(shape.reads(name)))))
    return NoiseModel(shape, tables, tuple(laws))


def _law(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return (shares + FLOOR) / (1 + FLOOR * shares.shape[1])


def _near_sums(shape: Shape, name: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """For each state of what a variable reads nearly all on one state: the sum of most inputs, round the states."""
    states = len(shape.states[name])
    total = np.zeros(1, dtype=np.intp)
    for size in shape.reads(name):
        part = rng.permutation(np.arange(size) % states) if rng.random() < 0.85 else np.zeros(size, dtype=np.intp)
        total = np.add.outer(total, part).reshape(-1)
    noise = rng.uniform(0.03, 0.2) * rng.dirichlet(np.full(states, 2.0), len(total))
    return np.eye(states)[total % states] * (1 - noise.sum(axis=1, keepdims=True)) + noise


def _random_table(shape: Shape, name: str, rng: np.random.Generator) -> Codes:
    states, own = len(shape.states[name]), shape.sizes[shape.own(name)]
    rows = math.prod(shape.reads(name))
    if own == states**rows:  # every way to respond
        return np.array(list(itertools.product(range(states), repeat=rows)), dtype=np.intp).T
    every = np.argsort(rng.random((rows, states)), axis=1)
    return np.concatenate([every, rng.integers(states, size=(rows, own - states))], axis=1)


def as_model(
    noise: NoiseModel,
    laws: Laws,
    trivial: Mapping[str, tuple[Value, ...]],
    edges: frozenset[tuple[str, str]] = frozenset(),
) -> Model:
    """As a model that can be asked.

    Args:
        noise: the mechanisms.
        laws: in place of the mechanisms' own.
        trivial: more variables, with their states: fair draws of their own.
        edges: parents of trivial variables that they ignore.
    """
    shape, taken = noise.shape, {*noise.shape.names, *trivial}
    labels = [_free(f"U_{a}_{b}", taken) for a, b in shape.shared]
    items: list[Variable | Noise] = [Noise(label, _categorical(law)) for label, law in zip(labels, laws, strict=False)]
    for name in shape.names:
        states, law = shape.states[name], laws[shape.own(name)]
        inputs = (*shape.parents[name], *(labels[i] for i in shape.causes(name)))
        if name not in shape.imagined:
            table = law.reshape(*shape.reads(name), len(states)) if inputs else tuple(law[0].tolist())
            items.append(Variable(name, states, parents=inputs or None, table=table))
            continue
        axes = [
            *(shape.states[p] for p in shape.parents[name]),
            *map(range, shape.reads(name)[len(shape.parents[name]) :]),
        ]
        axes.append(range(law.shape[1]))
        codes = noise.tables[name].reshape(-1).tolist()
        function = {row: states[code] for row, code in zip(itertools.product(*axes), codes, strict=True)}
        own = {_free(f"u_{name}", taken): _categorical(law)}
        items.append(Variable(name, states, parents=inputs or None, function=function, noise=own))
    for name, states in trivial.items():
        parents = tuple(sorted(cause for cause, effect in edges if effect == name))
        fair = (1 / len(states),) * len(states)
        rows = itertools.product(*({**shape.states, **trivial}[p] for p in parents))
        items.append(
            Variable(name, states, parents=parents, table=dict.fromkeys(rows, fair))
            if parents
            else Variable(name, states, table=fair)
        )
    return Model(*items)


def _categorical(law: NDArray[np.float64]) -> Categorical:
    return Categorical({i: float(p) for i, p in enumerate(law[0])})


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
