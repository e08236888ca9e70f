"""`python -m benchmarks.accelerator`: the JAX executor on whatever device JAX finds, and the bandwidth it reaches.

For each network of the table one question: the whole public call, and the compiled program alone with its columns and
tables already on the device. Answers are compared with NumPy float64. Runs on a CPU too.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np

from . import _networks as networks
from ._cases import Case, cases
from ._engines import model_of, query_of, structural_model_of

CHECKED = 10_000
"""Rows that are compared with NumPy."""
ITEM = {"single": 4, "double": 8}


def main() -> int:
    """Measure and print; 1 where an answer is wrong."""
    parser = argparse.ArgumentParser("python -m benchmarks.accelerator", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows a question (default: a million)")
    parser.add_argument("--precision", choices=("single", "double"), default="single")
    parser.add_argument("--quick", action="store_true", help="three networks")
    arguments = parser.parse_args()
    jax: Any = import_module("jax")
    device = jax.devices()[0]
    peak = bandwidth(1 << (26 if device.platform == "cpu" else 30))
    print(f"{device.device_kind} ({device.platform}), jax {jax.__version__}, {arguments.rows:,} rows, ", end="")
    print(f"{arguments.precision} precision; copying reaches {peak / 1e9:,.0f} GB/s.\n")
    head = ["network", "findings", "compile and first call", "call, rows/s", "program, rows/s", "bytes a row"]
    head += ["share of bandwidth", "largest difference"]
    print(f"| {' | '.join(head)} |\n|---|{'---:|' * (len(head) - 1)}", flush=True)
    wrong = False
    for case in _first_draws(arguments.quick):
        cells, off = measure(case, arguments.rows, arguments.precision, peak)
        wrong |= not off <= (1e-4 if arguments.precision == "single" else 1e-9)
        print(f"| {case.group} | {case.findings} | {' | '.join(cells)} |", flush=True)
    print("\nMore than all of the bandwidth: the arrays of a step were fused with the next, or stayed in the cache.")
    if wrong:
        print("Some answers are wrong.", file=sys.stderr)
    return int(wrong)


def _first_draws(quick: bool) -> Iterator[Case]:
    """One question of each kind."""
    seen: set[tuple[str, str]] = set()
    for case in cases(quick=quick):
        if (case.group, case.findings) not in seen and case.asked.target and not case.labels:
            seen.add((case.group, case.findings))
            yield case


def measure(case: Case, rows: int, precision: str, peak: float) -> tuple[list[str], float]:
    """The cells of one line, and the largest difference from NumPy."""
    scm: Any = import_module("scm")
    model = structural_model_of(networks.random_structural(*case.structural)) if case.structural else model_of(case.net)
    query = query_of(case.asked)
    columns = {name: np.resize(column.astype(np.uint8), rows) for name, column in case.columns.items()}
    run = scm.Execution(executor="jax", precision=precision)
    start = time.perf_counter()
    answer = scm.ask(model, query, rows=columns, execution=run)
    first = time.perf_counter() - start
    if answer.finding == "refused":
        return [f"refused: {answer.refusals[0][1][:60]}", *[""] * 5], 0.0
    call = _median(lambda: scm.ask(model, query, rows=columns, execution=run))
    some = {name: column[:CHECKED] for name, column in columns.items()}
    exact = scm.ask(model, query, rows=some, execution=scm.Execution(executor="numpy")).value
    off = float(np.abs(np.asarray(answer.value)[: len(exact)] - exact).max())
    seconds, moved, done = _programs(model, rows, precision)
    cells = [f"{first:.2f} s", f"{rows / call:.3g}"]
    if done:
        cells += [f"{done / seconds:.3g}", f"{moved / done:,.0f}", f"{moved / seconds / peak:.0%}"]
    else:
        cells += ["", "", ""]  # nothing was left to do for each row
    return [*cells, f"{off:.1e}"], off


def _median(work: Callable[[], Any], runs: int = 5) -> float:
    times: list[float] = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


# ---------------------------------------------------------------------------------------------------------------------
# The compiled program alone


def _programs(model: Any, rows: int, precision: str) -> tuple[float, float, int]:
    """Seconds, bytes moved and rows of one chunk of every compiled program that the call left in the model's plans."""
    seconds = moved = 0.0
    done = 0
    for planned in model.plans.values():
        plan = getattr(planned, "plan", None)
        if plan is None or not any(key[0] == "checked" for key in plan.seen):
            continue
        took, size, count = _program(plan, rows, precision)
        seconds, moved, done = seconds + took, moved + size, done + count
    return seconds, moved, done


def _program(plan: Any, rows: int, precision: str) -> tuple[float, float, int]:
    jax: Any = import_module("jax")
    device: Any = import_module("scm.solvers._run_jax")
    key = next(key for key in plan.seen if key[0] == "checked")
    _, each, _, chunk, kernel, _ = key
    ready = next(r for r in plan.ready.values() if r.program.each == each)
    tables = device.to_device(ready.arguments, precision, None)
    sizes = {n: s for op in each if hasattr(op, "sizes") for n, s in zip(op.names, op.sizes, strict=True)}
    rng = np.random.default_rng(0)
    codes = np.stack([rng.integers(sizes.get(n, 1), size=chunk) for n in ready.program.names]).astype(np.uint8)
    sent = jax.block_until_ready(device.columns_to_device(codes, None))
    times = 1 + min(100, rows // chunk)

    def run() -> None:
        found = [device.start_chunk(ready.program, tables, sent, precision, kernel) for _ in range(times)]
        jax.block_until_ready(found)

    run()
    return _median(run), times * chunk * bytes_a_row(ready.program, ITEM[precision]), times * chunk


def bytes_a_row(program: Any, item: int) -> float:
    """Bytes that one row's program reads and writes, step by step: columns in, each gathered or computed array written
    once and read once, weights out. Tables stay in the cache. A compiler that fuses steps moves fewer.
    """
    size = dict(program.sizes) | {-1: 1}
    arrays = [math.prod(size[x] for x in (op.axes if hasattr(op, "axes") else op.out_axes)) for op in program.each]
    return len(program.names) + item * (2 * sum(arrays[:-1]) + arrays[-1])


def bandwidth(size: int) -> float:
    """Bytes a second that a copy reads and writes on the first device."""
    jax: Any = import_module("jax")
    import jax.numpy as jnp

    times, array = 10, jnp.ones(size // 4, dtype=jnp.float32)
    copy: Any = jax.jit(lambda x: x + 1, donate_argnums=0)  # in place, so that no new memory is asked for

    def run() -> None:
        nonlocal array
        for _ in range(times):
            array = copy(array)
        jax.block_until_ready(array)

    run()
    return 2 * size * times / _median(run)


if __name__ == "__main__":
    sys.exit(main())
