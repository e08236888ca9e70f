"""The Gumbel-max coupling: its closed form by hand, by rational integration, by its laws and by simulation."""

import itertools
import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import scm
from scm import GumbelMax, Model, Variable, gumbel_max, rank_preserving
from tests.oracle import race

FALSE_ALARM = 1e-9
"""The probability that one simulation test fails although the closed form is right (the seeds are fixed as well)."""

P, Q = (0.2, 0.3, 0.5), (0.6, 0.3, 0.1)
TABLE = Model(
    Variable("X", (0, 1, 2), table=(0.5, 0.25, 0.25)),
    Variable("Y", (0, 1, 2), parents=("X",), table={0: P, 1: Q, 2: (0.1, 0.1, 0.8)}),
)


def joint(*laws: Any) -> Any:
    """The kernel in one case."""
    stacked = np.array([laws], dtype=float)
    return gumbel_max.kernel(stacked, np.arange(len(laws))[None])[0]


def random_laws(rng: np.random.Generator, cases: int, worlds: int, states: int, *, zeros: float = 0.3) -> Any:
    """Laws from flat to peaked, with zeros."""
    weights = rng.gamma(rng.choice([0.1, 0.5, 2.0], size=(cases, 1, 1)), size=(cases, worlds, states)) + 1e-12
    weights *= rng.random(weights.shape) >= zeros
    weights[..., 0] += weights.sum(axis=2) == 0
    return weights / weights.sum(axis=2, keepdims=True)


def test_by_hand() -> None:
    """The ratios p/q are 1/3, 1 and 5; M(t) is 1 up to 1/3, 0.8 + 0.6 t up to 1, 0.5 + 0.9 t up to 5."""
    wanted = [[1 / 5, 0, 0], [3 / 35, 3 / 14, 0], [11 / 35, 3 / 35, 1 / 10]]
    np.testing.assert_allclose(joint(P, Q), wanted, rtol=1e-14, atol=0)


def test_zeros_by_hand() -> None:
    """States 0 and 2 are each possible in one world only: an infinite ratio and a ratio of zero."""
    p, q = (0.5, 0.5, 0.0), (0.0, 0.25, 0.75)
    # Above the ratio 2 of state 1, M(t) = 0.5 + t; below it, M(t) = 1 + 0.75 t.
    middle = 0.5 / 2.5
    wanted = [[0, 0.5 * 0.25 / 2.5, 0.5 * 0.75 * (2 / 2.5 + 1 / 2.5)], [0, middle, 0.5 * 0.75 * 2 / 2.5], [0, 0, 0]]
    np.testing.assert_allclose(joint(p, q), wanted, rtol=1e-14, atol=0)


@pytest.mark.parametrize("states", [1, 2, 3, 5, 20])
def test_margins_signs_symmetry_and_stability(states: int) -> None:
    laws = random_laws(np.random.default_rng(states), 400, 2, states)
    found = gumbel_max.kernel(laws, np.zeros((400, 2), np.intp))
    np.testing.assert_allclose(found.sum(axis=2), laws[:, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), laws[:, 1], rtol=0, atol=1e-12)
    assert found.min() >= 0
    exchanged = gumbel_max.kernel(laws[:, ::-1], np.zeros((400, 2), np.intp))
    np.testing.assert_allclose(found, np.swapaxes(exchanged, 1, 2), rtol=0, atol=1e-14)
    # Counterfactual stability: from i to j only if the odds of j against i have risen.
    p, q = laws[:, 0], laws[:, 1]
    rose = p[:, :, None] * q[:, None, :] > q[:, :, None] * p[:, None, :]
    moved = found * ~np.eye(states, dtype=bool)
    assert np.all(moved[~rose] == 0)


def test_against_rational_integration() -> None:
    """The closed form against another one, in rational numbers: equal to rounding, relative to each entry."""
    rng = random.Random(0)
    for _ in range(300):
        states = rng.choice((2, 3, 4, 5, 6))
        p, q = (_rational_law(rng, states) for _ in range(2))
        wanted = [[race(p, q, i, j) for j in range(states)] for i in range(states)]
        assert [sum(row) for row in wanted] == list(p)
        assert [sum(column) for column in zip(*wanted, strict=True)] == list(q)
        np.testing.assert_allclose(joint(p, q), np.array(wanted, dtype=float), rtol=1e-13, atol=0)


