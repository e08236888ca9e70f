"""The account of an answer over a model with continuous variables: derivation, assumptions, plan, diagnostics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ._continuous import ContinuousNoise, GaussianCopula, MultivariateNormal, UnknownLaw
from ._coupling import Coupling
from ._derivation import THEOREM, actions, consistency, exclusions, written
from ._finding import LAWS, Assumption, Finding, Step
from ._mechanism import Table
from ._mixed_found import Found, Turned
from ._mixed_mixture import Mixture
from ._mixed_parts import NOTHING
from ._mixed_solve import Setting, Solved
from ._mixed_trace import factual, traced
from ._query import Contrast, Distribution, Query, Term, print_query, query_terms, term_parts
from ._render import refused_text
from ._syntax import Op, Var, conjuncts, print_expr, print_name, terms
from ._text import number_text
from ._worlds import Own
from .mechanisms._types import NeedsCoupling
from .solvers import Refusal, split_given
from .solvers.gaussian import Gaussian

SHOWN = 6
"""Noises, laws and groups of refused rows written out in a step or an assumption; the rest are counted."""
NAMED = 10
"""Rows that were refused and are named; the rest are counted."""


# ---------------------------------------------------------------------------------------------------------------------
# Derivation


def derive(setting: Setting, query: Query, found: Found, finding: Finding) -> tuple[Step, ...]:
    """The steps of one answer; for rows, those that all rows share, with the first row's figures."""
    steps: list[Step] = []
    parts = _told_parts(setting, found)
    asked = {term: tuple(dict.fromkeys(t for e in term_parts(term) for t in terms(e))) for term in query_terms(query)}
    for term, own in asked.items():
        facts, _ = split_given(setting.model, term.given)
        steps += [*exclusions(setting.model.graph, own), *consistency(setting.model.graph, own, facts)]
    steps += [_abduction(setting, part) for part in parts]
    for own in asked.values():
        steps += actions(own)
    for part in parts:
        steps += _imagined(setting, part)
    claim = _result(setting, query, found, finding)
    if isinstance(query, Contrast):
        steps.append(Step("contrast", claim, _together(setting)))
    else:
        steps.append(Step("prediction", claim, _how(setting), f"{THEOREM}, step 3"))
    if found.turned:
        told = refused_text(refused_data(found.turned), setting.rows.count)
        steps.append(Step("refusal", told, "; ".join(f"{name}: {why}" for name, why in refusals_of(found.turned))))
    return tuple(dict.fromkeys(steps))


def _told_parts(setting: Setting, found: Found) -> list[Solved]:
    """The tasks that there is something to tell of: for rows, the first by each solver."""
    mine = [s for s in setting.report if s.task.asked != NOTHING and not (len(s.rows) and found.refused(s.rows).all())]
    if setting.rows.count == 1:
        return mine
    return list({s.solver: s for s in reversed(mine)}.values())[::-1]


def _together(setting: Setting) -> str:
    """Why terms may be worked out as they were."""
    if any(s.solver == "sampled" for s in setting.report):
        return "terms under one condition share their draws; the error is that of the whole"
    return "each term is worked out by itself: their joint law across worlds is not needed"


def _abduction(setting: Setting, solved: Solved) -> Step:
    """What the evidence says of the noise."""
    given = ", ".join(print_expr(part) for part in conjuncts(solved.term.given)) or "no evidence"
    row = "" if setting.rows.count == 1 else f" in row {int(solved.rows[0]) + 1}"
    noises: Mapping[str, float] = traced(solved.task).noises if len(solved.rows) else {}
    told = _told({print_name(n): x for n, x in noises.items()})
    figures = solved.solution.diagnostics
    match solved.solver:
        case "unit":
            claim = f"given {given}: the noise is determined" + (f"{row}: {told}" if told else "")
            reason = "each mechanism is solved for its noise where the variable and its parents are known"
        case "finite":
            claim = f"given {given}: finite variables alone decide the term"
            reason = "nothing continuous that is asked about depends on the evidence, or on what is imposed"
        case "mixture":
            claim = f"given {given}: every combination of what is finite and not known gets its probability"
            claim += _believed(solved, row)
            reason = "in each of them mechanisms are linear and noises normal, so that the evidence has a density"
        case "enumeration":
            claim = f"given {given}: every combination of what is finite and not known gets its probability"
            reason = "in each of them the evidence determines every other noise that matters"
        case "density":
            claim = f"given {given}: a noise of which nothing is known moves what is asked for"
            reason = "it has a density, whatever else is known, and a density gives no single value a probability"
        case "gaussian":
            claim = f"given {given}: the noises that matter are jointly normal"
            claim += (f"; determined{row}: {told}" if told else "") + _believed(solved, row)
            reason = "mechanisms are linear and noises normal, so that conditioning on the evidence is exact"
            if figures.get("not_normal"):
                claim = f"given {given}: the noises that matter keep their means and covariances, or are jointly normal"
                reason = "mechanisms are linear, and moments of noises that are not normal meet no evidence or event"
        case _:
            claim = f"given {given}: draws of the noise, weighted by the evidence" + _drawn(figures)
            reason = "what the evidence determines is solved, what is finite is enumerated, the rest is drawn"
            reason = f"{reason}; all worlds share the draws"
    return Step("abduction", claim, reason, f"{THEOREM}, step 1")


