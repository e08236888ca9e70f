"""Running a plan over rows, draws and combinations: exactly where nothing is drawn, in lanes of draws otherwise.

A lane is one row with one batch of draws. Its random numbers come from the key, the row's own values and the number of
the batch alone, so that neither the order of the rows nor how they are chunked changes any of them.
"""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._execution import precision_of
from .._sample import random_key
from ._abduct_plan import AbductionPlan, Part, stream_of
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
    if (wrong := kept & state.unshown).any():
        raise Refusal(
            f"the evidence of row {int(np.argmax(wrong)) + 1} does not show a noise that is needed: a mechanism gives "
            "what was seen whatever its noise"
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
            "too rare to be drawn"
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
        shape = (len(at), count)
        total, mean = collapse(log_weight.reshape(shape), asked.reshape(shape), np)
        ok = found.possible[at] & (total > -np.inf)
        refuse_nan(view, ok & np.isnan(mean), at)
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
    asked = xp.where(state.unshown, xp.nan, asked)
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


def refuse_nan(view: View, wrong: NDArray[np.bool_], rows: NDArray[np.intp]) -> None:
    """Refuse where a possible row has no number."""
    if wrong.any():
        row = int(rows[int(np.argmax(wrong))]) + 1
        raise Refusal(
            f"what is asked is no number in row {row}: a mechanism gives NaN there, or what was seen "
            f"whatever its noise, which is then not known{_culprit(view, row)}"
        )


def _culprit(view: View, row: int) -> str:
    del row
    names = sorted({view.worlds.instances[i].variable for i in view.asked_terms()})
    return f" (looked for in {', '.join(names)})" if names else ""


# ---------------------------------------------------------------------------------------------------------------------
# Lanes


def row_words(columns: Mapping[str, NDArray[Any]], rows: int) -> NDArray[np.uint32]:
    """Two words for each row, from its values alone; shape (rows, 2)."""
    out = np.full(rows, 0x9E3779B97F4A7C15, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for name in sorted(columns):
            number = np.asarray(columns[name], dtype=np.float64) + 0.0  # one zero, not two
            out = _mixed(out ^ _mixed(number.view(np.uint64) + np.uint64(stream_of(name))))
    return np.stack([out >> np.uint64(32), out & np.uint64(0xFFFFFFFF)], axis=1).astype(np.uint32)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@lru_cache(maxsize=8)
def _generators(batch: int) -> tuple[Any, Any, Any]:
    import jax
    import jax.numpy as jnp

    random = jax.random

    def lane(key: Any, words: Any, number: Any) -> Any:
        return random.fold_in(random.fold_in(random.fold_in(key, words[0]), words[1]), number)

    def normal(key: Any, stream: Any) -> Any:
        return random.normal(random.fold_in(key, stream), (batch,), dtype=jnp.float64)

    def uniform(key: Any, stream: Any) -> Any:
        return random.uniform(random.fold_in(key, stream), (batch,), dtype=jnp.float64)

    lanes = jax.jit(jax.vmap(lane, (None, 0, 0)))
    return lanes, jax.jit(jax.vmap(normal, (0, None))), jax.jit(jax.vmap(uniform, (0, None)))


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
        self.words = row_words(view.task.columns, view.task.rows)
        self.most = max(1, ENTRIES // (BATCH * plan.combinations))
        self._function: Any = None

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
        size = min(self.most, 1 << (lanes - 1).bit_length())  # few shapes, so that few programs are compiled
        rows, numbers = np.resize(rows, size), np.resize(numbers, size)
        make, normal, uniform = _generators(BATCH)
        keys = make(self.key, self.words[rows], numbers)
        drawn = {n: normal(keys, stream_of(n)) for n in self.plan.normals}
        drawn |= {n: uniform(keys, stream_of(n)) for n in self.plan.uniforms}
        state = self.found.state
        parts = (
            {n: np.asarray(x)[rows] for n, x in each.items()} for each in (state.columns, state.values, state.noises)
        )
        columns, values, noises = parts
        if self.compiled:
            log_weight, asked = self._jitted()(columns, values, noises, drawn, keys)
        else:
            drawn = {n: np.asarray(x) for n, x in drawn.items()}
            log_weight, asked = self.evaluate(np, columns, values, noises, drawn, keys)
        return np.asarray(log_weight)[:lanes], np.asarray(asked)[:lanes]

    def _jitted(self) -> Any:
        if self._function is None:
            import jax
            import jax.numpy as jnp

            self._function = jax.jit(partial(self.evaluate, jnp))
        return self._function

    def evaluate(self, xp: Any, columns: Any, values: Any, noises: Any, drawn: Any, keys: Any) -> tuple[Any, Any]:
        """Log weights and what is asked of lanes, for numbers that were drawn; shape (lanes, draws)."""
        lanes = keys.shape[0]
        draws = next((x.shape[1] for x in drawn.values()), BATCH)
        count = self.plan.combinations
        size = lanes * draws * count
        of_lane = np.repeat(np.arange(lanes), draws * count)
        base = State(xp, lanes, columns, dict(values), dict(noises))
        state = expand(base, of_lane, size, xp)
        state.normals = {n: xp.repeat(xp.reshape(x, -1), count) for n, x in drawn.items()}
        state.axes, state.keys = axes(self.plan, lanes * draws, xp), keys
        log_weight, asked = entries(self.view, self.plan, state)
        shape = (lanes, draws, count)
        return collapse(xp.reshape(log_weight, shape), xp.reshape(asked, shape), xp)
