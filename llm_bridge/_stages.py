"""The stages of a chain: each of them timed and traced, and its failure a plain fault."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from scm import ScmError

T = TypeVar("T")
FAULTS = (ValueError, RecursionError, MemoryError, OverflowError)
"""What a stage can fail with, whatever a text says."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the chain: what went in, what came out, how long it took, and the fault that ended it, if any."""

    name: str
    took: str
    gave: str
    seconds: float
    fault: str | None = None


class Stopped(Exception):
    """A stage failed; its fault is in the trace."""


class Stages:
    """The stages that were done, in order."""

    def __init__(self) -> None:
        self.done: list[Stage] = []

    def do(self, name: str, took: str, work: Callable[[], T], gave: Callable[[T], str]) -> T:
        """Do and trace one stage.

        Raises:
            Stopped: it failed.
        """
        start = time.perf_counter()
        try:
            made = work()
        except FAULTS as wrong:
            fault = str(wrong) if isinstance(wrong, ScmError) else _unplanned(wrong)
            self.done.append(Stage(name, took, "", time.perf_counter() - start, fault))
            raise Stopped from wrong
        self.done.append(Stage(name, took, gave(made), time.perf_counter() - start))
        return made


def _unplanned(wrong: BaseException) -> str:
    """A fault that no message was written for, such as a recursion limit."""
    if isinstance(wrong, RecursionError):
        return "This is nested too deep to be worked on. Split it into parts."
    if isinstance(wrong, MemoryError):
        return "This needs more memory than there is. Ask for less at once."
    return str(wrong) if type(wrong) is ValueError else f"{type(wrong).__name__}: {wrong}"
