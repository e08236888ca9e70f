"""Couplings: granted by name, printed, and held to the laws that every coupling must keep."""

import itertools
from typing import Any

import numpy as np
import pytest

import scm
from scm import (
    Custom,
    GumbelMax,
    Independent,
    Model,
    RankPreserving,
    Variable,
    by_noise,
    check_coupling,
    gumbel_max,
    independent,
    rank_preserving,
)
from scm.solvers._kernels import joint_table
from tests.test_gumbel import random_laws

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


def other_axes(i: int, worlds: int) -> tuple[int, ...]:
    """The axes of a kernel without cases and without one instance."""
    return tuple(j + 1 for j in range(worlds) if j != i)


# ---------------------------------------------------------------------------------------------------------------------
# The laws of every coupling


@pytest.mark.parametrize(
    ("coupling", "worlds", "states"),
    [
        *itertools.product((rank_preserving, independent, gumbel_max), (1, 2), (2, 3, 4, 7)),
        *itertools.product((rank_preserving, independent, gumbel_max), (3, 4, 6), (2,)),
        *itertools.product((rank_preserving, independent), (3, 4), (3,)),
    ],
)
def test_every_coupling_keeps_the_laws(coupling: scm.Coupling, worlds: int, states: int) -> None:
    """Margins, sign, agreement when instances are dropped, and symmetry; on random laws with zeros."""
    laws = random_laws(np.random.default_rng(worlds * states), 60, worlds, states)
    rows = np.arange(60 * worlds).reshape(60, worlds)
    joint = check_coupling(coupling, laws, rows)
    np.testing.assert_array_equal(joint, coupling.kernel(laws, rows))
    for i in range(worlds):
        np.testing.assert_allclose(joint.sum(axis=other_axes(i, worlds)), laws[:, i], rtol=0, atol=1e-12)


@pytest.mark.parametrize("coupling", [rank_preserving, independent, gumbel_max], ids=lambda c: c.name)
def test_consistency_equal_configurations_have_equal_values(coupling: scm.Coupling) -> None:
    rows = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    configurations = np.array([[0, 1, 0], [1, 1, 1], [1, 0, 0]])
    joint, used = joint_table("Y", rows, configurations, coupling)
    assert used == coupling
    for a, b, c in itertools.product(range(3), repeat=3):
        assert joint[0, a, b, c] == 0 or a == c
        assert joint[1, a, b, c] == (rows[1, a] if a == b == c else 0)
        assert joint[2, a, b, c] == 0 or b == c
    np.testing.assert_allclose(joint[0].sum(axis=2), coupling.kernel(rows[None], np.array([[0, 1]]))[0], atol=1e-15)


def test_joint_table_is_the_sum_over_every_draw() -> None:
    """Independent rows, some of them certain, some read by several instances: each draw of the rows, one by one."""
    rng = np.random.default_rng(3)
    rows = random_laws(rng, 1, 6, 3, zeros=0.5)[0]
    rows[2] = (0, 1, 0)
    configurations = rng.integers(6, size=(40, 4))
    joint, _ = joint_table("Y", rows, configurations, independent)
    wanted = np.zeros_like(joint)
    for draw in itertools.product(range(3), repeat=6):
        weight = np.prod([rows[r, x] for r, x in enumerate(draw)])
        wanted[(np.arange(40), *np.array(draw)[configurations].T)] += weight
    np.testing.assert_allclose(joint, wanted, rtol=0, atol=1e-15)


def test_rows_that_are_certain_need_no_coupling() -> None:
    rows = np.array([[0.2, 0.8], [0.0, 1.0], [1.0, 0.0]])
    joint, used = joint_table("Y", rows, np.array([[0, 1, 2, 0]]), None)
    assert used is None
    assert joint[0, 0, 1, 0, 0] == 0.2
    assert joint[0, 1, 1, 0, 1] == 0.8
    assert joint.sum() == 1


# ---------------------------------------------------------------------------------------------------------------------
# Each coupling


def test_independent_is_the_product() -> None:
    np.testing.assert_allclose(independent.kernel(LAWS, ROWS), product(LAWS, ROWS), atol=1e-16)
    assert scm.ask(TABLE, BOTH, assume="independent").value == pytest.approx(0.5 * 0.6, abs=1e-15)
    # The same configuration is the same unit: not 0.5 * 0.5.
    assert scm.ask(TABLE, "P(Y[X=0]=2 | X=0, Y=2)", assume="independent").value == 1


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
    left_open = scm.ask(TABLE, BOTH)
    assert left_open.finding == "bounds"
    assert left_open.interval is not None
    assert left_open.interval.sharp
    assert "A coupling that is granted (assume='rank_preserving'" in " ".join(left_open.to_text().split())
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
    assert scm.ask(TABLE, BOTH, assume=RankPreserving(("X",))).finding == "bounds"
    model = Model(*TABLE.items, Variable("W", parents=("X",), table={0: (0.5, 0.5), 1: (0.1, 0.9)}))
    query = "P(Y[X=0]=2, Y[X=1]=0, W[X=0]=1, W[X=1]=0)"
    half = scm.ask(model, query, assume=RankPreserving(("Y",)))
    assert half.finding == "bounds"
    assert "make no use of it" in " ".join(half.to_text().split())
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


