"""Units whose evidence determines everything: exact values, laws, refusals that name what is not determined."""

from __future__ import annotations

import numpy as np
import pytest

from scm import (
    Bernoulli,
    Categorical,
    Execution,
    InvalidModel,
    InvalidQuery,
    InvalidRows,
    Model,
    Real,
    Threshold,
    Variable,
    ask,
    imagine,
)
from scm._continuous import ContinuousLaw, ContinuousNoise, MultivariateNormal, UnknownLaw, normal
from scm.solvers._refusal import Refusal
from scm.solvers.unit import Unit
from tests.unit_models import Growth, Shift, task


def solve(model, query, rows=None):
    found = Unit().solve(task(model, query, rows))
    assert found.lower is found.upper
    return found.lower, found.defined


def joe() -> Model:
    """Encouragement (Pearl, Glymour & Jewell 2016, section 4.2.3): X = U1, H = .5 X + U2, Y = .7 X + .4 H + U3."""
    return Model(
        Variable("X", mechanism=Shift((), lambda xp: 0.0), noise=normal(0, 1)),
        Variable("H", mechanism=Shift(("X",), lambda x, xp: 0.5 * x), noise=normal(0, 1)),
        Variable("Y", mechanism=Shift(("X", "H"), lambda x, h, xp: 0.7 * x + 0.4 * h), noise=normal(0, 1)),
    )


JOE = "X=?X, H=?H, Y=?Y"


def test_case_3_joe():
    rows = {"X": [0.5], "H": [1.0], "Y": [1.5]}
    value, defined = solve(joe(), f"E[Y[H=2] | {JOE}]", rows)
    assert defined.all()
    assert value == pytest.approx([1.90])
    # His noises are (.5, .75, .75): what is left of H and Y where their causes are set to zero.
    assert solve(joe(), f"E[H[X=0] | {JOE}]", rows)[0] == pytest.approx([0.75])
    assert solve(joe(), f"E[Y[X=0, H=0] | {JOE}]", rows)[0] == pytest.approx([0.75])
    assert solve(joe(), f"P(Y[H=2] > 1.8 | {JOE})", rows)[0] == [1.0]
    assert solve(joe(), f"P(Y[H=2] > Y + 1 | {JOE})", rows)[0] == [0.0]


def test_one_noise_in_two_variables_and_only_the_effect_seen():
    """Y = X + a = 2 a; each of X and `a` would be known if the other were, and neither explains the other for ever."""
    model = Model(
        ContinuousNoise(("a",), normal(0, 1)),
        Variable("X", Real(), equation="a"),
        Variable("Y", Real(), equation="X + a"),
    )
    with pytest.raises(Refusal, match=r"the noise 'a' is not determined"):
        solve(model, "E[X | Y=2]")
    assert ask(model, "E[X | Y=2]").value == pytest.approx(1.0, abs=1e-12)
    assert ask(model, "E[Y[X=5] | Y=2]").value == pytest.approx(6.0, abs=1e-12)
    with pytest.raises(InvalidQuery, match=r"'X' has no value in these rows; the noise 'a' is not determined"):
        imagine(model, {"Y": [2.0]}, {"X": 1})
    kinked = Model(
        ContinuousNoise(("a",), normal(0, 1)),
        ContinuousNoise(("b",), normal(0, 1)),
        Variable("X", Real(), equation="a"),
        Variable("Z", Real(), equation="X + b"),
        Variable("W", Real(), equation="Z + a"),
        Variable("Y", Real(), equation="exp(W + b) + X"),
    )
    assert ask(kinked, "E[X | W=2]").value == pytest.approx(0.8, abs=1e-12)
    for given in ("Y=2", "W=2, Y=3"):
        assert ask(kinked, f"E[X | {given}]").finding == "refused"


