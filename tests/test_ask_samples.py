"""`ask(Study)` from rows of data: the estimate with its error, what it rests on, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scm import CausalGraph, InvalidQuery, InvalidRows, KnownLaw, Sample, Study, ask
from scm.solvers._random_models import random_model

BACK_DOOR = CausalGraph(("age", "X", "Y"), (("age", "X"), ("age", "Y"), ("X", "Y")))
CONFOUNDED = CausalGraph(("X", "Y"), (("X", "Y"),), (("X", "Y"),))


def rows(n: int = 2_000, seed: int = 0) -> dict[str, list[object]]:
    """Units of a random model over the back-door graph; age is a label."""
    joint = random_model(BACK_DOOR, np.random.default_rng(4)).law(("age", "X", "Y"), (), ())[..., 0]
    codes = np.random.default_rng(seed).choice(joint.size, n, p=joint.ravel())
    age, x, y = np.unravel_index(codes, joint.shape)
    return {"age": [("old", "young")[k] for k in age], "X": x.tolist(), "Y": y.tolist(), "note": ["?"] * n}


def test_an_effect_is_estimated():
    data = rows()
    study = Study(BACK_DOOR, Sample(data))
    assert study.states["age"] == ("old", "young")
    found = ask(study, "P(Y=1 | do(X=1)) - P(Y=1 | do(X=0))")
    age, x, y = (np.array(data[name]) for name in ("age", "X", "Y"))
    wanted = sum(
        (y[(x == 1) & (age == a)].mean() - y[(x == 0) & (age == a)].mean()) * (age == a).mean()
        for a in ("old", "young")
    )
    assert found.finding == "estimate"
    assert found.value == pytest.approx(wanted)
    assert found.identification.method == "adjustment"
    assert found.check.status == "checked"
    assert found.uncertainty.sampling == pytest.approx(0.02, abs=0.02)
    between = found.uncertainty.confidence
    assert between is not None
    assert (between.lower + between.upper) / 2 == pytest.approx(found.value)
    assert {one["law"] for one in found.diagnostics["overlap"]} == {
        "P(Y=1 | X=0, age=age)",
        "P(Y=1 | X=1, age=age)",
    }
    text = " ".join(found.to_text().split())
    for part in ("2,000 units", "drawn at random", "95% confidence interval", "smallest propensity"):
        assert part in text
    assert found.to_json()["finding"] == "estimate"


def test_a_law_and_a_counterfactual_are_estimated():
    study = Study(BACK_DOOR, Sample(rows()))
    law = ask(study, "P(Y | do(X=1))")
    value: Any = law.value
    error: Any = law.uncertainty.sampling
    assert value.shape == error.shape == (2,)
    assert value.sum() == pytest.approx(1.0)
    assert ask(study, "P(Y[X=0]=1 | X=1, age='old')").finding == "estimate"


def test_a_trial_answers_what_observation_cannot():
    seen, trial = {"X": [0, 1, 1, 0], "Y": [0, 1, 0, 1]}, {"X": [0, 0, 1, 1, 1], "Y": [0, 1, 1, 1, 0]}
    refused = ask(Study(CONFOUNDED, Sample(seen)), "P(Y=1 | do(X=1))")
    assert refused.finding == "not_identified"
    assert refused.identification.obstacle is not None
    found = ask(Study(CONFOUNDED, Sample(seen), Sample(trial, do=("X",))), "P(Y=1 | do(X=1))")
    assert found.value == pytest.approx(2 / 3)
    assert found.diagnostics["units"] == {"do(X)": 5.0}


def test_counts_of_each_row():
    counted = {"X": [0, 0, 1, 1], "Y": [0, 1, 0, 1], "n": [30, 10, 20, 60]}
    found = ask(Study(CONFOUNDED, Sample(counted, weights="n")), "P(Y=1 | X=1)")
    assert found.value == 0.75
    assert found.uncertainty.sampling == pytest.approx(np.sqrt(0.75 * 0.25 / 80))


def test_empty_cells_and_strata():
    data = {"age": ["old", "old", "young", None], "X": [1, 0, 0, 1], "Y": [1, 0, 1, 1]}
    with pytest.raises(InvalidRows, match="Row 4, column 'age'"):
        ask(Study(BACK_DOOR, Sample(data)), "P(Y=1 | do(X=1))")
    found = ask(Study(BACK_DOOR, Sample(data, missing="drop")), "P(Y=1 | do(X=0))")
    assert found.value == pytest.approx(2 / 3 * 0 + 1 / 3 * 1)
    assert any("1 rows of the sample with an empty cell were left out" in a.text for a in found.assumptions)
    empty = ask(Study(BACK_DOOR, Sample(data, missing="drop")), "P(Y=1 | do(X=1))")
    assert empty.finding == "refused"
    assert "P(X=1, age='young') = 0" in empty.refusals[0][1]


def test_a_column_that_is_needed_and_not_there_is_not_measured():
    found = ask(Study(BACK_DOOR, Sample({"X": [0, 1, 1], "Y": [0, 1, 0]})), "P(Y=1 | do(X=1))")
    assert found.finding == "not_identified"


def test_what_is_not_put_together():
    law = KnownLaw(("X", "Y"), np.full((2, 2), 0.25))
    data = {"X": [0, 1], "Y": [0, 1]}
    assert ask(Study(CONFOUNDED, Sample(data), law), "P(Y=1 | X=1)").finding == "refused"
    with pytest.raises(InvalidQuery, match="no name"):
        ask(Study(CONFOUNDED, Sample(data), Sample(data)), "P(Y=1 | X=1)")
    with pytest.raises(InvalidRows, match="no column 'X'"):
        ask(Study(CONFOUNDED, Sample({"Y": [1]}, do=("X",))), "P(Y=1 | do(X=1))")


def test_an_answer_that_does_not_vary_has_no_error():
    found = ask(Study(CONFOUNDED, Sample({"X": [1, 1, 0], "Y": [1, 1, 0]})), "P(Y=1 | X=1)")
    assert found.value == 1
    assert found.uncertainty.sampling is None
    assert any("does not make it certain" in a.text for a in found.assumptions)
