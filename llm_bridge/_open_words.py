"""What is said of an answer that is bounded and not determined: where it lies, and where its ends are attained."""

from __future__ import annotations

from collections.abc import Mapping

from scm import Answer, Value

from ._interval_words import answer_lies, cannot_say_more, ends_said, rules_nothing_out, scale_of
from ._phrases import Phrases, joined
from ._problem import Problem
from ._rounding import ends_of
from ._verdict import holds, verdict

MOST_FACTS = 4
"""Facts that are listed one by one where each end of an answer is attained."""
NOT_DETERMINED = "Not determined by what is said"


def bounded(problem: Problem, answer: Answer, lead: str, told: str, tail: str) -> str:
    """`told lies between 39% and 78%` with its lead, its rounding, and what closer bounds would take.

    Args:
        problem: with the form of the reply.
        answer: that is bounded.
        lead: `Yes: ` where the whole interval is on one side; empty where it is not.
        told: what is bounded.
        tail: what chance and rounding do to the ends.
    """
    where = f"{told} {answer_lies(answer, marks(problem))}"
    tail = "" if rules_nothing_out(answer) else tail
    if lead:
        return f"{lead}{where}{tail}."  # more is not asked for
    opened = "" if problem.reply.kind == "number" else f"{NOT_DETERMINED}: "
    return f"{opened}{where}{tail}{cannot_say_more(problem, answer)}."


def marks(problem: Problem) -> tuple[float, ...]:
    """What the answer is compared with: an end that does not reach it must not seem to."""
    return (problem.reply.threshold,) if problem.reply.kind == "yes-no" else ()


class Ends:
    """The ends of a probability whose root causes have unknown laws, with the states that attain them."""

    def __init__(self, problem: Problem, phrases: Phrases, answer: Answer) -> None:
        self.problem = problem
        self.phrases = phrases
        self.answer = answer
        self.low, self.high = ends_of(answer) or (0.0, 1.0)

    def either(self, given: Mapping[str, Value]) -> str | None:
        """The reply at each end, where all is possible: `the answer is yes if ..., and no if ...`."""
        ends = self._attained(given)
        open_ = self.problem.reply.kind == "yes-no" and verdict(self.problem.reply, (self.answer,)) is None
        if ends is None or not open_ or (self.low, self.high) != (0.0, 1.0):
            return None
        at_low, at_high = (holds(self.problem.reply, end) for end in (self.low, self.high))
        if at_low == at_high:
            return None
        yes, no = (ends[1], ends[0]) if at_high else (ends[0], ends[1])
        return f"{NOT_DETERMINED}: the answer is yes {yes}, and no {no}."

    def where(self, given: Mapping[str, Value]) -> str | None:
        """`lies between 10% (if ...) and 90% (if ...)`; None where the ends have no such states."""
        ends = self._attained(given)
        if ends is None:
            return None
        low, high = ends_said(self.low, self.high, scale_of(self.answer.query), marks(self.problem))
        return f"lies between {low} ({ends[0]}) and {high} ({ends[1]})"

    def _attained(self, seen: Mapping[str, Value]) -> tuple[str, str] | None:
        """States of unknown causes that attain the lower and the upper end, without those that were seen anyway."""
        interval = self.answer.interval
        if interval is None or interval.lower_at is None or interval.upper_at is None:
            return None
        low, high = (
            {n: v for noise, v in at.items() if (n := self._variable_of(noise)) not in seen}
            for at in (interval.lower_at, interval.upper_at)
        )
        known = all(self.phrases.knows(name) for name in (*low, *high))
        return (self._roots(low, high), self._roots(high, low)) if low and known else None

    def _roots(self, at: Mapping[str, Value], other: Mapping[str, Value]) -> str:
        shown = {name: value for name, value in at.items() if len(at) <= MOST_FACTS or other.get(name) != value}
        facts = [self.phrases.fact(name, value) for name, value in shown.items()]
        rest = [f"{len(facts) - MOST_FACTS} more such facts"] if len(facts) > MOST_FACTS + 1 else facts[MOST_FACTS:]
        told = joined([*facts[:MOST_FACTS], *rest])
        return f"if, for example, {told}" if len(at) > 1 else f"if {told}"

    def _variable_of(self, noise: str) -> str:
        """The variable that a noise of unknown law is all of."""
        name = noise.removeprefix("u_")
        return name if self.phrases.knows(name) else noise
