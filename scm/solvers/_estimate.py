"""One conditional mean by weighted draws: drawn in blocks, each row until its standard error is small enough."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._errors import ScmError
from .._noise import probabilities
from .._syntax import Expr, print_name, terms
from .._worlds import Own, Worlds, build_worlds
from ._budget import OPERATIONS_A_SECOND
from ._draws import BLOCK, Array, Codes, block_key, uniforms
from ._execute import run_plan
from ._factors import check_draws
from ._job import Run, Weights
from ._kernels import TooWide
from ._moments import LARGEST_SHARE, LARGEST_UNSEEN, LEAST_SIZE, Moments
from ._network import Values
from ._prefix import Split, split
from ._sampler import Sampler
from ._schedule import Step, blocks, schedule
from ._setting import Fact, Setting

if TYPE_CHECKING:
    from .._sample import PRNGKey

ROWS = 64
"""Most rows that are drawn for at once."""
TRIES = 32
"""Blocks after which a row's effective sample size says what more of them would give."""
COPIES = 5
"""Arrays over cells and draws that are held at once."""
FEWEST = 512
"""Draws for each row that must be forecast to fit a budget of time."""
BATCH = 2e8
"""Most operations between two looks at the clock, where one draw takes no more."""
PAUSE = 1.0
"""Seconds after the end of the time in which a batch may still be finished; by forecast it takes a quarter of them."""
STEP = 2e-5
"""Seconds that a step of a batch takes however few its draws are."""


class Unreliable(ScmError):
    """Draws were made, but what they say cannot be relied on."""


@dataclass(frozen=True)
class Asked:
    """What is averaged, and under which evidence.

    Attributes:
        facts, conditions: the evidence.
        outputs: expressions, with the values that each may have.
        numbers: what the values of the one output count as; None asks for the law of the outputs.
        spread: the most that two values of what is averaged can differ.
    """

    facts: tuple[Fact, ...]
    conditions: tuple[Expr, ...]
    outputs: tuple[tuple[Expr, Values], ...]
    numbers: Array | None
    spread: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the answer of one row."""
        return () if self.numbers is not None else tuple(len(values) for _, values in self.outputs)

    def read(self, weights: Array) -> tuple[Array, Array]:
        """From the weights of every output value (draws last): the whole weight, and that times what is averaged."""
        flat = weights.reshape(-1, weights.shape[-1])
        return flat.sum(axis=0), flat if self.numbers is None else (self.numbers @ flat)[None]


@dataclass(frozen=True)
class Estimate:
    """A mean, and how it was found.

    Attributes:
        value, error: the mean and its standard error; the axes are those asked for, then rows.
        undefined: rows whose evidence is certainly impossible.
        size: effective sample size of each row; infinite where nothing had to be drawn.
        draws: of each row.
        stopped: the clock stopped the drawing before the forecast said so.
    """

    value: Array
    error: Array
    undefined: NDArray[np.bool_]
    size: Array
    draws: NDArray[np.intp]
    stopped: bool = False

    @staticmethod
    def impossible(shape: tuple[int, ...], rows: int) -> Estimate:
        """Evidence that contradicts itself."""
        nothing = np.full((*shape, rows), np.nan)
        return Estimate(
            nothing, nothing, np.ones(rows, dtype=bool), np.full(rows, np.inf), np.zeros(rows, dtype=np.intp)
        )


@dataclass(frozen=True)
class Prepared:
    """One mean, ready to be drawn for: its worlds pass every check that needs no draw."""

    asked: Asked
    worlds: Worlds
    sampler: Sampler | None

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The order of drawing; worked out once something is drawn."""
        return () if self.sampler is None else schedule(self.sampler.model, self.worlds, self.sampler.joined)


