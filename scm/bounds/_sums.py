"""Moments as sums of products of forms: what a query, and what is known, become once the blocks are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ._columns import Forms, tidied
from ._events import Rows
from ._known import Known
from ._moments import Fraction, Moment, Sum
from ._programme import Array, Limit, Polynomial, Ratio


@dataclass(frozen=True)
class Sums:
    """The moments that are read, each enumerated once.

    Attributes:
        enumerate: what a moment is a sum of.
        found: the moments so far.
    """

    enumerate: Callable[[Moment], Rows]
    found: dict[Moment, Rows] = field(default_factory=lambda: {})

    @property
    def variables(self) -> set[str]:
        """The variables whose mechanisms are read."""
        return {name for rows in self.found.values() for name in rows.variables}

    def read(self, parts: Iterable[Fraction], known: Iterable[Known]) -> None:
        """Enumerate what is not yet."""
        sums = [*(s for part in parts for s in (part.above, part.below or ())), *map(_sum_of, known)]
        for _, moment in (term for sum_ in sums for term in sum_):
            if moment not in self.found:
                self.found[moment] = self.enumerate(moment)

    def polynomial(self, forms: Forms, sum_: Sum) -> Polynomial:
        """A weighted sum of moments."""
        weights: list[Array] = [np.zeros(0)]
        factors: list[NDArray[np.intp]] = [np.zeros((0, len(forms.blocks)), dtype=np.intp)]
        for weight, moment in sum_:
            rows = self.found[moment]
            weights.append(weight * rows.weights)
            factors.append(forms.read(rows.variables, rows.codes))
        return tidied(np.concatenate(weights), np.concatenate(factors))

    def ratio(self, forms: Forms, fraction: Fraction) -> Ratio:
        """A fraction; a denominator that is a number divides the weight."""
        above = self.polynomial(forms, fraction.above)
        if fraction.below is None:
            return Ratio(fraction.weight, above)
        below = self.polynomial(forms, fraction.below)
        if len(below.weights) == 1 and (below.factors < 0).all():
            return Ratio(fraction.weight / float(below.weights[0]), above)
        return Ratio(fraction.weight, above, below)

    def limit(self, forms: Forms, known: Known) -> Limit:
        """What is known, as a polynomial."""
        return Limit(self.polynomial(forms, _sum_of(known)), known.low, known.high, known.source)


def _sum_of(known: Known) -> Sum:
    return tuple((weight, Moment(None, event)) for weight, event in known.combination)
