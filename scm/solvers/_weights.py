"""Joint weights of what is asked and what is given: worlds, network, plan and run."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .._syntax import Expr, terms
from .._worlds import build_worlds
from ._contract import Weights, make_plan, run_plan
from ._factors import build_network
from ._leaves import MAX_ROOT_STATES, Leaf, TooManyRoots
from ._network import Network
from ._setting import Fact, Setting, Values

Array = NDArray[np.float64]


def joint_weights(
    setting: Setting,
    facts: Sequence[Fact],
    conditions: Sequence[Expr],
    outputs: Sequence[tuple[Expr, Values]],
    *,
    weigh_roots: bool = False,
) -> tuple[Weights, Network] | None:
    """Joint weights of outputs, roots of unknown law, and rows; None where the facts contradict one another."""
    asked = [t for expr, _ in outputs for t in terms(expr)] + [t for c in conditions for t in terms(c)]
    worlds = build_worlds(setting.model.graph, asked, facts)
    if worlds.impossible:
        return None
    network = build_network(setting.model, worlds, outputs, conditions, setting.couplings, setting.domains)
    if network.impossible:
        return None
    roots = [] if weigh_roots else list(network.open.values())
    states = math.prod(network.sizes[x] for x in roots)
    if states > MAX_ROOT_STATES:
        raise TooManyRoots(
            f"{len(roots)} roots of unknown law have {states:,} joint states; at most {MAX_ROOT_STATES:,} are "
            "enumerated. State the law of some of them, or observe more."
        )
    plan = make_plan(network, [*network.outputs, *roots], setting.budget)
    setting.record.add(plan, worlds)
    return run_plan(plan, setting.columns, setting.rows, setting.budget), network


def make_leaf(values: Array, total: Array, network: Network, cells: int) -> Leaf:
    """Divide by the evidence's weight; axes of `values`: cells, roots, rows; of `total`: roots, rows."""
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(total > 0, values / total, np.nan)
    value = np.moveaxis(value, range(cells), range(-1 - cells, -1)) if cells else value
    return Leaf(value, total, tuple(network.open), root_states(network))


def root_states(network: Network) -> tuple[Values, ...]:
    """The positions of the states of each root of unknown law."""
    return tuple(tuple(range(network.sizes[label])) for label in network.open.values())


def undefined_leaf(setting: Setting, shape: tuple[int, ...] = ()) -> Leaf:
    """What a condition of probability zero leaves, for a distribution of this shape."""
    return Leaf(np.full((*shape, setting.rows), np.nan), np.zeros(setting.rows))
