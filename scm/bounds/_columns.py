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

from ._frame import Frame, Ints, listed
from ._programme import Array, Block, Coordinate, Polynomial, TooLarge

MOST_COLUMNS = 1_000_000
"""Most columns that a block may have."""
MOST_WHOLE = 1024
"""Most columns of whole response types where those of parts would do."""
CANCELLED = 1e-13
"""Terms whose sum is less than this share of their sizes cancel each other."""
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

    Where no form reads two coordinates together, by way of others neither, any two laws of their responses are those of
    one law of both. So the coordinates fall into parts, such as one for each stratum of what is not confounded, whose
    columns add up instead of multiplying: each part is a group of its own.

    Args:
        frame: the variables.
        members: of the block.
        forms: what is read of it.
        relaxed: why one hidden cause of all is only a relaxation.

    Raises:
        TooLarge: too many; with how many there are before and after merging, as far as that was worked out.
    """
    parts = _parts(frame, forms)
    if len(parts) > 1:
        found = [_grown(frame, members, [forms[f] for f in own]) for _, own in parts]
        if math.prod(len(types) for types, _ in found) > MOST_WHOLE:
            return _grouped(frame, members, len(forms), parts, found, relaxed)
    types, matrix = _grown(frame, members, forms)
    groups = np.zeros(matrix.shape[1], dtype=np.intp)
    return Block(_name(members), members, _coordinates(frame, forms), types, matrix, groups, relaxed)


def _numbers(frame: Frame, forms: Sequence[Key]) -> list[int]:
    return sorted({code // frame.widest for form in forms for code in form})


def _coordinates(frame: Frame, forms: Sequence[Key]) -> tuple[Coordinate, ...]:
    return tuple(frame.coordinate(number) for number in _numbers(frame, forms))


def _parts(frame: Frame, forms: Sequence[Key]) -> list[tuple[list[int], list[int]]]:
    """Coordinates that forms read together, directly or by way of others, each with the positions of its forms."""
    part: dict[int, int] = {}
    inside: list[list[int]] = []
    for form in forms:
        numbers = list(dict.fromkeys(code // frame.widest for code in form))
        met = sorted({part[number] for number in numbers if number in part})
        home = met[0] if met else len(inside)
        if not met:
            inside.append([])
        for other in met[1:]:
            part.update(dict.fromkeys(inside[other], home))
            inside[home] += inside[other]
            inside[other] = []
        fresh = [number for number in numbers if number not in part]
        part.update(dict.fromkeys(fresh, home))
        inside[home] += fresh
    own: dict[int, list[int]] = {home: [] for home, numbers in enumerate(inside) if numbers}
    if not own:
        return [([], list(range(len(forms))))]
    for f, form in enumerate(forms):
        # The sure form is one of any part: each adds up to one.
        own[part[form[0] // frame.widest] if form else min(own)].append(f)
    return [(sorted(inside[home]), found) for home, found in own.items()]


def _grouped(
    frame: Frame,
    members: tuple[str, ...],
    forms: int,
    parts: Sequence[tuple[list[int], list[int]]],
    found: Sequence[tuple[NDArray[np.int16], Array]],
    relaxed: str,
) -> Block:
    """A block with a group of columns for each part; types have -1 at the coordinates of other parts."""
    numbers = sorted(number for own, _ in parts for number in own)
    columns = [len(types) for types, _ in found]
    ends = np.cumsum(columns).tolist()
    if ends[-1] * max(forms, 1) > MOST_CELLS:
        raise TooLarge(
            f"{_name(members)} has {ends[-1]:,} columns in {len(parts):,} parts, told apart by {forms:,} linear forms, "
            f"and {MOST_CELLS:,} cells are the most. Give variables fewer states, or leave out what is known of them."
        )
    types = np.full((ends[-1], len(numbers)), -1, dtype=np.int16)
    matrix = np.zeros((forms, ends[-1]))
    for (own, read), (some, part), end, count in zip(parts, found, ends, columns, strict=True):
        here = slice(end - count, end)
        types[here, [numbers.index(number) for number in own]] = some
        matrix[read, here] = part
    coordinates = tuple(frame.coordinate(number) for number in numbers)
    groups = np.repeat(np.arange(len(parts)), columns).astype(np.intp)
    return Block(_name(members), members, coordinates, types, matrix, groups, relaxed)


def _grown(frame: Frame, members: tuple[str, ...], forms: Sequence[Key]) -> tuple[NDArray[np.int16], Array]:
    """The types that forms tell apart, shape (columns, coordinates), and which of them each form counts."""
    numbers = _numbers(frame, forms)
    sizes = [frame.size(frame.coordinate(number).variable) for number in numbers]
    meets = _meets(frame, forms, numbers, sizes)
    words = -(-len(forms) // 64)
    alive = np.full((1, words), np.iinfo(np.uint64).max, dtype=np.uint64)
    types = np.zeros((1, 0), dtype=np.int16)
    for k, met in enumerate(meets):
        grown = (alive[:, None, :] & met[None, :, :]).reshape(-1, alive.shape[1])
        kept = first_of_each(grown)
        if len(kept) > MOST_COLUMNS or len(kept) * max(len(forms), 1) > MOST_CELLS:
            raise TooLarge(_forecast(frame, members, sizes, k, len(kept), len(forms)))
        alive = grown[kept]
        before, state = np.divmod(kept, sizes[k])
        types = np.concatenate([types[before], state[:, None].astype(np.int16)], axis=1)
    return types, unpacked(alive, len(forms))


def coupled(block: Block, law: Array) -> tuple[NDArray[np.int16], Array]:
    """A law of whole response types with the law of each group: types, shape (types, coordinates), and weights.

    The groups are laid side by side along [0, 1]; any other joint law would do.
    """
    if not block.groups.any():
        return block.types, law
    ends: list[Array] = []
    places = [np.flatnonzero((block.groups == group) & (law > 0)) for group in np.unique(block.groups)]
    for place in places:
        sums = np.cumsum(law[place])
        ends.append(sums / sums[-1])
    cuts = np.unique(np.concatenate(ends))
    starts = np.concatenate([[0.0], cuts[:-1]])
    weights, middle = cuts - starts, (cuts + starts) / 2
    types = np.full((len(cuts), block.types.shape[1]), -1, dtype=np.int16)
    for place, end in zip(places, ends, strict=True):
        some = block.types[place[np.minimum(np.searchsorted(end, middle, side="right"), len(place) - 1)]]
        types = np.where(some >= 0, some, types)
    return types, weights


def _name(members: tuple[str, ...]) -> str:
    return f"the hidden cause of {listed(members)}" if len(members) > 1 else f"the noise of {''.join(members)}"


def _meets(frame: Frame, forms: Sequence[Key], numbers: Sequence[int], sizes: Sequence[int]) -> list[Packed]:
    """For each coordinate and state, the forms that a type with it can still meet; shape (states, words)."""
    place = {number: k for k, number in enumerate(numbers)}
    allowed = [np.ones((size, len(forms)), dtype=bool) for size in sizes]
    for f, form in enumerate(forms):
        for code in form:
            number, state = divmod(code, frame.widest)
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
