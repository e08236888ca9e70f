"""Which further number would pin an answer down: closed forms, and the same worked out value by value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scm import (
    CausalGraph,
    FurtherNumber,
    InvalidQuery,
    KnownLaw,
    Probability,
    ScmError,
    Study,
    further_numbers,
    parse_query,
    print_query,
)
from scm.bounds._canonical import programme_of
from scm.bounds._effort import Effort
from scm.bounds._further import Narrowed, narrowed, width
from scm.bounds._known import Known
from scm.bounds._programme import Ends
from scm.bounds._solve import solve

BINARY = {"X": (0, 1), "Y": (0, 1), "Z": (0, 1)}
ARROW = CausalGraph(("X", "Y"), (("X", "Y"),), (("X", "Y"),))
INSTRUMENT = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("X", "Y")), (("X", "Y"),))
EFFECT = "P(Y[X=1]=1) - P(Y[X=0]=1)"


def arrow(law):
    return Study(ARROW, KnownLaw(("X", "Y"), np.asarray(law)), states={"X": (0, 1), "Y": (0, 1)})


def named(found):
    return {print_query(one.number): one for one in found}


def test_experiments_under_confounding():
    """The effect is one wide (Manski); one arm known leaves what the other arm does to the rest: P(X=x)."""
    found = named(further_numbers(arrow([[0.3, 0.2], [0.1, 0.4]]), EFFECT))
    one, other = found["P(Y[X=1] = 1)"], found["P(Y[X=0] = 1)"]
    assert one.width == pytest.approx(1.0)
    assert (one.lower, one.upper) == pytest.approx((0.4, 0.9))
    assert (one.expected, one.widest) == pytest.approx((0.5, 0.5))
    assert (other.lower, other.upper) == pytest.approx((0.2, 0.7))
    assert (other.expected, other.widest) == pytest.approx((0.5, 0.5))


def test_what_pins_it_down_comes_first():
    """P(y_x) = P(x, y) + P(x', y_x): the second is all that is missing."""
    found = further_numbers(arrow([[0.3, 0.2], [0.1, 0.4]]), "P(Y[X=1]=1)")
    assert print_query(found[0].number) == "P(X = 0, Y[X=1] = 1)"
    assert (found[0].expected, found[0].widest) == (0.0, 0.0)
    assert [one.expected for one in found] == sorted(one.expected for one in found)
    assert all(one.expected <= one.widest + 1e-9 <= one.width + 2e-9 for one in found)
    assert "wide on average" in str(found[0])


def test_nothing_to_learn():
    """An identified query; numbers that are known already are not among those that help."""
    assert further_numbers(arrow([[0.3, 0.2], [0.1, 0.4]]), "P(Y=1 | X=1)") == ()
    found = named(further_numbers(arrow([[0.3, 0.2], [0.1, 0.4]]), EFFECT))
    assert not {"P(X = 1)", "P(Y = 1)", "P(X = 0, Y = 1)"} & found.keys()


def test_candidates_of_ones_own():
    law = [[0.3, 0.2], [0.1, 0.4]]
    (one,) = further_numbers(arrow(law), EFFECT, candidates=["P(Y[X=1]=1)", "P(Y=1)"])
    assert isinstance(one, FurtherNumber)
    with pytest.raises(InvalidQuery, match="without a condition"):
        further_numbers(arrow(law), EFFECT, candidates=["P(Y=1 | X=1)"])


def test_refusals():
    with pytest.raises(InvalidQuery, match="single one"):
        further_numbers(arrow([[0.3, 0.2], [0.1, 0.4]]), "P(Y[X=1]=1) / P(Y[X=0]=1)")
    study = Study(ARROW, "P(X=1, Y=1) = 0.4", "P(Y[X=1]=1) = 0.2", states={"X": (0, 1), "Y": (0, 1)})
    with pytest.raises(ScmError, match="cannot hold together"):
        further_numbers(study, EFFECT)


def by_value(programme, source, values):
    """The width at each value of the further number, each solved by itself."""
    widths = []
    for value in values:
        limits = [replace(x, low=value, high=value) if x.source == source else x for x in programme.limits]
        found = solve(replace(programme, limits=tuple(limits)), Effort())
        assert isinstance(found, Ends)
        widths.append(width(found))
    return widths


@pytest.mark.parametrize("event", ["Y[X=1]=1", "Y[X=0]=0, Y[X=1]=1", "X[Z=0]=0, X[Z=1]=1"])
def test_value_by_value(event):
    """On random instruments: the mean is that of the widths; the widest is above all of them, and near the greatest."""
    draw = np.random.default_rng(1)
    number, query = parse_query(f"P({event})"), parse_query(EFFECT)
    assert isinstance(number, Probability)
    for _ in range(3):
        types = draw.dirichlet(np.full(16, 0.6)).reshape(2, 2, 2, 2)  # x_0, x_1, y_0, y_1
        p = np.zeros((2, 2, 2))
        for x0, x1, y0, y1 in np.ndindex(2, 2, 2, 2):
            for z, x in ((0, x0), (1, x1)):
                p[z, x, (y0, y1)[x]] += types[x0, x1, y0, y1]
        law = KnownLaw(("X", "Y"), p, do=("Z",))
        row = Known(((1.0, number.event),), 0.0, 1.0, 1)
        programme = programme_of(INSTRUMENT, BINARY, query, [law], [row], ["the trial", "the further number"])
        found = narrowed(programme, 1, Effort(), points=4)
        if found is None:
            continue
        assert isinstance(found, Narrowed)
        span = found.upper - found.lower
        assert found.expected == pytest.approx(
            np.mean(by_value(programme, 1, found.lower + span * (np.arange(4) + 0.5) / 4)), abs=1e-8
        )
        widths = by_value(programme, 1, np.linspace(found.lower + 1e-9, found.upper - 1e-9, 31))
        assert max(widths) - 1e-7 <= found.widest <= max(widths) + 0.07 * max(span, max(widths))


def test_statements_that_clash_over_their_condition():
    """Both need P(X=1) > 0; without it either would be met."""
    study = Study(CausalGraph(("X", "Y"), (("X", "Y"),), (("X", "Y"),)), "P(Y=1|X=1) = .2", "P(Y=1|X=1) = .6")
    with pytest.raises(ScmError, match="cannot hold together"):
        further_numbers(study, "P(Y[X=1]=1)")
