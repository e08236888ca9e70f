"""The conditional law of an expression: worlds, network, plan and run for one term of a query."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .._coupling import Coupling
from .._errors import InvalidQuery
from .._model import Model
from .._query import Distribution, Expectation, Probability, Term
from .._syntax import Const, Expr, Op, Placeholder, Value, Var, conjuncts, evaluate, print_expr, substitute, terms
from .._values import possible_values
from .._worlds import Worlds, build_worlds
from ._contract import Budget, Plan, Weights, make_plan, run_plan
from ._kernels import NeedsCoupling, TooWide
from ._network import Network, build_network

Array = NDArray[np.float64]
Values = tuple[Value, ...]
Fact = tuple[Var, "Const | Placeholder"]

MAX_CELLS = 1 << 12
"""Most joint values of the terms that consistency is tried on one by one."""
MAX_ROOT_STATES = 1 << 16
"""Most joint states of roots of unknown law that are enumerated."""


class NeedsRows(Exception):
    """Consistency can only be tried with the values of each row put in place of the placeholders."""


class TooManyRoots(TooWide):
    """The states of the roots of unknown law are too many to enumerate."""


@dataclass
class Record:
    """What solving left behind for `plan` and `derivation`."""

    plans: list[Plan] = field(default_factory=lambda: [])
    worlds: list[Worlds] = field(default_factory=lambda: [])
    couplings: dict[str, Coupling] = field(default_factory=lambda: {})
    consistency: bool = False

    def add(self, plan: Plan, worlds: Worlds) -> None:
        """Keep one plan that was made."""
        self.plans.append(plan)
        self.worlds.append(worlds)
        self.couplings.update(plan.network.couplings)


@dataclass(frozen=True)
class Setting:
    """What every term of one query is solved under."""

    model: Model
    couplings: tuple[Coupling, ...]
    budget: Budget
    columns: Mapping[str, NDArray[np.intp]]
    domains: Mapping[str, Values]
    rows: int
    record: Record


@dataclass(frozen=True)
class Leaf:
    """A term's value for every state of the roots of unknown law.

    Attributes:
        value: axes: roots, then states of a distribution, then rows; NaN where not `defined`.
        defined: axes: roots, then rows: the evidence has positive weight.
        roots: names of the noises of unknown law.
        states: of each root.
    """

    value: Array
    defined: NDArray[np.bool_]
    roots: tuple[str, ...] = ()
    states: tuple[Values, ...] = ()


def split_given(model: Model, given: Expr | None) -> tuple[tuple[Fact, ...], tuple[Expr, ...]]:
    """Evidence that fixes one term each, and the rest."""
    facts: list[Fact] = []
    rest: list[Expr] = []
    for part in conjuncts(given):
        fact = as_fact(model, part)
        if fact is None:
            rest.append(part)
        else:
            facts.append(fact)
    return tuple(facts), tuple(rest)


def as_fact(model: Model, part: Expr) -> Fact | None:
    """`part` as `term = value`, if that is what it says."""
    match part:
        case Op("=", (Var() as term, (Const() | Placeholder()) as value)) | Op(
            "=", ((Const() | Placeholder()) as value, Var() as term)
        ):
            return term, value
        case Op("not", (Var() as term,)):
            false = next((s for s in model.states[term.name] if not isinstance(s, str) and s == 0), None)
            return None if false is None else (term, Const(false))
        case _:
            return None


# ---------------------------------------------------------------------------------------------------------------------
# Contractions


def joint_weights(
    setting: Setting,
    facts: Sequence[Fact],
    conditions: Sequence[Expr],
    outputs: Sequence[tuple[Expr, Values]],
    *,
    weigh_roots: bool = False,
) -> tuple[Weights, Network] | None:
    """Joint weights of outputs, roots of unknown law, and rows; None where the facts contradict one another."""
    asked = [t for expr, _ in outputs for t in terms(expr)] + [t for c in conditions for t in terms(c)]
    worlds = build_worlds(setting.model.graph, asked, facts)
    if worlds.impossible:
        return None
    network = build_network(setting.model, worlds, outputs, conditions, setting.couplings, setting.domains)
    if network.impossible:
        return None
    roots = [] if weigh_roots else list(network.open.values())
    if math.prod(network.sizes[x] for x in roots) > MAX_ROOT_STATES:
        raise TooManyRoots(
            f"{len(roots)} roots of unknown law have {math.prod(network.sizes[x] for x in roots):,} joint states; at most "
            f"{MAX_ROOT_STATES:,} are enumerated. State the law of some of them, or observe more."
        )
    plan = make_plan(network, [*network.outputs, *roots], setting.budget)
    setting.record.add(plan, worlds)
    return run_plan(plan, setting.columns, setting.rows, setting.budget), network


def _leaf(values: Array, total: Array, network: Network, cells: int) -> Leaf:
    """Divide by the evidence's weight; axes of `values`: cells, roots, rows; of `total`: roots, rows."""
    defined = total > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(defined, values / total, np.nan)
    value = np.moveaxis(value, range(cells), range(-1 - cells, -1)) if cells else value
    return Leaf(value, defined, tuple(network.open), tuple(_root_states(network)))


