"""`explain`: what answering a query would take, before anything is run. After the manner of a database's EXPLAIN."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast

from ._ask import prepared
from ._coupling import Coupling
from ._execution import Execution
from ._identified import rung_of
from ._model import Model
from ._plan_report import contraction, contraction_text, seconds_text, task_text
from ._query import Query, print_query
from ._resolve import read_query
from ._study import Study
from .solvers import Budget, Refusal, Setting, draws_of, forecast_of, plans_of

if TYPE_CHECKING:
    from ._mixed_solve import Setting as MixedSetting
    from ._sample import PRNGKey
    from .bounds._granted import Grants


@dataclass(frozen=True)
class Forecast:
    """What a query would take.

    Attributes:
        query: as it was understood.
        rung: 1 seeing, 2 doing, 3 imagining.
        rows: how many.
        contractions: one mapping each: the term, worlds, instances, width, operations, bytes, forecasts in seconds.
        refusals: for each solver that would not answer, its reason.
        others: lines on the solvers that come after the exact one.
        tasks: for a model with continuous variables, one mapping for each part of a term and pattern of evidence: who
            would work it out, and why not the ones before.
    """

    query: Query
    rung: Literal[1, 2, 3]
    rows: int
    contractions: tuple[Mapping[str, Any], ...]
    refusals: tuple[tuple[str, str], ...] = ()
    others: tuple[str, ...] = ("monte_carlo: runs where exact refuses, if key= is given",)
    tasks: tuple[Mapping[str, Any], ...] = ()

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self) -> str:
        """The explanation in lines."""
        rows = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        out = [f"{print_query(self.query)}    rung {self.rung}, {rows}"]
        for number, data in enumerate(self.contractions, 1):
            out.append(f"contraction {number}: {data['term']}")
            if data.get("impossible"):
                out.append("  the evidence contradicts itself: probability zero, nothing to run")
            else:
                out += [f"  {line}" for line in contraction_text(data)]
                out.append(f"  chosen: exact, {data['chosen']}")
        for number, data in enumerate(self.tasks, 1):
            for line in task_text(number, data):
                out += textwrap.wrap(line, 110, subsequent_indent="    ", drop_whitespace=False)
        for solver, reason in self.refusals:
            out += textwrap.wrap(f"{solver} refuses: {reason}", 110, subsequent_indent="  ")
        for line in self.others:
            out += textwrap.wrap(line, 110, subsequent_indent="  ")
        return "\n".join(out)

    def to_json(self) -> dict[str, Any]:
        """The explanation as JSON data."""
        return {
            "query": print_query(self.query),
            "rung": self.rung,
            "rows": self.rows,
            "contractions": [dict(c) for c in self.contractions],
            "refusals": [list(r) for r in self.refusals],
            "others": list(self.others),
            "tasks": [dict(t) for t in self.tasks],
        }


def explain(
    knowledge: Model | Study,
    query: str | Query,
    *,
    rows: object = None,
    ignored: Sequence[str] = (),
    assume: str | Coupling | Sequence[str | Coupling] = (),
    budget: float | str | Budget | None = None,
    key: PRNGKey | int | None = None,
    execution: Execution | None = None,
) -> Forecast:
    """What `ask` with these arguments would do and what it would cost; nothing is contracted.

    Args:
        knowledge: the model, or a study; of a study only what bounds would take is forecast.
        query: as for `ask`.
        rows: as for `ask`.
        ignored: as for `ask`.
        assume: as for `ask`.
        budget: as for `ask`.
        key: as for `ask`; with one, and where exact refuses, what would be drawn is forecast.
        execution: as for `ask`.

    Raises:
        The errors of `ask`.
    """
    if isinstance(knowledge, Study):
        from ._ask_bounds import bounds_forecast as of_study

        asked_of = read_query(query, knowledge.states)
        told = of_study(knowledge, asked_of, cast("Grants", assume))
        return Forecast(asked_of, rung_of(knowledge.graph, asked_of), 1, (), others=(told,))
    if isinstance(knowledge, Model) and not knowledge.is_finite:  # pyright: ignore[reportUnnecessaryIsInstance]
        from . import _ask_mixed as mixed  # what a finite model does not need

        asked = mixed.question_of(knowledge, query, rows, ignored)
        if asked.finite is None:
            return _mixed(mixed.setting_for(knowledge, asked, rows, ignored, assume, budget, key, execution))
        knowledge, query = asked.finite, asked.query
    setting, question = prepared(knowledge, query, rows, ignored, assume, budget, key, execution)
    try:
        found = plans_of(setting, question.query)
    except Refusal as refusal:
        found = Forecast(question.query, question.rung, setting.rows, (), (("exact", str(refusal)),))
        found = found if key is None else replace(found, others=_drawn(setting, question.query))
        if not refusal.uncoupled:
            return found
        from ._ask_open import bounds_forecast

        return replace(found, others=(*found.others, bounds_forecast(setting, question.query, question.states)))
    reports: list[Mapping[str, Any]] = []
    for term, count, planned in found:
        data: dict[str, Any] = {"term": print_query(term), "rows": count}
        if planned is None:
            reports.append(data | {"impossible": True})
            continue
        chosen, forecast = forecast_of(planned.plan, count, setting.budget, setting.execution)
        data |= contraction(knowledge, planned.plan, planned.worlds, None, count)
        reports.append(data | {"forecast_seconds": dict(forecast), "chosen": chosen})
    return Forecast(question.query, question.rung, setting.rows, tuple(reports))


def _mixed(found: tuple[MixedSetting, Query]) -> Forecast:
    from ._mixed_explain import forecast

    setting, query = found
    tasks, refusals = forecast(setting, query)
    rung = rung_of(setting.model.graph, query)
    return Forecast(query, rung, setting.rows.count, (), refusals, (), tasks)


def _drawn(setting: Setting, query: Query) -> tuple[str, ...]:
    try:
        return tuple(
            f"monte_carlo: {print_query(term)}: draws {some:,} of {steps:,} steps and contracts the rest, about "
            f"{seconds_text(seconds)} for each 1,000 draws"
            for term, some, steps, seconds in draws_of(setting, query)
        )
    except Refusal as refusal:
        return (f"monte_carlo refuses: {refusal}",)
