"""`OpenAIChat`: any endpoint that speaks like OpenAI's, through its own client.

The client only carries bytes here. Its retries are off, since what is tried again, how often, and after which wait is
for a visible policy to say; its typed methods are passed by, which turn over every key of a request, and its reply
objects are not built, since every reply is read and checked by us in any case. That saves most of the time that a
request costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from scm import MissingPackage

from . import _status
from ._bodies import LIMITS, Api, Complaint, Dialect, Form, adapted, body, encoded, fewer_parameters, path
from ._connections import Connections, time_to_connect
from ._endpoint import endpoint
from ._failures import BadRequest, ChatFailure
from ._replies import complaint, reply
from ._types import ChatReply, ChatRequest

if TYPE_CHECKING:
    import httpx2

MOST_STEPS = 8
"""Most requests that finding out what an endpoint accepts may take."""

_Step: TypeAlias = Callable[[Dialect, Complaint, dict[str, Any]], Dialect | None]
"""From what was sent and what the endpoint complains of to what to send instead."""


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
        self._connections = Connections(self.endpoint, timeout, max_connections)

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
        response = await self._send(request, dialect)
        if isinstance(response, ChatFailure):
            return response
        if response.status_code < 300:
            try:
                return reply(response.content, request, dialect.api, self.endpoint)
            except ChatFailure as failure:
                return failure
        said = complaint(response.content)
        failure = _status.of_status(response.status_code, response.headers, said, self.endpoint, path(dialect))
        if not isinstance(failure, BadRequest):
            return failure
        return step(dialect, said, body(request, self.endpoint.model, dialect)) or failure

    async def _send(self, request: ChatRequest, dialect: Dialect) -> httpx2.Response | ChatFailure:
        try:
            import httpx2
            import openai
        except ImportError:
            raise MissingPackage("openai", "model", "To ask a language model needs the package openai") from None

        try:
            async with asyncio.timeout(self._timeout):
                content = encoded(request, self.endpoint.model, dialect)
                return await self._connections.post(path(dialect), content)
        except TimeoutError:
            return _status.timed_out(self.endpoint, self._timeout)
        except openai.APITimeoutError as error:
            if isinstance(error.__cause__, httpx2.ConnectTimeout):
                return _status.not_connected(self.endpoint, time_to_connect(self._timeout))
            return _status.timed_out(self.endpoint, self._timeout)
        except openai.APIStatusError as error:
            return error.response
        except openai.APIConnectionError as error:
            return _status.of_error(error, self.endpoint)
        except httpx2.InvalidURL:
            return _status.no_address(self.endpoint)
        except UnicodeEncodeError:
            return BadRequest("The text holds characters that cannot be sent (half of a surrogate pair). Remove them.")

    async def aclose(self) -> None:
        """Close the connections of the running event loop. The next request opens new ones."""
        await self._connections.aclose()

    async def __aenter__(self) -> OpenAIChat:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


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
