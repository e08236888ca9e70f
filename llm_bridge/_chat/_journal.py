"""The journal of a ledger: what is sent is written down before it goes, and what came of it after.

A file of JSON lines of three kinds: `opened` for each run, `sent` with the most that a call can take, `done` with what
it took. A call that was sent and never done was under way when its process was killed: it counts at the most it can
take.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast, get_args

from scm import InvalidFile

from ._spending import UNFINISHED, Call, Counted

_BEGINNINGS = (b'{"opened": ', b'{"sent": ', b'{"done": ')


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier runs have left in a journal.

    Attributes:
        calls: all of them, those that were cut off included.
        seconds: that the runs lasted together.
        following: the number of the next call.
        currency: of the costs; empty where there was no price.
    """

    calls: tuple[Call, ...] = ()
    seconds: float = 0.0
    following: int = 0
    currency: str = ""


class Journal:
    """A journal, open to be appended to by this process alone.

    Args:
        path: the file; made where there is none.

    Attributes:
        past: what it held.

    Raises:
        InvalidFile: it is no journal, cannot be written, or is in use.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._left = b""
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as wrong:
            raise self._unwritable(wrong) from None
        try:
            self._lock()
            self.past = self._read()
        except BaseException:
            self.close()
            raise

    def _lock(self) -> None:
        """Keep other processes out: two that each held a whole budget could spend it twice."""
        try:
            import fcntl
        except ImportError:  # no such locks on this system
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InvalidFile(
                f"The ledger {self.path} is in use by another run. Wait for its end, or give this run its own."
            ) from None

    def _read(self) -> Past:
        try:
            content = self.path.read_bytes()
        except OSError as wrong:
            raise self._unwritable(wrong) from None
        whole = content.rfind(b"\n") + 1
        reader = _Reader()
        lines = content[:whole].splitlines()
        tail = content[whole:]
        torn = any(tail.startswith(start) or start.startswith(tail) for start in _BEGINNINGS)
        if not torn:
            lines.append(tail)
        for number, line in enumerate(lines, 1):
            if not reader.takes(line):
                raise InvalidFile(
                    f"{self.path}, line {number} is none that a ledger wrote. Nothing was changed: give another file."
                )
        os.ftruncate(self._file, whole)
        for number, call in reader.open.items():
            self.done(number, call, reader.last)
        return reader.past()

    def opened(self, at: float, currency: str) -> None:
        """A run begins."""
        self._write({"opened": at, "currency": currency})

    def sent(self, number: int, most: Call, at: float) -> None:
        """A call is about to be sent, and can take so much."""
        self._write({"sent": number, "at": at, **_data(most)})

    def done(self, number: int, call: Call, at: float) -> None:
        """What a call took. Where that cannot be written now, it goes before the next line: its reply was paid for."""
        self._left += _line({"done": number, "at": at, **_data(call)})
        with contextlib.suppress(InvalidFile):
            self._flush()

    def _write(self, data: dict[str, Any]) -> None:
        line = _line(data)
        self._left += line
        try:
            self._flush()
        except InvalidFile:
            self._left = self._left.removesuffix(line)  # a part of it that is there already must be made whole
            raise

    def _flush(self) -> None:
        try:
            while self._left:
                self._left = self._left[os.write(self._file, self._left) :]
        except OSError as wrong:
            raise self._unwritable(wrong) from None

    def _unwritable(self, wrong: OSError) -> InvalidFile:
        return InvalidFile(f"The ledger {self.path} cannot be written: {wrong.strerror}. Give a file of yours.")

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            with contextlib.suppress(InvalidFile):
                self._flush()
            os.close(self._file)
            self._file = -1


def _line(data: dict[str, Any]) -> bytes:
    return f"{json.dumps(data)}\n".encode()


class _Reader:
    """The lines of a journal, taken one after another."""

    def __init__(self) -> None:
        self.open: dict[int, Call] = {}
        self.calls: list[Call] = []
        self.seconds = 0.0
        self.began = self.last = 0.0
        self.following = 0
        self.currency = ""

    def takes(self, line: bytes) -> bool:
        """Whether the line is one of a journal."""
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            data = json.loads(line)
            if isinstance(data, dict):
                return self._taken(cast("dict[str, Any]", data))
        return False

    def _taken(self, data: dict[str, Any]) -> bool:
        if "opened" in data:
            self.seconds += self.last - self.began
            self.began = self.last = float(data["opened"])
            self.currency = str(data["currency"]) or self.currency
            return True
        number = int(data["sent"] if "sent" in data else data["done"])
        self.last = max(self.last, float(data["at"]))
        call = _call(data)
        if "sent" in data:
            self.open[number] = replace(call, kind=UNFINISHED, counted="most")
            self.following = max(self.following, number + 1)
        else:
            del self.open[number]
            self.calls.append(call)
        return True

    def past(self) -> Past:
        """Everything taken, with what was cut off."""
        calls = (*self.calls, *self.open.values())
        return Past(calls, self.seconds + self.last - self.began, self.following, self.currency)


_FIELDS = tuple(field.name for field in fields(Call))


def _data(call: Call) -> dict[str, Any]:
    return {name: getattr(call, name) for name in _FIELDS}


def _call(data: dict[str, Any]) -> Call:
    """The call in a line.

    Raises:
        TypeError, KeyError: there is none.
    """
    given = {name: data[name] for name in _FIELDS}
    if (
        not all(isinstance(given[name], str) for name in ("purpose", "kind"))
        or not all(isinstance(given[name], int) for name in ("input_tokens", "output_tokens"))
        or not isinstance(given["seconds"], int | float)
        or not isinstance(given["cost"], int | float | None)
        or given["counted"] not in get_args(Counted)
    ):
        raise TypeError("no call")
    return Call(**given)
