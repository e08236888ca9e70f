"""Draws of tables, and answers under every draw."""

import json
import re
from dataclasses import replace
from typing import Any

import jax
import numpy as np
import pytest

import scm
from scm import (
    Bernoulli,
    Custom,
    Execution,
    InvalidModel,
    Model,
    TableDraws,
    Unknown,
    Variable,
    ask_draws,
    by_noise,
    draw_tables,
)
from scm._ask import prepared
from scm.solvers import DRAW, Budget, Exact

COUNTS: dict[Any, Any] = {0: (12, 18, 0), 1: (35, 30, 5)}
COUNTED = Model(
    Variable("X", (0, 1), counts=(30, 70)),
    Variable("Y", (0, 1, 2), parents=("X",), counts=COUNTS),
    Variable("Z", noise=Bernoulli(0.25)),
)
BINARY = Model(
    Variable("X", (0, 1), counts=(30, 70)), Variable("Y", (0, 1), parents=("X",), counts={0: (5, 5), 1: (25, 75)})
)
KEY = jax.random.key(5)
FEW = draw_tables(COUNTED, 6, key=KEY)


def with_draw(draws: TableDraws, d: int) -> Model:
    """The model with one draw as its tables."""
    x, y = draws.tables["X"][d], draws.tables["Y"][d]
    return Model(
        Variable("X", (0, 1), table=tuple(x.tolist())),
        Variable("Y", (0, 1, 2), parents=("X",), table={k: tuple(y[k].tolist()) for k in (0, 1)}),
        COUNTED.items[2],
    )


def values(found: scm.DrawnAnswer) -> Any:
    assert found.values is not None, found.refusal
    return found.values


def test_draws_have_the_moments_of_the_posterior() -> None:
    """Mean and variance of eight entries, each within five standard errors: a false alarm once in 100,000 runs."""
    n = 20_000
    draws = draw_tables(COUNTED, n, key=KEY)
    assert draws.mean is not None
    for name, prior in (("X", [[30.5, 70.5]]), ("Y", [[12.5, 18.5, 0.5], [35.5, 30.5, 5.5]])):
        counts = np.array(prior)
        total = counts.sum(axis=1, keepdims=True)
        mean, variance = counts / total, counts * (total - counts) / (total**2 * (total + 1))
        table = draws.tables[name].reshape(n, *counts.shape)
        np.testing.assert_allclose(draws.mean[name].reshape(counts.shape), mean, rtol=1e-14)
        assert (np.abs(table.mean(axis=0) - mean) < 5 * np.sqrt(variance / n)).all()
        fourth = ((table - mean) ** 4).mean(axis=0)
        assert (np.abs(((table - mean) ** 2).mean(axis=0) - variance) < 5 * np.sqrt((fourth - variance**2) / n)).all()
        np.testing.assert_allclose(table.sum(axis=-1), 1, rtol=1e-12)


def test_small_priors_do_not_underflow() -> None:
    """Where nearly all draws are certain of one state: laws all the same, with the right mean."""
    model = Model(Variable("X", (0, 1, 2), counts=(0, 0, 1e-9)))
    table = draw_tables(model, 4000, key=KEY, prior=1e-4).tables["X"]
    np.testing.assert_allclose(table.sum(axis=-1), 1, rtol=1e-12)
    assert (np.abs(table.mean(axis=0) - 1 / 3) < 5 * np.sqrt(2 / 9 / 4000)).all()


def test_a_key_decides() -> None:
    again = draw_tables(COUNTED, 6, key=KEY)
    np.testing.assert_array_equal(again.tables["Y"], FEW.tables["Y"])
    other = draw_tables(COUNTED, 6, key=jax.random.key(6))
    assert (other.tables["Y"] != FEW.tables["Y"]).any()
    assert (FEW.count, FEW.prior, [*FEW.tables]) == (6, 0.5, ["X", "Y"])


