"""Two executors, one answer: batches against the oracle, laws of batches, trust in the compiler, small numbers."""

import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from scm import Bernoulli, Categorical, Execution, InvalidQuery, InvalidRows, Model, Unknown, Variable, ask
from scm.solvers import _run_jax
from tests import agreement
from tests.agreement import EXECUTIONS, SILLY, check_batch, gathered_early, numbers

DRAWS = 22
SHAPES = (0, 2, 5, 9, 11, 12, 13, 15, 16, 17, 20)
"""Random models and queries whose programs are few and small (see `batch_shape`)."""
NUMPY, DOUBLE, SINGLE = EXECUTIONS
ALL = pytest.mark.parametrize("execution", EXECUTIONS, ids=["numpy", "jax double", "jax single"])


@pytest.mark.parametrize("shape", SHAPES)
def test_batches_against_the_oracle(shape: int) -> None:
    problems = [check_batch(shape, draw).problem for draw in range(DRAWS)]
    assert not any(problems), "\n\n".join(filter(None, problems))


def test_the_comparison_of_batches_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    real = agreement.truth
    monkeypatch.setattr(agreement, "truth", lambda *case: _a_little_more(real(*case)))
    assert "off by" in check_batch(0, 1).problem


def _a_little_more(expected: Any) -> Any:
    if isinstance(expected, dict):
        return {key: _a_little_more(x) for key, x in expected.items()}
    return None if expected is None else expected + Fraction(1, 10**9)


# ---------------------------------------------------------------------------------------------------------------------
# Laws of batches


def chain(symptoms: int = 10) -> Model:
    """A cause, its symptoms, and an effect that one of the causes prevents: enough columns that rows are contracted."""
    return Model(
        Variable("B", (0, 1, 2), table=(0.4, 0.35, 0.25)),
        Variable("A", (0, 1), parents=("B",), table={0: (0.7, 0.3), 1: (0.2, 0.8), 2: (0.5, 0.5)}),
        *(Variable(f"S{i}", (0, 1), parents=("A", "B"), table=_symptom(i)) for i in range(symptoms)),
        Variable("Y", (0, 1), equation="(A and B > 0) xor u", noise={"u": Categorical({0: 0.9, 1: 0.1})}),
    )


def _symptom(i: int) -> Any:
    # State 0 of A with B = 2 never shows the even symptoms: some rows are impossible.
    return {
        (a, b): (1.0, 0.0) if (a, b) == (0, 2) and i % 2 == 0 else (0.9 - 0.1 * a - 0.03 * i, 0.1 + 0.1 * a + 0.03 * i)
        for a in (0, 1)
        for b in (0, 1, 2)
    }


QUERY = "P(Y[A=?a]=1 | A=?seen, B=?, " + ", ".join(f"S{i}=?" for i in range(10)) + ")"


def table(rows: int, seed: int = 0) -> dict[str, list[int]]:
    """Random rows; some are impossible."""
    rng = np.random.default_rng(seed)
    sizes = {"a": 2, "seen": 2, "B": 3} | {f"S{i}": 2 for i in range(10)}
    return {name: rng.integers(0, size, rows).tolist() for name, size in sizes.items()}


def tolerance(execution: Execution) -> float:
    """Between runs in one precision: what the order of additions may change."""
    return 1e-5 if execution.precision == "single" else 1e-14


@pytest.fixture(scope="module")
def reference() -> np.ndarray[Any, Any]:
    answer = ask(chain(), QUERY, rows=table(300), execution=NUMPY)
    assert {"ok", "undefined"} == set(answer.status)
    return numbers(answer)


@ALL
def test_any_chunk_any_order_any_column_order(execution: Execution, reference: np.ndarray[Any, Any]) -> None:
    model, rows = chain(), table(300)
    order = np.random.default_rng(1).permutation(300)
    shuffled = {name: [rows[name][i] for i in order] for name in reversed(list(rows))}
    for chunk in (None, 1 if execution == NUMPY else 32, 7 if execution == NUMPY else 33, 128, 5000):
        kept = Execution(executor=execution.executor, precision=execution.precision, chunk=chunk)
        for given, wanted in ((rows, reference), (shuffled, reference[order])):
            answer = ask(model, QUERY, rows=given, execution=kept)
            assert np.nanmax(np.abs(numbers(answer) - wanted)) <= tolerance(execution)
            assert [s == "ok" for s in answer.status] == np.isfinite(wanted).tolist()


