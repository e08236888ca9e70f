"""Several draws of the model's tables at once: each drawn factor gets an axis of draws, gathered like a placeholder's.

A draw is then one more column of the rows, so that rows times draws are the batch, and nothing else needs to know.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._by_noise import ByNoise
from .._coupling import Coupling
from .._errors import ScmError
from ._adjoint import positions
from ._budget import Budget
from ._kernels import MAX_KERNEL, PROVED, NeedsCoupling, TooWide, joint_table
from ._network import Factor, Network, Origin
from ._setting import DRAW

Array = NDArray[np.float64]


class OfOneTable(NeedsCoupling):
    """A noise table was granted, which gives back the model's table and no drawn one."""

    def __init__(self, variable: str) -> None:
        ScmError.__init__(
            self,
            f"The noise table granted for {variable!r} gives back the table of the model, not those that were drawn. "
            "Grant another coupling, or draw other tables only.",
        )
        self.variable = variable


@dataclass(frozen=True, slots=True)
class _OneDraw:
    """A coupling that reads the row numbers of draws stacked one below the other as those of one table."""

    coupling: Coupling
    rows: int

    @property
    def name(self) -> str:
        return self.coupling.name

    @property
    def claim(self) -> str:
        return self.coupling.claim

    @property
    def citation(self) -> str:
        return self.coupling.citation

    @property
    def variables(self) -> tuple[str, ...] | None:
        return self.coupling.variables

    def kernel(self, laws: Array, configurations: NDArray[np.intp]) -> Array:
        return self.coupling.kernel(laws, configurations % self.rows)


def put_draws(network: Network, draws: Mapping[str, Array], budget: Budget) -> None:
    """Put an axis of draws on every factor whose probabilities are drawn.

    Args:
        network: its factors are changed.
        draws: for each table or noise, shape (draws, configurations, states).
        budget: of entries of one array.

    Raises:
        NeedsCoupling: drawn laws need a coupling that was not granted, where those of the model did not.
        TooWide: the drawn factor would not fit the budget.
    """
    for origin in network.origins:
        if origin.name not in draws:
            continue
        factor, drawn = network.factors[origin.factor], draws[origin.name]
        if factor.array.size * len(drawn) > budget.entries:
            raise TooWide(
                f"{len(drawn):,} draws of {origin.name!r} have {factor.array.size * len(drawn):,} entries in one "
                f"array; the budget is {budget.entries:,.0f}. Ask for fewer draws at once."
            )
        whole = drawn.reshape(len(drawn), -1)
        if origin.configurations is not None:
            whole = _joint_laws(network, origin, drawn, budget)
        place = positions(origin, factor)
        array = np.where(place >= 0, whole[:, place], 0.0)
        network.factors[origin.factor] = Factor(array, factor.labels, (DRAW, *factor.gathers))


def _joint_laws(network: Network, origin: Origin, drawn: Array, budget: Budget) -> Array:
    """The joint law of several instances under each draw: shape (draws, entries)."""
    configurations, possible = origin.configurations, origin.possible
    assert configurations is not None
    assert possible is not None
    (n, k), (count, rows, s) = configurations.shape, drawn.shape
    if count * n * s**k > budget.entries:
        raise TooWide(
            f"{count:,} draws of the joint law of {k} instances of {origin.name!r} have {count * n * s**k:,} entries; "
            f"the budget is {budget.entries:,.0f}. Ask for fewer draws at once."
        )
    step = max(1, MAX_KERNEL // (n * s**k))
    coupling = origin.coupling
    if isinstance(coupling, ByNoise):
        coupling = None
    elif coupling is not None and not isinstance(coupling, PROVED):  # those do not read configurations
        coupling = _OneDraw(coupling, rows)
    out = np.empty((count, n, math.prod([s] * k)))
    for start in range(0, count, step):
        block = drawn[start : start + step]
        below = (np.arange(len(block)) * rows)[:, None, None] + configurations
        try:
            joint, used = joint_table(origin.name, block.reshape(-1, s), below.reshape(-1, k), coupling)
        except NeedsCoupling:
            if isinstance(origin.coupling, ByNoise):
                raise OfOneTable(origin.name) from None
            raise
        out[start : start + step] = joint.reshape(len(block), n, -1)
        if used is not None and origin.coupling is not None:
            network.couplings[origin.name] = origin.coupling
    out[:, ~possible] = 0.0
    return out.reshape(count, -1)
