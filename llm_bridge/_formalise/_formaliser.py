"""`Formaliser`: a text as a checked Problem through a language model, or the reason why not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import Literal

from scm import ScmError

from .._chat._asked import chat_model
from .._chat._failures import ChatFailure, Refused, Truncated, WrongFinish
from .._chat._types import ChatModel
from .._checks import CHECKS, Check, Fault, Reading
from .._checks._text import scan
from .._guard import quoted
from .._pipeline import Reply, solve_problem
from .._problem import Problem
from ._back import compare
from ._formalisation import Attempt, Competing, Formalisation
from ._progress import Judge, Made
from ._tries import Asking, Outcome
from ._vote import settle
from ._wire import readable

MAX_TEXT = 100_000
"""Longest text that is read, in characters; the offline reader's is the same."""
MAX_SENTENCE = 1_000
"""Longest sentence, in words and signs: the time that checks take may grow with its square."""
_CONFIRM = "back-translation"
_LONGEST_SAID = 600


@dataclass(frozen=True)
class Formaliser:
    """Reads texts with a language model. Deterministic, if the model is.

    Attributes:
        chat: the model.
        calls: 1 asks for the whole Problem at once; 2 asks for the variables first, and the rest may speak of these
            only.
        repairs: how often a reading with faults is asked for again, at most. Each request holds the best reply so far
            and its faults, and its reply is kept only if it passes more.
        votes: how many readings are made, each by itself, and put to the vote: readings are counted together where the
            engine finds them the same.
        threshold: the least share of the tries that must amount to a reading for it to be taken.
        back_translation: whether the model is shown the reading in plain sentences beside the text, to find what they
            do not share; it may then mend that once.
        checks: what a reading is held against.
        solve: the engine, with what the user granted.
        max_tokens: most tokens of a reply.

    Raises:
        ScmError: a number is out of range.
    """

    chat: ChatModel
    _: KW_ONLY
    calls: Literal[1, 2] = 1
    repairs: int = 2
    votes: int = 1
    threshold: float = 0.6
    back_translation: bool = False
    checks: Sequence[Check] = CHECKS
    solve: Callable[[Problem], Reply] = solve_problem
    max_tokens: int = 8_000

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        chat_model(self.chat)
        wanted = {
            "calls": (_within(self.calls, 1, 2), "1 or 2"),
            "repairs": (_within(self.repairs, 0, 20), "0 to 20"),
            "votes": (_within(self.votes, 1, 100), "1 to 100"),
            "threshold": (_share(self.threshold), "a share above 0 and up to 1"),
            "max_tokens": (_within(self.max_tokens, 1, 10**9), "a whole number, at least 1"),
        }
        for name, (right, range_) in wanted.items():
            if not right:
                raise ScmError(f"{name}: got {getattr(self, name)!r}, wanted {range_}.")

    async def formalise(self, text: str) -> Formalisation:
        """`text` as a Problem with the engine's answer, or why there is none.

        Whatever the text and the model say, the result is a value: a reading without a fault, an abstention with its
        reason, or the failure of the endpoint.

        Raises:
            ScmError: `text` is no text, or the chat is no ChatModel.
        """
        if (kind := type(text)) is not str:
            raise ScmError(f"text: got {kind.__name__}, wanted the text to read, as a str.")
        if fault := unreadable(text):
            return Formalisation(text, None, fault=fault)
        outcomes = await self._tries(text)
        attempts = tuple([attempt for outcome in outcomes for attempt in outcome.attempts])
        for outcome in outcomes:
            if outcome.failure is not None:
                return _failed(text, outcome.failure, attempts)
        found = self._settled(text, outcomes, attempts)
        return await self._confirmed(found, outcomes) if self.back_translation and not found.abstains else found

    async def _tries(self, text: str) -> Sequence[Outcome]:
        """What each try came to; one alone takes no task of its own."""
        if self.votes == 1:
            return (await self._asking.read(text, 0),)
        return await asyncio.gather(*(self._asking.read(text, number) for number in range(self.votes)))

    @cached_property
    def _asking(self) -> Asking:
        judge = Judge(self.checks, self.solve)
        return Asking(self.chat, judge, self.calls, self.repairs, self.votes, self.max_tokens)

    def _settled(self, text: str, outcomes: Sequence[Outcome], attempts: tuple[Attempt, ...]) -> Formalisation:
        """One reading of those that the tries came to."""
        found = Formalisation(text, None, attempts=attempts)
        sound = [outcome.best for outcome in outcomes if outcome.best is not None and outcome.best.stands]
        readings = [made for made in sound if _problem(made).cannot is None]
        if not readings:
            return _abstained(found, outcomes, sound)
        if self.votes == 1:
            return _taken(found, readings[0])
        hints = [len(made.attempt.faults) for made in readings]
        problems = [_problem(made) for made in readings]
        settled = settle(text, problems, self.threshold, hints, self.votes)
        found = replace(found, support=settled.support, competing=settled.competing)
        if settled.problem is None:
            fault = _divided(self.votes, len(readings), settled.competing)
            return replace(found, fault=fault, failed="vote")
        return _taken(found, next(made for made in readings if made.reading and _problem(made) is settled.problem))

    async def _confirmed(self, found: Formalisation, outcomes: Sequence[Outcome]) -> Formalisation:
        """The reading, if a comparison with the text finds nothing wrong with it, or with what mends it."""
        number, outcome = next(
            (n, one) for n, one in enumerate(outcomes) if one.best and one.best.attempt.problem is found.problem
        )
        assert outcome.best is not None, "what is taken was made"
        made, attempts = outcome.best, found.attempts
        try:
            told = await self._compared(found.text, made, 0)
            attempts = (*attempts, _comparison(made, told))
            if not _faults(told):
                return _accepted(found, made, told, attempts)
            mended = await self._asking.mend(found.text, number, made, _faults(told), outcome.asked)
            attempts = (*attempts, *mended.attempts)
            if mended.failure is not None:
                return _failed(found.text, mended.failure, attempts)
            if mended.best is not None and mended.best.stands and _problem(mended.best).cannot is None:
                made = mended.best
                told = await self._compared(found.text, made, 1)
                attempts = (*attempts, _comparison(made, told))
        except ChatFailure as failure:
            return _failed(found.text, failure, attempts)
        if not (faults := _faults(told)):
            return _accepted(found, made, told, attempts)
        fault = (
            f"The reading is not what the text says, at {faults[0].part or 'the whole'}. {readable(faults[0].message)}"
        )
        return replace(found, problem=None, reply=None, fault=fault, failed=_CONFIRM, attempts=attempts)

    async def _compared(self, text: str, made: Made, attempt: int) -> tuple[Fault, ...]:
        """What a comparison with the text finds. A model that declines to compare confirms nothing: a hint says so."""
        try:
            return await compare(text, _problem(made), self.chat, attempt)
        except (Refused, Truncated, WrongFinish) as why:
            return (Fault(_CONFIRM, "", f"The reading stands unconfirmed: {why}", "hint"),)


