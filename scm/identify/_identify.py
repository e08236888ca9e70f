"""`identify`: whether a query follows from a graph and the laws that are available, and by which formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._errors import InvalidQuery, near
from .._graph import CausalGraph
from .._query import Query
from ..io import graph_of
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
            holds for variables of any number of states. With two states a little more can follow, for then
            P(Y[X=1], X=0) = P(Y[X=1]) - P(Y, X=1).
        available: laws that are known, at least one; by default that of all observed variables.
        assume: what the user grants, by name: `no_defiers` or `homogeneity` (see `by_instrument`). It is used only
            where the query is not identified without it, and printed in the result.

    Returns:
        An `Identification`: an estimand over the available laws, or the obstacle. Where some law does not measure
        everything, one without either is not decided.

    Raises:
        QuerySyntaxError, UnknownName: as their messages say.
        InvalidFile, InvalidGraph: a text that is no graph; something else in its place.
        InvalidQuery: a query about a hidden variable or with a condition that contradicts itself; no law, or one that
            cannot be; an assumption that is not known.
    """
    graph = graph_of(graph)
    asked, laws = query_of(graph, query), checked(graph, available)
    granted = _granted(assume)
    found = by_criterion(graph, asked, laws) or identified(graph, asked, laws)
    if found.identified or not granted:
        return found
    return by_instrument(graph, asked, granted, laws) or found


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
