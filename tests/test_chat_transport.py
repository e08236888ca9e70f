"""Requests over connections of our own: every way in which a response may come, and in which none does."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import shutil
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import pytest

from llm_bridge._chat import _connections, _transport
from llm_bridge._chat._failures import ChatFailure, Unreachable
from llm_bridge._chat._openai import OpenAIChat
from llm_bridge._chat._server import LocalServer
from llm_bridge._chat._types import ChatRequest, Message

from .raw_endpoint import SILENCE, RawEndpoint, Sent, completion, http

OK = http(200, {"said": "yes"})
PLAIN = ChatRequest((Message("user", "?"),), "direct")


def exchanged(
    *replies: Sent, times: int = 1, between: Callable[[], Awaitable[object]] | None = None, most: int = 4
) -> tuple[list[str], RawEndpoint]:
    """What comes of some requests one after another: the body, or the name of the failure and its words."""

    async def run() -> tuple[list[str], RawEndpoint]:
        found = list[str]()
        transport = _transport.Transport(ssl.create_default_context(), most)
        async with RawEndpoint(*replies) as raw, httpx2.AsyncClient(transport=transport, timeout=2.0) as client:
            for number in range(times):
                if number and between:
                    await between()
                try:
                    found.append((await client.post(f"{raw.url}/x", json={"a": number})).text)
                except httpx2.TransportError as wrong:
                    found.append(f"{type(wrong).__name__}: {wrong}")
            return found, raw

    return asyncio.run(run())


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode()


BODY = '{"said": "yes"}'
SHAPES = {
    "of a stated length": OK.content,
    "in chunks": head("transfer-encoding: chunked") + b'6\r\n{"said\r\n9;x=1\r\n": "yes"}\r\n0\r\n\r\n',
    "packed": head(f"content-length: {len(gzip.compress(BODY.encode(), mtime=0))}", "content-encoding: gzip")
    + gzip.compress(BODY.encode(), mtime=0),
    "after a hint": b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + OK.content,
}


@pytest.mark.parametrize("content", SHAPES.values(), ids=SHAPES)
def test_a_response_in_every_shape(content):
    found, raw = exchanged(Sent(content), times=3)
    assert found == [BODY] * 3
    assert raw.connections == 1
    assert [heard.body for heard in raw.heard] == [{"a": 0}, {"a": 1}, {"a": 2}]


LAST = {
    "until the connection closes": Sent(head() + BODY.encode(), close=True),
    "by HTTP/1.0": Sent(b"HTTP/1.0 200 OK\r\n\r\n" + BODY.encode(), close=True),
    "the last on its connection": Sent(OK.content.replace(b"content-type", b"connection: close\r\ncontent-type")),
    "with more behind it than was asked for": Sent(OK.content + http(200, "no").content),
}


@pytest.mark.parametrize("sent", LAST.values(), ids=LAST)
def test_a_connection_that_is_of_no_further_use_is_not_used_again(sent):
    found, raw = exchanged(sent, times=3)
    assert found == [BODY] * 3
    assert raw.connections == 3


NONE = {
    "nothing": (Sent(b"", close=True), "RemoteProtocolError: Server disconnected without sending a response."),
    "half a head": (Sent(b"HTTP/1.1 200 OK\r\ncont", close=True), "RemoteProtocolError"),
    "half a body": (Sent(head("content-length: 99") + b"{", close=True), "RemoteProtocolError: peer closed"),
    "half of the chunks": (Sent(head("transfer-encoding: chunked") + b"6\r\n{", close=True), "RemoteProtocolError"),
    "another protocol": (Sent(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "RemoteProtocolError"),
    "a change of protocol": (
        Sent(b"HTTP/1.1 101 Now\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
        "RemoteProtocolError",
    ),
    "a head without end": (Sent(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 200_000), "RemoteProtocolError"),
}


@pytest.mark.parametrize(("sent", "words"), NONE.values(), ids=NONE)
def test_no_response(sent, words):
    """The next request is on a connection of its own, and none the worse."""
    (failed, after), raw = exchanged(sent, OK, times=2)
    assert failed.startswith(words)
    assert after == BODY
    assert raw.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_is_not_used():
    found, raw = exchanged(Sent(OK.content, close=True), times=3, between=lambda: asyncio.sleep(0.02))
    assert found == [BODY] * 3
    assert raw.connections == 3


def test_a_connection_that_waited_long_is_not_used(monkeypatch):
    monkeypatch.setattr(_transport, "_KEPT", 0.05)
    found, raw = exchanged(OK, times=2, between=lambda: asyncio.sleep(0.1))
    assert found == [BODY] * 2
    assert raw.connections == 2


def test_what_comes_without_a_request_answers_none():
    async def run() -> list[str]:
        async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.readuntil(b"}")
                writer.write(OK.content)
                await asyncio.sleep(0.02)
                writer.write(http(200, {"said": "no"}).content)
                await reader.read()
            finally:
                writer.transport.abort()

        async with await asyncio.start_server(late, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            transport = _transport.Transport(ssl.create_default_context(), 1)
            async with httpx2.AsyncClient(transport=transport, timeout=2.0) as client:
                found = [(await client.post(url, json={})).text]
                await asyncio.sleep(0.06)
                return [*found, (await client.post(url, json={})).text]

    assert asyncio.run(run()) == [BODY, BODY]


def test_one_that_is_given_up_takes_its_connection_with_it():
    async def run() -> tuple[str, int]:
        transport = _transport.Transport(ssl.create_default_context(), 1)
        async with RawEndpoint(SILENCE, OK) as raw, httpx2.AsyncClient(transport=transport, timeout=2.0) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.post(raw.url, json={})
            return (await client.post(raw.url, json={})).text, raw.connections

    assert asyncio.run(run()) == (BODY, 2)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    file = tmp_path / "c.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", f"{file}", "-out", f"{tmp_path / 'only.pem'}"]
    subprocess.run(command, check=True, capture_output=True)
    file.write_text(file.read_text() + (tmp_path / "only.pem").read_text())
    return file


def test_a_secure_connection_is_made_to_whom_the_certificate_names_and_to_nobody_else(certificate: Path, monkeypatch):
    async def run() -> tuple[list[str], int, ChatFailure]:
        served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        served.load_cert_chain(certificate)
        trusted = ssl.create_default_context(cafile=certificate.with_name("only.pem"))
        monkeypatch.setattr(_connections, "_certificates", lambda: trusted)
        connections = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            with contextlib.suppress(asyncio.IncompleteReadError):
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
                    length = next(line for line in head if line.startswith(b"content-length"))
                    await reader.readexactly(int(length.split(b":")[1]))
                    writer.write(completion("yes").content)
            writer.transport.abort()

        async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=served) as server:
            port = server.sockets[0].getsockname()[1]
            async with OpenAIChat("m", base_url=f"https://localhost:{port}/v1", api_key="k") as chat:
                said = [(await chat.complete(PLAIN)).text for _ in range(3)]
            async with OpenAIChat("m", base_url=f"https://127.0.0.1:{port}/v1", api_key="k") as chat:
                with pytest.raises(Unreachable) as caught:
                    await chat.complete(PLAIN)
            await asyncio.sleep(0.05)
            return said, connections, caught.value

    said, connections, failure = asyncio.run(run())
    assert (said, connections) == (["yes"] * 3, 1)
    assert "No secure connection to 127.0.0.1" in str(failure)


def test_a_proxy_is_not_passed_by(monkeypatch):
    """Where one may lead to an endpoint, the client's own way is taken; to this machine none does."""
    elsewhere, here = (
        _connections.Connections(OpenAIChat("m", base_url=url).endpoint, 1.0, 1)
        for url in ("http://models.example/v1", "http://127.0.0.1:9/v1")
    )
    assert elsewhere._through_a_proxy()
    assert not here._through_a_proxy()
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert not elsewhere._through_a_proxy()
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert elsewhere._through_a_proxy()


def test_many_share_few_connections():
    async def run() -> tuple[set[str], int]:
        async with LocalServer(lambda _: "yes", models=()) as server:
            async with OpenAIChat("m", base_url=server.url, max_connections=3) as chat:
                replies = await asyncio.gather(*(chat.complete(PLAIN) for _ in range(60)))
            return {reply.text for reply in replies}, len(server.log)

    assert asyncio.run(run()) == ({"yes"}, 60)
