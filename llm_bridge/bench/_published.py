"""The published formats of question suites, recognised by their keys: what is asked, and what the label says."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from ._interval import canonical_text
from ._paths import path_lengths

Suite: TypeAlias = Literal["CounterBench", "CLadder", "Corr2Cause", "CCR.GB", "own"]
YesNo: TypeAlias = Literal["yes", "no"]

FORMATS = (
    "CounterBench's keys given_info, question, answer, type, question_id; CLadder's prompt, label, query_type (or "
    "background, given_info, question, answer, meta); Corr2Cause's input, label, template; CCR.GB's Causal context, "
    "Sample context, Factual queries; or our own: id, text (or problem), answer, and perhaps options, tolerance, type, "
    "group"
)
MAX_LITERAL = 200_000
"""Longest table of queries that is read from a text, in characters."""


class Misfit(ValueError):
    """An entry that has a suite's keys but not its values; the message says what was got and wanted."""


@dataclass(frozen=True, slots=True)
class Question:
    """One published question with its label."""

    suite: Suite
    id: str | int | None
    text: str
    expected: YesNo
    type: str
    group: str = ""
    path: int | None = None


def suite_of(entry: Mapping[str, Any]) -> Suite:
    """Whose format an entry is in; "own" where it is none of the published ones."""
    keys = entry.keys()
    if {"Causal context", "Sample context"} <= keys:
        return "CCR.GB"
    if {"prompt", "label", "query_type"} <= keys or {"background", "question"} <= keys:
        return "CLadder"
    if {"given_info", "question"} <= keys:
        return "CLadder" if {"desc_id", "reasoning"} & keys else "CounterBench"
    if ({"input", "label"} <= keys or {"premise", "hypothesis"} <= keys) and "text" not in keys:
        return "Corr2Cause"
    return "own"


def questions(entry: Mapping[str, Any], suite: Suite, backgrounds: Mapping[str, str]) -> Iterator[Question]:
    """The questions of an entry in a published format: one, or several about one patient.

    Args:
        entry: the entry.
        suite: its format.
        backgrounds: CLadder's stories by model, where they stand in a file of their own.

    Raises:
        Misfit: a value that is not what belongs there.
    """
    match suite:
        case "CounterBench":
            yield _counterbench(entry)
        case "CLadder":
            yield _cladder(entry, backgrounds)
        case "Corr2Cause":
            yield _corr2cause(entry)
        case "CCR.GB":
            yield from _clinical(entry)
        case "own":
            raise Misfit("this entry is in none of the published formats")


