"""What an endpoint can do, found out by asking it, once: the report is kept, and says how requests are best put."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args
from weakref import WeakKeyDictionary

from .._prompts import prompt
from ._bodies import Api, Dialect, Form
from ._failures import BadRequest, Malformed, NoReplyKept, NoSuchModel, Refused, ServerFault, Truncated, WrongFinish
from ._openai import OpenAIChat
from ._types import ChatModel, ChatReply, ChatRequest, ReplySchema

Ability: TypeAlias = Literal["enforced", "accepted", "absent", "not asked"]
"""Of a way to ask for a schema: the reply kept to it against the prompt; it was accepted and the reply did not keep to
it; the endpoint does not know it; nothing depended on it."""

_ABILITIES = ("schema", "responses", "tools", "json")
_FIELDS = ("base_url", "model", "date", *_ABILITIES, "chat")

Wrap: TypeAlias = Callable[[ChatModel], ChatModel]

_FORMAT = "twinworld-endpoint/1"
_FRESH = timedelta(days=30)
_ALLOWED = "tw-7f3a"
_AGAINST = {"token": "blue"}
_SCHEMA = ReplySchema.of(
    "probe",
    {
        "type": "object",
        "properties": {"token": {"type": "string", "enum": [_ALLOWED]}},
        "required": ["token"],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True, slots=True)
class EndpointReport:
    """What a model at an address can do.

    Attributes:
        base_url, model: of the endpoint.
        date: when it was asked, in UTC.
        schema: a strict JSON schema in chat completions.
        responses: a strict JSON schema in the responses interface; absent where that interface is.
        tools: a tool that must be called; enforced where the arguments kept to its parameters.
        json: any JSON object.
        chat: whether there are chat completions.
        without: parameters that it does not know.
    """

    base_url: str
    model: str
    date: str
    schema: Ability
    responses: Ability
    tools: Ability
    json: Ability
    chat: bool = True
    without: tuple[str, ...] = ()

    @property
    def api(self) -> Api:
        """The interface to use: chat completions, unless only responses is there or enforces a schema."""
        only_there = self.responses == "enforced" and self.schema != "enforced"
        return "responses" if not self.chat or only_there else "chat"

    @property
    def form(self) -> Form:
        """The strongest way to ask for a schema that works. Where nothing enforces it, it is said in words as well."""
        schema = self.responses if self.api == "responses" else self.schema
        if schema == "enforced":
            return "schema"
        if self.tools == "enforced":
            return "tool"
        if schema == "accepted":
            return "schema and words"
        return "json" if self.json == "accepted" else "words"

    def dialect(self, default: Dialect) -> Dialect:
        """How to ask this endpoint; what the report does not say is as in `default`."""
        return replace(default, api=self.api, form=self.form, without=default.without | set(self.without))


async def probe(chat: OpenAIChat, folder: Path | None = None, wrap: Wrap = lambda chat: chat) -> EndpointReport:
    """The report on an endpoint: from `folder` where there is a recent one, else from four requests at most.

    Args:
        chat: the endpoint.
        folder: where reports are kept; None keeps none. The key is no part of them.
        wrap: what stands between, such as retries and a budget.

    Raises:
        ChatFailure: the endpoint gave no reply, for a reason that says nothing of what it can do.
    """
    file = None if folder is None else folder / f"endpoint-{_name(chat)}.json"
    found = None if file is None else _kept(file, chat)
    if found is not None:
        return found
    try:
        found = await _Asker(chat, wrap).report()
    except NoReplyKept:
        # A recording keeps to the schemas that it was made with, and to none of ours.
        return _reported(chat, "enforced", "not asked", "not asked", "not asked", True, ())
    if file is not None:
        _keep(file, found)
    return found


class _Asker:
    """Asks one endpoint, and gathers what its replies show."""

    def __init__(self, chat: OpenAIChat, wrap: Wrap) -> None:
        self._chat = chat
        self._wrap = wrap
        self._without: frozenset[str] = frozenset()

    async def report(self) -> EndpointReport:
        # With each answer, only what is still worth asking: nothing below a form that enforces the schema.
        api = self._chat.api
        schema, missing = ("not asked", None) if api == "responses" else await self._chat_schema()
        chat = api != "responses" and missing is None
        responses: Ability = "not asked" if api == "chat" else await self._responses_schema(api == "responses", missing)
        tools: Ability = "not asked"
        plain: Ability = "not asked"
        if "enforced" not in (schema, responses):
            tools = await self._asked("tool", "chat" if chat else "responses", None)
            if tools == "absent" and (schema if chat else responses) == "absent":
                plain = await self._asked("json", "chat" if chat else "responses", _AGAINST)
        return _reported(self._chat, schema, responses, tools, plain, chat, tuple(sorted(self._without)))

    async def _chat_schema(self) -> tuple[Ability, NoSuchModel | None]:
        """What becomes of a schema in chat completions; and the failure, where there are none."""
        try:
            return await self._asked("schema", "chat", _AGAINST), None
        except NoSuchModel as failure:
            if self._chat.api == "chat":
                raise
            return "absent", failure

    async def _responses_schema(self, must: bool, missing: NoSuchModel | None) -> Ability:
        """What becomes of a schema in the responses interface, which has to be there if nothing else is."""
        try:
            return await self._asked("schema", "responses", _AGAINST)
        except (NoSuchModel, ServerFault, Malformed):
            # An address that is not served is a 404 by the book, and a 500 or a web page elsewhere.
            if must:
                raise
        if missing is not None:
            raise missing
        return "absent"

    async def _asked(self, form: Form, api: Api, wanted: dict[str, str] | None) -> Ability:
        """What becomes of a schema asked for in this form, while the prompt asks for `wanted`, which it forbids."""
        model = self._chat.in_form(form, api)
        request = ChatRequest(
            prompt("probe").messages(reply=wanted),
            "probe",
            _SCHEMA,
            max_tokens=2_000,
            prompt=prompt("probe").fingerprint,
        )
        try:
            reply = await self._wrap(model).complete(request)
        except BadRequest:
            return "absent"
        except (Truncated, Refused, WrongFinish):
            return "absent" if form == "tool" else "accepted"
        finally:
            self._without |= model.dialect.without
        said = _object(reply.text)
        if form == "json":
            return "absent" if said is None else "accepted"
        if said == {"token": _ALLOWED}:
            return "enforced"
        # A model that is free to choose and does not name the one value allowed has not seen the tool.
        return "absent" if form == "tool" else "accepted"


def _reported(chat: OpenAIChat, *found: Any) -> EndpointReport:
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return EndpointReport(chat.endpoint.base_url, chat.endpoint.model, date, *found)


def _object(text: str) -> object:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", data) if isinstance(data, dict) else None


# --- reports on disk


def _name(chat: OpenAIChat) -> str:
    # The prompt is part of what was asked: another prompt is another probe.
    asked = [_FORMAT, chat.endpoint.base_url, chat.endpoint.model, chat.api, prompt("probe").fingerprint]
    return hashlib.sha256(json.dumps(asked).encode("utf-8", "replace")).hexdigest()[:24]


def _kept(file: Path, chat: OpenAIChat) -> EndpointReport | None:
    """The report in a file; None where there is none, or none that can be used, so that it is asked for again."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        report = _report(data)
        age = datetime.now(UTC) - datetime.fromisoformat(report.date)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    ours = (report.base_url, report.model) == (chat.endpoint.base_url, chat.endpoint.model)
    return report if ours and timedelta(0) <= age <= _FRESH else None


