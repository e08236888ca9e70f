"""What the command reads: texts, files, standard input, settings. A fault says what was got, wanted, and to try."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

MAX_BYTES = 20_000_000
"""Largest input that is read."""


class BadInput(Exception):
    """An input that cannot be used; the message is fit for a user."""


def text_of(argument: str) -> str:
    """The question: the argument itself, what the file of that name holds, or standard input for `-`."""
    if argument == "-":
        return _standard_input()
    if _exists(argument):
        return _file(argument)
    if not any(c.isspace() for c in argument) and argument.endswith((".txt", ".md", ".json", ".jsonl")):
        raise BadInput(f"There is no file {argument}. Check the path, or give the question itself in quotes.")
    return _decoded(os.fsencode(argument), "the question")  # bytes that the locale could not decode are still there


def file_of(path: str, wanted: str) -> str:
    """What the file, or standard input for `-`, holds."""
    if path == "-":
        return _standard_input()
    if not _exists(path):
        hint = " To give it directly, pipe it in and write - instead." if path.lstrip().startswith("{") else ""
        raise BadInput(f"There is no file {path[:200]!r}; wanted {wanted}. Check the path.{hint}")
    return _file(path)


def is_json_model(path: str) -> bool:
    """Whether a model is read as JSON text; other formats, and packed files, are read by the engine from their path."""
    if path == "-":
        return True
    if is_graph_file(path) or (not _exists(path) and is_graph(path, None)):
        return False
    from scm import file_format

    return file_format(path) in (None, "json") and not path.lower().endswith(".gz")


GRAPHS = (".dot", ".gv", ".gml", ".dagitty", ".edges", ".graph")
_EDGE = ("->", "<-", "--")


def is_graph_file(path: str) -> bool:
    """Whether the extension says that a file holds a graph."""
    return path.lower().removesuffix(".gz").endswith(GRAPHS)


def is_graph(path: str, document: str | None) -> bool:
    """Whether what was named is a graph and no model: by its extension, its content, or as the text of one.

    Args:
        path: a file, the text of a graph, or `-`.
        document: the text of the file or of standard input, where it is JSON or was piped in.
    """
    if document is not None:
        text = document.lstrip()
        return not text.startswith("{") or "twinworld-graph" in text[:1000]
    if is_graph_file(path):
        return True
    if _exists(path):
        from scm import file_format

        return path.lower().endswith(".txt") and file_format(path) is None
    return any(edge in path for edge in _EDGE) or path.lstrip().startswith(("digraph", "graph", "dag", "{"))


_TABLES = (".csv", ".tsv", ".parquet", ".xlsx", ".feather")


def no_table(path: str) -> None:
    """That what is named as a graph or a model is no table of data.

    Raises:
        BadInput: by its name it is one.
    """
    if path.lower().removesuffix(".gz").endswith(_TABLES) and not any(edge in path for edge in _EDGE):
        raise BadInput(
            f'{path} is a table, by its name. Give the graph, such as "X -> Y", and the table beside it: --data {path}.'
        )


def check_files(paths: Sequence[str]) -> None:
    """That every path is a file that can be opened."""
    for path in paths:
        if not _exists(path):
            raise BadInput(f"There is no file {path!r}; wanted a suite file in JSON lines. Check the path.")
        if os.path.isdir(path):
            raise BadInput(f"{path!r} is a folder; wanted a suite file. Name the files in it, such as {path}/*.jsonl.")
        if not os.access(path, os.R_OK):
            raise BadInput(f"{path!r} may not be read. Change its permissions.")


def check_output(path: str) -> None:
    """That a file can be written at `path`."""
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        raise BadInput(
            f"--out {path} is a folder; wanted the name of a file. Add one, such as {path.rstrip('/')}/results.jsonl."
        )
    if not os.path.isdir(folder):
        raise BadInput(f"--out {path}: there is no folder {folder}. Make it first, or name another.")
    if not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise BadInput(f"--out {path} may not be written. Name a file in a folder of yours.")


def settings_of(pairs: Sequence[str]) -> dict[str, bool | int | float | str]:
    """`NAME=VALUE` pairs; values are truth values, numbers or labels."""
    out: dict[str, bool | int | float | str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip().removeprefix("?")
        if not equals or not name:
            raise BadInput(f"--set {pair}: wanted NAME=VALUE, such as x=1.")
        if name in out:
            raise BadInput(f"--set gives {name!r} twice. Keep one.")
        out[name] = _value(value.strip())
    return out


def _value(text: str) -> bool | int | float | str:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _exists(path: str) -> bool:
    try:
        return os.path.exists(path)
    except (OSError, ValueError):
        return False  # longer than any path, or with a character that no path has


def _file(path: str) -> str:
    if os.path.isdir(path):
        raise BadInput(f"{path} is a folder; wanted a file. Name a file in it.")
    try:
        with open(path, "rb") as file:
            return _decoded(file.read(MAX_BYTES + 1), path)
    except OSError as wrong:
        raise BadInput(f"{path} cannot be read ({wrong.strerror}). Check its permissions.") from None


def _standard_input() -> str:
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]  # so Python leaves it where it was closed
        raise BadInput("Standard input is closed; give the text itself, a file, or pipe it in.")
    return _decoded(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input")


def _decoded(data: bytes, source: str) -> str:
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"{source} holds more than {MAX_BYTES:,} bytes, the most that is read. Cut it to the part that matters."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise BadInput(
            f"{source} is not UTF-8 text: byte 0x{data[wrong.start]:02x} at position {wrong.start:,}. Save it as UTF-8."
        ) from None