@pytest.mark.parametrize("execution", [Execution(executor="numpy"), Execution(executor="jax"), Execution(chunk=50)])
def test_identity_interventions_bit_for_bit_without_noise(execution):
    model = Model(
        Variable("A", Real(), equation="0.3 + u", noise={"u": normal(0, 1)}),
        Variable("B", Real(), equation="abs(0.7 * A + 0.13)"),
        Variable("C", Real(), equation="tanh(1.7 * B) / 3 + v", noise={"v": normal(0, 1)}),
    )
    units = model.sample(257, key=1)
    found = imagine(model, units, {"A": "A"}, execution=execution).values["do"]
    for name in ("B", "C"):
        np.testing.assert_array_equal(found[name], units[name])


def test_case_5_a_noise_that_two_variables_share():
    """Primer, table 4.1: X = U, Y = X + U; observed Y of 2, 4 and 6 follow from X alone."""
    model = Model(
        ContinuousNoise(("u",), normal(0, 1)),
        Variable("X", mechanism=Shift((), lambda xp: 0.0), noise="u"),
        Variable("Y", mechanism=Shift(("X",), lambda x, xp: 1.0 * x), noise="u"),
    )
    seen = {"X": [1.0, 2.0, 3.0]}
    assert solve(model, "E[Y | X=?X]", seen)[0].tolist() == [2.0, 4.0, 6.0]
    for x, wanted in ((1, [2, 3, 4]), (2, [3, 4, 5]), (3, [4, 5, 6])):
        assert solve(model, f"E[Y[X={x}] | X=?X]", seen)[0].tolist() == wanted
    both = seen | {"Y": [2.0, 4.0, 7.0]}
    value, defined = solve(model, "E[Y[X=1] | X=?X, Y=?Y]", both)
    assert defined.tolist() == [True, True, False]
    assert np.isnan(value[2])
    assert value[:2].tolist() == [2.0, 3.0]


def cohort(n=500, seed=0):
    """A model of every kind of mechanism, its noises, and its worlds worked out by hand."""
    model = Model(
        Variable("G", (0, 1, 2), table=(0.2, 0.5, 0.3)),
        Variable("X", mechanism=Shift((), lambda xp: 0.0), noise=normal(0, 1)),
        Variable("M", mechanism=Shift(("X", "G"), lambda x, g, xp: xp.tanh(x) + g), noise=normal(0, 2)),
        Variable("Y", mechanism=Growth(("X", "M"), lambda x, m, xp: 0.3 * x - 0.2 * m), noise=normal(0, 1)),
        Variable("Z", equation="Y * M + X"),
    )
    rng = np.random.default_rng(seed)
    noise = {name: rng.normal(size=n) for name in "xmy"} | {"g": rng.integers(0, 3, n)}

    def world(x=None, m=None):
        x = noise["x"] if x is None else x
        m = np.tanh(x) + noise["g"] + noise["m"] if m is None else m
        y = np.exp(0.3 * x - 0.2 * m + noise["y"])
        return {"G": noise["g"], "X": x, "M": m, "Y": y, "Z": y * m + x}

    return model, world


ALL = "G=?G, X=?X, M=?M, Y=?Y"


@pytest.mark.parametrize(
    ("term", "change"),
    [("[X=1.5]", {"x": 1.5}), ("[M=0]", {"m": 0.0}), ("[X=-1, M=2]", {"x": -1.0, "m": 2.0})],
)
def test_every_unit_is_exact(term, change):
    model, world = cohort()
    seen, truth = world(), world(**change)
    for name in "MYZ":
        value, defined = solve(model, f"E[{name}{term} | {ALL}]", {k: seen[k] for k in "GXMY"})
        assert defined.all()
        np.testing.assert_allclose(value, np.broadcast_to(truth[name], value.shape), rtol=1e-12, atol=1e-12)


