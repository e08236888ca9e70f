"""What every term of one query is solved under, and what solving leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._coupling import Coupling
from .._execution import Execution
from .._model import Model
from .._syntax import Const, Expr, Op, Placeholder, Value, Var, conjuncts
from .._worlds import Worlds
from ._contract import Budget, Plan
from ._execute import rounding_of
from ._job import Run

if TYPE_CHECKING:
    from .._sample import PRNGKey

Values: TypeAlias = tuple[Value, ...]
Fact: TypeAlias = "tuple[Var, Const | Placeholder]"

DRAW = "\0draw"
"""The column that says which draw of the tables a row is answered under."""


@dataclass
class Record:
    """What solving left behind for `plan` and `derivation`.

    Attributes:
        planned: the plans of what was worked out, or what makes one.
        until: when the budget of time runs out, on the clock of `time.monotonic`.
        rounding: bound on the relative error of the weights that were worked out.
        error: bound on the absolute error of the arithmetic, once something was worked out.
    """

    planned: list[Plan | Callable[[], Plan]] = field(default_factory=lambda: [])
    worlds: list[Worlds] = field(default_factory=lambda: [])
    runs: list[Run] = field(default_factory=lambda: [])
    couplings: dict[str, Coupling] = field(default_factory=lambda: {})
    consistency: bool = False
    until: float | None = None
    rounding: float = 0.0
    error: float | None = None

    @property
    def plans(self) -> list[Plan]:
        """The plans of what was worked out."""
        return [plan if isinstance(plan, Plan) else plan() for plan in self.planned]

    def add(self, plan: Plan, worlds: Worlds, run: Run | None) -> None:
        """Keep one plan that was run."""
        self.planned.append(plan)
        self.worlds.append(worlds)
        if run is not None:
            self.runs.append(run)
            self.rounding = max(self.rounding, rounding_of(plan, run))
        self.couplings.update(plan.network.couplings)

    def add_unplanned(self, plan: Callable[[], Plan], worlds: Worlds, run: Run, rounding: float) -> None:
        """Keep what was worked out without a plan; `plan` makes one, for who asks."""
        self.planned.append(plan)
        self.worlds.append(worlds)
        self.runs.append(run)
        self.rounding = max(self.rounding, rounding)


@dataclass(frozen=True)
class Setting:
    """What every term of one query is solved under.

    Attributes:
        draws: of tables and laws of noises, shape (draws, configurations, states); the column `DRAW` then says which
            draw a row is answered under, and plans are kept for these draws alone.
    """

    model: Model
    couplings: tuple[Coupling, ...]
    budget: Budget
    columns: Mapping[str, NDArray[np.intp]]
    domains: Mapping[str, Values]
    rows: int
    record: Record
    execution: Execution = field(default_factory=Execution)
    key: PRNGKey | int | None = None
    plans: dict[Any, Any] = field(default_factory=lambda: {})
    empty: tuple[str, ...] = ()
    draws: Mapping[str, NDArray[np.float64]] = field(default_factory=lambda: {})


def split_given(model: Model, given: Expr | None) -> tuple[tuple[Fact, ...], tuple[Expr, ...]]:
    """Evidence that fixes one term each, and the rest."""
    if given is None:
        return (), ()
    key = ("given", id(given))
    kept = model.plans.get(key)
    if kept is None or kept[0] is not given:
        kept = model.plans[key] = given, _split(model, given)
    return kept[1]


def _split(model: Model, given: Expr) -> tuple[tuple[Fact, ...], tuple[Expr, ...]]:
    facts: list[Fact] = []
    rest: list[Expr] = []
    for part in conjuncts(given):
        fact = as_fact(model, part)
        if fact is None:
            rest.append(part)
        else:
            facts.append(fact)
    return tuple(facts), tuple(rest)


def as_fact(model: Model, part: Expr) -> Fact | None:
    """`part` as `term = value`, if that is what it says."""
    match part:
        case Op("=", (Var() as term, (Const() | Placeholder()) as value)) | Op(
            "=", ((Const() | Placeholder()) as value, Var() as term)
        ):
            return term, value
        case Op("not", (Var() as term,)):
            false = next((s for s in model.states.get(term.name, ()) if not isinstance(s, str) and s == 0), None)
            return None if false is None else (term, Const(false))
        case _:
            return None
