"""Terms of a contrast that are one quantity cancel, identified or not.

In `P(Y[X=1, M=M[X=0]]=1) - P(Y[X=0]=1)` both terms are the same where X acts on Y through M alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._graph import CausalGraph
from .._query import Contrast, Distribution, Expectation, Number, Probability, Query, Term, query_terms, term_parts
from .._syntax import Expr, Var, conjuncts, print_expr, substitute, terms
from .._worlds import build_worlds


def cancelled(graph: CausalGraph, query: Contrast) -> Query | None:
    """A shorter contrast of the same value; None where no terms cancel, and for distributions."""
    if any(isinstance(term, Distribution) for term in query_terms(query)):
        return None  # what is left would have lost its axes
    asked = list(dict.fromkeys(t for term in query_terms(query) for part in term_parts(term) for t in terms(part)))
    worlds = build_worlds(graph, asked, ())
    first: dict[object, Var] = {}
    same = {t: first.setdefault(slot, t) if isinstance(slot := worlds.terms[t], int) else t for t in asked}
    parts: dict[object, tuple[float, Query]] = {}
    constant = 0.0
    for factor, part in _flat(query):
        if isinstance(part, Number):
            constant += factor * part.value
            continue
        key = part if isinstance(part, Contrast) else _key(part, same)
        before = parts.get(key, (0.0, part))
        parts[key] = (before[0] + factor, before[1])
    if all(factor for factor, _ in parts.values()):
        return None
    found: Query = Number(constant)
    for factor, part in parts.values():
        if factor:
            found = Contrast("+", found, Contrast("*", Number(factor), part))
    return found


def _flat(query: Query, factor: float = 1.0) -> list[tuple[float, Query]]:
    match query:
        case Contrast("+" | "-" as op, left, right):
            return _flat(left, factor) + _flat(right, factor if op == "+" else -factor)
        case Contrast("*", Number(value), other) | Contrast("*", other, Number(value)):
            return _flat(other, factor * value)
        case _:
            return [(factor, query)]


def _key(term: Term, same: Mapping[Var, Var]) -> object:
    """What a term asks, each counterfactual by one name; the order of a conjunction does not matter."""

    def one(expr: Expr) -> Expr:
        return substitute(expr, lambda leaf: same[leaf] if isinstance(leaf, Var) else leaf)

    def several(event: Expr | None) -> tuple[str, ...]:
        return tuple(sorted(print_expr(one(part)) for part in conjuncts(event)))

    given = several(term.given)
    match term:
        case Probability(event):
            return "P", several(event), given
        case Expectation(expr):
            return "E", print_expr(one(expr)), given
        case Distribution():
            return term
