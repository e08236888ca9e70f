"""Solvers: one file a method.

`DEFAULT` is the registry: an ordered tuple, exact before approximate, cheap before dear.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from .._query import Query
from ._contract import Budget as Budget
from ._execute import rounding_of as rounding_of
from ._gradient import NotOneNumber as NotOneNumber
from ._gradient import Slopes as Slopes
from ._gradient import entries_of as entries_of
from ._gradient import slopes as slopes
from ._kernels import NeedsCoupling as NeedsCoupling
from ._kernels import TooWide as TooWide
from ._posterior import NoisePosterior as NoisePosterior
from ._posterior import noise_posterior as noise_posterior
from ._setting import DRAW as DRAW
from ._setting import Fact as Fact
from ._setting import Record as Record
from ._setting import Setting as Setting
from ._setting import split_given as split_given
from ._solution import Solution as Solution
from ._solution import interval as interval
from ._solution import sharp as sharp
from .exact import solve as solve


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
def _refusals() -> Generator[None]:
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
