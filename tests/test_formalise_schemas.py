"""The schemas: strict as the strictest endpoint wants them, true of every Problem, and of nothing else."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from llm_bridge import InvalidProblem, Problem, read
from llm_bridge._chat._types import ReplySchema
from llm_bridge._formalise._schemas import MOST_NAMES, problem_schema, variables_schema
from llm_bridge._formalise._wire import problem_from_reply, problem_to_wire
from llm_bridge.bench._items import read_items
from tests.json_schema import KEYWORDS, fits, parts, sample
from tests.wire_problems import NAMES, random_problem

SCHEMAS = {
    "variables": variables_schema(),
    "problem": problem_schema(),
    "problem with names": problem_schema(NAMES),
    "problem with many names": problem_schema([f"{i:03} {'x' * 196}" for i in range(MOST_NAMES)]),
    "problem with too many names": problem_schema([f"name {i}" for i in range(MOST_NAMES + 1)]),
}


def wired(problem: Problem) -> Any:
    return json.loads(json.dumps(problem_to_wire(problem)))


# --- strict


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_schema_keeps_to_what_strict_endpoints_accept(schema):
    root = schema.data
    assert root["type"] == "object"
    for part in parts(root):
        assert set(part) <= KEYWORDS, set(part) - KEYWORDS
        if "$ref" in part:
            assert list(part) == ["$ref"]
            assert part["$ref"].removeprefix("#/$defs/") in root["$defs"]
        elif "anyOf" in part:
            assert set(part) == {"anyOf"}
        else:
            assert "type" in part
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])
        if isinstance(part.get("type"), list):
            assert part["type"][1:] == ["null"]


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_alternatives_begin_with_different_keys(schema):
    """An endpoint refuses a schema whose alternatives share their first key (openai-python, issue 2193)."""
    root = schema.data

    def firsts(part: dict[str, Any]) -> list[str]:
        if "$ref" in part:
            return firsts(root["$defs"][part["$ref"].rsplit("/", 1)[1]])
        if "anyOf" in part:
            return [first for one in part["anyOf"] for first in firsts(one)]
        return [next(iter(part["properties"])) if part["type"] == "object" else str(part["type"])]

    unions = [part for part in parts(root) if "anyOf" in part]
    assert unions
    for part in unions:
        assert len(set(firsts(part))) == len(firsts(part)), part


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_schema_is_within_the_published_limits(schema):
    """OpenAI's: 5,000 properties, 1,000 values of enumerations, 120,000 characters of names and values, 10 levels."""
    root = schema.data
    every = list(parts(root))
    properties = [key for part in every for key in part.get("properties", ())]
    values = [value for part in every for value in part.get("enum", ())]
    assert len(properties) <= 5_000
    assert len(values) <= 1_000
    assert all(len(part.get("enum", ())) <= 250 for part in every)
    assert sum(map(len, [*properties, *values, *root["$defs"]])) <= 120_000
    for one in (root, *root["$defs"].values()):
        assert levels({key: value for key, value in one.items() if key != "$defs"}) <= 10


def levels(schema: dict[str, Any]) -> int:
    inner = [
        *schema.get("properties", {}).values(),
        *schema.get("anyOf", ()),
        *([schema["items"]] if "items" in schema else []),
    ]
    return 1 + max(map(levels, inner), default=0)


def test_every_definition_is_used_and_none_is_missing():
    for schema in SCHEMAS.values():
        used = {part["$ref"].rsplit("/", 1)[1] for part in parts(schema.data) if "$ref" in part}
        assert used == set(schema.data["$defs"])


def test_the_words_are_asked_for_before_what_is_made_of_them():
    for kind in ("variable", "edge", "confounded", "equation", "statement", "asked"):
        assert next(iter(problem_schema().data["$defs"][kind]["properties"])) == "words"


def test_a_schema_is_made_once():
    assert problem_schema(["a", "b"]) is problem_schema(("a", "b"))
    assert problem_schema(["a"]) != problem_schema(["b"])
    again = ReplySchema.of("problem", json.loads(problem_schema(["a"]).text))
    assert again == problem_schema(["a"])


# --- true of every Problem


