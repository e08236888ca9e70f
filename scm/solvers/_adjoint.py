"""Derivatives of a plan's weights with respect to its factors: the contraction of everything else.

Reverse-mode differentiation of a contraction (Darwiche 2003 for networks): one sweep up that keeps what every step
found, one sweep down. Every array is kept near one by powers of two, for each row; those are constants of the sweep.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._contract import Plan
from ._kernels import TooWide
from ._network import Factor, Network, Origin
from ._path import BATCH
from ._run_numpy import kernel

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Labels = tuple[int, ...]

NARROW = 2.0**-400
"""The smallest positive entry beside a largest near one of which products are not lost."""


@dataclass
class _Held:
    """An array near one, its labels, whether it has rows (last), and the power of two taken out of it."""

    array: Array
    labels: Labels
    batched: bool
    power: NDArray[np.int64]

    @property
    def axes(self) -> Labels:
        return (*self.labels, BATCH) if self.batched else self.labels


def entries_a_row(plan: Plan) -> int:
    """Numbers that the two sweeps hold for one row."""
    sizes = {x: 1 if x in plan.path.sliced else n for x, n in plan.network.sizes.items()}
    found = sum(math.prod(sizes[x] for x in out) for _, _, out in _steps(plan, set(plan.path.sliced)))
    return 2 * found + sum(math.prod(sizes[x] for x in f.labels) for f in plan.network.factors)


def _steps(plan: Plan, gone: Collection[int]) -> list[tuple[int, int, Labels]]:
    """For each step of the path, which two results it takes (factors first) and the labels that it leaves."""
    labels = [tuple(x for x in f.labels if x not in gone) for f in plan.network.factors]
    found: list[tuple[int, int, Labels]] = []
    users = Counter(x for own in labels for x in own)
    for left, right in plan.path.steps:
        users.subtract((*labels[left], *labels[right]))
        union = dict.fromkeys((*labels[left], *labels[right]))
        out = tuple(x for x in union if users[x] > 0 or x in plan.output)
        users.update(out)
        labels.append(out)
        found.append((left, right, out))
    return found


def factor_adjoints(
    plan: Plan,
    fixed: Mapping[int, int],
    columns: Mapping[str, Codes],
    seed: Array,
    exponent: NDArray[np.int64],
    wanted: Collection[int],
) -> dict[int, Array]:
    """For each wanted factor, the derivative of `sum(seed * weights)` with respect to its entries, row by row.

    Args:
        plan: what is contracted.
        fixed: the labels of a slice, at their values.
        columns: for each placeholder, the positions of the rows' values.
        seed: axes as the plan's output, then rows.
        exponent: of each row: `weights` are the plan's weights times `2**-exponent`.
        wanted: places of factors.

    Returns:
        Arrays with the factor's labels (those of the slice left out), then rows.

    Raises:
        TooWide: numbers so far apart that floating point loses some of them.
    """
    held = [_near_one(*gathered(f, f.array, fixed, columns)) for f in plan.network.factors]
    steps = _steps(plan, fixed)
    for left, right, out in steps:
        a, b = held[left], held[right]
        batched = a.batched or b.batched
        axes = (*out, BATCH) if batched else out
        held.append(_near_one(kernel(a.axes, b.axes, axes)(a.array, b.array), out, batched))
    if not plan.in_range and any(_narrow(h.array) for h in held):
        raise TooWide(
            "The weights are so far apart that floating point loses some of their derivatives. Ask about less "
            "evidence at once."
        )
    power = sum((h.power for h in held), np.zeros((), dtype=np.int64))
    last = held[-1]
    down: dict[int, Array] = {len(held) - 1: _spread(np.ldexp(seed, power - exponent), plan.output, last.labels, held)}
    needed = _needed(steps, len(plan.network.factors), wanted)
    found: dict[int, Array] = {}
    for at in range(len(held) - 1, -1, -1):
        if at not in down:
            continue
        raw = np.ldexp(down.pop(at), -held[at].power)
        if at < len(plan.network.factors):
            if at in needed:
                found[at] = raw
            continue
        left, right, out = steps[at - len(plan.network.factors)]
        for own, other in ((left, right), (right, left)):
            if own in needed:
                down[own] = _pulled(raw, out, held[own], held[other], held)
    return found


def _needed(steps: list[tuple[int, int, Labels]], factors: int, wanted: Collection[int]) -> set[int]:
    """The wanted factors, and every result that depends on one of them."""
    needed = set(wanted)
    for i, (left, right, _) in enumerate(steps):
        if left in needed or right in needed:
            needed.add(factors + i)
    return needed


def _pulled(raw: Array, out: Labels, own: _Held, other: _Held, held: list[_Held]) -> Array:
    """The derivative with respect to one operand of a product, from that with respect to the product."""
    present = tuple(x for x in own.labels if x in out or x in other.labels)
    found = kernel((*out, BATCH), other.axes, (*present, BATCH))(raw, other.array)
    return _spread(found, present, own.labels, held)


def _spread(array: Array, present: Labels, labels: Labels, held: list[_Held]) -> Array:
    """`array` over `present` (then rows) as one over `labels`; labels that were summed away alone are repeated."""
    array = array.transpose([*(present.index(x) for x in labels if x in present), len(present)])
    if len(present) == len(labels):
        return array
    size = {x: n for h in held for x, n in zip(h.labels, h.array.shape, strict=False)}
    array = array.reshape([*(size[x] if x in present else 1 for x in labels), array.shape[-1]])
    return np.broadcast_to(array, (*(size[x] for x in labels), array.shape[-1]))


def gathered(
    factor: Factor, array: NDArray[np.generic], fixed: Mapping[int, int], columns: Mapping[str, Codes]
) -> tuple[NDArray[np.generic], Labels, bool]:
    """An array that has a factor's axes, at a slice and at each row's values: labels, then rows if there are any."""
    at = tuple(columns[n] for n in factor.gathers)
    if at:
        array = np.moveaxis(array[at], 0, -1)
    array = array[tuple(fixed.get(x, slice(None)) for x in factor.labels)]
    return array, tuple(x for x in factor.labels if x not in fixed), bool(at)


def _near_one(array: NDArray[np.generic], labels: Labels, batched: bool) -> _Held:
    numbers = np.asarray(array, dtype=float)
    _, power = np.frexp(numbers.max(axis=tuple(range(len(labels))), initial=0.0))
    return _Held(np.ldexp(numbers, -power), labels, batched, np.asarray(power, dtype=np.int64))


def _narrow(array: Array) -> bool:
    return bool((array[array > 0] < NARROW).any())


def positions(origin: Origin, factor: Factor) -> Codes:
    """For each entry of a factor, where it stands in the flattened array that was placed; -1 for an entry of none."""
    shape = [len(own) for own in origin.values]
    scratch = Network()
    scratch.place(np.arange(1.0, math.prod(shape) + 1).reshape(shape), origin.axes, origin.values)
    (same,) = scratch.factors
    assert (same.labels, same.gathers) == (factor.labels, factor.gathers)
    return same.array.astype(np.intp) - 1
