"""Running a plan over rows, draws and combinations: exactly where nothing is drawn, in lanes of draws otherwise.

A lane is one row with one batch of draws.
"""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidModel
from .._execution import precision_of
from .._sample import random_key
from ._abduct_part import AbductionPlan, Part, stream_of
from ._abduct_random import Streams
from ._abduct_state import State, expand
from ._abduct_view import View
from ._refusal import Refusal

Array = NDArray[np.float64]
BATCH = 1024
"""Draws in one lane."""
WITNESSES = 8
"""Batches that are looked through for a draw that meets evidence apart from what is asked."""
ENTRIES = 1 << 19
"""Most entries that are worked on at once."""


@dataclass(frozen=True)
class Known:
    """What the evidence of each row determines.

    Attributes:
        state: of the rows.
        possible: for each row, whether nothing in it is ruled out.
    """

    state: State
    possible: NDArray[np.bool_]


def known(view: View, plan: AbductionPlan) -> Known:
    """The steps that read nothing random, over the rows."""
    rows = view.task.rows
    state = State(np, rows, dict(view.task.columns), log_weight=np.zeros(rows))
    with np.errstate(all="ignore"):
        for step in plan.known:
            step.run(view, state)
    kept = np.isfinite(state.log_weight) | (state.log_weight == np.inf)
    refuse_strays(state, kept, np.arange(rows))
    if (wrong := kept & state.unshown).any():
        raise Refusal(
            f"the evidence of row {int(np.argmax(wrong)) + 1} does not show a noise that is needed: a mechanism gives "
            "what was seen whatever its noise",
            rows=wrong,
        )
    return Known(state, kept)


def possible(view: View, apart: Part, found: Known) -> Known:
    """The same, less the rows that evidence apart from what is asked makes impossible.

    Where that evidence has to be drawn for, one draw that meets it is proof; the key does not matter and is not asked
    for.

    Raises:
        Refusal: no draw meets it, which is no proof that none could.
    """
    rows = np.flatnonzero(found.possible)
    if not apart.steps or not rows.size:
        return found
    if not apart.draws:
        _, ok = exact(view, apart, found)
        return Known(found.state, found.possible & ok)
    lanes = Lanes(view, apart, found, random_key(0), compiled=False)
    for number in range(WITNESSES):
        if rows.size:
            log_weight, _ = lanes.run(rows, np.full(len(rows), number))
            rows = rows[~(log_weight > -np.inf).any(axis=1)]
    if rows.size:
        raise Refusal(
            f"no draw out of {WITNESSES * BATCH:,} meets the evidence of row {int(rows[0]) + 1}: it is impossible, or "
            "too rare to be drawn",
            rows=np.isin(np.arange(view.task.rows), rows),
        )
    return found


