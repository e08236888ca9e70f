"""What can be left out before solving.

Forms that are determined become numbers, columns that no law uses go, and blocks that nothing ties to the query are
apart from it.
"""

# scipy has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from .._graph_ops import joined_parts
from ._lift import as_law
from ._polynomials import constant_of, linear_rows, masses, on_blocks, reads, rewritten, tidy
from ._programme import Array, Block, Limit, Programme, Ratio
from ._sparse import SparseRows, dense_rows, least, stacked

# A form whose range is narrower than this is a number.
_WIDTH = 1e-11
# A row whose coefficients are smaller says nothing of a form: the rounding of its end would be divided by them.
_FAINT = 1e-5
# A number smaller than this is a rounded zero; one between the two must be a sum without cancellation.
_NOTHING = 1e-15
# Columns beyond which ranges are not looked at one by one: the programme itself takes no longer.
_MANY = 4096


@dataclass(frozen=True, eq=False)
class Reduced:
    """A programme without what does not matter.

    Attributes:
        programme: what is left, all blocks of the original, those that nothing reads among them.
        columns: for each block, which of its original columns are left.
    """

    programme: Programme
    columns: tuple[NDArray[np.intp], ...]

    def original(self, b: int, law: Array, columns: int) -> Array:
        """A law of block b over its original columns."""
        full = np.zeros(columns)
        full[self.columns[b]] = law
        return full


def reduced(programme: Programme) -> Reduced:
    """Determined forms become numbers, columns that no law can use go, until nothing changes."""
    programme = _tidied(programme)
    columns = tuple(np.arange(block.columns) for block in programme.blocks)
    for _ in range(8):
        possible = [_possible(programme, b) for b in range(len(programme.blocks))]
        columns = tuple(at[kept] for at, kept in zip(columns, possible, strict=True))
        programme = replace(
            programme, blocks=tuple(_only(x, kept) for x, kept in zip(programme.blocks, possible, strict=True))
        )
        numbers = {key: value for b in range(len(programme.blocks)) for key, value in _determined(programme, b).items()}
        joint = {key: value for key, value in numbers.items() if key in _multiplied(programme)}
        if not joint:
            break
        programme = _with_numbers(programme, joint)
    return Reduced(programme, columns)


def _tidied(programme: Programme) -> Programme:
    limits = tuple(replace(x, polynomial=tidy(x.polynomial)) for x in programme.limits)
    return replace(programme, limits=limits, query=tuple(ratio.each(tidy) for ratio in programme.query))


def _only(block: Block, kept: NDArray[np.bool_]) -> Block:
    if kept.all():
        return block
    apart = None if block.apart is None else block.apart[:, kept]
    return replace(block, types=block.types[kept], forms=block.forms[:, kept], groups=block.groups[kept], apart=apart)


def _possible(programme: Programme, b: int) -> NDArray[np.bool_]:
    """Columns that are not zero under every law: a sum without negative weights that must be zero has none of them.

    A group never loses all its columns here: that it would have none is for the solver to find, and to cite.
    """
    rows, low, high, _ = linear_rows(programme, b)
    block = programme.blocks[b]
    zero = np.zeros(block.columns, dtype=bool)
    for row, least_, most in zip(rows, low, high, strict=True):
        if most <= 0 and (row >= 0).all():
            zero |= row > 0
        if least_ >= 0 and (row <= 0).all():
            zero |= row < 0
    left = masses(block) @ ~zero
    return ~zero if (left > 0).all() else np.ones(block.columns, dtype=bool)


def _multiplied(programme: Programme) -> frozenset[tuple[int, int]]:
    """The forms that the query reads, or a limit on several blocks."""
    polynomials = [limit.polynomial for limit in programme.limits if len(reads(limit.polynomial)) > 1]
    polynomials += programme.asked
    blocks = range(len(programme.blocks))
    return frozenset((b, int(f)) for x in polynomials for b in blocks for f in np.unique(x.factors[:, b]) if f >= 0)


def _determined(programme: Programme, b: int) -> Mapping[tuple[int, int], float]:
    """The forms of block b that what is known of this block makes numbers."""
    block = programme.blocks[b]
    wanted = sorted(f for at, f in _multiplied(programme) if at == b)
    rows, low, high, _ = linear_rows(programme, b)
    equal = (low == high) & (np.abs(rows).max(axis=1, initial=0.0) > _FAINT)
    groups = masses(block)
    known, ends = np.concatenate([rows[equal], groups]), np.concatenate([low[equal], np.ones(len(groups))])
    found: dict[tuple[int, int], float] = {}
    if not wanted:
        return found
    weights = np.linalg.lstsq(known.T, block.forms[wanted].T, rcond=None)[0]
    left = np.abs(known.T @ weights - block.forms[wanted].T).max(axis=0)
    for f, away, value in zip(wanted, left, weights.T @ ends, strict=True):
        if away < 1e-11 and (exact := _accurate(value, known, ends, block.forms[f])) is not None:
            found[b, f] = exact
    if block.columns <= _MANY:
        own = stacked([dense_rows(rows, low, high), dense_rows(groups, np.ones(len(groups)), np.ones(len(groups)))])
        open_ = [f for f in wanted if (b, f) not in found]
        found |= {(b, f): x for f, x in _fixed_ones(block.forms, open_, own).items()}
    return found


