"""Where the local server's answers come from: a function, or a ChatModel; a ChatFailure as HTTP says it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, cast, get_args

from .._prompts import prompt
from ._failures import (
    BadRequest,
    ChatFailure,
    Malformed,
    NoReplyKept,
    NoSuchModel,
    QuotaSpent,
    RateLimited,
    Refused,
    ServerFault,
    TimedOut,
    Truncated,
    Unreachable,
    WrongFinish,
    WrongKey,
)
from ._server_faults import Wire, json_wire
from ._server_wire import Completion, ServedRequest, error_body
from ._types import ChatModel, ChatRequest, Purpose

Answerer: TypeAlias = Callable[[ServedRequest], str | Awaitable[str]]
"""The text of the reply to a request. It may be worked out at once or awaited; a ChatFailure that it raises goes out as
an endpoint would say it, so a function can play a model that refuses, or one that knows no schemas (BadRequest)."""

_HTTP: dict[type[ChatFailure], tuple[int, str, str | None]] = {
    WrongKey: (401, "invalid_request_error", "invalid_api_key"),
    NoSuchModel: (404, "invalid_request_error", "model_not_found"),
    BadRequest: (400, "invalid_request_error", None),
    NoReplyKept: (400, "invalid_request_error", "no_reply_kept"),
    QuotaSpent: (429, "insufficient_quota", "insufficient_quota"),
    RateLimited: (429, "requests", "rate_limit_exceeded"),
    ServerFault: (500, "server_error", None),
    TimedOut: (504, "server_error", None),
}


async def answered(answer: Answerer | ChatModel, request: ServedRequest) -> Completion | Wire:
    """What `answer` says to the request; where it fails, what goes over the wire instead."""
    try:
        if not callable(answer):
            reply = await answer.complete(chat_request(request))
            return Completion(reply.text, counts=(reply.usage.input_tokens, reply.usage.output_tokens))
        text = answer(request)
        return Completion(await text if inspect.isawaitable(text) else text)
    except ChatFailure as failure:
        return _failed(failure)


def _failed(failure: ChatFailure) -> Completion | Wire:
    match failure:
        case Refused():
            return Completion("", refusal=str(failure))
        case Truncated():
            return Completion("", "length")
        case WrongFinish():
            return Completion("")
        case Unreachable():
            return Wire(200, b"", cut="before")
        case Malformed():
            return json_wire(200, {"object": "list", "data": []})
        case _:
            status, kind, code = _HTTP.get(type(failure), (500, "server_error", None))
            after = () if failure.retry_after is None else (("retry-after", f"{failure.retry_after:g}"),)
            return json_wire(status, error_body(str(failure), kind, code=code), after)


def chat_request(request: ServedRequest) -> ChatRequest:
    """The request of a ChatModel that a served one amounts to.

    HTTP carries neither the purpose nor the text apart, and the attempt as the seed. The purpose is that of the prompt
    file, or else the schema's name where that is one; the text stands in the last message: under the key "text" where
    that is JSON data, else as the whole of it.
    """
    return ChatRequest(
        request.messages,
        _purpose(request),
        request.schema,
        request.max_tokens or ChatRequest.__dataclass_fields__["max_tokens"].default,
        request.temperature or 0.0,
        attempt=request.seed or 0,
        text=_text_in(request.messages[-1].content),
    )


def _purpose(request: ServedRequest) -> Purpose:
    first = request.messages[0].content
    for name in get_args(Purpose):
        # A repair is told what a Problem is, and what else there is to do.
        page = f"{prompt('problem').text}\n{prompt(name).text}" if name == "repair" else prompt(name).text
        if first.startswith(page) and (name != "problem" or prompt("repair").text not in first):
            return name
    name = request.schema.name if request.schema else request.called or ""
    return cast("Purpose", name) if name in get_args(Purpose) else "problem" if request.wants_json else "direct"


def simplest(request: ServedRequest) -> str:
    """The simplest reply that keeps to the schema of the request, as an endpoint gives it that enforces schemas."""
    called = next((tool for tool in request.tools if tool.name == request.called), None)
    schema = request.schema or called
    return json.dumps({} if schema is None else _simplest(schema.data))


def _simplest(schema: Any) -> Any:
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    if "anyOf" in schema:
        return _simplest(schema["anyOf"][0])
    if schema.get("type") == "object":
        return {name: _simplest(schema["properties"].get(name, {})) for name in schema.get("required", ())}
    plain: dict[str, Any] = {"array": [], "string": "", "integer": 0, "number": 0, "boolean": False}
    return plain.get(str(schema.get("type")))


def _text_in(content: str) -> str:
    try:
        data: object = json.JSONDecoder().raw_decode(content)[0]  # a schema in words may stand behind it
    except (ValueError, RecursionError):
        return content
    text = cast("dict[str, object]", data).get("text") if isinstance(data, dict) else None
    return text if isinstance(text, str) else content
