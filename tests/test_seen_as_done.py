"""Stated conditionals that may be imposed: equal in every model, and ends that no impossible condition gives away."""

from __future__ import annotations

import itertools
import random

import pytest

from scm import CausalGraph, Model, Probability, Study, Variable, ask, independent, parse_query, statement
from scm.bounds._seen_as_done import as_done

CHAIN = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("X", "Y")), (("X", "Y"),))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("P(Y=1 | Z=0)", "P(Y[Z=0]=1)"),
        ("P(Y=1, X=1 | Z=0)", "P(Y[Z=0]=1, X[Z=0]=1)"),
        ("P(Y=1 | X=1, Z=0)", "P(Y[Z=0]=1 | X[Z=0]=1)"),  # X is confounded, Z is not
        ("P(Y=1 | X=1)", "P(Y=1 | X=1)"),
        ("P(Z=1 | X=1)", "P(Z=1 | X=1)"),
        ("P(X=1 | Y=1, Z=0)", "P(X[Z=0]=1 | Y[Z=0]=1)"),
        ("P(Z=1)", "P(Z=1)"),
        ("P(Y[X=1]=1 | Z=0)", "P(Y[X=1]=1 | Z=0)"),  # of another world: left as it is
        ("E[Y | Z=0] - E[Y | Z=1]", "E[Y[Z=0]] - E[Y[Z=1]]"),
        ("P(Y=1 | Z=0 or Z=1)", "P(Y=1 | Z=0 or Z=1)"),
    ],
)
def test_what_is_imposed(query: str, found: str):
    assert as_done(CHAIN, parse_query(query)) == parse_query(found)


def _model(rng: random.Random, hidden: int) -> tuple[Model, CausalGraph]:
    """Four binary variables and hidden binary causes of pairs, with random arrows and tables."""
    names = ["A", "B", "C", "D"]
    edges = [(a, b) for a, b in itertools.combinations(names, 2) if rng.random() < 0.6]
    pairs = rng.sample(list(itertools.combinations(names, 2)), hidden)
    arrows = edges + [(f"U{k}", name) for k, pair in enumerate(pairs) for name in pair]
    variables: list[Variable] = []
    for name in [*(f"U{k}" for k in range(hidden)), *names]:
        parents = tuple(a for a, b in arrows if b == name)
        rows = {key: rng.uniform(0.1, 0.9) for key in itertools.product((0, 1), repeat=len(parents))}
        table = {key if len(key) > 1 else key[0] if key else (): (1 - p, p) for key, p in rows.items()}
        variables.append(Variable(name, (0, 1), parents=parents, table=table))
    return Model(*variables), CausalGraph(tuple(names), tuple(edges), tuple(pairs))


def test_both_are_equal_in_every_model():
    moved = 0
    for seed in range(60):
        rng = random.Random(f"done {seed}")
        model, graph = _model(rng, rng.randrange(3))
        event, *given = rng.sample(["A", "B", "C", "D"], rng.choice([2, 3, 4]))
        text = f"P({event}=1 | {', '.join(f'{name}={rng.randrange(2)}' for name in given)})"
        query = parse_query(text)
        assert isinstance(query, Probability)
        other = as_done(graph, query)
        moved += other != query
        first, second = (ask(model, q, assume=independent).value for q in (query, other))
        assert first == pytest.approx(second, abs=1e-12), (seed, text, str(other))
    assert moved > 20


def test_a_condition_that_is_stated_about_is_not_taken_to_be_impossible():
    """The bounds of a trial with one-sided non-compliance, of which only margins are printed, by hand."""
    said = ("P(X=1 | Z=0) = 0", "P(X=1 | Z=1) = 0.61", "P(Y=1 | Z=0) = 0.005", "P(Y=1 | Z=1) = 0.48")
    answer = ask(Study(CHAIN, *map(statement, said)), "P(Y[X=1]=1) - P(Y[X=0]=1)")
    assert answer.finding == "bounds"
    assert answer.interval is not None
    # With Z=0 nobody takes X, so P(Y[X=0]=1) = 0.005. Of Y=1 and X=0 among Z=1 there is at most that, so that Y=1 and
    # X=1 have 0.475 to 0.48 there; the 0.39 who do not take it may all recover with it, or none.
    ends = float(answer.interval.outer_lower), float(answer.interval.outer_upper)
    assert ends == pytest.approx((0.475 - 0.005, 0.48 + 0.39 - 0.005), abs=1e-9)
    assert answer.interval.sharp
