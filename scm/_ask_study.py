"""`ask` where mechanisms are not known: a graph with statements, laws or samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from ._answer import Answer, Told
from ._ask_beside import beside_laws
from ._ask_bounds import bounded, identifying, refuted
from ._ask_laws import ask_laws, named
from ._ask_samples import ask_samples
from ._ask_strata import ask_strata
from ._ask_unused import with_grants
from ._errors import InvalidQuery, listing
from ._finding import Assumption, Interval, Statuses, Step, Uncertainty
from ._identified import (
    BEYOND,
    Witness,
    effect_ends,
    first_stage,
    granted_reason,
    obstacle_steps,
    rung_of,
)
from ._query import Contrast, Distribution, Probability, Query, placeholders, query_terms
from ._resolve import read_query
from ._statement import Statement
from ._statement_text import print_statement
from ._study import Study
from ._syntax import Const, Op, Set, Var, conjunction, print_const, print_expr, print_name, world
from ._text import number_text
from .bounds._granted import Grants
from .identify import Available, identify, probabilities_in
from .solvers import check_estimand
from .statements import LONGEST, CellLaw, Found, Shown, Statements, TooLarge, certain, composed, doing_clash, names_of

NAME = "statements"


def ask_study(study: Study, query: str | Query, assume: Grants = (), seconds: float | None = None) -> Answer:
    """Answer a query from what is known of the laws over a graph.

    Args:
        study: the graph with what is known.
        query: the question.
        assume: what the user grants, by name or as shapes.
        seconds: how long bounds may take at each end.

    Raises:
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery: the question cannot be meant; a variable is hidden.
    """
    asked = read_query(query, study.states)
    if open_ones := placeholders(asked):
        raise InvalidQuery(f"The query leaves {listing(open_ones)} open, and a study takes no rows. Write the values.")
    if study.strata is not None:
        return ask_strata(study, asked, assume, lambda one: ask_study(one, asked, assume, seconds))
    less = beside_laws(study)
    found = _asked(study if less is None else less.study, asked, assume, seconds)
    return with_grants(study, asked, assume, found if less is None else less.told(found))


def _asked(study: Study, asked: Query, assume: Grants, seconds: float | None) -> Answer:
    names = identifying(study, asked, assume)
    if study.samples:
        return ask_samples(study, asked, assume, seconds)
    if study.laws and not study.statements:
        return ask_laws(study, asked, assume, seconds)
    if study.laws and (told := _by_laws(study, asked, assume, seconds)) is not None:
        return told
    spelt = _spelt_out(study)
    knowledge = Statements(spelt.graph, spelt.states, spelt.statements, partial(identify, assume=names))
    _check_hidden(spelt, knowledge, asked)
    found = _stated(spelt, knowledge, asked)
    if found.finding in ("exact", "estimate"):
        return refuted(study, asked, assume, found, seconds=seconds) or found
    unsure = ("not_identified", "refused", "bounds", *(("contradiction", "undefined") if study.laws else ()))
    if found.finding not in unsure:
        return found
    wider = bounded(study, asked, assume, found, seconds=seconds)
    if found.finding in ("contradiction", "undefined"):  # cells of a law that are near zero, or zero, can seem so
        return wider if wider.finding in ("bounds", "exact", "contradiction") else found
    return found if _sharp(found) and wider.finding == "bounds" and not _sharp(wider) else wider


def _by_laws(study: Study, query: Query, assume: Grants, seconds: float | None) -> Answer | None:
    """The answer where the laws alone determine it: they are exact, and statements beside them only may contradict."""
    alone = Study(study.graph, *study.laws, *study.equations, states=study.states)
    laws = [Available(law.variables, law.do, law.name) for law in named(study.laws)]
    how = identify(study.graph, query, laws, assume=identifying(study, query, assume), states=study.states)
    if how.estimand is None:
        return None
    found = ask_laws(alone, query, assume, seconds)
    return None if found.finding != "exact" else refuted(study, query, assume, found, seconds=seconds) or found


def _sharp(found: Answer) -> bool:
    """Whether an answer has ends that are known to be attained."""
    return found.interval is not None and found.interval.sharp


def _stated(study: Study, knowledge: Statements, query: Query) -> Answer:
    """What statements say by equations that are linear, without bounds."""
    step = rung_of(study.graph, query)
    if clash := doing_clash(knowledge):
        return _clash(study, query, step, clash)
    if isinstance(query, Distribution):
        return _whole(study, knowledge, query, step)
    if any(isinstance(term, Distribution) for term in query_terms(query)):
        reason = "distributions are not combined from statements; ask for the probability of each state"
        return Answer(query, "refused", rung=step, status=Statuses(()), refusals=((NAME, reason),))
    return _number(study, knowledge, query, step)


def _number(study: Study, knowledge: Statements, query: Query, step: Literal[1, 2, 3]) -> Answer:
    """The answer to a query for one number."""
    try:
        found = knowledge.answer(query)
    except TooLarge as refusal:
        return Answer(query, "refused", rung=step, status=Statuses(()), refusals=((NAME, str(refusal)),))
    return _answer(study, knowledge, query, step, found)


def _whole(study: Study, knowledge: Statements, query: Distribution, step: Literal[1, 2, 3]) -> Answer:
    """A distribution, cell by cell; where one cell is not a number, what is said of that cell."""
    states = tuple((print_expr(term), study.states[term.name]) for term in query.of)
    value = np.empty(tuple(len(own) for _, own in states))
    steps: list[Step] = []
    told: Answer | None = None
    for codes in np.ndindex(*value.shape):
        at = zip(query.of, map(int, codes), strict=True)
        event = conjunction(*(Op("=", (term, Const(study.states[term.name][code]))) for term, code in at))
        told = _number(study, knowledge, Probability(event, query.given), step)
        if told.value is None:
            finding = "not_identified" if told.finding == "bounds" else told.finding
            return replace(told, query=query, finding=finding, interval=None)
        value[codes] = float(np.asarray(told.value))
        steps += [s for s in told.derivation if s not in steps]
    assert told is not None  # a distribution has cells
    value.flags.writeable = False
    return replace(
        told, query=query, value=value, states=states, uncertainty=Uncertainty(), account=Told(tuple(steps)),
        estimand=None, identification=None, check=None,
    )  # fmt: skip


def _spelt_out(study: Study) -> Study:
    """The laws of a study as statements, one a cell, where it has single statements too."""
    cells: list[Statement] = []
    for law in study.laws:
        array = np.asarray(law.array, dtype=float)
        names = (*law.do, *law.variables)
        for codes in np.ndindex(*array.shape):
            at = {name: Const(study.states[name][code]) for name, code in zip(names, map(int, codes), strict=True)}
            imposed = world(*(Set(name, at[name]) for name in law.do))
            event = conjunction(*(Op("=", (Var(name, imposed), at[name])) for name in law.variables))
            share = float(array[codes])
            cells.append(Statement(Probability(event), share, share, share))
    return Study(study.graph, *study.statements, *cells, states=study.states) if cells else study


def _check_hidden(study: Study, knowledge: Statements, query: Query) -> None:
    """Nobody measures a hidden variable; only numbers that a statement gives for it can say anything about it."""
    for name in sorted(names_of(query) & set(study.graph.hidden)):
        if name not in knowledge.spoken:
            raise InvalidQuery(
                f"The query is about {name!r}, which is hidden: no law of it is known. Ask about the variables that "
                f"are measured ({listing(study.graph.observed)}), or state numbers for {name!r}."
            )


def _answer(study: Study, knowledge: Statements, query: Query, step: Literal[1, 2, 3], found: Found) -> Answer:
    if clash := found.clash or _beyond(knowledge, query, found):
        return _clash(study, query, step, clash)
    if clash := _granted(study, knowledge, query, found):
        return _clash(study, query, step, *clash)
    if found.pinned:
        others = ", ".join(map(law_text, found.missing)) or "the number itself"
        reason = (
            "the statements pin this number down, but by equations that are not linear in the laws, which are not "
            f"solved here. It would follow at once from {others}"
        )
        return Answer(query, "refused", rung=step, status=Statuses(()), refusals=((NAME, reason),))
    how = found.identification
    check = None if how is None or how.estimand is None else check_estimand(how)
    if check is not None and check.status == "failed":
        reason = f"the estimand found for the query {check.text}"
        return Answer(query, "refused", rung=step, status=Statuses(()), refusals=((NAME, reason),), check=check)
    said = _Said(study, query, found)
    base = Answer(
        query,
        "not_identified",
        rung=step,
        assumptions=() if how is None else how.assumptions,
        account=Told(said.steps()),
        estimand=None if how is None else how.estimand,
        identification=how,
        check=check,
    )
    if found.read is None:
        return _open(study, base, found)
    if not math.isfinite(found.read.value):
        return replace(base, finding="undefined", status=Statuses(("undefined",)))
    low, high = _possible(query, study, found)
    value, rounding = found.read.value, found.read.rounding
    if rounding is not None:  # readings beyond are of no law
        rounding = (min(max(rounding[0], low), high), min(max(rounding[1], low), high))
        if not low - BEYOND < value < high + BEYOND:
            return replace(base, finding="bounds", interval=Interval(math.nan, math.nan, *rounding, False))
    return replace(
        base,
        finding="exact" if found.read.error is None else "estimate",
        value=min(max(value, low), high) if found.read.error is None else value,
        uncertainty=Uncertainty(sampling=found.read.error, rounding=rounding),
        assumptions=(*base.assumptions, *_population(study, found)),
    )


def _beyond(knowledge: Statements, query: Query, found: Found) -> tuple[int, ...]:
    """Statements that give a probability below 0 or above 1, however they were rounded: they cannot hold together."""
    if found.read is None or found.identification is None or not found.identification.states:
        return ()
    for term in probabilities_in(query, knowledge.states):
        read = found.read if term == query else knowledge.answer(term).read
        if read is None or read.error is not None:
            continue
        low, high = read.rounding or (read.value, read.value)
        if high < -BEYOND or low > 1 + BEYOND:
            return tuple(read.used)
    return ()


def _granted(study: Study, knowledge: Statements, query: Query, found: Found) -> tuple[tuple[int, ...], str] | None:
    """The statements beside which what is granted to an instrument cannot hold, however they were rounded, and why."""
    how, read = found.identification, found.read
    if how is None or how.method != "instrument" or read is None or read.error is not None:
        return None
    below = first_stage(how)
    share = None if below is None else knowledge.part(query, below)
    if share is not None and not (share.rounding or (share.value, share.value))[1] < -BEYOND:
        share = None
    ends = effect_ends(how, study.states)
    low, high = read.rounding or (read.value, read.value)
    value = read.value if low > ends[1] + BEYOND or high < ends[0] - BEYOND else 0.0
    reason = granted_reason(how, ends, value, None if share is None else share.value)
    if not math.isfinite(read.value) or not reason:
        return None
    return share.used if share is not None else read.used, reason


def _possible(query: Query, study: Study | None = None, found: Found | None = None) -> tuple[float, float]:
    """Ends that no law passes: of a probability, of a difference of two, and of what an instrument is granted."""
    how = None if found is None else found.identification
    if study is not None and how is not None and how.method == "instrument":
        return effect_ends(how, study.states)
    match query:
        case Probability():
            return 0.0, 1.0
        case Contrast("-", Probability(), Probability()):
            return -1.0, 1.0
        case _:
            return -math.inf, math.inf


def _open(study: Study, base: Answer, found: Found) -> Answer:
    """What can be said where the statements do not determine the query: ends that say something, or what is missing."""
    diagnostics = {"missing": [law_text(law) for law in found.missing]}
    how = found.identification
    seek = Witness(how, study.states) if how is not None and how.estimand is None else None
    base = replace(base, diagnostics=diagnostics, seek=seek)
    if found.ends is None or not found.ends.tell(base.query):
        return base
    least, most = _possible(base.query)  # a difference of two laws may leave more open than a probability can be
    low, high = max(found.ends.low, least), min(found.ends.high, most)
    if low > high + BEYOND:
        return _clash(study, base.query, base.rung, range(len(study.statements)))
    reached = (found.ends.reached[0] and low >= found.ends.low, found.ends.reached[1] and high <= found.ends.high)
    inner = (low if reached[0] else math.nan, high if reached[1] else math.nan)
    return replace(base, finding="bounds", interval=Interval(*inner, low, high, all(reached)))


def _clash(study: Study, query: Query, step: Literal[1, 2, 3], clash: Sequence[int], granted: str = "") -> Answer:
    said = [print_statement(study.statements[k]) for k in clash]
    claim = f"{said[0]} cannot be" if len(said) == 1 else f"{'; '.join(said)} cannot hold together"
    claim = f"{'; '.join(said)} cannot hold beside what is granted" if granted else claim
    reason = granted or "no law over this graph meets them, even within what their printed digits leave open"
    first = study.statements[clash[0]]
    if len(clash) == 1 and isinstance(first.quantity, Probability) and not 0 <= first.value <= 1:
        percent = f"; for a percentage write {first.value:g}%" if 1 < first.value <= 100 else ""
        reason = f"a probability lies between 0 and 1{percent}"
    return Answer(
        query,
        "contradiction",
        rung=step,
        status=Statuses(("contradiction",)),
        account=Told((Step("contradiction", claim, reason),)),
        diagnostics={"clash": said, "statements": [int(k) for k in clash]},
    )


def _population(study: Study, found: Found) -> tuple[Assumption, ...]:
    counts = [study.statements[k] for k in found.read.used if study.statements[k].total] if found.read else []
    if not counts:
        return ()
    text = "the units behind each counted share are drawn at random from the population the answer speaks of"
    extreme = [print_statement(one) for one in counts if certain(one)]
    if not extreme:
        return (Assumption(text, "the method"),)
    note = (
        f"that none or all of the units counted were such ({'; '.join(extreme)}) does not make it certain: for "
        "the standard error the share is moved by half a count"
    )
    return Assumption(text, "the method"), Assumption(note, "the method")


@dataclass(frozen=True)
class _Said:
    """The account of an answer."""

    study: Study
    query: Query
    found: Found

    def steps(self) -> tuple[Step, ...]:
        """How the query was brought down to laws, then the arithmetic or what is missing."""
        how = self.found.identification
        derivation = (*self._composition(), *(() if how is None else how.derivation))
        return (*derivation, *obstacle_steps(how), *self._arithmetic(), *self._undefined(), *self._missing())

    def _composition(self) -> tuple[Step, ...]:
        simpler = composed(self.study.graph, self.query)
        if simpler == self.query or self.found.identification is None:
            return ()
        reason = "settings that cannot matter are dropped, and a variable set to what it takes anyway changes nothing"
        return (Step("composition", f"{self.query} = {simpler}", reason, "Galles & Pearl (1998)"),)

    def _arithmetic(self) -> tuple[Step, ...]:
        found = self.found
        if found.read is None or found.stratum:
            return ()
        said = "; ".join(print_statement(self.study.statements[k]) for k in found.read.used)
        # A query about what is seen shows its laws in one line.
        told = [] if found.identification is None else [(law, *how) for law, how in found.laws.items()]
        steps = [step for law, value, shown in told if (step := self._law(law, value, shown)) is not None]
        value, shown = number_text(found.read.value), found.arithmetic
        if math.isinf(found.read.value):
            return (*steps, Step("undefined", f"{self.query} divides by zero", f"the statements say {said}"))
        middle = "" if shown is None or len(shown.text) > LONGEST or shown.text == value else f" = {shown.text}"
        last = Step("arithmetic", f"{self.query}{middle} = {value}", f"the statements say {said}")
        return (*steps, last, *self._beyond(found.read.value))

    def _beyond(self, value: float) -> tuple[Step, ...]:
        """That the printed numbers at face value belong to no law."""
        low, high = _possible(self.query, self.study, self.found)
        if low - BEYOND < value < high + BEYOND:
            return ()
        claim = f"{number_text(value)} cannot be: it lies outside {number_text(low)} to {number_text(high)}"
        reason = "at face value the printed numbers cannot all hold; within their rounding they can"
        return (Step("rounding", claim, reason),)

    def _law(self, law: CellLaw, value: float, shown: Shown | None) -> Step | None:
        """A law that was not stated as it stands."""
        name, number = law_text(law), number_text(value)
        if shown is None:
            return Step("law", f"{name} = {number}", "it solves the linear equations that the statements make")
        if shown.text == number:
            return None
        return Step("law", f"{name} = {shown.text} = {number}", "the rules of probability give it")

    def _undefined(self) -> tuple[Step, ...]:
        if not self.found.stratum:
            return ()
        stratum = law_text((self.found.stratum, (), ()))
        reason = "the statements give it no probability, and the formula divides by it"
        return (Step("undefined", f"{stratum} = 0", reason),)

    def _missing(self) -> tuple[Step, ...]:
        missing = self.found.missing
        if not missing:
            return ()
        lacks = ", ".join(map(law_text, missing))
        verb, it = ("is", "it") if len(missing) == 1 else ("are", "them")
        unused = "; ".join(print_statement(self.study.statements[k]) for k in self.found.unused)
        reason = f"the statements do not determine {it}" + (f" (nothing could be made of {unused})" if unused else "")
        return (Step("missing numbers", f"{lacks} {verb} missing", reason),)


def law_text(law: CellLaw) -> str:
    """`P(Y=1 | X=0)`."""
    of, given, regime = law
    sides = [", ".join(f"{print_name(name)}={print_const(value)}" for name, value in side) for side in (of, given)]
    imposed = ", ".join(f"{print_name(name)}={print_const(value)}" for name, value in regime)
    conditions = ", ".join(part for part in (f"do({imposed})" if imposed else "", sides[1]) if part)
    return f"P({sides[0]}{' | ' + conditions if conditions else ''})"