@pytest.mark.parametrize("execution", [Execution("numpy"), Execution("jax", "double"), Execution("numpy", chunk=5)])
@pytest.mark.parametrize(
    ("query", "rows", "assume"),
    [
        ("P(X = 1 | Y = 0)", None, ()),
        ("E[Y[X=1]] - E[Y[X=0]]", None, ()),
        ("P(Y, X | Z = 1)", None, ()),
        ("P(Y[X=?a] = 1 | X = ?b, Y = ?c)", {"a": [0, 1, 0], "b": [0, 0, 1], "c": [0, 2, 1]}, "rank_preserving"),
        ("P(Y[X=?a] = 1, X = ?b)", {"a": [0, 1, 0], "b": [0, 0, 1]}, "rank_preserving"),
        ("P(Y[X=1] = 1, X = 1)", None, ()),
    ],
)  # fmt: skip
def test_each_draw_is_the_answer_of_its_own_model(query: str, rows: Any, assume: Any, execution: Execution) -> None:
    found = ask_draws(COUNTED, query, FEW, rows=rows, assume=assume, execution=execution)
    assert found.values is not None
    for d in range(6):
        wanted = scm.ask(with_draw(FEW, d), query, rows=rows, assume=assume)
        np.testing.assert_allclose(found.values[d], np.asarray(wanted.value), rtol=1e-11, atol=1e-15)
    given = scm.ask(COUNTED, query, rows=rows, assume=assume)
    np.testing.assert_array_equal(np.asarray(found.answer.value), np.asarray(given.value))
    np.testing.assert_allclose(np.asarray(found.answer.uncertainty.parameters), found.values.std(axis=0, ddof=1))
    np.testing.assert_allclose(np.asarray(found.answer.uncertainty.sampling), np.asarray(given.uncertainty.sampling))


def test_rows_that_only_consistency_decides() -> None:
    """Without a coupling, Y[X=x] = Y is known where X = x: each row of data is tried by itself, under all draws."""
    query = "P(Y[X=?a] = Y, Y = ?y, X = ?a)"
    found = ask_draws(COUNTED, query, FEW, rows={"a": [0, 1, 0, 1], "y": [0, 1, 0, 2]})
    x, y = FEW.tables["X"], FEW.tables["Y"]
    wanted = [x[:, a] * y[:, a, b] for a, b in ((0, 0), (1, 1), (0, 0), (1, 2))]
    np.testing.assert_allclose(values(found), np.stack(wanted, axis=1), rtol=1e-12)
    alone = ask_draws(COUNTED, "P(Y[X=1] = Y, Y = 2, X = 1)", FEW)
    np.testing.assert_allclose(values(alone), wanted[3], rtol=1e-12)


def test_rows_in_groups_of_their_own_and_empty_cells() -> None:
    """Rows where x = a, and those with empty cells, are groups of their own: each row keeps its own draws."""
    query, rows = "P(Y[X=?x] = ?y | X = ?a)", {"x": [1, 0, 1, 1, 0], "y": [0, 1, 2, 1, 2], "a": [0, 0, 1, 1, 1]}
    found = ask_draws(COUNTED, query, FEW, rows=rows, assume="rank_preserving")
    for d in range(6):
        wanted = scm.ask(with_draw(FEW, d), query, rows=rows, assume="rank_preserving")
        np.testing.assert_allclose(values(found)[d], np.asarray(wanted.value), rtol=1e-11)
    cells = [{"X": 0, "Y": None}, {"X": None, "Y": 1}, {"X": 1, "Y": 2}, {"X": None, "Y": None}]
    empty = ask_draws(COUNTED, "P(Z = 1, Y = 0)", FEW, rows=cells)
    for d in range(6):
        wanted = scm.ask(with_draw(FEW, d), "P(Z = 1, Y = 0)", rows=cells)
        np.testing.assert_allclose(values(empty)[d], np.asarray(wanted.value))


def test_groups_that_only_consistency_decides() -> None:
    """Empty cells part the rows into groups; in each, rows are tried one by one under all their draws."""
    query = "P(Y[X=?a] = Y, Y = ?y, X = ?a)"
    rows = {"a": [0, 1, 0, 1, 1], "y": [0, 1, 0, 2, 0], "Z": [None, 1, 0, None, 1]}
    found = ask_draws(COUNTED, query, FEW, rows=rows)
    x, y = FEW.tables["X"], FEW.tables["Y"]
    wanted = [x[:, a] * y[:, a, b] for a, b in zip(rows["a"], rows["y"], strict=True)]
    np.testing.assert_allclose(values(found), np.stack(wanted, axis=1), rtol=1e-12)


