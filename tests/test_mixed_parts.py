"""A mixed query is taken apart: what is finite goes to the finite solvers, what is independent is multiplied."""

from __future__ import annotations

import itertools
import math
import pickle
from typing import Any

import numpy as np
import pytest

from scm import (
    Answer,
    Bernoulli,
    ContinuousNoise,
    Model,
    MultivariateNormal,
    Noise,
    Real,
    Unknown,
    Variable,
    ask,
    explain,
    gumbel_max,
    normal,
)
from scm.mechanisms import Choice

TABLE = {"lo": (0.3, 0.7), "hi": (0.8, 0.2)}
MODEL = Model(
    Variable("S", ("lo", "hi"), table=(0.4, 0.6)),
    Variable("T", (0, 1), parents=("S",), table=TABLE),
    Variable("X", noise=normal(0, 1)),
    Variable("Y", Real(), equation="2 * X + (3 if S = 'hi' else 0) - T + u_Y", noise=normal(0, 1)),
    Variable("A", noise=normal(1, 2)),
    Variable("B", Real(), equation="0.5 * A + u_B", noise=normal(0, 1)),
)


def solvers(answer: Answer) -> list[str]:
    """Who worked out what was asked, evidence that only had to be possible left out."""
    return [task["solver"] for task in answer.plan["tasks"] if not task["asked"].startswith("whether")]


def above(c: float, mean: float, deviation: float) -> float:
    return 0.5 * math.erfc((c - mean) / (deviation * math.sqrt(2)))


def test_what_is_finite_is_answered_as_a_finite_model_is() -> None:
    """The whole query, its derivation and its plan: those of the finite part."""
    answer = ask(MODEL, "P(T = 1 | S = 'hi')")
    assert (answer.finding, answer.value, answer.plan["solver"]) == ("exact", pytest.approx(0.2), "exact")
    assert ask(MODEL, "P(T | S = ?s)", rows={"s": ["lo", "hi"]}).value == pytest.approx(
        np.array([[0.3, 0.7], [0.8, 0.2]])
    )
    part = Model(*(v for v in MODEL.items if isinstance(v, Variable) and v.name in "ST"))
    assert ask(part, "P(T = 1 | S = 'hi')") == answer


def test_each_part_goes_its_way() -> None:
    answer = ask(MODEL, "E[T + 2 * Y[X=1] | X = 0.5, S = 'hi', T = 1, Y = 4] - P(B > 1 | A = 1)")
    assert answer.finding == "exact"
    assert answer.value == pytest.approx(1 + 2 * 5 - above(1, 0.5, 1))
    assert set(solvers(answer)) == {"unit", "gaussian"}


def test_what_is_independent_is_multiplied() -> None:
    answer = ask(MODEL, "P(S = 'hi', B > 1, A > 0)")
    assert sorted(solvers(answer)) == ["finite", "gaussian"]
    both = ask(MODEL, "P(B > 1, A > 0)").value
    assert answer.value == pytest.approx(0.6 * float(np.asarray(both)))
    answer = ask(MODEL, "E[T * A * 3]")
    assert answer.value == pytest.approx(3 * 1 * (0.4 * 0.7 + 0.6 * 0.2))
    tied = ask(MODEL, "P(S = 'hi', B > 1 | S = 'hi' or B > 1)")  # the condition ties them
    p, q = 0.6, above(1, 0.5, math.sqrt(2))
    assert tied.value == pytest.approx(p * q / (p + q - p * q), abs=1e-9)


def test_evidence_that_does_not_bear_on_the_answer_must_be_possible() -> None:
    narrow = Model(*MODEL.items, Variable("Z", (0, 1), table=(1.0, 0.0)))
    assert ask(narrow, "E[B | A = 1, Z = 0]").value == pytest.approx(0.5)
    assert ask(narrow, "E[B | A = 1, Z = 1]").finding == "undefined"
    answer = ask(narrow, "E[B | A = 1]", rows={"Z": [0, 1, None]})
    assert list(answer.status) == ["ok", "undefined", "ok"]


def test_a_table_of_a_finite_variable_of_a_mixed_model() -> None:
    answer = ask(MODEL, "P(S, T | Y = 3)")
    weight = {
        (s, t): ps * TABLE[s][t] * math.exp(-((3 - (3 if s == "hi" else 0) + t) ** 2) / 10)
        for (s, ps), t in itertools.product((("lo", 0.4), ("hi", 0.6)), (0, 1))
    }
    total = sum(weight.values())
    wanted = np.array([[weight[s, t] / total for t in (0, 1)] for s in ("lo", "hi")])
    assert answer.finding == "exact"
    assert answer.value == pytest.approx(wanted)
    assert set(solvers(answer)) == {"mixture"}
    assert np.asarray(ask(MODEL, "P(S | Y = 3) - P(S | Y = 0)").value).sum() == pytest.approx(0)


