"""Arrays with a text in one file: the safetensors format, which holds numbers and names and nothing that could run.

Eight bytes give the length of a JSON header; it gives each array's type, shape and place in the bytes that follow.
Chosen over npz: sizes are stated and checked before anything is allocated, nothing is packed that could burst, no
header is read as Python, and other programs and languages open it. (https://github.com/huggingface/safetensors)
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import struct
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from ._errors import InvalidFile
from ._json_parts import as_list, as_object, as_text, load_json, only

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.generic]

MAX_ARRAYS = 100_000

_TYPES = {
    "BOOL": "?", "F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "|i1", "I16": "<i2", "I32": "<i4", "I64": "<i8",
    "U8": "|u1", "U16": "<u2", "U32": "<u4", "U64": "<u8",
}  # fmt: skip
_ALIGNED = 8
"""The header is filled up with spaces so that numbers begin at a multiple of this."""


def tensor_bytes(arrays: Mapping[str, Array], text: str, key: str) -> Iterable[bytes]:
    """The pieces of a file that holds arrays, and under `key` a text."""
    import numpy as np

    names = {np.dtype(code).str: name for name, code in _TYPES.items()}
    header: dict[str, object] = {"__metadata__": {key: text}}
    pieces: list[bytes] = []
    end = 0
    for name in sorted(arrays, key=lambda n: (-arrays[n].dtype.itemsize, n)):
        array = np.ascontiguousarray(arrays[name])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        cells = array.tobytes()
        place = [end, end + len(cells)]
        header[name] = {"dtype": names[array.dtype.str], "shape": list(arrays[name].shape), "data_offsets": place}
        pieces.append(cells)
        end += len(cells)
    head = json.dumps(header, ensure_ascii=False, allow_nan=False).encode()
    head += b" " * (-len(head) % _ALIGNED)
    return [struct.pack("<Q", len(head)), head, *pieces]


def tensors_of(data: bytes, key: str) -> tuple[dict[str, Array], str]:
    """The arrays in a file's bytes, read-only, and the text under `key`.

    Raises:
        InvalidFile: no such file, or a header that does not fit what follows it.
    """
    if len(data) < 8:
        raise InvalidFile("It is shorter than the head of a safetensors file. Is it cut off?")
    (length,) = struct.unpack_from("<Q", data)
    if length > len(data) - 8:
        raise InvalidFile("Its first bytes are no safetensors head, or the file is cut off.")
    try:
        header = as_object(load_json(data[8 : 8 + length].decode()), "the head")
    except UnicodeDecodeError:
        raise InvalidFile("Its head is no text. Is it a safetensors file?") from None
    texts = as_object(header.pop("__metadata__", {}), "__metadata__")
    if key not in texts:
        raise InvalidFile(f"It holds arrays and no model: the entry {key!r} of its metadata is missing.")
    if len(header) > MAX_ARRAYS:
        raise InvalidFile(f"It holds {len(header):,} arrays; at most {MAX_ARRAYS:,} are read.")
    return _arrays(header, memoryview(data)[8 + length :]), as_text(texts[key], key)


def _arrays(header: dict[str, object], cells: memoryview) -> dict[str, Array]:
    import numpy as np

    out: dict[str, Array] = {}
    places: list[tuple[int, int]] = []
    for name, entry in header.items():
        kind, shape, place = _entry(entry, name[:60])
        if place[1] > len(cells):
            raise InvalidFile(f"the array {name[:60]!r} ends past the end of the file. Is it cut off?")
        found = np.frombuffer(cells[slice(*place)], kind).reshape(shape)
        if not np.isfinite(found).all():
            raise InvalidFile(f"the array {name[:60]!r} has NaN or an infinite number; numbers in a model are finite.")
        out[name] = found
        places.append(place)
    end = 0
    for place in sorted(places):
        if place[0] != end:
            raise InvalidFile("Its arrays overlap, or bytes between them belong to none.")
        end = place[1]
    if end != len(cells):
        raise InvalidFile(f"{len(cells) - end:,} bytes at its end belong to no array.")
    return out


def _entry(data: object, name: str) -> tuple[np.dtype[np.generic], tuple[int, ...], tuple[int, int]]:
    """An array's type, shape and place."""
    import numpy as np

    entry = as_object(data, name)
    only(entry, ("dtype", "shape", "data_offsets"), name)
    code = as_text(entry.get("dtype"), f"{name}.dtype")
    if code not in _TYPES:
        raise InvalidFile(f"{name}.dtype: arrays of {code[:20]!r} are not read; {', '.join(_TYPES)} are.")
    kind = np.dtype(_TYPES[code])
    shape, place = as_list(entry.get("shape"), f"{name}.shape"), as_list(entry.get("data_offsets"), name)
    if any(type(n) is not int or not 0 <= n < 1 << 48 for n in (*shape, *place)) or len(place) != 2 or len(shape) > 32:
        raise InvalidFile(f"{name}: its shape or place is none.")
    sizes, (start, stop) = cast("list[int]", shape), cast("list[int]", place)
    if stop - start != math.prod(sizes) * kind.itemsize:
        raise InvalidFile(f"{name}: {stop - start} bytes do not hold the shape {sizes} of {code}.")
    return kind, tuple(sizes), (start, stop)


def write_whole(path: str, pieces: Iterable[bytes]) -> None:
    """Write a file whole or not at all: beside it first, then in its place.

    Raises:
        InvalidFile: it cannot be written there.
    """
    beside = f"{path}.{os.getpid()}.new"
    try:
        with open(beside, "xb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as wrong:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise InvalidFile(f"{path[:200]!r} cannot be written ({wrong.strerror}). Check the folder.") from None
