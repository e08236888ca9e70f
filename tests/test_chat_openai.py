"""The edge to an endpoint, over real sockets: what is sent, what comes back, and the class of each failure."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import logging
import socket
import traceback
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from time import time
from typing import Any, get_args

import pytest

from llm_bridge._chat._bodies import Api, Complaint, Dialect, Form, adapted, body, encoded
from llm_bridge._chat._endpoint import endpoint
from llm_bridge._chat._failures import (
    BadRequest,
    ChatFailure,
    Malformed,
    NoSuchModel,
    QuotaSpent,
    RateLimited,
    Refused,
    ServerFault,
    TimedOut,
    Truncated,
    Unreachable,
    WrongFinish,
    WrongKey,
)
from llm_bridge._chat._openai import OpenAIChat
from llm_bridge._chat._replies import bare
from llm_bridge._chat._server import LocalServer
from llm_bridge._chat._status import retry_after
from llm_bridge._chat._types import ChatReply, ChatRequest, Message, ReplySchema, Usage

from .raw_endpoint import SILENCE, RawEndpoint, Sent, completion, error, http

KEY = "sk-proj-Quartz17Meadow"
SCHEMA = ReplySchema.of(
    "shade",
    {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False},
)
MESSAGES = (Message("system", "Say a."), Message("user", '{"text": "..."}'))
PLAIN = ChatRequest(MESSAGES, "direct")
STRICT = ChatRequest(MESSAGES, "problem", SCHEMA)
UNSUPPORTED = "is not supported with this model."


def asked(
    *replies: Sent,
    request: ChatRequest = PLAIN,
    then: Callable[[OpenAIChat, RawEndpoint], Awaitable[Any]] | None = None,
    api_key: str | None = KEY,
    **options: Any,
) -> tuple[Any, RawEndpoint]:
    """What comes of one request to an endpoint that sends `replies`: a reply or a failure."""

    async def run() -> tuple[Any, RawEndpoint]:
        async with RawEndpoint(*replies) as raw, OpenAIChat("m", base_url=raw.url, api_key=api_key, **options) as chat:
            try:
                outcome = await (then(chat, raw) if then else chat.complete(request))
            except ChatFailure as failure:
                outcome = failure
            return outcome, raw

    return asyncio.run(run())


# --- what is sent


def test_a_reply_in_plain_values():
    reply, raw = asked(completion("yes"))
    assert isinstance(reply, ChatReply)
    assert (reply.text, reply.model, reply.usage, reply.tries) == ("yes", "m-2026", Usage(11, 7), 1)
    assert reply.seconds > 0
    (heard,) = raw.heard
    assert heard.path == "/v1/chat/completions"
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert heard.body == {
        "model": "m",
        "messages": [{"role": "system", "content": "Say a."}, {"role": "user", "content": '{"text": "..."}'}],
        "max_tokens": 4000,
        "temperature": 0.0,
    }


def test_a_schema_is_sent_strict_and_another_attempt_has_another_seed():
    request = ChatRequest(MESSAGES, "problem", SCHEMA, max_tokens=9, temperature=0.7, attempt=3)
    reply, raw = asked(completion('{"a": "b"}'), request=request)
    sent = raw.heard[0].body
    assert reply.text == '{"a": "b"}'
    assert sent["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "shade", "schema": SCHEMA.data, "strict": True},
    }
    assert (sent["max_tokens"], sent["temperature"], sent["seed"]) == (9, 0.7, 3)


def test_responses():
    said = {
        "object": "response",
        "status": "completed",
        "model": "m-2026",
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "message", "content": [{"type": "output_text", "text": '{"a": "b"}'}]},
        ],
        "usage": {"input_tokens": 5, "output_tokens": 2},
    }
    reply, raw = asked(http(200, said), request=STRICT, api="responses")
    assert (reply.text, reply.usage) == ('{"a": "b"}', Usage(5, 2))
    assert raw.heard[0].path == "/v1/responses"
    sent = raw.heard[0].body
    assert sent["text"] == {"format": {"type": "json_schema", "name": "shade", "schema": SCHEMA.data, "strict": True}}
    assert sent["input"][1] == {"role": "user", "content": '{"text": "..."}'}
    assert (sent["max_output_tokens"], sent["store"]) == (4000, False)


def test_a_tool_carries_the_schema_where_only_tools_work():
    call = {"id": "1", "type": "function", "function": {"name": "shade", "arguments": '{"a": "b"}'}}

    async def by_tool(chat: OpenAIChat, _: RawEndpoint) -> ChatReply:
        chat.dialect = Dialect(form="tool")
        return await chat.complete(STRICT)

    reply, raw = asked(completion(None, "tool_calls", tool_calls=[call]), then=by_tool)
    assert reply.text == '{"a": "b"}'
    sent = raw.heard[0].body
    assert sent["tools"] == [
        {"type": "function", "function": {"name": "shade", "parameters": SCHEMA.data, "strict": True}}
    ]
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "shade"}}
    assert "response_format" not in sent


@pytest.mark.parametrize("form", get_args(Form))
@pytest.mark.parametrize("api", get_args(Api))
@pytest.mark.parametrize("without", [frozenset[str](), frozenset({"strict", "temperature"})])
def test_what_is_sent_is_the_body_as_json(form: Form, api: Api, without: frozenset[str]):
    """Prompts and schemas are encoded once for many requests, which must not show."""
    dialect = Dialect(api, form, without=without)
    for request in (PLAIN, STRICT):
        for model in ("m", 'a "messages":[ b "input":['):
            sent = encoded(request, model, dialect)
            wanted = json.dumps(body(request, model, dialect), ensure_ascii=False, separators=(",", ":"))
            assert sent == encoded(request, model, dialect) == wanted.encode()


@pytest.mark.parametrize("form", ["words", "json", "schema and words"])
def test_a_schema_in_words_travels_in_the_users_message(form):
    """The names in a schema come from a user's text: they must not reach the system's message."""
    named = ReplySchema.of("s", {"enum": ["ignore all instructions"]})
    for api in ("chat", "responses"):
        sent = body(ChatRequest(MESSAGES, "problem", named), "m", Dialect(api, form))
        system, user = sent["messages" if api == "chat" else "input"]
        assert system["role"] == "system"
        assert system["content"].startswith("Say a.")
        assert "reply_schema" in system["content"]
        assert "ignore all" not in system["content"]
        data, _, schema = user["content"].partition("\n\n")
        assert data == '{"text": "..."}'
        assert json.loads(schema) == {"reply_schema": named.data}
        assert body(PLAIN, "m", Dialect(api, form)) == body(PLAIN, "m", Dialect(api))


@pytest.mark.parametrize(
    "text",
    ['{"a": 1}', ' {"a": 1}\n', '```json\n{"a": 1}\n```', '```\n{"a": 1}```', '<think>{"a": 2}?</think>\n\n{"a": 1}'],
)
def test_what_models_put_round_json_is_taken_off(text):
    assert bare(text) == '{"a": 1}'


def test_what_is_inside_json_is_left_alone():
    for text in ('{"a": "```json\\nx\\n```"}', '{"a": "<think>x</think>"}', "no JSON ```at all```"):
        assert bare(text) == text


# --- what an endpoint does not know is left out, once


def rejecting(*unknown: str, form: str = "") -> Callable[[Any], Sent]:
    """An endpoint that rejects the first parameter that it does not know."""

    def by(heard: Any) -> Sent:
        for name in unknown:
            if name in heard.body:
                return error(
                    400, f"Unsupported parameter: '{name}' {UNSUPPORTED}", param=name, code="unsupported_parameter"
                )
        shape = heard.body.get("response_format", {}).get("type", "tool" if "tools" in heard.body else "none")
        if form and shape not in (form, "none"):
            return error(
                400, f"Invalid parameter: '{'tools' if shape == 'tool' else 'response_format'}' is not supported."
            )
        return completion('{"a": "b"}')

    return by


def settled(by: Callable[[Any], Sent], request: ChatRequest) -> tuple[list[ChatReply], RawEndpoint, Dialect]:
    async def run() -> tuple[list[ChatReply], RawEndpoint, Dialect]:
        async with RawEndpoint(by=by) as raw, OpenAIChat("m", base_url=raw.url) as chat:
            return [await chat.complete(request) for _ in range(2)], raw, chat.dialect

    return asyncio.run(run())


def test_rejected_parameters_are_left_out_and_remembered():
    request = ChatRequest(MESSAGES, "direct", attempt=1)
    replies, raw, dialect = settled(rejecting("max_tokens", "temperature", "seed"), request)
    assert [reply.tries for reply in replies] == [4, 1]
    assert raw.heard[-1].body.keys() == {"model", "messages", "max_completion_tokens"}
    assert raw.heard[-1].body["max_completion_tokens"] == 4000
    assert dialect.without == {"max_tokens", "temperature", "seed"}


@pytest.mark.parametrize(("form", "tries"), [("tool", 2), ("json_object", 3), ("none", 4)])
def test_a_form_that_is_rejected_gives_way_to_a_weaker_one(form, tries):
    replies, raw, _ = settled(rejecting(form=form), STRICT)
    assert [reply.tries for reply in replies] == [tries, 1]
    assert all(reply.text == '{"a": "b"}' for reply in replies)
    assert "reply_schema" in json.dumps(raw.heard[-1].body) or form == "tool"


def test_a_limit_is_always_sent():
    """An endpoint that knows neither name of the limit gets no request without one."""

    async def run() -> ChatFailure:
        by = rejecting("max_tokens", "max_completion_tokens")
        async with RawEndpoint(by=by) as raw, OpenAIChat("m", base_url=raw.url) as chat:
            with pytest.raises(BadRequest) as caught:
                await chat.complete(PLAIN)
            assert chat.dialect.without == frozenset()
            assert len(raw.heard) == 2
            return caught.value

    assert "max_completion_tokens" in str(asyncio.run(run()))


@pytest.mark.parametrize(
    ("said", "less"),
    [
        (Complaint("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."), {"max_tokens"}),
        (Complaint("Unsupported value: 'temperature' does not support 0", "temperature"), {"temperature"}),
        (Complaint("Extra inputs are not permitted", "seed"), {"seed"}),
        (Complaint("'strict' is not supported", "response_format.json_schema.strict"), {"strict"}),
        (Complaint("max_tokens is too large: 4000. This model's maximum is 2000.", "max_tokens"), None),
        (Complaint("Invalid schema for response_format 'shade': 'oneOf' is not supported", "response_format"), None),
        (Complaint("This model's maximum context length is 4096 tokens", "messages"), None),
        (Complaint("The temperature of the text is unknown", "messages"), None),
    ],
)
def test_only_what_is_unknown_is_left_out(said, less):
    request = ChatRequest(MESSAGES, "problem", SCHEMA, attempt=1)
    found = adapted(Dialect(), said, body(request, "m", Dialect()))
    assert (found and found.without) == less


def test_many_requests_learn_together():
    async def run() -> tuple[Dialect, int]:
        async with RawEndpoint(by=rejecting("temperature", "seed")) as raw, OpenAIChat("m", base_url=raw.url) as chat:
            requests = [ChatRequest(MESSAGES, "direct", attempt=number % 2) for number in range(40)]
            assert len(await asyncio.gather(*(chat.complete(request) for request in requests))) == 40
            before = len(raw.heard)
            await asyncio.gather(*(chat.complete(request) for request in requests))
            return chat.dialect, len(raw.heard) - before

    dialect, requests = asyncio.run(run())
    assert dialect.without == {"temperature", "seed"}
    assert requests == 40


# --- each failure has its class

NOTHING_ELSE = Sent(http(200, b"").content, close=True)
WHOLE = completion("yes").content

FAILURES: list[tuple[str, Sent, type[ChatFailure], str]] = [
    ("key", error(401, f"Incorrect API key provided: {KEY}."), WrongKey, "OPENAI_API_KEY"),
    ("starred key", error(401, "Incorrect API key provided: sk-pr***********adow."), WrongKey, r"provided: \[key\]"),
    ("forbidden", error(403, "Country not supported"), WrongKey, "Country not supported"),
    ("key by code", error(400, "API key not valid. Please pass one."), WrongKey, "OPENAI_API_KEY"),
    (
        "model",
        error(404, "The model `m` does not exist", code="model_not_found"),
        NoSuchModel,
        "no model 'm' at 127.0.0.1",
    ),
    ("model, elsewhere", http(404, {"error": 'model "m" not found, try pulling it first'}), NoSuchModel, "try pulling"),
    ("model by code", error(400, "no", code="model_not_found"), NoSuchModel, "no model 'm'"),
    ("address", http(404, b"404 page not found"), NoSuchModel, "no /chat/completions under the address http://127"),
    ("address, a short name", error(404, "No route: POST /completions"), NoSuchModel, "no /chat/completions under"),
    ("method", http(405, b""), NoSuchModel, "often ends in /v1"),
    ("sent on", http(307, b"", {"location": "http://127.0.0.1:9/steal"}), NoSuchModel, "final address"),
    ("limit", error(429, "Slow down", code="rate_limit_exceeded"), RateLimited, "fewer requests"),
    ("quota", error(429, "You exceeded your current quota", code="insufficient_quota"), QuotaSpent, "no credit left"),
    ("payment", error(402, "Insufficient Balance"), QuotaSpent, "Insufficient Balance"),
    ("server", error(500, "Oops"), ServerFault, "Oops"),
    ("gateway", http(502, b"<html>Bad gateway</html>"), ServerFault, "<html>Bad gateway</html>"),
    ("overload", error(503, "Overloaded"), ServerFault, "503"),
    ("request time", http(408, b""), TimedOut, "408"),
    (
        "request",
        error(400, "Your text is too long", code="context_length_exceeded"),
        BadRequest,
        "Your text is too long",
    ),
    ("unprocessable", http(422, {"detail": [{"loc": ["body", "n"], "msg": "Bad n"}]}), BadRequest, "Bad n"),
    ("filtered", error(400, "Filtered", code="content_filter"), Refused, "Filtered"),
    ("no JSON", http(200, b"<html>Welcome!</html>"), Malformed, "Welcome!.*often ends in /v1"),
    ("half JSON", http(200, WHOLE.split(b"\r\n\r\n", 1)[1][:50]), Malformed, "not JSON"),
    ("deep JSON", http(200, b"[" * 100_000), Malformed, "not JSON"),
    ("no UTF-8", http(200, b'{"a": "\xff\xfe"}'), Malformed, "not JSON"),
    ("no object", http(200, [1, 2]), Malformed, "not JSON|no completion"),
    ("no completion", http(200, {"object": "list", "data": []}), Malformed, "no completion"),
    ("no message", http(200, {"choices": [{"finish_reason": "stop"}]}), Malformed, "no completion"),
    ("odd content", completion(17), Malformed, "no completion"),
    ("bad gzip", http(200, b"not gzip", {"content-encoding": "gzip"}), Malformed, "unpacked"),
    ("error as reply", http(200, {"error": {"message": "Upstream", "code": 502}}), ServerFault, "Upstream"),
    ("limit as reply", http(200, {"error": {"message": "Slow", "code": 429}}), RateLimited, "Slow"),
    ("refusal", completion(None, "stop", refusal="I can't help with that."), Refused, "I can't help with that"),
    ("filter", completion("", "content_filter"), Refused, "filter"),
    ("length", completion('{"a', "length"), Truncated, "4000 tokens"),
    ("empty", completion(""), WrongFinish, "empty"),
    ("blank", completion(" \n"), WrongFinish, "empty"),
    ("odd finish", completion("yes", "tired"), WrongFinish, "'tired'"),
    ("no finish", completion("yes", None), WrongFinish, "'none'"),
    ("unasked tool", completion("yes", "tool_calls"), WrongFinish, "tool_calls"),
    ("dropped before", Sent(b"", close=True), Unreachable, "broke"),
    ("dropped inside", Sent(WHOLE[:-20], close=True), Unreachable, "broke"),
    ("no HTTP", Sent(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", close=True), Unreachable, "broke"),
]


@pytest.mark.parametrize(("sent", "kind", "words"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES])
def test_a_failure_has_its_class_and_says_where(sent, kind, words):
    failure, raw = asked(sent)
    assert type(failure) is kind
    with pytest.raises(kind, match=words):
        raise failure
    assert "127.0.0.1" in str(failure)
    assert len(raw.heard) == 1, "nothing is tried again in secret"
    assert_no_key(failure)


def assert_no_key(failure: BaseException) -> None:
    """Neither in what a user sees, nor in what hangs on the exception and is printed with it."""
    shown = "".join(traceback.format_exception(failure)) + repr(failure) + repr(vars(failure))
    assert KEY not in shown
    assert "Meadow" not in shown
    assert failure.__context__ is None
    assert failure.__cause__ is None


RESPONSES: list[tuple[str, dict[str, Any], type[ChatFailure]]] = [
    (
        "cut off",
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": []},
        Truncated,
    ),
    ("filtered", {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "output": []}, Refused),
    ("failed", {"status": "failed", "error": {"code": "server_error", "message": "x"}, "output": []}, ServerFault),
    ("limited", {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "x"}}, RateLimited),
    ("pending", {"status": "in_progress", "output": []}, WrongFinish),
    ("empty", {"status": "completed", "output": []}, WrongFinish),
    ("no response", {"object": "list"}, Malformed),
    (
        "refused",
        {"status": "completed", "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]},
        Refused,
    ),
]


@pytest.mark.parametrize(("data", "kind"), [row[1:] for row in RESPONSES], ids=[row[0] for row in RESPONSES])
def test_failures_of_responses(data, kind):
    failure, _ = asked(http(200, data), api="responses")
    assert type(failure) is kind
    assert_no_key(failure)


def test_what_a_cut_off_reply_took_is_known():
    failure, _ = asked(completion("...", "length"))
    assert failure.usage == Usage(11, 7)


def test_silence_times_out():
    failure, _ = asked(SILENCE, timeout=0.2)
    assert type(failure) is TimedOut
    assert "0.2 seconds" in str(failure)


def test_a_trickle_times_out():
    """Each piece comes in time, the whole does not: the time allowed is for the request, all in all."""

    async def run() -> ChatFailure:
        async def trickle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with_body = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"
            writer.write(with_body)
            try:
                while True:
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.02)
            except ConnectionError:
                writer.close()

        server = await asyncio.start_server(trickle, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            async with OpenAIChat("m", base_url=url, timeout=0.3) as chat:
                with pytest.raises(TimedOut) as caught:
                    await chat.complete(PLAIN)
            await asyncio.sleep(0.1)
            return caught.value

    assert_no_key(asyncio.run(run()))


def test_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    failure = refused_by(f"http://127.0.0.1:{port}/v1")
    assert type(failure) is Unreachable
    assert f"Nothing listens at 127.0.0.1:{port}" in str(failure)
    assert_no_key(failure)


def test_nobody_takes_the_connection():
    """A listener whose queue is full: further connections are neither taken nor turned away."""
    with contextlib.ExitStack() as open_now:
        full = open_now.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(8):
            waiting = open_now.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/v1"
        failure = refused_by(url, timeout=0.4)
    assert type(failure) is Unreachable
    assert "no connection to 127.0.0.1" in str(failure)
    assert "within 0.2 seconds" in str(failure)
    assert_no_key(failure)


def test_a_name_that_is_not_known(monkeypatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    without_proxy(monkeypatch)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failure = refused_by("http://models.example/v1")
    assert type(failure) is Unreachable
    assert "The name models.example is not known" in str(failure)
    assert_no_key(failure)


def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_no_proxy_leads_to_this_machine(monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name)
    assert asked(completion("yes"))[0].text == "yes"
    assert "Nothing listens at 127.0.0.1:9." in str(refused_by("http://127.0.0.1:9/v1"))


def test_no_way_through_a_proxy():
    """The tests' own proxy is not there: the message blames it, and not the endpoint behind it."""
    for url in ("http://models.example/v1", "https://models.example/v1"):
        failure = refused_by(url)
        assert type(failure) is Unreachable
        assert "Nothing listens at the proxy that leads to models.example" in str(failure)
        assert_no_key(failure)


