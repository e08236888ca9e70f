"""The columns of a block: response types, those that no form tells apart merged.

A form is a set of codes (see `_frame`): the response types that have these states at these coordinates. Columns are
grown by one coordinate at a time, each with the forms that it still meets; columns that meet the same forms can no more
be told apart, and one of them is kept. So the number of columns never goes far beyond that of the merged ones, however
many response types there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._graph_ops import joined_parts
from ._frame import Frame, Ints, listed
from ._programme import Array, Block, Polynomial, TooLarge

MOST_COLUMNS = 1_000_000
"""Most columns that a block may have."""
CANCELLED = 1e-13
"""Terms whose sum is less than this share of their sizes cancel each other."""
MOST_APART = 4_096
"""Most columns of a block whose parts are kept apart; beyond, one hidden cause of all relaxes it."""
MOST_CELLS = 60_000_000
"""Most cells of the matrix of forms: it is kept dense."""

Key: TypeAlias = tuple[int, ...]
Packed: TypeAlias = NDArray[np.uint64]
_Kind = TypeVar("_Kind", bound=np.generic)


@dataclass
class Forms:
    """The forms of each block, numbered as they come.

    Attributes:
        blocks: the members of each.
        found: for each block the number of each form; a form is its codes, in rising order.
    """

    blocks: tuple[tuple[str, ...], ...]
    found: list[dict[Key, int]] = field(default_factory=lambda: [])

    def __post_init__(self) -> None:
        """No forms at first."""
        self.found = [{} for _ in self.blocks]
        self.block_of = {name: b for b, block in enumerate(self.blocks) for name in block}

    def read(self, variables: Sequence[str], codes: Ints) -> NDArray[np.intp]:
        """The form that each row needs of each block, -1 for none.

        Args:
            variables: whose codes stand in each column.
            codes: shape (rows, variables); no row asks for two states at one coordinate. -1 asks for nothing.

        Returns:
            Shape (rows, blocks).
        """
        factors = np.full((len(codes), len(self.blocks)), -1, dtype=np.intp)
        columns: dict[int, list[int]] = {}
        for k, name in enumerate(variables):
            columns.setdefault(self.block_of[name], []).append(k)
        for b, own in columns.items():
            factors[:, b] = self._numbers(b, codes[:, own])
        return factors

    def _numbers(self, b: int, codes: Ints) -> NDArray[np.intp]:
        if not len(codes):
            return np.zeros(0, dtype=np.intp)
        ordered = np.sort(codes, axis=1)
        ordered[:, 1:][ordered[:, 1:] == ordered[:, :-1]] = -1
        different, inverse = distinct(np.sort(ordered, axis=1))
        found = self.found[b]
        keys = [tuple(code for code in row if code >= 0) for row in different.tolist()]
        return np.array([found.setdefault(key, len(found)) if key else -1 for key in keys], dtype=np.intp)[inverse]


def distinct(rows: NDArray[_Kind]) -> tuple[NDArray[_Kind], NDArray[np.intp]]:
    """The different rows of a matrix, and for each row which of them it is."""
    if not rows.shape[1]:
        return rows[:1], np.zeros(len(rows), dtype=np.intp)
    packed = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).reshape(-1)
    _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    return rows[first], inverse.reshape(-1)


def tidied(weights: Array, factors: NDArray[np.intp]) -> Polynomial:
    """A polynomial with each product of forms once, and none that weighs nothing."""
    if not len(weights):
        return Polynomial(weights, factors)
    if factors.shape[1]:
        factors, inverse = distinct(factors)
        sizes = np.bincount(inverse, np.abs(weights), len(factors))
        weights = np.bincount(inverse, weights, len(factors)).astype(np.float64)
    else:
        sizes = np.abs(weights).sum(keepdims=True)
        weights, factors = weights.sum(keepdims=True), factors[:1]
    # What cancels but for rounding is nothing: taken for a number it would make a form zero.
    heavy = np.abs(weights) > CANCELLED * sizes
    return Polynomial(weights[heavy], factors[heavy])


def block_of(frame: Frame, members: tuple[str, ...], forms: Sequence[Key], relaxed: str = "") -> Block:
    """The columns of a block.

    Args:
        frame: the variables.
        members: of the block.
        forms: what is read of it.
        relaxed: why one hidden cause of all is only a relaxation.

    Raises:
        TooLarge: too many; with how many there are before and after merging, as far as that was worked out.
    """
    numbers = sorted({code // frame.widest for form in forms for code in form})
    coordinates = tuple(frame.coordinate(number) for number in numbers)
    if relaxed and (apart := frame.star(members)) is not None:
        star = _star(frame, members, apart, forms, numbers)
        if star is not None:
            alive, own_types, labels = star
            whole = np.zeros(len(alive), dtype=np.intp)
            matrix = unpacked(alive, len(forms))
            return Block(_name(members), members, coordinates, own_types, matrix, whole, relaxed, labels)
    sizes = [frame.size(c.variable) for c in coordinates]
    types: list[NDArray[np.int16]] = []
    met: list[tuple[NDArray[np.intp], Array]] = []
    for own in _together(frame, forms, numbers):
        inside = {numbers[k] for k in own}
        read = [f for f, form in enumerate(forms) if form[0] // frame.widest in inside]
        alive, part = _grown(frame, members, [forms[f] for f in read], [numbers[k] for k in own])
        wide = np.full((len(part), len(numbers)), -1, dtype=np.int16)
        wide[:, own] = part
        types.append(wide)
        met.append((np.array(read, dtype=np.intp), unpacked(alive, len(read))))
    columns = sum(len(t) for t in types)
    if columns * len(forms) > MOST_CELLS:
        raise TooLarge(_forecast(frame, members, sizes, len(sizes) - 1, columns, len(forms)))
    matrix, groups, start = np.zeros((len(forms), columns)), np.zeros(columns, dtype=np.intp), 0
    for g, (read, part) in enumerate(met):
        matrix[read, start : start + part.shape[1]] = part
        groups[start : start + part.shape[1]] = g
        start += part.shape[1]
    return Block(_name(members), members, coordinates, np.concatenate(types), matrix, groups, relaxed)


def _together(frame: Frame, forms: Sequence[Key], numbers: Sequence[int]) -> list[list[int]]:
    """The coordinates in parts that no form reads together: only the law of each part by itself can matter."""
    place = {number: k for k, number in enumerate(numbers)}
    return joined_parts(len(numbers), [[place[code // frame.widest] for code in form] for form in forms])


def _star(
    frame: Frame,
    members: tuple[str, ...],
    parts: tuple[tuple[str, ...], ...],
    forms: Sequence[Key],
    numbers: Sequence[int],
) -> tuple[Packed, NDArray[np.int16], NDArray[np.intp]] | None:
    """Columns that keep apart what must be independent: every combination of a column of each part and the middle.

    Returns:
        The forms that each column meets, its states, and its labels; None where there would be too many.
    """
    coordinates = [frame.coordinate(number) for number in numbers]
    middle = tuple(name for name in members if not any(name in part for part in parts))
    grown: list[tuple[Packed, NDArray[np.int16]]] = []
    order: list[int] = []
    for some in (*parts, middle):
        own = [k for k, c in enumerate(coordinates) if c.variable in some]
        try:
            grown.append(_grown(frame, some, forms, [numbers[k] for k in own]))
        except TooLarge:
            return None
        order += own
    sizes = [len(alive) for alive, _ in grown]
    if math.prod(sizes) > MOST_APART:
        return None
    which = np.stack([k.ravel() for k in np.meshgrid(*map(np.arange, sizes), indexing="ij")])
    alive = np.bitwise_and.reduce([one[k] for (one, _), k in zip(grown, which, strict=True)])
    types = np.concatenate([t[k] for (_, t), k in zip(grown, which, strict=True)], axis=1)
    labels = which[:-1].astype(np.intp)
    # Columns of the same labels that no form tells apart are one.
    kept = first_of_each(np.concatenate([alive, labels.T.astype(np.uint64)], axis=1))
    return alive[kept], types[kept][:, np.argsort(order)], labels[:, kept]


def _grown(
    frame: Frame, members: tuple[str, ...], forms: Sequence[Key], numbers: Sequence[int]
) -> tuple[Packed, NDArray[np.int16]]:
    """Columns told apart by the forms at some coordinates: the forms that each meets there, and its states there."""
    sizes = [frame.size(frame.coordinate(number).variable) for number in numbers]
    alive = np.full((1, -(-len(forms) // 64)), np.iinfo(np.uint64).max, dtype=np.uint64)
    types = np.zeros((1, 0), dtype=np.int16)
    for k, met in enumerate(_meets(frame, forms, numbers, sizes)):
        every = (alive[:, None, :] & met[None, :, :]).reshape(-1, alive.shape[1])
        kept = first_of_each(every)
        if len(kept) > MOST_COLUMNS or len(kept) * max(len(forms), 1) > MOST_CELLS:
            raise TooLarge(_forecast(frame, members, sizes, k, len(kept), len(forms)))
        alive = every[kept]
        before, state = np.divmod(kept, sizes[k])
        types = np.concatenate([types[before], state[:, None].astype(np.int16)], axis=1)
    return alive, types


def _name(members: tuple[str, ...]) -> str:
    return f"the hidden cause of {listed(members)}" if len(members) > 1 else f"the noise of {''.join(members)}"


def _meets(frame: Frame, forms: Sequence[Key], numbers: Sequence[int], sizes: Sequence[int]) -> list[Packed]:
    """For each coordinate and state, the forms that a type with it can still meet; shape (states, words)."""
    place = {number: k for k, number in enumerate(numbers)}
    allowed = [np.ones((size, len(forms)), dtype=bool) for size in sizes]
    for f, form in enumerate(forms):
        for code in form:
            number, state = divmod(code, frame.widest)
            if number in place:
                own = allowed[place[number]][:, f]
                own[np.arange(len(own)) != state] = False
    return [_packed(a) for a in allowed]


def _packed(bits: NDArray[np.bool_]) -> Packed:
    wide = np.zeros((len(bits), -(-bits.shape[1] // 64) * 64), dtype=bool)
    wide[:, : bits.shape[1]] = bits
    return np.packbits(wide, axis=1).view(np.uint64)


def unpacked(words: Packed, forms: int) -> Array:
    """The matrix of forms, shape (forms, columns)."""
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1)[:, :forms]
    return np.ascontiguousarray(bits.T.astype(np.float64))


def first_of_each(words: Packed) -> NDArray[np.intp]:
    """The first of each group of equal rows, in order."""
    packed = np.ascontiguousarray(words).view(np.dtype((np.void, 8 * words.shape[1]))).reshape(-1)
    return np.sort(np.unique(packed, return_index=True)[1])


def _forecast(frame: Frame, members: tuple[str, ...], sizes: list[int], done: int, now: int, forms: int) -> str:
    rows = {name: frame.rows(name) for name in members}
    worst = max(members, key=lambda name: frame.size(name) ** min(rows[name], 64))
    parents = frame.parents(worst)
    many = f" (one for each of {rows[worst]:,} combinations of {listed(parents)})" if parents else ""
    return (
        f"{_name(members)} has up to {float(math.prod(sizes)):.2g} response types over {len(sizes)} coordinates; after "
        f"{done + 1} of them {now:,} can be told apart by the {forms:,} linear forms that are read, and "
        f"{MOST_COLUMNS:,} columns (or {MOST_CELLS:,} cells) are the most. The most are of {worst}: "
        f"{frame.size(worst)} states at each of its coordinates{many}. Give variables fewer states, make variables "
        "hidden that do not matter, or leave out what is known of them."
    )
