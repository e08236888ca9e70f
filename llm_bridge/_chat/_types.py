"""`ChatModel`, the edge to any language model: one method wide, in plain values. Nothing here knows of a vendor.

Whatever stands between the bridge and a model (retries, a cache, a budget, a recording) is a ChatModel around another.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, TypeAlias, cast

from scm import ScmError

Role: TypeAlias = Literal["system", "user", "assistant"]
Purpose: TypeAlias = Literal["probe", "variables", "problem", "repair", "compare", "polish", "direct", "reasoned"]
"""Why a model is called: to learn what an endpoint can do; to name the variables of a text; to fill in a Problem; to
mend one; to compare a Problem, said in words, with its text; to polish the words of an answer; to answer by itself, at
once or after reasoning (what the benchmark compares the bridge with)."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True)
class ReplySchema:
    """What a reply must look like: a strict JSON schema, under a name of letters, digits and underscores.

    Attributes:
        name: what the endpoint calls it.
        text: the schema as JSON. The order of keys stands as it was written: a model fills them in in that order, and
            endpoints refuse alternatives that begin with the same key.
    """

    name: str
    text: str

    @classmethod
    def of(cls, name: str, data: dict[str, Any]) -> ReplySchema:
        """The schema that `data` says."""
        return cls(name, json.dumps(data, separators=(",", ":"), ensure_ascii=False))

    @cached_property
    def data(self) -> dict[str, Any]:
        """The schema as JSON data. Not to be changed."""
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a model.

    Attributes:
        messages: the conversation; the last message is the user's.
        purpose: why it is asked.
        schema: what the reply must look like; None where plain words are wanted.
        max_tokens: most tokens of the reply.
        temperature: 0 for the likeliest reply.
        attempt: which try this is at the same question; another attempt asks for another draw, and is cached apart.
        text: the text that the question is about, as the user wrote it. It is never sent by itself (the messages hold
            it): doubles and records tell by it which item a request belongs to.
        prompt: the fingerprint of the prompt files that the messages were made from.
    """

    messages: tuple[Message, ...]
    purpose: Purpose
    schema: ReplySchema | None = None
    max_tokens: int = 4_000
    temperature: float = 0.0
    attempt: int = 0
    text: str = ""
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply took.

    Attributes:
        input_tokens, output_tokens: as the endpoint counted them; None where it does not say.
        cost: in the currency of the price that the user stated; None where no price is known.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What a model said.

    Attributes:
        text: the reply itself: not yet checked against anything.
        model: the model that the endpoint says it came from.
        usage: what it took; nothing where it came from a cache.
        seconds: from the request to the reply, waiting between tries included.
        tries: requests sent for it; 0 where it came from a cache.
    """

    text: str
    model: str = ""
    usage: Usage = Usage()
    seconds: float = 0.0
    tries: int = 1


class ChatModel(Protocol):
    """A language model, or anything in its place."""

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The model's reply.

        Raises:
            ChatFailure: there is none; the class says why, and who must act.
        """
        ...


async def reply_of(chat: ChatModel, request: ChatRequest) -> ChatReply:
    """What `chat` replies; anybody may write a ChatModel, so that what it gives is looked at.

    Raises:
        ChatFailure: there is no reply.
        ScmError: it is no reply.
    """
    coming = cast("object", chat.complete(request))
    if not inspect.isawaitable(coming):
        got = "no coroutine"
    else:
        found = cast("object", await coming)
        if isinstance(found, ChatReply) and isinstance(cast("object", found.text), str):
            return found
        got = f"a ChatReply with the text {found.text!r:.80}" if isinstance(found, ChatReply) else f"a {_kind(found)}"
    raise ScmError(
        f"The model's complete(request) gave {got}; wanted `async def complete(self, request)` that returns "
        "ChatReply(text)."
    )


def _kind(found: object) -> str:
    return type(found).__name__
