"""Budgets, and the refusal of what would exceed one."""

from __future__ import annotations

from dataclasses import dataclass

MAX_OPERATIONS = 5e10
"""Default budget: about a minute of one core."""
MAX_ENTRIES = 1 << 27
"""Default budget of the largest intermediate array: one gibibyte."""
OPERATIONS_A_SECOND = 8e8
"""Multiply-adds a second that are counted on, for one core."""


ROWS_AT_ONCE = 1024
"""Rows that the default budget is meant for; more rows may take proportionally longer."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A fuse: a computation forecast to be larger is refused before it starts.

    Attributes:
        operations: multiply-adds of one contraction over all rows; None allows `MAX_OPERATIONS` for every
            `ROWS_AT_ONCE` rows.
        entries: numbers in the largest array for one row.
        seconds: of wall time; a run that is still going then is stopped.
    """

    operations: float | None = None
    entries: float = MAX_ENTRIES
    seconds: float | None = None

    @staticmethod
    def of(seconds: float | None, memory_bytes: float | None = None) -> Budget:
        """A budget of time (at `OPERATIONS_A_SECOND`) and memory."""
        return Budget(
            None if seconds is None else seconds * OPERATIONS_A_SECOND,
            MAX_ENTRIES if memory_bytes is None else max(memory_bytes / 8, 1),
            seconds,
        )

    def allowed(self, rows: int) -> float:
        """Multiply-adds allowed for so many rows."""
        return MAX_OPERATIONS * max(rows / ROWS_AT_ONCE, 1.0) if self.operations is None else self.operations
