"""`ask` where the model has continuous variables: each term to the cheapest solver that is exact for it, or drawn."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ._answer import Answer, Uncertainty
from ._arguments import checked_execution, parse_budget, shaper
from ._coupling import Coupling
from ._execution import Execution
from ._finding import Finding, Statuses
from ._frames import FrameKind, frame_of, kind_of
from ._grants import granted
from ._identified import distribution_states, rung_of
from ._mixed_account import assumptions_of, derive, diagnostics_of, plan_of, refusals_of, refused_data
from ._mixed_finite import finite_model
from ._mixed_found import Found
from ._mixed_kinds import cells, check_kinds, is_distribution
from ._mixed_rows import read_mixed_rows
from ._mixed_solve import Refused, Setting, solve
from ._model import Model
from ._plan_report import Plans
from ._query import Query
from ._resolve import read_query
from ._rows import row_variables
from ._sample import check_key
from ._syntax import Value
from .solvers import Budget, Solution

if TYPE_CHECKING:
    from ._sample import PRNGKey

MOST_CELLS = 1024
"""Most cells of a table that is asked for; each is a term of its own."""


@dataclass(frozen=True)
class Question:
    """A query read against a model that is not finite.

    Attributes:
        query: names, states and kinds checked; with the evidence that the rows bring.
        rung: of the ladder.
        states: of a table, for each term.
        finite: the part of the model that the question is about, where that is finite.
    """

    query: Query
    rung: Literal[1, 2, 3]
    states: tuple[tuple[str, tuple[Value, ...]], ...]
    finite: Model | None


def question_of(model: Model, query: str | Query, rows: object = None, ignored: Sequence[str] = ()) -> Question:
    """What is asked, and whether finite variables alone decide it.

    Raises:
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery, InvalidRows: the question cannot be meant.
    """
    asked = read_query(query, model.variable_states, model.reals)
    domains = {v.name: model.domains[v.name] for v in model.variables}
    check_kinds(asked, domains)
    names: list[str] = []
    if rows is not None:
        frame = frame_of(rows)
        if frame.names or frame.count != 0:
            names = [name for name in row_variables(asked, frame.names, domains, ignored) if name in domains]
    return Question(
        asked,
        rung_of(model.graph, asked),
        distribution_states(model.variable_states, asked),
        finite_model(model, asked, names),
    )


def ask_mixed(
    model: Model,
    question: Question,
    rows: object,
    ignored: Sequence[str],
    assume: str | Coupling | Sequence[str | Coupling],
    budget: float | str | Budget | None,
    key: PRNGKey | int | None,
    execution: Execution | None,
) -> Answer:
    """Answer a question about a model with continuous variables; the arguments are those of `ask`.

    Returns:
        `exact` where every term was worked out exactly; `estimate` with standard errors where some was drawn;
        `undefined` where no row's evidence is possible; `refused`, where that is so of every row, with every solver's
        reason, and what was found before the diagnostics of the draws turned out bad in `diagnostics["partial"]`. Where
        some rows were refused, the status of those is `refused`, and `diagnostics["refused"]` names them.

    Raises:
        InvalidQuery, InvalidRows, UnknownName: the question cannot be meant.
    """
    setting, asked = setting_for(model, question, rows, ignored, assume, budget, key, execution)
    rung = rung_of(model.graph, asked)
    try:
        found = _solved(setting, asked, question)
    except Refused as refused:
        return Answer(asked, "refused", rung=rung, status=Statuses(()), refusals=refused.refusals)
    turned = found.refused(np.arange(setting.rows.count))
    if turned.size and turned.all():
        return _refused(asked, question, rung, found, kind_of(rows))
    shape, finding = shaper(rows is not None), _finding(found)
    drawn = found.error if finding == "estimate" else None
    return Answer(
        asked,
        finding,
        value=shape(found.value) if finding in ("exact", "estimate") else None,
        status=Statuses.of(found.defined, turned),
        states=question.states,
        rung=rung,
        uncertainty=Uncertainty(
            monte_carlo=None if drawn is None else shape(drawn), floating_point=found.rounding or None
        ),
        refusals=refusals_of(found.turned),
        diagnostics=diagnostics_of(setting) | ({"refused": refused_data(found.turned)} if found.turned else {}),
        assumptions=assumptions_of(setting),
        plan=Plans(lambda: plan_of(setting)),
        account=lambda: derive(setting, asked, found, finding),
        frame_kind=kind_of(rows),
    )


def setting_for(
    model: Model,
    question: Question,
    rows: object,
    ignored: Sequence[str],
    assume: str | Coupling | Sequence[str | Coupling],
    budget: float | str | Budget | None,
    key: PRNGKey | int | None,
    execution: Execution | None,
) -> tuple[Setting, Query]:
    """What solvers are given, and the query with the evidence of the rows.

    Raises:
        InvalidQuery, InvalidRows, UnknownName: the arguments cannot be meant.
    """
    checked_execution(execution)
    domains = {v.name: model.domains[v.name] for v in model.variables}
    asked, read = read_mixed_rows(question.query, rows, domains, ignored)
    if key is not None:
        check_key(key)
    limits = parse_budget(budget)
    until = None if limits.seconds is None else time.monotonic() + limits.seconds
    run = Execution() if execution is None else execution
    return Setting(model, granted(assume, model), limits, read, run, key, until=until), asked


def _solved(setting: Setting, query: Query, question: Question) -> Found:
    """The value of a query, or of every cell of a table; rows are the last axis."""
    if not is_distribution(query):
        return solve(setting, query)
    sizes = [len(states) for _, states in question.states]
    count = int(np.prod(sizes))
    if count > MOST_CELLS:
        raise Refused([("cells", f"the table has {count:,} cells; at most {MOST_CELLS:,} are worked out.")])
    parts: list[Found] = []
    for at in itertools.product(*map(range, sizes)):
        parts.append(solve(setting, cells(query, setting.model.variable_states, at)))
    shape = (*sizes, setting.rows.count)
    drawn = [np.zeros(setting.rows.count) if part.error is None else part.error for part in parts]
    return Found(
        np.stack([part.value for part in parts]).reshape(shape),
        np.logical_and.reduce([part.defined for part in parts]),
        np.stack(drawn).reshape(shape) if any(part.error is not None for part in parts) else None,
        max(part.rounding for part in parts),
        tuple(turned for part in parts for turned in part.turned),
    )


def _refused(asked: Query, question: Question, rung: Literal[1, 2, 3], found: Found, kind: FrameKind | None) -> Answer:
    """The answer where no row has one."""
    partial = next((_partial(t.partial, t.of) for t in found.turned if t.partial is not None), None)
    return Answer(
        asked,
        "refused",
        rung=rung,
        status=Statuses(() if kind is None else ("refused",) * len(found.defined)),
        states=question.states,
        refusals=refusals_of(found.turned),
        diagnostics={} if partial is None else {"partial": partial},
        frame_kind=kind,
    )


def _partial(found: Solution, rows: Any) -> dict[str, Any]:
    """What had been found when the figures of the draws turned out bad: never an answer."""
    return {
        "rows": (np.asarray(rows) + 1).tolist(),
        "value": found.lower.tolist(),
        "standard_error": None if found.monte_carlo is None else found.monte_carlo.tolist(),
        "effective_size": None if found.effective_size is None else found.effective_size.tolist(),
        "figures": dict(found.diagnostics),
    }


def _finding(found: Found) -> Finding:
    if not found.defined.any():
        return "undefined" if found.defined.size else "exact"
    return "exact" if found.error is None else "estimate"
