"""Identification: verdicts from the literature, and formulas against enumeration of random models."""

from __future__ import annotations

import importlib
import itertools
import json
import warnings
from typing import Any

import numpy as np
import pytest

from scm import (
    Available,
    CausalGraph,
    Conflict,
    Const,
    Distribution,
    Hedge,
    InvalidFile,
    InvalidGraph,
    InvalidModel,
    InvalidQuery,
    JointLaws,
    KnownLaw,
    Op,
    Probability,
    Sample,
    Set,
    UnknownName,
    Var,
    adjustment_sets,
    check_estimand,
    conjunction,
    equivalence_class,
    estimand_latex,
    evaluate_estimand,
    graph_from_text,
    graph_to_text,
    holds,
    identify,
    implied_independences,
    latent_projection,
    parse_claim,
    parse_query,
    print_estimand,
    separated,
    simplify,
    two_models,
    world,
)
from scm._estimand import Index, Law, Linear
from scm._estimand_canonical import apart
from scm._estimand_parse import parse_estimand
from scm.identify import identify_general

from .identification import Laws, RandomModel, graph_of, random_graph, random_query, random_world

EFFECT = "P(Y=1 | do(X=1))"
PEARL, TIAN = "Pearl (2009), Causality, figure 3.8", "Tian & Pearl (2002)"
SP08 = "Shpitser & Pearl (2008), Complete identification methods"

IDENTIFIED = {
    "3.8 a": ("X -> Y", EFFECT, PEARL),
    "3.8 b": ("X -> Y, X -> Z -> Y, Y <-> Z", EFFECT, PEARL),
    "3.8 c": ("Z -> X -> Y, Z -> Y, X <-> Z", EFFECT, PEARL),
    "3.8 d": ("Z -> X -> Y, Z -> Y, Y <-> Z", EFFECT, PEARL),
    "3.8 e, front door": ("X -> Z -> Y, X <-> Y", EFFECT, PEARL),
    "3.8 f": ("X -> A -> B -> Y, X -> Y, A -> Y, X <-> B, A <-> Y", EFFECT, PEARL),
    "3.8 g": ("B -> X -> A -> Y, B -> A, B -> C -> Y, B <-> X, B <-> Y, X <-> C, X <-> Y", EFFECT, PEARL),
    "napkin": ("W -> R -> X -> Y, W <-> X, W <-> Y", EFFECT, "Pearl & Mackenzie (2018), the napkin problem"),
    "Verma": ("A -> B -> X -> Y, B <-> Y", EFFECT, "Verma & Pearl (1990)"),
    "M-bias": ("X -> Y, X <-> Z, Z <-> Y", EFFECT, "Greenland, Pearl & Robins (1999)"),
    "two treatments": ("X -> Z -> T -> Y, X -> Y, Z <-> Y", "P(Y=1 | do(X=1, T=0))", "Pearl & Robins (1995)"),
    "two effects": ("W -> X -> Y, V -> T, W <-> V, W <-> Y, W <-> T, X <-> V", "P(Y=1, T=1 | do(X=1))", SP08),
    "conditional": ("X -> Z -> Y, X <-> Y", "P(Y=1 | do(X=1), Z=0)", "Shpitser & Pearl (2006b)"),
    "treated": ("Z -> X -> Y, Z -> Y", "P(Y[X=1]=1 | X=0)", "Shpitser & Pearl (2009), ETT"),
    "treated, front door": ("X -> Z -> Y, X <-> Y", "P(Y[X=1]=1 | X=0)", "Shpitser & Pearl (2009)"),
    "consistency": ("X -> Y, X <-> Y", "P(Y[X=1]=1, X=1)", "Galles & Pearl (1998)"),
    "consistency, given": ("X -> Y, X <-> Y", "P(Y[X=1]=1 | X=1)", "Galles & Pearl (1998)"),
    "natural direct": ("X -> M -> Y, X -> Y", "E[Y[X=1, M=M[X=0]]] - E[Y[X=0]]", "Pearl (2001)"),
    "natural indirect": ("C -> M, C -> Y, X -> M -> Y, X -> Y", "E[Y[X=0, M=M[X=1]]] - E[Y[X=0]]", "Pearl (2001)"),
    "edge": ("X -> M -> Y, X -> Y", "P(Y[X->M=1]=1)", "Avin, Shpitser & Pearl (2005)"),
    "certain": ("A -> B", "P(A=0, B[A=0]=1 | B[A=0]=1, B[A=1]=1)", "by consistency A=0 with B=1 is A=0 with B[A=0]=1"),
}  # fmt: skip

