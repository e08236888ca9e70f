"""Counts as a simultaneous confidence region: how often it holds the truth, and what it is where nobody was seen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import scm
from scm.bounds._canonical import programme_of
from scm.bounds._programme import Clash, Ends, TooLarge
from scm.bounds._regions import clopper_pearson, counted, reach
from scm.bounds._solve import solve
from scm.bounds._sources import sources_of

FALSE_ALARM = 1e-6
"""How often a test of coverage may fail though the coverage is right."""
IV = "Z -> X -> Y, X <-> Y"


def binomial_tail(count: int, total: int, p: float) -> float:
    """P(at most `count` of `total`), term by term."""
    logs = [
        math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1)
        + k * math.log(p) + (total - k) * math.log1p(-p)
        for k in range(count + 1)
    ]  # fmt: skip
    return math.fsum(math.exp(x) for x in logs)


# ---------------------------------------------------------------------------------------------------------------------
# One share


@pytest.mark.parametrize(("count", "total"), [(0, 1), (0, 20), (1, 20), (7, 20), (20, 20), (499, 1000)])
@pytest.mark.parametrize("alpha", [0.05, 1e-4])
def test_ends_are_where_the_tails_have_half_of_alpha(count: int, total: int, alpha: float):
    low, high = (float(end) for end in clopper_pearson(count, total, alpha))
    if count == 0:
        assert low == 0
    else:
        assert 1 - binomial_tail(count - 1, total, low) == pytest.approx(alpha / 2, rel=1e-6)
    if count == total:
        assert high == 1
    else:
        assert binomial_tail(count, total, high) == pytest.approx(alpha / 2, rel=1e-6)


def test_nobody_says_nothing():
    assert [float(end) for end in clopper_pearson(0, 0, 0.05)] == [0.0, 1.0]


# ---------------------------------------------------------------------------------------------------------------------
# The region of a sample


def population(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """P(Z) and, over response types of X and Y (0: never, 1: as the cause, 2: against it, 3: always), their law."""
    return np.array([0.3, 0.7]), rng.dirichlet(np.full(16, 0.4)).reshape(4, 4)


RESPONSE = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def drawn(rng: np.random.Generator, z: np.ndarray, types: np.ndarray, n: int) -> dict[str, np.ndarray]:
    at = rng.choice(2, size=n, p=z)
    unit = rng.choice(16, size=n, p=types.reshape(-1))
    x = RESPONSE[unit // 4, at]
    return {"Z": at, "X": x, "Y": RESPONSE[unit % 4, x]}


def share(z: np.ndarray, types: np.ndarray, event: scm.Expr | None) -> float:
    """The probability of a conjunction of `term = state` in the population."""
    if event is None:
        return 1.0
    parts = event.args if isinstance(event, scm.Op) and event.op == "and" else (event,)
    total = 0.0
    for at, weight in enumerate(z):
        for (rx, ry), p in np.ndenumerate(types):
            total += weight * p * all(_holds(part, at, int(rx), int(ry)) for part in parts)
    return float(total)


def _holds(part: object, at: int, rx: int, ry: int) -> bool:
    assert isinstance(part, scm.Op)
    term, state = part.args
    assert isinstance(term, scm.Var)
    assert isinstance(state, scm.Const)
    do: dict[str, Any] = {a.target: a.value.value for a in term.world if isinstance(a.value, scm.Const)}  # type: ignore[union-attr]
    z: int = do.get("Z", at)
    x: int = do.get("X", RESPONSE[rx, z])
    y: int = RESPONSE[ry, x]
    return {"Z": z, "X": x, "Y": y}[term.name] == state.value


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("units", [15, 200])
def test_a_region_holds_the_truth_as_often_as_it_says(level: float, units: int):
    """All rows of a region hold at once in a share `level` of samples; missed more often with chance `FALSE_ALARM`."""
    rng = np.random.default_rng(7)
    draws, missed = 150, 0
    for _ in range(draws):
        z, types = population(rng)
        study = scm.Study(IV, scm.Sample(drawn(rng, z, types, units)), states=dict.fromkeys("ZXY", (0, 1)))
        region = sources_of(study, level=level).counted
        assert region is not None
        for row in region.known:
            value = sum(weight * share(z, types, event) for weight, event in row.combination)
            if not row.low - 1e-12 <= value <= row.high + 1e-12:
                missed += 1
                break
    assert 1 - binomial_tail(missed - 1, draws, 1 - level) > FALSE_ALARM if missed else True


def test_too_narrow_a_region_is_noticed():
    """The check above can fail: intervals at the level of one share miss far too often."""
    rng = np.random.default_rng(7)
    draws, missed = 150, 0
    for _ in range(draws):
        z, types = population(rng)
        study = scm.Study(IV, scm.Sample(drawn(rng, z, types, 200)), states=dict.fromkeys("ZXY", (0, 1)))
        region = sources_of(study, level=0.3).counted
        assert region is not None
        missed += any(
            not row.low <= sum(w * share(z, types, event) for w, event in row.combination) <= row.high
            for row in region.known
        )
    assert 1 - binomial_tail(missed - 1, draws, 0.05) < FALSE_ALARM


def test_cells_that_were_never_seen_stay_possible():
    """None of 20: the probability may be up to 1 - (alpha/2)^(1/20), and it may be zero."""
    rows = {"X": [0] * 20 + [1] * 20, "Y": [0] * 20 + [0, 1] * 10}
    study = scm.Study("X -> Y", scm.Sample(rows))
    found = sources_of(study, level=0.95)
    assert found.counted is not None
    alpha = 0.05 / 3  # X, and Y given each state of X
    ends = {str(row.combination): (row.low, row.high) for row in found.counted.known}
    never = [end for text, end in ends.items() if "X" in text and end[0] == 0.0]
    assert never == [(0.0, pytest.approx(1 - (alpha / 2) ** (1 / 20)))]
    assert all(0 <= row.low < row.high <= 1 for row in found.counted.known)


def test_an_arm_that_nobody_was_in_says_nothing():
    rows = {"X": [1] * 30, "Y": [0, 1, 1] * 10}
    study = scm.Study("X -> Y, X <-> Y", scm.Sample(rows, do=("X",), name="trial"), states={"X": (0, 1)})
    found = sources_of(study)
    assert found.face.laws == ()
    assert found.counted is not None
    spoken = {str(event) for row in (*found.face.known, *found.counted.known) for _, event in row.combination}
    assert spoken
    assert all("Const(value=1)),)" in text or "X" in text for text in spoken)
    for reading in (found.face, found.counted):
        for x, inside in ((0, False), (1, True)):
            query = scm.parse_query(f"P(Y[X={x}]=1)")
            ends = solve(programme_of(study.graph, study.states, query, reading.laws, reading.known, found.sources))
            assert isinstance(ends, Ends)
            assert (ends.upper.outer < 0.95) is inside


def test_too_many_cells_are_refused_with_a_forecast():
    names = [f"V{k}" for k in range(22)]
    graph = scm.graph_from_text(", ".join(f"{name} -> Y" for name in names) + ", V0 <-> Y")
    study = scm.Study(graph, scm.Sample({name: [0, 1] for name in (*names, "Y")}))
    with pytest.raises(TooLarge, match="8,388,608"):
        sources_of(study)


def test_a_counted_share_has_its_interval():
    found = sources_of(scm.Study("X -> Y", "P(Y=1 | X=1) = 0 of 12", "P(X=1) = 4 of 9"), level=0.9)
    assert found.rounded is None
    assert found.counted is not None
    low, high = clopper_pearson([0, 4], [12, 9], 0.05)
    given, plain = found.counted.known[0], found.counted.known[1]
    assert plain.low == pytest.approx(low[1])
    assert plain.high == pytest.approx(high[1])
    # X has no hidden cause in common with Y: the share is one of what would be done.
    assert (given.low, given.high) == (0.0, pytest.approx(high[0]))


@pytest.mark.parametrize(
    ("graph", "names", "found"),
    [
        ("Z -> X -> Y, Y -> W", ["Y"], ("Z", "X", "Y")),
        ("Z -> X -> Y, X <-> Y, W <-> Y", ["X"], ("Z", "X", "W", "Y")),
        ("hidden U; U -> X, U -> W, A -> W, X -> Y", ["X"], ("U", "A", "X", "W")),
    ],
)
def test_what_can_say_something(graph: str, names: list[str], found: tuple[str, ...]):
    try:
        read = scm.graph_from_text(graph)
    except scm.ScmError:
        edges = (("U", "X"), ("U", "W"), ("A", "W"), ("X", "Y"))
        read = scm.CausalGraph(("U", "X", "W", "A", "Y"), edges, hidden=("U",))
    assert set(reach(read, names)) == set(found)


def test_shares_are_those_of_alike_units():
    """Front door: X; M given X; Y given X and M, since a hidden cause joins X and Y."""
    rng = np.random.default_rng(3)
    rows = {name: rng.integers(0, 2, 50) for name in ("X", "M", "Y", "W")}
    study = scm.Study("X -> M -> Y, X <-> Y, W -> M", scm.Sample(rows))
    parts = counted(study.samples[0], study.graph, study.states, ("X", "M", "Y", "W")).shares
    assert {part.of[0]: (set(part.given), set(part.before)) for part in parts} == {
        "X": (set(), set()),
        "W": (set(), set()),
        "M": ({"X", "W"}, set()),
        "Y": ({"X", "M"}, {"X"}),
    }


# ---------------------------------------------------------------------------------------------------------------------
# Through the solver


def test_ends_over_the_region_hold_those_of_the_truth():
    """The effect of X: at every draw where the region holds the true law, its ends hold those of the true law."""
    rng = np.random.default_rng(11)
    query, missed, draws = scm.ate("X", "Y"), 0, 12
    for _ in range(draws):
        z, types = population(rng)
        law = np.zeros((2, 2, 2))
        for at in (0, 1):
            for (rx, ry), p in np.ndenumerate(types):
                x = RESPONSE[rx, at]
                law[at, x, RESPONSE[ry, x]] += z[at] * p
        exact = scm.Study(IV, scm.KnownLaw(("Z", "X", "Y"), law))
        sample = scm.Study(IV, scm.Sample(drawn(rng, z, types, 400)), states=dict.fromkeys("ZXY", (0, 1)))
        sides: list[Ends] = []
        for study, which in ((exact, "face"), (sample, "counted")):
            found = sources_of(study, level=0.95)
            reading = getattr(found, which)
            programme = programme_of(study.graph, study.states, query, reading.laws, reading.known, found.sources)
            assert all(((x.polynomial.factors >= 0).sum(axis=1) <= 1).all() for x in programme.limits)
            ends = solve(programme)
            if isinstance(ends, Clash):
                break
            sides.append(ends)
        if len(sides) < 2:
            missed += 1
            continue
        true, wide = sides
        missed += not wide.lower.outer - 1e-7 <= true.lower.outer <= true.upper.outer <= wide.upper.outer + 1e-7
    assert 1 - binomial_tail(missed - 1, draws, 0.05) > FALSE_ALARM if missed else True


def test_more_units_narrow_the_region():
    rng = np.random.default_rng(5)
    z, types = population(rng)
    widths: list[float] = []
    for units in (100, 1_000, 10_000):
        study = scm.Study(IV, scm.Sample(drawn(rng, z, types, units)), states=dict.fromkeys("ZXY", (0, 1)))
        found = sources_of(study)
        assert found.counted is not None
        ends = solve(programme_of(study.graph, study.states, scm.ate("X", "Y"), (), found.counted.known, found.sources))
        assert isinstance(ends, Ends)
        widths.append(ends.upper.outer - ends.lower.outer)
    assert widths == sorted(widths, reverse=True)