def _root_states(network: Network) -> Iterable[Values]:
    return (tuple(range(network.sizes[label])) for label in network.open.values())


def _undefined(setting: Setting, shape: tuple[int, ...] = ()) -> Leaf:
    return Leaf(np.full((*shape, setting.rows), np.nan), np.zeros(setting.rows, dtype=bool))


def term_leaf(setting: Setting, term: Term) -> Leaf:
    """A term's value for every state of its roots of unknown law and every row.

    Raises:
        NeedsCoupling: a table's instances need a coupling that was not granted, and consistency does not decide.
        TooWide: the forecast exceeds the budget.
        InvalidQuery: an expectation of labels.
    """
    facts, conditions = split_given(setting.model, term.given)
    match term:
        case Probability(event):
            return _probability(setting, event, facts, conditions)
        case Distribution(of):
            return _distribution(setting, of, facts, conditions)
        case Expectation(expr):
            return _expectation(setting, expr, facts, conditions)


def _probability(setting: Setting, event: Expr, facts: tuple[Fact, ...], conditions: tuple[Expr, ...]) -> Leaf:
    try:
        found = joint_weights(setting, facts, conditions, [(event, (False, True))])
    except NeedsCoupling:
        return _by_cells(setting, event, facts, conditions)
    if found is None:
        return _undefined(setting)
    weights, network = found
    return _leaf(weights.mantissa[1], weights.mantissa.sum(axis=0), network, 0)


def _distribution(setting: Setting, of: tuple[Var, ...], facts: tuple[Fact, ...], conditions: tuple[Expr, ...]) -> Leaf:
    domains = [setting.model.states[t.name] for t in of]
    shape = tuple(len(d) for d in domains)
    if math.prod(shape) > 1 << 20:
        raise TooWide(f"The joint distribution asked for has {math.prod(shape):,} cells. Ask for fewer terms at once.")
    try:
        found = joint_weights(setting, facts, conditions, list(zip(of, domains, strict=True)))
    except NeedsCoupling:
        cells = [
            _by_cells(
                setting,
                Op("and", tuple(Op("=", (t, Const(v))) for t, v in zip(of, cell, strict=True))),
                facts,
                conditions,
            )
            for cell in itertools.product(*domains)
        ]
        value = np.stack([c.value for c in cells], axis=-2)
        return Leaf(
            value.reshape(*value.shape[:-2], *shape, value.shape[-1]), cells[0].defined, cells[0].roots, cells[0].states
        )
    if found is None:
        return _undefined(setting, shape)
    weights, network = found
    total = weights.mantissa.sum(axis=tuple(range(len(of))))
    return _leaf(weights.mantissa, total, network, len(of))


