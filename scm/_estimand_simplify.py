"""Shorter estimands with the same value for every positive law.

Tikka & Karvanen (2017), "Simplifying probabilistic expressions in causal inference", JMLR 18, have the idea. Each rule
below keeps the value wherever what it divides by is positive; with a graph, for every law of that graph.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypeAlias

from ._estimand import ONE, Cells, Estimand, Index, Law, Linear, Product, Quotient, Sum, Weight
from ._estimand import cells as sorted_cells
from ._estimand_canonical import apart, canonical, factors_of, flat, linear, product, quotient, renumbered, total
from ._estimand_parts import cells_of, nodes_of, open_indices, parts_of, with_parts
from ._graph import CausalGraph
from ._graph_ops import mutilated
from ._separation import separated

_Touched: TypeAlias = "tuple[Estimand, frozenset[Index]]"
"""A factor, with the indices of a sum that it has."""
_ROUNDS = 30
"""Most passes of all rules; each pass but the last makes the estimand shorter or moves a factor out."""


def simplify(estimand: Estimand, graph: CausalGraph | None = None) -> Estimand:
    """`estimand` in canonical form with fewer and smaller parts, where these rules find any.

    - factors that a sum's index does not touch are taken out of it; sums over parts that share no index are taken apart
    - P(a | b, c) P(b | c) = P(a, b | c);  sum_a P(a, b | c) = P(b | c), and 1 where b is empty
    - factors above and below a fraction line cancel;  P(a, b | c) / P(b | c) = P(a | b, c)
    - with a graph: a condition that is m-separated from what is asked, given the others, is dropped

    Args:
        estimand: any; indices that it leaves open stay open.
        graph: what its laws are laws of; what a law imposes is cut from its causes there.

    Returns:
        An estimand with the same value for every positive law (of the graph).
    """
    node = _settled(flat(apart(estimand, itertools.count(1_000_000))))
    if graph is not None:
        node = _settled(_without_idle_conditions(node, graph, {}))
    return canonical(node)


def _settled(node: Estimand) -> Estimand:
    for _ in range(_ROUNDS):
        before, node = node, _pass(node)
        if node == before:
            break
    return node


def _pass(node: Estimand) -> Estimand:
    """Every rule once, from the inside out."""
    parts = tuple(_pass(part) for part in parts_of(node))
    match node:
        case Law() | Weight():
            return node
        case Sum(over):
            return _sum(over, parts[0])
        case Product():
            return _product(parts)
        case Quotient():
            return _quotient(*parts)
        case Linear(old, constant):
            return linear([(number, part) for (number, _), part in zip(old, parts, strict=True)], constant)


# ---------------------------------------------------------------------------------------------------------------------
# Sums


def _sum(over: Sequence[Index], body: Estimand) -> Estimand:
    """A sum, taken apart into sums of what hangs together."""
    whole = total(over, body)
    if not isinstance(whole, Sum):
        return whole
    left, factors, below = set(whole.over), list[Estimand](), list[Estimand]()
    waiting = list(factors_of(whole.body))
    while waiting:
        factor = waiting.pop(0)
        if isinstance(factor, Sum):
            left |= set(factor.over)
            waiting = [*factors_of(factor.body), *waiting]
        elif isinstance(factor, Quotient) and not open_indices(factor.below) & left:
            factors += factors_of(factor.above)
            below.append(factor.below)
        else:
            factors.append(factor)
    touched = [open_indices(factor) & left for factor in factors]
    for index in sorted(left, key=lambda i: (sum(i in t for t in touched), i)):
        marginal = _summed_out(index, factors, touched)
        if marginal is not None:
            left.discard(index)
            factors = marginal
            touched = [open_indices(factor) & left for factor in factors]
    outside = [factor for factor, t in zip(factors, touched, strict=True) if not t]
    pairs = [(factor, t) for factor, t in zip(factors, touched, strict=True) if t]
    found = list(outside)
    while pairs:
        indices, mine = _together(pairs)
        pairs = [pair for pair in pairs if pair not in mine]
        left -= indices
        found.append(_nested(sorted(indices), mine))
    if left:
        found.append(Sum(tuple(sorted(left)), ONE))
    return quotient(product(found), product(below))


def _summed_out(
    index: Index, factors: Sequence[Estimand], touched: Sequence[frozenset[Index]]
) -> list[Estimand] | None:
    """The factors with the sum over `index` done, where only one law has it, as an outcome."""
    mine = [i for i, t in enumerate(touched) if index in t]
    if len(mine) != 1:
        return None
    law = factors[mine[0]]
    if not isinstance(law, Law) or (index.variable, index) not in law.of:
        return None
    if sum(at == index for _, at in cells_of(law)) != 1:
        return None
    of = tuple(cell for cell in law.of if cell[1] != index)
    rest = [factor for i, factor in enumerate(factors) if i != mine[0]]
    return [*rest, Law(of, law.given, law.do, law.source)] if of else rest


def _together(
    pairs: Sequence[_Touched],
) -> tuple[set[Index], list[_Touched]]:
    """The first factor with all that share an index with it, directly or not."""
    indices = set(pairs[0][1])
    while more := set[Index]().union(*(t for _, t in pairs if t & indices)) - indices:
        indices |= more
    return indices, [pair for pair in pairs if pair[1] & indices]


def _nested(over: Sequence[Index], pairs: Sequence[_Touched]) -> Estimand:
    """A sum of a product; inside it, a sum of its own over what the rest has at another value (front-door)."""
    inside = {index: [pair for pair in pairs if index in pair[1]] for index in over}
    for index in sorted(over, key=lambda i: (len(inside[i]), _conditions(i, pairs), i)):
        mine = inside[index]
        alone = [i for i in over if all(pair in mine for pair in inside[i])]
        rest = [pair for pair in pairs if pair not in mine]
        if rest and len(alone) < len(over) and {i.variable for i in alone} & _variables(rest):
            outer = [i for i in over if i not in alone]
            inner = Sum(tuple(alone), product([factor for factor, _ in mine]))
            return Sum(tuple(outer), product([*(factor for factor, _ in rest), inner]))
    return Sum(tuple(over), product([factor for factor, _ in pairs]))


def _variables(pairs: Sequence[_Touched]) -> set[str]:
    """The variables that factors speak of."""
    leaves = (node for factor, _ in pairs for node in nodes_of(factor) if isinstance(node, (Law, Weight)))
    return {name for leaf in leaves for name, _ in cells_of(leaf)}


def _conditions(index: Index, pairs: Sequence[_Touched]) -> int:
    """How many conditions the law has whose outcome the index is: what depends on nothing is summed innermost."""
    laws = (f for f, _ in pairs if isinstance(f, Law) and any(at == index for _, at in f.of))
    return min((len(law.given) for law in laws), default=0)


# ---------------------------------------------------------------------------------------------------------------------
# Products and quotients


def _product(factors: Sequence[Estimand]) -> Estimand:
    """Chains of laws joined, and factors cancelled against the lower parts of quotients beside them."""
    left = list(factors_of(product(factors)))
    if len(left) == 1:
        return left[0]
    for i, factor in enumerate(left):
        if isinstance(factor, Quotient):
            rest = [other for k, other in enumerate(left) if k != i]
            for k, other in enumerate(rest):
                above, below = _reduced([other], factors_of(factor.below))
                if len(below) < len(factors_of(factor.below)):
                    kept = [another for m, another in enumerate(rest) if m != k]
                    return product([*kept, *above, quotient(factor.above, product(below))])
    return product(_chained(left))


def _chained(factors: Sequence[Estimand]) -> list[Estimand]:
    """P(a | b, c) P(b | c) as P(a, b | c), as often as it is found."""
    left = list(factors)
    for first, second in itertools.permutations(range(len(left)), 2):
        joined = _joined(left[first], left[second])
        if joined is not None:
            return _chained([*(f for i, f in enumerate(left) if i not in (first, second)), joined])
    return left


def _joined(first: Estimand, second: Estimand) -> Law | None:
    if not (isinstance(first, Law) and isinstance(second, Law)):
        return None
    if (first.do, first.source) != (second.do, second.source):
        return None
    if set(first.given) != set(second.of) | set(second.given) or _names(first.of) & _names(first.given):
        return None
    return Law(_merged(first.of, second.of), second.given, second.do, second.source)


def _quotient(above: Estimand, below: Estimand) -> Estimand:
    """A quotient with what is common to both parts cancelled."""
    whole = quotient(above, below)
    if not isinstance(whole, Quotient):
        return whole
    up, down = _reduced(factors_of(whole.above), factors_of(whole.below))
    return quotient(product(up), product(down))


def _reduced(above: Sequence[Estimand], below: Sequence[Estimand]) -> tuple[list[Estimand], list[Estimand]]:
    """What is left of two products when common factors are cancelled and laws are divided by their marginals."""
    up, down = list(above), list[Estimand]()
    for factor in below:
        same = renumbered(factor)
        twin = next((i for i, other in enumerate(up) if renumbered(other) == same), None)
        if twin is not None:
            del up[twin]
            continue
        ratios = ((i, _ratio(other, factor)) for i, other in enumerate(up))
        found = next(((i, law) for i, law in ratios if law is not None), None)
        if found is None:
            down.append(factor)
        else:
            up[found[0]] = found[1]
    return up, down


def _ratio(above: Estimand, below: Estimand) -> Law | None:
    """P(a, b | c) / P(b | c)."""
    if not (isinstance(above, Law) and isinstance(below, Law)):
        return None
    if (above.given, above.do, above.source) != (below.given, below.do, below.source):
        return None
    rest = tuple(cell for cell in above.of if cell not in below.of)
    if not set(below.of) < set(above.of):
        return None
    return Law(rest, _merged(above.given, below.of), above.do, above.source)


def _merged(first: Cells, second: Cells) -> Cells:
    return sorted_cells(dict((*first, *second)))


def _names(cells: Cells) -> set[str]:
    return {name for name, _ in cells}


# ---------------------------------------------------------------------------------------------------------------------
# Conditions that do not matter


def _without_idle_conditions(node: Estimand, graph: CausalGraph, known: dict[Law, Law]) -> Estimand:
    if isinstance(node, Law):
        if node not in known:
            known[node] = _thinned(node, graph)
        return known[node]
    return with_parts(node, tuple(_without_idle_conditions(part, graph, known) for part in parts_of(node)))


def _thinned(law: Law, graph: CausalGraph) -> Law:
    """A law without the conditions that are m-separated from its outcomes given the others and what is imposed."""
    names = _names(law.of) | _names(law.given) | _names(law.do)
    if not law.given or not names <= set(graph.variables):
        return law
    imposed = _names(law.do)
    here = mutilated(graph, into=imposed) if imposed else graph
    given = list(law.given)
    for cell in law.given:
        others = [name for name, _ in given if name != cell[0]]
        if separated(here, _names(law.of), cell[0], {*others, *imposed}):
            given.remove(cell)
    return Law(law.of, tuple(given), law.do, law.source)
