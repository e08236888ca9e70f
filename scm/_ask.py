"""`ask`: the one front door of the engine."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._answer import Answer, Assumption, Finding, Uncertainty
from ._coupling import Coupling, granted
from ._derivation import Scene, derive
from ._errors import InvalidModel, InvalidQuery
from ._execution import Execution
from ._model import Model
from ._query import Distribution, Query, print_query, query_terms, term_parts
from ._relevance import rung
from ._resolve import read_query
from ._rows import code_rows
from ._standard_error import SamplingError, counted_totals, standard_error
from ._syntax import print_expr
from .solvers import DEFAULT, Budget, Record, Refusal, Setting, Solution, interval, rounding_of, sharp

if TYPE_CHECKING:
    from ._sample import PRNGKey

Array = NDArray[np.float64]


def ask(
    knowledge: Model,
    query: str | Query,
    *,
    rows: Mapping[str, Sequence[object]] | None = None,
    assume: str | Coupling | Sequence[str | Coupling] = (),
    budget: float | str | Budget | None = None,
    key: PRNGKey | None = None,
    execution: Execution | None = None,
) -> Answer:
    """Answer a query of any rung.

    Args:
        knowledge: the model.
        query: a `Query`, or text such as `P(Y[X=0]=0 | X=1, Y=1)`.
        rows: values for the query's placeholders, one column each; the answer then has one entry a row.
        assume: what the user grants, by name (`"rank_preserving"`) or as a `Coupling`; printed in the answer.
        budget: seconds, `"10s,2GB"`, or a `Budget`: a computation forecast to be larger is refused.
        key: a JAX random key, for solvers that draw; exact ones ignore it.
        execution: how to run it; left out, the planner chooses.

    Returns:
        An `Answer`; what cannot be worked out here is the finding `refused`, with every solver's reason.

    Raises:
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery, InvalidRows: the question cannot be meant.
    """
    asked, setting = prepare(knowledge, query, rows, assume, budget, execution, key)
    steps: list[Literal[1, 2, 3]] = [1, *(rung(knowledge.graph, term_parts(term)) for term in query_terms(asked))]
    refusals: list[tuple[str, str]] = []
    for solver in DEFAULT:
        try:
            solution = solver.solve(setting, asked)
        except Refusal as refusal:
            refusals.append((solver.name, str(refusal)))
            continue
        return _answer(setting, asked, solution, max(steps), rows is not None, solver.name)
    return Answer(asked, "refused", rung=max(steps), status=(), refusals=tuple(refusals))


def prepare(
    knowledge: Model,
    query: str | Query,
    rows: Mapping[str, Sequence[object]] | None,
    assume: str | Coupling | Sequence[str | Coupling],
    budget: float | str | Budget | None,
    execution: Execution | None = None,
    key: PRNGKey | None = None,
) -> tuple[Query, Setting]:
    """The query with names and states checked, and what it is to be solved under; see `ask`."""
    if not isinstance(knowledge, Model):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidModel(f"ask() takes a Model first, got {type(knowledge).__name__}.")
    asked = read_query(query, knowledge.variable_states)
    _distribution_states(knowledge, asked)
    coded = code_rows(asked, rows, knowledge.variable_states)
    limits = parse_budget(budget)
    return asked, Setting(
        knowledge,
        granted(assume),
        limits,
        coded.columns,
        coded.domains,
        coded.count,
        Record(until=None if limits.seconds is None else time.monotonic() + limits.seconds),
        Execution() if execution is None else execution,
        key,
        knowledge.plans,
    )


def _answer(
    setting: Setting, query: Query, solution: Solution, step: Literal[1, 2, 3], batch: bool, solver: str
) -> Answer:
    shape, finding = _shaper(batch), _finding(setting, solution)
    shaken = standard_error(setting, query, solution.lower.shape) if finding == "estimate" else SamplingError(None)
    rounding = max(map(rounding_of, setting.record.plans, setting.record.runs), default=0.0)
    scene = Scene(setting, query, solution, finding)
    return Answer(
        query,
        finding,
        value=shape(solution.lower) if finding in ("exact", "estimate") else None,
        interval=interval(solution, shape) if finding == "bounds" else None,
        status=tuple(solution.status),
        states=_distribution_states(setting.model, query),
        rung=step,
        uncertainty=Uncertainty(
            sampling=None if shaken.error is None else shape(shaken.error),
            floating_point=_absolute(solution, rounding),
        ),
        assumptions=_assumptions(setting, shaken.notes),
        plan=_plan(setting, solver),
        account=lambda: derive(scene),
    )


def _absolute(solution: Solution, relative: float) -> float:
    top = np.nanmax(np.abs(solution.upper)) if np.isfinite(solution.upper).any() else 0.0
    return float(max(top, 1.0) * relative)


def _finding(setting: Setting, solution: Solution) -> Finding:
    if all(s != "ok" for s in solution.status):
        return "undefined" if solution.status else "exact"
    ok = ~np.isnan(solution.lower)
    if np.any(solution.upper[ok] != solution.lower[ok]) or not sharp(solution):
        return "bounds"
    return "estimate" if counted_totals(setting) else "exact"


def _shaper(batch: bool) -> Callable[[Array], float | Array]:
    def shape(array: Array) -> float | Array:
        # Inside, rows are the last axis; a user reads them first.
        out = np.moveaxis(np.asarray(array, dtype=float), -1, 0)
        if not batch:
            out = out[0]
        return float(out) if out.ndim == 0 else np.ascontiguousarray(out)

    return shape


def _distribution_states(model: Model, query: Query) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    found = {
        tuple((print_expr(t), model.states[t.name]) for t in q.of)
        for q in query_terms(query)
        if isinstance(q, Distribution)
    }
    if not found:
        return ()
    shapes = {tuple(states for _, states in f) for f in found}
    if len(shapes) > 1 or len({isinstance(q, Distribution) for q in query_terms(query)}) > 1:
        raise InvalidQuery(
            f"{print_query(query)} combines distributions over different states, or one with a number. "
            "Ask for each by itself."
        )
    return max(found, key=lambda f: [name for name, _ in f])


def _assumptions(setting: Setting, notes: Sequence[str]) -> tuple[Assumption, ...]:
    """What was granted and used; `notes`: what stands in the way of a standard error."""
    used = dict.fromkeys(f"{c.claim} ({c.citation})" for c in setting.record.couplings.values())
    out = [Assumption(text, "the user") for text in used]
    for name, totals in counted_totals(setting).items():
        text = (
            f"the units counted for {name!r} ({sum(totals):g} in all) are drawn at random "
            "from the population the answer speaks of"
        )
        out.append(Assumption(text, "the method"))
    return (*out, *(Assumption(text, "the method") for text in notes))


def _plan(setting: Setting, solver: str) -> dict[str, Any]:
    plans, worlds = setting.record.plans, setting.record.worlds
    return {
        "solver": solver,
        "executor": "numpy float64",
        "contractions": len(plans),
        "instances": max((len(w.instances) for w in worlds), default=0),
        "width": max((p.path.width for p in plans), default=0.0),
        "operations_per_row": sum(p.path.each or p.path.once for p in plans),
        "largest_array": max((p.path.entries for p in plans), default=0.0),
        "rows": setting.rows,
    }


def parse_budget(budget: float | str | Budget | None) -> Budget:
    """A budget from seconds, or from text such as `30s`, `2min,4GB`.

    Raises:
        InvalidQuery: text that is no budget.
    """
    if isinstance(budget, Budget):
        return budget
    if budget is None:
        return Budget()
    if isinstance(budget, (int, float)):
        if not budget > 0:
            raise InvalidQuery(f"A budget is a positive number of seconds, got {budget!r}.")
        return Budget.of(float(budget))
    found = re.fullmatch(
        r"\s*(\d+\.?\d*|\.\d+)\s*(s|sec|min|m|h)?\s*(?:,\s*(\d+\.?\d*|\.\d+)\s*(kB|KB|MB|GB|B)?\s*)?", budget
    )
    if found is None:
        raise InvalidQuery(f"Cannot read the budget {budget!r}; write TIME[,MEMORY], for example 30s or 2min,4GB.")
    seconds = float(found[1]) * {"min": 60, "m": 60, "h": 3600}.get(found[2] or "s", 1)
    scale = {"kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9}.get(found[4] or "B", 1)
    return Budget.of(seconds, None if found[3] is None else float(found[3]) * scale)
