"""Answers from draws: right within their standard errors, refused where they cannot be relied on.

Every comparison is with the truth from `tests.oracle`, or with a simulation written here. All keys are fixed, so a test
that passes once passes always; the bounds are such that a right sampler would fail any of them, for keys taken at
random, with a chance of `FALSE_ALARM` in all.
"""

import itertools
import math
import random
import time
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import jax
import numpy as np
import pytest

import scm
from scm import Bernoulli, InvalidQuery, Model, Unknown, Variable, ask, explain
from scm._coupling import Coupling, Custom, rank_preserving
from scm._hindsight import race_noise, race_winner
from scm._resolve import read_query
from scm._rows import read_rows
from scm._sample import uniform
from scm._syntax import terms
from scm._worlds import build_worlds
from scm.solvers import Budget, MonteCarlo, NeedsCoupling, Record, Refusal, Setting, Solution
from scm.solvers._draws import uniforms
from scm.solvers._schedule import schedule
from tests.bridge_to_engine import to_model
from tests.generators import pair
from tests.oracle import Plain, Query, truth
from tests.plain import fill, punch, rows_for, to_text

FALSE_ALARM = 1e-6
COMPARISONS = 10_000
"""More than there are, numbers of one answer counted apart."""
TAIL = FALSE_ALARM / COMPARISONS
Z = NormalDist().inv_cdf(1 - TAIL / 2)
ALL = 99
"""More steps than a small model has: everything is drawn."""
BLOCK = 25


def estimate(
    model: Model,
    text: str,
    *,
    least: int = ALL,
    rows: Any = None,
    assume: Coupling | None = None,
    budget: Budget | None = None,
    key: Any = 0,
    accuracy: float = 0.02,
) -> Solution:
    """The solver alone: even where an exact answer is within reach, at least so many steps are drawn."""
    query = read_query(text, model.variable_states)
    query, coded = read_rows(query, rows, model.variable_states)
    setting = Setting(
        model,
        () if assume is None else (assume,),
        budget or Budget(),
        coded.columns,
        coded.domains,
        coded.count,
        Record(),
        key=key,
    )
    return MonteCarlo(least=least, accuracy=accuracy).solve(setting, query)


def numbers(expected: Any) -> Any:
    return np.array([float(x) for x in (expected.values() if isinstance(expected, dict) else [expected])])


def slack(found: Solution, row: int = 0) -> Any:
    """How far a right estimate may be off.

    The normal tail of the standard error, and the term that keeps an empirical Bernstein bound honest where few draws
    hit (Maurer & Pontil 2009: 7/3 log(2 / tail) / n), with the effective sample size for n and 20 for the largest
    difference that two values of a random query can have.
    """
    assert found.monte_carlo is not None
    assert found.effective_size is not None
    few = 7 / 3 * math.log(2 / TAIL) / found.effective_size[row]
    return Z * found.monte_carlo[..., row].ravel() + 20 * few + 1e-9


def check(found: Solution, expected: Any, row: int = 0) -> str:
    """What is wrong with one row of an estimate, or nothing."""
    if expected is None or not found.defined[row]:
        return "" if expected is None and not found.defined[row] else f"defined {found.defined[row]}, truth {expected}"
    off = np.abs(found.lower[..., row].ravel() - numbers(expected))
    return "" if np.all(off <= slack(found, row)) else f"off by {off}, standard error {found.monte_carlo}"


def attempt(model: Plain, query: Query, expected: Any, seed: int, **how: Any) -> tuple[str, Solution | None]:
    """An estimate against the truth; improbable and impossible evidence may be refused, nothing else."""
    try:
        found = estimate(to_model(model), to_text(query), key=seed, **how)
    except Refusal as refusal:
        allowed = "No draw of" in str(refusal) if expected is None else "Raise the budget" in str(refusal)
        return ("" if allowed else f"{seed}: {refusal}"), None
    wrong = check(found, expected)
    return (f"{seed} {how}: {wrong}\n{to_text(query)}" if wrong else ""), found