BOW = "Pearl (2009), Causality, figure 3.9 (a)"
NOT_IDENTIFIED = {
    "bow": ("X -> Y, X <-> Y", EFFECT, Hedge, BOW),
    "instrument": ("Z -> X -> Y, X <-> Y", EFFECT, Hedge, "Pearl (2009), Causality, section 3.5"),
    "bow before a mediator": ("X -> Z -> Y, X <-> Z", EFFECT, Hedge, TIAN),
    "arc over an arc": ("X -> Z -> Y, X <-> Y, Z <-> Y", EFFECT, Hedge, TIAN),
    "both arcs": ("Z -> X -> Y, Z -> Y, X <-> Z, Z <-> Y", EFFECT, Hedge, TIAN),
    "two effects": ("W -> X -> Y, V -> T, W <-> V, W <-> Y, W <-> T, X <-> V, W -> V",
                    "P(Y=1, T=1 | do(X=1))", Hedge, SP08),
    "treated": ("X -> Y, X <-> Y", "P(Y[X=1]=1 | X=0)", Conflict, "Shpitser & Pearl (2009)"),
    "PNS": ("X -> Y", "P(Y[X=1]=1, Y[X=0]=0)", Conflict, "Pearl (1999); Tian & Pearl (2000)"),
    "PN": ("X -> Y", "P(Y[X=0]=0 | X=1, Y=1)", Conflict, "Pearl (1999); Tian & Pearl (2000)"),
    "PS": ("X -> Y", "P(Y[X=1]=1 | X=0, Y=0)", Conflict, "Pearl (1999); Tian & Pearl (2000)"),
    "witness": ("X -> W -> M -> Y, W -> Y, X -> Y", "E[Y[X=1, M=M[X=0]]]", Conflict, "Avin, Shpitser & Pearl (2005)"),
    "district": ("X -> M -> Y, X -> Y, M <-> Y", "E[Y[X=1, M=M[X=0]]]", Conflict, "Shpitser (2013)"),
}  # fmt: skip


def worth(found, model, available=()):
    """The estimand on a model, with the law of what is seen unless other laws are available."""
    laws = {a.name: (a.variables, a.do) for a in available} or {"": (model.graph.observed, ())}
    return Laws(model, laws).worth(found)


def agrees(found, model, available=()):
    """Whether the estimand is the truth; a condition of probability zero has none."""
    truth = model.truth(found.query)
    return np.isnan(truth).any() or np.allclose(worth(found, model, available), truth, atol=1e-9, rtol=0)


@pytest.mark.parametrize("name", IDENTIFIED)
def test_identified_in_the_literature(name):
    text, query, _ = IDENTIFIED[name]
    graph = graph_of(text)
    for routine in (identify, identify_general):
        found = routine(graph, query)
        assert found.identified
        assert found.obstacle is None
        for seed in range(3):
            assert agrees(found, RandomModel(graph, np.random.default_rng(seed), answers=4))


@pytest.mark.parametrize("name", NOT_IDENTIFIED)
def test_not_identified_in_the_literature(name):
    text, query, obstacle, _ = NOT_IDENTIFIED[name]
    found = identify(graph_of(text), query)
    assert not found.identified
    assert isinstance(found.obstacle, obstacle)
    assert found.obstacle is not None
    assert found.obstacle.explanation in " ".join(found.to_text().split())


