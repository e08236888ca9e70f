"""`ask`: the one front door of the engine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._answer import Answer, Assumption, Finding, Uncertainty
from ._coupling import Coupling, granted
from ._derivation import Scene, derive
from ._errors import InvalidModel, InvalidQuery
from ._mechanism import Table
from ._model import Model
from ._parse import parse_query
from ._query import Distribution, Query, print_query, query_terms, term_parts
from ._relevance import rung
from ._resolve import resolve
from ._rows import code_rows
from ._sampling import counted_tables, standard_error
from ._syntax import print_expr
from .solvers import DEFAULT, Budget, Record, Refusal, Setting, Solution, interval, sharp

Array = NDArray[np.float64]


def ask(
    knowledge: Model,
    query: str | Query,
    *,
    rows: Mapping[str, Sequence[object]] | None = None,
    assume: str | Coupling | Sequence[str | Coupling] = (),
    budget: float | str | Budget | None = None,
    key: Any = None,
) -> Answer:
    """Answer a query of any rung.

    Args:
        knowledge: the model.
        query: a `Query`, or text such as `P(Y[X=0]=0 | X=1, Y=1)`.
        rows: values for the query's placeholders, one column each; the answer then has one entry a row.
        assume: what the user grants, by name (`"rank_preserving"`) or as a `Coupling`; printed in the answer.
        budget: seconds, `"10s,2GB"`, or a `Budget`: a computation forecast to be larger is refused.
        key: a JAX random key, for solvers that draw; exact ones ignore it.

    Returns:
        An `Answer`; what cannot be worked out here is the finding `refused`, with every solver's reason.

    Raises:
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery, InvalidRows: the question cannot be meant.
    """
    del key  # no solver here draws yet; the argument is part of the promise
    if not isinstance(knowledge, Model):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidModel(f"ask() takes a Model first, got {type(knowledge).__name__}.")
    parsed = parse_query(query, knowledge.variable_states) if isinstance(query, str) else query
    asked = resolve(parsed, knowledge.variable_states)
    items = (assume,) if isinstance(assume, (str, Coupling)) else tuple(assume)
    coded = code_rows(asked, rows, knowledge.variable_states)
    limits = parse_budget(budget)
    setting = Setting(knowledge, granted(items), limits, coded.columns, coded.domains, coded.count, Record())
    step = max((rung(knowledge.graph, term_parts(term)) for term in query_terms(asked)), default=1)
    refusals: list[tuple[str, str]] = []
    for solver in DEFAULT:
        try:
            solution = solver.solve(setting, asked)
        except Refusal as refusal:
            refusals.append((solver.name, str(refusal)))
            continue
        return _answer(setting, asked, solution, step, rows is not None, solver.name)
    return Answer(asked, "refused", rung=step, status=(), refusals=tuple(refusals))


def _answer(setting: Setting, query: Query, solution: Solution, step: Any, batch: bool, solver: str) -> Answer:
    states = _distribution_states(setting.model, query)
    shape = _shaper(batch)
    finding = _finding(setting, solution)
    determined = bool(np.all(np.isnan(solution.lower) | (solution.lower == solution.upper)))
    has_value = finding in ("exact", "estimate")
    answer = Answer(
        query,
        finding,
        value=shape(solution.lower) if has_value and determined else None,
        interval=interval(solution, shape) if finding == "bounds" else None,
        status=tuple(solution.status),
        states=states,
        rung=step,
        assumptions=_assumptions(setting),
        plan=_plan(setting, solver),
    )
    rounding = max((p.rounding for p in setting.record.plans), default=0.0)
    sampling = None
    if finding == "estimate":
        sampling = shape(standard_error(setting, query))
    answer = replace(answer, uncertainty=Uncertainty(sampling=sampling, floating_point=_absolute(solution, rounding)))
    return replace(answer, derivation=derive(Scene(setting, query, solution, step, answer)))


def _absolute(solution: Solution, relative: float) -> float:
    top = np.nanmax(np.abs(solution.upper)) if np.isfinite(solution.upper).any() else 0.0
    return float(max(top, 1.0) * relative)


def _finding(setting: Setting, solution: Solution) -> Finding:
    if all(s != "ok" for s in solution.status):
        return "undefined" if solution.status else "exact"
    ok = ~np.isnan(solution.lower)
    if np.any(solution.upper[ok] != solution.lower[ok]) or not sharp(solution):
        return "bounds"
    return "estimate" if counted_tables(setting) else "exact"


def _shaper(batch: bool) -> Any:
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


def _assumptions(setting: Setting) -> tuple[Assumption, ...]:
    used = {c.name: c for c in setting.record.couplings.values()}
    out = [Assumption(f"{c.claim} ({c.citation})", "the user") for c in used.values()]
    for name in counted_tables(setting):
        table = setting.model.mechanisms[name]
        if isinstance(table, Table) and table.totals is not None:
            text = (
                f"the units counted for {name!r} ({sum(table.totals):g} in all) are drawn at random "
                "from the population the answer speaks of"
            )
            out.append(Assumption(text, "the method"))
    return tuple(out)


def _plan(setting: Setting, solver: str) -> dict[str, Any]:
    plans, worlds = setting.record.plans, setting.record.worlds
    return {
        "solver": solver,
        "executor": "numpy float64",
        "contractions": len(plans),
        "instances": max((len(w.instances) for w in worlds), default=0),
        "width": max((p.path.width for p in plans), default=0.0),
        "operations_per_row": sum(p.path.operations for p in plans),
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
