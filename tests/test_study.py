"""What statements determine: cases of the literature, random models, and what cannot be meant."""

# An answer has a value or ends by its finding, which is asserted first.
# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportIndexIssue=false
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false, reportOptionalOperand=false

import pickle

import numpy as np
import pytest

from scm import (
    CausalGraph,
    InvalidGraph,
    InvalidModel,
    InvalidQuery,
    KnownLaw,
    QuerySyntaxError,
    Sample,
    Statement,
    Study,
    UnknownName,
    UnknownState,
    ask,
    ate,
    late,
    nde,
    nie,
    pn,
    print_statement,
    statement,
)
from tests.plain_study import PlainModel, family_statements, random_graph, random_statement, said, text

EFFECT = "P(Y=1 | do(X=1)) - P(Y=1 | do(X=0))"
ALONE = CausalGraph(("X", "Y"), (("X", "Y"),))
FORK = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("Z", "Y"), ("X", "Y")))
COLLIDER = CausalGraph(("X", "Z", "Y"), (("X", "Y"), ("Z", "Y")))
CHAIN = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y")))
MEDIATION = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y"), ("X", "Y")))
FRONT_DOOR = CausalGraph(("U", "X", "M", "Y"), (("U", "X"), ("X", "M"), ("M", "Y"), ("U", "Y")), hidden=("U",))
ARROWHEAD = CausalGraph(
    ("X", "U", "M", "Y"), (("X", "M"), ("X", "Y"), ("U", "M"), ("U", "Y"), ("M", "Y")), hidden=("U",)
)


def value(graph, query, *sources, **more):
    answer = ask(Study(graph, *sources, **more), query)
    assert answer.finding == "exact", answer.to_text()
    return answer.value


# ---------------------------------------------------------------------------------------------------------------------
# Statements as text


@pytest.mark.parametrize(
    ("written", "face", "low", "high", "total"),
    [
        ("P(Y=1 | X=0) = 26%", 0.26, 0.255, 0.265, None),
        ("P(Y=1 | X=0) = 0.260", 0.26, 0.2595, 0.2605, None),
        ("corr(X, Y | Z=1) = -0.14", -0.14, -0.145, -0.135, None),
        ("P(Y=1|X=1) / P(Y=1|X=0) = 2", 2, 2, 2, None),
        ("P(Y=1) > 0.5", 0.5, 0.5, 0.5, None),
        ("P(Y=1 | X=1) = 81 of 87", 81 / 87, 81 / 87, 81 / 87, 87),
        ("P(X=1) = 3 in 10", 0.3, 0.3, 0.3, None),
        ("P(X=1) = 3/10", 0.3, 0.3, 0.3, None),
        ("P(X=1) = 0%", 0, 0, 0.005, None),
    ],
)
def test_printed_numbers_keep_their_digits(written, face, low, high, total):
    found = statement(written)
    assert (found.value, found.low, found.high) == pytest.approx((face, low, high))
    assert found.total == total
    assert statement(print_statement(found)).quantity == found.quantity


@pytest.mark.parametrize(
    ("written", "problem", "column"),
    [
        ("P(Y=1)", "relation and a number", 6),
        ("P(Y=1) = about half", "wanted a printed number", 9),
        ("P(Y=1 | = 0.3", ".", None),
        ("P(Y) = 0.3", ".", None),
        ("corr(X) = 0.3", ".", None),
        ("P(Y=1) = 3 of 0", "part of nothing", 9),
        ("P(Y=1) = 5 of 3", "more than were counted", 9),
        ("P(Y=1)/P(X=1) = 5 of 8", "Counts are shares", None),
        ("", ".", None),
    ],
)
def test_an_unreadable_statement_is_shown_with_a_caret(written, problem, column):
    with pytest.raises(QuerySyntaxError, match=problem) as caught:
        statement(written)
    assert "^" in str(caught.value)
    if column is not None:
        assert caught.value.position == column


def test_names_and_states_are_checked():
    with pytest.raises(UnknownName):
        Study(ALONE, "P(Q=1) = 0.3")
    with pytest.raises(UnknownState):
        Study(ALONE, "P(Y=7) = 0.3")
    with pytest.raises(UnknownName):
        Study(ALONE, states={"Q": (0, 1)})
    with pytest.raises(InvalidModel):
        Study(ALONE, 17)  # type: ignore[arg-type]
    with pytest.raises(InvalidQuery, match="two states"):
        Study(ALONE, "corr(X, Y) = 0.3", states={"X": (0, 1, 2)})


# ---------------------------------------------------------------------------------------------------------------------
# Cases of the literature


KIDNEY = {("a", "small"): (81, 87), ("a", "large"): (192, 263), ("b", "small"): (234, 270), ("b", "large"): (55, 80)}


def test_kidney_stones_from_percentages():
    """Charig et al. (1986); the table also in Pearl, Glymour & Jewell (2016), table 1.1."""
    states = {"X": ("b", "a"), "Z": ("small", "large")}
    shares = [f"P(Y=1 | X='{x}', Z='{z}') = {k}/{n}" for (x, z), (k, n) in KIDNEY.items()]
    study = Study(FORK, *shares, "P(Z='large') = 343/700", states=states)
    assert ask(study, "P(Y=1 | do(X='a'))").value == pytest.approx(0.8325, abs=5e-5)
    assert ask(study, "P(Y=1 | do(X='b'))").value == pytest.approx(0.7789, abs=5e-5)


