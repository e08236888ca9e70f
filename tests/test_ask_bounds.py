"""`ask` where a query is left open: ends from laws, samples, statements and tables, beside closed forms."""

from __future__ import annotations

import json
import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from scm import (
    CausalGraph,
    InvalidQuery,
    KnownLaw,
    Model,
    Sample,
    Study,
    Variable,
    ate,
    ett,
    explain,
    no_defiers,
    no_prevention,
    pn,
    pns,
    ps,
)
from scm import ask as asked

ALONE = CausalGraph(("X", "Y"), (("X", "Y"),))
BOW = CausalGraph(("X", "Y"), (("X", "Y"),), (("X", "Y"),))
IV = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("X", "Y")), (("X", "Y"),))
FRONT_DOOR = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y")), (("X", "Y"),))


def ask(*parts: Any, **options: Any) -> Any:
    """`scm.ask`; what is read off an answer here is there, or the test fails."""
    return asked(*parts, **options)


def ends(answer: Any) -> tuple[float, float]:
    """The attained ends, which must be proved to be all there is."""
    assert answer.finding == "bounds", answer.to_text()
    assert answer.interval.sharp, answer.to_text()
    assert answer.interval.outer_lower <= answer.interval.lower <= answer.interval.upper <= answer.interval.outer_upper
    return answer.interval.lower, answer.interval.upper


def check_attained(answer: Any) -> None:
    """The models that attain the ends, run through the exact solver."""
    for model, end in zip(answer.attained, ends(answer), strict=True):
        found = ask(model, answer.query)
        assert found.finding == "exact"
        assert found.value == pytest.approx(end, abs=1e-7)


def trial_of_two_arms(p: Any) -> Study:
    """An instrument that is imposed; `p` has the axes Z, X, Y."""
    return Study(IV, KnownLaw(("X", "Y"), np.asarray(p), ("Z",)))


# ---------------------------------------------------------------------------------------------------------------------
# Published cases (REFERENCE_CASES.md by number)


LIPID = [[[0.919, 0.081], [0.0, 0.0]], [[0.315, 0.073], [0.139, 0.473]]]
"""Balke & Pearl (1997): P(x, y | z) of the lipid trial; Pearl (2009), section 8.2.5."""


def test_case_37_the_lipid_trial():
    """Balke & Pearl (1997); Pearl (2009), section 8.2.5: at least 39.2 points, at most 78."""
    answer = ask(trial_of_two_arms(LIPID), ate("X", "Y"))
    assert ends(answer) == pytest.approx((0.392, 0.780), abs=1e-9)
    check_attained(answer)
    steps = [step.name for step in answer.derivation]
    for name in ("hedge", "response types", "what is known", "linear programme", "attained"):
        assert name in steps
    # Nobody takes it without being assigned: the effect on those who do is identified.
    treated = ask(trial_of_two_arms(LIPID), ett("X", "Y"))
    assert treated.finding == "exact"
    assert treated.value == pytest.approx(0.7598, abs=1e-4)


def test_case_22_the_share_that_is_helped_is_not_identified_and_bounded():
    """Tian & Pearl (2000), section 4.2.1: without confounding, max(0, p1 - p0) <= PNS <= min(p1, 1 - p0)."""
    p1, p0 = 0.7, 0.4
    law = np.array([[0.5 * (1 - p0), 0.5 * p0], [0.5 * (1 - p1), 0.5 * p1]])
    answer = ask(Study(ALONE, KnownLaw(("X", "Y"), law)), pns("X", "Y"))
    assert ends(answer) == pytest.approx((p1 - p0, min(p1, 1 - p0)), abs=1e-9)
    assert answer.witness is not None  # two models that agree on the law and differ on the query
    check_attained(answer)
    said = ask(Study(ALONE, "P(Y=1 | X=1) = 7/10", "P(Y=1 | X=0) = 4/10"), pns("X", "Y"))
    assert ends(said) == pytest.approx((0.3, 0.6), abs=1e-9)


LEGAL = (
    KnownLaw(("X", "Y"), np.array([[0.486, 0.014], [0.499, 0.001]])),
    KnownLaw(("Y",), np.array([[0.986, 0.014], [0.984, 0.016]]), ("X",)),
)
"""Tian & Pearl (2000), table 1; Pearl (2009), table 9.2."""