def exact(view: View, plan: Part, found: Known) -> tuple[Array, NDArray[np.bool_]]:
    """The value of every row where nothing is drawn, and whether its evidence is possible."""
    rows, count = view.task.rows, plan.combinations
    value, defined = np.full(rows, np.nan), np.zeros(rows, dtype=bool)
    step = max(1, ENTRIES // count)
    for start in range(0, rows, step):
        at = np.arange(start, min(start + step, rows))
        state = expand(found.state, np.repeat(at, count), len(at) * count, np)
        state.axes = axes(plan, len(at), np)
        log_weight, asked = entries(view, plan, state)
        refuse_strays(state, (log_weight > -np.inf) & np.repeat(found.possible[at], count), np.repeat(at, count))
        shape = (len(at), count)
        total, mean = collapse(log_weight.reshape(shape), asked.reshape(shape), np)
        ok = found.possible[at] & (total > -np.inf)
        if (wrong := ok & np.isnan(mean)).any():
            refuse_nan(wrong, at, nan_variables(view, state), rows)
        value[at], defined[at] = np.where(ok, mean, np.nan), ok
    return value, defined


def axes(plan: Part, times: int, xp: Any) -> dict[str, Any]:
    """The states of every combination, the last axis varying fastest, so many times over."""
    codes = np.indices(tuple(plan.axes.values())).reshape(len(plan.axes), plan.combinations)
    return {name: xp.asarray(np.tile(codes[k], times)) for k, name in enumerate(plan.axes)}


def entries(view: View, plan: Part, state: State) -> tuple[Any, Any]:
    """The random steps: the log weight of every entry, and what is asked there."""
    xp = state.xp
    state.log_weight = xp.zeros(state.size)
    with np.errstate(all="ignore"):
        for step in plan.steps:
            step.run(view, state)
        asked = xp.asarray(view.asked(state), dtype=float) if plan.asks else xp.zeros(state.size)
    asked = xp.where(state.unshown | state.outside, xp.nan, asked)
    return state.log_weight, xp.where(state.log_weight == -xp.inf, 0.0, asked)


def collapse(log_weight: Any, asked: Any, xp: Any) -> tuple[Any, Any]:
    """The weight of all combinations of a draw, and the mean of what is asked over them; along the last axis."""
    top = xp.max(log_weight, axis=-1)
    base = xp.where(xp.isfinite(top), top, 0.0)
    weight = xp.exp(log_weight - base[..., None])
    total = weight.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (weight * asked).sum(axis=-1) / xp.where(total > 0, total, 1.0)
        return xp.where(total > 0, base + xp.log(xp.where(total > 0, total, 1.0)), -xp.inf), mean


def refuse_strays(state: State, weighed: NDArray[np.bool_], rows: NDArray[np.intp]) -> None:
    """Refuse a value outside its variable's declared range, and inverses that are none; `rows` are of the entries.

    Raises:
        InvalidModel, InvalidQuery: with the mechanism or the policy, the value and the row.
    """
    for broken, how in state.broken:
        if broken.any():
            at = int(np.argmax(broken))
            raise InvalidModel(f"Row {int(rows[min(at, len(rows) - 1)]) + 1}: {how(at)}.")
    for error, off, values in state.strays:
        if (wrong := off & weighed).any():
            at = int(np.argmax(wrong))
            raise error(float(values[at]), int(rows[at]) + 1)


def refuse_nan(wrong: NDArray[np.bool_], rows: NDArray[np.intp], variables: Sequence[str], count: int) -> None:
    """Refuse where a possible row has no number.

    Args:
        wrong: which of `rows`.
        rows: their places in the task.
        variables: that had no number, the first cause first.
        count: how many rows the task has.
    """
    if wrong.any():
        row = int(rows[int(np.argmax(wrong))]) + 1
        whose = f"the mechanism of {variables[0]!r}" if variables else "a mechanism"
        raise Refusal(
            f"what is asked is no number in row {row}: {whose} gives NaN there, or what was seen whatever its noise, "
            "which is then not known",
            rows=np.isin(np.arange(count), rows[wrong]),
        )


def nan_variables(view: View, state: State) -> list[str]:
    """Variables that are no number somewhere, causes before effects."""
    found = (i for i in sorted(state.values) if np.isnan(np.asarray(state.values[i], dtype=float)).any())
    return list(dict.fromkeys(view.worlds.instances[i].variable for i in found))


# ---------------------------------------------------------------------------------------------------------------------
# Lanes


class Lanes:
    """Runs lanes of draws of one plan.

    Args:
        view: of the task.
        plan: of it.
        found: what the rows' evidence determines.
        key: a JAX key.
        compiled: whether JAX is to compile the steps; otherwise they run in NumPy.
    """

    def __init__(self, view: View, plan: Part, found: Known, key: Any, compiled: bool) -> None:
        self.view, self.plan, self.found, self.key = view, plan, found, key
        self.compiled = compiled and not plan.eager
        self.streams = Streams(key, view.task.columns, view.task.rows)
        self.most = max(1, ENTRIES // (BATCH * plan.combinations))
        self._functions: dict[bool, Any] = {}
        self._checked: set[bool] = set()
        self.without_number: list[str] = []

    def run(self, rows: NDArray[np.intp], numbers: NDArray[np.intp]) -> tuple[Array, Array]:
        """Log weights and what is asked, shape (lanes, BATCH), of so many lanes."""
        weights: list[Array] = []
        asked: list[Array] = []
        with precision_of("double"):
            for start in range(0, len(rows), self.most):
                a, b = self._some(rows[start : start + self.most], numbers[start : start + self.most])
                weights.append(a)
                asked.append(b)
        return np.concatenate(weights), np.concatenate(asked)

    def _some(self, rows: NDArray[np.intp], numbers: NDArray[np.intp]) -> tuple[Array, Array]:
        lanes = len(rows)
        size = min(self.most, self._padded(lanes))
        rows, numbers = np.resize(rows, size), np.resize(numbers, size)
        drawn: dict[str, Array] = {}
        ready: dict[str, Array] = {}
        for n in self.plan.normals:
            by_law = self.view.laws.sampler(n)
            kind = "normal" if by_law is None else by_law
            found = self.streams.draw(rows, numbers, stream_of(n), (BATCH,), kind)
            (drawn if by_law is None else ready)[n] = found
        for n in self.plan.uniforms:
            drawn[n] = self.streams.draw(rows, numbers, stream_of(n), (BATCH,), "uniform")
        log_weight, asked = self._evaluated(rows, self.keys(rows, numbers), self._alone(drawn, ready))
        return np.asarray(log_weight)[:lanes], np.asarray(asked)[:lanes]

    def _padded(self, lanes: int) -> int:
        """A power of four where programs are compiled, so that few are."""
        return 1 << 2 * (((lanes - 1).bit_length() + 1) // 2) if self.compiled else lanes

    def _alone(self, drawn: dict[str, Array], ready: dict[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
        """Noises that depend on no others made of their normal numbers, once for all combinations."""
        laws = self.view.laws
        for n in [n for n in drawn if n in laws.block_of and len(laws.mates(n)) == 1]:
            ready[n] = np.asarray(laws.from_normal(n, laws.given(n, ()), {}, drawn.pop(n), np))
        return drawn, ready

    def keys(self, rows: NDArray[np.intp], numbers: NDArray[np.intp]) -> Any:
        """A JAX key for each lane, where a mechanism wants one."""
        if not self.plan.hindsight:
            return np.zeros(len(rows))
        with precision_of("double"):
            return self.streams.keys(self.key, rows, numbers)

    def at(self, rows: NDArray[np.intp], keys: Any, z: Array, asks: bool = True) -> tuple[Array, Array]:
        """Log weights and what is asked at given normal numbers, shape (lanes, draws, normals).

        Where what is asked is not wanted, what only it depends on is left out.
        """
        lanes = len(rows)
        pad = np.resize(np.arange(lanes), self._padded(lanes))
        drawn = {n: z[pad, :, k] for k, n in enumerate(self.plan.normals)}
        with precision_of("double"):
            log_weight, asked = self._evaluated(rows[pad], keys[pad], self._alone(drawn, {}), asks)
        return np.array(log_weight)[:lanes], np.array(asked)[:lanes]

    def _evaluated(
        self, rows: NDArray[np.intp], keys: Any, drawn: tuple[dict[str, Array], dict[str, Array]], asks: bool = True
    ) -> tuple[Any, Any]:
        known = self.of_rows(rows)
        if self.compiled:
            found = self._jitted(asks)(known, drawn, keys)
            if asks in self._checked or self._agrees(found, known, drawn, keys, asks):
                return found
            self.compiled = False
        return self.evaluate(np, known, drawn, keys, asks, rows)

    def tell(self, row: int, batches: int) -> None:
        """Look through the draws of a row in NumPy, which refuses a value outside its declared range."""
        self.compiled = False
        for number in range(batches):
            self.run(np.array([row]), np.array([number]))

    def _agrees(self, found: tuple[Any, Any], known: Any, drawn: Any, keys: Any, asks: bool) -> bool:
        """Whether a program, when it is new, gives what NumPy does for its first lane."""
        self._checked.add(asks)
        first = tuple({n: x[:1] for n, x in part.items()} for part in known)
        numbers = tuple({n: x[:1] for n, x in part.items()} for part in drawn)
        wanted = self.evaluate(np, first, numbers, keys[:1], asks)
        pairs = zip(found, wanted, strict=True)
        return all(
            np.allclose(np.asarray(a)[:1], np.asarray(b), rtol=1e-6, atol=1e-9, equal_nan=True) for a, b in pairs
        )

    def of_rows(self, rows: NDArray[np.intp]) -> tuple[Any, Any, Any]:
        """What is known of these rows: placeholders, instances, noises."""
        state = self.found.state
        columns, values, noises = (
            {n: np.asarray(x)[rows] for n, x in each.items()} for each in (state.columns, state.values, state.noises)
        )
        return columns, values, noises

    def _jitted(self, asks: bool) -> Any:
        if asks not in self._functions:
            import jax
            import jax.numpy as jnp

            self._functions[asks] = jax.jit(partial(self.evaluate, jnp, asks=asks))
        return self._functions[asks]

    def evaluate(
        self, xp: Any, known: Any, drawn: Any, keys: Any, asks: bool = True, rows: NDArray[np.intp] | None = None
    ) -> tuple[Any, Any]:
        """Log weights and what is asked of lanes, for numbers that were drawn; shape (lanes, draws).

        Args:
            xp: the array module.
            known: placeholders, instances and noises of the lanes' rows.
            drawn: normal and uniform numbers, and noises, each of shape (lanes, draws).
            keys: of the lanes.
            asks: whether what is asked is wanted.
            rows: of the lanes, in NumPy, where values outside their declared ranges are to be refused.
        """
        (columns, values, noises), (numbers, ready) = known, drawn
        lanes, count = keys.shape[0], self.plan.combinations
        draws = next((x.shape[1] for part in drawn for x in part.values()), BATCH)
        size = lanes * draws * count
        of_lane = np.repeat(np.arange(lanes), draws * count)
        base = State(xp, lanes, columns, dict(values), dict(noises))
        state = expand(base, of_lane, size, xp)
        state.normals = {n: xp.repeat(xp.reshape(x, -1), count) for n, x in numbers.items()}
        state.noises |= {n: xp.repeat(xp.reshape(x, -1), count) for n, x in ready.items()}
        state.axes, state.keys = axes(self.plan, lanes * draws, xp), keys
        log_weight, asked = entries(self.view, self.plan if asks else self.plan.weights, state)
        if rows is not None:
            refuse_strays(state, log_weight > -np.inf, rows[of_lane])
        if xp is np and np.isnan(asked).any():
            self.without_number += nan_variables(self.view, state)
        shape = (lanes, draws, count)
        return collapse(xp.reshape(log_weight, shape), xp.reshape(asked, shape), xp)