def test_kidney_stones_from_counts_carry_their_sampling_error():
    """The delta method over the counted shares, against draws of them."""
    states = {"X": ("b", "a"), "Z": ("small", "large")}
    counts = [f"P(Y=1 | X='{x}', Z='{z}') = {k} of {n}" for (x, z), (k, n) in KIDNEY.items()]
    answer = ask(
        Study(FORK, *counts, "P(Z='large') = 343 of 700", states=states),
        "P(Y=1 | do(X='a')) - P(Y=1 | do(X='b'))",
    )
    assert answer.finding == "estimate"
    assert answer.value == pytest.approx(0.0537, abs=5e-5)
    rng = np.random.default_rng(0)
    draws = {cell: rng.binomial(n, k / n, 40_000) / n for cell, (k, n) in KIDNEY.items()}
    large = rng.binomial(700, 343 / 700, 40_000) / 700
    effects = sum(weight * (draws["a", z] - draws["b", z]) for z, weight in (("small", 1 - large), ("large", large)))
    assert answer.uncertainty.sampling == pytest.approx(effects.std(), rel=0.03)
    assert any("drawn at random" in a.text for a in answer.assumptions)


def test_simpson_reversal():
    """Pearl (2009), figure 6.1 and section 6.1: the aggregate misleads where gender is a confounder."""
    cells = {(1, 1): "18/30", (0, 1): "7/10", (1, 0): "2/10", (0, 0): "9/30"}
    recovery = [f"P(Y=1 | X={x}, Z={z}) = {share}" for (x, z), share in cells.items()]
    study = Study(FORK, *recovery, "P(Z=1) = 0.5", "P(X=1 | Z=1) = 3/4", "P(X=1 | Z=0) = 1/4")
    assert ask(study, "P(Y=1 | X=1)").value == pytest.approx(0.5)
    assert ask(study, "P(Y=1 | X=0)").value == pytest.approx(0.4)
    assert ask(study, "P(Y=1 | do(X=1))").value == pytest.approx(0.4)
    assert ask(study, "P(Y=1 | do(X=0))").value == pytest.approx(0.5)


TAR = (
    "P(X=0, M=0) = 0.475", "P(X=1, M=0) = 0.025", "P(X=0, M=1) = 0.025", "P(X=1, M=1) = 0.475",
    "P(Y=1 | X=0, M=0) = 0.10", "P(Y=1 | X=1, M=0) = 0.90", "P(Y=1 | X=0, M=1) = 0.05", "P(Y=1 | X=1, M=1) = 0.85",
)  # fmt: skip


def test_smoking_and_tar():
    """Pearl (2009), table 3.1, by the front door."""
    assert value(FRONT_DOOR, "P(Y=1 | do(X=1))", *TAR) == pytest.approx(0.4525)
    assert value(FRONT_DOOR, "P(Y=1 | do(X=0))", *TAR) == pytest.approx(0.4975)
    assert value(FRONT_DOOR, "P(Y=1 | X=1)", *TAR) == pytest.approx(0.8525)
    assert value(FRONT_DOOR, "P(Y=1 | X=0)", *TAR) == pytest.approx(0.0975)


PRIMER = (
    "P(M=1 | X=0) = 0.40", "P(M=1 | X=1) = 0.75", "P(Y=1 | X=1, M=1) = 0.80", "P(Y=1 | X=1, M=0) = 0.40",
    "P(Y=1 | X=0, M=1) = 0.30", "P(Y=1 | X=0, M=0) = 0.20",
)  # fmt: skip


def test_homework_and_training():
    """Pearl, Glymour & Jewell (2016), section 4.5.2."""
    assert value(MEDIATION, nde("X", "Y", "M"), *PRIMER) == pytest.approx(0.32)
    assert value(MEDIATION, nie("X", "Y", "M"), *PRIMER) == pytest.approx(0.035)
    assert value(MEDIATION, ate("X", "Y"), *PRIMER) == pytest.approx(0.46)
    answer = ask(Study(MEDIATION, *PRIMER), nde("X", "Y", "M"))
    assert any("0.6*0.4 + 0.4*0.8 - 0.24 = 0.32" in step.claim for step in answer.derivation)
    assert answer.estimand is not None
    assert answer.check.status == "checked"


# Bickel, Hammel & O'Connell (1975): applicants and those admitted, men then women, departments A to F.
BERKELEY = (
    (825, 512, 108, 89),
    (560, 353, 25, 17),
    (325, 120, 593, 202),
    (417, 138, 375, 131),
    (191, 53, 393, 94),
    (373, 22, 341, 24),
)


def test_berkeley():
    """The natural direct effect of being a woman, at the departments that men choose, is positive."""
    departments = tuple("ABCDEF")
    men, women = sum(row[0] for row in BERKELEY), sum(row[2] for row in BERKELEY)
    said_of = []
    for name, (m, admitted_m, w, admitted_w) in zip(departments, BERKELEY, strict=True):
        said_of += [f"P(M='{name}' | X=0) = {m}/{men}", f"P(M='{name}' | X=1) = {w}/{women}"]
        said_of += [f"P(Y=1 | X=0, M='{name}') = {admitted_m}/{m}", f"P(Y=1 | X=1, M='{name}') = {admitted_w}/{w}"]
    study = Study(MEDIATION, *said_of, states={"M": departments})
    assert ask(study, "P(Y=1 | X=0)").value == pytest.approx(0.4452, abs=5e-5)
    assert ask(study, "P(Y=1 | X=1)").value == pytest.approx(0.3035, abs=5e-5)
    assert ask(study, ate("X", "Y")).value == pytest.approx(-0.1416, abs=5e-5)
    assert ask(study, nde("X", "Y", "M")).value == pytest.approx(0.0710, abs=5e-5)
    assert ask(study, nie("X", "Y", "M")).value == pytest.approx(-0.1427, abs=5e-5)


