"""The noises that give a value, where there may be several: points, and intervals over which a formula is flat.

Worked out from the outside in, as layers are undone, one column for each end of each piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._syntax import Expr
from ._branches import Around, Case, Clamp, Compare, Condition, Flat, Fold, Given, Joint, Node, Noise, negation
from ._columns import Domains, column
from ._layer_arithmetic import log_slope, undo
from ._layers import ONE, ZERO, Curve, Layer, Power, Stretch
from ._types import Column, Columns


@dataclass(frozen=True)
class Piece:
    """A set of numbers for each unit: a point, an interval, or none.

    Attributes:
        low, high: its ends; the same for a point.
        point: where it is a point that came of the value through what can be undone.
        live: where it is not empty.
        log_slope: log |d point / d value|.
        size: of the numbers that a point was worked out from, for its rounding.
    """

    low: Column
    high: Column
    point: Column
    live: Column
    log_slope: Column
    size: Column


@dataclass(frozen=True)
class Frame:
    """What expressions are worked out in.

    Attributes:
        values: columns of the parents.
        scope: the domain of each name.
        xp: the array module.
        slack: relative differences below it are rounding.
    """

    values: Columns
    scope: Domains
    xp: Any
    slack: float

    def column(self, expr: Expr) -> Column:
        """An expression of parents."""
        return column(expr, self.values, self.scope, self.xp) * 1.0

    def truth(self, expr: Expr) -> Column:
        """A condition on parents."""
        return self.xp.asarray(column(expr, self.values, self.scope, self.xp), dtype=bool)

    def near(self, piece: Piece, level: Column) -> Column:
        """Whether a point is `level` up to rounding."""
        return self.xp.abs(piece.low - level) <= self.slack * (piece.size + self.xp.abs(level))


def preimage(node: Node, value: Column, values: Columns, scope: Domains, xp: Any) -> list[Piece]:
    """The noises for which a formula gives `value`: pieces without common parts, but for single points."""
    value = xp.asarray(value)
    slack = 1e-9 if value.dtype == xp.float64 else 1e-5
    start = Piece(value, value, True, ~xp.isnan(value), 0.0, xp.abs(value))
    found = _pull(node, start, Frame(values, scope, xp, slack))
    return [replace(p, live=p.live & xp.where(p.point, xp.isfinite(p.low), p.low < p.high)) for p in found]


def _pull(node: Node, piece: Piece, frame: Frame) -> list[Piece]:
    match node:
        case Noise():
            return [piece]
        case Flat(level):
            return [_whatever(piece, frame.column(level), frame)]
        case Around(layer, inner):
            under = _unstretched(layer, piece, frame) if isinstance(layer, Stretch) else _undone(layer, piece, frame)
            return _pull(inner, under, frame)
        case Clamp(op, bound, inner):
            return _pull(inner, _unclamped(op, frame.column(bound), piece, frame), frame)
        case Fold(inner):
            return [found for side in _unfolded(piece, frame) for found in _pull(inner, side, frame)]
        case Case(condition, then, other):
            yes, no = _where(condition, frame), _where(negation(condition), frame)
            return [*_met(_pull(then, piece, frame), yes, frame), *_met(_pull(other, piece, frame), no, frame)]


def _holds(piece: Piece, level: Column, frame: Frame) -> Column:
    """Whether a set has a number in it."""
    return piece.live & frame.xp.where(
        piece.point, frame.near(piece, level), (piece.low <= level) & (level <= piece.high)
    )


def _whatever(piece: Piece, level: Column, frame: Frame) -> Piece:
    """All numbers where the set has `level` in it, and none elsewhere."""
    inf = frame.xp.inf
    return Piece(-inf, inf, False, _holds(piece, level, frame), 0.0, 0.0)


def _unstretched(layer: Stretch, piece: Piece, frame: Frame) -> Piece:
    xp = frame.xp
    shift = 0.0 if layer.shift == ZERO else frame.column(layer.shift)
    if layer.scale == ONE:
        low, high = piece.low - shift, piece.high - shift
        return replace(piece, low=low, high=high, size=piece.size + xp.abs(shift) + xp.abs(low))
    scale = frame.column(layer.scale)
    flat = scale == 0
    factor = xp.where(flat, 1.0, scale)
    one, other = (piece.low - shift) / factor, (piece.high - shift) / factor
    low, high = xp.where(factor > 0, one, other), xp.where(factor > 0, other, one)
    size = (piece.size + xp.abs(shift)) / xp.abs(factor) + xp.abs(low)
    found = Piece(low, high, piece.point, piece.live, piece.log_slope - xp.log(xp.abs(factor)), size)
    return _either(flat, _whatever(piece, shift, frame), found, xp)


def _either(where: Column, yes: Piece, no: Piece, xp: Any) -> Piece:
    return Piece(
        xp.where(where, yes.low, no.low),
        xp.where(where, yes.high, no.high),
        xp.where(where, yes.point, no.point),
        xp.where(where, yes.live, no.live),
        xp.where(where, yes.log_slope, no.log_slope),
        xp.where(where, yes.size, no.size),
    )


def _undone(layer: Curve | Power, piece: Piece, frame: Frame) -> Piece:
    """Through a function that goes up throughout."""
    xp = frame.xp
    low, high = _range(layer)
    live = piece.live & (piece.high >= low) & (piece.low <= high)
    ends = [_end(layer, xp.clip(end, low, high), frame) for end in (piece.low, piece.high)]
    slope = log_slope(layer, piece.low, ends[0], frame.values, frame.scope, xp)
    slope = xp.where(piece.point, slope, 0.0)
    moved = piece.size * xp.exp(slope)
    size = xp.where(xp.isfinite(moved), moved, 0.0) + xp.abs(ends[0])
    return Piece(ends[0], ends[1], piece.point, live, piece.log_slope + slope, size)


def _range(layer: Curve | Power) -> tuple[float, float]:
    """What the function gives."""
    inf = float("inf")
    match layer:
        case Curve("exp") | Curve("sqrt"):
            return 0.0, inf
        case Curve("tanh"):
            return -1.0, 1.0
        case Power(_, 1):
            return 0.0, inf
        case _:
            return -inf, inf


def _end(layer: Layer, value: Column, frame: Frame) -> Column:
    """An end of an interval, or a point, inside the function; infinite where its value is never reached."""
    xp = frame.xp
    match layer:
        case Curve("exp"):
            return xp.log(value)
        case Curve("log"):
            return xp.exp(value)
        case Curve("tanh"):
            return xp.arctanh(value)
        case _:
            found = undo(layer, value, frame.values, frame.scope, xp)
            return xp.where(xp.isinf(value), value, found)


def _unclamped(op: str, bound: Column, piece: Piece, frame: Frame) -> Piece:
    """Inside the greater, or lesser, of a number and what is there: all beyond the number gives the number."""
    xp = frame.xp
    at = _holds(piece, bound, frame)
    inf = xp.where(at, xp.inf, 0.0)
    if op == "max":
        beyond = piece.low > bound
        low, high = xp.where(at, -inf, piece.low), xp.where(at & piece.point, bound, piece.high)
    else:
        beyond = piece.high < bound
        low, high = xp.where(at & piece.point, bound, piece.low), xp.where(at, inf, piece.high)
    live = piece.live & (at | beyond)
    return Piece(low, high, piece.point & ~at, live, xp.where(at, 0.0, piece.log_slope), xp.where(at, 0.0, piece.size))


def _unfolded(piece: Piece, frame: Frame) -> tuple[Piece, Piece]:
    """Inside an absolute value: on either side of zero, or around it."""
    xp = frame.xp
    live = piece.live & (piece.high >= 0)
    around = xp.logical_not(piece.point) & (piece.low <= 0)
    right = replace(piece, low=xp.where(around, -piece.high, piece.low), live=live)
    left = replace(piece, low=-piece.high, high=-piece.low, live=live & ~around)
    return right, left


# ---------------------------------------------------------------------------------------------------------------------
# Conditions on the noise


def _where(condition: Condition, frame: Frame) -> list[Piece]:
    """The noises for which a condition holds, as intervals without common parts."""
    inf = frame.xp.inf
    match condition:
        case Given(expr):
            return [Piece(-inf, inf, False, frame.truth(expr), 0.0, 0.0)]
        case Compare(node, op, level):
            number = frame.column(level)
            low, high = (number, inf) if op in (">", ">=") else (-inf, number)
            target = Piece(low + 0.0 * number, high + 0.0 * number, False, ~frame.xp.isnan(number), 0.0, 0.0)
            return _pull(node, target, frame)
        case Joint("and", left, right):
            return _met(_where(left, frame), _where(right, frame), frame)
        case Joint(_, left, right):
            rest = _met(_where(negation(left), frame), _where(right, frame), frame)
            return [*_where(left, frame), *rest]


def _met(pieces: Sequence[Piece], intervals: Sequence[Piece], frame: Frame) -> list[Piece]:
    """What pieces have in common with intervals."""
    xp = frame.xp
    out: list[Piece] = []
    for one in pieces:
        for other in intervals:
            low, high = xp.maximum(one.low, other.low), xp.minimum(one.high, other.high)
            inside = (low <= high) & one.live & other.live
            ends = replace(one, live=inside, low=xp.where(one.point, one.low, low))
            out.append(replace(ends, high=xp.where(one.point, one.high, high)))
    return out
