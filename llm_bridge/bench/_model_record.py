"""The record of an item that a language model was asked."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import Any

from scm import number_text

from .._chat._failures import ChatFailure
from .._chat._secrets import masked
from .._guard import one_line, quoted
from .._pipeline import Reply
from ._conventions import PROFILES, kind_of
from ._interval import canonical_text
from ._items import Expected, Item, agrees
from ._methods import Outcome
from ._output import Run
from ._reason import why_not
from ._records import Record
from ._spent import Spent

MOST_WORDS = 4_000
"""Most characters that a record keeps of what a model said."""
MOST_REASON = 1_000
"""Longest reason, in characters."""


def answered(item: Item, outcome: Outcome, run: Run, spent: Spent, seconds: float) -> Record:
    """The record of an item that got a reply, be it an answer or none.

    A suite's conventions are applied to what the engine says, and to nothing that a model says by itself.
    """
    said, conventions = outcome.reply, tuple[str, ...]()
    if outcome.engine is not None:
        said, conventions = PROFILES[item.suite].applied(outcome.engine)
    correct, plain = (agrees(one, item.expected, item.tolerance) for one in (said, outcome.reply))
    return Record(
        **_item(item),
        reply=said,
        reply_plain=outcome.reply,
        conventions=list(conventions),
        finding=outcome.finding,
        correct=correct,
        correct_plain=plain,
        answered=said is not None,
        disagreement=_kind(outcome, said, correct),
        disagreement_plain=_kind(outcome, outcome.reply, plain),
        seconds=seconds,
        words=masked(_cut(outcome.words)),
        reason="" if correct else masked(_reason(item, outcome, said)),
        stage=outcome.stage,
        **_values(run),
        **_values(spent),
    )


def failed(item: Item, failure: ChatFailure, run: Run, spent: Spent, seconds: float) -> Record:
    """The record of an item whose requests came to nothing: neither an answer nor an abstention."""
    return Record(
        **_item(item),
        reply=None,
        reply_plain=None,
        conventions=[],
        finding="failed",
        correct=False,
        correct_plain=False,
        answered=False,
        disagreement="",
        disagreement_plain="",
        seconds=seconds,
        words="",
        reason=masked(_cut(" ".join(str(failure).split()))),
        failure=failure.kind,
        **_values(run),
        **_values(spent),
    )


def _values(of: Run | Spent) -> dict[str, Any]:
    """By name. They are plain: `asdict` would copy each."""
    return {field.name: getattr(of, field.name) for field in fields(of)}


def _item(item: Item) -> dict[str, Any]:
    """What a record has of its item."""
    return {
        "key": item.key,
        "id": item.id,
        "type": item.type,
        "suite": item.suite,
        "cluster": _cluster(item),
        "expected": item.expected,
        "tolerance": item.tolerance,
        "path": item.path,
    }


def _cluster(item: Item) -> str:
    """The same for items of one stated group, or with the same text up to renaming; no reading of it plays a part."""
    if item.group:
        return f"group {item.group}"
    text = canonical_text(str(item.asked))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _kind(outcome: Outcome, said: Expected | None, correct: bool) -> str:
    if correct:
        return ""
    if said is not None:
        return "wrong"  # the text as it was read gives another answer; whether it was read well, nobody has looked
    return "abstained" if outcome.engine is None else kind_of(outcome.engine, correct)


def _reason(item: Item, outcome: Outcome, said: Expected | None) -> str:
    if outcome.engine is not None:
        return _engine_s_reason(item, outcome.engine, said)
    if said is not None:
        return f"the model says {_shown(said)}; the label says {_shown(item.expected)}"
    if outcome.stage:
        return one_line(outcome.words, MOST_REASON)
    return f"the model says {quoted(outcome.words, MOST_REASON)}" if outcome.words.strip() else "the reply is empty"


def _engine_s_reason(item: Item, engine: Reply, said: Expected | None) -> str:
    if engine.reply is None or said is None:
        return why_not(engine)
    # Working out which values lead there would take several times as long as the answer itself did.
    line = one_line(engine.line, MOST_REASON)
    return f"the text as it was read gives {_shown(said)}: {line} The label says {_shown(item.expected)}"


def _shown(value: Expected) -> str:
    return value if isinstance(value, str) else number_text(value)


def _cut(text: str, most: int = MOST_WORDS) -> str:
    return text if len(text) <= most else f"{text[:most]}..."