@pytest.mark.parametrize("start", range(0, 1_200, 300))
def test_every_problem_fits(start):
    whole, first = problem_schema().data, variables_schema().data
    for seed in range(start, start + 300):
        problem = random_problem(seed)
        out = wired(problem)
        assert fits(out, whole), seed
        assert list(out) == list(whole["properties"])
        assert fits({key: out[key] for key in ("cannot", "variables")}, first)
        names = [variable.name for variable in problem.variables]
        rest = {key: value for key, value in out.items() if key != "variables"}
        assert fits(rest, problem_schema(names).data), seed


@pytest.mark.parametrize("suite", ["counterbench", "cladder", "corr2cause"])
def test_what_the_offline_reader_gives_fits(shared_data, suite):
    items, _ = read_items([shared_data / f"{suite}_dev.jsonl"])
    for item in items:
        if isinstance(item.asked, str):
            assert fits(wired(read(item.asked)), problem_schema().data)


# --- and of nothing else


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(found for key, value in inner for found in places(value, (*path, key)))]


def at(data: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        data = data[step]
    return data


def test_what_is_changed_does_not_fit():
    schema = problem_schema().data
    tried = 0
    for seed in range(400):
        rng = random.Random(f"change {seed}")
        out = wired(random_problem(seed))
        found = places(out)
        objects = [path for path in found if isinstance(at(out, path), dict)]
        leaves = [path for path in found if path and not isinstance(at(out, path), dict | list)]
        for change in ("drop", "add", "replace"):
            bad = copy.deepcopy(out)
            if change == "replace":
                *path, last = rng.choice(leaves)
                at(bad, tuple(path))[last] = rng.choice(({"run": "ls"}, [[1]]))
            else:
                inside = at(bad, rng.choice(objects))
                if change == "add":
                    inside["run"] = "ls"
                else:
                    del inside[rng.choice(list(inside))]
            assert not fits(bad, schema), (seed, change)
            tried += 1
    assert tried == 1_200


def test_names_are_those_declared():
    problem = random_problem(3)
    names = [variable.name for variable in problem.variables]
    rest = {key: value for key, value in wired(problem).items() if key != "variables"}
    assert fits(rest, problem_schema(names).data)
    for left_out in names:
        fewer = [name for name in names if name != left_out]
        used = json.dumps(left_out) in json.dumps({**rest, "assumptions": []})
        assert fits(rest, problem_schema(fewer).data) is not used


def test_what_a_problem_refuses_has_no_form():
    schema = problem_schema().data
    whole = wired(random_problem(1))
    drawn = {"draw": "X", "policy": "my policy", "parent": None}
    for event in (
        {"placeholder": "x"},
        {"var": "X", "world": [{"set": "X", "value": {"placeholder": "x"}, "parent": None}]},
        {"var": "X", "world": [drawn]},
        {"var": "X"},
        "X = True",
    ):
        asked = {"words": "", "query": {"probability": event, "given": None}, "claim": None}
        assert not fits({**whole, "queries": [asked]}, schema)
    in_a_world = {"words": "", "variable": "X", "expression": {"var": "Y", "world": []}}
    assert not fits({**whole, "equations": [in_a_world]}, schema)
    assert not fits({**whole, "queries": [{"words": "", "query": {"number": 1}, "claim": None}]}, schema)


@pytest.mark.parametrize("start", range(0, 1_200, 400))
def test_whatever_fits_is_a_problem_or_is_refused_in_plain_words(start):
    """A model that keeps to the schema can still say nonsense: never a crash, and never a word about the form."""
    for seed in range(start, start + 400):
        rng = random.Random(f"sample {seed}")
        names = rng.choice((None, ("tide", "low")))
        data = sample(rng, problem_schema(names).data)
        if names is not None:
            data["variables"] = [
                {"words": "", "name": name, "states": [0, 1], "description": "", "observed": True} for name in names
            ]
        if data["cannot"] is not None and rng.random() < 0.9:
            data["cannot"] = None
        try:
            problem_from_reply(json.dumps(data))
        except InvalidProblem as wrong:
            form = ("exactly one of", "not known here", "only the keys")
            # One object serves all claims, and not every claim takes every key.
            faults = [fault for fault in wrong.faults if "claim: claim:" not in fault]
            assert not [fault for fault in faults if any(words in fault for words in form)]


def test_the_checker_itself_can_fail():
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert fits({"a": 1}, schema)
    for wrong in ({}, {"a": True}, {"a": 1.5}, {"a": 1, "b": 2}, [], None, "a"):
        assert not fits(wrong, schema)
    with pytest.raises(AssertionError, match="pattern"):
        fits("a", {"type": "string", "pattern": "a"})
