"""`KnownEquation`: how one variable of a study gets its value, where that is known."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ._errors import InvalidModel, InvalidQuery, QuerySyntaxError, UnknownName, listing
from ._evaluate import evaluate
from ._graph import CausalGraph
from ._parse import parse_expression
from ._resolve import resolve_expr
from ._syntax import Expr, Value, Var, print_expr, print_name, terms

_LEFT = re.compile(r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\W\d]\w*))\s*=(?!=)')
MOST_ROWS = 100_000
"""Most combinations of causes at which an equation is checked."""
EXAMPLE = "Write for example Y = X and not W."


@dataclass(frozen=True, slots=True)
class KnownEquation:
    """`variable = expr`, a formula of its causes in the graph: it has no noise of its own.

    What a hidden cause does to the variable stands in the formula too, by the name that the graph has for that cause.
    """

    variable: str
    expr: Expr

    def __str__(self) -> str:
        return f"{print_name(self.variable)} = {print_expr(self.expr)}"


def equation(text: str) -> KnownEquation:
    """The equation that a text writes, such as `Y = X and not W`; nothing is ever evaluated as code.

    Raises:
        QuerySyntaxError: the text is no equation; the message has a caret.
        InvalidQuery: it is no text.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"An equation must be text, got {type(text).__name__}.")
    found = _LEFT.match(text)
    if found is None:
        raise QuerySyntaxError(text, 0, f"An equation begins with a variable and =. {EXAMPLE}")
    name = found["plain"] if found["quoted"] is None else re.sub(r"\\(.)", r"\1", found["quoted"])
    try:
        return KnownEquation(name, parse_expression(text[found.end() :]))
    except QuerySyntaxError as wrong:
        raise QuerySyntaxError(text, found.end() + wrong.position, wrong.problem) from None


def is_equation(text: str) -> bool:
    """Whether a text begins like an equation: a name, then `=`."""
    return _LEFT.match(text) is not None


def checked_equation(
    given: KnownEquation, graph: CausalGraph, states: Mapping[str, tuple[Value, ...]]
) -> KnownEquation:
    """An equation with names and states checked: of causes alone, and with a state for each combination of theirs.

    Raises:
        UnknownName, UnknownState, InvalidQuery, InvalidModel: as their messages say.
    """
    if given.variable not in graph.parents:
        raise UnknownName(given.variable, graph.variables, "An equation")
    where = f"The equation of {given.variable!r}"
    own = states[given.variable]
    expr = resolve_expr(given.expr, states, [s for s in own if isinstance(s, str)], where)
    leaves = terms(expr)
    causes = graph.parents[given.variable]
    for leaf in leaves:
        if leaf.world:
            raise InvalidModel(f"{where} speaks of {print_expr(leaf)}: it is about the values of its causes.")
        if leaf.name not in causes:
            raise InvalidModel(
                f"{where} reads {leaf.name!r}, which is no cause of it in the graph; its causes are {listing(causes)}. "
                f"Add the arrow {leaf.name} -> {given.variable}, or leave it out."
            )
    if not leaves:
        text = f"{print_name(given.variable)}={print_expr(expr)}"
        raise InvalidModel(
            f"{where} reads no cause: it would have one state in every unit. If so, state P({text}) = 100%; what is "
            f"seen of some units stands in a query instead, as in P(... | {text})."
        )
    _check_values(expr, leaves, own, states, where)
    return replace(given, expr=expr)


def _check_values(
    expr: Expr, leaves: tuple[Var, ...], own: tuple[Value, ...], states: Mapping[str, tuple[Value, ...]], where: str
) -> None:
    """That an equation gives a state, whatever its causes are."""
    if math.prod(len(states[leaf.name]) for leaf in leaves) > MOST_ROWS:
        raise InvalidModel(f"{where} has more than {MOST_ROWS:,} combinations of causes.")
    for values in itertools.product(*(states[leaf.name] for leaf in leaves)):
        at: dict[Var, Value] = dict(zip(leaves, values, strict=True))
        try:
            value = evaluate(expr, lambda term, at=at: at[term])
        except (ArithmeticError, TypeError, InvalidQuery) as wrong:
            raise InvalidModel(f"{where} has no value at {_told(at)}: {wrong}") from None
        if not any(value == state and isinstance(value, str) == isinstance(state, str) for state in own):
            raise InvalidModel(f"{where} gives {value!r} at {_told(at)}, which is none of its states {listing(own)}.")


def _told(at: Mapping[Var, Value]) -> str:
    return ", ".join(f"{leaf.name}={value!r}" for leaf, value in at.items()) or "every unit"
