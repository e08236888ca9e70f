"""`open_model`: a model at an endpoint, with everything that belongs between the bridge and it."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Literal, Self

from scm import ScmError

from .._prompts import prompt
from ._bodies import Form
from ._cache import Cached, ReplyCache
from ._ledger import Budget, Ledger, Metered
from ._openai import OpenAIChat
from ._policy import Listener, Policy, Retrying, Throttled
from ._probe import EndpointReport, Probed
from ._spending import Price
from ._types import ChatModel, ChatReply, ChatRequest


class OpenedModel:
    """A model that is asked through a cache, retries, a limit on requests at once, and a ledger with its budget.

    Attributes:
        endpoint: the model itself.
        ledger: what its calls took.
    """

    def __init__(self, endpoint: OpenAIChat, ledger: Ledger, chat: ChatModel, probed: Probed | None) -> None:
        self.endpoint = endpoint
        self.ledger = ledger
        self._chat = chat
        self._probed = probed

    @property
    def report(self) -> EndpointReport | None:
        """What the endpoint can do; None until a request needed to know, and where the user said it."""
        return self._probed.report if self._probed else None

    def __repr__(self) -> str:
        return f"OpenedModel({self.endpoint!r})"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The model's reply.

        Raises:
            ChatFailure: there is none, and the policy allows no further try.
        """
        return await self._chat.complete(request)

    async def aclose(self) -> None:
        """Close the connections of the running event loop. Otherwise they are closed when the loop ends."""
        await self.endpoint.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def open_model(
    name: str,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    cache: ReplyCache | str | Path | None = None,
    budget: Budget | None = None,
    price: Price | None = None,
    ledger: Ledger | None = None,
    policy: Policy | None = None,
    at_once: int = 256,
    timeout: float = 120.0,
    api: Literal["auto", "chat", "responses"] = "auto",
    form: Form | None = None,
    reports: str | Path | None = None,
    listener: Listener | None = None,
    rng: random.Random | None = None,
) -> OpenedModel:
    """The model `name` at any endpoint that speaks like OpenAI's. Nothing is sent until it is asked.

    Args:
        name: as the endpoint calls it.
        base_url: such as http://localhost:11434/v1; None for OPENAI_BASE_URL or, without that, OpenAI.
        api_key: None for OPENAI_API_KEY. Addresses other than OpenAI's work without one.
        cache: where replies are kept; None keeps none.
        budget: what the calls may take; None for no limit.
        price: of the model's tokens; without one there are no costs.
        ledger: where the calls are written down, in place of a new one with `budget` and `price`.
        policy: what is tried again, how often, and after which wait.
        at_once: most requests under way at once; fewer where the endpoint complains.
        timeout: seconds for one request.
        api: chat completions or responses; "auto" finds out.
        form: how a schema is asked for; None finds out, with four requests at most, the first time.
        reports: folder for what was found out of endpoints; None for the user's cache folder.
        listener: is told of each wait.
        rng: draws the waits.

    Raises:
        NoSuchModel: the address cannot be one.
        WrongKey: there is no key for OpenAI, or it cannot be one.
        ScmError: a budget of cost without a price; a budget beside a ledger, which has its own.
        InvalidFile: the cache is no cache, or cannot be written.
    """
    model = OpenAIChat(name, base_url=base_url, api_key=api_key, timeout=timeout, api=api, max_connections=at_once)
    book = _ledger(ledger, budget, price)

    def between(chat: ChatModel) -> ChatModel:
        # The ledger is innermost: every try is paid for, so every try is counted, and what waits for its turn holds
        # none of the budget. Retries are around the limit on requests at once: who waits to try again takes no place.
        return Retrying(Throttled(Metered(chat, book), most=at_once), policy, rng=rng, listener=listener)

    if form is None:
        probed = Probed(model, reports_folder() if reports is None else Path(reports), between)
        chat: ChatModel = probed
    else:
        probed, chat = None, between(model.in_form(form, "responses" if api == "responses" else "chat"))
    kept = cache if cache is None or isinstance(cache, ReplyCache) else ReplyCache(cache)
    if kept is not None:
        # Outermost: a reply that is kept costs nothing, waits for nobody, and needs no endpoint to be there.
        # The prompt that says a schema in words joins a request below the cache, so it is named here.
        way = f"{api} {form or ''} {prompt('schema').fingerprint}"
        chat = Cached(chat, kept, f"{model.endpoint.base_url} {model.endpoint.model} {way}")
    return OpenedModel(model, book, chat, probed)


def reports_folder() -> Path:
    """Where reports on endpoints are kept: the user's folder for what can be found out anew."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "twinworld"


def _ledger(ledger: Ledger | None, budget: Budget | None, price: Price | None) -> Ledger:
    if ledger is None:
        return Ledger(budget=budget or Budget(), price=price)
    if budget is not None or price is not None:
        raise ScmError("Got a ledger, and a budget or a price beside it. Give these to the ledger.")
    return ledger
