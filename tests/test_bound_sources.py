"""What is known of a study as rows: a true statement is a true row; more of them never widen an interval."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

import scm
from scm.bounds._canonical import programme_of
from scm.bounds._granted import granted
from scm.bounds._known import Known
from scm.bounds._programme import Clash, Ends
from scm.bounds._solve import solve
from scm.bounds._sources import Reading, Sources, known_of, sources_of

GRAPH = "W -> X, W -> Y, Z -> X, X -> Y, X <-> Y"
NAMES = ("W", "Z", "X", "Y")


# ---------------------------------------------------------------------------------------------------------------------
# An oracle that shares no code with the engine: units with their responses


@dataclass(frozen=True)
class Truth:
    """A population: shares of units, and how each unit responds."""

    shares: np.ndarray
    states: Mapping[str, tuple[int, ...]]
    respond: tuple[Mapping[str, Callable[[Mapping[str, int]], int]], ...]

    def values(self, unit: int, do: Mapping[str, int]) -> dict[str, int]:
        at: dict[str, int] = {}
        for name in NAMES:
            at[name] = do[name] if name in do else self.respond[unit][name](at)
        return at

    def share(self, holds: Callable[[int], bool]) -> float:
        return math.fsum(p for unit, p in enumerate(self.shares) if holds(unit))

    def probability(self, event: scm.Expr | None) -> float:
        return 1.0 if event is None else self.share(lambda unit: self.holds(event, unit))

    def holds(self, event: scm.Expr, unit: int) -> bool:
        """Events of the forms that rows have: conjunctions of `=` and `!=` between a term and a state."""
        assert isinstance(event, scm.Op)
        if event.op == "and":
            return all(self.holds(part, unit) for part in event.args)
        term, state = event.args
        assert isinstance(term, scm.Var)
        assert isinstance(state, scm.Const)
        do: dict[str, Any] = {a.target: a.value.value for a in term.world if isinstance(a, scm.Set)}  # type: ignore[union-attr]
        same = self.values(unit, do)[term.name] == state.value
        return same if event.op == "=" else not same

    def gap(self, row: Known) -> float:
        """By how much a row is missed."""
        value = math.fsum(weight * self.probability(event) for weight, event in row.combination)
        return max(row.low - value, value - row.high, 0.0)

    def given(self, event: Callable[[int], bool], condition: Callable[[int], bool]) -> float:
        return self.share(lambda unit: event(unit) and condition(unit)) / self.share(condition)

    def takes(self, name: str, state: int, **do: int) -> Callable[[int], bool]:
        return lambda unit: self.values(unit, do)[name] == state


def truth_of(seed: int, sizes: Mapping[str, int] | None = None) -> Truth:
    """A random population: W and Z by chance, X and Y with a hidden common cause."""
    rng = np.random.default_rng(seed)
    states = {name: tuple(range((sizes or {}).get(name, 2))) for name in NAMES}
    hidden = rng.dirichlet(np.full(6, 0.7))
    xs = [{key: int(rng.choice(states["X"])) for key in itertools.product(states["W"], states["Z"])} for _ in hidden]
    ys = [{key: int(rng.choice(states["Y"])) for key in itertools.product(states["W"], states["X"])} for _ in hidden]
    chances = {name: rng.dirichlet(np.full(len(states[name]), 2.0)) for name in ("W", "Z")}
    shares: list[float] = []
    respond: list[Mapping[str, Callable[[Mapping[str, int]], int]]] = []
    for u, w, z in itertools.product(range(len(hidden)), states["W"], states["Z"]):
        shares.append(hidden[u] * chances["W"][w] * chances["Z"][z])
        respond.append(
            {
                "W": lambda at, w=w: w,
                "Z": lambda at, z=z: z,
                "X": lambda at, u=u: xs[u][at["W"], at["Z"]],
                "Y": lambda at, u=u: ys[u][at["W"], at["X"]],
            }
        )
    return Truth(np.array(shares), states, tuple(respond))


def law_of(truth: Truth, names: tuple[str, ...], do: tuple[str, ...] = ()) -> scm.KnownLaw:
    shape = [len(truth.states[name]) for name in (*do, *names)]
    array = np.zeros(shape)
    for at in np.ndindex(*shape):
        imposed = dict(zip(do, map(int, at), strict=False))
        seen = dict(zip(names, map(int, at[len(do) :]), strict=True))

        def same(unit: int, imposed: dict[str, int] = imposed, seen: dict[str, int] = seen) -> bool:
            values = truth.values(unit, imposed)
            return all(values[name] == state for name, state in seen.items())

        array[at] = truth.share(same)
    return scm.KnownLaw(names, array, do)


def study_of(truth: Truth, *sources: object) -> scm.Study:
    return scm.Study(GRAPH, *sources, states=truth.states)  # type: ignore[arg-type]


def true_statements(truth: Truth) -> list[str]:
    """Statements of every form that hold of a population, with all digits."""
    t = truth.takes
    a = truth.given(t("Y", 1), t("X", 0))
    b = truth.given(t("Y", 1), t("X", 1))
    done = [truth.share(t("Y", 1, X=x)) for x in (0, 1)]
    twin = truth.given(t("Y", 0, X=0), lambda unit: t("X", 1)(unit) and t("Y", 1)(unit))
    x, y = truth.share(t("X", 1)), truth.share(t("Y", 1))
    both = truth.share(lambda unit: t("X", 1)(unit) and t("Y", 1)(unit))
    phi = (both - x * y) / math.sqrt(x * (1 - x) * y * (1 - y))
    return [
        f"P(X=1) = {x:.12f}",
        f"P(Y=1) = {y:.12f}",
        f"P(Y=1 | X=0) = {a:.12f}",
        f"P(Y=1 | X=1) - P(Y=1 | X=0) = {b - a:.12f}",
        f"P(Y=1 | X=1) / P(Y=1 | X=0) = {b / a:.12f}" if a > 0.05 else f"P(Y=1 | X=0) <= {a:.12f}",
        f"P(Y[X=1]=1) = {done[1]:.12f}",
        f"E[Y[X=1]] - E[Y[X=0]] = {done[1] - done[0]:.12f}",
        f"P(Y[X=0]=1) / P(Y[X=1]=1) >= {done[0] / max(done[1], 1e-3) - 1e-3:.12f}",
        f"P(Y[X=0]=0 | X=1, Y=1) = {twin:.12f}",
        f"corr(X, Y) = {phi:.12f}",
        f"E[X + 2 * Y] = {x + 2 * y:.12f}",
        f"P(Y=1, X=1) > {both - 0.01:.12f}",
    ]


SEEDS = [seed for seed in range(40) if 0.1 < truth_of(seed).share(truth_of(seed).takes("X", 1)) < 0.9][:12]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_true_is_a_true_row(seed: int):
    truth = truth_of(seed)
    found = sources_of(study_of(truth, *true_statements(truth), law_of(truth, ("X", "Y"))))
    assert not found.face.left
    assert max(map(truth.gap, found.face.known)) < 1e-9


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("digits", [1, 2, 3])
def test_what_is_printed_is_true_within_its_digits(seed: int, digits: int):
    truth = truth_of(seed)
    said = [text for text in true_statements(truth) if " = " in text]
    printed = [f"{text.rpartition('=')[0]}= {float(text.rpartition('=')[2]):.{digits}f}" for text in said]
    found = sources_of(study_of(truth, *printed))
    assert found.rounded is not None
    assert max(map(truth.gap, found.rounded.known)) < 1e-9


def test_numbers_whose_sum_is_off_by_rounding_do_not_clash():
    study = scm.Study("X -> Y", "P(X=0) = 0.33", "P(X=1) = 0.33", "P(X=2) = 0.33", states={"X": (0, 1, 2)})
    query = scm.parse_query("P(Y=1)")
    found = sources_of(study)
    assert isinstance(ends_of(study, found, found.face, query), Clash)
    assert isinstance(ends_of(study, found, found.rounded, query), Ends)


# ---------------------------------------------------------------------------------------------------------------------
# Shapes


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("sizes", [{}, {"X": 3, "Y": 3}])
def test_a_shape_holds_where_it_is_true(seed: int, sizes: dict[str, int]):
    truth = truth_of(seed, sizes)
    xs, ys, t = truth.states["X"], truth.states["Y"], truth.takes
    if min(truth.share(t("X", x)) for x in xs) == 0:
        pytest.skip("a treatment that nobody takes")
    lowered = max(
        truth.share(lambda unit, a=a, b=b: truth.values(unit, {"X": b})["Y"] < truth.values(unit, {"X": a})["Y"])
        for a, b in itertools.combinations(xs, 2)
    )
    shift = max(
        abs(truth.given(t("Y", y, X=x), t("X", x)) - truth.given(t("Y", y, X=x), t("X", other)))
        for x, other in itertools.permutations(xs, 2)
        for y in ys
    )
    shapes = [scm.no_prevention("X", "Y", violated=lowered), scm.additive_confounding("X", "Y", shift)]
    study = study_of(truth, law_of(truth, ("X",)))
    found = sources_of(study, shapes)
    assert not found.face.left
    assert max(map(truth.gap, found.face.known)) < 1e-9
    odds = _odds(truth)
    if math.isfinite(odds):
        assert max(map(truth.gap, sources_of(study, [scm.marginal_sensitivity("X", "Y", odds)]).face.known)) < 1e-9
    # None of them says less than it should: a little less is missed.
    for less in (
        scm.no_prevention("X", "Y", violated=lowered - 0.01) if lowered > 0.01 else None,
        scm.additive_confounding("X", "Y", shift - 0.01) if 0.01 < shift < 1 else None,
        scm.marginal_sensitivity("X", "Y", odds * 0.98) if 1.03 < odds < math.inf else None,
    ):
        if less is not None:
            assert max(map(truth.gap, sources_of(study, [less]).face.known)) > 1e-5


def _odds(truth: Truth) -> float:
    """The smallest factor of the marginal sensitivity model that holds."""
    worst, t = 1.0, truth.takes
    for x, y in itertools.product(truth.states["X"], truth.states["Y"]):
        has = truth.share(lambda unit, x=x, y=y: t("X", x)(unit) and t("Y", y, X=x)(unit))
        lacks = truth.share(lambda unit, x=x, y=y: not t("X", x)(unit) and t("Y", y, X=x)(unit))
        if has == lacks == 0:
            continue
        if has == 0 or lacks == 0:
            return math.inf
        among = truth.share(t("X", x))
        factor = has / lacks / (among / (1 - among))
        worst = max(worst, factor, 1 / factor)
    return worst


def test_shapes_by_name_take_their_variables_from_the_query():
    graph = scm.graph_from_text("Z -> X -> Y, X <-> Y, W -> Y")
    states = {name: (0, 1) for name in graph.variables}

    def read(query: scm.Query, *names: str) -> tuple[scm.Shape, ...]:
        return granted(graph, states, query, names).shapes

    assert read(scm.pn("X", "Y"), "no_prevention") == (scm.no_prevention("X", "Y"),)
    assert read(scm.ate("X", "Y"), "no_prevention", "no_defiers") == (
        scm.no_prevention("X", "Y"),
        scm.no_defiers("Z", "X"),
    )
    assert read(scm.late("Z", "X", "Y"), "no_defiers") == (scm.no_defiers("Z", "X"),)
    for query in ("P(Y=1)", "P(Y=1 | do(X=1, W=0))"):
        with pytest.raises(scm.InvalidQuery, match=r"no_prevention\('"):
            read(scm.parse_query(query), "no_prevention")


def test_what_identification_is_granted_stays_what_it_was():
    graph = scm.graph_from_text("Z -> X -> Y, X <-> Y")
    states = {name: (0, 1) for name in graph.variables}
    late = scm.late("Z", "X", "Y")
    for assume in ("no_defiers", ["no_defiers", "no_prevention"], scm.no_defiers("Z", "X")):
        assert granted(graph, states, late, assume).names == ("no_defiers",)
    assert granted(graph, states, scm.ate("X", "Y"), "homogeneity").names == ("homogeneity",)
    assert granted(graph, states, late, scm.no_defiers("Z", "X", violated=0.1)).names == ()


@pytest.mark.parametrize(
    ("assume", "says"),
    [
        ("no_preventoin", "Did you mean 'no_prevention'"),
        ("marginal_sensitivity", "scm.marginal_sensitivity"),
        (7, "int"),
        ([3.0], "float"),
        (lambda: scm.no_prevention("X", "Q"), "'Q'"),
        (lambda: scm.no_prevention("Y", "X"), "other way round"),
        (lambda: scm.no_prevention("X", "X"), "twice"),
        (lambda: scm.no_prevention("X", "Y", violated=2), "share"),
        (lambda: scm.marginal_sensitivity("X", "Y", 0.5), "1 or more"),
        (lambda: scm.marginal_sensitivity("X", "Y", math.nan), "number"),
        (lambda: scm.additive_confounding("X", "Y", 1.5), "between 0 and 1"),
        (lambda: scm.additive_confounding("X", "Y", 0.1, given="W"), "tuple"),
        (lambda: scm.additive_confounding("X", "Y", 0.1, given=("Y",)), "twice"),
        (lambda: scm.effect_within("X", "Y", 0.5, 0.2), "lower end"),
        (lambda: scm.effect_within("X", "Y", 0, 1, x1=5), "5"),
    ],
)
def test_what_cannot_be_granted_is_refused(assume: object, says: str):
    graph = scm.graph_from_text("W -> X -> Y, X <-> Y")
    states = {name: (0, 1) for name in graph.variables}
    with pytest.raises(scm.ScmError, match=says):
        granted(graph, states, scm.ate("X", "Y"), assume() if callable(assume) else assume)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------------------------
# Through the solver


def ends_of(study: scm.Study, found: Sources, reading: Reading | None, query: scm.Query) -> Ends | Clash:
    assert reading is not None
    programme = programme_of(
        study.graph, study.states, query, reading.laws, reading.known, found.sources, equations=found.equations
    )
    return solve(programme)


def interval(study: scm.Study, query: scm.Query, *shapes: scm.Shape) -> tuple[float, float]:
    found = sources_of(study, shapes)
    ends = ends_of(study, found, found.face, query)
    assert isinstance(ends, Ends)
    return ends.lower.outer, ends.upper.outer


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_more_that_is_true_never_widens(seed: int):
    truth = truth_of(seed)
    query = scm.parse_query("P(Y[X=1]=1, Y[X=0]=0)")
    pns = truth.share(lambda unit: truth.takes("Y", 1, X=1)(unit) and truth.takes("Y", 0, X=0)(unit))
    lowered = truth.share(lambda unit: truth.takes("Y", 0, X=1)(unit) and truth.takes("Y", 1, X=0)(unit))
    said = [text for text in true_statements(truth) if not text.startswith("P(Y[X=0]=0 |")]
    before = (0.0, 1.0)
    for count in range(len(said) + 1):
        now = interval(study_of(truth, *said[:count]), query)
        assert before[0] - 1e-7 <= now[0] <= pns + 1e-7
        assert before[1] + 1e-7 >= now[1] >= pns - 1e-7
        before = now
    for shapes in ([scm.no_prevention("X", "Y", violated=lowered)],):
        now = interval(study_of(truth, *said), query, *shapes)
        assert before[0] - 1e-7 <= now[0] <= pns + 1e-7 <= now[1] + 2e-7 <= before[1] + 3e-7


def test_no_prevention_makes_necessity_a_number():
    """Tian & Pearl (2000), theorem 3 of the monotone case: PNS = P(y_x) - P(y_x')."""
    study = scm.Study(
        "X -> Y, X <-> Y",
        scm.KnownLaw(("X", "Y"), [[0.3, 0.1], [0.25, 0.35]]),
        "P(Y[X=1]=1) = 7/10",
        "P(Y[X=0]=1) = 3/10",
    )
    low, high = interval(study, scm.pns("X", "Y"), scm.no_prevention("X", "Y"))
    assert low == pytest.approx(0.4, abs=1e-7)
    assert high == pytest.approx(0.4, abs=1e-7)


@pytest.mark.parametrize("delta", [0.0, 0.1, 0.3])
def test_additive_confounding_moves_each_mean_by_its_part(delta: float):
    """E[Y_1] = P(Y=1 | X=1) + P(X=0) (P(Y_1=1 | X=0) - P(Y=1 | X=1)): the bracket is free within delta."""
    law = np.array([[0.24, 0.16], [0.24, 0.36]])
    study = scm.Study("X -> Y, X <-> Y", scm.KnownLaw(("X", "Y"), law))
    low, high = interval(study, scm.parse_query("P(Y[X=1]=1)"), scm.additive_confounding("X", "Y", delta))
    assert (low, high) == pytest.approx((0.6 - 0.4 * delta, 0.6 + 0.4 * delta), abs=1e-7)


@pytest.mark.parametrize("odds", [1.0, 1.5, 4.0])
def test_the_marginal_sensitivity_model(odds: float):
    """By hand: a = P(Y_1=1, X=0) and b = P(Y_1=0, X=0) with a + b = P(X=0), each within the factor."""
    law = np.array([[0.24, 0.16], [0.24, 0.36]])
    study = scm.Study("X -> Y, X <-> Y", scm.KnownLaw(("X", "Y"), law))
    low, high = interval(study, scm.parse_query("P(Y[X=1]=1)"), scm.marginal_sensitivity("X", "Y", odds))
    seen, other, ratio = law[1, 1], law[1, 0], 0.4 / 0.6
    least = max(seen * ratio / odds, 0.4 - other * ratio * odds)
    most = min(seen * ratio * odds, 0.4 - other * ratio / odds)
    assert (low, high) == pytest.approx((seen + least, seen + most), abs=1e-7)


def _within_odds(share: float, odds: float) -> tuple[float, float]:
    """The ends of P(Y_1=1 | X=0) where P(Y=1 | X=1) is `share`."""
    return max(share / odds, 1 - (1 - share) * odds), min(share * odds, 1 - (1 - share) / odds)


@pytest.mark.parametrize("counts", [[[120, 80], [90, 210]], [[2400, 1600], [2400, 3600]], [[30, 1], [2, 40]]])
@pytest.mark.parametrize("delta", [0.0, 0.1, 0.3])
def test_confounding_beside_counts_loses_nothing(counts: list[list[int]], delta: float):
    """The region is three intervals: P(X=1), and P(Y=1 | X=x). Each end of the query is at one corner of it."""
    (c00, c01), (c10, c11) = counts
    rows = {"X": [0] * (c00 + c01) + [1] * (c10 + c11), "Y": [0] * c00 + [1] * c01 + [0] * c10 + [1] * c11}
    study = scm.Study("X -> Y, X <-> Y", scm.Sample(rows))
    alpha = 0.05 / 3
    x, _ = exact_interval(c10 + c11, c00 + c01 + c10 + c11, alpha)
    low, high = exact_interval(c11, c10 + c11, alpha)
    answer = scm.ask(study, "P(Y[X=1]=1)", assume=scm.additive_confounding("X", "Y", delta))
    ends = answer.uncertainty.confidence
    assert ends is not None
    assert (ends.lower, ends.upper) == pytest.approx(
        (x * low + (1 - x) * max(low - delta, 0), x * high + (1 - x) * min(high + delta, 1)), abs=1e-7
    )
    odds = 1 + 5 * delta
    ends = scm.ask(study, "P(Y[X=1]=1)", assume=scm.marginal_sensitivity("X", "Y", odds)).uncertainty.confidence
    assert ends is not None
    assert (ends.lower, ends.upper) == pytest.approx(
        (x * low + (1 - x) * _within_odds(low, odds)[0], x * high + (1 - x) * _within_odds(high, odds)[1]), abs=1e-7
    )


def exact_interval(count: int, total: int, alpha: float) -> tuple[float, float]:
    """Clopper and Pearson's, from the distribution itself."""
    return binomtest(count, total).proportion_ci(1 - alpha, "exact")


def test_confounding_beside_printed_digits_loses_nothing():
    study = scm.Study("X -> Y, X <-> Y", "P(X=1) = 50%", "P(Y=1 | X=1) = 70%", "P(Y=1 | X=0) = 40%")
    answer = scm.ask(study, "P(Y[X=1]=1)", assume=scm.additive_confounding("X", "Y", 0.1))
    assert answer.interval is not None
    assert (answer.interval.lower, answer.interval.upper) == pytest.approx((0.65, 0.75), abs=1e-7)
    ends = answer.uncertainty.rounding
    assert ends == pytest.approx((0.695 - 0.1 * 0.505, 0.705 + 0.1 * 0.505), abs=1e-7)


def test_confounding_within_strata():
    """Without confounding in the strata of W the effect is the adjusted one."""
    truth = truth_of(SEEDS[0])
    law = law_of(truth, ("W", "X", "Y"))
    table = np.asarray(law.array)
    if (table.sum(axis=2) <= 0).any():
        pytest.skip("a stratum that nobody is in")
    study = scm.Study("W -> X -> Y, W -> Y, X <-> Y", law)
    adjusted = sum(table[w].sum() * table[w, 1, 1] / table[w, 1].sum() for w in (0, 1))
    low, high = interval(study, scm.parse_query("P(Y[X=1]=1)"), scm.additive_confounding("X", "Y", 0.0, given=("W",)))
    assert (low, high) == pytest.approx((adjusted, adjusted), abs=1e-7)


def test_what_is_not_linear_is_said_so():
    study = scm.Study("X -> Y, X <-> Y", "P(Y=1 | X=1) - P(Y=1 | X=0) = 0.2", "corr(X, Y) = 0.1")
    found = sources_of(study, [scm.marginal_sensitivity("X", "Y", 2.0)])
    assert found.face.known == ()
    assert [found.sources[item.source].split(" ")[0] for item in found.face.left][:2] == ["P(Y", "corr(X,"]
    assert all("not known" in item.reason for item in found.face.left)


# ---------------------------------------------------------------------------------------------------------------------
# Equations


def test_an_equation_is_made_use_of():
    study = scm.Study(
        "X -> Y, W -> Y, X <-> Y, X <-> W", "Y = X and not W", scm.KnownLaw(("X", "W"), [[0.3, 0.2], [0.4, 0.1]])
    )
    assert study.equations == (scm.equation("Y = X and not W"),)
    assert interval(study, scm.parse_query("P(Y[X=1]=1)")) == pytest.approx((0.7, 0.7), abs=1e-7)
    assert interval(study, scm.parse_query("P(Y=1)")) == pytest.approx((0.4, 0.4), abs=1e-7)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Q = X", "'Q'"),
        ("Y = Z", "no cause of it"),
        ("Y = X + 1", "none of its states"),
        ("Y = X / 0", "no value"),
        ("Y = 1", "stands in a query"),
        ("Y = X[W=1]", "values of its causes"),
        ("Y = ", "equation"),
        ("Y = X and", "Expected|Unexpected|wanted|end"),
        ("Y = P(X=1)", "."),
    ],
)
def test_an_equation_that_cannot_be_is_refused(text: str, says: str):
    with pytest.raises(scm.ScmError, match=says):
        scm.Study("X -> Y, W -> Y, Z -> X", text)


