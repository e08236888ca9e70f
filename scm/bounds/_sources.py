"""Everything that is known of a study, as laws and rows for a programme of bounds.

A study is read in up to three ways, of which the ends mean different things:

- at face value: laws as they are, statements as printed, samples as the shares that were seen. The ends are the answer,
  or, of samples, its estimate.
- within what the printed digits leave open: each number lies in its interval. The ends are never narrower, and go to
  `Uncertainty.rounding`. Numbers whose sum is off by rounding have no law at face value, but have one here: only where
  this reading has none do statements clash.
- within what the counts leave open: samples and counted shares lie in a simultaneous confidence region (see
  `_regions`), the rest within its digits. The ends are a confidence interval for all that is compatible with the truth.
  Samples that clash at face value by chance do not clash here, but for a declared share of them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from .._errors import InvalidQuery
from .._graph import CausalGraph
from .._query import Probability, Query
from .._shapes import Ranged, Shape, granted_limits
from .._statement import Correlation, Statement
from .._statement_text import print_statement
from .._study import KnownLaw, Study
from .._syntax import Expr, print_name
from ..statements import Read, Statements, names_of
from ..statements import TooLarge as TooManyAtoms
from ._known import Known
from ._numbers import Box, Numbers
from ._quantity_rows import NotLinear, Range, Row, is_exact, rows_of
from ._regions import LEVEL, Counted, clopper_pearson, counted, reach, stratified
from ._seen_as_done import as_done

Reads: TypeAlias = Literal["face", "rounded", "counted"]


class Left(NamedTuple):
    """Something known that a programme cannot hold: its source, and why."""

    source: int
    reason: str


@dataclass(frozen=True, eq=False)
class Reading:
    """One reading of a study: what goes into a programme.

    Attributes:
        laws: known whole.
        known: the rows.
        left: what no row was made of; the ends are right, but could be narrower.
        graph: the graph that its programme is over, where that is not the study's but one that says less.
        loose: whether a row holds for every number between ends where there is only one: the ends could be narrower.
    """

    laws: tuple[KnownLaw, ...]
    known: tuple[Known, ...]
    left: tuple[Left, ...] = ()
    graph: CausalGraph | None = None
    loose: bool = False


@dataclass(frozen=True, eq=False)
class Sources:
    """All readings of a study.

    Attributes:
        face: at face value.
        rounded: within the printed digits; None where every number is exact.
        counted: within a confidence region at `level`; None where nothing was counted.
        sources: what laws, statements and grants are, in words; first the laws of `face`, in their order.
        equations: the variables whose mechanism is known.
        level: of the region.
    """

    face: Reading
    rounded: Reading | None
    counted: Reading | None
    sources: tuple[str, ...]
    equations: Mapping[str, Expr]
    level: float = LEVEL


def known_of(
    study: Study, grants: Sequence[Shape] = (), names: Collection[str] | None = None
) -> tuple[tuple[KnownLaw, ...], tuple[Known, ...], tuple[str, ...]]:
    """The laws, rows and sources of a study at face value; see `sources_of`."""
    found = sources_of(study, grants, names)
    return found.face.laws, found.face.known, found.sources


def sources_of(
    study: Study, grants: Sequence[Shape] = (), names: Collection[str] | None = None, level: float = LEVEL
) -> Sources:
    """Everything that is known of a study, in all its readings.

    Args:
        study: with laws, samples, statements and equations in any mixture.
        grants: shapes that were granted; see `granted`.
        names: the columns of samples that are counted (see `reach`); by default every one that is finite.
        level: of the confidence region for counts.

    Raises:
        InvalidRows: a sample whose columns cannot be read.
        TooLarge: a sample has too many combinations of states.
    """
    if study.strata is not None:
        raise InvalidQuery(
            "Laws of strata are answered by ask() alone. Give the law of one stratum, without strata=True."
        )
    return _Reader(study, tuple(grants), names, level).sources()


@dataclass(frozen=True, eq=False)
class _Reader:
    study: Study
    grants: tuple[Shape, ...]
    names: Collection[str] | None
    level: float
    reads: dict[tuple[Probability, bool], Read | None] = field(default_factory=lambda: {})

    def sources(self) -> Sources:
        counted = bool(self.samples) or any(s.total is not None for s in self.study.statements)
        rounded = any(s.low < s.high for s in self.study.statements if s.total is None)
        return Sources(
            self.reading("face"),
            self.reading("rounded") if rounded else None,
            self.reading("counted") if counted else None,
            self.words,
            {given.variable: given.expr for given in self.study.equations},
            self.level,
        )

    @cached_property
    def samples(self) -> tuple[Counted, ...]:
        """The counts of each sample."""
        return self.over(self.study.graph)

    @cached_property
    def loose(self) -> CausalGraph:
        """The graph for the region: see `stratified`; that of the study where nothing was sampled."""
        return stratified(self.study.graph) if self.study.samples else self.study.graph

    @cached_property
    def loosely(self) -> tuple[Counted, ...]:
        """The counts of each sample, for the region."""
        return self.samples if self.loose is self.study.graph else self.over(self.loose)

    def over(self, graph: CausalGraph) -> tuple[Counted, ...]:
        """The counts of each sample, to be taken apart as a graph says."""
        own = self.study.graph
        more = {name for given in self.study.statements for name in names_of(given.quantity)}
        more |= {name for shape in self.grants for name in (shape.cause, shape.effect, *shape.given)}
        names = own.observed if self.names is None else reach(own, {*self.names, *more})
        kept = [name for name in names if name not in self.study.unread]
        return tuple(counted(s, graph, self.study.states, kept) for s in self.study.samples)

    @cached_property
    def shares(self) -> tuple[KnownLaw | None, ...]:
        """The law of each sample as the shares that were seen; None where in some stratum nobody was."""
        return tuple(sample.law() for sample in self.samples)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All sources: laws, samples (those that are laws at face value first), statements, shapes."""
        laws = [law_text(law) for law in self.study.laws]
        pairs = sorted(zip(self.samples, self.shares, strict=True), key=lambda pair: pair[1] is None)
        samples = [_sample_text(sample) for sample, _ in pairs]
        said = [print_statement(s) for s in self.study.statements]
        return (*laws, *samples, *said, *(shape.claim for shape in self.grants))

    def place_of_sample(self, k: int) -> int:
        """The source that sample k is."""
        whole = [share is not None for share in self.shares]
        before = sum(whole[:k]) if whole[k] else sum(whole) + sum(not w for w in whole[:k])
        return len(self.study.laws) + before

    @cached_property
    def alpha(self) -> float:
        """How often each interval of the region may miss, so that all hold at once (Bonferroni)."""
        stated = sum(s.total is not None for s in self.study.statements)
        seen = sum(share.intervals for sample in self.loosely for share in sample.shares)
        return (1 - self.level) / max(1, stated + seen)

    def boxes(self, how: Reads) -> list[Box]:
        """The ends of each law."""
        laws = [Box(law.variables, law.do, a, a) for law in self.study.laws for a in (np.asarray(law.array, float),)]
        if how == "counted":
            return laws + [s.box(self.alpha) for s in self.loosely]
        return laws + [s.box(None) for s in self.samples]

    def reading(self, how: Reads) -> Reading:
        """One reading."""
        exact = self.study.laws if how == "counted" else (*self.study.laws, *(s for s in self.shares if s is not None))
        boxes = self.boxes(how)
        numbers = Numbers(self.study.graph, self.study.states, boxes, lambda term: self.stated(term, how))
        taken = _Taken(self.study, numbers)
        for k, sample in enumerate(self.loosely if how == "counted" else self.samples):
            if how == "counted" or self.shares[k] is None:
                alpha = self.alpha if how == "counted" else None
                taken.rows += sample.rows(alpha, self.study.states, self.place_of_sample(k))
        first = len(self.study.laws) + len(self.samples)
        for k, given in enumerate(self.study.statements):
            low, high = self.ends(given, how)
            taken.take(Ranged(given.quantity, low, high), first + k, done=True)
        first += len(self.study.statements)
        for k, shape in enumerate(self.grants):
            for limit in granted_limits(shape, self.study.states):
                taken.take(limit, first + k)
        graph = self.loose if how == "counted" and self.loose is not self.study.graph else None
        return Reading(tuple(exact), tuple(taken.rows), tuple(dict.fromkeys(taken.left)), graph, taken.loose)

    def ends(self, given: Statement, how: Reads) -> Range:
        """The ends of what is stated, in a reading."""
        if given.relation != "=":
            return (-math.inf, given.value) if given.relation in ("<", "<=") else (given.value, math.inf)
        if how == "counted" and given.total is not None:
            low, high = clopper_pearson(round(given.value * given.total), given.total, self.alpha)
            return float(low), float(high)
        if how == "face" or given.total is not None:
            return given.value, given.value
        return given.low, given.high

    @cached_property
    def within(self) -> tuple[Statement, ...]:
        """The statements, counted shares between the ends of their intervals instead."""
        found: list[Statement] = []
        for given in self.study.statements:
            if given.total is not None:
                low, high = self.ends(given, "counted")
                given = replace(given, low=low, high=high, total=None)
            found.append(given)
        return tuple(found)

    def said(self, statements: Sequence[Statement]) -> tuple[Statements, ...]:
        """What follows from statements: from all, and from those about what is seen of single variables alone."""
        few = [s for s in statements if len(names_of(s.quantity)) == 1]
        graph, states = self.study.graph, self.study.states
        return tuple(Statements(graph, states, some, None) for some in (statements, few))

    @cached_property
    def knowledge(self) -> dict[bool, tuple[Statements, ...]]:
        """What follows from the statements; under True, within the intervals of counted shares."""
        return {False: self.said(self.study.statements), True: self.said(self.within)}

    def read(self, term: Probability, counted: bool) -> Read | None:
        """What the statements determine of a probability; of too many variables at once, what is said of each."""
        if (term, counted) not in self.reads:
            self.reads[term, counted] = None
            for said in self.knowledge[counted]:
                try:
                    found = said.answer(term, pins=False)
                except TooManyAtoms:
                    continue
                self.reads[term, counted] = None if found.clash else found.read
                break
        return self.reads[term, counted]

    def stated(self, term: Probability, how: Reads) -> Range | None:
        """The ends that the statements give to a probability."""
        if not self.study.statements:
            return None
        read = self.read(term, how == "counted")
        if read is None or not 0 <= read.value <= 1:
            return None
        if how == "face" or read.rounding is None:
            return read.value, read.value
        return max(read.rounding[0], 0.0), min(read.rounding[1], 1.0)


