"""What is tried again: how often for each class of failure, after which wait, until when; and that as a table."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TypeAlias

from ._failures import (
    ChatFailure,
    Malformed,
    RateLimited,
    Refused,
    ServerFault,
    TimedOut,
    Truncated,
    Unreachable,
    WrongFinish,
)
from ._throttle import Throttled as Throttled
from ._types import ChatModel, ChatReply, ChatRequest, Purpose, Usage

_TRIES: tuple[tuple[type[ChatFailure], int], ...] = (
    (RateLimited, 8),
    (ServerFault, 5),
    (Unreachable, 4),
    (Malformed, 4),
    (TimedOut, 3),
    # What the model said may come out otherwise another time, but each try is paid for.
    (WrongFinish, 3),
    (Refused, 2),
    (Truncated, 2),
)


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a request is tried. A class of failure without a number of its own is not tried again.

    The wait before try n + 1 is drawn evenly from 0 to `first_wait` doubled n - 1 times, `most_wait` at most, so that
    many requests that failed together do not return together. Where the endpoint asks for a wait, that comes before it.
    A reply that was cut off is asked for at once, with twice the tokens.

    Attributes:
        tries: for each class of failure, most requests that may end in it.
        most_tries: most requests in all.
        first_wait, most_wait: seconds.
        most_asked: the most seconds of a wait that an endpoint asks for that are granted.
        deadline: seconds from the first request; no wait goes past it.
    """

    tries: tuple[tuple[type[ChatFailure], int], ...] = _TRIES
    most_tries: int = 12
    first_wait: float = 0.5
    most_wait: float = 30.0
    most_asked: float = 120.0
    deadline: float = 900.0

    def allowed(self, failure: ChatFailure | type[ChatFailure]) -> int:
        """Most requests that may end in this class of failure."""
        kind = failure if isinstance(failure, type) else type(failure)
        return next((most for named, most in self.tries if issubclass(kind, named)), 1)

    def wait(self, failure: ChatFailure, failed: int, rng: random.Random) -> float:
        """Seconds to wait after the `failed`-th request failed in this way."""
        if isinstance(failure, Truncated):
            return 0.0
        drawn = rng.uniform(0.0, min(self.most_wait, self.first_wait * 2.0 ** min(failed - 1, 60)))
        return min(failure.retry_after or 0.0, self.most_asked) + drawn

    def table(self) -> str:
        """The policy as lines of text, a class of failure each, the rest below."""
        lines = ["failure        requests  between them", "-------------  --------  ------------"]
        for kind in _kinds():
            most = self.allowed(kind)
            between = "twice the tokens" if issubclass(kind, Truncated) else "a wait"
            lines.append(f"{kind.__name__:<13}  {most:>8}  {between if most > 1 else ''}".rstrip())
        lines.append(
            f"waits: up to {self.first_wait:g} s, doubled each time, {self.most_wait:g} s at most; "
            f"up to {self.most_asked:g} s more where the endpoint asks for it"
        )
        lines.append(f"in all: {self.most_tries} requests, {self.deadline:g} s")
        return "\n".join(lines)


def _kinds() -> list[type[ChatFailure]]:
    """The classes of failure that are named in `_failures`, in its order."""
    return [kind for kind in ChatFailure.__subclasses__() if kind.__module__ == ChatFailure.__module__]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Told before each wait.

    Attributes:
        failure: why.
        tries: requests that failed so far.
        seconds: how long.
        purpose: what the request is for.
    """

    failure: ChatFailure
    tries: int
    seconds: float
    purpose: Purpose


Listener: TypeAlias = Callable[[Waiting], None]


class Retrying:
    """Asks again, as a policy says.

    Args:
        chat: who is asked.
        policy: how often, and how long.
        rng: draws the waits.
        listener: is told of each wait.
    """

    def __init__(
        self,
        chat: ChatModel,
        policy: Policy | None = None,
        *,
        rng: random.Random | None = None,
        listener: Listener | None = None,
    ) -> None:
        self.policy = policy or Policy()
        self._chat = chat
        self._rng = rng or random.Random()
        self._listener = listener

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The reply, and what all tries together took.

        Raises:
            ChatFailure: the last one; the policy allows no more.
        """
        start = perf_counter()
        failures: list[ChatFailure] = []
        while True:
            outcome = await _outcome(self._chat, request)
            if isinstance(outcome, ChatReply) and not failures:
                return replace(outcome, seconds=perf_counter() - start)
            if isinstance(outcome, ChatReply):
                usage = _together([*(failure.usage for failure in failures), outcome.usage])
                tries = outcome.tries + len(failures)
                return replace(outcome, usage=usage, tries=tries, seconds=perf_counter() - start)
            failures.append(outcome)
            seconds = self._next_wait(failures, perf_counter() - start)
            if seconds is None:
                break
            if self._listener is not None:
                self._listener(Waiting(outcome, len(failures), seconds, request.purpose))
            await asyncio.sleep(seconds)
            if isinstance(outcome, Truncated):
                request = replace(request, max_tokens=2 * request.max_tokens)
        raise _given_up(failures, perf_counter() - start)

    def _next_wait(self, failures: list[ChatFailure], spent: float) -> float | None:
        """Seconds until the next try; None where there is none."""
        last = failures[-1]
        alike = sum(type(failure) is type(last) for failure in failures)
        if alike >= self.policy.allowed(last) or len(failures) >= self.policy.most_tries:
            return None
        seconds = self.policy.wait(last, alike, self._rng)
        return seconds if spent + seconds <= self.policy.deadline else None


async def _outcome(chat: ChatModel, request: ChatRequest) -> ChatReply | ChatFailure:
    try:
        return await chat.complete(request)
    except ChatFailure as failure:
        return failure


def _given_up(failures: list[ChatFailure], seconds: float) -> ChatFailure:
    """The last failure, saying how often it was tried."""
    last = failures[-1]
    if len(failures) == 1:
        return last
    told = f"{last} Given up after {len(failures)} tries in {seconds:.1f} seconds."
    usage = _together([failure.usage for failure in failures])
    return type(last)(told, last.retry_after, status=last.status, usage=usage)


def _together(parts: list[Usage]) -> Usage:
    """What several requests took together; a figure that no part states stays unknown."""

    def total(values: Iterable[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) if known else None

    def count(values: Iterable[int | None]) -> int | None:
        known = total(values)
        return None if known is None else int(known)

    return Usage(
        count(part.input_tokens for part in parts),
        count(part.output_tokens for part in parts),
        total(part.cost for part in parts),
    )