@ALL
def test_duplicates_dtypes_and_a_row_alone(execution: Execution, reference: np.ndarray[Any, Any]) -> None:
    model, rows = chain(), table(300)
    first = {name: column[:5] for name, column in rows.items()}
    forms: tuple[Any, ...] = (
        {name: column * 40 for name, column in first.items()},
        {name: np.array(column * 40, dtype=np.int8) for name, column in first.items()},
        {name: np.array(column * 40, dtype=float) for name, column in first.items()},
    )
    for again in forms:
        found = numbers(ask(model, QUERY, rows=again, execution=execution)).reshape(40, 5)
        assert np.array_equal(found, np.broadcast_to(found[0], (40, 5)), equal_nan=True)
        assert np.nanmax(np.abs(found[0] - reference[:5])) <= tolerance(execution)
    for i in range(5):
        alone = ask(model, QUERY, rows={name: column[i : i + 1] for name, column in rows.items()}, execution=execution)
        if math.isnan(reference[i]):
            assert (alone.finding, alone.status) == ("undefined", ("undefined",))
        else:
            assert alone.finding == "exact"
            assert numbers(alone) == pytest.approx([reference[i]], abs=tolerance(execution))


@ALL
def test_no_rows_one_row_and_only_impossible_rows(execution: Execution) -> None:
    model = chain()
    empty = ask(model, QUERY, rows={name: [] for name in table(1)}, execution=execution)
    assert (empty.status, numbers(empty).shape) == ((), (0,))
    never = {"a": [0] * 9, "seen": [0] * 9, "B": [2] * 9} | {f"S{i}": [1] * 9 for i in range(10)}
    answer = ask(model, QUERY, rows=never, execution=execution)
    assert (answer.finding, set(answer.status), answer.value) == ("undefined", {"undefined"}, None)


@ALL
def test_a_placeholder_that_no_factor_reads(execution: Execution) -> None:
    """Y depends on A alone; what is imposed on it hides B, and rows still count."""
    model = Model(Variable("A", noise=Bernoulli(0.3)), Variable("B", noise=Bernoulli(0.5)), Variable("Y", equation="A"))
    for query in ("P(Y[A=True]=True | B=?b)", "P(Y[B=?b]=True)", "P(A[A=?b]=True)"):
        answer = ask(model, query, rows={"b": [True, False, True]}, execution=execution)
        wanted = [1, 1, 1] if "Y[A" in query else [0.3] * 3 if "Y[B" in query else [1, 0, 1]
        assert numbers(answer) == pytest.approx(wanted, abs=1e-6), query


@pytest.mark.parametrize(
    "wrong",
    [
        {"executor": "torch"},
        {"executor": "numpy", "precision": "single"},
        {"precision": "half"},
        {"chunk": 0},
        {"chunk": -3},
        {"chunk": True},
        {"chunk": 2.5},
        {"chunk": "many"},
        {"devices": ()},
    ],
)
def test_an_odd_execution_is_refused_in_words(wrong: Any) -> None:
    with pytest.raises(InvalidQuery):
        Execution(**wrong)


def test_execution_must_be_one() -> None:
    for wrong in ("jax", {"executor": "jax"}, 3):
        with pytest.raises(InvalidQuery, match="Execution"):
            ask(chain(), "P(A=1)", execution=wrong)  # pyright: ignore[reportArgumentType]


@ALL
def test_bad_rows_are_named_before_anything_is_compiled(execution: Execution) -> None:
    bad = table(50)
    bad["S3"][17] = 5
    with pytest.raises(InvalidRows, match="Row 18, column 'S3'"):
        ask(chain(), QUERY, rows=bad, execution=execution)


# ---------------------------------------------------------------------------------------------------------------------
# Trust is earned


@pytest.mark.parametrize("precision", ["single", "double"])
def test_the_compiler_passes_its_start_up_test(precision: Any) -> None:
    assert _run_jax.self_test(precision) is None


@pytest.mark.parametrize("part", [slice(1), slice(64, None)], ids=["first row", "from row 64 on"])
def test_a_compiler_that_is_wrong_is_not_believed(
    part: slice, monkeypatch: pytest.MonkeyPatch, reference: np.ndarray[Any, Any]
) -> None:
    """As jaxlib 0.10.2: a compiled function that returns wrong numbers without saying so."""
    real = _run_jax.compiled

    def broken(*key: Any) -> Any:
        def run(tables: Any, columns: Any) -> Any:
            weights, *rest = real(*key)(tables, columns)
            return weights.at[0, part].add(0.125 * weights.max()), *rest

        return run

    monkeypatch.setattr(_run_jax, "compiled", broken)
    rows = {name: column[:256] for name, column in table(300).items()}
    for column in rows.values():  # the row that is wrong is possible
        column[0] = 1
    wanted = ask(chain(), QUERY, rows=rows, execution=NUMPY)
    answer = ask(chain(), QUERY, rows=rows, execution=SINGLE)
    assert np.array_equal(numbers(answer), numbers(wanted), equal_nan=True)
    assert answer.plan["executor"] == "numpy double"
    assert _run_jax.release() in answer.plan["fallback"]
    assert "differs from NumPy" in answer.plan["fallback"]