def _report(data: dict[str, Any]) -> EndpointReport:
    abilities = [data[name] for name in _ABILITIES]
    texts = [data[name] for name in ("base_url", "model", "date")]
    without = data["without"]
    if data["format"] != _FORMAT or not all(ability in get_args(Ability) for ability in abilities):
        raise ValueError("not a report of this format")
    if not all(isinstance(text, str) for text in (*texts, *without)) or not isinstance(data["chat"], bool):
        raise TypeError("a report's parts are texts")
    known: dict[str, Any] = {name: data[name] for name in _FIELDS}
    return EndpointReport(**known, without=tuple(without))


def _keep(file: Path, report: EndpointReport) -> None:
    """Written whole or not at all. A folder that cannot be written costs the next run a few requests, not this one."""
    text = json.dumps({"format": _FORMAT} | asdict(report), indent=1)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(text)
            os.replace(temporary, file)
        except OSError:
            os.unlink(temporary)
            raise


# --- probing when first needed


class Probed:
    """Finds out what the endpoint can do before the first request that asks for a schema, and asks accordingly.

    Args:
        chat: the endpoint; its dialect is set by the report.
        folder: where reports are kept.
        wrap: what stands between: for the probe's requests and for all others alike.
    """

    def __init__(self, chat: OpenAIChat, folder: Path | None, wrap: Wrap) -> None:
        self.report: EndpointReport | None = None
        self._chat = chat
        self._folder = folder
        self._wrap = wrap
        self._wrapped = wrap(chat)
        self._probing: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[None]] = WeakKeyDictionary()

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The model's reply.

        Raises:
            ChatFailure: there is none, or the endpoint could not be probed.
        """
        if self.report is None and request.schema is not None:
            await self._probed()
        return await self._wrapped.complete(request)

    async def _probed(self) -> None:
        """One probe for all who wait for it. Its failure is that of each of them; whoever comes later asks anew."""
        loop = asyncio.get_running_loop()
        task = self._probing.get(loop)
        if task is None or task.done():
            task = self._probing[loop] = loop.create_task(self._probe())
            task.add_done_callback(_retrieved)
        # Shielded: who gives up waiting does not take the probe away from the others.
        await asyncio.shield(task)

    async def _probe(self) -> None:
        self.report = await probe(self._chat, self._folder, self._wrap)
        self._chat.dialect = self.report.dialect(self._chat.dialect)


def _retrieved(task: asyncio.Task[None]) -> None:
    """A failure that nobody waits for any more is not reported as forgotten."""
    if not task.cancelled():
        task.exception()