# ---------------------------------------------------------------------------------------------------------------------
# Word problems by their shape


@pytest.mark.parametrize(
    ("graph", "query", "sources", "wanted"),
    [
        (COLLIDER, "P(Y=1)", ("P(X=1) = 6%", "P(Y=1 | X=0) = 31%", "P(Y=1 | X=1) = 85%"), 0.3424),
        (COLLIDER, EFFECT, ("P(Y=1 | X=0) = 31%", "P(Y=1 | X=1) = 85%"), 0.54),
        (CHAIN, "P(Y=1|X=1) - P(Y=1|X=0)", ("P(X=1) = 40%", "P(X=0, Y=1) = 12%", "P(X=1, Y=1) = 20%"), 0.3),
        (CHAIN, EFFECT, ("P(M=1|X=0) = 0.2", "P(M=1|X=1) = 0.7", "P(Y=1|M=0) = 0.1", "P(Y=1|M=1) = 0.5"), 0.2),
        (CHAIN, nie("X", "Y", "M"), ("P(Y=1|X=0) = 0.2", "P(Y=1|X=1) = 0.7"), 0.5),
        (ALONE, "P(Y=1 | do(X=1))", ("P(Y=1 | do(X=1)) = 0.3",), 0.3),
        (ALONE, "P(Y=0 | X=1)", ("P(Y=1 | X=0) = 0.2", "P(Y=1 | X=1) / P(Y=1 | X=0) = 2"), 0.6),
        (ALONE, "P(Y=1 | X=1)", ("P(X=1) = 0.5", "P(Y=1) = 0.5", "corr(X, Y) = 0.3"), 0.65),
        (ALONE, "P(Y=1 | X=1)", ("P(X=1)=0.5", "P(Y=1)=0.3", "P(Y=1|X=1) / P(Y=1|X=0) = 2"), 0.4),
        (ALONE, "P(Y=1 | X=1)", ("P(X=1)=0.5", "P(Y=1)=0.3", "P(Y=1|X=1) - P(Y=1|X=0) = 0.2"), 0.4),
        (ALONE, "P(X=1 | Y=1)", ("P(X=1)=0.5", "P(Y=1|X=1) = 0.4", "P(Y=1|X=0) = 0.1"), 0.8),
        (COLLIDER, "P(X=1 | Y=1, Z=1)", ("P(X=1)=0.5", "P(Y=1|X=1,Z=1) = 0.4", "P(Y=1|X=0,Z=1) = 0.1"), 0.8),
    ],
)  # fmt: skip
def test_numbers_however_they_are_phrased(graph, query, sources, wanted):
    assert value(graph, query, *sources) == pytest.approx(wanted)


def test_numbers_of_a_hidden_variable_count_where_they_are_given():
    """A text may give P(U): the back-door formula then stands."""
    graph = CausalGraph(FORK.variables, FORK.edges, hidden=("Z",))
    cells = {(1, 1): 0.6, (0, 1): 0.7, (1, 0): 0.2, (0, 0): 0.3}
    given = [f"P(Y=1 | X={x}, Z={z}) = {p}" for (x, z), p in cells.items()]
    assert value(graph, "P(Y=1 | do(X=1))", *given, "P(Z=1) = 0.5") == pytest.approx(0.4)
    assert ask(Study(graph, "P(Y=1 | X=1) = 0.4"), "P(Y=1 | do(X=1))").finding != "exact"
    with pytest.raises(InvalidQuery, match="hidden"):
        ask(Study(graph, "P(Y=1 | X=1) = 0.4"), "P(Z=1)")


def test_a_missing_number_is_named():
    given = [f"P(Y=1 | X={x}, Z={z}) = 0.{3 + x + 2 * z}" for x in (0, 1) for z in (0, 1)]
    answer = ask(Study(FORK, *given), "P(Y=1 | do(X=1))")
    assert answer.finding == "bounds"
    assert (answer.interval.outer_lower, answer.interval.outer_upper) == pytest.approx((0.4, 0.6))
    assert answer.diagnostics["missing"] == ["P(Z=1)"]
    assert "P(Z=1) is missing" in answer.to_text()


def test_an_undetermined_effect_may_still_have_a_sign():
    """Mediation with a confounder of mediator and effect: the numbers give P(Y | X, M) but not P(Y | X, M, U)."""
    given = (
        "P(Y=1|X=0,M=0)=27%", "P(Y=1|X=0,M=1)=63%", "P(Y=1|X=1,M=0)=33%", "P(Y=1|X=1,M=1)=63%",
        "P(M=1|X=0,U=0)=32%", "P(M=1|X=0,U=1)=44%", "P(M=1|X=1,U=0)=75%", "P(M=1|X=1,U=1)=79%", "P(U=1)=8%",
    )  # fmt: skip
    answer = ask(Study(ARROWHEAD, *given), nie("X", "Y", "M"))
    assert answer.finding == "bounds"
    low, high = _nie_ends(given)
    assert answer.interval.sharp
    assert (answer.interval.lower, answer.interval.upper) == pytest.approx((low, high), abs=1e-9)
    assert low > 0