def test_nested_worlds_and_policies():
    model, world = cohort()
    seen = {k: world()[k] for k in "GXMY"}
    inner = world(x=0.0)["M"]
    np.testing.assert_allclose(solve(model, f"E[Y[X=1, M=M[X=0]] | {ALL}]", seen)[0], world(1.0, inner)["Y"])
    shifted = world(x=seen["X"] + 1)
    np.testing.assert_allclose(solve(model, f"E[Z[X := X + 1] | {ALL}]", seen)[0], shifted["Z"], rtol=1e-12)
    np.testing.assert_allclose(
        solve(model, f"E[Y[M := 2 if X > 0 else M] | {ALL}]", seen)[0],
        world(m=np.where(seen["X"] > 0, 2.0, seen["M"]))["Y"],
    )
    np.testing.assert_allclose(solve(model, f"E[Y[X->M=0] | {ALL}]", seen)[0], world(m=inner)["Y"], rtol=1e-12)


def test_an_identity_intervention_gives_the_factual_row_bit_for_bit():
    model, world = cohort()
    seen = {k: world()[k] for k in "GXMY"}
    for term in ("[X=?X]", "[M=?M]", "[X=?X, M=?M]", "[X := X]"):
        for name in "MY":
            value, _ = solve(model, f"E[{name}{term} | {ALL}]", seen)
            assert np.array_equal(value, seen[name]), (name, term)


def test_composition_and_effectiveness():
    model, world = cohort()
    seen = {k: world()[k] for k in "GXMY"}
    m = solve(model, f"E[M[X=1] | {ALL}]", seen)[0]
    assert np.array_equal(solve(model, f"E[X[X=1] | {ALL}]", seen)[0], np.ones_like(m))
    direct = solve(model, f"E[Y[X=1] | {ALL}]", seen)[0]
    through = solve(model, f"E[Y[X=1, M=?m] | {ALL}]", seen | {"m": m})[0]
    assert np.array_equal(direct, through)


def test_evidence_in_another_world_shows_a_noise_too():
    """A trial in which the unit was treated, and its factual causes: the noise is known all the same."""
    model, world = cohort()
    treated = world(x=2.0)
    rows = {"G": treated["G"], "M": treated["M"], "Y": treated["Y"], "X": world()["X"]}
    value, _ = solve(model, "E[Y | G=?G, X=?X, M[X=2]=?M, Y[X=2]=?Y]", rows)
    np.testing.assert_allclose(value, world()["Y"], rtol=1e-12)


def test_what_is_not_determined_is_named():
    model = joe()
    with pytest.raises(Refusal, match=r"'H' has no value in these rows; its noise 'u_H' is not determined"):
        solve(model, "E[Y[X=1] | X=?X, Y=?Y]", {"X": [1.0], "Y": [2.0]})
    with pytest.raises(Refusal, match=r"'u_Y' is not determined"):
        solve(model, "E[Y[X=1] | X=?X, H=?H]", {"X": [1.0], "H": [2.0]})


def test_row_by_row_finite_parts():
    """Finite equations and noise tables run in the same pass; a table of probabilities does not answer by itself."""
    model = Model(
        Variable("C", ("low", "high"), table=(0.5, 0.5)),
        Variable("F", noise=Bernoulli(0.5), equation="u_F xor C = 'high'"),
        Variable(
            "N",
            parents=("F",),
            states=("a", "b", "c"),
            function={(f, u): "abc"[(f + u) % 3] for f in (0, 1) for u in range(3)},
            noise=Categorical({0: 0.5, 1: 0.25, 2: 0.25}),
        ),
        Variable("Y", mechanism=Shift(("N",), lambda n, xp: 10.0 * n), noise=normal(0, 1)),
    )
    rows = {"C": ["low", "high", "high"], "F": [True, True, False], "N": ["b", "c", "a"], "Y": [10.5, 20.25, 0.125]}
    given = "C=?C, F=?F, N=?N, Y=?Y"
    # u_F is (True, False, True); u_N is (0, 1, 0).
    value, defined = solve(model, f"P(F[C='low'] = True | {given})", rows)
    assert (value.tolist(), defined.all()) == ([1.0, 0.0, 1.0], True)
    assert solve(model, f"P(N[C='low'] = 'b' | {given})", rows)[0].tolist() == [1.0, 1.0, 1.0]
    assert solve(model, f"E[Y[C='high'] | {given}]", rows)[0].tolist() == [0.5, 20.25, 0.125]
    assert solve(model, f"P(N[C='low'] = N | {given})", rows)[0].tolist() == [1.0, 0.0, 0.0]
    with pytest.raises(Refusal, match="table of probabilities"):
        solve(model, "P(F[C='low'] = True | F=?F)", {"F": [True]})


