"""One unit at a time: what every variable would be, given the unit's noise, in any world.

For derivations, and to teach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ._evaluate import evaluate
from ._mechanism import Equation, NoiseTable
from ._model import Model
from ._syntax import Const, Placeholder, Value, Var, World, carrier_of
from ._worlds import MechanismId, Own, Policy, build_worlds


def values_in(model: Model, asked: Sequence[Var], noise: Mapping[str, Value]) -> dict[Var, Value] | None:
    """The value of each term for a unit with this noise; None where it is missing or a mechanism hides it."""
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
    model: Model, variable: str, mechanism: MechanismId, inputs: Mapping[str, Value], noise: Mapping[str, Value]
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
    imposed = [carrier_of(a) for a in world]
    moved = model.graph.descendants([a.target for a in world]) | set(imposed)
    return tuple(v for v in model.graph.order if v in moved and v in model.graph.ancestors[target])
