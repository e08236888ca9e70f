"""Minimal separators and what a graph implies, beside brute force over every set."""

import itertools
import random

import pytest

from scm import (
    CausalGraph,
    Independence,
    InvalidQuery,
    UnknownName,
    implied_independences,
    inducing_paths,
    latent_projection,
    minimal_separator,
    minimal_separators,
    separated,
)
from tests.graphs import paths, random_graph, separated_by_paths, subsets


def minimal_by_force(graph, first, second, usable, must=()):
    """Every separating set between `must` and `usable` without a smaller one inside it."""
    free = [name for name in usable if name not in {*first, *second, *must}]
    found: list[set[str]] = []
    for chosen in subsets(free):
        given = {*must, *chosen}
        if not any(smaller <= given for smaller in found) and separated_by_paths(graph, set(first), set(second), given):
            found.append(given)
    return {frozenset(given) for given in found}


def test_separators_are_minimal_and_none_is_missing():
    rng = random.Random("separators")
    many = 0
    for _ in range(3000):
        graph = random_graph(rng, 8, density=0.25, hidden=0.1, confounded=rng.random() < 0.3)
        names = list(graph.variables)
        rng.shuffle(names)
        first = names[: rng.choice((1, 1, 1, min(2, len(names) - 1)))]
        second = names[len(first) : len(first) + rng.choice((1, 1, 2))]
        rest = names[len(first) + len(second) :]
        must = rest[: rng.choice((0, 0, 1))]
        usable = [*rng.sample(rest, rng.randint(0, len(rest))), *first] if rng.random() < 0.3 else None
        found = list(minimal_separators(graph, first, second, among=usable, containing=must))
        expected = minimal_by_force(graph, first, second, graph.observed if usable is None else usable, must)
        assert {frozenset(s) for s in found} == expected, (graph, first, second, usable, must)
        assert len(found) == len(expected)
        one = minimal_separator(graph, first, second, among=usable, containing=must)
        assert (one is None) == (not expected)
        assert one is None or frozenset(one) in expected
        many += len(expected) > 1
    assert many > 30


def test_the_first_of_exponentially_many_comes_at_once():
    """Thirty chains of three beside each other: 3^30 minimal separators."""
    paths = [(f"A{i}", f"B{i}", f"C{i}") for i in range(30)]
    edges = [e for a, b, c in paths for e in (("X", a), (a, b), (b, c), (c, "Y"))]
    graph = CausalGraph(("X", *itertools.chain(*paths), "Y"), tuple(edges))
    found = list(itertools.islice(minimal_separators(graph, "X", "Y"), 200))
    assert len(set(found)) == 200
    assert all(len(s) == 30 and separated(graph, "X", "Y", s) for s in found)
    assert set(found[0]) == {a for a, _, _ in paths}


def test_separators_ask_about_names_at_once():
    graph = CausalGraph(("X", "Y", "Z"), (("X", "Z"), ("Z", "Y")))
    with pytest.raises(UnknownName):
        minimal_separators(graph, "X", "W")
    with pytest.raises(InvalidQuery):
        minimal_separators(graph, "X", "Y", containing="Y")
    with pytest.raises(UnknownName, match="may be used"):
        minimal_separators(graph, "X", "Y", among=("V",))


def test_what_random_graphs_imply():
    rng = random.Random("implied")
    without = 0
    for _ in range(400):
        graph = random_graph(rng, 6, hidden=0.2)
        stated = {frozenset((c.first, c.second)): c for c in implied_independences(graph)}
        projected = latent_projection(graph)
        joined = {frozenset(pair) for pair in (*projected.edges, *projected.confounded)}
        induced = {frozenset((p[0], p[-1])) for p in inducing_paths(graph)}
        for a, b in itertools.combinations(graph.observed, 2):
            pair = frozenset((a, b))
            minimal = minimal_by_force(graph, (a,), (b,), graph.observed)
            if minimal:
                assert frozenset(stated[pair].given) in minimal
                assert len(stated[pair].given) == min(map(len, minimal))
            assert (pair in stated) == bool(minimal)
            assert (pair in induced) == (not minimal and pair not in joined)
        without += len(induced)
    assert without > 10


def test_inducing_paths_are_inducing():
    rng = random.Random("inducing")
    for _ in range(400):
        graph = random_graph(rng, 7)
        for found in inducing_paths(graph):
            ends = {found[0], found[-1]}
            assert set(found[1:-1]) <= {a for end in ends for a in graph.ancestors[end]}
            assert any(
                [name for _, name, _ in path] == list(found[1:])
                and all(x[2] == y[0] == "head" for x, y in itertools.pairwise(path))
                for path in paths(graph, found[0], found[-1])
            )


def test_what_known_graphs_imply():
    chain = CausalGraph(("X", "Y", "Z"), (("X", "Y"), ("Y", "Z")))
    assert implied_independences(chain) == (Independence("X", "Z", ("Y",)),)
    instrument = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("X", "Y")), (("X", "Y"),))
    assert implied_independences(instrument) == ()
    assert inducing_paths(instrument) == (("Z", "X", "Y"),)
    # Verma's graph (Verma & Pearl 1990): its constraint on A and D is no independence.
    verma = CausalGraph(("A", "B", "C", "D"), (("A", "B"), ("B", "C"), ("C", "D")), (("B", "D"),))
    assert implied_independences(verma) == (Independence("A", "C", ("B",)),)
    assert inducing_paths(verma) == (("A", "B", "D"),)
