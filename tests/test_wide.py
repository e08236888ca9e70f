"""Models that are too wide, or long: refused with a forecast, sliced within a budget, stopped by a fuse."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scm import Categorical, Execution, Model, ScmError, Variable, ask
from scm.solvers import Budget, _execute
from tests.agreement import numbers
from tests.test_executors import QUERY, chain, table

FACTS: Any = {0: (0.7, 0.3), 1: (0.4, 0.6)}


def wide(roots: int, seed: int = 0) -> tuple[Model, str]:
    """Independent causes, and twice as many effects of three of them each, all observed."""
    rng = np.random.default_rng(seed)
    picked = [rng.choice(roots, 3, replace=False).tolist() for _ in range(2 * roots)]
    law: Any = {
        (a, b, c): (0.1 + 0.1 * a + 0.2 * b + 0.3 * c, 0.9 - 0.1 * a - 0.2 * b - 0.3 * c)
        for a in (0, 1)
        for b in (0, 1)
        for c in (0, 1)
    }
    effects = [Variable(f"Y{j}", (0, 1), parents=tuple(f"X{i}" for i in p), table=law) for j, p in enumerate(picked)]
    model = Model(*(Variable(f"X{i}", (0, 1), table=(0.5, 0.5)) for i in range(roots)), *effects)
    return model, f"P(X0=1 | {', '.join(f'Y{j}=1' for j in range(2 * roots))})"


def grid(side: int) -> tuple[Model, str]:
    """A square lattice, each node leaning towards its neighbours above and to the left; the corners are asked about."""
    variables: list[Variable] = []
    for i in range(side):
        for j in range(side):
            parents = tuple(f"X{a}_{b}" for a, b in ((i - 1, j), (i, j - 1)) if min(a, b) >= 0)
            laws: Any = {0: (0.7, 0.3), 1: (0.3, 0.7)}
            if len(parents) == 2:
                laws = {(a, b): ((0.9, 0.1), (0.5, 0.5), (0.1, 0.9))[a + b] for a in (0, 1) for b in (0, 1)}
            table = laws if parents else (0.5, 0.5)
            variables.append(Variable(f"X{i}_{j}", (0, 1), parents=parents, table=table))
    return Model(*variables), f"P(X0_0=1 | X{side - 1}_{side - 1}=1)"


REFUSED = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from tests.test_wide import wide
from scm import ask
model, query = wide(100)
ask(model, "P(X0=1)")
start = time.monotonic()
answer = ask(model, query)
json.dump([answer.finding, answer.refusals, time.monotonic() - start], sys.stdout)
"""


