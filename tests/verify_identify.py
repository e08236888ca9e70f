"""The long run: `python -m tests.verify_identify --queries 20000` puts random questions to `identify`.

Mixed graphs of up to 12 variables, queries on every rung, laws of what is seen and of experiments. Every formula is
compared with the truth on random models; every refusal must be shown by two models that agree on all that is available
and differ on the query. `--first` goes on where a run was stopped. Exit status 1 where anything is wrong; refusals that
no two models were found for are counted and listed, for they prove nothing either way.
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

from tests.identify_checks import Outcome, check

SHOWN = 20


def numbered(seed: int, most: int, budget: float, number: int) -> Outcome:
    """The outcome of one question."""
    return check(f"{seed}-{number}", most, budget)


def outcomes(numbers: range, seed: int, most: int, budget: float, workers: int) -> Iterable[Outcome]:
    """Every outcome, in order."""
    one = partial(numbered, seed, most, budget)
    if workers == 1:
        yield from map(one, numbers)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(one, numbers, chunksize=20)


def summary(count: Counter[str], kinds: Counter[tuple[str, str]]) -> str:
    """How many of each verdict, whole and by kind of query."""
    lines = [", ".join(f"{n} {verdict}" for verdict, n in count.most_common())]
    for kind in sorted({kind for kind, _ in kinds}):
        found = ", ".join(f"{n} {verdict}" for (k, verdict), n in kinds.most_common() if k == kind)
        lines.append(f"  {kind}: {found}")
    return "\n".join(lines)


def main() -> int:
    """Run, report, and say by the exit status whether all was right."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=20_000, help="the number behind the last question")
    parser.add_argument("--first", type=int, default=0, help="the number of the first question")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other questions")
    parser.add_argument("--most", type=int, default=12, help="variables of a graph, at most")
    parser.add_argument("--budget", type=float, default=10.0, help="seconds for the search of two models")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    asked = parser.parse_args()
    start, count, kinds, shown, worst = time.monotonic(), Counter[str](), Counter[tuple[str, str]](), 0, 0.0
    numbers, slow = range(asked.first, asked.queries), 0.0
    for done, found in enumerate(
        outcomes(numbers, asked.seed, asked.most, asked.budget, asked.workers), asked.first + 1
    ):
        count[found.verdict] += 1
        kinds[found.kind, found.verdict] += 1
        slow, worst = max(slow, found.seconds), max(worst, found.difference)
        if found.problem and (found.verdict == "wrong" or shown < SHOWN):
            shown += 1
            print(f"\n{found.verdict.upper()}: {found.problem}\n", flush=True)
        if done % 500 == 0:
            print(f"{done} in {time.monotonic() - start:.0f} s: {summary(count, Counter())}", flush=True)
    print(
        f"{len(numbers)} questions in {time.monotonic() - start:.0f} s, seed {asked.seed}: {summary(count, kinds)}\n"
        f"Largest difference of a formula from the truth: {worst:.1e}. Slowest verdict: {slow * 1e3:.0f} ms.",
        flush=True,
    )
    return 1 if count["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
