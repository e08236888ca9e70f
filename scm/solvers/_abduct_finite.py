"""Finite mechanisms over columns of positions, and the joint laws of several instances of one variable."""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._coupling import Coupling, NeedsCoupling, NeedsSampling
from .._hindsight import DrawsNoise
from .._mechanism import Equation, NoiseTable, Table
from .._syntax import Value, Var
from .._values import outcomes
from ..mechanisms._types import Column, Columns
from ._kernels import TooWide, joint_table
from ._refusal import Refusal

LARGEST = 1 << 18
"""Most combinations of states that a finite formula is tabulated for."""


@dataclass(frozen=True)
class FiniteMap:
    """A finite formula or noise table as a lookup: positions in, positions out."""

    mechanism: Equation | NoiseTable
    states: tuple[Value, ...]
    domains: Mapping[str, tuple[Value, ...]]
    where: str

    @cached_property
    def table(self) -> NDArray[np.intp]:
        """The position of the outcome for every combination of the inputs' states, the last varying fastest."""
        names = self.mechanism.inputs
        domains = tuple(self.domains[n] for n in names)
        if isinstance(self.mechanism, NoiseTable):
            found = self.mechanism.outcomes
        elif math.prod(map(len, domains)) > LARGEST:
            raise Refusal(f"{self.where} has more than {LARGEST:,} combinations of its inputs' states")
        else:
            found = outcomes(self.mechanism.expr, tuple(map(Var, names)), domains)
        for value in found:
            if value not in self.states:
                raise Refusal(f"{self.where} gives {value!r}; its states are {self.states}")
        return np.array([self.states.index(value) for value in found], dtype=np.intp)

    def __call__(self, values: Columns, xp: Any) -> Column:
        """Positions among the states."""
        sizes = [len(self.domains[n]) for n in self.mechanism.inputs]
        return xp.asarray(self.table)[radix([values[n] for n in self.mechanism.inputs], sizes)]


def radix(codes: Sequence[Column], sizes: Sequence[int]) -> Column:
    """One number for each combination; the last varies fastest."""
    out: Any = 0
    for code, size in zip(codes, sizes, strict=True):
        out = out * size + code
    return out


def laws_of_table(table: tuple[Table, tuple[int, ...]], codes: Sequence[Column], size: int, xp: Any) -> Column:
    """P(each state | parents), shape (states, entries)."""
    rows = xp.asarray(table[0].array)
    row = radix(codes, table[1])
    return xp.broadcast_to(rows[row].T if codes else rows[0][:, None], (rows.shape[1], size))


def pick(laws: Column, codes: Column, xp: Any) -> Column:
    """The probability of one state in each entry."""
    return xp.take_along_axis(laws, xp.asarray(codes)[None], axis=0)[0]


def joint_entries(
    variable: str,
    table: tuple[Table, tuple[int, ...]] | None,
    laws: Sequence[NDArray[Any]] | None,
    parents: Sequence[Sequence[NDArray[Any]]],
    values: NDArray[Any],
    coupling: Coupling | None,
) -> NDArray[np.float64]:
    """The joint probability of several instances' values, entry by entry.

    Args:
        variable: whose instances they are.
        table: of the variable, with the sizes of its inputs; or None.
        laws: without a table, of each instance: shape (entries, states).
        parents: of each instance, its parents' columns.
        values: positions of states, shape (entries, instances).
        coupling: granted, or None.

    Raises:
        Refusal: no coupling is granted and one is needed, or it has no closed form.
    """
    size, m = values.shape
    if table is not None:
        configurations = np.stack([np.broadcast_to(radix(p, table[1]), (size,)) for p in parents], axis=1)
        distinct, inverse = np.unique(configurations, axis=0, return_inverse=True)
        joint = _joint(variable, table[0].array, distinct.astype(np.intp), coupling)
        return joint[(inverse.reshape(-1), *values.T)]
    assert laws is not None
    whole = np.stack(laws, axis=1)
    out = np.empty(size)
    step = max(1, (1 << 20) // whole.shape[2] ** m)
    for start in range(0, size, step):
        at = slice(start, min(start + step, size))
        n = at.stop - start
        same = np.tile(np.arange(m), (n, 1))
        for i in range(m):  # an instance under the parents of an earlier one is that one
            for j in reversed(range(i)):
                pairs = zip(parents[i], parents[j], strict=True)
                equal = np.logical_and.reduce([_at(a, at, n) == _at(b, at, n) for a, b in pairs], axis=0)
                same[:, i] = np.where(equal, j, same[:, i])
        joint = _joint(variable, whole[at].reshape(n * m, -1), np.arange(n)[:, None] * m + same, coupling)
        out[at] = joint[(np.arange(n), *values[at].T)]
    return out


def _at(x: NDArray[Any], at: slice, n: int) -> NDArray[Any]:
    return x[at] if x.ndim else np.broadcast_to(x, (n,))


def _joint(
    variable: str, rows: NDArray[Any], configurations: NDArray[np.intp], coupling: Coupling | None
) -> NDArray[np.float64]:
    try:
        return joint_table(variable, rows, configurations, coupling)[0]
    except (NeedsSampling, NeedsCoupling, TooWide) as wrong:
        raise Refusal(str(wrong)) from None


def respond(laws: Column, uniform: Column, xp: Any) -> Column:
    """The state that a uniform number gives under each law of shape (states, entries)."""
    passed = (xp.cumsum(laws[:-1], axis=0) <= uniform).sum(axis=0)
    last = laws.shape[0] - 1 - xp.argmax(laws[::-1] > 0, axis=0)
    return xp.minimum(passed, last)


def coupling_streams(name: str, coupling: DrawsNoise, states: int) -> tuple[str, ...]:
    """Names of the uniform numbers that the noise of a coupling is made of."""
    return tuple(f"{name} {k}" for k in range(coupling.noise_size(states)))