@pytest.mark.parametrize("block", range(4))
def test_random_queries_of_random_models(block: int) -> None:
    problems: list[str] = []
    answered = 0
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        model, query = pair(seed, unknown=0)
        expected = truth(model, query)
        for least in (ALL, 1, 3):
            problem, found = attempt(model, query, expected, seed, least=least)
            problems.append(problem)
            answered += found is not None
    assert not any(problems), "\n".join(filter(None, problems))
    assert answered > BLOCK * 2


@pytest.mark.parametrize("coupling", ["rank_preserving", "independent"])
@pytest.mark.parametrize("block", range(2))
def test_several_worlds_of_tables(block: int, coupling: str) -> None:
    """Sequential conditionals of a kernel, and hindsight for the rank-preserving noise of three and more worlds."""
    product = Custom("product", lambda laws, _: independent(laws))
    assume = rank_preserving if coupling == "rank_preserving" else product
    problems: list[str] = []
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        rng = random.Random(f"bare {seed}")
        kind = rng.choice((None, "many", "many"))
        model, query = pair(f"bare {seed}", bare=rng.choice((0.6, 1)), unknown=0, kind=kind)
        expected = truth(model, query, coupling)
        problems += [attempt(model, query, expected, seed, least=k, assume=assume)[0] for k in (ALL, 2)]
    assert not any(problems), "\n".join(filter(None, problems))


def independent(laws: Any) -> Any:
    out = np.ones(len(laws))
    for i in range(laws.shape[1]):
        out = out[..., None] * laws[:, i].reshape(len(laws), *[1] * i, -1)
    return out


def test_standard_errors_are_neither_too_small_nor_too_large() -> None:
    """The mean square of errors over standard errors is near one; one number of each query, all of them apart."""
    scores: list[float] = []
    for seed in range(1000, 1240):
        model, query = pair(seed, unknown=0)
        expected = truth(model, query)
        if expected is None:
            continue
        found = attempt(model, query, expected, seed, least=random.Random(seed).choice((ALL, ALL, 1, 2)))[1]
        if found is not None and found.monte_carlo is not None and found.effective_size is not None:
            error, off = found.monte_carlo.ravel()[0], found.lower.ravel()[0] - numbers(expected)[0]
            share = min(abs(numbers(expected)[0]), abs(1 - numbers(expected)[0]))
            if abs(off) > 1e-12 and found.effective_size[0] * share > 50:  # close to normal, and not certain
                scores.append(float(off / error))
    n = len(scores)
    assert n > 60
    assert sum(z * z for z in scores) / n == pytest.approx(1, abs=5.2 * math.sqrt(2 / n))
    assert abs(sum(scores)) < 5 * math.sqrt(n)


