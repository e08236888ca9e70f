"""Projections, districts, moral and mutilated graphs, beside their definitions."""

import random
from itertools import combinations, pairwise

import networkx as nx
import pytest

from scm import (
    CausalGraph,
    UnknownName,
    districts,
    latent_projection,
    moral_graph,
    mutilated,
    separated,
)
from tests.graphs import below, paths, random_graph, subsets


def test_a_projection_keeps_every_separation():
    rng = random.Random("projection")
    for _ in range(150):
        graph = random_graph(rng, 7, hidden=0.35)
        projected = latent_projection(graph)
        assert projected.variables == graph.observed
        assert projected.hidden == ()
        for a, b in combinations(graph.observed, 2):
            rest = [name for name in graph.observed if name not in (a, b)]
            for given in subsets(rest):
                assert separated(projected, a, b, given) == separated(graph, a, b, given), (graph, a, b, given)


def projected_by_paths(graph, onto):
    """Both kinds of edges, by looking at every path (Verma & Pearl 1990)."""
    directed, both = set(), set()
    for a in onto:
        for b in onto:
            for path in paths(graph, a, b) if a != b else ():
                between = [name for _, name, _ in path[:-1]]
                marks = [(left, entered) for left, _, entered in path]
                if set(between) & set(onto):
                    continue
                if all(mark == ("tail", "head") for mark in marks):
                    directed.add((a, b))
                colliders = [x for (_, x), (y, _) in pairwise(marks) if x == y == "head"]
                if not colliders and marks[0][0] == marks[-1][1] == "head":
                    both.add(frozenset((a, b)))
    return directed, both


def test_a_projection_is_what_the_paths_say():
    rng = random.Random("projection by paths")
    for _ in range(700):
        graph = random_graph(rng)
        onto = rng.sample(graph.variables, rng.randint(1, len(graph.variables)))
        found = latent_projection(graph, onto)
        directed, both = projected_by_paths(graph, onto)
        assert set(found.variables) == set(onto)
        assert set(found.edges) == directed
        assert {frozenset(pair) for pair in found.confounded} == both


def test_projecting_in_two_steps_is_projecting_once():
    rng = random.Random("steps")
    for _ in range(300):
        graph = random_graph(rng)
        onto = rng.sample(graph.variables, rng.randint(1, len(graph.variables)))
        once = latent_projection(graph, onto[: rng.randint(1, len(onto))])
        twice = latent_projection(latent_projection(graph, onto), once.variables)
        assert set(once.edges) == set(twice.edges)
        assert {frozenset(p) for p in once.confounded} == {frozenset(p) for p in twice.confounded}


def test_a_graph_without_hidden_variables_is_its_own_projection():
    graph = CausalGraph(("X", "Y"), (("X", "Y"),), (("X", "Y"),))
    assert latent_projection(graph) is graph


def test_a_hidden_variable_that_is_kept_stays_hidden():
    graph = CausalGraph(("X", "U", "Y"), (("X", "U"), ("U", "Y")), hidden=("U",))
    assert latent_projection(graph, ("U", "Y")) == CausalGraph(("U", "Y"), (("U", "Y"),), hidden=("U",))
    assert latent_projection(graph) == CausalGraph(("X", "Y"), (("X", "Y"),))


def test_districts_are_the_components_of_the_bidirected_part():
    rng = random.Random("districts")
    for _ in range(300):
        graph = random_graph(rng)
        bidirected = nx.Graph(list(graph.confounded))
        bidirected.add_nodes_from(graph.variables)
        found = districts(graph)
        assert {frozenset(d) for d in found} == {frozenset(c) for c in nx.connected_components(bidirected)}
        place = {name: i for i, name in enumerate(graph.order)}
        assert [place[d[0]] for d in found] == sorted(place[d[0]] for d in found)


def test_the_district_of_the_napkin():
    """Pearl & Mackenzie 2018, figure 7.5."""
    graph = CausalGraph(("W", "Z", "X", "Y"), (("W", "Z"), ("Z", "X"), ("X", "Y")), (("W", "X"), ("W", "Y")))
    assert districts(graph) == (("W", "X", "Y"), ("Z",))


def test_moral_neighbours_are_joined_by_colliders_alone():
    rng = random.Random("moral")
    for _ in range(500):
        graph = random_graph(rng, 6)
        expected = {
            frozenset((a, b))
            for a, b in combinations(graph.variables, 2)
            if any(
                all(entered == left == "head" for (_, _, entered), (left, _, _) in pairwise(p))
                for p in paths(graph, a, b)
            )
        }
        moral = moral_graph(graph)
        assert set(moral.nodes) == set(graph.variables)
        assert {frozenset(edge) for edge in moral.edges} == expected


def test_the_moral_graph_of_a_dag_is_that_of_networkx():
    rng = random.Random("moral dag")
    for _ in range(200):
        graph = random_graph(rng, 8, confounded=False)
        ours, theirs = moral_graph(graph), nx.moral_graph(graph.networkx)
        assert {frozenset(e) for e in ours.edges} == {frozenset(e) for e in theirs.edges}


def test_separation_in_the_moral_graph_of_the_ancestors():
    rng = random.Random("augmented")
    for _ in range(300):
        graph = random_graph(rng, 7)
        a, b, *rest = rng.sample(graph.variables, len(graph.variables))
        given = set(rest[: rng.randint(0, len(rest))])
        above = {name for name in graph.variables if below(graph, name) & {a, b, *given}}
        part = CausalGraph(
            tuple(above),
            tuple(e for e in graph.edges if set(e) <= above),
            tuple(e for e in graph.confounded if set(e) <= above),
        )
        moral = moral_graph(part)
        moral.remove_nodes_from(given)
        assert separated(graph, a, b, given) != nx.has_path(moral, a, b)


def test_a_mutilated_graph():
    graph = CausalGraph(
        ("Z", "X", "Y", "U"), (("Z", "X"), ("X", "Y"), ("U", "Y")), (("Z", "X"), ("X", "Y")), hidden=("U",)
    )
    assert mutilated(graph, into="X") == CausalGraph(graph.variables, (("X", "Y"), ("U", "Y")), hidden=("U",))
    assert mutilated(graph, out_of=("X",)).edges == (("Z", "X"), ("U", "Y"))
    assert mutilated(graph, out_of="X").confounded == graph.confounded
    assert mutilated(graph) == graph


def test_names_that_are_not_there():
    graph = CausalGraph(("X", "Y"))
    with pytest.raises(UnknownName, match="variables to keep speaks of 'Z'"):
        latent_projection(graph, ("Z",))
    with pytest.raises(UnknownName, match="`into` speaks of 'Z'"):
        mutilated(graph, into="Z")


def test_the_order_has_causes_first_and_ties_as_declared():
    rng = random.Random("order")
    for _ in range(200):
        graph = random_graph(rng, 7)
        size = len(graph.variables)
        for one in (graph, CausalGraph(tuple(rng.sample(graph.variables, size)), graph.edges)):
            expected: list[str] = []
            while len(expected) < size:
                open_ones = [name for name in one.variables if name not in expected]
                expected.append(next(name for name in open_ones if {*one.parents[name]} <= {*expected}))
            assert one.order == tuple(expected)
