"""How far a run has come, on standard error: one line that is redrawn on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

REDRAW = 0.1
"""Seconds between two drawings on a terminal."""
REPORT = 10.0
"""Seconds between two plain lines."""


class Progress:
    """Counts items and shows them now and then.

    Args:
        total: how many items there are.
        kept: how many of them an earlier run has answered, and how many of those correctly.
        shown: whether to show anything.
        more: what else there is to say at the moment; begins with a comma.
    """

    def __init__(self, total: int, kept: tuple[int, int], shown: bool, more: Callable[[], str] = lambda: "") -> None:
        self.total = total
        self.done, self.right = kept
        self.failed = 0
        self.more = more
        self.fresh = 0
        self.shown = shown
        self.terminal = shown and sys.stderr.isatty()
        self.began = self.last = time.monotonic()
        self.width = 0
        if shown and self.done:
            self._print(f"{self.done} of {total} items are in the output already and are kept.\n")

    def step(self, correct: bool, *, failed: bool = False) -> None:
        """One more item is done; one whose requests failed is neither right nor wrong."""
        self.done += 1
        self.failed += failed
        self.fresh += 1
        self.right += correct
        if self.shown and time.monotonic() - self.last >= (REDRAW if self.terminal else REPORT):
            self._show()

    def finish(self) -> None:
        """Show where the run ended."""
        if self.shown:
            self._show()
            if self.terminal:
                self._print("\n")

    def _show(self) -> None:
        self.last = time.monotonic()
        seconds = max(self.last - self.began, 1e-9)
        known = self.done - self.failed
        accuracy = f"{self.right / known:.1%} right" if known else "none yet"
        failed = f", {self.failed} failed" if self.failed else ""
        line = f"{self.done}/{self.total} items, {accuracy}, {self.fresh / seconds:.0f} items/s{failed}{self.more()}"
        self._print(f"\r{line.ljust(self.width)}" if self.terminal else f"{line}\n")
        self.width = len(line)

    def _print(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self.shown = False  # nobody reads any more; the run itself goes on
