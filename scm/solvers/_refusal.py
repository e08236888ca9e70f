"""`Refusal`: a solver that will not answer says why."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
        uncoupled: the reason is that no coupling is granted for some table.
    """

    def __init__(
        self,
        message: str,
        partial: Solution | None = None,
        rows: NDArray[np.bool_] | None = None,
        *,
        uncoupled: bool = False,
    ) -> None:
        super().__init__(message)
        self.partial, self.rows, self.uncoupled = partial, rows, uncoupled

    def among(self, rows: NDArray[np.intp], count: int) -> Refusal:
        """The same, where the task was that of these rows out of `count`."""
        mine = rows if self.rows is None or len(self.rows) != len(rows) else rows[self.rows]
        return Refusal(renumbered(str(self), rows), rows=np.isin(np.arange(count), mine))


def renumbered(message: str, rows: NDArray[np.intp]) -> str:
    """What is said of a row of a part, with the row's own number; `rows` are those of the part, counted from 0."""

    def own(found: re.Match[str]) -> str:
        at = int(found[2]) - 1
        return f"{found[1]}{int(rows[at]) + 1}" if 0 <= at < len(rows) else found[0]

    return re.sub(r"\b([Rr]ow )(\d+)\b", own, message)


def refuse_together(refusals: Sequence[Refusal]) -> None:
    """Refuse for the sake of all the rows of these, with the first one's reason; nothing where there are none.

    Raises:
        Refusal: there are some.
    """
    if refusals:
        masks = [r.rows for r in refusals if r.rows is not None]
        raise Refusal(str(refusals[0]), rows=np.logical_or.reduce(masks))
