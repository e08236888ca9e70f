"""A formula as layers around its one noise, each of which can be undone: `exp(X + 2 * u)` is exp around X + 2t.

A layer gives a number from the number inside it, `t`, and from parents. Undoing gives NaN where no `t` gives it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from .._evaluate import evaluate
from .._syntax import Const, Expr, Op, Var, terms, walk
from ._columns import Domains
from ._kinds import kind_of
from ._ranges import Range, range_of

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


@dataclass(frozen=True)
class Fixed:
    """A formula without the noise: whatever `t` is. It is always the last layer."""

    value: Expr


@dataclass(frozen=True)
class Either:
    """Layers of their own on either side of a condition on parents. It is always the last layer."""

    condition: Expr
    then: Path
    other: Path


Layer: TypeAlias = Stretch | Over | Curve | Power | Exponential | Fixed | Either
Path: TypeAlias = "tuple[Layer, ...]"
"""Layers from the outside in."""

ZERO, ONE = Const(0), Const(1)


def layers_of(expr: Expr, noise: str, scope: Domains) -> Path | None:
    """The layers around `noise`; None where it is not once in `expr` (or in a case of it), or one cannot be undone."""
    return _path(expr, noise, scope) if _has(expr, noise) else None


def _has(expr: Expr, noise: str) -> bool:
    return any(t.name == noise for t in terms(expr))


def _path(expr: Expr, noise: str, scope: Domains) -> Path | None:
    if not isinstance(expr, Op):
        return () if expr == Var(noise) else (Fixed(expr),)
    places = [i for i, a in enumerate(expr.args) if _has(a, noise)]
    if not places:
        return (Fixed(expr),)
    if expr.op == "if":
        then, other = (_path(a, noise, scope) for a in expr.args[1:])
        return None if 0 in places or then is None or other is None else (Either(expr.args[0], then, other),)
    layer = layer_around(expr, places[0], scope) if len(places) == 1 else None
    inner = None if layer is None else _path(expr.args[places[0]], noise, scope)
    if layer is None or inner is None:
        return None
    if isinstance(layer, Stretch) and inner and isinstance(inner[0], Stretch):
        return (_joined(layer, inner[0]), *inner[1:])
    return (layer, *inner)


def layer_around(expr: Op, at: int, scope: Domains) -> Layer | None:
    """The layer that `expr` is around its argument number `at`."""
    others = tuple(a for i, a in enumerate(expr.args) if i != at)
    match expr.op:
        case "+":
            return Stretch(_op("+", others), ONE)
        case "*":
            return Stretch(ZERO, _op("*", others))
        case "neg":
            return Stretch(ZERO, Const(-1))
        case "/":
            return Over(others[0]) if at else Stretch(ZERO, Op("/", (ONE, others[0])))
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
    idle = ZERO if op == "+" else ONE
    kept = tuple(a for a in args if a != idle)
    if op == "*" and ZERO in kept:
        return ZERO
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
        case Fixed(value):
            return (value,)
        case Either(condition, then, other):
            return (condition, *(part for layer in (*then, *other) for part in _parts(layer)))
        case _:
            assert_never(layer)


# ---------------------------------------------------------------------------------------------------------------------
# Values with a probability


def levels(layers: Path, scope: Domains) -> tuple[str, ...]:
    """What those values depend on that the layers give whatever is inside them."""
    outer: list[str] = []
    found: list[str] = []
    for layer in layers:
        if isinstance(layer, Either):
            for side in (layer.then, layer.other):
                own = levels(side, scope)
                found += [*outer, *own] if own or has_flat(side, scope) else []
        elif (level := _level(layer, scope)) is not None:
            found += [*outer, *names(level)]
        outer += [name for part in _parts(layer) for name in names(part)]
    return tuple(dict.fromkeys(found))


def has_flat(layers: Path, scope: Domains) -> bool:
    """Whether there is a layer that may give the same whatever is inside it."""
    return any(
        has_flat(layer.then, scope) or has_flat(layer.other, scope)
        if isinstance(layer, Either)
        else _level(layer, scope) is not None
        for layer in layers
    )


def _level(layer: Layer, scope: Domains) -> Expr | None:
    """What a layer gives where it is flat; None where it never is."""
    match layer:
        case Stretch(shift, scale):
            return shift if may_be(scale, 0.0, scope) else None
        case Over(above):
            return ZERO if may_be(above, 0.0, scope) else None
        case Power(exponent):
            return ONE if may_be(exponent, 0.0, scope) else None
        case Exponential(base):
            return ONE if may_be(base, 1.0, scope) else None
        case Fixed(value):
            return value
        case _:
            return None


def may_be(part: Expr, number: float, scope: Domains) -> bool:
    """Whether a part without the noise is a number with a probability, so far as is known."""
    low, high = range_of(part, scope)
    if not terms(part) or not low <= number <= high:
        return False
    kinked = any(isinstance(p, Op) and p.op in ("if", "max", "min") for p in walk(part))
    return kinked or kind_of(part, scope) != "real"


def names(part: Expr) -> tuple[str, ...]:
    """The names in an expression."""
    return tuple(t.name for t in terms(part))
