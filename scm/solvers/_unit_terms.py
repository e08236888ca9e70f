"""Expressions of counterfactual terms over columns: what is asked, and conditions."""

from __future__ import annotations

from collections.abc import Mapping

from .._domain import Domain
from .._errors import InvalidQuery
from .._syntax import Const, Expr, Op, Placeholder, Var, substitute, walk
from .._worlds import Worlds
from ..mechanisms._columns import as_numbers, column
from ..mechanisms._types import Column
from ._unit_run import UnitRun


def instances_of(worlds: Worlds, exprs: tuple[Expr, ...]) -> tuple[int, ...]:
    """The instances that the terms of some expressions became."""
    found = [worlds.terms[node] for expr in exprs for node in leaves(expr) if isinstance(node, Var)]
    return tuple(dict.fromkeys(slot for slot in found if isinstance(slot, int)))


def leaves(expr: Expr) -> tuple[Expr, ...]:
    """Terms, placeholders and constants of an expression, not those inside worlds."""
    if isinstance(expr, Op):
        return tuple(leaf for arg in expr.args for leaf in leaves(arg))
    return (expr,)


def evaluated(expr: Expr, run: UnitRun, domains: Mapping[str, Domain]) -> Column:
    """What an expression of terms is for each unit: numbers, or truth values.

    Args:
        expr: names and states checked.
        run: holds the values of its terms.
        domains: of every variable.
    """
    scope: dict[str, Domain] = {}
    values: dict[str, Column] = {}
    beside = _beside(expr, domains)

    def leaf(node: Const | Placeholder | Var) -> Expr:
        if isinstance(node, Const):
            return node
        name = f"{len(scope)}"
        if isinstance(node, Placeholder):
            if node not in beside and node.name not in domains:
                raise InvalidQuery(f"?{node.name} is not compared with a variable, so its values are not known.")
            scope[name] = beside[node] if node in beside else domains[node.name]
            values[name] = run.columns[node.name]
        else:
            slot = run.plan.worlds.terms[node]
            scope[name] = domains[node.name]
            values[name] = run.instance(slot) if isinstance(slot, int) else run.fixed(slot, scope[name])
        return Var(name)

    return as_numbers(column(substitute(expr, leaf), values, scope, run.xp))


def _beside(expr: Expr, domains: Mapping[str, Domain]) -> dict[Placeholder, Domain]:
    """For each placeholder what it can be: what the variable beside it can."""
    found: dict[Placeholder, Domain] = {}
    for node in walk(expr):
        if isinstance(node, Op):
            names = [a.name for a in node.args if isinstance(a, Var)]
            found |= {a: domains[names[0]] for a in node.args if isinstance(a, Placeholder) and names}
    return found
