"""Parents that hide a noise: under X = 0, `X * u` is 0 whatever u is. Seeing 0 is certain, and tells nothing of u."""

import math
from typing import Any

import numpy as np
import pytest

import scm
from scm import Bernoulli, Categorical, InvalidRows, Model, Real, UnknownLaw, Variable, mechanisms, normal
from scm.mechanisms._types import Hiding

EULER = math.exp(0.5)
"""The mean of exp(u) for a standard normal u."""


def numbers(answer: scm.Answer) -> np.ndarray:
    """The values of the rows."""
    return np.asarray(answer.value, dtype=float)


def dose(equation: str = "X * u_Y", law: object = None) -> Model:
    """Y from a dose of 0, 1 or 2."""
    return Model(
        Variable("X", (0, 1, 2), noise=Categorical({0: 0.5, 1: 0.25, 2: 0.25})),
        Variable("Y", equation=equation, noise=law or normal(2, 1)),
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
        ("u_Y if X > 0 else 5", [0, 0, 1], [5, 4, 5], [True, False, False]),
        ("3 * (exp(u_Y) if X = 1 else X) + 1", [2, 0, 1], [7, 4, 4], [True, False, False]),
        ("exp(u_Y) ** X", [0, 0, 1], [1, 2, 1], [True, False, False]),
        ("(2 * (X * (u_Y + 1)) + X) ** 3", [0, 1], [0, 0], [True, False]),
    ],
)
def test_where_parents_hide_the_noise(equation: str, x: list[int], value: list[float], wanted: list[bool]) -> None:
    mechanism: Any = dose(equation).columnar["Y"]
    assert isinstance(mechanism, Hiding)
    values, seen = {"X": np.array(x)}, np.array(value, dtype=float)
    assert mechanism.hidden(seen, values, np).tolist() == wanted
    known = mechanism.noise_of(seen, values, np)
    assert not (np.isfinite(known) & np.array(wanted)).any()
    for noise in (-1.3, 0.4):  # by trial: the value does not answer to the noise
        same: Any = mechanism.forward({**values, "u_Y": np.full(len(x), noise)}, np)
        assert (np.isclose(same, seen, rtol=1e-9) | ~np.array(wanted)).all()


@pytest.mark.parametrize("equation", ["X + exp(u_Y)", "exp(X) * tanh(u_Y)", "(1 + X) * u_Y ** 3", "(X + 2) ** u_Y"])
def test_most_formulas_never_hide_it(equation: str) -> None:
    mechanism: Any = dose(equation).columnar["Y"]
    assert isinstance(mechanism, Hiding)
    assert mechanism.hidden(np.zeros(2), {"X": np.array([0, 1])}, np) is False


@pytest.mark.parametrize(
    "mechanism",
    [
        mechanisms.Multiplicative("X"),
        mechanisms.Multiplicative(lambda x: 1.0 * x),
        mechanisms.LocationScale(lambda x: 0.0 * x, lambda x: 1.0 * x),
        mechanisms.Function(lambda x, u: x * u, monotone=True),
        mechanisms.Function(lambda x, u: x * u, inverse=lambda x, y: y / x),
    ],
)
def test_every_class_answers_alike(mechanism: Any) -> None:
    model = Model(dose().variables[0], Variable("Y", parents=("X",), mechanism=mechanism, noise=normal(2, 1)))
    rows = {"X": [0, 1, 0, 2], "Y": [0.0, 3.0, 1.0, 0.0]}
    found = scm.ask(model, "E[Y[X=1] | X = ?, Y = ?]", rows=rows, key=1)
    np.testing.assert_allclose(numbers(found)[1::2], [3.0, 0.0], atol=1e-9)
    assert numbers(found)[0] == pytest.approx(2.0, abs=0.1)
    assert np.isnan(numbers(found)[2])


