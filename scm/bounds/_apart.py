"""Blocks whose parts are independent: what one common cause of all members would only relax.

A law of such a block gives every column a weight, so what is known stays linear. That the labels of its parts are
independent is not: P(i, k) = P(i) P(k). For outer ends a range of P(i) makes it linear; for inner ends it is followed
along slopes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ._programme import Array, Block, Programme

_KNOWN = 1e-11


def with_labels(programme: Programme) -> tuple[Programme, dict[tuple[int, int], int]]:
    """The programme with the probability of each label as a form, and the part that each such form is of."""
    blocks: list[Block] = []
    parts: dict[tuple[int, int], int] = {}
    for b, block in enumerate(programme.blocks):
        rows = [block.forms]
        for part, labels in enumerate(() if block.apart is None else block.apart):
            own = _indicators(labels)
            first = sum(map(len, rows))
            parts |= {(b, first + i): part for i in range(len(own))}
            rows.append(own)
        blocks.append(replace(block, forms=np.concatenate(rows)))
    return replace(programme, blocks=tuple(blocks)), parts


def branching(programme: Programme, parts: dict[tuple[int, int], int]) -> list[tuple[int, int]]:
    """The label forms to branch on: where they are numbers, parts are independent."""
    found: list[tuple[int, int]] = []  # those of all parts but the one with most labels
    for b, block in enumerate(programme.blocks):
        if block.apart is not None:
            counts = [len(np.unique(labels)) for labels in block.apart]
            found += [key for key, part in parts.items() if key[0] == b and part != int(np.argmax(counts))]
    return found


def beside(block: Block, part: int) -> Array:
    """The joint labels of all parts but one, as rows of zeros and ones; shape (labels, columns)."""
    assert block.apart is not None
    return _indicators(_joined(np.delete(block.apart, part, axis=0)))


def part_read(block: Block, row: Array) -> int | None:
    """The part whose label alone says what a linear form gives to a column, if there is one."""
    for part, labels in enumerate(() if block.apart is None else block.apart):
        own = _indicators(labels)
        if np.array_equal(row, (own @ row / own.sum(axis=1)) @ own):
            return part
    return None


def known_of_part(block: Block, part: int, rows: Array, ends: Array) -> Iterator[tuple[Array, float]]:
    """Linear forms of the labels of one part that equations make numbers, though none of these may say so by itself.

    Args:
        block: with parts.
        part: whose labels.
        rows: the equations, shape (equations, columns), among them that weights add up to one.
        ends: what they come to, shape (equations,).
    """
    assert block.apart is not None
    own = _indicators(block.apart[part])
    weights = np.linalg.lstsq(rows.T, own.T, rcond=None)[0]
    vectors, sizes, _ = np.linalg.svd(own - weights.T @ rows, full_matrices=False)
    for vector in vectors.T[sizes < _KNOWN]:
        yield vector @ own, float(vector @ weights.T @ ends)


def pairs(block: Block) -> Iterator[tuple[Array, Array, Array]]:
    """What independence says: the forms P(i, k), P(i), P(k) of each pair of labels; the first is the product."""
    for part in range(1, 0 if block.apart is None else len(block.apart)):
        assert block.apart is not None
        before = _indicators(_joined(block.apart[:part]))
        for own in _indicators(block.apart[part]):
            for other in before:
                yield own * other, own, other


def dependence(block: Block, law: Array) -> float:
    """By how much the joint probabilities of labels differ from products, added up."""
    return float(sum(abs(both @ law - (one @ law) * (other @ law)) for both, one, other in pairs(block)))


def independent(block: Block, law: Array) -> Array:
    """The law with the same labels one by one, and the same columns given all labels, whose parts are independent."""
    if block.apart is None:
        return law
    joint = _indicators(_joined(block.apart))
    before = joint @ law
    wanted = np.ones(block.columns)
    for labels in block.apart:
        own = _indicators(labels)
        wanted = wanted * ((own @ law) @ own)
    within = np.where(
        (joint.T @ before) > 0, law / np.maximum(joint.T @ before, 1e-300), 1.0 / (joint.T @ joint.sum(axis=1))
    )
    moved = within * wanted
    return moved / moved.sum()


def _indicators(labels: NDArray[np.intp]) -> Array:
    return np.asarray(np.unique(labels)[:, None] == labels[None, :], dtype=float)


def _joined(labels: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.unique(labels, axis=1, return_inverse=True)[1].reshape(-1).astype(np.intp)
