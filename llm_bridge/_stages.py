"""The stages of a chain: each of them timed and traced, and its failure a plain fault."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from scm import ScmError

T = TypeVar("T")
FAULTS = (ValueError, RecursionError, MemoryError, OverflowError)
"""What a stage can fail with, whatever a text says."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the chain: how long it took, and the fault that ended it, if any.

    Attributes:
        name: what was done.
        told: what went in and what came out, in a few words. Few ask for them, and they take long to find.
        seconds: how long it took.
        fault: what ended it.
    """

    name: str
    told: Callable[[], tuple[str, str]] = field(repr=False, compare=False)
    seconds: float
    fault: str | None = None

    @property
    def took(self) -> str:
        """What went in."""
        return self.told()[0]

    @property
    def gave(self) -> str:
        """What came out."""
        return self.told()[1]

    def __reduce__(self) -> tuple[Callable[..., Stage], tuple[object, ...]]:
        """With the words themselves: what finds them cannot be pickled."""
        return _restored, (self.name, self.told(), self.seconds, self.fault)


def _restored(name: str, told: tuple[str, str], seconds: float, fault: str | None) -> Stage:
    return Stage(name, lambda: told, seconds, fault)


class Stopped(Exception):
    """A stage failed; its fault is in the trace."""


class Stages:
    """The stages that were done, in order."""

    def __init__(self) -> None:
        self.done: list[Stage] = []

    def do(self, name: str, took: Callable[[], str], work: Callable[[], T], gave: Callable[[T], str]) -> T:
        """Do and trace one stage.

        Raises:
            Stopped: it failed.
        """
        start = time.perf_counter()
        try:
            made = work()
        except FAULTS as wrong:
            fault = str(wrong) if isinstance(wrong, ScmError) else _unplanned(wrong)
            self.done.append(Stage(name, lambda: (took(), ""), time.perf_counter() - start, fault))
            raise Stopped from wrong
        self.done.append(Stage(name, lambda: (took(), gave(made)), time.perf_counter() - start))
        return made


def _unplanned(wrong: BaseException) -> str:
    """A fault that no message was written for, such as a recursion limit."""
    if isinstance(wrong, RecursionError):
        return "This is nested too deep to be worked on. Split it into parts."
    if isinstance(wrong, MemoryError):
        return "This needs more memory than there is. Ask for less at once."
    return str(wrong) if type(wrong) is ValueError else f"{type(wrong).__name__}: {wrong}"
