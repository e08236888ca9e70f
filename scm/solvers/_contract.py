"""Plan and run the contraction of a network.

One plan, two executors: NumPy in float64, and JAX, compiled. Rows are one batch axis, kept last. `run_plan` chooses by
the forecast of the whole time, compiling included, and checks a compiled program against NumPy before it is believed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .._execution import Execution
from ._budget import Budget as Budget
from ._kernels import TooWide
from ._network import Factor, Network
from ._path import BATCH, Path, find_path, renumbered
from ._program import Program, Range, make_program, most_open, rescaled
from ._run_numpy import SMALLEST, Raw, run_careful, run_each, run_prelude, support

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

SAFE_POWERS = 1000.0
"""Powers of two between the largest number and the smallest that floating point can hold, with some to spare."""
SPARE = 60.0
"""Binary digits by which a row's weight must exceed what may have been lost."""


@dataclass(frozen=True)
class Ready:
    """A program with its arguments worked out.

    Attributes:
        program: the part for each row has its rescales.
        arguments: arrays near one, in the order of `program.arguments`.
        exponents: for each argument, the powers of two taken out, over its open axes.
        narrow: whether the prelude may have lost products of small numbers.
    """

    program: Program
    arguments: tuple[Array, ...]
    exponents: tuple[NDArray[np.int64], ...]
    ranges: tuple[Range, ...]
    narrow: bool


@dataclass(frozen=True)
class Plan:
    """A network, the order of its contraction and what that costs.

    Attributes:
        network: what is contracted.
        output: labels that stay.
        path: the order.
        ready: programs that were made for it, for reuse: tables do not change.
    """

    network: Network
    output: tuple[int, ...]
    path: Path
    ready: dict[tuple[int, tuple[int, ...], float], Ready] = field(default_factory=lambda: {}, compare=False, repr=False)

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

    @property
    def names(self) -> tuple[str, ...]:
        """The placeholders that some factor reads."""
        return tuple(dict.fromkeys(n for f in self.network.factors for n in f.gathers))


def make_plan(network: Network, output: Sequence[int], budget: Budget, rows: int = 1) -> Plan:
    """The contraction of `network` to `output`, for so many rows.

    Raises:
        TooWide: the forecast exceeds the budget; nothing was run.
    """
    present = {label for f in network.factors for label in f.labels}
    for label in output:
        if label not in present:
            network.factors.append(Factor(np.ones(network.sizes[label]), (label,)))
    if not network.factors:
        network.factors.append(Factor(np.ones(()), ()))
    terms, number = renumbered([(*f.labels, BATCH) if f.gathers else f.labels for f in network.factors])
    sizes = tuple((n, network.sizes[x]) for x, n in number.items() if x != BATCH)
    path = find_path(terms, tuple(number[x] for x in output), sizes, rows, budget)
    if path.sliced:
        named = {n: x for x, n in number.items()}
        path = replace(path, sliced=tuple(named[n] for n in path.sliced))
    return Plan(network, tuple(output), path)


@dataclass(frozen=True, slots=True)
class Weights:
    """`mantissa * 2**exponent`: outputs, then one axis of rows; the exponent is one a row."""

    mantissa: Array
    exponent: NDArray[np.int64]


def run_plan(
    plan: Plan,
    columns: Mapping[str, Codes],
    rows: int,
    budget: Budget,
    execution: Execution | None = None,
    *,
    exponents: bool = True,
) -> Weights:
    """The weights of every output value, for each row.

    Args:
        plan: from `make_plan`.
        columns: for each placeholder, the position of each row's value.
        rows: how many rows (1 where there are no columns).
        budget: rows are taken in chunks that keep arrays within it.
        execution: what the user wants of the executor.
        exponents: whether they are wanted; without them, each row's weights are right up to a factor of its own.

    Raises:
        TooWide: weights that floating point cannot tell from zero, or the budget ran out.
    """
    found: Weights | None = None
    sliced = plan.path.sliced
    for codes in itertools.product(*(range(plan.network.sizes[x]) for x in sliced)):
        part = _run_slice(plan, dict(zip(sliced, codes, strict=True)), columns, rows, budget, exponents or bool(sliced))
        found = part if found is None else _sum(found, part)
    assert found is not None
    return found


def _sum(a: Weights, b: Weights) -> Weights:
    top = np.maximum(a.exponent, b.exponent)
    return Weights(np.ldexp(a.mantissa, a.exponent - top) + np.ldexp(b.mantissa, b.exponent - top), top)


def _run_slice(
    plan: Plan, fixed: Mapping[int, int], columns: Mapping[str, Codes], rows: int, budget: Budget, exponents: bool
) -> Weights:
    ready = get_ready(plan, fixed, rows)
    shape = tuple(plan.network.sizes[x] for x in plan.output)
    if not ready.program.batched:
        weights = ready.arguments[0]
        if ready.narrow and not weights.all():
            _refuse_underflow(plan, fixed, {}, weights[..., None], np.ones(1, dtype=bool))
        exponent = np.broadcast_to(ready.exponents[0], (rows,)).astype(np.int64)
        return Weights(np.broadcast_to(weights[..., None], (*shape, rows)), exponent)
    chunk = max(1, min(rows, chunk_of(ready.program, budget)))
    mantissa = np.empty((*shape, rows))
    exponent = np.zeros(rows, dtype=np.int64)
    for start in range(0, rows, chunk):
        part = {name: columns[name][start : start + chunk] for name in ready.program.names}
        raw = run_each(ready.program, ready.arguments, part)
        mantissa[..., start : start + chunk] = raw.weights
        doubtful = _doubtful(raw, ready, SMALLEST)
        if doubtful is not None and doubtful.any():
            _refuse_underflow(plan, fixed, part, raw.weights, doubtful)
        if exponents:
            exponent[start : start + chunk] = _exponents(ready, raw, part)
    return Weights(mantissa, exponent)


