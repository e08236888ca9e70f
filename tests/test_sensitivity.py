"""Derivatives of answers by table entry, and the standard errors that rest on them."""

import itertools
import json
import math
import random
import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import scm
from scm import Bernoulli, Custom, Model, Unknown, Variable, rank_preserving, sensitivity
from scm._mechanism import Table
from scm.solvers import Budget
from scm.solvers._weights import Planned
from tests.bridge_to_engine import to_model
from tests.generators import pair
from tests.oracle import Plain, Query, truth
from tests.plain import to_text

STEP = Fraction(1, 10**9)
"""Step of the oracle's difference quotients: in rationals, of second order, they are off by about 1e-18."""
ENTRIES = 3
"""Entries of each random model that are compared."""


# ---------------------------------------------------------------------------------------------------------------------
# The oracle: one-sided slopes as a law moves towards one state


def moved(model: Plain, name: str, row: Any, state: int, step: Fraction) -> Plain:
    def law(old: Any) -> tuple[Fraction, ...]:
        return tuple(p * (1 - step) + (step if k == state else 0) for k, p in enumerate(old))

    noises, variables = dict(model["noises"]), [dict(v) for v in model["variables"]]
    if row is None:
        noises[name] = {**noises[name], "law": law(noises[name]["law"])}
    for v in variables:
        if v["name"] == name and row is not None:
            v["table"] = {**v["table"], row: law(v["table"][row])}
    return {"noises": noises, "variables": variables}


def cells(found: Any) -> list[Fraction] | None:
    return None if found is None else list(found.values()) if isinstance(found, dict) else [found]


def slope(model: Plain, query: Query, coupling: str, at: tuple[str, Any, int], sign: int) -> list[float] | None:
    here, once, twice = (cells(truth(moved(model, *at, sign * k * STEP), query, coupling)) for k in (0, 1, 2))
    if here is None or once is None or twice is None:
        return None
    return [float(sign * (-3 * a + 4 * b - c) / (2 * STEP)) for a, b, c in zip(here, once, twice, strict=True)]


def laws(model: Plain) -> list[tuple[str, Any, tuple[Fraction, ...], int]]:
    """Every law of a model: name, row (None for a noise), the law, the number of the row."""
    found = [(name, None, noise["law"], 0) for name, noise in model["noises"].items()]
    tables = [v for v in model["variables"] if "table" in v]
    return found + [(v["name"], row, law, r) for v in tables for r, (row, law) in enumerate(v["table"].items())]


def check(seed: str, bare: float, coupling: str, custom: Any = None) -> list[str]:
    """What is wrong with the derivatives of one random pair."""
    model, query = pair(seed, bare=bare, unknown=0)
    granted = {"rank_preserving": "rank_preserving"}.get(coupling, ()) if custom is None else custom
    found = sensitivity(to_model(model), to_text(query), assume=granted)
    base = cells(truth(model, query, coupling))
    if found.answer.finding in ("refused", "bounds") or "conditional probabilities only" in (found.refusal or ""):
        return []  # nothing joins the worlds: if ends meet, it is for no table's derivative to say
    assert (base is None) == (found.answer.finding == "undefined") == (found.refusal is not None)
    entries = [(*law, k) for law in laws(model) for k, p in enumerate(law[2]) if p < 1]
    random.Random(seed).shuffle(entries)
    wrong: list[str] = []
    for name, row, law, r, k in [] if base is None else entries[:ENTRIES]:
        ahead = slope(model, query, coupling, (name, row, k), 1)
        behind = slope(model, query, coupling, (name, row, k), -1) if law[k] else ahead
        if ahead is None or behind is None:
            continue  # the condition is impossible on one side
        table = found.tables.get(name)
        got = np.zeros(len(base or ())) if table is None else entry_of(table, r, k) * float(1 - law[k])
        for a, b, c in zip(ahead, behind, got.tolist(), strict=True):
            kink = abs(a - b) > 1e-7
            # A kink elsewhere in the row, or another coupling's, leaves a correct slope unsaid.
            fine = math.isnan(c) if kink else math.isnan(c) or abs(c - a) <= 1e-8 * (1 + abs(a))
            if not fine or (math.isnan(c) and not kink and not excused(table, r)):
                wrong.append(f"{seed}: {to_text(query)} by {name} {row} {k}: {c}, wanted {a} and {b}")
    return wrong


