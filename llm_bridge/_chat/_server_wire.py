"""What an OpenAI-compatible endpoint reads and writes: chat completions and responses, as JSON data."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast

from scm import ScmError

from ._tokens import estimated_input, estimated_tokens
from ._types import Message, ReplySchema, Role

Api: TypeAlias = Literal["chat", "responses"]
Finish: TypeAlias = Literal["stop", "length", "content_filter"]

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "user",
    "function": "user",
}


class WrongRequest(ScmError):
    """A request that no endpoint would take; `param` is the key at fault."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True)
class ServedRequest:
    """One request as the server read it. The key is in none of it.

    Attributes:
        api: which of the two forms it came in.
        model: the model it names.
        messages: the conversation; `developer` counts as the system, and a tool's output as the user's.
        body: the whole body, as JSON data. Not to be changed.
        headers: by lower-case name, without those that carry keys.
    """

    api: Api
    model: str
    messages: tuple[Message, ...]
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def schema(self) -> ReplySchema | None:
        """What the reply must look like; None where the request does not say."""
        form = _object(self.body.get("response_format") if self.api == "chat" else self._text.get("format"))
        if form.get("type") != "json_schema":
            return None
        inner = _object(form.get("json_schema")) if self.api == "chat" else form
        return ReplySchema.of(str(inner.get("name", "")), _object(inner.get("schema")))

    @property
    def _text(self) -> Mapping[str, Any]:
        return _object(self.body.get("text"))

    @cached_property
    def tools(self) -> tuple[ReplySchema, ...]:
        """The functions that the model may call, each with the schema of its arguments."""
        found = (_object(_object(tool).get("function", tool)) for tool in _list(self.body.get("tools")))
        return tuple(ReplySchema.of(str(one.get("name", "")), _object(one.get("parameters"))) for one in found)

    @property
    def called(self) -> str | None:
        """The function that the reply must call; None where words are wanted."""
        choice = self.body.get("tool_choice")
        if choice == "required" and self.tools:
            return self.tools[0].name
        inner = _object(_object(choice).get("function", choice))
        return str(inner["name"]) if "name" in inner else None

    @property
    def wants_json(self) -> bool:
        """Whether the reply must be JSON, by a schema, a function or a plain demand."""
        form = _object(self.body.get("response_format") if self.api == "chat" else self._text.get("format"))
        return form.get("type") in ("json_schema", "json_object") or self.called is not None

    @property
    def temperature(self) -> float | None:
        """As the request says; None where it does not."""
        value = self.body.get("temperature")
        return float(value) if isinstance(value, int | float) else None

    @property
    def seed(self) -> int | None:
        """As the request says; None where it does not."""
        value = self.body.get("seed")
        return value if isinstance(value, int) else None

    @property
    def max_tokens(self) -> int | None:
        """Most tokens of the reply, under whichever of its names the request says it."""
        names = ("max_completion_tokens", "max_tokens", "max_output_tokens")
        return next((self.body[name] for name in names if isinstance(self.body.get(name), int)), None)


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model says, before it is put into the form of either API.

    Attributes:
        text: the reply.
        finish: why it ended.
        refusal: why the model declines; None where it does not.
        counts: tokens in and out, where they are known.
    """

    text: str
    finish: Finish = "stop"
    refusal: str | None = None
    counts: tuple[int | None, int | None] = (None, None)


def request_of(api: Api, content: bytes, headers: Mapping[str, str]) -> ServedRequest:
    """The request that a body holds.

    Raises:
        WrongRequest: it holds none.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise WrongRequest("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise WrongRequest("The body is not a JSON object.")
    data = cast("dict[str, Any]", body)
    if data.get("stream"):
        raise WrongRequest("Streaming is not served here. Leave `stream` out.", "stream")
    model = data.get("model")
    if not isinstance(model, str) or not model:
        raise WrongRequest("You must name a model.", "model")
    return ServedRequest(api, model, tuple(_messages(api, data)), data, headers)


def _messages(api: Api, body: Mapping[str, Any]) -> list[Message]:
    where = "messages" if api == "chat" else "input"
    given = body.get(where)
    entries = [{"role": "user", "content": given}] if api == "responses" and isinstance(given, str) else _list(given)
    if not entries:
        raise WrongRequest(f"`{where}` must be a list with at least one message.", where)
    found = [_message(entry, f"{where}[{n}]") for n, entry in enumerate(entries)]
    told = body.get("instructions") if api == "responses" else None
    return [Message("system", told), *found] if isinstance(told, str) else found


def _message(entry: object, where: str) -> Message:
    data = _object(entry)
    role = _ROLES.get(str(data.get("role")))
    if role is None:
        raise WrongRequest(f"{where} has no role that is known: {', '.join(_ROLES)}.", f"{where}.role")
    content = data.get("content")
    if isinstance(content, str):
        return Message(role, content)
    parts = [_object(part).get("text") for part in _list(content)]
    if (content is None and role != "assistant") or not all(isinstance(part, str) for part in parts):
        raise WrongRequest(f"{where} has content that is no text.", f"{where}.content")
    return Message(role, "\n".join(cast("list[str]", parts)))


def reply_body(request: ServedRequest, said: Completion, number: int) -> dict[str, Any]:
    """What the endpoint writes for `said`, in the form that the request came in.

    Tokens that the answer does not count are estimated by size: the server has no tokenizer.
    """
    sent, written = said.counts
    if sent is None:
        sent = estimated_input(request.messages, request.schema.text if request.schema else "")
    counts = sent, estimated_tokens(said.refusal or said.text) if written is None else written
    return (_chat if request.api == "chat" else _responses)(request, said, number, counts)


def _chat(request: ServedRequest, said: Completion, number: int, counts: tuple[int, int]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None, "refusal": said.refusal}
    finish: str = said.finish
    if request.called is not None and said.refusal is None and finish == "stop":
        call = {"name": request.called, "arguments": said.text}
        message |= {"content": None, "tool_calls": [{"id": f"call_{number}", "type": "function", "function": call}]}
        finish = "tool_calls"
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": {"prompt_tokens": counts[0], "completion_tokens": counts[1], "total_tokens": sum(counts)},
    }


