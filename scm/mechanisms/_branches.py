"""A formula of one noise as branches: least, greatest and absolute values and cases that turn on the noise itself.

Where `_layers` undoes a formula, several noises may give one value here, or a whole interval of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .._evaluate import evaluate
from .._syntax import Const, Expr, Op, Var, terms
from ._columns import Domains
from ._layers import ZERO, Curve, Layer, Power, Stretch, layer_around, may_be, names
from ._ranges import range_of

MOST = 32
"""Pieces that the noises of one value may be in."""
Order: TypeAlias = Literal["<", "<=", ">", ">="]


@dataclass(frozen=True)
class Noise:
    """The noise itself."""


@dataclass(frozen=True)
class Flat:
    """A number whatever the noise."""

    level: Expr


@dataclass(frozen=True)
class Around:
    """A layer that can be undone, and goes up or down throughout."""

    layer: Stretch | Curve | Power
    inner: Node


@dataclass(frozen=True)
class Clamp:
    """The greater, or the lesser, of `bound` and what is inside."""

    op: Literal["max", "min"]
    bound: Expr
    inner: Node


@dataclass(frozen=True)
class Fold:
    """The absolute value of what is inside."""

    inner: Node


@dataclass(frozen=True)
class Case:
    """`then` where a condition on the noise holds, `other` elsewhere."""

    condition: Condition
    then: Node
    other: Node


Node: TypeAlias = Noise | Flat | Around | Clamp | Fold | Case


@dataclass(frozen=True)
class Given:
    """A condition on parents alone."""

    expr: Expr


@dataclass(frozen=True)
class Compare:
    """That what depends on the noise is on one side of a number of the parents."""

    node: Node
    op: Order
    level: Expr


@dataclass(frozen=True)
class Joint:
    """Both of two conditions, or at least one."""

    op: Literal["and", "or"]
    left: Condition
    right: Condition


Condition: TypeAlias = Given | Compare | Joint


def branches_of(expr: Expr, noise: str, scope: Domains) -> Node | None:
    """The branches around `noise`; None where it stands below something else, or in too many places."""
    found = _node(expr, noise, scope)
    return found if found is not None and 0 < count(found) <= MOST else None


def count(node: Node) -> int:
    """In how many pieces the noises that give one value may be."""
    match node:
        case Noise() | Flat():
            return 1
        case Around(_, inner) | Clamp(_, _, inner):
            return count(inner)
        case Fold(inner):
            return 2 * count(inner)
        case Case(condition, then, other):
            return count(then) * _count(condition) + count(other) * _count(negation(condition))


def _count(condition: Condition) -> int:
    match condition:
        case Given():
            return 1
        case Compare(node):
            return count(node)
        case Joint("and", left, right):
            return _count(left) * _count(right)
        case Joint(_, left, right):
            return _count(left) + _count(negation(left)) * _count(right)


def negation(condition: Condition) -> Condition:
    """That it does not hold."""
    match condition:
        case Given(expr):
            return Given(Op("not", (expr,)))
        case Compare(node, op, level):
            return Compare(node, _OPPOSITE[op], level)
        case Joint(op, left, right):
            return Joint("or" if op == "and" else "and", negation(left), negation(right))


_OPPOSITE: dict[Order, Order] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRRORED: dict[Order, Order] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def has(expr: Expr, noise: str) -> bool:
    """Whether `noise` stands in `expr`."""
    return any(t.name == noise for t in terms(expr))


def _node(expr: Expr, noise: str, scope: Domains) -> Node | None:
    if expr == Var(noise):
        return Noise()
    if not isinstance(expr, Op) or not has(expr, noise):
        return Flat(expr)
    if expr.op == "if":
        condition = _condition(expr.args[0], noise, scope)
        then, other = (_node(a, noise, scope) for a in expr.args[1:])
        return None if condition is None or then is None or other is None else Case(condition, then, other)
    places = [i for i, a in enumerate(expr.args) if has(a, noise)]
    inner = _node(expr.args[places[0]], noise, scope) if len(places) == 1 else None
    return None if inner is None else _around(expr, places[0], inner, scope)


def _around(expr: Op, at: int, inner: Node, scope: Domains) -> Node | None:
    """The operation `expr` around its argument number `at`."""
    others = tuple(a for i, a in enumerate(expr.args) if i != at)
    match expr.op:
        case "max" | "min":
            return Clamp(expr.op, others[0] if len(others) == 1 else Op(expr.op, others), inner) if others else inner
        case "abs":
            return Fold(inner)
        case "**":
            return (
                _power(others[0], inner, range_of(expr.args[at], scope)) if at == 0 else _exponential(others[0], inner)
            )
        case _:
            layer: Layer | None = layer_around(expr, at, scope)
            return Around(layer, inner) if isinstance(layer, (Stretch, Curve)) else None


def _power(exponent: Expr, inner: Node, inside: tuple[float, float]) -> Node | None:
    p = _number(exponent)
    if p is None or p <= 0:
        return None
    if p == math.floor(p) and p % 2 == 0 and inside[0] < 0:
        return Around(Power(Const(p), 1), Fold(inner))
    return Around(Power(Const(p), 0 if p == math.floor(p) and p % 2 else 1), inner)


def _exponential(base: Expr, inner: Node) -> Node | None:
    b = _number(base)
    if b is None or b <= 0 or b == 1:
        return None
    return Around(Curve("exp"), Around(Stretch(ZERO, Const(math.log(b))), inner))


def _number(expr: Expr) -> float | None:
    found = None if terms(expr) else evaluate(expr, lambda term: term.name)
    return None if found is None or isinstance(found, str) else float(found)


def _condition(expr: Expr, noise: str, scope: Domains) -> Condition | None:
    if not has(expr, noise):
        return Given(expr)
    match expr:
        case Op("not", (part,)):
            found = _condition(part, noise, scope)
            return None if found is None else negation(found)
        case Op(("and" | "or") as op, (first, *rest)):
            found = _condition(first, noise, scope)
            for arg in rest:
                other = _condition(arg, noise, scope)
                found = None if found is None or other is None else Joint(op, found, other)
            return found
        case Op(("<" | "<=" | ">" | ">=") as op, (left, right)):
            return _comparison(op, left, right, noise, scope)
        case _:
            return None


def _comparison(op: Order, left: Expr, right: Expr, noise: str, scope: Domains) -> Condition | None:
    if has(left, noise) and has(right, noise):
        return None
    if not has(left, noise):
        return _comparison(_MIRRORED[op], right, left, noise, scope)
    node = _node(left, noise, scope)
    # Where one side is no number, neither the comparison nor its opposite holds.
    return None if node is None or not _always(node) else Compare(node, op, right)


def _always(node: Node) -> bool:
    """Whether it is a number whatever the noise is."""
    match node:
        case Noise() | Flat():
            return True
        case Around(layer, inner):
            return _everywhere(layer) and _always(inner)
        case Clamp(_, _, inner) | Fold(inner):
            return _always(inner)
        case Case():
            return False


def _everywhere(layer: Stretch | Curve | Power) -> bool:
    match layer:
        case Stretch():
            return True
        case Curve(name):
            return name in ("exp", "tanh")
        case Power(exponent):
            return (_number(exponent) or 0.5) % 1 == 0


# ---------------------------------------------------------------------------------------------------------------------
# Values with a probability


def levels_of(node: Node, scope: Domains) -> tuple[str, ...]:
    """What those values depend on that have a probability rather than a density."""
    return tuple(dict.fromkeys(_levels(node, (), scope)))


def _levels(node: Node, outer: tuple[str, ...], scope: Domains) -> list[str]:
    match node:
        case Noise():
            return []
        case Flat(level):
            return [*outer, *names(level)]
        case Around(Stretch(shift, scale), inner):
            flat = [*outer, *names(shift)] if may_be(scale, 0.0, scope) else []
            return [*flat, *_levels(inner, (*outer, *names(shift), *names(scale)), scope)]
        case Clamp(_, bound, inner):
            return [*outer, *names(bound), *_levels(inner, outer, scope)]
        case Around(_, inner) | Fold(inner):
            return _levels(inner, outer, scope)
        case Case(_, then, other):
            return [*_levels(then, outer, scope), *_levels(other, outer, scope)]
