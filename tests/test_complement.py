"""Queries that known states identify: what holds of one state follows from the whole and the others.

The effect of treatment on the treated from a trial beside what is seen is in Pearl (2009), section 8.2.1, and in
Shpitser & Pearl (2009), "Effects of treatment on the treated"; the napkin graph is in Pearl & Mackenzie (2018).
"""

# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportArgumentType=false
# pyright: reportOptionalOperand=false

from __future__ import annotations

import re

import numpy as np
import pytest

from scm import (
    Available,
    CausalGraph,
    InvalidQuery,
    KnownLaw,
    Sample,
    Study,
    UnknownName,
    ask,
    ate,
    check_estimand,
    ett,
    graph_from_text,
    identify,
    late,
    parse_query,
    print_query,
)
from scm.solvers._random_models import RandomModel, random_model
from scm.solvers._random_truth import truth
from tests.test_ask_laws import BOW, law_of

NAPKIN = graph_from_text("W -> Z -> X -> Y, W <-> X, W <-> Y")
IV = graph_from_text("Z -> X -> Y, X <-> Y")
TREATED = "P(Y[X=0]=1 | X=1)"
LAWS = (Available(("X", "Y")), Available(("Y",), ("X",), "trial"))


def bow_and_trial(model: RandomModel) -> Study:
    """The law of what is seen, and a trial on X."""
    states = {name: tuple(model.states[name]) for name in ("X", "Y")}
    return Study(BOW, law_of(model, ("X", "Y")), law_of(model, ("Y",), ("X",)), states=states)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "query",
    [
        TREATED,
        "P(Y[X=0]=1, X=1)",
        "P(Y[X=0]=1, X != 0)",
        "P(Y[X=0]=1 | X > 0)",
        "P(X=1 | Y[X=0]=1)",
        "P(Y[X=0] | X=1)",
        "P(Y | X=1) - P(Y[X=0] | X=1)",
        "E[Y[X=1] - Y[X=0] | X=1]",
        "E[2 * Y[X=0] + 1 | X=1]",
        "P(Y[X=1]=1 | X=0) / P(Y[X=0]=1 | X=1)",
        print_query(ett("X", "Y")),
    ],
)
def test_a_trial_beside_what_is_seen(query: str, seed: int):
    model = random_model(BOW, np.random.default_rng(seed))
    found = ask(bow_and_trial(model), query)
    assert found.finding == "exact", found.to_text()
    assert found.value == pytest.approx(truth(model, parse_query(query))[..., 0], abs=1e-12)
    assert found.check.status == "checked"
    assert not identify(BOW, query, LAWS).identified
    assert any(step.name == "complement" for step in found.derivation)
    assert any(assumed.text == "X has no other states than 0 and 1" for assumed in found.assumptions)


def test_the_formula_is_the_one_of_the_books():
    found = identify(BOW, TREATED, LAWS, states={"X": (0, 1), "Y": (0, 1)})
    text = found.to_text()
    assert "[P[trial](Y=1; do(X=0)) - P(X=0, Y=1)] / P(X=1)" in text
    assert "P(Y[X=0] = 1, X = 1) = P(Y[X=0] = 1) - P(Y[X=0] = 1, X = 0)" in text
    assert found.query == parse_query(TREATED)
    assert check_estimand(found).status == "checked"


@pytest.mark.parametrize("seed", range(3))
def test_the_napkin_gives_the_effect_on_the_treated_from_what_is_seen(seed: int):
    model = random_model(NAPKIN, np.random.default_rng(seed))
    found = ask(Study(NAPKIN, law_of(model, NAPKIN.variables)), TREATED)
    assert found.finding == "exact"
    assert found.value == pytest.approx(float(truth(model, parse_query(TREATED))[0]), abs=1e-10)
    assert found.check.status == "checked"
    assert not identify(NAPKIN, TREATED).identified


def test_the_product_rule_takes_apart_what_has_no_complement():
    graph = graph_from_text("X -> M -> Y, X -> Y, X <-> Y")
    query = "P(Y[X=0, M=1]=1 | X=1, M=0)"
    model = random_model(graph, np.random.default_rng(0))
    study = Study(graph, law_of(model, ("X", "M", "Y")), law_of(model, ("M", "Y"), ("X",)))
    found = ask(study, query)
    assert found.value == pytest.approx(float(truth(model, parse_query(query))[0]), abs=1e-12)
    assert {"product", "complement"} <= {step.name for step in found.derivation}
    assert found.check.status == "checked"


def test_three_states_of_the_cause_do_not_do():
    states = {"X": (0, 1, 2), "Y": (0, 1)}
    model = random_model(BOW, np.random.default_rng(0), states)
    found = ask(bow_and_trial(model), TREATED)
    assert found.finding == "bounds"
    assert "any number of states" in found.to_text()
    assert found.witness.values[0] != found.witness.values[1]  # X has three states in it
    assert not identify(NAPKIN, TREATED, states={**dict.fromkeys(NAPKIN.variables, (0, 1)), **states}).identified
    # All the others together are a complement whatever their number.
    for query in ("P(Y[X=0]=1 | X != 0)", "P(Y[X=0]=1, X >= 1)", "E[Y[X=0] | X > 0]"):
        found = ask(bow_and_trial(model), query)
        assert found.value == pytest.approx(float(truth(model, parse_query(query))[0]), abs=1e-12), query
        assert found.check.status == "checked"


