"""Connections to an endpoint: opened when a request needs them, kept between requests, closed with their event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ._endpoint import Endpoint

if TYPE_CHECKING:
    import ssl

    import httpx2
    from openai import AsyncOpenAI

MOST_TO_CONNECT = 15.0
"""Most seconds to wait for a connection: an address where nobody is shows sooner than a slow reply."""

IN_A_POOL = 8
"""Connections that share a pool. Each request looks at all of its pool: with 200, that took 40% of its time."""


def time_to_connect(timeout: float) -> float:
    """Most seconds to wait for a connection, where a request has `timeout`."""
    return min(timeout / 2, MOST_TO_CONNECT)


@dataclass(slots=True)
class _Pool:
    client: AsyncOpenAI
    active: int = 0


@dataclass(slots=True)
class _Held:
    """What one event loop holds: its pools, and the generator whose end closes them."""

    pools: list[_Pool] = field(default_factory=list[_Pool])
    lifetime: AsyncGenerator[None] | None = None


class Connections:
    """The connections of any number of event loops to one endpoint.

    Args:
        endpoint: where to.
        timeout: seconds for each step of a request.
        most: connections at a time in one event loop; further requests wait for one.
    """

    def __init__(self, endpoint: Endpoint, timeout: float, most: int) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        self._most_pools = max(1, -(-most // IN_A_POOL))
        self._most_in_each = max(1, most // self._most_pools)
        self._held: WeakKeyDictionary[asyncio.AbstractEventLoop, _Held] = WeakKeyDictionary()

    async def post(self, where: str, content: bytes) -> httpx2.Response:
        """The response to a request whose body is this JSON, as it came.

        Raises:
            openai.OpenAIError: there is no response, or its status is an error.
            httpx2.InvalidURL: the address is none.
        """
        pool = await self._pool()
        import httpx2
        import openai

        # A redirect would carry the user's text to an address that the user did not name.
        options: Any = {"follow_redirects": False}
        if not self._endpoint.key:
            options["headers"] = {"Authorization": openai.Omit()}
        # The whole address: the client then has none to put together.
        where = f"{self._endpoint.base_url}{where}"
        pool.active += 1
        try:
            return await pool.client.post(where, cast_to=httpx2.Response, content=content, options=options)
        finally:
            pool.active -= 1

    async def aclose(self) -> None:
        """Close the connections of the running event loop. The next request opens new ones."""
        held = self._held.pop(asyncio.get_running_loop(), None)
        if held is not None and held.lifetime is not None:
            await held.lifetime.aclose()

    async def _pool(self) -> _Pool:
        """The pool with the fewest requests under way, or a new one where all have as many as they should."""
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if held is None:
            for ended in [other for other in self._held if other.is_closed()]:
                del self._held[ended]
            held = self._held[loop] = _Held()
            held.lifetime = _lifetime(held.pools)
            await anext(held.lifetime)
        pool = min(held.pools, key=lambda pool: pool.active, default=None)
        if pool is None or (pool.active >= self._most_in_each and len(held.pools) < self._most_pools):
            pool = _Pool(self._opened())
            held.pools.append(pool)
        return pool

    def _opened(self) -> AsyncOpenAI:
        import httpx2
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        limits = httpx2.Limits(max_connections=self._most_in_each, max_keepalive_connections=self._most_in_each)
        # Waiting for one of our own connections is no fault of the endpoint: the time for the whole request limits it.
        timeout = httpx2.Timeout(self._timeout, connect=time_to_connect(self._timeout), pool=None)
        http = DefaultAsyncHttpxClient(
            limits=limits,
            timeout=timeout,
            verify=_certificates(),
            trust_env=not self._endpoint.local,  # no proxy leads to this machine
        )
        return AsyncOpenAI(
            # The client wants a key in any case; without one of ours the header that would carry it is left out.
            api_key=self._endpoint.key or "none",
            base_url=self._endpoint.base_url,
            max_retries=0,
            timeout=timeout,
            http_client=http,
        )


async def _lifetime(pools: list[_Pool]) -> AsyncGenerator[None]:
    """Waits for its end, and then closes the pools.

    A generator, because an event loop ends the generators that are still open before it closes: the connections are
    closed whether or not anybody remembers to.
    """
    try:
        yield
    finally:
        while pools:
            await pools.pop().client.close()


@cache
def _certificates() -> ssl.SSLContext:
    """Whom to trust, read from the disk once: that takes longer than all else in opening a client."""
    import httpx2

    return httpx2.create_ssl_context()
