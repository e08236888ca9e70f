"""The query over one block: a linear form, and ratios whose conditions are not fixed by what is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._linear import ROUNDING, Form, Rows, linear
from ._programme import Array, Programme

_FIXED = 1e-6
"""A condition counts as fixed where its probability is known to this share of itself."""
ZERO = 1e-14
"""A condition that has no more is impossible."""


class ZeroCondition(ValueError):
    """The condition of the query has probability zero under every law that meets what is known."""

    def __init__(self) -> None:
        super().__init__("The condition of the query has probability zero under every law that meets what is known.")


@dataclass(frozen=True, eq=False)
class Quotient:
    """`above / below`, below not negative."""

    above: Form
    below: Form

    def at(self, x: Array) -> float:
        """Its value; NaN where the condition has probability zero."""
        below = self.below.at(x)
        return self.above.at(x) / below if below > 0 else np.nan


@dataclass(frozen=True, eq=False)
class Asked:
    """`linear + sum of ratios`.

    Attributes:
        linear: what is linear in the law, with ratios whose conditions are fixed.
        ratios: with conditions that differ and are not fixed.
        off: by how much `linear` may be off, as fixed conditions are rounded.
    """

    linear: Form
    ratios: tuple[Quotient, ...]
    off: float

    def at(self, x: Array) -> float:
        """Its value; NaN where a condition has probability zero."""
        return self.linear.at(x) + sum(ratio.at(x) for ratio in self.ratios)

    def negated(self) -> Asked:
        """Its negative: the lower end of that is the upper end of this."""
        ratios = tuple(Quotient(ratio.above.times(-1.0), ratio.below) for ratio in self.ratios)
        return Asked(self.linear.times(-1.0), ratios, self.off)

    def parts(self) -> tuple[Quotient, ...]:
        """Itself as quotients; a constant beside one ratio is part of it."""
        plain = Form(np.zeros_like(self.linear.coefficients), 1.0)
        if not self.ratios:
            return (Quotient(self.linear, plain),)
        if self.linear.coefficients.any():
            return (Quotient(self.linear, plain), *self.ratios)
        first = self.ratios[0]
        above = first.above.plus(first.below.times(self.linear.constant))
        return (Quotient(above, first.below), *self.ratios[1:])


def asked_of(programme: Programme, rows: Rows) -> Asked:
    """The query of a programme over one block, with the conditions that the rows fix as numbers.

    Raises:
        ZeroCondition: the rows fix one to zero.
    """
    block = programme.blocks[0]
    total, off = Form(np.zeros(block.columns), 0.0), 0.0
    ratios: list[Quotient] = []
    for ratio in programme.query:
        above = linear(block.forms, ratio.above).times(ratio.weight)
        below = None if ratio.below is None else linear(block.forms, ratio.below)
        held = (1.0, 0.0) if below is None else fixed(rows, below)
        if below is None:
            total = total.plus(above)
        elif held is None:
            _add(ratios, Quotient(above, below))
        else:
            if held[0] <= ZERO:
                raise ZeroCondition
            total = total.plus(above.times(1.0 / held[0]))
            off += held[1] / held[0] * _most(above, below, rows)
    return Asked(total, tuple(ratios), off)


def _add(ratios: list[Quotient], new: Quotient) -> None:
    """Ratios with one condition are one ratio."""
    for k, old in enumerate(ratios):
        if old.below.same(new.below):
            ratios[k] = Quotient(old.above.plus(new.above), old.below)
            return
    ratios.append(new)


def _most(above: Form, below: Form, rows: Rows) -> float:
    """What `above / below` can be at most in size."""
    up, down = np.abs(above.coefficients + above.constant), below.coefficients + below.constant
    held = (down > 0) & (rows.most > 0)
    return float((up[held] / down[held]).max(initial=0.0))


def fixed(rows: Rows, form: Form) -> tuple[float, float] | None:
    """The value that equations among the rows give to a form, and how far off it may be; None where they give none."""
    equal = rows.high - rows.low <= 2e-9
    possible = rows.most > 0
    every = np.vstack([rows.matrix[equal][:, possible], rows.sums[:, possible]])
    ends = np.concatenate([(rows.low + rows.high)[equal] / 2, np.ones(len(every) - int(equal.sum()))])
    slack = np.concatenate([(rows.high - rows.low)[equal] / 2, np.zeros(len(every) - int(equal.sum()))])
    wanted = form.coefficients[possible]
    weights = _combination(every, wanted)
    left = float(np.abs(wanted - weights @ every).max(initial=0.0))
    if left > 1e-9:
        return None
    value = float(weights @ ends) + form.constant
    size = abs(form.constant) + float(np.abs(weights) @ np.abs(ends))
    off = left + float(np.abs(weights) @ slack) + 4 * ROUNDING * size
    return (value, off) if off <= _FIXED * value else None


def _combination(every: Array, wanted: Array) -> Array:
    """Weights of the rows that give the wanted row, if any do: one row alone where there is one."""
    for k, row in enumerate(every):
        if np.array_equal(row, wanted):
            return np.eye(len(every))[k]
    weights = np.linalg.lstsq(every @ every.T, every @ wanted, rcond=1e-12)[0]
    simple = np.round(weights * 12.0) / 12.0
    return np.asarray(simple if np.array_equal(simple @ every, wanted) else weights, dtype=float)