def test_obstacles_have_their_names():
    def kind(name):
        obstacle = identify(graph_of(NOT_IDENTIFIED[name][0]), NOT_IDENTIFIED[name][1]).obstacle
        assert isinstance(obstacle, Conflict)
        return obstacle.kind

    assert kind("PNS") == kind("PN") == kind("PS") == kind("treated") == "inconsistent pair"
    assert kind("witness") == "recanting witness"
    assert kind("district") == "recanting district"
    pair = identify(graph_of("X -> Y"), "P(Y[X=1]=1, Y[X=0]=0)").obstacle
    assert pair == Conflict("inconsistent pair", "Y", "Y[X=1] = 1", "Y[X=0] = 0", ("Y",))
    bow = identify(graph_of("X -> Y, X <-> Y"), EFFECT).obstacle
    assert bow == Hedge(("X", "Y"), ("Y",), ("Y",), ("X",))


def test_the_napkin_is_no_conditional():
    """Ratios, and never P(Y | X) (y0 issue 404 prints that)."""
    graph = graph_of("W -> R -> X -> Y, W <-> X, W <-> Y")
    found = identify(graph, EFFECT)
    assert found.method == "ID"
    inner = "[sum_w P(W=w) P(X=1, Y=1 | R=r, W=w)] / [sum_w' P(W=w') P(X=1 | R=r, W=w')]"
    assert found.estimand == parse_estimand(f"sum_r P(R=r) [{inner}]")
    gaps: list[float] = []
    for seed in range(5):
        model = RandomModel(graph, np.random.default_rng(seed), answers=6)
        assert agrees(found, model)
        law = model.law(("X", "Y"))
        gaps.append(abs(worth(found, model) - law[1, 1] / law[1].sum()))
    assert max(gaps) > 1e-4


@pytest.mark.parametrize("block", range(8))
def test_random_queries_on_every_rung(block):
    """What is identified is the truth: several worlds, nesting, edges, conditions, joint events, distributions."""
    identified = 0
    for seed in range(block * 60, block * 60 + 60):
        rng = np.random.default_rng(seed)
        graph = random_graph(rng, int(rng.integers(2, 7)), rng.uniform(0.2, 0.7), rng.uniform(0.05, 0.4))
        query = random_query(rng, graph)
        if len(graph.confounded) > 6:
            continue
        try:
            found = identify_general(graph, query)
        except InvalidQuery:
            continue  # the condition contradicts itself
        assert found.identified == (found.obstacle is None)
        if found.identified:
            identified += 1
            assert agrees(found, RandomModel(graph, rng)), (seed, graph, str(query))
    assert identified > 20


@pytest.mark.parametrize("block", range(4))
def test_random_effects(block):
    """One world: several treatments, outcomes and conditions; three states now and then."""
    for seed in range(block * 40, block * 40 + 40):
        rng = np.random.default_rng([7, seed])
        graph = random_graph(rng, int(rng.integers(3, 7)), rng.uniform(0.2, 0.7), rng.uniform(0.05, 0.5))
        names = [str(n) for n in rng.permutation(graph.variables)]
        cut = sorted(int(k) for k in rng.integers(1, len(names), size=2))
        do = world(*(Set(n, Const(1)) for n in names[1 : cut[0]]))
        given = [Op("=", (Var(n, do), Const(0))) for n in names[cut[0] + 1 : cut[1]]]
        query = Distribution((Var(names[0], do),), conjunction(*given) if given else None)
        found = identify_general(graph, query)
        if found.identified and len(graph.confounded) < 7:
            states = 3 if len(names) < 5 and len(graph.confounded) < 4 else 2
            assert agrees(found, RandomModel(graph, rng, states)), (seed, graph, str(query))


@pytest.mark.parametrize("whole", [True, False])
def test_random_experiments(whole):
    """Experiments, with and without all variables measured: what is found is the truth."""
    helped = 0
    for seed in range(150):
        rng = np.random.default_rng([9, seed])
        graph = random_graph(rng, int(rng.integers(2, 6)), rng.uniform(0.3, 0.7), rng.uniform(0.1, 0.6))
        query = random_query(rng, graph)
        available = [Available(graph.variables)] if rng.random() < 0.7 else []
        for k in range(rng.integers(0 if available else 1, 3)):
            do = [str(n) for n in rng.permutation(graph.variables)[:1]]
            seen = tuple(n for n in graph.variables if n not in do and (whole or rng.random() < 0.7))
            available.append(Available(seen, tuple(do), f"trial {k}"))
        try:
            found = identify(graph, query, available)
        except InvalidQuery:
            continue
        if found.identified:
            assert agrees(found, RandomModel(graph, rng), available), (seed, graph, str(query), available)
            helped += found.method == "g-ID"
    assert helped > 5