def test_case_33_the_legal_drug():
    """Tian & Pearl (2000), section 5: the drug was the cause with certainty, by a trial beside what was seen."""
    study = Study(BOW, *LEGAL)
    certain = ask(study, pn("X", "Y"))
    assert certain.finding == "exact"
    assert certain.value == pytest.approx(1.0, abs=1e-7)
    assert any(step.name == "ends meet" for step in certain.derivation)
    assert ends(ask(study, pns("X", "Y"))) == pytest.approx((0.002, 0.016), abs=1e-9)
    assert ends(ask(study, ps("X", "Y"))) == pytest.approx((0.002 / 0.972 * 1, 0.030 / 0.972), abs=5e-4)
    assert ends(ask(study, ps("X", "Y"))) == pytest.approx((0.001 / 0.486, 0.015 / 0.486), abs=1e-9)
    # What each source says alone is less.
    seen, trial = Study(BOW, LEGAL[0]), Study(BOW, LEGAL[1])
    assert ends(ask(seen, pn("X", "Y"))) == pytest.approx((0, 1), abs=1e-9)
    assert ends(ask(trial, pns("X", "Y"))) == pytest.approx((0.002, 0.016), abs=1e-9)


def test_case_34_leukemia():
    """Pearl (2009), table 9.1: exogeneity and monotonicity give points; without the latter they are bounds."""
    p1, p0, x = 30 / 69_160, 16 / 59_026, 0.5
    law = np.array([[(1 - x) * (1 - p0), (1 - x) * p0], [x * (1 - p1), x * p1]])
    study = Study(ALONE, KnownLaw(("X", "Y"), law))
    wanted = {pns: 0.00016271, pn: 0.37510, ps: 0.00016275}
    for quantity, value in wanted.items():
        query = quantity("X", "Y")
        found = ask(study, query, assume=no_prevention("X", "Y"))
        assert found.finding == "exact"
        assert found.value == pytest.approx(value, rel=1e-4)
        assert any(a.granted_by == "the user" and "no prevention" in a.text for a in found.assumptions)
        low, high = ends(ask(study, query))
        assert low == pytest.approx(found.value, abs=1e-7)
        assert high > low + 1e-5


def balke_pearl(p: np.ndarray) -> tuple[float, float]:
    """Their eight terms a side for the average effect with an instrument (1997, equations 11 and 12)."""

    def q(y: int, x: int, z: int) -> float:
        return float(p[z, x, y])

    lower = (
        q(1, 1, 1) + q(0, 0, 0) - 1,
        q(1, 1, 0) + q(0, 0, 1) - 1,
        q(1, 1, 0) - q(1, 1, 1) - q(1, 0, 1) - q(0, 1, 0) - q(1, 0, 0),
        q(1, 1, 1) - q(1, 1, 0) - q(1, 0, 0) - q(0, 1, 1) - q(1, 0, 1),
        -q(0, 1, 1) - q(1, 0, 1),
        -q(0, 1, 0) - q(1, 0, 0),
        q(0, 0, 1) - q(0, 1, 1) - q(1, 0, 1) - q(0, 1, 0) - q(0, 0, 0),
        q(0, 0, 0) - q(0, 1, 0) - q(1, 0, 0) - q(0, 1, 1) - q(0, 0, 1),
    )
    upper = (
        1 - q(0, 1, 1) - q(1, 0, 0),
        1 - q(0, 1, 0) - q(1, 0, 1),
        -q(0, 1, 0) + q(0, 1, 1) + q(0, 0, 1) + q(1, 1, 0) + q(0, 0, 0),
        -q(0, 1, 1) + q(1, 1, 1) + q(0, 0, 1) + q(0, 1, 0) + q(0, 0, 0),
        q(1, 1, 1) + q(0, 0, 1),
        q(1, 1, 0) + q(0, 0, 0),
        -q(1, 0, 1) + q(1, 1, 1) + q(0, 0, 1) + q(1, 1, 0) + q(1, 0, 0),
        -q(1, 0, 0) + q(1, 1, 0) + q(0, 0, 0) + q(1, 1, 1) + q(1, 0, 1),
    )
    return max(lower), min(upper)


