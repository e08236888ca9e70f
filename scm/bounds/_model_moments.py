"""Moments of a model whose tables do not say how variables respond: what is known is summed over as numbers.

A table is known where one of its rows matters in a world; where several instances of its variable matter at once, their
joint law is not. Everything else (noises of known law, formulas, tables with one instance) is eliminated variable by
variable, so that only the assignments of what is unknown, and of what it reads, are left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .._evaluate import evaluate, truth
from .._graph import CausalGraph
from .._mechanism import Equation, NoiseTable, Table
from .._model import Model
from .._noise import probabilities
from .._resolve import state_of
from .._syntax import Const, Expr, Value, Var, conjuncts, print_expr, terms
from .._worlds import Fixed, Fresh, Instance, Own, Policy, Slot, Worlds, build_worlds
from ._events import Rows, facts_of, value_of
from ._frame import Frame, Ints
from ._moments import Moment
from ._programme import Array, TooLarge

MOST_CELLS = 4_000_000
"""Most cells of one array of the elimination."""


@dataclass(frozen=True, eq=False)
class Mechanisms:
    """A model as bounds read it: its noises are variables without causes.

    Attributes:
        frame: over variables and noises.
        laws: of each table and each noise of known law, shape (rows, states).
        followed: of each formula, the state at each row of its inputs' states.
    """

    frame: Frame
    laws: Mapping[str, Array]
    followed: Mapping[str, Ints]

    @staticmethod
    def of(model: Model) -> Mechanisms:
        """The mechanisms of a finite model."""
        edges = [(cause, name) for name, m in model.mechanisms.items() for cause in m.inputs]
        graph = CausalGraph((*model.noises, *model.mechanisms), tuple(edges))
        frame = Frame(graph, model.states, {}, (), frozenset())
        laws: dict[str, Array] = {}
        followed: dict[str, Ints] = {}
        for name, noise in model.noises.items():
            law = probabilities(noise.law)
            if law is not None:
                laws[name] = np.array([law])
        for name, m in model.mechanisms.items():
            match m:
                case Table():
                    laws[name] = m.array
                case NoiseTable(_, outcomes):
                    followed[name] = np.array([frame.place[name][x] for x in outcomes], dtype=np.int64)
                case Equation(expr):
                    followed[name] = Frame(graph, model.states, {name: expr}, (), frozenset()).followed(name)
        return Mechanisms(frame, laws, followed)

    def rows(self, moment: Moment) -> Rows:
        """A moment as a sum over the assignments of what is unknown.

        Raises:
            TooLarge: an array of the elimination would be too large.
        """
        facts, checks = facts_of(conjuncts(moment.event))
        weights = [] if moment.weight is None else [moment.weight]
        asked = dict.fromkeys(t for part in (*checks, *weights) for t in terms(part))
        worlds = build_worlds(self.frame.graph, list(asked), facts)
        label = print_expr(moment.event or moment.weight or Const(True))
        network = _Network(self, worlds, label)
        if worlds.impossible or not all(len(domain) for domain in network.domains):
            return Rows((), np.zeros((0, 0), dtype=np.int64), np.zeros(0), np.zeros(0, dtype=np.int64))
        return network.rows([(check, True) for check in checks] + [(weight, False) for weight in weights])


@dataclass
class _Factor:
    axes: tuple[int, ...]
    array: Array


@dataclass
class _Network:
    """The instances of a moment, as arrays."""

    source: Mechanisms
    worlds: Worlds
    label: str
    unknown: list[int] = field(default_factory=lambda: [])
    factors: list[_Factor] = field(default_factory=lambda: [])

    def __post_init__(self) -> None:
        """The states that each instance may have, and the factors of what is known."""
        self.domains: list[Ints] = []
        for i, x in enumerate(self.worlds.instances):
            fixed, size = self.worlds.fixed.get(i), self.source.frame.size(x.variable)
            self.domains.append(np.arange(size) if fixed is None else self.one(x.variable, fixed))
        for i, x in enumerate(self.worlds.instances):
            if isinstance(x.mechanism, Own):
                self.own(i, x)
            elif isinstance(x.mechanism, Policy):
                expr = x.mechanism.expr
                self.tabulate(i, x, lambda at, own, expr=expr: float(_same(evaluate(expr, at), own)))
            else:
                self.tabulate(i, x, _chance(x.mechanism))

    def one(self, name: str, fixed: Fixed) -> Ints:
        place = self.source.frame.place[name]
        return np.array([place[value_of(fixed)]] if value_of(fixed) in place else [], dtype=np.int64)

    def own(self, i: int, x: Instance) -> None:
        """An instance under its own mechanism: a factor, or one more that is unknown."""
        source, name = self.source, x.variable
        if name in source.followed:
            axes, row = self.row(x)
            shape = (1,) * row.ndim + (len(self.domains[i]),)
            self.factors.append(
                _Factor((*axes, i), 1.0 * (source.followed[name][row][..., None] == self.domains[i].reshape(shape)))
            )
        elif name in source.laws and len(self.worlds.of_variable(name)) == 1:
            axes, row = self.row(x)
            self.factors.append(_Factor((*axes, i), source.laws[name][row][..., self.domains[i]]))
        else:
            self.unknown.append(i)

    def states(self, name: str, slot: Slot) -> Ints:
        """The states of `name` that a slot can carry, one for each state of the instance in it."""
        frame = self.source.frame
        if not isinstance(slot, int):
            return self.one(name, slot)
        other = self.worlds.instances[slot].variable
        domain = self.domains[slot]
        if other == name:
            return domain
        values = [frame.states[other][int(k)] for k in domain]
        return np.array([frame.place[name][state_of(name, v, frame.states[name])] for v in values], dtype=np.int64)

    def row(self, x: Instance) -> tuple[tuple[int, ...], Ints]:
        """The instances that an instance reads, and the row of its mechanism for each of their states."""
        axes = tuple(dict.fromkeys(slot for _, slot in x.slots if isinstance(slot, int)))
        row = np.zeros((1,) * len(axes), dtype=np.int64)
        for name, slot in x.slots:
            found = self.states(name, slot)
            shape = [1] * len(axes)
            if isinstance(slot, int):
                shape[axes.index(slot)] = len(found)
            row = row * self.source.frame.size(name) + found.reshape(shape)
        return axes, row

    def tabulate(self, i: int, x: Instance, value: Callable[[Callable[[Var], Value], Value], float]) -> None:
        """The factor of a policy or of a law that is imposed."""
        frame = self.source.frame
        axes = tuple(dict.fromkeys(slot for _, slot in x.slots if isinstance(slot, int)))
        shape = tuple(len(self.domains[k]) for k in (*axes, i))
        found = np.zeros(shape)
        for cell in np.ndindex(*shape):
            at = dict(zip((*axes, i), cell, strict=True))
            row: dict[str, Value] = {}
            for name, slot in x.slots:
                carried = self.states(name, slot)
                row[name] = frame.states[name][int(carried[at[slot] if isinstance(slot, int) else 0])]
            found[cell] = value(
                lambda t, row=row: row[t.name], frame.states[x.variable][int(self.domains[i][cell[-1]])]
            )
        self.factors.append(_Factor((*axes, i), found))

    def weigh(self, expr: Expr, yes: bool) -> None:
        """A factor for a condition, or for a formula that weighs."""
        place = {t: self.worlds.terms[t] for t in terms(expr)}
        axes = tuple(dict.fromkeys(s for s in place.values() if isinstance(s, int)))
        shape = tuple(len(self.domains[k]) for k in axes)
        self.check(shape)
        found = np.zeros(shape)
        for cell in np.ndindex(*shape):
            values: dict[Var, Value] = {}
            for t, s in place.items():
                if isinstance(s, int):
                    states = self.source.frame.states[self.worlds.instances[s].variable]
                    values[t] = states[int(self.domains[s][cell[axes.index(s)]])]
                else:
                    values[t] = value_of(s)
            value = evaluate(expr, values.__getitem__)
            found[cell] = float(truth(value) if yes or isinstance(value, str) else value)
        self.factors.append(_Factor(axes, found))

    # -----------------------------------------------------------------------------------------------------------------

    def rows(self, parts: Sequence[tuple[Expr, bool]]) -> Rows:
        """Eliminate what is known, and list the assignments of the rest."""
        for expr, yes in parts:
            self.weigh(expr, yes)
        slots = [s for i in self.unknown for _, s in self.worlds.instances[i].slots if isinstance(s, int)]
        kept = tuple(sorted({*self.unknown, *slots}))
        left = {i for factor in self.factors for i in factor.axes} - set(kept)
        while left:
            best = min(left, key=lambda i: (self.width(i), i))
            self.eliminate(best)
            left.discard(best)
        whole = self.product(self.factors, kept)
        where = np.argwhere(whole)
        weights = whole[whole != 0]
        codes = self.codes(kept, where)
        return self.lighter(codes, weights)

    def near(self, i: int) -> tuple[int, ...]:
        """The axes that come together where one is eliminated; it is the last."""
        axes = {k for factor in self.factors if i in factor.axes for k in factor.axes}
        return (*sorted(axes - {i}), i)

    def width(self, i: int) -> int:
        return math.prod(len(self.domains[k]) for k in self.near(i))

    def eliminate(self, i: int) -> None:
        """Sum one instance out."""
        axes = self.near(i)
        own = [factor for factor in self.factors if i in factor.axes]
        self.factors = [factor for factor in self.factors if i not in factor.axes]
        self.factors.append(_Factor(axes[:-1], self.product(own, axes).sum(axis=-1)))

    def check(self, shape: Sequence[int]) -> None:
        if math.prod(shape) > MOST_CELLS:
            raise TooLarge(
                f"P({self.label}) needs an array of {float(math.prod(shape)):.2g} cells, and {MOST_CELLS:,} are the "
                "most. Ask about fewer worlds or variables, or give variables fewer states."
            )

    def product(self, factors: Sequence[_Factor], axes: tuple[int, ...]) -> Array:
        """The product of factors over some axes."""
        shape = tuple(len(self.domains[k]) for k in axes)
        self.check(shape)
        found = np.ones(shape)
        for factor in factors:
            order = sorted(range(len(factor.axes)), key=lambda k, factor=factor: axes.index(factor.axes[k]))
            array = np.transpose(factor.array, order)
            wide = [len(self.domains[k]) if k in factor.axes else 1 for k in axes]
            found *= array.reshape(wide)
        return found

    def codes(self, kept: tuple[int, ...], where: NDArray[np.intp]) -> Ints:
        """What each assignment needs of the unknown instances, shape (assignments, instances)."""
        found: list[Ints] = []
        for i in self.unknown:
            x, row = self.worlds.instances[i], np.zeros(len(where), dtype=np.int64)
            for name, slot in x.slots:
                states = self.states(name, slot)
                row = row * self.source.frame.size(name) + (
                    states[where[:, kept.index(slot)]] if isinstance(slot, int) else states[0]
                )
            found.append(self.source.frame.codes(x.variable, row, self.domains[i][where[:, kept.index(i)]]))
        return np.stack(found, axis=1) if found else np.zeros((len(where), 0), dtype=np.int64)

    def lighter(self, codes: Ints, weights: Array) -> Rows:
        """Without assignments that ask two states of one coordinate; what a table alone says becomes a number."""
        frame, names = self.source.frame, [self.worlds.instances[i].variable for i in self.unknown]
        for name in dict.fromkeys(names):
            own = [k for k, other in enumerate(names) if other == name]
            part = np.sort(codes[:, own], axis=1)
            same = part[:, 1:] == part[:, :-1]
            clash = (part[:, 1:] // frame.widest == part[:, :-1] // frame.widest) & ~same
            part[:, 1:][same] = -1
            if name in self.source.laws:
                cell = np.maximum(part - frame.first[name] * frame.widest, 0)
                chance = self.source.laws[name][cell // frame.widest, cell % frame.widest]
                chance = np.where(part < 0, 1.0, chance)
                # What is certain asks for nothing, and what has no chance does not happen.
                part[chance == 1] = -1
                single = (part >= 0).sum(axis=1) == 1
                weights = weights * np.where(chance == 0, 0.0, 1.0).prod(axis=1)
                weights = weights * np.where(single, chance.prod(axis=1), 1.0)
                part[single] = -1
            codes[:, own] = part
            held = ~clash.any(axis=1) & (weights != 0)
            codes, weights = codes[held], weights[held]
        return Rows(tuple(names), codes, weights, np.zeros(len(weights), dtype=np.int64))


def _same(a: Value, b: Value) -> bool:
    return a == b and isinstance(a, str) == isinstance(b, str)


def _chance(law: Fresh) -> Callable[[Callable[[Var], Value], Value], float]:
    def chance(at: Callable[[Var], Value], own: Value) -> float:
        for condition, cases in law.cases.cases:
            if condition is None or truth(evaluate(condition, at)):
                return sum(p for value, p in cases if _same(value, own))
        return 0.0

    return chance