def test_three_states_of_the_effect_do():
    states = {"X": ("no", "yes"), "Y": (0, 1, 4)}
    model = random_model(BOW, np.random.default_rng(0), states)
    for query in ("E[Y[X='no'] | X='yes']", "P(Y[X='no'] | X='yes')", "E[Y[X='no'] * Y[X='no'] | X='yes']"):
        found = ask(bow_and_trial(model), query)
        assert found.finding == "exact", query
        assert found.value == pytest.approx(truth(model, parse_query(query))[..., 0], abs=1e-12), query


@pytest.mark.parametrize(
    "query",
    ["P(Y[X=0]=0 | X=1, Y=1)", "P(Y[X=1]=1, Y[X=0]=0)", "P(Y[X=0]=1 | Y=1)", "P(Y[X=1]=1 | X=0, Y=0)"],
)
def test_probabilities_of_causation_stay_unknown(query: str):
    """Tian & Pearl (2000): a trial and what is seen bound them, and do not determine them."""
    model = random_model(BOW, np.random.default_rng(0))
    found = ask(bow_and_trial(model), query)
    assert found.finding == "bounds"
    assert found.interval.sharp
    assert found.interval.lower - 1e-9 <= truth(model, parse_query(query))[0] <= found.interval.upper + 1e-9
    assert found.witness is not None


def test_laws_that_contradict_each_other_are_told():
    seen = np.array([[0.1, 0.5], [0.2, 0.2]])  # P(Y=1, X=0) = 0.5, more than P(Y=1 | do(X=0)) = 0.3
    study = Study(BOW, KnownLaw(("X", "Y"), seen), KnownLaw(("Y",), np.array([[0.7, 0.3], [0.5, 0.5]]), ("X",)))
    for query in (TREATED, "P(Y[X=0] | X=1)", "E[Y[X=1] - Y[X=0] | X=1]", "P(Y[X=1]=1 | X=1) - P(Y[X=0]=1 | X=1)"):
        found = ask(study, query)
        assert found.finding == "contradiction", query
        assert found.value is None
        assert "would be -0.5" in found.derivation[-1].claim or "would be 1.5" in found.derivation[-1].claim
    statements = ("P(Y=1 | do(X=0)) = 0.30", "P(X=0, Y=1) = 0.50", "P(X=1) = 0.40")
    for query in (TREATED, "1 - P(Y[X=0]=1 | X=1)"):
        found = ask(Study(BOW, *statements), query)
        assert found.finding == "contradiction", query
        assert found.diagnostics["clash"] == ["P(Y[X=0] = 1) = 0.3", "P(X = 0, Y = 1) = 0.5"]  # consistency


def test_nobody_is_treated():
    seen, trial = np.array([[0.4, 0.6], [0.0, 0.0]]), np.array([[0.4, 0.6], [0.5, 0.5]])
    found = ask(Study(BOW, KnownLaw(("X", "Y"), seen), KnownLaw(("Y",), trial, ("X",))), TREATED)
    assert found.finding == "undefined"


def test_from_statements():
    found = ask(Study(BOW, "P(Y=1 | do(X=0)) = 0.5", "P(Y=1, X=0) = 0.2", "P(X=1) = 0.6"), TREATED)
    assert found.finding == "exact"
    assert found.value == pytest.approx((0.5 - 0.2) / 0.6)
    assert found.identification.states == {"X": (0, 1)}
    assert any(step.name == "complement" for step in found.derivation)
    less = ask(Study(BOW, "P(Y=1 | do(X=0)) = 0.5", "P(X=1) = 0.6"), TREATED)
    assert less.finding == "bounds"  # of those who are not treated, all or nobody may have Y = 1
    assert (less.interval.outer_lower, less.interval.outer_upper) == pytest.approx((1 / 6, 5 / 6))
    assert less.diagnostics["missing"] == ["P(X=0, Y=1)"]
    rare = ask(Study(BOW, "P(Y=1 | do(X=0)) = 0.1", "P(X=1) = 0.6"), TREATED)
    assert (rare.interval.outer_lower, rare.interval.outer_upper) == pytest.approx((0, 1 / 6))
    assert rare.interval.sharp
    mixed = Study(BOW, "P(Y=1 | do(X=0)) = 0.5", KnownLaw(("X", "Y"), np.array([[0.2, 0.2], [0.3, 0.3]])))
    assert ask(mixed, TREATED).value == pytest.approx(0.5)
    assert ask(mixed, "P(Y[X=0]=0 | X=1, Y=1)").finding == "bounds"


