"""The file of records: appended to as a run goes, resumed from later, and in the end with one line for each item."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # there is none on Windows
    fcntl = None

from ._items import BenchError
from ._records import Record

_BEGINNING = '{"key": "'


@dataclass(frozen=True, slots=True)
class Run:
    """What all records of one file have in common: who answered, and with which settings."""

    method: str = "offline"
    model: str = ""
    settings: str = ""

    @classmethod
    def of(cls, record: Record) -> Run:
        """The run that a record is of."""
        return cls(record.method, record.model, record.settings)

    def to_text(self) -> str:
        """For a message."""
        if self.method == "offline":
            return "the offline reader"
        return f"the model {self.model!r}, method {self.method}, settings {self.settings}"


OFFLINE = Run()
"""The chain without a language model."""


class Output:
    """The file of records.

    Each line is handed to the system as soon as it is known, so that a killed run loses at most the items it was on. A
    new line of an item replaces the one of an earlier failure: it is appended like any other, and the file is written
    anew without the old ones, whole and in one step, when it is next opened or closed.

    Args:
        path: where to write; None keeps nothing.
        keys: the items that may stand in the file.
        run: who answers.

    Attributes:
        kept: the records of finished items that the file held.
        failed: the records of items whose requests failed, and which are to be asked again.

    Raises:
        BenchError: the file holds something else, or the records of another run, or cannot be written.
    """

    def __init__(self, path: str | Path | None, keys: frozenset[str], run: Run = OFFLINE) -> None:
        self.path = None if path is None else Path(path)
        self.kept: dict[str, Record] = {}
        self.failed: dict[str, Record] = {}
        self._run = run
        self._written: dict[str, Record] = {}
        self._replaced = False
        self._stream: IO[bytes] | None = None
        if self.path is None:
            return
        try:
            self._open(self.path, keys)
        except OSError as wrong:
            raise _unwritable(self.path, wrong) from None

    def _open(self, path: Path, keys: frozenset[str]) -> None:
        self._stream = _locked(path)
        try:
            # A device such as /dev/stdout can be written, but not read back.
            content = path.read_bytes() if path.is_file() else b""
            whole = self._read(path, content, keys)
            if self._replaced:
                self._rewrite(path)
                self._stream.close()
                self._stream = _locked(path)
            elif whole < len(content):
                os.truncate(path, whole)
        except BaseException:
            self._stream.close()
            raise

    def _read(self, path: Path, content: bytes, keys: frozenset[str]) -> int:
        """Keep the records of a file; the number of bytes that are whole lines."""
        whole = content.rfind(b"\n") + 1
        for number, line in enumerate(content[:whole].split(b"\n")[:-1], 1):
            record = _record(line)
            if record is None:
                raise _foreign(path, number, "is no line that bench wrote")
            if record.key not in keys:
                raise _foreign(path, number, f"belongs to an item that is not in the files given (id {record.id!r})")
            if (other := Run.of(record)) != self._run:
                raise _foreign(path, number, f"is of {other.to_text()}; this run is of {self._run.to_text()}")
            self._keep(record)
        if not _torn(content[whole:]):
            raise _foreign(path, content.count(b"\n") + 1, "is no line that bench wrote")
        self._written = {**self.kept, **self.failed}
        return whole

    def _keep(self, record: Record) -> None:
        """The first finished record of an item, or else the last that failed."""
        self._replaced |= record.key in self.kept or record.key in self.failed
        if record.key in self.kept:
            return
        if record.failure:
            self.failed[record.key] = record
        else:
            self.failed.pop(record.key, None)
            self.kept[record.key] = record

    def write(self, record: Record) -> None:
        """Append one record.

        Raises:
            BenchError: the system refuses, for example because the disk is full.
        """
        if self._stream is None or self.path is None:
            return
        data = memoryview(_line(record))
        try:
            while data:
                data = data[self._stream.write(data) :]
        except OSError as wrong:
            raise _unwritable(self.path, wrong) from None
        self._replaced |= record.key in self._written
        self._written[record.key] = record

    def _rewrite(self, path: Path) -> None:
        """The file anew, with the last word on each item only."""
        there = path.resolve()
        beside = there.with_name(f".{there.name}.part")
        try:
            with beside.open("wb") as stream:
                stream.writelines(map(_line, self._written.values()))
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(beside, there.stat().st_mode & 0o777)
            os.replace(beside, there)
        except OSError:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        self._replaced = False

    def close(self) -> None:
        """Let go of the file.

        Raises:
            BenchError: lines of earlier failures are to be left out, and the system refuses; the file stays as it was.
        """
        if self._stream is None or self.path is None:
            return
        stream, self._stream = self._stream, None
        if fcntl is None:
            stream.close()  # without such locks, a file that is open cannot be replaced either
        try:
            # While the file is ours: what another run appended to it before it is replaced would be lost.
            if self._replaced and self.path.is_file():
                self._rewrite(self.path)
        except OSError as wrong:
            raise _unwritable(self.path, wrong) from None
        finally:
            stream.close()


def _locked(path: Path) -> IO[bytes]:
    """The file, to append to; ours alone until it is closed, or this process ends."""
    while True:
        stream = path.open("ab", buffering=0)
        if fcntl is None or not path.is_file():
            return stream
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.close()
            raise BenchError(f"Another run is writing to {path}. Wait for it to end, or give another --out.") from None
        except OSError:
            return stream  # this file system has no locks
        if _stands(stream, path):
            return stream
        stream.close()  # another run put a new file in its place, between our opening and our locking it


def _stands(stream: IO[bytes], path: Path) -> bool:
    """Whether an open file is the one that stands at `path`."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    return False


def _line(record: Record) -> bytes:
    return record.line().encode("utf-8", "surrogatepass")


def _record(line: bytes) -> Record | None:
    try:
        return Record.of(json.loads(line.decode("utf-8", "surrogatepass")))
    except (ValueError, RecursionError):
        return None


def _torn(tail: bytes) -> bool:
    """Whether the end of a file is nothing, or the beginning of one of our lines that was cut off."""
    ours = _BEGINNING.encode()
    return tail.startswith(ours) or ours.startswith(tail)


def _foreign(path: Path, number: int, what: str) -> BenchError:
    return BenchError(f"{path}, line {number} {what}. Nothing was changed: give another --out, or move that file away.")


def _unwritable(path: Path, wrong: OSError) -> BenchError:
    return BenchError(f"{path} cannot be written: {wrong.strerror or wrong}. Give --out a file in a folder of yours.")