# ---------------------------------------------------------------------------------------------------------------------
# Outcomes


def _within(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1


def unreadable(text: str) -> str:
    """Why `text` is not even shown to a model; empty where it can be."""
    if len(text) > MAX_TEXT:
        return f"The text has {len(text):,} characters; at most {MAX_TEXT:,} are read. Cut it to the story."
    if not text.strip():
        return "The text is empty. Say what causes what, what was seen, and what you want to know."
    try:
        text.encode()
    except UnicodeEncodeError as wrong:
        return f"The text is damaged at character {wrong.start:,}: half a character stands there. Decode it as UTF-8."
    if len(text) <= MAX_SENTENCE and text.isascii():
        return ""  # each word and sign has a character at least
    longest = max((sentence.last - sentence.first for sentence in scan(text).sentences), default=0)
    if longest > MAX_SENTENCE:
        return f"A sentence has {longest:,} words and signs; at most {MAX_SENTENCE:,} are read. Split it."
    return ""


def _problem(made: Made) -> Problem:
    assert made.attempt.problem is not None, "a sound reply is a Problem"
    return made.attempt.problem


def _hints(made: Made) -> tuple[Fault, ...]:
    """What was noticed and left to stand: doubts that the model upheld are such too."""
    return tuple(fault for fault in made.attempt.faults if fault.severity != "fault")


def _faults(told: Sequence[Fault]) -> tuple[Fault, ...]:
    return tuple(fault for fault in told if fault.severity == "fault")


def _comparison(made: Made, told: tuple[Fault, ...]) -> Attempt:
    return Attempt(_CONFIRM, "", made.attempt.problem, told, kept=not _faults(told))


def _accepted(
    found: Formalisation, made: Made, told: tuple[Fault, ...], attempts: tuple[Attempt, ...]
) -> Formalisation:
    """A reading in which a comparison finds nothing wrong."""
    taken = _taken(found, made)
    return replace(taken, attempts=attempts, hints=(*taken.hints, *told))


def _taken(found: Formalisation, made: Made) -> Formalisation:
    assert made.reading is not None, "a Problem was read"
    return replace(found, problem=_problem(made), reply=made.reading.reply, hints=_hints(made))


def _failed(text: str, failure: ChatFailure, attempts: tuple[Attempt, ...]) -> Formalisation:
    """There is no reading because of the endpoint: this says nothing of the text, nor of the model."""
    return Formalisation(text, None, fault=str(failure), attempts=attempts, failure=failure.kind)


def _abstained(found: Formalisation, outcomes: Sequence[Outcome], sound: Sequence[Made]) -> Formalisation:
    """No try came to a reading."""
    if sound:
        said = _problem(sound[0]).cannot
        return replace(found, fault=f"The model says that it cannot be formalised: {quoted(said or '', _LONGEST_SAID)}")
    last = outcomes[0]
    fault = "The model gave no reply that could be read."
    if last.best is not None:
        count = len(last.best.faults)
        more = f" (and {count - 1} more)" if count > 1 else ""
        fault = f"No reading of the text passed the checks. {readable(last.best.faults[0].message)}{more}"
        found = replace(found, competing=_unsound(outcomes))
    elif last.attempts and last.attempts[-1].faults:
        fault = f"The model gave no reading. {readable(last.attempts[-1].faults[0].message)}"
    return replace(found, fault=fault, failed=last.step)


def _unsound(outcomes: Sequence[Outcome]) -> tuple[Competing, ...]:
    """Readings that did not pass, each with what it would have answered: for whoever looks, never as an answer."""
    tries: dict[str, list[Reading]] = {}
    for outcome in outcomes:
        if outcome.best is not None and outcome.best.reading is not None:
            reading = outcome.best.reading
            tries.setdefault(reading.problem.to_json(), []).append(reading)
    found: list[Competing] = []
    for same in tries.values():
        # What the engine stumbles over has been told as a fault.
        with suppress(Exception):
            reply = same[0].reply
            found.append(Competing(same[0].problem, len(same), reply.reply, reply.line))
    return tuple(found)


def _divided(tries: int, readings: int, competing: Sequence[Competing]) -> str:
    """Why a vote settled nothing."""
    if not competing:
        return f"Only {readings} of {tries} tries came to a reading, fewer than are asked for."
    answers = "; ".join(f"{one.votes} of {tries}: {one.words}" for one in competing[:5])
    return f"The tries are divided between {len(competing)} readings. {answers}"
