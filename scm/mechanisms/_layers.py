"""A formula as layers around its one noise, each of which can be undone: `exp(X + 2 * u)` is exp around X + 2t.

A layer gives a number from the number inside it, `t`, and from parents. Undoing gives NaN where no `t` gives it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, assert_never

from .._evaluate import evaluate
from .._syntax import Const, Expr, Op, Var, terms, walk
from ._columns import Domains, column
from ._ranges import Range, range_of
from ._types import Column, Columns

CurveName: TypeAlias = Literal["exp", "log", "sqrt", "tanh"]


@dataclass(frozen=True)
class Stretch:
    """`shift + scale * t`."""

    shift: Expr
    scale: Expr


@dataclass(frozen=True)
class Over:
    """`above / t`."""

    above: Expr


@dataclass(frozen=True)
class Curve:
    """A function of one number, one to one where it has a value."""

    name: CurveName


@dataclass(frozen=True)
class Power:
    """`t ** exponent`, one to one where `t` has the sign that it is known to have; 0 where both signs can be undone."""

    exponent: Expr
    sign: Literal[-1, 0, 1]


@dataclass(frozen=True)
class Exponential:
    """`base ** t`."""

    base: Expr


Layer: TypeAlias = Stretch | Over | Curve | Power | Exponential

_ZERO, _ONE = Const(0), Const(1)


def layers_of(expr: Expr, noise: str, scope: Domains) -> tuple[Layer, ...] | None:
    """The layers around `noise`, from the outside in; None where it is not once in `expr`, or one cannot be undone."""
    if sum(isinstance(part, Var) and part.name == noise for part in walk(expr)) != 1:
        return None
    found: list[Layer] = []
    while isinstance(expr, Op):
        at = next(i for i, a in enumerate(expr.args) if any(t.name == noise for t in terms(a)))
        layer = _layer(expr, at, scope)
        if layer is None:
            return None
        if found and isinstance(layer, Stretch) and isinstance(found[-1], Stretch):
            found[-1] = _joined(found[-1], layer)
        else:
            found.append(layer)
        expr = expr.args[at]
    return tuple(found)


def _layer(expr: Op, at: int, scope: Domains) -> Layer | None:
    """The layer that `expr` is around its argument number `at`."""
    others = tuple(a for i, a in enumerate(expr.args) if i != at)
    match expr.op:
        case "+":
            return Stretch(_op("+", others), _ONE)
        case "*":
            return Stretch(_ZERO, _op("*", others))
        case "neg":
            return Stretch(_ZERO, Const(-1))
        case "/":
            return Over(others[0]) if at else Stretch(_ZERO, Op("/", (_ONE, others[0])))
        case "exp" | "log" | "sqrt" | "tanh":
            return Curve(expr.op)
        case "**":
            return Exponential(others[0]) if at else _power(others[0], range_of(expr.args[0], scope))
        case _:
            return None


def _power(exponent: Expr, inside: Range) -> Power | None:
    low, high = inside
    p = None if terms(exponent) else evaluate(exponent, lambda term: term.name)
    if p == 0 or isinstance(p, str):
        return None
    if low >= 0 or (p is not None and p != math.floor(p)):  # a negative number has no power that is not whole
        return Power(exponent, 1)
    if p is None:
        return None
    if p % 2:
        return Power(exponent, 0)
    return Power(exponent, -1) if high <= 0 else None


def _op(op: Literal["+", "*"], args: tuple[Expr, ...]) -> Expr:
    """A sum or product without the parts that do nothing."""
    idle = _ZERO if op == "+" else _ONE
    kept = tuple(a for a in args if a != idle)
    if op == "*" and _ZERO in kept:
        return _ZERO
    found = kept[0] if len(kept) == 1 else Op(op, kept) if kept else idle
    return found if terms(found) else Const(evaluate(found, lambda term: term.name))


def _joined(outer: Stretch, inner: Stretch) -> Stretch:
    shift = _op("+", (outer.shift, _op("*", (outer.scale, inner.shift))))
    return Stretch(shift, _op("*", (outer.scale, inner.scale)))


def reads(layer: Layer) -> bool:
    """Whether a layer depends on parents."""
    return any(terms(part) for part in _parts(layer))


def _parts(layer: Layer) -> tuple[Expr, ...]:
    match layer:
        case Stretch(shift, scale):
            return (shift, scale)
        case Over(part) | Power(part) | Exponential(part):
            return (part,)
        case Curve():
            return ()
        case _:
            assert_never(layer)


# ---------------------------------------------------------------------------------------------------------------------
# Arithmetic; every function takes columns, their domains and the array module last.


def apply(layer: Layer, t: Column, values: Columns, scope: Domains, xp: Any) -> Column:
    """The number that the layer gives around `t`."""
    match layer:
        case Stretch(shift, scale):
            found = t if scale == _ONE else t * column(scale, values, scope, xp)
            return found if shift == _ZERO else found + column(shift, values, scope, xp)
        case Over(above):
            return column(above, values, scope, xp) / t
        case Curve(name):
            return getattr(xp, name)(t)
        case Power(exponent):
            return xp.power(t, column(exponent, values, scope, xp))
        case Exponential(base):
            return xp.power(column(base, values, scope, xp), t)
        case _:
            assert_never(layer)


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
            found = v if shift == _ZERO else v - column(shift, values, scope, xp)
            return found if scale == _ONE else found / _factor(scale, values, scope, xp)
        case Over(above):
            return _factor(above, values, scope, xp) / v
        case Curve(name):
            return _straightened(name, v, xp)
        case Power(exponent, sign):
            return _root(v, _factor(exponent, values, scope, xp), sign, xp)
        case Exponential(base):
            return xp.log(v) / _log_base(base, values, scope, xp)
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
    size = xp.power(xp.abs(v), 1.0 / p)
    return xp.sign(v) * size if sign == 0 else xp.where(v >= 0, sign * size, xp.nan)


def log_slope(layer: Layer, v: Column, t: Column, values: Columns, scope: Domains, xp: Any) -> Column:
    """Log |dt / dv|, where the layer gives `v` around `t`."""
    match layer:
        case Stretch(_, scale):
            return 0.0 if scale == _ONE else -xp.log(xp.abs(column(scale, values, scope, xp)))
        case Over(above):
            return xp.log(xp.abs(column(above, values, scope, xp))) - 2 * xp.log(xp.abs(v))
        case Curve(name):
            return _slope_of(name, v, t, xp)
        case Power(exponent):
            p = column(exponent, values, scope, xp)
            return -xp.log(xp.abs(p)) - xp.where(p == 1, 0.0, (p - 1) * xp.log(xp.abs(t)))
        case Exponential(base):
            return -xp.log(v) - xp.log(xp.abs(_log_base(base, values, scope, xp)))
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


def carried(value: Column, layers: tuple[Layer, ...], old: Columns, new: Columns, scope: Domains, xp: Any) -> Column:
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