def _nie_ends(_given):
    """By the free law of Y among those with X = 0, M and U: linear, each stratum of M by itself."""
    mediator, hidden = {(0, 0): 0.32, (0, 1): 0.44, (1, 0): 0.75, (1, 1): 0.79}, {0: 0.92, 1: 0.08}
    seen = {0: 0.27, 1: 0.63}

    def m_law(m, x, u):
        return mediator[x, u] if m else 1 - mediator[x, u]

    ends = [0.0, 0.0]
    for m in (0, 1):
        weight = {u: hidden[u] * m_law(m, 0, u) for u in (0, 1)}
        share = {u: weight[u] / sum(weight.values()) for u in (0, 1)}
        gain = {u: hidden[u] * (m_law(m, 1, u) - m_law(m, 0, u)) for u in (0, 1)}
        found = []
        for fixed, other in ((0, 1), (1, 0)):
            for theta in (0.0, 1.0):
                rest = (seen[m] - share[fixed] * theta) / share[other]
                if 0 <= rest <= 1:
                    found.append(gain[fixed] * theta + gain[other] * rest)
        ends[0] += min(found)
        ends[1] += max(found)
    return ends


# ---------------------------------------------------------------------------------------------------------------------
# What cannot hold, or cannot be known


def test_statements_that_clash_are_named():
    answer = ask(Study(ALONE, "P(X=1) = 6%", "P(Y=1) = 30%", "P(X=1, Y=1) = 15%"), "P(Y=1 | X=1)")
    assert answer.finding == "contradiction"
    assert answer.diagnostics["clash"] == ["P(X = 1) = 0.06", "P(X = 1, Y = 1) = 0.15"]
    assert answer.value is None


@pytest.mark.parametrize(
    ("sources", "clash"),
    [
        (("P(X=1) = 120%", "P(Y=1) = 0.3"), {0}),
        (("P(X=1) = 0.30", "P(X=0) = 0.60"), {0, 1}),
        (("P(Y=1 | X=1) = 0.3", "P(Y=1 | X=1) = 0.61", "P(X=1) = 0.2"), {0, 1}),
        (("P(Y=1) = 0.30", "P(Y=1) > 0.5"), {0, 1}),
        (("P(X=1) = 0.50", "P(Y=1|X=1) = 0.20", "P(Y=1|X=0) = 0.20", "P(Y=1) = 0.31"), {1, 2, 3}),
    ],
)
def test_a_smallest_clash(sources, clash):
    graph = CausalGraph(("X", "Y"), (("X", "Y"),))
    answer = ask(Study(graph, *sources), "P(Y=1)")
    assert answer.finding == "contradiction"
    assert set(answer.diagnostics["statements"]) == clash


def test_the_graph_can_clash_with_numbers():
    graph = CausalGraph(("X", "Y"))
    answer = ask(Study(graph, "P(Y=1 | X=1) = 0.30", "P(Y=1 | X=0) = 0.60"), "P(Y=1)")
    assert answer.finding == "contradiction"


def test_sums_off_by_rounding_do_not_clash():
    states = {"X": (0, 1, 2)}
    thirds = [f"P(X={k}) = 0.33" for k in (0, 1, 2)]
    assert ask(Study(ALONE, *thirds, states=states), "P(X=1)").value == pytest.approx(0.33)
    assert ask(Study(ALONE, "P(X=1) = 0.3", "P(X=0) = 0.6", "P(X=0) = 0.8"), "P(X=1)").finding == "contradiction"


def test_a_stratum_of_probability_zero_is_named():
    given = ["P(X=1, Z=1) = 0", "P(X=0, Z=1) = 3/10", "P(X=1, Z=0) = 3/10", "P(X=1, Z=0, Y=1) = 2/10"]
    given += ["P(X=0, Z=1, Y=1) = 1/10", "P(X=0, Z=0, Y=1) = 1/10", "P(X=1, Z=1, Y=1) = 0"]
    answer = ask(Study(FORK, *given), "P(Y=1 | do(X=1))")
    assert answer.finding == "undefined"
    assert "X=1" in answer.to_text()
    assert "Z=1) = 0" in answer.to_text().replace("X=1, Z=1", "Z=1")


def test_what_no_numbers_identify_has_its_obstacle_and_a_witness():
    answer = ask(Study(ALONE, "P(Y=1 | X=1) = 0.8", "P(Y=1 | X=0) = 0.3", "P(X=1) = 0.5"), pn("X", "Y"))
    assert answer.finding == "bounds"
    assert (answer.interval.lower, answer.interval.upper) == pytest.approx(
        (0.5 / 0.8, 0.7 / 0.8)
    )  # Tian & Pearl (2000)
    assert "inconsistent pair" in answer.to_text()
    assert answer.witness is not None
    bow = CausalGraph(("X", "Y"), (("X", "Y"),), (("X", "Y"),))
    answer = ask(Study(bow, "P(Y=1 | X=1) = 0.8", "P(Y=1 | X=0) = 0.3", "P(X=1) = 0.5"), "P(Y=1 | do(X=1))")
    assert answer.finding == "bounds"
    assert (answer.interval.lower, answer.interval.upper) == pytest.approx((0.4, 0.9))  # Manski (1990)
    assert "hedge" in answer.to_text()
    assert answer.to_json()["finding"] == "bounds"


