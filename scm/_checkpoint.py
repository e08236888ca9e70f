"""What a stream has found so far, kept in a file, so that a run that was interrupted or killed can go on.

The file holds the figures of the batches that are finished and says of which question and of which first batch they
are. It is written whole or not at all, and goes when the stream has come to its end.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidFile, InvalidModel
from ._imagine_ready import Question
from ._tensor_file import write_whole
from ._unit_rows import UnitRows
from .solvers._unit_sketch import Sketch
from .solvers._unit_tally import Figures

SECONDS = 5.0
"""How often it is written while batches come."""
REMEDY = "Remove it to begin anew, or name another file."


@dataclass
class Progress:
    """What was found so far.

    Attributes:
        batches, units, undefined: how many there were.
        tallies: for each world, of each tally of its kernel.
        sketches: for each world and quantile aggregate, one for each point of the grid.
    """

    batches: int = 0
    units: int = 0
    undefined: int = 0
    tallies: dict[str, list[Figures | None]] = field(default_factory=lambda: {})
    sketches: dict[tuple[str, str], list[Sketch]] = field(default_factory=lambda: {})


@dataclass
class Checkpoint:
    """The file of a stream: read when it begins, written while it runs and when it is stopped, removed at its end.

    Attributes:
        path: of the file; None for none.
        always: write after every batch, not only now and then.
        progress: what was found so far, by an earlier run too.
        about: what tells the question and the first batch from others.
    """

    path: str | None
    always: bool
    progress: Progress
    about: dict[str, str]
    written: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, path: str | os.PathLike[str] | None, question: Question, *, always: bool) -> Checkpoint:
        """The checkpoint at `path`, with what an earlier run left there.

        Raises:
            InvalidFile: there is something else, or one of another question.
        """
        if path is None:
            return cls(None, always, Progress(), {})
        digest = _question_digest(question)
        progress, about = _read(os.fspath(path), digest) or (Progress(), {"question": digest})
        return cls(os.fspath(path), always, progress, about)

    def goes_on(self, table: UnitRows) -> bool:
        """Whether an earlier run finished the first batch, which is this one.

        Raises:
            InvalidFile: it was another.
        """
        if self.path is None:
            return False
        digest = _batch_digest(table)
        if self.about.setdefault("first", digest) != digest:
            raise InvalidFile(f"{self.path} is the checkpoint of other rows: their first batch differs. {REMEDY}")
        return self.progress.batches > 0

    def finished(self) -> None:
        """One more batch is added; the next one begins."""
        self.progress.batches += 1
        if self.path is not None and (self.always or time.monotonic() - self.written > SECONDS):
            _write(self.path, self.about, self.progress)
            self.written = time.monotonic()

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(self, kind: type[BaseException] | None, wrong: object, trace: object) -> None:
        """At the end nothing is left to go on with; where it was stopped, the last file that was written is."""
        if self.path is not None and kind is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)


def _question_digest(question: Question) -> str:
    """What tells one question from another: the model, where it can be written, the worlds, what is wanted of them."""
    try:
        model = question.model.to_json()
    except InvalidModel:  # a mechanism of the user's own: its names and domains must do
        model = repr([(v.name, question.model.domains[v.name]) for v in question.model.variables])
    said = repr((model, question.worlds, question.outputs, list(question.aggregates.items())))
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def _batch_digest(table: UnitRows) -> str:
    """What tells a batch from another."""
    found = hashlib.blake2b(digest_size=16)
    for name in sorted(table.columns):
        column = np.ascontiguousarray(table.columns[name])
        found.update(f"{name} {column.dtype} {column.shape}".encode())
        found.update(column.tobytes())
    return found.hexdigest()


def _write(path: str, about: Mapping[str, str], progress: Progress) -> None:
    """Write what was found so far.

    Raises:
        InvalidFile: it cannot be written there.
    """
    arrays: dict[str, NDArray[Any]] = {}
    tallies = {world: [_kept(arrays, one) for one in found] for world, found in progress.tallies.items()}
    sketches = [
        [world, name, [_kept_sketch(arrays, one) for one in found]]
        for (world, name), found in progress.sketches.items()
    ]
    head = {
        "about": dict(about), "batches": progress.batches, "units": progress.units, "undefined": progress.undefined,
        "tallies": tallies, "sketches": sketches,
    }  # fmt: skip
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
    beside = io.BytesIO()
    np.savez(beside, **arrays)  # pyright: ignore[reportArgumentType]  # a name could be that of its option; none is
    write_whole(path, [beside.getvalue()])


def _kept(arrays: dict[str, NDArray[Any]], array: NDArray[Any] | None) -> str | None:
    if array is None:
        return None
    name = f"a{len(arrays)}"
    arrays[name] = np.asarray(array)
    return name


def _kept_sketch(arrays: dict[str, NDArray[Any]], one: Sketch) -> dict[str, Any]:
    return {
        "waiting": [_kept(arrays, part) for part in one.waiting],
        "levels": [_kept(arrays, part) for part in one.levels],
        "count": one.count, "error": one.error, "turn": one.turn,
    }  # fmt: skip


def _read(path: str, question: str) -> tuple[Progress, dict[str, str]] | None:
    """What an interrupted run had found, and what it says of itself; None where there is no such file.

    Raises:
        InvalidFile: the file is no checkpoint, or one of another question.
    """
    if not os.path.exists(path):
        return None
    try:
        with open(path, "rb") as data, np.load(data, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        head = json.loads(arrays["head"].tobytes().decode())
        about = {str(key): str(value) for key, value in head["about"].items()}
        progress = _progress(head, arrays)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile):
        raise InvalidFile(f"{path} is in the way: it is no checkpoint that can be read. {REMEDY}") from None
    if about.get("question") != question:
        raise InvalidFile(
            f"{path} is the checkpoint of another question (model, worlds, outputs or aggregates differ). {REMEDY}"
        )
    return progress, about


def _progress(head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Progress:
    def of(name: str | None) -> NDArray[Any] | None:
        return None if name is None else arrays[name]

    def sketch(data: Mapping[str, Any]) -> Sketch:
        waiting = [arrays[name] for name in data["waiting"]]
        return Sketch(waiting, [of(n) for n in data["levels"]], int(data["count"]), float(data["error"]), data["turn"])

    def both(data: Sequence[Any]) -> list[Sketch]:
        return [sketch(one) for one in data]

    return Progress(
        int(head["batches"]),
        int(head["units"]),
        int(head["undefined"]),
        {world: [of(name) for name in names] for world, names in head["tallies"].items()},
        {(world, name): both(found) for world, name, found in head["sketches"]},
    )
