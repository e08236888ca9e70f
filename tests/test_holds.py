"""Claims about graphs and classes, beside their definitions read off every path and every member."""

import itertools
import random

import pytest

from scm import (
    Adjusts,
    CausalClaim,
    CausalGraph,
    Claim,
    Independence,
    InvalidQuery,
    Relation,
    UnknownName,
    equivalence_class,
    holds,
)
from tests.graphs import below, is_open, paths, random_graph, separated_by_paths, subsets

RELATIONS: tuple[Relation, ...] = ("direct cause", "indirect cause", "cause", "common cause", "common effect")


def with_causes_drawn(graph):
    """The graph with a variable for every hidden common cause."""
    drawn = [(f"U{i}", a, b) for i, (a, b) in enumerate(graph.confounded)]
    return CausalGraph(
        (*graph.variables, *(u for u, _, _ in drawn)),
        (*graph.edges, *((u, end) for u, a, b in drawn for end in (a, b))),
    )


def directed_paths(graph, a, b):
    return [
        [name for _, name, _ in path]
        for path in paths(graph, a, b)
        if all((left, entered) == ("tail", "head") for left, _, entered in path)
    ]


def claimed(graph, relation, a, b):
    """Whether a claim about causes is true, by every path."""
    graph = with_causes_drawn(graph)
    match relation:
        case "direct cause":
            return (a, b) in graph.edges
        case "indirect cause":
            return any(len(path) > 1 for path in directed_paths(graph, a, b))
        case "cause":
            return bool(directed_paths(graph, a, b))
    for c in set(graph.variables) - {a, b}:
        first, second = ((c, a), (c, b)) if relation == "common cause" else ((a, c), (b, c))
        if any(b not in path for path in directed_paths(graph, *first)) and any(
            a not in path for path in directed_paths(graph, *second)
        ):
            return True
    return False


def adjusts(graph, cause, effect, by):
    """The adjustment criterion, word for word (Shpitser, VanderWeele & Robins 2010, definition 5)."""
    causal = directed_paths(graph, cause, effect)
    on_path = {name for path in causal for name in path}
    if any(below(graph, name) & set(by) for name in on_path):
        return False
    return not any(
        is_open(graph, path, set(by))
        for path in paths(graph, cause, effect)
        if not all((left, entered) == ("tail", "head") for left, _, entered in path)
    )


def test_claims_about_random_graphs():
    rng = random.Random("claims")
    for _ in range(400):
        graph = random_graph(rng, 5)
        for a, b in itertools.permutations(graph.variables, 2):
            for relation in RELATIONS:
                expected = "all" if claimed(graph, relation, a, b) else "none"
                assert holds(graph, CausalClaim(relation, a, b)) == expected, (graph, relation, a, b)


def test_adjustment_in_random_graphs():
    rng = random.Random("adjusts")
    seen = {"all": 0, "none": 0}
    for _ in range(500):
        graph = random_graph(rng, 6)
        a, b, *rest = rng.sample(graph.variables, len(graph.variables))
        for by in subsets(rest):
            expected = "all" if adjusts(graph, a, b, by) else "none"
            assert holds(graph, Adjusts(a, b, by)) == expected, (graph, a, b, by)
            seen[expected] += 1
    assert min(seen.values()) > 500


def test_claims_about_classes():
    rng = random.Random("classes")
    seen = {"all": 0, "some": 0, "none": 0}
    for _ in range(120):
        graph = random_graph(rng, 5, confounded=False)
        found = equivalence_class(graph)
        members = list(found.members())
        for a, b in itertools.permutations(graph.variables, 2):
            by = tuple(v for v in graph.variables if v not in (a, b) and rng.random() < 0.4)
            answers: dict[Relation, list[bool]] = {
                relation: [claimed(m, relation, a, b) for m in members] for relation in RELATIONS
            }
            claims: dict[Claim, list[bool]] = {CausalClaim(relation, a, b): true for relation, true in answers.items()}
            claims[Adjusts(a, b, by)] = [adjusts(m, a, b, by) for m in members]
            claims[Independence(a, b, by)] = [separated_by_paths(m, {a}, {b}, set(by)) for m in members]
            for claim, true in claims.items():
                expected = "all" if all(true) else "some" if any(true) else "none"
                assert holds(found, claim) == expected, (graph, claim)
                seen[expected] += 1
    assert min(seen.values()) > 200


def test_a_hidden_common_cause_is_a_common_cause():
    graph = CausalGraph(("A", "B", "C"), (("B", "C"),), (("A", "B"),))
    assert holds(graph, CausalClaim("common cause", "A", "B")) == "all"
    assert holds(graph, CausalClaim("common cause", "A", "C")) == "all"
    assert holds(graph, CausalClaim("common cause", "B", "C")) == "none"


def test_m_bias():
    """Adjusting for nothing is right, for the collider it is not (Pearl 2009, section 3.3.1; M-bias)."""
    graph = CausalGraph(("U1", "U2", "X", "Y", "Z"), (("U1", "Z"), ("U2", "Z"), ("U1", "X"), ("U2", "Y"), ("X", "Y")))
    assert holds(graph, Adjusts("X", "Y")) == "all"
    assert holds(graph, Adjusts("X", "Y", ("Z",))) == "none"
    assert holds(graph, Adjusts("X", "Y", ("Z", "U1"))) == "all"


def test_bad_claims():
    graph = CausalGraph(("A", "B"), (("A", "B"),))
    with pytest.raises(UnknownName, match="The claim speaks of 'C'"):
        holds(graph, CausalClaim("cause", "A", "C"))
    with pytest.raises(InvalidQuery, match="'A' on two sides"):
        holds(graph, Independence("A", "B", ("A",)))
    with pytest.raises(InvalidQuery, match="'A' on two sides"):
        holds(graph, CausalClaim("cause", "A", "A"))
