"""Models and units for the benchmarks of units: random graphs, linear or tanh. NumPy only, since peers use it too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Columns = dict[str, "np.ndarray[Any, Any]"]


@dataclass(frozen=True)
class Units:
    """A structural model with standard normal noises: every variable is a weighted sum of its parents and its noise.

    Attributes:
        parents: for each variable, V0 first, its parents and their weights.
        bent: whether parents go through tanh first.
    """

    parents: tuple[tuple[tuple[str, float], ...], ...]
    bent: bool

    @property
    def names(self) -> list[str]:
        return [f"V{i}" for i in range(len(self.parents))]

    def mean(self, i: int, columns: Columns) -> Any:
        """What the parents of a variable make of it."""
        total: Any = np.float32(0.0)
        for name, weight in self.parents[i]:
            column = columns[name]
            total = total + column.dtype.type(weight) * (np.tanh(column) if self.bent else column)
        return total

    def draw(self, rows: int, kind: Any = np.float64, seed: int = 0) -> Columns:
        """So many units."""
        rng = np.random.default_rng(seed)
        columns: Columns = {}
        for i, name in enumerate(self.names):
            columns[name] = (self.mean(i, columns) + rng.standard_normal(rows, dtype=kind)).astype(kind)
        return columns

    @property
    def changed(self) -> list[int]:
        """Descendants of V0, in order."""
        found = {"V0"}
        for i, parents in enumerate(self.parents):
            if any(name in found for name, _ in parents):
                found.add(f"V{i}")
        return [i for i in range(1, len(self.parents)) if f"V{i}" in found]

    def by_hand(self, columns: Columns, value: float) -> Columns:
        """The units had V0 been `value`, as one writes it in NumPy: noises first, then every variable again."""
        noises = {i: columns[f"V{i}"] - self.mean(i, columns) for i in self.changed}
        world = dict(columns)
        world["V0"] = np.full_like(columns["V0"], value)
        for i in self.changed:
            world[f"V{i}"] = self.mean(i, world) + noises[i]
        return {f"V{i}": world[f"V{i}"] for i in self.changed}

    def equation(self, i: int) -> str:
        """The equation of a variable as text."""
        terms = [f"{weight!r} * " + (f"tanh({name})" if self.bent else name) for name, weight in self.parents[i]]
        return " + ".join([*terms, f"u_V{i}"])


def make_units(nodes: int, *, bent: bool, seed: int = 0) -> Units:
    """A random graph in which every variable but the first has one to three parents among the twenty before it."""
    rng = np.random.default_rng(seed)
    parents: list[tuple[tuple[str, float], ...]] = [()]
    for i in range(1, nodes):
        chosen = sorted({int(x) for x in rng.integers(max(0, i - 20), i, size=3)})
        parents.append(tuple((f"V{p}", round(float(rng.uniform(-0.6, 0.6)), 3)) for p in chosen))
    return Units(tuple(parents), bent)
