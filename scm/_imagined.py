"""`Imagined`: what would have been, for every unit of a population, and how it was worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidQuery, UnknownName
from ._finding import Assumption, Step
from ._frames import FrameKind
from ._results import table_of
from ._settings import ONLY, Imposed

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Imagined:
    """What `imagine` returns.

    Attributes:
        units: how many rows there were.
        values: for each world, each output: shape (units,), or (points, units) along a grid. Where a unit is undefined
            there is NaN, or None among states.
        aggregates: for each world, each aggregate by its name: a number; with subgroups, quantiles or bins, one each on
            the last axis; along a grid with the points first.
        grids: for each world with a grid, the values of each variable along it.
        groups: for each aggregate with subgroups, the states they are of.
        noise: the noises that the rows show, by name, where they were asked for.
        undefined: how many units have a row that is not possible in the model.
        defined: for each unit, whether it is; empty for what came in batches.
        derivation: abduction, action and prediction, as steps.
        assumptions: each with who granted it.
        plan: which executor ran, in which precision and chunks, how long it took, and how far a compiled program was
            from NumPy.
    """

    units: int
    values: Mapping[str, Mapping[str, Array]]
    aggregates: Mapping[str, Mapping[str, Array]]
    grids: Mapping[str, Mapping[str, tuple[Any, ...]]]
    groups: Mapping[str, tuple[Any, ...]]
    noise: Mapping[str, Array]
    undefined: int
    defined: NDArray[np.bool_]
    derivation: tuple[Step, ...]
    assumptions: tuple[Assumption, ...]
    plan: Mapping[str, Any]
    frame_kind: FrameKind | None = field(default=None, repr=False)

    def __getitem__(self, key: str | tuple[str, str]) -> Array:
        """An output or aggregate: `imagined["Y"]` of the only world, `imagined["treated", "Y"]` of one of several."""
        name, world = (key, self._only()) if isinstance(key, str) else (key[1], key[0])
        if world not in self.values:
            raise UnknownName(world, self.values, "A world of the result")
        found = {**self.aggregates[world], **self.values[world]}
        if name not in found:
            raise UnknownName(name, found, "The result")
        return found[name]

    def _only(self) -> str:
        if len(self.values) > 1:
            raise InvalidQuery(f"There are several worlds, {sorted(self.values)}; write result[world, name].")
        return next(iter(self.values))

    def columns(self) -> dict[str, Array]:
        """Outputs and noises as columns, one entry a unit; `Y[treated]` of several worlds, `Y[X=0.5]` of a grid."""
        found: dict[str, Array] = {}
        for world, outputs in self.values.items():
            several = len(self.values) > 1
            for name, values in outputs.items():
                if world not in self.grids:
                    found[f"{name}[{world}]" if several else name] = values
                    continue
                grid = self.grids[world]
                for k, row in enumerate(values):
                    at = ", ".join(f"{n}={points[k]!r}" for n, points in grid.items())
                    found[f"{name}[{world}: {at}]" if several else f"{name}[{at}]"] = row
        return found | dict(self.noise)

    def to_frame(self, like: object = None) -> Any:
        """`columns` as a table of the kind of `like`, or of the kind that the rows came in."""
        return table_of(self.columns(), self.units, like, self.frame_kind)

    def __str__(self) -> str:
        lines = [f"{self.units:,} units, {self.undefined:,} of them undefined; worked out by {self.plan['executor']}"]
        for world, found in self.aggregates.items():
            head = "" if world == ONLY else f"{world}: "
            lines += [f"{head}{name} = {_short(value)}" for name, value in found.items()]
        for world, outputs in self.values.items():
            if outputs:
                head = "" if world == ONLY else f"{world}: "
                lines.append(f"{head}a column each of {', '.join(outputs)}")
        lines += [f"{step.name}: {step.claim}" for step in self.derivation]
        return "\n".join(lines)


def _short(value: Array) -> str:
    return np.array2string(np.asarray(value), precision=6, threshold=20)


def points_told(imposed: Imposed, states: Mapping[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """The grid of a world with states in place of positions."""
    return {
        name: tuple(states[name][int(p)] for p in points) if name in states else points
        for name, points in imposed.grid.items()
    }
