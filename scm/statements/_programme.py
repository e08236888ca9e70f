"""Linear programmes by HiGHS."""

# SciPy has no types for its optimisers.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from ._atoms import Array


def least(cost: Array, below: Array, most: Array, equal: Array, to: Array) -> float | None:
    """The least `cost @ x` with `below @ x <= most`, `equal @ x = to`, `x >= 0`; None where the solver gives none."""
    from scipy.optimize import linprog  # a third of a second that most questions do not need

    tight = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    for options in (tight, {**tight, "presolve": False}, {}):
        found = linprog(cost, below, most, equal, to, bounds=(0, None), method="highs", options=options)
        if found.status == 0:
            return float(found.fun)
    return None
