"""Replies in every style: what a paragraph tells of each finding, and that JSON is the reply's own."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from benchmarks._replies import named
from llm_bridge import Problem, solve_problem
from llm_bridge._styles import STYLES, Style, UnknownStyle, say

REPLIES = named()


@pytest.mark.parametrize("name", REPLIES)
@pytest.mark.parametrize("style", STYLES)
def test_every_reply_in_every_style(name: str, style: Style):
    reply = REPLIES[name]
    assert name.startswith(("claim", reply.finding))
    told = say(reply, style)
    if style == "json":
        assert json.loads(told) == json.loads(json.dumps(reply.to_json()))
        return
    assert told.startswith(reply.line[:-1])
    assert "  " not in told
    assert told.endswith((".", "?"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "exact, certain",
            [
                "This was worked out in three steps: from the observation that the prisoner dies, what it shows of the "
                "causes (abduction); then the supposition that rifleman A does not shoot, whatever would otherwise "
                "settle that (action); and what follows from both (prediction).",
                "The answer is exact: it follows from what is said, without any estimate.",
                "It takes for granted that what is not said to cause something does not cause it (assumed by the "
                "reader).",
            ],
        ),
        ("exact, rounded", ["The computation is exact for the numbers as printed; only their rounding leaves room."]),
        ("exact, contrast", ["a difference of -0.2. The answer is exact"]),
        ("exact, choice", ["no drug: ", "only their rounding leaves room"]),
        (
            "estimate",
            [
                "standard error 0.0069, from 2,000 people. This is an estimate, not an exact value",
                "(assumed by the reader); that the units counted",
                "(needed by the method).",
            ],
        ),
        ("bounds", ["(prediction). It is proved that no closer bounds follow from what is said. "]),
        (
            "not_identified",
            ["It is proved that no formula in what is measured gives it for every model with this graph."],
        ),
        ("undefined", ["If the observation was really made, something else that is said does not hold."]),
        ("contradiction", ["One of the statements must be corrected before anything can be worked out."]),
        ("refused", ["no proof that there is no answer."]),
        ("unreadable", ["Nothing was worked out, so no answer is given."]),
        ("claim, graph", ["This was looked up in the graph that is described, and is exact."]),
        ("claim, class", ["This was looked up in every graph that fits what is said, and is exact."]),
    ],
)
def test_a_paragraph_says_how_far_it_can_be_trusted(name: str, words: list[str]):
    told = say(REPLIES[name], "paragraph")
    assert [part for part in words if part not in told] == [], told


@pytest.mark.parametrize("name", [name for name in REPLIES if name not in ("not_identified", "unreadable", "refused")])
def test_a_paragraph_has_two_to_five_sentences(name: str):
    told = say(REPLIES[name], "paragraph")
    assert 2 <= len(re.findall(r"[.?](?=\s+[A-Z]|$)", told)) <= 5, told


def test_a_paragraph_adds_no_figure_of_its_own():
    for reply in REPLIES.values():
        known = set(re.findall(r"\d[\d.,]*\d|\d", reply.line + " ".join(a.text for a in reply.assumptions)))
        assert set(re.findall(r"\d[\d.,]*\d|\d", say(reply, "paragraph"))) <= known


def test_bounds_that_settle_the_answer_say_so():
    data = {
        "variables": [{"name": "X"}, {"name": "Y"}, {"name": "Z"}],
        "equations": [{"variable": "Z", "expression": "X or Y"}],
        "statements": [{"term": "P(X=True)", "value": "9/10"}],
        "queries": [{"query": "P(Z=True)"}],
        "reply": {"kind": "yes-no"},
    }
    reply = solve_problem(Problem.from_data(data))
    assert (reply.finding, reply.reply) == ("bounds", "yes")
    assert "This settles the answer, though not the number: it is proved" in say(reply, "paragraph")


def test_what_the_user_grants_is_told_first():
    data = {
        "variables": [{"name": "X"}, {"name": "Y"}],
        "edges": [{"cause": "X", "effect": "Y"}],
        "statements": [
            {"term": "P(X=True)", "value": "1/2"},
            {"term": "P(Y=True | X=True)", "value": "7/10"},
            {"term": "P(Y=True | X=False)", "value": "1/10"},
        ],
        "queries": [{"query": "P(Y[X=False]=False | X=True, Y=True)"}],
    }
    told = say(solve_problem(Problem.from_data(data), assume="rank_preserving"), "paragraph")
    assert "(granted by the user)" in told
    assert told.index("granted by the user") < told.find("needed by the method") or "needed by the method" not in told


def test_a_style_that_there_is_not():
    unknown: Any = "paragraf"
    with pytest.raises(UnknownStyle, match=r"'paragraf'.*paragraph.*Did you mean 'paragraph'"):
        say(REPLIES["bounds"], unknown)
