"""`Ledger` and `Metered`: tokens, cost and latency of every call, and budgets that are never exceeded."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from scm import ScmError

from ._failures import (
    BudgetSpent,
    ChatFailure,
    Malformed,
    Refused,
    TimedOut,
    Truncated,
    Unreachable,
    WrongFinish,
)
from ._journal import Journal, Past
from ._spending import REPLY, UNFINISHED, Call, Price, Spending, cost_of
from ._spending import Counted as Counted
from ._tokens import estimated_input, estimated_tokens
from ._types import ChatModel, ChatReply, ChatRequest

_MAY_COST = (Unreachable, TimedOut, Malformed, Refused, Truncated, WrongFinish)
"""Failures for which an endpoint may charge: it has, or may have, written something."""

_MOST_INPUT = 2
"""A text has at most so many times the tokens that are estimated by its size, in any script and notation in use."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may take; None for no limit.

    Attributes:
        cost: in the currency of the price.
        tokens: in and out.
        calls: requests sent, whatever comes of them.
        seconds: from when the ledger was opened, with the time of earlier runs on the same ledger.
    """

    cost: float | None = None
    tokens: int | None = None
    calls: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("cost", "tokens", "calls", "seconds"):
            limit = getattr(self, name)
            if limit is not None and not limit >= 0:
                raise ScmError(f"The budget's {name} is {limit}; wanted 0 or more.")


class Ledger:
    """What every call took, and whether another fits the budget. Fit for several threads and event loops.

    Before a call is sent, the most that it can take is set aside, so that calls under way at once cannot exceed the
    budget together. Where it does not fit while others are under way, it waits for what they leave.

    Args:
        path: a journal on disk, so that a run which is killed goes on with what it has spent; None keeps none.
        budget: what the run may take.
        price: of the model's tokens; without one there are no costs.

    Raises:
        ScmError: a budget of cost without a price.
        InvalidFile: the journal is no journal, in use, cannot be written, or in another currency.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        budget: Budget = Budget(),
        price: Price | None = None,
    ) -> None:
        if budget.cost is not None and price is None:
            raise ScmError("A budget of cost needs the price of the model's tokens. Give both, or limit the tokens.")
        self.budget = budget
        self.price = price
        self._lock = threading.Lock()
        self._journal = None if path is None else Journal(path)
        past = Past() if self._journal is None else self._journal.past
        currency = price.currency if price else ""
        if past.currency and currency and past.currency != currency:
            self.close()
            raise ScmError(f"The ledger {path} is kept in {past.currency}, and the price is in {currency}.")
        self._calls = list(past.calls)
        self._following = past.following
        self._earlier = past.seconds
        self._began = time.monotonic()
        self._under_way: dict[int, Call] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._spent_tokens = sum(call.tokens for call in self._calls)
        self._spent_cost = math.fsum(cost_of(call, price) or 0.0 for call in self._calls)
        self._held_tokens = 0
        self._held_cost = 0.0
        if self._journal is not None:
            self._journal.opened(time.time(), currency)

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call that has come to its end, earlier runs' included."""
        with self._lock:
            return tuple(self._calls)

    def summary(self) -> Spending:
        """What the calls have taken so far. Those under way are not in it."""
        return Spending.of(self.calls, self.price, self._seconds())

    def close(self) -> None:
        """Let go of the journal."""
        if self._journal is not None:
            self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- calls

    async def admit(self, request: ChatRequest) -> int:
        """The number of a call that may be sent now, with the most it can take set aside.

        Raises:
            BudgetSpent: it does not fit what is left.
        """
        most = self._most(request)
        while True:
            with self._lock:
                if self._fits(most):
                    return self._admitted(most)
                room = asyncio.get_running_loop().create_future()
                self._waiting.append(room)
            await room

    def settle(self, number: int, call: Call) -> None:
        """A call has come to its end: what was set aside for it is free, and what it took is spent."""
        with self._lock:
            most = self._under_way.pop(number)
            self._calls.append(call)
            self._spent_tokens += call.tokens
            self._spent_cost += call.cost or 0.0
            self._held_tokens -= most.tokens
            # Sums of what was added and taken away drift; with nothing under way, nothing is held.
            self._held_cost = self._held_cost - (most.cost or 0.0) if self._under_way else 0.0
            waiting, self._waiting = self._waiting, []
            for room in waiting:
                _wake(room)
            if self._journal is not None:
                self._journal.done(number, call, time.time())

    def most_of(self, number: int) -> Call:
        """The most that a call under way can take."""
        return self._under_way[number]

    def cost(self, input_tokens: int, output_tokens: int) -> float | None:
        """What so many tokens cost; None where no price is known."""
        return None if self.price is None else self.price.of(input_tokens, output_tokens)

    def priced(self, call: Call) -> Call:
        """The call with its cost."""
        return replace(call, cost=cost_of(call, self.price))

    # --- the budget

    def _most(self, request: ChatRequest) -> Call:
        size = estimated_input(request.messages, request.schema.text if request.schema else "")
        sent, written = _MOST_INPUT * size, request.max_tokens
        return Call(request.purpose, UNFINISHED, sent, written, "most", self.cost(sent, written))

    def _admitted(self, most: Call) -> int:
        number, self._following = self._following, self._following + 1
        if self._journal is not None:
            self._journal.sent(number, most, time.time())
        self._under_way[number] = most
        self._held_tokens += most.tokens
        self._held_cost += most.cost or 0.0
        return number

    def _fits(self, most: Call) -> bool:
        """Whether the call can be sent now; False where it must wait for others.

        Raises:
            BudgetSpent: it does not fit, whatever the others leave.
        """
        budget, sent = self.budget, len(self._calls) + len(self._under_way)
        if budget.calls is not None and sent >= budget.calls:
            raise BudgetSpent(f"The budget of {budget.calls:,} calls is used up. {_ADVICE}")
        if budget.seconds is not None and (seconds := self._seconds()) >= budget.seconds:
            raise BudgetSpent(f"The budget of {budget.seconds:g} seconds is used up, after {seconds:.1f}. {_ADVICE}")
        cost = most.cost or 0.0
        if budget.tokens is not None and self._spent_tokens + most.tokens > budget.tokens:
            raise BudgetSpent(
                self._too_much(f"{self._spent_tokens:,}", f"{budget.tokens:,} tokens", f"{most.tokens:,}")
            )
        if budget.cost is not None and self._spent_cost + cost > budget.cost:
            currency = self.price.currency if self.price else ""
            spent, limit = f"{self._spent_cost:,.4f}", f"{budget.cost:,.4f} {currency}"
            raise BudgetSpent(self._too_much(spent, limit, f"{cost:,.4f}"))
        return (budget.tokens is None or self._spent_tokens + self._held_tokens + most.tokens <= budget.tokens) and (
            budget.cost is None or self._spent_cost + self._held_cost + cost <= budget.cost
        )

    def _too_much(self, spent: str, limit: str, most: str) -> str:
        unsure = sum(call.counted == "most" for call in self._calls)
        doubt = f" (it counts {unsure:,} calls without an outcome at the most they can have cost)" if unsure else ""
        return (
            f"The budget does not allow another call: {spent} of {limit} are spent{doubt}, and the next may take up to "
            f"{most}. {_ADVICE}"
        )

    def _seconds(self) -> float:
        return self._earlier + time.monotonic() - self._began


