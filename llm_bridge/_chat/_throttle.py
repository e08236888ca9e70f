"""`Throttled`: as many requests at once as the endpoint bears, found by trying, as a connection finds its rate."""

from __future__ import annotations

import asyncio
from collections import deque
from weakref import WeakKeyDictionary

from ._failures import ChatFailure, RateLimited, ServerFault, TimedOut
from ._types import ChatModel, ChatReply, ChatRequest


class Throttled:
    """Lets a varying number of requests through at once; the others wait in order.

    A success lets one more through, until the endpoint complains for the first time; from then on it takes as many
    successes as there are requests under way (additive increase). A complaint, which is a 429, a 503 or no reply in
    time, takes away a share of them (multiplicative decrease), but complaints about requests that were sent before the
    last decrease take away nothing more: they are about the same excess. While the endpoint asks to wait, nothing is
    sent.

    Args:
        chat: who is asked.
        start: requests at once, to begin with.
        most: requests at once, at most.
        share: what is left of them after a complaint.
        most_pause: the longest wait, in seconds, that an endpoint is granted for all requests.
    """

    def __init__(
        self, chat: ChatModel, start: int = 16, most: int = 256, *, share: float = 0.6, most_pause: float = 120.0
    ) -> None:
        self._chat = chat
        self._limit = float(min(max(1, start), most))
        self._most = max(1, most)
        self._share = share
        self._most_pause = most_pause
        self._complained = False
        self._gates: WeakKeyDictionary[asyncio.AbstractEventLoop, _Gate] = WeakKeyDictionary()

    @property
    def limit(self) -> int:
        """Requests that may be under way at once now."""
        return int(self._limit)

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The reply, asked for when it is this request's turn.

        Raises:
            ChatFailure: as the endpoint says.
        """
        loop = asyncio.get_running_loop()
        gate = self._gates.get(loop)
        if gate is None:
            gate = self._gates[loop] = _Gate()
        await gate.enter(self.limit)
        sent = loop.time()
        try:
            reply = await self._chat.complete(request)
        except ChatFailure as failure:
            self._failed(failure, gate, sent, loop.time())
            raise
        else:
            self._succeeded(gate)
            return reply
        finally:
            gate.leave(self.limit)

    def _succeeded(self, gate: _Gate) -> None:
        # Only where the limit was reached does a success say anything about it.
        if gate.active >= self.limit:
            self._limit = min(float(self._most), self._limit + (1.0 / self._limit if self._complained else 1.0))

    def _failed(self, failure: ChatFailure, gate: _Gate, sent: float, now: float) -> None:
        if not isinstance(failure, RateLimited | TimedOut) and not _overloaded(failure):
            return
        if failure.retry_after:
            gate.pause(now + min(failure.retry_after, self._most_pause))
        if sent >= gate.lowered:
            self._complained = True
            self._limit = max(1.0, self._limit * self._share)
            gate.lowered = now


def _overloaded(failure: ChatFailure) -> bool:
    return isinstance(failure, ServerFault) and failure.status == 503


class _Gate:
    """Who is inside, and who waits in which order, in one event loop.

    Attributes:
        active: requests under way.
        lowered: when the limit last fell.
    """

    def __init__(self) -> None:
        self.active = 0
        self.lowered = float("-inf")
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._opens = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._limit = 1

    async def enter(self, limit: int) -> None:
        """Wait for a turn. Whoever is cancelled while waiting, or just as the turn comes, holds nobody else up."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._admit(limit)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(self._limit)
            raise

    def leave(self, limit: int) -> None:
        """Give the place to the next."""
        self.active -= 1
        self._admit(limit)

    def pause(self, until: float) -> None:
        """Let nobody in until that time of the event loop."""
        self._opens = max(self._opens, until)

    def _admit(self, limit: int) -> None:
        self._limit = limit
        loop = asyncio.get_running_loop()
        if self._waiting and loop.time() < self._opens:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(self._opens, self._reopen)
            return
        while self._waiting and self.active < limit:
            turn = self._waiting.popleft()
            if not turn.done():  # a cancelled turn is passed over
                self.active += 1
                turn.set_result(None)

    def _reopen(self) -> None:
        self._timer = None
        self._admit(self._limit)