def entry_of(table: scm.TableSensitivity, r: int, k: int) -> Any:
    """The covariation derivatives of one entry, over the cells of the answer."""
    return table.covariation.reshape(-1, *(int(table.probability.size / len(table.states)), len(table.states)))[:, r, k]


def excused(table: Any, r: int) -> bool:
    """No slope may be said although the oracle's sides agree: the row has a kink, or a coupling would decide."""
    return bool(table.kink.reshape(-1, int(table.probability.size / len(table.states)), len(table.states))[:, r].any())


@pytest.mark.parametrize("block", range(4))
@pytest.mark.parametrize(
    ("bare", "coupling"), [(0, "independent"), (0.6, "independent"), (0.9, "rank_preserving")], ids=str
)
def test_derivatives_against_the_oracle(bare: float, coupling: str, block: int) -> None:
    seeds = [f"slopes {bare} {seed}" for seed in range(block * 20, block * 20 + 20)]
    assert not [problem for seed in seeds for problem in check(seed, bare, coupling)]


def product(laws: Any, _rows: Any) -> Any:
    out = np.ones((len(laws), *[1] * laws.shape[1]))
    for i in range(laws.shape[1]):
        out = out * laws[:, i].reshape(len(laws), *(-1 if j == i else 1 for j in range(laws.shape[1])))
    return out


def test_a_users_coupling_is_differentiated_numerically() -> None:
    custom = Custom("worlds are independent", product)
    assert not [p for seed in range(10) for p in check(f"custom {seed}", 0.9, "independent", custom)]


# ---------------------------------------------------------------------------------------------------------------------
# By hand

SMALL = Model(
    Variable("X", (0, 1), table=(0.3, 0.7)),
    Variable("Y", (0, 1, 2), parents=("X",), table={0: (0.2, 0.3, 0.5), 1: (0.6, 0.3, 0.1)}),
)


def test_partial_and_covariation_derivatives() -> None:
    found = sensitivity(SMALL, "P(Y = 0)")
    # P(Y = 0) = sum_x P(x) P(0 | x): textbook partial derivatives.
    np.testing.assert_allclose(found.tables["X"].partial, [0.2, 0.6], rtol=1e-14)
    np.testing.assert_allclose(found.tables["Y"].partial, [[0.3, 0, 0], [0.7, 0, 0]], atol=1e-15)
    np.testing.assert_allclose(found.tables["X"].covariation, [-0.4, 0.4], rtol=1e-14)
    # As P(1 | X = 0) grows by d, P(0 | X = 0) = 0.2 (1 - 0.3 - d) / 0.7.
    np.testing.assert_allclose(found.tables["Y"].covariation[0], [0.3, -0.3 * 2 / 7, -0.3 * 2 / 5], rtol=1e-14)
    first = found.top(1)[0]
    assert (str(first), first.probability) == ("P(Y = 0 | X = 1)", 0.6)
    assert first.covariation == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("query", "row", "wanted"),
    [
        ("P(X = 1 | Y = 0)", 0, -0.42 * 0.3 / 0.48**2),
        # Only the first term reads row 0, whose mean 1.3 shrinks in proportion.
        ("E[Y] - 2 * E[Y[X=1]]", 0, -0.3 * 1.3 / 0.8),
        ("P(Y = 0) / P(Y = 1)", 0, 0.3 / 0.3 - 0.48 / 0.09 * -0.3 * 0.3 / 0.8),
        ("P(Y = 0) * P(Y = 0)", 1, 2 * 0.48 * 0.7),
    ],
)
def test_contrasts(query: str, row: int, wanted: float) -> None:
    got = sensitivity(SMALL, query).tables["Y"].covariation[row, 0]
    assert got == pytest.approx(wanted, rel=1e-12)


