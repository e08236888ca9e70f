"""Published results of partial identification, through `ask`: numbers, refutations, and what cannot be said.

Ends marked *recomputed* are not printed in the paper; they were worked out with `tests.bounds_oracle`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from scm import KnownLaw, Study, ask, no_defiers, no_prevention
from tests.bounds_oracle import Graph, Types, all_of, equal, setting
from tests.rational_lp import Polytope

BOW = "X -> Y, X <-> Y"
INSTRUMENT = "Z -> X -> Y, X <-> Y"
ATE = "P(Y=1 | do(X=1)) - P(Y=1 | do(X=0))"
PN, PS, PNS = "P(Y[X=0]=0 | X=1, Y=1)", "P(Y[X=1]=1 | X=0, Y=0)", "P(Y[X=1]=1, Y[X=0]=0)"
LIPID = KnownLaw(("X", "Y"), [[[0.919, 0.081], [0, 0]], [[0.315, 0.073], [0.139, 0.473]]], ("Z",), "trial")
"""P(x, y | z) of the lipid trial, where the assignment Z was randomised (Balke & Pearl 1997; Causality, 8.2.5)."""
SEEN = KnownLaw(("X", "Y"), [[0.486, 0.014], [0.499, 0.001]])
TRIAL = KnownLaw(("Y",), [[0.986, 0.014], [0.984, 0.016]], ("X",), "trial")
"""Deaths in the suit about a legal drug, seen and in an experiment (Tian & Pearl 2000; Causality, table 9.2)."""


def ends(found: Any) -> list[float]:
    """Both inner ends, which the outer ones meet."""
    if found.finding == "exact":
        return [found.value] * 2
    assert found.finding == "bounds"
    assert found.interval.sharp
    assert found.interval.outer_lower == pytest.approx(found.interval.lower, abs=1e-6)
    assert found.interval.outer_upper == pytest.approx(found.interval.upper, abs=1e-6)
    return [found.interval.lower, found.interval.upper]


def test_the_lipid_trial():
    """Balke & Pearl (1997): whatever the doctors and patients do, the drug helps at least 39.2% of the patients."""
    assert ends(ask(Study(INSTRUMENT, LIPID), ATE)) == pytest.approx([0.392, 0.780], abs=1e-9)


def test_the_lipid_trial_under_no_defiers():
    """The same two numbers: nobody got the drug who was not assigned it (Balke & Pearl 1997)."""
    found: Any = ask(Study(INSTRUMENT, LIPID), ATE, assume=no_defiers("Z", "X"))
    assert ends(found) == pytest.approx([0.392, 0.780], abs=1e-9)
    assert any("no defiers" in item.text for item in found.assumptions)


@pytest.mark.parametrize(
    ("query", "wanted"), [(PN, [1.0, 1.0]), (PNS, [0.002, 0.016]), (PS, [0.001 / 0.486, 0.015 / 0.486])]
)
def test_the_legal_drug(query: str, wanted: list[float]):
    """Tian & Pearl (2000); Causality, table 9.2: both kinds of data together prove that the drug killed."""
    assert ends(ask(Study(BOW, SEEN, TRIAL), query)) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(("query", "wanted"), [(PNS, 0.00016271), (PN, 0.37510), (PS, 0.00016275)])
def test_radiation_and_leukemia(query: str, wanted: float):
    """Causality, table 9.1, with exogeneity and no prevention: determined, though no formula is for laws in general."""
    exposed, others = 30 / 69160, 16 / 59026
    law = KnownLaw(("X", "Y"), np.array([[1 - others, others], [1 - exposed, exposed]]) / 2)
    study = Study("X -> Y", law)
    assert ends(ask(study, query, assume=no_prevention("X", "Y"))) == pytest.approx([wanted] * 2, rel=5e-5)
    without = ends(ask(study, query))
    assert without[0] == pytest.approx(wanted, rel=5e-5)
    assert without[1] > 2 * without[0]


def test_two_models_that_a_trial_cannot_tell_apart():
    """Causality, 1.4.4: Y = U and Y = X xor U; PN is 0 in one and 1 in the other."""
    study = Study("X -> Y", KnownLaw(("X", "Y"), np.full((2, 2), 0.25)))
    assert ends(ask(study, PN)) == pytest.approx([0, 1], abs=1e-9)
    assert ends(ask(study, PNS)) == pytest.approx([0, 0.5], abs=1e-9)


def test_the_confounded_pair():
    """Manski (1990); causaloptim's known bounds: [-p10 - p01, 1 - p10 - p01]."""
    law = np.array([[0.3, 0.2], [0.1, 0.4]])
    assert ends(ask(Study(BOW, KnownLaw(("X", "Y"), law)), ATE)) == pytest.approx([-0.3, 0.7], abs=1e-9)


def test_pn_on_the_front_door():
    """Two unknown laws at once (the shape of Zaffalon et al. 2021 and Duarte et al. 2023); recomputed.

    P(x, z) and P(y) are those of smoking, tar and cancer (Causality, table 3.1).
    """
    joint = np.array([[0.475, 0.025], [0.025, 0.475]])
    cancer = np.array([[0.10, 0.05], [0.90, 0.85]])
    law = np.stack([joint * (1 - cancer), joint * cancer], -1)
    study = Study("X -> Z -> Y, X <-> Y", KnownLaw(("X", "Z", "Y"), law))
    assert ask(study, "P(Y=1 | do(X=1))").value == pytest.approx(0.4525)
    low, high = ends(ask(study, PN))
    assert 0 <= low < high <= 1
    wanted = front_door_pn(law)
    assert [low, high] == pytest.approx(wanted, abs=1e-6)