def random_trial(rng: np.random.Generator, defiers: bool = True) -> np.ndarray:
    """A law P(x, y | z) that response types give."""
    weights = rng.dirichlet(np.full((16 if defiers else 12), 0.3))
    kinds = [(0, 0), (0, 1), (1, 1), (1, 0)][: 4 if defiers else 3]  # X at Z=0 and Z=1
    p = np.zeros((2, 2, 2))
    for k, weight in enumerate(weights):
        x, y = kinds[k // 4], ((k // 2) % 2, k % 2)
        for z in (0, 1):
            p[z, x[z], y[x[z]]] += weight
    return p


@pytest.mark.parametrize("seed", range(12))
def test_case_41_known_bounds(seed: int):
    """As causaloptim lists them (Sachs et al. 2023): confounded, with an instrument, and with no defiers."""
    rng = np.random.default_rng(seed)
    p = random_trial(rng)
    assert ends(ask(trial_of_two_arms(p), ate("X", "Y"))) == pytest.approx(balke_pearl(p), abs=1e-9)
    seen = rng.dirichlet(np.ones(4)).reshape(2, 2)
    low = -seen[1, 0] - seen[0, 1]
    answer = ask(Study(BOW, KnownLaw(("X", "Y"), seen)), ate("X", "Y"))
    assert ends(answer) == pytest.approx((low, 1 + low), abs=1e-9)
    p = random_trial(rng, defiers=False)
    effect = float(p[1, :, 1].sum() - p[0, :, 1].sum())
    granted = ask(trial_of_two_arms(p), ate("X", "Y"), assume=no_defiers("Z", "X"))
    wanted = (effect - p[0, 1, 0] - p[1, 0, 1], effect + p[0, 1, 1] + p[1, 0, 0])
    assert ends(granted) == pytest.approx(wanted, abs=1e-9)
    assert ends(ask(trial_of_two_arms(p), ate("X", "Y"), assume="no_defiers")) == pytest.approx(wanted, abs=1e-9)


def test_a_product_of_components_meets_and_is_attained():
    """PN by the front door: two c-components; inner and outer ends meet."""
    rng = np.random.default_rng(4)
    u = rng.dirichlet(np.ones(4))  # hidden common cause of X and Y
    law = np.zeros((2, 2, 2))
    m_of, y_of = rng.uniform(0.1, 0.9, 2), rng.uniform(0.1, 0.9, (4, 2))
    for k, x, m, y in np.ndindex(4, 2, 2, 2):
        law[x, m, y] += u[k] * (k % 2 == x) * (m_of[x] if m else 1 - m_of[x]) * (y_of[k, m] if y else 1 - y_of[k, m])
    answer = ask(Study(FRONT_DOOR, KnownLaw(("X", "M", "Y"), law)), pn("X", "Y"))
    low, high = ends(answer)
    assert answer.interval.lower - answer.interval.outer_lower < 1e-6
    assert answer.interval.outer_upper - answer.interval.upper < 1e-6
    assert 0 <= low < high <= 1
    check_attained(answer)
    assert any(step.name == "several components" for step in answer.derivation)


# ---------------------------------------------------------------------------------------------------------------------
# Distributions, contrasts, forms of the answer


def test_a_distribution_has_an_interval_for_each_cell():
    answer = ask(trial_of_two_arms(LIPID), "P(Y | do(X=1))")
    assert answer.interval.lower == pytest.approx([0.139, 0.473])
    assert answer.interval.upper == pytest.approx([0.527, 0.861])
    assert answer.interval.sharp
    assert answer.attained == (None, None)
    frame = answer.to_frame()
    assert [float(frame[f"P(Y[X=1]={k}) lower"][0]) for k in (0, 1)] == pytest.approx([0.139, 0.473])
    assert "0: between 0.139 and 0.527" in answer.to_text()
    change = ask(trial_of_two_arms(LIPID), "P(Y | do(X=1)) - P(Y | do(X=0))")
    assert change.interval.upper == pytest.approx([-0.392, 0.780])


def test_ratios_and_products():
    study = trial_of_two_arms(random_trial(np.random.default_rng(3)))
    one, other = (ask(study, f"P(Y=1 | do(X={x}))").interval for x in (1, 0))
    ratio = ask(study, "P(Y=1 | do(X=1)) / P(Y=1 | do(X=0))")
    low, high = ends(ratio)
    assert one.lower / other.upper - 1e-9 <= low <= high <= one.upper / other.lower + 1e-9
    check_attained(ratio)
    product = ask(study, "P(Y=1 | do(X=1)) * P(Y=1 | do(X=0))")
    assert product.interval.outer_upper == pytest.approx(one.upper * other.upper)
    assert not product.interval.sharp  # one model need not attain both
    assert "perhaps within less" in product.to_text()
    twice = ask(study, "2 * P(Y=1 | do(X=1)) - 1")
    assert ends(twice) == pytest.approx((2 * one.lower - 1, 2 * one.upper - 1))


def test_an_answer_of_bounds_in_every_form():
    answer = ask(trial_of_two_arms(LIPID), ate("X", "Y"))
    data = json.loads(json.dumps(answer.to_json(), allow_nan=False))
    assert data["interval"]["sharp"] is True
    assert data["diagnostics"]["bounds"]["unknowns"] == [16]
    assert "[0.392,\\ 0.78]" in answer.to_latex()
    assert answer.to_frame()["lower"][0] == pytest.approx(0.392)
    kept = pickle.loads(pickle.dumps(answer))
    assert kept == answer
    assert kept.to_text() == answer.to_text()
    assert kept.attained[0] is not None
    again = ask(trial_of_two_arms(LIPID), ate("X", "Y"))
    assert again == answer


def test_nothing_ruled_out_is_said():
    answer = ask(Study(BOW), "P(Y=1 | do(X=1))")
    assert ends(answer) == (0, 1)
    assert answer.diagnostics["bounds"]["nothing_ruled_out"]
    assert any(step.name == "nothing ruled out" for step in answer.derivation)
    check_attained(answer)


# ---------------------------------------------------------------------------------------------------------------------
# Statements, grants, samples


def test_adding_a_true_statement_never_widens():
    said = ["P(Y=1 | do(X=0)) = 3/10", "P(X=1) = 6/10", "P(Y=1 | X=1) = 5/10", "P(Y=1 | X=0) = 2/10"]
    found = [ends(ask(Study(BOW, *said[:k]), pns("X", "Y"))) for k in range(len(said) + 1)]
    for (low, high), (later_low, later_high) in pairwise(found):
        assert later_low >= low - 1e-9
        assert later_high <= high + 1e-9
    assert found[-1] != found[0]


def test_rounding_is_kept_apart():
    answer = ask(Study(BOW, "P(Y=1 | X=1) = 80%", "P(X=1) = 50%"), "P(Y=1 | do(X=1))")
    assert ends(answer) == pytest.approx((0.4, 0.9), abs=1e-9)
    low, high = answer.uncertainty.rounding
    assert (low, high) == pytest.approx((0.795 * 0.495, 1 - 0.195 * 0.495), abs=1e-6)
    assert "within the rounding of the printed numbers" in answer.to_text()


BESIDE = np.array([[0.1, 0.852], [0.02, 0.028]])
"""P(A, M)."""


@pytest.mark.parametrize(
    ("query", "value"),
    [("P(M=1, A=0)", 0.852), ("P(M[A=0]=1)", 0.852 / 0.952), ("P(Y=1, M=1, A=0)", 0.426),
     ("P(Y=1, M=1, A=0) / P(M=1, A=0)", 0.5)],
)  # fmt: skip
def test_a_printed_number_beside_a_law_does_not_move_the_answer(query: str, value: float):
    """A law is exact: what is printed as 0.85 and is 0.852 agrees with it, and says nothing further."""
    graph = "A -> M -> Y, A -> Y"
    answer = ask(Study(graph, KnownLaw(("A", "M"), BESIDE), "P(M=1, A=0) = 0.85", "P(Y=1 | A=0, M=1) = 0.5"), query)
    assert answer.finding == "exact"
    assert answer.value == pytest.approx(value, abs=1e-12)
    assert [step.claim for step in answer.derivation if step.name == "agreement"] == [
        "P(M = 1, A = 0) = 0.85 says nothing beyond the laws"
    ]


def test_statements_that_a_law_determines_leave_its_ends_as_they_are():
    graph, query = "A -> M", "P(M[A=0]=1, M[A=1]=0)"
    alone = ends(ask(Study(graph, KnownLaw(("A", "M"), BESIDE)), query))
    assert alone == pytest.approx((0.852 / 0.952 - 0.028 / 0.048, 0.02 / 0.048), abs=1e-9)
    said = ("P(M=1, A=0) = 0.85", "P(M=1) > 0.8", "P(M[A=0]=1) = 0.9", "P(M=1) = 870 of 1000")
    assert ends(ask(Study(graph, *said, KnownLaw(("A", "M"), BESIDE)), query)) == pytest.approx(alone, abs=1e-12)


@pytest.mark.parametrize("said", ["P(M=1, A=0) = 0.84", "P(M=1) > 0.9", "P(M[A=0]=1) = 0.8", "P(M=1) = 600 of 1000"])
@pytest.mark.parametrize("query", ["P(M=1)", "P(M[A=0]=1, M[A=1]=0)"])
def test_a_statement_that_contradicts_a_law(said: str, query: str):
    """It is found whatever is asked; a statement that agrees is no part of the clash."""
    answer = ask(Study("A -> M", "P(M=1, A=0) = 0.85", said, KnownLaw(("A", "M"), BESIDE)), query)
    assert answer.finding == "contradiction"
    assert answer.diagnostics["statements"] == [1]
    assert "the law P(A, M)" in answer.diagnostics["clash"]


@pytest.mark.parametrize(
    ("said", "query", "value"),
    [
        ("P(Y[X=1]=1 | X[X=1]=1) = 0.4", "P(Y[X=1]=1)", 0.4),
        ("P(Y[X=1]=1, X[X=1]=1) = 0.4", "P(Y[X=1]=1)", 0.4),
        ("P(Y[X=1]=1) = 0.4", "P(Y[X=1]=1 | X[X=1]=1)", 0.4),
        ("P(Y[X=1]=1) = 0.4", "P(Y[X=1]=1, X[X=1]=0)", 0.0),
    ],
)
def test_a_variable_is_what_it_is_set_to(said: str, query: str, value: float):
    answer = ask(Study(BOW, said), query)
    assert answer.finding == "exact"
    assert answer.value == pytest.approx(value, abs=1e-12)
    assert ask(Study(BOW, "P(X[X=1]=1) = 0.4"), query).finding == "contradiction"


def test_a_condition_that_a_statement_makes_is_possible():
    """P(Y=1 | X=1) = 0.8 says that X=1 has some chance, however small: so P(Y[X=1]=1) is 0.8 without confounding."""
    answer = ask(Study(ALONE, "P(Y=1 | X=1) = 0.8", "P(Y[X=1]=1, Y[X=0]=0) = 0.5"), "P(Y[X=1]=1, Y[X=0]=1)")
    assert answer.finding == "exact"
    assert answer.value == pytest.approx(0.3, abs=1e-7)


def test_equations_that_are_not_linear_are_solved_now():
    answer = ask(Study("Z -> Y", "P(Z=1) = 1/2", "P(Y=1 | Z=1) = 6/10", "P(Y=1) = 4/10"), "P(Y=1 | do(Z=0))")
    assert answer.value == pytest.approx(0.2, abs=1e-7)


def test_grants_that_cannot_be_meant():
    study = trial_of_two_arms(LIPID)
    for wrong in ("no_defier", ["no_prevention", "what"], 3):
        with pytest.raises(InvalidQuery):
            ask(study, ate("X", "Y"), assume=wrong)
    with pytest.raises(InvalidQuery, match="other way round"):
        ask(study, ate("X", "Y"), assume=no_prevention("Y", "X"))


def test_a_grant_is_never_swallowed():
    """One that nothing makes use of is said to be left, and why; one that is used stands among the assumptions."""
    study = trial_of_two_arms(LIPID)
    left = ask(study, ate("X", "Y"), assume="homogeneity")
    assert ends(left) == pytest.approx((0.392, 0.780), abs=1e-9)
    assert [step.claim for step in left.derivation if step.name == "grant"] == [
        "what was granted is not used: homogeneity"
    ]
    seen = Study(IV, KnownLaw(("Z", "X", "Y"), np.asarray(LIPID) / 2))
    used = ask(seen, ate("X", "Y"), assume="homogeneity")
    assert used.value == pytest.approx(0.465 / 0.612, abs=1e-9)
    assert any(one.text.startswith("homogeneity") for one in used.assumptions)
    assert not [step for step in used.derivation if step.name == "grant"]
    for grant in ("homogeneity", no_prevention("X", "Y")):
        easy = ask(seen, "P(Y=1 | Z=1)", assume=grant)
        assert [step.reason for step in easy.derivation if step.name == "grant"] == [
            "the query is determined without it"
        ]
        assert easy.to_text() != ask(seen, "P(Y=1 | Z=1)").to_text()


def test_a_grant_that_the_numbers_refute():
    """A trial in which the drug harms on average, beside the grant that it harms nobody."""
    law = KnownLaw(("Y",), np.array([[0.4, 0.6], [0.7, 0.3]]), ("X",))
    for query in ("P(Y=1 | do(X=1))", pns("X", "Y")):  # one identified, one not
        answer = ask(Study(BOW, law), query, assume=no_prevention("X", "Y"))
        assert answer.finding == "contradiction", query
        assert any("no prevention" in said for said in answer.diagnostics["clash"])


def sample(p: np.ndarray, units: int, seed: int) -> Sample:
    """Units drawn from a law over Z, X, Y."""
    counts = np.random.default_rng(seed).multinomial(units, p.ravel())
    cells = np.array(list(np.ndindex(*p.shape)))
    return Sample({"Z": cells[:, 0], "X": cells[:, 1], "Y": cells[:, 2], "n": counts}, weights="n")


def test_samples_have_ends_at_the_frequencies_and_a_confidence_interval():
    p = random_trial(np.random.default_rng(1)) / 2
    truth = balke_pearl(2 * p)
    answer = ask(Study(IV, sample(p, 2_000, 0)), ate("X", "Y"))
    low, high = ends(answer)
    confidence = answer.uncertainty.confidence
    assert confidence.level == 0.95
    assert confidence.lower <= low <= high <= confidence.upper
    assert confidence.lower <= truth[0] <= truth[1] <= confidence.upper  # false alarm: 5%; the seed is fixed
    assert "95% confidence interval" in answer.to_text()
    many = ask(Study(IV, sample(p, 2_000_000, 1)), ate("X", "Y")).uncertainty.confidence
    assert many.upper - many.lower < confidence.upper - confidence.lower


def test_frequencies_that_the_graph_excludes_by_chance_are_no_contradiction():
    """Four units in which the instrumental inequality fails; four thousand of them refute the graph."""
    few = {"Z": [0, 0, 1, 1], "X": [0, 0, 0, 0], "Y": [0, 0, 1, 1], "n": [3, 1, 3, 1]}
    answer = ask(Study(IV, Sample(few, weights="n")), ate("X", "Y"))
    assert answer.finding == "bounds"
    assert not answer.interval.sharp
    assert np.isnan(answer.interval.lower)
    assert "no contradiction" in answer.to_text()
    many = few | {"n": [3_000, 1_000, 3_000, 1_000]}
    refuted = ask(Study(IV, Sample(many, weights="n")), ate("X", "Y"))
    assert refuted.finding == "contradiction"


def test_a_sample_beside_a_statement():
    data = {"X": [0, 0, 1, 1], "Y": [0, 1, 0, 1], "n": [300, 100, 200, 600]}
    study = Study(BOW, Sample(data, weights="n"), "P(Y=1 | do(X=0)) = 4/10")
    low, high = ends(ask(study, pn("X", "Y")))
    assert (low, high) == pytest.approx((1 - (0.4 - 1 / 12) / 0.5, 1 - (0.4 - 1 / 12 - 1 / 6) / 0.5), abs=1e-9)


# ---------------------------------------------------------------------------------------------------------------------
# Bad input


def test_an_infeasible_study_names_what_clashes():
    """The instrumental inequality (Pearl 1995) fails: P(X=0, Y=0 | Z=0) + P(X=0, Y=1 | Z=1) > 1."""
    answer = ask(trial_of_two_arms([[[0.8, 0.1], [0.05, 0.05]], [[0.1, 0.8], [0.05, 0.05]]]), ate("X", "Y"))
    assert answer.finding == "contradiction"
    assert answer.value is None
    assert answer.interval is None
    assert answer.diagnostics["clash"]
    assert any(step.name == "contradiction" for step in answer.derivation)
    said = ["P(Y=1 | do(X=1)) = 2/10", "P(X=1, Y=1) = 5/10", "P(X=1) = 6/10"]
    answer = ask(Study(BOW, *said), pns("X", "Y"))
    assert answer.finding == "contradiction"
    assert len(answer.diagnostics["clash"]) == 2  # the share of X is not needed


@pytest.mark.parametrize("tiny", [0.0, 1e-12, 1e-9])
def test_probabilities_that_are_zero_or_nearly(tiny: float):
    """HiGHS has called such programmes infeasible."""
    p = np.array([[[0.5 - tiny, 0.5], [tiny, 0.0]], [[0.2, 0.3], [0.5 - tiny, tiny]]])
    low, high = ends(ask(trial_of_two_arms(p), ate("X", "Y")))
    assert (low, high) == pytest.approx(balke_pearl(p), abs=1e-7)


def test_a_component_too_large_is_forecast():
    names = tuple(f"V{k}" for k in range(8))
    graph = CausalGraph(names, tuple(pairwise(names)), tuple((a, b) for a in names for b in names if a < b))
    law = np.full((5,) * 8, 5.0**-8)
    study = Study(graph, KnownLaw(names, law), states=dict.fromkeys(names, (0, 1, 2, 3, 4)))
    answer = ask(study, "P(V7[V0=1]=1, V7[V0=0]=0)")
    assert answer.finding == "not_identified"
    assert answer.value is None
    assert any(name == "bounds" for name, _ in answer.refusals)
    assert "V7" in answer.to_text()


def test_a_condition_of_probability_zero():
    law = np.array([[0.4, 0.6], [0.0, 0.0]])
    assert ask(Study(BOW, KnownLaw(("X", "Y"), law)), pn("X", "Y")).finding == "undefined"
    never = ask(Study(BOW, "P(X=1) = 0", "P(Y=1) = 1/2"), pn("X", "Y"))
    assert never.finding == "undefined"
    perhaps = ask(Study(BOW, "P(Y=1) = 1/2"), pn("X", "Y"))
    assert perhaps.finding == "bounds"
    assert any("above zero" in assumed.text for assumed in perhaps.assumptions)


# ---------------------------------------------------------------------------------------------------------------------
# Models with bare tables


TABLES = Model(
    Variable("X", (0, 1), table=(0.4, 0.6)),
    Variable("Y", (0, 1), parents=("X",), table={0: (0.7, 0.3), 1: (0.2, 0.8)}),
)


def test_tables_without_a_coupling_are_bounded():
    """Tian & Pearl (2000): max(0, p1 - p0) / p1 <= PN <= min(p1, 1 - p0) / p1 without confounding."""
    answer = ask(TABLES, pn("X", "Y"))
    assert ends(answer) == pytest.approx((0.5 / 0.8, 0.7 / 0.8), abs=1e-9)
    check_attained(answer)
    assert "rank_preserving" in answer.to_text()
    for coupling in ("rank_preserving", "gumbel_max", "independent"):
        value = float(ask(TABLES, pn("X", "Y"), assume=coupling).value)
        assert 0.625 - 1e-12 <= value <= 0.875 + 1e-12
    found = ask(TABLES, pn("X", "Y"), assume=no_prevention("X", "Y"))
    assert (found.finding, found.value) == ("exact", pytest.approx(0.625, abs=1e-7))


def test_rows_of_a_model_are_bounded_one_by_one():
    rows = {"x": [1, 1, 0, 0, 1], "y": [1, 0, 1, 0, 1]}
    answer = ask(TABLES, "P(Y[X=0]=0 | X=?x, Y=?y)", rows=rows)
    assert answer.finding == "bounds"
    interval: Any = answer.interval
    assert interval.lower == pytest.approx([0.625, 0, 0, 1, 0.625], abs=1e-9)
    assert interval.upper == pytest.approx([0.875, 1, 0, 1, 0.875], abs=1e-9)
    assert answer.to_frame(rows)["lower"].tolist() == pytest.approx([0.625, 0, 0, 1, 0.625], abs=1e-9)
    single = ask(TABLES, "P(Y[X=0]=0 | X=1, Y=1)").interval
    assert (interval.lower[0], interval.upper[4]) == (single.lower, single.upper)


def test_what_bounds_would_take_is_forecast():
    told = explain(TABLES, pn("X", "Y")).to_text()
    assert "Grant a coupling" in told
    assert "the response types of Y (4)" in told
    study = trial_of_two_arms(LIPID)
    assert "the response types of X and Y (16)" in explain(study, ate("X", "Y")).to_text()


def test_rows_too_many_to_bound_one_by_one_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("scm._ask_open.MOST_NUMBERS", 2)
    answer = ask(TABLES, "P(Y[X=0]=0 | X=?x, Y=?y)", rows={"x": [1, 1, 0], "y": [1, 0, 1]})
    assert answer.finding == "refused"
    assert "3 different numbers" in dict(answer.refusals)["bounds"]


def test_the_condition_of_a_statement_is_possible_in_the_models_of_the_ends():
    """P(Y=1 | X=1) alone rules nothing out, but for ends that need X=1 never to happen: these are approached."""
    answer = ask(Study(BOW, "P(Y=1 | X=1) = 60%"), "P(Y[X=1]=1)")
    assert ends(answer) == (0.0, 1.0)
    for model, end in zip(answer.attained, (0.0, 1.0), strict=True):
        assert 0 < ask(model, "P(X=1)").value < 1e-6
        assert ask(model, "P(Y=1 | X=1)").value == pytest.approx(0.6, abs=1e-6)
        assert ask(model, answer.query).value == pytest.approx(end, abs=1e-6)
    names = [step.name for step in answer.derivation]
    assert "approached" in names
    assert "attained" not in names
    assert "attain both ends" not in answer.to_text()
    # With P(X=1) known nothing is approached: by consistency P(Y[X=1]=1) is at least .3, and at most .8.
    answer = ask(Study(BOW, "P(Y=1 | X=1) = 0.6", "P(X=1) = 0.5"), "P(Y[X=1]=1)")
    assert ends(answer) == pytest.approx((0.3, 0.8))
    assert "approached" not in [step.name for step in answer.derivation]


def test_laws_that_clash_are_refuted_though_the_query_is_identified():
    """P(Y[X=0]=1) = .05 is below P(X=0, Y=1) = .2: no model has both laws, and the effect is no number."""
    laws = KnownLaw(("X", "Y"), [[0.3, 0.2], [0.1, 0.4]]), KnownLaw(("Y",), [[0.95, 0.05], [0.5, 0.5]], ("X",))
    assert ask(Study(BOW, *laws), ate("X", "Y")).finding == "contradiction"
    fine = KnownLaw(("Y",), [[0.6, 0.4], [0.5, 0.5]], ("X",))
    assert ask(Study(BOW, laws[0], fine), ate("X", "Y")).value == pytest.approx(0.1)


def test_a_dependence_that_the_graph_rules_out_is_named():
    """Whatever is asked: X and Y without a path between them, and an instrument that the confounder depends on."""
    law = KnownLaw(("X", "Y"), [[0.3, 0.2], [0.1, 0.4]])
    answer = ask(Study(CausalGraph(("X", "Y")), law), "P(Y[X=1]=1)")
    assert answer.finding == "contradiction"
    assert "X and Y are independent" in answer.to_text()
    rng = np.random.default_rng(0)
    graph = CausalGraph(("Z", "X", "Y", "W"), (("Z", "X"), ("X", "Y"), ("W", "Y")), (("X", "Y"), ("W", "X")))
    p = rng.dirichlet(np.ones(16)).reshape(2, 2, 2, 2)
    step = ask(Study(graph, KnownLaw(("Z", "X", "Y", "W"), p)), ate("X", "Y")).derivation[-1]
    both, z, w = p.sum((1, 2))[0, 0], p[0].sum(), p[..., 0].sum()
    assert "Z and W are independent" in step.reason
    assert f"P(Z=0, W=0) = {both:.6g}, where P(Z=0) P(W=0) = {z * w:.6g}" in step.reason
    # In a stratum, and where a cause is imposed.
    chain = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y")))
    p = rng.dirichlet(np.ones(8)).reshape(2, 2, 2)
    answer = ask(Study(chain, KnownLaw(("X", "M", "Y"), p)), ate("X", "Y"))
    assert "X and Y are independent given M" in answer.derivation[-1].reason
    under = KnownLaw(("Y", "M"), rng.dirichlet(np.ones(4), 2).reshape(2, 2, 2), ("X",))
    answer = ask(Study(chain, under), "P(Y[M=1]=1)")
    assert "X and Y are independent given M where X is imposed" in answer.derivation[-1].reason