def test_noises_unknown_laws_and_refusals() -> None:
    model = Model(
        Variable("U", noise=Unknown()),
        Variable("V", noise=Bernoulli(0.25)),
        Variable("A", equation="U"),
        Variable("C", equation="U and V"),
    )
    found = sensitivity(model, "P(V = 1 | A = 1) + P(V = 1)")
    assert [*found.tables] == ["u_V"]
    np.testing.assert_allclose(found.tables["u_V"].covariation, [-2, 2], atol=1e-12)
    apart = sensitivity(model, "P(V = 1 | A = 1) - P(V = 1 | A = 0)")
    assert (apart.answer.finding, apart.answer.value) == ("exact", 0)
    assert "no state of the roots of unknown law defines every term" in str(apart.refusal)
    assert sensitivity(model, "P(C = 1)").refusal == "the answer is bounds, which is no number"
    # 0 = 0 / P(U) whatever the law; beside V's law too.
    np.testing.assert_allclose(sensitivity(model, "P(C = 1 | A = 0)").tables["u_V"].covariation, [0, 0])
    undefined = sensitivity(model, "P(V = 1 | A = 1, U = 0)")
    assert undefined.refusal == "the answer is undefined, which is no number"
    assert not undefined.tables
    assert "no derivatives: the answer is undefined" in str(undefined)
    open_end = Model(*model.items[:2], Variable("C", equation="U and V"), Variable("N", noise=Bernoulli(0.0)),
                     Variable("D", equation="C and N"))  # fmt: skip
    assert "roots of unknown law" in str(sensitivity(open_end, "P(D = 1)").refusal)


def test_rows() -> None:
    rows = {"x": [0, 1, 1, 0], "y": [0, 2, 2, 1]}
    model = Model(
        SMALL.items[0],
        SMALL.items[1],
        Variable("Z", (0, 1), parents=("X", "Y"), table={(x, y): (0.5, 0.5) if y == 1 else (0.2 + x / 2, 0.8 - x / 2)
                                                        for x in (0, 1) for y in (0, 1, 2)}),
    )  # fmt: skip
    query = "P(Z[X=?x], X | Y = ?y)"
    batch = sensitivity(model, query, rows=rows, assume="rank_preserving")
    table = batch.tables["Z"]
    assert table.partial.shape == (4, 2, 2, 2, 3, 2)
    for i in range(4):
        one = sensitivity(model, query, rows={k: [v[i]] for k, v in rows.items()}, assume="rank_preserving")
        for name, t in one.tables.items():
            np.testing.assert_allclose(batch.tables[name].covariation[i], t.covariation[0], rtol=1e-12, atol=1e-14)
    summed = sensitivity(model, query, rows=rows, assume="rank_preserving", summed=True)
    np.testing.assert_allclose(summed.tables["Z"].partial, table.partial.sum(axis=0), rtol=1e-12, atol=1e-14)


def test_rows_where_consistency_decides_and_rows_without_an_answer() -> None:
    model = Model(Variable("X", (0, 1), table=(1, 0)), Variable("W", (0, 1), table=(0.4, 0.6)), SMALL.items[1])
    # Y[X=x] = Y where X = x: P(x) P(0 | x) P(w), and no coupling.
    found = sensitivity(model, "P(Y[X=?a] = Y, Y = 0, X = ?a, W = ?c)", rows={"a": [0, 1, 0], "c": [1, 0, 1]})
    np.testing.assert_allclose(found.tables["Y"].covariation[:, :, 0], [[0.6, 0], [0, 0], [0.6, 0]], atol=1e-15)
    np.testing.assert_allclose(found.tables["X"].covariation[:, 1], [-0.2 * 0.6, 0.6 * 0.4, -0.2 * 0.6], rtol=1e-12)
    found = sensitivity(model, "P(Y = 0 | X = ?)", rows={"X": [0, 1, 0]})
    assert found.answer.status == ("ok", "undefined", "ok")
    assert np.isnan(found.tables["Y"].covariation[1]).all()
    assert np.isfinite(found.tables["Y"].covariation[[0, 2]]).all()
    assert json.loads(json.dumps(found.to_json(), allow_nan=False)) == found.to_json()
    summed = sensitivity(model, "P(Y = 0 | X = ?)", rows={"X": [0, 1, 0]}, summed=True)
    assert summed.tables["Y"].partial[0, 0] == pytest.approx(2 * 0.8)
    assert not sensitivity(model, "P(Y = 0 | X = ?)", rows={"X": []}).tables


