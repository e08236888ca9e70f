"""The checks that ask the engine: the evidence is possible, the query has an answer, the evidence matters."""

from __future__ import annotations

from collections.abc import Iterable

from scm import Answer, Contrast, Number, Probability, Query, Var, query_nodes

from .._interval_words import rules_nothing_out
from .._pipeline import ask_also
from .._verdict import CLOSE, without_evidence
from ._reading import Fault, Reading
from ._settled import settled


def possible(reading: Reading) -> Iterable[Fault]:
    """Evidence that the rules of the Problem exclude."""
    for i, answer in _answers(reading):
        if answer.finding == "undefined":
            asked = reading.problem.queries[i].text
            yield Fault(
                "possible",
                f"queries[{i}]",
                f"What {asked} takes as observed cannot happen by the rules of this Problem. {reading.reply.line} "
                "Wanted: evidence that the rules allow. Read again what the text says was observed, and the rules "
                "that lead to it.",
                "doubt",
            )


def _answers(reading: Reading) -> Iterable[tuple[int, Answer]]:
    """Each answer with the place of its query; claims have none."""
    numbers = [i for i, q in enumerate(reading.problem.queries) if q.query is not None]
    return zip(numbers, reading.reply.answers, strict=False)


def determined(reading: Reading) -> Iterable[Fault]:
    """A query to which the engine gives no answer at all; bounds are one if they rule something out."""
    reply = reading.reply
    finding = "not_identified" if reply.finding == "bounds" and _nothing_told(reading) else reply.finding
    if finding not in ("refused", "not_identified", "contradiction", "unreadable"):
        return
    why = reply.fault or reply.line
    wanted = {
        "contradiction": "statements that can hold together. Compare each with its sentence.",
        "not_identified": "every rule and number that the text gives, and the question as the text asks it. Where the "
        "Problem says that already, keep it: then the text leaves the answer open.",
    }.get(finding, "a Problem that can be worked out. Mend what this message names.")
    told = f"The engine answers nothing ({finding.replace('_', ' ')}): {why} Wanted: {wanted}"
    yield Fault("determined", "", told, "doubt")


def _nothing_told(reading: Reading) -> bool:
    """Whether bounds leave the question open since numbers are missing, or rule nothing out at all."""
    if reading.reply.reply is not None:
        return False
    found = [answer for _, answer in _answers(reading) if answer.finding == "bounds" and _programmed(answer)]
    number = reading.problem.reply.kind == "number"  # an interval answers that, if not in full
    return any(rules_nothing_out(answer) or (answer.diagnostics.get("missing") and not number) for answer in found)


def _programmed(answer: Answer) -> bool:
    """Whether bounds come of what is known of laws; causes of unknown law are a text's own way to leave things open."""
    return "bounds" in answer.diagnostics


def abduction(reading: Reading) -> Iterable[Fault]:
    """A hint: evidence of a counterfactual that makes no difference to its answer."""
    if reading.reply.finding not in ("exact", "estimate", "bounds"):
        return
    for i, answer in _answers(reading):
        item = reading.problem.queries[i]
        if isinstance(answer.value, float) and _imagines(item.asked) and _idle(reading, item.asked, answer.value):
            yield Fault(
                "abduction",
                f"queries[{i}]",
                f"{item.text} has the same answer without its evidence. That can be right. Look again "
                "whether the evidence, and the rules that lead to it, are as the text says.",
                "hint",
            )


def _idle(reading: Reading, query: Query, value: float) -> bool:
    """Whether the evidence of `query`, whose answer is `value`, makes no difference."""
    compiled = reading.reply.compiled
    if compiled is not None and compiled.model is not None and isinstance(query, Probability):
        # Without evidence, what rules alone lead to has a probability only where they settle it.
        known = settled(reading.problem, compiled.model.graph.order, query.event)
        if known is not None:
            return known
    # The same model is asked again. The whole chain would work out anew what rounding leaves open, which is dear.
    bare = ask_also(reading.reply, (without_evidence(query),))
    return any(isinstance(one.value, float) and abs(one.value - value) <= CLOSE for one in bare)


def _imagines(query: Query) -> bool:
    """Whether `query` imposes something beside evidence."""
    match query:
        case Number():
            return False
        case Contrast(_, left, right):
            return _imagines(left) or _imagines(right)
        case _:
            return query.given is not None and any(isinstance(n, Var) and n.world for n in query_nodes(query))
