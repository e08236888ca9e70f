"""Markov equivalence classes, beside brute force over every acyclic graph of a few variables."""

import itertools
import random
from collections import defaultdict
from functools import cache

import pytest

from scm import (
    CausalGraph,
    EquivalenceClass,
    Independence,
    InvalidGraph,
    InvalidQuery,
    UnknownName,
    class_from_independences,
    equivalence_class,
    separated,
)
from tests.graphs import NAMES, random_graph, separated_by_paths, subsets


@cache
def all_graphs(n: int) -> tuple[CausalGraph, ...]:
    """Every acyclic graph over n variables."""
    names = NAMES[:n]
    found: list[CausalGraph] = []
    for chosen in itertools.product(range(3), repeat=n * (n - 1) // 2):
        pairs = zip(itertools.combinations(names, 2), chosen, strict=True)
        edges = tuple((a, b) if way == 1 else (b, a) for (a, b), way in pairs if way)
        try:
            found.append(CausalGraph(names, edges))
        except InvalidGraph:
            continue
    return tuple(found)


def independences(graph: CausalGraph) -> frozenset[Independence]:
    return frozenset(
        Independence(a, b, given)
        for a, b in itertools.combinations(graph.variables, 2)
        for given in subsets([v for v in graph.variables if v not in (a, b)])
        if separated_by_paths(graph, {a}, {b}, set(given))
    )


@cache
def classes(n: int) -> dict[frozenset[Independence], list[CausalGraph]]:
    """The acyclic graphs over n variables, by what they imply."""
    found: dict[frozenset[Independence], list[CausalGraph]] = defaultdict(list)
    for graph in all_graphs(n):
        found[independences(graph)].append(graph)
    return dict(found)


def edges_of(members):
    """The directed and the undirected edges of a class, by comparing its members."""
    directed = set.intersection(*(set(m.edges) for m in members))
    either = {frozenset(e) for m in members for e in m.edges} - {frozenset(e) for e in directed}
    return directed, either


@pytest.mark.parametrize(("n", "graphs", "number"), [(1, 1, 1), (2, 3, 2), (3, 25, 11), (4, 543, 185)])
def test_classes_of_few_variables(n, graphs, number):
    """The numbers of classes: Gillispie & Perlman 2001, table 1."""
    assert len(all_graphs(n)) == graphs
    assert len(classes(n)) == number
    for implied, members in classes(n).items():
        directed, either = edges_of(members)
        found = {equivalence_class(member) for member in members}
        assert len(found) == 1
        (one,) = found
        assert set(one.directed) == directed
        assert {frozenset(e) for e in one.undirected} == either
        assert one.size == len(members)
        listed = list(one.members())
        assert len(listed) == len(members)
        assert {frozenset(m.edges) for m in listed} == {frozenset(m.edges) for m in members}
        assert frozenset(one.member.edges) in {frozenset(m.edges) for m in members}
        assert class_from_independences(NAMES[:n], implied) == one


def test_the_number_of_classes_of_five_variables():
    """8,782 classes (Gillispie & Perlman 2001, table 1), and their sizes add up to the 29,281 graphs."""
    rng = random.Random("five")
    found = {equivalence_class(graph) for graph in all_graphs(5)}
    assert len(found) == 8782
    assert sum(one.size for one in found) == len(all_graphs(5)) == 29281
    for one in rng.sample(sorted(found, key=str), 300):
        listed = [frozenset(m.edges) for m in one.members()]
        assert len(set(listed)) == len(listed) == one.size


def test_larger_classes_hold_equivalent_members():
    rng = random.Random("larger")
    for _ in range(120):
        graph = random_graph(rng, 8, confounded=False)
        found = equivalence_class(graph)
        members = list(itertools.islice(found.members(), 30))
        assert any(found == equivalence_class(m) for m in members)
        assert all(found == equivalence_class(m) for m in members)
        assert found.size >= len(members)


@pytest.mark.parametrize(
    ("edges", "size"),
    [
        (tuple(itertools.combinations(NAMES[:8], 2)), 40320),  # complete: every order
        (tuple(itertools.pairwise(NAMES)), 8),  # a chain: every root
        (tuple(("A", v) for v in NAMES[1:]), 8),  # a star: every root
    ],
)
def test_sizes_that_are_known(edges, size):
    """He, Jia & Yu 2015, theorem 5."""
    assert equivalence_class(CausalGraph(NAMES, edges)).size == size


def test_a_class_too_large_to_list_is_refused():
    names = tuple(f"V{i}" for i in range(30))
    found = equivalence_class(CausalGraph(names, tuple(itertools.combinations(names, 2))))
    assert found.size == 265252859812191058636308480000000
    with pytest.raises(InvalidQuery, match="more than the 100,000 that are gone through"):
        found.members()


def test_lists_that_no_graph_has():
    """Every sub-list of some lists is either that of a class, or refused with a statement that does not fit."""
    rng = random.Random("lists")
    known = classes(4)
    every = [
        Independence(a, b, given)
        for a, b in itertools.combinations(NAMES[:4], 2)
        for given in subsets([v for v in NAMES[:4] if v not in (a, b)])
    ]
    refused = 0
    for _ in range(1500):
        chance = rng.uniform(0.0, 0.9)
        chosen = frozenset(said for said in every if rng.random() < chance)
        if rng.random() < 0.5:
            chosen = rng.choice(list(known)) ^ {rng.choice(every)}
        if chosen in known:
            assert class_from_independences(NAMES[:4], chosen).size == len(known[chosen])
            continue
        with pytest.raises(InvalidGraph, match=r"is (not )?listed, yet"):
            class_from_independences(NAMES[:4], chosen)
        refused += 1
    assert refused > 1000


def test_the_statement_that_clashes_is_named():
    """X and Y independent both with and without Z, while Z depends on both: no graph has it."""
    said = [Independence("X", "Y"), Independence("X", "Y", ("Z",))]
    with pytest.raises(InvalidGraph, match=r"That X is independent of Y given Z is listed, yet it does not hold in"):
        class_from_independences(("X", "Y", "Z"), said)
    with pytest.raises(InvalidGraph, match=r"That X is independent of Z given Y is not listed, yet it holds"):
        class_from_independences(("X", "Y", "Z"), [Independence("X", "Z"), Independence("Y", "Z"), said[0], said[1]])


def test_the_lists_of_larger_graphs():
    rng = random.Random("complete lists")
    for _ in range(60):
        graph = random_graph(rng, 6, confounded=False)
        said = [
            Independence(a, b, given)
            for a, b in itertools.combinations(graph.variables, 2)
            for given in subsets([v for v in graph.variables if v not in (a, b)])
            if separated(graph, a, b, given)
        ]
        rng.shuffle(said)
        assert class_from_independences(graph.variables, said) == equivalence_class(graph)


def test_lists_with_slips():
    with pytest.raises(UnknownName, match=r"The statement that X is independent of W given Y speaks of 'W'"):
        class_from_independences(("X", "Y"), [Independence("X", "W", ("Y",))])
    with pytest.raises(InvalidQuery, match="on two sides"):
        class_from_independences(("X", "Y"), [Independence("X", "Y", ("X",))])
    with pytest.raises(InvalidQuery, match="on two sides"):
        class_from_independences(("X", "Y"), [Independence("X", "X")])
    with pytest.raises(InvalidGraph, match="declared twice"):
        class_from_independences(("X", "X"), [])
    with pytest.raises(InvalidQuery, match="at most 12"):
        class_from_independences([f"V{i}" for i in range(13)], [])


def test_the_order_of_statements_and_sides_does_not_matter():
    said = (Independence("Z", "X", ("Y",)), Independence("X", "Z", ("Y",)))
    assert class_from_independences(("X", "Y", "Z"), said).undirected == (("X", "Y"), ("Y", "Z"))


def test_hidden_causes_have_no_class():
    with pytest.raises(InvalidGraph, match=r"hidden causes \('X <-> Y'\)"):
        equivalence_class(CausalGraph(("X", "Y"), (), (("X", "Y"),)))
    with pytest.raises(InvalidGraph, match=r"hidden causes \('U'\)"):
        equivalence_class(CausalGraph(("U", "X"), hidden=("U",)))


@pytest.mark.parametrize(
    ("directed", "undirected"),
    [
        ((("A", "B"),), ()),  # nothing makes A -> B certain
        ((("A", "B"), ("C", "B")), (("A", "C"),)),  # no v-structure
        ((("A", "B"), ("B", "C"), ("C", "A")), ()),  # a cycle
        ((), (("A", "B"), ("B", "C"), ("C", "D"), ("D", "A"))),  # not chordal
        ((("A", "B"),), (("A", "B"),)),
        ((("A", "A"),), ()),
        ((), (("A", "A"),)),
    ],
)
def test_edges_that_are_no_cpdag(directed, undirected):
    with pytest.raises(InvalidGraph, match="is no CPDAG"):
        EquivalenceClass(("A", "B", "C", "D"), directed, undirected)


def test_a_class_as_a_value():
    found = equivalence_class(CausalGraph(("A", "B", "C", "D", "E"), (("A", "B"), ("C", "B"), ("B", "D"))))
    assert str(found) == "A -> B, C -> B, B -> D, E"
    assert found == EquivalenceClass(("A", "B", "C", "D", "E"), (("A", "B"), ("C", "B"), ("B", "D")))
    chain = equivalence_class(CausalGraph(("A", "B", "C"), (("A", "B"), ("B", "C"))))
    assert str(chain) == "A - B, B - C"
    assert set(chain.cpdag.edges) == {("A", "B"), ("B", "A"), ("B", "C"), ("C", "B")}
    with pytest.raises(UnknownName, match="'Z'"):
        EquivalenceClass(("A",), (("A", "Z"),))
