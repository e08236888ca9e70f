"""Arrays as plain data for JSON and back; the arrays of a flow apart from its code."""

# The types that JAX declares for its own functions are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ._errors import InvalidFile, InvalidModel, near
from ._json_parts import as_list, as_object, as_text, only

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.generic]

MAX_CELLS = 100_000
"""Largest array that a text holds; a larger one stands beside it, in a .safetensors file."""


def array_data(value: Any, where: str, apart: dict[str, Array] | None) -> object:
    """An array as plain data, or the name under which `apart` takes it.

    Raises:
        InvalidModel: no numbers, numbers that are not finite, or too many for a text.
    """
    import numpy as np

    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise InvalidModel(f"{where} is an array of {array.dtype}; numbers or truth values are wanted.")
    if not np.isfinite(array).all():
        raise InvalidModel(f"{where} is an array with NaN or an infinite number; numbers in a model are finite.")
    if apart is not None:
        apart[where] = array
        return where
    if array.size > MAX_CELLS:
        raise InvalidModel(
            f"{where} is an array of {array.size:,} numbers; a text holds at most {MAX_CELLS:,}. "
            "Use model.save('model.safetensors')."
        )
    return {"type": str(array.dtype), "shape": list(array.shape), "values": array.ravel().tolist()}


_TYPES = (
    "bool", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
)  # fmt: skip


def array_of(data: object, where: str, apart: Mapping[str, Array]) -> Array:
    """The array that plain data is, or names; read-only.

    Raises:
        InvalidFile: it is none.
    """
    import numpy as np

    if isinstance(data, str):
        if data not in apart:
            raise InvalidFile(f"{where}: the array {data[:60]!r} does not stand beside this text. Is it whole?")
        return apart[data]
    entry = as_object(data, where)
    only(entry, ("type", "shape", "values"), where)
    kind, values = as_text(entry.get("type"), where), as_list(entry.get("values"), where)
    shape = tuple(as_list(entry.get("shape"), where))
    if kind not in _TYPES:
        raise InvalidFile(f"{where}: there is no array of {kind[:40]!r}.{near(kind[:40], _TYPES)}")
    if len(shape) > 32 or any(type(n) is not int or n < 0 for n in shape) or math.prod(cast(Any, shape)) != len(values):
        raise InvalidFile(f"{where}: the shape {str(shape)[:60]} does not fit {len(values)} values.")
    if any(type(x) is not bool for x in values) if kind == "bool" else any(type(x) not in (int, float) for x in values):
        raise InvalidFile(f"{where}: an array of {kind} is wanted; something in it is none.")
    return _converted(np.asarray(values), kind, where).reshape(cast(Any, shape))


def _converted(array: Array, kind: str, where: str) -> Array:
    """An array in another type that holds the same numbers, read-only.

    Raises:
        InvalidFile: it does not hold them, or they are not finite.
    """
    import numpy as np

    if array.dtype.kind == "O":
        raise InvalidFile(f"{where}: a number that no array holds.")
    with np.errstate(all="ignore"):
        found = array.astype(kind)
        same = np.isfinite(found).all() and (found == array).all()
    if not same:
        raise InvalidFile(f"{where}: its numbers are not those of an array of {kind}.")
    found.setflags(write=False)
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Flows


def arrays_in(tree: Any) -> list[Any]:
    """The arrays of a tree, in the order in which JAX flattens it."""
    import jax

    return [leaf for leaf in jax.tree_util.tree_leaves(tree) if _is_array(leaf)]


def with_arrays(tree: Any, arrays: Sequence[Array], where: str) -> Any:
    """The same tree with other arrays of the same shapes and types; it keeps all that is no array.

    Raises:
        InvalidFile: the arrays are not those of such a tree.
    """
    import jax
    import numpy as np

    leaves, form = jax.tree_util.tree_flatten(tree)
    places = [i for i, leaf in enumerate(leaves) if _is_array(leaf)]
    if len(places) != len(arrays):
        raise InvalidFile(
            f"{where} has {len(places)} arrays where the file has {len(arrays)}; one of the same build is wanted."
        )
    for i, found in zip(places, arrays, strict=True):
        own = leaves[i]
        # A flow may be built in one precision and kept in the other.
        if tuple(own.shape) != found.shape or np.dtype(own.dtype).kind != found.dtype.kind:
            raise InvalidFile(
                f"{where} has an array of {own.dtype} and shape {tuple(own.shape)} where the file has one of "
                f"{found.dtype} and shape {found.shape}; one of the same build is wanted."
            )
        leaves[i] = cast(Any, found)
    return jax.tree_util.tree_unflatten(form, leaves)


def _is_array(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and hasattr(leaf, "shape")
