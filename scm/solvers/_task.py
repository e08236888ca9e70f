"""`Task`: one term of a query over a model with continuous variables, ready for a solver.

Evidence stands in the worlds: an observed value is a constant or a placeholder in the slots that read it and in
`worlds.fixed`, so that an instance whose inputs and value are known shows its noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from .._coupling import Coupling
from .._execution import Execution
from .._model import Model
from .._syntax import Expr
from .._worlds import Worlds
from ._budget import Budget
from ._solution import Solution

if TYPE_CHECKING:
    from .._sample import PRNGKey


@dataclass(frozen=True)
class Task:
    """One term, for rows whose evidence has one pattern.

    Attributes:
        model: whose worlds they are.
        worlds: of every term in `asked` and `conditions`, with the facts of the term in them (`worlds.fixed`); its
            `terms` say what each became.
        asked: an expression of terms; an event where `event` is true.
        event: whether a probability is wanted, or an expectation.
        conditions: what else is given, and is no equality of a term with a value, such as `X > 1`.
        columns: a value for each placeholder and row: floats for a continuous variable, positions among the states for
            a finite one; shape (rows,) each.
        rows: how many.
        grants: couplings that the user granted.
        key: for solvers that draw.
    """

    model: Model
    worlds: Worlds
    asked: Expr
    event: bool
    conditions: tuple[Expr, ...]
    columns: Mapping[str, NDArray[Any]]
    rows: int
    grants: tuple[Coupling, ...] = ()
    key: PRNGKey | int | None = None
    budget: Budget = field(default_factory=Budget)
    execution: Execution = field(default_factory=Execution)


class TaskSolver(Protocol):
    """A way to work out tasks."""

    @property
    def name(self) -> str:
        """What plans and refusals call it."""
        ...

    def solve(self, task: Task) -> Solution:
        """The value for each row; shape (rows,) in every part of the solution.

        Raises:
            Refusal: it cannot, and why, in words fit for a user.
        """
        ...
