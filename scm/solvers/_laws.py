"""The conditional law of one term of a query: a probability, a distribution or an expectation."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np

from .._errors import InvalidQuery
from .._query import Distribution, Expectation, Probability, Term
from .._syntax import Const, Expr, Op, Placeholder, Value, Var, conjunction, print_expr, substitute
from .._values import possible_values
from ._cells import by_cells
from ._kernels import NeedsCoupling, TooWide
from ._leaves import Leaf, add_leaves, align_all
from ._setting import Fact, Setting, Values, split_given
from ._weights import joint_weights, make_leaf, undefined_leaf

MAX_DISTRIBUTION = 1 << 20
"""Most cells of a joint distribution."""


def term_leaf(setting: Setting, term: Term) -> Leaf:
    """A term's value for every state of its roots of unknown law and every row.

    Raises:
        NeedsCoupling: a table's instances need a coupling that was not granted, and consistency does not decide.
        TooWide: the forecast exceeds the budget.
        InvalidQuery: an expectation of labels.
    """
    facts, conditions = split_given(setting.model, term.given)
    match term:
        case Probability(event):
            return _probability(setting, event, facts, conditions)
        case Distribution(of):
            return _distribution(setting, of, facts, conditions)
        case Expectation(expr):
            return _expectation(setting, expr, facts, conditions)


def term_outputs(setting: Setting, term: Term) -> list[list[tuple[Expr, Values]]]:
    """What each contraction of a term is asked for: expressions, with the values that each may have."""
    match term:
        case Probability(event):
            return [[(event, (False, True))]]
        case Distribution(of):
            return [[(t, setting.model.states[t.name]) for t in of]]
        case Expectation(expr):
            return [[(part, numeric_values(setting, part))] for _, part in linear_parts(expr)]


def _probability(setting: Setting, event: Expr, facts: tuple[Fact, ...], conditions: tuple[Expr, ...]) -> Leaf:
    try:
        found = joint_weights(setting, facts, conditions, [(event, (False, True))], exponents=False)
    except NeedsCoupling:
        return by_cells(setting, event, facts, conditions)
    if found is None:
        return undefined_leaf(setting)
    weights, roots = found
    return make_leaf(weights.mantissa[1], weights.mantissa.sum(axis=0), roots, 0)


def _distribution(setting: Setting, of: tuple[Var, ...], facts: tuple[Fact, ...], conditions: tuple[Expr, ...]) -> Leaf:
    domains = [setting.model.states[t.name] for t in of]
    shape = tuple(len(d) for d in domains)
    if math.prod(shape) > MAX_DISTRIBUTION:
        raise TooWide(f"The joint distribution asked for has {math.prod(shape):,} cells. Ask for fewer terms at once.")
    try:
        found = joint_weights(setting, facts, conditions, list(zip(of, domains, strict=True)), exponents=False)
    except NeedsCoupling:
        events = [
            conjunction(*(Op("=", (t, Const(v))) for t, v in zip(of, cell, strict=True)))
            for cell in itertools.product(*domains)
        ]
        cells = align_all([by_cells(setting, event, facts, conditions) for event in events])
        value = np.stack([c.value for c in cells], axis=-2)
        value = value.reshape(*value.shape[:-2], *shape, value.shape[-1])
        return Leaf(value, cells[0].weight, cells[0].roots, cells[0].states)
    if found is None:
        return undefined_leaf(setting, shape)
    weights, roots = found
    total = weights.mantissa.sum(axis=tuple(range(len(of))))
    return make_leaf(weights.mantissa, total, roots, len(of))


def linear_parts(expr: Expr) -> tuple[tuple[float, Expr], ...]:
    """`expr` as a sum of coefficients times parts: expectations add, whatever the joint law."""
    match expr:
        case Op("+", args):
            return tuple(part for a in args for part in linear_parts(a))
        case Op("neg", (arg,)):
            return tuple((-c, e) for c, e in linear_parts(arg))
        case Op("*", args):
            numbers = [a.value for a in args if isinstance(a, Const) and not isinstance(a.value, str)]
            others = [a for a in args if not isinstance(a, Const) or isinstance(a.value, str)]
            if len(others) != 1 or isinstance(others[0], Const):
                return ((1.0, expr),)
            return tuple((math.prod(numbers, start=1.0) * c, e) for c, e in linear_parts(others[0]))
        case _:
            return ((1.0, expr),)


def _expectation(setting: Setting, expr: Expr, facts: tuple[Fact, ...], conditions: tuple[Expr, ...]) -> Leaf:
    return add_leaves([(c, _expected(setting, e, facts, conditions)) for c, e in linear_parts(expr)])


def _expected(setting: Setting, expr: Expr, facts: tuple[Fact, ...], conditions: tuple[Expr, ...]) -> Leaf:
    values = numeric_values(setting, expr)
    try:
        found = joint_weights(setting, facts, conditions, [(expr, values)], exponents=False)
    except NeedsCoupling:
        wanted = [v for v in values if v != 0] or values
        cells = [by_cells(setting, Op("=", (expr, Const(v))), facts, conditions) for v in wanted]
        return add_leaves([(float(v), leaf) for v, leaf in zip(wanted, cells, strict=True)])
    if found is None:
        return undefined_leaf(setting)
    weights, roots = found
    numbers = np.array([float(v) for v in values])
    leaf = make_leaf(np.tensordot(numbers, weights.mantissa, axes=(0, 0)), weights.mantissa.sum(axis=0), roots, 0)
    return replace(leaf, scale=float(np.abs(numbers).max(initial=0.0)))


def numeric_values(setting: Setting, expr: Expr) -> tuple[Value, ...]:
    """The numbers that `expr` can be."""
    scope: dict[str, tuple[Value, ...]] = {}
    names: dict[Const | Placeholder | Var, str] = {}

    def rename(leaf: Const | Placeholder | Var) -> Expr:
        if isinstance(leaf, Const):
            return leaf
        name = names.setdefault(leaf, f"{len(names)}")
        scope[name] = setting.model.states[leaf.name] if isinstance(leaf, Var) else setting.domains[leaf.name]
        return Var(name)

    values, _ = possible_values(substitute(expr, rename), scope, "E[...]")
    for value in values:
        if isinstance(value, str):
            raise InvalidQuery(
                f"E[{print_expr(expr)}] needs numbers, but {value!r} is a label. "
                f"Ask for P({print_expr(expr)}), or give numeric states."
            )
    return values
