"""What the command prints: words and steps for a terminal, JSON for a program."""

from __future__ import annotations

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from scm import (
    Answer,
    Model,
    ScmError,
    Step,
    contraction_text,
    ladder,
    print_expr,
    print_name,
    print_quantity,
    task_text,
)

from ._guard import in_json, unlinked, visible
from ._pipeline import Reply, Stage

MOST_COLUMNS = 100
MOST_LINES = 40
"""Longest listing of rules, statements or steps in full."""


def as_json(data: object) -> str:
    """One JSON document; a NaN or an infinity in it would be our mistake, and raises."""
    plain = (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8")
    return in_json(json.dumps(data, indent=2, ensure_ascii=plain, allow_nan=False))


def reply_text(reply: Reply, *, derivation: bool | None, explain: bool, words: str | None = None) -> str:
    """The words, and below them how the answer follows and what it rests on.

    Args:
        reply: what was answered.
        derivation: True for steps with reasons and sources, False for no steps, None for steps alone.
        explain: add the reading, the rungs, the plan and the stages.
        words: what to say in place of the reply's own words.
    """
    out = [wrapped(words or reply.words)]
    steps = tuple(dict.fromkeys(step for answer in reply.answers for step in answer.derivation))
    if explain and reply.problem is not None:
        out.append(section("How it was read", _reading(reply)))
    if derivation is not False and steps:
        out.append(section("How it follows", steps_text(steps, full=bool(derivation) or explain)))
    model = None if reply.compiled is None else reply.compiled.model
    out += [wrapped(f"The formula was {a.check.text}.") for a in reply.answers if a.check is not None]
    if explain and model is not None and reply.answers:
        out += explained(model, reply.answers[0])
    if reply.assumptions:
        listed = [item(f"{a.text} (by {a.granted_by})") for a in reply.assumptions]
        out.append(section("Assumed", listed))
    if explain:
        out.append(section("Stages", [_stage(stage) for stage in reply.trace]))
    return visible(unlinked("\n\n".join(out)))


def explained(model: Model, answer: Answer) -> list[str]:
    """The rungs beside each other, and the plan."""
    out: list[str] = []
    if rungs := rungs_of(model, answer):
        indent = " " * 13
        lines = [
            f"{wrapped(f'{name:<10} {a.text}', '  ', indent)}\n{wrapped(f'= {value_of(a)}', indent, f'{indent}  ')}"
            for name, a in rungs.items()
        ]
        out.append(section("The same question on each rung", lines))
    if answer.plan:
        lines = [f"  solver {answer.plan['solver']}"]
        for contraction in answer.plan.get("contractions", ()):
            lines += [wrapped(line, "  ", "    ") for line in contraction_text(contraction)]
        for number, task in enumerate(answer.plan.get("tasks", ()), 1):
            lines += [wrapped(line, "  ", "    ") for line in task_text(number, task)]
        out.append(section("Plan", lines))
    return out


def rungs_of(model: Model, answer: Answer) -> dict[str, Answer]:
    """What seeing and doing would have said beside what imagining says, where the question has that form."""
    try:
        found = ladder(model, answer.query)
    except ScmError:
        return {}
    return {} if found is None else {"seeing": found.seeing, "doing": found.doing, "imagining": found.imagining}


def explanation(reply: Reply) -> dict[str, Any]:
    """What `--explain` adds to the JSON."""
    stages = [
        {"name": s.name, "took": s.took, "gave": s.gave, "seconds": s.seconds, "fault": s.fault} for s in reply.trace
    ]
    data: dict[str, Any] = {"trace": stages}
    model = None if reply.compiled is None else reply.compiled.model
    if model is not None and reply.answers:
        data |= engine_explanation(model, reply.answers[0])
    return data


def engine_explanation(model: Model, answer: Answer) -> dict[str, Any]:
    """Plan and rungs as JSON data."""
    data = answer.to_json()
    rungs = {name: a.to_json() for name, a in rungs_of(model, answer).items()}
    kept = ("query", "finding", "value", "interval")
    return {"plan": data["plan"], "rungs": {name: {k: a[k] for k in kept} for name, a in rungs.items()}}


# ---------------------------------------------------------------------------------------------------------------------
# Parts of the text


def width() -> int:
    """Columns to fill: the terminal's, at most `MOST_COLUMNS`."""
    return max(40, min(MOST_COLUMNS, shutil.get_terminal_size((MOST_COLUMNS, 24)).columns))


def wrapped(text: str, indent: str = "", hanging: str | None = None) -> str:
    """`text` in lines that fit; its own line breaks stay, since a caret may point at the line above it."""
    after = indent if hanging is None else hanging
    lines = text.split("\n")
    fill = [
        textwrap.fill(
            line,
            width(),
            initial_indent=indent if i == 0 else after,
            subsequent_indent=after,
            break_long_words=False,
            break_on_hyphens=False,
        )
        if not line.startswith("  ")
        else after + line
        for i, line in enumerate(lines)
    ]
    return "\n".join(fill)


_KEY = re.compile(r"give key= \([^)]*\)|key= of ask")


def optioned(reason: str) -> str:
    """A message of the engine, which speaks of arguments in Python, with the option of the command in their place."""
    return _KEY.sub(lambda found: "give --seed N" if found[0].startswith("give") else "--seed N", reason)


def section(title: str, lines: Iterable[str]) -> str:
    """A title with lines below it."""
    return "\n".join([title, *lines])


def item(text: str) -> str:
    """One entry of a list."""
    return wrapped(text, "  - ", "    ")


def steps_text(steps: Sequence[Step], *, full: bool) -> list[str]:
    """Numbered steps; with their reasons and sources if `full`.

    Beside an interval it matters less how far the verdict reaches that no formula is there: that is for `full`.
    """
    out: list[str] = []
    if not full and any(step.name == "response types" for step in steps):
        steps = [step for step in steps if step.name != "scope"]
    for n, step in enumerate(steps, 1):
        out.append(wrapped(f"{n}. {step.name}: {step.claim}", "  ", "     "))
        if full:
            source = f" [{step.citation}]" if step.citation else ""
            out.append(wrapped(f"because {step.reason}{source}", "     "))
    return out


def value_of(answer: Answer) -> str:
    """The value alone, as the engine prints it."""
    return answer.to_text(derivation=False).splitlines()[0].removeprefix(f"{answer.text} = ")


def _reading(reply: Reply) -> list[str]:
    problem = reply.problem
    assert problem is not None
    out = [
        wrapped(
            "variables: " + ", ".join(v.name + ("" if v.observed else " (hidden)") for v in problem.variables),
            "  ",
            "    ",
        )
    ]
    rules = [f"{print_name(e.variable)} = {print_expr(e.expression)}" for e in problem.equations]
    rules += [f"{print_name(e.cause)} -> {print_name(e.effect)}" for e in problem.edges]
    rules += [
        f"{print_quantity(s.term)} {s.relation} {s.value if s.counts is None else f'{s.counts[0]} of {s.counts[1]}'}"
        for s in problem.statements
    ]
    out += [wrapped(rule, "  ", "      ") for rule in rules[:MOST_LINES]]
    if len(rules) > MOST_LINES:
        out.append(f"  ... and {len(rules) - MOST_LINES} more")
    return out + [wrapped(f"asked: {q.text}", "  ", "      ") for q in problem.queries]


def _stage(stage: Stage) -> str:
    what = f"{stage.took} -> {stage.gave}" if stage.fault is None else f"{stage.took} -> fault: {stage.fault}"
    return wrapped(f"{stage.name:<8} {1000 * stage.seconds:7.1f} ms  {what}", "  ", " " * 22)