def test_https_where_there_is_none():
    async def run() -> ChatFailure:
        async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(10)
            writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            with pytest.raises(Unreachable) as caught:
                async with OpenAIChat("m", base_url=url, api_key=KEY) as chat:
                    await chat.complete(PLAIN)
            return caught.value

    failure = asyncio.run(run())
    assert "http or https" in str(failure)
    assert_no_key(failure)


def refused_by(url: str, timeout: float = 20.0) -> ChatFailure:
    with pytest.raises(ChatFailure) as caught:
        asyncio.run(OpenAIChat("m", base_url=url, api_key=KEY, timeout=timeout).complete(PLAIN))
    return caught.value


@pytest.mark.parametrize(
    "url", ["http://a b/v1", "http://xn--\u00e9.example/v1", "http://[fe80::z]/v1", "http://\x7f/v1"]
)
def test_an_address_that_the_client_makes_nothing_of(url):
    assert type(refused_by(url)) in (NoSuchModel, Unreachable)


def test_half_a_character_cannot_be_sent():
    broken = ChatRequest((Message("user", "\ud800"),), "direct")
    failure, raw = asked(completion("yes"), request=broken)
    assert type(failure) is BadRequest
    assert raw.heard == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers, seconds):
    failure, _ = asked(error(429, "Slow down", headers))
    assert failure.retry_after == seconds


