"""The order in which a network is contracted: found once, its cost forecast before anything is computed.

Elimination orders first, for a forecast; cotengra's greedy and random-greedy searches (Gray & Kourtis 2021), in this
process, only where the forecast says that a better path pays for the search; slices (cutset conditioning, Pearl 1988)
where an intermediate array would not fit the memory.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, TypeAlias

from ._budget import OPERATIONS_A_SECOND, Budget
from ._elimination import Steps, in_turn, least_fill, smallest
from ._kernels import TooWide

Terms: TypeAlias = tuple[tuple[int, ...], ...]
Sizes: TypeAlias = tuple[tuple[int, int], ...]

BATCH = -1
"""The label of the rows."""
FILL_ABOVE = 3e6
"""Operations, over all rows, above which a better elimination order pays for itself."""
FILL_PAIR = 1e-6
"""Seconds that this order takes for each pair of factors; it may take a quarter of the budget of time."""
GREEDY_ABOVE = 1e8
"""Operations, over all rows, above which importing a path finder pays for itself."""
SEARCH_ABOVE = 3e9
"""Operations, over all rows, above which a search for a better path pays for itself."""
SEARCHES = 16
"""Most random paths tried by a search."""
SEARCH_FACTOR = 1.5e-3
"""Seconds that one path takes for each factor; a search may take a share of the budget of time, or of a minute."""
BATCH_IN_PATH = 1024
"""Rows counted on while a path is sought: more would not change which of two paths is the shorter."""
BEYOND_ORDERS = 1e4
"""A forecast this many times over the budget of operations is not made good by another order."""
HOPELESS = 10.0
"""A forecast this many times over the budget of operations is refused: no search was seen to make up for that."""
STEP_WORK = 2e4
"""Products that could be worked out while a step of one slice is set up."""
MOST_SLICES = 1 << 16
"""Most slices that are summed over."""


@dataclass(frozen=True, slots=True)
class Path:
    """Pairwise steps and what they cost.

    Attributes:
        steps: which two operands are multiplied next: factors are numbered first, then results as they are made.
        once: multiply-adds of the steps that no row changes, over all slices.
        each: multiply-adds of the other steps, for one row.
        entries: numbers in the largest array, for one row.
        sliced: labels whose values are taken one by one.
        slices: how many joint values those have.
    """

    steps: Steps
    once: float
    each: float
    entries: float
    sliced: tuple[int, ...] = ()
    slices: int = 1

    @property
    def width(self) -> float:
        """Binary logarithm of the largest array of one row."""
        return math.log2(self.entries)

    def operations(self, rows: int) -> float:
        """Multiply-adds for so many rows."""
        return self.once + self.each * rows


def find_path(
    terms: Terms, output: tuple[int, ...], sizes: Sizes, rows: int, budget: Budget, last: tuple[int, ...] = ()
) -> Path:
    """A path from `terms` to `output`; whether it is within the budget is for the caller to see (`refuse_wide`).

    Args:
        terms: the labels of each factor, `BATCH` among those of factors that differ by row.
        output: labels that stay.
        sizes: positions of each label (not of `BATCH`).
        rows: how many rows there will be.
        budget: of operations for all rows, and of entries of the largest array for one row.
        last: labels that may better be eliminated last, such as noises that several worlds share.
    """
    if len(terms) == 1:
        return Path((), 1.0, 0.0, 1.0)
    batched = any(BATCH in term for term in terms)
    path = min(_eliminations(terms, output, sizes, batched, last), key=lambda p: p.operations(rows))
    allowed = budget.allowed(rows)
    soon = budget.seconds is None or FILL_PAIR * len(terms) ** 2 <= budget.seconds / 4
    if FILL_ABOVE < path.operations(rows) < BEYOND_ORDERS * allowed and soon:
        path = min(path, _filled(terms, output, sizes, batched), key=lambda p: p.operations(rows))
    if GREEDY_ABOVE < path.operations(rows) < BEYOND_ORDERS * allowed:
        path = min(path, _greedy(terms, output, sizes, batched), key=lambda p: p.operations(rows))
    hopeless = path.operations(rows) > HOPELESS * allowed
    if not hopeless and path.operations(rows) > SEARCH_ABOVE:
        tries = _tries(len(terms), budget)
        path = min(path, _searched(terms, output, sizes, batched, tries), key=lambda p: p.operations(rows))
    if not hopeless and path.entries > budget.entries:
        path = _sliced(terms, output, sizes, batched, budget.entries, path.steps) or path
    return path


def refuse_wide(path: Path, rows: int, budget: Budget, work: float | None = None) -> None:
    """Refuse a path that exceeds the budget; `work` are its operations, where they are known to be fewer.

    Raises:
        TooWide: it does.
    """
    allowed, work = budget.allowed(rows), path.operations(rows) if work is None else work
    if work > allowed or path.entries > budget.entries:
        raise TooWide(_forecast(path, rows, work, allowed, budget))


def _forecast(path: Path, rows: int, work: float, allowed: float, budget: Budget) -> str:
    many = f" for {rows:,} rows" if rows > 1 else ""
    slices = f", in {path.slices:,} slices" if path.slices > 1 else ""
    return (
        f"The exact contraction is forecast at {work:.3g} operations{many} (about {work / OPERATIONS_A_SECOND:.3g} s) "
        f"and arrays of {path.entries * 8:.3g} bytes (width {path.width:.0f}{slices}); the budget is "
        f"{allowed:.3g} operations and {budget.entries * 8:.3g} bytes. Raise the budget, or ask about fewer "
        "variables at once."
    )


@lru_cache(maxsize=2048)
def _eliminations(
    terms: Terms, output: tuple[int, ...], sizes: Sizes, batched: bool, last: tuple[int, ...]
) -> tuple[Path, ...]:
    size = _with_rows(sizes, batched)
    keep = {*output, BATCH}
    found = {smallest(terms, keep, size), in_turn(terms, keep, size, last)}
    return tuple(_measured(steps, terms, output, size) for steps in sorted(found))


@lru_cache(maxsize=2048)
def _filled(terms: Terms, output: tuple[int, ...], sizes: Sizes, batched: bool) -> Path:
    size = _with_rows(sizes, batched)
    without = tuple(tuple(x for x in term if x != BATCH) for term in terms)
    return _measured(least_fill(without, {*output}, size), terms, output, size)


@lru_cache(maxsize=2048)
def _greedy(terms: Terms, output: tuple[int, ...], sizes: Sizes, batched: bool) -> Path:
    return _path_of(_tree(terms, output, sizes, batched, "greedy"), terms, output, dict(sizes))


def _tries(factors: int, budget: Budget) -> int:
    """How many random paths a search tries; not by the clock, so that one query has one path."""
    seconds = 60.0 if budget.seconds is None else budget.seconds
    return max(1, min(SEARCHES, SEARCHES * 100 // factors, int(seconds / 4 / (SEARCH_FACTOR * factors))))


@lru_cache(maxsize=512)
def _searched(terms: Terms, output: tuple[int, ...], sizes: Sizes, batched: bool, tries: int) -> Path:
    search = _cotengra().RandomGreedyOptimizer(max_repeats=tries, parallel=False, seed=0)
    return _path_of(_tree(terms, output, sizes, batched, search), terms, output, dict(sizes))


@lru_cache(maxsize=256)
def _sliced(
    terms: Terms, output: tuple[int, ...], sizes: Sizes, batched: bool, entries: float, steps: Steps
) -> Path | None:
    """A path whose arrays fit, summed over slices; None where there is none. Labels that stay are never sliced."""
    size, keep = dict(sizes), {*output, BATCH}  # rows are taken in chunks already
    final = (*output, BATCH) if batched else output
    tree = _cotengra().ContractionTree.from_path(terms, final, _with_rows(sizes, batched), ssa_path=steps)
    path = _path_of(tree, terms, output, size)
    while path.entries > entries:
        label = _best_slice(tree, keep, size)
        if label is None or path.slices * size[label] > MOST_SLICES:
            return None
        tree.remove_ind_(label)
        path = _path_of(tree, terms, output, size)
    return path


def _best_slice(tree: Any, keep: set[int], size: Mapping[int, int]) -> int | None:
    """The label of the largest array whose slicing costs the fewest operations in all."""

    def entries(node: Any) -> int:
        return math.prod(size[x] for x in tree.get_legs(node) if x != BATCH)

    largest = max((node for node, *_ in tree.traverse()), key=entries)
    found = [x for x in tree.get_legs(largest) if x not in keep]
    return min(found, key=lambda x: float(tree.remove_ind(x).contraction_cost()), default=None)


def _tree(terms: Terms, output: tuple[int, ...], sizes: Sizes, batched: bool, optimize: Any) -> Any:
    final = (*output, BATCH) if batched else output
    size = _with_rows(sizes, batched)
    return _cotengra().array_contract_tree(terms, final, size, optimize=optimize, canonicalize=False)


def _with_rows(sizes: Sizes, batched: bool) -> dict[int, int]:
    return dict(sizes) | ({BATCH: BATCH_IN_PATH} if batched else {})


def _path_of(tree: Any, terms: Terms, output: tuple[int, ...], size: Mapping[int, int]) -> Path:
    steps = tuple((int(a), int(b)) for a, b in tree.get_ssa_path())
    return _measured(steps, terms, output, size, tuple(int(x) for x in tree.sliced_inds))


def _measured(
    steps: Steps, terms: Terms, output: tuple[int, ...], size: Mapping[int, int], sliced: tuple[int, ...] = ()
) -> Path:
    slices = math.prod(size[x] for x in sliced)
    once = each = 0.0
    entries = 1.0
    for labels, out in _followed(steps, terms, {*output, BATCH}):
        work = float(math.prod(size[x] for x in labels - {BATCH, *sliced}))
        once, each = (once, each + work) if BATCH in labels else (once + work, each)
        entries = max(entries, float(math.prod(size[x] for x in out - {BATCH, *sliced})))
    once = max(once, 1.0) + (len(steps) * STEP_WORK if slices > 1 else 0.0)
    return Path(steps, once * slices, each * slices, entries, sliced, slices)


def _followed(steps: Sequence[tuple[int, int]], terms: Terms, keep: set[int]) -> Iterator[tuple[set[int], set[int]]]:
    """For each step, the labels it runs over and those of its result."""
    held = dict(enumerate(map(set[int], terms)))
    users = Counter([x for term in held.values() for x in term])
    for made, step in enumerate(steps, len(terms)):
        taken = [held.pop(i) for i in step]
        union = set[int]().union(*taken)
        for term in taken:
            for x in term:
                users[x] -= 1
        out = {x for x in union if users[x] or x in keep}
        for x in out:
            users[x] += 1
        held[made] = out
        yield union, out


def _cotengra() -> Any:
    # Imported when used: a tenth of a second that syntax and graphs do not need.
    return import_module("cotengra")


def renumbered(terms: Sequence[Sequence[int]]) -> tuple[Terms, dict[int, int]]:
    """Labels numbered by first appearance, so that networks alike but for names share one path."""
    number: dict[int, int] = {BATCH: BATCH}
    out = tuple(tuple(number.setdefault(x, len(number) - 1) for x in term) for term in terms)
    return out, number
