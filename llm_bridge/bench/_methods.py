"""The methods by which a language model answers a suite: at once, after reasoning, or through the bridge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from .._chat._types import ChatModel, ChatRequest
from .._pipeline import Reply
from .._prompts import prompt
from ._answers import Form, read_answer, schema_of
from ._items import Expected, Item
from ._records import SAID


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a method makes of one item.

    Attributes:
        reply: the answer; None where there is none.
        finding: as a record has it.
        words: the answer in words, or why there is none.
        engine: the engine's reply that it comes from; None where a model answers by itself or the bridge abstains.
        stage: where the bridge gave up.
    """

    reply: Expected | None
    finding: str
    words: str
    engine: Reply | None = None
    stage: str = ""


Answerer: TypeAlias = Callable[[Item], Awaitable[Outcome]]
"""Asks about one item. Raises ChatFailure where no usable reply comes."""


class Method(Protocol):
    """A way to have a language model answer."""

    @property
    def name(self) -> str:
        """What the command line and the records call it."""
        ...

    def settings(self) -> dict[str, Any]:
        """All that the answers depend on besides item and model, as JSON data: for the fingerprint."""
        ...

    def answerer(self, chat: ChatModel) -> Answerer:
        """What asks this model."""
        ...


@dataclass(frozen=True, slots=True)
class Direct:
    """The model answers at once."""

    name: str = "direct"

    def settings(self) -> dict[str, Any]:
        """The prompt, and how replies are sampled."""
        return _sampling(self.name)

    def answerer(self, chat: ChatModel) -> Answerer:
        """What asks this model."""
        return lambda item: _by_itself(chat, item, reasons=False)


@dataclass(frozen=True, slots=True)
class Reasoned:
    """The model reasons step by step, and answers then (chain of thought)."""

    name: str = "reasoned"

    def settings(self) -> dict[str, Any]:
        """The prompt, and how replies are sampled."""
        return _sampling(self.name)

    def answerer(self, chat: ChatModel) -> Answerer:
        """What asks this model."""
        return lambda item: _by_itself(chat, item, reasons=True)


# ---------------------------------------------------------------------------------------------------------------------
# By itself


def _sampling(name: str) -> dict[str, Any]:
    request = ChatRequest((), "direct")
    return {
        "prompt": prompt(name).fingerprint,
        "schemas": [schema_of(Form(kind), name == "reasoned").text for kind in ("yes-no", "number")],
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
    }


async def _by_itself(chat: ChatModel, item: Item, *, reasons: bool) -> Outcome:
    assert isinstance(item.asked, str), "a run through a model has texts only"
    form, file = Form.of(item), prompt("reasoned" if reasons else "direct")
    data = {"text": item.asked, "form": form.kind} | ({"options": form.options} if form.options else {})
    reply = await chat.complete(
        ChatRequest(
            messages=file.messages(**data),
            purpose="reasoned" if reasons else "direct",
            schema=schema_of(form, reasons),
            text=item.asked,
            prompt=file.fingerprint,
        )
    )
    said = read_answer(reply.text, form)
    return Outcome(said, SAID[said is None], reply.text)
