"""Plan and run the contraction of a network: NumPy float64, rows as one batch axis kept last.

Paths come from cotengra's greedy search, and from its random-greedy search (in this process: no workers) only above a
stated cost. Weights are kept near one by powers of two, which is exact, so that underflow is not mistaken for zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._kernels import TooWide
from ._network import Factor, Network

Array = NDArray[np.float64]

SEARCH_ABOVE = 1e8
"""Operations above which a random search for a better path pays for itself."""
MAX_OPERATIONS = 2e10
"""Default budget: about a minute of one core."""
MAX_ENTRIES = 1 << 27
"""Default budget of the largest intermediate array: one gibibyte."""
BATCH = -1
SAFE_POWERS = 1000.0
"""Powers of two between the largest number and the smallest that floating point can hold, with some to spare."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A fuse: a computation forecast to be larger is refused before it starts."""

    operations: float = MAX_OPERATIONS
    entries: float = MAX_ENTRIES

    @staticmethod
    def of(seconds: float | None, memory_bytes: float | None = None) -> Budget:
        """A budget of time (at about 3e8 operations a second) and memory."""
        return Budget(
            MAX_OPERATIONS if seconds is None else seconds * 3e8,
            MAX_ENTRIES if memory_bytes is None else max(memory_bytes / 8, 1),
        )


@dataclass(frozen=True, slots=True)
class Path:
    """Pairwise steps and their forecast cost for one row."""

    steps: tuple[tuple[int, ...], ...]
    operations: float
    entries: float
    width: float


