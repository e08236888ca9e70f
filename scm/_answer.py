"""`Answer`: what was found, how, under which assumptions, and how far it can be trusted. Never a bare float."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._query import Query, print_query
from ._syntax import Value

Finding: TypeAlias = Literal["exact", "estimate", "bounds", "not_identified", "undefined", "contradiction", "refused"]
Status: TypeAlias = Literal["ok", "undefined", "contradiction"]
Granter: TypeAlias = Literal["the text", "the user", "the method"]
Number: TypeAlias = "float | NDArray[np.float64]"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a derivation: its name, what it claims, why it may be made, and whose theorem it is."""

    name: str
    claim: str
    reason: str
    citation: str = ""


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something the answer rests on, and who granted it."""

    text: str
    granted_by: Granter


@dataclass(frozen=True)
class Interval:
    """Where the answer can lie. Shapes are those of `Answer.value`.

    Attributes:
        lower, upper: inner ends: each is attained by some law.
        outer_lower, outer_upper: no law goes beyond these.
        sharp: inner and outer ends are proved to be the same.
        lower_at, upper_at: for a single number, a state of the roots of unknown law that attains each end.
    """

    lower: Number
    upper: Number
    outer_lower: Number
    outer_upper: Number
    sharp: bool
    lower_at: Mapping[str, Value] | None = None
    upper_at: Mapping[str, Value] | None = None


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Kinds of uncertainty, kept apart; None where a kind is absent.

    Attributes:
        sampling: standard error from finite counts (same shape as the value).
        rounding: interval from printed digits.
        floating_point: bound on the absolute error of the arithmetic.
        noise, parameters, monte_carlo: spread of a unit's noise, of fitted parameters, of drawn samples.
    """

    noise: Number | None = None
    parameters: Number | None = None
    sampling: Number | None = None
    monte_carlo: Number | None = None
    rounding: tuple[float, float] | None = None
    floating_point: float | None = None


@dataclass(frozen=True)
class Answer:
    """What `ask` returns.

    Attributes:
        query: what was asked, with names and states checked.
        finding: the summary; its words are stable.
        value: a number, or an array over rows (first axis, where rows were given) and states; None where there is none.
            In an array, rows whose `status` is not ok hold NaN.
        interval: inner and outer ends where the value is not determined.
        status: for each row, `ok`, `undefined` (the condition has probability zero) or `contradiction`.
        states: for a distribution, each term with its states, in the order of the axes.
        rung: 1 seeing, 2 doing, 3 imagining.
        derivation: the steps, as data.
        assumptions: each with who granted it.
        refusals: for `refused`, every solver's reason.
        plan: what the chosen solver was going to do and what it cost.
        diagnostics: figures about the run.
    """

    query: Query
    finding: Finding
    value: Number | None = None
    interval: Interval | None = None
    status: tuple[Status, ...] = ("ok",)
    states: tuple[tuple[str, tuple[Value, ...]], ...] = ()
    rung: Literal[1, 2, 3] = 1
    uncertainty: Uncertainty = field(default_factory=Uncertainty)
    derivation: tuple[Step, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    refusals: tuple[tuple[str, str], ...] = ()
    plan: Mapping[str, Any] = field(default_factory=lambda: {})
    diagnostics: Mapping[str, Any] = field(default_factory=lambda: {})

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self, *, derivation: bool = True) -> str:
        """The answer in a few lines, the derivation below it."""
        from ._render import answer_text  # rendering is imported when used: most answers of a batch are never printed

        return answer_text(self, derivation=derivation)

    def to_latex(self) -> str:
        """The query, its value and the derivation as LaTeX."""
        from ._render import answer_latex

        return answer_latex(self)

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON data (no NaN: undefined rows are null)."""
        from ._render import answer_data

        return answer_data(self)

    @property
    def text(self) -> str:
        """The query as text."""
        return print_query(self.query)
