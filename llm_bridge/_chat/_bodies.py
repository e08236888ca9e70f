"""Request bodies: one question in the words of one endpoint, and what to leave out when it does not know it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from .._prompts import prompt
from ._types import ChatRequest, Message, ReplySchema

Api: TypeAlias = Literal["chat", "responses"]
Form: TypeAlias = Literal["schema", "schema and words", "tool", "json", "words"]
"""How a schema is asked for: enforced by the endpoint; sent, and said in words too, since it may be ignored; as the
parameters of a tool that must be called; as any JSON, with the schema in words; in words alone."""

_WEAKER: dict[Form, Form] = {"schema": "tool", "schema and words": "tool", "tool": "json", "json": "words"}
_FORM_WORDS: dict[Form, re.Pattern[str]] = {
    "schema": re.compile(r"response_format|json_schema|text\.format|structured output", re.IGNORECASE),
    "tool": re.compile(r"\btool|function", re.IGNORECASE),
    "json": re.compile(r"response_format|json_object|text\.format|json mode", re.IGNORECASE),
}
_FORM_WORDS["schema and words"] = _FORM_WORDS["schema"]

_UNKNOWN = re.compile(
    r"support|unknown|unrecogni[sz]ed|unexpected|extra |not permitted|not allowed|unavailable|enabled only|must be"
    r"|does not exist|not available|not implemented|deprecated",
    re.IGNORECASE,
)
_BAD_SCHEMA = re.compile(r"invalid schema|schema.{0,40}invalid", re.IGNORECASE)

LIMITS = ("max_tokens", "max_completion_tokens")
OPTIONAL = ("temperature", "seed", "store", "strict")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an endpoint wants to be asked.

    Attributes:
        api: chat completions or responses.
        form: how a schema is asked for.
        limits: names for the most tokens of a chat completion, the first that is not left out is sent.
        without: parameters that the endpoint does not know.
    """

    api: Api = "chat"
    form: Form = "schema"
    limits: tuple[str, ...] = LIMITS
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an endpoint says is wrong: its message, the parameter it blames, its code and type; empty where not said."""

    message: str = ""
    param: str = ""
    code: str = ""
    kind: str = ""


def body(request: ChatRequest, model: str, dialect: Dialect) -> dict[str, Any]:
    """The request as JSON data."""
    messages = [{"role": message.role, "content": message.content} for message in _spoken(request, dialect)]
    return _body(request, messages, model, dialect)


def _spoken(request: ChatRequest, dialect: Dialect) -> tuple[Message, ...]:
    return _in_words(request) if request.schema and dialect.form not in ("schema", "tool") else request.messages


def _body(request: ChatRequest, messages: list[dict[str, str]], model: str, dialect: Dialect) -> dict[str, Any]:
    said = _chat(request, messages, dialect) if dialect.api == "chat" else _responses(request, messages, dialect)
    return {"model": model} | {name: value for name, value in said.items() if name not in dialect.without}


def encoded(request: ChatRequest, model: str, dialect: Dialect) -> bytes:
    """The request as it is sent: `body` as JSON, of which what many requests have in common is encoded once.

    Raises:
        UnicodeEncodeError: a message holds half of a surrogate pair.
    """
    messages = [(_prompt if one.role == "system" else _message)(one) for one in _spoken(request, dialect)]
    before, after = _around(model, dialect, request.schema, request.max_tokens, request.temperature, request.attempt)
    return b"".join((before, b",".join(messages), after))


def _message(message: Message) -> bytes:
    return _json({"role": message.role, "content": message.content}).encode()


@lru_cache(maxsize=64)
def _prompt(message: Message) -> bytes:
    return _message(message)


@lru_cache(maxsize=64, typed=True)  # 0 and 0.0 are equal, and not the same in JSON
def _around(
    model: str, dialect: Dialect, schema: ReplySchema | None, max_tokens: int, temperature: float, attempt: int
) -> tuple[bytes, bytes]:
    """What is sent before the messages and after them: the same whatever they say."""
    request = ChatRequest((), "problem", schema, max_tokens, temperature, attempt)
    name = "messages" if dialect.api == "chat" else "input"
    # Inside a text its quotes would be escaped, so that this stands for the key and nothing else.
    before, key, after = _json(_body(request, [], model, dialect)).partition(f'"{name}":[')
    return f"{before}{key}".encode(), after.encode()


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def path(dialect: Dialect) -> str:
    """Where under the base address the request goes."""
    return "/chat/completions" if dialect.api == "chat" else "/responses"


def adapted(dialect: Dialect, complaint: Complaint, sent: dict[str, Any]) -> Dialect | None:
    """The dialect without what the endpoint complains of, or with a form that asks for less; None where neither helps.

    Every step leaves out one thing more or asks for less, so that steps come to an end.
    """
    if fewer := fewer_parameters(dialect, complaint, sent):
        return fewer
    words = _FORM_WORDS.get(dialect.form)
    if not _unknown(complaint) or not words or not {"response_format", "text", "tools"} & sent.keys():
        return None
    blames_form = words.search(f"{complaint.param} {complaint.code} {complaint.message}")
    return replace(dialect, form=_WEAKER[dialect.form]) if blames_form else None


def fewer_parameters(dialect: Dialect, complaint: Complaint, sent: dict[str, Any]) -> Dialect | None:
    """The dialect without the parameter that the endpoint complains of; None where that cannot be left out."""
    if not _unknown(complaint):
        return None
    names = [name for name in (*LIMITS, *OPTIONAL) if name in sent or (name == "strict" and _sends_strict(sent))]
    blamed = _blamed(names, complaint)
    if blamed is None:
        return None
    less = replace(dialect, without=dialect.without | {blamed})
    return None if blamed in LIMITS and less.without.issuperset(less.limits) else less


def _unknown(complaint: Complaint) -> bool:
    """Whether the complaint is of something that the endpoint does not know, rather than of a value or a schema."""
    said = f"{complaint.code} {complaint.message}"
    return bool(_UNKNOWN.search(said)) and not _BAD_SCHEMA.search(said)


def _blamed(names: Sequence[str], complaint: Complaint) -> str | None:
    """The parameter that was sent and is complained of. One named first counts: the others are named as the cure."""
    if complaint.param.rsplit(".", 1)[-1] in names:
        return complaint.param.rsplit(".", 1)[-1]
    places = {name: found.start() for name in names if (found := re.search(rf"\b{name}\b", complaint.message))}
    return min(places, key=places.__getitem__) if places and not complaint.param else None


def _sends_strict(sent: dict[str, Any]) -> bool:
    return '"strict": true' in json.dumps([sent.get(name) for name in ("response_format", "text", "tools")])


def _in_words(request: ChatRequest) -> tuple[Message, ...]:
    """The conversation with the schema in it, as data of the user's: the names in a schema are untrusted words."""
    assert request.schema is not None
    how = prompt("schema").text
    *before, last = request.messages
    data = json.dumps({"reply_schema": request.schema.data}, ensure_ascii=False, separators=(",", ":"))
    first = [message for message in before if message.role == "system"]
    rest = [message for message in before if message.role != "system"]
    system = Message("system", "\n\n".join([*(message.content for message in first), how]))
    return (system, *rest, Message(last.role, f"{last.content}\n\n{data}"))


