"""What an endpoint sent back, read with care: a reply in plain values, or the failure that it amounts to."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple, cast

from ._bodies import Api, Complaint
from ._endpoint import Endpoint
from ._failures import ChatFailure, Malformed, RateLimited, Refused, ServerFault, Truncated, WrongFinish
from ._types import ChatReply, ChatRequest, Usage

MOST_BYTES = 20_000_000
"""Largest reply that is looked at."""

_FENCE = re.compile(r"\A```[\w-]*\s*\n(.*?)\n?\s*```\Z", re.DOTALL)
_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)


class Said(NamedTuple):
    """The parts of a reply that both interfaces have.

    Attributes:
        text: the reply, or the arguments of the tool called.
        refusal: why the model declines; empty where it does not.
        finish: why it ended, as the endpoint calls it.
    """

    text: str
    refusal: str
    finish: str


def reply(content: bytes, request: ChatRequest, api: Api, where: Endpoint) -> ChatReply:
    """The reply in the body of a successful response.

    Raises:
        Malformed: the body is not JSON, or not of the form that the interface has.
        RateLimited, ServerFault: the body says that the endpoint failed.
        Refused, Truncated, WrongFinish: the model did not answer.
    """
    data = json_object(content)
    if data is None:
        raise Malformed(
            f"Got a reply from {where} that is not JSON: {where.quoted(_start(content))}; wanted a completion. "
            "Check that the address is that of an OpenAI-compatible interface (it often ends in /v1)."
        )
    usage = _usage(_object(data.get("usage")))
    said = _chat(data, where) if api == "chat" else _responses(data, where)
    if said is None:
        raise Malformed(
            f"Got JSON from {where} that is no completion: {where.quoted(_start(content))}. "
            "Check that the address is that of an OpenAI-compatible interface (it often ends in /v1)."
        )
    if failure := _unfinished(said, request, usage, where):
        raise failure
    text = bare(said.text) if request.schema else said.text
    model = data.get("model")
    return ChatReply(text, model if isinstance(model, str) else "", usage)


def bare(text: str) -> str:
    """The reply without what models put round JSON: thoughts before it, and a code fence. Nothing inside is touched."""
    stripped = _THOUGHT.sub("", text).strip()
    fenced = _FENCE.match(stripped)
    return fenced.group(1).strip() if fenced else stripped


def complaint(content: bytes) -> Complaint:
    """What an error's body complains of, in any of the forms in use."""
    data = json_object(content)
    if data is None:
        return Complaint(_start(content))
    error = data.get("error", data)
    if isinstance(error, str):
        return Complaint(error)
    inner = _object(error) or data
    message: Any = (
        inner.get("message") or inner.get("msg") or inner.get("detail") or data.get("message") or _start(content)
    )
    param = inner.get("param")
    if faults := _list(message):  # a web framework's own: [{"loc": ["body", "seed"], "msg": "Extra inputs ..."}]
        first = _object(faults[0])
        param = next(iter(_list(first.get("loc"))[::-1]), param)
        message = first.get("msg") or faults
    parts: tuple[Any, ...] = (message, param, inner.get("code"), inner.get("type"))
    return Complaint(*(str(part or "") for part in parts))


def json_object(content: bytes) -> dict[str, Any] | None:
    """The JSON object that a body holds; None where it holds none."""
    if len(content) > MOST_BYTES:
        return None
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", data) if isinstance(data, dict) else None


def _chat(data: dict[str, Any], where: Endpoint) -> Said | None:
    choice = _object(_first(data.get("choices")))
    message = choice.get("message")
    if not isinstance(message, dict):
        if data.get("error"):
            raise _failed(complaint(json.dumps(data).encode()), where)
        return None
    message = cast("dict[str, Any]", message)
    finish = str(choice.get("finish_reason") or "").lower()
    called = _object(_object(_first(message.get("tool_calls"))).get("function")).get("arguments")
    if isinstance(called, str):
        finish = "stop" if finish in ("tool_calls", "function_call") else finish
        return Said(called, "", finish)
    text = _text(message.get("content"))
    return None if text is None else Said(text, _text(message.get("refusal")) or "", finish)


def _responses(data: dict[str, Any], where: Endpoint) -> Said | None:
    status = data.get("status")
    if status == "failed" or (data.get("error") and status != "incomplete"):
        raise _failed(complaint(json.dumps(data).encode()), where)
    items = data.get("output")
    if not isinstance(items, list) or not isinstance(status, str):
        return None
    outputs = [_object(item) for item in cast("list[Any]", items)]
    called = [item["arguments"] for item in outputs if isinstance(item.get("arguments"), str)]
    parts = [_object(part) for item in outputs if item.get("type") == "message" for part in _list(item.get("content"))]
    text = "".join(str(part.get("text") or "") for part in parts if part.get("type") == "output_text")
    refusal = "".join(str(part.get("refusal") or "") for part in parts if part.get("type") == "refusal")
    finish = str(_object(data.get("incomplete_details")).get("reason") or status)
    return Said(called[0] if called else text, refusal, {"completed": "stop"}.get(finish, finish))


def _failed(said: Complaint, where: Endpoint) -> ChatFailure:
    """A failure that came in place of a reply, under a status that says all is well."""
    words = f"Got a failure from {where} in place of a reply; it says {where.quoted(said.message)}."
    if "rate_limit" in f"{said.code} {said.kind}" or said.code == "429":
        return RateLimited(words)
    return ServerFault(words)


def _unfinished(said: Said, request: ChatRequest, usage: Usage, where: Endpoint) -> ChatFailure | None:
    """Why what was said is no answer; None where it is one."""
    if said.finish in ("length", "max_output_tokens", "max_tokens"):
        return Truncated(
            f"The reply of {where} was cut off at {request.max_tokens} tokens. Allow more, or ask about less text.",
            usage=usage,
        )
    if said.refusal or said.finish == "content_filter":
        reason = f"it says {where.quoted(said.refusal)}" if said.refusal else "a content filter stopped it"
        return Refused(
            f"Got no answer from {where}: {reason}. Word the text differently, or use another model.", usage=usage
        )
    if said.finish != "stop":
        return WrongFinish(
            f"The reply of {where} ended for the reason {where.quoted(said.finish or 'none')}; wanted 'stop'. "
            "Try again, or use another model.",
            usage=usage,
        )
    if not said.text.strip():
        return WrongFinish(f"The reply of {where} is empty. Try again, or use another model.", usage=usage)
    return None


def _usage(data: dict[str, Any]) -> Usage:
    return Usage(
        _count(data.get("prompt_tokens", data.get("input_tokens"))),
        _count(data.get("completion_tokens", data.get("output_tokens"))),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text(value: object) -> str | None:
    """Text that came whole, in parts, or not at all; None where it is something else."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = [_object(part).get("text") for part in cast("list[Any]", value)]
        return "".join(part for part in parts if isinstance(part, str))
    return None


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _first(value: object) -> object:
    return next(iter(_list(value)), None)


def _start(content: bytes) -> str:
    return content[:4_000].decode("utf-8", "replace")