def test_all_effects_of_one_cause():
    """P(everything else | do(x)) is identified where no child of X is in its district, and only there.

    Tian & Pearl (2002).
    """
    seen = set()
    for seed in range(150):
        rng = np.random.default_rng([3, seed])
        graph = random_graph(rng, int(rng.integers(2, 8)), 0.4, 0.3)
        cause, *others = (str(n) for n in rng.permutation(graph.variables))
        district = {cause}
        for _ in graph.variables:
            district |= {b for pair in graph.confounded for b in pair if district & set(pair)}
        expected = not any(a == cause and b in district for a, b in graph.edges)
        do = (Set(cause, Const(1)),)
        assert identify(graph, Distribution(tuple(Var(n, do) for n in others))).identified == expected
        seen.add(expected)
    assert seen == {True, False}


def test_experiments_of_the_literature():
    """Bareinboim & Pearl (2012), figure 1: an experiment on Z where X cannot be set."""
    trial = Available(("X", "Y"), ("Z",), "trial")
    graph = graph_of("Z -> X -> Y, X <-> Z, Z <-> Y")
    assert not identify(graph, EFFECT).identified
    available = (Available(graph.variables), trial)
    found = identify(graph, EFFECT, available)
    assert found.method == "g-ID"
    assert agrees(found, RandomModel(graph, np.random.default_rng(0)), available)
    for text in ("Z -> X -> Y, X <-> Y, Z <-> Y", "X -> Y, Z -> Y, X <-> Z, Z <-> Y"):
        graph = graph_of(text)
        assert isinstance(identify(graph, EFFECT, (Available(graph.variables), trial)).obstacle, Hedge)
    bow = graph_of("Z -> X -> Y, X <-> Y, Z <-> Y")
    direct = identify(bow, EFFECT, Available(("Z", "Y"), ("X",), "on X"))
    assert direct.estimand == Law((("Y", Const(1)),), (), (("X", Const(1)),), "on X")


def test_what_no_law_shows():
    graph = graph_of("X -> Y, X <-> Y")
    found = identify(graph, "P(X=1)", Available(("Y",), ("X",), "trial"))
    assert found.obstacle == Hedge(("X",), ("X",), ("X",), ())
    assert "every available law imposes" in found.to_text()
    unmeasured = identify(graph, "P(Y=1)", Available(("X",)))
    assert not unmeasured.identified
    assert unmeasured.obstacle is None
    assert "not decided" in unmeasured.to_text()


def test_hidden_variables_are_projected_away():
    """M-bias and the bow with their hidden causes drawn."""
    hidden = CausalGraph(("U", "X", "Y"), (("U", "X"), ("U", "Y"), ("X", "Y")), (), ("U",))
    assert identify(hidden, EFFECT).obstacle == Hedge(("X", "Y"), ("Y",), ("Y",), ("X",))
    bias = graph_of("A -> X, A -> Z, B -> Z, B -> Y, X -> Y", hidden=("A", "B"))
    assert identify(bias, EFFECT).estimand == parse_estimand("P(Y=1 | X=1)")
    mediator = graph_of("X -> H -> Y, X -> Y", hidden=("H",))
    assert identify(mediator, EFFECT).identified
    beside = identify(mediator, "P(Y[X->Y=1]=1)").obstacle
    assert isinstance(beside, Conflict)
    assert beside.kind == "recanting witness"


