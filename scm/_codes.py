"""Columns as positions among the states of a variable: looked up on distinct values, never row by row.

A cell is a state by its value (`True` and `1` are the same, as in Python). Where every state is a label, a whole number
is the position of a state instead, counted from 0; a float that is whole is read so too, since that is what a column of
whole numbers with empty cells becomes in pandas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidRows, listing, near
from ._frames import Cells, Column, Encoded, Labels, Numbers
from ._syntax import Value

Codes: TypeAlias = NDArray[np.intp]

NOT_OBSERVED = -1
"""The code of a cell that is empty: None, NaN, NaT, NA, null, masked."""
_NO_STATE = -2

_TABLE = 1 << 16
"""Whole numbers within this range of one another are looked up in a table."""


def smallest_kind(states: int) -> type[np.signedinteger[Any]]:
    """The smallest whole numbers that hold a position among so many states, and -1: columns of rows are long."""
    return next(kind for kind in (np.int8, np.int16, np.int32) if states <= np.iinfo(kind).max)


def code_column(name: str, variable: str, column: Column, states: Sequence[Value]) -> Codes:
    """For each cell the position of its state, or `NOT_OBSERVED`.

    Args:
        name: the column's name, for messages.
        variable: whose states they are.
        column: what to code.
        states: the states, in order.

    Raises:
        InvalidRows: a cell is no state of the variable (the first such row is named, counted from 1), or whole numbers
            stand where they could be labels as well as positions.
    """
    known = _Known(variable, states)
    match column:
        case Encoded(places, values):
            codes = _by_place(places, [known[value] for value in values])
        case Numbers(values, missing):
            codes = _numbers(values, known)
            if missing is not None:
                codes[missing] = NOT_OBSERVED
        case Labels(values):
            codes = _labels(values, states)
        case Cells(values):
            codes = _cells(values, known)
    if len(codes) and codes.min() < NOT_OBSERVED:
        row = int(np.argmax(codes < NOT_OBSERVED))
        raise known.complaint(row + 1, name, _cell(column, row))
    return codes


def encode_text(name: str, variable: str, cells: Sequence[str], states: Sequence[Value]) -> Encoded:
    """A column of a text file: each cell read as the state that prints so.

    An empty cell means that nothing was observed. A label must be written as it is (spaces around it do not matter);
    a number may be written in any way, and `true` and `false`, in any case, are 1 and 0. A whole number that is no
    label is a position, as in `code_column`.

    Args:
        name: the column's name, for messages.
        variable: whose states they are.
        cells: the text of each cell.
        states: the states, in order.

    Raises:
        InvalidRows: a cell that is no state, with its row; empty text is itself a state.
    """
    if "" in states:
        raise InvalidRows(
            f"The column {name!r} may have empty cells, but empty text is itself a state of {variable!r}; "
            "an empty cell could mean either. Rename that state."
        )
    known = _Printed(variable, states)
    codes = np.fromiter(map(known.__getitem__, cells), dtype=np.intp, count=len(cells))
    if len(codes) and codes.min() < NOT_OBSERVED:
        row = int(np.argmax(codes < NOT_OBSERVED))
        raise known.state.complaint(row + 1, name, cells[row])
    return Encoded(codes, tuple(states))


class _Printed(dict[str, int]):
    """The position of the state that each text writes."""

    def __init__(self, variable: str, states: Sequence[Value]) -> None:
        super().__init__({"": NOT_OBSERVED})
        self.state = _Known(variable, states)

    def __missing__(self, text: str) -> int:
        code = self[text] = self.read(text)
        return code

    def read(self, text: str) -> int:
        if text in self.state:
            return self.state[text]
        bare = text.strip()
        if not bare:
            return NOT_OBSERVED
        if bare in self.state:
            return self.state[bare]
        if bare.lower() in ("true", "false"):
            return self.state[bare.lower() == "true"]
        try:
            number = float("no" if "_" in bare else bare)
        except ValueError:
            return _NO_STATE
        if number != number:
            return _NO_STATE  # the word NaN; only an empty cell is an empty cell
        return self.state[int(bare) if bare.lstrip("+-").isdecimal() else number]


class _Known(dict[object, int]):
    """The position of each state, by value; a value is looked at closely the first time it is met."""

    def __init__(self, variable: str, states: Sequence[Value]) -> None:
        super().__init__((state, i) for i, state in enumerate(states))
        self.variable, self.states = variable, tuple(states)
        self.by_label = all(isinstance(state, str) for state in states)

    def __missing__(self, value: object) -> int:
        if not_observed(value):
            return NOT_OBSERVED  # not kept: every NaN is another one
        plain = cast(object, value.item()) if isinstance(value, np.generic) else value
        code = self[plain] if plain in self else self.position(plain)
        self[value] = code
        return code

    def position(self, value: object) -> int:
        """The state at the place `value`, where that is what a number means."""
        if not self.by_label or isinstance(value, bool) or not isinstance(value, (int, float)):
            return _NO_STATE
        return int(value) if value in range(len(self.states)) and not self.ambiguous else _NO_STATE

    @property
    def ambiguous(self) -> bool:
        """Whether some label is itself a whole number, and not that of its place."""
        return self.by_label and any(_whole(str(label)) not in (None, i) for i, label in enumerate(self.states))

    @property
    def numbers(self) -> list[tuple[Value, int]]:
        """The numbers that stand for states, each with its position."""
        if self.by_label:
            return [] if self.ambiguous else [(i, i) for i in range(len(self.states))]
        return [(state, i) for i, state in enumerate(self.states) if not isinstance(state, str)]

    def complaint(self, row: int, name: str, value: object) -> InvalidRows:
        """That a cell is no state, and what may have been meant."""
        hint = ""
        if isinstance(value, str):
            same = any(str(s) == value for s in self.states)
            hint = " The cell is text; give the value." if same else near(value, [str(s) for s in self.states])
            if value.strip().lower() in ("na", "nan", "n/a", "null", "none", "?"):
                hint = " Leave the cell empty where nothing was observed."
        elif self.ambiguous:
            hint = " Some of these labels look like numbers, so a number could be a label or a place: give text."
        elif self.by_label:
            hint = f" They are labels; a whole number from 0 to {len(self.states) - 1} is a position among them."
        return InvalidRows(
            f"column {name!r}: {value!r} is not a state of {self.variable!r}; its states are {listing(self.states)}."
            + hint,
            row=row,
        )


def not_observed(value: object) -> bool:
    """Whether a cell is empty: None, NaN, NaT, pandas' NA, NumPy's masked."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return False


