"""What cannot hold together: smallest sets, by how much, and the violated inequality by name."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from scm import CausalGraph, KnownLaw, Probability, parse_query
from scm.bounds._canonical import programme_of
from scm.bounds._known import Known
from scm.bounds._one import solve_one
from scm.bounds._programme import Block, Clash, Ends, Limit, Polynomial, Programme, Ratio

BINARY = {name: (0, 1) for name in "ZXYW"}
ARROW = CausalGraph(("X", "Y"), (("X", "Y"),), (("X", "Y"),))
INSTRUMENT = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("X", "Y")), (("X", "Y"),))


def known(*combination, low=-np.inf, high=np.inf, source=0):
    return Known(tuple((weight, event_of(text)) for weight, text in combination), low, high, source)


def event_of(text):
    query = parse_query(f"P({text})")
    assert isinstance(query, Probability)
    return query.event


def about(graph, query, laws=(), rows=()):
    """A programme whose sources are named after the laws and rows, one each."""
    numbered = [dataclasses.replace(row, source=len(laws) + k) for k, row in enumerate(rows)]
    sources = [f"law {k}" for k in range(len(laws))] + [f"row {k}" for k in range(len(rows))]
    return programme_of(graph, BINARY, parse_query(query), laws, numbered, sources)


def clash(programme) -> Clash:
    found = solve_one(programme)
    assert isinstance(found, Clash)
    return found


def clashes_without(programme, sources):
    """Whether the limits of these sources alone clash."""
    limits = tuple(limit for limit in programme.limits if limit.source in sources)
    return isinstance(solve_one(dataclasses.replace(programme, limits=limits)), Clash)


def instrument(p0, p1):
    """Rows P(x, y | do(z)) over the block of X and Y."""
    law = KnownLaw(("X", "Y"), np.array([p0, p1]), do=("Z",))
    return about(INSTRUMENT, "P(Y[X=1]=1)", [law])


def test_the_instrumental_inequality():
    found = clash(instrument([[0.8, 0.1], [0.05, 0.05]], [[0.1, 0.7], [0.1, 0.1]]))
    assert found.sources == (0,)
    assert found.by == pytest.approx(0.25)  # 0.8 + 0.7 is 0.5 above one: each off by half of that
    assert found.reason == (
        "the instrumental inequality (Pearl 1995) is violated: P(X[Z=0]=0, Y[Z=0]=0) + P(X[Z=1]=0, Y[Z=1]=1) = 1.5 is "
        "above 1"
    )


def test_clash_exactly_where_the_instrumental_inequality_fails():
    """For binary variables it is the only restriction (Bonet 2001)."""
    draw = np.random.default_rng(1)
    seen = [0, 0]
    for _ in range(150):
        p = draw.dirichlet(np.full(4, 0.4), size=2).reshape(2, 2, 2)
        most = max(p[0, x, y] + p[1, x, 1 - y] for x in (0, 1) for y in (0, 1))
        found = solve_one(instrument(*p))
        assert isinstance(found, Clash) == (most > 1)
        seen[isinstance(found, Clash)] += 1
        if isinstance(found, Clash):
            assert "instrumental inequality" in found.reason
            assert found.by == pytest.approx((most - 1) / 2, abs=1e-9)
    assert min(seen) > 20


def test_consistency_from_above_and_below():
    """P(x, y) <= P(y_x) <= 1 - P(x, y')."""
    seen = KnownLaw(("X", "Y"), np.array([[0.3, 0.2], [0.1, 0.4]]))
    low = about(ARROW, "P(Y[X=1]=0 | X=1, Y=1)", [seen], [known((1.0, "Y[X=1]=1"), high=0.35)])
    found = clash(low)
    assert found.sources == (0, 1)
    assert found.by == pytest.approx(0.025)
    assert "consistency" in found.reason
    assert "0.35" in found.reason
    high = about(ARROW, "P(Y[X=1]=0 | X=1, Y=1)", [seen], [known((1.0, "Y[X=1]=1"), low=0.95)])
    found = clash(high)
    assert found.sources == (0, 1)
    assert found.reason == ("consistency is violated, as P(Y[X=1]=1) <= 1 - P(X=1, Y=0): 0.95 is above 1 - 0.1 = 0.9")


@pytest.mark.parametrize(
    ("rows", "sources", "said"),
    [
        ([known((1.0, "Y=1"), low=0.6), known((1.0, "Y=0"), low=0.7)], (0, 1), "exclude each other"),
        ([known((1.0, "Y=1"), high=0.2), known((1.0, "Y=0"), high=0.7)], (0, 1), "always happens"),
        ([known((1.0, "X=1, Y=1"), low=0.6), known((1.0, "X=1"), high=0.5)], (0, 1), "is above"),
        ([known((1.0, "Y=1"), low=1.2)], (0,), "the most that it can be"),
    ],
)
def test_sums(rows, sources, said):
    rows = [*rows, known((1.0, "X=0"), low=0.1, high=0.9)]
    programme = about(ARROW, "P(Y[X=1]=1)", [], rows)
    found = clash(programme)
    assert found.sources == sources
    assert said in found.reason


def test_no_source_can_be_left_out():
    """Random numbers that clash: the sources that are named clash, and any of them left out do not."""
    draw, seen = np.random.default_rng(2), 0
    events = ["X=1", "Y=1", "X=1, Y=1", "Y[X=1]=1", "Y[X=0]=1", "Y[X=0]=0, Y[X=1]=1", "X=0, Y[X=1]=1"]
    for _ in range(60):
        rows = []
        for event in draw.permutation(events)[:5]:
            at = draw.uniform()
            rows.append(known((1.0, str(event)), low=at, high=at))
        programme = about(ARROW, "P(Y[X=1]=1)", [], rows)
        if len(programme.blocks) != 1:
            continue
        found = solve_one(programme)
        if isinstance(found, Ends):
            continue
        seen += 1
        assert found.by > 1e-9
        assert found.reason
        assert clashes_without(programme, set(found.sources))
        for source in found.sources:
            assert not clashes_without(programme, set(found.sources) - {source})
    assert seen > 20


@pytest.mark.parametrize("off", [1e-16, 1e-13, 1e-10, 4e-10])
def test_sums_that_are_off_by_rounding_do_not_clash(off):
    rows = [known((1.0, event), low=p, high=p) for event, p in (("Y=1", 0.3), ("Y=0", 0.7 + off), ("X=1", 0.0))]
    assert isinstance(solve_one(about(ARROW, "P(Y[X=1]=1)", [], rows)), Ends)


def test_by_how_much():
    """Three events of which exactly one happens, with numbers that add up to too much: each is off by a third of it."""
    draw = np.random.default_rng(3)
    for _ in range(20):
        forms = np.eye(3)
        low = draw.uniform(0.34, 0.45, 3)
        limits = tuple(Limit(form(k), low[k], np.inf, k) for k in range(3))
        block = Block("b", (), (), np.zeros((3, 0), np.int16), forms, np.zeros(3, np.intp))
        found = clash(Programme((block,), limits, (Ratio(1.0, form(0)),), ("a", "b", "c"), 0.0, 1.0))
        assert found.by == pytest.approx((low.sum() - 1) / 3, abs=1e-9)


def form(row):
    return Polynomial(np.ones(1), np.array([[row]], dtype=np.intp))


def test_a_combination_without_a_name():
    """P(A) + P(B) + P(C) <= 2 for three events of which at most two happen: told as what it is."""
    types = np.array(list(itertools.product((0.0, 1.0), repeat=3)))
    types = types[types.sum(axis=1) < 3]
    block = Block("b", (), (), np.zeros((7, 0), np.int16), types.T, np.zeros(7, np.intp))
    limits = tuple(Limit(form(k), 0.8, 0.8, k) for k in range(3))
    found = clash(Programme((block,), limits, (Ratio(1.0, form(0)),), ("the first", "the second", "the third")))
    assert found.sources == (0, 1, 2)
    assert found.reason == (
        "by these numbers [the first] + [the second] + [the third] is at least 2.4, but under no law is it above 2"
    )
