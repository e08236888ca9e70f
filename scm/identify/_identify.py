"""`identify`: whether a query follows from a graph and the laws that are available, and by which formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .._errors import InvalidQuery, UnknownName, near
from .._graph import CausalGraph
from .._query import Query
from .._syntax import Value
from ..io import graph_of
from ._complement import complement
from ._criteria import by_criterion
from ._ctf import identified
from ._instrument import GRANTS, by_instrument
from ._known import checked
from ._reading import query_of
from ._result import Available, Identification


def identify(
    graph: CausalGraph | str,
    query: str | Query,
    available: Sequence[Available] | Available | None = None,
    *,
    assume: str | Sequence[str] = (),
    states: Mapping[str, Sequence[Value]] | None = None,
) -> Identification:
    """Whether `query` follows from `graph` and the available laws, and by which formula.

    Named criteria come first, because people recognise them; then one counterfactual routine, sound for every query
    and complete where each law measures all variables (Correa, Lee & Bareinboim 2021): its cases are ID and IDC (Tian &
    Pearl 2002; Shpitser & Pearl 2006), ID* and IDC* (Shpitser & Pearl 2007), z-ID and g-ID (Bareinboim & Pearl 2012;
    Lee, Correa & Bareinboim 2019) and path-specific effects (Avin, Shpitser & Pearl 2005).

    Args:
        graph: with bidirected edges, hidden variables, or both; or its text, such as `X -> Y, X <-> Y` (see
            `graph_from_text`).
        query: a `Query`, or text such as `P(Y=1 | do(X=1))`. States are free: no model is known here, and a verdict
            holds for variables of any number of states.
        available: laws that are known, at least one; by default that of all observed variables.
        assume: what the user grants, by name: `no_defiers` or `homogeneity` (see `by_instrument`). It is used only
            where the query is not identified without it, and printed in the result.
        states: for each variable whose states are known, all of them, such as `{"X": (0, 1)}`. With two states a little
            more can follow, for then P(Y[X=1], X=0) = P(Y[X=1]) - P(Y, X=1). They are used only where the query is not
            identified without them, and printed in the result; the query names states as they stand there.

    Returns:
        An `Identification`: an estimand over the available laws, or the obstacle. Where some law does not measure
        everything, one without either is not decided.

    Raises:
        QuerySyntaxError, UnknownName: as their messages say.
        InvalidFile, InvalidGraph: a text that is no graph; something else in its place.
        InvalidQuery: a query about a hidden variable or with a condition that contradicts itself; no law, or one that
            cannot be; an assumption that is not known; states that are no two different ones.
    """
    graph = graph_of(graph)
    _check_states(graph, states or {})
    asked, laws = query_of(graph, query), checked(graph, available)
    granted = _granted(assume)
    found = by_criterion(graph, asked, laws) or identified(graph, asked, laws)
    if found.identified:
        return found
    if states is not None and (by := _by_states(graph, asked, laws, states)) is not None:
        return by
    return (by_instrument(graph, asked, granted, laws) if granted else None) or found


def _check_states(graph: CausalGraph, states: Mapping[str, Sequence[Value]]) -> None:
    """That states are those of variables.

    Raises:
        UnknownName, InvalidQuery: they are not.
    """
    for name, own in states.items():
        if name not in graph.parents:
            raise UnknownName(name, graph.variables, "The states")
        if isinstance(own, (str, int)) or len(own) < 2 or len(set(own)) != len(own):
            raise InvalidQuery(f"The states of {name!r} are {own!r}; a tuple of at least two different ones is wanted.")


def _by_states(
    graph: CausalGraph, query: Query, laws: tuple[Available, ...], states: Mapping[str, Sequence[Value]]
) -> Identification | None:
    """The query in other words that hold for these states; None where that is not identified either."""
    other = complement(query, states, lambda term: identified(graph, term, laws).identified)
    if other is None:
        return None
    found = by_criterion(graph, other.query, laws) or identified(graph, other.query, laws)
    if not found.identified:
        return None
    return replace(
        found,
        query=query,
        derivation=(*other.steps, *found.derivation),
        assumptions=(*found.assumptions, *other.assumptions),
        states=other.states,
        adjustment=None,
    )


def _granted(assume: str | Sequence[str]) -> tuple[str, ...]:
    """The names of what is granted.

    Raises:
        InvalidQuery: one that nothing here can use.
    """
    if not isinstance(assume, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise InvalidQuery(f"assume= takes names of assumptions as text, got {type(assume).__name__}.")
    names = (assume,) if isinstance(assume, str) else tuple(assume)
    for name in names:
        if name not in GRANTS:
            known = ", ".join(GRANTS)
            raise InvalidQuery(f"Unknown assumption {name!r}; identification can use {known}.{near(name, GRANTS)}")
    return names
