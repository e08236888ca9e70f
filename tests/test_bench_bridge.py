"""Suites through the bridge: the model reads, the engine answers; where it gives up, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llm_bridge import read
from llm_bridge._chat._failures import BudgetSpent, ChatFailure, Refused, ServerFault
from llm_bridge._chat._scripted import ScriptedChat
from llm_bridge._chat._server import LocalServer
from llm_bridge._chat._server_wire import ServedRequest
from llm_bridge._chat._types import ChatReply, ChatRequest, Usage
from llm_bridge._formalise._wire import problem_to_wire
from llm_bridge.bench import BenchError, run_bench_model
from llm_bridge.bench._bridge import Bridge
from llm_bridge.cli import main

RULES = "We know that Ziklo causes Blaf, Blaf causes not Vork, and Vork causes Lumbo."
LESS = "Would Lumbo occur if not Ziklo instead of Ziklo?"  # yes: no Blaf, hence Vork
STORY = "Imagine a self-contained, hypothetical world with only the following conditions, and without any unmentioned "
STORY += "factors or causal relationships: Fertilizer has a direct effect on harvest."
CLOSE = "For fields without fertilizer, the probability of a good harvest is 50%. "
CLOSE += "For fields with fertilizer, the probability of a good harvest is 51%."
ASKED = "Will fertilizer increase the chance of a good harvest?"


def item(number: int, answer: str = "yes") -> dict[str, Any]:
    """An item as CounterBench publishes it; the number stands in a name, so that all texts differ."""
    info, question = (part.replace("Ziklo", f"Ziklo{number}") for part in (RULES, LESS))
    return {"question": question, "given_info": info, "answer": answer, "type": "basic", "question_id": number}


def written(path: Path, *entries: Any) -> Path:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def rightly(text: str) -> str:
    """What a model that misreads nothing replies."""
    return json.dumps(problem_to_wire(read(text)))


def says(answer: Callable[[str], str | ChatFailure] = rightly) -> ScriptedChat:
    """A model that says the same of a text, however often it is asked."""

    def said(request: ChatRequest) -> ChatReply | ChatFailure:
        answered = answer(request.text)
        return answered if isinstance(answered, ChatFailure) else ChatReply(answered, usage=Usage(100, 10, 0.01))

    return ScriptedChat(said)


def bench(suite: Path, chat: Any, method: Any = "bridge", **options: Any):
    return run_bench_model([suite], chat, method, model="a model", progress=False, **options)


def test_the_model_reads_and_the_engine_answers(tmp_path):
    own = {"id": "rain", "text": "If it rains, the road is wet. It rained. Is the road wet?", "answer": "yes"}
    suite, out = written(tmp_path / "items.jsonl", item(1), item(2, "no"), own), tmp_path / "out.jsonl"
    summary = bench(suite, says(), out=out)
    assert (summary.n, summary.answered, summary.correct) == (3, 3, 2)
    records = {line["id"]: line for line in lines(out)}
    first = records[1]
    assert (first["method"], first["finding"], first["stage"], first["reply"]) == ("bridge", "exact", "", "yes")
    assert first["words"].startswith("Yes.")
    assert (first["calls"], first["tokens_in"], first["cost"]) == (1, 100, 0.01)
    (wrong,) = summary.disagreements
    assert (wrong.id, wrong.kind) == (2, "wrong")
    assert wrong.reason.startswith("the text as it was read gives yes: Yes.")
    assert wrong.reason.endswith("The label says no")


def test_a_suite_s_conventions_apply_to_what_the_engine_says_and_to_nothing_else(tmp_path):
    cladder = {
        "id": "7",
        "prompt": f"{STORY} {CLOSE} {ASKED}",
        "label": "yes",
        "query_type": "ate",
        "story_id": "fields",
    }
    suite = written(tmp_path / "items.jsonl", cladder)
    summary = bench(suite, says(), out=tmp_path / "bridge.jsonl")
    (record,) = lines(tmp_path / "bridge.jsonl")
    assert (record["reply"], record["reply_plain"], record["conventions"]) == ("yes", None, ["face value"])
    assert (summary.accuracy, summary.accuracy_plain) == (1, 0)
    by_itself = bench(suite, says(lambda text: '{"verdict": "yes"}'), "direct", out=tmp_path / "direct.jsonl")
    (record,) = lines(tmp_path / "direct.jsonl")
    assert (record["reply"], record["reply_plain"], record["conventions"]) == ("yes", "yes", [])
    assert by_itself.conventions == ()


CANNOT = json.dumps({"cannot": "There is no question."})


def test_where_the_bridge_gives_up_is_counted_by_stage(tmp_path):
    suite, out = written(tmp_path / "items.jsonl", *(item(n) for n in range(5))), tmp_path / "out.jsonl"

    def answer(text: str) -> str:
        data = problem_to_wire(read(text))
        if "Ziklo1" in text:
            return "I would rather talk about the weather."
        if "Ziklo2" in text:
            return json.dumps(
                {**{key: [] for key in data}, "independences": None, "reply": data["reply"]} | json.loads(CANNOT)
            )
        if "Ziklo3" in text:
            data["equations"][0]["words"] = "which nobody has said"
        return json.dumps(data)

    summary = bench(suite, says(answer), out=out)
    assert (summary.n, summary.replied, summary.answered, summary.correct) == (5, 5, 2, 2)
    assert summary.abstained + summary.unreadable == 3
    assert summary.model is not None
    assert sum(summary.model.abstained_by_stage.values()) == 3
    assert summary.model.abstained_by_stage["cannot"] == 1
    reasons = {one.id: one.reason for one in summary.unanswered}
    assert "no question" in reasons[2]
    assert "which nobody has said" in reasons[3]
    assert next(line["calls"] for line in lines(out) if line["id"] == 3) == 3  # with two repairs
    assert "The bridge gave up at: " in summary.to_text()


def test_every_call_of_an_item_is_counted(tmp_path):
    suite, out = written(tmp_path / "items.jsonl", item(1), item(2)), tmp_path / "out.jsonl"
    summary = bench(suite, says(), Bridge(votes=3), out=out)
    assert [line["calls"] for line in lines(out)] == [3, 3]
    assert summary.model is not None
    assert (summary.model.calls, summary.model.calls_per_item, summary.model.tokens_in) == (6, 3.0, 600)


def test_other_settings_are_another_run(tmp_path):
    suite, out = written(tmp_path / "items.jsonl", item(1)), tmp_path / "out.jsonl"
    bench(suite, says(), out=out)
    for other in (Bridge(repairs=1), Bridge(votes=3), Bridge(back_translate=True), Bridge(calls=2)):
        with pytest.raises(BenchError, match="method bridge, settings "):
            bench(suite, says(), other, out=out)
    bench(suite, says(lambda text: pytest.fail("was asked")), Bridge(), out=out)


@pytest.mark.parametrize("failure", [ServerFault("500"), Refused("no")])
def test_no_reply_at_all_is_a_failure_and_no_abstention(tmp_path, failure):
    suite = written(tmp_path / "items.jsonl", item(1), item(2))
    summary = bench(suite, says(lambda text: failure if "Ziklo1" in text else rightly(text)))
    assert (summary.replied, summary.correct, dict(summary.failed)) == (1, 1, {failure.kind: 1})


def test_an_item_that_the_budget_cuts_short_counts_as_not_asked(tmp_path):
    suite, out = written(tmp_path / "items.jsonl", *(item(n) for n in range(4))), tmp_path / "out.jsonl"
    left = [5]

    def answer(text: str) -> str | ChatFailure:
        left[0] -= 1
        return rightly(text) if left[0] >= 0 else BudgetSpent("The budget is used up.")

    summary = bench(suite, says(answer), Bridge(votes=2), out=out, concurrency=1)
    assert summary.model is not None
    assert (summary.n, summary.model.not_asked) == (2, 2)
    assert [line["failure"] for line in lines(out)] == ["", ""]


def test_the_command_with_a_budget_and_a_cache(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    suite, out = written(tmp_path / "items.jsonl", *(item(n) for n in range(12))), tmp_path / "out.jsonl"

    def answer(request: ServedRequest) -> str:
        data, _ = json.JSONDecoder().raw_decode(request.messages[-1].content)  # a schema in words may come after it
        return rightly(data["text"]) if "text" in data else "{}"  # what is found out of the endpoint has no text

    given = ["bench", str(suite), "--model", "recorded", "--out", str(out), "--concurrency", "1", "--price", "1,2"]
    given += ["--cache", str(tmp_path / "replies.db"), "--json", "--no-progress"]
    with LocalServer(answer).running() as url:
        given += ["--base-url", url]
        assert main([*given, "--budget-calls", "12"]) == 0
        first = capsys.readouterr()
        assert main([*given, "--budget-calls", "12"]) == 0
        second = capsys.readouterr()
        assert main([*given, "--budget-calls", "100"]) == 0
        third = capsys.readouterr()
    data = json.loads(first.out)
    assert 0 < data["n"] < 12
    assert data["correct"] == data["n"]
    assert data["model"]["not_asked"] == 12 - data["n"]
    assert f"the budget is used up; {12 - data['n']} items were not asked" in first.err
    assert json.loads(second.out)["n"] == data["n"]  # the budget holds for all runs of one output together
    whole = json.loads(third.out)
    assert (whole["n"], whole["correct"], whole["model"]["not_asked"]) == (12, 12, 0)
    assert whole["model"]["cost"] > 0
    assert third.err == ""