def background_of(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """A story of CLadder's file of models: its model's id, and its text; None for any other entry."""
    if "question" in entry or not {"background", "model_id"} <= entry.keys():
        return None
    return str(entry["model_id"]), _text(entry, "background")


# ---------------------------------------------------------------------------------------------------------------------
# One suite each


def _counterbench(entry: Mapping[str, Any]) -> Question:
    text = f"{_text(entry, 'given_info')} {_text(entry, 'question')}"
    kind = _text(entry, "type") if "type" in entry else "other"
    return Question("CounterBench", _id(entry, "question_id"), text, _yes_no(entry, "answer"), kind)


def _cladder(entry: Mapping[str, Any], backgrounds: Mapping[str, str]) -> Question:
    if "prompt" in entry:
        kind, story = _text(entry, "query_type"), entry.get("story_id")
        return Question("CLadder", _id(entry, "id"), _text(entry, "prompt"), _yes_no(entry, "label"), kind, _of(story))
    meta: Mapping[str, Any] = entry["meta"] if isinstance(entry.get("meta"), dict) else {}
    story = entry["background"] if "background" in entry else backgrounds.get(str(meta.get("model_id")))
    if not isinstance(story, str):
        raise Misfit(
            f"the story of model {meta.get('model_id')!r} is missing. Give CLadder's file of models "
            "(cladder-v1-meta-models.json) as one more FILE, or put each story into its item as 'background'."
        )
    info = entry.get("given_info")
    parts = [story, info if isinstance(info, str) else "", _text(entry, "question")]
    kind = str(meta.get("query_type", "other"))
    text = " ".join(part.strip() for part in parts if part.strip())
    return Question(
        "CLadder", _id(entry, "question_id"), text, _yes_no(entry, "answer"), kind, _of(meta.get("story_id"))
    )


def _of(story: object) -> str:
    """Questions about one story are one cluster."""
    return story if isinstance(story, str) else ""


_ENTAILED: Mapping[object, YesNo] = {
    1: "yes", 0: "no", "1": "yes", "0": "no", "entailment": "yes", "neutral": "no", "contradiction": "no",
    "not-entailment": "no", "non-entailment": "no",
}  # fmt: skip


def _corr2cause(entry: Mapping[str, Any]) -> Question:
    if "input" in entry:
        text = _text(entry, "input")
    else:
        premise, hypothesis = _text(entry, "premise"), _text(entry, "hypothesis")
        text = premise if premise.lower().lstrip().startswith("premise") else f"Premise: {premise}"
        text += f"\nHypothesis: {hypothesis.removeprefix('Hypothesis:').strip()}"
    label = entry.get("label", entry.get("relation"))
    known = isinstance(label, (str, int)) and not isinstance(label, bool)
    expected = _ENTAILED.get(label.strip().lower() if isinstance(label, str) else label) if known else None
    if expected is None:
        raise Misfit(f"'label' is {shown(label)}, wanted 0 or 1 (does the hypothesis follow?).")
    kind = entry.get("template", entry.get("causal_relation", "other"))
    premise = canonical_text(text.rpartition("Hypothesis")[0])
    group = hashlib.sha256(premise.encode("utf-8", "surrogatepass")).hexdigest()[:24]  # one graph up to names
    return Question("Corr2Cause", _id(entry, "id"), text, expected, str(kind), group)


_TABLES = {
    "Factual queries": "factual",
    "Interventional queries (cause = True)": "interventional, cause true",
    "Interventional queries (cause = False)": "interventional, cause false",
}


def _clinical(entry: Mapping[str, Any]) -> Iterator[Question]:
    """Every query about one patient: the context, the notes, and what is asked."""
    story = f"{_text(entry, 'Causal context')} {_text(entry, 'Sample context')}"
    task = str(entry.get("Task ID", "patient"))
    paths = path_lengths(entry.get("DAG nodes"), entry.get("DAG adjacency matrix"))
    for table, kind in _TABLES.items():
        for about, query in _table(entry.get(table, {}), table).items():
            if not isinstance(query, dict) or not {"Prompt", "True response"} <= query.keys():
                raise Misfit(f"{table!r}: the query about {about!r} needs 'Prompt' and 'True response'.")
            told = cast("dict[str, Any]", query)
            truth = told["True response"]
            if not isinstance(truth, (bool, int)) or truth not in (0, 1):
                raise Misfit(f"{table!r}: 'True response' is {shown(truth)}, wanted 0 or 1.")
            name = f"{task} {kind} {about}"
            text = f"{story} {_text(told, 'Prompt')}"
            yield Question("CCR.GB", name, text, "yes" if truth else "no", kind, task, paths.get(about))


def _table(value: object, where: str) -> dict[object, object]:
    """The queries of a patient, which are published as the text of a Python dict; only literals are read."""
    if isinstance(value, str):
        if len(value) > MAX_LITERAL:
            raise Misfit(f"{where!r} has {len(value):,} characters; at most {MAX_LITERAL:,} are read.")
        try:
            value = cast("object", ast.literal_eval(value))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise Misfit(f"{where!r} is {shown(value)}, wanted a table of queries.") from None
    if not isinstance(value, dict):
        raise Misfit(f"{where!r} is {shown(value)}, wanted a table of queries.")
    return cast("dict[object, object]", value)


# ---------------------------------------------------------------------------------------------------------------------
# Values


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise Misfit(f"{key!r} is {shown(value)}, wanted a text.")
    return value


def _id(entry: Mapping[str, Any], key: str) -> str | int | None:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
        raise Misfit(f"{key!r} is {shown(value)}, wanted a text or a whole number.")
    return value


def _yes_no(entry: Mapping[str, Any], key: str) -> YesNo:
    if key not in entry:
        raise Misfit(f"{key!r} is missing. Wanted {FORMATS}.")
    value = entry[key]
    said = value.strip().lower() if isinstance(value, str) else value
    if said == "yes":
        return "yes"
    if said == "no":
        return "no"
    raise Misfit(f'{key!r} is {shown(value)}, wanted "yes" or "no".')


def shown(value: object) -> str:
    """A foreign value for a message, cut short."""
    import json

    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