def test_a_compiler_that_fails_its_start_up_test_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    message = f"{_run_jax.release()} computed 1073676288 for 1073741824 in its start-up test (jax issue 39103)"
    monkeypatch.setattr(_run_jax, "self_test", lambda _: message)
    answer = ask(chain(), QUERY, rows=table(300), execution=SINGLE)
    assert (answer.finding, answer.plan["executor"]) == ("exact", "numpy double")
    assert answer.plan["fallback"] == message
    # NumPy is slower, not forbidden: only the budget may refuse.
    stopped = ask(chain(), QUERY, rows=table(300), execution=SINGLE, budget=1e-9)
    assert stopped.finding == "refused"


def test_the_global_precision_of_jax_stays_as_it_was() -> None:
    import jax

    before = jax.config.read("jax_enable_x64")
    ask(chain(), QUERY, rows=table(20), execution=DOUBLE)
    assert jax.config.read("jax_enable_x64") == before


# ---------------------------------------------------------------------------------------------------------------------
# What single precision must not decide, and what it states


def test_a_divisor_of_zero_is_zero_in_single_precision() -> None:
    given = ", ".join(f"S{i}=?" for i in range(10))
    query = f"P(A=1 | {given}) / (P(A=1 | {given}) - P(A=1 | {given}, Y in {{0, 1}}))"
    rows = {name: column for name, column in table(60).items() if name.startswith("S")}
    assert ask(chain(), query, rows=rows, execution=SINGLE).finding == "undefined"


def test_ends_that_meet_are_one_number_in_single_precision() -> None:
    model = Model(
        Variable("U", noise=Unknown()),
        Variable("A", noise=Bernoulli(0.3)),
        *(Variable(f"S{i}", (0, 1), parents=("A",), table={0: (0.9, 0.1), 1: (0.3, 0.7)}) for i in range(10)),
    )
    given, rows = ", ".join(f"S{i}=?" for i in range(10)), table(60)
    rows = {name: column for name, column in rows.items() if name.startswith("S")}
    answer = ask(model, f"P(A=True, (U=True or U=False) | {given})", rows=rows, execution=SINGLE)
    assert answer.finding == "exact"


@pytest.mark.parametrize(
    "query", ["E[Big | {}]", "1000000 * P(A=1 | {0}) - 1000000 * P(A=1 | {0}, Y in {{0, 1}})"], ids=["mean", "contrast"]
)
def test_the_stated_rounding_holds_where_large_numbers_cancel(query: str) -> None:
    model = Model(
        *chain().items, Variable("Big", (-1000000, 1000000), parents=("A",), table={0: (0.5, 0.5), 1: (0.3, 0.7)})
    )
    text, rows = query.format(", ".join(f"S{i}=?" for i in range(10))), table(60)
    rows = {name: column for name, column in rows.items() if name.startswith("S")}
    double, single = (ask(model, text, rows=rows, execution=e) for e in (DOUBLE, SINGLE))
    bound = single.uncertainty.floating_point
    assert bound is not None
    assert np.abs(numbers(double) - numbers(single)).max() <= bound < SILLY * 1e6


# ---------------------------------------------------------------------------------------------------------------------
# Small numbers: a hidden chain against a forward pass in rationals

Rows = list[list[Fraction]]


def hidden_chain(start: Any, step: Any, emit: Any, length: int) -> Model:
    """S0 -> S1 -> ..., each with an observation."""
    states, signs = tuple(range(len(step))), tuple(range(len(emit[0])))
    return Model(
        Variable("S0", states, table=tuple(map(float, start))),
        *(Variable(f"S{i}", states, parents=(f"S{i - 1}",), table=_rows(step)) for i in range(1, length)),
        *(Variable(f"O{i}", signs, parents=(f"S{i}",), table=_rows(emit)) for i in range(length)),
    )


def _rows(laws: Any) -> Any:
    return {k: tuple(map(float, law)) for k, law in enumerate(laws)}


def first_state(start: Any, step: Any, emit: Any, seen: Any) -> list[Fraction] | None:
    """The posterior of the first state in rationals (of the numbers that the engine was given), or None."""
    start, (step, emit) = _exact([start])[0], map(_exact, (step, emit))
    later = [Fraction(1)] * len(start)
    for sign in reversed(seen[1:]):
        ahead = [emit[k][sign] * later[k] for k in range(len(start))]
        later = [sum(p * w for p, w in zip(row, ahead, strict=True)) for row in step]
    weights = [p * emit[k][seen[0]] * later[k] for k, p in enumerate(start)]
    return [w / sum(weights) for w in weights] if sum(weights) else None


def _exact(laws: Any) -> Rows:
    return [[Fraction(float(p)) for p in law] for law in laws]


