"""All posteriors in one pass, and the most probable state, against brute force, against `ask` and against pgmpy."""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import math
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scm
from scm import Bernoulli, Execution, Model, Noise, Unknown, Variable, ask, most_probable, posteriors
from scm.solvers import Budget
from scm.solvers._contract import get_ready, program_of
from scm.solvers._program import rescaled
from tests.agreement import BLOCK
from tests.bridge_to_engine import to_model
from tests.generators import pair
from tests.oracle import couple, freeze, units
from tests.plain import fill, outer_terms, punch, rows_for, to_text


def close_to(found: Any, wanted: Any, **tolerances: Any) -> None:
    np.testing.assert_allclose(found, wanted, **tolerances)


TOLERANCE = 1e-12


def term_of(query: Any) -> Any:
    """One term of a plain query: `sum`s are taken apart."""
    while query[0] == "sum":
        query = query[1][0][1]
    return query


def asked(model: Any, query: Any) -> list[Any]:
    """Every variable of the factual world and of every world that a query speaks of."""
    worlds = dict.fromkeys([(), *(t[2] for t in outer_terms(query[1:]))])
    return [("var", v["name"], w) for w in worlds for v in model["variables"]]


def engine_terms(terms: list[Any], given: Any) -> tuple[tuple[scm.Var, ...], scm.Expr | None]:
    """Plain terms and evidence in the engine's syntax."""
    query = scm.parse_query(to_text(("dist", terms, given)))
    assert isinstance(query, scm.Distribution)
    return query.of, query.given


def by_hand(model: Any, terms: list[Any], given: Any) -> tuple[Fraction, list[dict[Any, Fraction]], Fraction, bool]:
    """P(evidence), the law of each term, the probability of the likeliest unit given the evidence, and whether it ties.

    Laws are of weights where the evidence is impossible.
    """
    closed = couple(model, "independent")
    total, evidence, best, ties = 0, 0, 0, 0
    laws: list[dict[Any, int]] = [{} for _ in terms]
    for unit, weight in units(closed, freeze(("dist", tuple(terms), given))):
        total += weight
        if not unit.holds(given):
            continue
        evidence += weight
        best, ties = (weight, 1) if weight > best else (best, ties + (weight == best))
        for law, term in zip(laws, terms, strict=True):
            value = unit.number(term)
            law[value] = law.get(value, 0) + weight
    shares = [{s: Fraction(w, evidence) for s, w in law.items()} for law in laws]
    return Fraction(evidence, total), shares, Fraction(best, evidence) if evidence else Fraction(0), ties > 1


def check_laws(found: scm.Posteriors, row: int | None, model: Any, terms: list[Any], given: Any) -> None:
    evidence, laws, _, _ = by_hand(model, terms, given)
    states = {v["name"]: v["states"] for v in model["variables"]}
    log = np.asarray(found.evidence_log_probability, float).reshape(-1)[row or 0]
    assert found.status[row or 0] == ("ok" if evidence else "undefined")
    assert (log == -np.inf) if not evidence else abs(log - math.log(evidence)) < 1e-10
    for (name, law), wanted, term in zip(found.laws.items(), laws, terms, strict=True):
        own = law if row is None else law[row]
        if not evidence:
            assert np.isnan(own).all(), name
        else:
            truth = [float(wanted.get(s, 0)) for s in states[term[1]]]
            assert np.abs(own - truth).max() <= TOLERANCE, (name, own, truth)


@pytest.mark.parametrize("block", range(5))
def test_random_posteriors(block: int) -> None:
    refused = 0
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        model, query = pair(f"posteriors {seed}", unknown=0)
        query = term_of(query)
        terms = asked(model, query)
        of, given = engine_terms(terms, query[2])
        found = posteriors(to_model(model), given, of=of)
        if found.finding == "refused":
            refused += 1
            assert "stochastic policy" in found.refusals[0][1]
            continue
        check_laws(found, None, model, terms, query[2])
    assert refused < BLOCK / 5


