"""`NoisyReader`: a language model's double that reads every text rightly, or misreads it at a stated rate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property, lru_cache
from random import Random
from typing import Any, cast

from scm import ScmError

from .._chat._failures import BadRequest
from .._chat._types import ChatReply, ChatRequest
from .._checks._reading import Fault
from .._formalise._restate import Restated
from .._formalise._wire import problem_from_reply, problem_to_wire
from .._problem import InvalidProblem, Problem
from .._reader import read as read_offline
from ._cite import cited, uncited
from ._compare import NOTHING, any_right, comparison, found
from ._corrupt import KINDS, Corruption, Kind, corrupt
from ._differences import differences

REMEMBERED = 20_000
"""Readings that are kept, so that a text is read once."""
AGAIN = 4
"""How often a kind is drawn again where only some misreadings are to be made."""


@dataclass(frozen=True)
class NoisyReader:
    """A ChatModel that knows the right Problem of a text, and replies with a misread one at a stated rate.

    It stands for a real model where one must know how often it errs. Everything follows from the seed, the text and
    the request: the same request gets the same reply, in any order and after any restart.

    Tries are correlated. With probability `correlation` a text is read by habit: one draw decides whether it is
    misread, and every try then makes the very same error, so that voting finds nothing. Otherwise each try draws
    anew. Either way a try is misread with probability `rate`, and the correlation of two tries is `correlation`.

    It is meant to make the checks look no better than they are:

    - a misread Problem obeys every law of a Problem, and cites the words of the text that come nearest to it;
    - kinds are drawn with equal chances among those that apply to a text, those that are hard to see among them;
    - asked to mend a reading, it mends it only where a fault names the misread part, and then with probability
      `heeds`, errors of habit included; otherwise it says the same again;
    - asked to compare sentences with the text, it misreads again: an error of habit is confirmed with probability
      `correlation`, at every try; any other error is overlooked with probability `rate`; and with probability
      `alarms` one right sentence is denied.

    A reading that is right is never made worse by a repair, and a repair brings no new error; a real model may do both,
    where the checks then stand as before.

    Attributes:
        rate: the share of replies with a misread Problem, in [0, 1].
        seed: what the draws follow from.
        correlation: how alike two tries at one text are, in [0, 1].
        heeds: how often a fault that names the misread part is heeded, in [0, 1].
        alarms: how often a comparison denies a sentence that is right, in [0, 1].
        read: the right reading of a text.
        kinds: what may be misread.
        cites: whether a misread part cites words at all; without, it is an assumption that the text does not bear out.
        only: which misreadings are made, given the right Problem and the misread one; what it declines is drawn again,
            `AGAIN` times for each kind. All of them by default; those alone that change the answer, for a harder test.
    """

    rate: float
    _: KW_ONLY
    seed: int
    correlation: float = 0.5
    heeds: float = 0.5
    alarms: float = 0.01
    read: Callable[[str], Problem] = read_offline
    kinds: tuple[Kind, ...] = KINDS
    cites: bool = True
    only: Callable[[Problem, Problem], bool] | None = None

    def __post_init__(self) -> None:
        """Check that the shares are shares.

        Raises:
            ScmError: one of them is not.
        """
        for name in ("rate", "correlation", "heeds", "alarms"):
            if not 0 <= getattr(self, name) <= 1:
                raise ScmError(f"A noisy reader's {name} is {getattr(self, name)!r}, wanted a share from 0 to 1.")

    async def complete(self, request: ChatRequest) -> ChatReply:
        """What a reader that errs so would reply; see the class.

        Raises:
            BadRequest: it is asked for something other than to read, mend, compare or polish.
        """
        match request.purpose:
            case "variables":
                said = _in_form(request, problem_to_wire(self.right(request.text)))
            case "problem":
                said = _in_form(request, problem_to_wire(self.problem(request.text, request.attempt)))
            case "repair":
                said = _in_form(request, problem_to_wire(self._mended(request)))
            case "compare":
                said = self._compared(request)
            case "polish":
                said = _polished(request)
            case _:
                raise BadRequest(f"A noisy reader only reads: it has no reply to a request for {request.purpose!r}.")
        return ChatReply(json.dumps(said, ensure_ascii=False) if isinstance(said, dict) else said, "noisy reader")

    # --- reading

    def right(self, text: str) -> Problem:
        """The right reading of a text, every citation from the text."""
        return self._known(text)

    def problem(self, text: str, attempt: int = 0) -> Problem:
        """What is read in a text at one try."""
        found = self.misread(text, attempt)
        return self.right(text) if found is None else found.problem

    def misread(self, text: str, attempt: int = 0) -> Corruption | None:
        """What is wrong with the reading of one try; None where it is right."""
        return self.habit(text) if self.habitual(text) else self._drawn(text, f"try {attempt}")

    def habitual(self, text: str) -> bool:
        """Whether every try at this text reads the same, right or wrong."""
        return self._draw(text, "habit or not").random() < self.correlation

    def habit(self, text: str) -> Corruption | None:
        """The error that every try at a text makes; None where there is none."""
        return self._drawn(text, "habit") if self.habitual(text) else None

    @cached_property
    def _known(self) -> Callable[[str], Problem]:
        return lru_cache(REMEMBERED)(self._cited)

    def _cited(self, text: str) -> Problem:
        return cited(self.read(text), text)

    @cached_property
    def _drawn(self) -> Callable[[str, str], Corruption | None]:
        return lru_cache(REMEMBERED)(self._corruption)

    def _corruption(self, text: str, which: str) -> Corruption | None:
        rng = self._draw(text, which)
        if rng.random() >= self.rate:
            return None
        right = self.right(text)
        for kind in rng.sample(self.kinds, len(self.kinds)):
            for _ in range(1 if self.only is None else AGAIN):
                made = corrupt(right, text, kind, rng)
                if made is not None and (self.only is None or self.only(right, made.problem)):
                    return made if self.cites else replace(made, problem=uncited(made.problem, right))
        return None

    def _draw(self, text: str, *about: object) -> Random:
        """A generator for one decision: the same for the same seed, text and decision."""
        return Random("\n".join([str(self.seed), *map(str, about), text]))

    # --- mending

    def _mended(self, request: ChatRequest) -> Problem:
        stated = _stated(request)
        if stated is None:
            stated = self.problem(request.text, request.attempt)
        right = self.right(request.text)
        wrong = differences(stated, right)
        named = any(part.named_in(fault) for part in wrong for fault in _faults(request))
        asked = hashlib.sha256("\n".join(message.content for message in request.messages).encode()).hexdigest()
        heeded = self._draw(request.text, "heeds", request.attempt, asked).random() < self.heeds
        return right if named and heeded else stated

    # --- comparing

    def _compared(self, request: ChatRequest) -> dict[str, Any]:
        text, right, sentences = request.text, self.right(request.text), _sentences(request)
        findings = found(sentences, right)
        habit = self.habit(text)
        rng = self._draw(text, "compares", request.attempt, [one.sentence for one in sentences])
        if habit is not None and found(sentences, habit.problem) == NOTHING:
            blind = self._draw(text, "confirms").random() < self.correlation
        else:
            blind = rng.random() < self.rate
        if blind:
            findings = NOTHING
        denied = any_right(sentences, findings, rng) if rng.random() < self.alarms else None
        return comparison(sentences, findings, right, text, denied)


# ---------------------------------------------------------------------------------------------------------------------
# What a request holds


def _in_form(request: ChatRequest, wire: dict[str, Any]) -> dict[str, Any]:
    """The keys that are asked for."""
    keys = wire if request.schema is None else request.schema.data["properties"]
    return {key: wire[key] for key in keys}


def _objects(request: ChatRequest) -> Iterator[dict[str, Any]]:
    """Every JSON object in the messages, the latest first, each before what it holds."""
    waiting: list[Any] = []
    for message in reversed(request.messages):
        if message.role == "system":
            continue
        try:
            waiting = [json.JSONDecoder().raw_decode(message.content)[0]]
        except ValueError:
            continue
        while waiting:
            item = waiting.pop(0)
            if isinstance(item, dict):
                yield cast("dict[str, Any]", item)
                waiting += cast("dict[str, Any]", item).values()
            elif isinstance(item, list):
                waiting += cast("list[Any]", item)


def _stated(request: ChatRequest) -> Problem | None:
    """The Problem that is to be mended, as the request has it."""
    for item in _objects(request):
        for said in (item, *(value for value in item.values() if isinstance(value, str))):
            try:
                return problem_from_reply(said if isinstance(said, str) else json.dumps(said))
            except InvalidProblem:
                continue
    return None


def _sentences(request: ChatRequest) -> list[Restated]:
    """The sentences that are to be compared with the text."""
    return [
        Restated(str(item["part"]), str(item["says"])) for item in _objects(request) if {"part", "says"} <= item.keys()
    ]


def _faults(request: ChatRequest) -> list[Fault]:
    """The faults that a repair is to mend."""
    return [
        Fault(str(item.get("check", "")), str(item["part"]), str(item["message"]))
        for item in _objects(request)
        if "part" in item and "message" in item
    ]


def _polished(request: ChatRequest) -> str:
    """The words that are to be polished, as they are."""
    for item in _objects(request):
        if isinstance(item.get("text"), str):
            return item["text"]
    raise BadRequest("There are no words to polish in the request.")
