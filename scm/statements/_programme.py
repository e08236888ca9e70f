"""Linear programmes by HiGHS."""

# SciPy has no types for its optimisers.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import numpy as np

from ._atoms import Array

_TIGHT = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def best(cost: Array, below: Array, equal: Array, to: Array, most: Array | None = None) -> tuple[float, Array] | None:
    """The least `cost @ x` with `below @ x <= most`, `equal @ x = to`, `x >= 0`, and an x that gives it.

    HiGHS has called a few programmes infeasible that are not, where probabilities are near zero: what it does not solve
    is tried again without its preparations, and with its usual tolerances.

    Args:
        cost: shape (unknowns,).
        below: shape (rows, unknowns).
        equal: shape (rows, unknowns).
        to: what `equal` comes to.
        most: what `below` is held to; left out, zeros.

    Returns:
        None where the solver finds none.
    """
    from scipy.optimize import linprog  # a third of a second that most questions do not need

    limits = np.zeros(len(below)) if most is None else most
    for options in (_TIGHT, {**_TIGHT, "presolve": False}, {}):
        found = linprog(cost, below, limits, equal, to, bounds=(0, None), method="highs", options=options)
        if found.status == 0:
            return float(found.fun), np.asarray(found.x, dtype=float)
    return None
