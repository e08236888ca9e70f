"""The check of what a query says by itself: nobody asks what becomes of a thing that the question itself settles."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from scm import Const, Contrast, Expr, Op, Probability, Query, Set, Value, Var, conjuncts, print_expr, walk

from .._problem import Problem
from ._reading import Fault, Reading, Severity


def sense(reading: Reading) -> Iterable[Fault]:
    """An outcome that is imposed, or given in its own world; and a supposition that is what was observed."""
    for i, item in enumerate(reading.problem.queries):
        if item.query is None:
            continue
        part = f"queries[{i}]"
        imagined = [(term, moved) for term in _probabilities(item.query) if (moved := _moved(term.event))]
        for term, moved in imagined:
            yield from (Fault("sense", part, message) for message in _settled(term, moved))
        yield from _unmoved(reading.problem, part, [var for _, moved in imagined for var in moved])
        if imagined and isinstance(item.query, Probability):
            yield from (Fault("sense", part, message, severity) for message, severity in _idle(*imagined[0]))


def _probabilities(query: Query) -> Iterable[Probability]:
    match query:
        case Probability():
            yield query
        case Contrast(_, left, right):
            yield from _probabilities(left)
            yield from _probabilities(right)
        case _:
            return


def _moved(event: Expr) -> list[Var]:
    """The variables of an event that are asked of in a world where something is imposed."""
    return [node for node in walk(event) if isinstance(node, Var) and node.world]


def _settled(term: Probability, moved: Sequence[Var]) -> Iterable[str]:
    for var in moved:
        if any(isinstance(a, Set) and a.target == var.name and a.parent is None for a in var.world):
            yield (
                f"{print_expr(var)} is the outcome in a world where it is itself imposed, so there is nothing to ask. "
                f"Wanted: in the world of {var.name!r} what the question supposes, and nothing else."
            )
        elif term.given is not None and var in _moved(term.given):
            yield (
                f"{print_expr(var)} is asked about and stands behind the bar too, in the world that is only imagined. "
                "Wanted: behind the bar what the text says was seen, in the world as it is."
            )


def _idle(term: Probability, moved: Sequence[Var]) -> Iterable[tuple[str, Severity]]:
    """A supposition that repeats what was observed. A text may ask so; a misreading is likelier."""
    if term.given is None:
        return
    seen = dict(_facts(term.given))
    for var in moved:
        imposed = [(a.target, a.value.value) for a in var.world if isinstance(a, Set) and isinstance(a.value, Const)]
        if imposed and all(name in seen and seen[name] == value for name, value in imposed):
            told = " and ".join(f"{name!r} = {value}" for name, value in imposed)
            yield (
                f"The query supposes {told}, which it also takes as observed, so nothing is imagined. Look again which "
                "state the question supposes, and which one the text says was so.",
                "doubt",
            )


def _unmoved(problem: Problem, part: str, moved: Sequence[Var]) -> Iterable[Fault]:
    """What is imposed acts on no outcome. "Does ice cream make people drown" asks so; a lost cause is likelier."""
    causes = problem.causes
    if problem.independences is not None or not any(causes.values()):
        return
    for var in moved:
        imposed = {a.target for a in var.world if isinstance(a, Set)}
        if imposed and not _acts(causes, imposed, var.name):
            shown = " and ".join(map(repr, sorted(imposed)))
            yield Fault(
                "sense",
                part,
                f"The query sets {shown}, but nothing in the Problem leads from there to {var.name!r}, so that it "
                f"makes no difference. Look again what the text says acts on {var.name!r}, and on what {shown} "
                "acts.",
                "doubt",
            )
            return


def _acts(causes: Mapping[str, Collection[str]], imposed: set[str], name: str) -> bool:
    """Whether something imposed acts on `name`, through others too."""
    found, waiting = {name}, [name]
    while waiting:
        before = causes[waiting.pop()]
        if not imposed.isdisjoint(before):
            return True
        fresh = {*before} - found
        found |= fresh
        waiting += fresh
    return False


def _facts(given: Expr) -> Iterable[tuple[str, Value]]:
    for part in conjuncts(given):
        match part:
            case Op("=", (Var(name, ()), Const(value))):
                yield name, value
            case _:
                pass
