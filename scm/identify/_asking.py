"""A question in one world as sets of bits, with the value at which each variable stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .._estimand import At, Index, Weight
from .._evaluate import evaluate
from .._syntax import Const, Op, Var
from ._kernels import Scope
from ._reading import Reading, Valued, renamed


class ImpossibleCondition(Exception):
    """The condition contradicts itself."""


@dataclass(frozen=True)
class Asked:
    """One world and what is asked there, as bits.

    Attributes:
        done: what is imposed.
        asked: whose joint law the question needs.
        given: what is conditioned on at fixed values.
        doubtful: what else the condition speaks of; its values are summed over.
        groups: for each number that multiplies the law of the condition, the variables it depends on.
        values: the value at which each of these stands.
        weights, doubts: numbers that multiply the joint law, and those of the condition.
        below: the values in the law of the condition by itself.
        doubts_below: the numbers of the condition at these values.
        open: indices that stay open (the axes).
    """

    done: int
    asked: int
    given: int
    doubtful: int
    groups: tuple[int, ...]
    values: Mapping[int, At]
    weights: tuple[Weight, ...]
    doubts: tuple[Weight, ...]
    below: Mapping[int, At]
    doubts_below: tuple[Weight, ...]
    open: frozenset[Index] = frozenset()


def question(place: Mapping[str, int], reading: Reading, done: Mapping[str, At], scope: Scope) -> Asked | None:
    """What is asked in the world where `done` is imposed; None where the event is impossible.

    Raises:
        ImpossibleCondition: the condition contradicts itself.
    """
    imposed: dict[int, At] = {place[name]: value for name, value in done.items()}
    base = dict(imposed)
    if not _fill(base, [(place[t.name], value) for t, value in reading.given]):
        raise ImpossibleCondition
    values = dict(base)
    if not _fill(values, [(place[t.name], value) for t, value in reading.facts]):
        return None
    weights: list[Weight] = []
    for t, index in reading.axes:
        at = values.setdefault(place[t.name], index)
        if at != index:
            weights.append(same(t, index, at))
    weights += [_weight(valued, values, place, scope) for valued in reading.weights]
    asked = bits(v for v in values if v not in base)
    doubts = tuple(_weight(valued, values, place, scope) for valued in reading.doubts)
    below = dict(base)
    doubts_below = tuple(_weight(valued, below, place, scope) for valued in reading.doubts)
    if any(void(weight) for weight in doubts_below):
        raise ImpossibleCondition
    return Asked(
        done=bits(imposed),
        asked=asked,
        given=bits(v for v in base if v not in imposed),
        doubtful=bits(v for v in below if v not in base),
        groups=tuple(bits(v for t in found if (v := place[t.name]) not in base) for _, found in reading.doubts),
        values=values,
        weights=tuple(weights),
        doubts=doubts,
        below=below,
        doubts_below=doubts_below,
        open=frozenset(i for _, i in reading.axes),
    )


def _fill(values: dict[int, At], facts: Iterable[tuple[int, At]]) -> bool:
    """Add facts; whether none contradicts another."""
    return all(values.setdefault(v, value) == value for v, value in facts)


def _weight(valued: Valued, values: dict[int, At], place: Mapping[str, int], scope: Scope) -> Weight:
    """A number with the values that it depends on; a variable without one gets an index."""
    expr, found = valued
    where: dict[str, At] = {}
    for t in found:
        v = place[t.name]
        if v not in values:
            values[v] = scope.fresh(v)
        where[t.name] = values[v]
    return Weight(renamed(expr, {t: t.name for t in found}), tuple(sorted(where.items())))


def same(term: Var, index: Index, at: At) -> Weight:
    """1 where the open index is at the value that the term has anyway, else 0."""
    if isinstance(at, Index):
        left, right = Var(term.name), Var(f"{term.name}'")
        return Weight(Op("=", (left, right)), ((left.name, index), (right.name, at)))
    return Weight(Op("=", (Var(term.name), at)), ((term.name, index),))


def void(weight: Weight) -> bool:
    """Whether a number is 0 whatever the variables are."""
    values = {name: at.value for name, at in weight.where if isinstance(at, Const)}
    return len(values) == len(weight.where) and not evaluate(weight.expr, lambda t: values[t.name])


def bits(numbers: Iterable[int]) -> int:
    """A set of numbers as bits."""
    found = 0
    for v in numbers:
        found |= 1 << v
    return found
