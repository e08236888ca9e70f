"""The wire form: every Problem goes out whole and comes back the same, and nothing else comes in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_bridge import InvalidProblem, Problem, read
from llm_bridge._formalise._wire import MAX_REPLY, MAX_SAID, data_of_reply, problem_from_reply, problem_to_wire
from llm_bridge.bench._items import read_items
from tests.wire_problems import random_problem

TIDE = {
    "variables": [{"name": "tide"}, {"name": "boat floats", "words": "the boat floats"}],
    "equations": [{"variable": "boat floats", "expression": "tide"}],
    "queries": [{"query": 'P("boat floats"[tide=False] = True | tide = True)', "words": "would it float?"}],
}


def wire(**parts: Any) -> dict[str, Any]:
    return {**problem_to_wire(Problem.from_data(TIDE)), **parts}


def came_back(problem: Problem) -> Problem:
    return problem_from_reply(json.dumps(problem_to_wire(problem)))


def faults(reply: object) -> str:
    with pytest.raises(InvalidProblem) as wrong:
        problem_from_reply(reply if isinstance(reply, str) else json.dumps(reply))
    assert len(str(wrong.value)) < 10_000
    assert str(wrong.value).isprintable() or "\n" in str(wrong.value)
    return str(wrong.value)


# --- there and back


@pytest.mark.parametrize("start", range(0, 2_000, 500))
def test_every_problem_comes_back_the_same(start):
    for seed in range(start, start + 500):
        problem = random_problem(seed)
        # Equal texts: True == 1 in Python, but not in a file.
        assert repr(came_back(problem)) == repr(problem), seed


@pytest.mark.parametrize("suite", ["counterbench", "cladder", "corr2cause"])
def test_what_the_offline_reader_gives_comes_back_the_same(shared_data, suite):
    items, _ = read_items([shared_data / f"{suite}_dev.jsonl"])
    problems = [read(item.asked) for item in items if isinstance(item.asked, str)]
    assert len(problems) >= 100
    for problem in problems:
        assert repr(came_back(problem)) == repr(problem)


def test_every_key_is_there():
    out = wire()
    assert next(iter(out)) == "cannot"
    # What a text grants of units is read by rules alone; a model is not asked for it.
    assert set(out) == set(Problem.model_fields) - {"granted"}
    assert out["cannot"] is out["independences"] is None
    assert out["queries"][0] == {
        "words": "would it float?",
        "query": {
            "probability": {
                "op": "=",
                "args": [
                    {"var": "boat floats", "world": [{"set": "tide", "value": {"const": False}, "parent": None}]},
                    {"const": True},
                ],
            },
            "given": {"op": "=", "args": [{"var": "tide", "world": []}, {"const": True}]},
        },
        "claim": None,
    }
    assert out["equations"][0]["expression"] == {"var": "tide"}


# --- what is forgiven


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "\n {} \n",
        "```json\n{}\n```",
        "```\n{}\n```",
        "Here is the Problem:\n\n{}\n\nI hope that helps.",
        "Sure!\n```json\n{}\n```\nThe `words` are copied.",
        "<think>The text says {{a}} or {{b: [1]}} ...</think>\n{}",
        "\ufeff{}",
    ],
)
def test_words_around_the_one_object_are_forgiven(around):
    whole = json.dumps(wire())
    before, after = around.replace("{{", "\0").replace("}}", "\1").split("{}")
    text = f"{before}{whole}{after}".replace("\0", "{").replace("\1", "}")
    assert problem_from_reply(text) == Problem.from_data(TIDE)


def test_text_forms_are_read_too():
    assert problem_from_reply(json.dumps(TIDE)) == Problem.from_data(TIDE)


def test_null_and_empty_stand_for_what_is_absent():
    parts = wire(cannot="", assumptions=None, edges=None)
    parts["queries"][0]["query"]["given"]["args"][0]["world"] = None
    parts["variables"][0] |= {"states": None, "description": None}
    assert problem_from_reply(json.dumps(parts)) == Problem.from_data(TIDE)
    claim = {"claim": "cause", "first": "tide", "second": "boat floats", "given": [], "by": None}
    asked = problem_from_reply(json.dumps(wire(queries=[{"words": "", "query": None, "claim": claim}])))
    assert asked.queries[0].text == 'cause(tide, "boat floats")'


def test_no_independences_and_an_empty_list_of_them_differ():
    claim = {"claim": "cause", "first": "tide", "second": "boat floats", "given": None, "by": None}
    parts = wire(equations=[], queries=[{"words": "", "query": None, "claim": claim}])
    assert problem_from_reply(json.dumps(parts)).independences is None
    assert problem_from_reply(json.dumps({**parts, "independences": []})).independences == ()


def test_a_text_that_cannot_be_formalised():
    problem = Problem(cannot="It is a poem.")
    assert came_back(problem) == problem
    assert "Keep one" in faults(wire(cannot="It is a poem."))


def test_what_a_user_will_be_shown_is_one_short_line_with_nothing_hidden():
    said = "It is\na \x1b[31mpoem\x1b[0m \u202e."
    assert problem_from_reply(json.dumps({"cannot": said})).cannot == "It is a \ufffd[31mpoem\ufffd[0m \ufffd."
    long = problem_from_reply(json.dumps({"cannot": "no " * 5_000})).cannot
    assert long is not None
    assert len(long) == MAX_SAID + 3


# --- what is not


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("I cannot help with that.", "wanted one JSON object"),
        ("[]", "wanted one JSON object"),
        ('[{"cannot": "x"}]', "wanted one JSON object"),
        ('"{}"', "wanted one JSON object"),
        ("null", "wanted one JSON object"),
        ('{"cannot": "x"} {"cannot": "y"}', "Extra data"),
        ('{"cannot": "x"', "cut off"),
        ("{" * 100_000, "not JSON"),
        ('{"a":' + "[" * 100_000, "nested too deep"),
        ("x" * (MAX_REPLY + 1), "Be brief"),
        ('{"cannot": "x", "cannot": "y"}', "twice"),
        ('{"variables": NaN}', "finite"),
        ("{'cannot': 'x'}", "not JSON"),
        ("<think>{}</think>", "empty"),
        ("{}", "variables"),
    ],
)
def test_what_is_no_problem_is_refused_with_the_reason(reply, message):
    assert message in faults(reply)


def nested(depth: int) -> dict[str, Any]:
    data: dict[str, Any] = {"var": "tide"}
    for _ in range(depth):
        data = {"op": "not", "args": [data]}
    return data


@pytest.mark.parametrize("depth", [70, 300, 480, 2_000])
def test_depth_is_limited(depth):
    whole = json.dumps(wire())
    deep = '{"op": "not", "args": [' * depth + '{"var": "tide"}' + "]}" * depth
    assert "nested" in faults(whole.replace('{"var": "tide"}', deep))
    assert problem_from_reply(json.dumps(wire(equations=[{"variable": "boat floats", "expression": nested(20)}])))


HIDDEN = {
    "a line break": "ti\nde",
    "a null": "ti\0de",
    "an escape": "ti\x1b[31mde",
    "delete": "ti\x7fde",
    "a C1 control": "ti\x9bde",
    "right-to-left override": "ti\u202ede",
    "isolate": "ti\u2066de",
    "left-to-right mark": "ti\u200ede",
    "zero-width space": "ti\u200bde",
    "zero-width joiner": "ti\u200dde",
    "word joiner": "ti\u2060de",
    "byte order mark": "\ufefftide",
    "soft hyphen": "ti\u00adde",
    "a tag": "ti\U000e0041de",
    "line separator": "ti\u2028de",
    "half a character": "ti\ud800de",
    "private use": "ti\ue000de",
    "unassigned": "ti\U0003fffede",
}


@pytest.mark.parametrize("name", HIDDEN.values(), ids=HIDDEN)
def test_hidden_characters_in_names_and_states_are_refused(name):
    for reply in (
        wire(variables=[{"name": name}, {"name": "boat floats"}], queries=[], equations=[]),
        wire(variables=[{"name": "tide", "states": ["low", name]}, {"name": "boat floats"}]),
        wire(reply={"kind": "choice", "options": [name, "other"]}),
        wire(equations=[{"variable": "boat floats", "expression": {"var": name}}]),
        {**wire(), name: 1},
    ):
        message = faults(reply)
        assert "visible characters" in message
        assert name not in message


def test_words_may_hold_what_the_text_holds_but_no_half_of_a_character():
    words = "the tide\u200b turns\n\u202enow"
    parts = wire(variables=[{"name": "tide", "words": words}, {"name": "boat floats"}])
    assert problem_from_reply(json.dumps(parts)).variables[0].words == words
    parts = wire(variables=[{"name": "tide", "words": "the \udc80 tide"}, {"name": "boat floats"}])
    assert "U+DC80" in faults(parts)


@pytest.mark.parametrize("other", ["tide ", "ti\u0064e\u00a0", "\uff54ide", " tide", "t\u0456d\u0435"])
def test_names_that_look_the_same_are_refused(other):
    assert "look the same" in faults(wire(variables=[{"name": "tide"}, {"name": other}, {"name": "boat floats"}]))


def test_accents_and_other_scripts_are_names():
    for name in ("größe", "прилив", "潮汐", "مد", "naïve rule", "β-blocker", "n\u00a0b"):
        assert Problem.from_data(
            {
                **data_of_reply(json.dumps({"variables": [{"name": name}]})),
                "queries": [{"query": f'P("{name}" = True)'}],
            }
        )


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"tool": "shell"}, "not known"),
        ({"variables": [{"name": "tide", "run": "ls"}]}, "not known"),
        ({"variables": [{"name": "t" * 201}]}, "too long"),
        ({"variables": [{"name": "tide"}] * 2_001}, "at most"),
        ({"equations": [{"variable": "boat floats", "expression": "__import__('os')"}]}, "expression"),
        ({"equations": [{"variable": "boat floats", "expression": {"call": "open"}}]}, "exactly one of"),
        ({"equations": [{"variable": "boat floats", "expression": {"var": "tied"}}]}, "Did you mean 'tide'"),
        ({"equations": [{"variable": "tide", "expression": {"var": "tide"}}]}, "circle"),
        ({"queries": [{"query": {"probability": {"placeholder": "x"}}}]}, "open"),
    ],
)
def test_what_a_problem_does_not_hold_is_refused(parts, message):
    assert message in faults(wire(**parts))


@pytest.mark.parametrize("sign", ["y", 'y"', "y ", ":", "{}", "\t", "é"])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("length", [MAX_SAID - 1, MAX_SAID, MAX_SAID + 1, MAX_SAID + 700])
def test_long_text_is_cut_whatever_it_is_made_of(sign, indent, length):
    text = (sign * length)[:length]
    found = data_of_reply(json.dumps({"cannot": text, "description": "short"}, indent=indent))
    shown = text.replace("\t", " ")
    assert found["cannot"] == (shown if length <= MAX_SAID else f"{shown[:MAX_SAID]}...")
    assert found["description"] == "short"


def test_a_key_that_stands_twice_is_found_whatever_else_stands_there():
    for reply in (
        '{"a": {"b": 1, "b": 1}, "words": "x"}',
        '{"a": {"b": null, "b": 1}, "words": "x: y"}',
        '{"words": "x: y", "c" : 1, "c" : null}',
        '{"words": "x", "given": [], "given": []}',
    ):
        with pytest.raises(InvalidProblem, match="twice"):
            data_of_reply(reply)
    assert data_of_reply('{"words": "x: y: z", "b" : [{"words": ":"}, null]}') == {
        "words": "x: y: z",
        "b": [{"words": ":"}, None],
    }


def test_a_key_with_something_hidden_in_it_is_a_fault_also_where_its_value_is_absent():
    assert "U+200B" in faults('{"can\u200bnot": null}')
    assert data_of_reply('{"can\u00a0not": null, "world": [], "by": {}}') == {"by": {}}
