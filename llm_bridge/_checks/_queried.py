"""A query taken apart: what it imposes, on what it conditions, of what it asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from scm import (
    Const,
    Contrast,
    Distribution,
    Expectation,
    Expr,
    Number,
    Op,
    Query,
    Set,
    Value,
    Var,
    conjuncts,
    terms,
    walk,
)

from ._text import remembered


@dataclass(frozen=True, slots=True)
class Part:
    """One term of a query.

    Attributes:
        event: its variables with the state asked of; None where that is no single state.
        imposed: what its worlds set, with the value; None where that is no constant.
        nested: what is set inside nested worlds.
        given: its condition.
        later: variables of the condition in a world of their own.
        split: whether an assignment takes its value from another world, or holds for one edge only.
    """

    event: dict[str, Value | None] = field(default_factory=dict[str, "Value | None"])
    imposed: dict[str, Value | None] = field(default_factory=dict[str, "Value | None"])
    nested: dict[str, Value | None] = field(default_factory=dict[str, "Value | None"])
    given: dict[str, Value | None] = field(default_factory=dict[str, "Value | None"])
    later: frozenset[str] = frozenset()
    split: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A query: its terms from left to right, and how two of them are combined.

    Attributes:
        parts: the terms.
        op: "-" or "/" of a contrast of two terms; empty for one term; "?" for anything else.
    """

    parts: tuple[Part, ...]
    op: str

    @property
    def imposed(self) -> set[str]:
        """Every variable that some world sets."""
        return {name for part in self.parts for name in (*part.imposed, *part.nested)}

    @property
    def split(self) -> bool:
        """Whether some world takes a value from another."""
        return any(part.split for part in self.parts)

    @property
    def given(self) -> set[str]:
        """Every variable that some term conditions on."""
        return {name for part in self.parts for name in part.given}

    @property
    def event(self) -> set[str]:
        """Every variable that is asked of."""
        return {name for part in self.parts for name in part.event}


@remembered
def asked_of(query: Query) -> Asked:
    """`query`, taken apart."""
    match query:
        case Contrast(op, left, right) if not isinstance(left, Contrast | Number) and not isinstance(
            right, Contrast | Number
        ):
            return Asked((_part(left), _part(right)), op)
        case Contrast() | Number():
            return Asked(tuple(_part(term) for term in _leaves(query)), "?")
        case _:
            return Asked((_part(query),), "")


def _leaves(query: Query) -> Iterator[Query]:
    match query:
        case Contrast(_, left, right):
            yield from _leaves(left)
            yield from _leaves(right)
        case Number():
            return
        case _:
            yield query


def _part(query: Query) -> Part:
    match query:
        case Contrast() | Number():
            return Part()
        case Distribution(of, given):
            event: dict[str, Value | None] = {term.name: None for term in of}
            expr: tuple[Expr, ...] = of
        case Expectation(inner, given):
            event, expr = {term.name: None for term in terms(inner)}, (inner,)
        case _:
            event, expr, given = literals_of(query.event), (query.event,), query.given
    imposed: dict[str, Value | None] = {}
    nested: dict[str, Value | None] = {}
    split = False
    for assignment in [a for e in expr for t in terms(e) for a in t.world]:
        match assignment:
            case Set(target, Const(value)):
                imposed[target] = value
                split = split or assignment.parent is not None
            case _:
                imposed[assignment.target] = None
                nested |= {a.target: _constant(a) for node in _inner(assignment) for a in node.world}
                split = True
    later = frozenset([t.name for t in (terms(given) if given is not None else ()) if t.world])
    return Part(event, imposed, nested, literals_of(given), later, split)


def _constant(assignment: object) -> Value | None:
    return assignment.value.value if isinstance(assignment, Set) and isinstance(assignment.value, Const) else None


def _inner(assignment: object) -> Iterator[Var]:
    if isinstance(assignment, Set):
        yield from (node for node in walk(assignment.value) if isinstance(node, Var))


def literals_of(event: Expr | None) -> dict[str, Value | None]:
    """The variables of an event, each with the state that is asked of it; None where it is no single one."""
    found: dict[str, Value | None] = {}
    for part in conjuncts(event):
        match part:
            case Op("=", (Var(name, _), Const(value))):
                found[name] = value
            case Op("not", (Op("=", (Var(name, _), Const(value))),)) if isinstance(value, bool):
                found[name] = not value
            case _:
                found |= {term.name: None for term in terms(part)}
    return found
