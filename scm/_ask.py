"""`ask`: the one front door of the engine."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from ._answer import Answer, Assumption, Finding, Uncertainty
from ._arguments import checked_execution, parse_budget, shaper
from ._coupling import Coupling
from ._derivation import Scene, derive
from ._errors import InvalidModel, InvalidQuery
from ._execution import Execution
from ._finding import Statuses
from ._frames import FrameKind, kind_of
from ._grants import granted, nothing_granted
from ._identified import distribution_states, rung_of
from ._model import Model
from ._plan_report import Plans, contraction
from ._query import Query
from ._resolve import read_query
from ._rows import Rows, read_rows
from ._sample import check_key
from ._shapes import Shape
from ._standard_error import SamplingError, counted_totals, standard_error
from ._study import Study
from .solvers import DEFAULT, Budget, Record, Refusal, Setting, Solution, interval, sharp

if TYPE_CHECKING:
    from ._sample import PRNGKey

Array = NDArray[np.float64]

SAME_REASON = "for the same reason as {}"
"""What is said of a solver that refuses in the same words as an earlier one."""


def ask(
    knowledge: Model | Study,
    query: str | Query,
    *,
    rows: object = None,
    ignored: Sequence[str] = (),
    assume: str | Coupling | Shape | Sequence[str | Coupling | Shape] = (),
    budget: float | str | Budget | None = None,
    key: PRNGKey | int | None = None,
    execution: Execution | None = None,
) -> Answer:
    """Answer a query of any rung.

    Args:
        knowledge: the model, or a study: a graph with what is known of the laws over it. A study takes no rows.
        query: a `Query`, or text such as `P(Y[X=0]=0 | X=1, Y=1)`.
        rows: a mapping of columns, a list of dicts, a pandas or polars DataFrame, or an Arrow table; the answer then
            has one entry a row. A column named as a placeholder fills it. A column named as a variable is what was
            observed of it in the factual world: `V = ?V` joins the condition of every term, so that a query with `do()`
            becomes one about each row's unit; the answer's query shows it. An empty cell says that nothing was
            observed. Where states are labels, whole numbers are their positions. A continuous variable has numbers;
            NaN among them is an error, except in pandas, where it is an empty cell. Messages count rows from 1.
        ignored: columns of the rows that mean nothing here; any other unknown column is an error.
        assume: what the user grants, printed in the answer. Of a model couplings, by name (`"rank_preserving"`,
            `"gumbel_max"`, `"independent"`) or as a `Coupling`; of a study what identification can use (`"no_defiers"`,
            `"homogeneity"`); of both shapes such as `no_prevention("X", "Y")`, which narrow bounds.
        budget: seconds, `"500ms"`, `"10s,2GB"`, or a `Budget`: a computation forecast to be larger is refused. Bounds
            over several unknown laws are as narrow as the seconds allow.
        key: a JAX random key, or a whole number (a seed), for solvers that draw; exact ones ignore it.
        execution: how to run it; left out, the planner chooses.

    Returns:
        An `Answer`. What is known of a study, or the tables of a model without a coupling, may leave the query open:
        the finding is then `bounds`, with proved and attained ends in `interval` and the models that attain them in
        `attained`. What cannot be worked out here is the finding `refused`, with every solver's reason.

    Raises:
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery, InvalidRows: the question cannot be meant.
    """
    if isinstance(knowledge, Study):
        if rows is not None:
            raise InvalidQuery("A study takes no rows of evidence. Write the values into the query.")
        from ._ask_study import ask_study  # a tenth of a second that a model does not need

        return ask_study(knowledge, query, _of_a_study(assume), parse_budget(budget).seconds)
    if isinstance(knowledge, Model) and not knowledge.is_finite:  # pyright: ignore[reportUnnecessaryIsInstance]
        from . import _ask_mixed as mixed  # what a finite model does not need

        asked = mixed.question_of(knowledge, query, rows, ignored)
        if asked.finite is None:
            return mixed.ask_mixed(knowledge, asked, rows, ignored, _no_shapes(assume), budget, key, execution)
        knowledge, query = asked.finite, asked.query
    couplings, shapes = _couplings_and_shapes(assume)
    setting, question = prepared(knowledge, query, rows, ignored, couplings, budget, key, execution)
    refusals: list[tuple[str, str]] = []
    uncoupled = False
    for solver in DEFAULT:
        try:
            solution = solver.solve(setting, question.query)
        except Refusal as refusal:
            uncoupled = uncoupled or refusal.uncoupled
            earlier = next((name for name, reason in refusals if reason == str(refusal)), None)
            refusals.append((solver.name, str(refusal) if earlier is None else SAME_REASON.format(earlier)))
            continue
        return _answer(setting, question, solution, kind_of(rows), solver.name)
    base = Answer(question.query, "refused", rung=question.rung, status=Statuses(()), refusals=tuple(refusals))
    if not uncoupled or any(coupling.variables is None for coupling in setting.couplings):
        return base
    from ._ask_open import bounded_model  # what a query with an answer does not need

    return bounded_model(setting, base, question.states, shapes, kind_of(rows))


def _no_shapes(
    assume: str | Coupling | Shape | Sequence[str | Coupling | Shape],
) -> str | Coupling | Sequence[str | Coupling]:
    """What is granted of a model with continuous variables: couplings.

    Raises:
        InvalidQuery: a shape.
    """
    couplings, shapes = _couplings_and_shapes(assume)
    if shapes:
        raise InvalidQuery("Shapes narrow bounds, which are of finite variables. Leave them out.")
    return couplings


def _couplings_and_shapes(
    assume: str | Coupling | Shape | Sequence[str | Coupling | Shape],
) -> tuple[str | Coupling | Sequence[str | Coupling], tuple[Shape, ...]]:
    """What is granted of the tables of a model, apart: couplings, which give numbers; shapes, which narrow bounds."""
    if nothing_granted(assume):
        return (), ()
    if isinstance(assume, Shape):
        return (), (assume,)
    if isinstance(assume, (str, Coupling)) or not isinstance(assume, (list, tuple)):
        return cast("Sequence[str | Coupling]", assume), ()
    return tuple(x for x in assume if not isinstance(x, Shape)), tuple(x for x in assume if isinstance(x, Shape))


def _of_a_study(assume: str | Coupling | Shape | Sequence[str | Coupling | Shape]) -> str | Shape | list[str | Shape]:
    """What is granted, none of it a coupling."""
    if isinstance(assume, (str, Shape)):
        return assume
    items = (assume,) if isinstance(assume, Coupling) else assume
    if not isinstance(items, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"assume= takes names of assumptions or shapes, got {type(items).__name__}.")
    kept: list[str | Shape] = []
    for item in items:
        if isinstance(item, Coupling):
            raise InvalidQuery("A coupling is about the mechanisms of a model, and a study has none. Leave it out.")
        kept.append(item)
    return kept


def prepared(
    knowledge: Model,
    query: str | Query,
    rows: object,
    ignored: Sequence[str],
    assume: str | Coupling | Sequence[str | Coupling],
    budget: float | str | Budget | None,
    key: PRNGKey | int | None,
    execution: Execution | None,
) -> tuple[Setting, Question]:
    """The arguments of `ask`, checked, as solvers take them."""
    if not isinstance(knowledge, Model):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidModel(
            f"ask() takes a Model or a Study first, got {type(knowledge).__name__}. "
            "Study(graph, ...) joins a graph with what is known; identify(graph, query) needs the graph alone."
        )
    checked_execution(execution)
    question = question_of(knowledge, query)
    asked, coded = read_rows(question.query, rows, knowledge.variable_states, ignored)
    if asked is not question.query:
        question = question_of(knowledge, asked)
    if key is not None:
        check_key(key)
    return setting_for(knowledge, coded, assume, budget, key, execution), question


def setting_for(
    knowledge: Model,
    coded: Rows,
    assume: str | Coupling | Sequence[str | Coupling],
    budget: float | str | Budget | None,
    key: PRNGKey | int | None,
    execution: Execution | None,
) -> Setting:
    """What solvers are given, from rows that were read and the arguments of `ask`."""
    limits = parse_budget(budget)
    return Setting(
        knowledge,
        granted(assume, knowledge),
        limits,
        coded.columns,
        coded.domains,
        coded.count,
        Record(until=None if limits.seconds is None else time.monotonic() + limits.seconds),
        Execution() if execution is None else execution,
        key,
        knowledge.plans,
        coded.empty,
    )


@dataclass(frozen=True)
class Question:
    """A query read against a model: names and states checked, its rung and the states of its distribution known."""

    query: Query
    rung: Literal[1, 2, 3]
    states: tuple[tuple[str, tuple[Any, ...]], ...]


def question_of(model: Model, query: str | Query) -> Question:
    """The query as it is meant, from the model's store if it was asked before."""
    key = ("question", query)
    found = model.plans.get(key)
    if found is None:
        asked = read_query(query, model.variable_states)
        found = Question(asked, rung_of(model.graph, asked), distribution_states(model.variable_states, asked))
        model.plans[key] = found
    return found


