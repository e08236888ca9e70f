"""Claims about a causal graph, as data: what causes what, what separates what, what may be adjusted for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Relation: TypeAlias = Literal["direct cause", "indirect cause", "cause", "common cause", "common effect"]
"""`first` relation `second`. An indirect cause has a directed path of length two or more, even beside a direct edge; a
common cause is an ancestor of both, by a path that does not pass through the other; a common effect is a common
descendant by routes not through each other."""


@dataclass(frozen=True, slots=True)
class CausalClaim:
    """`first` is a direct cause (or another relation) of `second`; the last two relations have no order."""

    relation: Relation
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Independence:
    """`first` and `second` are independent given `given` (m-separated)."""

    first: str
    second: str
    given: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adjusts:
    """Adjusting for `by` gives the total effect of `cause` on `effect` (the adjustment criterion)."""

    cause: str
    effect: str
    by: tuple[str, ...] = ()


Claim: TypeAlias = CausalClaim | Independence | Adjusts
"""What can be said of a causal graph, and holds in all, some or none of a set of graphs."""