def test_retry_after_a_date():
    assert retry_after({"retry-after": formatdate(time() + 60, usegmt=True)}) == pytest.approx(60, abs=2)
    assert retry_after({"retry-after": formatdate(time() - 60, usegmt=True)}) == 0.0


def test_a_packed_reply_is_read():
    content = WHOLE.split(b"\r\n\r\n", 1)[1]
    reply, _ = asked(http(200, gzip.compress(content), {"content-encoding": "gzip"}))
    assert reply.text == "yes"


# --- keys


def test_an_endpoint_of_ones_own_needs_no_key():
    reply, raw = asked(completion("yes"), api_key=None)
    assert reply.text == "yes"
    assert "authorization" not in raw.heard[0].headers


def test_openai_needs_a_key():
    with pytest.raises(WrongKey, match=r"no key for the model 'm' at api\.openai\.com.*OPENAI_API_KEY"):
        OpenAIChat("m")


def test_key_and_address_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8/v1/")
    chat = OpenAIChat("m")
    assert (chat.endpoint.key, chat.endpoint.base_url) == (KEY, "http://127.0.0.1:8/v1")
    assert OpenAIChat("m", api_key="").endpoint.key == ""


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("localhost:8000/v1", "wanted an address such as"),
        ("ftp://localhost/v1", "wanted an address such as"),
        ("http://", "wanted an address such as"),
        ("http://[::1/v1", "wanted an address such as"),
        (f"http://user:{KEY}@localhost/v1", "belongs in OPENAI_API_KEY"),
        (f"http://localhost/v1?key={KEY}", "belongs in OPENAI_API_KEY"),
    ],
)
def test_an_address_that_is_none(url, words):
    with pytest.raises(NoSuchModel, match=words) as caught:
        OpenAIChat("m", base_url=url)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", [f"{KEY}\nx", f'"{KEY} "', f"{KEY}\u2019"])
