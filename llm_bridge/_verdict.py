"""What the answers amount to: yes, no, a number, an option, or nothing that is warranted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from scm import Answer, Contrast, Number, Query

from ._problem import Reply as ReplyForm
from ._rounding import Ends, ends_of

Said: TypeAlias = "Literal['yes', 'no'] | float | str | None"
"""A yes, a no, a number, the name of an option, or nothing."""


def verdict(form: ReplyForm, answers: Sequence[Answer]) -> Said:
    """What to reply; None where the values leave it open, rounding included."""
    if not answers:
        return None
    match form.kind:
        case "yes-no":
            return yes_or_no(form, _reach(answers[0]))
        case "choice":
            return _choice(form, [_reach(answer) for answer in answers])
        case _:
            value = answers[0].value
            return value if isinstance(value, float) else None


def _reach(answer: Answer) -> Ends:
    """The ends that the value can have: bounds, widened by rounding."""
    ends = ends_of(answer)
    if ends is None:
        return None
    rounding = answer.uncertainty.rounding
    return ends if rounding is None else (min(ends[0], rounding[0]), max(ends[1], rounding[1]))


def yes_or_no(form: ReplyForm, ends: Ends) -> Literal["yes", "no"] | None:
    """What all of an interval means; None where a part of it means yes and another no."""
    if ends is None:
        return None
    at_ends = {holds(form, end) for end in ends}
    if form.comparison == "=" and ends[0] < form.threshold < ends[1]:
        return None
    return ("yes" if at_ends.pop() else "no") if len(at_ends) == 1 else None


CLOSE = 1e-9
"""Values nearer than this are equal: far above the engine's arithmetic error, far below what any text means."""


def holds(form: ReplyForm, value: float) -> bool:
    """Whether `value` means yes."""
    above = 0.0 if abs(value - form.threshold) <= CLOSE else value - form.threshold
    match form.comparison:
        case ">":
            return above > 0
        case ">=":
            return above >= 0
        case "<":
            return above < 0
        case "<=":
            return above <= 0
        case "=":
            return above == 0


def _choice(form: ReplyForm, ends: Sequence[Ends]) -> str | None:
    """The option that is largest (or smallest) wherever the values lie; None on a tie."""
    if len(ends) != len(form.options) or len(ends) < 2:
        return None
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return None
    largest = form.comparison.startswith(">")
    signed = known if largest else [(-high, -low) for low, high in known]
    best = max(range(len(signed)), key=lambda i: signed[i][0])
    ahead = all(signed[best][0] > signed[i][1] + CLOSE for i in range(len(signed)) if i != best)
    return form.options[best] if ahead else None


def without_evidence(query: Query) -> Query:
    """`query` with every condition dropped."""
    match query:
        case Number():
            return query
        case Contrast(_, left, right):
            return replace(query, left=without_evidence(left), right=without_evidence(right))
        case _:
            return replace(query, given=None)
