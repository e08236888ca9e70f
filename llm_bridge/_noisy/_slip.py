"""A slip of a reader, before it is known to be possible; and the rewriting of queries that slips are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar, cast

from scm import (
    Const,
    Contrast,
    Correlation,
    Expectation,
    Expr,
    Number,
    Op,
    Probability,
    Quantity,
    Query,
    Set,
    Value,
    Var,
    conjunction,
    world,
)

from .._problem import Problem

Term: TypeAlias = Quantity | Query
T = TypeVar("T", Query, Quantity)


@dataclass(frozen=True, slots=True)
class Slip:
    """One way to misread.

    Attributes:
        what: what is misread as what, in words.
        make: the misread Problem; None where it cannot be made. It may still fail the checks of a Problem.
    """

    what: str
    make: Callable[[], Problem | None]


Slips: TypeAlias = list[list[Slip]]
"""Ways of misreading by form: the form is drawn first, so that a form with many variants is not the likelier one."""


def each_term(quantity: T, change: Callable[[Term], Term]) -> T:
    """`quantity` with every term of it changed."""

    def changed(part: Term) -> Term:
        if isinstance(part, Contrast):
            left, right = changed(part.left), changed(part.right)
            return replace(part, left=cast("Query", left), right=cast("Query", right))
        return part if isinstance(part, Number) else change(part)

    return cast("T", changed(quantity))


def empty(quantity: Term) -> bool:
    """Whether it compares a term with itself: no reader would make that of a question."""
    match quantity:
        case Contrast(op, left, right):
            return (op in "-/" and left == right) or empty(left) or empty(right)
        case _:
            return False


def each_leaf(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """`expr` with the outermost parts replaced for which `change` has something to put; worlds are left alone."""
    if (put := change(expr)) is not None:
        return put
    if isinstance(expr, Op):
        return Op(expr.op, tuple(each_leaf(arg, change) for arg in expr.args))
    return expr


def together(parts: list[Expr]) -> Expr | None:
    """All of `parts`; None where there are none."""
    return conjunction(*parts) if parts else None


def literal(part: Expr) -> tuple[Var, Value] | None:
    """`X = x` as the term and the state."""
    match part:
        case Op("=", (Var() as var, Const(value))):
            return var, value
        case _:
            return None


def settings_of(var: Var) -> tuple[Set, ...]:
    """The variables that the world of a term sets to a state."""
    return tuple(a for a in var.world if isinstance(a, Set) and a.parent is None and isinstance(a.value, Const))


def swapped(quantity: T, name: str, states: tuple[Value, Value], where: str) -> T:
    """`quantity` with two states of one variable exchanged: in the "event", what is "given", or the "setting"."""
    other = {states[0]: states[1], states[1]: states[0]}

    def set_otherwise(var: Var) -> Var:
        changed = [
            replace(a, value=Const(other[a.value.value]))
            if a in settings_of(var) and a.target == name and isinstance(a.value, Const) and a.value.value in other
            else a
            for a in var.world
        ]
        return Var(var.name, world(*changed))

    def leaf(part: Expr) -> Expr | None:
        if where == "setting":
            return set_otherwise(part) if isinstance(part, Var) and part.world else None
        match part:
            case Op("=" | "!=" as op, (Var(of) as var, Const(value))) if of == name and value in other:
                return Op(op, (var, Const(other[value])))
            case _:
                return None

    def term(part: Term) -> Term:
        if where != "given" and isinstance(part, Probability):
            part = replace(part, event=each_leaf(part.event, leaf))
        if where == "setting" and isinstance(part, Expectation):
            part = replace(part, expr=each_leaf(part.expr, leaf))
        given = None if isinstance(part, Number | Contrast) else part.given
        if where != "event" and given is not None:
            part = replace(cast("Probability", part), given=each_leaf(given, leaf))
        return part

    return each_term(quantity, term)


def parts_of(quantity: Term) -> Iterator[tuple[str, Expr]]:
    """The events and the conditions of every term, each with "event" or "given"."""
    match quantity:
        case Contrast(_, left, right):
            yield from (*parts_of(left), *parts_of(right))
        case Number():
            return
        case Correlation(_, _, given):
            if given is not None:
                yield "given", given
        case _:
            if isinstance(quantity, Probability):
                yield "event", quantity.event
            if isinstance(quantity, Expectation):
                yield "event", quantity.expr
            if quantity.given is not None:
                yield "given", quantity.given
