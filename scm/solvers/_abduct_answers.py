"""What each row's draws gave, by whichever method it took, and the solution or the refusal that it makes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ._abduct_gate import LARGEST_K, LARGEST_RHAT, LARGEST_TAIL, LEAST_SIZE, Array, Chains, Estimate, Flags, reliable
from ._solution import Solution, point

WEIGHTING = "likelihood weighting"


@dataclass
class Answers:
    """For each row that was drawn for.

    Attributes:
        value, error, size, khat, rhat, draws: see `Estimate` and `Chains`; R-hat is NaN where there are no chains.
        reliable: whether the draws support the value.
        method: how the row was drawn.
    """

    value: Array
    error: Array
    size: Array
    khat: Array
    rhat: Array
    draws: NDArray[np.intp]
    reliable: Flags
    method: list[str]

    @staticmethod
    def of(found: Estimate) -> Answers:
        """From weighted draws."""
        count = len(found.value)
        rhat, method = np.full(count, np.nan), [WEIGHTING] * count
        return Answers(
            found.value.copy(), found.error, found.size, found.khat, rhat, found.draws, reliable(found), method
        )

    def put(self, at: NDArray[np.intp], found: Chains, method: str) -> None:
        """Take these rows' answers from another method, where it found any."""
        for k, row in enumerate(at.tolist()):
            if not np.isfinite(found.value[k]):
                continue
            self.value[row], self.error[row] = found.value[k], found.error[k]
            self.size[row], self.khat[row], self.rhat[row] = found.size[k], found.khat[k], found.rhat[k]
            self.draws[row], self.reliable[row] = found.draws[k], found.reliable[k]
            self.method[row] = method

    def solution(self, rows: NDArray[np.intp], defined: Flags, combinations: int) -> Solution:
        """Of all rows; `rows` are those that were drawn for."""

        def whole(part: Array) -> Array:
            out = np.full(len(defined), np.nan)
            out[rows] = part
            return out

        figures = {
            "method": ", then ".join(dict.fromkeys(self.method)),
            "draws": int(self.draws.max()),
            "combinations": combinations,
            "ess": float(self.size.min()),
            "khat": float(self.khat.max()),
            "rhat": None if np.isnan(self.rhat).all() else float(np.nanmax(self.rhat)),
            "least_ess": LEAST_SIZE,
            "largest_khat": LARGEST_K,
            "largest_tail": LARGEST_TAIL,
            "largest_rhat": LARGEST_RHAT,
            "reliable": whole(self.reliable.astype(float)) == 1.0,
        }
        return replace(
            point(whole(self.value), defined),
            monte_carlo=whole(self.error),
            effective_size=whole(self.size),
            diagnostics=figures,
        )

    def without_bad(self, rows: NDArray[np.intp], solution: Solution) -> Solution:
        """The solution with the rows that the draws do not support refused, and the figures of the others."""
        assert solution.monte_carlo is not None
        assert solution.effective_size is not None
        refused, good = np.zeros(len(solution.defined), dtype=bool), self.reliable
        refused[rows[~good]] = True
        figures = dict(solution.diagnostics)
        if good.any():
            chains = self.rhat[good][~np.isnan(self.rhat[good])]
            figures |= {
                "method": ", then ".join(dict.fromkeys(m for m, ok in zip(self.method, good, strict=True) if ok)),
                "draws": int(self.draws[good].max()),
                "ess": float(self.size[good].min()),
                "khat": float(self.khat[good].max()),
                "rhat": float(chains.max()) if chains.size else None,
            }
        value, error, size = (
            np.where(refused, np.nan, x) for x in (solution.lower, solution.monte_carlo, solution.effective_size)
        )
        return replace(
            point(value, solution.defined),
            monte_carlo=error,
            effective_size=size,
            diagnostics=figures,
            refused=refused,
            reason=self.why(rows),
        )

    def why(self, rows: NDArray[np.intp]) -> str:
        """Why the draws support no answer, for the first row that they do not."""
        bad = np.flatnonzero(~self.reliable)
        at = int(bad[0])
        where = f"row {int(rows[at]) + 1}" if len(rows) > 1 else "this unit"
        others = f" (and {len(bad) - 1} more rows)" if len(bad) > 1 else ""
        if self.size[at] == 0.0:
            return (
                f"no draw out of {int(self.draws[at]):,} meets the evidence of {where}{others}: it is impossible, or "
                "too rare to be drawn"
            )
        rhat = "" if np.isnan(self.rhat[at]) else f", R-hat is {self.rhat[at]:.3f} (at most {LARGEST_RHAT:g})"
        return (
            f"the draws do not support an answer for {where}{others}: by {self.method[at]}, {int(self.draws[at]):,} "
            f"draws count for {self.size[at]:.0f} (effective sample size; {LEAST_SIZE:.0f} are wanted), Pareto k-hat "
            f"is {self.khat[at]:.2f} (at most {LARGEST_K:g}, and {LARGEST_TAIL:g} of what is averaged){rhat}"
        )
