"""A question prepared once says of each row what `ask` says of it."""

import random
from typing import Any

import numpy as np
import pytest

from scm import Bernoulli, InvalidQuery, InvalidRows, Model, Unknown, Variable, ask, prepare
from tests.bridge_to_engine import to_model
from tests.generators import pair
from tests.plain import punch, rows_for, to_text

RAIN = Model(
    Variable("rain", noise=Bernoulli(0.3)),
    Variable("sprinkler", parents=("rain",), table={False: (0.6, 0.4), True: (1, 0)}),
    Variable("wet", equation="rain or sprinkler"),
    Variable("slip", ("no", "yes"), parents=("wet",), table={False: (1, 0), True: (0.8, 0.2)}),
)


@pytest.mark.parametrize("block", range(6))
def test_random_questions(block: int) -> None:
    compared = 0
    for seed in range(block * 40, (block + 1) * 40):
        rng = random.Random(f"prepare {seed}")
        model, query = pair(f"prepare {seed}", unknown=0)
        punched, holes = punch(query, {v["name"]: v["states"] for v in model["variables"]}, rng)
        if not holes:
            continue
        rows: list[dict[str, Any]] = rows_for(holes, rng)
        built, text = to_model(model), to_text(punched)
        answer = ask(built, text, rows=rows)
        ready = prepare(built, text)
        for i, row in enumerate(rows):
            value = ready.at(row)
            if answer.status[i] == "undefined":
                assert value is None
            else:
                wanted = np.asarray(answer.value)[i]
                assert value is not None
                assert np.abs(value - wanted).max() <= 1e-12, (seed, text, row)
                compared += 1
        assert ready.ask(rows) == answer
    assert compared > 40


def test_values_that_coincide_ask_another_question() -> None:
    ready = prepare(RAIN, "P(slip[rain=?x] = 'yes' | rain = ?, wet = True)")
    query = "P(slip[rain={}] = 'yes' | rain = {}, wet = True)"
    for x in (False, True):
        for rain in (False, True):
            assert ready.at({"x": x, "rain": rain}) == pytest.approx(ask(RAIN, query.format(x, rain)).value)
    assert ready.at({"x": 1, "rain": 0}) == ready.at({"x": True, "rain": False})


def test_undefined_is_none_and_bounds_are_no_value() -> None:
    assert prepare(RAIN, "P(slip = 'yes' | wet = ?, rain = ?)").at({"wet": False, "rain": True}) is None
    open_model = Model(Variable("U", noise=Unknown()), Variable("Y", equation="U and v", noise={"v": Bernoulli(0.5)}))
    with pytest.raises(InvalidQuery, match="finding is 'bounds'"):
        prepare(open_model, "P(Y = ?)").at({"Y": True})


def test_values_that_cannot_be_meant() -> None:
    ready = prepare(RAIN, "P(slip = 'yes' | rain = ?)")
    with pytest.raises(InvalidRows, match="No value fills \\?rain"):
        ready.at({})
    with pytest.raises(InvalidRows, match="'wet' is no state of what \\?rain stands for; its states are False, True"):
        ready.at({"rain": "wet"})
    with pytest.raises(InvalidRows, match="is no state"):
        ready.at({"rain": [True]})  # type: ignore[dict-item]  # as untyped callers might


def test_a_question_without_placeholders() -> None:
    assert prepare(RAIN, "P(wet = True)").at({}) == pytest.approx(ask(RAIN, "P(wet = True)").value)


def test_rows_that_are_alike_are_worked_out_once() -> None:
    rng = np.random.default_rng(0)
    names = [f"C{i}" for i in range(12)]
    wide = Model(
        *(Variable(n, table=(0.4, 0.6)) for n in names),
        *(
            Variable(f"E{i}", parents=tuple(names[i : i + 6]), table=rng.dirichlet((1, 1), size=(2,) * 6))
            for i in range(7)
        ),
    )
    few = rng.integers(2, size=(40, 7))
    picked = rng.integers(40, size=5000)
    query = "P(C0 | " + ", ".join(f"E{i} = ?" for i in range(7)) + ")"
    columns = {f"E{i}": few[picked, i] for i in range(7)}
    answer = ask(wide, query, rows=columns)
    alone = np.asarray(ask(wide, query, rows={f"E{i}": few[:, i] for i in range(7)}).value)
    assert np.array_equal(np.asarray(answer.value), alone[picked])
