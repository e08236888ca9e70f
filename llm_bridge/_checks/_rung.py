"""The check of the rung: what the question sees, does or imagines, against what the query conditions on and imposes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from scm import Const, Value

from .._problem import Problem, ProblemQuery
from ._asking import Asking, asking
from ._attribution import attribution, kind_of
from ._facts import Facts, facts, hinted
from ._given import quoted
from ._mentions import Mention, prevented
from ._queried import Asked, asked_of
from ._reading import Fault, Reading
from ._spoken import covered_by, strange
from ._text import Scan, scan, spoken_in, words

_DO = words("does do did will don't doesn't didn't that")
_UNDER = words("with without if once under after when compared nobody everybody everyone all every none")
_GIVING = words("to everyone everybody all every were was is are be been being not")
_UNSURE = words("neither nor either only but instead rather than longer until whether")
_GROUPS = words("often common frequent frequently those who whose")
_SEEN_PLAINLY = words("observing observed observe among amongst knowing conditional conditioning look looking")


@dataclass(frozen=True, slots=True)
class _Case:
    """One query beside its question."""

    problem: Problem
    part: str
    query: ProblemQuery
    asked: Asked
    asking: Asking
    facts: Facts
    text: Scan

    @property
    def shown(self) -> str:
        return self.query.text

    def name(self, one: Mention) -> str:
        return self.problem.variables[one.variable].name

    def hinted(self, name: str) -> bool:
        """Whether a sentence may tell of `name` in other words."""
        variable = next(v for v in self.problem.variables if v.name == name)
        return hinted(self.text, variable, self.asking.sentences)

    def strange(self) -> bool:
        """Whether the question has words that are not known, which may speak of a variable."""
        covered = covered_by(self.text, self.problem)
        return any(strange(self.text, at, covered) for at in self.asking.sentences)

    def fault(self, check: str, message: str, *, sure: bool = True) -> Fault:
        return Fault(check, self.part, message, "fault" if sure else "hint")


def rung(reading: Reading) -> Iterable[Fault]:
    """Queries on another rung than their question: interventions and evidence too many or too few, or turned."""
    for case in _cases(reading):
        if (kind := kind_of(case.asking)) is not None:
            yield from attribution(case.problem, case.text, case.query, case.part, case.asking, kind)
            continue
        found = list(_interventions(case))
        yield from found or [*_seeing(case), *_seen_state(case), *_mediated(case)]
        yield from _evidence(case)


def _cases(reading: Reading) -> Iterator[_Case]:
    problem, text = reading.problem, scan(reading.text)
    for i, query in enumerate(problem.queries):
        if query.query is None:
            continue
        question = asking(text, problem.variables, query.words)
        if question is not None:
            seen = facts(text, problem.variables, question.sentences)
            yield _Case(problem, f"queries[{i}]", query, asked_of(query.asked), question, seen, text)


def clear(these: Iterable[Mention]) -> list[Mention]:
    """The mentions of one variable that are more than a word of its name."""
    return [m for m in these if m.variable >= 0 and not m.weak]


# ---------------------------------------------------------------------------------------------------------------------
# Doing and imagining


def _interventions(case: _Case) -> Iterator[Fault]:
    question = case.asking
    if (question.would or question.does) and (these := question.having("imposed")):
        yield from _imposed(case, these)
    elif question.causal and question.causes and not question.sees:
        yield from _effect(case)


def _imposed(case: _Case, these: Sequence[Mention]) -> Iterator[Fault]:
    imposed = case.asked.imposed
    for one in clear(these):
        name = case.name(one)
        if name not in imposed:
            roles = [(m, role) for m, role in case.asking.roles if m.variable >= 0]
            supposed = {case.name(m) for m, role in roles if role in ("imposed", "plain")}
            but = f"only conditions on {name!r}" if name in case.asked.given else f"does not impose {name!r}"
            yield case.fault(
                "rung",
                f"{quoted(case.asking.text)} asks what would be if {name!r} were set, but the query {case.shown} "
                f"{but}. "
                f"Wanted: {name!r} imposed in the world of the outcome, as in P(Y[X=...]), and what was observed "
                "behind the bar.",
                sure=not imposed & supposed,
            )
        elif prevented(case.text.tokens, one):
            continue  # which state that leaves is not read here
        elif one.state is not None and one.state not in (values := _values(case.asked, name)):
            yield _turned(case, name, one.state, values)
    known = {case.name(m) for m, _ in case.asking.roles if m.variable >= 0}
    unclear = any(m.variable < 0 for m, _ in case.asking.roles)
    for name in sorted(imposed - known):
        if not unclear:
            yield case.fault(
                "rung",
                f"The query {case.shown} imposes {name!r}, which {quoted(case.asking.text)} does not speak of. Wanted: "
                "only what the question supposes is imposed. What was observed stands behind the bar.",
                sure=not case.strange(),
            )


def _values(asked: Asked, name: str) -> set[Value | None]:
    return {where[name] for part in asked.parts for where in (part.imposed, part.nested) if name in where}


def _turned(case: _Case, name: str, state: Value, got: set[Value | None]) -> Fault:
    there = ", ".join(repr(value) for value in got)
    return case.fault(
        "sign",
        f"The query {case.shown} sets {name!r} to {there}, while {quoted(case.asking.text)} supposes the state "
        f"{state!r}. "
        f'Wanted: the state supposed; what follows "instead of" is not it. Read which state of {name!r} is meant.',
    )


def _effect(case: _Case) -> Iterator[Fault]:
    for one in clear(case.asking.causes):
        name = case.name(one)
        if name not in case.asked.imposed and name not in case.asked.event:
            yield case.fault(
                "rung",
                f"{quoted(case.asking.text)} asks what {name!r} does to the outcome, but the query {case.shown} "
                "imposes "
                f"nothing on {name!r}. Wanted: a query that sets it, such as P(Y[X=1]) - P(Y[X=0]). Seeing X, as in "
                "P(Y | X), answers another question.",
            )


# ---------------------------------------------------------------------------------------------------------------------
# Seeing


def _seeing(case: _Case) -> Iterator[Fault]:
    question = case.asking
    if question.would or question.does or question.having("imposed") or (question.causal and question.causes):
        return
    if case.asked.imposed and _plainly_seen(case):
        names = ", ".join(map(repr, sorted(case.asked.imposed)))
        yield case.fault(
            "rung",
            f"{quoted(question.text)} asks about what is seen, but the query {case.shown} imposes {names}. Wanted: a "
            "query without an intervention; what the question takes as seen stands behind the bar.",
            sure=not case.strange(),
        )
    if case.asked.imposed:
        return
    for one in clear(question.having("seen")):
        name = case.name(one)
        if name not in case.asked.given and name not in case.asked.event:
            yield case.fault(
                "rung",
                f"{quoted(question.text)} speaks of those with {name!r}, but the query {case.shown} does not "
                f"condition on it. Wanted: {name!r} behind the bar.",
            )


def _plainly_seen(case: _Case) -> bool:
    """Whether words of seeing, or a comparison of groups, say that the question is about what is seen.

    Any verb may ask what something does: "does it help", "is it the tea that keeps me awake".
    """
    spoken = case.asking.spoken
    if spoken & _SEEN_PLAINLY or ("given" in spoken and not spoken & _GIVING):
        return True
    if spoken & _DO or spoken & _UNDER:
        return False
    here = {case.name(m) for m, _ in case.asking.roles if m.variable >= 0}
    return ("than" in spoken and bool(spoken & _GROUPS)) or (not here & case.asked.imposed and not case.strange())


def _seen_state(case: _Case) -> Iterator[Fault]:
    for one in clear(case.asking.having("seen")):
        name = case.name(one)
        states = {part.given.get(name) for part in case.asked.parts}
        state = next(iter(states))
        if len(states) == 1 and None not in (state, one.state) and state != one.state:
            yield case.fault(
                "sign",
                f"The query {case.shown} conditions on {name!r} as {state!r}, while {quoted(case.asking.text)} "
                f"speaks of those with the state {one.state!r}. Wanted: the state that the question names.",
            )


def _mediated(case: _Case) -> Iterator[Fault]:
    """An effect through, or not through, a mediator takes a world inside a world."""
    names = {case.name(m) for m in clear(case.asking.having("via"))}
    if not names:
        return
    causes = {case.name(m) for m in clear(case.asking.causes)} - names
    if causes & case.asked.imposed and not case.asked.split and len(case.asked.parts) == 2:
        shown = " and ".join(map(repr, sorted(names)))
        yield case.fault(
            "rung",
            f"{quoted(case.asking.text)} asks of an effect through, or not through, {shown}, but the query "
            f"{case.shown} is "
            f"the whole effect. Wanted: {shown} set to what it would be in another world, as in P(Y[X=1, M=M[X=0]]).",
        )


# ---------------------------------------------------------------------------------------------------------------------
# Evidence


def _evidence(case: _Case) -> Iterator[Fault]:
    asked = case.asked
    if len(asked.parts) == 1 or case.asking.would:
        told = case.facts.told if case.asking.would and case.asking.having("imposed") else ()
        for one in clear((*case.facts.surely, *told)):
            yield from _observed(case, one)
    if case.facts.unread or not asked.given:
        return
    outcomes = () if asked.op else tuple(m for m in clear(case.asking.outcomes) if case.name(m) in asked.event)
    roles = [m for m, role in case.asking.roles if role != "against" and m not in outcomes]
    said = {v for m in (*case.facts.surely, *case.facts.perhaps, *roles) for v in m.variables}
    place = {v.name: n for n, v in enumerate(case.problem.variables)}
    for name in sorted(asked.given):
        if place[name] not in said and not case.hinted(name):
            yield case.fault(
                "rung",
                f"The query {case.shown} takes {name!r} as observed, but no sentence of the text says that it was. "
                "Wanted: behind the bar what the text says was observed, and nothing else.",
            )


def _observed(case: _Case, one: Mention) -> Iterator[Fault]:
    name = case.name(one)
    settled = {e.variable for e in case.problem.equations if isinstance(e.expression, Const)}
    sentence = quoted(_sentence_of(case, one))
    states = {part.given[name] for part in case.asked.parts if name in part.given}
    mine = {m.state for m in (*case.facts.surely, *case.facts.told) if m.variable == one.variable}
    if not states and name not in settled:
        yield case.fault(
            "rung",
            f"The text says what was observed of {name!r}: {sentence}. The query {case.shown} does not use it. "
            "Wanted: what was observed behind the bar, also beside an intervention, as in P(Y[X=0] | Z=1).",
            sure=_plain(case, one),
        )
    elif states and any(name in part.later for part in case.asked.parts):
        yield case.fault(
            "rung",
            f"The query {case.shown} takes {name!r} as seen after the intervention, while the text says that it was "
            f"observed: {sentence}. Wanted: what was observed without [...], in the world as it is.",
        )
    elif states and None not in mine and None not in states and not states & mine:
        others = {m.state for m in case.facts.perhaps if one.variable in m.variables and not m.weak}
        sure = _plain(case, one) and others <= mine
        yield case.fault(
            "sign",
            f"The query {case.shown} takes {name!r} as {next(iter(states))!r}, while the text says {sentence}. "
            "Wanted: the state that was observed.",
            sure=sure,
        )


def _plain(case: _Case, one: Mention) -> bool:
    """Whether every word of the sentence of a mention is known."""
    here = spoken_in(case.text, one.sentence)
    return not here & _UNSURE and not strange(case.text, one.sentence, covered_by(case.text, case.problem))


def _sentence_of(case: _Case, one: Mention) -> str:
    return case.text.sentences[one.sentence].text