@pytest.mark.parametrize("block", range(2))
def test_random_rows(block: int) -> None:
    """Evidence and imposed values that differ by row, impossible rows among them."""
    undefined = 0
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        rng = random.Random(f"posterior rows {seed}")
        model, query = pair(f"posterior rows {seed}", unknown=0, kind=rng.choice(("see", "do", "imagine", "many")))
        query = term_of(query)
        terms = tuple(asked(model, query))
        states = {v["name"]: v["states"] for v in model["variables"]}
        punched, holes = punch(("dist", terms, query[2]), states, rng)
        if not holes:
            continue
        rows = rows_for(holes, rng, most=5)
        asked_for = scm.parse_query(to_text(punched))
        assert isinstance(asked_for, scm.Distribution)
        if len(set(asked_for.of)) < len(terms):
            continue
        columns = {hole: [row[hole] for row in rows] for hole in rows[0]}
        found = posteriors(to_model(model), asked_for.given, of=asked_for.of, rows=columns)
        assert found.finding != "refused"
        for i, row in enumerate(rows):
            filled = fill(punched, row)
            check_laws(found, i, model, list(filled[1]), filled[2])
        undefined += list(found.status).count("undefined")
    assert undefined > 5


@pytest.mark.parametrize("block", range(4))
def test_random_explanations(block: int) -> None:
    ties = 0
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        model, query = pair(f"explain {seed}", unknown=0)
        query = term_of(query)
        terms = asked(model, query)
        if not all("draw" not in repr(t[2]) or (len(t[2]) == 1 and t[2][0][0] == "draw") for t in terms):
            continue  # brute force would count draws that nothing reads
        of, given = engine_terms(terms, query[2])
        found = most_probable(to_model(model), given, of=of)
        if found.finding == "refused":
            assert "stochastic policy" in found.refusals[0][1]
            continue
        evidence, _, best, tied = by_hand(model, terms, query[2])
        if not evidence:
            assert found.finding == "undefined"
            assert set(found.states.values()) == {None}
            assert math.isnan(float(found.probability))  # type: ignore[arg-type]
            continue
        assert found.probability == pytest.approx(float(best), rel=1e-9)
        assert found.tied == tied
        ties += tied
        follow(model, terms, query[2], found)
    assert ties > 5


def follow(model: Any, terms: list[Any], given: Any, found: scm.Explanation) -> None:
    """The noise that was found has the probability told, meets the evidence, and gives every term its state."""
    frozen = freeze(("dist", tuple(terms), given))
    if "draw" in repr(frozen):
        return
    total = sum(weight for unit, weight in units(model, frozen) if unit.holds(given))
    for unit, weight in units(model, frozen):
        if all(unit.noise[name] == state for name, state in found.noises.items()):
            assert unit.holds(given)
            assert weight / total == pytest.approx(found.probability)
            assert [unit.number(t) for t in terms] == list(found.states.values())[: len(terms)]
            return
    raise AssertionError(f"no unit has the noises {found.noises}")


# ---------------------------------------------------------------------------------------------------------------------
# Networks of tables


def random_network(seed: int, size: int = 9, states: int = 3, parents: int = 2) -> Model:
    """Tables with some impossible states."""
    rng = np.random.default_rng(seed)
    out: list[Variable] = []
    for i in range(size):
        chosen = [f"V{j}" for j in sorted(rng.choice(i, size=min(i, parents), replace=False).tolist())]
        laws = rng.dirichlet(np.ones(states), size=states ** len(chosen))
        laws[rng.random(laws.shape) < 0.15] = 0.0
        laws[:, 0] += (laws.sum(axis=1) == 0).astype(float)
        laws /= laws.sum(axis=1, keepdims=True)
        if chosen:
            keys = itertools.product(range(states), repeat=len(chosen))
            table = {key: law.tolist() for key, law in zip(keys, laws, strict=True)}
            out.append(Variable(f"V{i}", range(states), parents=chosen, table=table))
        else:
            out.append(Variable(f"V{i}", range(states), table=laws[0].tolist()))
    return Model(*out)


def evidence_rows(rows: int, seed: int = 0) -> dict[str, Any]:
    return {f"v{k}": np.random.default_rng(seed + k).integers(0, 3, size=rows) for k in (2, 5, 8)}


GIVEN = "V2 = ?v2, V5 = ?v5, V8 = ?v8"


