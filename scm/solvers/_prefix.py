"""How much is drawn and how much is contracted: the shortest prefix of the drawing order whose rest fits the budget.

Rao & Blackwell: an average over draws of exact conditional weights varies less than one over draws of everything
(Casella & Robert 1996). What was drawn becomes a value that every draw gives, as a row gives that of a placeholder.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from .._syntax import Expr, Placeholder
from .._worlds import Instance, Own, Slot, Worlds
from ._budget import Budget
from ._contract import Plan, make_plan
from ._draws import BLOCK, Codes
from ._factors import build_network
from ._kernels import NeedsCoupling, TooWide
from ._network import Network, Values
from ._sampler import Drawn, Sampler
from ._schedule import Step, reached
from ._setting import Setting

SHARE = 64
"""The first block of draws may take one part in so many of the budget for contracting what is not drawn."""
OPERATIONS = 20.0
"""Operations of the budget's clock that one entry of a sampling step takes."""
FORECAST = 6e-4
"""Seconds that the forecast of a contraction takes for each step that is not drawn."""
SEARCH_SHARE = 0.25
"""Share of the time that is left that the search for a short prefix may take."""


@dataclass(frozen=True)
class Split:
    """What is drawn, and the contraction of the rest.

    Attributes:
        steps: what is drawn, in order; none where the contraction is exact by itself.
        plan: the contraction of the rest; its placeholders are the rows' and what was drawn.
        done, noises: instances and noises that `steps` deal with.
        operations: forecast for one draw.
        impossible: the evidence contradicts itself, whatever is drawn.
    """

    steps: tuple[Step, ...]
    plan: Plan
    done: Collection[int]
    noises: Collection[str]
    operations: float
    impossible: bool

    def columns(self, drawn: Drawn) -> dict[str, Codes]:
        """What every placeholder of the plan stands for in each draw."""
        found = {_instance(i): drawn.codes[i] for i in self.done} | {_noise(n): drawn.noises[n] for n in self.noises}
        return {**drawn.columns, **found}


def split(
    setting: Setting,
    sampler: Sampler,
    steps: tuple[Step, ...],
    outputs: Sequence[tuple[Expr, Values]],
    conditions: Sequence[Expr],
    least: int = 0,
) -> Split:
    """The shortest prefix, of at least `least` steps, whose rest fits the budget.

    Raises:
        TooWide: not even drawing everything fits.
    """
    build = _Splitter(setting, sampler, steps, outputs, conditions, _latest(setting))
    cuts = [k for k in build.cuts() if k >= min(least, len(steps))]
    each = setting.budget.allowed(setting.rows) / setting.rows
    # Nothing drawn: once for each row is enough. Everything drawn: the whole budget is there.
    limits = dict.fromkeys(cuts, each / SHARE / BLOCK) | {cuts[-1]: each / BLOCK}
    if cuts[0] == 0:
        limits[0] = each
        if build.soon(0) and (found := build.fits(0, limits[0])) is not None:
            return found
    low, high = (1 if cuts[0] == 0 else 0), len(cuts) - 1
    best = build.fits(cuts[high], limits[cuts[high]])
    if best is None:
        raise TooWide(build.refusal(cuts[high]))
    while low < high:
        middle = (low + high) // 2
        k = cuts[middle]
        found = build.fits(k, limits[k]) if build.soon(k) else None
        if found is None:
            low = middle + 1
        else:
            best, high = found, middle
    return best


def _latest(setting: Setting) -> float | None:
    """When the search for a short prefix ends, so that most of the time is left for draws."""
    until, now = setting.record.until, time.monotonic()
    return None if until is None else now + SEARCH_SHARE * (until - now)


def _instance(i: int) -> str:
    return f"\0{i}"


def _noise(name: str) -> str:
    return f"\0 {name}"


