"""The most probable joint state of everything: the plan of the evidence's weight, with maxima in place of sums.

Logarithms are added, so nothing underflows. The state is read off by going back through the products: given the labels
that a result kept, the best of those that it summed out (Dawid 1992). Several states are equally probable exactly where
some such choice along the way has several.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._query import Distribution
from .._syntax import Expr, Var
from ._all_laws import ONE_ROW, axis_of, groups_of, log_evidence, network_of
from ._contract import Plan, factor_arrays, forward_program
from ._job import Job
from ._network import Free, Known
from ._path import BATCH
from ._program import Gather, Labels, Op, Pair, Program
from ._run_numpy import flat_index
from ._setting import Fact, Setting, split_given
from ._weights import Planned, kept_plan

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

SAME = 1e-11
"""Logarithms of probabilities closer than this are one."""
CACHED = 1 << 18
"""Numbers of one product of one chunk of rows."""


@dataclass(frozen=True)
class Explained:
    """The most probable states.

    Attributes:
        states: for each term and row, the position of its state; -1 where the evidence is impossible.
        noises: for each noise that was there, the same.
        log_probability: of the joint state given the evidence, for each row: a natural logarithm, or NaN.
        log_evidence: of the evidence.
        tied: rows in which another joint state is as probable.
    """

    states: tuple[Codes, ...]
    noises: Mapping[str, Codes]
    log_probability: Array
    log_evidence: Array
    tied: NDArray[np.bool_]


def most_probable_states(setting: Setting, of: Sequence[Var], given: Expr | None) -> Explained:
    """The most probable joint state of all that `of` and `given` depend on.

    Raises:
        NeedsCoupling, TooWide: see `network_of`.
    """
    rows = setting.rows
    states = tuple(np.full(rows, -1, dtype=np.intp) for _ in of)
    noises: dict[str, Codes] = {}
    best, tied = np.full(rows, -np.inf), np.zeros(rows, dtype=bool)
    for at, here, query in groups_of(setting, Distribution(tuple(of), given)):
        planned = _plan(here, query.of, *split_given(here.model, query.given))
        if planned is None:
            continue
        found = _of_group(here, planned)
        possible = at[found.top > -np.inf]
        best[at], tied[possible] = found.top, found.tied[found.top > -np.inf]
        for whole, term in zip(states, query.of, strict=True):
            whole[possible] = _term_codes(here, planned, term, found)[found.top > -np.inf]
        for name, label in planned.network.noises.items():
            whole = noises.setdefault(name, np.full(rows, -1, dtype=np.intp))
            whole[possible] = found.codes[label][found.top > -np.inf]
    weight = log_evidence(setting, given)
    with np.errstate(invalid="ignore"):
        share = np.where(best > -np.inf, best - weight, np.nan)
    return Explained(states, noises, np.minimum(share, 0.0), np.where(best > -np.inf, weight, -np.inf), tied)


def _plan(
    setting: Setting, of: tuple[Var, ...], facts: tuple[Fact, ...], conditions: tuple[Expr, ...]
) -> Planned | None:
    rows = 1 << (setting.rows - 1).bit_length()
    key = ("most probable", of, facts, conditions, setting.couplings, setting.budget, rows)
    return kept_plan(setting, key, lambda: network_of(setting, of, facts, conditions))


def _term_codes(setting: Setting, planned: Planned, term: Var, found: _Found) -> Codes:
    states = setting.model.states[term.name]
    axis = axis_of(setting, planned, planned.worlds.terms[term])
    match axis:
        case Known(value):
            return np.full(setting.rows, states.index(value), dtype=np.intp)
        case Free(label, values):
            codes = found.codes[label]
        case _:
            values, codes = axis.values, setting.columns[axis.name]
    place = np.array([states.index(v) if v in states else -1 for v in values], dtype=np.intp)
    return place[codes]


# ---------------------------------------------------------------------------------------------------------------------
# One group of rows


@dataclass
class _Found:
    """The largest weight of each row, the labels' values that have it, and whether others have it too."""

    top: Array
    codes: dict[int, Codes]
    tied: NDArray[np.bool_]


def _of_group(setting: Setting, planned: Planned) -> _Found:
    plan = planned.plan
    alone = plan.names == (ONE_ROW,)
    rows = 1 if alone else setting.rows
    columns = {ONE_ROW: np.zeros(1, dtype=np.intp)} if alone else setting.columns
    out = _Found(np.full(rows, -np.inf), {x: np.zeros(rows, np.intp) for x in _labels(plan)}, np.zeros(rows, bool))
    for codes in itertools.product(*(range(plan.network.sizes[x]) for x in plan.path.sliced)):
        fixed = dict(zip(plan.path.sliced, codes, strict=True))
        job = Job(plan, fixed, columns, rows, setting.budget, setting.execution, True, setting.record.until)
        _slice(job, out)
    setting.record.add(plan, planned.worlds, None)
    if alone and setting.rows != 1:
        codes = {x: np.repeat(c, setting.rows) for x, c in out.codes.items()}
        out = _Found(np.repeat(out.top, setting.rows), codes, np.repeat(out.tied, setting.rows))
    return out


