"""The engine asked, the oracle asked, and what they disagree about. Used by the ordinary tests and by the long run."""

import itertools
import pprint
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

import scm
from scm.solvers import _execute, _program
from tests.bridge_to_engine import to_model
from tests.generators import pair
from tests.oracle import Plain, Query, couple, couplings_of, truth, unknown_noises
from tests.plain import do_text, fill, punch, rows_for, rung, to_text

EXECUTIONS = (
    scm.Execution(executor="numpy"),
    scm.Execution(executor="jax", precision="double"),
    scm.Execution(executor="jax", precision="single"),
)
SIZES = (1, 7, 1, 7, 1000, 1, 7, 4096, 1000, 7, 1, 1000, 7, 4096, 1000, 32769)
"""Rows of the batches, in turn: small ones are quick, so there are more of them."""
SILLY = 1e-3
"""A stated bound on rounding that says nothing."""

TOLERANCE = 1e-12
"""Values are sums of at most some thousand products of numbers below 100, each with a relative rounding error near
1e-16, divided by a condition that is seldom below 1e-4: 1e-12 has room for both and for no wrong formula."""

UNSETTLED = ("bounds", "not_identified", "refused")
"""Findings that claim no number."""


BLOCK = 50
"""Random comparisons in one test: few enough to find the seed, many enough that the report stays short."""


