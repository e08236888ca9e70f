"""`ask` from samples: identification, then the estimand at the observed frequencies, with its sampling error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ._answer import Answer, Told
from ._ask_bounds import bounded, identifying, refuted
from ._ask_laws import frozen
from ._errors import InvalidRows, ZeroCell, listing, near
from ._estimand_parts import cells_of, laws_of
from ._finding import Assumption, Confidence, Statuses, Step, Uncertainty
from ._frames import frame_of
from ._identified import distribution_states, effect_ends, identified, refused, rung_of, weak_instrument
from ._query import Distribution, Probability, Query, print_query
from ._study import Sample, Study
from ._text import number_text
from .bounds._granted import Grants
from .identify import Available, Identification, identify
from .solvers import EstimandEstimate, TooWide, estimate_estimand
from .statements import names_of

NAME = "estimation"
MIXED = (
    "a sample beside numbers that are known exactly would have to be weighed against them, which is not done here; ask "
    "from the samples alone, or from the statements and laws alone"
)
PLUG_IN = (
    "the estimand at the observed frequencies; its standard error is that of its linear part, the mean of an influence "
    "function over the units"
)


@dataclass(frozen=True)
class _Data:
    """A study of samples, with what columns there are.

    Attributes:
        study: whose sources are samples.
        samples: with a name each.
        columns: for each sample the variables that were measured in it, those that were imposed not among them.
    """

    study: Study
    samples: tuple[Sample, ...]
    columns: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, study: Study) -> _Data:
        samples = tuple(_named(sample) for sample in study.samples)
        found: list[tuple[str, ...]] = []
        for sample in samples:
            names = frame_of(sample.rows).names
            found.append(tuple(name for name in study.graph.observed if name in names and name not in sample.do))
            for name in sample.do:
                if name not in names:
                    raise InvalidRows(_no_column(sample, name, "which was imposed in it"))
        return cls(study, samples, tuple(found))

    def available(self, whole: bool = False) -> list[Available]:
        """The laws that are sampled; `whole`: as if every variable had been measured."""
        everything = [tuple(v for v in self.study.graph.observed if v not in s.do) for s in self.samples]
        held = everything if whole else self.columns
        return [Available(names, s.do, s.name) for s, names in zip(self.samples, held, strict=True)]

    def check_states(self, names: Iterable[str]) -> None:
        """That the columns of `names` are those of finite variables.

        Raises:
            InvalidRows: one is not.
        """
        for name in names:
            if name in self.study.unread:
                raise InvalidRows(self.study.unread[name])


def ask_samples(study: Study, query: Query, grants: Grants, seconds: float | None = None) -> Answer:
    """Answer a query from the samples of a study.

    Args:
        study: with samples.
        query: with names and states checked.
        grants: what the user grants.
        seconds: how long bounds may take at each end.

    Returns:
        `estimate`, with the standard error and the confidence interval in `uncertainty`, and the units counted, the
        rows left out and the overlap in `diagnostics`; `bounds` at the observed frequencies where the query is not
        identified (with the columns that would help), where a stratum that the estimand divides by was never seen, and
        where statements or laws stand beside the samples; `refused` where an instrument does not change the cause.

    Raises:
        InvalidRows: a column that the query or the estimand needs is missing, has an empty cell, or holds what is no
            state; see `estimate_estimand`.
        InvalidQuery: the query is about a hidden variable; two samples of one name.
    """
    data = _Data.of(study)
    if study.statements or study.laws:
        base = refused(Answer(query, "refused", rung=rung_of(study.graph, query)), NAME, MIXED)
        return bounded(study, query, grants, base, seconds=seconds)
    data.check_states(sorted(names_of(query)))
    _check_columns(data, names_of(query))
    of = distribution_states(study.states, query)
    names = identifying(study, query, grants)
    base, how = identified(study.graph, query, data.available(), names, study.states)
    if how.estimand is None or base.finding == "refused":
        return bounded(study, query, grants, _with_more_columns(data, base, names), seconds=seconds)
    data.check_states(name for law in laws_of(how.estimand) for name, _ in cells_of(law))
    try:
        if reason := weak_instrument(how, lambda part: estimate_estimand(part, data.samples, study.states).value):
            return refused(base, NAME, reason)
        found = estimate_estimand(how.estimand, data.samples, study.states, axes=how.axes)
    except (ZeroCell, TooWide) as wrong:
        return bounded(study, query, grants, refused(base, NAME, str(wrong)), seconds=seconds)
    if how.states and (reason := _disagreement(query, found)):
        return refused(base, NAME, reason)
    answer = replace(_estimated(data, base, how, found), states=of)
    return refuted(study, query, grants, answer, seconds=seconds) or answer


def _named(sample: Sample) -> Sample:
    """An experiment without a name is called after what it imposes."""
    return sample if sample.name or not sample.do else replace(sample, name=f"do({', '.join(sample.do)})")


def _check_columns(data: _Data, spoken: Iterable[str]) -> None:
    """That what the query speaks of was measured or imposed in some sample; hidden variables have a refusal of theirs.

    Raises:
        InvalidRows: it was not.
    """
    held = {name for names in data.columns for name in names} | {name for s in data.samples for name in s.do}
    for name in sorted(set(spoken) - held - set(data.study.graph.hidden)):
        if len(data.samples) == 1:
            raise InvalidRows(_no_column(data.samples[0], name, "which the query speaks of"))
        raise InvalidRows(f"No sample has a column {name!r}, which the query speaks of.")


def _no_column(sample: Sample, name: str, why: str) -> str:
    names = frame_of(sample.rows).names
    what = f"The sample {sample.name!r}" if sample.name else "The sample"
    return f"{what} has no column {name!r}, {why}; it has {listing(names)}.{near(name, map(str, names))}"


def _with_more_columns(data: _Data, base: Answer, assume: str | Sequence[str]) -> Answer:
    """The same answer, with the columns that it lacks where they would settle it."""
    if data.available() == data.available(whole=True):
        return base
    study = data.study
    how = identify(study.graph, base.query, data.available(whole=True), assume=assume, states=study.states)
    if how.estimand is None:
        return base
    needed = {(law.source, name) for law in laws_of(how.estimand) for name, _ in cells_of(law)}
    lacks = [
        (sample, name)
        for sample, names in zip(data.samples, data.columns, strict=True)
        for name in data.study.graph.observed
        if (sample.name, name) in needed and name not in (*names, *sample.do)
    ]
    why = "which the graph calls measured; with it the query would be identified"
    told = [Step("missing column", _no_column(sample, name, why), "the formula needs it") for sample, name in lacks]
    missing = sorted({name for _, name in lacks})
    return replace(
        base, diagnostics={**base.diagnostics, "missing_columns": missing}, account=Told((*base.derivation, *told))
    )


# ---------------------------------------------------------------------------------------------------------------------
# The estimate as an answer


def _disagreement(query: Query, found: EstimandEstimate) -> str:
    """That samples contradict each other: all of the interval of a probability lies below 0 or above 1."""
    if not isinstance(query, (Probability, Distribution)):
        return ""
    value = np.asarray(found.value, dtype=float)
    low, high = (np.where(np.isnan(end), value, np.asarray(end, dtype=float)) for end in (found.low, found.high))
    if not np.any((high < 0) | (low > 1)):
        return ""
    return (
        "the samples disagree: a probability would be below 0 or above 1, even within their sampling error. No one "
        "population over this graph gives them all; see whether they are of the same population, and the graph right."
    )


def _estimated(data: _Data, base: Answer, how: Identification, found: EstimandEstimate) -> Answer:
    value, lower, upper = found.value, found.low, found.high
    if isinstance(base.query, (Probability, Distribution)):  # an interval that is cut covers no less
        lower, upper = (_plain(np.clip(end, 0.0, 1.0)) for end in (lower, upper))
        value = _plain(np.clip(value, 0.0, 1.0)) if how.states else value  # a difference of two samples may be beyond
    low, high = effect_ends(how, data.study.states)
    beyond: tuple[Assumption, ...] = ()
    if np.isfinite([low, high]).all():
        lower, upper = (_plain(np.clip(end, low, high)) for end in (lower, upper))
        if not low <= float(found.value) <= high:
            text = (
                f"the estimate lies outside {number_text(low)} to {number_text(high)}, where every effect on this "
                "outcome lies: by chance, or since what is granted does not hold"
            )
            beyond = (Assumption(text, "the method"),)
    known = not np.isnan(found.standard_error).all()
    uncertainty = Uncertainty(
        sampling=frozen(found.standard_error) if known else None,
        confidence=Confidence(frozen(lower), frozen(upper), found.level, found.method) if known else None,
    )
    return replace(
        base,
        finding="estimate",
        status=Statuses(("ok",)),
        value=frozen(value),
        uncertainty=uncertainty,
        assumptions=(*base.assumptions, *_assumptions(data, found, known), *beyond),
        diagnostics={
            "units": dict(found.units),
            "dropped": dict(found.dropped),
            "overlap": [asdict(one) for one in found.overlap],
            "poor_overlap": [one.text for one in found.overlap if one.poor],
        },
        account=Told((*how.derivation, *_steps(base.query, found))),
    )


def _plain(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value


def _assumptions(data: _Data, found: EstimandEstimate, known: bool) -> tuple[Assumption, ...]:
    """How the data came about."""
    out: list[Assumption] = []
    for sample in data.samples:
        if sample.name not in found.units:
            continue
        what = f"the sample {sample.name!r}" if sample.name else "the sample"
        count = f"{found.units[sample.name]:,.0f}"
        text = f"the {count} units of {what} are drawn at random, each by itself, from the population the answer is of"
        out.append(Assumption(text, "the method"))
        if sample.do:
            text = f"in {what} {listing(sample.do)} was imposed at random, without regard to anything about the unit"
            out.append(Assumption(text, "the user"))
        if found.dropped[sample.name]:
            rows = found.dropped[sample.name]
            text = f"{rows:,} rows of {what} with an empty cell were left out: that a cell is empty depends on nothing"
            out.append(Assumption(text, "the user"))
    if len(found.units) > 1:
        out.append(Assumption("the samples have no unit in common", "the method"))
    if not known:
        text = "no standard error: among the units seen the answer does not vary, which does not make it certain"
        out.append(Assumption(text, "the method"))
    return tuple(out)


def _steps(query: Query, found: EstimandEstimate) -> tuple[Step, ...]:
    counted = ", ".join(
        f"{count:,.0f} units" + (f" of {name!r}" if name else "") for name, count in found.units.items()
    )
    value = number_text(found.value) if isinstance(found.value, float) else "a law"
    claim = f"{print_query(query)} = {value}, from {counted}" if counted else f"{print_query(query)} = {value}"
    out = [Step("estimation", claim, PLUG_IN, "van der Vaart (1998), chapters 3 and 20")]
    return (*out, *(Step("overlap", one.text, "the estimand averages over these strata") for one in found.overlap))
