"""Adjustment sets against the criterion's own words, path by path, on random mixed graphs; and known cases."""

import random
from itertools import combinations, islice, pairwise

import numpy as np
import pytest

from scm import (
    CausalGraph,
    InvalidQuery,
    UnknownName,
    adjustment_sets,
    confounding_paths,
    efficient_adjustment_set,
    explain_adjustment,
    is_adjustment_set,
    is_back_door_set,
    parent_adjustment_set,
    smallest_adjustment_set,
)
from scm._bitgraph import BitGraph, members
from scm._cuts import minimal_sets, nearest, smallest, undirected
from scm._separation import connected
from tests.graphs import below, is_open, paths, random_graph, subsets
from tests.linear_models import implied

CONFOUNDED = CausalGraph(("X", "Y", "Z"), (("Z", "X"), ("Z", "Y"), ("X", "Y")))
# Greenland, Pearl & Robins (1999), figure 12; REFERENCE_CASES 23: M-bias.
M_BIAS = CausalGraph(
    ("X", "Y", "Z", "U1", "U2"),
    (("U1", "X"), ("U1", "Z"), ("U2", "Z"), ("U2", "Y"), ("X", "Y")),
    hidden=("U1", "U2"),
)
# Pearl (2009), figure 3.4.
FIGURE_3_4 = CausalGraph(
    ("X1", "X2", "X3", "X4", "X5", "X6", "Xi", "Xj"),
    (
        ("X1", "X3"),
        ("X1", "X4"),
        ("X2", "X4"),
        ("X2", "X5"),
        ("X3", "Xi"),
        ("X4", "Xi"),
        ("X4", "Xj"),
        ("X5", "Xj"),
        ("Xi", "X6"),
        ("X6", "Xj"),
    ),
)

Steps = list[tuple[str, str, str]]


def as_sets(found):
    return {frozenset(names) for names in found}


def sides(rng: random.Random, graph: CausalGraph) -> tuple[set[str], set[str]] | None:
    """One or two observed causes and effects."""
    names = list(graph.observed)
    rng.shuffle(names)
    causes = 2 if rng.random() < 0.4 else 1
    effects = 2 if rng.random() < 0.3 else 1
    if len(names) < causes + effects:
        return None
    return set(names[:causes]), set(names[causes : causes + effects])


def proper_paths(graph: CausalGraph, causes: set[str], effects: set[str]) -> list[tuple[str, Steps]]:
    return [
        (start, path)
        for start in sorted(causes)
        for end in sorted(effects)
        for path in paths(graph, start, end)
        if not any(name in causes for _, name, _ in path)
    ]


def is_causal(path: Steps) -> bool:
    return all((left, entered) == ("tail", "head") for left, _, entered in path)


def text(start: str, path: Steps) -> str:
    arrows = {("tail", "head"): "->", ("head", "tail"): "<-", ("head", "head"): "<->"}
    return " ".join([start, *(f"{arrows[left, entered]} {name}" for left, name, entered in path)])


def valid_by_paths(graph: CausalGraph, found: list[tuple[str, Steps]], by: set[str]) -> bool:
    """Shpitser, VanderWeele & Robins (2010), definition 4, word for word."""
    forbidden: set[str] = set()
    for _, path in found:
        if is_causal(path):
            forbidden = forbidden.union(*(below(graph, name) for _, name, _ in path))
    return not by & forbidden and not any(is_open(graph, p, by) for _, p in found if not is_causal(p))