def _answer(setting: Setting, question: Question, solution: Solution, kind: FrameKind | None, solver: str) -> Answer:
    query = question.query
    shape, finding = shaper(kind is not None), _finding(setting, solution)
    drawn = solution.monte_carlo
    shaken = SamplingError(None)
    if finding == "estimate" and drawn is None:
        shaken = standard_error(setting, query, solution.lower.shape)
    scene = Scene(setting, query, solution, finding)
    return Answer(
        query,
        finding,
        value=shape(solution.lower) if finding in ("exact", "estimate") else None,
        interval=interval(solution, shape) if finding == "bounds" else None,
        status=Statuses.of(solution.defined),
        states=question.states,
        rung=question.rung,
        uncertainty=Uncertainty(
            sampling=None if shaken.error is None else shape(shaken.error),
            monte_carlo=None if drawn is None or finding != "estimate" else shape(drawn),
            floating_point=_absolute(setting, solution),
        ),
        diagnostics=solution.diagnostics,
        assumptions=assumptions_of(setting, shaken.notes, drawn=drawn is not None),
        plan=Plans(lambda: plan_of(setting, solver)),
        account=lambda: derive(scene),
        frame_kind=kind,
    )


def _absolute(setting: Setting, solution: Solution) -> float:
    if setting.record.error is not None:
        return setting.record.error
    relative = setting.record.rounding
    top = np.abs(solution.upper).max(initial=1.0, where=np.isfinite(solution.upper))
    return float(top * relative)


