"""Parents that hide a noise: under X = 0, `X * u` is 0 whatever u is. Seeing 0 there is certain, and tells nothing of u."""

import math
from typing import Any

import numpy as np
import pytest

import scm
from scm import Bernoulli, Categorical, InvalidRows, Model, Real, UnknownLaw, Variable, normal
from scm.mechanisms._types import Hiding

EULER = math.exp(0.5)
"""The mean of exp(u) for a standard normal u."""


def dose(equation: str = "X * u_Y", law: object = None, **more: Any) -> Model:
    """Y from a dose of 0, 1 or 2."""
    given = {"equation": equation} | more
    return Model(
        Variable("X", (0, 1, 2), noise=Categorical({0: 0.5, 1: 0.25, 2: 0.25})),
        Variable("Y", noise=law or normal(2, 1), **given),
    )


def hurdle() -> Model:
    """Nothing, or a positive amount."""
    return Model(
        Variable("B", noise=Bernoulli(0.3)),
        Variable("Y", equation="B * exp(u_Y)", noise=normal()),
        Variable("Z", equation="Y + u_Y + w", noise={"w": normal()}),
    )


@pytest.mark.parametrize(
    ("equation", "x", "value", "wanted"),
    [
        ("X * u_Y", [0, 0, 1, 2], [0, 1, 0, 0], [True, False, False, False]),
        ("3 + X * exp(u_Y)", [0, 0, 1, 0], [3, 4, 3, 3 + 1e-14], [True, False, False, True]),
        ("exp(X * u_Y) - X", [0, 0, 2], [1, 2, 1], [True, False, False]),
        ("X / (1 + exp(u_Y))", [0, 1], [0, 0], [True, False]),
        ("(1 + X) ** u_Y", [0, 0, 1], [1, 2, 1], [True, False, False]),
        ("exp(u_Y) ** X", [0, 0, 1], [1, 2, 1], [True, False, False]),
        ("(2 * (X * (u_Y + 1)) + X) ** 3", [0, 1], [0, 0], [True, False]),
    ],
)
def test_where_parents_hide_the_noise(equation: str, x: list[int], value: list[float], wanted: list[bool]) -> None:
    mechanism = dose(equation).columnar["Y"]
    assert isinstance(mechanism, Hiding)
    values, seen = {"X": np.array(x)}, np.array(value, dtype=float)
    assert mechanism.hidden(seen, values, np).tolist() == wanted
    known = mechanism.noise_of(seen, values, np)
    assert not (np.isfinite(known) & np.array(wanted)).any()
    for noise in (-1.3, 0.4):  # by trial: the value does not answer to the noise
        same = mechanism.forward({**values, "u_Y": np.full(len(x), noise)}, np)
        assert (np.isclose(same, seen, rtol=1e-9) | ~np.array(wanted)).all()


@pytest.mark.parametrize("equation", ["X + exp(u_Y)", "exp(X) * tanh(u_Y)", "(1 + X) * u_Y ** 3", "(X + 2) ** u_Y"])
def test_most_formulas_never_hide_it(equation: str) -> None:
    mechanism = dose(equation).columnar["Y"]
    assert isinstance(mechanism, Hiding)
    assert mechanism.hidden(np.zeros(2), {"X": np.array([0, 1])}, np) is False


@pytest.mark.parametrize(
    "mechanism",
    [
        scm.mechanisms.Multiplicative("X"),
        scm.mechanisms.Multiplicative(lambda X: 1.0 * X),
        scm.mechanisms.LocationScale(lambda X: 0.0 * X, lambda X: 1.0 * X),
        scm.mechanisms.Function(lambda X, u: X * u, monotone=True),
        scm.mechanisms.Function(lambda X, u: X * u, inverse=lambda X, y: y / X),
    ],
)
def test_every_class_answers_alike(mechanism: Any) -> None:
    more = {} if isinstance(mechanism, scm.mechanisms.Multiplicative) else {}
    model = Model(dose().variables[0], Variable("Y", parents=("X",), mechanism=mechanism, noise=normal(2, 1), **more))
    rows = {"X": [0, 1, 0, 2], "Y": [0.0, 3.0, 1.0, 0.0]}
    found = scm.ask(model, "E[Y[X=1] | X = ?, Y = ?]", rows=rows, key=1)
    np.testing.assert_allclose(found.value[1::2], [3.0, 0.0], atol=1e-9)
    assert found.value[0] == pytest.approx(2.0, abs=0.1)
    assert np.isnan(found.value[2])


