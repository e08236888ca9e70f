"""The long run: `python -m tests.verify_random --pairs 5000 --seed 0` compares the engine with the oracle.

Of ten pairs, six are structural models, two have bare tables, two have placeholders filled row by row. `--batches`
adds triples of a model, a query and a batch of up to 32,769 rows, run by every executor in each precision; `--first`
goes on where a run was stopped. Exit status 1 on any mismatch; a case is reproduced by its seed alone.
"""

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from tests.agreement import Outcome, check_bare, check_batch, check_pair, check_rows
from tests.generators import pair
from tests.plain import kinds

SHOWN = 10
SECONDS = 60
"""Longest that one comparison may take (most take milliseconds): an endless loop is a mismatch like any other."""
CHECKS: tuple[Callable[[object], Outcome], ...] = (*(check_pair,) * 6, *(check_bare,) * 2, *(check_rows,) * 2)
DRAWS = 48
"""Batches for one model and query, which share what was compiled."""


def check(seed: int, index: int) -> Outcome:
    """The comparison of this number; each has its own seed."""
    return _in_time(lambda: CHECKS[index % len(CHECKS)](f"{seed}-{index}"))


def check_triple(seed: int, index: int) -> Outcome:
    """The batch of this number; some in a row are of one model and query."""
    if index % DRAWS == 0:
        import jax

        jax.clear_caches()  # another model and query need other programs
    return _in_time(lambda: check_batch(f"{seed}-{index // DRAWS}", index % DRAWS))


def _in_time(comparison: Callable[[], Outcome]) -> Outcome:
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _out_of_time)
        signal.alarm(SECONDS)
    outcome = comparison()
    if hasattr(signal, "SIGALRM"):
        signal.alarm(0)
    return outcome


def _out_of_time(*_: object) -> None:
    raise TimeoutError(f"no answer after {SECONDS} s")


def outcomes(
    comparison: Callable[[int, int], Outcome], numbers: range, seed: int, workers: int, together: int
) -> Iterator[Outcome]:
    """Every comparison, in order."""
    if workers == 1:
        yield from map(partial(comparison, seed), numbers)
        return
    # Started afresh: JAX has threads, which a fork would not bring along.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(partial(comparison, seed), numbers, chunksize=together)


def mix(pairs: int, seed: int) -> str:
    """Shares of the kinds of thing in the structural pairs."""
    sample = [i for i in range(min(pairs, 1000)) if CHECKS[i % len(CHECKS)] is check_pair]
    count = Counter(kind for i in sample for kind in kinds(*pair(f"{seed}-{i}")))
    return ", ".join(f"{kind} {100 * n // len(sample)}%" for kind, n in count.most_common())


def run(name: str, found: Iterator[Outcome], first: int, every: int) -> int:
    """Report as the comparisons come in; how many were wrong."""
    start, largest, wrong, done = time.monotonic(), 0.0, 0, first
    for done, outcome in enumerate(found, first + 1):
        largest = max(largest, outcome.difference)
        if outcome.problem:
            wrong += 1
            if wrong <= SHOWN:
                print(f"\nMISMATCH {wrong}: {outcome.problem}\n", flush=True)
        if done % every == 0:
            print(
                f"{done} done in {time.monotonic() - start:.0f} s, {wrong} wrong, largest difference {largest:.1e}",
                flush=True,
            )
    seconds = time.monotonic() - start
    print(f"{done} {name} in {seconds:.0f} s: {wrong} wrong, largest difference {largest:.1e}.", flush=True)
    return wrong


def main() -> int:
    """Run, report, and say by the exit status whether all agreed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5000, help="how many comparisons of a model and a query")
    parser.add_argument("--batches", type=int, default=0, help="how many of a model, a query and a batch of rows")
    parser.add_argument("--first", type=int, default=0, help="the number of the first batch, to go on after a stop")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other pairs")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    asked, wrong = parser.parse_args(), 0
    if asked.pairs:
        print(f"{asked.pairs} random pairs, seed {asked.seed}. The mix: {mix(asked.pairs, asked.seed)}.", flush=True)
        wrong += run("pairs", outcomes(check, range(asked.pairs), asked.seed, asked.workers, 20), 0, 500)
    if asked.batches > asked.first:
        print(f"Batches {asked.first} to {asked.batches}, seed {asked.seed}; differences in double.", flush=True)
        numbers = range(asked.first, asked.batches)
        wrong += run(
            "batches", outcomes(check_triple, numbers, asked.seed, asked.workers, DRAWS), asked.first, 5 * DRAWS
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
