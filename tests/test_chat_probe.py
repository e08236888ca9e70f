"""What endpoints of several kinds can do is found out, once; and a model opened with all that belongs between."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from llm_bridge._chat._bodies import Dialect
from llm_bridge._chat._failures import (
    BudgetSpent,
    NoReplyKept,
    NoSuchModel,
    QuotaSpent,
    RateLimited,
    ServerFault,
    WrongKey,
)
from llm_bridge._chat._ledger import Budget, Ledger
from llm_bridge._chat._open import open_model
from llm_bridge._chat._openai import OpenAIChat
from llm_bridge._chat._policy import Policy, Retrying
from llm_bridge._chat._probe import EndpointReport, probe
from llm_bridge._chat._recorded import RecordingChat, serve_recording
from llm_bridge._chat._scripted import ScriptedChat
from llm_bridge._chat._server import LocalServer
from llm_bridge._chat._spending import Price
from llm_bridge._chat._types import ChatRequest, Message, ReplySchema
from scm import ScmError

from .raw_endpoint import Heard, RawEndpoint, Sent, completion, error, http

KEY = "sk-proj-Quartz17Meadow"
SCHEMA = ReplySchema.of(
    "shade",
    {"type": "object", "properties": {"a": {"enum": ["b"]}}, "required": ["a"], "additionalProperties": False},
)
STRICT = ChatRequest((Message("system", "Say a."), Message("user", '{"text": "..."}')), "problem", SCHEMA)
QUICK = Policy(first_wait=0.001)


def first_allowed(schema: dict[str, Any]) -> str:
    """The reply of a model that is held to a schema."""
    return json.dumps({name: inner["enum"][0] for name, inner in schema["properties"].items()})


def obedient(heard: Heard) -> str:
    """The reply of a model that does as the prompt says, and has seen no schema."""
    messages = heard.body.get("messages") or heard.body["input"]
    data = json.loads(messages[-1]["content"].partition("\n\n")[0])
    return json.dumps(data.get("reply") or {"token": "none"})


def endpoint(
    schema: str = "rejects",
    tools: str = "rejects",
    json_form: str = "rejects",
    chat: bool = True,
    responses: str = "absent",
) -> Callable[[Heard], Sent]:
    """An endpoint that enforces, ignores or rejects each way to ask for a schema."""
    ways = {"json_schema": schema, "json_object": json_form, "tools": tools}

    def by(heard: Heard) -> Sent:
        if heard.path.endswith("/responses"):
            if responses == "absent":
                return http(404, b"404 page not found")
            form = heard.body["text"]["format"] if "text" in heard.body else {}
            held = responses == "enforces" and "schema" in form
            return response(first_allowed(form["schema"]) if held else obedient(heard))
        if not chat:
            return http(404, b"404 page not found")
        form = heard.body.get("response_format", {})
        asked = form.get("type") or ("tools" if "tools" in heard.body else "")
        way = ways.get(asked, "ignores")
        if way == "rejects":
            return error(400, f"'{'tools' if asked == 'tools' else 'response_format'}' is not supported")
        if way == "ignores":
            return completion(obedient(heard))
        if asked == "tools":
            arguments = first_allowed(heard.body["tools"][0]["function"]["parameters"])
            return completion(None, "tool_calls", tool_calls=[{"function": {"name": "x", "arguments": arguments}}])
        return completion(first_allowed(form["json_schema"]["schema"]) if asked == "json_schema" else obedient(heard))

    return by


def response(text: str) -> Sent:
    message = {"type": "message", "content": [{"type": "output_text", "text": text}]}
    return http(200, {"status": "completed", "output": [message], "usage": {"input_tokens": 3, "output_tokens": 2}})


def probed(
    by: Callable[[Heard], Sent], folder: Path | None = None, **options: Any
) -> tuple[EndpointReport, RawEndpoint]:
    async def run() -> tuple[EndpointReport, RawEndpoint]:
        async with RawEndpoint(by=by) as raw, OpenAIChat("m", base_url=raw.url, api_key=KEY, **options) as chat:
            return await probe(chat, folder), raw

    return asyncio.run(run())


# What an endpoint does with a schema, with a tool, with JSON; what its responses do; the abilities found (schema,
# responses, tools, json), how to ask it, and the requests that it took to know.
KINDS = """
enforces  rejects   rejects   enforces | enforced enforced -        -        | chat      schema            2
enforces  rejects   rejects   absent   | enforced absent   -        -        | chat      schema            2
ignores   rejects   rejects   enforces | accepted enforced -        -        | responses schema            2
missing   rejects   rejects   enforces | absent   enforced -        -        | responses schema            2
missing   rejects   rejects   ignores  | absent   accepted absent   -        | responses schema_and_words  3
ignores   enforces  rejects   absent   | accepted absent   enforced -        | chat      tool              3
rejects   enforces  rejects   absent   | absent   absent   enforced -        | chat      tool              3
ignores   ignores   ignores   absent   | accepted absent   absent   -        | chat      schema_and_words  3
rejects   ignores   enforces  absent   | absent   absent   absent   accepted | chat      json              4
rejects   rejects   rejects   absent   | absent   absent   absent   absent   | chat      words             4
"""


@pytest.mark.parametrize("row", KINDS.strip().splitlines())
def test_each_kind_of_endpoint_is_known_by_four_requests(row):
    like, found, best = (part.split() for part in row.split("|"))
    schema, tools, json_form, responses = like
    report, raw = probed(endpoint(schema, tools, json_form, schema != "missing", responses))
    abilities = [report.schema, report.responses, report.tools, report.json]
    assert [ability.replace("not asked", "-") for ability in abilities] == found
    assert [report.api, report.form.replace(" ", "_"), str(len(raw.heard))] == best


def test_an_interface_that_was_asked_for_is_the_only_one_asked():
    report, raw = probed(endpoint("enforces", responses="enforces"), api="chat")
    assert (report.api, report.responses, len(raw.heard)) == ("chat", "not asked", 1)
    report, raw = probed(endpoint("enforces", responses="enforces"), api="responses")
    assert (report.api, report.schema, len(raw.heard)) == ("responses", "not asked", 1)


def test_parameters_that_are_not_known_are_in_the_report():
    def by(heard: Heard) -> Sent:
        if "temperature" in heard.body:
            return error(400, "Unsupported value: 'temperature' does not support 0", param="temperature")
        return endpoint("enforces")(heard)

    report, _ = probed(by)
    assert report.without == ("temperature",)
    assert report.dialect(Dialect()) == Dialect(without=frozenset({"temperature"}))


# --- reports are kept


def test_a_report_is_kept_without_the_key(tmp_path):
    by = endpoint("enforces")

    async def run() -> tuple[EndpointReport, EndpointReport, int]:
        async with RawEndpoint(by=by) as raw:
            reports = []
            for _ in range(2):
                async with OpenAIChat("m", base_url=raw.url, api_key=KEY) as chat:
                    reports.append(await probe(chat, tmp_path / "new" / "folder"))
            return *reports, len(raw.heard)

    first, second, count = asyncio.run(run())
    assert first == second
    assert count == 2
    (file,) = (tmp_path / "new" / "folder").iterdir()
    assert KEY not in file.read_text() + file.name
    assert "Meadow" not in file.read_text()
    assert datetime.now(UTC) - datetime.fromisoformat(json.loads(file.read_text())["date"]) < timedelta(minutes=1)
    assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: "[" * 100_000,
        lambda text: text.replace("twinworld-endpoint/1", "twinworld-endpoint/9"),
        lambda text: text.replace("enforced", "wonderful"),
        lambda text: text.replace('"model": "m"', '"model": "n"'),
        lambda text: text.replace('"model": "m"', '"model": 7'),
        lambda text: text.replace('"date": "20', '"date": "19'),
        lambda text: text.replace('"date": "20', '"date": "31'),
        lambda text: text.replace('"date": "20', '"date": "soon'),
        lambda text: text.replace('"without": []', '"without": 5'),
        lambda text: text.replace('"chat": true', '"chat": "yes"'),
    ],
)
def test_a_report_that_cannot_be_used_is_asked_for_again(tmp_path, spoil):
    async def run() -> tuple[EndpointReport, EndpointReport, int]:
        async with RawEndpoint(by=endpoint("enforces")) as raw, OpenAIChat("m", base_url=raw.url) as chat:
            first = await probe(chat, tmp_path)
            (file,) = tmp_path.iterdir()
            whole = file.read_text()
            file.write_text(spoil(whole))
            assert file.read_text() != whole
            again = await probe(chat, tmp_path)
            assert list(tmp_path.iterdir()) == [file]
            assert json.loads(file.read_text())["schema"] == "enforced"
            return first, again, len(raw.heard)

    first, again, count = asyncio.run(run())
    assert replace(again, date="") == replace(first, date="")
    assert count == 4


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path):
    (tmp_path / "file").write_text("")
    report, _ = probed(endpoint("enforces"), tmp_path / "file" / "folder")
    assert report.schema == "enforced"


# --- failures


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (error(401, "no"), WrongKey),
        (error(404, "The model `m` does not exist", code="model_not_found"), NoSuchModel),
        (http(404, b"404 page not found"), NoSuchModel),
        (error(429, "no", code="insufficient_quota"), QuotaSpent),
        (error(429, "slow"), RateLimited),
        (error(500, "broken"), ServerFault),
    ],
)
def test_a_failure_that_says_nothing_of_the_endpoint_is_no_report(tmp_path, sent, kind):
    with pytest.raises(kind) as caught:
        probed(lambda heard: sent, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert "/responses" not in str(caught.value), "the interface that everybody has is the one to name"


# --- a model opened


def opened(by: Callable[[Heard], Sent], folder: Path, count: int, **options: Any) -> tuple[list[Any], Any, RawEndpoint]:
    async def run() -> tuple[list[Any], Any, RawEndpoint]:
        async with RawEndpoint(by=by) as raw:
            model = open_model("m", base_url=raw.url, api_key=KEY, policy=QUICK, reports=folder, **options)
            asked = [replace(STRICT, text=str(number), max_tokens=500 + number) for number in range(count)]
            replies = await asyncio.gather(*map(model.complete, asked), return_exceptions=True)
            return replies, model, raw

    return asyncio.run(run())


def test_the_first_requests_wait_for_one_probe(tmp_path):
    replies, model, raw = opened(endpoint(tools="enforces"), tmp_path, 50)
    assert {reply.text for reply in replies} == {'{"a": "b"}'}
    assert len(raw.heard) == 50 + 3
    assert model.report.form == "tool"
    assert {call.purpose for call in model.ledger.calls} == {"probe", "problem"}
    assert KEY not in repr(model) + repr(vars(model)) + repr(model.endpoint)


def test_plain_words_need_no_probe(tmp_path):
    async def run() -> int:
        async with RawEndpoint(by=lambda heard: completion("yes")) as raw:
            model = open_model("m", base_url=raw.url, reports=tmp_path)
            assert (await model.complete(replace(STRICT, schema=None))).text == "yes"
            assert model.report is None
            return len(raw.heard)

    assert asyncio.run(run()) == 1


def test_a_probe_that_fails_is_the_failure_of_all_who_wait_for_it(tmp_path):
    replies, _, raw = opened(lambda heard: error(401, f"Incorrect API key provided: {KEY}"), tmp_path, 30)
    assert {type(reply) for reply in replies} == {WrongKey}
    assert not any(KEY in str(reply) for reply in replies)
    assert len(raw.heard) == 1


def test_a_probe_goes_on_when_who_began_it_is_cancelled(tmp_path):
    async def run() -> str:
        async with RawEndpoint(by=endpoint("enforces")) as raw:
            model = open_model("m", base_url=raw.url, reports=tmp_path)
            first, second = (asyncio.create_task(model.complete(STRICT)) for _ in range(2))
            await asyncio.sleep(0)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            return (await second).text

    assert asyncio.run(run()) == '{"a": "b"}'


def test_tries_are_counted_and_paid_for(tmp_path):
    said = [error(500, "broken"), completion('{"a', "length"), completion('{"a": "b"}')]
    replies, model, _ = opened(lambda heard: said.pop(0), tmp_path, 1, form="schema", price=Price(1.0, 2.0))
    assert replies[0].tries == 3
    assert [call.kind for call in model.ledger.calls] == ["ServerFault", "Truncated", "reply"]
    assert model.ledger.summary().cost == pytest.approx(2 * (11 * 1.0 + 7 * 2.0) / 1e6)


def test_a_budget_stops_the_run_before_anything_is_sent(tmp_path):
    replies, _, raw = opened(endpoint("enforces"), tmp_path, 20, form="schema", budget=Budget(calls=5))
    assert len(raw.heard) == 5
    assert sum(isinstance(reply, BudgetSpent) for reply in replies) == 15


def test_what_is_kept_needs_no_endpoint(tmp_path):
    cache = tmp_path / "replies.sqlite"
    first, _, raw = opened(endpoint("enforces"), tmp_path, 3, cache=cache)

    async def again() -> list[Any]:
        async with open_model("m", base_url=raw.url, cache=cache, reports=tmp_path / "other") as model:
            return [await model.complete(replace(STRICT, max_tokens=500 + number)) for number in range(3)]

    kept = asyncio.run(again())
    assert [reply.text for reply in kept] == [reply.text for reply in first]
    assert {reply.tries for reply in kept} == {0}
    assert KEY.encode() not in cache.read_bytes()


def test_a_recording_is_served_without_a_probe_in_it(tmp_path):
    path = tmp_path / "made.jsonl"

    async def run() -> tuple[str, EndpointReport | None]:
        with RecordingChat(ScriptedChat(['{"a": "b"}']), path) as recording:
            await recording.complete(STRICT)
        async with serve_recording(path) as server:
            model = open_model("recorded", base_url=server.url, reports=tmp_path / "reports", policy=QUICK)
            reply = await model.complete(STRICT)
            with pytest.raises(NoReplyKept, match="recording without this request"):
                await model.complete(replace(STRICT, messages=(Message("user", "another"),)))
            return reply.text, model.report

    text, report = asyncio.run(run())
    assert text == '{"a": "b"}'
    assert report is not None
    assert report.form == "schema"


def test_a_recording_that_knows_no_probe_is_asked_as_it_was_made(tmp_path):
    """And what a recording does is not kept as if it were said of an endpoint."""

    async def run() -> EndpointReport:
        async with LocalServer(ScriptedChat([])) as server, OpenAIChat("recorded", base_url=server.url) as chat:
            return await probe(chat, tmp_path)

    assert asyncio.run(run()).form == "schema"
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_has_its_own_budget():
    with pytest.raises(ScmError, match="Give these to the ledger"):
        open_model("m", base_url="http://localhost/v1", ledger=Ledger(), budget=Budget(calls=1))


def test_reports_go_to_the_users_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    async def run() -> str:
        async with RawEndpoint(by=endpoint("enforces")) as raw:
            return (await open_model("m", base_url=raw.url).complete(STRICT)).text

    assert asyncio.run(run()) == '{"a": "b"}'
    assert len(list((tmp_path / "twinworld").iterdir())) == 1


def test_no_key_in_any_log(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    opened(endpoint("ignores"), tmp_path, 2, cache=tmp_path / "replies.sqlite")
    assert len(caplog.records) > 10
    assert "Meadow" not in caplog.text


def test_the_client_is_loaded_when_it_is_needed():
    """And where it is not installed, that is said with what to do."""
    code = """
