"""`ScriptedChat`: a ChatModel that says what it is told to, for tests and examples."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeAlias

from ._failures import ChatFailure, NoReplyKept
from ._types import ChatReply, ChatRequest

Line: TypeAlias = str | ChatReply | ChatFailure
"""What a script says to one request: the text of a reply, a whole reply, or the failure to raise."""


class ScriptedChat:
    """A ChatModel that gives set replies, and remembers what it was asked.

    Args:
        replies: given in order, one for each request; or a function from the request to a reply, which may be awaited.

    Attributes:
        requests: every request so far, in order.
    """

    def __init__(self, replies: Iterable[Line] | Callable[[ChatRequest], Line | Awaitable[Line]]) -> None:
        self.requests: list[ChatRequest] = []
        self._said = replies if callable(replies) else _in_order(replies)

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The reply that the script has for this request.

        Raises:
            ChatFailure: the script says so, or has nothing more to say (NoReplyKept).
        """
        self.requests.append(request)
        line = self._said(request)
        if inspect.isawaitable(line):
            line = await line
        if isinstance(line, ChatFailure):
            raise line
        return ChatReply(line, "scripted") if isinstance(line, str) else line


def _in_order(replies: Iterable[Line]) -> Callable[[ChatRequest], Line]:
    left: Iterator[Line] = iter(replies)
    given = 0

    def following(request: ChatRequest) -> Line:
        nonlocal given
        for line in left:
            given += 1
            return line
        return NoReplyKept(
            f"The script has no reply left: it had {given}, and a further request came ({request.purpose}, attempt "
            f"{request.attempt}). Add a reply to the script."
        )

    return following