def test_a_row_that_hides_its_noise_is_answered_as_if_the_value_had_not_been_seen() -> None:
    rows = {"X": [0, 1, 0, 2], "Y": [0.0, 3.0, 1.0, 0.0]}
    found = scm.ask(dose(), "E[Y[X=1] | X = ?, Y = ?]", rows=rows)
    assert found.finding == "exact"
    np.testing.assert_array_equal(found.value, [2.0, 3.0, np.nan, 0.0])
    chance = scm.ask(dose(), "P(Y[X=1] > 2 | X = ?, Y = ?)", rows=rows)
    np.testing.assert_allclose(chance.value, [0.5, 1.0, np.nan, 0.0])
    alike = scm.ask(dose(), "E[Y[X=0] | X = ?, Y = ?]", rows=rows)
    np.testing.assert_array_equal(alike.value, [0.0, 0.0, np.nan, 0.0])
    assert scm.ask(dose(), "E[Y[X=1] | X = 0, Y = 0]").value == 2.0
    assert scm.ask(dose(), "E[Y[X=1] | X = 0, Y = 1]").finding == "undefined"


def test_what_is_certain_weighs_more_than_any_density() -> None:
    found = scm.ask(dose(), "P(X = 0 | Y = ?)", rows={"Y": [0.0, 3.0]})
    assert found.finding == "exact"
    assert found.value.tolist() == [1.0, 0.0]
    zero = scm.ask(hurdle(), "P(B = 1 | Y = ?)", rows={"Y": [0.0, 3.0, -1.0]})
    np.testing.assert_array_equal(zero.value, [0.0, 1.0, np.nan])


def test_other_evidence_of_the_noise_counts() -> None:
    found = scm.ask(hurdle(), "E[Y[B=1] | B = ?, Y = ?, Z = ?]", rows={"B": [0], "Y": [0.0], "Z": [0.5]}, key=1)
    assert found.finding == "estimate"  # u given u + w = 0.5 is normal with mean 1/4 and variance 1/2
    assert abs(found.value[0] - EULER) < 5 * found.uncertainty.monte_carlo[0]


def test_where_it_is_not_known_whether_the_noise_is_hidden_nothing_is_made_up() -> None:
    found = scm.ask(hurdle(), "E[Y[B=1] | Y = ?]", rows={"Y": [0.0]}, key=1)
    assert found.finding == "refused"
    assert "whatever its noise" in str(found.refusals)
    assert scm.ask(hurdle(), "E[Y[B=1] | Y = ?]", rows={"Y": [3.0]}, key=1).value == pytest.approx(3.0)


def test_a_noise_of_unknown_law_that_is_hidden_stays_unknown() -> None:
    model = dose(law=UnknownLaw(Real()))
    found = scm.ask(model, "E[Y[X=2] | X = ?, Y = ?]", rows={"X": [1], "Y": [3.0]})
    assert found.value.tolist() == [6.0]
    assert scm.ask(model, "E[Y[X=2] | X = ?, Y = ?]", rows={"X": [0], "Y": [0.0]}, key=1).finding == "refused"


@pytest.mark.parametrize("executor", ["numpy", "jax"])
def test_populations_are_told_which_row_hides_its_noise(executor: Any) -> None:
    rows = {"X": np.array([1, 2, 0, 1]), "Y": np.array([3.0, 1.0, 0.0, 0.0])}
    with pytest.raises(InvalidRows, match=r"Row 3, .*whatever its noise"):
        scm.imagine(dose(), rows, {"X": 1}, outputs=["Y"], execution=scm.Execution(executor=executor))
    same = scm.imagine(dose(), rows, {"X": 0}, outputs=["Y"], execution=scm.Execution(executor=executor))
    assert same is not None
