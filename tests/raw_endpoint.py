"""An endpoint that sends exactly the bytes it is told to: for replies that no decent server would send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self


class Heard(NamedTuple):
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Sent(NamedTuple):
    """Bytes, and whether the connection is then closed; no bytes and not closed is silence."""

    content: bytes
    close: bool = False


SILENCE = Sent(b"")


def http(status: int, body: object = b"", headers: Mapping[str, str] | None = None) -> Sent:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(content)}", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return Sent("\r\n".join([*lines, "", ""]).encode() + content)


def completion(text: object, finish: object = "stop", **message: object) -> Sent:
    said = {"role": "assistant", "content": text, **message}
    return http(
        200,
        {
            "object": "chat.completion",
            "model": "m-2026",
            "choices": [{"index": 0, "finish_reason": finish, "message": said}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 7},
        },
    )


def error(status: int, message: object, headers: Mapping[str, str] | None = None, **parts: object) -> Sent:
    return http(status, {"error": {"message": message, **parts}}, headers)


class RawEndpoint:
    """Replies with each of `replies` in turn, and then with the last again; or with what a function says."""

    def __init__(self, *replies: Sent, by: Callable[[Heard], Sent] | None = None) -> None:
        self.heard: list[Heard] = []
        self.connections = 0
        self.open = 0
        self._replies = replies
        self._by = by

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        heard = Heard(head[0].split(" ")[1], headers, json.loads(content) if content else {})
        sent = self._by(heard) if self._by else self._replies[min(len(self.heard), len(self._replies) - 1)]
        self.heard.append(heard)
        writer.write(sent.content)
        await writer.drain()
        return not sent.close
