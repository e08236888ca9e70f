"""One row at a time, with next to nothing around it: the value of one term where the plan is made and nothing is open.

Arrays have no axis of rows here, and numbers are float64. What this cannot do exactly as the ordinary way does (several
contractions, roots of unknown law, slices, rescaling), it does not do at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._query import Distribution, Expectation, Probability, Query
from ._contract import get_ready
from ._laws import term_outputs
from ._path import BATCH
from ._program import Gather, Pair, Program
from ._run_numpy import kernel
from ._setting import Setting, split_given
from ._weights import Kind, joint_plan

Array = NDArray[np.float64]
Value: TypeAlias = "float | Array | None"
Quick: TypeAlias = Callable[[Sequence[int]], Value]
"""From the positions of one row's values, in the order of the columns, to the value; None where it is undefined."""

ROWS = 1 << 10
"""A question prepared for row after row may keep as much ready as one asked of so many rows."""


def quick(setting: Setting, query: Query) -> Quick | None:
    """A function for the rows that ask `query` just so (see `Group`), or None.

    Raises:
        NeedsCoupling, TooWide, InvalidQuery: as `solve`.
    """
    if not isinstance(query, (Probability, Distribution, Expectation)):
        return None
    outputs = term_outputs(setting, query)
    facts, conditions = split_given(setting.model, query.given)
    planned = joint_plan(setting, facts, conditions, outputs[0], Kind(whole=False)) if len(outputs) == 1 else None
    if planned is None or planned.network.open or planned.plan.path.sliced:
        return None
    ready = get_ready(planned.plan, {}, ROWS)
    steps = _steps(ready.program, list(setting.columns))
    if steps is None or ready.narrow or not ready.program.batched:
        return None
    finish = _finish(query, outputs[0][0][1])
    arguments = ready.arguments

    def run(codes: Sequence[int]) -> Value:
        slots: list[Any] = list(arguments)
        for step in steps:
            slots.append(step(slots, codes))
        return finish(slots[-1])

    return run


Step: TypeAlias = Callable[[list[Any], Sequence[int]], Any]


def _steps(program: Program, names: Sequence[str]) -> list[Step] | None:
    out: list[Step] = []
    for op in program.each:
        if isinstance(op, Gather):
            out.append(_gather(op, [names.index(n) for n in op.names]))
        elif isinstance(op, Pair):
            out.append(_pair(op))
        else:
            return None
    return out


def _gather(op: Gather, places: Sequence[int]) -> Step:
    source = op.source
    if len(places) == 1:
        (place,) = places
        return lambda slots, codes: slots[source][..., codes[place]]
    return lambda slots, codes: slots[source][(..., *[codes[p] for p in places])]


def _pair(op: Pair) -> Step:
    left, right = op.left, op.right
    left_axes, right_axes, out_axes = (
        tuple(x for x in a if x != BATCH) for a in (op.left_axes, op.right_axes, op.out_axes)
    )
    if right is None:
        gone = tuple(i for i, x in enumerate(left_axes) if x not in out_axes)
        kept = [x for x in left_axes if x in out_axes]
        order = [kept.index(x) for x in out_axes]
        return lambda slots, codes: slots[left].sum(axis=gone).transpose(order)
    run = kernel(left_axes, right_axes, out_axes)
    return lambda slots, codes: run(slots[left], slots[right])


def _finish(query: Query, values: Sequence[Any]) -> Callable[[Array], Value]:
    def share(weights: Array) -> Value:
        total = float(weights[0] + weights[1])
        return float(weights[1]) / total if total > 0 else None

    def law(weights: Array) -> Value:
        total = weights.sum()
        return weights / total if total > 0 else None

    if isinstance(query, Probability):
        return share
    if isinstance(query, Distribution):
        return law
    numbers = np.array([float(v) for v in values])

    def mean(weights: Array) -> Value:
        total = float(weights.sum())
        return float(numbers @ weights) / total if total > 0 else None

    return mean