@dataclass(frozen=True)
class _Splitter:
    setting: Setting
    sampler: Sampler
    steps: tuple[Step, ...]
    outputs: Sequence[tuple[Expr, Values]]
    conditions: Sequence[Expr]
    latest: float | None

    def soon(self, k: int) -> bool:
        """Whether there is time to look at what the first `k` steps leave."""
        return self.latest is None or time.monotonic() + FORECAST * (len(self.steps) - k) < self.latest

    def cuts(self) -> list[int]:
        """How many first steps take every coupled table wholly or not at all."""
        block = {i: name for name, b in self.sampler.joined.items() for i in b.members}
        left = {name: len(b.members) for name, b in self.sampler.joined.items()}
        begun: set[str] = set()
        found = [0]
        for k, step in enumerate(self.steps, 1):
            for name in [block[i] for i in reached((step,))[0] if i in block]:
                left[name] -= 1
                (begun.add if left[name] else begun.discard)(name)
            if not begun:
                found.append(k)
        return found

    def network(self, k: int) -> Network:
        sampler, setting = self.sampler, self.setting
        done, drawn = reached(self.steps[:k])
        states = setting.model.states
        names = {_instance(i): states[sampler.worlds.instances[i].variable] for i in done}
        domains = {**setting.domains, **names, **{_noise(n): states[n] for n in drawn}}
        rest = _rest(sampler, done, drawn)
        return build_network(setting.model, rest, self.outputs, self.conditions, setting.couplings, domains)

    def fits(self, k: int, most: float) -> Split | None:
        """The split after `k` steps, if its contraction takes at most so many operations a draw."""
        budget = self.setting.budget
        seconds = None if budget.seconds is None else SEARCH_SHARE * budget.seconds
        unbounded = Budget(float("inf"), budget.entries, seconds)
        try:
            network = self.network(k)
            operations, entries = _forecast(network)
            if operations > most or entries > unbounded.entries:
                return None
            plan = make_plan(network, network.outputs, unbounded, BLOCK if k else self.setting.rows)
            if k and plan.path.sliced:  # every batch of draws would go through all the slices
                return None
        except (TooWide, NeedsCoupling):
            # A joint law too large to tabulate, or that can only be drawn from; a missing grant was refused before.
            return None
        done, drawn = reached(self.steps[:k])
        cost = operations + OPERATIONS * sum(self.sampler.cost(step) for step in self.steps[:k])
        return Split(self.steps[:k], plan, done, drawn, cost, network.impossible)

    def refusal(self, k: int) -> str:
        """Why not even the longest prefix will do.

        Raises:
            TooWide: what stands in its way, where that is no forecast.
        """
        operations, entries = _forecast(self.network(k))
        budget = self.setting.budget
        return (
            f"Even with every instance drawn, {BLOCK:,} draws are forecast at {operations * BLOCK:.3g} operations and "
            f"arrays of {entries * 8:.3g} bytes; the budget is {budget.allowed(1):.3g} operations and "
            f"{budget.entries * 8:.3g} bytes. Raise the budget, or ask about fewer variables at once."
        )


def _rest(sampler: Sampler, done: Collection[int], drawn: Collection[str]) -> Worlds:
    """The worlds that are left, what was drawn put in place as placeholders."""
    worlds, model = sampler.worlds, sampler.model
    number = {i: k for k, i in enumerate(i for i in range(len(worlds.instances)) if i not in done)}

    def slot(own: Slot) -> Slot:
        if not isinstance(own, int):
            return own
        return number[own] if own in number else worlds.fixed.get(own, Placeholder(_instance(own)))

    def instance(own: Instance) -> Instance:
        read = model.mechanisms[own.variable].inputs if isinstance(own.mechanism, Own) else ()
        noises = tuple((n, Placeholder(_noise(n))) for n in read if n in drawn)
        return replace(own, slots=(*((n, slot(s)) for n, s in own.slots), *noises))

    return Worlds(
        tuple(instance(worlds.instances[i]) for i in number),
        {t: slot(s) for t, s in worlds.terms.items()},
        {number[i]: value for i, value in worlds.fixed.items() if i in number},
        worlds.impossible,
    )


def _forecast(network: Network) -> tuple[float, float]:
    """Operations and largest array of a greedy contraction, for one draw."""
    if len(network.factors) < 2:
        return 1.0, 1.0
    module: Any = import_module("cotengra")
    sizes: Mapping[int, int] = network.sizes
    # One path is enough to say whether it fits; a better one is looked for when the plan is made.
    tree = module.array_contract_tree(
        [f.labels for f in network.factors], network.outputs, sizes, optimize="greedy", canonicalize=False
    )
    return float(tree.contraction_cost()) + len(network.factors), float(tree.max_size())