def _finding(setting: Setting, solution: Solution) -> Finding:
    if not solution.defined.any():
        return "undefined" if solution.defined.size else "exact"
    if solution.upper is not solution.lower:
        ok = ~np.isnan(solution.lower)
        if np.any(solution.upper[ok] != solution.lower[ok]) or not sharp(solution):
            return "bounds"
    return "estimate" if solution.monte_carlo is not None or counted_totals(setting) else "exact"


def assumptions_of(setting: Setting, notes: Sequence[str] = (), *, drawn: bool = False) -> tuple[Assumption, ...]:
    """What was granted and used.

    Args:
        setting: with its record.
        notes: what stands in the way of a standard error, or goes with it.
        drawn: the answer was drawn, so that no sampling error of counts was worked out.
    """
    used = dict.fromkeys(f"{c.claim} ({c.citation})" for c in setting.record.couplings.values())
    out = [Assumption(text, "the user") for text in used]
    for name, totals in counted_totals(setting).items():
        text = (
            f"the units counted for {name!r} ({sum(totals):g} in all) are drawn at random "
            "from the population the answer speaks of"
        )
        if drawn:
            text = f"the units counted for {name!r} are taken as the truth: their sampling error is not worked out here"
        out.append(Assumption(text, "the method"))
    return (*out, *(Assumption(text, "the method") for text in notes))


def plan_of(setting: Setting, solver: str) -> dict[str, Any]:
    """What was run, for `Answer.plan`."""
    record = setting.record
    reports = [
        contraction(setting.model, plan, worlds, run, setting.rows)
        for plan, worlds, run in itertools.zip_longest(record.plans, record.worlds, record.runs)
    ]
    return {
        "solver": solver,
        "executor": ", ".join(dict.fromkeys(f"{r.executor} {r.precision}" for r in record.runs)) or "numpy double",
        "fallback": next((r.fallback for r in record.runs if r.fallback), None),
        "rows": setting.rows,
        "width": max((p.path.width for p in record.plans), default=0.0),
        "largest_array": max((p.path.entries for p in record.plans), default=0.0),
        "contractions": reports,
    }
