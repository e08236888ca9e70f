"""A reply in the style that is wanted: one line, a paragraph, a lesson, or JSON. Every figure is the engine's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal, TypeAlias, get_args

from scm import Answer, Assumption, EquivalenceClass, Identification, ScmError, listing, near

from ._guard import MODEL_SAYS, in_json
from ._phrases import Phrases, joined
from ._pipeline import Reply
from ._study_words import POSITIVITY
from ._verbalise import asked_of

Style: TypeAlias = Literal["line", "paragraph", "lesson", "json"]
"""How a reply is said: its line; that, and how far it can be trusted; that, and why it is so; as data."""

STYLES: tuple[Style, ...] = get_args(Style)
MOST_ASSUMED = 3
"""Most assumptions that a paragraph tells."""
_PROVED = "exact", "estimate", "bounds"
_GRANTED = {
    "the text": "said in the text",
    "the reader": "assumed by the reader",
    "the user": "granted by the user",
    "the method": "needed by the method",
}


class UnknownStyle(ScmError):
    """A style that there is not."""


def say(reply: Reply, style: Style = "line") -> str:
    """`reply` in a style.

    Args:
        reply: any reply, of whatever finding.
        style: "line", the answer in a sentence or two; "paragraph", the answer, how it was worked out, how far it can
            be trusted and what it takes for granted; "lesson", the answer with the reasons a teacher would give;
            "json", `Reply.to_json` as text.

    Raises:
        UnknownStyle: there is no such style.
    """
    match style:
        case "line":
            return reply.line
        case "paragraph":
            return _paragraph(reply)
        case "lesson":
            return reply.words
        case "json":
            return in_json(json.dumps(reply.to_json(), ensure_ascii=False, indent=2, allow_nan=False))
        case _:
            raise UnknownStyle(f"There is no style {str(style)[:40]!r}. Wanted {listing(STYLES)}.{near(style, STYLES)}")


def _paragraph(reply: Reply) -> str:
    """Two to five sentences; more only where the reason of a fault takes them."""
    return " ".join([reply.line, *_steps(reply), *_trust(reply), *_granted(reply)])


# ---------------------------------------------------------------------------------------------------------------------
# How it was worked out


def _steps(reply: Reply) -> Iterator[str]:
    """The three steps to a counterfactual (Pearl 2009, theorem 7.1.7), where a model with evidence was asked one."""
    if reply.finding not in _PROVED or reply.problem is None or len(reply.answers) != 1:
        return
    if reply.compiled is None or reply.compiled.model is None or reply.answers[0].rung != 3:
        return
    asked = asked_of(reply.answers[0].query)
    if asked is None or asked.given is None or not asked.imposed:
        return
    say = Phrases(reply.problem)
    seen = say.event(asked.given)
    change = joined(say.fact(name, value) for name, value in asked.imposed)
    yield (
        f"This was worked out in three steps: from the observation that {seen}, what it shows of the causes "
        f"(abduction); then the supposition that {change}, whatever would otherwise settle that (action); and what "
        "follows from both (prediction)."
    )


# ---------------------------------------------------------------------------------------------------------------------
# How far it can be trusted


def _trust(reply: Reply) -> Iterator[str]:
    match reply.finding:
        case "exact":
            yield _exact(reply)
        case "estimate":
            yield _estimate(reply)
        case "bounds":
            yield _bounds(reply)
        case "not_identified":
            if any(isinstance(a.identification, Identification) and a.identification.obstacle for a in reply.answers):
                yield "It is proved that no formula in what is measured gives it for every model with this graph."
        case "undefined":
            yield "If the observation was really made, something else that is said does not hold."
        case "contradiction":
            yield "One of the statements must be corrected before anything can be worked out."
        case "refused":
            yield "That is a limit of what can be worked out here, and no proof that there is no answer."
        case "unreadable":
            yield "Nothing was worked out, so no answer is given."


def _exact(reply: Reply) -> str:
    if reply.judged and not reply.answers:
        in_class = any(isinstance(one.graph, EquivalenceClass) for one in reply.judged)
        where = "every graph that fits what is said" if in_class else "the graph that is described"
        return f"This was looked up in {where}, and is exact."
    spread = next((a for a in reply.answers if _is_spread(a)), None)
    if spread is None:
        return "The answer is exact: it follows from what is said, without any estimate."
    if spread.diagnostics.get("rounding") == "all corners":
        return "The computation is exact for the numbers as printed; only their rounding leaves room."
    return "The computation is exact for the numbers as printed; how much room their rounding leaves is approximate."


def _is_spread(answer: Answer) -> bool:
    ends = answer.uncertainty.rounding
    return ends is not None and ends[0] != ends[1]


def _estimate(reply: Reply) -> str:
    kinds = [
        kind
        for kind, found in (
            ("the standard error says how far chance in the counts may have moved it", "sampling"),
            ("drawing at random leaves an error of its own", "monte_carlo"),
        )
        if any(getattr(answer.uncertainty, found) is not None for answer in reply.answers)
    ]
    return "This is an estimate, not an exact value" + (f": {joined(kinds)}." if kinds else ".")


def _bounds(reply: Reply) -> str:
    open_ = [answer.interval for answer in reply.answers if answer.interval is not None]
    settled = "This settles the answer, though not the number: " if reply.reply is not None else ""
    if open_ and all(interval.sharp for interval in open_):
        told = "it is proved that no closer bounds follow from what is said."
    else:
        told = "nothing beyond these bounds is possible, but it is not proved that closer ones do not follow."
    return f"{settled}{told}" if settled else told[:1].upper() + told[1:]


# ---------------------------------------------------------------------------------------------------------------------
# What it takes for granted


def _granted(reply: Reply) -> Iterator[str]:
    """The assumptions in one sentence, each with who granted it; that formulas need positivity is left to the list."""
    if reply.finding in ("refused", "unreadable"):
        return
    found = [one for one in reply.assumptions if not POSITIVITY.search(one.text)]
    if not found:
        return
    # What the user granted is told first: it is what the user can take back.
    found.sort(key=lambda one: one.granted_by != "the user")
    shown, rest = found[:MOST_ASSUMED], len(found) - MOST_ASSUMED
    groups: dict[str, list[str]] = {}
    for one in shown:
        groups.setdefault(_GRANTED[one.granted_by], []).append(_clause(one))
    told = "; ".join(f"{joined(clauses)} ({by})" for by, clauses in groups.items())
    more = f"; the list of assumptions has {rest} more" if rest > 0 else ""
    yield f"It takes for granted {told}{more}."


def _clause(one: Assumption) -> str:
    """`that what is not said ...`: an assumption as a part of a sentence."""
    text = one.text.strip().rstrip(".").replace(". ", "; ")
    if text.startswith(MODEL_SAYS):
        return f"that, in the model's words, {text.removeprefix(MODEL_SAYS)}"
    first = text.split(maxsplit=1)[0] if text else ""
    keep = not first[:1].isupper() or first[1:] != first[1:].lower() or len(first) == 1
    return f"that {text if keep else text[:1].lower() + text[1:]}"
