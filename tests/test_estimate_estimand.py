"""Estimates from samples: their errors against simulation and finite differences, and what is refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from scm._errors import InvalidRows, UnknownName, ZeroCell
from scm._estimand import Index
from scm._estimand_parse import parse_estimand
from scm._seen_states import seen_states
from scm._study import KnownLaw, Sample
from scm.solvers._estimand_gradient import law_gradients
from scm.solvers._estimate_estimand import estimate_estimand, influences
from scm.solvers._evaluate_estimand import evaluate_estimand
from scm.solvers._law_source import JointLaws
from scm.solvers._sample_laws import SampleLaws

ADJUSTED = "sum_z P(Y=1 | X=1, Z=z) P(Z=z)"


def sample_of(names: tuple[str, ...], counts: np.ndarray, name: str = "") -> Sample:
    """Counts of every cell as rows with a weight."""
    cells = itertools.product(*(range(n) for n in counts.shape))
    rows = [{**dict(zip(names, cell, strict=True)), "n": n} for cell, n in zip(cells, counts.ravel(), strict=True)]
    return Sample(rows, weights="n", name=name)


@pytest.mark.parametrize(
    "estimand",
    [
        "sum_z P(Y=1 | X=1, Z=z) P(Z=z)",
        "sum_z P(X=1, Y=1, Z=z) / P(X=1 | Z=z)",
        "[sum_{y, z} y weight(Z + 1; Z=z) P(Y=y, Z=z | X=1)] / [P(X=1) P(Y=0)] - 2*P(X=0) P(X=0) + 1",
        "sum_x [sum_z P(Y=1 | X=x, Z=z) P(Z=z | X=1)] sum_x' P(X=x') P(X=x)",
        "P(Y=1 | X=1, Z=2) / [1 - P(Y=1)]",
    ],
)
def test_influence_is_the_derivative_by_the_frequencies(estimand: str):
    states = {"X": (0, 1), "Y": (0, 1), "Z": (0, 1, 2)}
    rng = np.random.default_rng(3)
    counts = rng.integers(5, 60, (2, 2, 3))
    parsed = parse_estimand(estimand)
    laws = SampleLaws.for_estimand(parsed, [sample_of(("X", "Y", "Z"), counts)], states)
    tally = laws.tallies[""]
    own = influences(parsed, laws, states, None)[""]
    assert tally.counts @ own == pytest.approx(0.0, abs=1e-9)

    def value(cell: int, step: float) -> float:
        """The estimand where a share `step` of the units is moved to one cell."""
        joint = np.zeros(counts.shape)
        for names, n in zip(tally.cells, tally.counts, strict=True):
            joint[tuple(names[tally.names.index(v)] if v in tally.names else 0 for v in ("X", "Y", "Z"))] += n
        joint *= (1 - step) / joint.sum()
        at = tally.cells[cell]
        joint[tuple(at[tally.names.index(v)] if v in tally.names else 0 for v in ("X", "Y", "Z"))] += step
        return evaluate_estimand(parsed, JointLaws([KnownLaw(("X", "Y", "Z"), joint)]), states)

    for cell in range(len(tally.cells)):
        assert own[cell] == pytest.approx((value(cell, 1e-6) - value(cell, -1e-6)) / 2e-6, rel=1e-5, abs=1e-6)


def test_a_share_has_the_error_of_a_share():
    states = {"X": (0, 1), "Y": (0, 1)}
    counts = np.array([[30, 20], [10, 40]])
    found = estimate_estimand(parse_estimand("P(Y=1 | X=1)"), [sample_of(("X", "Y"), counts)], states)
    assert found.value == 0.8
    assert found.standard_error == pytest.approx(np.sqrt(0.8 * 0.2 / 50))
    both = estimate_estimand(
        parse_estimand("P(Y=1 | X=1) - P[b](Y=1 | X=1)"),
        [sample_of(("X", "Y"), counts), sample_of(("X", "Y"), counts, "b")],
        states,
    )
    assert both.value == 0
    assert both.standard_error == pytest.approx(np.sqrt(2 * 0.8 * 0.2 / 50))
    law = estimate_estimand(parse_estimand("P(Y=y | X=1)"), [sample_of(("X", "Y"), counts)], states, axes=[Index("Y")])
    assert law.value == pytest.approx([0.2, 0.8])
    assert law.standard_error == pytest.approx([found.standard_error] * 2)
    certain = estimate_estimand(
        parse_estimand("P(Y=1 | X=1)"), [sample_of(("X", "Y"), np.array([[3, 2], [0, 9]]))], states
    )
    assert certain.value == 1
    assert np.isnan(certain.standard_error)


def test_a_trial_is_conditioned_on_what_was_imposed():
    rows = {"Z": [0, 0, 0, 0, 1, 1], "Y": ["no", "no", "no", "yes", "yes", "no"]}
    trial = Sample(rows, do=("Z",), name="trial")
    states = {"Z": (0, 1), "Y": ("no", "yes")}
    found = estimate_estimand(parse_estimand("P[trial](Y='yes'; do(Z=0))"), [trial], states)
    assert found.value == 0.25
    assert found.units == {"trial": 6.0}


def test_overlap_is_reported():
    counts = np.array([[[50, 10], [40, 0]], [[3, 2], [60, 35]]])  # Z, X, Y
    states = {"Z": ("old", "young"), "X": (0, 1), "Y": (0, 1)}
    rows = [
        {"Z": z, "X": x, "Y": y, "n": counts[k, x, y]}
        for (k, z), x, y in itertools.product(enumerate(states["Z"]), (0, 1), (0, 1))
    ]
    (found,) = estimate_estimand(
        parse_estimand("sum_z P(Y=1 | X=0, Z=z) P(Z=z)"), [Sample(rows, weights="n")], states
    ).overlap
    assert found.stratum == "P(X=0 | Z='young')"
    assert found.smallest == 0.05
    assert found.units == 5
    assert found.of == 65
    weights = np.array([100 / 60] * 60 + [20.0] * 5)
    assert found.effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert "smallest propensity is P(X=0 | Z='young') = 0.05 (5 units)" in found.text


@pytest.mark.parametrize("kind", ["mapping", "records", "pandas", "polars", "pyarrow"])
def test_frames_of_every_kind(kind: str):
    columns = {
        "Z": ["a", "b", "a", "b", "a"],
        "X": [1, 1, 0, 1, 1],
        "Y": [True, False, True, True, True],
        "note": [1.5] * 5,
    }
    rows: Any = columns
    if kind == "records":
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    elif kind == "pandas":
        rows = pytest.importorskip("pandas").DataFrame(columns)
    elif kind == "polars":
        rows = pytest.importorskip("polars").DataFrame(columns)
    elif kind == "pyarrow":
        rows = pytest.importorskip("pyarrow").table(columns)
    states = seen_states([rows], ["X", "Y", "Z", "W"])
    assert states == {"X": (0, 1), "Y": (False, True), "Z": ("a", "b")}
    found = estimate_estimand(parse_estimand(ADJUSTED), [Sample(rows)], states)
    assert found.value == pytest.approx(0.6 * 1 + 0.4 * 0.5)


def test_missing_cells_are_refused_or_dropped_as_asked():
    rows = {"X": [1, 1, None, 0, 1], "Y": [1, 0, 1, 1, float("nan")], "W": [None] * 5}
    states = {"X": (0, 1), "Y": (0, 1)}
    estimand = parse_estimand("P(Y=1 | X=1)")
    with pytest.raises(InvalidRows, match=r"Row 3, column 'X': the cell is empty, and 2 rows"):
        estimate_estimand(estimand, [Sample(rows)], states)
    found = estimate_estimand(estimand, [Sample(rows, missing="drop")], states)
    assert found.value == 0.5
    assert found.dropped == {"": 2}
    assert found.units == {"": 3.0}


def test_bad_samples_are_refused():
    states = {"X": (0, 1), "Y": (0, 1), "Z": (0, 1)}
    estimand = parse_estimand(ADJUSTED)
    rows = {"X": [1, 0, 1], "Y": [0, 1, 1], "Z": [0, 0, 1], "n": [1, -1, 2]}
    with pytest.raises(InvalidRows, match="no column 'Z'"):
        estimate_estimand(estimand, [Sample({"X": [1], "Y": [1]})], states)
    with pytest.raises(InvalidRows, match="Row 2, column 'n': a count of units"):
        estimate_estimand(estimand, [Sample(rows, weights="n")], states)
    with pytest.raises(UnknownName, match="trial"):
        estimate_estimand(parse_estimand("P[trial](Y=1)"), [Sample(rows)], states)
    with pytest.raises(InvalidRows, match="no rows"):
        estimate_estimand(estimand, [Sample({"X": [], "Y": [], "Z": []})], states)
    with pytest.raises(InvalidRows, match="different values"):
        seen_states([{"X": np.linspace(0, 1, 500)}], ["X"])
    with pytest.raises(ZeroCell) as wrong:
        estimate_estimand(estimand, [Sample({"X": [1, 1, 0], "Y": [0, 1, 0], "Z": [0, 0, 1]})], states)
    assert wrong.value.stratum == "P(X=1, Z=1)"


def test_a_gradient_is_of_one_number():
    laws = JointLaws([KnownLaw(("X", "Y"), np.full((2, 2), 0.25))])
    states = {"X": (0, 1), "Y": (0, 1)}
    found = law_gradients(parse_estimand("P(Y=1) P(Y=1) + P(X=?x)"), laws, states, {"x": 1})
    assert found[("Y",), (), (), ""] == pytest.approx([0, 1.0])
    assert found[("X",), (), (), ""] == pytest.approx([0, 1.0])