def test_columns_for_a_data_frame() -> None:
    columns = sensitivity(SMALL, "P(Y | X = ?)", rows={"X": [0, 1]}).to_columns()
    assert {len(c) for c in columns.values()} == {2 * 3 * (2 + 6)}
    assert set(columns["row"]) == {0, 1}
    assert set(columns["state of Y"]) == {0, 1, 2}
    at = next(i for i in range(48) if columns["name"][i] == "Y" and columns["given"][i] == {"X": 1}
              and (columns["state"][i], columns["row"][i], columns["state of Y"][i]) == (2, 1, 2))  # fmt: skip
    assert columns["covariation"][at] == pytest.approx(1.0)


# ---------------------------------------------------------------------------------------------------------------------
# Kinks, small numbers, size


def test_a_kink_is_marked() -> None:
    """Both rows alike: a step of either parts the cuts one way or the other."""
    model = Model(SMALL.items[0], Variable("Y", (0, 1), parents=("X",), table={0: (0.4, 0.6), 1: (0.4, 0.6)}))
    found = sensitivity(model, "P(Y[X=0] = 1, Y[X=1] = 0)", assume="rank_preserving")
    assert found.tables["Y"].kink.all()
    assert np.isnan(found.tables["Y"].partial).all()
    assert np.isnan(found.tables["Y"].covariation).all()
    assert all(e.covariation is None for e in found.top(3))
    json.dumps(found.to_json(), allow_nan=False)
    both = sensitivity(model, "P(Y[X=0] = 1, X = 0)", assume="rank_preserving").tables["Y"]
    np.testing.assert_allclose(both.covariation, [[-0.3, 0.3], [0, 0]], atol=1e-15)
    custom = Custom("ranks", rank_preserving.kernel)
    assert sensitivity(model, "P(Y[X=0] = 1, Y[X=1] = 0)", assume=custom).tables["Y"].kink.all()


def test_beside_a_certain_row_the_answer_may_be_open() -> None:
    model = Model(SMALL.items[0], Variable("Y", (0, 1), parents=("X",), table={0: (1, 0), 1: (0.3, 0.7)}))
    table = sensitivity(model, "P(Y[X=1] = 1 | X = 0, Y = 0)").tables["Y"]
    np.testing.assert_array_equal(table.kink, [[False, True], [False, False]])
    np.testing.assert_allclose(table.covariation[1], [-1, 1], rtol=1e-14)


@pytest.mark.parametrize("coupling", ["gumbel_max", "independent", "rank_preserving"])
@pytest.mark.parametrize("query", ["P(Y[X=1] = 0 | X = 0, Y = 1)", "P(Y[X=1] = 0, Y[X=0] = 1)", "E[Y[X=1] * Y[X=0]]"])
def test_couplings_against_difference_quotients(coupling: str, query: str) -> None:
    """Every entry of a table without ties: central differences of the answer, off by about 1e-9."""
    table = np.array([[0.3, 0.45, 0.25], [0.5, 0.43, 0.07], [0.2, 0.31, 0.49]])

    def model(rows: Any) -> Model:
        laws: dict[Any, Any] = {x: tuple(rows[x].tolist()) for x in range(3)}
        return Model(
            Variable("X", (0, 1, 2), table=(0.2, 0.3, 0.5)), Variable("Y", (0, 1, 2), parents=("X",), table=laws)
        )

    def answer(r: int, k: int, step: float) -> Any:
        moved = table.copy()
        moved[r] *= (1 - table[r, k] - step) / (1 - table[r, k])
        moved[r, k] = table[r, k] + step
        return scm.ask(model(moved), query, assume=coupling).value

    found = sensitivity(model(table), query, assume=coupling).tables["Y"]
    wanted = [[(answer(r, k, 1e-5) - answer(r, k, -1e-5)) / 2e-5 for k in range(3)] for r in range(3)]
    np.testing.assert_allclose(found.covariation, wanted, atol=1e-7)
    assert not found.kink.any()


