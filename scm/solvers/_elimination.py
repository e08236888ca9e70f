"""Orders of contraction from orders of elimination: a few lines each, no search, nothing to import.

`smallest` removes next the label whose removal makes the smallest array (min-weight; Kjaerulff 1990). `in_turn` removes
labels in the order in which factors name them, and some of them last: with the noises last, worlds are worked off one
after the other, so that the cost grows with their number and not with its exponential.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

Steps: TypeAlias = tuple[tuple[int, int], ...]
"""Pairs of operands by number: factors first, then results in the order in which they are made."""


def smallest(terms: Sequence[Sequence[int]], keep: Collection[int], size: Mapping[int, int]) -> Steps:
    """Eliminate next what makes the smallest array.

    Args:
        terms: labels of each factor.
        keep: labels that stay.
        size: positions of each label.
    """
    work = _Work(terms, size)
    work.cheapest_first([x for x in work.users if x not in keep])
    return work.finished()


def in_turn(
    terms: Sequence[Sequence[int]], keep: Collection[int], size: Mapping[int, int], last: Collection[int]
) -> Steps:
    """Eliminate labels in the order of first appearance, those of `last` after all others (smallest first)."""
    work = _Work(terms, size)
    for x in [x for x in work.users if x not in keep and x not in last]:
        work.eliminate(x)
    work.cheapest_first([x for x in work.users if x not in keep and x in last])
    return work.finished()


def least_fill(terms: Sequence[Sequence[int]], keep: Collection[int], size: Mapping[int, int]) -> Steps:
    """Eliminate next what ties the fewest labels together that were not, by weight (weighted min-fill).

    Dearer to work out than `smallest`, and often far better on networks of many loops (Kjaerulff 1990).
    """
    beside: dict[int, set[int]] = {}
    for term in terms:
        for x in term:
            beside.setdefault(x, set()).update(term)
    weight = {x: math.log2(max(size[x], 2)) for x in beside}

    def fill(x: int) -> float:
        around = beside[x] - {x}
        return sum(weight[a] * sum(weight[b] for b in around - beside[a]) for a in around) / 2

    cost = {x: fill(x) for x in beside if x not in keep}
    order: list[int] = []
    while cost:
        x = min(cost, key=lambda y: (cost[y], y))
        del cost[x]
        order.append(x)
        around = beside.pop(x) - {x}
        touched = set(around)
        for a in around:
            new = around - beside[a]
            beside[a].discard(x)
            beside[a] |= around
            if new:
                touched |= beside[a]
        for y in touched & cost.keys():
            cost[y] = fill(y)
    work = _Work(terms, size)
    for x in order:
        work.eliminate(x)
    return work.finished()


class _Work:
    """Factors while labels are eliminated."""

    def __init__(self, terms: Sequence[Sequence[int]], size: Mapping[int, int]) -> None:
        self.size = size
        self.held: dict[int, frozenset[int]] = {i: frozenset(term) for i, term in enumerate(terms)}
        self.users: dict[int, set[int]] = {}
        for i, term in enumerate(terms):
            for x in term:
                self.users.setdefault(x, set()).add(i)
        self.made = len(terms)
        self.steps: list[tuple[int, int]] = []
        self.gone: set[int] = set()

    def entries(self, labels: Iterable[int]) -> int:
        return math.prod(self.size[x] for x in labels)

    def beside(self, x: int) -> frozenset[int]:
        """Labels of the array that removing `x` runs over."""
        return frozenset[int]().union(*(self.held[i] for i in self.users[x]))

    def cheapest_first(self, labels: Sequence[int]) -> None:
        cost = {x: self.entries(self.beside(x)) for x in labels}
        queue = [(c, x) for x, c in cost.items()]
        heapq.heapify(queue)
        while queue:
            c, x = heapq.heappop(queue)
            if x in self.gone or cost[x] != c:
                continue
            around = self.beside(x)
            self.eliminate(x)
            for y in around & cost.keys() - self.gone:
                now = self.entries(self.beside(y))
                if now != cost[y]:
                    cost[y] = now
                    heapq.heappush(queue, (now, y))

    def eliminate(self, x: int) -> None:
        users = self.merge(sorted(self.users[x], key=lambda i: (self.entries(self.held[i]), i)))
        self.held[users] -= {x}
        self.users[x] = set()
        self.gone.add(x)

    def merge(self, parts: Sequence[int]) -> int:
        """Multiply these factors, the smallest first; the number of the product."""
        product, *others = parts
        for other in others:
            labels = self.held[product] | self.held[other]
            for i in (product, other):
                for y in self.held.pop(i):
                    self.users[y].discard(i)
            self.steps.append((product, other))
            product, self.made = self.made, self.made + 1
            self.held[product] = labels
            for y in labels:
                self.users[y].add(product)
        return product

    def finished(self) -> Steps:
        """Multiply what is left."""
        if len(self.held) > 1:
            self.merge(sorted(self.held, key=lambda i: (self.entries(self.held[i]), i)))
        return tuple(self.steps)