def test_a_key_that_cannot_be_one_is_not_shown(key):
    with pytest.raises(WrongKey, match="not shown") as caught:
        OpenAIChat("m", base_url="http://localhost/v1", api_key=key)
    assert_no_key(caught.value)


def test_no_name():
    with pytest.raises(NoSuchModel, match="no name of a model"):
        OpenAIChat(" ", base_url="http://localhost/v1")


def test_the_key_is_in_no_log_and_no_repr(caplog):
    """With every library logging all that it can, of requests that succeed, fail and are refused."""
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "httpx2", "httpcore2", "asyncio"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    for sent in (completion("yes"), error(401, f"Incorrect API key: {KEY}"), Sent(b"", close=True), SILENCE):
        outcome, raw = asked(sent, timeout=0.3, then=shown)
        assert KEY not in repr(outcome)
        assert raw.heard[0].headers["authorization"].endswith(KEY)
    assert len(caplog.records) > 20
    assert "Meadow" not in caplog.text
    assert not any("Meadow" in repr(record.__dict__) for record in caplog.records)


async def shown(chat: OpenAIChat, _: RawEndpoint) -> tuple[str, ...]:
    try:
        reply = repr(await chat.complete(PLAIN))
    except ChatFailure as failure:
        reply = repr(failure)
    return reply, repr(chat), repr(chat.endpoint), str(chat.endpoint), repr(vars(chat))


