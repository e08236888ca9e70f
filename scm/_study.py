"""`Study`: what is known when mechanisms are not. A graph, and sources: laws, data, statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ._graph import CausalGraph
from ._statement import Statement
from ._syntax import Value


@dataclass(frozen=True, eq=False)
class KnownLaw:
    """The joint law of `variables`, known exactly, where `do` is imposed.

    Attributes:
        variables: the axes of `array` behind those of `do`.
        array: probabilities, shape (states of each of `do`..., states of each of `variables`...); for each value of
            `do` they add up to one.
        do: imposed (randomised) variables.
        name: what estimands and messages call it.
    """

    variables: tuple[str, ...]
    array: Any
    do: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, eq=False)
class Sample:
    """Units drawn at random from the population, one row each, or counts of them.

    Attributes:
        rows: a pandas or polars frame, an Arrow table, a list of dicts, a mapping of columns.
        do: the variables that were randomised in it (an experiment); their columns hold what was imposed.
        weights: the column that says how many units a row stands for.
        missing: what to do with rows that have an empty cell in a column that is needed.
        name: what estimands and messages call it.
    """

    rows: Any
    do: tuple[str, ...] = ()
    weights: str | None = None
    missing: Literal["refuse", "drop"] = "refuse"
    name: str = ""


Source: TypeAlias = Statement | KnownLaw | Sample


@dataclass(frozen=True, eq=False)
class Study:
    """A graph, with what is known of the laws over it.

    Attributes:
        graph: the causal graph; its hidden variables are never measured.
        sources: laws, samples, statements.
        states: of each variable, state 0 first.
    """

    graph: CausalGraph
    sources: tuple[Source, ...] = ()
    states: Mapping[str, tuple[Value, ...]] = field(default_factory=lambda: {})
