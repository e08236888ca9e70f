"""The formula of a query's ends: what is asked of whom, brought to pools and written down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._ask_laws import named
from ._errors import InvalidQuery, UnknownName
from ._identified import identified
from ._query import Distribution, Query, query_terms
from ._resolve import read_query
from ._study import KnownLaw, Study
from .bounds._formula_of import formula_of
from .bounds._formulas import BoundFormula
from .bounds._granted import Grants, granted
from .bounds._moments import ends
from .bounds._row_cells import RowLaw
from .bounds._row_query import NotTogether, RowQuery
from .bounds._sources import sources_of
from .identify import Available


def formula_asked(
    study: Study, query: str | Query, available: Sequence[Available] | None, assume: Grants
) -> BoundFormula:
    """See `bound_formulas`."""
    asked = read_query(query, study.states)
    if any(isinstance(term, Distribution) for term in query_terms(asked)):
        raise InvalidQuery("A formula is of one number. Ask for the probability of each state by itself.")
    laws = _laws(study, available)
    grants = granted(study.graph, study.states, asked, assume)
    wanted = [Available(law.variables, law.do, law.name) for law in laws]
    base, how = identified(study.graph, asked, wanted, grants.names, study.states)
    floor, ceiling = ends(asked, study.states)
    if how.estimand is not None and base.finding != "refused":
        return BoundFormula(asked, (how.estimand,), (how.estimand,), floor=floor, ceiling=ceiling)
    rest = Study(study.graph, *study.statements, *study.equations, states=study.states)
    rows = [RowLaw(law, np.asarray(law.array)[None], source) for source, law in enumerate(laws)]
    try:
        found = RowQuery.of(study.graph, study.states, rows, sources_of(rest, grants.shapes))
        pools = found.pools_of(asked)
    except NotTogether as wrong:
        raise InvalidQuery(f"There is no formula of a few terms: {wrong}. ask() gives the ends as numbers.") from None
    if not pools.asked.pool.complete:
        raise InvalidQuery("The formula would have too many terms to be written out. ask() gives the ends as numbers.")
    return formula_of(pools, asked)


def _laws(study: Study, available: Sequence[Available] | None) -> tuple[KnownLaw, ...]:
    """Laws of these variables in which everything is possible; their numbers do not matter."""
    if available is None:
        available = [Available(law.variables, law.do, law.name) for law in study.laws]
        available = available or [Available(study.graph.observed)]
    made: list[KnownLaw] = []
    for one in available:
        _check_names(study, one)
        sizes = [len(study.states[name]) for name in (*one.do, *one.variables)]
        cells = int(np.prod(sizes[len(one.do) :], dtype=int))
        made.append(KnownLaw(one.variables, np.full(sizes, 1.0 / cells), one.do, one.name))
    Study(study.graph, *made, states=study.states)  # that names are those of the graph
    return named(made)


def _check_names(study: Study, one: Available) -> None:
    for name in (*one.do, *one.variables):
        if name not in study.states:
            raise UnknownName(name, study.states, "A known law")