def test_a_certain_row_has_no_part_in_a_coupling() -> None:
    """Three worlds, one of a certain row: the closed form for two serves, but not beside it."""
    counts: dict[Any, Any] = {0: (3, 4, 5), 1: (5, 6, 7), 2: (0, 8, 0)}
    model = Model(Variable("X", (0, 1, 2), counts=(3, 4, 5)), Variable("Y", (0, 1, 2), parents=("X",), counts=counts))
    query = "P(Y[X=1] = 0, Y[X=2] = 1 | X = 0, Y = 1)"
    found = sensitivity(model, query, assume="independent").tables["Y"]
    # P(Y[1] = 0) P(Y[2] = 1): the second factor falls as another state grows from zero.
    np.testing.assert_allclose(found.covariation[1], [1, -5 / 12, -5 / 11])
    np.testing.assert_allclose(found.covariation[2, [0, 2]], [-5 / 18, -5 / 18])
    assert "has no closed form" in str(sensitivity(model, query, assume="gumbel_max").refusal)
    answer = scm.ask(model, query, assume="gumbel_max")
    assert answer.finding == "estimate"
    assert answer.uncertainty.sampling is None
    assert any(a.text.startswith("no standard error is given: 'Y': the Gumbel-max") for a in answer.assumptions)


def test_a_noise_table_does_not_say_what_is_beside_its_table() -> None:
    model = Model(
        Variable("X", (0, 1), counts=(30, 70)), Variable("Y", (0, 1), parents=("X",), counts={0: (5, 5), 1: (25, 75)})
    )
    noise = scm.by_noise(model, "Y", {0: 0.25, 1: 0.25, 2: 0.5},
                         {(0, 0): 0, (0, 1): 0, (0, 2): 1, (1, 0): 0, (1, 1): 1, (1, 2): 1})  # fmt: skip
    assert sensitivity(model, "P(Y[X=1] = 1 | X = 0, Y = 0)", assume=noise).tables["Y"].kink.all()
    open_end = scm.ask(model, "P(Y[X=1] = 1 | X = 0, Y = 0)", assume=noise)
    assert (open_end.value, open_end.uncertainty.sampling) == (0.5, None)
    # A difference of means hangs on the margins alone.
    effect = sensitivity(model, "E[Y[X=1] - Y[X=0]]", assume=noise).tables["Y"]
    np.testing.assert_allclose(effect.covariation, [[1, -1], [-1, 1]], rtol=1e-12)


def test_frames_evidence_and_empty_cells() -> None:
    cells = [{"X": 0, "Y": None}, {"X": None, "Y": 1}, {"X": None, "Y": None}, {"X": 0, "Y": None}]
    found = sensitivity(SMALL, "P(Y[X=1] = 0)", rows=cells, assume="rank_preserving", ignored=())
    for i, row in enumerate(cells):
        given = ", ".join(f"{k} = {v}" for k, v in row.items() if v is not None)
        one = sensitivity(SMALL, f"P(Y[X=1] = 0{' | ' if given else ''}{given})", assume="rank_preserving")
        got = found.tables["Y"].covariation[i]
        np.testing.assert_allclose(got, one.tables["Y"].covariation, rtol=1e-12, atol=1e-14)
    with pytest.raises(scm.InvalidRows):
        sensitivity(SMALL, "P(Y = 0 | X = ?)", rows={"X": [0], "extra": [1]})
    assert sensitivity(SMALL, "P(Y = 0 | X = ?)", rows={"X": [0], "extra": [1]}, ignored=("extra",)).tables


def tiny_model(p: float) -> Model:
    table: dict[Any, Any] = {0: (1 - p, p), 1: (0.5, 0.5)}
    tests = [Variable(f"T{i}", (0, 1), parents=("X",), table={0: (0.75, 0.25), 1: (1 - p, p)}) for i in range(45)]
    return Model(Variable("X", (0, 1), table=(0.5, 0.5)), Variable("Y", (0, 1), parents=("X",), table=table), *tests)


