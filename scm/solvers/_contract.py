"""Plans: a network, the order of its contraction, and programs with their arguments worked out.

Rows are one batch axis, kept last. Running a plan is `_execute`'s part.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._backward import with_laws
from ._budget import Budget as Budget
from ._network import Factor, Network
from ._path import BATCH, Path, find_path, refuse_wide, renumbered
from ._program import NARROW, Program, Range, make_program, most_open, rescaled
from ._run_far import MOST_PRODUCTS, far_prelude, most_products, near
from ._run_numpy import SMALLEST, run_careful, run_prelude

Array = NDArray[np.float64]

ReadyKey: TypeAlias = tuple[int, tuple[int, ...], float]
"""How many rows are open, the slice, and the smallest number that the arithmetic holds."""

SAFE_POWERS = 1000.0
"""Powers of two between the largest number and the smallest that floating point can hold, with some to spare."""


@dataclass(frozen=True)
class Ready:
    """A program with its arguments worked out.

    Attributes:
        program: the part for each row has its rescales.
        arguments: arrays near one, in the order of `program.arguments`.
        exponents: for each argument, the powers of two taken out, over its open axes.
        narrow: whether some entries are so small beside the largest that products of them may be lost.
        lost: whether some were lost in the prelude, which was too large to be done with an exponent for each entry.
    """

    program: Program
    arguments: tuple[Array, ...]
    exponents: tuple[NDArray[np.int64], ...]
    ranges: tuple[Range, ...]
    narrow: bool
    lost: bool


@dataclass(frozen=True)
class Plan:
    """A network, the order of its contraction and what that costs.

    Attributes:
        network: what is contracted.
        output: labels that stay.
        path: the order.
        laws: labels whose laws are worked out beside the weight, in a backward pass; then there is no output.
        ready: programs that were made for it, for reuse: tables do not change.
        seen: what executors keep for reuse: tables on a device, chunk sizes, what was checked.
    """

    network: Network
    output: tuple[int, ...]
    path: Path
    laws: tuple[int, ...] = ()
    ready: dict[tuple[int, tuple[int, ...], float], Ready] = field(
        default_factory=lambda: {}, compare=False, repr=False
    )
    seen: dict[Any, Any] = field(default_factory=lambda: {}, compare=False, repr=False)

    @cached_property
    def in_range(self) -> bool:
        """Whether no positive weight can be lost: the smallest possible product beside the largest possible sum."""
        spread = 0.0
        for factor in self.network.factors:
            positive = factor.array[factor.array > 0]
            if positive.size:
                spread += math.log2(positive.max()) - math.log2(positive.min())
        return spread + sum(math.log2(size) for size in self.network.sizes.values()) < SAFE_POWERS

    @cached_property
    def rounding(self) -> float:
        """Bound on the relative error of a sum of products of non-negative numbers: epsilon for each operation."""
        terms = sum(f.array.ndim + 1 for f in self.network.factors) + sum(self.network.sizes.values())
        return 4 * terms * float(np.finfo(float).eps)

    def blocks(self, fixed: Mapping[int, int]) -> tuple[int, ...]:
        """Of several results, how many numbers each has, the weight first; nothing where there is one result."""
        return (1, *(self.network.sizes[x] for x in self.laws if x not in fixed)) if self.laws else ()

    @cached_property
    def states_of(self) -> dict[str, int]:
        """How many values each placeholder can have."""
        return {n: k for f in self.network.factors for n, k in zip(f.gathers, f.array.shape, strict=False)}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The placeholders that some factor reads."""
        return tuple(dict.fromkeys(n for f in self.network.factors for n in f.gathers))