def test_plans_are_kept_apart() -> None:
    """Plans with drawn numbers, and plans without, in either order, and of one draw after another."""
    query, other = "P(Y[X=1] = 0 | X = 0, Y = 1)", draw_tables(COUNTED, 6, key=jax.random.key(8))
    fresh = Model(*COUNTED.items)
    first = values(ask_draws(fresh, query, FEW, assume="gumbel_max"))
    plain = scm.ask(fresh, query, assume="gumbel_max")
    second = values(ask_draws(fresh, query, other, assume="gumbel_max"))
    np.testing.assert_array_equal(values(ask_draws(fresh, query, FEW, assume="gumbel_max")), first)
    assert plain.value == scm.ask(Model(*COUNTED.items), query, assume="gumbel_max").value
    for draws, got in ((FEW, first), (other, second)):
        wanted = np.array(
            [scm.ask(with_draw(draws, d), query, assume="gumbel_max").value for d in range(6)], dtype=float
        )
        np.testing.assert_allclose(got, wanted, rtol=1e-11)


def test_one_store_of_plans_serves_several_draws() -> None:
    """Even where settings share a store, a plan with drawn numbers is found for those draws alone."""
    setting, question = prepared(COUNTED, "P(Y = 0 | X = 1)", None, (), (), None, None, None)
    store: dict[Any, Any] = {}
    codes = np.arange(6)

    def solved(seed: int | None) -> Any:
        if seed is None:
            return Exact().solve(replace(setting, plans=store), question.query).lower
        drawn = draw_tables(COUNTED, 6, key=jax.random.key(seed)).tables["Y"]
        here = replace(setting, columns={DRAW: codes}, rows=6, plans=store, draws={"Y": drawn})
        np.testing.assert_allclose(Exact().solve(here, question.query).lower, drawn[:, 1, 0], rtol=1e-12)
        return None

    solved(1)
    solved(2)
    assert solved(None)[0] == pytest.approx(0.5)
    solved(3)


def test_a_noise_table_gives_back_no_drawn_table() -> None:
    noise = by_noise(BINARY, "Y", {0: 0.25, 1: 0.25, 2: 0.5}, {(0, 0): 0, (0, 1): 0, (0, 2): 1, (1, 0): 0, (1, 1): 1,
                                                               (1, 2): 1})  # fmt: skip
    draws = draw_tables(BINARY, 3, key=KEY)
    found = ask_draws(BINARY, "P(Y[X=1] = 1 | X = 0, Y = 0)", draws, assume=noise)
    assert found.answer.value == pytest.approx(0.5)
    assert "gives back the table of the model, not those that were drawn" in str(found.refusal)
    np.testing.assert_allclose(
        values(ask_draws(BINARY, "P(Y[X=1] = 1)", draws, assume=noise)), draws.tables["Y"][:, 1, 1]
    )
    roots = ask_draws(BINARY, "P(Y[X=1] = 1, X = 0, Y = 0)", {"X": draws.tables["X"]}, assume=noise)
    np.testing.assert_allclose(values(roots), draws.tables["X"][:, 0] * 0.25)


def test_a_users_coupling_reads_the_rows_of_one_table() -> None:
    seen: list[Any] = []

    def kernel(laws: Any, rows: Any) -> Any:
        seen.append(rows)
        return laws[:, 0, :, None] * laws[:, 1, None, :]

    found = ask_draws(COUNTED, "P(Y[X=0] = 1, Y[X=1] = 1)", FEW, assume=Custom("independent", kernel))
    assert found.values is not None
    assert max(np.max(rows) for rows in seen) == 1
    y = FEW.tables["Y"]
    np.testing.assert_allclose(values(found), y[:, 0, 1] * y[:, 1, 1], rtol=1e-12)
    assert any("independent" in a.text or "a coupling given" in a.text for a in found.answer.assumptions)


def test_noises_can_be_drawn() -> None:
    found = ask_draws(COUNTED, "P(Z = 1 | X = 1)", {"u_Z": [[0.5, 0.5], [0.9, 0.1]]})
    np.testing.assert_allclose(values(found), [0.5, 0.1], rtol=1e-15)
    assert found.answer.value == 0.25


