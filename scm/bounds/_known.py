"""`Known`: something known of a query's laws, as a combination of probabilities of events across worlds."""

from __future__ import annotations

from dataclasses import dataclass

from .._syntax import Expr


@dataclass(frozen=True)
class Known:
    """`low <= sum of weight * P(event) <= high`.

    `P(Y=1 | X=0) = 26%` is `P(Y=1, X=0) - 0.26 P(X=0) = 0`, and its printed digits are two of these, `>= 0` with 0.255
    and `<= 0` with 0.265. That X never prevents Y is `P(Y[X=1]=0, Y[X=0]=1) = 0`.

    Attributes:
        combination: weights and events; an event is about terms of any worlds, None is the sure event.
        low, high: the ends; equal for an equation.
        source: a position in the list of sources (laws, statements, assumptions), which answers cite.
    """

    combination: tuple[tuple[float, Expr | None], ...]
    low: float
    high: float
    source: int