@dataclass
class _Taken:
    """Rows as they come."""

    study: Study
    numbers: Numbers
    rows: list[Known] = field(default_factory=lambda: [])
    left: list[Left] = field(default_factory=lambda: [])
    loose: bool = False

    def take(self, said: Ranged, source: int, *, done: bool = False) -> None:
        """The rows of one quantity, or why there are none.

        Args:
            said: the quantity and its ends.
            source: whose it is.
            done: whether a condition that may be imposed is to be, see `as_done`.
        """
        forms = dict.fromkeys((self._imposed(said.quantity) if done else said.quantity, said.quantity, *said.same))
        reason, rows, exact = "", list[Row](), False
        for form in forms:
            try:
                found = rows_of(form, said.low, said.high, self.study.states, self.numbers)
            except NotLinear as wrong:
                reason = reason or str(wrong)
                continue
            exact = is_exact(form, self.study.states, self.numbers)
            # Rows for every number between ends hold beside each other; where no number is needed, they say it all.
            rows = found if exact else rows + found
            if exact or not said.same:
                break
        if exact or rows:
            self.rows += [Known(parts, low, high, source) for parts, low, high in rows]
            self.loose = self.loose or not exact
            return
        self.left.append(Left(source, reason))

    def _imposed(self, quantity: Query | Correlation) -> Query | Correlation:
        return quantity if isinstance(quantity, Correlation) else as_done(self.study.graph, quantity)


def law_text(law: KnownLaw) -> str:
    names = ", ".join(map(print_name, law.variables))
    text = f"P({names}" + (f" | do({', '.join(map(print_name, law.do))}))" if law.do else ")")
    return f"the law {text}" + (f" ({law.name})" if law.name else "")


def _sample_text(sample: Counted) -> str:
    units = f"{sample.counts.sum():,.0f} units"
    imposed = f", {', '.join(map(print_name, sample.do))} imposed" if sample.do else ""
    return f"the sample {sample.name!r} ({units}{imposed})" if sample.name else f"the sample ({units}{imposed})"
