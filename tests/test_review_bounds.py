"""Faults that a review of bounds found, each by its smallest case."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from scm import KnownLaw, Study
from scm import ask as asked

BOW = "X -> Y, X <-> Y"


def ask(*parts: Any, **options: Any) -> Any:
    return asked(*parts, **options)


def test_a_ratio_whose_denominator_may_be_zero_has_no_upper_end():
    """P(Y_0=1) lies in [0, .5] and P(Y_1=1) in [.3, .8]: the ratio is at least .6 and can be as large as one likes."""
    answer = ask(Study(BOW, KnownLaw(("X", "Y"), [[0.5, 0.0], [0.2, 0.3]])), "P(Y[X=1]=1) / P(Y[X=0]=1)")
    assert answer.finding == "bounds"
    assert answer.interval.outer_lower == pytest.approx(0.6, abs=1e-6)
    assert answer.interval.outer_upper == math.inf
    assert not answer.interval.sharp


def test_a_ratio_of_faint_probabilities_is_not_bounded_for_others_alone():
    """With B without a hidden cause, the denominator is between 1.3e-12 and .16; worked out by hand."""
    cells = [
        [[1.3210266777477678e-12, 0.0], [0.0, 0.8397234859476798]],
        [[2.040912526322418e-24, 0.16027651404944981], [2.521419900942609e-13, 1.2973259435151043e-12]],
    ]
    study = Study("A -> B -> C, A -> C, A <-> C", KnownLaw(("A", "C", "B"), cells))
    answer = ask(study, "P(C[A=0, B=0]=1, C[A=1, B=0]=0) / P(C[A=0]=0)")
    assert answer.finding in ("bounds", "exact")
    assert answer.interval.outer_upper >= 0.98205


def test_strata_where_the_condition_is_a_cause_of_the_unknown_law():
    """The constant below the line was taken once for each group of response types: every stratum had half."""
    rng = np.random.default_rng(3)
    seen, done = [], []
    for _ in range(2):
        a = rng.dirichlet(np.ones(2))
        types = rng.dirichlet(np.ones(2 * 2 * 16)).reshape((2,) * 6)  # B[A=0], B[A=1], then C[A, B]
        joint, under = np.zeros((2, 2, 2)), np.zeros((2, 2, 2))
        for code in np.ndindex(*types.shape):
            b, c = code[:2], np.reshape(code[2:], (2, 2))
            for x in range(2):
                joint[b[x], c[x, b[x]], x] += a[x] * types[code]
                for y in range(2):
                    under[y, x, c[x, y]] += a[x] * types[code]
        seen.append(joint)
        done.append(under)
    graph, query = "A -> B -> C, A -> C, B <-> C", "P(C[A=0, B=1]=1, C[A=0]=1 | A=1)"
    both = [(("B", "C", "A"), np.array(seen), ()), (("A", "C"), np.array(done), ("B",))]
    found = ask(Study(graph, *(KnownLaw(names, array, do, strata=True) for names, array, do in both)), query)
    for row in range(2):
        one = ask(Study(graph, *(KnownLaw(names, array[row], do) for names, array, do in both)), query)
        assert found.interval.lower[row] == pytest.approx(one.interval.lower, abs=1e-7)
        assert found.interval.upper[row] == pytest.approx(one.interval.upper, abs=1e-7)


def test_experiments_without_names_that_impose_the_same():
    even = np.full((2, 2), 0.5)
    study = Study("X -> Y, X -> Z, Y <-> Z", KnownLaw(("Y",), even, ("X",)), KnownLaw(("Z",), even, ("X",)))
    answer = ask(study, "P(Y[X=1]=1, Z[X=1]=1)")
    assert (answer.interval.lower, answer.interval.upper) == pytest.approx((0.0, 0.5), abs=1e-9)


def test_an_impossible_condition_is_said_without_nan():
    answer = ask(Study(BOW, KnownLaw(("X", "Y"), np.full((2, 2), 0.25))), "P(Y[X=1]=1) / P(X=1, X=0)")
    assert answer.finding == "undefined"
    assert "nan" not in answer.to_text()