def front_door_pn(law: Any) -> list[float]:
    """PN in rational numbers: over the vertices of Z's responses, the ends over the joint responses of X and Y."""
    graph = Graph(dict.fromkeys("XZY", 2), (("X", "Z"), ("Z", "Y")), (("X", "Y"),))
    types = Types(graph)
    given = law / law.sum((1, 2), keepdims=True)
    z = given.sum(2)  # P(z | x)
    kernel = law / z[..., None]  # x, z, y: P(x, y under z)
    xy, zz = Polytope(8, [([1] * 8, 1)]), Polytope(4, [([1] * 4, 1)])
    for x, m, y in np.ndindex(2, 2, 2):
        row = types.holds(all_of([equal("X", x), equal("Y", y, setting({"Z": m}))])).ravel().astype(int)
        xy.equal.append((list(row), rational(kernel[x, m, y])))
    for x, m in np.ndindex(2, 2):
        row = types.holds(equal("Z", m, setting({"X": x}))).ravel().astype(int)
        zz.equal.append((list(row), rational(z[x, m])))
    event = all_of([equal("Y", 0, setting({"X": 0})), equal("X", 1), equal("Y", 1)])
    table = np.broadcast_to(types.holds(event), graph.sizes).astype(int)
    found = [value for corner in zz.vertices() for value in xy.ends(list(table @ np.array(corner, dtype=object))) or ()]
    return [float(x) / float(law[1, :, 1].sum()) for x in (min(found), max(found))]


def rational(x: float) -> Any:
    """The fraction that a printed number means."""
    return Fraction(float(x)).limit_denominator(100_000)


# ---------------------------------------------------------------------------------------------------------------------
# What cannot be


def test_the_instrumental_inequality():
    """Pearl (1995): the law says itself that Z is no instrument."""
    law = KnownLaw(("X", "Y"), [[[0.9, 0.0], [0.05, 0.05]], [[0.05, 0.9], [0, 0.05]]], ("Z",), "trial")
    found: Any = ask(Study(INSTRUMENT, law), ATE)
    assert found.finding == "contradiction"
    assert "instrumental inequality" in found.to_text()
    assert found.interval is None


def test_a_trial_against_what_was_seen():
    """P(x, y) <= P(y_x) <= 1 - P(x, y') (Tian & Pearl 2000)."""
    trial = KnownLaw(("Y",), [[0.99, 0.01], [0.984, 0.016]], ("X",), "trial")
    found: Any = ask(Study(BOW, SEEN, trial), PN)
    assert found.finding == "contradiction"
    assert "consistency" in found.to_text()


def test_a_condition_that_cannot_happen():
    assert ask(Study(BOW, KnownLaw(("X", "Y"), [[0.5, 0.5], [0, 0]])), PN).finding == "undefined"


def test_a_condition_that_may_be_impossible():
    """Only the trial is known, so that perhaps nobody has X=1: the ends are those of the laws where somebody has."""
    found: Any = ask(Study(BOW, TRIAL), "P(Y[X=0]=1 | X=1)")
    assert found.finding == "bounds"
    assert (found.interval.outer_lower, found.interval.outer_upper) == pytest.approx((0, 1), abs=1e-6)


@pytest.mark.parametrize("rare", [0.0, 1e-12])
def test_what_hardly_ever_happens_is_no_contradiction(rare: float):
    """A feasible programme with such numbers must not be called infeasible."""
    law = np.array([[[0.5 - rare, rare], [0.3, 0.2]], [[0.1, rare], [0.5 - rare, 0.4]]])
    found: Any = ask(Study(INSTRUMENT, KnownLaw(("X", "Y"), law, ("Z",), "trial")), ATE)
    assert found.finding in ("bounds", "exact")
    assert found.interval.outer_lower <= found.interval.outer_upper


def test_vitamin_a():
    """Balke & Pearl (1997), also the example of the R package bpbounds: -0.1946 <= ACE <= 0.0054."""
    law = KnownLaw(("X", "Y"), [[[0.0064, 0.9936], [0, 0]], [[0.0028, 0.1972], [0.001, 0.799]]], ("Z",))
    assert ends(ask(Study(INSTRUMENT, law), ATE)) == pytest.approx([-0.1946, 0.0054], abs=1e-9)


def test_autobounds():
    """Results that the tests of autobounds state (Duarte et al. 2023): an instrument of no use, and a plain bow."""
    half = [[[0.05, 0.05], [0.1, 0.1]], [[0.15, 0.15], [0.2, 0.2]]]
    assert ends(ask(Study(INSTRUMENT, KnownLaw(("X", "Y", "Z"), half)), ATE)) == pytest.approx([-0.5, 0.5], abs=1e-9)
    seen = KnownLaw(("X", "Y"), [[0.13, 0.27], [0.2, 0.4]])
    assert ends(ask(Study(BOW, seen), ATE)) == pytest.approx([-0.47, 0.53], abs=1e-9)
    impossible = Study("X -> Y", "P(Y[X=0]=0, Y[X=1]=1) = 2")
    assert ask(impossible, ATE).finding == "contradiction"