@pytest.mark.parametrize("power", [10, 23, 40, 300])
def test_tiny_probabilities(power: int) -> None:
    """P(X = 0 | Y = 1) = p / (p + 1/2): the slope at p = 2^-23, about 1e-7, and far below."""
    p = 2.0**-power
    found = sensitivity(tiny_model(p), "P(X = 0 | Y = 1)").tables["Y"]
    assert found.covariation[0, 1] == pytest.approx(
        float(Fraction(1, 2) / (Fraction(p) + Fraction(1, 2)) ** 2), rel=1e-13
    )
    two = Model(
        Variable("X", (0, 1), table=(0.5, 0.5)),
        Variable("Y", (0, 1), parents=("X",), table={0: (1 - p, p), 1: (1 - 3 * p, 3 * p)}),
    )
    if power < 40:  # below, cut points are the same to fourteen digits
        joint = sensitivity(two, "P(Y[X=0] = 1 | Y[X=1] = 1)", assume="rank_preserving").tables["Y"]
        assert joint.covariation[0, 1] == pytest.approx(1 / (3 * p), rel=1e-6)
        assert joint.covariation[1, 1] == pytest.approx(-1 / (9 * p), rel=1e-6)


def test_evidence_too_improbable_for_a_plain_product() -> None:
    """45 tests positive: under X = 1 that has weight 2^-13500, which no float holds; slopes hang on X = 0 alone."""
    evidence = ", ".join(f"T{i} = 1" for i in range(45))
    found = sensitivity(tiny_model(2.0**-20), f"P(X = 1 | {evidence})")
    ratio = Fraction(2) ** (-20 * 45 + 2 * 45)
    wanted = float(-2 * ratio / (1 + ratio) ** 2)  # P(X = 0) moves: P(X = 1) / P(X = 0) = (1 - p) / p
    assert found.tables["X"].covariation[0] == pytest.approx(2 * wanted, rel=1e-10)
    refused = sensitivity(tiny_model(2.0**-300), f"P(X = 1 | {evidence})")
    assert refused.answer.finding == "refused" or refused.refusal is not None


def woven(n: int) -> Model:
    """`n` variables with three parents each, among the five before them."""
    rng = random.Random(4)
    out: list[Variable] = []
    for i in range(n):
        parents = tuple(f"V{j}" for j in sorted(rng.sample(range(max(0, i - 5), i), min(3, i))))
        counts: dict[Any, Any] = {
            c: (rng.randint(1, 50), rng.randint(1, 50)) for c in itertools.product((0, 1), repeat=len(parents))
        }
        out.append(Variable(f"V{i}", (0, 1), parents=parents, counts=counts if parents else counts[()]))
    return Model(*out)


def test_slices_and_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model, query, rows = woven(24), "P(V23 = 1 | V3 = ?a, V14 = ?b)", {"a": [0, 1, 1, 0], "b": [1, 0, 1, 0]}
    whole = sensitivity(model, query, rows=rows)
    for chunk in (1, 3000):
        monkeypatch.setattr("scm.solvers._gradient.AT_ONCE", chunk)
        found = sensitivity(model, query, rows=rows)
        for name, table in found.tables.items():
            np.testing.assert_allclose(table.partial, whole.tables[name].partial, rtol=1e-10, atol=1e-14)
    budget = Budget(entries=16)
    sliced = sensitivity(model, "P(V23 = 1 | V3 = 1, V14 = 0)", budget=budget)
    plans = [kept.plan for kept in model.plans.values() if isinstance(kept, Planned)]
    assert any(plan.path.slices > 1 for plan in plans)
    for name, table in sliced.tables.items():
        np.testing.assert_allclose(table.partial, whole.tables[name].partial[1], rtol=1e-10, atol=1e-14)


def test_a_budget_is_kept() -> None:
    found = sensitivity(SMALL, "P(Y = 0 | X = ?)", rows={"X": [0, 1] * 50}, budget=Budget(entries=12))
    assert "numbers or more; the budget is 12" in str(found.refusal)
    with pytest.raises(scm.UnknownName):
        sensitivity(SMALL, "P(Q = 0)")


# ---------------------------------------------------------------------------------------------------------------------
# Standard errors


def counted(scale: int) -> Model:
    counts: dict[Any, Any] = {k: tuple(n * scale for n in row) for k, row in {0: (12, 18, 10), 1: (35, 30, 5)}.items()}
    return Model(
        Variable("X", (0, 1), counts=(30 * scale, 70 * scale)), Variable("Y", (0, 1, 2), parents=("X",), counts=counts)
    )


QUERIES = ("E[Y[X=1]] - E[Y[X=0]]", "P(X = 1 | Y = 0)", "P(Y[X=1] = 0 | X = 0, Y = 1)", "P(Y[X=1] > Y[X=0])")


