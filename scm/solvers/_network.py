"""From worlds and a model to a network of factors.

Instances, noises and the values of sub-expressions become indices; mechanisms become factors over them. A known value
slices a factor's axis; a value that comes row by row (a placeholder) leaves an axis that is gathered at run time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from .._coupling import Coupling
from .._errors import InvalidModel
from .._mechanism import Equation, NoiseTable, Table
from .._model import Model
from .._noise import probabilities
from .._syntax import Const, Expr, Op, Placeholder, Value, Var, print_const, print_expr, substitute, terms
from .._values import GRID, outcomes
from .._worlds import Fresh, Instance, Own, Policy, Slot, Worlds
from ._kernels import joint_table

Array = NDArray[np.float64]
Values: TypeAlias = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Free:
    """An index of the network, and the value that each of its positions stands for."""

    label: int
    values: Values


@dataclass(frozen=True, slots=True)
class Known:
    """A value known when the plan is made."""

    value: Value


@dataclass(frozen=True, slots=True)
class Run:
    """A value that each row gives: the position of a placeholder's value in `values`."""

    name: str
    values: Values


Axis: TypeAlias = Free | Known | Run


@dataclass(frozen=True, slots=True)
class Factor:
    """An array with one axis a label; `gathers` name the placeholders of its leading axes, gathered before use."""

    array: Array
    labels: tuple[int, ...]
    gathers: tuple[str, ...] = ()


@dataclass
class Network:
    """Factors over labelled indices; `outputs` stay, every other index is summed out.

    Attributes:
        factors: their product, summed, is the joint weight of outputs and evidence.
        sizes: states of each label.
        outputs: one label for each expression asked.
        values: what each position of each output stands for.
        open: labels of noises of unknown law, with the noises' names.
    """

    factors: list[Factor] = field(default_factory=lambda: [])
    sizes: dict[int, int] = field(default_factory=lambda: {})
    outputs: list[int] = field(default_factory=lambda: [])
    values: list[Values] = field(default_factory=lambda: [])
    open: dict[str, int] = field(default_factory=lambda: {})
    noises: dict[str, int] = field(default_factory=lambda: {})
    instances: dict[int, Axis] = field(default_factory=lambda: {})
    couplings: dict[str, Coupling] = field(default_factory=lambda: {})
    impossible: bool = False


