"""One try at a text: asked, judged, and mended a bounded number of times, always from the best so far.

A mended reply is kept only where it passes more than the best before it; otherwise that stands, and the next request
says what was dropped. (So does the search of CounterBench's CoIn, Chen et al. 2025: it goes back where a step fails.)
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from .._chat._asked import reply_of
from .._chat._failures import ChatFailure, Refused, Truncated, WrongFinish
from .._chat._secrets import masked
from .._chat._types import ChatModel, ChatReply, ChatRequest, Message, Purpose, ReplySchema
from .._checks import Fault
from .._foreign import InvalidProblem
from .._prompts import Prompt, prompt
from ._formalisation import Attempt, Step
from ._progress import Judge, Made, form_fault, told, with_faults
from ._schemas import problem_schema, variables_schema
from ._wire import data_of_reply

WARM = 0.7
"""The temperature of a request whose likeliest reply is known, or is another try's."""
LONGEST_REPLY = 32_000
"""Most tokens that a reply cut off before may take when it is asked for again."""
_DROPPED = 5
_LONGEST_NAME = 200
_NO_ANSWER = (Refused, Truncated, WrongFinish)
"""The model replied, but not with an answer: an attempt that came to nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one try came to.

    Attributes:
        attempts: every reply, in order.
        best: the one that passed most; None where none could be judged.
        failure: why it ended early; None where it did not.
        asked: the requests for a Problem so far.
    """

    attempts: tuple[Attempt, ...]
    best: Made | None
    failure: ChatFailure | None = None
    asked: int = 0

    @property
    def step(self) -> Step:
        """The last stage."""
        return self.attempts[-1].step if self.attempts else "problem"


@dataclass(frozen=True, slots=True)
class Asking:
    """How a text is asked about.

    Attributes:
        chat: the model.
        judge: what its replies are held against.
        calls: whether the variables are asked for first.
        repairs: most requests after the first for a Problem.
        tries: how many tries there are, each with draws of its own.
        max_tokens: most tokens of a reply.
    """

    chat: ChatModel
    judge: Judge
    calls: Literal[1, 2]
    repairs: int
    tries: int
    max_tokens: int

    async def read(self, text: str, number: int) -> Outcome:
        """The try of that number at `text`. An endpoint that fails ends it; the outcome says so."""
        run = _Run(self, text, number)
        try:
            await run.read()
        except ChatFailure as failure:
            return run.outcome(failure)
        return run.outcome()

    async def mend(self, text: str, number: int, made: Made, faults: Sequence[Fault], asked: int) -> Outcome:
        """One more repair of a reading in which faults were found after its checks; `asked` are its requests so far."""
        run = _Run(self, text, number, best=with_faults(made, faults), asked=asked)
        try:
            await run.repair()
        except ChatFailure as failure:
            return run.outcome(failure)
        return run.outcome()


