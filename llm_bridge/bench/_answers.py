"""What an answer of a language model by itself looks like: the schema that it is asked for, and how it is read."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NoReturn, TypeAlias, cast

from .._chat._types import ReplySchema
from ._items import Expected, Item

Kind: TypeAlias = Literal["yes-no", "number", "choice"]

LONGEST = 100_000
"""Longest reply that is read, in characters."""
LONGEST_LINE = 300
"""Longest line, or text of a number, that is read."""

_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n?```\s*", re.DOTALL)
_LEADING = re.compile(r"[\s\"'*_]*(yes|no)(?:[\s\"'*_]*$|[\"'*_]*[.,:;!)\n–—-])", re.IGNORECASE)
_NUMBER = re.compile(r"[-+−]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?\s*%?", re.IGNORECASE)
_STATED = re.compile(
    r"[\s\"'*_#>]*(?:final |the )?(?:answer|verdict)(?: is)?[\s\"'*_]*[:=]?[\s\"'*_]*(.+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Form:
    """What an answer is: yes or no, a number, or one of the options."""

    kind: Kind
    options: tuple[str, ...] = ()

    @classmethod
    def of(cls, item: Item) -> Form:
        """The form of an item's answer: all that a model is told of the label."""
        if item.options:
            return cls("choice", item.options)
        return cls("number" if isinstance(item.expected, float) else "yes-no")


@cache
def schema_of(form: Form, reasons: bool) -> ReplySchema:
    """The strict schema of a reply. Its keys are in the order of the alphabet, so that reasons come first."""
    verdict: dict[str, Any] = {"type": "number"}
    if form.kind != "number":
        verdict = {"type": "string", "enum": list(form.options or ("yes", "no"))}
    properties = {"reasoning": {"type": "string"}, "verdict": verdict} if reasons else {"verdict": verdict}
    return ReplySchema.of(
        "reasoned" if reasons else "direct",
        {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False},
    )


def read_answer(text: str, form: Form) -> Expected | None:
    """The answer in a reply, whatever the endpoint promised of its form; None where there is none beyond doubt.

    Besides the JSON that was asked for: a text that begins with yes or no, or is a number or an option and nothing
    else, or whose last line states an answer of the form.
    """
    text = text.strip()
    if not text or len(text) > LONGEST:
        return None
    fenced = _FENCED.fullmatch(text)
    body = fenced[1].strip() if fenced else text
    if body.startswith("{"):
        return _in_json(body, form)
    found = _in_words(body, form)
    last = body.splitlines()[-1]
    stated = _STATED.fullmatch(last) if found is None and len(last) <= LONGEST_LINE else None
    return found if stated is None else _in_words(stated[1], form)


def _in_json(body: str, form: Form) -> Expected | None:
    def constant(name: str) -> NoReturn:
        raise ValueError(name)

    def unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    try:
        data = json.loads(body, parse_constant=constant, object_pairs_hook=unique)
    except (ValueError, RecursionError):
        return None
    said = cast("dict[str, object]", data).get("verdict") if isinstance(data, dict) else None
    if isinstance(said, str):
        return _in_words(said.strip(), form)
    if isinstance(said, (int, float)) and not isinstance(said, bool) and form.kind == "number":
        return _finite(said)
    return None


def _in_words(said: str, form: Form) -> Expected | None:
    match form.kind:
        case "yes-no":
            found = _LEADING.match(said)
            return found[1].lower() if found else None
        case "choice":
            bare = said.strip(" \t.\"'*_").casefold()
            chosen = [option for option in form.options if option.casefold() == bare]
            return chosen[0] if len(chosen) == 1 else None
        case "number":
            bare = said.strip(" \t\"'*_").removesuffix(".")
            return _number(bare) if len(bare) <= LONGEST_LINE and _NUMBER.fullmatch(bare) else None


def _number(text: str) -> float | None:
    share = text.endswith("%")
    try:
        value = float(text.removesuffix("%").strip().replace(",", "").replace("−", "-"))
    except ValueError:
        return None
    return _finite(value / 100 if share else value)


def _finite(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