def make_plan(
    network: Network, output: Sequence[int], budget: Budget, rows: int = 1, *, all_by_row: bool = False
) -> Plan:
    """The contraction of `network` to `output`, for so many rows.

    Args:
        network: what is contracted; an output that no factor has gets one.
        output: labels that stay.
        budget: of the contraction.
        rows: how many there will be.
        all_by_row: count every product once a row: a pass back goes through all of them.

    Raises:
        TooWide: the forecast exceeds the budget; nothing was run.
    """
    present = {label for f in network.factors for label in f.labels}
    for label in output:
        if label not in present:
            network.factors.append(Factor(np.ones(network.sizes[label]), (label,)))
    if not network.factors:
        network.factors.append(Factor(np.ones(()), ()))
    terms, number = renumbered([(*f.labels, BATCH) if f.gathers or all_by_row else f.labels for f in network.factors])
    sizes = tuple((n, network.sizes[x]) for x, n in number.items() if x != BATCH)
    last = tuple(sorted(number[x] for x in network.noises.values() if x in number))
    path = find_path(terms, tuple(number[x] for x in output), sizes, rows, budget, last)
    if path.sliced:
        named = {n: x for x, n in number.items()}
        path = replace(path, sliced=tuple(named[n] for n in path.sliced))
    plan = Plan(network, tuple(output), path)
    if path.operations(rows) > budget.allowed(rows) and path.entries <= budget.entries:
        # Much of a path is done once where the placeholders have few joint values: the program knows how much.
        once, each = program_of(plan, dict.fromkeys(path.sliced, 0), rows).operations
        refuse_wide(path, rows, budget, (once + each * rows) * path.slices)
    else:
        refuse_wide(path, rows, budget)
    return plan


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
    program, arrays = program_of(plan, fixed, rows), factor_arrays(plan, fixed)
    if plan.in_range:
        slots, lost = run_prelude(program, arrays), False
        found = [
            near_one(slots[i], len(names)) for i, names in zip(program.arguments, program.argument_names, strict=True)
        ]
    else:
        found, lost = _careful(program, arrays)
    ranges = tuple(range_of(array) for array, _ in found)
    wide = not plan.in_range or smallest > SMALLEST
    narrow = lost or (wide and any(low < smallest * NARROW for low, _ in ranges))
    program, _ = rescaled(program, ranges, smallest)
    weighed = len(found) if program.weighed is None else program.weighed[0]
    exponents = tuple(e if i < weighed else np.zeros_like(e) for i, (_, e) in enumerate(found))
    return Ready(program, tuple(a for a, _ in found), exponents, ranges, narrow, lost)


def _careful(program: Program, arrays: Sequence[Array]) -> tuple[list[tuple[Array, NDArray[np.int64]]], bool]:
    """The arguments near one with their exponents, and whether products of small numbers may have been lost."""
    held, narrow = run_careful(program, arrays)
    if not narrow or most_products(program.prelude, dict(program.sizes)) > MOST_PRODUCTS:
        return [(held[i].array, np.asarray(held[i].exponent, dtype=np.int64)) for i in program.arguments], narrow
    apart = far_prelude(program, arrays)
    opened = map(len, program.argument_names)
    return [near(apart[i], names) for i, names in zip(program.arguments, opened, strict=True)], False


def near_one(array: Array, opened: int) -> tuple[Array, NDArray[np.int64]]:
    """`array` with its largest entry between a half and one for each joint value of its last `opened` axes."""
    top = array.max(axis=tuple(range(array.ndim - opened)), initial=0.0)
    _, power = np.frexp(top)
    return np.ldexp(array, -power), power.astype(np.int64)


def range_of(array: Array) -> Range:
    """Binary logarithms of the smallest positive entry and of one, which is the largest."""
    positive = array[array > 0]
    return (float(np.log2(positive.min())) if positive.size else 0.0), 0.0


def program_of(plan: Plan, fixed: Mapping[int, int], rows: int) -> Program:
    """The program of a plan (of one slice), without rescales."""
    if plan.laws:  # a backward pass is taken for each row, so nothing is worked out over open axes
        return with_laws(forward_program(plan, fixed, 0), tuple(x for x in plan.laws if x not in fixed))
    return forward_program(plan, fixed, most_open(rows))


def forward_program(plan: Plan, fixed: Mapping[int, int], opened: int) -> Program:
    """The program of a plan's output, so many joint values of open axes worked out once."""
    sizes = {x: s for x, s in plan.network.sizes.items() if x not in fixed}
    factors = [_open_last(f, fixed) for f in plan.network.factors]
    return make_program(factors, plan.output, sizes, plan.path, opened, plan.names)


def factor_arrays(plan: Plan, fixed: Mapping[int, int]) -> list[Array]:
    """The factors of a plan (of one slice), open axes last."""
    return [_open_last(f, fixed).array for f in plan.network.factors]


def _open_last(factor: Factor, fixed: Mapping[int, int]) -> Factor:
    """A factor with its open axes last, and the labels of a slice taken at their values. Never written to."""
    if not factor.gathers and not fixed and factor.array.flags.c_contiguous:
        return factor
    array = np.moveaxis(factor.array, range(len(factor.gathers)), range(-len(factor.gathers), 0))
    array = array[tuple(fixed.get(x, slice(None)) for x in factor.labels)]
    return Factor(np.array(array, order="C"), tuple(x for x in factor.labels if x not in fixed), factor.gathers)
