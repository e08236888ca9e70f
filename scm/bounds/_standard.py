"""`Standard`: a programme of one block as a linear programme whose right-hand sides are still open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._linear import Form, linear, sums_of
from ._programme import Array, Programme

NEAR = 1e-9
"""How far the condition of a query may be from a combination of what is known, and count as one."""


class NotOneProgramme(ValueError):
    """Not linear in one block, or the query divides by what is not known; the message says why."""


@dataclass(frozen=True, eq=False)
class Standard:
    """`cost @ q + constant`, over what is known of the condition, for laws `q >= 0` with `rows @ q = right`.

    Attributes:
        rows: left sides of what is known, shape (rows, columns); the first `len(vary)` have right-hand sides that
            differ from batch row to batch row, in the order of `vary`.
        right: their right-hand sides in the programme, shape (rows,); a limit's own constant is taken off.
        shift: shape (len(vary),): what is to be taken off a right-hand side that is given.
        free: which are equations; the others say `>=`. Shape (rows,).
        limits: the limit that each row comes from.
        groups: shape (groups, columns); `groups @ q = 1`.
        cost, constant: what is above the fraction line of the query.
        below: what is below it, as a combination of `rows` and then `groups`; None for one.
        floor, ceiling: ends that hold anyway.
        kept: which columns of the block can have weight; those of the other attributes are these.
        relaxed: why the block is only a relaxation, or empty.
    """

    rows: Array
    right: Array
    shift: Array
    free: NDArray[np.bool_]
    limits: NDArray[np.intp]
    groups: Array
    cost: Array
    constant: float
    below: Array | None
    floor: float
    ceiling: float
    kept: NDArray[np.bool_]
    relaxed: str

    @property
    def varied(self) -> int:
        """How many right-hand sides differ from batch row to batch row."""
        return len(self.shift)

    @property
    def columns(self) -> int:
        """How many unknowns it has."""
        return self.rows.shape[1]


def standard(programme: Programme, vary: Sequence[int] = ()) -> Standard:
    """A programme of one block in standard form.

    Args:
        programme: of one block.
        vary: positions of limits, equations all, whose right-hand sides will be given.

    Raises:
        NotOneProgramme: there are several blocks, a limit in `vary` is no equation, or the query divides by something
            that the equations do not determine.
    """
    if len(programme.blocks) != 1:
        raise NotOneProgramme(f"the programme has {len(programme.blocks)} blocks; one is wanted")
    block = programme.blocks[0]
    known = [linear(block.forms, limit.polynomial) for limit in programme.limits]
    parts: list[tuple[int, float, float, bool]] = []
    for at in vary:
        if programme.limits[at].low != programme.limits[at].high:
            raise NotOneProgramme(f"limit {at} is an interval, and its right-hand side is to vary")
        parts.append((at, 1.0, programme.limits[at].low, True))
    for at in sorted(set(range(len(programme.limits))) - set(vary)):
        limit = programme.limits[at]
        if limit.low == limit.high:
            parts.append((at, 1.0, limit.low, True))
            continue
        parts += [(at, 1.0, limit.low, False)] if np.isfinite(limit.low) else []
        parts += [(at, -1.0, limit.high, False)] if np.isfinite(limit.high) else []
    rows = np.array([sign * known[at].coefficients for at, sign, _, _ in parts]).reshape(len(parts), block.columns)
    right = np.array([sign * (end - known[at].constant) for at, sign, end, _ in parts])
    groups = sums_of(block.groups)
    kept, parts, rows, right = _possible(parts, rows, right, len(vary))
    rows, groups, forms = rows[:, kept], groups[:, kept], block.forms[:, kept]
    free = np.array([kind for *_, kind in parts], dtype=bool)
    sums, known_sums = np.vstack([rows, groups]), np.r_[free, groups.any(axis=1)]
    cost, constant, below = _query(programme, forms, sums, known_sums, len(groups))
    shift, limits = np.array([known[at].constant for at in vary]), np.array([at for at, *_ in parts], dtype=np.intp)
    return Standard(
        rows, right, shift, free, limits, groups, cost, constant, below, programme.floor, programme.ceiling, kept,
        block.relaxed,
    )  # fmt: skip


_Part: TypeAlias = tuple[int, float, float, bool]


def _possible(
    parts: list[_Part], rows: Array, right: Array, varied: int
) -> tuple[NDArray[np.bool_], list[_Part], Array, Array]:
    """The columns that may have weight, and the rows that are left: `no defiers` leaves out columns, and is no row."""
    kept = np.ones(rows.shape[1], dtype=bool)
    fixed = range(varied, len(parts))
    for k in fixed:
        one_sided = (rows[k] <= 0).all() or (parts[k][3] and (rows[k] >= 0).all())
        if right[k] == 0 and one_sided:
            kept &= rows[k] == 0
    left = [k for k in fixed if rows[k][kept].any() or (right[k] != 0 if parts[k][3] else right[k] > 0)]
    which = np.array([*range(varied), *left], dtype=np.intp)
    return kept, [parts[k] for k in which], rows[which], right[which]


def _query(
    programme: Programme, forms: Array, known: Array, free: NDArray[np.bool_], groups: int
) -> tuple[Array, float, Array | None]:
    """Above the fraction line, its constant, and below it."""
    cost, constant = np.zeros(forms.shape[1]), 0.0
    below: Form | None = None
    plain = [ratio.below is None for ratio in programme.query]
    if any(plain) and not all(plain):
        raise NotOneProgramme("parts of the query have a condition and others none")
    for ratio in programme.query:
        above = linear(forms, ratio.above)
        cost, constant = cost + ratio.weight * above.coefficients, constant + ratio.weight * above.constant
        if ratio.below is not None:
            here = linear(forms, ratio.below)
            if below is not None and not here.same(below):
                raise NotOneProgramme("the query divides by two different probabilities")
            below = here
    if below is None:
        return cost, constant, None
    # The constant is that many times the sum of any one group, each of which adds up to one.
    one = next((row for row in known[len(known) - groups :] if row.any()), np.zeros(forms.shape[1]))
    found = combination(known, free, below.coefficients + below.constant * one)
    if found is None:
        raise NotOneProgramme("the query divides by a probability that is not known")
    return cost, constant, found


def combination(known: Array, free: NDArray[np.bool_], wanted: Array) -> Array | None:
    """Weights of the rows `known[free]` whose sum is `wanted`, shape (rows,); None where there are none."""
    found = np.zeros(len(known))
    for k in np.flatnonzero(free):
        if np.array_equal(known[k], wanted):
            found[k] = 1.0
            return found
    found[free] = np.linalg.lstsq(known[free].T, wanted, rcond=None)[0]
    plainer = np.round(found * 12) / 12
    found = plainer if np.abs(known.T @ plainer - wanted).max() <= NEAR else found
    return None if np.abs(known.T @ found - wanted).max() > NEAR else found
