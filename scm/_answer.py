"""`Answer`: what was found, how, under which assumptions, and how far it can be trusted. Never a bare float."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ._estimand import Estimand
from ._finding import Assumption, Finding, Interval, Number, Statuses, Step, Uncertainty
from ._frames import FrameKind
from ._query import Query, print_query
from ._render import answer_data, answer_latex, answer_text
from ._results import result_columns, table_of
from ._syntax import Value


@dataclass(frozen=True, slots=True)
class Told:
    """An account that was worked out already."""

    steps: tuple[Step, ...]

    def __call__(self) -> tuple[Step, ...]:
        """The steps."""
        return self.steps


@dataclass(frozen=True, eq=False)
class Noted:
    """An account with steps behind it."""

    account: Callable[[], tuple[Step, ...]]
    steps: tuple[Step, ...]

    def __call__(self) -> tuple[Step, ...]:
        """The steps."""
        return (*self.account(), *self.steps)


_IDENTITY = ("query", "finding", "value", "interval", "status", "states", "rung", "uncertainty", "assumptions")
"""What makes two answers equal: what they say, not how it was worked out."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What `ask` returns.

    Attributes:
        query: what was asked, with names and states checked.
        finding: the summary; its words are stable.
        value: a number, or an array over rows (first axis, where rows were given) and states; None where there is none.
            In an array, rows whose `status` is not ok hold NaN.
        interval: inner and outer ends where the value is not determined.
        status: for each row, `ok`, `undefined` (the condition has probability zero), `contradiction`, or `refused`,
            while others of the batch may be answered.
        states: for a distribution, each term with its states, in the order of the axes.
        rung: 1 seeing, 2 doing, 3 imagining.
        assumptions: each with who granted it.
        refusals: for `refused`, every solver's reason; also where only some rows were refused, which
            `diagnostics["refused"]` counts and names.
        plan: what the chosen solver was going to do and what it cost.
        diagnostics: figures about the run.
        estimand: what the query equals in terms of known laws, where it was brought down to them.
        identification: how it was, an `Identification`; with the obstacle where it could not be.
        check: how the estimand was checked, an `EstimandCheck`.
        account: gives the derivation when it is asked for.
        seek: looks for the witness when it is asked for.
        attain: makes the models that attain the ends when they are asked for: `attained`, a pair (lower, upper) of
            models, None where there is none.
        frame_kind: the kind of table that the rows came in, for `to_frame`.
    """

    query: Query
    finding: Finding
    value: Number | None = None
    interval: Interval | None = None
    status: Statuses = field(default_factory=lambda: Statuses(("ok",)))
    states: tuple[tuple[str, tuple[Value, ...]], ...] = ()
    rung: Literal[1, 2, 3] = 1
    uncertainty: Uncertainty = field(default_factory=Uncertainty)
    assumptions: tuple[Assumption, ...] = ()
    refusals: tuple[tuple[str, str], ...] = ()
    plan: Mapping[str, Any] = field(default_factory=lambda: {})
    diagnostics: Mapping[str, Any] = field(default_factory=lambda: {})
    account: Callable[[], tuple[Step, ...]] = field(default=tuple, repr=False, compare=False)
    frame_kind: FrameKind | None = field(default=None, repr=False, compare=False)
    estimand: Estimand | None = field(default=None, repr=False)
    identification: Any = field(default=None, repr=False, compare=False)
    check: Any = field(default=None, repr=False, compare=False)
    seek: Callable[[], Any] | None = field(default=None, repr=False, compare=False)
    attain: Callable[[], tuple[Any, Any]] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def witness(self) -> Any:
        """For what is not identified, two models that agree on all that is measured and differ on the query, if found.

        A `TwoModels`; None where none was looked for or found. Worked out when first read, which takes a while.
        """
        return None if self.seek is None else self.seek()

    @cached_property
    def attained(self) -> tuple[Any, Any]:
        """For `bounds` of a number, a `Model` at the lower and one at the upper inner end; None where there is none.

        Each meets all that is known, and `ask` gives it that end as its value. Worked out when first read.
        """
        return (None, None) if self.attain is None else self.attain()

    @property
    def derivation(self) -> tuple[Step, ...]:
        """The steps, as data; worked out when first read, since most answers of a batch are never explained."""
        return self._steps

    @cached_property
    def _steps(self) -> tuple[Step, ...]:
        return self.account()

    def __str__(self) -> str:
        return self.to_text()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Answer):
            return NotImplemented
        return all(_same(getattr(self, name), getattr(other, name)) for name in _IDENTITY)

    __hash__ = None  # type: ignore[assignment]  # arrays have no hash

    def __getstate__(self) -> dict[str, Any]:
        kept = {f.name: getattr(self, f.name) for f in fields(self)}
        return kept | {"account": Told(self.derivation)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    def to_text(self, *, derivation: bool = True) -> str:
        """The answer in a few lines, the derivation below it."""
        return answer_text(self, derivation=derivation)

    def to_latex(self) -> str:
        """The query, its value and the derivation as LaTeX."""
        return answer_latex(self)

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON data (no NaN: undefined rows are null)."""
        return answer_data(self)

    def to_frame(self, like: object = None) -> Any:
        """One line a row: the value (or a column for each state), ends, errors and status.

        Args:
            like: a table of as many rows (a pandas or polars frame, an Arrow table, a list of dicts, a mapping): the
                result is of that kind. Left out, of the kind of the rows that were asked. A pandas frame keeps its
                index; a mapping gives a dict of arrays.

        Raises:
            InvalidQuery: the answer was refused, and is not one of rows.
            InvalidRows: `like` has another number of rows.
        """
        return table_of(result_columns(self), len(self.status), like, self.frame_kind)

    @property
    def text(self) -> str:
        """The query as text."""
        return print_query(self.query)


def _same(a: object, b: object) -> bool:
    """Equality where there are arrays in it; not a number equals itself."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(np.asarray(a, float), np.asarray(b, float), equal_nan=True)
    if is_dataclass(a) and type(a) is type(b) and not isinstance(a, type):
        own = [f.name for f in fields(a) if f.compare]
        return all(_same(getattr(a, name), getattr(b, name)) for name in own)
    return a == b