def linear_parts(expr: Expr) -> tuple[tuple[float, Expr], ...]:
    """`expr` as a sum of coefficients times parts: expectations add, whatever the joint law."""
    match expr:
        case Op("+", args):
            return tuple(part for a in args for part in linear_parts(a))
        case Op("neg", (arg,)):
            return tuple((-c, e) for c, e in linear_parts(arg))
        case Op("*", args) if sum(not isinstance(a, Const) for a in args) == 1:
            scale = 1.0
            rest: Expr = expr
            for a in args:
                if isinstance(a, Const) and not isinstance(a.value, str):
                    scale *= a.value
                else:
                    rest = a
            return tuple((scale * c, e) for c, e in linear_parts(rest))
        case _:
            return ((1.0, expr),)


def _expectation(setting: Setting, expr: Expr, facts: tuple[Fact, ...], conditions: tuple[Expr, ...]) -> Leaf:
    parts = [_expected(setting, e, facts, conditions) for _, e in linear_parts(expr)]
    return add_leaves([(c, leaf) for (c, _), leaf in zip(linear_parts(expr), parts, strict=True)])


def _expected(setting: Setting, expr: Expr, facts: tuple[Fact, ...], conditions: tuple[Expr, ...]) -> Leaf:
    values = _numeric_values(setting, expr)
    try:
        found = joint_weights(setting, facts, conditions, [(expr, values)])
    except NeedsCoupling:
        wanted = [v for v in values if v != 0]
        cells = [_by_cells(setting, Op("=", (expr, Const(v))), facts, conditions) for v in wanted]
        return add_leaves([(float(v), leaf) for v, leaf in zip(wanted, cells, strict=True)])
    if found is None:
        return _undefined(setting)
    weights, network = found
    numbers = np.array([float(v) for v in values])
    return _leaf(np.tensordot(numbers, weights.mantissa, axes=(0, 0)), weights.mantissa.sum(axis=0), network, 0)


def _numeric_values(setting: Setting, expr: Expr) -> tuple[Value, ...]:
    scope: dict[str, Sequence[Value]] = {}
    plain: dict[Var | Placeholder, Var] = {}
    stack: list[Expr] = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, Op):
            stack += node.args
        elif isinstance(node, Var):
            scope[plain.setdefault(node, Var(f"{len(plain)}")).name] = setting.model.states[node.name]
        elif isinstance(node, Placeholder):
            scope[plain.setdefault(node, Var(f"{len(plain)}")).name] = setting.domains[node.name]
    values, _ = possible_values(
        substitute(expr, lambda leaf: plain.get(leaf, leaf) if not isinstance(leaf, Const) else leaf), scope, "E[...]"
    )
    for value in values:
        if isinstance(value, str):
            raise InvalidQuery(
                f"E[{print_expr(expr)}] needs numbers, but {value!r} is a label. Ask for P({print_expr(expr)}), or give numeric states."
            )
    return values


def add_leaves(parts: Sequence[tuple[float, Leaf]]) -> Leaf:
    """A weighted sum; roots are aligned by name."""
    roots, states = union_roots([leaf for _, leaf in parts])
    spread = [(c, align(leaf, roots, states)) for c, leaf in parts]
    value = sum((c * leaf.value for c, leaf in spread), np.zeros(()))
    defined = np.logical_and.reduce([leaf.defined for _, leaf in spread])
    return Leaf(np.asarray(value), defined, roots, states)


def union_roots(leaves: Sequence[Leaf]) -> tuple[tuple[str, ...], tuple[Values, ...]]:
    """The roots of all leaves, each once."""
    found = {name: states for leaf in leaves for name, states in zip(leaf.roots, leaf.states, strict=True)}
    if math.prod(len(s) for s in found.values()) > MAX_ROOT_STATES:
        raise TooManyRoots(
            f"The roots of unknown law have more than {MAX_ROOT_STATES:,} joint states. State the law of some of them."
        )
    return tuple(found), tuple(found.values())


