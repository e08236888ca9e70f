"""From worlds and a model to a network: instances, noises and outputs become indices, mechanisms become factors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from .._coupling import Coupling
from .._mechanism import Equation, NoiseTable, Table
from .._model import Model
from .._noise import probabilities
from .._syntax import Const, Draw, Expr, Op, Placeholder, Var, substitute
from .._values import outcomes
from .._worlds import Fresh, Instance, Own, Policy, Slot, Worlds
from ._functions import axis_values, place_function
from ._kernels import TooWide, joint_table
from ._network import Axis, Factor, Free, Known, Network, Run, Values

Codes: TypeAlias = NDArray[np.intp]


def check_draws(worlds: Worlds) -> None:
    """Refuse one stochastic policy under several conditions at once: how its draws hang together is not stated."""
    draws = [x.mechanism for x in worlds.instances if isinstance(x.mechanism, Fresh)]
    for draw in draws:
        if draws.count(draw) > 1:
            raise TooWide(
                f"The stochastic policy of {draw.cases.target!r} is drawn under several conditions at once, and what "
                "its draws have to do with one another is not stated. Use one condition, or an equation with a noise."
            )


def build_network(
    model: Model,
    worlds: Worlds,
    outputs: Sequence[tuple[Expr, Values]],
    conditions: Sequence[Expr],
    couplings: Sequence[Coupling],
    domains: Mapping[str, Values],
) -> Network:
    """The network whose contraction is the joint weight of the outputs' values and the evidence.

    Args:
        model: mechanisms and noise laws.
        worlds: instances; `worlds.fixed` is the evidence that fixes one instance each.
        outputs: expressions over terms of `worlds`, with the values that each may have.
        conditions: evidence that is no equality.
        couplings: what the user granted, first match wins.
        domains: for each placeholder, the values its rows may have.

    Raises:
        NeedsCoupling: a table has several instances whose joint law nothing granted decides.
        InvalidModel, InvalidQuery: as their messages say.
    """
    build = _Builder(model, worlds, couplings, domains)
    check_draws(worlds)
    for i, instance in enumerate(worlds.instances):
        build.net.instances[i] = build.instance_axis(i, instance)
    shared = dict(_shared_tables(model, worlds))
    joint = {i for members in shared.values() for i in members}
    for i, instance in enumerate(worlds.instances):
        if i not in joint:
            build.mechanism(i, instance)
    for variable, members in shared.items():
        build.tables(variable, members)
    for expr in conditions:
        build.condition(expr)
    for expr, values in outputs:
        build.output(expr, values)
    return build.net


def _shared_tables(model: Model, worlds: Worlds) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Variables given by a table that have several instances, with those."""
    for variable in dict.fromkeys(x.variable for x in worlds.instances):
        members = worlds.of_variable(variable)
        if len(members) > 1 and isinstance(model.mechanisms[variable], Table):
            yield variable, members


