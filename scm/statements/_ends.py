"""The ends of what statements leave open: a line over the laws that meet them, by linear programmes.

Each fraction of a line is linear over the laws once the probability of its condition is fixed (Charnes & Cooper 1962).
Fractions whose conditions are known beside each other share a programme; the ends of several programmes are added, so
that no law goes beyond the sum. The independences of the graph enter only where they are linear: the ends are outer
ones, unless a law that has all of them reaches them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .._graph_ops import latent_projection
from .._query import Probability, Query
from .._statement import Statement
from ._atoms import Array
from ._clash import inequalities
from ._formula import Line
from ._programme import best
from ._system import System
from ._terms import Fraction

TRIVIAL = 1e-6
"""Ends closer than this to those that every probability has say nothing."""
MET = 1e-7
"""How far ends may be apart to be one."""


@dataclass(frozen=True)
class Ends:
    """The least and the largest value.

    Attributes:
        low, high: no law that meets the statements goes beyond.
        reached: a law of the graph that meets them attains each end, to within `MET`.
    """

    low: float
    high: float
    reached: tuple[bool, bool]

    def tell(self, query: Query) -> bool:
        """Whether they rule anything out: a probability lies between 0 and 1, whatever is known."""
        floor = 0.0 if isinstance(query, Probability) else -1.0
        return self.low > floor + TRIVIAL or self.high < 1 - TRIVIAL


@dataclass(frozen=True)
class _Group:
    """Fractions with conditions that are known beside each other: weights over the atoms, and the common condition."""

    weights: Array
    below: Array


def ends(system: System, line: Line, statements: Sequence[Statement]) -> Ends | None:
    """The ends of `line` at the face values; None where no law meets these exactly, or a number is undefined."""
    face = np.array([[s.value] for s in statements], dtype=float).reshape(len(statements), 1)
    constant = _value(system, line.constant, face)
    groups = _groups(system, line, face)
    equal, most = _equations(system, face), inequalities(system, statements)
    if groups is None or equal is None or not np.isfinite(constant):
        return None
    found: list[float] = []
    for sign in (1.0, -1.0):
        parts = [best(sign * g.weights, most, np.vstack([equal, g.below]), _one(len(equal))) for g in groups]
        if any(part is None for part in parts):
            return None
        found.append(constant + sign * sum(part[0] for part in parts if part is not None))
    reached = (False, False)
    return Ends(found[0], found[1], _reached(system, groups, most, equal, constant, found) if groups else reached)


def _one(rows: int) -> Array:
    return np.append(np.zeros(rows), 1.0)


def _value(system: System, position: int, face: Array) -> float:
    return float(system.value(position, face)[0])


def _equations(system: System, face: Array) -> Array | None:
    """The rows with the face values; each gives zero on the law."""
    rows: list[Array] = []
    for row in system.rows:
        vectors = [_value(system, position, face) * vector for vector, position in row.parts]
        rows.append(np.sum(vectors, axis=0))
    table = np.array(rows).reshape(len(rows), system.atoms.size)
    return table if np.isfinite(table).all() else None


def _groups(system: System, line: Line, face: Array) -> list[_Group] | None:
    """The fractions of a line, those that share a programme together."""
    groups: list[tuple[Fraction, Array]] = []
    for part, position in line.parts.values():
        weight = _value(system, position, face)
        if not np.isfinite(weight):
            return None
        for k, (first, weights) in enumerate(groups):
            number = system.number(Fraction(first.below, part.below))
            scale = np.nan if number is None else _value(system, number, face)
            if np.isfinite(scale):
                groups[k] = first, weights + weight * scale * part.above
                break
        else:
            groups.append((part, weight * part.above))
    return [_Group(weights, first.below) for first, weights in groups]


def _reached(
    system: System, groups: Sequence[_Group], most: Array, equal: Array, constant: float, found: Sequence[float]
) -> tuple[bool, bool]:
    """Whether one law, with every independence of the graph, attains each end.

    Asked only where every statement was made use of, and where all variables without numbers can be left out without a
    trace of a hidden common cause: then a law that is the product of each variable's law given its causes is one of the
    graph.
    """
    atoms = system.atoms
    projected = latent_projection(system.graph, atoms.variables)
    if len(atoms.regimes) > 1 or projected.confounded or system.unused:
        return False, False
    middle = _middle(system, most, equal)
    if middle is None:
        return False, False
    scales = [float(g.below @ middle) for g in groups]
    if min(scales) <= 0:
        return False, False
    fixed = [g.below - s / scales[0] * groups[0].below for g, s in zip(groups[1:], scales[1:], strict=True)]
    table = np.vstack([equal, *fixed, groups[0].below])
    weights = sum((g.weights * scales[0] / s for g, s in zip(groups, scales, strict=True)), np.zeros(atoms.size))
    out: list[bool] = []
    for sign, end in zip((1.0, -1.0), found, strict=True):
        attained = best(sign * weights, most, table, _one(len(table) - 1))
        same = attained is not None and abs(constant + sign * attained[0] - end) < MET
        out.append(same and attained is not None and _factorises(attained[1], projected.parents, system))
    return out[0], out[1]


def _middle(system: System, most: Array, equal: Array) -> Array | None:
    """A law that meets the statements and leaves every atom as likely as it can be."""
    size = system.atoms.size
    spread = np.hstack([-np.eye(size), np.ones((size, 1))])
    most = np.vstack([np.hstack([most, np.zeros((len(most), 1))]), spread])
    equal = np.hstack([equal, np.zeros((len(equal), 1))])
    total = np.append(system.atoms.total(), 0.0)
    found = best(np.append(np.zeros(size), -1.0), most, np.vstack([equal, total]), _one(len(equal)))
    return None if found is None else found[1][:-1]


def _factorises(law: Array, parents: Mapping[str, tuple[str, ...]], system: System) -> bool:
    """Whether a law is the product of each variable's law given its causes."""
    atoms = system.atoms
    table = (law / law.sum()).reshape(atoms.shape)
    product = np.ones_like(table)
    for name in atoms.variables:
        kept = {atoms.place[name], *(atoms.place[p] for p in parents[name])}
        others = tuple(axis for axis in range(table.ndim) if axis not in kept)
        joint = table.sum(axis=others, keepdims=True)
        below = joint.sum(axis=atoms.place[name], keepdims=True)
        product = product * np.divide(joint, below, out=np.zeros_like(joint), where=below > 0)
    return bool(np.abs(product - table).max() < 1e-8)
