"""`ReplyCache` and `Cached`: replies kept on disk, so that no question is paid for twice.

The file is an SQLite database, shared by any number of processes. A reply is in it before it is handed on: a process
that is killed has either not had the reply or will find it again. Values are JSON text.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from scm import InvalidFile

from ._failures import ChatFailure
from ._secrets import masked
from ._types import ChatModel, ChatReply, ChatRequest, Message, ReplySchema, Usage

_FORMAT = 1
_APPLICATION = 0x54574331  # "TWC1": what marks a database as ours
_MAGIC = b"SQLite format 3\0"
_OURS = (".sqlite", ".sqlite3", ".db", ".cache")
_BUSY = 5.0  # seconds to wait for another process that is writing; a write takes well under a millisecond

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CacheWarning:
    """What went wrong with a cache, though the run can go on.

    Attributes:
        message: in words.
        moved_to: where the damaged file was put; None where none was moved.
    """

    message: str
    moved_to: Path | None = None


def cache_key(request: ChatRequest, endpoint: str) -> bytes:
    """By which a cache knows a request: everything that can change the reply, and nothing else.

    The text that the request is about is left out: what is sent are the messages.
    """
    # As one JSON array. Prompts and schemas are long, and the same for all texts: their part is worked out once.
    messages, system = request.messages, bool(request.messages) and request.messages[0].role == "system"
    key = _begun(endpoint, messages[:system]).copy()
    said = [json.dumps([one.role, one.content]) for one in messages[system:]]
    key.update(f"{', ' if system and said else ''}{', '.join(said)}], ".encode())
    key.update(_schema(request.schema))
    rest = [request.purpose, request.prompt, request.max_tokens, float(request.temperature), request.attempt]
    key.update(f", {json.dumps(rest)[1:]}".encode())
    return key.digest()


@lru_cache(maxsize=64)
def _begun(endpoint: str, prompts: tuple[Message, ...]):
    """The beginning of a key, up to the messages that are not the same for all texts. Not to be changed."""
    said = ", ".join(json.dumps([one.role, one.content]) for one in prompts)
    return hashlib.sha256(f"[{_FORMAT}, {json.dumps(endpoint)}, [{said}".encode())


@lru_cache(maxsize=64)
def _schema(schema: ReplySchema | None) -> bytes:
    return json.dumps([schema.name, schema.text] if schema else None).encode()


class ReplyCache:
    """Replies by request, in a file. Fit for several threads and several processes.

    A file that is damaged is moved aside, with a warning, and a new one is begun. A file that is something else is left
    alone.

    Args:
        path: the file; made where there is none.

    Attributes:
        path: the file.

    Raises:
        InvalidFile: the file is no cache, or cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._warnings: dict[str, CacheWarning] = {}
        self._inode = 0
        self._database: sqlite3.Connection | None = None
        _refuse_foreign(self.path)
        with self._lock:
            self._open()

    @property
    def warnings(self) -> tuple[CacheWarning, ...]:
        """What went wrong so far; each message once."""
        return tuple(self._warnings.values())

    def get(self, key: bytes) -> ChatReply | None:
        """The reply kept under `key`; None where there is none."""
        found = self._guarded(lambda database: database.execute(_FIND, (key,)).fetchone(), None)
        if found is None:
            return None
        reply = self._reply(found[0])
        if reply is None:  # a first reply is never replaced: what cannot be read makes room for the next
            self._guarded(lambda database: database.execute(_DROP, (key, found[0])), None)
        return reply

    def put(self, key: bytes, request: ChatRequest, reply: ChatReply) -> None:
        """Keep a reply. It is on its way to the disk when this returns; a first reply is never replaced by another.

        A reply with a key in it, which would be masked, is not kept.
        """
        value = json.dumps(
            {
                "text": reply.text,
                "model": reply.model,
                "input_tokens": reply.usage.input_tokens,
                "output_tokens": reply.usage.output_tokens,
            }
        )
        if masked(value) == value:
            row = (key, request.purpose, value, time.time())
            self._guarded(lambda database: database.execute(_KEEP, row), None)

    def __len__(self) -> int:
        return self._guarded(lambda database: int(database.execute("SELECT count(*) FROM replies").fetchone()[0]), 0)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reply(self, value: object) -> ChatReply | None:
        try:
            data = cast("dict[str, Any]", json.loads(cast("str", value)))
            text, model = data["text"], data["model"]
        except (ValueError, TypeError, KeyError, RecursionError):
            text = model = None
        if not isinstance(text, str) or not isinstance(model, str):
            self._warn("a kept reply cannot be read and is asked for again")
            return None
        return ChatReply(text, model, Usage(), tries=0)

    # --- the database

    def _guarded(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """The outcome of some work; `otherwise` where the database cannot do it."""
        with self._lock:
            try:
                if self._database is None:
                    self._open()
                assert self._database is not None
                return work(self._database)
            except sqlite3.OperationalError as wrong:  # busy, full, or not to be written: the file itself is sound
                self._warn(f"could not be used: {wrong}")
            except sqlite3.DatabaseError as wrong:
                self._move_aside(wrong)
            except InvalidFile as wrong:
                self._warn(f"could not be begun anew: {wrong}")
            return otherwise

    def _open(self) -> None:
        try:
            self._connect()
        except sqlite3.OperationalError as wrong:
            self._close()
            raise InvalidFile(
                f"The cache {self.path} cannot be used: {wrong}. Give a file in a folder of yours."
            ) from None
        except sqlite3.DatabaseError as wrong:
            self._move_aside(wrong)
            self._connect()

    def _connect(self) -> None:
        # Without implicit transactions each statement is committed when it returns.
        database = sqlite3.connect(self.path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
        self._database = database
        database.execute(f"PRAGMA busy_timeout = {int(_BUSY * 1_000)}")
        # In this order: another process that makes the file just now says whose it is before it makes a table.
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        owner = database.execute("PRAGMA application_id").fetchone()[0]
        if owner != _APPLICATION:
            if tables:
                self._close()
                raise InvalidFile(f"{self.path} is a database of something else. Give the cache a file of its own.")
            database.execute(f"PRAGMA application_id = {_APPLICATION}")
        # In this mode readers and the writer do not wait for each other, and a killed process leaves whole entries.
        _locked_out(lambda: database.execute("PRAGMA journal_mode = WAL"))
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(_TABLE)
        self._inode = self.path.stat().st_ino

    def _move_aside(self, wrong: Exception) -> None:
        """Put the damaged file away. Another process may have done so already; then its new file is taken."""
        self._close()
        target = None
        with contextlib.suppress(OSError):
            if not self._inode or self.path.stat().st_ino == self._inode:
                target = next(path for n in range(1, 10_000) if not (path := _aside(self.path, n)).exists())
                for ending in ("", "-wal", "-shm"):
                    with contextlib.suppress(FileNotFoundError):
                        Path(f"{self.path}{ending}").rename(f"{target}{ending}")
        self._inode = 0
        where = f"; it was moved to {target}, and a new one begun" if target else ""
        self._warn(f"is damaged ({wrong}){where}", target)

    def _close(self) -> None:
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):
                self._database.close()
            self._database = None

    def _warn(self, what: str, moved_to: Path | None = None) -> None:
        message = f"The cache {self.path} {what}."
        self._warnings.setdefault(message, CacheWarning(message, moved_to))


_TABLE = """
    CREATE TABLE IF NOT EXISTS replies
    (key BLOB PRIMARY KEY, purpose TEXT NOT NULL, reply TEXT NOT NULL, at REAL NOT NULL)
"""
_FIND = "SELECT reply FROM replies WHERE key = ?"
_DROP = "DELETE FROM replies WHERE key = ? AND reply IS ?"
_KEEP = "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?)"


def _refuse_foreign(path: Path) -> None:
    """Leave a file alone that never was a cache; a cache that was damaged still has its ending or its beginning."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except FileNotFoundError:
        return
    except OSError as wrong:
        raise InvalidFile(f"The cache {path} cannot be read: {wrong.strerror}. Give a file of yours.") from None
    if start.strip(b"\0") and start != _MAGIC and path.suffix not in _OURS:
        raise InvalidFile(f"{path} is no cache. Nothing was changed: give the cache a file of its own.")


def _locked_out(work: Callable[[], object]) -> None:
    """Do `work`, again while other processes are at it: a change of mode does not wait for them by itself."""
    until = time.monotonic() + _BUSY
    while True:
        try:
            work()
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def _aside(path: Path, n: int) -> Path:
    return path.with_name(f"{path.name}.damaged-{n}")


class Cached:
    """A ChatModel that asks another only what its cache does not hold. Equal requests at once are sent once.

    Failures are not kept, nor are replies that are no JSON where a schema was asked for: these are handed on, and asked
    for again another time.

    Args:
        chat: the model.
        cache: where replies are kept.
        endpoint: what answers: the address and the model's name, without a key. The replies of one are not given for
            another.
    """

    def __init__(self, chat: ChatModel, cache: ReplyCache, endpoint: str) -> None:
        self._chat = chat
        self._cache = cache
        self._endpoint = endpoint
        self._under_way: dict[tuple[int, bytes], asyncio.Future[ChatReply | ChatFailure]] = {}  # by event loop and key

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The reply that is kept, or the model's.

        Raises:
            ChatFailure: the model gave none.
        """
        began = time.perf_counter()
        key = cache_key(request, self._endpoint)
        while (other := self._under_way.get((_loop(), key))) is not None:
            outcome = await _outcome(other)
            if isinstance(outcome, ChatFailure):
                raise outcome
            if outcome is not None:
                return replace(outcome, usage=Usage(), seconds=time.perf_counter() - began, tries=0)
        kept = self._cache.get(key)
        if kept is not None:
            return replace(kept, seconds=time.perf_counter() - began)
        return await self._asked(key, request)

    async def _asked(self, key: bytes, request: ChatRequest) -> ChatReply:
        mine = self._under_way[_loop(), key] = asyncio.get_running_loop().create_future()
        try:
            reply = await self._chat.complete(request)
            if request.schema is None or _is_json(reply.text):
                self._cache.put(key, request, reply)
            mine.set_result(reply)
            return reply
        except ChatFailure as failure:
            mine.set_result(failure)
            raise
        finally:
            del self._under_way[_loop(), key]
            mine.cancel()  # nothing, where there is an outcome; else whoever waits asks anew


async def _outcome(other: asyncio.Future[ChatReply | ChatFailure]) -> ChatReply | ChatFailure | None:
    """What came of an equal request; None where that was given up."""
    await asyncio.wait((other,))
    return None if other.cancelled() else other.result()


def _loop() -> int:
    return id(asyncio.get_running_loop())


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
