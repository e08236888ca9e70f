"""The order in which worlds are drawn: evidence as early as it can be, so that noises are drawn in hindsight."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heappop, heappush
from typing import TypeAlias

import numpy as np

from .._coupling import Coupling
from .._hindsight import DrawsNoise, drawn_noise
from .._mechanism import Table
from .._model import Model
from .._syntax import Const, Placeholder
from .._worlds import Fresh, Own, Slot, Worlds
from ._draws import mixed_radix, recoded
from ._kernels import NeedsCoupling
from ._network import Values

MOST_NOISE = 1 << 12
"""Most joint states of noises that are drawn together in hindsight."""
MOST_PAIRS = 1 << 16
"""Most combinations of parents looked at to see whether two instances of a table need a coupling."""


@dataclass(frozen=True, slots=True)
class Noises:
    """Draw noises, given the values of observed instances whose other inputs are known."""

    names: tuple[str, ...]
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Single:
    """Work out, draw or weigh one instance that has no coupling.

    A drawn one is drawn given the values of its observed children whose other inputs are known.
    """

    instance: int
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """Draw or weigh one instance of a table given the earlier ones, by the kernel of the coupling."""

    instance: int
    earlier: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Coupled:
    """Draw the noise of a coupling, given observed instances."""

    variable: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Response:
    """What one instance of a table does under the noise of its coupling."""

    instance: int
    variable: str


Step: TypeAlias = Noises | Single | Member | Coupled | Response


@dataclass(frozen=True)
class Block:
    """The instances of one table, and how they hang together; `noise` where that is drawn rather than tabulated."""

    members: tuple[int, ...]
    coupling: Coupling | None
    noise: DrawsNoise | None


def blocks(
    model: Model, worlds: Worlds, couplings: Sequence[Coupling], domains: Mapping[str, Values]
) -> dict[str, Block]:
    """Tables with several instances.

    Raises:
        NeedsCoupling: nothing granted says how the instances of one hang together.
    """
    found: dict[str, Block] = {}
    for variable in dict.fromkeys(x.variable for x in worlds.instances):
        members = worlds.of_variable(variable)
        if len(members) < 2 or not isinstance(model.mechanisms[variable], Table):
            continue
        coupling = next((c for c in couplings if c.variables is None or variable in c.variables), None)
        if not any(_depend(model, worlds, domains, a, b) for k, a in enumerate(members) for b in members[k + 1 :]):
            coupling = None  # only one law is uncertain at a time: every coupling says the same
        elif coupling is None:
            raise NeedsCoupling(variable)
        # The joint law of two is a table, and conditioning on an observed one is exact; of more, the noise is cheaper.
        found[variable] = Block(members, coupling, drawn_noise(coupling) if len(members) > 2 else None)
    return found


def _depend(model: Model, worlds: Worlds, domains: Mapping[str, Values], a: int, b: int) -> bool:
    """Whether two instances of a table may read two different rows, both uncertain."""
    table = model.mechanisms[worlds.instances[a].variable]
    assert isinstance(table, Table)
    # What stands in each input; a noise, by its name.
    slots: list[dict[str, Slot | str]] = [
        {n: n for n in table.inputs} | dict(worlds.instances[i].slots) for i in (a, b)
    ]
    sources = list(dict.fromkeys(s for own in slots for s in own.values() if not isinstance(s, Const)))
    values = [_values(model, worlds, domains, s) for s in sources]
    shape = [len(v) for v in values]
    if math.prod(shape) > MOST_PAIRS:
        return True
    cells = np.indices(shape).reshape(len(shape), -1) if shape else np.zeros((0, 1), dtype=np.intp)
    rows = np.zeros((2, cells.shape[1]), dtype=np.intp)
    possible = np.ones(cells.shape[1], dtype=bool)
    for k, own in enumerate(slots):
        columns = [
            recoded((s.value,), model.states[n])[[0]]
            if isinstance(s, Const)
            else recoded(values[sources.index(s)], model.states[n])[cells[sources.index(s)]]
            for n, s in own.items()
        ]
        for column in columns:
            possible &= column >= 0
        rows[k] = mixed_radix(columns, [len(model.states[n]) for n in own])
    uncertain = (np.array(table.rows) > 0).sum(axis=1) > 1
    return bool(np.any(possible & (rows[0] != rows[1]) & uncertain[rows[0]] & uncertain[rows[1]]))


def _values(model: Model, worlds: Worlds, domains: Mapping[str, Values], source: Slot | str) -> Values:
    match source:
        case Const(value):
            return (value,)
        case Placeholder(name):
            return domains[name]
        case str():
            return model.states[source]
        case _:
            return model.states[worlds.instances[source].variable]


@dataclass
class _Scheduler:
    model: Model
    worlds: Worlds
    blocks: Mapping[str, Block]
    done: dict[int, int] = field(default_factory=lambda: {})
    drawn: set[str] = field(default_factory=lambda: set())
    coupled: set[str] = field(default_factory=lambda: set())
    steps: list[Step] = field(default_factory=lambda: [])
    heap: list[tuple[bool, int]] = field(default_factory=lambda: [])

    @cached_property
    def reading(self) -> tuple[tuple[int, ...], ...]:
        """For each instance, those that read it."""
        found: list[list[int]] = [[] for _ in self.worlds.instances]
        for i, instance in enumerate(self.worlds.instances):
            for j in {s for _, s in instance.slots if isinstance(s, int)}:
                found[j].append(i)
        return tuple(map(tuple, found))

    @cached_property
    def open(self) -> list[int]:
        """For each instance, how many that it reads are neither known nor drawn yet."""
        fixed = self.worlds.fixed
        return [len({s for _, s in x.slots if isinstance(s, int) and s not in fixed}) for x in self.worlds.instances]

    @cached_property
    def noisy(self) -> Mapping[str, tuple[int, ...]]:
        """For each noise, the observed instances that read it."""
        found: dict[str, list[int]] = {}
        for i in self.worlds.fixed:
            for name in self.noises_of(i):
                found.setdefault(name, []).append(i)
        return {name: tuple(readers) for name, readers in found.items()}

    def run(self) -> tuple[Step, ...]:
        """Every step; of the instances that are ready, the observed come first."""
        for i, missing in enumerate(self.open):
            if not missing:
                heappush(self.heap, (i not in self.worlds.fixed, i))
        while self.heap:
            _, i = heappop(self.heap)
            if i not in self.done:
                self.take(i)
        return tuple(self.steps)

    def ready(self, i: int, beside: int = -1) -> bool:
        """Whether all that instance `i` reads is known, once `beside` is."""
        slots = (s for _, s in self.worlds.instances[i].slots if isinstance(s, int))
        return i not in self.done and all(s == beside or s in self.done or s in self.worlds.fixed for s in slots)

    def noises_of(self, i: int) -> tuple[str, ...]:
        """Noises that an instance reads."""
        instance = self.worlds.instances[i]
        if not isinstance(instance.mechanism, Own):
            return ()
        return tuple(n for n in self.model.mechanisms[instance.variable].inputs if n in self.model.noises)

    def missing(self, i: int) -> tuple[str, ...]:
        """Noises that an instance reads and that are not drawn yet."""
        return tuple(n for n in self.noises_of(i) if n not in self.drawn)

    def take(self, i: int) -> None:
        """Every step up to the value of instance `i`, whose inputs are there."""
        self.noises(i)
        if i in self.done:
            return
        instance = self.worlds.instances[i]
        block = self.blocks.get(instance.variable) if isinstance(instance.mechanism, Own) else None
        if block is None:
            seen = self.children(i)
            self.add(Single(i, seen), i, *seen)
        elif block.noise is None:
            earlier = [j for j in block.members if j in self.done]
            self.add(Member(i, tuple(sorted(earlier, key=self.done.__getitem__))), i)
        else:
            if instance.variable not in self.coupled:
                self.coupled.add(instance.variable)
                seen = tuple(j for j in block.members if j in self.worlds.fixed and self.ready(j))
                self.add(Coupled(instance.variable, seen), *seen)
            if i not in self.done:
                self.add(Response(i, instance.variable), i)

    def children(self, i: int) -> tuple[int, ...]:
        """Observed instances that a random instance `i` decides, with all else that they read."""
        instance = self.worlds.instances[i]
        random = isinstance(instance.mechanism, Fresh) or (
            isinstance(instance.mechanism, Own) and isinstance(self.model.mechanisms[instance.variable], Table)
        )
        if not random or i in self.worlds.fixed:
            return ()
        reading = [j for j in self.reading[i] if j in self.worlds.fixed]
        return tuple(j for j in reading if self.free(j) and not self.missing(j) and self.ready(j, i))

    def free(self, i: int) -> bool:
        """Whether no coupling is in an instance."""
        instance = self.worlds.instances[i]
        return not isinstance(instance.mechanism, Own) or instance.variable not in self.blocks

    def add(self, step: Step, *done: int) -> None:
        self.steps.append(step)
        for i in done:
            if i in self.done:
                continue
            self.done[i] = len(self.done)
            for j in () if i in self.worlds.fixed else self.reading[i]:
                self.open[j] -= 1
                if not self.open[j]:
                    heappush(self.heap, (j not in self.worlds.fixed, j))

    def noises(self, i: int) -> None:
        names = self.missing(i)
        while math.prod(len(self.model.states[n]) for n in names) > MOST_NOISE:
            first, *rest = names
            self.draw((first,), ())
            names = tuple(rest)
        if names:
            some = sorted({j for n in names for j in self.noisy.get(n, ())})
            self.draw(names, tuple(j for j in some if self.tells(j, names)))

    def draw(self, names: tuple[str, ...], seen: tuple[int, ...]) -> None:
        self.drawn |= set(names)
        self.add(Noises(names, seen), *seen)

    def tells(self, i: int, names: tuple[str, ...]) -> bool:
        """Whether instance `i` is observed, all its inputs but some of `names` are known, and no coupling is in it."""
        needs = self.missing(i)
        return bool(needs) and self.free(i) and set(needs) <= set(names) and i in self.worlds.fixed and self.ready(i)


def schedule(model: Model, worlds: Worlds, joined: Mapping[str, Block]) -> tuple[Step, ...]:
    """Steps that draw every instance, causes first, observed instances as soon as their inputs are there."""
    return _Scheduler(model, worlds, joined).run()


def reached(steps: Sequence[Step]) -> tuple[set[int], set[str]]:
    """The instances and noises that `steps` have dealt with."""
    done: set[int] = set()
    drawn: set[str] = set()
    for step in steps:
        match step:
            case Noises(names, evidence):
                drawn |= set(names)
                done |= set(evidence)
            case Coupled(_, evidence):
                done |= set(evidence)
            case Single(i, evidence):
                done |= {i, *evidence}
            case Member(i, _) | Response(i, _):
                done.add(i)
    return done, drawn
