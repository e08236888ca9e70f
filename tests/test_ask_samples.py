"""`ask(Study)` from rows of data: the estimate with its error, what it rests on, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from scm import (
    CausalGraph,
    InvalidModel,
    InvalidQuery,
    InvalidRows,
    KnownLaw,
    Sample,
    Study,
    UnknownName,
    UnknownState,
    ask,
    ett,
    nde,
    nie,
    parse_query,
)
from scm.solvers._random_models import random_model
from scm.solvers._random_truth import truth

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
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["finding"] == "estimate"


def test_a_law_and_a_counterfactual_are_estimated():
    study = Study(BACK_DOOR, Sample(rows()))
    law = ask(study, "P(Y | do(X=1))")
    value: Any = law.value
    error: Any = law.uncertainty.sampling
    assert value.shape == error.shape == (2,)
    assert value.sum() == pytest.approx(1.0)
    json.dumps(law.to_json(), allow_nan=False)
    assert ask(study, "P(Y[X=0]=1 | X=1, age='old')").finding == "estimate"


def test_a_trial_answers_what_observation_cannot():
    seen, trial = {"X": [0, 1, 1, 0], "Y": [0, 1, 0, 1]}, {"X": [0, 0, 1, 1, 1], "Y": [0, 1, 1, 1, 0]}
    refused = ask(Study(CONFOUNDED, Sample(seen)), "P(Y=1 | do(X=1))")
    assert refused.finding == "bounds"
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
    empty: Any = ask(Study(BACK_DOOR, Sample(data, missing="drop")), "P(Y=1 | do(X=1))")
    assert empty.finding == "bounds"
    assert "P(X=1, age='young') = 0" in empty.to_text()
    assert (empty.interval.lower, empty.interval.upper) == pytest.approx((2 / 3, 1))


def test_a_column_that_is_needed_and_not_there_is_not_measured():
    found = ask(Study(BACK_DOOR, Sample({"X": [0, 1, 1], "Y": [0, 1, 0]})), "P(Y=1 | do(X=1))")
    assert found.finding == "bounds"
    assert found.diagnostics["missing_columns"] == ["age"]


def test_what_is_not_put_together():
    law = KnownLaw(("X", "Y"), np.full((2, 2), 0.25))
    data = {"X": [0, 1], "Y": [0, 1]}
    beside: Any = ask(Study(CONFOUNDED, Sample(data), law), "P(Y=1 | X=1)")
    assert (beside.finding, beside.interval.outer_lower) == ("bounds", pytest.approx(0.5))  # two units say little
    assert "no contradiction" in beside.to_text()
    with pytest.raises(InvalidQuery, match="no name"):
        ask(Study(CONFOUNDED, Sample(data), Sample(data)), "P(Y=1 | X=1)")
    with pytest.raises(InvalidRows, match="no column 'X'"):
        ask(Study(CONFOUNDED, Sample({"Y": [1]}, do=("X",))), "P(Y=1 | do(X=1))")


def test_an_answer_that_does_not_vary_has_no_error():
    found = ask(Study(CONFOUNDED, Sample({"X": [1, 1, 0], "Y": [1, 1, 0]})), "P(Y=1 | X=1)")
    assert found.value == 1
    assert found.uncertainty.sampling is None
    assert any("does not make it certain" in a.text for a in found.assumptions)
    assert found.uncertainty.confidence is None
    json.dumps(found.to_json(), allow_nan=False)


# ---------------------------------------------------------------------------------------------------------------------
# Queries of several kinds


FRONT_DOOR = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y")), (("X", "Y"),))
MEDIATION = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y"), ("X", "Y")))
PLAN = CausalGraph(("A", "L", "B", "Y"), (("A", "L"), ("A", "Y"), ("L", "B"), ("A", "B"), ("B", "Y")), (("L", "Y"),))


@pytest.mark.parametrize(
    ("graph", "query"),
    [
        (FRONT_DOOR, "P(Y=1 | do(X=1))"),
        (FRONT_DOOR, "P(Y | do(X=1)) - P(Y | do(X=0))"),
        (MEDIATION, nde("X", "Y", "M")),
        (MEDIATION, nie("X", "Y", "M")),
        (PLAN, "E[Y | do(A=1, B=1)] - E[Y | do(A=0, B=0)]"),
        (BACK_DOOR, ett("X", "Y")),
        (BACK_DOOR, "P(X=1, age=1)"),
    ],
)
def test_a_large_sample_is_near_the_truth(graph: CausalGraph, query: Any):
    """Within five standard errors, and the error shrinks as it should."""
    model = random_model(graph, np.random.default_rng(6))
    joint = model.law(graph.variables, (), ())[..., 0]
    wanted = truth(model, parse_query(query) if isinstance(query, str) else query)[..., 0]
    errors: list[Any] = []
    for units in (200_000, 20_000_000):
        counts = np.random.default_rng(units).multinomial(units, joint.ravel())
        places = np.unravel_index(np.arange(joint.size), joint.shape)
        columns = {name: place.tolist() for name, place in zip(graph.variables, places, strict=True)}
        study = Study(graph, Sample({**columns, "n": counts}, weights="n"))
        found = ask(study, query)
        assert found.check.status == "checked"
        value: Any = found.value
        errors.append(found.uncertainty.sampling)
        assert np.all(np.abs(value - wanted) < 5 * errors[-1])
    assert errors[0] / errors[1] == pytest.approx(10, rel=0.1)


def test_two_samples_are_independent():
    """A trial for the effect, a survey for the share: the errors add up as squares."""
    trial = {"X": [0, 0, 1, 1], "Y": [0, 1, 0, 1], "n": [70, 30, 40, 60]}
    survey = {"X": [0, 0, 1, 1], "Y": [0, 1, 0, 1], "n": [100, 200, 300, 400]}
    study = Study(CONFOUNDED, Sample(survey, weights="n"), Sample(trial, do=("X",), weights="n"))
    found = ask(study, "P(Y=1 | do(X=1)) - P(Y=1 | X=1)")
    assert found.value == pytest.approx(0.6 - 4 / 7)
    wanted = np.sqrt(0.6 * 0.4 / 100 + (4 / 7) * (3 / 7) / 700)
    assert found.uncertainty.sampling == pytest.approx(wanted)
    assert found.diagnostics["units"] == {"": 1000.0, "do(X)": 200.0}
    text = " ".join(found.to_text().split())
    assert "imposed at random" in text
    assert "no unit in common" in text


def test_an_interval_keeps_to_probabilities_and_reaches_tables():
    data = {"X": [1] * 21, "Y": [1] + [0] * 20}
    found = ask(Study(CONFOUNDED, Sample(data)), "P(Y=1 | X=1)")
    between: Any = found.uncertainty.confidence
    assert between.lower == 0
    assert between.upper == pytest.approx(1 / 21 + 1.959964 * np.sqrt(1 / 21 * 20 / 21 / 21))
    table = found.to_frame()
    assert table["confidence_upper"][0] == between.upper
    assert found.to_json()["uncertainty"]["confidence"]["method"] == "influence function"
    law = ask(Study(CONFOUNDED, Sample(data)), "P(Y | X=1)")
    assert law.to_frame()["P(Y=1) confidence_upper"][0] == pytest.approx(between.upper)
    assert "standard errors from the counts" in law.to_text()


def test_poor_overlap_is_told():
    data = {"age": ["old"] * 300 + ["young"] * 300, "X": [0, 1] * 150 + [0] * 297 + [1] * 3, "Y": [0, 1, 1] * 200}
    found = ask(Study(BACK_DOOR, Sample(data)), "P(Y=1 | do(X=1))")
    assert "poor overlap: " in found.to_text(derivation=False)
    assert "P(X=1 | age='young') = 0.01 (3 units)" in found.diagnostics["poor_overlap"][0]
    assert ask(Study(BACK_DOOR, Sample(data)), "P(Y=1 | do(X=0))").diagnostics["poor_overlap"] == []


@pytest.mark.parametrize("kind", ["pandas", "categorical", "polars", "pyarrow", "bool", "records"])
def test_tables_of_every_kind(kind: str):
    data: Any = rows(400)
    wanted = ask(Study(BACK_DOOR, Sample(data)), "P(Y=1 | do(X=1))")
    if kind in ("pandas", "categorical"):
        data = pytest.importorskip("pandas").DataFrame(data)
        data = data.astype({"age": "category"}) if kind == "categorical" else data
    elif kind == "polars":
        data = pytest.importorskip("polars").DataFrame(data)
    elif kind == "pyarrow":
        data = pytest.importorskip("pyarrow").table(data)
    elif kind == "bool":
        data = {**data, "X": np.array(data["X"], dtype=bool)}
    else:
        data = [dict(zip(data, row, strict=True)) for row in zip(*data.values(), strict=True)]
    found = ask(Study(BACK_DOOR, Sample(data)), "P(Y=1 | do(X=1))")
    assert found.value == pytest.approx(wanted.value)
    assert found.uncertainty.sampling == pytest.approx(wanted.uncertainty.sampling)


# ---------------------------------------------------------------------------------------------------------------------
# Bad data


def test_a_missing_column_is_named():
    found = ask(Study(BACK_DOOR, Sample({"X": [0, 1, 1], "Y": [0, 1, 0]})), "P(Y=1 | do(X=1))")
    assert found.diagnostics["missing_columns"] == ["age"]
    assert "no column 'age'" in found.to_text()
    assert found.witness is not None
    data = {"age": ["old", "young"], "X": [0, 1], "outcome": [0, 1]}
    with pytest.raises(InvalidRows, match="no column 'Y', which the query speaks of; it has 'age', 'X', 'outcome'"):
        ask(Study(BACK_DOOR, Sample(data)), "P(Y=1 | do(X=1))")
    with pytest.raises(InvalidRows, match="No sample has a column 'Y'"):
        ask(Study(BACK_DOOR, Sample(data), Sample(data, name="b")), "P(Y=1 | do(X=1))")


def test_a_hidden_variable_is_not_asked_about_even_where_there_is_a_column():
    graph = CausalGraph(("U", "X", "Y"), (("U", "X"), ("U", "Y"), ("X", "Y")), hidden=("U",))
    study = Study(graph, Sample({"U": [0, 1, 1], "X": [0, 1, 0], "Y": [0, 1, 1]}))
    with pytest.raises(InvalidQuery, match=r"'U'.*hidden"):
        ask(study, "P(U=1 | X=1)")
    assert ask(study, "P(Y=1 | do(X=1))").finding == "bounds"


@pytest.mark.parametrize("column", [np.linspace(0, 1, 300), [[1, 2]] * 300, [{}] * 300, [b"x"] * 300, [1j] * 300])
def test_a_column_that_is_no_finite_variable_matters_only_where_it_is_needed(column: Any):
    data = {"age": column, "X": [0, 1, 1] * 100, "Y": [0, 1, 0] * 100}
    study = Study(BACK_DOOR, Sample(data))
    assert ask(study, "P(Y=1 | X=1)").value == pytest.approx(0.5)
    with pytest.raises(InvalidRows, match="column 'age'"):
        ask(study, "P(Y=1 | do(X=1))")


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ([1, 1, -1], "Row 3, column 'n'"),
        ([1, float("nan"), 1], "Row 2, column 'n'"),
        ([0.5, 1, 1], "Row 1, column 'n'.*Sampling weights"),
        ([1, 1, float("inf")], "Row 3, column 'n'"),
        (["many", "few", "few"], "Row 1, column 'n'"),
        ([0, 0, 0], "no rows to count"),
        ([1, 1], "different lengths"),
    ],
)
def test_weights_are_counts(column: list[object], problem: str):
    data = {"X": [0, 1, 1], "Y": [0, 1, 0], "n": column}
    with pytest.raises(InvalidRows, match=problem):
        ask(Study(CONFOUNDED, Sample(data, weights="n")), "P(Y=1 | X=1)")


def test_samples_that_cannot_be():
    data = {"age": ["old", "young", "old"], "X": [0, 1, 1], "Y": [0, 1, 2]}
    query = "P(Y=1 | do(X=1))"
    with pytest.raises(InvalidRows, match="Row 3, column 'Y': 2 is not a state"):
        ask(Study(BACK_DOOR, Sample(data), states={"Y": (0, 1)}), query)
    with pytest.raises(UnknownState):
        ask(Study(BACK_DOOR, Sample(data)), "P(Y=7 | do(X=1))")
    with pytest.raises(InvalidRows, match="each of its 3 rows has an empty cell"):
        ask(Study(BACK_DOOR, Sample({**data, "age": [None] * 3}, missing="drop")), query)
    with pytest.raises(InvalidRows, match="got int"):
        Study(BACK_DOOR, Sample(7))
    with pytest.raises(InvalidModel, match="counts of units"):
        Study(BACK_DOOR, Sample(data, weights="X"))
    with pytest.raises(InvalidModel, match="'refuse' or 'drop'"):
        Study(BACK_DOOR, Sample(data, missing="impute"))  # pyright: ignore[reportArgumentType]
    with pytest.raises(UnknownName):
        Study(BACK_DOOR, Sample(data, do=("W",)))
    with pytest.raises(InvalidQuery, match="takes no rows"):
        ask(Study(BACK_DOOR, Sample(data)), "P(Y=1 | do(X=?x))")
    assert ask(Study(BACK_DOOR, Sample(data), "P(X=1) = 0.5"), query).finding == "bounds"
