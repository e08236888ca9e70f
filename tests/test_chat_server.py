"""The local server over real sockets: what it serves, how it misbehaves, and that it keeps no key."""

from __future__ import annotations

import asyncio
import email.utils
import http.client
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from llm_bridge._chat._failures import BadRequest, QuotaSpent, RateLimited, Refused, Truncated, Unreachable, WrongKey
from llm_bridge._chat._server import Faults, LocalServer, ServedRequest
from llm_bridge._chat._server_faults import FAULT_KINDS, ORDER, VARIANTS, Misdeed
from llm_bridge._chat._types import ChatReply, ChatRequest, Message
from scm import ScmError

KEY = "sk-never-to-be-seen"
SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "problem", "strict": True, "schema": SCHEMA}}
GOOD = json.dumps({"answer": "yes", "notes": ["a", {"b": "c"}]})


def body(content: str = "hello", **more: object) -> dict[str, object]:
    return {"model": "recorded", "messages": [{"role": "user", "content": content}], **more}


class Client:
    """One connection, kept alive by the standard library's client."""

    def __init__(self, url: str, key: str | None = None) -> None:
        parts = urlsplit(url)
        self.base = parts.path
        self.key = key
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(self, method: str, path: str, data: bytes | None = None) -> tuple[int, Any, http.client.HTTPMessage]:
        headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
        self.connection.request(method, self.base + path, data, headers)
        reply = self.connection.getresponse()
        content = reply.read()
        try:
            return reply.status, json.loads(content), reply.headers
        except ValueError:
            return reply.status, content, reply.headers

    def post(self, path: str, data: object) -> tuple[int, Any, http.client.HTTPMessage]:
        return self.send("POST", path, json.dumps(data).encode())

    def chat(self, content: str = "hello", **more: object) -> tuple[int, Any, http.client.HTTPMessage]:
        return self.post("/chat/completions", body(content, **more))


def echo(request: ServedRequest) -> str:
    return request.messages[-1].content.upper()


def test_chat_completions_on_one_connection():
    with LocalServer(echo).running() as url, Client(url) as client:
        for n in range(3):
            status, said, _ = client.chat(f"hello {n}")
            assert status == 200
            assert said["object"] == "chat.completion"
            assert said["choices"][0]["message"] == {"role": "assistant", "content": f"HELLO {n}", "refusal": None}
            assert said["choices"][0]["finish_reason"] == "stop"
            assert said["usage"] == {"prompt_tokens": 6, "completion_tokens": 2, "total_tokens": 8}


def test_responses():
    with LocalServer(echo).running() as url, Client(url) as client:
        _, said, _ = client.post("/responses", {"model": "recorded", "input": "hello", "instructions": "be loud"})
        assert said["status"] == "completed"
        assert said["output"][0]["content"][0]["text"] == "HELLO"
        parts = [
            {"role": "user", "content": [{"type": "input_text", "text": "in"}, {"type": "input_text", "text": "2"}]}
        ]
        _, said, _ = client.post("/responses", {"model": "recorded", "input": parts})
        assert said["output"][0]["content"][0]["text"] == "IN\n2"


def test_what_the_request_says_is_read():
    seen: list[ServedRequest] = []

    async def remember(request: ServedRequest) -> str:
        seen.append(request)
        return GOOD

    tool = {"type": "function", "function": {"name": "fill", "parameters": SCHEMA}}
    with LocalServer(remember, key=KEY).running() as url, Client(url, KEY) as client:
        client.chat(response_format=FORMAT, max_completion_tokens=7, temperature=0.5, seed=3)
        _, said, _ = client.chat(tools=[tool], tool_choice={"type": "function", "function": {"name": "fill"}})
        told = {"format": {"type": "json_schema", "name": "problem", "schema": SCHEMA}}
        client.post("/responses", {"model": "recorded", "input": "x", "text": told, "max_output_tokens": 9})
    first, second, third = seen
    assert first.schema is not None
    assert (first.schema.name, first.schema.data) == ("problem", SCHEMA)
    assert (first.max_tokens, first.temperature, first.seed) == (7, 0.5, 3)
    assert second.called == "fill"
    assert second.tools[0].data == SCHEMA
    assert said["choices"][0]["finish_reason"] == "tool_calls"
    assert said["choices"][0]["message"]["tool_calls"][0]["function"] == {"name": "fill", "arguments": GOOD}
    assert third.schema == first.schema
    assert third.max_tokens == 9
    assert all(KEY not in repr(request) for request in seen)


