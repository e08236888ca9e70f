"""What a user of continuous models gets wrong at first: each is refused in words that say what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pyarrow as pa
import pytest
from scipy import stats as scipy_stats

import scm
from scm import (
    Additive,
    Choice,
    ContinuousLaw,
    Function,
    InvalidModel,
    InvalidQuery,
    InvalidRows,
    Linear,
    Model,
    Real,
    ScmError,
    Threshold,
    Variable,
    ask,
    imagine,
    normal,
    plot,
)

anything: Any = scm
stats: Any = scipy_stats

X = Variable("X", noise=normal(0, 1))
COHORT = Model(
    X,
    Variable("arm", ("a", "b"), mechanism=Threshold("X"), noise=normal(0, 1)),
    Variable("Y", equation="2 * X + u_Y", noise=normal(0, 1)),
)
ROWS = COHORT.sample(600, key=1)


def of_function(function: Callable[..., Any], **more: Any) -> Model:
    return Model(X, Variable("Y", Real(), parents=("X",), mechanism=Function(function, **more), noise=normal(0, 1)))


@pytest.mark.parametrize(
    "function",
    [
        lambda x, u: (x + u).sum(),
        lambda x, u: x - jnp.mean(x) + u,
        lambda x, u: (x - x.mean()) / x.std() + u,
        lambda x, u: jnp.cumsum(x) + u,
        lambda x, u: jnp.sort(x) + u + jnp.arange(len(x)),
    ],
)
def test_a_function_that_mixes_units_is_refused(function: Callable[..., Any]):
    with pytest.raises(InvalidModel, match="each unit by itself"):
        of_function(function).sample(50, key=0)


def test_a_map_that_mixes_units_is_refused():
    model = Model(X, Variable("Y", parents=("X",), mechanism=Additive(lambda x: x - x.mean()), noise=normal(0, 1)))
    with pytest.raises(InvalidModel, match="each unit by itself"):
        model.sample(50, key=0)


@pytest.mark.parametrize("function", [lambda x, u: x * 1e9 + u, lambda x, u: 3.0, lambda x, u: 0.0 * x - 1e-9 * u])
def test_functions_that_treat_units_alike_pass(function: Callable[..., Any]):
    assert len(of_function(function).sample(50, key=0)["Y"]) == 50


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: of_function(lambda x: x), "2 arrays, 'X', 'u_Y'"),
        (lambda: Model(X, Variable("Y", mechanism=Function(lambda x, u: x + u), noise=normal(0, 1))), "1 array, 'u_Y'"),
        (
            lambda: Model(X, Variable("Y", ("l", "h"), mechanism=Threshold(lambda x: x), noise=normal(0, 1))),
            "parents=",
        ),
    ],
)
def test_a_function_of_other_arguments_is_told_what_it_gets(build: Callable[[], Model], said: str):
    with pytest.raises(InvalidModel, match=said):
        build().sample(5, key=0)


@pytest.mark.parametrize("law", [1.0, ("normal", 0, 1), stats.norm(0, 1)])
def test_what_is_no_noise_law_is_told_of_continuous_ones(law: object):
    with pytest.raises(InvalidModel, match=r"normal\(mean, sd\)") as told:
        Variable("X", noise=law)
    assert " object at 0x" not in str(told.value)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Variable("Y", equation=anything.normal),
        lambda: Variable("Y", mechanism=anything.Linear, noise=normal(0, 1)),
        lambda: Linear([2.0]),  # pyright: ignore[reportArgumentType]
        lambda: COHORT.sample(2.5, key=0),  # pyright: ignore[reportArgumentType]
        lambda: COHORT.sample(True, key=0),
        lambda: COHORT.sample(-1, key=0),
        lambda: COHORT.sample("3", key=0),  # pyright: ignore[reportArgumentType]
    ],
)
def test_other_kinds_are_refused(build: Callable[[], object]):
    with pytest.raises(InvalidModel):
        build()


def test_numbers_of_numpy_are_numbers():
    given = COHORT.sample(3, key=0)
    for n, key in ((np.int64(3), np.int64(0)), (3.0, np.uint8(0))):
        found = COHORT.sample(n, key=key)  # pyright: ignore[reportArgumentType]
        assert all(np.array_equal(found[name], given[name]) for name in given)


def test_one_value_a_unit_is_no_grid():
    with pytest.raises(InvalidQuery, match=r"'\?column'"):
        imagine(COHORT, ROWS, {"X": ROWS["X"] + 1}, outputs=("Y",), ignored=("arm",))
    by_column = imagine(COHORT, {**ROWS, "new": ROWS["X"] + 1}, {"X": "?new"}, outputs=("Y",), ignored=("arm",))
    assert np.allclose(by_column["Y"], ROWS["Y"] + 2)
    few = {name: column[:9] for name, column in ROWS.items()}
    assert imagine(COHORT, few, {"X": np.arange(9)}, outputs=("Y",), ignored=("arm",))["Y"].shape == (9, 9)


def test_one_name_is_no_sequence_of_letters():
    for more in ({"outputs": "Y", "ignored": ("arm",)}, {"outputs": ("Y",), "ignored": "arm"}):
        with pytest.raises(ScmError, match=r"(is|are) wanted"):
            imagine(COHORT, ROWS, {"X": 1}, **more)
    with pytest.raises(InvalidRows, match="several names are wanted"):
        ask(COHORT, "E[Y]", rows=ROWS, ignored="arm")


def test_numbers_come_back_in_the_table_that_they_came_in():
    table = pa.table({name: column.tolist() for name, column in ROWS.items()})
    found = imagine(COHORT, table, {"X": "X + 1"}, outputs=("Y",), ignored=("arm",)).to_frame()
    assert found.schema.field("Y").type == pa.float64()
    assert np.allclose(found["Y"].to_numpy(), ROWS["Y"] + 2)
    told = imagine(COHORT, table.to_pandas(), {"X": "X + 1"}, outputs=("Y",), ignored=("arm",)).to_frame()
    assert told["Y"].dtype == np.float64


def test_an_answer_about_a_choice_by_probabilities_prints():
    model = Model(
        Variable("dist", noise=ContinuousLaw("Gamma", concentration=2.0, rate=0.5)),
        Variable("mode", ("car", "walk"), mechanism=Choice({"car": 1.0, "walk": "2 - dist"})),
    )
    answer = ask(model, "P(mode = walk | dist = 2)")
    assert answer.value == pytest.approx(1 / (1 + np.exp(1.0)))
    assert "abduction" in str(answer)
    granted = ask(model, "P(mode[dist=1] = walk | dist = 2, mode = car)", assume="gumbel_max", key=1)
    assert "prediction" in str(granted)


def test_derivations_show_functions_by_name():
    def dose(x: Any, u: Any) -> Any:
        return x + u

    model = of_function(dose, inverse=lambda x, y: y - x)
    told = str(imagine(model, {"X": [0.0, 1.0], "Y": [1.0, 1.0]}, {"X": 2.0}))
    assert "dose(X, u_Y)" in told
    assert "0x" not in told


def test_pictures_of_states_and_of_no_mapping():
    pytest.importorskip("matplotlib").use("Agg")
    for drawn in ([True, False, True], np.array(["a", "b", "a"]), ROWS["arm"]):
        assert len(plot.distributions({"seen": drawn}).patches) == 2
    for wrong in (lambda: plot.distributions(anything.normal), lambda: plot.graph(anything.listing)):
        with pytest.raises(InvalidQuery):
            wrong()
