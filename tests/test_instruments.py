"""Instruments and linear effects: right under the assumption that is granted, and silent without it."""

import itertools
import random

import numpy as np
import pytest

from scm import (
    CausalGraph,
    InvalidQuery,
    LinearEffect,
    UnknownName,
    ate,
    covariance_ratio,
    identify,
    instruments,
    late,
    linear_effect,
    parse_query,
    print_estimand,
)
from scm.identify import by_instrument
from tests.graphs import random_graph
from tests.linear_models import implied
from tests.plain_law import evaluate

IV = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("X", "Y")), (("X", "Y"),))
COVARIATE = CausalGraph(
    ("W", "Z", "X", "Y"), (("W", "Z"), ("W", "X"), ("W", "Y"), ("Z", "X"), ("X", "Y")), (("X", "Y"),)
)


def encouragement(rng: np.random.Generator, *, covariate: bool, homogeneous: bool):
    """A random encouragement design without defiers: its law, the effect on compliers, and that on everyone.

    A unit is a hidden type: never, complier or always. Axes of the law are W (if any), Z, X, Y.
    """
    strata = 2 if covariate else 1
    weight = rng.dirichlet(np.ones(strata))
    assigned = rng.uniform(0.2, 0.8, strata)
    kinds = rng.dirichlet(np.ones(3), strata)  # P(type | w)
    base = rng.uniform(0.1, 0.4, (3, strata))
    gain = np.full((3, strata), 0.35) if homogeneous else rng.uniform(-0.1, 0.5, (3, strata))
    joint = np.zeros((strata, 2, 2, 2))
    for w, z, kind, y in itertools.product(range(strata), (0, 1), range(3), (0, 1)):
        x = (0, z, 1)[kind]
        chance = base[kind, w] + x * gain[kind, w]
        here = weight[w] * (assigned[w] if z else 1 - assigned[w]) * kinds[w, kind]
        joint[w, z, x, y] += here * (chance if y else 1 - chance)
    share = weight * kinds[:, 1]
    local = float((share * gain[1]).sum() / share.sum())
    everyone = float((weight[:, None] * kinds * gain.T).sum())
    return (joint if covariate else joint[0]), local, everyone


@pytest.mark.parametrize("covariate", [False, True])
def test_walds_ratio_is_the_effect_on_compliers(covariate):
    graph = COVARIATE if covariate else IV
    found = by_instrument(graph, late("Z", "X", "Y"), ("no_defiers",))
    assert found is not None
    rng = np.random.default_rng(1)
    for _ in range(20):
        joint, local, everyone = encouragement(rng, covariate=covariate, homogeneous=False)
        assert evaluate(found.estimand, graph.variables, joint) == pytest.approx(local, abs=1e-12)
        assert abs(local - everyone) > 1e-6


@pytest.mark.parametrize("covariate", [False, True])
def test_with_homogeneity_it_is_the_effect_on_everyone(covariate):
    graph = COVARIATE if covariate else IV
    found = by_instrument(graph, ate("X", "Y"), ("homogeneity",))
    assert found is not None
    rng = np.random.default_rng(2)
    for _ in range(20):
        joint, _, everyone = encouragement(rng, covariate=covariate, homogeneous=True)
        assert evaluate(found.estimand, graph.variables, joint) == pytest.approx(everyone, abs=1e-12)


def test_neither_grant_answers_the_others_question():
    for query, right in ((late("Z", "X", "Y"), "no_defiers"), (ate("X", "Y"), "homogeneity")):
        for grants in ((), ("no_defiers",), ("homogeneity",)):
            assert (by_instrument(IV, query, grants) is not None) == (right in grants)


def test_the_grant_is_printed():
    found = by_instrument(IV, late("Z", "X", "Y"), ("no_defiers",))
    assert found is not None
    assert found.estimand is not None
    assert found.method == "instrument"
    assert (
        print_estimand(found.estimand)
        == "[sum_y y P(Y=y | Z=1) - sum_y y P(Y=y | Z=0)] / [P(X=1 | Z=1) - P(X=1 | Z=0)]"
    )
    (granted,) = [a.text for a in found.assumptions if a.granted_by == "the user"]
    assert granted.startswith("no defiers: Z moves no unit the other way, so that X[Z=1] >= X[Z=0] in every unit")


