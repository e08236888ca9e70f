"""Arithmetic of layers over columns: applied, undone, their slopes, and values carried from some parents to others.

Every function takes columns, the domains of what they stand for, and the array module last.
"""

from __future__ import annotations

from typing import Any, assert_never

from .._syntax import Expr, terms
from ._columns import Domains, column
from ._layers import ONE, ZERO, Curve, CurveName, Either, Exponential, Fixed, Layer, Over, Path, Power, Stretch, reads
from ._ranges import range_of
from ._types import Column, Columns


def apply(layer: Layer, t: Column, values: Columns, scope: Domains, xp: Any) -> Column:
    """The number that the layer gives around `t`."""
    match layer:
        case Stretch(shift, scale):
            found = t if scale == ONE else t * column(scale, values, scope, xp)
            return found if shift == ZERO else found + column(shift, values, scope, xp)
        case Over(above):
            return column(above, values, scope, xp) / t
        case Curve(name):
            return getattr(xp, name)(t)
        case Power(exponent):
            return xp.power(t, column(exponent, values, scope, xp))
        case Exponential(base):
            return xp.power(column(base, values, scope, xp), t)
        case Fixed(value):
            return column(value, values, scope, xp)
        case Either(condition, then, other):
            inside = [_applied(path, t, values, scope, xp) for path in (then, other)]
            return xp.where(_holds(condition, values, scope, xp), *inside)
        case _:
            assert_never(layer)


def _applied(layers: Path, t: Column, values: Columns, scope: Domains, xp: Any) -> Column:
    for layer in reversed(layers):
        t = apply(layer, t, values, scope, xp)
    return t


def _holds(condition: Expr, values: Columns, scope: Domains, xp: Any) -> Column:
    return xp.asarray(column(condition, values, scope, xp), dtype=bool)


def undo_all(layers: Path, value: Column, values: Columns, scope: Domains, xp: Any) -> Column:
    """The noise inside the layers; NaN where none gives the value."""
    for layer in layers:
        value = undo(layer, value, values, scope, xp)
    return value


def undo(layer: Layer, v: Column, values: Columns, scope: Domains, xp: Any) -> Column:
    """The finite number `t` around which the layer gives `v`; NaN where none does."""
    # Checked at every layer: 1 / infinity would be a number again.
    return finite(_undone(layer, v, values, scope, xp), xp)


def finite(found: Column, xp: Any) -> Column:
    """NaN in place of infinities."""
    return xp.where(xp.isfinite(found), found, xp.nan)


def _undone(layer: Layer, v: Column, values: Columns, scope: Domains, xp: Any) -> Column:
    match layer:
        case Stretch(shift, scale):
            found = v if shift == ZERO else v - column(shift, values, scope, xp)
            return found if scale == ONE else found / _factor(scale, values, scope, xp)
        case Over(above):
            return _factor(above, values, scope, xp) / v
        case Curve(name):
            return _straightened(name, v, xp)
        case Power(exponent, sign):
            return _root(v, _factor(exponent, values, scope, xp), sign, xp)
        case Exponential(base):
            return xp.log(v) / _log_base(base, values, scope, xp)
        case Fixed():
            return v * xp.nan
        case Either(condition, then, other):
            inside = [undo_all(path, v, values, scope, xp) for path in (then, other)]
            return xp.where(_holds(condition, values, scope, xp), *inside)
        case _:
            assert_never(layer)


def _straightened(name: CurveName, v: Column, xp: Any) -> Column:
    match name:
        case "exp":
            return xp.log(v)
        case "log":
            return xp.exp(v)
        case "sqrt":
            return xp.where(v >= 0, v * v, xp.nan)
        case "tanh":
            return xp.arctanh(v)
        case _:
            assert_never(name)


def _factor(expr: Expr, values: Columns, scope: Domains, xp: Any) -> Column:
    """A factor that can be divided by; NaN where it cannot."""
    found = column(expr, values, scope, xp)
    return xp.where((found != 0) & xp.isfinite(found), found, xp.nan)


def _log_base(expr: Expr, values: Columns, scope: Domains, xp: Any) -> Column:
    found = xp.log(_factor(expr, values, scope, xp))
    return xp.where(found != 0, found, xp.nan)


def _root(v: Column, p: Column, sign: int, xp: Any) -> Column:
    size = xp.where(xp.isnan(p), xp.nan, xp.power(xp.abs(v), 1.0 / p))  # 1 to any power is 1, even to NaN
    return xp.sign(v) * size if sign == 0 else xp.where(v >= 0, sign * size, xp.nan)


