"""What is said of an answer that comes from a graph and statements: what confounds, what is enough, what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

from scm import (
    Answer,
    CausalGraph,
    Const,
    Identification,
    Query,
    ScmError,
    Set,
    Study,
    Var,
    confounding_paths,
    identify,
    instruments,
    print_query,
    query_nodes,
)

from ._phrases import capital, joined
from ._problem import Problem
from ._state_words import named

MOST_PATHS = 3
MOST_ARITHMETIC = 300
"""Longest arithmetic that is said, in characters."""
POSITIVITY = re.compile(r"positivity|positive probability", re.IGNORECASE)
"""An assumption that every formula with a condition has; the list of assumptions shows it, the words need not."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a query compares: one variable imposed, and one looked at."""

    cause: str
    outcome: str


def effect_of(query: Query) -> Effect | None:
    """The one cause and the one outcome of a query; None where it has several, or none."""
    causes: dict[str, None] = {}
    outcomes: dict[str, None] = {}
    for node in query_nodes(query):
        if isinstance(node, Var) and node.world:
            outcomes.setdefault(node.name)
            causes |= {a.target: None for a in node.world if isinstance(a, Set) and isinstance(a.value, Const)}
    nested = any(isinstance(a.value, Var) for n in query_nodes(query) if isinstance(n, Var) for a in n.world
                 if isinstance(a, Set))  # fmt: skip
    if len(causes) != 1 or nested or len(outcomes) != 1:
        return None
    return Effect(next(iter(causes)), next(iter(outcomes)))


def why(study: Study, answer: Answer) -> str:
    """Why the numbers of a text give the answer: paths, what was adjusted for, the arithmetic, the assumption."""
    how = answer.identification
    parts = list(_licence(study, how)) if isinstance(how, Identification) else []
    parts += _arithmetic(answer)
    parts += [f"This rests on an assumption: {a.text}." for a in answer.assumptions if not POSITIVITY.search(a.text)]
    return " ".join(parts)


def licence(study: Study, query: Query) -> str:
    """Why the graph lets a query be answered from what is seen; empty where it does not."""
    return " ".join(_licence(study, identify(study.graph, query)))


def _licence(study: Study, how: Identification) -> Iterator[str]:
    """Why the formula is right, in the words of its method."""
    effect = effect_of(how.query)
    if effect is None or how.method is None:
        if how.method not in (None, "seeing"):
            yield f"The query is brought down to what is seen ({how.method})."
        return
    paths = _paths(study.graph, effect)
    confounded = capital(f"{effect.cause} and {effect.outcome} are confounded: {joined(paths)}.")
    match how.method:
        case "adjustment" if not how.adjustment:
            yield (
                f"Nothing confounds {effect.cause} and {effect.outcome}: no path between them is open but the causal "
                "ones, so those with and those without it can be compared as they are."
            )
        case "adjustment":
            by = joined(how.adjustment or ())
            yield (
                f"{confounded} Adjusting for {by} is enough: it blocks every path that is not causal, and is not "
                f"affected by {effect.cause}."
            )
        case "front-door":
            yield f"{confounded} The way round is what lies between them: the front-door formula."
        case "instrument":
            found = next(_instruments(study.graph, effect), None)
            by = "" if found is None else f" {found} moves {effect.cause} and reaches {effect.outcome} in no other way."
            yield f"{confounded}{by} So the effect is the ratio of what it does to both (Wald)."
        case method:
            yield f"{confounded if paths else ''} The formula is found by {method}.".strip()


def _paths(graph: CausalGraph, effect: Effect) -> tuple[str, ...]:
    try:
        return confounding_paths(graph, effect.cause, effect.outcome, most=MOST_PATHS)
    except ScmError:
        return ()


def _instruments(graph: CausalGraph, effect: Effect) -> Iterator[str]:
    try:
        for found in islice(instruments(graph, effect.cause, effect.outcome), 3):
            yield found.name if not found.given else f"{found.name} (given {joined(found.given)})"
    except ScmError:
        return