def _whole(text: str) -> int | None:
    """The whole number that a text writes, if any."""
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None


def _by_place(places: NDArray[np.intp], codes: list[int]) -> Codes:
    return np.array([*codes, NOT_OBSERVED], dtype=np.intp)[places]  # place -1 is the last


def _cells(values: list[object], known: _Known) -> Codes:
    try:
        return np.fromiter(map(known.__getitem__, values), dtype=np.intp, count=len(values))
    except TypeError:  # a cell that cannot be looked up, such as a list: find it
        return np.fromiter((_one(value, known) for value in values), dtype=np.intp, count=len(values))


def _one(value: object, known: _Known) -> int:
    try:
        return known[value]
    except TypeError:
        return NOT_OBSERVED if not_observed(value) else _NO_STATE


def _numbers(values: NDArray[Any], known: _Known) -> Codes:
    """Codes of truth values, whole numbers and floats."""
    if values.dtype.kind == "b":
        if known.by_label:
            return np.full(len(values), _NO_STATE, dtype=np.intp)
        values = values.view(np.uint8) if values.flags.c_contiguous else values.astype(np.uint8)
    if not len(values):
        return np.empty(0, dtype=np.intp)
    return _floats(values, known.numbers) if values.dtype.kind == "f" else _integers(values, known.numbers)