@pytest.mark.parametrize("seed", range(12))
def test_rows(seed: int) -> None:
    """Each row is right, and the same alone, in a batch, and in small chunks."""
    rng = random.Random(f"rows {seed}")
    model, query = pair(f"rows {seed}", unknown=0)
    punched, holes = punch(query, {v["name"]: v["states"] for v in model["variables"]}, rng)
    if not holes:
        pytest.skip("the query has no value to leave open")
    known = [(row, truth(model, fill(punched, row))) for row in rows_for(holes, rng)]
    known = [(row, expected) for row, expected in known if expected is not None]
    if not known:
        pytest.skip("every row is impossible")
    built, text = to_model(model), to_text(punched)
    columns = {hole: [row[hole] for row, _ in known] for hole in holes}
    batch = estimate(built, text, rows=columns, key=seed)
    small = estimate(built, text, rows=columns, key=seed, budget=Budget(entries=3000))
    np.testing.assert_allclose(small.lower, batch.lower, rtol=1e-9, atol=1e-12)
    for i, (_, expected) in enumerate(known):
        assert not check(batch, expected, i)
    alone = estimate(built, text, rows={hole: column[:1] for hole, column in columns.items()}, key=seed)
    np.testing.assert_allclose(alone.lower[..., 0], batch.lower[..., 0], rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# Couplings that can only be drawn from


@dataclass(frozen=True)
class Race:
    """Gumbel-max for any number of worlds, by draws alone."""

    name: str = "race"
    claim: str = "shared Gumbel noises"
    citation: str = "Oberst & Sontag (2019)"
    variables: tuple[str, ...] | None = None

    def kernel(self, laws: Any, configurations: Any) -> Any:
        raise NeedsCoupling("Y")

    def noise_size(self, states: int) -> int:
        return states

    def draw_noise(self, laws: Any, observed: Any, uniforms: Any) -> Any:
        return race_noise(laws, observed, uniforms)

    def respond(self, noise: Any, laws: Any) -> Any:
        return race_winner(noise, laws)


LAWS = {0: (0.2, 0.5, 0.3), 1: (0.6, 0.1, 0.3), 2: (0.0, 0.35, 0.65), 3: (0.3, 0.3, 0.4)}
TREATED = Model(
    Variable("X", (0, 1, 2, 3), table=(0.1, 0.2, 0.3, 0.4)),
    Variable("Y", (0, 1, 2), parents=("X",), table=LAWS),
    Variable("Z", (0, 1, 2), equation="Y"),
)


def gumbels(units: int, seed: int) -> Any:
    """The state of each unit under each law, by plain Gumbel-max: one column a law."""
    noise = np.random.default_rng(seed).gumbel(size=(units, 3))
    with np.errstate(divide="ignore"):
        return np.stack([np.argmax(np.log(law) + noise, axis=1) for law in LAWS.values()], axis=1)


@pytest.mark.parametrize(
    ("text", "event", "given"),
    [
        ("P(Y[X=1]=0, Y[X=2]=1, Y[X=3]=1)", lambda y: (y[:, 1] == 0) & (y[:, 2] == 1) & (y[:, 3] == 1), None),
        ("P(Y[X=1]=1, Y[X=3]=2 | X=0, Y=1)", lambda y: (y[:, 1] == 1) & (y[:, 3] == 2), lambda y: y[:, 0] == 1),
        ("P(Z[X=1]=Z[X=2] | X=0, Y=2)", lambda y: y[:, 1] == y[:, 2], lambda y: y[:, 0] == 2),
        ("P(Y[X=1]=0 | Y[X=0]=1, Y[X=3]=2)", lambda y: y[:, 1] == 0, lambda y: (y[:, 0] == 1) & (y[:, 3] == 2)),
        ("E[Y[X=1] * Y[X=2] * Y[X=3] | X=2, Y=1]", None, lambda y: y[:, 2] == 1),
    ],
)
@pytest.mark.parametrize("least", [0, ALL])
def test_gumbel_noises_of_three_and_more_worlds(text: str, event: Any, given: Any, least: int) -> None:
    units = gumbels(1_000_000, 5)
    units = units if given is None else units[given(units)]
    values = np.prod(units[:, 1:], axis=1) if event is None else event(units).astype(float)
    wanted, own_error = float(values.mean()), float(values.std() / math.sqrt(len(values)))
    found = estimate(TREATED, text, assume=Race(), least=least, accuracy=0.003)
    assert found.monte_carlo is not None
    assert abs(found.lower[0] - wanted) <= Z * math.hypot(found.monte_carlo[0], own_error)
    assert found.monte_carlo[0] < 0.04


def test_an_exact_refusal_turns_into_an_estimate() -> None:
    text = "P(Y[X=1]=1, Y[X=3]=2 | X=0, Y=1)"
    refused = ask(TREATED, text, assume=Race())
    assert refused.finding == "refused"
    assert refused.refusals[-1] == (
        "monte_carlo",
        "give key= (a JAX random key) to allow a Monte Carlo estimate with a standard error",
    )
    answer = ask(TREATED, text, assume=Race(), key=jax.random.key(3))
    assert answer.finding == "estimate"
    assert answer.plan["solver"] == "monte_carlo"
    assert isinstance(answer.uncertainty.monte_carlo, float)
    assert 0 < answer.uncertainty.monte_carlo <= 0.005
    assert answer.diagnostics["effective_size"] >= answer.diagnostics["least_effective_size"]
    assert answer.diagnostics["draws"] >= 4096
    assert any("shared Gumbel noises" in a.text for a in answer.assumptions)
    assert "standard error" in answer.to_text()
    assert answer.derivation[-1].name == "Monte Carlo"
    assert answer.to_json()["uncertainty"]["monte_carlo"] == answer.uncertainty.monte_carlo


def test_gumbel_max_by_its_public_name() -> None:
    text = "P(Z[X=1]=Z[X=2] | X=0, Y=2)"
    by_name, local = ask(TREATED, text, assume="gumbel_max", key=5), ask(TREATED, text, assume=Race(), key=5)
    assert by_name.finding == "estimate"
    assert by_name.value == local.value


def test_one_key_one_answer() -> None:
    text = "P(Z[X=1]=Z[X=2] | X=0, Y=2)"
    first, again, seed, other = (
        ask(TREATED, text, assume=Race(), key=key) for key in (jax.random.key(7), jax.random.key(7), 7, 8)
    )
    assert first.value == again.value == seed.value != other.value


# ---------------------------------------------------------------------------------------------------------------------
# Models too wide to contract


def wide(nodes: int, parents: int, seed: int) -> Model:
    """A random network of +-1 variables whose law does not change when every sign does."""
    rng = random.Random(seed)
    items: list[Variable] = []
    for i in range(nodes):
        above = tuple(f"v{j}" for j in rng.sample(range(i), min(i, parents)))
        weights = [rng.gauss(0, 1) for _ in above]
        table = {
            row: (1 - p, p)
            for row in itertools.product((-1, 1), repeat=len(above))
            for p in [1 / (1 + math.exp(-sum(w * x for w, x in zip(weights, row, strict=True))))]
        }
        items.append(Variable(f"v{i}", (-1, 1), parents=above, table=table if above else (0.5, 0.5)))
    return Model(*items)


WIDE = wide(90, 7, 1)
SMALL = Budget(operations=1e9, entries=1 << 16)
"""So small that the exact solver sees at once that no search for a better path would help."""


def test_a_wide_model_is_refused_at_once_and_answered_with_a_key() -> None:
    started = time.monotonic()
    refused = ask(WIDE, "P(v89=1)", budget=SMALL)
    assert refused.finding == "refused"
    assert time.monotonic() - started < 5  # about a second on an idle machine
    answer = ask(WIDE, "P(v89=1)", budget=SMALL, key=0)
    assert answer.finding == "estimate"
    assert isinstance(answer.value, float)
    assert isinstance(answer.uncertainty.monte_carlo, float)
    assert abs(answer.value - 0.5) <= Z * answer.uncertainty.monte_carlo <= 0.04  # by symmetry


@pytest.mark.parametrize("text", ["P(v89=1 | v20={a}, v60={b}, v88={c})", "P(v89=1 | do(v20={a}), v60={b}, v88={c})"])
def test_a_wide_model_with_evidence_is_symmetric(text: str) -> None:
    one, other = (ask(WIDE, text.format(a=s, b=s, c=-s), budget=SMALL, key=s + 1) for s in (1, -1))
    assert one.finding == other.finding == "estimate"
    errors = [float(np.asarray(x.uncertainty.monte_carlo)) for x in (one, other)]
    assert abs(float(np.asarray(one.value)) + float(np.asarray(other.value)) - 1) <= Z * math.hypot(*errors)


def test_a_wide_model_agrees_with_plain_simulation() -> None:
    model = WIDE.do(v20=1)
    units = model.sample(400_000, key=jax.random.key(5))
    keep = (units["v60"] == 1) & (units["v85"] == -1)
    share = float((units["v89"][keep] == 1).mean())
    own = math.sqrt(share * (1 - share) / keep.sum())
    answer = ask(WIDE, "P(v89=1 | do(v20=1), v60=1, v85=-1)", budget=SMALL, key=1)
    assert isinstance(answer.value, float)
    assert isinstance(answer.uncertainty.monte_carlo, float)
    assert abs(answer.value - share) <= Z * math.hypot(own, answer.uncertainty.monte_carlo)


def test_contrasts_expectations_distributions_and_rows_of_a_wide_model() -> None:
    contrast = ask(WIDE, "E[v89 | do(v20=1)] + E[v89 | do(v20=-1)]", budget=SMALL, key=2)
    assert isinstance(contrast.uncertainty.monte_carlo, float)
    assert isinstance(contrast.value, float)
    assert abs(contrast.value) <= Z * contrast.uncertainty.monte_carlo <= 0.15
    law = ask(WIDE, "P(v89, v88)", budget=SMALL, key=2)
    assert isinstance(law.value, np.ndarray)
    assert isinstance(law.uncertainty.monte_carlo, np.ndarray)
    assert law.value.shape == law.uncertainty.monte_carlo.shape == (2, 2)
    assert law.value.sum() == pytest.approx(1)
    rows = ask(WIDE, "P(v89=1 | v60=?a)", rows={"a": [1, -1, 1]}, budget=SMALL, key=2)
    assert isinstance(rows.value, np.ndarray)
    assert isinstance(rows.uncertainty.monte_carlo, np.ndarray)
    assert rows.value[0] == rows.value[2] != rows.value[1]
    assert abs(rows.value[:2].sum() - 1) <= Z * rows.uncertainty.monte_carlo.sum()


# ---------------------------------------------------------------------------------------------------------------------
# Budgets of time


def grid(n: int) -> Model:
    """A square of yes-no variables, each with the one above and the one to the left as parents."""
    rng = random.Random(n)
    items: list[Variable] = []
    for i, j in itertools.product(range(n), repeat=2):
        above = tuple(name for name, there in ((f"g{i - 1}_{j}", i), (f"g{i}_{j - 1}", j)) if there)
        laws: dict[Any, Any] = {}
        for row in itertools.product((0, 1), repeat=len(above)) if above else ():
            p = rng.uniform(0.1, 0.9)
            laws[row] = (1 - p, p)
        items.append(Variable(f"g{i}_{j}", (0, 1), parents=above, table=laws or (0.4, 0.6)))
    return Model(*items)


def test_the_fuse_stops_draws_that_memory_allows_only_one_by_one() -> None:
    model, text = grid(8), "P(g5_5=1 | g6_6=1, g0_7=0, g7_7=1)"
    ask(model, "P(g0_0=1)", key=0)  # loads what is loaded once
    started = time.monotonic()
    found = ask(model, text, key=0, budget="0.5s,100B")
    assert time.monotonic() - started < 5  # 0.7 s on an idle machine; it was minutes
    assert found.finding == "refused" or found.diagnostics["stopped_by_the_clock"]


def test_no_prefix_is_chosen_whose_rest_needs_slices() -> None:
    model, text = grid(5), "P(g3_3=1 | g4_4=1)"
    exact = ask(model, text)
    assert isinstance(exact.value, float)
    drawn = estimate(model, text, budget=Budget(entries=16), least=1, accuracy=0.05)
    assert drawn.monte_carlo is not None
    assert abs(float(drawn.lower[0]) - exact.value) <= slack(drawn)


def test_a_budget_of_time_holds_for_a_wide_model() -> None:
    model = grid(40)
    started = time.monotonic()
    found = ask(model, "P(g3_3=1 | g39_39=0)", key=0, budget="8s")
    assert time.monotonic() - started < 14  # it is done before the time is over on an idle machine
    assert found.finding == "estimate"
    started = time.monotonic()
    refused = ask(model, "P(g3_3=1 | g39_39=0)", budget="1s")
    assert time.monotonic() - started < 5  # about a second
    assert refused.finding == "refused"
    assert "give key=" in dict(refused.refusals)["monte_carlo"]


def test_random_numbers_are_the_same_one_stream_at_a_time_or_many() -> None:
    key = jax.random.key(7)
    assert np.array_equal(uniforms(key, 300)[250:300], [uniform(key, i, 4096) for i in range(250, 300)])


def test_the_order_of_drawing_grows_with_the_model() -> None:
    model = grid(60)
    asked = read_query("P(g59_59=1)", model.variable_states)
    assert isinstance(asked, scm.Probability)
    worlds = build_worlds(model.graph, terms(asked.event), ())
    started = time.monotonic()
    steps = schedule(model, worlds, {})
    assert time.monotonic() - started < 2  # 0.05 s on an idle machine; it was 12 s
    assert len(steps) == 3600


# ---------------------------------------------------------------------------------------------------------------------
# Refusals


def test_a_rare_cause_that_no_draw_shows_is_refused_not_overlooked() -> None:
    """Nearly all weight is where no draw goes: the drawn weights are all alike, so their spread gives nothing away."""
    model = Model(
        Variable("rare", noise=Bernoulli(1e-6)),
        Variable("hidden", equation="rare"),
        Variable("alarm", parents=("hidden",), table={False: (1 - 1e-9, 1e-9), True: (0.0, 1.0)}),
    )
    assert ask(model, "P(rare=1 | alarm=1)").value == pytest.approx(0.999, abs=1e-4)
    with pytest.raises(Refusal, match=r"could have .* of the weight unseen"):
        estimate(model, "P(rare=1 | alarm=1)", budget=Budget(operations=1e9))


def test_impossible_evidence() -> None:
    model = Model(
        Variable("A", noise=Bernoulli(0.5)), Variable("B", noise=Bernoulli(0.5)), Variable("C", equation="A and B")
    )
    with pytest.raises(Refusal, match=r"No draw of [\d,]+ agreed with the evidence"):
        estimate(model, "P(A | C=1, A != B)", budget=Budget(operations=1e9))
    assert not estimate(model, "P(A | do(C=1), C=0)").defined[0]  # a contradiction that is seen without a draw


def test_a_divisor_near_zero_is_refused() -> None:
    with pytest.raises(Refusal, match="standard errors of zero"):
        estimate(WIDE, "P(v89=1) / (P(v80=1) - P(v81=1))", budget=SMALL)


def test_unknown_laws_and_missing_couplings_are_refused() -> None:
    unknown = Model(Variable("A", noise=Unknown()), Variable("B", equation="A"))
    with pytest.raises(Refusal, match="nothing can be drawn from an unknown law"):
        estimate(unknown, "P(B)")
    with pytest.raises(Refusal, match="Grant a coupling"):
        estimate(TREATED, "P(Y[X=1]=1, Y[X=3]=2 | X=0, Y=1)")


def test_too_small_a_budget_is_refused_before_the_first_draw() -> None:
    with pytest.raises(Refusal, match=r"4,096 draws are forecast at .* operations .* the budget is 1 op"):
        estimate(TREATED, "P(Y=1)", budget=Budget(operations=1))


@pytest.mark.parametrize("key", [True, -1, 1 << 70, "seed", 0.5, (1, 2)])
def test_keys_that_are_none(key: Any) -> None:
    with pytest.raises(InvalidQuery, match="seed"):
        ask(TREATED, "P(Y=1)", key=key)


def test_an_array_that_is_no_key() -> None:
    with pytest.raises(InvalidQuery, match="key= takes one JAX random key"):
        ask(TREATED, "P(Y[X=1]=1, Y[X=3]=2 | X=0, Y=1)", assume=Race(), key=jax.random.split(jax.random.key(0), 3))
    with pytest.raises(InvalidQuery, match="key= takes one JAX random key"):
        estimate(TREATED, "P(Y=1)", key=np.zeros(3))


def test_counts_are_said_to_be_taken_as_they_are() -> None:
    counts = {x: tuple(int(100 * p) for p in law) for x, law in LAWS.items()}
    model = Model(
        Variable("X", (0, 1, 2, 3), table=(0.1, 0.2, 0.3, 0.4)), Variable("Y", (0, 1, 2), parents=("X",), counts=counts)
    )
    answer = ask(model, "P(Y[X=1]=1, Y[X=3]=2 | X=0, Y=1)", assume=Race(), key=0)
    assert answer.uncertainty.sampling is None
    assert any("their sampling error is not worked out" in a.text for a in answer.assumptions)
    assert scm.ask(model, "P(Y=1)", key=0).uncertainty.monte_carlo is None  # exact where it can be


# ---------------------------------------------------------------------------------------------------------------------
# Kinds of mechanisms side by side

MIXED = Model(
    scm.Noise("u", scm.Categorical({"a": 0.2, "b": 0.5, "c": 0.3})),
    scm.Noise("w", Bernoulli(0.3)),
    Variable("A", (0, 1, 2), parents=("u",), table={"a": (0.1, 0.2, 0.7), "b": (0.5, 0.3, 0.2), "c": (0.3, 0.3, 0.4)}),
    Variable(
        "B",
        (0, 1, 2),
        parents=("A", "u"),
        table={
            (a, s): (0.2, 0.3, 0.5) if s == "b" else (0.1 + 0.1 * a, 0.5 - 0.1 * a, 0.4)
            for a in range(3)
            for s in "abc"
        },
    ),
    Variable("C", equation="(B > A) xor w"),
    Variable(
        "D",
        (0, 1),
        parents=("B", "w"),
        table={(b, w): (0.1 + 0.2 * b + 0.1 * w, 0.9 - 0.2 * b - 0.1 * w) for b in range(3) for w in (False, True)},
    ),
    Variable("E", equation="A + B + D if C else max(A, B)"),
)


@pytest.mark.parametrize(
    "text",
    [
        "P(E | D=1, C=1)",
        "E[E[A=2] | E=2, D=0]",
        "P(B[A=0]=1, B[A=1]=1, B[A=2]=0 | B=1, C=0)",
        "P(C[A ~ {0: 0.5, 2: 0.5}]=1 | E=3)",
        "E[E[A := min(A + 1, 2)] - E | D=1]",
        "P(D[A=1, B=B[A=0]]=1 | C=1)",
        "P(E[A ~ {0: 0.4, 1: 0.6}] >= 2 | D[A=0]=1)",
        "P(D=1 | A=1) / P(D=1 | A=0)",
        "P(E=?e | D=?d, A != 1)",
        "E[E[A=?e] | B=?e, C=?d]",
    ],
)
def test_shared_noises_tables_policies_and_nesting(text: str) -> None:
    """However many steps are drawn, and however few, the exact answer is within reach."""
    rows = {"e": [0, 1, 2, 2], "d": [1, 0, 1, 0]} if "?" in text else None
    exact = np.asarray(ask(MIXED, text, rows=rows, assume="rank_preserving").value)
    for least in (ALL, 1, 2, 3, 4):
        found = estimate(MIXED, text, least=least, rows=rows, assume=rank_preserving, key=least)
        for row in range(4 if rows else 1):
            off = np.abs(found.lower[..., row].ravel() - (exact[row] if rows else exact).ravel())
            assert np.all(off <= slack(found, row)), (least, row, off)
    if text.startswith("E["):
        whole = estimate(MIXED, text, least=0, rows=rows, assume=rank_preserving)
        np.testing.assert_allclose(whole.lower.ravel(), exact.ravel(), atol=1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# What is printed


def test_text_shows_the_error_of_every_row_and_the_effective_size() -> None:
    one = ask(WIDE, "P(v89=1 | v60=1)", budget=SMALL, key=2)
    assert f"effective sample size: {one.diagnostics['effective_size']:.6g} of " in one.to_text()
    rows = ask(WIDE, "P(v89=1 | v60=?a)", rows={"a": [1, -1]}, budget=SMALL, key=2)
    assert isinstance(rows.value, np.ndarray)
    assert isinstance(rows.uncertainty.monte_carlo, np.ndarray)
    text = rows.to_text()
    for value, error in zip(rows.value, rows.uncertainty.monte_carlo, strict=True):
        assert f"{value:.6g} +- {error:.6g}" in text
    assert f"standard errors of the draws: after +-, up to {rows.uncertainty.monte_carlo.max():.6g}" in text
    assert "effective sample size (least over rows): " in text


def test_a_reason_that_two_solvers_share_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scm._ask_open.MOST_NUMBERS", 0)  # or else the answer is bounds
    refused = ask(TREATED, "P(Y[X=1]=1, Y[X=3]=2 | X=0, Y=1)", key=0)
    assert dict(refused.refusals)["monte_carlo"] == "for the same reason as exact"
    assert refused.to_text().count("Grant a coupling") == 1


def test_explain_speaks_of_draws() -> None:
    assert (
        "monte_carlo: runs where exact refuses, if key= is given" in explain(WIDE, "P(v89=1)", budget=SMALL).to_text()
    )
    told = explain(WIDE, "P(v89=1)", budget=SMALL, key=0)
    assert told.refusals[0][0] == "exact"
    assert "steps and contracts the rest, about " in told.others[0]
    refused = explain(TREATED, "P(Y[X=1]=1, Y[X=3]=2 | X=0, Y=1)", key=0)
    assert "monte_carlo refuses: " in refused.others[0]
