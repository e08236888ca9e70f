"""What an expression means: its value when every term has one."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, assert_never

from ._errors import InvalidQuery
from ._syntax import MAX_NUMBER, Const, Expr, Op, Operator, Placeholder, Value, Var, print_const

Numeric: TypeAlias = int | float


def truth(value: Value) -> bool:
    """A state read as a truth value; only True/False and 1/0 can be."""
    if isinstance(value, str) or value not in (0, 1):
        raise InvalidQuery(
            f"{value!r} stands where a truth value is wanted. "
            f"Compare it (for example `= {print_const(value)}`) instead."
        )
    return bool(value)


def evaluate(expr: Expr, lookup: Callable[[Var], Value]) -> Value:
    """The value of `expr` when each term has the value `lookup` gives.

    Raises:
        InvalidQuery: an operation on values it has no meaning for, such as a label plus one.
    """
    match expr:
        case Const(value):
            return value
        case Var():
            return lookup(expr)
        case Op(op, args):
            return _apply(op, args, lookup)
        case Placeholder(name):
            raise InvalidQuery(
                f"Placeholder ?{name} has no value here: give it with rows={{{name!r}: [...]}} or bind()."
            )
        case _:
            assert_never(expr)


def _apply(op: Operator, args: tuple[Expr, ...], lookup: Callable[[Var], Value]) -> Value:
    match op:
        case "and":
            return all(truth(evaluate(a, lookup)) for a in args)
        case "or":
            return any(truth(evaluate(a, lookup)) for a in args)
        case "xor":
            return sum(truth(evaluate(a, lookup)) for a in args) % 2 == 1
        case "not":
            return not truth(evaluate(args[0], lookup))
        case "if":
            chosen = args[1] if truth(evaluate(args[0], lookup)) else args[2]
            return evaluate(chosen, lookup)
        case "=" | "!=" | "in":
            value, *others = (evaluate(a, lookup) for a in args)
            return (value not in others) if op == "!=" else (value in others)
        case _:
            return _ARITHMETIC[op]([_number(evaluate(a, lookup), op) for a in args])


def _number(value: Value, op: Operator) -> Numeric:
    if isinstance(value, str):
        raise InvalidQuery(
            f"{op!r} needs numbers, got the label {value!r}. Give the variable numeric states, or compare with =."
        )
    return int(value) if isinstance(value, bool) else value


def _quotient(values: Sequence[Numeric]) -> Numeric:
    above, below = values
    if below == 0:
        raise InvalidQuery(f"Division by zero: {above} / {below}. Guard it with `... if ... else ...`.")
    return _bounded(above / below, "quotient")


def _product(values: Sequence[Numeric]) -> Numeric:
    result: Numeric = 1
    for value in values:
        result = _bounded(result * value, "product")
    return result


def _bounded(value: Numeric, what: str) -> Numeric:
    if abs(value) > MAX_NUMBER:
        raise InvalidQuery(f"A {what} grew past {MAX_NUMBER:g}. Use smaller numeric states.")
    return value


def _power(values: Sequence[Numeric]) -> Numeric:
    base, exponent = values
    if base == 0 and exponent < 0:
        raise InvalidQuery(f"Division by zero: {base} ** {exponent}. Guard it with `... if ... else ...`.")
    if base < 0 and exponent != math.floor(exponent):
        raise InvalidQuery(f"({base}) ** {exponent}: a negative number has no power that is not whole.")
    try:  # in floats first: whole numbers could grow without end
        found = _bounded(float(base) ** float(exponent), "power")
    except OverflowError:
        raise InvalidQuery(f"A power grew past {MAX_NUMBER:g}. Use smaller numeric states.") from None
    whole = isinstance(base, int) and isinstance(exponent, int) and exponent >= 0
    return base**exponent if whole else found


def _exp(values: Sequence[Numeric]) -> Numeric:
    return _bounded(math.exp(min(values[0], 700.0)), "power of e")


def _log(values: Sequence[Numeric]) -> Numeric:
    if values[0] <= 0:
        raise InvalidQuery(f"log({values[0]}): only positive numbers have a logarithm. Guard it with `if`.")
    return math.log(values[0])


def _sqrt(values: Sequence[Numeric]) -> Numeric:
    if values[0] < 0:
        raise InvalidQuery(f"sqrt({values[0]}): negative numbers have no square root. Guard it with `if`.")
    return math.sqrt(values[0])


_ARITHMETIC: Mapping[str, Callable[[Sequence[Numeric]], Value]] = {
    "<": lambda v: operator.lt(*v),
    "<=": lambda v: operator.le(*v),
    ">": lambda v: operator.gt(*v),
    ">=": lambda v: operator.ge(*v),
    "+": sum,
    "*": _product,
    "/": _quotient,
    "neg": lambda v: -v[0],
    "min": min,
    "max": max,
    "abs": lambda v: abs(v[0]),
    "**": _power,
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "tanh": lambda v: math.tanh(v[0]),
    "sin": lambda v: math.sin(v[0]),
    "cos": lambda v: math.cos(v[0]),
}