def prepare(setting: Setting, asked: Asked) -> Prepared:
    """Build the worlds of one mean and check that they can be drawn.

    Raises:
        TooWide: a noise of unknown law, or one stochastic policy under several conditions.
        NeedsCoupling: nothing granted says how the instances of a table hang together.
    """
    inside = [t for expr, _ in asked.outputs for t in terms(expr)] + [t for c in asked.conditions for t in terms(c)]
    worlds = build_worlds(setting.model.graph, inside, asked.facts)
    if worlds.impossible:
        return Prepared(asked, worlds, None)
    check_draws(worlds)
    _check_known(setting, worlds)
    joined = blocks(setting.model, worlds, setting.couplings, setting.domains)
    return Prepared(asked, worlds, Sampler(setting.model, worlds, joined, setting.domains))


def _check_known(setting: Setting, worlds: Worlds) -> None:
    model = setting.model
    own = dict.fromkeys(x.variable for x in worlds.instances if isinstance(x.mechanism, Own))
    for name in dict.fromkeys(n for variable in own for n in model.mechanisms[variable].inputs if n in model.noises):
        if probabilities(model.noises[name].law) is None:
            raise TooWide(
                f"The law of the noise {print_name(name)} is unknown, and nothing can be drawn from an unknown law. "
                "State it, or ask about fewer variables at once so that bounds can be worked out."
            )


def estimate(setting: Setting, ready: Prepared, key: PRNGKey, stream: int, accuracy: float, least: int = 0) -> Estimate:
    """The mean of every row.

    Args:
        setting: the model, the rows and the budget.
        ready: what is asked.
        key: decides every draw, with `stream`.
        stream: a number that no other estimate of the same query has.
        accuracy: the standard error to aim at, as a share of the most that two values can differ.
        least: draw at least so many steps, even where contracting them is affordable.

    Raises:
        TooWide: not even the first block of draws fits the budget.
        Unreliable: the draws do not support an answer.
    """
    asked = ready.asked
    if ready.sampler is None:
        return Estimate.impossible(asked.shape, setting.rows)
    chosen = split(setting, ready.sampler, ready.steps, asked.outputs, asked.conditions, least)
    setting.record.couplings.update(
        {
            variable: block.coupling
            for variable, block in ready.sampler.joined.items()
            if block.coupling is not None and set(block.members) <= set(chosen.done)
        }
    )
    if chosen.impossible:
        setting.record.add(chosen.plan, ready.worlds, Run("numpy", "double", 0, 0, 0.0))
        return Estimate.impossible(asked.shape, setting.rows)
    if not chosen.steps:
        until = setting.record.until
        found = run_plan(chosen.plan, setting.columns, setting.rows, setting.budget, setting.execution, until=until)
        setting.record.add(chosen.plan, ready.worlds, found.run)
        return _contracted(setting, found, asked)
    columns, inverse = _distinct(setting)
    run = _Run(replace(setting, columns=columns), ready.sampler, chosen, asked, key, stream, accuracy)
    moments, stopped = run.draw(int(inverse.max(initial=0)) + 1)
    setting.record.add(chosen.plan, ready.worlds, next(iter(run.runs), Run("numpy", "double", 0, 0, 0.0)))
    _check_reliable(moments, inverse, ready.sampler.most)
    value, error = moments.estimate[:, inverse], moments.error(asked.spread)[:, inverse]
    shape = (*asked.shape, setting.rows)
    return Estimate(
        value.reshape(shape),
        error.reshape(shape),
        np.zeros(setting.rows, dtype=bool),
        moments.effective_size[inverse],
        moments.draws[inverse],
        stopped,
    )


def _contracted(setting: Setting, found: Weights, asked: Asked) -> Estimate:
    """Nothing has to be drawn: the mean is exact."""
    weight, value = asked.read(found.mantissa)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(weight > 0, value / weight, np.nan).reshape((*asked.shape, setting.rows))
    rows = setting.rows
    error = np.where(np.isnan(mean), np.nan, 0.0)
    return Estimate(mean, error, weight <= 0, np.full(rows, np.inf), np.zeros(rows, dtype=np.intp))


def _distinct(setting: Setting) -> tuple[dict[str, Codes], NDArray[np.intp]]:
    """Each different row once, and where every row is among them."""
    if not setting.columns:
        return {}, np.zeros(setting.rows, dtype=np.intp)
    table = np.stack(list(setting.columns.values()), axis=1)
    rows, inverse = np.unique(table, axis=0, return_inverse=True)
    return dict(zip(setting.columns, rows.T, strict=True)), inverse.reshape(-1)


