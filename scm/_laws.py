"""`Laws`: a whole table as it was given in an array, kept as a value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._errors import InvalidModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Laws:
    """Numbers of a table, the states of the variable along the last axis.

    Held as bytes, so that nobody can change them and equal tables are equal values with equal hashes.
    """

    shape: tuple[int, ...]
    cells: bytes

    @property
    def array(self) -> NDArray[np.float64]:
        """Read-only, in the shape that was given."""
        import numpy as np  # a model without arrays does not need it

        return np.frombuffer(self.cells).reshape(self.shape)

    def rows(self, name: str, sizes: tuple[int, ...], states: int) -> NDArray[np.float64]:
        """As one row for every combination of the inputs' states, the last input varying fastest.

        Args:
            name: of the variable, for the message.
            sizes: how many states each input has.
            states: how many the variable has.

        Raises:
            InvalidModel: the array has another shape.
        """
        rows = math.prod(sizes)
        if self.shape not in ((*sizes, states), (rows, states)):
            raise InvalidModel(
                f"The array of {name!r} has the shape {self.shape}; {(*sizes, states)} is wanted: an axis for each "
                f"input in order, then the states of {name!r}. Is it transposed?"
            )
        return self.array.reshape(rows, states)

    def __repr__(self) -> str:
        return f"Laws{self.shape}"


def widened(array: NDArray[Any]) -> NDArray[np.float64]:
    """Numbers in double precision; laws in a narrower one are rescaled where they sum to one within its rounding.

    Raises:
        TypeError, ValueError, OverflowError: something is no number.
    """
    import numpy as np  # a model without arrays does not need it

    wide = np.ascontiguousarray(array, dtype=np.float64)
    if array.dtype.kind != "f" or array.dtype.itemsize >= 8:
        return wide
    totals = wide.sum(axis=-1, keepdims=True)
    near = np.abs(totals - 1) <= np.finfo(array.dtype).eps * wide.shape[-1]
    return np.where(near, wide / np.where(near, totals, 1.0), wide)


def as_laws(given: ArrayLike | Any, name: str) -> Laws:
    """An array of numbers as a value.

    Raises:
        InvalidModel: no numbers, or no axis.
    """
    import numpy as np  # a model without arrays does not need it

    if hasattr(given, "columns") or hasattr(given, "index"):
        kind = type(given).__name__
        raise InvalidModel(f"The array of {name!r} is a {kind}, whose labels would be ignored. Give plain numbers.")
    array = np.asarray(given)
    if array.dtype.kind not in "iufO" or not array.ndim:
        raise InvalidModel(
            f"The array of {name!r} holds {array.dtype} in {array.ndim} axes; numbers in at least one axis are wanted."
        )
    try:
        if array.dtype.kind == "O" and any(isinstance(x, (str, bool)) for x in array.flat):
            raise TypeError
        cells = widened(array) + 0.0  # minus zero becomes zero
    except (TypeError, ValueError, OverflowError):
        raise InvalidModel(f"The array of {name!r} holds something that is no number.") from None
    return Laws(tuple(map(int, array.shape)), cells.tobytes())
