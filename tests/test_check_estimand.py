"""Random models over a graph, the truth on them, and estimands that are caught by it."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

from scm import CausalGraph, ask, parse_query
from scm._estimand import Index
from scm._estimand_parse import parse_estimand
from scm.identify import Available, Identification
from scm.solvers._check_estimand import check_estimand
from scm.solvers._random_models import random_model
from scm.solvers._random_truth import truth
from tests.separation import separated

BACK_DOOR = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("Z", "Y"), ("X", "Y")))
FRONT_DOOR = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y")), (("X", "Y"),))
NAPKIN = CausalGraph(("W", "Z", "X", "Y"), (("W", "Z"), ("Z", "X"), ("X", "Y")), (("W", "X"), ("W", "Y")))
"""Pearl & Mackenzie (2018), The Book of Why, chapter 7."""
MEDIATION = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y"), ("X", "Y")))


def identification(
    graph: CausalGraph, query: str, estimand: str, axes: tuple[Index, ...] = (), **more: Any
) -> Identification:
    available = more.pop("available", (Available(graph.observed),))
    return Identification(parse_query(query), graph, available, parse_estimand(estimand), axes, "ID", **more)


def random_graph(rng: random.Random, n: int = 6) -> CausalGraph:
    names = tuple("ABCDEFGHIJ"[:n])
    pairs = list(itertools.combinations(names, 2))
    edges = tuple(pair for pair in pairs if rng.random() < 0.35)
    return CausalGraph(names, edges, tuple(pair for pair in pairs if rng.random() < 0.2))


@pytest.mark.parametrize("seed", range(12))
def test_separated_variables_are_independent_and_others_are_not(seed: int):
    rng = random.Random(seed)
    graph = random_graph(rng)
    models = random_model(graph, np.random.default_rng(seed), count=6)
    parents = {name: set(graph.parents[name]) for name in graph.variables}
    for a, b in graph.confounded:
        parents |= {f"noise {a} {b}": set()}
        parents[a].add(f"noise {a} {b}")
        parents[b].add(f"noise {a} {b}")
    for a, b in itertools.combinations(graph.variables, 2):
        others = [name for name in graph.variables if name not in (a, b)]
        given = tuple(rng.sample(others, rng.randint(0, 2)))
        joint = models.law((a, b), given, ())
        product = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
        apart = np.abs(joint - product).reshape(-1, models.count).max(axis=0)
        if separated(parents, {a}, {b}, set(given)):
            assert apart.max() < 1e-12
        else:
            assert apart.max() > 1e-6, (graph, a, b, given)


@pytest.mark.parametrize("seed", range(3))
def test_every_law_is_positive(seed: int):
    graph = random_graph(random.Random(seed))
    models = random_model(graph, np.random.default_rng(seed), 3, count=4)
    joint = models.law(graph.variables, (), ())
    assert joint.min() > 0
    assert joint.reshape(-1, 4).sum(axis=0) == pytest.approx(np.ones(4))
    under = models.law(("F",), ("A",), ("C",))
    assert under.shape == (3, 3, 3, 4)
    assert under.sum(axis=0) == pytest.approx(np.ones((3, 3, 4)))


QUERIES = [
    "P(Y=1 | do(X=1))",
    "P(Y[X=0]=1 | X=1, Y=1)",
    "P(Y[X=1]=1, Y[X=0]=0)",
    "E[Y[X=1, M=M[X=0]]] - E[Y[X=0]]",
    "E[Y[X->Y=1, X=0]]",
    "P(Y[X=1] != M[X=0] or X = 1)",
    "P(M[X=1]=1 | X[Y=0]=0) * 2 / 3",
    "P(Y[M := 1 - M]=1 | X=1)",
    "P(Y[X->Y := 1 - X, M=1]=1, Y=0)",
    "P(Y[M ~ {0: 0.3, 1: 0.7} if X = 1 else {0: 0.9, 1: 0.1}]=1, Y[X=0, M ~ {0: 0.5, 1: 0.5}]=0)",
]


@pytest.mark.parametrize("query", QUERIES)
def test_the_truth_is_what_the_exact_solver_says(query: str):
    """The random models are models of the engine too; the two ways to a number share no step."""
    graph = CausalGraph(MEDIATION.variables, MEDIATION.edges, (("M", "Y"), ("X", "Y")))
    models = random_model(graph, np.random.default_rng(1), count=3)
    found = truth(models, parse_query(query))
    for k in range(3):
        assert found[k] == pytest.approx(ask(models.model(k), query).value, abs=1e-12)
    assert set(models.model().graph.confounded) == {("M", "Y"), ("X", "Y")}


def test_the_truth_of_a_distribution():
    models = random_model(FRONT_DOOR, np.random.default_rng(2), 3, count=2)
    found = truth(models, parse_query("P(Y[X=2], X, X[M=0] | M=1)"))
    wanted = ask(models.model(1), "P(Y[X=2], X, X[M=0] | M=1)").value
    assert found.shape == (3, 3, 3, 2)
    assert found[..., 1] == pytest.approx(wanted, abs=1e-12)


RIGHT = [
    (BACK_DOOR, "P(Y=1 | do(X=1))", "sum_z P(Y=1 | X=1, Z=z) P(Z=z)", ()),
    (BACK_DOOR, "P(Y | do(X=?))", "sum_z P(Y=y | X=?X, Z=z) P(Z=z)", (Index("Y"),)),
    (BACK_DOOR, "P(Y[X=?a]='ill' | X=?b)", "sum_z P(Y='ill' | X=?a, Z=z) P(Z=z | X=?b)", ()),
    (BACK_DOOR, "E[Y | do(X='t')]", "sum_{y, z} y P(Y=y | X='t', Z=z) P(Z=z)", ()),
    (BACK_DOOR, "P(Y > 3 | do(X=1))", "sum_{y, z} weight(Y > 3; Y=y) P(Y=y | X=1, Z=z) P(Z=z)", ()),
    (FRONT_DOOR, "P(Y=1 | do(X=1))", "sum_m P(M=m | X=1) sum_x P(Y=1 | X=x, M=m) P(X=x)", ()),
    (MEDIATION, "E[Y[X=1, M=M[X=0]]]", "sum_{y, m} y P(Y=y | X=1, M=m) P(M=m | X=0)", ()),
    (
        NAPKIN,
        "P(Y=1 | do(X=1))",
        "[sum_w P(X=1, Y=1 | W=w, Z=0) P(W=w)] / [sum_w P(X=1 | W=w, Z=0) P(W=w)]",
        (),
    ),
]


@pytest.mark.parametrize(("graph", "query", "estimand", "axes"), RIGHT)
def test_right_estimands_are_checked(graph: CausalGraph, query: str, estimand: str, axes: tuple[Index, ...]):
    found = check_estimand(identification(graph, query, estimand, axes))
    assert found.status == "checked", found
    assert found.largest_difference is not None
    assert found.largest_difference < 1e-12
    assert found.text.startswith("checked on 20 random models over the same graph; largest difference")


WRONG = [
    (NAPKIN, "P(Y=1 | do(X=1))", "P(Y=1 | X=1)"),  # what y0 prints, its issue 404
    (BACK_DOOR, "P(Y=1 | do(X=1))", "P(Y=1 | X=1)"),
    (FRONT_DOOR, "P(Y=1 | do(X=1))", "sum_m P(M=m | X=1) P(Y=1 | M=m)"),
    (
        MEDIATION,
        "P(Y[X=1]=1, Y[X=0]=0)",
        "[sum_m P(Y=1 | X=1, M=m) P(M=m | X=1)] [sum_m P(Y=0 | X=0, M=m) P(M=m | X=0)]",
    ),
    (BACK_DOOR, "P(Y=1 | do(X=1))", "P(Y=y | X=1)"),
]


@pytest.mark.parametrize(("graph", "query", "estimand"), WRONG)
def test_wrong_estimands_are_caught(graph: CausalGraph, query: str, estimand: str):
    found = check_estimand(identification(graph, query, estimand))
    assert found.status == "failed", found
    assert found.text.startswith("FAILED its check")


def test_a_law_that_is_not_available_is_caught():
    query, estimand = "P(Y=1 | do(X=1))", "P[trial](Y=1; do(X=1))"
    trial = Available(("Y",), ("X",), "trial")
    assert check_estimand(identification(NAPKIN, query, estimand, available=(trial,))).status == "checked"
    for available, problem in [
        ((Available(NAPKIN.variables),), "not available"),
        ((Available(("Y",), ("Z",), "trial"),), "imposes 'Z'"),
        ((Available(("W",), ("X",), "trial"),), "speaks of 'Y'"),
    ]:
        found = check_estimand(identification(NAPKIN, query, estimand, available=available))
        assert found.status == "failed"
        assert problem in found.reason


def test_hidden_variables_are_summed_out():
    graph = CausalGraph(("U", "X", "M", "Y"), (("U", "X"), ("U", "Y"), ("X", "M"), ("M", "Y")), (), ("U",))
    right, wrong = "sum_m P(M=m | X=1) sum_x P(Y=1 | X=x, M=m) P(X=x)", "sum_u P(Y=1 | X=1, U=u) P(U=u)"
    assert check_estimand(identification(graph, "P(Y=1 | do(X=1))", right)).status == "checked"
    found = check_estimand(identification(graph, "P(Y=1 | do(X=1))", wrong))
    assert found.status == "failed"
    assert "'U'" in found.reason


def test_what_cannot_be_tried_says_why():
    granted = Identification(
        parse_query("P(Y=1 | do(X=1))"), BACK_DOOR, (), parse_estimand("P(Y=1)"), method="instrument"
    )
    assert check_estimand(granted).reason == "it rests on what was granted beyond the graph"
    assert check_estimand(Identification(parse_query("P(Y=1)"), BACK_DOOR, ())).status == "unchecked"
    names = tuple(f"V{i}" for i in range(30))
    full = CausalGraph(names, tuple(itertools.combinations(names, 2)))
    found = check_estimand(identification(full, "P(V29=1 | do(V0=1))", "P(V29=1 | V0=1)"))
    assert found.status == "unchecked"
    assert "too large" in found.reason
    impossible = identification(BACK_DOOR, "P(Y=1 | Z[X=1]=1, Z=0)", "P(Y=1)")
    assert "probability zero" in check_estimand(impossible).reason


def test_models_that_do_not_allow_the_condition_are_left_out():
    """A noise of few states need not allow what happens in two worlds together."""
    graph = CausalGraph(("X", "Y", "W"), (("X", "Y"), ("Y", "W")))
    query = "P(W=1 | Y[X=0]=0, Y[X=1]=1, Y=1)"
    found = check_estimand(identification(graph, query, "P(W=1 | Y=1)"))
    assert found.status == "checked"
    assert 0 < found.models < 20


def test_only_the_part_that_matters_is_built():
    """Sixty variables, of which three matter."""
    names = (*BACK_DOOR.variables, *(f"V{i}" for i in range(57)))
    edges = (*BACK_DOOR.edges, *(("Y", f"V{i}") for i in range(57)), *itertools.combinations(names[3:], 2))
    graph = CausalGraph(names, edges)
    found = check_estimand(identification(graph, "P(Y=1 | do(X=1))", "sum_z P(Y=1 | X=1, Z=z) P(Z=z)"))
    assert found.status == "checked"
