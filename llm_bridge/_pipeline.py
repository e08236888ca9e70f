"""Text to answer, and back to words: every stage timed and traced, and every failure a plain reply."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

from scm import (
    Answer,
    Assumption,
    Finding,
    Model,
    Query,
    Study,
    UnknownName,
    Variable,
    ask,
    print_claim,
)

from ._compile import Compiled, compile_problem, study_of
from ._granting import Granting, Grants, told_by
from ._guard import spoken, visible
from ._judged import Judged, judge, said_of
from ._lesson import lesson
from ._problem import Problem
from ._reader import read
from ._rounding import ALL_CORNERS, Spread, known_spreads, spreads
from ._sizes import model_size, problem_size, shown, shown_spreads
from ._stages import FAULTS, Stages, Stopped
from ._stages import Stage as Stage
from ._verbalise import Case, line
from ._verdict import Said, verdict, without_evidence

Outcome: TypeAlias = "Finding | Literal['unreadable']"
_WORST: tuple[Finding, ...] = ("refused", "contradiction", "undefined", "not_identified", "bounds", "estimate", "exact")


@dataclass(frozen=True)
class Reply:
    """What the bridge says to one question.

    Attributes:
        reply: "yes", "no", a number or one of the options; None where none of them is warranted.
        finding: the summary of the answers, or "unreadable".
        problem: the text as it was read; None where it could not be.
        answers: the engine's answer to each query for a number of the Problem.
        instead: where the observation is impossible, the answers that hold if it is dropped.
        fault: why there is no answer; empty where there is one.
        assumptions: what the reply rests on, each with who granted it.
        trace: the stages, in order.
        compiled: what the engine was asked; None where it came to nothing.
        judged: where each claim of the Problem holds.
        granted: what the user granted, as `scm.ask` takes it.
    """

    reply: Said
    finding: Outcome
    problem: Problem | None = None
    answers: tuple[Answer, ...] = ()
    instead: tuple[Answer, ...] = ()
    fault: str = ""
    assumptions: tuple[Assumption, ...] = ()
    trace: tuple[Stage, ...] = ()
    compiled: Compiled | None = None
    judged: tuple[Judged, ...] = ()
    granted: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    @cached_property
    def line(self) -> str:
        """The answer in one sentence or two."""
        return spoken(line(self._case), self._names)

    @cached_property
    def words(self) -> str:
        """The answer in plain words, with the reason a teacher would give. Worked out when first read."""
        return spoken(lesson(self._case), self._names)

    @property
    def _names(self) -> Iterator[str]:
        """Names, labels and options: what others called things."""
        if self.problem is not None:
            for variable in self.problem.variables:
                yield variable.name
                yield from (state for state in variable.states if isinstance(state, str))
            yield from self.problem.reply.options

    @property
    def _case(self) -> Case:
        return Case(
            self.problem, self.compiled, self.answers, self.instead, self.reply, self.finding, self.fault, self.judged
        )

    def to_json(self) -> dict[str, Any]:
        """The reply as JSON data; no NaN and no infinity."""
        first = self.answers[0].to_json() if self.answers else {}
        queries = [item.text for item in self.problem.queries] if self.problem else []
        data: dict[str, Any] = {
            "answer": self.words,
            "reply": self.reply,
            "finding": self.finding,
            "value": first.get("value"),
            "interval": first.get("interval"),
            "uncertainty": first.get("uncertainty", {}),
            "query": queries[0] if queries else None,
            "problem": None if self.problem is None else self.problem.model_dump(mode="json", exclude_defaults=True),
            "assumptions": [{"text": visible(a.text), "granted_by": a.granted_by} for a in self.assumptions],
            "derivation": first.get("derivation", []),
        }
        data |= {key: first[key] for key in ("estimand", "check") if first.get(key) is not None}
        if self.fault:
            data["fault"] = visible(self.fault)
        if self.judged:
            data["claims"] = [one.to_json() for one in self.judged]
        if len(self.answers) > 1:
            data["answers"] = [answer.to_json() for answer in self.answers]
        if self.instead:
            data["without_observation"] = [answer.to_json() for answer in self.instead]
        return data


@dataclass(slots=True)
class _Found:
    """What a run has found so far, of a `Reply`."""

    reply: Said = None
    finding: Outcome = "refused"
    problem: Problem | None = None
    answers: tuple[Answer, ...] = ()
    instead: tuple[Answer, ...] = ()
    fault: str = ""
    compiled: Compiled | None = None
    judged: tuple[Judged, ...] = ()


class _Run:
    """One run of the chain."""

    def __init__(self, assume: Grants, budget: float | str | None, key: Any) -> None:
        self.grants = Granting.of(assume)
        couplings = self.grants.couplings
        self.options: dict[str, Any] = {"assume": couplings, "budget": budget, "key": key}
        if couplings or budget is not None:
            # What cannot be meant here is the caller's mistake, whatever the question: find it on the simplest one.
            # A grant may name variables of the text, which is yet to be read.
            with suppress(UnknownName):
                ask(Model(Variable("X", table=(0.5, 0.5))), "P(X)", **self.options)
        self.stages = Stages()
        self.found = _Found()

    def read(self, text: str, reader: Callable[[str], Problem]) -> Problem:
        """The text as a Problem."""
        return self.stages.do("read", lambda: f"{len(text):,} characters", lambda: reader(_unicode(text)), problem_size)

    def solve(self, problem: Problem) -> None:
        """From a Problem to answers and what they say."""
        self.found.problem = problem
        compiled = self.stages.do(
            "compile", lambda: problem_size(problem), lambda: compile_problem(self.grants.beside(problem)), model_size
        )
        self.found.compiled = compiled
        if compiled.claims:
            self.look_up(problem, compiled)
        if not compiled.queries:
            return
        answers = self.ask(compiled, compiled.queries, "ask")
        finding, fault = _worst(answers), _refusals(answers)
        if finding == "refused" and compiled.model is not None and not problem.equations:
            compiled, answers, finding = self.ask_study(problem, compiled, answers)
            fault = "" if finding in ("exact", "estimate") else fault
        found = self.found
        found.compiled, found.answers, found.finding, found.fault = compiled, answers, finding, fault
        if finding in ("exact", "estimate", "bounds"):
            found.answers = self.round(problem, answers)
            if not compiled.claims:
                found.reply = verdict(problem.reply, found.answers)
        elif finding == "undefined":
            self.drop(compiled)

    def look_up(self, problem: Problem, compiled: Compiled) -> None:
        """Where the claims hold."""
        graph = compiled.graph
        assert graph is not None
        judged = self.stages.do(
            "look up the claims",
            lambda: "; ".join(map(print_claim, compiled.claims)),
            lambda: tuple(judge(graph, claim) for claim in compiled.claims),
            lambda made: "; ".join(f"holds in {one.members}" for one in made),
        )
        found = self.found
        found.judged, found.finding, found.reply = judged, "exact", said_of(judged, problem.reply)

    def ask_study(
        self, problem: Problem, compiled: Compiled, refused: tuple[Answer, ...]
    ) -> tuple[Compiled, tuple[Answer, ...], Finding]:
        """The answers of the graph and its statements, where a model of tables has none."""
        study = replace(compiled, knowledge=study_of(problem), notes=())
        answers = self.ask(study, study.queries, "ask by identification")
        finding = _worst(answers)
        return (compiled, refused, finding) if finding == "refused" else (study, answers, finding)

    def ask(self, compiled: Compiled, queries: Sequence[Query], name: str) -> tuple[Answer, ...]:
        """The engine's answers."""
        return self.stages.do(
            name, lambda: "; ".join(map(str, queries)), lambda: tuple([self.one(compiled, q) for q in queries]), shown
        )

    def one(self, compiled: Compiled, query: Query) -> Answer:
        """The engine's answer to one query."""
        knowledge = compiled.knowledge
        assert knowledge is not None
        return ask(knowledge, query, **self.granted(knowledge))

    def granted(self, knowledge: Model | Study | None) -> dict[str, Any]:
        """What the user granted that means something to `knowledge`."""
        if isinstance(knowledge, Model):
            return self.options
        said = () if self.found.problem is None else self.grants.beside(self.found.problem).granted
        return self.options | {"assume": (*self.grants.names, *(grant.shape for grant in said))}

    def drop(self, compiled: Compiled) -> None:
        """What would hold without the observation, where it is impossible."""
        dropped = tuple(map(without_evidence, compiled.queries))
        if dropped != compiled.queries:
            try:
                instead = self.ask(compiled, dropped, "ask without the observation")
            except Stopped:
                return
            self.found.instead = instead

    def round(self, problem: Problem, answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
        """The answers with what rounding of printed numbers leaves open; a study works it out but for its bounds."""
        made = self.found.compiled
        if made is None or all(s.value is None for s in problem.statements):
            return answers
        if made.model is None and (self.found.finding != "bounds" or verdict(problem.reply, answers) is None):
            return answers  # rounding cannot settle what face values leave open
        if made.model is None and (known := known_spreads(answers)) is not None:
            return tuple(_with_spread(a, s) for a, s in zip(answers, known, strict=True))

        def asker(moved: Problem) -> list[Answer]:
            compiled = compile_problem(moved) if made.model is not None else replace(made, knowledge=study_of(moved))
            return [self.one(compiled, q) for q in compiled.queries]

        corners = ALL_CORNERS if made.model is not None else 3  # bounds take a linear programme for each

        def took() -> str:
            return f"{sum(s.value is not None for s in problem.statements)} printed numbers"

        found = self.stages.do("rounding", took, lambda: spreads(problem, answers, asker, corners), shown_spreads)
        return tuple(_with_spread(a, s) for a, s in zip(answers, found, strict=True))

    def reply(self) -> Reply:
        """Everything found, with its assumptions."""
        found = self.found
        problem, compiled = found.problem, found.compiled
        texts = [Assumption(text, "the reader") for text in (problem.assumptions if problem else ())]
        texts += [Assumption(note, "the method") for note in (compiled.notes if compiled else ())]
        texts += [told_by(problem, a) for answer in found.answers for a in answer.assumptions]
        granted = self.granted(compiled.knowledge if compiled else None)
        return Reply(
            found.reply,
            found.finding,
            problem,
            found.answers,
            found.instead,
            found.fault,
            tuple(dict.fromkeys(texts)),
            tuple(self.stages.done),
            compiled,
            found.judged,
            granted,
        )


def answer_text(
    text: str,
    *,
    reader: Callable[[str], Problem] = read,
    assume: Grants = (),
    budget: float | str | None = None,
    key: Any = None,
) -> Reply:
    """The whole chain: a causal question in words, its answer in words.

    Args:
        text: rules, what was seen, and one question.
        reader: what turns the text into a Problem; the offline reader by default.
        assume: what the user grants, as for `scm.ask`.
        budget: what the computation may take, as for `scm.ask`.
        key: a random key, as for `scm.ask`.

    Returns:
        A reply, whatever the text says: what cannot be read or worked out is told in it.

    Raises:
        ScmError: `assume` or `budget` cannot be meant.
    """
    run = _Run(assume, budget, key)
    try:
        problem = run.read(text, reader)
    except Stopped:
        run.found.finding, run.found.fault = "unreadable", run.stages.done[-1].fault or ""
        return run.reply()
    return _solved(run, problem)


def solve_problem(
    problem: Problem, *, assume: Grants = (), budget: float | str | None = None, key: Any = None
) -> Reply:
    """The chain from a Problem; the rest is as for `answer_text`."""
    return _solved(_Run(assume, budget, key), problem)


def ask_also(reply: Reply, queries: Sequence[Query]) -> tuple[Answer, ...]:
    """The engine's answers to other queries about what `reply` was worked out from, granted the same; at face value.

    Args:
        reply: a reply with an answer.
        queries: for numbers.

    Returns:
        An answer for each query; none where one of them cannot be worked on.
    """
    knowledge = reply.compiled.knowledge if reply.compiled is not None else None
    if knowledge is None:
        return ()
    try:
        return tuple(ask(knowledge, query, **reply.granted) for query in queries)
    except FAULTS:
        return ()


def _solved(run: _Run, problem: Problem) -> Reply:
    if problem.cannot is not None:
        run.found.problem, run.found.finding, run.found.fault = problem, "unreadable", problem.cannot
        return run.reply()
    try:
        run.solve(problem)
    except Stopped:
        run.found.fault = run.stages.done[-1].fault or ""
    return run.reply()


# ---------------------------------------------------------------------------------------------------------------------
# Parts


def _unicode(text: str) -> str:
    """`text`, if it is one.

    Raises:
        ValueError: it holds halves of characters, as a wrong decoding leaves them behind.
    """
    try:
        text.encode()
    except UnicodeEncodeError as wrong:
        raise ValueError(
            f"The text is damaged at character {wrong.start:,}: half a character stands there. Decode it as UTF-8."
        ) from None
    return text


def _worst(answers: Sequence[Answer]) -> Finding:
    findings = {answer.finding for answer in answers}
    return next(finding for finding in _WORST if finding in findings)


def _refusals(answers: Sequence[Answer]) -> str:
    found = dict.fromkeys(reason for answer in answers for _, reason in answer.refusals)
    return " ".join(reason for reason in found if not reason.startswith("for the same reason as"))


def _with_spread(answer: Answer, spread: Spread | None) -> Answer:
    if spread is None:
        return answer
    way = "all corners" if spread.every_corner else "one number at a time (approximate)"
    uncertainty = replace(answer.uncertainty, rounding=(spread.lower, spread.upper))
    return replace(answer, uncertainty=uncertainty, diagnostics={**answer.diagnostics, "rounding": way})
