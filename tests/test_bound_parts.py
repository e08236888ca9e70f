"""Strata that nothing ties together: their columns add up, with the same ends and models as whole response types."""

from __future__ import annotations

import numpy as np
import pytest

import scm
from scm.bounds._attain import verified
from scm.bounds._canonical import programme_of
from scm.bounds._programme import Ends
from scm.bounds._regions import stratified
from scm.bounds._solve import solve
from scm.bounds._sources import sources_of

GRAPH = "W -> X, W -> Y, X -> Y, X <-> Y"


def law_of(seed: int, strata: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(strata))[:, None, None] * rng.dirichlet(np.ones(4), strata).reshape(-1, 2, 2)


def solved(study: scm.Study, query: scm.Query, *shapes: scm.Shape) -> tuple[Ends, int, float]:
    """The ends, how many groups the block has, and by how much the models that attain them are off."""
    found = sources_of(study, shapes)
    laws, known = found.face.laws, found.face.known
    programme = programme_of(study.graph, study.states, query, laws, known, found.sources)
    ends = solve(programme)
    assert isinstance(ends, Ends)
    off = 0.0
    for end in (ends.lower, ends.upper):
        assert end.laws is not None
        value, missed = verified(
            study.graph, study.states, programme, end.laws, query, given=laws, known=known
        )  # fmt: skip
        off = max(off, abs(value - end.inner), missed)
    return ends, max(len(np.unique(block.groups)) for block in programme.blocks), off


def test_many_strata_are_no_matter():
    """Manski's ends, which do not depend on strata; 40 of them would be 8^40 response types."""
    law = law_of(0, 40)
    study = scm.Study(GRAPH, scm.KnownLaw(("W", "X", "Y"), law), states={"W": tuple(range(40))})
    ends, groups, off = solved(study, scm.parse_query("P(Y[X=1]=1)"))
    joint = law.sum(axis=0)
    assert groups == 40
    assert off < 1e-7
    assert ends.lower.outer == pytest.approx(joint[1, 1], abs=1e-7)
    assert ends.upper.outer == pytest.approx(joint[1, 1] + joint[0].sum(), abs=1e-7)


def test_a_region_over_many_strata_is_one_linear_programme():
    """Three covariates: the region takes them as one, which loses nothing but that they are independent."""
    rng = np.random.default_rng(2)
    graph = "A -> X, A -> Y, B -> X, B -> Y, C -> X, C -> Y, X -> Y, X <-> Y, Z -> X"
    loose = stratified(scm.graph_from_text(graph))
    assert {frozenset(p) for p in loose.confounded} == {
        frozenset(p) for p in ["AB", "AC", "AX", "AY", "BC", "BX", "BY", "CX", "CY", "XY"]
    }
    plain = scm.graph_from_text("Z -> X -> Y, X <-> Y")
    assert stratified(plain) is plain  # no covariate of both: an instrument stays one
    rows = {name: rng.integers(0, 2, 400) for name in "ABC"}
    rows["X"] = (rng.random(400) < 0.3 + 0.2 * rows["A"]).astype(int)
    rows["Y"] = (rng.random(400) < 0.2 + 0.3 * rows["X"] + 0.2 * rows["B"]).astype(int)
    study = scm.Study(graph.replace(", Z -> X", ""), scm.Sample(rows))
    found = scm.ask(study, "P(Y=1 | do(X=1))")
    assert found.interval is not None
    assert found.uncertainty.confidence is not None
    low, high = found.uncertainty.confidence.lower, found.uncertainty.confidence.upper
    joint = np.mean((rows["X"] == 1) & (rows["Y"] == 1))
    assert float(found.interval.outer_lower) == pytest.approx(joint, abs=0.01)
    assert float(low) < float(found.interval.outer_lower) < float(found.interval.outer_upper) < float(high)
