"""Results of finished chunks, kept in a folder until the output is whole, so that an interrupted run can go on.

The folder's manifest says of which question and which rows they are; another run is not mixed in.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, TypeAlias, cast
from zipfile import BadZipFile

import numpy as np

from scm import ScmError

from ._cli_input import BadInput
from ._row_files import Place

Results: TypeAlias = "Mapping[str, np.ndarray[Any, Any]]"

_MANIFEST, _LOCK = "manifest.json", "lock"


class NoAnswer(Exception):
    """No method can work out a chunk; the text says why."""


@contextmanager
def parts_folder(out: str, asked: Mapping[str, Any]) -> Generator[str]:
    """The folder of finished chunks beside `out`, this run's alone.

    It stays after an interrupt or a crash. It goes where the run came to an end, and where the question or the rows are
    at fault: what is asked next is then something else.

    Args:
        out: the output.
        asked: what the chunks are the results of.

    Raises:
        BadInput: it holds what another question found, or another run is using it.
    """
    folder = out + ".part"
    if os.path.exists(folder):
        _check_same(out, folder, asked)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, _LOCK), "w") as lock:
        if not _alone(lock.fileno()):
            raise BadInput(f"Another run is writing {out}. Wait for it, or name another --out.")
        _write(os.path.join(folder, _MANIFEST), json.dumps(asked, indent=1).encode())
        try:
            yield folder
        except (BadInput, ScmError, NoAnswer):
            shutil.rmtree(folder, ignore_errors=True)
            raise
        except BaseException:
            if not os.path.exists(_part(folder, 0)):
                shutil.rmtree(folder, ignore_errors=True)
            raise
    shutil.rmtree(folder, ignore_errors=True)


def _check_same(out: str, folder: str, asked: Mapping[str, Any]) -> None:
    remedy = f"Remove the folder to begin anew, or name another --out than {out}."
    if not os.path.isdir(folder):
        raise BadInput(f"{folder} is in the way: a folder of that name is wanted. {remedy.replace('folder', 'file')}")
    if set(os.listdir(folder)) <= {_LOCK, _MANIFEST, _MANIFEST + ".new"}:
        return  # stopped before anything was kept
    try:
        with open(os.path.join(folder, _MANIFEST), encoding="utf-8") as file:
            kept = json.load(file)
    except (OSError, ValueError):
        kept = None
    if not isinstance(kept, dict):
        raise BadInput(f"{folder} is in the way: it holds no unfinished run that can be read. {remedy}")
    found = cast("dict[str, Any]", kept)
    if other := [key for key in asked if found.get(key) != asked[key]]:
        was = f" (it was --chunk {found['chunk']})" if other == ["chunk"] else ""
        raise BadInput(
            f"{folder} holds finished chunks of another run; it differs in {', '.join(other)}{was}. {remedy}"
        )


def _alone(lock: int) -> bool:
    try:
        import fcntl
    except ImportError:
        return True  # no such locks on this system
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _write(path: str, data: bytes) -> None:
    """A file that is there whole or not at all."""
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.replace(path + ".new", path)


def _part(folder: str, number: int) -> str:
    return os.path.join(folder, f"part-{number:07d}.npz")


def keep(folder: str, number: int, results: Results, after: Place) -> None:
    """Keep the results of one chunk, and where the next one begins."""
    path = _part(folder, number)
    # NaN stands for no value here: results have no other.
    columns = [c.filled(np.nan) if isinstance(c, np.ma.MaskedArray) else c for c in results.values()]
    arrays = {f"c{i}": np.asarray(column) for i, column in enumerate(columns)}
    place = np.array(list(asdict(after).values()), dtype=np.int64)
    with open(path + ".new", "wb") as file:
        np.savez(file, allow_pickle=False, names=np.array(list(results)), after=place, **arrays)
    os.replace(path + ".new", path)


def kept(folder: str, *, names_only: bool = False) -> Iterator[tuple[Results, Place]]:
    """What was kept, chunk by chunk, up to the first that is not there whole."""
    number = 0
    while (found := _load(_part(folder, number), names_only)) is not None:
        yield found
        number += 1


def _load(path: str, names_only: bool) -> tuple[Results, Place] | None:
    try:
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            found: dict[str, np.ndarray[Any, Any]] = {}
            for i, name in enumerate(file["names"].tolist()):
                column = file["names"] if names_only else file[f"c{i}"]
                found[name] = column if column.dtype.kind == "U" else np.ma.masked_invalid(column)
            return found, Place(*file["after"].tolist())
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