def _drawn(figures: Mapping[str, Any]) -> str:
    """The draws and what they are worth, as far as the solver tells."""
    parts: list[str] = []
    if isinstance(draws := figures.get("draws"), (int, float)):
        parts.append(f"{int(draws):,} draws")
    for name, text in (("ess", "effective sample size"), ("khat", "Pareto k"), ("rhat", "R-hat")):
        value = figures.get(name)
        if isinstance(value, (int, float)):
            parts.append(f"{text} {number_text(float(value))}")
    return f" ({', '.join(parts)})" if parts else ""


def _imagined(setting: Setting, solved: Solved) -> Iterator[Step]:
    """What the first unit's variables become in the worlds that are imposed, or the law of what is asked."""
    if not len(solved.rows):
        return
    row = "" if setting.rows.count == 1 else f"in row {int(solved.rows[0]) + 1}: "
    if solved.solver == "unit" and (values := traced(solved.task).imagined):
        reason = "the noise found is put through the changed mechanisms"
        yield Step("prediction", row + _told(values), reason, f"{THEOREM}, step 3")
    if solved.solver in ("gaussian", "mixture") and (law := _law(solved)) is not None:
        asked = print_expr(solved.task.asked)
        claim = f"{row}{asked} has mean {number_text(law[0])} and standard deviation {number_text(law[1])}"
        yield Step("prediction", claim, "its law given the evidence, in the changed model", f"{THEOREM}, step 3")


def _believed(solved: Solved, row: str) -> str:
    """What the evidence says of continuous variables that were not seen, for the first row."""
    if not solved.task.worlds.fixed or not len(solved.rows):
        return ""
    told: list[str] = []
    for i in factual(solved.task)[:SHOWN]:
        name = solved.task.worlds.instances[i].variable
        terms_there = {**solved.task.worlds.terms, Var(name): i}
        worlds = replace(solved.task.worlds, terms=terms_there)
        law = _law(replace(solved, task=replace(solved.task, worlds=worlds, asked=Var(name), event=False)))
        if law is not None:
            told.append(f"{print_name(name)} has mean {number_text(law[0])}, standard deviation {number_text(law[1])}")
    return f"; then{row} {'; '.join(told)}" if told else ""


def _law(solved: Solved) -> tuple[float, float] | None:
    """The mean and the standard deviation of a number that is asked, for the first row."""
    task = solved.task
    if task.event or not solved.solution.defined[0]:
        return None
    columns = {name: np.asarray(column)[:1] for name, column in task.columns.items()}
    solver = Gaussian() if solved.solver == "gaussian" else Mixture()
    asked = (task.asked, Op("*", (task.asked, task.asked)))
    try:
        found = [solver.solve(replace(task, asked=part, columns=columns, rows=1)) for part in asked]
    except Refusal:
        return None
    mean = float(found[0].lower[0])
    variance = float(found[1].lower[0]) - mean**2
    # What is left of a difference of large squares is no standard deviation.
    return (mean, variance**0.5) if variance > 1e-9 * mean**2 else None


def _told(values: Mapping[str, float]) -> str:
    shown = [f"{name} = {number_text(x)}" for name, x in list(values.items())[:SHOWN]]
    more = len(values) - SHOWN
    return ", ".join(shown) + (f", and {more} more" if more > 0 else "")


def _how(setting: Setting) -> str:
    used = {s.solver for s in setting.report}
    if not used:
        return "the evidence fixes what is asked: imposing what was observed changes nothing"
    if used <= {"unit"}:
        return "the noise found is put through the changed mechanisms"
    return "the changed model is averaged over the noise given the evidence"


def _result(setting: Setting, query: Query, found: Found, finding: Finding) -> str:
    if found.value.shape != (1,):
        return f"{print_query(query)} = one value a row" if found.value.ndim == 1 else f"{print_query(query)} = a table"
    if finding == "undefined":
        return f"{print_query(query)} = undefined (what is given cannot be, or a divisor is zero)"
    value = number_text(float(found.value[0]))
    error = "" if found.error is None else f", with a standard error of {number_text(float(found.error[0]))}"
    if isinstance(query, Contrast) and len(setting.report) and setting.rows.count == 1:
        texts = {term: _term_value(setting, term) for term in query_terms(query)}
        if all(texts.values()):
            return f"{written(query, texts)} = {value}{error}"
    return f"{print_query(query)} = {value}{error}"


def _term_value(setting: Setting, term: Term) -> str:
    """The value of a term that was one task by itself, else ''."""
    if isinstance(term, Distribution):
        return ""
    own = [s for s in setting.report if s.term == term and s.task.asked != NOTHING]
    return number_text(float(own[0].solution.lower[0])) if len(own) == 1 else ""


# ---------------------------------------------------------------------------------------------------------------------
# Assumptions