def _strict(dialect: Dialect) -> dict[str, bool]:
    return {} if "strict" in dialect.without else {"strict": True}


def _chat(request: ChatRequest, messages: list[dict[str, str]], dialect: Dialect) -> dict[str, Any]:
    limit = next((name for name in dialect.limits if name not in dialect.without), dialect.limits[0])
    said: dict[str, Any] = {"messages": messages, limit: request.max_tokens, "temperature": request.temperature}
    if request.attempt:
        said["seed"] = request.attempt
    if request.schema is None:
        return said
    return said | _chat_form(request.schema, dialect)


def _chat_form(schema: ReplySchema, dialect: Dialect) -> dict[str, Any]:
    match dialect.form:
        case "schema" | "schema and words":
            inner = {"name": schema.name, "schema": schema.data} | _strict(dialect)
            return {"response_format": {"type": "json_schema", "json_schema": inner}}
        case "tool":
            function = {"name": schema.name, "parameters": schema.data} | _strict(dialect)
            choice = {"type": "function", "function": {"name": schema.name}}
            return {"tools": [{"type": "function", "function": function}], "tool_choice": choice}
        case "json":
            return {"response_format": {"type": "json_object"}}
        case "words":
            return {}


def _responses(request: ChatRequest, messages: list[dict[str, str]], dialect: Dialect) -> dict[str, Any]:
    # `store` off: what a user asks is not kept by the endpoint for later calls, which there are none of.
    said: dict[str, Any] = {
        "input": messages,
        "max_output_tokens": request.max_tokens,
        "temperature": request.temperature,
        "store": False,
    }
    return said if request.schema is None else said | _responses_form(request.schema, dialect)


def _responses_form(schema: ReplySchema, dialect: Dialect) -> dict[str, Any]:
    match dialect.form:
        case "schema" | "schema and words":
            form = {"type": "json_schema", "name": schema.name, "schema": schema.data} | _strict(dialect)
            return {"text": {"format": form}}
        case "tool":
            tool = {"type": "function", "name": schema.name, "parameters": schema.data} | _strict(dialect)
            return {"tools": [tool], "tool_choice": {"type": "function", "name": schema.name}}
        case "json":
            return {"text": {"format": {"type": "json_object"}}}
        case "words":
            return {}
