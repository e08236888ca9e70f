"""Expressions of counterfactual terms over columns: what is asked, and conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._domain import Domain
from .._errors import InvalidQuery
from .._model import Model
from .._syntax import Const, Expr, Op, Placeholder, Var, substitute, walk
from .._worlds import Worlds
from ..mechanisms._formula import column
from ..mechanisms._types import Column
from ._unit_maps import look_up
from ._unit_run import UnitRun, constant


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
            if node not in beside:
                raise InvalidQuery(f"?{node.name} is not compared with a variable, so its values are not known.")
            scope[name], values[name] = beside[node], run.columns[node.name]
        else:
            slot = run.plan.worlds.terms[node]
            scope[name] = domains[node.name]
            values[name] = run.instance(slot) if isinstance(slot, int) else run.fixed(slot, scope[name])
        return Var(name)

    return column(_by_states(substitute(expr, leaf), scope, values, run.xp), values, scope, run.xp)


def _beside(expr: Expr, domains: Mapping[str, Domain]) -> dict[Placeholder, Domain]:
    """For each placeholder what it can be: what the variable beside it can."""
    found: dict[Placeholder, Domain] = {}
    for node in walk(expr):
        if isinstance(node, Op):
            names = [a.name for a in node.args if isinstance(a, Var)]
            found |= {a: domains[names[0]] for a in node.args if isinstance(a, Placeholder) and names}
    return found


def _by_states(expr: Expr, scope: dict[str, Domain], values: dict[str, Column], xp: Any) -> Expr:
    """Equalities between finite variables with labels as truth values of their own: labels are no numbers."""
    if not isinstance(expr, Op):
        return expr
    names = [a.name for a in expr.args if isinstance(a, Var)]
    labelled = any(isinstance(s, str) for n in names if isinstance(d := scope[n], tuple) for s in d)
    if expr.op not in ("=", "!=", "in") or not labelled or len(names) < 2:
        return Op(expr.op, tuple(_by_states(a, scope, values, xp) for a in expr.args))
    states = tuple(dict.fromkeys(s for n in names if isinstance(d := scope[n], tuple) for s in d))
    coded = [_coded(a, scope, values, states, xp) for a in expr.args]
    found = coded[0] == coded[1]
    for other in coded[2:]:
        found = found | (coded[0] == other)
    name = f"{len(scope)}"
    scope[name], values[name] = (False, True), found ^ (expr.op == "!=")
    return Var(name)


def _coded(expr: Expr, scope: Mapping[str, Domain], values: Mapping[str, Column], states: Any, xp: Any) -> Any:
    if isinstance(expr, Const):
        return constant(expr.value, states) if expr.value in states else -1
    assert isinstance(expr, Var)
    own = scope[expr.name]
    assert isinstance(own, tuple)
    return look_up(np.array([constant(s, states) for s in own], dtype=np.int32), [values[expr.name]], xp)


def domains_of(model: Model) -> Mapping[str, Domain]:
    """What each variable can be."""
    return {v.name: model.domains[v.name] for v in model.variables}
