"""A local HTTP server that speaks like OpenAI's: for recorded replies, and for tests of all that can go wrong.

It serves `POST /v1/chat/completions`, `POST /v1/responses` and `GET /v1/models`, keeps connections alive, and
misbehaves on demand. It does not stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import threading
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import Self

import h11

from scm import ScmError

from ._server_answer import Answerer as Answerer
from ._server_answer import answered
from ._server_faults import Faults as Faults
from ._server_faults import Misdeed as Misdeed
from ._server_faults import Wire, altered, applies, instead, json_wire, spoilt
from ._server_wire import Api, WrongRequest, error_body, model_body, models_body, reply_body, request_of
from ._server_wire import ServedRequest as ServedRequest
from ._types import ChatModel

MAX_BODY = 20_000_000
"""Most bytes of a request's body."""

_PATHS: dict[str, Api] = {"/v1/chat/completions": "chat", "/v1/responses": "responses"}
_SECRET = frozenset({"authorization", "api-key", "x-api-key", "cookie", "proxy-authorization"})
_INVALID = "invalid_request_error"


@dataclass(frozen=True, slots=True)
class Served:
    """What the server did with one request.

    Attributes:
        path: what was asked for.
        status: of the reply; what it would have been where the connection was dropped.
        number: the request's place among those put to the model, from 0; None where it was turned away before.
        misdeed: the fault that befell it; None where it was answered as it should be.
        asked: the last message.
    """

    path: str
    status: int
    number: int | None = None
    misdeed: Misdeed | None = None
    asked: str = ""


