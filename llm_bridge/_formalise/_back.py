"""Back-translation: a model compares the text with the Problem said in plain sentences, part by part.

The sentences are made by template (`_restate`), so the model that compares need not have made the Problem, nor read its
notation. What it says is checked here: where a reply does not speak of exactly the parts it was asked about, or quotes
what the text does not say, another is asked for once, and after that a hint tells of it. It never passes for agreement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .._chat._asked import reply_of
from .._chat._secrets import masked
from .._chat._types import ChatModel, ChatRequest, ReplySchema
from .._checks._reading import Fault, Severity
from .._checks._text import fold
from .._foreign import InvalidProblem, document
from .._problem import Problem
from .._prompts import prompt
from ._phrasing import quoted
from ._restate import Restated, restate

CHECK = "back-translation"
MOST_PARTS = 150
"""Most sentences that are compared; a Problem with more is not compared, and a hint says so."""
TRIES = 2
"""Replies that are asked for until one can be used."""
_SHOWN = 200
_PER_PART = 60
"""Tokens of a reply allowed for each part."""

Verdict: TypeAlias = Literal["said", "not said", "contradicted"]
Kind: TypeAlias = Literal["variables", "edges", "equations", "statements", "queries", "reply"]
_LOOSE = ("variables", "reply")
"""Stages of which a text need not say a word."""

_Words = Annotated[str, Field(max_length=20_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Judged(_Strict):
    part: str
    verdict: Verdict
    words: _Words


class _Missing(_Strict):
    kind: Kind
    words: _Words


class _Comparison(_Strict):
    parts: Annotated[list[_Judged], Field(max_length=MOST_PARTS)]
    missing: Annotated[list[_Missing], Field(max_length=MOST_PARTS)]


class _Unusable(ValueError):
    """A reply that cannot be taken for a comparison."""


async def compare(text: str, problem: Problem, chat: ChatModel, attempt: int = 0) -> tuple[Fault, ...]:
    """What a model finds when it compares the text with the Problem said in words.

    A part that the text contradicts is a fault; so is one that it does not say though words are cited for it, and
    whatever bears on the answer that no part says. A part without cited words is an assumption: that the text does not
    say it is a hint. Each fault's `part` is the place in the Problem, or for what is missing the list it belongs to.

    Args:
        text: what was read.
        problem: as what.
        chat: the model that compares.
        attempt: which try this is at the same comparison.

    Raises:
        ChatFailure: the endpoint gave no reply; that says nothing of the Problem.
    """
    sentences = restate(problem)
    if problem.cannot is not None:
        return ()
    if len(sentences) > MOST_PARTS:
        return (
            _hint(f"The Problem has {len(sentences):,} parts, and at most {MOST_PARTS} are compared with the text."),
        )
    reason = ""
    for again in range(TRIES):
        reply = await reply_of(chat, _request(text, sentences, attempt * TRIES + again))
        try:
            comparison = _read(masked(reply.text), text, sentences)
        except _Unusable as wrong:
            reason = str(wrong)
        else:
            return tuple(_faults(problem, sentences, comparison))
    return (_hint(f"The comparison with the text could not be used: {reason} The Problem stands unconfirmed."),)


def comparison_schema(parts: Sequence[str]) -> ReplySchema:
    """What a comparison of these parts must look like."""
    words = {"type": "string"}
    judged = _closed(
        part={"type": "string", "enum": list(parts)},
        verdict={"type": "string", "enum": list(get_args(Verdict))},
        words=words,
    )
    missing = _closed(kind={"type": "string", "enum": list(get_args(Kind))}, words=words)
    return ReplySchema.of(
        "comparison", _closed(parts={"type": "array", "items": judged}, missing={"type": "array", "items": missing})
    )


def _closed(**properties: dict[str, Any]) -> dict[str, Any]:
    """An object with exactly these keys, as strict schemas want it."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _request(text: str, sentences: Sequence[Restated], attempt: int) -> ChatRequest:
    page = prompt("compare")
    shown = [{"part": one.part, "says": one.sentence} for one in sentences]
    return ChatRequest(
        page.messages(text=text, sentences=shown),
        "compare",
        comparison_schema([one.part for one in sentences]),
        max_tokens=1_000 + _PER_PART * len(sentences),
        attempt=attempt,
        text=text,
        prompt=page.fingerprint,
    )


def _read(reply: str, text: str, sentences: Sequence[Restated]) -> _Comparison:
    """The comparison in a reply.

    Raises:
        _Unusable: it is none; the message says why.
    """
    try:
        made = _Comparison.model_validate(document(reply))
    except InvalidProblem:
        raise _Unusable("the reply is not JSON.") from None
    except ValidationError as wrong:
        place = ".".join(str(part) for part in wrong.errors(include_input=False)[0]["loc"])[:_SHOWN]
        raise _Unusable(f"the reply is not of the form that was asked for (at {quoted(place)}).") from None
    wanted, got = [one.part for one in sentences], [one.part for one in made.parts]
    if sorted(wanted) != sorted(got):
        odd = next((p for p in got if p not in wanted or got.count(p) > 1), None)
        what = f"it speaks of {quoted(odd[:_SHOWN])}" if odd is not None else "it leaves out a part"
        raise _Unusable(f"{what}, and was asked for each of {len(wanted)} parts once.")
    whole = fold(text)
    for words in (one.words for one in (*made.parts, *made.missing)):
        if fold(words) not in whole:
            raise _Unusable(f"it quotes {quoted(words[:_SHOWN])}, which the text does not say.")
    if any(not one.words.strip() for one in made.missing) or any(
        one.verdict == "contradicted" and not one.words.strip() for one in made.parts
    ):
        raise _Unusable("it finds fault without the words of the text that show it.")
    return made


def _faults(problem: Problem, sentences: Sequence[Restated], made: _Comparison) -> Iterator[Fault]:
    said = {one.part: one for one in made.parts}
    for one in sentences:
        judged = said[one.part]
        sentence = quoted(one.sentence[: 2 * _SHOWN])
        if judged.verdict == "contradicted":
            yield Fault(
                CHECK,
                one.part,
                f"{one.part} says {sentence}, but the text says {quoted(judged.words[:_SHOWN])}. Correct it.",
            )
        elif judged.verdict == "not said":
            severity: Severity = "fault" if _cited(problem, one.part) else "hint"
            yield Fault(
                CHECK, one.part, f"{one.part} says {sentence}, and the text does not say so. Leave it out.", severity
            )
    for lost in made.missing:
        words = quoted(lost.words[:_SHOWN])
        yield Fault(CHECK, lost.kind, f"The text says {words}, and nothing in {lost.kind} says so. Put it in.")


def _cited(problem: Problem, part: str) -> bool:
    """Whether a part claims to stand in the text: it cites words. Variables and the form of the answer need not."""
    stage, _, place = part.rstrip("]").partition("[")
    if stage in _LOOSE or not place:
        return False
    items = getattr(problem, stage)
    return bool(getattr(items[int(place)], "words", "x").strip())


def _hint(message: str) -> Fault:
    return Fault(CHECK, "", message, "hint")