def _rational_law(rng: random.Random, states: int) -> tuple[Fraction, ...]:
    weights = [rng.choice((0, 0, 1, 2, 3, 5, 7, 1000)) for _ in range(states)]
    weights[rng.randrange(states)] += 1
    return tuple(Fraction(w, sum(weights)) for w in weights)


@pytest.mark.parametrize("worlds", [2, 3, 4])
def test_with_two_states_it_preserves_ranks(worlds: int) -> None:
    laws = random_laws(np.random.default_rng(worlds), 300, worlds, 2, zeros=0.1)
    rows = np.zeros((300, worlds), np.intp)
    np.testing.assert_allclose(gumbel_max.kernel(laws, rows), rank_preserving.kernel(laws, rows), rtol=0, atol=1e-13)


def test_the_order_of_states_does_not_matter() -> None:
    laws = random_laws(np.random.default_rng(4), 100, 2, 4)
    rows = np.zeros((100, 2), np.intp)
    order = np.array([2, 0, 3, 1])
    plain, shuffled = gumbel_max.kernel(laws, rows), gumbel_max.kernel(laws[:, :, order], rows)
    np.testing.assert_allclose(shuffled, plain[:, order][:, :, order], rtol=0, atol=1e-14)


def test_equal_laws_give_equal_states() -> None:
    law = np.array([0.1, 0.2, 0.3, 0.4])
    assert joint(law, law) == pytest.approx(np.diag(law), abs=1e-15)
    # The same law, off by rounding: states still do not mix.
    other = law * (1 + np.array([1, -1, 1, -1]) * 2e-16)
    assert np.count_nonzero(joint(law, other)) == 4


def test_one_world_is_its_law() -> None:
    np.testing.assert_array_equal(joint(P), P)


@pytest.mark.parametrize("tiny", [1e-18, 1e-300, 5e-324])
def test_tiny_probabilities_make_no_noise(tiny: float) -> None:
    """No warning (they are errors here), no NaN, no negative entry, and the margins of the large states."""
    for p, q in [
        ((tiny, 0.5, 0.5), (0.5, tiny, 0.5)),
        ((tiny, 1.0, 0.0), (0.5, 0.0, 0.5)),
        ((tiny, 1.0), (1.0, tiny)),
        ((0.5, 0.0, 0.5), (tiny, 1.0, 0.0)),
    ]:
        found = joint(p, q)
        assert np.all(np.isfinite(found))
        assert found.min() >= 0
        np.testing.assert_allclose(found.sum(axis=1), p, rtol=0, atol=1e-15)
        np.testing.assert_allclose(found.sum(axis=0), q, rtol=0, atol=1e-15)


# ---------------------------------------------------------------------------------------------------------------------
# Simulation


@pytest.mark.parametrize("seed", range(6))
def test_against_simulation(seed: int) -> None:
    """Gumbel noises drawn, added to log-probabilities, and the largest sum taken, in every world."""
    rng = np.random.default_rng(seed)
    states = (2, 3, 3, 4, 5, 8)[seed]
    laws = random_laws(rng, 1, 2, states, zeros=0.2)[0]
    _agrees_with_simulation(laws, joint(*laws), rng)


def test_more_worlds_against_simulation() -> None:
    rng = np.random.default_rng(7)
    for laws in (np.array([P, Q, P, P]), np.array([[0.2, 0.0, 0.8], [0.7, 0.0, 0.3], [0.4, 0.0, 0.6]])):
        _agrees_with_simulation(laws, joint(*laws), rng)