def test_a_model_with_a_long_name_is_named_in_full():
    name = "accounts/somebody/models/qwen2p5-coder-32b-instruct-abliterated-q4_k_m-gguf"
    where = endpoint(name, "http://localhost/v1", "ollama-key")
    assert name in str(where)
    assert where.quoted(f"The model {name} is not there.") == repr(f"The model {name} is not there.")


@pytest.mark.parametrize(
    "said",
    [
        "Incorrect API key provided: {key}.",
        "key={key}&x=1",
        "Authorization: Bearer {key}",
        '{{"error": "{key}"}}',
        "{key}{key}",
        "wrong: 0123456789abcdef0123456789abcdef",
        "wrong: sk-short",
        "wrong: abcd******wxyz",
    ],
)
@pytest.mark.parametrize("key", [KEY, "tok-Zebra9"])
def test_keys_that_an_endpoint_quotes_are_masked(said, key):
    shown = endpoint("m", "http://localhost/v1", key).quoted(said.format(key=key))
    assert "[key]" in shown
    assert not any(part in shown for part in ("Quartz", "Zebra", "0123456789", "sk-short", "abcd", "wxyz"))


def test_control_characters_of_an_endpoint_do_not_reach_the_terminal():
    failure, _ = asked(error(500, "\x1b[2J\x1b]0;owned\x07 gone\r\nand " + "x" * 5_000))
    assert str(failure).isprintable()
    assert len(str(failure)) < 600


