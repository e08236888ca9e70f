"""What one item takes of a language model, counted wherever in the chain the model is called."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from .._chat._failures import BudgetSpent, ChatFailure
from .._chat._types import ChatModel, ChatReply, ChatRequest, Usage
from ._records import Record


@dataclass(slots=True)
class Spent:
    """A running count; the attributes are those of a record."""

    calls: int = 0
    cached: int = 0
    tries: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None

    @classmethod
    def before(cls, record: Record | None) -> Spent:
        """What an earlier run spent on an item in vain."""
        if record is None:
            return cls()
        return cls(record.calls, record.cached, record.tries, record.tokens_in, record.tokens_out, record.cost)

    def add(self, reply: ChatReply) -> None:
        """One more reply."""
        self.calls += 1
        self.cached += reply.tries == 0
        self.tries += reply.tries
        self._use(reply.usage)

    def add_failure(self, failure: ChatFailure) -> None:
        """A call that came to nothing: it may have cost something all the same."""
        self.calls += 1
        self.tries += 1
        self._use(failure.usage)

    def _use(self, usage: Usage) -> None:
        self.tokens_in = _sum(self.tokens_in, usage.input_tokens)
        self.tokens_out = _sum(self.tokens_out, usage.output_tokens)
        if usage.cost is not None:
            self.cost = (self.cost or 0.0) + usage.cost


def _sum(first: int | None, second: int | None) -> int | None:
    return first if second is None else (first or 0) + second


current: ContextVar[Spent] = ContextVar("current")
"""The count of the item at hand. Tasks that work on one item share it: a task starts with its parent's context."""


class Counting:
    """A ChatModel that adds every call to the count of the item at hand."""

    def __init__(self, chat: ChatModel) -> None:
        self.chat = chat

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The reply of the model behind."""
        spent = current.get()
        try:
            reply = await self.chat.complete(request)
        except BudgetSpent:
            raise
        except ChatFailure as failure:
            spent.add_failure(failure)
            raise
        spent.add(reply)
        return reply
