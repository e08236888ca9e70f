"""The steps of an abduction over columns: what each makes known of every unit, and how it weighs it.

An entry of a column is one unit under one draw of the noises that stay unknown and one combination of the finite
things that are enumerated. Each step reads what is known, adds a value or a noise, and adds to the log weight.
"""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._coupling import Coupling
from .._domain import Real
from .._hindsight import DrawsNoise
from .._noise import probabilities
from .._syntax import Draw
from .._worlds import Fresh
from ..mechanisms._formula import column
from ..mechanisms._types import (
    Branching,
    Censored,
    Column,
    Columns,
    Conditional,
    Hiding,
    NeedsCoupling,
    NoiseGiven,
    Vouched,
)
from ._abduct_finite import FiniteMap, coupling_streams, joint_entries, laws_of_table, pick, respond
from ._abduct_inverse import Inverse
from ._abduct_laws import EQUAL, Given
from ._abduct_state import State
from ._abduct_view import View
from ._declared import breach_of, out_of_range, set_out_of_range
from ._refusal import Refusal

ATOM = 1e7
"""The log weight that a probability has before any density: of one value under different parents, the densities are
nothing beside it."""


class Step(Protocol):
    """One step."""

    def run(self, view: View, state: State) -> None:
        """Take it."""
        ...


def inputs(view: View, i: int, state: State) -> dict[str, Column]:
    """Columns of the parents of an instance, and of the noises that are known."""
    found = {n: view.read(state, s, view.domain(n)) for n, s in view.slots(i)}
    return found | {n: state.noises[n] for n in view.noises(i) if n in state.noises}


def forward(view: View, i: int, state: State) -> Column:
    """The value of an instance, from its parents and noises."""
    how, values = view.how(i), inputs(view, i, state)
    assert how is not None
    found = how(values, state.xp) if isinstance(how, FiniteMap) else how.forward(values, state.xp)
    return state.xp.broadcast_to(found, (state.size,))


def fixed(view: View, i: int, state: State) -> Column:
    """The value that the evidence gives an instance."""
    return view.read(state, view.worlds.fixed[i], view.domain_of(i))


@dataclass(frozen=True)
class Compute:
    """The value of an instance whose parents and noises are known."""

    instance: int

    def run(self, view: View, state: State) -> None:
        """See `Step`."""
        found = forward(view, self.instance, state)
        for name, slot, ends in view.imposed(self.instance):
            value = view.read(state, slot, view.domain(name))
            state.kept(value, ends, value, partial(set_out_of_range, name, ends))
        if (ends := view.ends(self.instance)) is not None:
            error = partial(out_of_range, view.worlds.instances[self.instance], ends)
            sizes = sum((abs(x) for x in inputs(view, self.instance, state).values()), start=0.0)
            found = state.kept(found, ends, sizes, error)
        state.values[self.instance] = found


@dataclass(frozen=True)
class Check:
    """The value of an instance is what the evidence says; numbers up to rounding."""

    instance: int

    def run(self, view: View, state: State) -> None:
        """See `Step`."""
        found, wanted = forward(view, self.instance, state), fixed(view, self.instance, state)
        if isinstance(view.domain_of(self.instance), Real):
            near = state.xp.abs(found - wanted) <= EQUAL * (1.0 + state.xp.abs(wanted))
            state.keep(near)
        else:
            state.keep(found == wanted)


@dataclass(frozen=True)
class Solve:
    """The one unknown noise of an observed instance, solved for; weighed by its density and the slope.

    Where the parents give what was seen whatever the noise, it has a probability, beside which a density is nothing.
    `needed` says whether anything else depends on the noise.
    """

    instance: int
    noise: str
    inverse: Inverse
    given: Given | None
    needed: bool

    def run(self, view: View, state: State) -> None:
        """See `Step`."""
        value, values, xp = fixed(view, self.instance, state), inputs(view, self.instance, state), state.xp
        noise = state.xp.broadcast_to(self.inverse.noise_of(value, values, xp), (state.size,))
        state.noises[self.noise] = noise
        if xp is np and isinstance(self.inverse, Vouched):
            held = partial(breach_of, self.inverse, value, values)
            state.broken.append((self.inverse.broken(value, values, xp) & (state.log_weight > -np.inf), held))
        hidden = self.inverse.hidden(value, values, xp) if isinstance(self.inverse, Hiding) else False
        if self.needed:
            state.unshown = state.unshown | hidden
        if self.given is None:  # of unknown law: whether there is such a noise is all that can be said
            state.keep(~xp.isnan(noise) | hidden)
            return
        density = view.laws.log_density(self.noise, self.given, state.noises, xp)
        weight = density + self.inverse.log_slope(value, values, xp)
        state.weigh(weight if hidden is False else xp.where(hidden, ATOM, weight))


