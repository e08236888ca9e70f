"""Recordings: what a model replied, in a file that people can read, to be given again without the model.

A recording is a file of JSON lines, one for each reply: `key` (by which a request finds it), `purpose`, `attempt`,
`schema` and `prompt` (the schema's name, the prompts' fingerprint), `messages`, `reply`, `model`, and the tokens. The
key is made from the messages, the whole schema and the attempt, before keys of users are masked in what is written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self, cast

from scm import InvalidFile

from ._failures import NoReplyKept
from ._secrets import masked
from ._types import ChatReply, ChatRequest, Message, ReplySchema, Usage

_FORMAT = 1
_BEGINNING = b'{"key": "'
_SHOWN = 70


def asked_key(messages: Sequence[Message], schema: ReplySchema | None) -> str:
    """The same for requests that ask the same; which try at it is told apart by `recording_key`."""
    said = [_FORMAT, [[message.role, message.content] for message in messages], schema.text if schema else None]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def recording_key(request: ChatRequest) -> str:
    """By which a recording knows a request: what is asked, and which try it is."""
    return f"{asked_key(request.messages, request.schema)}-{request.attempt}"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line of a recording.

    Attributes:
        key: of the request.
        purpose, attempt, prompt: of the request.
        schema: the name of the request's schema; empty without one.
        messages: of the request, each as role and content; keys of users are masked.
        reply: what the model said.
        model: which it was.
        input_tokens, output_tokens: as the endpoint counted them.
    """

    key: str
    purpose: str
    attempt: int
    prompt: str
    schema: str
    messages: tuple[tuple[str, str], ...]
    reply: str
    model: str
    input_tokens: int | None
    output_tokens: int | None

    @classmethod
    def of(cls, request: ChatRequest, reply: ChatReply) -> Self:
        """The line for a request and its reply."""
        return cls(
            recording_key(request),
            request.purpose,
            request.attempt,
            request.prompt,
            request.schema.name if request.schema else "",
            tuple((message.role, masked(message.content)) for message in request.messages),
            masked(reply.text),
            masked(reply.model),
            reply.usage.input_tokens,
            reply.usage.output_tokens,
        )

    @classmethod
    def parsed(cls, line: bytes) -> Self | None:
        """The entry that a line holds; None where it holds none."""
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(data, dict) or not _well_formed(entry := cast("dict[str, Any]", data)):
            return None
        entry["messages"] = tuple((role, content) for role, content in entry["messages"])
        return cls(**entry)

    def line(self) -> bytes:
        """As it stands in the file."""
        return json.dumps(asdict(self), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"

    @property
    def said(self) -> ChatReply:
        """The reply, as it was given then."""
        return ChatReply(self.reply, self.model, Usage(self.input_tokens, self.output_tokens))

    @property
    def question(self) -> str:
        """The beginning of the last message, in one line."""
        return _start(self.messages[-1][1]) if self.messages else ""


def _well_formed(entry: dict[str, Any]) -> bool:
    texts = ("key", "purpose", "prompt", "schema", "reply", "model")
    counts = (entry.get("input_tokens"), entry.get("output_tokens"))
    return (
        entry.keys() == {field.name for field in fields(Recorded)}
        and all(isinstance(entry[name], str) for name in texts)
        and isinstance(entry["attempt"], int)
        and all(count is None or isinstance(count, int) for count in counts)
        and isinstance(entry["messages"], list)
        and all(_is_message(message) for message in cast("list[object]", entry["messages"]))
    )


def _is_message(value: object) -> bool:
    parts = cast("list[object]", value) if isinstance(value, list) else []
    return len(parts) == 2 and all(isinstance(part, str) for part in parts)


def _start(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} ..."


@dataclass(frozen=True)
class Recording:
    """A file of recorded replies, read.

    Attributes:
        path: of the file.
        entries: by key. Of two lines with one key, the first counts.
    """

    path: Path
    entries: dict[str, Recorded]

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """The recording in a file; an end that was cut off in the middle of a line is left out.

        Raises:
            InvalidFile: the file cannot be read, or is no recording.
        """
        return cls.read_whole(Path(path))[0]

    @classmethod
    def read_whole(cls, path: Path) -> tuple[Self, int]:
        """The recording, and how many bytes of the file are whole lines; errors as for `read`."""
        try:
            content = path.read_bytes()
        except OSError as wrong:
            raise InvalidFile(f"{path} cannot be read: {wrong.strerror or wrong}. Give a recording.") from None
        whole = content.rfind(b"\n") + 1
        entries: dict[str, Recorded] = {}
        lines = content[:whole].splitlines()
        for number, line in enumerate(lines, 1):
            entry = Recorded.parsed(line)
            if entry is None:
                raise InvalidFile(f"{path}, line {number} is no recorded reply. Is it the right file?")
            entries.setdefault(entry.key, entry)
        tail = content[whole:]
        if not (tail.startswith(_BEGINNING) or _BEGINNING.startswith(tail)):
            raise InvalidFile(f"{path}, line {len(lines) + 1} is no recorded reply. Is it the right file?")
        return cls(path, entries), whole

    def reply(self, request: ChatRequest) -> ChatReply:
        """What was replied to the request.

        Raises:
            NoReplyKept: it was never asked; the message names the nearest request that was.
        """
        found = self.entries.get(recording_key(request))
        if found is None:
            raise NoReplyKept(self._missing(request))
        return found.said

    def _missing(self, request: ChatRequest) -> str:
        question = _start(masked(request.messages[-1].content)) if request.messages else ""
        said = (
            f"{self.path} holds no reply to this request ({request.purpose}, attempt {request.attempt}: {question!r})"
        )
        near = self.nearest(request)
        if near is None:
            return f"{said}; it is empty. Record it with a live model first."
        return (
            f"{said}. The nearest it holds ({near.purpose}, attempt {near.attempt}: {near.question!r}) differs in "
            f"{_difference(near, request)}. Ask that, or record this one with a live model."
        )

    def nearest(self, request: ChatRequest) -> Recorded | None:
        """The recorded request that is most like this one; None where nothing is recorded."""
        import difflib  # only for a message

        matcher = difflib.SequenceMatcher(autojunk=False)
        matcher.set_seq2(masked(request.messages[-1].content)[:500] if request.messages else "")

        def likeness(entry: Recorded) -> tuple[bool, float]:
            matcher.set_seq1(entry.messages[-1][1][:500] if entry.messages else "")
            return entry.purpose == request.purpose, matcher.quick_ratio()

        return max(self.entries.values(), key=likeness, default=None)


def _difference(near: Recorded, request: ChatRequest) -> str:
    """What tells a recorded request from this one."""
    wanted = [(message.role, masked(message.content)) for message in request.messages]
    before, now = list(near.messages), wanted
    if before[-1:] != now[-1:]:
        return "its last message"
    if before != now:
        return f"its prompts (recorded {near.prompt or 'without one'}, now {request.prompt or 'without one'})"
    return "the attempt" if near.attempt != request.attempt else "the schema"
