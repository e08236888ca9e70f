"""Models from files: the package's own JSON, and the formats in which Bayesian networks are published.

A file of probabilities says nothing of how a variable would behave in two worlds at once: what is read is a model of
tables, which answers seeing and doing, and imagining where that is enough or a coupling is granted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from .._errors import InvalidFile, ScmError, listing, near
from .._model import Model
from .._model_file import items_from_tensors

MAX_BYTES = 200_000_000
"""Largest file that is read, unpacked."""

EXTENSIONS: Mapping[str, str] = MappingProxyType(
    {
        ".json": "json",
        ".bif": "bif",
        ".xmlbif": "xmlbif",
        ".bifxml": "xmlbif",
        ".xml": "xml",
        ".net": "net",
        ".uai": "uai",
        ".xdsl": "xdsl",
        ".safetensors": "safetensors",
    }
)
"""The format that each extension stands for; `.gz` may follow any of them."""


_ENCODING = rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']"""
_ENCODINGS = ("utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1250", "windows-1252")


def file_format(path: str | os.PathLike[str]) -> str | None:
    """The format that a file's name stands for: json, safetensors, bif, xmlbif, xml, net, uai or xdsl; None if none."""
    name = os.fspath(path).lower().removesuffix(".gz")
    return next((found for extension, found in EXTENSIONS.items() if name.endswith(extension)), None)


def read_model(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    functions: Mapping[str, Any] | None = None,
) -> Model:
    """The model in a file, ours (see `Model.save`), BIF, XMLBIF, NET (Hugin), UAI or XDSL (GeNIe); no code is run.

    Rows of probabilities that sum to one only within 0.001, as printed digits do, are rescaled; the `description` of
    the variable then says how many. States whose labels all read as numbers or truth values become those.

    Args:
        path: the file; a name that ends in `.gz` is unpacked.
        format: json, safetensors, bif, xmlbif, net, uai or xdsl; by default what the extension says (`.xml` is XMLBIF
            or XDSL, as its first element says).
        functions: the Python functions that a file of ours names as mechanisms, by those names; for a `Flow` of Y, a
            flow of the same build as `"Y.flow"`.

    Raises:
        InvalidFile: no such file, another format, cut off, or no model; the message names the path and the line.
    """
    found = file_format(path) if format is None else format.lower()
    known = sorted(set(EXTENSIONS.values()))
    if found not in known:
        if format is not None:
            raise InvalidFile(f"There is no format {format!r}; there are {listing(known)}.{near(format, known)}")
        raise InvalidFile(
            f"{os.fspath(path)!r}: the extension says no format; known are {listing(EXTENSIONS)}, each also with .gz. "
            f"Or name it: format='bif'."
        )
    data = file_bytes(os.fspath(path))
    if not data.strip():
        raise InvalidFile(f"{os.fspath(path)!r} is empty; a model is wanted.")
    try:
        if found == "safetensors":
            return Model(*items_from_tensors(data, functions))
        text = decoded(data, os.fspath(path))
        return Model.from_json(text, functions=functions) if found == "json" else _model(text, found)
    except ScmError as wrong:
        raise InvalidFile(f"{os.fspath(path)!r}, read as {found}: {wrong}") from None


def _model(text: str, format: str) -> Model:
    # Each reader costs a little to import, and most questions read no file.
    match format:
        case "bif":
            from ._bif import read_bif as read
        case "net":
            from ._net import read_net as read
        case "uai":
            from ._uai import read_uai as read
        case "xmlbif":
            from ._xmlbif import read_xmlbif as read
        case "xdsl":
            from ._xdsl import read_xdsl as read
        case _:
            from ._xdsl import read_xml as read
    from ._node import model_of

    return model_of(read(text))


def file_bytes(path: str) -> bytes:
    """What a file holds, unpacked.

    Raises:
        InvalidFile: no such file, not to be read, or too large.
    """
    import gzip
    import zlib

    if os.path.isdir(path):
        raise InvalidFile(f"{path!r} is a folder; the name of a file is wanted.")
    try:
        with gzip.open(path) if path.lower().endswith(".gz") else open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InvalidFile(f"There is no file {path!r}. Check the path.") from None
    except gzip.BadGzipFile:
        raise InvalidFile(f"{path!r} is not packed by gzip, though its name ends in .gz.") from None
    except (EOFError, zlib.error):
        raise InvalidFile(f"{path!r} cannot be unpacked. Is the file cut off?") from None
    except (OSError, ValueError) as wrong:  # ValueError: a character that no path has
        why = wrong.strerror if isinstance(wrong, OSError) else wrong
        raise InvalidFile(f"{path[:200]!r} cannot be read ({why}). Check the path and its permissions.") from None
    if len(data) > MAX_BYTES:
        raise InvalidFile(f"{path!r} holds more than {MAX_BYTES:,} bytes, the most that is read.")
    return data


def decoded(data: bytes, path: str) -> str:
    """The text of a file, by the encoding that its XML head names or else UTF-8.

    Raises:
        InvalidFile: it is no such text.
    """
    declared = re.match(_ENCODING, data)
    encoding = declared[1].decode("ascii").lower() if declared else "utf-8"
    if encoding not in _ENCODINGS:
        raise InvalidFile(f"{path!r} is written in {encoding[:40]!r}; UTF-8 is wanted. Save it as UTF-8.")
    try:
        return data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as wrong:
        raise InvalidFile(
            f"{path!r} is not {encoding} text: byte 0x{data[wrong.start]:02x} at position {wrong.start:,}. "
            "Save it as UTF-8."
        ) from None
