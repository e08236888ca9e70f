"""Unnesting, for derivations: a nested counterfactual as a sum over the value of its inner term."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ._answer import Step
from ._query import Distribution, Expectation, Probability, Term, print_query
from ._syntax import (
    Const,
    Expr,
    Op,
    Set,
    Value,
    Var,
    conjunction,
    print_assignment,
    print_const,
    print_expr,
    substitute,
    terms,
    world,
)
from ._text import number_text
from .solvers import NeedsCoupling, Record, Setting, TooWide, solve

THEOREM = "Correa, Lee & Bareinboim (2021), counterfactual unnesting"
MOST_STATES = 8
"""Most states of the inner term that are written out."""


def unnesting(setting: Setting, term: Term) -> Iterator[Step]:
    """One step for a term with a single nested counterfactual: the inner term's law, and what each state gives.

    Nothing where there is no nesting, more than one, or a part that is not determined: a derivation shows true steps.
    """
    if setting.columns or not isinstance(term, (Probability, Expectation)):
        return
    found = [(t, a) for t in terms(_asked(term)) for a in t.world if isinstance(a, Set) and isinstance(a.value, Var)]
    if len(found) != 1 or len(terms(_asked(term))) != 1:
        return
    outer, nested = found[0]
    inner = nested.value
    assert isinstance(inner, Var)
    states = setting.model.states[inner.name]
    if len(states) > MOST_STATES:
        return
    law = _value(setting, Distribution((inner,), term.given), len(states))
    if law is None:
        return
    parts: list[tuple[Value, float, float]] = []
    for state, weight in zip(states, law, strict=True):
        if weight == 0:
            continue
        given = Op("=", (inner, Const(state)))
        flat = _with_world(term, outer, nested, state, given if term.given is None else conjunction(term.given, given))
        value = _value(setting, flat, 1)
        if value is None:
            return
        parts.append((state, weight, value[0]))
    yield Step("unnesting", _claim(term, inner, parts), _reason(outer, nested), THEOREM)


def _asked(term: Probability | Expectation) -> Expr:
    return term.event if isinstance(term, Probability) else term.expr


def _with_world(term: Probability | Expectation, outer: Var, nested: Set, state: Value, given: Expr) -> Term:
    fixed = world(*(replace(a, value=Const(state)) if a is nested else a for a in outer.world))
    asked = substitute(_asked(term), lambda leaf: Var(outer.name, fixed) if leaf == outer else leaf)
    return Probability(asked, given) if isinstance(term, Probability) else Expectation(asked, given)


def _value(setting: Setting, term: Term, size: int) -> list[float] | None:
    try:
        found = solve(replace(setting, record=Record()), term)
    except (NeedsCoupling, TooWide):
        return None  # the step is an extra: it may need or cost more than the answer did
    lower, upper = found.lower[..., 0].reshape(size), found.upper[..., 0].reshape(size)
    return None if not found.defined[0] or (lower != upper).any() else [float(x) for x in lower]


def _claim(term: Term, inner: Var, parts: list[tuple[Value, float, float]]) -> str:
    told = "; ".join(
        f"{print_expr(inner)} = {print_const(s)} has probability {number_text(w)} and gives {number_text(v)}"
        for s, w, v in parts
    )
    total = sum(w * v for _, w, v in parts)
    sum_text = " + ".join(f"{number_text(w)} * {number_text(v)}" for _, w, v in parts)
    return f"{told}; {print_query(term)} = {sum_text} = {number_text(total)}"


def _reason(outer: Var, nested: Set) -> str:
    where = f"{print_assignment(nested)} in {print_expr(outer)}"
    return f"{where} is summed over: each value is imposed in turn, weighted by its probability in its own world"
