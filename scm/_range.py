"""One query under several couplings: how far the answer depends on what is assumed. A range, never bounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._answer import Answer
from ._ask import ask
from ._coupling import Coupling
from ._errors import InvalidModel, InvalidQuery, listing
from ._execution import Execution
from ._finding import LAWS, Assumption, Number
from ._grants import granted
from ._model import Model
from ._query import Query, print_query
from ._render import assuming_lines, plain, value_text
from ._text import number_text
from .solvers import Budget

if TYPE_CHECKING:
    from ._sample import PRNGKey

Array = NDArray[np.float64]
Grant: TypeAlias = "str | Coupling | Sequence[str | Coupling]"
"""One entry of a range: a coupling, or several that are granted together."""

NOTE = "a range over the couplings tried, not bounds: other couplings may go beyond"


@dataclass(frozen=True)
class CouplingRange:
    """What `coupling_range` returns.

    Attributes:
        query: what was asked.
        answers: each coupling by name, with its own answer; one that is refused or undefined has no part in the range.
        lower, upper: the smallest and the largest value, cell by cell, over the answers that have one; None if none
            has. Cells that no answer has are NaN.
        lower_by, upper_by: the coupling that gives each (the first of several); in arrays, "" where none does.
    """

    query: Query
    answers: tuple[tuple[str, Answer], ...]
    lower: Number | None = None
    upper: Number | None = None
    lower_by: str | NDArray[np.str_] | None = None
    upper_by: str | NDArray[np.str_] | None = None

    @property
    def valued(self) -> tuple[tuple[str, Answer], ...]:
        """The answers that have a value or an interval."""
        return tuple((name, a) for name, a in self.answers if a.value is not None or a.interval is not None)

    @property
    def coupling_needed(self) -> bool:
        """Whether any answer rests on its coupling; if none does, the tables alone decide the query."""
        return any(_granted(a) for _, answer in self.answers for a in answer.assumptions) or any(
            answer.finding == "refused" for _, answer in self.answers
        )

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self) -> str:
        """The range in a line, then each coupling with its value, its claim and its source."""
        lines = [f"{print_query(self.query)} {self._headline()}", f"  ({NOTE})"]
        if not self.coupling_needed:
            lines[1] = "  (no coupling was needed: the tables alone decide this)"
        for name, answer in self.answers:
            lines.append(f"  {name}: {_told(answer)}")
            lines += assuming_lines(answer.assumptions, "    ")
        return "\n".join(lines)

    def _headline(self) -> str:
        count = f"{len(self.valued)} of {len(self.answers)} couplings"
        if self.lower is None or self.upper is None:
            return f"has a value under none of {len(self.answers)} couplings"
        if isinstance(self.lower, float) and isinstance(self.upper, float):
            ends = f"from {number_text(self.lower)} ({self.lower_by}) to {number_text(self.upper)} ({self.upper_by})"
        else:
            ends = f"from {self._shown(self.lower)} to {self._shown(self.upper)}"
        if not self.coupling_needed and np.array_equal(self.lower, self.upper, equal_nan=True):
            return f"= {self._shown(self.lower)} under each of {len(self.answers)} couplings"
        return f"ranges {ends} over {count}"

    def _shown(self, value: Number) -> str:
        return value_text(replace(self.valued[0][1], value=value, interval=None))

    def to_json(self) -> dict[str, Any]:
        """The range as JSON data, with every answer."""
        return {
            "query": print_query(self.query),
            "kind": "range over couplings",
            "note": NOTE,
            "lower": plain(self.lower),
            "upper": plain(self.upper),
            "lower_by": plain(self.lower_by),
            "upper_by": plain(self.upper_by),
            "coupling_needed": self.coupling_needed,
            "answers": [{"coupling": name, **answer.to_json()} for name, answer in self.answers],
        }


def _granted(assumption: Assumption) -> bool:
    """Whether the user granted it beside the model."""
    return assumption.granted_by == "the user" and not assumption.text.startswith(LAWS)


def coupling_range(
    model: Model,
    query: str | Query,
    couplings: Iterable[Grant] = ("rank_preserving", "gumbel_max", "independent"),
    *,
    rows: object = None,
    ignored: Sequence[str] = (),
    budget: float | str | Budget | None = None,
    key: PRNGKey | int | None = None,
    execution: Execution | None = None,
) -> CouplingRange:
    """Answer `query` under each of several couplings, one answer each.

    Args:
        model: the model.
        query: as for `ask`.
        couplings: names or couplings; an entry may be a tuple of couplings that are granted together.
        rows: as for `ask`.
        ignored: as for `ask`.
        budget: as for `ask`, for each coupling.
        key: as for `ask`.
        execution: as for `ask`.

    Returns:
        A `CouplingRange`. A coupling that cannot be worked out here is listed in it with the reason.

    Raises:
        InvalidQuery: no coupling, a text in place of several, or two of the same name.
        The errors of `ask`.
    """
    if isinstance(couplings, (str, Coupling)):
        raise InvalidQuery(f"coupling_range() takes several couplings, got {couplings!r} alone; for one, use ask().")
    if not isinstance(couplings, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"coupling_range() takes several couplings, got {type(couplings).__name__}.")
    if not isinstance(model, Model):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidModel(f"coupling_range() takes a Model first, got {type(model).__name__}.")
    entries = tuple(couplings)
    if not entries:
        raise InvalidQuery("coupling_range() got no couplings; give names such as ('rank_preserving', 'gumbel_max').")
    names = tuple(_label(entry, model) for entry in entries)
    if twice := [name for name in names if names.count(name) > 1]:
        raise InvalidQuery(
            f"The range has {twice[0]!r} twice, out of {listing(names)}. Give each coupling its own name."
        )
    answers = tuple(
        ask(model, query, rows=rows, ignored=ignored, assume=entry, budget=budget, key=key, execution=execution)
        for entry in entries
    )
    return _ranged(tuple(zip(names, answers, strict=True)))


def _label(entry: Grant, model: Model) -> str:
    """The names of couplings granted together, with the variables of those that are not for every table."""
    shown = [
        c.name if c.variables is None else f"{c.name}({', '.join(map(repr, c.variables))})"
        for c in granted(entry, model)
    ]
    return " and ".join(shown) or "no coupling"


def _ranged(answers: tuple[tuple[str, Answer], ...]) -> CouplingRange:
    found = CouplingRange(answers[0][1].query, answers)
    if not found.valued:
        return found
    names = np.array([name for name, _ in found.valued])
    ends = [_ends(answer) for _, answer in found.valued]
    lower, lower_by = _least(np.stack([low for low, _ in ends]), names)
    upper, upper_by = _least(-np.stack([high for _, high in ends]), names)
    if lower.ndim:
        return CouplingRange(found.query, answers, lower, -upper, lower_by, upper_by)
    return CouplingRange(found.query, answers, float(lower), -float(upper), str(lower_by), str(upper_by))


def _ends(answer: Answer) -> tuple[Array, Array]:
    if answer.interval is not None:
        return np.asarray(answer.interval.outer_lower, float), np.asarray(answer.interval.outer_upper, float)
    value = np.asarray(answer.value, float)
    return value, value


def _least(values: Array, names: NDArray[np.str_]) -> tuple[Array, NDArray[np.str_]]:
    """The smallest along the first axis, NaN left aside, and whose it is."""
    known = np.where(np.isnan(values), np.inf, values)
    who = names[np.argmin(known, axis=0)]
    nowhere = np.isnan(values).all(axis=0)
    return np.where(nowhere, np.nan, known.min(axis=0)), np.where(nowhere, "", who)


def _told(answer: Answer) -> str:
    if answer.finding == "refused":
        return "refused: " + "; ".join(reason for _, reason in answer.refusals)
    # An answer's own interval, from laws that are not known, is told by its finding; the range as a whole is none.
    told, error = value_text(answer), answer.uncertainty
    if told == answer.finding:
        return told
    errors = {"standard error from the counts": error.sampling, "Monte Carlo standard error": error.monte_carlo}
    known = [f"{name} {number_text(x)}" for name, x in errors.items() if isinstance(x, float)]
    return f"{told} [{', '.join([answer.finding, *known])}]"