def test_a_chat_model_can_answer():
    class Parrot:
        async def complete(self, request: ChatRequest) -> ChatReply:
            return ChatReply(f"{request.purpose} of {request.text!r} at {request.temperature}")

    with LocalServer(Parrot()).running() as url, Client(url) as client:
        _, said, _ = client.chat(json.dumps({"text": "A causes B."}), response_format=FORMAT)
        assert said["choices"][0]["message"]["content"] == "problem of 'A causes B.' at 0.0"
        _, said, _ = client.chat("plain", temperature=1)
        assert said["choices"][0]["message"]["content"] == "direct of 'plain' at 1.0"


def test_turned_away():
    with LocalServer(echo, key=KEY).running() as url:
        for key in (None, "sk-other"):
            with Client(url, key) as client:
                status, said, _ = client.chat()
                assert (status, said["error"]["code"]) == (401, "invalid_api_key")
                assert "sk-" not in json.dumps(said)
        with Client(url, KEY) as client:
            status, said, _ = client.post("/chat/completions", body() | {"model": "gpt-9"})
            assert (status, said["error"]["code"]) == (404, "model_not_found")
            assert client.send("GET", "/models")[1]["data"][0]["id"] == "recorded"
            assert client.send("GET", "/models/recorded")[0] == 200
            assert client.send("GET", "/models/gpt-9")[0] == 404
            assert client.send("GET", "/chat/completions")[0] == 405
            assert client.send("GET", "/elsewhere")[0] == 404


@pytest.mark.parametrize(
    ("data", "param"),
    [
        (b"{", None),
        (b"[]", None),
        (b"[" * 100_000, None),
        (b'{"messages": []}', "model"),
        (b'{"model": "recorded"}', "messages"),
        (b'{"model": "recorded", "messages": [3]}', "messages[0].role"),
        (b'{"model": "recorded", "messages": [{"role": "user"}]}', "messages[0].content"),
        (b'{"model": "recorded", "stream": true, "messages": [{"role": "user", "content": ""}]}', "stream"),
    ],
)
def test_a_wrong_request_is_told_so(data: bytes, param: str | None):
    with LocalServer(echo).running() as url, Client(url) as client:
        status, said, _ = client.send("POST", "/chat/completions", data)
        assert status == 400
        assert said["error"]["type"] == "invalid_request_error"
        assert said["error"]["param"] == param


def test_what_is_not_http_is_told_so():
    with LocalServer(echo).running() as url, socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)) as client:
        client.sendall(b"\x00\x01 nonsense\r\n\r\n")
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 400")
        assert client.recv(1) == b""


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (WrongKey("no"), 401, "invalid_api_key"),
        (BadRequest("no schemas here"), 400, None),
        (QuotaSpent("spent"), 429, "insufficient_quota"),
        (RateLimited("slow", retry_after=3), 429, "rate_limit_exceeded"),
        (ZeroDivisionError("inner words"), 500, None),
    ],
)
def test_a_failure_of_the_answer_goes_out_as_an_endpoint_says_it(failure: Exception, status: int, code: str | None):
    def fail(_: ServedRequest) -> str:
        raise failure

    with LocalServer(fail).running() as url, Client(url) as client:
        got, said, headers = client.chat()
        assert (got, said["error"]["code"]) == (status, code)
        assert "inner words" not in json.dumps(said)
        assert headers.get("retry-after") == ("3" if isinstance(failure, RateLimited) else None)


