"""Small identities that keep what is found short: the chain rule, sums to one, a joint law over its margin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from .._estimand import ONE, Cells, Estimand, Index, Law, Linear, Product, Quotient, Sum, Weight
from ._kernels import total


def spoken(estimand: Estimand) -> Iterator[Index]:
    """The indices of every cell, once for each cell."""
    match estimand:
        case Law(of, given, do):
            yield from (at for _, at in (*of, *given, *do) if isinstance(at, Index))
        case Weight(_, where):
            yield from (at for _, at in where if isinstance(at, Index))
        case Sum(_, body):
            yield from spoken(body)
        case Product(factors):
            for factor in factors:
                yield from spoken(factor)
        case Quotient(above, below):
            yield from spoken(above)
            yield from spoken(below)
        case Linear(parts):
            for _, part in parts:
                yield from spoken(part)


def flat(factors: Iterable[Estimand]) -> list[Estimand]:
    """The factors, those of products inside them too."""
    found: list[Estimand] = []
    for factor in factors:
        found.extend(flat(factor.factors) if isinstance(factor, Product) else (factor,))
    return found


def sum_of(over: list[Index], factors: list[Estimand]) -> Estimand:
    """The sum of the product, conditionals of one law chained, indices that one law alone speaks of summed out."""
    factors = _chained(flat(factors))
    count = Counter(i for f in factors for i in spoken(f))
    left: list[Index] = []
    for index in over:
        alone = next((k for k, f in enumerate(factors) if isinstance(f, Law) and index in (at for _, at in f.of)), None)
        if alone is None or count[index] != 1:
            left.append(index)
            continue
        law = factors[alone]
        assert isinstance(law, Law)
        of = tuple(cell for cell in law.of if cell[1] != index)
        factors[alone] = Law(of, law.given, law.do, law.source) if of else ONE
        if not of:
            count.subtract(spoken(law))
    return total([i for i in left if count[i]], flat(factors))


def _chained(factors: list[Estimand]) -> list[Estimand]:
    found: list[Estimand] = []
    for factor in factors:
        if isinstance(factor, Law):
            _chain(found, factor)
        else:
            found.append(factor)
    return found


def _chain(found: list[Estimand], new: Law) -> None:
    """Add a law, joined to those that it continues or that continue it."""
    for k, old in enumerate(found):
        if not isinstance(old, Law) or (old.source, old.do) != (new.source, new.do):
            continue
        for first, second in ((old, new), (new, old)):
            if set(second.given) == set(first.of) | set(first.given) and not _names(first.of) & _names(second.of):
                del found[k]
                _chain(found, Law(_sorted(first.of + second.of), first.given, first.do, first.source))
                return
    found.append(new)


def _names(cells: Cells) -> set[str]:
    return {name for name, _ in cells}


def _sorted(cells: Cells) -> Cells:
    return tuple(sorted(cells, key=lambda cell: cell[0]))


def quotient(above: Estimand, below: Estimand) -> Estimand:
    """`above / below`; a joint law in a product over its own margin is a conditional."""
    if isinstance(below, Law):
        body = above.body if isinstance(above, Sum) else above
        factors = flat([body])
        for k, f in enumerate(factors):
            if isinstance(f, Law) and (f.source, f.do, f.given) == (below.source, below.do, below.given):
                of = set(f.of) - set(below.of)
                if len(of) + len(below.of) == len(f.of):
                    given = _sorted(below.of + below.given)
                    factors[k] = Law(_sorted(tuple(of)), given, f.do, f.source) if of else ONE
                    return total(list(above.over) if isinstance(above, Sum) else [], flat(factors))
    return Quotient(above, below)
