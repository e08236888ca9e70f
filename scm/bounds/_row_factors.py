"""A query that reads several blocks, all but one only in forms that are known: those forms as factors of the ends.

`P(X=1, Y[X=0]=0)` is, without confounding, `P(X=1) P(Y[X=0]=0)`: the first factor is known in every stratum, the second
is a linear form of one block. In a conditional probability such factors mostly cancel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ._polynomials import on_blocks, reads
from ._pool import Vectors
from ._programme import Polynomial, Programme, Ratio
from ._standard import NotOneProgramme, Standard, combination

Factor: TypeAlias = tuple[int, int]
"""A form of a block."""


@dataclass(frozen=True, eq=False)
class Factored:
    """A query as a product of known factors and one that is linear in one block.

    Attributes:
        block: the block.
        query: in that block alone.
        scale: what the ends are to be multiplied by, each a linear function of the known numbers.
        possible: factors that cancel; where one is zero the query is undefined.
    """

    block: int
    query: tuple[Ratio, ...]
    scale: tuple[Vectors, ...] = ()
    possible: tuple[Vectors, ...] = ()


def factored(programme: Programme, known: Mapping[int, tuple[Standard, Sequence[int]]], varied: int) -> Factored:
    """The query of a programme over several blocks.

    Args:
        programme: whose limits read one block each.
        known: what is known of each block that is read, and which of the varied numbers it has.
        varied: how many numbers vary in all.

    Raises:
        NotOneProgramme: several blocks are read in forms that are not known, or with different factors.
    """
    polynomials = programme.asked
    blocks = sorted({b for p in polynomials for b in reads(p)})
    if not blocks:
        raise NotOneProgramme("the query is a number")
    if len(blocks) == 1:
        return Factored(blocks[0], _alone(programme.query, blocks[0]))
    values: dict[Factor, Vectors] = {}
    for b in blocks:
        for f in sorted({int(f) for p in polynomials for f in p.factors[:, b] if f >= 0}):
            if (found := _value(programme, known[b], (b, f), varied)) is not None:
                values[b, f] = found
    open_ = [
        b for b in blocks if any((b, int(f)) not in values for p in polynomials for f in p.factors[:, b] if f >= 0)
    ]
    if len(open_) > 1:
        names = " and ".join(programme.blocks[b].name for b in open_)
        raise NotOneProgramme(f"the query depends on {len(open_)} unknown laws ({names}), whose product is not linear")
    block = open_[0] if open_ else max(blocks, key=lambda b: programme.blocks[b].columns)
    above = {key for ratio in programme.query for key in _others(ratio.above, block)}
    below = {key for ratio in programme.query if ratio.below is not None for key in _others(ratio.below, block)}
    if len(above) > 1 or len(below) > 1:
        raise NotOneProgramme("the unknown law enters the query with weights that differ between strata")
    factors, under = next(iter(above), frozenset[Factor]()), next(iter(below), frozenset[Factor]())
    if under - factors:
        raise NotOneProgramme("the unknown law enters the query with weights that differ between strata")
    return Factored(
        block,
        _alone(programme.query, block),
        tuple(values[key] for key in sorted(factors - under)),
        tuple(values[key] for key in sorted(under)),
    )


def _others(polynomial: Polynomial, block: int) -> set[frozenset[Factor]]:
    """The forms of other blocks in each term."""
    return {frozenset((b, int(f)) for b, f in enumerate(row) if b != block and f >= 0) for row in polynomial.factors}


def _alone(query: tuple[Ratio, ...], block: int) -> tuple[Ratio, ...]:
    """Only the forms of one block."""
    return tuple(ratio.each(lambda polynomial: on_blocks(polynomial, [block])) for ratio in query)


def _value(programme: Programme, known: tuple[Standard, Sequence[int]], factor: Factor, varied: int) -> Vectors | None:
    """A form as a linear function of the known numbers, where they determine it."""
    form, cells = known
    sides = np.vstack([form.rows, form.groups])
    free = np.r_[form.free, np.ones(len(form.groups), dtype=bool)]
    found = combination(sides, free, programme.blocks[factor[0]].forms[factor[1]][form.kept])
    if found is None:
        return None
    fixed = np.r_[form.right, np.ones(len(form.groups))]
    values = np.zeros((1, varied))
    values[0, list(cells)] = found[: form.varied]
    constant = float(found[form.varied :] @ fixed[form.varied :] - found[: form.varied] @ form.shift)
    return Vectors(values, np.array([constant]))