class _Builder:
    """One network while it is built."""

    def __init__(
        self, model: Model, worlds: Worlds, couplings: Sequence[Coupling], domains: Mapping[str, Values]
    ) -> None:
        self.model, self.worlds, self.couplings, self.domains = model, worlds, couplings, domains
        self.net = Network(impossible=worlds.impossible)

    # --- axes
    def run(self, name: str) -> Run:
        return Run(name, self.domains[name])

    def slot(self, slot: Slot) -> Axis:
        match slot:
            case Const(value):
                return Known(value)
            case Placeholder(name):
                return self.run(name)
            case _:
                return self.net.instances[slot]

    def instance_axis(self, i: int, instance: Instance) -> Axis:
        fixed = self.worlds.fixed.get(i)
        return self.net.free(self.model.states[instance.variable]) if fixed is None else self.slot(fixed)

    def noise(self, name: str) -> Free:
        law = self.model.noises[name].law
        if name not in self.net.noises:
            self.net.noises[name] = self.net.label(len(law.states))
            weights = probabilities(law)
            if weights is None:
                self.net.open[name] = self.net.noises[name]
            else:
                self.net.factors.append(Factor(np.array(weights), (self.net.noises[name],)))
        return Free(self.net.noises[name], law.states)

    # --- mechanisms
    def mechanism(self, i: int, instance: Instance) -> None:
        out, states = self.net.instances[i], self.model.states[instance.variable]
        axes = {name: self.slot(slot) for name, slot in instance.slots}
        match instance.mechanism:
            case Policy(expr):
                place_function(self.net, expr, axes, out, states, f"The policy of {instance.variable!r}")
            case Fresh(draw):
                self.draw(draw, axes, out, states)
            case Own():
                self.own(instance.variable, axes, out, states)
            case _:
                assert_never(instance.mechanism)

    def own(self, variable: str, axes: Mapping[str, Axis], out: Axis, states: Values) -> None:
        mechanism = self.model.mechanisms[variable]
        scope = {n: axes[n] if n in axes else self.noise(n) for n in mechanism.inputs}
        domains = [self.model.states[n] for n in mechanism.inputs]
        match mechanism:
            case Equation(expr):
                place_function(self.net, expr, scope, out, states, f"The equation of {variable!r}")
                return
            case NoiseTable(_, found):
                rows = np.eye(len(states))[[states.index(x) for x in found]]
            case Table(_, laws):
                rows = np.array(laws)
            case _:
                assert_never(mechanism)
        array = rows.reshape([*map(len, domains), len(states)])
        self.net.place(array, [*scope.values(), out], [*domains, states])

    def draw(self, draw: Draw, axes: Mapping[str, Axis], out: Axis, states: Values) -> None:
        domains = tuple(map(axis_values, axes.values()))
        chosen: Expr = Const(len(draw.cases) - 1)
        for k, (condition, _) in reversed(list(enumerate(draw.cases))):
            if condition is not None:
                chosen = Op("if", (condition, Const(k), chosen))
        case_of = np.array(outcomes(chosen, tuple(map(Var, axes)), domains), dtype=int).reshape([*map(len, domains)])
        laws = np.array([[dict(law).get(s, 0.0) for s in states] for _, law in draw.cases])
        self.net.place(laws[case_of], [*axes.values(), out], [*domains, states])

    def tables(self, variable: str, members: Sequence[int]) -> None:
        """Several instances of one table: their joint law needs a coupling, unless only one row is uncertain."""
        mechanism, states = self.model.mechanisms[variable], self.model.states[variable]
        assert isinstance(mechanism, Table)
        slots = [dict(self.worlds.instances[i].slots) for i in members]
        axes = [[self.slot(s[n]) if n in s else self.noise(n) for n in mechanism.inputs] for s in slots]
        domains = [self.model.states[n] for n in mechanism.inputs]
        parents = list(dict.fromkeys(a for row in axes for a in row if not isinstance(a, Known)))
        rows, possible = _configurations(axes, domains, parents)
        coupling = next((c for c in self.couplings if c.variables is None or variable in c.variables), None)
        joint, used = joint_table(variable, np.array(mechanism.rows), rows, coupling)
        if used is not None:
            self.net.couplings[variable] = used
        joint[~possible] = 0.0
        array = joint.reshape([*(len(a.values) for a in parents), *[len(states)] * len(members)])
        outs = [self.net.instances[i] for i in members]
        self.net.place(array, [*parents, *outs], [*(a.values for a in parents), *[states] * len(members)])

    # --- the event
    def event_scope(self, expr: Expr) -> tuple[Expr, dict[str, Axis]]:
        """`expr` over plain names, one for each term, and the axes of those names."""
        found: dict[str, Axis] = {}
        names: dict[Var | Placeholder, str] = {}

        def rename(leaf: Const | Placeholder | Var) -> Expr:
            if isinstance(leaf, Const):
                return leaf
            name = names.setdefault(leaf, f"\0{len(names)}")
            found[name] = self.slot(self.worlds.terms[leaf] if isinstance(leaf, Var) else leaf)
            return Var(name)

        return substitute(expr, rename), found

    def output(self, expr: Expr, values: Values) -> None:
        """An output index that carries the value of `expr`, which is among `values`."""
        plain, scope = self.event_scope(expr)
        out = self.net.free(values)
        place_function(self.net, plain, scope, out, values, "The query")
        self.net.outputs.append(out.label)
        self.net.values.append(values)

    def condition(self, expr: Expr) -> None:
        """Evidence that is no equality: only the combinations where `expr` holds keep their weight."""
        plain, scope = self.event_scope(expr)
        place_function(self.net, plain, scope, Known(True), (False, True), "The condition")


def _configurations(
    axes: Sequence[Sequence[Axis]], domains: Sequence[Values], parents: Sequence[Free | Run]
) -> tuple[Codes, NDArray[np.bool_]]:
    """For each combination of values of `parents`, the row of the table that each instance reads.

    Args:
        axes: for each instance, what stands in each input of the table.
        domains: the states of each input.
        parents: the axes that are not known.

    Returns:
        Row numbers of shape (combinations, instances), and whether every value is a state of the input it stands in.
    """
    shape = [len(a.values) for a in parents]
    codes = np.indices(shape).reshape(len(shape), -1) if shape else np.zeros((0, 1), dtype=np.intp)
    rows = np.zeros((codes.shape[1], len(axes)), dtype=np.intp)
    possible = np.ones(codes.shape[1], dtype=bool)
    for k, row in enumerate(axes):
        for axis, domain in zip(row, domains, strict=True):
            place = _place(axis, domain)
            if not isinstance(axis, Known):
                place = place[codes[parents.index(axis)]]
            possible &= place >= 0
            rows[:, k] = rows[:, k] * len(domain) + np.maximum(place, 0)
    return rows, possible


def _place(axis: Axis, domain: Values) -> Codes:
    """Where each value of an axis stands in `domain`; -1 for a value that is not there."""
    return np.array([domain.index(v) if v in domain else -1 for v in axis_values(axis)], dtype=np.intp)