def test_two_equations_for_one_variable_are_refused():
    with pytest.raises(scm.InvalidModel, match="two equations"):
        scm.Study("X -> Y", "Y = X", "Y = not X")


def test_an_equation_over_labels():
    states = {"X": ("low", "high"), "Y": ("no", "yes")}
    study = scm.Study("X -> Y", "Y = yes if X = high else no", "P(X=high) = 3/10", states=states)
    assert interval(study, scm.parse_query("P(Y='yes')")) == pytest.approx((0.3, 0.3), abs=1e-7)


def test_known_of_gives_laws_rows_and_words():
    law = scm.KnownLaw(("X", "Y"), [[0.3, 0.2], [0.1, 0.4]])
    study = scm.Study("X -> Y, X <-> Y", "P(Y[X=1]=1) = 60%", law)
    laws, known, sources = known_of(study, [scm.no_prevention("X", "Y")])
    assert laws == (law,)
    assert [sources[row.source] for row in known] == [
        "P(Y[X=1] = 1) = 0.6",
        "no prevention: raising X lowers Y in no unit",
    ]
    assert sources[0] == "the law P(X, Y)"


def test_a_clash_names_what_was_granted_too():
    """The lipid trial refutes no prevention of Y by X; without it the law is one of the graph."""
    law = np.array([[[0.32, 0.32], [0.04, 0.32]], [[0.02, 0.17], [0.67, 0.14]]]) / 2
    study = scm.Study("Z -> X -> Y, X <-> Y", scm.KnownLaw(("Z", "X", "Y"), law))
    found = sources_of(study, [scm.no_prevention("X", "Y")])
    clash = ends_of(study, found, found.face, scm.ate("X", "Y"))
    assert isinstance(clash, Clash)
    assert clash.sources == (0, 1)
    assert isinstance(ends_of(study, sources_of(study), sources_of(study).face, scm.ate("X", "Y")), Ends)


def test_a_ratio_of_one_but_for_rounding_rules_nothing_out():
    """With 1 + 2e-16 the row is -2e-16 P(V=0) = 0, which must not be taken for P(V=0) = 0."""
    ratio = scm.parse_query("P(V=0 | U=1) / P(V=0 | U=0)")
    given = scm.Statement(ratio, 1 + 2.3e-16, 1 + 2.3e-16, 1 + 2.3e-16)  # type: ignore[arg-type]
    study = scm.Study("U -> Y, V -> Y", given, "P(V=0) = 3/10")
    assert interval(study, scm.parse_query("P(V=0)")) == pytest.approx((0.3, 0.3), abs=1e-9)