def test_impossible_evidence_is_undefined():
    model, world = cohort(n=4)
    seen = {k: world()[k] for k in "GXMY"}
    seen["Y"] = np.array([1.0, -1.0, 0.0, 2.0])
    value, defined = solve(model, f"E[M[X=1] | {ALL}]", seen)
    assert defined.tolist() == [True, False, False, True]
    assert np.isnan(value).tolist() == [False, True, True, False]


def test_a_noise_outside_its_support_is_undefined():
    for law in (ContinuousLaw("Exponential", rate=1.0), ContinuousLaw("Pareto", scale=1.0, alpha=2.0)):
        model = Model(
            Variable("X", noise=normal(0, 1), mechanism=Shift((), lambda xp: 0.0)),
            Variable("Y", mechanism=Shift(("X",), lambda x, xp: 2 * x), noise=law),
        )
        value, defined = solve(model, "E[Y[X=0] | X=?X, Y=?Y]", {"X": [1.0, 1.0], "Y": [4.5, 1.5]})
        assert defined.tolist() == [True, False]
        assert value[0] == 2.5
    unknown = Model(Variable("X", noise=UnknownLaw(), mechanism=Shift((), lambda xp: 0.0)))
    assert solve(unknown, "E[X | X=?X]", {"X": [1.0]})[0] == [1.0]


def test_conditions_are_facts_of_the_unit():
    value, defined = solve(joe(), f"E[Y[H=2] | {JOE}, Y > 1]", {"X": [0.5, 0.5], "H": [1.0, 1.0], "Y": [1.5, 0.5]})
    assert defined.tolist() == [True, False]
    assert value[0] == pytest.approx(1.9)


def test_evidence_that_cannot_be_checked_is_not_passed_over():
    """W has a hidden cause: whether its value is possible depends on it, and it could not be answered by a number."""
    model = Model(
        Variable("A", mechanism=Shift((), lambda xp: 0.0), noise=normal(0, 1)),
        Variable("X", mechanism=Shift((), lambda xp: 0.0), noise=normal(0, 1)),
        Variable("W", mechanism=Growth(("A",), lambda a, xp: a), noise=normal(0, 1)),
    )
    assert solve(model, "E[X | X=?X]", {"X": [1.0]})[0] == [1.0]
    with pytest.raises(Refusal, match="whether 'W' can have been observed"):
        solve(model, "E[X | X=?X, W=?W]", {"X": [1.0], "W": [-1.0]})


def test_a_singular_covariance_ties_noises():
    model = Model(
        ContinuousNoise(("a", "b"), MultivariateNormal((0, 0), [[1, 1], [1, 1]])),
        Variable("X", mechanism=Shift((), lambda xp: 0.0), noise="a"),
        Variable("Y", mechanism=Shift(("X",), lambda x, xp: x), noise="b"),
    )
    with pytest.raises(Refusal, match="singular"):
        solve(model, "E[Y[X=1] | X=?X, Y=?Y]", {"X": [1.0], "Y": [3.0]})