def test_a_coupling_that_depends_on_the_order_of_instances_is_refused() -> None:
    turn = 0.01 * np.array([[0, 1, -1], [-1, 0, 1], [1, -1, 0]])

    def ordered(laws: Any, rows: Any) -> Any:
        """Right margins, but the first instance runs ahead of the second round the circle of states."""
        return product(laws, rows) + turn

    with pytest.raises(scm.InvalidModel, match="is not symmetric"):
        check_coupling(Custom("ordered", ordered), LAWS[:1, :2], ROWS[:1, :2])


@pytest.mark.parametrize("worlds", [3, 6, 9])
def test_the_check_grows_with_the_square_of_the_worlds(worlds: int) -> None:
    calls: list[int] = []

    def counted(laws: Any, rows: Any) -> Any:
        calls.append(laws.shape[1])
        return rank_preserving.kernel(laws, rows)

    laws = random_laws(np.random.default_rng(0), 1, worlds, 2)
    check_coupling(Custom("counted", counted), laws, np.arange(worlds)[None])
    assert len(calls) <= worlds**2


# ---------------------------------------------------------------------------------------------------------------------
# A noise table

NOISE: dict[scm.Value, float] = {"a": 0.1, "b": 0.1, "c": 0.3, "d": 0.5}
OUTCOMES: dict[Any, object] = {
    **dict(zip(((0, u) for u in NOISE), (0, 0, 1, 2), strict=True)),
    **dict(zip(((1, u) for u in NOISE), (2, 0, 1, 0), strict=True)),
}


def test_a_noise_table_is_read_off() -> None:
    granted = by_noise(TABLE, "Y", NOISE, OUTCOMES)
    for (a, b), wanted in {(2, 0): 0.5, (0, 2): 0.1, (1, 1): 0.3, (0, 0): 0.1, (2, 2): 0}.items():
        assert scm.ask(TABLE, f"P(Y[X=0]={a}, Y[X=1]={b})", assume=granted).value == pytest.approx(wanted, abs=1e-15)
    answer = scm.ask(TABLE, BOTH, assume=granted)
    assert "by_noise: 'Y' responds to a noise of 4 states as the granted noise table says" in answer.to_text()
    assert scm.ask(TABLE, "P(Y=2 | X=1)", assume=granted).assumptions == ()


def test_a_noise_table_keeps_the_laws_for_any_number_of_worlds() -> None:
    rng = np.random.default_rng(1)
    causes = ("p", "q", "r")
    outcomes: dict[Any, object] = {(c, u): int(rng.integers(3)) for c in causes for u in range(5)}
    law: dict[scm.Value, float] = dict(enumerate(random_laws(rng, 1, 1, 5, zeros=0)[0, 0].tolist()))
    table = {c: [sum(law[u] for u in range(5) if outcomes[c, u] == y) for y in range(3)] for c in causes}
    model = Model(
        Variable("C", causes, table=(0.2, 0.3, 0.5)), Variable("Y", (0, 1, 2), parents=("C",), table={**table})
    )
    granted = by_noise(model, "Y", law, outcomes)
    rows = np.array(list(table.values()))
    joint = check_coupling(granted, rows[None], np.arange(3)[None])[0]
    wanted = np.zeros((3, 3, 3))
    for u, p in law.items():
        states: Any = tuple(outcomes[c, u] for c in causes)
        wanted[states] += p
    np.testing.assert_allclose(joint, wanted, rtol=0, atol=1e-15)


def test_a_noise_table_of_a_root_and_of_a_shared_noise() -> None:
    """Keys name every input of the table in its order; a root has none."""
    model = Model(
        scm.Noise("u_Y", scm.Bernoulli(0.4)),
        Variable("Y", (0, 1), parents=("u_Y",), table={False: (0.5, 0.5), True: (0.25, 0.75)}),
        Variable("Z", equation="u_Y"),
        Variable("X", (0, 1), table=(0.5, 0.5)),
    )
    outcomes: dict[Any, object] = {(h, u): int(u + h > 1) for h in (False, True) for u in range(4)}
    assert by_noise(model, "Y", dict.fromkeys(range(4), 0.25), outcomes).outcomes == ((0, 0, 1, 1), (0, 1, 1, 1))
    assert by_noise(model, "X", {"tails": 0.5, "heads": 0.5}, {"tails": 1, "heads": 0}).outcomes == ((1, 0),)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"law": {"a": 0.2, "b": 0.0, "c": 0.4, "d": 0.4}}, r"P\(Y \| X = 1\) is \(0.6, 0.3, 0.1\) in the table"),
        ({"outcomes": {**OUTCOMES, (1, "d"): 2}}, r"P\(Y \| X = 1\) is .* but the noise gives \(0.1, 0.3, 0.6\)"),
        ({"outcomes": {k: v for k, v in OUTCOMES.items() if k != (1, "d")}}, "has no row for X = 1, noise of Y = 'd'"),
        ({"outcomes": {**OUTCOMES, (1, "d"): 7}}, "7 is not a state of 'Y'"),
        ({"law": {"a": 0.2, "b": 0.2, "c": 0.4, "d": 0.4}}, "sums to 1.2"),
        ({"model": "m"}, "takes a Model first, got str"),
        ({"law": (0.5, 0.5)}, "takes the law as {noise state: probability}, got tuple"),
        ({"outcomes": [0, 1]}, "takes the outcomes as"),
        ({"variable": "Q"}, r"by_noise\(\) speaks of 'Q'"),
        ({"variable": "W"}, "'W' is not given by a table"),
    ],
)
def test_a_noise_table_that_does_not_fit_is_refused(change: dict[str, Any], words: str) -> None:
    model = Model(*TABLE.items, Variable("W", equation="Y > 1"))
    with pytest.raises(scm.ScmError, match=words):
        by_noise(**{"model": model, "variable": "Y", "law": NOISE, "outcomes": OUTCOMES} | change)


