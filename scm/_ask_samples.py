"""`ask` where rows of data are known: identification, then the estimand at the frequencies of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Literal

import numpy as np

from ._answer import Answer
from ._errors import InvalidQuery, ZeroCell, listing
from ._finding import Assumption, Statuses, Step, Uncertainty
from ._frames import frame_of
from ._query import Distribution, Query, query_terms
from ._render import plain
from ._study import Sample, Study
from ._syntax import print_expr
from ._text import number_text
from .identify import Available, Identification, identify
from .solvers import EstimandCheck, EstimandEstimate, TooWide, check_estimand, estimate_estimand

NAME = "samples"


class _Told:
    """An account that was worked out already."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)

    def __call__(self) -> tuple[Step, ...]:
        return self.steps


def ask_samples(study: Study, query: Query, step: Literal[1, 2, 3], assume: str | Sequence[str] = ()) -> Answer:
    """Answer a query from the samples of a study: a plug-in estimate with its standard error.

    `assume` is what identification is granted.

    Raises:
        InvalidQuery: two samples of one name, or one in which a variable was randomised that it has no column of.
        InvalidRows: an empty cell, a value that is no state; see `SampleLaws`.
    """
    if study.statements or study.laws:
        reason = "samples beside statements or laws are not put together here; ask a study of samples alone"
        return Answer(query, "refused", rung=step, status=Statuses(()), refusals=((NAME, reason),))
    samples = _named(study.samples)
    available = [_available(study, sample) for sample in samples]
    found = identify(study.graph, query, available, assume=assume)
    base = Answer(
        query,
        "not_identified",
        rung=step,
        assumptions=found.assumptions,
        account=_Told(found.derivation),
        estimand=found.estimand,
        identification=found,
    )
    if found.estimand is None:
        return base
    check = check_estimand(found)
    try:
        if check.status == "failed":
            return _refused(base, f"the estimand found for the query {check.text}")
        estimate = estimate_estimand(found.estimand, samples, study.states, axes=found.axes)
    except ZeroCell as empty:
        return _refused(base, f"no unit of the sample is in a stratum that the formula needs. {empty}")
    except TooWide as wide:
        return _refused(base, str(wide))
    return _answer(study, base, found, check, estimate)


def _refused(base: Answer, reason: str) -> Answer:
    return replace(base, finding="refused", status=Statuses(()), refusals=((NAME, reason),))


def _named(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """The samples with a name each: an experiment that has none is called after what was randomised in it."""
    found = tuple(s if s.name or not s.do else replace(s, name=f"do({', '.join(s.do)})") for s in samples)
    names = [sample.name for sample in found]
    if len(set(names)) < len(names):
        raise InvalidQuery(f"The samples are called {listing(names)}. Give each a name of its own: Sample(..., name=).")
    return found


def _available(study: Study, sample: Sample) -> Available:
    """The law that a sample is drawn from, of the variables that it has columns of."""
    columns = set(frame_of(sample.rows).names) - {sample.weights}
    if missing := [name for name in sample.do if name not in columns]:
        raise InvalidQuery(
            f"{listing(missing)} was randomised in the sample {sample.name!r}, which has no such column."
        )
    measured = tuple(name for name in study.graph.observed if name in columns and name not in sample.do)
    return Available(measured, sample.do, sample.name)


def _answer(
    study: Study, base: Answer, found: Identification, check: EstimandCheck, estimate: EstimandEstimate
) -> Answer:
    of = next((term.of for term in query_terms(base.query) if isinstance(term, Distribution)), ())
    value = estimate.value
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    certain = bool(np.all(np.isnan(estimate.standard_error)))
    return replace(
        base,
        finding="estimate",
        value=value,
        states=tuple((print_expr(term), study.states[term.name]) for term in of),
        uncertainty=Uncertainty(sampling=None if certain else estimate.standard_error),
        assumptions=(*found.assumptions, *_assumptions(estimate, certain)),
        diagnostics=_figures(estimate),
        account=_Told((*found.derivation, *_steps(base, estimate, certain))),
        check=check,
    )


def _steps(base: Answer, estimate: EstimandEstimate, certain: bool) -> list[Step]:
    units = " and ".join(f"{n:g} units" + (f" of {name!r}" if name else "") for name, n in estimate.units.items())
    shown = "a law"
    if isinstance(estimate.value, float):
        shown = number_text(estimate.value)
        if not certain:
            ends = f"{number_text(estimate.low)} to {number_text(estimate.high)}"
            shown += f", standard error {number_text(estimate.standard_error)}, {estimate.level:.0%} interval {ends}"
    reason = f"the estimand at the frequencies of {units}; the error by its influence function"
    steps = [Step("estimation", f"{base.query} = {shown}", reason, "van der Vaart 1998, chapter 20")]
    return steps + [
        Step("overlap", one.text, "every stratum that is averaged over must have such units")
        for one in estimate.overlap
    ]


def _assumptions(estimate: EstimandEstimate, certain: bool) -> list[Assumption]:
    units = sum(estimate.units.values())
    found = [Assumption(f"the {units:g} units are drawn at random from the population asked about", "the method")]
    if dropped := sum(estimate.dropped.values()):
        text = f"{dropped:,} rows with an empty cell were left out: that a cell is empty depends on nothing"
        found.append(Assumption(text, "the user"))
    if certain:
        text = "no standard error: among the units seen the answer does not vary, which does not make it certain"
        found.append(Assumption(text, "the method"))
    return found


def _figures(estimate: EstimandEstimate) -> Mapping[str, Any]:
    """The figures of an estimate as plain data; None for an end that the data do not give."""
    return {
        "interval": (plain(estimate.low), plain(estimate.high)),
        "level": estimate.level,
        "units": dict(estimate.units),
        "dropped": dict(estimate.dropped),
        "overlap": [asdict(one) for one in estimate.overlap],
    }