def test_a_model_can_refuse_run_out_or_vanish():
    failures = iter([Refused("I would rather not."), Truncated("too long"), Unreachable("gone")])

    def fail(_: ServedRequest) -> str:
        raise next(failures)

    with LocalServer(fail).running() as url, Client(url) as client:
        assert client.chat()[1]["choices"][0]["message"]["refusal"] == "I would rather not."
        assert client.chat()[1]["choices"][0]["finish_reason"] == "length"
        with pytest.raises(ConnectionError):
            client.chat()


# --- faults


def only(kind: Any, variant: str, **more: Any) -> Faults:
    """Faults whose first request meets this variant: the seed is searched for."""
    tries = (Faults(first=(kind,), seed=seed, **more) for seed in range(1_000))
    return next(faults for faults in tries if faults.at(0) == Misdeed(kind, variant))


def befallen(kind: str, variant: str, **more: Any) -> tuple[int, Any, http.client.HTTPMessage]:
    """What a client gets that meets the fault; the next request is answered as it should be."""
    server = LocalServer(lambda _: GOOD, faults=only(kind, variant, **more))
    with server.running() as url, Client(url) as client:
        try:
            return client.chat(response_format=FORMAT)
        finally:
            with Client(url) as other:
                assert other.chat(response_format=FORMAT)[1]["choices"][0]["message"]["content"] == GOOD
            assert [(entry.number, entry.misdeed) for entry in server.log] == [(0, Misdeed(kind, variant)), (1, None)]  # type: ignore


def content(said: Any) -> str:
    return said["choices"][0]["message"]["content"]


def test_delay():
    began = time.monotonic()
    assert content(befallen("delay", "late", delay=0.2)[1]) == GOOD
    assert time.monotonic() - began >= 0.2  # a lower bound: never the machine's fault


def test_drop():
    with pytest.raises(ConnectionError):
        befallen("drop", "before the reply")
    with pytest.raises(http.client.IncompleteRead) as broken:
        befallen("drop", "inside the body")
    assert broken.value.partial.startswith(b'{"id": "chatcmpl-0"')


def test_rate_limit():
    status, said, headers = befallen("rate_limit", "in seconds", retry_after=1.5)
    assert (status, said["error"]["code"], headers["retry-after"]) == (429, "rate_limit_exceeded", "1.5")
    _, _, headers = befallen("rate_limit", "by date", retry_after=60)
    at = email.utils.parsedate_to_datetime(headers["retry-after"]).timestamp()
    assert 0 < at - time.time() <= 62


@pytest.mark.parametrize("variant", VARIANTS["server_error"])
def test_server_error(variant: str):
    assert befallen("server_error", variant)[0] == int(variant)


def test_truncate():
    said = befallen("truncate", "length")[1]
    assert said["choices"][0]["finish_reason"] == "length"
    assert GOOD.startswith(content(said))
    assert len(content(said)) < len(GOOD)


def test_malformed():
    assert isinstance(befallen("malformed", "no JSON")[1], bytes)
    assert "choices" not in befallen("malformed", "no completion")[1]
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(content(befallen("malformed", "broken content")[1]))


def test_refuse():
    assert befallen("refuse", "refusal")[1]["choices"][0]["message"]["refusal"]
    said = befallen("refuse", "content filter")[1]
    assert said["choices"][0]["finish_reason"] == "content_filter"
    assert content(said) is None


def test_ignore_schema():
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(content(befallen("ignore_schema", "prose")[1]))
    assert json.loads(content(befallen("ignore_schema", "other JSON")[1])) != json.loads(GOOD)