def align(leaf: Leaf, roots: tuple[str, ...], states: tuple[Values, ...]) -> Leaf:
    """The same leaf with one axis for each of `roots`, in that order."""

    def spread(array: Array) -> Array:
        own = len(leaf.roots)
        order = [leaf.roots.index(r) for r in roots if r in leaf.roots]
        array = np.transpose(array, [*order, *range(own, array.ndim)])
        shape: list[int] = []
        for r, s in zip(roots, states, strict=True):
            shape.append(len(s) if r in leaf.roots else 1)
        return array.reshape([*shape, *array.shape[own:]])

    full = tuple(len(s) for s in states)
    value, defined = spread(leaf.value), spread(leaf.defined.astype(float)) > 0
    return Leaf(
        np.broadcast_to(value, full + value.shape[len(full) :]),
        np.broadcast_to(defined, full + defined.shape[len(full) :]),
        roots,
        states,
    )


# ---------------------------------------------------------------------------------------------------------------------
# Where only consistency decides


def _by_cells(setting: Setting, event: Expr, facts: tuple[Fact, ...], conditions: tuple[Expr, ...]) -> Leaf:
    """P(event | facts) as a sum over the joint values of its terms, each value substituted where it is read.

    Knowing the value of every term of the event can make instances equal (consistency), so that no coupling is needed.
    """
    if setting.columns:
        raise NeedsRows
    total = joint_weights(setting, facts, conditions, [])
    if total is None:
        return _undefined(setting)
    asked = tuple(terms(event))
    domains = [setting.model.states[t.name] for t in asked]
    if math.prod(map(len, domains)) > MAX_CELLS:
        raise TooWide(
            f"The event has {math.prod(map(len, domains)):,} joint values of its terms; consistency is tried on at most {MAX_CELLS:,}."
        )
    cells: dict[bool, list[tuple[Fact, ...]]] = {True: [], False: []}
    for cell in itertools.product(*domains):
        values = dict(zip(asked, cell, strict=True))
        cells[bool(evaluate(event, values.__getitem__))].append(tuple((t, Const(v)) for t, v in values.items()))
    try:
        found, flip = _sum_cells(setting, cells[True], facts, conditions, total), False
    except NeedsCoupling:
        found, flip = _sum_cells(setting, cells[False], facts, conditions, total), True
    setting.record.consistency = True
    network = total[1]
    ones = _leaf(total[0].mantissa, total[0].mantissa, network, 0)
    leaf = add_leaves([(0.0, ones), (1.0, found)])
    return add_leaves([(1.0, ones), (-1.0, leaf)]) if flip else leaf


def _sum_cells(
    setting: Setting,
    cells: Sequence[tuple[Fact, ...]],
    facts: tuple[Fact, ...],
    conditions: tuple[Expr, ...],
    total: tuple[Weights, Network],
) -> Leaf:
    base = _leaf(total[0].mantissa, total[0].mantissa, total[1], 0)
    parts: list[tuple[float, Leaf]] = [(0.0, base)]
    for cell in cells:
        found = joint_weights(setting, (*facts, *cell), conditions, [])
        if found is None:
            continue
        weights, network = found
        scaled = np.ldexp(weights.mantissa, weights.exponent - total[0].exponent)
        part = Leaf(scaled, np.ones(scaled.shape, dtype=bool), tuple(network.open), tuple(_root_states(network)))
        roots, states = union_roots([part, base])
        bottom = Leaf(total[0].mantissa, base.defined, base.roots, base.states)
        top, low = align(part, roots, states), align(bottom, roots, states)
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append((1.0, Leaf(np.where(low.defined, top.value / low.value, np.nan), low.defined, roots, states)))
    return add_leaves(parts)