def _integers(values: NDArray[Any], numbers: Sequence[tuple[Value, int]]) -> Codes:
    whole = {int(number): code for number, code in numbers if number % 1 == 0}
    low, high = int(values.min()), int(values.max())
    if low >= 0 and all(whole.get(i) == i for i in range(min(high, len(whole)) + 1)):
        return values.astype(np.intp)  # each value is its own position
    if high - low < _TABLE:
        table = np.full(high - low + 1, _NO_STATE, dtype=np.intp)
        for number, code in whole.items():
            if low <= number <= high:
                table[number - low] = code
        base = values.astype(np.intp) if values.dtype.kind == "i" else values
        return table[(base - base.dtype.type(low)).astype(np.intp)]
    top = np.iinfo(np.int64).max
    codes = _sorted_lookup(values.astype(np.int64), {n: c for n, c in whole.items() if -top <= n <= top}, np.int64)
    if high > top:
        codes[values > top] = _NO_STATE
    return codes


def _floats(values: NDArray[Any], numbers: Sequence[tuple[Value, int]]) -> Codes:
    kind = values.dtype if values.dtype.itemsize <= 8 else np.dtype(np.float64)
    # A column of single precision holds 0.1 as the nearest number it has, and means that state.
    known = {kind.type(number).item(): code for number, code in numbers}
    if len(known) < len(numbers):
        kind, known = np.dtype(np.float64), {float(number): code for number, code in numbers}
    codes = _sorted_lookup(values, known, kind)
    codes[np.isnan(values)] = NOT_OBSERVED
    return codes


def _sorted_lookup(values: NDArray[Any], known: dict[Any, int], kind: Any) -> Codes:
    order = sorted(known)
    if not order:
        return np.full(len(values), _NO_STATE, dtype=np.intp)
    keys = np.array(order, dtype=kind)
    at = np.minimum(np.searchsorted(keys, values), len(keys) - 1)
    codes = np.array([known[key] for key in order], dtype=np.intp)[at]
    codes[keys[at] != values] = _NO_STATE
    return codes


def _labels(values: NDArray[Any], states: Sequence[Value]) -> Codes:
    """Codes of text or bytes of fixed width: by a hash of each cell, then checked against the label it points to."""
    text = values.dtype.kind == "U"
    codes = np.full(len(values), _NO_STATE, dtype=np.intp)
    width = values.dtype.itemsize // (4 if text else 1)
    wanted: dict[str | bytes, int] = {}
    for i, state in enumerate(states):
        if isinstance(state, str):
            label = state if text else state.encode()
            # NumPy drops zeros at the end, so a label that ends in one cannot be told from the shorter one.
            if len(label) <= width and label.rstrip("\0" if text else b"\0") == label:  # pyright: ignore[reportArgumentType]
                wanted[label] = i
    if not wanted or not width:
        return codes
    labels = np.array(list(wanted), dtype=values.dtype)
    keys, hashes = _hashes(labels), _hashes(values)
    order = np.argsort(keys)
    at = order[np.minimum(np.searchsorted(keys[order], hashes), len(keys) - 1)]
    if len(set(keys.tolist())) < len(keys):  # two labels of one hash: compare with each instead
        for label, code in wanted.items():
            codes[values == label] = code
        return codes
    found = labels[at] == values
    codes[found] = np.array(list(wanted.values()), dtype=np.intp)[at[found]]
    return codes


def _hashes(values: NDArray[Any]) -> NDArray[np.uint64]:
    kind = np.uint32 if values.dtype.kind == "U" else np.uint8
    native = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("="), copy=False))
    letters = native.view(kind).reshape(len(values), native.dtype.itemsize // np.dtype(kind).itemsize)
    out = np.zeros(len(values), dtype=np.uint64)
    for j in range(letters.shape[1]):
        out *= np.uint64(0x9E3779B97F4A7C15)
        out += letters[:, j]
    return out


def _cell(column: Column, row: int) -> object:
    """The value in one cell, for a message."""
    match column:
        case Encoded(places, values):
            return values[int(places[row])]
        case Cells(values):
            return values[row]
        case Numbers(values) | Labels(values):
            return cast(object, values[row].item())
