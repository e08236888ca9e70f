"""`RecordedChat`, `RecordingChat` and `serve_recording`: a model's replies written down, and given again without it."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from scm import InvalidFile

from ._recording import Recorded, Recording, asked_key, recording_key
from ._types import ChatModel, ChatReply, ChatRequest

if TYPE_CHECKING:
    from ._server import Faults, LocalServer
    from ._server_answer import Answerer


class RecordedChat:
    """A ChatModel that gives the replies of a recording.

    Args:
        path: the recording.

    Raises:
        InvalidFile: it cannot be read, or is none.
    """

    def __init__(self, path: str | Path) -> None:
        self.recording = Recording.read(path)

    async def complete(self, request: ChatRequest) -> ChatReply:
        """What was replied to this request.

        Raises:
            NoReplyKept: it was never asked.
        """
        return self.recording.reply(request)


class RecordingChat:
    """A ChatModel that passes requests on, and appends each reply to a recording before handing it over.

    What the file already holds is not asked again, so a recording that was stopped goes on where it was. Failures are
    not recorded.

    Args:
        chat: the model.
        path: the recording; made where there is none.

    Raises:
        InvalidFile: the file holds something else, or cannot be written.
    """

    def __init__(self, chat: ChatModel, path: str | Path) -> None:
        self._chat = chat
        self._path = Path(path)
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as wrong:
            raise InvalidFile(f"{self._path} cannot be written: {wrong.strerror}. Give a file of yours.") from None
        try:
            self.recording, whole = Recording.read_whole(self._path)
            os.ftruncate(self._file, whole)
        except BaseException:
            os.close(self._file)
            raise

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The model's reply, or the one recorded.

        Raises:
            ChatFailure: the model gave none.
            InvalidFile: the reply cannot be written down.
        """
        key = recording_key(request)
        if key in self.recording.entries:
            return self.recording.entries[key].said
        reply = await self._chat.complete(request)
        if key in self.recording.entries:  # the same question was asked twice at once
            return self.recording.entries[key].said
        entry = Recorded.of(request, reply)
        self._append(entry.line())
        self.recording.entries[key] = entry
        return reply

    def _append(self, line: bytes) -> None:
        left = memoryview(line)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as wrong:
            raise InvalidFile(f"{self._path} cannot be written: {wrong.strerror}.") from None

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve_recording(
    path: str | Path,
    *,
    faults: Faults | None = None,
    otherwise: Answerer | None = None,
    key: str | None = None,
    port: int = 0,
) -> LocalServer:
    """A local server that gives the replies of a recording over HTTP.

    A request is found by its messages and its schema. Among several tries at one question the seed tells which; where
    it does not, they are given in their order. What an endpoint can do is answered as one does that enforces schemas.

    Args:
        path: the recording.
        faults: how the server misbehaves; not at all where left out.
        otherwise: what answers a request that was never recorded; left out, it is turned away, and the nearest one
            named.
        key: the key that the server wants.
        port: where it listens; 0 takes a free one.

    Raises:
        InvalidFile: the recording cannot be read, or is none.
    """
    from ._server import Faults, LocalServer, ServedRequest
    from ._server_answer import chat_request, simplest

    recording = Recording.read(path)
    tries: dict[str, list[Recorded]] = {}
    for entry in sorted(recording.entries.values(), key=lambda entry: entry.attempt):
        tries.setdefault(entry.key.rpartition("-")[0], []).append(entry)
    given: dict[str, int] = {}

    def answer(request: ServedRequest) -> str | Awaitable[str]:
        asked = asked_key(request.messages, request.schema)
        found = tries.get(asked)
        if found is None:
            asked_for = chat_request(request)
            if asked_for.purpose == "probe":
                return simplest(request)
            return otherwise(request) if otherwise else recording.reply(asked_for).text
        wanted = (request.seed or 0) if request.api == "chat" else None
        turn = given[asked] = given.get(asked, -1) + 1
        by_seed = (entry for entry in found if entry.attempt == wanted)
        return next(by_seed, found[min(turn, len(found) - 1)]).reply

    models = tuple(dict.fromkeys(("recorded", *(entry.model for entry in recording.entries.values() if entry.model))))
    return LocalServer(answer, faults=faults or Faults(), models=models, key=key, port=port)
