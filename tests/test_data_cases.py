"""Cases of the literature from exact laws and from counts: the same value both ways, with an error for counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from scm import Answer, CausalGraph, KnownLaw, Sample, Study, Value, ask, ate, nde, nie

FORK = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("Z", "Y"), ("X", "Y")))
MEDIATED = CausalGraph(("X", "Z", "Y"), (("X", "Z"), ("Z", "Y"), ("X", "Y")))
FRONT_DOOR = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y")), (("X", "Y"),))
States = Mapping[str, Sequence[Value]]


def both(graph: CausalGraph, names: tuple[str, ...], counts: Any, states: States, query: Any) -> tuple[Answer, Answer]:
    """The answer from the law that the counts make, and from the counts as a sample of rows with weights."""
    table = np.asarray(counts, dtype=float)
    law = KnownLaw(names, table / table.sum())
    rows = [
        {**{name: states[name][k] for name, k in zip(names, at, strict=True)}, "n": int(table[at])}
        for at in np.ndindex(*table.shape)
    ]
    exact, estimate = (ask(Study(graph, source, states=states), query) for source in (law, Sample(rows, weights="n")))
    assert (exact.finding, estimate.finding) == ("exact", "estimate")
    assert estimate.value == pytest.approx(exact.value, abs=1e-12)
    assert estimate.diagnostics["units"] == {"": table.sum()}
    error, between = estimate.uncertainty.sampling, estimate.uncertainty.confidence
    assert isinstance(error, float)
    assert error > 0
    assert between is not None
    assert between.lower < float(estimate.value) < between.upper  # pyright: ignore[reportArgumentType]
    return exact, estimate


def split(shares: Any) -> np.ndarray:
    """Counts of Y = 0 and Y = 1 from (successes, units) on the last axis."""
    found = np.asarray(shares)
    return np.stack([found[..., 1] - found[..., 0], found[..., 0]], axis=-1)


# Charig, Webb, Payne & Wickham (1986), table II: successes and patients, stones small and large, treatments A and B.
KIDNEY = split([[(81, 87), (234, 270)], [(192, 263), (55, 80)]])
KIDNEY_STATES: States = {"Z": ("small", "large"), "X": ("A", "B"), "Y": (0, 1)}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("P(Y=1 | X='A')", 0.780),
        ("P(Y=1 | X='B')", 0.8257),
        ("P(Y=1 | do(X='A'))", 0.8325),
        ("P(Y=1 | do(X='B'))", 0.7789),
        (ate("X", "Y", x1="A", x0="B"), 0.0537),
    ],
)
def test_kidney_stones(query: Any, wanted: float):
    exact, _ = both(FORK, ("Z", "X", "Y"), KIDNEY, KIDNEY_STATES, query)
    assert exact.value == pytest.approx(wanted, abs=5.1e-5)


def test_the_effect_on_kidney_stones_is_within_its_error():
    """The paradox is real, the benefit not beyond doubt: zero lies in the interval."""
    _, estimate = both(FORK, ("Z", "X", "Y"), KIDNEY, KIDNEY_STATES, ate("X", "Y", x1="A", x0="B"))
    between: Any = estimate.uncertainty.confidence
    assert between.lower < 0 < between.upper
    assert not estimate.diagnostics["poor_overlap"]
    assert {one["stratum"] for one in estimate.diagnostics["overlap"]} == {
        "P(X='A' | Z='small')",
        "P(X='B' | Z='large')",
    }


# Pearl (2009), figure 6.1 and section 6.1: recoveries and patients, women and men, no drug and drug.
SIMPSON = split([[(9, 30), (2, 10)], [(7, 10), (18, 30)]])
SIMPSON_STATES: States = {"Z": ("woman", "man"), "X": (0, 1), "Y": (0, 1)}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [("P(Y=1 | X=1)", 0.5), ("P(Y=1 | X=0)", 0.4), ("P(Y=1 | do(X=1))", 0.4), ("P(Y=1 | do(X=0))", 0.5)],
)
def test_simpson(query: str, wanted: float):
    """Gender as a confounder reverses the verdict; the same numbers with a mediator do not."""
    exact, _ = both(FORK, ("Z", "X", "Y"), SIMPSON, SIMPSON_STATES, query)
    assert exact.value == pytest.approx(wanted)
    if "do" in query:
        mediated, _ = both(MEDIATED, ("Z", "X", "Y"), SIMPSON, SIMPSON_STATES, query)
        assert mediated.value == pytest.approx(0.9 - wanted)


# Bickel, Hammel & O'Connell (1975): admitted and applicants, men then women, departments A to F.
BERKELEY = split(
    [
        [(512, 825), (353, 560), (120, 325), (138, 417), (53, 191), (22, 373)],
        [(89, 108), (17, 25), (202, 593), (131, 375), (94, 393), (24, 341)],
    ]
)
BERKELEY_STATES: States = {"X": ("man", "woman"), "Z": tuple("ABCDEF"), "Y": (0, 1)}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("P(Y=1 | X='man')", 0.4452),
        ("P(Y=1 | X='woman')", 0.3035),
        (ate("X", "Y", x1="woman", x0="man"), -0.1416),
        (nde("X", "Y", "Z", x1="woman", x0="man"), 0.0710),
        (nie("X", "Y", "Z", x1="woman", x0="man"), -0.1427),
    ],
)
def test_berkeley(query: Any, wanted: float):
    exact, _ = both(MEDIATED, ("X", "Z", "Y"), BERKELEY, BERKELEY_STATES, query)
    assert exact.value == pytest.approx(wanted, abs=5.1e-5)


def test_berkeley_standardised_to_all_applicants():
    """The direct effect at the departments of all applicants together, from department-wise differences."""
    applicants = BERKELEY.sum(axis=(0, 2))
    share = BERKELEY[..., 1] / BERKELEY.sum(axis=-1)
    wanted = float((share[1] - share[0]) @ applicants / applicants.sum())
    assert wanted == pytest.approx(0.0426, abs=5.1e-5)
    fork = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("Z", "Y"), ("X", "Y")))
    query = ate("X", "Y", x1="woman", x0="man")
    exact, _ = both(fork, ("X", "Z", "Y"), BERKELEY, BERKELEY_STATES, query)
    assert exact.value == pytest.approx(wanted)


def test_the_direct_effect_at_berkeley_is_beyond_chance_and_rests_on_few():
    """At the departments that men chose, women did better; 25 women at B, 108 at A carry it."""
    _, estimate = both(MEDIATED, ("X", "Z", "Y"), BERKELEY, BERKELEY_STATES, nde("X", "Y", "Z", x1="woman", x0="man"))
    between: Any = estimate.uncertainty.confidence
    assert between.lower > 0
    worst = min(estimate.diagnostics["overlap"], key=lambda one: one["smallest"])
    assert worst["stratum"] == "P(X='woman' | Z='B')"
    assert worst["units"] == 25


# Pearl (2009), table 3.1: shares of a thousand, by smoking and tar; cancer among them.
TAR_SHARE = np.array([[475, 25], [25, 475]])
TAR_CANCER = np.array([[0.10, 0.05], [0.90, 0.85]])
TAR = np.stack([TAR_SHARE * (1 - TAR_CANCER), TAR_SHARE * TAR_CANCER], axis=-1) * 40


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("P(Y=1 | do(X=1))", 0.4525),
        ("P(Y=1 | do(X=0))", 0.4975),
        ("P(Y=1 | X=1)", 0.8525),
        ("P(Y=1 | X=0)", 0.0975),
        (ate("X", "Y"), -0.045),
    ],
)
def test_smoking_and_tar(query: Any, wanted: float):
    """By the front door; as counts of 40,000 people."""
    assert np.allclose(TAR, np.round(TAR))
    states: States = dict.fromkeys(("X", "M", "Y"), (0, 1))
    exact, estimate = both(FRONT_DOOR, ("X", "M", "Y"), np.round(TAR), states, query)
    assert exact.value == pytest.approx(wanted)
    if exact.rung == 2:
        assert estimate.identification.method == "front-door"


def test_homework_and_training():
    """Pearl, Glymour & Jewell (2016), section 4.5.2, with equal shares of both groups, as counts of 800."""
    training = np.array([[0.60, 0.40], [0.25, 0.75]])
    success = np.array([[0.20, 0.30], [0.40, 0.80]])
    table = np.stack([training * (1 - success), training * success], axis=-1) * 400
    states: States = dict.fromkeys(("X", "Z", "Y"), (0, 1))
    for query, wanted in ((nde("X", "Y", "Z"), 0.32), (nie("X", "Y", "Z"), 0.035), (ate("X", "Y"), 0.46)):
        exact, _ = both(MEDIATED, ("X", "Z", "Y"), np.round(table), states, query)
        assert exact.value == pytest.approx(wanted)
