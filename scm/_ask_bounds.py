"""Bounds as answers: between which ends a query lies where what is known leaves it open."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._answer import Answer, Told
from ._bounds_ends import Bounded, Facts, added, cells_of, ends_of
from ._bounds_told import Account, Attained, clash_step, forecast, named_by, rounding_steps
from ._errors import listing
from ._finding import Assumption, Confidence, Finding, Interval, Statuses, Step, Uncertainty
from ._identified import distribution_states
from ._law_independences import PRINTED, dependent
from ._query import Query
from ._statement_text import print_statement
from ._study import Study
from .bounds._granted import Grants, granted
from .bounds._programme import Clash, TooLarge
from .bounds._regions import reach
from .bounds._solve import Effort
from .bounds._sources import sources_of
from .bounds._stated import stated_law
from .statements import names_of

NAME = "bounds"
REGION = "the ends over a simultaneous confidence region for the frequencies (Clopper & Pearson 1934; Bonferroni)"
"""How the confidence interval of bounds is made."""
PERHAPS = "; it may be narrower: limits whose numbers are known between ends are taken at the widest"
"""Where a quantity is about two conditions, so that its row needs a number that the region leaves open."""
USUAL = Effort(work=5.0, branches=400)
"""What is spent where no budget is given: counted work ends it, not the clock, so that it is reproducible."""
HURRIED = 5.0
"""Work for each second of a budget: the clock ends it, or all branches have been looked at."""
WIDE = 60
"""Branches for what printed digits and sampling leave open."""
WIDE_CELLS = 2_000
"""Products of columns, for the same: numbers that are free within their digits make the programme a hard one, which may
take a hundred times as long as the answer that it is only a remark on."""


FEW_CELLS = 64
"""Several laws of so many cells in all are looked at together, whether one model has them all, whatever is asked."""


@dataclass(frozen=True)
class _Asked:
    """A query over a study, cell by cell.

    Attributes:
        study, query: what is asked of whom.
        cells: a query for each cell.
        shape: of the answer; () for a number.
        states: for a distribution, each term with its states.
    """

    study: Study
    query: Query
    cells: tuple[Query, ...]
    shape: tuple[int, ...]
    states: tuple[tuple[str, tuple[Any, ...]], ...]

    @classmethod
    def of(cls, study: Study, query: Query) -> _Asked:
        states = distribution_states(study.states, query)
        shape = tuple(len(own) for _, own in states)
        return cls(study, query, tuple(cells_of(query, study.states, shape)), shape, states)

    def ends(self, facts: Facts) -> tuple[Bounded, ...] | Clash:
        """The ends of every cell; the first clash where what is known cannot hold."""
        found: list[Bounded] = []
        for k, cell in enumerate(self.cells):
            one = ends_of(replace(facts, effort=facts.effort.part(1 / (len(self.cells) - k))), cell)
            if isinstance(one, Clash):
                return one
            found.append(one)
        return tuple(found)

    def array(self, numbers: Sequence[float]) -> Any:
        """Numbers of the cells in the shape of the answer."""
        if not self.shape:
            return float(numbers[0])
        out = np.array(numbers, dtype=float).reshape(self.shape)
        out.flags.writeable = False
        return out


@dataclass(frozen=True)
class _Bounds:
    """The parts of an answer of bounds.

    Attributes:
        asked: the query over the study.
        base: the answer so far.
        facts: what is known at face value: printed numbers and observed frequencies as they stand.
        plain: the same with each statement by itself.
        digits: the same with what printed digits leave open; None where every number is exact.
        region: the same with what sampling leaves open; None where nothing was sampled.
        grants: what the user granted, in words.
        level: of the region.
    """

    asked: _Asked
    base: Answer
    facts: Facts
    plain: Facts
    digits: Facts | None
    region: Facts | None
    grants: tuple[Assumption, ...]
    level: float

    def clash(self) -> Answer | None:
        """A contradiction, if what is known cannot hold together in any reading."""
        facts = self.region or self.digits or self.facts
        found = self.asked.ends(facts)
        return self._contradiction(found) if isinstance(found, Clash) else None

    def _wider(self, facts: Facts, *, needed: bool) -> tuple[Bounded, ...] | Clash | None:
        """The ends in a reading that leaves more open; None where they would take long and nothing hangs on them.

        Raises:
            TooLarge: they would, and without them a clash at face value could be one of rounding alone.
        """
        try:
            return self.asked.ends(facts)
        except TooLarge:
            if needed:
                raise
            return None

    def answer(self) -> Answer:
        """The answer."""
        found = self.asked.ends(self.facts)
        clash = isinstance(found, Clash)
        wider = [None if facts is None else self._wider(facts, needed=clash) for facts in (self.digits, self.region)]
        if isinstance(found, Clash):
            return self._beside(found, [ends for ends in wider if ends is not None])
        digits, region = (None if isinstance(ends, Clash) else ends for ends in wider)
        if any(one.undefined for one in found):
            return self._with(found, "undefined", status=Statuses(("undefined",)))
        if digits is not None and not any(
            one.tells or one.sharp or (self.digits or self.facts).loose for one in digits
        ):
            # Ends that hold whatever is known: it was too large, and only what was found to be attained says something.
            attained = (digits[0].lower, digits[0].upper)
            rough = {"rounding_attained": attained} if len(digits) == 1 and not any(map(math.isnan, attained)) else {}
            noted = replace(self, digits=None, base=replace(self.base, diagnostics={**self.base.diagnostics, **rough}))
            return noted._told(found, None, region)
        return self._told(found, digits, region)

    def _told(
        self, found: tuple[Bounded, ...], digits: tuple[Bounded, ...] | None, region: tuple[Bounded, ...] | None
    ) -> Answer:
        """The answer, where the ends at face value are defined and nothing clashes."""
        notes = () if digits is None else rounding_steps(digits)
        if digits is not None and not all(one.sharp or one.met for one in digits):
            told = {**self.base.diagnostics, "rounding_sharp": False}
            self = replace(self, base=replace(self.base, diagnostics=told))
        for wider in (digits, region):  # what is proved with more left open holds at face value too
            found = found if wider is None else tuple(map(_within, found, wider))
        if all(one.met for one in found):
            value = self.asked.array([one.value for one in found])
            finding: Finding = "exact" if self.region is None else "estimate"
            return self._with(found, finding, notes, value=value, uncertainty=self._uncertainty(found, digits, region))
        uncertainty = self._uncertainty(found, digits, region)
        return self._with(found, "bounds", notes, interval=self._interval(found), uncertainty=uncertainty)

    def _with(
        self,
        found: tuple[Bounded, ...],
        finding: Finding,
        notes: tuple[Step, ...] = (),
        facts: Facts | None = None,
        **parts: Any,
    ) -> Answer:
        """The answer so far with bounds in it; `facts` are those of another reading."""
        facts = facts or self.facts
        number = found[0] if len(found) == 1 else None
        return replace(
            self.base,
            finding=finding,
            refusals=(),
            states=self.asked.states,
            assumptions=(*self._kept(), *self.grants, *_drawn(self.asked.study), *conditions(found)),
            diagnostics={**self.base.diagnostics, "bounds": figures(found)},
            account=Account(self.base, facts, found, notes, facts is not self.facts),
            attain=None if number is None else Attained(facts, number),
            estimand=None,
            check=None,
            **{"status": Statuses(("ok",)), "value": None, "interval": None, **parts},
        )

    def _kept(self) -> tuple[Assumption, ...]:
        """What was assumed so far; nothing of what a formula needs that gave no number."""
        return () if self.base.estimand is not None else self.base.assumptions

    def _interval(self, found: Sequence[Bounded]) -> Interval:
        lower, upper, outer_lower, outer_upper = (
            self.asked.array([one.end(name) for one in found])
            for name in ("lower", "upper", "outer_lower", "outer_upper")
        )
        return Interval(lower, upper, outer_lower, outer_upper, all(one.sharp or one.met for one in found))

    def _uncertainty(
        self, found: Sequence[Bounded], digits: Sequence[Bounded] | None, region: Sequence[Bounded] | None
    ) -> Uncertainty:
        """What printed digits and sampling leave open beside the ends."""
        rounding = None
        if digits is not None and len(digits) == 1:
            rounding = digits[0].outer_lower, digits[0].outer_upper
        confidence = None
        if region is not None:
            lower, upper = ([getattr(one, name) for one in region] for name in ("outer_lower", "outer_upper"))
            how = REGION + PERHAPS if self.region is not None and self.region.loose else REGION
            confidence = Confidence(self.asked.array(lower), self.asked.array(upper), self.level, how)
        arithmetic = max(one.outer_upper - one.outer_lower for one in found) if all(o.met for o in found) else None
        return Uncertainty(rounding=rounding, confidence=confidence, floating_point=arithmetic)

    def _beside(self, clash: Clash, wider: Sequence[tuple[Bounded, ...] | Clash]) -> Answer:
        """Where the numbers cannot hold at face value: within their digits or their sampling error they may."""
        facts = self.digits if self.region is None else self.region
        found = next((ends for ends in reversed(wider) if not isinstance(ends, Clash)), None)
        if found is None:
            found = next((ends for ends in reversed(wider) if isinstance(ends, Clash)), clash)
            return self._contradiction(named_by(found, clash))
        if any(one.undefined for one in found):
            return self._with(found, "undefined", facts=facts, status=Statuses(("undefined",)))
        what = "the printed numbers" if self.region is None else "the observed frequencies"
        left = "rounding" if self.region is None else "sampling error"
        step = Step(
            left,
            f"{what} cannot all hold at face value ({clash_step(clash, self.facts.sources).reason})",
            f"within their {left} they can, and the ends are over all that it leaves open: this is no contradiction",
        )
        nan = self.asked.array([math.nan] * len(found))
        interval = self._interval(found)
        interval = replace(interval, lower=nan, upper=nan, sharp=False)
        digits, region = (None, found) if self.region is not None else (found, None)
        uncertainty = self._uncertainty(found, digits, region)
        return self._with(found, "bounds", (step,), facts, interval=interval, uncertainty=uncertainty)

    def _contradiction(self, clash: Clash) -> Answer:
        facts = self.region or self.digits or self.facts
        if facts is self.facts and facts is not self.plain:  # one by one, statements that give a law say more
            told = self.asked.ends(self.plain)
            facts, clash = (self.plain, told) if isinstance(told, Clash) else (facts, clash)
        said = [facts.sources[k] for k in clash.sources]
        told = Told((clash_step(clash, facts.sources),))
        diagnostics = {**self.base.diagnostics, "clash": said, "statements": _statements(self.asked.study, said)}
        return replace(
            self.base, finding="contradiction", status=Statuses(("contradiction",)), account=told, refusals=(),
            diagnostics=diagnostics, assumptions=(*self._kept(), *self.grants), seek=None, estimand=None, check=None,
            value=None, interval=None, uncertainty=Uncertainty(),
        )  # fmt: skip


def _within(one: Bounded, wider: Bounded) -> Bounded:
    """Ends that are nowhere wider than those of a reading that leaves more open; inner ends stay inside."""
    if wider.undefined:
        return one
    low = min(max(one.outer_lower, wider.outer_lower), *(x for x in (one.lower, math.inf) if not math.isnan(x)))
    high = max(min(one.outer_upper, wider.outer_upper), *(x for x in (one.upper, -math.inf) if not math.isnan(x)))
    return replace(one, outer_lower=low, outer_upper=high)


def bounded(study: Study, query: Query, grants: Grants, base: Answer, *, seconds: float | None = None) -> Answer:
    """Between which ends a query lies, where it was not determined.

    Args:
        study: what is known.
        query: with names and states checked.
        grants: what the user grants.
        base: the answer so far, `not_identified` or a refusal; its derivation says what stands in the way.
        seconds: how long each end may take where several laws are unknown.

    Returns:
        `bounds`, or where the ends meet `exact` (of samples and counted shares `estimate`); `contradiction`, with a
        smallest set of what cannot hold together; `undefined`; or `base`, with the reason, where it would be too large.
    """
    if (wrong := dependent(study, base)) is not None:
        return wrong
    try:
        return _bounds(study, query, grants, base, seconds).answer()
    except TooLarge as wrong:
        return replace(base, refusals=(*base.refusals, (NAME, str(wrong))))


def refuted(
    study: Study, query: Query, grants: Grants, found: Answer, *, seconds: float | None = None
) -> Answer | None:
    """A contradiction where what is granted or stated cannot hold beside what is known; None where it can.

    A query that is identified needs no shapes, but shapes that the numbers refute are said to be.
    """
    if (wrong := dependent(study, found, PRINTED)) is not None:
        return wrong
    several = len(study.laws) > 1 and sum(np.size(law.array) for law in study.laws) <= FEW_CELLS
    beside = study.equations or (study.laws and study.statements) or several
    if not beside and not granted(study.graph, study.states, query, grants).shapes:
        return None
    try:
        return _bounds(study, query, grants, found, seconds).clash()
    except TooLarge:
        return None


def identifying(study: Study, query: Query, grants: Grants) -> tuple[str, ...]:
    """The names among the grants that identification can use.

    Raises:
        InvalidQuery: what is no grant.
    """
    return granted(study.graph, study.states, query, grants, shapes=False).names


def _bounds(study: Study, query: Query, grants: Grants, base: Answer, seconds: float | None) -> _Bounds:
    effort = effort_for(seconds)
    shapes = granted(study.graph, study.states, query, grants).shapes
    spoken = names_of(query)
    found = sources_of(study, shapes, reach(study.graph, spoken))
    readings = (found.face, found.rounded, found.counted)
    face, digits, region = (
        None if reading is None else Facts.of(study, found, reading, given)
        for reading, given in zip(readings, _shares(effort), strict=True)
    )
    assert face is not None
    plain = face
    if study.statements and (law := stated_law(study, spoken)) is not None:
        face = face.with_law(study, law)
    citations = [f" ({shape.citation})" if shape.citation else "" for shape in shapes]
    claims = [Assumption(shape.claim + cites, "the user") for shape, cites in zip(shapes, citations, strict=True)]
    return _Bounds(_Asked.of(study, query), base, face, plain, digits, region, tuple(claims), found.level)


def effort_for(seconds: float | None) -> Effort:
    """What may be spent from now on, by all programmes of an answer together."""
    if seconds is None:
        return USUAL.shared()
    return replace(USUAL, seconds=seconds, work=HURRIED * seconds, branches=Effort().branches).shared()


def _shares(effort: Effort) -> tuple[Effort, Effort, Effort]:
    """Of that, what is for numbers at face value, for what digits leave open, and for what sampling does."""
    wide = replace(effort, branches=min(effort.branches, WIDE), starts=1, cells=min(effort.cells, WIDE_CELLS))
    return effort.part(0.5), wide.part(0.75), wide


def bounds_forecast(study: Study, query: Query, grants: Grants = ()) -> str:
    """What bounds on a query would take, nothing solved."""
    made = _bounds(study, query, grants, Answer(query, "not_identified"), None)
    return forecast(made.facts, made.asked.cells[0])


def _drawn(study: Study) -> tuple[Assumption, ...]:
    """How samples and counted shares came about."""
    out: list[Assumption] = []
    for sample in study.samples:
        what = f"the sample {sample.name!r}" if sample.name else "the sample"
        text = f"the units of {what} are drawn at random, each by itself, from the population the answer is of"
        out.append(Assumption(text, "the method"))
        if sample.do:
            text = f"in {what} {listing(sample.do)} was imposed at random, without regard to anything about the unit"
            out.append(Assumption(text, "the user"))
        if sample.missing == "drop":
            text = f"rows of {what} with an empty cell were left out: that a cell is empty depends on nothing"
            out.append(Assumption(text, "the user"))
    if any(given.total is not None for given in study.statements):
        text = "the units behind each counted share are drawn at random from the population the answer speaks of"
        out.append(Assumption(text, "the method"))
    return tuple(out)


def conditions(found: Sequence[Bounded]) -> tuple[Assumption, ...]:
    """That what the query conditions on is possible, where what is known does not say so."""
    if not any(one.open_condition for one in found):
        return ()
    text = "what the query conditions on has a probability above zero: what is known also allows zero"
    return (Assumption(text, "the method"),)


def figures(found: Sequence[Bounded]) -> dict[str, Any]:
    """What the programmes were like and what they took."""
    blocks = max(((b for p in one.programmes for b in p.blocks) for one in found), key=lambda b: 0, default=())
    return {
        "unknowns": [block.columns for block in blocks],
        "limits": max((len(p.limits) for one in found for p in one.programmes), default=0),
        "nothing_ruled_out": not any(one.tells for one in found),
        **added(*(one.spent for one in found)),
    }


def _statements(study: Study, said: Sequence[str]) -> list[int]:
    """The positions of the statements of a study that are among what is said."""
    return [k for k, one in enumerate(study.statements) if print_statement(one) in said]