import asyncio, sys
from llm_bridge._chat._open import open_model
from llm_bridge._chat._types import ChatRequest, Message
model = open_model("m", base_url="http://127.0.0.1:9/v1")
assert not {"openai", "httpx2", "h11"} & set(sys.modules), "loaded too early"
sys.modules["openai"] = None
try:
    asyncio.run(model.complete(ChatRequest((Message("user", "?"),), "direct")))
except Exception as wrong:
    print(type(wrong).__name__, wrong)
"""
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    assert run.stdout.startswith("MissingPackage")
    assert "pip install 'twinworld[model]'" in run.stdout


def test_nothing_is_left_open_when_the_loop_ends():
    """No warning of an open socket or an unfinished task, whatever the model was doing, with nothing closed by hand."""
    code = """
import asyncio, gc, random, sys
from llm_bridge._chat._open import open_model
from llm_bridge._chat._server import Faults, LocalServer
from llm_bridge._chat._types import ChatRequest, Message

faults = Faults(rate=0.1, kinds=("delay", "drop", "malformed"), delay=30)
server = LocalServer(lambda _: "yes", models=(), faults=faults)
with server.running() as url:
    model = open_model("m", base_url=url)
    async def run():
        asked = [model.complete(ChatRequest((Message("user", str(n)),), "direct")) for n in range(40)]
        tasks = [asyncio.create_task(one) for one in asked]
        # Not while connections are being made: anyio then forgets a coroutine, and says so.
        while sum(task.done() for task in tasks) < 30:
            await asyncio.sleep(0.1)
        for task in [task for task in tasks if not task.done()][::2]:
            task.cancel()
    for _ in range(2):
        asyncio.run(run())
    del model
    gc.collect()
print("done")
"""
    environment = {**os.environ, "PYTHONWARNINGS": "always"}
    run = subprocess.run([sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True, env=environment)
    assert run.stdout == "done\n", run.stderr
    assert "Warning" not in run.stderr
    assert "never" not in run.stderr


def test_retries_of_the_probe_follow_the_policy():
    said = [error(503, "full"), completion('{"token": "tw-7f3a"}')]

    async def run() -> EndpointReport:
        async with RawEndpoint(*said) as raw, OpenAIChat("m", base_url=raw.url, api="chat") as chat:
            return await probe(chat, wrap=lambda inner: Retrying(inner, QUICK, rng=random.Random(1)))

    assert asyncio.run(run()).schema == "enforced"