def test_a_coupling_is_granted_in_a_mixed_model_too() -> None:
    """T answers to S through a table: across worlds only a coupling says how."""
    query = "E[Y[S='lo'] - Y | Y = 3, X = 0.25, S = 'hi', T = 1]"
    refused = ask(MODEL, query)
    assert refused.finding == "refused"
    assert any("Grant a coupling" in reason for _, reason in refused.refusals)
    for name, stays in (("rank_preserving", 1.0), ("independent", 0.7)):
        answer = ask(MODEL, query, assume=name)
        # T = 1 is the upper fifth under 'hi' and the upper seven tenths under 'lo'.
        assert answer.value == pytest.approx(-3 - stays + 1), name
        assert any(name in a.text and a.granted_by == "the user" for a in answer.assumptions)
    quiet = ask(MODEL, "E[Y[X=1] - Y | Y = 3, X = 0.25]", assume="gumbel_max")
    assert quiet.value == pytest.approx(1.5)
    assert not any("gumbel" in a.text for a in quiet.assumptions)


def test_a_choice_is_coupled_when_granted() -> None:
    utilities: Any = {"a": "0", "b": "X", "c": "1 - X"}
    model = Model(
        Variable("X", noise=normal(0, 1)),
        Variable("C", ("a", "b", "c"), parents=("X",), mechanism=Choice(utilities)),
    )
    answer = ask(model, "P(C | X = 1)")
    total = 1 + math.e + 1
    assert answer.value == pytest.approx(np.array([1, math.e, 1]) / total)
    query = "P(C[X=0] = 'c' | X = 1, C = 'b')"
    assert ask(model, query).finding == "refused"
    kept = ask(model, query, assume=gumbel_max)
    race = np.random.default_rng(1).gumbel(size=(3, 400_000))
    won = (race + np.array([[0], [1], [0]])).argmax(axis=0) == 1
    share = float(((race + np.array([[0], [0], [1]])).argmax(axis=0) == 2)[won].mean())
    assert kept.finding == "exact"
    assert float(np.asarray(kept.value)) == pytest.approx(share, abs=6 * 0.5 / math.sqrt(won.sum()))
    assert ask(model, query, assume="independent").value == pytest.approx(math.e / (2 + math.e))
    named = ask(model, query, assume="independent")
    assert any("independent" in a.text for a in named.assumptions)


def test_roots_of_unknown_law() -> None:
    """The finite part gives bounds, which a sum with continuous parts does not take."""
    model = Model(*MODEL.items, Noise("u_R", Unknown((0, 1))), Variable("R", (0, 1), equation="u_R"))
    answer = ask(model, "P(R = 1)")
    assert answer.finding == "bounds"
    assert ask(model, "E[R * B | A = 1]").finding == "refused"
    assert ask(model, "E[R + B | A = 1, R = 1]").value == pytest.approx(1.5)


def test_counts_make_an_estimate() -> None:
    counted = Model(
        Variable("T", (0, 1), counts=(30, 10)),
        Variable("X", noise=normal(0, 1)),
        Variable("Y", Real(), equation="X + T + u", noise={"u": normal(0, 1)}),
    )
    assert ask(counted, "P(T = 1)").finding == "estimate"
    answer = ask(counted, "E[Y]")
    assert answer.value == pytest.approx(0.25)
    assert any("taken as the truth" in a.text for a in answer.assumptions)


def test_hidden_common_causes() -> None:
    """Correlated noises, and a noise that two variables share."""
    model = Model(
        ContinuousNoise(("a", "b"), MultivariateNormal((0.0, 0.0), [[1.0, 0.6], [0.6, 1.0]])),
        Variable("X", Real(), equation="a"),
        Variable("Y", Real(), equation="2 * X + b"),
        Variable("Z", Real(), equation="Y - 3 * b + u_Z", noise=normal(0, 1)),
    )
    assert ask(model, "E[Y | X = 1]").value == pytest.approx(2.6)
    assert ask(model, "E[Y[X=1]]").value == pytest.approx(2.0)
    assert ask(model, "E[Y[X=1] | X = 3]").value == pytest.approx(2 + 0.6 * 3)
    assert ask(model, "E[Z[Y=0] | X = 1, Y = 1]").value == pytest.approx(3.0)


