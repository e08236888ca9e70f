"""Declared ranges that a model's own mechanisms break: an error that names mechanism, value and row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from scm import (
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
    np.testing.assert_allclose(kept.value, [2.0, 0.5])


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