def _arithmetic(answer: Answer) -> Iterator[str]:
    """The given numbers put together: the last step, and the laws that had to be worked out for it."""
    steps = [step for step in answer.derivation if step.name == "arithmetic"]
    if not steps:
        return
    told = steps[-1].claim.removeprefix(print_query(answer.query)).strip().removeprefix("= ")
    if " = " not in told or len(told) > MOST_ARITHMETIC:
        return
    laws = [step.claim for step in answer.derivation if step.name == "law"]
    where = f", where {joined(laws)}" if laws and sum(map(len, laws)) < MOST_ARITHMETIC else ""
    yield f"The arithmetic: {told}{where}."


# ---------------------------------------------------------------------------------------------------------------------
# What is not known


def not_known(
    problem: Problem | None, study: Study | None, answers: Sequence[Answer], fault: str, lacking: str = ""
) -> str:
    """Why what is said does not determine the answer, and which number is missing.

    Args:
        problem: the text as it was read.
        study: the graph with what is said.
        answers: of which at least one is not identified.
        fault: what another way of working it out would have needed; empty if there is none.
        lacking: the number that a model would need; said where nothing but the answer itself is missing.
    """
    answer = next(a for a in answers if a.finding == "not_identified")
    told = None if problem is None else named(problem, answer.query)
    told = capital(told.rstrip(",")) if told is not None else answer.text
    reasons = [lacking] if lacking and only_itself(answer) else open_reasons(study, answer)
    parts = [f"{told} is not determined by what is said.", *reasons]
    return " ".join([*parts, *([fault] if fault else [])])


def only_itself(answer: Answer) -> bool:
    """Whether the one number that is missing is the answer."""
    missing = cast("list[str]", answer.diagnostics.get("missing", []))
    return [text.replace(" ", "") for text in missing] == [answer.text.replace(" ", "")]


def open_reasons(study: Study | None, answer: Answer, *, missing: bool = True) -> Iterator[str]:
    """The obstacle, what is `missing` if that is to be told too, and what could be granted."""
    how = answer.identification
    obstacle = how.obstacle if isinstance(how, Identification) else None
    lacking = cast("list[str]", answer.diagnostics.get("missing", []))
    if obstacle is not None and study is not None:
        yield from _obstacle(study, answer.query, obstacle.explanation)
    elif lacking and missing:
        lack = "a number is" if len(lacking) == 1 else "numbers are"
        yield f"It would follow, but {lack} missing: {joined(lacking)}."


def _obstacle(study: Study, query: Query, explanation: str) -> Iterator[str]:
    effect = effect_of(query)
    if effect is None:
        yield f"The graph does not let it be known: {explanation}"
        return
    paths = _paths(study.graph, effect)
    if paths:
        yield (
            f"{capital(effect.cause)} and {effect.outcome} may go together without the one acting on the other: "
            f"{joined(paths)}, and nothing that is seen blocks that."
        )
    else:
        yield f"The graph does not let it be known: {explanation}"
    if (found := next(_instruments(study.graph, effect), None)) is not None:
        yield (
            f"{capital(found)} could serve as an instrument: with homogeneity granted (the effect is the same whatever "
            "the hidden cause), the answer would follow."
        )


def clashing(answers: Sequence[Answer]) -> str:
    """Which statements cannot hold together."""
    answer = next(a for a in answers if a.finding == "contradiction")
    clash = cast("list[str]", answer.diagnostics.get("clash", []))
    if not clash:
        return f"What is said contradicts itself, so {answer.text} has no answer."
    verb = "cannot be" if len(clash) == 1 else "cannot hold together"
    return f"What is said contradicts itself, so nothing follows: {'; '.join(clash)} {verb}, rounding included."


def clashing_because(answer: Answer) -> str:
    """Which statements cannot hold together, and in the engine's words why: which sum is above what."""
    told = clashing([answer])
    reason = next((step.reason for step in answer.derivation if step.name == "contradiction"), "")
    reason = reason.removesuffix(", even within what their printed digits leave open")
    return f"{told.removesuffix('.')}: {reason}." if reason else told