def _agrees_with_simulation(laws: Any, found: Any, rng: Any, draws: int = 400_000) -> None:
    """Every cell within Bernstein's inequality, the false-alarm rate shared among the cells."""
    with np.errstate(divide="ignore"):
        logits = np.log(laws)
    noise = rng.gumbel(size=(draws, laws.shape[1]))
    states = [np.argmax(noise + logit, axis=1) for logit in logits]
    counts = np.zeros(found.shape)
    np.add.at(counts, tuple(states), 1)
    level = math.log(2 * found.size / FALSE_ALARM)
    allowed = np.sqrt(2 * found * (1 - found) * level / draws) + level / (3 * draws)
    allowed[found == 0] = 0
    assert np.all(np.abs(counts / draws - found) <= allowed)


# ---------------------------------------------------------------------------------------------------------------------
# Three worlds and more


def test_three_different_laws_need_sampling() -> None:
    with pytest.raises(scm.ScmError, match="no closed form here for 3 different laws"):
        joint(P, Q, (0.1, 0.1, 0.8))


def test_equal_laws_among_three_are_one() -> None:
    found = joint(P, Q, P)
    two = joint(P, Q)
    for i, j, k in itertools.product(range(3), repeat=3):
        assert found[i, j, k] == (two[i, j] if i == k else 0)


def test_cases_of_every_kind_in_one_call() -> None:
    certain = (1.0, 0.0, 0.0)
    cases = [(P, Q, P), (P, P, P), ((0.5, 0.5, 0), (0.25, 0.75, 0), (0.1, 0.9, 0)), (certain, certain, certain)]
    found = gumbel_max.kernel(np.array(cases, dtype=float), np.zeros((4, 3), np.intp))
    for case, own in zip(cases, found, strict=True):
        np.testing.assert_allclose(own, joint(*case), rtol=0, atol=1e-15)
        for i, law in enumerate(case):
            np.testing.assert_allclose(own.sum(axis=tuple(j for j in range(3) if j != i)), law, rtol=0, atol=1e-15)


THREE = "P(Y[X=0]=2, Y[X=1]=0, Y[X=2]=2)"


def test_ask_refuses_what_would_have_to_be_drawn_and_names_the_variable() -> None:
    answer = scm.ask(TABLE, THREE, assume="gumbel_max")
    reason = dict(answer.refusals)["exact"]
    assert reason.startswith("'Y': the Gumbel-max coupling has no closed form here for 3 different laws")


def test_a_certain_law_is_no_third_world() -> None:
    y = Variable("Y", (0, 1, 2), parents=("X",), table={0: P, 1: Q, 2: (0, 1, 0)})
    model = Model(*TABLE.items[:1], y)
    assert scm.ask(model, "P(Y[X=0]=2, Y[X=1]=0, Y[X=2]=1)", assume="gumbel_max").value == pytest.approx(11 / 35)
    assert scm.ask(model, "P(Y[X=0]=2, Y[X=1]=0, Y[X=2]=2)", assume="gumbel_max").value == 0


def test_evidence_may_make_a_third_world_the_same_as_another() -> None:
    """By consistency Y[X=0] is Y once X = 0 is known, so that two worlds remain."""
    query = "P(Y[X=1]=0 | X=0, Y=2, Y[X=0]=2)"
    assert scm.ask(TABLE, query, assume="gumbel_max").value == pytest.approx(22 / 35, rel=1e-12)


def test_the_answer_names_the_coupling_and_its_source() -> None:
    answer = scm.ask(TABLE, "P(Y[X=1]=0 | X=0, Y=2)", assume=GumbelMax(("Y",)))
    assert answer.value == pytest.approx(22 / 35, rel=1e-12)
    step = next(step for step in answer.derivation if step.name == "coupling")
    assert (step.claim, step.citation) == ("Y: gumbel_max", "Gumbel-max coupling (Oberst & Sontag 2019)")
    assert "'Y' takes the state with the largest sum" in answer.assumptions[0].text
    assert "Oberst & Sontag 2019" in " ".join(answer.to_text(derivation=False).split())


def test_conditioning_on_what_is_impossible_is_undefined() -> None:
    """An exact zero of the kernel, not a small number: state 0 is never left for state 1 here."""
    assert scm.ask(TABLE, "P(X=0 | Y[X=0]=0, Y[X=1]=1)", assume="gumbel_max").finding == "undefined"
