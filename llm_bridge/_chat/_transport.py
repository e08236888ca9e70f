"""`Transport`: how the client's requests get to an endpoint, over HTTP/1.1 on connections that are kept.

The client's own way is made for every need: locks, cancel scopes and a look at every connection for each request, which
took more than half of its time. Here a whole request is written at once and a whole response is awaited, which is all
that asking a model needs. What is said on a connection goes through h11, as it does there.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING, TypeAlias

import h11
import httpx2

if TYPE_CHECKING:
    import ssl

_KEPT = 5.0
"""Seconds that a connection is kept without a request: less than servers wait."""
_BETWEEN_ADDRESSES = 0.25
"""Seconds until the next address of a name is tried beside the one before (RFC 8305)."""
_LONGEST_HEAD = 100 * 1024
"""Most bytes of the headers of a response."""

_Origin: TypeAlias = tuple[str, str, int]


class Transport(httpx2.AsyncBaseTransport):
    """Connections of one event loop. Requests go straight to where they are addressed, never through a proxy.

    How long a response may take is for the caller to say; the time that a request has for its connection counts here.

    Args:
        context: whom to trust.
        most: connections at a time; further requests wait for one.
    """

    def __init__(self, context: ssl.SSLContext, most: int) -> None:
        self._context = context
        self._places = asyncio.Semaphore(most)
        self._idle: list[_Connection] = []
        self._closed = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The response to a request, read to its end.

        Raises:
            httpx2.TransportError: there is none.
        """
        async with self._places:
            connection = self._kept(_origin(request.url)) or await self._opened(request)
            try:
                response = await connection.exchange(request)
            finally:
                if connection.ready and not self._closed:
                    self._idle.append(connection)
                else:
                    connection.abort()
            return response

    async def aclose(self) -> None:
        """Close the connections: those that are kept now, those in use after their request."""
        self._closed = True
        while self._idle:
            self._idle.pop().abort()
        await asyncio.sleep(0)  # they are closed with the event loop's next step

    def _kept(self, origin: _Origin) -> _Connection | None:
        """The connection to there that was used last, if one is fit to be used again."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if connection.ready and connection.origin == origin and now - connection.since < _KEPT:
                return connection
            connection.abort()
        return None

    async def _opened(self, request: httpx2.Request) -> _Connection:
        origin = scheme, host, port = _origin(request.url)
        tls = scheme == "https"
        try:
            async with asyncio.timeout(request.extensions["timeout"]["connect"]):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: _Connection(origin),
                    host,
                    port,
                    ssl=self._context if tls else None,
                    server_hostname=host if tls else None,
                    happy_eyeballs_delay=None if _is_address(host) else _BETWEEN_ADDRESSES,
                )
        except TimeoutError as wrong:
            raise httpx2.ConnectTimeout(str(wrong)) from wrong
        except OSError as wrong:
            raise httpx2.ConnectError(str(wrong)) from wrong
        return connection


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time.

    Attributes:
        origin: to whom it leads.
        since: when its last response was whole, in the event loop's time.
        ready: whether it can take a request.
    """

    def __init__(self, origin: _Origin) -> None:
        self.origin = origin
        self.since = 0.0
        self.ready = False
        self._talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._loop = asyncio.get_running_loop()
        self._whole: asyncio.Future[httpx2.Response] | None = None
        self._head: h11.Response | None = None
        self._body: list[bytes] = []

    async def exchange(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; its response.

        Raises:
            httpx2.TransportError: there is none. The connection is then of no further use.
        """
        self.ready, self._head, self._body = False, None, []
        content = await request.aread()
        try:
            head = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
            said = [self._talk.send(part) or b"" for part in (head, h11.Data(data=content), h11.EndOfMessage())]
        except h11.LocalProtocolError as wrong:
            raise httpx2.LocalProtocolError(str(wrong)) from wrong
        self._whole = self._loop.create_future()
        self._transport.write(b"".join(said))
        try:
            return await self._whole
        finally:
            self._whole = None

    def abort(self) -> None:
        """Close it at once."""
        self.ready = False
        self._transport.abort()

    # --- what the event loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.ready = True

    def data_received(self, data: bytes) -> None:
        """Something came."""
        if self._whole is None:
            self.abort()  # nothing was asked
        else:
            self._talk.receive_data(data)
            self._listen()

    def eof_received(self) -> None:
        """Nothing more will come; the connection is closed after this."""
        self.ready = False

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed: by the other side, which may be how a response ends, or by us."""
        self.ready = False
        if exc is not None:
            self._fail(httpx2.ReadError(str(exc)), exc)
        elif self._talk.their_state is h11.SEND_RESPONSE:
            self._fail(httpx2.RemoteProtocolError("Server disconnected without sending a response."))
        elif self._whole is not None:
            self._talk.receive_data(b"")
            self._listen()

    def _listen(self) -> None:
        """Take in what has come, to the end of the response if it is there."""
        try:
            while (event := self._talk.next_event()) is not h11.NEED_DATA:
                match event:
                    case h11.Response():
                        self._head = event
                    case h11.Data():
                        self._body.append(bytes(event.data))
                    case h11.EndOfMessage():
                        return self._end()
                    case h11.InformationalResponse() if event.status_code != 101:
                        continue
                    case _:
                        return self._fail(httpx2.RemoteProtocolError("The server speaks of something else than HTTP."))
        except h11.RemoteProtocolError as wrong:
            self._fail(httpx2.RemoteProtocolError(str(wrong)), wrong)

    def _end(self) -> None:
        """The response is whole."""
        assert self._head is not None
        # What follows it already was not asked for, and would be taken for the answer to the next request.
        if self._talk.our_state is self._talk.their_state is h11.DONE and not self._talk.trailing_data[0]:
            self._talk.start_next_cycle()
            self.ready, self.since = not self._transport.is_closing(), self._loop.time()
        if self._whole is not None and not self._whole.done():
            self._whole.set_result(
                httpx2.Response(
                    self._head.status_code,
                    headers=self._head.headers.raw_items(),
                    stream=httpx2.ByteStream(b"".join(self._body)),
                    extensions={
                        "http_version": b"HTTP/" + self._head.http_version,
                        "reason_phrase": bytes(self._head.reason),
                    },
                )
            )

    def _fail(self, failure: httpx2.TransportError, cause: Exception | None = None) -> None:
        if self._whole is not None and not self._whole.done():
            failure.__cause__ = cause
            self._whole.set_exception(failure)


def _origin(url: httpx2.URL) -> _Origin:
    return url.scheme, url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)


def _is_address(host: str) -> bool:
    """Whether a host is given by its address, of which there is one: nothing is to be tried beside it."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