def test_a_row_that_hides_its_noise_is_answered_as_if_the_value_had_not_been_seen() -> None:
    rows = {"X": [0, 1, 0, 2], "Y": [0.0, 3.0, 1.0, 0.0]}
    found = scm.ask(dose(), "E[Y[X=1] | X = ?, Y = ?]", rows=rows)
    assert found.finding == "exact"
    np.testing.assert_array_equal(numbers(found), [2.0, 3.0, np.nan, 0.0])
    chance = scm.ask(dose(), "P(Y[X=1] > 2 | X = ?, Y = ?)", rows=rows)
    np.testing.assert_allclose(numbers(chance), [0.5, 1.0, np.nan, 0.0])
    alike = scm.ask(dose(), "E[Y[X=0] | X = ?, Y = ?]", rows=rows)
    np.testing.assert_array_equal(numbers(alike), [0.0, 0.0, np.nan, 0.0])
    assert scm.ask(dose(), "E[Y[X=1] | X = 0, Y = 0]").value == 2.0
    assert scm.ask(dose(), "E[Y[X=1] | X = 0, Y = 1]").finding == "undefined"


def test_what_is_certain_weighs_more_than_any_density() -> None:
    found = scm.ask(dose(), "P(X = 0 | Y = ?)", rows={"Y": [0.0, 3.0]})
    assert found.finding == "exact"
    assert numbers(found).tolist() == [1.0, 0.0]
    for equation in ("exp(u_Y) if B else 0", "B * exp(u_Y)", "0 if not B else exp(u_Y)"):
        model = Model(Variable("B", noise=Bernoulli(0.3)), Variable("Y", equation=equation, noise=normal()))
        np.testing.assert_array_equal(numbers(scm.ask(model, "P(B = 1 | Y = ?)", rows={"Y": [0.0, 3.0]})), [0.0, 1.0])
    zero = scm.ask(hurdle(), "P(B = 1 | Y = ?)", rows={"Y": [0.0, 3.0, -1.0]})
    np.testing.assert_array_equal(numbers(zero), [0.0, 1.0, np.nan])


def test_what_is_the_same_in_every_draw_needs_no_tail() -> None:
    model = Model(
        Variable("X", noise=normal()),
        Variable("B", noise=Bernoulli(0.25)),
        Variable("Y", equation="X if B else exp(u_Y)", noise=normal()),
    )
    rows = {"X": [1.0, 1.0, -1.0], "B": [1, 0, 0], "Y": [1.0, 2.0, 0.0]}
    found = scm.ask(model, "E[Y[X=3] | X = ?, B = ?, Y = ?]", rows=rows, key=1)
    np.testing.assert_allclose(numbers(found), [3.0, 2.0, np.nan])


def test_other_evidence_of_the_noise_counts() -> None:
    found = scm.ask(hurdle(), "E[Y[B=1] | B = ?, Y = ?, Z = ?]", rows={"B": [0], "Y": [0.0], "Z": [0.5]}, key=1)
    assert found.finding == "estimate"  # u given u + w = 0.5 is normal with mean 1/4 and variance 1/2
    assert abs(numbers(found)[0] - EULER) < 5 * np.asarray(found.uncertainty.monte_carlo, dtype=float)[0]


def test_where_it_is_not_known_whether_the_noise_is_hidden_nothing_is_made_up() -> None:
    found = scm.ask(hurdle(), "E[Y[B=1] | Y = ?]", rows={"Y": [0.0]}, key=1)
    assert found.finding == "refused"
    assert "whatever its noise" in str(found.refusals)
    assert scm.ask(hurdle(), "E[Y[B=1] | Y = ?]", rows={"Y": [3.0]}, key=1).value == pytest.approx(3.0)


def test_a_noise_of_unknown_law_that_is_hidden_stays_unknown() -> None:
    model = dose(law=UnknownLaw(Real()))
    found = scm.ask(model, "E[Y[X=2] | X = ?, Y = ?]", rows={"X": [1], "Y": [3.0]})
    assert numbers(found).tolist() == [6.0]
    assert scm.ask(model, "E[Y[X=2] | X = ?, Y = ?]", rows={"X": [0], "Y": [0.0]}, key=1).finding == "refused"


@pytest.mark.parametrize("executor", ["numpy", "jax"])
def test_populations_are_told_which_row_hides_its_noise(executor: Any) -> None:
    rows = {"X": np.array([1, 2, 0, 1]), "Y": np.array([3.0, 1.0, 0.0, 0.0])}
    with pytest.raises(InvalidRows, match=r"Row 3, .*whatever its noise"):
        scm.imagine(dose(), rows, {"X": 1}, outputs=["Y"], execution=scm.Execution(executor=executor))
    same = scm.imagine(dose(), rows, {"X": 0}, outputs=["Y"], execution=scm.Execution(executor=executor))
    assert same is not None
