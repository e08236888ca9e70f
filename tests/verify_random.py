"""The long run: `python -m tests.verify_random --pairs 5000 --seed 0` compares the engine with the oracle.

Of ten pairs, six are structural models, two have bare tables, two have placeholders filled row by row. Exit status 1
on any mismatch; a case is reproduced by its seed alone.
"""

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.agreement import Outcome, check_bare, check_pair, check_rows
from tests.generators import pair
from tests.plain import kinds

SHOWN = 10
SECONDS = 60
"""Longest that one comparison may take (most take milliseconds): an endless loop is a mismatch like any other."""
CHECKS: tuple[Callable[[object], Outcome], ...] = (*(check_pair,) * 6, *(check_bare,) * 2, *(check_rows,) * 2)


def check(seed: int, index: int) -> Outcome:
    """The comparison of this number; each has its own seed."""
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _out_of_time)
        signal.alarm(SECONDS)
    outcome = CHECKS[index % len(CHECKS)](f"{seed}-{index}")
    if hasattr(signal, "SIGALRM"):
        signal.alarm(0)
    return outcome


def _out_of_time(*_: object) -> None:
    raise TimeoutError(f"no answer after {SECONDS} s")


def outcomes(pairs: int, seed: int, workers: int) -> Iterator[Outcome]:
    """Every comparison, in order."""
    if workers == 1:
        yield from map(partial(check, seed), range(pairs))
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(partial(check, seed), range(pairs), chunksize=20)


def mix(pairs: int, seed: int) -> str:
    """Shares of the kinds of thing in the structural pairs."""
    sample = [i for i in range(min(pairs, 1000)) if CHECKS[i % len(CHECKS)] is check_pair]
    count = Counter(kind for i in sample for kind in kinds(*pair(f"{seed}-{i}")))
    return ", ".join(f"{kind} {100 * n // len(sample)}%" for kind, n in count.most_common())


def main() -> int:
    """Run, report, and say by the exit status whether all agreed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5000, help="how many comparisons")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other pairs")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    asked = parser.parse_args()
    start, largest, wrong = time.monotonic(), 0.0, 0
    print(f"{asked.pairs} random pairs, seed {asked.seed}. The mix: {mix(asked.pairs, asked.seed)}.", flush=True)
    for done, outcome in enumerate(outcomes(asked.pairs, asked.seed, asked.workers), 1):
        largest = max(largest, outcome.difference)
        if outcome.problem:
            wrong += 1
            if wrong <= SHOWN:
                print(f"\nMISMATCH {wrong}: {outcome.problem}\n", flush=True)
        if done % 500 == 0:
            print(
                f"{done} done in {time.monotonic() - start:.0f} s, {wrong} wrong, largest difference {largest:.1e}",
                flush=True,
            )
    print(f"{asked.pairs} pairs in {time.monotonic() - start:.0f} s: {wrong} wrong, largest difference {largest:.1e}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