@dataclass(frozen=True)
class Weigh:
    """An observed instance whose law given its parents is known, weighed by it; and its noise drawn, where needed."""

    instance: int
    stream: int | None = None

    def run(self, view: View, state: State) -> None:
        """See `Step`."""
        value, values = fixed(view, self.instance, state), inputs(view, self.instance, state)
        if view.stochastic(self.instance):
            with np.errstate(divide="ignore"):
                _weigh_law(state, state.xp.log(pick(state_laws(view, self.instance, state), value, state.xp)))
            return
        how: Any = view.how(self.instance)
        assert isinstance(how, Conditional)
        log_factor = how.log_probability(value, values, state.xp)
        if isinstance(how, Censored):
            log_factor = log_factor + state.xp.where(how.atom(value, values, state.xp), ATOM, 0.0)
        _weigh_law(state, state.xp.broadcast_to(log_factor, (state.size,)))
        if self.stream is not None:
            assert isinstance(how, NoiseGiven)
            state.noises.update(_hindsight(how, value, values, state, self.stream))


@dataclass(frozen=True)
class Branch:
    """An observed instance of which one of a few noises was met: each is a combination, weighed by its density.

    Where the value has a probability instead, the noise is not known.
    """

    instance: int
    noise: str
    name: str

    def run(self, view: View, state: State) -> None:
        """See `Step`."""
        value, values, xp = fixed(view, self.instance, state), inputs(view, self.instance, state), state.xp
        how: Any = view.how(self.instance)
        assert isinstance(how, Branching)
        code, shape = state.axes[self.name][None], (how.most, state.size)
        points, densities = (
            xp.take_along_axis(xp.broadcast_to(found, shape), code, axis=0)[0]
            for found in how.points(value, values, xp)
        )
        atom = how.atom(value, values, xp)
        state.noises[self.noise] = xp.broadcast_to(points, (state.size,))
        state.unshown = state.unshown | atom
        state.weigh(xp.where(atom, ATOM + how.log_probability(value, values, xp) - np.log(how.most), densities))


def _weigh_law(state: State, log_factor: Column) -> None:
    """Weigh by a law; one that is no number is a fault of the mechanism, and what is asked is then no number either."""
    wrong = state.xp.isnan(log_factor)
    state.unshown = state.unshown | wrong
    state.weigh(state.xp.where(wrong, 0.0, log_factor))