def test_answers_print_in_every_form():
    answer = ask(Study(FRONT_DOOR, *TAR), "P(Y=1 | do(X=1))")
    assert "sum_{" in answer.to_latex() or "\\sum" in answer.to_latex()
    data = answer.to_json()
    assert data["estimand"]["text"].startswith("sum_m")
    assert data["check"]["status"] == "checked"
    assert data["uncertainty"]["rounding"]


# ---------------------------------------------------------------------------------------------------------------------
# Random models


def _asked(model, rng):
    """Queries with the truth."""
    x, y = (str(v) for v in rng.choice(model.graph.variables, 2, replace=False))
    yield text({y: 1}, {x: 1}), model.probability({y: 1}, {x: 1})
    yield text({y: 1}), model.probability({y: 1})
    effect = [model.probability({y: 1}, (), {x: value}) for value in (1, 0)]
    yield f"{text({y: 1}, (), {x: 1})} - {text({y: 1}, (), {x: 0})}", effect[0] - effect[1]


@pytest.mark.parametrize("seed", range(60))
def test_statements_never_give_a_wrong_number(seed):
    rng = np.random.default_rng(seed)
    model = PlainModel.draw(random_graph(rng, most=4), rng)
    given = [random_statement(model, rng) for _ in range(int(rng.integers(1, 10)))]
    if seed % 2:
        given += family_statements(model, rng, [v for v in model.graph.variables if rng.random() < 0.7])
    study = Study(model.graph, *given)
    for query, truth in _asked(model, rng):
        answer = ask(study, query)
        assert answer.finding in ("exact", "bounds", "not_identified"), answer.to_text()
        if answer.finding == "exact":
            assert answer.value == pytest.approx(truth, abs=1e-7)
        if answer.finding == "bounds":
            assert answer.interval.outer_lower - 1e-7 <= truth <= answer.interval.outer_upper + 1e-7


@pytest.mark.parametrize("seed", range(40))
def test_the_rounding_interval_holds_the_truth(seed):
    rng = np.random.default_rng(100 + seed)
    model = PlainModel.draw(random_graph(rng, most=4, confounding=0.0), rng, low=0.1)
    study = Study(model.graph, *family_statements(model, rng, digits=2))
    for query, truth in _asked(model, rng):
        answer = ask(study, query)
        assert answer.finding == "exact"
        low, high = answer.uncertainty.rounding or (answer.value, answer.value)
        assert low - 1e-9 <= truth <= high + 1e-9
        assert low <= answer.value <= high


@pytest.mark.parametrize("seed", range(20))
def test_without_one_number_nothing_is_made_up(seed):
    rng = np.random.default_rng(200 + seed)
    model = PlainModel.draw(random_graph(rng, most=4, confounding=0.0), rng)
    full = family_statements(model, rng)
    fewer: list[Statement] = [s for k, s in enumerate(full) if k != int(rng.integers(len(full)))]
    for query, truth in _asked(model, rng):
        answer = ask(Study(model.graph, *fewer), query)
        if answer.finding == "exact":
            assert answer.value == pytest.approx(truth, abs=1e-7)
        elif answer.finding == "bounds":
            assert answer.interval.outer_lower - 1e-7 <= truth <= answer.interval.outer_upper + 1e-7
        else:
            assert answer.finding == "not_identified"


def test_a_correlation_among_some_is_read():
    rng = np.random.default_rng(5)
    model = PlainModel.draw(FORK, rng)
    given = [
        said("corr(X, Y | Z=1)", model.correlation("X", "Y", {"Z": 1})),
        said("P(X=1 | Z=1)", model.probability({"X": 1}, {"Z": 1})),
        said("P(Y=1 | Z=1)", model.probability({"Y": 1}, {"Z": 1})),
    ]
    wanted = model.probability({"Y": 1}, {"X": 1, "Z": 1})
    assert value(FORK, "P(Y=1 | X=1, Z=1)", *given) == pytest.approx(wanted)


# ---------------------------------------------------------------------------------------------------------------------
# Whole laws


def _law(model, names, do=()):
    shape = [2] * (len(do) + len(names))
    array = np.empty(shape)
    for codes in np.ndindex(*shape):
        imposed = dict(zip(do, codes[: len(do)], strict=True))
        array[codes] = model.probability(dict(zip(names, codes[len(do) :], strict=True)), (), imposed)
    return KnownLaw(tuple(names), array, tuple(do))


@pytest.mark.parametrize("seed", range(10))
def test_an_effect_from_a_whole_law(seed):
    rng = np.random.default_rng(seed)
    model = PlainModel.draw(FRONT_DOOR, rng)
    answer = ask(Study(FRONT_DOOR, _law(model, ["X", "M", "Y"])), "P(Y=1 | do(X=1))")
    assert answer.finding == "exact"
    assert answer.value == pytest.approx(model.probability({"Y": 1}, (), {"X": 1}), abs=1e-12)
    assert answer.check.status == "checked"
    law = ask(Study(FRONT_DOOR, _law(model, ["X", "M", "Y"])), "P(Y | do(X=1))")
    assert law.value[1] == pytest.approx(answer.value)
    assert law.value.sum() == pytest.approx(1)