def test_from_samples():
    model = random_model(BOW, np.random.default_rng(2))
    rng = np.random.default_rng(0)
    seen, trial = law_of(model, ("X", "Y")).array, law_of(model, ("Y",), ("X",)).array
    x, y = np.unravel_index(rng.choice(4, 4_000, p=seen.ravel()), (2, 2))
    z, w = np.unravel_index(rng.choice(4, 4_000, p=trial.ravel() / 2), (2, 2))
    study = Study(BOW, Sample({"X": x, "Y": y}), Sample({"X": z, "Y": w}, do=("X",)))
    found = ask(study, TREATED)
    assert found.finding == "estimate"
    assert found.value == pytest.approx((w[z == 0].mean() - (y * (x == 0)).mean()) / (x == 1).mean())
    wanted = float(truth(model, parse_query(TREATED))[0])
    assert found.value == pytest.approx(wanted, abs=4 * float(found.uncertainty.sampling))
    swapped = Study(BOW, Sample({"X": x, "Y": 0 * y + 1}), Sample({"X": z, "Y": 0 * w + (w > 2)}, do=("X",)))
    told = ask(swapped, TREATED)
    assert told.finding == "refused"
    assert "the samples disagree" in told.to_text()


def test_random_graphs_agree_with_the_truth():
    """Whatever is identified by states is right; some queries of every run are."""
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(60):
        names = ("A", "B", "X", "Y")
        edges = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if rng.random() < 0.6]
        arcs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if rng.random() < 0.35]
        graph = CausalGraph(names, tuple(edges), tuple(arcs))
        states = {name: tuple(range(2 if rng.random() < 0.8 else 3)) for name in names}
        laws = (Available(names), Available(("A", "B", "Y"), ("X",), "trial"))
        for query in ("P(Y[X=0]=1 | X=1, A=0)", "P(Y[X=0]=1, A=1 | X=1)", "P(Y[A=0]=1 | A=1, B=1)"):
            if identify(graph, query, laws).identified:
                continue
            how = identify(graph, query, laws, states=states)
            if how.identified:
                found += 1
                assert how.states
                assert check_estimand(how, models=5).status == "checked", (graph, query, states)
    assert found > 10


def test_states_are_used_only_where_they_are_needed():
    fork = graph_from_text("Z -> X -> Y, Z -> Y")
    states = dict.fromkeys(fork.variables, (0, 1))
    assert identify(fork, TREATED, states=states) == identify(fork, TREATED)
    assert identify(IV, ate("X", "Y"), states=dict.fromkeys("ZXY", (0, 1)), assume="homogeneity").method == "instrument"


def test_states_that_are_none():
    with pytest.raises(UnknownName):
        identify(BOW, TREATED, LAWS, states={"Q": (0, 1)})
    for own in ((0,), (0, 0), 2, "ab"):
        with pytest.raises(InvalidQuery, match="two different"):
            identify(BOW, TREATED, LAWS, states={"X": own})
    found = identify(BOW, TREATED, LAWS, states={"X": (0, 1)})
    assert hash(found) == hash(identify(BOW, TREATED, LAWS, states={"X": (0, 1)}))
    assert found.to_json()["identified"] is True


# ---------------------------------------------------------------------------------------------------------------------
# What is granted reaches a study of laws


def test_laws_take_what_is_granted():
    model = random_model(IV, np.random.default_rng(2))  # Z moves X upwards, and Wald's ratio is one of an effect
    study = Study(IV, law_of(model, ("Z", "X", "Y")))
    joint = law_of(model, ("Z", "X", "Y")).array
    by_z = joint / joint.sum(axis=(1, 2), keepdims=True)
    wald = np.diff(by_z[:, :, 1].sum(axis=1))[0] / np.diff(by_z[:, 1].sum(axis=1))[0]
    for query, grant in ((ate("X", "Y"), "homogeneity"), (late("Z", "X", "Y"), "no_defiers")):
        assert ask(study, query).finding == "bounds"
        found = ask(study, query, assume=grant)
        assert found.finding == "exact"
        assert found.value == pytest.approx(wald)
        assert any(re.match(grant.replace("_", " "), assumed.text) for assumed in found.assumptions)


def test_an_instrument_that_moves_nothing_is_told():
    law = np.array([[[0.1, 0.2], [0.3, 0.4]], [[0.2, 0.1], [0.4, 0.3]]]) / 2  # X and Z are independent
    data = {"Z": [0, 0, 0, 1, 1, 1], "X": [0, 1, 1, 0, 1, 1], "Y": [0, 1, 1, 1, 0, 1]}
    for study in (Study(IV, KnownLaw(("Z", "X", "Y"), law)), Study(IV, Sample(data))):
        found = ask(study, ate("X", "Y"), assume="homogeneity")
        assert found.finding == "refused"
        assert "the instrument does not change the cause" in found.refusals[0][1]
        assert "nobody" not in found.refusals[0][1]
