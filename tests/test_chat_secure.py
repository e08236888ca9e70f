"""Secure connections: to whom the certificate names, and to nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from llm_bridge._chat import _connections
from llm_bridge._chat._failures import ChatFailure, Unreachable
from llm_bridge._chat._openai import OpenAIChat
from llm_bridge._chat._types import ChatRequest, Message

from .raw_endpoint import completion

PLAIN = ChatRequest((Message("user", "?"),), "direct")


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
