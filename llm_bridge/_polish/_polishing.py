"""A reply in words that a language model may make smoother, and that are read again before they are used."""

from __future__ import annotations

from dataclasses import dataclass

from .._chat._asked import reply_of
from .._chat._failures import ChatFailure
from .._chat._secrets import masked
from .._chat._types import ChatModel, ChatRequest
from .._checks._reading import Fault
from .._pipeline import Reply
from .._prompts import prompt
from .._styles import Style, say
from ._recheck import recheck

MOST_TOKENS = 2_000


@dataclass(frozen=True, slots=True)
class Polished:
    """A reply in words.

    Attributes:
        text: what to show: the model's wording where it was accepted, else the template's.
        accepted: whether it is the model's.
        rejected: why it is not; None where it is.
        faults: what the wording said that the template does not, or left out.
    """

    text: str
    accepted: bool
    rejected: str | None = None
    faults: tuple[Fault, ...] = ()


async def polish(reply: Reply, chat: ChatModel, style: Style = "paragraph") -> Polished:
    """`reply` in a style, in words that `chat` may have smoothed.

    The model is shown the template's text alone. Its wording is used only where it provably says the same; else, and
    where the model fails, the template's text is.

    Args:
        reply: any reply.
        chat: the model that rewords it.
        style: as for `say`. JSON is never reworded.

    Raises:
        UnknownStyle: there is no such style.
    """
    text = say(reply, style)
    if style == "json":
        return Polished(text, False, "JSON is data: it is not reworded.")
    instructions = prompt("polish")
    messages = instructions.messages(text=text, style=style)
    request = ChatRequest(messages, "polish", max_tokens=MOST_TOKENS, text=text, prompt=instructions.fingerprint)
    try:
        wording = masked((await reply_of(chat, request)).text.strip())
    except ChatFailure as failure:
        return Polished(text, False, f"The model gave no wording. {failure}")
    faults = recheck(text, wording, reply)
    if faults:
        return Polished(text, False, " ".join(fault.message for fault in faults), faults)
    return Polished(wording, True)