def _accurate(value: float, known: Array, ends: Array, form: Array) -> float | None:
    """A number that stays right when something is divided by it; None where large terms leave a small difference."""
    if abs(value) > _FAINT:
        return float(value)
    if abs(value) < _NOTHING:
        return 0.0
    scipy: Any = import_module("scipy.optimize")  # slow to load, and rarely needed
    weights, _ = cast("tuple[Array, float]", scipy.nnls(known.T, form))
    # Whole weights are meant: the rounding of one that should be zero may weigh more than the number.
    weights = np.where(np.abs(weights - np.round(weights)) < 1e-9, np.round(weights), weights)
    fine = np.abs(known.T @ weights - form).max() < 1e-11 and (ends[weights > 0] >= 0).all()
    return float(weights[weights > 0] @ ends[weights > 0]) if fine else None


def _fixed_ones(forms: Array, wanted: list[int], own: SparseRows) -> dict[int, float]:
    """The forms that have one value only. Laws seen on the way show of most others that they have not."""
    found: dict[int, float] = {}
    seen: list[Array] = []
    for f in wanted:
        values = [float(forms[f] @ x) for x in seen]
        if values and max(values) - min(values) > _WIDTH:
            continue
        ends = [least(sign * forms[f], own) for sign in (1.0, -1.0)]
        if any(end.status != "optimal" for end in ends):
            break
        seen += [end.x for end in ends]
        middle = (ends[0].value - ends[1].value) / 2
        if -ends[1].value - ends[0].value <= _WIDTH and middle > _FAINT:
            found[f] = middle
    return found


def _with_numbers(programme: Programme, numbers: Mapping[tuple[int, int], float]) -> Programme:
    """Numbers in the query and in limits on several blocks; what is known of one block stays, as it says the number."""
    new = rewritten(programme, numbers)
    limits = tuple(y if len(reads(x.polynomial)) > 1 else x for x, y in zip(programme.limits, new.limits, strict=True))
    return replace(new, limits=limits)


def linked(programme: Programme) -> tuple[tuple[int, ...], ...]:
    """The blocks in groups that nothing ties together; the first is what the query reads, and may be empty."""
    read = frozenset[int]().union(*map(reads, programme.asked))
    together = [sorted(read), *(sorted(reads(limit.polynomial)) for limit in programme.limits)]
    parts = [tuple(part) for part in joined_parts(len(programme.blocks), together)]
    first = next((part for part in parts if read & set(part)), ())
    return (first, *sorted(part for part in parts if part != first))


def part_of(programme: Programme, blocks: tuple[int, ...], query: tuple[Ratio, ...]) -> Programme:
    """The programme of some of the blocks, with the limits that read them and no others."""
    limits = [limit for limit in programme.limits if reads(limit.polynomial) & set(blocks)]
    return Programme(
        tuple(programme.blocks[b] for b in blocks),
        tuple(Limit(on_blocks(x.polynomial, blocks), x.low, x.high, x.source) for x in limits),
        tuple(ratio.each(lambda polynomial: on_blocks(polynomial, blocks)) for ratio in query),
        programme.sources,
        programme.floor,
        programme.ceiling,
        programme.states,
    )


def broken_constants(programme: Programme, tolerance: float) -> tuple[tuple[int, ...], float] | None:
    """A limit that reads nothing any more and does not hold: its source, and by how much."""
    for limit in programme.limits:
        if not reads(limit.polynomial):
            value = constant_of(limit.polynomial)
            by = max(limit.low - value, value - limit.high)
            if by > tolerance:
                return (limit.source,), by
    return None


def some_law(block: Block) -> Array:
    """An even law, for a block of which nothing is known."""
    return as_law(block, np.ones(block.columns))


def merged(programme: Programme) -> tuple[Programme, tuple[NDArray[np.intp], ...]]:
    """Columns that no form which is read tells apart are one: the programme, and which columns are left."""
    polynomials = [limit.polynomial for limit in programme.limits]
    polynomials += programme.asked
    kept: list[NDArray[np.intp]] = []
    for b, block in enumerate(programme.blocks):
        read = sorted({int(f) for x in polynomials for f in x.factors[:, b] if f >= 0})
        labels = block.groups[None, :] if block.apart is None else np.vstack([block.groups, block.apart])
        told = np.vstack([block.forms[read], labels.astype(float)])
        kept.append(np.sort(np.unique(told, axis=1, return_index=True)[1]).astype(np.intp))
    masks = [np.isin(np.arange(block.columns), at) for block, at in zip(programme.blocks, kept, strict=True)]
    blocks = tuple(_only(block, mask) for block, mask in zip(programme.blocks, masks, strict=True))
    return replace(programme, blocks=blocks), tuple(kept)