@pytest.mark.parametrize("query", QUERIES)
def test_standard_errors_against_simulation(query: str) -> None:
    """Counts drawn afresh: the spread of their answers, itself uncertain by 1/sqrt(2n); alarms once in two million."""
    model, n = counted(4000), 8000
    rng = np.random.default_rng(7)
    drawn: dict[str, Any] = {}
    for name, mechanism in model.mechanisms.items():
        assert isinstance(mechanism, Table)
        pairs = zip(mechanism.rows, mechanism.totals or (), strict=True)
        drawn[name] = np.stack([rng.multinomial(int(total), row, n) / total for row, total in pairs], axis=1)
    drawn["X"] = drawn["X"][:, 0]
    found = scm.ask_draws(model, query, drawn, assume="rank_preserving")
    error = found.answer.uncertainty.sampling
    spread = found.answer.uncertainty.parameters
    assert isinstance(error, float)
    # Five standard deviations of the spread, and the delta method's own error of order one count in 40,000.
    assert spread == pytest.approx(error, rel=5 / math.sqrt(2 * n) + 2e-3)


def test_standard_errors_of_rows_and_distributions() -> None:
    answer = scm.ask(counted(100), "P(Y | X = ?)", rows={"X": [1, 0, 1]})
    error = np.asarray(answer.uncertainty.sampling)
    assert error.shape == (3, 3)
    share, total = np.array([[35, 30, 5]] * 3) / 70, 7000
    np.testing.assert_allclose(error[[0, 2]], np.sqrt(share * (1 - share) / total)[:2], rtol=1e-3)


def test_no_standard_error_at_a_kink() -> None:
    model = Model(
        Variable("X", (0, 1), counts=(30, 70)), Variable("Y", (0, 1), parents=("X",), counts={0: (5, 5), 1: (20, 20)})
    )
    answer = scm.ask(model, "P(Y[X=1] = 1 | X = 0, Y = 0)", assume="rank_preserving")
    assert (answer.finding, answer.value, answer.uncertainty.sampling) == ("estimate", 0, None)
    assert any("the answer has a kink in the counted shares" in a.text for a in answer.assumptions)
    smooth = scm.ask(model, "P(Y[X=1] = 1 | X = 0)", assume="rank_preserving")
    assert smooth.uncertainty.sampling == pytest.approx(math.sqrt(0.25 / 40), rel=1e-3)


def test_no_standard_error_beyond_the_budget() -> None:
    parents = tuple(f"A{i}" for i in range(6))
    counts: dict[Any, Any] = {c: (1 + sum(c), 9) for c in itertools.product((0, 1), repeat=6)}
    roots = [Variable(a, (0, 1), counts=(3, 7)) for a in parents]
    model = Model(*roots, Variable("Y", (0, 1), parents=parents, counts=counts))
    found = [scm.ask(model, "P(Y = 1 | A0 = 1)", budget=Budget(operations=2.0**k)) for k in range(20)]
    told = [a for a in found if a.finding == "estimate" and a.uncertainty.sampling is None]
    assert told
    # The derivatives, or the contraction that they are taken of, would cost more than the answer did.
    reason = re.compile(r"no standard error is given: The (derivatives are|exact contraction is) forecast at")
    assert all(reason.search(" ".join(a.to_text().split())) for a in told)
    assert found[0].finding == "refused"
    assert found[-1].uncertainty.sampling is not None


def test_many_parents_are_quick() -> None:
    """8,192 rows of counts: one sweep, where moving every row would take hours."""
    parents = tuple(f"A{i}" for i in range(13))
    rng = np.random.default_rng(3)
    counts: dict[Any, Any] = {c: tuple(rng.integers(1, 50, 2).tolist()) for c in itertools.product((0, 1), repeat=13)}
    roots = [Variable(a, (0, 1), counts=(30, 20)) for a in parents]
    model = Model(*roots, Variable("Y", (0, 1), parents=parents, counts=counts))
    answer = scm.ask(model, "P(Y = 1 | do(A0 = 1))")
    assert isinstance(answer.uncertainty.sampling, float)
    assert len(sensitivity(model, "P(A1 = 1 | Y = 1)").top(3)) == 3
