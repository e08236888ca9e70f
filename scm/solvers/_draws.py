"""Random numbers by draw, and formulas evaluated over columns of codes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidModel
from .._evaluate import evaluate
from .._sample import uniform, uniform_group
from .._syntax import Expr, Value, Var, print_const
from .._values import GRID, outcomes

if TYPE_CHECKING:
    from .._sample import PRNGKey

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Values = tuple[Value, ...]

BLOCK = 4096
"""Draws whose random numbers are made at once. A draw's numbers depend on its block and place alone, so that neither
the number of rows, nor how they are chunked, nor how many draws follow changes them."""

GROUP = 32
"""Streams whose random numbers are made in one call; always as many, so that one shape is compiled."""
GROUPED = 256
"""Streams from which on it pays to compile that."""


def block_key(key: PRNGKey, stream: int, block: int) -> PRNGKey:
    """The key of one block of one stream."""
    import jax  # half a second, only where something is drawn

    return jax.random.fold_in(jax.random.fold_in(key, stream), block)


def uniforms(key: PRNGKey, count: int) -> Array:
    """Numbers in [0, 1) of shape (count, BLOCK)."""
    whole = count - count % GROUP if count >= GROUPED else 0
    found = [uniform_group(key, first, GROUP, BLOCK) for first in range(0, whole, GROUP)]
    found += [uniform(key, i, BLOCK)[None] for i in range(whole, count)]
    return np.concatenate([np.zeros((0, BLOCK)), *found])


@dataclass(frozen=True)
class Function:
    """A formula over finite names, evaluated on columns.

    Attributes:
        expr: over plain names.
        names: its names.
        domains: the values of each name.
        states: what the outcome must be among.
        where: how an error message begins.
    """

    expr: Expr
    names: tuple[str, ...]
    domains: tuple[Values, ...]
    states: Values
    where: str

    @cached_property
    def _table(self) -> Codes | None:
        """The outcome for every combination, where they are few."""
        if math.prod(map(len, self.domains)) > GRID:
            return None
        found = outcomes(self.expr, tuple(map(Var, self.names)), self.domains)
        return np.array([self._code(value) for value in found], dtype=np.intp)

    def __call__(self, codes: Sequence[Codes]) -> Codes:
        """Positions among `states`, for positions of the names among their domains (broadcast together).

        Raises:
            InvalidModel: an outcome that is no state.
        """
        if self._table is not None:
            return self._table[mixed_radix(codes, [len(d) for d in self.domains])]
        full = np.broadcast_arrays(*codes)
        flat = [column.ravel() for column in full]
        number = _numbered(flat, [len(d) for d in self.domains])
        _, first, inverse = np.unique(number, return_index=True, return_inverse=True)
        found = np.empty(len(first), dtype=np.intp)
        for k, at in enumerate(first.tolist()):
            scope = {n: d[int(c[at])] for n, d, c in zip(self.names, self.domains, flat, strict=True)}
            found[k] = self._code(evaluate(self.expr, lambda term, scope=scope: scope[term.name]))
        return found[inverse.reshape(-1)].reshape(full[0].shape)

    def _code(self, value: Value) -> int:
        if value not in self.states:
            raise InvalidModel(f"{self.where} gives {print_const(value)}; its states are {self.states}.")
        return self.states.index(value)


def mixed_radix(codes: Sequence[Codes], sizes: Sequence[int]) -> Codes:
    """One number for each combination; the last varies fastest."""
    out = np.zeros(1, dtype=np.intp)
    for column, size in zip(codes, sizes, strict=True):
        out = out * size + column
    return out


def _numbered(columns: Sequence[Codes], sizes: Sequence[int]) -> Codes:
    """Different numbers for different combinations, however many columns there are."""
    out, top = np.zeros(len(columns[0]), dtype=np.intp), 1
    for column, size in zip(columns, sizes, strict=True):
        if top * size > 1 << 62:
            _, inverse = np.unique(out, return_inverse=True)
            out, top = inverse.reshape(-1).astype(np.intp), len(columns[0])
        out, top = out * size + column, top * size
    return out


def recoded(own: Values, wanted: Values) -> Codes:
    """For each of `own`, its position among `wanted`; -1 where it is not there."""
    return np.array([wanted.index(v) if v in wanted else -1 for v in own], dtype=np.intp)
