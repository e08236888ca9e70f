"""Hamiltonian Monte Carlo for a few units: against a closed form, and refused where its chains do not mix."""

from typing import Any

import pytest

from scm import Model, Variable, normal
from scm.solvers import _abduct_hmc
from scm.solvers._refusal import Refusal
from tests.test_sampled import near, sharp_mean, sharp_model, solve


@pytest.fixture(autouse=True)
def _only_chains(monkeypatch):
    """No particles, and shorter chains than users get."""
    monkeypatch.setattr("scm.solvers.sampled.movable", lambda lanes: False)
    monkeypatch.setattr(_abduct_hmc, "WARM_UP", 400)
    monkeypatch.setattr(_abduct_hmc, "DRAWS", 1500)


def test_hamiltonian_chains_answer_for_a_few_units():
    found = solve(sharp_model(0.01), "E[X | Z=3, W=4]")
    near(found, sharp_mean(3, 4, 0.01)[0])
    assert found.diagnostics["method"] == "NUTS"
    assert found.diagnostics["rhat"] < 1.01


def test_chains_that_do_not_mix_are_refused_with_what_they_found():
    model = Model(
        Variable("X", noise=normal(0, 1), equation="u_X"),
        Variable("Y", noise={"v": normal(0, 0.001)}, equation="X*X + v"),
    )
    with pytest.raises(Refusal, match="R-hat is") as caught:
        solve(model, "E[X | Y=1]")
    partial: Any = caught.value.partial
    assert partial.diagnostics["rhat"] > 1.01
    assert not partial.diagnostics["reliable"][0]