def test_inject():
    assert json.loads(content(befallen("inject", "extra keys")[1])).items() >= json.loads(GOOD).items()
    assert content(befallen("inject", "words after it")[1]) == f"{GOOD}\n\n{ORDER}"
    changed = json.loads(content(befallen("inject", "words inside it")[1]))
    assert changed != json.loads(GOOD)
    assert ORDER in json.dumps(changed)


def test_every_fault_has_a_test_and_shows():
    for kind in FAULT_KINDS:
        assert f"test_{kind}" in globals()
    assert VARIANTS.keys() == set(FAULT_KINDS)


def test_plain_words_are_not_replaced_by_others():
    faults = Faults(first=("ignore_schema", "inject"))
    server = LocalServer(echo, faults=faults)
    with server.running() as url, Client(url) as client:
        assert [content(client.chat()[1]) for _ in range(2)] == ["HELLO", "HELLO"]
    assert [entry.misdeed for entry in server.log] == [None, None]


def test_faults_are_drawn_at_their_rates_and_again_the_same():
    faults = Faults(rate=0.05, seed=7)
    drawn = [faults.at(n) for n in range(20_000)]
    assert drawn == [Faults(rate=0.05, seed=7).at(n) for n in range(20_000)]
    assert drawn != [Faults(rate=0.05, seed=8).at(n) for n in range(20_000)]
    for kind in FAULT_KINDS:
        share = sum(misdeed is not None and misdeed.kind == kind for misdeed in drawn) / 20_000
        assert abs(share - 0.05) < 6.1 * (0.05 * 0.95 / 20_000) ** 0.5
    none = Faults(kinds=("drop",), rate=0.0, rates=(("refuse", 1.0),))
    assert {none.at(n).kind for n in range(100)} == {"refuse"}  # type: ignore
    assert Faults().at(0) is None


@pytest.mark.parametrize("wrong", [{"rate": 0.2}, {"rate": -0.1}, {"kinds": ("nonsense",)}, {"first": ("nonsense",)}])
def test_wrong_faults_are_refused(wrong: dict[str, Any]):
    with pytest.raises(ScmError, match="wanted"):
        Faults(**wrong)


# --- the server as a whole


def test_many_connections_at_once():
    async def ask(url: str, n: int) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port or 0)
        data = json.dumps(body(f"hello {n}")).encode()
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        reply = await reader.read()
        writer.close()
        return json.loads(reply.partition(b"\r\n\r\n")[2])["choices"][0]["message"]["content"]

    async def main() -> None:
        async def slow(request: ServedRequest) -> str:
            await asyncio.sleep(0.01)
            return echo(request)

        async with LocalServer(slow) as server:
            said = await asyncio.gather(*(ask(server.url, n) for n in range(200)))
            assert said == [f"HELLO {n}" for n in range(200)]
            assert sorted(entry.number or 0 for entry in server.log) == list(range(200))
        with pytest.raises(ScmError, match="does not run"):
            _ = server.url

    asyncio.run(main())


def test_closing_ends_what_is_open():
    async def never(_: ServedRequest) -> str:
        await asyncio.sleep(3_600)
        return ""

    with LocalServer(never).running() as url:
        client = socket.create_connection(("127.0.0.1", urlsplit(url).port or 0))
        data = json.dumps(body()).encode()
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % len(data))
        client.sendall(data)
        time.sleep(0.05)
    with client:
        assert client.recv(1) == b""


def test_a_taken_port_is_told():
    with LocalServer(echo).running() as url:
        again = LocalServer(echo, port=urlsplit(url).port or 0)
        with pytest.raises(ScmError, match="Cannot listen"), again.running():
            pass


def test_the_message_is_what_is_logged():
    server = LocalServer(lambda _: "ok", key=KEY)
    with server.running() as url, Client(url, KEY) as client:
        client.chat("what is asked")
    assert [entry.asked for entry in server.log] == ["what is asked"]
    assert KEY not in repr(server.log) + repr(Message("user", "x"))
