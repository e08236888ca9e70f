"""How many tokens a text has, about: where an endpoint does not say, and before a request is sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._types import Message

CHARACTERS_EACH = 4
"""Characters of a token, about, in English and in JSON; a text in another script has more tokens than this says."""

_ROLE = 4  # what a message takes beside its words


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has: its bytes in UTF-8 by four, rounded up. No tokenizer is asked."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return -(-size // CHARACTERS_EACH)


def estimated_input(messages: Iterable[Message], schema: str = "") -> int:
    """About how many tokens a conversation has, with the schema that is sent beside it."""
    return sum(_ROLE + estimated_tokens(message.content) for message in messages) + estimated_tokens(schema)
