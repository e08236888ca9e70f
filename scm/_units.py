"""The units that the evidence leaves possible, each followed through every world of the question.

To word answers, and to teach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ._finite_only import check_finite
from ._model import Model
from ._query import Query, query_terms, term_parts
from ._resolve import read_query
from ._rows import read_rows
from ._syntax import Value, Var, World, terms
from ._trace import values_in
from .solvers import Budget, Record, Setting, noise_posterior, split_given


@dataclass(frozen=True)
class Unit:
    """One possible state of the noise, and what it makes of every variable in each world.

    Attributes:
        noise: the state.
        probability: given the evidence; None where a law is unknown.
        worlds: for each world of the question (the factual one is `()`), the value of every relevant variable, in
            causal order.
    """

    noise: Mapping[str, Value]
    probability: float | None
    worlds: Mapping[World, Mapping[str, Value]]


def possible_units(model: Model, query: str | Query, *, most: int = 16) -> tuple[Unit, ...] | None:
    """The units that the evidence of a one-term query leaves possible, most probable first.

    Returns:
        None where they cannot be listed: more than `most`, mechanisms whose noise is hidden in a table, placeholders, a
        contrast of several terms, or evidence of probability zero.

    Raises:
        QuerySyntaxError, UnknownName, UnknownState, InvalidQuery: as `ask`.
    """
    check_finite(model, "possible_units()")
    asked = read_query(query, model.variable_states)
    found = query_terms(asked)
    if len(found) != 1:
        return None
    asked, coded = read_rows(asked, None, model.variable_states)
    setting = Setting(model, (), Budget(), coded.columns, coded.domains, 1, Record())
    facts, conditions = split_given(model, found[0].given)
    spoken = tuple(dict.fromkeys(t for part in term_parts(found[0]) for t in terms(part)))
    posterior = noise_posterior(setting, spoken, facts, conditions)
    if posterior is None or len(posterior.weights) > most:
        return None
    relevant = frozenset[str]().union(*(model.graph.ancestors[t.name] for t in spoken))
    order = [v for v in model.graph.order if v in relevant]
    units: list[Unit] = []
    for state, weight in posterior.weights:
        worlds: dict[World, Mapping[str, Value]] = {}
        for world in dict.fromkeys(((), *(t.world for t in spoken))):
            values = values_in(model, [Var(v, world) for v in order], state)
            if values is None:
                return None
            worlds[world] = {term.name: value for term, value in values.items()}
        units.append(Unit(dict(state), weight, worlds))
    return tuple(units)
