"""Names and states of a query or equation, checked against the variables that are there.

A bare name that is no variable but a state of what it is compared with is that label; constants become the very state
that the variable declares.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NoReturn, assert_never

from ._domain import Real
from ._errors import InvalidModel, InvalidQuery, UnknownName, UnknownState, near
from ._noise import check_law
from ._parse import parse_query
from ._query import Contrast, Distribution, Expectation, Number, Probability, Query
from ._syntax import (
    Assignment,
    Const,
    Draw,
    Expr,
    Op,
    Placeholder,
    Set,
    Soft,
    Value,
    Var,
    World,
    carrier_of,
    print_assignment,
    print_const,
    print_name,
    world,
)

States = Mapping[str, tuple[Value, ...]]
Reals = Mapping[str, Real]

_NO_REALS: Reals = {}
_EQUALITIES = frozenset({"=", "!=", "in"})


def state_of(variable: str, value: Value, states: Sequence[Value]) -> Value:
    """The declared state equal to `value`.

    Raises:
        UnknownState: there is none.
    """
    for state in states:
        if state == value and isinstance(state, str) == isinstance(value, str):
            return state
    raise UnknownState(variable, value, states)


def _same(found: Sequence[object], given: Sequence[object]) -> bool:
    """Whether nothing had to be changed: what was given then stays, and nothing is made."""
    return all(map(operator.is_, found, given))


class _Resolver:
    def __init__(self, states: States, labels: Sequence[Value], where: str, reals: Reals = _NO_REALS) -> None:
        self.states, self.labels, self.where, self.reals = states, labels, where, reals
        self.names = {*states, *reals} if reals else states

    def expr(self, expr: Expr) -> Expr:
        match expr:
            case Const() | Placeholder():
                return expr
            case Var():
                return self.var(expr, self.labels)
            case Op(op, args):
                found = self.comparison(args) if op in _EQUALITIES else tuple([self.expr(a) for a in args])
                return expr if _same(found, args) else Op(op, found)
            case _:
                assert_never(expr)

    def var(self, expr: Var, labels: Sequence[Value], other: str = "") -> Var | Const:
        """A variable, or the one of `labels` that it is; `other` is the variable it is compared with, if one is."""
        known = expr.name in self.names
        # Beside do(...) the parser puts every bare name in that world, a label too: it knows no variables.
        if expr.name in labels and not (expr.world and known):
            if known:
                raise InvalidQuery(
                    f"{expr.name!r} is a variable and also a state of what it is compared with. Write "
                    f"{print_const(expr.name)} for the state, or rename one."
                )
            return Const(expr.name)
        if not known:
            self.refuse(expr.name, other, labels)
        world = self.world(expr.world) if expr.world else ()
        return expr if world is expr.world else Var(expr.name, world)

    def refuse(self, name: str, other: str, labels: Sequence[Value]) -> NoReturn:
        """That `name` is neither; beside a variable of labels it was meant as one of them, unless a name is close."""
        if other and any(isinstance(label, str) for label in labels) and not near(name, self.names):
            raise UnknownState(other, name, labels)
        raise UnknownName(name, self.names, self.where, labels)

    def comparison(self, args: tuple[Expr, ...]) -> tuple[Expr, ...]:
        beside = [a.name for a in args if isinstance(a, Var) and a.name in self.names]
        if not beside:
            self.refuse_quoted(args)
        out: list[Expr] = []
        for i, a in enumerate(args):
            if isinstance(a, Var):
                others = [b.name for k, b in enumerate(args) if k != i and isinstance(b, Var) and b.name in self.names]
                labels = [s for name in others for s in self.states.get(name, ())]
                out.append(self.var(a, labels if others else self.labels, others[0] if len(others) == 1 else ""))
            elif isinstance(a, Const) and len(beside) == 1:
                state = self.value_of(beside[0], a.value)
                out.append(a if state is a.value else Const(state))
            else:
                out.append(self.expr(a))
        return tuple(out)

    def refuse_quoted(self, args: tuple[Expr, ...]) -> None:
        """That no variable's name stands in the quotes of a label: the comparison would be false, and say nothing."""
        for a in args:
            if isinstance(a, Const) and isinstance(a.value, str) and a.value in self.names:
                raise InvalidQuery(
                    f"{print_const(a.value)} is a label in single quotes, and a variable has that name. A name with "
                    f"spaces stands in double quotes: {print_name(a.value)}."
                )

    def value_of(self, name: str, value: Value) -> Value:
        """A value that a variable can have: a declared state, or a number in its interval."""
        if name not in self.reals:
            return state_of(name, value, self.states[name])
        if value not in self.reals[name]:
            raise InvalidQuery(
                f"{name!r} takes {self.reals[name]}, and {print_const(value)} is none of them. "
                f"What lies outside its range cannot happen."
            )
        return float(value)

    def world(self, assignments: World) -> World:
        found = world(*[self.assignment(a) for a in assignments])
        return assignments if len(found) == len(assignments) and _same(found, assignments) else found

    def assignment(self, a: Assignment) -> Assignment:
        for name in (a.target, a.parent):
            if name is not None and name not in self.names:
                raise UnknownName(name, self.names, self.where)
        carrier = carrier_of(a)
        states = self.states.get(carrier, ())
        match a:
            case Set(_, Const(value)):
                state = self.value_of(carrier, value)
                return a if state is value else replace(a, value=Const(state))
            case Set(_, Var() as term):
                return self.set_term(a, term, carrier)
            case Set():
                return a
            case Soft(_, value):
                return replace(a, value=_Resolver(self.states, states, self.where, self.reals).expr(value))
            case Draw():
                return self.draw(a, carrier, states)
            case _:
                assert_never(a)

    def set_term(self, a: Set, term: Var, carrier: str) -> Set:
        value = self.var(term, self.states.get(carrier, ()), carrier)
        if isinstance(value, Var):
            if (carrier in self.reals) != (value.name in self.reals):
                raise InvalidQuery(
                    f"{print_assignment(a)}: one of {carrier!r} and {value.name!r} is continuous and the other is not."
                )
            for state in self.states.get(value.name, ()):
                state_of(carrier, state, self.states[carrier])
        return replace(a, value=value)

    def draw(self, a: Draw, carrier: str, states: tuple[Value, ...]) -> Draw:
        if carrier in self.reals:
            raise InvalidQuery(
                f"{carrier!r} is continuous: a law over states cannot be drawn for it. Set it by a policy with :=."
            )
        if a.policy is not None:
            raise InvalidQuery(
                f"The policy {a.policy!r} has no law. Write it out, {carrier} ~ {{state: probability}}, or bind it: "
                f"bind(query, {a.policy}={{...}})."
            )
        cases: list[tuple[Expr | None, tuple[tuple[Value, float], ...]]] = []
        for condition, law in a.cases:
            found = [state_of(carrier, value, states) for value, _ in law]
            try:
                weights = check_law(found, [p for _, p in law], f"The law drawn for {carrier!r}")
            except InvalidModel as wrong:
                raise InvalidQuery(str(wrong)) from None
            if len(set(found)) != len(found):
                raise InvalidQuery(f"The law drawn for {carrier!r} names a state twice: {found}.")
            resolved = None if condition is None else self.expr(condition)
            # In the order of the states and without those that cannot be drawn: one law is one value.
            weighted = dict(zip(found, weights, strict=True))
            cases.append((resolved, tuple((s, weighted[s]) for s in states if weighted.get(s))))
        return replace(a, cases=tuple(cases))


