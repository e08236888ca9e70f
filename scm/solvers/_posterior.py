"""Abduction on its own: what the evidence says of the noise, as a list of states."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .._mechanism import Equation, NoiseTable
from .._model import Model
from .._syntax import Expr, Value, Var, terms
from .._worlds import Fresh, Own, Worlds, build_worlds
from ._contract import make_plan
from ._execute import run_plan
from ._factors import build_network
from ._kernels import TooWide
from ._setting import Fact, Setting

MOST_STATES = 4096
"""Most joint noise states that a posterior is listed over."""


@dataclass(frozen=True)
class NoisePosterior:
    """What the evidence says of the noise, jointly.

    Attributes:
        names: the noises that matter to query or evidence.
        weights: (noise state, probability), most probable first; where a law is unknown the probability is None and
            every state that the evidence allows is listed.
        known: whether every law is known.
    """

    names: tuple[str, ...]
    weights: tuple[tuple[Mapping[str, Value], float | None], ...]
    known: bool


def noise_posterior(
    setting: Setting, asked: Sequence[Var], facts: Sequence[Fact], conditions: Sequence[Expr]
) -> NoisePosterior | None:
    """The joint law of the noises given the evidence; None where they are too many to list, or tables hide them.

    None too where listing them would exceed the budget, and where the evidence has probability zero.
    """
    inside = [t for c in conditions for t in terms(c)]
    everything = build_worlds(setting.model.graph, [*asked, *inside, *(t for t, _ in facts)], ())
    names = _noises(setting.model, everything)
    if names is None or math.prod(len(setting.model.states[n]) for n in names) > MOST_STATES:
        return None
    worlds = build_worlds(setting.model.graph, [*asked, *inside], facts)
    if worlds.impossible:
        return None
    network = build_network(setting.model, worlds, [], conditions, setting.couplings, setting.domains)
    relevant = [n for n in names if n in network.noises]
    try:
        plan = make_plan(network, [network.noises[n] for n in relevant], setting.budget)
    except TooWide:
        return None  # the list is an extra: it may cost more than the answer did
    weights = run_plan(plan, {}, 1, setting.budget).mantissa[..., 0]
    total = weights.sum()
    if network.impossible or not total > 0:
        return None
    known = all(n not in network.open for n in relevant)
    order = np.argsort(-weights, axis=None, kind="stable")
    out: list[tuple[Mapping[str, Value], float | None]] = []
    for flat in order[: int((weights > 0).sum())]:
        codes = np.unravel_index(int(flat), weights.shape) if relevant else ()
        state = {n: setting.model.states[n][int(c)] for n, c in zip(relevant, codes, strict=True)}
        out.append((state, float(weights.flat[int(flat)] / total) if known else None))
    return NoisePosterior(tuple(relevant), tuple(out), known)


def _noises(model: Model, worlds: Worlds) -> tuple[str, ...] | None:
    found: dict[str, None] = {}
    for instance in worlds.instances:
        if isinstance(instance.mechanism, Fresh):
            return None
        if isinstance(instance.mechanism, Own):
            mechanism = model.mechanisms[instance.variable]
            if not isinstance(mechanism, (Equation, NoiseTable)):
                return None
            found |= dict.fromkeys(n for n in mechanism.inputs if n in model.noises)
    return tuple(found)
