"""`read_ahead`: the next items are made ready in a thread while one is worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class _Line:
    """Items on their way from the thread that makes them."""

    ready: queue.Queue[Any]
    stop: threading.Event = field(default_factory=threading.Event)

    def put(self, item: object) -> bool:
        """Put an item in line; False once nobody wants it any more."""
        while not self.stop.is_set():
            try:
                self.ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def fill(self, items: Iterable[Any]) -> None:
        """Put every item in line, then how it ended."""
        end = _End()
        try:
            for item in items:
                if not self.put(item):
                    return
        except BaseException as wrong:  # raised again by whoever takes the items
            end = _End(wrong)
        self.put(end)


@dataclass(frozen=True)
class _End:
    error: BaseException | None = None


def read_ahead(items: Iterable[T], most: int = 2) -> Generator[T]:
    """The same items, the next ones made in a thread of their own: a file is decoded while rows are worked on.

    Args:
        items: made one at a time; an error of theirs is raised where it would have been.
        most: how many may wait, which bounds the memory.
    """
    line = _Line(queue.Queue(maxsize=most))
    thread = threading.Thread(target=line.fill, args=(items,), name="read_ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := line.ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        line.stop.set()
        thread.join()