def resolve_expr(
    expr: Expr, states: States, labels: Sequence[Value] = (), where: str = "The query", *, reals: Reals = _NO_REALS
) -> Expr:
    """`expr` with every name known and every compared constant a declared state.

    Args:
        expr: an event, expression or equation.
        states: the states of every name that may occur.
        labels: states that a bare name may stand for anywhere (those of the variable an equation is for).
        where: how an error message begins.
        reals: the continuous names that may occur.

    Raises:
        UnknownName, UnknownState, InvalidQuery: as their messages say.
    """
    return _Resolver(states, labels, where, reals).expr(expr)


def read_query(query: str | Query, states: States, reals: Reals = _NO_REALS) -> Query:
    """A query, or its text, with every name known and every compared constant a declared state.

    Raises:
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery: as their messages say.
    """
    if isinstance(query, str):
        return resolve(parse_query(query, {*states, *reals} if reals else states), states, reals=reals)
    if not isinstance(query, (Probability, Expectation, Distribution, Number, Contrast)):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"A query is text or a Query, got {type(query).__name__}.")
    return resolve(query, states, reals=reals)


def resolve(query: Query, states: States, where: str = "The query", *, reals: Reals = _NO_REALS) -> Query:
    """A query with every name known and every compared constant a declared state.

    Args:
        query: what is asked, or what a statement is about.
        states: of each variable.
        where: how an error message begins.
        reals: the continuous variables.

    Raises:
        UnknownName, UnknownState, InvalidQuery: as their messages say.
    """
    work = _Resolver(states, (), where, reals)

    def given(expr: Expr | None) -> Expr | None:
        return None if expr is None else work.expr(expr)

    match query:
        case Number():
            return query
        case Contrast(_, left, right):
            left, right = (resolve(part, states, where, reals=reals) for part in (left, right))
            return replace(query, left=left, right=right)
        case Probability(event, condition):
            return Probability(work.expr(event), given(condition))
        case Expectation(expr, condition):
            return Expectation(work.expr(expr), given(condition))
        case Distribution(of, condition):
            terms = tuple(work.var(term, ()) for term in of)
            return Distribution(tuple(t for t in terms if isinstance(t, Var)), given(condition))
        case _:
            assert_never(query)
