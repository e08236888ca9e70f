"""The cache of replies: what it is keyed by, what it keeps, and that it outlives kills, damage and company."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import multiprocessing
import os
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from llm_bridge._chat._cache import Cached, ReplyCache, cache_key
from llm_bridge._chat._failures import ChatFailure, ServerFault, Truncated
from llm_bridge._chat._open import open_model
from llm_bridge._chat._scripted import ScriptedChat
from llm_bridge._chat._secrets import masked
from llm_bridge._chat._server import LocalServer
from llm_bridge._chat._types import ChatReply, ChatRequest, Message, ReplySchema, Usage
from scm import InvalidFile

HERE = "http://localhost:8000/v1 model-1"
REQUEST = ChatRequest((Message("system", "Read."), Message("user", "A causes B.")), "direct", text="A causes B.")


def numbered(n: int) -> ChatRequest:
    return dataclasses.replace(REQUEST, messages=(Message("user", f"question {n}"),))


def reply_to(request: ChatRequest) -> ChatReply:
    return ChatReply(f"to {request.messages[-1].content}", "model-1", Usage(10, 3, 0.5))


def test_a_reply_is_kept_and_given_again(tmp_path: Path):
    path = tmp_path / "replies.sqlite"
    live = ScriptedChat(reply_to)

    async def main() -> tuple[ChatReply, ChatReply]:
        with ReplyCache(path) as cache:
            first = await Cached(live, cache, HERE).complete(REQUEST)
        with ReplyCache(path) as cache:
            return first, await Cached(live, cache, HERE).complete(REQUEST)

    first, second = asyncio.run(main())
    assert len(live.requests) == 1
    assert (first.text, first.model, first.usage, first.tries) == ("to A causes B.", "model-1", Usage(10, 3, 0.5), 1)
    assert (second.text, second.model, second.usage, second.tries) == ("to A causes B.", "model-1", Usage(), 0)


CHANGES: dict[str, dict[str, Any]] = {
    "messages": {"messages": (Message("system", "Read."), Message("user", "A causes C."))},
    "roles": {"messages": (Message("user", "Read."), Message("user", "A causes B."))},
    "one message": {"messages": (Message("system", "Read.A causes B."),)},
    "schema": {"schema": ReplySchema.of("problem", {"type": "object"})},
    "schema's name": {"schema": ReplySchema.of("other", {"type": "object"})},
    "max_tokens": {"max_tokens": 4_001},
    "temperature": {"temperature": 0.5},
    "attempt": {"attempt": 1},
    "prompt": {"prompt": "abcd"},
    "purpose": {"purpose": "reasoned"},
}


def test_the_key_is_that_of_the_whole_as_json():
    """Its parts are encoded one by one, and what is kept under earlier keys must still be found."""
    schema = ReplySchema.of("problem", {"type": "object", "title": '\u00fc"\n'})
    asked = dataclasses.replace(REQUEST, schema=schema, prompt="ab", attempt=2)
    for request in (REQUEST, asked):
        parts = [
            1,
            HERE,
            [[message.role, message.content] for message in request.messages],
            [request.schema.name, request.schema.text] if request.schema else None,
            request.purpose,
            request.prompt,
            request.max_tokens,
            float(request.temperature),
            request.attempt,
        ]
        assert cache_key(request, HERE) == hashlib.sha256(json.dumps(parts).encode()).digest()


def test_everything_that_matters_is_in_the_key():
    keys = [cache_key(REQUEST, HERE), cache_key(REQUEST, "http://elsewhere/v1 model-1"), cache_key(REQUEST, "model-2")]
    keys += [cache_key(dataclasses.replace(REQUEST, **change), HERE) for change in CHANGES.values()]
    assert len(set(keys)) == len(keys)
    assert cache_key(dataclasses.replace(REQUEST, temperature=0, text="x"), HERE) == keys[0]
    fields = {field.name for field in dataclasses.fields(ChatRequest)}
    assert fields - {"text"} <= CHANGES.keys(), "a new field of ChatRequest: does it change the reply?"


def test_only_good_replies_are_kept(tmp_path: Path):
    schema = dataclasses.replace(REQUEST, schema=ReplySchema.of("problem", {"type": "object"}))
    live = ScriptedChat([ServerFault("no"), Truncated("cut"), "fine", "Sure! Here it is.", '{"a": 1}'])

    async def main() -> list[str]:
        said: list[str] = []
        with ReplyCache(tmp_path / "replies.sqlite") as cache:
            chat = Cached(live, cache, HERE)
            for request in (REQUEST, REQUEST, REQUEST, REQUEST, schema, schema, schema):
                try:
                    said.append((await chat.complete(request)).text)
                except ChatFailure as failure:
                    said.append(failure.kind)
            assert len(cache) == 2
        return said

    prose, data = "Sure! Here it is.", '{"a": 1}'
    assert asyncio.run(main()) == ["ServerFault", "Truncated", "fine", "fine", prose, data, data]


@pytest.mark.parametrize("key", ["plain-words-as-a-key", " plain-words-as-a-key\n"])
def test_a_reply_with_a_key_in_it_is_not_kept(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    path = tmp_path / "replies.sqlite"

    async def main() -> None:
        with ReplyCache(path) as cache:
            chat = Cached(ScriptedChat(lambda _: "It is plain-words-as-a-key."), cache, HERE)
            await chat.complete(REQUEST)
            assert len(cache) == 0

    asyncio.run(main())
    assert all(b"plain-words" not in file.read_bytes() for file in tmp_path.iterdir())


def test_a_key_that_is_given_by_hand_is_not_kept_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    key = "by-hand-in-no-environment"
    path = tmp_path / "replies.sqlite"
    with LocalServer(lambda request: f"It is {key}.", models=("m",)).running() as url, ReplyCache(path) as cache:
        opened = open_model("m", base_url=url, api_key=key, cache=cache, form="words")
        asyncio.run(opened.complete(REQUEST))
        assert len(cache) == 0
    assert all(key.encode() not in file.read_bytes() for file in tmp_path.iterdir())
    assert masked(f"<{key}>") == "<[key]>"


def test_equal_requests_at_once_are_sent_once(tmp_path: Path):
    async def slow(request: ChatRequest) -> ChatReply:
        await asyncio.sleep(0.01)
        return reply_to(request)

    live = ScriptedChat(slow)

    async def main() -> list[ChatReply]:
        with ReplyCache(tmp_path / "replies.sqlite") as cache:
            chat = Cached(live, cache, HERE)
            return await asyncio.gather(*(chat.complete(numbered(n % 3)) for n in range(30)))

    replies = asyncio.run(main())
    assert len(live.requests) == 3
    assert {reply.text for reply in replies} == {f"to question {n}" for n in range(3)}
    assert sum(reply.usage.input_tokens or 0 for reply in replies) == 30, "what was sent once is counted once"


def test_a_failure_is_shared_and_forgotten(tmp_path: Path):
    async def failing(_: ChatRequest) -> ServerFault:
        await asyncio.sleep(0.01)
        return ServerFault("no")

    live = ScriptedChat(failing)

    async def main() -> None:
        with ReplyCache(tmp_path / "replies.sqlite") as cache:
            chat = Cached(live, cache, HERE)
            for sent in (1, 2):
                said = await asyncio.gather(*(chat.complete(REQUEST) for _ in range(5)), return_exceptions=True)
                assert all(isinstance(one, ServerFault) for one in said)
                assert len(live.requests) == sent

    asyncio.run(main())


def test_who_waits_is_not_lost_when_the_sender_is_cancelled(tmp_path: Path):
    async def slow(request: ChatRequest) -> ChatReply:
        await asyncio.sleep(0.02)
        return reply_to(request)

    live = ScriptedChat(slow)

    async def main() -> None:
        with ReplyCache(tmp_path / "replies.sqlite") as cache:
            chat = Cached(live, cache, HERE)
            sender, *waiting = [asyncio.ensure_future(chat.complete(REQUEST)) for _ in range(4)]
            await asyncio.sleep(0.005)
            sender.cancel()
            waiting[0].cancel()
            assert [(await one).text for one in waiting[1:]] == ["to A causes B."] * 2
            assert sender.cancelled()
        assert len(live.requests) == 2

    asyncio.run(main())


# --- damage


def filled(path: Path, count: int = 200) -> None:
    with ReplyCache(path) as cache:
        for n in range(count):
            cache.put(cache_key(numbered(n), HERE), numbered(n), ChatReply("x" * 500))


def test_a_file_that_was_overwritten_is_moved_aside(tmp_path: Path):
    path = tmp_path / "replies.sqlite"
    path.write_bytes(b"no database at all" * 100)
    with ReplyCache(path) as cache:
        (warning,) = cache.warnings
        assert warning.moved_to == tmp_path / "replies.sqlite.damaged-1"
        assert "is damaged" in warning.message
        cache.put(b"k", REQUEST, ChatReply("fine"))
        assert cache.get(b"k") == ChatReply("fine", tries=0)
    assert (tmp_path / "replies.sqlite.damaged-1").read_bytes() == b"no database at all" * 100


def test_damage_inside_is_found_in_use_and_moved_aside(tmp_path: Path):
    path = tmp_path / "replies.sqlite"
    filled(path)
    content = bytearray(path.read_bytes())
    content[8_192:] = os.urandom(len(content) - 8_192)
    path.write_bytes(content)
    with ReplyCache(path) as cache:
        assert [cache.get(cache_key(numbered(n), HERE)) for n in range(200)].count(None) > 0
        assert cache.warnings
        assert (tmp_path / "replies.sqlite.damaged-1").read_bytes() == content
        cache.put(b"k", REQUEST, ChatReply("fine"))
        assert cache.get(b"k") is not None


def test_a_damaged_entry_is_asked_for_again(tmp_path: Path):
    path = tmp_path / "replies.sqlite"
    with ReplyCache(path) as cache:
        for key, value in ((b"1", "{"), (b"2", '{"text": 3, "model": ""}'), (b"3", "[]"), (b"4", "[" * 100_000)):
            with sqlite3.connect(path) as other:
                other.execute("INSERT INTO replies VALUES (?, 'direct', ?, 0)", (key, value))
            other.close()
            assert cache.get(key) is None
            cache.put(key, REQUEST, ChatReply("anew"))
            assert (found := cache.get(key)) is not None
            assert found.text == "anew"
        assert len(cache.warnings) == 1


def test_the_file_of_something_else_is_left_alone(tmp_path: Path):
    notes = tmp_path / "notes.txt"
    notes.write_text("Remember the milk.")
    with pytest.raises(InvalidFile, match="is no cache"):
        ReplyCache(notes)
    assert notes.read_text() == "Remember the milk."

    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE mine (a)")
    database.close()
    before = other.read_bytes()
    with pytest.raises(InvalidFile, match="database of something else"):
        ReplyCache(other)
    assert other.read_bytes() == before
    for path in (tmp_path, tmp_path / "none" / "replies.sqlite"):
        with pytest.raises(InvalidFile, match="Give a file"):
            ReplyCache(path)


def test_a_cache_that_others_hold_is_waited_for_and_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "replies.sqlite"
    filled(path, 3)
    monkeypatch.setattr("llm_bridge._chat._cache._BUSY", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    with ReplyCache(path) as cache:
        other.execute("BEGIN IMMEDIATE")
        cache.put(b"k", REQUEST, ChatReply("fine"))
        assert cache.get(cache_key(numbered(1), HERE)) is not None, "reading does not wait for a writer"
        assert "locked" in cache.warnings[0].message
        other.execute("COMMIT")
        cache.put(b"k", REQUEST, ChatReply("fine"))
        assert cache.get(b"k") is not None
        assert len(cache) == 4
    other.close()


# --- several processes, and kill -9


def _fill_and_tell(path: str, told: str, start: int, count: int) -> None:
    """Keep replies, and tell of each when it is kept."""

    async def main() -> None:
        with ReplyCache(path) as cache, open(told, "ab", buffering=0) as file:
            chat = Cached(ScriptedChat(reply_to), cache, HERE)
            for n in range(start, start + count):
                await chat.complete(numbered(n))
                file.write(b"%d\n" % n)

    asyncio.run(main())


def test_processes_share_a_cache(tmp_path: Path):
    path, told = str(tmp_path / "replies.sqlite"), str(tmp_path / "told")
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_fill_and_tell, args=(path, told, 100 * k, 300)) for k in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    with ReplyCache(path) as cache:
        assert len(cache) == 500
        for n in range(500):
            kept = cache.get(cache_key(numbered(n), HERE))
            assert kept is not None
            assert kept.text == f"to question {n}"
        assert cache.warnings == ()


def test_a_cache_may_be_made_by_another_just_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Between any two of the looks at a new file, another process makes it a cache."""
    connect = sqlite3.connect

    class Beaten:
        """A connection that another is quicker than, behind its first look."""

        def __init__(self, *args: Any, **more: Any) -> None:
            self._own, self._path, self._looks = connect(*args, **more), args[0], 0

        def execute(self, statement: str, *args: Any) -> sqlite3.Cursor:
            found = self._own.execute(statement, *args)
            self._looks += "sqlite_master" in statement or statement.endswith("application_id")
            if self._looks == 1:
                rows = found.fetchall()
                monkeypatch.setattr(sqlite3, "connect", connect)
                ReplyCache(self._path).close()
                self._looks += 1
                return self._own.execute(f"SELECT {rows[0][0]}")
            return found

        def close(self) -> None:
            self._own.close()

    monkeypatch.setattr(sqlite3, "connect", Beaten)
    with ReplyCache(tmp_path / "replies.sqlite") as cache:
        assert cache.warnings == ()


def test_what_was_handed_on_outlives_kill_9(tmp_path: Path):
    path, told = tmp_path / "replies.sqlite", tmp_path / "told"
    for k in range(2):
        args = (str(path), str(told), 100_000 * k, 100_000)
        process = multiprocessing.get_context("spawn").Process(target=_fill_and_tell, args=args)
        process.start()
        while not told.exists() or told.read_bytes().count(b"\n") < 200 * (k + 1):
            time.sleep(0.01)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
    handed_on = [int(line) for line in told.read_bytes().splitlines()]
    with ReplyCache(path) as cache:
        assert all(cache.get(cache_key(numbered(n), HERE)) for n in handed_on)
        assert cache.warnings == ()
        assert len(handed_on) <= len(cache) <= len(handed_on) + 2
