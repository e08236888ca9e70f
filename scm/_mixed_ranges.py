"""Evidence that no state of the causes allows: `Y = exp(X + u)` is never negative, whatever X and u are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._domain import Real
from ._model import Model
from ._syntax import Const
from ._worlds import Own, Worlds
from .mechanisms._formula import Formula
from .mechanisms._ranges import ALL, range_of

Bools = NDArray[np.bool_]


def within_ranges(model: Model, worlds: Worlds, columns: Mapping[str, NDArray[Any]], count: int) -> Bools:
    """For each row, whether every observed value lies where its formula can surely bring it.

    Whether it is possible given the other evidence is for the solvers: this needs none of the causes, and so it also
    holds for evidence that no solver looks at, as that which fixes what is asked.

    Args:
        model: whose formulas they are.
        worlds: with the evidence in `fixed`.
        columns: of the placeholders.
        count: how many rows.
    """
    possible = np.ones(count, dtype=bool)
    for at, value in worlds.fixed.items():
        instance = worlds.instances[at]
        formula = model.columnar.get(instance.variable)
        if not isinstance(instance.mechanism, Own) or not isinstance(formula, Formula):
            continue
        ends = range_of(formula.expr, formula.scope)
        if isinstance(formula.domain, Real) and ends != ALL:
            seen: Any = value.value if isinstance(value, Const) else columns[value.name]
            # Ends are worked out in floats too: what is at an end but for rounding is not refused.
            slack = 1e-9 * max((abs(e) for e in ends if np.isfinite(e)), default=0.0)
            possible &= (seen >= ends[0] - slack) & (seen <= ends[1] + slack)
    return possible