def test_policies():
    """A policy is a known factor: interventions that read variables, and laws that are drawn afresh."""
    graph = graph_of("Z -> X -> Y, Z -> Y")
    model = RandomModel(graph, np.random.default_rng(2))
    assert agrees(identify(graph, "P(Y[X:=Z]=1)"), model)
    assert agrees(identify(graph, "P(Y[X:=1 - Z]=1 | Z=1)"), model)
    drawn = worth(identify(graph, "P(Y[X ~ {0: 0.3, 1: 0.7}]=1)"), model)
    parts = [model.truth(parse_query(f"P(Y[X={x}]=1)")) for x in (0, 1)]
    assert drawn == pytest.approx(0.3 * parts[0] + 0.7 * parts[1], abs=1e-12)
    assert not identify(graph_of("X -> Y, X <-> Y"), "P(Y[X ~ {0: 0.3, 1: 0.7}]=1)").identified


def test_values():
    graph = graph_of("Z -> X -> Y, Z -> Y")
    assert identify(graph, "P(Y=?y | do(X=?x))").identified
    assert identify(graph_of("X -> Y, X <-> Y"), "P(Y[X=?x]=1 | X=?x)").identified
    assert not identify(graph_of("X -> Y, X <-> Y"), "P(Y[X=?x]=1 | X=1)").identified
    assert identify(graph, "P(Y=high | do(X=low))").identified
    impossible = identify(graph, "P(Y=?y, Y=1)")
    assert any("Placeholders" in a.text for a in impossible.assumptions)
    assert identify_general(graph_of("X -> Y, X <-> Y"), "E[X[X=0] * Y[X=0]]").estimand == Linear(())
    difference = identify(graph, "E[2*Y[X=1] - Y[X=0] + 3 | Z=1]")
    assert agrees(difference, RandomModel(graph, np.random.default_rng(5)))


def test_axes():
    graph = graph_of("Z -> X -> Y, Z -> Y")
    found = identify_general(graph, "P(Y[X=1], X, Y[X=1] | Z=1)")
    model = RandomModel(graph, np.random.default_rng(3))
    assert worth(found, model).shape == (2, 2, 2)
    assert agrees(found, model)
    assert agrees(identify(graph, "P(Y[X=1]) - P(Y[X=0])"), model)
    with pytest.raises(InvalidQuery, match="same variables"):
        identify_general(graph, "P(Y[X=1]) - P(X)")


@pytest.mark.parametrize(
    ("query", "available", "error", "match"),
    [
        ("P(Y=1 | do(W=1))", None, UnknownName, "'W'"),
        ("P(Z=1 | do(X=1))", None, InvalidQuery, "'Z', which is hidden"),
        ("P(Y=1 | do(Z=1))", None, InvalidQuery, "'Z', which is hidden"),
        ("P(Y=1 | X=1, X=0)", None, InvalidQuery, "contradicts itself"),
        ("P(Y[X=1]=1 | X[X=0]=1)", None, InvalidQuery, "contradicts itself"),
        ("P(Y[X ~ policy]=1)", None, InvalidQuery, "policy"),
        (EFFECT, Available(("Z", "Y")), InvalidQuery, "hidden"),
        (EFFECT, Available(("Y",), ("X",)), InvalidQuery, "needs a name"),
        (EFFECT, Available(("X", "Y"), ("X",), "t"), InvalidQuery, "both measures and imposes"),
        (EFFECT, (Available(("X",), (), "t"), Available(("Y",), (), "t")), InvalidQuery, "called 't'"),
        (EFFECT, Available(("X", "Q")), UnknownName, "'Q'"),
        (EFFECT, (), InvalidQuery, "No available law measures anything"),
        (EFFECT, Available((), ("X",), "t"), InvalidQuery, "leave `available` out"),
    ],
)  # fmt: skip
def test_refusals(query, available, error, match):
    with pytest.raises(error, match=match):
        identify(graph_of("Z -> X -> Y, Z -> Y", hidden=("Z",)), query, available)