def test_a_model_of_great_width_is_refused_with_its_forecast() -> None:
    """In a process that may not take more than three gibibytes."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", REFUSED], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    finding, refusals, seconds = json.loads(done.stdout)
    assert finding == "refused"
    for words in ("forecast at", "operations", "bytes", "width", "the budget is", "Raise the budget"):
        assert words in refusals[0][1]
    assert seconds < 30  # a fraction of a second on an idle machine


@pytest.mark.parametrize("budget", ["60s,20kB", "60s,6kB"])
def test_slices_give_the_same_numbers(budget: str) -> None:
    model, query = grid(9)
    whole, sliced = ask(model, query), ask(model, query, budget=budget)
    assert sliced.finding == "exact", sliced.refusals
    assert sliced.plan["largest_array"] * 8 <= float(budget.split(",")[1].removesuffix("kB")) * 1000
    assert sliced.value == pytest.approx(whole.value, abs=1e-14)


def test_slices_of_rows_give_the_same_numbers() -> None:
    model, _ = grid(6)
    query = "P(X0_0=1 | " + ", ".join(f"X5_{j}=?" for j in range(6)) + ")"
    rows = {f"X5_{j}": np.random.default_rng(j).integers(0, 2, 40).tolist() for j in range(6)}
    wanted = numbers(ask(model, query, rows=rows))
    for execution in (Execution(executor="numpy"), Execution(executor="jax", precision="double")):
        sliced = ask(model, query, rows=rows, budget="60s,300B", execution=execution)
        assert sliced.finding == "exact", sliced.refusals
        assert numbers(sliced) == pytest.approx(wanted, abs=1e-14)


def test_a_budget_of_memory_limits_the_chunk_not_the_rows() -> None:
    small, large = (ask(chain(), QUERY, rows=table(400), budget=b) for b in ("60s,2kB", "60s,1GB"))
    assert np.nanmax(np.abs(numbers(small) - numbers(large))) <= 1e-14


@pytest.mark.parametrize("executor", ["numpy", "jax"])
def test_a_budget_of_time_stops_a_long_batch(executor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = chain(), table(20_000)
    execution = Execution(executor=executor, chunk=16, precision="double")
    start = time.monotonic()
    # Alike or not, every row counts here; the forecast leaves room, the clock does not.
    monkeypatch.setattr(_execute, "ALIKE_ROWS", 1 << 60)
    answer = ask(model, QUERY, rows=rows, budget=Budget(seconds=1e-4), execution=execution)
    assert answer.finding == "refused"
    assert "budget" in answer.refusals[0][1]
    assert time.monotonic() - start < 20


def test_a_budget_of_time_stops_many_slices() -> None:
    model, query = grid(10)
    answer = ask(model, query, budget="0.4s,1500B")
    assert answer.finding == "refused"
    assert "budget" in answer.refusals[0][1]


def test_a_grid_is_planned_and_answered() -> None:
    model, query = grid(12)
    answer = ask(model, query)
    assert answer.finding == "exact"
    assert answer.plan["width"] <= 14
    # Turned about its diagonal the lattice is the same.
    turned = ask(model, "P(X0_1=1 | X5_3=1)"), ask(model, "P(X1_0=1 | X3_5=1)")
    assert turned[0].value == pytest.approx(turned[1].value, abs=1e-13)


@pytest.mark.parametrize("tree", [False, True], ids=["chain", "tree"])
def test_a_thousand_nodes(tree: bool) -> None:
    above = [(i - 1) // 2 if tree else i - 1 for i in range(1000)]
    model = Model(
        Variable("X0", (0, 1), table=(0.5, 0.5)),
        *(Variable(f"X{i}", (0, 1), parents=(f"X{above[i]}",), table=FACTS) for i in range(1, 1000)),
    )
    seen = {i: i % 3 % 2 for i in range(1, 1000, 2)}
    upward = np.ones((1000, 2))
    law = np.array([FACTS[0], FACTS[1]])
    for i in range(999, 0, -1):
        if i in seen:
            upward[i] *= np.eye(2)[seen[i]]
        upward[above[i]] *= law @ (upward[i] / upward[i].max())
        upward[above[i]] /= upward[above[i]].max()
    wanted = upward[0, 1] / upward[0].sum()
    given = ", ".join(f"X{i}={state}" for i, state in seen.items())
    assert ask(model, f"P(X0=1 | {given})").value == pytest.approx(wanted, abs=1e-12)
    rows = {f"X{i}": [state, 1 - state] for i, state in seen.items()}
    batch = ask(model, f"P(X0=1 | {', '.join(f'X{i}=?' for i in seen)})", rows=rows)
    assert numbers(batch)[0] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("query", ["P(A + B = 3)", "P(A * B = 6)", "E[A + B]", "P(A > B)", "P(A = B)"])
def test_variables_of_512_states(query: str) -> None:
    """Every answer is right or a refusal, in moderate time and memory."""
    wanted = {"E[A + B]": 511.0, "P(A > B)": 511 / 1024, "P(A = B)": 1 / 512}
    answer = ask(pair_of_512(), query)
    if query in wanted:
        assert answer.value == pytest.approx(wanted[query], abs=1e-9)
    else:
        assert answer.finding == "refused"
        assert "too many to tabulate" in answer.refusals[0][1]


def test_an_expectation_of_too_many_values() -> None:
    with pytest.raises(ScmError, match="different values"):
        ask(pair_of_512(), "E[A * B]")


def pair_of_512() -> Model:
    law = Categorical({k: 1 / 512 for k in range(512)})
    return Model(*(Variable(name, tuple(range(512)), noise=law) for name in "AB"))