def test_every_set_of_random_graphs_is_judged_as_the_criterion_says():
    rng = random.Random(3)
    seen = 0
    for _ in range(500):
        graph = random_graph(rng, 6, hidden=0.1)
        chosen = sides(rng, graph)
        if chosen is None:
            continue
        causes, effects = chosen
        found = proper_paths(graph, causes, effects)
        rest = [name for name in graph.observed if name not in causes | effects]
        valid = [set(by) for by in subsets(rest) if valid_by_paths(graph, found, set(by))]
        assert [set(by) for by in subsets(rest) if is_adjustment_set(graph, causes, effects, by)] == valid
        minimal = {frozenset(by) for by in valid if not any(other < by for other in valid)}
        listed = list(adjustment_sets(graph, causes, effects))
        assert as_sets(listed) == minimal
        assert len(listed) == len(minimal)
        least = smallest_adjustment_set(graph, causes, effects)
        assert (None if least is None else len(least)) == min(map(len, valid), default=None)
        efficient = efficient_adjustment_set(graph, causes, effects)
        assert (efficient is None) == (not valid)
        assert efficient is None or set(efficient.by) in valid
        seen += len(valid)
    assert seen > 300


def test_a_back_door_set_is_an_adjustment_set():
    rng = random.Random(5)
    for _ in range(200):
        graph = random_graph(rng, 6, hidden=0.1)
        chosen = sides(rng, graph)
        if chosen is None:
            continue
        rest = [name for name in graph.observed if name not in chosen[0] | chosen[1]]
        for by in subsets(rest):
            if is_back_door_set(graph, *chosen, by):
                assert is_adjustment_set(graph, *chosen, by)


def test_open_paths_are_those_of_the_definition():
    rng = random.Random(7)
    for _ in range(200):
        graph = random_graph(rng, 6, hidden=0.1)
        chosen = sides(rng, graph)
        if chosen is None:
            continue
        causes, effects = chosen
        found = proper_paths(graph, causes, effects)
        ending = [(s, p) for s, p in found if not any(name in effects for _, name, _ in p[:-1])]
        rest = [name for name in graph.observed if name not in causes | effects]
        for by in subsets(rest):
            want = {text(s, p) for s, p in ending if not is_causal(p) and is_open(graph, p, set(by))}
            assert set(confounding_paths(graph, causes, effects, by, most=10_000)) == want
            check = explain_adjustment(graph, causes, effects, by, most=10_000)
            bare = {text(s, p) for s, p in ending if not is_causal(p) and is_open(graph, p, set())}
            assert check.valid == is_adjustment_set(graph, causes, effects, by)
            assert (set(check.left_open), set(check.opened)) == (want & bare, want - bare)
            assert set(check.closed) == bare - want
            assert check.reasons
            assert check.valid == (not want and not check.forbidden)


def test_cuts_are_those_of_the_definition():
    """Minimal separating sets under restrictions, against every subset."""
    rng = random.Random(11)
    for _ in range(400):
        bits = BitGraph.of(random_graph(rng, 7))
        places = list(range(len(bits.names)))
        rng.shuffle(places)
        first, second, rest = 1 << places[0], 1 << places[1], places[2:]
        fixed = sum(1 << i for i in rest if rng.random() < 0.15)
        allowed = sum(1 << i for i in rest if rng.random() < 0.8) & ~fixed
        near = undirected(bits, first, second, allowed, fixed)
        every = [sum(1 << i for i in some) for k in range(len(rest) + 1) for some in combinations(rest, k)]
        cuts = [c for c in every if not c & ~allowed and not connected(bits, first, c | fixed) & second]
        minimal = [c for c in cuts if not any(other != c and other & c == other for other in cuts)]
        assert sorted(minimal_sets(near, first, second)) == sorted(minimal)
        least = smallest(near, first, second)
        assert (least in minimal) if minimal else (least is None and nearest(near, first, second) is None)
        if least is not None:
            assert least.bit_count() == min(c.bit_count() for c in minimal)
            assert nearest(near, first, second) in minimal


