"""One unit at a time: what every variable would be, given the unit's noise, in any world. For derivations, and to teach."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ._mechanism import Equation, NoiseTable
from ._model import Model
from ._syntax import Const, Expr, Placeholder, Value, Var, World, evaluate, terms
from ._worlds import Fresh, Own, Policy, Worlds, build_worlds
from .solvers._contract import make_plan, run_plan
from .solvers._laws import Fact, Setting
from .solvers._network import build_network

MOST_STATES = 4096
"""Most joint noise states that a posterior is listed over."""


@dataclass(frozen=True)
class NoisePosterior:
    """What the evidence says of the noise, jointly.

    Attributes:
        names: the noises that matter to query or evidence.
        weights: (noise state, probability), most probable first; where a law is unknown the probability is None and every
            state that the evidence allows is listed.
        known: whether every law is known.
    """

    names: tuple[str, ...]
    weights: tuple[tuple[Mapping[str, Value], float | None], ...]
    known: bool


def noise_posterior(
    setting: Setting, asked: Sequence[Var], facts: Sequence[Fact], conditions: Sequence[Expr]
) -> NoisePosterior | None:
    """The joint law of the noises given the evidence; None where they are too many to list, or where tables hide them."""
    inside = [t for c in conditions for t in terms(c)]
    everything = build_worlds(setting.model.graph, [*asked, *inside, *(t for t, _ in facts)], ())
    names = _noises(setting.model, everything)
    if names is None or math.prod(len(setting.model.states[n]) for n in names) > MOST_STATES:
        return None
    worlds = build_worlds(setting.model.graph, [*asked, *inside], facts)
    if worlds.impossible:
        return None
    network = build_network(setting.model, worlds, [], conditions, setting.couplings, setting.domains)
    relevant = [n for n in names if n in network.noises]
    plan = make_plan(network, [network.noises[n] for n in relevant], setting.budget)
    weights = run_plan(plan, {}, 1, setting.budget).mantissa[..., 0]
    total = weights.sum()
    if network.impossible or not total > 0:
        return None
    known = all(n not in network.open for n in relevant)
    order = np.argsort(-weights, axis=None, kind="stable")
    out: list[tuple[Mapping[str, Value], float | None]] = []
    for flat in order[: int((weights > 0).sum())]:
        codes = np.unravel_index(int(flat), weights.shape) if relevant else ()
        state = {n: setting.model.states[n][int(c)] for n, c in zip(relevant, codes, strict=True)}
        out.append((state, float(weights.flat[int(flat)] / total) if known else None))
    return NoisePosterior(tuple(relevant), tuple(out), known)


def _noises(model: Model, worlds: Worlds) -> tuple[str, ...] | None:
    found: dict[str, None] = {}
    for instance in worlds.instances:
        if isinstance(instance.mechanism, Fresh):
            return None
        if isinstance(instance.mechanism, Own):
            mechanism = model.mechanisms[instance.variable]
            if not isinstance(mechanism, (Equation, NoiseTable)):
                return None
            found |= dict.fromkeys(n for n in mechanism.inputs if n in model.noises)
    return tuple(found)


def values_in(model: Model, asked: Sequence[Var], noise: Mapping[str, Value]) -> dict[Var, Value] | None:
    """The value of each term for a unit with this noise; None where a noise is missing or a mechanism hides its noise."""
    worlds = build_worlds(model.graph, asked, ())
    found: list[Value] = []

    for instance in worlds.instances:
        inputs: dict[str, Value] = {}
        for name, slot in instance.slots:
            if isinstance(slot, Placeholder):
                return None
            inputs[name] = slot.value if isinstance(slot, Const) else found[slot]
        value = _value(model, instance.variable, instance.mechanism, inputs, noise)
        if value is None:
            return None
        found.append(value)
    out: dict[Var, Value] = {}
    for term, slot in worlds.terms.items():
        if isinstance(slot, Placeholder):
            return None
        out[term] = slot.value if isinstance(slot, Const) else found[slot]
    return out


def _value(
    model: Model, variable: str, mechanism: object, inputs: dict[str, Value], noise: Mapping[str, Value]
) -> Value | None:
    if isinstance(mechanism, Policy):
        return evaluate(mechanism.expr, lambda term: inputs[term.name])
    own = model.mechanisms[variable]
    if not isinstance(mechanism, Own) or not isinstance(own, (Equation, NoiseTable)):
        return None
    scope = {**inputs, **{n: noise[n] for n in own.inputs if n in noise}}
    if any(n not in scope for n in own.inputs):
        return None
    if isinstance(own, Equation):
        value = evaluate(own.expr, lambda term: scope[term.name])
    else:
        row = 0
        for n in own.inputs:
            row = row * len(model.states[n]) + model.states[n].index(scope[n])
        value = own.outcomes[row]
    return next(s for s in model.states[variable] if s == value)


def shown_name(model: Model, noise: str) -> str:
    """A noise that is all there is to one variable is shown as that variable."""
    users = [v for v, m in model.mechanisms.items() if noise in m.inputs]
    if len(users) == 1:
        own = model.mechanisms[users[0]]
        if isinstance(own, Equation) and own.expr == Var(noise):
            return users[0]
    return noise


def changed_variables(model: Model, world: World, target: str) -> tuple[str, ...]:
    """Variables that `world` may change on the way to `target`, imposed ones first, in causal order."""
    imposed = [a.target if a.parent is None else a.parent for a in world]
    moved = model.graph.descendants([a.target for a in world]) | set(imposed)
    return tuple(v for v in model.graph.order if v in moved and v in model.graph.ancestors[target])
