"""Filling what a query leaves open: placeholders with values, policy names with laws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, assert_never

from ._errors import InvalidQuery
from ._query import Contrast, Distribution, Expectation, Number, Probability, Query, Term, placeholders, query_nodes
from ._syntax import (
    Assignment,
    Const,
    Draw,
    Expr,
    Law,
    Placeholder,
    Set,
    Soft,
    Value,
    Var,
    World,
    substitute,
    world,
)

Cases: TypeAlias = tuple[tuple[Expr | None, Law], ...]


def bind(query: Query, **values: Value | Mapping[Value, float]) -> Query:
    """`query` with placeholders (a value) and policy names (a mapping state -> probability) filled in.

    Raises:
        InvalidQuery: a name that the query does not leave open.
    """
    leaves: dict[Placeholder, Const | Placeholder] = {
        Placeholder(k): Const(v) for k, v in values.items() if not isinstance(v, Mapping)
    }
    policies: dict[str, Cases] = {k: ((None, tuple(v.items())),) for k, v in values.items() if isinstance(v, Mapping)}
    open_names = set(placeholders(query)) | set(_policy_names(query))
    for name in values:
        if name not in open_names:
            raise InvalidQuery(f"The query leaves {sorted(open_names) or 'nothing'} open, not {name!r}.")
    return _Filling(leaves, policies).query(query)


def replace_placeholders(query: Query, leaves: Mapping[Placeholder, Const | Placeholder]) -> Query:
    """`query` with placeholders replaced, by values or by one another."""
    return _Filling(leaves).query(query)


def _policy_names(query: Query) -> tuple[str, ...]:
    draws = (a for node in query_nodes(query) if isinstance(node, Var) for a in node.world)
    return tuple(a.policy for a in draws if isinstance(a, Draw) and a.policy is not None)


@dataclass(frozen=True)
class _Filling:
    """What to put where; every method gives its argument filled, inside worlds too."""

    leaves: Mapping[Placeholder, Const | Placeholder]
    policies: Mapping[str, Cases] = field(default_factory=dict[str, Cases])

    def query(self, query: Query) -> Query:
        match query:
            case Number():
                return query
            case Contrast(_, left, right):
                return replace(query, left=self.query(left), right=self.query(right))
            case _:
                return self.term(query)

    def term(self, term: Term) -> Term:
        given = None if term.given is None else self.expr(term.given)
        match term:
            case Probability(event):
                return Probability(self.expr(event), given)
            case Expectation(expr):
                return Expectation(self.expr(expr), given)
            case Distribution(of):
                return Distribution(tuple(Var(v.name, self.world(v.world)) for v in of), given)
            case _:
                assert_never(term)

    def expr(self, expr: Expr) -> Expr:
        return substitute(expr, self.leaf)

    def leaf(self, leaf: Const | Placeholder | Var) -> Const | Placeholder | Var:
        match leaf:
            case Placeholder():
                return self.leaves.get(leaf, leaf)
            case Var(name, assignments):
                return Var(name, self.world(assignments))
            case Const():
                return leaf
            case _:
                assert_never(leaf)

    def world(self, assignments: World) -> World:
        return world(*map(self.assignment, assignments))

    def assignment(self, a: Assignment) -> Assignment:
        match a:
            case Set(_, value):
                return replace(a, value=self.leaf(value))
            case Soft(_, value):
                return replace(a, value=self.expr(value))
            case Draw(target, _, parent, policy) if policy is not None and policy in self.policies:
                return Draw(target, self.policies[policy], parent)
            case Draw(_, cases):
                filled = tuple((None if c is None else self.expr(c), law) for c, law in cases)
                return replace(a, cases=filled)
            case _:
                assert_never(a)
