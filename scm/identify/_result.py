"""What identification returns: an estimand with its derivation, or the reason why there is none. Values only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast, overload

from .._estimand import Estimand, Index
from .._finding import Assumption, Step
from .._graph import CausalGraph, name_tuple
from .._query import Query
from .._syntax import Value

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

    def __post_init__(self) -> None:
        """Lists of names become tuples."""
        object.__setattr__(self, "variables", name_tuple(self.variables, "Available(variables)"))
        object.__setattr__(self, "do", name_tuple(self.do, "Available(do=)"))


@dataclass(frozen=True, slots=True)
class Hedge:
    """Two nested C-forests (Shpitser & Pearl 2006, theorem 4): `outer` meets the intervention, `inner` does not.

    Attributes:
        outer, inner: the variables of each; `inner` is a part of `outer`.
        roots: what both have as roots.
        cut: the variables inside `outer` that are imposed, or given and read as if they were.
    """

    outer: tuple[str, ...]
    inner: tuple[str, ...]
    roots: tuple[str, ...]
    cut: tuple[str, ...]

    @property
    def explanation(self) -> str:
        """In plain words."""
        outer, inner, cut = (", ".join(names) for names in (self.outer, self.inner, self.cut))
        if self.outer == self.inner:
            return f"every available law imposes one of {inner}, so none shows how they come about by themselves."
        return (
            f"a hedge. Hidden common causes tie {outer} together, and all of them cause {inner} within that group; "
            f"what is known cannot tell what {inner} would be with {cut or 'the rest'} imposed from what comes with it "
            "by those hidden causes. Two models agree on all that is known and differ here (Shpitser & Pearl 2006)."
        )


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

    @property
    def explanation(self) -> str:
        """In plain words."""
        match self.kind:
            case "inconsistent pair":
                name, source = "an inconsistent pair", "Correa, Lee & Bareinboim 2021"
            case "recanting witness":
                name, source = "a recanting witness", "Avin, Shpitser & Pearl 2005"
            case "recanting district":
                name, source = "a recanting district", "Shpitser 2013"
        return (
            f"{name}. The query joins {self.left} with {self.right}: {', '.join(self.district)} would have to be in "
            f"two worlds at once, which disagree on {self.variable}, and no law shows the two together ({source})."
        )


Obstacle: TypeAlias = Hedge | Conflict


class Steps(Sequence[Step]):
    """Steps that are written when somebody reads them; equal to any sequence of the same steps."""

    __slots__ = ("_made", "_recipe")

    def __init__(self, recipe: Callable[[], tuple[Step, ...]]) -> None:
        self._recipe = recipe
        self._made: tuple[Step, ...] | None = None

    def _all(self) -> tuple[Step, ...]:
        if self._made is None:
            self._made = self._recipe()
        return self._made

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | Sequence[Step]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[Step]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all() == tuple(cast("Sequence[object]", other))

    def __hash__(self) -> int:
        return hash(self._all())

    def __reduce__(self) -> tuple[type[tuple[Step, ...]], tuple[tuple[Step, ...]]]:
        """A recipe cannot be kept in a file; the steps can."""
        return tuple, (self._all(),)

    def __repr__(self) -> str:
        return repr(self._all())


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
        states: the variables on whose states the estimand rests, each with all of them; empty where it holds for any.
    """

    query: Query
    graph: CausalGraph
    available: tuple[Available, ...]
    estimand: Estimand | None = None
    axes: tuple[Index, ...] = ()
    method: Method | None = None
    derivation: Sequence[Step] = ()
    obstacle: Obstacle | None = None
    assumptions: tuple[Assumption, ...] = ()
    adjustment: tuple[str, ...] | None = None
    states: Mapping[str, tuple[Value, ...]] = field(default_factory=lambda: {}, hash=False)

    @property
    def identified(self) -> bool:
        """Whether there is an estimand."""
        return self.estimand is not None

    def to_text(self) -> str:
        """The verdict, the estimand, the numbered steps or the obstacle, the assumptions: for people."""
        from ._report import text_of

        return text_of(self)

    def to_latex(self) -> str:
        """`query = estimand` as LaTeX mathematics; where there is no estimand, that it is not identified."""
        from ._report import latex_of

        return latex_of(self)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON data; queries and estimands stand as text that parses back."""
        from ._report import json_of

        return json_of(self)

    def __str__(self) -> str:
        return self.to_text()
