"""One line that says why the text gives what was replied where the label says otherwise, or why nothing was replied."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from scm import (
    Answer,
    Const,
    Expr,
    Model,
    Op,
    Probability,
    ScmError,
    Set,
    Value,
    Var,
    World,
    ask,
    conjuncts,
    number_text,
    print_expr,
    terms,
)

from .._pipeline import Reply
from ._items import Expected

MOST_CHARACTERS = 1_000
"""Longest reason."""
MOST_STEPS = 60
"""Most variables whose values are worked out for one reason."""


def why_not(reply: Reply) -> str:
    """Why there is no reply."""
    return _one_line(reply.fault or reply.line)


def why_otherwise(reply: Reply, expected: Expected) -> str:
    """Why the text gives what was replied, variable by variable where a chain of certain values leads there."""
    said = number_text(reply.reply) if isinstance(reply.reply, float) else str(reply.reply)
    label = number_text(expected) if isinstance(expected, float) else expected
    told = _told(reply)
    return _one_line(f"the text gives {said}{f': {told}' if told else ''}; the label says {label}")


def _told(reply: Reply) -> str:
    model = None if reply.compiled is None else reply.compiled.model
    if model is not None and len(reply.answers) == 1:
        walked = _walked(model, reply.answers[0])
        if walked:
            return walked
    if reply.judged and not reply.answers:
        return reply.line.removeprefix("Yes. ").removeprefix("No. ").rstrip(".")
    return "; ".join(_valued(answer) for answer in reply.answers)


def _valued(answer: Answer) -> str:
    """The query with its value, or with its ends."""
    return answer.to_text(derivation=False).splitlines()[0]


def _walked(model: Model, answer: Answer) -> str:
    """The values of the imagined world in causal order; empty where what is asked for is not certain there."""
    query = answer.query
    if not isinstance(query, Probability):
        return ""
    asked = [term for part in conjuncts(query.event) for term in terms(part)]
    if len({term.world for term in asked}) != 1:
        return ""
    there, names = asked[0].world, list(dict.fromkeys(term.name for term in asked))
    imposed = {a.target: a.value.value for a in there if isinstance(a, Set) and isinstance(a.value, Const)}
    needed = _needed(model, names, imposed)
    values = _certain(model, needed, there, query.given)
    if any(name not in values for name in names):
        return ""
    steps = [_valued_fact(n, v) for n, v in values.items() if n not in names and n not in imposed]
    return "".join(
        (
            f"given {' and '.join(map(_seen, conjuncts(query.given)))}, " if query.given is not None else "",
            f"with {' and '.join(_fact(n, v) for n, v in imposed.items())}: " if imposed else "",
            f"{', '.join(steps)}, so " if steps else "",
            ", ".join(_valued_fact(name, values[name]) for name in names),
        )
    )


def _needed(model: Model, names: Iterable[str], imposed: Collection[str]) -> list[str]:
    """What `names` depend on, without what is cut off by being imposed, in causal order."""
    found: set[str] = set()
    stack = list(names)
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack += () if name in imposed else model.graph.parents[name]
    return [name for name in model.graph.order if name in found]


def _certain(model: Model, names: list[str], there: World, given: Expr | None) -> Mapping[str, Value]:
    """Of `names`, those with one possible value in the world `there`, with that value."""
    if len(names) > MOST_STEPS:
        return {}
    found: dict[str, Value] = {}
    for name in names:
        for state in model.states[name]:
            try:
                answer = ask(model, Probability(Op("=", (Var(name, there), Const(state))), given))
            except ScmError:
                break
            if answer.finding == "exact" and answer.value == 1:
                found[name] = state
    return found


def _seen(part: Expr) -> str:
    match part:
        case Op("=", (Var(name, ()), Const(value))):
            return _fact(name, value)
        case _:
            return print_expr(part)


def _fact(name: str, value: Value) -> str:
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return f"{name} = {value}"


def _valued_fact(name: str, value: Value) -> str:
    if isinstance(value, bool):
        return f"{name} = {'yes' if value else 'no'}"
    return f"{name} = {value}"


def _one_line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= MOST_CHARACTERS else f"{flat[:MOST_CHARACTERS]}..."
