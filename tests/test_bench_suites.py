"""The published suites: their formats, the conventions that their labels rest on, and why an item is not right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llm_bridge import Problem, answer_text, solve_problem
from llm_bridge.bench import BenchError, run_bench
from llm_bridge.bench._conventions import PROFILES, kind_of, without_hidden_causes

STORY = "Imagine a self-contained, hypothetical world with only the following conditions, and without any unmentioned "
STORY += "factors or causal relationships: Fertilizer has a direct effect on harvest."
NUMBERS = "For fields without fertilizer, the probability of a good harvest is 40%. "
NUMBERS += "For fields with fertilizer, the probability of a good harvest is 70%."
PREMISE = "Premise: Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among "
PREMISE += "these 3 variables are as follows: A correlates with C. B correlates with C. However, A is independent of B."


def written(path: Path, *entries: Any) -> Path:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return path


def bench(*files: Path, **options: Any):
    return run_bench(files, progress=False, **options)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def corr2cause(label: Any, claim: str = "A directly causes C.", **more: Any) -> dict[str, Any]:
    return {"input": f"{PREMISE}\nHypothesis: {claim}", "label": label, "template": "parent", **more}


# --- formats


@pytest.mark.parametrize("label", [1, "1", "entailment"])
def test_corr2cause_as_published(tmp_path, label):
    items = [
        corr2cause(label, id=3, num_variables="3"),
        corr2cause(0, claim="A directly causes B."),
        {"premise": PREMISE.removeprefix("Premise: "), "hypothesis": "C directly causes A.", "relation": "neutral"},
    ]
    out = tmp_path / "out.jsonl"
    summary = bench(written(tmp_path / "items.jsonl", *items), out=out)
    assert (summary.n, summary.correct, summary.conventions) == (3, 3, ())
    assert summary.clusters == 1  # one premise
    first, second, third = lines(out)
    assert (first["id"], first["type"], first["reply"], first["suite"]) == (3, "parent", "yes", "Corr2Cause")
    assert (second["reply"], third["reply"], third["type"]) == ("no", "no", "other")
    assert first["disagreement"] == ""


def test_a_label_that_the_graphs_contradict_is_explained(tmp_path):
    (found,) = bench(written(tmp_path / "items.jsonl", corr2cause("0"))).disagreements
    assert (found.kind, found.reply) == ("label", "yes")
    assert "A -> C, B -> C" in found.reason
    assert found.reason.endswith("the label says no")


def cladder(**parts: Any) -> dict[str, Any]:
    question = "Will fertilizer increase the chance of a good harvest?"
    prompt = f"{STORY} {NUMBERS} {question}"
    made = {"id": "7", "prompt": prompt, "label": "yes", "rung": "2", "query_type": "ate", "story_id": "fields"}
    return {key: value for key, value in {**made, **parts}.items() if value is not None}


def published(**parts: Any) -> dict[str, Any]:
    made = {
        "question_id": 7,
        "desc_id": "fields-ate",
        "given_info": NUMBERS,
        "question": "Will fertilizer increase the chance of a good harvest?",
        "answer": "yes",
        "reasoning": {},
        "meta": {"query_type": "ate", "rung": 2, "story_id": "fields", "model_id": 12},
    }
    return {**made, **parts}


def test_cladder_as_a_table_and_as_json(tmp_path):
    table = written(tmp_path / "table.jsonl", cladder())
    inside = written(tmp_path / "inside.jsonl", published(background=STORY))
    apart = written(tmp_path / "apart.jsonl", published(question_id=8))
    models = tmp_path / "models.json"
    models.write_text(json.dumps([{"model_id": 12, "background": STORY, "graph_id": "chain"}]))
    out = tmp_path / "out.jsonl"
    summary = bench(table, inside, apart, models, out=out)
    assert summary.n == 3
    assert [c.name for c in summary.conventions] == [
        "smaller set",
        "face value",
        "homogeneity",
        "textbook estimand",
        "small is none",
    ]
    assert {line["suite"] for line in lines(out)} == {"CLadder"}
    assert [line["id"] for line in lines(out)] == ["7", 7, 8]
    assert list(summary.by_type) == ["ate"]
    assert summary.clusters == 1
    assert (summary.accuracy, summary.accuracy_plain) == (1, 1), summary.to_text()


def test_a_clinical_note_gives_an_item_for_each_query_and_is_declined(tmp_path):
    query = {"Prompt": "Given these history and physical notes, will the nurse call?", "True response": 1}
    entry = {
        "Task ID": "0.1",
        "Causal context": "If the patient has a fever (above 38 C) or carries allele Q1, then lab Z9 will be low.",
        "Sample context": "Now, we will review the notes for patient Ann. Fever was 39/40.",
        "Factual queries": str({"call": query}),
        "Interventional queries (cause = True)": str({("fever", "call"): query | {"True response": 0}}),
        "Interventional queries (cause = False)": {},
    }
    summary = bench(written(tmp_path / "items.jsonl", entry))
    assert (summary.n, summary.answered, summary.unreadable) == (2, 0, 2)
    assert dict(summary.kinds) == {"unread": 2}
    assert sorted(summary.by_type) == ["factual", "interventional, cause true"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (corr2cause(2), "'label' is 2, wanted 0 or 1"),
        (corr2cause(True), "'label' is true, wanted 0 or 1"),
        ({"input": "", "label": 1}, "'input' is \"\", wanted a text"),
        (cladder(label="maybe"), '\'label\' is "maybe", wanted "yes" or "no"'),
        (cladder(prompt=3), "'prompt' is 3, wanted a text"),
        (published(), "the story of model 12 is missing"),
        (published(background=STORY, answer=None), "'answer' is null, wanted"),
        ({"Causal context": "a", "Sample context": "b", "Factual queries": "{1: }"}, "wanted a table of queries"),
        ({"Causal context": "a", "Sample context": "b", "Factual queries": "{1: 2}"}, "needs 'Prompt'"),
        ({"Causal context": "a", "Sample context": "b", "Factual queries": "__import__('os')"}, "wanted a table"),
    ],
)
def test_a_suite_item_that_does_not_fit_is_named(tmp_path, entry, words):
    with pytest.raises(BenchError, match="line 2: ") as wrong:
        bench(written(tmp_path / "items.jsonl", corr2cause(1), entry))
    assert words in str(wrong.value)


# --- conventions


def problem(**parts: Any) -> Problem:
    base = {
        "variables": [{"name": "X"}, {"name": "Y"}],
        "edges": [{"cause": "X", "effect": "Y"}],
        "queries": [{"query": "P(Y=True | do(X=True)) - P(Y=True | do(X=False))"}],
        "reply": {"kind": "yes-no", "comparison": ">", "threshold": 0.0},
    }
    return Problem.from_data({**base, **parts})


def law(treated: str, untreated: str) -> list[dict[str, str]]:
    return [
        {"term": "P(Y=True | X=True)", "value": treated},
        {"term": "P(Y=True | X=False)", "value": untreated},
    ]


def under(asked: Problem, suite: Any = "CLadder") -> tuple[object, tuple[str, ...], object]:
    reply = solve_problem(asked)
    said, names = PROFILES[suite].applied(reply)
    return reply.reply, names, said


def test_what_is_clear_needs_no_convention():
    assert under(problem(statements=law("70%", "40%"))) == ("yes", (), "yes")
    assert under(problem(statements=law("40%", "70%"))) == ("no", (), "no")


def test_rounding_that_decides_the_sign():
    close = problem(statements=law("51%", "50%"))
    assert under(close) == (None, ("face value",), "yes")
    assert under(close, "own") == (None, (), None)
    reply = solve_problem(close)
    assert (kind_of(reply, False), kind_of(reply, True)) == ("rounding", "")


def test_a_small_effect_is_none():
    small = problem(statements=law("50.30%", "50.10%"))
    assert under(small) == ("yes", ("small is none",), "no")
    down = problem(statements=law("50.10%", "50.30%"), reply={"kind": "yes-no", "comparison": "<", "threshold": 0.0})
    assert under(down) == ("yes", ("small is none",), "no")
    alone = problem(
        statements=law("0.30%", "50.1%"),
        queries=[{"query": "P(Y=True | X=True)"}],
    )
    assert under(alone)[0] == under(alone)[2] == "yes"  # a probability is no effect


INSTRUMENT = {
    "variables": [{"name": "Z"}, {"name": "X"}, {"name": "Y"}, {"name": "U", "observed": False}],
    "edges": [
        {"cause": "Z", "effect": "X"},
        {"cause": "X", "effect": "Y"},
        {"cause": "U", "effect": "X"},
        {"cause": "U", "effect": "Y"},
    ],
    "statements": [
        {"term": "P(X=True | Z=False)", "value": "20%"},
        {"term": "P(X=True | Z=True)", "value": "60%"},
        {"term": "P(Y=True | Z=False)", "value": "30%"},
        {"term": "P(Y=True | Z=True)", "value": "40%"},
    ],
}


def test_an_instrument_needs_homogeneity():
    honest, names, said = under(problem(**INSTRUMENT))
    assert (honest, said) == (None, "yes")
    assert "homogeneity" in names
    assert kind_of(solve_problem(problem(**INSTRUMENT)), False) == "undetermined"


def test_the_smaller_of_two_right_sets():
    graph = [{"cause": "C", "effect": "X"}, {"cause": "C", "effect": "Y"}, {"cause": "D", "effect": "Y"}]
    both = {
        "variables": [{"name": name} for name in "XYCD"],
        "edges": [*graph, {"cause": "X", "effect": "Y"}],
        "reply": {"kind": "yes-no"},
    }

    def asked(*sets: str) -> Problem:
        return problem(**both, queries=[{"claim": f"adjusts(X, Y, {{{names}}})"} for names in sets])

    assert under(asked("C", "C, D")) == (None, ("smaller set",), "yes")
    assert under(asked("C, D", "C")) == (None, ("smaller set",), "no")
    assert under(asked("C", "D")) == ("yes", (), "yes")
    assert under(asked("", "C")) == ("no", (), "no")
    assert under(asked("", "D")) == (None, (), None)


def test_the_textbook_estimand_leaves_hidden_common_causes_out():
    """Direct effect with a hidden cause of mediator and outcome, whose numbers are given for the mediator only."""
    names = [{"name": n} for n in "XMY"]
    edges = [("X", "M"), ("X", "Y"), ("M", "Y"), ("U", "M"), ("U", "Y")]
    asked = problem(
        variables=[*names, {"name": "U", "observed": False}],
        edges=[{"cause": a, "effect": b} for a, b in edges],
        statements=[
            *({"term": f"P(Y=True | X={x}, M={m})", "value": v} for x, m, v in
              [(False, False, "20%"), (False, True, "50%"), (True, False, "40%"), (True, True, "60%")]),
            *({"term": f"P(M=True | X={x}, U={u})", "value": v} for x, u, v in
              [(False, False, "10%"), (False, True, "70%"), (True, False, "30%"), (True, True, "90%")]),
            {"term": "P(U=True)", "value": "40%"},
        ],
        queries=[{"query": "P(Y[X=True, M=M[X=False]] = True) - P(Y[X=False] = True)"}],
    )  # fmt: skip
    plain = without_hidden_causes(asked)
    assert plain is not None
    assert [(e.cause, e.effect) for e in plain.edges] == edges[:4]
    reply = solve_problem(plain)
    share = 0.6 * 0.1 + 0.4 * 0.7  # of those with M, where X is false
    assert reply.answers[0].value == pytest.approx((1 - share) * 0.2 + share * 0.1)
    honest, names_used, said = under(asked)
    assert said == "yes"
    assert honest == "yes" or "textbook estimand" in names_used


def test_ask_applies_no_convention():
    reply = solve_problem(problem(statements=law("51%", "50%")))
    assert reply.reply is None
    assert "rounded" in reply.words
    assert solve_problem(problem(**INSTRUMENT)).reply is None


# --- the development samples


def test_corr2cause_of_the_development_sample(shared_data, tmp_path):
    summary = bench(shared_data / "corr2cause_dev.jsonl", out=tmp_path / "out.jsonl")
    assert summary.accuracy >= 0.98, summary.to_text()
    assert summary.unreadable == 0
    assert dict(summary.kinds).keys() <= {"label"}


def test_cladder_of_the_development_sample(shared_data, tmp_path):
    """Every fourth item; `twinworld bench` runs them all."""
    items = (shared_data / "cladder_dev.jsonl").read_text(encoding="utf-8").splitlines()[::4]
    fourth = written(tmp_path / "fourth.jsonl", *map(json.loads, items))
    summary = bench(fourth, out=tmp_path / "out.jsonl")
    assert summary.accuracy >= 0.97, summary.to_text()
    assert summary.accuracy_plain >= 0.91, summary.to_text()
    wrong = [line for line in lines(tmp_path / "out.jsonl") if line["disagreement_plain"] == "label"]
    assert len(wrong) <= max(1, 0.01 * summary.n), wrong


def test_the_clinical_sample_is_read(shared_data):
    summary = bench(shared_data / "ccrgb_dev.jsonl", limit=60)
    assert (summary.answered, summary.accuracy) == (60, 1.0), summary.to_text()


def test_a_text_of_two_readings_gets_the_honest_reply():
    reply = answer_text(f"{STORY} {NUMBERS} Will fertilizer decrease the chance of a good harvest?")
    assert reply.reply == "no", reply.words
