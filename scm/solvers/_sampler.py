"""Worlds drawn forward, step by step, with importance weights: likelihood weighting with noises drawn in hindsight.

Fung & Chang (1990) and Shachter & Peot (1990) for likelihood weighting. Each step draws from the exact law of what it
draws given what it looks at, and multiplies the weight by the probability of the evidence that it has thereby met.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from .._mechanism import Equation, NoiseTable, Table
from .._model import Model
from .._noise import probabilities
from .._sample import draw
from .._syntax import Const, Draw, Expr, Op, Placeholder
from .._worlds import Fresh, Own, Policy, Slot, Worlds
from ._draws import Array, Codes, Function, mixed_radix, recoded
from ._kernels import joint_table
from ._network import Values
from ._schedule import Block, Coupled, Member, Noises, Response, Single, Step

Free: TypeAlias = Mapping[int | str, Codes]
"""Noises and instances whose states vary along a second axis."""
SLICE = 1 << 21
"""Most entries of one array of draws by noise states."""


@dataclass
class Drawn:
    """What one batch of draws has so far.

    Attributes:
        columns: positions of the values that rows give.
        codes: for each instance, its state in each draw.
        noises: for each noise, its state in each draw.
        coupled: for each coupled table, the noise of its coupling.
        weight: the logarithm of each draw's importance weight.
    """

    columns: Mapping[str, Codes]
    codes: dict[int, Codes]
    noises: dict[str, Codes]
    coupled: dict[str, NDArray[np.float64]]
    weight: Array

    @property
    def size(self) -> int:
        """How many draws."""
        return len(self.weight)

    def weigh(self, factor: Array | NDArray[np.bool_]) -> None:
        """Multiply the weights."""
        with np.errstate(divide="ignore"):
            self.weight += np.log(np.asarray(factor, dtype=float))

    def at(self, index: slice) -> Drawn:
        """Some of the draws, to look at."""
        return Drawn(
            {n: c[index] for n, c in self.columns.items()},
            {i: c[index] for i, c in self.codes.items()},
            {n: c[index] for n, c in self.noises.items()},
            {},
            self.weight[index],
        )


@dataclass(frozen=True)
class Sampler:
    """Draws from one set of worlds."""

    model: Model
    worlds: Worlds
    joined: Mapping[str, Block]
    domains: Mapping[str, Values]

    # --- how much a step needs
    def streams(self, step: Step) -> int:
        """How many uniform numbers a step takes for each draw."""
        match step:
            case Noises():
                return 1
            case Single(i, _):
                return int(i not in self.worlds.fixed and self._random(i))
            case Member(i, _):
                return int(i not in self.worlds.fixed)
            case Coupled(variable, _):
                noise = self.joined[variable].noise
                return 0 if noise is None else noise.noise_size(len(self.model.states[variable]))
            case Response():
                return 0
            case _:
                assert_never(step)

    def cost(self, step: Step) -> int:
        """Entries of the arrays that a step works on, for each draw."""
        match step:
            case Noises(names, evidence):
                return int(np.prod([len(self.model.states[n]) for n in names])) * (1 + len(evidence))
            case Single(i, evidence):
                states = len(self.model.states[self.worlds.instances[i].variable])
                return len(self.worlds.instances[i].slots) + states * (1 + len(evidence))
            case Response(i, _):
                return len(self.worlds.instances[i].slots) + len(self.model.states[self.worlds.instances[i].variable])
            case Member(i, earlier):
                return int(len(self.model.states[self.worlds.instances[i].variable]) ** (1 + len(earlier)))
            case Coupled(variable, evidence):
                return len(self.model.states[variable]) * (1 + len(evidence))
            case _:
                assert_never(step)

    def _random(self, i: int) -> bool:
        instance = self.worlds.instances[i]
        if isinstance(instance.mechanism, Own):
            return isinstance(self.model.mechanisms[instance.variable], Table)
        return isinstance(instance.mechanism, Fresh)

    # --- a batch
    def start(self, columns: Mapping[str, Codes], size: int) -> Drawn:
        """A batch before its first step: only the evidence is there."""
        drawn = Drawn(columns, {}, {}, {}, np.zeros(size))
        for i, value in self.worlds.fixed.items():
            states = self.model.states[self.worlds.instances[i].variable]
            codes, own = self._slot(drawn, value)
            drawn.codes[i] = np.broadcast_to(recoded(own, states)[codes], (size,))
        return drawn

    def run(self, steps: Sequence[Step], columns: Mapping[str, Codes], uniforms: Array, size: int) -> Drawn:
        """A batch taken through `steps`; `uniforms` has one row a stream."""
        drawn, used = self.start(columns, size), 0
        for step in steps:
            count = self.streams(step)
            self._take(drawn, step, uniforms[used : used + count])
            used += count
        return drawn

    def _take(self, drawn: Drawn, step: Step, u: Array) -> None:
        match step:
            case Noises(names, evidence):
                self._noises(drawn, names, evidence, u[0])
            case Single(i, evidence):
                self._single(drawn, i, evidence, u)
            case Member(i, earlier):
                self._member(drawn, i, earlier, u)
            case Coupled(variable, evidence):
                self._coupled(drawn, variable, evidence, u)
            case Response(i, variable):
                laws, possible = self._laws(drawn, i)
                noise = self.joined[variable].noise
                assert noise is not None
                self._settle(drawn, i, np.where(possible, noise.respond(drawn.coupled[variable], laws), -1))
            case _:
                assert_never(step)

    # --- what stands in the inputs
    def _slot(self, drawn: Drawn, slot: Slot) -> tuple[Codes, Values]:
        """Positions, and the values that they stand for."""
        match slot:
            case Const(value):
                return np.zeros(1, dtype=np.intp), (value,)
            case Placeholder(name):
                return drawn.columns[name], self.domains[name]
            case _:
                return drawn.codes[slot], self.model.states[self.worlds.instances[slot].variable]

    def _inputs(self, drawn: Drawn, i: int, free: Free) -> dict[str, tuple[Codes, Values]]:
        """What stands in each input of instance `i`; noises and instances in `free` vary along a second axis."""
        instance = self.worlds.instances[i]
        sources: dict[str, Slot | str] = dict(instance.slots)
        if isinstance(instance.mechanism, Own):
            sources = {n: n for n in self.model.mechanisms[instance.variable].inputs if n not in sources} | sources
        found: dict[str, tuple[Codes, Values]] = {}
        for name, source in sources.items():
            if isinstance(source, (int, str)) and source in free:
                variable = source if isinstance(source, str) else self.worlds.instances[source].variable
                found[name] = free[source], self.model.states[variable]
                continue
            codes, values = (
                (drawn.noises[source], self.model.states[source])
                if isinstance(source, str)
                else self._slot(drawn, source)
            )
            found[name] = (codes[:, None] if free else codes), values
        return found

    @cached_property
    def _functions(self) -> dict[tuple[int, tuple[Values, ...]], Function]:
        return {}

    def _function(self, i: int, expr: Expr, inputs: Mapping[str, tuple[Codes, Values]], states: Values) -> Function:
        """`expr` as a function of the values that stand in the inputs of instance `i`."""
        domains = tuple(d for _, d in inputs.values())
        if (i, domains) not in self._functions:
            where = f"The mechanism of {self.worlds.instances[i].variable!r}"
            self._functions[i, domains] = Function(expr, tuple(inputs), domains, states, where)
        return self._functions[i, domains]

    def _row(self, i: int, inputs: Mapping[str, tuple[Codes, Values]]) -> tuple[Codes, NDArray[np.bool_]]:
        """The row of a table that is read, and whether every value is a state of the input it stands in."""
        names = self.model.mechanisms[self.worlds.instances[i].variable].inputs
        places = [recoded(inputs[n][1], self.model.states[n])[inputs[n][0]] for n in names]
        row = mixed_radix([np.maximum(p, 0) for p in places], [len(self.model.states[n]) for n in names])
        possible = np.ones(row.shape, dtype=bool)
        for place in places:
            possible &= place >= 0
        return row, possible

    # --- single instances
    def _outcome(self, i: int, inputs: Mapping[str, tuple[Codes, Values]]) -> Codes | None:
        """The state of a deterministic instance (-1 for none); None where it is random."""
        instance, states = self.worlds.instances[i], self.model.states[self.worlds.instances[i].variable]
        match instance.mechanism:
            case Policy(expr):
                return self._function(i, expr, inputs, states)([c for c, _ in inputs.values()])
            case Fresh():
                return None
            case Own():
                mechanism = self.model.mechanisms[instance.variable]
            case _:
                assert_never(instance.mechanism)
        match mechanism:
            case Equation(expr):
                return self._function(i, expr, inputs, states)([c for c, _ in inputs.values()])
            case NoiseTable(_, found):
                row, possible = self._row(i, inputs)
                return np.where(possible, np.array([states.index(x) for x in found], dtype=np.intp)[row], -1)
            case Table():
                return None
            case _:
                assert_never(mechanism)

    def _random_law(self, i: int, inputs: Mapping[str, tuple[Codes, Values]]) -> tuple[Array, NDArray[np.bool_]]:
        """The law of a random instance, states last, and where there is one."""
        instance = self.worlds.instances[i]
        if isinstance(instance.mechanism, Fresh):
            laws, case = self._policy(i, instance.mechanism.cases, inputs)
            return laws[case], np.ones(case.shape, dtype=bool)
        mechanism = self.model.mechanisms[instance.variable]
        assert isinstance(mechanism, Table)
        row, possible = self._row(i, inputs)
        return np.array(mechanism.rows)[row], possible

    def _policy(self, i: int, cases: Draw, inputs: Mapping[str, tuple[Codes, Values]]) -> tuple[Array, Codes]:
        chosen: Expr = Const(len(cases.cases) - 1)
        for k, (condition, _) in reversed(list(enumerate(cases.cases))):
            if condition is not None:
                chosen = Op("if", (condition, Const(k), chosen))
        states = self.model.states[self.worlds.instances[i].variable]
        laws = np.array([[dict(law).get(s, 0.0) for s in states] for _, law in cases.cases])
        case = self._function(i, chosen, inputs, tuple(range(len(laws))))([c for c, _ in inputs.values()])
        return laws, case

    def _laws(self, drawn: Drawn, i: int) -> tuple[Array, NDArray[np.bool_]]:
        laws, possible = self._random_law(i, self._inputs(drawn, i, {}))
        return np.broadcast_to(laws, (drawn.size, laws.shape[-1])), np.broadcast_to(possible, (drawn.size,))

    def _single(self, drawn: Drawn, i: int, evidence: Sequence[int], u: Array) -> None:
        found = self._outcome(i, self._inputs(drawn, i, {}))
        if found is not None:
            self._settle(drawn, i, np.broadcast_to(found, (drawn.size,)))
            return
        laws, possible = self._laws(drawn, i)
        laws = np.where(possible[:, None], laws, 0.0)
        for j in evidence:
            laws = laws * self._likelihood(drawn, j, {i: np.arange(laws.shape[1], dtype=np.intp)[None]})
        self._draw(drawn, i, laws, u)

    def _settle(self, drawn: Drawn, i: int, found: Codes) -> None:
        """Instance `i` is in state `found` (-1: nowhere): keep it, or hold it against the evidence."""
        if i in self.worlds.fixed:
            drawn.weigh((found == drawn.codes[i]) & (found >= 0))
        else:
            drawn.weigh(found >= 0)
            drawn.codes[i] = np.maximum(found, 0)

    def _draw(self, drawn: Drawn, i: int, laws: Array, u: Array) -> None:
        """Draw instance `i` from laws, weighing their sum (of laws times likelihoods), or weigh its value."""
        if i in self.worlds.fixed:
            drawn.weigh(_picked(laws, drawn.codes[i]))
            return
        total = laws.sum(axis=1)
        some = total > 0
        drawn.weigh(total)
        uniform = 1.0 / laws.shape[1]
        drawn.codes[i] = draw(np.where(some[:, None], laws / np.where(some, total, 1.0)[:, None], uniform), u[0])

    # --- noises in hindsight
    def _noises(self, drawn: Drawn, names: Sequence[str], evidence: Sequence[int], u: Array) -> None:
        laws = [np.array(probabilities(self.model.noises[n].law)) for n in names]
        shape = [len(law) for law in laws]
        prior = laws[0]
        for law in laws[1:]:
            prior = np.multiply.outer(prior, law).ravel()
        cells = np.indices(shape).reshape(len(shape), -1)
        free: Free = {n: cells[k][None] for k, n in enumerate(names)}
        joint = np.empty(drawn.size, dtype=np.intp)
        total = np.ones(drawn.size)
        step = max(1, SLICE // prior.size)
        for start in range(0, drawn.size, step):
            part = slice(start, min(start + step, drawn.size))
            likelihood = np.broadcast_to(prior, (part.stop - start, prior.size))
            for i in evidence:
                likelihood = likelihood * self._likelihood(drawn.at(part), i, free)
            if evidence:
                total[part] = likelihood.sum(axis=1)
                some = total[part] > 0
                likelihood = np.where(some[:, None], likelihood, prior) / np.where(some, total[part], 1.0)[:, None]
            joint[part] = draw(likelihood, u[part])
        if evidence:
            drawn.weigh(total)
        drawn.noises |= dict(zip(names, np.unravel_index(joint, shape), strict=True))

    def _likelihood(self, drawn: Drawn, i: int, free: Free) -> Array:
        """The probability of the value of instance `i` for each state of what is in `free`."""
        inputs, value = self._inputs(drawn, i, free), drawn.codes[i][:, None]
        found = self._outcome(i, inputs)
        if found is not None:
            return ((found == value) & (value >= 0)).astype(float)
        laws, possible = self._random_law(i, inputs)
        shape = np.broadcast_shapes(laws.shape[:-1], value.shape)
        laws = np.broadcast_to(laws, (*shape, laws.shape[-1]))
        at = np.broadcast_to(np.maximum(value, 0), shape)[..., None]
        picked = np.take_along_axis(laws, at, axis=-1)[..., 0]
        return np.where(possible & (value >= 0), picked, 0.0)

    # --- several instances of one table
    def _configurations(self, drawn: Drawn, instances: Sequence[int]) -> tuple[Codes, NDArray[np.bool_]]:
        rows = np.empty((drawn.size, len(instances)), dtype=np.intp)
        possible = np.ones(drawn.size, dtype=bool)
        for k, i in enumerate(instances):
            rows[:, k], some = self._row(i, self._inputs(drawn, i, {}))
            possible &= some
        return rows, possible

    def _member(self, drawn: Drawn, i: int, earlier: Sequence[int], u: Array) -> None:
        variable = self.worlds.instances[i].variable
        mechanism = self.model.mechanisms[variable]
        assert isinstance(mechanism, Table)
        rows, possible = self._configurations(drawn, [*earlier, i])
        distinct, inverse = np.unique(rows, axis=0, return_inverse=True)
        joint, _ = joint_table(variable, np.array(mechanism.rows), distinct, self.joined[variable].coupling)
        before = [np.maximum(drawn.codes[j], 0) for j in earlier]
        laws = joint[(inverse.reshape(-1), *before)]
        total = laws.sum(axis=1, keepdims=True)
        some = possible[:, None] & (total > 0)
        self._draw(drawn, i, np.where(some, laws / np.where(total > 0, total, 1.0), 0.0), u)

    def _coupled(self, drawn: Drawn, variable: str, evidence: Sequence[int], u: Array) -> None:
        noise, states = self.joined[variable].noise, self.model.states[variable]
        assert noise is not None
        laws = np.empty((drawn.size, len(evidence), len(states)))
        observed = np.zeros((drawn.size, len(evidence)), dtype=np.intp)
        for k, i in enumerate(evidence):
            laws[:, k], possible = self._laws(drawn, i)
            drawn.weigh(possible & (drawn.codes[i] >= 0))
            observed[:, k] = np.maximum(drawn.codes[i], 0)
        drawn.coupled[variable], weight = noise.draw_noise(laws, observed, u.T)
        drawn.weigh(weight)

    @cached_property
    def most(self) -> float:
        """Logarithm of a bound on every weight: the evidence can be no more probable than where it is most so.

        An observed instance of a coupled table counts as certain: given drawn ones it may be.
        """
        total = 0.0
        for i, value in self.worlds.fixed.items():
            instance, states = self.worlds.instances[i], self.model.states[self.worlds.instances[i].variable]
            mechanism = self.model.mechanisms[instance.variable]
            if isinstance(instance.mechanism, Fresh):
                laws = np.array([[dict(law).get(s, 0.0) for s in states] for _, law in instance.mechanism.cases.cases])
            elif (
                isinstance(instance.mechanism, Own)
                and isinstance(mechanism, Table)
                and instance.variable not in self.joined
            ):
                laws = np.array(mechanism.rows)
            else:
                continue
            seen = [states.index(value.value)] if isinstance(value, Const) and value.value in states else []
            top = float(laws[:, seen or slice(None)].max())
            total += float(np.log(top)) if top > 0 else -np.inf
        return total


def _picked(laws: Array, codes: Codes) -> Array:
    found = np.take_along_axis(laws, np.maximum(codes, 0)[:, None], axis=1)[:, 0]
    return np.where(codes >= 0, found, 0.0)
