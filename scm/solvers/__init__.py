"""Solvers: one file a method. `DEFAULT` is the registry: an ordered tuple, exact before approximate, cheap before dear."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from .._query import Query
from ._kernels import NeedsCoupling, TooWide
from ._laws import Setting
from .exact import Solution, solve


class Refusal(Exception):
    """Why a solver will not answer, in words fit for a user."""


class Solver(Protocol):
    """Answers a query, or refuses with the reason."""

    @property
    def name(self) -> str:
        """What the plan prints."""
        ...

    def solve(self, setting: Setting, query: Query) -> Solution:
        """The answer's ends for every row.

        Raises:
            Refusal: this solver cannot answer; the text says why and what would help.
        """
        ...


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (NeedsCoupling, TooWide) as wrong:
        raise Refusal(str(wrong)) from None


@dataclass(frozen=True, slots=True)
class Exact:
    """Tensor-network contraction of a finite model; see `exact`."""

    name: str = "exact"

    def solve(self, setting: Setting, query: Query) -> Solution:
        """See `Solver.solve`."""
        with _refusals():
            return solve(setting, query)


DEFAULT: tuple[Solver, ...] = (Exact(),)
"""Solvers in the order they are tried."""