def test_a_noise_table_of_another_model_is_refused() -> None:
    other = Model(
        TABLE.items[0], Variable("Y", (0, 1, 2), parents=("X",), table={0: (0.2, 0.3, 0.5), 1: (0, 0.9, 0.1)})
    )
    rows = {0: (0.2, 0.3, 0.5), 1: (0.6, 0.3, 0.1), 2: (0.1, 0.2, 0.7)}
    longer = Model(
        Variable("X", (0, 1, 2), table=(0.5, 0.25, 0.25)),
        Variable("Y", (0, 1, 2), parents=("X",), table={**rows}),
    )
    granted = by_noise(TABLE, "Y", NOISE, OUTCOMES)
    for model, query in [(other, BOTH), (longer, "P(Y[X=0]=2, Y[X=2]=0)")]:
        with pytest.raises(scm.InvalidModel, match="does not give back the table of this model"):
            scm.ask(model, query, assume=granted)


# ---------------------------------------------------------------------------------------------------------------------
# Grants


MIXED = Model(*TABLE.items, Variable("W", equation="Y > 1"))


@pytest.mark.parametrize(
    ("assume", "words"),
    [
        ("rank_presering", "Did you mean 'rank_preserving'"),
        ((5,), "takes names or couplings, got int"),
        (5, "takes names or couplings, got int"),
        (GumbelMax, r"got the class GumbelMax; a coupling is wanted, such as GumbelMax\(\)"),
        (RankPreserving(("Q",)), "The coupling rank_preserving speaks of 'Q', but the known names are 'W', 'X', 'Y'"),
        (GumbelMax(("Y", "W")), "gumbel_max is granted for 'W', which is not given by a table"),
        (("rank_preserving", "gumbel_max"), "rank_preserving is granted for every table and gumbel_max for every"),
        (("independent", GumbelMax(("Y",))), "independent is granted for every table and gumbel_max for 'Y'"),
        ((RankPreserving(("X", "Y")), GumbelMax(("Y",))), "'Y' is granted two couplings, rank_preserving and gumbel"),
        ((by_noise(TABLE, "Y", NOISE, OUTCOMES), Independent(("Y",))), "'Y' is granted two couplings, by_noise and"),
    ],
)
def test_a_grant_that_cannot_be_meant_is_refused(assume: Any, words: str) -> None:
    """Whatever the query: also where no coupling would be needed."""
    for query in (BOTH, "P(Y=1)"):
        with pytest.raises(scm.ScmError, match=words):
            scm.ask(MIXED, query, assume=assume)


def test_the_same_grant_twice_is_one() -> None:
    twice = scm.ask(TABLE, BOTH, assume=("independent", independent))
    assert (twice.value, len(twice.assumptions)) == (pytest.approx(0.3), 1)


@pytest.mark.parametrize("kind", [RankPreserving, GumbelMax, Independent])
@pytest.mark.parametrize(
    ("variables", "words"),
    [("MY", r"variables=\('MY',\)"), ((), "at least one name"), ((3,), "at least one name"), (3, "a tuple of names")],
)
def test_the_variables_of_a_coupling_are_names(kind: Any, variables: Any, words: str) -> None:
    with pytest.raises(scm.InvalidQuery, match=words):
        kind(variables)
    with pytest.raises(scm.InvalidQuery, match=words):
        Custom("mine", product, variables=variables)


def test_a_list_of_variables_will_do() -> None:
    names: Any = ["Y"]
    assert RankPreserving(names) == RankPreserving(("Y",))


def test_couplings_of_several_variables_are_used_together() -> None:
    model = Model(*TABLE.items, Variable("W", (0, 1), parents=("X",), table={0: (0.5, 0.5), 1: (0.1, 0.9)}))
    query = "P(Y[X=0]=2, Y[X=1]=0, W[X=0]=1, W[X=1]=0)"
    answer = scm.ask(model, query, assume=(GumbelMax(("Y",)), Independent(("W",))))
    assert answer.value == pytest.approx(11 / 35 * 0.05, rel=1e-12)
    assert [step.claim for step in answer.derivation if step.name == "coupling"] == [
        "Y: gumbel_max",
        "W: independent",
    ]