class _Build:
    def __init__(
        self, model: Model, worlds: Worlds, couplings: Sequence[Coupling], domains: Mapping[str, Values]
    ) -> None:
        self.model, self.worlds, self.couplings, self.domains = model, worlds, couplings, domains
        self.net = Network(impossible=worlds.impossible)

    # --- indices
    def label(self, size: int) -> int:
        label = len(self.net.sizes)
        self.net.sizes[label] = size
        return label

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
        values = self.model.states[instance.variable]
        fixed = self.worlds.fixed.get(i)
        match fixed:
            case None:
                return Free(self.label(len(values)), values)
            case Const(value):
                return Known(value)
            case Placeholder(name):
                return self.run(name)
            case _:
                assert_never(fixed)

    def noise(self, name: str) -> Free:
        law = self.model.noises[name].law
        if name not in self.net.noises:
            self.net.noises[name] = self.label(len(law.states))
            weights = probabilities(law)
            if weights is None:
                self.net.open[name] = self.net.noises[name]
            else:
                self.net.factors.append(Factor(np.array(weights), (self.net.noises[name],)))
        return Free(self.net.noises[name], law.states)

    # --- factors
    def place(self, array: Array, axes: Sequence[Axis], values: Sequence[Values]) -> None:
        """Add a factor: known axes sliced, row-wise axes first, repeated labels taken along the diagonal."""
        index: list[int | slice] = []
        kept: list[Free | Run] = []
        for axis, own in zip(axes, values, strict=True):
            if isinstance(axis, Known):
                if axis.value not in own:
                    self.net.impossible = True
                    return
                index.append(own.index(axis.value))
            else:
                index.append(slice(None))
                if axis.values != own:  # by nesting, what stands here may be another variable's, with other states
                    array = _relabelled(array, len(index) - 1, own, axis.values)
                kept.append(axis)
        array = array[tuple(index)]
        runs = [i for i, axis in enumerate(kept) if isinstance(axis, Run)]
        free = [(i, axis.label) for i, axis in enumerate(kept) if isinstance(axis, Free)]
        labels = tuple(dict.fromkeys(label for _, label in free))
        order = {label: n for n, label in enumerate(labels)}
        subscripts = [0] * len(kept)
        for n, i in enumerate(runs):
            subscripts[i] = len(labels) + n
        for i, label in free:
            subscripts[i] = order[label]
        array = np.einsum(array, subscripts, [*range(len(labels), len(labels) + len(runs)), *range(len(labels))])
        names = tuple(axis.name for axis in kept if isinstance(axis, Run))
        self.net.factors.append(Factor(np.array(array, order="C"), labels, names))

    def mechanism(self, i: int, instance: Instance) -> None:
        out = self.net.instances[i]
        states = self.model.states[instance.variable]
        axes = {name: self.slot(slot) for name, slot in instance.slots}
        match instance.mechanism:
            case Policy(expr):
                self.function(expr, axes, out, states, f"The policy of {instance.variable!r}")
            case Fresh(draw):
                self.draw(draw.cases, axes, out, states)
            case Own():
                self.own(instance.variable, axes, out, states)
            case _:
                assert_never(instance.mechanism)

    def own(self, variable: str, axes: dict[str, Axis], out: Axis, states: Values) -> None:
        mechanism = self.model.mechanisms[variable]
        scope = {n: axes[n] if n in axes else self.noise(n) for n in mechanism.inputs}
        match mechanism:
            case Equation(expr):
                self.function(expr, scope, out, states, f"The equation of {variable!r}")
            case NoiseTable(inputs, found):
                domains = [self.model.states[n] for n in inputs]
                picked = np.array([states.index(x) for x in found]).reshape([len(d) for d in domains])
                self.place(np.eye(len(states))[picked], [*(scope[n] for n in inputs), out], [*domains, states])
            case Table(inputs, rows):
                domains = [self.model.states[n] for n in inputs]
                array = np.array(rows).reshape([*(len(d) for d in domains), len(states)])
                self.place(array, [*(scope[n] for n in inputs), out], [*domains, states])
            case _:
                assert_never(mechanism)

    def tables(self, variable: str, members: Sequence[int]) -> None:
        """Several instances of one table: their joint law needs a coupling, unless only one row is uncertain."""
        mechanism = self.model.mechanisms[variable]
        assert isinstance(mechanism, Table)
        states = self.model.states[variable]
        slots = [dict(self.worlds.instances[i].slots) for i in members]
        axes = [[self.slot(s[n]) for n in mechanism.inputs] for s in slots]
        domains = [self.model.states[n] for n in mechanism.inputs]
        coupling = next((c for c in self.couplings if c.variables is None or variable in c.variables), None)
        parents = list(dict.fromkeys(a for row in axes for a in row if not isinstance(a, Known)))
        shape = [len(a.values) for a in parents]
        codes = np.indices(shape).reshape(len(shape), -1) if shape else np.zeros((0, 1), dtype=int)
        rows = np.zeros((codes.shape[1], len(members)), dtype=np.intp)
        possible = np.ones(codes.shape[1], dtype=bool)
        for k, row in enumerate(axes):
            for axis, domain in zip(row, domains, strict=True):
                if isinstance(axis, Known):
                    place = np.intp(domain.index(axis.value))
                else:
                    position = np.array([domain.index(v) if v in domain else -1 for v in axis.values])
                    place = position[codes[parents.index(axis)]]
                    possible &= place >= 0
                rows[:, k] = rows[:, k] * len(domain) + np.maximum(place, 0)
        joint, used = joint_table(variable, np.array(mechanism.rows), rows, coupling)
        if used is not None:
            self.net.couplings[variable] = used
        joint[~possible] = 0.0
        array = joint.reshape([*shape, *[len(states)] * len(members)])
        outs = [self.net.instances[i] for i in members]
        self.place(array, [*parents, *outs], [*(a.values for a in parents), *[states] * len(members)])

    def draw(
        self,
        cases: Sequence[tuple[Expr | None, tuple[tuple[Value, float], ...]]],
        axes: Mapping[str, Axis],
        out: Axis,
        states: Values,
    ) -> None:
        leaves = tuple(Var(n) for n in axes)
        domains = tuple(self.axis_values(a) for a in axes.values())
        chosen: Expr = Const(len(cases) - 1)
        for k, (condition, _) in reversed(list(enumerate(cases))):
            if condition is not None:
                chosen = Op("if", (condition, Const(k), chosen))
        picked = np.array(outcomes(chosen, leaves, domains), dtype=int).reshape([len(d) for d in domains])
        laws = np.array([[dict(law).get(s, 0.0) for s in states] for _, law in cases])
        self.place(laws[picked], [*axes.values(), out], [*domains, states])

    @staticmethod
    def axis_values(axis: Axis) -> Values:
        return (axis.value,) if isinstance(axis, Known) else axis.values

    def function(self, expr: Expr, scope: Mapping[str, Axis], out: Axis, states: Values, where: str) -> None:
        """The factor of `out = expr`, split by sub-expressions where one grid would be too large."""
        expr, leaves = self.small(substitute(expr, lambda leaf: _known(leaf, scope)), scope)
        axes = [leaves[leaf] for leaf in terms(expr)]
        domains = tuple(self.axis_values(a) for a in axes)
        self.place(_grid(expr, tuple(terms(expr)), domains, states, where), [*axes, out], [*domains, states])

    def small(self, expr: Expr, scope: Mapping[str, Axis]) -> tuple[Expr, dict[Var, Axis]]:
        """`expr` over few enough combinations, large arguments replaced by indices of their own."""
        leaves = {t: scope[t.name] for t in terms(expr)}
        if math.prod(len(self.axis_values(a)) for a in leaves.values()) <= GRID or not isinstance(expr, Op):
            return expr, leaves
        parts: list[tuple[Expr, Axis]] = []
        for k, arg in enumerate(expr.args):
            axis = self.value(arg, scope) if isinstance(arg, Op) else None
            parts.append((arg, Known(arg.value)) if isinstance(arg, Const) else (Var(f"\0{k}"), axis or leaves[arg]))  # type: ignore[index]
        if len(parts) > 2 and expr.op in ("and", "or", "xor", "+", "*"):
            parts = self.folded(expr, parts)
        args = tuple(e for e, _ in parts)
        found = {e: a for e, a in parts if isinstance(e, Var)}
        size = math.prod(len(self.axis_values(a)) for a in found.values())
        if size > GRID * 64:
            raise InvalidModel(
                f"{print_expr(expr)[:80]} has {size:,} combinations of values, too many to tabulate. Split it."
            )
        return Op(expr.op, args), found

    def folded(self, expr: Op, parts: list[tuple[Expr, Axis]]) -> list[tuple[Expr, Axis]]:
        """All but two arguments of a long associative operation, combined two by two."""
        while len(parts) > 2:
            (a, a_axis), (b, b_axis), *rest = parts
            pair = Op(expr.op, (a, b))
            scope = {e.name: x for e, x in ((a, a_axis), (b, b_axis)) if isinstance(e, Var)}
            parts = [*rest, (Var(f"\0f{self.label(1)}"), self.value(pair, scope))]
        return parts

    def value(self, expr: Expr, scope: Mapping[str, Axis]) -> Free:
        """A new index that carries the value of `expr`."""
        expr, leaves = self.small(expr, scope)
        order = tuple(terms(expr))
        axes = [leaves[leaf] for leaf in order]
        domains = tuple(self.axis_values(a) for a in axes)
        values = tuple(dict.fromkeys(outcomes(expr, order, domains)))
        out = Free(self.label(len(values)), values)
        self.place(_grid(expr, order, domains, values, "An expression"), [*axes, out], [*domains, values])
        return out

    # --- the event
    def event_scope(self, expr: Expr) -> tuple[Expr, dict[str, Axis]]:
        """`expr` over plain names, one for each term, and the axes of those names."""
        found: dict[str, Axis] = {}
        names: dict[Var | Placeholder, str] = {}

        def rename(leaf: Const | Placeholder | Var) -> Expr:
            if isinstance(leaf, Const):
                return leaf
            name = names.setdefault(leaf, f"\0{len(names)}")
            if isinstance(leaf, Var):
                found[name] = self.slot(self.worlds.terms[leaf])
            else:
                found[name] = self.run(leaf.name)
            return Var(name)

        return substitute(expr, rename), found

    def output(self, expr: Expr, values: Values) -> None:
        """An output index that carries the value of `expr`, which is among `values`."""
        plain, scope = self.event_scope(expr)
        out = Free(self.label(len(values)), values)
        self.function(plain, scope, out, values, "The query")
        self.net.outputs.append(out.label)
        self.net.values.append(values)

    def condition(self, expr: Expr) -> None:
        """Evidence that is no equality: only the combinations where `expr` holds keep their weight."""
        plain, scope = self.event_scope(expr)
        self.function(plain, scope, Known(True), (False, True), "The condition")