def _hindsight(how: NoiseGiven, value: Column, values: Columns, state: State, stream: int) -> dict[str, Column]:
    """Noises drawn given value and parents, each lane with a key of its own: other lanes change nothing."""
    import jax
    import jax.numpy as jnp

    lanes = len(state.keys)
    shape = (lanes, state.size // lanes)

    def cut(x: Column) -> Any:
        return jnp.broadcast_to(jnp.asarray(x), (state.size,)).reshape(shape)

    def one(v: Any, parents: Any, key: Any) -> Any:
        return dict(how.noise_given(v, parents, jax.random.fold_in(key, stream)))

    found = jax.vmap(one)(cut(value), {n: cut(x) for n, x in values.items()}, state.keys)
    return {n: state.xp.asarray(x).reshape(state.size) for n, x in found.items()}


@dataclass(frozen=True)
class DrawNoise:
    """A continuous noise, drawn given those of its block that are known."""

    noise: str
    given: Given

    def run(self, view: View, state: State) -> None:
        """See `Step`."""
        if self.noise in state.noises:  # made before the combinations were, see `Lanes`
            return
        z = state.normals[self.noise] if self.given.sd else 0.0
        state.noises[self.noise] = view.laws.from_normal(self.noise, self.given, state.noises, z, state.xp)


@dataclass(frozen=True)
class FiniteNoise:
    """A finite noise: enumerated, or drawn."""

    noise: str
    drawn: bool

    def run(self, view: View, state: State) -> None:
        """See `Step`."""
        law = np.array(probabilities(view.model.noises[self.noise].law))
        if self.drawn:
            laws = state.xp.broadcast_to(state.xp.asarray(law)[:, None], (len(law), state.size))
            state.noises[self.noise] = respond(laws, state.normals[self.noise], state.xp)
            return
        codes = state.axes[self.noise]
        state.noises[self.noise] = codes
        with np.errstate(divide="ignore"):
            state.weigh(state.xp.asarray(np.log(law))[codes])


@dataclass(frozen=True)
class FiniteState:
    """The state of an instance that has a law and no noise: enumerated, or drawn."""

    instance: int
    name: str
    drawn: bool
    alone: bool = True

    def run(self, view: View, state: State) -> None:
        """See `Step`. The weight of one instance among several comes from `JointWeight`."""
        if self.drawn:
            laws = state_laws(view, self.instance, state)
            state.values[self.instance] = respond(laws, state.normals[self.name], state.xp)
            return
        codes = state.axes[self.name]
        state.values[self.instance] = codes
        if self.alone:
            with np.errstate(divide="ignore"):
                _weigh_law(state, state.xp.log(pick(state_laws(view, self.instance, state), codes, state.xp)))


@dataclass(frozen=True)
class JointWeight:
    """Several instances of one variable that has a law and no noise: weighed by the joint law of a coupling."""

    variable: str
    instances: tuple[int, ...]
    coupling: Coupling | None

    def run(self, view: View, state: State) -> None:
        """See `Step`."""
        found: list[NDArray[Any]] = []
        for i in self.instances:
            value = state.values[i] if i in state.values else fixed(view, i, state)
            found.append(np.broadcast_to(np.asarray(value), (state.size,)))
        values = np.stack(found, 1)
        parents = [[np.asarray(view.read(state, s, view.domain(n))) for n, s in view.slots(i)] for i in self.instances]
        table = view.table(self.variable)
        laws = None if table else [np.asarray(state_laws(view, i, state)).T for i in self.instances]
        weight = joint_entries(self.variable, table, laws, parents, values, self.coupling)
        with np.errstate(divide="ignore"):
            state.weigh(state.xp.asarray(np.log(weight)))


@dataclass(frozen=True)
class CouplingNoise:
    """The noise of a granted coupling, drawn in hindsight: given every observed instance of the variable.

    For couplings whose joint law over several worlds has no closed form; see `_hindsight`.
    """

    name: str
    instances: tuple[int, ...]
    coupling: DrawsNoise
    states: int

    def run(self, view: View, state: State) -> None:
        """See `Step`."""
        uniforms = np.stack([state.normals[n] for n in coupling_streams(self.name, self.coupling, self.states)], axis=1)
        laws = [np.asarray(state_laws(view, i, state)).T for i in self.instances]
        seen = [np.broadcast_to(np.asarray(fixed(view, i, state)), (state.size,)) for i in self.instances]
        shape = (state.size, len(seen))
        observed = np.stack(seen, axis=1) if seen else np.zeros(shape, dtype=np.intp)
        stacked = np.stack(laws, axis=1) if laws else np.zeros((*shape, self.states))
        state.noises[self.name], weight = self.coupling.draw_noise(stacked, observed.astype(np.intp), uniforms)
        with np.errstate(divide="ignore"):
            state.weigh(np.log(weight))


@dataclass(frozen=True)
class Respond:
    """The state of an instance under the noise of a coupling."""

    instance: int
    name: str
    coupling: DrawsNoise

    def run(self, view: View, state: State) -> None:
        """See `Step`."""
        laws = np.asarray(state_laws(view, self.instance, state)).T
        state.values[self.instance] = self.coupling.respond(state.noises[self.name], laws)


@dataclass(frozen=True)
class Holds:
    """A condition that is no equality, such as `X > 1`: it weighs 0 or 1."""

    place: int

    def run(self, view: View, state: State) -> None:
        """See `Step`."""
        state.keep(view.conditions[self.place](state))


# ---------------------------------------------------------------------------------------------------------------------
# Laws over states


def state_laws(view: View, i: int, state: State) -> Column:
    """P(each state | parents) of an instance that has a law and no noise; shape (states, entries)."""
    xp, values = state.xp, inputs(view, i, state)
    mechanism = view.worlds.instances[i].mechanism
    if isinstance(mechanism, Fresh):
        return _cases(mechanism.cases, view, i, values, state)
    table = view.table(view.worlds.instances[i].variable)
    if table is not None:
        return laws_of_table(table, [values[n] for n, _ in view.slots(i)], state.size, xp)
    how: Any = view.how(i)
    assert isinstance(how, NeedsCoupling)
    laws = how.laws(values, xp)
    return xp.broadcast_to(laws, (laws.shape[0], state.size))


def _cases(draw: Draw, view: View, i: int, values: Columns, state: State) -> Column:
    """The law that a stochastic intervention draws from, in each entry."""
    xp, states = state.xp, view.domain_of(i)
    assert not isinstance(states, Real)
    scope = {n: view.domain(n) for n, _ in view.slots(i)}
    out: Any = None
    for condition, law in reversed(draw.cases):
        chances = dict(law)
        row = xp.asarray(np.array([chances.get(s, 0.0) for s in states]))[:, None] * xp.ones(state.size)
        if condition is None or out is None:
            if condition is not None:
                raise Refusal("a stochastic intervention has no law where none of its conditions holds")
            out = row
        else:
            holds = xp.asarray(column(condition, values, scope, xp), dtype=bool)
            out = xp.where(xp.broadcast_to(holds, (state.size,)), row, out)
    return out