def test_an_effect_from_an_experiment():
    graph = CausalGraph(("X", "Y"), (("X", "Y"),), (("X", "Y"),))
    model = PlainModel.draw(graph, np.random.default_rng(3))
    answer = ask(Study(graph, _law(model, ["Y"], ["X"])), "P(Y=1 | do(X=1))")
    assert answer.finding == "exact"
    assert answer.value == pytest.approx(model.probability({"Y": 1}, (), {"X": 1}), abs=1e-9)
    assert ask(Study(graph, _law(model, ["X", "Y"])), "P(Y=1 | do(X=1))").finding == "bounds"


def test_a_law_beside_statements():
    model = PlainModel.draw(FORK, np.random.default_rng(1))
    given = family_statements(model, np.random.default_rng(2), ["Y"])
    found = value(FORK, "P(Y=1 | do(X=1))", _law(model, ["Z"]), *given)
    assert found == pytest.approx(model.probability({"Y": 1}, (), {"X": 1}))


def test_an_empty_stratum_of_a_law_is_named():
    law = np.full((2, 2, 2), 0.125)
    law[1, 1] = 0.0  # Z = 1, X = 1
    law /= law.sum()
    answer = ask(Study(FORK, KnownLaw(("Z", "X", "Y"), law)), "P(Y=1 | do(X=1))")
    assert answer.finding == "bounds"
    assert "X=1, Z=1) = 0" in answer.to_text()
    with pytest.raises(InvalidModel, match="shape"):
        Study(FORK, KnownLaw(("Z", "X"), law))
    with pytest.raises(InvalidModel, match="add up"):
        Study(FORK, KnownLaw(("Z", "X", "Y"), law * 2))


def test_equations_that_are_not_linear_are_refused_and_not_called_unknowable():
    """A difference under two conditions, with the chance of the condition unknown, is a quadratic equation."""
    given = ("P(X=1) = 0.4", "P(Y=0 | X=1) = 0.8", "P(X=1 | Y=1) - P(X=1 | Y=0) = -0.2")
    answer = ask(Study(ALONE, *given), "P(Y=1)")
    assert answer.finding in ("refused", "bounds"), answer.to_text()
    few = ask(Study(ALONE, "P(X=1) = 0.4", "corr(X, Y) = 0.1"), "P(Y=1)")
    assert few.finding == "bounds"
    assert not few.interval.sharp  # the correlation is no linear row


def test_a_variable_that_no_number_is_about_can_be_what_is_missing():
    """The back-door set is never spoken of; its numbers are what is missing."""
    answer = ask(Study(FORK, "P(Y=1 | X=1) = 0.4", "P(X=1) = 0.5"), "P(Y=1 | do(X=1))")
    assert answer.finding in ("not_identified", "bounds")
    assert "P(Z=1)" in answer.diagnostics["missing"]


# ---------------------------------------------------------------------------------------------------------------------
# Numbers that coincide, and numbers that only rounding reconciles


@pytest.mark.parametrize("third", ["P(Y=1) = 3/10", "P(Y=0) = 7/10", "E[Y] = 3/10"])
def test_numbers_that_coincide_do_not_give_what_others_would(third):
    """P(Z) would follow from the mixture P(Y=1), were P(Y=1 | Z) not the same for both values."""
    answer = ask(Study(CausalGraph(("Z", "Y"), (("Z", "Y"),)), "P(Y=1|Z=0)=3/10", "P(Y=1|Z=1)=3/10", third), "P(Z=1)")
    assert answer.finding == "bounds"
    assert (answer.interval.lower, answer.interval.upper) == (0, 1)
    assert "nothing ruled out" in answer.to_text()
    assert answer.diagnostics["missing"] == ["P(Z=1)"]
    assert "nan" not in answer.to_text()


def test_a_statement_that_is_not_needed_elsewhere_may_be_needed_where_numbers_coincide():
    """P(Z) and P(Z | Y) give P(Y), unless Z says nothing about Y; then the stated P(Y) is needed."""
    said = ("P(Z=1|Y=1) = 4/10", "P(Z=1|Y=0) = 4/10", "P(Z=1) = 4/10", "P(Y=1) = 3/10")
    assert value(CausalGraph(("Z", "Y"), (("Z", "Y"),)), "P(Y=1 | do(Z=1))", *said) == pytest.approx(0.3, abs=1e-12)


def test_a_probability_above_one_is_never_an_answer():
    """At face value P(Z=1) = 1.05; within the rounding it is between 0.155/0.2 and 1."""
    study = Study(CausalGraph(("Z", "Y"), (("Z", "Y"),)), "P(Y=1|Z=0)=0.1", "P(Y=1|Z=1)=0.3", "P(Y=1)=0.31")
    answer = ask(study, "P(Z=1)")
    assert answer.finding == "bounds"
    assert (answer.interval.outer_lower, answer.interval.outer_upper) == pytest.approx((0.775, 1.0))
    assert "1.05 cannot be" in answer.to_text()


def test_the_rounding_interval_of_a_probability_ends_at_one():
    study = Study(CausalGraph(("Z", "Y"), (("Z", "Y"),)), "P(Y=1|Z=0)=0.1", "P(Y=1|Z=1)=0.3", "P(Y=1)=0.3")
    answer = ask(study, "P(Z=1)")
    assert answer.value == pytest.approx(1)
    assert answer.uncertainty.rounding[1] == 1