@pytest.mark.parametrize(
    "text",
    [
        "E[Y[X=1] - Y[X=0] | X[Z=1] > X[Z=0]]",
        "E[Y[X=1] - Y[X=0] | X[Z=0] < X[Z=1]]",
        "P(Y[X=1]=1 | X[Z=1]=1, X[Z=0]=0) - P(Y[X=0]=1 | X[Z=1]=1, X[Z=0]=0)",
    ],
)
def test_ways_to_ask_for_the_compliers(text):
    joint, local, _ = encouragement(np.random.default_rng(3), covariate=False, homogeneous=False)
    found = by_instrument(IV, parse_query(text), ("no_defiers", "homogeneity"))
    assert found is not None
    assert evaluate(found.estimand, IV.variables, joint) == pytest.approx(local, abs=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "E[Y[X=1] - Y[X=0] | X[Z=1] = 1]",  # compliers and always-takers
        "E[Y[X=1] - Y[X=0] | X[Z=1] = 0, X[Z=0] = 0]",
        "E[Y[X=1] | X[Z=1] > X[Z=0]] - E[Y[X=0]]",
        "E[Y[X=1]] + E[Y[X=0]]",
        "E[Y[X=1] - Y[X=1]]",
        "E[Y[X=1] - Y[X=0] | Z = 1]",
        "P(Y=1 | do(X=1))",
    ],
)
def test_other_questions_get_no_ratio(text):
    assert by_instrument(IV, parse_query(text), ("no_defiers", "homogeneity")) is None


def test_what_is_no_instrument():
    direct = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("X", "Y"), ("Z", "Y")), (("X", "Y"),))
    shared = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("X", "Y")), (("X", "Y"), ("Z", "Y")))
    idle = CausalGraph(("Z", "X", "Y"), (("X", "Y"),), (("X", "Y"),))
    for graph in (direct, shared, idle):
        assert list(instruments(graph, "X", "Y")) == []
        assert by_instrument(graph, late("Z", "X", "Y"), ("no_defiers",)) is None


def test_a_proxy_of_the_instrument_is_none_for_compliers():
    """Hernan & Robins (2020), section 16.1: a surrogate instrument shares a cause with the treatment."""
    graph = CausalGraph(("Z", "X", "Y"), (("X", "Y"),), (("X", "Y"), ("Z", "X")))
    assert [each.causal for each in instruments(graph, "X", "Y")] == [False]
    assert by_instrument(graph, late("Z", "X", "Y"), ("no_defiers",)) is None
    assert by_instrument(graph, ate("X", "Y"), ("homogeneity",)) is not None


# ---------------------------------------------------------------------------------------------------------------------
# Linear models


def test_linear_effects_are_right_on_random_models():
    rng, numbers = random.Random(5), np.random.default_rng(5)
    seen = dict.fromkeys(itertools.product(("total", "direct"), ("regression", "instrument")), 0)
    for _ in range(1500):
        graph = random_graph(rng, 6, hidden=0.1)
        if len(graph.observed) < 2:
            continue
        cause, effect = rng.sample(graph.observed, 2)
        covariance, weights, total = implied(graph, numbers)
        row, column = graph.variables.index(effect), graph.variables.index(cause)
        both = (linear_effect(graph, cause, effect), linear_effect(graph, cause, effect, kind="direct"))
        for found, truth in zip(both, (total, weights), strict=True):
            if found is None:
                continue
            assert found.value(covariance, graph.variables) == pytest.approx(truth[row, column], abs=1e-8), found
            seen[found.kind, "regression" if found.via == cause else "instrument"] += 1
    assert min(seen.values()) >= 5