@dataclass(frozen=True)
class _Run:
    setting: Setting
    sampler: Sampler
    chosen: Split
    asked: Asked
    key: PRNGKey
    stream: int
    accuracy: float
    runs: list[Run] = field(default_factory=lambda: [])

    def draw(self, rows: int) -> tuple[Moments, bool]:
        """Blocks of draws, doubled until every row is accurate enough or the budget is spent."""
        allowed, each = self.setting.budget.allowed(rows), self._cost(rows) / rows
        fewest = BLOCK if self.setting.budget.seconds is None else FEWEST  # the clock may cut a block short
        if (forecast := each * rows * fewest / BLOCK) > allowed:
            raise TooWide(
                f"{fewest:,} draws for each of {rows:,} different rows are forecast at {forecast:.3g} operations; "
                f"the budget is {allowed:.3g}. Raise the budget (of memory too, where that is what lets "
                "few draws be made at once), or give fewer rows at once."
            )
        moments, active = Moments.none(int(np.prod(self.asked.shape, dtype=np.intp)), rows), np.arange(rows)
        spent, done, more = 0.0, 0, 1
        while len(active) and (not done or spent + each * more * len(active) <= allowed):
            for block in range(done, done + more):
                if not self._block(moments, active, block):
                    return moments, True
            spent += each * more * len(active)
            done += more
            more = done
            active = active[self._wanting(moments.rows(active))]
            left = (allowed - spent) / (each * max(len(active), 1))
            if _hopeless(moments.rows(active), self.sampler.most, done, left):
                break
        return moments, False

    def _wanting(self, moments: Moments) -> NDArray[np.bool_]:
        """Rows that need more draws."""
        with np.errstate(invalid="ignore"):
            accurate = np.all(moments.error(self.asked.spread) <= self.accuracy * self.asked.spread, axis=0)
        return ~(accurate & _reliable(moments, self.sampler.most))

    def _block(self, moments: Moments, active: NDArray[np.intp], block: int) -> bool:
        """Draw one block more, as far as the time reaches; whether it did.

        Raises:
            TooWide: some row has no draw.
        """
        count = sum(map(self.sampler.streams, self.chosen.steps))
        random: Array | None = None
        for rows, draws in self._chunks(active):
            if self._late():
                if moments.draws[active].all():
                    return False
                raise TooWide(
                    "The budget of time ran out before there were draws for every row. Raise the budget, or ask about "
                    "fewer variables, or fewer rows, at once."
                )
            if random is None:
                random = uniforms(block_key(self.key, self.stream, block), count)
            found = self._batch(rows, random[:, draws])
            moments.put(rows, moments.rows(rows).plus(found))
        return True

    def _late(self) -> bool:
        until = self.setting.record.until
        return until is not None and time.monotonic() > until

    def _cost(self, rows: int) -> float:
        """Operations of a block, and as many as would take the time that its batches take however small they are."""
        together, draws = self._together()
        batches = -(-rows // together) * -(-BLOCK // draws)
        steps = len(self.chosen.steps) + len(self.chosen.plan.path.steps)
        return self.chosen.operations * BLOCK * rows + batches * steps * STEP * OPERATIONS_A_SECOND

    def _together(self) -> tuple[int, int]:
        """Rows, and draws for each, that are worked on at once: within the budget's memory, and soon done."""
        cells = int(np.prod(self.asked.shape, dtype=np.intp))
        widest = max(map(self.sampler.cost, self.chosen.steps))
        given = len(self.chosen.done) + len(self.chosen.noises)
        live = len(self.sampler.worlds.instances) + widest + given + COPIES * cells
        room = max(1, int(min(self.setting.budget.entries / live, BATCH / self.chosen.operations)))
        draws = min(BLOCK, room)
        return max(1, min(room // draws, self.setting.execution.chunk or ROWS, ROWS)), draws

    def _chunks(self, active: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.intp], slice]]:
        rows, draws = self._together()
        for start in range(0, BLOCK, draws):
            for first in range(0, len(active), rows):
                yield active[first : first + rows], slice(start, min(start + draws, BLOCK))

    def _batch(self, rows: NDArray[np.intp], random: Array) -> Moments:
        shape = (len(rows), random.shape[1])
        columns = {name: np.repeat(c[rows], shape[1]) for name, c in self.setting.columns.items()}
        drawn = self.sampler.run(self.chosen.steps, columns, np.tile(random, (1, len(rows))), len(rows) * shape[1])
        alive = np.flatnonzero(drawn.weight > -np.inf)
        weight = np.zeros(drawn.size)
        value = np.zeros((int(np.prod(self.asked.shape, dtype=np.intp)), drawn.size))
        if len(alive):
            given = {name: np.broadcast_to(c, (drawn.size,))[alive] for name, c in self.chosen.columns(drawn).items()}
            setting, until = self.setting, self.setting.record.until
            until = None if until is None else until + PAUSE
            found = run_plan(self.chosen.plan, given, len(alive), setting.budget, setting.execution, until=until)
            if found.run is not None and not self.runs:
                self.runs.append(found.run)
            weight[alive], value[:, alive] = self.asked.read(found.mantissa)
            drawn.weight[alive] += found.exponent * np.log(2)
        return Moments.of(drawn.weight.reshape(shape), weight.reshape(shape), value.reshape(len(value), *shape))


def _hopeless(moments: Moments, most: float, done: int, left: float) -> bool:
    """Whether some row cannot become reliable: its effective size grows with the blocks, and too few are left.

    Args:
        moments: of the rows that need more draws.
        most: logarithm of the largest weight there can be.
        done: blocks that were drawn.
        left: blocks for each of these rows that the budget has left.
    """
    size, unseen = moments.effective_size, moments.unseen(most)
    short = (size * (done + left) < LEAST_SIZE * done) | (unseen * done > LARGEST_UNSEEN * (done + left))
    return bool(np.any((done >= TRIES) & short))


def _reliable(moments: Moments, most: float) -> NDArray[np.bool_]:
    enough = (moments.effective_size >= LEAST_SIZE) & (moments.peak <= LARGEST_SHARE * moments.weight)
    return enough & (moments.unseen(most) <= LARGEST_UNSEEN)


def _check_reliable(moments: Moments, inverse: NDArray[np.intp], most: float) -> None:
    """The gate.

    Raises:
        Unreliable: with the figures, and what to try.
    """
    bad = np.flatnonzero(~_reliable(moments, most))
    if not len(bad):
        return
    k = int(bad[0])
    at = int(np.flatnonzero(inverse == k)[0]) + 1
    where = f" (row {at}; {int(np.isin(inverse, bad).sum()):,} rows in all)" if len(inverse) > 1 else ""
    draws = int(moments.draws[k])
    if moments.weight[k] <= 0:
        raise Unreliable(
            f"No draw of {draws:,} agreed with the evidence{where}: it is very improbable, or impossible, and draws "
            "cannot tell which. Raise the budget for more draws, or give less evidence."
        )
    size, share = float(moments.effective_size[k]), float(moments.peak[k] / moments.weight[k])
    unseen = float(moments.unseen(most)[k])
    if size >= LEAST_SIZE and share <= LARGEST_SHARE:
        raise Unreliable(
            f"The evidence is improbable under all of {draws:,} draws{where}: something rarer, that explains it "
            f"better, could have {unseen / (1 + unseen):.0%} of the weight unseen; at most {LARGEST_UNSEEN:.0%} is "
            "allowed. Raise the budget for more draws, or give less evidence."
        )
    raise Unreliable(
        f"{draws:,} draws are worth only {size:.3g} independent ones{where}, and one of them has {share:.1%} of the "
        f"weight; at least {LEAST_SIZE:.0f}, and at most {LARGEST_SHARE:.0%}, are wanted. Raise the budget for more "
        "draws, or give less evidence."
    )