@dataclass(slots=True)
class _Run:
    """A try on its way."""

    how: Asking
    text: str
    number: int
    best: Made | None = None
    asked: int = 0
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    dropped: list[str] = field(default_factory=list[str])
    longer: int = 1
    step: Step = "problem"
    upheld: bool = False

    def outcome(self, failure: ChatFailure | None = None) -> Outcome:
        if failure is not None:
            self.attempts.append(Attempt(self.step, "", None, kept=False, failure=failure.kind))
        return Outcome(tuple(self.attempts), self.best, failure, self.asked)

    async def read(self) -> None:
        declared: Mapping[str, Any] = await self.declare() if self.how.calls == 2 else {}
        if self.best is None:
            await self.fill(declared)
        while self.asked <= self.how.repairs and not self.settled:
            await (self.fill(declared) if self.best is None else self.repair())

    @property
    def settled(self) -> bool:
        """Whether the best can be taken: it is sound, or has doubts alone and the model upholds it."""
        return self.best is not None and (self.best.sound or (self.upheld and self.best.stands))

    async def declare(self) -> Mapping[str, Any]:
        """The data of the call for variables; nothing where it gave none that can be used."""
        page, start = prompt("variables"), time.perf_counter()
        messages = page.messages(text=self.text)
        reply = await self.ask("variables", "variables", messages, variables_schema(), page.fingerprint)
        if reply is None:
            return {}
        try:
            data = {key: value for key, value in data_of_reply(reply.text).items() if key in ("cannot", "variables")}
        except InvalidProblem as wrong:
            faults = tuple(map(form_fault, wrong.faults))
            self.attempts.append(_attempt("variables", reply.text, faults, start))
            return {}
        if data.get("cannot") is not None:
            self.take(self.how.judge.judged("variables", self.text, reply.text, {}, start))
            return {}
        if not (names := _names(data)):
            fault = form_fault("variables: got none with a name, wanted at least one; or say in 'cannot' why not.")
            self.attempts.append(_attempt("variables", reply.text, (fault,), start))
            return {}
        self.attempts.append(replace(_attempt("variables", reply.text, (), start), kept=True))
        return {"variables": data["variables"], "names": names}

    async def fill(self, declared: Mapping[str, Any]) -> None:
        """Ask for the Problem."""
        page, start = prompt("problem"), time.perf_counter()
        known = {"variables": declared["variables"]} if declared else {}
        names = cast("tuple[str, ...] | None", declared.get("names"))
        messages = page.messages(text=self.text, **known)
        reply = await self.ask("problem", "problem", messages, problem_schema(names), page.fingerprint)
        self.asked += 1
        if reply is not None:
            self.take(self.how.judge.judged("problem", self.text, reply.text, known, start))

    async def repair(self) -> None:
        """Ask for the best so far with its faults mended."""
        assert self.best is not None, "there is something to repair"
        start = time.perf_counter()
        page = _with_repair(prompt("problem"), prompt("repair"))
        data = {"previous": self.best.previous, "faults": [told(fault) for fault in self.best.faults]}
        if self.dropped:
            data["dropped"] = self.dropped
        messages = page.messages(text=self.text, **data)
        reply = await self.ask("repair", "repair", messages, problem_schema(), page.fingerprint)
        self.asked += 1
        if reply is not None:
            self.take(self.how.judge.judged("repair", self.text, reply.text, {}, start))

    def take(self, made: Made) -> None:
        """Keep what passes more; note what the other did wrong."""
        if self.best is None or made.passes_more_than(self.best):
            self.best, self.dropped, self.upheld = made, [], False
            self.attempts.append(made.attempt)
            return
        self.attempts.append(replace(made.attempt, kept=False))
        self.upheld = self.upheld or made.attempt.problem == self.best.attempt.problem
        self.dropped = [f"{fault.part}: {told(fault)['message']}" for fault in made.faults[:_DROPPED]]

    async def ask(
        self, step: Step, purpose: Purpose, messages: tuple[Message, ...], schema: ReplySchema, fingerprint: str
    ) -> ChatReply | None:
        """The model's reply; None where it declines or is cut off, which is an attempt too.

        Raises:
            ChatFailure: the endpoint gave none.
        """
        self.step, start = step, time.perf_counter()
        attempt = self.number + self.asked * self.how.tries
        request = ChatRequest(
            messages,
            purpose,
            schema,
            max_tokens=min(self.how.max_tokens * self.longer, max(LONGEST_REPLY, self.how.max_tokens)),
            temperature=WARM if self.number or self.dropped or (attempt and self.best is None) else 0.0,
            attempt=attempt,
            text=self.text,
            prompt=fingerprint,
        )
        try:
            reply = await reply_of(self.how.chat, request)
            said = masked(reply.text)  # a key that an endpoint gives back goes no further
            return reply if said == reply.text else replace(reply, text=said)
        except _NO_ANSWER as why:
            self.longer *= 2 if isinstance(why, Truncated) else 1
            fault = Fault("reply", "", str(why))
            self.attempts.append(replace(_attempt(step, "", (fault,), start), failure=why.kind))
            return None


def _attempt(step: Step, reply: str, faults: tuple[Fault, ...], start: float) -> Attempt:
    return Attempt(step, reply, None, faults, kept=False, seconds=time.perf_counter() - start)


def _names(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of declared variables, where every one has one; what else is wrong shows with the whole Problem."""
    listed = data.get("variables")
    found: list[str] = []
    for item in cast("list[Any]", listed) if isinstance(listed, list) else ():
        name = cast("dict[str, Any]", item).get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or len(name) > _LONGEST_NAME:
            return ()
        found.append(name)
    return tuple(dict.fromkeys(found))


def _with_repair(first: Prompt, second: Prompt) -> Prompt:
    return Prompt(second.name, f"{first.text}\n{second.text}", f"{first.fingerprint}+{second.fingerprint}")