_ADVICE = "Nothing was sent. Allow more, or ask less."


def _wake(room: asyncio.Future[None]) -> None:
    """Tell a call that waits, in whichever event loop, that something was set free."""

    def told() -> None:
        if not room.done():
            room.set_result(None)

    with contextlib.suppress(RuntimeError):  # its loop has ended, and nobody waits any more
        room.get_loop().call_soon_threadsafe(told)


class Metered:
    """A ChatModel whose every call is in a ledger, and is sent only if the budget allows.

    It belongs next to the model: what tries again goes around it, so that each try is counted.

    Args:
        chat: the model.
        ledger: where its calls are written down.
    """

    def __init__(self, chat: ChatModel, ledger: Ledger) -> None:
        self._chat = chat
        self._ledger = ledger

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The model's reply, with its cost. Where the endpoint counts no tokens, the cost is of an estimate.

        Raises:
            BudgetSpent: nothing was sent.
            ChatFailure: the model gave no reply.
        """
        ledger = self._ledger
        number = await ledger.admit(request)
        call = ledger.most_of(number)  # what a call comes to that is given up
        began = time.perf_counter()
        try:
            reply = await self._chat.complete(request)
            call = _replied(request, reply, ledger)
            return (
                reply if reply.usage.cost == call.cost else replace(reply, usage=replace(reply.usage, cost=call.cost))
            )
        except ChatFailure as failure:
            call = ledger.priced(_failed(failure, call))
            if call.counted == "endpoint":
                failure.usage = replace(failure.usage, cost=call.cost)
            raise
        finally:
            ledger.settle(number, replace(call, seconds=time.perf_counter() - began))


def _replied(request: ChatRequest, reply: ChatReply, ledger: Ledger) -> Call:
    sent, written = reply.usage.input_tokens, reply.usage.output_tokens
    counted: Counted = "endpoint" if sent is not None and written is not None else "size"
    if sent is None:
        sent = estimated_input(request.messages, request.schema.text if request.schema else "")
    if written is None:
        written = estimated_tokens(reply.text)
    return Call(request.purpose, REPLY, sent, written, counted, ledger.cost(sent, written))


def _failed(failure: ChatFailure, most: Call) -> Call:
    """What a failure cost: what the endpoint says, else nothing where it did not come to a reply, else the most."""
    sent, written = failure.usage.input_tokens, failure.usage.output_tokens
    call = replace(most, kind=failure.kind, cost=None)
    if sent is not None:
        return replace(call, input_tokens=sent, output_tokens=written or 0, counted="endpoint")
    if isinstance(failure, _MAY_COST):
        return call
    return replace(call, input_tokens=0, output_tokens=0, counted="endpoint")