def test_the_instrument_of_the_reference():
    """REFERENCE_CASES 19: Z -> X 0.8, X -> Y 1.5, a hidden cause of both, unit noises: OLS 1.8788, IV 1.5."""
    #   Z: 1; X = 0.8 Z + U + e: var 2.64; Y = 1.5 X + U + e
    var_x, cov_ux = 0.64 + 1 + 1, 1.0
    cov_xy, cov_zy = 1.5 * var_x + cov_ux, 1.5 * 0.8
    var_y = 1.5**2 * var_x + 2 * 1.5 * cov_ux + 2
    covariance = [[1, 0.8, cov_zy], [0.8, var_x, cov_xy], [cov_zy, cov_xy, var_y]]
    names = ("Z", "X", "Y")
    assert covariance_ratio(covariance, names, "X", "Y") == pytest.approx(1.8788, abs=5e-5)
    for found in (linear_effect(IV, "X", "Y"), linear_effect(IV, "X", "Y", kind="direct")):
        assert found is not None
        assert str(found) == "cov(Y, Z) / cov(X, Z)"
        assert found.value(covariance, names) == pytest.approx(1.5, abs=1e-12)


def test_m_bias_of_the_reference():
    """REFERENCE_CASES 23: U1 -> Z <- U2, U1 -> X, U2 -> Y: no effect, and adjusting for Z gives a slope of -0.2."""
    graph = CausalGraph(("X", "Z", "Y"), (), (("X", "Z"), ("Z", "Y")))
    covariance = [[2, 1, 0], [1, 3, 1], [0, 1, 2]]  # X = U1 + e, Z = U1 + U2 + e, Y = U2 + e
    found = linear_effect(graph, "X", "Y")
    assert found is not None
    assert (found.given, found.value(covariance, graph.variables)) == ((), 0.0)
    assert covariance_ratio(covariance, graph.variables, "X", "Y", given=("Z",)) == pytest.approx(-0.2)


def test_the_single_door():
    """Pearl (2009), section 5.3.1: a direct effect beside a mediated one, and a confounder of mediator and effect."""
    graph = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y"), ("X", "Y")))
    found = linear_effect(graph, "X", "Y", kind="direct")
    assert found is not None
    assert str(found) == "cov(Y, X | M) / var(X | M)"
    spoiled = CausalGraph(graph.variables, graph.edges, (("M", "Y"),))
    assert linear_effect(spoiled, "X", "Y", kind="direct") is None
    assert linear_effect(spoiled, "X", "Y") is not None


def test_bad_covariances():
    found = LinearEffect("X", "Y", "Z", (), "total", "", "")
    with pytest.raises(InvalidQuery, match="do not vary together"):
        found.value(np.eye(3), ("X", "Y", "Z"))
    with pytest.raises(InvalidQuery, match="shape"):
        found.value(np.eye(2), ("X", "Y", "Z"))
    with pytest.raises(InvalidQuery, match="finite"):
        found.value(np.full((3, 3), np.nan), ("X", "Y", "Z"))
    with pytest.raises(UnknownName, match="'Z'"):
        found.value(np.eye(2), ("X", "Y"))


# ---------------------------------------------------------------------------------------------------------------------
# Through the front door of identification


def test_identify_uses_a_grant_only_where_it_must():
    plain = identify(IV, late("Z", "X", "Y"))
    assert not plain.identified
    assert plain.obstacle is not None
    assert identify(IV, late("Z", "X", "Y"), assume="no_defiers").method == "instrument"
    assert identify(IV, ate("X", "Y"), assume=["homogeneity"]).method == "instrument"
    known = identify(CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("X", "Y"))), ate("X", "Y"), assume="homogeneity")
    assert known.method == "adjustment"
    assert all(assumption.granted_by == "the method" for assumption in known.assumptions)


def test_a_grant_that_is_not_known_is_refused():
    with pytest.raises(InvalidQuery, match=r"Unknown assumption 'no_defier'.*Did you mean 'no_defiers'"):
        identify(IV, late("Z", "X", "Y"), assume="no_defier")