def test_the_back_door_example_of_the_book():
    """Pearl (2009), section 3.3.1: {X3, X4} and {X4, X5} satisfy the criterion, {X4} and {X6} do not."""
    for by, right in ((("X3", "X4"), True), (("X4", "X5"), True), (("X4",), False), (("X6",), False)):
        assert is_back_door_set(FIGURE_3_4, "Xi", "Xj", by) is right
        assert is_adjustment_set(FIGURE_3_4, "Xi", "Xj", by) is right
    assert as_sets(adjustment_sets(FIGURE_3_4, "Xi", "Xj")) == {
        frozenset(by) for by in (("X3", "X4"), ("X4", "X5"), ("X1", "X4"), ("X2", "X4"))
    }
    efficient = efficient_adjustment_set(FIGURE_3_4, "Xi", "Xj")
    assert efficient is not None
    assert (set(efficient.by), efficient.optimal) == ({"X4", "X5"}, True)
    assert set(parent_adjustment_set(FIGURE_3_4, "Xi", "Xj") or ()) == {"X3", "X4"}


def test_m_bias():
    assert list(adjustment_sets(M_BIAS, "X", "Y")) == [()]
    check = explain_adjustment(M_BIAS, "X", "Y", "Z")
    assert not check.valid
    assert check.opened == ("X <- U1 -> Z <- U2 -> Y",)
    assert check.reasons == ("Adjusting for {Z} opens, by a collider: X <- U1 -> Z <- U2 -> Y.",)


def test_a_descendant_of_a_mediator_is_forbidden():
    graph = CausalGraph(("X", "M", "Y", "D", "H"), (("X", "M"), ("M", "Y"), ("M", "D"), ("X", "H")))
    check = explain_adjustment(graph, "X", "Y", ("M", "D"))
    assert [name for name, _ in check.forbidden] == ["M", "D"]
    assert check.reasons[0].startswith("M lies on the causal path X -> M -> Y")
    assert check.reasons[1].startswith("D is an effect of M, which lies on a causal path")
    # An effect of the cause off every causal path does no harm, though the back-door criterion refuses it.
    assert is_adjustment_set(graph, "X", "Y", "H")
    assert not is_back_door_set(graph, "X", "Y", "H")


def test_joint_treatments():
    """Perkovic et al. (2018): each cause may confound the other without being adjusted for."""
    graph = CausalGraph(("A", "X1", "X2", "Y"), (("A", "X1"), ("A", "Y"), ("X1", "X2"), ("X2", "Y"), ("X1", "Y")))
    assert list(adjustment_sets(graph, ("X1", "X2"), "Y")) == [("A",)]
    assert list(adjustment_sets(graph, "X2", "Y")) == [("X1",)]


def test_hidden_causes_spoil_the_efficient_set():
    graph = CausalGraph(("X", "Y", "Z", "W"), (("Z", "X"), ("Z", "W"), ("W", "Y"), ("X", "Y")), (("W", "Y"),))
    found = efficient_adjustment_set(graph, "X", "Y")
    assert found is not None
    assert not found.optimal
    assert found.by == ("Z",)
    assert "hidden cause" in found.reason


def least_squares_variance(covariance, names, cause, effect, by):
    """The asymptotic variance of the coefficient of the cause (Henckel, Perkovic & Maathuis 2022, lemma 2)."""
    place = [names.index(name) for name in (cause, effect, *by)]
    inverse = np.linalg.inv(covariance[np.ix_(place, place)])
    free = [place[0], *place[2:]]
    return np.linalg.inv(covariance[np.ix_(free, free)])[0, 0] / inverse[1, 1]


def test_the_efficient_set_has_the_smallest_variance():
    rng, numbers = random.Random(1), np.random.default_rng(1)
    seen = [0, 0]
    for _ in range(1500):
        graph = random_graph(rng, 6, hidden=0.15)
        if len(graph.observed) < 3:
            continue
        cause, effect = rng.sample(graph.observed, 2)
        found = efficient_adjustment_set(graph, cause, effect)
        if found is None:
            continue
        covariance, _, _ = implied(graph, numbers)
        rest = [name for name in graph.observed if name not in (cause, effect)]
        valid = [by for by in subsets(rest) if is_adjustment_set(graph, cause, effect, by)]
        rivals = valid if found.optimal else list(adjustment_sets(graph, cause, effect))
        variances = [least_squares_variance(covariance, graph.variables, cause, effect, by) for by in rivals]
        mine = least_squares_variance(covariance, graph.variables, cause, effect, found.by)
        assert mine <= min(variances) + 1e-9
        seen[found.optimal] += len(rivals) > 1
    assert min(seen) > 5