def test_reports():
    graph = graph_of("X -> M -> Y, X -> Y, W -> X, W -> Y")
    for query in (EFFECT, "P(Y[X=1]=1 | X=0)", "E[Y[X=1, M=M[X=0]]] - E[Y[X=0]]", "P(Y[X=1]=1, Y[X=0]=0)"):
        found = identify_general(graph, query)
        data = json.loads(json.dumps(found.to_json()))
        assert data["identified"] == found.identified
        if found.estimand is not None:
            assert parse_estimand(data["estimand"]) == found.estimand
            assert len(found.derivation) == len(data["derivation"]) > 0
            assert found.derivation == tuple(found.derivation)
            assert all(step.claim and step.reason for step in found.derivation)
            assert found.to_text().count("because") == len(found.derivation)
        else:
            assert data["obstacle"]["kind"] == "inconsistent pair"
        assert found.to_latex()


def test_links_are_kept_where_the_worlds_need_them():
    """Without M, A would be a cause of Y, and the district {B, Y} would need it at two values."""
    graph = graph_of("A -> B, A -> M, M -> Y, B <-> Y")
    for query, formula in (
        ("P(Y[A=0]=1 | A=1, B=1)", "sum_m P(Y=1 | A=1, B=1, M=m) P(M=m | A=0)"),
        ("P(Y[A=0]=1, B[A=1]=1)", "sum_m P(B=1 | A=1) P(Y=1 | A=1, B=1, M=m) P(M=m | A=0)"),
    ):
        found = identify(graph, query)
        assert found.identified
        for seed in range(5):
            model = RandomModel(graph, np.random.default_rng(seed), answers=4)
            assert worth(found, model) == pytest.approx(float(model.truth(found.query)), abs=1e-12)
            laws = Laws(model, {"": (graph.variables, ())})
            assert laws.evaluate(parse_estimand(formula), {}) == pytest.approx(worth(found, model), abs=1e-12)
    beside = identify(graph_of("A -> B, A -> M, M -> Y, B <-> Y, M <-> Y"), "P(Y[A=0]=1 | A=1, B=1)")
    assert isinstance(beside.obstacle, Conflict)


def test_a_link_joins_two_laws():
    """One law shows its cause, the other its effect."""
    graph = graph_of("Z -> X -> Y, Z <-> X")
    laws = (Available(("X",), ("Z",), "first"), Available(("X", "Y"), (), "second"))
    found = identify(graph, "P(Y=1 | do(Z=1))", laws)
    assert found.estimand == parse_estimand("sum_x P[second](Y=1 | X=x) P[first](X=x; do(Z=1))")
    assert agrees(found, RandomModel(graph, np.random.default_rng(0)), laws)


def test_each_step_names_its_rule():
    names = [s.name for s in identify_general(graph_of("W -> R -> X -> Y, W <-> X, W <-> Y"), EFFECT).derivation]
    assert names == ["kernel of a district", "sum out what is no cause", "split into districts", "put together"]
    conditional = identify_general(graph_of("Z -> X -> Y, Z -> Y"), "P(Y=1 | do(X=1), Z=0)")
    assert [s.name for s in conditional.derivation] == ["rule 2 of do-calculus"]


def test_equal_terms_cancel():
    """X acts on Y through M alone: the direct effect is zero, though neither of its terms is identified."""
    graph = graph_of("X -> M -> Y, X <-> M")
    assert not identify(graph, "P(Y[X=0]=1)").identified
    found = identify(graph, "P(Y[X=1, M=M[X=0]]=1) - P(Y[X=0]=1)")
    assert found.estimand == Linear(())
    assert str(found.query) == "P(Y[M=M[X=0], X=1] = 1) - P(Y[X=0] = 1)"
    assert not identify(graph, "P(Y[X=1, M=M[X=0]]=1) - P(Y[X=1]=1)").identified
    half = identify(graph, "E[M | X=1] + 0.5 * E[Y[X=1]] - E[Y[X=1]] / 1 + 0.5 * E[Y[X=1]]")
    assert not half.identified
    rest = identify(graph, "E[M | X=1] + 2 * E[Y[X=1]] - E[Y[X=1, M=M[X=1]]] - E[Y[X=1]] + 3")
    assert agrees(rest, RandomModel(graph, np.random.default_rng(0)))


