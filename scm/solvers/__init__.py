"""Solvers: one file a method.

`DEFAULT` is the registry: an ordered tuple, exact before approximate, cheap before dear.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from .._query import Query
from ._all_laws import BACKWARD as BACKWARD
from ._all_laws import all_laws as all_laws
from ._bootstrap import Bootstrap as Bootstrap
from ._check_estimand import EstimandCheck as EstimandCheck
from ._check_estimand import check_estimand as check_estimand
from ._contract import Budget as Budget
from ._contract import Plan as Plan
from ._estimate import Unreliable
from ._estimate_estimand import EstimandEstimate as EstimandEstimate
from ._estimate_estimand import Overlap as Overlap
from ._estimate_estimand import estimate_estimand as estimate_estimand
from ._evaluate_estimand import evaluate_estimand as evaluate_estimand
from ._execute import forecast_of as forecast_of
from ._execute import structure_of as structure_of
from ._gradient import NotOneNumber as NotOneNumber
from ._gradient import Slopes as Slopes
from ._gradient import entries_of as entries_of
from ._gradient import slopes as slopes
from ._job import Run as Run
from ._kernels import NeedsCoupling as NeedsCoupling
from ._kernels import NeedsSampling as NeedsSampling
from ._kernels import TooWide as TooWide
from ._law_source import JointLaws as JointLaws
from ._law_source import LawSource as LawSource
from ._law_source import ModelLaws as ModelLaws
from ._law_source import StrataLaws as StrataLaws
from ._max_product import most_probable_states as most_probable_states
from ._posterior import NoisePosterior as NoisePosterior
from ._posterior import noise_posterior as noise_posterior
from ._quick import Quick as Quick
from ._quick import quick as _quick
from ._refusal import Refusal as Refusal
from ._refusal import refuse_together as refuse_together
from ._refusal import renumbered as renumbered
from ._sample_laws import SampleLaws as SampleLaws
from ._setting import DRAW as DRAW
from ._setting import Fact as Fact
from ._setting import Record as Record
from ._setting import Setting as Setting
from ._setting import as_fact as as_fact
from ._setting import split_given as split_given
from ._solution import Solution as Solution
from ._solution import interval as interval
from ._solution import sharp as sharp
from ._task import Task as Task
from ._task import TaskSolver as TaskSolver
from ._two_models import TwoModels as TwoModels
from ._two_models import two_models as two_models
from ._weights import Planned as Planned
from .exact import plans_of as _plans_of
from .exact import solve as solve
from .monte_carlo import ACCURACY, NeedsKey
from .monte_carlo import forecast as _draws_of
from .monte_carlo import solve as estimate


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
    except (NeedsCoupling, NeedsSampling, TooWide, NeedsKey, Unreliable) as wrong:
        uncoupled = isinstance(wrong, NeedsCoupling) and not isinstance(wrong, NeedsSampling)
        raise Refusal(str(wrong), uncoupled=uncoupled) from None


def quick(setting: Setting, query: Query) -> Quick | None:
    """A function from one row's positions to the value, see `_quick.quick`; None where there is none.

    Raises:
        Refusal: the exact solver would not answer.
    """
    with _refusals():
        return _quick(setting, query)


def plans_of(setting: Setting, query: Query) -> list[tuple[Query, int, Planned | None]]:
    """The contractions that the exact solver would run, nothing of them run; see `exact.plans_of`.

    Raises:
        Refusal: it would not answer.
    """
    with _refusals():
        return _plans_of(setting, query)


def draws_of(setting: Setting, query: Query) -> list[tuple[Query, int, int, float]]:
    """What the Monte Carlo solver would draw, nothing of it drawn; see `monte_carlo.forecast`.

    Raises:
        Refusal: it would not answer.
    """
    with _refusals():
        return _draws_of(setting, query)


@dataclass(frozen=True, slots=True)
class Exact:
    """Tensor-network contraction of a finite model; see `exact`."""

    name: str = "exact"

    def solve(self, setting: Setting, query: Query) -> Solution:
        """See `Solver.solve`."""
        with _refusals():
            return solve(setting, query)


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """Likelihood weighting, with what need not be drawn contracted exactly; see `monte_carlo`.

    Attributes:
        name: what the plan prints.
        accuracy: the standard error to aim at, as a share of the most that two values of what is asked can differ.
        least: draw at least so many steps, even where contracting them is affordable.
    """

    name: str = "monte_carlo"
    accuracy: float = ACCURACY
    least: int = 0

    def solve(self, setting: Setting, query: Query) -> Solution:
        """See `Solver.solve`."""
        with _refusals():
            return estimate(setting, query, accuracy=self.accuracy, least=self.least)


DEFAULT: tuple[Solver, ...] = (Exact(), MonteCarlo())
"""Solvers in the order they are tried."""
