"""A random law over the same graph.

On it statements hold exactly, so that what follows from what can be told apart from rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np

from .._graph import CausalGraph
from .._syntax import Value
from ._atoms import Array, Atoms, Regime

HIDDEN_STATES = 5
"""Of a hidden common cause, and of a hidden variable that no number is given for: enough to be general."""

MAX_AXES = 50
"""Most variables that one contraction of NumPy takes."""


def reference_law(graph: CausalGraph, atoms: Atoms, seed: int, moved: tuple[int, float] | None = None) -> Array:
    """The probabilities of all atoms in a random model of `graph`, every one above zero where it can be.

    Args:
        graph: whose law.
        atoms: at which.
        seed: of the model.
        moved: an entry of the tables, counted through all of them, and by how much its logarithm is larger.

    Raises:
        IndexError: there is no such entry.
    """
    rng = np.random.default_rng(seed)
    wanted = {*atoms.variables, *(name for regime in atoms.regimes for name, _ in regime)}
    kept = [name for name in graph.order if any(name in graph.ancestors[w] for w in wanted)]
    commons = [(a, b) for a, b in graph.confounded if a in kept and b in kept]
    axis = {name: i for i, name in enumerate(kept)}
    size = [_size(graph, atoms.states, name, wanted) for name in kept] + [HIDDEN_STATES] * len(commons)
    tables: dict[str, tuple[Array, list[int]]] = {}
    for name in kept:
        causes = [axis[p] for p in graph.parents[name]]
        causes += [len(kept) + k for k, pair in enumerate(commons) if name in pair]
        table = rng.dirichlet(np.ones(size[axis[name]]), tuple(size[c] for c in causes))
        tables[name] = 0.9 * table + 0.1 / size[axis[name]], [*causes, axis[name]]
    roots = [(rng.dirichlet(np.full(HIDDEN_STATES, 2.0)), [len(kept) + k]) for k in range(len(commons))]
    if moved is not None:
        _move([table for table, _ in (*tables.values(), *roots)], *moved)
    out = [axis[name] for name in atoms.variables]
    blocks = [_block(atoms, regime, tables, roots, axis, out) for regime in atoms.regimes]
    return np.concatenate(blocks)


def _move(tables: Sequence[Array], entry: int, by: float) -> None:
    """Make one entry of one table larger; its law still adds up to one."""
    for table in tables:
        if entry < table.size:
            table.flat[entry] *= np.exp(by)
            table /= table.sum(axis=-1, keepdims=True)
            return
        entry -= table.size
    raise IndexError(entry)


def _size(graph: CausalGraph, states: Mapping[str, Sequence[Value]], name: str, wanted: set[str]) -> int:
    own = len(states[name])
    return own if name in wanted or name not in graph.hidden else max(own, HIDDEN_STATES)


def _block(
    atoms: Atoms,
    regime: Regime,
    tables: Mapping[str, tuple[Array, list[int]]],
    roots: Sequence[tuple[Array, list[int]]],
    axis: Mapping[str, int],
    out: list[int],
) -> Array:
    imposed = dict(regime)
    operands: list[object] = []
    for name, (table, axes) in tables.items():
        if name in imposed:
            states = atoms.states[name]
            operands += [np.eye(len(states))[states.index(imposed[name])], [axis[name]]]
        else:
            operands += [table, axes]
    for table, axes in roots:
        operands += [table, axes]
    contract = cast("Callable[..., Array]", np.einsum)  # its type knows no lists of axes
    return contract(*operands, out, optimize="greedy").reshape(-1)
