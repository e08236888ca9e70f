"""`Programme`: a query and what is known as polynomials in the laws of response types. Values only; nothing is solved.

Every discrete structural model over a graph is, for every counterfactual question, the same as one whose hidden causes
are finite: a state of a hidden cause says how each variable that it touches responds to its parents (Balke & Pearl
1994; Rosset, Gisin & Wolfe 2018; Zhang, Tian & Bareinboim 2022; Duarte et al. 2023). Such a state is a *response type*.
The variables of one c-component share a hidden cause, and different c-components are independent. The unknowns are
therefore one law for each c-component (a *block*), and the probability of any event across worlds is a sum of products
of one linear form for each block: a polynomial that is linear in each block alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._syntax import Value

Array: TypeAlias = NDArray[np.float64]
Parents: TypeAlias = tuple[tuple[str, Value], ...]
"""A state for each parent of a variable, in the order of `CausalGraph.parents`."""


NOTHING = 1e-13
"""A condition that is no more likely has probability zero but for rounding."""


@dataclass(frozen=True, slots=True)
class Coordinate:
    """What a response type says at one place: the state of `variable` where its parents have the states `parents`."""

    variable: str
    parents: Parents


@dataclass(frozen=True, eq=False)
class Block:
    """The unknown law of the response types of one c-component.

    Attributes:
        name: how messages call it: `the hidden cause of X and Y`.
        members: its variables.
        coordinates: what its response types are told apart by; none where the columns are no response types.
        types: the position of the state at each coordinate, shape (columns, coordinates). Columns that nothing tells
            apart have been merged: the one that is kept stands for them. -1 at the coordinates of other groups.
        forms: the linear forms that polynomials read, shape (forms, columns).
        groups: shape (columns,); the weights of each group add up to one. All zeros for a law; several groups where
            the coordinates fall apart into some that no form reads together: a law of each.
        relaxed: empty where one common cause of all members is what the graph (or the model) says; else why it is
            only a relaxation, so that ends found are outer ones: `A and C have no common cause, B has one with each`.
        apart: for such a block, where it can be said exactly: labels of the columns, shape (parts, columns). The laws
            that the graph allows are those under which the labels of different parts are independent. None else.
    """

    name: str
    members: tuple[str, ...]
    coordinates: tuple[Coordinate, ...]
    types: NDArray[np.int16]
    forms: Array
    groups: NDArray[np.intp]
    relaxed: str = ""
    apart: NDArray[np.intp] | None = None

    @property
    def columns(self) -> int:
        """How many unknowns it has."""
        return self.forms.shape[1]

    @property
    def loose(self) -> str:
        """Why ends are outer ones whatever is done: `relaxed`, where `apart` does not say it exactly."""
        return self.relaxed if self.apart is None else ""


@dataclass(frozen=True, eq=False)
class Polynomial:
    """A sum of products with at most one form of each block: `sum_t weights[t] prod_b form[b, factors[t, b]]`.

    Attributes:
        weights: shape (terms,).
        factors: shape (terms, blocks): the row of `Block.forms`, or -1 where a term does not read a block.
    """

    weights: Array
    factors: NDArray[np.intp]

    def at(self, values: tuple[Array, ...]) -> float:
        """Its value where `values[b]` are the values of the forms of block b, shape (forms,)."""
        product = self.weights.copy()
        for b, forms in enumerate(values):
            read = self.factors[:, b]
            if len(forms):
                product *= np.where(read >= 0, forms[read], 1.0)
        return float(product.sum())


@dataclass(frozen=True, eq=False)
class Limit:
    """Something known: `low <= polynomial <= high`.

    Attributes:
        polynomial, low, high: the ends may be infinite; equal for an equation.
        source: a position in `Programme.sources`.
    """

    polynomial: Polynomial
    low: float
    high: float
    source: int


@dataclass(frozen=True, eq=False)
class Ratio:
    """`weight * above / below`; `below` is None for one. Where `below` is zero the query is undefined."""

    weight: float
    above: Polynomial
    below: Polynomial | None = None

    def each(self, change: Callable[[Polynomial], Polynomial]) -> Ratio:
        """The ratio with what is above and below changed alike."""
        return Ratio(self.weight, change(self.above), None if self.below is None else change(self.below))


@dataclass(frozen=True, eq=False)
class Programme:
    """Between which ends a query can lie, over all laws of the blocks that meet the limits.

    Attributes:
        blocks: the unknown laws.
        limits: what is known.
        query: its value is the sum of these ratios.
        sources: what the limits come from, in words: a law, a statement, an assumption. Answers and contradictions
            cite them.
        floor, ceiling: ends that hold whatever is known, such as 0 and 1.
        states: of the variables, for messages; may be left out.
        presumed: conditions of statements, as limits without ends: they are above zero. Only `_possible` reads them.
    """

    blocks: tuple[Block, ...]
    limits: tuple[Limit, ...]
    query: tuple[Ratio, ...]
    sources: tuple[str, ...] = ()
    floor: float = -np.inf
    ceiling: float = np.inf
    states: Mapping[str, tuple[Value, ...]] = field(default_factory=lambda: {})
    presumed: tuple[Limit, ...] = ()

    @property
    def asked(self) -> tuple[Polynomial, ...]:
        """The polynomials that the query is made of."""
        return tuple(p for ratio in self.query for p in (ratio.above, ratio.below) if p is not None)

    def forms_at(self, laws: tuple[Array, ...]) -> tuple[Array, ...]:
        """The values of all linear forms under a law of each block."""
        return tuple(block.forms @ law for block, law in zip(self.blocks, laws, strict=True))

    def at(self, laws: tuple[Array, ...]) -> float:
        """The value of the query under a law of each block; NaN where a condition has probability zero."""
        values, total = self.forms_at(laws), 0.0
        for ratio in self.query:
            below = 1.0 if ratio.below is None else ratio.below.at(values)
            total += ratio.weight * ratio.above.at(values) / below if below > NOTHING else np.nan
        return float(total)

    def broken(self, laws: tuple[Array, ...]) -> float:
        """By how much the worst limit is missed under these laws; 0 where all are met."""
        values = self.forms_at(laws)
        found = [limit.polynomial.at(values) for limit in self.limits]
        gaps = [max(limit.low - x, x - limit.high) for limit, x in zip(self.limits, found, strict=True)]
        return max(0.0, *gaps) if gaps else 0.0


@dataclass(frozen=True, eq=False)
class End:
    """One end of the interval.

    Attributes:
        outer: no law that meets the limits goes beyond; proved by duality, with rounding allowed for.
        inner: attained by `laws`; NaN where no law that meets the limits was found.
        laws: a law for each block, shape (columns,) each; None where none was found.
        duals: for a single linear programme, the multiplier of each limit; else None.
    """

    outer: float
    inner: float
    laws: tuple[Array, ...] | None = None
    duals: Array | None = None


@dataclass(frozen=True, eq=False)
class Ends:
    """Between which ends the query lies.

    Attributes:
        lower, upper: the ends.
        sharp: inner and outer ends meet at both (to the tolerance that was asked for), and no block is relaxed.
        spent: what was done: programmes solved, branches looked at, seconds, for `Answer.diagnostics`.
    """

    lower: End
    upper: End
    sharp: bool
    spent: dict[str, float] = field(default_factory=lambda: {})


@dataclass(frozen=True)
class Clash:
    """No law meets all limits.

    Attributes:
        sources: positions in `Programme.sources`: a smallest set that cannot hold together (none can be left out).
        by: how far off they are at least, in units of probability.
        reason: the violated inequality, where it has a name.
    """

    sources: tuple[int, ...]
    by: float
    reason: str = ""


class TooLarge(ValueError):
    """A forecast beyond the budget; the message says what would be needed and what could be left out."""