def test_a_mechanism_that_gives_no_number_is_named_with_the_row():
    model = Model(
        Variable("X", mechanism=Shift((), lambda xp: 0.0), noise=normal(0, 1)),
        Variable("Y", mechanism=Shift(("X",), lambda x, xp: xp.log(x)), noise=normal(0, 1)),
        Variable("Z", mechanism=Growth(("X",), lambda x, xp: xp.sqrt(x)), noise=normal(0, 1)),
    )
    rows = {"X": [1.0, 2.0], "Y": [1.0, 1.0], "Z": [1.0, 1.0], "t": [1.0, -1.0]}
    with pytest.raises(InvalidModel, match=r"Row 2: The mechanism of 'Y' gives nan for X = -1.0"):
        solve(model, "E[Y[X=?t] | X=?X, Y=?Y]", rows)
    with pytest.raises(InvalidModel, match=r"Row 2: The mechanism of 'Z' gives nan"):
        solve(model, "E[Z[X=?t] | X=?X, Z=?Z]", rows)
    rows["X"] = [1.0, -2.0]
    with pytest.raises(InvalidModel, match=r"Row 2: The mechanism of 'Z' gives nan"):
        solve(model, "E[Z[X=1] | X=?X, Z=?Z]", rows)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_evidence_is_finite(bad):
    with pytest.raises(InvalidRows, match="Row 2, column 'H'"):
        solve(joe(), f"E[Y[H=2] | {JOE}]", {"X": [0.5, 1], "H": [1.0, bad], "Y": [1.5, 1]})


def test_no_rows():
    value, defined = solve(joe(), f"E[Y[H=2] | {JOE}]", {"X": np.zeros(0), "H": np.zeros(0), "Y": np.zeros(0)})
    assert value.shape == defined.shape == (0,)


def test_the_executors_agree():
    model, world = cohort(n=1000)
    seen = {k: world()[k] for k in "GXMY"}
    for query in (
        f"E[Z[X=1] | {ALL}]",
        f"P(Y[X=1] > Y | {ALL}, X < 0.5)",
        f"E[G | {ALL}]",
        f"E[Z[X := X + 1] - Z | {ALL}]",
    ):
        plain = Unit().solve(task(model, query, seen, execution=Execution(executor="numpy")))
        fast = Unit().solve(task(model, query, seen, execution=Execution(executor="jax")))
        assert fast.diagnostics["executor"] == "jax double"
        assert np.array_equal(fast.defined, plain.defined)
        np.testing.assert_allclose(fast.lower, plain.lower, rtol=1e-12, atol=1e-12)


def test_cancellation_is_stated_or_refused():
    """By the numbers given the noise of Y is -1; that is nothing beside 1e150."""
    model = Model(
        Variable("X", Real(), noise=normal(0, 1)),
        Variable("C", (0, 1), mechanism=Threshold("X"), noise=normal(0, 1)),
        Variable("Y", Real(), equation="X + C + v", noise={"v": normal(0, 1)}),
    )
    lost = {"X": [2.0, 1e150], "C": [1, 1], "Y": [3.0, 1e150]}
    found = ask(model, "E[Y[X=1, C=1]]", rows=lost)
    assert found.uncertainty.floating_point is not None
    assert found.uncertainty.floating_point > 1e130
    with pytest.raises(InvalidRows, match="Row 2, the numbers are too large for their differences"):
        ask(model, "P(Y[X=1, C=1] > 0.5)", rows=lost)
    rows = {"X": [1e9], "C": [1], "Y": [1e9 + 2.5]}
    near = ask(model, "E[Y[X=3, C=1]]", rows=rows)
    assert near.uncertainty.floating_point is not None
    assert np.asarray(near.value) == pytest.approx([5.5], abs=near.uncertainty.floating_point)
    assert near.uncertainty.floating_point < 1e-4
    assert np.asarray(ask(model, "P(Y[X=3, C=1] > 5)", rows=rows).value) == pytest.approx([1.0])
    # What is not small beside the evidence, or does not change with it, is as exact as before.
    usual = ask(model, "E[Y[X=1, C=1]]", rows={"X": [1.0], "C": [1], "Y": [5.0]})
    assert usual.uncertainty.floating_point is None
    assert ask(model, "E[Y[X=1, C=1] - Y]", rows={"X": [1.0], "C": [1], "Y": [5e9]}).uncertainty.floating_point is None