def assumptions_of(setting: Setting) -> tuple[Assumption, ...]:
    """What the answer rests on: the laws of the noises that it used, what was granted, what was not checked."""
    out: list[Assumption] = []
    used = {x.variable for s in setting.report for x in s.task.worlds.instances if isinstance(x.mechanism, Own)}
    averaged = [s for s in setting.report if s.solver not in ("unit", "finite")]
    names = {n for s in averaged for x in s.task.worlds.instances for n in _noises(setting, x.variable)}
    laws = [law_text(block) for block in setting.model.continuous_noises if names & set(block.names)]
    if laws:
        out.append(Assumption(LAWS + _few(laws), "the user"))
    for coupling in setting.grants:
        if _matters(setting, coupling):
            out.append(Assumption(f"{coupling.claim} ({coupling.citation})", "the user"))
    for name in sorted(setting.model.counted & used):
        text = f"the units counted for {name!r} are taken as the truth: their sampling error is not worked out here"
        out.append(Assumption(text, "the method"))
    return (*out, *(Assumption(note, "the method") for note in setting.notes))


def _noises(setting: Setting, variable: str) -> tuple[str, ...]:
    own = setting.model.columnar.get(variable)
    return () if own is None else own.noises


def law_text(block: ContinuousNoise) -> str:
    """A noise with its law, such as `u_Y ~ Normal(loc=0, scale=1)`."""
    names = ", ".join(map(print_name, block.names))
    match block.law:
        case MultivariateNormal():
            return f"({names}) ~ MultivariateNormal"
        case GaussianCopula(margins):
            return f"({names}) ~ GaussianCopula of {', '.join(map(str, margins))}"
        case UnknownLaw():
            return f"{names} of unknown law"
        case law:
            return f"{names} ~ {law}"


def _few(texts: Sequence[str]) -> str:
    more = len(texts) - SHOWN
    return "; ".join(texts[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _matters(setting: Setting, coupling: Coupling) -> bool:
    """Whether a coupling was needed: two instances of one variable without a noise of its own."""
    for solved in setting.report:
        count: dict[str, int] = {}
        for x in solved.task.worlds.instances:
            if isinstance(x.mechanism, Own):
                count[x.variable] = count.get(x.variable, 0) + 1
        for name, times in count.items():
            table = isinstance(setting.model.mechanisms.get(name), Table)
            law = isinstance(setting.model.columnar.get(name), NeedsCoupling)
            if times > 1 and (table or law) and (coupling.variables is None or name in coupling.variables):
                return True
    return False


# ---------------------------------------------------------------------------------------------------------------------
# Rows that were refused


def refusals_of(turned: Sequence[Turned]) -> tuple[tuple[str, str], ...]:
    """Each solver's reasons, those of the first groups of rows; the same reason once, whichever row it names."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for name, why in (reason for one in turned[:SHOWN] for reason in one.refusals):
        found.setdefault((name, re.sub(r"\b([Rr]ow )\d+\b", r"\1", why)), (name, why))
    return tuple(found.values())


def refused_data(turned: Sequence[Turned]) -> dict[str, Any]:
    """How many rows were refused, the first of them, counted from 1, and why: the first groups of them."""
    rows = np.unique(np.concatenate([one.rows for one in turned])) + 1
    groups = [
        {"count": len(one.rows), "rows": (one.rows[:NAMED] + 1).tolist(), "refusals": [list(r) for r in one.refusals]}
        for one in turned[:SHOWN]
    ]
    return {"count": len(rows), "rows": rows[:NAMED].tolist(), "groups": groups}


# ---------------------------------------------------------------------------------------------------------------------
# Plan and figures


def plan_of(setting: Setting) -> dict[str, Any]:
    """What was run, for `Answer.plan`."""
    solvers = dict.fromkeys(s.solver for s in setting.report)
    return {
        "solver": ", ".join(solvers) or "evidence",
        "rows": setting.rows.count,
        "patterns": len({tuple(s.rows[:1].tolist()) for s in setting.report}),
        "tasks": [task_data(s) for s in setting.report],
    }


def task_data(solved: Solved) -> dict[str, Any]:
    """One task: the term, its rows, which solver did it, and why the ones before it did not."""
    task = solved.task
    return {
        "term": print_query(solved.term),
        "asked": "whether the other evidence is possible" if task.asked == NOTHING else print_expr(task.asked),
        "rows": len(solved.rows),
        "instances": len(task.worlds.instances),
        "observed": len(task.worlds.fixed),
        "solver": solved.solver,
        "refusals": [list(r) for r in solved.refusals],
    }


def diagnostics_of(setting: Setting) -> dict[str, Any]:
    """Figures of all tasks together: the worst of each."""
    out: dict[str, Any] = {}
    for solved in setting.report:
        figures = dict(solved.solution.diagnostics)
        if solved.solution.effective_size is not None and len(solved.rows):
            figures.setdefault("effective_size", float(np.nanmin(solved.solution.effective_size)))
        for name, value in figures.items():
            out[name] = _worse(name, out[name], value) if name in out else value
    return out


def _worse(name: str, a: Any, b: Any) -> Any:
    numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (a, b))
    if not numbers:
        return a
    return min(a, b) if "effective" in name or name == "ess" else max(a, b)