def hidden(layers: Path, value: Column, values: Columns, scope: Domains, xp: Any) -> Column:
    """Where `value` is what the layers give whatever is inside them."""
    found: Column = False
    for layer in layers:
        if isinstance(layer, Either):
            sides = [hidden(path, value, values, scope, xp) for path in (layer.then, layer.other)]
            if any(side is not False for side in sides):
                found = found | xp.where(_holds(layer.condition, values, scope, xp), *sides)
            continue
        flat = _flat(layer, values, scope, xp)
        if flat is not None:
            where, level = flat
            found = found | (where & alike(value, level, xp))
        value = undo(layer, value, values, scope, xp)
    return found


def alike(found: Column, value: Column, xp: Any) -> Column:
    """Whether two numbers are one up to rounding."""
    slack = 1e-9 if xp.asarray(found).dtype == xp.float64 else 1e-5
    return xp.abs(found - value) <= slack * (xp.abs(found) + xp.abs(value))


def _flat(layer: Layer, values: Columns, scope: Domains, xp: Any) -> tuple[Column, Column] | None:
    """Where a layer gives the same number whatever is inside it, and that number; None where it never does."""
    match layer:
        case Stretch(shift, part):
            idle, level = 0.0, shift
        case Over(part):
            idle, level = 0.0, ZERO
        case Power(part):
            idle, level = 0.0, ONE
        case Exponential(part):
            idle, level = 1.0, ONE
        case Fixed(level):
            return True, column(level, values, scope, xp)
        case Curve() | Either():
            return None
        case _:
            assert_never(layer)
    lower, upper = range_of(part, scope)
    if not terms(part) or not lower <= idle <= upper:
        return None
    return column(part, values, scope, xp) == idle, column(level, values, scope, xp)


def log_slope_of(layers: Path, value: Column, values: Columns, scope: Domains, xp: Any) -> Column:
    """Log |d noise / d value| through all layers, by the chain rule; NaN where there is no noise."""
    total: Column = 0.0
    for layer in layers:
        inside = undo(layer, value, values, scope, xp)
        total = total + log_slope(layer, value, inside, values, scope, xp)
        value = inside
    return xp.where(xp.isnan(value), xp.nan, total)


def log_slope(layer: Layer, v: Column, t: Column, values: Columns, scope: Domains, xp: Any) -> Column:
    """Log |dt / dv|, where the layer gives `v` around `t`."""
    match layer:
        case Stretch(_, scale):
            return 0.0 if scale == ONE else -xp.log(xp.abs(column(scale, values, scope, xp)))
        case Over(above):
            return xp.log(xp.abs(column(above, values, scope, xp))) - 2 * xp.log(xp.abs(v))
        case Curve(name):
            return _slope_of(name, v, t, xp)
        case Power(exponent):
            p = column(exponent, values, scope, xp)
            return -xp.log(xp.abs(p)) - xp.where(p == 1, 0.0, (p - 1) * xp.log(xp.abs(t)))
        case Exponential(base):
            return -xp.log(v) - xp.log(xp.abs(_log_base(base, values, scope, xp)))
        case Fixed():
            return xp.nan
        case Either(condition, then, other):
            inside = [log_slope_of(path, v, values, scope, xp) for path in (then, other)]
            return xp.where(_holds(condition, values, scope, xp), *inside)
        case _:
            assert_never(layer)


def _slope_of(name: CurveName, v: Column, t: Column, xp: Any) -> Column:
    match name:
        case "exp":
            return -t
        case "log":
            return v
        case "sqrt":
            return xp.log(2 * v)
        case "tanh":
            return -xp.log1p(-v) - xp.log1p(v)
        case _:
            assert_never(name)


def carried(value: Column, layers: Path, old: Columns, new: Columns, scope: Domains, xp: Any) -> Column:
    """What the outermost layer gives under `new`, where it gave `value` under `old` around the same noise."""
    if not any(map(reads, layers)):
        return value
    layer, *inner = layers
    if isinstance(layer, Stretch) and not any(map(reads, inner)):
        return _restretched(value, layer, old, new, scope, xp)
    t = carried(undo(layer, value, old, scope, xp), tuple(inner), old, new, scope, xp)
    return apply(layer, t, new, scope, xp)


def _restretched(value: Column, layer: Stretch, old: Columns, new: Columns, scope: Domains, xp: Any) -> Column:
    """A difference of shifts, and a ratio of scales: the noise itself is not needed."""
    before, after = (column(layer.shift, values, scope, xp) for values in (old, new))
    if not terms(layer.scale):
        return value - (before - after)
    ratio = column(layer.scale, new, scope, xp) / _factor(layer.scale, old, scope, xp)
    return (value - before) * ratio + after