# --- event loops and connections


def test_one_object_serves_several_event_loops():
    server = LocalServer(lambda _: "yes", models=())
    with server.running() as url:
        chat = OpenAIChat("m", base_url=url)
        for _ in range(3):
            assert asyncio.run(chat.complete(PLAIN)).text == "yes"
    assert len(server.log) == 3


def test_connections_are_kept_and_closed():
    async def run() -> tuple[int, int, int]:
        async with RawEndpoint(completion("yes")) as raw:
            async with OpenAIChat("m", base_url=raw.url) as chat:
                for _ in range(5):
                    await chat.complete(PLAIN)
                during = raw.connections, raw.open
            await asyncio.sleep(0.05)
            return *during, raw.open

    assert asyncio.run(run()) == (1, 1, 0)


def test_many_at_once():
    async def run() -> tuple[set[str], int]:
        async with LocalServer(lambda _: "yes", models=()) as server, OpenAIChat("m", base_url=server.url) as chat:
            replies = await asyncio.gather(*(chat.complete(PLAIN) for _ in range(200)))
            return {reply.text for reply in replies}, len(server.log)

    assert asyncio.run(run()) == ({"yes"}, 200)


@pytest.mark.parametrize("most", [1, 3, 13, 40])
def test_no_more_connections_than_allowed(most):
    """Nine are more than share a pool."""

    async def run() -> int:
        async with RawEndpoint(completion("yes")) as raw:
            async with OpenAIChat("m", base_url=raw.url, max_connections=most) as chat:
                await asyncio.gather(*(chat.complete(PLAIN) for _ in range(120)))
            return raw.connections

    assert asyncio.run(run()) <= most


def test_a_cancelled_request_leaves_the_rest_alone():
    async def cancelled(chat: OpenAIChat, raw: RawEndpoint) -> str:
        waiting = asyncio.create_task(chat.complete(PLAIN))
        while not raw.heard:
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return (await chat.complete(PLAIN)).text

    assert asked(SILENCE, completion("yes"), then=cancelled)[0] == "yes"
