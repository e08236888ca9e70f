"""Composition and exclusion: a plainer term has the same value in every model, and is found where there is one."""

import pytest

from scm import CausalGraph, ask, parse_query, print_query
from scm.statements import composed
from tests.bridge_to_engine import to_model
from tests.generators import pair
from tests.plain import to_text

CHAIN = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y")))
MEDIATED = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y"), ("X", "Y")))
TWO = CausalGraph(("X", "M", "N", "Y"), (("X", "M"), ("X", "N"), ("M", "Y"), ("N", "Y")))


@pytest.mark.parametrize(
    ("graph", "query", "plain"),
    [
        (CHAIN, "P(Y[X=0, M=M[X=1]] = 1)", "P(Y[X=1] = 1)"),
        (CHAIN, "P(Y[M=M[X=1]] = 1 | X = 0)", "P(Y[X=1] = 1 | X = 0)"),
        (CHAIN, "E[Y[X=0, M=M[X=1]]] - E[Y[X=0]]", "E[Y[X=1]] - E[Y[X=0]]"),
        (CHAIN, "P(Y[M=M] = 1)", "P(Y = 1)"),
        (MEDIATED, "P(Y[X=1, M=M[X=1]] = 1)", "P(Y[X=1] = 1)"),
        (MEDIATED, "P(Y[X=0, M=M[X=1]] = 1)", "P(Y[X=0, M=M[X=1]] = 1)"),
        (TWO, "P(Y[X=0, M=M[X=1], N=N[X=1]] = 1)", "P(Y[X=1] = 1)"),
        (TWO, "P(Y[M=M[X=?x], N=N[X=?x]] = 1)", "P(Y[X=?x] = 1)"),
    ],
)
def test_the_plainest_term(graph, query, plain):
    found = composed(graph, parse_query(query))
    assert found == parse_query(plain)
    assert print_query(composed(graph, found)) == print_query(found)


def test_every_plainer_term_has_the_same_value():
    """On random models, by the engine's exact answer to both."""
    plainer = 0
    for seed in range(150):
        model, asked = pair(f"composition {seed}", unknown=0.0, kind="nested")
        engine, query = to_model(model), parse_query(to_text(asked))
        found = composed(engine.graph, query)
        if found != query:
            plainer += 1
            one, other = ask(engine, query), ask(engine, found)
            assert one.finding == other.finding, seed
            assert one.value == pytest.approx(other.value, abs=1e-12), seed
    assert plainer > 15
