"""m-separation and separators, beside the definition read off every path."""

import itertools
import random

import networkx as nx
import pytest

from scm import CausalGraph, InvalidQuery, UnknownName, separated
from tests.graphs import random_graph, separated_by_paths, subsets


def split(rng, names, *, empty_given=True):
    """Three disjoint lists, the first two not empty."""
    names = list(names)
    rng.shuffle(names)
    a = rng.randint(1, min(2, len(names) - 1))
    b = rng.randint(1, min(2, len(names) - a))
    return names[:a], names[a : a + b], names[a + b : a + b + rng.randint(0, len(names) - a - b)]


def test_separation_is_what_the_paths_say():
    rng = random.Random("m-separation")
    seen = {True: 0, False: 0}
    for _ in range(3000):
        graph = random_graph(rng)
        for _ in range(3):
            first, second, given = split(rng, graph.variables)
            expected = separated_by_paths(graph, set(first), set(second), set(given))
            assert separated(graph, first, second, given) == expected, (graph, first, second, given)
            assert separated(graph, second, first, given) == expected
            seen[expected] += 1
    assert min(seen.values()) > 1000


def test_every_question_of_small_graphs():
    rng = random.Random("all questions")
    for _ in range(60):
        graph = random_graph(rng, 5)
        for a in graph.variables:
            for b in graph.variables:
                rest = [name for name in graph.variables if name not in (a, b)]
                for given in subsets(rest) if a < b else ():
                    assert separated(graph, a, b, given) == separated_by_paths(graph, {a}, {b}, set(given))


def test_separation_beside_networkx():
    rng = random.Random("networkx")
    for _ in range(500):
        graph = random_graph(rng, 8, confounded=False)
        first, second, given = split(rng, graph.variables)
        assert separated(graph, first, second, given) == nx.is_d_separator(
            graph.networkx, set(first), set(second), set(given)
        )


def test_hidden_variables_are_variables():
    graph = CausalGraph(("X", "Y", "U"), (("U", "X"), ("U", "Y")), hidden=("U",))
    assert not separated(graph, "X", "Y")
    assert separated(graph, "X", "Y", "U")


def test_a_name_of_several_letters_is_one_name():
    graph = CausalGraph(("age", "income", "a"), (("a", "income"),))
    assert separated(graph, "age", "income", given="a")


def test_an_empty_side_is_separated():
    graph = CausalGraph(("X", "Y"), (("X", "Y"),))
    assert separated(graph, (), "Y")


def test_bad_questions_of_separation():
    graph = CausalGraph(("X", "Y", "Z"), (("X", "Y"),))
    with pytest.raises(UnknownName, match="'W'"):
        separated(graph, "X", "W")
    with pytest.raises(InvalidQuery, match="'X' stands on two sides"):
        separated(graph, "X", "Y", ("X",))
    with pytest.raises(InvalidQuery, match="'Z' stands on two sides"):
        separated(graph, ("X", "Z"), ("Y", "Z"))


def test_separation_of_a_long_chain_is_quick():
    """Linear: a chain of 20,000 variables."""
    names = tuple(f"V{i}" for i in range(20_000))
    graph = CausalGraph(names, tuple(itertools.pairwise(names)))
    assert not separated(graph, names[0], names[-1])
    assert separated(graph, names[0], names[-1], names[10_000])