def test_a_query_that_divides_by_zero_says_so():
    answer = ask(Study(CausalGraph(("X", "Y"), (("X", "Y"),)), "P(Y=1) = 10/10"), "P(Y=1) / P(Y=0)")
    assert answer.finding == "undefined"
    assert "divides by zero" in answer.to_text()
    assert "inf" not in answer.to_text().replace("finding", "")


def test_a_study_takes_the_text_of_a_graph():
    assert Study("Z -> X -> Y, Z -> Y").graph == CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("X", "Y"), ("Z", "Y")))
    with pytest.raises(InvalidGraph, match="A CausalGraph is wanted, got int"):
        Study(3)  # pyright: ignore[reportArgumentType]


def test_an_answer_can_be_kept():
    study = Study(FRONT_DOOR, *TAR)
    for query in ("P(Y=1 | do(X=1))", pn("X", "Y")):
        answer = ask(study, query)
        kept = pickle.loads(pickle.dumps(answer))
        assert kept == answer
        assert kept.derivation == answer.derivation
        assert kept.to_text() == answer.to_text()


def test_a_whole_distribution_is_asked_cell_by_cell():
    law = ask(Study(MEDIATION, *PRIMER), "P(Y | do(X=1))")
    assert law.finding == "exact"
    assert law.value == pytest.approx([0.3, 0.7])
    assert law.states[0][1] == (0, 1)
    assert ask(Study(MEDIATION, "P(X=1) = 0.4"), "P(Y | do(X=1))").finding == "bounds"
    change = ask(Study(MEDIATION, *PRIMER), "P(Y | X=1) - P(Y | X=0)")
    assert change.value == pytest.approx([-0.46, 0.46])
    assert ask(Study(MEDIATION), "P(Y=1 | do(X=1))").finding == "bounds"


# ---------------------------------------------------------------------------------------------------------------------
# Statements of several worlds, and sources that cannot be


def test_a_statement_of_several_worlds_answers_the_same_question():
    study = Study("X -> Y", "P(Y[X=1]=1, Y[X=0]=0) = 20%", "P(Y=1 | X=1) = 0.5")
    answer = ask(study, "P(Y[X=0]=0, Y[X=1]=1)")
    assert (answer.finding, answer.value) == ("exact", pytest.approx(0.2))
    assert answer.uncertainty.rounding == pytest.approx((0.195, 0.205))
    other = ask(study, "P(Y[X=0]=1, Y[X=1]=1)")
    assert (other.finding, other.value) == ("exact", pytest.approx(0.3))  # the rest of P(Y[X=1]=1)
    assert ask(Study("X -> Y", "P(Y[X=1]=1, Y[X=0]=0) = 1.2"), "P(Y=1)").finding == "contradiction"


def test_a_percentage_without_its_sign_is_told_apart():
    answer = ask(Study("X -> Y", "P(X=1) = 50"), "P(X=1)")
    assert answer.finding == "contradiction"
    assert "a probability lies between 0 and 1; for a percentage write 50%" in answer.to_text()


@pytest.mark.parametrize(
    ("sources", "states"),
    [
        ((), {"X": 3}),
        ((), 3),
        ((), {"X": "ab"}),
        ((), {"X": (0, float("nan"))}),
        ((), {"X": (0, None)}),
        ((KnownLaw(("X", "Y"), "abc"),), None),
        ((KnownLaw(("X", "X"), [[0.25, 0.25], [0.25, 0.25]]),), None),
    ],
)
def test_states_and_laws_that_cannot_be(sources, states):
    with pytest.raises(InvalidModel):
        Study("X -> Y", *sources, states=states)


# ---------------------------------------------------------------------------------------------------------------------
# Statements on doing beside statements on what is seen

DONE = "P(Y=1 | do(X=1))"
STRATA = ("P(Y=1 | X=1, Z=1) = 80%", "P(Y=1 | X=1, Z=0) = 60%")
THROUGH = (
    "P(X=1) = 50%", "P(M=1 | X=1) = 90%", "P(M=1 | X=0) = 10%", "P(Y=1 | M=1, X=1) = 80%",
    "P(Y=1 | M=1, X=0) = 70%", "P(Y=1 | M=0, X=1) = 40%", "P(Y=1 | M=0, X=0) = 30%",
)  # fmt: skip


@pytest.mark.parametrize(
    ("graph", "seen", "fits", "fails"),
    [
        ("X -> Y", ("P(Y=1 | X=1) = 80%",), ("80%", "80.4%"), ("10%", "82%")),
        ("Z -> X -> Y, Z -> Y", (*STRATA, "P(Z=1) = 50%"), ("70%", "71%"), ("10%", "78%")),
        ("Z -> X -> Y, Z -> Y", STRATA, ("60%", "80%", "81%"), ("10%", "90%")),
        ("X -> M -> Y, X <-> Y", THROUGH, ("71%", "72%"), ("20%", "90%")),
        ("X -> Y, X <-> Y", ("P(X=1) = 50%", "P(Y=1 | X=1) = 80%"), ("40%", "90%", "60%"), ("10%", "95%")),
    ],
)
def test_doing_beside_seeing(graph, seen, fits, fails):
    for number in fits:
        assert ask(Study(graph, *seen, f"{DONE} = {number}"), DONE).finding == "exact"
    for number in fails:
        answer = ask(Study(graph, *seen, f"{DONE} = {number}"), DONE)
        assert answer.finding == "contradiction", answer.to_text()
        assert any("Y[X=1]" in one for one in answer.diagnostics["clash"])
        assert len(answer.diagnostics["clash"]) > 1