def chunk_of(program: Program, budget: Budget) -> int:
    """Rows that NumPy works on at once: few enough that what a step reads stays in the cache."""
    widest = max((math.prod(dict(program.sizes).get(x, 1) for x in op.out_axes) for op in program.pairs), default=1)
    fits = int(budget.entries / max(widest, 1))
    return max(1, min(fits, max(256, min(8192, (1 << 17) // max(widest, 1)))))


def _exponents(ready: Ready, raw: Raw, columns: Mapping[str, Codes]) -> NDArray[np.int64]:
    """Of each row: what was taken out of the arguments, and by rescales."""
    out = np.zeros((), dtype=np.int64)
    for exponent, names in zip(ready.exponents, ready.program.argument_names, strict=True):
        out = out + (exponent[tuple(columns[n] for n in names)] if names else exponent)
    return out if raw.exponent is None else out + raw.exponent


def _doubtful(raw: Raw, ready: Ready, smallest: float) -> NDArray[np.bool_] | None:
    """Rows whose weight may have lost terms that were too small to hold."""
    if raw.narrow is None and not ready.narrow:
        return None
    total = raw.weights.reshape(-1, raw.weights.shape[-1]).sum(axis=0)
    if raw.narrow is None:
        return total == 0
    assert raw.raised is not None
    with np.errstate(divide="ignore"):
        lost = raw.raised + smallest + SPARE + math.log2(max(ready.program.operations[1], 1.0))
        return (raw.narrow | ready.narrow) & (np.log2(total) < lost)


def _refuse_underflow(
    plan: Plan, fixed: Mapping[int, int], columns: Mapping[str, Codes], weights: Array, doubtful: NDArray[np.bool_]
) -> None:
    """A weight of zero where the evidence is possible at all would be an underflow, not an answer."""
    program = _program(plan, fixed, 1)
    factors = [support(a) for a in _factor_arrays(plan, fixed)]
    slots = run_prelude(program, factors, support)
    possible = run_each(program, [slots[i] for i in program.arguments], columns, support).weights
    possible = possible if program.batched else possible[..., None]
    if np.any(((weights == 0) == (possible > 0)) & doubtful):
        raise TooWide(
            "Some weights are positive but smaller than floating point can hold beside the others: a zero here "
            "would be an underflow, not an answer. Ask about less evidence at once."
        )


# ---------------------------------------------------------------------------------------------------------------------
# From a plan to a program with its arguments


def get_ready(plan: Plan, fixed: Mapping[int, int], rows: int, smallest: float = SMALLEST) -> Ready:
    """The program of a plan (of one slice) with its prelude worked out, kept in the plan."""
    key = (most_open(rows), tuple(fixed.values()), smallest)
    if key not in plan.ready:
        if len(plan.ready) > 64:
            plan.ready.clear()
        plan.ready[key] = _made_ready(plan, fixed, rows, smallest)
    return plan.ready[key]


def _made_ready(plan: Plan, fixed: Mapping[int, int], rows: int, smallest: float) -> Ready:
    program, arrays = _program(plan, fixed, rows), _factor_arrays(plan, fixed)
    narrow = False
    if plan.in_range:
        slots = run_prelude(program, arrays)
        found = [near_one(slots[i], len(names)) for i, names in zip(program.arguments, program.argument_names, strict=True)]
    else:
        held, narrow = run_careful(program, arrays)
        found = [(held[i].array, np.asarray(held[i].exponent, dtype=np.int64)) for i in program.arguments]
    ranges = tuple(range_of(array) for array, _ in found)
    program, _ = rescaled(program, ranges, smallest)
    return Ready(program, tuple(a for a, _ in found), tuple(e for _, e in found), ranges, narrow)


def near_one(array: Array, opened: int) -> tuple[Array, NDArray[np.int64]]:
    """`array` with its largest entry between a half and one for each joint value of its last `opened` axes."""
    top = array.max(axis=tuple(range(array.ndim - opened)), initial=0.0)
    _, power = np.frexp(top)
    return np.ldexp(array, -power), power.astype(np.int64)


def range_of(array: Array) -> Range:
    """Binary logarithms of the smallest positive entry and of one, which is the largest."""
    positive = array[array > 0]
    return (float(np.log2(positive.min())) if positive.size else 0.0), 0.0


def _program(plan: Plan, fixed: Mapping[int, int], rows: int) -> Program:
    sizes = {x: s for x, s in plan.network.sizes.items() if x not in fixed}
    factors = [_open_last(f, fixed) for f in plan.network.factors]
    return make_program(factors, plan.output, sizes, plan.path, most_open(rows), plan.names)


def _factor_arrays(plan: Plan, fixed: Mapping[int, int]) -> list[Array]:
    return [_open_last(f, fixed).array for f in plan.network.factors]


def _open_last(factor: Factor, fixed: Mapping[int, int]) -> Factor:
    """A factor with its open axes last, and the labels of a slice taken at their values."""
    array = np.moveaxis(factor.array, range(len(factor.gathers)), range(-len(factor.gathers), 0))
    array = array[tuple(fixed.get(x, slice(None)) for x in factor.labels)]
    return Factor(np.array(array, order="C"), tuple(x for x in factor.labels if x not in fixed), factor.gathers)