def _extreme(rng: random.Random, size: int, digits: tuple[int, ...]) -> list[float]:
    """A law with entries down to 10**-digits, and zeros."""
    law = [0.0 if rng.random() < 0.2 else rng.random() * 10.0 ** -rng.choice(digits) / size for _ in range(size)]
    main = rng.randrange(size)
    law[main] = 0.0
    law[main] = 1 - sum(law)
    return law


@pytest.mark.parametrize("seed", range(6))
def test_small_numbers_are_never_zero_and_never_wrong(seed: int) -> None:
    rng = random.Random(f"small {seed}")
    length, states, digits = (
        40,
        rng.choice((2, 3)),
        ((1,), (1, 20), (50, 100), (100, 300), (10, 200, 300), (300,))[seed],
    )
    start = _extreme(rng, states, digits)
    step, emit = ([_extreme(rng, size, digits) for _ in range(states)] for size in (states, 2))
    seen = [[rng.randrange(2) for _ in range(length)] for _ in range(12)]
    # Some rows from the model itself, or all would be impossible or nearly so.
    seen += [[max(range(2), key=lambda s: emit[k][s]) for k in [rng.randrange(states)] * length] for _ in range(4)]
    model = hidden_chain(start, step, emit, length)
    query = f"P(S0 | {', '.join(f'O{i}=?' for i in range(length))})"
    rows = {f"O{i}": [row[i] for row in seen] for i in range(length)}
    truths = [first_state(start, step, emit, row) for row in seen]
    for execution in EXECUTIONS if seed in (1, 3) else EXECUTIONS[:1]:
        answer = ask(model, query, rows=rows, execution=execution)
        assert answer.finding in ("exact", "undefined"), answer.refusals
        for i, expected in enumerate(truths):
            assert (answer.status[i] == "undefined") == (expected is None), (i, expected)
            if expected is not None:
                bound = 1e-12 if execution.precision != "single" else answer.uncertainty.floating_point
                assert numbers(answer)[i] == pytest.approx(list(map(float, expected)), abs=bound)


@pytest.mark.parametrize("tiny", [1e-30, 1e-60, 1e-100, 1e-300])
@ALL
def test_what_is_lost_beside_the_rest_may_be_all_that_remains(execution: Execution, tiny: float) -> None:
    """One sign makes state 1 all but impossible, another excludes every other state."""
    model = Model(
        Variable("S", (0, 1), table=(0.5, 0.5)),
        Variable("O", (0, 1), parents=("S",), table={0: (0.5, 0.5), 1: (1 - tiny, tiny)}),
        Variable("E", (0, 1), parents=("S",), table={0: (1, 0), 1: (0.5, 0.5)}),
        Variable("R", (0, 1), parents=("S",), table={0: (0.9, 0.1), 1: (0.3, 0.7)}),
    )
    with gathered_early(True):
        answer = ask(
            model, "P(R=1 | O=?, E=?)", rows={"O": [0] * 30 + [1, 0], "E": [0] * 30 + [1, 1]}, execution=execution
        )
    assert set(answer.status) == {"ok"}
    assert numbers(answer)[30:] == pytest.approx([0.7, 0.7], abs=1e-6)
    assert answer.plan["fallback"] is None


@ALL
def test_a_path_lost_on_the_way_counts_again_once_the_others_are_gone(execution: Execution) -> None:
    """State 1 falls to 1e-330 of state 0, state 2 to 1e-240; then 0 is excluded and 2 falls below 1."""
    length, keep = 20, [[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]
    laws: dict[int, Any] = {i: [(0, 1), (1 - 1e-110, 1e-110), (1 - 1e-80, 1e-80)] for i in range(3)}
    laws[12] = [(1, 0), (0, 1), (1 - 1e-200, 1e-200)]
    plain = [(0.5, 0.5)] * 3
    model = Model(
        Variable("S0", (0, 1, 2), table=(0.4, 0.3, 0.3)),
        *(Variable(f"S{i}", (0, 1, 2), parents=(f"S{i - 1}",), table=_rows(keep)) for i in range(1, length)),
        *(Variable(f"O{i}", (0, 1), parents=(f"S{i}",), table=_rows(laws.get(i, plain))) for i in range(length)),
        Variable("R", (0, 1), parents=(f"S{length - 1}",), table={0: (1, 0), 1: (0.25, 0.75), 2: (0.5, 0.5)}),
    )
    given = ", ".join(f"O{i}=?" for i in range(length))
    answer = ask(model, f"P(R=1 | {given})", rows={f"O{i}": [1, 1] for i in range(length)}, execution=execution)
    assert numbers(answer) == pytest.approx([0.75, 0.75], abs=1e-6)
    assert ask(model, f"P(R=1 | {given.replace('?', '1')})", execution=execution).value == pytest.approx(0.75, abs=1e-6)
