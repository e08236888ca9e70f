"""`ask` from samples: identification, then the estimand at the observed frequencies, with its sampling error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ._answer import Answer
from ._ask_laws import frozen
from ._errors import InvalidQuery, InvalidRows, ZeroCell, listing, near
from ._estimand_parts import cells_of, laws_of
from ._finding import Assumption, Confidence, Statuses, Step, Uncertainty
from ._frames import frame_of
from ._identified import Told, distribution_states, identified, refused, rung_of
from ._parse import parse_query
from ._query import Distribution, Probability, Query, placeholders, print_query
from ._resolve import read_query
from ._study import Sample, Study
from ._syntax import Value
from ._text import number_text
from .identify import Available, Identification, identify
from .solvers import EstimandEstimate, estimate_estimand, seen_states
from .statements import names_of

NAME = "estimation"
LINEAR = "influence function"
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

    def states(self, names: Iterable[str]) -> dict[str, tuple[Value, ...]]:
        """The states of every variable, those of `names` read off the columns where they were not declared."""
        wanted = [v for v in self.study.graph.observed if v in set(names) and v not in self.study.declared]
        seen = {name: _completed(found) for name, found in seen_states(self.samples, wanted).items()}
        return {**self.study.states, **seen}


def ask_samples(study: Study, query: str | Query, assume: str | Sequence[str] = ()) -> Answer:
    """Answer a query from the samples of a study.

    Returns:
        `estimate`, with the standard error and the confidence interval in `uncertainty`, and the units counted, the
        rows left out and the overlap in `diagnostics`; `refused` where a stratum that the estimand divides by was never
        seen; `not_identified`, with the columns that would help.

    Raises:
        InvalidRows: a column that the query or the estimand needs is missing, has an empty cell, or holds what is no
            state; see `estimate_estimand`.
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery: the question cannot be meant.
    """
    data = _Data.of(study)
    spoken = names_of(parse_query(query) if isinstance(query, str) else query)
    states = data.states(spoken)
    asked = read_query(query, states)
    if open_ones := placeholders(asked):
        raise InvalidQuery(f"The query leaves {listing(open_ones)} open, and a study takes no rows. Write the values.")
    of = distribution_states(states, asked)
    if study.statements or study.laws:
        reason = (
            "a sample beside numbers that are known exactly would have to be weighed against them, which is not done "
            "here; ask from the samples alone, or from the statements and laws alone"
        )
        return refused(Answer(asked, "refused", rung=rung_of(study.graph, asked)), NAME, reason)
    _check_columns(data, names_of(asked))
    base, how = identified(study.graph, asked, data.available(), assume)
    if how.estimand is None or base.finding == "refused":
        return _with_more_columns(data, base, assume)
    needed = [name for law in laws_of(how.estimand) for name, _ in cells_of(law)]
    try:
        found = estimate_estimand(how.estimand, data.samples, data.states({*spoken, *needed}), axes=how.axes)
    except ZeroCell as empty:
        return refused(base, NAME, str(empty))
    return replace(_estimated(data, base, how, found), states=of)


def _named(sample: Sample) -> Sample:
    """An experiment without a name is called after what it imposes."""
    return sample if sample.name or not sample.do else replace(sample, name=f"do({', '.join(sample.do)})")


def _completed(seen: tuple[Value, ...]) -> tuple[Value, ...]:
    """A column of nothing but ones is one of a variable that could be 0."""
    if len(seen) == 1 and not isinstance(seen[0], str) and seen[0] in (0, 1):
        return (False, True) if isinstance(seen[0], bool) else (0, 1)
    return seen


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
    how = identify(data.study.graph, base.query, data.available(whole=True), assume=assume)
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


def _estimated(data: _Data, base: Answer, how: Identification, found: EstimandEstimate) -> Answer:
    lower, upper = found.low, found.high
    if isinstance(base.query, (Probability, Distribution)):  # an interval that is cut covers no less
        lower, upper = (_plain(np.clip(end, 0.0, 1.0)) for end in (lower, upper))
    known = not np.isnan(found.standard_error).all()
    uncertainty = Uncertainty(
        sampling=frozen(found.standard_error) if known else None,
        confidence=Confidence(frozen(lower), frozen(upper), found.level, LINEAR) if known else None,
    )
    return replace(
        base,
        finding="estimate",
        status=Statuses(("ok",)),
        value=frozen(found.value),
        uncertainty=uncertainty,
        assumptions=(*base.assumptions, *_assumptions(data, found)),
        diagnostics={
            "units": dict(found.units),
            "dropped": dict(found.dropped),
            "overlap": [asdict(one) for one in found.overlap],
            "poor_overlap": [one.text for one in found.overlap if one.poor],
        },
        account=Told((*how.derivation, *_steps(base.query, found, known))),
    )


def _plain(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value


def _assumptions(data: _Data, found: EstimandEstimate) -> tuple[Assumption, ...]:
    """How the data came about."""
    out: list[Assumption] = []
    for sample in data.samples:
        if sample.name not in found.units:
            continue
        what = f"the sample {sample.name!r}" if sample.name else "the sample"
        count = f"{found.units[sample.name]:,g}"
        text = f"the {count} units of {what} are drawn at random, each by itself, from the population the answer is of"
        out.append(Assumption(text, "the method"))
        if sample.do:
            text = f"in {what} {listing(sample.do)} was imposed at random, without regard to anything about the unit"
            out.append(Assumption(text, "the user"))
        if found.dropped[sample.name]:
            rows = found.dropped[sample.name]
            text = f"what is missing in {what} ({rows:,} rows left out) depends on nothing that matters here"
            out.append(Assumption(text, "the user"))
    if len(found.units) > 1:
        out.append(Assumption("the samples have no unit in common", "the method"))
    return tuple(out)


def _steps(query: Query, found: EstimandEstimate, known: bool) -> tuple[Step, ...]:
    counted = ", ".join(f"{count:,g} units" + (f" of {name!r}" if name else "") for name, count in found.units.items())
    value = number_text(found.value) if isinstance(found.value, float) else "a law"
    claim = f"{print_query(query)} = {value}, from {counted}" if counted else f"{print_query(query)} = {value}"
    out = [Step("estimation", claim, PLUG_IN, "van der Vaart (1998), chapters 3 and 20")]
    if not known:
        reason = "no unit that was seen differs in what matters, so that the data show no variation to judge by"
        out.append(Step("sampling error", "no standard error can be given", reason))
    return (*out, *(Step("overlap", one.text, "the estimand averages over these strata") for one in found.overlap))
