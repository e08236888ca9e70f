"""Discrete networks as plain arrays, which every engine measured here is built from, and rows drawn from them.

States are 0, 1, 2, ...: evidence is then a column of small whole numbers for everyone.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Net:
    """A Bayesian network.

    Attributes:
        parents: of each variable, causes before effects.
        laws: one array a variable: an axis for each parent in order, then its own states.
    """

    parents: Mapping[str, tuple[str, ...]]
    laws: Mapping[str, Array]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.parents)

    @property
    def sizes(self) -> dict[str, int]:
        return {name: law.shape[-1] for name, law in self.laws.items()}

    def save(self, path: Path) -> None:
        """Write it as arrays and one line of JSON; no pickle."""
        head = json.dumps({name: list(found) for name, found in self.parents.items()})
        arrays: dict[str, Any] = {f"law{i}": self.laws[name] for i, name in enumerate(self.names)}
        np.savez(path, head=np.array(head), **arrays)

    @staticmethod
    def load(path: Path) -> Net:
        with np.load(path) as found:
            parents = {name: tuple(p) for name, p in json.loads(str(found["head"])).items()}
            return Net(parents, {name: found[f"law{i}"] for i, name in enumerate(parents)})


def sample(net: Net, rows: int, rng: np.random.Generator) -> dict[str, Codes]:
    """Rows drawn from the network itself, so that every finding is possible."""
    out: dict[str, Codes] = {}
    for name, parents in net.parents.items():
        law = net.laws[name][tuple(out[p] for p in parents)]
        upper = np.cumsum(np.broadcast_to(law, (rows, law.shape[-1])), axis=1)
        drawn = (rng.random((rows, 1)) * upper[:, -1:] >= upper).sum(axis=1)
        out[name] = np.minimum(drawn, law.shape[-1] - 1).astype(np.intp)
    return out


def width(net: Net) -> int:
    """Treewidth of the moral graph by the min-fill rule: an upper bound, the one that engines go by."""
    import networkx as nx
    from networkx.algorithms.approximation import treewidth_min_fill_in

    graph: Any = nx.Graph()
    graph.add_nodes_from(net.names)
    for name, parents in net.parents.items():
        graph.add_edges_from(itertools.combinations((name, *parents), 2))
    return treewidth_min_fill_in(graph)[0]


# ---------------------------------------------------------------------------------------------------------------------
# Published networks


def published(name: str) -> Net:
    """A network that ships inside pgmpy, rows scaled to a sum of one, states by number."""
    scm: Any = import_module("scm")
    model = scm.network(name)
    parents, laws = {}, {}
    for own, mechanism in model.mechanisms.items():
        parents[own] = tuple(mechanism.inputs)
        shape = [len(model.states[p]) for p in mechanism.inputs]
        laws[own] = _scaled(np.asarray(mechanism.array, dtype=float).reshape(*shape, -1))
    return Net(parents, laws)


def _scaled(law: Array) -> Array:
    return np.ascontiguousarray(law / law.sum(axis=-1, keepdims=True))


# ---------------------------------------------------------------------------------------------------------------------
# Random networks


def random_net(nodes: int, wanted: int, seed: str) -> Net:
    """A random network of treewidth `wanted` (by min-fill): up to three causes among the variables just before.

    Two or three states each; laws are Dirichlet(1), so that no state is rare by design. Seeds are tried in turn until
    the width is right.
    """
    for attempt in range(2000):
        rng = np.random.default_rng([*seed.encode(), attempt])
        reach = wanted + attempt % 8
        found = windowed(nodes, reach, rng)
        if width(found) == wanted:
            return found
    raise ValueError(f"No network of width {wanted} was found.")


def windowed(nodes: int, reach: int, rng: np.random.Generator, causes: Sequence[int] = (1, 2, 3)) -> Net:
    """Each variable has up to three causes among the `reach` variables before it."""
    names = [f"V{i}" for i in range(nodes)]
    parents: dict[str, tuple[str, ...]] = {}
    for i, name in enumerate(names):
        before = names[max(0, i - reach) : i]
        k = min(len(before), int(rng.choice(causes)))
        parents[name] = tuple(sorted(rng.choice(before, k, replace=False), key=names.index)) if k else ()
    return with_laws({name: tuple(map(str, p)) for name, p in parents.items()}, rng)


def with_laws(parents: Mapping[str, tuple[str, ...]], rng: np.random.Generator, states: Sequence[int] = (2, 3)) -> Net:
    """Random laws for a structure."""
    sizes = {name: int(rng.choice(states)) for name in parents}
    laws = {
        name: rng.dirichlet(np.ones(sizes[name]), size=[sizes[p] for p in found]).reshape(
            *(sizes[p] for p in found), sizes[name]
        )
        for name, found in parents.items()
    }
    return Net(dict(parents), laws)


def chain(nodes: int, rng: np.random.Generator) -> Net:
    """V0 -> V1 -> ..."""
    return with_laws({f"V{i}": (f"V{i - 1}",) if i else () for i in range(nodes)}, rng)


def tree(nodes: int, rng: np.random.Generator) -> Net:
    """Each variable has one cause, any of the variables before it."""
    return with_laws({f"V{i}": (f"V{rng.integers(i)}",) if i else () for i in range(nodes)}, rng)


# ---------------------------------------------------------------------------------------------------------------------
# Structural models


NOISE = 4
"""States of every noise."""


@dataclass(frozen=True)
class Structural:
    """A structural model: `functions` give a state for each joint value of the causes and of the own noise (last)."""

    parents: Mapping[str, tuple[str, ...]]
    sizes: Mapping[str, int]
    functions: Mapping[str, NDArray[np.intp]]
    noise: Mapping[str, Array]

    def law(self, name: str) -> Array:
        """P(state | causes, noise): zeros and ones."""
        return np.eye(self.sizes[name])[self.functions[name]]


def random_structural(nodes: int, seed: int, reach: int = 6) -> Structural:
    """Up to three causes among the `reach` variables before; two or three states; every state can be had by noise."""
    rng = np.random.default_rng(seed)
    shape = windowed(nodes, reach, rng)
    functions: dict[str, NDArray[np.intp]] = {}
    for name, found in shape.parents.items():
        size = shape.sizes[name]
        rows = [shape.sizes[p] for p in found]
        base = np.argsort(rng.random((*rows, NOISE)), axis=-1)  # a permutation, so that no state is out of reach
        functions[name] = (base % size).astype(np.intp)
    noise = {name: rng.dirichlet(np.full(NOISE, 2.0)) for name in shape.names}
    return Structural(shape.parents, shape.sizes, functions, noise)


def twin(model: Structural, imposed: str) -> tuple[Net, dict[str, str]]:
    """The twin network for one intervention (Balke & Pearl 1994), and where each variable of the other world stands.

    Variables that the intervention cannot reach are shared by both worlds; the imposed value is a root of its own, to
    be given as evidence.
    """
    other: dict[str, str] = {}
    parents: dict[str, tuple[str, ...]] = {}
    laws: dict[str, Array] = {}
    for name, found in model.parents.items():
        parents[f"U_{name}"], laws[f"U_{name}"] = (), model.noise[name]
        parents[name], laws[name] = (*found, f"U_{name}"), model.law(name)
        if name == imposed:
            other[name] = f"{name}_"
            parents[other[name]], laws[other[name]] = (), np.full(model.sizes[name], 1 / model.sizes[name])
        elif any(p in other for p in found):
            other[name] = f"{name}_"
            parents[other[name]] = (*(other.get(p, p) for p in found), f"U_{name}")
            laws[other[name]] = model.law(name)
    return Net(parents, laws), other