def test_undefined_draws_are_counted_and_left_out() -> None:
    drawn = {"X": [[1.0, 0.0], [0.5, 0.5], [0.25, 0.75]]}
    found = ask_draws(COUNTED, "P(Y = 0 | X = ?)", drawn, rows={"X": [1, 0]})
    assert found.values is not None
    np.testing.assert_array_equal(np.isnan(found.values), [[True, False], [False, False], [False, False]])
    np.testing.assert_array_equal(found.undefined, [1, 0])
    np.testing.assert_allclose(found.mean, [0.5, 0.4])
    np.testing.assert_allclose(found.quantile([0.0, 1.0]), [[0.5, 0.4], [0.5, 0.4]])
    never = ask_draws(COUNTED, "P(Y = 0 | X = 1)", {"X": [[1, 0], [1, 0]]})
    assert np.isnan(never.mean)
    assert "undefined under 2" in never.to_text()
    json.dumps(never.to_json(), allow_nan=False)


def test_quantiles_text_and_json() -> None:
    found = ask_draws(COUNTED, "P(Y = 0 | X = 1)", {"Y": [[[1, 0, 0], [p, 1 - p, 0]] for p in np.arange(101) / 100]})
    assert float(found.quantile(0.25)) == pytest.approx(0.25)
    assert "under 101 draws of the tables: mean 0.5, standard deviation 0.293" in str(found)
    data = found.to_json()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["quantiles"]["0.975"] == pytest.approx(0.975)
    assert data["answer"]["uncertainty"]["parameters"] == pytest.approx(float(found.standard_deviation))
    assert scm.ask(COUNTED, "P(Y = 0 | X = 1)").uncertainty.parameters is None


def test_what_the_draws_leave_open_is_refused() -> None:
    """Certain rows need no coupling; rows drawn about them do."""
    model = Model(
        Variable("X", (0, 1), counts=(1, 1)), Variable("Y", (0, 1), parents=("X",), counts={0: (5, 0), 1: (3, 7)})
    )
    found = ask_draws(model, "P(Y[X=1] = 1 | X = 0, Y = 0)", draw_tables(model, 3, key=KEY))  # fmt: skip
    assert found.answer.value == pytest.approx(0.7)
    assert found.values is None
    assert "Grant a coupling" in str(found)
    with pytest.raises(InvalidModel, match="There are no values under the draws"):
        _ = found.mean
    bounds = Model(*model.items, Variable("U", noise=Unknown()), Variable("A", equation="U and Y"))
    assert "the answer is an interval" in str(ask_draws(bounds, "P(A = 1)", draw_tables(bounds, 3, key=KEY)).refusal)
    assert "draws of 'Y' have" in str(ask_draws(COUNTED, "P(Y = 1)", FEW, budget=Budget(entries=20)).refusal)


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        ({}, "No draws were given"),
        ({"X": [[0.5, 0.6]]}, "Some drawn laws of 'X' are no laws"),
        ({"X": [[-0.5, 1.5]]}, "Some drawn laws of 'X' are no laws"),
        ({"X": [[float("nan"), 1.0]]}, "Some drawn laws of 'X' are no laws"),
        ({"X": [0.5, 0.5]}, "have the shape (2,); (draws, 2) is wanted"),
        ({"X": np.zeros((0, 2))}, "the same number, at least one"),
        ({"X": [[0.5, 0.5]], "Y": [[[1, 0, 0], [1, 0, 0]]] * 2}, "{'X': 1, 'Y': 2} draws"),
        ({"X": [["a", "b"]]}, "no array of numbers"),
        ({"Z": [[0.5, 0.5]]}, "'Z' is given by"),
        ({"Q": [[0.5, 0.5]]}, "'Q'"),
    ],
)
def test_draws_that_do_not_fit(drawn: Any, words: str) -> None:
    with pytest.raises(scm.ScmError, match=re.escape(words)):
        ask_draws(COUNTED, "P(Y = 1)", drawn)


@pytest.mark.parametrize(
    ("n", "prior", "words"), [(0, 0.5, "from 1 up"), (True, 0.5, "from 1 up"), (3, 0.0, "positive count")]
)
def test_draws_that_cannot_be_meant(n: Any, prior: float, words: str) -> None:
    with pytest.raises(InvalidModel, match=words):
        draw_tables(COUNTED, n, key=KEY, prior=prior)
    with pytest.raises(InvalidModel, match="there is nothing to draw"):
        draw_tables(Model(Variable("X", table=(0.5, 0.5))), 3, key=KEY)
