"""Parts of a block that share no hidden cause: what their independence says, where that is linear.

Take a block with several hidden causes that all touch its *centre*, and otherwise touch *parts* that have nothing in
common, as in Z <-> X <-> Y. A law of its response types comes from such causes exactly where the parts are independent
of each other: each cause then is the response of its part, and the centre responds to all of them in any way. Where the
laws of all parts but one are known numbers, this is linear, and the block is no relaxation.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .._study import KnownLaw
from ._columns import Forms
from ._factors import closed
from ._frame import Frame
from ._programme import Limit, Polynomial

MOST_ROWS = 4096
"""Most rows that independence is written with."""


@dataclass(frozen=True)
class _Part:
    """Variables with no cause in the graph, whose joint law is known."""

    members: tuple[str, ...]
    chances: dict[tuple[int, ...], float]
    source: int


def independent(frame: Frame, forms: Forms, b: int, laws: Sequence[KnownLaw]) -> tuple[list[Limit], bool]:
    """What the independence of the parts of block b says, and whether a law that meets it is no relaxation.

    Args:
        frame: the variables.
        forms: all that is read; what the rows read besides is added.
        b: a block that one hidden cause only relaxes.
        laws: what is known whole.
    """
    faces = frame.causes(forms.blocks[b])
    centre = faces[0].intersection(*faces[1:])
    parts = [tuple(name for name in forms.blocks[b] if name in face - centre) for face in faces]
    if not centre or len({name for part in parts for name in part}) < sum(map(len, parts)):
        return [], False
    known = {part: found for part in parts if (found := _known(frame, part, laws)) is not None}
    open_ = [part for part in parts if part not in known]
    coordinates = {code // frame.widest for form in forms.found[b] for code in form}
    limits: list[Limit] = []
    for other in open_ or [()]:
        types = _types(frame, other, coordinates)
        cells = math.prod(len(part.chances) for part in known.values())
        if not known or cells * math.prod(len(t) for t in types) > MOST_ROWS:
            return limits, False
        limits += _rows(frame, forms, b, list(known.values()), types)
    return limits, len(open_) < 2


def _known(frame: Frame, part: tuple[str, ...], laws: Sequence[KnownLaw]) -> _Part | None:
    """The joint law of variables without causes, where a law measures them."""
    if any(frame.parents(name) for name in part):
        return None
    for source, law in enumerate(laws):
        if set(part) <= set(closed(frame, law)):
            array = np.asarray(law.array, dtype=float)
            table = array.reshape(-1, *array.shape[len(law.do) :])[0]
            axes = [law.variables.index(name) for name in part]
            joint = table.sum(axis=tuple(i for i in range(table.ndim) if i not in axes)) / table.sum()
            joint = np.transpose(joint, np.argsort(np.argsort(axes)))
            return _Part(part, {cell: float(joint[cell]) for cell in np.ndindex(*joint.shape)}, source)
    return None


def _types(frame: Frame, part: tuple[str, ...], coordinates: set[int]) -> list[list[int]]:
    """The codes at each coordinate of a part that is read."""
    found: list[list[int]] = []
    for name in part:
        own = range(frame.first[name], frame.first[name] + frame.rows(name))
        found += [[n * frame.widest + s for s in range(frame.size(name))] for n in sorted(coordinates & set(own))]
    return found


def _rows(frame: Frame, forms: Forms, b: int, known: list[_Part], types: list[list[int]]) -> Iterator[Limit]:
    """P(known parts, type) = P(known parts) P(type), for every type of one more part."""
    for cells in itertools.product(*(part.chances.items() for part in known)):
        chance = math.prod(p for _, p in cells)
        told = [
            frame.first[name] * frame.widest + state
            for part, (cell, _) in zip(known, cells, strict=True)
            for name, state in zip(part.members, cell, strict=True)
        ]
        for codes in itertools.product(*types):
            both, alone = (_form(forms, b, key) for key in (tuple(sorted((*told, *codes))), tuple(sorted(codes))))
            yield Limit(Polynomial(np.array([1.0, -chance]), np.stack([both, alone])), 0.0, 0.0, known[0].source)


def _form(forms: Forms, b: int, key: tuple[int, ...]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    row = np.full(len(forms.blocks), -1, dtype=np.intp)
    if key:
        row[b] = forms.found[b].setdefault(key, len(forms.found[b]))
    return row