@dataclass(frozen=True, slots=True)
class _Heard:
    """A whole HTTP request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class LocalServer:
    """An OpenAI-compatible endpoint on this machine.

    Use it as `async with LocalServer(answer) as server`, or from code that is not asynchronous as
    `with LocalServer(answer).running() as url`, which serves from a thread.

    Args:
        answer: what replies: a function of the request, or a ChatModel.
        faults: how it misbehaves.
        models: the names it serves; any other is a 404. Empty serves every name.
        key: the key that it wants; None takes any, and none.
        host: the address to listen on; only this machine's own by default.
        port: 0 takes a free one.
        keep: most entries of `log`; the oldest go first.
    """

    def __init__(
        self,
        answer: Answerer | ChatModel,
        *,
        faults: Faults = Faults(),  # noqa: B008 - a frozen value
        models: tuple[str, ...] = ("recorded",),
        key: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        keep: int = 100_000,
    ) -> None:
        self.faults = faults
        self.models = models
        self._answer = answer
        self._key = key
        self._address = host, port
        self._log: deque[Served] = deque(maxlen=keep)
        self._count = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The base address, as an OpenAI client wants it.

        Raises:
            ScmError: the server does not run.
        """
        if self._server is None:
            raise ScmError("The server does not run. Use `async with` it, or `with server.running() as url`.")
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"

    @property
    def log(self) -> tuple[Served, ...]:
        """What was done with each request, in the order in which the replies were known."""
        return tuple(self._log)

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(self._connection, *self._address, backlog=1_024)
        except OSError as wrong:
            host, port = self._address
            raise ScmError(
                f"Cannot listen on {host}, port {port}: {wrong.strerror}. Port 0 takes a free one."
            ) from None
        return self

    async def __aexit__(self, *_: object) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in (open_now := tuple(self._connections)):
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)
        await server.wait_closed()

    @contextlib.contextmanager
    def running(self) -> Generator[str]:
        """Serve from a thread, for code that is not asynchronous; gives the base address."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="local server", daemon=True)
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self.__aenter__(), loop).result()
            try:
                yield self.url
            finally:
                asyncio.run_coroutine_threadsafe(self.__aexit__(), loop).result()
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    # --- connections

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        http = h11.Connection(h11.SERVER)
        try:
            while await self._exchange(http, reader, writer):
                http.start_next_cycle()
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or the server is closing
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(self, http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its reply; whether the connection can carry another."""
        try:
            heard = await _heard(http, reader, writer)
        except h11.RemoteProtocolError as wrong:
            http, heard = h11.Connection(h11.SERVER), None  # in the state that `wrong` left, nothing can be sent
            wire = json_wire(wrong.error_status_hint, error_body("That is no HTTP request.", _INVALID))
            writer.write(_bytes(http, wire, ("connection", "close")))
            return False
        if heard is None:
            return False
        wire, note = await self._replied(heard)
        self._log.append(note)
        if wire.cut == "before":
            writer.transport.abort()
            return False
        content = _bytes(http, wire)
        writer.write(content[: len(content) - len(wire.body) // 2 - 1] if wire.cut == "inside" else content)
        await writer.drain()
        return wire.cut == "no" and http.our_state is h11.DONE and http.their_state is h11.DONE

    # --- requests

    async def _replied(self, heard: _Heard) -> tuple[Wire, Served]:
        turned_away = self._turned_away(heard)
        if turned_away is not None:
            return turned_away, Served(heard.path, turned_away.status)
        headers = {name: value for name, value in heard.headers.items() if name not in _SECRET}
        try:
            request = request_of(_PATHS[heard.path], heard.body, headers)
        except WrongRequest as wrong:
            wire = json_wire(400, error_body(str(wrong), _INVALID, wrong.param))
            return wire, Served(heard.path, 400)
        if self.models and request.model not in self.models:
            return _no_model(request.model), Served(heard.path, 404)
        number, self._count = self._count, self._count + 1
        misdeed = self.faults.at(number)
        if misdeed is not None and not applies(misdeed, request):
            misdeed = None
        wire = await self._completed(request, number, misdeed)
        return wire, Served(heard.path, wire.status, number, misdeed, request.messages[-1].content)

    def _turned_away(self, heard: _Heard) -> Wire | None:
        """The reply to what needs no model: a wrong key, the list of models, an address that is not served."""
        if self._key is not None and not _same(heard.headers.get("authorization", ""), f"Bearer {self._key}"):
            said = "Incorrect API key provided." if "authorization" in heard.headers else "No API key provided."
            return json_wire(401, error_body(said, _INVALID, code="invalid_api_key"))
        listing, _, model = heard.path.partition("/v1/models")
        if heard.method == "GET" and not listing and heard.path.startswith("/v1/models"):
            return self._models(model.strip("/"))
        if heard.path not in _PATHS:
            return json_wire(404, error_body(f"Unknown request URL: {heard.method} {heard.path[:200]}.", _INVALID))
        if heard.method != "POST":
            return json_wire(405, error_body(f"Not allowed: {heard.method}. Use POST.", _INVALID), (("allow", "POST"),))
        if len(heard.body) > MAX_BODY:
            return json_wire(413, error_body(f"The body has more than {MAX_BODY:,} bytes.", _INVALID))
        return None

    def _models(self, name: str) -> Wire:
        if not name:
            return json_wire(200, models_body(self.models))
        return json_wire(200, model_body(name)) if not self.models or name in self.models else _no_model(name)

    async def _completed(self, request: ServedRequest, number: int, misdeed: Misdeed | None) -> Wire:
        said = None if misdeed is None else instead(misdeed, self.faults)
        if said is None:
            try:
                said = await answered(self._answer, request)
            except Exception as wrong:  # whatever it is, a client must get a reply
                told = f"The answer could not be worked out: {type(wrong).__name__}."
                return json_wire(500, error_body(told, "server_error"))
        if misdeed is not None and misdeed.kind == "delay":
            await asyncio.sleep(self.faults.delay)
        if isinstance(said, Wire):
            return said
        if misdeed is not None:
            said = altered(misdeed, said, number)
        wire = json_wire(200, reply_body(request, said, number))
        return wire if misdeed is None else spoilt(misdeed, wire)


def _no_model(name: str) -> Wire:
    said = f"The model `{name[:200]}` does not exist or you do not have access to it."
    return json_wire(404, error_body(said, _INVALID, code="model_not_found"))


def _same(got: str, wanted: str) -> bool:
    return hmac.compare_digest(got.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))


async def _heard(http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> _Heard | None:
    """The next whole request; None where the client has closed the connection."""
    head: h11.Request | None = None
    body: list[bytes] = []
    size = 0
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            if http.they_are_waiting_for_100_continue:
                writer.write(http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            http.receive_data(await reader.read(1 << 16))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            size += len(event.data)
            if size <= MAX_BODY or not body:  # the rest is read and dropped; one piece too many tells of it
                body.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            path = head.target.decode("latin-1").partition("?")[0]
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
            return _Heard(head.method.decode("latin-1"), path, headers, b"".join(body))
        else:
            return None


def _bytes(http: h11.Connection, wire: Wire, *more: tuple[str, str]) -> bytes:
    """The whole reply."""
    headers = {"content-type": "application/json", "content-length": str(len(wire.body))} | dict((*wire.headers, *more))
    parts = (
        http.send(h11.Response(status_code=wire.status, headers=list(headers.items()))),
        http.send(h11.Data(data=wire.body)),
        http.send(h11.EndOfMessage()),
    )
    return b"".join(part for part in parts if part)
