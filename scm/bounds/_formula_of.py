"""Complete pools as a formula."""

from __future__ import annotations

from collections.abc import Sequence

from .._estimand import ONE, ZERO, Estimand, Linear, Product, Quotient
from .._query import Query
from ._formulas import BoundFormula, term_text
from ._pool import Vectors
from ._row_pools import RowPools


def formula_of(pools: RowPools, query: Query) -> BoundFormula:
    """The formula that complete pools stand for; see `tidied` for few terms."""
    pool = pools.asked.pool
    form = pool.standard
    labels = pools.names(pools.asked)
    scale = [_forms(factor, pools.labels)[0] for factor in pools.factored.scale]
    below = None if pool.below is None else _forms(pool.below, labels)[0]
    sides: list[tuple[Estimand, ...]] = []
    for vectors in (pool.lower, pool.upper):
        terms = _forms(Vectors(vectors.values, vectors.constants + form.constant), labels)
        sides.append(tuple(_over(term, scale, below) for term in terms))
    inequalities = _forms(pool.rays, labels)
    for other in pools.others:
        inequalities += _forms(other.pool.rays, pools.names(other))
    return BoundFormula(query, sides[0], sides[1], inequalities, not form.relaxed, *pools.range)


def _over(term: Estimand, scale: Sequence[Estimand], below: Estimand | None) -> Estimand:
    """A term times what it is multiplied by, over what it is divided by."""
    if term == ZERO:
        return ZERO
    if term == below and not scale:
        return ONE
    factors = tuple(scale) if term == ONE and scale else (*scale, term)
    above = factors[0] if len(factors) == 1 else Product(factors)
    return above if below in (None, ONE) else Quotient(above, below)


def _forms(vectors: Vectors, labels: Sequence[Estimand]) -> tuple[Estimand, ...]:
    """Linear forms, the short ones first."""
    made: list[tuple[tuple[float, str], Estimand]] = []
    for row, constant in zip(vectors.values, vectors.constants, strict=True):
        parts = [(float(x), label) for x, label in zip(row, labels, strict=True) if x]
        parts.sort(key=lambda part: part[0] < 0)  # what is added first
        form: Estimand = Linear(tuple(parts), float(constant))
        if len(parts) == 1 and parts[0][0] == 1.0 and not constant:
            form = parts[0][1]
        if not parts and constant == 1.0:
            form = ONE
        size = len(parts) + 0.5 * bool(constant)
        made.append(((size, term_text(form)), form))
    return tuple(form for _, form in sorted(made, key=lambda one: one[0]))