def test_a_contrast_of_draws_is_one_draw() -> None:
    """Terms under one condition share their draws, and the error is that of their difference."""
    model = Model(
        Variable("X", noise=normal(0, 1)),
        Variable("Y", Real(), equation="sin(X) + exp(0.1 * X) + u_Y", noise=normal(0, 1)),
        Variable("Z", Real(), equation="X + tanh(Y) + u_Z", noise=normal(0, 1)),
    )
    apart = [ask(model, f"E[Z[X={x}] | Y = 1]", key=3).uncertainty.monte_carlo for x in (0.4, 0.5)]
    answer = ask(model, "E[Z[X=0.5] | Y = 1] - E[Z[X=0.4] | Y = 1]", key=3)
    assert float(np.asarray(answer.uncertainty.monte_carlo)) < 0.2 * sum(float(np.asarray(e)) for e in apart)
    product = ask(model, "E[Z[X=0.5] | Y = 1] * E[Z[X=0.4] | Y = 1]", key=3)
    assert product.finding == "estimate"
    assert float(np.asarray(product.uncertainty.monte_carlo)) > 0


def test_the_account_of_an_answer() -> None:
    answer = ask(MODEL, "E[Y[X=1.5] | X = 1, S = 'hi', T = 1, Y = 3]")
    assert [step.name for step in answer.derivation] == ["abduction", "action", "prediction"]
    assert "u_Y = -1" in answer.derivation[0].claim
    assert "X=1.5" in answer.derivation[1].claim
    assert "= 4" in answer.derivation[2].claim
    assert pickle.loads(pickle.dumps(answer)) == answer
    assert "exact" in answer.to_text()
    assert answer.to_json()["plan"]["tasks"][0]["solver"] == "unit"
    assert r"\mathbb{E}" in answer.to_latex()
    open_noise = ask(MODEL, "E[Y[X=1] | S = 'lo', T = 0, Y = 3]")
    assert "X has mean 1.2, standard deviation 0.447214" in open_noise.derivation[0].claim
    spread = math.sqrt(1 - 1 / 5)  # that of u_Y = 3 - 2 X
    assert any(f"standard deviation {spread:.6g}" in step.claim for step in open_noise.derivation[1:])
    same = ask(MODEL, "E[Y[X=1] | X = 1, Y = 3]")
    assert any(step.name == "consistency" for step in same.derivation)
    assert same.value == 3.0


def test_a_forecast_says_who_would_do_what() -> None:
    rows = {"X": [1.0, 2.0, None], "S": ["hi", "lo", None], "T": [1, 0, 0], "Y": [3.0, 1.0, 2.0]}
    found = explain(MODEL, "E[Y[X=1.5]]", rows=rows)
    chosen = {(task["rows"], task["solver"]) for task in found.tasks if task["asked"].startswith("Y")}
    assert chosen == {(2, "unit"), (1, "mixture")}
    assert "chosen: unit" in found.to_text()
    assert found.to_json()["tasks"]
    refused = explain(MODEL, "E[Y[S='lo'] - Y | Y = 3]")
    assert refused.refusals
    hidden = Model(
        Variable("X", noise=normal(0, 1)), Variable("Y", Real(), equation="sin(X) + u", noise={"u": normal(0, 1)})
    )
    drawn = explain(hidden, "E[X | Y = 1]", key=1)
    assert drawn.tasks[0]["drawn"] == ["u_X"]
    assert explain(hidden, "E[X | Y = 1]").refusals[-1][0] == "sampled"


def test_a_finite_cause_of_a_unit_that_nobody_saw() -> None:
    """The noise of a coin between two observed things is enumerated, and the answer is exact."""
    model = Model(
        Variable("C", (0, 1), noise=Bernoulli(0.25)),
        Variable("Y", Real(), equation="2 * C + u_Y", noise=normal(0, 1)),
    )
    one, zero = 0.25 * math.exp(-((1.5 - 2) ** 2) / 2), 0.75 * math.exp(-(1.5**2) / 2)
    answer = ask(model, "P(C = 1 | Y = 1.5)")
    assert answer.finding == "exact"
    assert answer.value == pytest.approx(one / (one + zero))
    moved = ask(model, "E[Y[C=0] | Y = 1.5]")
    assert moved.value == pytest.approx(1.5 - 2 * one / (one + zero))
