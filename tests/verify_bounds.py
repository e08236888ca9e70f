"""The long run: `python -m tests.verify_bounds --models 5000` asks for the ends of random queries over random models.

Finite models with hidden causes, true things known of them (laws, experiments, statements, shapes), queries on rungs 2
and 3; see `tests.bounds_checks` for what must hold of each. Then the published closed forms, on 1,000 random tables
each. `--first` goes on where a run was stopped. Exit status 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from scm.bounds._programme import Clash
from scm.bounds._solve import Effort, solve
from tests.bounds_cases import ASKED_CASES, CASES, Case, answered, knowledge
from tests.bounds_checks import Outcome, check, described

TO = 1e-9
"""How far an end may be from its closed form."""


def numbered(seed: int, most: int, seconds: float, number: int) -> Outcome:
    """The outcome of one problem; what it raises is wrong too."""
    name = f"{seed}-{number}"
    try:
        return check(name, most, Effort(seconds=seconds))
    except Exception as raised:
        return Outcome(name, [f"{type(raised).__name__}: {raised}"])


def outcomes(numbers: range, seed: int, most: int, seconds: float, workers: int) -> Iterable[Outcome]:
    """Every outcome, in order."""
    one = partial(numbered, seed, most, seconds)
    if workers == 1:
        yield from map(one, numbers)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(one, numbers, chunksize=10)


def closed_form(case: Case, count: int, seed: int) -> tuple[float, float]:
    """How far the ends of random tables are from the formula: the furthest inner, and the furthest outer one."""
    tables = case.tables(count, seed)
    low, high = case.ends(tables)
    inner = outer = 0.0
    for i in range(count):
        if case in ASKED_CASES:
            one = answered(case, tables, i)
            inner = max(inner, abs(one[1] - low[i]), abs(one[2] - high[i]))
            outer = max(outer, abs(one[0] - low[i]), abs(one[3] - high[i]))
            continue
        found = solve(knowledge(case, tables, i))
        if isinstance(found, Clash):
            return float("inf"), float("inf")
        for end, exact in ((found.lower, low[i]), (found.upper, high[i])):
            inner, outer = max(inner, abs(end.inner - exact)), max(outer, abs(end.outer - exact))
    return inner, outer


def main() -> int:
    """Run, report, and say by the exit status whether all was right."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=5_000, help="the number behind the last model")
    parser.add_argument("--first", type=int, default=0, help="the number of the first model")
    parser.add_argument("--tables", type=int, default=1_000, help="random tables for each closed form")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other models")
    parser.add_argument("--most", type=int, default=1_000, help="combinations of response types, at most")
    parser.add_argument("--seconds", type=float, default=2.0, help="for one interval, where several causes are hidden")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    asked = parser.parse_args()
    start, count, wrong, slow = time.monotonic(), Counter[str](), 0, (0.0, "")
    numbers = range(asked.first, asked.models)
    found = outcomes(numbers, asked.seed, asked.most, asked.seconds, asked.workers)
    for done, one in enumerate(found, asked.first + 1):
        count += one.kinds
        slow = max(slow, (one.seconds, str(one.number)))
        if one.wrong:
            wrong += 1
            print(f"\nWRONG in {one.number}: {one.wrong}\n{described(one.number, asked.most)}\n", flush=True)
        if done % 250 == 0:
            print(f"{done} in {time.monotonic() - start:.0f} s, {wrong} wrong: {dict(count)}", flush=True)
    print(
        f"{len(numbers)} models in {time.monotonic() - start:.0f} s, seed {asked.seed}: {wrong} wrong; {dict(count)}. "
        f"Slowest: {slow[0]:.1f} s (model {slow[1]}).",
        flush=True,
    )
    for case in (*CASES, *ASKED_CASES):
        inner, outer = closed_form(case, asked.tables, asked.seed)
        fine = max(inner, outer) <= TO
        wrong += not fine
        print(
            f"{case.name}: {asked.tables:,} tables, inner ends within {inner:.1e}, outer ends within {outer:.1e} of "
            f"the formula{'' if fine else '  WRONG'}",
            flush=True,
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