@pytest.mark.parametrize("rows", [1, 7, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_each_term_is_what_ask_says(rows: int, seed: int) -> None:
    model, columns = random_network(seed), evidence_rows(rows)
    found = posteriors(model, GIVEN, rows=columns)
    for name in model.variable_states:
        answer = ask(model, f"P({name} | {GIVEN})", rows=columns)
        assert list(answer.status) == list(found.status)
        if answer.value is not None:
            close_to(found[name], answer.value, rtol=0, atol=TOLERANCE)
    weight = ask(model, f"P({GIVEN})", rows=columns).value
    close_to(found.evidence_probability, weight, rtol=1e-10)


@pytest.mark.parametrize(("precision", "close"), [("single", 3e-6), ("double", 1e-13)])
def test_the_compiled_executor_agrees(precision: Any, close: float) -> None:
    model = random_network(1)
    for rows in (1, 7, 1000):
        columns = evidence_rows(rows)
        plain = posteriors(model, GIVEN, rows=columns, execution=Execution("numpy"))
        found = posteriors(model, GIVEN, rows=columns, execution=Execution("jax", precision, chunk=256))
        assert "jax" in found.plan["executor"]
        assert list(found.status) == list(plain.status)
        for name, law in plain.laws.items():
            close_to(found[name], law, rtol=0, atol=close)
        close_to(found.evidence_log_probability, plain.evidence_log_probability, atol=1e2 * close)


def test_small_chunks_change_nothing() -> None:
    model, columns = random_network(2), evidence_rows(50)
    whole = posteriors(model, GIVEN, rows=columns)
    parts = posteriors(model, GIVEN, rows=columns, execution=Execution("numpy", chunk=7))
    for name, law in whole.laws.items():
        close_to(parts[name], law, atol=TOLERANCE)


def test_margins_of_pairs() -> None:
    model = random_network(0)
    found = posteriors(model, "V5 = 1")
    for a, b in (("V0", "V7"), ("V3", "V8"), ("V1", "V5")):
        joint = np.asarray(ask(model, f"P({a}, {b} | V5 = 1)").value)
        close_to(joint.sum(axis=1), found[a], atol=TOLERANCE)
        close_to(joint.sum(axis=0), found[b], atol=TOLERANCE)


def test_slices_change_nothing() -> None:
    model, columns = random_network(3, size=14, parents=4), {"v8": [0, 1, 2], "v13": [2, 1, 0]}
    given = "V8 = ?v8, V13 = ?v13"
    whole = posteriors(model, given, rows=columns)
    tight = posteriors(model, given, rows=columns, budget=Budget(entries=30))
    plan = next(p.plan for k, p in model.plans.items() if k[0] == "laws" and p.plan.path.slices > 1)
    assert plan.path.slices > 1
    for name, law in whole.laws.items():
        close_to(tight[name], law, atol=TOLERANCE)
    close_to(tight.evidence_log_probability, whole.evidence_log_probability, rtol=1e-10)
    best, sliced = (most_probable(model, given, rows=columns, budget=b) for b in (None, Budget(entries=30)))
    close_to(sliced.log_probability, best.log_probability, rtol=1e-9)
    assert all((sliced.states[n] == best.states[n]).all() for n in best.states)


@pytest.mark.parametrize(
    ("size", "execution", "least", "p"), [(240, "numpy", -700.0, 1e-9), (10, "jax", -100.0, 1e-25)]
)
def test_numbers_below_the_smallest_float(size: int, execution: Any, least: float, p: float) -> None:
    chain = [Variable("V0", (0, 1), table=[1 - p, p])]
    chain += [
        Variable(f"V{i}", (0, 1), parents=[f"V{i - 1}"], table={0: [1 - p, p], 1: [0.5, 0.5]}) for i in range(1, size)
    ]
    model, third = Model(*chain), [f"V{i}" for i in range(0, size, 3)]
    given = ", ".join(f"{v} = ?{v}" for v in third)
    columns = {v: [0, 1, (int(v[1:]) // 3) % 2] for v in third}
    found = posteriors(model, given, rows=columns, execution=Execution(execution))
    log = np.asarray(found.evidence_log_probability)
    assert log[2] < least
    weight = np.asarray(ask(model, f"P({given})", rows=columns).value)
    close_to(np.exp(log[:2]), weight[:2], rtol=1e-4)
    single = execution == "jax"
    for term in ("V1", "V5", f"V{size - 1}"):
        answer = ask(model, f"P({term} | {given})", rows=columns)
        close_to(found[term], answer.value, atol=1e-5 if single else 1e-10)


def test_nothing_overflows_in_single_precision() -> None:
    even = {(a, b): [0.49, 0.49, 0.02] for a in range(3) for b in range(3)}
    variables = [Variable(f"V{i}", range(3), table=[0.49, 0.49, 0.02]) for i in range(2)]
    variables += [Variable(f"V{i}", range(3), parents=[f"V{i - 2}", f"V{i - 1}"], table=even) for i in range(2, 150)]
    model = Model(*variables)
    posteriors(model, "V149 = ?v", rows={"v": [0, 1]})
    plan = next(p.plan for k, p in model.plans.items() if k[0] == "laws")
    ready = get_ready(plan, {}, 2, -126.0)
    _, ranges = rescaled(program_of(plan, {}, 2), ready.ranges, -126.0)
    assert max(high for _, high in ranges) < 127
    assert min(low for low, _ in ranges) > -127


# ---------------------------------------------------------------------------------------------------------------------
# Worlds, refusals, and what is printed

SQUAD = Model(
    Variable("order", (False, True), equation="u_order", noise={"u_order": Bernoulli(0.3)}),
    Variable("a", equation="order or u_nervous", noise={"u_nervous": Bernoulli(0.1)}),
    Variable("b", equation="order"),
    Variable("dead", equation="a or b"),
)
TABLES = Model(
    Variable("X", (0, 1), table=[0.4, 0.6]),
    Variable("M", (0, 1), parents=["X"], table={0: [0.7, 0.3], 1: [0.2, 0.8]}),
    Variable("Y", (0, 1), parents=["M"], table={0: [0.9, 0.1], 1: [0.5, 0.5]}),
)


def test_every_variable_in_every_world() -> None:
    found = posteriors(SQUAD, "dead = True", of=["", "a=False", "dead[b=True]"])
    assert len(found.laws) == 9
    assert found["dead[a=False]"][1] == pytest.approx(0.3 / 0.37)
    assert found["dead"].tolist() == [0.0, 1.0]
    assert found["a[a=False]"].tolist() == [1.0, 0.0]
    assert found.rung == 3
    assert "P(dead[a=False])" in str(found)
    assert found.to_json()["laws"][0]["states"] == [False, True]
    with pytest.raises(scm.UnknownName):
        _ = found["dead[b=False]"]


def test_do_says_which_world() -> None:
    found = posteriors(TABLES, "do(X=1), M=1")
    assert list(found.laws) == ["X[X=1]", "M[X=1]", "Y[X=1]"]
    assert found["Y[X=1]"].tolist() == [0.5, 0.5]
    with pytest.raises(scm.InvalidQuery, match="which world"):
        posteriors(TABLES, "do(X=1)", of="Y")


def test_tables_in_several_worlds_need_a_coupling_only_where_a_term_does() -> None:
    both = posteriors(TABLES, of=["X=0", "X=1"])
    for text in ("Y[X=0]", "Y[X=1]", "M[X=0]"):
        close_to(both[text], ask(TABLES, f"P({text})").value)
    refused = posteriors(TABLES, "Y=1", of="Y[X=0]")
    assert refused.finding == "refused"
    assert "Grant a coupling" in refused.refusals[0][1]
    assert ask(TABLES, "P(Y[X=0] | Y=1)").finding == "bounds"
    kept = posteriors(TABLES, "Y=1, X=1", of=["", "X=0"], assume="rank_preserving")
    answer = ask(TABLES, "P(Y[X=0] | Y=1, X=1)", assume="rank_preserving")
    close_to(kept["Y[X=0]"], answer.value)
    assert [a.text for a in kept.assumptions] == [a.text for a in answer.assumptions]


def test_a_consistent_world_needs_no_coupling() -> None:
    found = posteriors(TABLES, "X=?x, Y=1", of=["Y[X=1]", "M[X=1]"], rows={"x": [1]})
    assert found["Y[X=1]"].tolist() == [[0.0, 1.0]]
    close_to(found["M[X=1]"][0], ask(TABLES, "P(M | X=1, Y=1)").value)


def test_refusals() -> None:
    unknown = Model(Noise("u", Unknown((0, 1))), Variable("X", equation="u"), Variable("Y", equation="1 - X"))
    for found in (posteriors(unknown, "X=1"), most_probable(unknown, "X=1")):
        assert found.finding == "refused"
        assert "law of 'u' is unknown" in found.refusals[0][1]
    found = posteriors(random_network(5, size=12, parents=3), "V9 = 1", budget=Budget(operations=100))
    assert found.finding == "refused"
    assert "forecast" in found.refusals[0][1]
    some = most_probable(SQUAD, "dead = True", of="a")
    assert some.finding == "refused"
    assert "marginal MAP" in some.refusals[0][1]


@pytest.mark.parametrize("given", ["dead", "dead = ", "dead = True) - P(a", "x = 1", "dead = 2"])
def test_bad_evidence(given: str) -> None:
    with pytest.raises(scm.ScmError):
        posteriors(SQUAD, given)


@pytest.mark.parametrize("of", ["nobody", "a[", 3, [3], [], "a + b", "P(a)", "c=1"])
def test_bad_terms(of: Any) -> None:
    with pytest.raises(scm.ScmError):
        posteriors(SQUAD, of=of)


def test_impossible_rows_among_good_ones() -> None:
    rows = {"d": [True, False, True]}
    found = posteriors(SQUAD, "dead = ?d, a = True", rows=rows)
    assert list(found.status) == ["ok", "undefined", "ok"]
    assert np.isnan(found["order"][1]).all()
    assert not np.isnan(found["order"][[0, 2]]).any()
    assert found.to_json()["laws"][0]["law"][1] == [None, None]
    best = most_probable(SQUAD, "dead = ?d, a = True", rows=rows)
    assert best.states["order"].tolist() == [True, None, True]
    assert np.isnan(np.asarray(best.probability)[1])
    assert posteriors(SQUAD, "dead = False, a = True").finding == "undefined"
    assert posteriors(SQUAD, "dead = ?d", rows={"d": []})["a"].shape == (0, 2)


def test_evidence_as_values() -> None:
    assert posteriors(SQUAD, {"dead": True})["order"].tolist() == posteriors(SQUAD, "dead=True")["order"].tolist()
    assert posteriors(SQUAD)["dead"][1] == pytest.approx(0.37)


def test_ties() -> None:
    coins = Model(Variable("A", (0, 1), table=[0.5, 0.5]), Variable("B", (0, 1), table=[0.3, 0.7]))
    found = most_probable(coins)
    assert found.states == {"A": 0, "B": 1}
    assert found.tied is True
    assert found.probability == pytest.approx(0.35)
    assert "as probable" in str(found)
    assert most_probable(coins, "A = 1").tied is False


def test_the_most_probable_state_of_tables() -> None:
    model, columns = random_network(4, size=7), {"v2": [0, 1, 2], "v5": [1, 1, 0]}
    found = most_probable(model, "V2 = ?v2, V5 = ?v5", rows=columns)
    joint = np.asarray(ask(model, f"P({', '.join(model.variable_states)})").value)
    for i in range(3):
        part = joint[:, :, columns["v2"][i], :, :, columns["v5"][i], :]
        if part.sum() == 0:
            assert found.status[i] == "undefined"
            continue
        best = np.unravel_index(part.argmax(), part.shape)
        names = [n for n in model.variable_states if n not in ("V2", "V5")]
        assert [found.states[n][i] for n in names] == [int(k) for k in best]
        assert np.asarray(found.probability)[i] == pytest.approx(part.max() / part.sum())


# ---------------------------------------------------------------------------------------------------------------------
# A peer

NETWORKS = {"asia": {"xray": "yes", "dysp": "yes"}, "alarm": {"HRBP": "HIGH", "CVP": "NORMAL", "PRESS": "LOW"}}


@pytest.mark.parametrize("name", NETWORKS)
def test_pgmpy_agrees(name: str) -> None:
    if importlib.util.find_spec("pgmpy") is None:
        pytest.skip("pgmpy is not installed")
    readwrite, inference = importlib.import_module("pgmpy.readwrite"), importlib.import_module("pgmpy.inference")
    spec = importlib.util.find_spec("pgmpy")
    assert spec is not None
    assert spec.origin is not None
    files = list(Path(spec.origin).parent.rglob(f"{name}.bif.gz"))
    if not files:
        pytest.skip(f"this pgmpy does not carry {name}")
    network = readwrite.BIFReader(string=gzip.decompress(files[0].read_bytes()).decode()).get_model()
    model = Model(*(_variable(network.get_cpds(v)) for v in network.nodes))
    seen = NETWORKS[name]
    found, best = posteriors(model, seen), most_probable(model, seen)
    peer = inference.VariableElimination(network)
    for v in network.nodes:
        if v not in seen:
            law = peer.query([v], evidence=seen, show_progress=False)
            truth = [law.get_value(**{v: s}) for s in model.variable_states[v]]
            close_to(found[v], truth, atol=1e-9)
    if name == "alarm":
        return  # its most probable state takes pgmpy minutes: it multiplies everything before it looks
    state = peer.map_query([v for v in network.nodes if v not in seen], evidence=seen, show_progress=False)
    assert best.tied or {v: best.states[v] for v in state} == state


def _variable(cpd: Any) -> Variable:
    name, *parents = cpd.variables
    states = cpd.state_names
    laws = cpd.get_values().T
    laws = laws / laws.sum(axis=1, keepdims=True)
    if not parents:
        return Variable(name, states[name], table=laws[0].tolist())
    keys = itertools.product(*(states[p] for p in parents))
    return Variable(
        name,
        states[name],
        parents=parents,
        table={key: law.tolist() for key, law in zip(keys, laws, strict=True)},
    )


CHAIN = Model(
    Variable("cause", ("low", "high"), table=(0.75, 0.25)),
    Variable("light", parents=("cause",), table={"low": (1.0, 0.0), "high": (0.25, 0.75)}),
    Variable("same", equation="light"),
)
"""Rows may contradict it: `same` is `light`."""


def test_results_of_rows_come_back_in_the_kind_of_table_the_rows_came_in() -> None:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    data = {"light": [True, True], "same": [False, True]}
    rows = pd.DataFrame(data, index=["a", "b"])
    laws, best = posteriors(CHAIN, rows=rows), most_probable(CHAIN, rows=rows)
    assert "2 rows, 1 of them undefined; row 2, the first that is not:" in str(laws)
    assert "P(cause): 'low': 0, 'high': 1" in str(laws)
    assert "row 2, the first that is not:\n  cause = 'high'" in str(best)
    frame = laws.to_frame()
    assert list(frame.index) == ["a", "b"]
    assert frame["P(cause=high)"].isna().tolist() == [True, False]
    assert frame.loc["b", "P(cause=high)"] == 1.0
    assert frame["status"].tolist() == ["undefined", "ok"]
    frame = best.to_frame()
    assert frame.loc["b", ["cause", "light", "probability", "status"]].tolist() == ["high", True, 1.0, "ok"]
    assert frame.loc["a", ["cause", "light", "probability"]].isna().all()
    expected = {"cause": [None, "high"], "light": [None, True], "same": [None, True], "probability": [None, 1.0]}
    tables: list[tuple[Any, Any]] = [
        (pl.DataFrame(data), lambda t: t.to_dict(as_series=False)),
        (pa.table(data), pa.Table.to_pydict),
    ]
    for like, to_dict in tables:
        assert to_dict(most_probable(CHAIN, rows=like).to_frame()) == expected | {"status": ["undefined", "ok"]}
        assert to_dict(best.to_frame(like)) == to_dict(most_probable(CHAIN, rows=like).to_frame())
        assert to_dict(posteriors(CHAIN, rows=like).to_frame())["P(light=True)"] == [None, 1.0]
    records = posteriors(CHAIN, rows=[{"light": True}]).to_frame()
    assert records[0]["P(cause=high)"] == 1.0
    assert most_probable(CHAIN).to_frame()["cause"].tolist() == ["low"]
    with pytest.raises(scm.InvalidRows, match="2 rows, but `like` has 1"):
        best.to_frame(rows[:1])


def test_states_of_several_types_are_text_where_a_column_has_one_type() -> None:
    import polars as pl

    mixed = Model(Variable("X", ("none", 1), table=(0.25, 0.75)), Variable("Y", equation="X = 1"))
    frame = most_probable(mixed, rows=pl.DataFrame({"Y": [True, False]})).to_frame()
    assert frame["X"].to_list() == ["1", "none"]
    clash = Model(Variable("status", table=(0.25, 0.75)))
    with pytest.raises(scm.InvalidQuery, match="two columns 'status'"):
        most_probable(clash).to_frame()


def test_what_is_printed_keeps_the_intervention_and_says_what_is_wrong() -> None:
    assert str(posteriors(CHAIN, "do(cause=high)")).startswith("Posteriors under do(cause='high'): exact")
    assert str(most_probable(CHAIN, "do(cause=high)")).startswith("Most probable state under do(cause='high'): ")
    assert str(posteriors(CHAIN, "cause=high")).startswith("Posteriors given cause = 'high': exact")
    with pytest.raises(scm.UnknownName, match="The index of these posteriors speaks of 'nope', but the known"):
        posteriors(CHAIN)["nope"]
    assert most_probable(CHAIN, execution=Execution("numpy", chunk=1)).probability == 0.75
    with pytest.raises(scm.InvalidQuery, match="runs on NumPy"):
        most_probable(CHAIN, execution=Execution("jax"))