def _labels(plan: Plan) -> dict[int, None]:
    return dict.fromkeys(x for f in plan.network.factors for x in f.labels)


def _slice(job: Job, out: _Found) -> None:
    """Look at one slice; what is better there than in those before it goes into `out`."""
    program = forward_program(job.plan, job.fixed, 0)
    with np.errstate(divide="ignore"):
        slots: list[Array] = [np.log(f) for f in factor_arrays(job.plan, job.fixed)]
    for op in program.prelude:
        slots.append(_maximum(op, slots))
    chunk = max(1, min(job.execution.chunk or 8192, CACHED // _largest(program), int(job.budget.entries)))
    for start in range(0, job.rows, chunk):
        job.check_time(start)
        at = slice(start, min(start + chunk, job.rows))
        part = {name: job.columns[name][at] for name in program.names}
        found = _chunk(program, slots, part, at.stop - at.start)
        before = out.top[at]
        better, same = found.top > before + SAME, (np.abs(_gap(found.top, before)) <= SAME) & (before > -np.inf)
        out.tied[at] = np.where(better, found.tied, out.tied[at] | same)
        out.top[at] = np.where(better, found.top, before)
        for x, codes in (found.codes | {x: np.full(len(before), c) for x, c in job.fixed.items()}).items():
            out.codes[x][at] = np.where(better, codes, out.codes[x][at])


def _gap(a: Array, b: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.where(b > -np.inf, a - b, np.inf)


def _largest(program: Program) -> int:
    """Numbers of one row in the largest product, before its maximum is taken."""
    size = dict(program.sizes) | {BATCH: 1}
    pairs = [op for op in program.each if isinstance(op, Pair)]
    return max((math.prod(size[x] for x in {*p.left_axes, *p.right_axes}) for p in pairs), default=1)


def _chunk(program: Program, prelude: Sequence[Array], columns: Mapping[str, Codes], rows: int) -> _Found:
    slots: list[Any] = [prelude[i] for i in program.arguments]
    for op in program.each:
        match op:
            case Pair():
                slots.append(_maximum(op, slots))
            case Gather(source, names, sizes):
                table = slots[source]
                flat = table.reshape(*table.shape[: table.ndim - len(names)], math.prod(sizes))
                slots.append(flat.take(flat_index(names, sizes, columns), axis=-1))
            case _:
                raise AssertionError("logarithms are not rescaled")
    found = _Found(np.broadcast_to(slots[-1], (rows,)), {}, np.zeros(rows, dtype=bool))
    _decode(program.each, slots, found, rows)
    _decode(program.prelude, prelude, found, rows)
    return found


def _spread(array: Array, axes: Labels, order: Sequence[int]) -> Array:
    """`array` with its axes in `order`, those that it lacks of length one."""
    own = [x for x in order if x in axes]
    array = array.transpose([axes.index(x) for x in own])
    return array.reshape([array.shape[own.index(x)] if x in axes else 1 for x in order])


def _sum_of(op: Pair, slots: Sequence[Any], order: Sequence[int]) -> Array:
    total = _spread(slots[op.left], op.left_axes, order)
    return total if op.right is None else total + _spread(slots[op.right], op.right_axes, order)


def _gone(op: Pair) -> list[int]:
    return [x for x in dict.fromkeys((*op.left_axes, *op.right_axes)) if x not in op.out_axes]


def _maximum(op: Pair, slots: Sequence[Any]) -> Array:
    gone = _gone(op)
    total = _sum_of(op, slots, [*gone, *op.out_axes])
    return total.max(axis=tuple(range(len(gone)))) if gone else total


def _decode(ops: Sequence[Op], slots: Sequence[Any], found: _Found, rows: int) -> None:
    """The labels that each product summed out, last product first."""
    for op in reversed(ops):
        if not isinstance(op, Pair) or not (gone := _gone(op)):
            continue
        total = _at(slots[op.left], op.left_axes, gone, found.codes, rows)
        if op.right is not None:
            total = total + _at(slots[op.right], op.right_axes, gone, found.codes, rows)
        shape = total.shape[1:]
        total = np.broadcast_to(total, (rows, *shape)).reshape(rows, -1)
        good = total >= total.max(axis=1, keepdims=True) - SAME
        found.tied |= good.sum(axis=1) > 1
        chosen = _unravel(good.argmax(axis=1), shape)
        found.codes.update(zip(gone, chosen, strict=True))


_unravel: Any = np.unravel_index  # its stub leaves its type open


def _at(array: Array, axes: Labels, gone: Sequence[int], codes: Mapping[int, Codes], rows: int) -> Array:
    """`array` at the values of the labels that are decided, over rows and the labels in `gone`."""
    decided = [x for x in axes if x not in gone]
    array = _spread(array, axes, [*decided, *gone])
    index = tuple(np.arange(rows) if x == BATCH else codes[x] for x in decided)
    return array[index] if index else array[None]
