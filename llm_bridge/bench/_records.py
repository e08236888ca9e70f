"""One line of output for each item, and the file they are kept in: appended to as the run goes, resumed from later."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any, Self, cast

from ._items import BenchError, Expected

_BEGINNING = '{"key": "'


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one item.

    Attributes:
        key, id, type, suite, expected, tolerance: of the item.
        cluster: items with the same text up to renaming, or of one stated group, have the same.
        reply: what was replied, under the suite's conventions; None where nothing was warranted.
        reply_plain: what was replied under none of them.
        conventions: the names of those that made the difference.
        finding: the engine's finding, or "unreadable".
        correct: whether `reply` agrees with the label.
        correct_plain: whether `reply_plain` does.
        answered: whether there is a reply.
        disagreement: why `reply` is not what the label says: label, rounding, undetermined or unread; else empty.
        disagreement_plain: the same for `reply_plain`.
        seconds: time that the chain took.
        words: the answer in words.
        reason: for a disagreement, why the text gives what was replied; for no reply, why there is none; else empty.
    """

    key: str
    id: str | int
    type: str
    suite: str
    cluster: str
    expected: Expected
    tolerance: float
    reply: Expected | None
    reply_plain: Expected | None
    conventions: list[str]
    finding: str
    correct: bool
    correct_plain: bool
    answered: bool
    disagreement: str
    disagreement_plain: str
    seconds: float
    words: str
    reason: str

    def line(self) -> str:
        """This record as one line of JSON; the key comes first, by which a torn line is recognised as ours."""
        return json.dumps({f.name: getattr(self, f.name) for f in fields(self)}, ensure_ascii=False) + "\n"

    @classmethod
    def of(cls, data: object) -> Self | None:
        """The record that a parsed line holds; None if it is no such line."""
        if not isinstance(data, dict):
            return None
        entry = cast("dict[str, Any]", data)
        if entry.keys() != {f.name for f in fields(cls)} or not _well_typed(entry):
            return None
        return cls(**entry)


def _well_typed(entry: Mapping[str, Any]) -> bool:
    texts = ("key", "type", "suite", "cluster", "finding", "words", "reason", "disagreement", "disagreement_plain")
    numbers = ("tolerance", "seconds")
    return (
        all(isinstance(entry[name], str) for name in texts)
        and all(isinstance(entry[name], bool) for name in ("correct", "correct_plain", "answered"))
        and all(isinstance(entry[name], (int, float)) for name in numbers)
        and isinstance(entry["id"], (str, int))
        and isinstance(entry["expected"], (str, int, float))
        and all(isinstance(entry[name], (str, int, float, type(None))) for name in ("reply", "reply_plain"))
        and isinstance(entry["conventions"], list)
        and all(isinstance(name, str) for name in cast("list[object]", entry["conventions"]))
    )


class Output:
    """The file of records.

    Each line is handed to the system as soon as it is known, so that a killed run loses at most the item it was on.

    Args:
        path: where to write; None keeps nothing.
        keys: the items that may stand in the file.

    Raises:
        BenchError: the file holds something else, or cannot be written.
    """

    def __init__(self, path: str | Path | None, keys: frozenset[str]) -> None:
        self.path = None if path is None else Path(path)
        self.kept: dict[str, Record] = {}
        self._stream: IO[bytes] | None = None
        if self.path is None:
            return
        try:
            self._open(self.path, keys)
        except OSError as wrong:
            raise _unwritable(self.path, wrong) from None

    def _open(self, path: Path, keys: frozenset[str]) -> None:
        # A device such as /dev/stdout can be written, but not read back.
        content = path.read_bytes() if path.is_file() else b""
        whole = self._read(path, content, keys)
        self._stream = path.open("ab", buffering=0)
        if whole < len(content):
            os.truncate(path, whole)

    def _read(self, path: Path, content: bytes, keys: frozenset[str]) -> int:
        """Keep the records of a file; the number of bytes that are whole lines."""
        whole = content.rfind(b"\n") + 1
        for number, line in enumerate(content[:whole].split(b"\n")[:-1], 1):
            record = _record(line)
            if record is None:
                raise _foreign(path, number, "is no line that bench wrote")
            if record.key not in keys:
                raise _foreign(path, number, f"belongs to an item that is not in the files given (id {record.id!r})")
            self.kept.setdefault(record.key, record)
        if not _torn(content[whole:]):
            raise _foreign(path, content.count(b"\n") + 1, "is no line that bench wrote")
        return whole

    def write(self, record: Record) -> None:
        """Append one record.

        Raises:
            BenchError: the system refuses, for example because the disk is full.
        """
        if self._stream is None or self.path is None:
            return
        data = memoryview(record.line().encode("utf-8", "surrogatepass"))
        try:
            while data:
                data = data[self._stream.write(data) :]
        except OSError as wrong:
            raise _unwritable(self.path, wrong) from None

    def close(self) -> None:
        """Let go of the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


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
