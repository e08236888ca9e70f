"""The model that attains an end: laws of response types as an ordinary `Model`, and a check of it.

A block becomes one noise, whose states are the columns of positive weight, and each of its variables reads off its own
response: a noise table of its parents and that noise.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .._graph import CausalGraph
from .._model import Model
from .._noise import Categorical, Noise
from .._query import Probability, Query
from .._study import KnownLaw
from .._syntax import Const, Expr, Op, Set, Value, Var, conjunction, terms, world
from .._variable import Variable
from ..solvers import Budget, Record, Setting
from ..solvers.exact import solve
from ._frame import States
from ._known import Known
from ._programme import Array, Block, Coordinate, Programme

FAINT = 1e-13
"""Weights below are rounding: their columns are left out."""
_NONE: Mapping[str, Expr] = {}


def model_of(
    graph: CausalGraph,
    states: States,
    programme: Programme,
    laws: Sequence[Array],
    *,
    equations: Mapping[str, Expr] = _NONE,
) -> Model:
    """The model over the observed variables in which each block has the law given.

    Variables that the programme says nothing of are fair draws; so are responses that nothing reads the first state.

    Args:
        graph: the causal graph, as it was given to `programme_of`.
        states: of each variable.
        programme: what it made of them.
        laws: one for each block, shape (columns,); rounding is taken off.
        equations: mechanisms that are known.
    """
    parents = {c.variable: tuple(p for p, _ in c.parents) for block in programme.blocks for c in block.coordinates}
    parents |= {name: tuple(t.name for t in terms(expr)) for name, expr in equations.items()}
    named = {name for block in programme.blocks for name in block.members}.union(parents, *parents.values())
    taken, items = {*graph.variables}, list[Variable | Noise]()
    own: dict[str, tuple[Block, str, NDArray[np.int16]]] = {}
    for block, law in zip(programme.blocks, laws, strict=True):
        weights, types = responses(block, law)
        label = free_name("U_" + "_".join(block.members), taken)
        items.append(Noise(label, Categorical({i: float(w) for i, w in enumerate(weights)})))
        own |= {name: (block, label, types) for name in block.members}
    for name in (name for name in graph.order if name in named or name not in graph.hidden):
        if name in equations:
            items.append(Variable(name, states[name], equation=equations[name]))
        elif name in own:
            items.append(_responding(states, name, parents.get(name, ()), *own[name]))
        else:
            items.append(Variable(name, states[name], table=(1 / len(states[name]),) * len(states[name])))
    return Model(*items)


def responses(block: Block, law: Array) -> tuple[Array, NDArray[np.int16]]:
    """A law as that of one noise: its weights, and for each state the position of the state at each coordinate.

    Groups of columns, which nothing reads together, are joined by their quantiles: that takes the fewest states.
    """
    parts = [np.flatnonzero((block.groups == g) & (law > FAINT)) for g in np.unique(block.groups)]
    if len(parts) == 1:
        return law[parts[0]] / law[parts[0]].sum(), block.types[parts[0]]
    ends = [np.cumsum(law[part]) / law[part].sum() for part in parts]
    edges = np.unique(np.clip(np.concatenate([[0.0], *ends]), 0.0, 1.0))
    wide = np.diff(edges) > FAINT
    weights, middles = np.diff(edges)[wide], ((edges[1:] + edges[:-1]) / 2)[wide]
    types = np.zeros((len(weights), len(block.coordinates)), dtype=np.int16)
    for part, end in zip(parts, ends, strict=True):
        own = block.types[part[np.minimum(np.searchsorted(end, middles), len(part) - 1)]]
        types = np.where(own >= 0, own, types)
    return weights / weights.sum(), types


def free_name(name: str, taken: set[str]) -> str:
    """`name`, with strokes behind it until nothing else is called so; it is then taken."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _responding(
    states: States, name: str, parents: tuple[str, ...], block: Block, label: str, types: NDArray[np.int16]
) -> Variable:
    """A variable that reads its response off the noise of its block."""
    column = {c: k for k, c in enumerate(block.coordinates) if c.variable == name}
    function: dict[tuple[Value, ...], Value] = {}
    for row in itertools.product(*(states[p] for p in parents)):
        k = column.get(Coordinate(name, tuple(zip(parents, row, strict=True))))
        for i in range(len(types)):
            function[*row, i] = states[name][0 if k is None else int(types[i, k])]
    return Variable(name, states[name], parents=(*parents, label), function=function)


# ---------------------------------------------------------------------------------------------------------------------
# The check


def verified(
    graph: CausalGraph,
    states: States,
    programme: Programme,
    laws: Sequence[Array],
    query: Query,
    *,
    equations: Mapping[str, Expr] = _NONE,
    given: Sequence[KnownLaw] = (),
    known: Sequence[Known] = (),
) -> tuple[float, float]:
    """What the exact solver says of the query in the model that attains an end, and the largest miss of what is known.

    Args:
        graph: see `model_of`; so are the next three.
        states: of each variable.
        programme: what was solved.
        laws: of its blocks.
        query: what was asked.
        equations: mechanisms that are known.
        given: laws that the model is checked against by the exact solver.
        known: what else it is checked against so; the limits of the programme are always checked, at the laws with
            their rounding taken off.

    Returns:
        The value (NaN where its condition has probability zero), and the largest miss, in units of probability.
    """
    model = model_of(graph, states, programme, laws, equations=equations)
    missed = programme.broken(tuple(_whole(block, law) for block, law in zip(programme.blocks, laws, strict=True)))
    for law in given:
        missed = max(missed, _missed_law(model, states, law))
    for item in known:
        found = sum(w * (1.0 if e is None else exact_value(model, Probability(e))) for w, e in item.combination)
        missed = max(missed, item.low - found, found - item.high)
    return exact_value(model, query), missed


def _whole(block: Block, law: Array) -> Array:
    """A law with its rounding taken off."""
    found = np.where(law > FAINT, law, 0.0)
    return found / np.bincount(block.groups, found)[block.groups]


def exact_value(model: Model, query: Query) -> float:
    """A number by the exact solver; NaN where it is undefined."""
    found = solve(Setting(model, (), Budget(), {}, {}, 1, Record()), query)
    return float(found.lower.reshape(-1)[0]) if found.defined.all() else float("nan")


def _missed_law(model: Model, states: States, law: KnownLaw) -> float:
    worst, axes = 0.0, (*law.do, *law.variables)
    array = np.asarray(law.array, dtype=float)
    for cell in itertools.product(*(range(len(states[name])) for name in axes)):
        at = {name: Const(states[name][i]) for name, i in zip(axes, cell, strict=True)}
        where = world(*(Set(name, at[name]) for name in law.do))
        event = conjunction(*(Op("=", (Var(name, where), at[name])) for name in law.variables))
        worst = max(worst, abs(exact_value(model, Probability(event)) - float(array[cell])))
    return worst
