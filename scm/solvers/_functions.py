"""Factors of formulas: `out = expr` as 0/1 arrays, split by sub-expressions where one array would be too large."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import NoReturn

import numpy as np

from .._errors import InvalidModel
from .._syntax import Const, Expr, Op, Placeholder, Value, Var, print_const, print_expr, substitute, terms
from .._values import GRID, outcomes
from ._kernels import TooWide
from ._network import Array, Axis, Free, Known, Network, Values

MAX_GRID = GRID * 64
"""Most combinations of values of one operation that are tabulated."""
MAX_TABLE = 1 << 26
"""Most numbers in one table of combinations by outcomes."""
KEPT_TABLE = 1 << 14
"""Largest table that is kept for the next equation of the same shape (4,096 are: at most half a gibibyte)."""
FOLDED = frozenset({"and", "or", "xor", "+", "*"})
"""Operations whose arguments can be combined two by two."""


def axis_values(axis: Axis) -> Values:
    """What stands at each position of an axis."""
    return (axis.value,) if isinstance(axis, Known) else axis.values


def place_function(net: Network, expr: Expr, scope: Mapping[str, Axis], out: Axis, states: Values, where: str) -> None:
    """Add the factors of `out = expr`.

    Args:
        net: takes the factors.
        expr: over plain names.
        scope: what carries the value of each name.
        out: what carries the outcome.
        states: the values that the outcome may have.
        where: how an error message begins.

    Raises:
        InvalidModel: an outcome that is not among `states`, or one operation with too many combinations of values.
    """
    expr, leaves = _small(net, substitute(expr, lambda leaf: _known(leaf, scope)), scope)
    _place_grid(net, expr, leaves, out, states, where)


def _known(leaf: Const | Placeholder | Var, scope: Mapping[str, Axis]) -> Expr:
    axis = scope[leaf.name] if isinstance(leaf, Var) else None
    return Const(axis.value) if isinstance(axis, Known) else leaf


def _small(net: Network, expr: Expr, scope: Mapping[str, Axis]) -> tuple[Expr, dict[Var, Axis]]:
    """`expr` over few enough combinations, large arguments replaced by indices of their own."""
    leaves = {leaf: scope[leaf.name] for leaf in terms(expr)}
    if _combinations(leaves) <= GRID or not isinstance(expr, Op):
        return expr, leaves
    found: dict[Var, Axis] = {}
    args: list[Expr] = []
    for k, arg in enumerate(expr.args):
        if isinstance(arg, Const):
            args.append(arg)
        else:
            name = Var(f"\0{k}")
            found[name] = leaves[arg] if isinstance(arg, Var) else _value(net, arg, scope)
            args.append(name)
    if expr.op in FOLDED:
        args = _folded(net, expr, args, found)
    found = {leaf: axis for leaf, axis in found.items() if leaf in args}
    if _combinations(found) > MAX_GRID:
        raise InvalidModel(
            f"{print_expr(expr)[:80]} has {_combinations(found):,} combinations of values, too many to tabulate. "
            "Split it."
        )
    return Op(expr.op, tuple(args)), found


def _combinations(leaves: Mapping[Var, Axis]) -> int:
    return math.prod(len(axis_values(axis)) for axis in leaves.values())


def _folded(net: Network, expr: Op, args: list[Expr], found: dict[Var, Axis]) -> list[Expr]:
    """All but two arguments of a long associative operation combined two by two; `found` learns what carries them."""
    while len(args) > 2:
        first, second, *rest = args
        scope = {leaf.name: found[leaf] for leaf in (first, second) if isinstance(leaf, Var)}
        name = Var(f"\0f{len(net.sizes)}")
        found[name] = _value(net, Op(expr.op, (first, second)), scope)
        args = [*rest, name]
    return args


def _value(net: Network, expr: Expr, scope: Mapping[str, Axis]) -> Free:
    """A new index that carries the value of `expr`."""
    expr, leaves = _small(net, expr, scope)
    values = tuple(dict.fromkeys(outcomes(expr, tuple(leaves), tuple(map(axis_values, leaves.values())))))
    out = net.free(values)
    _place_grid(net, expr, leaves, out, values, "An expression")
    return out


def _place_grid(net: Network, expr: Expr, leaves: Mapping[Var, Axis], out: Axis, values: Values, where: str) -> None:
    """Add the 0/1 array over the leaves' values and `values`: where the expression has that value."""
    domains = tuple(map(axis_values, leaves.values()))
    # Names do not matter to the numbers: one grid serves every equation of the same shape.
    order = {leaf: Var(str(i)) for i, leaf in enumerate(leaves)}
    plain = substitute(expr, lambda leaf: order[leaf] if isinstance(leaf, Var) else leaf)
    if math.prod(map(len, domains)) * len(values) > MAX_TABLE:
        _refuse_table(expr, leaves, len(values))
    try:
        make = _kept if math.prod(map(len, domains)) * len(values) <= KEPT_TABLE else _grid
        array = make(plain, tuple(order.values()), domains, values)
    except _NoState as wrong:
        named = ", ".join(map(repr, wrong.combination))
        raise InvalidModel(
            f"{where} gives {print_const(wrong.value)} for ({named}); its states are {values}."
        ) from None
    net.place(array, [*leaves.values(), out], [*domains, values])


def _refuse_table(expr: Expr, leaves: Mapping[Var, Axis], values: int) -> NoReturn:
    raise TooWide(
        f"An expression ({expr.op if isinstance(expr, Op) else print_expr(expr)[:80]!r}) has {_combinations(leaves):,} "
        f"combinations of values with {values:,} outcomes, too many to tabulate. Use fewer states, or compare "
        "smaller parts."
    )


class _NoState(Exception):
    """An outcome that is not among the states, and for which values."""

    def __init__(self, value: Value, combination: tuple[Value, ...]) -> None:
        self.value, self.combination = value, combination
        super().__init__(value, combination)


def _grid(expr: Expr, leaves: tuple[Var, ...], domains: tuple[Values, ...], values: Values) -> Array:
    """Where the expression has each value, over every combination of its leaves' values."""
    place = {value: k for k, value in enumerate(values)}
    found = outcomes(expr, leaves, domains)
    shape = tuple(map(len, domains))
    for combination, value in enumerate(found):
        if value not in place:
            at = np.unravel_index(combination, shape)
            raise _NoState(value, tuple(d[int(k)] for d, k in zip(domains, at, strict=True)))
    array = np.zeros((len(found), len(values)))
    array[np.arange(len(found)), [place[value] for value in found]] = 1.0
    return array.reshape((*shape, len(values)))


_kept = lru_cache(maxsize=4096)(_grid)
