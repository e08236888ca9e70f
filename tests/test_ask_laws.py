"""`ask(Study)` from exact joint laws: the value against the truth of random models, and what is refused and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scm import Available, CausalGraph, InvalidQuery, KnownLaw, Study, ate, ett, identify, nde, parse_query, pns
from scm import ask as scm_ask
from scm._identified import Witness
from scm.solvers._random_models import RandomModel, random_model
from scm.solvers._random_truth import truth

BACK_DOOR = CausalGraph(("Z", "X", "Y"), (("Z", "X"), ("Z", "Y"), ("X", "Y")))
FRONT_DOOR = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y")), (("X", "Y"),))
BOW = CausalGraph(("X", "Y"), (("X", "Y"),), (("X", "Y"),))
MEDIATION = CausalGraph(("X", "M", "Y"), (("X", "M"), ("M", "Y"), ("X", "Y")))
PLAN = CausalGraph(("A", "L", "B", "Y"), (("A", "L"), ("A", "Y"), ("L", "B"), ("A", "B"), ("B", "Y")), (("L", "Y"),))


def asked(*parts: Any, **options: Any) -> Any:
    """`scm.ask`; what is read off an answer here is there, or the test fails."""
    return scm_ask(*parts, **options)


def law_of(model: RandomModel, names: tuple[str, ...], do: tuple[str, ...] = ()) -> KnownLaw:
    """The law of `names` under `do`, as the model has it."""
    table = model.law(names, (), do)[..., 0]
    return KnownLaw(names, np.moveaxis(table, range(len(names)), range(len(do), len(do) + len(names))), do)


@pytest.mark.parametrize(
    ("graph", "query"),
    [
        (BACK_DOOR, ate("X", "Y")),
        (BACK_DOOR, ett("X", "Y")),
        (BACK_DOOR, "E[Y[X=1] - Y[X=0] | X=1]"),
        (BACK_DOOR, "P(Y[X=1] | X=0)"),
        (BACK_DOOR, "P(Y, Z | do(X=1))"),
        (BACK_DOOR, "P(Y=1 | Z=1)"),
        (FRONT_DOOR, ate("X", "Y")),
        (FRONT_DOOR, "P(Y | do(X=0)) - P(Y | do(X=1))"),
        (MEDIATION, nde("X", "Y", "M")),
        (PLAN, "P(Y=1 | do(A=1, B=0))"),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_the_value_is_the_truth(graph: CausalGraph, query: Any, seed: int):
    model = random_model(graph, np.random.default_rng(seed))
    found = asked(Study(graph, law_of(model, graph.variables)), query)
    wanted = truth(model, parse_query(query) if isinstance(query, str) else query)[..., 0]
    assert found.finding == "exact"
    assert found.check.status == "checked"
    assert found.value == pytest.approx(wanted, abs=1e-12)
    assert found.uncertainty.sampling is None
    assert found.derivation[-1].name == "evaluation"
    if found.states:
        value: Any = found.value
        assert value.shape == tuple(len(own) for _, own in found.states)


def test_experiments_stand_in_for_what_is_not_identified():
    model = random_model(BOW, np.random.default_rng(0))
    alone = asked(Study(BOW, law_of(model, ("X", "Y"))), "P(Y=1 | do(X=1))")
    assert alone.finding == "bounds"
    assert any("hedge" in step.name for step in alone.derivation)
    assert alone.witness is not None
    assert alone.witness.values[0] != alone.witness.values[1]
    trial = law_of(model, ("Y",), ("X",))
    both = Study(BOW, law_of(model, ("X", "Y")), trial)
    found = asked(both, "P(Y=1 | do(X=1))")
    assert found.value == pytest.approx(float(truth(model, parse_query("P(Y=1 | do(X=1))"))[0]))
    assert "do(X)" in found.to_text()


def test_a_witness_with_more_states_than_there_are_is_none():
    """With two states of X the effect on the treated follows from both laws; with three it does not."""
    how = identify(BOW, ett("X", "Y"), [Available(("X", "Y")), Available(("Y",), ("X",), "trial")])
    assert how.obstacle is not None
    assert Witness(how, {"X": (0, 1), "Y": (0, 1)})() is None
    assert Witness(how, {"X": (0, 1, 2), "Y": (0, 1)})() is not None


def test_what_cannot_be_known_is_said_with_its_obstacle():
    model = random_model(BACK_DOOR, np.random.default_rng(1))
    found = asked(Study(BACK_DOOR, law_of(model, ("Z", "X", "Y"))), pns("X", "Y"))
    assert found.finding == "bounds"
    assert found.value is None
    assert found.interval.sharp
    assert found.interval.lower - 1e-9 <= truth(model, pns("X", "Y"))[0] <= found.interval.upper + 1e-9
    assert "inconsistent pair" in found.to_text()
    assert found.identification.obstacle is not None


def test_a_condition_without_probability_is_undefined():
    law = np.zeros((2, 2, 2))
    law[0] = 0.25  # Z is always 0
    study = Study(BACK_DOOR, KnownLaw(("Z", "X", "Y"), law))
    for query in ("P(Y=1 | Z=1)", "P(Y=1 | do(X=1), Z=1)", "P(Y[X=1]=1 | X=0, Z=1)"):
        found = asked(study, query)
        assert found.finding == "undefined", query
        assert found.value is None
        assert found.status[0] == "undefined"
        assert "= 0" in found.derivation[-1].claim
    # A stratum without probability has no weight in the average.
    assert asked(study, "P(Y=1 | do(X=1))").value == pytest.approx(0.5)


def test_an_independent_condition_without_probability_is_undefined_too():
    """The formula need not read the part of the condition that makes it impossible."""
    chain = CausalGraph(("X", "Z", "Y"), (("X", "Z"), ("Z", "Y")))
    law = np.zeros((2, 2, 2))
    law[0] = 0.25  # X is always 0
    found = asked(Study(chain, KnownLaw(("X", "Z", "Y"), law)), "P(Y=1 | X=1, Z=1)")
    assert found.finding == "undefined"


def test_a_stratum_that_the_formula_divides_by_is_named():
    law = np.full((2, 2, 2), 0.125)
    law[1, 1] = 0.0
    found = asked(Study(BACK_DOOR, KnownLaw(("Z", "X", "Y"), law / law.sum())), "P(Y=1 | do(X=1))")
    assert found.finding == "bounds"
    assert found.value is None
    assert "P(X=1, Z=1) = 0" in found.to_text()
    assert (found.interval.lower, found.interval.upper) == pytest.approx((1 / 3, 2 / 3))  # all or none of that third


def test_states_of_any_kind():
    joint = np.array([[0.1, 0.2], [0.3, 0.1], [0.05, 0.25]])
    graph = CausalGraph(("dose", "cured"), (("dose", "cured"),))
    states = {"dose": ("none", "low", "high"), "cured": (False, True)}
    study = Study(graph, KnownLaw(("dose", "cured"), joint), states=states)
    found = asked(study, "P(cured=True | do(dose='high')) - P(cured=True | do(dose='none'))")
    assert found.value == pytest.approx(0.25 / 0.3 - 0.2 / 0.3)
    law = asked(study, "P(dose)")
    assert law.states == (("dose", ("none", "low", "high")),)
    assert law.value == pytest.approx(joint.sum(axis=1))


def test_what_cannot_be_asked():
    hidden = CausalGraph(("U", "X", "Y"), (("U", "X"), ("U", "Y"), ("X", "Y")), hidden=("U",))
    law = KnownLaw(("X", "Y"), np.full((2, 2), 0.25))
    with pytest.raises(InvalidQuery, match=r"'U'.*hidden"):
        asked(Study(hidden, law), "P(U=1 | X=1)")
    with pytest.raises(InvalidQuery, match="hidden"):
        asked(Study(hidden, KnownLaw(("U", "X"), np.full((2, 2), 0.25))), "P(X=1)")
    with pytest.raises(InvalidQuery, match="with a number"):
        asked(Study(BOW, law), "P(Y | X=1) - P(Y=1 | X=0)")
    trial = KnownLaw(("Y",), np.full((2, 2), 0.5), ("X",))
    with pytest.raises(InvalidQuery, match="called"):
        asked(Study(BOW, trial, trial), "P(Y=1 | do(X=1))")


def test_laws_that_do_not_settle_it_are_not_called_a_proof():
    """Two laws of parts: where neither a formula nor an obstacle is found, nothing is claimed."""
    graph = CausalGraph(("A", "B", "C"), (("A", "B"), ("B", "C"), ("A", "C")))
    model = random_model(graph, np.random.default_rng(0))
    found = asked(Study(graph, law_of(model, ("A", "B")), law_of(model, ("C",), ("A",))), "P(C=1 | A=1, B=1)")
    assert found.finding == "bounds"
    wanted = truth(model, parse_query("P(C=1 | A=1, B=1)"))[0]
    assert found.interval.outer_lower - 1e-9 <= wanted <= found.interval.outer_upper + 1e-9
