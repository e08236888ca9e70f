"""What a polynomial reads, and what is left of it where some of its forms are numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from ._programme import Array, Block, Limit, Polynomial, Programme

# A weight that is this small beside the others is what rounding has left of zero.
_ROUNDING = 1e-15


def number(value: float, blocks: int) -> Polynomial:
    """The polynomial that is `value` everywhere."""
    return Polynomial(np.array([value]), np.full((1, blocks), -1, dtype=np.intp))


def reads(polynomial: Polynomial) -> frozenset[int]:
    """The positions of the blocks that it reads."""
    return frozenset(np.flatnonzero((polynomial.factors >= 0).any(axis=0)).tolist())


def is_linear(polynomial: Polynomial) -> bool:
    """Whether no term reads more than one block."""
    return bool(((polynomial.factors >= 0).sum(axis=1) <= 1).all())


def constant_of(polynomial: Polynomial) -> float:
    """The sum of the terms that read no block."""
    return float(polynomial.weights[(polynomial.factors < 0).all(axis=1)].sum())


def tidy(polynomial: Polynomial) -> Polynomial:
    """The same polynomial with each product once, in a fixed order, and none whose weight is zero."""
    factors, where = np.unique(polynomial.factors, axis=0, return_inverse=True)
    weights = np.bincount(where.ravel(), weights=polynomial.weights, minlength=len(factors))
    size = np.bincount(where.ravel(), weights=np.abs(polynomial.weights), minlength=len(factors))
    kept = np.abs(weights) > _ROUNDING * size
    return Polynomial(np.asarray(weights[kept], dtype=float), factors[kept])


def with_numbers(polynomial: Polynomial, values: Mapping[tuple[int, int], float]) -> Polynomial:
    """The polynomial where form f of block b is the number `values[b, f]`."""
    weights, factors = polynomial.weights.copy(), polynomial.factors.copy()
    for (b, form), value in values.items():
        read = factors[:, b] == form
        weights[read] *= value
        factors[read, b] = -1
    return tidy(Polynomial(weights, factors))


def share(polynomial: Polynomial, b: int, forms: int, values: tuple[Array, ...]) -> tuple[Array, float]:
    """The polynomial as a linear function of the forms of block b, all others having their values.

    Returns:
        the coefficient of each form, shape (forms,), and the constant.
    """
    product = polynomial.weights.copy()
    for other, known in enumerate(values):
        read = polynomial.factors[:, other]
        if other != b and len(known):
            product *= np.where(read >= 0, known[read], 1.0)
    read = polynomial.factors[:, b]
    coefficients = np.bincount(read[read >= 0], weights=product[read >= 0], minlength=forms)
    return np.asarray(coefficients, dtype=float), float(product[read < 0].sum())


def linear_rows(programme: Programme, b: int) -> tuple[Array, Array, Array, tuple[int, ...]]:
    """The limits that read block b alone, as rows over its columns: rows, lows, highs, and their positions."""
    block = programme.blocks[b]
    rows: list[Array] = []
    ends: list[tuple[float, float]] = []
    at: list[int] = []
    for position, limit in enumerate(programme.limits):
        if reads(limit.polynomial) == frozenset((b,)):
            nothing = tuple(np.zeros(0) for _ in programme.blocks)
            coefficients, constant = share(limit.polynomial, b, len(block.forms), nothing)
            read = np.flatnonzero(coefficients)
            rows.append(coefficients[read] @ block.forms[read])
            ends.append((limit.low - constant, limit.high - constant))
            at.append(position)
    shape = np.array(ends, dtype=float).reshape(-1, 2)
    return np.array(rows, dtype=float).reshape(-1, block.columns), shape[:, 0], shape[:, 1], tuple(at)


def joint_limits(programme: Programme) -> tuple[Limit, ...]:
    """The limits that read more than one block."""
    return tuple(limit for limit in programme.limits if len(reads(limit.polynomial)) > 1)


def masses(block: Block) -> Array:
    """The columns of each group, as rows of zeros and ones; shape (groups, columns)."""
    return (block.groups[None, :] == np.unique(block.groups)[:, None]).astype(float)


def rewritten(programme: Programme, change: Mapping[tuple[int, int], float]) -> Programme:
    """The programme where some forms are numbers."""
    limits = tuple(replace(x, polynomial=with_numbers(x.polynomial, change)) for x in programme.limits)
    query = tuple(ratio.each(lambda polynomial: with_numbers(polynomial, change)) for ratio in programme.query)
    return replace(programme, limits=limits, query=query)


def on_blocks(polynomial: Polynomial, kept: Iterable[int]) -> Polynomial:
    """The polynomial for a programme that has these blocks only; it must read no other."""
    return Polynomial(polynomial.weights, polynomial.factors[:, list(kept)])
