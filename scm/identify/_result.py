"""What identification returns: an estimand with its derivation, or the reason why there is none. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from .._estimand import Estimand, Index
from .._finding import Assumption, Step
from .._graph import CausalGraph
from .._query import Query

Method: TypeAlias = Literal[
    "seeing",
    "adjustment",
    "front-door",
    "g-formula",
    "ID",
    "IDC",
    "ID*",
    "IDC*",
    "g-ID",
    "ctf-ID",
    "instrument",
    "linear paths",
]
"""How the estimand was found, by the name that people know it under. IDC* and ID* are queries on rung 3; ctf-ID is said
where a query is nested or joins several worlds beyond them."""


@dataclass(frozen=True, slots=True)
class Available:
    """A law that is known at every value: the joint law of `variables` where `do` is imposed (randomised).

    Attributes:
        variables: those whose joint law is known (those of `do` not among them).
        do: imposed, at every combination of values.
        name: what estimands call it, `Law.source`; "" only for the law of what is seen.
    """

    variables: tuple[str, ...]
    do: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Hedge:
    """Two nested C-forests (Shpitser & Pearl 2006, theorem 4): `outer` meets the intervention, `inner` does not.

    Attributes:
        outer, inner: the variables of each; `inner` is a part of `outer`.
        roots: what both have as roots.
        cut: the intervened variables inside `outer`.
    """

    outer: tuple[str, ...]
    inner: tuple[str, ...]
    roots: tuple[str, ...]
    cut: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """One district would have to be in two worlds at once.

    Attributes:
        kind: `inconsistent pair` (one variable under two values of its parents, or imposed and taken at different
            values), `recanting witness` or `recanting district` (path-specific effects: Avin, Shpitser & Pearl 2005;
            Shpitser 2013).
        variable: where it shows.
        left, right: the two counterfactual terms as text, such as `Y[X=1] = 1` and `Y[X=0] = 0`.
        district: the variables of the district.
    """

    kind: Literal["inconsistent pair", "recanting witness", "recanting district"]
    variable: str
    left: str
    right: str
    district: tuple[str, ...]


Obstacle: TypeAlias = Hedge | Conflict


@dataclass(frozen=True)
class Identification:
    """Whether a query follows from what is available, and how.

    Attributes:
        query: what was asked.
        graph: over which.
        available: from which laws.
        estimand: what the query equals; None where it is not identified.
        axes: for a distribution, the open index of each term, in order.
        method: how the estimand was found.
        derivation: the steps, each with the graph fact that licenses it.
        obstacle: why there is no estimand; None where there is one.
        assumptions: what it rests on (positivity; what the user granted).
        adjustment: for the method `adjustment`, the set that is adjusted for.
    """

    query: Query
    graph: CausalGraph
    available: tuple[Available, ...]
    estimand: Estimand | None = None
    axes: tuple[Index, ...] = ()
    method: Method | None = None
    derivation: tuple[Step, ...] = ()
    obstacle: Obstacle | None = None
    assumptions: tuple[Assumption, ...] = ()
    adjustment: tuple[str, ...] | None = None

    @property
    def identified(self) -> bool:
        """Whether there is an estimand."""
        return self.estimand is not None