def test_printed_kernels_are_true():
    """Every `Q{C} = ...` of a derivation is P(C) where everything else is imposed, at any values."""
    checked = 0
    for seed in range(60):
        rng = np.random.default_rng([17, seed])
        graph = random_graph(rng, 5, 0.5, 0.3)
        found = (
            identify_general(graph, random_query(rng, graph)) if seed % 2 else identify_general(graph, _effect(graph))
        )
        model = RandomModel(graph, rng)
        out: set[str] = set()
        for step in found.derivation:
            if step.name == "latent projection":
                out = set(step.claim[1 : step.claim.index("}")].split(", "))
            left, equal, right = step.claim.partition(" = ")
            if not equal or not left.startswith("Q{"):
                continue
            names = left[2:-1].split(", ")
            at = {n: int(rng.integers(2)) for n in graph.variables}
            truth = model.law(names, {n: v for n, v in at.items() if n not in {*names, *out}})[
                tuple(at[n] for n in names)
            ]
            values = {Index(n): v for n, v in at.items()}
            laws = Laws(model, {"": (graph.variables, ())})
            assert laws.evaluate(apart(parse_estimand(right), itertools.count(100)), values) == pytest.approx(
                truth, abs=1e-9
            )
            checked += 1
    assert checked > 30


def _effect(graph):
    do = (Set(graph.order[1], Const(1)),)
    return Probability(Op("=", (Var(graph.order[-1], do), Const(1))))


