"""`OpenAIChat`: any endpoint that speaks like OpenAI's, through its own client.

The client only carries bytes here. Its retries are off, since what is tried again, how often, and after which wait is
for a visible policy to say; and its reply objects are not built, since every reply is read and checked by us in any
case, which saves a third of the time that a request costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from scm import MissingPackage

from . import _status
from ._bodies import LIMITS, Api, Complaint, Dialect, Form, adapted, body, fewer_parameters, path
from ._endpoint import endpoint
from ._failures import BadRequest, ChatFailure
from ._replies import complaint, reply
from ._types import ChatReply, ChatRequest

if TYPE_CHECKING:
    import ssl

    import httpx2
    from openai import AsyncOpenAI

MOST_STEPS = 8
"""Most requests that finding out what an endpoint accepts may take."""

MOST_TO_CONNECT = 15.0
"""Most seconds to wait for a connection: an address where nobody is shows sooner than a slow reply."""

_Step: TypeAlias = Callable[[Dialect, Complaint, dict[str, Any]], Dialect | None]
"""From what was sent and what the endpoint complains of to what to send instead."""


class _Held(NamedTuple):
    client: AsyncOpenAI
    lifetime: AsyncGenerator[AsyncOpenAI]


class OpenAIChat:
    """A model at any endpoint that speaks like OpenAI's: OpenAI, vLLM, Ollama, llama.cpp, LM Studio.

    One object serves any number of concurrent requests, and event loops one after another: each loop has its own
    connections, closed when the loop ends (as `asyncio.run` ends it) or by `aclose`.

    Attributes:
        endpoint: where it is.
        dialect: how it is asked. What a rejected request teaches is kept here, so that it is learnt once.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 120.0,
        api: Literal["auto", "chat", "responses"] = "auto",
        max_connections: int = 1_000,
    ) -> None:
        """Nothing is sent yet, and the client is not loaded.

        Args:
            model: as the endpoint calls it.
            base_url: such as http://localhost:11434/v1; None for OPENAI_BASE_URL or, without that, OpenAI.
            api_key: None for OPENAI_API_KEY. Addresses other than OpenAI's work without one.
            timeout: seconds for one request, all in all.
            api: chat completions or responses; "auto" for chat completions until a probe says otherwise.
            max_connections: most at a time; further requests wait for one, within their time.

        Raises:
            NoSuchModel: the address cannot be one.
            WrongKey: there is no key for OpenAI, or it cannot be one.
        """
        self.endpoint = endpoint(model, base_url, api_key)
        self.api = api
        # Local servers do not know the newer name, and some ignore it without a word: then nothing limits the reply.
        limits = LIMITS[::-1] if self.endpoint.official else LIMITS
        self.dialect = Dialect(api="responses" if api == "responses" else "chat", limits=limits)
        self._timeout = timeout
        self._max_connections = max_connections
        self._held: WeakKeyDictionary[asyncio.AbstractEventLoop, _Held] = WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"OpenAIChat({self.endpoint.model!r}, base_url={self.endpoint.base_url!r})"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The model's reply, asked for in the dialect of the endpoint.

        Raises:
            ChatFailure: there is none.
            MissingPackage: the client is not installed.
        """
        asked = self.dialect
        reply, settled = await self._settled(request, asked, adapted)
        if settled != asked:
            self._learn(asked, settled)
        return reply

    def _learn(self, asked: Dialect, settled: Dialect) -> None:
        """Keep what one request found out, beside what others found out meanwhile."""
        form = self.dialect.form if settled.form == asked.form else settled.form
        self.dialect = replace(self.dialect, form=form, without=self.dialect.without | settled.without)

    def in_form(self, form: Form, api: Api) -> InOneForm:
        """The same model, asked for a schema in this form only: for finding out whether it can be."""
        return InOneForm(self, replace(self.dialect, form=form, api=api))

    async def complete_as(self, request: ChatRequest, dialect: Dialect) -> tuple[ChatReply, Dialect]:
        """The model's reply to a request in the form that `dialect` says, and the dialect that it was accepted in.

        Raises:
            ChatFailure: there is none, or the endpoint does not accept that form.
        """
        return await self._settled(request, dialect, fewer_parameters)

    async def _settled(self, request: ChatRequest, dialect: Dialect, step: _Step) -> tuple[ChatReply, Dialect]:
        """The reply in the first dialect, from this one on, that the endpoint accepts."""
        start = perf_counter()
        for tries in range(1, MOST_STEPS + 1):
            outcome = await self._exchange(request, dialect, step)
            if isinstance(outcome, ChatReply):
                return replace(outcome, seconds=perf_counter() - start, tries=tries), dialect
            if isinstance(outcome, ChatFailure):
                raise outcome
            dialect = outcome
        raise BadRequest(
            f"Got no request accepted by {self.endpoint} in {MOST_STEPS} tries, leaving out each time what it rejected."
        )

    async def _exchange(self, request: ChatRequest, dialect: Dialect, step: _Step) -> ChatReply | ChatFailure | Dialect:
        """One request: a reply, a failure, or the dialect to ask in instead.

        Failures are values here, raised where no other exception is being handled: the client's own exceptions hold
        the key in their request, and what hangs on an exception is printed with it.
        """
        sent = body(request, self.endpoint.model, dialect)
        response = await self._send(path(dialect), sent)
        if isinstance(response, ChatFailure):
            return response
        if response.status_code < 300:
            try:
                return reply(response.content, request, dialect.api, self.endpoint)
            except ChatFailure as failure:
                return failure
        said = complaint(response.content)
        failure = _status.of_status(response.status_code, response.headers, said, self.endpoint, path(dialect))
        less = step(dialect, said, sent) if isinstance(failure, BadRequest) else None
        return less or failure

    async def _send(self, where: str, sent: dict[str, Any]) -> httpx2.Response | ChatFailure:
        client = await self._client()
        import httpx2
        import openai

        # A redirect would carry the user's text to an address that the user did not name.
        options: Any = {"follow_redirects": False}
        if not self.endpoint.key:
            options["headers"] = {"Authorization": openai.Omit()}
        try:
            async with asyncio.timeout(self._timeout):
                return await client.post(where, cast_to=httpx2.Response, body=sent, options=options)
        except (TimeoutError, openai.APITimeoutError):
            return _status.timed_out(self.endpoint, self._timeout)
        except openai.APIStatusError as error:
            return error.response
        except openai.APIConnectionError as error:
            return _status.of_error(error, self.endpoint)
        except UnicodeEncodeError:
            return BadRequest("The text holds characters that cannot be sent (half of a surrogate pair). Remove them.")

    async def _client(self) -> AsyncOpenAI:
        """The client of the running event loop, opened when the loop first needs it."""
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if held is None:
            for ended in [other for other in self._held if other.is_closed()]:
                del self._held[ended]
            lifetime = self._lifetime()
            held = self._held[loop] = _Held(await anext(lifetime), lifetime)
        return held.client

    async def _lifetime(self) -> AsyncGenerator[AsyncOpenAI]:
        """Yields the client once, and closes it afterwards.

        A generator, because an event loop ends the generators that are still open before it closes: the connections
        are closed whether or not anybody remembers to.
        """
        client = self._opened()
        try:
            yield client
        finally:
            await client.close()

    def _opened(self) -> AsyncOpenAI:
        try:
            import httpx2
            from openai import AsyncOpenAI, DefaultAsyncHttpxClient
        except ImportError:
            raise MissingPackage("openai", "model", "To ask a language model needs the package openai") from None

        limits = httpx2.Limits(max_connections=self._max_connections, max_keepalive_connections=self._max_connections)
        # Waiting for one of our own connections is no fault of the endpoint: the time for the whole request limits it.
        timeout = httpx2.Timeout(self._timeout, connect=min(self._timeout, MOST_TO_CONNECT), pool=None)
        http = DefaultAsyncHttpxClient(limits=limits, timeout=timeout, verify=_certificates())
        return AsyncOpenAI(
            # The client wants a key in any case; without one of ours the header that would carry it is left out.
            api_key=self.endpoint.key or "none",
            base_url=self.endpoint.base_url,
            max_retries=0,
            timeout=timeout,
            http_client=http,
        )

    async def aclose(self) -> None:
        """Closes the connections of the running event loop. The next request opens new ones."""
        held = self._held.pop(asyncio.get_running_loop(), None)
        if held is not None:
            await held.lifetime.aclose()

    async def __aenter__(self) -> OpenAIChat:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


@cache
def _certificates() -> ssl.SSLContext:
    """Whom to trust, read from the disk once: that takes longer than all else in opening a client."""
    import httpx2

    return httpx2.create_ssl_context()


class InOneForm:
    """A model asked for a schema in one form, which is never weakened.

    Attributes:
        dialect: how it is asked; without the parameters that the endpoint turned out not to know.
    """

    def __init__(self, chat: OpenAIChat, dialect: Dialect) -> None:
        self.dialect = dialect
        self._chat = chat

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The model's reply.

        Raises:
            ChatFailure: there is none, or the endpoint does not accept that form.
        """
        reply, settled = await self._chat.complete_as(request, self.dialect)
        self.dialect = replace(self.dialect, without=self.dialect.without | settled.without)
        return reply
