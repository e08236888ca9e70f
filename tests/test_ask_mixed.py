"""Questions about models with continuous variables, against an oracle; the laws of counterfactuals; bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from scm import Answer, Bernoulli, Model, Real, Variable, ask, normal

from .mixed_oracle import Maker, Setting, System, Term, given, grid

MOST = 6.0
"""Standard errors that an estimate may be off: one false alarm in 500 million comparisons of a normal law."""


def model_of(system: System) -> Model:
    """The engine's model of a system of the oracle."""
    variables: list[Variable] = []
    for r in system.rules:
        if r.chance is not None:
            variables.append(Variable(r.name, (0, 1), noise={f"u_{r.name}": Bernoulli(r.chance)}))
            continue
        states = Real() if r.cut is None else (0, 1)
        variables.append(Variable(r.name, states, equation=r.text, noise=normal(0, 1)))
    return Model(*variables)


def values(answer: Answer) -> NDArray[np.float64]:
    """The value, an array over rows where there are any."""
    assert answer.value is not None, answer
    return np.asarray(answer.value)


def error(answer: Answer) -> float:
    """The standard error of the draws, 0 where nothing was drawn."""
    return float(np.asarray(answer.uncertainty.monte_carlo or 0.0))


def facts(unit: dict[str, Any], names: list[str]) -> str:
    """Evidence as text."""
    return ", ".join(f"{n} = {float(unit[n])!r}" if n in names else "" for n in names)


def unit_of(system: System, seed: int) -> dict[str, float]:
    """Everything of one unit."""
    noise = system.drawn(1, np.random.default_rng(seed))
    return {n: float(x[0]) for n, x in system.whole(noise).items()}


# ---------------------------------------------------------------------------------------------------------------------
# Against the oracle


@pytest.mark.parametrize("seed", range(40))
def test_a_unit_of_which_everything_is_seen(seed: int) -> None:
    make = Maker(np.random.default_rng([1, seed]))
    system = make.system(5, functions=("", "sin", "tanh", "exp"), coins=1)
    model, unit = model_of(system), unit_of(system, seed)
    asked = Term("V4", make.world(system))
    other = Term(f"V{make.rng.integers(1, 5)}", make.world(system))
    evidence = facts(unit, list(unit))
    noise = system.noise_of(unit)
    one, two = float(system.at(asked, noise)), float(system.at(other, noise))
    for text, wanted in [
        (f"E[{asked.text} | {evidence}]", one),
        (f"E[2 * {asked.text} - {other.text} / 4 | {evidence}]", 2 * one - two / 4),
        (f"E[{asked.text} | {evidence}] - E[{other.text} | {evidence}]", one - two),
        (f"P({asked.text} > {other.text} | {evidence})", float(one > two)),
        (f"E[max({asked.text}, {other.text}) | {evidence}]", max(one, two)),
    ]:
        answer = ask(model, text)
        assert answer.finding == "exact", (text, answer)
        assert answer.value == pytest.approx(wanted, rel=1e-9, abs=1e-9), text


@pytest.mark.parametrize("seed", range(40))
def test_a_linear_model_with_partial_evidence(seed: int) -> None:
    make = Maker(np.random.default_rng([2, seed]))
    system = make.system(5)
    model, unit = model_of(system), unit_of(system, seed)
    seen = [n for n in unit if make.rng.random() < 0.5]
    one, two = Term("V4", make.world(system)), Term(f"V{make.rng.integers(1, 5)}", make.world(system))
    law = given(system, [one, two], [(Term(n), unit[n]) for n in seen])
    given_text = f" | {facts(unit, seen)}" if seen else ""
    variance = float(law.covariance[0, 0])
    difference = float(law.mean[0] - law.mean[1])
    for text, wanted in [
        (f"E[{one.text}{given_text}]", float(law.mean[0])),
        (f"E[{one.text} - {two.text}{given_text}]", difference),
        (f"E[{one.text} * {two.text}{given_text}]", float(law.covariance[0, 1] + law.mean[0] * law.mean[1])),
        *([(f"P({one.text} > 0.5{given_text})", law.above(0.5))] if variance > 1e-6 else []),
    ]:
        answer = ask(model, text)
        assert answer.finding == "exact", (text, answer)
        assert answer.value == pytest.approx(wanted, rel=1e-7, abs=1e-7), text