def test_verdicts_of_y0():
    """The same verdicts on random effects as y0, where that is installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("y0", reason="y0 is a second opinion")
        identify_outcomes = importlib.import_module("y0.algorithm.identify").identify_outcomes
        Variable = importlib.import_module("y0.dsl").Variable  # noqa: N806
        NxMixedGraph = importlib.import_module("y0.graph").NxMixedGraph  # noqa: N806

        for seed in range(100):
            rng = np.random.default_rng([5, seed])
            graph = random_graph(rng, int(rng.integers(3, 8)))
            cause, effect = (str(n) for n in rng.permutation(graph.variables)[:2])
            mixed = NxMixedGraph.from_edges(
                nodes=[Variable(n) for n in graph.variables],
                directed=[(Variable(a), Variable(b)) for a, b in graph.edges],
                undirected=[(Variable(a), Variable(b)) for a, b in graph.confounded],
            )
            theirs = identify_outcomes(mixed, treatments={Variable(cause)}, outcomes={Variable(effect)})
            query = Probability(Op("=", (Var(effect, (Set(cause, Const(1)),)), Const(1))))
            assert identify(graph, query).identified == (theirs is not None), (seed, graph)


def test_names_of_variables_do_not_matter():
    """Renaming and reordering changes no verdict."""
    for seed in range(40):
        rng = np.random.default_rng([11, seed])
        graph = random_graph(rng, 5)
        query = random_query(rng, graph)
        turned = CausalGraph(graph.variables[::-1], graph.edges[::-1], tuple((b, a) for a, b in graph.confounded[::-1]))
        try:
            assert identify(graph, query).identified == identify(turned, query).identified
        except InvalidQuery:
            continue


def test_worlds_without_effect_do_not_matter():
    """Setting what cannot reach a term is the same query."""
    for seed in range(40):
        rng = np.random.default_rng([13, seed])
        graph = random_graph(rng, 5)
        name = graph.order[0]
        extra = random_world(rng, graph, 3)
        extra = tuple(a for a in extra if a.target != name)
        plain, moved = (Probability(Op("=", (Var(name, w), Const(1)))) for w in ((), extra))
        found = identify_general(graph, moved)
        assert found.estimand == identify_general(graph, plain).estimand
        assert found.method == "seeing"


def test_pairs_of_worlds():
    """Two terms of one variable under two different values of a cause that matters are never identified together."""
    for first, second in itertools.permutations((0, 1)):
        for text in ("X -> Y", "X -> M -> Y", "Z -> X -> Y, Z -> Y"):
            assert not identify(graph_of(text), f"P(Y[X={first}]=1, Y[X={second}]=1)").identified


# ---------------------------------------------------------------------------------------------------------------------
# Graphs as text, and what is no graph


def test_a_graph_may_be_given_as_text():
    found = identify("X -> M -> Y, X <-> Y", "P(Y=1 | do(X=1))")
    assert found.method == "front-door"
    assert found.graph == graph_from_text("X -> M -> Y, X <-> Y")
    assert "m P(M=m | X=1)" in str(found)


def wrong(value: object) -> Any:
    """A value of a type that is not wanted."""
    return value


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (lambda: identify("X -> Y <- ", "P(Y=1)"), InvalidFile),
        (lambda: identify("X -> Y -> X", "P(Y=1)"), InvalidGraph),
        (lambda: identify(wrong(7), "P(Y=1)"), InvalidGraph),
        (lambda: identify("X -> Y", "P(Y=1 | do(X=1))", wrong(["X"])), InvalidQuery),
        (lambda: identify("X -> Y", "P(Y=1 | do(X=1))", assume=wrong(5)), InvalidQuery),
        (lambda: separated(wrong("X -> Y"), "X", "Y"), InvalidGraph),
        (lambda: separated(CausalGraph(("X", "Y")), wrong(3), "Y"), InvalidQuery),
        (lambda: separated(CausalGraph(("X", "Y")), "X", "Y", wrong(None)), InvalidQuery),
        (lambda: adjustment_sets(wrong("X -> Y"), "X", "Y"), InvalidGraph),
        (lambda: adjustment_sets(CausalGraph(("X", "Y")), wrong(None), "Y"), InvalidQuery),
        (lambda: latent_projection(wrong("X -> Y"), ("X",)), InvalidGraph),
        (lambda: implied_independences(wrong("X -> Y")), InvalidGraph),
        (lambda: equivalence_class(wrong("X -> Y")), InvalidGraph),
        (lambda: graph_to_text(wrong("X -> Y")), InvalidGraph),
        (lambda: Available(wrong("XY")), InvalidModel),
        (lambda: Available(("Y",), do=wrong("X"), name="trial"), InvalidModel),
        (lambda: Sample({"X": [0, 1]}, do=wrong("X")), InvalidModel),
        (lambda: Sample({"X": [0, 1]}, do=wrong({"X": 1})), InvalidModel),
        (lambda: holds(wrong("X -> Y"), parse_claim("cause(X, Y)")), InvalidGraph),
        (lambda: holds(CausalGraph(("X", "Y")), wrong("cause(X, Y)")), InvalidQuery),
        (lambda: two_models(wrong("X -> Y")), InvalidQuery),
        (lambda: check_estimand(wrong(None)), InvalidQuery),
        (lambda: check_estimand(identify("X -> Y", "P(Y=1)"), models=0), InvalidQuery),
        (lambda: print_estimand(wrong(identify("X -> Y, X <-> Y", EFFECT).estimand)), InvalidQuery),
        (lambda: estimand_latex(wrong(None)), InvalidQuery),
        (lambda: simplify(wrong("P(Y=1)")), InvalidQuery),
        (lambda: JointLaws(wrong(KnownLaw(("X",), (0.5, 0.5)))), InvalidQuery),
        (lambda: evaluate_estimand(parse_estimand("P(X=1)"), wrong(3), {"X": (0, 1)}), InvalidQuery),
    ],
)
def test_what_is_no_graph_and_no_name_is_said_plainly(call, wanted):
    with pytest.raises(wanted) as caught:
        call()
    assert "object" not in str(caught.value)


def test_a_list_of_names_is_as_good_as_a_tuple():
    assert Available(wrong(["X", "Y"])) == Available(("X", "Y"))
    assert Sample({"X": [0, 1]}, do=wrong(["X"])).do == ("X",)
    assert KnownLaw(wrong(["Y"]), (0.5, 0.5)).variables == ("Y",)


def test_a_witness_and_a_check_print_their_text():
    found = identify("X -> Y, X <-> Y", EFFECT)
    assert str(two_models(found)).startswith("Two models agree on P(X, Y)")
    assert str(check_estimand(identify("X -> Y", EFFECT))).startswith("checked on 20 random models")
