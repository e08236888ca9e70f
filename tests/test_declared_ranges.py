"""Declared ranges that a model's own mechanisms break: an error that names mechanism, value and row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from scm import (
    Bernoulli,
    ContinuousLaw,
    Execution,
    InvalidModel,
    InvalidQuery,
    InvalidRows,
    Linear,
    Mean,
    Model,
    Real,
    Variable,
    ask,
    imagine,
    normal,
)

X = Variable("X", Real(0, 10), equation="u", noise={"u": normal(5, 1)})
Y = Variable("Y", Real(lower=0), equation="X + v", noise={"v": normal(0, 1)})
MODEL = Model(X, Y)
FREE = Model(X, Variable("Y", Real(), equation="X + v", noise={"v": normal(0, 1)}))
BROKEN = r"The mechanism of 'Y' gives -6.0 in row {} for X = 1.0, and 'Y' is declared as the numbers from 0 to inf"
POLICY = r"The policy for 'X' gives 14.0 in row 2 for X = 9.0, and 'X' is declared as"
JAX = Execution(executor="jax")


def test_ask_names_mechanism_value_and_row() -> None:
    with pytest.raises(InvalidModel, match=BROKEN.format(1)):
        ask(MODEL, "E[Y[X=1] | X=9, Y=2]")
    with pytest.raises(InvalidModel, match=BROKEN.format(3)):
        ask(MODEL, "P(Y[X=1] > 3)", rows={"X": [9.0, 9.0, 9.0], "Y": [10.0, 8.5, 2.0]})
    kept = ask(MODEL, "E[Y[X=1]]", rows={"X": [9.0, 9.0], "Y": [10.0, 8.5]})
    np.testing.assert_allclose(np.asarray(kept.value), [2.0, 0.5])


@pytest.mark.parametrize("execution", [Execution(executor="numpy"), JAX, None])
def test_imagine_names_mechanism_value_and_row(execution: Execution | None) -> None:
    rows = {"X": [9.0, 9.0, 9.0], "Y": [10.0, 8.5, 2.0]}
    with pytest.raises(InvalidModel, match=BROKEN.format(3)):
        imagine(MODEL, rows, {"X": 1}, execution=execution)
    with pytest.raises(InvalidModel, match=BROKEN.format(3)):
        imagine(MODEL, rows, {"X": [8.0, 1.0, 2.0]}, aggregates=[Mean("Y")], execution=execution)
    np.testing.assert_allclose(imagine(MODEL, rows, {"X": 8}, execution=execution).values["do"]["Y"], [9, 7.5, 1])


@pytest.mark.parametrize("execution", [Execution(executor="numpy"), JAX, None])
def test_interventions_outside(execution: Execution | None) -> None:
    rows = {"X": [1.0, 9.0], "Y": [2.0, 8.0], "x": [10.0, 11.0]}
    with pytest.raises(InvalidQuery, match=POLICY):
        imagine(MODEL, rows, {"X": "X + 5"}, ignored=("x",), execution=execution)
    with pytest.raises(InvalidRows, match=r"Row 2, column 'x': 11.0 is outside: 'X' takes the numbers from 0 to 10"):
        imagine(MODEL, rows, {"X": "?x"}, execution=execution)
    with pytest.raises(InvalidQuery, match="'X' takes the numbers from 0 to 10"):
        imagine(MODEL, rows, {"X": [1.0, 11.0]}, ignored=("x",), execution=execution)


def test_ask_refuses_policies_and_other_variables_values_outside() -> None:
    with pytest.raises(InvalidQuery, match=POLICY):
        ask(MODEL, "E[Y[X := X + 5]]", rows={"X": [1.0, 9.0], "Y": [2.0, 9.0]})
    with pytest.raises(InvalidQuery, match=r"'X' is set to 12.0 in row 2, and 'X' is declared as"):
        imagine(MODEL, {"X": [9.0, 9.0], "Y": [10.0, 12.0]}, {"X": "?Y"})


def test_evidence_outside() -> None:
    for go in (lambda rows: imagine(MODEL, rows, {"X": 5}), lambda rows: ask(MODEL, "E[Y[X=5]]", rows=rows)):
        with pytest.raises(InvalidRows, match=r"Row 2, column 'Y': -1.0 is outside: 'Y' takes the numbers"):
            go({"X": [9.0, 9.0], "Y": [2.0, -1.0]})


def test_no_move_passes_over_a_variable_between() -> None:
    chain = Model(
        Variable("A", Real(), noise=normal()),
        Variable("B", Real(0, 5), mechanism=Linear({"A": 2.0}), noise=normal()),
        Variable("C", Real(), mechanism=Linear({"B": 1.0}), noise=normal()),
    )
    rows = {"A": [1.0, 1.0], "B": [2.0, 4.0], "C": [0.0, 0.0]}
    np.testing.assert_allclose(imagine(chain, rows, {"A": 1.5}, outputs=("C",)).values["do"]["C"], [1.0, 1.0])
    for execution in (None, JAX):
        with pytest.raises(InvalidModel, match=r"The mechanism of 'B' gives 6.0 in row 2 for A = 2.0"):
            imagine(chain, rows, {"A": 2.0}, outputs=("C",), execution=execution)


def test_units_that_cannot_be_are_undefined_rather_than_an_error() -> None:
    bounded = Model(
        Variable("T", noise=ContinuousLaw("Uniform", low=0, high=10)),
        Variable("Y", Real(lower=0), equation="T - 2 + v", noise={"v": ContinuousLaw("Uniform", low=0, high=4)}),
    )
    rows = {"T": [5.0, 5.0], "Y": [4.0, 1.0]}  # in the second v would be -2
    found = imagine(bounded, rows, {"T": 1})
    assert found.undefined == 1
    assert found.values["do"]["Y"][0] == 0.0


def test_rounding_at_an_end_is_no_fault() -> None:
    model = Model(
        Variable("A", Real(), noise=normal()),
        Variable("B", Real(), noise=normal()),
        Variable("S", Real(lower=0), equation="A + B + v", noise={"v": ContinuousLaw("Uniform", low=0, high=1)}),
    )
    rng = np.random.default_rng(0)
    a, v = rng.normal(size=2000), rng.uniform(size=2000)
    rows = {"A": a, "B": np.abs(a) + 1.0 - v, "S": a + np.abs(a) + 1.0 - v + v}
    for execution in (None, JAX):
        for kind in (np.float64, np.float32):
            own = {name: column.astype(kind) for name, column in rows.items()}
            # Without B and A the sum is the noise; less the noise itself it is nothing, up to rounding.
            found = imagine(model, own | {"b": own["B"] - own["S"]}, {"B": "?b"}, execution=execution)
            assert np.min(found.values["do"]["S"]) >= 0
            assert np.max(found.values["do"]["S"]) <= 1e-5


@pytest.mark.parametrize("value", [10**400, True, np.True_, math.inf, [1.0, 10**400], [1.0, True]])
def test_settings_that_are_no_numbers(value: Any) -> None:
    with pytest.raises(InvalidQuery, match=r"do=\{'X': .*: (a finite number is wanted|'X' is continuous. Write 1 for)"):
        imagine(FREE, {"X": [9.0], "Y": [2.0]}, {"X": value})


ADVICE = r"Declare it without those ends, as Real\(\); or write a mechanism that keeps them"


def test_closed_forms_refuse_what_a_normal_law_does_not_keep() -> None:
    found = ask(MODEL, "P(X > 10)")
    assert found.finding == "refused"
    told = dict(found.refusals)
    assert told["gaussian"].startswith("'X' is declared as the numbers from 0 to 10, and its mechanism is not known to")
    assert "Declare it without those ends" in told["gaussian"]
    mixture = Model(
        Variable("C", (0, 1), noise={"c": Bernoulli(0.4)}),
        Variable("Y", Real(lower=0), equation="C + v", noise={"v": normal(0, 1)}),
    )
    assert dict(ask(mixture, "E[Y]").refusals)["mixture"].startswith("'Y' is declared as the numbers from 0 to inf")
    # Where Y is seen it is known to lie inside, and what is asked is about C.
    densities = [p * math.exp(-((3.0 - c) ** 2) / 2) for c, p in ((0, 0.6), (1, 0.4))]
    assert ask(mixture, "P(C=1 | Y=3)").value == pytest.approx(densities[1] / sum(densities), rel=1e-9)


def test_closed_forms_answer_where_the_formula_keeps_the_ends() -> None:
    model = Model(
        Variable("X", Real(0, 1), noise={"u": ContinuousLaw("Uniform", low=0, high=1)}, equation="u"),
        Variable("Y", Real(0, 3), equation="2 * X + v", noise={"v": ContinuousLaw("Uniform", low=0, high=1)}),
        Variable("Z", Real(lower=0), equation="max(0, W)"),
        Variable("W", Real(), noise=normal()),
    )
    assert ask(model, "E[Y]").value == pytest.approx(1.5, abs=1e-12)
    assert ask(model, "E[Z]").value == pytest.approx(1 / math.sqrt(2 * math.pi), abs=1e-9)


@pytest.mark.parametrize("execution", [Execution(executor="numpy"), JAX])
def test_draws_outside_are_an_error(execution: Execution) -> None:
    with pytest.raises(InvalidModel, match=rf"The mechanism of 'Y' gives -[0-9.e-]+ in row 2, and 'Y' is .*{ADVICE}"):
        ask(MODEL, "E[Y]", rows={"X": [9.0, 1.0, 9.0]}, key=1, execution=execution)
    with pytest.raises(InvalidQuery, match=r"The policy for 'X' gives 1[0-9.]+ in row 1, and 'X' is declared as"):
        ask(MODEL, "P(Y[X := X + 5] > 3)", key=1, execution=execution)
    found = ask(MODEL, "E[Y | X=9]", key=1, execution=execution)
    assert found.finding == "estimate"
    assert found.value == pytest.approx(9.0, abs=0.05)


def test_enumeration_refuses_a_possible_case_outside() -> None:
    model = Model(
        Variable("C", (0, 1), noise={"c": Bernoulli(0.5)}),
        Variable("T", Real(), noise=normal()),
        Variable("Y", Real(lower=0), equation="T - 4 * C"),
    )
    with pytest.raises(InvalidModel, match=r"The mechanism of 'Y' gives -1.0 in row 2, and 'Y' is declared as"):
        ask(model, "E[Y * Y]", rows={"T": [5.0, 3.0]})
    assert ask(model, "E[Y]", rows={"T": [5.0, 3.0], "C": [1, 0]}).value == pytest.approx([1.0, 3.0])


@pytest.mark.parametrize("execution", [Execution(executor="numpy"), JAX])
def test_draws_put_in_another_variable_s_place(execution: Execution) -> None:
    model = Model(
        Variable("X", Real(0, 1), equation="u", noise={"u": ContinuousLaw("Uniform", low=0, high=1)}),
        Variable("Z", Real(), equation="w", noise={"w": ContinuousLaw("Uniform", low=0, high=1.5)}),
        Variable("Y", Real(), equation="exp(X + v)", noise={"v": normal(0, 1)}),
    )
    with pytest.raises(InvalidQuery, match=r"'X' is set to 1\.[0-9]+ in row 1, and 'X' is declared as"):
        ask(model, "E[Y[X=Z] * Y]", key=1, execution=execution)
