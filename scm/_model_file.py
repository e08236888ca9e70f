"""Model files: JSON text, or JSON text and arrays in one safetensors file."""

from __future__ import annotations

import gzip
from collections.abc import Sequence

from ._errors import InvalidFile
from ._mechanism_json import Functions, Keeping
from ._model_json import FORMAT, Item, items_from_json, items_to_json
from ._tensor_file import tensor_bytes, tensors_of, write_whole


def save_items(items: Sequence[Item], path: str) -> None:
    """Write a model's items to a file, as the extension says.

    Raises:
        InvalidFile: an extension that says nothing, or a place that cannot be written.
        InvalidModel: a mechanism that no file holds.
    """
    name = path.lower()
    if name.endswith(".safetensors"):
        keeping = Keeping(apart={})
        text = items_to_json(items, indent=None, keeping=keeping)
        write_whole(path, tensor_bytes(keeping.apart or {}, text, FORMAT))
    elif name.endswith((".json", ".json.gz")):
        data = (items_to_json(items) + "\n").encode()
        write_whole(path, [gzip.compress(data, mtime=0) if name.endswith(".gz") else data])
    else:
        raise InvalidFile(f"{path[:200]!r}: a model is written to .json, .json.gz or .safetensors.")


def items_from_tensors(data: bytes, functions: Functions | None) -> list[Item]:
    """The items of a model in the bytes of a safetensors file.

    Raises:
        InvalidFile: it holds no model; the message says what is wrong.
        InvalidModel, QuerySyntaxError: a variable that cannot be.
    """
    arrays, text = tensors_of(data, FORMAT)
    return items_from_json(text, functions, arrays)