def _relabelled(array: Array, axis: int, own: Values, values: Values) -> Array:
    """`array` with one axis over `values` instead of `own`; a value that is not there has no weight."""
    nothing = np.zeros_like(np.take(array, [0], axis=axis))
    place = [own.index(v) if v in own else -1 for v in values]
    return np.take(np.concatenate([array, nothing], axis=axis), place, axis=axis)


def _known(leaf: Const | Placeholder | Var, scope: Mapping[str, Axis]) -> Expr:
    axis = scope[leaf.name] if isinstance(leaf, Var) else None
    return Const(axis.value) if isinstance(axis, Known) else leaf


def _grid(expr: Expr, leaves: tuple[Var, ...], domains: tuple[Values, ...], values: Values, where: str) -> Array:
    """0/1 array over the leaves' values and `values`: where the expression has that value."""
    # Names do not matter to the numbers: one grid serves every equation of the same shape.
    order = {leaf: Var(str(i)) for i, leaf in enumerate(leaves)}
    plain = substitute(expr, lambda leaf: order[leaf] if isinstance(leaf, Var) else leaf)
    return _grid_of(plain, tuple(order.values()), domains, values, where)


@lru_cache(maxsize=4096)
def _grid_of(expr: Expr, leaves: tuple[Var, ...], domains: tuple[Values, ...], values: Values, where: str) -> Array:
    found = outcomes(expr, leaves, domains)
    place = {value: k for k, value in enumerate(values)}
    for combination, value in enumerate(found):
        if value not in place:
            at = np.unravel_index(combination, [len(d) for d in domains])
            named = ", ".join(repr(d[int(k)]) for d, k in zip(domains, at, strict=True))
            raise InvalidModel(f"{where} gives {print_const(value)} for ({named}); its states are {values}.")
    array = np.zeros((len(found), len(values)))
    array[np.arange(len(found)), [place[value] for value in found]] = 1.0
    return array.reshape([*(len(d) for d in domains), len(values)])


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
    build = _Build(model, worlds, couplings, domains)
    for i, instance in enumerate(worlds.instances):
        build.net.instances[i] = build.instance_axis(i, instance)
    shared = [
        (v, worlds.of_variable(v))
        for v in dict.fromkeys(x.variable for x in worlds.instances)
        if isinstance(model.mechanisms[v], Table) and len(worlds.of_variable(v)) > 1
    ]
    joint = {i for _, members in shared for i in members}
    for i, instance in enumerate(worlds.instances):
        if i not in joint:
            build.mechanism(i, instance)
    for variable, members in shared:
        build.tables(variable, members)
    for expr in conditions:
        build.condition(expr)
    for expr, values in outputs:
        build.output(expr, values)
    return build.net