@lru_cache(maxsize=2048)
def _path(terms: tuple[tuple[int, ...], ...], output: tuple[int, ...], sizes: tuple[tuple[int, int], ...]) -> Path:
    # Imported when used: a tenth of a second that syntax and graphs do not need.
    module: Any = import_module("cotengra")
    size = dict(sizes)
    tree = module.array_contract_tree(terms, output, size, optimize="greedy", canonicalize=False)
    if tree.contraction_cost() > SEARCH_ABOVE:
        search = module.RandomGreedyOptimizer(max_repeats=64, parallel=False, seed=0)
        better = module.array_contract_tree(terms, output, size, optimize=search, canonicalize=False)
        tree = min((tree, better), key=lambda t: float(t.contraction_cost()))
    return Path(
        tuple(tuple(step) for step in tree.get_path()),
        float(tree.contraction_cost()),
        float(tree.max_size()),
        float(tree.contraction_width()),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """A network, the order of its contraction and what that costs a row."""

    network: Network
    output: tuple[int, ...]
    path: Path

    @property
    def in_range(self) -> bool:
        """Whether no positive weight can be lost: the smallest possible product beside the largest possible sum."""
        spread = 0.0
        for factor in self.network.factors:
            positive = factor.array[factor.array > 0]
            if positive.size:
                spread += float(np.log2(positive.max()) - np.log2(positive.min()))
        return spread + sum(float(np.log2(size)) for size in self.network.sizes.values()) < SAFE_POWERS

    @property
    def rounding(self) -> float:
        """Bound on the relative error of a sum of products of non-negative numbers: epsilon for each operation."""
        terms = sum(f.array.ndim + 1 for f in self.network.factors) + sum(self.network.sizes.values())
        return 4 * terms * float(np.finfo(float).eps)


def make_plan(network: Network, output: Sequence[int], budget: Budget) -> Plan:
    """The contraction of `network` to `output`.

    Raises:
        TooWide: the forecast exceeds the budget; nothing was run.
    """
    present = {label for f in network.factors for label in f.labels}
    for label in output:
        if label not in present:
            network.factors.append(Factor(np.ones(network.sizes[label]), (label,)))
    if not network.factors:
        network.factors.append(Factor(np.ones(()), ()))
    # Labels are renumbered by first appearance, so that networks alike but for names share one path.
    number: dict[int, int] = {}
    terms = tuple(tuple(number.setdefault(x, len(number)) for x in f.labels) for f in network.factors)
    sizes = tuple((n, network.sizes[x]) for x, n in number.items())
    path = _path(terms, tuple(number[x] for x in output), sizes) if len(terms) > 1 else Path((), 1.0, 1.0, 0.0)
    if path.operations > budget.operations or path.entries > budget.entries:
        raise TooWide(
            f"The exact contraction is forecast at {path.operations:.3g} operations and arrays of "
            f"{path.entries * 8:.3g} bytes (width {path.width:.0f}); the budget is {budget.operations:.3g} operations "
            f"and {budget.entries * 8:.3g} bytes. Raise the budget, or ask about fewer variables at once."
        )
    return Plan(network, tuple(output), path)


@dataclass(frozen=True, slots=True)
class Weights:
    """`mantissa * 2**exponent`: outputs, then one axis of rows; the exponent is one a row."""

    mantissa: Array
    exponent: NDArray[np.int64]


def run_plan(plan: Plan, columns: Mapping[str, NDArray[np.intp]], rows: int, budget: Budget) -> Weights:
    """The weights of every output value, for each row.

    Args:
        plan: from `make_plan`.
        columns: for each placeholder, the position of each row's value.
        rows: how many rows (1 where there are no columns).
        budget: rows are taken in chunks that keep arrays within it.
    """
    shape = tuple(plan.network.sizes[x] for x in plan.output)
    chunk = max(1, int(min(4096, budget.entries / max(plan.path.entries, 1))))
    if not any(f.gathers for f in plan.network.factors):
        one = _run(plan, {}, 1)
        return Weights(np.broadcast_to(one.mantissa, (*shape, rows)), np.broadcast_to(one.exponent, (rows,)))
    parts = [
        _run(plan, {name: column[start : start + chunk] for name, column in columns.items()}, min(chunk, rows - start))
        for start in range(0, rows, chunk)
    ]
    return Weights(np.concatenate([p.mantissa for p in parts], axis=-1), np.concatenate([p.exponent for p in parts]))


def _gathered(factor: Factor, columns: Mapping[str, NDArray[np.intp]]) -> tuple[Array, tuple[int, ...]]:
    if not factor.gathers:
        return factor.array, factor.labels
    picked = factor.array[tuple(columns[name] for name in factor.gathers)]
    return np.moveaxis(picked, 0, -1), (*factor.labels, BATCH)


def _run(plan: Plan, columns: Mapping[str, NDArray[np.intp]], rows: int) -> Weights:
    found = _contracted(plan, columns, rows, _scaled)
    if not found.mantissa.all() and not plan.in_range:
        possible = _contracted(plan, columns, rows, _support).mantissa
        if np.any((found.mantissa == 0) & (possible > 0)):
            raise TooWide(
                "Some weights are positive but smaller than floating point can hold beside the others: a zero here "
                "would be an underflow, not an answer. Ask about less evidence at once."
            )
    return found


def _contracted(plan: Plan, columns: Mapping[str, NDArray[np.intp]], rows: int, keep: Keep) -> Weights:
    exponent = np.zeros(rows, dtype=np.int64)
    held = [keep(*_gathered(f, columns), exponent) for f in plan.network.factors]
    for step in plan.path.steps:
        taken = [held.pop(i) for i in sorted(step, reverse=True)]
        needed = {label for _, labels in held for label in labels} | set(plan.output) | {BATCH}
        held.append(keep(*_pair(taken, needed), exponent))
    array, labels = _pair(held, {*plan.output, BATCH})
    wanted = [*plan.output, BATCH]
    if BATCH not in labels:
        array, labels = array[..., None], (*labels, BATCH)
    out = np.transpose(array, [labels.index(label) for label in wanted])
    full = (*(plan.network.sizes[x] for x in plan.output), rows)
    return Weights(np.broadcast_to(out, full), exponent)


def _pair(operands: list[tuple[Array, tuple[int, ...]]], needed: set[int]) -> tuple[Array, tuple[int, ...]]:
    """Multiply, and sum out what nothing else needs; the batch axis stays last."""
    labels = dict.fromkeys(label for _, own in operands for label in own)
    number = {label: n for n, label in enumerate(labels)}
    out = tuple(label for label in labels if label in needed and label != BATCH)
    out = (*out, BATCH) if BATCH in labels else out
    args: list[Any] = []
    for array, own in operands:
        args += [array, [number[label] for label in own]]
    return np.einsum(*args, [number[label] for label in out]), out


def _scaled(array: Array, labels: tuple[int, ...], exponent: NDArray[np.int64]) -> tuple[Array, tuple[int, ...]]:
    """`array` with its largest entry (of each row) between a half and one; the power of two goes to `exponent`."""
    axes = tuple(range(array.ndim - 1)) if BATCH in labels else tuple(range(array.ndim))
    top = array.max(axis=axes, initial=0.0)
    _, power = np.frexp(top)
    exponent += power
    return np.ldexp(array, -power), labels


def _support(array: Array, labels: tuple[int, ...], exponent: NDArray[np.int64]) -> tuple[Array, tuple[int, ...]]:
    """Where `array` is positive, as 0 and 1: what is possible at all, however improbable."""
    del exponent
    return (array > 0).astype(float), labels


Keep: TypeAlias = Callable[[Array, tuple[int, ...], NDArray[np.int64]], tuple[Array, tuple[int, ...]]]
"""What is done with an array after each step."""
