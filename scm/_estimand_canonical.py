"""One form for equal estimands: flat, sorted, the indices of sums numbered from the outside in.

Two estimands that differ in the order of factors, in brackets, or in the numbers of bound indices have one canonical
form, so that equality of formulas is equality of values. Nothing of algebra is used beyond that; see `simplify`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, assert_never

from ._estimand import ONE, ZERO, At, Cells, Estimand, Index, Law, Linear, Product, Quotient, Sum, Weight
from ._estimand_parts import open_indices, parts_of, placed, with_parts
from ._syntax import Const, Placeholder, print_expr

Key: TypeAlias = tuple[Any, ...]

_FRESH = 1_000_000
"""Numbers of indices from here on are for the time of a rewrite."""
_MOST_ORDERS = 120
"""Most orders of the indices of one sum that are tried; beyond, they keep theirs."""


def canonical(estimand: Estimand) -> Estimand:
    """The canonical form of `estimand`.

    Products and sums are flat and sorted; products of one factor, sums over nothing and quotients by one are what is
    inside; like terms of a linear combination are one; the bound indices of each variable have the smallest numbers
    that are free.
    """
    return renumbered(flat(apart(estimand, itertools.count(_FRESH))))


def apart(node: Estimand, fresh: Iterator[int]) -> Estimand:
    """`node` with a number of its own for every bound index, so that nothing is captured when parts are moved."""
    if isinstance(node, Sum):
        new: dict[Index, At] = {index: Index(index.variable, next(fresh)) for index in node.over}
        over = tuple(at for at in new.values() if isinstance(at, Index))
        return Sum(over, apart(placed(node.body, new), fresh))
    return with_parts(node, tuple(apart(part, fresh) for part in parts_of(node)))


# ---------------------------------------------------------------------------------------------------------------------
# Flat forms: constructors that keep products, sums and linear combinations without nesting


def flat(node: Estimand) -> Estimand:
    """`node` built anew, bottom-up; its bound indices must be apart."""
    parts = tuple(flat(part) for part in parts_of(node))
    match node:
        case Law() | Weight():
            return node
        case Sum(over):
            return total(over, parts[0])
        case Product():
            return product(parts)
        case Quotient():
            return quotient(*parts)
        case Linear(old, constant):
            return linear([(number, part) for (number, _), part in zip(old, parts, strict=True)], constant)
        case _:
            assert_never(node)


def factors_of(node: Estimand) -> tuple[Estimand, ...]:
    """The factors of a flat product; anything else is its own factor."""
    return node.factors if isinstance(node, Product) else (node,)


def product(factors: Sequence[Estimand]) -> Estimand:
    """A flat product; a number among the factors becomes a coefficient."""
    number, kept = 1.0, list[Estimand]()
    for factor in (inner for outer in factors for inner in factors_of(outer)):
        match factor:
            case Linear((), constant):
                number *= constant
            case Linear(((scale, part),), 0.0):
                number *= scale
                kept += factors_of(part)
            case _:
                kept.append(factor)
    whole = kept[0] if len(kept) == 1 else Product(tuple(kept))
    return whole if number == 1.0 else linear([(number, whole)], 0.0)


def quotient(above: Estimand, below: Estimand) -> Estimand:
    """A quotient whose parts are none."""
    if below == ONE:
        return above
    if isinstance(below, Quotient):
        return quotient(product([above, below.below]), below.above)
    if isinstance(above, Quotient):
        return quotient(above.above, product([above.below, below]))
    if isinstance(above, Linear) and len(above.parts) == 1 and not above.constant:
        return linear([(above.parts[0][0], quotient(above.parts[0][1], below))], 0.0)
    return Quotient(above, below)


def total(over: Sequence[Index], body: Estimand) -> Estimand:
    """A sum whose body is no sum; a coefficient stands outside."""
    if isinstance(body, Sum):
        over, body = (*over, *body.over), body.body
    if isinstance(body, Linear) and len(body.parts) == 1 and not body.constant:
        return linear([(body.parts[0][0], total(over, body.parts[0][1]))], 0.0)
    if not over or body == ZERO:
        return body
    return Sum(tuple(over), body)


def linear(parts: Sequence[tuple[float, Estimand]], constant: float) -> Estimand:
    """A linear combination whose parts are none, like terms taken together."""
    found: dict[Estimand, float] = {}
    kept: dict[Estimand, Estimand] = {}
    for number, part in parts:
        inner = part if isinstance(part, Linear) else Linear(((1.0, part),))
        constant += number * inner.constant
        for scale, term in inner.parts:
            if term == ONE:
                constant += number * scale
                continue
            same = renumbered(term)
            kept.setdefault(same, term)
            found[same] = found.get(same, 0.0) + number * scale
    terms = tuple((number, kept[same]) for same, number in found.items() if number)
    if not constant and len(terms) == 1 and terms[0][0] == 1.0:
        return terms[0][1]
    return ONE if constant == 1.0 and not terms else Linear(terms, constant)


# ---------------------------------------------------------------------------------------------------------------------
# Order and numbers


def renumbered(node: Estimand) -> Estimand:
    """A flat estimand sorted, with the smallest numbers for the bound indices of each variable."""
    match node:
        case Law() | Weight():
            return node
        case Sum():
            return _renumbered_sum(node)
        case Product(factors):
            return Product(tuple(sorted(map(renumbered, factors), key=order)))
        case Quotient(above, below):
            return Quotient(renumbered(above), renumbered(below))
        case Linear(parts, constant):
            terms = [(number, renumbered(part)) for number, part in parts]
            return Linear(tuple(sorted(terms, key=lambda term: (term[0] < 0, order(term[1]), term[0]))), constant)
        case _:
            assert_never(node)


def _renumbered_sum(node: Sum) -> Estimand:
    taken = {(index.variable, index.number) for index in open_indices(node)}
    groups: dict[str, list[Index]] = {}
    for index in node.over:
        groups.setdefault(index.variable, []).append(index)
    new: dict[str, list[Index]] = {}
    for variable, own in groups.items():
        free = (number for number in itertools.count() if (variable, number) not in taken)
        new[variable] = [Index(variable, next(free)) for _ in own]
    orders = itertools.product(*(itertools.permutations(own) for own in groups.values()))
    best: Estimand | None = None
    for chosen in itertools.islice(orders, _MOST_ORDERS):
        at: dict[Index, At] = {
            old: index
            for variable, own in zip(groups, chosen, strict=True)
            for old, index in zip(own, new[variable], strict=True)
        }
        body = renumbered(placed(node.body, at))
        if best is None or order(body) < order(best):
            best = body
    over = tuple(sorted(index for own in new.values() for index in own))
    return Sum(over, best if best is not None else node.body)


def order(node: Estimand) -> Key:
    """A key that sorts estimands: weights, laws (those with most in them first), quotients, combinations, sums."""
    match node:
        case Weight(expr, where):
            return (0, print_expr(expr), _cells_key(where))
        case Law(of, given, do, source):
            return (1, -len(given), -len(do), _cells_key(of), _cells_key(given), _cells_key(do), source)
        case Quotient(above, below):
            return (2, order(above), order(below))
        case Linear(parts, constant):
            return (3, len(parts), tuple((number, order(part)) for number, part in parts), constant)
        case Sum(over, body):
            return (4, over, order(body))
        case Product(factors):
            return (5, len(factors), tuple(map(order, factors)))
        case _:
            assert_never(node)


def _cells_key(cells: Cells) -> Key:
    return tuple((name, _at_key(at)) for name, at in cells)


def _at_key(at: At) -> Key:
    match at:
        case Const(value):
            return (0, type(value).__name__, repr(value))
        case Placeholder(name):
            return (1, name)
        case Index(variable, number):
            return (2, variable, number)
        case _:
            assert_never(at)
