"""The estimands of the named criteria."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from .._estimand import ONE, Cells, Estimand, Index, Law, Product, Sum
from ._one_world import OneWorld


def both(*parts: Cells) -> Cells:
    """Cells together, sorted by name."""
    return tuple(sorted((cell for part in parts for cell in part), key=lambda cell: cell[0]))


def running(names: Iterable[str], number: int = 0) -> Cells:
    """Variables at an index each."""
    return tuple((name, Index(name, number)) for name in sorted(names))


def indices(found: Cells) -> tuple[Index, ...]:
    """The indices that cells stand at."""
    return tuple(at for _, at in found if isinstance(at, Index))


def total(over: Sequence[Index], factors: Iterable[Estimand]) -> Estimand:
    """The sum of a product, without empty sums and products of one."""
    parts = tuple(factors)
    body = parts[0] if len(parts) == 1 else Product(parts) if parts else ONE
    return Sum(tuple(over), body) if over else body


def seen(asked: OneWorld, source: str) -> Estimand:
    """What is asked is a law of what is seen already."""
    return total(asked.over, (*asked.weights, Law(asked.of, both(asked.given, asked.treated), (), source)))


def adjusted(asked: OneWorld, by: Iterable[str], before: Collection[str], source: str) -> Estimand:
    """`sum_z P(y | x, z, w) P(z, v | u, x')`: the causes affect none of w, of which v is asked about and u given.

    In fact the units of the group had x'; without a group, nothing stands there.
    """
    z = running(by)
    y = tuple(cell for cell in asked.of if cell[0] not in before)
    v = tuple(cell for cell in asked.of if cell[0] in before)
    factors: list[Estimand] = [*asked.weights, Law(y, both(asked.do, z, v, asked.given), (), source)]
    if z or v:
        factors.append(Law(both(z, v), both(asked.given, asked.treated), (), source))
    return total((*asked.over, *indices(z)), factors)


def through(asked: OneWorld, by: Iterable[str], source: str) -> Estimand:
    """`sum_z P(z | x) sum_x' P(y | x', z) P(x')`."""
    z, x = running(by), running((name for name, _ in asked.do), number=1)
    inner = total(indices(x), (Law(asked.of, both(x, z), (), source), Law(x, (), (), source)))
    first: list[Estimand] = [Law(z, asked.do, (), source)] if z else []
    return total((*asked.over, *indices(z)), (*asked.weights, *first, inner))


def stepwise(asked: OneWorld, plan: Sequence[tuple[str, tuple[str, ...]]], source: str) -> Estimand:
    """`sum_z P(y | x, z) prod_k P(z_k | earlier x, earlier z)`."""
    imposed = dict(asked.do)
    before: Cells = ()
    factors: list[Estimand] = []
    over: list[Index] = []
    for name, covariates in plan:
        z = running(covariates)
        if z:
            factors.append(Law(z, before, (), source))
            over += indices(z)
        before = both(before, z, ((name, imposed[name]),))
    return total((*asked.over, *over), (*asked.weights, Law(asked.of, before, (), source), *factors))