def test_the_first_of_very_many_sets_comes_at_once():
    """A ladder of 30 rungs has 2^30 minimal sets."""
    rungs = range(30)
    names = ("X", "Y", *(f"A{i}" for i in rungs), *(f"B{i}" for i in rungs))
    edges = [(f"A{i}", "X") for i in rungs] + [(f"A{i}", f"B{i}") for i in rungs] + [(f"B{i}", "Y") for i in rungs]
    graph = CausalGraph(names, tuple(edges))
    first = list(islice(adjustment_sets(graph, "X", "Y"), 50))
    assert len(as_sets(first)) == 50
    assert all(len(by) == 30 and is_adjustment_set(graph, "X", "Y", by) for by in first)
    assert len(smallest_adjustment_set(graph, "X", "Y") or ()) == 30


def test_paths_are_listed_only_so_far():
    """A dense graph has more open paths than anyone can read."""
    names = tuple(f"V{i}" for i in range(40))
    graph = CausalGraph(names, tuple(combinations(names, 2)))
    found = confounding_paths(graph, "V20", "V39", most=5)
    assert len(found) == 5
    assert found[0] == "V20 <- V0 -> V39"


def test_a_long_way_round_is_found_among_very_many():
    """Twenty layers of two, all joined: a million open paths, none shorter than 21 steps."""
    layers = [("X",), *((f"A{i}", f"B{i}") for i in range(20)), ("Y",)]
    names = tuple(name for layer in layers for name in layer)
    edges = [(low, high) for high_layer, low_layer in pairwise(layers[:-1]) for high in high_layer for low in low_layer]
    graph = CausalGraph(names, (*edges, ("A19", "Y"), ("B19", "Y")))
    found = confounding_paths(graph, "X", "Y", most=5)
    assert len(set(found)) == 5
    assert {path.count(" ") for path in found} == {42}
    assert len(explain_adjustment(graph, "X", "Y", "A3").left_open) == 10


def test_a_smallest_cut_reroutes_paths():
    """Paths found first may stand in the way of the rest (Ford & Fulkerson 1956)."""
    rng = random.Random(2)
    for _ in range(60):
        n = rng.randint(6, 9)
        near = [0] * n
        for i, j in combinations(range(n), 2):
            if rng.random() < 0.4 and (i, j) != (0, 1):
                near[i] |= 1 << j
                near[j] |= 1 << i
        cuts = list(minimal_sets(near, 1, 2))
        found = smallest(near, 1, 2)
        assert found is not None
        assert found in cuts
        assert found.bit_count() == min(c.bit_count() for c in cuts)
        assert set(members(found)) <= set(range(2, n))


def test_bad_questions():
    with pytest.raises(InvalidQuery, match="'U1' is hidden in this graph"):
        is_adjustment_set(M_BIAS, "X", "Y", "U1")
    with pytest.raises(InvalidQuery, match="'U2' is hidden"):
        adjustment_sets(M_BIAS, "X", "U2")
    with pytest.raises(InvalidQuery, match="is on both sides"):
        is_adjustment_set(CONFOUNDED, "X", ("X", "Y"))
    with pytest.raises(InvalidQuery, match="No cause is named"):
        smallest_adjustment_set(CONFOUNDED, (), "Y")
    with pytest.raises(UnknownName, match="'Q'"):
        explain_adjustment(CONFOUNDED, "X", "Y", "Q")
