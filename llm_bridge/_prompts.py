"""The prompts: files in `prompts/`, sent as they stand, and known by their fingerprint.

Nothing is ever filled into a prompt. What a user or a model wrote travels in a message of its own, as JSON data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ._chat._types import Message


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file: its name without the ending, what it says, and the fingerprint of that."""

    name: str
    text: str
    fingerprint: str

    def messages(self, **data: object) -> tuple[Message, ...]:
        """The prompt as the system's message, and `data` as one JSON object from the user."""
        return Message("system", self.text), Message("user", _in_lines(data))


def _in_lines(data: Mapping[str, object]) -> str:
    """`data` as JSON, indented. Texts by themselves take the quick encoder of json, which cannot indent."""
    if not data or not all(type(value) is str for value in data.values()):
        return json.dumps(data, ensure_ascii=False, indent=1)
    lines = ",\n ".join([f"{_text(name)}: {_text(value)}" for name, value in data.items()])
    return f"{{\n {lines}\n}}"


_text = json.JSONEncoder(ensure_ascii=False).encode


@cache
def prompt(name: str) -> Prompt:
    """The prompt file of that name."""
    text = resources.files("llm_bridge").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")
    return Prompt(name, text, hashlib.sha256(text.encode()).hexdigest()[:16])