_CUT = {"length": "max_output_tokens", "content_filter": "content_filter"}


def _responses(request: ServedRequest, said: Completion, number: int, counts: tuple[int, int]) -> dict[str, Any]:
    reason = _CUT.get(said.finish)
    status = "incomplete" if reason else "completed"
    part: dict[str, Any] = {"type": "output_text", "text": said.text, "annotations": []}
    if said.refusal is not None:
        part = {"type": "refusal", "refusal": said.refusal}
    output: dict[str, Any] = {"id": f"msg_{number}", "type": "message", "status": status, "role": "assistant"}
    output |= {"content": [part]}
    if request.called is not None and said.refusal is None and not reason:
        output = {"id": f"fc_{number}", "call_id": f"call_{number}", "type": "function_call", "status": status}
        output |= {"name": request.called, "arguments": said.text}
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": request.body.get("instructions"),
        "metadata": {},
        "model": request.model,
        "output": [output],
        "parallel_tool_calls": True,
        "temperature": request.temperature,
        "tool_choice": request.body.get("tool_choice", "auto"),
        "tools": request.body.get("tools", []),
        "top_p": None,
        "usage": {
            "input_tokens": counts[0],
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": counts[1],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sum(counts),
        },
    }


def models_body(models: tuple[str, ...]) -> dict[str, Any]:
    """The list of models that an endpoint serves."""
    return {"object": "list", "data": [model_body(model) for model in models]}


def model_body(model: str) -> dict[str, Any]:
    """One model of that list."""
    return {"id": model, "object": "model", "created": 0, "owned_by": "local"}


def error_body(message: str, kind: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    """What an endpoint writes where it does not answer."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
