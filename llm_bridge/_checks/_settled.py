"""Whether the rules of a Problem settle an event by themselves, whatever is left to chance; small Problems only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from scm import Const, Expr, Set, Value, World, terms

from .._problem import Problem
from ._truth import MOST, NotRead, column, columns


def settled(problem: Problem, order: Iterable[str], event: Expr) -> bool | None:
    """Whether `event` comes out the same in every state of what no rule decides.

    Args:
        problem: what it is an event of.
        order: the variables, causes before effects.
        event: of one world, in which variables are set to constants.

    Returns:
        None where this is not looked at: numbers that tell of chances, several worlds, many causes, other states than
        true and false.
    """
    asked = terms(event)
    worlds = {var.world for var in asked}
    imposed = _constants(worlds.pop()) if len(worlds) == 1 else None
    if imposed is None or problem.statements or problem.edges:
        return None
    needed = _behind(problem.causes, [var.name for var in asked], imposed)
    rules = {equation.variable: equation.expression for equation in problem.equations}
    chances = [name for name in needed if name not in rules and name not in imposed]
    if len(chances) > MOST or any([problem.all_states[name] != (False, True) for name in needed]):
        return None
    size = 1 << len(chances)
    known = columns(chances, problem.all_states) | {name: (value,) * size for name, value in imposed.items()}
    try:
        for name in order:
            if name in needed and name not in known:
                known[name] = column(rules[name], known, size)
        return len({*column(event, known, size)}) == 1
    except NotRead:
        return None


def _constants(there: World) -> dict[str, Value] | None:
    """What a world sets; None where something depends on more than that."""
    imposed: dict[str, Value] = {}
    for one in there:
        if not isinstance(one, Set) or one.parent is not None or not isinstance(one.value, Const):
            return None
        imposed[one.target] = one.value.value
    return imposed


def _behind(causes: Mapping[str, Collection[str]], names: list[str], imposed: Collection[str]) -> set[str]:
    """`names` and all that acts on them where what is imposed has no causes."""
    found: set[str] = set()
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            names += causes[name] if name not in imposed else ()
    return found
