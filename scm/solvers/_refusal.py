"""`Refusal`: a solver that will not answer says why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._solution import Solution


class Refusal(Exception):
    """Why a solver will not answer, in words fit for a user.

    Attributes:
        partial: what was found all the same, where the reason is that it cannot be relied on. Never to be shown without
            the reason.
        rows: the rows of the task that are at fault, a mask, where the reason is theirs alone; None where it is
            that of all, or nobody looked. The others can be asked again without them.
    """

    def __init__(self, message: str, partial: Solution | None = None, rows: NDArray[np.bool_] | None = None) -> None:
        super().__init__(message)
        self.partial, self.rows = partial, rows
