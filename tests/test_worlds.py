"""Worlds: which instances a question needs, what merges, what is dropped, and which rung that leaves."""

import re

import pytest

import scm
from scm import CausalGraph, Const, Var, build_worlds, parse_query

CHAIN = CausalGraph(("Z", "X", "M", "Y"), (("Z", "X"), ("X", "M"), ("M", "Y"), ("X", "Y"), ("Z", "Y")))
POLICY = scm.Model(
    scm.Variable("Z", noise=scm.Bernoulli(0.5)),
    scm.Variable("X", equation="Z"),
    scm.Variable("Y", equation="X and u_Y", noise=scm.Bernoulli(0.25)),
)


def term(text: str) -> Var:
    """The one term that a text asks for."""
    query = parse_query(f"P({text})")
    assert isinstance(query, scm.Distribution)
    return query.of[0]


def built(*asked: str, **facts: int) -> scm.Worlds:
    """The worlds of some terms, given values of factual variables."""
    return build_worlds(CHAIN, [term(text) for text in asked], [(Var(name), Const(x)) for name, x in facts.items()])


def variables(worlds: scm.Worlds) -> list[str]:
    return sorted(instance.variable for instance in worlds.instances)


def test_assignments_that_cannot_matter_are_dropped() -> None:
    plain, imposed = built("X"), built("X[Y=1, M=0]")
    assert imposed.instances == plain.instances
    assert imposed.terms[term("X[Y=1, M=0]")] == plain.terms[Var("X")]
    # X=1 hides Z from X itself, but not from Y.
    assert built("M[X=1, Z=0]").instances == built("M[X=1]").instances
    assert built("Y[X=1, Z=0]").instances != built("Y[X=1]").instances


def test_equal_instances_are_one() -> None:
    worlds = built("Y", "Y[X=1]", "Y[M=1]")
    assert variables(worlds) == ["M", "M", "X", "Y", "Y", "Y", "Z"]
    assert worlds.of_variable("Z") == (0,)


def test_what_is_imposed_is_its_value() -> None:
    worlds = built("X[X=1]", "M[X=1]")
    assert worlds.terms[term("X[X=1]")] == Const(1)
    assert variables(worlds) == ["M"]
    assert worlds.instances[0].slots == (("X", Const(1)),)


def test_imposing_what_was_observed_changes_nothing() -> None:
    worlds = built("Y[X=1]", "Y", X=1)
    assert worlds.terms[term("Y[X=1]")] == worlds.terms[Var("Y")]
    assert len(worlds.of_variable("Y")) == 1
    assert len(built("Y[X=1]", "Y", X=0).of_variable("Y")) == 2


def test_facts_that_clash_are_impossible() -> None:
    assert built("Y", X=1).impossible is False
    clash = build_worlds(CHAIN, [], [(term("M[X=1]"), Const(1)), (term("M[X=1, Y=0]"), Const(0))])
    assert clash.impossible
    assert build_worlds(CHAIN, [], [(term("X[X=1]"), Const(0))]).impossible


def test_a_nested_term_keeps_its_own_world() -> None:
    worlds = built("Y[X=1, M=M[X=0]]")
    y = worlds.instances[worlds.of_variable("Y")[0]]
    m = worlds.instances[worlds.of_variable("M")[0]]
    slots = dict(y.slots)
    assert slots["X"] == Const(1)
    assert slots["M"] == worlds.of_variable("M")[0]
    assert m.slots == (("X", Const(0)),)
    # M as it would be anyway under X=1 is M itself.
    assert built("Y[X=1, M=M[X=1]]").instances == built("Y[X=1]").instances


def test_an_edge_carries_its_value_alone() -> None:
    worlds = built("Y[X=1, X->M=0]")
    assert dict(worlds.instances[worlds.of_variable("M")[0]].slots) == {"X": Const(0)}
    assert dict(worlds.instances[worlds.of_variable("Y")[0]].slots)["X"] == Const(1)
    assert worlds.instances == built("Y[X=1, M=M[X=0]]").instances


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("P(Y[X := not Z] = 1)", 0.125),
        ("P(Y[X := X or Z] = 1)", 0.125),
        ("P(X[X := not X] = 1 | Z = 0)", 1.0),
        ("P(Y[X ~ {False: 0.2, True: 0.8}] = 1)", 0.2),
        ("P(Y[X ~ {True: 1} if Z else {True: 0.5, False: 0.5}] = 1)", 0.1875),
    ],
)
def test_policies(text: str, value: float) -> None:
    assert scm.ask(POLICY, text).value == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Y[X := Y]", scm.InvalidQuery, "X := Y reads 'Y', which 'X' affects: the policy would go in a circle"),
        ("Y[X ~ {0: 1} if M = 1 else {1: 1}]", scm.InvalidQuery, "reads 'M', which 'X' affects"),
        ("Y[X->M := M]", scm.InvalidQuery, "reads 'M', which 'M' affects"),
        ("Y[X := Z[X=1]]", scm.InvalidQuery, "a policy reads variables of its own world, without subscripts"),
        ("Y[M->X=1]", scm.InvalidQuery, "M->X=1 needs an edge M -> X; the causes of 'X' are 'Z'"),
        ("Y[X=1, M=M[W=0]]", scm.UnknownName, "speaks of 'W'"),
        ("W[X=1]", scm.UnknownName, "speaks of 'W'"),
    ],
)
def test_a_world_that_cannot_be_made_is_refused(text: str, kind: type[scm.ScmError], words: str) -> None:
    with pytest.raises(kind, match=re.escape(words)):
        built(text)


@pytest.mark.parametrize(
    ("text", "rung"),
    [
        ("P(Y=1)", 1),
        ("P(Y=1 | X=1, Z=0)", 1),
        ("P(Y[Y=1] = 1)", 1),
        ("P(X[Y=1] = 1 | Z=0)", 1),
        ("P(Z[X=1] = 1 | M=1)", 1),
        ("P(Y=1 | do(X=1))", 2),
        ("P(Y=1 | do(X=1), M=1)", 2),
        ("P(Y[X=1]=1 | Z=1)", 2),
        ("P(Y[X=1, Y=0] = 0, M[X=1] = 1)", 2),
        ("P(Y[X := not Z] = 1)", 2),
        ("P(Y[X ~ {0: 0.5, 1: 0.5}] = 1)", 2),
        ("P(Y[X=1] = 1 | X=0)", 3),
        ("P(Y[X=1] > Y[X=0])", 3),
        ("P(Y[X=1, M=M[X=0]] = 1)", 3),
        ("P(Y[X->M=1] = 1)", 3),
        ("P(Y[X := not X] = 1)", 3),
        ("P(Y[X=1] = 1 | M=1)", 3),
    ],
)
def test_the_rung_of_a_query(text: str, rung: int) -> None:
    query = parse_query(text)
    assert isinstance(query, scm.Probability)
    parts = [query.event] if query.given is None else [query.event, query.given]
    assert scm.rung(CHAIN, parts) == rung


def test_the_order_of_variables_breaks_ties_as_declared() -> None:
    graph = CausalGraph(("C", "A", "B", "D", "E"), (("E", "C"), ("E", "B"), ("E", "D"), ("C", "D")))
    assert graph.order == ("A", "E", "C", "B", "D")
