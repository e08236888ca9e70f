"""Couplings: granted by name, printed, and held to the laws that every coupling must keep."""

import itertools
from typing import Any

import numpy as np
import pytest

import scm
from scm import Custom, Model, RankPreserving, Variable, check_coupling, rank_preserving

LAWS = np.array(
    [[[0.2, 0.3, 0.5], [0.6, 0.3, 0.1], [0.0, 0.5, 0.5]], [[0.1, 0.0, 0.9], [0.3, 0.3, 0.4], [1.0, 0.0, 0.0]]]
)
ROWS = np.array([[0, 1, 2], [3, 4, 5]])
TABLE = Model(
    Variable("X", (0, 1), table=(0.5, 0.5)),
    Variable("Y", (0, 1, 2), parents=("X",), table={0: (0.2, 0.3, 0.5), 1: (0.6, 0.3, 0.1)}),
)
BOTH = "P(Y[X=0]=2, Y[X=1]=0)"


def product(laws: Any, _rows: Any) -> Any:
    """Independent instances: right margins, and agreement when one is dropped."""
    return np.einsum("na,nb,nc->nabc", *np.moveaxis(laws, 1, 0)) if laws.shape[1] == 3 else (
        laws[:, 0, :, None] * laws[:, 1, None, :]
    )  # fmt: skip


def test_rank_preserving_keeps_the_margins() -> None:
    joint = rank_preserving.kernel(LAWS, ROWS)
    for i in range(3):
        others = tuple(j + 1 for j in range(3) if j != i)
        np.testing.assert_allclose(joint.sum(axis=others), LAWS[:, i], atol=1e-15)


def test_rank_preserving_agrees_with_itself_when_an_instance_is_dropped() -> None:
    joint = check_coupling(rank_preserving, LAWS, ROWS)
    for i in range(3):
        rest = [j for j in range(3) if j != i]
        smaller = rank_preserving.kernel(LAWS[:, rest], ROWS[:, rest])
        np.testing.assert_allclose(joint.sum(axis=i + 1), smaller, atol=1e-15)


def test_rank_preserving_is_the_inverse_distribution_function() -> None:
    """A noise with one state for each interval between the steps of the two distribution functions."""
    rows = {0: (0.2, 0.3, 0.5), 1: (0.6, 0.3, 0.1)}
    steps = sorted({0.0, 1.0, *(round(float(c), 9) for row in rows.values() for c in np.cumsum(row))})
    law: dict[scm.Value, float] = {}
    outcome: dict[Any, object] = {}
    for k, (a, b) in enumerate(itertools.pairwise(steps)):
        law[k] = b - a
        outcome |= {(x, k): int(np.searchsorted(np.cumsum(row), (a + b) / 2)) for x, row in rows.items()}
    told = Model(
        Variable("X", (0, 1), table=(0.5, 0.5)),
        Variable("Y", (0, 1, 2), parents=("X",), function=outcome, noise=scm.Categorical(law)),
    )
    for a, b in itertools.product(range(3), repeat=2):
        query = f"P(Y[X=0]={a}, Y[X=1]={b})"
        granted = scm.ask(TABLE, query, assume="rank_preserving")
        assert granted.value == pytest.approx(scm.ask(told, query).value, abs=1e-12)
    for query in ("P(Y[X=1]=0 | X=0, Y=2)", "E[Y[X=1]] - E[Y[X=0]]", "P(Y[X=1] > Y[X=0])"):
        assert scm.ask(TABLE, query, assume=rank_preserving).value == pytest.approx(
            scm.ask(told, query).value, abs=1e-12
        )


def test_nothing_is_granted_silently() -> None:
    refused = scm.ask(TABLE, BOTH)
    assert refused.finding == "refused"
    assert "Grant a coupling (assume='rank_preserving'" in refused.refusals[0][1]
    granted = scm.ask(TABLE, BOTH, assume="rank_preserving")
    assert [a.granted_by for a in granted.assumptions] == ["the user"]
    assert "assuming: rank_preserving: every variable given by a table" in granted.to_text()
    assert "Fréchet 1951" in granted.to_text()
    assert any(step.name == "coupling" for step in granted.derivation)


def test_what_was_not_needed_is_not_printed() -> None:
    answer = scm.ask(TABLE, "P(Y=1 | do(X=1))", assume="rank_preserving")
    assert answer.finding == "exact"
    assert answer.assumptions == ()


def test_a_coupling_may_be_granted_for_some_variables() -> None:
    assert scm.ask(TABLE, BOTH, assume=RankPreserving(("X",))).finding == "refused"
    model = Model(*TABLE.items, Variable("W", parents=("X",), table={0: (0.5, 0.5), 1: (0.1, 0.9)}))
    query = "P(Y[X=0]=2, Y[X=1]=0, W[X=0]=1, W[X=1]=0)"
    assert scm.ask(model, query, assume=RankPreserving(("Y",))).finding == "refused"
    answer = scm.ask(model, query, assume=(RankPreserving(("Y",)), RankPreserving(("W",))))
    assert answer.finding == "exact"
    assert [name for a in answer.assumptions for name in "YW" if f"'{name}'" in a.text] == ["Y", "W"]


def test_a_users_coupling_is_used_and_named() -> None:
    answer = scm.ask(TABLE, BOTH, assume=Custom("independent", product, "worlds are independent"))
    assert answer.value == pytest.approx(0.5 * 0.6, abs=1e-15)
    assert answer.assumptions[0].text == "worlds are independent (the user)"


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        (lambda laws, _: np.full((len(laws), 3, 3), 1 / 9), "wrong margins"),
        (lambda laws, rows: product(laws, rows) * 2, "wrong margins"),
        (lambda laws, rows: product(laws, rows) - 0.5, "negative or non-finite"),
        (lambda laws, rows: product(laws, rows) * np.nan, "negative or non-finite"),
        (lambda laws, rows: product(laws, rows)[:, 0], "an array of shape"),
    ],
)
def test_a_coupling_with_wrong_margins_is_refused(kernel: Any, words: str) -> None:
    with pytest.raises(scm.InvalidModel, match=words):
        scm.ask(TABLE, BOTH, assume=Custom("mine", kernel))


def test_a_coupling_that_changes_when_an_instance_is_dropped_is_refused() -> None:
    def moody(laws: Any, rows: Any) -> Any:
        return rank_preserving.kernel(laws, rows) if laws.shape[1] == 3 else product(laws, rows)

    with pytest.raises(scm.InvalidModel, match="changes when an instance is dropped"):
        check_coupling(Custom("moody", moody), LAWS, ROWS)
    np.testing.assert_allclose(check_coupling(Custom("independent", product), LAWS, ROWS), product(LAWS, ROWS))


@pytest.mark.parametrize(
    ("assume", "words"),
    [("rank_presering", "Did you mean 'rank_preserving'"), ((5,), "takes names or couplings, got int")],
)
def test_an_unknown_assumption_is_refused(assume: Any, words: str) -> None:
    with pytest.raises(scm.InvalidQuery, match=words):
        scm.ask(TABLE, BOTH, assume=assume)