@pytest.mark.parametrize("seed", range(20))
def test_evidence_in_other_worlds(seed: int) -> None:
    """What would have been is evidence too, beside what was."""
    make = Maker(np.random.default_rng([6, seed]))
    system = make.system(4)
    noise = system.drawn(1, np.random.default_rng(seed))
    seen = [Term(f"V{make.rng.integers(1, 4)}", make.world(system)), Term("V0"), Term(f"V{make.rng.integers(1, 4)}")]
    told = [(t, float(np.asarray(system.at(t, noise)).reshape(-1)[0])) for t in dict.fromkeys(seen)]
    asked = Term("V3", make.world(system))
    law = given(system, [asked], told)
    evidence = ", ".join(f"{t.text} = {value!r}" for t, value in told)
    answer = ask(model_of(system), f"E[{asked.text} | {evidence}]")
    if answer.finding == "refused":  # nearly redundant evidence is refused, never answered wrongly
        assert any("redundant" in reason for _, reason in answer.refusals), answer
    else:
        assert answer.finding == "exact", (evidence, answer)
        assert values(answer) == pytest.approx(float(law.mean[0]), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", range(7, 17))
def test_a_nonlinear_model_with_partial_evidence(seed: int) -> None:
    """One or two noises are open: the oracle adds up over a grid."""
    make = Maker(np.random.default_rng([3, seed]))
    system = make.system(4, functions=("sin", "tanh"), coins=1)
    model, unit = model_of(system), unit_of(system, seed)
    hidden = {f"V{make.rng.integers(0, 3)}", f"V{make.rng.integers(0, 4)}"}
    seen = {n: x for n, x in unit.items() if n not in hidden}
    asked = Term("V3", make.world(system))
    space = grid(system, seen)
    value = system.at(asked, space.noise)
    for text, wanted in [
        (f"E[{asked.text} | {facts(unit, list(seen))}]", space.mean(value)),
        (f"P({asked.text} > 0.5 | {facts(unit, list(seen))})", space.mean(value > 0.5)),
    ]:
        answer = ask(model, text, key=seed)
        assert answer.finding in ("exact", "estimate"), (text, answer)
        slack = 1e-6 if "E[" in text else 1e-2  # a step falls between two points of the grid
        assert abs(float(values(answer)) - wanted) <= MOST * error(answer) + slack, (text, answer, wanted)


@pytest.mark.parametrize("seed", range(20))
def test_coins_that_nobody_saw_in_a_linear_model(seed: int) -> None:
    """A mixture of normal laws: exact, against sums over a grid (smooth functions, so that those are exact too)."""
    make = Maker(np.random.default_rng([5, seed]))
    system = make.system(5, coins=2)
    model, unit = model_of(system), unit_of(system, seed)
    hidden = {"V0", "V1"} - ({"V1"} if seed % 3 == 0 else set()) | {f"V{make.rng.integers(2, 5)}"}
    seen = {n: x for n, x in unit.items() if n not in hidden}
    asked = Term("V4", make.world(system))
    space = grid(system, seen)
    value = system.at(asked, space.noise)
    evidence = facts(unit, list(seen))
    coin = space.noise["V0"]
    for text, wanted in [
        (f"E[{asked.text} | {evidence}]", space.mean(value)),
        (f"E[{asked.text} * {asked.text} | {evidence}]", space.mean(value**2)),
        (f"P(V0 = 1 | {evidence})", space.mean(coin)),
        (f"E[V0 * {asked.text} | {evidence}]", space.mean(coin * value)),
    ]:
        answer = ask(model, text)
        assert answer.finding == "exact", (text, answer)
        assert values(answer) == pytest.approx(wanted, rel=1e-6, abs=1e-6), text


@pytest.mark.parametrize("seed", range(6))
def test_inequalities_and_a_threshold(seed: int) -> None:
    """Conditions with a probability: the oracle counts draws."""
    make = Maker(np.random.default_rng([4, seed]))
    system = make.system(5, functions=("", "tanh"), coins=1, cuts=1)
    model = model_of(system)
    noise = system.drawn(400_000, np.random.default_rng(seed))
    whole = system.whole(noise)
    asked = Term("V4", make.world(system))
    value = system.at(asked, noise)
    where = (whole["V2"] > 0.1) & (whole["V0"] == 1)
    wanted, spread = float(value[where].mean()), float(value[where].std() / math.sqrt(where.sum()))
    answer = ask(model, f"P({asked.text} = 1 | V2 > 0.1, V0 = 1)", key=seed)
    assert answer.finding in ("exact", "estimate"), answer
    assert abs(float(values(answer)) - wanted) <= MOST * math.hypot(error(answer), spread) + 1e-9, (answer, wanted)


@pytest.mark.parametrize("seed", range(9))
def test_every_solver_beside_the_others(seed: int) -> None:
    """A coin, linear and nonlinear sums, a threshold at the end: whoever answers, the answer is the oracle's."""
    make = Maker(np.random.default_rng([9, seed]))
    system = make.system(5, coins=1, cuts=1, functions=("",) if seed % 2 else ("", "tanh"))
    model, unit = model_of(system), unit_of(system, seed)
    hidden = {"V4", "V0"} | ({f"V{make.rng.integers(1, 4)}"} if seed % 3 else set())
    seen = {n: x for n, x in unit.items() if n not in hidden}
    one, two = Term("V4", make.world(system)), Term(f"V{make.rng.integers(1, 4)}", make.world(system))
    space = grid(system, seen)
    first, second = system.at(one, space.noise), system.at(two, space.noise)
    still = 1 - system.at(Term("V4"), space.noise)
    evidence = facts(unit, list(seen))
    for text, wanted in [
        (f"P({one.text} = 1 | {evidence})", space.mean(first)),
        (f"E[{two.text} * {one.text} | {evidence}]", space.mean(first * second)),
        (f"P({one.text} = 1, V4 = 0 | {evidence})", space.mean(first * still)),
    ]:
        answer = ask(model, text, key=seed)
        if answer.finding == "refused":  # draws that do not support an answer
            assert "partial" in answer.diagnostics, answer
            continue
        slack = 1.5e-2 * (1 + abs(space.mean(abs(second))))  # steps fall between two points of the grid
        assert abs(float(values(answer)) - wanted) <= MOST * error(answer) + slack, (text, answer, wanted)


# ---------------------------------------------------------------------------------------------------------------------
# Laws


@pytest.fixture(scope="module")
def cohort() -> tuple[System, Model, dict[str, Any]]:
    make = Maker(np.random.default_rng(77))
    system = make.system(5, functions=("", "sin", "exp"), coins=1)
    return system, model_of(system), system.whole(system.drawn(64, np.random.default_rng(5)))


def test_what_was_observed_changes_nothing(cohort: tuple[System, Model, dict[str, Any]]) -> None:
    """Consistency and identity: bit for bit, for each variable alone and for all together."""
    _, model, units = cohort
    for name in ("V1", "V2", "V3"):
        answer = ask(model, f"E[V4[{name}=?x]]", rows={**units, "x": units[name]})
        assert answer.finding == "exact"
        assert np.array_equal(values(answer), units["V4"])
    same = {f"x{k}": units[f"V{k}"] for k in (1, 2, 3)}
    answer = ask(model, "E[V4[V1=?x1, V2=?x2, V3=?x3]]", rows={**units, **same})
    assert np.array_equal(values(answer), units["V4"])


def test_effectiveness_and_composition(cohort: tuple[System, Model, dict[str, Any]]) -> None:
    _, model, units = cohort
    assert values(ask(model, "E[V2[V2=1.25]]", rows=units)).tolist() == [1.25] * 64
    direct = ask(model, "E[V4[V1=0.5]]", rows=units)
    through = ask(model, "E[V4[V1=0.5, V2=V2[V1=0.5]]]", rows=units)
    assert np.allclose(values(direct), values(through), rtol=1e-12, atol=1e-12)


def test_rows_by_themselves_in_any_order_and_chunk(cohort: tuple[System, Model, dict[str, Any]]) -> None:
    _, model, units = cohort
    rows = {**units, "x": np.where(np.arange(64) % 3 == 0, units["V1"], 0.5)}
    query = "E[V4[V1=?x] - V3[V1=?x]]"
    whole = values(ask(model, query, rows=rows))
    back = values(ask(model, query, rows={n: c[::-1] for n, c in rows.items()}))
    parts = [values(ask(model, query, rows={n: c[k : k + 7] for n, c in rows.items()})) for k in range(0, 64, 7)]
    assert np.array_equal(whole, back[::-1])
    assert np.array_equal(whole, np.concatenate(parts))
    records = [{n: c[i].item() for n, c in rows.items()} for i in range(64)]
    assert np.array_equal(whole, values(ask(model, query, rows=records)))


def test_names_do_not_matter() -> None:
    make = Maker(np.random.default_rng(8))
    system = make.system(4)
    unit = unit_of(system, 3)
    answer = ask(model_of(system), f"E[V3[V1=1.5] | V3 = {unit['V3']!r}, V0 = {unit['V0']!r}]")
    names = {"V0": "alpha", "V1": "omega", "V2": "zeta", "V3": "beta"}
    variables: list[Variable] = []
    for r in reversed(system.rules):
        text = r.text
        for old, new in names.items():
            text = text.replace(f"u_{old}", f"u_{new}").replace(old, new)
        variables.append(Variable(names[r.name], Real(), equation=text, noise=normal(0, 1)))
    other = ask(Model(*variables), f"E[beta[omega=1.5] | beta = {unit['V3']!r}, alpha = {unit['V0']!r}]")
    assert other.value == pytest.approx(answer.value, rel=1e-12)


def test_single_precision_is_kept(cohort: tuple[System, Model, dict[str, Any]]) -> None:
    _, model, units = cohort
    single = {n: c.astype(np.float32) if n != "V0" else c for n, c in units.items()}
    answer = ask(model, "E[V4[V1=?x]]", rows={**single, "x": single["V1"]})
    assert np.array_equal(values(answer), single["V4"].astype(float))
    moved = values(ask(model, "E[V4[V1=0.5]]", rows=single))
    assert np.allclose(moved, values(ask(model, "E[V4[V1=0.5]]", rows=units)), rtol=1e-4, atol=1e-4)


def test_a_world_of_the_oracle_is_written_as_the_engine_reads_it() -> None:
    world = (Setting("A", 1.0), Setting("B", 0.5, scale=2.0), Setting("C", term=Term("C", (Setting("A", -1.0),))))
    assert Term("Y", world).text == "Y[A=1.0, B := 2.0 * B + 0.5, C=C[A=-1.0]]"
    assert Setting("A", 1.0, target="Y").text == "A->Y=1.0"


@pytest.mark.parametrize("given", ["dose = -1", "age = 3, dose = -1"])
def test_evidence_out_of_every_reach_is_undefined_though_it_fixes_what_is_asked(given: str):
    model = Model(
        Variable("age", noise=normal()), Variable("dose", Real(), equation="exp(0.1 * age + u)", noise={"u": normal()})
    )
    assert ask(model, f"E[dose | {given}]").finding == "undefined"
    assert ask(model, "E[dose | dose = ?dose]", rows={"dose": [2.0, -1.0]}).status == ("ok", "undefined")
