"""Doubles of a model that ship with the project: scripts, recordings, and recordings served over HTTP."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llm_bridge._chat._failures import NoReplyKept, RateLimited
from llm_bridge._chat._recorded import RecordedChat, RecordingChat, serve_recording
from llm_bridge._chat._recording import Recording
from llm_bridge._chat._scripted import ScriptedChat
from llm_bridge._chat._types import ChatModel, ChatReply, ChatRequest, Message, ReplySchema, Usage
from scm import InvalidFile

SCHEMA = ReplySchema.of("problem", {"type": "object"})
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # `urlopen` would keep it for other tests


def asked(content: str, **more: Any) -> ChatRequest:
    messages = (Message("system", "Read the text."), Message("user", content))
    return ChatRequest(messages, "problem", SCHEMA, prompt="abcd", text=content, **more)


def say(chat: ChatModel, *requests: ChatRequest) -> list[str]:
    async def main() -> list[str]:
        return [(await chat.complete(request)).text for request in requests]

    return asyncio.run(main())


def loud(request: ChatRequest) -> ChatReply:
    return ChatReply(f"{request.text.upper()} {request.attempt}", "model-1", Usage(10, 3))


# --- scripts


def test_a_script_is_said_in_order_and_remembered():
    chat = ScriptedChat(["one", ChatReply("two"), RateLimited("slow down")])
    assert say(chat, asked("a"), asked("b")) == ["one", "two"]
    with pytest.raises(RateLimited):
        say(chat, asked("c"))
    with pytest.raises(NoReplyKept, match="it had 3"):
        say(chat, asked("d"))
    assert [request.text for request in chat.requests] == ["a", "b", "c", "d"]


def test_a_script_can_be_a_function_awaited_or_not():
    async def later(request: ChatRequest) -> str:
        await asyncio.sleep(0)
        return request.text * 2

    assert say(ScriptedChat(loud), asked("a")) == ["A 0"]
    assert say(ScriptedChat(later), asked("a")) == ["aa"]


# --- recordings


def test_what_was_recorded_is_given_again(tmp_path: Path):
    path = tmp_path / "replies.jsonl"
    requests = [asked("a"), asked("b"), asked("a", attempt=1), replace(asked("a"), schema=None)]
    live = ScriptedChat(loud)
    with RecordingChat(live, path) as chat:
        said = say(chat, *requests)
        assert say(chat, *requests) == said
    assert len(live.requests) == 4, "what is recorded is not asked again"
    again = RecordedChat(path)
    assert say(again, *requests) == said
    reply = asyncio.run(again.complete(requests[0]))
    assert (reply.model, reply.usage) == ("model-1", Usage(10, 3))


def test_a_recording_can_be_read_by_people(tmp_path: Path):
    path = tmp_path / "replies.jsonl"
    with RecordingChat(ScriptedChat(loud), path) as chat:
        say(chat, asked("Wärme\nund Kälte"))
    (line,) = path.read_text(encoding="utf-8").splitlines()
    entry = json.loads(line)
    assert entry["messages"] == [["system", "Read the text."], ["user", "Wärme\nund Kälte"]]
    assert "Wärme" in line
    assert entry["reply"] == "WÄRME\nUND KÄLTE 0"
    assert (entry["purpose"], entry["schema"], entry["prompt"]) == ("problem", "problem", "abcd")


def test_an_unknown_request_names_the_nearest(tmp_path: Path):
    path = tmp_path / "replies.jsonl"
    with RecordingChat(ScriptedChat(loud), path) as chat:
        say(chat, asked("Smoking causes cancer."), asked("Rain causes wet streets."))
    chat = RecordedChat(path)
    for request, words in (
        (asked("Rain causes wet street."), "'Rain causes wet streets.'.* differs in its last message"),
        (asked("Rain causes wet streets.", attempt=2), "differs in the attempt"),
        (replace(asked("Rain causes wet streets."), schema=None), "differs in the schema"),
        (replace(asked(""), messages=(Message("user", "Rain causes wet streets."),)), "differs in its prompts"),
    ):
        with pytest.raises(NoReplyKept, match=words):
            say(chat, request)
    path.write_bytes(b"")
    with pytest.raises(NoReplyKept, match="it is empty"):
        say(RecordedChat(path), asked("a"))


def test_failures_are_not_recorded(tmp_path: Path):
    path = tmp_path / "replies.jsonl"
    with RecordingChat(ScriptedChat([RateLimited("slow"), "fine"]), path) as chat:
        with pytest.raises(RateLimited):
            say(chat, asked("a"))
        assert say(chat, asked("a")) == ["fine"]
    assert len(Recording.read(path).entries) == 1


def test_no_key_gets_into_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "plain-words-as-a-key")
    path = tmp_path / "replies.jsonl"
    other = "sk-proj-0123456789abcdefghij"
    request = asked(f"My key is plain-words-as-a-key, or {other}.")
    live = ScriptedChat([ChatReply(f"You said plain-words-as-a-key and {other}", other)])
    with RecordingChat(live, path) as chat:
        say(chat, request)
    written = path.read_text()
    assert "plain-words" not in written
    assert "0123456789abcdefghij" not in written
    assert say(RecordedChat(path), request) == ["You said [key] and [key]"]
    with pytest.raises(NoReplyKept) as missing:
        say(RecordedChat(path), asked(f"Is it {other}?"))
    assert other not in str(missing.value)


def test_the_same_question_twice_at_once_has_one_reply(tmp_path: Path):
    replies = iter(["first", "second"])

    async def slow(_: ChatRequest) -> str:
        await asyncio.sleep(0.01)
        return next(replies)

    async def main() -> set[str]:
        with RecordingChat(ScriptedChat(slow), tmp_path / "replies.jsonl") as chat:
            said = await asyncio.gather(chat.complete(asked("a")), chat.complete(asked("a")))
        return {reply.text for reply in said}

    assert asyncio.run(main()) == {"first"}


@pytest.mark.parametrize("content", [b"hello\n", b'{"key": "a"}\n', b"[1]\n", b"no line end", b"\xff\n"])
def test_another_file_is_left_alone(tmp_path: Path, content: bytes):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    for use in (RecordedChat, lambda path: RecordingChat(ScriptedChat([]), path)):
        with pytest.raises(InvalidFile, match="line 1 is no recorded reply"):
            use(path)
    assert path.read_bytes() == content


def test_a_folder_or_a_missing_file_is_told(tmp_path: Path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InvalidFile, match="cannot be read"):
            RecordedChat(path)
    with pytest.raises(InvalidFile, match="cannot be written"):
        RecordingChat(ScriptedChat([]), tmp_path)


def test_a_torn_end_is_cut_off_and_the_recording_goes_on(tmp_path: Path):
    path = tmp_path / "replies.jsonl"
    with RecordingChat(ScriptedChat(loud), path) as chat:
        say(chat, asked("a"), asked("b"))
    whole = path.read_bytes()
    for size in range(whole.index(b"\n") + 1, len(whole)):
        path.write_bytes(whole[:size])
        assert len(Recording.read(path).entries) == 1
        with RecordingChat(ScriptedChat(loud), path) as chat:
            assert say(chat, asked("a"), asked("b")) == ["A 0", "B 0"]
        assert path.read_bytes() == whole


def _record_for_ever(path: str) -> None:
    async def main() -> None:
        with RecordingChat(ScriptedChat(loud), path) as chat:
            for n in range(1_000_000):
                await chat.complete(asked(f"question {n} " * 50))

    asyncio.run(main())


def test_a_recording_outlives_kill_9(tmp_path: Path):
    path = tmp_path / "replies.jsonl"
    before = 0
    for _ in range(2):
        process = multiprocessing.get_context("spawn").Process(target=_record_for_ever, args=(str(path),))
        process.start()
        while not path.exists() or path.stat().st_size < before + 200_000:
            time.sleep(0.01)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        entries = Recording.read(path).entries.values()
        assert [entry.question.split()[1] for entry in entries] == [str(n) for n in range(len(entries))]
        before = path.stat().st_size
    keys = [json.loads(line)["key"] for line in path.read_bytes().splitlines()[:-1]]
    assert len(keys) == len(set(keys)) > 100


# --- over HTTP


def post(url: str, content: str, schema: ReplySchema | None = SCHEMA, **more: object) -> Any:
    data: dict[str, object] = {"model": "model-1", **more}
    data["messages"] = [{"role": "system", "content": "Read the text."}, {"role": "user", "content": content}]
    if schema:
        inner = {"name": schema.name, "schema": schema.data, "strict": True}
        data["response_format"] = {"type": "json_schema", "json_schema": inner}
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(data).encode())
    try:
        with _OPENER.open(request) as reply:
            return json.load(reply)["choices"][0]["message"]["content"]
    except urllib.error.HTTPError as wrong:
        with wrong:
            return wrong.code, json.load(wrong)["error"]


def test_a_recording_is_served(tmp_path: Path):
    path = tmp_path / "replies.jsonl"
    with RecordingChat(ScriptedChat(loud), path) as chat:
        say(chat, asked("a"), asked("a", attempt=1), asked("a", attempt=2), asked("b"))
    with serve_recording(path).running() as url:
        assert post(url, "b") == "B 0"
        assert [post(url, "a", seed=n) for n in (2, 1)] == ["A 2", "A 1"]
        assert post(url, "a") == "A 0"
        status, error = post(url, "c")
        assert (status, error["code"]) == (400, "no_reply_kept")
        assert "The nearest it holds" in error["message"]
        status, error = post(url, "a", model="model-2")
        assert (status, error["code"]) == (404, "model_not_found")
    probe = ReplySchema.of("probe", {"type": "object", "properties": {"a": {"enum": ["x"]}}, "required": ["a"]})
    with serve_recording(path).running() as url:
        assert json.loads(post(url, "What can you do?", probe)) == {"a": "x"}
    with serve_recording(path, otherwise=lambda request: "something else").running() as url:
        assert post(url, "c") == "something else"


def test_tries_without_a_seed_are_served_in_order(tmp_path: Path):
    path = tmp_path / "replies.jsonl"
    with RecordingChat(ScriptedChat(loud), path) as chat:
        say(chat, asked("a"), asked("a", attempt=1))

    def ask(url: str) -> str:
        form = {"type": "json_schema", "name": SCHEMA.name, "schema": SCHEMA.data}
        inputs = [{"role": "system", "content": "Read the text."}, {"role": "user", "content": "a"}]
        data = {"model": "model-1", "input": inputs, "text": {"format": form}}
        with _OPENER.open(f"{url}/responses", json.dumps(data).encode()) as reply:
            return json.load(reply)["output"][0]["content"][0]["text"]

    with serve_recording(path).running() as url:
        assert [ask(url) for _ in range(3)] == ["A 0", "A 1", "A 1"]
