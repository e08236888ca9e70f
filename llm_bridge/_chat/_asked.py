"""A request put to any ChatModel, one of the user's own too: what it returns is looked at before it is believed."""

from __future__ import annotations

import inspect

from scm import ScmError

from ._types import ChatModel, ChatReply, ChatRequest


class NoChatModel(ScmError):
    """What stands in the place of a ChatModel is none."""


def chat_model(chat: object) -> None:
    """That something can be asked.

    Raises:
        NoChatModel: it has no method `complete`.
    """
    if isinstance(chat, type) or not callable(getattr(chat, "complete", None)):
        raise NoChatModel(f"chat: got {type(chat).__name__}, {_WANTED}")


async def reply_of(chat: ChatModel, request: ChatRequest) -> ChatReply:
    """The reply of `chat`.

    Raises:
        ChatFailure: there is none.
        NoChatModel: what came is no ChatReply.
    """
    coming = chat.complete(request)
    if not inspect.isawaitable(coming):
        raise NoChatModel(f"`complete` of {type(chat).__name__} gave {type(coming).__name__} at once, {_WANTED}")
    reply = await coming
    if type(reply) is not ChatReply:
        raise NoChatModel(f"`complete` of {type(chat).__name__} gave {type(reply).__name__}, {_WANTED}")
    if type(reply.text) is not str:
        raise NoChatModel(f"`complete` of {type(chat).__name__} gave a reply of {type(reply.text).__name__}, {_WANTED}")
    return reply


_WANTED = (
    "wanted a ChatModel: an object with `async def complete(self, request)` that returns ChatReply(text). "
    "`open_model(NAME)` gives one."
)
