"""Walks over estimands: their laws, their open indices, values put in, and which parts are events within events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

from ._errors import InvalidQuery
from ._estimand import At, Cells, Estimand, Index, Law, Linear, Product, Quotient, Sum, Weight
from ._syntax import Const, Placeholder, substitute


def parts_of(node: Estimand) -> tuple[Estimand, ...]:
    """The estimands directly inside another."""
    match node:
        case Law() | Weight():
            return ()
        case Sum(_, body):
            return (body,)
        case Product(factors):
            return factors
        case Quotient(above, below):
            return above, below
        case Linear(parts):
            return tuple(part for _, part in parts)
        case _:  # untyped callers: where nothing is identified, there is no estimand
            raise InvalidQuery(f"An estimand is wanted, got {type(node).__name__}. `identify` finds one.")


def with_parts(node: Estimand, parts: tuple[Estimand, ...]) -> Estimand:
    """`node` with other parts, in the order of `parts_of`."""
    match node:
        case Law() | Weight():
            return node
        case Sum(over):
            return Sum(over, parts[0])
        case Product():
            return Product(parts)
        case Quotient():
            return Quotient(*parts)
        case Linear(old, constant):
            return Linear(tuple((number, part) for (number, _), part in zip(old, parts, strict=True)), constant)
        case _:
            assert_never(node)


def nodes_of(node: Estimand) -> Iterator[Estimand]:
    """`node` and everything inside it, from the left."""
    stack = [node]
    while stack:
        here = stack.pop()
        yield here
        stack.extend(reversed(parts_of(here)))


def laws_of(node: Estimand) -> tuple[Law, ...]:
    """The laws that an estimand speaks of, each once."""
    return tuple(dict.fromkeys(part for part in nodes_of(node) if isinstance(part, Law)))


def cells_of(node: Law | Weight) -> Cells:
    """Every cell of a law or a weight."""
    return node.where if isinstance(node, Weight) else (*node.of, *node.given, *node.do)


def open_indices(node: Estimand) -> frozenset[Index]:
    """The indices that no sum inside `node` runs over."""
    if isinstance(node, (Law, Weight)):
        return frozenset(at for _, at in cells_of(node) if isinstance(at, Index))
    found = frozenset[Index]().union(*map(open_indices, parts_of(node)))
    return found - set(node.over) if isinstance(node, Sum) else found


def placed(node: Estimand, at: Mapping[Index, At], values: Mapping[str, At] | None = None) -> Estimand:
    """`node` with values put in for open indices and, by name, for placeholders; sums keep their own indices.

    An index that is put in must not be one that a sum inside runs over.
    """

    def cell(value: At) -> At:
        if isinstance(value, Index):
            return at.get(value, value)
        return (values or {}).get(value.name, value) if isinstance(value, Placeholder) else value

    def put(cells: Cells) -> Cells:
        return tuple((name, cell(value)) for name, value in cells)

    match node:
        case Law(of, given, do, source):
            return Law(put(of), put(given), put(do), source)
        case Weight(expr, where):
            known = {name: value for name, value in (values or {}).items() if isinstance(value, (Const, Placeholder))}
            filled = substitute(
                expr, lambda leaf: known.get(leaf.name, leaf) if isinstance(leaf, Placeholder) else leaf
            )
            return Weight(filled, put(where))
        case Sum(over, body):
            return Sum(over, placed(body, {i: v for i, v in at.items() if i not in over}, values))
        case _:
            return with_parts(node, tuple(placed(part, at, values) for part in parts_of(node)))


def is_part(above: Estimand, below: Estimand) -> bool:
    """Whether the form shows that `above` is the probability of an event within that of `below`, for every law.

    So it is where `below` is `above` summed over some of its values, or both are laws that differ in having more
    events; factors that both have do not matter.
    """
    up, down = _factors(above), _factors(below)
    for factor in list(up):
        if factor in down:
            up.remove(factor)
            down.remove(factor)
    if not down:
        return all(isinstance(factor, Law) for factor in up)
    if len(down) > 1 or not up:
        return False
    if isinstance(down[0], Sum):
        return _is_value(Product(tuple(up)), Product(tuple(_factors(down[0].body))), down[0].over)
    first, *more = up
    return isinstance(down[0], Law) and all(isinstance(f, Law) for f in more) and _within(first, down[0])


def _factors(node: Estimand) -> list[Estimand]:
    return [f for part in node.factors for f in _factors(part)] if isinstance(node, Product) else [node]


def _within(above: Estimand, below: Law) -> bool:
    """`P(a, b | c)` is within `P(b | c)`."""
    return (
        isinstance(above, Law)
        and set(below.of) <= set(above.of)
        and (above.given, above.do, above.source) == (below.given, below.do, below.source)
    )


def _is_value(node: Estimand, body: Estimand, over: tuple[Index, ...]) -> bool:
    """Whether `node` is `body` at one value of each index of `over`."""
    bound: dict[Index, At] = {}
    leaves = [[part for part in nodes_of(whole) if isinstance(part, (Law, Weight))] for whole in (body, node)]
    for left, right in zip(*leaves, strict=False):
        for (_, want), (_, got) in zip(cells_of(left), cells_of(right), strict=False):
            if isinstance(want, Index) and want in over:
                bound.setdefault(want, got)
    return placed(body, bound) == node