# ---------------------------------------------------------------------------------------------------------------------
# Instruments: what is granted beside the numbers

MOVED = "Z -> X -> Y, X <-> Y"


def first_and_second(x1, x0, y1, y0):
    return (f"P(X=1 | Z=1) = {x1}", f"P(X=1 | Z=0) = {x0}", f"P(Y=1 | Z=1) = {y1}", f"P(Y=1 | Z=0) = {y0}")


@pytest.mark.parametrize(
    ("query", "grant", "numbers", "word"),
    [
        (late("Z", "X", "Y"), "no_defiers", ("5%", "1%", "90%", "10%"), "-1 to 1"),
        (ate("X", "Y"), "homogeneity", ("20%", "10%", "90%", "10%"), "-1 to 1"),
        (late("Z", "X", "Y"), "no_defiers", ("20%", "70%", "40%", "50%"), "negative"),
    ],
)
def test_what_is_granted_beside_numbers_that_exclude_it(query, grant, numbers, word):
    said = first_and_second(*numbers)
    answer = ask(Study(MOVED, *said), query, assume=grant)
    assert answer.finding == "contradiction"
    assert word in answer.to_text()
    x1, x0, y1, y0 = (float(n[:-1]) / 100 for n in numbers)
    x, y = np.array([[1 - x0, x0], [1 - x1, x1]]), np.array([[1 - y0, y0], [1 - y1, y1]])
    law = KnownLaw(("Z", "X", "Y"), 0.5 * x[:, :, None] * y[:, None, :])
    answer = ask(Study(MOVED, law), query, assume=grant)
    assert answer.finding == "contradiction"
    assert word in answer.derivation[-1].reason


def test_an_instrument_within_what_an_effect_can_be():
    answer = ask(Study(MOVED, *first_and_second("60%", "10%", "80%", "40%")), late("Z", "X", "Y"), assume="no_defiers")
    assert answer.finding == "exact"
    assert answer.value == pytest.approx(0.8)
    answer = ask(Study(MOVED, *first_and_second("20%", "70%", "40%", "50%")), ate("X", "Y"), assume="homogeneity")
    assert answer.value == pytest.approx(0.2)  # homogeneity lets the instrument move units either way
    answer = ask(Study(MOVED, *first_and_second("50%", "10%", "81%", "40%")), late("Z", "X", "Y"), assume="no_defiers")
    assert answer.finding == "bounds"  # at face value beyond, within the rounding not
    assert answer.interval.outer_upper == 1


def test_an_estimate_of_an_instrument_beyond_what_an_effect_can_be():
    counts = {(1, 1, 1): 10, (1, 0, 1): 80, (1, 0, 0): 10, (0, 1, 1): 2, (0, 0, 1): 8, (0, 0, 0): 90}
    rows = [dict(zip("ZXY", key, strict=True)) for key, n in counts.items() for _ in range(n)]
    refuted = ask(Study(MOVED, Sample(rows)), late("Z", "X", "Y"), assume="no_defiers")
    assert refuted.finding == "contradiction"  # the instrumental inequality fails, beyond the sampling error
    counts = {(1, 1, 1): 1, (1, 0, 1): 4, (1, 0, 0): 5, (0, 0, 1): 1, (0, 0, 0): 9}
    rows = [dict(zip("ZXY", key, strict=True)) for key, n in counts.items() for _ in range(n)]
    answer = ask(Study(MOVED, Sample(rows)), late("Z", "X", "Y"), assume="no_defiers")
    assert answer.finding == "estimate"
    assert answer.value == pytest.approx(0.4 / 0.1)
    assert any("lies outside -1 to 1" in a.text for a in answer.assumptions)
    assert -1 <= answer.uncertainty.confidence.lower <= answer.uncertainty.confidence.upper <= 1


def test_counts_of_none_or_all_claim_no_certainty():
    for counted, share in ("87 of 87", 1), ("0 of 87", 0):
        answer = ask(Study("X -> Y", f"P(Y=1 | X=1) = {counted}"), "P(Y=1 | X=1)")
        assert (answer.finding, answer.value) == ("estimate", share)
        assert answer.uncertainty.sampling == pytest.approx(np.sqrt(0.5 * 87.5 / 88**2 / 87))
        assert any("half a count" in a.text for a in answer.assumptions)


@pytest.mark.parametrize(("said", "ends"), [("> 0.5", (0.5, 1)), ("< 0.3", (0, 0.3)), (">= 0.5", (0.5, 1))])
def test_the_end_of_a_strict_comparison_is_its_number(said, ends):
    answer = ask(Study("X -> Y", f"P(Y=1 | X=1) {said}"), "P(Y=1 | X=1)")
    assert (answer.interval.outer_lower, answer.interval.outer_upper) == pytest.approx(ends, abs=1e-8)
    assert "0.500001" not in answer.to_text()


def test_a_hedge_claims_nothing_about_particular_numbers():
    said = ("P(X=1) = 100%", "P(Y=1 | X=1) = 80%")
    text = ask(Study("X -> Y, X <-> Y", *said), DONE).to_text()
    assert "not identified for laws in general" in " ".join(text.split())
    assert "particular numbers could still determine it" in " ".join(text.split())