@dataclass(frozen=True)
class Outcome:
    """What a comparison found: the largest difference, and what is wrong (empty if nothing is)."""

    difference: float = 0.0
    problem: str = ""


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The first problem, if any, and the largest difference."""
    held = list(outcomes)
    return Outcome(max((o.difference for o in held), default=0.0), next((o.problem for o in held if o.problem), ""))


def agree(check: Callable[[object], Outcome], block: int) -> None:
    """Fail with every mismatch among the seeds of one block."""
    problems = [check(seed).problem for seed in range(block * BLOCK, (block + 1) * BLOCK)]
    assert not any(problems), "\n\n".join(filter(None, problems))


# ---------------------------------------------------------------------------------------------------------------------
# One answer against one truth


def compare(answer: scm.Answer, expected: Any) -> Outcome:
    """An answer without rows against the truth."""
    if answer.finding not in findings(expected):
        return Outcome(problem=f"finding {answer.finding}, wanted {' or '.join(findings(expected))}: {told(expected)}")
    return Outcome() if expected is None else _match(_ends(answer), expected)


def compare_row(answer: scm.Answer, row: int, expected: Any) -> Outcome:
    """One row of an answer against its truth."""
    status = answer.status[row]
    if status != ("undefined" if expected is None else "ok"):
        return Outcome(problem=f"status {status} in row {row}, truth {told(expected)}")
    if expected is None:
        return Outcome()
    lower, upper = _ends(answer)
    return _match((lower[row], upper[row]), expected)


def findings(expected: Any) -> tuple[str, ...]:
    """What an answer with this truth may find; an interval of length zero is as good as a point."""
    if expected is None:
        return ("undefined",)
    numbers = list(expected.values()) if isinstance(expected, dict) else [expected]
    if not isinstance(numbers[0], tuple):
        return ("exact",)
    return ("exact", "bounds") if all(lower == upper for lower, upper in numbers) else ("bounds",)


def numbers(answer: scm.Answer) -> Any:
    """The value as an array: over rows, where there are rows, and over states, where there are states."""
    assert answer.value is not None, f"{answer.finding} has no value"
    return np.asarray(answer.value, float)


def _ends(answer: scm.Answer) -> tuple[Any, Any]:
    if answer.interval is not None:
        return np.asarray(answer.interval.lower, float), np.asarray(answer.interval.upper, float)
    return numbers(answer), numbers(answer)


def _match(found: tuple[Any, Any], expected: Any) -> Outcome:
    numbers = list(expected.values()) if isinstance(expected, dict) else [expected]
    pairs = [x if isinstance(x, tuple) else (x, x) for x in numbers]
    wanted = np.asarray([[float(end) for end in ends] for ends in zip(*pairs, strict=True)])
    got = np.asarray([np.ravel(end) for end in found])
    if got.shape != wanted.shape:
        return Outcome(problem=f"shape {got.shape}, wanted {wanted.shape}")
    difference = float(np.max(np.abs(got - wanted)))
    # Written so that NaN is a problem too.
    problem = "" if difference <= TOLERANCE else f"got {got.tolist()}, truth {told(expected)}"
    return Outcome(difference, problem)


def told(expected: Any) -> str:
    """A truth as people read it."""
    if isinstance(expected, dict):
        return str({key: told(value) for key, value in expected.items()})
    if isinstance(expected, tuple):
        return f"[{', '.join(map(told, expected))}]"
    return "undefined" if expected is None else f"{expected} = {float(expected):.6g}"


# ---------------------------------------------------------------------------------------------------------------------
# Random comparisons, each from its seed


def check_pair(seed: object) -> Outcome:
    """A random query of a random structural model; on rung 2 in `do()` form too."""
    model, query = pair(seed)
    built, expected = to_model(model), truth(model, query)
    texts = [text for text in (to_text(query), do_text(query)) if text]
    return worst(
        _attempt(lambda text=text: compare(scm.ask(built, text), expected), seed, text, model) for text in texts
    )


def check_bare(seed: object) -> Outcome:
    """A random query where some mechanisms are bare tables: nothing may be claimed that a coupling could change."""
    rng = random.Random(f"bare {seed}")
    # Couplings disagree most about several worlds of models that are tables throughout.
    model, query = pair(f"bare {seed}", bare=rng.choice((0.6, 1)), unknown=0, kind=rng.choice((None, "many")))
    text, built = to_text(query), to_model(model)
    return _attempt(lambda: _check_bare(model, query, built, text), f"bare {seed}", text, model)


def _check_bare(model: Plain, query: Query, built: scm.Model, text: str) -> Outcome:
    by_coupling = {coupling: truth(model, query, coupling) for coupling in couplings_of(model)}
    truths = list(by_coupling.values())
    answer = scm.ask(built, text)
    outcomes: list[Outcome] = []
    for coupling, expected in by_coupling.items():
        # "opposed" has no name in the engine: it is granted as a noise table for every variable.
        assume = noise_tables(model, built, coupling) if coupling == "opposed" else coupling
        granted = scm.ask(built, text, assume=assume)
        outcomes += [Outcome() if granted.finding == "refused" else compare(granted, expected)]
    possible = [expected for expected in truths if expected is not None]
    if answer.finding in UNSETTLED and rung(query) < 3:
        outcomes += [Outcome(problem=f"{answer.finding}, though tables settle rung {rung(query)}: {told(truths[0])}")]
    elif answer.finding == "bounds":
        outcomes += [Outcome(problem=_outside(answer, expected)) for expected in possible]
        outcomes += [Outcome(problem=_unsaid(answer))] * (len(possible) < len(truths))
    elif answer.finding not in UNSETTLED:
        # Some couplings may make the condition impossible, others not: a number speaks of those, and says so.
        outcomes += [compare(answer, expected) for expected in possible or truths]
        outcomes += [Outcome(problem=_unsaid(answer))] * (0 < len(possible) < len(truths))
    return worst(outcomes)


def _unsaid(answer: scm.Answer) -> str:
    """That the condition may be impossible is said where some coupling makes it so."""
    said = any("has a probability above zero" in assumption.text for assumption in answer.assumptions)
    return "" if said else f"{answer.finding}, and not said that the condition may have probability zero"


def noise_tables(model: Plain, built: scm.Model, coupling: str) -> list[scm.ByNoise]:
    """The noise that the oracle puts behind each bare table, as couplings of the engine."""
    closed = couple(model, coupling)
    found: list[scm.ByNoise] = []
    for bare, variable in zip(model["variables"], closed["variables"], strict=True):
        if "table" in bare:
            noise = closed["noises"][variable["noises"][0]]
            number = {state: k for k, state in enumerate(noise["states"])}
            law: dict[Any, float] = {number[s]: float(p) for s, p in zip(noise["states"], noise["law"], strict=True)}
            outcomes: dict[Any, object] = {
                (*row[:-1], number[row[-1]]): value for row, value in variable["function"].items()
            }
            found.append(scm.by_noise(built, variable["name"], law, outcomes))
    return found


def _outside(answer: scm.Answer, expected: Any) -> str:
    """The truth of every coupling lies within the bounds."""
    assert answer.interval is not None
    lower, upper = np.ravel(answer.interval.outer_lower), np.ravel(answer.interval.outer_upper)
    value = [float(x) for x in (expected.values() if isinstance(expected, dict) else [expected])]
    # Bounds come from linear programming, whose own tolerance is 1e-9.
    inside = np.all(lower <= np.asarray(value) + 1e-9) and np.all(np.asarray(value) <= upper + 1e-9)
    return "" if inside else f"{told(expected)} is outside [{lower}, {upper}]"


def check_rows(seed: object) -> Outcome:
    """A query with placeholders: a batch, each of its rows alone, and each row written out say the same."""
    rng = random.Random(f"rows {seed}")
    model, query = pair(f"rows {seed}", unknown=rng.choice((0, 0, 0.5)))
    if query[0] == "sum" and unknown_noises(model):
        # Its terms would get different conditions, and the oracle finds the ends of one ratio only.
        query = query[1][0][1]
    punched, holes = punch(query, {v["name"]: v["states"] for v in model["variables"]}, rng)
    if not holes:
        return Outcome()
    rows = rows_for(holes, rng)
    text = f"{to_text(punched)} {rows}"
    return _attempt(lambda: check_filled(model, punched, rows), f"rows {seed}", text, model)


def check_filled(model: Plain, punched: Query, rows: list[dict[str, Any]]) -> Outcome:
    """A query with placeholders and the rows that fill it."""
    built, text = to_model(model), to_text(punched)
    truths = [truth(model, fill(punched, row)) for row in rows]
    batch = scm.ask(built, text, rows={hole: [row[hole] for row in rows] for hole in rows[0]})
    outcomes = [compare_row(batch, i, expected) for i, expected in enumerate(truths)]
    for row, expected in zip(rows[:4], truths, strict=False):
        alone = scm.ask(built, text, rows={hole: [x] for hole, x in row.items()})
        outcomes += [compare_row(alone, 0, expected), compare(scm.ask(built, to_text(fill(punched, row))), expected)]
        if alone.finding not in findings(expected):
            outcomes += [Outcome(problem=f"one row finds {alone.finding}, truth {told(expected)}")]
    return worst(outcomes)


# ---------------------------------------------------------------------------------------------------------------------
# Batches: one query, many tables, many rows, every executor


@contextmanager
def gathered_early(early: bool) -> Iterator[None]:
    """Rows that come in with the first step and are all worked out, so that small models too exercise the executors."""
    before = _program.LEAST_OPEN, _program.MOST_OPEN, _execute.ALIKE_ROWS
    if early:
        _program.LEAST_OPEN = _program.MOST_OPEN = 1
        _execute.ALIKE_ROWS = 1 << 60
    try:
        yield
    finally:
        _program.LEAST_OPEN, _program.MOST_OPEN, _execute.ALIKE_ROWS = before


def batch_shape(shape: object) -> tuple[Plain, Query, dict[str, Any]]:
    """A random model without tables, a query of it, and its placeholders: what decides which programs are compiled."""
    for attempt in itertools.count():
        rng = random.Random(f"shape {shape} {attempt}")
        model, query = pair(f"shape {shape} {attempt}", unknown=0)
        punched, holes = punch(query, {v["name"]: v["states"] for v in model["variables"]}, rng)
        if holes:
            return model, punched, holes
    raise AssertionError


def redrawn(model: Plain, rng: random.Random) -> Plain:
    """The same model with other laws of its noises: another table, the same program."""

    def law(size: int) -> tuple[Fraction, ...]:
        weights = [0 if rng.random() < 0.1 else rng.randint(1, 9) for _ in range(size)]
        weights[rng.randrange(size)] += 1
        return tuple(Fraction(w, sum(weights)) for w in weights)

    noises = {name: {**noise, "law": law(len(noise["states"]))} for name, noise in model["noises"].items()}
    return {**model, "noises": noises}


def check_batch(shape: object, draw: int) -> Outcome:
    """Other tables for a shape, a batch of a size of its own: each executor, in each precision, against the oracle."""
    model, query, holes = batch_shape(shape)
    rng = random.Random(f"batch {shape} {draw}")
    model, rows, size = redrawn(model, rng), rows_for(holes, rng, 5), SIZES[draw % len(SIZES)]
    text = f"{to_text(query)} {size} of {rows}"
    return _attempt(lambda: _check_batch(model, query, rows, size, rng), (shape, draw), text, model)


def _check_batch(model: Plain, query: Query, rows: list[dict[str, Any]], size: int, rng: random.Random) -> Outcome:
    truths = [truth(model, fill(query, row)) for row in rows]
    picked = np.array(rng.choices(range(len(rows)), k=size))
    columns = {hole: [rows[i][hole] for i in picked] for hole in rows[0]}
    built, outcomes = to_model(model), list[Outcome]()
    with gathered_early(rng.random() < 0.7):
        for execution in EXECUTIONS:
            answer = scm.ask(built, to_text(query), rows=columns, execution=execution)
            found = compare_batch(answer, picked, truths, execution.precision == "single")
            outcomes.append(Outcome(found.difference, found.problem and f"{execution}: {found.problem}"))
    return Outcome(max(o.difference for o in outcomes[:2]), worst(outcomes).problem)


def compare_batch(answer: scm.Answer, picked: Any, truths: list[Any], single: bool) -> Outcome:
    """Every row of a batch against its truth; `picked` says which of the truths that is."""
    wanted_status = tuple("undefined" if truths[i] is None else "ok" for i in picked)
    if answer.status != wanted_status:
        return Outcome(problem=f"finding {answer.finding}, the status of rows differs from the truth {truths}")
    bound = answer.uncertainty.floating_point
    if "ok" not in wanted_status:
        return Outcome(problem="" if answer.finding == "undefined" else f"finding {answer.finding}: nothing is defined")
    if answer.finding != "exact" or bound is None or not bound < SILLY:
        return Outcome(problem=f"finding {answer.finding}, stated rounding {bound} {answer.refusals}")
    got, ok = numbers(answer).reshape(len(picked), -1), np.array([s == "ok" for s in wanted_status])
    if np.isfinite(got[~ok]).any():
        return Outcome(problem="a number in a row that is not defined")
    wanted = np.array([_numbers_of(truths[i]) for i in picked[ok]])
    if got[ok].shape != wanted.shape:
        return Outcome(problem=f"shape {got.shape}, wanted {wanted.shape}")
    difference = float(np.abs(got[ok] - wanted).max())
    allowed = bound if single else min(TOLERANCE, bound)
    # Written so that NaN is a problem too.
    return Outcome(difference, "" if difference <= allowed else f"off by {difference:.3g}, allowed {allowed:.3g}")


def _numbers_of(expected: Any) -> list[float]:
    return [float(x) for x in (expected.values() if isinstance(expected, dict) else [expected])]


def _attempt(check: Callable[[], Outcome], seed: object, text: str, model: Plain) -> Outcome:
    """The outcome with the case told in full if anything is wrong; an exception is wrong too."""
    try:
        outcome = check()
    except Exception as wrong:
        outcome = Outcome(problem=f"{type(wrong).__name__}: {wrong}")
    if not outcome.problem:
        return outcome
    return Outcome(outcome.difference, f"seed {seed!r}: {outcome.problem}\n{text}\n{pprint.pformat(model, width=118)}")
